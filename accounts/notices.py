"""What a person is told after a change that works, but perhaps not as meant."""

from collections.abc import Collection

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts.access import domains_of
from accounts.mailserver.control import end_sessions
from accounts.models import Forward
from accounts.rules.circles import looked_up
from accounts.rules.forwards import forwards_leading_to, unreachable_warnings
from accounts.rules.mailboxes import Account, account_warnings

MOST = 5  # of the same kind on one page


def end_sessions_and_say(request: HttpRequest, addresses: Collection[str]) -> None:
    """End the open sessions of mailboxes, and say what is left: to staff what to run, to others what it means."""
    left_to_do = end_sessions(addresses)
    if left_to_do and not (isinstance(request.user, User) and request.user.is_staff):
        left_to_do = _("A mail program that is connected now may stay so until it is closed.")
    if left_to_do:
        messages.warning(request, left_to_do)


def warn_of_account(request: HttpRequest, account: Account, password: str | None) -> None:
    """Say of an account that is saved what its row in a list would be warned of. password: a chosen one."""
    warnings = account_warnings(
        domain=account.domain, password=password, keep_copy=account.keep_copy, destinations=account.destinations
    )
    for warning in warnings.values():
        messages.warning(request, warning.messages[0])
    warn_of_unreachable(request, account.destinations)


def warn_of_unreachable(request: HttpRequest, destinations: Collection[str]) -> None:
    """Say at which of these addresses nobody gets the mail that is passed on to them, of the login's own domains."""
    names = {address.partition("@")[2] for address in destinations}
    hosted = {domain.name: domain for domain in domains_of(request.user).filter(name__in=names)}
    for warning in list(unreachable_warnings(destinations, hosted).values())[:MOST]:
        messages.warning(request, warning.messages[0])


def warn_of_disabled(request: HttpRequest, addresses: Collection[str]) -> None:
    """Say which of these addresses, that were just switched off, get mail passed on to them."""
    wanted = {*addresses}
    led_to = {
        end for forward in forwards_leading_to(addresses, Forward.objects.all()) for end in forward.destinations.split()
    }
    warn_of_unreachable(request, sorted(end for end in led_to if not wanted.isdisjoint(looked_up(end))))
