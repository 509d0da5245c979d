"""THE row validator: rows of a file to a plan of accounts, with every problem of every row at once.

It reads the database and never writes. Its rules are those of accounts: syntax from `accounts.validators`, the rest
from `accounts.rules`. The number of queries does not depend on the number of rows.
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
# Of such a cell it is not known what was meant. Its reader has said so, and nothing else is said about it.
_NOT_READ: Final = ("cell_unreadable", "cell_too_long", "number_format", "encoding_broken")
_NO_NEW_ADDRESS: Final = ("address_repeated", "address_taken", "address_is_forward")


@dataclass(slots=True)
class _Account:
    """A row on its way to a draft: what could be read from its cells so far, and what is wrong with it."""

    place: Place
    address: str = ""
    domain: Domain | None = None
    quota_mb: int | None = None
    quota_is_default: bool = False
    quota_is_typed: bool = False  # beside the file, for all rows without one
    destinations: tuple[str, ...] = ()
    keep_copy: bool = False
    password: str | None = field(default=None, repr=False)
    problems: list[Problem] = field(default_factory=list)

    def add(self, column: Field, error: ValidationError, level: Level = Level.ERROR) -> None:
        self.problems.extend(_problems_of(error, place=self.place, column=column, level=level))

    @property
    def has_error(self) -> bool:
        return any(problem.level is Level.ERROR for problem in self.problems)


def validate(file: FileRows, *, domains: DomainQuerySet, default_quota: str = "") -> Plan:
    """Return the plan of a file: `domains` are those that the import may use, `default_quota` what the form says (MB).

    An account comes after its row's problems: a row with an error becomes no draft; a row with warnings does.
    """
    problems = list(file.problems)
    default_quota_mb: int | None = None
    if trimmed(default_quota):
        try:
            default_quota_mb = parse_quota_mb(default_quota)
        except ValidationError as error:
            problems.extend(_problems_of(error, place=None, column=Field.QUOTA))
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
    """Read the cells of one row by the rules of syntax.

    Where the reader has found a fault in the row as a whole, such as a cell too many, its cells may stand in each
    other's columns: they are not looked at, for what would be said of a quota could quote the end of a password.
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
    """Return by name the domains that the accounts name, as their own or as a forward's, and that may be used."""
    names = {account.address.partition("@")[2] for account in accounts if account.address}
    names |= {address.partition("@")[2] for account in accounts for address in account.destinations}
    return {domain.name: domain for domain in domains.filter(name__in=names)}


def _place_in_domain(
    account: _Account, usable: Mapping[str, Domain], meant: MeantDomains, default_quota_mb: int | None
) -> None:
    """Find the account's domain, and its quota where the cell was empty; check the quota against the domain."""
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
    """Give the account its domain, and errors where there is none to use or the domain allows no such quota."""
    account.domain = domain
    if domain is None:
        local_part, _at, name = account.address.partition("@")
        error = not_your_domain(name)
        if alike := meant.find_similar(name):
            suggest(error, f"{local_part}@{to_unicode(alike)}")
        account.add(Field.EMAIL, error)
        account.address = ""  # what another customer owns is not looked up
        return
    checked = None if account.quota_is_typed else account.quota_mb
    if domain and checked is not None and (too_large := quota_error(domain, checked)):
        account.add(Field.QUOTA, too_large)


def _over_largest(accounts: Iterable[_Account], default_quota_mb: int | None) -> Iterator[Problem]:
    """Yield one problem of the file for every domain that allows no mailbox of the default quota that was typed.

    In the place of one for each row: it is mended in one field, and until then nothing is created.
    """
    if default_quota_mb is None:
        return
    needing = {account.domain.pk: account.domain for account in accounts if account.domain and account.quota_is_typed}
    for domain in needing.values():
        if error := quota_error(domain, default_quota_mb):
            yield from _problems_of(error, place=None, column=Field.QUOTA)


def _mark_repeats(accounts: Iterable[_Account]) -> None:
    """Give an error to every row whose address stands in a row above, or in a sheet before."""
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
    """Give an error to addresses that are taken, and to forwards that go round in a circle."""
    taken = taken_errors([account.address for account in accounts if account.address])
    forwards: dict[str, tuple[str, ...]] = {}
    for account in accounts:
        to_oneself = self_forward_error(account.address, account.destinations) is not None  # which has its own words
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

    It is an error where the drafts alone do not fit, and a warning where they do, but not with the rows that are still
    to be mended: nobody is to mend them first and hear of the limit then. A row whose address is taken is no account.
    """
    wanted: dict[int, list[tuple[int, bool]]] = {}  # by domain: the quota, and whether it is a draft's
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
        counts_faulty = len(ready) < len(quotas)  # and says so, for the meters of the page show the drafts alone
        if error := room.error_for(
            mailboxes=len(quotas), quota_mb=sum(quotas), whole_file=True, with_faulty=counts_faulty
        ):
            fits_now = not room.error_for(mailboxes=len(ready), quota_mb=sum(ready), whole_file=True)
            yield from _problems_of(error, place=None, column=None, level=Level.WARNING if fits_now else Level.ERROR)


def _warn(accounts: Iterable[_Account], drafted: set[str], usable: Mapping[str, Domain]) -> None:
    """Add the warnings: what will work, but perhaps not as meant."""
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
    """Return where a problem stands in its row: those of the whole row first, then by the order of the columns."""
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


def _problems_of(
    error: ValidationError, *, place: Place | None, column: Field | None, level: Level = Level.ERROR
) -> Iterator[Problem]:
    """Yield a problem for each of the errors that a ValidationError holds; of the file where there is no place."""
    sheet, line = place or (None, None)
    for single in error.error_list:
        message, suggestion = " ".join(single.messages), get_suggestion(single)
        yield Problem(str(single.code), message, line, column, level, sheet=sheet, suggestion=suggestion)
