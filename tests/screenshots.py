"""Draw the pictures of the tour: `make screenshots`. No test; the pages are those of the accessibility tests.

The time stands still, and passwords and keys are not left to chance, so that a second run draws the same.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from axes.handlers import proxy
from django.conf import settings
from django.http import HttpRequest
from django.test import Client
from django.utils import timezone, translation
from playwright.sync_api import Browser, Page
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from accounts.handout import batches
from accounts.models import Mailbox
from accounts.panel import mailboxes, selected
from bulkimport.models import Import
from bulkimport.services import creating
from tests.factories import MAILBOX_PASSWORD
from tests.scenes import MAIL_HOSTNAME, OWNER, mailbox_pages, make_customer, make_handouts, make_imports

pytestmark = pytest.mark.django_db(transaction=True)

FOLDER: Path = settings.BASE_DIR / "docs" / "screenshots"
NOW = datetime(2026, 11, 23, 10, 42, tzinfo=ZoneInfo("Europe/Warsaw"))
WIDTHS = {390: 844, 1280: 800}  # the wide one has the last picture
LONGEST = 1400  # pixels
# The names of the pictures and the addresses of their pages, or the names that scenes.py has for them.
PAGES = {
    "login": "/login/",
    "login-locked": "/login/",
    "home": "/",
    "mailboxes": "/mailboxes/",
    "mailboxes-none": "/mailboxes/?q=nobody",
    "mailbox-new": "/mailboxes/new/",
    "mailbox-faults": "/mailboxes/new/",
    "mailbox": "mailbox",
    "disable": "disable",
    "enable": "enable",
    "quota": "quota",
    "passwords": "passwords",
    "new-passwords": "passwords",
    "new-sheets": "passwords",
    "delete": "delete",
    "forwards": "/forwards/",
    "forward-new": "/forwards/new/",
    "forward": "forward",
    "forward-delete": "forward_delete",
    "new": "/imports/new/",
    "help": "/help/",
    "unreadable": "unreadable",
    "columns": "columns",
    "workbook": "workbook",
    "problems": "problems",
    "problems-dark": "problems",
    "full": "full",
    "repeat": "repeat",
    "expired": "expired",
    "checked": "checked",
    "creating": "creating",
    "interrupted": "interrupted",
    "results": "results",
    "saved": "saved",
    "sheets": "sheets",
    "cards": "cards",
    "links": "links",
    "links-made": "passwords",
    "all-links": "/links/",
    "handout": "handout",
    "handout-opened": "handout",
    "handout-gone": "handout",  # once more
    "undo": "undo",
    "undone": "undone",
    "imports": "/imports/",
    "send-again": "/mailboxes/new/",
    "not-found": "/nowhere/",
    "owner-login": "/mailbox/login/",
    "owner": "/mailbox/",
    "owner-password": "/mailbox/password/",
    "owner-forward": "/mailbox/forward/",
    "mail-settings": f"/mail-settings/?address={OWNER}",
    "handout-changed": "handout_changed",  # the last, because passwords are changed for it
}
# What is typed on a page once it is open, and what is pressed then, each press leading to another page.
TYPED = {
    "login-locked": {"username": "biuro", "password": "wrong"},
    "mailbox-faults": {"email": "anna.nowak@przyklad", "password": "zima", "quota": "1,3 GB"},
    "send-again": {"email": "nowa@przyklad.iq.pl"},
}
PRESSED = {
    "login-locked": ["main .btn-primary"],
    "mailbox-faults": ["main .btn-primary"],
    "new-passwords": ["main .btn-primary"],
    "new-sheets": ["main .btn-primary", "main [href$='/sheets/']"],
    "links-made": ["main .btn-primary", "main [href$='/links/']", "main .btn-primary"],
    "handout-opened": ["main button"],
    "handout-gone": ["main button"],
    "handout-changed": ["main button"],
    "send-again": ["main .btn-primary"],
}
HANDOUTS = ("handout", "handout-opened", "handout-gone", "handout-changed")
SIGNED_OUT = ("login", "login-locked", *HANDOUTS, "owner-login", "mail-settings")
DARK = ("problems-dark",)
MAIN_PAGES = ("mailboxes", "new", "problems", "results")  # drawn in both languages and widths
NARROW_PAGES = ("home", "mailbox", "links", "handout", "handout-opened", "owner")  # drawn in both widths
PICTURES = [
    *((name, "en", 1280) for name in PAGES),
    *((name, "en", 390) for name in (*MAIN_PAGES, *NARROW_PAGES)),
    *((name, "pl", width) for name in MAIN_PAGES for width in WIDTHS),
]


def picture_path(name: str, language: str, width: int) -> Path:
    return FOLDER / f"{name}.{language}.{width}.png"


@pytest.fixture(autouse=True)
def _the_same_each_time(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    settings.MAIL_HOSTNAME = MAIL_HOSTNAME
    settings.AXES_FAILURE_LIMIT = 1  # one wrong try is too many
    numbers = count(1)
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    monkeypatch.setattr(proxy, "now", lambda: NOW)  # of the tries to sign in
    for module in (creating, mailboxes, selected):
        monkeypatch.setattr(module, "generate_password", lambda: f"kq3mrv-8rnkh4-fz3h{next(numbers):02}")
    monkeypatch.setattr(batches.secrets, "token_hex", lambda number: "5" * 2 * number)
    # The links to send name the panel's address, which for a test has another port each time.
    monkeypatch.setattr(HttpRequest, "build_absolute_uri", lambda _request, path: f"https://panel.przyklad.iq.pl{path}")


@pytest.mark.parametrize("language", ["en", "pl"])
def test_draw(browser: Browser, live_server: LiveServer, language: str) -> None:
    customer = make_customer()
    with translation.override(language):  # some sentences are stored
        addresses = {**make_imports(customer), **mailbox_pages()}
    handouts = make_handouts(addresses["results"])
    ids = dict.fromkeys(address.split("/")[2] for address in addresses.values() if "/imports/" in address)
    for age, import_id in enumerate(reversed(ids)):
        Import.objects.filter(pk=import_id).update(uploaded_at=NOW - timedelta(minutes=37 * age))
    client = Client()
    client.force_login(customer)
    client.post("/mailbox/login/", {"address": OWNER, "password": MAILBOX_PASSWORD})  # in the same session
    addresses["handout_changed"] = handouts.pop()
    for width, height in WIDTHS.items():
        addresses["handout"] = handouts.pop(0)  # each can be opened once
        context = browser.new_context(base_url=live_server.url, viewport={"width": width, "height": height})
        context.add_cookies([_cookie("django_language", language, live_server.url)])
        page = context.new_page()
        for name in [name for name, *way in PICTURES if way == [language, width]]:
            context.clear_cookies(name="sessionid")
            if name not in SIGNED_OUT:
                context.add_cookies([_cookie("sessionid", client.cookies["sessionid"].value, live_server.url)])
            page.emulate_media(color_scheme="dark" if name in DARK else "light")
            page.goto("about:blank")  # the key of a link alone would not load a page anew
            page.goto(addresses.get(PAGES[name], PAGES[name]))
            for field, text in TYPED.get(name, {}).items():
                page.locator(f"[name={field}]").fill(text)
            if name == "send-again":
                context.clear_cookies(name="csrftoken")
            if name == "handout-changed":
                Mailbox.objects.update(password_hash="")
            for button in PRESSED.get(name, []):
                with page.expect_navigation():
                    page.locator(button).click()
            _draw(page, picture_path(name, language, width))
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
