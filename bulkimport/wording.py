"""What the pages, the admin and the command say of an import: its rows, how its file was read, what it has created."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.formats import grouped, megabytes
from accounts.validators import to_unicode
from bulkimport.columns import BY_FIELD
from bulkimport.models import Import
from bulkimport.rows import ENCODING_NAMES, SEPARATOR_NAMES, Field, Level, Plan, Problem
from bulkimport.services.after import accounts_of
from bulkimport.services.welcome import STOPPED

LINES_NAMED = 5


def named(lines: Sequence[int]) -> str:
    """Return rows by their numbers: `row 14`, `rows 14, 87 and 203`, `rows 2, 3, 4, 5, 6 and 12 others`."""
    numbers = [str(line) for line in lines]
    if len(numbers) > LINES_NAMED + 1:
        others = len(numbers) - LINES_NAMED
        last = ngettext("%(count)s other", "%(count)s others", others) % {"count": grouped(others)}
        numbers = [*numbers[:LINES_NAMED], last]
    joined = numbers[0] if len(numbers) == 1 else ", ".join(numbers[:-1]) + _(" and ") + numbers[-1] if numbers else ""
    return ngettext("row %(numbers)s", "rows %(numbers)s", len(lines)) % {"numbers": joined}


def as_text(lines: Sequence[int]) -> str:
    """Return lines as a page sends them back: `14,87,203`."""
    return ",".join(str(line) for line in lines)


def sum_of_rows(counts: dict[str, int]) -> str:
    """Return the sum that always adds up: `502 read = 497 ready + 3 with errors + 2 blank`."""
    return _("%(rows)s read = %(drafts)s ready + %(errors)s with errors + %(blank)s blank") % {
        name: grouped(counts.get(name, 0)) for name in ("rows", "drafts", "errors", "blank")
    }


def place_of(problem: Problem) -> tuple[str, str]:
    """Return where a row's problem is, in words, and the id of its cell or row in the page."""
    row = _("Row %(line)s") % {"line": problem.line}
    if problem.field is None:
        return row, f"r{problem.line}"
    return f"{row}, {BY_FIELD[problem.field].label}", f"r{problem.line}-{problem.field}"


def read_as(plan: Plan) -> str:
    """Return how a file was read: `CSV, Windows-1250, semicolon, with a header`."""
    dialect = plan.file.dialect
    parts = [(dialect.format or "").upper()]
    if dialect.encoding:
        parts.append(ENCODING_NAMES[dialect.encoding])
    if dialect.separator:
        parts.append(str(SEPARATOR_NAMES[dialect.separator]))
    if dialect.sheet:
        parts.append(_("sheet “%(name)s”") % {"name": dialect.sheet})
    if dialect.has_header is not None:
        parts.append(_("with a header") if dialect.has_header else _("without a header"))
    return ", ".join(part for part in parts if part)


def results_of(import_record: Import) -> list[dict[str, object]]:
    """Return the accounts that an import created, as its results page lists them."""
    return [
        {
            "address": to_unicode(account.address),
            "password": account.password_to_hand_out,
            "has_other_password": account.has_other_password,
            "is_generated": account.is_generated,
            "is_deleted": account.is_deleted,
            "is_changed": account.is_changed,
            "mailbox": account.mailbox,
            "quota": megabytes(account.mailbox.quota_mb) if account.mailbox else "",
            "forward": account.forward,
        }
        for account in accounts_of(import_record)
    ]


def warnings_of(import_record: Import) -> list[tuple[str, str]]:
    """Return what was created and perhaps not as meant: a sentence each, with its place, and its code.

    The code is empty in imports from before codes were stored.
    """
    warnings = []
    for stored in import_record.warnings:
        field = Field(stored["field"]) if stored["field"] else None
        problem = Problem(stored.get("code", ""), stored["message"], stored["line"], field, Level.WARNING)
        sentence = f"{place_of(problem)[0]}: {problem.message}" if problem.line else problem.message
        warnings.append((sentence, problem.code))
    return warnings


@dataclass(frozen=True, slots=True)
class Welcome:
    """What became of the welcome messages of an import. `failures` are addresses with the reason."""

    delivered: int
    total: int
    is_under_way: bool
    failures: tuple[tuple[str, str], ...]

    @property
    def sentence(self) -> str:
        """How many were delivered: `Welcome messages delivered: 2 of 3`."""
        return _("Welcome messages delivered: %(delivered)s of %(total)s") % {
            "delivered": grouped(self.delivered),
            "total": grouped(self.total),
        }


def welcome_of(import_record: Import) -> Welcome | None:
    """Return what became of the welcome messages of a created import; None where there were to be none."""
    if import_record.welcome_unsent is None:
        return None
    is_under_way = import_record.is_welcoming
    return Welcome(
        delivered=import_record.created_count - len(import_record.welcome_unsent),
        total=import_record.created_count,
        is_under_way=is_under_way,
        failures=tuple(
            (to_unicode(unsent["address"]), unsent["reason"] or str(STOPPED))
            for unsent in import_record.welcome_unsent
            if unsent["reason"] or not is_under_way
        ),
    )
