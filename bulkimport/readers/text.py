"""Text files: from bytes to records. The encoding and separator are worked out unless a person has set them."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext as _

from accounts.formats import grouped
from accounts.validators import INVISIBLE
from bulkimport.columns import known_words
from bulkimport.readers.header import MAX_COLUMNS, MAX_NAME
from bulkimport.readers.table import BLANK, CONTROL, Record, RefusedError, Table, file_empty, is_blank, not_a_table
from bulkimport.rows import ENCODING_NAMES, SEPARATOR_NAMES, Dialect, Problem

if TYPE_CHECKING:
    from _csv import Dialect as CsvDialect

ENCODINGS: Final = tuple(ENCODING_NAMES)
SEPARATORS: Final = tuple(SEPARATOR_NAMES)  # the first wins a draw
_ANY_SEPARATOR: Final = "".join(SEPARATORS)
_EIGHT_BIT: Final = ("cp1250", "iso-8859-2", "cp852")  # the likeliest first: it wins a draw
_UTF8_MARK: Final = b"\xef\xbb\xbf"
_UTF16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
_POLISH: Final = "ąćęłńóśźżĄĆĘŁŃÓŚŹŻ"

_OTHER_KINDS: Final = (b"%PDF", b"{\\rtf", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b")
_MARKUP: Final = re.compile(r"\s*<(\?xml|!|html|head|meta|body|table|style|div)", re.IGNORECASE)
_SEPARATOR_LINE: Final = re.compile(rf' *"?sep=([{_ANY_SEPARATOR}])"?[{_ANY_SEPARATOR} ]*(?=[\r\n]|\Z)', re.IGNORECASE)

_SOMETHING: Final = re.compile(rf'[^\s{_ANY_SEPARATOR}"{INVISIBLE}]')  # what is neither blank nor an empty cell
_HEAD: Final = 65_536  # characters and lines, from the first with text on, that tell encoding and separator
_SAMPLE: Final = 20
# A quotation mark that is not closed within these bounds was never meant to open a cell. They also keep the time
# linear: a row with such a mark is read once, and the reading goes on at the line after the one where it begins.
_MAX_LINES: Final = 10
_MAX_CHARACTERS: Final = 20_000


def read(content: bytes, chosen: Dialect) -> Table:
    """Return a text file as records, numbered by the physical line on which each begins.

    Line ends inside a quoted cell come as line feeds. Raises RefusedError: file_empty, not_a_table, encoding_wrong,
    encoding_broken.
    """
    dialect = Dialect(format="csv", encoding=chosen.encoding, separator=chosen.separator)
    if content.startswith(_OTHER_KINDS):
        raise not_a_table()
    text, encoding = _decoded(content, chosen.encoding, dialect)
    text = text.rstrip("\x1a")
    if _MARKUP.match(text):
        message = _(
            "The file is a web page or XML, whatever its name says. Open it in your spreadsheet program, save it as "
            "XLSX and upload that."
        )
        raise not_a_table(message)
    # A few stray ones are named at their cells.
    if CONTROL.subn("", text)[1] > text.count("\n") + text.count("\r") + 1:
        raise not_a_table()
    if not _SOMETHING.search(text):
        raise file_empty(dialect)
    told = _SEPARATOR_LINE.match(text)
    separator = chosen.separator or (told[1] if told else detect_separator(text))
    dialect = Dialect(format="csv", encoding=encoding, separator=separator)
    return Table(dialect, records(_lines(text), separator, start=1 if told else 0))


def _lines(text: str) -> list[str]:
    """Return the physical lines of a text with any line ends; what follows the last line end is one if not empty."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if not lines[-1]:
        lines.pop()
    return lines


def _decoded(content: bytes, encoding: str | None, dialect: Dialect) -> tuple[str, str]:
    """Return the text and its encoding: the given one, or what the byte order mark or the text itself tells."""
    content = _with_mark(content)
    if encoding is None:
        return _detected(content, dialect)
    # The mark would stick to the first column's name.
    codec = "utf-8-sig" if encoding == "utf-8" else encoding
    try:
        return content.decode(codec), encoding
    except UnicodeDecodeError:
        message = _("The file is not written in the encoding %(name)s. Choose another encoding, or let it be detected.")
        raise RefusedError(Problem("encoding_wrong", message % {"name": ENCODING_NAMES[encoding]}), dialect) from None


def _with_mark(content: bytes) -> bytes:
    """Return UTF-16 that has lost its byte order mark with one, other bytes as they are.

    In a list of accounts most letters have a zero for their other byte, always on the same side.
    """
    if content.startswith(_UTF16_MARKS):
        return content
    head = content[:_HEAD]
    zeros = head[::2].count(0), head[1::2].count(0)
    if min(zeros) or max(zeros) * 4 <= len(head):
        return content
    return _UTF16_MARKS[0 if zeros[1] else 1] + content


def _detected(content: bytes, dialect: Dialect) -> tuple[str, str]:
    if content.startswith(_UTF16_MARKS):
        try:
            return content.decode("utf-16"), "utf-16"
        except UnicodeDecodeError:
            raise not_a_table() from None
    encoding = "utf-8-sig" if content.startswith(_UTF8_MARK) else "utf-8"
    try:
        return content.decode(encoding), encoding
    except UnicodeDecodeError as error:
        text, code_page = _code_page(content)
        if encoding == "utf-8-sig" or code_page == "utf-8":
            line = len(_lines(content[: error.start].decode("latin-1") + "."))
            raise _broken(line, replace(dialect, encoding=encoding)) from None
        return text, code_page


def _code_page(content: bytes) -> tuple[str, str]:
    """Return the reading in the 8-bit encoding that gives the most known header words, then the most Polish letters.

    All readings have the same number of bytes outside ASCII, so the one with the most Polish letters has the fewest
    others. ISO-8859-2 and CP852 can read any bytes; what was never text is found by its control characters. UTF-8
    takes part, for a file with a few broken bytes: as a code page its header would lose words, and columns with them.
    """
    best = ("", "")
    best_score = (-1, -1)
    for encoding in (*_EIGHT_BIT, "utf-8"):
        try:
            text = content.decode(encoding, "replace" if encoding == "utf-8" else "strict")
        except UnicodeDecodeError:
            continue
        score = (_header_words(text), sum(text.count(letter) for letter in _POLISH))
        if score > best_score:
            best, best_score = (text, encoding), score
    return best


def _broken(line: int, dialect: Dialect) -> RefusedError:
    message = _("The file is written in UTF-8, but line %(line)s has broken letters. Save it anew and upload that.")
    return RefusedError(Problem("encoding_broken", message % {"line": grouped(line)}), dialect)


def _header_words(text: str) -> int:
    """Return how many column names the first line with text has, whichever the separator."""
    sample = _sample(text)
    return max(_known(_first_cells(sample, separator)) for separator in SEPARATORS)


def detect_separator(text: str) -> str:
    """Return the separator of a text.

    The header line tells it: the most known names, then the most columns. Without a header it is the one that leaves
    the most addresses alone in the first cell, then the one that takes apart the most lines, most of them into the
    same number of cells.
    """
    sample = _sample(text)
    if not any("@" in line for line in sample[:1]):
        found = {separator: _first_cells(sample, separator) for separator in SEPARATORS}
        best = max(SEPARATORS, key=lambda separator: (_known(found[separator]), len(found[separator])))
        if _known(found[best]):
            return best
    return max(SEPARATORS, key=lambda separator: _evenness(sample, separator))


def _sample(text: str) -> list[str]:
    """Return the first lines, from the first with text on; a separator line is none."""
    told = _SEPARATOR_LINE.match(text)
    after = told.end() if told else 0
    found = _SOMETHING.search(text, after)
    begin = found.start() if found else after
    begin = max(text.rfind("\n", 0, begin), text.rfind("\r", 0, begin)) + 1
    return _lines(text[begin : begin + _HEAD])[:_SAMPLE]


def _known(cells: Sequence[str]) -> int:
    return known_words(cell[:MAX_NAME] for cell in cells[:MAX_COLUMNS])


def _first_cells(sample: Sequence[str], separator: str) -> Sequence[str]:
    return next(records(sample, separator), Record(0, ())).cells


def _evenness(sample: Sequence[str], separator: str) -> tuple[int, int, int, int]:
    """Return how many records begin with an address alone, how many are taken apart, how many have the most frequent
    width, and that width.
    """
    rows = [record.cells for record in islice(records(sample, separator), _SAMPLE) if not is_blank(record)]
    addresses = sum("@" in row[0] and not any(other in row[0] for other in SEPARATORS) for row in rows if row)
    widths = Counter(len(row) for row in rows)
    width, frequency = max(widths.items(), key=lambda item: (item[1], item[0]), default=(0, 0))
    return addresses, sum(len(row) > 1 for row in rows), frequency if width > 1 else 0, width


def records(lines: Sequence[str], separator: str, *, start: int = 0) -> Iterator[Record]:
    """Take lines apart, from index `start` on, as RFC 4180 has it, with blanks after a separator left out.

    A row whose quotation marks do not match gives one record with the fault `quotes` and a guess at its cells; the
    lines after the one where it begins are read on their own, so that nothing is swallowed.
    """
    # Each row with quotation marks has its own reader; made ready once, a dialect costs a quarter.
    strict = csv.reader((), delimiter=separator, skipinitialspace=True, strict=True).dialect
    lenient = csv.reader((), delimiter=separator, skipinitialspace=True).dialect
    at = start
    while at < len(lines):
        line = lines[at]
        if '"' in line:
            record, height = _quoted(lines, at, strict, lenient)
            yield record
            at += height
            continue
        at += 1
        if not line:
            yield BLANK
            continue
        # Without a quotation mark this is all that the csv module does, and it is several times faster.
        parts = line.split(separator)
        yield Record(at, [part.lstrip(" ") for part in parts] if " " in line else parts)


def _quoted(lines: Sequence[str], at: int, strict: CsvDialect, lenient: CsvDialect) -> tuple[Record, int]:
    """Return the row that begins at index `at`, and the number of lines it takes."""
    reader = csv.reader(_span(lines, at), strict)
    try:
        return Record(at + 1, next(reader)), reader.line_num
    except csv.Error:
        line = lines[at]
    if len(line) > csv.field_size_limit():
        return Record(at + 1, (), "cell_too_long"), 1
    return Record(at + 1, next(csv.reader([line], lenient)), "quotes"), 1


def _span(lines: Sequence[str], at: int) -> Iterator[str]:
    """Yield the lines that a row beginning at index `at` may take."""
    characters = 0
    for line in lines[at : at + _MAX_LINES]:
        yield f"{line}\n"
        characters += len(line)
        if characters > _MAX_CHARACTERS:
            return
