"""Batches of generated passwords that wait to be handed over, and the one-time links that show them."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.functions import SHA256
from django.db.models.sql.compiler import SQLCompiler
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.access import acting_domains
from accounts.models import DomainQuerySet, Mailbox
from accounts.passwords import digest


class BatchQuerySet(models.QuerySet["Batch"]):
    def seen_by(self, user: User | AnonymousUser) -> BatchQuerySet:
        """Return the batches that a login may open: its own and, for a superuser, those of the command line."""
        if user.pk is None:  # a filter for None would find the batches of the command line
            return self.none()
        own = models.Q(made_by=user.pk)
        return self.filter(own | models.Q(made_by=None) if user.is_superuser else own)

    def with_passwords(self) -> BatchQuerySet:
        """Return the batches whose passwords are neither saved nor expired."""
        return self.filter(sealed__isnull=False, expires_at__gt=timezone.now())

    def unsaved_by(self, user: User | AnonymousUser) -> BatchQuerySet:
        """Return the batches without a label whose passwords a login has still to save, the newest first."""
        return self.seen_by(user).with_passwords().filter(made_by__isnull=False, label="").order_by("-made_at")

    def with_expired_passwords(self) -> BatchQuerySet:
        """Return the batches that still hold passwords although their time is up."""
        return self.filter(sealed__isnull=False, expires_at__lte=timezone.now())


class Batch(models.Model):
    """Passwords that were generated together, sealed until they are saved or their time is up.

    `sealed` is JSON: {"passwords": {mailbox id: [address, password, digest of the hash]}, "link_seed": text}. The keys
    of the batch's links are made from the link seed. A batch with a label, such as the name of an imported file, stays
    without its passwords, because mailboxes are looked for by it; without a label it is deleted with them.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="batches"
    )  # empty: the command line
    customer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="+"
    )  # on whose behalf staff made it
    made_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(db_index=True)
    label = models.CharField(max_length=255, blank=True, default="")
    is_of_new_mailboxes = models.BooleanField(default=False)  # rather than of mailboxes that had other passwords
    sealed = models.BinaryField(null=True)
    mailboxes = models.ManyToManyField(Mailbox, related_name="batches")  # also those with a password of a person's own

    objects = BatchQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = _("new passwords")
        default_permissions = ()
        ordering = ["-made_at"]

    def __str__(self) -> str:
        return self.label or str(self.pk)

    def get_absolute_url(self) -> str:
        return reverse("new_passwords", args=[self.pk])

    @property
    def has_passwords(self) -> bool:
        """Whether the passwords are neither saved nor expired."""
        return self.sealed is not None and self.expires_at > timezone.now()

    def domains(self) -> DomainQuerySet:
        """Return the domains whose mailboxes the batch may show now."""
        return acting_domains(self.made_by, self.customer)


class Digest(SHA256):
    """`digest` in SQL. Django's own wants the extension pgcrypto of PostgreSQL, which has this function without it."""

    def as_postgresql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra_context: Any
    ) -> tuple[str, Any]:
        template = "ENCODE(SHA256(CONVERT_TO(%(expressions)s, 'UTF8')), 'hex')"
        return self.as_sql(compiler, connection, template=template, **extra_context)


class LinkQuerySet(models.QuerySet["Link"]):
    def usable(self) -> LinkQuerySet:
        """Return the links that still hold a password."""
        return self.filter(sealed__isnull=False, expires_at__gt=timezone.now())

    def waiting(self) -> LinkQuerySet:
        """Return the links that still show a password: it is still the mailbox's."""
        return self.in_state("waiting")

    def in_state(self, state: str) -> LinkQuerySet:
        """Return the links that are waiting, opened or ended in another way; all for any other state."""
        same = models.Q(password_digest=Digest("mailbox__password_hash"))
        waiting = models.Q(sealed__isnull=False, expires_at__gt=timezone.now()) & same
        opened = models.Q(opened_at__isnull=False)
        wanted = {"waiting": waiting, "opened": opened, "ended": ~waiting & ~opened}.get(state)
        return self.filter(wanted) if wanted else self.all()

    def version(self) -> str:
        """Return what is another text as soon as there is another of these links: the id of the newest, 0 for none."""
        return str(self.aggregate(newest=models.Max("pk"))["newest"] or 0)

    def with_expired_secrets(self) -> LinkQuerySet:
        """Return the links that still hold a password although their time is up."""
        return self.filter(sealed__isnull=False, expires_at__lte=timezone.now())


class Link(models.Model):
    """A one-time link that shows the password of a mailbox once. It stays as a record of when that was.

    The key is in the link, and not here: here is a hash to find it by, and the password, sealed with the key and
    SECRET_KEY. While its batch has the passwords, the key can be made again from the batch's link seed.
    """

    mailbox = models.ForeignKey(Mailbox, on_delete=models.CASCADE, related_name="links")
    batch = models.ForeignKey(Batch, on_delete=models.SET_NULL, null=True, related_name="links")
    number = models.PositiveIntegerField(default=0)  # counts the links of this batch for this mailbox
    key_hash = models.CharField(max_length=64, unique=True)
    sealed = models.BinaryField(null=True)  # the password; empty once opened, revoked or expired
    password_digest = models.CharField(max_length=64)  # of the hash that the mailbox had then
    made_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(db_index=True)
    opened_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    objects = LinkQuerySet.as_manager()

    class Meta:
        verbose_name = _("one-time link")
        verbose_name_plural = _("one-time links")
        default_permissions = ()  # it goes with its mailbox, whoever deletes that
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.made_moment

    @property
    def is_waiting(self) -> bool:
        """Whether it still shows a password."""
        return self._is_usable and not self.is_outdated

    @property
    def _is_usable(self) -> bool:
        return self.sealed is not None and self.expires_at > timezone.now()

    @property
    def is_outdated(self) -> bool:
        """Whether the mailbox has another password by now, or the same one set once more."""
        return self.password_digest != digest(self.mailbox.password_hash)

    @property
    def made_moment(self) -> str:
        """When it was made, in words."""
        return _moment(self.made_at)

    @property
    def state(self) -> str:
        """What has become of it, in words."""
        if self.opened_at:
            return gettext("opened on %(when)s") % {"when": _moment(self.opened_at)}
        if self.revoked_at:
            return gettext("revoked on %(when)s") % {"when": _moment(self.revoked_at)}
        if self.is_waiting:
            return gettext("waiting, valid until %(when)s") % {"when": _moment(self.expires_at)}
        if self._is_usable:
            return gettext("shows nothing: the password has been changed since")
        return gettext("expired unopened on %(when)s") % {"when": _moment(self.expires_at)}


def _moment(when: datetime) -> str:
    return date_format(timezone.localtime(when), "j E Y, H:i")
