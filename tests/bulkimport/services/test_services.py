"""From an uploaded file to accounts and back: the services that the pages and the command share."""

import threading
import uuid
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, connection, connections
from django.utils import timezone, translation
from pytest_django import Settings

from accounts import services
from accounts.handout.models import Batch
from accounts.models import Domain, Forward, Mailbox
from accounts.passwords import verify_password
from accounts.rules.forwards import Errors
from accounts.rules.mailboxes import Account
from bulkimport import runner
from bulkimport.models import Import, ImportedAccount
from bulkimport.rows import Field, Place, Reading, SheetChoice
from bulkimport.services import creating
from bulkimport.services.checking import check
from bulkimport.services.correcting import correct
from bulkimport.services.creating import Claim, ClaimLost, claim_import, create
from bulkimport.services.reading import ImportNotOpen, load_choices
from bulkimport.services.results import forget_secrets, plan_undo, purge_expired, undo
from bulkimport.services.uploading import discard
from tests.bulkimport.lists import GOOD
from tests.factories import (
    generated_passwords,
    make_checked_import,
    make_claim,
    make_created_import,
    make_domain,
    make_forward,
    make_mailbox,
    make_user,
)
from tests.reading import at, typed_into

pytestmark = pytest.mark.django_db

FAULTY = GOOD + "bad;x;;;\n"  # two cells to correct


# --- Upload, check, correct


def test_an_upload_is_checked_and_kept_sealed(customer: User, domain: Domain) -> None:
    import_record = make_checked_import(customer, FAULTY)
    import_record.refresh_from_db()
    assert import_record.status == Import.Status.CHECKED
    assert import_record.counts == {
        "rows": 3,
        "blank": 0,
        "left_out": 0,
        "drafts": 2,
        "errors": 1,
        "warnings": 0,
        "file_errors": 0,
        "is_repeat": False,
    }
    assert (import_record.file_format, import_record.encoding, import_record.separator) == ("csv", "utf-8", ";")
    assert b"Wiosna2024" not in bytes(import_record.sealed_file or b"")
    assert check(import_record).error_places == (Place(None, 4),)


def test_corrections_are_kept_sealed_and_used_for_the_next_check(customer: User, domain: Domain) -> None:
    import_record = make_checked_import(customer, FAULTY)
    correct(import_record, corrections=at({4: {Field.EMAIL: "ola@przyklad.iq.pl"}}))
    plan = correct(import_record, corrections=at({4: {Field.PASSWORD: "Tajne123"}})).plan
    assert plan.can_create
    import_record.refresh_from_db()
    assert b"Tajne123" not in bytes(import_record.sealed_choices or b"")
    assert typed_into(import_record) == {4: {Field.EMAIL: "ola@przyklad.iq.pl", Field.PASSWORD: "Tajne123"}}
    assert import_record.counts["errors"] == 0


def test_read_in_another_way_corrections_stay_where_the_cells_are_the_same(customer: User, domain: Domain) -> None:
    import_record = make_checked_import(customer, FAULTY)
    correct(import_record, corrections=at({4: {Field.EMAIL: "ola@przyklad.iq.pl", Field.PASSWORD: "Tajne123"}}))
    columns = SheetChoice(columns=(Field.EMAIL, None, Field.PASSWORD))
    result = correct(import_record, reading=Reading(sheets={"": columns}))
    plan, dropped = result.plan, result.dropped
    assert typed_into(import_record) == {4: {Field.EMAIL: "ola@przyklad.iq.pl"}}
    assert [(correction.line, correction.field) for correction in dropped] == [(4, Field.PASSWORD)]
    assert plan.file.rows[2].cells[Field.EMAIL] == "ola@przyklad.iq.pl"


def test_another_encoding_names_the_corrections_that_no_longer_fit(customer: User, domain: Domain) -> None:
    import_record = make_checked_import(customer, FAULTY + "zły adres;;;;\n")
    correct(import_record, corrections=at({4: {Field.EMAIL: "ola@przyklad.iq.pl"}, 5: {Field.EMAIL: "x@a.pl"}}))
    dropped = correct(import_record, reading=Reading(encoding="cp852")).dropped
    assert load_choices(import_record).reading.encoding == "cp852"
    assert typed_into(import_record) == {4: {Field.EMAIL: "ola@przyklad.iq.pl"}}
    assert [(correction.line, correction.field) for correction in dropped] == [(5, Field.EMAIL)]
    import_record.refresh_from_db()
    assert import_record.encoding == "cp852"


def test_a_corrected_default_quota_is_used(customer: User, domain: Domain) -> None:
    import_record = make_checked_import(customer, GOOD, default_quota="a lot")
    assert not check(import_record).can_create
    plan = correct(import_record, default_quota="250").plan
    assert plan.drafts[1].quota_mb == 250


def test_an_import_that_is_created_or_expired_takes_no_corrections(customer: User, domain: Domain) -> None:
    with pytest.raises(ImportNotOpen):
        correct(make_created_import(customer, GOOD), corrections=at({2: {Field.EMAIL: "x@przyklad.iq.pl"}}))
    import_record = make_checked_import(customer, FAULTY)
    Import.objects.filter(pk=import_record.pk).update(expires_at=timezone.now())
    import_record.refresh_from_db()
    with pytest.raises(ImportNotOpen):
        check(import_record)


def test_without_its_key_an_import_is_closed_but_nothing_breaks(
    customer: User, domain: Domain, settings: Settings
) -> None:
    open_import, created_import = make_checked_import(customer, FAULTY), make_created_import(customer, GOOD)
    settings.SECRET_KEY = "another"
    with pytest.raises(ImportNotOpen):
        check(open_import)
    with pytest.raises(ImportNotOpen):
        load_choices(open_import)
    assert generated_passwords(created_import) == {}


def test_the_same_file_again_says_when_it_was_imported(customer: User, domain: Domain) -> None:
    make_created_import(customer, GOOD)
    plan = check(make_checked_import(customer, GOOD))
    assert [problem.code for problem in plan.problems] == ["already_imported"]
    assert "2 accounts" in plan.problems[0].message
    assert not plan.can_create
    counts = plan.counts
    assert counts["rows"] == counts["drafts"] + counts["errors"] + counts["blank"]


def test_the_same_file_of_another_login_is_no_repeat(customer: User, domain: Domain) -> None:
    make_created_import(customer, GOOD)
    other = make_user("ola")
    domain.administrators.add(other)
    assert {problem.code for problem in check(make_checked_import(other, GOOD)).problems} == {"address_taken"}


# --- Create


def test_creating_writes_accounts_forwards_outcome_and_sealed_passwords(customer: User, domain: Domain) -> None:
    import_record = make_created_import(customer, GOOD)
    jan, ewa = Mailbox.objects.get(address="jan@przyklad.iq.pl"), Mailbox.objects.get(address="ewa@przyklad.iq.pl")
    assert (jan.domain, jan.local_part, jan.quota_mb, ewa.quota_mb) == (domain, "jan", 500, 1000)
    assert verify_password("Wiosna2024", jan.password_hash)
    forward = Forward.objects.get()
    assert (forward.source, forward.destinations, forward.keep_copy) == (jan.address, ewa.address, True)
    passwords = generated_passwords(import_record)
    assert passwords.keys() == {ewa.address}
    assert verify_password(passwords[ewa.address], ewa.password_hash)
    assert import_record.status == Import.Status.CREATED
    assert import_record.created_count == 2
    assert import_record.sealed_file is None, "nothing was left out, so the file is needed no more"
    assert [(account.line, account.is_generated) for account in import_record.accounts.all()] == [(2, False), (3, True)]


def test_no_clear_password_is_anywhere_in_the_database(customer: User, domain: Domain) -> None:
    import_record = make_checked_import(customer, FAULTY)
    assert create(make_claim(import_record, leave_out=(4,)))
    import_record.refresh_from_db()
    (generated,) = generated_passwords(import_record).values()
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            text = repr([[bytes(v) if isinstance(v, memoryview) else v for v in row] for row in cursor.fetchall()])
            assert "Wiosna2024" not in text
            assert generated not in text


def test_one_error_stops_everything_unless_rows_are_left_out(customer: User, domain: Domain) -> None:
    import_record = make_checked_import(customer, FAULTY)
    assert claim_import(import_record, check(import_record)) is None
    assert create(make_claim(import_record, leave_out=(4,)))
    import_record.refresh_from_db()
    assert import_record.left_out == [4]
    assert import_record.created_count == 2
    assert import_record.sealed_file is not None, "the rows left out can still be taken back"


def test_a_limit_that_only_the_rows_left_out_pass_is_no_warning_of_the_result(customer: User, domain: Domain) -> None:
    Domain.objects.update(max_mailboxes=2)
    import_record = make_checked_import(customer, FAULTY.replace("bad;", "bad@przyklad.iq.pl;"))
    assert "domain_limit" in {problem.code for problem in check(import_record).problems}
    assert create(make_claim(import_record, leave_out=(4,)))
    import_record.refresh_from_db()
    assert import_record.warnings == []


def test_only_one_of_two_processes_gets_the_claim(customer: User, domain: Domain) -> None:
    import_record = make_checked_import(customer, GOOD)
    assert claim_import(import_record, check(import_record))
    assert claim_import(import_record, check(import_record)) is None


def test_an_interrupted_creation_can_be_claimed_again_and_the_first_writes_nothing(
    customer: User, domain: Domain
) -> None:
    import_record = make_checked_import(customer, GOOD)
    slow = make_claim(import_record)
    Import.objects.update(progress_at=timezone.now() - timedelta(minutes=5))
    import_record.refresh_from_db()
    assert import_record.is_interrupted
    fast = make_claim(import_record)
    with pytest.raises(ClaimLost):
        create(slow)
    assert Mailbox.objects.count() == 0
    assert create(fast)
    assert Mailbox.objects.count() == 2


def test_a_creation_that_only_seemed_interrupted_writes_nothing_once_it_was_discarded(
    customer: User, domain: Domain
) -> None:
    import_record = make_checked_import(customer, GOOD)
    slow = make_claim(import_record)
    Import.objects.update(progress_at=timezone.now() - timedelta(minutes=5))
    discard(import_record)
    with pytest.raises(ClaimLost):
        create(slow)
    assert not Import.objects.exists()
    assert Mailbox.objects.count() == 0


def test_a_file_is_discarded_by_how_it_stands_now(customer: User, domain: Domain) -> None:
    seen = make_checked_import(customer, GOOD)
    Import.objects.get().delete()
    discard(seen)
    seen = make_checked_import(customer, GOOD)
    create(make_claim(Import.objects.get()))
    with pytest.raises(ImportNotOpen):
        discard(seen)
    assert Import.objects.get().created_count == 2


def test_a_claim_lost_while_hashing_stops_the_hashing(
    customer: User, domain: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(creating, "PROGRESS_EVERY_SECONDS", 0)
    claimed = make_claim(make_checked_import(customer, GOOD))
    seen: list[int] = []

    def lose_it(done: int) -> None:
        seen.append(done)
        Import.objects.update(claim=uuid.uuid4())

    with pytest.raises(ClaimLost):
        create(claimed, on_progress=lose_it)
    assert seen == [1]
    assert Mailbox.objects.count() == 0


def test_progress_is_written_down_as_it_goes(customer: User, domain: Domain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(creating, "PROGRESS_EVERY_SECONDS", 0)
    seen: list[int] = []
    create(
        make_claim(make_checked_import(customer, GOOD)),
        on_progress=lambda done: seen.append(Import.objects.get().progress_done),
    )
    assert seen == [0, 1]
    assert Import.objects.get().progress_done == 2


def test_an_address_taken_meanwhile_creates_nothing_and_shows_up_at_its_row(customer: User, domain: Domain) -> None:
    import_record = make_checked_import(customer, GOOD)
    claimed = make_claim(import_record)
    make_mailbox("ewa@przyklad.iq.pl")
    assert create(claimed) is False
    import_record.refresh_from_db()
    assert import_record.status == Import.Status.CHECKED
    assert Mailbox.objects.count() == 1
    assert [(p.line, p.code) for p in check(import_record).problems] == [(3, "address_taken")]


def test_a_race_that_only_the_constraint_sees_ends_the_same_way(
    customer: User, domain: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    claimed = make_claim(make_checked_import(customer, GOOD))

    rules = services.mailboxes.new_account_errors

    def found_too_early(accounts: Sequence[Account]) -> Mapping[str, Errors]:
        errors = rules(accounts)
        if not Mailbox.objects.exists():
            make_mailbox("ewa@przyklad.iq.pl")
        return errors

    monkeypatch.setattr(services.mailboxes, "new_account_errors", found_too_early)
    assert create(claimed) is False
    assert (Mailbox.objects.count(), Forward.objects.count(), ImportedAccount.objects.count()) == (0, 0, 0)


def test_a_claim_lost_while_the_accounts_are_written_takes_them_back(
    customer: User, domain: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the last guard sees this: PostgreSQL lets another process claim the import while this one writes."""
    claimed_import = make_claim(make_checked_import(customer, GOOD))
    write_accounts = creating._write_accounts

    def write_and_lose(*args: Any) -> list[Mailbox]:
        mailboxes = write_accounts(*args)
        assert Mailbox.objects.count() == 2
        Import.objects.update(claim=uuid.uuid4())
        return mailboxes

    monkeypatch.setattr(creating, "_write_accounts", write_and_lose)
    with pytest.raises(ClaimLost):
        create(claimed_import)
    assert (Mailbox.objects.count(), Forward.objects.count(), ImportedAccount.objects.count()) == (0, 0, 0)
    assert not Batch.objects.exists()


def test_room_filled_meanwhile_creates_nothing(customer: User, domain: Domain) -> None:
    claimed = make_claim(make_checked_import(customer, GOOD))
    Domain.objects.update(max_mailboxes=1)
    assert create(claimed) is False
    assert Mailbox.objects.count() == 0


def test_a_failing_database_leaves_an_import_that_can_be_started_again(
    customer: User, domain: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_record = make_checked_import(customer, GOOD)
    claimed = make_claim(import_record)

    def fail(*args: object) -> None:
        raise DatabaseError("disk full")

    with monkeypatch.context() as patched:
        patched.setattr(creating, "_write_outcome", fail)
        with pytest.raises(DatabaseError):
            create(claimed)
    import_record.refresh_from_db()
    assert Mailbox.objects.count() == 0
    assert import_record.is_interrupted
    assert create(make_claim(import_record))


def test_staff_creates_on_behalf_of_a_customer_only_in_their_domains(customer: User, domain: Domain) -> None:
    make_domain("other.example")
    staff = make_user("root", is_staff=True)
    text = GOOD + "x@other.example;;;;\n"
    assert [p.code for p in check(make_checked_import(staff, text, customer=customer)).problems] == ["domain_not_yours"]
    assert check(make_checked_import(staff, text)).can_create
    assert check(make_checked_import(None, text)).can_create


@pytest.mark.django_db(transaction=True)
def test_two_imports_at_once_cannot_exceed_the_limit_of_a_domain(customer: User, domain: Domain) -> None:
    Domain.objects.update(max_mailboxes=3)
    lists = ["E-mail\n" + "".join(f"{name}{n}@przyklad.iq.pl\n" for n in range(2)) for name in ("a", "b")]
    claims = [make_claim(make_checked_import(customer, text)) for text in lists]
    barrier = threading.Barrier(2)
    outcomes: list[bool] = []

    def work(claimed: Claim) -> None:
        barrier.wait()
        try:
            outcomes.append(create(claimed))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=(claimed,)) for claimed in claims]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == [False, True]
    assert Mailbox.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_the_runner_creates_in_a_thread_and_survives_what_goes_wrong(
    customer: User, domain: Domain, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    runner.start(make_claim(make_checked_import(customer, GOOD)), wait_seconds=60)
    assert Import.objects.get().status == Import.Status.CREATED
    Mailbox.objects.all().delete()
    Forward.objects.all().delete()
    Import.objects.all().delete()
    first = make_claim(make_checked_import(customer, GOOD))
    Import.objects.update(claim=uuid.uuid4())
    runner.start(first, wait_seconds=60)
    assert "taken over" in caplog.text
    Import.objects.all().delete()
    monkeypatch.setattr(creating, "_write_accounts", lambda *args: 1 / 0)
    runner.start(make_claim(make_checked_import(customer, GOOD)), wait_seconds=60)
    assert "nothing was created" in caplog.text
    assert "Wiosna2024" not in caplog.text
    assert Import.objects.get().is_interrupted


# --- Results, undo, forgetting


def test_the_passwords_are_gone_for_good_once_they_were_saved(customer: User, domain: Domain) -> None:
    import_record = make_created_import(customer, GOOD)
    assert generated_passwords(import_record)
    forget_secrets(import_record)
    import_record.refresh_from_db()
    assert generated_passwords(import_record) == {}
    assert import_record.batch is not None
    assert import_record.batch.sealed is None


def test_expired_secrets_are_not_shown_and_are_purged(customer: User, domain: Domain) -> None:
    import_record, young = make_created_import(customer, GOOD), make_checked_import(customer, FAULTY)
    Batch.objects.filter(pk=import_record.pk).update(expires_at=timezone.now())
    assert generated_passwords(import_record) == {}
    assert purge_expired() == 1
    assert Batch.objects.get().sealed is None
    young.refresh_from_db()
    assert young.sealed_file is not None


def test_undo_removes_what_is_unchanged_and_keeps_what_is_not(customer: User, domain: Domain) -> None:
    import_record = make_created_import(
        customer, GOOD + "ola@przyklad.iq.pl;;;;\nada@przyklad.iq.pl;;;jan@przyklad.iq.pl;\n"
    )
    Mailbox.objects.filter(address="ewa@przyklad.iq.pl").update(quota_mb=5)
    Mailbox.objects.get(address="ola@przyklad.iq.pl").delete()
    Forward.objects.filter(source="ada@przyklad.iq.pl").update(keep_copy=True)
    other = make_mailbox("stays@przyklad.iq.pl")
    planned = plan_undo(import_record)
    assert [account.address for account in planned.removed] == ["jan@przyklad.iq.pl"]
    assert [account.address for account in planned.changed] == ["ewa@przyklad.iq.pl", "ada@przyklad.iq.pl"]
    assert undo(import_record).signed_out == [account.address for account in planned.removed]
    assert set(Mailbox.objects.values_list("address", flat=True)) == {
        "ewa@przyklad.iq.pl",
        "ada@przyklad.iq.pl",
        other.address,
    }
    assert not Forward.objects.filter(source="jan@przyklad.iq.pl").exists()
    import_record.refresh_from_db()
    assert import_record.status == Import.Status.UNDONE
    assert not Batch.objects.exists()
    with pytest.raises(ImportNotOpen):
        undo(import_record)


def test_undo_leaves_a_domain_alone_that_is_no_longer_administered(customer: User, domain: Domain) -> None:
    import_record = make_created_import(customer, GOOD)
    domain.administrators.clear()
    with pytest.raises(ImportNotOpen):
        undo(import_record)
    assert Mailbox.objects.count() == 2


def test_a_forward_added_later_counts_as_a_change(customer: User, domain: Domain) -> None:
    import_record = make_created_import(customer, GOOD)
    make_forward("ewa@przyklad.iq.pl", "x@poczta.example", domain=domain)
    assert [account.address for account in plan_undo(import_record).changed] == ["ewa@przyklad.iq.pl"]


def test_after_an_undo_the_same_file_can_be_imported_again(customer: User, domain: Domain) -> None:
    undo(make_created_import(customer, GOOD))
    assert make_created_import(customer, GOOD).created_count == 2


def test_messages_are_in_the_language_of_the_moment(customer: User, domain: Domain) -> None:
    import_record = make_checked_import(customer, FAULTY)
    with translation.override("pl"):
        polish = check(import_record).problems[0].message
    assert polish != check(import_record).problems[0].message
