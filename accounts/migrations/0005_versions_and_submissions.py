import django.utils.timezone
from django.db import migrations, models

from accounts.mailserver.sql_views import create_mail_views, drop_mail_views

# As 0002 made them.
VIEWS_BEFORE = {
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
VIEWS = {
    **VIEWS_BEFORE,
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


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_new_passwords")]

    operations = [
        drop_mail_views(VIEWS_BEFORE),
        migrations.AddField("domain", "version", models.PositiveIntegerField(db_default=1, default=1, editable=False)),
        migrations.AddField("mailbox", "version", models.PositiveIntegerField(db_default=1, default=1, editable=False)),
        migrations.AddField("forward", "version", models.PositiveIntegerField(db_default=1, default=1, editable=False)),
        create_mail_views(VIEWS),
        migrations.CreateModel(
            name="Submission",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("token", models.CharField(max_length=64)),
                ("sent_by", models.CharField(max_length=40)),
                ("next_url", models.CharField(max_length=500)),
                ("message", models.TextField(blank=True)),
                ("made_at", models.DateTimeField(db_index=True, default=django.utils.timezone.now)),
            ],
            options={
                "verbose_name": "sent form",
                "verbose_name_plural": "sent form",
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(fields=("sent_by", "token"), name="submission_token_once"),
                ],
            },
        ),
    ]
