"""Spreadsheets: XLSX, XLS and ODS. They are looked over here, and opened in a child process under limits."""

from __future__ import annotations

import io
import json
import struct
import subprocess
import sys
import threading
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from django.utils.translation import gettext as _

from accounts.formats import grouped
from bulkimport.columns import field_named
from bulkimport.readers.table import (
    Record,
    RefusedError,
    Table,
    file_empty,
    first_with_text,
    is_blank,
    not_a_table,
)
from bulkimport.rows import Dialect, Field, Problem

MAX_INFLATED: Final = 50 * 1024 * 1024  # bytes; 50,000 rows take 16 MB
MAX_MEMBERS: Final = 2_000
MAX_SHEET_ROWS: Final = 20_000  # as the child has it
CHILD_SECONDS: Final = 15.0
MAX_ANSWER: Final = 64 * 1024 * 1024  # bytes; the child gives 16 million characters, some escaped
# A hostile file of a few kilobytes takes half a gigabyte until the child's limits end it.
_AT_ONCE: Final = threading.BoundedSemaphore(2)
_CHILD: Final = Path(__file__).with_name("sheet_child.py")

_ZIP: Final = b"PK\x03\x04"
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ODS_TYPE: Final = b"application/vnd.oasis.opendocument.spreadsheet"
_CHUNK: Final = 65_536
# What the zipfile module raises over archives that are cut, forged or made of noise.
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
    """Tell by the first bytes whether a file is kept as spreadsheets are: in a zip archive or an OLE container."""
    return content.startswith((_ZIP, _OLE))


def read(content: bytes, chosen: Dialect) -> Table:
    """Return a sheet of a spreadsheet as records, numbered as the spreadsheet shows its rows.

    The sheet is the one chosen, else the first visible one whose header has E-mail, else the first visible one that is
    not empty. Raises RefusedError: not_a_table, file_empty, file_damaged, sheet_encrypted, sheet_too_large,
    sheet_unreadable, sheet_missing.
    """
    dialect = Dialect(format=_format(content), sheet=chosen.sheet)
    answer = _opened(content, dialect)
    if "refused" in answer:
        code = answer["refused"]
        if code == "sheet_unreadable" and dialect.format == "xls":
            code = "file_damaged"  # unlike a zip archive it has no checksum that was looked at before
        raise _refused(code, dialect)
    sheet = _chosen(answer["sheets"], dialect)
    dialect = Dialect(format=dialect.format, sheet=sheet["name"])
    names = tuple(found["name"] for found in answer["sheets"])
    return Table(dialect, list(_records(sheet)), _cut(sheet), names)


def _records(sheet: dict[str, Any]) -> Iterator[Record]:
    for line, cells in enumerate(sheet["rows"], start=1):
        lost = tuple(index for index, cell in enumerate(cells) if cell is None)
        yield Record(line, [cell or "" for cell in cells], lost=lost)


def _chosen(sheets: list[dict[str, Any]], dialect: Dialect) -> dict[str, Any]:
    """Return the sheet to read. Raises RefusedError when there is none."""
    if dialect.sheet is not None:
        for sheet in sheets:
            if sheet["name"] == dialect.sheet:
                return sheet
        message = _("The spreadsheet has no visible sheet “%(name)s”. Choose another, or let it be found.")
        names = tuple(sheet["name"] for sheet in sheets)
        raise RefusedError(Problem("sheet_missing", message % {"name": dialect.sheet[:100]}), dialect, names)
    filled = [sheet for sheet in sheets if not all(is_blank(record) for record in _records(sheet))]
    if not filled:
        raise file_empty(dialect)
    return next((sheet for sheet in filled if _has_email_column(sheet)), filled[0])


def _has_email_column(sheet: dict[str, Any]) -> bool:
    first = first_with_text(_records(sheet))
    return first is not None and any(field_named(cell) is Field.EMAIL for cell in first.cells)


def _cut(sheet: dict[str, Any]) -> tuple[Problem, ...]:
    if not sheet["cut"]:
        return ()
    message = _("The sheet “%(name)s” has something below row %(count)s. Delete those rows.")
    return (Problem("sheet_too_long", message % {"name": sheet["name"][:100], "count": grouped(MAX_SHEET_ROWS)}),)


def _refused(code: str, dialect: Dialect) -> RefusedError:
    messages = {
        "file_damaged": _(
            "The spreadsheet is damaged, perhaps the upload broke off; save it again and upload it once more."
        ),
        "sheet_encrypted": _("The spreadsheet is locked with a password. Save it without one and upload that."),
        "sheet_too_large": _(
            "The spreadsheet is too large to be opened. Copy the list alone into a new file, or save it as CSV."
        ),
        "sheet_unreadable": _(
            "The spreadsheet is written in a way that cannot be read. Save it as CSV, or anew as XLSX."
        ),
    }
    return RefusedError(Problem(code, messages[code]), dialect)


# --- Looking it over -------------------------------------------------------------------------------------------------
def _format(content: bytes) -> str:
    """Return xlsx, xls or ods. Raises RefusedError for what is none of them, too large, damaged or encrypted."""
    return _ole_format(content) if content.startswith(_OLE) else _zip_format(content)


def _ole_format(content: bytes) -> str:
    if "EncryptedPackage".encode("utf-16-le") in content:
        raise _refused("sheet_encrypted", Dialect(format="xlsx"))
    if not any(name.encode("utf-16-le") in content for name in ("Workbook", "Book")):
        raise not_a_table()
    return "xls"


def _zip_format(content: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            if any(member.flag_bits & 1 for member in members):
                raise _refused("sheet_encrypted", Dialect())
            # Other ways to compress let a header ask for gigabytes; no spreadsheet program uses them.
            if any(member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for member in members):
                raise _refused("sheet_unreadable", Dialect())
            if len(members) > MAX_MEMBERS or not _is_bounded(archive):
                raise _refused("sheet_too_large", Dialect())
            names = set(archive.namelist())
            if "[Content_Types].xml" in names and any(name.startswith("xl/") for name in names):
                return "xlsx"
            if "content.xml" not in names or not _is_ods(archive, names):
                raise not_a_table()
            if "META-INF/manifest.xml" in names and b"encryption-data" in archive.read("META-INF/manifest.xml"):
                raise _refused("sheet_encrypted", Dialect(format="ods"))
            return "ods"
    except _ZIP_ERRORS:
        raise _refused("file_damaged", Dialect()) from None


def _is_bounded(archive: zipfile.ZipFile) -> bool:
    """Inflate every member, which also proves its checksum, and tell whether all together stay within the limit.

    What the archive says of its own sizes is not believed.
    """
    total = 0
    for member in archive.infolist():
        with archive.open(member) as inflated:
            while chunk := inflated.read(_CHUNK):
                total += len(chunk)
                if total > MAX_INFLATED:
                    return False
    return True


def _is_ods(archive: zipfile.ZipFile, names: set[str]) -> bool:
    """Tell a spreadsheet from the other OpenDocument kinds. Some writers leave the type out."""
    return "mimetype" not in names or archive.read("mimetype").startswith(_ODS_TYPE)


# --- Opening it ------------------------------------------------------------------------------------------------------
def _opened(content: bytes, dialect: Dialect) -> dict[str, Any]:
    """Return the child's answer. Raises RefusedError when it ended without one."""
    with _AT_ONCE:
        status, output = run_child([sys.executable, "-I", str(_CHILD)], content, CHILD_SECONDS)
    if status < 0 or len(output) > MAX_ANSWER:  # ended by a signal: out of memory or out of time
        raise _refused("sheet_too_large", dialect)
    if status:
        raise _refused("file_damaged", dialect)
    answer: dict[str, Any] = json.loads(output)
    return answer


def run_child(command: list[str], content: bytes, seconds: float) -> tuple[int, bytes]:
    """Give `content` to a process and return its exit status (negative: a signal's number) and bounded output.

    The process is killed after `seconds` and has nothing of the server's environment, which holds secrets. The file
    goes through a pipe: it may hold passwords, so it never touches a disk.
    """
    # The command is the interpreter's own path and a file of this package, no text of a user.
    with subprocess.Popen(  # noqa: S603
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={}
    ) as process:
        assert process.stdin is not None and process.stdout is not None  # noqa: S101 - pipes, as asked for
        timer = threading.Timer(seconds, process.kill)
        timer.start()
        try:
            try:
                process.stdin.write(content)
                process.stdin.close()
            except BrokenPipeError:
                pass  # it ended before it had read all; its status says why
            output = process.stdout.read(MAX_ANSWER + 1)
        finally:
            timer.cancel()
            process.kill()
        return process.wait(), output
