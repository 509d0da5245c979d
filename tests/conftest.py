"""What every test gets: English messages, a database of its own, and Debian's Chromium for the browser tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.utils import translation

from bulkimport import runner
from bulkimport.services.creating import create
from tests.run import find_chromium


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
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Give every test process an SQLite file in a folder of its own, so that runs side by side never meet.

    A file, not memory: the live server, the threads of an import and a second process all have to see it.
    """
    database = settings.DATABASES["default"]
    if database["ENGINE"] == "django.db.backends.sqlite3":
        database.setdefault("TEST", {})["NAME"] = str(tmp_path_factory.mktemp("database") / "test.sqlite3")


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
    return {**browser_type_launch_args, "executable_path": chromium, "args": arguments}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """Browse in English, whatever the language of this machine."""
    return {"locale": "en-GB", **browser_context_args}


@pytest.fixture
def create_in_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Create imports in the thread of the test, within its transaction: much faster than a database to be emptied."""
    monkeypatch.setattr(runner, "start", create)
