"""The first line that is not blank: which column is which, and what is wrong with their names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.formats import grouped
from accounts.validators import trimmed
from bulkimport.columns import BY_FIELD, COLUMNS, field_named, is_passed_over
from bulkimport.rows import Dialect, Field, Level, Problem

MAX_COLUMNS: Final = 100
MAX_NAME: Final = 200  # characters of a header cell that are looked at
SHOWN_NAMES: Final = 10
SHOWN_CHARACTERS: Final = 40


@dataclass(frozen=True, slots=True)
class Layout:
    """Which column is which. `columns` is in the order of the file, None for one that is not used.

    named: the indexes of all columns that may hold text, known or not. passed_over: of those that the panel itself
    added and that count for nothing. names: the texts of the header.
    """

    has_header: bool
    columns: tuple[Field | None, ...]
    named: frozenset[int]
    passed_over: frozenset[int] = frozenset()
    names: tuple[str, ...] = ()


def read_header(cells: Sequence[str], chosen: Dialect) -> tuple[Layout, list[Problem]]:
    """Return the layout that the first line of a file gives, and the problems with it.

    chosen: what a person has set. Without has_header, a line with an @ is the first account, anything else a header;
    columns come before the names of the header. Codes: no_header, column_unknown (warnings); header_unknown,
    email_column_missing, column_repeated, too_many_columns (errors).
    """
    has_header = chosen.has_header
    if has_header is None:
        has_header = not any("@" in cell for cell in cells)
    if has_header and any(trimmed(cell[:MAX_NAME]) for cell in cells[MAX_COLUMNS:]):
        return Layout(True, (), frozenset()), [_too_many_columns()]
    names = _names(cells) if has_header else []
    if chosen.columns is not None:
        return _as_chosen(names, chosen.columns[:MAX_COLUMNS], has_header=has_header)
    if not has_header:
        return _headerless(), [_no_header()]
    fields = tuple(field_named(name) for name in names)
    passed_over = frozenset(index for index, name in enumerate(names) if is_passed_over(name))
    named = frozenset(index for index, name in enumerate(names) if name)
    unknown = [name for index, name in enumerate(names) if name and fields[index] is None and index not in passed_over]
    layout = Layout(True, fields, named, passed_over, tuple(names))
    if not any(fields):
        return layout, [_header_unknown(unknown)]
    problems = _repeated(names, fields)
    if Field.EMAIL not in fields:
        problems.append(_email_missing())
    if unknown:
        is_certain = sum(field is not None for field in fields) > 1
        problems.append(_column_unknown(unknown, unknown if is_certain else harmless_names(unknown)))
    return layout, problems


def _as_chosen(
    names: Sequence[str], columns: tuple[Field | None, ...], *, has_header: bool
) -> tuple[Layout, list[Problem]]:
    """Return the layout that a person has set. What they leave out is not used; what they have not seen is surplus."""
    passed_over = frozenset(i for i, name in enumerate(names) if is_passed_over(name) and not any(columns[i : i + 1]))
    named = frozenset(range(max(len(columns), len(names))))
    layout = Layout(has_header, columns, named, passed_over, tuple(names))
    problems = [
        Problem("column_repeated", _set_twice(field), field=field)
        for field, count in Counter(columns).items()
        if field is not None and count > 1
    ]
    if Field.EMAIL not in columns:
        message = _("No column is set to “%(name)s”. Choose the one that has the addresses.")
        problems.append(Problem("email_column_missing", message % {"name": BY_FIELD[Field.EMAIL].header}))
    return layout, problems


def _set_twice(field: Field) -> str:
    message = _("More than one column is set to “%(name)s”. Choose one, and set the others to something else.")
    return message % {"name": BY_FIELD[field].header}


def _names(cells: Sequence[str]) -> list[str]:
    """Return the names of a header, of a bounded length, without the empty ones at its end."""
    names = [trimmed(cell[:MAX_NAME]) for cell in cells[:MAX_COLUMNS]]
    while names and not names[-1]:
        names.pop()
    return names


def _headerless() -> Layout:
    return Layout(False, tuple(column.field for column in COLUMNS), frozenset(range(len(COLUMNS))))


def _expected() -> str:
    return ", ".join(column.header for column in COLUMNS)


def _quoted(names: Sequence[str]) -> str:
    cut = [f"{name[:SHOWN_CHARACTERS]}…" if len(name) > SHOWN_CHARACTERS else name for name in names[:SHOWN_NAMES]]
    shown = [_("“%(name)s”") % {"name": name} for name in cut]
    return ", ".join(shown) + ("…" if len(names) > SHOWN_NAMES else "")


def _no_header() -> Problem:
    message = _("The file has no header line; its columns were read in this order: %(names)s.")
    return Problem("no_header", message % {"names": _expected()}, level=Level.WARNING)


def _too_many_columns() -> Problem:
    message = _("The file has more than %(count)s columns. Delete those that do not belong to the list.")
    return Problem("too_many_columns", message % {"count": grouped(MAX_COLUMNS)})


def harmless_names(names: Sequence[str]) -> list[str]:
    """Return the names that may be repeated: the line may be an account that lacks its @, with its password in it."""
    return [name for name in names if name.isprintable() and not any(character.isdigit() for character in name)]


def _header_unknown(names: Sequence[str]) -> Problem:
    harmless = harmless_names(names)
    if harmless:
        message = _(
            "The first line names no known column; it has %(found)s. "
            "Say which column is which, or write these names there: %(names)s."
        )
    else:
        message = _(
            "The first line names no known column. Say which column is which, or write these names there: %(names)s."
        )
    return Problem("header_unknown", message % {"names": _expected(), "found": _quoted(harmless)})


def _email_missing() -> Problem:
    message = _("The file has no column “%(name)s”. Add it, with the address of each account.")
    return Problem("email_column_missing", message % {"name": BY_FIELD[Field.EMAIL].header})


def _repeated(names: Sequence[str], fields: Sequence[Field | None]) -> list[Problem]:
    """Return a problem for each known column that is there more than once, under the name that comes last."""
    message = _("The column “%(name)s” is in the file more than once. Delete or rename all but one.")
    last = {field: name[:SHOWN_CHARACTERS] for field, name in zip(fields, names, strict=True)}
    return [
        Problem("column_repeated", message % {"name": last[field]}, field=field)
        for field, count in Counter(fields).items()
        if field is not None and count > 1
    ]


def _column_unknown(names: Sequence[str], shown: Sequence[str]) -> Problem:
    if len(shown) < len(names):
        message = _(
            "Some columns are not known and are not used. If you need one, give it one of these names: %(known)s."
        )
        return Problem("column_unknown", message % {"known": _expected()}, level=Level.WARNING)
    message = ngettext(
        "The column %(names)s is not known and is not used. If you need it, give it one of these names: %(known)s.",
        "The columns %(names)s are not known and are not used. If you need one, give it one of these names: %(known)s.",
        len(names),
    )
    return Problem("column_unknown", message % {"names": _quoted(names), "known": _expected()}, level=Level.WARNING)
