"""The welcome message: one to each new mailbox of an import, over LMTP, once its accounts exist."""

import logging
import smtplib
import time
import uuid
from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from email.utils import localtime, make_msgid
from typing import Final

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.client_settings import IMAP, SMTP, client_hostname
from accounts.validators import to_unicode
from bulkimport.models import Import

TIMEOUT_SECONDS = 10.0  # for one answer of the mail server
NOTED_EVERY_SECONDS = 0.5
LONGEST_REPLY: Final = 200  # characters
# Why a message is not noted as delivered that nobody works on any more.
STOPPED: Final = gettext_lazy("The panel was stopped meanwhile, so it is not known whether this message was sent.")

logger = logging.getLogger(__name__)


def as_stored(unsent: Mapping[str, str | None]) -> list[dict[str, str | None]]:
    """Return what an import notes of the messages that were not delivered: by address why, None: not sent yet."""
    return [{"address": address, "reason": reason} for address, reason in unsent.items()]


def send_welcome(import_id: uuid.UUID, addresses: Sequence[str]) -> None:
    """Send each address its message, in the language of the moment, and note on the import what was not delivered.

    To be called once, and outside any transaction. The import must have noted all addresses as not sent when its
    accounts were written: what a killed process leaves behind then counts as not sent, and nobody sends it again.
    Nothing that goes wrong here is raised: the accounts exist.
    """
    try:
        _send(import_id, addresses)
    except Exception:
        logger.exception("The welcome messages of import %s stopped.", import_id)


def _send(import_id: uuid.UUID, addresses: Sequence[str]) -> None:
    unsent: dict[str, str | None] = dict.fromkeys(addresses)
    reason = str(STOPPED)
    noted = time.monotonic()
    try:
        # Port 0: the address brings it. Without a name of its own, smtplib would ask the DNS for one.
        with smtplib.LMTP(
            settings.WELCOME_LMTP, 0, local_hostname=settings.MAIL_HOSTNAME, timeout=TIMEOUT_SECONDS
        ) as lmtp:
            for address in addresses:
                if refusal := _refusal(lmtp, welcome_message(address)):
                    unsent[address] = refusal
                else:
                    del unsent[address]
                if time.monotonic() - noted >= NOTED_EVERY_SECONDS:
                    noted = time.monotonic()
                    _note(import_id, unsent)
    except OSError as error:  # all of smtplib's errors too; the rest would only wait for the same
        reason = _("The mail server did not answer.")
        logger.warning("The welcome messages of import %s were given up: %s", import_id, error)
    finally:
        _note(import_id, {address: known or reason for address, known in unsent.items()})


def welcome_message(address: str) -> EmailMessage:
    """Return the message to a new mailbox: its address and its servers, never its password."""
    message = EmailMessage()
    message["From"] = f"postmaster@{settings.MAIL_HOSTNAME}"
    message["To"] = address
    message["Subject"] = _("Your mailbox is ready")
    message["Date"] = localtime()
    message["Message-ID"] = make_msgid(domain=settings.MAIL_HOSTNAME)
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's holiday reply answers it
    text = _(
        "Hello,\n"
        "\n"
        "the mailbox %(address)s is ready. A mail program needs these settings:\n"
        "\n"
        "User name: %(login)s\n"
        "Incoming mail (IMAP): %(server)s, port %(imap)s, SSL/TLS\n"
        "Outgoing mail (SMTP): %(server)s, port %(smtp)s, SSL/TLS\n"
        "\n"
        "For safety, the password is not in this message. Whoever set up the mailbox has it for you.\n"
    )
    values = {
        "address": to_unicode(address),
        "login": address,
        "server": client_hostname(),
        "imap": IMAP.port,
        "smtp": SMTP.port,
    }
    message.set_content(text % values, cte="quoted-printable")
    return message


def _refusal(lmtp: smtplib.LMTP, message: EmailMessage) -> str:
    """Deliver a message and return the server's reply where it refused, else nothing. Raises OSError."""
    try:
        lmtp.send_message(message)
    except smtplib.SMTPRecipientsRefused as error:
        [(code, reply)] = error.recipients.values()
        return _shown(code, reply)
    except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as error:
        return _shown(error.smtp_code, error.smtp_error)
    return ""


def _shown(code: int, reply: bytes | str) -> str:
    text = reply.decode(errors="replace") if isinstance(reply, bytes) else reply
    # Of a hostile reply, PostgreSQL would not even store a NUL.
    printable = "".join(sign if sign.isprintable() else " " for sign in text)
    return f"{code} {' '.join(printable.split())}"[:LONGEST_REPLY]


def _note(import_id: uuid.UUID, unsent: Mapping[str, str | None]) -> None:
    Import.objects.filter(pk=import_id).update(welcome_unsent=as_stored(unsent), progress_at=timezone.now())
