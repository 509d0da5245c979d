"""Finds e-mail addresses in texts: whether a text is one, is more than one, and which ones it has."""

import re
import unicodedata
from collections.abc import Iterator
from itertools import islice
from typing import Final

from email_validator import EmailNotValidError, ValidatedEmail, validate_email

from accounts.alphabets import in_ascii
from accounts.refusals import is_quotable

MAX_EXAMINED: Final = 1000  # characters; an address has at most 254
MAX_ADDRESSES: Final = 50  # that are looked at in one text
# What people and programs put around an address. No address that we accept begins or ends with one of these.
SIGNS: Final = ".,;:'\"`„“”‚‘’«»<>()[]{}*• \t\r\n\u00a0\u202f"
# A blank beside one of these was put in by mistake. A blank between two letters may stand for a full stop.
SLIPPED_BLANK: Final = re.compile(r"(?<=[.@_-])\s+|\s+(?=[.@_-])")
# The last part of a domain. After a comma, it was meant to follow a full stop: no other column holds so short a text.
ENDING: Final = r"(?:[a-z]{2}|com|net|org|edu|gov|info|biz)(?:\.[a-z]{2})?"
_IS_ENDING: Final = re.compile(ENDING, re.IGNORECASE)
_ADDRESS: Final = re.compile(r"[^\s<>()\[\]\"“”„,;:|@]+@[^\s<>()\[\]\"“”„,;:|@]+")
# The form of all real top-level domains. With any other character, the address is joined to another text.
_TOP_LEVEL: Final = re.compile(r"[a-z]+|xn--[a-z0-9-]+", re.IGNORECASE)
# In a list of addresses: a name with the address in brackets after it, and a remark.
_NAME_IN_LIST: Final = re.compile(r'(?:"[^"<>]*"|[^<>,;@"\n])*<\s*([^<>\s]+)\s*>')
_REMARK_IN_LIST: Final = re.compile(r"\([^()@]*\)")


def read_address(text: str) -> ValidatedEmail | None:
    """Return the parts of an address, None where the text is not an address."""
    try:
        # A domain that ends with .test is for trying the panel out (RFC 6761, 6.2).
        parts = validate_email(
            text, check_deliverability=False, allow_smtputf8=False, strict=True, test_environment=True
        )
    except EmailNotValidError:
        return None
    return parts if _TOP_LEVEL.fullmatch(parts.ascii_domain.rpartition(".")[2]) else None


def is_address(value: str) -> bool:
    """Tell whether a text is an e-mail address, in any case, whose top-level domain has two letters or more."""
    parts = read_address(value)
    return parts is not None and len(parts.ascii_domain.rpartition(".")[2]) > 1


def find_addresses(text: str) -> list[str]:
    """Return the valid addresses in a text, in lower case, each once. The first MAX_ADDRESSES candidates are tried."""
    matches = islice(_ADDRESS.finditer(text), MAX_ADDRESSES)
    candidates = dict.fromkeys(match[0].strip(SIGNS).lower() for match in matches)
    return [address for address in candidates if read_address(address)]


def holds_only_address(value: str) -> bool:
    """Tell whether a text can only be an address, correct or faulty, so that a message may quote it.

    Other texts may be a password, or hold one beside the address: P@ssw0rd, jan@x.pl:haslo1, haslo1/jan@x.pl.
    """
    text = SLIPPED_BLANK.sub("", unicodedata.normalize("NFC", value).replace("＠", "@").strip(SIGNS))
    local_part, _at, domain = text.partition("@")
    local_part = in_ascii(local_part.replace("–", "—"))  # a dash may join two values
    domain = in_ascii(re.sub(r"\s", "", domain)).replace(",", ".")
    has_odd_sign = re.search(r"[^\w\s.+-]", local_part) is not None
    has_mix = any(not is_quotable(word) for word in re.split(r"[^\w.+-]", local_part))
    has_end = re.fullmatch(r"(?:(?:[^\W_]|[.-])*\.)?[^\W\d_]+|(?:[^\W_]|[.-])*\.xn--[a-z0-9-]+", domain) is not None
    return has_end and not (has_odd_sign and has_mix) and ("." in domain or not re.search(r"\d", text))


def without_names(value: str) -> str:
    """Return a list of addresses without the names and remarks beside them: `Jan <jan@x.pl>` is jan@x.pl."""
    if len(value) > MAX_EXAMINED:
        return value
    return _REMARK_IN_LIST.sub(" ", _NAME_IN_LIST.sub(r"\1 ", value))


def split_addresses(value: str) -> Iterator[str]:
    """Yield the addresses of a list, which blanks, commas and semicolons separate.

    A comma that stands for a full stop, as in jan@x,pl, separates nothing.
    """
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
