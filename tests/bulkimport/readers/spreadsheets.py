"""Spreadsheets: those that openpyxl writes, and others written by hand, for what no program writes."""

import io
import zipfile
from collections.abc import Collection, Iterable, Mapping

import openpyxl

CONTENT_TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/xl/workbook.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>'
)
WORKBOOK = (
    '<?xml version="1.0"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
    '<sheets><sheet name="List" sheetId="1" r:id="rId1"/></sheets></workbook>'
)
RELATION = (
    '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}" '
    'Target="{target}"/></Relationships>'
)
SHEET = (
    '<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    "<sheetData>{rows}</sheetData></worksheet>"
)
SHEET_PATH = "xl/worksheets/sheet1.xml"

ODS_TYPE = "application/vnd.oasis.opendocument.spreadsheet"
ODS_MANIFEST = (
    '<?xml version="1.0"?><manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
    f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{ODS_TYPE}"/></manifest:manifest>'
)
ODS_CONTENT = (
    '<?xml version="1.0"?><office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
    'xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0" '
    'xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0">'
    '<office:automatic-styles><style:style style:name="hidden" style:family="table">'
    '<style:table-properties table:display="false"/></style:style></office:automatic-styles>'
    "<office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body></office:document-content>"
)


def save(book: openpyxl.Workbook) -> bytes:
    """Return the file that a workbook is saved as."""
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def make_workbook(sheets: Mapping[str, Iterable[Iterable[object]]], hidden: Collection[str] = ()) -> bytes:
    """Return an XLSX of these sheets, by name the cells of their rows."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        sheet.sheet_state = "hidden" if name in hidden else "visible"
        for row in rows:
            sheet.append(list(row))
    return save(book)


def zipped(members: dict[str, str | bytes]) -> bytes:
    """Return a zip archive of the members, in their order."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as writer:
        for name, data in members.items():
            writer.writestr(name, data)
    return archive.getvalue()


def xlsx_members(sheet: str) -> dict[str, str | bytes]:
    return {
        "[Content_Types].xml": CONTENT_TYPES,
        "_rels/.rels": RELATION.format(kind="officeDocument", target="xl/workbook.xml"),
        "xl/workbook.xml": WORKBOOK,
        "xl/_rels/workbook.xml.rels": RELATION.format(kind="worksheet", target="worksheets/sheet1.xml"),
        SHEET_PATH: sheet,
    }


def xlsx(rows: str) -> bytes:
    """Return a workbook of one sheet, List, whose rows are given as XML."""
    return zipped(xlsx_members(SHEET.format(rows=rows)))


def xlsx_cell(place: str, text: str) -> str:
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


def ods(tables: str, *, mimetype: str | None = ODS_TYPE, manifest: str | None = ODS_MANIFEST) -> bytes:
    """Return an OpenDocument spreadsheet whose tables are given as XML."""
    members: dict[str, str | bytes] = {} if mimetype is None else {"mimetype": mimetype}
    members["content.xml"] = ODS_CONTENT.format(tables=tables)
    if manifest is not None:
        members["META-INF/manifest.xml"] = manifest
    return zipped(members)


def ods_table(*rows: str, name: str = "List", style: str = "") -> str:
    inner = "".join(
        row if row.startswith("<table:table-row") else f"<table:table-row>{row}</table:table-row>" for row in rows
    )
    return f'<table:table table:name="{name}" table:style-name="{style}">{inner}</table:table>'


def ods_cell(text: str, attributes: str = 'office:value-type="string"', kind: str = "table-cell") -> str:
    return f"<table:{kind} {attributes}><text:p>{text}</text:p></table:{kind}>"


def ole(*streams: str) -> bytes:
    """Return an OLE container of one directory with streams of these names and nothing in them."""
    directory = b"".join(
        name.encode("utf-16-le").ljust(64, b"\0") + bytes([2 * len(name) + 2, 0, kind]) + bytes(61)
        for name, kind in [("Root Entry", 5), *((name, 2) for name in streams)]
    )
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".ljust(512, b"\0") + directory.ljust(512, b"\0")
