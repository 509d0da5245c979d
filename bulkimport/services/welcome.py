"""Send a welcome message to each new mailbox of an import, over LMTP, once its accounts exist."""

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
SAVE_EVERY_SECONDS = 0.5
LONGEST_REPLY: Final = 200  # characters
# The reason shown for a message that was still unsent when its process ended.
STOPPED: Final = gettext_lazy("The panel was stopped meanwhile, so it is not known whether this message was sent.")

logger = logging.getLogger(__name__)


def as_stored(unsent: Mapping[str, str | None]) -> list[dict[str, str | None]]:
    """Return undelivered messages as the import stores them. unsent: reasons by address; None: not sent yet."""
    return [{"address": address, "reason": reason} for address, reason in unsent.items()]


def send_welcome(import_id: uuid.UUID, addresses: Sequence[str]) -> None:
    """Send each address its message in the active language, and store on the import which were not delivered.

    Call it once, outside any transaction. The import must already list all addresses as unsent: if this process is
    killed, the rest stays unsent and is not sent again. Errors are logged and not raised, since the accounts exist.
    """
    try:
        _send(import_id, addresses)
    except Exception:
        logger.exception("The welcome messages of import %s stopped.", import_id)


def _send(import_id: uuid.UUID, addresses: Sequence[str]) -> None:
    unsent: dict[str, str | None] = dict.fromkeys(addresses)
    reason = str(STOPPED)
    saved_at = time.monotonic()
    try:
        # Port 0: WELCOME_LMTP contains the port. Without local_hostname, smtplib would look up a name in the DNS.
        with smtplib.LMTP(
            settings.WELCOME_LMTP, 0, local_hostname=settings.MAIL_HOSTNAME, timeout=TIMEOUT_SECONDS
        ) as lmtp:
            for address in addresses:
                if refusal := _refusal(lmtp, welcome_message(address)):
                    unsent[address] = refusal
                else:
                    del unsent[address]
                if time.monotonic() - saved_at >= SAVE_EVERY_SECONDS:
                    saved_at = time.monotonic()
                    _note(import_id, unsent)
    except OSError as error:  # smtplib's errors are OSErrors. The other messages would most likely fail too.
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
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: prevents automatic replies
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
    """Deliver a message. Returns the server's reply if it was refused, else an empty text. Raises OSError."""
    try:
        lmtp.send_message(message)
    except smtplib.SMTPRecipientsRefused as error:
        [(code, reply)] = error.recipients.values()
        return _printable_reply(code, reply)
    except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as error:
        return _printable_reply(error.smtp_code, error.smtp_error)
    return ""


def _printable_reply(code: int, reply: bytes | str) -> str:
    text = reply.decode(errors="replace") if isinstance(reply, bytes) else reply
    # The server may send control characters; PostgreSQL cannot store a NUL.
    printable = "".join(sign if sign.isprintable() else " " for sign in text)
    return f"{code} {' '.join(printable.split())}"[:LONGEST_REPLY]


def _note(import_id: uuid.UUID, unsent: Mapping[str, str | None]) -> None:
    Import.objects.filter(pk=import_id).update(welcome_unsent=as_stored(unsent), progress_at=timezone.now())
