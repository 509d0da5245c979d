"""One-time links: each shows the password of one mailbox once, to whoever has it."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Final

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.models import Mailbox
from accounts.passwords import digest, verify_password
from accounts.sealing import SealBroken, seal, unseal
from accounts.services import lock_domains
from bulkimport.models import Handout, Import
from bulkimport.services.after import accounts_of

KEY_BYTES: Final = 16  # 128 bits: nobody guesses one
_KEY: Final = re.compile(rf"[0-9a-f]{{{2 * KEY_BYTES}}}")


class PasswordChanged(Exception):
    """The mailbox has another password by now than the one that was to be handed out."""


@dataclass(frozen=True, slots=True)
class Link:
    """A link as it can be shown: the stored address of the mailbox, and the key."""

    address: str
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class HandedOut:
    """What a link has shown: the stored address of its mailbox, and the password."""

    address: str
    password: str = field(repr=False)


def new_seed() -> str:
    """Return what a page carries to make keys from, so that the same form sent twice gives the same links."""
    return secrets.token_hex(KEY_BYTES)


def is_key(text: str) -> bool:
    """Tell whether a text looks like a key, or like a seed of keys."""
    return _KEY.fullmatch(text) is not None


def make_links(import_record: Import, seed: str, mailbox_ids: Collection[int] | None = None) -> None:
    """Make a link for each of these mailboxes of an import, or for all; earlier ones of the same mailbox are revoked.

    Only where the password can still be shown and is still the mailbox's. A link that this seed has made stays as it
    is. A seed is as good as its keys, so it is kept nowhere.
    """
    with transaction.atomic():
        # A mailbox is not deleted while it gets a link. The domains first, as whoever deletes mailboxes takes them.
        created = import_record.accounts.filter(mailbox__isnull=False)
        lock_domains(set(created.values_list("mailbox__domain", flat=True)))
        # Held, so that of two presses the second sees what the first made, and what was erased meanwhile stays so.
        held = Import.objects.select_for_update().get(pk=import_record.pk)
        list(Mailbox.objects.select_for_update().filter(pk__in=created.values("mailbox")).order_by("pk"))
        if held.status == Import.Status.CREATED and held.has_secrets:
            accounts = [(account.mailbox, account.password_to_hand_out) for account in accounts_of(held)]
            known = [(mailbox, password) for mailbox, password in accounts if mailbox and password]
            _write_links([pair for pair in known if mailbox_ids is None or pair[0].pk in mailbox_ids], seed)


def make_links_for(passwords: Iterable[tuple[Mailbox, str]], seed: str) -> None:
    """Make a link for each of these mailboxes, of which this is the password; for the rest as `make_links`.

    The seed is sealed with the passwords and goes with them: until then it gives away no more than they do.
    """
    pairs = list(passwords)
    with transaction.atomic():
        lock_domains({mailbox.domain_id for mailbox, _password in pairs})
        mailboxes = Mailbox.objects.select_for_update().filter(pk__in=[mailbox.pk for mailbox, _password in pairs])
        now = {mailbox.pk: mailbox.password_hash for mailbox in mailboxes.order_by("pk")}
        # Only those that nobody has changed since they were read.
        _write_links([pair for pair in pairs if now.get(pair[0].pk) == pair[0].password_hash], seed)


def _write_links(passwords: Iterable[tuple[Mailbox, str]], seed: str) -> None:
    expires_at = timezone.now() + settings.HANDOUT_VALID
    wanted: dict[str, Handout] = {}
    for mailbox, password in passwords:
        key = _key_of(mailbox.pk, seed)
        wanted[_hash(key)] = Handout(
            mailbox=mailbox,
            key_hash=_hash(key),
            sealed=seal(password.encode(), link_key=key),
            password_digest=digest(mailbox.password_hash),
            expires_at=expires_at,
        )
    made = set(Handout.objects.filter(key_hash__in=wanted).values_list("key_hash", flat=True))
    new = [link for key_hash, link in wanted.items() if key_hash not in made]
    Handout.objects.filter(mailbox__in=[link.mailbox for link in new]).revoke()
    Handout.objects.bulk_create(new)


def links_made(import_record: Import, seed: str) -> list[Link]:
    """Return the links that a seed has made and that still show a password, in the order of the file."""
    own = import_record.accounts.filter(mailbox__domain__in=import_record.domains())
    return _waiting(own.values_list("mailbox", "address"), seed)


def links_made_for(mailboxes: Iterable[Mailbox], seed: str) -> list[Link]:
    """Return the links that a seed has made for these mailboxes and that still show a password."""
    return _waiting([(mailbox.pk, mailbox.address) for mailbox in mailboxes], seed)


def _waiting(mailboxes: Iterable[tuple[int, str]], seed: str) -> list[Link]:
    links = [Link(address, _key_of(mailbox_id, seed)) for mailbox_id, address in mailboxes]
    hashes = [_hash(link.key) for link in links]
    waiting = set(Handout.objects.waiting().filter(key_hash__in=hashes).values_list("key_hash", flat=True))
    return [link for link, key_hash in zip(links, hashes, strict=True) if key_hash in waiting]


def open_link(key: str) -> HandedOut | None:
    """Use a link up and return what it shows; None where there is nothing (any more). Raises PasswordChanged."""
    handout = Handout.objects.usable().select_related("mailbox").filter(key_hash=_hash(key)).first()
    if handout is None or handout.sealed is None:
        return None
    try:
        password = unseal(handout.sealed, link_key=key).decode()
    except SealBroken:
        return None
    mine = Handout.objects.usable().filter(pk=handout.pk)
    if handout.is_outdated or not verify_password(password, handout.mailbox.password_hash):
        mine.revoke()
        raise PasswordChanged
    # Of two who open it at once, one gets it.
    is_claimed = mine.update(opened_at=timezone.now(), sealed=None)
    return HandedOut(handout.mailbox.address, password) if is_claimed else None


def _key_of(mailbox_id: int, seed: str) -> str:
    return hmac.new(seed.encode(), str(mailbox_id).encode(), hashlib.sha256).hexdigest()[: 2 * KEY_BYTES]


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
