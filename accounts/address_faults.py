"""Why a text is not an e-mail address: one rule for each kind of fault.

Where it is sure which address was meant, the error suggests it. No sentence quotes a text beside an address: where the
cells of a row were separated wrongly, it may be a password.
"""

import re
import unicodedata
from collections.abc import Callable
from itertools import islice
from typing import Final

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.address_texts import (
    ENDING,
    MAX_ADDRESSES,
    MAX_EXAMINED,
    SIGNS,
    SLIPPED_BLANK,
    find_addresses,
    holds_only_address,
    read_address,
)
from accounts.alphabets import foreign_letter, in_ascii, in_latin
from accounts.refusals import MAX_QUOTED_LENGTH, get_suggestion, refuse

_MAILTO: Final = re.compile(r"<?\s*mailto:\s*([^\s?<>,;:|]+)(?:\?.*|\s*>)?", re.IGNORECASE | re.DOTALL)
# An address in a text, with the whole of its domain.
_WHOLE: Final = re.compile(r"[\w.+'-]+@(?:[^\W_](?:[\w-]*[^\W_])?\.)+[^\W\d_]{2,}(?!\.?[^\W_])")
# Jan <jan@x.pl>, Jan [mailto:jan@x.pl], jan@x.pl (Jan)
_NAMED: Final = (
    re.compile(r"[^<>;|\t]*<\s*(?:mailto:)?\s*([^<>\s,;:]+@[^<>\s,;:]+)\s*>[\s.,;]*", re.IGNORECASE),
    re.compile(r"[^\[\];|\t]*\[\s*(?:mailto:)?\s*([^\[\]\s,;:]+@[^\[\]\s,;:]+)\s*\][\s.,;]*", re.IGNORECASE),
    re.compile(r"([^\s()<>,;:|]+@[^\s()<>,;:|]+)\s*\([^()]*\)[\s.,;]*"),
    re.compile(r"\([^()]*\)\s*([^\s()<>,;:|]+@[^\s()<>,;:|]+)"),
)
_NAME: Final = re.compile(r"(?:[^\W\d_]+[.'-]?)+")  # a part of a person's name; without digits, so not a password
_COMMA_BEFORE_ENDING: Final = re.compile(rf"[^\s,;|@<>]+@[^\s,;|@<>]+,{ENDING}", re.IGNORECASE)


def checked_address(value: str) -> str:
    """Return the address in lower case with its domain in IDNA ASCII. value: without invisible characters.

    Raises ValidationError, as `accounts.validators.normalize_address`.
    """
    parts = read_address(value)
    if not parts or value.startswith("'"):  # an apostrophe is valid, but here it comes from a spreadsheet
        raise next(error for error in (rule(value) for rule in _RULES) if error)
    if error := _alphabets(f"{parts.local_part}@{parts.domain}"):
        raise _unquotable(value) or error
    return f"{parts.local_part}@{parts.ascii_domain}".lower()


def _suggest(candidate: str) -> str:
    """Return the candidate if it is an address, else the suggestion of its error, empty where there is none."""
    try:
        checked_address(candidate)
    except ValidationError as error:
        return get_suggestion(error)
    return candidate.lower()


def _look_alike(value: str) -> ValidationError | None:
    """Refuse a variant of an ASCII sign, such as the non-breaking hyphen or the full-width @ (Unicode Annex 15)."""
    plain = in_ascii(value)
    if plain == value or len(value) > MAX_EXAMINED or not holds_only_address(value) or not (meant := _suggest(plain)):
        return None
    sign = next(character for character in value if in_ascii(character) != character)
    message = _("“%(value)s” has a sign that only looks like another: “%(sign)s” (%(character)s). Write %(plain)s.")
    params = {"sign": sign, "character": f"U+{ord(sign):04X}", "plain": meant[:MAX_QUOTED_LENGTH]}
    return refuse("email_look_alike", message, value=value, suggestion=meant, **params)


def _no_at(value: str) -> ValidationError | None:
    if "@" in value:
        return None
    if re.search(r"[,;|\t\r\n\d]", value):  # a password has a digit
        message = _("The e-mail address has no @. Write the whole address, such as jan@przyklad.pl.")
        return refuse("email_no_at", message)
    message = _("“%(value)s” has no @. Write the whole address, such as jan@przyklad.pl.")
    return refuse("email_no_at", message, value=value)


def _long(value: str) -> ValidationError | None:
    return refuse_more() if len(value) > MAX_EXAMINED else None


def _comma_for_stop(value: str) -> ValidationError | None:
    meant = _suggest(value.replace(",", ".")) if _COMMA_BEFORE_ENDING.fullmatch(value) else ""
    return _comma(value) if meant and holds_only_address(value) else None


def _several(value: str) -> ValidationError | None:
    if len(find_addresses(value)) < 2:
        return None
    return refuse("email_several", _("There are several e-mail addresses here. Leave only one."))


def _mailto(value: str) -> ValidationError | None:
    match = _MAILTO.fullmatch(value.strip(SIGNS))
    if not match or not holds_only_address(match[1]):
        return None
    message = _("“%(value)s” has “mailto:” before it. Leave only the address.")
    return refuse("email_with_mailto", message, value=match[1], suggestion=_suggest(match[1]))


def _named(value: str) -> ValidationError | None:
    match = next(filter(None, (pattern.fullmatch(value) for pattern in _NAMED)), None)
    if not match or not holds_only_address(match[1]):
        return None
    message = _("“%(value)s” has a name or brackets beside it. Leave only the address.")
    return refuse("email_with_name", message, value=match[1], suggestion=_suggest(match[1]))


def _more(value: str) -> ValidationError | None:
    """Refuse an address with something beside it that may belong to another column."""
    core = value.strip(SIGNS)
    words = [word.strip(SIGNS) for word in re.split(r"[\s,;|]+", core)]
    only_a_name_before = read_address(words[-1]) and all(_NAME.fullmatch(word) for word in words[:-1] if word)
    if len(words) > 1 and find_addresses(core) and not only_a_name_before:
        return refuse_more()
    if re.search(r"[;|\t]|,.*[0-9]", core, re.DOTALL):  # a password has a digit
        return refuse_more()
    return None


def _joined(value: str) -> ValidationError | None:
    """Refuse an address that is joined to another text, as in jan@x.pl:haslo1; not by a blank, comma or full stop."""
    text = unicodedata.normalize("NFC", value)
    for match in islice(_WHOLE.finditer(text), MAX_ADDRESSES):
        text_before, text_after = text[: match.start()].rstrip(), text[match.end() :].lstrip()
        is_joined_after = re.match(r"[^\s,.@]", text_after) and re.search(r"[^\W_]", text_after)
        is_joined_before = re.search(r"[^\W_][^\w\s,.'@]+$", text_before)
        if (is_joined_before or is_joined_after) and read_address(match[0]):
            return refuse_more()
    return None


def _unquotable(value: str) -> ValidationError | None:
    """Refuse a text that may hold the value of another column. The rules after this one may quote the text."""
    if holds_only_address(value):
        return None
    if re.search(r"\s", value):
        return refuse_more()
    return refuse("email_invalid", _("This is not an e-mail address. Write one, such as jan@przyklad.pl."))


def refuse_more() -> ValidationError:
    """Return the error for a text that holds more than an address."""
    message = _(
        "There is more than an e-mail address here. Leave only the address; other values have their own places."
    )
    return refuse("email_with_more", message)


def _signs(value: str) -> ValidationError | None:
    plain = value.strip(SIGNS)
    if not read_address(plain) or not plain[0].isalnum():
        return None
    message = _("“%(value)s” begins or ends with a sign that does not belong to the address. Write %(plain)s.")
    return refuse(
        "email_extra_sign", message, value=value, plain=plain[:MAX_QUOTED_LENGTH].lower(), suggestion=_suggest(plain)
    )


def _space(value: str) -> ValidationError | None:
    if not re.search(r"\s", value):
        return None
    local_part, _at, domain = SLIPPED_BLANK.sub("", value).rpartition("@")
    is_apart = not find_addresses(value) or not re.search(r"\s", domain)
    if not re.search(r"\s", local_part) and is_apart and (meant := _suggest("".join(value.split()))):
        return refuse(
            "email_has_space", _("“%(value)s” has a space in it. Remove the space."), value=value, suggestion=meant
        )
    if any(any(letter.isdecimal() for letter in word) for word in value.split() if "@" not in word):
        return refuse_more()
    message = _("“%(value)s” has a space in it. Leave only the address, without spaces.")
    return refuse("email_has_space", message, value=value)


def _comma(value: str) -> ValidationError | None:
    if "," not in value:
        return None
    if "," in value.rpartition("@")[0]:
        message = _("“%(value)s” has a comma before the @. Write the address without it.")
        return refuse("email_has_comma", message, value=value)
    message = _("“%(value)s” has a comma in it. Write a full stop instead.")
    return refuse("email_has_comma", message, value=value, suggestion=_suggest(value.replace(",", ".")))


def _alphabets(value: str) -> ValidationError | None:
    """Refuse a letter that only looks like one of its neighbours."""
    if value.isascii() or not (foreign := foreign_letter(value)):
        return None
    letter, alphabet = foreign
    message = _(
        "“%(value)s” has a letter of another alphabet among its letters: “%(letter)s” (%(alphabet)s). Retype it."
    )
    meant = _suggest(in_latin(value)) if in_latin(value) != value else ""
    return refuse("email_mixed_alphabet", message, value=value, letter=letter, alphabet=alphabet, suggestion=meant)


def _accents(value: str) -> ValidationError | None:
    local_part, _at, domain = unicodedata.normalize("NFC", value).rpartition("@")
    if local_part.isascii():
        return None
    plain = _without_accents(local_part)
    if len(plain) < len(local_part):  # such as Cyrillic ones: without them it would be another name
        message = _("“%(value)s” has letters before the @ that mail cannot carry. Use letters from a to z.")
        return refuse("email_not_ascii", message, value=value)
    message = _("“%(value)s” has letters before the @ that mail cannot carry. Write it without accents: %(plain)s.")
    address = f"{plain}@{domain}"
    return refuse(
        "email_not_ascii", message, value=value, plain=address[:MAX_QUOTED_LENGTH], suggestion=_suggest(address)
    )


def _invalid(value: str) -> ValidationError:
    message = _("“%(value)s” is not an e-mail address. Write one, such as jan@przyklad.pl.")
    return refuse("email_invalid", message, value=value)


def _without_accents(text: str) -> str:
    """Return `text` in ASCII. Unicode decomposes every Polish letter but ł and Ł, so these are replaced first."""
    plain = text.replace("ł", "l").replace("Ł", "L")
    return unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode("ascii").lower()


# The first rule that gives an error decides: other texts beside the address come before faults of the address itself.
_RULES: Final[tuple[Callable[[str], ValidationError | None], ...]] = (
    _look_alike,
    _no_at,
    _long,
    _comma_for_stop,
    _several,
    _mailto,
    _named,
    _more,
    _joined,
    _unquotable,
    _signs,
    _space,
    _comma,
    _alphabets,
    _accents,
    _invalid,
)
