"""XLS, as Excel 5 to 2003 and other programs write it: the records of a BIFF stream, taken apart by xlrd."""

from __future__ import annotations

import datetime
import itertools
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal

from xlrd import XL_CELL_BOOLEAN, XL_CELL_DATE, XL_CELL_ERROR, XL_CELL_NUMBER
from xlrd.sheet import Cell, Sheet
from xlrd.xldate import xldate_as_datetime

from bulkimport.readers.workbook.biff import Workbook
from bulkimport.readers.workbook.grid import (
    MAX_COLUMNS,
    MAX_MARKS,
    MAX_ROWS,
    EncryptedError,
    Grid,
    TooLargeError,
    UnreadableError,
    as_text,
    row_texts,
)
from bulkimport.readers.workbook.number_formats import shown_otherwise

_DURATION: Final = re.compile(r"\[(h+|m+|s+)\]", re.IGNORECASE)
_HIDDEN: Final = 3  # the bits of a sheet's state that say so; others have no meaning

Marks = dict[tuple[int, int], tuple[str, str]]  # by row and column: code, shown text


def grids(content: bytes) -> Iterator[Grid]:
    """Yield the worksheets in their order. Raises EncryptedError, TooLargeError and UnreadableError."""
    # xlrd reports what is odd in a file on standard output, which is where the child process gives its answer.
    with Path(os.devnull).open("w") as log:
        try:
            workbook = Workbook(content, log)
            for number in range(workbook.sheet_count):
                yield _grid(workbook, workbook.get_sheet(number))
                workbook.unload_sheet(number)
        except (EncryptedError, TooLargeError, MemoryError):
            raise
        except Exception as error:
            # The library meets a damaged file with whatever its parsing runs into: struct.error, IndexError and others.
            raise UnreadableError from error


def _grid(workbook: Workbook, sheet: Sheet) -> Grid:
    rows: list[list[str]] = []
    marks: Marks = {}
    height = 0
    for row in range(min(sheet.nrows, MAX_ROWS)):
        texts = []
        for column, cell in enumerate(sheet.row(row)):
            text, code, shown = _read(workbook, cell)
            texts.append(text)
            if code:
                marks[row, min(column, MAX_COLUMNS)] = code, shown
            if text or code:
                height = row + 1
        rows.append(texts)
        if len(marks) > MAX_MARKS:
            raise TooLargeError
    del rows[height:]
    _cover_merged(rows, marks, sheet.merged_cells)
    return Grid(
        sheet.name,
        [row_texts(texts) for texts in rows],
        [(*place, *mark) for place, mark in sorted(marks.items())],
        [row for row in range(height) if _is_hidden(sheet, row)],
        is_hidden=bool(sheet.visibility & _HIDDEN),
        is_cut=any(value != "" for row in range(MAX_ROWS, sheet.nrows) for value in sheet.row_values(row)),
    )


def _read(workbook: Workbook, cell: Cell) -> tuple[str, str, str]:
    """Return the text of a cell, and the code and the shown text of its mark, which are empty where it has none."""
    if cell.ctype == XL_CELL_ERROR:
        return "", "cell_unreadable", ""
    if cell.ctype == XL_CELL_BOOLEAN:
        return as_text(bool(cell.value)), "", ""
    if cell.ctype == XL_CELL_DATE:
        date = _date(float(cell.value), workbook.format_code(cell), workbook.datemode)
        return (date, "", "") if date else ("", "cell_unreadable", "")
    if cell.ctype == XL_CELL_NUMBER:
        value = float(cell.value)
        shown = shown_otherwise(workbook.format_code(cell), value)
        return as_text(value), "" if shown is None else "number_format", shown or ""
    return as_text(cell.value), "", ""


def _date(value: float, format_code: str, datemode: Literal[0, 1]) -> str:
    """Return a date, a time of the day, both, or a duration; empty where the number stands for none."""
    try:
        if _DURATION.search(format_code):
            return as_text(datetime.timedelta(days=value))
        moment = xldate_as_datetime(value, datemode)
    except (OverflowError, ValueError):
        return ""
    if value < 0:
        return ""
    if value < 1:
        return as_text(moment.time())
    return as_text(moment.date() if moment.time() == datetime.time() else moment)


def _cover_merged(rows: list[list[str]], marks: Marks, ranges: list[tuple[int, int, int, int]]) -> None:
    """Empty and mark the cells that merged ones with something in them cover. Raises TooLargeError."""
    budget = MAX_MARKS  # a forged file could name the same cells over and over
    for top, bottom, left, right in ranges:
        if top >= len(rows) or left >= len(rows[top]) or not (rows[top][left] or (top, left) in marks):
            continue
        lines, columns = range(top, min(bottom, len(rows))), range(left, min(right, MAX_COLUMNS))
        budget -= len(lines) * len(columns)
        if budget < 0:
            raise TooLargeError
        for row, column in itertools.product(lines, columns):
            if (row, column) != (top, left):
                marks[row, column] = "cells_merged", ""
                if column < len(rows[row]):
                    rows[row][column] = ""


def _is_hidden(sheet: Sheet, row: int) -> bool:
    info = sheet.rowinfo_map.get(row)
    if info is None:
        return bool(sheet.default_row_hidden)
    return bool(info.hidden) or (info.height == 0 and not info.has_default_height)
