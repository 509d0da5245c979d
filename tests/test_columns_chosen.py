"""Saying on the page what the columns of a file are: the reader, what is stored, and the drop-downs."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import Mailbox
from bulkimport.models import Import
from bulkimport.readers.header import MAX_COLUMNS
from bulkimport.rows import Field
from bulkimport.services.checking import dialect_of
from tests.factories import make_domain, make_user
from tests.reading import read

pytestmark = pytest.mark.django_db

EMAIL, PASSWORD, QUOTA = list(Field)[:3]
GERMAN = "Adresse;Kennwort;Platz;Name\njan@przyklad.iq.pl;Zima2024;500;Jan\nola@przyklad.iq.pl;;1000;Ola\n"


def codes(content: str, **chosen: object) -> list[str]:
    return [problem.code for problem in read(content.encode(), **chosen).problems]


# --- The reader


def test_columns_are_read_as_the_person_says() -> None:
    file = read(GERMAN.encode(), columns=(EMAIL, PASSWORD, QUOTA, None))
    assert file.problems == ()
    assert file.rows[0].cells == {EMAIL: "jan@przyklad.iq.pl", PASSWORD: "Zima2024", QUOTA: "500"}
    assert [row.problems for row in file.rows] == [(), ()]


def test_what_the_person_says_comes_before_the_names_of_the_header() -> None:
    file = read(b"E-mail,Password\nZima2024,jan@przyklad.iq.pl\n", columns=(PASSWORD, EMAIL))
    assert file.rows[0].cells == {EMAIL: "jan@przyklad.iq.pl", PASSWORD: "Zima2024"}


def test_columns_of_a_file_without_a_header_can_be_in_any_order() -> None:
    file = read(b"500,jan@przyklad.iq.pl,x\n", columns=(QUOTA, EMAIL, None))
    assert file.problems == ()
    assert file.rows[0].cells == {QUOTA: "500", EMAIL: "jan@przyklad.iq.pl"}


def test_two_columns_of_one_meaning_are_refused() -> None:
    file = read(GERMAN.encode(), columns=(EMAIL, EMAIL, QUOTA, None))
    assert [(problem.code, problem.field) for problem in file.problems] == [("column_repeated", EMAIL)]
    assert file.rows == ()


def test_a_column_must_be_the_email() -> None:
    assert codes(GERMAN, columns=(None, PASSWORD, QUOTA, None)) == ["email_column_missing"]


def test_what_the_person_has_not_seen_is_still_named() -> None:
    file = read(b"Adresse;Platz\njan@przyklad.iq.pl;500;surplus\n", columns=(EMAIL, QUOTA))
    assert [problem.code for problem in file.rows[0].problems] == ["surplus_cell"]


@pytest.mark.parametrize("columns", [(EMAIL,) + (None,) * 10_000, (None,) * 10_000 + (EMAIL,), ()])
def test_more_or_fewer_columns_than_the_file_has_do_no_harm(columns: tuple[Field | None, ...]) -> None:
    file = read(GERMAN.encode(), columns=columns)
    assert len(file.columns) <= MAX_COLUMNS
    assert file.rows_read == 2


def test_ten_thousand_columns_are_refused_without_a_list_of_them() -> None:
    wide = ",".join(f"c{number}" for number in range(10_000))
    file = read(f"{wide}\n".encode() * 3, columns=(EMAIL,))
    assert [problem.code for problem in file.problems] == ["too_many_columns"]
    assert file.found == ()


# --- What is shown of a column


def test_found_columns_have_their_names_and_harmless_values() -> None:
    file = read(GERMAN.encode())
    assert [column.name for column in file.found] == ["Adresse", "Kennwort", "Platz", "Name"]
    assert [column.hint for column in file.found] == ["jan@przyklad.iq.pl", "", "500", ""]


@pytest.mark.parametrize("value", ["Zima2024", "tajnehaslo", "123456", "a" * 81, "jan@przyklad.iq.pl"])
def test_no_value_is_shown_that_could_be_a_password(value: str) -> None:
    file = read(f"Adresse;Kennwort\njan@przyklad.iq.pl;12345\nola@przyklad.iq.pl;{value}\n".encode())
    shown = [column.hint for column in file.found]
    assert shown == ["jan@przyklad.iq.pl", "12345" if "@" in value else ""]


def test_no_value_of_the_password_column_is_shown() -> None:
    assert [column.hint for column in read(b"E-mail,Password\njan@przyklad.iq.pl,12345\n").found][1] == ""
    assert [column.hint for column in read(b"jan@przyklad.iq.pl,12345\n").found] == ["jan@przyklad.iq.pl", ""]
    chosen = read(GERMAN.encode(), columns=(PASSWORD, EMAIL, None, None))
    assert chosen.found[0].hint == ""


def test_a_header_that_may_be_an_account_is_not_repeated() -> None:
    found = read(b"jan.przyklad.iq.pl;Zima2024;Jan\n").found
    assert [column.name for column in found] == ["jan.przyklad.iq.pl", "", "Jan"]


def test_columns_without_a_name_are_found_by_their_values() -> None:
    assert [column.name for column in read(b"E-mail\njan@przyklad.iq.pl,500,,Tak,\n").found] == ["E-mail", "", "", ""]


# --- The page


@pytest.fixture
def client(client: Client, create_in_place: None) -> Client:
    customer = make_user("anna")
    make_domain("przyklad.iq.pl", [customer], default_quota_mb=1000)
    client.force_login(customer)
    return client


def send(client: Client, text: str) -> str:
    file = SimpleUploadedFile("lista.csv", text.encode())
    return str(client.post(reverse("import_new"), {"file": file, "action": "check"}).headers["Location"])


def page(client: Client, url: str) -> str:
    return unescape(client.get(url).content.decode())


def offered(html: str) -> dict[str, str]:
    """Return what a browser would send of the drop-downs and the fields that are hidden beside them."""
    form = re.search(r"<form[^>]*/reading/.*?</form>", html, re.DOTALL)
    assert form
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form[0]))
    for name, options in re.findall(r'<select[^>]*?name="([\w-]+)"[^>]*>(.*?)</select>', form[0], re.DOTALL):
        chosen = re.search(r'value="([^"]*)"\s+selected', options)
        fields[name] = chosen[1] if chosen else ""
    return fields


def read_as(client: Client, url: str, **columns: str) -> str:
    """Choose columns (c0="email") and return the page that follows."""
    chosen = {name.replace("c", "column-"): value for name, value in columns.items()}
    response = client.post(f"{url}reading/", {**offered(page(client, url)), **chosen})
    assert (response.status_code, response.headers["Location"]) == (302, f"{url}#summary")
    return page(client, url)


def test_a_file_with_other_names_is_imported_without_editing_it(client: Client) -> None:
    url = send(client, GERMAN)
    html = page(client, url)
    assert '<details class="details reading small mt-1" open>' in html
    assert "Column 2: “Kennwort”" in html
    assert "such as jan@przyklad.iq.pl" in html
    assert "Zima2024" not in html
    assert offered(html)["column-0"] == "email", "its values look so"
    html = read_as(client, url, c1="password", c2="quota")
    assert "2 accounts ready" in html
    assert '<details class="details reading small mt-1" >' in html
    client.post(url, {"action": "create", "version": "1"})
    assert sorted(Mailbox.objects.values_list("address", "quota_mb")) == [
        ("jan@przyklad.iq.pl", 500),
        ("ola@przyklad.iq.pl", 1000),
    ]


def test_two_columns_of_one_meaning_are_named_at_both(client: Client) -> None:
    url = send(client, GERMAN)
    html = read_as(client, url, c0="email", c1="email")
    sentence = "More than one column is set to “E-mail”."
    assert html.count(sentence) == 3, "above, and at both drop-downs"
    assert html.count('aria-invalid="true"') == 2
    assert offered(html)["column-1"] == "email"
    assert "2 accounts ready" in read_as(client, url, c1="")


def test_drop_downs_that_nobody_touched_change_nothing(client: Client) -> None:
    url = send(client, "E-mail;Quota\njan@przyklad.iq.pl;x\n")
    client.post(url, {"2-quota": "500", "action": "check"})
    assert "1 account ready" in read_as(client, url)
    assert dialect_of(Import.objects.get()).columns is None
    read_as(client, url, c1="")
    assert dialect_of(Import.objects.get()).columns == (EMAIL, None)
    read_as(client, url)
    assert dialect_of(Import.objects.get()).columns == (EMAIL, None)


def test_another_separator_makes_other_columns(client: Client) -> None:
    url = send(client, GERMAN)
    read_as(client, url, c0="email")
    client.post(f"{url}reading/", {**offered(page(client, url)), "separator": ",", "column-0": "email"})
    assert dialect_of(Import.objects.get()).columns is None


def test_reading_again_with_untouched_columns_drops_no_text(client: Client) -> None:
    url = send(client, "E-mail;Quota\njan@przyklad.iq.pl;;Dział 1\n")
    assert "1 row needs you" in page(client, url)
    assert "1 row needs you" in read_as(client, url)


@pytest.mark.parametrize(
    "sent",
    [
        {"column-0": "nonsense", "column-1": "'; drop"},
        {f"column-{number}": "email" for number in range(3_000)},
        {"column-99999999999999999999": "email", "column--1": "email"},
        {"column-0": "email", "columns_shown": "x" * 100_000},
    ],
)
def test_hostile_choices_do_no_harm(client: Client, sent: dict[str, str]) -> None:
    url = send(client, GERMAN)
    assert client.post(f"{url}reading/", sent).status_code == 302
    columns = dialect_of(Import.objects.get()).columns
    assert columns is None or len(columns) <= MAX_COLUMNS
    assert client.get(url).status_code == 200


def test_another_login_chooses_nothing(client: Client) -> None:
    url = send(client, GERMAN)
    client.force_login(make_user("ola"))
    assert client.post(f"{url}reading/", {"column-0": "email"}).status_code == 404
    assert dialect_of(Import.objects.get()).columns is None
