"""Write the configuration of Postfix and Dovecot, or compare the existing files with what would be written now."""

from __future__ import annotations

import difflib
import grp
import os
import shutil
from pathlib import Path
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.utils.translation import gettext as _

from accounts.mailserver.files import (
    DOVECOT_FILES,
    ConfigurationError,
    installed_dovecot,
    render_files,
    without_passwords,
)

MODE: Final = 0o640  # the files may hold the password of the database
# What it writes goes to the log: by cron, its warnings would be mail to the postmaster as well.
REPORT_BY_CRON: Final = "17 * * * * root policyd-rate-limit --clean 2>&1 | logger -t policyd-rate-limit"
READERS: Final = ("postfix", "dovecot")  # each of these folders is read by the group of the same name


class Command(BaseCommand):
    help = "Writes the files that make Postfix and Dovecot serve the panel's accounts. docs/mailserver.md has the rest."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="the folder of the files")
        parser.add_argument(
            "--dovecot",
            choices=DOVECOT_FILES,
            help="the version on the mail server; without it, the one that is installed here",
        )
        parser.add_argument("--check", action="store_true", help="write nothing, name what differs and end with 1")

    def handle(self, *, out: Path, check: bool, dovecot: str | None, **_options: Any) -> None:
        folder = out.absolute()
        try:
            files = render_files(folder, dovecot=dovecot or installed_dovecot())
            if not check:
                write_files(folder, files)
                self.stdout.write(guide(folder, list(files), str(connection.settings_dict["NAME"])))
                return
            problems = differences(folder, files)
        except (ConfigurationError, OSError) as error:
            raise CommandError(str(error)) from None
        if problems:
            raise CommandError("\n".join(problems))
        self.stdout.write(_("The files in %(folder)s are as they would be written now.") % {"folder": folder})


def write_files(folder: Path, files: dict[str, str]) -> None:
    """Write the files. As root, set the group of each to the group that reads it. Raises OSError."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        for parent in {folder, path.parent}:
            parent.chmod(0o755)  # the servers have accounts of their own
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, MODE)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), MODE)  # before the password is in it: the file may have existed with another mode
            file.truncate()
            file.write(content)
        group = find_group(name)
        if group and os.geteuid() == 0:
            shutil.chown(path, group=group)


def find_group(name: str) -> str | None:
    """Return the group that must be able to read a file, None if only root needs it or the group does not exist."""
    group = name.partition("/")[0]
    return group if group in READERS and any(entry.gr_name == group for entry in grp.getgrall()) else None


def differences(folder: Path, files: dict[str, str]) -> list[str]:
    """Return a sentence for each difference between the folder and the files that would be written, and diffs.

    Passwords are replaced by stars. Raises OSError.
    """
    problems = []
    for name, content in files.items():
        path = folder / name
        if not path.is_file():
            problems.append(_("%(file)s is missing.") % {"file": path})
        elif (existing := path.read_text(encoding="utf-8", errors="replace")) != content:
            problems.append(_("%(file)s is not what would be written now:") % {"file": path})
            problems.append(difference(existing, content))
        elif path.stat().st_mode & 0o777 != MODE:
            problems.append(_("%(file)s must have the mode 0640.") % {"file": path})
        elif (group := find_group(name)) and path.group() != group:
            problems.append(_("%(file)s must belong to the group %(group)s.") % {"file": path, "group": group})
    paths = {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}
    problems += [_("%(file)s is not one of the files.") % {"file": folder / name} for name in sorted(paths - {*files})]
    return problems


def difference(existing: str, content: str) -> str:
    """Return the unified diff between two contents of a file, with stars for passwords."""
    old, new = (without_passwords(text).splitlines() for text in (existing, content))
    lines = list(difflib.unified_diff(old, new, _("written"), _("now"), lineterm="", n=1))
    return "\n".join(lines) or _("The password is another one, or only the ends of lines differ.")


def guide(folder: Path, names: list[str], database: str) -> str:
    """Return the message after writing: the commands that are left to run on the mail server, as root."""
    if "sqlite-permissions.sh" in names:
        open_database = f"sh {folder}/sqlite-permissions.sh"
    else:
        psql = f"psql -v ON_ERROR_STOP=1 -1 -d {database}"
        open_database = f'su postgres -c "{psql}" < {folder}/postgresql-grants.sql'
    commands = [
        f"chgrp -R postfix {folder}/postfix && chgrp -R dovecot {folder}/dovecot",
        open_database,
        "test -e /etc/postfix/main.cf || touch /etc/postfix/main.cf",
        f"grep -v '^#' {folder}/postfix/main.cf | xargs -d '\\n' postconf -e",
        "postconf -MX submission/inet submissions/inet srs/unix 127.0.0.1:10003/inet srs-cleanup/unix",
        f"grep -v '^#' {folder}/postfix/master.cf >> /etc/postfix/master.cf",
        "mv -n /etc/dovecot/dovecot.conf /etc/dovecot/dovecot.conf.debian",
        f"echo '!include {folder}/dovecot/dovecot.conf' > /etc/dovecot/dovecot.conf",
        f"echo '. {folder}/postsrsd/postsrsd' > /etc/default/postsrsd",
        f"ln -sf {folder}/policyd-rate-limit/policyd-rate-limit.conf /etc/policyd-rate-limit.conf",
        "chmod -x /etc/cron.daily/policyd-rate-limit",
        f"echo '{REPORT_BY_CRON}' > /etc/cron.d/mailpanel-limits",
        "systemctl restart postsrsd policyd-rate-limit postfix dovecot",
    ]
    lines = [
        _("Written to %(folder)s: %(files)s.") % {"folder": folder, "files": ", ".join(names)},
        _("What is left to do, as root on the mail server (docs/mailserver.md explains each step):"),
        *(f"  {command}" for command in commands),
        _("After each new domain: postfix reload. Until then its mail may be refused for some minutes."),
    ]
    return "\n".join(lines)
