"""Whether a text could as well be read in another code page, which would give other passwords."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from bulkimport.columns import find_field
from bulkimport.readers.evidence import polish_words
from bulkimport.readers.text import EIGHT_BIT

_FEW_LETTERS: Final = 4  # different non-ASCII letters; so few do not settle the code page
_LIKELY: Final = frozenset("ąćęłńóśźżĄĆĘŁŃÓŚŹŻäöüÄÖÜßéáíč")  # Polish letters, and others that are frequent in names
_NEVER_TYPED: Final = frozenset([*map(chr, range(0x2500, 0x25A0)), "\ufffd"])  # the box drawings of DOS
_WORD: Final = re.compile(r"[^\W\d_]+")


def is_ambiguous(encoding: str, cells: Iterable[str], passwords: Iterable[str]) -> bool:
    """Tell whether another code page gives other passwords that are as likely, and no word of the text settles it.

    encoding: the encoding that was detected. cells: all cells of the text, header and passwords included.
    """
    if encoding not in EIGHT_BIT:
        return False
    telling = {cell for cell in cells if not cell.isascii()}
    letters = {letter for cell in telling for letter in cell if not letter.isascii()}
    doubtful = {password for password in passwords if not password.isascii()}
    if not doubtful or len(letters) > _FEW_LETTERS:
        return False
    rivals = [other for other in EIGHT_BIT if other != encoding]
    return any(_is_likely(doubtful, encoding, other) and not _is_settled(telling, encoding, other) for other in rivals)


def _is_likely(passwords: set[str], encoding: str, other: str) -> bool:
    """Tell whether another code page gives other passwords, and these have only letters and signs that people type."""
    readings = {password: _read_as(password, encoding, other) for password in passwords}
    others = "".join(reading for password, reading in readings.items() if reading != password)
    return bool(others) and all(
        letter.isascii()
        or letter in _LIKELY
        or (letter.isprintable() and not letter.isalpha() and letter not in _NEVER_TYPED)
        for letter in others
    )


def _is_settled(cells: set[str], encoding: str, other: str) -> bool:
    """Tell whether a column's name or a Polish word among the cells is only one in the detected code page."""
    for cell in cells:
        reading = _read_as(cell, encoding, other)
        if reading != cell and _is_known(cell) and not _is_known(reading):
            return True
    return False


def _is_known(cell: str) -> bool:
    return find_field(cell) is not None or any(word in polish_words() for word in _WORD.findall(cell.lower()))


def _read_as(text: str, encoding: str, other: str) -> str:
    """Return what a text that was decoded by one code page would be in another."""
    return text.encode(encoding, "replace").decode(other, "replace")
