"""What the tests in Chromium share: signing in, sending a file, and looking at a page once it is there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, ViewportSize, expect
from pytest_django.live_server_helper import LiveServer

from tests.factories import LOGIN_PASSWORD
from tests.manifest import SAMPLES

WIDE: Final[ViewportSize] = {"width": 1280, "height": 900}
NARROW: Final[ViewportSize] = {"width": 390, "height": 844}
NARROWEST: Final[ViewportSize] = {"width": 320, "height": 800}


@contextmanager
def uncomplaining(context: BrowserContext) -> Iterator[Page]:
    """Open a page in a context that is closed in the end; errors in its console, such as a refused style, fail."""
    page = context.new_page()
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error":
            complaints.append(message.text)

    page.on("console", note)
    yield page
    assert complaints == []
    context.close()


def sign_in(page: Page, login: str = "anna", address: str = "/") -> None:
    """Sign in by the page, in English, and stand on `address`."""
    page.goto(f"/login/?next={address}")
    page.get_by_label("Login").fill(login)
    page.get_by_label("Password").fill(LOGIN_PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(address)


@contextmanager
def signed_in_page(
    browser: Browser,
    live_server: LiveServer,
    viewport: ViewportSize = WIDE,
    *,
    has_script: bool = True,
    address: str = "/",
    **options: Any,
) -> Iterator[Page]:
    """Open the panel in English, signed in, and stand on `address`. `options`: more for the context of the browser."""
    options |= {"base_url": live_server.url, "viewport": viewport, "java_script_enabled": has_script, "locale": "en-GB"}
    with uncomplaining(browser.new_context(**options)) as page:
        sign_in(page, address=address)
        yield page


def upload(page: Page, file: str | Path, button: str = "Create accounts") -> None:
    """Send a file, one of the samples or a path of its own, and stand on the page of its import."""
    page.goto("/imports/new/")
    page.get_by_label("File with the list of accounts").set_input_files(SAMPLES / file)
    page.get_by_role("button", name=button).click()
    page.wait_for_url("**/imports/*-*/")


def expect_heading(page: Page, text: str) -> None:
    """Wait for the whole page with this title: a click comes back before the next page is there."""
    expect(page.get_by_role("heading", level=1)).to_have_text(text)
    page.wait_for_load_state()


def fits(page: Page) -> bool:
    """Tell whether the page that is there, see above, needs no scrolling sideways."""
    page.wait_for_load_state()
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))
