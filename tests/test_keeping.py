"""What was typed survives a language switch, an ended session, a page that is too old and too many wrong passwords."""

import re
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest
from axes.models import AccessAttempt
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from accounts.models import Forward, Mailbox
from bulkimport.models import Import
from bulkimport.rows import Field
from tests.factories import LOGIN_PASSWORD, MAILBOX_PASSWORD, make_forward, make_mailbox
from tests.reading import typed_into

pytestmark = pytest.mark.django_db

LIST = "E-mail;Hasło\njan@przyklad.iq.pl;zima\n"
SIGN_IN = {"username": "anna", "password": LOGIN_PASSWORD}


@pytest.fixture
def strict(customer: User) -> Client:
    """A signed-in client whose forms are checked for where they come from, as a browser's are."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(customer)
    return client


def fields_of(html: str) -> dict[str, str]:
    """Return the hidden fields of a page that has one form to send."""
    tags = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', html)
    return {name: unescape(value) for name, value in tags}


def form_token(client: Client, url: str = "/imports/new/") -> str:
    return fields_of(client.get(url).content.decode())["csrfmiddlewaretoken"]


def upload(client: Client, token: str) -> str:
    file = SimpleUploadedFile("lista.csv", LIST.encode())
    fields = {"file": file, "action": "check", "csrfmiddlewaretoken": token}
    return str(client.post("/imports/new/", fields).headers["Location"])


def stored() -> str:
    return typed_into(Import.objects.get()).get(2, {}).get(Field.PASSWORD, "")


def test_a_language_switch_on_the_page_of_a_list_stores_what_was_typed(strict: Client) -> None:
    token = form_token(strict)
    url = upload(strict, token)
    fields = {"csrfmiddlewaretoken": token, "2-password": "zima2024", "2-password-was": "zima", "language": "pl"}
    response = strict.post(url, {**fields, "next": f"{url}?rows=all"})
    assert response.headers["Location"] == f"{url}?rows=all"
    assert '<html lang="pl"' in strict.get(url).content.decode()
    assert stored() == "zima2024"


def test_what_was_typed_before_the_session_ended_is_sent_after_signing_in(strict: Client) -> None:
    token = form_token(strict)
    url = upload(strict, token)
    strict.cookies.pop("sessionid")
    typed = {"2-password": 'zi"ma<2024', "2-password-was": "zima", "action": "check"}
    asked = strict.post(url, {**typed, "csrfmiddlewaretoken": token}).content.decode()
    assert stored() == ""
    carried = fields_of(asked)
    wrong = strict.post("/login/", {**carried, **SIGN_IN, "password": "wrong"}).content.decode()
    assert fields_of(wrong)["kept"] == carried["kept"]
    response = strict.post("/login/", {**fields_of(wrong), **SIGN_IN})
    offered = response.content.decode()
    assert "no-store" in response.headers["Cache-Control"]
    assert f'action="{url}"' in offered
    assert strict.post(url, fields_of(offered)).status_code == 302
    assert stored() == 'zi"ma<2024'


def test_a_page_older_than_the_last_sign_in_is_sent_once_more(strict: Client) -> None:
    url = upload(strict, form_token(strict))
    typed = {"2-password": "zima2024", "2-password-was": "zima", "action": "check", "csrfmiddlewaretoken": "x" * 64}
    response = strict.post(url, typed, headers={"origin": "http://testserver"})
    assert response.status_code == 403
    assert stored() == ""
    assert strict.post(url, fields_of(response.content.decode())).status_code == 302
    assert stored() == "zima2024"


def test_another_site_gets_no_offer_to_send_its_form(strict: Client) -> None:
    url = upload(strict, form_token(strict))
    for origin in ({"origin": "https://elsewhere.example"}, {"origin": "null"}, {}):
        response = strict.post(url, {"2-password": "zima2024", "action": "create"}, headers=origin)
        assert response.status_code == 403
        assert "zima2024" not in response.content.decode()


@pytest.mark.parametrize("path", ["https://elsewhere.example/", "//elsewhere.example/", "javascript:alert(1)"])
def test_a_form_is_offered_for_the_panels_own_pages_only(client: Client, customer: User, path: str) -> None:
    kept = f'{{"path": "{path}", "fields": [], "had_file": false}}'
    assert client.post("/login/", {**SIGN_IN, "kept": kept}).headers["Location"] == "/"


@pytest.mark.parametrize("kept", ["", "{", "[]", "null", '{"path": "/", "fields": [[1]], "had_file": 0}'])
def test_what_is_not_a_kept_form_does_no_harm(client: Client, customer: User, kept: str) -> None:
    assert client.post("/login/", {**SIGN_IN, "kept": kept}).headers["Location"] == "/"


def test_a_file_is_chosen_again_and_the_rest_of_its_form_is_kept(client: Client, customer: User) -> None:
    file = SimpleUploadedFile("lista.csv", LIST.encode())
    asked = client.post("/imports/new/", {"file": file, "default_quota_mb": "750", "action": "check"})
    offered = client.post("/login/", {**fields_of(asked.content.decode()), **SIGN_IN}).content.decode()
    assert "The file could not be kept." in offered
    html = client.post("/imports/new/", fields_of(offered)).content.decode()
    assert "Choose a file first." in html
    assert 'value="750"' in html


def test_pressing_sign_in_twice_signs_in(strict: Client) -> None:
    """The first press makes a new token; the second comes with the old one."""
    again = strict.post(
        "/login/", {**SIGN_IN, "csrfmiddlewaretoken": "x" * 64}, headers={"origin": "http://testserver"}
    )
    assert again.headers["Location"] == "/"
    assert strict.get("/login/").headers["Location"] == "/"


def test_signed_in_meanwhile_in_another_tab_the_form_is_still_offered(strict: Client) -> None:
    kept = '{"path": "/imports/new/", "fields": [["default_quota_mb", "750"]], "had_file": false}'
    fields = {**SIGN_IN, "kept": kept, "csrfmiddlewaretoken": "x" * 64}
    response = strict.post("/login/", fields, headers={"origin": "http://testserver"})
    assert 'value="750"' in response.content.decode()


def test_another_site_gets_no_offer_through_the_page_to_sign_in(strict: Client) -> None:
    kept = '{"path": "/imports/new/", "fields": [["default_quota_mb", "750"]], "had_file": false}'
    for origin in ({"origin": "https://elsewhere.example"}, {"origin": "null"}, {}):
        response = strict.post("/login/", {"kept": kept}, headers=origin)
        assert response.status_code == 403
        assert "750" not in response.content.decode()


# --- Another language

BOXES = {"generates", "keep_copy", "is_active"}
FORM_PAGES: dict[str, dict[str, str]] = {
    "/imports/new/": {"default_quota_mb": "75x", "action": "create"},
    "/mailboxes/new/": {
        "email": "ewa@przyklad.iq.pl",
        "password": "Tajne123",
        "quota": "75x",
        "forward": "szef@daleko.example",
        "keep_copy": "on",
        "token": "t" * 32,
    },
    "/mailboxes/1/": {"quota": "77", "password": "Tajne123", "forward": "szef@daleko.example", "generates": "on"},
    "/forwards/new/": {"source": "info@przyklad.iq.pl", "destinations": "szef@daleko.example", "is_active": "on"},
    "/forwards/1/": {"destinations": "szef@daleko.example", "keep_copy": "on"},
    "/mailboxes/selected/quota/?select=1&select=2": {"quota": "77"},
    "/mailboxes/selected/delete/?select=1&select=2": {"typed": "2"},
    "/mailbox/forward/": {"destinations": "szef@daleko.example", "keep_copy": "on"},
}
PAGES_WITHOUT = ["/", "/help/", "/mail-settings/", "/mailboxes/selected/passwords/?select=1"]


@pytest.fixture
def filled(strict: Client) -> Client:
    """The client of somebody who owns a mailbox too, where every page with a form has something to change."""
    make_mailbox("jan@przyklad.iq.pl", pk=1)
    make_mailbox("adam@przyklad.iq.pl", pk=2)
    make_forward("kontakt@przyklad.iq.pl", "jan@przyklad.iq.pl", pk=1)
    fields = {"address": "jan@przyklad.iq.pl", "password": MAILBOX_PASSWORD}
    token = form_token(strict, "/mailbox/login/")
    assert strict.post("/mailbox/login/", {**fields, "csrfmiddlewaretoken": token}).headers["Location"] == "/mailbox/"
    return strict


def everything() -> list[Any]:
    return [list(model.objects.order_by("pk").values()) for model in (Mailbox, Forward, Import)]


def shown_fields(html: str) -> dict[str, str]:
    """Return what stands in the form that a switch of the language sends, of its boxes those that are ticked."""
    form = html.partition('id="kept"')[2].partition("</form>")[0]
    fields = dict(re.findall(r'<textarea name="(\w+)"[^>]*>([^<]*)</textarea>', form))
    for tag in re.findall(r"<input[^>]*>", form):
        attributes = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if attributes.get("type") != "checkbox" or " checked" in tag:
            fields[attributes["name"]] = attributes.get("value", "")
    return {name: unescape(text).strip() for name, text in fields.items()}


@pytest.mark.parametrize("path", FORM_PAGES)
def test_a_language_switch_brings_the_page_back_as_it_was_typed_and_does_nothing(filled: Client, path: str) -> None:
    before, typed = everything(), FORM_PAGES[path]
    html = filled.get(path).content.decode()
    assert 'form="kept"' in html
    unticked = {name: text for name, text in shown_fields(html).items() if name not in BOXES}
    sent = {**unticked, **typed, "language": "pl"}
    response = filled.post(path, urlencode(sent), content_type="application/x-www-form-urlencoded")
    html = response.content.decode()
    assert response.status_code == 200
    assert '<html lang="pl"' in html
    assert "no-store" in response.headers["Cache-Control"]
    shown = shown_fields(html)
    assert shown.keys() & BOXES == typed.keys() & BOXES
    for name in typed.keys() - BOXES - {"password", "action"}:
        assert shown[name] == typed[name]
    assert "Tajne123" not in html
    assert "aria-invalid" not in html, "nobody has asked yet whether it is right"
    assert everything() == before
    assert '<html lang="pl"' in filled.get("/").content.decode()


@pytest.mark.parametrize("path", [*PAGES_WITHOUT, *FORM_PAGES])
def test_what_switches_the_language_belongs_to_a_form_of_the_page(filled: Client, path: str) -> None:
    html = filled.get(path).content.decode()
    assert 'name="language"' in html
    assert all(f'id="{name}"' in html for name in re.findall(r'form="(\w+)"', html))


def test_a_language_that_there_is_not_changes_nothing_either(filled: Client) -> None:
    before, path = everything(), "/mailboxes/selected/delete/?select=1&select=2"
    fields = {**shown_fields(filled.get(path).content.decode()), "typed": "2", "language": "xx"}
    assert '<html lang="en"' in filled.post(path, fields).content.decode()
    assert everything() == before


def test_another_site_cannot_switch_the_language_or_fill_in_a_form(filled: Client) -> None:
    fields = {"source": "info@przyklad.iq.pl", "destinations": "zly@elsewhere.example", "language": "pl"}
    response = filled.post("/forwards/new/", fields, headers={"origin": "https://elsewhere.example"})
    assert response.status_code == 403
    assert "zly@" not in response.content.decode()
    assert '<html lang="en"' in filled.get("/").content.decode()


def test_a_language_switch_after_the_session_has_ended_comes_true_after_signing_in(filled: Client) -> None:
    path, token = "/mailboxes/new/", form_token(filled)
    filled.cookies.pop("sessionid")
    typed = {"email": "ewa@przyklad.iq.pl", "language": "pl", "csrfmiddlewaretoken": token}
    asked = fields_of(filled.post(path, typed).content.decode())
    offered = fields_of(filled.post("/login/", {**asked, **SIGN_IN}).content.decode())
    html = filled.post(path, offered).content.decode()
    assert '<html lang="pl"' in html
    assert shown_fields(html)["email"] == "ewa@przyklad.iq.pl"
    assert not Mailbox.objects.filter(address="ewa@przyklad.iq.pl").exists()


def test_a_file_has_to_be_chosen_again_after_a_language_switch(filled: Client) -> None:
    html = filled.get("/imports/new/").content.decode()
    assert 'formenctype="application/x-www-form-urlencoded"' in html
    fields = {**shown_fields(html), "file": "lista.csv", "language": "en"}
    html = filled.post("/imports/new/", fields).content.decode()
    assert "The file could not be kept. Choose it once more." in html
    html = filled.post("/imports/new/", {**fields, "file": ""}).content.decode()
    assert "could not be kept" not in html


@pytest.mark.parametrize(("path", "name"), [("/login/?next=/imports/", "username"), ("/mailbox/login/", "address")])
def test_what_was_typed_to_sign_in_is_kept_in_another_language(customer: User, path: str, name: str) -> None:
    make_mailbox("jan@przyklad.iq.pl")
    client = Client()
    html = client.get(path).content.decode()
    assert 'form="kept"' in html
    typed = {"username": SIGN_IN, "address": {"address": "jan@przyklad.iq.pl", "password": MAILBOX_PASSWORD}}[name]
    html = client.post(path.partition("?")[0], {**shown_fields(html), **typed, "language": "pl"}).content.decode()
    assert '<html lang="pl"' in html
    assert shown_fields(html)[name] == typed[name]
    assert 'id="wrong"' not in html
    assert shown_fields(html)["password"] == ""
    assert not client.session.keys(), "nobody is signed in by it, and no try is counted"
    assert not AccessAttempt.objects.exists()
    if name == "username":
        assert client.post("/login/", {**shown_fields(html), **typed}).headers["Location"] == "/imports/"


def test_an_address_to_show_settings_for_is_kept_in_another_language(client: Client, settings: Settings) -> None:
    settings.MAIL_HOSTNAME = "poczta.example"
    assert 'form="look"' in client.get("/mail-settings/").content.decode()
    response = client.get("/mail-settings/", {"address": "Jan@Żółw.pl", "language": "pl"})
    assert response.headers["Location"] == "/mail-settings/?address=Jan%40%C5%BB%C3%B3%C5%82w.pl"
    html = client.get(response.headers["Location"]).content.decode()
    assert '<html lang="pl"' in html
    assert 'value="Jan@Żółw.pl"' in html
    response = client.get("/mail-settings/", {"address": "", "language": "en"}, follow=True)
    assert "is missing" not in response.content.decode()
    assert '<html lang="en"' in response.content.decode()


# --- Signing in that is stopped for a while


def test_what_was_typed_is_still_there_when_signing_in_was_stopped_for_a_while(strict: Client) -> None:
    token = form_token(strict)
    url = upload(strict, token)
    strict.cookies.pop("sessionid")
    typed = {"2-password": 'zi"ma<2024', "2-password-was": "zima", "action": "check", "csrfmiddlewaretoken": token}
    asked = fields_of(strict.post(url, typed).content.decode())
    for _attempt in range(django_settings.AXES_FAILURE_LIMIT):
        response = strict.post("/login/", {**asked, **SIGN_IN, "password": "wrong"})
    assert response.status_code == 429
    assert "no-store" in response.headers["Cache-Control"]
    locked = response.content.decode()
    assert 'name="language"' not in locked, "a switch would lose it"
    assert fields_of(locked)["kept"] == asked["kept"]
    back = strict.post("/login/", fields_of(locked)).content.decode()
    assert "You are not signed in" not in back
    assert 'aria-describedby="wrong"' not in back
    AccessAttempt.objects.all().delete()  # as time does
    offered = strict.post("/login/", {**fields_of(back), **SIGN_IN}).content.decode()
    assert strict.post(url, fields_of(offered)).status_code == 302
    assert stored() == 'zi"ma<2024'


def test_where_nothing_was_kept_a_stopped_sign_in_has_only_a_link_back(client: Client, customer: User) -> None:
    for _attempt in range(django_settings.AXES_FAILURE_LIMIT):
        locked = client.post("/login/", {**SIGN_IN, "password": "wrong"}).content.decode()
    assert "Wait 15 minutes" in locked
    assert 'href="/login/"' in locked
    assert 'name="kept"' not in locked
    assert 'name="language"' in locked
