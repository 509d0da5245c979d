"""The health check tells the truth within a second, whatever has become of the database."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client

from accounts import health
from tests.factories import make_domain

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _forgotten(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No test gets the answer that another one has left behind."""
    monkeypatch.setattr(health, "_answer", (-10.0, ""))
    yield
    if health._running:
        health._running.result()


def ask(client: Client) -> HttpResponse:
    start = time.monotonic()
    response = client.get("/healthz")
    assert time.monotonic() - start < 2, "a monitor does not wait"
    assert response["Content-Type"] == "text/plain"
    if response.status_code == 503:
        assert response["Retry-After"]
    return response


def test_a_panel_that_works_says_so_without_a_login(client: Client) -> None:
    response = ask(client)
    assert (response.status_code, response.content) == (200, b"ok")


def test_missing_migrations_are_told(client: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'accounts' AND name LIKE '0007%%'")
    try:
        response = ask(client)
        assert (response.status_code, response.content) == (503, b"Migrations are missing.")
    finally:
        call_command("migrate", "accounts", fake=True, verbosity=0)


def test_a_lock_of_somebody_who_writes_is_no_fault(client: Client) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        make_domain()
        if connection.vendor == "postgresql":
            cursor.execute("LOCK TABLE django_migrations IN SHARE MODE")
        assert ask(client).content == b"ok"


def test_a_database_that_cannot_be_written_is_told(client: Client) -> None:
    if connection.vendor == "sqlite":
        connection.close()
        file = Path(connection.settings_dict["NAME"])
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(connection.settings_dict, "NAME", f"file:{file}?mode=ro")
            patch.setitem(
                connection.settings_dict,
                "OPTIONS",
                {"uri": True, "transaction_mode": "IMMEDIATE", "init_command": "PRAGMA synchronous=FULL;"},
            )
            response = ask(client)
        connection.close()
    else:
        name = connection.ops.quote_name(str(connection.settings_dict["NAME"]))
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        try:
            response = ask(client)
        finally:
            with connection.cursor() as cursor:
                cursor.execute("SET default_transaction_read_only = off")
                cursor.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")
    assert (response.status_code, response.content) == (503, b"The database cannot be written.")


def test_a_database_that_hangs_is_told_and_not_asked_again(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = threading.Event()
    asked = []

    def hang() -> str:
        asked.append(1)
        go_on.wait(30)
        return ""

    monkeypatch.setattr(health, "_ask_database", hang)
    for _time in range(2):
        response = ask(client)
        assert (response.status_code, response.content) == (503, b"The database does not answer.")
    go_on.set()
    assert len(asked) == 1
    assert health._running
    health._running.result()
    assert ask(client).content == b"ok"


def test_many_questions_cost_no_more_than_one(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(health, "_ask_database", lambda: asked.append(1) or "")
    for _time in range(5):
        assert ask(client).content == b"ok"
    assert len(asked) == 1
