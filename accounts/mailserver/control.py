"""What the mail server does not learn from the database: that sessions must end, and that a domain is new.

Uses the commands of Dovecot and Postfix that the settings DOVEADM and POSTFIX name; without these settings, the page
says which commands somebody has to run.
"""

import logging
import subprocess
import time
from collections.abc import Collection
from contextlib import suppress

from django.conf import settings
from django.utils.translation import gettext as _

SECONDS = 10  # for all commands together: a person waits for the page
COMMANDS_NAMED = 5
MEASURING_SECONDS = 24 * 60 * 60  # nobody waits for it at a page

logger = logging.getLogger(__name__)


def end_sessions(addresses: Collection[str]) -> str:
    """End the open sessions of mailboxes that were disabled or deleted, or whose password was changed.

    Call it after the commit: before it, mail programs could sign in again. Returns a message with the commands that
    somebody has to run, empty where there are none.
    """
    if not addresses:
        return ""
    if not settings.DOVEADM:
        return _("Whoever is signed in stays so until this is run on the mail server: %(commands)s") % {
            "commands": _kick_commands(addresses)
        }
    remaining = {*addresses}
    deadline = time.monotonic() + SECONDS
    try:
        # One command lists all sessions: most mailboxes have none, and a command for each would take long.
        remaining &= signed_in()
        for address in sorted(remaining):
            _run([*settings.DOVEADM, "kick", address], deadline - time.monotonic())
            remaining.remove(address)
    except (OSError, subprocess.SubprocessError) as error:
        logger.warning("Open sessions could not be ended: %s", _reason(error))
        message = _("Open sessions could not be ended (%(reason)s). Run this on the mail server: %(commands)s")
        return message % {"reason": _reason(error), "commands": _kick_commands(remaining)}
    return ""


def reload_postfix() -> str:
    """Make Postfix forget that it refused a domain. Returns a message as `end_sessions`."""
    if not settings.POSTFIX:
        return _(
            "Mail to this domain may be refused for some minutes, unless this is run on the mail server: %(command)s"
        ) % {"command": "postfix reload"}
    try:
        _run([*settings.POSTFIX, "reload"], SECONDS)
    except (OSError, subprocess.SubprocessError) as error:
        message = _("Postfix could not be reloaded (%(reason)s). Run this on the mail server: %(command)s")
        return message % {"reason": _reason(error), "command": "postfix reload"}
    return ""


def signed_in() -> set[str]:
    """Return the addresses that have a session. `doveadm who -1` prints a line for each session, the address first."""
    return {
        line.split()[0] for line in _run([*settings.DOVEADM, "who", "-1"], SECONDS).splitlines()[1:] if line.strip()
    }


def measure_usage() -> dict[str, tuple[int, int]]:
    """Return how many bytes and messages each mailbox holds, by address. Reads every mailbox, which takes its time.

    Dovecot tells the size in whole KB. Raises OSError and subprocess.SubprocessError.
    """
    command = [*(settings.DOVEADM or ["doveadm"]), "-f", "tab", "quota", "get", "-A"]
    amounts: dict[str, dict[str, int]] = {}
    for line in _run(command, MEASURING_SECONDS).splitlines()[1:]:
        address, _root, kind, value, *_limits = line.split("\t")
        amounts.setdefault(address, {})[kind] = int(value)
    return {address: (each["STORAGE"] * 1024, each["MESSAGE"]) for address, each in amounts.items()}


def _kick_commands(addresses: Collection[str]) -> str:
    named = [f"doveadm kick {address}" for address in sorted(addresses)[:COMMANDS_NAMED]]
    return "; ".join(named) + ("; …" if len(addresses) > COMMANDS_NAMED else "")


def _run(command: list[str], seconds: float) -> str:
    """Run a command and return its output. Raises OSError and subprocess.SubprocessError."""
    # Not `with` or `run`: they would wait for a process after its timeout, and one that sudo started cannot be killed.
    process = subprocess.Popen(  # noqa: S603 - a command of the settings, and a valid address
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace"
    )
    try:
        output, errors = process.communicate(timeout=max(seconds, 0))
    except subprocess.TimeoutExpired:
        with suppress(PermissionError):
            process.kill()
            process.communicate()
        raise
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command[-1], output, errors)
    return output


def _reason(error: OSError | subprocess.SubprocessError) -> str:
    """Return the last line of the error output of a command, or the text of the exception."""
    errors = (getattr(error, "stderr", None) or "").strip()
    return errors.splitlines()[-1] if errors else str(error)
