"""Drop what the app handout has now: the generated passwords of imports, and the one-time links."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("bulkimport", "0008_fill_batches"),
    ]

    operations = [
        migrations.RemoveField(
            model_name="import",
            name="sealed_results",
        ),
        migrations.DeleteModel(
            name="Handout",
        ),
    ]
