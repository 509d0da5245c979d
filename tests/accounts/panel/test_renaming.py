"""Another name for a mailbox: what stays with it, what becomes of the old address, and what is refused."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from accounts.models import Forward, Mailbox, MailUsage
from accounts.services import rename_mailbox
from bulkimport.services.results import undo
from tests.factories import (
    MAILBOX_PASSWORD,
    make_client,
    make_created_import,
    make_domain,
    make_forward,
    make_mailbox,
    make_user,
)
from tests.pages import TOKEN, fill_in, form_in, secrets_in, text_in

pytestmark = pytest.mark.django_db

OLD = "ewa.nowak@przyklad.iq.pl"
NEW = "ewa.kos@przyklad.iq.pl"


@pytest.fixture
def customer() -> User:
    customer = make_user("anna")
    make_domain("przyklad.iq.pl", [customer])
    return customer


@pytest.fixture
def mailbox(customer: User) -> Mailbox:
    mailbox = make_mailbox(OLD, quota_mb=70)
    MailUsage.objects.create(mailbox=mailbox, bytes_used=5, messages=3, last_login=1_700_000_000)
    make_forward(OLD, "x@poczta.example", keep_copy=True, works_while_disabled=True, allows_sending=True)
    return mailbox


def rename(client: Client, mailbox: Mailbox, address: str, **changed: str | None) -> str:
    """Write another address on the page of a mailbox, and return the text of the page that follows."""
    response = fill_in(client, f"/mailboxes/{mailbox.pk}/", {"email": address, **changed}, follow=True)
    return text_in(response.content.decode())


def test_a_renamed_mailbox_keeps_all_that_it_has(logged_in: Client, mailbox: Mailbox) -> None:
    MailUsage.objects.create(mailbox_id=NEW, bytes_used=999)  # of somebody who had that address before
    text = rename(logged_in, mailbox, f" {NEW.upper()} ")
    assert f"The mailbox is {NEW} now. Its owner signs in with this address from now on." in text
    renamed = Mailbox.objects.get()
    assert (renamed.pk, renamed.address, renamed.local_part) == (mailbox.pk, NEW, "ewa.kos")
    assert (renamed.home, renamed.password_hash, renamed.quota_mb) == (mailbox.home, mailbox.password_hash, 70)
    usage = MailUsage.objects.get()
    assert (usage.mailbox_id, usage.bytes_used, usage.messages, usage.last_login) == (NEW, 5, 3, 1_700_000_000)
    forward = Forward.objects.get(source=NEW)
    assert (forward.destinations, forward.keep_copy) == ("x@poczta.example", True)
    assert forward.works_while_disabled, "a tick of its page"
    assert forward.allows_sending, "what only the page of the forward has"
    assert Forward.objects.get(source=OLD).destinations == NEW, "what comes to the old address is passed on"


def test_the_old_address_can_be_given_up_and_who_forwards_to_it_is_named(logged_in: Client, mailbox: Mailbox) -> None:
    make_forward("biuro@przyklad.iq.pl", OLD)
    text = rename(logged_in, mailbox, NEW, keeps_old_address="")
    assert f"“{OLD}” does not exist, so messages passed on to it will be returned." in text
    assert not Forward.objects.filter(source=OLD).exists()


@pytest.mark.parametrize("typed", ["", OLD, f"  {OLD.upper()}"])
def test_an_address_that_is_left_alone_stays(logged_in: Client, mailbox: Mailbox, typed: str) -> None:
    assert f"{OLD} has been saved." in rename(logged_in, mailbox, typed)
    assert Mailbox.objects.get().address == OLD
    assert Forward.objects.count() == 1


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("jan@przyklad.iq.pl", "“jan@przyklad.iq.pl” exists already."),
        ("biuro@przyklad.iq.pl", "“biuro@przyklad.iq.pl” is already a forward."),
        ("ewa@drugi.example", "A mailbox stays in its domain. Write an address that ends with @przyklad.iq.pl."),
        ("ewa kos@przyklad.iq.pl", "has a space in it"),
        ("-ewa@przyklad.iq.pl", "cannot be the name of a mailbox"),
    ],
)
def test_a_faulty_address_is_refused_at_its_field(
    logged_in: Client, mailbox: Mailbox, customer: User, typed: str, message: str
) -> None:
    make_domain("drugi.example", [customer])
    make_mailbox("jan@przyklad.iq.pl")
    make_forward("biuro@przyklad.iq.pl", "x@poczta.example")
    response = fill_in(logged_in, f"/mailboxes/{mailbox.pk}/", {"email": typed})
    html = response.content.decode()
    assert message in text_in(html)
    assert form_in(html, field="email").fields["email"] == [typed]
    assert Mailbox.objects.get(pk=mailbox.pk).address == OLD


def test_a_forward_to_the_new_address_would_go_round_in_a_circle(logged_in: Client, mailbox: Mailbox) -> None:
    Forward.objects.update(destinations="jan@przyklad.iq.pl", keep_copy=False)
    make_forward("jan@przyklad.iq.pl", OLD)
    Forward.objects.filter(source="jan@przyklad.iq.pl").update(destinations=NEW)
    assert "would go round in a circle" in rename(logged_in, mailbox, NEW)
    assert Mailbox.objects.get().address == OLD


def test_an_older_page_renames_nothing(logged_in: Client, mailbox: Mailbox) -> None:
    form = form_in(logged_in.get(f"/mailboxes/{mailbox.pk}/").content.decode(), field="token")
    Mailbox.objects.update(version=7)
    response = logged_in.post(f"/mailboxes/{mailbox.pk}/", {**form.fields, "email": NEW})
    assert "This account has been changed meanwhile" in response.content.decode()
    assert Mailbox.objects.get().address == OLD


# --- What else knows the mailbox --------------------------------------------------------------------------------------


def test_a_waiting_password_and_its_link_are_those_of_the_new_address(logged_in: Client, customer: User) -> None:
    new = {"email": OLD, "password": "", "quota": "", "forward": "", "token": TOKEN}
    batch_url = logged_in.post("/mailboxes/new/", new)["Location"]
    (password,) = secrets_in(logged_in.get(batch_url).content.decode()).values()
    renamed = rename(logged_in, Mailbox.objects.get(), NEW)
    assert NEW in renamed
    assert secrets_in(logged_in.get(batch_url).content.decode()) == {NEW: password}
    assert f"{NEW},{password}," in logged_in.get(f"{batch_url}passwords.csv").content.decode()


def test_an_undone_import_leaves_what_was_renamed_since(customer: User) -> None:
    import_record = make_created_import(customer, f"E-mail\n{OLD}\njan@przyklad.iq.pl\n")
    renamed = Mailbox.objects.get(address=OLD)
    rename_mailbox(mailbox_id=renamed.pk, version="1", local_part="ewa.kos", keeps_old_address=False)
    undo(import_record)
    assert [mailbox.address for mailbox in Mailbox.objects.all()] == [NEW]


def test_an_owner_who_is_signed_in_stays_so_under_the_new_address(logged_in: Client, mailbox: Mailbox) -> None:
    owner = Client()
    owner.post("/mailbox/login/", {"address": OLD, "password": MAILBOX_PASSWORD})
    rename(logged_in, mailbox, NEW)
    assert NEW in text_in(owner.get("/mailbox/").content.decode())
    assert OLD not in text_in(owner.get("/mailbox/forward/").content.decode())
    second = Client()
    page = second.post("/mailbox/login/", {"address": OLD, "password": MAILBOX_PASSWORD})
    assert page.status_code == 200, "the old address is no login any more"


def test_a_mailbox_of_another_customer_is_not_renamed(mailbox: Mailbox) -> None:
    other = make_client(make_user("obcy"))
    response = other.post(f"/mailboxes/{mailbox.pk}/", {"email": NEW, "shown_version": "1", "token": TOKEN})
    assert response.status_code == 404
    assert Mailbox.objects.get().address == OLD
