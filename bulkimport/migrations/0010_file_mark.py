from django.db import migrations, models


class Migration(migrations.Migration):
    """A digest of a file with passwords is not kept: the old ones go, and the new marks are keyed."""

    dependencies = [("bulkimport", "0009_delete_handout")]

    operations = [
        migrations.RemoveField("import", "sha256"),
        migrations.AddField(
            "import",
            "file_mark",
            models.CharField(blank=True, db_index=True, default="", editable=False, max_length=64),
        ),
    ]
