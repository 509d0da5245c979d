"""A file is opened once, whoever looks at it how often; lists that nobody finishes are limited, and end."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Domain, Mailbox
from accounts.sealing import seal_json
from bulkimport.models import Import
from bulkimport.readers import sheet
from bulkimport.readers.sheet import BusyError
from bulkimport.rows import Field, Reading, SheetChoice
from bulkimport.services import reading
from bulkimport.services.checking import check
from bulkimport.services.correcting import correct
from bulkimport.services.creating import claim_import, create
from bulkimport.services.reading import as_stored, from_stored, load_choices
from bulkimport.services.uploading import TooManyLists, discard, upload
from tests.bulkimport.readers.spreadsheets import make_workbook
from tests.factories import make_checked_import, make_client, make_created_import, make_user
from tests.manifest import SAMPLES
from tests.reading import at, typed_into

pytestmark = pytest.mark.django_db

WORKBOOK = (SAMPLES / "libreoffice.xlsx").read_bytes()
LIST = "E-mail;Hasło\njan@przyklad.iq.pl;Wiosna2024\n"


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The files that were opened, in their order."""
    files: list[bytes] = []
    open_book = reading.open_book

    def noting(content: bytes, **arguments: Any) -> Any:
        files.append(content)
        return open_book(content, **arguments)

    monkeypatch.setattr(reading, "open_book", noting)
    return files


@pytest.fixture
def busy(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No spreadsheet can be opened now."""

    def refuse(*_arguments: object, **_options: object) -> None:
        raise BusyError

    monkeypatch.setattr(sheet, "read", refuse)
    yield
    monkeypatch.undo()


# --- Opened once -----------------------------------------------------------------------------------------------------
def test_a_file_is_opened_once_however_often_its_pages_are_shown(
    customer: User, domain: Domain, opened: list[bytes]
) -> None:
    import_record = make_checked_import(customer, WORKBOOK, "lista.xlsx")
    client = make_client(customer)
    for _visit in range(3):
        assert client.get(import_record.get_absolute_url()).status_code == 200
    client.get(f"{import_record.get_absolute_url()}problems")
    correct(Import.objects.get(), corrections=at({2: {Field.QUOTA: "5"}}))
    assert opened == [WORKBOOK]


def test_each_choice_of_an_encoding_opens_a_text_once(customer: User, domain: Domain, opened: list[bytes]) -> None:
    import_record = make_checked_import(customer, LIST.encode("cp1250"))
    correct(import_record, reading=Reading(encoding="iso-8859-2"))
    check(Import.objects.get())
    correct(import_record, reading=Reading(encoding="iso-8859-2", sheets={"": SheetChoice(domain="przyklad.iq.pl")}))
    assert len(opened) == 2
    for encoding in (None, "iso-8859-2", None):
        correct(import_record, reading=Reading(encoding=encoding))
    assert len(opened) == 2, "going back opens nothing anew"
    for encoding in ("cp852", "cp1250"):
        correct(import_record, reading=Reading(encoding=encoding))
    assert len(opened) == 4


def test_what_was_opened_is_sealed_and_goes_with_the_other_secrets(customer: User, domain: Domain) -> None:
    import_record = make_checked_import(customer, LIST)
    import_record.refresh_from_db()
    assert b"Wiosna2024" not in bytes(import_record.sealed_book or b"")
    made = claim_import(import_record, check(import_record))
    assert made
    create(made)
    import_record.refresh_from_db()
    assert import_record.sealed_book is None


def test_a_refused_file_is_opened_once_and_says_why_in_each_language(
    customer: User, domain: Domain, opened: list[bytes]
) -> None:
    import_record = make_checked_import(customer, (SAMPLES / "truncated.xlsx").read_bytes(), "lista.xlsx")
    client = make_client(customer)
    english = client.get(import_record.get_absolute_url(), headers={"accept-language": "en"}).content.decode()
    polish = client.get(import_record.get_absolute_url(), headers={"accept-language": "pl"}).content.decode()
    assert "The spreadsheet is damaged" in english
    assert "The spreadsheet is damaged" not in polish
    assert len(opened) == 1


# --- Busy ------------------------------------------------------------------------------------------------------------
@pytest.mark.usefixtures("busy", "create_in_place")
def test_a_list_that_cannot_be_opened_now_is_kept_and_its_page_tries_again(
    customer: User, domain: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = make_client(customer)
    file = SimpleUploadedFile("lista.xlsx", WORKBOOK)
    response = client.post("/imports/new/", {"file": file, "action": "create", "default_quota_mb": "77"}, follow=True)
    page = Import.objects.get().get_absolute_url()
    assert response.status_code == 200
    assert '<meta http-equiv="refresh"' in response.content.decode()
    monkeypatch.undo()
    again = client.get(page)
    assert '<meta http-equiv="refresh"' not in again.content.decode()
    assert Import.objects.get().counts["rows"] > 0
    assert Import.objects.get().default_quota == "77"
    assert not Mailbox.objects.exists()


@pytest.mark.usefixtures("busy")
def test_no_page_of_a_list_that_cannot_be_opened_fails(customer: User, domain: Domain) -> None:
    import_record = upload(content=WORKBOOK, filename="lista.xlsx", uploaded_by=customer)
    client, page = make_client(customer), import_record.get_absolute_url()
    answers = [client.get(f"{page}{path}", follow=True) for path in ("", "problems", "columns/")]
    answers += [client.post(f"{page}{path}", {"version": "0"}, follow=True) for path in ("", "columns/", "reading/")]
    assert all('<meta http-equiv="refresh"' in answer.content.decode() for answer in answers)
    assert client.get("/imports/").status_code == client.get("/").status_code == 200


# --- Limits ----------------------------------------------------------------------------------------------------------
def test_a_login_has_no_more_unfinished_lists_than_allowed(customer: User, domain: Domain, settings: Settings) -> None:
    settings.MAX_UNFINISHED_LISTS = 2
    first = make_checked_import(customer, LIST, "pierwsza.csv")
    make_checked_import(customer, LIST, "druga.csv")
    with pytest.raises(TooManyLists) as refusal:
        make_checked_import(customer, LIST, "trzecia.csv")
    assert refusal.value.oldest == first
    make_checked_import(make_user("eve"), LIST)
    make_checked_import(None, LIST)
    discard(first)
    make_checked_import(customer, LIST, "trzecia.csv")


def test_lists_that_were_created_or_have_expired_do_not_count(
    customer: User, domain: Domain, settings: Settings
) -> None:
    settings.MAX_UNFINISHED_LISTS = 1
    make_created_import(customer, LIST)
    expired = make_checked_import(customer, LIST)
    Import.objects.filter(pk=expired.pk).update(expires_at=timezone.now())
    make_checked_import(customer, LIST)


def test_a_login_keeps_no_more_bytes_of_unfinished_lists_than_allowed(
    customer: User, domain: Domain, settings: Settings
) -> None:
    settings.MAX_UNFINISHED_MB = 1
    half = LIST + "#" * 500_000
    make_checked_import(customer, half)
    make_checked_import(customer, half)
    with pytest.raises(TooManyLists):
        make_checked_import(customer, half)


def test_the_page_names_the_oldest_list_and_offers_to_discard_it(
    customer: User, domain: Domain, settings: Settings
) -> None:
    settings.MAX_UNFINISHED_LISTS = 1
    oldest = make_checked_import(customer, LIST, "najstarsza.csv")
    client = make_client(customer)
    file = SimpleUploadedFile("nowa.csv", LIST.encode())
    html = client.post("/imports/new/", {"file": file, "default_quota_mb": "77"}).content.decode()
    assert "najstarsza.csv" in html
    assert f'action="{oldest.get_absolute_url()}discard/"' in html
    assert 'value="77"' in html
    assert Import.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_uploads_at_the_same_time_do_not_exceed_the_limit(customer: User, settings: Settings) -> None:
    settings.MAX_UNFINISHED_LISTS = 2
    outcomes = []

    def send() -> None:
        try:
            outcomes.append(upload(content=LIST.encode(), filename="lista.csv", uploaded_by=customer))
        except TooManyLists:
            outcomes.append(None)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=send) for _number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 6
    assert Import.objects.count() == 2


def test_a_list_ends_a_day_after_its_upload_whatever_is_typed(customer: User, domain: Domain) -> None:
    import_record = make_checked_import(customer, LIST)
    end = import_record.expires_at
    assert timedelta(hours=23) < end - timezone.now() <= timedelta(hours=24)
    correct(import_record, corrections=at({2: {Field.QUOTA: "5"}}))
    assert Import.objects.get().expires_at == end


# --- What was stored before ------------------------------------------------------------------------------------------
def test_choices_read_back_as_they_were_stored() -> None:
    sheets = {"7a": SheetChoice(True, 4, (Field.EMAIL, None, Field.DOMAIN), "a.pl", frozenset({2, 9}))}
    choices = reading.Choices(
        Reading("cp1250", ";", sheets), (reading.Correction("7a", 3, Field.PASSWORD, "Tajne123", None),)
    )
    assert from_stored(as_stored(choices)) == choices


def test_a_list_that_waits_over_an_upgrade_keeps_what_was_said_and_typed(customer: User, domain: Domain) -> None:
    import_record = upload(content=b"Kto|Skad\nWiosna2024|jan\n", filename="lista.csv", uploaded_by=customer)
    dialect = {"encoding": None, "separator": "|", "has_header": True, "sheet": None, "columns": ["password", "email"]}
    before = {"dialect": dialect, "corrections": {"2": {"email": "jan@przyklad.iq.pl"}}}
    Import.objects.filter(pk=import_record.pk).update(sealed_choices=seal_json(before))
    import_record.refresh_from_db()
    plan = check(import_record)
    assert [(draft.address, draft.password) for draft in plan.drafts] == [("jan@przyklad.iq.pl", "Wiosna2024")]
    correct(import_record, corrections=at({2: {Field.QUOTA: "5"}}))
    assert len(load_choices(Import.objects.get()).corrections) == 2


def test_what_was_typed_before_an_upgrade_stays_in_the_sheet_that_was_read_then(customer: User, domain: Domain) -> None:
    """It was the first whose first line names the addresses; now the one before it is read, too, below its title."""
    sheets = {"Sheet": [], "7a": [["Klasa"], ["E-mail"], ["ala@przyklad.iq.pl"]], "8a": [["E-mail"], ["x"], ["bad"]]}
    import_record = upload(content=make_workbook(sheets), filename="lista.xlsx", uploaded_by=customer)
    before = {"dialect": {}, "corrections": {"3": {"email": "dobry@przyklad.iq.pl"}}}
    Import.objects.filter(pk=import_record.pk).update(sealed_choices=seal_json(before))
    import_record.refresh_from_db()
    rows = {row.place: row.cells[Field.EMAIL] for row in check(import_record).file.rows}
    assert rows == {("7a", 3): "ala@przyklad.iq.pl", ("8a", 2): "x", ("8a", 3): "dobry@przyklad.iq.pl"}


@pytest.mark.usefixtures("busy")
def test_what_is_typed_into_a_list_that_cannot_be_opened_now_is_stored(customer: User, domain: Domain) -> None:
    import_record = upload(content=WORKBOOK, filename="lista.xlsx", uploaded_by=customer)
    fields = {"2-email": "nowy@przyklad.iq.pl", "default_quota_mb": "77", "action": "check", "version": "0"}
    make_client(customer).post(import_record.get_absolute_url(), fields)
    import_record.refresh_from_db()
    assert typed_into(import_record) == {2: {Field.EMAIL: "nowy@przyklad.iq.pl"}}
    assert import_record.default_quota == "77"


def test_a_chosen_sheet_is_still_chosen_after_an_upgrade(customer: User, domain: Domain) -> None:
    name = check(make_checked_import(customer, WORKBOOK)).file.sheets[0].name
    stored = {"dialect": {"sheet": name, "has_header": False}}
    choices = from_stored(stored)
    assert choices.reading.sheets == {name: SheetChoice(is_read=True, header_line=0)}
