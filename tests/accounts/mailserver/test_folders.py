"""Mail of mailboxes that were deleted: which folders are listed, and which can be removed."""

from __future__ import annotations

import os
from datetime import timedelta
from io import StringIO
from pathlib import Path
from unittest.mock import Mock

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.utils import timezone
from pytest_django import Settings

from accounts.mailserver.folders import FolderError, remove_folders
from accounts.management.commands import mail_folders
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
    with pytest.raises(CommandError, match="is not one of the folders that belong to no mailbox, so it stays"):
        run("--remove", OLD, name)
    assert (store / OLD).exists(), "all names are looked at before anything is removed"
    assert (outside / "jan/Maildir/cur/1").exists()
    for mailbox in Mailbox.objects.all():
        assert (store / mailbox.home / "Maildir/cur/1").exists()
    assert [line.split()[-1] for line in run().splitlines()] == [OLD], "links and files are no folders"


def test_a_folder_that_has_got_a_mailbox_stays(store: Path) -> None:
    make_mailbox("nowy@przyklad.iq.pl", home=OLD)
    with pytest.raises(CommandError):
        run("--remove", OLD)
    assert (store / OLD).exists()


def test_a_folder_stays_whose_mailbox_comes_back_while_others_are_removed(store: Path) -> None:
    add_mail(store / "dawna.example/ola")
    with pytest.raises(FolderError, match=f"{OLD} is not one of the folders that belong to no mailbox"):
        for _name in remove_folders(store, ["dawna.example/ola", OLD], mail_folders.read_homes):
            make_mailbox("nowy@przyklad.iq.pl", home=OLD)
    assert (store / OLD / "Maildir/cur/1").exists()
    assert not (store / "dawna.example").exists()


def test_root_is_not_led_elsewhere_by_a_domain_that_becomes_a_link(store: Path) -> None:
    add_mail(store.parent / "outside/ola")
    add_mail(store / "dawna.example/ola")

    def read_homes() -> set[str]:
        if not (store / "dawna.example").is_symlink():
            (store / "dawna.example").rename(store / "before.example")
            (store / "dawna.example").symlink_to(store.parent / "outside")
        return mail_folders.read_homes()

    with pytest.raises(FolderError, match=r"dawna\.example/ola could not be removed"):
        list(remove_folders(store, ["dawna.example/ola"], read_homes))
    assert (store.parent / "outside/ola/Maildir/cur/1").exists()


def test_mail_that_goes_while_it_is_measured_is_left_out(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    list_entries = Path.iterdir
    monkeypatch.setattr(Path, "iterdir", lambda path: [*list_entries(path), path / "gone"])
    assert [line.split()[-1] for line in run().splitlines()] == [OLD]


def test_what_the_panel_has_not_named_is_no_folder_of_mail(store: Path) -> None:
    for name in (".cache/x", "przyklad.iq.pl/.x", "lost+found/#1", "przyklad.iq.pl/A\nb"):
        add_mail(store / name)
    assert [line.split()[-1] for line in run().splitlines()] == [OLD]


def test_the_wrong_database_or_store_lists_nothing(store: Path, settings: Settings) -> None:
    settings.MAIL_STORE = str(store / "missing")
    with pytest.raises(CommandError, match=r"The mail store cannot be read .* as root, with its MAIL_STORE"):
        run()
    settings.MAIL_STORE = str(store.parent / "other")
    add_mail(store.parent / "other/przyklad.iq.pl/jan~cccccccc")
    with pytest.raises(CommandError, match="other belongs to a mailbox of this database"):
        run()
    Mailbox.objects.all().delete()
    with pytest.raises(CommandError, match=r"This database has no mailboxes\. Run this with the settings of the panel"):
        run()


def test_a_database_that_does_not_let_root_in_is_named(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail_folders, "read_homes", Mock(side_effect=OperationalError("Peer authentication failed")))
    with pytest.raises(
        CommandError, match=r"cannot be read \(Peer authentication failed\)\. docs/mailserver\.md"
    ) as error:
        run()
    assert error.value.returncode == 1
