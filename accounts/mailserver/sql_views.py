"""The views that Postfix and Dovecot read: their contract with the panel. Columns may be added, never renamed.

Every lookup by the first column is a search of indexes. Views prevent
changes to their tables: SQLite cannot rebuild a table that a view uses, PostgreSQL cannot drop such a column. So a
migration that alters one of these tables has `drop_mail_views` before that and `create_mail_views` after. Each
migration has its own copy of the SQL, so that later changes do not reach it; `VIEWS` is what the newest one creates.
"""

from collections.abc import Mapping
from typing import Final

from django.conf import settings
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations import RunPython

# An inactive domain is listed, but its mailboxes are not: mail to it is refused with 550. If it were not listed, mail
# from our own users would be sent to the server that its MX record names.
_DOMAINS: Final = "SELECT name FROM accounts_domain"
_MAILBOXES: Final = """
    SELECT m.address, m.local_part, d.name AS domain, m.password_hash, m.quota_mb, m.home,
        m.max_recipients_per_hour, m.max_recipients_per_day
    FROM accounts_mailbox m JOIN accounts_domain d ON d.id = m.domain_id
    WHERE m.is_active AND d.is_active
"""
# The forwards that pass mail on. A disabled mailbox `s` stops its forward, unless the forward says otherwise.
_WORKING_FORWARDS: Final = "accounts_forward f LEFT JOIN accounts_mailbox s ON s.address = f.source"
_FORWARD_WORKS: Final = "f.is_active AND (s.is_active IS NULL OR s.is_active OR f.works_while_disabled)"


def _role_address(local_part: str) -> str:
    """Return the SELECT of an address that every domain has: its mail goes to the domain's contact.

    Without a contact it goes to `postmaster`, to which Postfix adds the name of the server ($myorigin). An address at
    which somebody gets mail is left alone. (Counting costs PostgreSQL less than NOT EXISTS.)
    """
    address = f"CAST('{local_part}@' || d.name AS varchar)"  # as the index of the model has it
    return f"""
        SELECT {address}, CASE WHEN d.contact = '' THEN 'postmaster' ELSE d.contact END
        FROM accounts_domain d
        WHERE d.is_active
        AND 0 = (SELECT count(*) FROM accounts_mailbox m WHERE m.address = {address} AND m.is_active)
        AND 0 = (SELECT count(*) FROM {_WORKING_FORWARDS} WHERE f.source = {address} AND {_FORWARD_WORKS})
    """


# One row for each source, with its destinations separated by commas, as Postfix reads them. To keep a copy, the source
# is among its own destinations. UNION would make SQLite scan every forward for each lookup; columns of unlike types
# would make both databases do so, hence the CAST in `_role_address`.
_ALIASES: Final = f"""
    SELECT f.source,
        replace(f.destinations, ' ', ',')
        || CASE WHEN f.keep_copy AND s.is_active THEN ',' || f.source ELSE '' END AS destination
    FROM {_WORKING_FORWARDS} JOIN accounts_domain d ON d.id = f.domain_id
    WHERE d.is_active AND {_FORWARD_WORKS}
    UNION ALL {_role_address("postmaster")}
    UNION ALL {_role_address("abuse")}
"""


def _senders(destinations: str, mailbox_address: str) -> str:
    """Return the SELECT of who may send as whom: a row for each sender and the login of a mailbox that may use it.

    A mailbox may send as itself; and as the source of a forward that says so, if it gets the mail of that forward and
    is of the same customer: in the same domain, or in one with an administrator in common.

    The domains are no joins, and administrators are counted, since PostgreSQL would read all domains for two of them,
    and all administrators for an EXISTS.

    destinations: the rows of a forward's destinations. mailbox_address: a destination without what follows its plus.
    """
    return f"""
        SELECT m.address AS sender, m.address AS login
        FROM accounts_mailbox m JOIN accounts_domain d ON d.id = m.domain_id
        WHERE m.is_active AND d.is_active
        UNION ALL
        SELECT f.source, m.address
        FROM {_WORKING_FORWARDS} CROSS JOIN {destinations}
        JOIN accounts_mailbox m ON m.address = {mailbox_address}
        WHERE f.allows_sending AND m.is_active AND {_FORWARD_WORKS}
        AND (SELECT d.is_active FROM accounts_domain d WHERE d.id = f.domain_id)
        AND (SELECT d.is_active FROM accounts_domain d WHERE d.id = m.domain_id)
        AND (m.domain_id = f.domain_id OR 0 < (
            SELECT count(*) FROM accounts_domain_administrators a
            JOIN accounts_domain_administrators b ON b.user_id = a.user_id
            WHERE a.domain_id = f.domain_id AND b.domain_id = m.domain_id
        ))
    """


_SENDERS: Final = {
    "sqlite": _senders(
        """json_each('["' || replace(f.destinations, ' ', '","') || '"]') AS part""",
        "CASE WHEN part.value LIKE '%+%' THEN substr(part.value, 1, instr(part.value, '+') - 1)"
        " || substr(part.value, instr(part.value, '@')) ELSE part.value END",
    ),
    "postgresql": _senders(
        "LATERAL unnest(string_to_array(f.destinations, ' ')) AS part(value)",
        "regexp_replace(part.value, '[+][^@]*', '')",
    ),
}

# Name -> its SELECT, or where the databases need different ones: vendor -> SELECT.
Views = Mapping[str, str | Mapping[str, str]]
VIEWS: Final[Views] = {
    "mail_domains": _DOMAINS,
    "mail_mailboxes": _MAILBOXES,
    "mail_aliases": _ALIASES,
    "mail_senders": _SENDERS,
}


def create_mail_views(views: Views) -> RunPython:
    """Return the operation of a migration that creates views. Its reverse drops them."""
    return RunPython(lambda _apps, editor: create_views(editor, views), lambda _apps, editor: drop_views(editor, views))


def drop_mail_views(views: Views) -> RunPython:
    """Return the operation of a migration that drops views. Its reverse creates them."""
    return RunPython(lambda _apps, editor: drop_views(editor, views), lambda _apps, editor: create_views(editor, views))


def create_views(schema_editor: BaseDatabaseSchemaEditor, views: Views) -> None:
    """Create views. On PostgreSQL, let the mail server's role read them: a dropped view loses its grants.

    Without the role, nothing is granted.
    """
    for name, select in views.items():
        text = select if isinstance(select, str) else select[schema_editor.connection.vendor]
        schema_editor.execute(f"CREATE VIEW {name} AS {text}", params=None)
    if schema_editor.connection.vendor == "postgresql":
        with schema_editor.connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [settings.MAILSERVER_ROLE])
            role_exists = cursor.fetchone() is not None
        if role_exists:
            role = schema_editor.quote_name(settings.MAILSERVER_ROLE)
            schema_editor.execute(f"GRANT SELECT ON {', '.join(views)} TO {role}")


def drop_views(schema_editor: BaseDatabaseSchemaEditor, views: Views) -> None:
    """Drop views, so that their tables can be altered."""
    for name in views:
        schema_editor.execute(f"DROP VIEW {name}")
