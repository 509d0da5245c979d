"""What the cells of a column hold: texts, addresses, or numbers that only count the rows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from accounts.validators import trimmed
from bulkimport.readers.book import MAX_COLUMNS, Record, has_text
from bulkimport.readers.header import is_address
from bulkimport.rows import Field

_COUNTING: Final = re.compile(r"([0-9]{1,6})[.)]?")


def filled_cells(index: int, records: Sequence[Record]) -> Iterator[str]:
    """Return the cells of a column that hold text."""
    return (record.cells[index] for record in records if has_cell(index, record))


def has_cell(index: int, record: Record) -> bool:
    """Tell whether a record has text in a column."""
    return index < len(record.cells) and has_text(record.cells[index])


def is_filled(index: int, records: Sequence[Record]) -> bool:
    """Tell whether any record has text in a column."""
    return any(has_cell(index, record) for record in records)


def count_addresses(index: int, records: Sequence[Record]) -> int:
    """Return how many cells of a column look like an address."""
    return sum(is_address(cell) for cell in filled_cells(index, records))


def count_other_addresses(columns: Sequence[Field | None], records: Sequence[Record]) -> dict[int, int]:
    """Return how many addresses, by index, each column has that is not used but mostly holds addresses too."""
    unused = [index for index, field in enumerate(columns) if field is None]
    counts = {index: count_addresses(index, records) for index in unused}
    return {index: n for index, n in counts.items() if n * 2 > sum(1 for _cell in filled_cells(index, records))}


def find_address_column(columns: Sequence[Field | None], records: Sequence[Record]) -> int | None:
    """Return the column with the most addresses among those that are not used and mostly hold them, None without one.

    columns: what each column is used for; further ones are not used.
    """
    width = max((len(record.cells) for record in records), default=0)
    best, most = None, 0
    for index in range(min(width, MAX_COLUMNS)):
        if any(columns[index : index + 1]):
            continue
        cells = list(filled_cells(index, records))
        count = sum(is_address(cell) for cell in cells)
        if count > most and count * 2 >= len(cells):
            best, most = index, count
    return best


def find_counting_column(names: Sequence[str], records: Sequence[Record]) -> int | None:
    """Return the first column without a name that only counts the rows, as pandas and R write one; None without one.

    In the first column numbers may be missing, as in a list that was filtered; elsewhere each follows the one before.
    """
    for index, name in enumerate(names):
        if name:
            continue
        matches = [_COUNTING.fullmatch(trimmed(cell[:20])) for cell in filled_cells(index, records)]
        numbers = [int(match[1]) for match in matches if match]
        if not numbers or len(numbers) < len(matches):
            continue
        steps = {second - first for first, second in pairwise(numbers)}
        if steps <= {1} and numbers[0] in (0, 1):
            return index
        if index == 0 and steps and min(steps) > 0:
            return index
    return None
