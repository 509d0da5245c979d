"""A list that nobody creates: how it is discarded, when it is too late, and what is left of it when its time is up."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Mailbox
from bulkimport.models import Import
from tests.bulkimport.lists import FAULTY, GOOD, send_rows, upload
from tests.pages import open_page

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("create_in_place")]


def stand(state: str) -> None:
    """Put the only import into a state that its status names, or that its time makes of it."""
    now = timezone.now()
    status, progress_at, expires_at = {
        "expired": ("checked", None, now),
        "purged": ("checked", None, now),
        "creating": ("creating", now, now + timedelta(hours=1)),
        "interrupted": ("creating", now - timedelta(minutes=5), now + timedelta(hours=1)),
        "expired when interrupted": ("creating", now - timedelta(days=2), now - timedelta(days=1)),
    }[state]
    Import.objects.update(status=status, progress_at=progress_at, expires_at=expires_at, uploaded_at=now)
    if state == "purged":
        Import.objects.update(sealed_file=None, sealed_choices=None)


def discard_form(url: str) -> str:
    return f'method="post" action="{url}discard/"'


def test_an_expired_import_says_so_everywhere(browser_of: Client) -> None:
    url = upload(browser_of, FAULTY)
    Import.objects.update(expires_at=timezone.now())
    assert "lista.csv" in open_page(browser_of, url)
    assert browser_of.get(url + "problems").status_code == 404
    assert browser_of.post(url, {"action": "create_good"}).status_code == 302
    assert browser_of.post(url + "columns/", {"separator": ","}).status_code == 302
    open_page(browser_of, "/imports/new/")
    assert Import.objects.get().sealed_file is None
    assert Mailbox.objects.count() == 0


@pytest.mark.parametrize("text", [GOOD, FAULTY, "Name;Adresse\nJan;jan@przyklad.iq.pl\n", b"\x89PNG\r\n\x1a\n\0\0"])
def test_a_file_that_nobody_wants_is_discarded(browser_of: Client, text: str | bytes) -> None:
    url = upload(browser_of, text)
    html = open_page(browser_of, url)
    assert html.count(discard_form(url)) == 1
    assert ("your corrections will be erased" in html) == (text in (GOOD, FAULTY)), "asked where there may be any"
    response = browser_of.post(url + "discard/", follow=True)
    assert response.redirect_chain == [("/imports/", 302)]
    html = response.content.decode()
    assert "lista.csv has been discarded. Nothing was created." in html
    assert "No imports yet" in html
    assert "lista.csv" not in open_page(browser_of, "/")
    assert not Import.objects.exists()
    assert browser_of.get(url).status_code == 404


@pytest.mark.parametrize("state", ["expired", "purged", "interrupted", "expired when interrupted"])
def test_a_file_that_is_of_no_use_any_more_is_discarded(browser_of: Client, state: str) -> None:
    url = upload(browser_of)
    stand(state)
    assert discard_form(url) in open_page(browser_of, url)
    browser_of.post(url + "discard/")
    assert not Import.objects.exists()


def test_a_repeated_file_is_discarded_and_the_import_before_it_stays(browser_of: Client) -> None:
    first, again = upload(browser_of, action="create"), upload(browser_of)
    assert discard_form(again) in open_page(browser_of, again)
    browser_of.post(again + "discard/")
    assert [each.get_absolute_url() for each in Import.objects.all()] == [first]
    assert Mailbox.objects.count() == 2


def test_once_a_creation_has_begun_it_is_too_late_to_discard(browser_of: Client) -> None:
    too_late = "It is too late to discard this file. Once the accounts are created, the import can be undone."
    url = upload(browser_of)
    stand("creating")
    assert discard_form(url) not in open_page(browser_of, url)
    response = browser_of.post(url + "discard/", follow=True)
    assert response.redirect_chain == [(url, 302)]
    assert too_late in response.content.decode()
    stand("interrupted")
    send_rows(browser_of, url, {"action": "create"})
    html = browser_of.post(url + "discard/", follow=True).content.decode()
    assert too_late in html
    assert "2 accounts created" in html
    browser_of.post(url + "undo/")
    html = browser_of.post(url + "discard/", follow=True).content.decode()
    assert too_late not in html, "it was undone already"
    assert "The import was undone" in html
    assert Import.objects.get().status == "undone"


def test_discarding_twice_complains_of_nothing(browser_of: Client) -> None:
    url = upload(browser_of, FAULTY)
    browser_of.post(url + "discard/", follow=True)
    response = browser_of.post(url + "discard/", follow=True)
    assert response.redirect_chain == [("/imports/", 302)]
    assert 'role="status"' not in response.content.decode()
