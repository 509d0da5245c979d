"""Which column of a sheet is which, told by the names in its header or, where they do not help, by what is in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Final

from accounts.validators import trimmed
from bulkimport.columns import COLUMNS, is_problems_column
from bulkimport.readers.book import MAX_COLUMNS, MAX_NAME, Record, has_text
from bulkimport.readers.evidence import damage_of_names
from bulkimport.readers.garbled import Damage
from bulkimport.readers.header import Match, find_header, is_address, match_name, names_in
from bulkimport.readers.likeness import looks_like
from bulkimport.rows import Field, SheetChoice

_COUNTING: Final = re.compile(r"([0-9]{1,6})[.)]?")


@dataclass(frozen=True, slots=True)
class Layout:
    """Which column of a sheet is which. All tuples are in the order of the file.

    header: the index of the record with the names, None where there is none. columns: None for one that is not used.
    told_by: "name" or "choice", by which a column is known. named: the indexes of columns that may hold text
    without being used. passed_over: of those that the panel itself added, which count for nothing. index: of a column
    without a name that only counts. damage: how the letters were garbled, see `evidence.is_suspect`. unclear: names
    that look like one of ours, with what they look like. repeated: fields that more than one column claims, with the
    names of those. by_content: the index of the column that has the addresses, where no name says so. others_addresses:
    how many addresses, by the index, a column has that is not used and mostly has addresses too, such as private ones.
    width: how many cells a row has at most where nothing has run into it.
    """

    header: int | None
    columns: tuple[Field | None, ...]
    names: tuple[str, ...] = ()
    told_by: tuple[str, ...] = ()
    named: frozenset[int] = frozenset()
    passed_over: frozenset[int] = frozenset()
    index: int | None = None
    damage: frozenset[str] = frozenset()
    unclear: tuple[tuple[str, Field], ...] = ()
    repeated: tuple[tuple[tuple[str, ...], Field], ...] = ()
    by_content: int | None = None
    others_addresses: Mapping[int, int] = field(default_factory=dict)
    is_too_wide: bool = False
    width: int = MAX_COLUMNS

    @property
    def first_row(self) -> int:
        """The index of the first record below the header."""
        return 0 if self.header is None else self.header + 1


def lay_out(records: Sequence[Record], choice: SheetChoice) -> Layout:
    """Return the layout of a sheet; `choice` is what a person has said about it and comes first."""
    header = _header_index(records, choice.header_line)
    cells = records[header].cells if header is not None else ()
    if any(has_text(cell[:MAX_NAME]) for cell in cells[MAX_COLUMNS:]):
        return Layout(header, (), is_too_wide=True)
    names = names_in(cells)
    below = records[0 if header is None else header + 1 :]
    if choice.columns is not None:
        return _as_chosen(header, names, choice.columns[:MAX_COLUMNS], below)
    if header is None:
        return _without_header(below)
    return replace(_by_names(header, names, below), width=_usual_width(len(cells), below))


def _usual_width(names: int, below: Sequence[Record]) -> int:
    """Return how many cells a row has at most. Some programs end all rows, but not the header, with empty ones.

    Two rows that have run into one have one cell less than twice as many as there are names.
    """
    wider = sum(len(record.cells) > names for record in below)
    return names if wider * 2 <= len(below) else max(names, names * 2 - 2)


def _header_index(records: Sequence[Record], chosen_line: int | None) -> int | None:
    if chosen_line is not None:
        return next((index for index, record in enumerate(records) if record.line == chosen_line), None)
    return find_header(records)


# --- Which column is which -------------------------------------------------------------------------------------------
def _by_names(header: int, names: Sequence[str], below: Sequence[Record]) -> Layout:
    matches = [match_name(name) if name else None for name in names]
    if _is_shifted(names, matches, below):
        matches, names = [None, *matches], ["", *names]
    columns: list[Field | None] = [None] * len(names)
    repeated = []
    for claimed in Field:
        claims = {index: match.strength for index, match in enumerate(matches) if match and match.field is claimed}
        best = _strongest(claimed, claims, matches, below)
        for index in best[:1]:
            columns[index] = claimed
        if len(best) > 1:
            repeated.append((tuple(names[index] for index in best), claimed))
    passed_over = frozenset(index for index, name in enumerate(names) if is_problems_column(name))
    return Layout(
        header,
        tuple(columns),
        names=tuple(names),
        told_by=tuple("name" if field else "" for field in columns),
        named=frozenset(index for index, name in enumerate(names) if name),
        passed_over=passed_over,
        index=_index_column(names, below),
        damage=damage_of_names(names),
        unclear=_unclear(names, matches, columns, below),
        others_addresses=_others_addresses(columns, below),
        repeated=tuple(repeated),
        by_content=None if Field.EMAIL in columns else _address_column(columns, below),
    )


def _strongest(
    field: Field, claims: Mapping[int, int], matches: Sequence[Match | None], below: Sequence[Record]
) -> list[int]:
    """Return the columns with the best claim to a field: one, or more where it cannot be told which is meant.

    An alias counts only where its cells have an @, or nothing at all, or where a column of domains completes them.
    """
    if not claims or max(claims.values()) > 1:
        # What misses letters is too uncertain to be used without a word: see `_unclear`.
        sure = {index: claim for index, claim in claims.items() if not _is_lost(matches[index])}
        return [index for index, claim in sure.items() if claim == max(sure.values())]
    has_domain = any(match and match.field is Field.DOMAIN for match in matches)
    counts = {index: _addresses_in(index, below) for index in claims}
    if field is Field.EMAIL and not has_domain and any(_filled(index, below) for index in claims):
        counts = {index: count for index, count in counts.items() if count}
    return [index for index, count in counts.items() if count == max(counts.values())]


def _is_lost(match: Match | None) -> bool:
    return match is not None and match.damage is Damage.LOST


def _unclear(
    names: Sequence[str],
    matches: Sequence[Match | None],
    columns: Sequence[Field | None],
    below: Sequence[Record],
) -> tuple[tuple[str, Field], ...]:
    """Return the names of filled columns that are not used and look like a field.

    Where another column is that field for certain, they are unclear only if that one has a gap where they have text.
    """
    unclear = []
    for index, (name, match) in enumerate(zip(names, matches, strict=True)):
        if not name or columns[index] or is_problems_column(name) or not _filled(index, below):
            continue
        if match and match.strength == 1:  # an alias
            continue
        field = match.field if match else looks_like(name)
        if field is None:
            continue
        if field in columns:
            is_other = _is_weaker(match, matches[columns.index(field)]) and _fills_gaps(index, columns, field, below)
        else:
            is_other = match is None or _is_lost(match)
        if is_other:
            unclear.append((name, field))
    return tuple(unclear)


def _is_weaker(match: Match | None, than: Match | None) -> bool:
    return match is None or (than is not None and match.strength < than.strength)


def _fills_gaps(index: int, columns: Sequence[Field | None], field: Field, below: Sequence[Record]) -> bool:
    """Tell whether a column has text in a row without a value of a field; an e-mail without one is an error anyway."""
    if field in (Field.EMAIL, Field.DOMAIN):
        return False
    known = columns.index(field)
    return any(_has_cell(index, record) and not _has_cell(known, record) for record in below)


def _as_chosen(
    header: int | None, names: Sequence[str], columns: tuple[Field | None, ...], below: Sequence[Record]
) -> Layout:
    """Return the layout that a person has set. What they leave out is not used; what they have not seen is surplus."""
    shown = range(max(len(columns), len(names)))
    passed_over = frozenset(
        i for i, name in enumerate(names) if is_problems_column(name) and not any(columns[i : i + 1])
    )
    repeated = {field for field in columns if field and columns.count(field) > 1}
    return Layout(
        header,
        columns,
        names=tuple(names),
        told_by=tuple("choice" if field else "" for field in columns),
        named=frozenset(shown),
        passed_over=passed_over,
        damage=damage_of_names(names),
        repeated=tuple(((), field) for field in sorted(repeated)),
        by_content=None if Field.EMAIL in columns else _address_column(columns, below),
    )


def _without_header(records: Sequence[Record]) -> Layout:
    """Return the layout of a list without names: the columns in their usual order, after one that only counts."""
    fields: list[Field | None] = [column.field for column in COLUMNS]
    index = _index_column([""], records) if _addresses_in(1, records) and not _addresses_in(0, records) else None
    if index == 0:
        fields.insert(0, None)
    named = frozenset(i for i in range(len(fields)) if i != index)
    by_content = None if _addresses_in(fields.index(Field.EMAIL), records) else _address_column((), records)
    told_by = tuple("name" if field else "" for field in fields)
    return Layout(None, tuple(fields), told_by=told_by, named=named, index=index, by_content=by_content)


# --- What stands in the columns --------------------------------------------------------------------------------------
def cells_of(index: int, records: Sequence[Record]) -> Iterator[str]:
    """Return the cells of a column that hold text."""
    return (record.cells[index] for record in records if _has_cell(index, record))


def _has_cell(index: int, record: Record) -> bool:
    return index < len(record.cells) and has_text(record.cells[index])


def _filled(index: int, records: Sequence[Record]) -> bool:
    return any(True for _cell in cells_of(index, records))


def _addresses_in(index: int, records: Sequence[Record]) -> int:
    return sum(is_address(cell) for cell in cells_of(index, records))


def _others_addresses(columns: Sequence[Field | None], records: Sequence[Record]) -> dict[int, int]:
    unused = [index for index, field in enumerate(columns) if field is None]
    counts = {index: _addresses_in(index, records) for index in unused}
    return {index: n for index, n in counts.items() if n * 2 > sum(1 for _cell in cells_of(index, records))}


def _address_column(columns: Sequence[Field | None], records: Sequence[Record]) -> int | None:
    """Return the column that is not used yet and mostly has addresses, the fullest one; None where there is none."""
    width = max((len(record.cells) for record in records), default=0)
    best, most = None, 0
    for index in range(min(width, MAX_COLUMNS)):
        if any(columns[index : index + 1]):
            continue
        cells = list(cells_of(index, records))
        count = sum(is_address(cell) for cell in cells)
        if count > most and count * 2 >= len(cells):
            best, most = index, count
    return best


def _index_column(names: Sequence[str], records: Sequence[Record]) -> int | None:
    """Return the first column without a name that only counts, as pandas and R write one; None where there is none.

    In the first column numbers may be left out, as in a list that was filtered; elsewhere each follows the one before.
    """
    for index, name in enumerate(names):
        if name:
            continue
        matches = [_COUNTING.fullmatch(trimmed(cell[:20])) for cell in cells_of(index, records)]
        numbers = [int(match[1]) for match in matches if match]
        if not numbers or len(numbers) < len(matches):
            continue
        steps = {after - before for before, after in pairwise(numbers)}
        if steps <= {1} and numbers[0] in (0, 1):
            return index
        if index == 0 and steps and min(steps) > 0:
            return index
    return None


def _is_shifted(names: Sequence[str], matches: Sequence[Match | None], below: Sequence[Record]) -> bool:
    """Tell whether every line begins with a number that the header has no cell for, as R's write.table writes it."""
    email = next((index for index, match in enumerate(matches) if match and match.field is Field.EMAIL), None)
    if email is None or _addresses_in(email, below) or not _addresses_in(email + 1, below):
        return False
    return all(len(record.cells) == len(names) + 1 for record in below) and _index_column([""], below) == 0
