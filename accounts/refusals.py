"""How a value is refused: an error with a stable code and a sentence that quotes no more than it may."""

import re
from typing import Final

from django.core.exceptions import ValidationError

MAX_QUOTED_LENGTH: Final = 100  # of a value in a message
# What separates the cells of a list: behind it another column may begin, such as that of the password.
SEPARATORS: Final = ",;|\t\r\n"
_SEPARATOR: Final = re.compile(f"[{SEPARATORS}]")


def refuse(code: str, message: object, *, suggestion: str = "", **params: object) -> ValidationError:
    """Return the error to raise. A long value is quoted with its beginning only: a cell may hold a whole text.

    suggestion: the text to write in the place of the refused one, where one is sure. It becomes a parameter.
    """
    value = params.get("value")
    if isinstance(value, str) and len(value) > MAX_QUOTED_LENGTH:
        params["value"] = value[: MAX_QUOTED_LENGTH - 1] + "…"
    if suggestion:
        params["suggestion"] = suggestion
    return ValidationError(message, code=code, params=params)  # type: ignore[arg-type]  # lazy text is accepted


def get_suggestion(error: ValidationError) -> str:
    """Return the text to write in the place of the refused one; empty where none is sure."""
    return str((error.params or {}).get("suggestion", ""))


def suggest(error: ValidationError, suggestion: str) -> None:
    """Put another suggestion into an error; an empty one takes it away."""
    error.params = {**(error.params or {}), "suggestion": suggestion}


def is_quotable(value: str) -> bool:
    """Tell whether a message may quote a value that is nothing that its column can hold.

    Not one with a letter and a digit, nor one with a separator: in a row whose cells have slipped by a column, it may
    be a password or the end of one.
    """
    has_both = any(letter.isalpha() for letter in value) and any(letter.isdecimal() for letter in value)
    return not has_both and not _SEPARATOR.search(value)
