"""The files that make Postfix and Dovecot serve the panel's accounts, rendered from the panel's settings.

The templates stand beside this module, in a folder for each version whose settings they use.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connection
from django.template import Context, Engine
from django.utils.translation import gettext as _

from accounts.mailserver.sql_views import VIEWS
from accounts.validators import normalize_address, normalize_domain

# Path in the folder of the configuration -> template.
SERVER_FILES: Final = {
    "postfix/main.cf": "postfix-3/main.cf",
    "postfix/master.cf": "postfix-3/master.cf",
    "postfix/domains.cf": "postfix-3/domains.cf",
    "postfix/mailboxes.cf": "postfix-3/mailboxes.cf",
    "postfix/aliases.cf": "postfix-3/aliases.cf",
    "postfix/senders.cf": "postfix-3/senders.cf",
    "postfix/hosted.cf": "postfix-3/hosted.cf",
    "postfix/special-folders.regexp": "postfix-3/special-folders.regexp",
    "postfix/ascii.regexp": "postfix-3/ascii.regexp",
    "postfix/any-address.cidr": "postfix-3/any-address.cidr",
    "postfix/postmaster.regexp": "postfix-3/postmaster.regexp",
    "postfix/own-sender.regexp": "postfix-3/own-sender.regexp",
    "postfix/srs.cf": "postfix-3/srs.cf",
    "postfix/srs-rest.regexp": "postfix-3/srs-rest.regexp",
    "postsrsd/postsrsd": "postsrsd-1/postsrsd",
    "policyd-rate-limit/policyd-rate-limit.conf": "policyd-rate-limit-1/policyd-rate-limit.conf",
}
# The versions of Dovecot that the templates are for: 2.4 does not read the files of 2.3.
DOVECOT_FILES: Final = {
    "2.3": {
        "dovecot/dovecot.conf": "dovecot-2.3/dovecot.conf",
        "dovecot/sql.conf": "dovecot-2.3/sql.conf",
        "dovecot/usage.conf": "dovecot-2.3/usage.conf",
    },
    "2.4": {"dovecot/dovecot.conf": "dovecot-2.4/dovecot.conf"},
}
DATABASE_FILES: Final = {
    "sqlite": {"sqlite-permissions.sh": "database/sqlite-permissions.sh"},
    "postgresql": {"postgresql-grants.sql": "database/postgresql-grants.sql"},
}
POSTFIX_QUEUE: Final = "/var/spool/postfix"
POSTGRESQL_PORT: Final = "5432"
POSTGRESQL_SOCKETS: Final = "/var/run/postgresql"

# Each program quotes in its own way, or not at all. Letters, digits and these signs are special to none of them.
ALLOWED_SIGNS: Final = ". _ ~ / : @ + -"
_PLAIN: Final = re.compile(rf"[A-Za-z0-9{re.escape(ALLOWED_SIGNS.replace(' ', ''))}]*")
# A password in any of the files.
_PASSWORD: Final = re.compile(r"""(\bpassword[ \t]*=[ \t]*|\bPASSWORD ')[^\s']+""")


class ConfigurationError(Exception):
    """A setting is missing or cannot be written into the files; the text says which one and how to correct it."""


def installed_dovecot() -> str:
    """Return which of the versions in `DOVECOT_FILES` is installed on this machine. Raises ConfigurationError."""
    try:
        done = subprocess.run(["dovecot", "--version"], capture_output=True, text=True, check=True)  # noqa: S607
    except (OSError, subprocess.SubprocessError):
        text = _("Dovecot is not installed on this machine. Say which version the mail server has: %(options)s.")
        options = " / ".join(f"--dovecot {version}" for version in DOVECOT_FILES)
        raise ConfigurationError(text % {"options": options}) from None
    version = ".".join(done.stdout.split(".")[:2])
    if version not in DOVECOT_FILES:
        text = _("Dovecot %(version)s is installed. The panel has files for these versions: %(versions)s.")
        raise ConfigurationError(text % {"version": version, "versions": ", ".join(DOVECOT_FILES)})
    return version


def render_files(folder: Path, *, dovecot: str) -> dict[str, str]:
    """Return the content of each file, by its path in `folder`, the absolute path where the servers will read them.

    Reads only settings, not the database. dovecot: one of the versions in `DOVECOT_FILES`. Raises ConfigurationError.
    """
    values = _values(folder)
    engine = Engine(dirs=[str(Path(__file__).parent)], autoescape=False)
    templates = SERVER_FILES | DOVECOT_FILES[dovecot] | DATABASE_FILES[connection.vendor]
    return {name: engine.get_template(template).render(Context(values)) for name, template in templates.items()}


def without_passwords(text: str) -> str:
    """Return the content of a file with its passwords replaced by stars."""
    return _PASSWORD.sub(r"\1***", text)


def _values(folder: Path) -> dict[str, Any]:
    """Return the context of the templates. Raises ConfigurationError."""
    if not settings.MAIL_HOSTNAME:
        raise ConfigurationError(_("Set MAIL_HOSTNAME to the name of the mail server, such as mail.example.com."))
    try:
        normalize_domain(settings.MAIL_HOSTNAME)
        postmaster = normalize_address(settings.MAIL_POSTMASTER)
    except ValidationError as error:
        text = _(
            "MAIL_HOSTNAME or MAIL_POSTMASTER, the address of whoever looks after the server, is wrong: %(message)s"
        )
        raise ConfigurationError(text % {"message": " ".join(error.messages)}) from None
    values = {
        "folder": str(folder),
        "queue": POSTFIX_QUEUE,
        "hostname": settings.MAIL_HOSTNAME,
        "postmaster": postmaster,
        "tls_cert": settings.MAIL_TLS_CERT,
        "tls_key": settings.MAIL_TLS_KEY,
        "mail_store": settings.MAIL_STORE,
        "mail_user": settings.MAIL_USER,
        "recipients_per_hour": str(settings.MAIL_RECIPIENTS_PER_HOUR),
        "recipients_per_day": str(settings.MAIL_RECIPIENTS_PER_DAY),
        "welcome_host": settings.WELCOME_LMTP.partition(":")[0],
        "welcome_port": settings.WELCOME_LMTP.partition(":")[2],
        **_database_values(connection.settings_dict),
    }
    for name, value in values.items():
        if not _PLAIN.fullmatch(value):
            shown = "***" if name == "password" else value
            text = _("“%(value)s” (%(name)s) would be misread by the mail server. Use letters, digits and %(allowed)s.")
            raise ConfigurationError(text % {"value": shown, "name": name, "allowed": ALLOWED_SIGNS})
    return {
        **values,
        "views": ", ".join(VIEWS),
        "roles": [values.get("role"), values.get("usage_role")],
        "hostname_pattern": re.escape(settings.MAIL_HOSTNAME),
    }


def _database_values(database: dict[str, Any]) -> dict[str, str]:
    """Return the values about the panel's database. Raises ConfigurationError."""
    if connection.vendor == "sqlite":
        path = Path(database["NAME"]).absolute()
        return {"map_type": "sqlite", "database": str(path), "database_folder": str(path.parent)}
    host = database["HOST"] or POSTGRESQL_SOCKETS
    port = str(database["PORT"] or POSTGRESQL_PORT)
    is_socket = host.startswith("/")
    if is_socket and port != POSTGRESQL_PORT:
        raise ConfigurationError(
            _("Postfix finds the socket of PostgreSQL at port 5432 only. Put a host name into DATABASE_URL instead.")
        )
    return {
        "map_type": "pgsql",
        "database": database["NAME"],
        "host": host,
        "port": port,
        "postfix_host": f"unix:{host}" if is_socket else f"{host}:{port}",
        "role": settings.MAILSERVER_ROLE,
        "usage_role": f"{settings.MAILSERVER_ROLE}_usage",
        "password": settings.MAILSERVER_PASSWORD,
        "panel_role": database["USER"],
    }
