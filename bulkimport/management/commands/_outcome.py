"""The outcome of the command, and its lines of text for people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from accounts.formats import grouped
from accounts.validators import to_unicode
from bulkimport.columns import BY_FIELD
from bulkimport.descriptions import describe_place, describe_places, describe_reading, sum_of_rows, summarise_welcome
from bulkimport.models import Import
from bulkimport.rows import Dialect, Field, FileRows, Level, Place, Plan, Problem
from bulkimport.services.results import list_created_accounts

FIELD_ORDER: Final = {None: -1} | {name: place for place, name in enumerate(Field)}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a file. accounts: place, address and generated password (None: the file has it)."""

    plan: Plan
    sha256: str | None
    would_create: bool
    import_record: Import | None = None
    accounts: tuple[tuple[Place, str, str | None], ...] = field(default=(), repr=False)

    @property
    def is_created(self) -> bool:
        """Whether this command created the accounts, and no other process."""
        record = self.import_record
        return self.would_create and record is not None and record.status == Import.Status.CREATED

    @property
    def problems(self) -> list[Problem]:
        """All problems: those of the file first, then by sheet, line and the order of the columns."""
        numbers = {sheet.name: sheet.number for sheet in self.plan.file.sheets}
        return sorted(
            self.plan.problems,
            key=lambda p: (p.line is not None, numbers.get(p.sheet or "", 0), p.line or 0, FIELD_ORDER[p.field]),
        )


def list_accounts(outcome: Outcome) -> tuple[tuple[Place, str, str | None], ...]:
    """Return place, address and generated password of the created accounts; None for a password from the file."""
    if outcome.import_record is None:
        return ()
    return tuple(
        (Place(account.sheet or None, account.line), account.address, account.password)
        for account in list_created_accounts(outcome.import_record)
    )


def failed_plan(problem: Problem) -> Plan:
    """Return the plan of a file that was not read because of one problem."""
    return Plan(FileRows(Dialect()), drafts=(), problems=(problem,))


def add_error(plan: Plan, code: str, message: str) -> Plan:
    """Return a plan with one more error of the file."""
    return replace(plan, problems=(Problem(code, message), *plan.problems))


def as_lines(outcome: Outcome, *, filename: str, results: Path | None) -> Iterator[str]:
    """Yield the lines for a person: what was read, every problem, and what was created."""
    counts = outcome.plan.counts
    dialect = describe_reading(outcome.plan)
    yield f"{filename}: {dialect}" if dialect else filename
    yield sum_of_rows(counts)
    for problem in outcome.problems:
        yield problem_line(problem)
    if outcome.is_created:
        yield from _created_lines(outcome, results)
        yield from _welcome_lines(outcome)
    elif outcome.import_record is None and outcome.would_create:
        yield ngettext(
            "Nothing was created: this was only a check. %(count)s account would be created.",
            "Nothing was created: this was only a check. %(count)s accounts would be created.",
            counts["drafts"],
        ) % {"count": grouped(counts["drafts"])}
    else:
        yield _("Nothing was created.")
    if outcome.import_record and outcome.import_record.uploaded_by:
        path = outcome.import_record.get_absolute_url()
        yield _("%(login)s finds this import at %(path)s.") % {"login": outcome.import_record.uploaded_by, "path": path}


def problem_line(problem: Problem) -> str:
    """Return a problem as one line, such as `row 4, password: The password has no digit. Add one.`"""
    where = describe_place(problem.place) if problem.place else _("file")
    if problem.field:
        where += ", " + str(BY_FIELD[problem.field].label).lower()
    if problem.level is Level.WARNING:
        where += " (" + _("warning") + ")"
    return f"{where}: {problem.message}"


def _created_lines(outcome: Outcome, results: Path | None) -> Iterator[str]:
    count = len(outcome.accounts)
    yield ngettext("%(count)s account was created.", "%(count)s accounts were created.", count) % {
        "count": grouped(count)
    }
    if left_out := outcome.plan.error_places:
        yield _("Left out: %(rows)s.") % {"rows": describe_places(left_out)}
    if results:
        yield _("The accounts and their passwords are in %(path)s.") % {"path": results}
        return
    yield ""
    table = [(pgettext("column", "E-mail"), pgettext("column", "Password"))]
    table += [
        (to_unicode(address), password or _("(as in the file)")) for _place, address, password in outcome.accounts
    ]
    width = max(len(address) for address, _password in table)
    for address, password in table:
        yield f"{address:<{width}}  {password}"


def _welcome_lines(outcome: Outcome) -> Iterator[str]:
    welcome = summarise_welcome(outcome.import_record) if outcome.import_record else None
    if welcome is None:
        return
    yield ""
    yield welcome.sentence
    if welcome.failures:
        yield _(
            "The delivery of these messages was not confirmed. The mailboxes work all the same; nothing is sent again."
        )
    for address, reason in welcome.failures:
        yield f"{address}: {reason}"
