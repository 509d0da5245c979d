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


def test_an_expired_import_says_so_everywhere(logged_in: Client) -> None:
    url = upload(logged_in, FAULTY)
    Import.objects.update(expires_at=timezone.now())
    assert "lista.csv" in open_page(logged_in, url)
    assert logged_in.get(url + "problems").status_code == 404
    assert logged_in.post(url, {"action": "create_good"}).status_code == 302
    assert logged_in.post(url + "columns/", {"separator": ","}).status_code == 302
    open_page(logged_in, "/imports/new/")
    assert Import.objects.get().sealed_file is None
    assert Mailbox.objects.count() == 0


@pytest.mark.parametrize("text", [GOOD, FAULTY, "Name;Adresse\nJan;jan@przyklad.iq.pl\n", b"\x89PNG\r\n\x1a\n\0\0"])
def test_a_file_that_nobody_wants_is_discarded(logged_in: Client, text: str | bytes) -> None:
    url = upload(logged_in, text)
    html = open_page(logged_in, url)
    assert html.count(discard_form(url)) == 1
    assert ("your corrections will be erased" in html) == (text in (GOOD, FAULTY)), "asked where there may be any"
    response = logged_in.post(url + "discard/", follow=True)
    assert response.redirect_chain == [("/imports/", 302)]
    html = response.content.decode()
    assert "lista.csv has been discarded. Nothing was created." in html
    assert "No imports yet" in html
    assert "lista.csv" not in open_page(logged_in, "/")
    assert not Import.objects.exists()
    assert logged_in.get(url).status_code == 404


@pytest.mark.parametrize("state", ["expired", "purged", "interrupted", "expired when interrupted"])
def test_a_file_that_is_of_no_use_any_more_is_discarded(logged_in: Client, state: str) -> None:
    url = upload(logged_in)
    stand(state)
    assert discard_form(url) in open_page(logged_in, url)
    logged_in.post(url + "discard/")
    assert not Import.objects.exists()


def test_a_repeated_file_is_discarded_and_the_import_before_it_stays(logged_in: Client) -> None:
    first, again = upload(logged_in, action="create"), upload(logged_in)
    assert discard_form(again) in open_page(logged_in, again)
    logged_in.post(again + "discard/")
    assert [each.get_absolute_url() for each in Import.objects.all()] == [first]
    assert Mailbox.objects.count() == 2


def test_once_a_creation_has_begun_it_is_too_late_to_discard(logged_in: Client) -> None:
    too_late = "It is too late to discard this file. Once the accounts are created, the import can be undone."
    url = upload(logged_in)
    stand("creating")
    assert discard_form(url) not in open_page(logged_in, url)
    response = logged_in.post(url + "discard/", follow=True)
    assert response.redirect_chain == [(url, 302)]
    assert too_late in response.content.decode()
    stand("interrupted")
    send_rows(logged_in, url, {"action": "create"})
    html = logged_in.post(url + "discard/", follow=True).content.decode()
    assert too_late in html
    assert "2 accounts created" in html
    logged_in.post(url + "undo/")
    html = logged_in.post(url + "discard/", follow=True).content.decode()
    assert too_late not in html, "it was undone already"
    assert "The import was undone" in html
    assert Import.objects.get().status == "undone"


def test_discarding_twice_complains_of_nothing(logged_in: Client) -> None:
    url = upload(logged_in, FAULTY)
    logged_in.post(url + "discard/", follow=True)
    response = logged_in.post(url + "discard/", follow=True)
    assert response.redirect_chain == [("/imports/", 302)]
    assert 'role="status"' not in response.content.decode()
