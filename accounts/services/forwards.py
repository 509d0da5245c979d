"""Writing forwards."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from django.db import IntegrityError, transaction
from django.db.models import F

from accounts.models import Domain, Forward, Mailbox
from accounts.rules.forwards import forward_errors
from accounts.services.locks import lock_domains, lock_forwards
from accounts.services.results import Outdated, Refused


@transaction.atomic
def save_forward(
    *,
    forward_id: int | None,
    version: str,
    domain: Domain,
    source: str,
    destinations: Sequence[str],
    keep_copy: bool,
    is_active: bool,
    works_while_disabled: bool = False,
    allows_sending: bool = False,
) -> Forward:
    """Create a forward, where `forward_id` is None, or change that one, and return it. domain: that of its source.

    Raises Forward.DoesNotExist, Outdated, and Refused with the errors of `forward_errors`.
    """
    old_domains = [] if forward_id is None else [Forward.objects.values_list("domain", flat=True).get(pk=forward_id)]
    lock_domains([domain.pk, *old_domains])
    lock_forwards()
    forward = Forward() if forward_id is None else Forward.objects.get(pk=forward_id)
    if forward_id is not None:
        if version != str(forward.version):
            raise Outdated
        forward.version += 1
    sources = {forward.source, source} - {""}
    forward.domain, forward.source, forward.destinations = domain, source, " ".join(destinations)
    forward.keep_copy, forward.is_active = keep_copy, is_active
    forward.works_while_disabled, forward.allows_sending = works_while_disabled, allows_sending
    _check_rules(forward)
    try:
        with transaction.atomic():
            forward.save()
    except IntegrityError:  # by a writer that does not lock the domain, such as a script
        _check_rules(forward)
        raise
    _raise_mailbox_versions(sources)
    return forward


def _check_rules(forward: Forward) -> None:
    """Raise Refused where the rules forbid a forward."""
    errors = forward_errors(
        source=forward.source,
        destinations=forward.destinations.split(),
        keep_copy=forward.keep_copy,
        is_active=forward.is_active,
        forward_id=forward.pk,
    )
    if errors:
        raise Refused({forward.source: errors})


@transaction.atomic
def delete_forwards(*, forwards: Collection[Forward]) -> int:
    """Delete these forwards and return how many were still there. Raises Outdated where one was changed since."""
    lock_domains(forward.domain_id for forward in forwards)
    lock_forwards()
    stored = Forward.objects.in_bulk([forward.pk for forward in forwards])
    if any(forward.pk in stored and stored[forward.pk].version != forward.version for forward in forwards):
        raise Outdated
    _raise_mailbox_versions([forward.source for forward in stored.values()])
    return Forward.objects.filter(pk__in=stored).delete()[0]


def _raise_mailbox_versions(sources: Collection[str]) -> None:
    """Give the mailboxes of these addresses a new version: their pages show the forward too."""
    Mailbox.objects.filter(address__in=sources).update(version=F("version") + 1)
