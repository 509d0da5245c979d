"""New generated passwords: sealed with the accounts they are written for, until they are saved or their time is up."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from accounts.access import domains_of
from accounts.formats import grouped
from accounts.models import Mailbox, NewPasswords
from accounts.passwords import digest
from accounts.sealing import SealBroken, seal_json, unseal_json
from accounts.validators import to_unicode

LINK_SEED_BYTES = 16  # as whoever makes the links wants them


@dataclass(frozen=True, slots=True)
class NewPassword:
    """One of them as it is now. `mailbox` is None where it is deleted or not the login's any more."""

    address: str
    is_deleted: bool
    mailbox: Mailbox | None
    password: str | None = field(repr=False)  # None where it does not hold any more

    @property
    def state(self) -> str:
        """Why there is no password to show."""
        if self.mailbox:
            return pgettext("new password", "changed since")
        if self.is_deleted:
            return pgettext("new password", "mailbox deleted since")
        return pgettext("new password", "mailbox no longer in your domains")


@dataclass(frozen=True, slots=True)
class Kept:
    """What a login has still to save. The same seed always leads to the same one-time links."""

    record: NewPasswords
    passwords: list[NewPassword]
    link_seed: str = field(repr=False)

    @property
    def holding(self) -> list[tuple[Mailbox, str]]:
        """The mailboxes whose new password still holds, and the password."""
        return [(new.mailbox, new.password) for new in self.passwords if new.mailbox and new.password]

    @property
    def title(self) -> str:
        if (count := len(self.passwords)) > 1:
            text = ngettext("%(count)s mailbox has a new password", "%(count)s mailboxes have new passwords", count)
            return text % {"count": grouped(count)}
        address = {"address": to_unicode(self.passwords[0].address)}
        if self.record.is_of_new_mailbox:
            return _("%(address)s has been created") % address
        return _("%(address)s has a new password") % address


def keep(
    passwords: Iterable[tuple[Mailbox, str]], *, pk: uuid.UUID, user: User | AnonymousUser, is_of_new_mailbox: bool
) -> None:
    """Seal new passwords for a login, in the transaction that writes their hashes; what has this id is replaced."""
    of_mailbox = {
        mailbox.pk: (mailbox.address, password, digest(mailbox.password_hash)) for mailbox, password in passwords
    }
    now = timezone.now()
    NewPasswords(
        pk=pk,
        made_by_id=user.pk,  # type: ignore[misc]  # the middleware lets nobody in who has none
        made_at=now,
        expires_at=now + settings.SECRETS_KEPT,
        is_of_new_mailbox=is_of_new_mailbox,
        sealed=seal_json({"passwords": of_mailbox, "link_seed": secrets.token_hex(LINK_SEED_BYTES)}),
    ).save()


def kept(records: Iterable[NewPasswords], user: User | AnonymousUser) -> list[Kept]:
    """Open what a login has still to save, in as many queries for all as for one. Without its key nothing is there."""
    opened = []
    for record in records:
        try:
            opened.append((record, unseal_json(record.sealed)))
        except SealBroken:
            continue
    found = Mailbox.objects.filter(pk__in={pk for _record, secret in opened for pk in secret["passwords"]})
    own = {str(mailbox.pk): mailbox for mailbox in found.filter(domain__in=domains_of(user))}
    there = {str(pk) for pk in found.values_list("pk", flat=True)}

    def as_it_is(pk: str, address: str, password: str, of_hash: str) -> NewPassword:
        mailbox = own.get(pk)
        holds = mailbox is not None and digest(mailbox.password_hash) == of_hash
        return NewPassword(address, pk not in there, mailbox, password if holds else None)

    return [
        Kept(record, [as_it_is(pk, *facts) for pk, facts in secret["passwords"].items()], secret["link_seed"])
        for record, secret in opened
    ]
