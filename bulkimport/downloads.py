"""The files to download: the template, existing accounts, a list with its problems, and one-time links.

All of them but the links can be uploaded again.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Final

from django.http import HttpResponse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accounts.models import Forward, Mailbox
from accounts.validators import to_unicode
from bulkimport.columns import COLUMNS, NO_WORD, PROBLEMS_LABEL, YES_WORD
from bulkimport.models import Import
from bulkimport.readers.cells import remove_guard
from bulkimport.rows import ROW_FIELDS, Dialect, Field, FileRows, Place, Plan, Row
from bulkimport.services.results import CreatedAccount, list_created_accounts
from bulkimport.tables import Table, write_tables

MAX_PROBLEM_TEXT: Final = 2000  # characters; the reader refuses a row that is too long

_CONTENT_TYPES: Final = {
    "csv": "text/csv",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_ALL_FIELDS: Final = tuple(column.field for column in COLUMNS)
# XlsxWriter escapes these. ODS cannot hold them, and the reader refuses a text file with them as binary.
_ONLY_IN_XLSX: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Download:
    """A file for the browser to save."""

    filename: str
    content_type: str
    content: bytes = field(repr=False)  # may hold passwords


def as_response(download: Download) -> HttpResponse:
    """Return a response that makes the browser save the file and forbids caching it."""
    headers = {
        "Content-Disposition": content_disposition_header(True, download.filename) or "attachment",
        "Cache-Control": "no-store",
    }
    return HttpResponse(download.content, content_type=download.content_type, headers=headers)


def template(file_format: str) -> Download:
    """Return a list to fill in, with one example row, as xlsx, ods or csv in the active language."""
    examples = [(column.field, str(column.template_example)) for column in COLUMNS]
    row = [int(example) if column is Field.QUOTA else example for column, example in examples]
    return _download(pgettext("file name", "accounts-template"), file_format, [Table(_ALL_FIELDS, [row])])


def results(import_record: Import, file_format: str) -> Download:
    """Return the accounts that an import created, with the passwords that can still be shown, as csv or xlsx."""
    rows = [_result(account) for account in list_created_accounts(import_record)]
    name = f"{_stem(import_record)}-" + pgettext("file name", "accounts")
    return _download(name, file_format, [Table(_ALL_FIELDS, _safe(rows, file_format))])


def mailbox_list(
    mailboxes: Iterable[Mailbox], file_format: str, passwords: Mapping[int, str] | None = None
) -> Download:
    """Return existing mailboxes as csv or xlsx, in the columns of the importer.

    passwords: new passwords by mailbox id. The cells of other mailboxes are empty, since only hashes are stored.
    """
    listed = list(mailboxes)
    forwards = Forward.objects.filter(is_active=True, domain__in={mailbox.domain_id for mailbox in listed})
    by_source = {forward.source: forward for forward in forwards}
    passwords = passwords or {}
    rows = [_row(mailbox, by_source.get(mailbox.address), passwords.get(mailbox.pk, "")) for mailbox in listed]
    name = pgettext("file name", "new-passwords") if passwords else pgettext("file name", "mailboxes")
    return _download(name, file_format, [Table(_ALL_FIELDS, _safe(rows, file_format))])


def links(rows: Sequence[tuple[str, str]], filename: str = "") -> Download:
    """Return addresses with their one-time links as a CSV for a mail merge.

    filename: that of the list that the mailboxes were created from; empty if there is none.
    """
    cells: list[list[str | int]] = [[to_unicode(address), link] for address, link in rows]
    table = Table((Field.EMAIL,), _safe(cells, "csv"), added=pgettext("column", "Link"))
    name = pgettext("file name", "links")
    return _download(f"{PurePath(filename).stem}-{name}" if filename else name, "csv", [table])


def problem_list(import_record: Import, plan: Plan, *, only: Collection[Place] | None = None) -> Download:
    """Return the person's list with their corrections and a last column of problems, in the format they uploaded.

    only: the rows to write; None for all. Each sheet that was read becomes a sheet. Uploaded again, every cell is read
    as exactly the same text. So cells are not protected against formulas: it is the person's own list, and a password
    that begins with = must stay that password.
    """
    messages: dict[Place | None, list[str]] = {}
    for problem in plan.problems:
        messages.setdefault(problem.place, []).append(problem.message)
    fields = _list_fields(plan.file)
    sheets: dict[str, list[list[str | int]]] = {sheet.name: [] for sheet in plan.file.sheets if sheet.is_read}
    for row in plan.file.rows:
        if only is None or row.place in only:
            sheets.setdefault(plan.file.find_sheet_name(row.place), []).append(_with_problems(row, fields, messages))
    ending = "-" + pgettext("file name", "problems")
    name = _stem(import_record).removesuffix(ending) + ending  # it may be a downloaded list that was uploaded again
    file_format = {"xlsx": "xlsx", "xls": "xlsx", "ods": "ods"}.get(plan.file.dialect.format or "", "csv")
    if any(_ONLY_IN_XLSX.search(str(cell)) for rows in sheets.values() for row in rows for cell in row):
        file_format = "xlsx"
    added = str(PROBLEMS_LABEL)
    tables = [Table(fields, rows, added, name=sheet) for sheet, rows in sheets.items() if rows or len(sheets) == 1]
    return _download(name, file_format, tables or [Table(fields, [], added)], plan.file.dialect)


def _with_problems(
    row: Row, fields: Sequence[Field], messages: Mapping[Place | None, Sequence[str]]
) -> list[str | int]:
    return [
        *(_guarded(row.cells.get(column, "")) for column in fields),
        _one_line(messages.get(row.place, [])),
        # A row that the reader was not sure of gets a surplus cell. That is an error when the list is uploaded again,
        # until the person has looked at the row and deleted the cell.
        *([row.surplus or _("Look at this row, then delete this cell.")] if row.problems else []),
    ]


def _guarded(text: str) -> str:
    """Return a cell that is read as `text`. The reader unwraps guards such as `="..."`, so such a text gets another."""
    if remove_guard(text) == text:
        return text
    doubled = text.replace('"', '""')
    return f'="{doubled}"'


def _result(account: CreatedAccount) -> list[str | int]:
    """Return the row of one created account; for a deleted one only its address."""
    address = to_unicode(account.address)
    if account.mailbox is None:
        return [address, "", "", "", ""]
    return _row(account.mailbox, account.forward, account.password or "")


def _row(mailbox: Mailbox, forward: Forward | None, password: str) -> list[str | int]:
    if forward is None:
        return [mailbox.display_address, password, mailbox.quota_mb, "", ""]
    destinations = " ".join(forward.display_destinations)
    keep_copy = str(YES_WORD if forward.keep_copy else NO_WORD)
    return [mailbox.display_address, password, mailbox.quota_mb, destinations, keep_copy]


def _safe(rows: list[list[str | int]], file_format: str) -> list[list[str | int]]:
    return [[_no_formula(cell) for cell in row] for row in rows] if file_format == "csv" else rows


def _no_formula(cell: str | int) -> str | int:
    """Return a cell that no spreadsheet takes for a formula when it opens the CSV.

    Mailbox addresses begin with a letter or digit, generated passwords with a letter. Only a foreign address, as the
    destination of a forward, may begin with = + or -. It gets a no-break space in front, which the importer trims.
    No cell begins with @, since an address has a name before it.
    """
    return f"\N{NO-BREAK SPACE}{cell}" if isinstance(cell, str) and cell.startswith(("=", "+", "-")) else cell


def _list_fields(file: FileRows) -> tuple[Field, ...]:
    """Return the known columns of a file in its order, then those that exist only in corrections."""
    filled = {column for row in file.rows for column, text in row.cells.items() if text}
    in_file = [column for column in file.columns if column in ROW_FIELDS]
    return tuple(dict.fromkeys(in_file + [column for column in _ALL_FIELDS if column in filled])) or _ALL_FIELDS


def _one_line(messages: Sequence[str]) -> str:
    """Return the messages of a row as one line. A message may quote a cell that contains line breaks."""
    text = " ".join(" ".join(messages).split())
    return text if len(text) <= MAX_PROBLEM_TEXT else text[: MAX_PROBLEM_TEXT - 1] + "…"


def _stem(import_record: Import) -> str:
    return PurePath(import_record.filename).stem


def _download(name: str, file_format: str, tables: Sequence[Table], dialect: Dialect | None = None) -> Download:
    return Download(f"{name}.{file_format}", _CONTENT_TYPES[file_format], write_tables(tables, file_format, dialect))
