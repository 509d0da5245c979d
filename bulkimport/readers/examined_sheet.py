"""What is known of a sheet before its rows are made: its layout, its sorted lines and what kind of list it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bulkimport.readers.book import Book, Record, Sheet
from bulkimport.readers.column_contents import filled_cells
from bulkimport.readers.header import is_address
from bulkimport.readers.layout import Layout, lay_out
from bulkimport.readers.lines import SortedLines, sort_lines, split_whole_rows
from bulkimport.rows import Field, Reading, SheetChoice

_NO_CHOICE: Final = SheetChoice()


@dataclass(frozen=True, slots=True)
class ExaminedSheet:
    """A sheet with its layout and its lines sorted into accounts and others.

    number: from 1, in the order of the file. choice: what the user has set for the sheet. kind: "named" (a column is
    named for the addresses), "first" (no names, addresses in the first column), "content" (some column has addresses)
    or "other".
    """

    number: int
    sheet: Sheet
    choice: SheetChoice
    layout: Layout
    lines: SortedLines
    kind: str

    @property
    def name(self) -> str:
        return self.sheet.name or ""

    @property
    def header(self) -> Record | None:
        """The record with the names of the columns, None where there is none."""
        return None if self.layout.header is None else self.sheet.records[self.layout.header]

    @property
    def records_below(self) -> Sequence[Record]:
        """The records below the header; all of them where there is no header."""
        return self.sheet.records[self.layout.first_row :]

    @property
    def password_column(self) -> int | None:
        """The index of the column of passwords, None where there is none."""
        columns = self.layout.columns
        return columns.index(Field.PASSWORD) if Field.PASSWORD in columns else None


def examine_sheet(number: int, sheet: Sheet, book: Book, reading: Reading) -> ExaminedSheet:
    """Return what is known of a sheet of a book. reading: what the user has set for the whole file."""
    choice = reading.sheets.get(sheet.name or "", _NO_CHOICE)
    sheet = split_whole_rows(sheet, book.separator)
    layout = lay_out(sheet.records, choice)
    lines = sort_lines(sheet, layout, choice.taken_back)
    return ExaminedSheet(number, sheet, choice, layout, lines, _find_kind(sheet, layout))


def _find_kind(sheet: Sheet, layout: Layout) -> str:
    if layout.header is not None and Field.EMAIL in layout.columns:
        return "named"
    if layout.header is None and Field.EMAIL in layout.columns:
        cells = list(filled_cells(layout.columns.index(Field.EMAIL), sheet.records))
        if sum(is_address(cell) for cell in cells) * 2 > len(cells):
            return "first"
    return "other" if layout.by_content is None else "content"


def choose_sheets(sheets: Sequence[ExaminedSheet]) -> list[ExaminedSheet]:
    """Return the sheets to read: those that the user has ticked, and the visible ones that are lists.

    Where there is neither, it is the first visible sheet with addresses, or else the first visible one: its problems
    then say what is missing. A sheet that the user has unticked is never read.
    """
    ticked = [sheet for sheet in sheets if sheet.choice.is_read]
    visible = [sheet for sheet in sheets if sheet.choice.is_read is None and not sheet.sheet.is_hidden]
    lists = [sheet for sheet in visible if sheet.kind in ("named", "first")]
    if ticked or lists:
        return [sheet for sheet in sheets if sheet in ticked or sheet in lists]
    return ([sheet for sheet in visible if sheet.kind == "content"] or visible)[:1]
