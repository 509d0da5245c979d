"""Writing many mailboxes at once: those that a person has selected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from django.core.exceptions import NON_FIELD_ERRORS
from django.db import transaction
from django.db.models import F

from accounts.digests import digest
from accounts.models import Forward, Mailbox, MailboxQuerySet
from accounts.rules.forwards import circle_errors
from accounts.rules.room import common_quota_errors
from accounts.services.locks import lock_domains, lock_forwards
from accounts.services.results import Outdated, Refused, WriteResult

IDS_PER_QUERY: Final = 5000  # a database takes a limited number of values in one query


def selection_version(mailboxes: MailboxQuerySet) -> str:
    """Return the version of a selection: it changes when a mailbox of it is changed or deleted, or one is added."""
    return digest(repr(list(mailboxes.order_by("pk").values_list("pk", "version"))))


def set_state(*, mailboxes: MailboxQuerySet, version: str, is_active: bool) -> WriteResult:
    """Enable or disable the mailboxes of a selection.

    Raises Outdated, and Refused (forward_loop) where a forward that works while its mailbox is disabled would lie on a
    circle, now that the mailbox keeps no copy.
    """
    with transaction.atomic():
        ids, addresses = _lock_selection(mailboxes, version)
        lasting = Forward.objects.filter(
            is_active=True, works_while_disabled=True, source__in=mailboxes.values("address")
        )
        new = {} if is_active else {each.source: each.destinations.split() for each in lasting}
        if new:
            lock_forwards()
        for chunk in _chunks(ids):
            chunk.update(is_active=is_active, version=F("version") + 1)
        if circles := circle_errors(new):
            raise Refused({source: {NON_FIELD_ERRORS: [error]} for source, error in circles.items()})
    return WriteResult(signed_out=() if is_active else addresses)


def set_quota(*, mailboxes: MailboxQuerySet, version: str, quota_mb: int) -> WriteResult:
    """Give all mailboxes of a selection this quota.

    Raises Outdated, and Refused with the errors of `common_quota_errors`; these belong to no single address, so they
    stand under an empty one.
    """
    with transaction.atomic():
        ids, _addresses = _lock_selection(mailboxes, version)
        if errors := list(common_quota_errors(mailboxes, quota_mb)):
            raise Refused({"": {"quota": errors}})
        for chunk in _chunks(ids):
            chunk.update(quota_mb=quota_mb, version=F("version") + 1)
    return WriteResult()


def set_passwords(*, mailboxes: MailboxQuerySet, version: str, password_hashes: Mapping[int, str]) -> WriteResult:
    """Give the mailboxes of a selection new passwords. password_hashes: by the id of the mailbox.

    Raises Outdated, also where the hashes are not those of exactly these mailboxes.
    """
    with transaction.atomic():
        ids, addresses = _lock_selection(mailboxes, version)
        if set(ids) != password_hashes.keys():
            raise Outdated
        changed = list(Mailbox.objects.filter(pk__in=ids))
        for mailbox in changed:
            mailbox.password_hash = password_hashes[mailbox.pk]
            mailbox.version += 1
        Mailbox.objects.bulk_update(changed, ["password_hash", "version"], batch_size=100)
    return WriteResult(tuple(changed), addresses)


def delete_mailboxes(*, mailboxes: MailboxQuerySet, version: str | None) -> WriteResult:
    """Delete the mailboxes of a selection with their forwards.

    version: None where the caller has locked their domains and read them since. Raises Outdated.
    """
    with transaction.atomic():
        ids, addresses = _lock_selection(mailboxes, version)
        for chunk in _chunks(ids):
            Forward.objects.filter(source__in=chunk.values("address")).delete()
            chunk.delete()
    return WriteResult(signed_out=addresses)


def _lock_selection(mailboxes: MailboxQuerySet, version: str | None) -> tuple[list[int], list[str]]:
    """Lock the domains of a selection, and return the ids and addresses of its mailboxes. Raises Outdated."""
    lock_domains(mailboxes.order_by().values_list("domain", flat=True).distinct())
    if version is not None and version != selection_version(mailboxes):
        raise Outdated
    rows = list(mailboxes.order_by("address").values_list("pk", "address"))
    return [pk for pk, _address in rows], [address for _pk, address in rows]


def _chunks(ids: Sequence[int]) -> Iterator[MailboxQuerySet]:
    """Yield the mailboxes with these ids, as many at once as fit into one query."""
    for start in range(0, len(ids), IDS_PER_QUERY):
        yield Mailbox.objects.filter(pk__in=ids[start : start + IDS_PER_QUERY])
