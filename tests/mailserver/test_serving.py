"""The accounts are real: Postfix and Dovecot serve what the panel has written, at once, from the generated files."""

from __future__ import annotations

import imaplib
import poplib
import smtplib
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from pytest_django import Settings

from accounts.mailserver.sql_views import VIEWS
from accounts.models import Domain, Forward, Mailbox
from accounts.passwords import hash_password
from bulkimport.models import Import
from tests.factories import MAILBOX_PASSWORD, make_forward, make_mailbox, make_user
from tests.mailserver.servers import (
    HOSTNAME,
    PATIENCE,
    POSTMASTER,
    STRANGER,
    MailServer,
    assert_arrived,
    refusal,
    unverified,
)
from tests.manifest import SAMPLES

pytestmark = [pytest.mark.mailserver, pytest.mark.django_db(transaction=True)]

JAN = "jan@przyklad.iq.pl"
KOPIA = "kopia@przyklad.iq.pl"
LARGE = f"{'x' * 70}\n" * 20_000  # 1.4 MB
EXAMPLE = SAMPLES / "help-example-1.csv"


@pytest.fixture(autouse=True)
def _real_costs(settings: Settings) -> None:
    """Hash as production does, not as cheaply as other tests."""
    settings.ARGON2_MEMORY_KIB, settings.ARGON2_TIME_COST = 19456, 2


def import_accounts(text: str) -> dict[str, str]:
    """Import a file on the web and return the passwords that the page of the results shows, by address."""
    customer = make_user("anna")
    Domain.objects.get_or_create(name="przyklad.iq.pl")[0].administrators.add(customer)
    client = Client()
    client.force_login(customer)
    file = SimpleUploadedFile("accounts.csv", text.encode())
    fields = {"file": file, "default_quota_mb": 700, "action": "create"}
    response = client.post("/imports/new/", fields, follow=True)
    assert Import.objects.get().status == Import.Status.CREATED
    return {account["address"]: account["password"] for account in response.context["accounts"]}


@pytest.mark.usefixtures("create_in_place")
def test_every_account_of_an_import_signs_in_with_the_password_of_the_results(mailserver: MailServer) -> None:
    make_mailbox(KOPIA)
    passwords = import_accounts(EXAMPLE.read_text())
    passwords["e-mail@przyklad.iq.pl"] = "snad9hj934!!"  # the results do not show what the file has given
    assert passwords.keys() == {"e-mail@przyklad.iq.pl", JAN, "pawel@przyklad.iq.pl"}
    for address, password in passwords.items():
        with mailserver.imap(address, password) as imap:
            quota = imap.getquotaroot("INBOX")[1][1][0].decode()
            assert f"{Mailbox.objects.get(address=address).quota_mb * 1024})" in quota
        with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"), mailserver.imap(address, "wrong"):
            pass
    mailserver.send(JAN, "forward of the file")
    assert_arrived(mailserver, KOPIA, "forward of the file")
    assert mailserver.subjects(JAN, passwords[JAN]) == ["forward of the file"], "the kept copy"


@pytest.mark.usefixtures("create_in_place")
def test_all_500_accounts_of_one_import_sign_in_and_get_their_mail(mailserver: MailServer) -> None:
    passwords = import_accounts("".join(f"osoba{number}@przyklad.iq.pl,,,,\n" for number in range(500)))
    assert len(set(passwords.values())) == len(passwords) == 500

    def read_limit(account: tuple[str, str]) -> str:
        """Return the limit in KB, once the one message of the account is seen."""
        with mailserver.imap(*account) as imap:
            assert imap.select("INBOX", readonly=True) == ("OK", [b"1"])
            assert f"Subject: for {account[0]}".encode() in imap.fetch("1", "(RFC822.HEADER)")[1][0][1]
            return imap.getquotaroot("INBOX")[1][1][0].decode().rpartition(" ")[2]

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda address: mailserver.send(address, f"for {address}"), passwords))
        mailserver.settle()
        limits = list(pool.map(read_limit, passwords.items()))
    assert set(limits) == {"716800)"}


def test_a_message_is_delivered_and_read_by_imap_and_pop3(mailserver: MailServer) -> None:
    make_mailbox("ewa@przyklad.iq.pl")
    mailserver.send("EWA@Przyklad.iq.pl", "first")
    assert_arrived(mailserver, "ewa@przyklad.iq.pl", "first")
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
    assert_arrived(mailserver, KOPIA, "without copy")
    assert mailserver.subjects("bez-kopii@przyklad.iq.pl") == []


def test_a_forward_reaches_several_addresses_here_and_outside(mailserver: MailServer) -> None:
    make_mailbox(KOPIA)
    make_forward("kilka@przyklad.iq.pl", [KOPIA, "ktos@daleko.example"])
    mailserver.send("kilka@przyklad.iq.pl", "several")
    assert_arrived(mailserver, KOPIA, "several")
    assert [received.recipients for received in mailserver.sink] == [["ktos@daleko.example"]]
    Forward.objects.all().delete()
    assert refusal(mailserver, "kilka@przyklad.iq.pl")[0] == 550, "a removed forward is gone at once"


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


def test_a_message_too_large_for_its_mailbox_comes_back_to_its_sender(mailserver: MailServer) -> None:
    """Only RCPT with a size can be refused; without it, and behind a forward, the mailbox is found full too late."""
    make_mailbox("ciasny@przyklad.iq.pl", quota_mb=1)
    make_forward("do-ciasnego@przyklad.iq.pl", "ciasny@przyklad.iq.pl")
    mailserver.send("ciasny@przyklad.iq.pl", "no size", text=LARGE, declares_size=False)
    mailserver.send("do-ciasnego@przyklad.iq.pl", "forwarded", text=LARGE)
    mailserver.settle()
    assert mailserver.subjects("ciasny@przyklad.iq.pl") == []
    assert [(bounce.sender, bounce.recipients) for bounce in mailserver.sink] == [("", [STRANGER])] * 2
    for bounce in mailserver.sink:
        assert "Status: 5.2.2" in bounce.text
    for subject in ("no size", "forwarded"):
        assert sum(f"Subject: {subject}" in bounce.text for bounce in mailserver.sink) == 1


def test_a_raised_quota_counts_for_the_next_message(mailserver: MailServer) -> None:
    make_mailbox("rosnie@przyklad.iq.pl", quota_mb=1)
    assert refusal(mailserver, "rosnie@przyklad.iq.pl", text=LARGE)[0] == 552
    Mailbox.objects.update(quota_mb=2)
    mailserver.send("rosnie@przyklad.iq.pl", "fits now", text=LARGE)
    mailserver.settle()
    assert mailserver.subjects("rosnie@przyklad.iq.pl") == ["fits now"]
    assert mailserver.sink == []


def test_a_domain_that_is_switched_off_and_on_again_acts_at_once(mailserver: MailServer) -> None:
    make_mailbox("ola@wahadlo.example")
    make_mailbox(KOPIA)
    mailserver.send("ola@wahadlo.example", "first")
    mailserver.settle()
    Domain.objects.filter(name="wahadlo.example").update(is_active=False)
    code, text = refusal(mailserver, "ola@wahadlo.example")
    assert (code, text[:5]) == (550, b"5.1.1")
    assert refusal(mailserver, "ola+tag@wahadlo.example")[0] == 550
    with pytest.raises(smtplib.SMTPRecipientsRefused) as error:
        mailserver.submit(KOPIA, "ola@wahadlo.example", "from a neighbour")
    assert error.value.recipients["ola@wahadlo.example"][0] == 550, "not sent out to wherever its MX record points"
    with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"):
        mailserver.subjects("ola@wahadlo.example")
    Domain.objects.update(is_active=True)
    mailserver.send("ola@wahadlo.example", "second")
    mailserver.settle()
    assert mailserver.subjects("ola@wahadlo.example") == ["first", "second"]
    assert mailserver.sink == []


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


@pytest.mark.parametrize("is_tls_from_start", [False, True], ids=["port 587", "port 465"])
def test_nobody_sends_as_somebody_else(mailserver: MailServer, is_tls_from_start: bool) -> None:
    sender, outside, port = "nadawca@przyklad.iq.pl", "ktos@daleko.example", {"is_tls_from_start": is_tls_from_start}
    make_mailbox(sender)
    make_mailbox(KOPIA)
    mailserver.submit(sender, outside, "outside", **port)
    mailserver.submit(sender, outside, "tagged", sender="nadawca+praca@przyklad.iq.pl", **port)
    mailserver.settle()
    assert [received.sender for received in mailserver.sink] == [sender, "nadawca+praca@przyklad.iq.pl"]
    assert {tuple(received.recipients) for received in mailserver.sink} == {(outside,)}
    for other in (KOPIA, "kopia+praca@przyklad.iq.pl", STRANGER):
        with pytest.raises(smtplib.SMTPSenderRefused, match="not owned by user") as error:
            mailserver.submit(sender, outside, "forged", sender=other, **port)
        assert error.value.smtp_code == 553
    with pytest.raises(smtplib.SMTPAuthenticationError):
        mailserver.submit(sender, outside, "wrong password", password="wrong", **port)
    mailserver.settle()
    assert len(mailserver.sink) == 2


@pytest.mark.parametrize("is_tls_from_start", [False, True], ids=["port 587", "port 465"])
def test_nobody_sends_without_signing_in(mailserver: MailServer, is_tls_from_start: bool) -> None:
    make_mailbox(KOPIA)
    with mailserver.submission(is_tls_from_start) as smtp:
        smtp.ehlo()
        assert smtp.mail(KOPIA)[0] == 553
        assert smtp.mail(STRANGER)[0] == 250
        assert smtp.rcpt(KOPIA)[0] == 554


def test_nobody_signs_in_without_encryption(mailserver: MailServer) -> None:
    with smtplib.SMTP("127.0.0.1", mailserver.submission_port, timeout=PATIENCE) as smtp:
        smtp.ehlo()
        assert not smtp.has_extn("auth")
        assert smtp.mail(KOPIA) == (530, b"5.7.0 Must issue a STARTTLS command first")


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


def test_what_comes_for_the_server_itself_reaches_a_person_or_is_refused(mailserver: MailServer) -> None:
    make_mailbox(POSTMASTER)
    for recipient in (f"postmaster@{HOSTNAME}", f"ROOT@{HOSTNAME}", "postmaster"):
        mailserver.send(recipient, f"to {recipient}")
        assert_arrived(mailserver, POSTMASTER, f"to {recipient}")
    for recipient in ("root@[127.0.0.1]", "anybody@[127.0.0.1]", f"anybody@{HOSTNAME}"):
        assert refusal(mailserver, recipient)[0] == 550
    assert mailserver.sink == []


@pytest.mark.parametrize("is_tls_from_start", [False, True], ids=["587", "465"])
def test_nobody_sends_without_a_sender(mailserver: MailServer, is_tls_from_start: bool) -> None:
    make_mailbox("nadawca@przyklad.iq.pl")
    with mailserver.submission(is_tls_from_start) as smtp:
        smtp.login("nadawca@przyklad.iq.pl", MAILBOX_PASSWORD)
        assert smtp.mail("")[0] in (554, 250)
        code, text = smtp.rcpt("ktos@daleko.example")
        assert code >= 500, text
