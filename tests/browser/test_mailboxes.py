"""Adding, selecting and deleting mailboxes as a person does it in Chromium, with and without JavaScript."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Mailbox
from accounts.passwords import verify_password
from tests.browser.browsing import NARROWEST, WIDE, expect_heading, fits, signed_in_page
from tests.factories import make_domain, make_forward, make_mailbox, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(params=[(WIDE, True), (NARROWEST, False)], ids=["wide", "narrow without script"])
def page(request: pytest.FixtureRequest, browser: Browser, live_server: LiveServer) -> Iterator[Page]:
    """A signed-in page on the list of mailboxes."""
    viewport, has_script = request.param
    make_domain("przyklad.iq.pl", [make_user("anna")])
    with signed_in_page(browser, live_server, viewport, has_script=has_script, address="/mailboxes/") as page:
        yield page


def test_a_mailbox_is_added_by_hand_and_its_password_shown(page: Page) -> None:
    page.get_by_role("link", name="Add an account").click()
    page.get_by_label("E-mail").fill("nowe@przyklad.iq.pl")
    page.get_by_label("Forward to").fill("nikt")
    page.get_by_role("button", name="Create the account").click()
    expect(page.get_by_label("Forward to")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#summary")).to_be_focused()
    expect(page.get_by_label("E-mail")).to_have_value("nowe@przyklad.iq.pl")
    page.get_by_role("link", name="Forward to").click()
    expect(page.get_by_label("Forward to")).to_be_focused()
    page.get_by_label("Quota").fill("1,3 GB")
    page.get_by_role("button", name="Create the account").click()
    expect(page.get_by_role("heading", name="2 things to correct")).to_be_visible()
    expect(page.locator("#summary")).to_be_focused()
    page.get_by_label("Quota").fill("")
    page.get_by_label("Forward to").fill("")
    page.get_by_role("button", name="Create the account").dblclick()
    expect_heading(page, "nowe@przyklad.iq.pl has been created")
    password = page.locator("[data-password]").inner_text()
    assert verify_password(password, Mailbox.objects.get().password_hash)
    assert fits(page)


def test_ticked_mailboxes_are_deleted_once_their_number_is_written(page: Page) -> None:
    for name in ("adam", "beata", "cezary"):
        make_mailbox(f"{name}@przyklad.iq.pl")
    make_forward("kontakt@przyklad.iq.pl", "beata@przyklad.iq.pl")
    page.reload()
    assert fits(page)
    for name in ("adam", "beata"):
        page.get_by_label(f"Select {name}@przyklad.iq.pl").check()
    page.get_by_role("button", name="Delete").click()
    expect_heading(page, "Delete 2 mailboxes")
    expect(page.get_by_text("kontakt@przyklad.iq.pl")).to_be_visible()
    page.get_by_label("Write the number").fill("2")
    page.get_by_role("button", name="Delete 2 mailboxes").click()
    expect(page.get_by_text("2 mailboxes have been deleted.")).to_be_visible()
    assert [mailbox.local_part for mailbox in Mailbox.objects.all()] == ["cezary"]
    page.get_by_role("link", name="Forwards 1").click()
    expect_heading(page, "Forwards")
    assert fits(page)


def test_all_rows_of_a_page_are_ticked_by_one_box(page: Page) -> None:
    for name in ("adam", "beata"):
        make_mailbox(f"{name}@przyklad.iq.pl")
    page.reload()
    box = page.get_by_label("Select all rows on this page")
    if page.viewport_size == NARROWEST:
        expect(box).to_be_hidden()  # it would do nothing without script
        return
    box.check()
    page.get_by_label("Select beata@przyklad.iq.pl").uncheck()
    expect(box).not_to_be_checked()
    page.get_by_role("button", name="Disable").click()
    expect_heading(page, "Disable 1 mailbox")


def test_what_is_looked_for_is_shown_at_once(page: Page) -> None:
    for number in range(60):
        make_mailbox(f"adam{number:02}@przyklad.iq.pl")
    make_mailbox("beata@przyklad.iq.pl", is_active=False)
    page.reload()
    page.get_by_label("Address or forward").fill("ata")
    if page.viewport_size == NARROWEST:
        page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("row")).to_have_count(2)  # with that of the names
    expect(page.get_by_role("status")).to_have_text("Found: 1")
    expect(page.get_by_text("The 1 that matches")).to_be_visible()
    page.get_by_label("Select beata@przyklad.iq.pl").check()
    page.get_by_label("Address or forward").press("Tab")
    expect(page.get_by_label("Select beata@przyklad.iq.pl")).to_be_checked()
    if page.viewport_size != NARROWEST:  # with script, rows that still match stay ticked
        page.get_by_label("Address or forward").fill("a")
        expect(page.get_by_role("status")).to_have_text("Found: 61")
        page.get_by_label("Address or forward").fill("ata")
        expect(page.get_by_role("status")).to_have_text("Found: 1")
        page.get_by_label("Address or forward").fill("@przyklad")
        expect(page.get_by_role("status")).to_have_text("Found: 61")
        page.get_by_label("Select adam07@przyklad.iq.pl").check()
        page.get_by_label("Address or forward").fill("adam07")
        expect(page.get_by_role("status")).to_have_text("Found: 1")
        expect(page.get_by_label("Select adam07@przyklad.iq.pl")).to_be_checked()
        page.get_by_label("Address or forward").fill("ata")
        expect(page.get_by_label("Select beata@przyklad.iq.pl")).to_be_visible()
    page.get_by_role("contentinfo").get_by_role("button", name="Polski").click()
    expect_heading(page, "Skrzynki")
    expect(page.get_by_label("Adres lub przekierowanie")).to_have_value("ata")
    expect(page.get_by_role("row")).to_have_count(2)
    page.get_by_label("Stan").select_option("Aktywna")
    if page.viewport_size == NARROWEST:
        page.get_by_role("button", name="Pokaż").click()
    expect(page.get_by_role("heading", level=2)).to_have_text("Nie ma takiej skrzynki")
    page.reload()
    expect(page.get_by_role("heading", level=2)).to_have_text("Nie ma takiej skrzynki")
