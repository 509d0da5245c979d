"""The Import: one uploaded list and what became of it, with the accounts that it created."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.access import acting_domains
from accounts.digests import digest
from accounts.handout.models import Batch
from accounts.models import DomainQuerySet, Forward, Mailbox
from bulkimport.rows import Place

# A creation without progress for this long counts as interrupted: its server was stopped or killed. Hashing stores its
# progress at least every second, and the transaction after it takes a few seconds.
INTERRUPTED_AFTER: Final = timedelta(seconds=60)
# The database columns that hold secrets. They are large, and deferred wherever imports are listed.
SEALED: Final = ("sealed_file", "sealed_book", "sealed_choices")


class ImportQuerySet(models.QuerySet["Import"]):
    def seen_by(self, user: User | AnonymousUser) -> ImportQuerySet:
        """Return the imports that a login uploaded; for a superuser also those of the command line."""
        if user.pk is None:  # not signed in; uploaded_by=None would match the imports of the command line
            return self.none()
        own = models.Q(uploaded_by=user.pk)
        return self.filter(own | models.Q(uploaded_by=None) if user.is_superuser else own)

    def open(self) -> ImportQuerySet:
        """Return the imports that can be corrected: their creation has not begun, and their file still exists."""
        return self.filter(status=Import.Status.CHECKED, sealed_file__isnull=False, expires_at__gt=timezone.now())

    def unfinished(self) -> ImportQuerySet:
        """Return the imports that hold a file and have created nothing yet."""
        unfinished = (Import.Status.CHECKED, Import.Status.CREATING)
        return self.filter(status__in=unfinished, sealed_file__isnull=False, expires_at__gt=timezone.now())

    def forget_secrets(self) -> int:
        """Delete the sealed data of these imports for good. Returns how many imports these are."""
        return self.update(**dict.fromkeys(SEALED))

    def with_expired_secrets(self) -> ImportQuerySet:
        """Return the imports that still hold sealed data although it has expired."""
        now = timezone.now()
        has_file = models.Q(sealed_file__isnull=False, expires_at__lte=now)
        return self.filter(has_file | models.Q(batch__sealed__isnull=False, batch__expires_at__lte=now))


class Import(models.Model):
    """One uploaded list. Data with passwords is sealed, and deleted when it expires."""

    class Status(models.TextChoices):
        CHECKED = "checked", _("checked")
        CREATING = "creating", _("being created")
        CREATED = "created", pgettext_lazy("status", "created")
        UNDONE = "undone", pgettext_lazy("status", "undone")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("uploaded by"),
        on_delete=models.PROTECT,  # without a login, the import could use every domain, as the command line does
        null=True,
        related_name="imports",
        help_text=_("Empty: from the command line."),
    )
    customer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("on behalf of"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text=_("The customer whose domains it may use, where staff uploaded it."),
    )
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.CHECKED)
    filename = models.CharField(_("file"), max_length=255)
    file_size = models.PositiveIntegerField(_("file size, bytes"), default=0)
    # Recognises the same file again. Keyed: a plain digest of a short list would let whoever reads it try passwords.
    file_mark = models.CharField(max_length=64, db_index=True, blank=True, default="", editable=False)
    default_quota = models.CharField(_("default quota, as typed"), max_length=50, blank=True)
    uploaded_at = models.DateTimeField(_("uploaded"), auto_now_add=True)
    expires_at = models.DateTimeField(_("secrets expire"), db_index=True)

    # Secrets: the uploaded file; its opened contents (Books); the chosen reading and the corrections.
    sealed_file = models.BinaryField(null=True)
    sealed_book = models.BinaryField(null=True)
    sealed_choices = models.BinaryField(null=True)
    version = models.PositiveIntegerField(
        default=0
    )  # raised with each change of choices or quota, to recognise outdated pages

    # The creation: the token of the process that has claimed it, and its progress.
    claim = models.UUIDField(null=True)
    progress_done = models.PositiveIntegerField(_("accounts prepared"), default=0)
    progress_total = models.PositiveIntegerField(_("accounts to prepare"), default=0)
    progress_at = models.DateTimeField(_("last progress"), null=True)

    # The outcome. It holds no secrets and is never deleted.
    file_format = models.CharField(_("format"), max_length=10, blank=True)
    encoding = models.CharField(_("encoding"), max_length=20, blank=True)
    separator = models.CharField(_("separator"), max_length=1, blank=True)
    counts = models.JSONField(_("counts"), default=dict)
    created_count = models.PositiveIntegerField(_("accounts created"), default=0)
    left_out = models.JSONField(_("rows left out"), default=list)
    warnings = models.JSONField(
        _("warnings"), default=list
    )  # sheet, line, field, code, and message in the language of the creator
    created_at = models.DateTimeField(_("created"), null=True)
    # Its mailboxes with their generated passwords. The batch has the id of the import; it is deleted with an undo.
    batch = models.OneToOneField(Batch, on_delete=models.SET_NULL, null=True, editable=False, related_name="+")
    undone_at = models.DateTimeField(_("undone"), null=True)
    # The undelivered welcome messages: address, and reason in the language of the creator (None: not sent yet). The
    # field is None where no messages were to be sent.
    welcome_unsent = models.JSONField(null=True)

    objects = ImportQuerySet.as_manager()

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        ordering = ["-uploaded_at"]

    def __str__(self) -> str:
        return self.filename

    def get_absolute_url(self) -> str:
        return reverse("import", args=[self.pk])

    def domains(self) -> DomainQuerySet:
        """Return the domains that the import may use now: those of its customer, or else of its uploader."""
        return acting_domains(self.uploaded_by, self.customer)

    @property
    def is_interrupted(self) -> bool:
        """Whether its creation stopped unfinished. Nothing was created then, and it can be started again."""
        return self.status == self.Status.CREATING and not is_recent(self.progress_at or self.uploaded_at)

    @property
    def is_welcoming(self) -> bool:
        """Whether its welcome messages are being sent now. If that stops, the rest is never sent."""
        is_waiting = any(unsent["reason"] is None for unsent in self.welcome_unsent or ())
        return is_waiting and is_recent(self.progress_at or self.uploaded_at)

    @property
    def is_expired(self) -> bool:
        return self.expires_at <= timezone.now()

    @property
    def has_file(self) -> bool:
        """Whether the uploaded rows can still be read."""
        return self.sealed_file is not None and not self.is_expired

    @property
    def left_out_places(self) -> tuple[Place, ...]:
        """The rows that were left out. Stored as line numbers, or as pairs of sheet and line."""
        return tuple(Place(None, place) if isinstance(place, int) else Place(*place) for place in self.left_out)


def recent_progress() -> tuple[datetime, datetime]:
    """Return between which times the last progress of a creation lies; with another, it counts as interrupted.

    A time in the future was written by a clock that has been set back since. It would never become old.
    """
    now = timezone.now()
    return now - INTERRUPTED_AFTER, now + INTERRUPTED_AFTER


def is_recent(moment: datetime) -> bool:
    """Tell whether a creation with this last progress goes on."""
    first, last = recent_progress()
    return first <= moment <= last


class ImportedAccount(models.Model):
    """An account that an import created. `mailbox` is None once that has been deleted."""

    import_record = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="accounts")
    mailbox = models.OneToOneField(Mailbox, on_delete=models.SET_NULL, null=True, related_name="imported")
    sheet = models.CharField(_("sheet"), max_length=255, blank=True, default="")  # empty unless its list had several
    line = models.PositiveIntegerField(_("row"))
    address = models.CharField(_("address"), max_length=254)
    is_generated = models.BooleanField(_("password was generated"))
    fingerprint = models.CharField(max_length=64)  # see `fingerprint`; it tells whether the account was changed later
    password_digest = models.CharField(max_length=64, default="")  # digest of the password hash at creation

    class Meta:
        verbose_name = _("imported account")
        verbose_name_plural = _("imported accounts")
        ordering = ["pk"]  # as they stood in the file

    def __str__(self) -> str:
        return self.address

    def is_as_created(self, mailbox: Mailbox | None, forward: Forward | None) -> bool:
        """Whether the mailbox and forward that it has now are unchanged since the import."""
        return mailbox is not None and self.fingerprint == fingerprint(mailbox, forward)


def fingerprint(mailbox: Mailbox, forward: Forward | None) -> str:
    """Return a digest of a mailbox with its forward, which tells later whether they have been changed."""
    facts: list[object] = [mailbox.address, mailbox.password_hash, mailbox.quota_mb, mailbox.is_active]
    if forward:
        facts += [forward.destinations, forward.keep_copy, forward.is_active]
    return digest(repr(facts))
