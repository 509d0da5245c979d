"""Imports in the admin: for staff, to look at only, without a secret."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Mailbox
from bulkimport import admin
from bulkimport.models import Import
from bulkimport.rows import Field
from bulkimport.services.correcting import correct
from bulkimport.services.uploading import upload
from tests.factories import generated_passwords, make_created_import, make_user
from tests.pages import open_page
from tests.reading import at

pytestmark = pytest.mark.django_db

LIST = reverse("admin:bulkimport_import_changelist")
FILE = "E-mail;Hasło\njan@przyklad.iq.pl;Wiosna2024\newa@przyklad.iq.pl;\nzły;Zima2024\n"


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(make_user("admin", is_staff=True))
    return client


def uploaded(user: User | None, text: str = FILE, filename: str = "lista.csv") -> Import:
    return upload(content=text.encode(), filename=filename, uploaded_by=user)


def created(user: User | None, text: str = FILE) -> Import:
    return make_created_import(user, text, skip_errors=True)


def admin_url(import_record: Import, page: str = "change") -> str:
    return reverse(f"admin:bulkimport_import_{page}", args=[import_record.pk])


# --- Who may see it


def test_a_visitor_is_asked_to_sign_in(client: Client) -> None:
    for address in (LIST, admin_url(uploaded(None))):
        response = client.get(address)
        assert response.status_code == 302
        assert "login" in response["Location"]


def test_a_customer_sees_nothing(client: Client, customer: User) -> None:
    client.force_login(customer)
    for address in (LIST, admin_url(uploaded(customer))):
        response = client.get(address)
        assert response.status_code == 302
        assert "login" in response["Location"]


def test_staff_needs_the_permission_to_view_imports(client: Client) -> None:
    client.force_login(make_user("helper", is_staff=True, is_superuser=False))
    assert client.get(LIST).status_code == 403


def test_not_even_a_superuser_may_change_anything(staff: Client, customer: User) -> None:
    import_record = uploaded(customer)
    assert staff.get(reverse("admin:bulkimport_import_add")).status_code == 403
    assert staff.post(admin_url(import_record), {"filename": "other.csv"}).status_code == 403
    assert staff.post(admin_url(import_record, "delete"), {"post": "yes"}).status_code == 403
    staff.post(LIST, {"action": "delete_selected", "_selected_action": [str(import_record.pk)], "post": "yes"})
    assert Import.objects.get().filename == "lista.csv"


# --- What it shows


def test_the_list_shows_who_uploaded_what_and_what_became_of_it(staff: Client, customer: User) -> None:
    created(customer)
    html = open_page(staff, LIST)
    for text in ("lista.csv", "anna", "created"):
        assert text in html
    for name, count in (("rows", 3), ("with_errors", 1), ("accounts_created", 2)):
        assert f'<td class="field-{name}">{count}</td>' in html


def test_an_interrupted_import_is_called_so(staff: Client, customer: User) -> None:
    import_record = uploaded(customer)
    import_record.status = Import.Status.CREATING
    import_record.progress_at = timezone.now() - timedelta(minutes=5)
    import_record.save()
    assert '<td class="field-status_now">interrupted</td>' in open_page(staff, LIST)


def test_the_page_of_an_import_lists_its_accounts(staff: Client, customer: User) -> None:
    import_record = created(customer)
    Mailbox.objects.get(local_part="ewa").delete()
    html = open_page(staff, admin_url(import_record))
    jan = reverse("admin:accounts_mailbox_change", args=[Mailbox.objects.get(local_part="jan").pk])
    assert f'<li>row 2: <a href="{jan}">jan@przyklad.iq.pl</a></li>' in html
    assert "<li>row 3: ewa@przyklad.iq.pl (deleted since)</li>" in html
    assert import_record.file_mark not in html


def test_a_long_list_of_accounts_says_that_it_was_cut(
    staff: Client, customer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin, "ACCOUNTS_SHOWN", 1)
    html = open_page(staff, admin_url(created(customer)))
    assert "jan@przyklad.iq.pl" in html
    assert "ewa@przyklad.iq.pl" not in html
    assert "Only the first 1 are shown." in html


@pytest.mark.parametrize("term", ["lista", "anna"])
def test_imports_are_found_by_file_and_login(staff: Client, customer: User, term: str) -> None:
    import_record = uploaded(customer)
    other = uploaded(None, text="E-mail\nola@przyklad.iq.pl\n", filename="inne.csv")
    html = open_page(staff, LIST, {"q": term})
    assert admin_url(import_record) in html
    assert admin_url(other) not in html


def test_imports_can_be_filtered_by_status(staff: Client, customer: User) -> None:
    done, waiting = created(customer), uploaded(None)
    html = open_page(staff, LIST, {"status__exact": "created"})
    assert admin_url(done) in html
    assert admin_url(waiting) not in html


# --- Secrets


def test_no_page_shows_a_secret(staff: Client, customer: User) -> None:
    checked = uploaded(customer, filename="druga.csv")
    correct(checked, corrections=at({4: {Field.PASSWORD: "Poprawka2024"}}))
    done = created(customer)
    (generated,) = generated_passwords(done).values()
    done.claim = done.pk
    done.save()
    secrets = ["Wiosna2024", "Zima2024", "Poprawka2024", generated, "argon2", "sealed", "gAAAA"]
    for address in (LIST, admin_url(checked), admin_url(done), admin_url(done, "history")):
        html = open_page(staff, address)
        for secret in secrets:
            assert secret not in html


def test_sealed_data_is_not_even_read(staff: Client, customer: User) -> None:
    import_record = created(customer)
    for address in (LIST, admin_url(import_record)):
        with CaptureQueriesContext(connection) as queries:
            open_page(staff, address)
        assert not [query for query in queries.captured_queries if "sealed_" in query["sql"]]


# --- Queries


def count_queries(staff: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        open_page(staff, address)
    return len(queries)


def test_a_longer_list_needs_no_more_queries(staff: Client, customer: User) -> None:
    for number in range(3):
        uploaded(customer, filename=f"{number}.csv")
    few = count_queries(staff, LIST)
    for number in range(27):
        uploaded(make_user(f"customer{number}"), filename=f"more-{number}.csv")
    assert count_queries(staff, LIST) == few


def test_more_accounts_need_no_more_queries(staff: Client, customer: User) -> None:
    small = created(customer, "E-mail\njan@przyklad.iq.pl\n")
    large = created(customer, "E-mail\n" + "".join(f"ewa{number}@przyklad.iq.pl\n" for number in range(30)))
    assert count_queries(staff, admin_url(small)) == count_queries(staff, admin_url(large))
