"""The form for one account: the rules of a row of the file, and what it writes."""

import threading
from typing import Any

import pytest
from django.core.exceptions import NON_FIELD_ERRORS
from django.db import IntegrityError, connection, connections

from accounts import forms
from accounts.access import domains_of
from accounts.forms import MailboxForm
from accounts.models import Domain, Forward, Mailbox
from accounts.passwords import verify_password
from tests.factories import make_domain, make_forward, make_mailbox, make_user

pytestmark = pytest.mark.django_db

ADDRESS = "jan@przyklad.iq.pl"


def filled(email: str = ADDRESS, domains: Any = None, **fields: str) -> MailboxForm:
    return MailboxForm({"email": email, **fields}, domains=Domain.objects.all() if domains is None else domains)


def codes_of(form: MailboxForm) -> dict[str, list[str]]:
    return {name: [str(error.code) for error in found.as_data()] for name, found in form.errors.items()}


def test_an_account_is_made_from_five_texts() -> None:
    domain = make_domain()
    form = filled(
        " Jan@Przyklad.IQ.pl", password=" abc123 ", quota="1 500,0", forward="a@x.pl  B@x.pl", keep_copy="Tak"
    )
    created = form.save()
    assert created is not None
    mailbox, generated = created
    assert generated is None
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
    created = filled(password=empty, quota=empty, forward=empty, keep_copy=empty).save()
    assert created is not None
    mailbox, generated = created
    assert generated
    assert verify_password(generated, mailbox.password_hash)
    assert "$m=1024,t=1,p=1$" in mailbox.password_hash
    assert mailbox.quota_mb == 750
    assert not Forward.objects.exists()


def test_units_separators_and_accents_are_read_as_they_are_meant() -> None:
    make_domain()
    fields = {"password": "s\u0301limak\u00a0A7", "quota": "1,5 GB", "forward": "a@x.pl, b@x.pl;", "keep_copy": "✓"}
    created = filled(**fields).save()
    assert created is not None
    assert verify_password("ślimak A7", created[0].password_hash)
    assert created[0].quota_mb == 1536
    assert (Forward.objects.get().destinations, Forward.objects.get().keep_copy) == ("a@x.pl b@x.pl", True)


def test_only_the_address_has_to_be_sent() -> None:
    make_domain()
    assert filled().is_valid()
    assert codes_of(MailboxForm({}, domains=Domain.objects.all())) == {"email": ["email_missing"]}


def test_a_copy_without_a_forward_has_no_effect() -> None:
    make_domain()
    assert filled(keep_copy="Yes").save()
    assert not Forward.objects.exists()


def test_an_account_in_a_unicode_domain() -> None:
    make_domain("xn--w-uga1v8h.pl")
    created = filled("jan@ŻÓŁW.pl").save()
    assert created is not None
    assert created[0].address == "jan@xn--w-uga1v8h.pl"


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
    assert codes_of(form) == codes
    if codes:
        with pytest.raises(ValueError, match="without errors"):
            form.save()
    assert Mailbox.objects.count() == 1


def test_a_form_that_was_not_sent_cannot_be_saved() -> None:
    with pytest.raises(ValueError, match="without errors"):
        MailboxForm(domains=Domain.objects.all()).save()


def test_a_foreign_domain_gets_the_same_words_whether_it_exists_or_not() -> None:
    anna = make_user()
    make_domain("mine.pl", [anna])
    make_mailbox("jan@foreign.pl")
    for address in ("jan@foreign.pl", "jan@nowhere.pl"):
        form = filled(address, domains=domains_of(anna))
        domain = address.partition("@")[2]
        assert form.errors == {
            "email": [f"You cannot use the domain {domain}. Correct the address, or have the domain added first."]
        }
        assert codes_of(form) == {"email": ["domain_not_yours"]}
    assert filled("jan@mine.pl", domains=domains_of(anna)).is_valid()


def test_a_typed_password_comes_back_only_in_its_own_field() -> None:
    make_domain()
    html = filled(password="Secret-12", quota="x").as_p()
    assert html.count("Secret-12") == 1
    short = filled(password="Zq7")
    assert "Zq7" not in str(short.errors)
    assert "Zq7" not in repr(short)


def test_an_address_taken_after_the_check_comes_back_as_a_problem() -> None:
    make_domain()
    form = filled(forward="a@x.pl")
    assert form.is_valid()
    make_mailbox(ADDRESS)
    assert form.save() is None
    assert codes_of(form) == {"email": ["address_taken"]}
    assert Mailbox.objects.count() == 1
    assert not Forward.objects.exists()


def test_a_writer_that_does_not_lock_the_domain_causes_no_error_page(monkeypatch: pytest.MonkeyPatch) -> None:
    make_domain()
    form = filled(forward="a@x.pl")
    assert form.is_valid()
    monkeypatch.setattr(form, "_check", lambda *_records: monkeypatch.undo())  # looks before the other one writes
    make_forward(ADDRESS)
    assert form.save() is None
    assert codes_of(form) == {"email": ["address_is_forward"]}
    assert not Mailbox.objects.exists()


def test_another_fault_of_the_database_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    make_domain()
    form = filled()

    def fail(*_args: Any, **_kwargs: Any) -> None:
        raise IntegrityError("something else")

    monkeypatch.setattr(Mailbox, "save", fail)
    with pytest.raises(IntegrityError, match="something else"):
        form.save()


def test_the_password_is_hashed_before_the_domain_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    make_domain()
    depth = len(connection.savepoint_ids)
    seen = []
    hash_password = forms.hash_password

    def watched(password: str, *, generated: bool = False) -> str:
        seen.append(len(connection.savepoint_ids))
        return hash_password(password, generated=generated)

    monkeypatch.setattr(forms, "hash_password", watched)
    assert filled(password="abc123").save()
    assert seen == [depth]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("limits", "problem"),
    [({"max_mailboxes": 3}, "domain_limit"), ({"max_total_quota_mb": 350}, "domain_limit"), ({}, "address_taken")],
)
def test_two_people_at_the_same_moment_cannot_overfill_a_domain(limits: dict[str, int], problem: str) -> None:
    """On PostgreSQL the lock of the domain makes the second one wait; on SQLite its transactions do."""
    make_domain(default_quota_mb=100, **limits)
    make_mailbox("a@przyklad.iq.pl", quota_mb=100)
    make_mailbox("b@przyklad.iq.pl", quota_mb=100)
    both_checked = threading.Barrier(2, timeout=20)
    outcomes: list[dict[str, list[str]]] = []

    def create(address: str) -> None:
        try:
            form = filled(address)
            assert form.is_valid()
            both_checked.wait()
            form.save()
            outcomes.append(codes_of(form))
        finally:
            connection.close()

    addresses = ["c@przyklad.iq.pl", "d@przyklad.iq.pl"] if limits else [ADDRESS, ADDRESS]
    threads = [threading.Thread(target=create, args=[address]) for address in addresses]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes, key=len) == [{}, {"email" if problem == "address_taken" else NON_FIELD_ERRORS: [problem]}]
    assert Mailbox.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_two_forwards_across_two_domains_do_not_block_each_other() -> None:
    make_domain("a.example")
    make_domain("b.example")
    barrier = threading.Barrier(2)
    outcomes: list[object] = []

    def work(email: str, forward: str) -> None:
        try:
            form = MailboxForm({"email": email, "forward": forward}, domains=Domain.objects.all())
            assert form.is_valid()
            barrier.wait()
            outcomes.append(form.save() is not None)
        except Exception as error:  # noqa: BLE001 - whatever it is, the test names it
            outcomes.append(error)
        finally:
            connections.close_all()

    for round_number in range(10):
        pairs = [(f"x{round_number}@a.example", "y@b.example"), (f"z{round_number}@b.example", "w@a.example")]
        threads = [threading.Thread(target=work, args=pair) for pair in pairs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert outcomes == [True] * 20


@pytest.mark.django_db(transaction=True)
def test_a_circle_that_two_people_close_at_the_same_moment_is_refused_to_one() -> None:
    """Neither half shares a domain with the other: what lies between them are forwards that exist already."""
    make_forward("b@b.example", "c@c.example")
    make_forward("d@d.example", "a@a.example")
    make_domain("a.example")
    make_domain("c.example")
    barrier = threading.Barrier(2, timeout=20)
    saved: list[bool] = []

    def work(email: str, forward: str) -> None:
        try:
            form = MailboxForm({"email": email, "forward": forward}, domains=Domain.objects.all())
            assert form.is_valid()
            barrier.wait()
            saved.append(form.save() is not None)
        finally:
            connections.close_all()

    pairs = [("a@a.example", "b@b.example"), ("c@c.example", "d@d.example")]
    threads = [threading.Thread(target=work, args=pair) for pair in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(saved) == [False, True]
