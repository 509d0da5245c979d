"""Addresses as strangers and programs write them: with a plus, in Unicode, or with something odd in them."""

from __future__ import annotations

import smtplib
from typing import Final

import pytest

from tests.factories import MAILBOX_PASSWORD, make_forward, make_mailbox
from tests.mailserver.servers import PATIENCE, STRANGER, MailServer, message

pytestmark = [pytest.mark.mailserver, pytest.mark.django_db(transaction=True)]

PLUS: Final = "plus@przyklad.iq.pl"
KOT: Final = "kot@xn--w-uga1v8h.pl"
KOT_UNICODE: Final = "kot@żółw.pl"
OUTSIDE: Final = "ktos@daleko.example"


def folders(server: MailServer) -> set[str]:
    with server.imap(PLUS, MAILBOX_PASSWORD) as imap:
        lines = imap.list()[1]
    return {line.decode().rpartition('"."')[2].strip(' "') for line in lines if isinstance(line, bytes)}


SPECIAL: Final = {"INBOX", "Drafts", "Junk", "Sent", "Trash"}


def test_a_plus_address_reaches_a_folder_that_its_owner_has_made_and_else_the_inbox(mailserver: MailServer) -> None:
    make_mailbox(PLUS)
    mailserver.send("plus+praca@przyklad.iq.pl", "before")
    mailserver.settle()
    with mailserver.imap(PLUS, MAILBOX_PASSWORD) as imap:
        imap.create("praca")
    mailserver.send("plus+praca@przyklad.iq.pl", "after")
    mailserver.settle()
    assert mailserver.subjects(PLUS) == ["before"]
    assert mailserver.subjects(PLUS, folder="praca") == ["after"]


@pytest.mark.parametrize(
    "tag",
    [
        *("f0", "Sent", "sent", "TRASH", "Drafts", "Junk", "Sent.2026", "Trash/x", "INBOX", "INBOX.Sent", "inbox"),
        *("..", "../x", ".x", "~root", "x/../../y", "Sent+x", "", "+", "x" * 50, "*", "&AUI-"),
    ],
)
def test_no_stranger_makes_a_folder_or_delivers_into_a_special_one(mailserver: MailServer, tag: str) -> None:
    make_mailbox(PLUS)
    local_part = f"plus+{tag}"
    quoted = f'"{local_part}"' if ".." in tag or tag.startswith(".") else local_part
    with smtplib.SMTP("127.0.0.1", mailserver.smtp_port, timeout=PATIENCE) as smtp:
        smtp.sendmail(STRANGER, [f"{quoted}@przyklad.iq.pl"], message(f"to {tag}", STRANGER, PLUS).as_bytes())
    mailserver.settle()
    assert f"to {tag}".strip() in mailserver.subjects(PLUS)
    assert folders(mailserver) == SPECIAL
    assert mailserver.sink == [], "nothing has come back"


def test_a_plus_of_somebody_else_is_left_alone(mailserver: MailServer) -> None:
    make_mailbox(PLUS)
    make_forward("dalej@przyklad.iq.pl", OUTSIDE)
    mailserver.submit(PLUS, "ktos+Sent@daleko.example", "to another server")
    mailserver.send("dalej+Sent@przyklad.iq.pl", "passed on")
    mailserver.settle()
    assert [received.recipients for received in mailserver.sink] == [["ktos+Sent@daleko.example"], [OUTSIDE]]


# --- SMTPUTF8 ---------------------------------------------------------------------------------------------------------
def test_the_ascii_form_of_a_domain_is_delivered_from_outside_and_after_sign_in(mailserver: MailServer) -> None:
    make_mailbox(KOT)
    mailserver.send(KOT, "from outside")
    mailserver.submit(KOT, KOT, "from its owner")
    mailserver.settle()
    assert sorted(mailserver.subjects(KOT)) == ["from its owner", "from outside"]


@pytest.mark.parametrize("is_signed_in", [False, True])
def test_an_address_in_unicode_is_refused_and_never_sent_out(mailserver: MailServer, is_signed_in: bool) -> None:
    make_mailbox(KOT)
    if is_signed_in:
        smtp = mailserver.submission(is_tls_from_start=False)
        smtp.login(KOT, MAILBOX_PASSWORD)
    else:
        smtp = smtplib.SMTP("127.0.0.1", mailserver.smtp_port, timeout=PATIENCE)
    with smtp:
        smtp.ehlo()
        assert not smtp.has_extn("smtputf8")
        smtp.command_encoding = "utf-8"
        assert smtp.docmd(f"MAIL FROM:<{KOT}>")[0] == 250
        for recipient in (KOT_UNICODE, "kot@ŻÓŁW.pl"):
            assert smtp.docmd(f"RCPT TO:<{recipient}>") == (501, b"5.1.3 Bad recipient address syntax")
        code, text = smtp.docmd("RCPT TO:<ktoś@daleko.example>")
        assert code == 553
        assert b"Write the address in ASCII, a domain in the form that begins with xn--" in text
        smtp.rset()
        smtp.command_encoding = "utf-8"
        assert smtp.docmd(f"MAIL FROM:<{KOT_UNICODE}>")[0] in (250, 501, 553)
        assert smtp.docmd(f"RCPT TO:<{KOT}>")[0] in (501, 503, 553)
    mailserver.settle()
    assert mailserver.sink == []


def test_letters_with_accents_pass_in_headers_and_text(mailserver: MailServer) -> None:
    make_mailbox(KOT)
    text = message("8 bits", STRANGER, KOT).as_bytes() + "Zażółć gęślą jaźń.\n".encode()
    with smtplib.SMTP("127.0.0.1", mailserver.smtp_port, timeout=PATIENCE) as smtp:
        smtp.sendmail(STRANGER, [KOT], text, mail_options=["BODY=8BITMIME"])
    mailserver.settle()
    assert mailserver.subjects(KOT) == ["8 bits"]
