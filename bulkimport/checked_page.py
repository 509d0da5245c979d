"""The page of a checked import: a sentence, what to do, and the rows with problems first."""

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.formats import grouped
from bulkimport.checked_rows import ShownRow, shown_rows
from bulkimport.descriptions import describe_places, describe_reading, locate_problem, sum_of_lines, sum_of_rows
from bulkimport.reading_page import columns_title, find_unclear_sheet
from bulkimport.rows import Field, Level, Plan, Problem, SheetSummary

PROBLEMS_SHOWN = 20  # in the summary; the rest stands at its row
GOOD_ROWS_SHOWN = 100
LONG = 100


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
    left_out: str  # the keys of the rows that create_good_label names, for the page to send back
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
    asked = find_unclear_sheet(plan.file)
    is_over_limit = any(problem.code == "domain_limit" for problem in plan.file_errors)
    # What nobody has agreed to read in this way is not to be corrected.
    rows = [] if asked else shown_rows(plan, opened=[Field.QUOTA] if is_over_limit else [])
    faulty = tuple(row for row in rows if row.has_error)
    warned = tuple(row for row in rows if row.has_warning and not row.has_error)
    good = [row for row in rows if not row.has_error and not row.has_warning]
    good.sort(key=lambda row: not row.is_corrected)  # they can be corrected once more
    errors = [p for p in plan.problems if p.line is not None and p.level is Level.ERROR and not asked]
    title, lead = _headline(plan, asked)
    ready = len(plan.drafts)
    create = ngettext("Create %(count)s account", "Create %(count)s accounts", ready) % {"count": grouped(ready)}
    good_label = _("Create %(count)s and leave out %(rows)s") % {
        "count": grouped(ready),
        "rows": describe_places(plan.error_places),
    }
    return CheckedPage(
        title=title,
        lead=lead,
        sum_of_rows=sum_of_lines(plan.counts) if asked else sum_of_rows(plan.counts),
        read_as=describe_reading(plan),
        repeat=plan.repeat,
        file_errors=() if plan.repeat else plan.file_errors,
        file_warnings=tuple(p for p in plan.problems if p.line is None and p.level is Level.WARNING),
        summary_title=_errors_in_rows(len(errors), len(plan.error_places)),
        summary=tuple((p, *locate_problem(p, plan.file.key(p.place))) for p in errors[:PROBLEMS_SHOWN] if p.place),
        more_problems=max(0, len(errors) - PROBLEMS_SHOWN),
        warnings=plan.counts["warnings"],
        faulty=faulty,
        warned=warned,
        good=tuple(good if all_rows else good[:GOOD_ROWS_SHOWN]),
        good_total=len(good),
        create_label=create if plan.can_create else "",
        create_good_label=good_label if plan.can_create_good_rows else "",
        left_out=",".join(map(plan.file.key, plan.error_places)),
        asks_columns=asked is not None,
    )


def _headline(plan: Plan, asked: SheetSummary | None) -> tuple[str, str]:
    ready, faulty = len(plan.drafts), plan.counts["errors"]
    accounts = ngettext("%(count)s account ready", "%(count)s accounts ready", ready) % {"count": grouped(ready)}
    need = ngettext("%(count)s row needs you", "%(count)s rows need you", faulty) % {"count": grouped(faulty)}
    nothing_yet = _("Nothing has been created yet.")
    if plan.repeat:
        return _("This file was imported before"), _("Nothing has been created now.")
    if asked:
        return columns_title(plan.file, asked), f"{nothing_yet} " + _(
            "Correct the choices above the columns, and pick the row that names them."
        )
    if plan.file_errors and not plan.file.rows:
        if any(problem.code == "too_many_accounts" for problem in plan.file_errors):
            return _("There are too many accounts in one file"), _("Nothing has been created.")
        return _("We could not read a list of accounts"), _("Nothing has been created.")
    if plan.file_errors:
        what_to_do = _("Correct what is said below and check again, or choose another file.")
        return _("The file cannot be imported as it is"), f"{nothing_yet} {what_to_do}"
    if plan.error_places:
        return f"{accounts}, {need}", f"{nothing_yet} " + _("Correct the marked cells and check again.")
    if (read := sum(sheet.is_read for sheet in plan.file.sheets)) > 1:
        accounts += ngettext(", from %(count)s sheet", ", from %(count)s sheets", read) % {"count": grouped(read)}
    if plan.unread_sheets:
        return accounts, f"{nothing_yet} " + _("Some sheets were not read: look at them, then create the accounts.")
    return accounts, f"{nothing_yet} " + _("Look at what was read, then create the accounts.")


def _errors_in_rows(errors: int, rows: int) -> str:
    first = ngettext("%(count)s error", "%(count)s errors", errors) % {"count": grouped(errors)}
    second = ngettext("in %(count)s row", "in %(count)s rows", rows) % {"count": grouped(rows)}
    return f"{first} {second}"
