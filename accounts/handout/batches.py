"""Batches of generated passwords: created with the hashes, read with their present state, erased in time."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from accounts.digests import digest
from accounts.formats import grouped
from accounts.handout.models import Batch, Link
from accounts.models import Mailbox
from accounts.sealing import SealBroken, seal_json, unseal_json
from accounts.validators import to_unicode

LINK_SEED_BYTES: Final = 16


class State(Enum):
    """Whether an entry has a password to show, or why not."""

    VALID = "valid"
    CHANGED = "changed"
    DELETED = "deleted"
    NOT_YOURS = "not yours"  # who made the batch does not administer its domain any more
    CHOSEN = "chosen"  # by a person: such a password is stored as a hash only
    NOT_STORED = "not kept"  # the passwords of the batch were erased

    @property
    def text(self) -> str:
        return {
            State.VALID: _("can be handed out"),
            State.CHANGED: pgettext("new password", "changed since"),
            State.DELETED: pgettext("new password", "mailbox deleted since"),
            State.NOT_YOURS: pgettext("new password", "mailbox no longer in your domains"),
            State.CHOSEN: _("the one you gave"),
            State.NOT_STORED: pgettext("new password", "not kept here"),
        }[self]


@dataclass(frozen=True, slots=True)
class Entry:
    """One mailbox of a batch, as it is now. `mailbox` is None where it was deleted or is in a domain of others now."""

    address: str
    mailbox: Mailbox | None
    state: State
    password: str | None = field(repr=False)  # None unless it is valid


@dataclass(frozen=True, slots=True)
class Contents:
    """A batch with its entries, in the order in which the mailboxes were given to it."""

    batch: Batch
    entries: tuple[Entry, ...]
    link_seed: str = field(repr=False)  # empty where the passwords are saved, expired, or sealed with an unknown key

    @property
    def has_passwords(self) -> bool:
        """Whether the passwords can still be read, even if none of them is valid any more."""
        return bool(self.link_seed)

    @property
    def is_unreadable(self) -> bool:
        """Whether the passwords are still kept, but sealed with a SECRET_KEY that the panel does not have any more."""
        return self.batch.has_passwords and not self.link_seed

    @property
    def valid(self) -> list[tuple[Mailbox, str]]:
        """The mailboxes whose generated password is still valid, with that password."""
        return [(entry.mailbox, entry.password) for entry in self.entries if entry.mailbox and entry.password]

    @property
    def passwords(self) -> dict[int, str]:
        """The passwords that are still valid, by the id of the mailbox."""
        return {mailbox.pk: password for mailbox, password in self.valid}

    @property
    def title(self) -> str:
        if (count := len(self.entries)) != 1:
            text = ngettext("%(count)s mailbox has a new password", "%(count)s mailboxes have new passwords", count)
            return text % {"count": grouped(count)}
        address = {"address": to_unicode(self.entries[0].address)}
        if self.batch.is_of_new_mailboxes:
            return _("%(address)s has been created") % address
        return _("%(address)s has a new password") % address


def create_batch(
    mailboxes: Iterable[tuple[Mailbox, str | None]],
    *,
    made_by: User | None,
    is_of_new_mailboxes: bool,
    pk: uuid.UUID | None = None,
    customer: User | None = None,
    label: str = "",
) -> Batch:
    """Seal generated passwords, within the transaction that writes their hashes.

    mailboxes: each with its generated password, or with None where a person chose the password. made_by: None for the
    command line. pk: the id of the batch; an earlier batch of the same user with this id is replaced. customer: on
    whose behalf, where staff made it.
    """
    pairs = list(mailboxes)
    passwords = {
        mailbox.pk: (mailbox.address, password, digest(mailbox.password_hash))
        for mailbox, password in pairs
        if password is not None
    }
    secret = {"passwords": passwords, "link_seed": secrets.token_hex(LINK_SEED_BYTES)}
    if pk:
        Batch.objects.filter(pk=pk, made_by=made_by).delete()
    now = timezone.now()
    batch = Batch.objects.create(
        pk=pk or uuid.uuid4(),
        made_by=made_by,
        customer=customer,
        made_at=now,
        expires_at=now + settings.SECRETS_KEPT,
        label=label,
        is_of_new_mailboxes=is_of_new_mailboxes,
        sealed=seal_json(secret) if passwords else None,
    )
    _add_mailboxes(batch, [mailbox.pk for mailbox, _password in pairs])
    return batch


def _add_mailboxes(batch: Batch, mailbox_ids: Iterable[int]) -> None:
    """Add mailboxes to a batch in this order, which `batch.mailboxes.add` would lose.

    In plain SQL: the model instances of 500 rows, which nobody needs, take longer than the rows themselves.
    """
    table = connection.ops.quote_name(Batch.mailboxes.through._meta.db_table)
    batch_id = Batch._meta.pk.get_db_prep_value(batch.pk, connection)
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {table} (batch_id, mailbox_id) VALUES (%s, %s)",  # noqa: S608 - the name is no input
            [(batch_id, mailbox_id) for mailbox_id in mailbox_ids],
        )


def read_batch(batch: Batch) -> Contents:
    """Return the entries of a batch with their present state."""
    [contents] = read_batches([batch])
    return contents


def read_batches(batches: Iterable[Batch]) -> list[Contents]:
    """Return the entries of batches with their present state. Takes one query for each login, and one for all.

    The batches should have been read with `made_by` and `customer`.
    """
    all_batches = list(batches)
    rows = Batch.mailboxes.through.objects.filter(batch__in=all_batches).order_by("pk").select_related("mailbox")
    mailboxes: dict[uuid.UUID, list[Mailbox]] = {batch.pk: [] for batch in all_batches}
    for row in rows:
        mailboxes[row.batch_id].append(row.mailbox)
    by_actor: dict[tuple[int | None, int | None], list[Batch]] = {}
    for batch in all_batches:
        by_actor.setdefault((batch.made_by_id, batch.customer_id), []).append(batch)
    contents: dict[uuid.UUID, Contents] = {}
    for same_actor in by_actor.values():
        in_domains = Mailbox.objects.filter(batches__in=same_actor, domain__in=same_actor[0].domains())
        usable = set(in_domains.values_list("pk", flat=True))
        contents |= {batch.pk: _contents(batch, mailboxes[batch.pk], usable) for batch in same_actor}
    return [contents[batch.pk] for batch in all_batches]


def _contents(batch: Batch, mailboxes: Iterable[Mailbox], usable: Collection[int]) -> Contents:
    passwords, link_seed = _unseal(batch)
    existing = {mailbox.pk for mailbox in mailboxes}
    entries = [
        _entry(mailbox, passwords.get(mailbox.pk), usable, has_passwords=bool(link_seed)) for mailbox in mailboxes
    ]
    deleted = [
        Entry(address, None, State.DELETED, None)
        for pk, (address, _password, _digest) in passwords.items()
        if pk not in existing
    ]
    return Contents(batch, (*entries, *deleted), link_seed)


def _entry(
    mailbox: Mailbox, sealed: tuple[str, str, str] | None, usable: Collection[int], *, has_passwords: bool
) -> Entry:
    if mailbox.pk not in usable:
        return Entry(mailbox.address, None, State.NOT_YOURS, None)
    if sealed is None:
        return Entry(mailbox.address, mailbox, State.CHOSEN if has_passwords else State.NOT_STORED, None)
    _address, password, hash_digest = sealed
    if digest(mailbox.password_hash) != hash_digest:
        return Entry(mailbox.address, mailbox, State.CHANGED, None)
    return Entry(mailbox.address, mailbox, State.VALID, password)


def _unseal(batch: Batch) -> tuple[dict[int, tuple[str, str, str]], str]:
    """Return (address, password, digest of the hash) by mailbox id, and the link seed; both empty if they are gone."""
    if batch.sealed is None or not batch.has_passwords:
        return {}, ""
    try:
        secret = unseal_json(batch.sealed)
    except SealBroken:
        return {}, ""
    return {int(pk): tuple(facts) for pk, facts in secret["passwords"].items()}, secret["link_seed"]


def forget_passwords(batch_id: uuid.UUID) -> None:
    """Erase the passwords of a batch, which the person has saved. A batch without a label is deleted."""
    Batch.objects.filter(pk=batch_id, label="").delete()
    Batch.objects.filter(pk=batch_id).update(sealed=None)


def delete_batch(batch_id: uuid.UUID) -> None:
    """Delete a batch with its passwords, such as that of an import that is undone. Its links stay as a record."""
    Batch.objects.filter(pk=batch_id).delete()


def purge_expired() -> None:
    """Erase all passwords that have expired, those of links too."""
    # A SELECT first: a write would make a page that only shows something wait for another writer.
    expired = Batch.objects.with_expired_passwords()
    if expired.exists():
        expired.filter(label="").delete()
        expired.update(sealed=None)
    links = Link.objects.with_expired_secrets()
    if links.exists():
        links.update(sealed=None)
