"""Which column of a sheet is which, told by the names in its header or, where they do not help, by what is in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from bulkimport.columns import COLUMNS, is_problems_column
from bulkimport.readers.book import MAX_COLUMNS, MAX_NAME, Record, has_text
from bulkimport.readers.column_contents import (
    count_addresses,
    count_other_addresses,
    find_address_column,
    find_counting_column,
    has_cell,
    is_filled,
)
from bulkimport.readers.evidence import find_damage_in_names
from bulkimport.readers.garbled import Damage
from bulkimport.readers.header import Match, find_header, header_names, match_name
from bulkimport.readers.similar_names import find_similar_field
from bulkimport.rows import Field, SheetChoice


@dataclass(frozen=True, slots=True)
class Layout:
    """Which column of a sheet is which. All tuples are in the order of the file.

    header: the index of the record with the names, None where there is none.
    columns: what each column is used for, None for one that is not used.
    told_by: by what a column is known, "name" or "choice"; empty for one that is not used.
    named: the indexes of the columns that may hold text without being used.
    passed_over: of those, the ones that the panel itself adds to its own files. Their text is ignored.
    counting_column: the index of a column without a name that only counts the rows.
    damage: how the letters of the list were garbled, see `evidence.is_suspect`.
    unclear: names that only resemble one of ours, each with the field that it resembles.
    repeated: fields that more than one column claims, each after the names of those columns.
    by_content: the index of the column that holds the addresses, where no name says so.
    address_counts: how many addresses, by index, each column has that is not used but mostly holds addresses too, such
    as private ones.
    is_too_wide: the header has text beyond MAX_COLUMNS; then nothing else is known.
    width: how many cells a row has at most, unless another row was joined to it.
    """

    header: int | None
    columns: tuple[Field | None, ...]
    names: tuple[str, ...] = ()
    told_by: tuple[str, ...] = ()
    named: frozenset[int] = frozenset()
    passed_over: frozenset[int] = frozenset()
    counting_column: int | None = None
    damage: frozenset[str] = frozenset()
    unclear: tuple[tuple[str, Field], ...] = ()
    repeated: tuple[tuple[tuple[str, ...], Field], ...] = ()
    by_content: int | None = None
    address_counts: Mapping[int, int] = field(default_factory=dict)
    is_too_wide: bool = False
    width: int = MAX_COLUMNS

    @property
    def first_row(self) -> int:
        """The index of the first record below the header."""
        return 0 if self.header is None else self.header + 1


def lay_out(records: Sequence[Record], choice: SheetChoice) -> Layout:
    """Return the layout of a sheet. What the user has set, `choice`, comes before what is detected."""
    header = _header_index(records, choice.header_line)
    cells = records[header].cells if header is not None else ()
    if any(has_text(cell[:MAX_NAME]) for cell in cells[MAX_COLUMNS:]):
        return Layout(header, (), is_too_wide=True)
    names = header_names(cells)
    below = records[0 if header is None else header + 1 :]
    if choice.columns is not None:
        return _as_chosen(header, names, choice.columns[:MAX_COLUMNS], below)
    if header is None:
        return _without_header(below)
    return replace(_by_names(header, names, below), width=_usual_width(len(cells), below))


def _usual_width(names: int, below: Sequence[Record]) -> int:
    """Return how many cells a row has at most, for a header with `names` cells.

    Some programs end all rows, but not the header, with empty cells. Two rows that were joined have one cell less than
    twice the names, so the limit stays below that.
    """
    wider = sum(len(record.cells) > names for record in below)
    return names if wider * 2 <= len(below) else max(names, names * 2 - 2)


def _header_index(records: Sequence[Record], chosen_line: int | None) -> int | None:
    if chosen_line is not None:
        return next((index for index, record in enumerate(records) if record.line == chosen_line), None)
    return find_header(records)


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
        counting_column=find_counting_column(names, below),
        damage=find_damage_in_names(names),
        unclear=_unclear(names, matches, columns, below),
        address_counts=count_other_addresses(columns, below),
        repeated=tuple(repeated),
        by_content=None if Field.EMAIL in columns else find_address_column(columns, below),
    )


def _strongest(
    field: Field, claims: Mapping[int, int], matches: Sequence[Match | None], below: Sequence[Record]
) -> list[int]:
    """Return the columns with the best claim to a field: one, or more where it is not clear which is meant.

    claims: the strengths of the columns' names, by index. Among aliases alone (strength 1), the column with the most
    addresses wins. An alias of the e-mail counts only if its column has addresses or is empty, or if a column of
    domains completes its cells.
    """
    if not claims or max(claims.values()) > 1:
        # A name that lacks letters is too uncertain to be used without asking: see `_unclear`.
        sure = {index: claim for index, claim in claims.items() if not _is_lost(matches[index])}
        return [index for index, claim in sure.items() if claim == max(sure.values())]
    has_domain = any(match and match.field is Field.DOMAIN for match in matches)
    counts = {index: count_addresses(index, below) for index in claims}
    if field is Field.EMAIL and not has_domain and any(is_filled(index, below) for index in claims):
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
    """Return the names of filled columns that are not used and resemble a field, each with that field.

    Where another column is certain to be that field, a name is unclear only if it is the weaker one and its column has
    text in a row where the other has none.
    """
    unclear = []
    for index, (name, match) in enumerate(zip(names, matches, strict=True)):
        if not name or columns[index] or is_problems_column(name) or not is_filled(index, below):
            continue
        if match and match.strength == 1:  # an alias
            continue
        field = match.field if match else find_similar_field(name)
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
    return any(has_cell(index, record) and not has_cell(known, record) for record in below)


def _as_chosen(
    header: int | None, names: Sequence[str], columns: tuple[Field | None, ...], below: Sequence[Record]
) -> Layout:
    """Return the layout that the user has set.

    Columns that they have set to nothing are not used; text in a column that they were not shown is a problem.
    """
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
        damage=find_damage_in_names(names),
        repeated=tuple(((), field) for field in sorted(repeated)),
        by_content=None if Field.EMAIL in columns else find_address_column(columns, below),
    )


def _without_header(records: Sequence[Record]) -> Layout:
    """Return the layout of a list without names: the columns in their usual order, perhaps after a counting column."""
    fields: list[Field | None] = [column.field for column in COLUMNS]
    counting = None
    if count_addresses(1, records) and not count_addresses(0, records):
        counting = find_counting_column([""], records)
    if counting == 0:
        fields.insert(0, None)
    named = frozenset(index for index in range(len(fields)) if index != counting)
    by_content = None if count_addresses(fields.index(Field.EMAIL), records) else find_address_column((), records)
    told_by = tuple("name" if field else "" for field in fields)
    return Layout(None, tuple(fields), told_by=told_by, named=named, counting_column=counting, by_content=by_content)


def _is_shifted(names: Sequence[str], matches: Sequence[Match | None], below: Sequence[Record]) -> bool:
    """Tell whether every line begins with a number that the header has no cell for, as R's write.table writes it."""
    email = next((index for index, match in enumerate(matches) if match and match.field is Field.EMAIL), None)
    if email is None or count_addresses(email, below) or not count_addresses(email + 1, below):
        return False
    return all(len(record.cells) == len(names) + 1 for record in below) and find_counting_column([""], below) == 0
