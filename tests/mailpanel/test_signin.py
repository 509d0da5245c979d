"""Signing in to the panel: who has to, what the protection is told, and what it does with odd tries."""

import uuid

import pytest
from django.contrib.auth.models import User
from django.test import Client, RequestFactory
from pytest_django import Settings

from mailpanel.signin import LONGEST_LOGIN, client_ip, username
from tests.factories import LOGIN_PASSWORD, make_user

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("behind_proxy", "header", "expected"),
    [
        (False, "1.2.3.4", "10.0.0.1"),
        (True, "", "10.0.0.1"),
        (True, "9.9.9.9, 1.2.3.4", "1.2.3.4"),
        (True, "1.2.3.4:555", "1.2.3.4"),
        (True, "2001:db8::1", "2001:db8::"),
        (True, "[2001:db8::1]:555", "2001:db8::"),
        (True, "[2001:db8::1]", "2001:db8::"),
        (True, "1.2.3.4, foo", "10.0.0.1"),
    ],
)
def test_the_client_is_whom_the_nearest_proxy_saw(
    settings: Settings, behind_proxy: bool, header: str, expected: str
) -> None:
    settings.BEHIND_PROXY = behind_proxy
    headers = {"x-forwarded-for": header} if header else {}
    assert client_ip(RequestFactory().get("/", headers=headers, REMOTE_ADDR="10.0.0.1")) == expected


def test_a_login_is_cut_where_none_is_longer() -> None:
    assert username(None, {"username": "x" * 1000}) == "x" * LONGEST_LOGIN
    assert username(RequestFactory().post("/", {"username": "anna"})) == "anna"
    assert username(None) == ""


@pytest.mark.parametrize("path", ["/login/", "/admin/login/"])
def test_odd_tries_to_sign_in_are_refused_and_break_nothing(client: Client, settings: Settings, path: str) -> None:
    settings.BEHIND_PROXY = True
    for name in ("x" * 5000, "nul\x00", ""):
        fields = {"username": name, "password": "wrong"}
        response = client.post(path, fields, headers={"x-forwarded-for": "not an address"})
        assert response.status_code == 200


@pytest.mark.parametrize("charset", ["utf-16", "utf8", "us-ascii"])
def test_a_form_in_another_encoding_is_refused_with_words(client: Client, charset: str) -> None:
    client.cookies["csrftoken"] = "x" * 32
    kind = f"application/x-www-form-urlencoded; charset={charset}"
    response = client.post("/login/", b"username=x", content_type=kind)
    assert response.status_code == 400
    assert b"Mailpanel" in response.content
    assert set(response.headers["Content-Security-Policy"].split("; ")) == {
        "default-src 'self'",
        *(f"{name} 'none'" for name in ("base-uri", "frame-ancestors", "object-src")),
        "form-action 'self'",
    }


@pytest.mark.parametrize("address", ["abc", "admin:index", "//evil.example", "."])
def test_whoever_is_signed_in_already_goes_on_wherever_that_is(client: Client, address: str) -> None:
    client.force_login(make_user("anna"))
    response = client.get("/login/", {"next": address})
    assert response.status_code == 302
    assert "evil" not in response.headers["Location"]


def test_nobody_gets_in_without_signing_in(client: Client) -> None:
    for url in ["/", "/imports/", "/imports/new/", f"/imports/{uuid.uuid4()}/", "/imports/template.csv"]:
        response = client.get(url)
        assert response.status_code == 302
        assert response.headers["Location"].startswith("/login/")


def test_signing_in_and_out(client: Client, customer: User) -> None:
    response = client.post("/login/", {"username": "anna", "password": "wrong"})
    assert response.status_code == 200
    response = client.post("/login/", {"username": "anna", "password": LOGIN_PASSWORD}, follow=True)
    assert response.redirect_chain[-1][0] == "/"
    assert client.post("/logout/").status_code == 302
    assert client.get("/imports/").status_code == 302


def test_too_many_wrong_passwords_lock_the_login_for_a_while(
    client: Client, customer: User, settings: Settings
) -> None:
    for _attempt in range(settings.AXES_FAILURE_LIMIT):
        response = client.post("/login/", {"username": "anna", "password": "wrong"})
    assert response.status_code == 429
    assert client.post("/login/", {"username": "anna", "password": LOGIN_PASSWORD}).status_code == 429
