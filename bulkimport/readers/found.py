"""What a person is shown of each column of a file, to say what it is: its name and a value, if neither is a secret."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from accounts.validators import trimmed
from bulkimport.columns import known_words
from bulkimport.readers.header import MAX_COLUMNS, Layout, harmless_names
from bulkimport.rows import Field, FoundColumn

SAMPLE: Final = 100  # records that are looked at
_MAX_HINT: Final = 80  # characters; no longer value is looked at
# An address, a number too short for a password, or a word that says whether a copy is kept.
_NO_SECRET: Final = re.compile(
    r"[^@\s]+@[\w-]+(\.[\w-]+)*\.[^\W\d_]{2,}|[0-9]{1,5}([.,]0{1,2})?|tak|nie|yes|no|true|false|prawda|fałsz",
    re.IGNORECASE,
)


def found_columns(layout: Layout, sample: Sequence[Sequence[str]]) -> tuple[FoundColumn, ...]:
    """Return the columns that the header or the first records have, as many as may be chosen from.

    sample: the cells of the first records after the header.
    """
    shown = _shown_names(layout.names)
    width = max([len(shown), *(_width(cells) for cells in sample)], default=0)
    return tuple(
        FoundColumn(shown[index] if index < len(shown) else "", _hint(index, layout, sample)) for index in range(width)
    )


def _shown_names(names: Sequence[str]) -> list[str]:
    """Return the names of a header, empty where the line may be an account with its password in it."""
    if known_words(names) > 1:
        return list(names)
    harmless = set(harmless_names(names))
    return [name if name in harmless else "" for name in names]


def _width(cells: Sequence[str]) -> int:
    """Return the number of cells without the empty ones at their end."""
    filled = (index for index, cell in enumerate(cells[:MAX_COLUMNS], start=1) if cell)
    return max(filled, default=0)


def _hint(index: int, layout: Layout, sample: Iterable[Sequence[str]]) -> str:
    """Return the first value of a column in which no value of the sample can be a password, else nothing."""
    if index < len(layout.columns) and layout.columns[index] is Field.PASSWORD:
        return ""
    values = [value for cells in sample if index < len(cells) and (value := trimmed(cells[index][: _MAX_HINT + 1]))]
    is_open = all(len(value) <= _MAX_HINT and _NO_SECRET.fullmatch(value) for value in values)
    return values[0] if values and is_open else ""
