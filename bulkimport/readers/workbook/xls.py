"""XLS, as Excel 5 to 2003 and other programs write it: a stream of BIFF records, which xlrd decodes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from xlrd import XL_CELL_BOOLEAN, XL_CELL_DATE, XL_CELL_ERROR, XL_CELL_NUMBER, XL_CELL_TEXT
from xlrd.sheet import Cell, Sheet

from bulkimport.readers.workbook.biff import Workbook
from bulkimport.readers.workbook.dates import date_text
from bulkimport.readers.workbook.grid import EncryptedError, Grid, TooLargeError, UnreadableError, as_text
from bulkimport.readers.workbook.number_formats import is_date, shown_otherwise, text_shown_otherwise
from bulkimport.readers.workbook.table import UNREADABLE, Budget, Content, Table

_HIDDEN: Final = 3  # the bits of a sheet's state that are set if it is hidden


def grids(content: bytes) -> Iterator[Grid]:
    """Yield the worksheets in their order. Raises EncryptedError, TooLargeError and UnreadableError."""
    # By default xlrd writes warnings to standard output, to which the child process writes its answer.
    with Path(os.devnull).open("w") as log:
        try:
            workbook = Workbook(content, log)
            budget = Budget()
            for number in range(workbook.sheet_count):
                yield _grid(workbook, workbook.get_sheet(number), budget)
                workbook.unload_sheet(number)
        except (EncryptedError, TooLargeError, MemoryError):
            raise
        except Exception as error:
            # For a damaged file xlrd raises whatever error its parsing causes: struct.error, IndexError and others.
            raise UnreadableError from error


def _grid(workbook: Workbook, sheet: Sheet, budget: Budget) -> Grid:
    table = Table(sheet.name, budget, is_hidden=bool(sheet.visibility & _HIDDEN))
    for row in range(sheet.nrows):
        table.start_row(1, is_hidden=_is_hidden(sheet, row))
        for cell in sheet.row(row):
            table.add_cell(_read(workbook, cell))
        table.end_row()
    for top, bottom, left, right in sheet.merged_cells:
        table.merge(top, left, height=bottom - top, width=right - left)
    return table.grid()


def _read(workbook: Workbook, cell: Cell) -> Content:
    if cell.ctype == XL_CELL_ERROR:
        return UNREADABLE
    if cell.ctype == XL_CELL_BOOLEAN:
        return Content(as_text(bool(cell.value)))
    if cell.ctype not in (XL_CELL_DATE, XL_CELL_NUMBER, XL_CELL_TEXT):
        return Content("")
    format_code = workbook.format_code(cell)
    text = as_text(cell.value)
    if cell.ctype == XL_CELL_TEXT:
        shown = text_shown_otherwise(format_code, text)
    # xlrd recognises dates of Asian languages by the number of their format alone.
    elif cell.ctype == XL_CELL_DATE or is_date(format_code, float(cell.value)):
        date = date_text(float(cell.value), format_code, is_1904=bool(workbook.datemode))
        return Content(date) if date else UNREADABLE
    else:
        shown = shown_otherwise(format_code, float(cell.value))
    return Content(text) if shown is None else Content(text, "number_format", shown)


def _is_hidden(sheet: Sheet, row: int) -> bool:
    info = sheet.rowinfo_map.get(row)
    if info is None:
        return bool(sheet.default_row_hidden)
    return bool(info.hidden) or (info.height == 0 and not info.has_default_height)
