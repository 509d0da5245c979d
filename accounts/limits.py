"""How much room a domain has left, and the sentence that says so. The numbers come from `Domain.objects.rooms`."""

from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.formats import grouped, megabytes


@dataclass(frozen=True, slots=True)
class Room:
    """What a domain has and may have. Quotas in MB; a limit of None is no limit."""

    domain_name: str
    mailboxes: int
    quota_mb: int
    max_mailboxes: int | None
    max_total_quota_mb: int | None

    def error_for(
        self, *, mailboxes: int, quota_mb: int, whole_file: bool, with_faulty: bool = False
    ) -> ValidationError | None:
        """Return what to say when so much more does not fit (code domain_limit), or None when it fits.

        with_faulty: whether it counts rows of the file that are still to be corrected.
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
