"""The child process that opens a spreadsheet: the file comes on standard input, JSON goes to standard output.

A spreadsheet of a few kilobytes can make the library ask for half a terabyte and abort the process, so it is opened
here, under limits, and not in the web server. This file is run on its own (`python -I sheet_child.py`) and imports
nothing of the project.

The answer is `{"sheets": [{"name", "rows", "cut"}]}` or `{"refused": code}`. `rows` are lists of texts from the sheet's
first row and column on, without empty cells and rows at the end; null is a cell that the file has and the library does
not give. `cut` tells that the sheet has more than MAX_ROWS rows. In a row wider than MAX_COLUMNS the last cell stands
for all the surplus ones.
"""

from __future__ import annotations

import datetime
import io
import json
import math
import resource
import sys
import zipfile
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree
from xml.parsers import expat

MEMORY = 512 * 1024 * 1024  # bytes of address space
CPU_SECONDS = 5
MAX_SHEETS = 20
MAX_ROWS = 20_000
MAX_COLUMNS = 100
MAX_CELL = 10_001  # characters: one more than the reader accepts, so that it sees what is too long
MAX_TEXT = 16_000_000  # characters of all cells together

_DOCUMENT = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
_TABLE = "urn:oasis:names:tc:opendocument:xmlns:table:1.0"
_OFFICE = "urn:oasis:names:tc:opendocument:xmlns:office:1.0"
_TEXT = "urn:oasis:names:tc:opendocument:xmlns:text:1.0"
_DRAWING = "urn:oasis:names:tc:opendocument:xmlns:drawing:1.0"
_CALC = "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"

Position = tuple[int, int]  # row and column, from 0


class TooLargeError(Exception):
    """The sheets have more text than any list of accounts."""


def limit_resources() -> None:
    """Give this process what a list of accounts needs and no more; beyond it the system ends the process."""
    for kind, limit in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, 32),
    ):
        resource.setrlimit(kind, (limit, limit))


def answer(content: bytes) -> dict[str, Any]:
    """Return what the parent is told about a file, as the module describes it."""
    # Not before the limits are set.
    from python_calamine import CalamineError, PasswordError

    try:
        return {"sheets": list(sheets(content))}
    except PasswordError:
        return {"refused": "sheet_encrypted"}
    except (CalamineError, ElementTree.ParseError, expat.ExpatError):
        return {"refused": "sheet_unreadable"}
    except (MemoryError, TooLargeError):
        return {"refused": "sheet_too_large"}


def sheets(content: bytes) -> Iterator[dict[str, Any]]:
    """Yield the first visible worksheets. Raises TooLargeError and the library's CalamineError."""
    from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

    workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
    lost = lost_cells(content)
    budget = MAX_TEXT
    given = 0
    for index, metadata in enumerate(workbook.sheets_metadata):
        if metadata.visible != SheetVisibleEnum.Visible or metadata.typ != SheetTypeEnum.WorkSheet:
            continue
        given += 1
        if given > MAX_SHEETS:
            return
        sheet = workbook.get_sheet_by_index(index)
        # The empty area above the first cell counts, or row numbers would not be the ones that people see.
        cells = sheet.to_python(skip_empty_area=False, nrows=MAX_ROWS)
        rows = texts(cells, lost.get(metadata.name, set()))
        budget -= sum(len(text) + 1 for row in rows for text in row if text) + len(rows)
        if budget < 0:
            raise TooLargeError
        yield {"name": metadata.name, "rows": rows, "cut": sheet.end is not None and sheet.end[0] >= MAX_ROWS}


def texts(cells: list[list[Any]], lost: set[Position]) -> list[list[str | None]]:
    """Return the cells as texts, with null for the lost ones, without the empty ones at the end of rows and sheet."""
    lost_in: dict[int, list[int]] = {}
    for row, column in lost:
        if row < MAX_ROWS:
            lost_in.setdefault(row, []).append(min(column, MAX_COLUMNS))
    height = max(len(cells), *(row + 1 for row in lost_in), 0)
    rows = [_row(cells[number]) if number < len(cells) else [] for number in range(height)]
    for number, columns in lost_in.items():
        for column in columns:
            rows[number].extend([""] * (column + 1 - len(rows[number])))
            rows[number][column] = None
    while rows and not rows[-1]:
        rows.pop()
    return rows


def _row(cells: list[Any]) -> list[str | None]:
    width = len(cells)
    while width and cells[width - 1] in ("", None):
        width -= 1
    row: list[str | None] = [as_text(cell) for cell in cells[: min(width, MAX_COLUMNS)]]
    if width > MAX_COLUMNS:
        row.append(as_text(next(cell for cell in cells[MAX_COLUMNS:] if cell not in ("", None))))
    return row


def as_text(value: Any) -> str:
    """Return the text of a cell as a person would type it.

    Numbers are whole where they are whole and never in scientific notation; dates and times have no letters. So what a
    spreadsheet took for a number or a date cannot pass as a password with letters and digits that nobody chose.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if not math.isfinite(value):
            return str(value)
        return str(int(value)) if value.is_integer() else format(Decimal(repr(value)), "f")
    if isinstance(value, datetime.timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"
    return str(value)[:MAX_CELL]


def lost_cells(content: bytes) -> dict[str, set[Position]]:
    """Return, by sheet, the cells that have something in the file and come as empty, or as another text, from the
    library.

    XLSX: a formula's error, and a formula that no program has computed. ODS: a formula's error, a time, and text in a
    cell that does not say its type. XLS is not looked into. Raises ParseError or ExpatError for XML that is not well
    formed: without this second look a password could be lost, so the file is refused.
    """
    if not content.startswith(b"PK"):
        return {}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = set(archive.namelist())
        if "content.xml" in names:
            return _lost_in_ods(archive.read("content.xml"))
        if not {"xl/workbook.xml", "xl/_rels/workbook.xml.rels"} <= names:
            return {}
        # Under limits here, and what the library makes of the file is what counts.
        links = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))  # noqa: S314
        workbook = ElementTree.fromstring(archive.read("xl/workbook.xml"))  # noqa: S314
        targets = {link.get("Id"): link.get("Target", "") for link in links.iter(f"{{{_PACKAGE}}}Relationship")}
        lost = {}
        for sheet in workbook.iter(f"{{{_DOCUMENT}}}sheet"):
            target = targets.get(sheet.get(f"{{{_RELATION}}}id"), "")
            path = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
            if path in names:
                lost[sheet.get("name", "")] = _lost_in_xlsx(archive.read(path))
        return lost


def _lost_in_xlsx(xml: bytes) -> set[Position]:
    cells = _XlsxCells()
    if b"<f" in xml or b'"e"' in xml or b"'e'" in xml:
        _follow(xml, cells)
    return cells.lost


def _follow(xml: bytes, cells: _XlsxCells | _OdsCells) -> None:
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler, parser.EndElementHandler = cells.start, cells.end
    parser.CharacterDataHandler = cells.data
    parser.Parse(xml, True)


class _XlsxCells:
    """Follows the cells of a worksheet. Rows and cells need not say where they are; then they follow on."""

    def __init__(self) -> None:
        self.lost: set[Position] = set()
        self.row = self.column = -1
        self.kind = ""
        self.in_value = self.has_formula = self.has_value = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == f"{_DOCUMENT} row":
            self.row = int(attributes["r"]) - 1 if "r" in attributes else self.row + 1
            self.column = -1
        elif name == f"{_DOCUMENT} c":
            place = attributes.get("r")
            self.row, self.column = _position(place) if place else (self.row, self.column + 1)
            self.kind = attributes.get("t", "n")
            self.has_formula = self.has_value = False
        elif name == f"{_DOCUMENT} f":
            self.has_formula = True
        self.in_value = name == f"{_DOCUMENT} v"

    def data(self, text: str) -> None:
        self.has_value |= self.in_value and bool(text.strip())

    def end(self, name: str) -> None:
        # An empty text is a result; a number without digits is a formula that no program has computed.
        uncomputed = self.kind == "n" and self.has_formula and not self.has_value
        if name == f"{_DOCUMENT} c" and (self.kind == "e" or uncomputed):
            self.lost.add((self.row, self.column))


def _position(reference: str) -> Position:
    """Return the place of a cell such as B7: (6, 1)."""
    letters = reference.rstrip("0123456789")
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - 64
    return int(reference[len(letters) :] or 1) - 1, column - 1


class _OdsCells:
    """Follows the cells of content.xml."""

    def __init__(self) -> None:
        self.lost: dict[str, set[Position]] = {}
        self.sheet: set[Position] = set()
        self.row = self.column = 0
        self.height = self.width = 1
        self.suspect = self.in_text = False
        self.aside = 0  # how deep in a comment or a drawing, whose text is no cell's

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if self.aside or name in (f"{_OFFICE} annotation", f"{_TABLE} shapes") or name.startswith(_DRAWING):
            self.aside += 1
        elif name == f"{_TABLE} table":
            self.sheet = self.lost.setdefault(attributes.get(f"{_TABLE} name", ""), set())
            self.row = self.column = 0
        elif name == f"{_TABLE} table-row":
            self.height = _count(attributes.get(f"{_TABLE} number-rows-repeated"))
            self.column = 0
        elif name in (f"{_TABLE} table-cell", f"{_TABLE} covered-table-cell"):
            self.width = _count(attributes.get(f"{_TABLE} number-columns-repeated"))
            # A time of more than a day comes as PT36H00M00S, which would do as a password; no column holds times.
            kind = attributes.get(f"{_OFFICE} value-type")
            self.suspect = kind in (None, "time") or attributes.get(f"{_CALC} value-type") == "error"
            self.in_text = False
        elif name == f"{_TEXT} p":
            self.in_text = True
        elif name in (f"{_TEXT} tab", f"{_TEXT} line-break"):
            self.lose()  # the library leaves them out, and so joins what they keep apart

    def data(self, text: str) -> None:
        if self.suspect and self.in_text and not self.aside and text.strip():
            self.lose()

    def lose(self) -> None:
        self.suspect = False
        column = min(self.column, MAX_COLUMNS)  # one stands for all the surplus ones
        if (self.row, column) not in self.sheet:
            self.sheet.update((row, column) for row in range(self.row, min(self.row + self.height, MAX_ROWS)))

    def end(self, name: str) -> None:
        if self.aside:
            self.aside -= 1
        elif name in (f"{_TABLE} table-cell", f"{_TABLE} covered-table-cell"):
            self.column += self.width
            self.suspect = False
        elif name == f"{_TABLE} table-row":
            self.row += self.height


def _count(text: str | None) -> int:
    return int(text) if text and text.isdecimal() else 1


def _lost_in_ods(xml: bytes) -> dict[str, set[Position]]:
    cells = _OdsCells()
    _follow(xml, cells)
    return cells.lost


def main() -> None:
    """Answer about the file on standard input."""
    limit_resources()
    try:
        text = json.dumps(answer(sys.stdin.buffer.read())).encode()
    except MemoryError:
        text = json.dumps({"refused": "sheet_too_large"}).encode()
    sys.stdout.buffer.write(text)


if __name__ == "__main__":
    main()
