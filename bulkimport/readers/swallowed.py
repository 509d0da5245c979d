"""Whether a quoted cell has swallowed rows: two stray quotation marks make one valid cell of all the rows between them.

A cell of several lines may be right, such as a remark or two addresses to forward to. Therefore the lines inside it are
compared with the rows of this list. In doubt they count as rows: then an error names the lines, while a swallowed row
would be lost without a word.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from bulkimport.columns import COLUMNS
from bulkimport.readers.book import Record, has_text, is_blank
from bulkimport.readers.column_contents import filled_cells
from bulkimport.readers.header import is_address, known_fields
from bulkimport.readers.layout import Layout, lay_out
from bulkimport.readers.records import Row, records, split_line
from bulkimport.rows import Field, SheetChoice

_SAMPLE: Final = 200  # records that are examined


@dataclass(slots=True)
class _Line:
    """A physical line of a row that has cells of several lines. Such a cell is split at the separators inside it too.

    inside: the indexes of the cells that come from such a split. is_inner: the whole line lies within one cell of the
    row. is_spaced: a blank, or the end of the line, follows each separator inside, as it follows commas in a sentence.
    """

    cells: list[str]
    inside: set[int]
    is_inner: bool = False
    is_spaced: bool = True


@dataclass(frozen=True, slots=True)
class Shape:
    """What the rows of a list look like. It implements `records.Doubts`.

    widths: the numbers of cells that the header and most rows have. email: the index of the column of addresses, None
    where there is none. is_ragged: some rows are shorter than the smallest of the widths. is_uneven: some rows are
    shorter than the largest. is_spaced: some separators have a blank after them. names: the cells of the header, empty
    without one.
    """

    separator: str
    widths: frozenset[int]
    email: int | None
    is_ragged: bool
    is_uneven: bool
    is_spaced: bool
    names: list[str]

    def has_swallowed(self, row: Row) -> bool:
        """Tell whether a quoted cell of a row seems to contain other rows, or other cells of its own row."""
        if self._has_merged_cells(row):
            return True
        if not any(quoted and "\n" in cell for cell, quoted in zip(row.cells, row.is_quoted, strict=True)):
            return False
        if max(self.widths) == 1 and len(row.cells) == 1:
            entries = [line.strip('" ') for line in row.cells[0].split("\n") if has_text(line)]
            return len(entries) > 1 and (any(map(is_address, entries)) or not known_fields(row.cells))
        lines = list(self._lines(row))
        if any(line.is_inner and self._is_row(line) for line in lines) or self._has_torn_cells(row):
            return True
        is_wide = len(row.cells) > max(self.widths)
        if is_wide and not is_blank(row.cells[max(self.widths) :]):
            return True
        if _begins_with_names(lines):
            return True
        if (self._is_list_of_addresses(row) and not is_wide) or not (is_wide or any(line.inside for line in lines)):
            return False
        ends = [line for line in lines if not line.is_inner]
        if any(
            self.email in line.inside and _has_email(line.cells, self.email) and self._is_row(line) for line in ends
        ):
            return True
        first, *others = ends
        return self._is_row(first) and any(len(line.cells) in self.widths and self._is_row(line) for line in others)

    def is_row(self, cells: Sequence[str]) -> bool:
        """Tell whether the cells of a line below a fault are a row of the list, or the names of its columns."""
        if [cell.strip(' "') for cell in cells] == self.names:
            return True
        if len(cells) not in self.widths and not (self.is_uneven and 1 < len(cells) < max(self.widths)):
            return False
        return self.email is None or self._has_address([cell.replace('"', "") for cell in cells])

    def is_continued_by(self, row: Row, below: Row | None, cells: Sequence[str]) -> bool:
        """Tell whether the last quoted cell of a row was closed too early and goes on below. See `Doubts`."""
        is_tall = below is not None and any("\n" in cell for cell in below.cells)
        is_sound = (
            below is not None and not below.has_stray_mark and not (is_tall and len(below.cells) not in self.widths)
        )
        is_short = len(row.cells) < max(self.widths)
        if is_sound:
            return is_short and not self.is_uneven and not self.is_row(cells)
        return is_short or not self.is_row(cells)

    def _has_merged_cells(self, row: Row) -> bool:
        """Tell whether a row lacks as many cells as its quoted cells may have swallowed.

        Not if other rows of the list are too short as well, nor if the whole row stands in one cell: such rows are
        split later.
        """
        missing = min(self.widths) - len(row.cells)
        if missing <= 0 or self.is_ragged or self._is_whole_row(row):
            return False
        swallowed = 0
        for cell, quoted in zip(row.cells, row.is_quoted, strict=True):
            parts = cell.split(self.separator) if quoted else [cell]
            addresses = sum(is_address(part) for part in parts)
            if addresses < 2 or addresses < sum(has_text(part) for part in parts):
                swallowed += len(parts) - 1
        return swallowed >= missing

    def _has_torn_cells(self, row: Row) -> bool:
        """Tell whether a cell of several lines has an address beside a separator, and an unpaired quotation mark.

        Then it has swallowed a row that itself has a cell of several lines, so that the address may stand in any place.
        """
        for cell, quoted in zip(row.cells, row.is_quoted, strict=True):
            if quoted and "\n" in cell and '"' in cell:
                lines = [line.split(self.separator) for line in cell.split("\n")]
                parts = [part for line in lines if len(line) > 1 for part in line]
                has_address = any(is_address(part.replace('"', "")) for part in parts)
                if has_address and any(part.count('"') % 2 for part in parts):
                    return True
        return False

    def _is_whole_row(self, row: Row) -> bool:
        """Tell whether the first cell is a whole row and the others are empty."""
        parts = split_line(row.cells[0], self.separator) if is_blank(row.cells[1:]) else None
        return parts is not None and len(parts) in self.widths and not any('"' in part for part in parts)

    def _lines(self, row: Row) -> Iterator[_Line]:
        """Yield the physical lines of a row, but not those inside a cell that have no separator: they are no rows."""
        line = _Line([], set())
        for cell, quoted in zip(row.cells, row.is_quoted, strict=True):
            if not quoted or "\n" not in cell:
                line.cells.append(cell)
                continue
            first, *inner, last = cell.split("\n")
            self._add_parts(first, line)
            yield line
            for piece in inner:
                if self.separator in piece:
                    self._add_parts(piece, line := _Line([], set(), is_inner=True))
                    yield line
            self._add_parts(last, line := _Line([], set()))
        yield line

    def _add_parts(self, piece: str, line: _Line) -> None:
        """Add a piece of a cell of several lines to a line, split at its separators."""
        parts = [part.replace('"', "") for part in piece.split(self.separator)]
        if len(parts) > 1:
            line.inside.update(range(len(line.cells), len(line.cells) + len(parts)))
            followers = parts[1:] if parts[-1] else parts[1:-1]
            line.is_spaced = line.is_spaced and all(part.startswith((" ", "\u00a0")) for part in followers)
        line.cells.extend(parts)

    def _is_row(self, line: _Line) -> bool:
        """Tell whether a line looks like a row of this list."""
        cells = line.cells
        if len(cells) < 2:
            return False
        is_prose = bool(line.inside) and line.is_spaced and not self.is_spaced
        if self._has_address(cells):
            return len(cells) in self.widths or (
                not is_prose and any(has_text(cell) and not is_address(cell) for cell in cells)
            )
        return len(cells) in self.widths and not is_prose and sum(has_text(cell) for cell in cells) > 1

    def _has_address(self, cells: Sequence[str]) -> bool:
        return any(map(is_address, cells)) if self.email is None else _has_email(cells, self.email)

    def _is_list_of_addresses(self, row: Row) -> bool:
        """Tell whether the cells of several lines have nothing but addresses to forward to."""
        for index, (cell, quoted) in enumerate(zip(row.cells, row.is_quoted, strict=True)):
            if quoted and "\n" in cell:
                lines = [line.split(self.separator) for line in cell.split("\n")]
                parts = [part for line in lines for part in line if has_text(part)]
                is_one_row = any(len(line) in self.widths for line in lines)
                if index == self.email or is_one_row or not all(is_address(part) for part in parts):
                    return False
        return True


def learn_shape(sample_text: str, separator: str) -> Shape:
    """Return what the rows of a list look like. sample_text: its first lines."""
    usable = (record for record in records(sample_text, separator) if not record.fault and not is_blank(record.cells))
    sample = list(islice(usable, _SAMPLE))
    layout = lay_out(sample, SheetChoice())
    rows = sample[layout.first_row :]
    email = _email_column(layout, rows)
    # Only rows with an address count: a line may be the rest of a faulty row, whose width says nothing.
    widths = _widths([row for row in rows if _has_email(row.cells, email)] or rows, separator) or _widths(
        rows, separator
    )
    if layout.header is not None:
        widths |= _widths([sample[layout.header]], separator)
    lines = sample_text.split("\n")
    if not widths and layout.header is None:
        widths = frozenset([min(len(COLUMNS), max((len(record.cells) for record in sample), default=1))])
    elif not widths:
        widths = frozenset([lines[0].count(separator) + 1])
    plain = [record for record in rows if '"' not in lines[record.line - 1]]
    plain_widths = [len(record.cells) for record in plain if _has_email(record.cells, email)]
    return Shape(
        separator,
        widths,
        email,
        is_ragged=any(width < min(widths) for width in plain_widths),
        is_uneven=any(width < max(widths) for width in plain_widths),
        is_spaced=any(f"{separator} " in lines[record.line - 1] for record in plain),
        names=[] if layout.header is None else [cell.strip(' "') for cell in sample[layout.header].cells],
    )


def _email_column(layout: Layout, rows: Sequence[Record]) -> int | None:
    """Return the index of the column of addresses; None without one, or if it has only the names before the @."""
    if Field.EMAIL not in layout.columns or layout.by_content is not None:
        return layout.by_content
    email = layout.columns.index(Field.EMAIL)
    cells = list(filled_cells(email, rows))
    return email if not cells or any(map(is_address, cells)) else None


def _widths(rows: Sequence[Record], separator: str) -> frozenset[int]:
    """Return the most frequent number of cells among rows that cannot have swallowed anything; empty without any."""
    doubtful = {separator, "\n"}
    usual = Counter(len(record.cells) for record in rows if doubtful.isdisjoint("".join(record.cells)))
    return frozenset(width for width, _count in usual.most_common(1))


def _begins_with_names(lines: Sequence[_Line]) -> bool:
    """Tell whether the first line is the header, and something was swallowed with it: a part of it or an account."""
    first, *others = lines
    if any(is_address(cell) for cell in first.cells) or not known_fields(first.cells, only_certain=True):
        return False
    return bool(first.inside) or any(is_address(cell) for line in others for cell in line.cells)


def _has_email(cells: Sequence[str], email: int | None) -> bool:
    return email is not None and email < len(cells) and is_address(cells[email])
