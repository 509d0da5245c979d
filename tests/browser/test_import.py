"""The whole import as a person does it in Chromium: wide and narrow, with and without JavaScript."""

import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, Dialog, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts import passwords
from accounts.models import Mailbox
from accounts.passwords import verify_password
from bulkimport.models import Import
from bulkimport.services import creating
from bulkimport.services.reading import load_choices
from tests.browser.browsing import (
    NARROW,
    NARROWEST,
    WIDE,
    expect_heading,
    fits,
    sign_in,
    signed_in_page,
    upload,
)
from tests.factories import LOGIN_PASSWORD, make_domain, make_user
from tests.manifest import SAMPLES

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def customer() -> User:
    customer = make_user("anna")
    for name in ("przyklad.iq.pl", "firma.example"):
        make_domain(name, [customer])
    return customer


WAYS = {
    f"{width}, {script}": ({"wide": WIDE, "narrow": NARROW}[width], script == "with script")
    for width in ("wide", "narrow")
    for script in ("with script", "without script")
}


in_every_way = pytest.mark.parametrize("page", WAYS.values(), ids=WAYS, indirect=True)


@pytest.fixture(params=[(WIDE, True), (NARROW, False)], ids=["wide", "narrow without script"])
def page(request: pytest.FixtureRequest, browser: Browser, live_server: LiveServer, customer: User) -> Iterator[Page]:
    """A signed-in page, at two widths, with and without JavaScript."""
    viewport, has_script = request.param
    with signed_in_page(browser, live_server, viewport, has_script=has_script) as page:
        yield page


@pytest.fixture
def scripted_page(browser: Browser, live_server: LiveServer, customer: User) -> Iterator[Page]:
    """A signed-in page of a wide browser with JavaScript, which may read what has been copied."""
    permissions = ["clipboard-read", "clipboard-write"]
    with signed_in_page(browser, live_server, WIDE, permissions=permissions) as page:
        yield page


@in_every_way
@pytest.mark.parametrize("file", ["help-example-1.csv", "help-example-2.csv"])
def test_the_examples_of_the_help_page_become_accounts(page: Page, file: str) -> None:
    upload(page, file)
    expect_heading(page, "3 accounts created")
    table = page.get_by_role("table").first
    expect(table).to_contain_text("e-mail@przyklad.iq.pl")
    expect(table).to_contain_text("the one you gave")
    expect(table).to_contain_text("kopia@przyklad.iq.pl")
    expect(table).to_contain_text("a copy stays in the mailbox")
    shown = page.locator("[data-password]").all_inner_texts()
    assert len(shown) == 2
    for address, password in zip(["jan@przyklad.iq.pl", "pawel@przyklad.iq.pl"], shown, strict=True):
        assert verify_password(password, Mailbox.objects.get(address=address).password_hash)
    assert verify_password("snad9hj934!!", Mailbox.objects.get(address="e-mail@przyklad.iq.pl").password_hash)
    page.reload()
    assert page.locator("[data-password]").all_inner_texts() == shown, "the results can be opened again"
    page.set_viewport_size(NARROWEST)
    page.get_by_text("I have saved the passwords").click()
    page.get_by_role("button", name="Erase the passwords from the panel").click()
    expect(page.locator("[data-password]")).to_have_count(0)


def test_nothing_typed_is_lost_to_an_ended_session(page: Page) -> None:
    upload(page, "bad-rows.csv")
    page.get_by_role("contentinfo").get_by_role("button", name="Polski").click()
    expect_heading(page, "2 konta gotowe, 10 wierszy do poprawy")
    page.locator("[name='3-email']").fill("zly@firma.example")
    page.context.clear_cookies(name="sessionid")
    page.locator("[name='3-email']").press("Enter")
    page.get_by_label("Login").fill("anna")
    page.get_by_label("Hasło").fill(LOGIN_PASSWORD)
    page.get_by_role("button", name="Zaloguj").click()
    page.get_by_role("button", name="Wyślij ponownie").click()
    expect_heading(page, "3 konta gotowe, 9 wierszy do poprawy")
    assert fits(page)


def test_another_language_stores_what_was_typed_into_a_list(scripted_page: Page) -> None:
    page, asked = scripted_page, questions_on(scripted_page)
    upload(page, "bad-rows.csv")
    page.goto(f"{page.url}#main")
    page.locator("[name='3-email']").fill("zly@firma.example")
    page.get_by_role("contentinfo").get_by_role("button", name="Polski").click()
    expect_heading(page, "3 konta gotowe, 9 wierszy do poprawy")
    expect(page).to_have_url(re.compile("/imports/[^/]+/#main$"))
    assert asked == []


def test_another_language_shows_why_what_was_typed_into_a_list_could_not_be_stored(scripted_page: Page) -> None:
    page = scripted_page
    upload(page, "bad-rows.csv")
    page.locator("[name='3-email']").fill("zly@firma.example")
    page.context.clear_cookies(name="sessionid")
    page.get_by_role("contentinfo").get_by_role("button", name="Polski").click()
    expect(page.get_by_text("You have been signed out meanwhile.")).to_be_visible()


def test_the_browser_asks_before_a_form_is_left_that_was_typed_into(scripted_page: Page) -> None:
    page, asked = scripted_page, questions_on(scripted_page)
    page.goto("/mailboxes/new/")
    page.get_by_role("contentinfo").get_by_role("button", name="Polski").click()
    page.get_by_role("contentinfo").get_by_role("button", name="English").click()
    expect_heading(page, "Add an account")
    page.get_by_label("E-mail").fill("ewa@firma.example")
    page.get_by_label("Password").fill("short")
    page.get_by_label("Password").press("Enter")
    expect(page.get_by_text("1 thing to correct")).to_be_visible()
    assert asked == [], "nothing was typed, then it was sent"
    page.get_by_label("Password").fill("Tajne123")
    page.get_by_role("link", name="Mailboxes").first.click()
    expect_heading(page, "Mailboxes")
    assert asked == ["beforeunload"]
    page.get_by_label("Address or forward").fill("nobody")
    expect(page).to_have_url(re.compile("q=nobody"))
    page.get_by_role("contentinfo").get_by_role("button", name="Polski").click()
    expect_heading(page, "Skrzynki")
    expect(page).to_have_url(re.compile("q=nobody"))
    assert asked == ["beforeunload"], "a search is in the address"


def questions_on(page: Page) -> list[str]:
    """Answer every question of the browser with yes, and return the list in which their kinds are noted."""
    asked: list[str] = []

    def accept(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", accept)
    return asked


@in_every_way
def test_every_error_is_corrected_on_the_page(page: Page) -> None:
    upload(page, "bad-rows.csv")
    expect_heading(page, "2 accounts ready, 10 rows need you")
    assert Mailbox.objects.count() == 0
    corrections = {
        "3-email": "zly@firma.example",
        "4-password": "abc123",
        "5-password": "litery1",
        "6-password": "1234567a",
        "7-quota": "2048",
        "8-quota": "5",
        "9-forward": "dobry1@firma.example",
        "10-keep_copy": "Nie",
        "11-email": "jedenascie@firma.example",
        "13-email": "dwabledy@firma.example",
    }
    for name, text in corrections.items():
        page.locator(f'[name="{name}"]').fill(text)
    page.locator('[name="13-email"]').press("Enter")
    expect_heading(page, "11 accounts ready, 1 row needs you")
    page.locator('[name="13-password"]').fill("Poprawne1")
    page.get_by_role("button", name="Check again").last.click()
    expect_heading(page, "12 accounts ready")
    assert Mailbox.objects.count() == 0
    page.go_back()
    page.go_forward()
    page.get_by_role("button", name="Create 12 accounts").click()
    expect_heading(page, "12 accounts created")
    assert verify_password("Poprawne1", Mailbox.objects.get(address="dwabledy@firma.example").password_hash)


def test_a_tab_shows_one_group_of_rows_and_loses_nothing_typed(page: Page) -> None:
    upload(page, "bad-rows.csv")
    expect_heading(page, "2 accounts ready, 10 rows need you")
    faulty, good = page.locator('[name="3-email"]'), page.locator("#r2")
    faulty.fill("zly@firma.example")
    page.get_by_role("link", name="Without problems 2").click()
    expect(faulty).to_be_hidden()
    expect(good).to_be_visible()
    page.get_by_role("link", name="With errors 10").click()
    expect(faulty).to_have_value("zly@firma.example")
    expect(good).to_be_hidden()
    page.get_by_role("link", name="Without problems 2").click()
    expect(faulty).to_be_hidden()
    page.get_by_role("link", name="Row 4, Password").first.click()
    expect(page.locator('[name="4-password"]')).to_be_visible()
    page.get_by_role("link", name="Without problems 2").click()
    page.get_by_role("button", name="Check again").last.click()
    expect_heading(page, "3 accounts ready, 9 rows need you")
    expect(page.locator('[name="4-password"]')).to_be_visible()
    expect(good).to_be_visible()


def test_a_link_leads_to_its_cell_however_many_problems_there_are(page: Page, tmp_path: Path) -> None:
    rows = (f"k{number}@firma.example;zima;{number} cm\n" for number in range(200))
    (tmp_path / "lista.csv").write_text("E-mail;Hasło;Pojemność\n" + "".join(rows))
    upload(page, tmp_path / "lista.csv")
    expect_heading(page, "0 accounts ready, 200 rows need you")
    layout = page.locator(".has-problem > div").first.evaluate("cell => getComputedStyle(cell).contentVisibility")
    assert layout == "auto", "thousands of cells are laid out as they come into sight"
    page.goto(f"{page.url}#r190-quota")
    expect(page.locator("#r190-quota")).to_be_in_viewport()
    page.keyboard.press("Tab")
    expect(page.locator("#r191-password")).to_be_focused()


def test_no_page_scrolls_sideways(scripted_page: Page) -> None:
    page = scripted_page
    pages = ["/", "/imports/", "/imports/new/"]
    for file in ("bad-rows.csv", "picture.csv", "libreoffice.xlsx"):
        upload(page, file)
        pages.append(page.url)
    expect_heading(page, "5 accounts created")
    pages.append(page.url + "undo/")
    for width in (320, 390, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        for url in pages:
            page.goto(url)
            assert fits(page), f"{url} at {width} px"


def test_a_file_can_be_dropped_anywhere_in_its_box(scripted_page: Page) -> None:
    """The browser's own control takes it, so it has to fill the box."""
    scripted_page.goto("/imports/new/")
    box, control = (scripted_page.locator(name).bounding_box() for name in (".drop", ".drop-file"))
    assert box is not None
    assert control is not None
    assert all(abs(box[side] - control[side]) <= 4 for side in ("x", "y", "width", "height"))


def test_results_and_lists_are_printed_without_what_is_for_the_screen(scripted_page: Page) -> None:
    page = scripted_page
    upload(page, "help-example-1.csv")
    expect_heading(page, "3 accounts created")
    for address, kept in {page.url: "[data-password]", "/mailboxes/": ".address"}.items():
        page.goto(address)
        page.emulate_media(media="print")
        expect(page.locator(kept).first).to_be_visible()
        expect(page.locator("main :is(button, .btn, input, select):visible")).to_have_count(0)
        page.emulate_media(media="screen")


@in_every_way
def test_the_progress_moves_on_by_itself_to_the_results(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = threading.Event()

    def slow_hash(password: str, *, generated: bool = False) -> str:
        go_on.wait(60)
        return passwords.hash_password(password, generated=generated)

    monkeypatch.setattr(creating, "hash_password", slow_hash)
    try:
        upload(page, "help-example-1.csv")
        expect_heading(page, "Creating 3 accounts")
        expect(page.get_by_role("progressbar")).to_be_visible()
    finally:
        go_on.set()
    expect_heading(page, "3 accounts created")


def test_a_double_click_makes_one_import(scripted_page: Page) -> None:
    page = scripted_page
    page.goto("/imports/new/")
    page.get_by_label("File with the list of accounts").set_input_files(SAMPLES / "help-example-1.csv")
    page.get_by_role("button", name="Create accounts").dblclick(no_wait_after=True)
    expect_heading(page, "3 accounts created")
    assert Import.objects.count() == 1
    assert Mailbox.objects.count() == 3


def test_passwords_are_copied(scripted_page: Page) -> None:
    page = scripted_page
    upload(page, "help-example-1.csv")
    shown = page.locator("[data-password]").all_inner_texts()
    page.get_by_role("button", name="Copy", exact=True).first.click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == shown[0]
    page.get_by_role("button", name="Copy all").click()
    expect(page.get_by_role("button", name="Copied")).to_have_count(2)
    assert shown[1] in page.evaluate("navigator.clipboard.readText()")
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error()) }")
    page.get_by_role("button", name="Copy", exact=True).first.click()
    expect(page.get_by_role("button", name="Not copied")).to_be_visible()


def test_a_choice_that_the_server_refuses_is_not_passed_over(
    browser: Browser, live_server: LiveServer, customer: User
) -> None:
    page = browser.new_context(base_url=live_server.url, locale="en-GB").new_page()
    sign_in(page)
    upload(page, "help-example-2.csv", "Check the file first")
    page.get_by_text("Change columns and how it is read").click()
    expect_heading(page, "Columns of the list")
    page.context.clear_cookies(name="csrftoken")
    page.get_by_label("Names of columns").select_option("The list has none")
    page.get_by_role("button", name="Show it like this").click()
    expect_heading(page, "The page was open too long")
    page.get_by_role("button", name="Send it again").click()
    expect(page.get_by_role("heading", level=1)).not_to_have_text("The page was open too long")
    assert load_choices(Import.objects.get()).reading.sheets[""].header_line == 0
    page.context.close()


def test_an_import_is_undone_after_a_question(page: Page) -> None:
    upload(page, "help-example-1.csv")
    page.get_by_role("link", name="Undo this import").click()
    assert Mailbox.objects.count() == 3
    page.get_by_role("main").get_by_role("button").click()
    page.wait_for_url("**/imports/*-*/")
    assert Mailbox.objects.count() == 0


def test_the_pages_are_polish_for_a_polish_browser(browser: Browser, live_server: LiveServer, customer: User) -> None:
    context = browser.new_context(base_url=live_server.url, locale="pl-PL")
    page = context.new_page()
    page.goto("/login/")
    page.locator('[name="username"]').fill("anna")
    page.locator('[name="password"]').fill(LOGIN_PASSWORD)
    page.get_by_role("button", name="Zaloguj").click()
    page.goto("/imports/new/")
    expect_heading(page, "Hurtowe dodawanie kont")
    page.locator('[name="file"]').set_input_files(SAMPLES / "bad-rows.csv")
    page.get_by_role("button", name="Załóż konta").click()
    expect_heading(page, "2 konta gotowe, 10 wierszy do poprawy")
    page.get_by_role("button", name="English").first.click()
    expect_heading(page, "2 accounts ready, 10 rows need you")
    context.close()
