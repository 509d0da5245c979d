"""Writing mailboxes with their forwards."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from django.db import IntegrityError, transaction
from django.db.models import F

from accounts.access import not_your_domain
from accounts.models import DomainQuerySet, Forward, Mailbox, MailUsage
from accounts.rules.forwards import Errors
from accounts.rules.mailboxes import Account, changed_account_errors, new_account_errors, renamed_account_errors
from accounts.services.locks import lock_domains, lock_forwards
from accounts.services.results import Outdated, Refused, WriteResult

RANDOM_BYTES: Final = 5  # in the name of a folder


@dataclass(frozen=True, slots=True)
class NewMailbox:
    """A mailbox that is to be created, with the hash of its password."""

    account: Account
    password_hash: str = field(repr=False)

    @property
    def quota_mb(self) -> int:
        if self.account.quota_mb is None:
            raise ValueError("A new mailbox needs a quota.")
        return self.account.quota_mb


@transaction.atomic
def create_mailboxes(*, new: Sequence[NewMailbox], domains: DomainQuerySet) -> list[Mailbox]:
    """Create mailboxes with their forwards, and return them in the same order. domains: those that may be used.

    Raises Refused with the errors of `new_account_errors`, and domain_not_yours.
    """
    accounts = [each.account for each in new]
    lock_domains(account.domain.pk for account in accounts)
    if any(account.destinations for account in accounts):
        lock_forwards()
    _refuse(_new_errors(accounts, domains))
    try:
        with transaction.atomic():
            return _write_new(new)
    except IntegrityError:  # by a writer that does not lock the domain, such as a script
        _refuse(_new_errors(accounts, domains))
        raise


def _new_errors(accounts: Sequence[Account], domains: DomainQuerySet) -> Mapping[str, Errors]:
    present = domains.in_bulk({account.domain.pk for account in accounts})  # with their limits as they are now
    foreign = [account for account in accounts if account.domain.pk not in present]
    if foreign:  # no other rule is asked: its answer might reveal what another customer owns
        return {account.address: {"email": [not_your_domain(account.domain.name)]} for account in foreign}
    return new_account_errors([replace(account, domain=present[account.domain.pk]) for account in accounts])


def _refuse(errors: Mapping[str, Errors]) -> None:
    if errors:
        raise Refused(errors)


def _write_new(new: Sequence[NewMailbox]) -> list[Mailbox]:
    # The mail server may have written the usage of an earlier mailbox of the same address after that was deleted.
    MailUsage.objects.filter(pk__in=[each.account.address for each in new]).delete()
    mailboxes = Mailbox.objects.bulk_create(
        Mailbox(
            domain=each.account.domain,
            local_part=each.account.address.partition("@")[0],
            address=each.account.address,
            password_hash=each.password_hash,
            quota_mb=each.quota_mb,
            home=_new_home(each.account.address),
        )
        for each in new
    )
    Forward.objects.bulk_create(_forward(each.account) for each in new if each.account.destinations)
    return mailboxes


def _new_home(address: str) -> str:
    """Return a folder that no mailbox has ever had, such as przyklad.pl/jan~4k2m9xa7. No local part has a ~."""
    local_part, _at, domain_name = address.partition("@")
    random_part = base64.b32encode(secrets.token_bytes(RANDOM_BYTES)).decode().lower()
    return f"{domain_name}/{local_part}~{random_part}"


def _forward(account: Account) -> Forward:
    return Forward(
        domain=account.domain,
        source=account.address,
        destinations=" ".join(account.destinations),
        keep_copy=account.keep_copy,
    )


@transaction.atomic
def change_mailbox(
    *,
    mailbox_id: int,
    version: str,
    quota_mb: int | None = None,
    is_active: bool | None = None,
    forward: tuple[Sequence[str], bool] | None = None,
    works_while_disabled: bool | None = None,
    password_hash: str | None = None,
    sending_limits: tuple[int | None, int | None] | None = None,
) -> WriteResult:
    """Change one mailbox; what is None stays as it is. Mail that is in it stays.

    forward: (destinations, keep_copy); without destinations it is deleted. works_while_disabled: of that forward.
    sending_limits: the most recipients in an hour and in a day; None for those of the server.

    Raises Mailbox.DoesNotExist, Outdated, and Refused with the errors of `changed_account_errors`.
    """
    mailbox = _lock_mailbox(mailbox_id, version, with_forwards=forward is not None)
    if quota_mb is not None or forward is not None:
        destinations, keep_copy = forward or ((), False)
        will_be_active = mailbox.is_active if is_active is None else is_active
        account = Account(mailbox.domain, mailbox.address, quota_mb, tuple(destinations), keep_copy, will_be_active)
        if errors := changed_account_errors(mailbox, account):
            raise Refused({mailbox.address: errors})
    changes: dict[str, object] = {"quota_mb": quota_mb, "is_active": is_active, "password_hash": password_hash}
    given = {name: value for name, value in changes.items() if value is not None}
    if sending_limits is not None:
        given["max_recipients_per_hour"], given["max_recipients_per_day"] = sending_limits
    Mailbox.objects.filter(pk=mailbox_id).update(**given, version=F("version") + 1)
    if forward is not None:
        _write_forward(mailbox, *forward, works_while_disabled=works_while_disabled)
    is_signed_out = password_hash is not None or (mailbox.is_active and is_active is False)
    mailbox.refresh_from_db()
    return WriteResult((mailbox,), [mailbox.address] if is_signed_out else ())


def _lock_mailbox(mailbox_id: int, version: str, *, with_forwards: bool) -> Mailbox:
    """Lock the domain of a mailbox, and all forwards, and return it. Raises Mailbox.DoesNotExist and Outdated."""
    lock_domains([Mailbox.objects.values_list("domain", flat=True).get(pk=mailbox_id)])
    if with_forwards:
        lock_forwards()
    mailbox = Mailbox.objects.select_related("domain").get(pk=mailbox_id)
    if version != str(mailbox.version):
        raise Outdated
    return mailbox


@transaction.atomic
def rename_mailbox(*, mailbox_id: int, version: str, local_part: str, keeps_old_address: bool) -> WriteResult:
    """Give a mailbox another name in its domain. Its mail, password, quota and forward stay with it.

    keeps_old_address: whether the old address becomes a forward to the new one.

    Raises Mailbox.DoesNotExist, Outdated, and Refused with the errors of `renamed_account_errors`.
    """
    mailbox = _lock_mailbox(mailbox_id, version, with_forwards=True)
    old = mailbox.address
    new = f"{local_part}@{mailbox.domain.name}"
    _refuse_rename(old, new, keeps_old_address)
    # Dovecot may write the usage of an address at any time, also after that was deleted.
    MailUsage.objects.filter(mailbox_id=new).delete()
    changed = Mailbox.objects.filter(pk=mailbox_id)
    try:
        with transaction.atomic():
            changed.update(local_part=local_part, address=new, version=F("version") + 1)
    except IntegrityError:  # by a writer that does not lock the domain, such as a script
        _refuse_rename(old, new, keeps_old_address)
        raise
    MailUsage.objects.filter(mailbox_id=old).update(mailbox=new)
    Forward.objects.filter(source=old).update(source=new, version=F("version") + 1)
    if keeps_old_address:
        Forward.objects.create(domain=mailbox.domain, source=old, destinations=new)
    return WriteResult((changed.select_related("domain").get(),), [old])


def _refuse_rename(old: str, new: str, keeps_old_address: bool) -> None:
    if errors := renamed_account_errors(old=old, new=new, keeps_old_address=keeps_old_address):
        raise Refused({new: errors})


def _write_forward(
    mailbox: Mailbox, destinations: Sequence[str], keep_copy: bool, *, works_while_disabled: bool | None
) -> None:
    """Create or change the forward of a mailbox, or delete it where there are no destinations."""
    existing = Forward.objects.filter(source=mailbox.address)
    if not destinations:
        existing.delete()
        return
    values: dict[str, object] = {"destinations": " ".join(destinations), "keep_copy": keep_copy}
    if works_while_disabled is not None:
        values["works_while_disabled"] = works_while_disabled
    if not existing.update(**values, version=F("version") + 1):
        Forward.objects.create(domain=mailbox.domain, source=mailbox.address, **values)
