"""The first lines of a sheet as its page shows them, with what each column is read as. What may be secret is dots."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from accounts.formats import grouped
from accounts.refusals import is_quotable
from accounts.validators import NO, YES
from bulkimport.readers.summary import ROWS_SHOWN
from bulkimport.rows import ColumnSummary, Field, LineSummary, Problem, SheetChoice, SheetSummary

# An address; a number too short for a password, also with a unit, or the number of a row; the name of a person: no
# password is without a digit.
_NO_SECRET: Final = re.compile(
    r"[^@\s]+@[\w-]+(\.[\w-]+)*\.[^\W\d_]{2,}|[0-9]{1,5}([.,][0-9]{1,2})?( ?[MG]B|[.)])?", re.IGNORECASE
)
_NAME: Final = re.compile(r"[^\W\d_]+\.?([ '’-]{1,3}[^\W\d_]+\.?){0,5}")

_SEPARATORS: Final = re.compile(r"[,;|\t]")


@dataclass(frozen=True, slots=True)
class PreviewColumn:
    """A column with its drop-down. why: by what it was told. error: why the choice is refused.

    has_secrets: whether any of its cells may hold a secret. is_first_secret: whether it has the tick that shows them.
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
    """A line of the file. kind: as LineSummary has it. is_taken_back: an account only because a person has said so."""

    line: int
    kind: str
    cells: tuple[PreviewCell, ...]
    is_taken_back: bool = False

    @property
    def tag(self) -> str:
        """What the line is, where it is no account."""
        if self.is_taken_back:
            return _("taken back")
        return {
            "header": _("names"),
            "left_out": pgettext("row", "left out"),
            "blank": pgettext("row", "blank"),
        }.get(self.kind, "")

    @property
    def is_out(self) -> bool:
        """Whether it is no account; its cells are then shown one after the other, since they belong to no columns."""
        return self.kind in ("left_out", "blank")


@dataclass(frozen=True, slots=True)
class Preview:
    """The table of first lines. first: those at the top of the sheet. more: how many rows follow, in words.

    below: lines further down that are left out, or were taken back. more_below: how many such lines are not shown.
    """

    columns: tuple[PreviewColumn, ...]
    first: tuple[PreviewLine, ...]
    more: str
    below: tuple[PreviewLine, ...]
    more_below: str

    @property
    def width(self) -> int:
        return max(1, len(self.columns))


def preview_of(sheet: SheetSummary, choice: SheetChoice, errors: Sequence[Problem] = ()) -> Preview:
    """Return the first lines of a sheet. errors: what is wrong with its columns."""
    secret = _secret_columns(sheet)
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
    """Return in words by what a column was told."""
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
    """Return the names of the columns, which need not stand above them: see `_is_shifted` of the reader."""
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
        cells.append(PreviewCell(text, bool(text) and _hides(index, text, sheet, secret), column.field is not None))
    return tuple(cells)


def _cells_apart(line: LineSummary, sheet: SheetSummary, secret: frozenset[int]) -> tuple[PreviewCell, ...]:
    """Return the filled cells of a line that is no account. A title in the first column is no secret."""
    filled = [(index, text) for index, text in enumerate(line.cells) if text]
    is_title = len(filled) == 1 and filled[0][0] not in secret - {0} and "@" not in filled[0][1]
    return tuple(
        PreviewCell(text, not is_title and _hides(index, text, sheet, secret), is_used=False) for index, text in filled
    )


# --- Secrets ---------------------------------------------------------------------------------------------------------
def _secret_columns(sheet: SheetSummary) -> frozenset[int]:
    """Return the columns whose cells may be secret: the passwords, and any other that is not known for certain.

    What a column without a sure meaning holds is shown where no value of the preview can be a password, or where the
    passwords are known to stand in another column.
    """
    has_passwords = any(column.field is Field.PASSWORD and _is_named(column, sheet) for column in sheet.columns)
    return frozenset(
        index
        for index, column in enumerate(sheet.columns)
        if column.field is Field.PASSWORD
        or not (
            (column.field is not None and _is_sure(column, sheet))
            or (column.name and has_passwords)
            or all(_is_harmless(text) for text in _texts(index, sheet))
        )
    )


def _is_named(column: ColumnSummary, sheet: SheetSummary) -> bool:
    return _is_sure(column, sheet) or column.by == "likeness"


def _is_sure(column: ColumnSummary, sheet: SheetSummary) -> bool:
    return column.by == "choice" or (column.by == "name" and sheet.header_line > 0)


def _texts(index: int, sheet: SheetSummary) -> list[str]:
    lines = [line for line in sheet.preview if line.kind == "row" and index < len(line.cells)]
    return [line.cells[index] for line in lines if line.cells[index]]


def _is_harmless(text: str) -> bool:
    is_name = text[:1].isupper() and _NAME.fullmatch(text) is not None
    return is_name or _NO_SECRET.fullmatch(text) is not None or text.casefold() in YES | NO


def _hides(index: int, text: str, sheet: SheetSummary, secret: frozenset[int]) -> bool:
    """Tell whether a cell is shown as dots. In a column of addresses each speaks for itself: it may be a whole row."""
    if index >= len(sheet.columns):
        return not _is_harmless(text)
    column = sheet.columns[index]
    if column.by == "choice" and "@" not in text and not is_quotable(text) and not _is_harmless(text):
        return True  # whatever the column was set to, this may be a password
    if column.field is Field.EMAIL:
        return (index in secret or _SEPARATORS.search(text) is not None) and not _is_harmless(text)
    return index in secret
