"""Dates, times and durations of XLSX and XLS, which store them as numbers of days."""

from __future__ import annotations

import datetime
import re
from typing import Final

from bulkimport.readers.workbook.grid import as_text

_DURATION: Final = re.compile(r"\[(h+|m+|s+)\]", re.IGNORECASE)
_DAY: Final = 86_400_000  # milliseconds


def date_text(value: float, format_code: str, *, is_1904: bool) -> str:
    """Return a number as a date, a time of day, both, or a duration; an empty text if it stands for none of them.

    is_1904: the workbook counts the days from 1904. Others count from 1900 and wrongly include 29 February 1900.
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
