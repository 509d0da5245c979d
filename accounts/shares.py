"""How much is used of what is allowed: by domains, for the table on the home page, and by single mailboxes."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Sum
from django.utils.translation import gettext as _

from accounts.formats import grouped, megabytes
from accounts.models import ALMOST_FULL_PERCENT, Domain

MIB: Final = 1_048_576
UNIT: Final = "\N{NO-BREAK SPACE}MB"


@dataclass(frozen=True, slots=True)
class Share:
    """How much is used of what is allowed; `text` has both numbers. `percent` is None where there is no limit."""

    text: str
    percent: int | None
    is_almost_full: bool

    @classmethod
    def from_numbers(cls, used: int, allowed: int | None, text: str) -> "Share":
        if allowed is None:
            return cls(text, None, False)
        percent = min(100, 100 * used // allowed) if allowed else 100
        return cls(text, percent, bool(used) and percent >= ALMOST_FULL_PERCENT)


@dataclass(frozen=True, slots=True)
class DomainRow:
    """One domain in the table. `storage` is None where it is not known how much mail there is."""

    domain: Domain
    mailboxes: Share
    quota: Share
    storage: Share | None


def domain_rows(domains: Iterable[Domain]) -> list[DomainRow]:
    """Return the rows of the domains on one page. Only for these are the sums computed."""
    shown = Domain.objects.filter(pk__in=[domain.pk for domain in domains]).with_usage()
    return [_row(domain) for domain in shown.annotate(bytes_used=Sum("mailboxes__usage__bytes_used"))]


def _row(domain: Any) -> DomainRow:
    storage = None
    if domain.bytes_used is not None:
        used_mb, given = -(-domain.bytes_used // MIB), domain.quota_sum_mb
        text = _("%(used)s of %(given)s given") % {"used": grouped(used_mb), "given": megabytes(given)}
        storage = Share.from_numbers(used_mb, given, text)
    return DomainRow(domain, mailboxes_used(domain), quota_given(domain), storage)


def mailboxes_used(domain: Any) -> Share:
    """Return how many mailboxes a domain has and may have. The domain must be read by `with_usage`."""
    return share(domain.mailbox_count, domain.max_mailboxes)


def quota_given(domain: Any) -> Share:
    """Return how much quota a domain has given to its mailboxes and may give. It must be read by `with_usage`."""
    return share(domain.quota_sum_mb, domain.max_total_quota_mb, UNIT)


def share(used: int, allowed: int | None, unit: str = "") -> Share:
    """Return the share of two numbers. `unit` follows them in its text."""
    if allowed is None:
        return Share.from_numbers(used, None, _("%(used)s, no limit") % {"used": grouped(used) + unit})
    numbers = {"used": grouped(used), "allowed": grouped(allowed)}
    return Share.from_numbers(used, allowed, _("%(used)s of %(allowed)s") % numbers + unit)
