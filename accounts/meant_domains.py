"""Suggests which domain was meant where an address has none, or one that the login may not use.

Only domains that the login may use are suggested, so a suggestion does not reveal which others exist.
"""

from functools import cached_property
from typing import Final

from django.core.exceptions import ValidationError

from accounts.models import DomainQuerySet
from accounts.validators import normalize_mailbox_address, to_unicode, trimmed

MAX_COMPARED: Final = 200  # domains, and unknown names: this bounds the time
MIN_LENGTH: Final = 5  # of a name that is compared: too many shorter names are alike


class MeantDomains:
    """The suggestions for one list. Reads the names of the domains once, and only when an address needs it."""

    def __init__(self, domains: DomainQuerySet) -> None:
        self._domains = domains
        self._alike: dict[str, str] = {}  # unknown name -> the similar domain, empty for none

    @cached_property
    def _names(self) -> list[str]:
        """The stored names of the domains; an empty list where there are too many to compare."""
        names = list(self._domains.values_list("name", flat=True)[: MAX_COMPARED + 1])
        return names if len(names) <= MAX_COMPARED else []

    def complete_address(self, text: str) -> str:
        """Return the address that a text without an @ was meant to be, where there is only one domain; else empty."""
        local_part = trimmed(text)
        if len(self._names) != 1 or local_part.lower().endswith(to_unicode(self._names[0])):  # only the @ is missing
            return ""
        address = f"{local_part}@{to_unicode(self._names[0])}".lower()
        try:
            normalize_mailbox_address(address)
        except ValidationError:
            return ""
        return address

    def find_similar(self, name: str) -> str:
        """Return the domain that differs from this unknown name by one slip; empty where there is none, or several."""
        if name not in self._alike and len(self._alike) < MAX_COMPARED:
            alike = [
                own for own in self._names if len(own) >= MIN_LENGTH and is_one_slip(to_unicode(own), to_unicode(name))
            ]
            self._alike[name] = alike[0] if len(alike) == 1 else ""
        return self._alike.get(name, "")


def is_one_slip(one: str, other: str) -> bool:
    """Tell whether two texts differ by one character left out, added or mistyped, or by two neighbours swapped."""
    if one == other or abs(len(one) - len(other)) > 1:
        return False
    start = next(
        (at for at, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), min(len(one), len(other))
    )
    rest, other_rest = one[start:], other[start:]
    if len(one) != len(other):
        return rest[1:] == other_rest if len(one) > len(other) else rest == other_rest[1:]
    return rest[1:] == other_rest[1:] or (rest[1::-1] == other_rest[:2] and rest[2:] == other_rest[2:])
