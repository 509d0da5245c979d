"""The syntax of everything that a person types about a mailbox: one function for each kind of value.

A function takes the text of a cell or field and returns the value to store, or raises ValidationError with a stable
`code` and a sentence that says how to mend it. The row validator, the single-account form, the admin and the command
line all call these, so a rule stands here once. No message quotes a password.
"""

import re
import unicodedata
from functools import cache, lru_cache
from typing import Final

import idna
from django.conf import settings
from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy
from email_validator import EmailNotValidError, validate_email

MAX_QUOTA_MB: Final = 2_147_483_647  # the largest value of the database column, 2 PB
MAX_DESTINATIONS: Final = 20
MAX_PASSWORD_LENGTH: Final = 128
MAX_QUOTED_LENGTH: Final = 100  # of a value in a message

# Narrower than RFC 5321 on purpose: + separates a tag, / % and quotes end up in paths and queries of a mail store, and
# a leading dot or hyphen makes a hidden folder or an option.
MAILBOX_LOCAL_PART: Final = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?")
# Characters that spreadsheets and web pages leave around a value and that nobody sees.
INVISIBLE: Final = "\u200b\u200c\u200d\u2060\ufeff\u00ad"
# A row that a template gives as its example; it must never become an account.
EXAMPLE_DOMAINS: Final = frozenset({"your-domain.example", "twoja-domena.example"})

YES: Final = frozenset({"tak", "yes", "1", "true", "prawda"})
NO: Final = frozenset({"nie", "no", "0", "false", "fałsz", "falsz"})

# Made once: each lazy plural is a class of its own, and there may be 500 short passwords in a file.
_TOO_SHORT: Final = ngettext_lazy(
    "The password needs at least %(count)s character.", "The password needs at least %(count)s characters.", "count"
)


def trimmed(text: str) -> str:
    """Return `text` without outer blanks, no-break spaces and invisible characters; in one look from either end."""
    start, end = 0, len(text)
    while start < end and _is_blank(text[start]):
        start += 1
    while end > start and _is_blank(text[end - 1]):
        end -= 1
    return text[start:end]


def _is_blank(character: str) -> bool:
    return character.isspace() or character in INVISIBLE


def _refuse(code: str, message: object, **params: object) -> ValidationError:
    """Return the error to raise. A long value is quoted with its beginning only: a cell may hold a whole text."""
    value = params.get("value")
    if isinstance(value, str) and len(value) > MAX_QUOTED_LENGTH:
        params["value"] = value[: MAX_QUOTED_LENGTH - 1] + "…"
    return ValidationError(message, code=code, params=params)  # type: ignore[arg-type]  # lazy text is accepted


def normalize_address(text: str) -> str:
    """Return an e-mail address in lower case with its domain in IDNA ASCII (RFC 5321, RFC 5891).

    Raises ValidationError: email_missing, email_has_space, email_no_at, email_has_comma, email_not_ascii,
    email_invalid, example_row.
    """
    value = trimmed(text)
    if not value:
        raise _refuse("email_missing", _("The e-mail address is missing. Write one, such as jan@przyklad.pl."))
    if re.search(r"\s", value):
        raise _refuse("email_has_space", _("“%(value)s” has a space in it. Remove the space."), value=value)
    if "@" not in value:
        raise _refuse(
            "email_no_at", _("“%(value)s” has no @. Write the whole address, such as jan@przyklad.pl."), value=value
        )
    if "," in value:
        raise _refuse("email_has_comma", _("“%(value)s” has a comma in it. Write a full stop instead."), value=value)
    local_part = value.rpartition("@")[0]
    if not local_part.isascii():
        plain = _without_accents(local_part)
        if len(plain) < len(local_part):  # Cyrillic, an invisible character: what is left would be another name
            message = _("“%(value)s” has letters before the @ that mail cannot carry. Use letters from a to z.")
            raise _refuse("email_not_ascii", message, value=value)
        message = _("“%(value)s” has letters before the @ that mail cannot carry. Write it without accents: %(plain)s.")
        raise _refuse(
            "email_not_ascii", message, value=value, plain=f"{plain}@{value.rpartition('@')[2]}"[:MAX_QUOTED_LENGTH]
        )
    try:
        found = validate_email(value, check_deliverability=False, allow_smtputf8=False, strict=True)
    except EmailNotValidError:
        raise _refuse(
            "email_invalid", _("“%(value)s” is not an e-mail address. Write one, such as jan@przyklad.pl."), value=value
        ) from None
    if found.ascii_domain.lower() in EXAMPLE_DOMAINS:
        raise _refuse(
            "example_row", _("This is the example row of the template. Delete it, or write your own account in it.")
        )
    return f"{found.local_part}@{found.ascii_domain}".lower()


def normalize_mailbox_address(text: str) -> str:
    """Return the address of a mailbox: as `normalize_address`, with a local part that a mail store holds safely.

    Raises ValidationError: as `normalize_address`, and email_unsafe_name.
    """
    address = normalize_address(text)
    local_part = address.partition("@")[0]
    if not MAILBOX_LOCAL_PART.fullmatch(local_part):
        raise _refuse(
            "email_unsafe_name",
            _(
                "“%(value)s” cannot be the name of a mailbox. Use letters, digits, full stops, hyphens and "
                "underscores; begin and end with a letter or digit."
            ),
            value=local_part,
        )
    return address


def normalize_domain(text: str) -> str:
    """Return a domain name in lower-case IDNA ASCII. Raises ValidationError: domain_invalid."""
    value = trimmed(text)
    try:
        return normalize_address(f"postmaster@{value}").partition("@")[2]
    except ValidationError:
        raise _refuse(
            "domain_invalid", _("“%(value)s” is not a domain name. Write one, such as przyklad.pl."), value=value
        ) from None


def to_unicode(name: str) -> str:
    """Return a stored domain or address as people write it, its domain in Unicode (RFC 5891)."""
    local_part, at, domain = name.rpartition("@")
    return local_part + at + _domain_to_unicode(domain)


def as_stored(text: str) -> str:
    """Return a text to look for as it would be stored: in lower case, and a domain in IDNA ASCII where it is one."""
    local_part, at, domain = trimmed(text).lower().rpartition("@")
    if domain.isascii():
        return local_part + at + domain
    try:
        return local_part + at + idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError:  # not a whole name, so only a part of one
        return local_part + at + domain


def parse_quota_mb(text: str) -> int:
    """Return a quota in MB: a whole number of at least 1. `500.0`, `500,0` and `1 000` are read as people mean them.

    Zero is refused: the mail server would take it as unlimited. Three decimals are refused: `1.000` and `1,000` are a
    thousand to some and one to others, and `1.024` is a whole number to some only.
    Raises ValidationError: quota_not_number, quota_ambiguous, quota_too_small, quota_too_large.
    """
    value = trimmed(text)
    if with_unit := re.fullmatch(r"([0-9]{1,9})\s*(MB|GB|TB)", value, re.ASCII | re.IGNORECASE):
        megabytes = int(with_unit[1]) * {"MB": 1, "GB": 1024, "TB": 1024**2}[with_unit[2].upper()]
        message = _("“%(value)s” is not a plain number of MB. Write %(megabytes)s.")
        raise _refuse("quota_not_number", message, value=value, megabytes=megabytes)
    number = re.fullmatch(r"(-?)([0-9]{1,3}(?:[ \u00a0\u202f][0-9]{3})+|[0-9]+)(?:[.,](0+|[0-9]{3}))?", value, re.ASCII)
    if not number or ((number[3] or "").strip("0") and len(number[2]) > 3):  # 1.024 may mean 1024, but 1024.512 nothing
        raise _refuse(
            "quota_not_number", _("“%(value)s” is not a whole number of MB. Write one, such as 500."), value=value
        )
    digits = re.sub(r"\D", "", number[2]).lstrip("0") or "0"
    if number[1] or digits == "0":
        raise _refuse(
            "quota_too_small", _("“%(value)s” is too small. Write a whole number of MB, at least 1."), value=value
        )
    if len(digits) > len(str(MAX_QUOTA_MB)) or int(digits) > MAX_QUOTA_MB:
        raise _refuse(
            "quota_too_large", _("“%(value)s” is larger than any mailbox can be. Write fewer MB."), value=value
        )
    if len(number[3] or "") == 3:
        message = _("“%(value)s” can be read in two ways. Write %(small)s or %(large)s.")
        if number[3] != "000":
            message = _("“%(value)s” can be read in two ways. If you mean %(large)s, write it without the separator.")
        raise _refuse("quota_ambiguous", message, value=value, small=digits, large=digits + number[3])
    return int(digits)


def clean_password(text: str) -> str:
    """Return a chosen password exactly as it stands, outer blanks aside.

    The floor is the help page's: at least 6 characters (a setting) with letters and digits.
    Raises ValidationError: password_too_short, password_too_long, password_no_letter, password_no_digit,
    password_control_character; never with the password in its message.
    """
    password = trimmed(text)
    problems = []
    if len(password) < settings.PASSWORD_MIN_LENGTH:
        problems.append(_refuse("password_too_short", _TOO_SHORT, count=settings.PASSWORD_MIN_LENGTH))
    if len(password) > MAX_PASSWORD_LENGTH:
        message = _("The password is longer than %(count)s characters. Choose a shorter one.")
        problems.append(_refuse("password_too_long", message, count=MAX_PASSWORD_LENGTH))
    if not any(character.isalpha() for character in password):
        problems.append(_refuse("password_no_letter", _("The password has no letter. Add one.")))
    if not any(character.isdecimal() for character in password):
        problems.append(_refuse("password_no_digit", _("The password has no digit. Add one.")))
    if any(unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") or letter in INVISIBLE for letter in password):
        message = _("The password has a line break or another character that cannot be typed. Remove it.")
        problems.append(_refuse("password_control_character", message))
    if problems:
        raise ValidationError(problems)
    return password


def is_common_password(password: str) -> bool:
    """Tell whether a password is among the 20,000 that attackers try first (Django's list)."""
    try:
        _common_passwords().validate(password)
    except ValidationError:
        return True
    return False


def parse_destinations(text: str) -> tuple[str, ...]:
    """Return the addresses that mail is passed on to, separated by blanks in `text`; each once, in their order.

    Raises ValidationError with one entry per faulty address, codes as `normalize_address` with `forward_` for
    `email_`, and forward_separator, forward_too_many, forward_is_example.
    """
    value = trimmed(text).rstrip(" ,;")
    if re.search(r"@[^@\s,;]+\s*[,;]\s*[^@\s,;]+@", value):
        message = _("Several addresses are separated by spaces, not by commas or semicolons. Put spaces between them.")
        raise _refuse("forward_separator", message)
    parts = dict.fromkeys(value.split())
    if len(parts) > MAX_DESTINATIONS:  # before they are read: a cell may hold a whole text, with a fault in every word
        message = _("A forward can have at most %(count)s addresses. Remove some.")
        raise _refuse("forward_too_many", message, count=MAX_DESTINATIONS)
    addresses: dict[str, None] = {}
    problems = []
    for part in parts:
        try:
            addresses[normalize_address(part)] = None
        except ValidationError as error:
            if error.code == "example_row":
                message = _("“%(value)s” is the example of the template. Write another address, or none.")
                error = _refuse("forward_is_example", message, value=part)
            error.code = str(error.code).replace("email_", "forward_")
            problems.append(error)
    if problems:
        raise ValidationError(problems)
    return tuple(addresses)


def parse_keep_copy(text: str) -> bool:
    """Return whether a copy stays: Tak/Nie, yes/no, 1/0, true/false, PRAWDA/FAŁSZ in any case; empty means no.

    Raises ValidationError: keep_copy_unknown.
    """
    value = trimmed(text)
    word = value.casefold()
    if word in YES:
        return True
    if word in NO or not word:
        return False
    raise _refuse("keep_copy_unknown", _("“%(value)s” is neither Yes nor No. Write one of them."), value=value)


@lru_cache(maxsize=1024)
def _domain_to_unicode(domain: str) -> str:
    try:
        return idna.decode(domain)
    except idna.IDNAError:
        return domain


@cache
def _common_passwords() -> CommonPasswordValidator:
    return CommonPasswordValidator()


def _without_accents(text: str) -> str:
    """Return `text` in ASCII: ł and Ł have no decomposition in Unicode, every other Polish letter has one."""
    plain = text.replace("ł", "l").replace("Ł", "L")
    return unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode("ascii").lower()
