"""The first lines of a sheet as its page shows them, with what each column is read as. Possible secrets are hidden."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from accounts.formats import grouped
from bulkimport.preview_secrets import find_secret_columns, is_secret_cell
from bulkimport.readers.summary import ROWS_SHOWN
from bulkimport.rows import ColumnSummary, Field, LineSummary, Problem, SheetChoice, SheetSummary


@dataclass(frozen=True, slots=True)
class PreviewColumn:
    """A column with its drop-down. why: how its meaning was recognised. error: why the choice is invalid.

    has_secrets: whether any of its cells may hold a secret. is_first_secret: whether it is the first such column, which
    has the checkbox that shows them.
    """

    index: int
    letter: str
    name: str
    field: Field | None
    why: str
    error: str = ""
    has_secrets: bool = False
    is_first_secret: bool = False

    @property
    def html_id(self) -> str:
        return f"column-{self.index}"


@dataclass(frozen=True, slots=True)
class PreviewCell:
    text: str = dataclasses.field(repr=False)
    is_secret: bool = False
    is_used: bool = True


@dataclass(frozen=True, slots=True)
class PreviewLine:
    """A line of the file. kind: as in LineSummary. is_taken_back: a person has said that it is an account."""

    line: int
    kind: str
    cells: tuple[PreviewCell, ...]
    is_taken_back: bool = False

    @property
    def tag(self) -> str:
        """What the line is, if it is not an account or only because it was taken back; else empty."""
        if self.is_taken_back:
            return _("taken back")
        return {
            "header": _("names"),
            "left_out": pgettext("row", "left out"),
            "blank": pgettext("row", "blank"),
        }.get(self.kind, "")

    @property
    def is_out(self) -> bool:
        """Whether it is not an account. Its cells belong to no columns and are shown one after the other."""
        return self.kind in ("left_out", "blank")


@dataclass(frozen=True, slots=True)
class Preview:
    """The table of first lines. first: those at the top of the sheet. more: how many rows follow, in words.

    below: lines further down that are left out or were taken back. more_below: how many of those are not shown.
    """

    columns: tuple[PreviewColumn, ...]
    first: tuple[PreviewLine, ...]
    more: str
    below: tuple[PreviewLine, ...]
    more_below: str

    @property
    def width(self) -> int:
        return max(1, len(self.columns))


def build_preview(sheet: SheetSummary, choice: SheetChoice, errors: Sequence[Problem] = ()) -> Preview:
    """Return the first lines of a sheet. errors: what is wrong with its columns."""
    secret = find_secret_columns(sheet)
    header = next((at for at, line in enumerate(sheet.preview) if line.kind == "header"), -1)
    end = header + 1 + ROWS_SHOWN
    lines = [_line(line, sheet, secret, choice) for line in sheet.preview]
    shown = sum(line.kind == "row" or (not sheet.has_addresses and line.kind != "blank") for line in lines)
    hidden = len(sheet.left_out) - sum(line.kind == "left_out" for line in lines)
    more = max(0, sheet.rows - shown)
    return Preview(
        columns=_columns(sheet, lines, errors),
        first=tuple(lines[:end]),
        more=ngettext("%(count)s more row", "%(count)s more rows", more) % {"count": grouped(more)} if more else "",
        below=tuple(sorted(lines[end:], key=lambda line: line.line)),
        more_below=_more_left_out(hidden) if hidden > 0 else "",
    )


def _more_left_out(count: int) -> str:
    message = ngettext("%(count)s more row was left out", "%(count)s more rows were left out", count)
    return message % {"count": grouped(count)}


def _columns(sheet: SheetSummary, lines: Sequence[PreviewLine], errors: Sequence[Problem]) -> tuple[PreviewColumn, ...]:
    repeated = {problem.field: problem.message for problem in errors if problem.code == "column_repeated"}
    chosen = [column.field for column in sheet.columns if column.by == "choice"]
    with_secrets = {
        index for line in lines if not line.is_out for index, cell in enumerate(line.cells) if cell.is_secret
    }
    return tuple(
        PreviewColumn(
            index=index,
            letter=column.letter,
            name=column.name,
            field=column.field,
            why=_why(column, has_header=bool(sheet.header_line)),
            error=repeated.get(column.field, "") if chosen.count(column.field) > 1 else "",
            has_secrets=index in with_secrets,
            is_first_secret=index == min(with_secrets, default=None),
        )
        for index, column in enumerate(sheet.columns)
    )


def _why(column: ColumnSummary, *, has_header: bool) -> str:
    """Return in words how the meaning of a column was recognised."""
    if column.field is None:
        return pgettext("column", "not used")
    if column.by == "content" and column.field is Field.EMAIL:
        message = ngettext(
            "by what is in it: %(count)s address", "by what is in it: %(count)s addresses", column.filled
        )
        return message % {"count": grouped(column.filled)}
    if column.by == "name" and not has_header:
        return _("by its place")
    return {
        "name": _("by its name"),
        "likeness": _("its name looks like it"),
        "content": _("by what is in it"),
        "choice": pgettext("column", "chosen"),
    }.get(column.by, "")


# --- Lines -----------------------------------------------------------------------------------------------------------
def _line(line: LineSummary, sheet: SheetSummary, secret: frozenset[int], choice: SheetChoice) -> PreviewLine:
    if line.kind == "header":
        cells = _header_cells(line, sheet)
    elif line.kind in ("left_out", "blank"):
        cells = _cells_apart(line, sheet, secret)
    else:
        cells = _row_cells(line.cells, sheet, secret)
    return PreviewLine(line.line, line.kind, cells, is_taken_back=line.kind == "row" and line.line in choice.taken_back)


def _header_cells(line: LineSummary, sheet: SheetSummary) -> tuple[PreviewCell, ...]:
    """Return the names of the columns. They may stand one column off in the file: see `_is_shifted` of the reader."""
    names = [column.name for column in sheet.columns]
    cells = []
    for index, name in enumerate(names):
        text = line.cells[index] if index < len(line.cells) else ""
        is_secret = bool(text) and not name and text not in names
        cells.append(PreviewCell(text if is_secret else name, is_secret))
    return tuple(cells)


def _row_cells(texts: Sequence[str], sheet: SheetSummary, secret: frozenset[int]) -> tuple[PreviewCell, ...]:
    cells = []
    for index, column in enumerate(sheet.columns):
        text = texts[index] if index < len(texts) else ""
        cells.append(
            PreviewCell(text, bool(text) and is_secret_cell(index, text, sheet, secret), column.field is not None)
        )
    return tuple(cells)


def _cells_apart(line: LineSummary, sheet: SheetSummary, secret: frozenset[int]) -> tuple[PreviewCell, ...]:
    """Return the filled cells of a line that is not an account. A title in the first column is not secret."""
    filled = [(index, text) for index, text in enumerate(line.cells) if text]
    is_title = len(filled) == 1 and filled[0][0] not in secret - {0} and "@" not in filled[0][1]
    return tuple(
        PreviewCell(text, not is_title and is_secret_cell(index, text, sheet, secret), is_used=False)
        for index, text in filled
    )
