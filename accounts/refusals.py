"""How a value is refused: an error with a stable code and a sentence that quotes no more than it may."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from django.core.exceptions import ValidationError

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

MAX_QUOTED_LENGTH: Final = 100  # of a value in a message
# What separates the cells of a list. The text behind it may belong to another column, such as that of the password.
SEPARATORS: Final = ",;|\t\r\n"
_SEPARATOR: Final = re.compile(f"[{SEPARATORS}]")


def refuse(code: str, message: StrOrPromise, *, suggestion: str = "", **params: object) -> ValidationError:
    """Return the error to raise. Of a long value, only the beginning is quoted: a cell may hold a whole text.

    suggestion: the text to write instead, where it is sure what was meant. It becomes a parameter of the error.
    """
    value = params.get("value")
    if isinstance(value, str) and len(value) > MAX_QUOTED_LENGTH:
        params["value"] = value[: MAX_QUOTED_LENGTH - 1] + "…"
    if suggestion:
        params["suggestion"] = suggestion
    return ValidationError(message, code=code, params=params)


def get_suggestion(error: ValidationError) -> str:
    """Return the text to write in the place of the refused one; empty where it is not sure what was meant."""
    return str((error.params or {}).get("suggestion", ""))


def suggest(error: ValidationError, suggestion: str) -> None:
    """Put another suggestion into an error; an empty one takes it away."""
    error.params = {**(error.params or {}), "suggestion": suggestion}


def is_quotable(value: str) -> bool:
    """Tell whether a message may quote a value that was refused.

    A value with a letter and a digit, or with a separator, is not quoted: where the cells of a row have slipped by a
    column, it may be a password or the end of one.
    """
    has_both = any(letter.isalpha() for letter in value) and any(letter.isdecimal() for letter in value)
    return not has_both and not _SEPARATOR.search(value)
