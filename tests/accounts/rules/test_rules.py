"""The rules between domains, mailboxes and forwards: what is refused, in whose words, in how many queries."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import NON_FIELD_ERRORS
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from accounts.models import Domain, Forward, Mailbox
from accounts.rules.forwards import (
    LONGEST_CHAIN,
    _read_graph,
    circle_errors,
    contact_error,
    forward_errors,
    self_forward_error,
    unreachable_warnings,
)
from accounts.rules.mailboxes import Account, changed_account_errors, new_account_errors, taken_errors
from accounts.rules.room import quota_error, rooms
from tests.factories import make_domain, make_forward, make_mailbox

pytestmark = pytest.mark.django_db

JAN = "jan@przyklad.iq.pl"


def codes(errors: Any) -> dict[str, list[str]]:
    return {field: [str(error.code) for error in problems] for field, problems in errors.items()}


def new_errors(address: str = JAN, quota_mb: int | None = 100, **values: Any) -> dict[str, list[str]]:
    domain = Domain.objects.get(name=address.partition("@")[2])
    return codes(new_account_errors([Account(domain, address, quota_mb, **values)]).get(address, {}))


def changed_errors(mailbox: Mailbox, quota_mb: int | None = None, **values: Any) -> dict[str, list[str]]:
    mailbox = Mailbox.objects.select_related("domain").get(pk=mailbox.pk)
    account = Account(mailbox.domain, mailbox.address, quota_mb, **values)
    return codes(changed_account_errors(mailbox, account))


def saved_forward_errors(source: str, destinations: str, **values: Any) -> dict[str, list[str]]:
    wanted = {"keep_copy": False, "is_active": True, "forward_id": None, **values}
    return codes(forward_errors(source=source, destinations=destinations.split(), **wanted))


# --- Addresses -------------------------------------------------------------------------------------------------------


def test_a_new_mailbox_takes_no_address_that_exists() -> None:
    make_mailbox(JAN)
    make_forward("ewa@przyklad.iq.pl")
    assert new_errors() == {"email": ["address_taken"]}
    assert new_errors("ewa@przyklad.iq.pl") == {"email": ["address_is_forward"]}


def test_what_is_taken_is_told_for_many_addresses_at_once() -> None:
    make_mailbox("both@xn--w-uga1v8h.pl")
    make_forward("both@xn--w-uga1v8h.pl")
    make_forward("ewa@a.pl")
    with CaptureQueriesContext(connection) as queries:
        taken = taken_errors(["both@xn--w-uga1v8h.pl", "ewa@a.pl", "free@a.pl"])
    assert len(queries) == 2
    assert {address: error.code for address, error in taken.items()} == {
        "both@xn--w-uga1v8h.pl": "address_taken",
        "ewa@a.pl": "address_is_forward",
    }
    assert taken["both@xn--w-uga1v8h.pl"].messages == ["“both@żółw.pl” exists already. Write another address."]
    assert taken_errors([]) == {}


# --- Room ------------------------------------------------------------------------------------------------------------


def test_the_rooms_of_domains_say_what_they_have_and_may_have() -> None:
    mailbox = make_mailbox("a@a.pl", quota_mb=100, domain=make_domain("a.pl", max_mailboxes=5, max_total_quota_mb=1000))
    make_mailbox("b@a.pl", quota_mb=250)
    empty = make_domain("b.pl")
    both = rooms([mailbox.domain.pk, empty.pk])
    room = both[mailbox.domain.pk]
    assert (room.domain_name, room.mailboxes, room.quota_mb) == ("a.pl", 2, 350)
    assert (room.max_mailboxes, room.max_total_quota_mb) == (5, 1000)
    assert (both[empty.pk].mailboxes, both[empty.pk].quota_mb, both[empty.pk].max_mailboxes) == (0, 0, None)
    without = rooms([mailbox.domain.pk], without=mailbox.pk)[mailbox.domain.pk]
    assert (without.mailboxes, without.quota_mb) == (1, 250)


@pytest.mark.parametrize(
    ("limits", "problems"),
    [
        ({}, {}),
        ({"max_mailboxes": 2, "max_mailbox_quota_mb": 100, "max_total_quota_mb": 200}, {}),
        ({"max_mailboxes": 1}, {NON_FIELD_ERRORS: ["domain_limit"]}),
        ({"max_mailboxes": 0}, {NON_FIELD_ERRORS: ["domain_limit"]}),
        ({"max_total_quota_mb": 199}, {NON_FIELD_ERRORS: ["domain_limit"]}),
        ({"max_mailbox_quota_mb": 99}, {"quota": ["quota_over_domain_limit"]}),
        (
            {"max_mailbox_quota_mb": 99, "max_total_quota_mb": 150},
            {"quota": ["quota_over_domain_limit"], NON_FIELD_ERRORS: ["domain_limit"]},
        ),
    ],
)
def test_a_new_mailbox_fits_into_the_limits_of_its_domain(
    limits: dict[str, int], problems: dict[str, list[str]]
) -> None:
    make_mailbox("ewa@przyklad.iq.pl", quota_mb=100, domain=make_domain(default_quota_mb=1, **limits))
    assert new_errors() == problems


def test_many_new_mailboxes_are_looked_at_together_in_the_queries_of_one() -> None:
    domain = make_domain(max_total_quota_mb=300)
    few = [Account(domain, JAN, 100, ("x@x.pl",))]
    many = [Account(domain, f"a{number}@przyklad.iq.pl", 100, ("x@x.pl",)) for number in range(4)]
    with CaptureQueriesContext(connection) as queries:
        assert new_account_errors(few) == {}
    with CaptureQueriesContext(connection) as as_many:
        errors = new_account_errors(many)
    assert len(as_many) == len(queries)
    assert {address: codes(found) for address, found in errors.items()} == {
        "a0@przyklad.iq.pl": {NON_FIELD_ERRORS: ["domain_limit"]}
    }


def test_the_quota_limit_is_told_with_numbers() -> None:
    error = quota_error(Domain(name="xn--w-uga1v8h.pl", max_mailbox_quota_mb=2000), 2500)
    assert error
    assert error.messages == ["2,500 MB is more than a mailbox of żółw.pl may have. Write 2,000 or less."]


def test_an_existing_mailbox_is_not_counted_twice() -> None:
    mailbox = make_mailbox(quota_mb=100, domain=make_domain(max_mailboxes=1, max_total_quota_mb=200))
    assert changed_errors(mailbox, 200) == {}
    assert changed_errors(mailbox, 201) == {NON_FIELD_ERRORS: ["domain_limit"]}


def test_limits_lowered_later_stop_no_mailbox_from_getting_smaller_or_inactive() -> None:
    domain = make_domain()
    make_mailbox("ewa@przyklad.iq.pl", quota_mb=500)
    mailbox = make_mailbox(quota_mb=500)
    Domain.objects.filter(pk=domain.pk).update(max_mailboxes=1, max_mailbox_quota_mb=100, max_total_quota_mb=100)
    assert changed_errors(mailbox, 400, is_active=False) == {}
    assert changed_errors(mailbox, 501) == {
        "quota": ["quota_over_domain_limit"],
        NON_FIELD_ERRORS: ["domain_limit"],
    }


# --- Forwards --------------------------------------------------------------------------------------------------------


def test_a_forward_to_oneself_is_told_apart() -> None:
    assert self_forward_error("a@a.pl", ("b@a.pl",)) is None
    error = self_forward_error("a@xn--w-uga1v8h.pl", ("b@a.pl", "a@xn--w-uga1v8h.pl"))
    assert error is not None
    assert error.code == "forward_to_self"
    assert "“a@żółw.pl”" in error.messages[0]


@pytest.mark.parametrize("keep_copy", [False, True])
def test_a_forward_to_oneself_is_refused_everywhere(keep_copy: bool) -> None:
    mailbox = make_mailbox(JAN)
    values = {"destinations": ("a@x.pl", JAN), "keep_copy": keep_copy}
    assert changed_errors(mailbox, **values) == {"forward": ["forward_to_self"]}
    make_domain("a.pl")
    again = {"destinations": ("a@a.pl",), "keep_copy": keep_copy}
    assert new_errors("a@a.pl", **again) == {"forward": ["forward_to_self"]}
    assert saved_forward_errors("b@a.pl", "b@a.pl", keep_copy=keep_copy) == {"destinations": ["forward_to_self"]}


@pytest.mark.parametrize(
    ("there", "here", "problems"),
    [
        ({}, {}, {"destinations": ["forward_loop"]}),
        ({"keep_copy": True}, {}, {}),
        ({"is_active": False}, {}, {}),
        ({}, {"keep_copy": True}, {}),
        ({}, {"is_active": False}, {}),
    ],
)
def test_a_circle_is_refused_when_no_forward_in_it_keeps_a_copy(
    there: dict[str, bool], here: dict[str, bool], problems: dict[str, list[str]]
) -> None:
    for address in ("a@przyklad.iq.pl", "c@przyklad.iq.pl"):  # a copy needs a place
        make_mailbox(address)
    make_forward("b@przyklad.iq.pl", "x@x.pl c@przyklad.iq.pl")
    make_forward("c@przyklad.iq.pl", "a@przyklad.iq.pl", **there)
    assert saved_forward_errors("a@przyklad.iq.pl", "b@przyklad.iq.pl", **here) == problems


def test_an_account_closes_no_circle_either() -> None:
    mailbox = make_mailbox(JAN)
    make_forward("b@przyklad.iq.pl", f"{JAN} ewa@przyklad.iq.pl")
    to_b = ("b@przyklad.iq.pl",)
    assert changed_errors(mailbox, destinations=to_b) == {"forward": ["forward_loop"]}
    assert changed_errors(mailbox, destinations=to_b, keep_copy=True) == {}
    assert changed_errors(mailbox, destinations=to_b, keep_copy=True, is_active=False) == {"forward": ["forward_loop"]}
    assert new_errors("ewa@przyklad.iq.pl", destinations=to_b) == {"forward": ["forward_loop"]}
    make_forward(JAN, "x@x.pl", is_active=False)
    assert changed_errors(mailbox, destinations=to_b) == {}, "a forward that is switched off passes nothing on"


def test_a_forward_into_a_circle_of_others_is_not_to_blame() -> None:
    make_forward("b@przyklad.iq.pl", "c@przyklad.iq.pl")
    make_forward("c@przyklad.iq.pl", "b@przyklad.iq.pl")
    assert saved_forward_errors("a@przyklad.iq.pl", "b@przyklad.iq.pl") == {}


def test_a_changed_forward_is_compared_without_its_old_self() -> None:
    make_forward("a@przyklad.iq.pl", "b@przyklad.iq.pl")
    back = make_forward("b@przyklad.iq.pl", "a@przyklad.iq.pl")
    assert saved_forward_errors(back.source, "x@x.pl", forward_id=back.pk) == {}
    turned = make_forward("c@przyklad.iq.pl", "d@przyklad.iq.pl")
    assert saved_forward_errors("d@przyklad.iq.pl", "c@przyklad.iq.pl", forward_id=turned.pk) == {}
    assert saved_forward_errors(back.source, "x@x.pl") == {"source": ["unique"]}


def test_new_forwards_are_looked_at_together_with_the_existing_ones() -> None:
    make_forward("b@przyklad.iq.pl", "c@przyklad.iq.pl")
    circles = circle_errors(
        {
            "a@przyklad.iq.pl": ("b@przyklad.iq.pl",),
            "c@przyklad.iq.pl": ("a@przyklad.iq.pl",),
            "d@przyklad.iq.pl": ("a@przyklad.iq.pl",),
        }
    )
    assert {address: error.code for address, error in circles.items()} == {
        "a@przyklad.iq.pl": "forward_loop",
        "c@przyklad.iq.pl": "forward_loop",
    }
    assert circle_errors({}) == {}


def test_the_graph_is_read_with_one_query_a_step() -> None:
    for number in range(3):
        make_forward(f"a{number}@a.pl", f"a{number + 1}@a.pl b{number + 1}@a.pl")
        make_forward(f"b{number}@a.pl", f"b{number + 1}@a.pl", keep_copy=True)
        make_mailbox(f"b{number}@a.pl")
    with CaptureQueriesContext(connection) as queries:
        graph = _read_graph(["a0@a.pl", "b0@a.pl"], Forward.objects.all())
    assert graph.keys() == {"a0@a.pl", "a1@a.pl", "a2@a.pl"}
    assert len(queries) == 4


def test_a_very_long_chain_is_not_followed_to_its_end() -> None:
    domain = make_domain("a.pl")
    Forward.objects.bulk_create(
        Forward(domain=domain, source=f"a{number}@a.pl", destinations=f"a{number + 1}@a.pl")
        for number in range(LONGEST_CHAIN + 10)
    )
    assert len(_read_graph(["a0@a.pl"], Forward.objects.all())) == LONGEST_CHAIN


def test_a_plus_address_is_that_of_its_mailbox_in_a_circle() -> None:
    assert saved_forward_errors("tag@przyklad.iq.pl", "tag+x@przyklad.iq.pl") == {"destinations": ["forward_to_self"]}
    make_forward("z+x@przyklad.iq.pl", "y@przyklad.iq.pl")
    assert saved_forward_errors("y@przyklad.iq.pl", "z+x@przyklad.iq.pl") == {"destinations": ["forward_loop"]}
    make_forward("b@przyklad.iq.pl", "a+praca@przyklad.iq.pl")
    assert saved_forward_errors("a@przyklad.iq.pl", "b+x@przyklad.iq.pl") == {"destinations": ["forward_loop"]}


def test_a_copy_that_no_mailbox_keeps_ends_no_circle() -> None:
    make_forward("ka@przyklad.iq.pl", "kb@przyklad.iq.pl", keep_copy=True)
    back = ("kb@przyklad.iq.pl", "ka@przyklad.iq.pl")
    assert saved_forward_errors(*back, keep_copy=True) == {"destinations": ["forward_loop"]}
    make_mailbox("kb@przyklad.iq.pl")
    assert saved_forward_errors(*back, keep_copy=True) == {}


# --- Role addresses, and mailboxes of people who have left ------------------------------------------------------------


def test_the_contact_of_a_domain_is_not_one_of_its_role_addresses() -> None:
    for contact in ("postmaster@przyklad.iq.pl", "abuse+a@przyklad.iq.pl"):
        error = contact_error("przyklad.iq.pl", contact)
        assert error
        assert error.code == "contact_is_role"
    assert contact_error("przyklad.iq.pl", "postmaster@inny.example") is None
    assert contact_error("przyklad.iq.pl", "") is None


def test_no_mail_to_a_role_address_goes_round_in_a_circle() -> None:
    make_forward("szef@przyklad.iq.pl", "postmaster@przyklad.iq.pl")
    error = contact_error("przyklad.iq.pl", "szef@przyklad.iq.pl")
    assert error
    assert error.code == "forward_loop"
    Forward.objects.all().delete()
    Domain.objects.update(contact="szef@przyklad.iq.pl")
    to_role = ("szef@przyklad.iq.pl", "abuse+x@przyklad.iq.pl")
    assert saved_forward_errors(*to_role) == {"destinations": ["forward_loop"]}
    mailbox = make_mailbox("abuse@przyklad.iq.pl")
    assert saved_forward_errors(*to_role) == {}, "the mail stays in that mailbox"
    Mailbox.objects.update(is_active=False)
    assert saved_forward_errors(*to_role) == {"destinations": ["forward_loop"]}
    mailbox.delete()
    Domain.objects.update(is_active=False)
    assert saved_forward_errors(*to_role) == {}


def test_mail_passed_on_to_a_role_address_or_a_lasting_forward_reaches_somebody() -> None:
    domain = make_domain()
    mailbox = make_mailbox(JAN, is_active=False)
    make_mailbox("abuse@przyklad.iq.pl", is_active=False)
    forward = make_forward(JAN, "x@poczta.example")
    hosted = {domain.name: domain}
    destinations = [JAN, "postmaster@przyklad.iq.pl", "abuse+x@przyklad.iq.pl"]
    assert {name: error.code for name, error in unreachable_warnings(destinations, hosted).items()} == {
        JAN: "forward_to_disabled"
    }
    Forward.objects.update(works_while_disabled=True)
    assert unreachable_warnings(destinations, hosted) == {}
    Forward.objects.update(is_active=False)
    assert [error.code for error in unreachable_warnings([JAN], hosted).values()] == ["forward_to_disabled"]
    assert forward.source == mailbox.address


def test_a_forward_to_the_mail_server_itself_reaches_only_its_postmaster(settings: Settings) -> None:
    settings.MAIL_HOSTNAME = "Poczta.example"
    addresses = ["jan@poczta.example", "root@poczta.example", "postmaster+x@poczta.example", "jan@inna.poczta.example"]
    warnings = unreachable_warnings(addresses, {})
    assert {address: warning.code for address, warning in warnings.items()} == {
        "jan@poczta.example": "forward_to_server"
    }
    settings.MAIL_HOSTNAME = ""
    assert unreachable_warnings(addresses, {}) == {}
