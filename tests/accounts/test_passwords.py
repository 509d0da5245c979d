"""Passwords: what is generated keeps the policy by construction; what is stored is what Dovecot checks."""

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import VerifyMismatchError

from accounts import passwords
from accounts.passwords import (
    DIGITS,
    ENTROPY_BITS,
    LETTERS,
    SCHEME,
    generate_password,
    hash_password,
    verify_password,
    warm_up,
)
from accounts.validators import clean_password, is_common_password


def test_a_generated_password_keeps_the_policy_and_is_easy_to_type() -> None:
    made = [generate_password() for _ in range(5000)]
    assert len(set(made)) == len(made)
    for password in made:
        assert [len(group) for group in password.split("-")] == [6, 6, 6]
        assert set(password) <= set(LETTERS + DIGITS + "-")
        assert password[0] in LETTERS
        assert any(character in DIGITS for character in password)
        assert clean_password(password) == password
    assert not any(is_common_password(password) for password in made[:100])


def test_every_character_comes_up() -> None:
    seen = {character for _ in range(500) for character in generate_password()}
    assert seen == set(LETTERS + DIGITS + "-")


def test_no_look_alikes_are_among_the_characters() -> None:
    assert not set("l1io0") & set(LETTERS + DIGITS)
    assert len(set(LETTERS)) == 23
    assert len(set(DIGITS)) == 8


def test_a_generated_password_has_at_least_80_bits() -> None:
    # The rare password without a digit is thrown away, which costs less than a hundredth of a bit.
    assert ENTROPY_BITS - 0.01 >= 80


def test_a_draw_without_a_digit_is_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    characters: Iterator[str] = iter("a" * 18 + "a" * 17 + "7")
    monkeypatch.setattr(passwords._RANDOM, "choices", lambda _choices, k=1: [next(characters) for _ in range(k)])
    assert generate_password() == "aaaaaa-aaaaaa-aaaaa7"


@pytest.mark.parametrize("generated", [False, True])
@pytest.mark.parametrize("password", ["abc123", "żółw 12 😀", "a1" * 64])
def test_a_hash_is_an_argon2id_string_that_other_programs_check(password: str, generated: bool) -> None:
    stored = hash_password(password, generated=generated)
    assert stored.startswith("{ARGON2ID}$argon2id$v=19$")
    assert len(stored) <= 255
    assert PasswordHasher().verify(stored.removeprefix(SCHEME), password)
    with pytest.raises(VerifyMismatchError):
        PasswordHasher().verify(stored.removeprefix(SCHEME), password + "x")


def test_the_same_password_never_has_the_same_hash() -> None:
    assert hash_password("abc123") != hash_password("abc123")


def read_costs(stored: str) -> tuple[int, int, int]:
    found = extract_parameters(stored.removeprefix(SCHEME))
    return found.memory_cost, found.time_cost, found.parallelism


def test_a_chosen_password_gets_the_cost_of_the_settings(settings: Any) -> None:
    settings.ARGON2_MEMORY_KIB, settings.ARGON2_TIME_COST = 19456, 2
    assert read_costs(hash_password("abc123")) == (19456, 2, 1)


def test_a_generated_password_gets_a_cheap_hash_unless_the_settings_say_otherwise(settings: Any) -> None:
    settings.ARGON2_MEMORY_KIB, settings.ARGON2_TIME_COST = 2048, 3
    assert read_costs(hash_password("abc123", generated=True)) == (1024, 1, 1)
    settings.FULL_HASH_COST_FOR_GENERATED = True
    assert read_costs(hash_password("abc123", generated=True)) == (2048, 3, 1)


def test_a_password_is_checked_against_its_hash() -> None:
    stored = hash_password("abc123")
    assert verify_password("abc123", stored)
    assert not verify_password("abc124", stored)
    assert not verify_password("abc123", "")
    assert not verify_password("abc123", "{PLAIN}abc123")


def test_hashing_writes_no_password_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        hash_password("Very-secret-1")
        verify_password("Very-secret-1", hash_password("other1"))
        warm_up()
    assert "Very-secret-1" not in caplog.text
