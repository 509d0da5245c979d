"""The mail of a mailbox stays in its own folder, whoever has its address before, after or instead."""

from __future__ import annotations

from io import StringIO
from typing import Final

import pytest
from django.core.management import call_command
from pytest_django import Settings

from accounts.models import Domain, Forward, Mailbox
from accounts.passwords import hash_password
from accounts.rules.mailboxes import Account
from accounts.services import NewMailbox, create_mailboxes, delete_mailboxes, rename_mailbox
from tests.factories import MAILBOX_PASSWORD, make_domain, make_mailbox
from tests.mailserver.servers import MailServer, assert_arrived, refusal

pytestmark = [pytest.mark.mailserver, pytest.mark.django_db(transaction=True)]

JAN: Final = "jan@dawny.example"


def create(address: str) -> Mailbox:
    """Create a mailbox as the panel does."""
    domain = Domain.objects.get(name=address.partition("@")[2])
    account = Account(domain=domain, address=address, quota_mb=100)
    new = NewMailbox(account=account, password_hash=hash_password(MAILBOX_PASSWORD))
    (mailbox,) = create_mailboxes(new=[new], domains=Domain.objects.all())
    return mailbox


def test_nobody_who_gets_an_address_again_reads_the_mail_of_the_one_before(mailserver: MailServer) -> None:
    make_domain("dawny.example")
    first = create(JAN)
    mailserver.send(JAN, "for the first")
    assert_arrived(mailserver, JAN, "for the first")
    delete_mailboxes(mailboxes=Mailbox.objects.all(), version=None)
    second = create(JAN)
    assert mailserver.subjects(JAN) == []
    mailserver.send(JAN, "for the second")
    mailserver.settle()
    assert mailserver.subjects(JAN) == ["for the second"]
    assert (mailserver.store / first.home).is_dir(), "only somebody who names it removes old mail"
    assert (mailserver.store / second.home).is_dir()


def test_a_mailbox_of_before_keeps_the_folder_that_it_has(mailserver: MailServer) -> None:
    make_mailbox("stara@dawny.example", home="dawny.example/stara")
    mailserver.send("stara@dawny.example", "to the old folder")
    assert_arrived(mailserver, "stara@dawny.example", "to the old folder")
    assert list((mailserver.store / "dawny.example/stara/Maildir/new").iterdir())


def test_a_renamed_mailbox_keeps_its_mail_and_what_comes_to_its_old_name(mailserver: MailServer) -> None:
    make_domain("dawny.example")
    mailbox = create("ewa.nowak@dawny.example")
    mailserver.send(mailbox.address, "before")
    mailserver.settle()
    result = rename_mailbox(
        mailbox_id=mailbox.pk, version=str(mailbox.version), local_part="ewa.kos", keeps_old_address=True
    )
    new = result.mailboxes[0].address
    mailserver.send("ewa.nowak@dawny.example", "to the old name")
    mailserver.send(new, "to the new name")
    mailserver.settle()
    assert sorted(mailserver.subjects(new)) == ["before", "to the new name", "to the old name"]
    Forward.objects.all().delete()
    assert refusal(mailserver, "ewa.nowak@dawny.example")[0] == 550


def test_the_mail_of_a_deleted_mailbox_is_listed_and_removed_by_name(
    mailserver: MailServer, settings: Settings
) -> None:
    settings.MAIL_STORE = str(mailserver.store)
    make_domain("dawny.example")
    gone, stays = create("odeszla@dawny.example"), create("zostaje@dawny.example")
    for mailbox in (gone, stays):
        mailserver.send(mailbox.address, "mail")
    mailserver.settle()
    assert gone.home not in run_mail_folders()
    delete_mailboxes(mailboxes=Mailbox.objects.filter(pk=gone.pk), version=None)
    assert gone.home in run_mail_folders()
    assert stays.home not in run_mail_folders()
    assert run_mail_folders("--remove", gone.home) == f"{gone.home} has been removed.\n"
    assert not (mailserver.store / gone.home).exists()
    assert mailserver.subjects(stays.address) == ["mail"]


def run_mail_folders(*arguments: str) -> str:
    output = StringIO()
    call_command("mail_folders", *arguments, stdout=output)
    return output.getvalue()
