"""The list of all links: what became of them, and how they are revoked; and the page that a link opens."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from accounts.handout.links import mailbox_links, open_link, revoke_links
from accounts.handout.models import Batch, Link
from accounts.models import Mailbox
from accounts.passwords import hash_password
from bulkimport.models import Import
from tests.factories import generated_passwords, make_client, make_domain, make_forward, make_mailbox, make_user
from tests.handout.passwords import batch_page, make_batch, make_keys, press
from tests.pages import form_in, open_page, parse, rows_in, text_in

pytestmark = pytest.mark.django_db

UNKNOWN = "0" * 32


def press_list(client: Client, action: str, query: str = "", **fields: Any) -> str:
    """Press a button of the list of links as it stands now, and return the page that comes."""
    html: str = press(client, f"/links/{query}", action, **fields).content.decode()
    return html


def names(client: Client, query: str) -> list[str]:
    """Return the names before the @ in the list of links, in its order."""
    rows = rows_in(open_page(client, f"/links/{query}"))
    return [" ".join(cells).partition("@")[0].split()[-1] for cells in rows]


def opened(key: str, **headers: str) -> HttpResponse:
    """Press the button of a link, in a browser that has never been here."""
    return Client(headers=headers).post(reverse("handout_open"), {"link": key})  # type: ignore[return-value]


# --- The list of all links


@pytest.fixture
def made(customer: User, three: list[Mailbox]) -> dict[str, str]:
    """Make links for three mailboxes, and return their keys by local part."""
    keys = make_keys(make_batch(three, customer))
    return {address.partition("@")[0]: key for address, key in keys.items()}


def test_the_list_tells_what_became_of_each_link_and_no_secret(logged_in: Client, made: dict[str, str]) -> None:
    open_link(made["adam"])
    Mailbox.objects.filter(local_part="beata").update(password_hash=hash_password("Wlasne1234", generated=True))
    html = logged_in.get("/links/").content.decode()
    rows = parse(html).find("tbody").find_all("tr")
    states = ["waiting, valid until ", "shows nothing: the password has been changed since", "opened on "]
    for row, name, state in zip(rows, ("celina", "beata", "adam"), states, strict=True):
        assert f"{name}@przyklad.iq.pl" in row.text
        assert state in row.text
        assert bool(row.find_all("input", type="checkbox")) is (name == "celina")
    assert not any(key in html for key in made.values())
    assert not any(link.key_hash in html for link in Link.objects.all())


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["celina", "beata", "adam"]),
        ("?state=waiting", ["celina"]),
        ("?state=opened", ["adam"]),
        ("?state=ended", ["beata"]),
        ("?q=BEA", ["beata"]),
        ("?q=nobody", []),
        ("?domain=999", ["celina", "beata", "adam"]),
        ("?state=perhaps", ["celina", "beata", "adam"]),
    ],
)
def test_links_are_looked_for(logged_in: Client, made: dict[str, str], query: str, found: list[str]) -> None:
    open_link(made["adam"])
    revoke_links(Link.objects.filter(mailbox__local_part="beata"))
    assert names(logged_in, query) == found
    assert ("No link matches" in open_page(logged_in, f"/links/{query}")) is not found


def test_a_link_that_shows_nothing_any_more_is_not_waiting(logged_in: Client, made: dict[str, str]) -> None:
    Mailbox.objects.exclude(local_part="adam").update(password_hash=hash_password("Wlasne1234", generated=True))
    assert names(logged_in, "?state=waiting") == ["adam"]
    assert names(logged_in, "?state=ended") == ["celina", "beata"]
    assert "1 link was revoked." in press_list(logged_in, "revoke_all")


def test_a_link_is_not_found_by_a_forward_that_no_row_shows(logged_in: Client, made: dict[str, str]) -> None:
    make_forward("beata@przyklad.iq.pl", "adam@przyklad.iq.pl", keep_copy=True)
    assert names(logged_in, "?q=adam@") == ["adam"]


def test_all_are_not_revoked_when_the_filter_is_none_any_more(
    logged_in: Client, made: dict[str, str], customer: User
) -> None:
    other = make_domain("firma.example", [customer])
    newest = Link.objects.latest("pk").pk
    other.administrators.clear()
    sent = {"shown_version": newest, "action": "revoke_all"}
    assert (
        "Look at it as it is now." in logged_in.post(f"/links/?domain={other.pk}", sent, follow=True).content.decode()
    )
    assert Link.objects.waiting().count() == 3


def test_the_chosen_and_all_that_match_are_revoked(logged_in: Client, made: dict[str, str]) -> None:
    adam = Link.objects.get(mailbox__local_part="adam")
    assert "1 link was revoked." in press_list(logged_in, "revoke", link=[adam.pk, "x"])
    assert "No link was revoked" in press_list(logged_in, "revoke", link=[adam.pk]), "the second of two presses"
    assert open_link(made["adam"]) is None
    assert "Choose at least one link" in press_list(logged_in, "revoke")
    assert "1 link was revoked." in press_list(logged_in, "revoke_all", "?q=beata")
    assert open_link(made["beata"]) is None
    assert open_link(made["celina"])
    assert 'value="revoke' not in logged_in.get("/links/").content.decode()


def test_what_is_made_after_the_page_was_shown_is_not_revoked_by_it(
    logged_in: Client, made: dict[str, str], customer: User
) -> None:
    fields = form_in(logged_in.get("/links/").content.decode(), field="token").fields
    later = make_mailbox("dorota@przyklad.iq.pl")
    make_keys(make_batch([later], customer))
    for version in ({"shown_version": ""}, {"shown_version": "x"}, {}):
        html = logged_in.post("/links/", {**fields, **version, "action": "revoke_all"}, follow=True).content.decode()
        assert "Look at it as it is now." in html
    assert Link.objects.usable().count() == 4


def test_another_customer_sees_and_revokes_nothing(made: dict[str, str]) -> None:
    stranger = make_user("obcy")
    make_domain("cudza.example", [stranger])
    client = make_client(stranger)
    html = client.get("/links/").content.decode()
    assert "No links yet" in html
    assert "przyklad" not in html
    links = list(Link.objects.values_list("pk", flat=True))
    for action in ("revoke", "revoke_all"):
        client.post("/links/", {"shown_version": max(links), "action": action, "link": links})
    assert Link.objects.usable().count() == 3
    assert Client().get("/links/").headers["Location"].startswith("/login/")


def test_the_list_forgets_what_has_expired(logged_in: Client, made: dict[str, str]) -> None:
    Link.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
    assert "expired unopened on" in logged_in.get("/links/").content.decode()
    assert Link.objects.filter(sealed__isnull=False).count() == 0


def test_the_list_costs_the_same_whatever_there_is(
    logged_in: Client, made: dict[str, str], three: list[Mailbox], customer: User
) -> None:
    with CaptureQueriesContext(connection) as few:
        logged_in.get("/links/")
    for _time in range(3):
        make_keys(make_batch(three, customer))
    with CaptureQueriesContext(connection) as many:
        logged_in.get("/links/")
    assert len(many) == len(few)


# --- The page that a link opens


@pytest.mark.parametrize("method", ["get", "head"])
def test_looking_at_a_link_uses_nothing_up(batch: Batch, method: str) -> None:
    key = make_keys(batch)["jan@przyklad.iq.pl"]
    for page in ("handout", "handout_open"):
        response = getattr(Client(), method)(reverse(page), follow=True)
        assert response.status_code == 200
        assert "no-store" in response.headers["Cache-Control"]
        assert response.headers["Referrer-Policy"] == "no-referrer"
    assert open_link(key)


def test_whoever_has_a_link_sees_the_password_with_the_settings(
    created: Import, batch: Batch, settings: Settings
) -> None:
    settings.MAIL_HOSTNAME = "mail.przyklad.iq.pl"
    key = make_keys(batch)["jan@przyklad.iq.pl"]
    response = opened(f" <https://panel.example/handout/#{key}>.\n")
    html = response.content.decode()
    assert generated_passwords(created)["jan@przyklad.iq.pl"] in html
    assert "jan@przyklad.iq.pl" in text_in(html)
    assert "mail.przyklad.iq.pl" in html
    assert "<svg" in html
    assert "no-store" in response.headers["Cache-Control"]
    assert response.headers["Referrer-Policy"] == "no-referrer"


def test_it_works_without_cookies_and_without_an_origin(batch: Batch) -> None:
    client = Client(enforce_csrf_checks=True, headers={"origin": "null"})
    key = make_keys(batch)["jan@przyklad.iq.pl"]
    assert client.post(reverse("handout_open"), {"link": key}).status_code == 200


def test_used_revoked_expired_and_unknown_links_look_the_same(batch: Batch, customer: User) -> None:
    pages = []
    for end in ("used", "revoked", "expired", "unknown"):
        key = make_keys(batch)["jan@przyklad.iq.pl"]
        if end == "used":
            opened(key)
        if end == "revoked":
            revoke_links(mailbox_links(batch))
        if end == "expired":
            Link.objects.update(expires_at=timezone.now())
        response = opened(UNKNOWN if end == "unknown" else key)
        pages.append((response.status_code, response.content))
    assert len(set(pages)) == 1
    assert pages[0][0] == 404
    html = pages[0][1].decode()
    assert "This link does not work any more" in html
    assert "jan" not in html
    assert "przyklad" not in html


def test_a_changed_password_is_told_without_the_mailbox(created: Import, batch: Batch) -> None:
    key = make_keys(batch)["jan@przyklad.iq.pl"]
    password = generated_passwords(created)["jan@przyklad.iq.pl"]
    Mailbox.objects.update(password_hash=hash_password("Inne1234"))
    html = opened(key).content.decode()
    assert "The password has been changed since" in html
    assert "jan" not in html
    assert password not in html


@pytest.mark.parametrize("text", ["", "x", "https://panel.example/handout/#", "#abc", "żółw", "a" * 31, "\x00" * 40])
def test_half_a_link_is_an_error_at_its_field_and_comes_back(text: str) -> None:
    response = opened(text)
    assert response.status_code == 200
    html = response.content.decode()
    assert "This is not a whole link." in html
    assert 'aria-describedby="id_link-hint id_link-msg"' in html
    assert f'value="{text.strip()}"' in html or "\x00" in text


@pytest.mark.parametrize("language", ["pl", "en"])
def test_the_pages_speak_the_language_of_the_browser(batch: Batch, language: str) -> None:
    key = make_keys(batch)["jan@przyklad.iq.pl"]
    assert f'<html lang="{language}"' in opened(key, accept_language=language).content.decode()
    assert f'<html lang="{language}"' in opened(key, accept_language=language).content.decode()


def test_whoever_is_signed_in_here_has_nothing_to_do_with_a_link(created: Import, logged_in: Client) -> None:
    assert "anna" not in logged_in.get(reverse("handout")).content.decode()


def test_no_log_has_a_key_or_a_password(created: Import, batch: Batch, caplog: pytest.LogCaptureFixture) -> None:
    key = make_keys(batch)["jan@przyklad.iq.pl"]
    password = generated_passwords(created)["jan@przyklad.iq.pl"]
    with caplog.at_level(logging.DEBUG):
        opened(key)
        assert opened(key).status_code == 404
        Client(enforce_csrf_checks=True).post(f"{batch_page(batch)}links/", {"link": key})
    assert "Not Found: /handout/open/" in caplog.text
    requests = [record for record in caplog.records if record.name != "django.db.backends"]
    assert key not in repr([record.getMessage() for record in requests])
    assert password not in caplog.text
