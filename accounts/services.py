"""The only writer of domains, mailboxes and forwards: for the import, the pages, the admin and the commands alike.

Each function does all of its work in one transaction or nothing. It holds the domains that it writes to, so that what
it has checked still holds when it is written, and refuses what the rules forbid. What has a version is changed only as
the page showed it: whoever sends another version has not seen what they would replace.

Domains are held before forwards, and both before anything else, always in the same order: so two of these transactions
wait for each other and never block each other. SQLite needs no locks, since its transactions are IMMEDIATE.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction
from django.db.models import F

from accounts.access import not_your_domain
from accounts.models import Domain, DomainQuerySet, Forward, Mailbox, MailboxQuerySet, MailUsage
from accounts.passwords import digest
from accounts.rules.forwards import Errors, forward_errors
from accounts.rules.mailboxes import Account, changed_account_errors, new_account_errors
from accounts.rules.room import common_quota_errors

FORWARDS_LOCK: Final = 7_045_001  # any number that nothing else locks in PostgreSQL
IN_ONE_QUERY: Final = 5000  # values, of which databases take a limited number


class Outdated(Exception):
    """What was to be changed is not as the page showed it: somebody has changed it meanwhile. Nothing was written."""


class Refused(Exception):
    """The rules forbid it. `errors` are those of each address, by the field that shows them. Nothing was written."""

    def __init__(self, errors: Mapping[str, Errors]) -> None:
        super().__init__("refused by the rules")
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Written:
    """What was written, and what the mail server has to be told of it once that is committed.

    mailboxes: as they are then, none where they were deleted. signed_out: the addresses whose open sessions are to end.
    needs_reload: whether Postfix may remember something else.
    """

    mailboxes: tuple[Mailbox, ...] = ()
    signed_out: Sequence[str] = ()
    needs_reload: bool = False


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


# --- Locks -----------------------------------------------------------------------------------------------------------
def lock_domains(domain_ids: Iterable[int]) -> None:
    """Hold these domains until the transaction ends: nobody else fills their room or deletes from them meanwhile."""
    list(Domain.objects.select_for_update().filter(pk__in=set(domain_ids)).order_by("pk").values_list("pk"))


def _lock_forwards() -> None:
    """Let nobody else write forwards until the transaction ends: two of them may close a circle only together."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [FORWARDS_LOCK])


# --- Mailboxes -------------------------------------------------------------------------------------------------------
@transaction.atomic
def create_mailboxes(*, new: Sequence[NewMailbox], domains: DomainQuerySet) -> list[Mailbox]:
    """Create mailboxes with their forwards, and return them in the same order. `domains` are those that may be used.

    Raises Refused: as `new_account_errors`, and domain_not_yours.
    """
    accounts = [each.account for each in new]
    lock_domains(account.domain.pk for account in accounts)
    if any(account.destinations for account in accounts):
        _lock_forwards()
    _refuse(_new_errors(accounts, domains))
    try:
        with transaction.atomic():
            return _write_new(new)
    except IntegrityError:  # by a writer that does not hold the domain, such as a script
        _refuse(_new_errors(accounts, domains))
        raise


def _new_errors(accounts: Sequence[Account], domains: DomainQuerySet) -> Mapping[str, Errors]:
    present = domains.in_bulk({account.domain.pk for account in accounts})  # with their limits as they are now
    foreign = [account for account in accounts if account.domain.pk not in present]
    if foreign:  # what another customer owns is not looked up
        return {account.address: {"email": [not_your_domain(account.domain.name)]} for account in foreign}
    return new_account_errors([replace(account, domain=present[account.domain.pk]) for account in accounts])


def _refuse(errors: Mapping[str, Errors]) -> None:
    if errors:
        raise Refused(errors)


def _write_new(new: Sequence[NewMailbox]) -> list[Mailbox]:
    # Of mailboxes of these addresses before: the mail server may have written after they were deleted.
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
) -> Written:
    """Change what is given of one mailbox. forward: its destinations, none to delete it, and keep_copy.

    Raises Mailbox.DoesNotExist, Outdated, and Refused as `changed_account_errors`.
    """
    mailbox = Mailbox.objects.select_related("domain").get(pk=mailbox_id)
    lock_domains([mailbox.domain.pk])
    if forward is not None:
        _lock_forwards()
    mailbox = Mailbox.objects.select_related("domain").get(pk=mailbox_id)  # as it is now that nobody changes it
    if version != str(mailbox.version):
        raise Outdated
    if quota_mb is not None or forward is not None:
        destinations, keep_copy = forward or ((), False)
        active = mailbox.is_active if is_active is None else is_active
        account = Account(mailbox.domain, mailbox.address, quota_mb, tuple(destinations), keep_copy, active)
        if errors := changed_account_errors(mailbox, account):
            raise Refused({mailbox.address: errors})
    changes = {"quota_mb": quota_mb, "is_active": is_active, "password_hash": password_hash}
    given = {name: value for name, value in changes.items() if value is not None}
    Mailbox.objects.filter(pk=mailbox_id).update(**given, version=F("version") + 1)
    if forward is not None:
        _write_forward_of(mailbox, *forward)
    is_signed_out = password_hash is not None or (mailbox.is_active and is_active is False)
    mailbox.refresh_from_db()
    return Written((mailbox,), [mailbox.address] if is_signed_out else ())


def _write_forward_of(mailbox: Mailbox, destinations: Sequence[str], keep_copy: bool) -> None:
    existing = Forward.objects.filter(source=mailbox.address)
    if not destinations:
        existing.delete()
        return
    values = {"destinations": " ".join(destinations), "keep_copy": keep_copy}
    if not existing.update(**values, version=F("version") + 1):
        Forward.objects.create(domain=mailbox.domain, source=mailbox.address, **values)


# --- Many mailboxes at once ------------------------------------------------------------------------------------------
def version_of(mailboxes: MailboxQuerySet) -> str:
    """Return the version of a selection: another one once any of these mailboxes is changed, deleted or comes in."""
    return digest(repr(list(mailboxes.order_by("pk").values_list("pk", "version"))))


def set_state(*, mailboxes: MailboxQuerySet, version: str, is_active: bool) -> Written:
    """Enable or disable the mailboxes of a selection. Raises Outdated."""
    with transaction.atomic():
        ids, addresses = _held(mailboxes, version)
        for part in _parts(ids):
            part.update(is_active=is_active, version=F("version") + 1)
    return Written(signed_out=() if is_active else addresses)


def set_quota(*, mailboxes: MailboxQuerySet, version: str, quota_mb: int) -> Written:
    """Give all mailboxes of a selection this quota.

    Raises Outdated, and Refused with the errors of `common_quota_errors`, which belong to no single address.
    """
    with transaction.atomic():
        ids, _addresses = _held(mailboxes, version)
        if errors := list(common_quota_errors(mailboxes, quota_mb)):
            raise Refused({"": {"quota": errors}})
        for part in _parts(ids):
            part.update(quota_mb=quota_mb, version=F("version") + 1)
    return Written()


def set_passwords(*, mailboxes: MailboxQuerySet, version: str, password_hashes: Mapping[int, str]) -> Written:
    """Give the mailboxes of a selection other passwords, hash by id.

    Raises Outdated, also where a hash is missing.
    """
    with transaction.atomic():
        ids, addresses = _held(mailboxes, version)
        if set(ids) != password_hashes.keys():
            raise Outdated
        changed = list(Mailbox.objects.filter(pk__in=ids))
        for mailbox in changed:
            mailbox.password_hash = password_hashes[mailbox.pk]
            mailbox.version += 1
        Mailbox.objects.bulk_update(changed, ["password_hash", "version"], batch_size=100)
    return Written(tuple(changed), addresses)


def delete_mailboxes(*, mailboxes: MailboxQuerySet, version: str | None) -> Written:
    """Delete the mailboxes of a selection with their forwards.

    version: None where the caller holds them and has just looked at them. Raises Outdated.
    """
    with transaction.atomic():
        ids, addresses = _held(mailboxes, version)
        for part in _parts(ids):
            Forward.objects.filter(source__in=part.values("address")).delete()
            part.delete()
    return Written(signed_out=addresses)


def _held(mailboxes: MailboxQuerySet, version: str | None) -> tuple[list[int], list[str]]:
    """Hold the domains of a selection, and return its ids and addresses. Raises Outdated."""
    lock_domains(mailboxes.order_by().values_list("domain", flat=True).distinct())
    if version is not None and version != version_of(mailboxes):
        raise Outdated
    rows = list(mailboxes.order_by("address").values_list("pk", "address"))
    return [pk for pk, _address in rows], [address for _pk, address in rows]


def _parts(ids: Sequence[int]) -> Iterator[MailboxQuerySet]:
    """Yield mailboxes in parts that fit into one query."""
    for start in range(0, len(ids), IN_ONE_QUERY):
        yield Mailbox.objects.filter(pk__in=ids[start : start + IN_ONE_QUERY])


# --- Forwards --------------------------------------------------------------------------------------------------------
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
) -> Forward:
    """Create a forward, where `forward_id` is None, or change that one, and return it. domain: that of its source.

    Raises Forward.DoesNotExist, Outdated, and Refused as `forward_errors`.
    """
    before = [] if forward_id is None else [Forward.objects.values_list("domain", flat=True).get(pk=forward_id)]
    lock_domains([domain.pk, *before])
    _lock_forwards()
    forward = Forward() if forward_id is None else Forward.objects.get(pk=forward_id)
    if forward_id is not None:
        if version != str(forward.version):
            raise Outdated
        forward.version += 1
    sources = {forward.source, source} - {""}
    values = {"destinations": destinations, "keep_copy": keep_copy, "is_active": is_active}
    forward.domain, forward.source = domain, source
    _refuse_forward(forward, values)
    forward.destinations, forward.keep_copy, forward.is_active = " ".join(destinations), keep_copy, is_active
    try:
        with transaction.atomic():
            forward.save()
    except IntegrityError:  # by a writer that does not hold the domain, such as a script
        _refuse_forward(forward, values)
        raise
    _raise_versions(sources)
    return forward


def _refuse_forward(forward: Forward, values: dict[str, object]) -> None:
    if errors := forward_errors(source=forward.source, forward_id=forward.pk, **values):  # type: ignore[arg-type]
        raise Refused({forward.source: errors})


@transaction.atomic
def delete_forwards(*, forwards: Collection[Forward]) -> int:
    """Delete these forwards where they still are as they were read, and return how many. Raises Outdated."""
    lock_domains(forward.domain_id for forward in forwards)
    _lock_forwards()
    now = Forward.objects.in_bulk([forward.pk for forward in forwards])
    if any(forward.pk in now and now[forward.pk].version != forward.version for forward in forwards):
        raise Outdated
    _raise_versions([forward.source for forward in now.values()])
    return Forward.objects.filter(pk__in=now).delete()[0]


def _raise_versions(sources: Collection[str]) -> None:
    """The page of a mailbox shows its forward too."""
    Mailbox.objects.filter(address__in=sources).update(version=F("version") + 1)


# --- Domains ---------------------------------------------------------------------------------------------------------
@transaction.atomic
def save_domain(*, domain: Domain, version: str, administrators: Iterable[User]) -> Written:
    """Create or change a domain with its administrators. Raises Domain.DoesNotExist and Outdated."""
    if domain.pk is None:
        domain.save()
        written = Written(needs_reload=True)
    else:
        lock_domains([domain.pk])
        before = Domain.objects.get(pk=domain.pk)
        if version != str(before.version):
            raise Outdated
        domain.version = before.version + 1
        domain.save(force_update=True)
        is_switched_off = before.is_active and not domain.is_active
        addresses = domain.mailboxes.values_list("address", flat=True) if is_switched_off else ()
        written = Written(signed_out=list(addresses), needs_reload=before.is_active != domain.is_active)
    domain.administrators.set(administrators)
    return written


@transaction.atomic
def delete_domains(*, domains: Collection[Domain]) -> None:
    """Delete domains that have neither mailboxes nor forwards. Raises ProtectedError."""
    lock_domains(domain.pk for domain in domains)
    Domain.objects.filter(pk__in=[domain.pk for domain in domains]).delete()
