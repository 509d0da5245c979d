"""Letters and signs that look like those of an address but are others. In an address, nobody sees the difference."""

import re
import unicodedata
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# The alphabets that have letters of the same shape (Unicode Technical Standard 39).
_NAMES: Final[dict[str, str | Promise]] = {
    "LATIN": _("Latin"),
    "CYRILLIC": _("Cyrillic"),
    "GREEK": _("Greek"),
    "ARMENIAN": _("Armenian"),
}
# Cyrillic and Greek letters, and the Latin letters of the same shape.
_LOOK_ALIKES: Final = str.maketrans(
    "аеорсухіјѕԁԛԝһАВЕКМНОРСТХοανρΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "aeopcyxijsdqwhABEKMHOPCTXoavpABEZHIKMNOPTYX"
)

# Hyphens that programs write, the en dash among them, and the minus sign.
_HYPHENS: Final = dict.fromkeys(map(ord, "\u2010\u2011\u2013\u2212\ufe63\uff0d"), "-")


def foreign_letter(address: str) -> tuple[str, str | Promise] | None:
    """Return the first letter that is not Latin in a part with letters of several alphabets, and its alphabet's name.

    None where there is none. The parts are separated by full stops and the @. A part in one alphabet is fine, such as
    почта in почта.рф.
    """
    for part in re.split(r"[@.]", address):
        letters = {letter: _alphabet(letter) for letter in part}
        used = {alphabet for alphabet in letters.values() if alphabet}
        if len(used) > 1:
            letter, alphabet = next((one, other) for one, other in letters.items() if other not in ("", "LATIN"))
            return letter, _NAMES[alphabet]
    return None


def in_latin(address: str) -> str:
    """Return an address with Latin letters instead of Cyrillic and Greek letters that look the same."""
    return address.translate(_LOOK_ALIKES)


def in_ascii(text: str) -> str:
    """Return a text with ASCII characters instead of variants of them (NFKC).

    Variants are the Kelvin sign, full-width letters and signs, and hyphens. Letters with accents, № and ™ stay.
    """
    return "".join(map(_in_ascii, text.translate(_HYPHENS)))


def _in_ascii(character: str) -> str:
    plain = unicodedata.normalize("NFKC", character)
    can_be_variant = character.isalnum() or unicodedata.east_asian_width(character) == "F"
    return plain if can_be_variant and plain.isascii() and not character.isspace() else character


def is_latin(text: str) -> bool:
    """Tell whether all letters are Latin ones, with or without accents."""
    return all(not letter.isalpha() or unicodedata.name(letter, "").startswith("LATIN ") for letter in text)


def _alphabet(letter: str) -> str:
    """Return the Unicode name of the alphabet of a letter; empty for other alphabets than `_NAMES` and for signs."""
    alphabet = unicodedata.name(letter, "").partition(" ")[0]
    return alphabet if alphabet in _NAMES and letter.isalpha() else ""
