"""Which character separates the cells of a text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from typing import Final

from accounts.validators import INVISIBLE
from bulkimport.columns import count_known_names
from bulkimport.readers.book import MAX_COLUMNS, MAX_NAME, Record, has_text, is_blank
from bulkimport.readers.header import HEADER_ROWS, find_header, known_fields
from bulkimport.readers.records import records
from bulkimport.rows import SEPARATOR_NAMES

SEPARATORS: Final = tuple(SEPARATOR_NAMES)  # of equally good ones the first wins
_ANY: Final = "".join(SEPARATORS)
SOMETHING: Final = re.compile(rf'[^\s{_ANY}"{INVISIBLE}]')  # a character of a cell that is not empty
_SEPARATOR_LINE: Final = re.compile(rf' *"?sep=([{_ANY}])"?[{_ANY} ]*(?=[\r\n]|\Z)', re.IGNORECASE)
_SAMPLE_LENGTH: Final = 65_536  # characters that are examined to detect encoding and separator


def match_separator_line(text: str) -> re.Match[str] | None:
    """Return a match of the line `sep=;` with which a text may begin; its first group is the separator."""
    return _SEPARATOR_LINE.match(text)


def detect_separator(text: str) -> str:
    """Return the most likely separator of a text.

    It is the one that gives the header the most known names, then the most columns. Without a header it is the one that
    leaves an address alone in the first cell of the most lines, then the one that splits the most lines, most of them
    into the same number of cells.
    """
    sample = take_sample(text)
    readings = {separator: _usable_records(sample, separator) for separator in SEPARATORS}

    def score(separator: str) -> tuple[int, ...]:
        return *_score_header(readings[separator]), *_score_evenness(readings[separator], separator)

    return _find_outer_separator(sample, readings) or max(SEPARATORS, key=score)


def take_sample(text: str) -> str:
    """Return the beginning of a text, from the first line that has text and is not `sep=;`. Lines end in line feeds."""
    separator_line = match_separator_line(text)
    start = separator_line.end() if separator_line else 0
    first = SOMETHING.search(text, start)
    begin = first.start() if first else start
    begin = max(text.rfind("\n", 0, begin), text.rfind("\r", 0, begin)) + 1
    return text[begin : begin + _SAMPLE_LENGTH].replace("\r\n", "\n").replace("\r", "\n")


def count_names(sample: str) -> int:
    """Return how many names of columns the line with the most of them has, split at every separator."""
    lines = [line for line in sample.split("\n", HEADER_ROWS * 5) if line][:HEADER_ROWS]
    cells = (re.split(f"[{_ANY}]", line, maxsplit=MAX_COLUMNS)[:MAX_COLUMNS] for line in lines)
    return max((count_known_names(cell[:MAX_NAME] for cell in line) for line in cells), default=0)


def _usable_records(sample: str, separator: str) -> list[Record]:
    """Return the first records with text in them whose quotation marks match."""
    usable = (record for record in records(sample, separator) if not record.fault and not is_blank(record.cells))
    return list(islice(usable, HEADER_ROWS))


def _score_header(first: Sequence[Record]) -> tuple[int, int]:
    """Return how many fields the header names, and how many columns it has."""
    header = find_header(first)
    cells = first[header].cells if header is not None else ()
    known = len(known_fields(cells))
    return known, len(cells) if known else 0


def _score_evenness(first: Sequence[Record], separator: str) -> tuple[int, int, int, int, int]:
    """Return how evenly a separator splits the first records; the larger, the better.

    These are: how many records begin with an address alone, how many have more than one cell, how many have the most
    frequent number of cells, that number, and minus the number of cells that have the separator in them.
    """
    rows = [record.cells for record in first]
    addresses = sum("@" in row[0] and not any(other in row[0] for other in SEPARATORS) for row in rows)
    widths = Counter(len(row) for row in rows)
    width, frequency = max(widths.items(), key=lambda item: (item[1], item[0]), default=(0, 0))
    inside = sum(separator in cell for row in rows for cell in row)
    return addresses, sum(len(row) > 1 for row in rows), frequency if width > 1 else 0, width, -inside


def _find_outer_separator(sample: str, readings: dict[str, list[Record]]) -> str | None:
    """Return the separator that stands at the end of every line, if each line is one cell with other separators in it.

    A spreadsheet program writes such a file when it has opened a list into one column. A few lines may have the
    separator in their values too.

    readings: the first records for each separator.
    """
    lines = [line for line in sample.split("\n") if SOMETHING.search(line)][:HEADER_ROWS]
    for separator in SEPARATORS:
        ended = len(lines) > 1 and all(line.rstrip(" ").endswith(separator) for line in lines)
        rows = [[cell for cell in record.cells if has_text(cell)] for record in readings[separator]]
        if not ended or not rows or len(rows[0]) > 1 or sum(len(row) == 1 for row in rows) * 2 <= len(rows):
            continue
        if any(other in rows[0][0] for other in SEPARATORS):
            return separator
    return None
