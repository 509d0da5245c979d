"""Letters and signs that are written as escapes, such as &#322; and %C5%82."""

from __future__ import annotations

import html
import re
from typing import Final

_ENTITY: Final = re.compile(r"&(?:amp;)*(#[0-9]{1,7}|#x[0-9a-f]{1,6}|[a-z]{2,20}[0-9]{0,2});", re.IGNORECASE)
_SIGN_ENTITY: Final = re.compile(r"&(?:amp;)*(?:#[0-9]{1,7}|#x[0-9a-f]{1,6}|amp|lt|gt|quot|apos|nbsp);", re.IGNORECASE)
_CODE_POINT: Final = re.compile(r"[\\%]u([0-9a-f]{4})", re.IGNORECASE)
_OCTETS: Final = re.compile(r"(?:(?:%|=|\\x)[0-9a-f]{2})+", re.IGNORECASE)


def sure_escapes(text: str) -> frozenset[str]:
    """Return the first characters of the escapes in a text that are certainly meant as escapes.

    Those stand for a letter outside ASCII, or they are HTML entities of a sign, such as &amp;.
    """
    beginnings = set()
    for escape in (match for pattern in (_ENTITY, _CODE_POINT, _OCTETS) for match in pattern.finditer(text)):
        is_letter = any(letter.isalpha() and not letter.isascii() for letter in unescape(escape[0]))
        if is_letter or _SIGN_ENTITY.fullmatch(escape[0]):
            beginnings.add(escape[0][0])
    return frozenset(beginnings)


def unescape(text: str, *, unknown: str = "") -> str:
    r"""Return a text in which escapes such as &#322; &lstrok; \u0142 %C5%82 and =C5=82 are replaced by their letters.

    unknown: what stands for bytes that are not UTF-8; if it is empty, they are left as they are.
    """

    def from_octets(match: re.Match[str]) -> str:
        try:
            return bytes.fromhex(re.sub(r"%|=|\\x", "", match[0], flags=re.IGNORECASE)).decode()
        except UnicodeDecodeError:
            return unknown or match[0]

    text = _ENTITY.sub(lambda match: html.unescape(f"&{match[1]};"), text)
    text = _CODE_POINT.sub(lambda match: chr(int(match[1], 16)), text)
    return _OCTETS.sub(from_octets, text)
