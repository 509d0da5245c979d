"""The command that a timer runs: sealed data is gone once its time is up."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.utils import timezone

from accounts.handout.models import Batch
from bulkimport.models import Import
from bulkimport.services.uploading import upload
from tests.factories import make_user

pytestmark = pytest.mark.django_db


def purged(**options: int) -> str:
    out = StringIO()
    call_command("purge_imports", stdout=out, **options)
    return out.getvalue()


def uploaded(*, hours_left: int) -> Import:
    import_record = upload(content=b"E-mail\njan@przyklad.iq.pl\n", filename="lista.csv", uploaded_by=None)
    import_record.expires_at = timezone.now() + timedelta(hours=hours_left)
    import_record.save()
    return import_record


def test_the_secrets_of_expired_imports_are_deleted_and_the_rest_is_kept() -> None:
    expired, fresh = uploaded(hours_left=-1), uploaded(hours_left=1)
    assert purged() == "The file and passwords of 1 import were deleted.\n"
    expired.refresh_from_db()
    fresh.refresh_from_db()
    assert (expired.sealed_file, expired.sealed_choices) == (None, None)
    assert expired.filename == "lista.csv"
    assert fresh.sealed_file is not None


def test_a_second_purge_finds_nothing() -> None:
    uploaded(hours_left=-1)
    uploaded(hours_left=-2)
    assert purged() == "The files and passwords of 2 imports were deleted.\n"
    assert purged() == "The files and passwords of 0 imports were deleted.\n"


def test_a_quiet_purge_says_nothing() -> None:
    uploaded(hours_left=-1)
    assert purged(verbosity=0) == ""
    assert not Import.objects.with_expired_secrets().exists()


def test_new_passwords_that_nobody_has_saved_are_deleted_too() -> None:
    now, made_by = timezone.now(), make_user("anna")
    for hours in (-1, 1):
        for label in ("", "lista.csv"):
            expires_at = now + timedelta(hours=hours)
            Batch.objects.create(made_by=made_by, expires_at=expires_at, sealed=b"x", label=label)
    purged()
    left = Batch.objects.order_by("expires_at", "label").values_list("label", "sealed")
    assert [(label, sealed is None) for label, sealed in left] == [
        ("lista.csv", True),
        ("", False),
        ("lista.csv", False),
    ]


def test_sessions_whose_time_is_up_are_deleted() -> None:
    for name, hours in (("old", -1), ("present", 1)):
        Session.objects.create(session_key=name, session_data="", expire_date=timezone.now() + timedelta(hours=hours))
    purged()
    assert [session.session_key for session in Session.objects.all()] == ["present"]
