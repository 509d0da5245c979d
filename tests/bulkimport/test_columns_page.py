"""Saying which column is which: what the reader makes of it, and the page with the first rows of a list."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from accounts.models import Mailbox
from bulkimport import reading_views
from bulkimport.models import Import
from bulkimport.readers.book import MAX_COLUMNS
from bulkimport.rows import ColumnSummary, Field, SheetChoice
from bulkimport.services import checking
from bulkimport.services.creating import claim_import
from bulkimport.services.reading import BusyError, ImportNotOpen, load_choices
from tests.bulkimport.lists import upload
from tests.factories import make_domain, make_user
from tests.pages import form_in, parse, send_form, text_in
from tests.reading import codes, read

pytestmark = pytest.mark.django_db

EMAIL, PASSWORD, QUOTA, KEEP_COPY = Field.EMAIL, Field.PASSWORD, Field.QUOTA, Field.KEEP_COPY
GERMAN = "Adresse;Kennwort;Platz;Name\njan@przyklad.iq.pl;Zima2024;500;Jan\nola@przyklad.iq.pl;;500;Ola\n"
TITLED = (
    "Skrzynki dla biura\nLp.;E-mail;Hasło\n1;jan@przyklad.iq.pl;Zima2024\n2;ola@przyklad.iq.pl;Lato2025\nRazem: 2;;\n"
)


def read_columns(text: str, **choice: Any) -> tuple[ColumnSummary, ...]:
    return read(text, **choice).sheets[0].columns


def read_as(text: str, **choice: Any) -> list[tuple[Field | None, str]]:
    """Return what each column of a list is shown as, and by what that was told."""
    return [(column.field, column.by) for column in read_columns(text, **choice)]


# --- The reader


def test_columns_are_read_as_the_person_says() -> None:
    file = read(GERMAN, columns=(EMAIL, PASSWORD, QUOTA, None))
    assert file.problems == ()
    assert file.rows[0].cells == {EMAIL: "jan@przyklad.iq.pl", PASSWORD: "Zima2024", QUOTA: "500"}
    assert [row.problems for row in file.rows] == [(), ()]


def test_what_the_person_says_comes_before_the_names_of_the_header() -> None:
    file = read("E-mail,Password\nZima2024,jan@przyklad.iq.pl\n", columns=(PASSWORD, EMAIL))
    assert file.rows[0].cells == {EMAIL: "jan@przyklad.iq.pl", PASSWORD: "Zima2024"}


def test_two_columns_of_one_meaning_are_refused() -> None:
    file = read(GERMAN, columns=(EMAIL, EMAIL, QUOTA, None))
    assert [(problem.code, problem.field) for problem in file.problems] == [("column_repeated", EMAIL)]
    assert file.rows == ()


def test_a_column_must_be_the_email() -> None:
    assert codes(read(GERMAN, columns=(None, PASSWORD, QUOTA, None))) == ["email_column_missing"]


def test_what_the_person_has_not_seen_is_still_named() -> None:
    file = read("Adresse;Platz\njan@przyklad.iq.pl;500;surplus\n", columns=(EMAIL, QUOTA))
    assert [problem.code for problem in file.rows[0].problems] == ["surplus_cell"]


@pytest.mark.parametrize("columns", [(EMAIL,) + (None,) * 10_000, (None,) * 10_000 + (EMAIL,), ()])
def test_more_or_fewer_columns_than_the_file_has_do_no_harm(columns: tuple[Field | None, ...]) -> None:
    file = read(GERMAN, columns=columns)
    assert len(file.sheets[0].columns) <= MAX_COLUMNS
    assert file.rows_read == 2


def test_a_column_is_guessed_by_what_is_in_it_where_no_name_helps() -> None:
    text = "Adresse;Kennwort;Platz;Kopie\njan@przyklad.iq.pl;Zima2024;500;Tak\nola@przyklad.iq.pl;;500;Nie\n"
    guessed = [(EMAIL, "content"), (None, ""), (QUOTA, "content"), (KEEP_COPY, "content")]
    assert read_as(text) == guessed
    headless = text.partition("\n")[2]
    moved = "\n".join(";".join(reversed(line.split(";"))) for line in headless.splitlines())
    assert read_as(moved) == guessed[::-1]


def test_a_name_that_looks_like_one_of_ours_is_a_guess_too() -> None:
    text = "E-mail;Hasło do poczty\njan@przyklad.iq.pl;Zima2024\n"
    assert "column_unclear" in codes(read(text))
    assert read_as(text) == [(EMAIL, "name"), (PASSWORD, "likeness")]


def test_nothing_is_guessed_against_what_a_person_has_said() -> None:
    assert read_as(GERMAN, columns=(None, PASSWORD, None, None)) == [
        (None, ""),
        (PASSWORD, "choice"),
        (None, ""),
        (None, ""),
    ]
    headless = GERMAN.partition("\n")[2]
    assert read_as(headless, header_line=0, columns=(None, PASSWORD))[:2] == [(None, ""), (PASSWORD, "choice")]


def test_a_header_that_may_be_an_account_is_not_repeated() -> None:
    names = [column.name for column in read_columns("jan.przyklad.iq.pl;Zima2024;Jan\n")]
    assert names == ["jan.przyklad.iq.pl", "", "Jan"]


# --- The page


@pytest.fixture
def client(client: Client, create_in_place: None) -> Client:
    customer = make_user("anna")
    make_domain("przyklad.iq.pl", [customer], default_quota_mb=1000)
    client.force_login(customer)
    return client


def choose(client: Client, url: str, sheet: int | None = None, **chosen: str) -> str:
    """Send the form of the columns page, changed (c0="email"), and return the page that follows."""
    changed = {re.sub(r"^c(\d)", r"column-\1", name): value for name, value in chosen.items()}
    query = f"?sheet={sheet}" if sheet else ""
    return send_form(client, f"{url}columns/{query}", "/columns/", {"action": "check", **changed})


def shown(client: Client, url: str, sheet: int | None = None) -> str:
    return client.get(f"{url}columns/" + (f"?sheet={sheet}" if sheet else "")).content.decode()


def choice() -> SheetChoice:
    """Return what is stored about the only sheet of the only import."""
    return load_choices(Import.objects.get()).reading.sheets.get("", SheetChoice())


def hidden_in(html: str) -> list[str]:
    """Return the texts that are shown as dots."""
    return [element.text for element in parse(html).find_all(class_="plain-secret")]


def test_a_file_with_other_names_is_imported_without_editing_it(client: Client) -> None:
    url = upload(client, GERMAN)
    html = client.get(url).content.decode()
    assert "2 addresses in column A. Is the rest right?" in html
    assert 'name="2-email"' not in html, "nothing is corrected before it is known what it is"
    fields = form_in(html, "/columns/").fields
    assert [fields[f"column-{number}"] for number in range(4)] == [["email"], [""], ["quota"], [""]]
    assert "2 accounts ready" in choose(client, url, c1="password")
    assert choice().columns == (EMAIL, PASSWORD, QUOTA, None)
    client.post(url, {"action": "create", "version": "1"})
    assert sorted(Mailbox.objects.values_list("address", "quota_mb")) == [
        ("jan@przyklad.iq.pl", 500),
        ("ola@przyklad.iq.pl", 500),
    ]


def test_a_check_confirms_what_was_thought_of_unclear_columns(client: Client) -> None:
    url = upload(client, "E-mail;Hasło do poczty\njan@przyklad.iq.pl;Zima2024\n")
    html = client.get(url).content.decode()
    assert "its name looks like it" in html
    assert "looks like “Password”" in text_in(html)
    assert "1 account ready" in choose(client, url)
    assert choice().columns == (EMAIL, PASSWORD)


def test_drop_downs_that_nobody_touched_change_nothing_in_a_clear_list(client: Client) -> None:
    url = upload(client, "E-mail;Quota\njan@przyklad.iq.pl;x\n")
    client.post(url, {"2-quota": "500", "action": "check"})
    assert "1 account ready" in choose(client, url)
    assert choice().columns is None
    choose(client, url, c1="")
    assert choice().columns == (EMAIL, None)
    choose(client, url)
    assert choice().columns == (EMAIL, None)


def test_a_page_that_was_kept_open_repeats_no_columns_of_then(client: Client) -> None:
    url = upload(client, GERMAN)
    old_page = form_in(shown(client, url), "/columns/").fields
    choose(client, url, c1="password")
    client.post(f"{url}columns/", {**old_page, "action": "again"})
    assert choice().columns == (EMAIL, PASSWORD, QUOTA, None)


def test_two_columns_of_one_meaning_are_named_above_and_at_both(client: Client) -> None:
    url = upload(client, GERMAN)
    html = choose(client, url, c1="email", action="again")
    assert html.count("More than one column is set to “E-mail”.") == 3
    assert len(parse(html).find_all("select", aria_invalid="true")) == 2
    assert "2 accounts ready" in choose(client, url, c1="")


def test_columns_without_an_address_are_refused_and_asked_for_again(client: Client) -> None:
    url = upload(client, "Wer;Was\nJan;Zima2024\n")
    html = choose(client, url, c0="password")
    assert "No column is set to “E-mail”." in html
    assert "Which column is which?" in html
    assert form_in(html, "/columns/").fields["column-0"] == ["password"]


def test_the_line_with_the_names_can_be_another_one(client: Client) -> None:
    url = upload(client, TITLED)
    fields = form_in(shown(client, url), "/columns/").fields
    assert (fields["header_row"], fields["header_row-was"], fields["names"]) == (["2"], ["2"], ["row"])
    choose(client, url)
    assert choice().header_line is None, "as it was found"
    choose(client, url, header_row="1", action="again")
    assert choice().header_line == 1
    choose(client, url, header_row="2", action="again")
    assert choice().header_line == 2
    assert "2 accounts ready" in client.get(url).content.decode()


def test_a_list_can_have_no_names_and_get_them_back(client: Client) -> None:
    url = upload(client, TITLED)
    html = choose(client, url, names="none", action="again")
    assert choice().header_line == 0
    assert "header_row" not in form_in(html, "/columns/").fields
    choose(client, url, names="row", action="again")
    assert choice().header_line is None
    choose(client, url, names="none", action="again")
    choose(client, url, header_row="2", action="again")
    assert choice().header_line == 2


def test_another_header_forgets_the_columns_unless_they_were_chosen_with_it(client: Client) -> None:
    url = upload(client, TITLED)
    choose(client, url, c0="quota")
    assert choice().columns == (QUOTA, EMAIL, PASSWORD)
    choose(client, url, header_row="1", c0="", action="again")
    assert choice().columns == (None, EMAIL, PASSWORD)
    choose(client, url, header_row="2", action="again")
    assert choice().columns is None


def test_another_separator_makes_other_columns_and_lines(client: Client) -> None:
    url = upload(client, TITLED)
    choose(client, url, c0="quota", header_row="1", action="again")
    choose(client, url, separator=",", c1="email", header_row="2", action="again")
    assert (choice().columns, choice().header_line) == (None, None)
    assert load_choices(Import.objects.get()).reading.separator == ","


def test_an_encoding_that_does_not_fit_can_be_taken_back(client: Client) -> None:
    url = upload(client, "E-mail;Hasło\njan@przyklad.iq.pl;Zażółć1\n".encode("cp1250"))
    html = choose(client, url, encoding="utf-8")
    assert "The file is not written in the encoding UTF-8." in html
    assert f"{url}columns/" in html
    assert "1 account ready" in choose(client, url, encoding="")


def test_what_is_left_out_is_taken_back_and_left_out_again(client: Client) -> None:
    url = upload(client, TITLED)
    html = shown(client, url)
    assert "2 accounts + 2 left out" in html
    assert [value for name, value in form_in(html, "/columns/").buttons if name == "take_back"] == ["1", "5"]
    html = choose(client, url, action="", take_back="5")
    assert choice().taken_back == {5}
    assert "Check 3 rows" in html
    assert ("leave_out_again", "5") in form_in(html, "/columns/").buttons
    html = choose(client, url, action="", leave_out_again="5")
    assert choice().taken_back == set()
    assert "Check 2 rows" in html


def test_a_line_far_below_is_taken_back_and_left_out_again(client: Client) -> None:
    rows = "".join(f"u{number}@przyklad.iq.pl;Zima2024\n" for number in range(30))
    url = upload(client, f"E-mail;Hasło\n{rows}Razem: 30;123456\n")
    assert "24 more rows" in shown(client, url)
    html = choose(client, url, action="", take_back="32")
    assert ("leave_out_again", "32") in form_in(html, "/columns/").buttons
    assert "24 more rows" in html
    assert "123456" in hidden_in(html)
    assert "take_back" not in html


def test_more_left_out_lines_than_are_shown_are_counted(client: Client) -> None:
    comments = "".join(f"# remark {number}\n" for number in range(40))
    html = shown(client, upload(client, "E-mail\n" + "jan@przyklad.iq.pl\n" * 10 + comments))
    assert "4 more rows" in html
    assert "20 more rows were left out" in html


def test_the_domain_can_be_said_where_it_is_missing(client: Client) -> None:
    url = upload(client, "E-mail;Hasło\njan;Zima2024\n")
    assert form_in(shown(client, url), "/columns/").options["domain"] == ["", "przyklad.iq.pl"]
    assert "1 account ready" in choose(client, url, domain="przyklad.iq.pl")
    choose(client, url, domain="foreign.example")
    assert choice().domain == "przyklad.iq.pl"
    choose(client, url, domain="")
    assert choice().domain == ""


def test_a_domain_beyond_those_offered_stays_chosen(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    url = upload(client, "E-mail;Hasło\njan;Zima2024\n")
    choose(client, url, domain="przyklad.iq.pl")
    monkeypatch.setattr("bulkimport.reading_page.DOMAINS_OFFERED", 0)
    assert form_in(shown(client, url), "/columns/").fields["domain"] == ["przyklad.iq.pl"]


# --- What may be secret


def test_passwords_are_dots_until_they_are_asked_for(client: Client) -> None:
    html = shown(client, upload(client, TITLED))
    assert hidden_in(html) == ["Zima2024", "Lato2025"]
    assert html.count('class="show-secrets"') == 1
    assert html.count("Zima2024") == 1


def test_of_columns_that_are_not_known_all_is_dots_that_may_be_a_password(client: Client) -> None:
    html = shown(client, upload(client, GERMAN))
    assert hidden_in(html) == ["Zima2024"], "an address, a number and a name of a person are no secrets"
    html = shown(client, upload(client, "Wer;Was\nJan;tajnehaslo\nOla;123456\n"))
    assert hidden_in(html) == ["tajnehaslo", "123456"]


def test_without_names_a_column_is_not_trusted_for_its_place(client: Client) -> None:
    html = shown(client, upload(client, "jan@przyklad.iq.pl;500;Zima2024\n"))
    assert hidden_in(html) == ["500", "Zima2024"]


def test_once_the_passwords_are_known_other_columns_are_shown(client: Client) -> None:
    text = "E-mail;Klasa;Hasło\njan@przyklad.iq.pl;3a2024;Zima2024\n"
    assert hidden_in(shown(client, upload(client, text))) == ["Zima2024"]


def test_a_whole_row_in_one_cell_is_dots(client: Client) -> None:
    url = upload(client, "E-mail;Uwagi\njan@przyklad.iq.pl|Zima2024;x\n")
    assert "jan@przyklad.iq.pl|Zima2024" in hidden_in(shown(client, url))


def test_a_line_above_the_names_may_be_an_account(client: Client) -> None:
    text = "ola@przyklad.iq.pl;Lato2025;x\nE-mail;Hasło\njan@przyklad.iq.pl;Zima2024\n"
    assert hidden_in(shown(client, upload(client, text))) == ["Lato2025", "Zima2024"]


def test_a_header_that_may_be_an_account_is_dots(client: Client) -> None:
    assert "Zima2024" in hidden_in(shown(client, upload(client, "jan.przyklad.iq.pl;Zima2024;Jan\n")))


# --- What else comes with it


def test_enter_checks_and_creates_nothing(client: Client) -> None:
    for url in (upload(client, GERMAN), f"{upload(client, TITLED)}columns/"):
        assert form_in(client.get(url).content.decode(), "/columns/").buttons[0] == ("action", "check")


def test_corrections_that_no_longer_fit_are_named_without_their_values(client: Client) -> None:
    rows = "".join(f"u{number}@przyklad.iq.pl;Zima202{number};Lato202{number}\n" for number in range(8))
    url = upload(client, f"E-mail;Hasło;Drugie\n{rows}")
    for line in range(2, 9):
        client.post(url, {f"{line}-password": f"Wiosna{line}2024", "action": "check"})
    html = text_in(choose(client, url, c1="", c2="password"))
    assert "These corrections no longer fit and were dropped: row 2, Password; row 3, Password; " in html
    assert "row 6, Password and 2 others." in html
    assert "Wiosna" not in html
    assert load_choices(Import.objects.get()).corrections == ()


def test_a_correction_that_still_fits_stays(client: Client) -> None:
    url = upload(client, "E-mail;Hasło;Klasa\nola;Zima2024;7a\n")
    client.post(url, {"2-email": "ola@przyklad.iq.pl", "action": "check"})
    html = choose(client, url, c2="quota", action="again")
    assert "dropped" not in html
    assert [correction.text for correction in load_choices(Import.objects.get()).corrections] == ["ola@przyklad.iq.pl"]


def test_a_page_older_than_a_correction_drops_nothing(client: Client) -> None:
    url = upload(client, "E-mail;Hasło\njan@przyklad.iq.pl;Zima2024\n")
    old_page = form_in(shown(client, url), "/columns/").fields
    client.post(url, {"2-password": "Wiosna2024", "action": "check"})
    response = client.post(f"{url}columns/", {**old_page, "column-1": "", "action": "check"}, follow=True)
    assert "The list was changed in another tab." in response.content.decode()
    assert choice().columns is None


def test_an_older_page_changes_only_the_columns_that_were_touched_on_it(client: Client) -> None:
    url = upload(client, "Adres;E-mail;Tajne;Limit\nx;jan@przyklad.iq.pl;Zima2024;500\n")
    old_page = form_in(shown(client, url), "/columns/").fields
    choose(client, url, c2="password")
    html = client.post(f"{url}columns/", {**old_page, "column-3": "quota", "action": "check"}, follow=True)
    assert html.status_code == 200
    assert choice().columns == (None, EMAIL, PASSWORD, QUOTA)
    client.post(f"{url}columns/", {**old_page, "column-3": "quota", "column-1": "", "action": "again"})
    assert choice().columns == (None, None, PASSWORD, QUOTA), "and what was touched is changed"


def test_a_password_is_hidden_in_whatever_column_it_was_put(client: Client) -> None:
    url = upload(client, "E-mail;Tajne;Limit\njan@przyklad.iq.pl;Zima2024;500\n")
    for field in ("quota", "forward", "email", "keep_copy"):
        assert "Zima2024" in hidden_in(choose(client, url, c1=field, action="again"))


def test_what_stands_in_a_line_that_was_taken_back_is_still_shown(client: Client) -> None:
    rows = "".join(f"{number};u{number}@przyklad.iq.pl\n" for number in range(1, 10))
    url = upload(client, f"Lp.;E-mail\n{rows}Razem: 9;\n")
    html = choose(client, url, take_back="11", action="again")
    assert "Razem: 9" in html
    assert "taken back" in text_in(html)


@pytest.mark.parametrize(
    "sent",
    [
        {"column-0": "nonsense", "column-1": "'; drop"},
        {f"column-{number}": "email" for number in range(3_000)},
        {"column-99999999999999999999": "email", "column--1": "email"},
        {"column-0": "email", "columns-was": "x" * 100_000, "sheet": "9" * 5_000},
        {"header_row": "9" * 100, "header_row-was": "\0", "take_back": "9" * 100, "leave_out_again": "-1"},
        {"header_row": "½", "take_back": "²", "names": "x", "domain": "\0"},
        {"encoding": "rot13", "separator": "abc"},
    ],
)
def test_hostile_choices_do_no_harm(client: Client, sent: dict[str, str]) -> None:
    url = upload(client, GERMAN)
    for query in ("", "?sheet=0", "?sheet=x", "?sheet=99999999999999999999"):
        assert client.post(f"{url}columns/{query}", sent).status_code == 302
        assert client.get(f"{url}columns/{query}").status_code == 200
    columns = choice().columns
    assert columns is None or len(columns) <= MAX_COLUMNS
    assert (choice().header_line, choice().taken_back, choice().domain) == (None, frozenset(), "")
    assert client.get(url).status_code == 200


def test_another_login_sees_and_chooses_nothing(client: Client) -> None:
    url = upload(client, GERMAN)
    client.force_login(make_user("ola"))
    assert client.get(f"{url}columns/").status_code == 404
    assert client.post(f"{url}columns/", {"column-0": "email"}).status_code == 404
    assert client.post(f"{url}reading/", {"sheet": "1"}).status_code == 404
    assert choice() == SheetChoice()


def test_an_import_that_is_no_longer_open_leads_to_its_page(client: Client) -> None:
    url = upload(client, "E-mail\njan@przyklad.iq.pl\n")
    import_record = Import.objects.get()
    claim_import(import_record, checking.check(import_record))
    for response in (client.get(f"{url}columns/"), client.post(f"{url}columns/", {"column-0": "email"})):
        assert (response.status_code, response.headers["Location"]) == (302, url)


def test_an_import_whose_key_is_lost_leads_to_its_page(client: Client, settings: Settings) -> None:
    url = upload(client, GERMAN)
    settings.SECRET_KEY = "another"
    client.force_login(User.objects.get())
    for response in (client.get(f"{url}columns/"), client.post(f"{url}reading/", {"sheet": "1"})):
        assert (response.status_code, response.headers["Location"]) == (302, url)


def test_a_file_that_cannot_be_read_in_any_way_has_no_columns(client: Client) -> None:
    url = upload(client, b"\x89PNG\r\n\x1a\n\0\0\0", name="logo.png")
    assert f"{url}columns/" not in client.get(url).content.decode()
    assert client.get(f"{url}columns/").headers["Location"] == url


def test_a_list_that_has_to_wait_says_so_and_asks_again(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_args: object, **_more: object) -> None:
        raise BusyError

    url = upload(client, GERMAN)
    monkeypatch.setattr(reading_views, "check", busy)
    monkeypatch.setattr("bulkimport.detail_views.check", busy)
    html = client.get(f"{url}columns/?sheet=1").content.decode()
    assert f'<meta http-equiv="refresh" content="3; url={url}columns/?sheet=1">' in html
    assert "Your list is waiting to be read" in html
    assert f'content="3; url={url}">' in client.get(url).content.decode()


def test_an_import_that_ends_while_it_is_chosen_leads_to_its_page(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_args: object, **_more: object) -> None:
        raise ImportNotOpen

    url = upload(client, GERMAN)
    monkeypatch.setattr(reading_views, "correct", gone)
    assert client.post(f"{url}columns/", {"column-0": "email"}).headers["Location"] == url
