"""Dovecot writes down what each mailbox holds, and the panel shows it."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Mailbox, MailUsage
from tests.factories import MAILBOX_PASSWORD, make_mailbox
from tests.mailserver.servers import PROGRAMS, MailServer, wait_for

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


def test_a_wrong_usage_is_corrected_by_the_command(mailserver: MailServer, settings: Settings) -> None:
    settings.DOVEADM = PROGRAMS.command("doveadm", "-c", f"{mailserver.folder}/dovecot.conf")
    for address, count in ((OLA, 2), ("ela@przyklad.iq.pl", 1)):
        make_mailbox(address, quota_mb=10)
        for number in range(count):
            mailserver.send(address, f"message {number}", text="x\n" * 4000)
    mailserver.settle()
    wait_for(lambda: MailUsage.objects.filter(messages=2).exists(), "the number of messages")
    right = MailUsage.objects.get(mailbox=OLA).bytes_used
    assert right is not None
    MailUsage.objects.filter(mailbox=OLA).update(bytes_used=99_999_999, messages=77, last_login=5)
    MailUsage.objects.exclude(mailbox=OLA).delete()
    output = StringIO()
    call_command("refresh_usage", stdout=output)
    assert output.getvalue() == "Measured: 2 mailboxes.\n"
    usage = MailUsage.objects.get(mailbox=OLA)
    assert usage.bytes_used is not None
    assert abs(usage.bytes_used - right) <= 1024
    assert (usage.messages, usage.last_login) == (2, 5)
    assert MailUsage.objects.get(mailbox="ela@przyklad.iq.pl").messages == 1
