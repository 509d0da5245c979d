"""Problems of the header and of the columns of a sheet, with their sentences in the current language."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.formats import grouped
from bulkimport.columns import BY_FIELD, COLUMNS, folded
from bulkimport.readers.book import MAX_COLUMNS
from bulkimport.readers.header import harmless_names
from bulkimport.readers.messages import NAME_LENGTH, named_lines, quoted_names
from bulkimport.rows import Field, Level, Problem


def _expected() -> str:
    return ", ".join(column.header for column in COLUMNS)


def no_header() -> Problem:
    message = _("The file has no header line; its columns were read in this order: %(names)s.")
    return Problem("no_header", message % {"names": _expected()}, level=Level.WARNING)


def header_run_on(line: int) -> Problem:
    """Return the problem of a header to which an account was joined. It quotes nothing: any cell may be a password."""
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
    """Return the problem of a header without a known name. Names that may be passwords are not quoted."""
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
    return Problem("header_unknown", message % {"line": line, "names": _expected(), "found": quoted_names(harmless)})


def email_column_missing(*, was_chosen: bool) -> Problem:
    message = _("The file has no column “%(name)s”. Add it, with the address of each account.")
    if was_chosen:
        message = _("No column is set to “%(name)s”. Choose the one that has the addresses.")
    return Problem("email_column_missing", message % {"name": BY_FIELD[Field.EMAIL].header})


def column_repeated(names: Sequence[str], field: Field) -> Problem:
    """Return the problem of a field that more than one column claims.

    names: those of the columns; empty where the user has set the columns.
    """
    values = {"name": names[-1][:NAME_LENGTH] if names else BY_FIELD[field].header}
    if len({folded(name) for name in names}) > 1:
        message = _("The columns %(names)s all mean “%(known)s”. Delete or rename all but one.")
        values = {"names": quoted_names(names), "known": BY_FIELD[field].header}
    elif names:
        message = _("The column “%(name)s” is in the file more than once. Delete or rename all but one.")
    else:
        message = _("More than one column is set to “%(name)s”. Choose one, and set the others to something else.")
    return Problem("column_repeated", message % values, field=_row_field(field) if names else field)


def _row_field(field: Field) -> Field:
    """Return the field of a row that a column belongs to."""
    return Field.EMAIL if field is Field.DOMAIN else field


def column_unclear(name: str, field: Field) -> Problem:
    message = _(
        "The column “%(name)s” looks like “%(known)s”, but its name is not quite that. Say what it is, or write "
        "“%(known)s” there."
    )
    values = {"name": name[:NAME_LENGTH], "known": BY_FIELD[field].header}
    return Problem("column_unclear", message % values, field=_row_field(field))


def column_unknown(names: Sequence[str], *, are_certain: bool) -> Problem:
    """Return the warning about columns that are not used.

    are_certain: whether their line is certainly a header; if not, names that may be passwords are not quoted.
    """
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
    text = message % {"names": quoted_names(names), "known": _expected()}
    return Problem("column_unknown", text, level=Level.WARNING)
