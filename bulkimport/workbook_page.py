"""The table of a workbook's sheets on the check page: which are read, and what each holds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.formats import grouped
from bulkimport.rows import Plan, SheetSummary

_NAMES_SHOWN: Final = 10
_NAME_SHOWN: Final = 40  # characters
_SHEETS_NAMED: Final = 12


@dataclass(frozen=True, slots=True)
class WorkbookSheet:
    """A line of the table. accounts: how many there are, empty where no column has addresses."""

    number: int
    name: str
    is_read: bool
    has_addresses: bool
    accounts: str
    content: str


@dataclass(frozen=True, slots=True)
class Workbook:
    """The sheets of a workbook. title: how many are read. read: their names and numbers of accounts. others: the rest.

    is_open: whether the table is unfolded, because a sheet is not read although nobody has chosen that. ticked: the
    numbers of the sheets that are read, which the page sends back.
    """

    is_open: bool
    title: str
    read: str
    others: str
    ticked: str
    sheets: tuple[WorkbookSheet, ...]


def describe_workbook(plan: Plan) -> Workbook:
    """Return the sheets of a workbook and what was made of each."""
    sheets = plan.file.sheets
    read = [sheet for sheet in sheets if sheet.is_read]
    title = ngettext("%(read)s of %(all)s sheet", "%(read)s of %(all)s sheets", len(sheets))
    return Workbook(
        is_open=bool(plan.unread_sheets),
        title=title % {"read": grouped(len(read)), "all": grouped(len(sheets))},
        ticked=",".join(str(sheet.number) for sheet in read),
        read=_join_names(f"{sheet.name} {grouped(sheet.rows)}" for sheet in read),
        others=_others([sheet for sheet in sheets if not sheet.is_read]),
        sheets=tuple(_line(sheet, sheets[:index]) for index, sheet in enumerate(sheets)),
    )


def _others(unread: list[SheetSummary]) -> str:
    """Return the names of the sheets that are not read, grouped by the reason."""
    hidden = [sheet for sheet in unread if sheet.is_hidden]
    visible = [sheet for sheet in unread if not sheet.is_hidden and sheet.has_addresses]
    others = [sheet for sheet in unread if not sheet.is_hidden and not sheet.has_addresses]
    parts = []
    if hidden:
        parts.append(_("hidden: %(names)s") % {"names": _join_names(map(_with_size, hidden))})
    if visible:
        parts.append(_("not read: %(names)s") % {"names": _join_names(map(_with_size, visible))})
    if others:
        parts.append(_("without addresses: %(names)s") % {"names": _join_names(sheet.name for sheet in others)})
    return "; ".join(parts)


def _with_size(sheet: SheetSummary) -> str:
    return f"{sheet.name}, {_accounts(sheet)}" if sheet.has_addresses else sheet.name


def _accounts(sheet: SheetSummary) -> str:
    return ngettext("%(count)s account", "%(count)s accounts", sheet.rows) % {"count": grouped(sheet.rows)}


def _line(sheet: SheetSummary, before: Iterable[SheetSummary]) -> WorkbookSheet:
    return WorkbookSheet(
        number=sheet.number,
        name=sheet.name,
        is_read=sheet.is_read,
        has_addresses=sheet.has_addresses,
        accounts=grouped(sheet.rows) if sheet.has_addresses else "",
        content=_content(sheet, before),
    )


def _content(sheet: SheetSummary, before: Iterable[SheetSummary]) -> str:
    """Describe a sheet. If an earlier sheet has the same columns and is read, only name that one."""
    if not sheet.has_addresses:
        message = ngettext(
            "No column of addresses: %(count)s row of text",
            "No column of addresses: %(count)s rows of text",
            sheet.rows,
        )
        return message % {"count": grouped(sheet.rows)}
    if sheet.is_hidden and not sheet.is_read:
        return _("Hidden in the spreadsheet program, %(accounts)s; tick to read it") % {"accounts": _accounts(sheet)}
    names = _names(sheet)
    alike = [s for s in before if s.is_read and s.header_line and _names(s) == names]
    if not sheet.header_line:
        content = _("No names of columns")
    elif alike:
        content = _("Like %(name)s") % {"name": alike[0].name}
    else:
        shown = ", ".join(name[:_NAME_SHOWN] for name in names[:_NAMES_SHOWN]) + (
            "…" if len(names) > _NAMES_SHOWN else ""
        )
        content = _("Names of columns in row %(line)s: %(names)s") % {"line": sheet.header_line, "names": shown}
    if sheet.left_out:
        left_out = ngettext("%(count)s row left out", "%(count)s rows left out", len(sheet.left_out))
        content += ", " + left_out % {"count": grouped(len(sheet.left_out))}
    return content


def _names(sheet: SheetSummary) -> list[str]:
    return [column.name for column in sheet.columns if column.name]


def _join_names(names: Iterable[str]) -> str:
    listed = list(names)
    if len(listed) <= _SHEETS_NAMED + 1:
        return ", ".join(listed)
    others = len(listed) - _SHEETS_NAMED
    more = ngettext("%(count)s other", "%(count)s others", others) % {"count": grouped(others)}
    return ", ".join(listed[:_SHEETS_NAMED]) + _(" and ") + more
