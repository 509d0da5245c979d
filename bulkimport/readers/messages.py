"""Problems of a whole file or sheet, with their sentences in the current language.

Those of columns are in column_messages, those of rows and cells in row_messages.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.formats import grouped
from bulkimport.columns import BY_FIELD
from bulkimport.readers.book import MAX_COUNTED, Refusal
from bulkimport.rows import ENCODING_NAMES, Field, Level, Problem

LINES_NAMED: Final = 5
NAMES_SHOWN: Final = 10
NAME_LENGTH: Final = 40  # characters of a column's name that are shown


def named_lines(lines: Sequence[int]) -> str:
    """Return rows by their numbers: `row 14`, `rows 14, 87 and 203`, `rows 2, 3, 4, 5, 6 and 12 others`."""
    numbers = [str(line) for line in lines]
    if len(numbers) > LINES_NAMED + 1:
        others = len(numbers) - LINES_NAMED
        last = ngettext("%(count)s other", "%(count)s others", others) % {"count": grouped(others)}
        numbers = [*numbers[:LINES_NAMED], last]
    joined = numbers[0] if len(numbers) == 1 else ", ".join(numbers[:-1]) + _(" and ") + numbers[-1] if numbers else ""
    return ngettext("row %(numbers)s", "rows %(numbers)s", len(lines)) % {"numbers": joined}


def name_sheets(names: Sequence[str], message: str) -> str:
    """Return a sentence with the names of the sheets that it is about in front of it."""
    quoted = quoted_names([name[:100] for name in names])
    values = {"names": quoted, "message": message}
    return ngettext("Sheet %(names)s: %(message)s", "Sheets %(names)s: %(message)s", len(names)) % values


def quoted_names(names: Sequence[str]) -> str:
    """Return the names in quotation marks, each cut if it is long, and an ellipsis if there are too many."""
    cut = [f"{name[:NAME_LENGTH]}…" if len(name) > NAME_LENGTH else name for name in names[:NAMES_SHOWN]]
    shown = [_("“%(name)s”") % {"name": name} for name in cut]
    return ", ".join(shown) + ("…" if len(names) > NAMES_SHOWN else "")


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

    unsorted: how many of them are lines that were only counted, so that some may be no accounts. lines: how many lines
    with text there are in all.
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
    """Return the warning about a text whose few non-ASCII letters may be others in another code page."""
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
    """Return the warning about a sheet that has text in it and was not read."""
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
