"""How people write a quota: in MB or with a unit, with a comma or a full stop, or as words for "no limit"."""

import re
from typing import Final

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.refusals import refuse

MAX_QUOTA_MB: Final = 10_000_000  # nearly 10 TB: a larger number was meant in bytes
MAX_EXAMINED: Final = 100  # characters of a text that may be one of the words
UNLIMITED: Final = frozenset(
    {"bez limitu", "brak limitu", "brak", "bez ograniczeń", "bez ograniczen", "nielimitowane", "nielimitowana"}
    | {"nielimitowany", "nieograniczone", "nieograniczona", "nieograniczony", "unlimited", "no limit", "∞", "-1"}
)
_MB_IN_UNIT: Final = {"": 1, "m": 1, "mb": 1, "mib": 1, "g": 1024, "gb": 1024, "gib": 1024} | dict.fromkeys(
    ("t", "tb", "tib"), 1024**2
)
_SMALLER_UNITS: Final = frozenset({"b", "k", "kb", "kib"})
_BLANKS: Final = r" \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"  # all blanks but line breaks (category Zs)
_QUOTA: Final = re.compile(
    rf"(-?)([0-9]{{1,3}}(?:[{_BLANKS}][0-9]{{3}})+|[0-9]+)(?:([.,])([0-9]+))?[\s{_BLANKS}]*([a-z]*)",
    re.ASCII | re.IGNORECASE,
)
_LIKE_NUMBER: Final = re.compile(r"[-+]?[0-9][0-9._ ]*")
_MAX_DIGITS: Final = 15  # of a quota in bytes that is at most MAX_QUOTA_MB


def checked_quota_mb(value: str) -> int:
    """Return a quota in MB, from 1 to MAX_QUOTA_MB. `value` has no outer blanks.

    Zero is refused: the mail server would take it as unlimited. Three decimals are refused: `1.000` and `1,000` mean a
    thousand to some people and one to others.
    Raises ValidationError, as `accounts.validators.parse_quota_mb`.
    """
    if len(value) <= MAX_EXAMINED and " ".join(value.casefold().split()) in UNLIMITED:
        message = _("“%(value)s” sets no limit, but every mailbox needs one. Write a number of MB, such as 500.")
        raise refuse("quota_unlimited", message, value=value)
    match = _QUOTA.fullmatch(value)
    if not match or match[5].lower() not in _MB_IN_UNIT:
        raise _no_quota(value)
    digits, decimals = re.sub(r"\D", "", match[2]).lstrip("0") or "0", match[4] or ""
    if match[1]:
        raise _small_quota(value)
    if len(digits) > _MAX_DIGITS:
        raise _large_quota(value)
    needed = decimals.rstrip("0")
    if len(needed) > _MAX_DIGITS:
        raise _no_quota(value)
    per_unit = _MB_IN_UNIT[match[5].lower()]
    quota_mb, rest = divmod(int(digits + needed) * per_unit, int("1" + "0" * len(needed)))
    if len(decimals) == 3 and digits != "0" and (decimals == "000" or len(match[2]) <= 3):
        raise _ambiguous_quota(value, digits, match[3] + decimals, match[5], small_is_whole=not rest)
    if rest:
        raise _no_quota(value)
    if not quota_mb:
        raise _small_quota(value)
    if quota_mb > MAX_QUOTA_MB:
        raise _large_quota(value, quota_mb if per_unit == 1 else 0)
    return quota_mb


def _no_quota(value: str) -> ValidationError:
    match = _QUOTA.fullmatch(value)
    has_unit = match and match[5].lower() in _SMALLER_UNITS | _MB_IN_UNIT.keys()
    if not has_unit and not _LIKE_NUMBER.fullmatch(value):  # it may be the end of a password
        return refuse("quota_not_number", _("The quota is not a whole number of MB. Write one, such as 500."))
    return refuse(
        "quota_not_number", _("“%(value)s” is not a whole number of MB. Write one, such as 500."), value=value
    )


def _small_quota(value: str) -> ValidationError:
    message = _("“%(value)s” is too small. Write a whole number of MB, at least 1.")
    return refuse("quota_too_small", message, value=value)


def _large_quota(value: str, number: int = 0) -> ValidationError:
    """Return the error for more than MAX_QUOTA_MB. number: the number, where it may have been meant in bytes."""
    megabytes, rest = divmod(number, 1024**2)
    if not 1 <= megabytes <= MAX_QUOTA_MB:
        message = _("“%(value)s” is larger than any mailbox can be. Write fewer MB.")
        return refuse("quota_too_large", message, value=value)
    if rest:
        message = _("“%(value)s” is more MB than any mailbox can have, and looks like bytes. Write the number of MB.")
        return refuse("quota_too_large", message, value=value)
    message = _("“%(value)s” is more MB than any mailbox can have, and looks like bytes. Write %(megabytes)s.")
    return refuse("quota_too_large", message, value=value, megabytes=megabytes, suggestion=str(megabytes))


def _ambiguous_quota(value: str, digits: str, decimals: str, unit: str, *, small_is_whole: bool) -> ValidationError:
    """Return the error for three decimals, which may be thousands. decimals: with the separator before them."""
    message = _("“%(value)s” can be read in two ways. If you mean %(large)s, write it without the separator.")
    if small_is_whole:
        message = _("“%(value)s” can be read in two ways. Write %(small)s or %(large)s.")
    small = f"{digits}{decimals.rstrip('0').rstrip('.,')} {unit}".strip()
    large = f"{digits}{decimals[1:]} {unit}".strip()
    return refuse("quota_ambiguous", message, value=value, small=small, large=large)
