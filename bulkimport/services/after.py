"""What can be done with an import once its accounts exist: show the passwords, forget them, undo it."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from accounts.access import domains_of
from accounts.models import Domain, Forward, Mailbox
from bulkimport.models import Import, ImportedAccount, fingerprint
from bulkimport.sealing import SealBroken, unseal_json
from bulkimport.services.checking import ImportNotOpen


def generated_passwords(import_record: Import) -> dict[str, str]:
    """Return by address the generated passwords of an import; empty once saved, expired or without their key."""
    if not import_record.has_secrets or import_record.sealed_results is None:
        return {}
    try:
        passwords: dict[str, str] = unseal_json(import_record.sealed_results)
    except SealBroken:
        return {}
    return passwords


@dataclass(frozen=True, slots=True)
class Undo:
    """What undoing an import would do: remove what is as the import left it, keep what has been changed since."""

    removed: tuple[ImportedAccount, ...]
    kept: tuple[ImportedAccount, ...]


def plan_undo(import_record: Import) -> Undo:
    """Return which accounts of an import would go and which would stay; deleted ones are in neither."""
    if import_record.status != Import.Status.CREATED:
        return Undo((), ())
    domains = domains_of(import_record.acts_for)
    accounts = list(import_record.accounts.filter(mailbox__domain__in=domains).select_related("mailbox__domain"))
    forwards = Forward.objects.filter(source__in=[account.address for account in accounts])
    forward_of = {forward.source: forward for forward in forwards}
    unchanged = [
        account.mailbox is not None
        and account.fingerprint == fingerprint(account.mailbox, forward_of.get(account.address))
        for account in accounts
    ]
    return Undo(
        removed=tuple(account for account, same in zip(accounts, unchanged, strict=True) if same),
        kept=tuple(account for account, same in zip(accounts, unchanged, strict=True) if not same),
    )


@transaction.atomic
def undo(import_record: Import) -> Undo:
    """Remove the accounts of an import that have not been changed since, with their forwards. Raises ImportNotOpen."""
    Domain.objects.lock(set(import_record.accounts.values_list("mailbox__domain", flat=True)))
    done = plan_undo(import_record)
    if not Import.objects.filter(pk=import_record.pk, status=Import.Status.CREATED).update(
        status=Import.Status.UNDONE,
        undone_at=timezone.now(),
        sealed_file=None,
        sealed_choices=None,
        sealed_results=None,
    ):
        raise ImportNotOpen
    Forward.objects.filter(source__in=[account.address for account in done.removed]).delete()
    Mailbox.objects.filter(pk__in=[account.mailbox_id for account in done.removed]).delete()
    return done


def forget_secrets(import_record: Import) -> None:
    """Delete the passwords and the file of a created import for good: the person has saved them."""
    Import.objects.filter(pk=import_record.pk, status=Import.Status.CREATED).update(
        sealed_file=None, sealed_choices=None, sealed_results=None
    )


def purge_expired() -> int:
    """Delete all sealed data whose time is up, and return from how many imports."""
    return Import.objects.with_expired_secrets().update(sealed_file=None, sealed_choices=None, sealed_results=None)


def accounts_of(import_record: Import) -> Iterator[tuple[ImportedAccount, Forward | None]]:
    """Yield the accounts that an import created, with their forwards, in the order of the file."""
    accounts = import_record.accounts.select_related("mailbox__domain")
    forwards = Forward.objects.filter(source__in=import_record.accounts.values("address"))
    forward_of = {forward.source: forward for forward in forwards}
    for account in accounts:
        yield account, forward_of.get(account.address)
