"""Names of columns that resemble ours: they begin or end with one, or are mistyped. What they mean is uncertain."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Final

from accounts.validators import trimmed
from bulkimport.columns import CHOICES, find_field, find_field_by_alias, folded
from bulkimport.readers.garbled import garbled_name
from bulkimport.rows import Field

_NAMES: Final = tuple(
    (column.field, folded(name)) for column in CHOICES for name in column.names
)  # folded, as names are compared
_LONGEST_ALIKE: Final = 100  # characters: what is longer is a sentence
_PASSWORD_WORDS: Final = ("haslo", "password", "passwd")
# Folded names that other columns may have as well.
_LIKELY_NAMES: Final = {
    **dict.fromkeys(("pass", "pwd", "passw", "psw"), Field.PASSWORD),
    **dict.fromkeys(
        ("mailboxsize", "mailboxlimit", "rozmiarskrzynki", "wielkoscskrzynki", "limitskrzynki", "limitmb", "sizemb"),
        Field.QUOTA,
    ),
    **dict.fromkeys(("keep", "kopiaw", "kopiawiadomosci", "kopiapoczty", "kopialokalna", "localcopy"), Field.KEEP_COPY),
}
# These count only as a whole name, not as its beginning or end.
_LIKELY_WHOLE: Final = {"kopia": Field.KEEP_COPY}
_SHORTEST_MISTYPED: Final = 5  # letters of a name that may have one typing error
_SHORTEST_MISTYPED_TWICE: Final = 9


def find_similar_field(name: str) -> Field | None:
    """Return the field that a name may mean, because it begins or ends with a known name or is mistyped; else None.

    Words for a password count anywhere in the name: were such a column ignored, generated passwords would replace it.
    """
    if len(name) > _LONGEST_ALIKE:
        return None
    name = trimmed(name)
    whole = folded(name)
    if field := _LIKELY_WHOLE.get(whole):
        return field
    words = re.findall(r"[^\W_]+", name)
    for parts in (words, [part for word in words for part in _split_word(word)]):
        tokens = [token for part in parts if (token := folded(part))]
        if any(map(_means_password, tokens)):
            return Field.PASSWORD
        ends = [part for count in range(1, len(tokens) + 1) for part in (tokens[:count], tokens[-count:])]
        known = [(len(part), field) for part in ends if (field := _find_likely_field("".join(part)))]
        if known:
            return max(known)[1]
    for match in re.finditer(r"\s+|$", name):
        for part in (name[: match.start()], name[match.end() :]):
            if garbled := garbled_name(part):
                return garbled[0]
    tokens = [token for word in words if (token := folded(word))]
    return _find_mistyped(whole, _SHORTEST_MISTYPED) or next(
        (field for part in (*tokens[:1], *tokens[-1:]) if (field := _find_mistyped(part, _SHORTEST_MISTYPED_TWICE))),
        None,
    )


def _find_likely_field(name: str) -> Field | None:
    """Return the field of a known name, or of one that other columns may have as well."""
    return find_field(name) or _LIKELY_NAMES.get(name)


def _means_password(token: str) -> bool:
    """Tell whether a word means a password, alone or joined to a word for a mailbox or its user: userpassword."""
    if find_field(token) is Field.PASSWORD:
        return True
    rests = [token.removeprefix(word) for word in _PASSWORD_WORDS if token.startswith(word)]
    rests += [token.removesuffix(word) for word in _PASSWORD_WORDS if token.endswith(word)]
    return any(not rest or find_field(rest) or find_field_by_alias(rest) for rest in rests)


def _split_word(word: str) -> list[str]:
    """Return the parts of a joined word such as UserPassword, QuotaInMB and pwd1."""
    begins = [
        index
        for index, (previous, letter) in enumerate(pairwise(word), start=1)
        if letter.isdigit() != previous.isdigit()
        or (letter.isupper() and (previous.islower() or word[index + 1 : index + 2].islower()))
    ]
    return [word[begin:end] for begin, end in pairwise([0, *begins, len(word)])]


def _find_mistyped(name: str, shortest: int) -> Field | None:
    """Return the field whose folded name, of at least `shortest` letters, may have been mistyped as this one."""
    for field, plain in _NAMES:
        if len(plain) < shortest:
            continue
        allowed = 2 if len(plain) >= _SHORTEST_MISTYPED_TWICE else 1
        if abs(len(plain) - len(name)) <= allowed and _distance(plain, name) <= allowed:
            return field
    return None


def _distance(one: str, other: str) -> int:
    """Return how many letters are wrong, missing, surplus or swapped with a neighbour (optimal string alignment)."""
    previous: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, start=1):
        before_previous, previous, row = previous, row, [i]
        for j, another in enumerate(other, start=1):
            steps = min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (letter != another))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == another:
                steps = min(steps, before_previous[j - 2] + 1)
            row.append(steps)
    return row[-1]
