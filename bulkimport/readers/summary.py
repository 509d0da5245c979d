"""What the user is shown of a sheet, to set which column is which and which lines are accounts."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Final

from accounts.validators import NO, YES, trimmed
from bulkimport.readers.book import CONTROL, MAX_COLUMNS, Record, Sheet
from bulkimport.readers.column_contents import filled_cells
from bulkimport.readers.header import harmless_names, has_run_on, known_fields, match_name
from bulkimport.readers.layout import Layout
from bulkimport.readers.lines import SortedLines
from bulkimport.readers.similar_names import find_similar_field
from bulkimport.rows import ColumnSummary, Field, LineSummary, SheetChoice, SheetSummary

ROWS_SHOWN: Final = 6  # below the header
_ABOVE_SHOWN: Final = 20
_LEFT_OUT_SHOWN: Final = 20  # below the rows that are shown
_TAKEN_BACK_SHOWN: Final = 50
_CELL_SHOWN: Final = 100  # characters
_QUOTA: Final = re.compile(r"[0-9]{1,6}([.,]0+)?( ?[MG]B)?", re.IGNORECASE)


def column_letter(index: int) -> str:
    """Return the name that a spreadsheet gives a column: A, B ... Z, AA."""
    letters = ""
    number = index + 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def summarize_sheet(
    number: int, sheet: Sheet, layout: Layout, lines: SortedLines, choice: SheetChoice, *, is_read: bool, kind: str
) -> SheetSummary:
    """Return what the user is shown of a sheet. choice: what they have set for it. kind: as `ExaminedSheet` has it."""
    header = sheet.records[layout.header] if layout.header is not None else None
    left_out = (*lines.above, *lines.left_out)
    return SheetSummary(
        number=number,
        name=sheet.name or "",
        is_read=is_read,
        is_chosen=choice.is_read is not None,
        is_hidden=sheet.is_hidden,
        has_addresses=kind != "other",
        rows=len(lines.accounts) + sheet.more if kind != "other" else len(sheet.records) + sheet.more,
        left_out=tuple(record.line for record in left_out),
        header_line=header.line if header else 0,
        columns=_columns(sheet, layout),
        preview=_preview(sheet, layout, lines, choice.taken_back),
    )


def _columns(sheet: Sheet, layout: Layout) -> tuple[ColumnSummary, ...]:
    """Return the columns that have a name or a value.

    The meaning of a column is guessed if its name is unclear or, where no column is known to have the addresses, for
    every column; but not for all where the user has set the columns.
    """
    below = sheet.records[layout.first_row :]
    width = max([len(layout.names), *(_width(record.cells) for record in below)], default=0)
    names = _shown_names(layout.names)
    # Without names the usual order is assumed, which is wrong if the addresses stand in another column.
    is_chosen = "choice" in layout.told_by
    is_misplaced = layout.header is None and layout.by_content is not None and not is_chosen
    known = () if is_misplaced else layout.columns
    unclear = dict(layout.unclear)
    columns = []
    taken = set(known)
    for index in range(width):
        field = known[index] if index < len(known) else None
        told_by = layout.told_by[index] if index < len(layout.told_by) and field else ""
        cells = list(filled_cells(index, below))
        if field is None:
            full_name = layout.names[index] if index < len(layout.names) else ""
            if full_name in unclear:
                field, told_by = unclear[full_name], "likeness"
            elif Field.EMAIL not in known and not is_chosen:
                field, told_by = _guess(index, full_name, cells, layout)
            if field in taken:
                field, told_by = None, ""
            taken.add(field)
        columns.append(
            ColumnSummary(column_letter(index), names[index] if index < len(names) else "", field, told_by, len(cells))
        )
    return tuple(columns)


def _shown_names(names: Sequence[str]) -> list[str]:
    """Return the names of a header that may be shown, others empty: the line may be an account with its password."""
    if has_run_on(names):
        return [name if match_name(name) else "" for name in names]
    if len(known_fields(names)) > 1:
        return list(names)
    harmless = set(harmless_names(names))
    return [name if name in harmless else "" for name in names]


def _guess(index: int, name: str, cells: Sequence[str], layout: Layout) -> tuple[Field | None, str]:
    """Return the likeliest field of a column in a list without a known column of addresses, and by what it is told.

    That is "content" or "likeness", as in `ColumnSummary`; None and an empty text where nothing is likely.
    """
    if index == layout.by_content:
        return Field.EMAIL, "content"
    if name and (field := find_similar_field(name)):
        return field, "likeness"
    values = [trimmed(cell).casefold() for cell in cells]
    if values and all(value in YES | NO for value in values) and not all(value in "01" for value in values):
        return Field.KEEP_COPY, "content"
    if values and all(_QUOTA.fullmatch(value) for value in values) and len(set(values)) < len(values):
        return Field.QUOTA, "content"
    return None, ""


def _preview(sheet: Sheet, layout: Layout, lines: SortedLines, taken_back: Collection[int]) -> tuple[LineSummary, ...]:
    """Return the first lines of a sheet, then the lines below them that were left out, or taken back by the user."""
    kinds = {record.line: "left_out" for record in (*lines.above, *lines.left_out)}
    kinds |= {record.line: "row" for record in lines.accounts}
    if layout.header is not None:
        kinds[sheet.records[layout.header].line] = "header"
    end = min(layout.first_row, _ABOVE_SHOWN) + ROWS_SHOWN
    first = sheet.records[:end]
    left_out = {record.line for record in lines.left_out}
    rest = sheet.records[end:]
    below = [
        *[record for record in rest if record.line in left_out][:_LEFT_OUT_SHOWN],
        *[record for record in rest if record.line in taken_back][:_TAKEN_BACK_SHOWN],
    ]
    return tuple(_line(record, kinds.get(record.line, "blank")) for record in (*first, *below))


def _line(record: Record, kind: str) -> LineSummary:
    return LineSummary(record.line, kind, tuple(map(_shown, record.cells[:MAX_COLUMNS])))


def _shown(cell: str) -> str:
    return trimmed(CONTROL.sub("", cell[:_CELL_SHOWN]))


def _width(cells: Sequence[str]) -> int:
    """Return the number of cells without the empty ones at their end."""
    filled = (index for index, cell in enumerate(cells[:MAX_COLUMNS], start=1) if cell)
    return max(filled, default=0)
