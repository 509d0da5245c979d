"""Domains, mailboxes and forwards: what the database refuses whoever writes, and the rules between the fields."""

from typing import Any

import pytest
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.models import Model, ProtectedError
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from accounts.forms import MailboxForm
from accounts.models import LONGEST_CHAIN, Domain, Forward, Mailbox, MailUsage, self_forward_error
from tests.factories import make_domain, make_forward, make_mailbox

pytestmark = pytest.mark.django_db


def problems_of(record: Model, *, full: bool = False) -> dict[str, list[str]]:
    """Return the codes by field that `clean` (or `full_clean`) refuses a record with; empty when it is sound."""
    try:
        record.full_clean() if full else record.clean()
    except ValidationError as error:
        return {name: [str(single.code) for single in found] for name, found in error.error_dict.items()}
    return {}


def new_mailbox(address: str = "jan@przyklad.iq.pl", **fields: Any) -> Mailbox:
    fields.setdefault("quota_mb", 100)
    if "domain" not in fields:
        fields["domain"] = Domain.objects.get_or_create(name="przyklad.iq.pl")[0]
    return Mailbox(address=address, local_part=address.partition("@")[0], password_hash="{ARGON2ID}x", **fields)


def new_forward(source: str = "jan@przyklad.iq.pl", destinations: str = "a@x.pl", **fields: Any) -> Forward:
    if "domain" not in fields:
        fields["domain"] = Domain.objects.get_or_create(name="przyklad.iq.pl")[0]
    return Forward(source=source, destinations=destinations, **fields)


# --- What the database itself refuses ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("faulty", "constraint"),
    [
        (lambda: Domain(name="Przyklad.pl"), "domain_name_lower_case"),
        (lambda: Domain(name="a.pl", default_quota_mb=0), "domain_default_quota_at_least_1"),
        (lambda: new_mailbox("Jan@przyklad.iq.pl"), "mailbox_address_lower_case"),
        (lambda: new_mailbox(quota_mb=0), "mailbox_quota_at_least_1"),
        (lambda: new_forward("Jan@przyklad.iq.pl"), "forward_source_lower_case"),
        (lambda: new_forward(destinations=""), "forward_has_destination"),
    ],
)
def test_the_database_refuses_faulty_values_whoever_writes_them(faulty: Any, constraint: str) -> None:
    record = faulty()
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        type(record).objects.bulk_create([record])


@pytest.mark.parametrize(
    "make", [lambda: Domain.objects.create(name="a.pl"), lambda: make_mailbox("a@a.pl"), lambda: make_forward("a@a.pl")]
)
def test_nothing_exists_twice(make: Any) -> None:
    make()
    with pytest.raises(IntegrityError), transaction.atomic():
        make()


def test_a_domain_with_mailboxes_or_forwards_cannot_be_deleted() -> None:
    for record in (make_mailbox("a@a.pl"), make_forward("b@b.pl")):
        with pytest.raises(ProtectedError):
            record.domain.delete()


# --- Domains -------------------------------------------------------------------------------------------------------


def test_a_domain_is_stored_in_ascii_and_shown_in_unicode() -> None:
    domain = Domain(name=" Żółw.PL ")
    domain.full_clean()
    domain.save()
    assert (domain.name, domain.display_name, str(domain)) == ("xn--w-uga1v8h.pl", "żółw.pl", "żółw.pl")


@pytest.mark.parametrize(
    ("fields", "problems"),
    [
        ({"name": "a.pl"}, {}),
        ({"name": "a b"}, {"name": ["domain_invalid"]}),
        ({"name": "a.pl", "default_quota_mb": 500, "max_mailbox_quota_mb": 500}, {}),
        (
            {"name": "a.pl", "default_quota_mb": 501, "max_mailbox_quota_mb": 500},
            {"default_quota_mb": ["default_over_largest"]},
        ),
        ({"name": "a.pl", "max_mailbox_quota_mb": 0}, {"default_quota_mb": ["default_over_largest"]}),
        ({"name": "a.pl", "default_quota_mb": None, "max_mailbox_quota_mb": 500}, {}),
        (
            {"name": "-", "default_quota_mb": 501, "max_mailbox_quota_mb": 500},
            {"name": ["domain_invalid"], "default_quota_mb": ["default_over_largest"]},
        ),
    ],
)
def test_rules_of_a_domain(fields: dict[str, Any], problems: dict[str, list[str]]) -> None:
    assert problems_of(Domain(**fields)) == problems


def test_usage_is_read_with_the_domains() -> None:
    make_mailbox("a@a.pl", quota_mb=100)
    make_mailbox("b@a.pl", quota_mb=250)
    make_domain("b.pl")
    with CaptureQueriesContext(connection) as queries:
        found = [(domain.name, domain.mailbox_count, domain.quota_sum_mb) for domain in Domain.objects.with_usage()]
    assert found == [("a.pl", 2, 350), ("b.pl", 0, 0)]
    assert len(queries) == 1


def test_the_rooms_of_domains_say_what_they_have_and_may_have() -> None:
    mailbox = make_mailbox("a@a.pl", quota_mb=100, domain=make_domain("a.pl", max_mailboxes=5, max_total_quota_mb=1000))
    make_mailbox("b@a.pl", quota_mb=250)
    empty = make_domain("b.pl")
    rooms = Domain.objects.rooms([mailbox.domain.pk, empty.pk])
    room = rooms[mailbox.domain.pk]
    assert (room.domain_name, room.mailboxes, room.quota_mb) == ("a.pl", 2, 350)
    assert (room.max_mailboxes, room.max_total_quota_mb) == (5, 1000)
    assert (rooms[empty.pk].mailboxes, rooms[empty.pk].quota_mb, rooms[empty.pk].max_mailboxes) == (0, 0, None)
    without = Domain.objects.rooms([mailbox.domain.pk], without=mailbox.pk)[mailbox.domain.pk]
    assert (without.mailboxes, without.quota_mb) == (1, 250)


# --- Mailboxes -----------------------------------------------------------------------------------------------------


def test_a_mailbox_is_stored_in_ascii_and_shown_in_unicode() -> None:
    mailbox = new_mailbox(" Jan@ŻÓŁW.pl", domain=make_domain("xn--w-uga1v8h.pl"))
    mailbox.full_clean()
    mailbox.save()
    assert (mailbox.address, mailbox.local_part) == ("jan@xn--w-uga1v8h.pl", "jan")
    assert mailbox.display_address == str(mailbox) == "jan@żółw.pl"


@pytest.mark.parametrize(
    ("address", "code"),
    [("", "email_missing"), ("jan+x@przyklad.iq.pl", "email_unsafe_name"), ("jan@b.pl", "address_outside_domain")],
)
def test_the_address_of_a_mailbox_is_sound_and_in_its_domain(address: str, code: str) -> None:
    assert problems_of(new_mailbox(address)) == {"address": [code]}


def test_a_new_mailbox_takes_no_address_that_exists() -> None:
    make_mailbox("jan@przyklad.iq.pl")
    make_forward("ewa@przyklad.iq.pl")
    assert problems_of(new_mailbox("jan@przyklad.iq.pl")) == {"address": ["address_taken"]}
    assert problems_of(new_mailbox("EWA@przyklad.iq.pl")) == {"address": ["address_is_forward"]}
    assert problems_of(new_mailbox("jan@przyklad.iq.pl"), full=True) == {"address": ["address_taken"]}


def test_what_is_taken_is_told_for_many_addresses_at_once() -> None:
    make_mailbox("both@xn--w-uga1v8h.pl")
    make_forward("both@xn--w-uga1v8h.pl")
    make_forward("ewa@a.pl")
    with CaptureQueriesContext(connection) as queries:
        taken = Mailbox.objects.taken(["both@xn--w-uga1v8h.pl", "ewa@a.pl", "free@a.pl"])
    assert len(queries) == 2
    assert {address: error.code for address, error in taken.items()} == {
        "both@xn--w-uga1v8h.pl": "address_taken",
        "ewa@a.pl": "address_is_forward",
    }
    assert taken["both@xn--w-uga1v8h.pl"].messages == ["“both@żółw.pl” exists already. Write another address."]
    assert Mailbox.objects.taken([]) == {}


def test_an_existing_mailbox_may_have_a_forward() -> None:
    mailbox = make_mailbox("jan@przyklad.iq.pl")
    make_forward("jan@przyklad.iq.pl", "a@x.pl")
    assert problems_of(mailbox, full=True) == {}


@pytest.mark.parametrize(
    ("limits", "problems"),
    [
        ({}, {}),
        ({"max_mailboxes": 2, "max_mailbox_quota_mb": 100, "max_total_quota_mb": 200}, {}),
        ({"max_mailboxes": 1}, {NON_FIELD_ERRORS: ["domain_limit"]}),
        ({"max_mailboxes": 0}, {NON_FIELD_ERRORS: ["domain_limit"]}),
        ({"max_total_quota_mb": 199}, {NON_FIELD_ERRORS: ["domain_limit"]}),
        ({"max_mailbox_quota_mb": 99}, {"quota_mb": ["quota_over_domain_limit"]}),
        (
            {"max_mailbox_quota_mb": 99, "max_total_quota_mb": 150},
            {"quota_mb": ["quota_over_domain_limit"], NON_FIELD_ERRORS: ["domain_limit"]},
        ),
    ],
)
def test_a_new_mailbox_fits_into_the_limits_of_its_domain(
    limits: dict[str, int], problems: dict[str, list[str]]
) -> None:
    make_mailbox("ewa@przyklad.iq.pl", quota_mb=100, domain=make_domain(default_quota_mb=1, **limits))
    assert problems_of(new_mailbox(quota_mb=100)) == problems


def test_the_quota_limit_is_told_with_numbers() -> None:
    with pytest.raises(ValidationError) as caught:
        Domain(name="xn--w-uga1v8h.pl", max_mailbox_quota_mb=2000).check_mailbox_quota(2500)
    message = "2,500 MB is more than a mailbox of żółw.pl may have. Write 2,000 or less."
    assert caught.value.messages == [message]


def test_an_existing_mailbox_is_not_counted_twice() -> None:
    mailbox = make_mailbox(quota_mb=100, domain=make_domain(max_mailboxes=1, max_total_quota_mb=200))
    mailbox.quota_mb = 200
    assert problems_of(mailbox) == {}
    mailbox.quota_mb = 201
    assert problems_of(mailbox) == {NON_FIELD_ERRORS: ["domain_limit"]}


def test_limits_lowered_later_stop_no_mailbox_from_getting_smaller_or_inactive() -> None:
    domain = make_domain()
    make_mailbox("ewa@przyklad.iq.pl", quota_mb=500)
    mailbox = make_mailbox(quota_mb=500)
    Domain.objects.filter(pk=domain.pk).update(max_mailboxes=1, max_mailbox_quota_mb=100, max_total_quota_mb=100)
    mailbox = Mailbox.objects.get(pk=mailbox.pk)
    mailbox.is_active, mailbox.quota_mb = False, 400
    assert problems_of(mailbox) == {}
    mailbox.quota_mb = 501
    assert problems_of(mailbox) == {"quota_mb": ["quota_over_domain_limit"], NON_FIELD_ERRORS: ["domain_limit"]}


def test_a_mailbox_without_a_quota_or_domain_is_refused_by_its_field() -> None:
    assert problems_of(new_mailbox(quota_mb=None), full=True) == {"quota_mb": ["null"]}
    assert problems_of(Mailbox(address="jan@a.pl", quota_mb=1, local_part="jan", password_hash="x"), full=True) == {
        "domain": ["null"]
    }


# --- Forwards ------------------------------------------------------------------------------------------------------


def test_a_forward_is_stored_in_ascii_and_shown_in_unicode() -> None:
    forward = new_forward(" Info@Żółw.pl ", " A@X.pl\n b@źdźbło.pl a@x.pl", domain=make_domain("xn--w-uga1v8h.pl"))
    forward.full_clean()
    forward.save()
    assert forward.source == "info@xn--w-uga1v8h.pl"
    assert forward.destinations == "a@x.pl b@xn--dbo-iwa1zb.pl"
    assert forward.display_source == str(forward) == "info@żółw.pl"
    assert forward.display_destinations == ["a@x.pl", "b@źdźbło.pl"]


@pytest.mark.parametrize(
    ("source", "destinations", "problems"),
    [
        ("info+tag@przyklad.iq.pl", "a@x.pl", {}),
        ("info", "a@x.pl", {"source": ["email_no_at"]}),
        ("info@przyklad.iq.pl", "a,b", {"destinations": ["forward_no_at", "forward_no_at"]}),
        ("info@przyklad.iq.pl", " \u200b", {"destinations": ["forward_missing"]}),
        ("info", "a b@x", {"source": ["email_no_at"], "destinations": ["forward_no_at", "forward_invalid"]}),
        ("info@b.pl", "a@x.pl", {"source": ["address_outside_domain"]}),
        ("info@przyklad.iq.pl", "a@x.pl INFO@przyklad.iq.pl", {"destinations": ["forward_to_self"]}),
    ],
)
@pytest.mark.parametrize("keep_copy", [False, True])
def test_rules_of_a_forward(source: str, destinations: str, problems: dict[str, list[str]], keep_copy: bool) -> None:
    assert problems_of(new_forward(source, destinations, keep_copy=keep_copy)) == problems


def test_a_forward_without_a_domain_is_refused_by_its_field() -> None:
    assert problems_of(Forward(source="a@a.pl", destinations="b@x.pl"), full=True) == {"domain": ["null"]}


def test_a_forward_to_oneself_is_told_apart() -> None:
    assert self_forward_error("a@a.pl", ("b@a.pl",)) is None
    error = self_forward_error("a@xn--w-uga1v8h.pl", ("b@a.pl", "a@xn--w-uga1v8h.pl"))
    assert error is not None
    assert error.code == "forward_to_self"
    assert "“a@żółw.pl”" in error.messages[0]


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
    assert problems_of(new_forward("a@przyklad.iq.pl", "b@przyklad.iq.pl", **here)) == problems


def test_a_forward_into_a_circle_of_others_is_not_to_blame() -> None:
    make_forward("b@przyklad.iq.pl", "c@przyklad.iq.pl")
    make_forward("c@przyklad.iq.pl", "b@przyklad.iq.pl")
    assert problems_of(new_forward("a@przyklad.iq.pl", "b@przyklad.iq.pl")) == {}


def test_a_changed_forward_is_compared_without_its_old_self() -> None:
    make_forward("a@przyklad.iq.pl", "b@przyklad.iq.pl")
    back = make_forward("b@przyklad.iq.pl", "a@przyklad.iq.pl")
    back.destinations = "x@x.pl"
    assert problems_of(back, full=True) == {}
    turned = make_forward("c@przyklad.iq.pl", "d@przyklad.iq.pl")
    turned.source, turned.destinations = turned.destinations, turned.source
    assert problems_of(turned, full=True) == {}


def test_new_forwards_are_looked_at_together_with_the_existing_ones() -> None:
    make_forward("b@przyklad.iq.pl", "c@przyklad.iq.pl")
    circles = Forward.objects.circles(
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
    assert Forward.objects.circles({}) == {}


def test_the_graph_is_read_with_one_query_a_step() -> None:
    for number in range(3):
        make_forward(f"a{number}@a.pl", f"a{number + 1}@a.pl b{number + 1}@a.pl")
        make_forward(f"b{number}@a.pl", f"b{number + 1}@a.pl", keep_copy=True)
        make_mailbox(f"b{number}@a.pl")
    with CaptureQueriesContext(connection) as queries:
        graph = Forward.objects.graph_from(["a0@a.pl", "b0@a.pl"])
    assert graph.keys() == {"a0@a.pl", "a1@a.pl", "a2@a.pl"}
    assert len(queries) == 4


def test_a_very_long_chain_is_not_followed_to_its_end() -> None:
    domain = make_domain("a.pl")
    Forward.objects.bulk_create(
        Forward(domain=domain, source=f"a{number}@a.pl", destinations=f"a{number + 1}@a.pl")
        for number in range(LONGEST_CHAIN + 10)
    )
    assert len(Forward.objects.graph_from(["a0@a.pl"])) == LONGEST_CHAIN


def test_a_plus_address_is_that_of_its_mailbox_in_a_circle() -> None:
    make_domain("przyklad.iq.pl")
    to_oneself = Forward(domain=Domain.objects.get(), source="tag@przyklad.iq.pl", destinations="tag+x@przyklad.iq.pl")
    assert problems_of(to_oneself) == {"destinations": ["forward_to_self"]}
    make_forward("z+x@przyklad.iq.pl", "y@przyklad.iq.pl")
    tagged = Forward(domain=Domain.objects.get(), source="y@przyklad.iq.pl", destinations="z+x@przyklad.iq.pl")
    assert problems_of(tagged) == {"destinations": ["forward_loop"]}
    make_forward("b@przyklad.iq.pl", "a+praca@przyklad.iq.pl")
    closing = Forward(domain=Domain.objects.get(), source="a@przyklad.iq.pl", destinations="b+x@przyklad.iq.pl")
    assert problems_of(closing) == {"destinations": ["forward_loop"]}


def test_a_copy_that_no_mailbox_keeps_ends_no_circle() -> None:
    make_forward("ka@przyklad.iq.pl", "kb@przyklad.iq.pl", keep_copy=True)
    back = Forward(
        domain=Domain.objects.get(), source="kb@przyklad.iq.pl", destinations="ka@przyklad.iq.pl", keep_copy=True
    )
    assert problems_of(back) == {"destinations": ["forward_loop"]}
    make_mailbox("kb@przyklad.iq.pl")
    assert problems_of(back) == {}


def test_the_name_of_the_mail_server_is_no_domain_of_the_panel(settings: Settings) -> None:
    settings.MAIL_HOSTNAME = "Mail.Example.com"
    assert problems_of(Domain(name="mail.example.com")) == {"name": ["domain_is_server"]}
    assert problems_of(Domain(name="example.com")) == {}


def test_what_was_written_of_a_former_mailbox_does_not_come_back() -> None:
    MailUsage.objects.create(mailbox_id="jan@przyklad.iq.pl", bytes_used=5)
    make_domain("przyklad.iq.pl")
    form = MailboxForm({"email": "jan@przyklad.iq.pl"}, domains=Domain.objects.all())
    assert form.is_valid()
    form.save()
    assert not MailUsage.objects.exists()
