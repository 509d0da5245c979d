"""From a record to a row: the text of each known column, and what is wrong with the row."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from accounts.validators import as_stored, trimmed
from bulkimport.readers import row_messages
from bulkimport.readers.book import CONTROL, MAX_CELL, Mark, Record, has_text
from bulkimport.readers.evidence import NO_VALUE, is_suspect
from bulkimport.readers.header import ends_in_address, is_address
from bulkimport.readers.layout import Layout
from bulkimport.rows import Field, Level, Problem, Row

# Exporters write these around a text so that no spreadsheet program reads it as a formula or a number.
_FORMULA_GUARD: Final = re.compile(r'="((?:[^"]|"")*)"')
_APOSTROPHE_GUARD: Final = re.compile(r"'(?=[=+\-@])")
# What English and Polish spreadsheet programs show instead of a value when a formula fails or a column is too narrow.
_ERROR_WORD: Final = re.compile(
    r"#(n/a|n/d!?|div/0!|dziel/0!|ref!|adr!|value!|arg!|wartość!|name\?|nazwa\??|num!|liczba!|null!|zero!|spill!|calc!"
    r"|rozlanie!|oblicz!|field!|blocked!|connect!|unknown!|busy!|getting_data)|(err|błąd):[0-9]{3}|#{3,}",
    re.IGNORECASE,
)
_SCIENTIFIC: Final = re.compile(r"[0-9]([.,][0-9]+)?e[+-][0-9]{2,3}", re.IGNORECASE)
_SIZE: Final = re.compile(r"[0-9]+([.,][0-9]+)?\s*[GT]B", re.IGNORECASE)  # a quota with its unit
_LONGEST_SHOWN: Final = 40
_DOMAIN: Final = re.compile(r"[^\s@,;|:/]+\.[^\s@,;|:/]+")


def make_row(record: Record, layout: Layout, *, sheet: str | None, domain: str = "") -> Row:
    """Return the row of a record.

    sheet: the name to give in the row, None for none. domain: what to add to an e-mail without an @ if the row has no
    column of domains.
    """
    line = record.line
    cells: dict[Field, str] = {}
    problems = [Problem(record.fault, row_messages.row_fault(record), line, sheet=sheet)] if record.fault else []
    for index, field in enumerate(layout.columns):
        if field is not None:
            cells[field], cell_problems = _read_cell(record, index, field, layout, sheet)
            problems += cell_problems
    if not _join_domain(cells, domain):
        problems.append(Problem("email_invalid", row_messages.domains_differ(), line, Field.EMAIL, sheet=sheet))
    has_slipped = not record.fault and _has_slipped(record, layout, cells)
    if has_slipped:
        message = row_messages.cells_slipped(has_names=layout.header is not None)
        problems.append(Problem("cells_slipped", message, line, sheet=sheet))
    surplus = _surplus(record, layout)
    if surplus is not None and not record.fault and not has_slipped:
        problems.append(Problem("surplus_cell", row_messages.surplus_cell(surplus), line, sheet=sheet))
    lost = CONTROL.sub("", record.cells[surplus]) if surplus is not None and surplus < len(record.cells) else ""
    return Row(line, cells, tuple(problems), lost[:MAX_CELL], sheet=sheet)


def _read_cell(
    record: Record, index: int, field: Field, layout: Layout, sheet: str | None
) -> tuple[str, list[Problem]]:
    """Return the text of a record in a column, which is used for a field, and what is wrong with it."""
    problems: list[Problem] = []
    row_field = Field.EMAIL if field is Field.DOMAIN else field  # a row has no cell for the domain

    def add(code: str, message: str, level: Level = Level.ERROR, suggestion: str = "") -> None:
        problems.append(Problem(code, message, record.line, row_field, level, sheet, suggestion))

    text = record.cells[index] if index < len(record.cells) else ""
    if text == NO_VALUE:  # MySQL writes this for a cell without a value
        text = ""
    if len(text) > MAX_CELL:
        add("cell_too_long", row_messages.cell_too_long())
    mark = next((mark for mark in record.marks if mark.column == index), None) or _shown_mark(index, text)
    if mark:
        has_size = row_field is Field.QUOTA and _SIZE.fullmatch(mark.shown)
        add(mark.code, *row_messages.describe_mark(mark, row_field), mark.shown if has_size else "")
    if CONTROL.search(text):
        add("cell_has_control", row_messages.cell_has_control())
        text = CONTROL.sub("", text)
    if field is Field.PASSWORD and is_suspect(text, layout.damage):
        add("encoding_broken", row_messages.password_garbled())
    return remove_guard(text[:MAX_CELL]), problems


def _shown_mark(index: int, text: str) -> Mark | None:
    """Return a mark for a text that a spreadsheet program has shown instead of a value and saved as text."""
    value = trimmed(text[:_LONGEST_SHOWN])
    if _ERROR_WORD.fullmatch(value):
        return Mark(index, "cell_unreadable")
    return Mark(index, "number_format") if _SCIENTIFIC.fullmatch(value) else None


def _has_slipped(record: Record, layout: Layout, cells: Mapping[Field, str]) -> bool:
    """Tell whether an address stands in another column than that of the addresses, and not by chance.

    Either the column of the addresses has something else, or the row is longer than the others because another row was
    joined to it. Then the cells do not belong to their columns, and a password may stand in any of them.
    """
    if Field.EMAIL not in layout.columns:
        return False
    email = cells.get(Field.EMAIL, "")
    may_be_joined = is_address(email)
    if may_be_joined and len(record.cells) <= layout.width:
        return False
    # Where another row would begin, if as many cells follow as it has. One empty cell too many proves nothing.
    names = len(layout.columns)
    seam = names - 1 if len(record.cells) >= max(names * 2 - 1, names + 2) else None
    for index, cell in enumerate(record.cells):
        field = layout.columns[index] if index < len(layout.columns) else None
        others = layout.address_counts.get(index, 0)
        is_forward = field is Field.FORWARD and not (may_be_joined and index == seam)
        if field is Field.EMAIL or is_forward or index in layout.passed_over:
            continue
        if may_be_joined:
            if ends_in_address(cell) and not (others > 1 and is_address(cell)):
                return True
        elif is_address(cell) and not others and (field is not None or "@" not in email):
            return True
    return False


def remove_guard(text: str) -> str:
    """Return a cell without an exporter's guard: `="haslo123"`, or an apostrophe before a character such as =."""
    value = trimmed(text)
    if guarded := _FORMULA_GUARD.fullmatch(value):
        return guarded[1].replace('""', '"')
    return value[1:] if _APOSTROPHE_GUARD.match(value) else text


def _join_domain(cells: dict[Field, str], domain: str) -> bool:
    """Complete an e-mail without an @, in place, with the domain of its row or else the one that the user has set.

    Return False if the row has a complete address with one domain and another domain in the column of domains.
    """
    row_domain = trimmed(cells.pop(Field.DOMAIN, ""))
    added = (row_domain or domain).removeprefix("@")
    if not _DOMAIN.fullmatch(added):  # it may be a password
        return True
    name = trimmed(cells.get(Field.EMAIL, ""))
    if name and "@" not in name:
        cells[Field.EMAIL] = f"{name}@{added}"
    elif row_domain and is_address(name):
        return as_stored(name).rpartition("@")[2] == as_stored(added.rstrip("."))
    return True


def _surplus(record: Record, layout: Layout) -> int | None:
    """Return the index of the first cell that has text, or cannot be read, and no column; None without one."""
    for index, cell in enumerate(record.cells):
        if index not in layout.named and index != layout.counting_column and cell and has_text(cell):
            return index
    unreadable = (mark.column for mark in record.marks if mark.code == "cell_unreadable")
    return next((index for index in unreadable if index not in layout.named and index != layout.counting_column), None)
