"""XLSX, as Excel, LibreOffice, Google and many libraries write it: the XML of each sheet is read in one pass.

No library is used: python-calamine cuts numbers and shared texts at a comment or an escaped character, gives an empty
text for errors and for formulas without a value, and does not tell which cells are merged and which rows are hidden.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from typing import Final
from xml.etree import ElementTree
from xml.parsers import expat

from bulkimport.readers.workbook.format_codes import BUILTIN
from bulkimport.readers.workbook.grid import MAX_COLUMNS, Grid, UnreadableError
from bulkimport.readers.workbook.parsing import new_parser, parse_tree, refusal
from bulkimport.readers.workbook.table import Budget, Content, Table
from bulkimport.readers.workbook.xlsx_cells import Cells
from bulkimport.readers.workbook.xlsx_package import SheetPart, read_parts
from bulkimport.readers.workbook.xlsx_strings import shared_strings

_DIGITS: Final = "0123456789"
_TRUE: Final = ("1", "true")
_CELLS: Final = (
    "row",
    "c",
    "v",
    "t",
)  # in another namespace than the sheet's, some programs read them and others do not


def grids(content: bytes) -> Iterator[Grid]:
    """Yield the worksheets in the order of the workbook. Raises TooLargeError and UnreadableError."""
    try:
        workbook = read_parts(content)
        formats = _formats(workbook.styles)
        strings = [] if workbook.strings is None else shared_strings(workbook.strings)
        cells = Cells(strings, is_1904=workbook.is_1904, is_uncomputed=workbook.is_uncomputed)
        budget = Budget()
        for part in workbook.sheets:
            yield _Reader(part, cells, formats, budget).grid()
    except (ElementTree.ParseError, LookupError, ValueError, expat.ExpatError, zipfile.BadZipFile) as error:
        # Bytes of an unknown encoding raise LookupError or ValueError.
        raise refusal(error) from error


def _formats(styles: bytes | None) -> dict[str, str]:
    """Return the number formats of the styles by their numbers, without those that change nothing."""
    if styles is None:
        return {}
    root = parse_tree(styles)
    codes = {str(number): code for number, code in BUILTIN.items()}
    codes.update(
        (node.get("numFmtId", ""), node.get("formatCode", "")) for node in root.iterfind("{*}numFmts/{*}numFmt")
    )
    cell_codes = (codes.get(node.get("numFmtId", ""), "General") for node in root.iterfind("{*}cellXfs/{*}xf"))
    return {str(index): code for index, code in enumerate(cell_codes) if code not in ("General", "@")}


class _Reader:
    """Follows the elements of a worksheet. A row or cell without a position comes after the one before."""

    def __init__(self, part: SheetPart, cells: Cells, formats: dict[str, str], budget: Budget) -> None:
        self.xml = part.xml
        self.cells = cells
        self.formats = formats
        self.table = Table(part.name, budget, is_hidden=part.is_hidden)
        self.row = -1
        self.in_data = self.in_row = self.is_hidden = False
        self.has_row_number = False
        self.column = -1
        self.contents: dict[int, Content] = {}  # of the current row, by column
        self.cell: dict[str, str] | None = None
        self.has_formula = False
        self.value: str | None = None
        self.inline: str | None = None
        self.parts: list[str] | None = None  # of the text that is being read, None outside of one
        self.phonetic = False  # inside an element with the pronunciation of a text
        self.starts: dict[str, Callable[[dict[str, str]], None]] = {}
        self.ends: dict[str, Callable[[], None]] = {}

    def grid(self) -> Grid:
        """Read the sheet. Raises ExpatError, TooLargeError and UnreadableError."""
        parser = new_parser()
        parser.StartElementHandler = self.start
        parser.EndElementHandler = self.end
        parser.CharacterDataHandler = self.data
        parser.Parse(self.xml, True)
        return self.table.grid()

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if handler := self.starts.get(name):
            handler(attributes)
        elif self.parts is not None or (self.in_data and name.rpartition(" ")[2] in _CELLS):
            raise UnreadableError
        elif name.rpartition(" ")[2] == "sheetData":
            self.in_data = True
            self.name_elements(name.removesuffix("sheetData"))

    def end(self, name: str) -> None:
        if handler := self.ends.get(name):
            handler()

    def data(self, text: str) -> None:
        if self.parts is not None:
            self.parts.append(text)

    def name_elements(self, space: str) -> None:
        """Handle elements of a namespace, that of the sheet's data: there are two in use, and files without any."""
        starts = {
            "row": self.start_row,
            "c": self.start_cell,
            "f": self.start_formula,
            "v": self.start_text,
            "t": self.start_text,
            "rPh": self.start_phonetic,
            "mergeCell": self.merge,
        }
        ends = {
            "sheetData": self.end_data,
            "row": self.end_row,
            "c": self.end_cell,
            "v": self.end_value,
            "t": self.end_inline,
            "rPh": self.end_phonetic,
        }
        self.starts = {f"{space}{local}": start for local, start in starts.items()}
        self.ends = {f"{space}{local}": end for local, end in ends.items()}

    def end_data(self) -> None:
        self.in_data = False

    # --- Rows --------------------------------------------------------------------------------------------------------
    def start_row(self, attributes: dict[str, str]) -> None:
        if self.in_row:
            raise UnreadableError
        self.in_row = True
        self.has_row_number = "r" in attributes
        self.place_row(_number(attributes["r"]) if self.has_row_number else self.row + 1)
        self.column = -1
        self.contents = {}
        is_flat = "ht" in attributes and not attributes["ht"].strip("0.")
        self.is_hidden = is_flat or attributes.get("hidden") in _TRUE

    def place_row(self, row: int) -> None:
        if row < self.table.next_row:  # given twice or out of order: programs differ in which row they show
            raise UnreadableError
        self.row = row

    def end_row(self) -> None:
        self.table.next_row = self.row
        self.table.start_row(1, is_hidden=self.is_hidden)
        for column, content in sorted(self.contents.items()):
            self.table.column = column
            self.table.add_cell(content)
        self.table.end_row()
        self.in_row = False

    # --- Cells -------------------------------------------------------------------------------------------------------
    def start_cell(self, attributes: dict[str, str]) -> None:
        if not self.in_row or self.cell is not None:
            raise UnreadableError
        self.cell = attributes
        self.has_formula = False
        self.value = self.inline = None
        self.column += 1
        if "r" in attributes:
            row, self.column = _position(attributes["r"])
            if row != self.row:
                if self.has_row_number or self.contents:
                    raise UnreadableError
                self.place_row(row)
        if self.column < MAX_COLUMNS and self.column in self.contents:  # given twice, as with rows
            raise UnreadableError

    def end_cell(self) -> None:
        if self.cell is None:
            return
        column = min(self.column, MAX_COLUMNS)  # one cell stands for all further ones
        if column not in self.contents:
            kind, style = self.cell.get("t", "n"), self.cell.get("s", "0")
            format_code = self.formats.get(style, "General")
            content = self.cells.read(kind, format_code, self.value, self.inline, has_formula=self.has_formula)
            if column < MAX_COLUMNS or any(content):
                self.contents[column] = content
        self.cell = None

    def start_formula(self, _attributes: dict[str, str]) -> None:
        self.has_formula = True

    def start_text(self, _attributes: dict[str, str]) -> None:
        if self.parts is not None:
            raise UnreadableError
        if self.cell is not None and not self.phonetic:
            self.parts = []

    def end_value(self) -> None:
        if self.parts is not None:
            if self.value is not None:  # programs differ in which value they show
                raise UnreadableError
            self.value = "".join(self.parts)
        self.parts = None

    def end_inline(self) -> None:
        if self.parts is not None:
            self.inline = (self.inline or "") + "".join(self.parts)
        self.parts = None

    def start_phonetic(self, _attributes: dict[str, str]) -> None:
        self.phonetic = True

    def end_phonetic(self) -> None:
        self.phonetic = False

    def merge(self, attributes: dict[str, str]) -> None:
        first, _, last = attributes.get("ref", "").partition(":")
        top, left = _position(first)
        bottom, right = _position(last or first)
        self.table.merge(top, left, height=bottom - top + 1, width=right - left + 1)


def _position(reference: str) -> tuple[int, int]:
    """Return row and column of a cell, from 0: (6, 1) for B7. Raises UnreadableError."""
    letters = reference.rstrip(_DIGITS)
    if not (letters.isascii() and letters.isalpha()):
        raise UnreadableError
    column = 0
    for letter in letters:
        column = column * 26 + (ord(letter) & 31)  # some programs write b7
    return _number(reference[len(letters) :]), column - 1


def _number(row: str) -> int:
    """Return the index of a row, from 0, for its number in the file. Raises UnreadableError."""
    if not (row.isascii() and row.isdecimal()) or len(row) > 9 or int(row) < 1:
        raise UnreadableError
    return int(row) - 1
