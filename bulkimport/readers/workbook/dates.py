"""Dates, times and durations of XLSX and XLS, which are stored as numbers of days."""

from __future__ import annotations

import datetime
import re
from typing import Final

from bulkimport.readers.workbook.grid import as_text

_DURATION: Final = re.compile(r"\[(h+|m+|s+)\]", re.IGNORECASE)
_DAY: Final = 86_400_000  # milliseconds


def date_text(value: float, format_code: str, *, is_1904: bool) -> str:
    """Return a date, a time of the day, both, or a duration; empty where the number stands for none.

    is_1904: the workbook counts from 1904; others count from 1900 and have 29 February 1900, a day that never was.
    """
    try:
        days = datetime.timedelta(milliseconds=round(value * _DAY))
        if _DURATION.search(format_code):
            return as_text(days)
        first = datetime.datetime(1904, 1, 1) if is_1904 else datetime.datetime(1899, 12, 31 if value < 60 else 30)
        moment = first + days
    except (OverflowError, ValueError):
        return ""
    if value < 0:
        return ""
    if value < 1:
        return as_text(moment.time())
    return as_text(moment.date() if moment.time() == datetime.time() else moment)
