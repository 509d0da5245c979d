"""What was typed survives an ended session, a page that is too old and too many wrong passwords."""

from html import escape
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.conf import settings as django_settings
from django.contrib import admin
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import Mailbox
from bulkimport.models import Import
from bulkimport.rows import Field
from mailpanel.keeping import LEFT_OUT, PASSWORD_PAGES, is_secret
from tests.factories import (
    LOGIN_PASSWORD,
    MAILBOX_PASSWORD,
    make_checked_import,
    make_client,
    make_domain,
    make_mailbox,
    make_user,
)
from tests.pages import form_in, forms_in, parse
from tests.reading import typed_into
from tests.scenes import FAULTY, HEADER, OWNER, UNEVEN, mailbox_pages, make_customer, make_imports

pytestmark = pytest.mark.django_db

LIST = "E-mail;Hasło\njan.przyklad.iq.pl;Zima2024\n"
TYPED = {"2-email": 'ja"n<@przyklad.iq.pl', "2-email-was": "jan.przyklad.iq.pl", "action": "check"}
SIGN_IN = {"username": "anna", "password": LOGIN_PASSWORD}


@pytest.fixture
def strict(customer: User) -> Client:
    """A signed-in client whose forms are checked for where they come from, as a browser's are."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(customer)
    return client


def hidden_fields(html: str) -> dict[str, str]:
    """Return the hidden fields of a page that has one form to send."""
    return {hidden["name"]: hidden["value"] for hidden in parse(html).find_all("input", type="hidden")}


def form_token(client: Client, url: str = "/imports/new/") -> str:
    return hidden_fields(client.get(url).content.decode())["csrfmiddlewaretoken"]


def upload(client: Client, token: str) -> str:
    file = SimpleUploadedFile("lista.csv", LIST.encode())
    fields = {"file": file, "action": "check", "csrfmiddlewaretoken": token}
    return str(client.post("/imports/new/", fields).headers["Location"])


def stored() -> str:
    return typed_into(Import.objects.get()).get(2, {}).get(Field.EMAIL, "")


def test_what_was_typed_before_the_session_ended_is_sent_after_signing_in(strict: Client) -> None:
    token = form_token(strict)
    url = upload(strict, token)
    strict.cookies.pop("sessionid")
    asked = strict.post(url, {**TYPED, "csrfmiddlewaretoken": token}).content.decode()
    assert stored() == ""
    carried = hidden_fields(asked)
    wrong = strict.post("/login/", {**carried, **SIGN_IN, "password": "wrong"}).content.decode()
    assert hidden_fields(wrong)["kept"] == carried["kept"]
    response = strict.post("/login/", {**hidden_fields(wrong), **SIGN_IN})
    offered = response.content.decode()
    assert "no-store" in response.headers["Cache-Control"]
    assert f'action="{url}"' in offered
    assert strict.post(url, hidden_fields(offered)).status_code == 302
    assert stored() == TYPED["2-email"]


def test_a_page_older_than_the_last_sign_in_is_sent_once_more(strict: Client) -> None:
    url = upload(strict, form_token(strict))
    typed = {**TYPED, "csrfmiddlewaretoken": "x" * 64}
    response = strict.post(url, typed, headers={"origin": "http://testserver"})
    assert response.status_code == 403
    assert stored() == ""
    assert strict.post(url, hidden_fields(response.content.decode())).status_code == 302
    assert stored() == TYPED["2-email"]


def test_another_site_gets_no_offer_to_send_its_form(strict: Client) -> None:
    url = upload(strict, form_token(strict))
    for origin in ({"origin": "https://elsewhere.example"}, {"origin": "null"}, {}):
        response = strict.post(url, {"2-email": "typed@przyklad.iq.pl", "action": "create"}, headers=origin)
        assert response.status_code == 403
        assert "typed@" not in response.content.decode()


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
    offered = client.post("/login/", {**hidden_fields(asked.content.decode()), **SIGN_IN}).content.decode()
    assert "The file could not be kept." in offered
    html = client.post("/imports/new/", hidden_fields(offered)).content.decode()
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


# --- Passwords

ORIGIN = {"origin": "http://testserver"}


def pages_with_forms() -> list[tuple[Client, str]]:
    """Return every page that has something to fill in, with a client who may open it."""
    customer = make_customer()
    imports = make_imports(customer)
    faulty = make_checked_import(customer, HEADER + FAULTY + UNEVEN).get_absolute_url()
    addresses = [*imports.values(), faulty, f"{faulty}columns/", *mailbox_pages().values()]
    addresses += ["/", "/mailboxes/new/", "/forwards/new/", "/imports/new/", "/links/"]
    pages = [(make_client(customer), address) for address in addresses]
    staff = make_client(make_user("staff", is_staff=True))
    staff.post("/mailbox/login/", {"address": OWNER, "password": MAILBOX_PASSWORD})
    addresses = ["/mailbox/", "/mailbox/forward/", "/mailbox/password/", "/mailboxes/new/", "/imports/new/"]
    addresses += [reverse("admin:password_change"), reverse("admin:auth_user_password_change", args=[customer.pk])]
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        found = [reverse(f"{name}_change", args=[record.pk]) for record in model._default_manager.all()[:1]]
        addresses += [reverse(f"{name}_changelist"), reverse(f"{name}_add"), *found]
    pages += [(staff, address) for address in addresses]
    return [*pages, (Client(), "/login/"), (Client(), "/admin/login/"), (Client(), "/mailbox/login/")]


def test_no_password_of_any_form_is_kept_and_everything_else_is() -> None:
    stranger, secrets = Client(enforce_csrf_checks=True), set()
    for client, address in pages_with_forms():
        for form in forms_in(client.get(address).content.decode()):
            if form.method != "post":
                continue
            action = address if form.action.startswith("?") else form.action or address
            inputs = [
                each for each in form.inputs if each["name"] != "csrfmiddlewaretoken" and each.get("type") != "file"
            ]
            marked = {each["name"] for each in inputs if each.get("type") == "password" or "data-secret" in each}
            fields = {each["name"]: f"Typed{number}<" for number, each in enumerate(inputs)}
            assert {name for name in fields if is_secret(name)} == marked, (address, action)
            if action == reverse("set_language"):  # which needs no token
                continue
            html = stranger.post(action, fields, headers=ORIGIN).content.decode()
            kept = hidden_fields(html)
            assert all(escape(fields[name]) not in html for name in marked), (address, action)
            if action.partition("?")[0] not in map(reverse, PASSWORD_PAGES):
                assert fields.items() - kept.items() == {(name, fields[name]) for name in marked}, (address, action)
            secrets |= marked
    names = {name.lstrip("0123456789-") for name in secrets}
    assert names == {
        *("password", "password-was", "new_password", "repeated_password"),
        *("password1", "password2", "old_password", "new_password1", "new_password2"),
    }


@pytest.fixture
def staff() -> Client:
    make_user("staff", is_staff=True)
    make_mailbox("jan@przyklad.iq.pl", pk=1)
    make_domain("firma.example")
    return Client()


FORMS: dict[str, dict[str, str]] = {
    "/mailboxes/new/": {"email": "ewa@firma.example", "password": "Tajne123"},
    "/mailboxes/1/": {"password": "Tajne123", "quota": "77", "is_active": "on"},
    "/admin/accounts/mailbox/add/": {"email": "ewa@firma.example", "password": "Tajne123"},
    "/admin/accounts/mailbox/1/change/": {"new_password": "Tajne123", "quota_mb": "77", "is_active": "on"},
    "/admin/auth/user/add/": {"username": "ewa", "password1": "Tajne123", "password2": "Tajne123"},
    "/admin/password_change/": {
        "old_password": LOGIN_PASSWORD,
        "new_password1": "Tajne123",
        "new_password2": "Tajne123",
    },
}


def everything() -> list[Any]:
    facts = (
        Mailbox.objects.values("address", "quota_mb", "password_hash"),
        User.objects.values("username", "password"),
    )
    return [list(each) for each in facts]


@pytest.mark.parametrize("path", FORMS)
def test_a_form_without_its_password_does_nothing_and_asks_for_it(staff: Client, path: str) -> None:
    before = everything()
    asked = staff.post(path, FORMS[path]).content.decode()
    offered = staff.post("/login/", {**hidden_fields(asked), "username": "staff", "password": LOGIN_PASSWORD})
    assert "Tajne" not in asked + offered.content.decode()
    assert "Passwords are not kept. The next page asks for them once more." in offered.content.decode()
    response = staff.post(path, hidden_fields(offered.content.decode()))
    assert response.status_code == 200
    html = response.content.decode()
    assert all(
        f'value="{text}"' in html for name, text in FORMS[path].items() if name in ("email", "username", "quota")
    )
    assert everything() == before


def test_a_list_is_not_created_with_another_password_than_was_typed(client: Client, customer: User) -> None:
    url = make_checked_import(customer, "E-mail;Hasło\nola@przyklad.iq.pl;qwerty1\njan@przyklad.iq.pl;qwerty1\n")
    typed = {
        "2-password": "Tajne123",
        "2-password-was": "qwerty1",
        "3-password": "qwerty1",
        "3-password-was": "qwerty1",
    }
    asked = client.post(url.get_absolute_url(), {**typed, "version": str(url.version), "action": "create"})
    offered = client.post("/login/", {**hidden_fields(asked.content.decode()), **SIGN_IN}).content.decode()
    assert "qwerty1" not in asked.content.decode() + offered
    html = client.post(url.get_absolute_url(), hidden_fields(offered), follow=True).content.decode()
    assert "1 row needs you" in html
    assert typed_into(Import.objects.get()) == {2: {Field.PASSWORD: LEFT_OUT}}
    assert not Mailbox.objects.exists()


def test_where_no_password_was_typed_nothing_is_said_of_it(client: Client, customer: User) -> None:
    asked = client.post("/mailboxes/new/", {"email": "ewa@przyklad.iq.pl", "password": ""}).content.decode()
    offered = client.post("/login/", {**hidden_fields(asked), **SIGN_IN}).content.decode()
    assert "Passwords are not kept" not in offered
    client.post("/mailboxes/new/", hidden_fields(offered))
    assert Mailbox.objects.get().address == "ewa@przyklad.iq.pl"


def test_a_password_that_an_older_page_has_carried_along_goes_no_further(client: Client, customer: User) -> None:
    fields = '[["password", "Tajne123"], ["pasted", "ola;Tajne123"]]'
    kept = f'{{"path": "/mailboxes/new/", "fields": {fields}, "had_file": false}}'
    assert "Tajne" not in client.post("/login/", {**SIGN_IN, "kept": kept}).content.decode()


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
    asked = hidden_fields(strict.post(url, {**TYPED, "csrfmiddlewaretoken": token}).content.decode())
    for _attempt in range(django_settings.AXES_FAILURE_LIMIT):
        response = strict.post("/login/", {**asked, **SIGN_IN, "password": "wrong"})
    assert response.status_code == 429
    assert "no-store" in response.headers["Cache-Control"]
    locked = response.content.decode()
    assert hidden_fields(locked)["kept"] == asked["kept"]
    back = strict.post("/login/", hidden_fields(locked)).content.decode()
    assert "You are not signed in" not in back
    assert 'aria-describedby="wrong"' not in back
    AccessAttempt.objects.all().delete()  # as time does
    offered = strict.post("/login/", {**hidden_fields(back), **SIGN_IN}).content.decode()
    assert strict.post(url, hidden_fields(offered)).status_code == 302
    assert stored() == TYPED["2-email"]


def test_where_nothing_was_kept_a_stopped_sign_in_has_only_a_link_back(client: Client, customer: User) -> None:
    for _attempt in range(django_settings.AXES_FAILURE_LIMIT):
        locked = client.post("/login/", {**SIGN_IN, "password": "wrong"}).content.decode()
    assert "Wait 15 minutes" in locked
    assert 'href="/login/"' in locked
    assert 'name="kept"' not in locked
