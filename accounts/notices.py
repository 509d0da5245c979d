"""The messages after a change: what the mail server still needs, and what may not work as meant."""

from collections.abc import Collection

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts.access import usable_domains
from accounts.mailserver.control import end_sessions, reload_postfix
from accounts.models import Forward
from accounts.rules.circles import lookup_addresses
from accounts.rules.forwards import forwards_leading_to, unreachable_warnings
from accounts.rules.mailboxes import Account, account_warnings
from accounts.services import WriteResult

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
    """Add a warning for each of these addresses, which were just disabled, that a forward passes mail on to."""
    disabled = {*addresses}
    forwards = forwards_leading_to(addresses, Forward.objects.all())
    destinations = {destination for forward in forwards for destination in forward.destinations.split()}
    unreachable = (each for each in destinations if not disabled.isdisjoint(lookup_addresses(each)))
    warn_of_unreachable(request, sorted(unreachable))
