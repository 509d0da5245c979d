"""What every test gets: English messages, a database of its own, and Debian's Chromium for the browser tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.utils import translation
from hypothesis import settings as hypothesis_settings
from playwright.sync_api import expect

from accounts.models import Domain
from bulkimport import runner
from bulkimport.services.creating import create
from tests.factories import make_client, make_domain, make_user
from tests.run import find_chromium, shared_folder

# No example fails because the machine is busy.
hypothesis_settings.register_profile("mailpanel", deadline=None)
hypothesis_settings.load_profile("mailpanel")


@pytest.fixture(scope="session", autouse=True)
def _translations() -> None:
    """Polish as the .po file has it now, not as it was when somebody last compiled it."""
    call_command("compile_translations")


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    """Messages are in English unless a test chooses otherwise; what a test has activated ends with it."""
    with translation.override("en"):
        yield


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> Iterator[None]:
    """Give every test process an SQLite file in a folder of its own, so that runs side by side never meet.

    A file, not memory: the live server, the threads of an import and a second process all have to see it. Not in
    pytest's own folder: each start of pytest closes that to everybody else, also to a mail server that reads the file.
    """
    database = settings.DATABASES["default"]
    with shared_folder(Path(os.environ.get("MAILSERVER_ROOT", "/"))) as folder:
        if database["ENGINE"] == "django.db.backends.sqlite3":
            database.setdefault("TEST", {})["NAME"] = f"{folder}/test.sqlite3"
        yield


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Start the Chromium of the system: quiet on the network, and without its sandbox only for root, who has none."""
    chromium = find_chromium()
    if chromium is None:
        pytest.fail("There is no Chromium. Install it (Debian: apt-get install chromium), or set CHROMIUM to its path.")
    # Playwright keeps an event loop running in this thread, so Django takes every query of a test for an async one.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    arguments = [
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-gpu",
        "--disable-sync",
        "--no-first-run",
    ]
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")
    expect.set_options(timeout=20_000)  # a busy machine is slow; what is there is not waited for
    # Pages that a browser may keep for Back are kept, as people have it; Playwright would switch that off.
    kept = {"ignore_default_args": ["--disable-back-forward-cache"]}
    return {**browser_type_launch_args, "executable_path": chromium, "args": arguments, **kept}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """Browse in English, whatever the language of this machine."""
    return {"locale": "en-GB", **browser_context_args}


@pytest.fixture
def customer() -> User:
    """A login that administers two domains; the name of one has Polish letters."""
    customer = make_user("anna")
    for name in ("przyklad.iq.pl", "xn--w-uga1v8h.pl"):
        make_domain(name, [customer])
    return customer


@pytest.fixture
def domain(customer: User) -> Domain:
    """The first domain of the customer."""
    return Domain.objects.get(name="przyklad.iq.pl")


@pytest.fixture
def logged_in(customer: User) -> Client:
    """A client in which the customer is signed in."""
    return make_client(customer)


@pytest.fixture
def create_in_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Create imports in the thread of the test, within its transaction: much faster than a database to be emptied."""
    monkeypatch.setattr(runner, "start", create)
