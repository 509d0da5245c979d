"""Writing mailboxes with their forwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from django.db import IntegrityError, transaction
from django.db.models import F

from accounts.access import not_your_domain
from accounts.models import DomainQuerySet, Forward, Mailbox, MailUsage
from accounts.rules.forwards import Errors
from accounts.rules.mailboxes import Account, changed_account_errors, new_account_errors
from accounts.services.locks import lock_domains, lock_forwards
from accounts.services.results import Outdated, Refused, WriteResult


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
        )
        for each in new
    )
    Forward.objects.bulk_create(_forward(each.account) for each in new if each.account.destinations)
    return mailboxes


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
    password_hash: str | None = None,
) -> WriteResult:
    """Change one mailbox; what is None stays as it is. forward: (destinations, keep_copy); none to delete it.

    Raises Mailbox.DoesNotExist, Outdated, and Refused with the errors of `changed_account_errors`.
    """
    lock_domains([Mailbox.objects.values_list("domain", flat=True).get(pk=mailbox_id)])
    if forward is not None:
        lock_forwards()
    mailbox = Mailbox.objects.select_related("domain").get(pk=mailbox_id)
    if version != str(mailbox.version):
        raise Outdated
    if quota_mb is not None or forward is not None:
        destinations, keep_copy = forward or ((), False)
        will_be_active = mailbox.is_active if is_active is None else is_active
        account = Account(mailbox.domain, mailbox.address, quota_mb, tuple(destinations), keep_copy, will_be_active)
        if errors := changed_account_errors(mailbox, account):
            raise Refused({mailbox.address: errors})
    changes = {"quota_mb": quota_mb, "is_active": is_active, "password_hash": password_hash}
    given = {name: value for name, value in changes.items() if value is not None}
    Mailbox.objects.filter(pk=mailbox_id).update(**given, version=F("version") + 1)
    if forward is not None:
        _write_forward(mailbox, *forward)
    is_signed_out = password_hash is not None or (mailbox.is_active and is_active is False)
    mailbox.refresh_from_db()
    return WriteResult((mailbox,), [mailbox.address] if is_signed_out else ())


def _write_forward(mailbox: Mailbox, destinations: Sequence[str], keep_copy: bool) -> None:
    """Create or change the forward of a mailbox, or delete it where there are no destinations."""
    existing = Forward.objects.filter(source=mailbox.address)
    if not destinations:
        existing.delete()
        return
    values = {"destinations": " ".join(destinations), "keep_copy": keep_copy}
    if not existing.update(**values, version=F("version") + 1):
        Forward.objects.create(domain=mailbox.domain, source=mailbox.address, **values)
