"""The files that people take away: the empty list, the created accounts, and their own list with its problems.

All of them can be uploaded again. They are made in memory: no password touches a temporary file.
"""

import csv
import io
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Final

import odfdo
import xlsxwriter
from django.http import HttpResponse
from django.utils.http import content_disposition_header
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from accounts.models import Forward, Mailbox
from accounts.validators import to_unicode
from bulkimport.columns import BY_FIELD, COLUMNS, NO_WORD, PROBLEMS_LABEL, YES_WORD
from bulkimport.models import Import
from bulkimport.readers import read_file
from bulkimport.rows import Dialect, Field, FileRows, Plan
from bulkimport.services.after import CreatedAccount, accounts_of

MAX_PROBLEM_TEXT: Final = 2000  # characters; with more, the reader would take a line of text for a faulty one

_CONTENT_TYPES: Final = {
    "csv": "text/csv",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_ALL_FIELDS: Final = tuple(column.field for column in COLUMNS)
_WIDTHS: Final = {Field.EMAIL: 34, Field.PASSWORD: 24, Field.QUOTA: 12, Field.FORWARD: 34, Field.KEEP_COPY: 12}
_PROBLEMS_WIDTH: Final = 80
_CODE_PAGES: Final = ("cp1250", "iso-8859-2", "cp852")
# XlsxWriter escapes these. An ODS cannot hold them, and a text file that has them is taken for no text at all.
_ONLY_IN_XLSX: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")

_ODS_STYLES: Final = (
    "<number:text-style style:name='text'><number:text-content/></number:text-style>",
    "<style:style style:name='text-cell' style:family='table-cell' style:parent-style-name='Default'"
    " style:data-style-name='text'/>",
    "<style:style style:name='header-cell' style:family='table-cell' style:parent-style-name='Default'>"
    "<style:text-properties fo:font-weight='bold'/></style:style>",
)
_ODS_WIDTH: Final = (
    "<style:style style:name='width-{index}' style:family='table-column'>"
    "<style:table-column-properties style:column-width='{width}cm'/></style:style>"
)


@dataclass(frozen=True, slots=True)
class Download:
    """A file to hand to a browser."""

    filename: str
    content_type: str
    content: bytes = field(repr=False)  # may hold passwords


@dataclass(frozen=True, slots=True)
class _Table:
    """What is to be written: the columns, perhaps one of problems after them, and the cells of each row."""

    fields: tuple[Field, ...]
    rows: Sequence[Sequence[str | int]] = field(repr=False)
    has_problems: bool = False

    @property
    def headers(self) -> list[str]:
        """The names of the columns in the language of the moment."""
        added = [str(PROBLEMS_LABEL)] if self.has_problems else []
        return [BY_FIELD[column].header for column in self.fields] + added

    @property
    def widths(self) -> list[int]:
        """The widths of the columns in characters."""
        wanted = [_WIDTHS[column] for column in self.fields] + [_PROBLEMS_WIDTH]
        return [max(width, len(header) + 2) for width, header in zip(wanted, self.headers, strict=False)]

    def is_text(self, index: int) -> bool:
        """Tell whether a column gets the text format, in which a spreadsheet keeps leading zeros as they are typed."""
        return self.fields[index : index + 1] != (Field.QUOTA,)


def as_response(download: Download) -> HttpResponse:
    """Return the response that makes a browser save the file, and nobody keep a copy on the way."""
    headers = {
        "Content-Disposition": content_disposition_header(True, download.filename) or "attachment",
        "Cache-Control": "no-store",
    }
    return HttpResponse(download.content, content_type=download.content_type, headers=headers)


def template(file_format: str) -> Download:
    """Return a list to fill in, with one example row, as xlsx, ods or csv in the language of the moment."""
    examples = [(column.field, str(column.template_example)) for column in COLUMNS]
    row = [int(example) if column is Field.QUOTA else example for column, example in examples]
    return _download(pgettext("file name", "accounts-template"), file_format, _Table(_ALL_FIELDS, [row]))


def results(import_record: Import, file_format: str) -> Download:
    """Return the accounts that an import created, with the passwords that can still be shown, as csv or xlsx."""
    rows = [_result(account) for account in accounts_of(import_record)]
    name = f"{_stem(import_record)}-" + pgettext("file name", "accounts")
    return _download(name, file_format, _Table(_ALL_FIELDS, _safe(rows, file_format)))


def mailbox_list(mailboxes: Iterable[Mailbox], file_format: str) -> Download:
    """Return existing mailboxes as csv or xlsx, in the columns of the importer. Their passwords cannot be known."""
    listed = list(mailboxes)
    forwards = Forward.objects.filter(is_active=True, domain__in={mailbox.domain_id for mailbox in listed})
    forward_of = {forward.source: forward for forward in forwards}
    rows = [_row(mailbox, forward_of.get(mailbox.address), "") for mailbox in listed]
    return _download(pgettext("file name", "mailboxes"), file_format, _Table(_ALL_FIELDS, _safe(rows, file_format)))


def links(import_record: Import, rows: Sequence[tuple[str, str]]) -> Download:
    """Return addresses with their one-time links as a CSV for a mail merge."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=_usual_separator(), lineterminator="\r\n")
    writer.writerow([BY_FIELD[Field.EMAIL].header, pgettext("column", "Link")])
    writer.writerows([_no_formula(to_unicode(address)), link] for address, link in rows)
    name = f"{_stem(import_record)}-" + pgettext("file name", "links")
    return Download(f"{name}.csv", _CONTENT_TYPES["csv"], text.getvalue().encode("utf-8-sig"))


def problem_list(import_record: Import, plan: Plan, *, only_lines: Collection[int] | None = None) -> Download:
    """Return the person's own list as it stands now, in the kind of file they sent, with a last column of problems.

    `only_lines`: the lines of the rows to write, such as those left out of a creation; None for all. Every cell has
    exactly the text of the row, even where a spreadsheet would take it for a formula: it is the person's own list,
    and a password that begins with = must come back as that password.
    """
    messages: dict[int | None, list[str]] = {}
    for problem in plan.problems:
        messages.setdefault(problem.line, []).append(problem.message)
    fields = _fields_of(plan.file)
    rows = [
        [
            *(row.cells.get(column, "") for column in fields),
            _one_line(messages.get(row.line, [])),
            # What the reader was not sure of must not pass when the list comes back: a cell beyond the columns holds
            # it up until the person has taken that cell away.
            *([row.surplus or _("Look at this row, then delete this cell.")] if row.problems else []),
        ]
        for row in plan.file.rows
        if only_lines is None or row.line in only_lines
    ]
    ending = "-" + pgettext("file name", "problems")
    name = _stem(import_record).removesuffix(ending) + ending  # the list may have been here before
    file_format = {"xlsx": "xlsx", "xls": "xlsx", "ods": "ods"}.get(plan.file.dialect.format or "", "csv")
    if any(_ONLY_IN_XLSX.search(cell) for row in rows for cell in row):
        file_format = "xlsx"
    return _download(name, file_format, _Table(fields, rows, has_problems=True), plan.file.dialect)


def _result(account: CreatedAccount) -> list[str | int]:
    """Return the row of one created account; of a deleted one only its address is left."""
    address = to_unicode(account.address)
    if account.mailbox is None:
        return [address, "", "", "", ""]
    return _row(account.mailbox, account.forward, account.password or "")


def _row(mailbox: Mailbox, forward: Forward | None, password: str) -> list[str | int]:
    if forward is None:
        return [mailbox.display_address, password, mailbox.quota_mb, "", ""]
    destinations = " ".join(forward.display_destinations)
    kept = str(YES_WORD if forward.keep_copy else NO_WORD)
    return [mailbox.display_address, password, mailbox.quota_mb, destinations, kept]


def _safe(rows: list[list[str | int]], file_format: str) -> list[list[str | int]]:
    return [[_no_formula(cell) for cell in row] for row in rows] if file_format == "csv" else rows


def _no_formula(cell: str | int) -> str | int:
    """Return a cell so that no spreadsheet takes it for a formula when it opens the CSV.

    The address of a mailbox begins with a letter or digit and a generated password with a letter. Only somebody
    else's address, as the destination of a forward, may begin with = + or -; a no-break space goes before it, which
    the importer trims.
    """
    return f"\N{NO-BREAK SPACE}{cell}" if isinstance(cell, str) and cell.startswith(("=", "+", "-", "@")) else cell


def _fields_of(file: FileRows) -> tuple[Field, ...]:
    """Return the known columns of a file in its order, then those that only corrections have filled."""
    filled = {column for row in file.rows for column, text in row.cells.items() if text}
    in_file = [column for column in file.columns if column]
    return tuple(dict.fromkeys(in_file + [column for column in _ALL_FIELDS if column in filled])) or _ALL_FIELDS


def _one_line(messages: Sequence[str]) -> str:
    """Return the messages of a row as text without line breaks, which a message quotes from a cell that has them."""
    text = " ".join(" ".join(messages).split())
    return text if len(text) <= MAX_PROBLEM_TEXT else text[: MAX_PROBLEM_TEXT - 1] + "…"


def _stem(import_record: Import) -> str:
    return PurePath(import_record.filename).stem


def _download(name: str, file_format: str, table: _Table, dialect: Dialect | None = None) -> Download:
    """Return a table written as xlsx, ods or csv; `dialect` says how a CSV was written that is handed back."""
    if file_format == "xlsx":
        content = _xlsx(table)
    elif file_format == "ods":
        content = _ods(table)
    else:
        content = _csv_like(table, dialect) if dialect else _csv(table, "utf-8-sig", _usual_separator())
    return Download(f"{name}.{file_format}", _CONTENT_TYPES[file_format], content)


def _usual_separator() -> str:
    """Return what Excel in the language of the moment takes for the separator of a CSV."""
    return ";" if get_language() == "pl" else ","


def _csv(table: _Table, encoding: str, separator: str) -> bytes:
    text = io.StringIO(newline="")
    # Blanks after a separator are left out when a file is read, unless they stand in quotation marks.
    leading_blank = any(isinstance(cell, str) and cell.startswith(" ") for row in table.rows for cell in row)
    writer = csv.writer(
        text,
        delimiter=separator,
        lineterminator="\r\n",
        quoting=csv.QUOTE_ALL if leading_blank else csv.QUOTE_MINIMAL,
    )
    writer.writerow(table.headers)
    writer.writerows(table.rows)
    return text.getvalue().encode(encoding)


def _csv_like(table: _Table, dialect: Dialect) -> bytes:
    """Return a table as a CSV written like another one.

    A code page is used only if it has every character and the reader recognises it again: rather another encoding
    than another password. UTF-8 always gets its mark, without which Excel reads it as a code page.
    """
    separator = dialect.separator or _usual_separator()
    if dialect.encoding in _CODE_PAGES:
        try:
            content = _csv(table, dialect.encoding, separator)
        except UnicodeEncodeError:
            pass
        else:
            if read_file(content, max_rows=len(table.rows)).dialect.encoding == dialect.encoding:
                return content
    encoding = "utf-16" if dialect.encoding == "utf-16" else "utf-8-sig"
    return _csv(table, encoding, separator)


def _xlsx(table: _Table) -> bytes:
    """Return a table as XLSX in which no text becomes a formula, a link or a number."""
    as_it_stands = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    output = io.BytesIO()
    with xlsxwriter.Workbook(output, {"in_memory": True, **as_it_stands}) as workbook:
        sheet = workbook.add_worksheet(pgettext("sheet", "Accounts"))
        text = workbook.add_format({"num_format": "@"})
        bold = workbook.add_format({"bold": True})
        for index, width in enumerate(table.widths):
            sheet.set_column(index, index, width, text if table.is_text(index) else None)
        sheet.write_row(0, 0, table.headers, bold)
        sheet.freeze_panes(1, 0)
        for line, row in enumerate(table.rows, start=1):
            for index, cell in enumerate(row):
                if isinstance(cell, int):
                    sheet.write_number(line, index, cell)
                elif cell:
                    sheet.write_string(line, index, cell, text)
        # A quota handed back as it was typed is text; Excel need not point that out in every row.
        sheet.ignore_errors({"number_stored_as_text": f"A1:Z{len(table.rows) + 1}"})
    return output.getvalue()


def _ods(table: _Table) -> bytes:
    """Return a table as ODS."""
    document = odfdo.Document("spreadsheet")
    document.set_language(get_language() or "en")
    (styles,) = document.content.get_elements("//office:automatic-styles")
    sheet = odfdo.Table(pgettext("sheet", "Accounts"))
    for style in _ODS_STYLES:
        styles.append(odfdo.Element.from_tag(style))
    for index, width in enumerate(table.widths):
        styles.append(odfdo.Element.from_tag(_ODS_WIDTH.format(index=index, width=width / 5)))
        cell_style = "text-cell" if table.is_text(index) else "Default"
        sheet.append(odfdo.Column(style=f"width-{index}", default_cell_style=cell_style))
    sheet.append_row(_ods_row(table.headers, "header-cell"), clone=False)
    for row in table.rows:
        sheet.append_row(_ods_row(row, "text-cell"), clone=False)
    document.body.clear()
    document.body.append(sheet)
    output = io.BytesIO()
    document.save(output)
    return output.getvalue()


def _ods_row(cells: Sequence[str | int], style: str) -> odfdo.Row:
    row = odfdo.Row()
    for cell in cells:
        row.append_cell(odfdo.Cell(cell, style=style if isinstance(cell, str) else None), clone=False)
    return row
