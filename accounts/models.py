"""Domains, mailboxes and forwards: what the mail server serves, with the rules that hold between their fields."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import reduce
from operator import or_

from django.conf import settings
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.core.validators import MinValueValidator
from django.db import connection, models
from django.db.models import Count, Sum
from django.db.models.functions import Coalesce, Lower
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.formats import grouped
from accounts.forwarding import looked_up, looping_sources
from accounts.limits import Room
from accounts.validators import (
    as_stored,
    normalize_address,
    normalize_domain,
    normalize_mailbox_address,
    parse_destinations,
    to_unicode,
)

# A chain of forwards longer than this is not followed further when looking for circles.
LONGEST_CHAIN = 50
ALMOST_FULL_PERCENT = 90
NAMED_IN_QUERY = 50
FORWARDS_LOCK = 7_045_001  # any number that nothing else locks in PostgreSQL


class DomainQuerySet(models.QuerySet["Domain"]):
    def with_usage(self) -> DomainQuerySet:
        """Add `mailbox_count` and `quota_sum_mb` to every domain, in the one query that reads them, by name."""
        with_sums = self.annotate(
            mailbox_count=Count("mailboxes"), quota_sum_mb=Coalesce(Sum("mailboxes__quota_mb"), 0)
        )
        return with_sums.order_by("name")  # a query that groups forgets the order of the model

    def rooms(self, domain_ids: Collection[int], *, without: int | None = None) -> dict[int, Room]:
        """Return by domain id what each domain has and may have; the mailbox with id `without` is not counted."""
        mailboxes = Mailbox.objects.exclude(pk=without) if without else Mailbox.objects.all()
        used = {
            domain_id: (count, total)
            for domain_id, count, total in mailboxes.filter(domain__in=domain_ids)
            .order_by()
            .values_list("domain")
            .annotate(Count("pk"), Sum("quota_mb"))
        }
        return {
            domain.pk: Room(
                domain.display_name, *used.get(domain.pk, (0, 0)), domain.max_mailboxes, domain.max_total_quota_mb
            )
            for domain in self.filter(pk__in=domain_ids)
        }

    def lock(self, domain_ids: Collection[int]) -> None:
        """Hold the rows of these domains until the transaction ends, so that nobody else fills their room meanwhile.

        Always in the same order, so that two imports wait for each other and never block each other. SQLite needs
        nothing: its transactions are IMMEDIATE.
        """
        list(self.select_for_update().filter(pk__in=domain_ids).order_by("pk").values_list("pk"))


class Domain(models.Model):
    """A mail domain with its administrators and limits; an empty limit is none. Quotas are in MB of 1,048,576 bytes."""

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

    def __str__(self) -> str:
        return self.display_name

    @property
    def display_name(self) -> str:
        """The name as people write it, in Unicode."""
        return to_unicode(self.name)

    def clean(self) -> None:
        """Store the name in ASCII; the default quota must fit into the largest one allowed."""
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

    def check_mailbox_quota(self, quota_mb: int) -> None:
        """Raise ValidationError (quota_over_domain_limit) when one mailbox of this domain may not have so many MB."""
        if self.max_mailbox_quota_mb is not None and quota_mb > self.max_mailbox_quota_mb:
            raise ValidationError(
                _("%(value)s MB is more than a mailbox of %(domain)s may have. Write %(limit)s or less."),
                code="quota_over_domain_limit",
                params={
                    "value": grouped(quota_mb),
                    "domain": self.display_name,
                    "limit": grouped(self.max_mailbox_quota_mb),
                },
            )


class MailboxQuerySet(models.QuerySet["Mailbox"]):
    def taken(self, addresses: Collection[str]) -> dict[str, ValidationError]:
        """Return which of these addresses cannot become a new mailbox, and why: address_taken, address_is_forward."""
        found = dict.fromkeys(Forward.objects.filter(source__in=addresses).values_list("source", flat=True), False)
        found |= dict.fromkeys(self.filter(address__in=addresses).values_list("address", flat=True), True)
        return {
            address: ValidationError(
                _("“%(value)s” exists already. Write another address.")
                if is_mailbox
                else _("“%(value)s” is already a forward. Choose another address or delete the forward first."),
                code="address_taken" if is_mailbox else "address_is_forward",
                params={"value": to_unicode(address)},
            )
            for address, is_mailbox in found.items()
        }

    def matching(self, text: str) -> MailboxQuerySet:
        """Return the mailboxes whose address, or one that they forward to, has this text in it."""
        stored = as_stored(text)
        forwards = Forward.objects.filter(destinations__contains=stored, is_active=True)
        return self.filter(models.Q(address__contains=stored) | models.Q(address__in=forwards.values("source")))


class Mailbox(models.Model):
    """An address with a password, a quota and a place for mail. `address` is `local_part@domain.name`, lower-case."""

    domain = models.ForeignKey(Domain, on_delete=models.PROTECT, related_name="mailboxes", verbose_name=_("domain"))
    local_part = models.CharField(_("local part"), max_length=64)
    address = models.CharField(_("address"), max_length=254, unique=True)
    password_hash = models.CharField(_("password hash"), max_length=255)
    quota_mb = models.PositiveIntegerField(_("quota (MB)"), validators=[MinValueValidator(1)])
    is_active = models.BooleanField(_("active"), default=True)
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
        """What the mailbox holds, None where the mail server has not written that down."""
        usage: MailUsage | None = getattr(self, "usage", None)
        return usage if usage and usage.bytes_used is not None else None

    @property
    def display_address(self) -> str:
        """The address as people write it, its domain in Unicode."""
        return to_unicode(self.address)

    def clean(self) -> None:
        """Check the address, the quota and the room of the domain; a new mailbox may not take a forward's address.

        Inside a transaction the domain is held, so that what was checked still holds when it is written. A field that
        has no value is passed over: saying so is the field's own business.
        """
        errors: dict[str, list[ValidationError]] = {}
        try:
            self.address = normalize_mailbox_address(self.address)
            self.local_part = self.address.partition("@")[0]
        except ValidationError as error:
            raise ValidationError({"address": error}) from None
        if self.domain_id is None:
            return
        if self.address.partition("@")[2] != self.domain.name:
            raise ValidationError({"address": _outside_domain_error(self.domain)})
        if connection.in_atomic_block:
            Domain.objects.lock([self.domain.pk])
        if not self.pk and (taken := Mailbox.objects.taken([self.address])):
            errors["address"] = list(taken.values())
        if self._needs_more_room():
            try:
                self.domain.check_mailbox_quota(self.quota_mb)
            except ValidationError as error:
                errors["quota_mb"] = [error]
            room = Domain.objects.rooms([self.domain.pk], without=self.pk)[self.domain.pk]
            if limit := room.error_for(mailboxes=0 if self.pk else 1, quota_mb=self.quota_mb, whole_file=False):
                errors[NON_FIELD_ERRORS] = [limit]
        if errors:
            raise ValidationError(errors)

    def _needs_more_room(self) -> bool:
        """Tell whether the limits matter: they must not stop anybody from making a mailbox smaller or inactive."""
        if self.quota_mb is None:
            return False
        return not Mailbox.objects.filter(pk=self.pk, domain=self.domain, quota_mb__gte=self.quota_mb).exists()


class MailUsage(models.Model):
    """What a mailbox holds, as Dovecot writes it down after each change. Without a row or a number it is not known.

    No constraint in the database: Dovecot writes for whom it serves, and the row goes with its mailbox.
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

    class Meta:
        verbose_name = verbose_name_plural = _("space used")
        default_permissions = ()
        db_table = "mail_usage"  # a name for the mail server, as those of the views are

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def used_mb(self) -> int:
        """Used MB of 1,048,576 bytes, rounded up, so that only an empty mailbox has 0."""
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
        """Return the forwards whose source or destinations have this text in them."""
        stored = as_stored(text)
        return self.filter(models.Q(source__contains=stored) | models.Q(destinations__contains=stored))

    def leading_to(self, addresses: Collection[str]) -> list[Forward]:
        """Return the forwards that pass mail on to any of these addresses, without the addresses' own.

        A plus-address is that of its mailbox.
        """
        wanted = {*addresses}
        found = self
        if len(wanted) <= NAMED_IN_QUERY:  # more would make a longer query than databases take
            parts = {part for address in wanted for part in (address, address.partition("@")[0] + "+")}
            pointing = (models.Q(destinations__contains=part) for part in parts)
            found = self.filter(reduce(or_, pointing, models.Q(pk__in=[])))
        # Of very many forwards, few are found: only these are made whole.
        ids = [
            pk
            for pk, source, destinations in found.values_list("pk", "source", "destinations").iterator()
            if source not in wanted
            and any(not wanted.isdisjoint(looked_up(address)) for address in destinations.split())
        ]
        forwards = self.in_bulk(ids)
        return [forwards[pk] for pk in ids if pk in forwards]

    def lock(self) -> None:
        """Let nobody else write forwards until the transaction ends: two of them may close a circle only together.

        To be called after `Domain.objects.lock`, or two transactions could wait for each other. SQLite needs nothing,
        as there.
        """
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [FORWARDS_LOCK])

    def graph_from(self, sources: Iterable[str]) -> dict[str, list[str]]:
        """Return the active forwards that keep no copy and can be reached from these addresses, source to destinations.

        Plus-addresses are those of their mailbox. A copy can only be kept in a mailbox. One query for each step of the
        longest chain, however many addresses there are.
        """
        graph: dict[str, list[str]] = {}
        frontier = {found for address in sources for found in looked_up(address)}
        mailboxes = Mailbox.objects.filter(address=models.OuterRef("source"), is_active=True)
        passing_on = self.filter(models.Q(keep_copy=False) | ~models.Exists(mailboxes), is_active=True)
        for _step in range(LONGEST_CHAIN):
            rows = passing_on.filter(source__in=frontier).values_list("source", "destinations")
            found = {
                source: [way for address in destinations.split() for way in looked_up(address)]
                for source, destinations in rows
            }
            graph |= found
            frontier = {address for onward in found.values() for address in onward} - graph.keys()
            if not frontier:
                break
        return graph

    def unreachable(self, addresses: Collection[str], hosted: Mapping[str, Domain]) -> dict[str, ValidationError]:
        """Return which of these addresses nobody gets mail at, and why: forward_to_missing, forward_to_disabled.

        Only addresses of the domains `hosted`, by name, are known. A plus-address is that of its mailbox.
        """
        active: dict[str, bool] = {}
        known = {way for address in addresses for way in looked_up(address)}
        mailboxes = Mailbox.objects.filter(address__in=known).values_list("address", "is_active")
        forwards = self.filter(source__in=known).values_list("source", "is_active")
        for address, is_active in [*forwards, *mailboxes]:  # a disabled mailbox stops its forward, too
            active[address] = is_active
        found: dict[str, ValidationError] = {}
        for address in addresses:
            domain = hosted.get(address.partition("@")[2])
            states = [active[way] for way in looked_up(address) if way in active]
            if domain is not None and not (any(states) and domain.is_active):
                found[address] = _unreachable_warning(address, exists=bool(states))
        return found

    def circles(self, new: dict[str, tuple[str, ...]]) -> dict[str, ValidationError]:
        """Return which of these new forwards without a copy, source to destinations, must be refused, and why.

        Code: forward_loop. Existing forwards of the same sources are taken as replaced.
        """
        existing = self.graph_from(address for onward in new.values() for address in onward)
        added = {source: [way for address in onward for way in looked_up(address)] for source, onward in new.items()}
        looping = looping_sources({**existing, **added})
        return {source: _circle_error(source) for source in new if source in looping}


def self_forward_error(source: str, destinations: Collection[str]) -> ValidationError | None:
    """Return what to say when an address forwards to itself (forward_to_self), else None."""
    if not any(source in looked_up(address) for address in destinations):
        return None
    message = _("“%(value)s” would forward to itself. Write another address.")
    return ValidationError(message, code="forward_to_self", params={"value": to_unicode(source)})


def _unreachable_warning(address: str, *, exists: bool) -> ValidationError:
    params = {"value": to_unicode(address)}
    if exists:
        message = _("“%(value)s” is disabled, so messages passed on to it will be returned. Enable it, or correct it.")
        return ValidationError(message, code="forward_to_disabled", params=params)
    message = _("“%(value)s” does not exist, so messages passed on to it will be returned. Create it, or correct it.")
    return ValidationError(message, code="forward_to_missing", params=params)


def _circle_error(source: str) -> ValidationError:
    message = _(
        "Messages to “%(value)s” would go round in a circle and reach nobody. Keep a copy, or forward elsewhere."
    )
    return ValidationError(message, code="forward_loop", params={"value": to_unicode(source)})


def _outside_domain_error(domain: Domain) -> ValidationError:
    message = _("The address is not in the domain %(domain)s.")
    return ValidationError(message, code="address_outside_domain", params={"domain": domain.display_name})


class Forward(models.Model):
    """One source address, the addresses its mail is passed on to, and whether a copy stays in the source's mailbox.

    `destinations` are separated by single spaces. The source may or may not be a mailbox.
    """

    domain = models.ForeignKey(Domain, on_delete=models.PROTECT, related_name="forwards", verbose_name=_("domain"))
    source = models.CharField(_("source"), max_length=254, unique=True)
    destinations = models.TextField(_("destinations"), help_text=_("One or more addresses, separated by spaces."))
    keep_copy = models.BooleanField(_("keep a copy"), default=False)
    is_active = models.BooleanField(pgettext_lazy("forward", "active"), default=True)
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

    gets_mailbox = False  # whether a mailbox of its source is about to be written with it

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

    def clean(self) -> None:
        """Store the addresses in ASCII; refuse a forward to itself and a circle that keeps no copy."""
        errors: dict[str, ValidationError] = {}
        destinations: tuple[str, ...] = ()
        try:
            self.source = normalize_address(self.source)
        except ValidationError as error:
            errors["source"] = error
        try:
            destinations = parse_destinations(self.destinations)
            self.destinations = " ".join(destinations)
            if not destinations:
                message = _("The forward has no address to pass messages on to. Write one.")
                errors["destinations"] = ValidationError(message, code="forward_missing")
        except ValidationError as error:
            errors["destinations"] = error
        if errors:
            raise ValidationError(errors)
        if self.domain_id is None:
            return
        if self.source.partition("@")[2] != self.domain.name:
            raise ValidationError({"source": _outside_domain_error(self.domain)})
        if connection.in_atomic_block:
            Domain.objects.lock([self.domain.pk])
            Forward.objects.lock()
        problem = self_forward_error(self.source, destinations)
        has_mailbox = self.gets_mailbox or Mailbox.objects.filter(address=self.source, is_active=True).exists()
        if not problem and self.is_active and not (self.keep_copy and has_mailbox):
            others = Forward.objects.exclude(pk=self.pk)
            problem = others.circles({self.source: destinations}).get(self.source)
        if problem:
            raise ValidationError({"destinations": problem})
