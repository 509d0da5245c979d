"""Every page has no fault that axe-core knows of: WCAG 2.2 A and AA, and its best practices."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.template.loader import render_to_string
from django.test import RequestFactory
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from accounts.models import Mailbox
from accounts.passwords import hash_password
from tests.browser.accessibility import find_faults, sign_in_at_once
from tests.factories import LOGIN_PASSWORD, MAILBOX_PASSWORD, make_checked_import, make_user
from tests.scenes import HEADER, MAIL_HOSTNAME, OWNER, UNEVEN, mailbox_pages, make_customer, make_handouts, make_imports

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WIDTHS = {"wide": {"width": 1280, "height": 900}, "narrow": {"width": 320, "height": 800}}
# Each language, each colours and each width is seen on every page; more ways find no more, and take minutes. Narrow is
# the narrowest that a page has to be useful at.
WAYS = [("en", "light", "wide"), ("pl", "dark", "narrow")]

WITHOUT_CONTEXT = ("400.html", "500.html")


@pytest.fixture(scope="module")
def axe() -> Axe:
    return Axe()


@pytest.fixture(autouse=True)
def _mail_hostname(settings: Settings) -> None:
    settings.MAIL_HOSTNAME = MAIL_HOSTNAME


@pytest.fixture
def customer() -> User:
    return make_customer()


@pytest.fixture(params=WAYS, ids="-".join)
def context(request: pytest.FixtureRequest, browser: Browser, live_server: LiveServer) -> Iterator[BrowserContext]:
    language, colours, width = request.param
    context = browser.new_context(base_url=live_server.url, viewport=WIDTHS[width], color_scheme=colours)
    context.add_cookies([{"name": "django_language", "value": language, "url": live_server.url}])
    yield context
    context.close()


def send_as_it_is(page: Page) -> None:
    """Send the form of a page whatever is in it: what is wrong with it the server says, not the browser."""
    page.locator("main form").last.evaluate("form => { form.noValidate = true }")
    page.locator("main form .btn-primary, main form .btn-danger:not(a)").last.click()


def test_pages_behind_the_sign_in(axe: Axe, context: BrowserContext, live_server: LiveServer, customer: User) -> None:
    addresses = {
        "home": "/",
        "mailboxes": "/mailboxes/",
        "mailbox_new": "/mailboxes/new/",
        **mailbox_pages(),
        "forwards": "/forwards/",
        "no forward": "/forwards/?q=nobody",
        "all links": "/links/",
        "no link found": "/links/?q=nobody",
        "forward_new": "/forwards/new/",
        "no mailbox": "/mailboxes/?q=nobody",
        "imports": "/imports/",
        "new": "/imports/new/",
        "missing": "/nowhere/",
        **make_imports(customer),
    }
    guessed = make_checked_import(customer, HEADER + UNEVEN)
    addresses["guessed"] = guessed.get_absolute_url()
    addresses["only warnings"] = f"{addresses['problems']}#warnings"
    make_handouts(addresses["results"])
    addresses["no link"] = addresses["saved"].replace("/imports/", "/mailboxes/new-passwords/") + "links/"
    sign_in_at_once(context, customer, live_server.url)
    page = context.new_page()
    found = {}
    for name, address in addresses.items():
        page.goto(address)
        found[name] = find_faults(axe, page)
    is_dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert paper == ("rgb(16, 23, 27)" if is_dark else "rgb(255, 255, 255)")
    page.goto("/imports/new/")
    send_as_it_is(page)
    expect(page.locator("#file")).to_be_focused()
    found["nothing uploaded"] = find_faults(axe, page)
    assert {name: list_ for name, list_ in found.items() if list_} == {}


def test_pages_of_a_login_without_anything(axe: Axe, context: BrowserContext, live_server: LiveServer) -> None:
    sign_in_at_once(context, make_user("nowy"), live_server.url)
    page = context.new_page()
    for address in (
        "/",
        "/mailboxes/",
        "/mailboxes/new/",
        "/forwards/",
        "/forwards/new/",
        "/links/",
        "/imports/",
        "/imports/new/",
    ):
        page.goto(address)
        assert find_faults(axe, page) == [], address


def test_forms_with_errors_and_what_follows(
    axe: Axe, context: BrowserContext, live_server: LiveServer, customer: User
) -> None:
    addresses = {**mailbox_pages(), "new": "/mailboxes/new/", "forward_new": "/forwards/new/"}
    addresses |= make_imports(customer)
    fields = {
        "new": {"email": "jan@przyklad", "quota": "x"},
        "mailbox": {"password": "a", "forward": "jan@"},
        "forward_new": {"source": "jan@"},
        "quota": {"quota": "9999999"},
        "delete": {},
    }
    sign_in_at_once(context, customer, live_server.url)
    page = context.new_page()
    found = {}
    for name, values in fields.items():
        page.goto(addresses[name])
        for field, text in values.items():
            page.locator(f"main [name='{field}']").fill(text)
        send_as_it_is(page)
        expect(page.locator("main .msg-error").first).to_be_visible()
        found[name] = find_faults(axe, page)
    page.goto(addresses["passwords"])
    send_as_it_is(page)
    expect(page.locator("[data-password]").first).to_be_visible()
    found["passwords shown"] = find_faults(axe, page)
    page.locator("main [href$='/sheets/']").click()
    page.wait_for_url("**/sheets/")
    found["sheets of them"] = find_faults(axe, page)
    page.goto(addresses["mailbox"])
    page.locator("[name=generates]").check()
    send_as_it_is(page)
    page.locator("main [href$='/links/']").click()
    page.locator("[value=make_all]").click()
    expect(page.locator("[data-password]")).to_be_visible()
    found["link of one"] = find_faults(axe, page)
    page.goto(f"/mailboxes/new-passwords/{UUID(int=0)}/")
    found["no passwords"] = find_faults(axe, page)
    page.goto(addresses["links"])
    page.locator("[value=make_all]").click()
    expect(page.locator("[data-password]").first).to_be_visible()
    found["links made"] = find_faults(axe, page)
    page.goto(addresses["forward_delete"])
    send_as_it_is(page)
    expect(page.locator("main .notice[role=status]")).to_be_visible()
    found["forward deleted"] = find_faults(axe, page)
    assert {name: list_ for name, list_ in found.items() if list_} == {}


def test_pages_for_everybody(axe: Axe, context: BrowserContext, settings: Settings) -> None:
    page = context.new_page()
    addresses = ["/help/", "/mail-settings/", f"/mail-settings/?address={OWNER}", "/mail-settings/?address=jan"]
    found = {}
    for address in addresses:
        page.goto(address)
        found[address] = find_faults(axe, page)
    settings.MAIL_HOSTNAME = ""
    page.goto("/mail-settings/")
    found["no hostname"] = find_faults(axe, page)
    assert {name: list_ for name, list_ in found.items() if list_} == {}


def test_a_link_with_a_password(axe: Axe, context: BrowserContext, customer: User) -> None:
    first, second = make_handouts(make_imports(customer)["results"])[:2]
    page = context.new_page()
    page.goto("/handout/")
    found = {"without a key": find_faults(axe, page)}
    page.locator("#id_link").fill("half a link")
    page.locator("main button").click()
    expect(page.locator("#id_link-msg")).to_be_visible()
    found["not a link"] = find_faults(axe, page)
    for name in ("opened", "gone", "changed"):
        if name == "changed":
            Mailbox.objects.update(password_hash=hash_password("another-password"))
        page.goto("about:blank")  # another key alone would not load the page anew
        page.goto(second if name == "changed" else first)
        found[f"to open: {name}"] = find_faults(axe, page)
        page.locator("main button").click()
        page.wait_for_url("**/open/")
        expect(page.locator("[data-password]")).to_have_count(int(name == "opened"))
        found[name] = find_faults(axe, page)
    assert {name: list_ for name, list_ in found.items() if list_} == {}


def test_pages_of_an_owner(axe: Axe, context: BrowserContext, customer: User) -> None:
    page = context.new_page()
    page.goto("/mailbox/login/")
    found = {"login": find_faults(axe, page)}
    for password in ("wrong", MAILBOX_PASSWORD):
        page.locator("[name=address]").fill(OWNER)
        page.locator("[name=password]").fill(password)
        with page.expect_navigation():
            page.locator("main button").click()
        if password == "wrong":
            expect(page.locator("main .msg-error, main [role=alert], #wrong").first).to_be_visible()
            found["wrong"] = find_faults(axe, page)
    page.wait_for_url("**/mailbox/")
    found["home"] = find_faults(axe, page)
    for name, field in {"password": "new_password", "forward": "destinations"}.items():
        page.goto(f"/mailbox/{name}/")
        found[name] = find_faults(axe, page)
        page.locator(f"[name={field}]").fill("a@")
        send_as_it_is(page)
        expect(page.locator("main .msg-error").first).to_be_visible()
        found[f"{name} with errors"] = find_faults(axe, page)
    assert {name: list_ for name, list_ in found.items() if list_} == {}


def test_a_page_that_was_open_too_long(
    axe: Axe, context: BrowserContext, live_server: LiveServer, customer: User
) -> None:
    sign_in_at_once(context, customer, live_server.url)
    page = context.new_page()
    page.goto("/mailboxes/new/")
    context.clear_cookies(name="csrftoken")
    page.locator("[name=email]").fill("nowa@przyklad.iq.pl")
    send_as_it_is(page)
    expect(page.locator("main [name=email][type=hidden]")).to_have_count(1)
    assert find_faults(axe, page) == []


def test_signing_in(axe: Axe, context: BrowserContext, customer: User) -> None:
    page = context.new_page()
    page.goto("/login/")
    assert find_faults(axe, page) == []
    for attempt in range(settings.AXES_FAILURE_LIMIT):
        page.locator("#username").fill("biuro")
        page.locator("#password").fill("wrong")
        with page.expect_navigation():
            page.locator("main button").click()
        if attempt == 0:
            expect(page.locator("#wrong")).to_be_visible()
            assert find_faults(axe, page) == []
    expect(page.locator("#username")).to_have_count(0)
    assert find_faults(axe, page) == []


def test_a_form_that_is_kept(axe: Axe, context: BrowserContext, live_server: LiveServer, customer: User) -> None:
    address = make_imports(customer)["problems"]
    sign_in_at_once(context, customer, live_server.url)
    page = context.new_page()
    page.goto(address)
    context.clear_cookies(name="sessionid")
    page.locator(".has-problem input.form-control").first.press("Enter")
    expect(page.locator("#username")).to_be_visible()
    assert find_faults(axe, page) == []
    page.locator("#username").fill("biuro")
    page.locator("#password").fill(LOGIN_PASSWORD)
    page.locator("main button").click()
    expect(page.locator("#username")).to_have_count(0)
    assert find_faults(axe, page) == []


def test_error_pages(axe: Axe, context: BrowserContext) -> None:
    page = context.new_page()
    page.goto("/login/")  # what the templates refer to is loaded from there
    request = RequestFactory().get("/")
    request.user = AnonymousUser()
    for template in ("400.html", "403.html", "403_csrf.html", "404.html", "500.html"):
        page.set_content(render_to_string(template, request=None if template in WITHOUT_CONTEXT else request))
        assert find_faults(axe, page) == [], template


# --- Where the focus is after a check


@pytest.fixture(params=[True, False], ids=["with script", "without script"])
def page(request: pytest.FixtureRequest, browser: Browser, live_server: LiveServer, customer: User) -> Iterator[Page]:
    context = browser.new_context(base_url=live_server.url, java_script_enabled=request.param, locale="en-GB")
    sign_in_at_once(context, customer, live_server.url)
    yield context.new_page()
    context.close()


@pytest.fixture
def problems(customer: User) -> str:
    return make_imports(customer)["problems"]


def press_enter(page: Page, name: str, text: str) -> None:
    page.locator(f"[name='{name}']").fill(text)
    page.locator(f"[name='{name}']").press("Enter")
    page.wait_for_url("**/#summary")


def test_the_focus_is_on_the_errors_after_a_check(page: Page, problems: str) -> None:
    page.goto(problems)
    press_enter(page, "15-email", "anna.nowak@przyklad.iq.pl")
    expect(page.locator("section.summary")).to_be_focused()
    expect(page.get_by_role("heading", level=1)).to_be_in_viewport()
    page.keyboard.press("Tab")
    expect(page.locator("section.summary a").first).to_be_focused()


def test_the_focus_is_on_the_title_when_all_is_well(page: Page, problems: str) -> None:
    page.goto(problems)
    corrections = {"15-email": "a@przyklad.iq.pl", "16-password": "abc123", "17-quota": "2048", "17-keep_copy": "Nie"}
    for name, text in corrections.items():
        page.locator(f"[name='{name}']").fill(text)
    press_enter(page, "17-quota", "2048")
    expect(page.get_by_role("heading", level=1)).to_be_focused()


def test_the_focus_is_on_the_errors_after_reading_again(page: Page, problems: str) -> None:
    page.goto(problems)
    page.get_by_text("Change columns and how it is read").click()
    page.locator("[name='column-0']").select_option("Password")
    page.get_by_role("button", name="Check", exact=False).last.click()
    expect(page.locator("section.summary")).to_be_focused()
    expect(page.locator("[name='column-0']")).to_have_value("password")


def test_a_file_with_other_names_is_read_by_its_drop_downs(page: Page, customer: User) -> None:
    page.goto(make_imports(customer)["columns"])
    page.locator("[name='column-1']").select_option("E-mail")
    page.locator("[name='column-2']").select_option("Password")
    page.locator("[name='column-3']").press("Q")
    page.get_by_role("button", name="Check", exact=False).last.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("2 accounts ready")
    page.get_by_role("button", name="Create 2 accounts").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("2 accounts created")


def test_a_list_with_errors_that_is_opened_has_the_focus_on_them(
    browser: Browser, live_server: LiveServer, customer: User, problems: str
) -> None:
    context = browser.new_context(base_url=live_server.url)
    sign_in_at_once(context, customer, live_server.url)
    page = context.new_page()
    page.goto(problems)
    expect(page.locator("section.summary")).to_be_focused()
    context.close()
