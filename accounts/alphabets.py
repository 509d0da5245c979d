"""Letters and signs that look like those of an address and are others: in it nobody sees the difference."""

import re
import unicodedata
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# The alphabets that share the shapes of letters with each other (Unicode Technical Standard 39).
_NAMES: Final[dict[str, str | Promise]] = {
    "LATIN": _("Latin"),
    "CYRILLIC": _("Cyrillic"),
    "GREEK": _("Greek"),
    "ARMENIAN": _("Armenian"),
}
# Cyrillic, then Greek letters, and the Latin ones of the same shape.
_LOOK_ALIKES: Final = str.maketrans(
    "аеорсухіјѕԁԛԝһАВЕКМНОРСТХοανρΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "aeopcyxijsdqwhABEKMHOPCTXoavpABEZHIKMNOPTYX"
)

# Hyphens that programs write, the en dash among them, and the minus sign.
_HYPHENS: Final = dict.fromkeys(map(ord, "\u2010\u2011\u2013\u2212\ufe63\uff0d"), "-")


def foreign_letter(address: str) -> tuple[str, str | Promise] | None:
    """Return the first letter that is out of place, and the name of its alphabet; None where there is none.

    It stands between two signs of an address in a part that has letters of several alphabets. A part in one alphabet
    is a name like any other, such as почта in почта.рф.
    """
    for part in re.split(r"[@.]", address):
        letters = {letter: _alphabet(letter) for letter in part}
        used = {alphabet for alphabet in letters.values() if alphabet}
        if len(used) > 1:
            letter, alphabet = next((one, other) for one, other in letters.items() if other not in ("", "LATIN"))
            return letter, _NAMES[alphabet]
    return None


def in_latin(address: str) -> str:
    """Return an address with Latin letters in the place of those that look the same."""
    return address.translate(_LOOK_ALIKES)


def in_ascii(text: str) -> str:
    """Return a text with the characters of a keyboard in the place of those that are another form of one (NFKC).

    Such are the Kelvin sign, full-width letters and signs, and hyphens; letters with accents, № and ™ stay.
    """
    return "".join(map(_in_ascii, text.translate(_HYPHENS)))


def _in_ascii(character: str) -> str:
    plain = unicodedata.normalize("NFKC", character)
    is_form = character.isalnum() or unicodedata.east_asian_width(character) == "F"
    return plain if is_form and plain.isascii() and not character.isspace() else character


def is_latin(text: str) -> bool:
    """Tell whether all letters are Latin ones, with or without accents."""
    return all(not letter.isalpha() or unicodedata.name(letter, "").startswith("LATIN ") for letter in text)


def _alphabet(letter: str) -> str:
    """Return the Unicode name of the alphabet of a letter, empty for one that looks like no other and for a sign."""
    alphabet = unicodedata.name(letter, "").partition(" ")[0]
    return alphabet if alphabet in _NAMES and letter.isalpha() else ""
