"""What travels between the steps of an import: cells, rows, problems, drafts and the plan. Data, nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from django.utils.translation import gettext_lazy as _


class Field(StrEnum):
    """A column of the file."""

    EMAIL = "email"
    PASSWORD = "password"  # noqa: S105 - the name of a column
    QUOTA = "quota"
    FORWARD = "forward"
    KEEP_COPY = "keep_copy"


class Level(StrEnum):
    """An error stops the creation; a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a row or, where `line` is None, with the file as a whole.

    `code` is a stable snake_case word; `message` is one sentence in the language of the moment. Never a password.
    """

    code: str
    message: str
    line: int | None = None
    field: Field | None = None
    level: Level = Level.ERROR


# The encodings that can be read, and how people call them.
ENCODING_NAMES: Final = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8",
    "utf-16": "UTF-16",
    "cp1250": "Windows-1250",
    "iso-8859-2": "ISO-8859-2",
    "cp852": "CP852",
}

# The separators that can be read, the likeliest first, and what they are called.
SEPARATOR_NAMES: Final = {",": _("comma"), ";": _("semicolon"), "\t": _("tab"), "|": _("vertical bar")}


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a file is written. What a person has set is in `chosen` form: None means "work it out".

    format: csv, xlsx, xls or ods. encoding: utf-8, utf-8-sig, utf-16, cp1250, iso-8859-2 or cp852. separator: one of
    SEPARATOR_NAMES. Both are None for a spreadsheet, which has `sheet`. has_header: whether the first line that is not
    blank names the columns. columns: what each column of the file is, None for one that is not used.
    """

    format: str | None = None
    encoding: str | None = None
    separator: str | None = None
    has_header: bool | None = None
    sheet: str | None = None
    columns: tuple[Field | None, ...] | None = None


@dataclass(frozen=True, slots=True)
class FoundColumn:
    """A column as a person sees it: its name in the header, and a value of it. Empty where it may be a secret."""

    name: str
    hint: str


@dataclass(frozen=True, slots=True)
class Row:
    """One account as it stands in the file: the text of its cells, and what the reader itself found wrong with it.

    `line` is the number that a person sees in their editor or spreadsheet, where the header counts.
    """

    line: int
    cells: Mapping[Field, str] = field(repr=False)  # may hold a password
    problems: tuple[Problem, ...] = ()
    surplus: str = field(default="", repr=False)  # the first text that belongs to no column
    corrected: frozenset[Field] = frozenset()  # the cells that a person has written on the page


@dataclass(frozen=True, slots=True)
class FileRows:
    """A file as the reader understood it.

    rows_read: all rows after the header, blank ones included. When a problem of level error is among `problems`,
    `rows` may be empty although rows_read is not.
    columns: the known columns in the order of the file, None for one that is not used.
    sheets: the names of a spreadsheet's visible sheets, to choose another.
    found: the columns that have a name or a value, to say what they are; none where there are too many.
    """

    dialect: Dialect
    columns: tuple[Field | None, ...] = ()
    rows: tuple[Row, ...] = ()
    rows_read: int = 0
    blank: int = 0
    problems: tuple[Problem, ...] = ()
    sheets: tuple[str, ...] = ()
    found: tuple[FoundColumn, ...] = ()


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

    @property
    def local_part(self) -> str:
        return self.address.partition("@")[0]


@dataclass(frozen=True, slots=True)
class Plan:
    """The checked rows of a file: drafts and problems. `rows_read == len(drafts) + len(error_lines) + blank`.

    Not where one error stands for the whole file, because it could not be read or was imported before; every row that
    is neither blank nor a draft counts as one with errors then.
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
    def error_lines(self) -> tuple[int, ...]:
        """The lines of rows that cannot become an account, in order."""
        return tuple(sorted({p.line for p in self.problems if p.line is not None and p.level is Level.ERROR}))

    @property
    def counts(self) -> dict[str, int]:
        """rows, blank, drafts, errors (rows with errors) and warnings (rows with warnings and without errors)."""
        lines = Counter(p.line for p in self.problems if p.level is Level.WARNING and p.line is not None)
        return {
            "rows": self.file.rows_read,
            "blank": self.file.blank,
            "drafts": len(self.drafts),
            "errors": self.file.rows_read - self.file.blank - len(self.drafts),
            "warnings": len(lines.keys() - set(self.error_lines)),
        }

    @property
    def can_create(self) -> bool:
        """Whether everything in the file can be created."""
        return bool(self.drafts) and not self.file_errors and not self.error_lines

    @property
    def can_create_good_rows(self) -> bool:
        """Whether the rows without errors can be created while the others are left out."""
        return bool(self.drafts) and not self.file_errors and bool(self.error_lines)
