"""Sheets and columns as a person chooses them in Chromium, with and without JavaScript, and what axe finds there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.models import User
from playwright.sync_api import Browser, Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from accounts.models import Mailbox
from accounts.passwords import verify_password
from bulkimport import detail_views
from bulkimport.models import Import
from bulkimport.services.checking import check
from bulkimport.services.reading import BusyError
from tests.browser.accessibility import find_faults, sign_in_at_once
from tests.browser.browsing import (
    NARROW,
    NARROWEST,
    WIDE,
    expect_heading,
    fits,
    signed_in_page,
    upload,
)
from tests.bulkimport.test_reading_page import SCHOOL
from tests.factories import make_checked_import, make_domain, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TITLED = (
    "Skrzynki dla biura, rok 2026\nLp.;Dokąd;Tajne;Limit\n1;jan@przyklad.iq.pl;Zima2024;500\n"
    "2;ola@przyklad.iq.pl;Lato2025;500\nRazem: 2;;;\n"
)


@pytest.fixture
def customer() -> User:
    customer = make_user("anna")
    make_domain("przyklad.iq.pl", [customer])
    return customer


@pytest.fixture(params=[(WIDE, True), (NARROW, False)], ids=["wide", "narrow without script"])
def page(request: pytest.FixtureRequest, browser: Browser, live_server: LiveServer, customer: User) -> Iterator[Page]:
    """A signed-in page, at two widths, with and without JavaScript."""
    viewport, has_script = request.param
    with signed_in_page(browser, live_server, viewport, has_script=has_script) as page:
        yield page


def test_classes_of_a_school_are_created_at_once_but_for_one_without_its_tick(page: Page, tmp_path: Path) -> None:
    file = tmp_path / "szkola.xlsx"
    file.write_bytes(SCHOOL)
    upload(page, file)
    expect_heading(page, "9 accounts ready, from 3 sheets")
    sheets = page.get_by_role("table", name="Sheets of the workbook")
    expect(sheets.get_by_role("checkbox", checked=True)).to_have_count(3)
    expect(page.get_by_text("10 read = 9 ready + 0 with errors + 1 left out + 0 blank")).to_be_visible()
    sheets.get_by_label("7b").uncheck()
    page.get_by_role("button", name="Read the ticked sheets").click()
    expect_heading(page, "6 accounts ready, from 2 sheets")
    expect(page.get_by_text("7 read = 6 ready + 0 with errors + 1 left out + 0 blank")).to_be_visible()
    expect(sheets).to_be_hidden()
    page.get_by_text("2 of 6 sheets", exact=True).click()
    sheets.get_by_label("7b").check()
    page.get_by_role("button", name="Read the ticked sheets").click()
    expect_heading(page, "9 accounts ready, from 3 sheets")
    assert fits(page)
    page.get_by_role("button", name="Create 9 accounts").click()
    expect_heading(page, "9 accounts created")
    assert Mailbox.objects.count() == 9


def test_a_sheet_of_notes_is_asked_for_its_columns_once_it_is_ticked(page: Page, tmp_path: Path) -> None:
    file = tmp_path / "szkola.xlsx"
    file.write_bytes(SCHOOL)
    upload(page, file, "Check the file first")
    page.get_by_role("table", name="Sheets of the workbook").get_by_label("Adresy").check()
    page.get_by_role("button", name="Read the ticked sheets").click()
    expect_heading(page, "1 address in column B. Is the rest right?")
    page.get_by_role("button", name="Check 10 rows").click()
    expect_heading(page, "10 accounts ready, from 4 sheets")


def test_columns_are_said_and_a_line_is_taken_back(page: Page, tmp_path: Path) -> None:
    file = tmp_path / "lista.csv"
    file.write_text(TITLED)
    upload(page, file)
    expect_heading(page, "2 addresses in column B. Is the rest right?")
    assert fits(page)
    dots = page.get_by_text("••••••••")
    expect(dots).to_have_count(2)
    expect(page.get_by_text("Zima2024")).to_be_hidden()
    page.get_by_label("show").check()
    expect(page.get_by_text("Zima2024")).to_be_visible()
    page.get_by_label("C Tajne").select_option("Password")
    page.get_by_role("button", name="Take back row 5").click()
    expect(page.get_by_role("button", name="Leave out row 5")).to_be_visible()
    expect(page.get_by_label("C Tajne")).to_have_value("password")
    page.get_by_role("button", name="Leave out row 5").click()
    expect(page.get_by_role("button", name="Take back row 5")).to_be_visible()
    page.get_by_role("radio", name="1 names the columns", exact=True).check()
    page.get_by_role("button", name="Show it like this").click()
    expect(page.get_by_role("radio", name="1 names the columns", exact=True)).to_be_checked()
    page.get_by_role("radio", name="2 names the columns").check()
    page.get_by_role("radio", name="2 names the columns").press("Enter")
    expect_heading(page, "2 addresses in column B. Is the rest right?")
    assert Mailbox.objects.count() == 0
    page.get_by_label("C Tajne").select_option("Password")
    page.get_by_role("button", name="Check 2 rows").last.click()
    expect_heading(page, "2 accounts ready")
    page.get_by_role("button", name="Create 2 accounts").click()
    expect_heading(page, "2 accounts created")
    assert verify_password("Zima2024", Mailbox.objects.get(local_part="jan").password_hash)


def test_what_was_typed_is_not_lost_on_the_way_to_the_columns(page: Page, tmp_path: Path) -> None:
    file = tmp_path / "lista.csv"
    file.write_text("E-mail;Quota\njan@przyklad;500\newa@przyklad.iq.pl;x\n")
    upload(page, file)
    page.locator("[name='2-email']").fill("jan@przyklad.iq.pl")
    page.get_by_role("button", name="Change columns and how it is read").click()
    expect_heading(page, "Columns of the list")
    page.get_by_role("link", name="Back").click()
    expect_heading(page, "1 account ready, 1 row needs you")
    expect(page.locator("[name='2-email']")).to_have_value("jan@przyklad.iq.pl")


def test_a_list_that_waits_is_read_as_soon_as_that_is_possible(
    page: Page, customer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = make_checked_import(customer, TITLED).get_absolute_url()
    answers = [BusyError, BusyError]

    def busy_at_first(import_record: Import) -> object:
        if answers:
            raise answers.pop()
        return check(import_record)

    monkeypatch.setattr(detail_views, "check", busy_at_first)
    page.goto(address)
    expect_heading(page, "Your list is waiting to be read")
    expect_heading(page, "2 addresses in column B. Is the rest right?")


@pytest.mark.parametrize("language", ["en", "pl"])
@pytest.mark.parametrize(("colours", "viewport"), [("light", WIDE), ("dark", NARROWEST)], ids=["wide", "narrow"])
def test_nothing_is_wrong_with_the_pages_for_whoever_does_not_see_them(
    browser: Browser,
    live_server: LiveServer,
    customer: User,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    language: str,
    colours: str,
    viewport: dict[str, int],
) -> None:
    def busy(_import: Import) -> object:
        raise BusyError

    school = make_checked_import(customer, SCHOOL, filename="szkola.xlsx").get_absolute_url()
    titled = make_checked_import(customer, TITLED).get_absolute_url()
    sure = make_checked_import(customer, TITLED.replace("Dokąd;Tajne", "E-mail;Hasło")).get_absolute_url()
    pages = {
        "sheets": school,
        "columns of a sheet": f"{school}columns/?sheet=5",
        "asked": titled,
        "columns": f"{sure}columns/",
    }
    context = browser.new_context(base_url=live_server.url, viewport=viewport, color_scheme=colours)  # type: ignore[arg-type]
    context.add_cookies([{"name": "django_language", "value": language, "url": live_server.url}])
    sign_in_at_once(context, customer, live_server.url)
    page = context.new_page()
    axe = Axe()

    found = {}
    for name, address in pages.items():
        page.goto(address)
        found[name] = find_faults(axe, page)
    page.goto(f"{titled}columns/")
    page.locator("#column-1").select_option("password")
    page.locator("#column-2").select_option("password")
    page.locator("[name='action'][value='again']").click()
    expect(page.locator("[aria-invalid='true']")).to_have_count(2)
    found["columns with an error"] = find_faults(axe, page)
    settings.MAX_UNFINISHED_LISTS = 1
    page.goto("/imports/new/")
    page.locator("#file").set_input_files({"name": "l.csv", "mimeType": "text/csv", "buffer": TITLED.encode()})
    page.locator("main form .btn-primary").last.click()
    expect(page.locator("#too-many")).to_be_visible()
    found["too many lists"] = find_faults(axe, page)
    monkeypatch.setattr(detail_views, "check", busy)
    page.goto(titled)
    found["busy"] = find_faults(axe, page)
    context.close()
    assert {name: list_ for name, list_ in found.items() if list_} == {}
