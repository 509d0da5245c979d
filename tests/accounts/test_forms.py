"""The form for one account: the rules of a row of a list, and what it writes."""

from typing import Any

import pytest
from django.core.exceptions import NON_FIELD_ERRORS

from accounts.access import usable_domains
from accounts.forms import AccountForm
from accounts.models import Domain, Forward, Mailbox
from accounts.passwords import generate_password, hash_password, verify_password
from tests.factories import make_domain, make_forward, make_mailbox, make_user

pytestmark = pytest.mark.django_db

ADDRESS = "jan@przyklad.iq.pl"


def filled(email: str = ADDRESS, domains: Any = None, **fields: str) -> AccountForm:
    return AccountForm({"email": email, **fields}, domains=Domain.objects.all() if domains is None else domains)


def saved(form: AccountForm) -> Mailbox:
    """Save a new account as its page does."""
    assert form.is_valid()
    password = form.cleaned_data["password"] or generate_password()
    return form.save(hash_password(password, generated=form.wants_generated)).mailboxes[0]


def error_codes(form: AccountForm) -> dict[str, list[str]]:
    return {name: [str(error.code) for error in found.as_data()] for name, found in form.errors.items()}


def test_an_account_is_made_from_five_texts() -> None:
    domain = make_domain()
    form = filled(
        " Jan@Przyklad.IQ.pl", password=" abc123 ", quota="1 500,0", forward="a@x.pl  B@x.pl", keep_copy="Tak"
    )
    mailbox = saved(form)
    assert not form.wants_generated
    mailbox.refresh_from_db()
    assert (mailbox.address, mailbox.local_part, mailbox.domain) == (ADDRESS, "jan", domain)
    assert (mailbox.quota_mb, mailbox.is_active) == (1500, True)
    assert verify_password("abc123", mailbox.password_hash)
    forward = Forward.objects.get()
    assert (forward.source, forward.destinations, forward.keep_copy) == (ADDRESS, "a@x.pl b@x.pl", True)
    assert forward.domain == domain


@pytest.mark.parametrize("empty", ["", " ", "\u00a0\u200b"])
def test_empty_texts_mean_a_generated_password_the_default_quota_and_no_forward(empty: str) -> None:
    make_domain(default_quota_mb=750)
    form = filled(password=empty, quota=empty, forward=empty, keep_copy=empty)
    mailbox = saved(form)
    assert form.wants_generated
    assert "$m=1024,t=1,p=1$" in mailbox.password_hash
    assert mailbox.quota_mb == 750
    assert not Forward.objects.exists()


def test_units_separators_and_accents_are_read_as_they_are_meant() -> None:
    make_domain()
    fields = {"password": "s\u0301limak\u00a0A7", "quota": "1,5 GB", "forward": "a@x.pl, b@x.pl;", "keep_copy": "✓"}
    mailbox = saved(filled(**fields))
    assert verify_password("ślimak A7", mailbox.password_hash)
    assert mailbox.quota_mb == 1536
    assert (Forward.objects.get().destinations, Forward.objects.get().keep_copy) == ("a@x.pl b@x.pl", True)


def test_only_the_address_has_to_be_sent() -> None:
    make_domain()
    assert filled().is_valid()
    assert error_codes(AccountForm({}, domains=Domain.objects.all())) == {"email": ["email_missing"]}


def test_a_copy_without_a_forward_has_no_effect() -> None:
    make_domain()
    assert saved(filled(keep_copy="Yes"))
    assert not Forward.objects.exists()


def test_an_account_in_a_unicode_domain() -> None:
    make_domain("xn--w-uga1v8h.pl")
    assert saved(filled("jan@ŻÓŁW.pl")).address == "jan@xn--w-uga1v8h.pl"


@pytest.mark.parametrize(
    ("fields", "codes"),
    [
        ({"email": "jan"}, {"email": ["email_no_at"]}),
        ({"email": "jan+x@przyklad.iq.pl"}, {"email": ["email_unsafe_name"]}),
        ({"email": "jan@your-domain.example"}, {"email": ["example_row"]}),
        ({"password": "abc"}, {"password": ["password_too_short", "password_no_digit"]}),
        ({"password": "abc\x00123"}, {"password": ["password_control_character"]}),
        ({"password": "$2b$12$" + "a1" * 26}, {"password": ["password_is_hash"]}),
        ({"email": f"Jan <{ADDRESS}>"}, {"email": ["email_with_name"]}),
        ({"quota": "0"}, {"quota": ["quota_too_small"]}),
        ({"quota": "1.000"}, {"quota": ["quota_ambiguous"]}),
        ({"quota": "2001"}, {"quota": ["quota_over_domain_limit"]}),
        ({"forward": "a b@x"}, {"forward": ["forward_no_at", "forward_invalid"]}),
        ({"forward": f"a@x.pl {ADDRESS}"}, {"forward": ["forward_to_self"]}),
        ({"forward": ADDRESS, "keep_copy": "tak"}, {"forward": ["forward_to_self"]}),
        ({"forward": "back@przyklad.iq.pl"}, {"forward": ["forward_loop"]}),
        ({"forward": "back@przyklad.iq.pl", "keep_copy": "Nie"}, {"forward": ["forward_loop"]}),
        ({"forward": "back@przyklad.iq.pl", "keep_copy": "1"}, {}),
        ({"keep_copy": "maybe"}, {"keep_copy": ["keep_copy_unknown"]}),
        ({"email": "ewa@przyklad.iq.pl"}, {"email": ["address_taken"]}),
        ({"email": "back@przyklad.iq.pl"}, {"email": ["address_is_forward"]}),
        ({"email": "jan@full.pl"}, {NON_FIELD_ERRORS: ["domain_limit"]}),
        (
            {"email": "ewa@przyklad.iq.pl", "password": "a", "quota": "x", "forward": "ewa@przyklad.iq.pl"}
            | {"keep_copy": "?"},
            {
                "email": ["address_taken"],
                "password": ["password_too_short", "password_no_digit"],
                "quota": ["quota_not_number"],
                "forward": ["forward_to_self"],
                "keep_copy": ["keep_copy_unknown"],
            },
        ),
        (
            {"email": "x", "password": "abc", "quota": "x", "forward": "x", "keep_copy": "?"},
            {
                "email": ["email_no_at"],
                "password": ["password_too_short", "password_no_digit"],
                "quota": ["quota_not_number"],
                "forward": ["forward_no_at"],
                "keep_copy": ["keep_copy_unknown"],
            },
        ),
    ],
)
def test_every_problem_is_shown_at_once_at_its_field(fields: dict[str, str], codes: dict[str, list[str]]) -> None:
    make_domain(max_mailbox_quota_mb=2000)
    make_domain("full.pl", max_mailboxes=0)
    make_mailbox("ewa@przyklad.iq.pl")
    make_forward("back@przyklad.iq.pl", ADDRESS)
    form = filled(**fields)
    assert error_codes(form) == codes
    assert Mailbox.objects.count() == 1


def test_a_foreign_domain_gets_the_same_words_whether_it_exists_or_not() -> None:
    anna = make_user()
    make_domain("mine.pl", [anna])
    make_mailbox("jan@foreign.pl")
    for address in ("jan@foreign.pl", "jan@nowhere.pl"):
        form = filled(address, domains=usable_domains(anna))
        domain = address.partition("@")[2]
        assert form.errors == {
            "email": [f"You cannot use the domain {domain}. Correct the address, or have the domain added first."]
        }
        assert error_codes(form) == {"email": ["domain_not_yours"]}
    assert filled("jan@mine.pl", domains=usable_domains(anna)).is_valid()


def test_a_typed_password_comes_back_only_in_its_own_field() -> None:
    make_domain()
    html = filled(password="Secret-12", quota="x").as_p()
    assert html.count("Secret-12") == 1
    short = filled(password="Zq7")
    assert "Zq7" not in str(short.errors)
    assert "Zq7" not in repr(short)
