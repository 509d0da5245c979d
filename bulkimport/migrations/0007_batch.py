"""Let an import point to its batch of passwords."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("bulkimport", "0006_book"),
        ("handout", "0002_new_passwords"),
    ]

    operations = [
        migrations.AddField(
            model_name="import",
            name="batch",
            field=models.OneToOneField(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="handout.batch",
            ),
        ),
    ]
