"""Which lines of a text are accounts, and whose cells have slipped because lines have run into each other."""

from __future__ import annotations

import pytest

from bulkimport.rows import Field, FileRows
from tests.reading import codes, read


def faults(file: FileRows) -> list[list[str]]:
    return [[problem.code for problem in row.problems] for row in file.rows]


def passwords(file: FileRows) -> list[str]:
    return [row.cells[Field.PASSWORD] for row in file.rows]


@pytest.mark.parametrize("cell", ["ola@a.pl, klasa 1a", "ola@a.pl, tel. 600100200", "ola@a.pl,x"])
def test_a_remark_after_an_address_is_no_password(cell: str) -> None:
    file = read(f'E-mail;Hasło;Pojemność\njan@a.pl;Haslo111;500\n"{cell}";;\n')
    assert file.rows[1].cells == {Field.EMAIL: cell, Field.PASSWORD: "", Field.QUOTA: ""}


def test_a_remark_is_no_password_where_there_are_two_columns_either() -> None:
    assert passwords(read('E-mail;Hasło\njan@a.pl;Haslo111\n"ola@a.pl, klasa 1a";\n')) == ["Haslo111", ""]


def test_a_whole_row_in_one_cell_is_still_read() -> None:
    file = read('E-mail;Hasło;Pojemność\njan@a.pl;Haslo111;500\n"ola@a.pl,Haslo222,700";;\n')
    assert passwords(file) == ["Haslo111", "Haslo222"]


@pytest.mark.parametrize(
    "text",
    [
        "E-mail;Hasło;Uwagi\njan@a.pl;Haslo111;staryola@a.pl;;\newa@a.pl;Haslo333;\n",
        "E-mail;Hasło;Uwagi\njan@a.pl;Haslo111;ola@a.pl;;\n",
        "E-mail;Hasło\njan@a.pl;Haslo(1)ola@a.pl;\newa@a.pl;Haslo333\n",
        "E-mail;Hasło;Przekierowanie;Uwagi\njan@a.pl;Haslo222;a@b.pl;c@b.pl;\newa@a.pl;Haslo111;a@b.pl;\n",
        # The forward of the first is empty, and so is all but the address of the second.
        "E-mail;Hasło;Przekierowanie\njan@a.pl;Haslo222;ewa@a.pl;;\nola@a.pl;Haslo111;a@b.pl\n",
    ],
)
def test_an_address_in_a_row_that_is_longer_than_the_others_has_slipped(text: str) -> None:
    assert faults(read(text))[0] == ["cells_slipped"]


@pytest.mark.parametrize(
    "text",
    [
        "E-mail;Hasło;Uwagi\njan@a.pl;Haslo111;prywatny\nola@a.pl;Haslo222;ola@b.pl\n",
        "E-mail;Hasło;Uwagi\njan@a.pl;Haslo111;;\nola@a.pl;Haslo222;ola@b.pl;\n",
        "E-mail;Hasło;Prywatny\njan@a.pl;Haslo111;jan@b.pl\nola@a.pl;Haslo222;ola@b.pl;;\n",
        "E-mail;Hasło;Przekierowanie\njan@a.pl;Haslo111;jan@b.pl;\nola@a.pl;Haslo222;\n",
        "E-mail;Przekierowanie\njan@a.pl;jan@b.pl;\nola@a.pl;ola@b.pl\n",
    ],
)
def test_an_address_in_a_column_of_remarks_or_other_addresses_has_not_slipped(text: str) -> None:
    assert faults(read(text)) == [[], []]


def test_where_cells_have_slipped_nobody_is_told_to_delete_one() -> None:
    file = read('"E-mail";"Password"\n"janek";"jan@a.pl";"Haslo111"\n')
    assert faults(file) == [["cells_slipped"]]
    assert "the names say" in file.rows[0].problems[0].message


def test_slipped_cells_of_a_list_without_names_are_compared_with_other_rows() -> None:
    file = read("jan@a.pl;Haslo111\nOla Nowak;ola@a.pl\n")
    assert "those of the other rows" in file.rows[1].problems[0].message


@pytest.mark.parametrize(
    ("header", "line"),
    [
        ("#;Login;Domena;Hasło", "#1;jan;a.pl;Haslo111"),
        ("#;Login;Domena;Hasło", "#1;jan;a.pl;"),
        ("Hasło;E-mail", "#Tajne123;jan@szkola,example"),
        ("Hasło;Login;Domena", "#Tajne123;jan;a.pl"),
    ],
)
def test_a_line_with_an_account_is_no_comment(header: str, line: str) -> None:
    file = read(f"{header}\n{line}\n")
    assert (len(file.rows), file.left_out) == (1, 0)


@pytest.mark.parametrize("line", ["#jan@a.pl;Haslo111;a.pl", "# stare konta;;", "#;;a.pl", "#"])
def test_a_comment_is_left_out(line: str) -> None:
    file = read(f"E-mail;Hasło;Domena\nola;Haslo222;a.pl\n{line}\n")
    assert (len(file.rows), file.left_out) == (1, 1)


def test_many_comments_are_not_counted_as_accounts() -> None:
    file = read("E-mail\n" + "".join(f"u{n}@a.pl\n# a\n# b\n# c\n" for n in range(400)))
    assert (len(file.rows), codes(file)) == (400, ["rows_left_out"])


def test_a_sign_of_another_separator_in_a_list_without_names_takes_no_row_apart() -> None:
    (row,) = read("jan@a.pl\tHaslo111\t\t\t;\n").rows
    assert row.cells[Field.PASSWORD] == "Haslo111"


@pytest.mark.parametrize("address", ["jan@a.pl", 'jan@a".pl', '"jan@a.pl'])
def test_an_account_that_has_run_into_the_names_of_the_columns_is_an_error(address: str) -> None:
    file = read(f"E-mail;Hasło;Uwagi{address};Haslo111;\newa@a.pl;Haslo222;\n")
    assert "cells_slipped" in codes(file)
    assert all("Haslo111" not in problem.message for problem in file.problems)
