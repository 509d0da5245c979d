"""The syntax of every value: what is accepted, as what it is stored, and which code refuses the rest."""

import contextlib
from collections.abc import Callable
from time import process_time
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from accounts.validators import (
    MAX_DESTINATIONS,
    MAX_PASSWORD_LENGTH,
    MAX_QUOTA_MB,
    clean_password,
    is_common_password,
    normalize_address,
    normalize_domain,
    normalize_mailbox_address,
    parse_destinations,
    parse_keep_copy,
    parse_quota_mb,
    to_unicode,
    trimmed,
)

NBSP, NARROW_NBSP, ZERO_WIDTH_SPACE, BOM, SOFT_HYPHEN = "\u00a0", "\u202f", "\u200b", "\ufeff", "\u00ad"


def codes_of(function: Callable[[str], Any], text: str) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        function(text)
    return [str(error.code) for error in caught.value.error_list]


def message_of(function: Callable[[str], Any], text: str) -> str:
    with pytest.raises(ValidationError) as caught:
        function(text)
    return " ".join(caught.value.messages)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("jan", "jan"),
        (" jan\t\r\n", "jan"),
        (f"{NBSP}jan{NARROW_NBSP}", "jan"),
        (f"{BOM}jan{ZERO_WIDTH_SPACE}", "jan"),
        (f"{ZERO_WIDTH_SPACE} {NBSP}{BOM} jan {SOFT_HYPHEN}\u2060 \u200d", "jan"),
        (f" {ZERO_WIDTH_SPACE} ", ""),
        (f"jan{NBSP}k", f"jan{NBSP}k"),
    ],
)
def test_trimmed_takes_away_what_nobody_sees_around_a_value(text: str, expected: str) -> None:
    assert trimmed(text) == expected


GOOD_ADDRESSES = [
    ("jan@przyklad.pl", "jan@przyklad.pl"),
    (" Jan.Kowalski@Przyklad.PL\n", "jan.kowalski@przyklad.pl"),
    (f"{NBSP}jan@przyklad.pl{ZERO_WIDTH_SPACE}", "jan@przyklad.pl"),
    (f"{BOM}jan@przyklad.pl", "jan@przyklad.pl"),
    ("jan@żółw.pl", "jan@xn--w-uga1v8h.pl"),
    ("jan@ŻÓŁW.PL", "jan@xn--w-uga1v8h.pl"),
    ("jan@z\u0307o\u0301łw.pl", "jan@xn--w-uga1v8h.pl"),  # the accents as characters of their own, as macOS writes them
    ("jan@xn--w-uga1v8h.pl", "jan@xn--w-uga1v8h.pl"),
    ("jan@straße.de", "jan@xn--strae-oqa.de"),
    ("jan@mail.przyklad.co.uk", "jan@mail.przyklad.co.uk"),
    ("a@przyklad.pl", "a@przyklad.pl"),
    ("1@przyklad.pl", "1@przyklad.pl"),
    ("jan_k-1.x@przyklad.pl", "jan_k-1.x@przyklad.pl"),
    ("a" * 64 + "@przyklad.pl", "a" * 64 + "@przyklad.pl"),
]
BAD_ADDRESSES = [
    ("", "email_missing"),
    (f" {NBSP}{ZERO_WIDTH_SPACE}", "email_missing"),
    ("jan kowalski@przyklad.pl", "email_has_space"),
    ("jan@przyklad.pl anna@przyklad.pl", "email_has_space"),
    (f"jan{NBSP}k@przyklad.pl", "email_has_space"),
    ("jan\n@przyklad.pl", "email_has_space"),
    ("Jan <jan@przyklad.pl>", "email_has_space"),
    ("jan", "email_no_at"),
    ("jan.przyklad.pl", "email_no_at"),
    ("jan@przyklad,pl", "email_has_comma"),
    ("jan,k@przyklad.pl", "email_has_comma"),
    ("łukasz@przyklad.pl", "email_not_ascii"),
    (f"ja{ZERO_WIDTH_SPACE}n@przyklad.pl", "email_not_ascii"),
    ("почта@przyklad.pl", "email_not_ascii"),
    ("@przyklad.pl", "email_invalid"),
    ("jan@", "email_invalid"),
    ("jan@@przyklad.pl", "email_invalid"),
    ("jan@anna@przyklad.pl", "email_invalid"),
    ("<jan@przyklad.pl>", "email_invalid"),
    ("mailto:jan@przyklad.pl", "email_invalid"),
    ("jan@przyklad", "email_invalid"),
    ("jan@localhost", "email_invalid"),
    ("jan@[127.0.0.1]", "email_invalid"),
    ("jan@127.0.0.1", "email_invalid"),
    ("jan@-przyklad.pl", "email_invalid"),
    ("jan@przyklad..pl", "email_invalid"),
    ("jan@przyklad.pl.", "email_invalid"),
    ("jan@prz_yklad.pl", "email_invalid"),
    ("jan..k@przyklad.pl", "email_invalid"),
    (".jan@przyklad.pl", "email_invalid"),
    ("jan.@przyklad.pl", "email_invalid"),
    ("jan;k@przyklad.pl", "email_invalid"),
    ('"jan"@przyklad.pl', "email_invalid"),
    ("jan\x00@przyklad.pl", "email_invalid"),
    ("a" * 65 + "@przyklad.pl", "email_invalid"),
    ("jan@" + "a" * 64 + ".pl", "email_invalid"),
    ("jan@" + "a" * 60 + (".b" * 100) + ".pl", "email_invalid"),
]


@pytest.mark.parametrize(("text", "expected"), GOOD_ADDRESSES)
def test_an_address_is_stored_in_lower_case_with_its_domain_in_ascii(text: str, expected: str) -> None:
    assert normalize_address(text) == normalize_mailbox_address(text) == expected


@pytest.mark.parametrize(("text", "code"), BAD_ADDRESSES)
def test_a_faulty_address_is_refused_with_its_code(text: str, code: str) -> None:
    assert codes_of(normalize_address, text) == codes_of(normalize_mailbox_address, text) == [code]


@pytest.mark.parametrize(
    "local_part", ["jan+tag", "jan%k", "a/b", "-jan", "jan-", "_jan", "jan_", "o'neil", "jan=k", "~"]
)
def test_a_mailbox_has_a_narrower_name_than_an_address(local_part: str) -> None:
    address = f"{local_part}@przyklad.pl"
    assert normalize_address(address) == address
    assert codes_of(normalize_mailbox_address, address) == ["email_unsafe_name"]
    assert f"“{local_part}”" in message_of(normalize_mailbox_address, address)


@pytest.mark.parametrize("address", ["../jan@przyklad.pl", "..@przyklad.pl", "a/../b@przyklad.pl", ".@przyklad.pl"])
def test_a_name_that_would_leave_the_mail_folder_is_refused(address: str) -> None:
    assert codes_of(normalize_mailbox_address, address)[0] in ("email_invalid", "email_unsafe_name")


@pytest.mark.parametrize("address", ["jan@your-domain.example", "jan@twoja-domena.example", "JAN@Your-Domain.Example"])
def test_the_example_row_of_a_template_is_never_an_account(address: str) -> None:
    assert codes_of(normalize_mailbox_address, address) == ["example_row"]


@pytest.mark.parametrize(
    ("local_part", "hint"),
    [
        ("łukasz", "Write it without accents: lukasz@przyklad.pl."),
        ("ZAŻÓŁĆ.GĘŚLĄ", "Write it without accents: zazolc.gesla@przyklad.pl."),
        ("müller", "Write it without accents: muller@przyklad.pl."),
        ("почта", "Use letters from a to z."),
        ("яjan", "Use letters from a to z."),
        (f"ja{ZERO_WIDTH_SPACE}n", "Use letters from a to z."),
    ],
)
def test_letters_that_mail_cannot_carry_get_a_proposal_only_when_there_is_one(local_part: str, hint: str) -> None:
    assert message_of(normalize_address, f"{local_part}@przyklad.pl").endswith(hint)


@given(st.text(max_size=80))
def test_what_is_stored_is_lower_case_ascii_and_stays_the_same(text: str) -> None:
    try:
        address = normalize_mailbox_address(text + "@przyklad.pl")
    except ValidationError:
        return
    assert address.isascii()
    assert address == address.lower() == normalize_mailbox_address(address)
    assert "/" not in address
    assert not address.startswith((".", "-"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("przyklad.pl", "przyklad.pl"),
        (" Przyklad.PL ", "przyklad.pl"),
        ("żółw.pl", "xn--w-uga1v8h.pl"),
        ("a.b.c.przyklad.pl", "a.b.c.przyklad.pl"),
    ],
)
def test_a_domain_is_stored_in_lower_case_ascii(text: str, expected: str) -> None:
    assert normalize_domain(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "przyklad",
        "localhost",
        "-a.pl",
        "a..pl",
        ".pl",
        "a.pl.",
        "a b.pl",
        "a,pl",
        "a_b.pl",
        "jan@a.pl",
        "a/b.pl",
        "https://przyklad.pl",
        "1.2.3.4",
        "a" * 64 + ".pl",
        "*.przyklad.pl",
    ],
)
def test_what_is_no_domain_name_is_refused(text: str) -> None:
    assert codes_of(normalize_domain, text) == ["domain_invalid"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("xn--w-uga1v8h.pl", "żółw.pl"),
        ("jan@xn--w-uga1v8h.pl", "jan@żółw.pl"),
        ("jan@przyklad.pl", "jan@przyklad.pl"),
        ("jan@xn--.pl", "jan@xn--.pl"),
        ("jan@xn--a\u0105.pl", "jan@xn--a\u0105.pl"),
        ("not a domain", "not a domain"),
        ("", ""),
    ],
)
def test_names_are_shown_in_unicode_and_what_cannot_be_stays_as_it_is(name: str, expected: str) -> None:
    assert to_unicode(name) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("500", 500),
        (" 500 ", 500),
        ("1", 1),
        ("0500", 500),
        ("500.0", 500),
        ("500,0", 500),
        ("500,00", 500),
        ("1 000", 1000),
        (f"1{NBSP}000", 1000),
        (f"10{NARROW_NBSP}000", 10_000),
        ("1 000 000", 1_000_000),
        ("1 000,0", 1000),
        ("500.0000", 500),
        (str(MAX_QUOTA_MB), MAX_QUOTA_MB),
        ("0" * 50 + "7", 7),
    ],
)
def test_a_quota_is_read_as_people_mean_it(text: str, expected: int) -> None:
    assert parse_quota_mb(text) == expected


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "quota_not_number"),
        ("dużo", "quota_not_number"),
        ("2 GB", "quota_not_number"),
        ("500MB", "quota_not_number"),
        ("1 000 MB", "quota_not_number"),
        ("1e3", "quota_not_number"),
        ("٥", "quota_not_number"),
        ("５００", "quota_not_number"),
        ("²", "quota_not_number"),
        ("0x10", "quota_not_number"),
        ("+5", "quota_not_number"),
        ("1_000", "quota_not_number"),
        ("500.5", "quota_not_number"),
        ("500,", "quota_not_number"),
        (".5", "quota_not_number"),
        ("10 00", "quota_not_number"),
        ("1  000", "quota_not_number"),
        ("1,000,000", "quota_not_number"),
        ("1.000,00", "quota_not_number"),
        ("5 0", "quota_not_number"),
        ("1.000", "quota_ambiguous"),
        ("1,000", "quota_ambiguous"),
        ("1 000.000", "quota_ambiguous"),
        ("1.024", "quota_ambiguous"),
        ("10,240", "quota_ambiguous"),
        ("1 000.512", "quota_not_number"),
        ("1024,512", "quota_not_number"),
        ("1.02", "quota_not_number"),
        ("0", "quota_too_small"),
        ("00", "quota_too_small"),
        ("0,0", "quota_too_small"),
        ("0.000", "quota_too_small"),
        ("-0", "quota_too_small"),
        ("-5", "quota_too_small"),
        ("-5,0", "quota_too_small"),
        ("-1.000", "quota_too_small"),
        ("2147483648", "quota_too_large"),
        ("9" * 40, "quota_too_large"),
        ("9" * 10_000, "quota_too_large"),
        ("9" * 10_000 + ".000", "quota_too_large"),
    ],
)
def test_a_quota_that_is_no_whole_number_of_mb_is_refused(text: str, code: str) -> None:
    assert codes_of(parse_quota_mb, text) == [code]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("2 GB", "Write 2048."),
        ("2gb", "Write 2048."),
        ("500 MB", "Write 500."),
        ("1 tb", "Write 1048576."),
        ("1.000", "Write 1 or 1000."),
        ("500,000", "Write 500 or 500000."),
        ("1.024", "If you mean 1024, write it without the separator."),
    ],
)
def test_the_refusal_of_a_quota_says_what_to_write(text: str, hint: str) -> None:
    assert message_of(parse_quota_mb, text).endswith(hint)


@given(st.integers(min_value=1, max_value=MAX_QUOTA_MB))
def test_every_quota_that_fits_is_read_back(quota_mb: int) -> None:
    assert parse_quota_mb(str(quota_mb)) == parse_quota_mb(f"{quota_mb},0") == quota_mb
    assert parse_quota_mb(f"{quota_mb:,}".replace(",", " ")) == quota_mb


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("abc123", "abc123"),
        ("  abc123\t", "abc123"),
        (f"{NBSP}abc123{ZERO_WIDTH_SPACE}", "abc123"),
        ("abc 123", "abc 123"),
        ("żółw12", "żółw12"),
        ("=1+cmd|x", "=1+cmd|x"),
        ("a1" * 64, "a1" * 64),
        ("aaaaa1😀", "aaaaa1😀"),
        (f"abc{NBSP}123", f"abc{NBSP}123"),
    ],
)
def test_a_password_is_taken_as_it_stands_outer_blanks_aside(text: str, expected: str) -> None:
    assert clean_password(text) == expected


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("abc12", ["password_too_short"]),
        ("  abc12  ", ["password_too_short"]),
        ("abcdef", ["password_no_digit"]),
        ("123456", ["password_no_letter"]),
        ("!!!!!!", ["password_no_letter", "password_no_digit"]),
        ("", ["password_too_short", "password_no_letter", "password_no_digit"]),
        ("abc", ["password_too_short", "password_no_digit"]),
        ("a1" * 64 + "a", ["password_too_long"]),
        ("abc\n123", ["password_control_character"]),
        ("abc\x00123", ["password_control_character"]),
        ("abc\u2028123", ["password_control_character"]),
        (f"abc{ZERO_WIDTH_SPACE}123", ["password_control_character"]),
        (f"abc{SOFT_HYPHEN}123", ["password_control_character"]),
    ],
)
def test_a_weak_or_untypable_password_is_refused_with_all_its_faults(text: str, codes: list[str]) -> None:
    assert codes_of(clean_password, text) == codes


def test_the_least_length_of_a_password_is_a_setting(settings: Any) -> None:
    settings.PASSWORD_MIN_LENGTH = 10
    assert codes_of(clean_password, "abc123") == ["password_too_short"]
    assert message_of(clean_password, "abc123") == "The password needs at least 10 characters."
    assert clean_password("abcdef1234") == "abcdef1234"


@given(st.text(min_size=1, max_size=MAX_PASSWORD_LENGTH + 20))
def test_no_message_holds_the_password(text: str) -> None:
    secret = "Zq" + text + "Zq"
    try:
        clean_password(secret)
    except ValidationError as error:
        assert secret.strip() not in " ".join(error.messages)
        assert not any("value" in (single.params or {}) for single in error.error_list)


@pytest.mark.parametrize(("password", "common"), [("password1", True), ("Qwerty123", True), ("snad9hj934!!", False)])
def test_very_common_passwords_are_known(password: str, common: bool) -> None:
    assert is_common_password(password) is common


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ()),
        (f" {NBSP} ", ()),
        ("Anna@Przyklad.pl", ("anna@przyklad.pl",)),
        ("anna@przyklad.pl  ewa@żółw.pl", ("anna@przyklad.pl", "ewa@xn--w-uga1v8h.pl")),
        (f"anna@przyklad.pl{NBSP}ewa@przyklad.pl\new@x.pl", ("anna@przyklad.pl", "ewa@przyklad.pl", "ew@x.pl")),
        ("b@x.pl a@x.pl B@X.pl", ("b@x.pl", "a@x.pl")),
        ("anna+tag@gmail.com", ("anna+tag@gmail.com",)),
        (" ".join(f"a{number}@x.pl" for number in range(20)), tuple(f"a{number}@x.pl" for number in range(20))),
        (" ".join(["a@x.pl"] * 60), ("a@x.pl",)),
    ],
)
def test_destinations_are_separated_by_blanks_and_each_is_kept_once(text: str, expected: tuple[str, ...]) -> None:
    assert parse_destinations(text) == expected


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("a@x.pl,b@x.pl", ["forward_separator"]),
        ("a@x.pl, b@x.pl", ["forward_separator"]),
        ("a@x.pl ; b@x.pl", ["forward_separator"]),
        ("a@x.pl;b@x.pl;c@x.pl", ["forward_separator"]),
        ("a@x,pl", ["forward_has_comma"]),
        ("anna", ["forward_no_at"]),
        ("anna ewa@x.pl łucja@x.pl ew@x", ["forward_no_at", "forward_not_ascii", "forward_invalid"]),
        (" ".join(f"a{number}@x.pl" for number in range(21)), ["forward_too_many"]),
        ("word " * 60, ["forward_no_at"]),
        (" ".join(f"word{number}" for number in range(21)), ["forward_too_many"]),
        ("żółw", ["forward_no_at"]),
    ],
)
def test_every_faulty_destination_is_named(text: str, codes: list[str]) -> None:
    assert codes_of(parse_destinations, text) == codes


def test_too_many_destinations_are_counted_in_the_message() -> None:
    text = " ".join(f"a{number}@x.pl" for number in range(MAX_DESTINATIONS + 1))
    assert message_of(parse_destinations, text) == "A forward can have at most 20 addresses. Remove some."


@pytest.mark.parametrize(
    "word", ["Tak", "TAK", "tak ", "yes", "Yes", "1", "true", "TRUE", "Prawda", "PRAWDA", f"{BOM}tak"]
)
def test_words_for_yes(word: str) -> None:
    assert parse_keep_copy(word) is True


@pytest.mark.parametrize("word", ["Nie", "NIE", " no", "0", "False", "FAŁSZ", "fałsz", "falsz", "", " ", NBSP])
def test_words_for_no_and_the_empty_cell(word: str) -> None:
    assert parse_keep_copy(word) is False


@pytest.mark.parametrize("word", ["ja", "t", "n", "x", "2", "1.0", "on", "tak nie", "-", "tak!", "wahr"])
def test_another_word_about_the_copy_is_refused(word: str) -> None:
    assert codes_of(parse_keep_copy, word) == ["keep_copy_unknown"]
    assert f"“{word}”" in message_of(parse_keep_copy, word)


@pytest.mark.parametrize("function", [normalize_address, parse_quota_mb, parse_keep_copy, parse_destinations])
def test_a_long_value_is_quoted_with_its_beginning_only(function: Callable[[str], Any]) -> None:
    message = message_of(function, "x" * 30_000)
    assert "“" + "x" * 99 + "…”" in message
    assert len(message) < 200


@pytest.mark.parametrize("function", [normalize_address, normalize_domain, parse_quota_mb, parse_destinations, trimmed])
@pytest.mark.parametrize("text", ["@", "a@", "a@b,", " ", "1 000 ", "a.", "@a ", f"{NBSP}{ZERO_WIDTH_SPACE}", "-", "ż"])
def test_no_text_takes_long_to_refuse(function: Callable[[str], Any], text: str) -> None:
    start = process_time()
    with contextlib.suppress(ValidationError):
        function("x" + text * (32_000 // len(text)) + "x")
    assert process_time() - start < 2


@pytest.mark.parametrize(("text", "code"), BAD_ADDRESSES)
def test_every_message_is_a_sentence_that_quotes_the_value(text: str, code: str) -> None:
    message = message_of(normalize_address, text)
    assert message.endswith(".")
    assert code == "email_missing" or "“" in message
