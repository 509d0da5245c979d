"""A cell of an XLSX: its text, and what is wrong with it."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bulkimport.readers.workbook.dates import date_text
from bulkimport.readers.workbook.grid import as_text
from bulkimport.readers.workbook.number_formats import is_date, shown_otherwise, text_shown_otherwise
from bulkimport.readers.workbook.table import UNREADABLE, Content
from bulkimport.readers.workbook.xlsx_strings import decode_escapes

_INDEX: Final = re.compile(r"[0-9]{1,9}")
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:E[+-]?[0-9]+)?", re.IGNORECASE)
_ISO_DATE: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})?(?:T?([0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?))?Z?"
)
_TRUTH: Final = {"1": "true", "true": "true", "0": "false", "false": "false"}
_TEXTS: Final = ("s", "str", "inlineStr")


@dataclass(frozen=True, slots=True)
class Cells:
    """Reads cells. strings: the shared texts. is_1904, is_uncomputed: as `xlsx_package.Workbook` has them."""

    strings: Sequence[str | None]
    is_1904: bool
    is_uncomputed: bool

    def read(self, kind: str, format_code: str, value: str | None, inline: str | None, *, has_formula: bool) -> Content:
        """Return the content of a cell. kind: its attribute t. value, inline: the texts of its elements v and is."""
        if kind == "e":
            return UNREADABLE
        text, other = (inline, value) if kind == "inlineStr" else (value, inline)
        if other and other.strip():  # spreadsheet programs show one of the two, libraries read the other
            return UNREADABLE
        if text is None or not text.strip():
            is_empty_result = text is not None and kind in _TEXTS
            return UNREADABLE if has_formula and not is_empty_result else Content("")
        if kind in _TEXTS:
            return self._text(text, format_code, is_shared=kind == "s")
        text = text.strip()
        if kind == "n":
            return self._number(text, format_code, has_formula=has_formula)
        if kind == "b" and text in _TRUTH:
            is_invented = self.is_uncomputed and has_formula and text == "0"
            return UNREADABLE if is_invented else Content(_TRUTH[text])
        if kind == "d" and (match := _ISO_DATE.fullmatch(text)):
            return Content(" ".join(filter(None, match.groups())))
        return UNREADABLE

    def _text(self, stored: str, format_code: str, *, is_shared: bool) -> Content:
        text = self._shared(stored.strip()) if is_shared else decode_escapes(stored)
        if text is None:
            return UNREADABLE
        shown = text_shown_otherwise(format_code, text)
        return Content(text) if shown is None else Content(text, "number_format", shown)

    def _shared(self, index: str) -> str | None:
        is_there = _INDEX.fullmatch(index) and int(index) < len(self.strings)
        return self.strings[int(index)] if is_there else None

    def _number(self, stored: str, format_code: str, *, has_formula: bool) -> Content:
        value = float(stored) if _NUMBER.fullmatch(stored) else math.nan
        if not math.isfinite(value) or (self.is_uncomputed and has_formula and value == 0):
            return UNREADABLE
        if is_date(format_code, value):
            date = date_text(value, format_code, is_1904=self.is_1904)
            return Content(date) if date else UNREADABLE
        shown = shown_otherwise(format_code, value)
        return Content(as_text(value)) if shown is None else Content(as_text(value), "number_format", shown)
