"""A sheet that is built row by row, within the limits of a Grid."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from bulkimport.readers.workbook.grid import MAX_COLUMNS, MAX_MARKS, MAX_ROWS, MAX_TEXT, Grid, TooLargeError

Place = tuple[int, int]  # row and column, from 0


class Content(NamedTuple):
    """The text of a cell; the code and the shown text of its mark, see Grid, empty without a mark."""

    text: str
    code: str = ""
    shown: str = ""


UNREADABLE: Final = Content("", "cell_unreadable")


@dataclass(slots=True)
class Budget:
    """How much text and how many marks the sheets of one file may still have.

    It is needed because a few bytes of XML can repeat a cell a million times.
    """

    text: int = MAX_TEXT
    marks: int = MAX_MARKS

    def spend(self, *, text: int = 0, marks: int = 0) -> None:
        """Subtract what has been read. Raises TooLargeError if it was more than allowed."""
        self.text -= text
        self.marks -= marks
        if self.text < 0 or self.marks < 0:
            raise TooLargeError


class Table:
    """Collects the cells of a sheet in their order.

    `is_hidden` may be set at any time. To leave out empty rows or cells, set `next_row` or `column`.
    """

    def __init__(self, name: str, budget: Budget, *, is_hidden: bool) -> None:
        self.name = name
        self.budget = budget
        self.is_hidden = is_hidden
        self.is_cut = False
        self.rows: list[list[str]] = []
        self.marks: dict[Place, tuple[str, str]] = {}
        self.hidden_rows: list[int] = []
        self.spans: list[tuple[int, int, int, int]] = []
        self.next_row = 0
        self.start_row(0, is_hidden=False)

    def start_row(self, repeated: int, *, is_hidden: bool) -> None:
        """Begin a row that stands for `repeated` equal ones."""
        self.row = self.next_row
        self.next_row += repeated
        self.is_row_hidden = is_hidden
        self.column = 0
        self.texts: list[str] = []
        self.row_marks: dict[int, tuple[str, str]] = {}
        self.row_spans: list[tuple[int, int, int]] = []

    def add_cell(self, content: Content, *, repeated: int = 1, height: int = 1, width: int = 1) -> None:
        """Add a cell `repeated` times. height, width: how many rows and columns it is merged over."""
        first = self.column
        self.column += repeated
        if first < MAX_COLUMNS and (height > 1 or width > 1):
            self.row_spans.append((first, height, width))
        if content.text:
            self._add_text(content.text, first)
        if content.code:
            for column in range(min(first, MAX_COLUMNS), min(self.column, MAX_COLUMNS + 1)):
                self.row_marks.setdefault(column, (content.code, content.shown))

    def _add_text(self, text: str, first: int) -> None:
        texts = self.texts
        if first < MAX_COLUMNS:
            texts.extend([""] * (first - len(texts)))
            texts.extend([text] * (min(self.column, MAX_COLUMNS) - first))
        if self.column > MAX_COLUMNS >= len(texts):  # one cell stands for all further ones
            texts.extend([""] * (MAX_COLUMNS - len(texts)))
            texts.append(text)

    def merge(self, top: int, left: int, *, height: int, width: int) -> None:
        """Record that a cell is merged over others; possible at any time."""
        self.spans.append((top, left, height, width))

    def end_row(self) -> None:
        """Add the row, as often as it is repeated, below the others. Raises TooLargeError."""
        numbers = range(self.row, min(self.next_row, MAX_ROWS))
        self.spans.extend((row, *span) for span in self.row_spans for row in numbers)
        if not self.texts and not self.row_marks:
            return
        self.is_cut |= self.next_row > MAX_ROWS
        if not numbers:
            return
        shown = sum(len(shown) for _, shown in self.row_marks.values())
        size = sum(map(len, self.texts)) + len(self.texts) + shown + 1
        gap = self.row - len(self.rows)
        self.budget.spend(text=gap + size * len(numbers), marks=len(self.row_marks) * len(numbers))
        self.rows.extend([] for _ in range(gap))
        self.rows.extend(list(self.texts) for _ in numbers)
        self.marks.update(((row, column), mark) for row in numbers for column, mark in self.row_marks.items())
        if self.is_row_hidden:
            self.hidden_rows.extend(numbers)

    def grid(self) -> Grid:
        """Return the sheet, when all its rows have been added. Raises TooLargeError."""
        self._cover_merged()
        for texts in self.rows:
            while texts and not texts[-1]:
                texts.pop()
        while self.rows and not self.rows[-1]:
            self.rows.pop()
        marks = [(*place, *mark) for place, mark in sorted(self.marks.items())]
        return Grid(self.name, self.rows, marks, self.hidden_rows, self.is_hidden, self.is_cut)

    def _cover_merged(self) -> None:
        """Empty and mark the cells that merged ones cover, if the merged cell or the covered one has anything."""
        for row, column, height, width in self.spans:
            is_filled = self._is_filled((row, column))
            for place in self._covered(row, column, height, width):
                if is_filled or self._is_filled(place):
                    self.budget.spend(marks=1)
                    self.marks[place] = "cells_merged", ""
                    if place[1] < len(self.rows[place[0]]):
                        self.rows[place[0]][place[1]] = ""

    def _covered(self, top: int, left: int, height: int, width: int) -> Iterator[Place]:
        for row in range(top, min(top + height, len(self.rows))):
            for column in range(left, min(left + width, MAX_COLUMNS)):
                if (row, column) != (top, left):
                    yield row, column

    def _is_filled(self, place: Place) -> bool:
        row, column = place
        is_text = row < len(self.rows) and column < len(self.rows[row]) and bool(self.rows[row][column])
        return is_text or place in self.marks
