"""Create the accounts of an import: one thread claims it, hashes the passwords, writes all in one transaction."""

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
from bulkimport.models import SEALED, Import, ImportedAccount, ImportQuerySet, fingerprint, recent_progress
from bulkimport.rows import Draft, Level, Place, Plan
from bulkimport.services.welcome import as_stored, send_welcome

PROGRESS_EVERY_SECONDS = 0.5
UNCLAIMED: Final[dict[str, Any]] = {"claim": None, "left_out": [], "warnings": []}


class ClaimLost(Exception):
    """Another process has taken the import over, or it was discarded; nothing was written."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The exclusive right of one thread to create an import, with the accounts to create."""

    import_id: uuid.UUID
    token: uuid.UUID
    drafts: tuple[Draft, ...] = field(repr=False)  # may hold passwords
    left_out: tuple[Place, ...]
    language: str | None  # of the person who claimed it, since a new thread starts with the default language


def is_allowed(plan: Plan, *, skip_errors: bool) -> bool:
    """Tell whether the accounts of a plan can be created, where `skip_errors` leaves the rows with errors out."""
    return plan.can_create or (skip_errors and plan.can_create_good_rows)


def claim_import(import_record: Import, plan: Plan, *, leave_out: Collection[Place] = ()) -> Claim | None:
    """Claim the creation of a plan. Returns None when the plan has errors or another process has the claim.

    leave_out: the rows with errors that the person has agreed to leave out. They must be exactly the faulty rows of
    the plan, so that no row is lost that the person has not seen. Empty: any error prevents the creation.
    The claim is a conditional update, so only one of two processes gets it. An interrupted creation can be claimed
    again. If its plan now has errors, its status goes back to "checked", so that the errors can be seen and corrected.
    """
    # Only the version that the plan was made from: later corrections from another tab are not in this plan.
    claimable = Import.objects.filter(pk=import_record.pk, version=import_record.version)
    interrupted = Q(status=Import.Status.CREATING) & ~Q(progress_at__range=recent_progress())
    if not is_allowed(plan, skip_errors=bool(leave_out)) or set(plan.error_places) != set(leave_out):
        claimable.filter(interrupted).update(status=Import.Status.CHECKED, **UNCLAIMED)
        return None
    claim = Claim(import_record.pk, uuid.uuid4(), plan.drafts, plan.error_places, translation.get_language())
    claimed = claimable.filter(Q(status=Import.Status.CHECKED) | interrupted).update(
        status=Import.Status.CREATING,
        claim=claim.token,
        progress_done=0,
        progress_total=len(claim.drafts),
        progress_at=timezone.now(),
        left_out=[place.line if place.sheet is None else place for place in claim.left_out],
        # Warnings about rows that are left out no longer apply. Nor does domain_limit: it counts those rows too.
        warnings=[
            {
                "sheet": problem.sheet,
                "line": problem.line,
                "field": problem.field,
                "code": problem.code,
                "message": problem.message,
            }
            for problem in plan.problems
            if problem.level is Level.WARNING and problem.place not in claim.left_out and problem.code != "domain_limit"
        ],
    )
    return claim if claimed else None


def create(claim: Claim, *, on_progress: Callable[[int], object] | None = None) -> bool:
    """Create all accounts of a claim or none. Returns whether they were created.

    False: an address or the room of a domain was taken meanwhile. The status is then "checked" again, and a new plan
    says what is wrong. Passwords are hashed before the transaction, since that is slow. One short transaction writes
    the accounts, the outcome and the sealed passwords together. The welcome messages are sent last; their failures
    are stored and not raised. Raises ClaimLost.
    """
    try:
        passwords = [draft.password or generate_password() for draft in claim.drafts]
        hashes = _hash_all(claim, passwords, on_progress)
        with transaction.atomic():
            import_record = _find_claimed(claim).select_related("uploaded_by", "customer").first()
            if import_record is None:
                raise ClaimLost
            mailboxes = _write_accounts(claim, hashes, import_record.domains())
            generated = [
                (mailbox, password if draft.password is None else None)
                for mailbox, password, draft in zip(mailboxes, passwords, claim.drafts, strict=True)
            ]
            batch = create_batch(
                generated,
                pk=import_record.pk,
                made_by=import_record.uploaded_by,
                customer=import_record.customer,
                label=import_record.filename or "-",  # a batch without a label disappears with its passwords
                is_of_new_mailboxes=True,
            )
            _write_outcome(claim, batch)
    except (IntegrityError, Refused):
        _find_claimed(claim).update(status=Import.Status.CHECKED, **UNCLAIMED)
        return False
    except BaseException:
        # Old progress makes the import "interrupted" at once, so the person can start it again without waiting.
        _find_claimed(claim).update(progress_at=recent_progress()[0] - timedelta(seconds=1))
        raise
    if settings.WELCOME_LMTP:
        with translation.override(claim.language):
            send_welcome(claim.import_id, [draft.address for draft in claim.drafts])
    return True


def _hash_all(claim: Claim, passwords: Sequence[str], on_progress: Callable[[int], object] | None) -> list[str]:
    """Hash the passwords on all cores and store the progress. Returns the hashes in order. Raises ClaimLost."""
    warm_up()
    generated = [draft.password is None for draft in claim.drafts]
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
            if not _find_claimed(claim).update(progress_done=len(hashes), progress_at=timezone.now()):
                pool.shutdown(wait=False, cancel_futures=True)
                raise ClaimLost
    return hashes


def _write_accounts(claim: Claim, hashes: Sequence[str], domains: DomainQuerySet) -> list[Mailbox]:
    """Write the mailboxes, their forwards and the import's list of its accounts. Returns the mailboxes in order.

    Raises as `create_mailboxes`.
    """
    by_id = Domain.objects.in_bulk({draft.domain_id for draft in claim.drafts})
    new = [
        NewMailbox(
            Account(by_id[draft.domain_id], draft.address, draft.quota_mb, draft.destinations, draft.keep_copy),
            password_hash,
        )
        for draft, password_hash in zip(claim.drafts, hashes, strict=True)
    ]
    mailboxes = create_mailboxes(new=new, domains=domains)
    ImportedAccount.objects.bulk_create(
        ImportedAccount(
            import_record_id=claim.import_id,
            mailbox=mailbox,
            sheet=draft.sheet or "",
            line=draft.line,
            address=draft.address,
            is_generated=draft.password is None,
            fingerprint=fingerprint(mailbox, _forward(draft)),
            password_digest=digest(mailbox.password_hash),
        )
        for draft, mailbox in zip(claim.drafts, mailboxes, strict=True)
    )
    return mailboxes


def _forward(draft: Draft) -> Forward | None:
    """Return the forward of an account as `create_mailboxes` writes it; None where it has none."""
    if not draft.destinations:
        return None
    return Forward(destinations=" ".join(draft.destinations), keep_copy=draft.keep_copy)


def _write_outcome(claim: Claim, batch: Batch) -> None:
    """Store that the accounts exist. Raises ClaimLost.

    The file is deleted unless rows were left out: the person can then download those rows to correct them.
    """
    now = timezone.now()
    deleted = {} if claim.left_out else dict.fromkeys(SEALED)
    written = _find_claimed(claim).update(
        status=Import.Status.CREATED,
        claim=None,
        created_at=now,
        batch=batch,
        expires_at=batch.expires_at,
        progress_done=len(claim.drafts),
        progress_at=now,
        # Stored before the first message is sent: if this process is killed, no message is sent twice.
        welcome_unsent=as_stored({draft.address: None for draft in claim.drafts}) if settings.WELCOME_LMTP else None,
        created_count=len(claim.drafts),
        **deleted,
    )
    if not written:
        raise ClaimLost


def _find_claimed(claim: Claim) -> ImportQuerySet:
    """Return a queryset of the claimed import; empty once another process has claimed it or it was discarded."""
    return Import.objects.filter(pk=claim.import_id, claim=claim.token, status=Import.Status.CREATING)
