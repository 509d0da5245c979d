"""What the servers offer to strangers, and what their roles may do in the database."""

from __future__ import annotations

import smtplib
import socket
import ssl
from pathlib import Path

import pytest
from django.db import DatabaseError, connection

from tests.factories import make_mailbox
from tests.mailserver.servers import PATIENCE, MailServer, unverified

pytestmark = [pytest.mark.mailserver, pytest.mark.django_db(transaction=True)]

ROLES = ("mailserver", "mailserver_usage")
on_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no roles")


def negotiated(server: MailServer, port: str, version: ssl.TLSVersion) -> str | None:
    """Return the version of TLS that a port agrees to when a client offers only this one."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    with socket.create_connection(("127.0.0.1", getattr(server, port)), PATIENCE) as plain:
        if port in ("smtp_port", "submission_port"):
            with plain.makefile("rb") as reader:
                reader.readline()
                plain.sendall(b"EHLO client.example\r\n")
                while reader.readline()[3:4] == b"-":
                    pass
                plain.sendall(b"STARTTLS\r\n")
                assert reader.readline().startswith(b"220")
        with context.wrap_socket(plain, do_handshake_on_connect=False) as encrypted:
            encrypted.do_handshake()
            return encrypted.version()


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated:DeprecationWarning")
@pytest.mark.parametrize("port", ["smtp_port", "submission_port", "submissions_port", "imaps_port", "pop3s_port"])
def test_no_port_speaks_a_tls_older_than_1_2(mailserver: MailServer, port: str) -> None:
    assert negotiated(mailserver, port, ssl.TLSVersion.TLSv1_2) == "TLSv1.2"
    with pytest.raises((ssl.SSLError, ConnectionError)):
        negotiated(mailserver, port, ssl.TLSVersion.TLSv1_1)


def test_nobody_asks_which_addresses_exist(mailserver: MailServer) -> None:
    make_mailbox("ewa@przyklad.iq.pl")
    with smtplib.SMTP("127.0.0.1", mailserver.smtp_port, timeout=PATIENCE) as smtp:
        smtp.ehlo()
        assert not smtp.has_extn("vrfy")
        assert smtp.verify("ewa@przyklad.iq.pl")[0] == 502
    with smtplib.SMTP("127.0.0.1", mailserver.submission_port, timeout=PATIENCE) as smtp:
        smtp.starttls(context=unverified())
        assert smtp.verify("ewa@przyklad.iq.pl")[0] in (502, 530)


@on_postgresql
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    "call",
    [
        *("lo_create(0)", "lo_creat(-1)", "lo_from_bytea(0, 'x')"),
        *("pg_advisory_lock(7045001)", "pg_try_advisory_lock(1, 2)", "pg_advisory_xact_lock(7045001)"),
        *("pg_try_advisory_xact_lock_shared(1)", "pg_advisory_lock_shared(1)"),
    ],
)
def test_the_roles_of_the_mail_server_store_nothing_and_take_no_locks(
    mailserver: MailServer, role: str, call: str
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {role}")
        try:
            cursor.execute("SET default_transaction_read_only = off")
            with pytest.raises(DatabaseError, match="permission denied for function"):
                cursor.execute(f"SELECT {call}")
        finally:
            cursor.execute("RESET ROLE")
            cursor.execute("RESET default_transaction_read_only")
        cursor.execute("SELECT pg_advisory_lock(1), pg_advisory_unlock(1)")


@on_postgresql
def test_a_connection_to_send_begins_with_one_lookup(mailserver: MailServer) -> None:
    log = Path(connection.settings_dict["HOST"], "log")  # of the server that tests/run.py has started

    def count_lookups() -> int:
        return log.read_text().count("SELECT 1 FROM mail_domains")

    with connection.cursor() as cursor:
        cursor.execute("ALTER ROLE mailserver SET log_statement = 'all'")
        mailserver.reload()
        try:
            before = count_lookups()
            for _connection in range(5):
                with smtplib.SMTP("127.0.0.1", mailserver.submission_port, timeout=PATIENCE) as smtp:
                    smtp.ehlo()
            assert count_lookups() == before + 5, "not one for each part of the client's name and address"
        finally:
            cursor.execute("ALTER ROLE mailserver RESET log_statement")
            mailserver.reload()
