"""How numbers are written for people."""

from django.utils.translation import get_language


def grouped(number: int) -> str:
    """Return a whole number as text: `1,000` in English; `1000` and `10 000` (no-break space) in Polish.

    Polish groups the digits of numbers with five or more (Rada Języka Polskiego); Django would group four as well.
    """
    if get_language() == "pl":
        return str(number) if abs(number) < 10_000 else f"{number:,}".replace(",", "\N{NO-BREAK SPACE}")
    return f"{number:,}"


def megabytes(number: int) -> str:
    """Return a number of MB as text: `1,000 MB`, with a no-break space."""
    return f"{grouped(number)}\N{NO-BREAK SPACE}MB"
