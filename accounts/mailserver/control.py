"""What the mail server has to be told besides the database: to end open sessions, and to forget refused domains.

By Dovecot's and Postfix's own commands, where the settings DOVEADM and POSTFIX name them; else the page says what is
left to do.
"""

import logging
import subprocess
import time
from collections.abc import Collection
from contextlib import suppress

from django.conf import settings
from django.utils.translation import gettext as _

SECONDS = 10  # for all commands together; somebody waits for the page
COMMANDS_NAMED = 5

logger = logging.getLogger(__name__)


def end_sessions(addresses: Collection[str]) -> str:
    """End the open sessions of mailboxes that may not sign in any more, or not with the password that they used.

    Call it once the database says so, or they sign in again at once. Returns what is left to do, empty when nothing is.
    """
    if not addresses:
        return ""
    if not settings.DOVEADM:
        return _("Whoever is signed in stays so until this is run on the mail server: %(commands)s") % {
            "commands": _kick_commands(addresses)
        }
    left = {*addresses}
    until = time.monotonic() + SECONDS
    try:
        # One look at all sessions: most mailboxes have none, and each command takes its time.
        left &= signed_in()
        for address in sorted(left):
            _run([*settings.DOVEADM, "kick", address], until - time.monotonic())
            left.remove(address)
    except (OSError, subprocess.SubprocessError) as error:
        logger.warning("Open sessions could not be ended: %s", _reason(error))
        message = _("Open sessions could not be ended (%(reason)s). Run this on the mail server: %(commands)s")
        return message % {"reason": _reason(error), "commands": _kick_commands(left)}
    return ""


def reload_postfix() -> str:
    """Let Postfix look a domain up anew that it may have refused a moment ago. Returns what is left to do, as above."""
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
    """Return the addresses that have a session. `doveadm who -1` writes a line for each, the address first."""
    return {
        line.split()[0] for line in _run([*settings.DOVEADM, "who", "-1"], SECONDS).splitlines()[1:] if line.strip()
    }


def _kick_commands(addresses: Collection[str]) -> str:
    named = [f"doveadm kick {address}" for address in sorted(addresses)[:COMMANDS_NAMED]]
    return "; ".join(named) + ("; …" if len(addresses) > COMMANDS_NAMED else "")


def _run(command: list[str], seconds: float) -> str:
    """Run a command of the settings and return its output. Raises OSError and subprocess.SubprocessError."""
    # No `with`, nor `run`: both wait for a process that is late, and one that sudo has started cannot be killed here.
    process = subprocess.Popen(  # noqa: S603 - the administrator's own command, and an address the panel has checked
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace"
    )
    try:
        output, said = process.communicate(timeout=max(seconds, 0))
    except subprocess.TimeoutExpired:
        with suppress(PermissionError):
            process.kill()
            process.communicate()
        raise
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command[-1], output, said)
    return output


def _reason(error: OSError | subprocess.SubprocessError) -> str:
    """Return the last line of what a command said, or what became of it."""
    said = (getattr(error, "stderr", None) or "").strip()
    return said.splitlines()[-1] if said else str(error)
