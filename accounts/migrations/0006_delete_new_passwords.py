"""Drop the table of new passwords: they are batches of the app handout now."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_versions_and_submissions"),
        ("handout", "0002_new_passwords"),
    ]

    operations = [
        migrations.DeleteModel(
            name="NewPasswords",
        ),
    ]
