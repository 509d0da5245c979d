"""Mail of mailboxes that were deleted: which folders are listed, and which can be removed."""

from __future__ import annotations

import os
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Domain, Mailbox
from tests.factories import make_mailbox

pytestmark = pytest.mark.django_db

OLD = "przyklad.iq.pl/jan~aaaaaaaa"


@pytest.fixture
def store(settings: Settings, tmp_path: Path) -> Path:
    """A mail store with the folders of two mailboxes, one of them disabled, and one that belongs to nobody."""
    store = tmp_path / "store"
    settings.MAIL_STORE = str(store)
    make_mailbox("jan@przyklad.iq.pl", home="przyklad.iq.pl/jan")
    make_mailbox("ewa@przyklad.iq.pl", home="przyklad.iq.pl/ewa~bbbbbbbb", is_active=False)
    Domain.objects.update(is_active=False)
    for name in ("przyklad.iq.pl/jan", "przyklad.iq.pl/ewa~bbbbbbbb", OLD):
        add_mail(store / name)
    return store


def add_mail(folder: Path, days: int = 0) -> None:
    """Put a message of 1,500 bytes into a folder, last used some days ago."""
    message = folder / "Maildir/cur/1"
    message.parent.mkdir(parents=True)
    message.write_bytes(b"x" * 1500)
    moment = (timezone.now() - timedelta(days=days)).timestamp()
    for path in (message, message.parent, message.parent.parent, folder):
        os.utime(path, (moment, moment))


def run(*arguments: str) -> str:
    output = StringIO()
    call_command("mail_folders", *arguments, stdout=output)
    return output.getvalue()


def test_a_folder_that_belongs_to_no_mailbox_is_listed_with_its_size_and_last_use(store: Path) -> None:
    add_mail(store / "dawna.example/ola", days=400)
    today = timezone.localdate()
    assert run().splitlines() == [
        f"      1.5\N{NO-BREAK SPACE}KB  {today - timedelta(days=400)}  dawna.example/ola",
        f"      1.5\N{NO-BREAK SPACE}KB  {today}  {OLD}",
    ]
    assert [line.split()[-1] for line in run("--unused-days", "365").splitlines()] == ["dawna.example/ola"]
    assert run("--unused-days", "401") == "", "so that cron sends no mail"


def test_a_named_folder_is_removed_and_an_empty_domain_with_it(store: Path) -> None:
    add_mail(store / "dawna.example/ola")
    assert run("--remove", OLD, "dawna.example/ola").splitlines() == [
        f"{OLD} has been removed.",
        "dawna.example/ola has been removed.",
    ]
    assert sorted(str(path.relative_to(store)) for path in store.glob("*/*")) == [
        "przyklad.iq.pl/ewa~bbbbbbbb",
        "przyklad.iq.pl/jan",
    ]
    assert not (store / "dawna.example").exists()
    assert run() == ""


@pytest.mark.parametrize(
    "name",
    [
        *("przyklad.iq.pl/jan", "przyklad.iq.pl/ewa~bbbbbbbb", "przyklad.iq.pl", "przyklad.iq.pl/", "", ".", "/"),
        *(f"{OLD}/", f"./{OLD}", f"{OLD}/../jan", "../outside/jan", "przyklad.iq.pl/link", "link/jan", "brak/brak"),
    ],
)
def test_nothing_else_can_be_removed(store: Path, name: str) -> None:
    outside = store.parent / "outside"
    add_mail(outside / "jan")
    (store / "link").symlink_to(outside)
    (store / "przyklad.iq.pl/link").symlink_to(outside)
    with pytest.raises(CommandError, match="is not one of the folders that belong to no mailbox"):
        run("--remove", name)
    assert (outside / "jan/Maildir/cur/1").exists()
    for mailbox in Mailbox.objects.all():
        assert (store / mailbox.home / "Maildir/cur/1").exists()
    assert [line.split()[-1] for line in run().splitlines()] == [OLD], "links and files are no folders"


def test_a_folder_that_has_got_a_mailbox_meanwhile_stays(store: Path) -> None:
    make_mailbox("nowy@przyklad.iq.pl", home=OLD)
    with pytest.raises(CommandError):
        run("--remove", OLD)
    assert (store / OLD).exists()


def test_the_wrong_database_or_store_lists_nothing(store: Path, settings: Settings) -> None:
    Mailbox.objects.all().delete()
    with pytest.raises(CommandError, match=r"This database has no mailboxes\. Run this with the settings of the panel"):
        run()
    settings.MAIL_STORE = str(store / "missing")
    with pytest.raises(CommandError, match="The mail store cannot be read"):
        run()
