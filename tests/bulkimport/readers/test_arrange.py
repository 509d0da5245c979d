"""From a book to rows: header, columns, lines that are no accounts, sheets, and the sum that counts every line."""

from collections.abc import Sequence
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkimport.readers import header
from bulkimport.readers.arrange import arrange
from bulkimport.readers.book import Book, Mark, Record, Refusal, Sheet, from_json, to_json
from bulkimport.readers.reading import read_file
from bulkimport.rows import Field, FileRows, Level, Reading, SheetChoice
from tests.reading import codes

NAMES = ["E-mail", "Hasło", "Pojemność"]


def sheet(*rows: Sequence[str], name: str | None = None, blank: int = 0, is_hidden: bool = False) -> Sheet:
    """Return a sheet of these rows, numbered from 1; an empty row is a blank line."""
    records = tuple(Record(line, list(cells)) for line, cells in enumerate(rows, start=1) if any(cells))
    return Sheet(name, records, blank=blank + len(rows) - len(records), is_hidden=is_hidden)


def read(*sheets: Sheet, choices: dict[str, SheetChoice] | None = None, max_rows: int = 500) -> FileRows:
    book = Book("csv" if sheets[0].name is None else "xlsx", sheets=sheets)
    file = arrange(book, Reading(sheets=choices or {}), max_rows=max_rows)
    if not any(problem.level is Level.ERROR and problem.line is None for problem in file.problems):
        assert file.rows_read == len(file.rows) + file.left_out + file.blank
    return file


def emails(file: FileRows) -> list[str]:
    return [row.cells[Field.EMAIL] for row in file.rows]


def message(file: FileRows, code: str) -> str:
    return next(problem.message for problem in file.problems if problem.code == code)


# --- The header ------------------------------------------------------------------------------------------------------
def test_a_title_above_the_names_is_left_out_and_named() -> None:
    file = read(sheet(["Skrzynki"], ["wrzesień"], [], NAMES, ["jan@a.pl", "haslo1", ""]))
    assert emails(file) == ["jan@a.pl"]
    assert codes(file) == ["header_not_first"]
    assert message(file, "header_not_first") == (
        "The names of the columns stand in row 4; rows 1 and 2 above it were left out."
    )
    assert (file.rows_read, file.left_out, file.blank) == (4, 2, 1)


def test_of_two_lines_with_names_the_one_with_more_is_the_header() -> None:
    file = read(sheet(["", "Adres"], ["E-mail", "Hasło"], ["jan@a.pl", "haslo1"]))
    assert file.sheets[0].header_line == 2
    assert emails(file) == ["jan@a.pl"]


def test_a_second_header_with_other_columns_stops_the_file_and_names_its_line() -> None:
    for second, row in ([NAMES, ["ola@a.pl", "haslo2", "500"]], [["E-mail", "", "Hasło"], ["ola@a.pl", "", "haslo2"]]):
        file = read(sheet(["E-mail", "Hasło"], ["jan@a.pl", "haslo1"], second, row))
        assert file.sheets[0].header_line == 1
        assert file.rows == ()
        assert "Row 3 names other columns than row 1" in message(file, "rows_left_out")


def test_a_second_header_that_changes_nothing_is_left_out() -> None:
    for second in (["E-mail", "Hasło", "Uwagi"], ["email", "password"], ["E-mail", "Hasło", "Klasa"]):
        file = read(sheet(["E-mail", "Hasło", "Uwagi"], ["jan@a.pl", "haslo1"], second, ["ola@a.pl", "haslo2"]))
        assert (len(file.rows), file.left_out) == (2, 1)
    assert len(read(sheet(NAMES, ["jan@a.pl", "haslo1"], ["E-mail", "Uwagi", "Hasło"])).rows) == 1, "nothing below it"


@pytest.mark.parametrize(
    "letterhead",
    [
        [["Adres", "ul. Długa 1"], ["biuro@a.pl", "tel. 22 123 45 67"], []],
        [["Konto", "Uczeń"], ["kontakt@a.pl"]],
        [["Adres", "ul. Długa 1"], ["E-mail", "biuro@a.pl"]],
        [["Hasło do poczty - lista"], ["Kontakt", "biuro@a.pl"]],
        [["biuro@a.pl"]],
    ],
)
def test_a_letterhead_with_an_address_hides_no_header(letterhead: list[list[str]]) -> None:
    file = read(sheet(*letterhead, ["E-mail", "Hasło"], ["jan@a.pl", "haslo1"]))
    assert [row.cells for row in file.rows] == [{Field.EMAIL: "jan@a.pl", Field.PASSWORD: "haslo1"}]
    assert codes(file) == ["header_not_first"]


@pytest.mark.parametrize(
    "above",
    [[["ola@a.pl", "haslo2"]], [["ola@a.pl", ""], ["ewa@a.pl", ""]], [["Konto", ""], ["E-mail", ""], ["ola@a.pl", ""]]],
)
def test_accounts_above_the_header_stop_the_file(above: list[list[str]]) -> None:
    lines = sheet(*above, ["E-mail", "Hasło"], ["zenon@a.pl", "haslo1"])
    file = read(lines)
    assert [(problem.code, problem.level) for problem in file.problems] == [("header_not_first", Level.ERROR)]
    chosen = read(lines, choices={"": SheetChoice(header_line=len(above) + 1)})
    assert emails(chosen) == ["zenon@a.pl"], "a person has said so"


@pytest.mark.parametrize(
    "header",
    [
        ["E-mail", "Hasło", "Pojemnośćola@a.pl", "Tajne!kot", "500"],
        ["E-mail", "Hasło", "Pojemność\u2028ola@a.pl", "Tajne!kot", "500"],
        ["Hasło", "Pojemność", "E-mailTajne!kot", "500", "ola@a.pl"],
        ["Imię", "E-mail", "Hasło", "UwagiOla", "ola@a.pl", "Tajne!kot", ""],
    ],
)
def test_a_header_that_has_run_into_an_account_stops_the_file_and_nothing_of_it_is_quoted(header: list[str]) -> None:
    for below in ([["jan@a.pl", "haslo1", "500"]], []):
        file = read(sheet(header, *below))
        assert (file.rows, "cells_slipped" in codes(file)) == ((), True)
        assert not any("Tajne!kot" in problem.message for problem in file.problems)
        assert not any("Tajne!kot" in column.name for column in file.sheets[0].columns)


@pytest.mark.parametrize(
    "header",
    [["Login", "Domena", "Hasłoola", "a.pl", "Tajne1kot"], ["Login", "Domena", "HasłoTajne1kot", "ola", "a.pl"]],
)
def test_a_header_as_long_as_two_rows_is_not_quoted(header: list[str]) -> None:
    file = read(sheet(header, ["jan", "a.pl", "haslo1"]))
    assert not any("Tajne1kot" in problem.message for problem in file.problems)


def test_a_header_stands_in_one_of_the_first_twenty_lines_with_text() -> None:
    titles = [[f"Tytuł {number}"] for number in range(19)]
    assert emails(read(sheet(*titles, NAMES, ["jan@a.pl", "haslo1"]))) == ["jan@a.pl"]
    assert "header_unknown" in codes(read(sheet(["Tytuł"], *titles, NAMES, ["jan@a.pl", "haslo1"])))


def test_a_title_with_an_address_in_it_is_no_account_and_no_header() -> None:
    file = read(sheet(["Kontakt: biuro@a.pl"], NAMES, ["jan@a.pl", "haslo1"]))
    assert emails(file) == ["jan@a.pl"]
    assert codes(file) == ["header_not_first"]


def test_a_name_that_quotes_an_address_is_still_a_name() -> None:
    file = read(sheet(["E-mail (np. jan@firma.pl)", "Hasło"], ["jan@a.pl", "haslo1"]))
    assert emails(file) == ["jan@a.pl"]


def test_a_list_without_names_is_read_in_the_usual_order_and_says_so() -> None:
    file = read(sheet(["jan@a.pl", "haslo1"], ["ola@a.pl", "haslo2"]))
    assert emails(file) == ["jan@a.pl", "ola@a.pl"]
    assert codes(file) == ["no_header"]


def test_unknown_names_stand_above_the_first_address() -> None:
    file = read(sheet(["Lista"], ["Osoba", "Skrzyneczka"], ["Jan", "jan@a.pl"]))
    assert file.sheets[0].header_line == 2
    assert "header_unknown" in codes(file)
    assert [(column.field, column.by) for column in file.sheets[0].columns] == [(None, ""), (Field.EMAIL, "content")]


# --- Which column is which -------------------------------------------------------------------------------------------
def test_a_name_wins_over_an_alias_which_is_named_as_unused() -> None:
    file = read(sheet(["Adres", "E-mail"], ["ul. Polna 1", "jan@a.pl"]))
    assert emails(file) == ["jan@a.pl"]
    assert "“Adres”" in message(file, "column_unknown")


@pytest.mark.parametrize("alias", ["Adres", "Konto", "Mail", "Login"])
def test_an_alias_is_the_address_only_where_its_cells_look_like_it(alias: str) -> None:
    assert emails(read(sheet([alias, "Hasło"], ["jan@a.pl", "haslo1"]))) == ["jan@a.pl"]
    assert "email_column_missing" in codes(read(sheet([alias, "Hasło"], ["ul. Polna 1", "haslo1"])))


def test_of_two_aliases_the_one_with_addresses_is_used() -> None:
    assert emails(read(sheet(["Konto", "Adres"], ["jan@a.pl", "ul. Polna 1"]))) == ["jan@a.pl"]
    both = read(sheet(["Konto", "Mail"], ["jan@a.pl", "ja@b.pl"]))
    assert "“Konto”, “Mail” all mean “E-mail”" in message(both, "column_repeated")


def test_what_is_wrong_with_a_column_of_domains_belongs_to_the_email() -> None:
    for names in (["E-mail", "Domena", "Domena"], ["E-mail", "Domeny"]):
        (problem,) = read(sheet(names, ["jan", "a.pl", "a.pl"])).problems
        assert problem.field is Field.EMAIL


def test_a_column_of_domains_completes_names() -> None:
    file = read(sheet(["login", "domain"], ["jan", "a.pl"], ["ola@a.pl", "a.pl"], ["kot", "@a.pl"]))
    assert emails(file) == ["jan@a.pl", "ola@a.pl", "kot@a.pl"]


def test_another_domain_beside_a_whole_address_is_an_error() -> None:
    cells = [["jan@b.pl", "a.pl"], ["ola@żółw.pl", "@XN--W-uga1v8h.pl."], ["ewa@b.pl", "Haslo111"]]
    file = read(sheet(["E-mail", "Domena"], *cells))
    assert [[(p.code, p.field, p.suggestion) for p in row.problems] for row in file.rows] == [
        [("email_invalid", Field.EMAIL, "")],
        [],
        [],
    ]


def test_a_chosen_domain_completes_names() -> None:
    choices = {"": SheetChoice(domain="a.pl")}
    assert emails(read(sheet(["E-mail"], ["jan"], ["ola@b.pl"]), choices=choices)) == ["jan@a.pl", "ola@b.pl"]


@pytest.mark.parametrize("first", [0, 1])
def test_a_column_without_a_name_that_counts_is_not_used(first: int) -> None:
    rows = [[str(number), f"k{number}@a.pl"] for number in range(first, first + 3)]
    file = read(sheet(["", "E-mail"], *rows))
    assert len(file.rows) == 3
    assert all(not row.problems for row in file.rows)
    assert codes(file) == ["column_index"]


def test_an_index_without_even_a_cell_in_the_header_shifts_nothing() -> None:
    file = read(sheet(["E-mail", "Hasło"], ["1", "jan@a.pl", "haslo1"], ["2", "ola@a.pl", "haslo2"]))
    assert [row.cells for row in file.rows] == [
        {Field.EMAIL: "jan@a.pl", Field.PASSWORD: "haslo1"},
        {Field.EMAIL: "ola@a.pl", Field.PASSWORD: "haslo2"},
    ]


def test_an_index_of_a_list_without_names_is_passed_over() -> None:
    file = read(sheet(["1", "jan@a.pl", "haslo1"], ["2", "ola@a.pl", "haslo2"]))
    assert emails(file) == ["jan@a.pl", "ola@a.pl"]
    assert sorted(codes(file)) == ["column_index", "no_header"]


def test_a_column_without_a_name_that_does_not_count_is_an_error_of_each_row() -> None:
    file = read(sheet(["", "E-mail"], ["7", "jan@a.pl"], ["tajne1", "ola@a.pl"]))
    assert [problem.code for row in file.rows for problem in row.problems] == ["surplus_cell", "surplus_cell"]


def test_a_filled_column_that_looks_like_ours_stops_the_file() -> None:
    file = read(sheet(["E-mail", "Hasło do poczty"], ["jan@a.pl", "haslo1"]))
    assert "column_unclear" in codes(file)
    assert file.rows == ()
    assert "column_unclear" not in codes(read(sheet(["E-mail", "Hasło do poczty"], ["jan@a.pl", ""])))
    both = ["E-mail", "Hasło", "Hasło do poczty"]
    assert "column_unclear" not in codes(read(sheet(both, ["jan@a.pl", "haslo1", "x"])))


@pytest.mark.parametrize(
    ("known", "other"), [("Hasło", "Has?o"), ("Hasło", "Hasło (nowe)"), ("Przekierowanie", "Przekierowanie 2")]
)
def test_a_column_like_ours_that_fills_the_gaps_of_ours_stops_the_file(known: str, other: str) -> None:
    file = read(sheet(["E-mail", known, other], ["jan@a.pl", "x", "y"], ["ola@a.pl", "", "y"]))
    assert f"“{other}”" in message(file, "column_unclear")
    assert codes(read(sheet(["E-mail", known, other], ["jan@a.pl", "x", "y"]))) == ["column_unknown"]


def test_a_garbled_name_is_known_but_the_passwords_below_it_are_not_believed() -> None:
    file = read(sheet(["E-mail", "HasÅ‚o"], ["jan@a.pl", "haslo1"], ["ola@a.pl", "żółć1"]))
    assert [[problem.code for problem in row.problems] for row in file.rows] == [[], ["encoding_broken"]]


def test_a_name_with_question_marks_makes_passwords_with_them_suspect() -> None:
    file = read(sheet(["E-mail", "Has?o"], ["jan@a.pl", "haslo1"], ["ola@a.pl", "za????1"]))
    assert [[problem.code for problem in row.problems] for row in file.rows] == [[], ["encoding_broken"]]


@pytest.mark.parametrize("name", ["Has&#322", "Has&lstrok", "Has&#x142"])
def test_a_name_that_was_cut_at_the_semicolon_of_an_entity_stops_the_file(name: str) -> None:
    assert "column_unclear" in codes(read(sheet(["E-mail", name, "o"], ["jan@a.pl", "haslo1"])))


def test_a_wide_sheet_of_other_things_costs_no_more_than_its_cells() -> None:
    """Each line without an @ is asked whether it is a header again; that must not look at its words one by one."""
    asked: list[str] = []
    rows = [[f"żółć {line} {column} " * 5 for column in range(100)] for line in range(300)]
    with patch.object(header, "garbled_name", side_effect=asked.append):
        read(sheet(["E-mail"], ["jan@a.pl"], name="A"), sheet(*rows, name="B"))
    assert len(asked) < len(rows) * len(rows[0]) / 3, "those of the first lines, a few times"


def test_a_name_that_lacks_letters_stops_the_file() -> None:
    assert "column_unclear" in codes(read(sheet(["E-mail", "Haso"], ["jan@a.pl", "haslo1"])))


def test_what_a_person_says_of_the_columns_comes_first() -> None:
    choices = {"": SheetChoice(columns=(Field.PASSWORD, Field.EMAIL))}
    file = read(sheet(["Haso", "Kto"], ["haslo1", "jan@a.pl"]), choices=choices)
    assert file.rows[0].cells == {Field.PASSWORD: "haslo1", Field.EMAIL: "jan@a.pl"}
    assert codes(file) == []


def test_a_person_can_say_which_line_has_the_names_or_that_none_has() -> None:
    lines = sheet(["E-mail", "Hasło"], ["jan@a.pl", "haslo1"])
    assert len(read(lines, choices={"": SheetChoice(header_line=0)}).rows) == 2
    assert read(lines, choices={"": SheetChoice(header_line=2)}).sheets[0].header_line == 2


# --- Lines that are no accounts --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "cells",
    [
        ["# stare konta", ""],
        ["#jan@a.pl", "haslo1"],
        ["Razem", "1"],
        ["Razem: 12 kont", ""],
        ["Suma", "3"],
        ["Total", ""],
        ["E-mail", "Hasło"],
        ["email", "password"],
    ],
)
def test_comments_totals_and_headers_again_are_left_out_and_can_be_taken_back(cells: list[str]) -> None:
    lines = sheet(["E-mail", "Hasło"], ["jan@a.pl", "haslo1"], cells)
    file = read(lines)
    assert (len(file.rows), file.left_out) == (1, 1)
    assert codes(file) == ["rows_left_out"]
    back = read(lines, choices={"": SheetChoice(taken_back=frozenset({3}))})
    assert (len(back.rows), back.left_out, codes(back)) == (2, 0, [])


@pytest.mark.parametrize(
    "cells", [["Razem", "haslo1"], ["suma@a.pl", "1"], ["", "Suma 3"], ["Sumatra", ""], ["jan", "#haslo1"]]
)
def test_what_may_be_an_account_is_not_left_out(cells: list[str]) -> None:
    file = read(sheet(["E-mail", "Hasło"], ["jan@a.pl", "haslo1"], cells))
    assert (len(file.rows), file.left_out) == (2, 0)


def test_a_password_that_begins_like_a_comment_is_a_password() -> None:
    file = read(sheet(["Hasło", "E-mail"], ["#Haslo12", "jan@a.pl"]))
    assert file.rows[0].cells[Field.PASSWORD] == "#Haslo12"


def test_a_line_above_the_names_can_be_taken_back() -> None:
    lines = sheet(["ola@a.pl", "haslo2"], ["E-mail", "Hasło"], ["jan@a.pl", "haslo1"])
    choices = {"": SheetChoice(taken_back=frozenset({1}))}
    assert emails(read(lines, choices=choices)) == ["ola@a.pl", "jan@a.pl"]


# --- A whole row in one cell -----------------------------------------------------------------------------------------
def test_rows_that_stand_in_one_cell_each_are_taken_apart() -> None:
    file = read(sheet(["E-mail,Hasło,Pojemność"], ["jan@a.pl,haslo1,150"], ['ola@a.pl,"ha,slo2",250'], name="A"))
    assert [list(row.cells.values()) for row in file.rows] == [
        ["jan@a.pl", "haslo1", "150"],
        ["ola@a.pl", "ha,slo2", "250"],
    ]


def test_a_password_with_the_other_separator_is_put_together_again() -> None:
    file = read(sheet(["E-mail,Hasło"], ["jan@a.pl,ha", "slo1"], ["ola@a.pl,haslo2"]))
    assert [row.cells[Field.PASSWORD] for row in file.rows] == ["ha;slo1", "haslo2"]


def test_one_row_with_another_separator_is_read_as_the_row_that_it_was() -> None:
    file = read(sheet(["E-mail", "Hasło"], ["jan@a.pl", "haslo1"], ["ola@a.pl,haslo2"]))
    assert file.rows[1].cells == {Field.EMAIL: "ola@a.pl", Field.PASSWORD: "haslo2"}


def test_two_addresses_in_one_cell_are_no_row_of_their_own() -> None:
    file = read(sheet(["E-mail"], ["jan@a.pl,ola@a.pl"]))
    assert emails(file) == ["jan@a.pl,ola@a.pl"]


# --- Cells -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ('="haslo1"', "haslo1"),
        ('="ha""slo1"', 'ha"slo1'),
        ("'=haslo1", "=haslo1"),
        ("'+haslo1", "+haslo1"),
        ("'80te lata", "'80te lata"),
        ("=haslo1", "=haslo1"),
        ("+haslo1", "+haslo1"),
    ],
)
def test_guards_of_exporters_are_taken_off(cell: str, text: str) -> None:
    assert read(sheet(["E-mail", "Hasło"], ["jan@a.pl", cell])).rows[0].cells[Field.PASSWORD] == text


@pytest.mark.parametrize("text", ["#DZIEL/0!", "#N/D!", "#n/a", "#VALUE!", "Err:502", "Błąd:508", "#######"])
def test_what_a_program_shows_for_an_error_is_no_value(text: str) -> None:
    (row,) = read(sheet(["E-mail", "Hasło", "Klasa"], ["jan@a.pl", text, text])).rows
    assert [(problem.code, problem.field) for problem in row.problems] == [("cell_unreadable", Field.PASSWORD)]


def test_a_number_that_was_shown_with_an_exponent_is_no_password() -> None:
    (row,) = read(sheet(["E-mail", "Hasło"], ["jan@a.pl", "4,86007E+10"])).rows
    assert [problem.code for problem in row.problems] == ["number_format"]


@pytest.mark.parametrize(
    ("header", "cells"),
    [
        (["Imię", "E-mail", "Hasło"], ["ola@a.pl", "Haslo222"]),
        (["E-mail", "Hasło"], ["Haslo222", "ola@a.pl"]),
        (["E-mail", "Hasło"], ["P@ssw0rd", "ola@a.pl"]),
    ],
)
def test_a_row_whose_cells_have_slipped_says_so_and_quotes_nothing(header: list[str], cells: list[str]) -> None:
    file = read(sheet(header, ["Jan", "jan@a.pl", "Haslo111"][-len(header) :], cells))
    (problem,) = file.rows[1].problems
    assert (problem.code, problem.field) == ("cells_slipped", None)
    assert not any(cell in problem.message for cell in cells)


def test_a_column_of_other_addresses_is_no_sign_of_slipped_cells() -> None:
    file = read(sheet(["E-mail", "Prywatny"], ["jan", "jan@b.pl"], ["ola@a.pl", "ola@b.pl"]))
    assert [row.problems for row in file.rows] == [(), ()]


def test_what_is_no_domain_completes_no_name() -> None:
    assert emails(read(sheet(["Login", "Domena"], ["jan", "Haslo111"], ["ola", "a.pl"]))) == ["jan", "ola@a.pl"]


def test_marks_of_cells_become_problems_of_their_rows() -> None:
    marks = (Mark(1, "cell_unreadable"), Mark(2, "number_format", "2 GB"), Mark(3, "cells_merged"))
    names = Record(1, ["E-mail", "Hasło", "Pojemność", "Przekierowanie"])
    book = Sheet("A", (names, Record(2, ["jan@a.pl", "", "2", ""], marks=marks)))
    (row,) = read(book).rows
    assert [(problem.field, problem.code, problem.level, problem.suggestion) for problem in row.problems] == [
        (Field.PASSWORD, "cell_unreadable", Level.ERROR, ""),
        (Field.QUOTA, "number_format", Level.ERROR, "2 GB"),
        (Field.FORWARD, "cells_merged", Level.WARNING, ""),
    ]


def test_a_cell_of_an_unused_column_that_could_not_be_read_matters_to_nobody() -> None:
    names = Record(1, ["E-mail", "Klasa"])
    book = Sheet("A", (names, Record(2, ["jan@a.pl", ""], marks=(Mark(1, "cell_unreadable"),))))
    assert read(book).rows[0].problems == ()


def test_a_row_of_quotation_marks_names_its_first_and_last_line() -> None:
    names = Record(1, ["E-mail", "Hasło"])
    file = read(Sheet(None, (names, Record(2, ["jan", "haslo1"], "quotes", 4), Record(3, ["ola@a.pl", "haslo2"]))))
    (problem,) = file.rows[0].problems
    assert (problem.code, problem.line) == ("quotes", 2)
    assert "line 2" in problem.message
    assert "line 4" in problem.message


def test_hidden_rows_are_read_and_counted() -> None:
    records = (Record(1, ["E-mail"]), Record(2, ["jan@a.pl"], is_hidden=True), Record(3, ["ola@a.pl"]))
    file = read(Sheet("A", records))
    assert len(file.rows) == 2
    assert message(file, "rows_hidden").startswith("1 row is hidden")


# --- Sheets ----------------------------------------------------------------------------------------------------------
def test_every_visible_sheet_with_addresses_is_read_together() -> None:
    file = read(
        sheet(["E-mail"], ["a1@a.pl"], name="7a"),
        sheet(["Imię", "E-mail"], ["Ola", "b1@a.pl"], ["Ewa", "b2@a.pl"], name="7b"),
        sheet(["Plan"], ["poniedziałek"], name="Plan"),
        sheet(["E-mail"], ["tajny@a.pl"], name="Nauczyciele", is_hidden=True),
    )
    assert [(row.sheet, row.line) for row in file.rows] == [("7a", 2), ("7b", 2), ("7b", 3)]
    assert [(s.name, s.rows, s.is_read) for s in file.sheets] == [
        ("7a", 1, True),
        ("7b", 2, True),
        ("Plan", 2, False),
        ("Nauczyciele", 1, False),
    ]
    assert [code for code in codes(file) if code.startswith("sheet")] == ["sheet_not_read", "sheet_hidden"]
    assert "“Plan” was not read: it has 2 rows" in message(file, "sheet_not_read")


def test_the_sheet_is_named_only_where_several_were_read() -> None:
    file = read(sheet(["E-mail"], ["jan@a.pl"], name="A"), sheet(["Uwagi"], name="B"))
    assert file.rows[0].sheet is None
    assert file.find_sheet_name(file.rows[0].place) == "A"


def test_sheets_can_be_ticked_and_unticked() -> None:
    sheets = (sheet(["E-mail"], ["a1@a.pl"], name="7a"), sheet(["E-mail"], ["b1@a.pl"], name="7b", is_hidden=True))
    both = read(*sheets, choices={"7b": SheetChoice(is_read=True)})
    assert emails(both) == ["a1@a.pl", "b1@a.pl"]
    other = read(*sheets, choices={"7a": SheetChoice(is_read=False), "7b": SheetChoice(is_read=True)})
    assert emails(other) == ["b1@a.pl"]
    none = read(*sheets, choices={"7a": SheetChoice(is_read=False), "7b": SheetChoice(is_read=False)})
    assert codes(none) == ["no_sheet"]


def test_a_list_alone_in_a_hidden_sheet_is_named() -> None:
    file = read(sheet(["E-mail"], ["jan@a.pl"], name="A", is_hidden=True))
    assert sorted(codes(file)) == ["no_sheet", "sheet_hidden"]


def test_places_have_the_same_key_whichever_sheets_are_read() -> None:
    sheets = (sheet(["E-mail"], ["a1@a.pl"], name="7a"), sheet(["E-mail"], ["b1@a.pl"], name="7b"))
    both, one = read(*sheets), read(*sheets, choices={"7a": SheetChoice(is_read=False)})
    assert [both.key(row.place) for row in both.rows] == ["1-2", "2-2"]
    assert [one.key(row.place) for row in one.rows] == ["2-2"]
    assert one.place("2-2") == one.rows[0].place
    assert one.place("1-2") == both.rows[0].place
    assert [both.place(key) for key in ("2", "9-2", "x", "")] == [None, None, None, None]


def test_too_many_accounts_of_all_sheets_together_are_refused() -> None:
    sheets = (sheet(["E-mail"], ["a1@a.pl"], name="7a"), sheet(["E-mail"], ["b1@a.pl"], name="7b"))
    assert "too_many_accounts" in codes(read(*sheets, max_rows=1))
    assert "too_many_accounts" in codes(read(Sheet(None, sheets[0].records, more=500)))


def test_lines_that_nobody_has_sorted_are_not_called_accounts() -> None:
    records = sheet(["E-mail"], ["a1@a.pl"], ["# stare"]).records
    said = message(read(Sheet(None, records, more=500)), "too_many_accounts")
    assert "502 lines with text, for at most 500 accounts" in said
    records = sheet(["E-mail"], *[[f"a{n}@a.pl"] for n in range(9)], ["# stare"]).records
    said = message(read(Sheet(None, records, more=5), max_rows=5), "too_many_accounts")
    assert said.startswith("The file has more than 9 accounts; at most 5 fit")


# --- As a whole ------------------------------------------------------------------------------------------------------
def test_a_refusal_is_said_in_the_language_of_the_moment() -> None:
    book = Book("xlsx", refusal=Refusal("sheet_binary"))
    assert arrange(book, Reading(), max_rows=5).problems[0].message.startswith("The file is a binary workbook (XLSB).")


cell = st.sampled_from(
    [
        "",
        " ",
        "E-mail",
        "Hasło",
        "Has?o",
        "Razem",
        "#x",
        "jan@a.pl",
        "ola@a.pl,haslo1",
        "haslo1",
        "1",
        "2",
        "Adres",
        "x",
    ]
)
grid = st.lists(st.lists(cell, max_size=4), min_size=1, max_size=8)


@given(st.lists(st.tuples(grid, st.booleans()), min_size=1, max_size=3))
def test_every_line_is_an_account_left_out_blank_or_the_header(grids: list[tuple[list[list[str]], bool]]) -> None:
    sheets = [sheet(*rows, name=f"S{number}", is_hidden=hidden) for number, (rows, hidden) in enumerate(grids)]
    file = read(*sheets)
    read_sheets = {each.name for each in file.sheets if each.is_read}
    headers = sum(bool(each.header_line) for each in file.sheets if each.is_read)
    lines = sum(len(each.records) + each.blank for each in sheets if each.name in read_sheets)
    assert file.rows_read == lines - headers
    named = [problem.message for problem in file.problems if problem.code in ("sheet_not_read", "sheet_hidden")]
    unread = [each.name for each in sheets if each.name not in read_sheets]
    assert len(named) == len(unread)
    assert all(f"“{name}”" in message for name, message in zip(unread, named, strict=True))


@given(st.lists(grid, min_size=1, max_size=3))
def test_a_stored_book_is_the_book(grids: list[list[list[str]]]) -> None:
    marked = Record(99, ["x"], "quotes", 101, (Mark(0, "number_format", "2 GB"),), True)
    sheets = tuple(
        Sheet(f"S{number}", (*sheet(*rows).records, marked), more=number, blank=2, is_hidden=True, is_cut=True)
        for number, rows in enumerate(grids)
    )
    book = Book("xlsx", None, ";", sheets, Refusal("file_empty", "2"))
    assert from_json(to_json(book)) == book


# --- Letters that were garbled ---------------------------------------------------------------------------------------
def garbled(file: FileRows) -> list[str]:
    return [row.cells[Field.PASSWORD] for row in file.rows if any(p.code == "encoding_broken" for p in row.problems)]


def test_one_garbled_password_makes_all_with_letters_outside_ascii_suspect() -> None:
    rows = [["jan@a.pl", "za¿ó³æ1"], ["ola@a.pl", "£ódka123"], ["ewa@a.pl", "œliwka88"], ["jim@a.pl", "mapa123"]]
    assert garbled(read(sheet(["E-mail", "Password"], *rows))) == ["za¿ó³æ1", "£ódka123", "œliwka88"]


@pytest.mark.parametrize(
    ("name", "cell"), [("Imiê", "x"), ("ImiÄ™", "x"), ("Imi?", "x"), ("Has?o do WiFi", "x"), ("Nazwisko", "Zió³kowski")]
)
def test_a_garbled_name_or_cell_of_an_unused_column_makes_passwords_suspect(name: str, cell: str) -> None:
    file = read(sheet([name, "E-mail", "Password"], [cell, "jan@a.pl", "Gêœla77"], ["x", "ola@a.pl", "mapa123"]))
    assert garbled(file) == ["Gêœla77"]


def test_a_question_in_an_unused_column_proves_nothing() -> None:
    file = read(sheet(["Uwagi?", "E-mail", "Hasło"], ["Imi?", "jan@a.pl", "żół?w12"]))
    assert garbled(file) == []


def test_the_sign_that_stands_for_a_letter_in_a_name_makes_passwords_with_it_suspect() -> None:
    rows = [["jan@a.pl", "ma_pa123"], ["ola@a.pl", "ma?pa123"]]
    assert garbled(read(sheet(["E-mail", "Has_o"], *rows))) == ["ma_pa123"]
    assert garbled(read(sheet(["E-mail", "Has?o"], *rows))) == ["ma?pa123"]


def test_names_whose_letters_have_become_others_of_ascii_are_unclear() -> None:
    assert codes(read(sheet(["E-mail", "Has3o"], ["jan@a.pl", "ma3pa123"]))) == ["column_unclear"]


def test_the_sheets_of_a_list_share_their_damage() -> None:
    file = read(
        sheet(["E-mail", "Password"], ["jan@a.pl", "za¿ó³æ1"], name="A"),
        sheet(["E-mail", "Password"], ["ola@a.pl", "£ódka123"], name="B"),
    )
    assert garbled(file) == ["za¿ó³æ1", "£ódka123"]


@pytest.mark.parametrize(
    ("encoding", "header", "rows", "is_guessed"),
    [
        ("cp1250", ["E-mail", "Password"], [["jan@a.pl", "Ąabcd1"]], True),
        ("cp1250", ["E-mail", "Password"], [["jan@a.pl", "abcd12"]], False),
        ("cp1250", ["E-mail", "Hasło"], [["jan@a.pl", "Ąabcd1"]], False),
        ("cp1250", ["Dział", "E-mail", "Password"], [["", "jan@a.pl", "Ąabcd1"]], False),
        ("cp1250", ["Dziął", "E-mail", "Password"], [["", "jan@a.pl", "Ąabcd1"]], True),
        ("cp1250", ["E-mail", "Password", "Osoba"], [["jan@a.pl", "Ąabcd1", "Łukasz Kot"]], False),
        ("iso-8859-2", ["E-mail", "Hasło"], [["jan@a.pl", "ąabc12"]], True),
        ("iso-8859-2", ["E-mail", "Hasło"], [["jan@a.pl", "haŚslo1"]], True),
        ("cp1250", ["E-mail", "Password"], [["jan@a.pl", "zażółć1"], ["ola@a.pl", "gęśl1"]], False),
        ("utf-8", ["E-mail", "Password"], [["jan@a.pl", "Ąabcd1"]], False),
        (None, ["E-mail", "Password"], [["jan@a.pl", "Ąabcd1"]], False),
    ],
)
def test_a_code_page_that_few_letters_tell_is_a_warning(
    encoding: str | None, header: list[str], rows: list[list[str]], is_guessed: bool
) -> None:
    book = Book("csv", encoding, ";", (sheet(header, *rows),))
    assert ("encoding_guessed" in codes(arrange(book, Reading(), max_rows=5))) == is_guessed
    assert "encoding_guessed" not in codes(arrange(book, Reading(encoding=encoding or "cp1250"), max_rows=5))


@pytest.mark.parametrize(("encoding", "name"), [("cp852", "Dział"), ("mac-latin2", "Imię"), ("cp1250", "Płeć")])
def test_a_polish_word_tells_the_code_page(encoding: str, name: str) -> None:
    file = read_file(f"{name};E-mail;Password\nx;jan@a.pl;kątekŚ1\n".encode(encoding), max_rows=5)
    assert file.dialect.encoding == encoding
    assert codes(file) == ["column_unknown"]
