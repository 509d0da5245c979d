"""Mojibake: text that was decoded in another encoding than it was written in. It is made here, and detected."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

# The code pages in which a list may have been decoded by mistake, most likely one in UTF-8.
CODE_PAGES: Final = (
    *("cp1250", "cp1252", "latin-1", "iso-8859-2", "cp852", "cp850", "cp437", "mac-roman", "mac-latin2"),
)
_READ_ONCE: Final = (*CODE_PAGES, "cp1251")

_LETTER: Final = r"[^\W\d_¹²³¼½¾⁰-₟]"
# _ODD: signs that nobody writes between two letters. Accents that stand alone, quotation marks, dashes and currencies
# are not among them, since passwords have those. _BESIDE: others that a wrong decoding puts beside the odd ones.
_ODD: Final = r"¿¹¶¦¬±¤¼½¾‚„†‡‰≥¸˛˝˘\u2500-\u259f"
_BESIDE: Final = "³£§©®°¥¢ªº×÷´¨ˇ¯»«—"
# Possessive quantifiers keep the time linear on a hostile text.
_ODD_IN_WORD: Final = re.compile(
    rf"(?<={_LETTER})[{_BESIDE}]*+[{_ODD}][{_ODD}{_BESIDE}]*+(?:(?={_LETTER})|(?<={_LETTER}))"
    rf"|¶{_LETTER}|{_LETTER}¶"
)
_C1_CONTROL: Final = re.compile(r"[\x80-\x84\x86-\x9f]")

_UTF8: Final = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\x80-\xff]")
_NO_BYTE: Final = b"\xff"  # for a character that the code page lacks; UTF-8 never has this byte
# Letters and signs that people may have written, or that a first wrong decoding has made of them. Not the letters of
# Maltese, Esperanto and the like: correct texts of other languages give these by accident.
_LIKELY: Final = re.compile(
    r"[^\u0108-\u010b\u011c\u011d\u0120\u0121\u0124-\u0129\u0134\u0135\u0138\u0149-\u014b\u0166-\u0169\u0174-\u0177]"
    r"(?<=[\u0080-\u017f\u0192\u0218-\u021b\u02c6-\u02dd\u0410-\u044f\u2010-\u203a\u20ac\u2122\u2202\u220f\u2211\u221a"
    r"\u2248\u2260-\u2265\u25ca\u2500-\u259f])"
)
_CYRILLIC: Final = re.compile(r"[\u0410-\u044f]")


def misread(text: str, code_page: str) -> str:
    """Return a text written in UTF-8 and decoded in a code page; undefined bytes become control characters."""
    return "".join(_characters(code_page)[byte] for byte in text.encode())


def was_misread(text: str) -> bool:
    """Tell whether a text was certainly decoded wrongly. In doubt it was not: names of all languages are accepted."""
    if text.isascii():
        return False
    if _C1_CONTROL.search(text) or _ODD_IN_WORD.search(text):
        return True
    first = next(character for character in text if not character.isascii())
    return any(_was_utf8(text, code_page) for code_page in _READ_ONCE if _begins_letter(first, code_page))


def _begins_letter(character: str, code_page: str) -> bool:
    return b"\xc2" <= _bytes(code_page).get(character, _NO_BYTE) <= b"\xef"


def _was_utf8(text: str, code_page: str) -> bool:
    """Tell whether a text that was decoded in a code page was UTF-8: all its non-ASCII characters form UTF-8 letters.

    Some programs drop invisible characters, which leaves only the first byte of a letter. That is accepted if there are
    about as many complete letters.
    """
    table = _bytes(code_page)
    content = b"".join(table.get(character, _NO_BYTE) for character in text)
    whole = half = 0
    for match in _UTF8.finditer(content):
        if len(match[0]) == 1:
            if not 0xC3 <= match[0][0] <= 0xC5:
                return False
            half += 1
        elif _is_likely(match[0], text, code_page):
            whole += 1
        else:
            return False
    return whole >= 1 and (not half or whole > max(1, half - 1))


def _is_likely(sequence: bytes, text: str, code_page: str) -> bool:
    """Tell whether a letter in UTF-8 is one that may have been written, rather than an accident of a correct text."""
    letter = sequence.decode("utf-8", "replace")
    if not _LIKELY.fullmatch(letter):
        return False
    if _CYRILLIC.fullmatch(letter):
        return not any(character.isascii() and character.isalpha() for character in text)
    # Correct words in capitals, such as the Slovak PÄŤ and the Romanian PĂŞI, may form UTF-8 letters.
    seen = [_characters(code_page)[byte] for byte in sequence]
    return not (text.isupper() and all(character.isupper() for character in seen)) or seen[0] == "Ĺ"


@cache
def _characters(code_page: str) -> tuple[str, ...]:
    """Return the character of each byte; an undefined byte gives a control character, as in most programs."""
    decoded = [bytes([byte]).decode(code_page, "replace") for byte in range(256)]
    return tuple(chr(byte) if character == "\ufffd" else character for byte, character in enumerate(decoded))


@cache
def _bytes(code_page: str) -> dict[str, bytes]:
    return {character: bytes([byte]) for byte, character in enumerate(_characters(code_page))}
