"""How numbers are written for people."""

from django.utils.translation import get_language


def grouped(number: int) -> str:
    """Write a whole number as people do: `1,000` in English; `1000` and `10 000` (no-break space) in Polish.

    Polish groups digits from five on (Rada Języka Polskiego); Django's own localisation groups four as well.
    """
    if get_language() == "pl":
        return str(number) if abs(number) < 10_000 else f"{number:,}".replace(",", "\N{NO-BREAK SPACE}")
    return f"{number:,}"


def megabytes(number: int) -> str:
    """Write a number of MB as people do: `1,000 MB`, which no line break takes apart."""
    return f"{grouped(number)}\N{NO-BREAK SPACE}MB"
