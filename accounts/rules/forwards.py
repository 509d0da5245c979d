"""Which forwards must not be, to oneself or in a circle, and which are perhaps not meant: nobody gets the mail."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import reduce
from operator import or_
from typing import Final

from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Domain, Forward, ForwardQuerySet, Mailbox
from accounts.rules.circles import lookup_addresses, looping_sources
from accounts.validators import to_unicode

LONGEST_CHAIN: Final = 50  # forwards of a chain that are followed when looking for circles
NAMED_IN_QUERY: Final = 50  # addresses; more would make a longer query than databases take

# By the field that shows them.
Errors = Mapping[str, Sequence[ValidationError]]


def self_forward_error(source: str, destinations: Collection[str]) -> ValidationError | None:
    """Return what to say when an address forwards to itself (forward_to_self), else None."""
    if not any(source in lookup_addresses(address) for address in destinations):
        return None
    message = _("“%(value)s” would forward to itself. Write another address.")
    return ValidationError(message, code="forward_to_self", params={"value": to_unicode(source)})


def circle_errors(
    new: Mapping[str, Collection[str]], *, among: ForwardQuerySet | None = None
) -> dict[str, ValidationError]:
    """Return which of these new forwards without a copy, source to destinations, must be refused, and why.

    Code: forward_loop. Existing forwards of the same sources are taken as replaced. among: the other forwards that
    count; all where it is None.
    """
    forwards = Forward.objects.all() if among is None else among
    existing = _graph_from((address for onward in new.values() for address in onward), forwards)
    added = {source: [way for address in onward for way in lookup_addresses(address)] for source, onward in new.items()}
    looping = looping_sources({**existing, **added})
    return {source: _circle_error(source) for source in new if source in looping}


def forward_errors(
    *, source: str, destinations: Sequence[str], keep_copy: bool, is_active: bool, forward_id: int | None
) -> Errors:
    """Return why a forward cannot be saved so: unique, forward_to_self, forward_loop; by `source`, `destinations`."""
    others = Forward.objects.all() if forward_id is None else Forward.objects.exclude(pk=forward_id)
    errors: dict[str, list[ValidationError]] = {}
    if others.filter(source=source).exists():
        message = _("This address has a forward already. Change that one.")
        errors["source"] = [ValidationError(message, code="unique")]
    error = self_forward_error(source, destinations)
    if not error and is_active:
        keeps = keep_copy and Mailbox.objects.filter(address=source, is_active=True).exists()
        error = None if keeps else circle_errors({source: destinations}, among=others).get(source)
    if error:
        errors["destinations"] = [error]
    return errors


def _circle_error(source: str) -> ValidationError:
    message = _(
        "Messages to “%(value)s” would go round in a circle and reach nobody. Keep a copy, or forward elsewhere."
    )
    return ValidationError(message, code="forward_loop", params={"value": to_unicode(source)})


def _graph_from(sources: Iterable[str], forwards: ForwardQuerySet) -> dict[str, list[str]]:
    """Return the active forwards that keep no copy and can be reached from these addresses, source to destinations.

    Plus-addresses are those of their mailbox. A copy can only be kept in a mailbox. One query for each step of the
    longest chain, however many addresses there are.
    """
    graph: dict[str, list[str]] = {}
    frontier = {way for address in sources for way in lookup_addresses(address)}
    mailboxes = Mailbox.objects.filter(address=OuterRef("source"), is_active=True)
    passing_on = forwards.filter(Q(keep_copy=False) | ~Exists(mailboxes), is_active=True)
    for _step in range(LONGEST_CHAIN):
        rows = passing_on.filter(source__in=frontier).values_list("source", "destinations")
        step = {
            source: [way for address in destinations.split() for way in lookup_addresses(address)]
            for source, destinations in rows
        }
        graph |= step
        frontier = {address for onward in step.values() for address in onward} - graph.keys()
        if not frontier:
            break
    return graph


def unreachable_warnings(addresses: Collection[str], hosted: Mapping[str, Domain]) -> dict[str, ValidationError]:
    """Return which of these addresses nobody gets mail at, and why: forward_to_missing, forward_to_disabled.

    Only addresses of the domains `hosted`, by name, are known. A plus-address is that of its mailbox.
    """
    active: dict[str, bool] = {}
    known = {way for address in addresses for way in lookup_addresses(address)}
    mailboxes = Mailbox.objects.filter(address__in=known).values_list("address", "is_active")
    forwards = Forward.objects.filter(source__in=known).values_list("source", "is_active")
    for address, is_active in [*forwards, *mailboxes]:  # a disabled mailbox stops its forward, too
        active[address] = is_active
    warnings: dict[str, ValidationError] = {}
    for address in addresses:
        domain = hosted.get(address.partition("@")[2])
        states = [active[way] for way in lookup_addresses(address) if way in active]
        if domain is not None and not (any(states) and domain.is_active):
            warnings[address] = _unreachable_warning(address, exists=bool(states))
    return warnings


def _unreachable_warning(address: str, *, exists: bool) -> ValidationError:
    params = {"value": to_unicode(address)}
    if exists:
        message = _("“%(value)s” is disabled, so messages passed on to it will be returned. Enable it, or correct it.")
        return ValidationError(message, code="forward_to_disabled", params=params)
    message = _("“%(value)s” does not exist, so messages passed on to it will be returned. Create it, or correct it.")
    return ValidationError(message, code="forward_to_missing", params=params)


def forwards_leading_to(addresses: Collection[str], forwards: ForwardQuerySet) -> list[Forward]:
    """Return those of `forwards` that pass mail on to any of these addresses, without the addresses' own.

    A plus-address is that of its mailbox.
    """
    wanted = {*addresses}
    candidates = forwards
    if len(wanted) <= NAMED_IN_QUERY:
        parts = {part for address in wanted for part in (address, address.partition("@")[0] + "+")}
        pointing = (Q(destinations__contains=part) for part in parts)
        candidates = forwards.filter(reduce(or_, pointing, Q(pk__in=[])))
    # Of very many forwards, few are wanted: only these are made whole.
    ids = [
        pk
        for pk, source, destinations in candidates.values_list("pk", "source", "destinations").iterator()
        if source not in wanted
        and any(not wanted.isdisjoint(lookup_addresses(address)) for address in destinations.split())
    ]
    by_id = forwards.in_bulk(ids)
    return [by_id[pk] for pk in ids if pk in by_id]
