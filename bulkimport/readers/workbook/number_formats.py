"""Whether a cell of XLSX or XLS shows its value as it is stored, or as something else such as `2 GB`.

Only as far as a list of accounts needs it: where the shown text is not simple to work out, it is left unknown.
"""

from __future__ import annotations

import math
import re
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Final

from bulkimport.readers.workbook.format_codes import Section, choose_section, has_text_section, parse_format

_MAX_CODE: Final = 1_000  # characters; Excel allows 255
_DIGITS: Final = 15  # of a number that programs show
_EXACT: Final = Context(prec=400)  # no digit of the largest number is lost
# Patterns of the kinds of a section's tokens, see format_codes.Section. A section that shows nothing but a number:
_PLAIN: Final = re.compile(r" *(?:[#?][#?, ]*)?0(?:\.(0*))? *")
_PLACES: Final = re.compile(r"([0#?](?:[0#?, ]*[0#?])?)?(,*)(\.[0#?]*)?(,*)")
_SCIENTIFIC: Final = re.compile(r"0(?:\.(0*))?E(0+)")
_FRACTION: Final = re.compile(r"([^0#?]*)[0#?][0#?,]* +[0#?]+/[0#?]*(.*)")


def is_date(format_code: str, value: float) -> bool:
    """Tell whether a cell of this format shows its number as a date, a time or a duration."""
    if format_code in ("", "General", "@") or len(format_code) > _MAX_CODE:
        return False
    section, _ = choose_section(parse_format(format_code), value)
    return section is not None and section.is_date


def text_shown_otherwise(format_code: str, text: str) -> str | None:
    """Return the text that a cell of this format shows instead of its own; empty where that is not known.

    So `@"@klub.example"` adds a domain to each name. None where the cell shows its own text, perhaps with blanks around
    it, or nothing.
    """
    if format_code in ("", "General", "@"):
        return None
    if len(format_code) > _MAX_CODE:
        return ""
    sections = parse_format(format_code)
    if not has_text_section(sections):
        return None
    section = sections[min(3, len(sections) - 1)]
    pairs = zip(section.texts, section.kinds, strict=True)
    shown = "".join(text if kind == "G" else literal for literal, kind in pairs).strip()
    return shown if shown and shown != text.strip() else None


def shown_otherwise(format_code: str, value: float) -> str | None:
    """Return the text that a cell of this format shows instead of its number, as Polish programs show it.

    An empty text where that is not simple to work out. None where the cell shows the number itself, perhaps with blanks
    or the unit MB around it; also for dates, which `is_date` recognises.
    """
    if format_code in ("", "General", "@") or not math.isfinite(value):
        return None
    if len(format_code) > _MAX_CODE:
        return ""
    section, has_sign = choose_section(parse_format(format_code), value)
    if section is None:
        return ""
    plain = _PLAIN.fullmatch(section.kinds)
    if section.is_date or (plain and has_sign and float(format(value, f".{len(plain[1] or '')}f")) == value):
        return None
    number = Decimal(format(value, f".{_DIGITS}g"))
    text = _render(section, abs(number))
    if text is None:
        return ""
    shown = f"-{text.strip()}" if value < 0 and has_sign else text.strip()
    if _is_same_number(shown, number):
        return None
    return "" if "¤" in shown else shown


# --- What it shows ---------------------------------------------------------------------------------------------------
def _render(section: Section, number: Decimal) -> str | None:
    """Return how a section shows a number that is not negative, None where that is not simple to work out."""
    kinds = section.kinds
    if "G" in kinds or not set("0#?") & set(kinds):
        pairs = zip(section.texts, kinds, strict=True)
        return "".join(_render_plain(number) if kind == "G" else text for text, kind in pairs)
    if "E" in kinds:
        match = _SCIENTIFIC.fullmatch(kinds)
        return _render_scientific(number, len(match[1] or ""), len(match[2])) if match else None
    fraction = _FRACTION.fullmatch(kinds)
    if fraction:  # a whole number has no fraction behind it
        if number != number.to_integral_value():
            return None
        return section.text(0, fraction.end(1)) + _render_plain(number) + section.text(fraction.start(2))
    return _render_decimal(section, number)


def _render_decimal(section: Section, number: Decimal) -> str | None:
    match = next(match for match in _PLACES.finditer(section.kinds) if set("0#?") & set(match[0]))
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


def _render_scientific(number: Decimal, decimals: int, digits: int) -> str:
    mantissa, _, exponent = format(number, f".{decimals}E").partition("E")
    return f"{mantissa.replace('.', ',')}E{exponent[0]}{exponent[1:].zfill(digits)}"


def _render_plain(number: Decimal) -> str:
    return format(number, "f").replace(".", ",")


def _is_same_number(shown: str, number: Decimal) -> bool:
    """Tell whether a text shows just this number, apart from blanks and the unit MB. Leading zeros make it another."""
    text = "".join(shown.split()).casefold().removeprefix("mb").removesuffix("mb")
    whole, _, decimals = text.removeprefix("-").partition(",")
    wanted, _, wanted_decimals = format(abs(number), "f").partition(".")
    is_same = (whole or (decimals and "0")) == wanted and decimals.rstrip("0") == wanted_decimals.rstrip("0")
    return is_same and text.startswith("-") == (number < 0)
