"""Why a text is no e-mail address: one rule for each kind of fault, with the address that was meant where it is sure.

No sentence quotes what stands beside an address: in a row that was separated in another way, it may be a password.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from email_validator import EmailNotValidError, ValidatedEmail, validate_email

from accounts.alphabets import foreign_letter, in_ascii, in_latin
from accounts.refusals import MAX_QUOTED_LENGTH, get_suggestion, is_quotable, refuse

MAX_EXAMINED: Final = 1000  # characters; an address has at most 254
_MAX_ADDRESSES: Final = 50
# What people and programs leave around an address, and what no address of ours begins or ends with.
_SIGNS: Final = ".,;:'\"`„“”‚‘’«»<>()[]{}*• \t\r\n\u00a0\u202f"
_ADDRESS: Final = re.compile(r"[^\s<>()\[\]\"“”„,;:|@]+@[^\s<>()\[\]\"“”„,;:|@]+")
_MAILTO: Final = re.compile(r"<?\s*mailto:\s*([^\s?<>,;:|]+)(?:\?.*|\s*>)?", re.IGNORECASE | re.DOTALL)
# An address in a text, with the whole of its domain.
_WHOLE: Final = re.compile(r"[\w.+'-]+@(?:[^\W_](?:[\w-]*[^\W_])?\.)+[^\W\d_]{2,}(?!\.?[^\W_])")
# All real ones: another letter or sign behind one belongs to something else.
_TOP_LEVEL: Final = re.compile(r"[a-z]+|xn--[a-z0-9-]+", re.IGNORECASE)
# Jan <jan@x.pl>, Jan [mailto:jan@x.pl], jan@x.pl (Jan)
_NAMED: Final = (
    re.compile(r"[^<>;|\t]*<\s*(?:mailto:)?\s*([^<>\s,;:]+@[^<>\s,;:]+)\s*>[\s.,;]*", re.IGNORECASE),
    re.compile(r"[^\[\];|\t]*\[\s*(?:mailto:)?\s*([^\[\]\s,;:]+@[^\[\]\s,;:]+)\s*\][\s.,;]*", re.IGNORECASE),
    re.compile(r"([^\s()<>,;:|]+@[^\s()<>,;:|]+)\s*\([^()]*\)[\s.,;]*"),
    re.compile(r"\([^()]*\)\s*([^\s()<>,;:|]+@[^\s()<>,;:|]+)"),
)
_NAME: Final = re.compile(r"(?:[^\W\d_]+[.'-]?)+")  # a word that can be a part of a person's name, and is no password
# What a domain ends with. Behind a comma it was meant to stand behind a full stop: no other column holds so little.
_ENDING: Final = r"(?:[a-z]{2}|com|net|org|edu|gov|info|biz)(?:\.[a-z]{2})?"
_IS_ENDING: Final = re.compile(_ENDING, re.IGNORECASE)
_COMMA_BEFORE_ENDING: Final = re.compile(rf"[^\s,;|@<>]+@[^\s,;|@<>]+,{_ENDING}", re.IGNORECASE)
# In a list of addresses: a name and what is in brackets behind it, or a remark.
_NAME_IN_LIST: Final = re.compile(r'(?:"[^"<>]*"|[^<>,;@"\n])*<\s*([^<>\s]+)\s*>')
_REMARK_IN_LIST: Final = re.compile(r"\([^()@]*\)")
# A blank beside one of these was put in by mistake. One between two letters may stand for a full stop.
_SLIPPED_BLANK: Final = re.compile(r"(?<=[.@_-])\s+|\s+(?=[.@_-])")


def checked_address(value: str) -> str:
    """Return the address in lower case with its domain in IDNA ASCII. `value` has nothing invisible in it.

    Raises ValidationError, as `accounts.validators.normalize_address`.
    """
    found = _read(value)
    if not found or value.startswith("'"):  # which is allowed, but comes from a spreadsheet
        raise next(error for error in (rule(value) for rule in _RULES) if error)
    if error := _alphabets(f"{found.local_part}@{found.domain}"):
        raise _unquotable(value) or error
    return f"{found.local_part}@{found.ascii_domain}".lower()


def without_names(value: str) -> str:
    """Return a list of addresses without the names and remarks beside them: `Jan <jan@x.pl>` is jan@x.pl."""
    if len(value) > MAX_EXAMINED:
        return value
    return _REMARK_IN_LIST.sub(" ", _NAME_IN_LIST.sub(r"\1 ", value))


def split_addresses(value: str) -> Iterator[str]:
    """Yield the addresses of a list, which blanks, commas and semicolons separate; not at the comma in jan@x,pl."""
    for word in re.split(r"[\s;]+", value):
        address = ""
        for part in filter(None, word.split(",")):
            _local_part, at, domain = address.partition("@")
            if at and "@" not in part and ("." not in domain or _IS_ENDING.fullmatch(part)):
                address = f"{address},{part}"
                continue
            if address:
                yield address
            address = part
        if address:
            yield address


def is_address(value: str) -> bool:
    """Tell whether a text is an e-mail address, in whatever case, whose domain ends as real ones do."""
    found = _read(value)
    return found is not None and len(found.ascii_domain.rpartition(".")[2]) > 1


def holds_only_address(value: str) -> bool:
    """Tell whether a text, faulty as it may be, can hold no more than an address, so that a message may quote it.

    Joined to the address, or in its place, there may be a password: P@ssw0rd, jan@x.pl:haslo1, haslo1/jan@x.pl.
    """
    text = _SLIPPED_BLANK.sub("", unicodedata.normalize("NFC", value).replace("＠", "@").strip(_SIGNS))
    local_part, _at, domain = text.partition("@")
    local_part = in_ascii(local_part.replace("–", "—"))  # a dash may join two values
    domain = in_ascii(re.sub(r"\s", "", domain)).replace(",", ".")
    has_odd_sign = re.search(r"[^\w\s.+-]", local_part) is not None
    has_mix = any(not is_quotable(word) for word in re.split(r"[^\w.+-]", local_part))
    has_end = re.fullmatch(r"(?:(?:[^\W_]|[.-])*\.)?[^\W\d_]+|(?:[^\W_]|[.-])*\.xn--[a-z0-9-]+", domain) is not None
    return has_end and not (has_odd_sign and has_mix) and ("." in domain or not re.search(r"\d", text))


def _read(value: str) -> ValidatedEmail | None:
    """Return the parts of an address, None for what is no address."""
    try:
        found = validate_email(value, check_deliverability=False, allow_smtputf8=False, strict=True)
    except EmailNotValidError:
        return None
    return found if _TOP_LEVEL.fullmatch(found.ascii_domain.rpartition(".")[2]) else None


def _sure(candidate: str) -> str:
    """Return what to suggest where `candidate` was meant: itself if it is an address, or what it was meant to be."""
    try:
        checked_address(candidate)
    except ValidationError as error:
        return get_suggestion(error)
    return candidate.lower()


def _complete(value: str) -> list[str]:
    """Return the addresses that stand in a text whole, each once."""
    found = dict.fromkeys(match[0].strip(_SIGNS).lower() for match in islice(_ADDRESS.finditer(value), _MAX_ADDRESSES))
    return [address for address in found if _read(address)]


def _look_alike(value: str) -> ValidationError | None:
    """Refuse another form of a sign: a hyphen that does not break, a full-width @ (Unicode Annex 15)."""
    plain = in_ascii(value)
    if plain == value or len(value) > MAX_EXAMINED or not holds_only_address(value) or not (meant := _sure(plain)):
        return None
    sign = next(character for character in value if in_ascii(character) != character)
    message = _("“%(value)s” has a sign that only looks like another: “%(sign)s” (%(character)s). Write %(plain)s.")
    params = {"sign": sign, "character": f"U+{ord(sign):04X}", "plain": meant[:MAX_QUOTED_LENGTH]}
    return refuse("email_look_alike", message, value=value, suggestion=meant, **params)


def _no_at(value: str) -> ValidationError | None:
    if "@" in value:
        return None
    if re.search(r"[,;|\t\r\n\d]", value):  # a password has a digit
        return refuse(
            "email_no_at", _("The e-mail address has no @. Write the whole address, such as jan@przyklad.pl.")
        )
    return refuse(
        "email_no_at", _("“%(value)s” has no @. Write the whole address, such as jan@przyklad.pl."), value=value
    )


def _long(value: str) -> ValidationError | None:
    return with_more() if len(value) > MAX_EXAMINED else None


def _comma_for_stop(value: str) -> ValidationError | None:
    meant = _sure(value.replace(",", ".")) if _COMMA_BEFORE_ENDING.fullmatch(value) else ""
    return _comma(value) if meant and holds_only_address(value) else None


def _several(value: str) -> ValidationError | None:
    if len(_complete(value)) < 2:
        return None
    return refuse("email_several", _("There are several e-mail addresses here. Leave only one."))


def _mailto(value: str) -> ValidationError | None:
    match = _MAILTO.fullmatch(value.strip(_SIGNS))
    if not match or not holds_only_address(match[1]):
        return None
    message = _("“%(value)s” has “mailto:” before it. Leave only the address.")
    return refuse("email_with_mailto", message, value=match[1], suggestion=_sure(match[1]))


def _named(value: str) -> ValidationError | None:
    match = next(filter(None, (pattern.fullmatch(value) for pattern in _NAMED)), None)
    if not match or not holds_only_address(match[1]):
        return None
    message = _("“%(value)s” has a name or brackets beside it. Leave only the address.")
    return refuse("email_with_name", message, value=match[1], suggestion=_sure(match[1]))


def _more(value: str) -> ValidationError | None:
    """Refuse an address with something beside it that may belong to another column."""
    core = value.strip(_SIGNS)
    words = [word.strip(_SIGNS) for word in re.split(r"[\s,;|]+", core)]
    only_a_name_before = _read(words[-1]) and all(_NAME.fullmatch(word) for word in words[:-1] if word)
    if len(words) > 1 and _complete(core) and not only_a_name_before:
        return with_more()
    if re.search(r"[;|\t]|,.*[0-9]", core, re.DOTALL):  # a password has a digit
        return with_more()
    return None


def _joined(value: str) -> ValidationError | None:
    """Refuse an address to which more is joined, as in jan@x.pl:haslo1; not with a blank, comma or full stop."""
    text = unicodedata.normalize("NFC", value)
    for match in islice(_WHOLE.finditer(text), _MAX_ADDRESSES):
        before, after = text[: match.start()].rstrip(), text[match.end() :].lstrip()
        is_after = re.match(r"[^\s,.@]", after) and re.search(r"[^\W_]", after)
        is_before = re.search(r"[^\W_][^\w\s,.'@]+$", before)
        if (is_before or is_after) and _read(match[0]):
            return with_more()
    return None


def _unquotable(value: str) -> ValidationError | None:
    """Refuse what may hold the value of another column, so that the rules below may quote the text."""
    if holds_only_address(value):
        return None
    if re.search(r"\s", value):
        return with_more()
    return refuse("email_invalid", _("This is not an e-mail address. Write one, such as jan@przyklad.pl."))


def with_more() -> ValidationError:
    message = _(
        "There is more than an e-mail address here. Leave only the address; other values have their own places."
    )
    return refuse("email_with_more", message)


def _signs(value: str) -> ValidationError | None:
    plain = value.strip(_SIGNS)
    if not _read(plain) or not plain[0].isalnum():
        return None
    message = _("“%(value)s” begins or ends with a sign that does not belong to the address. Write %(plain)s.")
    return refuse(
        "email_extra_sign", message, value=value, plain=plain[:MAX_QUOTED_LENGTH].lower(), suggestion=_sure(plain)
    )


def _space(value: str) -> ValidationError | None:
    if not re.search(r"\s", value):
        return None
    local_part, _at, domain = _SLIPPED_BLANK.sub("", value).rpartition("@")
    is_apart = not _complete(value) or not re.search(r"\s", domain)
    if not re.search(r"\s", local_part) and is_apart and (meant := _sure("".join(value.split()))):
        return refuse(
            "email_has_space", _("“%(value)s” has a space in it. Remove the space."), value=value, suggestion=meant
        )
    if any(any(letter.isdecimal() for letter in word) for word in value.split() if "@" not in word):
        return with_more()
    message = _("“%(value)s” has a space in it. Leave only the address, without spaces.")
    return refuse("email_has_space", message, value=value)


def _comma(value: str) -> ValidationError | None:
    if "," not in value:
        return None
    if "," in value.rpartition("@")[0]:
        message = _("“%(value)s” has a comma before the @. Write the address without it.")
        return refuse("email_has_comma", message, value=value)
    message = _("“%(value)s” has a comma in it. Write a full stop instead.")
    return refuse("email_has_comma", message, value=value, suggestion=_sure(value.replace(",", ".")))


def _alphabets(value: str) -> ValidationError | None:
    """Refuse a letter that only looks like one of its neighbours."""
    if value.isascii() or not (foreign := foreign_letter(value)):
        return None
    letter, alphabet = foreign
    message = _(
        "“%(value)s” has a letter of another alphabet among its letters: “%(letter)s” (%(alphabet)s). Retype it."
    )
    meant = _sure(in_latin(value)) if in_latin(value) != value else ""
    return refuse("email_mixed_alphabet", message, value=value, letter=letter, alphabet=alphabet, suggestion=meant)


def _accents(value: str) -> ValidationError | None:
    local_part, _at, domain = unicodedata.normalize("NFC", value).rpartition("@")
    if local_part.isascii():
        return None
    plain = _without_accents(local_part)
    if len(plain) < len(local_part):  # Cyrillic: what is left would be another name
        message = _("“%(value)s” has letters before the @ that mail cannot carry. Use letters from a to z.")
        return refuse("email_not_ascii", message, value=value)
    message = _("“%(value)s” has letters before the @ that mail cannot carry. Write it without accents: %(plain)s.")
    address = f"{plain}@{domain}"
    return refuse("email_not_ascii", message, value=value, plain=address[:MAX_QUOTED_LENGTH], suggestion=_sure(address))


def _invalid(value: str) -> ValidationError:
    message = _("“%(value)s” is not an e-mail address. Write one, such as jan@przyklad.pl.")
    return refuse("email_invalid", message, value=value)


def _without_accents(text: str) -> str:
    """Return `text` in ASCII: ł and Ł have no decomposition in Unicode, every other Polish letter has one."""
    plain = text.replace("ł", "l").replace("Ł", "L")
    return unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode("ascii").lower()


# Asked in this order: what stands beside an address before what is wrong in it.
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
