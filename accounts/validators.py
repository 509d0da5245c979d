"""The syntax of everything that a person types about a mailbox: one function for each kind of value.

A function takes the text of a cell or field and returns the value to store, or raises ValidationError with a stable
`code` and a sentence that says how to correct it. Where it is sure what was meant, the parameter `suggestion` is the
text to write instead. The row validator, the forms, the admin and the command line all call these functions, so each
rule is written once. No message quotes a password.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Final

import idna
from django.conf import settings
from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from accounts.address_faults import checked_address, refuse_more
from accounts.address_texts import holds_only_address, is_address, split_addresses, without_names
from accounts.password_hashes import is_password_hash
from accounts.quota_texts import checked_quota_mb
from accounts.refusals import get_suggestion, is_quotable, refuse, suggest

MAX_DESTINATIONS: Final = 20
MAX_PASSWORD_LENGTH: Final = 128
MAX_RECIPIENT_LIMIT: Final = 1_000_000

# Narrower than RFC 5321 on purpose: + separates a tag, / % and quotes could get into paths and queries of a mail store,
# and a leading full stop or hyphen would make a hidden folder or an option.
MAILBOX_LOCAL_PART: Final = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?")
# Invisible characters that spreadsheets and web pages leave around a value: soft hyphen, joiners, zero-width blanks,
# fillers, the byte order mark, and marks for the direction of text.
INVISIBLE: Final = (
    "\u00ad\u034f\u061c\u115f\u1160\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e"
    "\u2060\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069\u206a\u206b\u206c\u206d\u206e\u206f\u3164\ufeff\uffa0"
)
# The domains of the example row in our templates for lists; it must never become an account.
EXAMPLE_DOMAINS: Final = frozenset({"your-domain.example", "twoja-domena.example"})

YES: Final = frozenset({"tak", "t", "yes", "y", "1", "1.0", "1,0", "true", "prawda", "on", "x", "✓", "✔", "☑", "✅"})
NO: Final = frozenset({"nie", "n", "no", "0", "0.0", "0,0", "false", "fałsz", "falsz", "off"})

# A constant, because Django makes a class for each lazy plural, and a file may have 500 short passwords.
_TOO_SHORT: Final = ngettext_lazy(
    "The password needs at least %(count)s character.", "The password needs at least %(count)s characters.", "count"
)


def trimmed(text: str) -> str:
    """Return `text` without blanks, no-break spaces and invisible characters at its ends. Takes linear time."""
    start, end = 0, len(text)
    while start < end and _is_blank(text[start]):
        start += 1
    while end > start and _is_blank(text[end - 1]):
        end -= 1
    return text[start:end]


def _is_blank(character: str) -> bool:
    return character.isspace() or character in INVISIBLE


def normalize_address(text: str) -> str:
    """Return an e-mail address in lower case with its domain in IDNA ASCII (RFC 5321, RFC 5891).

    Raises ValidationError: email_missing, email_no_at, email_several, email_with_mailto, email_with_name,
    email_with_more, email_extra_sign, email_has_space, email_has_comma, email_mixed_alphabet, email_look_alike,
    email_not_ascii, email_invalid, email_invisible, example_row.
    """
    value = trimmed(text)
    if not value:
        raise refuse("email_missing", _("The e-mail address is missing. Write one, such as jan@przyklad.pl."))
    visible = "".join(character for character in value if character not in INVISIBLE)
    address = checked_address(visible)  # other faults come first: their suggestion has no invisible characters either
    if visible != value and not holds_only_address(visible):
        raise refuse_more()
    if visible != value:
        message = _("“%(value)s” has a character that cannot be seen in it (%(character)s). Type it again by hand.")
        hidden = next(character for character in value if character in INVISIBLE)
        code_point = f"U+{ord(hidden):04X}"
        raise refuse("email_invisible", message, value=visible, character=code_point, suggestion=visible.lower())
    if address.partition("@")[2] in EXAMPLE_DOMAINS:
        raise refuse(
            "example_row", _("This is the example row of the template. Delete it, or write your own account in it.")
        )
    return address


def normalize_mailbox_address(text: str) -> str:
    """Return the address of a mailbox: as `normalize_address`, but only with a local part that is safe in a mail store.

    Raises ValidationError: as `normalize_address`, and email_unsafe_name.
    """
    try:
        address = normalize_address(text)
    except ValidationError as error:
        if not MAILBOX_LOCAL_PART.fullmatch(get_suggestion(error).partition("@")[0]):
            suggest(error, "")  # the suggestion would be refused too
        raise
    local_part = address.partition("@")[0]
    if not MAILBOX_LOCAL_PART.fullmatch(local_part):
        raise _unsafe_name(local_part)
    return address


def _unsafe_name(local_part: str) -> ValidationError:
    """Return the error for a local part that is not safe in a mail store. It may hold a password, as in haslo1/jan."""
    if not is_quotable(local_part):
        message = _(
            "The part before the @ cannot be the name of a mailbox. Use letters, digits, full stops, hyphens and "
            "underscores; begin and end with a letter or digit."
        )
        return refuse("email_unsafe_name", message)
    message = _(
        "“%(value)s” cannot be the name of a mailbox. Use letters, digits, full stops, hyphens and "
        "underscores; begin and end with a letter or digit."
    )
    return refuse("email_unsafe_name", message, value=local_part)


def normalize_domain(text: str) -> str:
    """Return a domain name in lower-case IDNA ASCII. Raises ValidationError: domain_invalid, domain_mixed_alphabet."""
    value = trimmed(text)
    try:
        return normalize_address(f"postmaster@{value}").partition("@")[2]
    except ValidationError as error:
        if error.code == "email_mixed_alphabet":
            message = _(
                "“%(value)s” has a letter of another alphabet among its letters: “%(letter)s” (%(alphabet)s). "
                "Retype it."
            )
            params = {"value": value, "suggestion": get_suggestion(error).partition("@")[2]}
            raise refuse("domain_mixed_alphabet", message, **{**(error.params or {}), **params}) from None
        raise refuse(
            "domain_invalid", _("“%(value)s” is not a domain name. Write one, such as przyklad.pl."), value=value
        ) from None


def to_unicode(name: str) -> str:
    """Return a stored domain or address as people write it, its domain in Unicode (RFC 5891)."""
    local_part, at, domain = name.rpartition("@")
    return local_part + at + _domain_to_unicode(domain)


def as_stored(text: str) -> str:
    """Return a text to search for as it would be stored: in lower case, its domain in IDNA ASCII if it is whole."""
    local_part, at, domain = trimmed(text).lower().rpartition("@")
    if domain.isascii():
        return local_part + at + domain
    try:
        return local_part + at + idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError:  # not a whole name, but a part of one
        return local_part + at + domain


def parse_quota_mb(text: str) -> int:
    """Return a quota in MB: a whole number from 1 to 10,000,000.

    `500.0`, `500,0` and `1 000` are read as people mean them, and `500 MB`, `1,5 GB`, `4G` and `2 TiB` as they say.
    Raises ValidationError: quota_unlimited, quota_not_number, quota_ambiguous, quota_too_small, quota_too_large.
    """
    return checked_quota_mb(trimmed(text))


def parse_recipient_limit(text: str) -> int | None:
    """Return to how many recipients a mailbox may send in some time: a whole number, 0 for no limit, None if empty.

    Raises ValidationError: limit_not_number.
    """
    digits = "".join(text.split())
    if not digits:
        return None
    if not (digits.isascii() and digits.isdecimal()) or int(digits) > MAX_RECIPIENT_LIMIT:
        message = _("“%(value)s” is not a number of recipients. Write one up to %(limit)s, such as 500.")
        raise refuse("limit_not_number", message, value=trimmed(text), limit=str(MAX_RECIPIENT_LIMIT))
    return int(digits)


def normalize_password(text: str) -> str:
    """Return a password as it is stored and compared (RFC 8265, 4.2): in NFC, every kind of blank as U+0020, trimmed.

    Otherwise nobody could type it in a mail program: a letter may be stored apart from its accent, a blank may be a
    no-break space.
    """
    plain = "".join(" " if unicodedata.category(letter) == "Zs" else letter for letter in trimmed(text))
    return unicodedata.normalize("NFC", plain)


def clean_password(text: str) -> str:
    """Return a chosen password, normalized by `normalize_password`.

    The minimum is that of the help page: 6 characters (a setting), with a letter and a digit.
    Raises ValidationError: password_is_hash, password_is_address, or one or more of password_too_short,
    password_too_long, password_no_letter, password_no_digit, password_control_character; never with the password in
    its message.
    """
    password = normalize_password(text)
    if is_password_hash(password):
        message = _("This is the hash of a password, as programs store it, and no password. Write a new password.")
        raise refuse("password_is_hash", message)
    words = list(split_addresses(without_names(password)))  # empty where all of the text is in brackets
    if words and all(map(is_address, words)):
        message = _(
            "An e-mail address stands where the password should be. See whether the columns are the right ones, or "
            "choose a password."
        )
        raise refuse("password_is_address", message)
    if problems := list(_password_problems(password)):
        raise ValidationError(problems)
    return password


def _password_problems(password: str) -> Iterator[ValidationError]:
    if len(password) < settings.PASSWORD_MIN_LENGTH:
        yield refuse("password_too_short", _TOO_SHORT, count=settings.PASSWORD_MIN_LENGTH)
    if len(password) > MAX_PASSWORD_LENGTH:
        message = _("The password is longer than %(count)s characters. Choose a shorter one.")
        yield refuse("password_too_long", message, count=MAX_PASSWORD_LENGTH)
    if not any(character.isalpha() for character in password):
        yield refuse("password_no_letter", _("The password has no letter. Add one."))
    if not any(character.isdecimal() for character in password):
        yield refuse("password_no_digit", _("The password has no digit. Add one."))
    if any(unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") or letter in INVISIBLE for letter in password):
        message = _("The password has a line break or another character that cannot be typed. Remove it.")
        yield refuse("password_control_character", message)


def is_common_password(password: str) -> bool:
    """Tell whether a password is among the 20,000 that attackers try first (Django's list)."""
    try:
        _common_passwords().validate(password)
    except ValidationError:
        return True
    return False


def parse_destinations(text: str) -> tuple[str, ...]:
    """Return the addresses that mail is forwarded to, each once, in their order.

    They are separated by blanks, commas, semicolons or line breaks in `text`.
    Raises ValidationError with one entry per faulty address, codes as `normalize_address` with `forward_` for
    `email_`, and forward_too_many, forward_is_example, forward_leading_hyphen. A suggestion is the whole list, with all
    addresses corrected.
    """
    value = trimmed(text)
    plain = without_names(value)
    parts = list(dict.fromkeys(split_addresses(plain)))
    if len(parts) > MAX_DESTINATIONS:  # first: a cell may hold a whole text, with a fault in each word
        message = _("A forward can have at most %(count)s addresses. Remove some.")
        raise refuse("forward_too_many", message, count=MAX_DESTINATIONS)
    addresses: dict[str, None] = {}
    corrected: dict[str, None] = {}  # has an empty text where no correction is sure
    problems: list[ValidationError] = []
    for number, part in enumerate(parts, start=1):
        try:
            address = normalize_address(part)
            if address.startswith("-"):
                message = _("“%(value)s” begins with a hyphen, which a mail server may take for an option. Correct it.")
                raise refuse("email_leading_hyphen", message, value=address)
            addresses[address] = None
            corrected[part.lower()] = None
        except ValidationError as error:
            corrected[get_suggestion(error)] = None
            problems.append(_destination_error(error, part, number, is_alone=len(parts) == 1 and part == value))
    if plain != value:
        message = _("Write only the addresses that mail is passed on to, without names and brackets.")
        problems = [refuse("forward_with_name", message)]
    for problem in problems:
        suggest(problem, "" if "" in corrected else " ".join(corrected))
    if problems:
        raise ValidationError(problems)
    return tuple(addresses)


def _destination_error(error: ValidationError, part: str, number: int, *, is_alone: bool) -> ValidationError:
    """Return the error for one address of a forward, quoted only if it is not a value of another column."""
    code = str(error.code).replace("email_", "forward_")
    if code == "example_row":
        message = _("“%(value)s” is the example of the template. Write another address, or none.")
        return refuse("forward_is_example", message, value=part)
    if code == "forward_several":
        return refuse(code, _("Addresses run into each other. Put a space or a comma between one and the next."))
    if get_suggestion(error) or ("@" in part and (is_alone or is_quotable(part))):
        return refuse(code, error.message, **(error.params or {}))
    message = _("Address %(number)s of this forward is not an e-mail address. Correct it, or remove it.")
    return refuse(code, message, number=number)


def parse_keep_copy(text: str) -> bool:
    """Return whether a copy stays: Tak/Nie, T/N, yes/no, 1/0, true/false, PRAWDA/FAŁSZ, on/off, or a sign, in any case.

    An empty text means no. Raises ValidationError: keep_copy_unknown.
    """
    value = trimmed(text)
    word = value.casefold().rstrip("\ufe0e\ufe0f")  # variation selectors, which only change how a sign is drawn
    if word in YES:
        return True
    if word in NO or not word:
        return False
    if any(part not in YES | NO for part in re.findall(r"\w+", word)):  # it may be the end of a password
        raise refuse("keep_copy_unknown", _("This is neither Yes nor No. Write one of them."))
    raise refuse("keep_copy_unknown", _("“%(value)s” is neither Yes nor No. Write one of them."), value=value)


@lru_cache(maxsize=1024)
def _domain_to_unicode(domain: str) -> str:
    try:
        return idna.decode(domain)
    except idna.IDNAError:
        return domain


@cache
def _common_passwords() -> CommonPasswordValidator:
    return CommonPasswordValidator()
