"""What can be done with an import once its accounts exist: list them, delete their passwords, undo the import."""

from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.digests import digest
from accounts.handout import batches as handout
from accounts.handout.batches import Entry, delete_batch, forget_passwords, read_batch
from accounts.handout.links import mailbox_links, revoke_links
from accounts.models import Forward, Mailbox
from accounts.services import WriteResult, delete_mailboxes, lock_domains
from accounts.submissions import purge_submissions
from bulkimport.models import Import, ImportedAccount
from bulkimport.services.reading import ImportNotOpen


@dataclass(frozen=True, slots=True)
class Undo:
    """What undoing an import does: it removes unchanged accounts; those changed since the import stay."""

    removed: tuple[ImportedAccount, ...]
    changed: tuple[ImportedAccount, ...]


def plan_undo(import_record: Import) -> Undo:
    """Return which accounts of an import would be removed and which would stay; deleted ones are in neither."""
    if import_record.status != Import.Status.CREATED:
        return Undo((), ())
    accounts = list(
        import_record.accounts.filter(mailbox__domain__in=import_record.domains()).select_related("mailbox__domain")
    )
    forwards = Forward.objects.filter(source__in=[account.address for account in accounts])
    by_source = {forward.source: forward for forward in forwards}
    removed: list[ImportedAccount] = []
    changed: list[ImportedAccount] = []
    for account in accounts:
        is_unchanged = account.is_as_created(account.mailbox, by_source.get(account.address))
        (removed if is_unchanged else changed).append(account)
    return Undo(tuple(removed), tuple(changed))


@transaction.atomic
def undo(import_record: Import) -> WriteResult:
    """Remove the accounts of an import that have not been changed since, with their forwards.

    The batch is deleted, with the passwords of the accounts that stay. So ImportNotOpen is raised not only when the
    import cannot be undone, but also when no account would be removed.
    """
    lock_domains(import_record.accounts.filter(mailbox__isnull=False).values_list("mailbox__domain", flat=True))
    planned = plan_undo(import_record)
    if not planned.removed or not Import.objects.filter(pk=import_record.pk, status=Import.Status.CREATED).update(
        status=Import.Status.UNDONE, undone_at=timezone.now()
    ):
        raise ImportNotOpen
    Import.objects.filter(pk=import_record.pk).forget_secrets()
    removed = Mailbox.objects.filter(pk__in=[account.mailbox_id for account in planned.removed])
    written = delete_mailboxes(mailboxes=removed, version=None)
    # Links of removed mailboxes are already deleted. Of the others, only links to passwords from this import are
    # revoked: a password that was set later is not part of the import.
    if import_record.batch:
        links = mailbox_links(import_record.batch)
        revoke_links(links.filter(password_digest=F("mailbox__imported__password_digest")))
        delete_batch(import_record.batch.pk)
    return written


@transaction.atomic
def forget_secrets(import_record: Import) -> None:
    """Delete the passwords and the file of a created import for good."""
    if Import.objects.filter(pk=import_record.pk, status=Import.Status.CREATED).forget_secrets():
        forget_passwords(import_record.pk)


def purge_expired() -> int:
    """Delete all expired secrets, those of batches and links too. Returns from how many imports."""
    purge_submissions()
    # Without expired secrets nothing is written, so that a page that only shows something waits for no lock.
    expired = Import.objects.with_expired_secrets()
    count = expired.forget_secrets() if expired.exists() else 0
    handout.purge_expired()
    return count


@dataclass(frozen=True, slots=True)
class CreatedAccount:
    """An account of an import as it is now. `mailbox`, `forward` and `password` are None where they cannot be shown."""

    sheet: str  # empty where only one sheet was read
    line: int
    address: str
    is_generated: bool
    is_deleted: bool
    is_changed: bool  # since the import
    has_other_password: bool  # another one than the import set
    mailbox: Mailbox | None
    forward: Forward | None
    password: str | None = field(repr=False)  # the generated one, while it can be shown and has not been replaced


def list_created_accounts(import_record: Import) -> list[CreatedAccount]:
    """Return the accounts that an import created, in the order of the file.

    A deleted account, or one in a domain that the person no longer administers, has only its address.
    """
    entries = read_batch(import_record.batch).entries if import_record.batch else ()
    by_mailbox = {entry.mailbox.pk: entry for entry in entries if entry.mailbox}
    forwards = Forward.objects.filter(source__in=import_record.accounts.values("address"))
    by_source = {forward.source: forward for forward in forwards}
    return [
        _created_account(account, by_mailbox.get(account.mailbox_id or 0), by_source.get(account.address))
        for account in import_record.accounts.all()
    ]


def _created_account(account: ImportedAccount, entry: Entry | None, forward: Forward | None) -> CreatedAccount:
    mailbox = entry.mailbox if entry else None
    is_changed = mailbox is not None and not account.is_as_created(mailbox, forward)
    return CreatedAccount(
        sheet=account.sheet,
        line=account.line,
        address=account.address,
        is_generated=account.is_generated,
        is_deleted=account.mailbox_id is None,
        is_changed=is_changed,
        has_other_password=is_changed
        and mailbox is not None
        and account.password_digest != digest(mailbox.password_hash),
        mailbox=mailbox,
        forward=forward if mailbox else None,
        password=entry.password if entry else None,
    )
