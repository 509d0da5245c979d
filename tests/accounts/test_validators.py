"""The syntax of every value: what is accepted, as what it is stored, and which code refuses the rest."""

import contextlib
from collections.abc import Callable
from time import process_time
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from hypothesis import example, given
from hypothesis import strategies as st

from accounts.quota_texts import MAX_QUOTA_MB
from accounts.refusals import get_suggestion
from accounts.validators import (
    MAX_DESTINATIONS,
    MAX_PASSWORD_LENGTH,
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

HASHES = [
    "$2b$12$Cq7vX0mUj1nZr8sT3wYb4eKf5gHi6LkJ9oPq2RsTuVwXyZa1Bc3De",
    "$2y$05$abcdefghijklmnopqrstuuabcdefghijklmnopqrstuvwxyz012345",
    "$1$abcdefgh$" + "a1" * 11,
    "$apr1$zzz$" + "b2" * 11,
    "$5$rounds=5000$abc$" + "x3" * 21,
    "$6$salt$" + "y4" * 43,
    "!$6$salt$" + "y4" * 43,
    "$7$CU..../....salt$" + "h5" * 21,
    "$y$j9T$abc$" + "d6" * 21,
    "$gy$j9T$abc$" + "d6" * 21,
    "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo",
    "$argon2i$m=1024,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo",
    "$scrypt$ln=16,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBs",
    "$pbkdf2-sha256$29000$N2YMIWQsBWBMae09x1jrPQ$1t8iyB2A.WF/Z5JZv.lfCIhXXN33N23OSgQYThBYRfk",
    "$sha1$40000$jtNX3nZ2$" + "q7" * 14,
    "$P$B" + "p8" * 15,
    "pbkdf2_sha256$600000$salt$aGFzaGhhc2hoYXNo=",
    "{SSHA512}bnllIG1hIHRha2llZ28gaGFzbGE",
    "{ssha}bnllIG1hIHRha2llZ28gaGFzbGE",
    "{SHA512-CRYPT}$6$salt$" + "y4" * 43,
    "{SHA256.HEX}" + "00ff11aa" * 8,
    "{PLAIN}haslo123",
    "{noop}haslo123",
    "{CRYPT}ab12cd34ef56g",
    "{DES}ab12cd34ef56g",
    "{MD5}X03MO1qnZdYdgyfeuILPmQ==",
    "{PKCS5S2}DQIXJU038u4P7FdsuFTY/+35bm41kfjZa57UrdxHp2Mu3qF2uy+ooD+jF5t1tb8J",
    "{NTHASH}8846F7EAEE8FB117AD06BDD830B7586C",
    "{x-issha, 1024}R0FBQUFBQUFBQUFBQUFBQUFBQUFB",
    "{bcrypt}$2a$10$abcdefghijklmnopqrstuuabcdefghijklmnopqrstuvwxyz012345",
    "{OTP}md5 0499 ke1234 0123456789abcdef",
    "{SASL}jan@x.pl",
    "*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19",
    "5f4dcc3b5aa765d61d8327deb882cf99",
    "5F4DCC3B5AA765D61D8327DEB882CF99",
    "5f4dcc3b5aa765d61d8327deb882cf99:salt",
    *("0a1b2c3d" * (length // 8) for length in (40, 56, 64, 96, 128)),
    "md55f4dcc3b5aa765d61d8327deb882cf99",
    "SCRAM-SHA-256$4096:c2FsdA==$c3RvcmVkc3RvcmVk:c2VydmVyc2VydmVy",
    "0x0200" + "0A1B2C3D" * 17,
    "*$6$salt$" + "y4" * 43,
    "$3$$8846f7eaee8fb117ad06bdd830b7586c",
    "$md5,rounds=904$iPPKEBnEkp3JV8uX$0L6m7rOFTVFn.SGqo2M9W1",
    "$sm3$Qb/WdxmTlS1rG$" + "b4" * 21 + "c",
    "$H$9" + "p8" * 15,
    "sha1$salt$" + "0a1b2c3d" * 5,
    "md5$salt$" + "0a1b2c3d" * 4,
    "pbkdf2:sha256:600000$salt$" + "0a1b2c3d" * 8,
    "scrypt:32768:8:1$salt$" + "0a1b2c3d" * 16,
    "{ARGON2ID}$argon2id$v=19$m=1024",
    # Cut off: the beginning tells.
    *("$2y$10$abc1", "$6$abc1", "$6$dni$wtygodniu7", "$argon2id$v=19", "{SSHA}abc1", "{nt}abc1", "{Sha256.b64}Kira1"),
    # With a word or signs before it.
    "bcrypt:$2y$10$abcdefghijklmnopqrstuuabcdefghijklmnopqrstuvwxyz012345",
    "\\$2y\\$10\\$abcdefghijklmnopqrstuuabcdefghijklmnopqrstuvwxyz012345",
    "'$2y$10$abcdefghijklmnopqrstuuabcdefghijklmnopqrstuvwxyz012345",
    "argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo",
    "{x-pbkdf2}1000$abc1$" + "a1" * 20,
    "$NT$8846f7eaee8fb117ad06bdd830b7586c",
    "0x5f4dcc3b5aa765d61d8327deb882cf99",
    "MD5:5f4dcc3b5aa765d61d8327deb882cf99",
]
NBSP, NARROW_NBSP, ZERO_WIDTH_SPACE, BOM, SOFT_HYPHEN = "\u00a0", "\u202f", "\u200b", "\ufeff", "\u00ad"


def error_codes(function: Callable[[str], Any], text: str) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        function(text)
    return [str(error.code) for error in caught.value.error_list]


def suggestions(function: Callable[[str], Any], text: str) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        function(text)
    return [get_suggestion(error) for error in caught.value.error_list]


def error_message(function: Callable[[str], Any], text: str) -> str:
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
        ("\u200e\u202bjan\u202c\u200f", "jan"),
        ("\u2067\u061cjan\u2069", "jan"),
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
    ("jan@przyklad.pl anna@przyklad.pl", "email_several"),
    (f"jan{NBSP}k@przyklad.pl", "email_has_space"),
    ("jan @przyklad.pl", "email_has_space"),
    ("jan\n@przyklad.pl", "email_has_space"),
    ("Jan <jan@przyklad.pl>", "email_with_name"),
    ("jan", "email_no_at"),
    ("jan.przyklad.pl", "email_no_at"),
    ("jan@przyklad,pl", "email_has_comma"),
    ("jan,k@przyklad.pl", "email_has_comma"),
    ("łukasz@przyklad.pl", "email_not_ascii"),
    (f"ja{ZERO_WIDTH_SPACE}n@przyklad.pl", "email_invisible"),
    ("почта@przyklad.pl", "email_not_ascii"),
    ("@przyklad.pl", "email_invalid"),
    ("jan@", "email_invalid"),
    ("jan@@przyklad.pl", "email_invalid"),
    ("jan@anna@przyklad.pl", "email_invalid"),
    ("<jan@przyklad.pl>", "email_with_name"),
    ("mailto:jan@przyklad.pl", "email_with_mailto"),
    ("jan@przyklad", "email_invalid"),
    ("jan@localhost", "email_invalid"),
    ("jan@[127.0.0.1]", "email_invalid"),
    ("jan@127.0.0.1", "email_invalid"),
    ("jan@-przyklad.pl", "email_invalid"),
    ("jan@przyklad..pl", "email_invalid"),
    ("jan@przyklad.pl.", "email_extra_sign"),
    ("jan@prz_yklad.pl", "email_invalid"),
    ("jan..k@przyklad.pl", "email_invalid"),
    (".jan@przyklad.pl", "email_extra_sign"),
    ("jan.@przyklad.pl", "email_invalid"),
    ("jan;k@przyklad.pl", "email_with_more"),
    ('"jan"@przyklad.pl', "email_invalid"),
    ("jan\x00@przyklad.pl", "email_invalid"),
    ("jan kowalski", "email_no_at"),
    ("'jan@przyklad.pl", "email_extra_sign"),
    ("jan@przyk\u043bad.pl", "email_mixed_alphabet"),
    ("a" * 65 + "@przyklad.pl", "email_invalid"),
    ("jan@" + "a" * 64 + ".pl", "email_invalid"),
    ("jan@" + "a" * 60 + (".b" * 100) + ".pl", "email_invalid"),
]


@pytest.mark.parametrize(("text", "expected"), GOOD_ADDRESSES)
def test_an_address_is_stored_in_lower_case_with_its_domain_in_ascii(text: str, expected: str) -> None:
    assert normalize_address(text) == normalize_mailbox_address(text) == expected


@pytest.mark.parametrize(("text", "code"), BAD_ADDRESSES)
def test_a_faulty_address_is_refused_with_its_code(text: str, code: str) -> None:
    assert error_codes(normalize_address, text) == error_codes(normalize_mailbox_address, text) == [code]


@pytest.mark.parametrize(
    "local_part", ["jan+tag", "jan%k", "a/b", "-jan", "jan-", "_jan", "jan_", "o'neil", "jan=k", "~"]
)
def test_a_mailbox_has_a_narrower_name_than_an_address(local_part: str) -> None:
    address = f"{local_part}@przyklad.pl"
    assert normalize_address(address) == address
    assert error_codes(normalize_mailbox_address, address) == ["email_unsafe_name"]
    assert f"“{local_part}”" in error_message(normalize_mailbox_address, address)


@pytest.mark.parametrize("address", ["../jan@przyklad.pl", "..@przyklad.pl", "a/../b@przyklad.pl", ".@przyklad.pl"])
def test_a_name_that_would_leave_the_mail_folder_is_refused(address: str) -> None:
    assert error_codes(normalize_mailbox_address, address)[0] in ("email_invalid", "email_unsafe_name")


@pytest.mark.parametrize("address", ["jan@your-domain.example", "jan@twoja-domena.example", "JAN@Your-Domain.Example"])
def test_the_example_row_of_a_template_is_never_an_account(address: str) -> None:
    assert error_codes(normalize_mailbox_address, address) == ["example_row"]


@pytest.mark.parametrize(
    ("local_part", "hint"),
    [
        ("łukasz", "Write it without accents: lukasz@przyklad.pl."),
        ("ZAŻÓŁĆ.GĘŚLĄ", "Write it without accents: zazolc.gesla@przyklad.pl."),
        ("müller", "Write it without accents: muller@przyklad.pl."),
        ("почта", "Use letters from a to z."),
    ],
)
def test_letters_that_mail_cannot_carry_get_a_proposal_only_when_there_is_one(local_part: str, hint: str) -> None:
    assert error_message(normalize_address, f"{local_part}@przyklad.pl").endswith(hint)


@pytest.mark.parametrize(
    ("text", "suggestion"),
    [
        ("Jan Kowalski <Jan@Przyklad.pl>", "jan@przyklad.pl"),
        ("Kowalski, Jan <jan@przyklad.pl>", "jan@przyklad.pl"),
        ('"Jan" <jan@przyklad.pl>,', "jan@przyklad.pl"),
        ("<jan@przyklad.pl>", "jan@przyklad.pl"),
        ("jan@przyklad.pl (Jan)", "jan@przyklad.pl"),
        ("(Jan) jan@przyklad.pl", "jan@przyklad.pl"),
        ("jan@przyklad.pl <mailto:jan@przyklad.pl>", "jan@przyklad.pl"),
        ("Jan [mailto:jan@przyklad.pl]", "jan@przyklad.pl"),
        ("MAILTO:jan@przyklad.pl?subject=Dzień dobry, Janie", "jan@przyklad.pl"),
        ("<mailto:jan@przyklad.pl>", "jan@przyklad.pl"),
        ("jan@przyklad.pl.", "jan@przyklad.pl"),
        ("jan@przyklad.pl,", "jan@przyklad.pl"),
        ("jan@przyklad.pl;", "jan@przyklad.pl"),
        ("jan@przyklad.pl :", "jan@przyklad.pl"),
        ("'jan@przyklad.pl'", "jan@przyklad.pl"),
        ("„jan@przyklad.pl”", "jan@przyklad.pl"),
        ("(jan@przyklad.pl)", "jan@przyklad.pl"),
        ("jan @przyklad.pl", "jan@przyklad.pl"),
        ("jan2@ sp12.example", "jan2@sp12.example"),
        ("lena. kozlowska@przyklad.pl", "lena.kozlowska@przyklad.pl"),
        ("jan@przy klad.pl", "jan@przyklad.pl"),
        ("jan kowalski@przyklad.pl", ""),
        ("jan kowalski @przyklad.pl", ""),
        ("Anna Lis al@przyklad.pl", ""),
        ("jan@przyklad,pl", "jan@przyklad.pl"),
        ("jan@przyklad.iq,pl", "jan@przyklad.iq.pl"),
        ("jan @przyklad,pl.", "jan@przyklad.pl"),
        ("jan,k@przyklad.pl", ""),
        ("Łukasz Żak <łukasz@żółw.pl>", "lukasz@żółw.pl"),
        ("łu\u0301kasz@przyklad.pl", "lukasz@przyklad.pl"),
        ("ra\u0301dek@przyklad.pl", "radek@przyklad.pl"),
        (f"ja{ZERO_WIDTH_SPACE}n@przyklad.pl", "jan@przyklad.pl"),
        (f"jan@przy{SOFT_HYPHEN}klad.pl", "jan@przyklad.pl"),
        ("jan@\u202aprzyklad.pl", "jan@przyklad.pl"),
        (f"Ja{BOM}n <jan@przyklad{ZERO_WIDTH_SPACE}.pl>", "jan@przyklad.pl"),
        ("jan@przykład\u0430.pl", "jan@przykłada.pl"),
        ("j\u0430n@przyklad.pl", "jan@przyklad.pl"),
        ("jan@почтa.рф", ""),
        ("яjan@przyklad.pl", ""),
        ("jan@przyklad.pl;haslo1", ""),
        ("jan@@przyklad.pl", ""),
        ("Jan <jan+tag@przyklad.pl>", ""),  # which cannot be the name of a mailbox
    ],
)
def test_what_was_meant_is_suggested_only_where_it_is_sure(text: str, suggestion: str) -> None:
    assert suggestions(normalize_mailbox_address, text) == [suggestion]
    if suggestion:
        normalize_mailbox_address(suggestion)


PARTS = st.sampled_from(
    ["jan", "k@x.pl", "ewa@y.pl", "mailto:", "x,pl", "pl", "ł", "\u0430", "\u0301", "\u200b", "xn--"]
)
SIGNS = st.sampled_from(list("@.,;<>()[]\"'? \n\t|-_2/:"))
ODD_TEXTS = st.lists(PARTS | SIGNS | st.characters(), max_size=12).map("".join)


@given(ODD_TEXTS)
@example("jan@x.pl <jan@x.pl")
@example("mailto:mailto:jan@x.pl")
def test_a_suggestion_is_a_good_value(text: str) -> None:
    for function in (normalize_mailbox_address, parse_destinations, normalize_domain):
        try:
            function(text)
        except ValidationError as error:
            for single in error.error_list:
                assert single.messages
                if suggestion := get_suggestion(single):
                    assert function(suggestion)


@pytest.mark.parametrize(
    "text",
    [
        "w4@b.example,Globus44",
        "w4@b.example;Globus44",
        "w4@b.example\tGlobus44",
        "w4@b.example|Globus44",
        "w4@b.example Globus44",
        "w4@b.example\nGlobus44",
        "w4@b.example , Globus44",
        "Globus44,w4@b.example",
        "Globus44 w4@b.example",
        "w4@b;Globus44",
        "w4@b,Globus44",
        "w4 @b.example,Globus44",
        "Ewa <w4@b.example>;Globus44",
        "w4@b.example (Globus44)",
        f"w4@b.example{ZERO_WIDTH_SPACE};Globus44",
        "w4@b.example,Globus44," + "x" * 2000,
        "jan kowalski @x Globus44",
        "w4;Globus44",
    ],
)
def test_what_stands_beside_an_address_is_never_quoted(text: str) -> None:
    message = error_message(normalize_address, text)
    assert "Globus44" not in message
    assert "full stop" not in message
    assert "Remove the space" not in message


JOINTS = [
    ":",
    "/",
    "\\",
    "=",
    "-",
    "~",
    "_",
    "#",
    "&",
    "::",
    "->",
    '"',
    "<",
    ">",
    "(",
    ")",
    "!",
    "·",
    "—",
    "–",
    "?",
    "@",
]


@pytest.mark.parametrize("joint", [*JOINTS, "+", "'", ".", "[", "]", " - ", " : ", "\u2011"])
def test_what_is_joined_to_the_end_of_an_address_is_never_quoted(joint: str) -> None:
    for function in (normalize_mailbox_address, parse_destinations):
        assert "Haslo111" not in error_message(function, f"w4@b.example{joint}Haslo111")
    code = "email_invalid" if joint in "@." else "email_with_more"
    assert error_codes(normalize_mailbox_address, f"w4@b.example{joint}Haslo111") == [code]


@pytest.mark.parametrize("joint", [joint for joint in JOINTS if joint not in "-_"])
def test_what_is_joined_to_the_beginning_of_an_address_is_never_quoted(joint: str) -> None:
    text = f"Haslo111{joint}w4@b.example"
    for value in (text, f"{text},pl", f"{text}.", text.replace("w4", f"w{ZERO_WIDTH_SPACE}4"), f"mailto:{text}"):
        assert "aslo111" not in error_message(normalize_mailbox_address, value)
        assert suggestions(normalize_mailbox_address, value) == [""]


@pytest.mark.parametrize("text", ["P@ssw0rd", "P@ssword1!", "Kot55@dom", "Haslo111", "Haslo1@", "jan@x.pl1", "K@t@1"])
def test_what_may_be_a_password_in_the_place_of_an_address_is_not_quoted(text: str) -> None:
    assert text not in error_message(normalize_mailbox_address, text)
    assert text not in error_message(parse_destinations, text)


@pytest.mark.parametrize("text", ["jan2..k@x.pl", "jan@-x2.pl", "jan2@x,pl", "jan2@ x.pl", "ł2@x.pl", "jan", "jan@x"])
def test_what_can_only_be_an_address_is_quoted(text: str) -> None:
    assert f"“{text}”" in error_message(normalize_mailbox_address, text)


@pytest.mark.parametrize(
    ("text", "named", "suggestion"),
    [
        ("jan–k@x.pl", "“–” (U+2013). Write jan-k@x.pl.", "jan-k@x.pl"),
        ("jan\u2011k2@x.pl", "“\u2011” (U+2011)", "jan-k2@x.pl"),
        ("jan\u2212k@x.pl", "“\u2212” (U+2212)", "jan-k@x.pl"),
        ("jan@klub–x.pl", "“–” (U+2013)", "jan@klub-x.pl"),
        ("Jan\uff20x.pl", "“\uff20” (U+FF20)", "jan@x.pl"),
        ("ｊａｎ@x.pl", "“ｊ” (U+FF4A)", "jan@x.pl"),
        ("\u212aot@x.pl", "“\u212a” (U+212A)", "kot@x.pl"),
        ("Jan <jan\u2011k@x.pl>", "“\u2011” (U+2011)", "jan-k@x.pl"),
    ],
)
def test_another_form_of_a_sign_is_named_with_the_plain_one(text: str, named: str, suggestion: str) -> None:
    assert error_codes(normalize_mailbox_address, text) == ["email_look_alike"]
    assert named in error_message(normalize_mailbox_address, text)
    assert suggestions(normalize_mailbox_address, text) == [suggestion]


def test_a_hidden_character_is_named() -> None:
    message = error_message(normalize_address, f"ja{ZERO_WIDTH_SPACE}n@przyklad.pl")
    assert message.startswith("“jan@przyklad.pl” has a character that cannot be seen in it (U+200B).")


@pytest.mark.parametrize("address", ["jan@почта.рф", "jan@ελληνικά.gr", "jan@почта.pl", "jan@日本ab.jp"])
def test_a_domain_in_one_alphabet_stays_valid(address: str) -> None:
    assert normalize_address(address).startswith("jan@xn--")


def test_a_letter_that_only_looks_latin_is_named_with_its_alphabet() -> None:
    assert "“\u0430” (Cyrillic)" in error_message(normalize_address, "jan@przykł\u0430d.pl")
    assert "“\u03bf” (Greek)" in error_message(normalize_domain, "przyk\u03bflad.pl")
    assert "“\u0430” (Cyrillic)" in error_message(normalize_address, "jan@xn--przykd-7db411d.pl")
    assert error_codes(normalize_domain, "przykł\u0430d.pl") == ["domain_mixed_alphabet"]
    assert suggestions(normalize_domain, "przykł\u0430d.pl") == ["przykład.pl"]


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (parse_quota_mb, "100;Globus44"),
        (parse_quota_mb, "Globus44"),
        (parse_quota_mb, "44 Globus"),
        (parse_keep_copy, "Tak,Globus44"),
        (parse_keep_copy, "Globus44"),
        (parse_keep_copy, "Tak;Globus"),
        (parse_quota_mb, "slonko"),
        (parse_quota_mb, "slon!ko"),
        (parse_keep_copy, "slonko"),
        (parse_keep_copy, "4"),
        (parse_destinations, "slonko"),
        (parse_destinations, "x@b.example slonko"),
        (parse_destinations, "Globus44"),
        (parse_destinations, "x@b.example,Globus44"),
        (parse_destinations, "x@b.example Globus44"),
        (parse_destinations, "x@b,Globus44"),
        (parse_destinations, "x@b.example|Globus44"),
        (parse_destinations, "x@b.example;Glo@bus44"),
    ],
)
def test_what_may_be_the_password_of_a_row_that_has_slipped_is_not_quoted(
    function: Callable[[str], Any], text: str
) -> None:
    message = error_message(function, text)
    assert "bus" not in message


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
    assert error_codes(normalize_domain, text) == ["domain_invalid"]


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
        ("1\u2009000", 1000),
        ("1\u2003000\u2009MB", 1000),
        ("1\u3000000", 1000),
        ("1 000 000", 1_000_000),
        ("1 000,0", 1000),
        ("500.0000", 500),
        (str(MAX_QUOTA_MB), MAX_QUOTA_MB),
        ("500 MB", 500),
        ("500mb", 500),
        ("512 M", 512),
        ("1 000 MB", 1000),
        (f"1{NBSP}GB", 1024),
        ("1,5 GB", 1536),
        ("1.5GB", 1536),
        ("0,500 GB", 512),
        ("4G", 4096),
        ("2 GiB", 2048),
        ("500 MiB", 500),
        ("2 tb", 2_097_152),
        ("1 TiB", 1_048_576),
        ("1,0625 GB", 1088),
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
        ("1,3 GB", "quota_not_number"),
        ("500,5 MB", "quota_not_number"),
        ("2048 KB", "quota_not_number"),
        ("5 B", "quota_not_number"),
        ("5 PB", "quota_not_number"),
        ("GB", "quota_not_number"),
        ("1 GB 500 MB", "quota_not_number"),
        ("0." + "1" * 10_000 + " GB", "quota_not_number"),
        ("bez limitu", "quota_unlimited"),
        ("Bez  Limitu", "quota_unlimited"),
        ("brak limitu", "quota_unlimited"),
        ("UNLIMITED", "quota_unlimited"),
        ("no limit", "quota_unlimited"),
        ("nielimitowane", "quota_unlimited"),
        ("∞", "quota_unlimited"),
        ("-1", "quota_unlimited"),
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
        ("1.024 GB", "quota_ambiguous"),
        ("1,500 GB", "quota_ambiguous"),
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
        ("0 GB", "quota_too_small"),
        ("-2 GB", "quota_too_small"),
        ("2147483648", "quota_too_large"),
        (str(MAX_QUOTA_MB + 1), "quota_too_large"),
        ("10 TB", "quota_too_large"),
        ("9" * 40, "quota_too_large"),
        ("9" * 10_000, "quota_too_large"),
        ("9" * 10_000 + ".000", "quota_too_large"),
    ],
)
def test_a_quota_that_is_no_whole_number_of_mb_is_refused(text: str, code: str) -> None:
    assert error_codes(parse_quota_mb, text) == [code]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("1,3 GB", "is not a whole number of MB. Write one, such as 500."),
        ("bez limitu", "sets no limit, but every mailbox needs one. Write a number of MB, such as 500."),
        ("2147483648", "looks like bytes. Write 2048."),
        ("2147483649", "looks like bytes. Write the number of MB."),
        ("10 TB", "is larger than any mailbox can be. Write fewer MB."),
        ("1.000 GB", "Write 1 GB or 1000 GB."),
        ("1,500 GB", "Write 1,5 GB or 1500 GB."),
        ("1.024 GB", "If you mean 1024 GB, write it without the separator."),
        ("1.000", "Write 1 or 1000."),
        ("500,000", "Write 500 or 500000."),
        ("1.024", "If you mean 1024, write it without the separator."),
    ],
)
def test_the_refusal_of_a_quota_says_what_to_write(text: str, hint: str) -> None:
    assert error_message(parse_quota_mb, text).endswith(hint)


def test_bytes_are_offered_as_mb_where_they_are_whole() -> None:
    assert suggestions(parse_quota_mb, "2147483648") == ["2048"]
    assert suggestions(parse_quota_mb, "2147483649") == [""]
    assert suggestions(parse_quota_mb, "9" * 20) == [""]


@given(st.integers(min_value=1, max_value=9000))
def test_a_unit_says_the_same_as_the_number_of_mb(count: int) -> None:
    assert parse_quota_mb(f"{count} GB") == parse_quota_mb(f"{count * 1024}") == count * 1024


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
        ("x1" * 64, "x1" * 64),
        ("aaaaa1😀", "aaaaa1😀"),
        (f"abc{NBSP}123", "abc 123"),
        (f"abc{NARROW_NBSP}12\u30003", "abc 12 3"),
        ("s\u0301limak A7", "ślimak A7"),
        ("$tolica5", "$tolica5"),
        ("{nawias}6", "{nawias}6"),
        ("$2 razy$5", "$2 razy$5"),
        *((text, text) for text in ("{kot}abc1", "{}Kira1", "$10$haslo", "$2026$abc", "$_$abc123", "haslo:abc123")),
        *((text, text) for text in ("0xdeadbeef12", "md5haslo123", "!haslo1", "*LK*abc123", '"haslo1"')),
        *((text, text) for text in ("(Haslo123)", "(abc1) (def2)", "<Haslo123>")),
        ("sha1$moje$haslo1", "sha1$moje$haslo1"),
        ("*haslo123", "*haslo123"),
        ("0a1b2c3d", "0a1b2c3d"),
        ("Kot5@dom", "Kot5@dom"),
        ("P@ss.w0rd1", "P@ss.w0rd1"),
        ("aB3@x.y", "aB3@x.y"),
    ],
)
def test_a_password_is_taken_as_its_person_can_type_it(text: str, expected: str) -> None:
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
    assert error_codes(clean_password, text) == codes


@pytest.mark.parametrize("stored", HASHES)
def test_the_hash_of_a_password_is_none_and_is_never_quoted(stored: str) -> None:
    assert error_codes(clean_password, f" {stored}{NBSP}") == ["password_is_hash"]
    assert stored not in error_message(clean_password, stored)


@pytest.mark.parametrize(
    "text", ["kopia7@gmail.com", "Kopia7@Gmail.com", "a1@x.pl, b@x.pl", "<kopia7@gmail.com>", "jan@żółw.pl"]
)
def test_the_addresses_of_a_forward_are_no_password(text: str) -> None:
    assert error_codes(clean_password, text) == ["password_is_address"]
    assert text not in error_message(clean_password, text)


def test_the_least_length_of_a_password_is_a_setting(settings: Any) -> None:
    settings.PASSWORD_MIN_LENGTH = 10
    assert error_codes(clean_password, "abc123") == ["password_too_short"]
    assert error_message(clean_password, "abc123") == "The password needs at least 10 characters."
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
        ("a@x.pl,b@x.pl", ("a@x.pl", "b@x.pl")),
        ("a@x.pl, b@x.pl;", ("a@x.pl", "b@x.pl")),
        ("a@x.pl ; b@x.pl", ("a@x.pl", "b@x.pl")),
        ("a@x.pl;b@x.pl;c@x.pl", ("a@x.pl", "b@x.pl", "c@x.pl")),
        ("a@x.pl,\r\nb@x.pl,,A@x.pl", ("a@x.pl", "b@x.pl")),
        (" ,; ", ()),
    ],
)
def test_destinations_are_separated_in_any_way_and_each_is_kept_once(text: str, expected: tuple[str, ...]) -> None:
    assert parse_destinations(text) == expected


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("a@x,pl", ["forward_has_comma"]),
        ("a@x,pl,b@x.pl", ["forward_has_comma"]),
        ("a@przyklad.iq,pl b@x.pl", ["forward_has_comma"]),
        ("a@x.pl,anna", ["forward_no_at"]),
        ("anna, ewa", ["forward_no_at", "forward_no_at"]),
        ("Jan <a@x.pl>; b@x.pl", ["forward_with_name"]),
        ("Kowalski, Jan <a@x.pl>", ["forward_with_name"]),
        ("a@x.pl (Ewa), b@x.pl", ["forward_with_name"]),
        ("mailto:a@x.pl, b@x.pl", ["forward_with_mailto"]),
        ("a@x.pl|b@x.pl", ["forward_several"]),
        ("anna", ["forward_no_at"]),
        ("anna ewa@x.pl łucja@x.pl ew@x", ["forward_no_at", "forward_not_ascii", "forward_invalid"]),
        (" ".join(f"a{number}@x.pl" for number in range(21)), ["forward_too_many"]),
        ("word " * 60, ["forward_no_at"]),
        (" ".join(f"word{number}" for number in range(21)), ["forward_too_many"]),
        ("żółw", ["forward_no_at"]),
    ],
)
def test_every_faulty_destination_is_named(text: str, codes: list[str]) -> None:
    assert error_codes(parse_destinations, text) == codes


@pytest.mark.parametrize(
    ("text", "suggestion"),
    [
        ("Jan <A@x.pl>; b@x.pl", "a@x.pl b@x.pl"),
        ('"Kowalski, Jan" <a@x.pl>, <b@x.pl>', "a@x.pl b@x.pl"),
        ("a@x,pl,b@x.pl", "a@x.pl b@x.pl"),
        ("łucja@x.pl; mailto:b@x.pl", "lucja@x.pl b@x.pl"),
        ("łucja@x.pl anna", ""),
        ("Kowalski, Jan <a@x.pl>", ""),
        ("a@x.pl biuro@your-domain.example", ""),
    ],
)
def test_a_suggestion_is_the_whole_list_of_destinations(text: str, suggestion: str) -> None:
    assert set(suggestions(parse_destinations, text)) == {suggestion}
    if suggestion:
        assert parse_destinations(suggestion)


def test_too_many_destinations_are_counted_in_the_message() -> None:
    text = " ".join(f"a{number}@x.pl" for number in range(MAX_DESTINATIONS + 1))
    assert error_message(parse_destinations, text) == "A forward can have at most 20 addresses. Remove some."


@pytest.mark.parametrize(
    "word", ["Tak", "TAK", "tak ", "yes", "Yes", "1", "true", "TRUE", "Prawda", "PRAWDA", f"{BOM}tak", "ON"]
)
def test_words_for_yes(word: str) -> None:
    assert parse_keep_copy(word) is True


@pytest.mark.parametrize("sign", ["T", "t", "Y", "x", "X", "✓", "✔", "✔\ufe0f", "☑", "✅", "1.0", "1,0"])
def test_signs_for_yes(sign: str) -> None:
    assert parse_keep_copy(sign) is True


@pytest.mark.parametrize(
    "word", ["Nie", "NIE", " no", "0", "False", "FAŁSZ", "fałsz", "falsz", "", " ", NBSP, "N", "0.0", "0,0", "off"]
)
def test_words_for_no_and_the_empty_cell(word: str) -> None:
    assert parse_keep_copy(word) is False


@pytest.mark.parametrize("word", ["ja", "2", "1.5", "tak nie", "-", "+", "tak!", "Tak.", "wahr", "☐"])
def test_another_word_about_the_copy_is_refused(word: str) -> None:
    assert error_codes(parse_keep_copy, word) == ["keep_copy_unknown"]


@pytest.mark.parametrize("word", ["tak nie", "tak!", "Tak.", "-", "☐"])
def test_what_may_be_meant_for_yes_or_no_is_quoted(word: str) -> None:
    assert error_message(parse_keep_copy, word).startswith(f"“{word}”")


@pytest.mark.parametrize(
    ("function", "start"),
    [(normalize_address, "x"), (parse_quota_mb, "1_"), (parse_keep_copy, "-"), (normalize_domain, "x")],
)
def test_a_long_value_is_quoted_with_its_beginning_only(function: Callable[[str], Any], start: str) -> None:
    message = error_message(function, start + start[-1] * 30_000)
    assert "“" + start + start[-1] * (99 - len(start)) + "…”" in message
    assert len(message) < 200


@pytest.mark.parametrize(
    "function", [normalize_address, normalize_domain, parse_quota_mb, clean_password, parse_destinations]
)
@pytest.mark.parametrize(
    "text",
    [
        *["@", "a@", "a@b,", " ", "1 000 ", "a.", "@a ", f"{NBSP}{ZERO_WIDTH_SPACE}", "-", "ż"],
        *["a@b.pl ", "a@b,pl", ",c", "(", "<", '"', "a <", "mailto:", "$1$", "\u0430a."],
    ],
)
def test_no_text_takes_long_to_refuse(function: Callable[[str], Any], text: str) -> None:
    start = process_time()
    with contextlib.suppress(ValidationError):
        function("x" + text * (32_000 // len(text)) + "x")
    assert process_time() - start < 2


@pytest.mark.parametrize(("text", "code"), BAD_ADDRESSES)
def test_every_message_is_a_sentence_that_quotes_the_value(text: str, code: str) -> None:
    message = error_message(normalize_address, text)
    assert message.endswith(".")
    unquoted = ["jan@", "jan@@przyklad.pl", "jan@anna@przyklad.pl", "jan@[127.0.0.1]", "jan@127.0.0.1"]
    may_hold_more = text in (*unquoted, "jan@prz_yklad.pl")
    assert code in ("email_missing", "email_several", "email_with_more") or may_hold_more or "“" in message
