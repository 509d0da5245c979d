"""What the tests of passwords to hand over share: setting passwords and making links, and reading pages with them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import User
from django.test import Client

from accounts.handout.batches import create_batch, read_batch
from accounts.handout.links import link_rows, mailbox_links, make_links
from accounts.handout.models import Batch
from accounts.models import Mailbox
from accounts.passwords import hash_password
from bulkimport.models import Import
from tests.pages import fill_in, secrets_in

PASSWORD = "Wiosna2024x"


def make_batch(mailboxes: Iterable[Mailbox], made_by: User | None, **fields: Any) -> Batch:
    """Give mailboxes the same new password, and make a batch of it."""
    pairs = list[tuple[Mailbox, str | None]]()
    for mailbox in mailboxes:
        mailbox.password_hash = hash_password(PASSWORD, generated=True)
        mailbox.save()
        pairs.append((mailbox, PASSWORD))
    return create_batch(pairs, made_by=made_by, **{"is_of_new_mailboxes": False, **fields})


def make_keys(batch: Batch, mailbox_ids: Iterable[int] | None = None) -> dict[str, str]:
    """Make links for mailboxes of a batch, all where none are named; return the keys of all that can be shown."""
    ids = None if mailbox_ids is None else list(mailbox_ids)
    make_links(batch, version=mailbox_links(batch).version(), mailbox_ids=ids)
    return shown_keys(batch)


def shown_keys(batch: Batch) -> dict[str, str]:
    """Return by address the keys of the links that can be shown."""
    contents = read_batch(Batch.objects.get(pk=batch.pk))
    return {row.entry.address: row.key for row in link_rows(contents) if row.key}


def batch_page(import_record: Import | Batch | uuid.UUID) -> str:
    """Return the address of the batch of an import, which has the import's id."""
    pk = import_record if isinstance(import_record, uuid.UUID) else import_record.pk
    return f"/mailboxes/new-passwords/{pk}/"


def set_passwords(client: Client, mailboxes: Iterable[Mailbox]) -> str:
    """Give these mailboxes new passwords, by the page for it, and return the address of the page that shows them."""
    page = "/mailboxes/selected/passwords/?" + "&".join(f"select={mailbox.pk}" for mailbox in mailboxes)
    return str(fill_in(client, page, {})["Location"])


def change_password(*mailboxes: Mailbox, password: str = "Wlasne1234") -> None:
    """Let an owner choose a password."""
    ids = [mailbox.pk for mailbox in mailboxes]
    Mailbox.objects.filter(pk__in=ids).update(password_hash=hash_password(password, generated=True))


def shown(client: Client, page: str) -> dict[str, str]:
    """Return what a page shows by address: the passwords, or the links."""
    return secrets_in(client.get(page).content.decode())


def press(client: Client, page: str, action: str, **fields: Any) -> Any:
    """Press a button of a page of links as it stands now, and return the response that follows."""
    return fill_in(client, page, {"action": action, **fields}, follow=True)


def make_all_links(client: Client, page: str) -> dict[str, str]:
    """Make a link for each mailbox of a batch, by its page, and return by address those that are shown."""
    return secrets_in(press(client, f"{page}links/", "make_all").content.decode())


def link_key(link: str) -> str:
    return link.partition("#")[2]
