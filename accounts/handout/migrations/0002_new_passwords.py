"""Make a batch of the new passwords that are still to be saved."""

from typing import Any

from django.db import migrations
from django.utils import timezone

from accounts.sealing import SealBroken, unseal_json


def copy_new_passwords(apps: Any, _editor: Any) -> None:
    """Copy what can still be opened, under the same ids. What is sealed is in the form that a batch has."""
    batches = apps.get_model("handout", "Batch")
    rows = batches.mailboxes.through
    existing = apps.get_model("accounts", "Mailbox").objects
    for old in apps.get_model("accounts", "NewPasswords").objects.filter(expires_at__gt=timezone.now()).iterator():
        try:
            mailbox_ids = [int(pk) for pk in unseal_json(old.sealed)["passwords"]]
        except SealBroken:
            continue
        batch = batches.objects.create(
            pk=old.pk,
            made_by_id=old.made_by_id,
            made_at=old.made_at,
            expires_at=old.expires_at,
            is_of_new_mailboxes=old.is_of_new_mailbox,
            sealed=old.sealed,
        )
        there = set(existing.filter(pk__in=mailbox_ids).values_list("pk", flat=True))
        rows.objects.bulk_create(rows(batch_id=batch.pk, mailbox_id=pk) for pk in mailbox_ids if pk in there)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_new_passwords"),
        ("handout", "0001_initial"),
    ]

    operations = [migrations.RunPython(copy_new_passwords, migrations.RunPython.noop)]
