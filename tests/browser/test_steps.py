"""Back, Forward, Reload, double clicks and a second tab that is behind, at every step, in Chromium.

Nothing may be made twice or taken back unseen, nothing that was sent may be lost, and each page says what is the case.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts import passwords
from accounts.handout.models import Link
from accounts.models import Forward, Mailbox
from accounts.passwords import verify_password
from bulkimport.models import Import
from bulkimport.services import creating
from tests.browser.browsing import WIDE, expect_heading, sign_in, signed_in_page, upload
from tests.factories import MAILBOX_PASSWORD, make_domain, make_forward, make_mailbox, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LIST = "E-mail;Hasło\njan@przyklad.iq.pl;\npawel@przyklad.iq.pl;\nola@przyklad.iq.pl;zima\newa@przyklad,iq.pl;\n"


@pytest.fixture
def customer() -> User:
    customer = make_user("anna")
    make_domain("przyklad.iq.pl", [customer])
    return customer


@pytest.fixture
def page(request: pytest.FixtureRequest, browser: Browser, live_server: LiveServer, customer: User) -> Iterator[Page]:
    """A signed-in page, with JavaScript unless a test says otherwise."""
    has_script = getattr(request, "param", True)
    with signed_in_page(browser, live_server, WIDE, has_script=has_script) as page:
        yield page


def another_tab(page: Page, address: str | None = None) -> Page:
    """Open a second tab of the same person, where the first one is or at another address."""
    tab = page.context.new_page()
    tab.goto(address or page.url)
    return tab


def stays(page: Page, heading: str) -> None:
    """Reload a page, leave it and go back to it."""
    expect_heading(page, heading)
    page.reload()
    expect_heading(page, heading)
    page.goto("/help/")
    page.go_back()
    expect_heading(page, heading)


def expect_notice(page: Page, text: str) -> None:
    expect(page.get_by_role("status").filter(has_text=text)).to_be_visible()


def shown_passwords(page: Page) -> list[str]:
    return page.locator("[data-password]").all_inner_texts()


@pytest.mark.parametrize("page", [True, False], ids=["with script", "without script"], indirect=True)
def test_every_step_of_an_import(page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "lista.csv").write_text(LIST)
    upload(page, tmp_path / "lista.csv", "Check the file first")
    checked = page.url
    stays(page, "2 accounts ready, 2 rows need you")

    behind = another_tab(page)
    page.locator("[name='4-password']").fill("zima2026")
    page.locator("[name='4-password']").press("Enter")
    stays(page, "3 accounts ready, 1 row needs you")
    behind.locator("[name='5-email']").fill("ewa@przyklad.iq.pl")
    behind.get_by_role("button", name="Create 2 and leave out rows 4 and 5").click()
    expect_notice(behind, "Nothing was created. Look at the list as it is now and decide again.")
    expect_heading(behind, "4 accounts ready")
    page.reload()
    stays(page, "4 accounts ready")

    go_on = threading.Event()

    def slow_hash(password: str, *, generated: bool = False) -> str:
        go_on.wait(60)
        return passwords.hash_password(password, generated=generated)

    monkeypatch.setattr(creating, "hash_password", slow_hash)
    try:
        page.get_by_role("button", name="Create 4 accounts").click()
        stays(page, "Creating 4 accounts")
        behind.get_by_label("Quota if the file does not give it").fill("700")
        behind.get_by_role("button", name="Create 4 accounts").click()
        expect_notice(behind, "What you changed was not used: the accounts had been created already.")
    finally:
        go_on.set()
    for tab in (page, behind):
        expect_heading(tab, "4 accounts created")
    shown = shown_passwords(page)
    stays(page, "4 accounts created")
    assert shown_passwords(page) == shown_passwords(behind) == shown
    created = Mailbox.objects.order_by("pk").exclude(local_part="ola")
    assert [verify_password(*pair) for pair in zip(shown, created.values_list("password_hash", flat=True), strict=True)]
    assert (Import.objects.count(), Mailbox.objects.count()) == (1, 4)

    page.get_by_role("link", name="One-time links").click()
    stays(page, "One-time links")
    late = another_tab(page)
    page.get_by_role("button", name="Make 3 links").dblclick()
    expect(page.get_by_role("heading", name="3 links are waiting to be opened")).to_be_visible()
    links = shown_passwords(page)
    assert len(links) == 3
    late.get_by_role("button", name="Make 3 links").click()
    expect_notice(late, "The list was changed in another tab. Look at it as it is now.")
    expect(late.get_by_role("heading", name="3 links are waiting to be opened")).to_be_visible()
    stays(page, "One-time links")
    assert shown_passwords(page) == shown_passwords(late) == links
    assert Link.objects.usable().count() == Link.objects.count() == 3

    page.goto(checked.replace("/imports/", "/mailboxes/new-passwords/") + "sheets/")
    expect(page.get_by_text(shown[0])).to_be_visible()
    stays(page, "Sheets to print")
    page.goto(checked)
    for tab in (page, behind):
        tab.get_by_text("I have saved the passwords").click()
        tab.get_by_role("button", name="Erase the passwords from the panel").click()
        expect(tab.get_by_text("The generated passwords are no longer kept")).to_be_visible()
        assert shown_passwords(tab) == []
    page.go_back()
    page.go_back()
    expect_heading(page, "Sheets to print")
    expect(page.get_by_text("so the sheets are without them")).to_be_visible()
    assert shown[0] not in page.content()

    for tab in (page, behind):
        tab.goto(f"{checked}undo/")
    stays(page, "Undo this import")
    late.goto(checked)
    for tab in (page, behind):
        tab.get_by_role("main").get_by_role("button").click()
        expect_heading(tab, "The import was undone")
    page.go_back()
    stays(page, "The import was undone")
    late.get_by_role("link", name="One-time links").click()
    expect_heading(late, "There are no passwords here any more")
    assert (Import.objects.count(), Mailbox.objects.count()) == (1, 0)


@pytest.mark.parametrize("page", [True, False], ids=["with script", "without script"], indirect=True)
def test_discarding_a_file(page: Page, tmp_path: Path) -> None:
    (tmp_path / "lista.csv").write_text(LIST)
    upload(page, tmp_path / "lista.csv", "Check the file first")
    behind, late = another_tab(page), another_tab(page)
    expect(page.get_by_role("button", name="Erase the file from the panel")).to_be_hidden()
    for tab in (page, behind):
        tab.locator("[name='4-password']").fill("zima2026")
        tab.get_by_text("Discard this file").click()
        expect(tab.locator("[name='4-password']")).to_have_value("zima2026")
    page.get_by_role("button", name="Erase the file from the panel").click()
    expect_notice(page, "lista.csv has been discarded. Nothing was created.")
    behind.get_by_role("button", name="Erase the file from the panel").dblclick()
    expect_heading(behind, "Imports")
    late.get_by_role("button", name="Create 2 and leave out rows 4 and 5").click()
    expect_heading(late, "There is no such page")
    behind.go_back()
    expect_heading(behind, "There is no such page")
    assert (Import.objects.count(), Mailbox.objects.count()) == (0, 0)


def test_adding_and_changing_a_mailbox(page: Page) -> None:
    page.goto("/mailboxes/new/")
    page.get_by_label("E-mail").fill("nowe@przyklad.iq.pl")
    page.get_by_role("button", name="Create the account").dblclick()
    expect_heading(page, "nowe@przyklad.iq.pl has been created")
    shown = shown_passwords(page)
    page.go_back()
    expect_heading(page, "Add an account")
    page.go_forward()
    expect_heading(page, "nowe@przyklad.iq.pl has been created")
    assert shown_passwords(page) == shown
    mailbox = Mailbox.objects.get()
    assert verify_password(shown[0], mailbox.password_hash)

    page.goto(f"/mailboxes/{mailbox.pk}/")
    behind = another_tab(page)
    page.get_by_label("Quota (MB)").fill("700")
    page.get_by_role("button", name="Save").dblclick()
    expect_notice(page, "nowe@przyklad.iq.pl has been saved.")
    behind.get_by_label("Forward to").fill("a@b.pl")
    behind.get_by_role("button", name="Save").click()
    expect(behind.locator(".summary")).to_contain_text("This account has been changed meanwhile")
    expect(behind.get_by_label("Forward to")).to_have_value("a@b.pl")
    page.go_back()
    expect(page.get_by_label("Quota (MB)")).to_have_value("700")
    mailbox.refresh_from_db()
    assert (mailbox.quota_mb, Forward.objects.count()) == (700, 0)


def test_doing_something_to_many_mailboxes(page: Page) -> None:
    mailboxes = [make_mailbox(f"{name}@przyklad.iq.pl") for name in ("adam", "beata", "cezary")]
    page.goto("/mailboxes/")
    for name in ("adam", "beata"):
        page.get_by_label(f"Select {name}@przyklad.iq.pl").check()
    page.get_by_role("button", name="Disable").click()
    stays(page, "Disable 2 mailboxes")
    behind = another_tab(page)
    page.get_by_role("button", name="Disable 2 mailboxes").dblclick()
    expect_heading(page, "Mailboxes")
    behind.get_by_role("button", name="Disable 2 mailboxes").click()
    expect_notice(behind, "2 of those selected are disabled already.")
    page.go_back()
    expect_notice(page, "2 of those selected are disabled already.")
    assert Mailbox.objects.filter(is_active=False).count() == 2
    chosen = "&".join(f"select={mailbox.pk}" for mailbox in mailboxes)

    page.goto(f"/mailboxes/selected/enable/?{chosen}")
    page.get_by_role("button", name="Enable 2 mailboxes").dblclick()
    expect_heading(page, "Mailboxes")
    assert not Mailbox.objects.filter(is_active=False).exists()

    page.get_by_label("All 3 that match").check()
    page.get_by_role("button", name="Set quota").click()
    expect_heading(page, "Set the quota of 3 mailboxes")
    mailboxes.append(make_mailbox("danuta@przyklad.iq.pl"))
    page.get_by_label("Quota of each of them").fill("700")
    page.get_by_role("button", name="Set the quota of 3 mailboxes").click()
    expect(page.locator(".summary")).to_contain_text("The selection has changed meanwhile.")
    expect(page.get_by_label("Quota of each of them")).to_have_value("700")
    assert not Mailbox.objects.filter(quota_mb=700).exists()
    page.get_by_role("button", name="Set the quota of 4 mailboxes").click()
    expect_notice(page, "4 mailboxes have the new quota now.")

    page.goto(f"/mailboxes/selected/passwords/?{chosen}")
    page.get_by_role("button", name="New passwords for 3 mailboxes").dblclick()
    stays(page, "3 mailboxes have new passwords")
    kept, shown = page.url, shown_passwords(page)
    page.go_back()
    expect_heading(page, "New passwords for 3 mailboxes")
    page.go_forward()  # the browser has nothing to ask
    expect_heading(page, "3 mailboxes have new passwords")
    assert shown_passwords(page) == shown
    page.get_by_role("link", name="Print sheets").click()
    expect_heading(page, "Sheets to print")
    page.get_by_role("link", name="Six cards a page").click()
    expect(page.locator(".cards")).to_be_visible()
    for _step in range(2):
        page.go_back()
    expect_heading(page, "3 mailboxes have new passwords")
    page.get_by_role("link", name="One-time links").click()
    page.get_by_role("button", name="Make 3 links").dblclick()
    expect(page.get_by_role("heading", name="3 links are waiting to be opened")).to_be_visible()
    links = shown_passwords(page)
    assert len(links) == 3
    stays(page, "One-time links")
    assert shown_passwords(page) == links
    page.get_by_role("link", name="3 mailboxes have new passwords").click()
    expect_heading(page, "3 mailboxes have new passwords")
    assert shown_passwords(page) == shown
    hashes = Mailbox.objects.order_by("pk").values_list("password_hash", flat=True)
    assert all(verify_password(*pair) for pair in zip(shown, hashes, strict=False))
    page.get_by_text("I have saved the passwords").click()
    page.get_by_role("button", name="Erase the passwords from the panel").click()
    expect_notice(page, "The passwords have been erased from the panel.")
    expect_heading(another_tab(page, kept), "There are no passwords here any more")

    page.goto(f"/mailboxes/selected/delete/?{chosen}")
    behind = another_tab(page)
    for tab in (page, behind):
        tab.get_by_label("Write the number").fill("3")
    page.get_by_role("button", name="Delete 3 mailboxes").dblclick()
    expect_heading(page, "Mailboxes")
    behind.get_by_role("button", name="Delete 3 mailboxes").click()
    expect_notice(behind, "These mailboxes are not there any more.")
    behind.go_back()
    expect_heading(behind, "There is no such page")
    assert Mailbox.objects.get().local_part == "danuta"


def test_adding_changing_and_deleting_a_forward(page: Page) -> None:
    page.goto("/forwards/new/")
    page.get_by_label("Address to forward").fill("kontakt@przyklad.iq.pl")
    page.get_by_label("Forward to").fill("a@b.pl")
    page.get_by_role("button", name="Save").dblclick()
    expect_notice(page, "The forward of kontakt@przyklad.iq.pl has been saved.")
    page.go_back()
    expect_heading(page, "Add a forward")
    forward = Forward.objects.get()

    page.goto(f"/forwards/{forward.pk}/")
    behind = another_tab(page)
    page.get_by_label("Forward to").fill("c@d.pl")
    page.get_by_role("button", name="Save").dblclick()
    expect_notice(page, "The forward of kontakt@przyklad.iq.pl has been saved.")
    behind.get_by_label("Forward to").fill("e@f.pl")
    behind.get_by_role("button", name="Save").click()
    expect(behind.locator(".summary")).to_contain_text("This forward has been changed meanwhile")
    expect(behind.get_by_label("Forward to")).to_have_value("e@f.pl")
    page.go_back()
    expect(page.get_by_label("Forward to")).to_have_value("c@d.pl")
    assert Forward.objects.get().destinations == "c@d.pl"

    page.get_by_role("link", name="Delete this forward").click()
    expect_heading(page, "Delete this forward")
    late = another_tab(page)
    page.get_by_role("button", name="Delete this forward").dblclick()
    expect_heading(page, "Forwards")
    late.get_by_role("button", name="Delete this forward").click()
    expect_notice(late, "This forward is not there any more.")
    behind.get_by_role("button", name="Save").click()
    expect_heading(behind, "There is no such page")
    assert not Forward.objects.exists()


def test_the_pages_of_an_owner(page: Page) -> None:
    mailbox = make_mailbox("jan@przyklad.iq.pl")
    make_forward("jan@przyklad.iq.pl", "a@b.pl")
    page.goto("/mailbox/login/")
    page.get_by_label("E-mail").fill("jan@przyklad.iq.pl")
    page.get_by_label("Password").fill(MAILBOX_PASSWORD)
    page.get_by_role("button", name="Sign in").dblclick()
    stays(page, "jan@przyklad.iq.pl")
    page.goto("/mailbox/login/")
    expect_heading(page, "jan@przyklad.iq.pl")

    page.get_by_role("link", name="Change the forward").click()
    page.get_by_label("Forward to").fill("c@d.pl")
    page.get_by_role("button", name="Save").dblclick()
    expect_notice(page, "The forward has been saved.")
    page.go_back()
    expect(page.get_by_label("Forward to")).to_have_value("c@d.pl")

    behind = another_tab(page)
    page.goto("/mailbox/password/")
    page.get_by_label("The password that you have now").fill(MAILBOX_PASSWORD)
    for label in ("New password", "The new password once more"):
        page.get_by_label(label, exact=True).fill("zima2026")
    page.get_by_role("button", name="Change the password").click()
    expect_notice(page, "Your password has been changed.")
    page.go_back()
    expect(page.get_by_label("The password that you have now")).to_have_value("")
    mailbox.refresh_from_db()
    assert verify_password("zima2026", mailbox.password_hash)

    page.goto("/mailbox/")
    page.get_by_role("button", name="Sign out").click()
    expect_heading(page, "Sign in to your mailbox")
    page.go_back()
    expect_heading(page, "Sign in to your mailbox")
    behind.get_by_label("Forward to").fill("e@f.pl")
    behind.get_by_role("button", name="Save").click()
    expect_notice(behind, "You have been signed out. Sign in again.")
    assert Forward.objects.get().destinations == "c@d.pl"


def test_nothing_is_seen_after_signing_out(page: Page, live_server: LiveServer) -> None:
    make_mailbox("adam@przyklad.iq.pl")
    seen = []
    for address in ("/", "/mailboxes/", "/mailboxes/new/", "/forwards/", "/imports/"):
        response = page.goto(address)
        assert response and "no-store" in response.headers["cache-control"]
        seen.append(page.url)
    upload(page, "help-example-1.csv")
    expect_heading(page, "3 accounts created")
    seen.append(page.url)
    behind = another_tab(page, "/mailboxes/")
    page.goto("/help/")
    page.locator("header summary").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/login/")
    page.go_back()
    expect_heading(page, "Help")
    for _address in seen:
        page.go_back()
        page.wait_for_url("**/login/**")
        expect(page.get_by_role("button", name="Sign in")).to_be_visible()
        assert "przyklad.iq.pl" not in page.content()
    behind.get_by_role("button", name="Export CSV").click()
    expect(behind.get_by_role("button", name="Sign in")).to_be_visible()
    sign_in(page)
    page.go_back()
    expect_heading(page, "anna")
