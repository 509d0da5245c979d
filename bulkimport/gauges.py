"""The meters of the check page: how full domains are, before and after the accounts of a list are created."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from accounts.formats import grouped, megabytes
from accounts.rules.room import Room, rooms
from bulkimport.rows import Draft

DOMAINS_SHOWN: Final = 6  # the fullest
GAP: Final = 0.8  # percent of a meter, between the used part and the added part


@dataclass(frozen=True, slots=True)
class Gauge:
    """One limit of a domain. before, after: the number or MB used, without and with the new accounts. most: the limit.

    Widths are texts, since numbers in a template would get a decimal comma in Polish, which SVG does not accept.
    """

    label: Promise
    before: int
    after: int
    most: int
    is_quota: bool = False

    @property
    def text(self) -> str:
        """The visible text: `112 → 498 of 600`."""
        return self._written(_("%(before)s → %(after)s of %(most)s"))

    @property
    def spoken(self) -> str:
        """The text for screen readers."""
        return self._written(_("%(before)s now, %(after)s with the accounts that are ready, of %(most)s"))

    @property
    def is_over(self) -> bool:
        return self.after > self.most

    @property
    def now_width(self) -> str:
        return f"{self._percent(self.before):.1f}"

    @property
    def added_x(self) -> str:
        return f"{self._added_from:.1f}"

    @property
    def added_width(self) -> str:
        return f"{max(0.0, self._percent(self.after) - self._added_from):.1f}"

    @property
    def _added_from(self) -> float:
        return self._percent(self.before) + (GAP if self.before else 0)

    def _percent(self, number: int) -> float:
        return min(100.0, 100 * number / max(1, self.most))

    def _written(self, sentence: str) -> str:
        most = megabytes(self.most) if self.is_quota else grouped(self.most)
        return sentence % {"before": grouped(self.before), "after": grouped(self.after), "most": most}


@dataclass(frozen=True, slots=True)
class DomainGauges:
    """The meters of one domain, one for each of its limits."""

    name: str
    gauges: tuple[Gauge, ...]

    @property
    def share(self) -> float:
        """How full the domain will be by its fullest limit; 1 is full."""
        return max(gauge.after / max(1, gauge.most) for gauge in self.gauges)


@dataclass(frozen=True, slots=True)
class Gauges:
    """The fullest domains that have limits and get accounts, and the number of other such domains."""

    domains: tuple[DomainGauges, ...]
    others: int


def measure_domains(drafts: Sequence[Draft]) -> Gauges:
    """Return how full these accounts make their domains. The number of queries does not depend on their number."""
    quotas: dict[int, list[int]] = defaultdict(list)
    for draft in drafts:
        quotas[draft.domain_id].append(draft.quota_mb)
    by_domain = rooms(quotas.keys()) if quotas else {}
    gauges = [DomainGauges(room.domain_name, tuple(_gauges(room, quotas[pk]))) for pk, room in by_domain.items()]
    limited = sorted((one for one in gauges if one.gauges), key=lambda one: (-one.share, one.name))
    return Gauges(tuple(limited[:DOMAINS_SHOWN]), len(limited[DOMAINS_SHOWN:]))


def _gauges(room: Room, quotas: Sequence[int]) -> Iterable[Gauge]:
    if room.max_mailboxes is not None:
        after = room.mailboxes + len(quotas)
        yield Gauge(gettext_lazy("Mailboxes"), room.mailboxes, after, room.max_mailboxes)
    if room.max_total_quota_mb is not None:
        after = room.quota_mb + sum(quotas)
        label = pgettext_lazy("column", "Quota")
        yield Gauge(label, room.quota_mb, after, room.max_total_quota_mb, is_quota=True)
