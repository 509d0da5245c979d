"""From a record to a row: the text of each known column, and what is wrong with it."""

from __future__ import annotations

import re
from typing import Final

from accounts.validators import trimmed
from bulkimport.readers import messages
from bulkimport.readers.book import CONTROL, MAX_CELL, Record, has_text
from bulkimport.readers.garbled import Damage, is_garbled
from bulkimport.readers.layout import Layout
from bulkimport.rows import Field, Level, Problem, Row

# What exporters write around a text so that no spreadsheet takes it for a formula or a number.
_FORMULA_GUARD: Final = re.compile(r'="((?:[^"]|"")*)"')
_APOSTROPHE_GUARD: Final = re.compile(r"'(?=[=+\-@])")
_ENTITY: Final = re.compile(r"&(?:#[0-9]+|#x[0-9a-f]+|[a-z]+);", re.IGNORECASE)


def row_of(record: Record, layout: Layout, *, sheet: str | None, domain: str = "") -> Row:
    """Return the row of a record; `domain` is added to an e-mail without an @ where its line has no other."""
    line = record.line
    cells: dict[Field, str] = {}
    problems = [Problem(record.fault, messages.row_fault(record), line, sheet=sheet)] if record.fault else []
    marks = {mark.column: mark for mark in record.marks}
    for index, field in enumerate(layout.columns):
        if field is None:
            continue
        own = Field.EMAIL if field is Field.DOMAIN else field

        def add(code: str, message: str, level: Level = Level.ERROR, suggestion: str = "", field: Field = own) -> None:
            problems.append(Problem(code, message, line, field, level, sheet, suggestion))

        text = record.cells[index] if index < len(record.cells) else ""
        if len(text) > MAX_CELL:
            add("cell_too_long", messages.cell_too_long())
        if mark := marks.get(index):
            message, level = messages.marked(mark)
            add(mark.code, message, level, mark.shown if field is not Field.PASSWORD else "")
        if CONTROL.search(text):
            add("cell_has_control", messages.cell_has_control())
            text = CONTROL.sub("", text)
        if field is Field.PASSWORD and is_suspect(text, layout):
            add("encoding_broken", messages.password_garbled())
        cells[field] = unguarded(text[:MAX_CELL])
    _join_domain(cells, domain)
    surplus = _surplus(record, layout)
    if surplus is not None and not record.fault:
        problems.append(Problem("surplus_cell", messages.surplus_cell(surplus), line, sheet=sheet))
    lost = CONTROL.sub("", record.cells[surplus]) if surplus is not None and surplus < len(record.cells) else ""
    return Row(line, cells, tuple(problems), lost[:MAX_CELL], sheet=sheet)


def unguarded(text: str) -> str:
    """Return a cell without the guard of an exporter: `="haslo123"`, and an apostrophe before a sign of a formula."""
    value = trimmed(text)
    if guarded := _FORMULA_GUARD.fullmatch(value):
        return guarded[1].replace('""', '"')
    return value[1:] if _APOSTROPHE_GUARD.match(value) else text


def is_suspect(text: str, layout: Layout) -> bool:
    """Tell whether a password may not be the one that its person wrote, since letters were garbled on the way.

    Where the names of the columns are garbled, so may be every letter outside ASCII, and what has taken its place.
    """
    if is_garbled(text):
        return True
    if Damage.LETTERS in layout.damage and not text.isascii():
        return True
    return ("?" in layout.damage and "?" in text) or (Damage.ENTITIES in layout.damage and bool(_ENTITY.search(text)))


def _join_domain(cells: dict[Field, str], domain: str) -> None:
    """Complete an e-mail that is only the name before the @, by the column of domains or by what a person has said."""
    own = trimmed(cells.pop(Field.DOMAIN, "")).removeprefix("@") or domain
    name = trimmed(cells.get(Field.EMAIL, ""))
    if name and own and "@" not in name:
        cells[Field.EMAIL] = f"{name}@{own}"


def _surplus(record: Record, layout: Layout) -> int | None:
    """Return the index of the first cell that has text and no column."""
    for index, cell in enumerate(record.cells):
        if index not in layout.named and index != layout.index and cell and has_text(cell):
            return index
    unreadable = (mark.column for mark in record.marks if mark.code == "cell_unreadable")
    return next((index for index in unreadable if index not in layout.named and index != layout.index), None)
