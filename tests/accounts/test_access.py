"""Who may act on which domain."""

import pytest
from django.contrib.auth.models import AnonymousUser

from accounts.access import not_your_domain, usable_domains
from tests.factories import make_domain, make_user

pytestmark = pytest.mark.django_db


def test_a_customer_acts_on_their_own_domains_only() -> None:
    anna, ewa = make_user("anna"), make_user("ewa")
    both = make_domain("a.pl", [anna, ewa])
    hers = make_domain("b.pl", [ewa])
    make_domain("c.pl")
    assert list(usable_domains(anna)) == [both]
    assert list(usable_domains(ewa)) == [both, hers]


def test_staff_and_the_command_line_act_on_all_domains() -> None:
    domain = make_domain("a.pl", [make_user("anna")])
    assert list(usable_domains(make_user("staff", is_staff=True))) == [domain]
    assert list(usable_domains(None)) == [domain]


def test_nobody_acts_on_nothing() -> None:
    make_domain("a.pl")
    assert not usable_domains(AnonymousUser()).exists()
    assert not usable_domains(make_user("new")).exists()


def test_a_foreign_domain_is_named_in_unicode_and_told_how_to_mend() -> None:
    error = not_your_domain("xn--w-uga1v8h.pl")
    assert error.code == "domain_not_yours"
    assert error.messages == ["You cannot use the domain żółw.pl. Correct the address, or have the domain added first."]
