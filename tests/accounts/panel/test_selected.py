"""What is done to many mailboxes at once: to which, what it says first, and that it is all or nothing."""

from unittest.mock import Mock

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts import notices
from accounts.handout.batches import create_batch
from accounts.handout.models import Batch
from accounts.models import Domain, Forward, Mailbox, MailUsage
from accounts.passwords import hash_password, verify_password
from accounts.rules.forwards import forwards_leading_to
from accounts.services import change_mailbox
from bulkimport.readers.reading import read_file
from bulkimport.rows import Field
from bulkimport.services.results import undo
from tests.factories import (
    make_created_import,
    make_domain,
    make_forward,
    make_mailbox,
    make_user,
)
from tests.pages import TOKEN, form_in, open_page, secrets_in, text_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def customer() -> User:
    customer = make_user("anna")
    make_domain("przyklad.iq.pl", [customer], max_total_quota_mb=5000)
    make_domain("firma.example", [customer], max_mailbox_quota_mb=1500)
    return customer


@pytest.fixture(autouse=True)
def ended(monkeypatch: pytest.MonkeyPatch) -> Mock:
    """Whose sessions were to be ended."""
    ended = Mock(return_value="")
    monkeypatch.setattr(notices, "end_sessions", ended)
    return ended


@pytest.fixture
def three(customer: User) -> list[Mailbox]:
    return [make_mailbox(f"{name}@przyklad.iq.pl") for name in ("adam", "beata", "cezary")]


def url(action: str, mailboxes: list[Mailbox] | None = None, query: str = "") -> str:
    chosen = "&".join(f"select={mailbox.pk}" for mailbox in mailboxes or [])
    return f"/mailboxes/selected/{action}/?{chosen}{query}"


def confirm(client: Client, page: str, **values: str) -> HttpResponse:
    """Send the form of a confirming page, as its button does."""
    return client.post(page, {**form_at(client, page), **values}, follow=True)  # type: ignore[return-value]


def form_at(client: Client, page: str) -> dict[str, list[str]]:
    """Return what the form of a confirming page sends."""
    return form_in(client.get(page).content.decode(), "/mailboxes/selected/").fields


def test_selected_mailboxes_are_disabled_and_enabled(logged_in: Client, three: list[Mailbox], ended: Mock) -> None:
    page = url("disable", three[:2])
    html = logged_in.get(page).content.decode()
    assert "Disable 2 mailboxes" in html
    assert "adam@przyklad.iq.pl" in text_in(html)
    assert Mailbox.objects.filter(is_active=True).count() == 3, "looking changes nothing"
    assert "2 mailboxes are disabled now." in confirm(logged_in, page).content.decode()
    assert list(Mailbox.objects.filter(is_active=True)) == three[2:]
    ended.assert_called_once_with([mailbox.address for mailbox in three[:2]])

    html = logged_in.get(url("disable", three)).content.decode()
    assert "Disable 1 mailbox" in html
    assert "2 of those selected are disabled already." in html
    assert "1 of those selected is enabled already." in logged_in.get(url("enable", three)).content.decode()
    assert "2 mailboxes are enabled now." in confirm(logged_in, url("enable", three)).content.decode()
    assert Mailbox.objects.filter(is_active=True).count() == 3
    assert ended.call_count == 1, "nobody is thrown out of an enabled mailbox"


def test_one_mailbox_is_spoken_of_as_one_and_success_comes_first(
    logged_in: Client, three: list[Mailbox], ended: Mock
) -> None:
    make_forward("biuro@przyklad.iq.pl", "adam@przyklad.iq.pl")
    ended.return_value = "doveadm kick adam@przyklad.iq.pl"
    response = confirm(logged_in, url("disable", three[:1]))
    assert [str(message) for message in response.context["messages"]] == [  # type: ignore[attr-defined]
        "1 mailbox is disabled now.",
        "A mail program that is connected now may stay so until it is closed.",
        "“adam@przyklad.iq.pl” is disabled, so messages passed on to it will be returned. Enable it, or correct it.",
    ]
    one = {
        "enable": "It gets mail again",
        "quota": "Mail that is in it already",
        "passwords": "It gets a new random",
        "delete": "Its forward and password go with it",
    }
    many = {
        "enable": "They get mail again",
        "quota": "Quota of each of them",
        "passwords": "Each gets a new random",
        "delete": "Their forwards and passwords go with them",
    }
    for action, words in one.items():
        html = logged_in.get(url(action, three[:1])).content.decode()
        assert words in html
        assert "This mailbox" in html
    Mailbox.objects.update(is_active=False)
    for action, words in many.items():
        html = logged_in.get(url(action, three)).content.decode()
        assert words in html
        assert "These mailboxes" in html
        assert ("Messages that came already stay on the mail server until" in html) is (action == "delete")


def test_the_second_of_two_presses_changes_nothing_more(logged_in: Client, three: list[Mailbox], ended: Mock) -> None:
    for action, typed in (("disable", {}), ("delete", {"typed": "3"})):
        page = url(action, three)
        form = {**form_at(logged_in, page), **typed}
        logged_in.post(page, form)
        again = logged_in.post(page, form, follow=True)
        assert again.status_code == 200
        assert again.redirect_chain == [("/mailboxes/", 302)]
    assert ended.call_count == 2


def test_all_that_match_are_meant_whatever_page_they_are_on(logged_in: Client) -> None:
    for number in range(60):
        make_mailbox(f"a{number:02}@przyklad.iq.pl", password_hash="x", quota_mb=10)
    make_mailbox("b@przyklad.iq.pl", password_hash="x")
    make_mailbox("a@cudza.example", password_hash="x")
    page = url("disable", query="all=1&q=a&domain=&state=")
    html = logged_in.get(page).content.decode()
    assert "Disable 61 mailboxes" in html, "przyklad.iq.pl has an a in it"
    page = url("disable", query="all=1&q=a0")
    html = logged_in.get(page).content.decode()
    assert "Disable 10 mailboxes" in html
    assert 'href="/mailboxes/?q=a0"' in html, "the way back is to the same list"
    response = confirm(logged_in, page)
    assert response.redirect_chain == [("/mailboxes/?q=a0", 302)]  # type: ignore[attr-defined]
    assert Mailbox.objects.filter(is_active=False).count() == 10


@pytest.mark.parametrize("query", ["all=1&domain=999", "all=1&state=perhaps", "all=1&q=%00", "", "select=x"])
def test_a_selection_that_cannot_be_is_none_and_never_all(logged_in: Client, three: list[Mailbox], query: str) -> None:
    for page in (url("delete", query=query), f"/mailboxes/selected/export.csv?{query}"):
        assert "Nothing is selected" in logged_in.get(page, follow=True).content.decode()
    logged_in.post(url("disable", query=query), {"shown_version": ""})
    assert Mailbox.objects.filter(is_active=True).count() == 3


def test_what_is_added_meanwhile_is_looked_at_first(logged_in: Client, three: list[Mailbox]) -> None:
    page = url("delete", query="all=1&q=przyklad")
    form = form_at(logged_in, page)
    make_mailbox("danuta@przyklad.iq.pl")
    response = logged_in.post(page, {**form, "typed": "3"})
    html = response.content.decode()
    assert "The selection has changed meanwhile." in html
    assert "Delete 4 mailboxes" in html
    assert Mailbox.objects.count() == 4
    again = form_in(html, "/mailboxes/selected/").fields
    assert again["shown_version"] != form["shown_version"]
    logged_in.post(page, {**again, "typed": "4"})
    assert not Mailbox.objects.exists()


def test_a_quota_is_set_within_the_limits_of_every_domain_or_nowhere(logged_in: Client, three: list[Mailbox]) -> None:
    chosen = [*three, make_mailbox("ewa@firma.example")]
    html = confirm(logged_in, url("quota", chosen), quota="2000").content.decode()
    assert "2,000 MB is more than a mailbox of firma.example may have" in text_in(html)
    assert "This needs 3,000 MB more in przyklad.iq.pl, which has 2,000 MB left." in text_in(html)
    assert 'value="2000"' in html
    assert set(Mailbox.objects.values_list("quota_mb", flat=True)) == {1000}
    assert "not a whole number" in confirm(logged_in, url("quota", chosen), quota="").content.decode()
    assert (
        "4 mailboxes have the new quota now."
        in confirm(logged_in, url("quota", chosen), quota="1 500").content.decode()
    )
    assert set(Mailbox.objects.values_list("quota_mb", flat=True)) == {1500}


def test_the_limits_never_stop_anybody_from_making_mailboxes_smaller(logged_in: Client, three: list[Mailbox]) -> None:
    Domain.objects.filter(name="przyklad.iq.pl").update(max_total_quota_mb=100, max_mailbox_quota_mb=10)
    confirm(logged_in, url("quota", three), quota="900")
    assert set(Mailbox.objects.values_list("quota_mb", flat=True)) == {900}


def test_deleting_names_what_it_breaks_and_asks_for_the_number(
    logged_in: Client, three: list[Mailbox], ended: Mock
) -> None:
    make_forward("adam@przyklad.iq.pl", "beata@przyklad.iq.pl", keep_copy=True)
    make_forward("kontakt@przyklad.iq.pl", "zenon@firma.example adam@przyklad.iq.pl")
    make_forward("obcy@cudza.example", "adam@przyklad.iq.pl")
    page = url("delete", three)
    html = logged_in.get(page).content.decode()
    assert "1 forward leads there" in html
    assert "kontakt@przyklad.iq.pl" in text_in(html)
    assert "obcy" not in html
    for typed in ("", "2", "three"):
        html = confirm(logged_in, page, typed=typed).content.decode()
        assert "1 thing to correct" in html
        assert '<a href="#id_typed">Write the number of mailboxes to delete</a>: Write 3 here' in html
    assert Mailbox.objects.count() == 3
    ended.assert_not_called()
    assert "3 mailboxes have been deleted." in confirm(logged_in, page, typed=" 3 ").content.decode()
    assert not Mailbox.objects.exists()
    assert {forward.source for forward in Forward.objects.all()} == {"kontakt@przyklad.iq.pl", "obcy@cudza.example"}
    ended.assert_called_once_with([mailbox.address for mailbox in three])


def test_a_forward_to_a_plus_address_breaks_too_and_is_named_before_the_button(
    logged_in: Client, three: list[Mailbox]
) -> None:
    make_forward("kontakt@przyklad.iq.pl", "adam+biuro@przyklad.iq.pl")
    html = logged_in.get(url("delete", three[:1])).content.decode()
    assert "1 forward leads there" in html
    assert html.index("kontakt<wbr>@przyklad.iq.pl") < html.index("btn-danger")


def test_disabling_names_the_forwards_that_nobody_would_get_too(logged_in: Client, three: list[Mailbox]) -> None:
    make_forward("kontakt@przyklad.iq.pl", "adam@przyklad.iq.pl")
    assert "1 forward leads there" in logged_in.get(url("disable", three)).content.decode()
    make_forward("stary@przyklad.iq.pl", "adam@przyklad.iq.pl", is_active=False)
    assert "stary" not in logged_in.get(url("delete", three)).content.decode(), "it passes nothing on"
    Mailbox.objects.filter(pk=three[2].pk).update(is_active=False)
    for action in ("enable", "quota", "passwords"):
        response = logged_in.get(url(action, three))
        assert response.status_code == 200
        assert "leads there" not in response.content.decode()


def test_one_mailbox_is_deleted_once_its_address_is_written(logged_in: Client, three: list[Mailbox]) -> None:
    page = url("delete", three[:1])
    assert page in logged_in.get(f"/mailboxes/{three[0].pk}/").content.decode()
    for typed in ("", "1", three[1].address):
        html = confirm(logged_in, page, typed=typed).content.decode()
        assert "Write adam@przyklad.iq.pl here, if you want to delete it." in html
    assert Mailbox.objects.count() == 3
    confirm(logged_in, page, typed=" Adam@Przyklad.iq.pl ")
    assert list(Mailbox.objects.all()) == three[1:]


def test_forwards_to_many_mailboxes_are_found_too(customer: User) -> None:
    kept = make_forward("kontakt@przyklad.iq.pl", "a7@przyklad.iq.pl")
    make_forward("a8@przyklad.iq.pl", "a9@przyklad.iq.pl")
    make_forward("inne@przyklad.iq.pl", "ba7@przyklad.iq.pl")
    for number in (10, 200):
        addresses = [f"a{each}@przyklad.iq.pl" for each in range(number)]
        assert forwards_leading_to(addresses, Forward.objects.all()) == [kept]
    assert forwards_leading_to([], Forward.objects.all()) == []


def test_new_passwords_are_set_and_shown(logged_in: Client, three: list[Mailbox], ended: Mock) -> None:
    page = url("passwords", three[:2])
    form = form_at(logged_in, page)
    response = logged_in.post(page, form)
    shown = secrets_in(open_page(logged_in, response["Location"]))
    assert list(shown) == [mailbox.address for mailbox in three[:2]]
    for address, password in shown.items():
        assert verify_password(password, Mailbox.objects.get(address=address).password_hash)
    assert len(set(shown.values())) == 2
    assert Mailbox.objects.get(pk=three[2].pk).password_hash == three[2].password_hash
    ended.assert_called_once_with([mailbox.address for mailbox in three[:2]])
    hashes = set(Mailbox.objects.values_list("password_hash", flat=True))
    assert logged_in.post(page, form)["Location"] == response["Location"], "a second press leads to the same page"
    assert secrets_in(open_page(logged_in, response["Location"])) == shown
    assert set(Mailbox.objects.values_list("password_hash", flat=True)) == hashes, "a second press sets nothing anew"
    another = {**form_at(logged_in, page), "token": TOKEN}
    version = str(Mailbox.objects.get(pk=three[0].pk).version)
    change_mailbox(mailbox_id=three[0].pk, version=version, password_hash=hash_password("Wlasne1234"))
    late = logged_in.post(page, another).content.decode()
    assert "data-password" not in late
    assert "Look at it as it is now and decide again." in late
    assert verify_password("Wlasne1234", Mailbox.objects.get(pk=three[0].pk).password_hash)


def test_a_form_sent_again_after_the_passwords_are_saved_sets_nothing(logged_in: Client, three: list[Mailbox]) -> None:
    page = url("passwords", three)
    form = form_at(logged_in, page)
    kept = logged_in.post(page, form)["Location"]
    hashes = set(Mailbox.objects.values_list("password_hash", flat=True))
    logged_in.post(f"{kept}saved/")
    assert logged_in.post(page, form)["Location"] == kept, "whose page says that they are gone"
    assert set(Mailbox.objects.values_list("password_hash", flat=True)) == hashes
    assert not Batch.objects.exists()


def test_too_many_passwords_at_once_are_refused(logged_in: Client, three: list[Mailbox], settings) -> None:
    before = set(Mailbox.objects.values_list("password_hash", flat=True))
    form = form_at(logged_in, url("passwords", three))
    settings.MAX_ACCOUNTS_PER_FILE = 2
    sent = logged_in.post(url("passwords", three), form)
    assert "for 2 mailboxes at once" in sent.content.decode()
    asked = logged_in.get(url("passwords", three), follow=True)
    assert asked.redirect_chain == [("/mailboxes/", 302)], "said before anything can be confirmed"
    assert "for 2 mailboxes at once" in asked.content.decode()
    assert set(Mailbox.objects.values_list("password_hash", flat=True)) == before


@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
def test_an_export_is_read_back_by_the_importer(logged_in: Client, three: list[Mailbox], file_format: str) -> None:
    make_mailbox("ewa@firma.example", quota_mb=1234, is_active=False)
    make_forward("ewa@firma.example", ["+a@b.pl", "c@d.pl"], keep_copy=True)
    make_forward("adam@przyklad.iq.pl", "off@b.pl", is_active=False)
    make_mailbox("obcy@cudza.example")
    response = logged_in.get(f"/mailboxes/selected/export.{file_format}?all=1")
    assert "no-store" in response.headers["Cache-Control"]
    assert f"mailboxes.{file_format}" in response.headers["Content-Disposition"]
    rows = read_file(response.content, max_rows=10).rows
    cells = {row.cells[Field.EMAIL]: row.cells for row in rows}
    assert set(cells) == {"ewa@firma.example", *(mailbox.address for mailbox in three)}
    ewa = cells["ewa@firma.example"]
    assert ewa[Field.QUOTA] == "1234"
    assert ewa[Field.FORWARD].split() == ["+a@b.pl", "c@d.pl"]
    assert ewa[Field.KEEP_COPY] == "Yes"
    assert not any(row.get(Field.PASSWORD) for row in cells.values())
    assert not cells["adam@przyklad.iq.pl"].get(Field.FORWARD)
    Forward.objects.filter(domain__name__in=["firma.example", "przyklad.iq.pl"]).delete()
    Mailbox.objects.filter(domain__name__in=["firma.example", "przyklad.iq.pl"]).delete()
    created = make_created_import(User.objects.get(username="anna"), response.content)
    assert created.accounts.count() == 4
    assert Forward.objects.get().destinations == "+a@b.pl c@d.pl"
    three = list(Mailbox.objects.filter(domain__name="przyklad.iq.pl"))
    one = logged_in.get(f"/mailboxes/selected/export.{file_format}?select={three[0].pk}")
    assert [row.cells[Field.EMAIL] for row in read_file(one.content, max_rows=10).rows] == ["adam@przyklad.iq.pl"]


def test_another_customers_mailboxes_are_not_found(logged_in: Client, three: list[Mailbox]) -> None:
    other = make_mailbox("obcy@cudza.example")
    for action in ("disable", "enable", "quota", "passwords", "delete"):
        assert logged_in.get(url(action, [other])).status_code == 404
        assert "cudza" not in logged_in.get(url(action, [other, three[0]])).content.decode()
        sent = {"shown_version": "x", "quota": "1", "token": TOKEN}
        assert "not there any more" in logged_in.post(url(action, [other]), sent, follow=True).content.decode()
    assert logged_in.get(f"/mailboxes/selected/export.csv?select={other.pk}").status_code == 404
    assert logged_in.get(url("explode", three)).status_code == 404
    assert Mailbox.objects.filter(pk=other.pk, is_active=True, password_hash=other.password_hash).exists()
    assert Client().get(url("delete", three))["Location"].startswith("/login/")


def test_mailboxes_are_found_by_the_file_that_they_were_added_with(logged_in: Client, three: list[Mailbox]) -> None:
    assert 'name="batch"' not in logged_in.get("/mailboxes/").content.decode()

    def batch(mailbox: Mailbox, login: User, label: str) -> Batch:
        return create_batch([(mailbox, None)], made_by=login, label=label, is_of_new_mailboxes=True)

    anna = User.objects.get(username="anna")
    own, others = batch(three[1], anna, "anna.csv"), batch(three[2], make_user("ewa"), "ewa.csv")
    without_label = create_batch([(three[0], "Abc12345")], made_by=anna, is_of_new_mailboxes=True)
    response = logged_in.get("/mailboxes/", {"batch": str(own.pk)})
    assert [mailbox for mailbox, _forward in response.context["rows"]] == [three[1]]
    assert "anna.csv" in response.content.decode()
    assert "ewa.csv" not in response.content.decode()
    for _number in range(50):
        batch(three[0], anna, "newer.csv")
    assert "anna.csv" not in logged_in.get("/mailboxes/").content.decode()
    html = logged_in.get("/mailboxes/", {"batch": str(own.pk)}).content.decode()
    assert f'<option value="{own.pk}" selected>' in html
    for wrong in (str(others.pk), str(without_label.pk), "x"):
        assert len(logged_in.get("/mailboxes/", {"batch": wrong}).context["rows"]) == 3
    html = logged_in.get(url("disable", query=f"all=1&batch={own.pk}")).content.decode()
    assert "Disable 1 mailbox" in html


def test_every_import_can_be_looked_for_until_it_is_undone(logged_in: Client, customer: User) -> None:
    given = make_created_import(customer, "E-mail;Hasło\nola@przyklad.iq.pl;Wiosna2024\n", filename="hasla.csv")
    response = logged_in.get("/mailboxes/", {"batch": str(given.batch_id)})
    assert [mailbox.address for mailbox, _forward in response.context["rows"]] == ["ola@przyklad.iq.pl"]
    undo(given)
    assert "hasla.csv" not in logged_in.get("/mailboxes/").content.decode()


def test_a_hundred_thousand_mailboxes_cost_no_more_queries_and_are_read_a_page_at_a_time(
    logged_in: Client, three: list[Mailbox]
) -> None:
    with CaptureQueriesContext(connection) as few:
        logged_in.get("/mailboxes/")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO accounts_mailbox"
            " (domain_id, local_part, address, password_hash, quota_mb, is_active, created_at)"
            " WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 100000)"
            " SELECT domain_id, 'u' || n, 'u' || n || '@przyklad.iq.pl', 'x', 1, is_active, created_at"
            " FROM numbers, accounts_mailbox WHERE address = 'adam@przyklad.iq.pl'"
        )
    with CaptureQueriesContext(connection) as many:
        html = logged_in.get("/mailboxes/").content.decode()
    assert "100,003" in html
    assert len(many) == len(few) < 12
    sent = [query["sql"] for query in many if query["sql"].endswith("LIMIT 50")]
    (listed,) = [sql for sql in sent if "accounts_mailbox" in sql]
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {'QUERY PLAN ' if connection.vendor == 'sqlite' else ''}{listed}")
        plan = "\n".join(str(row) for row in cursor.fetchall())
    if connection.vendor == "sqlite":
        assert "SEARCH accounts_mailbox USING INDEX" in plan
        assert "SCAN accounts_mail" not in plan, "neither the mailboxes nor their usage are read from end to end"
    else:
        assert "Limit" in plan
    with CaptureQueriesContext(connection) as bulk:
        assert "Delete 100,003 mailboxes" in logged_in.get(url("delete", query="all=1")).content.decode()
    assert len(bulk) < 12


@pytest.mark.parametrize(
    ("messages", "sentence"),
    [
        ([None, None, None], "Messages that came already stay on the mail server until your hosting company"),
        ([2, None, 3], "At least 5 messages stay on the mail server until your hosting company removes them."),
        ([1, 0, 0], "1 message stays on the mail server until your hosting company removes it."),
        ([1200, 0, 34], "1,234 messages stay on the mail server until your hosting company removes them."),
    ],
)
def test_the_page_says_what_happens_to_the_messages(
    logged_in: Client, three: list[Mailbox], messages: list[int | None], sentence: str
) -> None:
    for mailbox, number in zip(three, messages, strict=True):
        MailUsage.objects.create(mailbox=mailbox, messages=number)
    html = logged_in.get(url("delete", three)).content.decode()
    assert sentence in html
    assert "Nobody can read this mail any more, not even who gets the same address later." in html


def test_no_messages_are_lost_where_there_are_none(logged_in: Client, three: list[Mailbox]) -> None:
    MailUsage.objects.bulk_create(MailUsage(mailbox=mailbox, messages=0) for mailbox in three)
    assert "There are no messages on the mail server." in logged_in.get(url("delete", three)).content.decode()
