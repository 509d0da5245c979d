"""The three views that Postfix and Dovecot read: their contract with the panel. Columns may be added, never renamed.

The same SQL serves SQLite and PostgreSQL. Every lookup by the first column is a search of one index. Views stand in the
way of changes to their tables: SQLite cannot rebuild a table that a view names, PostgreSQL cannot drop a column that it
uses. So a migration that alters a table below puts `drop_mail_views()` before and `create_mail_views()` after.
"""

from django.conf import settings
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations import RunPython

# An inactive domain is listed and its mailboxes are hidden: mail to it is refused with 550. If it were not listed,
# mail from our own users would be sent out to wherever its MX record points.
VIEWS = {
    "mail_domains": "SELECT name FROM accounts_domain",
    "mail_mailboxes": """
        SELECT m.address, m.local_part, d.name AS domain, m.password_hash, m.quota_mb
        FROM accounts_mailbox m JOIN accounts_domain d ON d.id = m.domain_id
        WHERE m.is_active AND d.is_active
    """,
    # One row for a source, its destinations separated by commas as Postfix reads them. A kept copy is the source among
    # its own destinations. A disabled mailbox stops its forward.
    "mail_aliases": """
        SELECT f.source, replace(f.destinations, ' ', ',') || CASE WHEN f.keep_copy AND EXISTS (
                SELECT 1 FROM accounts_mailbox m WHERE m.address = f.source AND m.is_active
            ) THEN ',' || f.source ELSE '' END AS destination
        FROM accounts_forward f JOIN accounts_domain d ON d.id = f.domain_id
        WHERE f.is_active AND d.is_active AND NOT EXISTS (
            SELECT 1 FROM accounts_mailbox m WHERE m.address = f.source AND NOT m.is_active
        )
    """,
}


def create_mail_views() -> RunPython:
    """Return the operation of a migration that creates the views; its reverse drops them."""
    return RunPython(lambda _apps, editor: create_views(editor), lambda _apps, editor: drop_views(editor))


def drop_mail_views() -> RunPython:
    """Return the operation of a migration that drops the views; its reverse creates them."""
    return RunPython(lambda _apps, editor: drop_views(editor), lambda _apps, editor: create_views(editor))


def create_views(schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Create the views and, on PostgreSQL, let the mail server's role read them: a dropped view loses its grants.

    Where the role does not exist (yet), nothing is granted.
    """
    for name, select in VIEWS.items():
        schema_editor.execute(f"CREATE VIEW {name} AS {select}")
    if schema_editor.connection.vendor == "postgresql":
        with schema_editor.connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [settings.MAILSERVER_ROLE])
            role_exists = cursor.fetchone() is not None
        if role_exists:
            role = schema_editor.quote_name(settings.MAILSERVER_ROLE)
            schema_editor.execute(f"GRANT SELECT ON {', '.join(VIEWS)} TO {role}")


def drop_views(schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Drop the views, so that their tables can be altered."""
    for name in VIEWS:
        schema_editor.execute(f"DROP VIEW {name}")
