"""The accounts are real: Postfix and Dovecot serve what the panel has written, at once, from the generated files."""

from __future__ import annotations

import imaplib
import poplib
import smtplib
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from pytest_django import DjangoDbBlocker, Settings

from accounts.mail_views import VIEWS
from accounts.models import Domain, Forward, Mailbox
from accounts.passwords import hash_password
from bulkimport.models import Import
from tests.factories import MAILBOX_PASSWORD, make_domain, make_forward, make_mailbox, make_user
from tests.mailserver import PATIENCE, MailServer, running_mailserver, unverified, wait_for

pytestmark = [pytest.mark.mailserver, pytest.mark.django_db(transaction=True)]

JAN = "jan@przyklad.iq.pl"
KOPIA = "kopia@przyklad.iq.pl"
EXAMPLE = Path(__file__).parent / "samples" / "help-example-1.csv"


@pytest.fixture(scope="session")
def mailserver(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[MailServer]:
    with django_db_blocker.unblock(), running_mailserver() as server:
        connection.close()
        yield server


@pytest.fixture(autouse=True)
def _real_costs(settings: Settings) -> None:
    """Hash as production does, not as cheaply as other tests."""
    settings.ARGON2_MEMORY_KIB, settings.ARGON2_TIME_COST = 19456, 2


@pytest.fixture(autouse=True)
def _empty_mailboxes(mailserver: MailServer) -> Iterator[None]:
    """Each test finds mailboxes without the messages of the one before, and shows the logs when it fails."""
    yield
    print(mailserver.logs())  # noqa: T201 - pytest shows it for a test that fails
    mailserver.sink.clear()
    connection.close()


def arrived(server: MailServer, address: str, subject: str, folder: str = "INBOX") -> None:
    wait_for(lambda: subject in server.subjects(address, MAILBOX_PASSWORD, folder), f"{subject} to {address}")


def refusal(server: MailServer, recipient: str) -> tuple[int, bytes]:
    with pytest.raises(smtplib.SMTPRecipientsRefused) as error:
        server.send(recipient, "refused")
    [reply] = error.value.recipients.values()
    return reply


@pytest.mark.usefixtures("create_in_place")
def test_every_account_of_an_import_signs_in_with_the_password_of_the_results(mailserver: MailServer) -> None:
    customer = make_user("anna")
    make_domain("przyklad.iq.pl", [customer])
    make_mailbox(KOPIA)
    client = Client()
    client.force_login(customer)
    file = SimpleUploadedFile(EXAMPLE.name, EXAMPLE.read_bytes())
    fields = {"file": file, "default_quota_mb": 700, "action": "create"}
    response = client.post("/imports/new/", fields, follow=True)
    assert Import.objects.get().status == Import.Status.CREATED
    passwords = {a["address"]: a["password"] or "snad9hj934!!" for a in response.context["accounts"]}
    assert passwords.keys() == {"e-mail@przyklad.iq.pl", JAN, "pawel@przyklad.iq.pl"}
    for address, password in passwords.items():
        with mailserver.imap(address, password) as imap:
            quota = imap.getquotaroot("INBOX")[1][1][0].decode()
            assert f"{Mailbox.objects.get(address=address).quota_mb * 1024})" in quota
        with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"), mailserver.imap(address, "wrong"):
            pass
    mailserver.send(JAN, "forward of the file")
    arrived(mailserver, KOPIA, "forward of the file")
    wait_for(lambda: "forward of the file" in mailserver.subjects(JAN, passwords[JAN]), "the kept copy")


def test_a_message_is_delivered_and_read_by_imap_and_pop3(mailserver: MailServer) -> None:
    make_mailbox("ewa@przyklad.iq.pl")
    mailserver.send("EWA@Przyklad.iq.pl", "first")
    arrived(mailserver, "ewa@przyklad.iq.pl", "first")
    pop3 = poplib.POP3_SSL("127.0.0.1", mailserver.pop3s_port, timeout=PATIENCE, context=unverified())
    pop3.user("ewa@przyklad.iq.pl")
    pop3.pass_(MAILBOX_PASSWORD)
    assert pop3.stat()[0] == 1
    pop3.quit()


def test_a_forward_without_a_copy_leaves_nothing_behind(mailserver: MailServer) -> None:
    make_mailbox("bez-kopii@przyklad.iq.pl")
    make_mailbox(KOPIA)
    make_forward("bez-kopii@przyklad.iq.pl", KOPIA)
    mailserver.send("bez-kopii@przyklad.iq.pl", "without copy")
    arrived(mailserver, KOPIA, "without copy")
    assert mailserver.subjects("bez-kopii@przyklad.iq.pl", MAILBOX_PASSWORD) == []


def test_a_forward_reaches_several_addresses_here_and_outside(mailserver: MailServer) -> None:
    make_mailbox(KOPIA)
    make_forward("kilka@przyklad.iq.pl", [KOPIA, "ktos@daleko.example"])
    mailserver.send("kilka@przyklad.iq.pl", "several")
    arrived(mailserver, KOPIA, "several")
    wait_for(lambda: bool(mailserver.sink), "the message outside")
    assert mailserver.sink[0].recipients == ["ktos@daleko.example"]
    Forward.objects.all().delete()
    assert refusal(mailserver, "kilka@przyklad.iq.pl")[0] == 550, "a removed forward is gone at once"


def test_a_plus_address_reaches_a_folder_of_its_name(mailserver: MailServer) -> None:
    make_mailbox("plus@przyklad.iq.pl")
    mailserver.send("plus+praca@przyklad.iq.pl", "tagged")
    arrived(mailserver, "plus@przyklad.iq.pl", "tagged", folder="praca")


def test_unknown_and_disabled_recipients_are_refused(mailserver: MailServer) -> None:
    make_mailbox("off@przyklad.iq.pl", is_active=False)
    make_mailbox("off-forward@przyklad.iq.pl", is_active=False)
    make_forward("off-forward@przyklad.iq.pl", "ktos@daleko.example", keep_copy=True)
    for recipient in ("nobody@przyklad.iq.pl", "off@przyklad.iq.pl", "off-forward@przyklad.iq.pl"):
        code, text = refusal(mailserver, recipient)
        assert (code, text[:5]) == (550, b"5.1.1")
    make_mailbox("jan@uspiona.example")
    Domain.objects.filter(name="uspiona.example").update(is_active=False)
    assert refusal(mailserver, "jan@uspiona.example")[0] == 550
    code, text = refusal(mailserver, "ktos@daleko.example")
    assert (code, text) == (554, b"5.7.1 <ktos@daleko.example>: Relay access denied")


def test_a_full_mailbox_is_refused_before_the_message_is_sent(mailserver: MailServer) -> None:
    make_mailbox("maly@przyklad.iq.pl", quota_mb=1)
    with smtplib.SMTP("127.0.0.1", mailserver.smtp_port, timeout=PATIENCE) as smtp:
        smtp.ehlo()
        smtp.mail("x@poza.example", ["SIZE=2000000"])
        assert smtp.rcpt("maly@przyklad.iq.pl")[0] == 552


def test_a_changed_password_and_a_disabled_mailbox_act_on_the_next_login(mailserver: MailServer) -> None:
    mailbox = make_mailbox("zmiana@przyklad.iq.pl")
    with mailserver.imap(mailbox.address, MAILBOX_PASSWORD):
        pass
    Mailbox.objects.update(password_hash=hash_password("Nowe-haslo-1"))
    with mailserver.imap(mailbox.address, "Nowe-haslo-1"):
        pass
    with pytest.raises(imaplib.IMAP4.error), mailserver.imap(mailbox.address, MAILBOX_PASSWORD):
        pass
    Mailbox.objects.update(is_active=False)
    with pytest.raises(imaplib.IMAP4.error), mailserver.imap(mailbox.address, "Nowe-haslo-1"):
        pass
    assert refusal(mailserver, mailbox.address)[0] == 550


def test_nobody_sends_as_somebody_else(mailserver: MailServer) -> None:
    make_mailbox("nadawca@przyklad.iq.pl")
    make_mailbox(KOPIA)
    mailserver.submit("nadawca@przyklad.iq.pl", MAILBOX_PASSWORD, "ktos@daleko.example", "outside")
    wait_for(lambda: bool(mailserver.sink), "the message outside")
    assert mailserver.sink[0].sender == "nadawca@przyklad.iq.pl"
    with pytest.raises(smtplib.SMTPRecipientsRefused) as error:
        mailserver.submit("nadawca@przyklad.iq.pl", MAILBOX_PASSWORD, "ktos@daleko.example", "forged", sender=KOPIA)
    [(code, text)] = error.value.recipients.values()
    assert code == 553
    assert b"not owned by user" in text
    with pytest.raises(smtplib.SMTPAuthenticationError):
        mailserver.submit("nadawca@przyklad.iq.pl", "wrong", "ktos@daleko.example", "wrong password")


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no roles")
def test_the_role_of_the_mail_server_reads_the_views_and_nothing_else(mailserver: MailServer) -> None:
    with connection.cursor() as cursor:
        role = "mailserver"
        relations = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v')"
        cursor.execute(f"{relations} AND has_table_privilege(%s, oid, 'SELECT')", [role])
        assert {name for (name,) in cursor.fetchall()} == set(VIEWS)
        cursor.execute(f"{relations} AND has_table_privilege(%s, oid, 'INSERT, UPDATE, DELETE, TRUNCATE')", [role])
        assert cursor.fetchall() == []
        cursor.execute("SELECT has_database_privilege(%s, current_database(), 'TEMP, CREATE')", [role])
        assert cursor.fetchone() == (False,)
        cursor.execute("SELECT has_schema_privilege(%s, 'public', 'CREATE')", [role])
        assert cursor.fetchone() == (False,)
