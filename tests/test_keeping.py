"""What was typed survives an ended session, a page that is too old and too many wrong passwords."""

import re
from html import unescape

import pytest
from axes.models import AccessAttempt
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from bulkimport.models import Import
from bulkimport.rows import Field
from tests.factories import LOGIN_PASSWORD
from tests.pages import form_in
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


@pytest.mark.parametrize(
    "path", ["/", "/help/", "/login/?next=/imports/", "/mailbox/login/", "/mailboxes/?q=jan&page=1"]
)
def test_another_language_comes_back_to_the_same_page(client: Client, customer: User, path: str) -> None:
    if "login" not in path:
        client.force_login(customer)
    switch = form_in(client.get(path).content.decode(), "/language/")
    assert ("language", "pl") in switch.buttons
    response = client.post("/language/", {**switch.fields, "language": "pl"})
    assert response.headers["Location"] == path
    assert '<html lang="pl"' in client.get(path).content.decode()


def test_another_language_leads_to_no_other_site(client: Client) -> None:
    response = client.post("/language/", {"next": "https://elsewhere.example/", "language": "pl"})
    assert response.headers["Location"] == "/"


def test_the_page_of_a_link_can_be_switched_although_it_sends_no_origin(strict: Client) -> None:
    response = strict.post("/language/", {"next": "/handout/", "language": "pl"}, headers={"origin": "null"})
    assert response.headers["Location"] == "/handout/"


def test_the_answer_to_a_form_cannot_be_asked_for_again_so_it_has_no_switch(client: Client, customer: User) -> None:
    kept = '{"path": "/imports/new/", "fields": [["default_quota_mb", "750"]], "had_file": false}'
    for fields in ({**SIGN_IN, "kept": kept}, {**SIGN_IN, "kept": kept, "password": "wrong"}):
        response = client.post("/login/", fields)
        assert "750" in response.content.decode()
        assert 'name="language"' not in response.content.decode()


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
