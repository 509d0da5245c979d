"""Batches of generated passwords that wait to be handed over, and the one-time links that show them."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.access import acting_domains
from accounts.digests import Digest, digest
from accounts.models import DomainQuerySet, Mailbox


class BatchQuerySet(models.QuerySet["Batch"]):
    def seen_by(self, user: User | AnonymousUser) -> BatchQuerySet:
        """Return the batches that a login may open: its own and, for a superuser, those of the command line."""
        if user.pk is None:  # a filter for None would find the batches of the command line
            return self.none()
        made_by_user = models.Q(made_by=user.pk)
        return self.filter(made_by_user | models.Q(made_by=None) if user.is_superuser else made_by_user)

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
    of the batch's links are computed from the link seed. A batch with a label, such as the name of an imported file,
    stays when its passwords are erased, because the list of mailboxes filters by it; one without a label is deleted.
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
    mailboxes = models.ManyToManyField(Mailbox, related_name="batches")  # also those whose password a person chose

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


class LinkQuerySet(models.QuerySet["Link"]):
    def usable(self) -> LinkQuerySet:
        """Return the links that still hold a password."""
        return self.filter(sealed__isnull=False, expires_at__gt=timezone.now())

    def waiting(self) -> LinkQuerySet:
        """Return the links that still show a password, which is still the mailbox's password."""
        return self.in_state("waiting")

    def in_state(self, state: str) -> LinkQuerySet:
        """Return the links that are waiting, opened or ended in another way; all for any other state."""
        is_unchanged = models.Q(password_digest=Digest("mailbox__password_hash"))
        is_waiting = models.Q(sealed__isnull=False, expires_at__gt=timezone.now()) & is_unchanged
        is_opened = models.Q(opened_at__isnull=False)
        condition = {"waiting": is_waiting, "opened": is_opened, "ended": ~is_waiting & ~is_opened}.get(state)
        return self.filter(condition) if condition else self.all()

    def version(self) -> str:
        """Return the version of these links, which changes when one is added: the id of the newest, 0 for none."""
        return str(self.aggregate(newest=models.Max("pk"))["newest"] or 0)

    def with_expired_secrets(self) -> LinkQuerySet:
        """Return the links that still hold a password although their time is up."""
        return self.filter(sealed__isnull=False, expires_at__lte=timezone.now())


class Link(models.Model):
    """A one-time link that shows the password of a mailbox once. Its row stays as a record of when it was opened.

    The key is in the address that is sent out, and not stored. Stored are a digest of it, to find the link by, and the
    password, sealed with the key and SECRET_KEY. While its batch has the passwords, the key can be computed again from
    the batch's link seed.
    """

    mailbox = models.ForeignKey(Mailbox, on_delete=models.CASCADE, related_name="links")
    batch = models.ForeignKey(Batch, on_delete=models.SET_NULL, null=True, related_name="links")
    number = models.PositiveIntegerField(default=0)  # counts the links of this batch for this mailbox
    key_hash = models.CharField(max_length=64, unique=True)
    sealed = models.BinaryField(null=True)  # the password; empty once opened, revoked or expired
    password_digest = models.CharField(max_length=64)  # of the password hash that the mailbox had at that time
    made_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(db_index=True)
    opened_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    objects = LinkQuerySet.as_manager()

    class Meta:
        verbose_name = _("one-time link")
        verbose_name_plural = _("one-time links")
        default_permissions = ()  # a link is deleted with its mailbox, by whoever may delete that
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
        """Whether the password of the mailbox was set since, be it to the same password."""
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
