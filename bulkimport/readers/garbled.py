"""Texts whose letters were garbled before the file came: decoded wrongly, written as escapes, replaced or lost.

Garbled names of columns can still be recognised, since there are few names. A garbled password cannot be restored; it
is only detected.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import cache
from itertools import groupby, product
from typing import Final

from accounts.validators import trimmed
from bulkimport.columns import CHOICES, find_field, folded
from bulkimport.readers.book import MAX_NAME
from bulkimport.readers.escapes import sure_escapes, unescape
from bulkimport.readers.mojibake import CODE_PAGES, misread, was_misread
from bulkimport.readers.remarks import is_remark, names_without_remark
from bulkimport.rows import Field


class Damage(StrEnum):
    """What has happened to the name of a column."""

    REMARK = "remark"  # no damage: a remark or a number stands beside the name
    ENTITIES = "entities"  # letters are written as escapes, such as &#322;
    LETTERS = "letters"  # letters were decoded wrongly or replaced by signs
    LOST = "lost"  # letters are missing, or other ASCII letters stand in their place


_NAMES: Final = tuple((column.field, name) for column in CHOICES for name in column.names)
_FOREIGN: Final = re.compile(r"[^\W\d_a-ząćęłńóśźż]", re.IGNORECASE)  # a letter that none of them has

# An HTML entity without its semicolon at the end of a name.
_CUT_ENTITY: Final = re.compile(r"&(?:#[0-9]{2,7}|#x[0-9a-f]{2,6}|[a-z]{3,8})$", re.IGNORECASE)
# Escapes that the module escapes does not decode: +AUI- (UTF-7), <U+0142>, \305\202, {\l}, \'b3, _x0142_, &#322 without
# its semicolon.
_OTHER_ESCAPE: Final = r"(?:[&+<\\{=%]|_x(?=[0-9a-f]{4}_))[!-~]{1,14}"
_JOINT: Final = re.compile(r"[/|()\[\]\n\r=,;–—]|\s-\s")  # between two names of one column
_MOST_NAMES: Final = 4  # of one column
# G or T, which beside the name of the quota is another unit than ours; not the letter in “e.g.”.
_UNIT: Final = re.compile(r"(?<![^\W_])(?<!\be[. ])(?<!\be\. )[gt](?![^\W_])", re.IGNORECASE)


def garbled_name(name: str) -> tuple[Field, Damage] | None:
    """Return the field that a damaged name certainly means, and how it is damaged.

    None for an undamaged name that is known. A name that is known only because a wrong decoding looks like an accent
    (HasĹ‚o, Hasĺo) counts as damaged. None also for names that merely resemble ours, such as a quota in GB.
    """
    name = trimmed(name[:MAX_NAME])
    match = _match_damaged(name) if name else None
    return None if match and match[0] is Field.QUOTA and _UNIT.search(name) else match


def _match_damaged(name: str) -> tuple[Field, Damage] | None:
    if field := find_field(name):
        return (field, Damage.LETTERS) if was_misread(name) or _FOREIGN.search(name) else None
    if (field := _match_cut_off(name)) is not None:
        return field, Damage.LOST
    unescaped = unescape(name, unknown="\ufffd")
    if unescaped != name:
        match = garbled_name(unescaped)
        field = find_field(unescaped) or (match and match[0])
        return (field, Damage.ENTITIES) if field else None
    if match := _match_garbled_letters(name) or _match_two_names(name):
        return match
    for bare in map(trimmed, names_without_remark(name)):
        if field := find_field(bare):
            return field, Damage.REMARK
        if match := _match_garbled_letters(bare):
            return match
    return None


def _match_cut_off(name: str) -> Field | None:
    """Return the field whose name was cut off at the semicolon of an entity, because semicolons separate the cells."""
    if not _CUT_ENTITY.search(name):
        return None
    begin = folded(unescape(f"{name};"))  # &amp;#322; was cut off after &amp; and lacks its letter here
    return next(
        (
            field
            for field, known in _NAMES
            if folded(known).startswith(begin) and (len(begin) > 3 or not known[len(begin) :][:1].isascii())
        ),
        None,
    )


def is_garbled(text: str) -> bool:
    """Tell whether letters of a text were certainly decoded wrongly, once or twice, or are written as escapes."""
    return "\ufffd" in text or was_misread(text) or bool(sure_escapes(text))


def _match_two_names(name: str) -> tuple[Field, Damage] | None:
    """Return the field of a name that gives it more than once, such as “Hasło / Password”, perhaps with a remark."""
    parts = [part for part in map(trimmed, _JOINT.split(name)) if part and not is_remark(part)]
    if not 2 <= len(parts) <= _MOST_NAMES or parts == [name]:
        return None
    meanings = {garbled_name(part) or (find_field(part), Damage.REMARK) for part in parts}
    fields = {field for field, _damage in meanings}
    field = fields.pop()
    if fields or field is None:
        return None
    return field, max((damage for _field, damage in meanings), key=list(Damage).index)


# --- Names whose letters are garbled ---------------------------------------------------------------------------------
def _match_garbled_letters(name: str) -> tuple[Field, Damage] | None:
    """Return the field of a name whose letters are garbled; None where none fits, or more than one."""
    mark = next((mark for mark in _byte_order_marks() if name.startswith(mark)), "")
    name = name.removeprefix(mark)
    if field := find_field(name):
        return field, Damage.LETTERS
    if not name.isascii() or not name.replace("_", "?").replace(" ", "").isalnum():
        fields = {field for field, pattern in _letter_patterns() if pattern.fullmatch(name)}
    else:
        # Not Damage.LETTERS: letters that were replaced by ASCII letters cannot be detected in passwords.
        fields = {field for field, text in _plain_garblings() if text == name}
        if len(fields) == 1:
            return fields.pop(), Damage.LOST
    if len(fields) == 1:
        return fields.pop(), Damage.LETTERS
    field = _shortened_names().get(folded(name)) or next(
        (field for field, pattern in _escape_patterns() if pattern.fullmatch(name)), None
    )
    return (field, Damage.LOST) if field else None


@cache
def _escape_patterns() -> tuple[tuple[Field, re.Pattern[str]], ...]:
    """Return a pattern for each name with letters outside ASCII, which has an escape in the place of each of them."""
    patterns = []
    for field, name in _NAMES:
        groups = ((kind, "".join(group)) for kind, group in groupby(name, _kind))
        parts = [_OTHER_ESCAPE if kind == "letter" else re.escape(part) for kind, part in groups]
        if _OTHER_ESCAPE in parts:
            patterns.append((field, re.compile("".join(parts), re.IGNORECASE)))
    return tuple(patterns)


@cache
def _byte_order_marks() -> tuple[str, ...]:
    """Return what the byte order mark of a UTF-8 file looks like when it is decoded wrongly, once or twice."""
    once = {misread("\ufeff", code_page) for code_page in CODE_PAGES}
    return tuple(once | {misread(mark, code_page) for mark in once for code_page in CODE_PAGES})


@cache
def _letter_patterns() -> tuple[tuple[Field, re.Pattern[str]], ...]:
    """Return a pattern for the garbled forms of each name.

    ASCII letters must fit. In the place of any other letter or sign, anything may stand but ASCII letters and digits.
    """
    strange = r"[^\x00-\x7f]|[?_\x00-\x1f\x7f]"
    patterns = []
    for field, name in _NAMES:
        pattern = ""
        for kind, group in groupby(name, _kind):
            part = "".join(group)
            if kind == "letter":
                # Decoded wrongly twice, a letter may become up to eight. Or it has only lost its accent.
                pattern += rf"(?:{strange}|[{folded(part)}]){{1,{8 * len(part)}}}"
            else:
                pattern += re.escape(part) if kind == "ascii" else r"(?:[\W_]|[^\x00-\x7f]){0,8}"
        patterns.append((field, re.compile(pattern, re.IGNORECASE)))
    return tuple(patterns)


def _kind(character: str) -> str:
    """Return `sign`, `ascii` for an ASCII letter or digit, or `letter` for any other."""
    if not character.isalnum():
        return "sign"
    return "ascii" if character.isascii() else "letter"


@cache
def _plain_garblings() -> frozenset[tuple[Field, str]]:
    """Return the names as they look after the upper bits of each letter were lost, so that ASCII remains.

    So Hasło becomes HasBo (only 8 bits of Unicode were kept) or Has3o (only 7 bits of a code page).
    """
    names = set()
    for field, name in _NAMES:
        for written in (name, name.lower(), name.upper(), name.capitalize()):
            names.add((field, "".join(chr(ord(letter) & 0xFF) for letter in written)))
            for code_page in ("cp1250", "iso-8859-2", "cp852", "mac-latin2"):
                names.add((field, "".join(chr(byte & 0x7F) for byte in written.encode(code_page))))
    return frozenset(names)


@cache
def _shortened_names() -> dict[str, Field]:
    """Return the fields by their folded names from which some or all letters outside ASCII are missing."""
    fields = {}
    for field, name in _NAMES:
        choices = [("", folded(letter)) if _kind(letter) == "letter" else (folded(letter),) for letter in name]
        fields.update({"".join(letters): field for letters in product(*choices)})
    return {name: field for name, field in fields.items() if not find_field(name)}
