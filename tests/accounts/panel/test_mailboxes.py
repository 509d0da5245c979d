"""Adding one mailbox and changing one: what is written, who may, and when a generated password is shown."""

from unittest.mock import Mock

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

from accounts import notices
from accounts.handout.models import Batch
from accounts.models import Forward, Mailbox, MailUsage
from accounts.passwords import hash_password, verify_password
from accounts.services import change_mailbox
from tests.factories import MAILBOX_PASSWORD, make_client, make_domain, make_forward, make_mailbox, make_user
from tests.pages import TOKEN, form_in, secrets_in

pytestmark = pytest.mark.django_db

NEW = {"email": "nowe@przyklad.iq.pl", "password": "", "quota": "", "forward": "", "token": TOKEN}


@pytest.fixture
def customer() -> User:
    customer = make_user("anna")
    make_domain("przyklad.iq.pl", [customer], default_quota_mb=700, max_total_quota_mb=5000)
    return customer


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> Mock:
    """Whose sessions were to be ended."""
    ended = Mock(return_value="run this: doveadm kick")
    monkeypatch.setattr(notices, "end_sessions", ended)
    return ended


def shown(response: HttpResponse) -> str:
    """Return the one password on a page."""
    (password,) = secrets_in(response.content.decode()).values()
    return password


def told(response: HttpResponse) -> list[str]:
    """Return the notices of a page, in their order."""
    return [str(message) for message in response.context["messages"]]  # type: ignore[attr-defined]


def edited(mailbox: Mailbox, **values: str) -> dict[str, str]:
    """Return the form of a mailbox as a browser sends it from its page: without boxes that are not ticked."""
    sent = {"quota": str(mailbox.quota_mb), "password": "", "forward": "", "is_active": "on", "token": TOKEN}
    sent |= {"shown_version": str(Mailbox.objects.get(pk=mailbox.pk).version), **values}
    return {name: value for name, value in sent.items() if value != "-"}


def test_an_empty_password_is_generated_and_shown(logged_in: Client) -> None:
    response = logged_in.post("/mailboxes/new/", NEW, follow=True)
    mailbox = Mailbox.objects.get()
    password = shown(response)
    assert verify_password(password, mailbox.password_hash)
    assert mailbox.quota_mb == 700
    assert "no-store" in response.headers["Cache-Control"]
    assert password not in logged_in.get(f"/mailboxes/{mailbox.pk}/").content.decode()
    assert password not in logged_in.get("/mailboxes/").content.decode()
    assert all(password not in str(session.get_decoded()) for session in Session.objects.all())
    download = logged_in.get(f"{response.redirect_chain[0][0]}passwords.csv")
    assert f"nowe@przyklad.iq.pl,{password},700," in download.content.decode()


def test_the_second_of_two_presses_leads_to_the_same_page(logged_in: Client) -> None:
    first, second = (logged_in.post("/mailboxes/new/", NEW) for _press in range(2))
    assert first["Location"] == second["Location"]
    again = logged_in.post("/mailboxes/new/", {**NEW, "token": "u" * 32})
    assert "exists already" in again.content.decode(), "another form is no second press"
    assert Mailbox.objects.count() == Batch.objects.count() == 1
    other = logged_in.post("/mailboxes/new/", {**NEW, "email": "drugie@przyklad.iq.pl"})
    assert other["Location"] != first["Location"], "a page that the browser brought back was filled in anew"
    assert Mailbox.objects.count() == 2


def test_a_token_of_another_login_leads_nowhere(logged_in: Client) -> None:
    make_domain("inna.example", [make_user("ewa")])
    ewa = make_client(User.objects.get(username="ewa"))
    first = logged_in.post("/mailboxes/new/", NEW)
    second = ewa.post("/mailboxes/new/", NEW)
    assert second.status_code == 200
    assert "You cannot use the domain przyklad.iq.pl" in second.content.decode()
    assert ewa.get(first["Location"]).status_code == 404


def test_a_page_without_a_token_has_something_else_to_show_each_time(logged_in: Client) -> None:
    for token in ("", "short"):
        pages = set()
        for _time in range(2):
            pages.add(logged_in.post("/mailboxes/new/", {**NEW, "token": token})["Location"])
            Mailbox.objects.all().delete()
        assert len(pages) == 2


def test_a_chosen_password_is_not_shown(logged_in: Client) -> None:
    chosen = {**NEW, "password": "Wiosna2024", "forward": "a@b.pl c@d.pl", "keep_copy": "on", "quota": "500"}
    for _press in range(2):
        response = logged_in.post("/mailboxes/new/", chosen, follow=True)
        assert response.redirect_chain == [("/mailboxes/", 302)]
        assert "nowe@przyklad.iq.pl has been created" in response.content.decode()
        assert "Wiosna2024" not in response.content.decode()
    mailbox, forward = Mailbox.objects.get(), Forward.objects.get()
    assert verify_password("Wiosna2024", mailbox.password_hash)
    assert (mailbox.quota_mb, forward.destinations, forward.keep_copy) == (500, "a@b.pl c@d.pl", True)


def test_a_faulty_form_keeps_what_was_typed_and_ties_errors_to_fields(logged_in: Client) -> None:
    make_domain("cudza.example")
    wrong = {**NEW, "email": "x@cudza.example", "password": "abc", "quota": "1,3 GB", "forward": "nikt"}
    response = logged_in.post("/mailboxes/new/", wrong)
    html = response.content.decode()
    for value in ("x@cudza.example", "abc", "1,3 GB", "nikt", TOKEN):
        assert f'value="{value}"' in html
    assert 'aria-describedby="id_email_helptext id_email_error"' in html
    assert 'id="id_email_error"' in html
    assert "4 things to correct" in html
    assert '<a href="#id_quota">Quota (MB)</a>: “1,3 GB”' in html
    assert "You cannot use the domain cudza.example" in html
    assert "no-store" in response.headers["Cache-Control"]
    assert not Mailbox.objects.exists()


def test_an_account_is_warned_of_what_its_row_would_be(logged_in: Client, ended: Mock) -> None:
    domain = make_domain("nieczynna.example", [User.objects.get(username="anna")], is_active=False)
    new = {**NEW, "email": "nowe@nieczynna.example", "password": "password1", "keep_copy": "on"}
    warnings = [
        "The domain nieczynna.example is switched off, so the account gets no mail until it is switched on.",
        "The password is very common and easily guessed. Choose another one.",
        "Keeping a copy has no effect without a forward. Write a forward, or keep no copy.",
    ]
    created = "nowe@nieczynna.example has been created."
    assert told(logged_in.post("/mailboxes/new/", new, follow=True)) == [created, *warnings]
    mailbox = Mailbox.objects.get(domain=domain)
    change = edited(mailbox, password="password1", keep_copy="on")
    said = told(logged_in.post(f"/mailboxes/{mailbox.pk}/", change, follow=True))
    assert said[0] == "nowe@nieczynna.example has been saved."
    assert said[-3:] == warnings
    assert told(logged_in.post("/mailboxes/new/", {**NEW, "keep_copy": "on"}, follow=True)) == warnings[2:]
    assert told(logged_in.post("/mailboxes/new/", {**NEW, "email": "inne@przyklad.iq.pl"}, follow=True)) == []


def test_the_limit_of_a_domain_is_said_above_the_fields(logged_in: Client) -> None:
    html = logged_in.post("/mailboxes/new/", {**NEW, "quota": "5001"}).content.decode()
    assert "1 thing to correct" in html
    assert html.count("przyklad.iq.pl has") == 1
    assert not Mailbox.objects.exists()


def test_one_form_changes_quota_state_password_and_forward(logged_in: Client, ended: Mock) -> None:
    mailbox = make_mailbox("jan@przyklad.iq.pl")
    page = f"/mailboxes/{mailbox.pk}/"
    values = edited(
        mailbox, quota="1 500", password="Jesien2024", forward="a@b.pl c@d.pl", keep_copy="on", is_active="-"
    )
    assert logged_in.post(page, values)["Location"] == "/mailboxes/"
    mailbox.refresh_from_db()
    forward = Forward.objects.get()
    assert (mailbox.quota_mb, mailbox.is_active) == (1500, False)
    assert verify_password("Jesien2024", mailbox.password_hash)
    assert (forward.source, forward.destinations, forward.keep_copy) == (mailbox.address, "a@b.pl c@d.pl", True)
    ended.assert_called_once_with([mailbox.address])
    html = logged_in.get(page).content.decode()
    assert 'value="a@b.pl c@d.pl"' in html
    assert "doveadm" not in html, "a customer has no way to the mail server"


def test_what_is_left_empty_stays_and_nobody_is_thrown_out(logged_in: Client, ended: Mock) -> None:
    mailbox = make_mailbox("jan@przyklad.iq.pl", quota_mb=900)
    make_forward("jan@przyklad.iq.pl", "a@b.pl", is_active=False)
    logged_in.post(f"/mailboxes/{mailbox.pk}/", edited(mailbox, quota="", forward="c@d.pl"))
    mailbox.refresh_from_db()
    assert mailbox.quota_mb == 900
    assert verify_password(MAILBOX_PASSWORD, mailbox.password_hash)
    forward = Forward.objects.get()
    assert (forward.destinations, forward.is_active) == ("c@d.pl", False)
    assert "is switched off" in logged_in.get(f"/mailboxes/{mailbox.pk}/").content.decode()
    logged_in.post(f"/mailboxes/{mailbox.pk}/", edited(mailbox))
    assert not Forward.objects.exists()
    ended.assert_not_called()


def test_a_new_generated_password_is_shown_and_the_same_at_a_second_press(logged_in: Client, ended: Mock) -> None:
    mailbox = make_mailbox("jan@przyklad.iq.pl")
    form = edited(mailbox, generates="on")
    passwords = {
        shown(logged_in.post(f"/mailboxes/{mailbox.pk}/", form, follow=True))  # type: ignore[arg-type]
        for _press in range(2)
    }
    mailbox.refresh_from_db()
    assert verify_password(passwords.pop(), mailbox.password_hash)
    assert not passwords
    ended.assert_called_with([mailbox.address])
    both = logged_in.post(f"/mailboxes/{mailbox.pk}/", edited(mailbox, generates="on", password="Jesien2024"))
    assert "not both" in both.content.decode()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"quota": "6000"}, "przyklad.iq.pl has"),
        ({"quota": "0"}, "is too small"),
        ({"password": "abc"}, "at least 6 characters"),
        ({"forward": "jan@przyklad.iq.pl"}, "would forward to itself"),
        ({"forward": "kolo@przyklad.iq.pl"}, "go round in a circle"),
    ],
)
def test_a_refused_change_changes_nothing(logged_in: Client, ended: Mock, values: dict[str, str], message: str) -> None:
    mailbox = make_mailbox("jan@przyklad.iq.pl")
    make_forward("kolo@przyklad.iq.pl", "jan@przyklad.iq.pl")
    before = Mailbox.objects.values().get()
    html = logged_in.post(f"/mailboxes/{mailbox.pk}/", edited(mailbox, **{"is_active": "-", **values})).content.decode()
    assert message in html
    assert Mailbox.objects.values().get() == before
    assert Forward.objects.count() == 1
    ended.assert_not_called()


def test_another_customers_mailbox_is_not_found(logged_in: Client, ended: Mock) -> None:
    other = make_mailbox("obcy@cudza.example")
    for number in (other.pk, 999_999, 10**30):
        assert logged_in.get(f"/mailboxes/{number}/").status_code == 404
        assert logged_in.post(f"/mailboxes/{number}/", edited(other, is_active="-")).status_code == 404
    other.refresh_from_db()
    assert other.is_active
    assert Client().get("/mailboxes/new/")["Location"].startswith("/login/")


def test_a_mailbox_that_is_deleted_meanwhile_is_not_made_anew(
    logged_in: Client, ended: Mock, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailbox = make_mailbox("jan@przyklad.iq.pl")

    def hash_while_somebody_deletes(_password: str, *, generated: bool) -> str:
        Mailbox.objects.all().delete()
        return "{ARGON2ID}x"

    monkeypatch.setattr("accounts.panel.mailboxes.hash_password", hash_while_somebody_deletes)
    assert logged_in.post(f"/mailboxes/{mailbox.pk}/", edited(mailbox, password="Jesien2024")).status_code == 404
    assert not Mailbox.objects.exists()


def test_staff_reads_what_is_left_to_do_on_the_mail_server(customer: User, ended: Mock) -> None:
    mailbox = make_mailbox("jan@przyklad.iq.pl")
    staff = make_client(make_user("boss", is_staff=True))
    response = staff.post(f"/mailboxes/{mailbox.pk}/", edited(mailbox, is_active="-"), follow=True)
    assert "doveadm kick" in response.content.decode()


def test_an_old_page_of_an_account_takes_nothing_back(logged_in: Client) -> None:
    mailbox = make_mailbox("jan@przyklad.iq.pl", quota_mb=100)
    fields = edited(mailbox, quota="200")
    other_tab = edited(mailbox, quota="100", forward="ewa@daleko.example", keep_copy="on", token="u" * 32)
    logged_in.post(f"/mailboxes/{mailbox.pk}/", other_tab)
    html = logged_in.post(f"/mailboxes/{mailbox.pk}/", fields).content.decode()
    assert "This account has been changed meanwhile" in html
    mailbox.refresh_from_db()
    assert mailbox.quota_mb == 100
    assert Forward.objects.count() == 1
    again = form_in(html, f"/mailboxes/{mailbox.pk}/").fields
    assert again["quota"] == ["200"]
    assert logged_in.post(f"/mailboxes/{mailbox.pk}/", again).status_code == 302
    mailbox.refresh_from_db()
    assert (mailbox.quota_mb, Forward.objects.count()) == (200, 0)


def test_what_no_page_has_sent_changes_nothing(logged_in: Client, ended: Mock) -> None:
    mailbox = make_mailbox("jan@przyklad.iq.pl")
    make_forward("jan@przyklad.iq.pl", "ewa@daleko.example")
    for sent in ({"x": "1"}, {"shown_version": "7"}, {"shown_version": ""}):
        assert "has been changed meanwhile" in logged_in.post(f"/mailboxes/{mailbox.pk}/", sent).content.decode()
    mailbox.refresh_from_db()
    assert mailbox.is_active
    assert Forward.objects.exists()
    ended.assert_not_called()


def test_a_page_that_is_sent_again_much_later_takes_no_password_away(logged_in: Client) -> None:
    mailbox = make_mailbox("jan@przyklad.iq.pl")
    fields = edited(mailbox, generates="on")
    first, second = (logged_in.post(f"/mailboxes/{mailbox.pk}/", fields, follow=True) for _press in range(2))
    assert "has a new password" in first.content.decode()
    assert shown(first) == shown(second)  # type: ignore[arg-type]
    mailbox.refresh_from_db()
    change_mailbox(mailbox_id=mailbox.pk, version=str(mailbox.version), password_hash=hash_password("Wlasne1234"))
    late = logged_in.post(f"/mailboxes/{mailbox.pk}/", fields, follow=True).content.decode()
    assert "changed since" in late
    assert "data-password" not in late
    mailbox.refresh_from_db()
    assert verify_password("Wlasne1234", mailbox.password_hash)


def test_switching_a_mailbox_off_tells_who_forwards_to_it_and_who_stays_signed_in(
    logged_in: Client, ended: Mock
) -> None:
    mailbox = make_mailbox("jan@przyklad.iq.pl")
    make_forward("biuro@przyklad.iq.pl", "jan@przyklad.iq.pl")
    ended.return_value = "doveadm kick jan@przyklad.iq.pl"
    assert told(logged_in.post(f"/mailboxes/{mailbox.pk}/", edited(mailbox, is_active="-"), follow=True)) == [
        "jan@przyklad.iq.pl has been saved.",
        "A mail program that is connected now may stay so until it is closed.",
        "“jan@przyklad.iq.pl” is disabled, so messages passed on to it will be returned. Enable it, or correct it.",
    ]


# --- Warnings after a change ------------------------------------------------------------------------------------------


def test_a_quota_below_what_is_used_is_warned_of(logged_in: Client) -> None:
    mailbox = make_mailbox("jan@przyklad.iq.pl", quota_mb=10)
    MailUsage.objects.create(mailbox=mailbox, bytes_used=3 * 1_048_576, messages=7)
    response = logged_in.post(f"/mailboxes/{mailbox.pk}/", edited(mailbox, quota="3"), follow=True)
    assert told(response) == ["jan@przyklad.iq.pl has been saved."]
    response = logged_in.post(f"/mailboxes/{mailbox.pk}/", edited(mailbox, quota="2", token="v" * 32), follow=True)
    full = "jan@przyklad.iq.pl holds 3 MB, more than its quota. It gets no mail until some is deleted from it."
    assert told(response) == ["jan@przyklad.iq.pl has been saved.", full.replace("3 MB", "3\N{NO-BREAK SPACE}MB")]


def test_disabling_the_mailbox_of_the_postmaster_is_warned_of(logged_in: Client, settings: Settings) -> None:
    settings.MAIL_POSTMASTER = "Jan@przyklad.iq.pl"
    mailbox = make_mailbox("jan@przyklad.iq.pl")
    response = logged_in.post(f"/mailboxes/{mailbox.pk}/", edited(mailbox, is_active="-"), follow=True)
    warning = (
        "jan@przyklad.iq.pl is to get the mail for the postmaster of the mail server. Name another address in "
        "MAIL_POSTMASTER."
    )
    assert warning in told(response)
    Mailbox.objects.update(is_active=True)
    for action, is_warned in (("disable", True), ("delete", True), ("enable", False), ("quota", False)):
        html = logged_in.get(f"/mailboxes/selected/{action}/?select={mailbox.pk}", follow=True).content.decode()
        assert (warning in html) is is_warned
