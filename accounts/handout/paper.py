"""What a person needs to set up a mail program, for a printed sheet or a page."""

from __future__ import annotations

from dataclasses import dataclass, field

import segno
from django.utils.safestring import SafeString, mark_safe

from accounts.client_settings import IMAP, POP3, SMTP, client_hostname
from accounts.validators import to_unicode


@dataclass(frozen=True, slots=True)
class Sheet:
    """The address and user name of a mailbox, its password if there is one to show, and the server settings."""

    address: str
    login: str  # the address with its domain in ASCII, as a mail program needs it
    password: str = field(repr=False)
    server: str  # empty where no setting gives it; then there is no QR code either
    qr: SafeString = field(repr=False)
    imap_port: int = IMAP.port
    smtp_port: int = SMTP.port
    pop3_port: int = POP3.port


def make_sheet(address: str, password: str | None) -> Sheet:
    """Return the sheet of a mailbox with this stored address."""
    server = client_hostname()
    return Sheet(to_unicode(address), address, password or "", server, _qr(address, server))


def _qr(login: str, server: str) -> SafeString:
    """Return a QR code of the address and the settings as SVG, empty where the server is not known.

    It never has the password: a phone may save what it scans in its history or clipboard, or send it to the maker of
    the app. The mask is given, because the search for the best one takes most of the time.
    """
    if not server:
        return SafeString()
    text = f"E-mail: {login}\nIMAP: {server}:{IMAP.port} (SSL/TLS)\nSMTP: {server}:{SMTP.port} (SSL/TLS)"
    code = segno.make_qr(text, error="m", boost_error=False, mask=2)
    svg = code.svg_inline(omitsize=True, light="#fff", svgclass=None, lineclass=None)
    return mark_safe(svg)  # noqa: S308 - segno draws it; the text is in it as squares only
