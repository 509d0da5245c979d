"""The rows of a checked file as its page shows them: what stands in each cell, and which of them can be corrected."""

import dataclasses
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accounts.digests import digest
from accounts.formats import megabytes
from accounts.validators import to_unicode, trimmed
from bulkimport.columns import BY_FIELD, COLUMNS
from bulkimport.descriptions import describe_place
from bulkimport.rows import Draft, Field, Level, Place, Plan, Problem, Row

SURPLUS_SHOWN = 200  # characters
LONGEST_STAMP = 100
_SAID_PLAINLY = ("tak", "nie", "yes", "no")  # of a kept copy, in either language


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of the table of rows. `text` is what stands in it.

    `was` is what was written there where that differs; of an input, `read_as` is what its text stands for.
    """

    field: Field
    label: str
    row: str  # its key
    row_named: str
    text: str = dataclasses.field(repr=False)
    note: str = ""
    was: str = ""
    read_as: str = ""
    problems: tuple[Problem, ...] = ()
    is_input: bool = False

    @property
    def name(self) -> str:
        return f"{self.row}-{self.field}"

    @property
    def html_id(self) -> str:
        return f"r{self.row}-{self.field}"

    @property
    def spoken(self) -> str:
        """The name of its input. Put together here: there may be 2,500, and a template takes ten times as long."""
        return f"{self.label}, {self.row_named}"

    @property
    def shown(self) -> str:
        """What the page sends back beside the cell, to tell later whether the person has changed it."""
        return stamp(self.text)

    @property
    def is_faulty(self) -> bool:
        return any(problem.level is Level.ERROR for problem in self.problems)


@dataclass(frozen=True, slots=True)
class ShownRow:
    """One row of the table. `problems` are those that belong to no single cell.

    key: how forms and anchors name it. number: what is shown of its place.
    """

    key: str
    number: str
    cells: tuple[Cell, ...]
    problems: tuple[Problem, ...]
    has_error: bool
    has_warning: bool
    is_guess: bool  # the reader could not take the row apart for certain; a person may say that it is right
    is_corrected: bool
    surplus: str = dataclasses.field(repr=False)  # the text that belongs to no column and would be dropped


def shown_rows(plan: Plan, *, opened: Collection[Field] = ()) -> list[ShownRow]:
    """Return the rows of a plan in the order of the file; in the columns `opened` every cell is an input."""
    by_place: dict[Place, list[Problem]] = {}
    for problem in plan.problems:
        if problem.place is not None:
            by_place.setdefault(problem.place, []).append(problem)
    drafts = {draft.place: draft for draft in plan.drafts}
    return [
        _shown_row(row, plan.file.key(row.place), by_place.get(row.place, ()), drafts.get(row.place), opened)
        for row in plan.file.rows
    ]


def stamp(text: str) -> str:
    """Return a text for comparison; of a long one a digest, or a page of hostile cells would be too large to send."""
    return text if len(text) <= LONGEST_STAMP else digest(text)


def _shown_row(
    row: Row, key: str, problems: Collection[Problem], draft: Draft | None, opened: Collection[Field]
) -> ShownRow:
    return ShownRow(
        key=key,
        number=str(row.line) if row.sheet is None else f"{row.sheet}, {row.line}",
        cells=tuple(_cell(row, key, column.field, problems, draft, column.field in opened) for column in COLUMNS),
        problems=tuple(problem for problem in problems if problem.field is None),
        has_error=any(problem.level is Level.ERROR for problem in problems),
        has_warning=any(problem.level is Level.WARNING for problem in problems),
        is_guess=bool(row.problems),
        is_corrected=bool(row.corrected),
        surplus=row.surplus[:SURPLUS_SHOWN],
    )


def _cell(row: Row, key: str, column: Field, problems: Iterable[Problem], draft: Draft | None, is_open: bool) -> Cell:
    """Return a cell: an input where it is open, or there is a problem with it or with the whole row, or where a person
    has written something before and may want to again, else what will be written.
    """
    own = tuple(problem for problem in problems if problem.field is column)
    is_corrected = column in row.corrected and column is not Field.PASSWORD  # no password stays in sight
    is_input = bool(is_open or own or row.problems or is_corrected)
    raw = row.cells.get(column, "")
    label = str(BY_FIELD[column].label)
    named = describe_place(row.place)
    plain = _plain(column, draft) if draft else ""
    is_tidied = bool(plain) and trimmed(raw).casefold() not in ("", *_SAID_PLAINLY) and trimmed(raw) != plain
    if is_input:
        # A field of one line: a browser would drop a line break, and so "correct" the cell without anybody's will.
        text = " ".join(raw.splitlines())
        return Cell(column, label, key, named, text, read_as=plain if is_tidied else "", problems=own, is_input=True)
    text, note = _tidy_text(column, raw, draft)
    if column is Field.PASSWORD and column in row.corrected and trimmed(raw):
        text = _("typed here")
    return Cell(column, label, key, named, text, note=note, was=trimmed(raw) if is_tidied else "")


def _plain(column: Field, draft: Draft) -> str:
    """Return what a draft holds in a column, as a person would have typed it."""
    return {
        Field.EMAIL: to_unicode(draft.address),
        Field.QUOTA: str(draft.quota_mb),
        Field.FORWARD: " ".join(to_unicode(address) for address in draft.destinations),
        Field.KEEP_COPY: _kept(draft),
    }.get(column, "")


def _kept(draft: Draft) -> str:
    return (_("Yes") if draft.keep_copy else _("No")) if draft.destinations else ""


def _tidy_text(column: Field, raw: str, draft: Draft | None) -> tuple[str, str]:
    """Return the text of a cell without problems, and a note to it; a password is never shown."""
    if column is Field.PASSWORD:
        return (_("from the file") if trimmed(raw) else pgettext("password", "random")), ""
    if draft is None:
        return trimmed(raw), ""
    if column is Field.QUOTA:
        return megabytes(draft.quota_mb), _("by default") if draft.quota_is_default else ""
    return _plain(column, draft), ""
