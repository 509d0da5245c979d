"""One-time links: each shows the password of one mailbox once, to whoever has it."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from accounts.digests import digest
from accounts.handout.batches import Contents, Entry, read_batch
from accounts.handout.models import Batch, Link, LinkQuerySet
from accounts.models import Mailbox
from accounts.passwords import verify_password
from accounts.sealing import SealBroken, seal, unseal
from accounts.services import Outdated, lock_domains

KEY_BYTES: Final = 16  # 128 bits: nobody guesses one
_KEY: Final = re.compile(rf"[0-9a-f]{{{2 * KEY_BYTES}}}")


class PasswordChanged(Exception):
    """The password of the mailbox was changed after the link was made."""


@dataclass(frozen=True, slots=True)
class LinkRow:
    """A mailbox of a batch with its newest link, which may be of another batch, and the key if it can be shown."""

    entry: Entry
    link: Link | None
    key: str = field(repr=False)  # empty unless the link waits, is of this batch, and the batch still has its passwords


@dataclass(frozen=True, slots=True)
class HandedOut:
    """What an opened link shows: the stored address of its mailbox, and the password."""

    address: str
    password: str = field(repr=False)


def is_key(text: str) -> bool:
    """Tell whether a text looks like a key."""
    return _KEY.fullmatch(text) is not None


def mailbox_links(batch: Batch) -> LinkQuerySet:
    """Return the links of the mailboxes of a batch that are still in its domains, those of other batches too."""
    links = Link.objects.filter(mailbox__batches=batch, mailbox__domain__in=batch.domains())
    return links.select_related("mailbox")


def link_rows(contents: Contents) -> list[LinkRow]:
    """Return the mailboxes of a batch with their newest links, in as many queries for all as for one."""
    newest = {link.mailbox_id: link for link in mailbox_links(contents.batch)}
    rows = []
    for entry in contents.entries:
        if entry.mailbox is not None:
            link = newest.get(entry.mailbox.pk)
            rows.append(LinkRow(entry, link, _key_to_show(contents, link) if link else ""))
    return rows


def make_links(batch: Batch, *, version: str, mailbox_ids: Collection[int] | None = None) -> int:
    """Make a link for each of these mailboxes of a batch, or for all, and return how many.

    Mailboxes whose password can no longer be shown, or was changed, get none. Earlier links of the same mailboxes are
    revoked. version: that of the links that the page has shown. Raises Outdated.
    """
    with transaction.atomic():
        # Locks, so that no mailbox is deleted while it gets a link. The domains first, as in the services.
        lock_domains(batch.mailboxes.order_by().values_list("domain", flat=True))
        # Locked, so that the second of two requests sees the links of the first, and passwords erased meanwhile.
        locked = Batch.objects.select_for_update().filter(pk=batch.pk).first()
        if locked is None:
            return 0
        list(Mailbox.objects.select_for_update().filter(batches=locked).order_by("pk"))
        if mailbox_links(locked).version() != version:
            raise Outdated
        contents = read_batch(locked)
        passwords = [pair for pair in contents.valid if mailbox_ids is None or pair[0].pk in mailbox_ids]
        return _write_links(contents, passwords)


def _write_links(contents: Contents, passwords: Iterable[tuple[Mailbox, str]]) -> int:
    numbers = dict(contents.batch.links.order_by().values_list("mailbox").annotate(Max("number")))
    now = timezone.now()
    new = []
    for mailbox, password in passwords:
        number = numbers.get(mailbox.pk, 0) + 1
        key = _make_key(contents.link_seed, mailbox.pk, number)
        new.append(
            Link(
                mailbox=mailbox,
                batch=contents.batch,
                number=number,
                key_hash=digest(key),
                sealed=seal(password.encode(), link_key=key),
                password_digest=digest(mailbox.password_hash),
                made_at=now,
                expires_at=now + settings.HANDOUT_VALID,
            )
        )
    revoke_links(Link.objects.filter(mailbox__in=[link.mailbox_id for link in new]))
    Link.objects.bulk_create(new)
    return len(new)


def revoke_links(links: LinkQuerySet) -> int:
    """Revoke those of these links that still hold a password, and return how many."""
    return links.usable().update(revoked_at=timezone.now(), sealed=None)


def revoke_shown_links(links: LinkQuerySet, *, shown: LinkQuerySet, version: str) -> int:
    """Revoke some of the links that a page has shown, and return how many. Raises Outdated where there are newer ones.

    shown: all the links of the page. version: theirs, when the page was made.
    """
    if shown.version() != version:
        raise Outdated
    return revoke_links(links.filter(pk__lte=int(version)))


def open_link(key: str) -> HandedOut | None:
    """Use a link up and return what it shows; None where it does not exist, or was opened, revoked or has expired.

    Raises PasswordChanged.
    """
    link = Link.objects.usable().select_related("mailbox").filter(key_hash=digest(key)).first()
    if link is None or link.sealed is None:
        return None
    try:
        password = unseal(link.sealed, link_key=key).decode()
    except SealBroken:
        return None
    same_link = Link.objects.filter(pk=link.pk)
    if link.is_outdated or not verify_password(password, link.mailbox.password_hash):
        revoke_links(same_link)
        raise PasswordChanged
    # A conditional update: of two requests at the same moment, one gets the password.
    is_claimed = same_link.usable().update(opened_at=timezone.now(), sealed=None)
    return HandedOut(link.mailbox.address, password) if is_claimed else None


def _key_to_show(contents: Contents, link: Link) -> str:
    if not contents.link_seed or link.batch_id != contents.batch.pk or not link.is_waiting:
        return ""
    return _make_key(contents.link_seed, link.mailbox_id, link.number)


def _make_key(link_seed: str, mailbox_id: int, number: int) -> str:
    """Return the key of a link. Number 0 stands for a link from before links were numbered."""
    message = f"{mailbox_id}:{number}" if number else str(mailbox_id)
    return hmac.new(link_seed.encode(), message.encode(), hashlib.sha256).hexdigest()[: 2 * KEY_BYTES]
