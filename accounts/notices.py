"""What a person is told after a change that works, but perhaps not as meant."""

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

MOST = 5  # of the same kind on one page


def tell_mailserver(request: HttpRequest, written: WriteResult) -> None:
    """Tell the mail server what it has to know of what is committed, and the person what is left to do.

    Staff reads what to run; others read what it means for them.
    """
    is_staff = isinstance(request.user, User) and request.user.is_staff
    if written.signed_out and (left_to_do := end_sessions(written.signed_out)):
        for_others = _("A mail program that is connected now may stay so until it is closed.")
        messages.warning(request, left_to_do if is_staff else for_others)
    if written.needs_reload and (left_to_do := reload_postfix()):
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
    hosted = {domain.name: domain for domain in usable_domains(request.user).filter(name__in=names)}
    for warning in list(unreachable_warnings(destinations, hosted).values())[:MOST]:
        messages.warning(request, warning.messages[0])


def warn_of_disabled(request: HttpRequest, addresses: Collection[str]) -> None:
    """Say which of these addresses, that were just switched off, get mail passed on to them."""
    wanted = {*addresses}
    led_to = {
        end for forward in forwards_leading_to(addresses, Forward.objects.all()) for end in forward.destinations.split()
    }
    warn_of_unreachable(request, sorted(end for end in led_to if not wanted.isdisjoint(lookup_addresses(end))))
