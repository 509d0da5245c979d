"""Plain functions that make what a test needs, with sensible values for what the test does not care about."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import User
from django.test import Client

from accounts.models import Domain, Forward, Mailbox
from accounts.passwords import hash_password
from bulkimport.models import Import
from bulkimport.rows import Place
from bulkimport.services.checking import check, note_plan
from bulkimport.services.creating import Claim, claim_import, create
from bulkimport.services.results import list_created_accounts
from bulkimport.services.uploading import upload

LOGIN_PASSWORD = "long-enough-for-a-login"
MAILBOX_PASSWORD = "secret1"


def make_user(username: str = "anna", password: str = LOGIN_PASSWORD, is_staff: bool = False, **fields: Any) -> User:
    """Make a login: a customer, or staff. Staff is a superuser, so that the whole admin is open to it."""
    fields.setdefault("is_superuser", is_staff)
    return User.objects.create_user(username=username, password=password, is_staff=is_staff, **fields)


def make_domain(name: str = "przyklad.iq.pl", administrators: Iterable[User] = (), **fields: Any) -> Domain:
    """Make a domain that these logins administer. `fields`: its limits, is_active and so on."""
    domain = Domain.objects.create(name=name, **fields)
    domain.administrators.set(administrators)
    return domain


def make_mailbox(
    address: str = "jan@przyklad.iq.pl", password: str = MAILBOX_PASSWORD, quota_mb: int = 1000, **fields: Any
) -> Mailbox:
    """Make a mailbox, and its domain where there is none yet."""
    fields.setdefault("domain", _find_domain(address))
    fields.setdefault("password_hash", hash_password(password))
    local_part = address.partition("@")[0]
    return Mailbox.objects.create(address=address, local_part=local_part, quota_mb=quota_mb, **fields)


def make_forward(
    source: str = "kontakt@przyklad.iq.pl",
    destinations: str | Iterable[str] = "jan@przyklad.iq.pl",
    keep_copy: bool = False,
    **fields: Any,
) -> Forward:
    """Make a forward, and the domain of its source where there is none yet.

    destinations: the addresses, as a list or separated by spaces.
    """
    fields.setdefault("domain", _find_domain(source))
    text = destinations if isinstance(destinations, str) else " ".join(destinations)
    return Forward.objects.create(source=source, destinations=text, keep_copy=keep_copy, **fields)


def make_checked_import(
    uploaded_by: User | None, text: str | bytes, filename: str = "lista.csv", **fields: Any
) -> Import:
    """Make an import of a list, which is checked but not created. `fields`: whatever else came with its upload."""
    content = text if isinstance(text, bytes) else text.encode()
    import_record = upload(content=content, filename=filename, uploaded_by=uploaded_by, **fields)
    note_plan(import_record, check(import_record))
    return import_record


def make_claim(import_record: Import, leave_out: Iterable[int] = ()) -> Claim:
    """Claim the creation of a checked import of one sheet, without the rows of these lines."""
    claimed = claim_import(import_record, check(import_record), leave_out=[Place(None, line) for line in leave_out])
    assert claimed
    return claimed


def make_created_import(
    uploaded_by: User | None, text: str | bytes, filename: str = "lista.csv", skip_errors: bool = False
) -> Import:
    """Make an import of a list, and its accounts."""
    import_record = make_checked_import(uploaded_by, text, filename)
    plan = check(import_record)
    claimed = claim_import(import_record, plan, leave_out=plan.error_places if skip_errors else ())
    if claimed is None or not create(claimed):
        raise AssertionError("This list cannot be created.")
    import_record.refresh_from_db()
    return import_record


def generated_passwords(import_record: Import) -> dict[str, str]:
    """Return by address the generated passwords of an import that can still be shown and are still the mailboxes'."""
    accounts = list_created_accounts(Import.objects.get(pk=import_record.pk))
    return {account.address: account.password for account in accounts if account.password}


def make_client(login: User) -> Client:
    """Make a client in which somebody is signed in to the panel."""
    client = Client()
    client.force_login(login)
    return client


def _find_domain(address: str) -> Domain:
    return Domain.objects.get_or_create(name=address.rpartition("@")[2])[0]
