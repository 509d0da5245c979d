"""How full the domains of a list are before and after it."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import translation
from pytest_django import DjangoAssertNumQueries

from accounts.models import Domain
from bulkimport.gauges import DOMAINS_SHOWN, measure_domains
from bulkimport.rows import Draft
from tests.bulkimport.lists import upload
from tests.factories import make_domain, make_mailbox, make_user
from tests.pages import parse

pytestmark = pytest.mark.django_db


def draft(domain: Domain, number: int = 0, quota_mb: int = 100) -> Draft:
    return Draft(number + 2, f"k{number}@{domain.name}", domain.pk, quota_mb, False, (), False, None)


def test_a_domain_with_limits_has_a_meter_for_each() -> None:
    domain = make_domain("przyklad.iq.pl", max_mailboxes=10, max_total_quota_mb=4000)
    make_mailbox("jan@przyklad.iq.pl", quota_mb=1000)
    (found,) = measure_domains([draft(domain, 0), draft(domain, 1, 900)]).domains
    mailboxes, quota = found.gauges
    assert (mailboxes.text, quota.text) == ("1 → 3 of 10", "1,000 → 2,000 of 4,000\N{NO-BREAK SPACE}MB")
    assert mailboxes.spoken == "1 now, 3 with the accounts that are ready, of 10"
    assert (quota.now_width, quota.added_x, quota.added_width) == ("25.0", "25.8", "24.2")


def test_only_limits_that_the_domain_has_are_shown() -> None:
    free, mailboxes_only = make_domain("wolna.example"), make_domain("firma.example", max_mailboxes=5)
    (found,) = measure_domains([draft(free), draft(mailboxes_only)]).domains
    assert found.name == "firma.example"
    assert [gauge.text for gauge in found.gauges] == ["0 → 1 of 5"]


@pytest.mark.parametrize(("most", "is_over"), [(0, True), (1, True), (2, False)])
def test_a_meter_never_leaves_its_frame(most: int, is_over: bool) -> None:
    domain = make_domain("przyklad.iq.pl", max_mailboxes=most)
    ((gauge,),) = [found.gauges for found in measure_domains([draft(domain, 0), draft(domain, 1)]).domains]
    assert gauge.is_over is is_over
    assert float(gauge.added_x) + float(gauge.added_width) <= 100


def test_the_fullest_domains_come_first_and_the_others_are_counted(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    domains = [make_domain(f"d{number}.example", max_mailboxes=number + 1) for number in range(DOMAINS_SHOWN + 2)]
    with django_assert_num_queries(2):
        gauges = measure_domains([draft(domain) for domain in domains])
    assert [found.name for found in gauges.domains[:2]] == ["d0.example", "d1.example"]
    assert (len(gauges.domains), gauges.others) == (DOMAINS_SHOWN, 2)


def test_nothing_is_asked_for_a_list_without_drafts(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(0):
        assert measure_domains([]).domains == ()


def test_the_page_has_the_meters_also_in_polish(client: Client) -> None:
    customer = make_user("anna")
    make_domain("przyklad.iq.pl", [customer], default_quota_mb=1000, max_total_quota_mb=30_000)
    make_domain("cudza.example", [make_user("ola")], max_mailboxes=3)
    client.force_login(customer)
    url = upload(client, "E-mail\njan@przyklad.iq.pl\nx@cudza.example\n")
    html = client.get(url).content.decode()
    assert "0 → 1,000 of 30,000\N{NO-BREAK SPACE}MB" in html
    assert 'aria-labelledby="room"' in html
    with translation.override("pl"):
        polish = client.get(url, headers={"accept-language": "pl"}).content.decode()
    added = parse(polish).find("rect", class_="meter-add")
    assert (added["x"], added["width"]) == ("0.0", "3.3")
    assert ">cudza.example<" not in html


def test_the_meters_and_the_sentence_of_a_limit_both_say_which_rows_they_count(client: Client) -> None:
    customer = make_user("anna")
    make_domain("przyklad.iq.pl", [customer], max_mailboxes=1)
    client.force_login(customer)
    url = upload(client, "E-mail;Hasło\njan@przyklad.iq.pl;\newa@przyklad.iq.pl;zima\n")
    html = client.get(url).content.decode()
    assert "With the rows to be corrected, this file needs 2 mailboxes; przyklad.iq.pl has 1 left." in html
    assert "0 now, 1 with the accounts that are ready, of 1" in html
    assert "added by the accounts that are ready" in html
