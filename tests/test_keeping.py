"""What was typed survives a language switch, an ended session and a page older than the last sign-in."""

import re
from html import unescape

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from bulkimport.models import Import
from bulkimport.rows import Field
from bulkimport.services.checking import corrections_of
from tests.factories import LOGIN_PASSWORD, make_domain, make_user

pytestmark = pytest.mark.django_db

LIST = "E-mail;Hasło\njan@przyklad.iq.pl;zima\n"
SIGN_IN = {"username": "anna", "password": LOGIN_PASSWORD}


@pytest.fixture
def customer() -> User:
    customer = make_user("anna")
    make_domain("przyklad.iq.pl", [customer])
    return customer


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
    return corrections_of(Import.objects.get()).get(2, {}).get(Field.PASSWORD, "")


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
