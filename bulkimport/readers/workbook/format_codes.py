"""Number formats of XLSX and XLS taken apart: a code such as `0.00;[Red]-0.00` becomes sections of tokens.

The codes are those of ECMA-376, Part 1, 18.8.30 and 18.8.31.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

# The formats that files give by number alone (18.8.30), some of them for dates of Asian languages. ¤ stands for the
# currency of the user who opens the file.
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


class _Token(NamedTuple):
    """A part of a format code.

    kind: 0 # ? . , % or / for the character of that meaning, E for an exponent, G for the value itself, d for a part of
    a date, x for a literal text, a blank for literal blanks. text: the literal text, else the code itself.
    """

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Section:
    """One of the up to four sections of a format; which one is used depends on the value.

    texts, kinds: of its tokens, see `_Token`; one character of kinds for each. condition: operator and number, such as
    (">", 100.0), None where the section has none.
    """

    texts: tuple[str, ...]
    kinds: str
    condition: tuple[str, float] | None

    @property
    def is_date(self) -> bool:
        """Whether the section shows a number as a date, a time or a duration."""
        return "d" in self.kinds and not set("0#?G") & set(self.kinds)

    @property
    def has_text(self) -> bool:
        """Whether the section shows the text of a cell (@)."""
        return ("G", "@") in zip(self.kinds, self.texts, strict=True)

    def text(self, start: int, end: int | None = None) -> str:
        """Return the texts of some tokens, joined; start, end: their indexes."""
        return "".join(self.texts[start:end])


@lru_cache(maxsize=256)
def parse_format(format_code: str) -> tuple[Section, ...]:
    """Return the sections of a format; at least one."""
    parts: list[list[str]] = [[]]
    for text in _TOKEN.findall(format_code):
        if text == ";":
            parts.append([])
        else:
            parts[-1].append(text)
    return tuple(map(_section, parts))


def _section(part: list[str]) -> Section:
    tokens = [token for token in map(_token, part) if token.text]
    match = next(filter(None, map(_CONDITION.fullmatch, part)), None)
    condition = (match[1], float(match[2])) if match else None
    return Section(tuple(token.text for token in tokens), "".join(token.kind for token in tokens), condition)


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
    if first == "[":  # a currency, perhaps with a language, is shown: [$zł-415]; a colour or a condition is not
        literal = text[2:].rstrip("]").partition("-")[0] if text.startswith("[$") else ""
    elif first == '"':
        literal = text.strip('"')
    elif first == "_":  # a blank as wide as the next character
        literal = " "
    else:  # a character after a backslash, one that fills the cell after an asterisk, or the character itself
        literal = text[-1]
    return _Token("x" if literal.strip() else " ", literal)


def has_text_section(sections: tuple[Section, ...]) -> bool:
    """Tell whether the fourth section, or the last one, says how texts are shown."""
    return len(sections) > 3 or sections[-1].has_text


def choose_section(sections: tuple[Section, ...], value: float) -> tuple[Section | None, bool]:
    """Return the section that shows a value, None where that is not defined, and whether a minus sign is added to it.

    A section for negative numbers alone has its own sign or brackets, so no minus is added.
    """
    has_text = len(sections) > 1 and has_text_section(sections)
    numbers = sections[: min(3, len(sections) - has_text)]
    if all(section.condition is None for section in numbers[:2]):
        number = 1 if value < 0 else 2 if value == 0 else 0
        return numbers[number if number < len(numbers) else 0], number != 1 or len(numbers) == 1
    for section in numbers[:2]:
        if section.condition and _COMPARE[section.condition[0]](value, section.condition[1]):
            return section, True
    open_sections = [section for section in numbers if section.condition is None]
    return (open_sections[-1] if open_sections else None), True
