"""The folders below the mail store that belong to no mailbox: mail of mailboxes that were deleted."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from stat import S_ISREG

from django.utils.translation import gettext as _


class FolderError(Exception):
    """The folders cannot be listed, or one cannot be removed; the text says why, and what to do."""


@dataclass(frozen=True, slots=True)
class MailFolder:
    """A folder below the mail store. name: such as przyklad.pl/jan~4k2m9xa7. last_used: when a file in it changed."""

    name: str
    bytes: int
    last_used: datetime


def list_unowned_folders(store: Path, read_homes: Callable[[], set[str]]) -> list[MailFolder]:
    """Return the folders that belong to no mailbox, by name. read_homes: returns the homes of all mailboxes.

    Raises FolderError.
    """
    try:
        return [_measure(store, name) for name in _unowned_names(store, read_homes)]
    except OSError as error:
        raise _unreadable(error) from None


def remove_folder(store: Path, name: str, read_homes: Callable[[], set[str]]) -> None:
    """Remove one of the folders that belong to no mailbox. Raises FolderError."""
    try:
        if name not in _unowned_names(store, read_homes):
            raise FolderError(_("%(name)s is not one of the folders that belong to no mailbox.") % {"name": name})
        folder = store / name
        shutil.rmtree(folder)
        if not any(folder.parent.iterdir()):
            folder.parent.rmdir()
    except OSError as error:
        raise _unreadable(error) from None


def _unowned_names(store: Path, read_homes: Callable[[], set[str]]) -> list[str]:
    """Return the names of the folders, in order. They stand two levels below the store. Raises OSError, FolderError."""
    names = {f"{domain.name}/{folder.name}" for domain in _folders(store) for folder in _folders(domain)}
    # After the folders: one that is new there belongs to a mailbox that is older than it.
    homes = read_homes()
    if not homes:
        text = _("This database has no mailboxes. Run this with the settings of the panel that the mail server reads.")
        raise FolderError(text)
    return sorted(names - homes)


def _folders(path: Path) -> list[Path]:
    """Return the folders in a folder; links are none."""
    return [entry for entry in path.iterdir() if entry.is_dir() and not entry.is_symlink()]


def _measure(store: Path, name: str) -> MailFolder:
    folder = store / name
    statuses = [path.lstat() for path in (folder, *folder.rglob("*"))]
    size = sum(status.st_size for status in statuses if S_ISREG(status.st_mode))
    newest = max(status.st_mtime for status in statuses)
    return MailFolder(name, size, datetime.fromtimestamp(newest, UTC))


def _unreadable(error: OSError) -> FolderError:
    text = _("The mail store cannot be read (%(reason)s). Run this on the mail server, as root, with its MAIL_STORE.")
    return FolderError(text % {"reason": error})
