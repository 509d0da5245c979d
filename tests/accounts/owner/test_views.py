"""The pages of a mailbox's owner: signing in, what the session may do and when it ends, the password, the forward."""

from __future__ import annotations

import uuid
from html import unescape
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.conf import settings as django_settings
from django.test import Client
from django.urls import get_resolver, reverse
from pytest_django import Settings

from accounts.models import Forward, Mailbox, MailUsage
from accounts.owner import session, views
from accounts.passwords import generate_password, hash_password, verify_password
from accounts.services import change_mailbox
from tests.factories import (
    LOGIN_PASSWORD,
    MAILBOX_PASSWORD,
    make_client,
    make_domain,
    make_forward,
    make_mailbox,
    make_user,
)
from tests.pages import form_in, open_page, parse, read_page, read_response, text_in

pytestmark = pytest.mark.django_db

ADDRESS = "jan@przyklad.iq.pl"
NEW_PASSWORD = "Zima2027ab"
FOR_EVERYBODY = {
    *("login", "help", "mail_settings", "apple_profile", "autoconfig", "autodiscover", "handout", "handout_open"),
    *("healthz", "set_language"),
}
PANEL_PAGES = [
    name for name in get_resolver().reverse_dict if isinstance(name, str) and not name.startswith(("owner_", "logout"))
]
OWN_PAGES = ["/mailbox/", "/mailbox/password/", "/mailbox/forward/"]
MIB = 1_048_576


@pytest.fixture
def mailbox() -> Mailbox:
    return make_mailbox(ADDRESS)


@pytest.fixture
def owner(mailbox: Mailbox) -> Client:
    return signed_in()


@pytest.fixture(autouse=True)
def ended(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses whose sessions on the mail server were ended, with the hash that the database had by then."""
    ended: list[str] = []

    def end_sessions(addresses: list[str]) -> str:
        ended.extend(f"{each.address} {each.password_hash}" for each in Mailbox.objects.filter(address__in=addresses))
        return "something for staff"

    monkeypatch.setattr(views, "end_sessions", end_sessions)
    return ended


def try_to_sign_in(client: Client, address: str = ADDRESS, password: str = MAILBOX_PASSWORD) -> Any:
    return client.post("/mailbox/login/", {"address": address, "password": password})


def signed_in(client: Client | None = None, address: str = ADDRESS, password: str = MAILBOX_PASSWORD) -> Client:
    client = client or Client()
    response = try_to_sign_in(client, address, password)
    assert response.headers.get("Location") == "/mailbox/", response.content.decode()
    return client


def is_in(client: Client) -> bool:
    return client.get("/mailbox/").status_code == 200


def example_url(name: str) -> str:
    """Return the address of a page, whatever stands in it."""
    if ":" in name:
        return reverse(name)
    ((_path, parameters),), pattern, *_rest = get_resolver().reverse_dict[name]
    key = uuid.UUID(int=1) if "[0-9a-f]" in pattern else 1
    values = {"pk": key, "action": "delete", "file_format": "csv"}
    return reverse(name, kwargs={parameter: values[parameter] for parameter in parameters})


def shown_text(client: Client, url: str = "/mailbox/") -> str:
    """Return the text of a page of the owner."""
    return text_in(open_page(client, url))


def change_password(client: Client, old: str = MAILBOX_PASSWORD, new: str = NEW_PASSWORD, again: str = "") -> Any:
    fields = {"password": old, "new_password": new, "repeated_password": again or new}
    return client.post("/mailbox/password/", fields)


# --- Signing in


def test_an_owner_signs_in_with_address_and_password(mailbox: Mailbox, client: Client) -> None:
    before = client.session.session_key
    assert "ask the person who looks after mail" in shown_text(client, "/mailbox/login/")
    signed_in(client)
    assert read_page(client, "/mailbox/").find("h1").text == ADDRESS
    assert client.session.session_key != before
    assert client.get("/mailbox/login/").headers["Location"] == "/mailbox/"


@pytest.mark.parametrize("typed", [" JAN@Przyklad.IQ.pl ", "jan@przyklad.iq.pl\N{NO-BREAK SPACE}"])
def test_the_address_may_be_typed_as_people_do(mailbox: Mailbox, typed: str) -> None:
    signed_in(address=typed)


def test_a_domain_in_unicode_may_be_typed(client: Client) -> None:
    make_mailbox("ewa@xn--w-uga1v8h.pl")
    signed_in(client, "ewa@żółw.pl")
    assert "ewa@żółw.pl" in shown_text(client)


def test_every_refusal_is_told_in_the_same_words(mailbox: Mailbox) -> None:
    make_mailbox("off@przyklad.iq.pl", is_active=False)
    make_mailbox("jan@off.example", domain=make_domain("off.example", is_active=False))
    make_user("anna@przyklad.iq.pl")
    pages = set()
    for address, password in [
        (ADDRESS, "niedobre"),
        (ADDRESS, MAILBOX_PASSWORD.upper()),
        (ADDRESS, ""),
        (ADDRESS, "x" * 100_000),
        (ADDRESS, "\x00"),
        ("nobody@przyklad.iq.pl", MAILBOX_PASSWORD),
        ("off@przyklad.iq.pl", MAILBOX_PASSWORD),
        ("jan@off.example", MAILBOX_PASSWORD),
        ("anna@przyklad.iq.pl", LOGIN_PASSWORD),
        ("anna", LOGIN_PASSWORD),
        ("nul\x00@przyklad.iq.pl", MAILBOX_PASSWORD),
        ("x" * 5000, MAILBOX_PASSWORD),
        ("", ""),
    ]:
        client = Client()
        response = try_to_sign_in(client, address, password)
        assert response.status_code == 200
        assert not is_in(client)
        pages.add(repr(read_response(response).find("section", class_="summary")))
        assert password not in unescape(response.content.decode()) or len(password) < 2
    assert len(pages) == 1
    assert try_to_sign_in(Client()).status_code == 302
    assert Client().post("/mailbox/login/").status_code == 200


def test_what_was_typed_as_the_address_comes_back(mailbox: Mailbox) -> None:
    page = read_response(try_to_sign_in(Client(), "Jan@przyklad.iq.pl", "wrong"))
    assert page.find("input", name="address")["value"] == "Jan@przyklad.iq.pl"


def test_an_unknown_address_costs_the_same_checks_as_a_known_one(
    mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    generated = generate_password()
    make_mailbox("new@przyklad.iq.pl", password_hash=hash_password(generated, generated=True))
    make_mailbox("off@przyklad.iq.pl", is_active=False)
    session._made_up_hashes()
    costs: list[str] = []

    def counting(password: str, password_hash: str) -> bool:
        costs.append(password_hash.rsplit("$", 2)[0])
        return verify_password(password, password_hash)

    monkeypatch.setattr(session, "verify_password", counting)
    seen = []
    for address in (ADDRESS, "new@przyklad.iq.pl", "off@przyklad.iq.pl", "nobody@przyklad.iq.pl", "no address"):
        for password in ("wrong", "x" * 100_000):
            try_to_sign_in(Client(), address, password)
            seen.append(sorted(costs))
            costs.clear()
    assert seen[0] == sorted(session._cost(each) for each in session._made_up_hashes())
    assert len(seen[0]) == 2
    assert all(each == seen[0] for each in seen)


def test_too_many_wrong_passwords_lock_the_mailbox_for_a_while(mailbox: Mailbox, client: Client) -> None:
    make_mailbox("ewa@przyklad.iq.pl")
    make_user(ADDRESS)
    tries = [ADDRESS, ADDRESS.upper(), f" {ADDRESS}"]
    for number in range(django_settings.AXES_FAILURE_LIMIT):
        response = try_to_sign_in(client, tries[number % len(tries)], "wrong")
    assert response.status_code == 429
    response = try_to_sign_in(client)
    assert response.status_code == 429
    page = read_response(response)
    assert "ask the person who looks after mail" in page.text
    assert page.find_all("a", href="/mailbox/login/")
    assert not is_in(client)
    signed_in(address="ewa@przyklad.iq.pl")
    # A login of the same name is another matter.
    response = client.post("/login/", {"username": ADDRESS, "password": LOGIN_PASSWORD})
    assert response.status_code == 302


def test_an_address_that_no_mailbox_has_is_locked_as_well(client: Client) -> None:
    for _number in range(django_settings.AXES_FAILURE_LIMIT):
        response = try_to_sign_in(client, "nobody@przyklad.iq.pl", "wrong")
    assert response.status_code == 429


def test_a_locked_login_of_the_panel_does_not_lock_the_mailbox(mailbox: Mailbox, client: Client) -> None:
    for _number in range(django_settings.AXES_FAILURE_LIMIT):
        response = client.post("/login/", {"username": ADDRESS, "password": "wrong"})
    assert response.status_code == 429
    signed_in(client)


@pytest.mark.parametrize("stored", ["ślimak A7", "s\u0301limak A7", "ślimak\u00a0A7"])
def test_a_password_is_right_in_either_of_its_spellings(client: Client, stored: str) -> None:
    """As it was typed, which the panel once stored, and as it stores passwords now: letters whole, plain blanks."""
    make_mailbox(ADDRESS, stored)
    assert try_to_sign_in(client, ADDRESS, stored).status_code == 302
    if stored == "ślimak A7":
        assert try_to_sign_in(Client(), ADDRESS, "s\u0301limak\u00a0A7").status_code == 302
    assert try_to_sign_in(Client(), ADDRESS, "slimak A7").status_code == 200


def test_signing_in_forgets_the_wrong_tries(mailbox: Mailbox, client: Client) -> None:
    for _round in range(2):
        for _number in range(django_settings.AXES_FAILURE_LIMIT - 1):
            assert try_to_sign_in(client, password="wrong").status_code == 200
        signed_in(client)


def test_no_password_is_written_down_with_a_wrong_try(mailbox: Mailbox, owner: Client) -> None:
    try_to_sign_in(Client(), password="Tajne111")
    change_password(owner, "Tajne222", "Tajne333")
    make_user("anna")
    Client().post("/login/", {"username": "anna", "password": "Tajne444", "kept": '{"fields": [["p", "Tajne555"]]}'})
    attempts = AccessAttempt.objects.all()
    assert len(attempts) == 2
    assert "Tajne" not in "".join(str(vars(attempt)) for attempt in attempts)


# --- What the session may do


def test_the_session_of_an_owner_opens_no_page_of_the_panel(owner: Client, mailbox: Mailbox) -> None:
    closed = [name for name in PANEL_PAGES if name not in FOR_EVERYBODY]
    assert {"home", "mailbox_list", "mailbox_bulk", "import_new", "new_passwords_links", "link_list"} <= {*closed}
    for name in [*closed, "admin:index"]:
        response = owner.get(example_url(name))
        assert (name, response.status_code) == (name, 302)
        assert response.headers["Location"].startswith(("/login/", "/admin/login/")), name
    assert not owner.get("/mailbox/").wsgi_request.user.is_authenticated
    held = {key: value for key, value in owner.session.items() if not key.startswith("_messages")}
    assert held == {session.SESSION_KEY: [mailbox.pk, session._digest(mailbox)]}
    assert mailbox.password_hash not in str(held)


@pytest.mark.parametrize("is_staff", [False, True])
def test_a_login_of_the_panel_opens_no_page_of_an_owner(mailbox: Mailbox, is_staff: bool) -> None:
    client = make_client(make_user("anna", is_staff=is_staff))
    for url in OWN_PAGES:
        assert client.get(url).headers["Location"] == "/mailbox/login/"
        assert client.post(url).status_code in (302, 405)
    client.post("/mailbox/password/", {"password": MAILBOX_PASSWORD, "new_password": "a" * 9 + "1"})
    client.post("/mailbox/forward/", {"destinations": "a@b.example"})
    assert Mailbox.objects.get().password_hash == mailbox.password_hash
    assert not Forward.objects.exists()


def test_a_login_of_the_panel_stays_signed_in_beside_an_owner(mailbox: Mailbox) -> None:
    client = make_client(make_user("anna"))
    signed_in(client)
    assert client.get("/mailboxes/").status_code == 200
    html = open_page(client, "/mailbox/")
    assert "anna" not in html
    assert parse(html).find("a", class_="brand")["href"] == "/mailbox/"
    assert "/imports/" not in html
    client.post("/mailbox/logout/")
    assert not is_in(client)
    assert client.get("/mailboxes/").status_code == 200
    signed_in(client)
    client.post("/logout/")
    assert not is_in(client), "whoever leaves the panel leaves nothing open"


def test_an_owner_stays_signed_in_beside_a_login_of_the_panel(owner: Client) -> None:
    make_user("anna")
    assert owner.post("/login/", {"username": "anna", "password": LOGIN_PASSWORD}).headers["Location"] == "/"
    assert is_in(owner)


def test_signing_out_needs_a_button_and_leaves_nothing(owner: Client) -> None:
    assert owner.get("/mailbox/logout/").status_code == 405
    assert owner.post("/mailbox/logout/").headers["Location"] == "/mailbox/login/"
    assert not is_in(owner)
    assert dict(owner.session) == {}


@pytest.mark.parametrize("change", ["password", "mailbox", "domain", "gone"])
def test_a_session_ends_with_what_it_stands_for(owner: Client, mailbox: Mailbox, change: str) -> None:
    if change == "password":
        Mailbox.objects.update(password_hash=hash_password(MAILBOX_PASSWORD))
    elif change == "mailbox":
        Mailbox.objects.update(is_active=False)
    elif change == "domain":
        mailbox.domain.is_active = False
        mailbox.domain.save()
    else:
        mailbox.delete()
    for url in OWN_PAGES:
        assert owner.get(url).headers["Location"] == "/mailbox/login/"
        assert owner.post(url).status_code in (302, 405)
    assert not Forward.objects.exists()


def test_forms_of_other_sites_are_refused_and_passwords_stand_in_no_page(mailbox: Mailbox) -> None:
    strict = Client(enforce_csrf_checks=True)
    for url in ("/mailbox/login/", "/mailbox/password/"):
        fields = {"address": ADDRESS, "password": MAILBOX_PASSWORD, "new_password": NEW_PASSWORD}
        response = strict.post(url, fields, headers={"origin": "http://testserver"})
        assert response.status_code == 403
        assert MAILBOX_PASSWORD not in response.content.decode()
        assert NEW_PASSWORD not in response.content.decode()


@pytest.mark.parametrize("url", [*OWN_PAGES, "/mailbox/login/"])
def test_nothing_of_it_is_kept_by_a_browser(owner: Client, url: str) -> None:
    assert "no-store" in owner.get(url).headers["Cache-Control"]


# --- What an owner sees


def test_an_owner_sees_how_full_the_mailbox_is_and_what_to_set(
    owner: Client, mailbox: Mailbox, settings: Settings
) -> None:
    settings.MAIL_HOSTNAME, settings.MAIL_CLIENT_HOSTNAME = "mx.example.com", "mail.example.com"
    make_mailbox("ewa@przyklad.iq.pl")
    html = open_page(owner, "/mailbox/")
    assert "unknown, of 1,000 MB" in text_in(html)
    assert "mail.example.com, port 993, SSL/TLS" in text_in(html)
    assert "mx.example.com" not in html
    assert "ewa<wbr>@" not in html
    assert "ewa@" not in html
    MailUsage.objects.create(mailbox=mailbox, bytes_used=984 * MIB, messages=7)
    text = shown_text(owner)
    assert "984 of 1,000 MB" in text
    assert "A full mailbox receives no more messages." in text
    settings.MAIL_HOSTNAME = settings.MAIL_CLIENT_HOSTNAME = ""
    assert "IMAP" not in shown_text(owner)


# --- The password


def test_an_owner_changes_the_password(owner: Client, mailbox: Mailbox, ended: list[str]) -> None:
    other = signed_in()
    assert change_password(owner).headers["Location"] == "/mailbox/"
    mailbox.refresh_from_db()
    assert verify_password(NEW_PASSWORD, mailbox.password_hash)
    assert ended == [f"{ADDRESS} {mailbox.password_hash}"], "once, and after the new password was written"
    text = shown_text(owner)
    assert "Your password has been changed." in text
    assert "something for staff" not in text
    assert not is_in(other)
    assert try_to_sign_in(Client()).status_code == 200
    signed_in(password=NEW_PASSWORD)


def test_the_second_of_two_presses_is_told_to_sign_in_with_the_new_password(owner: Client, mailbox: Mailbox) -> None:
    session = owner.cookies["sessionid"].value
    change_password(owner)
    second = Client()
    second.cookies["sessionid"] = session  # the answer to the first press did not come in time
    response = change_password(second)
    assert response.headers["Location"] == "/mailbox/login/"
    assert "use the new one" in shown_text(second, "/mailbox/login/")


@pytest.mark.parametrize(
    ("old", "new", "again", "field", "message"),
    [
        ("wrong", NEW_PASSWORD, "", "password", "This is not the password of the mailbox."),
        ("", NEW_PASSWORD, "", "password", "The password is missing."),
        (MAILBOX_PASSWORD, "abc1", "", "new_password", "The password needs at least 6 characters."),
        (MAILBOX_PASSWORD, "zimazima", "", "new_password", "The password has no digit."),
        (MAILBOX_PASSWORD, NEW_PASSWORD, NEW_PASSWORD + "x", "repeated_password", "not the same as the new password"),
    ],
)
def test_a_faulty_change_is_explained_at_its_field(
    owner: Client, mailbox: Mailbox, ended: list[str], old: str, new: str, again: str, field: str, message: str
) -> None:
    response = change_password(owner, old, new, again)
    assert response.status_code == 200
    page = read_response(response)
    assert message in page.find(id=f"id_{field}_error").text
    (faulty,) = page.find_all(aria_invalid="true")
    assert faulty["name"] == field
    assert f"id_{field}_error" in faulty["aria-describedby"].split()
    for typed in {old, new, again} - {""}:
        assert not page.find_all(value=typed)
    assert Mailbox.objects.get().password_hash == mailbox.password_hash
    assert ended == []
    assert is_in(owner)


def test_everything_wrong_is_said_at_once(owner: Client) -> None:
    text = read_response(change_password(owner, "wrong", "abc")).text
    assert "This is not the password" in text
    assert "at least 6 characters" in text
    assert "not the same" not in text


def test_the_old_password_cannot_be_tried_for_ever(owner: Client) -> None:
    for _number in range(django_settings.AXES_FAILURE_LIMIT):
        response = change_password(owner, "wrong")
    assert response.status_code == 429
    assert change_password(owner).status_code == 429
    assert verify_password(MAILBOX_PASSWORD, Mailbox.objects.get().password_hash)


def test_outer_blanks_of_a_password_do_not_count(owner: Client) -> None:
    assert change_password(owner, f" {MAILBOX_PASSWORD} ", f"{NEW_PASSWORD} ", NEW_PASSWORD).status_code == 302
    signed_in(password=NEW_PASSWORD)


def test_a_password_that_changes_meanwhile_is_not_overwritten(
    owner: Client, monkeypatch: pytest.MonkeyPatch, ended: list[str]
) -> None:
    def slow_hash(password: str) -> str:
        mailbox = Mailbox.objects.get()
        new_hash = hash_password("SomebodyElse1")
        change_mailbox(mailbox_id=mailbox.pk, version=str(mailbox.version), password_hash=new_hash)
        return hash_password(password)

    monkeypatch.setattr(views, "hash_password", slow_hash)
    assert change_password(owner).headers["Location"] == "/mailbox/login/"
    assert verify_password("SomebodyElse1", Mailbox.objects.get().password_hash)
    assert ended == []


# --- The forward


def send_forward(owner: Client, changed: dict[str, str], follow: bool = False) -> Any:
    """Open the page of the forward, change its fields and send it."""
    form = form_in(owner.get("/mailbox/forward/").content.decode(), "/mailbox/forward/")
    fields = {name: values for name, values in form.fields.items() if name != "keep_copy"}
    return owner.post("/mailbox/forward/", {**fields, **changed}, follow=follow)


def test_an_owner_makes_changes_and_deletes_the_forward(owner: Client, mailbox: Mailbox) -> None:
    assert "are not passed on" in shown_text(owner)
    fields = {"destinations": "Szef@daleko.example\r\newa@żółw.pl", "keep_copy": "on"}
    assert send_forward(owner, fields).headers["Location"] == "/mailbox/"
    forward = Forward.objects.get()
    assert (forward.source, forward.destinations) == (ADDRESS, "szef@daleko.example ewa@xn--w-uga1v8h.pl")
    assert (forward.domain, forward.keep_copy, forward.is_active) == (mailbox.domain, True, True)
    text = shown_text(owner)
    assert "ewa@żółw.pl" in text
    assert "a copy stays in the mailbox" in text
    html = open_page(owner, "/mailbox/forward/")
    fields = form_in(html, "/mailbox/forward/").fields
    assert fields["destinations"][0].split() == ["szef@daleko.example", "ewa@żółw.pl"]
    assert "keep_copy" in fields
    assert "none stays" not in text_in(html)
    page = read_response(send_forward(owner, {"destinations": "szef@daleko.example"}, follow=True))
    assert "The forward has been saved. New messages are only passed on: none stays in this mailbox." in page.text
    assert (Forward.objects.get().pk, Forward.objects.get().keep_copy) == (forward.pk, False)
    send_forward(owner, {"destinations": "  "})
    assert not Forward.objects.exists()
    assert send_forward(owner, {"destinations": ""}).status_code == 302


def test_an_owner_does_not_learn_which_addresses_exist(owner: Client) -> None:
    signed_in_too = make_user(is_staff=True)
    owner.force_login(signed_in_too)
    signed_in(owner)
    make_mailbox("ewa@przyklad.iq.pl")
    make_mailbox("off@przyklad.iq.pl", is_active=False)
    pages = set()
    for name in ("ewa", "off", "nie"):
        address = f"{name}@przyklad.iq.pl"
        response = send_forward(owner, {"destinations": address}, follow=True)
        page = parse(response.content.decode().replace("<wbr>", "").replace(address, ""))
        for element in page.find_all(value=""):
            element.attributes["value"] = ""  # a token is another one each time
        pages.add(repr(page))
    assert len(pages) == 1


def test_only_the_own_forward_is_touched(owner: Client) -> None:
    other = make_forward("ewa@przyklad.iq.pl", "daleko@firma.example")
    send_forward(owner, {"destinations": "szef@firma.example", "source": other.source})
    send_forward(owner, {"destinations": "", "source": other.source})
    assert list(Forward.objects.values_list("source", "destinations")) == [(other.source, other.destinations)]


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        (ADDRESS, f"“{ADDRESS}” would forward to itself."),
        ("ewa@przyklad.iq.pl", f"Messages to “{ADDRESS}” would go round in a circle and reach nobody."),
        ("a@b,example", "“a@b,example” has a comma in it."),
        ("nobody", "Address 1 of this forward is not an e-mail address."),
        (" ".join(f"a{number}@b.example" for number in range(21)), "A forward can have at most 20 addresses."),
    ],
)
def test_a_forward_that_may_not_be_is_refused_in_the_words_of_the_panel(
    owner: Client, typed: str, message: str
) -> None:
    make_forward("ewa@przyklad.iq.pl", ADDRESS)
    response = send_forward(owner, {"destinations": typed})
    assert response.status_code == 200
    page = read_response(response)
    assert message in page.find(id="id_destinations_error").text
    textarea = page.find("textarea")
    assert textarea.text == typed
    assert textarea["aria-describedby"] == "id_destinations_helptext id_destinations_error"
    assert Forward.objects.count() == 1


def test_a_circle_that_keeps_a_copy_is_allowed(owner: Client) -> None:
    make_forward("ewa@przyklad.iq.pl", ADDRESS)
    fields = {"destinations": "ewa@przyklad.iq.pl", "keep_copy": "on"}
    assert send_forward(owner, fields).status_code == 302


def test_a_forward_that_others_switched_off_stays_so(owner: Client) -> None:
    forward = make_forward(ADDRESS, "szef@firma.example", is_active=False)
    assert "switched off by whoever manages your mailbox" in shown_text(owner)
    for response in (owner.get("/mailbox/forward/"), owner.post("/mailbox/forward/", {"destinations": ""})):
        assert response.status_code == 404
    assert Forward.objects.get() == forward


# --- The settings


def test_without_the_setting_there_is_no_such_page(owner: Client, settings: Settings) -> None:
    panel = Client()
    assert read_page(panel, "/login/").find_all("a", href="/mailbox/login/")
    settings.MAILBOX_OWNER_PAGE = False
    for name in ("owner_home", "owner_login", "owner_password", "owner_forward"):
        assert owner.get(reverse(name)).status_code == 404
    for url in ("/mailbox/login/", "/mailbox/logout/", "/mailbox/password/", "/mailbox/forward/"):
        assert owner.post(url, {"address": ADDRESS, "password": MAILBOX_PASSWORD}).status_code == 404
    assert "/mailbox/" not in open_page(panel, "/login/")


def test_an_old_page_takes_no_other_change_of_the_forward_away_in_silence(owner: Client) -> None:
    page = "/mailbox/forward/"
    first = {**form_in(open_page(owner, page), page).fields, "destinations": "szef@daleko.example"}
    for _press in range(2):
        assert owner.post(page, first).headers["Location"] == "/mailbox/"
    other = {**first, "destinations": "ewa@daleko.example", "keep_copy": "on"}
    html = owner.post(page, other).content.decode()
    assert "This forward has been changed meanwhile" in html
    assert "ewa@daleko.example</textarea>" in html
    assert Forward.objects.get().destinations == "szef@daleko.example"
    for destinations in ("ewa@daleko.example", ""):
        last = {**form_in(open_page(owner, page), page).fields, "destinations": destinations}
        for _press in range(2):
            assert owner.post(page, last).headers["Location"] == "/mailbox/"
    assert not Forward.objects.exists()
    late = {**other, "shown_version": form_in(html, page).fields["shown_version"]}
    assert owner.post(page, late).status_code == 200, "it was deleted"
    assert owner.post(page, {"destinations": "x@daleko.example"}).status_code == 200, "no page has sent that"
    assert not Forward.objects.exists()


def test_without_its_setting_the_forward_is_only_shown(owner: Client, settings: Settings) -> None:
    settings.MAILBOX_OWNER_FORWARD = False
    assert "Forward" not in open_page(owner, "/mailbox/")
    make_forward(ADDRESS, "szef@firma.example")
    html = open_page(owner, "/mailbox/")
    assert "szef@firma.example" in text_in(html)
    assert "/mailbox/forward/" not in html
    assert owner.get("/mailbox/forward/").status_code == 404
    assert owner.post("/mailbox/forward/", {"destinations": "a@b.example"}).status_code == 404
    assert Forward.objects.get().destinations == "szef@firma.example"
