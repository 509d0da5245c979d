"""The welcome message reaches a new mailbox in the real Dovecot, at the listener that mailserver_config writes."""

from __future__ import annotations

import email
import re
from email.policy import default

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from bulkimport.models import Import
from tests.factories import make_domain, make_user
from tests.mailserver.servers import HOSTNAME, MailServer, wait_for

pytestmark = [pytest.mark.mailserver, pytest.mark.django_db(transaction=True)]

EWA = "ewa@powitanie.example"


def test_a_new_mailbox_has_its_welcome_message(mailserver: MailServer, settings: Settings) -> None:
    written = (mailserver.folder / "config/dovecot/dovecot.conf").read_text()
    listener = re.search(r"inet_listener welcome \{\s+(?:address|listen) = (\S+)\s+port = (\d+)", written)
    assert listener
    settings.MAIL_HOSTNAME, settings.WELCOME_LMTP = HOSTNAME, ":".join(listener.groups())
    customer = make_user("anna")
    make_domain("powitanie.example", [customer])
    client = Client(headers={"accept-language": "pl"})
    client.force_login(customer)
    file = SimpleUploadedFile("lista.csv", f"E-mail\n{EWA}\n".encode())
    response = client.post("/imports/new/", {"file": file, "action": "create"}, follow=True)
    [account] = response.context["accounts"]
    wait_for(lambda: Import.objects.get().welcome_unsent == [], "the delivery of the welcome message")
    [message] = fetch_messages(mailserver, account["password"])
    assert message["Subject"] == "Twoja skrzynka jest gotowa"
    assert f"skrzynka {EWA} jest gotowa" in message.get_content()
    assert f"Poczta przychodząca (IMAP): {HOSTNAME}, port 993" in message.get_content()
    assert account["password"] not in message.as_string()
    assert "Doręczone wiadomości powitalne: 1 z 1" in client.get(response.request["PATH_INFO"]).content.decode()


def fetch_messages(server: MailServer, password: str) -> list[email.message.EmailMessage]:
    with server.imap(EWA, password) as imap:
        imap.select("INBOX", readonly=True)
        fetched = imap.fetch("1:*", "(BODY.PEEK[])")[1]
    contents = [part[1] for part in fetched if isinstance(part, tuple)]
    return [email.message_from_bytes(content, policy=default) for content in contents]
