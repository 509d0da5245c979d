"""Read the rows of an import: from its file, arranged as the person chose, with their corrections.

Opening a file is slow; a spreadsheet even needs a child process. So the opened file (a `Book`) is stored with the
import, sealed, and every page arranges its rows from there.
"""

import dataclasses
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from django.conf import settings

from accounts.sealing import SealBroken, seal, unseal, unseal_json
from bulkimport.models import Import
from bulkimport.readers import book as books
from bulkimport.readers.arrange import arrange
from bulkimport.readers.book import Book
from bulkimport.readers.reading import AS_DETECTED, open_book
from bulkimport.readers.sheet import WAIT_SECONDS, BusyError
from bulkimport.rows import ROW_FIELDS, Field, FileRows, Place, Reading, Row, SheetChoice, SheetSummary

__all__ = ["BusyError"]

MAX_STORED_BOOKS: Final = 3  # for each import; one for each chosen pair of encoding and separator

# The text of corrected cells, by row and column.
Corrections = Mapping[Place, Mapping[Field, str]]


class ImportNotOpen(Exception):
    """The import cannot be read or changed: its creation has begun, or its file has expired or cannot be unsealed."""


@dataclass(frozen=True, slots=True)
class Correction:
    """The text that a person has typed into a cell.

    sheet: the name of its sheet. Empty for a text file, and in corrections stored before a list could have several
    sheets (see `find_legacy_sheet`). was: the text of the cell in the file; None where that was not stored.
    """

    sheet: str
    line: int
    field: Field
    text: str = dataclasses.field(repr=False)
    was: str | None = dataclasses.field(default=None, repr=False)

    @property
    def cell(self) -> tuple[str, int, Field]:
        """The sheet, line and column of the cell."""
        return self.sheet, self.line, self.field


@dataclass(frozen=True, slots=True)
class Choices:
    """How a person has chosen to read the file of an import, and the cells they have corrected."""

    reading: Reading = AS_DETECTED
    corrections: tuple[Correction, ...] = ()


def read(import_record: Import, *, wait_seconds: float | None = WAIT_SECONDS) -> FileRows:
    """Return the rows of an import with the person's corrections.

    wait_seconds: how long to wait until a spreadsheet can be opened, which is done once; None for no limit.
    Raises ImportNotOpen, and BusyError after that time.
    """
    choices = load_choices(import_record)
    book = _load_book(import_record, choices.reading, wait_seconds)
    return _apply_corrections(_arrange(book, choices.reading), choices.corrections)


def read_uncorrected(import_record: Import, reading: Reading) -> FileRows:
    """Return the rows of an import without corrections. Raises as `read`."""
    return _arrange(_load_book(import_record, reading, WAIT_SECONDS), reading)


def _arrange(book: Book, reading: Reading) -> FileRows:
    return arrange(book, reading, max_rows=settings.MAX_ACCOUNTS_PER_FILE)


def _load_book(import_record: Import, reading: Reading, wait_seconds: float | None) -> Book:
    """Return the opened file of an import for an encoding and a separator; the first time, open and store it.

    The books of the last few choices are stored, so that going back to one of them opens no file.
    """
    if not import_record.has_file or import_record.sealed_file is None:
        raise ImportNotOpen
    opened_as = [reading.encoding, reading.separator]
    before: list[list[Any]] = []
    try:
        if import_record.sealed_book is not None:
            before = json.loads(zlib.decompress(unseal(import_record.sealed_book)))
            if stored := next((stored for key, stored in before if key == opened_as), None):
                return books.from_json(stored)
        content = unseal(import_record.sealed_file)
    except SealBroken:
        raise ImportNotOpen from None
    book = open_book(
        content,
        reading=reading,
        max_rows=settings.MAX_ACCOUNTS_PER_FILE,
        client=import_record.uploaded_by_id,
        patience=wait_seconds,
    )
    text = json.dumps([*before, [opened_as, books.to_json(book)]][-MAX_STORED_BOOKS:], ensure_ascii=False)
    import_record.sealed_book = seal(zlib.compress(text.encode("utf-8", "surrogatepass"), 1))
    # Not stored if the secrets have been deleted meanwhile.
    still_there = Import.objects.filter(pk=import_record.pk, sealed_file__isnull=False)
    still_there.update(sealed_book=import_record.sealed_book)
    return book


# --- Corrections -----------------------------------------------------------------------------------------------------
def _apply_corrections(file: FileRows, corrections: Sequence[Correction]) -> FileRows:
    """Return the rows with those corrections whose cell still has the text that was corrected."""
    if not corrections:
        return file
    legacy_sheet = find_legacy_sheet(file)
    by_row: dict[tuple[str, int], list[Correction]] = {}
    for correction in corrections:
        by_row.setdefault((correction.sheet or legacy_sheet, correction.line), []).append(correction)
    rows = tuple(_correct_row(row, by_row.get((file.find_sheet_name(row.place), row.line), ())) for row in file.rows)
    return replace(file, rows=rows)


def find_legacy_sheet(file: FileRows) -> str:
    """Return the name of the sheet that corrections without a sheet belong to; empty for a text file.

    Before lists could have several sheets, only one was read: the first visible one with a header that names the
    column of addresses, else the first visible one.
    """
    visible = [sheet for sheet in file.sheets if not sheet.is_hidden]
    with_header = [s for s in visible if s.preview and s.preview[0].kind == "header" and _has_named_addresses(s)]
    return next((sheet.name for sheet in (*with_header, *visible)), "")


def _has_named_addresses(sheet: SheetSummary) -> bool:
    return any(column.field is Field.EMAIL and column.by == "name" for column in sheet.columns)


def fits(correction: Correction, row: Row | None) -> bool:
    """Tell whether the row still has the text that was corrected."""
    return row is not None and correction.was in (None, row.cells.get(correction.field, ""))


def _correct_row(row: Row, corrections: Sequence[Correction]) -> Row:
    """Return a row with its corrections.

    A reader's problem with one cell is solved once that cell is corrected, and a problem with the whole row once any
    cell is, since the person has then seen the row. A surplus text and its problems go only when the person confirms
    the whole row, which sends all its cells.
    """
    cells = {correction.field: correction.text for correction in corrections if fits(correction, row)}
    if not cells:
        return row
    is_confirmed = cells.keys() >= set(ROW_FIELDS)
    unsolved = tuple(
        problem
        for problem in row.problems
        if (problem.field and problem.field not in cells)
        or (row.surplus and problem.code in ("surplus_cell", "cells_slipped") and not is_confirmed)
    )
    surplus = "" if is_confirmed else row.surplus
    return replace(row, cells={**row.cells, **cells}, problems=unsolved, surplus=surplus, corrected=frozenset(cells))


# --- How choices are stored ------------------------------------------------------------------------------------------
def load_choices(import_record: Import) -> Choices:
    """Return the choices and corrections stored with an import. Raises ImportNotOpen."""
    if import_record.sealed_choices is None:
        return Choices()
    try:
        stored: dict[str, Any] = unseal_json(import_record.sealed_choices)
    except SealBroken:
        raise ImportNotOpen from None
    return from_stored(stored)


def as_stored(choices: Choices) -> dict[str, Any]:
    """Return choices as JSON data, which `from_stored` reads."""
    reading = asdict(choices.reading)
    for sheet in reading["sheets"].values():
        sheet["taken_back"] = sorted(sheet["taken_back"])
    listed = [[c.sheet, c.line, c.field, c.text, c.was] for c in choices.corrections]
    return {"reading": reading, "corrections": listed}


def from_stored(stored: Mapping[str, Any]) -> Choices:
    """Return the choices from JSON data; also from the format used before lists could have several sheets."""
    if "reading" not in stored:
        return _from_legacy(stored)
    reading = stored["reading"]
    sheets = {
        name: SheetChoice(
            is_read=sheet["is_read"],
            header_line=sheet["header_line"],
            columns=_columns(sheet["columns"]),
            domain=sheet["domain"],
            taken_back=frozenset(sheet["taken_back"]),
        )
        for name, sheet in reading["sheets"].items()
    }
    corrections = tuple(
        Correction(sheet, line, Field(column), text, was) for sheet, line, column, text, was in stored["corrections"]
    )
    return Choices(Reading(reading["encoding"], reading["separator"], sheets), corrections)


def _from_legacy(stored: Mapping[str, Any]) -> Choices:
    """Return choices from `{"dialect": {...}, "corrections": {line: {column: text}}}`."""
    dialect = stored.get("dialect", {})
    sheet = dialect.get("sheet") or ""
    no_header = 0 if dialect.get("has_header") is False else None
    choice = SheetChoice(True if sheet else None, no_header, _columns(dialect.get("columns")))
    sheets = {sheet: choice} if choice != SheetChoice() else {}
    corrections = tuple(
        Correction("", int(line), Field(column), text)
        for line, cells in stored.get("corrections", {}).items()
        for column, text in cells.items()
    )
    return Choices(Reading(dialect.get("encoding"), dialect.get("separator"), sheets), corrections)


def _columns(names: Sequence[str | None] | None) -> tuple[Field | None, ...] | None:
    return None if names is None else tuple(Field(name) if name else None for name in names)
