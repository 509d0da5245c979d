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
from bulkimport.rows import Field, Level, Problem

MAX_COLUMNS: Final = 100
MAX_NAME: Final = 200  # characters of a header cell that are looked at
SHOWN_NAMES: Final = 10
SHOWN_CHARACTERS: Final = 40


@dataclass(frozen=True, slots=True)
class Layout:
    """Which column is which. `columns` is in the order of the file, None for one that is not used.

    named: the indexes of all columns that may hold text, known or not. passed_over: of those that the panel itself
    added and that count for nothing.
    """

    has_header: bool
    columns: tuple[Field | None, ...]
    named: frozenset[int]
    passed_over: frozenset[int] = frozenset()


def read_header(cells: Sequence[str], *, has_header: bool | None) -> tuple[Layout, list[Problem]]:
    """Return the layout that the first line of a file gives, and the problems with it.

    has_header: what a person has set; None takes a line with an @ for the first account, anything else for a header.
    Codes: no_header, column_unknown (warnings); header_unknown, email_column_missing, column_repeated,
    too_many_columns (errors).
    """
    if has_header is None:
        has_header = not any("@" in cell for cell in cells)
    if not has_header:
        return _headerless(), [_no_header()]
    if any(trimmed(cell[:MAX_NAME]) for cell in cells[MAX_COLUMNS:]):
        return Layout(True, (), frozenset()), [_too_many_columns()]
    names = _names(cells)
    fields = tuple(field_named(name) for name in names)
    passed_over = frozenset(index for index, name in enumerate(names) if is_passed_over(name))
    named = frozenset(index for index, name in enumerate(names) if name)
    unknown = [name for index, name in enumerate(names) if name and fields[index] is None and index not in passed_over]
    layout = Layout(True, fields, named, passed_over)
    if not any(fields):
        return layout, [_header_unknown(unknown)]
    problems = _repeated(names, fields)
    if Field.EMAIL not in fields:
        problems.append(_email_missing())
    if unknown:
        is_certain = sum(field is not None for field in fields) > 1
        problems.append(_column_unknown(unknown, unknown if is_certain else _harmless(unknown)))
    return layout, problems


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


def _harmless(names: Sequence[str]) -> list[str]:
    """Return the names that may be repeated: the line may be an account that lacks its @, with its password in it."""
    return [name for name in names if name.isprintable() and not any(character.isdigit() for character in name)]


def _header_unknown(names: Sequence[str]) -> Problem:
    harmless = _harmless(names)
    if harmless:
        message = _(
            "The first line names no known column; it has %(found)s. Write the names of the columns there: %(names)s."
        )
    else:
        message = _("The first line names no known column. Write the names of the columns there: %(names)s.")
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
