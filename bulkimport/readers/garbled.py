"""Letters that were garbled on their way: decoded wrongly, written as escapes, replaced by signs or lost.

Names of columns can be recognised all the same, since there are few. A password cannot, so it is only found out.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from enum import StrEnum
from functools import cache
from itertools import groupby, product
from typing import Final

from accounts.validators import trimmed
from bulkimport.columns import CHOICES, find_field, folded
from bulkimport.readers.book import MAX_NAME
from bulkimport.readers.mojibake import CODE_PAGES, misread, was_misread
from bulkimport.rows import Field


class Damage(StrEnum):
    """What has happened to the name of a column."""

    REMARK = "remark"  # nothing, but a remark or a number stands beside it
    ENTITIES = "entities"  # letters are written as escapes, of HTML or others
    LETTERS = "letters"  # letters were decoded wrongly or replaced by signs
    LOST = "lost"  # letters are missing, or others of ASCII have taken their place


_NAMES: Final = tuple((column.field, name) for column in CHOICES for name in column.names)

# --- Escapes ---------------------------------------------------------------------------------------------------------
_ENTITY: Final = re.compile(r"&(?:amp;)*(#[0-9]{1,7}|#x[0-9a-f]{1,6}|[a-z]{2,20}[0-9]{0,2});", re.IGNORECASE)
_SIGN_ENTITY: Final = re.compile(r"&(?:amp;)*(?:#[0-9]{1,7}|#x[0-9a-f]{1,6}|amp|lt|gt|quot|apos|nbsp);", re.IGNORECASE)
_CUT_ENTITY: Final = re.compile(r"&(?:#[0-9]{2,7}|#x[0-9a-f]{2,6}|[a-z]{3,8})$", re.IGNORECASE)
_CODE_POINT: Final = re.compile(r"[\\%]u([0-9a-f]{4})", re.IGNORECASE)
_OCTETS: Final = re.compile(r"(?:(?:%|=|\\x)[0-9a-f]{2})+", re.IGNORECASE)
# Any other escape for a letter: +AUI- (UTF-7), <U+0142>, \305\202, {\l}, \'b3, _x0142_, &#322 without its semicolon.
_OTHER_ESCAPE: Final = r"(?:[&+<\\{=%]|_x(?=[0-9a-f]{4}_))[!-~]{1,14}"

# --- Remarks ---------------------------------------------------------------------------------------------------------
_NUMBERING: Final = re.compile(r"\(?(?:[0-9]{1,2}|[a-z](?=[.)]))[.):]*\s*(?=\S)", re.IGNORECASE)
_REMARK_BEFORE: Final = re.compile(r"[(\[]([^)\]]*)[)\]]\s*")
_REMARK_BEGINS: Final = re.compile(r"[\n\r(\[{:;,*|–—¹²³]|\s[-/]\s|[0-9]\)")
_JOINT: Final = re.compile(r"[/|()\[\]\n\r=,;–—]|\s-\s")  # between two names of one column
_MOST_NAMES: Final = 4
# Among the words of a remark, but beside the name of the quota a unit; not in “e.g.”.
_UNIT: Final = re.compile(r"(?<![^\W_])(?<!\be[. ])(?<!\be\. )[gt](?![^\W_])", re.IGNORECASE)
_EXAMPLE: Final = re.compile(r"\S*@\S*")
# All that a remark may say: with any other word the column may be another one, such as a password for the wireless
# network, or one in another unit.
_REMARK_WORDS: Final = """
    min minimum minimalnie max maks maksimum maksymalnie co najmniej najwyżej od do znak znaki znaków litera litery
    liter literę cyfra cyfry cyfr cyfrę duża duże mała małe wielka wielkie i oraz lub albo z w na nie tak t n np
    przykład wzór opcjonalnie opcjonalne opcjonalny opcjonalna nieobowiązkowe nieobowiązkowa nieobowiązkowo wymagane
    wymagany wymagana obowiązkowe obowiązkowy obowiązkowa obowiązkowo pole mb liczba całkowita tekst puste pusty pusta
    zostaw losowe domyślne domyślna domyślnie brak jeśli jeżeli gdy nowe początkowe startowe tymczasowe
    at least up to character characters letter letters digit digits number and or with in a an of e g eg ex example
    optional required mandatory field yes no y empty blank random default if leave whole text new initial temporary
"""
_REMARKS: Final = frozenset(map(folded, _REMARK_WORDS.split())) | {""}


def garbled_name(name: str) -> tuple[Field, Damage] | None:
    """Return the column that a damaged name surely means, and how it is damaged.

    None for a name that is known as it stands, unless it is so only because a wrong decoding looks like an accent
    (HasĹ‚o), and for one that merely resembles ours, such as a quota in GB.
    """
    name = trimmed(name[:MAX_NAME])
    found = _damaged(name) if name else None
    return None if found and found[0] is Field.QUOTA and _UNIT.search(name) else found


def _damaged(name: str) -> tuple[Field, Damage] | None:
    if field := find_field(name):
        return (field, Damage.LETTERS) if was_misread(name) else None
    if (field := _cut_off(name)) is not None:
        return field, Damage.LOST
    unescaped = _unescaped(name, unknown="\ufffd")
    if unescaped != name:
        found = garbled_name(unescaped)
        field = find_field(unescaped) or (found and found[0])
        return (field, Damage.ENTITIES) if field else None
    if found := _garbled(name):
        return found
    if found := _named_twice(name):
        return found
    for bare in map(trimmed, _without_remark(name)):
        if field := find_field(bare):
            return field, Damage.REMARK
        if found := _garbled(bare):
            return found
    return None


def _cut_off(name: str) -> Field | None:
    """Return the column whose name was cut off at the semicolon of an entity, which was taken for a separator."""
    if not _CUT_ENTITY.search(name):
        return None
    begin = folded(_unescaped(f"{name};"))  # without the letter, where &amp;#322; was cut off
    return next(
        (
            field
            for field, known in _NAMES
            if folded(known).startswith(begin) and (len(begin) > 3 or not known[len(begin) :][:1].isascii())
        ),
        None,
    )


def is_garbled(text: str) -> bool:
    """Tell whether letters of a text were surely decoded wrongly, once or twice, or stand in it as escapes."""
    return "\ufffd" in text or was_misread(text) or bool(sure_escapes(text))


def sure_escapes(text: str) -> frozenset[str]:
    """Return the signs that begin those escapes of a text that are no accident: for letters, and HTML's for signs."""
    found = set()
    for escape in (match for pattern in (_ENTITY, _CODE_POINT, _OCTETS) for match in pattern.finditer(text)):
        is_letter = any(letter.isalpha() and not letter.isascii() for letter in _unescaped(escape[0]))
        if is_letter or _SIGN_ENTITY.fullmatch(escape[0]):
            found.add(escape[0][0])
    return frozenset(found)


def _unescaped(text: str, *, unknown: str = "") -> str:
    r"""Return a text with escapes such as &#322; &lstrok; \u0142 %C5%82 and =C5=82 as the letters that they mean.

    unknown: what octets that are no UTF-8 become; they stay as they are where it is empty.
    """

    def from_octets(match: re.Match[str]) -> str:
        try:
            return bytes.fromhex(re.sub(r"%|=|\\x", "", match[0], flags=re.IGNORECASE)).decode()
        except UnicodeDecodeError:
            return unknown or match[0]

    text = _ENTITY.sub(lambda match: html.unescape(f"&{match[1]};"), text)
    text = _CODE_POINT.sub(lambda match: chr(int(match[1], 16)), text)
    return _OCTETS.sub(from_octets, text)


def _without_remark(name: str) -> Iterator[str]:
    """Yield what a name may be without a remark before or after it, or the number of its column."""
    for begin in (_NUMBERING.match(name), _REMARK_BEFORE.match(name)):
        if begin and (begin.re is _NUMBERING or _is_remark(begin[1])):
            yield name[begin.end() :]
            yield from _without_later_remark(name[begin.end() :])
    yield from _without_later_remark(name)


def _without_later_remark(name: str) -> Iterator[str]:
    for begin in _REMARK_BEGINS.finditer(name):
        if _is_remark(name[begin.start() :]):
            yield name[: begin.start()]


def _named_twice(name: str) -> tuple[Field, Damage] | None:
    """Return the column that a name such as “Hasło / Password” says in two ways, perhaps with a remark."""
    parts = [part for part in map(trimmed, _JOINT.split(name)) if part and not _is_remark(part)]
    if not 2 <= len(parts) <= _MOST_NAMES or parts == [name]:
        return None
    found = {garbled_name(part) or (find_field(part), Damage.REMARK) for part in parts}
    fields = {field for field, _damage in found}
    field = fields.pop()
    if fields or field is None:
        return None
    return field, max((damage for _field, damage in found), key=list(Damage).index)


def _is_remark(text: str) -> bool:
    words = re.findall(r"[^\W_]+", _EXAMPLE.sub("", text))
    return all(word.isdigit() or folded(word) in _REMARKS for word in words)


# --- Names whose letters are garbled ---------------------------------------------------------------------------------
def _garbled(name: str) -> tuple[Field, Damage] | None:
    mark = next((mark for mark in _byte_order_marks() if name.startswith(mark)), "")
    name = name.removeprefix(mark)
    if field := find_field(name):
        return field, Damage.LETTERS
    if not name.isascii() or not name.replace("_", "?").replace(" ", "").isalnum():
        fields = {field for field, pattern in _patterns() if pattern.fullmatch(name)}
    else:
        # Letters that have become others of ASCII cannot be found in passwords.
        fields = {field for field, text in _plain_garblings() if text == name}
        if len(fields) == 1:
            return fields.pop(), Damage.LOST
    if len(fields) == 1:
        return fields.pop(), Damage.LETTERS
    field = _shortened().get(folded(name)) or _escaped_otherwise(name)
    return (field, Damage.LOST) if field else None


def _escaped_otherwise(name: str) -> Field | None:
    return next((field for field, pattern in _escape_patterns() if pattern.fullmatch(name)), None)


@cache
def _escape_patterns() -> tuple[tuple[Field, re.Pattern[str]], ...]:
    """Return for each name with letters outside ASCII a pattern of it with escapes in their place."""
    found = []
    for field, name in _NAMES:
        groups = ((kind, "".join(group)) for kind, group in groupby(name, _kind))
        parts = [_OTHER_ESCAPE if kind == "letter" else re.escape(part) for kind, part in groups]
        if _OTHER_ESCAPE in parts:
            found.append((field, re.compile("".join(parts), re.IGNORECASE)))
    return tuple(found)


@cache
def _byte_order_marks() -> tuple[str, ...]:
    """Return what the mark at the beginning of a UTF-8 file looks like when it is decoded wrongly, once or twice."""
    once = {misread("\ufeff", code_page) for code_page in CODE_PAGES}
    return tuple(once | {misread(mark, code_page) for mark in once for code_page in CODE_PAGES})


@cache
def _patterns() -> tuple[tuple[Field, re.Pattern[str]], ...]:
    """Return for each name a pattern of its garbled forms: the letters of ASCII fit, and where another letter or a
    sign stands, there may be anything that ASCII has no letter for.
    """
    strange = r"[^\x00-\x7f]|[?_\x00-\x1f\x7f]"
    found = []
    for field, name in _NAMES:
        pattern = ""
        for kind, group in groupby(name, _kind):
            part = "".join(group)
            if kind == "letter":
                # Each may have become as many as eight, and the other one of two may have lost its accent alone.
                pattern += rf"(?:{strange}|[{folded(part)}]){{1,{8 * len(part)}}}"
            else:
                pattern += re.escape(part) if kind == "ascii" else r"(?:[\W_]|[^\x00-\x7f]){0,8}"
        found.append((field, re.compile(pattern, re.IGNORECASE)))
    return tuple(found)


def _kind(character: str) -> str:
    if not character.isalnum():
        return "sign"
    return "ascii" if character.isascii() else "letter"


@cache
def _plain_garblings() -> frozenset[tuple[Field, str]]:
    """Return the names as they are after half of each letter's bits were lost, so that ASCII remains: HasBo, Has3o."""
    found = set()
    for field, name in _NAMES:
        for written in (name, name.lower(), name.upper(), name.capitalize()):
            found.add((field, "".join(chr(ord(letter) & 0xFF) for letter in written)))
            for code_page in ("cp1250", "iso-8859-2", "cp852", "mac-latin2"):
                found.add((field, "".join(chr(byte & 0x7F) for byte in written.encode(code_page))))
    return frozenset(found)


@cache
def _shortened() -> dict[str, Field]:
    """Return the names as they are compared, without some of the letters that ASCII lacks."""
    found = {}
    for field, name in _NAMES:
        choices = [("", folded(letter)) if _kind(letter) == "letter" else (folded(letter),) for letter in name]
        found.update({"".join(letters): field for letters in product(*choices)})
    return {name: field for name, field in found.items() if not find_field(name)}
