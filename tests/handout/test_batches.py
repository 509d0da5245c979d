"""Batches: who may open one, what is in it, and what a batch with a label keeps."""

from __future__ import annotations

import uuid

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.handout.batches import State, create_batch, delete_batch, forget_passwords, read_batch, read_batches
from accounts.handout.models import Batch
from accounts.models import Domain, Mailbox
from bulkimport.models import Import
from tests.factories import make_client, make_mailbox, make_user
from tests.handout.passwords import PASSWORD, batch_page, make_batch, shown

pytestmark = pytest.mark.django_db


def test_a_batch_keeps_the_order_of_its_mailboxes(three: list[Mailbox], customer: User) -> None:
    pairs = [(mailbox, None if mailbox == three[1] else PASSWORD) for mailbox in reversed(three)]
    contents = read_batch(create_batch(pairs, made_by=customer, is_of_new_mailboxes=True))
    assert [entry.address.partition("@")[0] for entry in contents.entries] == ["celina", "beata", "adam"]
    assert [entry.state for entry in contents.entries] == [State.VALID, State.CHOSEN, State.VALID]
    assert contents.passwords == {three[2].pk: PASSWORD, three[0].pk: PASSWORD}
    assert PASSWORD not in repr(contents)
    assert contents.link_seed not in repr(contents)


def test_a_batch_with_the_same_id_is_replaced_only_by_its_own_user(three: list[Mailbox], customer: User) -> None:
    pk = uuid.uuid4()
    make_batch(three, customer, pk=pk)
    make_batch(three[:1], customer, pk=pk)
    assert [entry.mailbox for entry in read_batch(Batch.objects.get()).entries] == three[:1]


def test_the_command_line_makes_batches_that_superusers_alone_open(three: list[Mailbox], customer: User) -> None:
    batch = make_batch(three, None)
    root, staff = make_user("root", is_staff=True), make_user("boss", is_staff=True, is_superuser=False)
    assert list(Batch.objects.seen_by(root)) == [batch]
    for login in (staff, customer, AnonymousUser()):
        assert not Batch.objects.seen_by(login).exists()
        assert not Batch.objects.unsaved_by(login).exists()
    assert not Batch.objects.unsaved_by(root).exists(), "nobody is asked to save what the command line has shown"
    assert len(shown(make_client(root), batch_page(batch))) == 3


def test_on_behalf_of_a_customer_only_the_customers_domains_count(three: list[Mailbox], customer: User) -> None:
    staff = make_user("boss", is_staff=True)
    foreign = make_mailbox("obcy@cudza.example")
    batch = make_batch([*three, foreign], staff, customer=customer)
    assert [entry.state for entry in read_batch(batch).entries] == [State.VALID] * 3 + [State.NOT_YOURS]
    staff.is_staff = False
    staff.save()
    batch = Batch.objects.get()
    assert {entry.state for entry in read_batch(batch).entries} == {State.NOT_YOURS}


def test_a_batch_with_a_label_stays_without_its_passwords(three: list[Mailbox], customer: User) -> None:
    make_batch(three, customer, label="lista.csv")
    batch = Batch.objects.get()
    forget_passwords(batch.pk)
    batch.refresh_from_db()
    assert not batch.has_passwords
    contents = read_batch(batch)
    assert [entry.state for entry in contents.entries] == [State.NOT_STORED] * 3
    assert not contents.has_passwords
    delete_batch(batch.pk)
    assert not Batch.objects.exists()


def test_a_batch_without_a_generated_password_seals_nothing(three: list[Mailbox], customer: User) -> None:
    batch = create_batch([(three[0], None)], made_by=customer, label="lista.csv", is_of_new_mailboxes=True)
    assert batch.sealed is None


def test_many_batches_cost_as_many_queries_as_one(three: list[Mailbox], customer: User) -> None:
    counts = []
    for number in (1, 5):
        for _time in range(number):
            make_batch(three, customer)
        batches = list(Batch.objects.select_related("made_by", "customer"))
        with CaptureQueriesContext(connection) as made:
            read_batches(batches)
        counts.append(len(made))
    assert counts[0] == counts[1] == 2


def test_the_batch_of_an_import_has_its_id_and_its_passwords(
    created: Import, batch: Batch, logged_in: Client, domain: Domain
) -> None:
    assert (created.batch_id, batch.label, batch.expires_at) == (created.pk, "lista.csv", created.expires_at)
    passwords = shown(logged_in, created.get_absolute_url())
    assert set(passwords) == {"jan@przyklad.iq.pl", "ewa@przyklad.iq.pl"}
    assert shown(logged_in, batch_page(batch)) == passwords
    logged_in.post(f"{created.get_absolute_url()}saved/")
    assert logged_in.get(batch_page(batch)).status_code == 404
    for part in ("links/", "sheets/"):
        assert logged_in.get(batch_page(batch) + part).status_code == 200, "also without passwords"
    assert logged_in.get(f"{batch_page(batch)}passwords.csv")["Location"] == batch_page(batch)
