"""The lines of a sheet: which are accounts, which are titles, comments and totals, and which hold a whole row."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final

from accounts.validators import trimmed
from bulkimport.readers.book import Record, Sheet, has_text, is_blank
from bulkimport.readers.header import HEADER_ROWS, is_address, known_fields
from bulkimport.readers.layout import Layout
from bulkimport.readers.text import SEPARATORS, split_line
from bulkimport.rows import Field

_TOTAL: Final = re.compile(
    r"(razem|suma|sumy|ogółem|łącznie|w sumie|podsumowanie|liczba|ilość|średnia"
    r"|(grand |sub)?totals?|sum|count|average)\b",
    re.IGNORECASE,
)
_LONGEST_TOTAL: Final = 60  # characters


@dataclass(frozen=True, slots=True)
class Sorted:
    """The lines of a sheet but its header: accounts, those with text above the header, others that are no accounts."""

    accounts: tuple[Record, ...] = ()
    above: tuple[Record, ...] = ()
    left_out: tuple[Record, ...] = ()
    blank: int = 0


def sorted_lines(sheet: Sheet, layout: Layout, taken_back: Collection[int]) -> Sorted:
    """Sort the lines of a sheet; those `taken_back` by a person are accounts wherever they stand."""
    accounts, above, left_out = [], [], []
    blank = sheet.blank
    for index, record in enumerate(sheet.records):
        if index == layout.header:
            continue
        if _is_blank(record, layout.passed_over):
            blank += 1
        elif record.line in taken_back:
            accounts.append(record)
        elif layout.header is not None and index < layout.header:
            above.append(record)
        elif _is_no_account(record, layout):
            left_out.append(record)
        else:
            accounts.append(_with_its_cells(record, layout))
    return Sorted(tuple(accounts), tuple(above), tuple(left_out), blank)


def _is_blank(record: Record, passed_over: frozenset[int]) -> bool:
    """Tell whether a record has no text outside the columns passed over, and nothing that could not be read."""
    if record.fault or any(mark.code == "cell_unreadable" for mark in record.marks):
        return False
    if not passed_over:
        return is_blank(record.cells)
    return is_blank([cell for index, cell in enumerate(record.cells) if index not in passed_over])


def _is_no_account(record: Record, layout: Layout) -> bool:
    """Tell whether a line is a comment, a total or a further header. With an address in it, it is none of them."""
    if record.fault:
        return False
    cells = [trimmed(cell[: _LONGEST_TOTAL + 1]) for cell in record.cells if cell and has_text(cell)]
    if not cells:
        return False
    if cells[0].startswith("#"):
        email = _cell(record, layout, Field.EMAIL)
        return not is_address(email) or email.startswith("#")
    if any("@" in cell for cell in record.cells):
        return False
    if layout.header is not None and (
        len(known_fields(record.cells, only_certain=True)) > 1 or _is_header_again(record, layout)
    ):
        return True
    return (
        len(cells[0]) <= _LONGEST_TOTAL
        and _TOTAL.match(cells[0]) is not None
        and not has_text(_cell(record, layout, Field.DOMAIN))
        and not any(character.isalpha() for character in _cell(record, layout, Field.PASSWORD))
    )


def _is_header_again(record: Record, layout: Layout) -> bool:
    names = [trimmed(cell) for cell in record.cells]
    return (
        bool(layout.names) and names[: len(layout.names)] == list(layout.names) and not any(names[len(layout.names) :])
    )


def _cell(record: Record, layout: Layout, field: Field) -> str:
    index = layout.columns.index(field) if field in layout.columns else len(record.cells)
    return trimmed(record.cells[index]) if index < len(record.cells) else ""


# --- A whole row in one cell -----------------------------------------------------------------------------------------
def with_split_rows(sheet: Sheet, separator: str | None) -> Sheet:
    """Return a sheet whose rows stand in their cells, where each stood in the first cell as a line of a CSV.

    So it comes out of a Polish Excel that has opened a file with commas: there a comma separates nothing.
    """
    first = sheet.records[:HEADER_ROWS]
    if any(len(known_fields(record.cells)) > 1 for record in first):
        return sheet
    for other in SEPARATORS:
        if other == separator or sum(other in _joined(record, separator) for record in first) * 2 <= len(first):
            continue
        parts = [split_line(_joined(record, separator), other) or [] for record in first]
        if any(len(known_fields(cells)) > 1 for cells in parts) or (parts[0] and is_address(parts[0][0])):
            return replace(sheet, records=tuple(_split(record, other, separator) for record in sheet.records))
    return sheet


def _joined(record: Record, separator: str | None) -> str:
    """Return the line that was taken apart: a separator of this file inside of it was none of the line's own."""
    cells = list(record.cells)
    while cells and not cells[-1]:
        cells.pop()
    return (separator or ";").join(cells)


def _split(record: Record, other: str, separator: str | None) -> Record:
    if record.fault:
        return record
    parts = split_line(_joined(record, separator), other)
    if parts is None:
        return record._replace(fault="quotes", last=record.line)
    return record._replace(cells=parts, marks=())


def _with_its_cells(record: Record, layout: Layout) -> Record:
    """Return a record with its cells, where the whole row stands in the first of them with another separator."""
    filled = [index for index, cell in enumerate(record.cells) if cell and has_text(cell)]
    if record.fault or record.marks or filled != [0] or "@" not in record.cells[0] or Field.EMAIL not in layout.columns:
        return record
    for other in SEPARATORS:
        parts = split_line(record.cells[0], other) if other in record.cells[0] else None
        if parts and 1 < len(parts) <= len(layout.columns) and _has_address(parts, layout):
            return record._replace(cells=parts)
    return record


def _has_address(parts: Sequence[str], layout: Layout) -> bool:
    index = layout.columns.index(Field.EMAIL)
    return index < len(parts) and is_address(parts[index])
