"""Which cells of a preview may hold a password and are hidden until the person shows them."""

import re
from typing import Final

from accounts.refusals import is_quotable
from accounts.validators import NO, YES
from bulkimport.rows import ColumnSummary, Field, SheetSummary

# Texts that are no passwords: an address; a number too short for a password, perhaps with a unit or as the number of a
# row; and the name of a person, since every password has a digit.
_NO_SECRET: Final = re.compile(
    r"[^@\s]+@[\w-]+(\.[\w-]+)*\.[^\W\d_]{2,}|[0-9]{1,5}([.,][0-9]{1,2})?( ?[MG]B|[.)])?", re.IGNORECASE
)
_NAME: Final = re.compile(r"[^\W\d_]+\.?([ '’-]{1,3}[^\W\d_]+\.?){0,5}")

_SEPARATORS: Final = re.compile(r"[,;|\t]")


def find_secret_columns(sheet: SheetSummary) -> frozenset[int]:
    """Return the columns whose cells may be secret: the passwords, and every column whose meaning is not certain.

    A column of uncertain meaning is shown if none of its texts can be a password, or if it has a name and another
    column is known to hold the passwords.
    """
    has_passwords = any(column.field is Field.PASSWORD and _is_named(column, sheet) for column in sheet.columns)
    return frozenset(
        index
        for index, column in enumerate(sheet.columns)
        if column.field is Field.PASSWORD
        or not (
            (column.field is not None and _is_sure(column, sheet))
            or (column.name and has_passwords)
            or all(_is_harmless(text) for text in _texts(index, sheet))
        )
    )


def _is_named(column: ColumnSummary, sheet: SheetSummary) -> bool:
    return _is_sure(column, sheet) or column.by == "likeness"


def _is_sure(column: ColumnSummary, sheet: SheetSummary) -> bool:
    return column.by == "choice" or (column.by == "name" and sheet.header_line > 0)


def _texts(index: int, sheet: SheetSummary) -> list[str]:
    lines = [line for line in sheet.preview if line.kind == "row" and index < len(line.cells)]
    return [line.cells[index] for line in lines if line.cells[index]]


def _is_harmless(text: str) -> bool:
    is_name = text[:1].isupper() and _NAME.fullmatch(text) is not None
    return is_name or _NO_SECRET.fullmatch(text) is not None or text.casefold() in YES | NO


def is_secret_cell(index: int, text: str, sheet: SheetSummary, secret: frozenset[int]) -> bool:
    """Tell whether a cell is hidden. In a column of addresses it depends on the text, which may be a whole row."""
    if index >= len(sheet.columns):
        return not _is_harmless(text)
    column = sheet.columns[index]
    if column.by == "choice" and "@" not in text and not is_quotable(text) and not _is_harmless(text):
        return True  # it may be a password, whatever the person has set the column to
    if column.field is Field.EMAIL:
        return (index in secret or _SEPARATORS.search(text) is not None) and not _is_harmless(text)
    return index in secret
