"""The sentences about files, sheets and rows that the readers' codes stand for, in the language of the moment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.formats import grouped
from bulkimport.columns import BY_FIELD, COLUMNS, folded
from bulkimport.readers.book import MAX_CELL, MAX_COLUMNS, MAX_COUNTED, Mark, Record, Refusal
from bulkimport.readers.header import harmless_names
from bulkimport.rows import ENCODING_NAMES, Field, Level, Problem

LINES_NAMED: Final = 5
SHOWN_NAMES: Final = 10
SHOWN_CHARACTERS: Final = 40


def named_lines(lines: Sequence[int]) -> str:
    """Return rows by their numbers: `row 14`, `rows 14, 87 and 203`, `rows 2, 3, 4, 5, 6 and 12 others`."""
    numbers = [str(line) for line in lines]
    if len(numbers) > LINES_NAMED + 1:
        others = len(numbers) - LINES_NAMED
        last = ngettext("%(count)s other", "%(count)s others", others) % {"count": grouped(others)}
        numbers = [*numbers[:LINES_NAMED], last]
    joined = numbers[0] if len(numbers) == 1 else ", ".join(numbers[:-1]) + _(" and ") + numbers[-1] if numbers else ""
    return ngettext("row %(numbers)s", "rows %(numbers)s", len(lines)) % {"numbers": joined}


def of_sheets(names: Sequence[str], message: str) -> str:
    """Return a sentence with the names of the sheets before it that it is about."""
    quoted = _quoted([name[:100] for name in names])
    values = {"names": quoted, "message": message}
    return ngettext("Sheet %(names)s: %(message)s", "Sheets %(names)s: %(message)s", len(names)) % values


# --- The file --------------------------------------------------------------------------------------------------------
def refused(refusal: Refusal) -> Problem:
    """Return the problem of a file that cannot be read at all."""
    messages = {
        "file_empty": _("The file is empty. Upload the file that has the list of accounts."),
        "not_a_table": _("The file is not a list of accounts. Save the list as CSV, XLSX or ODS and upload that."),
        "markup": _(
            "The file is a web page or XML, whatever its name says. Open it in your spreadsheet program, save it as "
            "XLSX and upload that."
        ),
        "encoding_wrong": _(
            "The file is not written in the encoding %(detail)s. Choose another encoding, or let it be detected."
        ),
        "encoding_broken": _(
            "The file is written in UTF-8, but line %(detail)s has broken letters. Save it anew and upload that."
        ),
        "file_damaged": _(
            "The spreadsheet is damaged, perhaps the upload broke off; save it again and upload it once more."
        ),
        "sheet_binary": _(
            "The file is a binary workbook (XLSB). Save it as XLSX in your spreadsheet program and upload that."
        ),
        "sheet_encrypted": _("The spreadsheet is locked with a password. Save it without one and upload that."),
        "sheet_too_large": _(
            "The spreadsheet is too large to be opened. Copy the list alone into a new file, or save it as CSV."
        ),
        "sheet_unreadable": _(
            "The spreadsheet is written in a way that cannot be read. Save it as CSV, or anew as XLSX."
        ),
    }
    detail = ENCODING_NAMES.get(refusal.detail, refusal.detail)
    code = "not_a_table" if refusal.code == "markup" else refusal.code
    return Problem(code, messages[refusal.code] % {"detail": detail})


def too_many(accounts: int, limit: int, *, unsorted: int = 0, lines: int = 0) -> Problem:
    """Return the problem of a list with more accounts than one may have.

    unsorted: how many of them are only known to be lines with text. lines: how many of those there are in all.
    """
    certain = accounts - unsorted
    if certain <= limit and unsorted:
        message = _(
            "The file is too long to be read: %(count)s lines with text, for at most %(limit)s accounts. Delete the "
            "lines that are no accounts, or split it into parts."
        )
        return Problem("too_many_accounts", message % {"count": grouped(lines), "limit": grouped(limit)})
    if unsorted or accounts > max(MAX_COUNTED, limit):
        message = _(
            "The file has more than %(count)s accounts; at most %(limit)s fit into one file. Split it into parts."
        )
        counted = min(certain, max(MAX_COUNTED, limit))
        return Problem("too_many_accounts", message % {"count": grouped(counted), "limit": grouped(limit)})
    message = ngettext(
        "The file has %(count)s account; at most %(limit)s fit into one file. Split it into parts.",
        "The file has %(count)s accounts; at most %(limit)s fit into one file. Split it into parts.",
        accounts,
    )
    return Problem("too_many_accounts", message % {"count": grouped(accounts), "limit": grouped(limit)})


def no_accounts() -> Problem:
    return Problem(
        "no_accounts", _("The file has a header and no accounts. Write each account on a line below the header.")
    )


def encoding_guessed(encoding: str) -> Problem:
    """Return the warning of a text whose few letters outside ASCII could be others in another code page."""
    message = _(
        "The encoding of this file was guessed from few letters (%(name)s). Look whether the passwords with Polish "
        "letters are right, or choose another encoding."
    )
    return Problem("encoding_guessed", message % {"name": ENCODING_NAMES[encoding]}, level=Level.WARNING)


# --- Sheets ----------------------------------------------------------------------------------------------------------
def no_sheet() -> Problem:
    message = _("No sheet of this file was read. Tick the one that has the list, or unhide it in the file.")
    return Problem("no_sheet", message)


def sheet_not_read(name: str, rows: int, *, is_hidden: bool) -> Problem:
    """Return the warning of a sheet that has text in it and was not read."""
    if is_hidden:
        message = ngettext(
            "The sheet “%(name)s” is hidden and was not read; it has %(count)s row. Tick it, or unhide it in the "
            "file, if it belongs to the list.",
            "The sheet “%(name)s” is hidden and was not read; it has %(count)s rows. Tick it, or unhide it in the "
            "file, if it belongs to the list.",
            rows,
        )
    else:
        message = ngettext(
            "The sheet “%(name)s” was not read: it has %(count)s row, and no column named “%(email)s”. If it belongs "
            "to the list, tick it, or give its column of addresses that name.",
            "The sheet “%(name)s” was not read: it has %(count)s rows, and no column named “%(email)s”. If it belongs "
            "to the list, tick it, or give its column of addresses that name.",
            rows,
        )
    values = {"name": name[:100], "count": grouped(rows), "email": BY_FIELD[Field.EMAIL].header}
    return Problem("sheet_hidden" if is_hidden else "sheet_not_read", message % values, level=Level.WARNING)


def sheet_too_long(sheet: str, rows: int) -> Problem:
    message = _("The sheet “%(name)s” has something below row %(count)s. Delete those rows.")
    return Problem("sheet_too_long", message % {"name": sheet[:100], "count": grouped(rows)})


def rows_hidden(count: int) -> Problem:
    message = ngettext(
        "%(count)s row is hidden in the spreadsheet and was read all the same. Delete it there if it is not meant.",
        "%(count)s rows are hidden in the spreadsheet and were read all the same. Delete them there if they are not "
        "meant.",
        count,
    )
    return Problem("rows_hidden", message % {"count": grouped(count)}, level=Level.WARNING)


# --- The names of the columns ----------------------------------------------------------------------------------------
def _expected() -> str:
    return ", ".join(column.header for column in COLUMNS)


def _quoted(names: Sequence[str]) -> str:
    cut = [f"{name[:SHOWN_CHARACTERS]}…" if len(name) > SHOWN_CHARACTERS else name for name in names[:SHOWN_NAMES]]
    shown = [_("“%(name)s”") % {"name": name} for name in cut]
    return ", ".join(shown) + ("…" if len(names) > SHOWN_NAMES else "")


def no_header() -> Problem:
    message = _("The file has no header line; its columns were read in this order: %(names)s.")
    return Problem("no_header", message % {"names": _expected()}, level=Level.WARNING)


def header_run_on(line: int) -> Problem:
    """Return the problem of a header with an account in its line, whose password may stand in any cell."""
    message = _(
        "Row %(line)s has the names of the columns and an address too, for an account has run into it. Write each "
        "account into a row of its own."
    )
    return Problem("cells_slipped", message % {"line": line})


def accounts_above(line: int, above: Sequence[int]) -> Problem:
    """Return the problem of a header in the middle of a list."""
    message = _(
        "The names of the columns stand in row %(line)s, below accounts: %(above)s. Move the row with the names to the "
        "top of the list."
    )
    return Problem("header_not_first", message % {"line": line, "above": named_lines(above)})


def header_not_first(line: int, above: Sequence[int]) -> Problem:
    message = ngettext(
        "The names of the columns stand in row %(line)s; %(above)s above it was left out.",
        "The names of the columns stand in row %(line)s; %(above)s above it were left out.",
        len(above),
    )
    text = message % {"line": line, "above": named_lines(above)}
    return Problem("header_not_first", text, level=Level.WARNING)


def rows_left_out(lines: Sequence[int]) -> Problem:
    message = ngettext(
        "A total, a comment or a second header was left out, since it is no account: %(rows)s.",
        "Totals, comments or further headers were left out, since they are no accounts: %(rows)s.",
        len(lines),
    )
    return Problem("rows_left_out", message % {"rows": named_lines(lines)}, level=Level.WARNING)


def other_header(line: int, header: int) -> Problem:
    """Return the problem of a second list with other columns below the first."""
    message = _(
        "Row %(line)s names other columns than row %(header)s, and accounts stand below it. Put the two lists into two "
        "files, or give them the same columns."
    )
    return Problem("rows_left_out", message % {"line": line, "header": header})


def column_index(letter: str) -> Problem:
    message = _("Column %(letter)s has no name and only counts the rows; it is not used.")
    return Problem("column_index", message % {"letter": letter}, level=Level.WARNING)


def too_many_columns() -> Problem:
    message = _("The file has more than %(count)s columns. Delete those that do not belong to the list.")
    return Problem("too_many_columns", message % {"count": grouped(MAX_COLUMNS)})


def header_unknown(names: Sequence[str], line: int) -> Problem:
    """Return the problem of a header without a known name; only what can be no password is quoted."""
    harmless = harmless_names(names)
    if harmless:
        message = _(
            "Row %(line)s names no known column; it has %(found)s. "
            "Say which column is which, or write these names there: %(names)s."
        )
    else:
        message = _(
            "Row %(line)s names no known column. Say which column is which, or write these names there: %(names)s."
        )
    return Problem("header_unknown", message % {"line": line, "names": _expected(), "found": _quoted(harmless)})


def email_column_missing(*, was_chosen: bool) -> Problem:
    message = _("The file has no column “%(name)s”. Add it, with the address of each account.")
    if was_chosen:
        message = _("No column is set to “%(name)s”. Choose the one that has the addresses.")
    return Problem("email_column_missing", message % {"name": BY_FIELD[Field.EMAIL].header})


def column_repeated(names: Sequence[str], field: Field) -> Problem:
    """Return the problem of a field that the columns of these names claim; none where a person has said so."""
    values = {"name": names[-1][:SHOWN_CHARACTERS] if names else BY_FIELD[field].header}
    if len({folded(name) for name in names}) > 1:
        message = _("The columns %(names)s all mean “%(known)s”. Delete or rename all but one.")
        values = {"names": _quoted(names), "known": BY_FIELD[field].header}
    elif names:
        message = _("The column “%(name)s” is in the file more than once. Delete or rename all but one.")
    else:
        message = _("More than one column is set to “%(name)s”. Choose one, and set the others to something else.")
    return Problem("column_repeated", message % values, field=_own(field) if names else field)


def _own(field: Field) -> Field:
    """Return the field of a row that a column belongs to."""
    return Field.EMAIL if field is Field.DOMAIN else field


def column_unclear(name: str, field: Field) -> Problem:
    message = _(
        "The column “%(name)s” looks like “%(known)s”, but its name is not quite that. Say what it is, or write "
        "“%(known)s” there."
    )
    values = {"name": name[:SHOWN_CHARACTERS], "known": BY_FIELD[field].header}
    return Problem("column_unclear", message % values, field=_own(field))


def column_unknown(names: Sequence[str], *, are_certain: bool) -> Problem:
    """Return the warning of columns that are not used; what may be an account's is not quoted."""
    if not are_certain and len(harmless_names(names)) < len(names):
        message = _(
            "Some columns are not known and are not used. If you need one, give it one of these names: %(known)s."
        )
    else:
        message = ngettext(
            "The column %(names)s is not known and is not used. If you need it, give it one of these names: %(known)s.",
            "The columns %(names)s are not known and are not used. If you need one, give it one of these names: "
            "%(known)s.",
            len(names),
        )
    text = message % {"names": _quoted(names), "known": _expected()}
    return Problem("column_unknown", text, level=Level.WARNING)


# --- Rows and cells --------------------------------------------------------------------------------------------------
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


def marked(mark: Mark, field: Field) -> tuple[str, Level]:
    """Return the sentence for what the reader found at a cell of a field, and how much it matters."""
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
