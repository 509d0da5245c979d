"""What travels between the steps of an import: cells, rows, problems, drafts and the plan. Data, nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

from django.utils.translation import gettext_lazy as _

# A row in a form or an anchor: perhaps the number of its sheet, and its line.
_KEY: Final = re.compile(r"(?:([0-9]{1,2})-)?([0-9]{1,9})")


class Field(StrEnum):
    """What a column of the list may be. A domain is joined to its row's e-mail by the reader, so no row has it."""

    EMAIL = "email"
    PASSWORD = "password"  # noqa: S105 - the name of a column
    QUOTA = "quota"
    FORWARD = "forward"
    KEEP_COPY = "keep_copy"
    DOMAIN = "domain"


ROW_FIELDS: Final = tuple(field for field in Field if field is not Field.DOMAIN)  # the cells of a row


class Level(StrEnum):
    """An error stops the creation; a warning does not."""

    ERROR = "error"
    WARNING = "warning"


class Place(NamedTuple):
    """Where a row stands: its sheet, None for text and where one sheet alone was read, and its line.

    `line` is the number that a person sees in their editor or spreadsheet, where the header counts.
    """

    sheet: str | None
    line: int


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a row or, where `line` is None, with the file as a whole.

    `code` is a stable snake_case word; `message` is one sentence in the language of the moment. Never a password.
    suggestion: the value to write in the place of the cell's, where one is sure; else empty.
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
        """The row that it belongs to, None for one of the file as a whole."""
        return None if self.line is None else Place(self.sheet, self.line)


# The encodings that can be read, and how people call them.
ENCODING_NAMES: Final = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8",
    "utf-16": "UTF-16",
    "cp1250": "Windows-1250",
    "iso-8859-2": "ISO-8859-2",
    "cp852": "CP852",
    "mac-latin2": "Mac (Central Europe)",
}

# The separators that can be read, the likeliest first, and what they are called.
SEPARATOR_NAMES: Final = {",": _("comma"), ";": _("semicolon"), "\t": _("tab"), "|": _("vertical bar")}


@dataclass(frozen=True, slots=True)
class SheetChoice:
    """How a person has said that one sheet is to be read; None stands for "work it out".

    is_read: whether it is ticked. header_line: the line that names the columns, 0 for "there is none". columns: what
    each column is, None for one that is not used. domain: what to add to an e-mail that has no @; empty for nothing.
    taken_back: the lines that are rows although they look like titles, comments or totals.
    """

    is_read: bool | None = None
    header_line: int | None = None
    columns: tuple[Field | None, ...] | None = None
    domain: str = ""
    taken_back: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Reading:
    """How a person has said that a file is to be read; None stands for "work it out".

    encoding: one of ENCODING_NAMES. separator: one of SEPARATOR_NAMES. sheets: by name, "" for that of a text.
    """

    encoding: str | None = None
    separator: str | None = None
    sheets: Mapping[str, SheetChoice] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a file is written, as it was read.

    format: csv, xlsx, xls or ods, None where that is unknown. encoding and separator: None for a spreadsheet.
    """

    format: str | None = None
    encoding: str | None = None
    separator: str | None = None


@dataclass(frozen=True, slots=True)
class ColumnSummary:
    """A column as a person is shown it.

    letter: as a spreadsheet names it, A, B and so on. name: what the header calls it, empty where that may be a secret.
    field: what it is read as, or what it most likely is where the sheet is not read; None: not used. by: "name",
    "likeness" (its name looks like one of ours) or "content", by which that was told, "choice" where a person has said
    it, empty for a column that is not used. filled: how many cells below the header hold text.
    """

    letter: str
    name: str
    field: Field | None
    by: str = ""
    filled: int = 0


@dataclass(frozen=True, slots=True)
class LineSummary:
    """One of the first lines of a sheet, or one that was left out, as it stands in the file.

    kind: "header", "row", "left_out" or "blank". cells: as they are, passwords included.
    """

    line: int
    kind: str
    cells: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class SheetSummary:
    """One sheet of a file and what was made of it, to show and to choose from. Text has one, whose name is empty.

    number: from 1, in the order of the file. rows: how many accounts it has or would have; where it has no column of
    addresses, how many lines with text. left_out: the lines that are no accounts, and are not counted in rows.
    header_line: the line with the names of the columns, 0 where there is none. has_addresses: whether a column of
    addresses was found. is_chosen: whether a person has said that it is to be read, or not. preview: the first lines,
    then those below them that were left out.
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
    """One account as it stands in the file: the text of its cells, and what the reader itself found wrong with it."""

    line: int
    cells: Mapping[Field, str] = field(repr=False)  # may hold a password
    problems: tuple[Problem, ...] = ()
    surplus: str = field(default="", repr=False)  # the first text that belongs to no column
    corrected: frozenset[Field] = frozenset()  # the cells that a person has written on the page
    sheet: str | None = None  # None for text, and where one sheet alone was read

    @property
    def place(self) -> Place:
        return Place(self.sheet, self.line)


@dataclass(frozen=True, slots=True)
class FileRows:
    """A file as the reader understood it. `rows_read == len(rows) + left_out + blank` unless an error is of the file.

    rows_read: all lines of the sheets that were read but their headers, blank ones included. left_out: lines above a
    header, totals, comments and repeated headers. When a problem of level error is among `problems`, `rows` may be
    empty although rows_read is not.
    columns: the fields that the file has, in its order. sheets: all that have text in them, and what was made of each.
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
        """Return a place as the pages name it in forms and anchors: `14`, or `2-14` in the second sheet of a workbook.

        It stays the same when other sheets of the workbook are read.
        """
        if len(self.sheets) < 2:
            return str(place.line)
        name = self.sheet_of(place)
        return f"{next(sheet.number for sheet in self.sheets if sheet.name == name)}-{place.line}"

    def place(self, key: str) -> Place | None:
        """Return the place that a page has named, None where there can be none of that name."""
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

    def sheet_of(self, place: Place) -> str:
        """Return the name of the sheet that a place is in, also where one sheet alone was read; empty for text."""
        return place.sheet or next((sheet.name for sheet in self.sheets if sheet.is_read), "")


@dataclass(frozen=True, slots=True)
class Draft:
    """An account ready to be written. `password` is None where one will be generated."""

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
    def local_part(self) -> str:
        return self.address.partition("@")[0]

    @property
    def place(self) -> Place:
        return Place(self.sheet, self.line)


@dataclass(frozen=True, slots=True)
class Plan:
    """The checked rows of a file: drafts and problems.

    `rows_read == len(drafts) + len(error_places) + left_out + blank`. Not where one error stands for the whole file,
    because it could not be read or was imported before; every row that is neither blank, left out nor a draft counts as
    one with errors then.
    """

    file: FileRows
    drafts: tuple[Draft, ...]
    problems: tuple[Problem, ...]

    @property
    def repeat(self) -> str:
        """What is said about a file that was imported before; else empty."""
        return next((problem.message for problem in self.problems if problem.code == "already_imported"), "")

    @property
    def file_errors(self) -> tuple[Problem, ...]:
        """The errors that belong to no row: with one of them nothing can be created, not even the good rows."""
        return tuple(p for p in self.problems if p.line is None and p.level is Level.ERROR)

    @property
    def error_places(self) -> tuple[Place, ...]:
        """The rows that cannot become an account, in the order of the file."""
        faulty = {p.place for p in self.problems if p.level is Level.ERROR}
        return tuple(row.place for row in self.file.rows if row.place in faulty)

    @property
    def unread_sheets(self) -> tuple[SheetSummary, ...]:
        """The sheets with text in them that were not read although nobody has said so."""
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
        """Whether everything in the file can be created."""
        return bool(self.drafts) and not self.file_errors and not self.error_places

    @property
    def can_create_good_rows(self) -> bool:
        """Whether the rows without errors can be created while the others are left out."""
        return bool(self.drafts) and not self.file_errors and bool(self.error_places)
