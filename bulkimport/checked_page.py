"""The page of a checked import: a sentence, what to do, and the rows with problems first."""

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.formats import grouped
from bulkimport.checked_rows import ShownRow, shown_rows
from bulkimport.rows import Field, Level, Plan, Problem
from bulkimport.wording import as_text, named, place_of, read_as, sum_of_rows

PROBLEMS_SHOWN = 20  # in the summary; the rest stands at its row
GOOD_ROWS_SHOWN = 100
LONG = 100
_ABOUT_COLUMNS = ("header_unknown", "email_column_missing", "column_repeated")


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
    is_corrected: bool  # a cell was corrected on the page, or a row confirmed

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
    def rows_total(self) -> int:
        """How many rows there are in the groups together: blank rows are in none."""
        return len(self.faulty) + len(self.warned) + self.good_total

    @property
    def has_tabs(self) -> bool:
        """Whether there is more than one group of rows to choose from."""
        return self.rows_total > max(len(self.faulty), len(self.warned), self.good_total)

    @property
    def is_long(self) -> bool:
        """Whether there are so many rows to correct that drawing all of them at once would be felt."""
        return len(self.faulty) + len(self.warned) > LONG

    @property
    def has_rows(self) -> bool:
        """Whether there is a table to correct."""
        return bool(self.faulty or self.warned or self.good)


def checked_page(plan: Plan, *, all_rows: bool = False) -> CheckedPage:
    """Return what the page of a checked import shows; of the rows without problems the first, unless `all_rows`."""
    is_over_limit = any(problem.code == "domain_limit" for problem in plan.file_errors)
    rows = shown_rows(plan, opened=[Field.QUOTA] if is_over_limit else [])
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
        repeat=plan.repeat,
        file_errors=() if plan.repeat else plan.file_errors,
        file_warnings=tuple(p for p in plan.problems if p.line is None and p.level is Level.WARNING),
        summary_title=_errors_in_rows(len(errors), len(plan.error_lines)),
        summary=tuple((problem, *place_of(problem)) for problem in errors[:PROBLEMS_SHOWN]),
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
        is_corrected=any(row.corrected for row in plan.file.rows),
    )


def _asks_columns(plan: Plan) -> bool:
    """Tell whether a file with rows waits only for somebody to say what its columns are."""
    return bool(plan.file.found and plan.file.rows_read) and any(
        problem.code in _ABOUT_COLUMNS for problem in plan.file_errors
    )


def _column_choices(plan: Plan) -> tuple[ColumnChoice, ...]:
    """Return a drop-down for each column. Where none is known to be that of the addresses, one that looks so is."""
    fields = dict(enumerate(plan.file.columns))
    if Field.EMAIL not in plan.file.columns:
        unused = [index for index, column in enumerate(plan.file.found) if not fields.get(index) and "@" in column.hint]
        fields |= dict.fromkeys(unused[:1], Field.EMAIL)
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
    if plan.repeat:
        return _("This file was imported before"), _("Nothing has been created now.")
    if _asks_columns(plan):
        return _("Which column is which?"), f"{nothing_yet} " + _("Say below what each column is.")
    if plan.file_errors and not plan.file.rows:
        if any(problem.code == "too_many_accounts" for problem in plan.file_errors):
            return _("There are too many accounts in one file"), _("Nothing has been created.")
        return _("We could not read a list of accounts"), _("Nothing has been created.")
    if plan.file_errors:
        what_to_do = _("Correct what is said below and check again, or choose another file.")
        return _("The file cannot be imported as it is"), f"{nothing_yet} {what_to_do}"
    if plan.error_lines:
        return f"{accounts}, {need}", f"{nothing_yet} " + _("Correct the marked cells and check again.")
    return accounts, f"{nothing_yet} " + _("Look at what was read, then create the accounts.")


def _errors_in_rows(errors: int, rows: int) -> str:
    first = ngettext("%(count)s error", "%(count)s errors", errors) % {"count": grouped(errors)}
    second = ngettext("in %(count)s row", "in %(count)s rows", rows) % {"count": grouped(rows)}
    return f"{first} {second}"
