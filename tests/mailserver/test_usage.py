"""Dovecot writes down what each mailbox holds, and the panel shows it."""

import pytest
from django.utils import timezone

from accounts.models import Mailbox, MailUsage
from tests.factories import MAILBOX_PASSWORD, make_mailbox
from tests.mailserver.servers import MailServer, wait_for

pytestmark = [pytest.mark.mailserver, pytest.mark.django_db(transaction=True)]

OLA = "ola@przyklad.iq.pl"


def test_what_a_mailbox_holds_is_written_down_after_each_change(mailserver: MailServer) -> None:
    make_mailbox(OLA, quota_mb=10)
    assert not MailUsage.objects.exists()
    for number in (1, 2):
        mailserver.send(OLA, f"message {number}")
        wait_for(lambda number=number: MailUsage.objects.filter(messages=number).exists(), "the number of messages")
    usage = MailUsage.objects.get(mailbox=OLA)
    assert usage.bytes_used is not None
    assert 200 < usage.bytes_used < 10_000
    with mailserver.imap(OLA, MAILBOX_PASSWORD) as imap:
        imap.select()
        imap.store("1", "+FLAGS", r"\Deleted")
        imap.expunge()
    wait_for(lambda: MailUsage.objects.filter(messages=1, bytes_used__lt=usage.bytes_used).exists(), "the deletion")
    Mailbox.objects.all().delete()
    assert not MailUsage.objects.exists()


def test_the_last_sign_in_is_written_down(mailserver: MailServer) -> None:
    make_mailbox(OLA)
    mailserver.send(OLA, "no sign-in")
    wait_for(lambda: MailUsage.objects.filter(messages=1).exists(), "the number of messages")
    assert MailUsage.objects.get().last_login_at is None
    start = timezone.now().replace(microsecond=0)
    with mailserver.imap(OLA, MAILBOX_PASSWORD):
        pass
    wait_for(lambda: MailUsage.objects.filter(last_login__isnull=False).exists(), "the sign-in")
    usage = MailUsage.objects.get()
    assert usage.last_login_at is not None
    assert start <= usage.last_login_at <= timezone.now()
    assert usage.messages == 1
