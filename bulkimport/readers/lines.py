"""The lines of a sheet: which are accounts, which are titles, comments or totals, and which are a row in one cell."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final

from accounts.validators import trimmed
from bulkimport.columns import find_field
from bulkimport.readers.book import Record, Sheet, has_text, is_blank
from bulkimport.readers.header import HEADER_ROWS, NAMES_EXAMINED, header_names, is_address, known_fields, match_name
from bulkimport.readers.layout import Layout
from bulkimport.readers.records import split_line
from bulkimport.readers.separators import SEPARATORS
from bulkimport.rows import Field

_TOTAL: Final = re.compile(
    r"(razem|suma|sumy|ogółem|łącznie|w sumie|podsumowanie|liczba|ilość|średnia"
    r"|(grand |sub)?totals?|sum|count|average)\b",
    re.IGNORECASE,
)
_LONGEST_TOTAL: Final = 60  # characters


@dataclass(frozen=True, slots=True)
class SortedLines:
    """The lines of a sheet without its header and its blank lines.

    above: lines with text above the header. left_out: lines below it that are no accounts. other_headers: those of
    left_out that name other columns than the header and have accounts below. blank: how many blank lines there are.
    """

    accounts: tuple[Record, ...] = ()
    above: tuple[Record, ...] = ()
    left_out: tuple[Record, ...] = ()
    other_headers: tuple[Record, ...] = ()
    blank: int = 0


def sort_lines(sheet: Sheet, layout: Layout, taken_back: Collection[int]) -> SortedLines:
    """Sort the lines of a sheet. taken_back: the lines that the user has set to be accounts; so they are, anywhere."""
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
            accounts.append(_split_first_cell(record, layout))
    last = accounts[-1].line if accounts else 0
    others = [record for record in left_out if record.line < last and _names_otherwise(record, layout)]
    return SortedLines(tuple(accounts), tuple(above), tuple(left_out), tuple(others), blank)


def _is_blank(record: Record, passed_over: frozenset[int]) -> bool:
    """Tell whether a record has no text outside the columns that are passed over, and no unreadable cell or fault."""
    if record.fault or any(mark.code == "cell_unreadable" for mark in record.marks):
        return False
    if not passed_over:
        return is_blank(record.cells)
    return is_blank([cell for index, cell in enumerate(record.cells) if index not in passed_over])


def _is_no_account(record: Record, layout: Layout) -> bool:
    """Tell whether a line is a comment, a total or a further header. A total or header has no @ in any cell."""
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
    """Tell whether a line that begins with # is an account, by an address, or by a password beside any other e-mail."""
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
    """Tell whether a line is a further header that gives a column another meaning than the first header does."""
    if not _is_header_again(record, layout) or _is_same_header(record, layout):
        return False
    for index, name in enumerate(header_names(record.cells)[:NAMES_EXAMINED]):
        known = layout.columns[index] if index < len(layout.columns) else None
        if not name or name in layout.names[index : index + 1]:
            continue
        match = match_name(name) if known else None  # it takes long, so only where it is needed
        if known is not (match.field if match else find_field(name)):
            return True
    return False


def has_accounts_above(lines: SortedLines, layout: Layout) -> bool:
    """Tell whether accounts stand above the header, as in a list that was sorted together with its header.

    A single address may belong to a title or letterhead and stand in the column of the addresses by chance.
    """
    accounts = [record for record in lines.above if is_address(_cell(record, layout, Field.EMAIL))]
    if len(accounts) != 1:
        return bool(accounts)
    (account,) = accounts
    above = [record for record in lines.above if record.line < account.line]
    if any(Field.EMAIL in known_fields(record.cells, only_certain=True) for record in above):
        return not any(is_address(cell) for record in above for cell in record.cells)
    values = [_cell(account, layout, field) for field in layout.columns if field]
    return len(lines.above) == 1 and all(map(has_text, values[:2]))


def _cell(record: Record, layout: Layout, field: Field) -> str:
    """Return the text of a record in the column of a field, empty where there is none."""
    index = layout.columns.index(field) if field in layout.columns else len(record.cells)
    return trimmed(record.cells[index]) if index < len(record.cells) else ""


# --- A whole row in one cell -----------------------------------------------------------------------------------------
def split_whole_rows(sheet: Sheet, separator: str | None) -> Sheet:
    """Return a sheet whose rows are split into cells, if each whole row stands in the first cell as a line of a CSV.

    A Polish Excel writes such a sheet after it has opened a CSV with commas, which it does not take for separators.
    separator: that of this file, None for a spreadsheet.
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
    """Return a record as one line again: where it was split, the separator of this file belongs to a value."""
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


def _split_first_cell(record: Record, layout: Layout) -> Record:
    """Return a record split into cells, if the whole row stands in its first cell with another separator.

    A whole row has as many cells as the header and no blanks after the separators; else it is an address with a remark.
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
