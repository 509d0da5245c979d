"""The sentences for what is wrong with a row or a cell, in the current language."""

from __future__ import annotations

from django.utils.translation import gettext as _

from accounts.formats import grouped
from bulkimport.columns import BY_FIELD
from bulkimport.readers.book import MAX_CELL, Mark, Record
from bulkimport.rows import Field, Level


def row_fault(record: Record) -> str:
    """Return the sentence for what is wrong with the writing of a whole row."""
    if record.fault == "quotes" and record.last > record.line:
        return _(
            "A quotation mark that opens in line %(first)s closes only in line %(last)s, which would make one cell of "
            "all lines between. Remove both marks, or write each twice; the other lines were read on their own."
        ) % {"first": record.line, "last": record.last}
    if record.fault == "quotes":
        return _(
            "The quotation marks of this line, or of the one above that it may belong to, do not match. Close each one "
            "that is opened, and write one that belongs to a value twice."
        )
    return cell_too_long()


def cell_too_long() -> str:
    return _("A cell of this line has more than %(count)s characters. Shorten it.") % {"count": grouped(MAX_CELL)}


def surplus_cell(column: int) -> str:
    return _(
        "Cell %(number)s of this row has text but belongs to no column. Delete the text; if a value has the "
        "separator in it, put the value in quotation marks."
    ) % {"number": grouped(column + 1)}


def cells_slipped(*, has_names: bool) -> str:
    if not has_names:
        return _(
            "The cells of this row stand in other columns than those of the other rows: an address stands where none "
            "belongs. Move each value into its column."
        )
    return _(
        "The cells of this row stand in other columns than the names say: an address stands where none belongs. Move "
        "each value into its column."
    )


def domains_differ() -> str:
    return _(
        "This address has another domain than the column “%(column)s” of its row. Write the address that is meant, "
        "and no other domain beside it."
    ) % {"column": BY_FIELD[Field.DOMAIN].header}


def cell_has_control() -> str:
    return _("This cell has a character that cannot be seen. It is shown without it: look whether it is right.")


def password_garbled() -> str:
    return _(
        "The letters of this password were garbled before the file was saved. Write the password anew, or save the "
        "list again from the program that it comes from."
    )


def describe_mark(mark: Mark, field: Field) -> tuple[str, Level]:
    """Return the sentence for a mark at a cell of a field, and its level."""
    if mark.code == "cells_merged":
        return (
            _("This cell is merged with another one, so it was read as empty. Write the value in it, if one is meant."),
            Level.WARNING,
        )
    if mark.code == "number_format":
        message = _("The spreadsheet shows something else here than it stores. Type the value itself, as text.")
        if field is Field.QUOTA:
            message = _(
                "The spreadsheet shows something else here than it stores. Type what is meant, such as 500 or 2 GB."
            )
        return message, Level.ERROR
    return (
        _("This cell has an error, a time or a formula without a result. Type the value itself, as text."),
        Level.ERROR,
    )
