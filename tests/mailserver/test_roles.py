"""Addresses that every domain has, forwards of people who have left, and who may send as an address with a forward."""

from __future__ import annotations

import smtplib
from typing import Final

import pytest

from accounts.models import Domain, Forward, Mailbox
from tests.factories import make_domain, make_forward, make_mailbox, make_user
from tests.mailserver.servers import HOSTNAME, POSTMASTER, MailServer, assert_arrived, refusal

pytestmark = [pytest.mark.mailserver, pytest.mark.django_db(transaction=True)]

OUTSIDE: Final = "ktos@daleko.example"
BIURO: Final = "biuro@rola.example"
JAN: Final = "jan@rola.example"


@pytest.mark.parametrize("role", ["postmaster", "Abuse"])
def test_what_comes_for_a_role_of_a_domain_reaches_its_contact_or_the_server_s_postmaster(
    mailserver: MailServer, role: str
) -> None:
    make_mailbox(POSTMASTER)
    make_mailbox("szef@rola.example")
    mailserver.send(f"{role}@rola.example", f"no contact, {role}")
    assert_arrived(mailserver, POSTMASTER, f"no contact, {role}")
    Domain.objects.filter(name="rola.example").update(contact="szef@rola.example")
    mailserver.send(f"{role}@rola.example", f"contact, {role}")
    mailserver.submit("szef@rola.example", f"{role}@rola.example", f"signed in, {role}")
    mailserver.settle()
    assert sorted(mailserver.subjects("szef@rola.example")) == [f"contact, {role}", f"signed in, {role}"]
    assert mailserver.sink == []


def test_a_role_that_somebody_has_created_gets_its_own_mail(mailserver: MailServer) -> None:
    make_domain("rola.example", contact=OUTSIDE)
    make_mailbox("abuse@rola.example")
    mailserver.send("abuse@rola.example", "its own")
    assert_arrived(mailserver, "abuse@rola.example", "its own")
    make_domain("spiaca.example", is_active=False)
    assert refusal(mailserver, "postmaster@spiaca.example")[0] == 550
    assert refusal(mailserver, f"abuser@{HOSTNAME}")[0] == 550
    assert mailserver.sink == []


@pytest.mark.parametrize("works_while_disabled", [False, True])
@pytest.mark.parametrize("keep_copy", [False, True])
def test_the_forward_of_a_disabled_mailbox_goes_on_only_where_it_says_so(
    mailserver: MailServer, works_while_disabled: bool, keep_copy: bool
) -> None:
    make_mailbox(JAN, is_active=False)
    ticks = {"keep_copy": keep_copy, "works_while_disabled": works_while_disabled}
    make_forward(JAN, OUTSIDE, **ticks)
    if works_while_disabled:
        mailserver.send(JAN, "passed on")
    else:
        assert refusal(mailserver, JAN)[0] == 550
    mailserver.settle()
    assert [received.recipients for received in mailserver.sink] == [[OUTSIDE]] * works_while_disabled
    Mailbox.objects.update(is_active=True)
    assert mailserver.subjects(JAN) == [], "no copy stays in a disabled mailbox"


@pytest.mark.parametrize("is_tls_from_start", [False, True], ids=["port 587", "port 465"])
def test_who_gets_the_mail_of_an_address_sends_as_it_where_the_forward_says_so(
    mailserver: MailServer, is_tls_from_start: bool
) -> None:
    port = {"is_tls_from_start": is_tls_from_start}
    make_domain("obcy.example", [make_user("ola")])
    for address in (JAN, "ewa@rola.example", "jan@obcy.example"):
        make_mailbox(address)
    make_forward(BIURO, f"{JAN} jan@obcy.example")
    for login in (JAN, "ewa@rola.example", "jan@obcy.example"):
        with pytest.raises(smtplib.SMTPSenderRefused, match="not owned by user"):
            mailserver.submit(login, OUTSIDE, "too early", sender=BIURO, **port)
    Forward.objects.update(allows_sending=True)
    mailserver.submit(JAN, OUTSIDE, "as the office", sender=BIURO, **port)
    mailserver.submit(JAN, OUTSIDE, "tagged", sender="biuro+oferta@rola.example", **port)
    for login in ("ewa@rola.example", "jan@obcy.example"):
        with pytest.raises(smtplib.SMTPSenderRefused, match="not owned by user"):
            mailserver.submit(login, OUTSIDE, "never", sender=BIURO, **port)
    mailserver.settle()
    assert [received.sender for received in mailserver.sink] == [BIURO, "biuro+oferta@rola.example"]
