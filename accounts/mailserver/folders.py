"""The folders below the mail store that belong to no mailbox: mail of mailboxes that were deleted."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import Final

from django.utils.translation import gettext as _

# As the panel and older versions of the guide have named folders. Others below the store are no mailboxes' mail.
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._~-]*")

# Returns the homes of all mailboxes, of those that are disabled too.
ReadHomes = Callable[[], set[str]]


class FolderError(Exception):
    """The folders cannot be listed, or one cannot be removed; the text says why, and what to do."""


@dataclass(frozen=True, slots=True)
class MailFolder:
    """A folder below the mail store, such as przyklad.pl/jan~4k2m9xa7. last_used: when anything in it changed."""

    name: str
    bytes: int
    last_used: datetime


def list_unowned_folders(store: Path, read_homes: ReadHomes) -> list[MailFolder]:
    """Return the folders that belong to no mailbox, by name. Raises FolderError."""
    names = _unowned_names(store, read_homes)
    try:
        return [folder for name in names if (folder := _measure(store, name))]
    except OSError as error:
        raise _unreadable(error) from None


def remove_folders(store: Path, names: Sequence[str], read_homes: ReadHomes) -> Iterator[str]:
    """Remove some of the folders that belong to no mailbox, and yield the name of each that is gone.

    Raises FolderError; before anything is removed, if one of the names is not a name of such a folder.
    """
    unowned = _unowned_names(store, read_homes)
    for name in names:
        if name not in unowned:
            raise _not_unowned(name)
    for name in names:
        if name in read_homes():  # since then, as after a restored backup of the database
            raise _not_unowned(name)
        try:
            _remove(store, name)
        except OSError as error:
            text = _("%(name)s could not be removed (%(reason)s). Run this as root, and again where it is there still.")
            raise FolderError(text % {"name": name, "reason": error}) from None
        yield name


def _remove(store: Path, name: str) -> None:
    """Remove a folder, and its domain's where that is empty then. Raises OSError."""
    domain, folder = name.split("/")
    # By descriptor: root must not be led elsewhere by a link that the account of the mail has put there meanwhile.
    descriptor = os.open(store / domain, os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        shutil.rmtree(folder, dir_fd=descriptor)
    finally:
        os.close(descriptor)
    with suppress(OSError):  # it is not empty
        (store / domain).rmdir()


def _unowned_names(store: Path, read_homes: ReadHomes) -> list[str]:
    """Return the names of the folders, in order. They stand two levels below the store. Raises FolderError."""
    try:
        names = {f"{domain.name}/{folder.name}" for domain in _folders(store) for folder in _folders(domain)}
    except OSError as error:
        raise _unreadable(error) from None
    # After the folders: one that is new there belongs to a mailbox that is older than it.
    homes = read_homes()
    if not homes:
        text = _("This database has no mailboxes. Run this with the settings of the panel that the mail server reads.")
        raise FolderError(text)
    if names and names.isdisjoint(homes):
        text = _(
            "No folder in %(store)s belongs to a mailbox of this database. Run this with the MAIL_STORE and the "
            "DATABASE_URL of the panel that the mail server reads."
        )
        raise FolderError(text % {"store": store})
    return sorted(names - homes)


def _folders(path: Path) -> list[Path]:
    """Return the folders in a folder that may be a domain or a home; links are none."""
    entries = (entry for entry in path.iterdir() if _NAME.fullmatch(entry.name))
    return [entry for entry in entries if entry.is_dir() and not entry.is_symlink()]


def _measure(store: Path, name: str) -> MailFolder | None:
    """Return a folder with its size and last use, None if it is gone. Raises OSError."""
    size, newest = 0, None
    for status in _statuses(store / name):
        newest = max(newest or 0, status.st_mtime)
        if S_ISREG(status.st_mode):
            size += status.st_size
    return None if newest is None else MailFolder(name, size, datetime.fromtimestamp(newest, UTC))


def _statuses(path: Path) -> Iterator[os.stat_result]:
    """Yield the status of a folder and of all in it, without what goes meanwhile: a session may still be open."""
    with suppress(FileNotFoundError):
        status = path.lstat()
        yield status
        if S_ISDIR(status.st_mode):
            for entry in path.iterdir():
                yield from _statuses(entry)


def _not_unowned(name: str) -> FolderError:
    text = _(
        "%(name)s is not one of the folders that belong to no mailbox, so it stays. Run this without --remove to list "
        "them."
    )
    return FolderError(text % {"name": name})


def _unreadable(error: OSError) -> FolderError:
    text = _("The mail store cannot be read (%(reason)s). Run this on the mail server, as root, with its MAIL_STORE.")
    return FolderError(text % {"reason": error})
