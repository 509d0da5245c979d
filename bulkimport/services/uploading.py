"""Store an uploaded file as a new import, and discard one that nothing was created from."""

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.formats import grouped
from accounts.sealing import seal, seal_json
from bulkimport.models import Import
from bulkimport.rows import Problem
from bulkimport.services.reading import Choices, ImportNotOpen, as_stored


class TooManyLists(Exception):
    """The login has reached its limit of unfinished lists. `oldest` is the one to finish or to discard first."""

    def __init__(self, oldest: Import) -> None:
        super().__init__(str(oldest.pk))
        self.oldest = oldest


def upload(
    *,
    content: bytes,
    filename: str,
    uploaded_by: User | None,
    customer: User | None = None,
    default_quota: str = "",
) -> Import:
    """Store an uploaded file and return its import. Raises TooManyLists.

    customer: whose domains the import may use, where staff uploads for a customer. default_quota: as it was typed; an
    invalid one becomes a problem of the plan.
    """
    new = Import(
        uploaded_by=uploaded_by,
        customer=customer,
        filename=make_storable(filename)[-255:],
        file_size=len(content),
        file_mark=mark_file(content),
        default_quota=make_storable(default_quota)[:50],
        expires_at=timezone.now() + settings.SECRETS_KEPT,
        sealed_file=seal(content),
        sealed_choices=seal_json(as_stored(Choices())),
    )
    with transaction.atomic():
        if uploaded_by:
            _check_limits(uploaded_by, new.file_size)
        new.save(force_insert=True)
    return new


def _check_limits(user: User, file_size: int) -> None:
    """Raise TooManyLists if the login may not store another file of this size (bytes)."""
    User.objects.select_for_update().get(pk=user.pk)  # locked, so that two uploads at once are counted one by one
    unfinished = Import.objects.unfinished().filter(uploaded_by=user)
    sizes = list(unfinished.values_list("file_size", flat=True))
    is_too_large = sum(sizes) + file_size > settings.MAX_UNFINISHED_MB * 1024 * 1024
    is_full = len(sizes) >= settings.MAX_UNFINISHED_LISTS or is_too_large
    # "checked" sorts before "creating": an import that is being created cannot be discarded, and finishes by itself.
    if is_full and (oldest := unfinished.order_by("status", "uploaded_at").first()):
        raise TooManyLists(oldest)


@transaction.atomic
def discard(import_record: Import) -> None:
    """Delete an import that nothing was created from, with its file. Raises ImportNotOpen once a creation has begun.

    An interrupted import can be discarded: if its thread still runs, it loses its claim and writes nothing.
    """
    # Locked, so that no creation begins between the check and the deletion.
    locked = Import.objects.select_for_update().filter(pk=import_record.pk).first()
    if locked is None:  # discarded already, by another request
        return
    if locked.status != Import.Status.CHECKED and not locked.is_interrupted:
        raise ImportNotOpen
    locked.delete()


def file_too_large() -> Problem:
    """Return the problem of a file that is not read because of its size."""
    message = _("This file is larger than %(limit)s MB. Split it, or save only the list itself.")
    return Problem(code="file_too_large", message=message % {"limit": settings.MAX_UPLOAD_MB})


def too_many_lists(oldest: Import) -> str:
    """Return the message for TooManyLists."""
    message = _(
        "You have too many unfinished lists: at most %(lists)s, and %(size)s MB together. Create the accounts of one, "
        "or discard one; the oldest is %(file)s of %(when)s."
    )
    limits = {"lists": grouped(settings.MAX_UNFINISHED_LISTS), "size": grouped(settings.MAX_UNFINISHED_MB)}
    when = date_format(timezone.localtime(oldest.uploaded_at), "j E Y, H:i")
    return message % {"file": oldest.filename, "when": when, **limits}


def mark_file(content: bytes) -> str:
    """Return the text by which the same file is recognised when it is uploaded again, with the same SECRET_KEY."""
    return salted_hmac("bulkimport.file_mark", content, algorithm="sha256").hexdigest()


def make_storable(text: str) -> str:
    """Return a text that every database can store: without NUL (PostgreSQL) and unpaired surrogates (UTF-8)."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()
