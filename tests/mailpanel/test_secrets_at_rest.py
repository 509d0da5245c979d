"""No password is in the database in clear, nor as a digest that is quick to try."""

from __future__ import annotations

import base64
import hashlib

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client

from accounts.models import Mailbox
from tests.factories import make_client, make_domain, make_user
from tests.pages import TOKEN, fill_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("create_in_place")]

GIVEN = "dragon123"
CHANGED = "Smok-wawelski-7"
LIST = f"E-mail,Hasło\njan@przyklad.iq.pl,{GIVEN}\n"
ALGORITHMS = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "blake2b", "sha3_256")


def quick_digests(secret: str) -> set[bytes]:
    """Return the digests of a secret in the forms that programs write: raw, hexadecimal and base64."""
    found = set()
    for encoding in ("utf-8", "utf-16-le", "windows-1250"):
        for algorithm in ALGORITHMS:
            raw = hashlib.new(algorithm, secret.encode(encoding)).digest()
            found |= {raw, raw.hex().encode(), raw.hex().upper().encode(), base64.b64encode(raw).rstrip(b"=")}
    return found


def stored_values() -> bytes:
    """Return all that the tables of the database hold."""
    values = []
    with connection.cursor() as cursor:
        for model in apps.get_models(include_auto_created=True):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(model._meta.db_table)}")
            for row in cursor.fetchall():
                values += [
                    bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode() for value in row
                ]
    return b"\n".join(values)


def test_no_table_has_a_password_or_a_digest_that_can_be_tried_quickly() -> None:
    make_domain("przyklad.iq.pl", [make_user("anna")])
    client = make_client(User.objects.get())
    for action in ("check", "create"):
        file = SimpleUploadedFile("lista.csv", LIST.encode())
        client.post("/imports/new/", {"file": file, "default_quota_mb": "", "action": action}, follow=True)
    new = {"email": "ewa@przyklad.iq.pl", "password": GIVEN, "quota": "", "forward": "", "token": TOKEN}
    client.post("/mailboxes/new/", new)
    fill_in(client, f"/mailboxes/{Mailbox.objects.get(local_part='ewa').pk}/", {"password": CHANGED})
    Client().post("/mailbox/login/", {"address": "ewa@przyklad.iq.pl", "password": CHANGED})
    stored = stored_values()
    assert b"jan@przyklad.iq.pl" in stored
    texts = {GIVEN, CHANGED, LIST, LIST.strip(), LIST.replace("\n", "\r\n"), f"jan@przyklad.iq.pl,{GIVEN}"}
    assert not [secret for secret in (GIVEN, CHANGED) if secret.encode() in stored]
    assert not [text for text in texts if any(digest in stored for digest in quick_digests(text))]
