"""The data that is passed between the steps of an import: rows, problems, drafts and the plan."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum, auto
from typing import Final, NamedTuple

from django.utils.translation import gettext_lazy as _

# The key of a row in forms and anchors: its line, after the number of its sheet where there are several.
_KEY: Final = re.compile(r"(?:([0-9]{1,2})-)?([0-9]{1,9})")


class Field(StrEnum):
    """What a column of the list may hold. The values (email, password, ...) are stored, and scripts rely on them.

    The reader joins a domain to the e-mail of its row, so a Row has no DOMAIN.
    """

    EMAIL = auto()
    PASSWORD = auto()
    QUOTA = auto()
    FORWARD = auto()
    KEEP_COPY = auto()
    DOMAIN = auto()


ROW_FIELDS: Final = tuple(field for field in Field if field is not Field.DOMAIN)


class Level(StrEnum):
    """An error stops the creation; a warning does not."""

    ERROR = "error"
    WARNING = "warning"


class Place(NamedTuple):
    """The place of a row. sheet: None for a text file, and where only one sheet was read.

    line: the number that an editor or spreadsheet shows; it counts the header.
    """

    sheet: str | None
    line: int


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a row or, where `line` is None, with the file as a whole.

    code: a stable snake_case word. message: one sentence in the active language; never a password. suggestion: the
    correct value of the cell, where it is certain; else empty.
    """

    code: str
    message: str
    line: int | None = None
    field: Field | None = None
    level: Level = Level.ERROR
    sheet: str | None = None
    suggestion: str = ""

    @property
    def place(self) -> Place | None:
        """The row that it belongs to; None for a problem of the whole file."""
        return None if self.line is None else Place(self.sheet, self.line)


# The encodings that can be read, and their names.
ENCODING_NAMES: Final = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8",
    "utf-16": "UTF-16",
    "cp1250": "Windows-1250",
    "iso-8859-2": "ISO-8859-2",
    "cp852": "CP852",
    "mac-latin2": "Mac (Central Europe)",
}

# The separators that can be read, the most likely first, and their names.
SEPARATOR_NAMES: Final = {",": _("comma"), ";": _("semicolon"), "\t": _("tab"), "|": _("vertical bar")}


@dataclass(frozen=True, slots=True)
class SheetChoice:
    """How a person has chosen to read one sheet; None means "detect it".

    is_read: whether it is ticked. header_line: the line with the column names, 0 for none. columns: the field of each
    column, None for an unused one. domain: what to add to an e-mail without @; empty for nothing. taken_back: the lines
    that are rows although they look like titles, comments or totals.
    """

    is_read: bool | None = None
    header_line: int | None = None
    columns: tuple[Field | None, ...] | None = None
    domain: str = ""
    taken_back: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Reading:
    """How a person has chosen to read a file; None means "detect it".

    encoding: one of ENCODING_NAMES. separator: one of SEPARATOR_NAMES. sheets: by name, which is "" for a text file.
    """

    encoding: str | None = None
    separator: str | None = None
    sheets: Mapping[str, SheetChoice] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a file was read.

    format: csv, xlsx, xls or ods; None if unknown. encoding and separator: None for a spreadsheet.
    """

    format: str | None = None
    encoding: str | None = None
    separator: str | None = None


@dataclass(frozen=True, slots=True)
class ColumnSummary:
    """A column as it is shown to a person.

    letter: A, B and so on, as in a spreadsheet. name: that in the header; empty where it may be a secret. field: what
    it is read as, or would be if its sheet were read; None: not used. by: how that was recognised: "name", "likeness"
    (its name resembles one of ours), "content", or "choice" (by a person); empty for an unused column. filled: the
    number of cells below the header with text.
    """

    letter: str
    name: str
    field: Field | None
    by: str = ""
    filled: int = 0


@dataclass(frozen=True, slots=True)
class LineSummary:
    """One of the first lines of a sheet, or one that was left out.

    kind: "header", "row", "left_out" or "blank". cells: unchanged texts, passwords included.
    """

    line: int
    kind: str
    cells: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class SheetSummary:
    """One sheet of a file, and how it was read. A text file has one, whose name is empty.

    number: from 1, in the order of the file. is_chosen: whether a person has chosen that it is read, or is not.
    has_addresses: whether a column of addresses was recognised. rows: the number of accounts that it has, or would have
    if it were read; without a column of addresses, the number of lines with text. left_out: lines that are not accounts
    and not counted in rows. header_line: the line with the column names, 0 for none. preview: the first lines, then
    those below them that were left out.
    """

    number: int
    name: str
    is_read: bool
    is_chosen: bool = False
    is_hidden: bool = False
    has_addresses: bool = False
    rows: int = 0
    left_out: tuple[int, ...] = ()
    header_line: int = 0
    columns: tuple[ColumnSummary, ...] = ()
    preview: tuple[LineSummary, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """One account as the file has it: the texts of its cells, and the problems that the reader has noticed."""

    line: int
    cells: Mapping[Field, str] = field(repr=False)  # may hold a password
    problems: tuple[Problem, ...] = ()
    surplus: str = field(default="", repr=False)  # the first text beyond the columns
    corrected: frozenset[Field] = frozenset()  # the cells that a person has corrected
    sheet: str | None = None  # as in Place

    @property
    def place(self) -> Place:
        return Place(self.sheet, self.line)


@dataclass(frozen=True, slots=True)
class FileRows:
    """The result of reading a file. `rows_read == len(rows) + left_out + blank`, unless the whole file has an error.

    rows_read: the number of all lines of the sheets that were read, blank ones included, headers not. left_out: the
    number of lines above a header, totals, comments and repeated headers. If `problems` has an error, `rows` may be
    empty although rows_read is not 0. columns: the fields that the file has, in its order. sheets: all sheets with
    text.
    """

    dialect: Dialect
    columns: tuple[Field, ...] = ()
    rows: tuple[Row, ...] = ()
    rows_read: int = 0
    blank: int = 0
    left_out: int = 0
    problems: tuple[Problem, ...] = ()
    sheets: tuple[SheetSummary, ...] = ()

    def key(self, place: Place) -> str:
        """Return the key of a place in forms and anchors: `14`, or `2-14` in the second sheet of a workbook.

        It does not depend on which sheets are read.
        """
        if len(self.sheets) < 2:
            return str(place.line)
        name = self.find_sheet_name(place)
        return f"{next(sheet.number for sheet in self.sheets if sheet.name == name)}-{place.line}"

    def place(self, key: str) -> Place | None:
        """Return the place that belongs to a key; None if the key is invalid."""
        match = _KEY.fullmatch(key)
        if not match:
            return None
        line = int(match[2])
        if match[1] is None:
            return Place(None, line) if len(self.sheets) < 2 else None
        sheet = next((sheet for sheet in self.sheets if sheet.number == int(match[1])), None)
        if sheet is None:
            return None
        is_alone = sheet.is_read and sum(other.is_read for other in self.sheets) == 1
        return Place(None if is_alone else sheet.name, line)

    def find_sheet_name(self, place: Place) -> str:
        """Return the name of a place's sheet, also where only one was read; empty for a text file."""
        return place.sheet or next((sheet.name for sheet in self.sheets if sheet.is_read), "")


@dataclass(frozen=True, slots=True)
class Draft:
    """An account that can be created. password: None where one will be generated."""

    line: int
    address: str
    domain_id: int
    quota_mb: int
    quota_is_default: bool
    destinations: tuple[str, ...]
    keep_copy: bool
    password: str | None = field(repr=False)
    sheet: str | None = None

    @property
    def place(self) -> Place:
        return Place(self.sheet, self.line)


@dataclass(frozen=True, slots=True)
class Plan:
    """The checked rows of a file: drafts and problems.

    `rows_read == len(drafts) + len(error_places) + left_out + blank`, unless the whole file has an error because it
    could not be read or was imported before. Then every row that is neither blank, left out nor a draft counts as one
    with errors.
    """

    file: FileRows
    drafts: tuple[Draft, ...]
    problems: tuple[Problem, ...]

    @property
    def repeat(self) -> str:
        """The message about a file that was imported before; else empty."""
        return next((problem.message for problem in self.problems if problem.code == "already_imported"), "")

    @property
    def file_errors(self) -> tuple[Problem, ...]:
        """The errors of the whole file. With any of them, not even the rows without errors can be created."""
        return tuple(p for p in self.problems if p.line is None and p.level is Level.ERROR)

    @property
    def error_places(self) -> tuple[Place, ...]:
        """The rows with errors, in the order of the file."""
        faulty = {p.place for p in self.problems if p.level is Level.ERROR}
        return tuple(row.place for row in self.file.rows if row.place in faulty)

    @property
    def unread_sheets(self) -> tuple[SheetSummary, ...]:
        """The sheets with text that were not read although nobody has chosen that."""
        return tuple(sheet for sheet in self.file.sheets if not sheet.is_read and not sheet.is_chosen)

    @property
    def counts(self) -> dict[str, int]:
        """rows, blank, left_out, drafts, errors (rows with errors) and warnings (rows with warnings and no errors)."""
        warned = {p.place for p in self.problems if p.level is Level.WARNING and p.line is not None}
        return {
            "rows": self.file.rows_read,
            "blank": self.file.blank,
            "left_out": self.file.left_out,
            "drafts": len(self.drafts),
            "errors": self.file.rows_read - self.file.blank - self.file.left_out - len(self.drafts),
            "warnings": len(warned - set(self.error_places)),
        }

    @property
    def can_create(self) -> bool:
        """Whether all rows can be created."""
        return bool(self.drafts) and not self.file_errors and not self.error_places

    @property
    def can_create_good_rows(self) -> bool:
        """Whether the rows without errors can be created if those with errors are left out."""
        return bool(self.drafts) and not self.file_errors and bool(self.error_places)
