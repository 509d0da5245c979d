"""How much room a domain has left for mailboxes and their quotas, and the errors that say so."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db.models import Count, Q, Sum
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.formats import grouped, megabytes
from accounts.models import Domain, Mailbox, MailboxQuerySet


@dataclass(frozen=True, slots=True)
class Room:
    """How many mailboxes and how much quota a domain has and may have. Quotas in MB; None means no limit."""

    domain_name: str
    mailboxes: int
    quota_mb: int
    max_mailboxes: int | None
    max_total_quota_mb: int | None

    def error_for(
        self, *, mailboxes: int, quota_mb: int, whole_file: bool, with_faulty: bool = False
    ) -> ValidationError | None:
        """Return the error (domain_limit) when so much more does not fit, None when it fits.

        whole_file: whether the numbers are those of a whole file. with_faulty: whether they include its rows that are
        still to be corrected.
        """
        needed, left = [], []
        fits = True
        if self.max_mailboxes is not None and mailboxes:
            mailboxes_left = max(0, self.max_mailboxes - self.mailboxes)
            needed.append(
                ngettext("%(count)s mailbox", "%(count)s mailboxes", mailboxes) % {"count": grouped(mailboxes)}
            )
            left.append(grouped(mailboxes_left))
            fits = mailboxes <= mailboxes_left
        if self.max_total_quota_mb is not None:
            quota_left_mb = max(0, self.max_total_quota_mb - self.quota_mb)
            needed.append(megabytes(quota_mb))
            left.append(megabytes(quota_left_mb))
            fits = fits and quota_mb <= quota_left_mb
        if fits:
            return None
        if with_faulty:
            message = _(
                "With the rows to be corrected, this file needs %(needed)s; %(domain)s has %(left)s left. Remove "
                "accounts or ask for more room."
            )
        elif whole_file:
            message = _(
                "This file needs %(needed)s; %(domain)s has %(left)s left. Remove accounts or ask for more room."
            )
        else:
            message = _("This account needs %(needed)s; %(domain)s has %(left)s left. Ask for more room.")
        joined = {"needed": _(" and ").join(needed), "left": _(" and ").join(left), "domain": self.domain_name}
        return ValidationError(message, code="domain_limit", params=joined)


def rooms(domain_ids: Collection[int], *, without: int | None = None) -> dict[int, Room]:
    """Return the room of each domain, by its id. The mailbox with the id `without` is not counted."""
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
        for domain in Domain.objects.filter(pk__in=domain_ids)
    }


def quota_error(domain: Domain, quota_mb: int) -> ValidationError | None:
    """Return the error when no mailbox of a domain may have so many MB (quota_over_domain_limit), else None."""
    if domain.max_mailbox_quota_mb is None or quota_mb <= domain.max_mailbox_quota_mb:
        return None
    return ValidationError(
        _("%(value)s MB is more than a mailbox of %(domain)s may have. Write %(limit)s or less."),
        code="quota_over_domain_limit",
        params={
            "value": grouped(quota_mb),
            "domain": domain.display_name,
            "limit": grouped(domain.max_mailbox_quota_mb),
        },
    )


def common_quota_errors(mailboxes: MailboxQuerySet, quota_mb: int) -> Iterator[ValidationError]:
    """Yield the errors of each domain where these mailboxes may not all get this quota.

    Codes: quota_over_domain_limit, domain_limit.
    """
    sums = {
        domain_id: (number, total, raised)
        for domain_id, number, total, raised in mailboxes.order_by()
        .values_list("domain")
        .annotate(Count("pk"), Sum("quota_mb"), raised=Count("pk", filter=Q(quota_mb__lt=quota_mb)))
    }
    domain_rooms = rooms(sums.keys())
    for domain in Domain.objects.filter(pk__in=sums):
        number, total, raised = sums[domain.pk]
        if not raised:  # mailboxes over a limit, which was lowered since, can still be made smaller
            continue
        if error := quota_error(domain, quota_mb):
            yield error
        increase = max(0, number * quota_mb - total)
        limit = domain_rooms[domain.pk].error_for(mailboxes=0, quota_mb=increase, whole_file=False)
        if increase and limit:
            message = _("This needs %(needed)s more in %(domain)s, which has %(left)s left. Write a smaller quota.")
            yield ValidationError(message, code=limit.code, params=limit.params)
