"""Draw the pictures of the tour: `make screenshots`. No test; the pages are those of the accessibility tests.

The time stands still and passwords are counted up, so that a second run draws the same.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone, translation
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from bulkimport.models import Import
from bulkimport.services import creating
from tests.scenes import make_customer, make_imports

pytestmark = pytest.mark.django_db(transaction=True)

FOLDER: Path = settings.BASE_DIR / "docs" / "screenshots"
NOW = datetime(2026, 11, 23, 10, 42, tzinfo=ZoneInfo("Europe/Warsaw"))
WIDTHS = {1280: 800, 390: 844}
LONGEST = 1400  # pixels
# The names of the pictures and the addresses of their pages, or the names that scenes.py has for them.
PAGES = {
    "login": "/login/",
    "mailboxes": "/mailboxes/",
    "new": "/imports/new/",
    "columns": "columns",
    "problems": "problems",
    "checked": "checked",
    "creating": "creating",
    "results": "results",
    "undo": "undo",
    "imports": "/imports/",
}
MAIN_PAGES = ("mailboxes", "new", "problems", "results")  # drawn in both languages and widths
PICTURES = [
    *((name, "en", 1280) for name in PAGES),
    *((name, "en", 390) for name in MAIN_PAGES),
    *((name, "pl", width) for name in MAIN_PAGES for width in WIDTHS),
]


def path_of(name: str, language: str, width: int) -> Path:
    return FOLDER / f"{name}.{language}.{width}.png"


@pytest.fixture(autouse=True)
def _the_same_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = count(1)
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    monkeypatch.setattr(creating, "generate_password", lambda: f"kq3mrv-8rnkh4-fz3h{next(numbers):02}")


@pytest.mark.parametrize("language", ["en", "pl"])
def test_draw(browser: Browser, live_server: LiveServer, language: str) -> None:
    customer = make_customer()
    with translation.override(language):  # some sentences are stored
        addresses = make_imports(customer)
    ids = dict.fromkeys(address.split("/")[2] for address in addresses.values())
    for age, import_id in enumerate(reversed(ids)):
        Import.objects.filter(pk=import_id).update(uploaded_at=NOW - timedelta(minutes=37 * age))
    client = Client()
    client.force_login(customer)
    for width, height in WIDTHS.items():
        context = browser.new_context(base_url=live_server.url, viewport={"width": width, "height": height})
        context.add_cookies([_cookie("django_language", language, live_server.url)])
        page = context.new_page()
        for name in [name for name, *way in PICTURES if way == [language, width]]:
            if name != "login":
                context.add_cookies([_cookie("sessionid", client.cookies["sessionid"].value, live_server.url)])
            page.goto(addresses.get(PAGES[name], PAGES[name]))
            _draw(page, path_of(name, language, width))
        context.close()


def _cookie(name: str, value: str, url: str) -> Any:
    return {"name": name, "value": value, "url": url}


def _draw(page: Page, path: Path) -> None:
    """Draw the whole page, of a long one its beginning, as a window of that height shows it."""
    size = page.viewport_size or {}
    height = min(page.evaluate("document.documentElement.scrollHeight"), LONGEST)
    page.set_viewport_size({"width": size["width"], "height": height})
    page.screenshot(path=path)
    page.set_viewport_size(size)
