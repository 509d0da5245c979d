"""A mail server that has lost its database: it puts mail and people off, turns nobody away, and goes on afterwards."""

from __future__ import annotations

import imaplib
import smtplib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest
from django.conf import settings
from django.db import connection

from tests.factories import MAILBOX_PASSWORD, make_mailbox
from tests.mailserver.servers import PROGRAMS, MailServer, wait_for

pytestmark = [pytest.mark.mailserver, pytest.mark.django_db(transaction=True)]

JAN: Final = "jan-w-awarii@przyklad.iq.pl"
WAITING: Final = "czeka@przyklad.iq.pl"
UNANSWERED: Final = "no answer"  # what the client of a silent server finds; it tries again later

# Postfix 3.7 answers nobody without its SQLite file and starts anew until that is back. Later versions put everybody
# off, as without PostgreSQL, and go on after a reload.
IS_SILENT: Final = connection.vendor == "sqlite" and PROGRAMS.dovecot == "2.3"

# What Postfix logs of a delivery that has met the outage. Without its SQLite file it does not get to putting off.
SIGN_OF_FAILURE: Final = "Can't open database" if IS_SILENT else "status=deferred"


@contextmanager
def database_out_of_reach(server: MailServer) -> Iterator[None]:
    """Take the database away from the mail server, and from nobody else, until the block ends.

    PostgreSQL ends the sessions of the mail server's role and takes no new ones. An SQLite file that is open cannot be
    taken away, so its folder is closed and both servers start anew. Afterwards Postfix is reloaded, which would else
    try PostgreSQL again only after a minute; but not where it is silent, and comes back by itself.
    """
    set_reachable(False)
    if connection.vendor == "sqlite":
        server.reload()
    try:
        yield
    finally:
        set_reachable(True)
        if not IS_SILENT:
            server.postfix("postfix", "reload")


def set_reachable(is_reachable: bool) -> None:
    if connection.vendor == "postgresql":
        role = settings.MAILSERVER_ROLE
        with connection.cursor() as cursor:
            cursor.execute(f'ALTER ROLE "{role}" {"LOGIN" if is_reachable else "NOLOGIN"}')
            if not is_reachable:
                cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", [role])
    else:
        connection.close()
        Path(connection.settings_dict["NAME"]).parent.chmod(0o2770 if is_reachable else 0)


def reply_to_recipient(server: MailServer, recipient: str) -> tuple[int, str]:
    """Return how the server answers RCPT, or UNANSWERED with the code 0."""
    try:
        with smtplib.SMTP("127.0.0.1", server.smtp_port, timeout=3) as smtp:
            smtp.ehlo()
            smtp.mail("ktos@poza.example")
            code, text = smtp.rcpt(recipient)
            return code, text.decode()
    except smtplib.SMTPServerDisconnected:
        return 0, UNANSWERED


def greeting(server: MailServer) -> int:
    """Return the code that port 587 greets with, or 0 where nothing answers."""
    try:
        with smtplib.SMTP("127.0.0.1", server.submission_port, timeout=3):
            return 220
    except smtplib.SMTPConnectError as error:
        return error.smtp_code
    except smtplib.SMTPServerDisconnected:
        return 0


def signs_in(server: MailServer, address: str = JAN) -> bool:
    try:
        with server.imap(address, MAILBOX_PASSWORD):
            return True
    except (imaplib.IMAP4.error, OSError):
        return False


def count_in_log(server: MailServer, text: str) -> int:
    return (server.folder / "mail.log").read_text().count(text)


def test_mail_and_people_are_put_off_until_the_database_is_back(mailserver: MailServer) -> None:
    make_mailbox(JAN)
    mailserver.send(JAN, "before")
    mailserver.settle()
    with database_out_of_reach(mailserver):
        for recipient in (JAN, "nobody@przyklad.iq.pl"):
            code, text = reply_to_recipient(mailserver, recipient)
            if IS_SILENT:
                assert text == UNANSWERED
            else:
                assert code == 451
                assert text.endswith(": Temporary lookup failure")
        assert greeting(mailserver) == (0 if IS_SILENT else 451), "nobody is asked for a password"
        with pytest.raises(imaplib.IMAP4.error, match=r"\[UNAVAILABLE\]"), mailserver.imap(JAN, MAILBOX_PASSWORD):
            pass
    wait_for(lambda: signs_in(mailserver), "a login after the outage")
    wait_for(lambda: reply_to_recipient(mailserver, JAN)[0] == 250, "a recipient taken after the outage")
    wait_for(lambda: greeting(mailserver) == 220, "a greeting after the outage")
    mailserver.submit(JAN, JAN, "after")
    mailserver.settle()
    assert mailserver.subjects(JAN) == ["before", "after"]
    assert mailserver.sink == [], "nothing has come back to its sender"


def test_a_message_that_was_taken_before_waits_for_the_database(mailserver: MailServer) -> None:
    """The queue is flushed by hand: Postfix would try again after five minutes."""
    make_mailbox(WAITING)
    to_dovecot = mailserver.folder / "queue/private/dovecot-lmtp"
    to_dovecot.chmod(0)
    deferred = count_in_log(mailserver, "status=deferred")
    mailserver.send(WAITING, "taken before")
    wait_for(lambda: count_in_log(mailserver, "status=deferred") > deferred, "a delivery put off without Dovecot")
    with database_out_of_reach(mailserver):
        to_dovecot.chmod(0o600)
        failures = count_in_log(mailserver, SIGN_OF_FAILURE)
        mailserver.postfix("postqueue", "-f")
        wait_for(
            lambda: count_in_log(mailserver, SIGN_OF_FAILURE) > failures,
            "a delivery without the database",
        )
    wait_for(lambda: signs_in(mailserver, WAITING), "a login after the outage")
    mailserver.postfix("postqueue", "-f")
    mailserver.settle()
    assert mailserver.subjects(WAITING) == ["taken before"]
    assert mailserver.sink == []
