"""A sheet of a workbook as the child process returns it: a grid of texts, and marks for single cells."""

from __future__ import annotations

import datetime
import math
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

MAX_SHEETS = 50
MAX_ROWS = 20_000
MAX_COLUMNS = 100
MAX_CELL = 10_001  # characters: one more than the reader accepts, so that it notices longer texts
MAX_TEXT = 16_000_000  # characters of all cells together
MAX_MARKS = 100_000  # of a workbook


class TooLargeError(Exception):
    """The sheets have more text than any list of accounts."""


class EncryptedError(Exception):
    """The workbook is locked with a password."""


class UnreadableError(Exception):
    """The workbook is damaged, or written in a way that cannot be read."""


@dataclass(slots=True)
class Grid:
    """One worksheet.

    rows: the texts from the first row and column on, without the empty ones at the end of each row and of the sheet. In
    a row wider than MAX_COLUMNS the last cell stands for all further ones. marks: (row, column, code, shown); row and
    column from 0, code and shown as in `bulkimport.readers.book.Mark`. hidden_rows: indexes, from 0, of rows that are
    hidden or filtered out. is_cut: whether the sheet has anything below MAX_ROWS rows.
    """

    name: str
    rows: list[list[str]] = field(default_factory=list)
    marks: list[tuple[int, int, str, str]] = field(default_factory=list)
    hidden_rows: list[int] = field(default_factory=list)
    is_hidden: bool = False
    is_cut: bool = False


def as_text(value: Any) -> str:
    """Return the text of a cell's value as a person would type it.

    A whole number has no decimals, no number is in scientific notation, and dates and times have no letters. So a value
    that a spreadsheet took for a number or a date cannot be mistaken for a password of letters and digits.
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
