"""Whether the code page of a text is only a guess, and its passwords may be others in another one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from bulkimport.columns import field_named
from bulkimport.readers.evidence import polish_words
from bulkimport.readers.text import EIGHT_BIT

_FEW_LETTERS: Final = 4  # different ones outside ASCII, which leave it open which code page a text is written in
_LIKELY: Final = frozenset("ąćęłńóśźżĄĆĘŁŃÓŚŹŻäöüÄÖÜßéáíč")  # Polish, and what foreign names often have
_NEVER_TYPED: Final = frozenset([*map(chr, range(0x2500, 0x25A0)), "\ufffd"])  # the lines and blocks of DOS
_WORD: Final = re.compile(r"[^\W\d_]+")


def is_ambiguous(encoding: str, cells: Iterable[str], passwords: Iterable[str]) -> bool:
    """Tell whether another code page reads some passwords otherwise and as likely, and no word of the text settles it.

    encoding: the code page that was detected. cells: all of the text, its header and its passwords too.
    """
    if encoding not in EIGHT_BIT:
        return False
    told = {cell for cell in cells if not cell.isascii()}
    letters = {letter for cell in told for letter in cell if not letter.isascii()}
    doubtful = {password for password in passwords if not password.isascii()}
    if not doubtful or len(letters) > _FEW_LETTERS:
        return False
    rivals = [other for other in EIGHT_BIT if other != encoding]
    return any(_is_likely(doubtful, encoding, other) and not _is_settled(told, encoding, other) for other in rivals)


def _is_likely(passwords: set[str], encoding: str, other: str) -> bool:
    """Tell whether a page gives other passwords, of letters and signs that people type."""
    readings = {password: _read_as(password, encoding, other) for password in passwords}
    others = "".join(reading for password, reading in readings.items() if reading != password)
    return bool(others) and all(
        letter.isascii()
        or letter in _LIKELY
        or (letter.isprintable() and not letter.isalpha() and letter not in _NEVER_TYPED)
        for letter in others
    )


def _is_settled(cells: set[str], encoding: str, other: str) -> bool:
    """Tell whether the name of a column, or a Polish word, is one in this page alone."""
    for cell in cells:
        reading = _read_as(cell, encoding, other)
        if reading != cell and _is_known(cell) and not _is_known(reading):
            return True
    return False


def _is_known(cell: str) -> bool:
    return field_named(cell) is not None or any(word in polish_words() for word in _WORD.findall(cell.lower()))


def _read_as(text: str, encoding: str, other: str) -> str:
    return text.encode(encoding, "replace").decode(other, "replace")
