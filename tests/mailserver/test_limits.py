"""How many recipients somebody who has signed in may send to, counted by policyd-rate-limit."""

from __future__ import annotations

import smtplib
import sqlite3
import subprocess
import time
from collections.abc import Iterable
from contextlib import closing, suppress

import pytest

from accounts.models import Mailbox
from tests.factories import MAILBOX_PASSWORD, make_mailbox
from tests.mailserver.servers import (
    PER_DAY,
    PER_HOUR,
    POSTMASTER,
    STRANGER,
    MailServer,
    assert_arrived,
    message,
    rate_limit,
    start_rate_limit,
    stop_rate_limit,
)

pytestmark = [pytest.mark.mailserver, pytest.mark.django_db(transaction=True)]

HOUR = 3600


def outside(count: int) -> list[str]:
    return [f"ktos{number}@daleko.example" for number in range(count)]


def submit(server: MailServer, login: str, recipients: Iterable[str], *, sender: str = "") -> int:
    """Send one message after signing in, and return to how many recipients it goes.

    Raises smtplib's errors where that is none: Debian 12 refuses each recipient over the limit, Debian 13 the message.
    """
    recipients, sender = list(recipients), sender or login
    with server.submission(is_tls_from_start=False) as smtp:
        smtp.login(login, MAILBOX_PASSWORD)
        refused = smtp.send_message(message("to many", sender, recipients[0]), sender, recipients)
    return len(recipients) - len(refused)


def limit_reply(server: MailServer, login: str, recipients: Iterable[str], **sender: str) -> tuple[int, str]:
    """Return the reply to somebody who is over a limit with every recipient."""
    with pytest.raises((smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError)) as error:
        submit(server, login, recipients, **sender)
    if isinstance(error.value, smtplib.SMTPRecipientsRefused):
        code, text = next(iter(error.value.recipients.values()))
    else:
        code, text = error.value.smtp_code, error.value.smtp_error
    return code, text.decode() if isinstance(text, bytes) else text


def age_counts(server: MailServer, seconds: int) -> None:
    """Let everything that was counted have been sent earlier by more than these seconds."""
    with closing(sqlite3.connect(server.folder / "rate-limit/db.sqlite3")) as database, database:
        database.execute("UPDATE mail_count SET date = date - ?", [seconds + 1])


def test_whoever_is_over_the_limit_of_an_hour_is_put_off_with_a_reason(mailserver: MailServer) -> None:
    ala, ola = "ala-limit@przyklad.iq.pl", "ola-limit@przyklad.iq.pl"
    make_mailbox(ala)
    make_mailbox(ola)
    assert submit(mailserver, ala, outside(PER_HOUR - 1)) == PER_HOUR - 1
    assert submit(mailserver, ala, [ola]) == 1
    code, text = limit_reply(mailserver, ala, [ola])
    assert code == 450
    assert "4.7.1" in text
    assert f"has reached its limit of recipients in an hour or in a day. Send it later, or ask {POSTMASTER}" in text
    assert submit(mailserver, ola, [ala]) == 1, "the limit of another mailbox is its own"
    assert_arrived(mailserver, ola, "to many")
    age_counts(mailserver, HOUR)
    assert submit(mailserver, ala, [ola]) == 1


def test_the_limit_of_a_day_holds_when_the_hour_is_over(mailserver: MailServer) -> None:
    ala = "ala-dzien@przyklad.iq.pl"
    make_mailbox(ala)
    assert submit(mailserver, ala, outside(PER_HOUR)) == PER_HOUR
    age_counts(mailserver, HOUR)
    assert submit(mailserver, ala, outside(PER_DAY - PER_HOUR)) == PER_DAY - PER_HOUR
    assert limit_reply(mailserver, ala, outside(1))[0] == 450
    age_counts(mailserver, 24 * HOUR)
    assert submit(mailserver, ala, outside(1)) == 1


def test_messages_to_too_many_do_not_pass_by_being_tried_again(mailserver: MailServer) -> None:
    ala = "ala-uparta@przyklad.iq.pl"
    make_mailbox(ala, max_recipients_per_hour=4)
    for _attempt in range(4):
        with suppress(smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError):
            submit(mailserver, ala, outside(5))
    mailserver.settle()
    assert sum(len(received.recipients) for received in mailserver.sink) <= 4


def test_a_message_in_chunks_counts_too(mailserver: MailServer) -> None:
    ala, text = "ala-kawalki@przyklad.iq.pl", b"Subject: chunk\r\n\r\nText.\r\n"
    make_mailbox(ala, max_recipients_per_hour=2)
    codes = []
    with mailserver.submission(is_tls_from_start=False) as smtp:
        smtp.login(ala, MAILBOX_PASSWORD)
        for recipient in outside(4):
            smtp.mail(ala)
            smtp.rcpt(recipient)
            smtp.send(b"BDAT %d LAST\r\n" % len(text) + text)
            codes.append(smtp.getreply()[0])
            smtp.rset()
    assert [code == 250 for code in codes] == [True, True, False, False]


def test_a_mailbox_has_the_limits_that_the_panel_gives_it_at_once(mailserver: MailServer) -> None:
    ala = make_mailbox("ala-wlasny@przyklad.iq.pl", max_recipients_per_hour=2)
    mailboxes = Mailbox.objects.filter(pk=ala.pk)
    assert submit(mailserver, ala.address, outside(2)) == 2
    assert limit_reply(mailserver, ala.address, outside(1))[0] == 450
    mailboxes.update(max_recipients_per_hour=PER_DAY + 10)
    assert submit(mailserver, ala.address, outside(PER_DAY - 2)) == PER_DAY - 2
    assert limit_reply(mailserver, ala.address, outside(1))[0] == 450, "the day's is still that of all"
    mailboxes.update(max_recipients_per_hour=0, max_recipients_per_day=0)
    assert submit(mailserver, ala.address, outside(PER_DAY)) == PER_DAY
    mailboxes.update(max_recipients_per_hour=None, max_recipients_per_day=None)
    assert limit_reply(mailserver, ala.address, outside(1))[0] == 450


def test_another_spelling_of_the_login_is_the_same_mailbox(mailserver: MailServer) -> None:
    ala = "ala-wielka@przyklad.iq.pl"
    make_mailbox(ala, max_recipients_per_hour=2)
    assert submit(mailserver, ala.upper(), outside(1), sender=ala) == 1
    assert submit(mailserver, ala.title(), outside(1), sender=ala) == 1
    assert limit_reply(mailserver, ala, outside(1))[0] == 450
    assert limit_reply(mailserver, ala.upper(), outside(1), sender=ala)[0] == 450


def test_mail_from_outside_is_not_limited(mailserver: MailServer) -> None:
    ala = "ala-odbiera@przyklad.iq.pl"
    make_mailbox(ala, max_recipients_per_hour=1, max_recipients_per_day=1)
    recipients = [f"ala-odbiera+{number}@przyklad.iq.pl" for number in range(5)]
    for sender in (STRANGER, ala):
        with smtplib.SMTP("127.0.0.1", mailserver.smtp_port) as smtp:
            assert smtp.send_message(message("from outside", sender, ala), sender, recipients) == {}


def test_recipients_who_are_refused_do_not_count(mailserver: MailServer) -> None:
    ala = "ala-pomylka@przyklad.iq.pl"
    make_mailbox(ala, max_recipients_per_hour=1)
    for number in range(3):
        with pytest.raises(smtplib.SMTPRecipientsRefused) as error:
            submit(mailserver, ala, [f"nikogo{number}@przyklad.iq.pl"])
        assert [code for code, _text in error.value.recipients.values()] == [550]
    assert submit(mailserver, ala, outside(1)) == 1


def test_while_the_program_is_away_mail_passes(mailserver: MailServer) -> None:
    ala = "ala-awaria@przyklad.iq.pl"
    make_mailbox(ala, max_recipients_per_hour=1)
    stop_rate_limit(mailserver)
    try:
        start = time.monotonic()
        assert submit(mailserver, ala, outside(20)) == 20
        assert time.monotonic() - start < 10, "no second for each recipient"
    finally:
        start_rate_limit(mailserver)
    assert submit(mailserver, ala, outside(1)) == 1
    assert limit_reply(mailserver, ala, outside(1))[0] == 450


def test_the_postmaster_is_told_once_of_all_who_were_over(mailserver: MailServer) -> None:
    def report() -> list[str]:
        subprocess.run(rate_limit(mailserver, "--clean"), check=True, capture_output=True)
        mailserver.settle()
        with mailserver.imap(POSTMASTER, MAILBOX_PASSWORD) as imap:
            imap.select("INBOX")
            numbers = imap.search(None, "SUBJECT", '"over their limit of recipients"')[1][0].split()
            return [str(imap.fetch(number, "(BODY.PEEK[TEXT])")[1][0][1]) for number in numbers]

    make_mailbox(POSTMASTER)
    report()  # of the tests before
    before = len(report())
    for name in ("ala-raport", "ola-raport"):
        address = f"{name}@przyklad.iq.pl"
        make_mailbox(address, max_recipients_per_hour=1)
        assert submit(mailserver, address, outside(1)) == 1
        for _attempt in range(3):
            limit_reply(mailserver, address, outside(1))
    reports = report()
    assert len(reports) == before + 1
    assert "ala-raport@przyklad.iq.pl" in reports[-1]
    assert "ola-raport@przyklad.iq.pl" in reports[-1]
    assert len(report()) == before + 1, "nobody has been over since"
    assert limit_reply(mailserver, "ala-raport@przyklad.iq.pl", outside(1))[0] == 450, "reporting forgets no count"
