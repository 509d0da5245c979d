"""A creation while it runs, when it was interrupted, and what is shown, downloaded and undone when it is over."""

import json
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Domain, Mailbox, MailUsage
from bulkimport.models import Import
from bulkimport.rows import Place
from bulkimport.services.checking import check
from bulkimport.services.creating import claim_import
from tests.bulkimport.lists import FAULTY, send_rows, shown_fields, upload
from tests.factories import generated_passwords, make_client, make_mailbox
from tests.pages import open_page, text_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("create_in_place")]


def test_a_creation_under_way_shows_its_progress(logged_in: Client) -> None:
    url = upload(logged_in)
    other_tab = shown_fields(logged_in, url)
    claim_import(Import.objects.get(), check(Import.objects.get()))
    Import.objects.update(progress_done=1)
    assert "<progress" in open_page(logged_in, url)
    progress = json.loads(open_page(logged_in, url + "progress"))
    assert progress == {"status": "creating", "done": 1, "total": 2}
    assert "<progress" in open_page(logged_in, url + "progress", hx_request="true")
    logged_in.post(url, {**other_tab, "action": "create"})
    assert Mailbox.objects.count() == 0, "somebody else has the claim"


def test_when_it_is_over_the_progress_leads_back_to_the_import(logged_in: Client) -> None:
    url = upload(logged_in, action="create")
    assert json.loads(open_page(logged_in, url + "progress"))["status"] == "created"
    response = logged_in.get(url + "progress", headers={"hx-request": "true"})
    assert response.headers["HX-Redirect"] == url


def test_an_interrupted_creation_says_so_and_starts_again(logged_in: Client) -> None:
    url = upload(logged_in, FAULTY)
    claim_import(Import.objects.get(), check(Import.objects.get()), leave_out=[Place(None, 4)])
    Import.objects.update(progress_at=timezone.now() - timedelta(minutes=5))
    assert json.loads(open_page(logged_in, url + "progress"))["status"] == "interrupted"
    html = open_page(logged_in, url)
    assert 'value="create_good"' in html
    send_rows(logged_in, url, {"action": "create_good"})
    assert "2 accounts created" in open_page(logged_in, url)


def test_an_address_taken_in_the_meantime_comes_back_as_a_problem_of_its_row(logged_in: Client) -> None:
    url = upload(logged_in)
    make_mailbox("ewa@przyklad.iq.pl")
    send_rows(logged_in, url, {"action": "create"})
    html = open_page(logged_in, url)
    assert "“ewa@przyklad.iq.pl” exists already." in html
    assert Mailbox.objects.count() == 1


@pytest.mark.parametrize(
    ("minutes", "status"), [(-2, "interrupted"), (0, "creating"), (2, "interrupted"), (90, "interrupted")]
)
def test_progress_in_the_future_is_as_old_as_one_long_ago(logged_in: Client, minutes: int, status: str) -> None:
    """A clock that was ahead and has been set back would leave the import to be created for ever."""
    url = upload(logged_in)
    import_record = Import.objects.get()
    claim_import(import_record, check(import_record))
    Import.objects.update(progress_at=timezone.now() + timedelta(minutes=minutes))
    assert json.loads(open_page(logged_in, url + "progress"))["status"] == status
    is_claimed = claim_import(import_record, check(import_record), leave_out=[]) is not None
    assert is_claimed is (status == "interrupted")


def test_an_interrupted_creation_whose_plan_has_become_faulty_can_be_corrected(logged_in: Client) -> None:
    url = upload(logged_in)
    claim_import(Import.objects.get(), check(Import.objects.get()))
    Import.objects.update(progress_at=timezone.now() - timedelta(minutes=5))
    make_mailbox("ewa@przyklad.iq.pl")
    logged_in.post(url, {**shown_fields(logged_in, url), "action": "create"})
    html = open_page(logged_in, url)
    assert "“ewa@przyklad.iq.pl” exists already." in html
    assert 'name="3-email"' in html


def test_an_interrupted_import_without_its_key_says_that_it_is_over(logged_in: Client, settings: Settings) -> None:
    url = upload(logged_in)
    claim_import(Import.objects.get(), check(Import.objects.get()))
    Import.objects.update(
        progress_at=timezone.now() - timedelta(minutes=5), sealed_file=b"", sealed_book=b"of another key"
    )
    assert "no longer kept" in open_page(logged_in, url)


def test_the_sum_of_the_results_counts_every_line_of_the_list(logged_in: Client) -> None:
    url = upload(logged_in, "Lista kont;;;;\n\n" + FAULTY + "Razem;;500;;\n")
    send_rows(logged_in, url, {"action": "create_good"})
    assert "6 read = 2 created + 3 left out + 1 blank" in text_in(open_page(logged_in, url))


def test_results_are_downloaded_and_then_forgotten(logged_in: Client) -> None:
    url = upload(logged_in, action="create")
    (password,) = generated_passwords(Import.objects.get()).values()
    assert password in logged_in.get(url + "results.csv").content.decode("utf-8-sig")
    assert logged_in.get(url + "results.xlsx").content.startswith(b"PK")
    logged_in.post(url + "saved/")
    assert password not in open_page(logged_in, url)
    assert password not in logged_in.get(url + "results.csv").content.decode("utf-8-sig")


def test_there_are_no_results_before_there_are_accounts(logged_in: Client) -> None:
    url = upload(logged_in, FAULTY)
    assert logged_in.get(url + "results.csv").status_code == 404
    assert logged_in.get(url + "undo/").headers["Location"] == url


def test_results_tell_which_accounts_have_been_changed_since(logged_in: Client) -> None:
    url = upload(logged_in, action="create")
    assert "changed since the import" not in open_page(logged_in, url)
    Mailbox.objects.filter(local_part="ewa").update(password_hash="x")
    assert open_page(logged_in, url).count("changed since the import") == 1


def test_undo_asks_first_and_says_what_goes(logged_in: Client) -> None:
    url = upload(logged_in, action="create")
    Mailbox.objects.filter(address="ewa@przyklad.iq.pl").update(is_active=False)
    html = open_page(logged_in, url + "undo/")
    assert "jan@przyklad.iq.pl" in text_in(html)
    assert "ewa@przyklad.iq.pl" in text_in(html)
    assert Mailbox.objects.count() == 2
    logged_in.post(url + "undo/")
    assert list(Mailbox.objects.values_list("address", flat=True)) == ["ewa@przyklad.iq.pl"]
    assert logged_in.post(url + "undo/").headers["Location"] == url
    open_page(logged_in, url)


@pytest.mark.parametrize(
    ("messages", "sentence"),
    [
        ({}, "Messages that came already stay on the mail server until your hosting company removes them."),
        ({"ewa": 7}, "At least 7 messages stay on the mail server until your hosting company removes them."),
        ({"ewa": 7, "jan": 5}, "12 messages stay on the mail server until your hosting company removes them."),
    ],
)
def test_undo_says_what_happens_to_the_messages_of_the_accounts_that_go(
    logged_in: Client, messages: dict[str, int], sentence: str
) -> None:
    url = upload(logged_in, action="create")
    MailUsage.objects.create(mailbox=make_mailbox("obca@przyklad.iq.pl"), messages=100)
    for name, number in messages.items():
        MailUsage.objects.create(mailbox_id=f"{name}@przyklad.iq.pl", messages=number)
    assert f"{sentence} Nobody can read this mail any more" in open_page(logged_in, url + "undo/")


def test_undo_removes_nothing_where_the_domain_was_lost_and_keeps_the_passwords(
    logged_in: Client, domain: Domain, customer: User
) -> None:
    url = upload(logged_in, action="create")
    domain.administrators.clear()
    logged_in.post(url + "undo/")
    assert "no longer in your domains" in open_page(logged_in, url)
    domain.administrators.add(customer)
    assert generated_passwords(Import.objects.get())
    logged_in.post(url + "undo/")
    assert Mailbox.objects.count() == 0


def test_undo_says_that_the_rows_left_out_go_too(logged_in: Client) -> None:
    url = upload(logged_in, FAULTY)
    send_rows(logged_in, url, {"action": "create_good"})
    assert "The rows that were left out are erased, too." in open_page(logged_in, url + "undo/")


def test_the_list_of_imports_shows_each_state(logged_in: Client) -> None:
    upload(logged_in, FAULTY)
    upload(logged_in, action="create")
    html = open_page(logged_in, "/imports/")
    assert html.count("lista.csv") == 2
    upload(logged_in, action="create")
    assert "This file was imported before. Nothing created now." in open_page(logged_in, "/imports/")


def test_results_that_cannot_be_read_say_what_to_do(logged_in: Client, settings: Settings) -> None:
    url = upload(logged_in, action="create")
    key = settings.SECRET_KEY
    settings.SECRET_KEY = "another one, after the old one was lost"
    client = make_client(User.objects.get())
    html = open_page(client, url)
    assert "The generated passwords cannot be read" in html
    assert "put that key into SECRET_KEY_FALLBACKS" in html
    for name in ("results.csv", "results.xlsx"):
        assert client.get(url + name).status_code == 200
    settings.SECRET_KEY_FALLBACKS = [key]
    assert "cannot be read" not in open_page(make_client(User.objects.get()), url)
