"""Which forwards are forbidden, to oneself or in a circle, and which get a warning: nobody would get the mail."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import reduce
from operator import or_
from typing import Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import ROLE_LOCAL_PARTS, Domain, Forward, ForwardQuerySet, Mailbox
from accounts.rules.circles import lookup_addresses, looping_sources
from accounts.validators import to_unicode

LONGEST_CHAIN: Final = 50  # forwards that are followed one after the other, in the search for circles
# Whose mail at the mail server's own name a person gets: see postmaster.regexp of its configuration.
SERVER_LOCAL_PARTS: Final = (*ROLE_LOCAL_PARTS, "root")
MAX_CONDITIONS: Final = 50  # addresses in one query; more would make it longer than databases allow

# Field name -> the errors to show there.
Errors = Mapping[str, Sequence[ValidationError]]


def self_forward_error(source: str, destinations: Collection[str]) -> ValidationError | None:
    """Return the error for an address that forwards to itself (forward_to_self), else None."""
    if not any(source in lookup_addresses(address) for address in destinations):
        return None
    message = _("“%(value)s” would forward to itself. Write another address.")
    return ValidationError(message, code="forward_to_self", params={"value": to_unicode(source)})


def circle_errors(
    new: Mapping[str, Collection[str]], *, among: ForwardQuerySet | None = None
) -> dict[str, ValidationError]:
    """Return the errors (forward_loop) of those new forwards that would close a circle, by source.

    new: forwards that keep no copy, source to destinations; they replace existing forwards of the same sources. among:
    the existing forwards to look at, None for all.
    """
    forwards = Forward.objects.all() if among is None else among
    existing = _read_graph((address for destinations in new.values() for address in destinations), forwards)
    added = {source: _lookup_all(destinations) for source, destinations in new.items()}
    looping = looping_sources({**existing, **added})
    return {source: _circle_error(source) for source in new if source in looping}


def forward_errors(
    *, source: str, destinations: Sequence[str], keep_copy: bool, is_active: bool, forward_id: int | None
) -> Errors:
    """Return why a forward cannot be saved like this, by the fields `source` and `destinations`.

    Codes: unique, forward_to_self, forward_loop. forward_id: None for a new forward.
    """
    others = Forward.objects.all() if forward_id is None else Forward.objects.exclude(pk=forward_id)
    errors: dict[str, list[ValidationError]] = {}
    if others.filter(source=source).exists():
        message = _("This address has a forward already. Change that one.")
        errors["source"] = [ValidationError(message, code="unique")]
    error = self_forward_error(source, destinations)
    if not error and is_active:
        has_copy = keep_copy and Mailbox.objects.filter(address=source, is_active=True).exists()
        error = None if has_copy else circle_errors({source: destinations}, among=others).get(source)
    if error:
        errors["destinations"] = [error]
    return errors


def _circle_error(source: str) -> ValidationError:
    message = _(
        "Messages to “%(value)s” would go round in a circle and reach nobody. Keep a copy, or forward elsewhere."
    )
    return ValidationError(message, code="forward_loop", params={"value": to_unicode(source)})


def _read_graph(sources: Iterable[str], forwards: ForwardQuerySet) -> dict[str, list[str]]:
    """Return the active forwards that keep no copy and can be reached from these addresses, source to destinations.

    A plus-address counts as that of its mailbox. A copy can only be kept in a mailbox. A role address, which nobody has
    created, passes mail on to the contact of its domain. Takes the same few queries for each step of the longest chain,
    however many addresses there are.
    """
    graph: dict[str, list[str]] = {}
    frontier = set(_lookup_all(sources))
    mailboxes = Mailbox.objects.filter(address=OuterRef("source"), is_active=True)
    without_copy = forwards.filter(Q(keep_copy=False) | ~Exists(mailboxes), is_active=True)
    for _step in range(LONGEST_CHAIN):
        rows = without_copy.filter(source__in=frontier).values_list("source", "destinations")
        step = {source: _lookup_all(destinations.split()) for source, destinations in rows}
        step = {**_read_roles(frontier), **step}
        graph |= step
        frontier = {address for destinations in step.values() for address in destinations} - graph.keys()
        if not frontier:
            break
    return graph


def _read_roles(addresses: Collection[str]) -> dict[str, list[str]]:
    """Return where the role addresses among these pass mail on to: the contact of their domain, where it has one.

    A role address at which a mailbox gets the mail passes nothing on.
    """
    roles = {address for address in addresses if address.partition("@")[0] in ROLE_LOCAL_PARTS}
    if not roles:
        return {}
    names = {address.partition("@")[2] for address in roles}
    contacts = dict(
        Domain.objects.filter(name__in=names, is_active=True).exclude(contact="").values_list("name", "contact")
    )
    mailboxes = set(Mailbox.objects.filter(address__in=roles, is_active=True).values_list("address", flat=True))
    return {
        address: _lookup_all([contacts[name]])
        for address in roles - mailboxes
        if (name := address.partition("@")[2]) in contacts
    }


def contact_error(domain_name: str, contact: str) -> ValidationError | None:
    """Return the error of a contact to which the role addresses of its domain cannot pass mail on, else None.

    contact: may be empty. Codes: contact_is_role, forward_loop.
    """
    if not contact:
        return None
    roles = [f"{local_part}@{domain_name}" for local_part in ROLE_LOCAL_PARTS]
    if any(role in lookup_addresses(contact) for role in roles):
        message = _("The contact gets what comes for “%(value)s”, so it must be another address. Write one.")
        return ValidationError(message, code="contact_is_role", params={"value": to_unicode(contact)})
    return next(iter(circle_errors({role: [contact] for role in roles}).values()), None)


def _lookup_all(addresses: Iterable[str]) -> list[str]:
    return [name for address in addresses for name in lookup_addresses(address)]


def unreachable_warnings(addresses: Collection[str], hosted: Mapping[str, Domain]) -> dict[str, ValidationError]:
    """Return the warnings for those addresses at which nobody gets mail, by address.

    Codes: forward_to_missing, forward_to_disabled, forward_to_server. Only addresses in the domains `hosted`, by name,
    and those of the mail server itself are checked. A plus-address counts as that of its mailbox.
    """
    names = set(_lookup_all(addresses))
    mailboxes = dict(Mailbox.objects.filter(address__in=names).values_list("address", "is_active"))
    forwards = Forward.objects.filter(source__in=names).values_list("source", "is_active", "works_while_disabled")
    is_active = {**mailboxes}
    for source, works, works_while_disabled in forwards:
        # A disabled mailbox stops its forward too, unless the forward says otherwise.
        if source not in mailboxes or (works and works_while_disabled):
            is_active[source] = works
    # Where nobody else gets it, the contact of the domain gets what comes for its roles.
    is_active |= {name: True for name in names if name.partition("@")[0] in ROLE_LOCAL_PARTS}
    warnings: dict[str, ValidationError] = {}
    for address in addresses:
        local_part, _at, domain_name = address.partition("@")
        if domain_name == settings.MAIL_HOSTNAME.lower() and local_part.partition("+")[0] not in SERVER_LOCAL_PARTS:
            warnings[address] = _server_warning(address)
        domain = hosted.get(domain_name)
        states = [is_active[name] for name in lookup_addresses(address) if name in is_active]
        if domain is not None and not (any(states) and domain.is_active):
            warnings[address] = _unreachable_warning(address, exists=bool(states))
    return warnings


def _server_warning(address: str) -> ValidationError:
    message = _("“%(value)s” is an address of the mail server itself, where nobody gets mail. Write another address.")
    return ValidationError(message, code="forward_to_server", params={"value": to_unicode(address)})


def _unreachable_warning(address: str, *, exists: bool) -> ValidationError:
    params = {"value": to_unicode(address)}
    if exists:
        message = _("“%(value)s” is disabled, so messages passed on to it will be returned. Enable it, or correct it.")
        return ValidationError(message, code="forward_to_disabled", params=params)
    message = _("“%(value)s” does not exist, so messages passed on to it will be returned. Create it, or correct it.")
    return ValidationError(message, code="forward_to_missing", params=params)


def forwards_leading_to(addresses: Collection[str], forwards: ForwardQuerySet) -> list[Forward]:
    """Return those of `forwards` that pass mail on to any of these addresses, except the addresses' own forwards.

    A plus-address counts as that of its mailbox.
    """
    targets = {*addresses}
    candidates = forwards
    if len(targets) <= MAX_CONDITIONS:
        parts = {part for address in targets for part in (address, address.partition("@")[0] + "+")}
        conditions = (Q(destinations__contains=part) for part in parts)
        candidates = forwards.filter(reduce(or_, conditions, Q(pk__in=[])))
    # There may be very many forwards, of which few match: whole objects are made of those only.
    ids = [
        pk
        for pk, source, destinations in candidates.values_list("pk", "source", "destinations").iterator()
        if source not in targets
        and any(not targets.isdisjoint(lookup_addresses(address)) for address in destinations.split())
    ]
    by_id = forwards.in_bulk(ids)
    return [by_id[pk] for pk in ids if pk in by_id]
