"""The customer's list of mailboxes: whose it shows, what is found in it, and how full each is."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Mailbox, MailUsage
from tests.factories import make_client, make_forward, make_mailbox, make_user
from tests.pages import open_page, parse, text_in

pytestmark = pytest.mark.django_db

MIB = 1_048_576


def rows(client: Client, **query: str) -> list[str]:
    """Return the addresses of the list, in its order."""
    return [mailbox.address for mailbox, _forward in client.get("/mailboxes/", query).context["rows"]]


def test_a_customer_sees_the_mailboxes_of_their_own_domains(logged_in: Client) -> None:
    assert "No mailboxes yet" in open_page(logged_in, "/mailboxes/")
    for address in ("jan@przyklad.iq.pl", "ewa@xn--w-uga1v8h.pl", "obcy@cudza.example"):
        make_mailbox(address)
    assert rows(logged_in) == ["ewa@xn--w-uga1v8h.pl", "jan@przyklad.iq.pl"]
    assert "żółw.pl" in open_page(logged_in, "/mailboxes/")
    assert "cudza.example" not in open_page(logged_in, "/mailboxes/")
    staff = make_client(make_user("boss", is_staff=True))
    assert len(rows(staff)) == 3


def test_mailboxes_are_found_by_address_forward_domain_and_state(logged_in: Client) -> None:
    jan = make_mailbox("jan@przyklad.iq.pl")
    make_mailbox("ewa@xn--w-uga1v8h.pl", is_active=False)
    make_forward("jan@przyklad.iq.pl", "szef@daleko.example")
    other = make_mailbox("obcy@cudza.example")
    assert rows(logged_in, q="JAN@") == rows(logged_in, q="daleko") == ["jan@przyklad.iq.pl"]
    assert rows(logged_in, q="żółw.pl") == rows(logged_in, state="disabled") == ["ewa@xn--w-uga1v8h.pl"]
    assert rows(logged_in, domain=str(jan.domain.pk), state="active") == ["jan@przyklad.iq.pl"]
    other_own = make_mailbox("ola@xn--w-uga1v8h.pl").domain
    other_own.is_active = False
    other_own.save()
    assert rows(logged_in, state="active") == ["jan@przyklad.iq.pl"], "a domain that is switched off is not active"
    assert rows(logged_in, state="disabled") == ["ewa@xn--w-uga1v8h.pl"]
    assert rows(logged_in, state="domain_off") == ["ewa@xn--w-uga1v8h.pl", "ola@xn--w-uga1v8h.pl"]
    assert rows(logged_in, q="zoltan") == []
    assert "No mailbox matches" in open_page(logged_in, "/mailboxes/", {"q": "zoltan"})
    nonsense = {"domain": str(other.domain.pk), "state": "perhaps", "sort": "x", "page": "x", "q": "\0"}
    for name, value in nonsense.items():
        assert "cudza" not in open_page(logged_in, "/mailboxes/", {name: value})


def test_more_than_can_be_imported_at_once_is_said_beside_the_export(logged_in: Client, settings: Settings) -> None:
    settings.MAX_ACCOUNTS_PER_FILE = 2
    for name in ("ada", "ewa"):
        make_mailbox(f"{name}@przyklad.iq.pl")
    assert "can be imported at once" not in open_page(logged_in, "/mailboxes/")
    make_mailbox("ola@przyklad.iq.pl")
    assert "Only 2 accounts can be imported at once" in open_page(logged_in, "/mailboxes/")
    assert "can be imported at once" not in open_page(logged_in, "/mailboxes/", {"q": "ola"})


def test_each_row_tells_how_full_the_mailbox_is(logged_in: Client) -> None:
    full = make_mailbox("full@przyklad.iq.pl", quota_mb=1000)
    half = make_mailbox("half@przyklad.iq.pl", quota_mb=10)
    make_mailbox("new@przyklad.iq.pl", quota_mb=100)
    MailUsage.objects.create(mailbox=full, bytes_used=984 * MIB, messages=2001)
    MailUsage.objects.create(mailbox=half, bytes_used=5 * MIB - 1, messages=1)
    text = text_in(open_page(logged_in, "/mailboxes/"))
    for words in ("984 of 1,000 MB", "almost full", "2,001 messages", "5 of 10 MB", "1 message ", "unknown, of 100 MB"):
        assert words in text
    assert rows(logged_in, sort="used")[:2] == [full.address, half.address]
    assert rows(logged_in, sort="quota")[0] == full.address


def test_more_than_the_quota_is_drawn_as_full(logged_in: Client) -> None:
    mailbox = make_mailbox("full@przyklad.iq.pl", quota_mb=1)
    usage = MailUsage.objects.create(mailbox=mailbox, bytes_used=3 * MIB)
    assert (usage.percent, usage.used_mb, usage.is_almost_full) == (100, 3, True)
    usage.bytes_used = None
    usage.save()
    assert Mailbox.objects.get().usage_if_known is None


def test_a_page_has_fifty_rows_and_costs_the_same_whatever_there_is(logged_in: Client) -> None:
    make_mailbox("a0@przyklad.iq.pl")
    with CaptureQueriesContext(connection) as few:
        rows(logged_in)
    for number in range(1, 60):
        make_mailbox(f"a{number:02}@przyklad.iq.pl", password_hash="x")
    with CaptureQueriesContext(connection) as many:
        assert len(rows(logged_in)) == 50
    assert len(many) == len(few)
    assert len(rows(logged_in, page="2", q="a")) == 10
    assert "?q=a&amp;page=2" in open_page(logged_in, "/mailboxes/", {"q": "a"})


def test_usage_goes_with_its_mailbox() -> None:
    for number in range(3):
        MailUsage.objects.create(mailbox=make_mailbox(f"a{number}@przyklad.iq.pl"), bytes_used=1)
    Mailbox.objects.get(local_part="a0").delete()
    Mailbox.objects.filter(local_part="a1").delete()
    assert [usage.pk for usage in MailUsage.objects.all()] == ["a2@przyklad.iq.pl"]


def test_the_next_page_has_no_row_ticked_and_not_all_of_them(logged_in: Client) -> None:
    """Ticked rows stay behind with their page, and who unticks "all that match" is not to find it ticked again."""
    for number in range(51):
        make_mailbox(f"a{number}@przyklad.iq.pl", password_hash="x")
    page = parse(open_page(logged_in, "/mailboxes/", {"q": "a", "select": "1", "all": "1"}))
    assert page.find("a", rel="next")["href"] == "?q=a&page=2"


# --- The last sign-in -------------------------------------------------------------------------------------------------


@pytest.fixture
def signed_in_long_ago(logged_in: Client) -> None:
    for name, days in (("dawno", 366), ("niedawno", 364), ("nigdy", None)):
        last_login = None if days is None else int((timezone.now() - timedelta(days=days)).timestamp())
        mailbox = make_mailbox(f"{name}@przyklad.iq.pl")
        MailUsage.objects.create(mailbox=mailbox, bytes_used=1, last_login=last_login)
    make_mailbox("nieznany@przyklad.iq.pl")


@pytest.mark.usefixtures("signed_in_long_ago")
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("state=unused", ["dawno"]),
        ("state=login_unknown", ["nieznany", "nigdy"]),
        ("sort=login", ["dawno", "niedawno", "nieznany", "nigdy"]),
    ],
)
def test_mailboxes_are_found_by_their_last_sign_in(logged_in: Client, query: str, expected: list[str]) -> None:
    rows = logged_in.get(f"/mailboxes/?{query}").context["rows"]
    assert [mailbox.local_part for mailbox, _forward in rows] == expected


@pytest.mark.parametrize("language", ["en", "pl"])
def test_the_last_sign_in_is_shown_in_the_list_and_on_the_page_of_the_mailbox(logged_in: Client, language: str) -> None:
    mailbox = make_mailbox("jan@przyklad.iq.pl")
    for url in ("/mailboxes/", f"/mailboxes/{mailbox.pk}/"):
        assert "2026" not in text_in(logged_in.get(url).content.decode())
    MailUsage.objects.create(mailbox=mailbox, last_login=int(datetime(2026, 3, 5, 23, 30, tzinfo=UTC).timestamp()))
    expected = {
        "en": ("Active 2026-03-06", "last sign-in 6 March 2026"),
        "pl": ("Aktywna 2026-03-06", "ostatnie logowanie 6 marca 2026"),
    }[language]
    for url, text in zip(("/mailboxes/", f"/mailboxes/{mailbox.pk}/"), expected, strict=True):
        html = logged_in.get(url, headers={"accept-language": language}).content.decode()
        assert text in text_in(html), "in the time zone of the panel"
