"""Who sees an import and may do something with it: the login that uploaded it, while it may still use the domain."""

import uuid

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from accounts.models import Domain, Mailbox
from bulkimport.models import Import
from bulkimport.services import uploading
from tests.bulkimport.lists import FAULTY, GOOD, send_rows, upload
from tests.factories import generated_passwords, make_client, make_domain, make_user
from tests.pages import open_page, text_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("create_in_place")]

IMPORT_PAGES = [
    "import",
    "import_progress",
    "import_undo",
    "import_problems",
]


@pytest.mark.parametrize("other_is_staff", [False, True])
def test_an_import_is_seen_only_by_the_login_that_uploaded_it(logged_in: Client, other_is_staff: bool) -> None:
    url = upload(logged_in, FAULTY)
    pk = url.split("/")[2]
    other = make_client(make_user("eve", is_staff=other_is_staff))
    for name in IMPORT_PAGES:
        assert other.get(reverse(name, args=[pk])).status_code == 404
    for file_format in ("csv", "xlsx"):
        assert other.get(f"/imports/{pk}/results.{file_format}").status_code == 404
    for name in ("import", "import_reading", "import_saved", "import_undo"):
        assert other.post(reverse(name, args=[pk]), {"action": "create_good"}).status_code == 404
    assert "lista.csv" not in open_page(other, "/imports/")
    assert Mailbox.objects.count() == 0


def test_pages_with_secrets_are_not_kept_by_anybody(logged_in: Client) -> None:
    for url in (upload(logged_in, FAULTY), upload(logged_in, action="create"), "/imports/"):
        assert "no-store" in logged_in.get(url).headers["Cache-Control"]


def test_staff_uploads_on_behalf_of_a_customer(customer: User, domain: Domain) -> None:
    make_domain("other.example")
    client = make_client(make_user("root", is_staff=True))
    assert 'name="customer"' in open_page(client, "/imports/new/")
    html = open_page(client, upload(client, GOOD + "x@other.example;;;;\n", customer=str(customer.pk)))
    assert "You cannot use the domain other.example." in html
    html = open_page(client, upload(client, GOOD + "x@other.example;;;;\n"))
    assert "3 accounts ready" in html


def test_a_customer_cannot_act_for_anybody_else(logged_in: Client) -> None:
    boss = make_user("boss")
    make_domain("boss.example", [boss])
    html = open_page(logged_in, upload(logged_in, "E-mail\nx@boss.example\n", customer=str(boss.pk)))
    assert "You cannot use the domain boss.example." in html
    assert Import.objects.get().customer is None


def test_nothing_of_a_domain_is_shown_to_whoever_has_lost_it(logged_in: Client, domain: Domain) -> None:
    url = upload(logged_in, action="create")
    (password,) = generated_passwords(Import.objects.get()).values()
    domain.administrators.clear()
    Mailbox.objects.update(quota_mb=7777)
    for text in (open_page(logged_in, url), logged_in.get(url + "results.csv").content.decode("utf-8-sig")):
        assert "7777" not in text.replace(",", "")
        assert password not in text
        assert "ewa@przyklad.iq.pl" in text_in(text)


def test_who_is_no_longer_staff_acts_for_nobody(customer: User, domain: Domain) -> None:
    client, staff = Client(), make_user("root", is_staff=True)
    client.force_login(staff)
    url = upload(client, customer=str(customer.pk))
    User.objects.filter(pk=staff.pk).update(is_staff=False)
    send_rows(client, url, {"action": "create"})
    assert Mailbox.objects.count() == 0


def test_what_the_command_line_imported_as_staff_is_there_for_staff_alone(client: Client, customer: User) -> None:
    import_record = uploading.upload(content=GOOD.encode(), filename="lista.csv", uploaded_by=None)
    client.force_login(customer)
    assert client.get(import_record.get_absolute_url()).status_code == 404
    client.force_login(make_user("boss", is_staff=True))
    assert client.get(import_record.get_absolute_url()).status_code == 200
    assert "lista.csv" in open_page(client, "/imports/")


@pytest.mark.parametrize(
    "path", ["------------------------------------/results.csv", "x/", "00000000-0000-0000-0000-000000000000/"]
)
def test_an_address_that_is_no_import_is_not_found(logged_in: Client, path: str) -> None:
    assert logged_in.get(f"/imports/{path}").status_code == 404


@pytest.mark.parametrize("part", ["discard/", "reading/", "saved/"])
def test_an_address_that_only_takes_forms_leads_to_the_import(logged_in: Client, part: str) -> None:
    url = upload(logged_in)
    assert logged_in.get(url + part).headers["Location"] == url


def test_the_progress_of_somebody_signed_out_reloads_the_page(client: Client) -> None:
    response = client.get(f"/imports/{uuid.uuid4()}/progress", headers={"hx-request": "true"})
    assert response.headers["HX-Refresh"] == "true"


@pytest.mark.parametrize("other_is_staff", [False, True])
def test_discarding_tells_nothing_of_an_import_of_somebody_else(logged_in: Client, other_is_staff: bool) -> None:
    url = upload(logged_in, FAULTY)
    other = make_client(make_user("eve", is_staff=other_is_staff))
    for address in (url, f"/imports/{uuid.uuid4()}/"):
        for answer in (other.get(address + "discard/"), other.post(address + "discard/")):
            assert (answer.status_code, answer.headers["Location"]) == (302, "/imports/")
    assert 'role="status"' not in open_page(other, "/imports/")
    assert "/login/" in Client().post(url + "discard/").headers["Location"]
    assert Import.objects.get().has_file
