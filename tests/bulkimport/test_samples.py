"""Real files of real programs, uploaded as a customer does: what becomes of each is what the manifest says."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import Forward, Mailbox
from accounts.passwords import verify_password
from bulkimport.models import Import
from tests.factories import generated_passwords, make_domain, make_user
from tests.manifest import DOMAINS, ENTRIES, expected_errors, expected_rows, is_refused, sample_path, stored

DEFAULT_QUOTA_MB = 777


@pytest.mark.django_db
@pytest.mark.usefixtures("create_in_place")
@pytest.mark.parametrize("entry", ENTRIES, ids=[entry["file"] for entry in ENTRIES])
def test_a_real_file_gives_what_the_manifest_says(entry: dict[str, Any]) -> None:
    customer = make_user("anna")
    for name in DOMAINS:
        make_domain(name, [customer])
    client = Client()
    client.force_login(customer)
    file = SimpleUploadedFile(entry["file"], sample_path(entry).read_bytes())
    fields = {"file": file, "default_quota_mb": DEFAULT_QUOTA_MB, "action": "create"}
    response = client.post("/imports/new/", fields, follow=True)
    html = response.content.decode()
    assert response.status_code == 200

    if is_refused(entry):
        assert Mailbox.objects.count() == 0
        assert 'class="summary' in html or 'id="file-msg"' in html, "a person is told why"
        return
    if expected_errors(entry):
        assert Mailbox.objects.count() == 0, "one error stops everything"
        for line, field in expected_errors(entry):
            assert f'id="r{line}-{field}-msg' in html
        left_out = ",".join(str(line) for line in {line for line, _field in expected_errors(entry)})
        fields = {"action": "create_good", "left_out": left_out, "version": "0"}
        client.post(Import.objects.get().get_absolute_url(), fields)

    import_record = Import.objects.get()
    assert import_record.status == Import.Status.CREATED
    generated = generated_passwords(import_record)
    assert Mailbox.objects.count() == len(expected_rows(entry))
    for row in expected_rows(entry):
        mailbox = Mailbox.objects.get(address=stored(row["email"]))
        assert mailbox.quota_mb == (row["quota_mb"] or DEFAULT_QUOTA_MB)
        assert verify_password(row["password"] or generated[mailbox.address], mailbox.password_hash)
        forward = Forward.objects.filter(source=mailbox.address).first()
        assert (stored(row["forward"]) if row["forward"] else None) == (forward and forward.destinations)
        assert not forward or forward.keep_copy == row["keep_copy"]
