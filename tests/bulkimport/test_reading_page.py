"""The pages of a list with several sheets: what was read, what was not, and the ticks that change it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import Domain, Mailbox
from bulkimport import reading_views, views
from bulkimport.models import Import
from bulkimport.rows import Field, SheetChoice
from bulkimport.services.reading import BusyError, load_choices
from tests.bulkimport.lists import upload
from tests.bulkimport.readers.spreadsheets import make_workbook
from tests.factories import make_checked_import, make_domain
from tests.pages import form_in, parse, send_form, text_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("create_in_place")]

Rows = Sequence[Sequence[str]]


def pupils(name: str, count: int = 3) -> list[list[str]]:
    return [["Imię", "E-mail"], *([f"Uczeń {n}", f"u{n}.{name}@przyklad.iq.pl"] for n in range(count))]


SCHOOL = make_workbook(
    {
        "7a": pupils("7a"),
        "7b": pupils("7b"),
        "8a": [*pupils("8a"), ["Razem: 3"]],
        "Nauczyciele": pupils("n", 2),
        "Uwagi": [["proszę o hasła"], ["na papierze"]],
        "Adresy": [["Kto", "Gdzie"], ["Jan", "jan@przyklad.iq.pl"]],
    },
    hidden=["Nauczyciele"],
)


def tick(client: Client, url: str, *numbers: int) -> str:
    return send_form(client, url, "/reading/", {"sheet": [str(number) for number in numbers]})


def ticked(html: str) -> list[str]:
    return form_in(html, "/reading/").fields["sheet"]


def choices() -> Mapping[str, SheetChoice]:
    return load_choices(Import.objects.get()).reading.sheets


def is_open(html: str) -> bool:
    return "open" in parse(html).find(class_="lines").find_all("details")[0]


def test_all_sheets_are_shown_with_what_is_in_them(logged_in: Client) -> None:
    html = logged_in.get(upload(logged_in, SCHOOL)).content.decode()
    text = text_in(html)
    assert "3 of 6 sheets 7a 3, 7b 3, 8a 3" in text
    assert "(hidden: Nauczyciele, 2 accounts; not read: Adresy, 1 account; without addresses: Uwagi)" in text
    assert "7a 3 Names of columns in row 1: Imię, E-mail Change columns" in text
    assert "7b 3 Like 7a Change columns" in text
    assert "8a 3 Like 7a, 1 row left out Change columns" in text
    assert "Nauczyciele 2 Hidden in the spreadsheet program, 2 accounts; tick to read it Change columns" in text
    assert "Uwagi – No column of addresses: 2 rows of text Say which columns" in text
    assert "Some sheets were not read" in text
    assert ticked(html) == ["1", "2", "3"]
    assert is_open(html)


def test_all_classes_are_created_at_once_but_for_one_without_its_tick(logged_in: Client) -> None:
    url = upload(logged_in, SCHOOL)
    assert "10 read = 9 ready + 0 with errors + 1 left out + 0 blank" in logged_in.get(url).content.decode()
    html = tick(logged_in, url, 1, 3, 4)
    assert "9 read = 8 ready + 0 with errors + 1 left out + 0 blank" in html
    assert not is_open(html), "it has been said of every sheet"
    assert "not read: 7b, 3 accounts, Adresy, 1 account" in html
    assert "was not read" not in text_in(html)
    logged_in.post(url, {"action": "create", "version": str(Import.objects.get().version)})
    assert Mailbox.objects.count() == 8
    assert not Mailbox.objects.filter(local_part__endswith=".7b").exists()


def test_an_older_page_changes_only_the_ticks_that_were_touched_on_it(logged_in: Client) -> None:
    url = upload(logged_in, SCHOOL)
    old_page = form_in(logged_in.get(url).content.decode(), "/reading/")
    assert ticked(tick(logged_in, url, 1, 2, 3, 4)) == ["1", "2", "3", "4"]
    logged_in.post(old_page.action, {**old_page.fields, "sheet": ["2", "3"]})
    assert ticked(logged_in.get(url).content.decode()) == ["2", "3", "4"]


def test_a_sheet_that_was_read_stays_so_when_its_header_is_said_to_be_another(logged_in: Client) -> None:
    sheets = {"Lista": [["E-mail", "Imię"], *pupils("a", 3)], "Inna": [["E-mail"], ["x@przyklad.iq.pl"]]}
    url = upload(logged_in, make_workbook(sheets))
    form = form_in(logged_in.get(f"{url}columns/?sheet=1").content.decode(), "/columns/")
    html = logged_in.post(form.action, {**form.fields, "names": "none", "action": "again"}, follow=True)
    text = text_in(html.content.decode())
    assert ticked(logged_in.get(url).content.decode()) == ["1", "2"]
    rows = re.findall(r"Check (\d+) rows", text)[0]
    assert f"{rows} read = {rows} accounts" in text


def test_one_step_creation_stops_for_a_sheet_that_nobody_has_spoken_of(logged_in: Client) -> None:
    url = upload(logged_in, SCHOOL, action="create")
    assert Mailbox.objects.count() == 0
    assert "9 accounts ready" in logged_in.get(url).content.decode()


def test_without_any_tick_nothing_is_read_and_a_tick_brings_it_back(logged_in: Client) -> None:
    url = upload(logged_in, SCHOOL)
    html = tick(logged_in, url)
    assert "No sheet of this file was read." in text_in(html)
    assert "sheet" not in form_in(html, "/reading/").fields
    assert "3 accounts ready" in tick(logged_in, url, 2)


def test_a_ticked_sheet_without_a_known_column_of_addresses_leads_to_its_columns(logged_in: Client) -> None:
    url = upload(logged_in, SCHOOL)
    html = tick(logged_in, url, 1, 2, 3, 6)
    assert "1 address in column B. Is the rest right?" in html
    assert "Sheet “Adresy”." in text_in(html)
    assert form_in(html, "/columns/").action.endswith("?sheet=6")
    assert ticked(logged_in.get(url).content.decode()) == ["1", "2", "3", "6"]
    html = send_form(logged_in, f"{url}columns/?sheet=6", "/columns/", {"action": "check"})
    assert "10 accounts ready" in html
    assert choices()["Adresy"].columns == (None, Field.EMAIL)


def test_a_sheet_that_is_unclear_is_asked_for_before_the_rows(logged_in: Client) -> None:
    url = upload(logged_in, SCHOOL)
    tick(logged_in, url, 1, 6)
    html = logged_in.get(url).content.decode()
    assert form_in(html, "/columns/").action == f"{url}columns/?sheet=6"
    assert 'id="corrections"' not in html
    assert ticked(html) == ["1", "6"]


def test_looking_at_the_columns_of_a_sheet_does_not_read_it(logged_in: Client) -> None:
    url = upload(logged_in, SCHOOL)
    html = send_form(logged_in, f"{url}columns/?sheet=4", "/columns/", {"action": "again", "sheet": "5"})
    assert form_in(html, "/columns/").action.endswith("?sheet=5")
    send_form(logged_in, f"{url}columns/?sheet=5", "/columns/", {"action": "check"})
    assert not any(choice.is_read for choice in choices().values())


def test_a_sheet_that_gets_columns_is_read_beside_the_others(logged_in: Client) -> None:
    url = upload(logged_in, SCHOOL)
    html = send_form(logged_in, f"{url}columns/?sheet=4", "/columns/", {"action": "check", "column-0": "quota"})
    assert ticked(html) == ["1", "2", "3", "4"]
    assert "9 accounts ready, 2 rows need you" in html


def test_a_sheet_read_for_want_of_a_better_one_stays_when_another_gets_columns(logged_in: Client) -> None:
    unclear = [["Kto", "Gdzie"], ["Jan", "jan@przyklad.iq.pl"]]
    other = [["Kto", "Gdzie"], ["Ola", "ola@przyklad.iq.pl"]]
    url = upload(logged_in, make_workbook({"Jeden": unclear, "Dwa": other}))
    assert ticked(logged_in.get(url).content.decode()) == ["1"]
    assert "Check 2 rows" in logged_in.get(f"{url}columns/?sheet=2").content.decode()
    html = send_form(logged_in, f"{url}columns/?sheet=2", "/columns/", {"action": "check"})
    assert ticked(html) == ["1", "2"]
    assert form_in(html, "/columns/").action.endswith("?sheet=1"), "which is unclear still"
    html = send_form(logged_in, url, "/columns/", {})
    assert form_in(html, "/columns/").action.endswith("?sheet=1")
    assert "2 accounts ready" in send_form(logged_in, url, "/columns/", {"action": "check"})


@pytest.mark.usefixtures("create_in_place")
@pytest.mark.parametrize("action", ["create", "create_good"])
def test_nothing_is_created_while_ticks_were_changed(logged_in: Client, action: str) -> None:
    url = upload(logged_in, make_workbook({"7a": pupils("7a", 1), "8a": pupils("8a", 2)}))
    shown = form_in(logged_in.get(url).content.decode(), url).fields
    assert shown["sheets-was"] == ["1,2"]
    fields = {**shown, "sheet": ["1"], "action": action, "1-2-quota": "5", "1-2-quota-was": ""}
    html = logged_in.post(url, fields, follow=True).content.decode()
    assert not Mailbox.objects.exists()
    assert "Nothing was created. Look at the list as it is now" in html
    assert ticked(html) == ["1"]
    assert "1 account ready" in html
    assert Import.objects.get().version == 1


def test_a_sheet_that_is_ticked_again_has_its_corrections_again(logged_in: Client) -> None:
    url = upload(logged_in, make_workbook({"7a": pupils("7a", 1), "8a": [["E-mail"], ["bad"]]}))
    logged_in.post(url, {"2-2-email": "dobry@przyklad.iq.pl", "action": "check"})
    tick(logged_in, url, 1)
    html = tick(logged_in, url, 1, 2)
    assert "2 accounts ready, from 2 sheets" in html


def test_the_only_sheet_can_be_ticked_where_it_is_hidden(logged_in: Client) -> None:
    url = upload(logged_in, make_workbook({"Pusty": [], "Lista": pupils("7a", 2)}, hidden=["Lista"]))
    assert "sheet" not in form_in(logged_in.get(url).content.decode(), "/reading/").fields
    assert "2 accounts ready" in tick(logged_in, url, 1)


def test_columns_are_said_once_for_all_sheets_with_the_same_names(logged_in: Client) -> None:
    names = ["Kto", "E-mail", "Hasło do poczty"]
    classes = {name: [names, ["Ala", f"{name}@przyklad.iq.pl", "Haslo123"]] for name in ("7a", "7b", "8a")}
    url = upload(
        logged_in, make_workbook({**classes, "Inna": [["E-mail", "Hasło do poczty"], ["x@przyklad.iq.pl", ""]]})
    )
    html = logged_in.get(url).content.decode()
    assert "which have the same names: 7b, 8a." in text_in(html)
    html = send_form(logged_in, url, "/columns/", {"action": "check"})
    assert "4 accounts ready, from 4 sheets" in html
    assert [sheet.columns for sheet in choices().values()] == [(None, Field.EMAIL, Field.PASSWORD)] * 3


def test_a_warning_of_several_sheets_is_said_once(logged_in: Client) -> None:
    sheets = {"7a": pupils("7a"), "7b": pupils("7b"), "Inna": [["E-mail"], ["x@przyklad.iq.pl"]]}
    url = upload(logged_in, make_workbook(sheets))
    assert text_in(logged_in.get(url).content.decode()).count("“Imię” is not known") == 1


def test_rows_are_named_with_their_sheets(logged_in: Client) -> None:
    faulty = [["E-mail"], ["bad"], ["jan@przyklad.iq.pl"]]
    url = upload(logged_in, make_workbook({"7a": faulty, "7b": [["E-mail"], ["ola@przyklad.iq.pl"], ["worse"]]}))
    html = logged_in.get(url).content.decode()
    assert 'name="1-2-email"' in html
    assert 'href="#r2-3-email"' in html
    assert "7b, row 3, E-mail" in text_in(html)
    assert 'name="left_out" value="1-2,2-3"' in html
    assert "Create 2 and leave out 7a: row 2; 7b: row 3" in html
    logged_in.post(url, {"action": "check", "2-3-email": "ewa@przyklad.iq.pl"})
    html = logged_in.get(url).content.decode()
    assert "3 accounts ready, 1 row needs you" in html
    logged_in.post(url, {"action": "create_good", "left_out": "1-2", "version": str(Import.objects.get().version)})
    assert Mailbox.objects.count() == 3


def test_corrections_of_a_sheet_whose_columns_have_changed_are_named(logged_in: Client) -> None:
    url = upload(logged_in, SCHOOL)
    logged_in.post(url, {"action": "check", "2-2-email": "ewa@przyklad.iq.pl"})
    html = send_form(
        logged_in, f"{url}columns/?sheet=2", "/columns/", {"action": "check", "column-0": "email", "column-1": ""}
    )
    assert "This correction no longer fits and was dropped: 7b, row 2, E-mail." in text_in(html)


def test_a_page_older_than_a_correction_unticks_nothing(logged_in: Client) -> None:
    url = upload(logged_in, SCHOOL)
    old_page = form_in(logged_in.get(url).content.decode(), "/reading/").fields
    logged_in.post(url, {"action": "check", "2-2-email": "ewa@przyklad.iq.pl"})
    response = logged_in.post(f"{url}reading/", {**old_page, "sheet": ["1"]}, follow=True)
    assert "The list was changed in another tab." in response.content.decode()
    assert ticked(response.content.decode()) == ["1", "2", "3"]


def test_many_sheets_are_named_with_how_many_others_there_are(logged_in: Client) -> None:
    sheets = {f"k{number}": pupils(f"k{number}", 1) for number in range(20)}
    text = text_in(logged_in.get(upload(logged_in, make_workbook(sheets))).content.decode())
    assert "20 of 20 sheets k0 1, k1 1," in text
    assert "k11 1 and 8 others" in text


def test_sheets_without_names_or_with_many_say_so(logged_in: Client) -> None:
    wide = [["E-mail", *(f"Kolumna {letter}" for letter in "abcdefghijkl")], ["jan@przyklad.iq.pl"]]
    sheets = {"bez": [["ola@przyklad.iq.pl"]], "szeroki": wide, "ukryty": pupils("u", 1)}
    url = upload(logged_in, make_workbook(sheets, hidden=["ukryty"]))
    text = text_in(logged_in.get(url).content.decode())
    assert "bez 1 No names of columns Change columns" in text
    assert "Kolumna a, Kolumna b, Kolumna c, Kolumna d, Kolumna e, Kolumna f, Kolumna g, Kolumna h, Kolumna i… " in text
    assert "ukryty 1 Names of columns in row 1: Imię, E-mail" in text_in(tick(logged_in, url, 1, 2, 3))


def test_a_list_of_one_sheet_has_no_ticks_and_loses_none(logged_in: Client) -> None:
    url = upload(logged_in, b"E-mail\njan@przyklad.iq.pl\n")
    assert 'name="sheet"' not in logged_in.get(url).content.decode()
    assert logged_in.post(f"{url}reading/", {}).headers["Location"] == f"{url}#summary"
    assert logged_in.get(f"{url}reading/").headers["Location"] == url
    assert "1 account ready" in logged_in.get(url).content.decode()


def test_a_file_that_was_refused_has_no_sheets_to_tick(logged_in: Client) -> None:
    url = upload(logged_in, b"\n\n")
    assert logged_in.post(f"{url}reading/", {"sheet": "1"}).status_code == 302
    assert logged_in.get(f"{url}columns/").status_code == 200


def test_ticks_of_a_list_that_has_to_wait_lead_to_its_page(logged_in: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_args: object, **_more: object) -> None:
        raise BusyError

    url = upload(logged_in, SCHOOL)
    monkeypatch.setattr(reading_views, "read", busy)
    assert logged_in.post(f"{url}reading/", {"sheet": "1"}).headers["Location"] == url


def test_a_list_that_could_not_be_opened_yet_is_not_called_unreadable(
    logged_in: Client, customer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_args: object, **_more: object) -> None:
        raise BusyError

    with monkeypatch.context() as patched:
        patched.setattr(views, "check", busy)
        url = upload(logged_in, SCHOOL)
    for page in (reverse("import_list"), reverse("home")):
        text = text_in(logged_in.get(page).content.decode())
        assert "Waiting to be opened, nothing created yet." in text
        assert "could not be read" not in text
    logged_in.get(url)
    assert "accounts read, nothing created yet." in text_in(logged_in.get(reverse("import_list")).content.decode())


def test_over_the_limit_the_oldest_list_is_offered_to_be_discarded(
    logged_in: Client, customer: User, settings: Settings
) -> None:
    settings.MAX_UNFINISHED_LISTS = 1
    oldest = make_checked_import(customer, "E-mail\njan@przyklad.iq.pl\n", filename="stara.csv")
    file = SimpleUploadedFile("nowa.csv", b"E-mail\nola@przyklad.iq.pl\n")
    response = logged_in.post(reverse("import_new"), {"file": file, "action": "check", "default_quota_mb": "700"})
    html = response.content.decode()
    assert "the oldest is stara.csv of" in html
    assert 'value="700"' in html
    assert f'href="{oldest.get_absolute_url()}"' in html
    form = form_in(html, "/discard/")
    logged_in.post(form.action, form.fields)
    assert not Import.objects.exists()


def test_the_domains_offered_are_those_of_the_import(logged_in: Client, domain: Domain) -> None:
    make_domain("foreign.example")
    url = upload(logged_in, SCHOOL)
    offered = form_in(logged_in.get(f"{url}columns/").content.decode(), "/columns/").options["domain"]
    assert offered == ["", domain.name, "xn--w-uga1v8h.pl"]


def test_what_was_typed_into_the_rows_is_stored_with_the_ticks(logged_in: Client) -> None:
    faulty = make_workbook({"7a": [["E-mail"], ["bad"]], "7b": [["E-mail"], ["worse"]]})
    url = upload(logged_in, faulty)
    html = logged_in.get(url).content.decode()
    form = form_in(html, "/reading/")
    assert form.fields["sheet"] == ["1", "2"]
    typed = {"1-2-email": "jan@przyklad.iq.pl", "default_quota_mb": "700", "sheet": ["1"]}
    text = logged_in.post(form.action, {**form.fields, **typed}, follow=True).content.decode()
    assert "1 account ready" in text
    assert Import.objects.get().default_quota == "700"


def test_what_was_typed_into_the_rows_is_stored_on_the_way_to_the_columns(logged_in: Client) -> None:
    url = upload(logged_in, make_workbook({"7a": [["E-mail"], ["bad"]], "7b": [["E-mail"], ["worse"]]}))
    html = logged_in.get(url).content.decode()
    assert ("columns", "2") in form_in(html, "/reading/").buttons
    typed = {"1-2-email": "jan@przyklad.iq.pl", "1-2-email-was": "bad", "columns": "2", "version": "0"}
    assert logged_in.post(f"{url}reading/", typed).headers["Location"] == f"{url}columns/?sheet=2"
    assert [correction.text for correction in load_choices(Import.objects.get()).corrections] == ["jan@przyklad.iq.pl"]
    again = {**typed, "2-2-email": "ola@przyklad.iq.pl", "sheet": "1"}
    del again["columns"]
    response = logged_in.post(f"{url}reading/", again, follow=True)
    assert "The list was changed in another tab." in response.content.decode()
    assert len(load_choices(Import.objects.get()).corrections) == 2, "from an old page, but stored"
    assert ticked(response.content.decode()) == ["1", "2"]


def test_a_workbook_offers_no_encoding_and_no_separator(logged_in: Client) -> None:
    url = upload(logged_in, SCHOOL)
    selects = form_in(logged_in.get(f"{url}columns/").content.decode(), "/columns/").options
    assert [name for name in selects if "column" not in name] == ["sheet", "names", "domain"]
    assert selects["sheet"] == ["1", "2", "3", "4", "5", "6"]


@pytest.mark.parametrize(("language", "semicolon"), [("en", "Semicolon"), ("pl", "Średnik")])
def test_a_text_offers_encodings_and_separators_by_their_names(
    logged_in: Client, language: str, semicolon: str
) -> None:
    url = upload(logged_in, b"E-mail\njan@przyklad.iq.pl\n")
    response = logged_in.get(f"{url}columns/", headers={"accept-language": language})
    html = response.content.decode()
    selects = form_in(html, "/columns/").options
    assert [name for name in selects if "column" not in name] == ["names", "domain", "encoding", "separator"]
    assert selects["separator"] == ["", ",", ";", "\t", "|"]
    assert f">{semicolon}</option>" in html
    assert "cp1250" in selects["encoding"]
    assert html.count(">UTF-8</option>") == 1


def test_two_choices_of_one_page_in_a_hurry_are_both_taken(logged_in: Client) -> None:
    url = upload(logged_in, b"E-mail;Quota\njan@przyklad.iq.pl;500\n")
    form = form_in(logged_in.get(f"{url}columns/").content.decode(), "/columns/")
    logged_in.post(form.action, {**form.fields, "separator": ";"})
    response = logged_in.post(form.action, {**form.fields, "separator": ";", "encoding": "cp1250"}, follow=True)
    assert "another tab" not in response.content.decode()
    reading = load_choices(Import.objects.get()).reading
    assert (reading.encoding, reading.separator) == ("cp1250", ";")


def test_sheets_are_told_apart_by_a_blank_at_the_end_of_their_names(logged_in: Client) -> None:
    sheets = {"Konta": pupils("a", 1), "Konta ": pupils("b", 2)}
    html = tick(logged_in, upload(logged_in, make_workbook(sheets)), 2)
    assert "2 accounts ready" in html
    assert ticked(html) == ["2"]
