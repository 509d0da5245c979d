"""Domains, mailboxes and forwards: what the database refuses whoever writes, and how they are shown."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from accounts.models import Domain, Forward, Mailbox
from tests.factories import make_domain, make_forward, make_mailbox

pytestmark = pytest.mark.django_db


def error_codes(domain: Domain) -> dict[str, list[str]]:
    """Return the codes by field that `clean` refuses a domain with; empty when it is sound."""
    try:
        domain.clean()
    except ValidationError as error:
        return {name: [str(single.code) for single in problems] for name, problems in error.error_dict.items()}
    return {}


def new_mailbox(address: str = "jan@przyklad.iq.pl", quota_mb: int = 100) -> Mailbox:
    domain = Domain.objects.get_or_create(name="przyklad.iq.pl")[0]
    return Mailbox(domain=domain, address=address, local_part="jan", password_hash="{ARGON2ID}x", quota_mb=quota_mb)


def new_forward(source: str = "jan@przyklad.iq.pl", destinations: str = "a@x.pl") -> Forward:
    domain = Domain.objects.get_or_create(name="przyklad.iq.pl")[0]
    return Forward(domain=domain, source=source, destinations=destinations)


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


def test_a_row_that_a_script_writes_by_sql_needs_no_version() -> None:
    domain = make_domain("a.pl")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO accounts_mailbox"
            " (domain_id, local_part, address, password_hash, quota_mb, is_active, created_at)"
            " SELECT id, 'jan', 'jan@a.pl', 'x', 1, is_active, created_at FROM accounts_domain WHERE id = %s",
            [domain.pk],
        )
    assert Mailbox.objects.get().version == 1


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
    assert error_codes(Domain(**fields)) == problems


def test_the_name_of_the_mail_server_is_no_domain_of_the_panel(settings: Settings) -> None:
    settings.MAIL_HOSTNAME = "Mail.Example.com"
    assert error_codes(Domain(name="mail.example.com")) == {"name": ["domain_is_server"]}
    assert error_codes(Domain(name="example.com")) == {}


def test_usage_is_read_with_the_domains() -> None:
    make_mailbox("a@a.pl", quota_mb=100)
    make_mailbox("b@a.pl", quota_mb=250)
    make_domain("b.pl")
    with CaptureQueriesContext(connection) as queries:
        rows = [(domain.name, domain.mailbox_count, domain.quota_sum_mb) for domain in Domain.objects.with_usage()]
    assert rows == [("a.pl", 2, 350), ("b.pl", 0, 0)]
    assert len(queries) == 1


def test_addresses_are_shown_in_unicode() -> None:
    mailbox = make_mailbox("jan@xn--w-uga1v8h.pl")
    assert mailbox.display_address == str(mailbox) == "jan@żółw.pl"
    forward = make_forward("info@xn--w-uga1v8h.pl", "a@x.pl b@xn--dbo-iwa1zb.pl")
    assert forward.display_source == str(forward) == "info@żółw.pl"
    assert forward.display_destinations == ["a@x.pl", "b@źdźbło.pl"]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL writes to the disk before a commit ends")
def test_what_sqlite_has_committed_is_on_the_disk() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("PRAGMA synchronous")
        assert cursor.fetchone() == (2,), "FULL"
