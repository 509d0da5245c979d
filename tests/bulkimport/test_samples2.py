"""Files in which rows, cells or passwords were once lost without a word, by the command and through the web.

What each must give stands in the manifest of tests/samples2.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import Mailbox
from accounts.passwords import verify_password
from bulkimport.models import Import
from tests.bulkimport.management.running import run
from tests.expectations import DOMAINS, ENTRIES, SAMPLES, UNLIMITED, differences
from tests.factories import generated_passwords, make_client, make_domain, make_user
from tests.manifest import stored
from tests.pages import text_in

QUOTA_MB = 321
parametrize = pytest.mark.parametrize("entry", ENTRIES, ids=[entry["file"] for entry in ENTRIES])


@pytest.fixture(autouse=True)
def client(db: None) -> Client:
    """A customer who administers the domains of the manifest."""
    customer = make_user("anna")
    for name in DOMAINS:
        limits = {} if name in UNLIMITED else {"max_mailbox_quota_mb": 100_000, "max_total_quota_mb": 500_000}
        make_domain(name, [customer], **limits)
    return make_client(customer)


@parametrize
def test_the_command_gives_what_the_manifest_says(entry: dict[str, Any]) -> None:
    ran = run(SAMPLES / entry["file"], "--check", "--json", "--customer", "anna", "--default-quota", str(QUOTA_MB))
    assert differences(entry, ran.json, default_quota_mb=QUOTA_MB) == []
    assert ran.status == (1 if any(problem["level"] == "error" for problem in ran.json["problems"]) else 0)


@parametrize
def test_every_account_that_is_created_has_the_password_that_the_file_shows(entry: dict[str, Any]) -> None:
    ran = run(SAMPLES / entry["file"], "--json", "--customer", "anna", "--skip-errors")
    generated = {account["email"]: account["password"] for account in ran.json["accounts"]}
    hashes = dict(Mailbox.objects.values_list("address", "password_hash"))
    assert hashes.keys() == generated.keys()
    passwords = allowed_passwords(entry)
    for address, password_hash in hashes.items():
        if generated[address] is None:
            assert any(verify_password(password, password_hash) for password in passwords[address])
        else:
            assert None in passwords[address], f"{address} has a generated password in the place of its own"


@parametrize
@pytest.mark.usefixtures("create_in_place")
def test_the_web_gives_the_same(entry: dict[str, Any], client: Client) -> None:
    ran = run(SAMPLES / entry["file"], "--check", "--json", "--customer", "anna")
    file = SimpleUploadedFile(entry["file"], (SAMPLES / entry["file"]).read_bytes())
    response = client.post("/imports/new/", {"file": file, "action": "create"}, follow=True)
    html = response.content.decode()
    assert response.status_code == 200
    import_record = Import.objects.get()
    errors = [problem for problem in ran.json["problems"] if problem["level"] == "error"]
    is_left_unread = any(not sheet["read"] for sheet in ran.json["file"]["sheets"])
    if errors or is_left_unread:
        assert Mailbox.objects.count() == 0, "an error or a sheet that was not read stops the creation in one step"
        shown = text_in(html)
        assert all(" ".join(problem["message"].split()) in shown for problem in errors[:20])
        return
    assert import_record.status == Import.Status.CREATED
    assert {mailbox.address for mailbox in Mailbox.objects.all()} == {row["email"] for row in ran.json["rows"]}
    assert len(generated_passwords(import_record)) == sum(row["password"] == "generated" for row in ran.json["rows"])


def allowed_passwords(entry: dict[str, Any]) -> dict[str, set[str | None]]:
    """Return by stored address the passwords that an outcome of the manifest allows; None for a generated one."""
    allowed: dict[str, set[str | None]] = {}
    for outcome in [entry["expect"], *entry.get("also_ok", ())]:
        rows = [*outcome.get("rows", ()), *outcome.get("good_rows", ())]
        rows += [row for swallowed in outcome.get("swallowed", ()) for row in swallowed["rows"]]
        rows += [error["also_ok"]["row"] for error in outcome.get("row_errors", ()) if "also_ok" in error]
        for row in rows:
            passwords = allowed.setdefault(stored(row["email"]), set())
            passwords |= {row["password"], *row.get("password_alt", ())}
    return allowed
