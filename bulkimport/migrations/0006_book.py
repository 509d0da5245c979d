"""Keep the rows of a list, and say of each account in which sheet of the file it stood."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("bulkimport", "0005_handout_digest"),
    ]

    operations = [
        migrations.AddField(
            model_name="import",
            name="sealed_book",
            field=models.BinaryField(null=True),
        ),
        migrations.AddField(
            model_name="import",
            name="file_size",
            field=models.PositiveIntegerField(default=0, verbose_name="file size, bytes"),
        ),
        migrations.AddField(
            model_name="importedaccount",
            name="sheet",
            field=models.CharField(blank=True, default="", max_length=255, verbose_name="sheet"),
        ),
        migrations.AlterModelOptions(
            name="importedaccount",
            options={
                "ordering": ["pk"],
                "verbose_name": "imported account",
                "verbose_name_plural": "imported accounts",
            },
        ),
    ]
