"""New passwords until they are saved: who sees them, for how long, what is made of them, and that none is lost."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from accounts.handout import views
from accounts.handout.batches import forget_passwords, purge_expired
from accounts.handout.models import Batch, Link
from accounts.models import Domain, Mailbox
from accounts.passwords import hash_password, verify_password
from bulkimport.readers.reading import read_file
from bulkimport.rows import Field
from tests.factories import make_client, make_domain, make_forward, make_mailbox, make_user
from tests.handout.passwords import change_password, press, set_passwords, shown
from tests.pages import fill_in, form_in, parse, text_in

pytestmark = pytest.mark.django_db

GONE = "There are no passwords here any more"
PAGES = ("", "passwords.csv", "passwords.xlsx", "sheets/", "links/", "links.csv", "saved/")


def test_they_can_be_opened_again_until_they_are_saved(logged_in: Client, three: list[Mailbox]) -> None:
    page = set_passwords(logged_in, three)
    passwords = shown(logged_in, page)
    response = logged_in.get(page)
    assert shown(logged_in, page) == passwords
    assert len(passwords) == 3
    assert "no-store" in response.headers["Cache-Control"]
    html = response.content.decode()
    assert "<h1>3 mailboxes have new passwords</h1>" in html
    assert "The passwords can be shown until" in html
    assert logged_in.get(f"{page}saved/")["Location"] == page
    assert shown(logged_in, page) == passwords, "looking saves nothing"
    assert "The passwords have been erased from the panel." in (
        logged_in.post(f"{page}saved/", follow=True).content.decode()
    )
    assert not Batch.objects.exists()
    for name in PAGES:
        response = logged_in.get(page + name)
        assert response.status_code == 404
        assert GONE in response.content.decode()
    assert logged_in.post(f"{page}saved/").status_code == 404, "the second of two presses reads the same"
    assert all(verify_password(passwords[mailbox.address], mailbox.password_hash) for mailbox in Mailbox.objects.all())


def test_they_are_gone_when_their_time_is_up(logged_in: Client, three: list[Mailbox], settings: Settings) -> None:
    page = set_passwords(logged_in, three)
    record = Batch.objects.get()
    assert record.expires_at - record.made_at == settings.SECRETS_KEPT
    purge_expired()
    assert shown(logged_in, page)
    Batch.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    for name in PAGES:
        assert logged_in.get(page + name).status_code == 404
    purge_expired()
    assert not Batch.objects.exists()


def test_nobody_else_opens_them(logged_in: Client, customer: User, three: list[Mailbox]) -> None:
    page = set_passwords(logged_in, three)
    colleague = make_user("ewa")
    for domain in Domain.objects.all():
        domain.administrators.add(colleague)
    others = (colleague, make_user("boss", is_staff=True), make_user("root", is_staff=True, is_superuser=True))
    for name in PAGES:
        for other in others:
            client = make_client(other)
            for response in (client.get(page + name), client.post(page + name)):
                assert response.status_code == 404
                assert "adam" not in response.content.decode()
        assert Client().get(page + name)["Location"].startswith("/login/")
    assert len(shown(logged_in, page)) == 3
    assert not Link.objects.exists()


def test_nothing_lies_in_the_clear(logged_in: Client, three: list[Mailbox]) -> None:
    page = set_passwords(logged_in, three)
    record = Batch.objects.get()
    passwords = shown(logged_in, page).values()
    assert len(passwords) == 3
    for password in passwords:
        assert password.encode() not in bytes(record.sealed)
        assert password not in repr(vars(record))
        assert all(password not in str(session.get_decoded()) for session in Session.objects.all())
        assert all(password not in str(cookie) for cookie in logged_in.cookies.values())
    html = logged_in.get(page).content.decode()
    assert 'name="password"' not in html
    assert 'name="seed"' not in html


@pytest.mark.parametrize("way", ["bulk", "new", "edit"])
def test_no_password_is_set_that_cannot_be_kept(
    logged_in: Client, three: list[Mailbox], monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    def fail(_value: object) -> bytes:
        raise OSError

    monkeypatch.setattr("accounts.handout.batches.seal_json", fail)
    before = set(Mailbox.objects.values_list("address", "password_hash", "quota_mb"))
    with pytest.raises(OSError):
        if way == "bulk":
            set_passwords(logged_in, three)
        elif way == "new":
            fill_in(logged_in, "/mailboxes/new/", {"email": "nowe@przyklad.iq.pl"})
        else:
            fill_in(logged_in, f"/mailboxes/{three[0].pk}/", {"generates": "on", "quota": "7"})
    assert set(Mailbox.objects.values_list("address", "password_hash", "quota_mb")) == before
    assert not Batch.objects.exists()


@pytest.mark.parametrize("way", ["bulk", "edit"])
def test_of_two_presses_at_once_the_second_sets_nothing(
    logged_in: Client, customer: User, three: list[Mailbox], monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """Both prepare a password before one of them writes it."""
    page = f"/mailboxes/{three[0].pk}/"
    if way == "bulk":
        page = f"/mailboxes/selected/passwords/?select={three[0].pk}"
    html = logged_in.get(page).content.decode()
    form: dict[str, Any] = {**form_in(html, field="token").fields}
    form |= {"generates": "on", "is_active": "on", "quota": str(three[0].quota_mb)}
    first: list[str] = []

    def hash_while_the_other_is_done(password: str, *, generated: bool = False) -> str:
        if not first:
            first.append("")
            first[0] = make_client(customer).post(page, form)["Location"]
        return hash_password(password, generated=generated)

    for module in ("mailboxes", "selected"):
        monkeypatch.setattr(f"accounts.panel.{module}.hash_password", hash_while_the_other_is_done)
    assert logged_in.post(page, form)["Location"] == first[0]
    (password,) = shown(logged_in, first[0]).values()
    assert verify_password(password, Mailbox.objects.get(pk=three[0].pk).password_hash)
    assert Batch.objects.count() == 1


def test_without_the_key_that_they_were_sealed_with_the_page_says_what_to_do(
    logged_in: Client, customer: User, three: list[Mailbox], settings: Settings
) -> None:
    page = set_passwords(logged_in, three)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "a new one"
    assert len(shown(make_client(customer), page)) == 3
    settings.SECRET_KEY_FALLBACKS = []
    client = make_client(customer)
    for url in (page, f"{page}passwords.csv", f"{page}sheets/", f"{page}links/"):
        response = client.get(url)
        assert response.status_code == 200
        assert "put that key into SECRET_KEY_FALLBACKS" in response.content.decode()
    assert client.get("/").status_code == 200
    assert make_client(make_user("obcy")).get(page).status_code == 404
    forget_passwords(Batch.objects.get().pk)
    assert client.get(page).status_code == 404, "erased for good"


def test_what_does_not_hold_any_more_is_said_and_handed_to_nobody(logged_in: Client, three: list[Mailbox]) -> None:
    far = make_mailbox("zenon@xn--w-uga1v8h.pl", domain=Domain.objects.get(name="xn--w-uga1v8h.pl"))
    page = set_passwords(logged_in, [*three, far])
    passwords = shown(logged_in, page)
    change_password(three[0])
    three[1].delete()
    far.domain.administrators.clear()
    assert shown(logged_in, page) == {"celina@przyklad.iq.pl": passwords["celina@przyklad.iq.pl"]}
    html = logged_in.get(page).content.decode()
    for state in ("changed since", "mailbox deleted since", "no longer in your domains"):
        assert html.count(state) == 1
    assert "zenon@żółw.pl" in text_in(html)
    (row,) = read_file(logged_in.get(f"{page}passwords.csv").content, max_rows=10).rows
    assert row.cells[Field.EMAIL] == "celina@przyklad.iq.pl"
    assert logged_in.get(f"{page}sheets/").content.decode().count('class="sheet"') == 1
    press(logged_in, f"{page}links/", "make_all")
    assert Link.objects.get().mailbox == three[2]
    change_password(three[2])
    html = logged_in.get(page).content.decode()
    assert "None of these passwords works any more" in html
    assert "I have saved" not in html
    for name in ("passwords.csv", "sheets/"):
        assert logged_in.get(page + name)["Location"] == page
    assert "There is no password to hand out" in logged_in.get(f"{page}links/").content.decode()


def test_the_same_password_set_anew_by_somebody_else_is_not_theirs(logged_in: Client, three: list[Mailbox]) -> None:
    page = set_passwords(logged_in, three[:1])
    (password,) = shown(logged_in, page).values()
    Mailbox.objects.filter(pk=three[0].pk).update(password_hash=hash_password(password, generated=True))
    assert shown(logged_in, page) == {}


def test_each_page_is_headed_by_what_was_done(logged_in: Client, three: list[Mailbox]) -> None:
    make_domain("firma.example", [User.objects.get(username="anna")])
    added = fill_in(logged_in, "/mailboxes/new/", {"email": "nowe@xn--w-uga1v8h.pl"}, follow=True)
    assert "<h1>nowe@żółw.pl has been created</h1>" in added.content.decode()
    edited = fill_in(logged_in, f"/mailboxes/{three[0].pk}/", {"generates": "on"}, follow=True)
    assert "<h1>adam@przyklad.iq.pl has a new password</h1>" in edited.content.decode()
    assert "<h1>beata@przyklad.iq.pl has a new password</h1>" in (
        logged_in.get(set_passwords(logged_in, three[1:2])).content.decode()
    )
    assert Batch.objects.count() == 3


@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
def test_they_are_downloaded(logged_in: Client, three: list[Mailbox], file_format: str) -> None:
    make_forward("adam@przyklad.iq.pl", "+a@b.pl", keep_copy=True)
    page = set_passwords(logged_in, three[:2])
    address = f"{page}passwords.{file_format}"
    assert f'href="{address}"' in logged_in.get(page).content.decode()
    response = logged_in.get(address)
    assert "no-store" in response.headers["Cache-Control"]
    assert f'attachment; filename="new-passwords.{file_format}"' in response.headers["Content-Disposition"]
    adam, beata = (row.cells for row in read_file(response.content, max_rows=10).rows)
    for mailbox, cells in zip(three, (adam, beata), strict=False):
        assert cells[Field.EMAIL] == mailbox.address
        assert cells[Field.PASSWORD] == shown(logged_in, page)[mailbox.address]
        assert cells[Field.QUOTA] == str(mailbox.quota_mb)
    assert (adam[Field.FORWARD].strip(), adam[Field.KEEP_COPY]) == ("+a@b.pl", "Yes")


def test_they_are_printed(logged_in: Client, three: list[Mailbox], monkeypatch: pytest.MonkeyPatch) -> None:
    page = set_passwords(logged_in, three[:2])
    passwords = list(shown(logged_in, page).values())
    assert f'href="{page}sheets/"' in logged_in.get(page).content.decode()
    for query in ({}, {"size": "cards"}):
        response = logged_in.get(f"{page}sheets/", query)
        assert "no-store" in response.headers["Cache-Control"]
        sheets = parse(response.content.decode()).find_all(class_="sheet")
        assert len(sheets) == 2
        for mailbox, password, sheet in zip(three, passwords, sheets, strict=False):
            assert mailbox.address in sheet.text
            assert password in sheet.text
        assert ('class="cards"' in response.content.decode()) is bool(query)
        assert f'href="{page}"' in response.content.decode(), "the way back"
    monkeypatch.setattr(views, "SHEETS_PER_PAGE", 1)
    html = logged_in.get(f"{page}sheets/", {"size": "cards", "page": "2"}).content.decode()
    assert passwords[1] in parse(html).find(class_="sheet").text
    assert 'href="?size=cards&amp;page=1"' in html


def test_what_stays_connected_is_said_on_the_page(
    logged_in: Client, three: list[Mailbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accounts.notices.end_sessions", lambda _addresses: "doveadm kick")
    said = "A mail program that is connected now may stay so until it is closed."
    assert said in logged_in.get(set_passwords(logged_in, three)).content.decode()
    edited = fill_in(logged_in, f"/mailboxes/{three[0].pk}/", {"generates": "on"}, follow=True)
    assert said in edited.content.decode()


def test_the_pages_cost_the_same_whatever_there_is(logged_in: Client, three: list[Mailbox]) -> None:
    fifty = [make_mailbox(f"a{number}@przyklad.iq.pl", password_hash="x") for number in range(50)]
    counts = []
    for mailboxes in (three[:1], fifty):
        page = set_passwords(logged_in, mailboxes)
        queries = []
        press(logged_in, f"{page}links/", "make_all")
        for name in ("", "passwords.csv", "sheets/", "links/", "links.csv"):
            with CaptureQueriesContext(connection) as made:
                assert logged_in.get(page + name).status_code == 200
            queries.append(len(made))
        newest = Link.objects.latest("pk").pk
        fields = form_in(logged_in.get(f"{page}links/").content.decode(), field="token").fields
        with CaptureQueriesContext(connection) as made:
            logged_in.post(f"{page}links/", {**fields, "action": "make_all"})
        assert Link.objects.latest("pk").pk > newest
        counts.append([*queries, len(made)])
    assert counts[0] == counts[1]


def test_a_login_that_is_deleted_takes_them_along(logged_in: Client, customer: User, three: list[Mailbox]) -> None:
    set_passwords(logged_in, three)
    customer.delete()
    assert not Batch.objects.exists()


def test_an_old_tab_erases_no_newer_password(logged_in: Client, three: list[Mailbox]) -> None:
    """Saved again after somebody has changed the password, the same form makes another page of its own."""
    edit = f"/mailboxes/{three[0].pk}/"
    html = logged_in.get(edit).content.decode()
    sent = {**form_in(html, field="token").fields, "generates": "on"}
    first = logged_in.post(edit, sent)["Location"]
    change_password(three[0])
    refused = logged_in.post(edit, {**sent, "quota": "501"}).content.decode()
    second = logged_in.post(edit, {**form_in(refused, field="token").fields, "generates": "on"})["Location"]
    assert first != second
    logged_in.post(f"{first}saved/")
    assert len(shown(logged_in, second)) == 1
