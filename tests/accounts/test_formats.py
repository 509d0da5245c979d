"""Numbers as people write them."""

import pytest
from django.utils import translation

from accounts.formats import grouped


@pytest.mark.parametrize(
    ("language", "number", "expected"),
    [
        ("en", 0, "0"),
        ("en", 999, "999"),
        ("en", 1000, "1,000"),
        ("en", 1_234_567, "1,234,567"),
        ("pl", 0, "0"),
        ("pl", 1000, "1000"),
        ("pl", 9999, "9999"),
        ("pl", -9999, "-9999"),
        ("pl", 10_000, "10\u00a0000"),
        ("pl", 1_234_567, "1\u00a0234\u00a0567"),
    ],
)
def test_digits_are_grouped_by_the_rules_of_the_language(language: str, number: int, expected: str) -> None:
    with translation.override(language):
        assert grouped(number) == expected
