"""One table of bad values goes to the single-account form and to the row validator: both must say the same codes."""

import pytest

from accounts.forms import AccountForm
from accounts.models import Domain
from bulkimport.rows import Dialect, Field, FileRows, Level, Row
from bulkimport.validation import validate
from tests.factories import make_domain, make_forward, make_mailbox

GOOD = {"email": "nowe@przyklad.iq.pl", "password": "Wiosna2024", "quota": "500", "forward": "", "keep_copy": ""}

BAD_VALUES = [
    ({"email": ""}, "email_missing"),
    ({"email": "nowe"}, "email_no_at"),
    ({"email": "no we@przyklad.iq.pl"}, "email_has_space"),
    ({"email": "nowe@przyklad,iq.pl"}, "email_has_comma"),
    ({"email": "Nowe <nowe@przyklad.iq.pl>"}, "email_with_name"),
    ({"email": "mailto:nowe@przyklad.iq.pl"}, "email_with_mailto"),
    ({"email": "nowe@przyklad.iq.pl;haslo1"}, "email_with_more"),
    ({"email": "nowe@przyklad.iq.pl, inne@przyklad.iq.pl"}, "email_several"),
    ({"email": "nowe@przyklad.iq.pl."}, "email_extra_sign"),
    ({"email": "no\u200bwe@przyklad.iq.pl"}, "email_invisible"),
    ({"email": "nowe@przykł\u0430d.iq.pl"}, "email_mixed_alphabet"),
    ({"email": "żółć@przyklad.iq.pl"}, "email_not_ascii"),
    ({"email": "no\u2011we@przyklad.iq.pl"}, "email_look_alike"),
    ({"email": "nowe\uff20przyklad.iq.pl"}, "email_look_alike"),
    ({"email": "nowe@przyklad.iq.pl:Haslo111"}, "email_with_more"),
    ({"email": "Haslo111:nowe@przyklad.iq.pl"}, "email_with_more"),
    ({"email": "Haslo111/nowe@przyklad.iq.pl"}, "email_unsafe_name"),
    ({"email": "P@ssw0rd"}, "email_invalid"),
    ({"email": "nowe@@przyklad.iq.pl"}, "email_invalid"),
    ({"email": "a" * 65 + "@przyklad.iq.pl"}, "email_invalid"),
    ({"email": "nowe+tag@przyklad.iq.pl"}, "email_unsafe_name"),
    ({"email": "no/we@przyklad.iq.pl"}, "email_unsafe_name"),
    ({"email": "-nowe@przyklad.iq.pl"}, "email_unsafe_name"),
    ({"forward": "-x@poczta.example"}, "forward_leading_hyphen"),
    ({"forward": "a@poczta.example -oQ/tmp@poczta.example"}, "forward_leading_hyphen"),
    ({"email": "nowe@twoja-domena.example"}, "example_row"),
    ({"email": "nowe@cudza.example"}, "domain_not_yours"),
    ({"email": "jest@przyklad.iq.pl"}, "address_taken"),
    ({"email": "JEST@Przyklad.iq.pl"}, "address_taken"),
    ({"email": "dalej@przyklad.iq.pl"}, "address_is_forward"),
    ({"password": "abc12"}, "password_too_short"),
    ({"password": "samelitery"}, "password_no_digit"),
    ({"password": "12345678"}, "password_no_letter"),
    ({"password": "a1" * 65}, "password_too_long"),
    ({"password": "tajne\x07123"}, "password_control_character"),
    ({"password": "{SSHA}bnllIG1hIHRha2llZ28="}, "password_is_hash"),
    ({"password": "$6$salt$" + "a1" * 43}, "password_is_hash"),
    ({"password": "*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19"}, "password_is_hash"),
    ({"password": "scrypt:32768:8:1$salt$" + "0a1b2c3d" * 16}, "password_is_hash"),
    ({"password": "{SSHA}abc1"}, "password_is_hash"),
    ({"password": "$2y$10$abc1"}, "password_is_hash"),
    ({"password": "(brak)"}, "password_no_digit"),
    ({"password": "kopia7@gmail.com"}, "password_is_address"),
    ({"quota": "dużo"}, "quota_not_number"),
    ({"quota": "1,3 GB"}, "quota_not_number"),
    ({"quota": "bez limitu"}, "quota_unlimited"),
    ({"quota": "1.024 GB"}, "quota_ambiguous"),
    ({"quota": "2147483648"}, "quota_too_large"),
    ({"quota": "5 GB"}, "quota_over_domain_limit"),
    ({"quota": "1.000"}, "quota_ambiguous"),
    ({"quota": "0"}, "quota_too_small"),
    ({"quota": "-5"}, "quota_too_small"),
    ({"quota": "99999999999"}, "quota_too_large"),
    ({"quota": "5001"}, "quota_over_domain_limit"),
    ({"forward": "nie-adres"}, "forward_no_at"),
    ({"forward": "biuro@twoja-domena.example"}, "forward_is_example"),
    ({"forward": "a@b,pl"}, "forward_has_comma"),
    ({"forward": "Jan <a@b.pl>; c@d.pl"}, "forward_with_name"),
    ({"forward": "mailto:a@b.pl c@d.pl"}, "forward_with_mailto"),
    ({"forward": "ja\u2011n@b.pl"}, "forward_look_alike"),
    ({"forward": "a@b.pl:Haslo333"}, "forward_with_more"),
    ({"forward": "a@b.pl, Haslo12"}, "forward_no_at"),
    ({"forward": " ".join(f"a{n}@b.pl" for n in range(21))}, "forward_too_many"),
    ({"forward": "nowe@przyklad.iq.pl"}, "forward_to_self"),
    ({"forward": "kolo@przyklad.iq.pl"}, "forward_loop"),
    ({"keep_copy": "może"}, "keep_copy_unknown"),
    ({"email": "nowe@pelna.example", "quota": "1"}, "domain_limit"),
]


@pytest.fixture
def _panel(db: None) -> None:
    make_domain("przyklad.iq.pl", max_mailbox_quota_mb=5000)
    make_domain("pelna.example", max_mailboxes=0)
    make_domain("cudza.example")
    make_mailbox("jest@przyklad.iq.pl")
    make_forward("dalej@przyklad.iq.pl", "jest@przyklad.iq.pl")
    make_forward("kolo@przyklad.iq.pl", "nowe@przyklad.iq.pl")


@pytest.mark.usefixtures("_panel")
@pytest.mark.parametrize(
    ("changed", "code"), BAD_VALUES, ids=[f"{code}-{n}" for n, (_v, code) in enumerate(BAD_VALUES)]
)
def test_form_and_row_validator_find_the_same(changed: dict[str, str], code: str) -> None:
    values = {**GOOD, **changed}
    domains = Domain.objects.exclude(name="cudza.example")

    form = AccountForm(values, domains=domains)
    by_form = {
        (None if name == "__all__" else name, str(error.code))
        for name, errors in form.errors.as_data().items()
        for error in errors
    }
    row = Row(2, {Field(name): text for name, text in values.items()})
    plan = validate(FileRows(dialect=Dialect(format="csv"), rows=(row,), rows_read=1), domains=domains)
    by_row = {(problem.field, problem.code) for problem in plan.problems if problem.level is Level.ERROR}

    assert by_form == by_row
    assert code in {found for _field, found in by_row}


@pytest.mark.usefixtures("_panel")
@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"password": "s\u0301limak\u00a0A7"},
        {"quota": "1\u2009000", "password": "(Haslo1)"},
        {"quota": "1,5 GB", "forward": "a@b.pl, c@d.pl;", "keep_copy": "✓"},
        {"quota": "500 MB", "forward": "a@b.pl\nc@d.pl", "keep_copy": "1.0"},
    ],
)
def test_both_take_good_values(changed: dict[str, str]) -> None:
    values = {**GOOD, **changed}
    form = AccountForm(values, domains=Domain.objects.all())
    assert form.is_valid(), form.errors
    row = Row(2, {Field(name): text for name, text in values.items()})
    file = FileRows(dialect=Dialect(format="csv"), rows=(row,), rows_read=1)
    (draft,) = validate(file, domains=Domain.objects.all()).drafts
    assert (draft.address, draft.password) == (form.cleaned_data["email"], form.cleaned_data["password"])
    assert (draft.quota_mb, draft.destinations) == (form.cleaned_data["quota"], form.cleaned_data["forward"])
    assert draft.keep_copy == form.cleaned_data["keep_copy"]
