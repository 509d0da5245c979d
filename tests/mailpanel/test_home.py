"""The customer's home: whose domains it shows, what they have and may have, and what needs attention."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.handout.models import Batch
from accounts.models import Mailbox, MailUsage
from accounts.todos import NAMED
from bulkimport.models import Import, ImportedAccount
from tests.factories import make_client, make_domain, make_mailbox, make_user
from tests.pages import TOKEN, read_page

pytestmark = pytest.mark.django_db

MIB = 1_048_576


@pytest.fixture
def customer() -> User:
    return make_user("anna", first_name="Biuro", last_name="Przykład")


def todos(client: Client) -> list[tuple[str, str]]:
    """Return the sentences of what needs attention, with the link of each."""
    plain = [(todo.text.replace("\N{NO-BREAK SPACE}", " "), todo.url) for todo in client.get("/").context["todos"]]
    assert all(client.get(url).status_code == 200 for _text, url in plain if url.startswith("/mailboxes/"))
    return plain


def make_import(user: User | None, **fields: Any) -> Import:
    values = {"filename": "lista.csv", "file_mark": "0" * 64, "sealed_file": b"x", **fields}
    values.setdefault("expires_at", timezone.now() + timedelta(hours=20))
    return Import.objects.create(uploaded_by=user, **values)


def make_batch(user: User) -> Batch:
    expires_at = timezone.now() + timedelta(hours=20)
    return Batch.objects.create(made_by=user, label="lista.csv", sealed=b"x", expires_at=expires_at)


def test_each_domain_shows_what_it_has_of_what_it_may_have(logged_in: Client, customer: User) -> None:
    make_domain("pelna.example", [customer], max_mailboxes=4, max_total_quota_mb=4000)
    make_domain("xn--w-uga1v8h.pl", [customer], is_active=False)
    make_domain("cudza.example")
    make_mailbox("obcy@cudza.example")
    jan, ewa = make_mailbox("jan@pelna.example", quota_mb=1500), make_mailbox("ewa@pelna.example", quota_mb=500)
    MailUsage.objects.create(mailbox=jan, bytes_used=300 * MIB)
    MailUsage.objects.create(mailbox=ewa, bytes_used=1)
    make_mailbox("new@xn--w-uga1v8h.pl", quota_mb=10)
    page = read_page(logged_in, "/")
    assert page.find("h1").text == "Biuro Przykład"
    assert "2 domains, 3 mailboxes." in page.text
    for numbers in ("2 of 4", "2,000 of 4,000 MB", "301 of 2,000 MB given", "1, no limit", "10 MB, no limit"):
        assert f" {numbers} " in page.text
    for width in ("50", "15"):
        assert page.find_all(width=width)
    assert "unknown" in [element.text for element in page.descendants()]
    assert "żółw.pl" in page.text
    assert "switched off" in [element.text for element in page.descendants()]
    assert "cudza" not in page.text


def test_the_table_of_domains_leads_to_their_mailboxes_and_the_menu_leads_home(
    logged_in: Client, customer: User
) -> None:
    domain = make_domain("przyklad.iq.pl", [customer])
    page = read_page(logged_in, "/")
    assert page.find_all("a", href=f"/mailboxes/?domain={domain.pk}")
    assert page.find("a", href="/", aria_current="page").text == "Home"
    assert page.find("a", class_="brand")["href"] == "/"
    assert "no-store" in logged_in.get("/").headers["Cache-Control"]


def test_a_customer_without_domains_is_told_whom_to_ask(logged_in: Client) -> None:
    make_domain("cudza.example")
    page = read_page(logged_in, "/")
    assert "No domains yet" in page.text
    assert "Ask your hosting company" in page.text
    assert "Create accounts in bulk" not in page.text


def test_staff_without_domains_is_led_to_add_one() -> None:
    page = read_page(make_client(make_user("boss", is_staff=True)), "/")
    assert page.find_all("a", href="/admin/accounts/domain/add/")


def test_a_customer_without_mailboxes_is_led_to_make_some(logged_in: Client, customer: User) -> None:
    make_domain("przyklad.iq.pl", [customer], max_mailboxes=0)
    page = read_page(logged_in, "/")
    assert "No mailboxes yet" in page.text
    assert len(page.find_all(class_="btn-primary")) == 1
    assert "0 of 0" in page.text
    assert "Nothing needs your attention." in page.text


def test_staff_sees_all_domains_by_the_page_and_it_costs_the_same(logged_in: Client, customer: User) -> None:
    staff = make_client(make_user("boss", is_staff=True))

    def make(numbers: range) -> None:
        for number in numbers:
            domain = make_domain(f"a{number:03}.example", [customer], max_mailboxes=1, is_active=number % 2 == 0)
            mailbox = make_mailbox(f"jan@{domain.name}", domain=domain, password_hash="x", quota_mb=1)
            MailUsage.objects.create(mailbox=mailbox, bytes_used=MIB)
            make_import(customer, counts={"file_errors": 0, "errors": 3})

    make(range(20))  # more of each kind than are named
    costs = {}
    for client in (staff, logged_in):
        with CaptureQueriesContext(connection) as few:
            assert len(client.get("/").context["rows"]) == 20
        costs[client] = len(few)
    assert "things need your attention" in read_page(logged_in, "/").text
    assert logged_in.get("/").context["todo_count"] == 20 + 22 + 10, "imports; domains, two named twice; mailboxes"
    make(range(20, 200))
    for client, cost in costs.items():
        with CaptureQueriesContext(connection) as many:
            assert len(client.get("/").context["rows"]) == 50
        assert len(many) == cost
    page = read_page(staff, "/?page=2")
    assert "51 to 100 of 200" in page.text
    assert page.find_all("a", href="?page=3#domains")
    assert len(staff.get("/?page=4").context["rows"]) == 50
    assert len(staff.get("/?page=x").context["rows"]) == 50


def test_the_last_imports_and_what_became_of_them(logged_in: Client, customer: User) -> None:
    make_domain("przyklad.iq.pl", [customer])
    for number in range(6):
        make_import(customer, filename=f"lista{number}.csv", status="created", created_count=497, left_out=[3, 4])
    make_import(make_user("eve"), filename="obca.csv", counts={"file_errors": 0, "errors": 3})
    make_import(None, filename="shell.csv", counts={"file_errors": 0, "errors": 3})
    page = read_page(logged_in, "/")
    assert "497 accounts created, 2 rows left out" in page.text
    assert "lista5.csv" in page.text
    assert "lista0.csv" not in page.text
    assert "obca.csv" not in page.text
    assert "shell.csv" not in page.text
    root = make_client(make_user("root", is_staff=True))
    assert "shell.csv" in read_page(root, "/").text, (
        "as in the list of imports, a superuser sees what the command line did"
    )


def test_imports_that_wait_for_their_person(logged_in: Client, customer: User) -> None:
    make_domain("przyklad.iq.pl", [customer])
    assert todos(logged_in) == []
    now = timezone.now()
    stopped = make_import(customer, filename="stop.csv", status="creating", progress_at=now - timedelta(minutes=5))
    make_import(customer, filename="works.csv", status="creating", progress_at=now)
    faulty = make_import(customer, filename="bad.csv", counts={"file_errors": 0, "errors": 3, "rows": 9})
    ready = make_import(customer, filename="good.csv", counts={"file_errors": 0, "errors": 0, "drafts": 9})
    created = make_import(customer, filename="new.csv", status="created", batch=make_batch(customer))
    for line, is_generated in enumerate([True, True, False], start=2):
        address = f"a{line}@przyklad.iq.pl"
        mailbox = make_mailbox(address)
        ImportedAccount.objects.create(
            import_record=created, mailbox=mailbox, line=line, address=address, is_generated=is_generated
        )
    make_import(customer, filename="saved.csv", status="created")
    make_import(customer, filename="long.csv", counts={"file_errors": 1, "errors": 506})
    make_import(customer, filename="old.csv", counts={"file_errors": 0, "errors": 3}, expires_at=now)
    make_import(customer, filename="late.csv", status="created", batch=make_batch(customer), expires_at=now)
    make_import(make_user("eve"), filename="obca.csv", counts={"file_errors": 0, "errors": 3})
    until = timezone.localtime(created.expires_at).strftime("%H:%M")
    (passwords, first), (interrupted, second), (accounts, third), (rows, fourth) = todos(logged_in)
    assert passwords.startswith("2 passwords from new.csv wait to be saved, until ")
    assert passwords.endswith(f"{until}.")
    assert rows.startswith("3 rows of bad.csv have errors. Correct them until ")
    assert interrupted.startswith("The import of stop.csv was interrupted. It can be started again until ")
    assert accounts.startswith("9 accounts of good.csv are ready. You can create them until ")
    expected = [each.get_absolute_url() for each in (created, stopped, ready, faulty)]
    assert [first, second, third, fourth] == expected, "the most urgent first"
    assert "4 things need your attention." in read_page(logged_in, "/").text
    Mailbox.objects.all().delete()
    assert len(todos(logged_in)) == 3, "of mailboxes that are gone there is nothing to save"


def test_new_passwords_that_wait_to_be_saved(logged_in: Client, customer: User) -> None:
    make_domain("przyklad.iq.pl", [customer])
    pages = []
    for number in range(NAMED + 1):
        sent = {"email": f"a{number}@przyklad.iq.pl", "token": TOKEN}
        pages.insert(0, logged_in.post("/mailboxes/new/", sent)["Location"])
    with CaptureQueriesContext(connection) as many:
        found = todos(logged_in)
    assert [url for _text, url in found] == pages
    assert found[0][0].startswith("a5@przyklad.iq.pl has been created. The password waits to be saved, until ")
    assert found[NAMED][0] == "More new passwords wait to be saved."
    logged_in.post(f"{pages[0]}saved/")
    Mailbox.objects.filter(local_part__in=["a4", "a3"]).update(password_hash="x")
    Mailbox.objects.filter(local_part="a2").delete()
    with CaptureQueriesContext(connection) as few:
        logged_in.get("/")
    assert [url for _text, url in todos(logged_in)] == pages[4:], "saved, changed and deleted ones are not waited for"
    assert len(few) <= len(many)
    staff = make_client(make_user("boss", is_staff=True))
    assert todos(staff) == []


def test_domains_switched_off_or_almost_at_a_limit(logged_in: Client, customer: User) -> None:
    off = make_domain("off.example", [customer], is_active=False)
    most = make_domain("most.example", [customer], max_mailboxes=10, max_total_quota_mb=10_000)
    room = make_domain("room.example", [customer], max_mailboxes=10, max_total_quota_mb=10_000)
    make_domain("cudza.example", is_active=False)
    for number in range(9):
        make_mailbox(f"a{number}@most.example", domain=most, quota_mb=1000, password_hash="x")
    for number in range(8):
        make_mailbox(f"a{number}@room.example", domain=room, quota_mb=1000, password_hash="x")
    show = "/mailboxes/?domain="
    assert todos(logged_in) == [
        ("most.example has little or no room for more mailboxes: 9 of 10.", f"{show}{most.pk}"),
        ("most.example has little or no quota left to give: 9,000 of 10,000 MB.", f"{show}{most.pk}"),
        (
            "off.example is switched off: mail to it is refused. Your hosting company can switch it on.",
            f"{show}{off.pk}",
        ),
    ]
    staff = make_client(make_user("boss", is_staff=True))
    assert (
        "off.example is switched off: mail to it is refused.",
        f"/admin/accounts/domain/{off.pk}/change/",
    ) in todos(staff)


def test_mailboxes_almost_full(logged_in: Client, customer: User) -> None:
    for name in ("przyklad.iq.pl", "off.example"):
        make_domain(name, [customer])
    for name, used_mb, fields in [
        ("full@przyklad.iq.pl", 984, {}),
        ("edge@przyklad.iq.pl", 900, {}),
        ("half@przyklad.iq.pl", 899, {}),
        ("idle@przyklad.iq.pl", 999, {"is_active": False}),
        ("obcy@cudza.example", 999, {}),
    ]:
        MailUsage.objects.create(mailbox=make_mailbox(name, **fields), bytes_used=used_mb * MIB)
    MailUsage.objects.create(mailbox=make_mailbox("unknown@przyklad.iq.pl"))
    # So large that the marks do not fit into 32 bits.
    large = make_mailbox("large@przyklad.iq.pl", quota_mb=2_000_000_000)
    MailUsage.objects.create(mailbox=large, bytes_used=1_900_000_000 * MIB)
    assert todos(logged_in) == [
        (
            "large@przyklad.iq.pl is almost full: 1,900,000,000 of 2,000,000,000 MB.",
            "/mailboxes/?q=large@przyklad.iq.pl",
        ),
        ("full@przyklad.iq.pl is almost full: 984 of 1,000 MB.", "/mailboxes/?q=full@przyklad.iq.pl"),
        ("edge@przyklad.iq.pl is almost full: 900 of 1,000 MB.", "/mailboxes/?q=edge@przyklad.iq.pl"),
    ]


def test_much_of_one_kind_is_cut_and_leads_to_the_rest(logged_in: Client, customer: User) -> None:
    for number in range(NAMED + 1):
        domain = make_domain(f"a{number}.example", [customer], max_mailboxes=1)
        mailbox = make_mailbox(f"jan@{domain.name}", domain=domain, password_hash="x", quota_mb=1)
        MailUsage.objects.create(mailbox=mailbox, bytes_used=MIB)
        make_import(customer, counts={"file_errors": 0, "errors": 1})
    found = todos(logged_in)
    assert len(found) == 3 * (NAMED + 1)
    assert ("More imports wait for you.", "/imports/") in found
    assert ("More domains are switched off or almost at a limit.", "#domains") in found
    assert ("More mailboxes are almost full.", "/mailboxes/?sort=used") in found
    assert read_page(logged_in, "/").find("h2", id="domains")
