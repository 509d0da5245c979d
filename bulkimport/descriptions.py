"""Short descriptions of an import for the pages, the admin and the command: its rows, its file, its results."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.formats import grouped, megabytes
from accounts.validators import to_unicode
from bulkimport.columns import BY_FIELD
from bulkimport.models import Import
from bulkimport.readers.messages import named_lines
from bulkimport.rows import ENCODING_NAMES, SEPARATOR_NAMES, Field, Level, Place, Plan, Problem
from bulkimport.services.results import list_created_accounts
from bulkimport.services.welcome import STOPPED


def describe_places(places: Sequence[Place]) -> str:
    """Return the numbers of rows, with their sheets where there are several: `7a: row 3; 8a: rows 2 and 9`."""
    by_sheet: dict[str | None, list[int]] = {}
    for place in places:
        by_sheet.setdefault(place.sheet, []).append(place.line)
    return "; ".join(
        named_lines(lines) if sheet is None else f"{sheet}: {named_lines(lines)}" for sheet, lines in by_sheet.items()
    )


def describe_place(place: Place) -> str:
    """Return the name of a row: `row 14`, or `7a, row 14` where there are several sheets."""
    row = _("row %(line)s") % {"line": place.line}
    return row if place.sheet is None else f"{place.sheet}, {row}"


def sum_of_rows(counts: dict[str, int]) -> str:
    """Return the rows read, by what became of them: `503 read = 497 ready + 3 with errors + 1 left out + 2 blank`."""
    sentence = _("%(rows)s read = %(drafts)s ready + %(errors)s with errors + %(left_out)s left out + %(blank)s blank")
    names = ("rows", "drafts", "errors", "left_out", "blank")
    return sentence % {name: grouped(counts.get(name, 0)) for name in names}


def sum_of_lines(counts: dict[str, int]) -> str:
    """Return the rows read of a list that is not checked yet: `44 read = 40 accounts + 3 left out + 1 blank`."""
    numbers = {name: grouped(counts[name]) for name in ("rows", "left_out", "blank")}
    accounts = grouped(counts["drafts"] + counts["errors"])
    sentence = _("%(rows)s read = %(accounts)s accounts + %(left_out)s left out + %(blank)s blank")
    return sentence % {**numbers, "accounts": accounts}


def locate_problem(problem: Problem, key: str) -> tuple[str, str]:
    """Return the place of a row's problem in words, and the HTML id of its cell or row. key: that of the row."""
    row = capfirst(describe_place(Place(problem.sheet, problem.line or 0)))
    if problem.field is None:
        return row, f"r{key}"
    return f"{row}, {BY_FIELD[problem.field].label}", f"r{key}-{problem.field}"


def describe_reading(plan: Plan) -> str:
    """Return how a file was read: `CSV, Windows-1250, semicolon, with a header`."""
    dialect = plan.file.dialect
    parts = [(dialect.format or "").upper()]
    if dialect.encoding:
        parts.append(ENCODING_NAMES[dialect.encoding])
    if dialect.separator:
        parts.append(str(SEPARATOR_NAMES[dialect.separator]))
    read = [sheet for sheet in plan.file.sheets if sheet.is_read]
    if len(read) == 1 and read[0].name:
        parts.append(_("sheet “%(name)s”") % {"name": read[0].name})
    elif len(read) > 1:
        counts = {"read": grouped(len(read)), "all": grouped(len(plan.file.sheets))}
        sentence = ngettext("%(read)s of %(all)s sheet", "%(read)s of %(all)s sheets", len(plan.file.sheets))
        parts.append(sentence % counts)
    if len(read) == 1:
        parts.append(_("with a header") if read[0].header_line else _("without a header"))
    return ", ".join(part for part in parts if part)


def list_results(import_record: Import) -> list[dict[str, object]]:
    """Return the accounts that an import created, as the results page shows them."""
    return [
        {
            "address": to_unicode(account.address),
            "password": account.password,
            "has_other_password": account.has_other_password,
            "is_generated": account.is_generated,
            "is_deleted": account.is_deleted,
            "is_changed": account.is_changed,
            "mailbox": account.mailbox,
            "quota": megabytes(account.mailbox.quota_mb) if account.mailbox else "",
            "forward": account.forward,
        }
        for account in list_created_accounts(import_record)
    ]


def list_warnings(import_record: Import) -> list[tuple[str, str]]:
    """Return the stored warnings about the created accounts: a sentence with its place, and its code.

    The code is empty in old imports, which stored none.
    """
    warnings = []
    for stored in import_record.warnings:
        field = Field(stored["field"]) if stored["field"] else None
        code, sheet = stored.get("code", ""), stored.get("sheet")  # old imports have neither
        problem = Problem(code, stored["message"], stored["line"], field, Level.WARNING, sheet)
        place = locate_problem(problem, "")[0] if problem.line else ""
        sentence = f"{place}: {problem.message}" if place else problem.message
        warnings.append((sentence, problem.code))
    return warnings


@dataclass(frozen=True, slots=True)
class Welcome:
    """What became of the welcome messages of an import. failures: pairs of address and reason."""

    delivered: int
    total: int
    is_under_way: bool
    failures: tuple[tuple[str, str], ...]

    @property
    def sentence(self) -> str:
        """For example `Welcome messages delivered: 2 of 3`."""
        return _("Welcome messages delivered: %(delivered)s of %(total)s") % {
            "delivered": grouped(self.delivered),
            "total": grouped(self.total),
        }


def summarise_welcome(import_record: Import) -> Welcome | None:
    """Return what became of the welcome messages of a created import; None where none were to be sent."""
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
