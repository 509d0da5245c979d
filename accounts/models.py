"""Domains, mailboxes and forwards, and how they are shown. `accounts.services` alone writes them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Count, Sum
from django.db.models.functions import Coalesce, Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.validators import as_stored, normalize_domain, to_unicode

ALMOST_FULL_PERCENT = 90
# Addresses at which every domain has to get mail (RFC 5321, 4.5.1; RFC 2142), whether or not somebody created them.
ROLE_LOCAL_PARTS: Final = ("postmaster", "abuse")


class DomainQuerySet(models.QuerySet["Domain"]):
    def with_usage(self) -> DomainQuerySet:
        """Add `mailbox_count` and `quota_sum_mb` to each domain, in the same query. The order is by name."""
        with_sums = self.annotate(
            mailbox_count=Count("mailboxes"), quota_sum_mb=Coalesce(Sum("mailboxes__quota_mb"), 0)
        )
        return with_sums.order_by("name")  # grouping drops the default order of the model


class Domain(models.Model):
    """A mail domain with its administrators and limits. NULL means no limit. Quotas are in MB of 1,048,576 bytes."""

    name = models.CharField(_("name"), max_length=253, unique=True, help_text=_("Such as przyklad.pl."))
    is_active = models.BooleanField(_("active"), default=True, help_text=_("Mail to an inactive domain is refused."))
    administrators = models.ManyToManyField(
        settings.AUTH_USER_MODEL, verbose_name=_("administrators"), related_name="domains", blank=True
    )
    default_quota_mb = models.PositiveIntegerField(
        _("default quota (MB)"), default=1000, validators=[MinValueValidator(1)]
    )
    max_mailboxes = models.PositiveIntegerField(_("most mailboxes"), null=True, blank=True)
    max_mailbox_quota_mb = models.PositiveIntegerField(_("largest quota of a mailbox (MB)"), null=True, blank=True)
    max_total_quota_mb = models.PositiveIntegerField(_("largest sum of quotas (MB)"), null=True, blank=True)
    contact = models.CharField(
        _("contact"),
        max_length=254,
        blank=True,
        help_text=_(
            "Gets the mail to postmaster@ and abuse@ of the domain, unless these addresses exist. Empty: whoever looks "
            "after the mail server."
        ),
    )
    version = models.PositiveIntegerField(default=1, db_default=1, editable=False)  # raised by each change
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = DomainQuerySet.as_manager()

    class Meta:
        verbose_name = _("domain")
        verbose_name_plural = _("domains")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(condition=models.Q(name=Lower("name")), name="domain_name_lower_case"),
            models.CheckConstraint(condition=models.Q(default_quota_mb__gte=1), name="domain_default_quota_at_least_1"),
        ]
        # The view mail_aliases has these expressions, so that a lookup by them is a search.
        indexes = [
            models.Index(
                models.Func(models.F("name"), template=f"CAST('{local_part}@' || %(expressions)s AS varchar)"),
                name=f"domain_{local_part}",
            )
            for local_part in ROLE_LOCAL_PARTS
        ]

    def __str__(self) -> str:
        return self.display_name

    @property
    def display_name(self) -> str:
        """The name as people write it, in Unicode."""
        return to_unicode(self.name)

    def clean(self) -> None:
        """Turn the name into ASCII; the default quota must fit into the largest one allowed."""
        errors: dict[str, ValidationError] = {}
        try:
            self.name = normalize_domain(self.name)
        except ValidationError as error:
            errors["name"] = error
        if settings.MAIL_HOSTNAME and self.name == settings.MAIL_HOSTNAME.lower():
            message = _("This is the name of the mail server itself. What comes back to it would be lost: use another.")
            errors["name"] = ValidationError(message, code="domain_is_server")
        if self.max_mailbox_quota_mb is not None and (self.default_quota_mb or 0) > self.max_mailbox_quota_mb:
            message = _("The default quota is larger than the largest quota of a mailbox. Lower it.")
            errors["default_quota_mb"] = ValidationError(message, code="default_over_largest")
        if errors:
            raise ValidationError(errors)


class MailboxQuerySet(models.QuerySet["Mailbox"]):
    def matching(self, text: str) -> MailboxQuerySet:
        """Return the mailboxes with this text in their address, or in one that they forward to."""
        stored = as_stored(text)
        forwards = Forward.objects.filter(destinations__contains=stored, is_active=True)
        return self.filter(models.Q(address__contains=stored) | models.Q(address__in=forwards.values("source")))


class RandomHome(models.Func):
    """A folder with a random name, made by the database, so that also a row written by SQL has one."""

    output_field = models.CharField()

    def as_sqlite(self, *_args: Any, **_context: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        return "'mailboxes/' || lower(hex(randomblob(16)))", []

    def as_postgresql(self, *_args: Any, **_context: Any) -> tuple[str, list[Any]]:
        return "'mailboxes/' || replace(gen_random_uuid()::text, '-', '')", []


class Mailbox(models.Model):
    """An address with a password, a quota and a place for mail. `address` is `local_part@domain.name`, lower-case."""

    domain = models.ForeignKey(Domain, on_delete=models.PROTECT, related_name="mailboxes", verbose_name=_("domain"))
    local_part = models.CharField(_("local part"), max_length=64)
    address = models.CharField(_("address"), max_length=254, unique=True)
    password_hash = models.CharField(_("password hash"), max_length=255)
    quota_mb = models.PositiveIntegerField(_("quota (MB)"), validators=[MinValueValidator(1)])
    is_active = models.BooleanField(_("active"), default=True)
    # Below the mail store, such as przyklad.pl/jan~4k2m9xa7. It belongs to the mailbox, not to its address: nobody who
    # gets an address again finds the mail of the one before.
    home = models.CharField(
        _("folder of its mail"), max_length=300, unique=True, editable=False, db_default=RandomHome()
    )
    # NULL: as the settings of the mail server say; 0: no limit.
    max_recipients_per_hour = models.PositiveIntegerField(_("most recipients in an hour"), null=True, blank=True)
    max_recipients_per_day = models.PositiveIntegerField(_("most recipients in a day"), null=True, blank=True)
    version = models.PositiveIntegerField(
        default=1, db_default=1, editable=False
    )  # raised by its forward's changes too
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = MailboxQuerySet.as_manager()

    class Meta:
        verbose_name = _("mailbox")
        verbose_name_plural = _("mailboxes")
        ordering = ["address"]
        constraints = [
            models.CheckConstraint(condition=models.Q(address=Lower("address")), name="mailbox_address_lower_case"),
            # The mail server would take a quota of 0 as unlimited.
            models.CheckConstraint(condition=models.Q(quota_mb__gte=1), name="mailbox_quota_at_least_1"),
        ]

    def __str__(self) -> str:
        return self.display_address

    @property
    def usage_if_known(self) -> MailUsage | None:
        """How much mail the mailbox holds, None where the mail server has not stored that yet."""
        usage: MailUsage | None = getattr(self, "usage", None)
        return usage if usage and usage.bytes_used is not None else None

    @property
    def last_login_at(self) -> datetime | None:
        """When somebody last signed in over IMAP or POP3, None where the mail server has not stored that yet."""
        usage: MailUsage | None = getattr(self, "usage", None)
        return usage.last_login_at if usage else None

    @property
    def display_address(self) -> str:
        """The address as people write it, its domain in Unicode."""
        return to_unicode(self.address)


class MailUsage(models.Model):
    """How much mail a mailbox holds, and when somebody last signed in to it. Without a row or a number it is unknown.

    Dovecot writes it: the mail after each change of it, the sign-in as it happens.

    The database has no foreign key, so that a write of Dovecot never fails. The row is deleted with its mailbox.
    """

    mailbox = models.OneToOneField(
        Mailbox,
        to_field="address",
        db_column="address",
        primary_key=True,
        on_delete=models.CASCADE,
        db_constraint=False,
        related_name="usage",
    )
    bytes_used = models.BigIntegerField(_("bytes"), null=True)
    messages = models.BigIntegerField(_("messages"), null=True)
    last_login = models.BigIntegerField(_("last sign-in"), null=True)  # in seconds since 1970, over IMAP or POP3

    class Meta:
        verbose_name = verbose_name_plural = _("space used")
        default_permissions = ()
        db_table = "mail_usage"  # Dovecot's configuration has this name

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def last_login_at(self) -> datetime | None:
        return None if self.last_login is None else datetime.fromtimestamp(self.last_login, UTC)

    @property
    def used_mb(self) -> int:
        """Used MB of 1,048,576 bytes, rounded up: 0 means that the mailbox is empty."""
        return -(-(self.bytes_used or 0) // 1_048_576)

    @property
    def percent(self) -> int:
        """Used percent of the quota, at most 100."""
        return min(100, 100 * (self.bytes_used or 0) // (self.mailbox.quota_mb * 1_048_576))

    @property
    def is_almost_full(self) -> bool:
        return self.percent >= ALMOST_FULL_PERCENT


class ForwardQuerySet(models.QuerySet["Forward"]):
    def matching(self, text: str) -> ForwardQuerySet:
        """Return the forwards with this text in their source or their destinations."""
        stored = as_stored(text)
        return self.filter(models.Q(source__contains=stored) | models.Q(destinations__contains=stored))


class Forward(models.Model):
    """One source address, the addresses its mail is passed on to, and whether a copy stays in the source's mailbox.

    `destinations` are separated by single spaces. The source may or may not be a mailbox.
    """

    domain = models.ForeignKey(Domain, on_delete=models.PROTECT, related_name="forwards", verbose_name=_("domain"))
    source = models.CharField(_("source"), max_length=254, unique=True)
    destinations = models.TextField(_("destinations"), help_text=_("One or more addresses, separated by spaces."))
    keep_copy = models.BooleanField(_("keep a copy"), default=False)
    is_active = models.BooleanField(pgettext_lazy("forward", "active"), default=True)
    works_while_disabled = models.BooleanField(
        _("also while the mailbox is disabled"),
        default=False,
        db_default=False,
    )
    allows_sending = models.BooleanField(
        _("who gets the mail may send as this address"),
        default=False,
        db_default=False,
    )
    version = models.PositiveIntegerField(default=1, db_default=1, editable=False)  # raised by each change
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = ForwardQuerySet.as_manager()

    class Meta:
        verbose_name = _("forward")
        verbose_name_plural = _("forwards")
        ordering = ["source"]
        constraints = [
            models.CheckConstraint(condition=models.Q(source=Lower("source")), name="forward_source_lower_case"),
            models.CheckConstraint(condition=~models.Q(destinations=""), name="forward_has_destination"),
        ]

    def __str__(self) -> str:
        return self.display_source

    @property
    def display_source(self) -> str:
        """The source as people write it, its domain in Unicode."""
        return to_unicode(self.source)

    @property
    def display_destinations(self) -> list[str]:
        """The destinations as people write them, their domains in Unicode."""
        return [to_unicode(address) for address in self.destinations.split()]


class Submission(models.Model):
    """A form that was sent and has done its work, and where the browser was redirected. See `accounts.submissions`."""

    token = models.CharField(max_length=64)  # a digest of the form's token and of what was sent
    sent_by = models.CharField(max_length=40)  # such as "login 5" or "mailbox 12"
    next_url = models.CharField(max_length=500)
    message = models.TextField(blank=True)  # shown on the page there
    made_at = models.DateTimeField(default=timezone.now, db_index=True)

    is_repeat = False  # whether an earlier request has done the work

    class Meta:
        verbose_name = verbose_name_plural = _("sent form")
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["sent_by", "token"], name="submission_token_once")]

    def __str__(self) -> str:
        return str(self.pk)
