"""The views that Postfix and Dovecot read: their contract with the panel. Columns may be added, never renamed.

The same SQL works in SQLite and PostgreSQL. Every lookup by the first column is a search of one index. Views prevent
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
VIEWS: Final = {
    "mail_domains": "SELECT name FROM accounts_domain",
    "mail_mailboxes": """
        SELECT m.address, m.local_part, d.name AS domain, m.password_hash, m.quota_mb
        FROM accounts_mailbox m JOIN accounts_domain d ON d.id = m.domain_id
        WHERE m.is_active AND d.is_active
    """,
    # One row for each source, with its destinations separated by commas, as Postfix reads them. To keep a copy, the
    # source is among its own destinations. A disabled mailbox stops its forward.
    "mail_aliases": """
        SELECT f.source, replace(f.destinations, ' ', ',') || CASE WHEN f.keep_copy AND EXISTS (
                SELECT 1 FROM accounts_mailbox m WHERE m.address = f.source
            ) THEN ',' || f.source ELSE '' END AS destination
        FROM accounts_forward f JOIN accounts_domain d ON d.id = f.domain_id
        WHERE f.is_active AND d.is_active AND NOT EXISTS (
            SELECT 1 FROM accounts_mailbox m WHERE m.address = f.source AND NOT m.is_active
        )
    """,
}


def create_mail_views(views: Mapping[str, str]) -> RunPython:
    """Return the operation of a migration that creates views. views: name -> SELECT. Its reverse drops them."""
    return RunPython(lambda _apps, editor: create_views(editor, views), lambda _apps, editor: drop_views(editor, views))


def drop_mail_views(views: Mapping[str, str]) -> RunPython:
    """Return the operation of a migration that drops views. views: name -> SELECT. Its reverse creates them."""
    return RunPython(lambda _apps, editor: drop_views(editor, views), lambda _apps, editor: create_views(editor, views))


def create_views(schema_editor: BaseDatabaseSchemaEditor, views: Mapping[str, str]) -> None:
    """Create views. On PostgreSQL, let the mail server's role read them: a dropped view loses its grants.

    Without the role, nothing is granted.
    """
    for name, select in views.items():
        schema_editor.execute(f"CREATE VIEW {name} AS {select}")
    if schema_editor.connection.vendor == "postgresql":
        with schema_editor.connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [settings.MAILSERVER_ROLE])
            role_exists = cursor.fetchone() is not None
        if role_exists:
            role = schema_editor.quote_name(settings.MAILSERVER_ROLE)
            schema_editor.execute(f"GRANT SELECT ON {', '.join(views)} TO {role}")


def drop_views(schema_editor: BaseDatabaseSchemaEditor, views: Mapping[str, str]) -> None:
    """Drop views, so that their tables can be altered."""
    for name in views:
        schema_editor.execute(f"DROP VIEW {name}")
