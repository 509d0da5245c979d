"""The arguments of the command that need more than argparse: what is wrong with them ends it with exit status 2."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError
from django.utils.translation import gettext as _

from accounts.validators import parse_quota_mb, trimmed

USAGE: Final = 2  # the exit status for an error of the arguments rather than of the list


def _usage(message: str, /, **params: object) -> CommandError:
    return CommandError(message % params, returncode=USAGE)


def find_login(username: str | None) -> User | None:
    """Return the login to act as, None for staff. Raises CommandError."""
    if username is None:
        return None
    try:
        return User.objects.get(username=username)
    except User.DoesNotExist:
        raise _usage(_("There is no login “%(login)s”."), login=username) from None


def check_quota_text(text: str) -> str:
    """Return the default quota unchanged if it is valid or empty. Raises CommandError."""
    if trimmed(text):
        try:
            parse_quota_mb(text)
        except ValidationError as error:
            raise _usage("--default-quota: %(message)s", message=" ".join(error.messages)) from None
    return text


def read_content(path: str) -> bytes | None:
    """Return the bytes of the file, or None when it is larger than an upload may be. Raises CommandError."""
    largest = settings.MAX_UPLOAD_MB * 1024 * 1024
    try:
        with Path(path).open("rb") as file:
            content = file.read(largest + 1)
    except FileNotFoundError:
        raise _usage(_("There is no file “%(path)s”."), path=path) from None
    except OSError as error:
        raise _usage(_("“%(path)s” cannot be read: %(reason)s."), path=path, reason=error.strerror) from None
    return content if len(content) <= largest else None


@contextmanager
def reserve_results(results: str | None) -> Iterator[Path | None]:
    """Create an empty results file that only its owner can read; delete it at the end if nothing was written to it.

    It is created first, so that no account is created whose password could then not be written. Raises CommandError.
    """
    if results is None:
        yield None
        return
    path = Path(results)
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        raise _usage(_("“%(path)s” exists already. Choose another name for the results."), path=results) from None
    except OSError as error:
        raise _usage(_("“%(path)s” cannot be written: %(reason)s."), path=results, reason=error.strerror) from None
    try:
        yield path
    finally:
        if path.exists() and not path.stat().st_size:
            path.unlink()
