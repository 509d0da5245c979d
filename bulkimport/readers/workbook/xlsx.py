"""XLSX: the values come from a library, and what it cannot tell from a second look into the XML.

The library gives an empty text for errors and for formulas that no program has computed, and knows nothing of merged
cells, hidden rows and what a number's format shows.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from typing import Any, Final
from xml.etree import ElementTree
from xml.parsers import expat

from python_calamine import CalamineError, CalamineWorkbook

from bulkimport.readers.workbook.grid import (
    MAX_COLUMNS,
    MAX_MARKS,
    MAX_ROWS,
    Grid,
    TooLargeError,
    UnreadableError,
    row_texts,
)
from bulkimport.readers.workbook.number_formats import BUILTIN, shown_otherwise
from bulkimport.readers.workbook.xlsx_package import SheetPart, Workbook, read_parts, rebuilt

# The library reads a number up to its first escaped digit. No program is known to escape them.
_ESCAPED_NUMBER: Final = re.compile(rb"<(?:[\w.-]+:)?v[^<>]*>[0-9.+-]*&#")
_DIGITS: Final = "0123456789"
_TRUE: Final = ("1", "true")


def grids(content: bytes) -> Iterator[Grid]:
    """Yield the worksheets in the order of the workbook. Raises TooLargeError and UnreadableError."""
    try:
        workbook = read_parts(content)
        formats = _formats(workbook.styles)
        yield from _grids(workbook, formats)
    except (CalamineError, ElementTree.ParseError, expat.ExpatError, zipfile.BadZipFile) as error:
        # What is not well-formed might have been read by the library alone, but a cell could be lost in silence.
        raise UnreadableError from error


def _grids(workbook: Workbook, formats: dict[str, str]) -> Iterator[Grid]:
    library = CalamineWorkbook.from_filelike(io.BytesIO(rebuilt(workbook)))
    for index, part in enumerate(workbook.sheets):
        sheet = library.get_sheet_by_index(index)
        # The empty area above the first cell counts, or row numbers would not be the ones that people see.
        cells = sheet.to_python(skip_empty_area=False, nrows=MAX_ROWS)
        is_cut = sheet.end is not None and sheet.end[0] >= MAX_ROWS
        look = _SecondLook(cells, formats, is_uncomputed=workbook.is_uncomputed)
        look.follow(part.xml)
        yield _grid(part, cells, is_cut, look)


def _grid(part: SheetPart, cells: list[list[Any]], is_cut: bool, look: _SecondLook) -> Grid:
    rows = [row_texts(row) for row in cells]
    covered = {(row, column) for row, column, code, _ in look.marks if code == "cells_merged"}
    for row, column in covered | look.lost:
        if row < len(rows) and column < min(len(rows[row]), MAX_COLUMNS):
            rows[row][column] = ""
    for texts in rows:
        while texts and not texts[-1]:
            texts.pop()
    while rows and not rows[-1]:
        rows.pop()
    marks = [mark for mark in look.marks if mark[2] == "cells_merged" or mark[:2] not in covered]
    return Grid(part.name, rows, marks, look.hidden_rows, part.is_hidden, is_cut or look.is_cut)


def _formats(styles: bytes | None) -> dict[str, str]:
    """Return the number formats of the styles that have one, by the styles' numbers."""
    if styles is None:
        return {}
    root = ElementTree.fromstring(styles)  # noqa: S314 - under limits here
    codes = {str(number): code for number, code in BUILTIN.items()}
    codes.update(
        (node.get("numFmtId", ""), node.get("formatCode", "")) for node in root.iterfind("{*}numFmts/{*}numFmt")
    )
    found = (codes.get(node.get("numFmtId", ""), "General") for node in root.iterfind("{*}cellXfs/{*}xf"))
    return {str(index): code for index, code in enumerate(found) if code not in ("General", "@")}


class _SecondLook:
    """Follows the XML of a worksheet and notes what is to be said of single cells.

    Rows and cells need not say where they are; then they follow on, as the library has it. A cell for which the library
    has no value is watched until the next one begins: has it a text, or a formula without a result, it is unreadable.
    So is a 0 that a library has put in the place of a result (`is_uncomputed`).
    """

    def __init__(self, cells: list[list[Any]], formats: dict[str, str], *, is_uncomputed: bool) -> None:
        self.cells = cells
        self.formats = formats
        self.is_uncomputed = is_uncomputed
        self.marks: list[tuple[int, int, str, str]] = []
        self.hidden_rows: list[int] = []
        self.is_cut = False
        self.lost: set[tuple[int, int]] = set()
        self.row = self.next_row = 0
        self.column = -1
        self.watched: tuple[int, int] | None = None
        self.kind = ""
        self.has_formula = self.has_value = self.has_text = self.in_text = self.is_zero = False
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.starts: dict[str, Any] = {}

    def follow(self, xml: bytes) -> None:
        """Read the XML to its end. Raises ExpatError, TooLargeError and UnreadableError."""
        if _ESCAPED_NUMBER.search(xml):
            raise UnreadableError
        self.parser.StartElementHandler = self.root
        self.parser.Parse(xml, True)
        self.finish()

    def root(self, name: str, _attributes: dict[str, str]) -> None:
        """Take the namespace of the outermost element for that of the cells: there are two, and files without any."""
        space = name.rpartition(" ")[0]
        names = {
            "row": self.start_row,
            "c": self.start_cell,
            "f": self.start_formula,
            "v": self.start_value,
            "t": self.start_value,
            "mergeCell": self.merge,
        }
        self.starts = {f"{space} {local}" if space else local: handler for local, handler in names.items()}
        self.parser.StartElementHandler = self.start

    def start(self, name: str, attributes: dict[str, str]) -> None:
        handler = self.starts.get(name)
        if handler is None:
            self.in_text = False
        else:
            handler(attributes)

    def start_row(self, attributes: dict[str, str]) -> None:
        self.row = _number(attributes["r"]) if "r" in attributes else self.next_row
        if self.row < self.next_row:  # the library would keep one of the two rows of a number
            raise UnreadableError
        self.next_row = self.row + 1
        self.column = -1
        is_flat = "ht" in attributes and not attributes["ht"].strip("0.")
        if (is_flat or attributes.get("hidden") in _TRUE) and self.row < MAX_ROWS:
            self.hidden_rows.append(self.row)

    def start_cell(self, attributes: dict[str, str]) -> None:
        if self.watched:
            self.finish()
        place = attributes.get("r")
        row, self.column = _position(place) if place else (self.row, self.column + 1)
        value = self.value(row, self.column)
        if attributes.get("t") == "e":
            self.lose(row, self.column)
        elif (isinstance(value, str) and not value.strip()) or (self.is_uncomputed and value == 0):
            self.watched = row, self.column
            self.kind = attributes.get("t", "n")
            self.is_zero = value == 0
            self.has_formula = self.has_value = self.has_text = self.in_text = False
            self.parser.CharacterDataHandler = self.data
        elif type(value) in (float, int) and attributes.get("s") in self.formats and self.column < MAX_COLUMNS:
            shown = shown_otherwise(self.formats[attributes["s"]], value)
            if shown is not None:
                self.mark(row, self.column, "number_format", shown)

    def start_formula(self, _attributes: dict[str, str]) -> None:
        self.has_formula = True
        self.in_text = False

    def start_value(self, _attributes: dict[str, str]) -> None:
        self.has_value = self.in_text = True

    def data(self, text: str) -> None:
        self.has_text |= self.in_text and bool(text.strip())

    def finish(self) -> None:
        """Decide about the watched cell. The text of kind s is the number of a shared one, which may well be empty."""
        if self.watched:
            is_empty_result = self.has_value and self.kind in ("str", "s", "inlineStr")
            has_lost_text = self.has_text and self.kind != "s" and not self.is_zero
            if has_lost_text or (self.has_formula and not is_empty_result):
                self.lose(*self.watched)
            self.watched = None
            self.parser.CharacterDataHandler = None

    def lose(self, row: int, column: int) -> None:
        if row >= MAX_ROWS:
            self.is_cut = True
            return
        column = min(column, MAX_COLUMNS)  # one stands for all the surplus ones
        if (row, column) not in self.lost:
            self.lost.add((row, column))
            self.mark(row, column, "cell_unreadable", "")

    def merge(self, attributes: dict[str, str]) -> None:
        """Mark the cells that a merged one covers, if it shows anything."""
        first, _, last = attributes.get("ref", "").partition(":")
        top, left = _position(first)
        bottom, right = _position(last or first)
        if not str(self.value(top, left)).strip() and (top, left) not in self.lost:
            return
        bottom, right = min(bottom, MAX_ROWS - 1), min(right, MAX_COLUMNS - 1)
        for row in range(top, bottom + 1):
            for column in range(left, right + 1):
                if (row, column) != (top, left):
                    self.mark(row, column, "cells_merged", "")

    def mark(self, row: int, column: int, code: str, shown: str) -> None:
        if len(self.marks) == MAX_MARKS:
            raise TooLargeError
        self.marks.append((row, column, code, shown))

    def value(self, row: int, column: int) -> Any:
        return self.cells[row][column] if row < len(self.cells) and column < len(self.cells[row]) else ""


def _position(reference: str) -> tuple[int, int]:
    """Return the place of a cell such as B7: (6, 1)."""
    letters = reference.rstrip(_DIGITS)
    column = 0
    for letter in letters:
        column = column * 26 + (ord(letter) & 31)  # some write b7
    if column < 1:
        raise UnreadableError
    return _number(reference[len(letters) :]), column - 1


def _number(row: str) -> int:
    if not row.isdecimal() or len(row) > 9 or int(row) < 1:
        raise UnreadableError
    return int(row) - 1
