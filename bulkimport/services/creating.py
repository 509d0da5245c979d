"""Creating the accounts of an import: claimed by one thread, hashed outside, written in one transaction."""

import os
import time
import uuid
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone, translation

from accounts.digests import digest
from accounts.handout.batches import create_batch
from accounts.handout.models import Batch
from accounts.models import Domain, DomainQuerySet, Forward, Mailbox
from accounts.passwords import generate_password, hash_password, warm_up
from accounts.rules.mailboxes import Account
from accounts.services import NewMailbox, Refused, create_mailboxes
from bulkimport.models import Import, ImportedAccount, ImportQuerySet, fingerprint, interrupted_before
from bulkimport.rows import Draft, Level, Place, Plan
from bulkimport.services.welcome import as_stored, send_welcome

PROGRESS_EVERY_SECONDS = 0.5
UNCLAIMED: Final[dict[str, Any]] = {"claim": None, "left_out": [], "warnings": []}


class ClaimLost(Exception):
    """Another process has taken the import over, or it was discarded; nothing was written."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to create one import, and what is to be created."""

    import_id: uuid.UUID
    token: uuid.UUID
    drafts: tuple[Draft, ...] = field(repr=False)  # may hold passwords
    left_out: tuple[Place, ...]
    language: str | None  # of whoever claimed it; a thread has none of its own


def is_allowed(plan: Plan, *, skip_errors: bool) -> bool:
    """Tell whether the accounts of a plan can be created, where `skip_errors` leaves the rows with errors out."""
    return plan.can_create or (skip_errors and plan.can_create_good_rows)


def claim(import_record: Import, plan: Plan, *, leave_out: Collection[Place] = ()) -> Claim | None:
    """Return the right to create what a plan has, or None when the plan forbids it or somebody else has the right.

    `leave_out` are the rows with errors that the person has agreed to leave out. They must be exactly those that the
    plan has: nobody has agreed to lose another one. Without it, one error stops everything. The claim is a conditional
    update, so of two processes only one gets it. A creation that was interrupted can be claimed again; where that is
    forbidden now, it goes back to being checked, so that its problems can be seen and mended.
    """
    # Of the version that the plan was made of: what another tab has corrected since is in no plan yet.
    mine_to_try = Import.objects.filter(pk=import_record.pk, version=import_record.version)
    interrupted = Q(status=Import.Status.CREATING, progress_at__lt=interrupted_before())
    if not is_allowed(plan, skip_errors=bool(leave_out)) or set(plan.error_places) != set(leave_out):
        mine_to_try.filter(interrupted).update(status=Import.Status.CHECKED, **UNCLAIMED)
        return None
    mine = Claim(import_record.pk, uuid.uuid4(), plan.drafts, plan.error_places, translation.get_language())
    claimed = mine_to_try.filter(Q(status=Import.Status.CHECKED) | interrupted).update(
        status=Import.Status.CREATING,
        claim=mine.token,
        progress_done=0,
        progress_total=len(mine.drafts),
        progress_at=timezone.now(),
        left_out=[place.line if place.sheet is None else place for place in mine.left_out],
        # Of the rows left out there is nothing to warn; without them, the domains have room.
        warnings=[
            {
                "sheet": problem.sheet,
                "line": problem.line,
                "field": problem.field,
                "code": problem.code,
                "message": problem.message,
            }
            for problem in plan.problems
            if problem.level is Level.WARNING and problem.place not in mine.left_out and problem.code != "domain_limit"
        ],
    )
    return mine if claimed else None


def create(mine: Claim, *, on_progress: Callable[[int], object] | None = None) -> bool:
    """Create the accounts of a claim, all or none, and tell whether they were created.

    False: somebody took an address or the room meanwhile; the import is checked again, and its plan says what is
    wrong. Hashing takes the time and needs no transaction; the transaction that follows is short and writes the
    accounts, the outcome and the sealed passwords together. The welcome messages come last, and their failures are
    only noted. Raises ClaimLost.
    """
    try:
        passwords = [draft.password or generate_password() for draft in mine.drafts]
        hashes = _hash_all(mine, passwords, on_progress)
        with transaction.atomic():
            import_record = _held_by(mine).select_related("uploaded_by", "customer").first()
            if import_record is None:
                raise ClaimLost
            mailboxes = _write_accounts(mine, hashes, import_record.domains())
            generated = [
                (mailbox, password if draft.password is None else None)
                for mailbox, password, draft in zip(mailboxes, passwords, mine.drafts, strict=True)
            ]
            batch = create_batch(
                generated,
                pk=import_record.pk,
                made_by=import_record.uploaded_by,
                customer=import_record.customer,
                label=import_record.filename or "-",  # a batch without one goes with its passwords
                is_of_new_mailboxes=True,
            )
            _write_outcome(mine, batch)
    except (IntegrityError, Refused):
        _held_by(mine).update(status=Import.Status.CHECKED, **UNCLAIMED)
        return False
    except BaseException:
        # Shown as interrupted at once: nothing was created, and the person can start it again.
        _held_by(mine).update(progress_at=interrupted_before() - timedelta(seconds=1))
        raise
    if settings.WELCOME_LMTP:
        with translation.override(mine.language):
            send_welcome(mine.import_id, [draft.address for draft in mine.drafts])
    return True


def _hash_all(mine: Claim, passwords: Sequence[str], on_progress: Callable[[int], object] | None) -> list[str]:
    """Return the hashes of all passwords, made on all cores, writing the progress down as it goes."""
    warm_up()
    generated = [draft.password is None for draft in mine.drafts]
    hashes: list[str] = []
    reported = time.monotonic()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for password_hash in pool.map(lambda p, g: hash_password(p, generated=g), passwords, generated):
            hashes.append(password_hash)
            if on_progress:
                on_progress(len(hashes))
            if time.monotonic() - reported < PROGRESS_EVERY_SECONDS:
                continue
            reported = time.monotonic()
            if not _held_by(mine).update(progress_done=len(hashes), progress_at=timezone.now()):
                pool.shutdown(wait=False, cancel_futures=True)
                raise ClaimLost
    return hashes


def _write_accounts(mine: Claim, hashes: Sequence[str], domains: DomainQuerySet) -> list[Mailbox]:
    """Write the mailboxes, their forwards and the import's list of them; return the mailboxes.

    Raises as `create_mailboxes`.
    """
    by_id = Domain.objects.in_bulk({draft.domain_id for draft in mine.drafts})
    new = [
        NewMailbox(
            Account(by_id[draft.domain_id], draft.address, draft.quota_mb, draft.destinations, draft.keep_copy),
            password_hash,
        )
        for draft, password_hash in zip(mine.drafts, hashes, strict=True)
    ]
    mailboxes = create_mailboxes(new=new, domains=domains)
    ImportedAccount.objects.bulk_create(
        ImportedAccount(
            import_record_id=mine.import_id,
            mailbox=mailbox,
            sheet=draft.sheet or "",
            line=draft.line,
            address=draft.address,
            is_generated=draft.password is None,
            fingerprint=fingerprint(mailbox, _forward(draft)),
            password_digest=digest(mailbox.password_hash),
        )
        for draft, mailbox in zip(mine.drafts, mailboxes, strict=True)
    )
    return mailboxes


def _forward(draft: Draft) -> Forward | None:
    """Return the forward of an account as it was written."""
    if not draft.destinations:
        return None
    return Forward(destinations=" ".join(draft.destinations), keep_copy=draft.keep_copy)


def _write_outcome(mine: Claim, batch: Batch) -> None:
    """Write down that the accounts exist. Raises ClaimLost.

    The file is needed no more, unless rows were left out: the person may want those back to correct them.
    """
    now = timezone.now()
    outcome: dict[str, object] = (
        {} if mine.left_out else {"sealed_file": None, "sealed_book": None, "sealed_choices": None}
    )
    written = _held_by(mine).update(
        status=Import.Status.CREATED,
        claim=None,
        created_at=now,
        batch=batch,
        expires_at=batch.expires_at,
        progress_done=len(mine.drafts),
        progress_at=now,
        # Noted before the first is sent: where this process is killed, nobody sends them twice.
        welcome_unsent=as_stored({draft.address: None for draft in mine.drafts}) if settings.WELCOME_LMTP else None,
        created_count=len(mine.drafts),
        **outcome,
    )
    if not written:
        raise ClaimLost


def _held_by(mine: Claim) -> ImportQuerySet:
    """Return the import of a claim, as a queryset that is empty once somebody else has claimed or discarded it."""
    return Import.objects.filter(pk=mine.import_id, claim=mine.token, status=Import.Status.CREATING)
