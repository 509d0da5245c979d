"""The writer of domains, mailboxes and forwards: all or nothing, versions, and what happens at the same moment."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from django.core.exceptions import NON_FIELD_ERRORS
from django.db import IntegrityError, connections
from django.db.models import ProtectedError

from accounts import services
from accounts.access import usable_domains
from accounts.models import Domain, Forward, Mailbox, MailUsage
from accounts.rules.forwards import Errors
from accounts.rules.mailboxes import Account
from accounts.services import (
    NewMailbox,
    Outdated,
    Refused,
    change_mailbox,
    create_mailboxes,
    delete_domains,
    delete_forwards,
    delete_mailboxes,
    rename_mailbox,
    save_domain,
    save_forward,
    selection_version,
    set_passwords,
    set_quota,
    set_state,
)
from tests.factories import make_domain, make_forward, make_mailbox, make_user

pytestmark = pytest.mark.django_db

JAN = "jan@przyklad.iq.pl"


def create(*addresses: str, forward: str = "", domains: object = None) -> list[Mailbox]:
    new = [
        NewMailbox(
            Account(Domain.objects.get(name=address.partition("@")[2]), address, 100, tuple(forward.split())), "hash"
        )
        for address in addresses
    ]
    return create_mailboxes(new=new, domains=domains or Domain.objects.all())  # type: ignore[arg-type]


def refusal(work: Callable[[], object]) -> dict[str, dict[str, list[str]]]:
    """Return what is refused, by address and field; empty where nothing is."""
    try:
        work()
    except Refused as refused:
        return {
            address: {field: [str(error.code) for error in problems] for field, problems in errors.items()}
            for address, errors in refused.errors.items()
        }
    return {}


def save(source: str, destinations: str, forward: Forward | None = None, version: str = "") -> Forward:
    return save_forward(
        forward_id=forward.pk if forward else None,
        version=version,
        domain=Domain.objects.get(name=source.partition("@")[2]),
        source=source,
        destinations=destinations.split(),
        keep_copy=False,
        is_active=True,
    )


# --- Mailboxes -------------------------------------------------------------------------------------------------------


def test_mailboxes_are_created_with_their_forwards_or_none_is() -> None:
    make_domain()
    make_mailbox("ewa@przyklad.iq.pl")
    codes = refusal(lambda: create(JAN, "ewa@przyklad.iq.pl", forward="x@x.pl"))
    assert codes == {"ewa@przyklad.iq.pl": {"email": ["address_taken"]}}
    assert (Mailbox.objects.count(), Forward.objects.count()) == (1, 0)
    first, second = create(JAN, "adam@przyklad.iq.pl", forward="x@x.pl")
    assert (first.address, first.local_part, first.version) == (JAN, "jan", 1)
    assert second.pk
    assert {forward.source for forward in Forward.objects.all()} == {JAN, "adam@przyklad.iq.pl"}


def test_a_new_mailbox_has_a_folder_that_none_has_had() -> None:
    make_domain()
    homes = set()
    for _time in range(3):
        (mailbox,) = create(JAN)
        assert re.fullmatch(r"przyklad\.iq\.pl/jan~[a-z2-7]{8}", mailbox.home)
        homes.add(mailbox.home)
        delete_mailboxes(mailboxes=Mailbox.objects.all(), version=None)
    homes |= {make_mailbox(address).home for address in (JAN, "ewa@przyklad.iq.pl")}
    assert len(homes) == 5, "a script that writes a mailbox gets another one each time too"


def test_a_renamed_mailbox_does_not_take_an_address_that_a_script_has_just_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mailbox = make_mailbox(JAN)
    rules = services.mailboxes.renamed_account_errors

    def asked_too_early(**named: Any) -> Errors:
        errors = rules(**named)
        monkeypatch.undo()
        make_mailbox("ewa@przyklad.iq.pl")
        return errors

    monkeypatch.setattr(services.mailboxes, "renamed_account_errors", asked_too_early)
    codes = refusal(
        lambda: rename_mailbox(mailbox_id=mailbox.pk, version="1", local_part="ewa", keeps_old_address=True)
    )
    assert codes == {"ewa@przyklad.iq.pl": {"email": ["address_taken"]}}
    assert not Forward.objects.exists()


def test_a_domain_of_somebody_else_gets_no_mailbox_and_tells_nothing() -> None:
    anna = make_user()
    make_domain("mine.pl", [anna])
    make_mailbox("jan@foreign.pl")
    codes = refusal(lambda: create("jan@foreign.pl", "ewa@mine.pl", domains=usable_domains(anna)))
    assert codes == {"jan@foreign.pl": {"email": ["domain_not_yours"]}}
    assert Mailbox.objects.count() == 1


def test_a_writer_that_does_not_hold_the_domain_causes_no_error_page(monkeypatch: pytest.MonkeyPatch) -> None:
    make_domain()
    rules = services.mailboxes.new_account_errors

    def asked_too_early(accounts: Sequence[Account]) -> Mapping[str, Errors]:
        errors = rules(accounts)
        monkeypatch.undo()
        make_forward(JAN)
        return errors

    monkeypatch.setattr(services.mailboxes, "new_account_errors", asked_too_early)
    assert refusal(lambda: create(JAN, forward="a@x.pl")) == {JAN: {"email": ["address_is_forward"]}}
    assert not Mailbox.objects.exists()


def test_another_fault_of_the_database_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    make_domain()

    def fail(*_args: object, **_named: object) -> None:
        raise IntegrityError("something else")

    monkeypatch.setattr(services.mailboxes, "_write_new", fail)
    with pytest.raises(IntegrityError, match="something else"):
        create(JAN)


def test_what_was_written_of_a_former_mailbox_does_not_come_back() -> None:
    MailUsage.objects.create(mailbox_id=JAN, bytes_used=5)
    make_domain()
    create(JAN)
    assert not MailUsage.objects.exists()


def test_only_what_is_given_is_changed_and_each_change_makes_a_new_version() -> None:
    mailbox = make_mailbox(JAN, quota_mb=100)
    change_mailbox(mailbox_id=mailbox.pk, version="1", quota_mb=200)
    change_mailbox(mailbox_id=mailbox.pk, version="2", forward=(["x@x.pl"], True))
    change_mailbox(mailbox_id=mailbox.pk, version="3", is_active=False, password_hash="other")
    changed = Mailbox.objects.get()
    assert (changed.quota_mb, changed.is_active, changed.password_hash, changed.version) == (200, False, "other", 4)
    assert (Forward.objects.get().destinations, Forward.objects.get().keep_copy) == ("x@x.pl", True)
    change_mailbox(mailbox_id=mailbox.pk, version="4", forward=([], False))
    assert not Forward.objects.exists()


@pytest.mark.parametrize("version", ["", "0", "2", "x"])
def test_a_page_of_another_version_changes_nothing(version: str) -> None:
    mailbox, forward = make_mailbox(JAN), make_forward("biuro@przyklad.iq.pl", "x@x.pl")
    chosen = Mailbox.objects.all()
    domain = mailbox.domain
    for work in (
        lambda: change_mailbox(mailbox_id=mailbox.pk, version=version, is_active=False),
        lambda: set_state(mailboxes=chosen, version=version, is_active=False),
        lambda: set_quota(mailboxes=chosen, version=version, quota_mb=1),
        lambda: set_passwords(mailboxes=chosen, version=version, password_hashes={mailbox.pk: "x"}),
        lambda: delete_mailboxes(mailboxes=chosen, version=version),
        lambda: save(forward.source, "y@y.pl", forward, version),
        lambda: save_domain(domain=domain, version=version, administrators=[]),
    ):
        with pytest.raises(Outdated):
            work()
    assert Mailbox.objects.get() == mailbox
    assert Mailbox.objects.get().version == 1
    assert Forward.objects.get().destinations == "x@x.pl"


def test_a_change_of_its_forward_makes_a_new_version_of_a_mailbox() -> None:
    mailbox = make_mailbox(JAN)
    forward = save(JAN, "x@x.pl")
    assert Mailbox.objects.get().version == 2
    save(JAN, "y@y.pl", forward, "1")
    assert Mailbox.objects.get().version == 3
    forward.refresh_from_db()
    assert delete_forwards(forwards=[forward]) == 1
    assert Mailbox.objects.get().version == 4
    with pytest.raises(Outdated):
        change_mailbox(mailbox_id=mailbox.pk, version="3", quota_mb=1)


def test_a_selection_has_another_version_once_anything_of_it_changes() -> None:
    first, second = make_mailbox(JAN), make_mailbox("ewa@przyklad.iq.pl")
    versions = [selection_version(Mailbox.objects.all())]
    only_first = Mailbox.objects.filter(pk=first.pk)
    set_quota(mailboxes=only_first, version=selection_version(only_first), quota_mb=5)
    versions.append(selection_version(Mailbox.objects.all()))
    make_mailbox("adam@przyklad.iq.pl")
    versions.append(selection_version(Mailbox.objects.all()))
    delete_mailboxes(mailboxes=Mailbox.objects.filter(pk=second.pk), version=None)
    versions.append(selection_version(Mailbox.objects.all()))
    assert len(set(versions)) == 4


def test_passwords_are_set_for_exactly_the_selected_mailboxes() -> None:
    first, second = make_mailbox(JAN), make_mailbox("ewa@przyklad.iq.pl")
    chosen = Mailbox.objects.all()
    with pytest.raises(Outdated):
        set_passwords(mailboxes=chosen, version=selection_version(chosen), password_hashes={first.pk: "x"})
    hashes = {first.pk: "x", second.pk: "y"}
    changed = set_passwords(mailboxes=chosen, version=selection_version(chosen), password_hashes=hashes)
    assert {mailbox.pk: mailbox.password_hash for mailbox in changed.mailboxes} == hashes
    assert {mailbox.version for mailbox in Mailbox.objects.all()} == {2}


def test_mailboxes_are_deleted_with_their_forwards_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services.selections, "IDS_PER_QUERY", 2)
    for number in range(5):
        make_forward(make_mailbox(f"a{number}@a.pl").address, "x@x.pl")
    stays = make_forward("b@a.pl", "x@x.pl")
    written = delete_mailboxes(mailboxes=Mailbox.objects.all(), version=None)
    assert written.signed_out == [f"a{number}@a.pl" for number in range(5)]
    assert not Mailbox.objects.exists()
    assert list(Forward.objects.all()) == [stays]


# --- Forwards and domains --------------------------------------------------------------------------------------------


def test_a_forward_moves_to_another_domain_with_its_source() -> None:
    forward = make_forward("info@a.pl", "x@x.pl")
    other = make_domain("b.pl")
    save("info@b.pl", "x@x.pl", forward, "1")
    assert (Forward.objects.get().source, Forward.objects.get().domain) == ("info@b.pl", other)


def test_a_forward_that_another_writer_adds_at_the_same_moment_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    make_domain("a.pl")
    rules = services.forwards.forward_errors

    def asked_too_early(**values: object) -> Errors:
        errors = rules(**values)  # type: ignore[arg-type]
        monkeypatch.undo()
        make_forward("info@a.pl", "x@x.pl")
        return errors

    monkeypatch.setattr(services.forwards, "forward_errors", asked_too_early)
    assert refusal(lambda: save("info@a.pl", "y@y.pl")) == {"info@a.pl": {"source": ["unique"]}}


def test_a_forward_changed_since_it_was_read_is_not_deleted() -> None:
    forward = make_forward("info@a.pl", "x@x.pl")
    save("info@a.pl", "y@y.pl", forward, "1")
    with pytest.raises(Outdated):
        delete_forwards(forwards=[forward])
    forward.refresh_from_db()
    assert delete_forwards(forwards=[forward]) == 1
    assert delete_forwards(forwards=[forward]) == 0


def test_a_domain_that_is_switched_off_names_whom_it_signs_out() -> None:
    mailbox = make_mailbox(JAN)
    anna = make_user()
    domain = mailbox.domain
    written = save_domain(domain=domain, version="1", administrators=[anna])
    assert (written.signed_out, written.needs_reload) == ([], False)
    domain.is_active = False
    written = save_domain(domain=domain, version="2", administrators=[anna])
    assert (written.signed_out, written.needs_reload) == ([JAN], True)
    domain.refresh_from_db()
    assert (domain.is_active, domain.version, list(domain.administrators.all())) == (False, 3, [anna])


def test_disabling_closes_no_circle_of_lasting_forwards() -> None:
    pair = (JAN, "ewa@przyklad.iq.pl")
    for source, destination in (pair, pair[::-1]):
        make_mailbox(source)
        make_forward(source, destination, keep_copy=True, works_while_disabled=True)
    chosen = Mailbox.objects.all()
    codes = refusal(lambda: set_state(mailboxes=chosen, version=selection_version(chosen), is_active=False))
    assert codes == {address: {NON_FIELD_ERRORS: ["forward_loop"]} for address in pair}
    assert not Mailbox.objects.filter(is_active=False).exists(), "nothing was written"
    one = Mailbox.objects.filter(address=JAN)
    set_state(mailboxes=one, version=selection_version(one), is_active=False)
    assert not Mailbox.objects.get(address=JAN).is_active, "the other keeps a copy"


def test_a_contact_that_closes_a_circle_is_refused() -> None:
    domain = make_domain(contact="x@poczta.example")
    make_forward("szef@przyklad.iq.pl", "abuse@przyklad.iq.pl")
    domain.contact = "szef@przyklad.iq.pl"
    codes = refusal(lambda: save_domain(domain=domain, version="1", administrators=[]))
    assert codes == {"przyklad.iq.pl": {"contact": ["forward_loop"]}}
    assert Domain.objects.get().contact == "x@poczta.example"


def test_a_domain_in_use_is_not_deleted() -> None:
    empty, used = make_domain("a.pl"), make_mailbox("jan@b.pl").domain
    with pytest.raises(ProtectedError):
        delete_domains(domains=[empty, used])
    assert Domain.objects.count() == 2
    delete_domains(domains=[empty])
    assert list(Domain.objects.all()) == [used]


# --- At the same moment ----------------------------------------------------------------------------------------------


def at_once(works: Sequence[Callable[[], object]]) -> list[object]:
    """Start all of these at the same moment, and return what each is refused or raises."""
    barrier = threading.Barrier(len(works), timeout=20)
    outcomes: list[object] = []

    def run(work: Callable[[], object]) -> None:
        try:
            barrier.wait()
            outcomes.append(refusal(work))
        except Exception as error:  # noqa: BLE001 - whatever it is, the test names it
            outcomes.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=[work]) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("limits", "problem"),
    [
        ({"max_mailboxes": 3}, {NON_FIELD_ERRORS: ["domain_limit"]}),
        ({"max_total_quota_mb": 350}, {NON_FIELD_ERRORS: ["domain_limit"]}),
        ({}, {"email": ["address_taken"]}),
    ],
)
def test_two_people_cannot_overfill_a_domain(limits: dict[str, int], problem: dict[str, list[str]]) -> None:
    """On PostgreSQL the lock of the domain makes the second one wait; on SQLite its transactions do."""
    make_domain(**limits)
    make_mailbox("a@przyklad.iq.pl", quota_mb=100)
    make_mailbox("b@przyklad.iq.pl", quota_mb=100)
    addresses = ["c@przyklad.iq.pl", "d@przyklad.iq.pl"] if limits else [JAN, JAN]
    first, second = sorted(at_once([lambda address=address: create(address) for address in addresses]), key=str)
    assert first == {} or second == {}
    refused = first or second
    assert isinstance(refused, dict)
    assert list(refused.values()) == [problem]
    assert Mailbox.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_two_forwards_across_two_domains_do_not_block_each_other() -> None:
    make_domain("a.example")
    make_domain("b.example")
    for number in range(10):
        works = [
            lambda number=number: create(f"x{number}@a.example", forward="y@b.example"),
            lambda number=number: create(f"z{number}@b.example", forward="w@a.example"),
        ]
        assert at_once(works) == [{}, {}]


@pytest.mark.django_db(transaction=True)
def test_a_circle_that_two_people_close_is_refused_to_one() -> None:
    """Neither half shares a domain with the other: what lies between them are forwards that exist already."""
    make_forward("b@b.example", "c@c.example")
    make_forward("d@d.example", "a@a.example")
    make_domain("a.example")
    make_domain("c.example")
    works = [
        lambda: create("a@a.example", forward="b@b.example"),
        lambda: create("c@c.example", forward="d@d.example"),
    ]
    outcomes = at_once(works)
    assert {} in outcomes
    refused = next(outcome for outcome in outcomes if outcome)
    assert isinstance(refused, dict)
    assert list(refused.values()) == [{"forward": ["forward_loop"]}]
