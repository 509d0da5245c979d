"""Number formats of XLSX and XLS: whether a cell shows its number as it is, or as something else such as `2 GB`.

Only as far as a list of accounts needs it: dates are told by the libraries, and a text that is not simple to work out
is left out. The codes are those of ECMA-376, Part 1, 18.8.30 and 18.8.31.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import lru_cache
from typing import Final, NamedTuple

# The formats that files name by number alone, some of them for the dates of Asian languages. ¤ stands for the currency
# of whoever opens the file.
BUILTIN: Final[dict[int, str]] = {
    0: "General",
    1: "0",
    2: "0.00",
    3: "#,##0",
    4: "#,##0.00",
    5: '"¤"#,##0_);("¤"#,##0)',
    6: '"¤"#,##0_);[Red]("¤"#,##0)',
    7: '"¤"#,##0.00_);("¤"#,##0.00)',
    8: '"¤"#,##0.00_);[Red]("¤"#,##0.00)',
    9: "0%",
    10: "0.00%",
    11: "0.00E+00",
    12: "# ?/?",
    13: "# ??/??",
    14: "mm-dd-yy",
    15: "d-mmm-yy",
    16: "d-mmm",
    17: "mmm-yy",
    18: "h:mm AM/PM",
    19: "h:mm:ss AM/PM",
    20: "h:mm",
    21: "h:mm:ss",
    22: "m/d/yy h:mm",
    **dict.fromkeys((*range(27, 37), *range(50, 59)), "yyyy-mm-dd"),
    37: "#,##0_);(#,##0)",
    38: "#,##0_);[Red](#,##0)",
    39: "#,##0.00_);(#,##0.00)",
    40: "#,##0.00_);[Red](#,##0.00)",
    41: '_(* #,##0_);_(* (#,##0);_(* "-"_);_(@_)',
    42: '_("¤"* #,##0_);_("¤"* (#,##0);_("¤"* "-"_);_(@_)',
    43: '_(* #,##0.00_);_(* (#,##0.00);_(* "-"??_);_(@_)',
    44: '_("¤"* #,##0.00_);_("¤"* (#,##0.00);_("¤"* "-"??_);_(@_)',
    45: "mm:ss",
    46: "[h]:mm:ss",
    47: "mmss.0",
    48: "##0.0E+0",
    49: "@",
}

_MAX_CODE: Final = 1_000  # characters; Excel allows 255
_DIGITS: Final = 15  # of a number that programs show
_EXACT: Final = Context(prec=400)  # no digit of the largest number is lost
_TOKEN: Final = re.compile(
    r'"[^"]*"?|\\.|_.|\*.|\[[^\]]*\]?|General|Standard|E[+-]|AM/PM|A/P|s\.0+|.', re.DOTALL | re.IGNORECASE
)
_CONDITION: Final = re.compile(r"\[(<=|>=|<>|<|>|=)\s*(-?[0-9]+(?:\.[0-9]*)?)\]")
_ELAPSED: Final = re.compile(r"\[(h+|m+|s+)\]", re.IGNORECASE)
_COMPARE: Final[dict[str, Callable[[float, float], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
    "<>": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
}
# Formats that show no other text than a number, by their kinds, as _Section has them.
_PLAIN: Final = re.compile(r" *(?:[#?][#?, ]*)?0(?:\.(0*))? *")
_PLACES: Final = re.compile(r"([0#?](?:[0#?, ]*[0#?])?)?(,*)(\.[0#?]*)?(,*)")
_SCIENTIFIC: Final = re.compile(r"0(?:\.(0*))?E(0+)")
_FRACTION: Final = re.compile(r"([^0#?]*)[0#?][0#?,]* +[0#?]+/[0#?]*(.*)")


class _Token(NamedTuple):
    """kind: one of 0 # ? . , % / for what that does, E exponent, G the number, d date, x text, a blank for blanks."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class _Section:
    """One of the up to four parts of a format; which one is used depends on the value. kinds: those of the tokens."""

    texts: tuple[str, ...]
    kinds: str
    condition: tuple[str, float] | None

    @property
    def is_date(self) -> bool:
        return "d" in self.kinds and not set("0#?G") & set(self.kinds)

    @property
    def has_text(self) -> bool:
        """Whether it shows the text of a cell."""
        return ("G", "@") in zip(self.kinds, self.texts, strict=True)

    def text(self, start: int, end: int | None = None) -> str:
        return "".join(self.texts[start:end])


def is_date(format_code: str, value: float) -> bool:
    """Tell whether a cell of this format shows its number as a date, a time or a duration."""
    if format_code in ("", "General", "@") or len(format_code) > _MAX_CODE:
        return False
    section, _ = _chosen(_sections(format_code), value)
    return section is not None and section.is_date


def text_shown_otherwise(format_code: str, text: str) -> str | None:
    """Return None where a cell of this format shows a text as it is, perhaps with blanks around it, or not at all.

    Else what is shown, as by `@"@klub.example"`, which adds a domain to each name; empty where that is not known.
    """
    if format_code in ("", "General", "@"):
        return None
    if len(format_code) > _MAX_CODE:
        return ""
    sections = _sections(format_code)
    if not _has_text_section(sections):
        return None
    section = sections[min(3, len(sections) - 1)]
    pairs = zip(section.texts, section.kinds, strict=True)
    shown = "".join(text if kind == "G" else literal for literal, kind in pairs).strip()
    return shown if shown and shown != text.strip() else None


def shown_otherwise(format_code: str, value: float) -> str | None:
    """Return None where a cell of this format shows the number itself, perhaps with blanks or the unit MB around it.

    Else the text that is shown, as Polish programs show it, or an empty text where that is not simple to tell. Numbers
    of a date's format are no concern here.
    """
    if format_code in ("", "General", "@") or not math.isfinite(value):
        return None
    if len(format_code) > _MAX_CODE:
        return ""
    section, has_sign = _chosen(_sections(format_code), value)
    if section is None:
        return ""
    plain = _PLAIN.fullmatch(section.kinds)
    if section.is_date or (plain and has_sign and float(format(value, f".{len(plain[1] or '')}f")) == value):
        return None
    number = Decimal(format(value, f".{_DIGITS}g"))
    text = _text(section, abs(number))
    if text is None:
        return ""
    shown = f"-{text.strip()}" if value < 0 and has_sign else text.strip()
    if _is_itself(shown, number):
        return None
    return "" if "¤" in shown else shown


# --- Taking a format apart -------------------------------------------------------------------------------------------
@lru_cache(maxsize=256)
def _sections(format_code: str) -> tuple[_Section, ...]:
    parts: list[list[str]] = [[]]
    for text in _TOKEN.findall(format_code):
        if text == ";":
            parts.append([])
        else:
            parts[-1].append(text)
    return tuple(map(_section, parts))


def _section(part: list[str]) -> _Section:
    tokens = [token for token in map(_token, part) if token.text]
    match = next(filter(None, map(_CONDITION.fullmatch, part)), None)
    condition = (match[1], float(match[2])) if match else None
    return _Section(tuple(token.text for token in tokens), "".join(token.kind for token in tokens), condition)


def _token(text: str) -> _Token:
    first = text[0]
    if len(text) == 1 and first in "0#?.,%/":
        return _Token(first, text)
    if text.lower() in ("general", "standard", "@"):
        return _Token("G", text)
    if text.upper() in ("E+", "E-"):
        return _Token("E", text)
    if text in "ymdhsYMDHS" or text[:2].lower() in ("s.", "a/", "am") or _ELAPSED.fullmatch(text):
        return _Token("d", text)
    if first == "[":  # a colour or a condition shows nothing, a currency and perhaps a language do: [$zł-415]
        literal = text[2:].rstrip("]").partition("-")[0] if text.startswith("[$") else ""
    elif first == '"':
        literal = text.strip('"')
    elif first == "_":  # a blank as wide as the next character
        literal = " "
    else:  # a character after a back slash, one that fills the cell after an asterisk, or itself
        literal = text[-1]
    return _Token("x" if literal.strip() else " ", literal)


def _has_text_section(sections: tuple[_Section, ...]) -> bool:
    """Tell whether the fourth section, or the last one, says how texts are shown."""
    return len(sections) > 3 or sections[-1].has_text


def _chosen(sections: tuple[_Section, ...], value: float) -> tuple[_Section | None, bool]:
    """Return the section that a value is shown by, None where that is open, and whether it shows a minus by itself."""
    has_text = len(sections) > 1 and _has_text_section(sections)
    numbers = sections[: min(3, len(sections) - has_text)]
    if all(section.condition is None for section in numbers[:2]):
        number = 1 if value < 0 else 2 if value == 0 else 0
        return numbers[number if number < len(numbers) else 0], number != 1 or len(numbers) == 1
    for section in numbers[:2]:
        if section.condition and _COMPARE[section.condition[0]](value, section.condition[1]):
            return section, True
    open_sections = [section for section in numbers if section.condition is None]
    return (open_sections[-1] if open_sections else None), True


# --- What it shows ---------------------------------------------------------------------------------------------------
def _text(section: _Section, number: Decimal) -> str | None:
    """Return how a section shows a number that is not negative, None where that is not simple to tell."""
    kinds = section.kinds
    if "G" in kinds or not set("0#?") & set(kinds):
        pairs = zip(section.texts, kinds, strict=True)
        return "".join(_plain(number) if kind == "G" else text for text, kind in pairs)
    if "E" in kinds:
        match = _SCIENTIFIC.fullmatch(kinds)
        return _scientific(number, len(match[1] or ""), len(match[2])) if match else None
    fraction = _FRACTION.fullmatch(kinds)
    if fraction:  # behind a whole number it is left blank
        is_whole = number == number.to_integral_value()
        return section.text(0, fraction.end(1)) + _plain(number) + section.text(fraction.start(2)) if is_whole else None
    return _decimal(section, number)


def _decimal(section: _Section, number: Decimal) -> str | None:
    match = next(found for found in _PLACES.finditer(section.kinds) if set("0#?") & set(found[0]))
    if set("0#?/") & set(section.kinds[match.end() :]):
        return None  # such as a telephone number, 000-000-000
    whole_places, places = match[1] or "", (match[3] or "")[1:]
    power = 2 * section.kinds.count("%") - 3 * len(match[2] + match[4])
    scaled = number.scaleb(power, _EXACT).quantize(Decimal(1).scaleb(-len(places)), ROUND_HALF_UP, _EXACT)
    whole, _, decimals = format(scaled, "f").partition(".")
    whole = whole.lstrip("0").zfill(whole_places.count("0"))
    if "," in whole_places:
        whole = f"{int(whole or 0):,}".replace(",", " ") if whole[:1] != "0" else whole
    decimals = decimals[: places.rfind("0") + 1] + decimals[places.rfind("0") + 1 :].rstrip("0")
    shown = f"{whole},{decimals}" if decimals else whole
    return section.text(0, match.start()) + shown + section.text(match.end())


def _scientific(number: Decimal, decimals: int, digits: int) -> str:
    mantissa, _, exponent = format(number, f".{decimals}E").partition("E")
    return f"{mantissa.replace('.', ',')}E{exponent[0]}{exponent[1:].zfill(digits)}"


def _plain(number: Decimal) -> str:
    return format(number, "f").replace(".", ",")


def _is_itself(shown: str, number: Decimal) -> bool:
    """Tell whether a text is the number as it is, blanks and the unit MB aside. Zeros in front are digits of a text."""
    text = "".join(shown.split()).casefold().removeprefix("mb").removesuffix("mb")
    whole, _, decimals = text.removeprefix("-").partition(",")
    wanted, _, wanted_decimals = format(abs(number), "f").partition(".")
    is_same = (whole or (decimals and "0")) == wanted and decimals.rstrip("0") == wanted_decimals.rstrip("0")
    return is_same and text.startswith("-") == (number < 0)
