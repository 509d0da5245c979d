"""Text to records: lines are split into cells by the rules of RFC 4180, with more tolerance where that is safe."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, NamedTuple, Protocol

from accounts.validators import INVISIBLE
from bulkimport.readers.book import MAX_COLUMNS, Record, has_text, is_blank

# A quotation mark that is not closed within these limits was not meant to open a cell. The limits also keep the time
# linear: a row with such a mark is read up to a limit once, then reading goes on at the line below its first one.
_MAX_LINES: Final = 100
_MAX_CHARACTERS: Final = 20_000
_MAX_TALL_CELLS: Final = 10  # cells of several lines in one row
_LONGEST_LINE: Final = 131_072  # characters of a line with quotation marks; the limit of a cell in the csv module
_EMPTY_LINES: Final = re.compile(r"\n+")
_GUARDED: Final = re.compile(r'="[^"]*"')  # by this, exporters keep a spreadsheet program from changing a text


class Row(NamedTuple):
    """A row split into cells.

    is_quoted: for each cell, whether it stands in quotation marks. end: the index in the text where the row ends.
    """

    cells: list[str]
    is_quoted: list[bool]
    end: int

    @property
    def has_stray_mark(self) -> bool:
        """Whether a cell that is not in quotation marks has one inside."""
        return any(
            '"' in cell and not quoted and not _GUARDED.fullmatch(cell)
            for cell, quoted in zip(self.cells, self.is_quoted, strict=True)
        )


class Doubts(Protocol):
    """What may be wrong with rows although their quotation marks match. See `swallowed.Shape`."""

    def has_swallowed(self, row: Row, /) -> bool:
        """Tell whether a quoted cell of the row contains other rows, or other cells of its own row."""
        ...

    def is_row(self, cells: Sequence[str], /) -> bool:
        """Tell whether the cells of a line below a faulty row are a row of the list, not the rest of the faulty one."""
        ...

    def is_continued_by(self, row: Row, below: Row | None, cells: Sequence[str], /) -> bool:
        """Tell whether the last quoted cell of a row was closed too early and goes on below.

        below: the row that begins at the next line with quotation marks, None where its marks do not match. cells: a
        guess at the cells of that line.
        """
        ...


class NoDoubts:
    """Accepts every row whose quotation marks match."""

    def has_swallowed(self, _row: Row, /) -> bool:
        return False

    def is_row(self, _cells: Sequence[str], /) -> bool:
        return True

    def is_continued_by(self, _row: Row, _below: Row | None, _cells: Sequence[str], /) -> bool:
        return False


NO_DOUBTS: Final = NoDoubts()


def records(text: str, separator: str, *, start: int = 0, doubts: Doubts = NO_DOUBTS) -> Iterator[Record]:
    """Yield the records of a text whose lines end in line feeds. start: the index of the first character to read.

    Consecutive empty lines, of which a file may have millions, give one record without cells, whose `last` is the last
    of them.

    A row whose quotation marks do not match, or that `doubts` rejects, gives a record with the fault `quotes` and a
    guess at its cells. The lines below its first one are then read on their own, so that no row is lost in a cell.
    Those that do not look like rows get the fault too, since they may be the rest of the faulty row, with any of its
    values in any column.
    """
    at, line = start, text.count("\n", 0, start) + 1
    closing = 0  # the line where the quoted cell of a faulty row closes: lines up to it are doubtful
    is_below_fault = False
    while at < len(text):
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        if empty := _EMPTY_LINES.match(text, at):
            end = empty.end() - 1
            yield Record(line, (), last=line + end - at)
            line += end - at
        elif text.find('"', at, end) < 0:
            # Without quotation marks a plain split is enough, and several times faster.
            parts = text[at:end].split(separator)
            cells = _bounded([part.lstrip(" ") for part in parts] if text.find(" ", at, end) >= 0 else parts)
            is_below_fault = (is_below_fault or line <= closing) and not is_blank(cells) and not doubts.is_row(cells)
            yield Record(line, cells, *(("quotes", line) if is_below_fault else ()))
        elif end - at > _LONGEST_LINE:
            yield Record(line, (), "cell_too_long")
        else:
            is_doubtful = is_below_fault or line <= closing
            row = _sound_row(text, at, end, separator, doubts, is_doubtful=is_doubtful, is_closing=line == closing)
            if isinstance(row, int):
                closing = max(closing, line + row)
                yield Record(line, _bounded(_guess(text[at:end], separator)), "quotes", line + row)
            else:
                yield Record(line, _bounded(row.cells))
                end, line = row.end, line + text.count("\n", at, row.end)
            is_below_fault = isinstance(row, int)
        at, line = end + 1, line + 1


def _sound_row(
    text: str, at: int, end: int, separator: str, doubts: Doubts, *, is_doubtful: bool, is_closing: bool
) -> Row | int:
    """Return the row that begins at `at`; if it is faulty, the number of lines below its first one that it takes in.

    end: where its first line ends. is_doubtful: the line may be the rest of a faulty row. is_closing: it is the last
    line that such a row would have taken in.
    """
    row = _row(text, at, end, separator)
    if row is None:
        return 0
    height = text.count("\n", at, row.end)
    is_rest = is_doubtful and not is_blank(row.cells) and not doubts.is_row(row.cells)
    has_wrong_mark = row.has_stray_mark and (any(row.is_quoted) or is_closing)
    if is_rest or has_wrong_mark or doubts.has_swallowed(row):
        return height
    rest = _height_of_rest(text, row, separator, doubts)
    return height + rest if rest else row


def _height_of_rest(text: str, row: Row, separator: str, doubts: Doubts) -> int:
    """Return how many lines below a row its last quoted cell really closes; 0 if the row ends where it seems to."""
    if not any(row.is_quoted):
        return 0
    at = row.end + 1
    for height in range(1, _MAX_LINES):
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        if at >= len(text) or end - at > _LONGEST_LINE:
            return 0
        cells = _guess(text[at:end], separator)
        if '"' in text[at:end]:
            return height if doubts.is_continued_by(row, _row(text, at, end, separator), cells) else 0
        if not is_blank(cells) and doubts.is_row(cells):
            return 0
        at = end + 1
    return 0


def split_line(text: str, separator: str) -> list[str] | None:
    """Return the cells of a text read as one line, None if its quotation marks do not match."""
    line = text.replace("\n", " ").replace("\r", " ")
    row = _row(line, 0, len(line), separator)
    return row.cells if row else None


def _bounded(cells: list[str]) -> Sequence[str]:
    """Return the first MAX_COLUMNS cells of a row, and the first further one that has text."""
    if len(cells) <= MAX_COLUMNS:
        return cells
    surplus = next((cell for cell in cells[MAX_COLUMNS:] if cell and has_text(cell)), None)
    return cells[:MAX_COLUMNS] if surplus is None else [*cells[:MAX_COLUMNS], surplus]


def _guess(line: str, separator: str) -> list[str]:
    """Return the cells of a line whose quotation marks cannot be trusted."""
    return [part.strip(' "') for part in line.split(separator)]


@dataclass(frozen=True, slots=True)
class _Grammar:
    """Patterns for one separator.

    opening: blanks and the quotation mark that opens a cell. rest: the quoted cell after that mark, with the closing
    mark and blanks. stop: what ends a cell without quotation marks.
    """

    opening: re.Pattern[str]
    rest: re.Pattern[str]
    stop: re.Pattern[str]


@cache
def _grammar(separator: str) -> _Grammar:
    # Invisible characters such as byte order marks stand inside a file that was joined of several files.
    blank = f"[ \u00a0{INVISIBLE}]*+" if separator == "\t" else f"[ \t\u00a0{INVISIBLE}]*+"
    return _Grammar(
        opening=re.compile(rf'{blank}"'),
        rest=re.compile(rf'([^"]*+(?:""[^"]*+)*+)"{blank}'),
        stop=re.compile(rf"[\n{re.escape(separator)}]"),
    )


def _row(text: str, at: int, end: int, separator: str) -> Row | None:
    """Return the row that begins at `at`, on the line that ends at `end`; None if its quotation marks do not match."""
    grammar = _grammar(separator)
    cells: list[str] = []
    is_quoted: list[bool] = []
    position = at
    tall_cells = 0
    while True:
        opening = grammar.opening.match(text, position)
        if opening:
            rest = grammar.rest.match(text, opening.end(), end) or grammar.rest.match(
                text, opening.end(), max(end, at + _MAX_CHARACTERS)
            )
            if not rest:
                return None
            cells.append(rest[1].replace('""', '"'))
            tall_cells += "\n" in rest[1]
            position = rest.end()
        else:
            stop = grammar.stop.search(text, position)
            begin, position = position, stop.start() if stop else len(text)
            cells.append(text[begin:position].lstrip(" "))
        is_quoted.append(opening is not None)
        following = text[position : position + 1]
        if following in ("", "\n"):
            is_bounded = tall_cells <= _MAX_TALL_CELLS and text.count("\n", at, position) < _MAX_LINES
            return Row(cells, is_quoted, position) if is_bounded else None
        if following != separator or tall_cells > _MAX_TALL_CELLS:
            return None
        position += 1
