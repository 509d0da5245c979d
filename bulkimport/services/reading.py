"""The rows of an import: the file is opened once, and what a person has said and typed is put into its rows.

Opening a file is slow, a spreadsheet even takes a process of its own. So the import keeps the book that came of it,
sealed, and every page arranges rows of that.
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

BOOKS_KEPT: Final = 3  # of an import: choices of an encoding and a separator

# What was typed into cells: by row, and by column.
Corrections = Mapping[Place, Mapping[Field, str]]


class ImportNotOpen(Exception):
    """The import cannot be read or changed: it is being created, was created, its file has expired or lost its key."""


@dataclass(frozen=True, slots=True)
class Correction:
    """A cell that a person has written. `was` is what the file has there, None where that was not stored.

    `sheet` is a name, empty for text, and where it was typed before a list could have several: see `first_sheet`.
    """

    sheet: str
    line: int
    field: Field
    text: str = dataclasses.field(repr=False)
    was: str | None = dataclasses.field(default=None, repr=False)

    @property
    def cell(self) -> tuple[str, int, Field]:
        """Which cell of the file it is."""
        return self.sheet, self.line, self.field


@dataclass(frozen=True, slots=True)
class Choices:
    """What a person has said and typed about an import: how to read its file, and the cells they have written."""

    reading: Reading = AS_DETECTED
    corrections: tuple[Correction, ...] = ()


def read(import_record: Import, *, wait_seconds: float | None = WAIT_SECONDS) -> FileRows:
    """Return the rows of an import with the corrections of the person in their places.

    wait_seconds: how long to wait for a spreadsheet to be opened, which happens once; None for as long as it takes.
    Raises ImportNotOpen, and BusyError where it would take longer.
    """
    choices = choices_of(import_record)
    book = _book_of(import_record, choices.reading, wait_seconds)
    return corrected(arranged(book, choices.reading), choices.corrections)


def arranged(book: Book, reading: Reading) -> FileRows:
    """Return the rows of a book as its file has them."""
    return arrange(book, reading, max_rows=settings.MAX_ACCOUNTS_PER_FILE)


def as_in_file(import_record: Import, reading: Reading) -> FileRows:
    """Return the rows of an import without corrections. Raises as `read`."""
    return arranged(_book_of(import_record, reading, WAIT_SECONDS), reading)


def _book_of(import_record: Import, reading: Reading, wait_seconds: float | None) -> Book:
    """Return the book of an import as its file was opened with an encoding and a separator, the first time opening it.

    The books of the last few choices are kept together, so that going back to one opens nothing anew.
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
    text = json.dumps([*before, [opened_as, books.to_json(book)]][-BOOKS_KEPT:], ensure_ascii=False)
    import_record.sealed_book = seal(zlib.compress(text.encode("utf-8", "surrogatepass"), 1))
    # Not where the secrets have been deleted meanwhile.
    still_there = Import.objects.filter(pk=import_record.pk, sealed_file__isnull=False)
    still_there.update(sealed_book=import_record.sealed_book)
    return book


# --- Corrections -----------------------------------------------------------------------------------------------------
def corrected(file: FileRows, corrections: Sequence[Correction]) -> FileRows:
    """Return rows with the corrections in them that fit: where the cell of the file is what it was then."""
    if not corrections:
        return file
    first = first_sheet(file)
    by_row: dict[tuple[str, int], list[Correction]] = {}
    for correction in corrections:
        by_row.setdefault((correction.sheet or first, correction.line), []).append(correction)
    rows = tuple(_corrected(row, by_row.get((file.sheet_of(row.place), row.line), ())) for row in file.rows)
    return replace(file, rows=rows)


def first_sheet(file: FileRows) -> str:
    """Return the name of the one sheet that was read before lists could have several; empty for text.

    It was the first visible one whose first line names the column of addresses, else the first visible one.
    """
    visible = [sheet for sheet in file.sheets if not sheet.is_hidden]
    lists = [sheet for sheet in visible if sheet.preview and sheet.preview[0].kind == "header" and _is_named(sheet)]
    return next((sheet.name for sheet in (*lists, *visible)), "")


def _is_named(sheet: SheetSummary) -> bool:
    return any(column.field is Field.EMAIL and column.by == "name" for column in sheet.columns)


def fits(correction: Correction, row: Row | None) -> bool:
    """Tell whether a correction was made of the text that a row of the file has now."""
    return row is not None and correction.was in (None, row.cells.get(correction.field, ""))


def _corrected(row: Row, corrections: Sequence[Correction]) -> Row:
    """Return a row with a person's cells in it.

    What the reader found wrong with a cell is settled once that cell has been rewritten, and what it found wrong with
    the whole row once any has: the person has then seen them all. A text that belongs to no column is dropped only
    with the row as a whole confirmed, which brings every cell.
    """
    cells = {correction.field: correction.text for correction in corrections if fits(correction, row)}
    if not cells:
        return row
    is_confirmed = cells.keys() >= set(ROW_FIELDS)
    unsettled = tuple(
        problem
        for problem in row.problems
        if (problem.field and problem.field not in cells)
        or (row.surplus and problem.code in ("surplus_cell", "cells_slipped") and not is_confirmed)
    )
    surplus = "" if is_confirmed else row.surplus
    together = {**row.cells, **cells}
    return replace(row, cells=together, problems=unsettled, surplus=surplus, corrected=frozenset(cells))


# --- How choices are stored ------------------------------------------------------------------------------------------
def choices_of(import_record: Import) -> Choices:
    """Return what a person has said and typed about an import. Raises ImportNotOpen."""
    if import_record.sealed_choices is None:
        return Choices()
    try:
        stored: dict[str, Any] = unseal_json(import_record.sealed_choices)
    except SealBroken:
        raise ImportNotOpen from None
    return from_stored(stored)


def as_stored(choices: Choices) -> dict[str, Any]:
    """Return choices as JSON can hold them."""
    reading = asdict(choices.reading)
    for sheet in reading["sheets"].values():
        sheet["taken_back"] = sorted(sheet["taken_back"])
    listed = [[c.sheet, c.line, c.field, c.text, c.was] for c in choices.corrections]
    return {"reading": reading, "corrections": listed}


def from_stored(stored: Mapping[str, Any]) -> Choices:
    """Return the choices that `as_stored` was given, or those that the panel stored before lists had several sheets."""
    if "reading" not in stored:
        return _from_before(stored)
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


def _from_before(stored: Mapping[str, Any]) -> Choices:
    """Return choices that were stored as `{"dialect": {...}, "corrections": {line: {column: text}}}`."""
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
