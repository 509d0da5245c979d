"""Text files: the bytes of an upload become a text, and the text a book. Encoding and separator are detected."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from bulkimport.readers.book import CONTROL, MAX_COUNTED, Book, Record, RefusedError, Sheet, is_blank
from bulkimport.readers.evidence import polish_words
from bulkimport.readers.records import records, split_line
from bulkimport.readers.separators import (
    SEPARATORS,
    SOMETHING,
    count_names,
    detect_separator,
    match_separator_line,
    take_sample,
)
from bulkimport.readers.swallowed import learn_shape
from bulkimport.rows import ENCODING_NAMES

__all__ = ["ENCODINGS", "SEPARATORS", "read", "split_line"]

ENCODINGS: Final = tuple(ENCODING_NAMES)
EIGHT_BIT: Final = ("cp1250", "iso-8859-2", "cp852", "mac-latin2")  # of equally likely ones the first wins
_UTF8_MARK: Final = b"\xef\xbb\xbf"
_UTF16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
_HEAD: Final = 65_536  # bytes that are examined to recognise UTF-16

_OTHER_KINDS: Final = (b"%PDF", b"{\\rtf", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b")
# The last two begin a web page with its pictures in one file, as Excel and browsers save it.
_MARKUP: Final = re.compile(
    r"\s*(<(\?xml|!|html|head|meta|body|table|style|div)|MIME-Version: *1\.|From: <Saved by )", re.IGNORECASE
)
# DIF and SYLK, formats of old spreadsheet programs. The header of a list may begin with ID as well.
_OLD_TABLES: Final = re.compile(r"TABLE *\n *0, ?1 *\n|ID;P[A-Z0-9]*(;[NE])* *\n[A-Z]{1,2};[A-Z]")

_LOWER: Final = "ąćęłńóśźż"
_POLISH: Final = re.compile(f"[{_LOWER}{_LOWER.upper()}]")
_WORD: Final = re.compile(r"[^\W\d_]+")
_WEIGHT_OF_A_WORD: Final = 10  # letters
_SIGNS: Final = re.compile("[’–]|(?<![^\\W\\d_])[„”“—…§°€\u00a0]|[„”“—…§°€\u00a0](?![^\\W\\d_])")  # not within a word
# A capital inside a word of small letters: the code page is probably wrong.
_CAPITAL_INSIDE: Final = re.compile(f"(?<=[a-z{_LOWER}])[{_LOWER.upper()}](?![A-Z{_LOWER.upper()}])")


def read(content: bytes, *, encoding: str | None, separator: str | None, keep: int) -> Book:
    """Return a text file as a book of one sheet. A record has the number of the line on which it begins.

    encoding, separator: None if they are to be detected. Line ends inside a quoted cell become line feeds. At most
    `keep` records are returned; further ones are counted, until there are more than MAX_COUNTED beside a header.
    Raises RefusedError: file_empty, not_a_table, markup, encoding_wrong (with the encoding), encoding_broken (with the
    line).
    """
    if content.startswith(_OTHER_KINDS):
        raise RefusedError("not_a_table")
    text, encoding = _decode(content, encoding)
    text = text.rstrip("\x1a").replace("\r\n", "\n").replace("\r", "\n")
    if _MARKUP.match(text):
        raise RefusedError("markup")
    if _OLD_TABLES.match(text):
        raise RefusedError("not_a_table")
    # A few control characters are allowed here; they become problems of their cells.
    if CONTROL.subn("", text)[1] > text.count("\n") + 1:
        raise RefusedError("not_a_table")
    if not SOMETHING.search(text):
        raise RefusedError("file_empty", file_format="csv", encoding=encoding)
    separator_line = match_separator_line(text)
    separator = separator or (separator_line[1] if separator_line else detect_separator(text))
    start = min(separator_line.end() + 1, len(text)) if separator_line else 0
    sheet = _sheet(records(text, separator, start=start, doubts=learn_shape(take_sample(text), separator)), keep)
    if not sheet.records:
        raise RefusedError("file_empty", file_format="csv", encoding=encoding)
    return Book("csv", encoding, separator, (sheet,))


def _sheet(records_of_text: Iterable[Record], keep: int) -> Sheet:
    first: list[Record] = []
    more = blank = 0
    for record in records_of_text:
        if not record.fault and is_blank(record.cells):
            blank += 1 if record.cells else record.last - record.line + 1
        elif len(first) < keep:
            first.append(record)
        else:
            more += 1
            if len(first) + more > MAX_COUNTED + 1:  # such a file is too long, however long it is
                break
    return Sheet(None, tuple(first), more, blank)


# --- Encodings -------------------------------------------------------------------------------------------------------
def _decode(content: bytes, encoding: str | None) -> tuple[str, str]:
    """Return the text and its encoding: the given one, or the one detected by the byte order mark or the letters."""
    content = _restore_mark(content)
    if encoding is None:
        return _detect_encoding(content)
    # A byte order mark would become part of the first column's name.
    codec = "utf-8-sig" if encoding == "utf-8" else encoding
    try:
        return content.decode(codec), encoding
    except UnicodeDecodeError:
        raise RefusedError("encoding_wrong", encoding, file_format="csv", encoding=encoding) from None


def _restore_mark(content: bytes) -> bytes:
    """Return UTF-16 without a byte order mark with one, and all other bytes as they are.

    In a list of accounts, one of the two bytes of most UTF-16 letters is zero, always the first or always the second.
    """
    if content.startswith(_UTF16_MARKS):
        return content
    head = content[:_HEAD]
    zeros = head[::2].count(0), head[1::2].count(0)
    if min(zeros) or max(zeros) * 4 <= len(head):
        return content
    return _UTF16_MARKS[0 if zeros[1] else 1] + content


def _detect_encoding(content: bytes) -> tuple[str, str]:
    if content.startswith(_UTF16_MARKS):
        try:
            return content.decode("utf-16"), "utf-16"
        except UnicodeDecodeError:
            raise RefusedError("not_a_table") from None
    encoding = "utf-8-sig" if content.startswith(_UTF8_MARK) else "utf-8"
    try:
        return content.decode(encoding), encoding
    except UnicodeDecodeError as error:
        reading = None if encoding == "utf-8-sig" else _detect_code_page(content)
        if reading is None:
            readable = content[: error.start].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
            line = readable.count(b"\n") + 1
            raise RefusedError("encoding_broken", str(line), file_format="csv", encoding=encoding) from None
        return reading


def _detect_code_page(content: bytes) -> tuple[str, str] | None:
    """Return the text and its 8-bit encoding: that with the most known names in the header, then the likeliest letters.

    Most code pages can decode any bytes, so bytes that are no text are only recognised later, by control characters.
    None for UTF-8 with a few broken bytes: read in a code page its header would lose words, and thereby columns.
    """
    best, best_score = ("", ""), (-1, -1)
    for encoding in EIGHT_BIT:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if (score := _score(text)) > best_score:
            best, best_score = (text, encoding), score
    broken = _score(content.decode("utf-8", "replace"))
    return None if broken[1] and broken >= best_score else best


def _score(text: str) -> tuple[int, int]:
    """Return how many column names the line with the most of them has, and how likely the non-ASCII letters are.

    Each reading has the same number of non-ASCII bytes, so the one with the most Polish letters and usual signs has the
    fewest unlikely ones. A known word is stronger evidence than a letter.
    """
    sample = take_sample(text)
    likely = len(_POLISH.findall(text)) + len(_SIGNS.findall(text))
    words = sum(word in polish_words() for word in _WORD.findall(sample.lower()))
    return count_names(sample), (likely + words * _WEIGHT_OF_A_WORD) * 2 - len(_CAPITAL_INSIDE.findall(text))
