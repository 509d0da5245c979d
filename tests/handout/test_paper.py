"""The sheets to print: what stands on them, what never does, and how much one page takes."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from accounts.handout import paper, views
from accounts.handout.paper import make_sheet
from accounts.models import Mailbox
from accounts.passwords import hash_password
from bulkimport.models import Import
from bulkimport.services.results import forget_secrets
from tests.factories import generated_passwords, make_client, make_created_import
from tests.handout.passwords import batch_page
from tests.pages import text_in

pytestmark = pytest.mark.django_db

FILE = "E-mail;Hasło\njan@przyklad.iq.pl;\newa@żółw.pl;\nola@przyklad.iq.pl;Wiosna2024\n"


@pytest.fixture
def created(customer: User) -> Import:
    return make_created_import(customer, FILE)


def open_sheets(import_record: Import, customer: User, **query: str) -> str:
    client = make_client(customer)
    response = client.get(f"{batch_page(import_record)}sheets/", query)
    assert response.status_code == 200
    assert "no-store" in response.headers["Cache-Control"]
    return response.content.decode()


def test_there_is_a_sheet_for_each_mailbox(created: Import, customer: User, settings: Settings) -> None:
    settings.MAIL_HOSTNAME = "mail.przyklad.iq.pl"
    for query in ({}, {"size": "cards"}):
        html = open_sheets(created, customer, **query)
        assert html.count('<article class="sheet">') == html.count("<svg") == 3
        assert all(html.count(password) == 1 for password in generated_passwords(created).values())
        assert html.count("Whoever set up this mailbox has its password") == 1
        assert "ewa@żółw.pl" in text_in(html)
        assert "ewa@xn--w-uga1v8h.pl" in text_in(html), "the user name that a mail program needs"
        assert ('class="cards"' in html) is bool(query)
        assert "style=" not in html, "the content security policy would refuse it"


def test_without_the_name_of_the_server_the_sheet_says_so_calmly(created: Import, customer: User) -> None:
    html = open_sheets(created, customer)
    assert html.count("tells you the names of the mail servers") == 3
    assert "<svg" not in html
    assert "993" not in text_in(html)


def test_a_password_that_does_not_hold_any_more_is_not_printed(created: Import, customer: User) -> None:
    password = generated_passwords(created)["jan@przyklad.iq.pl"]
    Mailbox.objects.filter(local_part="jan").update(quota_mb=7)
    assert password in open_sheets(created, customer), "another change does no harm"
    Mailbox.objects.filter(local_part="jan").update(password_hash=hash_password("Inne1234"))
    assert password not in open_sheets(created, customer)


def test_saved_passwords_are_not_printed_and_deleted_mailboxes_not_at_all(created: Import, customer: User) -> None:
    passwords = generated_passwords(created)
    Mailbox.objects.filter(local_part="ola").delete()
    forget_secrets(created)
    html = open_sheets(created, customer)
    assert html.count('<article class="sheet">') == 2
    assert "no longer kept, so the sheets are without them" in html
    assert not any(password in html for password in passwords.values())
    Mailbox.objects.all().delete()
    assert "There is no mailbox here any more." in open_sheets(created, customer)


def test_the_code_has_the_settings_and_never_the_password(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.MAIL_HOSTNAME = "mail.przyklad.iq.pl"
    texts = []
    real = paper.segno.make_qr

    def note(text: str, **options: object) -> object:
        texts.append(text)
        return real(text, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(paper.segno, "make_qr", note)
    sheet = make_sheet("ewa@xn--w-uga1v8h.pl", "Tajne123")
    assert texts == [
        "E-mail: ewa@xn--w-uga1v8h.pl\nIMAP: mail.przyklad.iq.pl:993 (SSL/TLS)\nSMTP: mail.przyklad.iq.pl:465 (SSL/TLS)"
    ]
    assert "Tajne123" not in repr(sheet)
    assert sheet.qr.startswith("<svg ")


def test_the_longest_address_still_has_its_code(settings: Settings) -> None:
    settings.MAIL_HOSTNAME = "m" * 253
    assert make_sheet("a" * 64 + "@" + "b" * 189, None).qr


def test_a_page_has_a_limited_number_of_sheets(
    created: Import, customer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "SHEETS_PER_PAGE", 2)
    html = open_sheets(created, customer, size="cards")
    assert html.count('<article class="sheet">') == 2
    assert "?size=cards&amp;page=2" in html
    html = open_sheets(created, customer, page="2")
    assert html.count('<article class="sheet">') == 1
    assert "ola@" in text_in(html)
