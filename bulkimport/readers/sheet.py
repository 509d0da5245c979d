"""Spreadsheets (XLSX, XLS and ODS): checked here, opened in a child process, and made into a book."""

from __future__ import annotations

import dataclasses
import io
import re
import struct
import zipfile
import zlib
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Final

from bulkimport.readers.book import CONTROL, MAX_NAME, Book, Mark, Record, RefusedError, Sheet, is_blank
from bulkimport.readers.opening import WAIT_SECONDS, BusyError, open_in_child
from bulkimport.readers.workbook.xlsx_package import part_name

__all__ = ["WAIT_SECONDS", "BusyError", "is_sheet", "read"]

MAX_INFLATED: Final = 50 * 1024 * 1024  # bytes of all members together; 50,000 rows take 16 MB
MAX_MEMBERS: Final = 2_000

_ZIP: Final = b"PK\x03\x04"
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_ENTRY: Final = 128  # bytes of an entry in the directory of an OLE container
_OLE_STREAM: Final = 2
_XLSX_TYPES: Final = re.compile(
    rb"spreadsheetml\.(sheet|template)\.main\+xml|ms-excel\.(sheet|template|addin)\.macroenabled\.main\+xml"
)
_XLSB_TYPE: Final = b"application/vnd.ms-excel.sheet.binary.macroenabled.main"
_ODS_TYPE: Final = b"application/vnd.oasis.opendocument.spreadsheet"  # a template's goes on with -template
_ODS_BODY: Final = re.compile(rb"<([\w.-]+:)?spreadsheet[\s/>]")
_CHUNK: Final = 65_536
# What the zipfile module raises for archives that are truncated, forged or random bytes.
_ZIP_ERRORS: Final = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
)


def is_sheet(content: bytes) -> bool:
    """Tell by the first bytes whether a file is a zip archive or an OLE container, as all spreadsheets are."""
    return content.startswith((_ZIP, _OLE))


def read(content: bytes, *, keep: int, client: Hashable = None, patience: float | None = None) -> Book:
    """Return all sheets of a spreadsheet that are not empty. A record has the number that its row has on the screen.

    keep: how many records of each sheet are returned; further ones are counted. client: who waits; a client has one
    file opened at a time. patience: how many seconds it may take to open the file, usually WAIT_SECONDS; None for no
    limit. Raises BusyError if that was too short, and RefusedError: not_a_table, file_empty, file_damaged,
    sheet_binary, sheet_encrypted, sheet_too_large, sheet_unreadable.
    """
    file_format = _format(content)
    answer = open_in_child(content, file_format, client=client, patience=patience)
    if "refused" in answer:
        code = answer["refused"]
        if code == "sheet_unreadable" and file_format == "xls":
            code = "file_damaged"  # an XLS has no checksums by which damage would have been detected before
        raise RefusedError(code, file_format=file_format)
    sheets = tuple(sheet for grid in answer["sheets"] if (sheet := _sheet(grid, keep)).records or sheet.is_cut)
    if not sheets:
        raise RefusedError("file_empty", file_format=file_format)
    return Book(format=file_format, sheets=_with_distinct_names(sheets))


# --- Records ---------------------------------------------------------------------------------------------------------
def _sheet(grid: Mapping[str, Any], keep: int) -> Sheet:
    rows: list[list[str]] = grid["rows"]
    hidden = set(grid["hidden_rows"])
    marks: dict[int, list[Mark]] = {}
    for row, column, code, shown in grid["marks"]:
        marks.setdefault(row, []).append(Mark(column, code, shown))
    records: list[Record] = []
    filled = last = 0
    for index in range(max(len(rows), *(row + 1 for row in marks), 0)):
        cells = rows[index] if index < len(rows) else []
        if is_blank(cells) and index not in marks:
            continue
        filled, last = filled + 1, index + 1
        if filled <= keep:
            row_marks = tuple(sorted(marks.get(index, ())))
            records.append(Record(last, _pad(cells, row_marks), marks=row_marks, is_hidden=index in hidden))
    return Sheet(
        name=grid["name"],
        records=tuple(records),
        more=filled - len(records),
        blank=last - filled,
        is_hidden=grid["is_hidden"],
        is_cut=grid["is_cut"],
    )


def _pad(cells: list[str], marks: Sequence[Mark]) -> list[str]:
    """Return the cells, with empty ones added up to the last marked one."""
    width = max((mark.column + 1 for mark in marks), default=0)
    return cells + [""] * (width - len(cells))


def _with_distinct_names(sheets: tuple[Sheet, ...]) -> tuple[Sheet, ...]:
    """Return the sheets with names that are visible, short and distinct, since users choose sheets by their names."""
    taken: dict[str, Sheet] = {}
    for place, sheet in enumerate(sheets, start=1):
        name = full = CONTROL.sub("", sheet.name or "")[:MAX_NAME] or str(place)
        number = 1
        while name in taken:
            number += 1
            name = f"{full} ({number})"
        taken[name] = dataclasses.replace(sheet, name=name)
    return tuple(taken.values())


# --- Format and safety -----------------------------------------------------------------------------------------------
def _format(content: bytes) -> str:
    """Return xlsx, xls or ods. Raises RefusedError for any other file, and for one too large, damaged or encrypted."""
    return _ole_format(content) if content.startswith(_OLE) else _zip_format(content)


def _ole_format(content: bytes) -> str:
    names = _ole_streams(content)
    if "encryptedpackage" in names:
        raise RefusedError("sheet_encrypted", file_format="xlsx")
    if not names:
        raise RefusedError("file_damaged")  # the directory is often at the end of the file, which a broken upload lacks
    if not names & {"workbook", "book"}:
        raise RefusedError("not_a_table")
    return "xls"


def _ole_streams(content: bytes) -> set[str]:
    """Return the names of the streams in an OLE container, in lower case. Directory entries start every 128 bytes."""
    names = set()
    for start in range(512, len(content) - _OLE_ENTRY + 1, _OLE_ENTRY):
        size = int.from_bytes(content[start + 64 : start + 66], "little")
        if (
            content[start + 66] == _OLE_STREAM
            and 4 <= size <= 64
            and content[start + size - 2 : start + size] == b"\0\0"
        ):
            names.add(content[start : start + size - 2].decode("utf-16-le", "replace").lower())
    return names


def _zip_format(content: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            if any(member.flag_bits & 1 for member in members):
                raise RefusedError("sheet_encrypted")
            # With other compression methods a header can ask for gigabytes; no spreadsheet program uses them.
            if any(member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for member in members):
                raise RefusedError("sheet_unreadable")
            if len(members) > MAX_MEMBERS or not _is_bounded(archive):
                raise RefusedError("sheet_too_large")
            return _kind(archive, {part_name(member.filename): member for member in members})
    except _ZIP_ERRORS:
        raise RefusedError("file_damaged") from None


def _is_bounded(archive: zipfile.ZipFile) -> bool:
    """Tell whether all members together are within MAX_INFLATED bytes when they are inflated.

    The sizes that the archive declares are not trusted, so each member is inflated, which also checks its checksum.
    """
    total = 0
    for member in archive.infolist():
        with archive.open(member) as inflated:
            while chunk := inflated.read(_CHUNK):
                total += len(chunk)
                if total > MAX_INFLATED:
                    return False
    return True


def _kind(archive: zipfile.ZipFile, members: Mapping[str, zipfile.ZipInfo]) -> str:
    """Return the format of an undamaged archive. Raises RefusedError for a format that is not supported."""

    def part(name: str) -> bytes:
        return archive.read(members[name]) if name in members else b""

    types = part("[content_types].xml").lower()
    is_xlsx = _XLSX_TYPES.search(types) or "xl/workbook.xml" in members
    # SheetJS declares the binary type in its XLSX files too.
    if "xl/workbook.bin" in members or (_XLSB_TYPE in types and not is_xlsx):
        raise RefusedError("sheet_binary")
    if is_xlsx:
        return "xlsx"
    # Google leaves the member mimetype out; then the document itself has to be a spreadsheet.
    mimetype = part("mimetype").strip()
    is_ods = mimetype.startswith(_ODS_TYPE) if mimetype else _ODS_BODY.search(part("content.xml"))
    if "content.xml" not in members or not is_ods:
        raise RefusedError("not_a_table")
    if b"encryption-data" in part("meta-inf/manifest.xml"):
        raise RefusedError("sheet_encrypted", file_format="ods")
    return "ods"
