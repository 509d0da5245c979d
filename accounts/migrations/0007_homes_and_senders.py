from django.db import migrations, models

import accounts.models
from accounts.mailserver.sql_views import Views, create_mail_views, drop_mail_views

# As 0005 made them.
VIEWS_BEFORE: Views = {
    "mail_domains": "SELECT name FROM accounts_domain",
    "mail_mailboxes": """
        SELECT m.address, m.local_part, d.name AS domain, m.password_hash, m.quota_mb
        FROM accounts_mailbox m JOIN accounts_domain d ON d.id = m.domain_id
        WHERE m.is_active AND d.is_active
    """,
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
VIEWS: Views = {
    "mail_domains": "SELECT name FROM accounts_domain",
    "mail_mailboxes": """
        SELECT m.address, m.local_part, d.name AS domain, m.password_hash, m.quota_mb, m.home,
        m.max_recipients_per_hour, m.max_recipients_per_day
        FROM accounts_mailbox m JOIN accounts_domain d ON d.id = m.domain_id
        WHERE m.is_active AND d.is_active
    """,
    "mail_aliases": """
        SELECT f.source,
        replace(f.destinations, ' ', ',')
        || CASE WHEN f.keep_copy AND s.is_active THEN ',' || f.source ELSE '' END AS destination
        FROM accounts_forward f LEFT JOIN accounts_mailbox s ON s.address = f.source
        JOIN accounts_domain d ON d.id = f.domain_id
        WHERE d.is_active AND f.is_active AND (s.is_active IS NULL OR s.is_active OR f.works_while_disabled)
        UNION ALL
        SELECT CAST('postmaster@' || d.name AS varchar), CASE WHEN d.contact = '' THEN 'postmaster' ELSE d.contact END
        FROM accounts_domain d
        WHERE d.is_active
        AND 0 = (
            SELECT count(*) FROM accounts_mailbox m
            WHERE m.address = CAST('postmaster@' || d.name AS varchar) AND m.is_active
        )
        AND 0 = (
            SELECT count(*) FROM accounts_forward f LEFT JOIN accounts_mailbox s ON s.address = f.source
            WHERE f.source = CAST('postmaster@' || d.name AS varchar)
            AND f.is_active AND (s.is_active IS NULL OR s.is_active OR f.works_while_disabled)
        )
        UNION ALL
        SELECT CAST('abuse@' || d.name AS varchar), CASE WHEN d.contact = '' THEN 'postmaster' ELSE d.contact END
        FROM accounts_domain d
        WHERE d.is_active
        AND 0 = (
            SELECT count(*) FROM accounts_mailbox m
            WHERE m.address = CAST('abuse@' || d.name AS varchar) AND m.is_active
        )
        AND 0 = (
            SELECT count(*) FROM accounts_forward f LEFT JOIN accounts_mailbox s ON s.address = f.source
            WHERE f.source = CAST('abuse@' || d.name AS varchar)
            AND f.is_active AND (s.is_active IS NULL OR s.is_active OR f.works_while_disabled)
        )
    """,
    "mail_senders": {
        "sqlite": """
            SELECT m.address AS sender, m.address AS login
            FROM accounts_mailbox m JOIN accounts_domain d ON d.id = m.domain_id
            WHERE m.is_active AND d.is_active
            UNION ALL
            SELECT f.source, m.address
            FROM accounts_forward f LEFT JOIN accounts_mailbox s ON s.address = f.source
            CROSS JOIN json_each('["' || replace(f.destinations, ' ', '","') || '"]') AS part
            JOIN accounts_mailbox m ON m.address = CASE WHEN part.value LIKE '%+%'
                THEN substr(part.value, 1, instr(part.value, '+') - 1) || substr(part.value, instr(part.value, '@'))
                ELSE part.value END
            WHERE f.allows_sending AND m.is_active
            AND (SELECT d.is_active FROM accounts_domain d WHERE d.id = f.domain_id)
            AND (SELECT d.is_active FROM accounts_domain d WHERE d.id = m.domain_id)
            AND f.is_active AND (s.is_active IS NULL OR s.is_active OR f.works_while_disabled)
            AND (m.domain_id = f.domain_id OR 0 < (
            SELECT count(*) FROM accounts_domain_administrators a
            JOIN accounts_domain_administrators b ON b.user_id = a.user_id
            WHERE a.domain_id = f.domain_id AND b.domain_id = m.domain_id
        ))
        """,
        "postgresql": """
            SELECT m.address AS sender, m.address AS login
            FROM accounts_mailbox m JOIN accounts_domain d ON d.id = m.domain_id
            WHERE m.is_active AND d.is_active
            UNION ALL
            SELECT f.source, m.address
            FROM accounts_forward f LEFT JOIN accounts_mailbox s ON s.address = f.source
            CROSS JOIN LATERAL unnest(string_to_array(f.destinations, ' ')) AS part(value)
            JOIN accounts_mailbox m ON m.address = regexp_replace(part.value, '[+][^@]*', '')
            WHERE f.allows_sending AND m.is_active
            AND (SELECT d.is_active FROM accounts_domain d WHERE d.id = f.domain_id)
            AND (SELECT d.is_active FROM accounts_domain d WHERE d.id = m.domain_id)
            AND f.is_active AND (s.is_active IS NULL OR s.is_active OR f.works_while_disabled)
            AND (m.domain_id = f.domain_id OR 0 < (
            SELECT count(*) FROM accounts_domain_administrators a
            JOIN accounts_domain_administrators b ON b.user_id = a.user_id
            WHERE a.domain_id = f.domain_id AND b.domain_id = m.domain_id
        ))
        """,
    },
}


class Migration(migrations.Migration):
    dependencies = [("accounts", "0006_delete_new_passwords")]

    operations = [
        drop_mail_views(VIEWS_BEFORE),
        migrations.AddField("mailbox", "home", models.CharField(editable=False, max_length=300, null=True)),
        # The folder that Dovecot was told until now.
        migrations.RunSQL(
            "UPDATE accounts_mailbox SET home = "
            "(SELECT d.name FROM accounts_domain d WHERE d.id = domain_id) || '/' || local_part",
            migrations.RunSQL.noop,
        ),
        migrations.AlterField(
            "mailbox",
            "home",
            models.CharField(
                "folder of its mail",
                db_default=accounts.models.RandomHome(),
                editable=False,
                max_length=300,
                unique=True,
            ),
        ),
        migrations.AddField(
            "mailbox",
            "max_recipients_per_hour",
            models.PositiveIntegerField("most recipients in an hour", blank=True, null=True),
        ),
        migrations.AddField(
            "mailbox",
            "max_recipients_per_day",
            models.PositiveIntegerField("most recipients in a day", blank=True, null=True),
        ),
        migrations.AddField("mailusage", "last_login", models.BigIntegerField("last sign-in", null=True)),
        migrations.AddField(
            "forward",
            "works_while_disabled",
            models.BooleanField(
                "also while the mailbox is disabled",
                db_default=False,
                default=False,
            ),
        ),
        migrations.AddField(
            "forward",
            "allows_sending",
            models.BooleanField(
                "who gets the mail may send as this address",
                db_default=False,
                default=False,
            ),
        ),
        migrations.AddField(
            "domain",
            "contact",
            models.CharField(
                "contact",
                blank=True,
                max_length=254,
                help_text="Gets the mail to postmaster@ and abuse@ of the domain, unless these addresses exist. "
                "Empty: whoever looks after the mail server.",
                default="",
            ),
            preserve_default=False,
        ),
        migrations.AddIndex(
            "domain",
            models.Index(
                models.Func(models.F("name"), template="CAST('postmaster@' || %(expressions)s AS varchar)"),
                name="domain_postmaster",
            ),
        ),
        migrations.AddIndex(
            "domain",
            models.Index(
                models.Func(models.F("name"), template="CAST('abuse@' || %(expressions)s AS varchar)"),
                name="domain_abuse",
            ),
        ),
        create_mail_views(VIEWS),
    ]
