"""Names of columns that resemble ours: they begin or end with one, or one is mistyped. What they mean is not sure."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Final

from accounts.validators import trimmed
from bulkimport.columns import CHOICES, field_hinted, field_named, folded
from bulkimport.readers.garbled import garbled_name
from bulkimport.rows import Field

_NAMES: Final = tuple((column.field, folded(name)) for column in CHOICES for name in column.names)  # as compared
_LONGEST_ALIKE: Final = 100  # characters: what is longer is a sentence
_PASSWORD_WORDS: Final = ("haslo", "password", "passwd")
# Names, as they are compared, that other columns may have as well.
_LIKELY_NAMES: Final = {
    **dict.fromkeys(("pass", "pwd", "passw", "psw"), Field.PASSWORD),
    **dict.fromkeys(
        ("mailboxsize", "mailboxlimit", "rozmiarskrzynki", "wielkoscskrzynki", "limitskrzynki", "limitmb", "sizemb"),
        Field.QUOTA,
    ),
    **dict.fromkeys(("keep", "kopiaw", "kopiawiadomosci", "kopiapoczty", "kopialokalna", "localcopy"), Field.KEEP_COPY),
}
_LIKELY_WHOLE: Final = {"kopia": Field.KEEP_COPY}
_SHORTEST_MISTYPED: Final = 5  # letters of a name that may have one typing error
_SHORTEST_MISTYPED_TWICE: Final = 9


def find_similar_field(name: str) -> Field | None:
    """Return the column that a name may mean: it begins or ends with a known one, or is mistyped; else None.

    A password may stand anywhere in it: its column would be replaced by generated ones.
    """
    if len(name) > _LONGEST_ALIKE:
        return None
    name = trimmed(name)
    whole = folded(name)
    if field := _LIKELY_WHOLE.get(whole):
        return field
    words = re.findall(r"[^\W_]+", name)
    for parts in (words, [part for word in words for part in _taken_apart(word)]):
        tokens = [token for part in parts if (token := folded(part))]
        if any(map(_is_of_passwords, tokens)):
            return Field.PASSWORD
        ends = [part for count in range(1, len(tokens) + 1) for part in (tokens[:count], tokens[-count:])]
        known = [(len(part), field) for part in ends if (field := _field_likely("".join(part)))]
        if known:
            return max(known)[1]
    for match in re.finditer(r"\s+|$", name):
        for part in (name[: match.start()], name[match.end() :]):
            if found := garbled_name(part):
                return found[0]
    tokens = [token for word in words if (token := folded(word))]
    return _mistyped(whole, _SHORTEST_MISTYPED) or next(
        (field for part in (*tokens[:1], *tokens[-1:]) if (field := _mistyped(part, _SHORTEST_MISTYPED_TWICE))), None
    )


def _field_likely(name: str) -> Field | None:
    return field_named(name) or _LIKELY_NAMES.get(name)


def _is_of_passwords(token: str) -> bool:
    """Tell whether a word is our name, alone or in one with a word for a mailbox or its user: userpassword."""
    if field_named(token) is Field.PASSWORD:
        return True
    rests = [token.removeprefix(word) for word in _PASSWORD_WORDS if token.startswith(word)]
    rests += [token.removesuffix(word) for word in _PASSWORD_WORDS if token.endswith(word)]
    return any(not rest or field_named(rest) or field_hinted(rest) for rest in rests)


def _taken_apart(word: str) -> list[str]:
    """Return the parts of a word such as UserPassword, QuotaInMB and pwd1."""
    begins = [
        index
        for index, (before, letter) in enumerate(pairwise(word), start=1)
        if letter.isdigit() != before.isdigit()
        or (letter.isupper() and (before.islower() or word[index + 1 : index + 2].islower()))
    ]
    return [word[begin:end] for begin, end in pairwise([0, *begins, len(word)])]


def _mistyped(name: str, shortest: int) -> Field | None:
    """Return the column whose name, of at least `shortest` letters, was mistyped so; None where there is none."""
    for field, plain in _NAMES:
        if len(plain) < shortest:
            continue
        allowed = 2 if len(plain) >= _SHORTEST_MISTYPED_TWICE else 1
        if abs(len(plain) - len(name)) <= allowed and _distance(plain, name) <= allowed:
            return field
    return None


def _distance(one: str, other: str) -> int:
    """Return how many letters are wrong, missing, surplus or swapped with a neighbour (optimal string alignment)."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, start=1):
        before, last, row = row, before, [i]
        for j, another in enumerate(other, start=1):
            steps = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != another))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == another:
                steps = min(steps, last[j - 2] + 1)
            row.append(steps)
    return row[-1]
