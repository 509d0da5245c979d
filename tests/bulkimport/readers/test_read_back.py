"""Lists written by real programs and libraries read back as they were written, over all their sheets."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Callable
from typing import Any

import odfdo
import openpyxl
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Domain
from accounts.validators import clean_password
from bulkimport.columns import COLUMNS
from bulkimport.readers.arrange import arrange
from bulkimport.readers.book import Book
from bulkimport.readers.garbled import is_garbled
from bulkimport.readers.reading import AS_DETECTED, open_book
from bulkimport.rows import Field, FileRows
from bulkimport.validation import validate
from tests.bulkimport.readers import biff
from tests.factories import make_domain

POLISH = [column.names[0] for column in COLUMNS]
ENGLISH = [column.names[1] for column in COLUMNS]
Rows = list[tuple[str, str, int, str, str]]
Sheets = list[tuple[str, list[str], Rows]]

LETTERS = "abcXYZ019ąćęłńóśźżĄĆĘŁŃÓŚŹŻäöüßéèñçÅøč !.#%&*+-/=?_;,|\"'\t"


def is_kept(password: str) -> bool:
    """Tell whether a password is one that is taken as it stands.

    Outer blanks and the guards of exporters are no part of it; at random, letters come together as only wrong decoding
    puts them, and then the person is asked.
    """
    is_guarded = password.startswith(("'=", "'+", "'-", "'@"))
    return password == password.strip() and not is_guarded and "\t" not in password and not is_garbled(password)


password = st.text(LETTERS, min_size=1, max_size=12).map(lambda text: f"{text}Haslo1").filter(is_kept)
address = st.text("abcz019", min_size=1, max_size=8).map("{}@example.pl".format)
row = st.tuples(
    address, st.just("") | password, st.integers(1, 9_000), st.just("") | address, st.sampled_from(["Tak", "Nie"])
)
rows = st.lists(row, min_size=1, max_size=6)
sheets = st.lists(st.tuples(st.sampled_from([POLISH, ENGLISH]), rows), min_size=1, max_size=3).map(
    lambda made: [(f"Klasa {number}", header, rows) for number, (header, rows) in enumerate(made, start=1)]
)


def by_xlsxwriter(sheets: Sheets) -> bytes:
    output = io.BytesIO()
    with xlsxwriter.Workbook(output, {"in_memory": True, "strings_to_formulas": False}) as workbook:
        for name, header, rows in sheets:
            sheet = workbook.add_worksheet(name)
            for line, cells in enumerate([header, *rows]):
                for column, cell in enumerate(cells):
                    write = sheet.write_number if isinstance(cell, int) else sheet.write_string
                    write(line, column, cell)
    return output.getvalue()


def by_openpyxl(sheets: Sheets) -> bytes:
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    for name, header, rows in sheets:
        sheet = workbook.create_sheet(name)
        for line, cells in enumerate([header, *rows], start=1):
            for column, value in enumerate(cells, start=1):
                cell = sheet.cell(line, column, value)
                if isinstance(value, str):
                    cell.data_type = "s"  # or it makes formulas of texts
    output = io.BytesIO()
    workbook.save(output)
    return output.getvalue()


def by_odfdo(sheets: Sheets) -> bytes:
    document = odfdo.Document("spreadsheet")
    document.body.clear()
    for name, header, rows in sheets:
        sheet = odfdo.Table(name)
        for cells in [header, *rows]:
            written = odfdo.Row()
            for cell in cells:
                written.append_cell(odfdo.Cell(cell), clone=False)
            sheet.append_row(written, clone=False)
        document.body.append(sheet)
    output = io.BytesIO()
    document.save(output)
    return output.getvalue()


def by_records(sheets: Sheets) -> bytes:
    """Write an XLS of Excel 97, record by record."""
    pages = []
    for name, header, rows in sheets:
        records = b"".join(
            biff.number(line, column, cell) if isinstance(cell, int) else biff.label(line, column, cell)
            for line, cells in enumerate([header, *rows])
            for column, cell in enumerate(cells)
            if cell != ""
        )
        pages.append(biff.Page(records, name))
    return biff.xls(*pages)


WRITERS = [by_xlsxwriter, by_openpyxl, by_odfdo, by_records]


def list_cells(file: FileRows) -> list[tuple[str | None, str, str, str, str, str]]:
    wanted = (Field.EMAIL, Field.PASSWORD, Field.QUOTA, Field.FORWARD, Field.KEEP_COPY)
    return [(each.sheet, *(each.cells[field] for field in wanted)) for each in file.rows]


@pytest.mark.parametrize("write", WRITERS)
def test_a_workbook_reads_back_as_it_was_written(write: Callable[[Sheets], bytes]) -> None:
    @given(sheets)
    @settings(max_examples=15)
    def check(made: Sheets) -> None:
        file = arrange(open_book(write(made), max_rows=500), AS_DETECTED, max_rows=500)
        names = [name if len(made) > 1 else None for name, _header, _rows in made]
        wanted = [
            (name, email, password, str(quota), forward, kept)
            for name, (_name, _header, rows) in zip(names, made, strict=True)
            for email, password, quota, forward, kept in rows
        ]
        assert list_cells(file) == wanted
        assert [problem for each in file.rows for problem in each.problems] == []
        assert file.rows_read == len(file.rows) + file.left_out + file.blank == len(wanted)

    check()


faulty = st.sampled_from(
    ["", "bad", "Razem", "E-mail", "# stare", "jan@example.pl", "ola@example.pl", "x@obca.example"]
)
lines = st.lists(
    st.tuples(faulty, st.sampled_from(["", "Haslo123", "x"]), st.integers(1, 9), faulty, st.just("")), max_size=6
)
mixed = st.lists(st.tuples(st.sampled_from([POLISH, ENGLISH, ["Plan"]]), lines), min_size=1, max_size=3).map(
    lambda made: [(f"Klasa {number}", header, rows) for number, (header, rows) in enumerate(made, start=1)]
)


@pytest.mark.django_db
@pytest.mark.parametrize("write", WRITERS)
def test_every_line_of_every_sheet_is_a_draft_or_an_error_or_left_out_or_blank(
    write: Callable[[Sheets], bytes],
) -> None:
    domain = make_domain("example.pl")

    @given(mixed)
    @settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def check(made: Sheets) -> None:
        file = arrange(open_book(write(made), max_rows=500), AS_DETECTED, max_rows=500)
        counts = validate(file, domains=Domain.objects.filter(pk=domain.pk)).counts
        parts = ("drafts", "errors", "left_out", "blank")
        assert counts["rows"] == sum(counts[part] for part in parts)
        read = [sheet for sheet in file.sheets if sheet.is_read]
        written = {name: len(rows) for name, header, rows in made if header != ["Plan"]}
        if all(sheet.name in written and sheet.header_line == 1 for sheet in read):
            assert counts["rows"] == sum(written[sheet.name] for sheet in read)

    check()


@given(password, st.sampled_from(["NFC", "NFD"]))
def test_a_password_is_stored_as_it_is_typed_on_a_keyboard(text: str, form: Any) -> None:
    assert clean_password(unicodedata.normalize(form, text)) == text


def test_a_workbook_of_many_sheets_keeps_each_row_at_its_place() -> None:
    made: Sheets = [(f"K{n}", POLISH, [(f"u{n}@example.pl", "Haslo12", 5, "", "Nie")]) for n in range(1, 31)]
    file = arrange(open_book(by_xlsxwriter(made), max_rows=500), AS_DETECTED, max_rows=500)
    assert [each.place for each in file.rows] == [(f"K{n}", 2) for n in range(1, 31)]


@given(rows, st.sampled_from([",", ";", "\t", "|"]), st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
@settings(max_examples=60)
def test_a_text_that_was_saved_as_one_column_reads_back_too(made: Rows, separator: str, quoting: Any) -> None:
    """Another program has opened the text in its first column, and saved it with its own separator."""
    lines = io.StringIO(newline="")
    csv.writer(lines, delimiter=separator, quoting=quoting).writerows([POLISH, *made])
    saved = io.StringIO(newline="")
    other = ";" if separator != ";" else ","
    for line in lines.getvalue().splitlines():
        csv.writer(saved, delimiter=other).writerow([line, ""])
    book: Book = open_book(saved.getvalue().encode(), max_rows=500)
    file = arrange(book, AS_DETECTED, max_rows=500)
    assert list_cells(file) == [(None, *map(str, cells)) for cells in made]
