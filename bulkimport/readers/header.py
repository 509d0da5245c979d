"""The header, the line that names the columns: which line of a sheet it is, and what each of its names means."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from accounts.validators import trimmed
from bulkimport.columns import find_field, find_field_by_alias
from bulkimport.readers.book import CONTROL, MAX_COLUMNS, MAX_NAME, Record
from bulkimport.readers.garbled import Damage, garbled_name
from bulkimport.readers.similar_names import find_similar_field
from bulkimport.rows import Field

LONGEST_NAME: Final = 100  # characters of a name with a remark
LONGEST_KNOWN: Final = 50  # characters of a known name, with blanks and signs
NAMES_EXAMINED: Final = 40  # of a line, where many lines are examined
HEADER_ROWS: Final = 20  # the header is one of so many first lines with text
ADDRESS: Final = re.compile(r"[^\s@,;|<>()\"]+@[^\s@,;|<>()\"]+\.[^\s@,;|<>()\"]+")
_LONGEST_ADDRESS: Final = 320


class Match(NamedTuple):
    """What a name means. strength: 3 for one of our names, 2 for one with a remark or garbled, 1 for an alias."""

    field: Field
    strength: int
    damage: Damage | None = None


def find_header(records: Sequence[Record]) -> int | None:
    """Return the index of the record that names the columns, None where there is none.

    Of the first lines it is the one with the most known names; of equal ones, the first. If no name is known, it is the
    line above the first account or, without an account, the first line. A line below an account is a header only if no
    line above has a known name, or if it has several while those above have one at most, as a letterhead may.
    """
    best, best_score = None, (0, 0, 0)
    first_account: int | None = None
    for index, record in enumerate(records[:HEADER_ROWS]):
        score = _score(header_names(record.cells))
        if any(is_address(cell) for cell in record.cells) or ("@" in "".join(record.cells) and score[0] < 2):
            if first_account is None:
                first_account = index
            if best_score[0] > 1:
                break
            if score[0] < 2:
                continue
        is_below_account = first_account is not None and best is not None
        if score > best_score and (score[0] > 1 or not is_below_account):
            best, best_score = index, score
    if best is not None:
        return best
    if first_account is None:
        return 0 if records else None
    return first_account - 1 if first_account else None


def has_run_on(names: Sequence[str]) -> bool:
    """Tell whether an account has been joined to the line of the header, so that one of its names ends in an address.

    A known name may quote an address as an example. A stray quotation mark may stand in the address.
    """
    return any(ends_in_address(name.replace('"', "")) and not match_name(name) for name in names)


def _score(names: Sequence[str]) -> tuple[int, int, int]:
    """Return how many fields a line names, whether the e-mail is one for certain, and how many names resemble one."""
    matches = [match for name in names if name and (match := match_name(name))]
    fields = {match.field for match in matches}
    certain = any(match.field is Field.EMAIL and match.strength > 1 for match in matches)
    # Not names with a digit: passwords often resemble the word “password”.
    examined = harmless_names(names[:NAMES_EXAMINED]) if not fields else ()
    similar = sum(1 for name in examined if name and find_similar_field(name))
    return len(fields), int(certain), similar


def match_name(name: str) -> Match | None:
    """Return what a name of a column means, None where it is not known."""
    if len(name) > LONGEST_NAME:  # a sentence, which would take long to examine
        return None
    if field := find_field(name):
        # Folding may turn wrongly decoded letters into a known name.
        garbled = None if name.isascii() else garbled_name(name)
        return Match(field, 3, garbled[1] if garbled else None)
    if field := find_field_by_alias(name):
        return Match(field, 1)
    if garbled := garbled_name(name):
        return Match(garbled[0], 2, garbled[1])
    return None


def header_names(cells: Sequence[str]) -> list[str]:
    """Return the names in a header, each cut to MAX_NAME characters, without the empty ones at the end."""
    names = [trimmed(CONTROL.sub("", cell[:MAX_NAME])) for cell in cells[:MAX_COLUMNS]]
    while names and not names[-1]:
        names.pop()
    return names


def is_address(cell: str) -> bool:
    """Tell whether a cell looks like an address and nothing else."""
    return "@" in cell and len(cell) < _LONGEST_ADDRESS and ADDRESS.fullmatch(trimmed(cell)) is not None


def ends_in_address(cell: str) -> bool:
    """Tell whether a cell is an address, or ends in one."""
    before, _at, domain = trimmed(cell[-_LONGEST_ADDRESS:]).rpartition("@") if "@" in cell else ("", "", "")
    return ADDRESS.fullmatch(f"{before[-1:]}@{domain}") is not None


def known_fields(cells: Sequence[str], *, only_certain: bool = False) -> set[Field]:
    """Return the fields that the cells of a line name.

    only_certain: without aliases and garbled names. This is quick enough for every line of a list.
    """
    if only_certain:
        return {field for cell in cells[:NAMES_EXAMINED] if len(cell) <= LONGEST_KNOWN and (field := find_field(cell))}
    return {match.field for name in header_names(cells) if name and (match := match_name(name))}


def harmless_names(names: Sequence[str]) -> list[str]:
    """Return the names that may be shown. Others may be passwords, if the line is an account without an @."""
    return [name for name in names if name.isprintable() and not any(character.isdigit() for character in name)]
