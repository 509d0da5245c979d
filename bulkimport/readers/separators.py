"""Which character separates the cells of a text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from typing import Final

from accounts.validators import INVISIBLE
from bulkimport.columns import known_words
from bulkimport.readers.book import MAX_COLUMNS, MAX_NAME, Record, has_text, is_blank
from bulkimport.readers.header import HEADER_ROWS, find_header, known_fields
from bulkimport.readers.records import records
from bulkimport.rows import SEPARATOR_NAMES

SEPARATORS: Final = tuple(SEPARATOR_NAMES)  # the first wins a draw
_ANY: Final = "".join(SEPARATORS)
SOMETHING: Final = re.compile(rf'[^\s{_ANY}"{INVISIBLE}]')  # what is neither blank nor an empty cell
_TELLING_LINE: Final = re.compile(rf' *"?sep=([{_ANY}])"?[{_ANY} ]*(?=[\r\n]|\Z)', re.IGNORECASE)
_HEAD: Final = 65_536  # characters, from the first line with text on, that tell encoding and separator


def match_separator_line(text: str) -> re.Match[str] | None:
    """Return the line `sep=;` that a text begins with, and the separator as its first group."""
    return _TELLING_LINE.match(text)


def detect_separator(text: str) -> str:
    """Return the separator of a text.

    The header tells it: the line with the most known names, then with the most columns. Without one it is the
    separator that leaves the most addresses alone in the first cell, then the one that takes apart the most lines, most
    of them into the same number of cells.
    """
    sample = take_sample(text)
    found = {separator: _usable_records(sample, separator) for separator in SEPARATORS}
    best = max(SEPARATORS, key=lambda separator: (*_header(found[separator]), *_evenness(found[separator], separator)))
    return _around_whole_lines(sample, found) or best


def take_sample(text: str) -> str:
    """Return the beginning of a text, from the first line with text on; a line that tells the separator is none."""
    told = match_separator_line(text)
    after = told.end() if told else 0
    found = SOMETHING.search(text, after)
    begin = found.start() if found else after
    begin = max(text.rfind("\n", 0, begin), text.rfind("\r", 0, begin)) + 1
    return text[begin : begin + _HEAD].replace("\r\n", "\n").replace("\r", "\n")


def count_names(sample: str) -> int:
    """Return how many names of columns the line with most of them has, whichever the separator."""
    lines = [line for line in sample.split("\n", HEADER_ROWS * 5) if line][:HEADER_ROWS]
    cells = (re.split(f"[{_ANY}]", line, maxsplit=MAX_COLUMNS)[:MAX_COLUMNS] for line in lines)
    return max((known_words(cell[:MAX_NAME] for cell in line) for line in cells), default=0)


def _usable_records(sample: str, separator: str) -> list[Record]:
    """Return the first records with text in them whose quotation marks match."""
    found = (record for record in records(sample, separator) if not record.fault and not is_blank(record.cells))
    return list(islice(found, HEADER_ROWS))


def _header(found: Sequence[Record]) -> tuple[int, int]:
    """Return how many columns the header names, and how many it has."""
    header = find_header(found)
    cells = found[header].cells if header is not None else ()
    known = len(known_fields(cells))
    return known, len(cells) if known else 0


def _evenness(found: Sequence[Record], separator: str) -> tuple[int, int, int, int, int]:
    """Return how many records begin with an address alone, how many are taken apart, how many have the most frequent
    width, and that width; then, less than nothing, how many cells have the separator in them.
    """
    rows = [record.cells for record in found]
    addresses = sum("@" in row[0] and not any(other in row[0] for other in SEPARATORS) for row in rows)
    widths = Counter(len(row) for row in rows)
    width, frequency = max(widths.items(), key=lambda item: (item[1], item[0]), default=(0, 0))
    inside = sum(separator in cell for row in rows for cell in row)
    return addresses, sum(len(row) > 1 for row in rows), frequency if width > 1 else 0, width, -inside


def _around_whole_lines(sample: str, found: dict[str, list[Record]]) -> str | None:
    """Return the separator that only ends the lines, each of which stands in one cell with separators of its own.

    So a spreadsheet saves a list that it had opened into one column. Values of a few lines may have that separator.
    """
    lines = [line for line in sample.split("\n") if SOMETHING.search(line)][:HEADER_ROWS]
    for separator in SEPARATORS:
        ended = len(lines) > 1 and all(line.rstrip(" ").endswith(separator) for line in lines)
        rows = [[cell for cell in record.cells if has_text(cell)] for record in found[separator]]
        if not ended or not rows or len(rows[0]) > 1 or sum(len(row) == 1 for row in rows) * 2 <= len(rows):
            continue
        if any(other in rows[0][0] for other in SEPARATORS):
            return separator
    return None
