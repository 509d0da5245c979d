"""Looking at pages with axe-core: WCAG 2.2 A and AA, and its best practices."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.browsing import fits

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]
OPTIONS = {"resultTypes": ["violations"], "runOnly": {"type": "tag", "values": TAGS}}


def sign_in_at_once(context: BrowserContext, login: User, base_url: str) -> None:
    """Sign in without the page for it."""
    client = Client()
    client.force_login(login)
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": base_url}])


def find_faults(axe: Axe, page: Page) -> list[str]:
    """Return what axe-core finds on a page that is open, with all that opens on demand."""
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert fits(page), page.url
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    found = axe.run(page, options=OPTIONS).response["violations"]
    return [
        f"{fault['id']}: {fault['help']}: {node['html'][:300]} ({node['failureSummary']})"
        for fault in found
        for node in fault["nodes"]
    ]
