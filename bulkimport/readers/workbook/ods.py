"""ODS, as LibreOffice, gnumeric, Google and many libraries write it: content.xml is read in one pass.

No library is used: python-calamine refuses files with white space or comments between the cells, with other namespace
prefixes or without the member mimetype, and odfdo takes minutes for a long list.
"""

from __future__ import annotations

import contextlib
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import Final
from xml.parsers import expat

from bulkimport.readers.workbook.grid import MAX_CELL, Grid, UnreadableError
from bulkimport.readers.workbook.ods_cells import read_cell
from bulkimport.readers.workbook.parsing import new_parser, refusal
from bulkimport.readers.workbook.table import UNREADABLE, Budget, Table
from bulkimport.readers.workbook.xlsx_package import part_name

_SPACES: Final = "urn:oasis:names:tc:opendocument:xmlns"
_OFFICE: Final = f"{_SPACES}:office:1.0"
_STYLE: Final = f"{_SPACES}:style:1.0"
_TABLE: Final = f"{_SPACES}:table:1.0"
_TEXT: Final = f"{_SPACES}:text:1.0"
_DRAWN: Final = (f"{_SPACES}:drawing:1.0 ", f"{_SPACES}:dr3d:1.0 ")
# Elements with text or tables that the cells of a sheet do not show.
_ASIDE: Final = {
    f"{_OFFICE} annotation",
    f"{_OFFICE} forms",
    f"{_TABLE} dde-links",
    f"{_TABLE} shapes",
    f"{_TABLE} tracked-changes",
    f"{_TEXT} note",
    f"{_TEXT} ruby-text",
}
_FLAT: Final = re.compile(r"0+(?:\.0*)?[a-z]*")  # a row height of zero, with any unit
_CHUNK: Final = 65_536


def grids(content: bytes) -> Iterator[Grid]:
    """Yield the sheets in their order. Raises TooLargeError and UnreadableError."""
    reader = _Reader()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = {part_name(member.filename): member for member in archive.infolist()}
            if "content.xml" not in members:
                raise UnreadableError
            if "styles.xml" in members:
                # It only tells which sheets are hidden; without it they are all read.
                with contextlib.suppress(expat.ExpatError):
                    list(reader.follow(archive, members["styles.xml"]))
            yield from reader.follow(archive, members["content.xml"])
    except (expat.ExpatError, LookupError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        # Bytes of an unknown encoding raise LookupError or ValueError.
        raise refusal(error) from error


def _count(text: str | None) -> int:
    """Return a number of rows, columns or blanks, 1 if it is not given. Nine digits of it exceed any limit."""
    return max(1, int(text[:9])) if text and text.isdecimal() else 1


class _Reader:
    """Follows the elements of styles.xml and content.xml. It yields a sheet as soon as it is complete."""

    def __init__(self) -> None:
        self.budget = Budget()
        self.complete: list[Grid] = []
        self.count = 0
        self.style = ("", "")  # family and name of the style that is being read
        self.hidden_styles: set[tuple[str, str]] = set()
        self.aside = 0  # depth inside an element that is ignored
        self.in_body = False
        self.table: Table | None = None
        self.hidden_groups: list[bool] = []
        self.cell: dict[str, str] | None = None
        self.has_table = False  # whether the current cell has a table in it
        self.paragraphs: list[str] = []
        self.parts: list[str] | None = None  # of the current paragraph
        self.length = 0  # of the current cell's text
        self.starts: dict[str, Callable[[dict[str, str]], None]] = {
            f"{_OFFICE} body": self.start_body,
            f"{_STYLE} style": self.start_style,
            f"{_STYLE} default-style": self.start_style,
            f"{_STYLE} table-properties": self.start_properties,
            f"{_STYLE} table-row-properties": self.start_row_properties,
            f"{_TABLE} table": self.start_table,
            f"{_TABLE} scenario": self.start_scenario,
            f"{_TABLE} table-row-group": self.start_group,
            f"{_TABLE} table-row": self.start_row,
            f"{_TABLE} table-cell": self.start_cell,
            f"{_TABLE} covered-table-cell": self.start_cell,
            f"{_TEXT} p": self.start_paragraph,
            f"{_TEXT} s": lambda attributes: self.data(" " * min(_count(attributes.get(f"{_TEXT} c")), MAX_CELL)),
            f"{_TEXT} tab": lambda _attributes: self.data("\t"),
            f"{_TEXT} line-break": lambda _attributes: self.data("\n"),
        }
        self.ends: dict[str, Callable[[], None]] = {
            f"{_TABLE} table": self.end_table,
            f"{_TABLE} table-row-group": self.end_group,
            f"{_TABLE} table-row": self.end_row,
            f"{_TABLE} table-cell": self.end_cell,
            f"{_TABLE} covered-table-cell": self.end_cell,
            f"{_TEXT} p": self.end_paragraph,
        }

    def follow(self, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[Grid]:
        """Read a document to its end. Raises ExpatError, TooLargeError and UnreadableError."""
        parser = new_parser()
        parser.StartElementHandler = self.start
        parser.EndElementHandler = self.end
        parser.CharacterDataHandler = self.data
        with archive.open(member) as document:
            while chunk := document.read(_CHUNK):
                parser.Parse(chunk)
                yield from self.complete
                self.complete.clear()
        parser.Parse(b"", True)
        yield from self.complete

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if self.aside:
            self.aside += 1
        elif handler := self.starts.get(name):
            handler(attributes)
        elif name in _ASIDE or name.startswith(_DRAWN):
            self.aside = 1

    def end(self, name: str) -> None:
        if self.aside:
            self.aside -= 1
        elif handler := self.ends.get(name):
            handler()

    def data(self, text: str) -> None:
        if self.parts is not None and not self.aside and self.length < MAX_CELL:
            self.parts.append(text)
            self.length += len(text)

    # --- Sheets and rows ---------------------------------------------------------------------------------------------
    def start_body(self, _attributes: dict[str, str]) -> None:
        self.in_body = True

    def start_style(self, attributes: dict[str, str]) -> None:
        self.style = attributes.get(f"{_STYLE} family", ""), attributes.get(f"{_STYLE} name", "")

    def start_properties(self, attributes: dict[str, str]) -> None:
        if self.style[1] and attributes.get(f"{_TABLE} display") == "false":
            self.hidden_styles.add(self.style)

    def start_row_properties(self, attributes: dict[str, str]) -> None:
        is_fitted = attributes.get(f"{_STYLE} use-optimal-row-height") == "true"
        if self.style[1] and _FLAT.fullmatch(attributes.get(f"{_STYLE} row-height", "")) and not is_fitted:
            self.hidden_styles.add(self.style)

    def start_table(self, attributes: dict[str, str]) -> None:
        name = attributes.get(f"{_TABLE} name", "")
        # LibreOffice stores copies of cells of other files, '/home/jan/list.ods'#$Sheet1, and does not show them.
        if not self.in_body or self.table or (name.startswith("'") and "'#$" in name):
            self.has_table = True
            self.aside = 1
            return
        self.count += 1
        is_hidden = ("table", attributes.get(f"{_TABLE} style-name", "")) in self.hidden_styles
        self.table = Table(name or f"Sheet{self.count}", self.budget, is_hidden=is_hidden)

    def end_table(self) -> None:
        if self.table:
            self.complete.append(self.table.grid())
        self.table = None

    def start_scenario(self, _attributes: dict[str, str]) -> None:
        """Make the sheet hidden: a scenario has other values for the cells of the sheet before it."""
        if self.table:
            self.table.is_hidden = True

    def start_group(self, attributes: dict[str, str]) -> None:
        self.hidden_groups.append(attributes.get(f"{_TABLE} display") == "false")

    def end_group(self) -> None:
        self.hidden_groups.pop()

    def start_row(self, attributes: dict[str, str]) -> None:
        if self.table:
            is_flat = ("table-row", attributes.get(f"{_TABLE} style-name", "")) in self.hidden_styles
            is_hidden = attributes.get(f"{_TABLE} visibility") in ("collapse", "filter") or any(self.hidden_groups)
            repeated = _count(attributes.get(f"{_TABLE} number-rows-repeated"))
            self.table.start_row(repeated, is_hidden=is_hidden or is_flat)

    def end_row(self) -> None:
        if self.table:
            self.table.end_row()

    # --- Cells -------------------------------------------------------------------------------------------------------
    def start_cell(self, attributes: dict[str, str]) -> None:
        self.cell = attributes
        self.has_table = False
        self.paragraphs = []
        self.length = 0

    def end_cell(self) -> None:
        if self.table is None or self.cell is None:
            return
        # Blanks are not collapsed, as in the two programs that were tried.
        shown = "\n".join(self.paragraphs)[:MAX_CELL] if self.paragraphs else None
        self.table.add_cell(
            UNREADABLE if self.has_table else read_cell(self.cell, shown),
            repeated=_count(self.cell.get(f"{_TABLE} number-columns-repeated")),
            height=_count(self.cell.get(f"{_TABLE} number-rows-spanned")),
            width=_count(self.cell.get(f"{_TABLE} number-columns-spanned")),
        )
        self.cell = None

    def start_paragraph(self, _attributes: dict[str, str]) -> None:
        if self.cell is not None:
            self.parts = []

    def end_paragraph(self) -> None:
        if self.parts is not None:
            self.paragraphs.append("".join(self.parts))
        self.parts = None
