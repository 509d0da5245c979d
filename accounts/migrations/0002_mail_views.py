from django.db import migrations

from accounts.mailserver.sql_views import create_mail_views

VIEWS = {
    "mail_domains": "SELECT name FROM accounts_domain",
    "mail_mailboxes": """
        SELECT m.address, m.local_part, d.name AS domain, m.password_hash, m.quota_mb
        FROM accounts_mailbox m JOIN accounts_domain d ON d.id = m.domain_id
        WHERE m.is_active AND d.is_active
    """,
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


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [create_mail_views(VIEWS)]
