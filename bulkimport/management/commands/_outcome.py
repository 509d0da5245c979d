"""What the command says about a file: one object for scripts, lines of text for people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from accounts.formats import grouped
from accounts.validators import to_unicode
from bulkimport.columns import BY_FIELD
from bulkimport.models import Import
from bulkimport.rows import Field, Level, Place, Plan, Problem
from bulkimport.wording import named, place_named, read_as, sum_of_rows, welcome_of

FIELD_ORDER: Final = {None: -1} | {name: place for place, name in enumerate(Field)}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a file. `accounts` has place, address and generated password (None: it stood in the file)."""

    plan: Plan
    sha256: str | None
    would_create: bool
    import_record: Import | None = None
    accounts: tuple[tuple[Place, str, str | None], ...] = field(default=(), repr=False)

    @property
    def is_created(self) -> bool:
        """Whether this command created the accounts, and nobody else."""
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


def as_json(outcome: Outcome) -> dict[str, object]:
    """Return the object that scripts rely on. All keys are always there; `accounts` is empty when none was created."""
    plan, record = outcome.plan, outcome.import_record
    dialect = plan.file.dialect
    return {
        "import": str(record.pk) if record else None,
        "status": "created" if outcome.is_created else "checked",
        "file": {
            "format": dialect.format,
            "encoding": dialect.encoding,
            "separator": dialect.separator,
            "sha256": outcome.sha256,
            "sheets": [
                {"name": sheet.name, "rows": sheet.rows, "read": sheet.is_read}
                for sheet in plan.file.sheets
                if sheet.name
            ],
        },
        "counts": {**plan.counts, "created": len(outcome.accounts)},
        "rows": [
            {
                "sheet": draft.sheet,
                "line": draft.line,
                "action": "create",
                "email": draft.address,
                "quota_mb": draft.quota_mb,
                "forward": list(draft.destinations),
                "keep_copy": draft.keep_copy,
                "password": "generated" if draft.password is None else "given",
            }
            for draft in plan.drafts
        ],
        "problems": [
            {
                "sheet": p.sheet,
                "line": p.line,
                "field": p.field,
                "level": p.level,
                "code": p.code,
                "message": p.message,
                "suggestion": p.suggestion or None,
            }
            for p in outcome.problems
        ],
        "accounts": [
            {"sheet": place.sheet, "line": place.line, "email": address, "password": password}
            for place, address, password in outcome.accounts
        ],
        "welcome": _welcome_json(outcome),
    }


def _welcome_json(outcome: Outcome) -> dict[str, object] | None:
    """Return how many welcome messages were delivered and which were not; None where there were to be none."""
    record = outcome.import_record
    if not outcome.is_created or record is None or record.welcome_unsent is None:
        return None
    return {
        "delivered": record.created_count - len(record.welcome_unsent),
        "failed": [{"email": unsent["address"], "reason": unsent["reason"]} for unsent in record.welcome_unsent],
    }


def as_lines(outcome: Outcome, *, filename: str, results: Path | None) -> Iterator[str]:
    """Yield the lines for a person: what was read, every problem, and what was created."""
    counts = outcome.plan.counts
    dialect = read_as(outcome.plan)
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
    where = place_named(problem.place) if problem.place else _("file")
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
        yield _("Left out: %(rows)s.") % {"rows": named(left_out)}
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
    welcome = welcome_of(outcome.import_record) if outcome.import_record else None
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
