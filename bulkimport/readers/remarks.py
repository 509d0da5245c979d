"""Remarks that stand beside the name of a column, such as “(optional)” or “1.”."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from bulkimport.columns import folded

_NUMBERING: Final = re.compile(r"\(?(?:[0-9]{1,2}|[a-z](?=[.)]))[.):]*\s*(?=\S)", re.IGNORECASE)
_REMARK_BEFORE: Final = re.compile(r"[(\[]([^)\]]*)[)\]]\s*")
_REMARK_BEGINS: Final = re.compile(r"[\n\r(\[{:;,*|–—¹²³]|\s[-/]\s|[0-9]\)")
_EXAMPLE: Final = re.compile(r"\S*@\S*")
# The only words that a remark may have. With any other one the column may hold something else, such as the password of
# the wireless network, or a quota in another unit.
_REMARK_WORDS: Final = """
    min minimum minimalnie max maks maksimum maksymalnie co najmniej najwyżej od do znak znaki znaków litera litery
    liter literę cyfra cyfry cyfr cyfrę duża duże mała małe wielka wielkie i oraz lub albo z w na nie tak t n np
    przykład wzór opcjonalnie opcjonalne opcjonalny opcjonalna nieobowiązkowe nieobowiązkowa nieobowiązkowo wymagane
    wymagany wymagana obowiązkowe obowiązkowy obowiązkowa obowiązkowo pole mb liczba całkowita tekst puste pusty pusta
    zostaw losowe domyślne domyślna domyślnie brak jeśli jeżeli gdy nowe początkowe startowe tymczasowe
    at least up to character characters letter letters digit digits number and or with in a an of e g eg ex example
    optional required mandatory field yes no y empty blank random default if leave whole text new initial temporary
"""
_FOLDED_WORDS: Final = frozenset(map(folded, _REMARK_WORDS.split())) | {""}


def names_without_remark(name: str) -> Iterator[str]:
    """Yield each text that is left of a name without the number or remark before it, or the remark after it."""
    for begin in (_NUMBERING.match(name), _REMARK_BEFORE.match(name)):
        if begin and (begin.re is _NUMBERING or is_remark(begin[1])):
            yield name[begin.end() :]
            yield from _names_before_remark(name[begin.end() :])
    yield from _names_before_remark(name)


def _names_before_remark(name: str) -> Iterator[str]:
    for begin in _REMARK_BEGINS.finditer(name):
        if is_remark(name[begin.start() :]):
            yield name[: begin.start()]


def is_remark(text: str) -> bool:
    """Tell whether a text has nothing but words of remarks, numbers and examples of addresses."""
    words = re.findall(r"[^\W_]+", _EXAMPLE.sub("", text))
    return all(word.isdigit() or folded(word) in _FOLDED_WORDS for word in words)
