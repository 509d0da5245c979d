"""A creation while it runs, when it was interrupted, and what is shown, downloaded and undone when it is over."""

import json
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Domain, Mailbox
from bulkimport.models import Import
from bulkimport.rows import Place
from bulkimport.services.checking import check
from bulkimport.services.creating import claim
from tests.bulkimport.lists import FAULTY, send_rows, shown_fields, upload
from tests.factories import generated_passwords, make_mailbox
from tests.pages import open_page, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("create_in_place")]


def test_a_creation_under_way_shows_its_progress(browser_of: Client) -> None:
    url = upload(browser_of)
    other_tab = shown_fields(browser_of, url)
    claim(Import.objects.get(), check(Import.objects.get()))
    Import.objects.update(progress_done=1)
    assert "<progress" in open_page(browser_of, url)
    progress = json.loads(open_page(browser_of, url + "progress"))
    assert progress == {"status": "creating", "done": 1, "total": 2}
    assert "<progress" in open_page(browser_of, url + "progress", hx_request="true")
    browser_of.post(url, {**other_tab, "action": "create"})
    assert Mailbox.objects.count() == 0, "somebody else has the claim"


def test_when_it_is_over_the_progress_leads_back_to_the_import(browser_of: Client) -> None:
    url = upload(browser_of, action="create")
    assert json.loads(open_page(browser_of, url + "progress"))["status"] == "created"
    response = browser_of.get(url + "progress", headers={"hx-request": "true"})
    assert response.headers["HX-Redirect"] == url


def test_an_interrupted_creation_says_so_and_starts_again(browser_of: Client) -> None:
    url = upload(browser_of, FAULTY)
    claim(Import.objects.get(), check(Import.objects.get()), leave_out=[Place(None, 4)])
    Import.objects.update(progress_at=timezone.now() - timedelta(minutes=5))
    assert json.loads(open_page(browser_of, url + "progress"))["status"] == "interrupted"
    html = open_page(browser_of, url)
    assert 'value="create_good"' in html
    send_rows(browser_of, url, {"action": "create_good"})
    assert "2 accounts created" in open_page(browser_of, url)


def test_an_address_taken_in_the_meantime_comes_back_as_a_problem_of_its_row(browser_of: Client) -> None:
    url = upload(browser_of)
    make_mailbox("ewa@przyklad.iq.pl")
    send_rows(browser_of, url, {"action": "create"})
    html = open_page(browser_of, url)
    assert "“ewa@przyklad.iq.pl” exists already." in html
    assert Mailbox.objects.count() == 1


def test_an_interrupted_creation_whose_plan_has_become_faulty_can_be_corrected(browser_of: Client) -> None:
    url = upload(browser_of)
    claim(Import.objects.get(), check(Import.objects.get()))
    Import.objects.update(progress_at=timezone.now() - timedelta(minutes=5))
    make_mailbox("ewa@przyklad.iq.pl")
    browser_of.post(url, {**shown_fields(browser_of, url), "action": "create"})
    html = open_page(browser_of, url)
    assert "“ewa@przyklad.iq.pl” exists already." in html
    assert 'name="3-email"' in html


def test_an_interrupted_import_without_its_key_says_that_it_is_over(browser_of: Client, settings: Settings) -> None:
    url = upload(browser_of)
    claim(Import.objects.get(), check(Import.objects.get()))
    Import.objects.update(
        progress_at=timezone.now() - timedelta(minutes=5), sealed_file=b"", sealed_book=b"of another key"
    )
    assert "no longer kept" in open_page(browser_of, url)


def test_results_are_downloaded_and_then_forgotten(browser_of: Client) -> None:
    url = upload(browser_of, action="create")
    (password,) = generated_passwords(Import.objects.get()).values()
    assert password in browser_of.get(url + "results.csv").content.decode("utf-8-sig")
    assert browser_of.get(url + "results.xlsx").content.startswith(b"PK")
    browser_of.post(url + "saved/")
    assert password not in open_page(browser_of, url)
    assert password not in browser_of.get(url + "results.csv").content.decode("utf-8-sig")


def test_there_are_no_results_before_there_are_accounts(browser_of: Client) -> None:
    url = upload(browser_of, FAULTY)
    assert browser_of.get(url + "results.csv").status_code == 404
    assert browser_of.get(url + "undo/").headers["Location"] == url


def test_results_tell_which_accounts_have_been_changed_since(browser_of: Client) -> None:
    url = upload(browser_of, action="create")
    assert "changed since the import" not in open_page(browser_of, url)
    Mailbox.objects.filter(local_part="ewa").update(password_hash="x")
    assert open_page(browser_of, url).count("changed since the import") == 1


def test_undo_asks_first_and_says_what_goes(browser_of: Client) -> None:
    url = upload(browser_of, action="create")
    Mailbox.objects.filter(address="ewa@przyklad.iq.pl").update(is_active=False)
    html = open_page(browser_of, url + "undo/")
    assert "jan@przyklad.iq.pl" in text_of(html)
    assert "ewa@przyklad.iq.pl" in text_of(html)
    assert Mailbox.objects.count() == 2
    browser_of.post(url + "undo/")
    assert list(Mailbox.objects.values_list("address", flat=True)) == ["ewa@przyklad.iq.pl"]
    assert browser_of.post(url + "undo/").headers["Location"] == url
    open_page(browser_of, url)


def test_undo_removes_nothing_where_the_domain_was_lost_and_keeps_the_passwords(
    browser_of: Client, domain: Domain, customer: User
) -> None:
    url = upload(browser_of, action="create")
    domain.administrators.clear()
    browser_of.post(url + "undo/")
    assert "no longer in your domains" in open_page(browser_of, url)
    domain.administrators.add(customer)
    assert generated_passwords(Import.objects.get())
    browser_of.post(url + "undo/")
    assert Mailbox.objects.count() == 0


def test_undo_says_that_the_rows_left_out_go_too(browser_of: Client) -> None:
    url = upload(browser_of, FAULTY)
    send_rows(browser_of, url, {"action": "create_good"})
    assert "The rows that were left out are erased, too." in open_page(browser_of, url + "undo/")


def test_the_list_of_imports_shows_each_state(browser_of: Client) -> None:
    upload(browser_of, FAULTY)
    upload(browser_of, action="create")
    html = open_page(browser_of, "/imports/")
    assert html.count("lista.csv") == 2
    upload(browser_of, action="create")
    assert "This file was imported before. Nothing created now." in open_page(browser_of, "/imports/")
