"""The real Dovecot and Postfix do what the panel tells them when staff has changed something."""

from __future__ import annotations

import imaplib
import smtplib

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.mailserver import control
from accounts.models import Domain
from tests.factories import MAILBOX_PASSWORD, make_client, make_mailbox, make_user
from tests.mailserver.servers import PROGRAMS, MailServer, refusal, wait_for

pytestmark = [pytest.mark.mailserver, pytest.mark.django_db(transaction=True)]

JAN = "jan@przyklad.iq.pl"


def send(client: Client, url: str, fields: dict[str, object]) -> str:
    """Send a form of the admin, which must take it, and return what is said then."""
    response = client.post(url, fields)
    assert response.status_code == 302
    return " ".join(str(message) for message in get_messages(response.wsgi_request))


def test_a_disabled_mailbox_loses_its_session_and_a_new_domain_gets_mail(
    mailserver: MailServer, settings: Settings
) -> None:
    staff = make_client(make_user("boss", is_staff=True))
    settings.DOVEADM = PROGRAMS.command("doveadm", "-c", f"{mailserver.folder}/dovecot.conf")
    settings.POSTFIX = PROGRAMS.command("postfix", "-c", f"{mailserver.folder}/postfix")
    mailbox = make_mailbox(JAN)
    with mailserver.imap(JAN, MAILBOX_PASSWORD) as imap:
        wait_for(lambda: JAN in control.signed_in(), "a session that Dovecot tells of")
        url = reverse("admin:accounts_mailbox_change", args=[mailbox.pk])
        assert "doveadm" not in send(staff, url, {"quota": mailbox.quota_mb, "password": "", "shown_version": 1})
        wait_for(lambda: has_ended(imap), "the end of the session")
        imap.state = "LOGOUT"  # there is nobody to say goodbye to
    assert refusal(mailserver, "ewa@nowa.example")[0] == 554
    fields = {"name": "nowa.example", "default_quota_mb": 1000, "is_active": "on"}
    assert "postfix reload" not in send(staff, reverse("admin:accounts_domain_add"), fields)
    make_mailbox("ewa@nowa.example", domain=Domain.objects.get(name="nowa.example"))
    # A process of Postfix that is told to end still answers whom it has already.
    wait_for(lambda: is_taken(mailserver, "ewa@nowa.example"), "the delivery to a new domain")


def has_ended(imap: imaplib.IMAP4) -> bool:
    try:
        return imap.noop()[0] != "OK"
    except (imaplib.IMAP4.abort, OSError):
        return True


def is_taken(mailserver: MailServer, recipient: str) -> bool:
    try:
        mailserver.send(recipient, "to a new domain")
    except smtplib.SMTPRecipientsRefused:
        return False
    return True
