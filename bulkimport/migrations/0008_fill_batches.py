"""Make a batch of each created import, and copy all one-time links to the app handout.

In a migration of its own: PostgreSQL alters no table whose rows the same transaction has changed.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.db import migrations
from django.utils import timezone

from accounts.passwords import verify_password
from accounts.sealing import SealBroken, seal_json, unseal_json

CHUNK = 500  # rows written at once


def make_batches(apps: Any, _editor: Any) -> None:
    """Give each created import a batch with its own id, its mailboxes and the passwords that can still be shown."""
    batches, imports = apps.get_model("handout", "Batch"), apps.get_model("bulkimport", "Import").objects
    rows = batches.mailboxes.through
    unneeded = ("sealed_file", "sealed_book", "sealed_choices")
    for pk in list(imports.filter(status="created").values_list("pk", flat=True)):
        import_record = imports.defer(*unneeded).get(pk=pk)
        accounts = import_record.accounts.filter(mailbox__isnull=False).select_related("mailbox").order_by("pk")
        batch = batches.objects.create(
            pk=pk,
            made_by_id=import_record.uploaded_by_id,
            customer_id=import_record.customer_id,
            made_at=import_record.created_at or import_record.uploaded_at,
            expires_at=import_record.expires_at,
            label=import_record.filename or "-",
            is_of_new_mailboxes=True,
            sealed=_sealed_again(import_record, accounts),
        )
        rows.objects.bulk_create(rows(batch_id=batch.pk, mailbox_id=account.mailbox_id) for account in accounts)
        imports.filter(pk=pk).update(batch=batch)


def _sealed_again(import_record: Any, accounts: Any) -> bytes | None:
    """Return the passwords of an import as a batch seals them, with a new link seed; None where they are gone."""
    if import_record.sealed_results is None or import_record.expires_at <= timezone.now():
        return None
    try:
        by_address = unseal_json(import_record.sealed_results)
    except SealBroken:
        return None
    passwords = {
        account.mailbox_id: (account.address, by_address[account.address], _digest_then(account, by_address))
        for account in accounts
        if account.address in by_address
    }
    return seal_json({"passwords": passwords, "link_seed": secrets.token_hex(16)}) if passwords else None


def _digest_then(account: Any, by_address: dict[str, str]) -> str:
    """Return the digest of the hash that the import gave a mailbox, empty where that is another one by now.

    An import from before digests were kept is compared by the password itself.
    """
    stored: str = account.password_digest
    password_hash = account.mailbox.password_hash
    if not stored and verify_password(by_address[account.address], password_hash):
        return hashlib.sha256(password_hash.encode()).hexdigest()
    return stored


def copy_links(apps: Any, _editor: Any) -> None:
    """Copy the links in their order. Those whose keys a batch can make again are given to that batch."""
    links, batch_ids = apps.get_model("handout", "Link"), _batches_of_links(apps)
    old = apps.get_model("bulkimport", "Handout").objects.order_by("pk").iterator()
    same = ("key_hash", "sealed", "password_digest", "made_at", "expires_at", "opened_at", "revoked_at")
    copies: Iterator[Any] = (
        links(
            mailbox_id=link.mailbox_id,
            batch_id=batch_ids.get(link.key_hash),
            **{name: getattr(link, name) for name in same},
        )
        for link in old
    )
    while chunk := list(islice(copies, CHUNK)):
        links.objects.bulk_create(chunk)


def _batches_of_links(apps: Any) -> dict[str, Any]:
    """Return by the hash of its key to which batch of new passwords a link belongs. Their keys had no number."""
    found = {}
    for batch in apps.get_model("handout", "Batch").objects.filter(label="", sealed__isnull=False):
        secret = unseal_json(batch.sealed)
        for pk in secret["passwords"]:
            key = hmac.new(secret["link_seed"].encode(), pk.encode(), hashlib.sha256).hexdigest()[:32]
            found[hashlib.sha256(key.encode()).hexdigest()] = batch.pk
    return found


class Migration(migrations.Migration):
    dependencies = [
        ("bulkimport", "0007_batch"),
    ]

    operations = [
        migrations.RunPython(make_batches, migrations.RunPython.noop),
        migrations.RunPython(copy_links, migrations.RunPython.noop),
    ]
