"""What the pages of an import show, worked out here so that the templates only display it."""

import dataclasses
import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from accounts.formats import grouped, megabytes
from accounts.validators import to_unicode, trimmed
from bulkimport.columns import BY_FIELD, COLUMNS
from bulkimport.models import Import
from bulkimport.rows import ENCODING_NAMES, Draft, Field, Level, Plan, Problem, Row
from bulkimport.services.after import accounts_of
from bulkimport.services.welcome import STOPPED

PROBLEMS_SHOWN = 20  # in the summary; the rest stands at its row
GOOD_ROWS_SHOWN = 100
LINES_NAMED = 5
SURPLUS_SHOWN = 200  # characters
LONGEST_STAMP = 100
REPEATED = "already_imported"
_ABOUT_COLUMNS = ("header_unknown", "email_column_missing", "column_repeated")


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of the table of rows. `text` is what stands in it; `was` what was written there where that differs."""

    field: Field
    label: str | Promise
    line: int
    text: str = dataclasses.field(repr=False)
    note: str = ""
    was: str = ""
    problems: tuple[Problem, ...] = ()
    is_input: bool = False

    @property
    def name(self) -> str:
        return f"{self.line}-{self.field}"

    @property
    def html_id(self) -> str:
        return f"r{self.line}-{self.field}"

    @property
    def shown(self) -> str:
        """What the page sends back beside the cell, to tell later whether the person has changed it."""
        return stamp(self.text)

    @property
    def is_faulty(self) -> bool:
        return any(problem.level is Level.ERROR for problem in self.problems)


@dataclass(frozen=True, slots=True)
class ShownRow:
    """One row of the table. `problems` are those that belong to no single cell."""

    line: int
    cells: tuple[Cell, ...]
    problems: tuple[Problem, ...]
    has_error: bool
    has_warning: bool
    is_guess: bool  # the reader could not take the row apart for certain; a person may say that it is right
    is_corrected: bool
    surplus: str = dataclasses.field(repr=False)  # the text that belongs to no column and would be dropped


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    """The drop-down that says what a column of the file is. `hint` is a value of it, `error` why it is refused."""

    index: int
    label: str
    hint: str
    field: Field | None
    error: str

    @property
    def html_id(self) -> str:
        return f"column-{self.index}"


@dataclass(frozen=True, slots=True)
class CheckedPage:
    """The page of a checked import: a sentence, what to do, and the rows with problems first."""

    title: str
    lead: str
    sum_of_rows: str
    read_as: str
    repeat: str  # what to say about a file that was imported before
    file_errors: tuple[Problem, ...]
    file_warnings: tuple[Problem, ...]
    summary_title: str
    summary: tuple[tuple[Problem, str, str], ...]  # problem, where it is, the id of its cell
    more_problems: int
    warnings: int
    faulty: tuple[ShownRow, ...]
    warned: tuple[ShownRow, ...]
    good: tuple[ShownRow, ...]
    good_total: int
    create_label: str
    create_good_label: str
    left_out: str  # the lines that create_good_label names, for the page to send back
    column_choices: tuple[ColumnChoice, ...]
    asks_columns: bool  # nothing can be read before the person has said what the columns are

    @property
    def quota_errors(self) -> tuple[Problem, ...]:
        """The errors of the default quota, which the page has a field for."""
        return tuple(problem for problem in self.file_errors if problem.field is Field.QUOTA)

    @property
    def has_summary(self) -> bool:
        """Whether there are errors to be listed above the rows."""
        return bool(self.file_errors or self.summary) and not self.repeat

    @property
    def has_notes(self) -> bool:
        """Whether anything is to be said about the file or its rows above them."""
        return bool(self.file_errors or self.file_warnings or self.summary)

    @property
    def has_rows(self) -> bool:
        """Whether there is a table to correct."""
        return bool(self.faulty or self.warned or self.good)


def checked_page(plan: Plan, *, all_rows: bool = False) -> CheckedPage:
    """Return what the page of a checked import shows; of the rows without problems the first, unless `all_rows`."""
    rows = _shown_rows(plan)
    faulty = tuple(row for row in rows if row.has_error)
    warned = tuple(row for row in rows if row.has_warning and not row.has_error)
    good = [row for row in rows if not row.has_error and not row.has_warning]
    good.sort(key=lambda row: not row.is_corrected)  # they can be corrected once more
    errors = [p for p in plan.problems if p.line is not None and p.level is Level.ERROR]
    title, lead = _headline(plan)
    ready = len(plan.drafts)
    create = ngettext("Create %(count)s account", "Create %(count)s accounts", ready) % {"count": grouped(ready)}
    good_label = _("Create %(count)s and leave out %(rows)s") % {
        "count": grouped(ready),
        "rows": named(plan.error_lines),
    }
    return CheckedPage(
        title=title,
        lead=lead,
        sum_of_rows=sum_of_rows(plan.counts),
        read_as=read_as(plan),
        repeat=_repeat(plan),
        file_errors=tuple(problem for problem in plan.file_errors if problem.code != REPEATED),
        file_warnings=tuple(p for p in plan.problems if p.line is None and p.level is Level.WARNING),
        summary_title=_errors_in_rows(len(errors), len(plan.error_lines)),
        summary=tuple((problem, *_place(problem)) for problem in errors[:PROBLEMS_SHOWN]),
        more_problems=max(0, len(errors) - PROBLEMS_SHOWN),
        warnings=plan.counts["warnings"],
        faulty=faulty,
        warned=warned,
        good=tuple(good if all_rows else good[:GOOD_ROWS_SHOWN]),
        good_total=len(good),
        create_label=create if plan.can_create else "",
        create_good_label=good_label if plan.can_create_good_rows else "",
        left_out=as_text(plan.error_lines),
        column_choices=_column_choices(plan),
        asks_columns=_asks_columns(plan),
    )


def stamp(text: str) -> str:
    """Return a text for comparison; of a long one a digest, or a page of hostile cells would be too large to send."""
    return text if len(text) <= LONGEST_STAMP else hashlib.sha256(text.encode()).hexdigest()


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


def results_of(import_record: Import) -> list[dict[str, object]]:
    """Return the accounts that an import created, as its results page lists them."""
    return [
        {
            "address": to_unicode(account.address),
            "password": account.password,
            "is_generated": account.is_generated,
            "is_deleted": account.is_deleted,
            "is_changed": account.is_changed,
            "mailbox": account.mailbox,
            "quota": megabytes(account.mailbox.quota_mb) if account.mailbox else "",
            "forward": account.forward,
        }
        for account in accounts_of(import_record)
    ]


def warnings_of(import_record: Import) -> list[str]:
    """Return what was created and perhaps not as meant, a sentence each, with its place."""
    warnings = []
    for stored in import_record.warnings:
        field = Field(stored["field"]) if stored["field"] else None
        problem = Problem("", stored["message"], stored["line"], field, Level.WARNING)
        warnings.append(f"{_place(problem)[0]}: {problem.message}" if problem.line else problem.message)
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


def _asks_columns(plan: Plan) -> bool:
    """Tell whether a file with rows waits only for somebody to say what its columns are."""
    return bool(plan.file.found and plan.file.rows_read) and any(
        problem.code in _ABOUT_COLUMNS for problem in plan.file_errors
    )


def _column_choices(plan: Plan) -> tuple[ColumnChoice, ...]:
    fields = dict(enumerate(plan.file.columns))
    errors = {problem.field: problem.message for problem in plan.file_errors if problem.code == "column_repeated"}
    return tuple(
        ColumnChoice(
            index,
            _("Column %(number)s: “%(name)s”") % {"number": grouped(index + 1), "name": column.name}
            if column.name
            else _("Column %(number)s") % {"number": grouped(index + 1)},
            column.hint,
            fields.get(index),
            errors.get(fields.get(index), ""),
        )
        for index, column in enumerate(plan.file.found)
    )


def _headline(plan: Plan) -> tuple[str, str]:
    ready, faulty = len(plan.drafts), plan.counts["errors"]
    accounts = ngettext("%(count)s account ready", "%(count)s accounts ready", ready) % {"count": grouped(ready)}
    need = ngettext("%(count)s row needs you", "%(count)s rows need you", faulty) % {"count": grouped(faulty)}
    nothing_yet = _("Nothing has been created yet.")
    if _repeat(plan):
        return _("This file was imported before"), _("Nothing has been created now.")
    if _asks_columns(plan):
        return _("Which column is which?"), f"{nothing_yet} " + _(
            "Say below what each column is, then read the file again."
        )
    if plan.file_errors and not plan.file.rows:
        if any(problem.code == "too_many_accounts" for problem in plan.file_errors):
            return _("There are too many accounts in one file"), _("Nothing has been created.")
        return _("We could not read a list of accounts"), _("Nothing has been created.")
    if plan.file_errors:
        return _("The file cannot be imported as it is"), nothing_yet
    if plan.error_lines:
        return f"{accounts}, {need}", f"{nothing_yet} " + _("Correct the marked cells and check again.")
    return accounts, f"{nothing_yet} " + _("Look at what was read, then create the accounts.")


def _repeat(plan: Plan) -> str:
    return next((problem.message for problem in plan.file_errors if problem.code == REPEATED), "")


def read_as(plan: Plan) -> str:
    """Return how a file was read: `CSV, Windows-1250, semicolon, with a header`."""
    dialect = plan.file.dialect
    parts = [(dialect.format or "").upper()]
    if dialect.encoding:
        parts.append(ENCODING_NAMES[dialect.encoding])
    if dialect.separator:
        separators = {";": _("semicolon"), ",": _("comma"), "\t": _("tab")}
        parts.append(separators[dialect.separator])
    if dialect.sheet:
        parts.append(_("sheet “%(name)s”") % {"name": dialect.sheet})
    if dialect.has_header is not None:
        parts.append(_("with a header") if dialect.has_header else _("without a header"))
    return ", ".join(part for part in parts if part)


def _errors_in_rows(errors: int, rows: int) -> str:
    first = ngettext("%(count)s error", "%(count)s errors", errors) % {"count": grouped(errors)}
    second = ngettext("in %(count)s row", "in %(count)s rows", rows) % {"count": grouped(rows)}
    return f"{first} {second}"


def _place(problem: Problem) -> tuple[str, str]:
    """Return where a row's problem is, in words, and the id of its cell or row in the page."""
    row = _("Row %(line)s") % {"line": problem.line}
    if problem.field is None:
        return row, f"r{problem.line}"
    return f"{row}, {BY_FIELD[problem.field].label}", f"r{problem.line}-{problem.field}"


def _shown_rows(plan: Plan) -> list[ShownRow]:
    by_line: dict[int, list[Problem]] = {}
    for problem in plan.problems:
        if problem.line is not None:
            by_line.setdefault(problem.line, []).append(problem)
    drafts = {draft.line: draft for draft in plan.drafts}
    return [_shown_row(row, by_line.get(row.line, ()), drafts.get(row.line)) for row in plan.file.rows]


def _shown_row(row: Row, problems: Collection[Problem], draft: Draft | None) -> ShownRow:
    return ShownRow(
        line=row.line,
        cells=tuple(_cell(row, column.field, problems, draft) for column in COLUMNS),
        problems=tuple(problem for problem in problems if problem.field is None),
        has_error=any(problem.level is Level.ERROR for problem in problems),
        has_warning=any(problem.level is Level.WARNING for problem in problems),
        is_guess=bool(row.problems),
        is_corrected=bool(row.corrected),
        surplus=row.surplus[:SURPLUS_SHOWN],
    )


def _cell(row: Row, column: Field, problems: Iterable[Problem], draft: Draft | None) -> Cell:
    """Return a cell: an input where there is a problem with it or with the whole row, or where a person has written
    something before and may want to again, else what will be written.
    """
    own = tuple(problem for problem in problems if problem.field is column)
    is_corrected = column in row.corrected and column is not Field.PASSWORD  # no password stays in sight
    is_input = bool(own or row.problems or is_corrected)
    raw = row.cells.get(column, "")
    label = BY_FIELD[column].label
    if is_input:
        # A field of one line: a browser would drop a line break, and so "correct" the cell without anybody's will.
        return Cell(column, label, row.line, " ".join(raw.splitlines()), problems=own, is_input=True)
    text, note = _tidy_text(column, raw, draft)
    if column is Field.PASSWORD and column in row.corrected and trimmed(raw):
        text = _("typed here")
    plain = _plain(column, draft) if draft else ""
    is_tidied = bool(plain) and trimmed(raw) not in ("", plain)
    return Cell(column, label, row.line, text, note=note, was=trimmed(raw) if is_tidied else "")


def _plain(column: Field, draft: Draft) -> str:
    """Return what a draft holds in a column, as a person would have typed it."""
    return {
        Field.EMAIL: to_unicode(draft.address),
        Field.QUOTA: str(draft.quota_mb),
        Field.FORWARD: " ".join(to_unicode(address) for address in draft.destinations),
    }.get(column, "")


def _tidy_text(column: Field, raw: str, draft: Draft | None) -> tuple[str, str]:
    """Return the text of a cell without problems, and a note to it; a password is never shown."""
    if column is Field.PASSWORD:
        return (_("from the file") if trimmed(raw) else pgettext("password", "random")), ""
    if draft is None:
        return trimmed(raw), ""
    if column is Field.QUOTA:
        return megabytes(draft.quota_mb), _("by default") if draft.quota_is_default else ""
    if column is Field.KEEP_COPY:
        return (_("Yes") if draft.keep_copy else _("No")) if draft.destinations else "", ""
    return _plain(column, draft), ""
