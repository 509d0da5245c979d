"""What both kinds of file share: from records (a line's number and its cells) to rows, with every problem named."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import Final, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.formats import grouped
from accounts.validators import INVISIBLE
from bulkimport.readers.found import SAMPLE, found_columns
from bulkimport.readers.header import Layout, read_header
from bulkimport.rows import Dialect, Field, FileRows, Level, Problem, Row

MAX_COUNTED: Final = 20_000  # accounts in a file; as many rows as are read of a sheet
MAX_CELL: Final = 10_000  # characters; no address, list of addresses or password comes near
# Vertical tab and form feed are not among them: they come from word processors, and the validator names them.
CONTROL: Final = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
# Blank is what `trimmed` leaves nothing of. A search stays linear on a hostile cell, trimming does not.
_TEXT: Final = re.compile(rf"[^\s{INVISIBLE}]")


class Record(NamedTuple):
    """A row of the file before anything is known of its columns.

    line: as a person sees it. fault: the code of what is wrong with the writing of the whole row (quotes,
    cell_too_long), else empty; the cells are then a best guess. lost: indexes of cells that the file has and the
    library does not give; their text is empty.
    """

    line: int
    cells: Sequence[str]
    fault: str = ""
    lost: tuple[int, ...] = ()


BLANK: Final = Record(0, ())  # an empty line; a file may have millions, and nobody asks for their numbers


@dataclass(frozen=True, slots=True)
class Table:
    """A file taken apart: how it is written, its records in order, and problems found on the way."""

    dialect: Dialect
    records: Iterable[Record]
    problems: tuple[Problem, ...] = ()
    sheets: tuple[str, ...] = ()


class RefusedError(Exception):
    """The file cannot be read at all. `problem` says why, `dialect` how far the reader came.

    sheets: the names of a spreadsheet's visible sheets, where another one can be chosen.
    """

    def __init__(self, problem: Problem, dialect: Dialect, sheets: tuple[str, ...] = ()) -> None:
        super().__init__(problem.code)
        self.problem = problem
        self.dialect = dialect
        self.sheets = sheets


def not_a_table(message: str = "") -> RefusedError:
    """Return the refusal of a file that is neither text nor a spreadsheet; `message` where more can be said of it."""
    message = message or _("The file is not a list of accounts. Save the list as CSV, XLSX or ODS and upload that.")
    return RefusedError(Problem("not_a_table", message), Dialect())


def file_empty(dialect: Dialect) -> RefusedError:
    """Return the refusal of a file with nothing in it."""
    message = _("The file is empty. Upload the file that has the list of accounts.")
    return RefusedError(Problem("file_empty", message), dialect)


def has_text(cell: str) -> bool:
    """Tell whether a cell holds more than blanks and invisible characters."""
    return _TEXT.search(cell) is not None


def is_blank(record: Record, passed_over: frozenset[int] = frozenset()) -> bool:
    """Tell whether a record has no text outside the columns passed over."""
    if record is BLANK:
        return True
    if record.fault or record.lost:
        return False
    for index, cell in enumerate(record.cells):  # a plain loop: a hostile file has millions of rows
        if cell and index not in passed_over and _TEXT.search(cell):
            return False
    return True


def first_with_text(records: Iterator[Record]) -> Record | None:
    """Advance past blank records and return the first that is not blank, None at the end."""
    return next((record for record in records if not is_blank(record)), None)


def build(table: Table, chosen: Dialect, *, max_rows: int) -> FileRows:
    """Return the rows of a table of at most `max_rows` accounts.

    chosen: what a person has set about the header and the columns. Cells are the file's own text, for every column
    that the file has; a column that it lacks is absent from a row's cells. Raises RefusedError when all is blank.
    """
    records = iter(table.records)
    first = first_with_text(records)
    if first is None and table.dialect.sheet is not None:
        message = _("The sheet “%(name)s” is empty. Choose another, or let it be found.")
        problem = Problem("file_empty", message % {"name": table.dialect.sheet[:100]})
        raise RefusedError(problem, table.dialect, table.sheets)
    if first is None:
        raise file_empty(table.dialect)
    layout, problems = read_header([CONTROL.sub("", cell) for cell in first.cells], chosen)
    if layout.has_header and first.fault:
        problems = [Problem(first.fault, fault_message(first.fault))]
    problems = [*table.problems, *problems]
    if not layout.has_header:
        records = chain((first,), records)
    sample = list(islice(records, SAMPLE))
    records = chain(sample, records)
    unreadable = _has_error(problems)
    rows, accounts, blank = _rows(records, layout, limit=0 if unreadable else max_rows)
    if not accounts and not unreadable:
        message = _("The file has a header and no accounts. Write each account on a line below the header.")
        problems.append(Problem("no_accounts", message))
    if accounts > max_rows:
        problems.append(_too_many(accounts, max_rows))
    return FileRows(
        dialect=replace(table.dialect, has_header=layout.has_header),
        columns=layout.columns,
        rows=() if _has_error(problems) else tuple(rows),
        rows_read=accounts + blank,
        blank=blank,
        problems=tuple(problems),
        sheets=table.sheets,
        found=found_columns(layout, [record.cells for record in sample]) if layout.columns else (),
    )


def _rows(records: Iterator[Record], layout: Layout, *, limit: int) -> tuple[list[Row], int, int]:
    """Return the first `limit` rows, the number of all that are not blank, and the number of blank ones.

    The counting ends at MAX_COUNTED: nobody needs to know by how many times a file is too long.
    """
    rows: list[Row] = []
    accounts = blank = 0
    for record in records:
        if is_blank(record, layout.passed_over):
            blank += 1
            continue
        accounts += 1
        if accounts > max(MAX_COUNTED, limit):
            break
        if accounts <= limit:
            rows.append(_row(record, layout))
    return rows, accounts, blank


def _row(record: Record, layout: Layout) -> Row:
    cells: dict[Field, str] = {}
    problems = [Problem(record.fault, fault_message(record.fault), record.line)] if record.fault else []
    for index, field in enumerate(layout.columns):
        if field is None:
            continue
        text = record.cells[index] if index < len(record.cells) else ""
        if len(text) > MAX_CELL:
            problems.append(Problem("cell_too_long", fault_message("cell_too_long"), record.line, field))
        if index in record.lost:
            message = _("This cell has an error, a time or a formula without a result. Type the value itself, as text.")
            problems.append(Problem("cell_unreadable", message, record.line, field))
        if CONTROL.search(text):
            message = _(
                "This cell has a character that cannot be seen. It is shown without it: look whether it is right."
            )
            problems.append(Problem("cell_has_control", message, record.line, field))
            text = CONTROL.sub("", text)
        cells[field] = text[:MAX_CELL]
    surplus = _surplus(record, layout)
    if surplus is not None and not record.fault:
        message = _(
            "Cell %(number)s of this row has text but belongs to no column. Delete the text; if a value has the "
            "separator in it, put the value in quotation marks."
        )
        problems.append(Problem("surplus_cell", message % {"number": grouped(surplus + 1)}, record.line))
    lost = CONTROL.sub("", record.cells[surplus]) if surplus is not None and surplus < len(record.cells) else ""
    return Row(record.line, cells, tuple(problems), lost[:MAX_CELL])


def _surplus(record: Record, layout: Layout) -> int | None:
    """Return the index of the first cell that has text and no column."""
    for index, cell in enumerate(record.cells):
        if index not in layout.named and cell and has_text(cell):
            return index
    return next((index for index in record.lost if index not in layout.named), None)


def fault_message(code: str) -> str:
    """Return the sentence for what is wrong with the writing of a row."""
    if code == "quotes":
        return _(
            "The quotation marks of this line do not match. Close each one that is opened, and write one that belongs "
            "to a value twice."
        )
    return _("A cell of this line has more than %(count)s characters. Shorten it.") % {"count": grouped(MAX_CELL)}


def _too_many(accounts: int, max_rows: int) -> Problem:
    if accounts > max(MAX_COUNTED, max_rows):
        message = _(
            "The file has more than %(count)s accounts; at most %(limit)s fit into one file. Split it into parts."
        )
        return Problem("too_many_accounts", message % {"count": grouped(accounts - 1), "limit": grouped(max_rows)})
    message = ngettext(
        "The file has %(count)s account; at most %(limit)s fit into one file. Split it into parts.",
        "The file has %(count)s accounts; at most %(limit)s fit into one file. Split it into parts.",
        accounts,
    )
    return Problem("too_many_accounts", message % {"count": grouped(accounts), "limit": grouped(max_rows)})


def _has_error(problems: Iterable[Problem]) -> bool:
    return any(problem.level is Level.ERROR for problem in problems)
