"""Demonstration logins: there once, shown every time, and never where DEBUG is off."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from accounts.access import usable_domains
from accounts.models import Domain, Forward, Mailbox
from accounts.rules.room import rooms
from bulkimport.management.commands.add_demo_data import LOGINS
from tests.factories import make_domain, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def debug(settings) -> None:
    settings.DEBUG = True


def test_the_data_is_added_once_and_the_logins_are_printed_each_time(debug, capsys) -> None:
    for _time in range(2):
        call_command("add_demo_data")
        output = capsys.readouterr().out
        assert all(username in output and password in output for username, password in LOGINS.items())
    assert User.objects.count() == 3
    assert Domain.objects.count() == 2


@pytest.mark.parametrize("username", LOGINS)
def test_every_login_works(debug, username: str) -> None:
    call_command("add_demo_data", verbosity=0)
    user = User.objects.get(username=username)
    assert user.check_password(LOGINS[username])
    assert user.is_staff == (username == "admin")


def test_each_customer_administers_one_domain(debug) -> None:
    call_command("add_demo_data")
    for username, name in (("biuro", "przyklad.iq.pl"), ("firma", "firma.example")):
        assert [domain.name for domain in usable_domains(User.objects.get(username=username))] == [name]


def test_the_addresses_of_the_help_page_stay_free_and_a_full_file_fits(debug) -> None:
    call_command("add_demo_data")
    free = {f"{name}@przyklad.iq.pl" for name in ("e-mail", "email", "jan", "pawel", "kopia")}
    assert not Mailbox.objects.filter(address__in=free).exists()
    assert not Forward.objects.filter(source__in=free).exists()
    domain = Domain.objects.get(name="przyklad.iq.pl")
    room = rooms([domain.pk])[domain.pk]
    assert room.error_for(mailboxes=500, quota_mb=500_000, whole_file=True) is None


def test_a_domain_that_is_there_already_keeps_its_limits_and_gets_no_mailboxes(debug) -> None:
    make_domain("przyklad.iq.pl", max_mailboxes=5)
    call_command("add_demo_data")
    domain = Domain.objects.get(name="przyklad.iq.pl")
    assert (domain.max_mailboxes, domain.mailboxes.count()) == (5, 0)


def test_a_login_that_is_there_already_is_left_alone(debug) -> None:
    make_user("biuro", password="its own password")
    call_command("add_demo_data")
    assert User.objects.get().check_password("its own password")


def test_it_refuses_outside_debug() -> None:
    with pytest.raises(CommandError, match="DEBUG=true"):
        call_command("add_demo_data")
    assert not User.objects.exists()
