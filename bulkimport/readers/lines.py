"""The lines of a sheet: which are accounts, which are titles, comments and totals, and which hold a whole row."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final

from accounts.validators import trimmed
from bulkimport.columns import field_named
from bulkimport.readers.book import Record, Sheet, has_text, is_blank
from bulkimport.readers.header import HEADER_ROWS, NAMES_EXAMINED, header_names, is_address, known_fields, match_name
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
class SortedLines:
    """The lines of a sheet but its header: accounts, those with text above the header, others that are no accounts.

    other_headers: those left out that name the columns in another way than the header, and have accounts below.
    """

    accounts: tuple[Record, ...] = ()
    above: tuple[Record, ...] = ()
    left_out: tuple[Record, ...] = ()
    other_headers: tuple[Record, ...] = ()
    blank: int = 0


def sort_lines(sheet: Sheet, layout: Layout, taken_back: Collection[int]) -> SortedLines:
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
    last = accounts[-1].line if accounts else 0
    others = [record for record in left_out if record.line < last and _names_otherwise(record, layout)]
    return SortedLines(tuple(accounts), tuple(above), tuple(left_out), tuple(others), blank)


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
        return not _is_account(record, layout)
    if any("@" in cell for cell in record.cells):
        return False
    if _is_header_again(record, layout):
        return True
    return (
        len(cells[0]) <= _LONGEST_TOTAL
        and _TOTAL.match(cells[0]) is not None
        and not has_text(_cell(record, layout, Field.DOMAIN))
        and not any(character.isalpha() for character in _cell(record, layout, Field.PASSWORD))
    )


def _is_account(record: Record, layout: Layout) -> bool:
    """Tell whether a line that begins with # has an address all the same, or something in its place and a password."""
    email = _cell(record, layout, Field.EMAIL)
    if not has_text(email) or email.startswith("#"):
        return False
    domain = _cell(record, layout, Field.DOMAIN).removeprefix("@")
    return is_address(email) or is_address(f"{email}@{domain}") or has_text(_cell(record, layout, Field.PASSWORD))


def _is_header_again(record: Record, layout: Layout) -> bool:
    if layout.header is None:
        return False
    return len(known_fields(record.cells, only_certain=True)) > 1 or _is_same_header(record, layout)


def _is_same_header(record: Record, layout: Layout) -> bool:
    names = [trimmed(cell) for cell in record.cells]
    return (
        bool(layout.names) and names[: len(layout.names)] == list(layout.names) and not any(names[len(layout.names) :])
    )


def _names_otherwise(record: Record, layout: Layout) -> bool:
    """Tell whether a line is a further header by which the cells below it mean something else than by the first one."""
    if not _is_header_again(record, layout) or _is_same_header(record, layout):
        return False
    for index, name in enumerate(header_names(record.cells)[:NAMES_EXAMINED]):
        known = layout.columns[index] if index < len(layout.columns) else None
        if not name or name in layout.names[index : index + 1]:
            continue
        match = match_name(name) if known else None  # which takes long
        if known is not (match.field if match else field_named(name)):
            return True
    return False


def has_accounts_above(lines: SortedLines, layout: Layout) -> bool:
    """Tell whether accounts stand above the header, as in a list that was sorted with its header in it.

    A title or a letterhead may have one address, by chance in the column of the addresses.
    """
    found = [record for record in lines.above if is_address(_cell(record, layout, Field.EMAIL))]
    if len(found) != 1:
        return bool(found)
    (account,) = found
    above = [record for record in lines.above if record.line < account.line]
    if any(Field.EMAIL in known_fields(record.cells, only_certain=True) for record in above):
        return not any(is_address(cell) for record in above for cell in record.cells)
    values = [_cell(account, layout, field) for field in layout.columns if field]
    return len(lines.above) == 1 and all(map(has_text, values[:2]))


def _cell(record: Record, layout: Layout, field: Field) -> str:
    index = layout.columns.index(field) if field in layout.columns else len(record.cells)
    return trimmed(record.cells[index]) if index < len(record.cells) else ""


# --- A whole row in one cell -----------------------------------------------------------------------------------------
def split_whole_rows(sheet: Sheet, separator: str | None) -> Sheet:
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
        begins_with_address = parts[0] and is_address(parts[0][0]) and not is_address(first[0].cells[0])
        if begins_with_address or any(len(known_fields(cells)) > 1 for cells in parts):
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
    """Return a record with its cells, where the whole row stands in the first of them with another separator.

    A whole row has as many cells as the names, and no blanks between them: else it is an address and a remark.
    """
    filled = [index for index, cell in enumerate(record.cells) if cell and has_text(cell)]
    if record.fault or record.marks or filled != [0] or "@" not in record.cells[0] or Field.EMAIL not in layout.columns:
        return record
    for other in SEPARATORS:
        is_prose = f"{other} " in record.cells[0]
        parts = split_line(record.cells[0], other) if other in record.cells[0] and not is_prose else None
        if parts and len(parts) == len(layout.columns) and _has_address(parts, layout):
            return record._replace(cells=parts)
    return record


def _has_address(parts: Sequence[str], layout: Layout) -> bool:
    index = layout.columns.index(Field.EMAIL)
    return index < len(parts) and is_address(parts[index])
