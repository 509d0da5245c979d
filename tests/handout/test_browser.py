"""Handing passwords on in Chromium: links made and opened on a phone, without JavaScript too, and sheets printed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from accounts.handout.models import Link
from accounts.models import Mailbox
from accounts.passwords import verify_password
from tests.browser.browsing import NARROW, expect_heading, fits, sign_in, uncomplaining, upload

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(params=["with script", "without script"])
def context(request: pytest.FixtureRequest, browser: Browser, live_server: LiveServer) -> BrowserContext:
    return browser.new_context(
        base_url=live_server.url,
        viewport=NARROW,
        java_script_enabled="without" not in request.param,
        locale="en-GB",
    )


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    with uncomplaining(context) as page:
        yield page


def import_three(page: Page) -> None:
    """Sign in and create three accounts, two of them with a generated password."""
    sign_in(page)
    upload(page, "help-example-1.csv")
    expect_heading(page, "3 accounts created")


def test_a_link_is_made_and_opened_on_a_phone(page: Page, customer: User) -> None:
    import_three(page)
    page.get_by_role("link", name="One-time links").click()
    expect_heading(page, "One-time links")
    assert fits(page)
    page.get_by_role("button", name="Make 2 links").click()
    expect(page.get_by_role("heading", name="2 links are waiting to be opened")).to_be_visible()
    assert fits(page)
    links = page.locator("[data-password]").all_inner_texts()
    page.reload()
    assert page.locator("[data-password]").all_inner_texts() == links, "the page loaded again changes nothing"
    with page.expect_download() as download:
        page.get_by_role("link", name="Download CSV for a mail merge").click()
    assert all(link in Path(download.value.path()).read_text("utf-8-sig") for link in links)

    page = page.context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url + repr(request.headers)))
    page.goto(links[0])
    assert Link.objects.filter(opened_at__isnull=False).count() == 0, "only a look"
    assert fits(page)
    page.get_by_role("button", name="Polski").click()
    expect_heading(page, "Hasło do skrzynki")
    page.get_by_role("button", name="English").click()
    expect_heading(page, "The password of your mailbox")
    field = page.get_by_label("Your link")
    if field.is_visible():
        page.get_by_role("button", name="Show the password").click()
        expect(page.get_by_text("This is not a whole link.")).to_be_visible()
        field.fill(links[0])
    page.get_by_role("button", name="Show the password").click()
    page.wait_for_url("**/open/")
    password = page.locator("[data-password]").inner_text()
    address = page.locator(".sheet-address").inner_text()
    assert verify_password(password, Mailbox.objects.get(address=address).password_hash)
    assert fits(page)
    assert not any(links[0].partition("#")[2] in request for request in asked), "no server is told the key in a URL"
    assert Link.objects.filter(opened_at__isnull=False).count() == 1

    page.goto(links[0])
    if page.get_by_label("Your link").is_visible():
        page.get_by_label("Your link").fill(links[0])
    page.get_by_role("button", name="Show the password").click()
    expect_heading(page, "This link does not work any more")


def test_links_are_looked_for_and_revoked(page: Page, customer: User) -> None:
    import_three(page)
    page.get_by_role("link", name="One-time links").click()
    page.get_by_role("checkbox").first.press("Enter")
    page.get_by_role("button", name="Make 2 links").click()
    expect(page.get_by_role("heading", name="2 links are waiting to be opened")).to_be_visible()
    assert Link.objects.count() == 2, "Enter on a box presses nothing"
    page.goto("/links/")
    expect_heading(page, "One-time links")
    assert fits(page)
    boxes = page.get_by_role("checkbox", name=re.compile("@"))
    expect(boxes).to_have_count(2)
    boxes.first.check()
    boxes.first.press("Enter")
    expect(page.get_by_role("button", name="Revoke the chosen")).to_be_visible()
    assert Link.objects.waiting().count() == 2
    page.get_by_role("button", name="Revoke the chosen").click()
    expect(page.get_by_role("status").filter(has_text="1 link was revoked.")).to_be_visible()
    expect(boxes).to_have_count(1)
    assert Link.objects.waiting().count() == 1
    page.get_by_label("State").select_option("No longer valid")
    if page.get_by_label("Select all rows on this page").is_hidden():  # without script
        page.get_by_role("button", name="Show").click()
    page.wait_for_url("**/links/?*state=ended*")
    expect(page.get_by_text("revoked on")).to_have_count(1)


def test_sheets_take_a_page_each_and_six_cards_one(page: Page, customer: User, settings: Settings) -> None:
    settings.MAIL_HOSTNAME = "mail.przyklad.iq.pl"
    import_three(page)
    page.get_by_role("link", name="Print sheets").click()
    expect_heading(page, "Sheets to print")
    assert fits(page)
    assert measure_pages(page) == [(420, 594)] * 3
    page.get_by_role("link", name="Six cards a page to cut out (A4)").click()
    page.wait_for_url("**/?**")
    assert fits(page)
    assert measure_pages(page) == [(594, 841)]
    page.emulate_media(media="print", color_scheme="dark")
    assert page.locator("header").is_hidden()
    assert page.get_by_role("link", name="One sheet a page (A5)").is_hidden()
    ink = page.locator(".sheet-address").first.evaluate("element => getComputedStyle(element).color")
    assert ink == "rgb(21, 34, 42)", "paper is always light"


def measure_pages(page: Page) -> list[tuple[int, int]]:
    """Return the width and height in points of the pages that a browser would print."""
    pdf = page.pdf(prefer_css_page_size=True)
    boxes = re.findall(rb"/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]", pdf)
    return [(int(float(width)), int(float(height))) for width, height in boxes]
