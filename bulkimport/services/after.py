"""What can be done with an import once its accounts exist: show the passwords, forget them, undo it."""

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
    """What undoing an import would do: remove what is as the import left it, keep what has been changed since."""

    removed: tuple[ImportedAccount, ...]
    kept: tuple[ImportedAccount, ...]


def plan_undo(import_record: Import) -> Undo:
    """Return which accounts of an import would go and which would stay; deleted ones are in neither."""
    if import_record.status != Import.Status.CREATED:
        return Undo((), ())
    accounts = list(
        import_record.accounts.filter(mailbox__domain__in=import_record.domains()).select_related("mailbox__domain")
    )
    forwards = Forward.objects.filter(source__in=[account.address for account in accounts])
    forward_of = {forward.source: forward for forward in forwards}
    unchanged = [account.is_as_created(account.mailbox, forward_of.get(account.address)) for account in accounts]
    return Undo(
        removed=tuple(account for account, same in zip(accounts, unchanged, strict=True) if same),
        kept=tuple(account for account, same in zip(accounts, unchanged, strict=True) if not same),
    )


@transaction.atomic
def undo(import_record: Import) -> WriteResult:
    """Remove the accounts of an import that have not been changed since, with their forwards. Raises ImportNotOpen.

    Also where nothing would go: the passwords of what stays are then not lost for nothing.
    """
    lock_domains(import_record.accounts.filter(mailbox__isnull=False).values_list("mailbox__domain", flat=True))
    done = plan_undo(import_record)
    if not done.removed or not Import.objects.filter(pk=import_record.pk, status=Import.Status.CREATED).update(
        status=Import.Status.UNDONE, undone_at=timezone.now()
    ):
        raise ImportNotOpen
    Import.objects.filter(pk=import_record.pk).forget_secrets()
    removed = Mailbox.objects.filter(pk__in=[account.mailbox_id for account in done.removed])
    written = delete_mailboxes(mailboxes=removed, version=None)
    # Those of what stays; the others have gone with their mailboxes. A later password was not the import's to hand out.
    if import_record.batch:
        links = mailbox_links(import_record.batch)
        revoke_links(links.filter(password_digest=F("mailbox__imported__password_digest")))
        delete_batch(import_record.batch.pk)
    return written


@transaction.atomic
def forget_secrets(import_record: Import) -> None:
    """Delete the passwords and the file of a created import for good: the person has saved them."""
    if Import.objects.filter(pk=import_record.pk, status=Import.Status.CREATED).forget_secrets():
        forget_passwords(import_record.pk)


def purge_expired() -> int:
    """Delete all sealed data whose time is up, of new passwords and links too, and return from how many imports."""
    purge_submissions()
    # Asked first: a page that only shows something must not wait for whoever is writing.
    expired = Import.objects.with_expired_secrets()
    count = expired.forget_secrets() if expired.exists() else 0
    handout.purge_expired()
    return count


@dataclass(frozen=True, slots=True)
class CreatedAccount:
    """An account of an import as it is now. `mailbox`, `forward` and `password` are None where none is to be shown."""

    sheet: str  # empty where one alone was read
    line: int
    address: str
    is_generated: bool
    is_deleted: bool
    is_changed: bool  # since the import
    has_other_password: bool  # than the import gave it
    mailbox: Mailbox | None
    forward: Forward | None
    password: str | None = field(repr=False)  # the generated one, while it can be shown and is still the mailbox's


def accounts_of(import_record: Import) -> list[CreatedAccount]:
    """Return the accounts that an import created, in the order of the file.

    Of one that was deleted, or whose domain is no longer the person's, only the address is shown.
    """
    entries = read_batch(import_record.batch).entries if import_record.batch else ()
    own = {entry.mailbox.pk: entry for entry in entries if entry.mailbox}
    forwards = Forward.objects.filter(source__in=import_record.accounts.values("address"))
    forward_of = {forward.source: forward for forward in forwards}
    return [
        _as_it_is(account, own.get(account.mailbox_id or 0), forward_of.get(account.address))
        for account in import_record.accounts.all()
    ]


def _as_it_is(account: ImportedAccount, entry: Entry | None, forward: Forward | None) -> CreatedAccount:
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
