"""Mailbox passwords: making them, hashing them, checking them.

A stored hash is `{ARGON2ID}` and a PHC string, which Dovecot checks natively.
"""

import math
import secrets
from typing import Final

from django.conf import settings
from passlib.hash import argon2

# Lower case and digits without look-alikes (l 1 i o 0): easy to type on a phone, and without a meaning of their own in
# spreadsheets and shells.
LETTERS: Final = "abcdefghjkmnpqrstuvwxyz"
DIGITS: Final = "23456789"
GROUPS: Final = 3
GROUP_LENGTH: Final = 6
ENTROPY_BITS: Final = math.log2(len(LETTERS)) + (GROUPS * GROUP_LENGTH - 1) * math.log2(len(LETTERS + DIGITS))

SCHEME: Final = "{ARGON2ID}"

_RANDOM: Final = (
    secrets.SystemRandom()
)  # of the operating system; its `choices` is three times as fast as secrets.choice


def generate_password() -> str:
    """Return a random password such as `kq3mrv-8rnkh4-fz3hcv`: a letter first, at least one digit, about 88 bits."""
    while True:
        text = "".join(_RANDOM.choices(LETTERS) + _RANDOM.choices(LETTERS + DIGITS, k=GROUPS * GROUP_LENGTH - 1))
        if any(character in DIGITS for character in text):
            return "-".join(text[start : start + GROUP_LENGTH] for start in range(0, len(text), GROUP_LENGTH))


def hash_password(password: str, *, generated: bool = False) -> str:
    """Return the hash to store. A generated password gets a cheap one: 2^88 are too many to try at any cost each.

    Argon2 releases Python's global lock, so threads hash in parallel; call `warm_up` once before starting them.
    """
    if generated and not settings.FULL_HASH_COST_FOR_GENERATED:
        hasher = argon2.using(type="ID", memory_cost=1024, time_cost=1, parallelism=1)
    else:
        hasher = argon2.using(
            type="ID", memory_cost=settings.ARGON2_MEMORY_KIB, time_cost=settings.ARGON2_TIME_COST, parallelism=1
        )
    return SCHEME + str(hasher.hash(password))


def verify_password(password: str, password_hash: str) -> bool:
    """Tell whether `password` belongs to a stored hash."""
    return password_hash.startswith(SCHEME) and bool(argon2.verify(password, password_hash.removeprefix(SCHEME)))


def warm_up() -> None:
    """Load passlib's argon2 backend, which it does on first use and not safely from several threads at once."""
    hash_password("warm-up", generated=True)
