"""A forward that leaves has a sender of this server, made by PostSRSd, and what comes back to it finds the stranger."""

from __future__ import annotations

import re
import smtplib

import pytest

from tests.factories import MAILBOX_PASSWORD, make_forward, make_mailbox
from tests.mailserver.servers import (
    HOSTNAME,
    PATIENCE,
    STRANGER,
    MailServer,
    assert_arrived,
    refusal,
    start_postsrsd,
    stop_postsrsd,
    wait_for,
)
from tests.mailserver.sink import REFUSED, Received

pytestmark = [pytest.mark.mailserver, pytest.mark.django_db(transaction=True)]

FORWARD = "przekaz@przyklad.iq.pl"
OUTSIDE = "ktos@daleko.example"
SRS = re.compile(rf"SRS0=[\w+/]{{4}}=[A-Z2-7]{{2}}=poza\.example=stranger@{re.escape(HOSTNAME)}")


def find_messages(server: MailServer, text: str) -> list[Received]:
    return [message for message in server.sink if text in message.text]


def left(server: MailServer, subject: str) -> Received:
    """Return the one message of this subject that has left the server."""
    line = f"\r\nSubject: {subject}\r\n"
    wait_for(lambda: bool(find_messages(server, line)), f"{subject} outside")
    [message] = find_messages(server, line)
    return message


def return_path(server: MailServer, address: str) -> str:
    """Return the sender that the first message of a mailbox was delivered with."""
    with server.imap(address, MAILBOX_PASSWORD) as imap:
        imap.select("INBOX", readonly=True)
        [(_, header), _] = imap.fetch("1", "(BODY.PEEK[HEADER.FIELDS (RETURN-PATH)])")[1]
    return str(header.decode().strip())


def test_a_forward_that_leaves_has_a_sender_of_this_server_and_the_kept_copy_the_strangers(
    mailserver: MailServer,
) -> None:
    make_mailbox("kopia-srs@przyklad.iq.pl")
    make_forward("kopia-srs@przyklad.iq.pl", [OUTSIDE, "inny@daleko.example"], keep_copy=True)
    mailserver.send("kopia-srs@przyklad.iq.pl", "forwarded")
    message = left(mailserver, "forwarded")
    assert SRS.fullmatch(message.sender)
    assert sorted(message.recipients) == ["inny@daleko.example", OUTSIDE]
    assert f"\r\nFrom: {STRANGER}\r\n" in message.text
    assert_arrived(mailserver, "kopia-srs@przyklad.iq.pl", "forwarded")
    assert return_path(mailserver, "kopia-srs@przyklad.iq.pl") == f"Return-Path: <{STRANGER}>"


def test_a_bounce_that_is_forwarded_stays_without_a_sender(mailserver: MailServer) -> None:
    make_forward(FORWARD, OUTSIDE)
    with smtplib.SMTP("127.0.0.1", mailserver.smtp_port, timeout=PATIENCE) as smtp:
        smtp.sendmail("", [FORWARD], "From: x@poza.example\r\nSubject: no sender\r\n\r\n")
    assert left(mailserver, "no sender").sender == ""


@pytest.mark.parametrize(
    ("sender", "rewritten"),
    [
        (STRANGER, r"SRS0=\S{4}=\S{2}=poza\.example=stranger"),
        ("Ewa.Nowak+lista@poza.example", r"SRS0=\S{4}=\S{2}=poza\.example=Ewa\.Nowak\+lista"),
        # Another server has forwarded it here.
        ("SRS0=aBcD=XY=a.example=jan@b.example", r"SRS1=\S{4}=b\.example==aBcD=XY=a\.example=jan"),
    ],
)
def test_a_bounce_of_a_forward_comes_back_to_the_original_sender(
    mailserver: MailServer, sender: str, rewritten: str
) -> None:
    make_forward(FORWARD, OUTSIDE)
    mailserver.send(FORWARD, "to bounce", sender=sender)
    address = left(mailserver, "to bounce").sender
    assert re.fullmatch(f"{rewritten}@{HOSTNAME}", address)
    with smtplib.SMTP("127.0.0.1", mailserver.smtp_port, timeout=PATIENCE) as smtp:
        smtp.sendmail("", [address], "From: x@daleko.example\r\nSubject: bounced\r\n\r\n")
    bounce = left(mailserver, "bounced")
    assert (bounce.sender, bounce.recipients) == ("", [sender])


def test_a_forward_that_is_refused_outside_is_reported_to_the_original_sender(mailserver: MailServer) -> None:
    make_forward(FORWARD, REFUSED)
    mailserver.send(FORWARD, "to nobody")
    report = left(mailserver, "Undelivered Mail Returned to Sender")
    assert (report.sender, report.recipients) == ("", [STRANGER])
    assert "550 5.1.1 nobody here" in report.text


def test_a_sender_that_cannot_be_rewritten_does_not_go_round(mailserver: MailServer) -> None:
    make_forward(FORWARD, OUTSIDE)
    mailserver.send(FORWARD, "odd", sender="SRS1=x@poza.example")
    assert left(mailserver, "odd").sender == f"nobody@{HOSTNAME}"


def test_mail_to_the_sender_of_double_bounces_does_not_go_round(mailserver: MailServer) -> None:
    mailserver.send(f"double-bounce@{HOSTNAME}", "round")
    mailserver.settle()
    assert mailserver.sink == [], "and nobody whose address was forged hears of it"


def test_a_name_below_that_of_the_server_is_somebody_elses(mailserver: MailServer) -> None:
    make_mailbox("nadawca-srs@przyklad.iq.pl")
    mailserver.submit("nadawca-srs@przyklad.iq.pl", f"ktos@listy.{HOSTNAME}", "below")
    assert left(mailserver, "below").recipients == [f"ktos@listy.{HOSTNAME}"]
    assert refusal(mailserver, f"ktos@listy.{HOSTNAME}") == (
        554,
        f"5.7.1 <ktos@listy.{HOSTNAME}>: Relay access denied".encode(),
    )


def test_an_address_that_postsrsd_has_not_made_is_refused(mailserver: MailServer) -> None:
    for local_part in ("SRS0=aaaa=AA=poza.example=stranger", "jan"):
        code, text = refusal(mailserver, f"{local_part}@{HOSTNAME}")
        assert (code, text[:5]) == (550, b"5.1.1")


def test_mail_of_our_own_people_keeps_its_sender(mailserver: MailServer) -> None:
    make_mailbox("nadawca-srs@przyklad.iq.pl")
    make_mailbox("obok@przyklad.iq.pl")
    make_forward(FORWARD, OUTSIDE)
    for recipient, subject in ((OUTSIDE, "submitted"), (FORWARD, "submitted to a forward")):
        mailserver.submit("nadawca-srs@przyklad.iq.pl", recipient, subject)
        assert left(mailserver, subject).sender == "nadawca-srs@przyklad.iq.pl"
    mailserver.submit("nadawca-srs@przyklad.iq.pl", "obok@przyklad.iq.pl", "inside")
    assert_arrived(mailserver, "obok@przyklad.iq.pl", "inside")
    assert return_path(mailserver, "obok@przyklad.iq.pl") == "Return-Path: <nadawca-srs@przyklad.iq.pl>"


def test_without_postsrsd_forwards_wait_and_all_other_mail_goes_on(mailserver: MailServer) -> None:
    make_mailbox("bez-srs@przyklad.iq.pl")
    make_forward("bez-srs@przyklad.iq.pl", OUTSIDE, keep_copy=True)
    mailserver.send("bez-srs@przyklad.iq.pl", "before")
    address = left(mailserver, "before").sender
    stop_postsrsd(mailserver)
    try:
        mailserver.send("bez-srs@przyklad.iq.pl", "meanwhile")
        wait_for(lambda: "meanwhile" in mailserver.subjects("bez-srs@przyklad.iq.pl"), "the kept copy")
        mailserver.submit("bez-srs@przyklad.iq.pl", OUTSIDE, "submitted")
        assert left(mailserver, "submitted").sender == "bez-srs@przyklad.iq.pl"
        assert refusal(mailserver, address)[0] == 451
        wait_for(lambda: "status=deferred" in mailserver.logs(), "putting the forward off")
        assert not find_messages(mailserver, "meanwhile")
    finally:
        start_postsrsd(mailserver)
    mailserver.postfix("postqueue", "-f")
    assert SRS.fullmatch(left(mailserver, "meanwhile").sender)
