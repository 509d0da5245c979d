"""Reading in two steps: the bytes of an upload become a book, which is slow; a book becomes rows, which is quick."""

from __future__ import annotations

from collections.abc import Hashable

from bulkimport.readers import sheet, text
from bulkimport.readers.arrange import arrange
from bulkimport.readers.book import Book, RefusedError
from bulkimport.readers.text import ENCODINGS, SEPARATORS
from bulkimport.rows import FileRows, Reading

AS_DETECTED = Reading()


def open_book(
    content: bytes,
    *,
    reading: Reading = AS_DETECTED,
    max_rows: int,
    client: Hashable = None,
    patience: float | None = None,
) -> Book:
    """Return a file as a book; if it cannot be read, the book has a refusal.

    The format is recognised by the first bytes, never by the name. reading: the encoding and separator that the user
    has set. max_rows: how many accounts the list may have; the book has more records, since some are no accounts.
    client, patience: as in `sheet.read`. Raises BusyError as that does, and ValueError for an encoding or separator
    that is not offered.
    """
    if reading.encoding not in (None, *ENCODINGS) or reading.separator not in (None, *SEPARATORS):
        raise ValueError("an encoding or separator that is not offered")
    keep = max_rows * 4 + 100
    try:
        if sheet.is_sheet(content):
            return sheet.read(content, keep=keep, client=client, patience=patience)
        return text.read(content, encoding=reading.encoding, separator=reading.separator, keep=keep)
    except RefusedError as refusal:
        return refusal.book


def read_file(content: bytes, *, reading: Reading = AS_DETECTED, max_rows: int) -> FileRows:
    """Return the rows of a file in one step, or what is wrong with it. Waits for as long as it takes."""
    return arrange(open_book(content, reading=reading, max_rows=max_rows), reading, max_rows=max_rows)
