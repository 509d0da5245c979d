"""A cell of an ODS: its text, and what is wrong with it.

A cell has a value in its attributes and, in paragraphs, the text that the program showed when it saved the file. Some
programs leave one of them out. They are weighed as LibreOffice does it when it opens the file.
"""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Iterator, Mapping
from typing import Final

from bulkimport.readers.workbook.grid import MAX_CELL, as_text
from bulkimport.readers.workbook.table import UNREADABLE, Content

_OFFICE: Final = "urn:oasis:names:tc:opendocument:xmlns:office:1.0"
_KIND: Final = f"{_OFFICE} value-type"
_CALC_KIND: Final = "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0 value-type"
_NUMBER: Final = f"{_OFFICE} value"
_STRING: Final = f"{_OFFICE} string-value"
_BOOLEAN: Final = f"{_OFFICE} boolean-value"
_DATE: Final = f"{_OFFICE} date-value"
_TIME: Final = f"{_OFFICE} time-value"
_FORMULA: Final = "urn:oasis:names:tc:opendocument:xmlns:table:1.0 formula"

# LibreOffice marks errors by an attribute; others, such as Apache OpenOffice and gnumeric, only show them as a text.
_ERROR: Final = re.compile(r"#(?:N/?[A-Z]!?|[^\W\d_]+(?:/0)?[!?])|(?:Err|Błąd|Fehler|Erreur): ?\d{3}")
_ISO_DATE: Final = re.compile(r"(-?\d{4,6}-\d\d-\d\d)(?:T(\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?))?", re.ASCII)
_DURATION: Final = re.compile(
    r"P(?:(\d{1,6})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,6})(?:[.,]\d+)?S)?)?", re.ASCII
)
# LibreOffice writes the booleans of an XLSX as these numbers.
_BOOLEANS: Final = {(1.0, "TRUE"), (1.0, "PRAWDA"), (0.0, "FALSE"), (0.0, "FAŁSZ")}
_DIGITS: Final = 15  # significant digits of a number that programs show
_SCIENTIFIC: Final = re.compile(r"\dE\+0\d", re.ASCII)
_PLAIN: Final = re.compile(r"-?\d*[.,]?\d*", re.ASCII)
_GROUPED: Final = re.compile(r"-?\d{1,3}(?:,\d{2,3})*,\d{3}(?:\.\d*)?", re.ASCII)  # in India also by pairs of digits
_SWAPPED: Final = str.maketrans(",.", ".,")


def read_cell(attributes: Mapping[str, str], shown: str | None) -> Content:
    """Return the content of a cell. shown: the text of its paragraphs, None if it has none."""
    if not attributes:
        return Content(shown or "")
    has_formula = _FORMULA in attributes
    if attributes.get(_CALC_KIND) == "error" or (has_formula and shown and _ERROR.fullmatch(shown)):
        return UNREADABLE
    match attributes.get(_KIND, "void"):
        case "string":
            return _string(attributes.get(_STRING), shown, has_formula)
        case "float" | "currency" | "percentage":
            return _number(attributes.get(_NUMBER, ""), shown or "")
        case "boolean":
            truth = attributes.get(_BOOLEAN, "").lower()
            return Content(truth) if truth in ("true", "false") else UNREADABLE
        case "date":
            return _date(attributes.get(_DATE, ""))
        case "time":
            return _time(attributes.get(_TIME, ""))
        case "void" if has_formula:
            return (
                Content("") if shown == "" else UNREADABLE
            )  # LibreOffice writes this for a formula whose result is an empty text
        case "void" if not attributes.keys() & {_NUMBER, _STRING, _BOOLEAN, _DATE, _TIME}:
            return Content(shown or "")
    return UNREADABLE


def _string(stored: str | None, shown: str | None, has_formula: bool) -> Content:
    # A formula that no program has calculated, or one with an error, which LibreOffice shows beside an empty value.
    if has_formula and ((stored is None and shown is None) or (stored == "" and shown)):
        return UNREADABLE
    stored = (stored or "")[:MAX_CELL]
    if stored and shown and stored.split() != shown.split():
        return Content(stored, "number_format", shown)  # such as a text format that adds a domain to each name
    # The attribute loses line breaks and tabs. A paragraph may lose blanks.
    return Content(shown if shown and (not stored or "\n" in shown or "\t" in shown) else stored)


def _date(stored: str) -> Content:
    match = _ISO_DATE.fullmatch(stored)
    return Content(" ".join(filter(None, match.groups()))) if match else UNREADABLE


def _time(stored: str) -> Content:
    match = _DURATION.fullmatch(stored)
    if not match or not any(match.groups()):
        return UNREADABLE
    days, hours, minutes, seconds = (int(number or 0) for number in match.groups())
    return Content(as_text(datetime.timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)))


# --- Numbers ---------------------------------------------------------------------------------------------------------
def _number(stored: str, shown: str) -> Content:
    """Return a number. It has a mark if its format shows something else: another number, a unit, a date or a word.

    The unit MB is allowed, since quotas are in MB. An empty text, or one of # alone in a column that is too narrow, is
    ignored.
    """
    try:
        number = float(stored)
    except ValueError:
        return UNREADABLE
    if not math.isfinite(number):
        return UNREADABLE
    text = as_text(number)
    if shown == text or not shown.strip(" #"):
        return Content(text)
    # gnumeric shows small numbers of other programs' files this way. What a user has typed as 1E5 has decimals.
    if _SCIENTIFIC.fullmatch(shown) and float(shown) == number:
        return Content(text)
    if (number, shown.upper()) in _BOOLEANS:
        return Content(as_text(bool(number)))
    shown_numbers = set(_numbers(shown))
    # 4.35 times 100 is stored as 434.99999999999994, but every program shows 435.
    for candidate in (text, as_text(float(f"{number:.{_DIGITS}g}"))):
        if _canonical(candidate) in shown_numbers:
            return Content(candidate)
    return Content(text, "number_format", shown)


def _numbers(shown: str) -> Iterator[str]:
    """Yield the numbers, in canonical form, that a text may stand for. Leading zeros make it another number.

    Blanks and apostrophes group digits, and so may a comma or point if three digits follow.
    """
    text = "".join(shown.split()).casefold().removeprefix("mb").removesuffix("mb")
    text = text.replace("'", "").replace("’", "").replace("−", "-")
    if _PLAIN.fullmatch(text):
        yield _canonical(text.replace(",", "."))
    for grouped in (text, text.translate(_SWAPPED)):
        if _GROUPED.fullmatch(grouped):
            yield _canonical(grouped.replace(",", ""))


def _canonical(number: str) -> str:
    """Return a number in one form: with a point, a digit before it and no zeros at the end."""
    whole, _, decimals = number.partition(".")
    return f"{whole if whole.strip('-') else whole + '0'}.{decimals.rstrip('0')}"
