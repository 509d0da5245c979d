"""The welcome messages of an import, in a real conversation over LMTP: delivered, refused, given up, cut off."""

from __future__ import annotations

import os
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from django.conf import settings as panel
from django.contrib.auth.models import User
from django.db import DatabaseError
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation
from pytest_django import Settings

from accounts.models import Domain, Mailbox
from bulkimport import runner
from bulkimport.models import Import
from bulkimport.services import welcome
from bulkimport.services.creating import create
from tests.bulkimport.management.running import manage, run
from tests.factories import (
    generated_passwords,
    make_checked_import,
    make_claim,
    make_created_import,
    make_mailbox,
    make_user,
)
from tests.mailserver.servers import free_ports
from tests.mailserver.sink import address_in
from tests.pages import open_page, text_in

pytestmark = pytest.mark.django_db

JAN, EWA, OLA = "jan@przyklad.iq.pl", "ewa@przyklad.iq.pl", "ola@przyklad.iq.pl"
FILE = f"E-mail;Hasło\n{JAN};Wiosna2024\n{EWA};\n{OLA};\n"
NO_ANSWER = "The mail server did not answer."


@dataclass
class LmtpServer:
    """A mail server that replies once for each recipient after DATA (RFC 2033), and what it has seen."""

    port: int = 0
    connections: int = 0
    received: list[tuple[str, EmailMessage]] = field(default_factory=list)
    # By recipient: the reply to RCPT or to the message; who makes it silent, or hesitate for some seconds.
    at_rcpt: dict[str, bytes] = field(default_factory=dict)
    at_data: dict[str, bytes] = field(default_factory=dict)
    silent_for: str = ""
    slow_for: dict[str, float] = field(default_factory=dict)
    is_silent: threading.Event = field(default_factory=threading.Event)
    may_go_on: threading.Event = field(default_factory=threading.Event)

    @property
    def recipients(self) -> list[str]:
        return [recipient for recipient, _message in self.received]


@pytest.fixture
def lmtp(settings: Settings) -> Iterator[LmtpServer]:
    """A server that the panel sends its welcome messages to."""
    seen = LmtpServer()

    class Session(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            seen.connections += 1
            with suppress(ConnectionError):  # the panel has given up
                self.converse()

        def converse(self) -> None:
            if seen.silent_for == "everybody":
                self.wait()
            self.say(b"220 mail.example.com LMTP ready")
            recipients: list[str] = []
            reply = b""
            while not reply.startswith((b"221", b"421")) and (line := self.rfile.readline().decode().strip()):
                match line[:4].upper():
                    case "LHLO":
                        reply = b"250-" + line[5:].encode() + b"\r\n250 8BITMIME"
                    case "MAIL":
                        sender, recipients = address_in(line), []
                        reply = b"250 2.1.0 OK" if sender == "postmaster@mail.example.com" else b"501 5.5.4 Wrong"
                    case "RCPT":
                        reply = self.reply_to_rcpt(address_in(line), recipients)
                    case "DATA":
                        self.say(b"354 go on")
                        self.take(recipients)
                        continue
                    case "RSET":
                        reply = b"250 2.0.0 OK"
                    case "QUIT":
                        reply = b"221 2.0.0 Bye"
                    case _:
                        reply = b"500 5.5.1 Unknown command"
                self.say(reply)

        def reply_to_rcpt(self, recipient: str, recipients: list[str]) -> bytes:
            if recipient == seen.silent_for:
                self.wait()
            time.sleep(seen.slow_for.get(recipient, 0))
            reply = seen.at_rcpt.get(recipient, b"250 2.1.5 OK")
            if reply.startswith(b"250"):
                recipients.append(recipient)
            return reply

        def take(self, recipients: list[str]) -> None:
            content = b"".join(iter(self.rfile.readline, b".\r\n"))
            for recipient in recipients:
                reply = seen.at_data.get(recipient, b"250 2.0.0 Saved")
                if reply.startswith(b"250"):
                    message = message_from_bytes(content, policy=default)
                    assert isinstance(message, EmailMessage)
                    seen.received.append((recipient, message))
                self.say(reply)

        def wait(self) -> None:
            seen.is_silent.set()
            seen.may_go_on.wait()

        def say(self, line: bytes) -> None:
            self.wfile.write(line + b"\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session) as server:
        server.daemon_threads = True
        seen.port = server.server_address[1]
        switch_on(settings, seen.port)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield seen
        finally:
            seen.may_go_on.set()
            server.shutdown()
            thread.join()


def switch_on(settings: Settings, port: int) -> None:
    settings.MAIL_HOSTNAME = "mail.example.com"
    settings.WELCOME_LMTP = f"127.0.0.1:{port}"


def unsent(import_record: Import) -> dict[str, str | None]:
    return {entry["address"]: entry["reason"] for entry in import_record.welcome_unsent}


def page(client: Client, import_record: Import) -> str:
    """Return the text of the page of an import, without its tags."""
    return text_in(open_page(client, import_record.get_absolute_url()))


# --- Sent


def test_each_new_mailbox_gets_one_message_over_one_connection(
    customer: User, domain: Domain, lmtp: LmtpServer
) -> None:
    make_mailbox("stary@przyklad.iq.pl")
    import_record = make_created_import(customer, FILE)
    assert import_record.welcome_unsent == []
    assert lmtp.recipients == [JAN, EWA, OLA]
    assert lmtp.connections == 1
    message = lmtp.received[1][1]
    assert (message["From"], message["To"]) == ("postmaster@mail.example.com", EWA)
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"].endswith("@mail.example.com>")
    assert abs(message["Date"].datetime - timezone.now()) < timedelta(minutes=1)
    assert (message.get_content_type(), message.get_content_charset()) == ("text/plain", "utf-8")
    assert len({message["Message-ID"] for _recipient, message in lmtp.received}) == 3


def test_no_message_has_a_password(customer: User, domain: Domain, lmtp: LmtpServer) -> None:
    import_record = make_created_import(customer, FILE)
    passwords = ["Wiosna2024", *generated_passwords(import_record).values()]
    assert len(passwords) == 3
    hashes = list(Mailbox.objects.values_list("password_hash", flat=True))
    for _recipient, message in lmtp.received:
        assert not [secret for secret in passwords + hashes if secret in message.as_string() + message.get_content()]


TEXTS = {
    "en": (
        "Your mailbox is ready",
        f"the mailbox {EWA} is ready",
        "Incoming mail (IMAP): mail.example.com, port 993",
        "Outgoing mail (SMTP): mail.example.com, port 465",
        NO_ANSWER,
    ),
    "pl": (
        "Twoja skrzynka jest gotowa",
        f"skrzynka {EWA} jest gotowa",
        "Poczta przychodząca (IMAP): mail.example.com, port 993",
        "Poczta wychodząca (SMTP): mail.example.com, port 465",
        "Serwer poczty nie odpowiedział.",
    ),
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("language", TEXTS)
def test_the_thread_speaks_the_language_of_whoever_started_the_import(
    logged_in: Client, customer: User, lmtp: LmtpServer, settings: Settings, language: str
) -> None:
    settings.LANGUAGE_CODE = "pl" if language == "en" else "en"
    lmtp.at_rcpt[OLA] = b"421 4.3.2 Closing"
    with translation.override(language):
        claimed = make_claim(make_checked_import(customer, f"E-mail\n{EWA}\n{OLA}\n{JAN}\n"))
    runner.start(claimed, wait_seconds=60)
    subject, *lines, no_answer = TEXTS[language]
    [(_recipient, message)] = lmtp.received
    assert message["Subject"] == subject
    assert all(line in message.get_content() for line in lines)
    assert unsent(Import.objects.get()) == {OLA: "421 4.3.2 Closing", JAN: no_answer}


def test_a_login_is_the_address_as_the_server_knows_it(settings: Settings) -> None:
    switch_on(settings, 24)
    text = welcome.welcome_message("jan@xn--w-uga1v8h.pl").get_content()
    assert "the mailbox jan@żółw.pl is ready" in text
    assert "User name: jan@xn--w-uga1v8h.pl\n" in text


def test_without_the_setting_nothing_is_sent_and_no_socket_opened(
    logged_in: Client, customer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(welcome.smtplib, "LMTP", lambda *args, **more: pytest.fail("a connection"))
    import_record = make_created_import(customer, FILE)
    assert panel.WELCOME_LMTP == ""
    assert import_record.welcome_unsent is None
    assert "elcome" not in page(logged_in, import_record)


@pytest.mark.django_db(transaction=True)
def test_while_messages_are_sent_the_accounts_exist_and_nothing_is_locked(
    logged_in: Client, customer: User, lmtp: LmtpServer
) -> None:
    lmtp.silent_for = EWA
    claimed = make_claim(make_checked_import(customer, FILE))
    runner.start(claimed, wait_seconds=0)
    assert lmtp.is_silent.wait(20)
    import_record = Import.objects.get()
    assert import_record.status == Import.Status.CREATED
    make_mailbox("inna@przyklad.iq.pl")
    assert "The others are being sent." in page(logged_in, import_record)
    lmtp.may_go_on.set()
    for thread in threading.enumerate():
        if thread.name == f"import-{claimed.import_id}":
            thread.join()
    assert "Welcome messages delivered: 3 of 3" in page(logged_in, import_record)


@pytest.mark.usefixtures("create_in_place")
def test_nothing_is_sent_again_whatever_is_opened_or_pressed(
    logged_in: Client, customer: User, lmtp: LmtpServer
) -> None:
    lmtp.at_rcpt[EWA] = b"450 4.2.0 Later"
    import_record = make_created_import(customer, FILE)
    lmtp.at_rcpt.clear()
    for _ in range(2):
        assert logged_in.get(import_record.get_absolute_url()).status_code == 200
        logged_in.post(import_record.get_absolute_url(), {"action": "create"})
        logged_in.post(reverse("import_saved", args=[import_record.pk]))
    assert lmtp.recipients == [JAN, OLA]
    assert lmtp.connections == 1


# --- Refused, silent, away


@pytest.mark.parametrize("moment", ["at_rcpt", "at_data"])
@pytest.mark.parametrize(
    ("reply", "noted"),
    [
        (b"550 5.1.1 <ewa@przyklad.iq.pl> User doesn't exist", "550 5.1.1 <ewa@przyklad.iq.pl> User doesn't exist"),
        (b"552-5.2.2 Quota\r\n552 exceeded", "552 5.2.2 Quota exceeded"),
        (b"550 a\x00\x07\xff<b>" + b"x" * 1000, "550 a \N{REPLACEMENT CHARACTER}<b>" + "x" * 190),
    ],
)
def test_a_refused_message_is_noted_and_the_others_are_delivered(
    logged_in: Client, customer: User, lmtp: LmtpServer, moment: str, reply: bytes, noted: str
) -> None:
    getattr(lmtp, moment)[EWA] = reply
    import_record = make_created_import(customer, FILE)
    assert import_record.status == Import.Status.CREATED
    assert lmtp.recipients == [JAN, OLA]
    [(address, reason)] = unsent(import_record).items()
    assert (address, reason) == (EWA, noted[: welcome.LONGEST_REPLY])
    text = logged_in.get(import_record.get_absolute_url()).content.decode()
    assert "Welcome messages delivered: 2 of 3" in text
    assert "The mailboxes work all the same" in text
    assert "<b>x" not in text


def test_a_server_that_is_away_is_tried_once(
    logged_in: Client, customer: User, domain: Domain, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    switch_on(settings, *free_ports(1))
    import_record = make_created_import(customer, "E-mail\n" + "".join(f"p{n}@przyklad.iq.pl\n" for n in range(30)))
    assert import_record.created_count == Mailbox.objects.count() == 30
    assert list(unsent(import_record).values()) == [NO_ANSWER] * 30
    assert caplog.text.count("were given up") == 1
    text = page(logged_in, import_record)
    assert "Welcome messages delivered: 0 of 30" in text
    assert text.count(NO_ANSWER) == 30
    assert "Show the other addresses" in text


@pytest.mark.parametrize(("silent_for", "delivered"), [("everybody", []), (EWA, [JAN])])
def test_a_server_that_falls_silent_is_given_up_after_one_wait(
    customer: User,
    domain: Domain,
    lmtp: LmtpServer,
    monkeypatch: pytest.MonkeyPatch,
    silent_for: str,
    delivered: list[str],
) -> None:
    monkeypatch.setattr(welcome, "TIMEOUT_SECONDS", 0.5)
    lmtp.silent_for = silent_for
    start = time.monotonic()
    import_record = make_created_import(customer, FILE)
    assert time.monotonic() - start < 10
    assert import_record.status == Import.Status.CREATED
    assert lmtp.connections == 1
    assert lmtp.recipients == delivered
    assert unsent(import_record) == {address: NO_ANSWER for address in (JAN, EWA, OLA) if address not in delivered}


def test_nothing_that_breaks_on_the_way_fails_the_import(
    logged_in: Client,
    customer: User,
    lmtp: LmtpServer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(*args: object) -> None:
        raise DatabaseError("disk full")

    with monkeypatch.context() as patched:
        patched.setattr(welcome, "_note", fail)
        import_record = make_created_import(customer, FILE)
    assert import_record.status == Import.Status.CREATED
    assert "stopped" in caplog.text
    assert unsent(import_record) == {JAN: None, EWA: None, OLA: None}
    assert "Welcome messages delivered: 0 of 3" in page(logged_in, import_record)


def test_an_import_that_fails_sends_nothing(customer: User, domain: Domain, lmtp: LmtpServer) -> None:
    claimed = make_claim(make_checked_import(customer, FILE))
    make_mailbox(EWA)
    assert create(claimed) is False
    assert Import.objects.get().welcome_unsent is None
    assert lmtp.connections == 0


# --- On the command line, killed, in the admin


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "lista.csv"
    path.write_text(FILE)
    return path


def test_the_command_says_what_was_delivered(domain: Domain, lmtp: LmtpServer, path: Path) -> None:
    lmtp.at_rcpt[EWA] = b"550 5.1.1 Unknown"
    ran = run(path)
    assert ran.status == 0
    assert "Welcome messages delivered: 2 of 3" in ran.stdout
    assert f"{EWA}: 550 5.1.1 Unknown" in ran.stdout


def test_the_json_says_what_was_delivered(domain: Domain, lmtp: LmtpServer, path: Path) -> None:
    lmtp.at_rcpt[EWA] = b"550 5.1.1 Unknown"
    assert run(path, "--json", "--check").json["welcome"] is None
    ran = run(path, "--json")
    assert (ran.status, ran.json["status"]) == (0, "created")
    assert ran.json["welcome"] == {"delivered": 2, "failed": [{"email": EWA, "reason": "550 5.1.1 Unknown"}]}


def test_ctrl_c_stops_the_messages_and_the_passwords_are_printed(
    domain: Domain, lmtp: LmtpServer, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*args: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(welcome, "_refusal", stop)
    ran = run(path)
    assert ran.status == 0
    assert generated_passwords(Import.objects.get())[EWA] in ran.stdout
    assert "Welcome messages delivered: 0 of 3" in ran.stdout
    assert f"{JAN}: The panel was stopped meanwhile" in ran.stdout


def test_what_a_killed_process_had_not_noted_counts_as_not_sent_and_is_not_sent_again(
    environment: dict[str, str],
    logged_in: Client,
    customer: User,
    lmtp: LmtpServer,
    path: Path,
) -> None:
    lmtp.slow_for[JAN] = welcome.SAVE_EVERY_SECONDS + 0.1
    lmtp.silent_for = EWA
    more = {"MAIL_HOSTNAME": "mail.example.com", "WELCOME_LMTP": f"127.0.0.1:{lmtp.port}"}
    command = [sys.executable, "manage.py", "import_mailboxes", str(path), "--json"]
    with subprocess.Popen(
        command, env=environment | more, cwd=panel.BASE_DIR, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            assert lmtp.is_silent.wait(60)
        finally:
            process.kill()
    lmtp.may_go_on.set()
    again = manage(environment | more, "import_mailboxes", path, "--json").json
    assert [problem["code"] for problem in again["problems"]] == ["already_imported"]
    assert (lmtp.recipients, lmtp.connections) == ([JAN], 1)
    show = "from bulkimport.models import Import; print(Import.objects.get(status='created').welcome_unsent)"
    stored = manage(environment, "shell", "--verbosity", "0", "--command", show).stdout.strip()
    assert stored == str(welcome.as_stored({EWA: None, OLA: None}))

    # The page of such an import: first it can still be under way, and after a while nobody works on it any more.
    import_record = make_created_import(customer, FILE)
    Import.objects.update(welcome_unsent=welcome.as_stored({EWA: None, OLA: None}))
    assert "The others are being sent." in page(logged_in, import_record)
    Import.objects.update(progress_at=timezone.now() - timedelta(minutes=2))
    text = page(logged_in, import_record)
    assert "The others are being sent." not in text
    assert "Welcome messages delivered: 1 of 3" in text
    assert f"{EWA}: The panel was stopped meanwhile, so it is not known whether this message was sent." in text


def test_the_admin_shows_it_too(client: Client, customer: User, domain: Domain, lmtp: LmtpServer) -> None:
    lmtp.at_data[EWA] = b"552 5.2.2 <b>Full</b>"
    import_record = make_created_import(customer, FILE)
    client.force_login(make_user("admin", is_staff=True))
    html = client.get(reverse("admin:bulkimport_import_change", args=[import_record.pk])).content.decode()
    assert "Welcome messages delivered: 2 of 3" in html
    assert f"<li>{EWA}: 552 5.2.2 &lt;b&gt;Full&lt;/b&gt;</li>" in html


# --- The setting


@pytest.mark.parametrize(
    ("hostname", "address"), [("", "127.0.0.1:2424"), ("mail.example.com", "127.0.0.1"), ("mail.example.com", ":2424")]
)
def test_a_setting_that_cannot_work_is_refused_at_the_start(hostname: str, address: str) -> None:
    more = {"DEBUG": "true", "ENV_FILE": os.devnull, "MAIL_HOSTNAME": hostname, "WELCOME_LMTP": address}
    ran = manage({**os.environ, "DJANGO_SETTINGS_MODULE": "mailpanel.settings", **more}, "check")
    assert ran.status != 0
    assert "WELCOME_LMTP must be host:port" in ran.stderr
