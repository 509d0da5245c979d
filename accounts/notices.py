"""The messages after a change: what the mail server still needs, and what may not work as meant."""

from collections.abc import Collection

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.db.models import Count, F, Sum
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.access import usable_domains
from accounts.formats import grouped, megabytes
from accounts.mailserver.control import end_sessions, reload_postfix
from accounts.models import Forward, MailboxQuerySet, MailUsage
from accounts.rules.circles import lookup_addresses
from accounts.rules.forwards import forwards_leading_to, unreachable_warnings
from accounts.rules.mailboxes import Account, account_warnings
from accounts.services import WriteResult
from accounts.validators import to_unicode

BYTES_PER_MB = 1_048_576
MAX_WARNINGS = 5  # of the same kind on one page


def tell_mailserver(request: HttpRequest, result: WriteResult) -> None:
    """Tell the mail server about a committed change, and add a message where somebody must do that by hand.

    Staff are told which commands to run; others what it means for them.
    """
    is_staff = isinstance(request.user, User) and request.user.is_staff
    if result.signed_out and (left_to_do := end_sessions(result.signed_out)):
        for_others = _("A mail program that is connected now may stay so until it is closed.")
        messages.warning(request, left_to_do if is_staff else for_others)
    if result.needs_reload and (left_to_do := reload_postfix()):
        messages.warning(request, left_to_do)


def describe_left_mail(mailboxes: MailboxQuerySet) -> str:
    """Return what happens to the messages in these mailboxes when they are deleted."""
    usage = MailUsage.objects.filter(mailbox__in=mailboxes.order_by(), messages__isnull=False)
    sums = usage.aggregate(number=Sum("messages", default=0), known=Count("pk"))
    number, is_known = sums["number"], sums["known"] == mailboxes.count()
    if is_known and not number:
        return _("There are no messages on the mail server.")
    if is_known:
        text = ngettext(
            "%(count)s message stays on the mail server until your hosting company removes it.",
            "%(count)s messages stay on the mail server until your hosting company removes them.",
            number,
        )
    elif number:
        text = ngettext(
            "At least %(count)s message stays on the mail server until your hosting company removes it.",
            "At least %(count)s messages stay on the mail server until your hosting company removes them.",
            number,
        )
    else:
        text = _("Messages that came already stay on the mail server until your hosting company removes them.")
    nobody_reads = _("Nobody can read this mail any more, not even who gets the same address later.")
    return f"{text % {'count': grouped(number)}} {nobody_reads}"


def postmaster_warning(addresses: Collection[str]) -> str:
    """Return a warning where one of these mailboxes, which get no mail any more, is that of MAIL_POSTMASTER."""
    postmaster = settings.MAIL_POSTMASTER.lower()
    if not postmaster or postmaster not in addresses:
        return ""
    message = _(
        "%(address)s is to get the mail for the postmaster of the mail server. Name another address in MAIL_POSTMASTER."
    )
    return message % {"address": to_unicode(postmaster)}


def warn_of_small_quota(request: HttpRequest, mailboxes: MailboxQuerySet) -> None:
    """Add a warning where any of these mailboxes holds more than its quota."""
    full = list(mailboxes.filter(usage__bytes_used__gt=F("quota_mb") * BYTES_PER_MB).select_related("usage")[:2])
    if len(full) == 1:
        message = _("%(address)s holds %(used)s, more than its quota. It gets no mail until some is deleted from it.")
        used = megabytes(full[0].usage.used_mb)
        messages.warning(request, message % {"address": full[0].display_address, "used": used})
    elif full:
        number = mailboxes.filter(usage__bytes_used__gt=F("quota_mb") * BYTES_PER_MB).count()
        message = _("%(count)s mailboxes hold more than their quota. They get no mail until some is deleted from them.")
        messages.warning(request, message % {"count": grouped(number)})


def warn_of_account(request: HttpRequest, account: Account, password: str | None) -> None:
    """Add the warnings about a saved account that a row of a list would get. password: where a person chose it."""
    warnings = account_warnings(
        domain=account.domain, password=password, keep_copy=account.keep_copy, destinations=account.destinations
    )
    for warning in warnings.values():
        messages.warning(request, warning.messages[0])
    warn_of_unreachable(request, account.destinations)


def warn_of_unreachable(request: HttpRequest, destinations: Collection[str]) -> None:
    """Add a warning for each of these addresses, in the login's domains, at which nobody would get forwarded mail."""
    names = {address.partition("@")[2] for address in destinations}
    hosted = {domain.name: domain for domain in usable_domains(request.user).filter(name__in=names)}
    for warning in list(unreachable_warnings(destinations, hosted).values())[:MAX_WARNINGS]:
        messages.warning(request, warning.messages[0])


def warn_of_disabled(request: HttpRequest, addresses: Collection[str]) -> None:
    """Add a warning for each of these addresses, which get no mail any more, that a forward passes mail on to.

    Also where one of them is the postmaster's.
    """
    disabled = {*addresses}
    if warning := postmaster_warning(disabled):
        messages.warning(request, warning)
    forwards = forwards_leading_to(addresses, Forward.objects.all())
    destinations = {destination for forward in forwards for destination in forward.destinations.split()}
    unreachable = (each for each in destinations if not disabled.isdisjoint(lookup_addresses(each)))
    warn_of_unreachable(request, sorted(unreachable))
