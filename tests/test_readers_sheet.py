import datetime
import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st
from odfdo import Document, Row, Table

from bulkimport.readers import sheet, sheet_child
from bulkimport.readers.table import RefusedError
from bulkimport.rows import Dialect, Field
from tests.reading import cells, codes, is_sound, only_problem, read, row_codes
from tests.spreadsheets import (
    ODS_MANIFEST,
    SHEET,
    SHEET_PATH,
    ods,
    ods_cell,
    ods_table,
    xlsx,
    xlsx_cell,
    xlsx_members,
    zipped,
)

SAMPLES = Path(__file__).parent / "samples"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
HEADER = '<row r="1">' + xlsx_cell("A1", "E-mail") + xlsx_cell("B1", "Hasło") + "</row>"


def workbook(**sheets: list[list[object]]) -> bytes:
    """Return an XLSX of the given sheets; one whose name begins with hidden is hidden."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        page = book.create_sheet(name)
        page.sheet_state = "hidden" if name.startswith("hidden") else "visible"
        for row in rows:
            page.append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def odfdo_document(*rows: list[object]) -> bytes:
    document = Document("ods")
    document.body.clear()
    table = Table("Accounts")
    for values in rows:
        row = Row()
        row.set_values(values)
        table.append_row(row)
    document.body.append(table)
    content = io.BytesIO()
    document.save(content)
    return content.getvalue()


# --- Which sheet -----------------------------------------------------------------------------------------------------
def test_the_first_visible_sheet_with_an_email_column_is_read():
    content = workbook(
        hidden=[["E-mail"], ["h@b.pl"]], Notes=[["Notes"]], List=[[], ["Hasło", "E-mail"], ["x", "a@b.pl"]]
    )
    file = read(content)
    assert file.dialect == Dialect("xlsx", None, None, True, "List")
    assert [(row.line, row.cells[Field.EMAIL]) for row in file.rows] == [(3, "a@b.pl")]


def test_without_an_email_column_the_first_sheet_with_something_is_read():
    file = read(workbook(Empty=[], First=[["a@b.pl"]], Second=[["c@d.pl"]]))
    assert file.dialect.sheet == "First"
    assert codes(file) == ["no_header"]


def test_a_chosen_sheet_is_read():
    content = workbook(One=[["E-mail"], ["a@b.pl"]], Two=[["E-mail"], ["c@d.pl"]])
    assert cells(read(content, sheet="Two")) == [("c@d.pl",)]
    problem = only_problem(read(content, sheet="Three"))
    assert problem.code == "sheet_missing"
    assert "“Three”" in problem.message


def test_a_spreadsheet_without_anything_is_empty():
    assert codes(read(workbook(One=[], Two=[]))) == ["file_empty"]
    assert codes(read(workbook(One=[["E-mail"]], Two=[]), sheet="Two")) == ["file_empty"]


def test_sheets_beyond_the_bound_are_not_opened():
    content = workbook(**{f"s{number}": [[number]] for number in range(25)})
    assert len(sheet_child.answer(content)["sheets"]) == sheet_child.MAX_SHEETS


# --- Rows and values -------------------------------------------------------------------------------------------------
def test_rows_keep_the_numbers_that_the_spreadsheet_shows():
    content = workbook(List=[[], [], ["E-mail"], ["a@b.pl"], [], ["c@d.pl"], [" "], []])
    file = read(content)
    assert [row.line for row in file.rows] == [4, 6]
    assert (file.rows_read, file.blank) == (4, 2)


def test_values_are_the_text_that_a_person_would_type():
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        page = book.add_worksheet("List")
        page.write_row(0, 0, ["E-mail", "Hasło"])
        values = [500.0, 0.5, 12345678901234567890, 1e-7, True, "00123", " =1+1", "zażółć\xa0"]
        for number, value in enumerate(values, start=1):
            page.write(number, 0, "a@b.pl")
            page.write(number, 1, value)
        page.write(9, 0, "a@b.pl")
        page.write_datetime(
            9, 1, datetime.datetime(2024, 5, 6, 7, 8, 9), book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        )
    found = [row.cells[Field.PASSWORD] for row in read(content.getvalue()).rows]
    assert found[:2] == ["500", "0.5"]
    assert found[2].isdecimal() and found[2].startswith("1234567890123456")
    assert found[3:] == ["0.0000001", "true", "00123", " =1+1", "zażółć\xa0", "2024-05-06 07:08:09"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (False, "false"),
        (7, "7"),
        (1e22, "1" + "0" * 22),
        (-2.50, "-2.5"),
        (float("inf"), "inf"),
        (datetime.date(2024, 1, 2), "2024-01-02"),
        (datetime.time(3, 4, 5), "03:04:05"),
        (datetime.timedelta(days=1, hours=12, seconds=5), "36:00:05"),
        ("x" * 20_000, "x" * 10_001),
    ],
)
def test_a_value_becomes_text(value, text):
    assert sheet_child.as_text(value) == text


def test_no_typed_value_can_pass_as_a_password_that_nobody_chose():
    typed = [True, 1e300, 1.5e-9, datetime.datetime(2024, 1, 2, 3, 4, 5), datetime.timedelta(days=40), 12.5]
    for value in typed:
        text = sheet_child.as_text(value)
        assert not (any(c.isalpha() for c in text) and any(c.isdigit() for c in text))


def test_merged_cells_count_once():
    book = openpyxl.Workbook()
    page = book.active
    page.append(["E-mail", "Hasło"])
    page.append(["a@b.pl", "x1"])
    page.merge_cells("A3:B3")
    page["A3"] = "c@d.pl"
    content = io.BytesIO()
    book.save(content)
    assert cells(read(content.getvalue())) == [("a@b.pl", "x1"), ("c@d.pl", "")]


def test_a_row_below_the_bound_is_told_not_lost():
    content = xlsx(HEADER + f'<row r="20001">{xlsx_cell("A20001", "a@b.pl")}</row>')
    problem = only_problem(read(content))
    assert problem.code == "sheet_too_long"
    assert "“List” has something below row 20,000" in problem.message


def test_text_beyond_a_hundred_columns_is_told_not_lost():
    rows = HEADER + '<row r="2">' + xlsx_cell("A2", "a@b.pl") + xlsx_cell("EZ2", "z") + "</row>"
    assert row_codes(read(xlsx(rows))) == [(2, "surplus_cell", None)]
    wide = f'<row r="1">{xlsx_cell("A1", "E-mail")}{xlsx_cell("EZ1", "z")}</row>'
    assert codes(read(xlsx(wide))) == ["too_many_columns"]


def test_cells_with_an_error_or_without_a_result_are_told_not_lost():
    rows = HEADER + (
        f'<row r="2">{xlsx_cell("A2", "a@b.pl")}<c r="B2" t="e"><f>1/0</f><v>#DIV/0!</v></c></row>'
        f'<row r="3">{xlsx_cell("A3", "c@d.pl")}<c r="B3"><f>1+1</f><v></v></c></row>'
        f'<row r="4">{xlsx_cell("A4", "e@f.pl")}<c r="B4"><f>1+1</f><v>2</v></c></row>'
        f'<row r="5">{xlsx_cell("A5", "g@h.pl")}<c r="B5" t="str"><f>""</f><v></v></c></row>'
        '<row r="6"><c r="D6" t="e"><v>#N/A</v></c></row>'
        "<row><c t='e'><v>#N/A</v></c><c t='e'><v>#N/A</v></c></row>"
    )
    file = read(xlsx(rows))
    assert row_codes(file) == [
        (2, "cell_unreadable", Field.PASSWORD),
        (3, "cell_unreadable", Field.PASSWORD),
        (6, "surplus_cell", None),
        (7, "cell_unreadable", Field.EMAIL),
        (7, "cell_unreadable", Field.PASSWORD),
    ]
    assert [row.cells[Field.PASSWORD] for row in file.rows] == ["", "", "2", "", "", ""]


def test_lost_cells_are_found_by_sheet():
    content = xlsx(HEADER + '<row r="3"><c r="AB3" t="e"><v>#N/A</v></c></row>')
    assert sheet_child.lost_cells(content) == {"List": {(2, 27)}}
    rows = (
        ods_cell("a") + ods_cell("b", ""),
        f'<table:table-row table:number-rows-repeated="2">{ods_cell("c", "")}</table:table-row>',
    )
    assert sheet_child.lost_cells(ods(ods_table(*rows))) == {"List": {(0, 1), (1, 0), (2, 0)}}
    assert sheet_child.lost_cells(b"") == {}


def test_a_workbook_that_names_its_parts_in_other_ways_is_read():
    members = xlsx_members(SHEET.format(rows=HEADER + f'<row r="2">{xlsx_cell("A2", "a@b.pl")}</row>'))
    links = str(members["xl/_rels/workbook.xml.rels"])
    absolute = {**members, "xl/_rels/workbook.xml.rels": links.replace("worksheets/", "/xl/worksheets/")}
    assert read(zipped(absolute)).rows_read == 1
    assert sheet_child.lost_cells(zipped({"xl/other.xml": "<x/>"})) == {}
    assert sheet_child.lost_cells(zipped({**members, "xl/_rels/workbook.xml.rels": links.replace("rId1", "no")})) == {}


# --- OpenDocument ----------------------------------------------------------------------------------------------------
def test_a_document_of_odfdo_is_read():
    file = read(odfdo_document(["E-mail", "Pojemność", "Hasło"], ["a@b.pl", 500, "x1"], ["c@d.pl", None, "y2"]))
    assert (file.dialect.format, file.dialect.sheet) == ("ods", "Accounts")
    assert cells(file) == [("a@b.pl", "500", "x1"), ("c@d.pl", "", "y2")]


def test_repeated_and_covered_cells_of_a_document_are_read():
    repeated = '<table:table-row table:number-rows-repeated="{}">{}</table:table-row>'
    covered = ods_cell("", "", "covered-table-cell")
    blank = '<table:table-cell table:number-columns-repeated="{}"/>'
    percentage = ods_cell("5%", 'office:value-type="percentage" office:value="5"')
    currency = ods_cell("7 zł", 'office:value-type="currency" office:value="7"')
    content = ods(
        ods_table(
            ods_cell("E-mail") + ods_cell("Hasło") + ods_cell("Pojemność"),
            repeated.format(2, ""),
            ods_cell("a@b.pl") + covered + percentage,
            ods_cell("c@d.pl") + blank.format(1) + currency,
            repeated.format(1_000_000, blank.format(1024)),
        )
    )
    file = read(content)
    assert [row.line for row in file.rows] == [4, 5]
    assert cells(file) == [("a@b.pl", "", "5"), ("c@d.pl", "", "7")]
    assert file.blank == 2


def test_hidden_sheets_of_a_document_are_passed_over():
    content = ods(
        ods_table(ods_cell("E-mail"), ods_cell("h@b.pl"), name="H", style="hidden") + ods_table(ods_cell("a@b.pl"))
    )
    assert read(content).dialect.sheet == "List"


def test_a_comment_in_a_document_is_no_text_of_its_cell():
    note = "<table:table-cell><office:annotation><text:p>ask her</text:p></office:annotation></table:table-cell>"
    content = ods(
        ods_table(
            ods_cell("E-mail") + ods_cell("Hasło"),
            ods_cell("a@b.pl") + note + "<table:table-cell/>" + note,
            note,
            ods_cell("<text:span>c@d.pl</text:span>") + ods_cell("tajne1"),
        )
    )
    file = read(content)
    assert row_codes(file) == []
    assert cells(file) == [("a@b.pl", ""), ("c@d.pl", "tajne1")]


def test_the_text_of_a_drawing_is_no_text_of_a_cell():
    box = '<draw:frame xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0"><draw:text-box>'
    box += "<text:p>one<text:line-break/>two</text:p></draw:text-box></draw:frame>"
    table = ods_table(ods_cell("E-mail"), ods_cell("a@b.pl"))
    drawn = table.replace("<table:table-row>", f"<table:shapes>{box}</table:shapes><table:table-row>", 1)
    assert cells(read(ods(drawn))) == [("a@b.pl",)]


@pytest.mark.parametrize("gap", ["<text:tab/>", "<text:line-break/>"])
def test_a_tab_or_line_break_in_a_document_joins_nothing_in_silence(gap):
    content = ods(ods_table(ods_cell("E-mail") + ods_cell("Hasło"), ods_cell("a@b.pl") + ods_cell(f"abc{gap}b1")))
    assert row_codes(read(content)) == [(2, "cell_unreadable", Field.PASSWORD)]


def test_cells_of_a_document_without_type_or_with_an_error_are_told_not_lost():
    error = 'office:value-type="string" office:string-value="" calcext:value-type="error"'
    content = ods(
        ods_table(
            ods_cell("E-mail") + ods_cell("Hasło"),
            ods_cell("a@b.pl") + ods_cell("tajne1", ""),
            ods_cell("c@d.pl") + ods_cell("#N/A", error),
            f'<table:table-row table:number-rows-repeated="2">{ods_cell("e@f.pl", "")}</table:table-row>',
            ods_cell("g@h.pl") + ods_cell("36:00:00", 'office:value-type="time" office:time-value="PT36H00M00S"'),
        )
    )
    file = read(content)
    assert row_codes(file) == [
        (2, "cell_unreadable", Field.PASSWORD),
        (3, "cell_unreadable", Field.PASSWORD),
        (4, "cell_unreadable", Field.EMAIL),
        (5, "cell_unreadable", Field.EMAIL),
        (6, "cell_unreadable", Field.PASSWORD),
    ]


@pytest.mark.parametrize("content", [ods(ods_table(ods_cell("E-mail")), mimetype=None), ods("", manifest=None)])
def test_a_document_that_the_library_does_not_take_is_refused(content):
    assert codes(read(content)) == ["sheet_unreadable"]


# --- What is no readable spreadsheet ---------------------------------------------------------------------------------
def test_other_archives_and_containers_are_no_tables():
    assert codes(read(zipped({"letter.txt": "x"}))) == ["not_a_table"]
    assert codes(read(zipped({"[Content_Types].xml": "x", "word/document.xml": "x"}))) == ["not_a_table"]
    assert codes(read(ods("", mimetype="application/vnd.oasis.opendocument.text"))) == ["not_a_table"]
    assert codes(read(OLE + b"\0" * 600 + "WordDocument".encode("utf-16-le"))) == ["not_a_table"]


def test_a_damaged_spreadsheet_is_refused():
    good = (SAMPLES / "libreoffice.ods").read_bytes()
    assert codes(read(good[:-200])) == ["file_damaged"]
    position = good.index(b"content.xml") + 40
    assert codes(read(good[:position] + bytes([good[position] ^ 0xFF]) + good[position + 1 :])) == ["file_damaged"]
    old = (SAMPLES / "libreoffice.xls").read_bytes()
    assert codes(read(old[:1024] + "Workbook".encode("utf-16-le"))) == ["file_damaged"]


def test_xml_that_is_not_well_formed_is_refused():
    members = xlsx_members(SHEET.format(rows=HEADER + "<f>"))
    assert codes(read(zipped(members))) == ["sheet_unreadable"]
    assert codes(read(zipped({**members, "xl/workbook.xml": "<workbook"}))) == ["sheet_unreadable"]


def test_locked_spreadsheets_are_refused():
    manifest = ODS_MANIFEST.replace("/></manifest", "><manifest:encryption-data/></manifest:file-entry></manifest")
    assert codes(read(ods("", manifest=manifest))) == ["sheet_encrypted"]
    assert codes(read(OLE + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"))) == ["sheet_encrypted"]
    content = bytearray(zipped({"a": "b"}))
    content[content.index(b"PK\x01\x02") + 8] |= 1
    assert codes(read(bytes(content))) == ["sheet_encrypted"]


@given(st.sampled_from(["openpyxl.xlsx", "libreoffice.ods", "libreoffice.xls"]), st.data())
@settings(max_examples=40, deadline=None)
def test_a_spoilt_spreadsheet_gives_rows_or_a_refusal(name, data):
    content = bytearray((SAMPLES / name).read_bytes())
    for place in data.draw(st.lists(st.integers(8, len(content) - 1), min_size=1, max_size=4)):
        content[place] = data.draw(st.integers(0, 255))
    assert is_sound(read(bytes(content[: data.draw(st.integers(len(content) // 2, len(content)))])))


@given(st.binary(max_size=200), st.sampled_from([b"PK\x03\x04", b"PK\x03\x04\x14\0\0\0\x08\0", OLE]))
@settings(max_examples=100, deadline=None)
def test_noise_with_the_mark_of_a_spreadsheet_is_refused(noise, mark):
    assert codes(read(mark + noise))[0] in ("file_damaged", "not_a_table")


# --- The child -------------------------------------------------------------------------------------------------------
def test_the_child_answers_in_json():
    content = workbook(List=[["E-mail"], ["a@b.pl"]])
    status, output = sheet.run_child([sys.executable, "-I", str(sheet._CHILD)], content, 20)
    assert status == 0
    assert json.loads(output) == {"sheets": [{"name": "List", "rows": [["E-mail"], ["a@b.pl"]], "cut": False}]}


def test_the_child_is_given_no_environment(monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "secret")
    status, output = sheet.run_child([sys.executable, "-I", "-c", "import os; print(dict(os.environ))"], b"", 20)
    assert status == 0
    assert b"secret" not in output


def test_a_child_that_takes_too_long_is_killed():
    assert sheet.run_child([sys.executable, "-I", "-c", "while True: pass"], b"x" * 1_000_000, 0.2) == (-9, b"")


def test_a_child_that_ends_before_it_has_read_all_gives_its_status():
    assert sheet.run_child([sys.executable, "-I", "-c", "raise SystemExit(3)"], b"x" * 5_000_000, 20) == (3, b"")


def test_the_child_sets_its_limits_before_it_opens_anything():
    program = (
        "import resource, runpy, sys; child = runpy.run_path(sys.argv[1]); child['limit_resources']();"
        "print(*(resource.getrlimit(getattr(resource, 'RLIMIT_' + kind))[0] for kind in ('AS', 'CPU', 'CORE')))"
    )
    command = [sys.executable, "-I", "-c", program, str(sheet._CHILD)]
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert found == [str(512 * 1024 * 1024), "5", "0"]


@pytest.mark.parametrize(
    ("outcome", "code"),
    [((-6, b""), "sheet_too_large"), ((1, b""), "file_damaged"), ((0, b"x" * 11), "sheet_too_large")],
)
def test_a_child_that_fails_gives_a_refusal(monkeypatch, outcome, code):
    monkeypatch.setattr(sheet, "run_child", lambda *_: outcome)
    monkeypatch.setattr(sheet, "MAX_ANSWER", 10)
    with pytest.raises(RefusedError) as refusal:
        sheet.read((SAMPLES / "openpyxl.xlsx").read_bytes(), Dialect())
    assert refusal.value.problem.code == code
    assert refusal.value.dialect.format == "xlsx"


def test_the_child_reads_the_samples_in_this_process_too():
    for name in ("libreoffice.ods", "libreoffice.xls", "openpyxl.xlsx"):
        (found,) = sheet_child.answer((SAMPLES / name).read_bytes())["sheets"]
        assert found["rows"][0][0] == "E-mail"


def test_more_text_than_any_list_has_is_too_large(monkeypatch):
    monkeypatch.setattr(sheet_child, "MAX_TEXT", 10)
    assert sheet_child.answer(workbook(List=[["E-mail"], ["a@b.pl"]])) == {"refused": "sheet_too_large"}
    assert sheet_child.answer(b"PK") == {"refused": "sheet_unreadable"}


def test_a_locked_old_workbook_is_told_by_the_child(monkeypatch):
    from python_calamine import PasswordError

    def locked(content: bytes) -> list[object]:
        raise PasswordError

    monkeypatch.setattr(sheet_child, "sheets", locked)
    assert sheet_child.answer(b"") == {"refused": "sheet_encrypted"}


def test_the_child_reads_standard_input(monkeypatch, capsys):
    class Input:
        buffer = io.BytesIO(workbook(List=[["E-mail"]]))

    monkeypatch.setattr(sheet_child, "limit_resources", lambda: None)
    monkeypatch.setattr(sheet_child.sys, "stdin", Input)
    sheet_child.main()
    assert json.loads(capsys.readouterr().out)["sheets"][0]["rows"] == [["E-mail"]]


def test_texts_are_cut_and_trimmed():
    wide = ["a", *[""] * 120, "z", "y", None]
    assert sheet_child.texts([[], wide, ["", None]], set()) == [[], ["a", *[""] * 99, "z"]]
    assert sheet_child.texts([["a"]], {(2, 1), (0, 0), (30_000, 0)}) == [[None], [], ["", None]]


def test_hand_written_sheets_are_what_they_seem():
    with zipfile.ZipFile(io.BytesIO(xlsx(HEADER))) as archive:
        assert archive.testzip() is None
        assert SHEET_PATH in archive.namelist()
