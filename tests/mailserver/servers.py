"""A private mail server that serves the test's database: Postfix, Dovecot, PostSRSd and policyd-rate-limit.

It has the files of mailserver_config. Only folders and ports are other than on a real server, and what would leave this
machine ends in a sink. The programs are those of this machine, or of another Debian in the folder that MAILSERVER_ROOT
names.
"""

from __future__ import annotations

import imaplib
import os
import re
import signal
import smtplib
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from functools import cache, cached_property
from io import StringIO
from pathlib import Path
from typing import Any, Final

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import override_settings

from accounts.mailserver.files import POSTFIX_QUEUE
from tests.factories import MAILBOX_PASSWORD
from tests.mailserver.sink import Received, running_sink
from tests.run import shared_folder

# An account that every Debian has. The one of production is made when the server is set up.
MAIL_USER: Final = "mail"
HOSTNAME: Final = "mail.example.com"
PATIENCE: Final = 60  # seconds until something that should happen is given up
POSTMASTER: Final = "poczta@przyklad.iq.pl"
STRANGER: Final = "stranger@poza.example"
# How many recipients a mailbox may send to, where it has no limits of its own.
PER_HOUR: Final = 30
PER_DAY: Final = 40

POSTFIX_OF_A_TEST: Final = """
queue_directory = {queue}
data_directory = {folder}/postfix-data
maillog_file = {folder}/mail.log
maillog_file_prefixes = {folder}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
# No client of the tests is trusted, and no mail leaves this machine.
mynetworks = 127.0.0.99/32
default_transport = smtp:[127.0.0.1]:{sink}
disable_dns_lookups = yes
smtp_host_lookup = native
smtp_tls_security_level = none
# A service that has failed is started again sooner.
service_throttle_time = 1s
"""
DOVECOT_OF_A_TEST: Final = """
base_dir = {folder}/dovecot-run
state_dir = {folder}/dovecot-state
log_path = {folder}/dovecot.log
listen = 127.0.0.1
# Most of the time of many logins would be the start of processes for one connection each.
service imap {{
  {logins} = 100
}}
service imap-login {{
  {logins} = {no_limit}
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    port = {imaps}
  }}
}}
service pop3-login {{
  inet_listener pop3 {{
    port = 0
  }}
  inet_listener pop3s {{
    port = {pop3s}
  }}
}}
# A wrong password is answered at once, and does not make the next login slower.
auth_failure_delay = 0
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
"""


@dataclass(frozen=True)
class Programs:
    """The programs of a Debian that stands in a folder of this machine; in `/` it is the machine's own."""

    root: Path

    def command(self, *command: str) -> list[str]:
        """Return the command that runs a program of this Debian."""
        return [*command] if self.root == Path("/") else ["chroot", str(self.root), *command]

    def run(self, *command: str) -> None:
        """Run a program to its end; fail with what it has said."""
        environment = {**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"}
        with tempfile.TemporaryFile() as output:  # not a pipe: a server that stays would keep it open
            done = subprocess.run(
                self.command(*command),
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                check=False,
            )
            output.seek(0)
            assert done.returncode == 0, f"{' '.join(command)}: {output.read().decode(errors='replace')}"

    def file(self, path: str) -> Path:
        """Return where a file of this Debian is on this machine."""
        return self.root / path.lstrip("/")

    def chown(self, path: Path, account: str) -> None:
        """Give a file to an account, whose number may be another one on this machine."""
        entries = (line.split(":") for line in self.file("/etc/passwd").read_text().splitlines())
        uid, gid = next((int(entry[2]), int(entry[3])) for entry in entries if entry[0] == account)
        os.chown(path, uid, gid)

    @cached_property
    def dovecot(self) -> str:
        """The version of Dovecot, as mailserver_config takes it."""
        done = subprocess.run(self.command("dovecot", "--version"), capture_output=True, text=True, check=True)
        return ".".join(done.stdout.split(".")[:2])


PROGRAMS: Final = Programs(Path(os.environ.get("MAILSERVER_ROOT", "/")))


@dataclass(slots=True)
class MailServer:
    """Where the servers listen, and what has left them."""

    folder: Path
    smtp_port: int = 0
    submission_port: int = 0
    submissions_port: int = 0
    imaps_port: int = 0
    pop3s_port: int = 0
    sink: list[Received] = field(default_factory=list)
    postsrsd: subprocess.Popen[bytes] | None = None
    rate_limit: subprocess.Popen[bytes] | None = None

    @property
    def store(self) -> Path:
        """The folder of all mail."""
        return self.folder / "store"

    @contextmanager
    def imap(self, address: str, password: str) -> Iterator[imaplib.IMAP4_SSL]:
        """Sign in to a mailbox. Raises imaplib.IMAP4.error when the server refuses."""
        imap = imaplib.IMAP4_SSL("127.0.0.1", self.imaps_port, ssl_context=unverified(), timeout=PATIENCE)
        try:
            imap.login(address, password)
            yield imap
            if imap.state == "LOGOUT":  # the server has ended the session
                imap.shutdown()
            else:
                imap.logout()
        except BaseException:
            imap.shutdown()
            raise

    def subjects(self, address: str, password: str = MAILBOX_PASSWORD, folder: str = "INBOX") -> list[str]:
        """Return the subjects of the messages in a folder of a mailbox; none where there is no such folder."""
        with self.imap(address, password) as imap:
            status, counts = imap.select(folder, readonly=True)
            if status != "OK" or counts == [b"0"]:
                return []
            fetched: list[Any] = imap.fetch("1:*", "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")[1]
        headers = [part[1].decode() for part in fetched if isinstance(part, tuple)]
        return [header.partition(":")[2].strip() for header in headers]

    def send(
        self,
        recipient: str,
        subject: str,
        *,
        sender: str = STRANGER,
        text: str = "Text.\n",
        declares_size: bool = True,
    ) -> None:
        """Deliver a message as the world does. Raises smtplib.SMTPRecipientsRefused."""
        with smtplib.SMTP("127.0.0.1", self.smtp_port, timeout=PATIENCE) as smtp:
            smtp.ehlo()
            if not declares_size:
                del smtp.esmtp_features["size"]
            smtp.send_message(message(subject, sender, recipient, text))

    def submit(
        self,
        login: str,
        recipient: str,
        subject: str,
        *,
        sender: str | None = None,
        password: str = MAILBOX_PASSWORD,
        is_tls_from_start: bool = False,
    ) -> None:
        """Send a message as a person with an account does, by port 587 or 465. Raises smtplib's errors."""
        sender = sender or login
        with self.submission(is_tls_from_start) as smtp:
            smtp.login(login, password)
            smtp.send_message(message(subject, sender, recipient), sender, [recipient])

    def submission(self, is_tls_from_start: bool) -> smtplib.SMTP:
        """Return an encrypted connection to port 465, where it is so from the start, or to port 587."""
        if is_tls_from_start:
            return smtplib.SMTP_SSL("127.0.0.1", self.submissions_port, timeout=PATIENCE, context=unverified())
        smtp = smtplib.SMTP("127.0.0.1", self.submission_port, timeout=PATIENCE)
        smtp.starttls(context=unverified())
        return smtp

    def settle(self) -> None:
        """Return when every message sent so far, and every bounce, has been delivered; fail when one stays."""
        wait_for(lambda: not self._has_queued(), "the delivery of everything")

    def _has_queued(self) -> bool:
        # In the order in which a message wanders, and twice: a bounce is put into the first as its cause leaves.
        folders = ("maildrop", "incoming", "active", "deferred") * 2
        return any(path.is_file() for name in folders for path in (self.folder / "queue" / name).rglob("*"))

    def reload(self) -> None:
        """Let both servers open the database anew, as an administrator does."""
        self.postfix("postfix", "reload")
        PROGRAMS.run("doveadm", "-c", str(self.folder / "dovecot.conf"), "reload")

    def postfix(self, program: str, *arguments: str) -> None:
        """Run a program of Postfix on this server."""
        PROGRAMS.run(program, "-c", str(self.folder / "postfix"), *arguments)

    def logs(self) -> str:
        """Return the end of each log, for a test that fails."""
        paths = [self.folder / f"{name}.log" for name in ("mail", "dovecot", "rate-limit")]
        return "\n".join(path.read_text(errors="replace")[-4000:] for path in paths if path.exists())


def message(subject: str, sender: str, recipient: str, text: str = "Text.\n") -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = sender, recipient, subject
    made.set_content(text)
    return made


def assert_arrived(server: MailServer, address: str, subject: str, folder: str = "INBOX") -> None:
    server.settle()
    assert subject in server.subjects(address, folder=folder)


def refusal(server: MailServer, recipient: str, *, text: str = "Text.\n") -> tuple[int, bytes]:
    """Return the reply to RCPT of a recipient who must be refused."""
    with pytest.raises(smtplib.SMTPRecipientsRefused) as error:
        server.send(recipient, "refused", text=text)
    [reply] = error.value.recipients.values()
    return reply


@cache
def unverified() -> ssl.SSLContext:
    """Return a context for the certificate that the tests have signed themselves."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def wait_for(happened: Callable[[], bool], what: str) -> None:
    """Return as soon as it has happened; fail when that takes too long."""
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < deadline, f"{what} did not happen within {PATIENCE} seconds"
        time.sleep(0.1)


# --- Starting and stopping -------------------------------------------------------------------------------------------
@contextmanager
def running_mailserver() -> Iterator[MailServer]:
    """Run both servers on the database of the tests until the block ends. Needs root."""
    with ExitStack() as stack:
        folder = stack.enter_context(shared_folder(PROGRAMS.root))
        folder.chmod(0o755)  # the servers' own accounts have to get in
        server = MailServer(folder, *free_ports(5))
        write_configuration(folder)
        open_database(folder / "config")
        sink_port = stack.enter_context(running_sink(server.sink))
        move_srs_ports(folder)
        stack.callback(stop_postsrsd, server)
        start_postsrsd(server)
        stack.enter_context(running_postfix(server, sink_port))
        move_rate_limit(server)
        stack.callback(stop_rate_limit, server)
        start_rate_limit(server)
        stack.enter_context(running_dovecot(server))
        yield server


def write_configuration(folder: Path) -> None:
    """Run the command, and do what its guide says about groups."""
    store = folder / "store"
    store.mkdir()
    PROGRAMS.chown(store, MAIL_USER)
    certificate, key = folder / "cert.pem", folder / "key.pem"
    names = ["-subj", f"/CN={HOSTNAME}", "-keyout", str(key), "-out", str(certificate)]
    PROGRAMS.run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *names)
    values = {"MAIL_TLS_CERT": certificate, "MAIL_TLS_KEY": key, "MAIL_STORE": store, "MAIL_USER": MAIL_USER}
    values["WELCOME_LMTP"] = f"127.0.0.1:{free_ports(1)[0]}"
    texts = {name: str(value) for name, value in values.items()}
    limits = {"MAIL_RECIPIENTS_PER_HOUR": PER_HOUR, "MAIL_RECIPIENTS_PER_DAY": PER_DAY}
    with override_settings(
        MAIL_HOSTNAME=HOSTNAME, MAIL_POSTMASTER=POSTMASTER, MAILSERVER_PASSWORD="a.password~of/tests", **texts, **limits
    ):
        call_command("mailserver_config", out=folder / "config", dovecot=PROGRAMS.dovecot, stdout=StringIO())
    for group in ("postfix", "dovecot"):
        PROGRAMS.run("chgrp", "-R", group, str(folder / "config" / group))


def open_database(config: Path) -> None:
    """Let the servers read the database by the script that the command has written."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute((config / "postgresql-grants.sql").read_text())
        reached = Path(connection.settings_dict["HOST"], "socket")
    else:
        PROGRAMS.run("sh", str(config / "sqlite-permissions.sh"))
        reached = Path(connection.settings_dict["NAME"])
    # tests/run.py keeps its temporary folders to itself; the servers have accounts of their own.
    for folder in reached.parents:
        if folder.is_relative_to(tempfile.gettempdir()) and folder.stat().st_mode & 0o777 == 0o700:
            folder.chmod(0o711)


@contextmanager
def running_postfix(server: MailServer, sink_port: int) -> Iterator[None]:
    folder, queue = server.folder, server.folder / "queue"
    config = folder / "postfix"
    for path in (config, queue, folder / "postfix-data"):
        path.mkdir()
    PROGRAMS.chown(folder / "postfix-data", "postfix")
    main = (folder / "config/postfix/main.cf").read_text().replace("smtp_tls_security_level = may\n", "")
    main += POSTFIX_OF_A_TEST.format(folder=folder, queue=queue, sink=sink_port)
    (config / "main.cf").write_text(main)
    # The list of services as Debian has it, chroot included, and the panel's part behind it.
    master = (
        PROGRAMS.file("/etc/postfix/master.cf.proto").read_text() + (folder / "config/postfix/master.cf").read_text()
    )
    ports = {
        "smtp": server.smtp_port,
        "submission": server.submission_port,
        "submissions": server.submissions_port,
    }
    for service, port in ports.items():
        master, count = re.subn(rf"(?m)^{service} +inet", f"127.0.0.1:{port} inet", master)
        assert count == 1, f"one service {service}"
    (config / "master.cf").write_text(master)
    server.postfix("postfix", "start")
    try:
        wait_for(lambda: answers(server.smtp_port), "the start of Postfix")
        yield
    finally:
        server.postfix("postfix", "stop")


@contextmanager
def running_dovecot(server: MailServer) -> Iterator[None]:
    folder = server.folder
    config = folder / "dovecot.conf"
    text = (folder / "config/dovecot/dovecot.conf").read_text().replace(POSTFIX_QUEUE, str(folder / "queue"))
    logins = {"2.3": ("service_count", 0), "2.4": ("restart_request_count", "unlimited")}[PROGRAMS.dovecot]
    values = {"logins": logins[0], "no_limit": logins[1], "imaps": server.imaps_port, "pop3s": server.pop3s_port}
    text += DOVECOT_OF_A_TEST.format(folder=folder, **values)
    config.write_text(text)
    PROGRAMS.run("dovecot", "-c", str(config))
    try:
        wait_for(lambda: answers(server.imaps_port), "the start of Dovecot")
        yield
    finally:
        PROGRAMS.run("doveadm", "-c", str(config), "stop")
        wait_for(lambda: not (folder / "dovecot-run/master.pid").exists(), "the end of Dovecot")


def move_srs_ports(folder: Path) -> None:
    """Let the written files name free ports, and Debian's launcher of PostSRSd read the written file."""
    ports = {str(10001 + number): str(port) for number, port in enumerate(free_ports(3))}
    for name in ("main.cf", "master.cf", "srs.cf"):
        path = folder / "config/postfix" / name
        path.write_text(re.sub(r"\b1000[123]\b", lambda found: ports[found[0]], path.read_text()))
    with (folder / "config/postsrsd/postsrsd").open("a") as file:
        file.write(f"SRS_FORWARD_PORT={ports['10001']}\nSRS_REVERSE_PORT={ports['10002']}\n")
    launcher = PROGRAMS.file("/usr/share/postsrsd/postsrsd-systemd-launcher").read_text()
    (folder / "postsrsd").write_text(launcher.replace("/etc/default/postsrsd", f"{folder}/config/postsrsd/postsrsd"))


def start_postsrsd(server: MailServer) -> None:
    """Run PostSRSd in a session of its own, so that its children end with it."""
    config = (server.folder / "config/postsrsd/postsrsd").read_text()
    with (server.folder / "postsrsd.log").open("ab") as log:
        command = PROGRAMS.command("sh", str(server.folder / "postsrsd"))
        server.postsrsd = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    for port in re.findall(r"PORT=(\d+)", config):
        wait_for(lambda port=port: answers(int(port)), "the start of PostSRSd")


def stop_postsrsd(server: MailServer) -> None:
    if server.postsrsd:
        os.killpg(server.postsrsd.pid, signal.SIGTERM)
        server.postsrsd.wait()
        server.postsrsd = None


def move_rate_limit(server: MailServer) -> None:
    """Let policyd-rate-limit keep its files in the folder of the test, and report to its Postfix."""
    folder = server.folder
    config = folder / "config/policyd-rate-limit/policyd-rate-limit.conf"
    text = config.read_text()
    for path, moved in {
        POSTFIX_QUEUE: folder / "queue",
        "/run/policyd-rate-limit": folder / "rate-limit-run",
        "/var/lib/policyd-rate-limit": folder / "rate-limit",
        '"127.0.0.1", 25': f'"127.0.0.1", {server.smtp_port}',
    }.items():
        assert text.count(path) == 1, path
        text = text.replace(path, str(moved))
    config.write_text(text)


def rate_limit(server: MailServer, *arguments: str) -> list[str]:
    """Return the command that runs policyd-rate-limit on this server."""
    config = server.folder / "config/policyd-rate-limit/policyd-rate-limit.conf"
    return PROGRAMS.command("policyd-rate-limit", "--file", str(config), *arguments)


def start_rate_limit(server: MailServer) -> None:
    with (server.folder / "rate-limit.log").open("ab") as log:
        server.rate_limit = subprocess.Popen(rate_limit(server), stdout=log, stderr=log)
    socket_path = server.folder / "queue/ratelimit/policy"
    wait_for(socket_path.is_socket, "the start of policyd-rate-limit")


def stop_rate_limit(server: MailServer) -> None:
    if server.rate_limit:
        server.rate_limit.send_signal(signal.SIGINT)  # as its systemd unit does
        server.rate_limit.wait()
        server.rate_limit = None


def free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False
