"""Let a link say of which password it is. Links that were made before are all of imports."""

import hashlib
from typing import Any

from django.db import migrations, models


def name_passwords(apps: Any, _editor: Any) -> None:
    """Give each link that can still be opened the digest of the password that the import gave its mailbox.

    Of an import from before that digest was kept, nobody knows: its links are of the password that there is. Opening
    one compares the passwords themselves.
    """
    links = apps.get_model("bulkimport", "Handout").objects
    for link in links.filter(sealed__isnull=False).select_related("mailbox__imported"):
        imported = getattr(link.mailbox, "imported", None)
        now = hashlib.sha256(link.mailbox.password_hash.encode()).hexdigest()
        links.filter(pk=link.pk).update(password_digest=getattr(imported, "password_digest", "") or now)


class Migration(migrations.Migration):
    dependencies = [
        ("bulkimport", "0004_password_digest"),
    ]

    operations = [
        migrations.AddField(
            model_name="handout",
            name="password_digest",
            field=models.CharField(default="", max_length=64),
            preserve_default=False,
        ),
        migrations.RunPython(name_passwords, migrations.RunPython.noop),
    ]
