"""Write lists of accounts as CSV, XLSX or ODS files, in memory, since a temporary file would hold passwords."""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import odfdo
import xlsxwriter
from django.utils.translation import get_language, pgettext

from bulkimport.columns import BY_FIELD
from bulkimport.readers.reading import read_file
from bulkimport.rows import Dialect, Field

_WIDTHS: Final = {Field.EMAIL: 34, Field.PASSWORD: 24, Field.QUOTA: 12, Field.FORWARD: 34, Field.KEEP_COPY: 12}
_ADDED_WIDTH: Final = 80
_CODE_PAGES: Final = ("cp1250", "iso-8859-2", "cp852")

_XLSX_NAME: Final = re.compile(r"(?!')[^\[\]:*?/\\]{1,31}(?<!')")
_ODS_STYLES: Final = (
    "<number:text-style style:name='text'><number:text-content/></number:text-style>",
    "<style:style style:name='text-cell' style:family='table-cell' style:parent-style-name='Default'"
    " style:data-style-name='text'/>",
    "<style:style style:name='header-cell' style:family='table-cell' style:parent-style-name='Default'>"
    "<style:text-properties fo:font-weight='bold'/></style:style>",
)
_ODS_WIDTH: Final = (
    "<style:style style:name='{name}' style:family='table-column'>"
    "<style:table-column-properties style:column-width='{width}cm'/></style:style>"
)


@dataclass(frozen=True, slots=True)
class Table:
    """A list to write. rows: the cells of each row. added: the header of one more column, which the importer ignores.

    name: that of its sheet in a workbook; empty for “Accounts”.
    """

    fields: tuple[Field, ...]
    rows: Sequence[Sequence[str | int]] = field(repr=False)
    added: str = ""
    name: str = ""

    @property
    def sheet_name(self) -> str:
        return self.name or pgettext("sheet", "Accounts")

    @property
    def headers(self) -> list[str]:
        """The names of the columns in the active language."""
        return [BY_FIELD[column].header for column in self.fields] + ([self.added] if self.added else [])

    @property
    def widths(self) -> list[int]:
        """The widths of the columns in characters."""
        wanted = [_WIDTHS[column] for column in self.fields] + [_ADDED_WIDTH]
        return [max(width, len(header) + 2) for width, header in zip(wanted, self.headers, strict=False)]

    def is_text(self, index: int) -> bool:
        """Tell whether a column gets the text format, in which a spreadsheet does not drop leading zeros."""
        return self.fields[index : index + 1] != (Field.QUOTA,)


def write_tables(tables: Sequence[Table], file_format: str, dialect: Dialect | None = None) -> bytes:
    """Return the bytes of a file with tables as its sheets; a CSV has exactly one table.

    dialect: how the person's own CSV was written, which a CSV is written like; None for the usual way.
    """
    if file_format == "xlsx":
        return _xlsx(tables)
    if file_format == "ods":
        return _ods(tables)
    (table,) = tables
    return _csv_like(table, dialect) if dialect else _csv(table, "utf-8-sig", _usual_separator())


def _usual_separator() -> str:
    """Return the separator that Excel expects in a CSV in the active language."""
    return ";" if get_language() == "pl" else ","


def _csv(table: Table, encoding: str, separator: str) -> bytes:
    text = io.StringIO(newline="")
    # The reader drops blanks after a separator unless the cell is quoted.
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


def _csv_like(table: Table, dialect: Dialect) -> bytes:
    """Return a table as a CSV in the given dialect.

    Its code page is used only if it has every character and the reader detects it again; a wrong guess would change
    passwords. UTF-8 always gets a byte order mark, without which Excel reads it as a code page.
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


def _xlsx(tables: Sequence[Table]) -> bytes:
    """Return tables as XLSX in which no text becomes a formula, a link or a number."""
    as_it_stands = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    output = io.BytesIO()
    with xlsxwriter.Workbook(output, {"in_memory": True, **as_it_stands}) as workbook:
        formats = workbook.add_format({"num_format": "@"}), workbook.add_format({"bold": True})
        taken: set[str] = set()
        for number, table in enumerate(tables, start=1):
            # Names from ODS may be invalid in XLSX, or differ from another sheet's only in case, which is invalid too.
            is_allowed = _XLSX_NAME.fullmatch(table.sheet_name) and table.sheet_name.casefold() not in taken
            name = table.sheet_name if is_allowed else str(number)
            taken.add(name.casefold())
            _fill(workbook.add_worksheet(name), table, *formats)
    return output.getvalue()


def _fill(sheet: Any, table: Table, text: Any, bold: Any) -> None:
    """Write a table into a worksheet of XlsxWriter, with formats for texts and for the header."""
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
    # A quota in a returned list is text, as it was typed. Without this, Excel marks every such cell as an error.
    sheet.ignore_errors({"number_stored_as_text": f"A1:Z{len(table.rows) + 1}"})


def _ods(tables: Sequence[Table]) -> bytes:
    """Return tables as ODS."""
    document = odfdo.Document("spreadsheet")
    document.set_language(get_language() or "en")
    (styles,) = document.content.get_elements("//office:automatic-styles")
    for style in _ODS_STYLES:
        styles.append(odfdo.Element.from_tag(style))
    document.body.clear()
    for number, table in enumerate(tables):
        sheet = odfdo.Table(table.sheet_name)
        for index, width in enumerate(table.widths):
            name = f"width-{number}-{index}"
            styles.append(odfdo.Element.from_tag(_ODS_WIDTH.format(name=name, width=width / 5)))
            cell_style = "text-cell" if table.is_text(index) else "Default"
            sheet.append(odfdo.Column(style=name, default_cell_style=cell_style))
        sheet.append_row(_ods_row(table.headers, "header-cell"), clone=False)
        for row in table.rows:
            sheet.append_row(_ods_row(row, "text-cell"), clone=False)
        document.body.append(sheet)
    output = io.BytesIO()
    document.save(output)
    return output.getvalue()


def _ods_row(cells: Sequence[str | int], style: str) -> odfdo.Row:
    row = odfdo.Row()
    for cell in cells:
        row.append_cell(odfdo.Cell(cell, style=style if isinstance(cell, str) else None), clone=False)
    return row
