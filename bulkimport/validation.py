"""The row validator: makes a plan of the rows of a file, with all problems of all rows.

It reads the database and never writes. The rules live in `accounts.validators` (syntax) and `accounts.rules`. The
number of queries does not depend on the number of rows.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.access import not_your_domain
from accounts.meant_domains import MeantDomains
from accounts.models import Domain, DomainQuerySet
from accounts.refusals import MAX_QUOTED_LENGTH, get_suggestion, suggest
from accounts.rules.circles import lookup_addresses
from accounts.rules.forwards import circle_errors, self_forward_error, unreachable_warnings
from accounts.rules.mailboxes import account_warnings, taken_errors
from accounts.rules.room import quota_error, rooms
from accounts.validators import (
    clean_password,
    normalize_mailbox_address,
    parse_destinations,
    parse_keep_copy,
    parse_quota_mb,
    to_unicode,
    trimmed,
)
from bulkimport.rows import Draft, Field, FileRows, Level, Place, Plan, Problem, Row

T = TypeVar("T")
# The reader's problems with cells whose meaning is unknown. Such a cell is not checked any further.
_NOT_READ: Final = ("cell_unreadable", "cell_too_long", "number_format", "encoding_broken")
_NO_NEW_ADDRESS: Final = ("address_repeated", "address_taken", "address_is_forward")


@dataclass(slots=True)
class _Account:
    """A row that is being checked: the valid values of its cells, and its problems so far."""

    place: Place
    address: str = ""
    domain: Domain | None = None
    quota_mb: int | None = None
    quota_is_default: bool = False
    quota_is_typed: bool = False  # the default quota was typed on the upload page
    destinations: tuple[str, ...] = ()
    keep_copy: bool = False
    password: str | None = field(default=None, repr=False)
    problems: list[Problem] = field(default_factory=list)

    def add(self, column: Field, error: ValidationError, level: Level = Level.ERROR) -> None:
        self.problems.extend(_to_problems(error, place=self.place, column=column, level=level))

    @property
    def has_error(self) -> bool:
        return any(problem.level is Level.ERROR for problem in self.problems)


def validate(file: FileRows, *, domains: DomainQuerySet, default_quota: str = "") -> Plan:
    """Return the plan of a file. A row with an error becomes no draft; a row with only warnings does.

    domains: those that the import may use. default_quota: MB, as typed on the upload page; empty for none.
    """
    problems = list(file.problems)
    default_quota_mb: int | None = None
    if trimmed(default_quota):
        try:
            default_quota_mb = parse_quota_mb(default_quota)
        except ValidationError as error:
            problems.extend(_to_problems(error, place=None, column=Field.QUOTA))
    meant = MeantDomains(domains)
    accounts = [_read_cells(row, meant) for row in file.rows]
    _mark_repeats(accounts)
    usable = _usable_domains(accounts, domains)
    for account in accounts:
        _place_in_domain(account, usable, meant, default_quota_mb)
    problems.extend(_over_largest(accounts, default_quota_mb))
    _mark_against_database(accounts)
    drafts = tuple(_draft(account) for account in accounts if not account.has_error)
    problems.extend(_without_room(drafts, [account for account in accounts if account.has_error]))
    _warn(accounts, {draft.address for draft in drafts}, usable)
    for account in accounts:
        problems.extend(sorted(account.problems, key=_place_in_row))
    return Plan(file=file, drafts=drafts, problems=tuple(problems))


def _read_cells(row: Row, meant: MeantDomains) -> _Account:
    """Check the syntax of the cells of one row.

    If the reader reported an error of the whole row, such as a surplus cell, its cells may be in the wrong columns.
    They are then not checked, since a message about a quota could quote a part of a password.
    """
    account = _Account(row.place, problems=list(row.problems))
    if any(problem.field is None and problem.level is Level.ERROR for problem in row.problems):
        return account
    not_read = {problem.field for problem in row.problems if problem.code in _NOT_READ}

    def read(column: Field, parse: Callable[[str], T], empty: T) -> T:
        if column in not_read:
            return empty
        try:
            return parse(row.cells.get(column, ""))
        except ValidationError as error:
            if column is Field.EMAIL and error.code == "email_no_at":
                suggest(error, meant.complete_address(row.cells[column]))
            account.add(column, error)
            return empty

    account.address = read(Field.EMAIL, normalize_mailbox_address, "")
    if trimmed(row.cells.get(Field.PASSWORD, "")):
        account.password = read(Field.PASSWORD, clean_password, None)
    if Field.QUOTA in not_read or trimmed(row.cells.get(Field.QUOTA, "")):
        account.quota_mb = read(Field.QUOTA, parse_quota_mb, None)
    else:
        account.quota_is_default = True
    account.destinations = read(Field.FORWARD, parse_destinations, ())
    account.keep_copy = read(Field.KEEP_COPY, parse_keep_copy, False)
    return account


def _usable_domains(accounts: Iterable[_Account], domains: DomainQuerySet) -> Mapping[str, Domain]:
    """Return by name the usable domains among those of the addresses and of the forwards' destinations."""
    names = {account.address.partition("@")[2] for account in accounts if account.address}
    names |= {address.partition("@")[2] for account in accounts for address in account.destinations}
    return {domain.name: domain for domain in domains.filter(name__in=names)}


def _place_in_domain(
    account: _Account, usable: Mapping[str, Domain], meant: MeantDomains, default_quota_mb: int | None
) -> None:
    """Set the account's domain, and its quota where the cell is empty. Adds errors of the domain, quota and forward."""
    if not account.address:
        return
    domain = usable.get(account.address.partition("@")[2])
    if domain and account.quota_is_default:
        account.quota_is_typed = default_quota_mb is not None
        account.quota_mb = default_quota_mb or domain.default_quota_mb
    if to_self := self_forward_error(account.address, account.destinations):
        account.add(Field.FORWARD, to_self)
    _check_domain(account, domain, meant)


def _check_domain(account: _Account, domain: Domain | None, meant: MeantDomains) -> None:
    """Set the account's domain. Adds an error if the domain may not be used or does not allow the quota."""
    account.domain = domain
    if domain is None:
        local_part, _at, name = account.address.partition("@")
        error = not_your_domain(name)
        if alike := meant.find_similar(name):
            suggest(error, f"{local_part}@{to_unicode(alike)}")
        account.add(Field.EMAIL, error)
        account.address = ""  # no further checks, which could reveal another customer's addresses
        return
    checked = None if account.quota_is_typed else account.quota_mb
    if domain and checked is not None and (too_large := quota_error(domain, checked)):
        account.add(Field.QUOTA, too_large)


def _over_largest(accounts: Iterable[_Account], default_quota_mb: int | None) -> Iterator[Problem]:
    """Yield one problem of the file for every domain that does not allow the typed default quota.

    They replace problems of each row, since one field corrects them all.
    """
    if default_quota_mb is None:
        return
    using_default = {
        account.domain.pk: account.domain for account in accounts if account.domain and account.quota_is_typed
    }
    for domain in using_default.values():
        if error := quota_error(domain, default_quota_mb):
            yield from _to_problems(error, place=None, column=Field.QUOTA)


def _mark_repeats(accounts: Iterable[_Account]) -> None:
    """Add an error to every row whose address is already in an earlier row."""
    first_place: dict[str, Place] = {}
    for account in accounts:
        if not account.address:
            continue
        first = first_place.setdefault(account.address, account.place)
        if first != account.place:
            message = _("“%(value)s” is already in row %(line)s. Remove one of the two, or change the address.")
            if first.sheet is not None:
                message = _(
                    "“%(value)s” is already in row %(line)s of the sheet “%(sheet)s”. Remove one of the two, or change "
                    "the address."
                )
            sheet = (first.sheet or "")[:MAX_QUOTED_LENGTH]
            params = {"value": to_unicode(account.address), "line": first.line, "sheet": sheet}
            account.add(Field.EMAIL, ValidationError(message, code="address_repeated", params=params))


def _mark_against_database(accounts: Sequence[_Account]) -> None:
    """Add errors to addresses that are taken, and to forwards that form a circle."""
    taken = taken_errors([account.address for account in accounts if account.address])
    forwards: dict[str, tuple[str, ...]] = {}
    for account in accounts:
        # A forward to oneself has an error of its own already.
        to_oneself = self_forward_error(account.address, account.destinations) is not None
        if account.address and account.destinations and not account.keep_copy and not to_oneself:
            forwards.setdefault(account.address, account.destinations)
    circles = circle_errors(forwards) if forwards else {}
    for account in accounts:
        if error := taken.get(account.address):
            account.add(Field.EMAIL, error)
        if (error := circles.get(account.address)) and account.destinations and not account.keep_copy:
            account.add(Field.FORWARD, error)


def _without_room(drafts: Iterable[Draft], faulty: Iterable[_Account] = ()) -> Iterator[Problem]:
    """Yield one problem of the file for every domain that has no room for all its accounts.

    It is an error if the drafts alone do not fit. It is a warning if they fit, but not together with the rows that
    still have errors, so that nobody corrects those only to reach the limit then. A row whose address is taken or
    repeated does not count.
    """
    wanted: dict[int, list[tuple[int, bool]]] = {}  # by domain: quota in MB, and whether it is that of a draft
    for draft in drafts:
        wanted.setdefault(draft.domain_id, []).append((draft.quota_mb, True))
    for account in faulty:
        if account.domain and not any(problem.code in _NO_NEW_ADDRESS for problem in account.problems):
            quota_is_faulty = any(problem.field is Field.QUOTA for problem in account.problems)
            quota_mb = 0 if quota_is_faulty else account.quota_mb or 0
            wanted.setdefault(account.domain.pk, []).append((quota_mb, False))
    for domain_id, room in rooms(wanted.keys()).items():
        quotas = [quota_mb for quota_mb, _is_draft in wanted[domain_id]]
        ready = [quota_mb for quota_mb, is_draft in wanted[domain_id] if is_draft]
        counts_faulty = len(ready) < len(quotas)  # the message says so, since the meters of the page show only drafts
        if error := room.error_for(
            mailboxes=len(quotas), quota_mb=sum(quotas), whole_file=True, with_faulty=counts_faulty
        ):
            fits_now = not room.error_for(mailboxes=len(ready), quota_mb=sum(ready), whole_file=True)
            yield from _to_problems(error, place=None, column=None, level=Level.WARNING if fits_now else Level.ERROR)


def _warn(accounts: Iterable[_Account], drafted: set[str], usable: Mapping[str, Domain]) -> None:
    """Add warnings about what can be created but may not be intended."""
    unreachable = unreachable_warnings({address for account in accounts for address in account.destinations}, usable)
    for account in accounts:
        forward_is_faulty = any(problem.field is Field.FORWARD for problem in account.problems)
        warnings = account_warnings(
            domain=account.domain,
            password=account.password,
            keep_copy=account.keep_copy and not forward_is_faulty,
            destinations=account.destinations,
        )
        for column, warning in warnings.items():
            account.add(Field(column), warning, Level.WARNING)
        for address in account.destinations:
            if address in unreachable and drafted.isdisjoint(lookup_addresses(address)) and address != account.address:
                account.add(Field.FORWARD, unreachable[address], Level.WARNING)


def _place_in_row(problem: Problem) -> int:
    """Return the sort key of a problem in its row: problems of the whole row first, then by column."""
    return -1 if problem.field is None else list(Field).index(problem.field)


def _draft(account: _Account) -> Draft:
    if account.domain is None or account.quota_mb is None:
        raise AssertionError("A row without errors has a domain and a quota.")
    return Draft(
        line=account.place.line,
        sheet=account.place.sheet,
        address=account.address,
        domain_id=account.domain.pk,
        quota_mb=account.quota_mb,
        quota_is_default=account.quota_is_default,
        destinations=account.destinations,
        keep_copy=account.keep_copy and bool(account.destinations),
        password=account.password,
    )


def _to_problems(
    error: ValidationError, *, place: Place | None, column: Field | None, level: Level = Level.ERROR
) -> Iterator[Problem]:
    """Yield a problem for each error in a ValidationError; a problem of the whole file if there is no place."""
    sheet, line = place or (None, None)
    for single in error.error_list:
        message, suggestion = " ".join(single.messages), get_suggestion(single)
        yield Problem(str(single.code), message, line, column, level, sheet=sheet, suggestion=suggestion)
