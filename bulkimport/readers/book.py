"""A file as sheets of records, before anything is known about its columns. It can be stored as JSON.

The readers of text and of spreadsheets turn the bytes of an upload into a `Book`; `bulkimport.readers.arrange` turns it
into rows of accounts. Opening the bytes is slow (a spreadsheet takes a child process), arranging is quick, so an import
stores its book and arranges it anew for every page.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from accounts.validators import INVISIBLE

MAX_COUNTED: Final = 20_000  # records of a text that are counted; of a spreadsheet's sheet, 20,000 rows are read
MAX_CELL: Final = 10_000  # characters; far more than any address, list of addresses or password has
MAX_COLUMNS: Final = 100
MAX_NAME: Final = 200  # characters of a header cell that are looked at
# Control characters that a cell cannot have. Vertical tab and form feed are left to the validator, which has sentences
# for them: they come from word processors.
CONTROL: Final = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
# A cell is blank if `trimmed` would leave nothing of it. Unlike trimming, a search takes linear time on any cell.
_TEXT: Final = re.compile(rf"[^\s{INVISIBLE}]")


class Mark(NamedTuple):
    """What the reader says is wrong with one cell of a record.

    column: index from 0. code: cell_unreadable (the cell shows something that cannot be read; its text is empty),
    cells_merged (a merged cell covers it; its text is empty) or number_format (the program shows another text than the
    stored value). shown: that other text, empty where it is not known.
    """

    column: int
    code: str
    shown: str = ""


class Record(NamedTuple):
    """A line of a list that has text, or a mark, in it.

    line: the number that the user sees in an editor or spreadsheet, from 1. fault: what is wrong with the whole line,
    quotes (its quotation marks do not match; the cells are then a best guess) or cell_too_long; else empty. last: with
    the fault quotes, the last line that the quoted cell would have taken in.
    """

    line: int
    cells: Sequence[str]
    fault: str = ""
    last: int = 0
    marks: tuple[Mark, ...] = ()
    is_hidden: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table of a book; text has one, without a name.

    records: the first ones that are not blank, up to a limit. more: how many further ones there are. blank: how many
    blank lines there are. is_cut: whether the sheet goes on below the last line that is read.
    """

    name: str | None
    records: tuple[Record, ...] = field(default=(), repr=False)
    more: int = 0
    blank: int = 0
    is_hidden: bool = False
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a file cannot be read: a code, and the value that its sentence mentions, such as a line or an encoding."""

    code: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Book:
    """A file as sheets of records. If it has a refusal, it has no sheets.

    format: csv, xlsx, xls or ods, None where it is unknown. encoding and separator: how a text was read, None for a
    spreadsheet.
    """

    format: str | None = None
    encoding: str | None = None
    separator: str | None = None
    sheets: tuple[Sheet, ...] = field(default=(), repr=False)
    refusal: Refusal | None = None


class RefusedError(Exception):
    """The file cannot be read at all.

    book: a book without sheets, whose refusal says why, and whose format and encoding are those that were detected.
    """

    def __init__(
        self, code: str, detail: str = "", *, file_format: str | None = None, encoding: str | None = None
    ) -> None:
        super().__init__(code)
        self.book = Book(format=file_format, encoding=encoding, refusal=Refusal(code, detail))


def has_text(cell: str) -> bool:
    """Tell whether a cell has more than blanks and invisible characters."""
    return _TEXT.search(cell) is not None


def is_blank(cells: Sequence[str]) -> bool:
    """Tell whether no cell has text."""
    return not any(cell and _TEXT.search(cell) for cell in cells)


def to_json(book: Book) -> dict[str, Any]:
    """Return a book as data that can be written as JSON."""
    return {
        "dialect": [book.format, book.encoding, book.separator],
        "refusal": [book.refusal.code, book.refusal.detail] if book.refusal else None,
        "sheets": [
            [sheet.name, sheet.more, sheet.blank, sheet.is_hidden, sheet.is_cut, [list(r) for r in sheet.records]]
            for sheet in book.sheets
        ],
    }


def from_json(stored: Mapping[str, Any]) -> Book:
    """Return the book of which `to_json` returned this data."""
    file_format, encoding, separator = stored["dialect"]
    sheets = tuple(
        Sheet(name, tuple(_record(record) for record in records), more, blank, is_hidden, is_cut)
        for name, more, blank, is_hidden, is_cut, records in stored["sheets"]
    )
    refusal = Refusal(*stored["refusal"]) if stored["refusal"] else None
    return Book(file_format, encoding, separator, sheets, refusal)


def _record(stored: Sequence[Any]) -> Record:
    line, cells, fault, last, marks, is_hidden = stored
    return Record(line, cells, fault, last, tuple(Mark(*mark) for mark in marks), is_hidden)
