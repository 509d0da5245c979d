"""Forwards as Postfix follows them: everybody meant gets one copy, and what reaches nobody comes back to its sender."""

from __future__ import annotations

from typing import Final

import pytest

from accounts.models import Mailbox
from tests.factories import MAILBOX_PASSWORD, make_domain, make_forward, make_mailbox
from tests.mailserver.servers import STRANGER, MailServer, refusal

pytestmark = [pytest.mark.mailserver, pytest.mark.django_db(transaction=True)]

OUTSIDE: Final = "ktos@daleko.example"


def make_mailboxes(*addresses: str) -> None:
    for address in addresses:
        make_mailbox(address)


def deliver(server: MailServer, recipient: str, subject: str) -> None:
    """Send a message from outside and wait until all that becomes of it has happened."""
    server.send(recipient, subject)
    server.settle()


def test_a_chain_reaches_only_its_end(mailserver: MailServer) -> None:
    first, second, last = (f"lancuch-{place}@przyklad.iq.pl" for place in ("a", "b", "c"))
    make_mailboxes(first, second, last)
    make_forward(first, second)
    make_forward(second, last)
    deliver(mailserver, first, "chain")
    assert mailserver.subjects(last) == ["chain"]
    assert mailserver.subjects(first) == mailserver.subjects(second) == []
    assert mailserver.sink == []


def test_a_chain_in_which_the_middle_keeps_a_copy_reaches_the_middle_and_the_end(mailserver: MailServer) -> None:
    first, second, last = (f"srodek-{place}@przyklad.iq.pl" for place in ("a", "b", "c"))
    make_mailboxes(second, last)
    make_forward(first, second)
    make_forward(second, last, keep_copy=True)
    deliver(mailserver, first, "middle")
    assert mailserver.subjects(second) == mailserver.subjects(last) == ["middle"]


@pytest.mark.parametrize("number", [0, 1], ids=["to the first", "to the second"])
def test_two_who_keep_a_copy_and_forward_to_each_other_get_one_copy_each(mailserver: MailServer, number: int) -> None:
    pair = (f"wzajemnie-{number}@przyklad.iq.pl", f"wzajemnie-{number}@inny.example")
    make_mailboxes(*pair)
    for source, destination in (pair, pair[::-1]):
        make_forward(source, destination, keep_copy=True)
    deliver(mailserver, pair[number], "mutual")
    for address in pair:
        assert mailserver.subjects(address) == ["mutual"]
    assert mailserver.sink == []


def test_two_ways_to_one_mailbox_bring_one_copy(mailserver: MailServer) -> None:
    make_mailboxes("cel@przyklad.iq.pl")
    make_forward("droga-a@przyklad.iq.pl", "cel@przyklad.iq.pl")
    make_forward("droga-b@przyklad.iq.pl", "cel@przyklad.iq.pl")
    make_forward("obie@przyklad.iq.pl", ["droga-a@przyklad.iq.pl", "droga-b@przyklad.iq.pl", "cel@przyklad.iq.pl"])
    deliver(mailserver, "obie@przyklad.iq.pl", "two ways")
    assert mailserver.subjects("cel@przyklad.iq.pl") == ["two ways"]


@pytest.mark.parametrize("keep_copy", [False, True])
def test_an_address_without_a_mailbox_passes_mail_on_here_and_outside(mailserver: MailServer, keep_copy: bool) -> None:
    here = f"adresat-{keep_copy}@inny.example".lower()
    make_mailboxes(here)
    make_forward("tutaj@przyklad.iq.pl", here, keep_copy=keep_copy)
    make_forward("dalej@przyklad.iq.pl", OUTSIDE, keep_copy=keep_copy)
    deliver(mailserver, "tutaj@przyklad.iq.pl", "here")
    assert mailserver.subjects(here) == ["here"]
    assert mailserver.sink == []
    deliver(mailserver, "dalej@przyklad.iq.pl", "outside")
    [received] = mailserver.sink
    assert received.recipients == [OUTSIDE]
    assert "Subject: outside" in received.text


def test_a_forward_to_a_disabled_mailbox_tells_the_sender(mailserver: MailServer) -> None:
    make_mailbox("uspiony@przyklad.iq.pl", is_active=False)
    make_forward("do-uspionego@przyklad.iq.pl", "uspiony@przyklad.iq.pl")
    deliver(mailserver, "do-uspionego@przyklad.iq.pl", "to nobody")
    [bounce] = mailserver.sink
    assert (bounce.sender, bounce.recipients) == ("", [STRANGER])
    assert "Status: 5.1.1" in bounce.text
    assert "Subject: to nobody" in bounce.text, "the sender learns which message it was"
    Mailbox.objects.update(is_active=True)
    assert mailserver.subjects("uspiony@przyklad.iq.pl") == []


def test_a_disabled_mailbox_among_the_destinations_takes_nothing_from_the_others(mailserver: MailServer) -> None:
    source, other = "mieszany@przyklad.iq.pl", "czynny@przyklad.iq.pl"
    make_mailboxes(source, other)
    make_mailbox("wylaczony@przyklad.iq.pl", is_active=False)
    make_forward(source, ["wylaczony@przyklad.iq.pl", other], keep_copy=True)
    deliver(mailserver, source, "some")
    assert mailserver.subjects(source) == mailserver.subjects(other) == ["some"]
    [bounce] = mailserver.sink
    assert bounce.recipients == [STRANGER]
    assert "wylaczony@przyklad.iq.pl" in bounce.text


def test_an_inactive_forward_is_as_if_it_were_not_there(mailserver: MailServer) -> None:
    make_mailboxes("zostaje@przyklad.iq.pl")
    make_forward("zostaje@przyklad.iq.pl", OUTSIDE, is_active=False)
    make_forward("sam-forward@przyklad.iq.pl", OUTSIDE, is_active=False)
    deliver(mailserver, "zostaje@przyklad.iq.pl", "stays")
    assert mailserver.subjects("zostaje@przyklad.iq.pl") == ["stays"]
    assert mailserver.sink == []
    assert refusal(mailserver, "sam-forward@przyklad.iq.pl")[0] == 550


def test_a_forward_of_an_inactive_domain_is_refused(mailserver: MailServer) -> None:
    make_domain("spiaca.example", is_active=False)
    make_forward("kontakt@spiaca.example", OUTSIDE)
    assert refusal(mailserver, "kontakt@spiaca.example")[0] == 550


def test_a_plus_address_is_passed_on_with_its_tag(mailserver: MailServer) -> None:
    source, other = "tag-a@przyklad.iq.pl", "tag-b@przyklad.iq.pl"
    make_mailboxes(source, other)
    make_forward(source, [other, OUTSIDE], keep_copy=True)
    with mailserver.imap(source, MAILBOX_PASSWORD) as imap:
        imap.create("faktury")
    deliver(mailserver, "tag-a+faktury@przyklad.iq.pl", "tagged")
    assert mailserver.subjects(source, folder="faktury") == ["tagged"]
    assert mailserver.subjects(source) == []
    assert mailserver.subjects(other) == ["tagged"], "who has made no folder of this name finds it in the inbox"
    [received] = mailserver.sink
    assert received.recipients == ["ktos+faktury@daleko.example"]
