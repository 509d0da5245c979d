import io
import json
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkimport.readers import opening, row_messages, sheet
from bulkimport.readers.book import Book, Mark, RefusedError
from bulkimport.readers.opening import BusyError, Outcome, Places, run_child
from bulkimport.readers.workbook import child, grid
from bulkimport.readers.workbook import xlsx as xlsx_reader
from bulkimport.readers.workbook.table import Budget
from bulkimport.rows import Field
from tests.bulkimport.readers.spreadsheets import (
    ODS_MANIFEST,
    ODS_TYPE,
    SHEET,
    SHEET_PATH,
    make_workbook,
    ods,
    ods_cell,
    ods_table,
    ole,
    xlsx,
    xlsx_cell,
    xlsx_members,
    zipped,
)
from tests.manifest import SAMPLES

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ROW = f'<row r="1">{xlsx_cell("A1", "E-mail")}</row>'
LOOP = [sys.executable, "-I", "-c", "while True: pass"]


def read(content: bytes, keep: int = 100) -> Book:
    return sheet.read(content, keep=keep)


def refusal(content: bytes) -> tuple[str, str | None]:
    """Return the code of the refusal, and the format as far as it was told."""
    with pytest.raises(RefusedError) as refused:
        read(content)
    book = refused.value.book
    return book.refusal.code, book.format


# --- Sheets and records ----------------------------------------------------------------------------------------------
def test_every_sheet_that_holds_anything_is_handed_over_in_order():
    book = read(
        make_workbook(
            {"Notes": [["Notes"]], "Empty": [], "hidden": [["h@b.pl"]], "Blank": [[" "]], "List": [["a@b.pl"]]},
            hidden=["hidden"],
        )
    )
    assert book.format == "xlsx"
    assert [(found.name, found.is_hidden) for found in book.sheets] == [
        ("Notes", False),
        ("hidden", True),
        ("List", False),
    ]


def test_records_have_the_numbers_that_the_spreadsheet_shows_and_blank_rows_are_counted_between_them():
    content = make_workbook({"List": [[], [], ["E-mail"], ["a@b.pl"], [], ["\u200b"], ["c@d.pl", 5], [" "], []]})
    (found,) = read(content).sheets
    assert [(record.line, list(record.cells)) for record in found.records] == [
        (3, ["E-mail"]),
        (4, ["a@b.pl"]),
        (7, ["c@d.pl", "5"]),
    ]
    assert (found.blank, found.more, found.is_cut) == (4, 0, False)


def test_records_beyond_those_that_are_kept_are_counted():
    (found,) = read(make_workbook({"List": [["a"], [], ["b"], ["c"], [], ["d"]]}), keep=2).sheets
    assert [record.line for record in found.records] == [1, 3]
    assert (found.more, found.blank) == (2, 2)


def test_a_row_with_nothing_but_a_mark_is_a_record_whose_cells_reach_to_the_mark():
    rows = f'<row r="1">{xlsx_cell("A1", "E-mail")}</row><row r="3"><c r="C3" t="e"><v>#N/A</v></c></row>'
    (found,) = read(xlsx(rows)).sheets
    record = found.records[1]
    assert (record.line, list(record.cells), record.marks) == (3, ["", "", ""], (Mark(2, "cell_unreadable"),))
    assert found.blank == 1


def test_the_marks_of_a_record_stand_in_the_order_of_its_columns():
    rows = (
        f'<row r="1">{xlsx_cell("A1", "x")}{xlsx_cell("B1", "y")}<c r="C1" t="e"/></row></sheetData>'
        '<mergeCells><mergeCell ref="A1:B1"/></mergeCells><sheetData>'
    )
    assert read(xlsx(rows)).sheets[0].records[0].marks == (Mark(1, "cells_merged"), Mark(2, "cell_unreadable"))


def test_a_sheet_that_goes_on_below_the_last_row_says_so_even_if_nothing_stands_above():
    (found,) = read(xlsx(f'<row r="20001">{xlsx_cell("A20001", "a@b.pl")}</row>')).sheets
    assert found.is_cut
    assert found.records == ()


def test_sheets_of_the_same_name_or_a_long_one_are_told_apart():
    grids = [{"name": name, "rows": [["a"]], "marks": [], "hidden_rows": []} for name in ("x", "x", "y" * 500, "x")]
    for answer in grids:
        answer |= {"is_hidden": False, "is_cut": False}
    named = sheet._with_distinct_names(tuple(sheet._sheet(answer, 10) for answer in grids))
    assert [found.name for found in named] == ["x", "x (2)", "y" * 200, "x (3)"]


def test_a_spreadsheet_without_anything_is_empty():
    assert refusal(make_workbook({"One": [], "Two": [[" "]]})) == ("file_empty", "xlsx")


# --- What is no readable spreadsheet ---------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "content",
    [
        zipped({"letter.txt": "x"}),
        zipped({"[Content_Types].xml": "x", "word/document.xml": "x"}),
        zipped({"content.xml": "<office:text/>"}),
        ods("", mimetype="application/vnd.oasis.opendocument.text"),
        ole("WordDocument", "1Table"),
    ],
    ids=["archive", "word", "untyped text", "text", "old word"],
)
def test_other_archives_and_containers_are_no_tables(content):
    assert refusal(content) == ("not_a_table", None)


@pytest.mark.parametrize("mimetype", [None, f"{ODS_TYPE}\n", f"{ODS_TYPE}-template"])
def test_a_spreadsheet_of_opendocument_is_told_with_or_without_its_type(mimetype):
    assert sheet._format(ods(ods_table(ods_cell("a")), mimetype=mimetype)) == "ods"


@pytest.mark.parametrize("stream", ["Workbook", "WORKBOOK", "Book", "BOOK"])
def test_an_old_workbook_is_told_by_its_stream(stream):
    assert sheet._format(ole("\x05SummaryInformation", stream)) == "xls"


def test_a_binary_workbook_is_refused_whatever_its_parts_are_called():
    types = (
        '<Types><Override PartName="/a" ContentType="application/vnd.ms-excel.sheet.binary.macroEnabled.main"/></Types>'
    )
    assert refusal(zipped({"[Content_Types].xml": types, "a": "x"})) == ("sheet_binary", None)
    assert refusal(zipped({"[Content_Types].xml": "<x/>", "XL\\Workbook.bin": "x"})) == ("sheet_binary", None)


def test_a_workbook_of_sheetjs_is_no_binary_one_though_it_names_that_type():
    binary = '<Default Extension="bin" ContentType="application/vnd.ms-excel.sheet.binary.macroEnabled.main"/>'
    members = xlsx_members(SHEET.format(rows=ROW))
    members["[Content_Types].xml"] = str(members["[Content_Types].xml"]).replace("<Default", f"{binary}<Default", 1)
    assert read(zipped(members)).format == "xlsx"


def test_a_damaged_spreadsheet_is_refused():
    good = (SAMPLES / "libreoffice.ods").read_bytes()
    assert refusal(good[:-200]) == ("file_damaged", None)
    position = good.index(b"content.xml") + 40
    spoilt = good[:position] + bytes([good[position] ^ 0xFF]) + good[position + 1 :]
    assert refusal(spoilt) == ("file_damaged", None)


def test_an_old_workbook_that_broke_off_is_damaged():
    assert refusal(OLE + bytes(5_000)) == ("file_damaged", None)


def test_an_old_workbook_that_the_library_cannot_read_is_damaged():
    assert refusal(ole("Workbook")) == ("file_damaged", "xls")


def test_locked_spreadsheets_are_refused():
    manifest = ODS_MANIFEST.replace("/></manifest", "><manifest:encryption-data/></manifest:file-entry></manifest")
    assert refusal(ods("", manifest=manifest)) == ("sheet_encrypted", "ods")
    assert refusal(ole("EncryptionInfo", "EncryptedPackage")) == ("sheet_encrypted", "xlsx")
    content = bytearray(zipped({"a": "b"}))
    content[content.index(b"PK\x01\x02") + 8] |= 1
    assert refusal(bytes(content)) == ("sheet_encrypted", None)


@given(st.sampled_from(["openpyxl.xlsx", "libreoffice.xlsx"]), st.data())
@settings(max_examples=30)
def test_a_spoilt_spreadsheet_gives_records_or_a_refusal(name, data):
    content = bytearray((SAMPLES / name).read_bytes())
    for place in data.draw(st.lists(st.integers(8, len(content) - 1), min_size=1, max_size=4)):
        content[place] = data.draw(st.integers(0, 255))
    cut = bytes(content[: data.draw(st.integers(len(content) // 2, len(content)))])
    try:
        assert read(cut).sheets
    except RefusedError as refused:
        assert refused.book.sheets == ()


@given(st.binary(max_size=200), st.sampled_from([b"PK\x03\x04", b"PK\x03\x04\x14\0\0\0\x08\0", OLE]))
@settings(max_examples=100)
def test_noise_with_the_mark_of_a_spreadsheet_is_refused(noise, mark):
    assert sheet.is_sheet(mark + noise)
    assert refusal(mark + noise)[0] in ("file_damaged", "not_a_table")


# --- The child -------------------------------------------------------------------------------------------------------
def test_the_child_answers_in_json_and_loads_nothing_of_django():
    program = opening._PROGRAM + "; sys.stderr.write(str('django' in sys.modules))"
    command = [sys.executable, "-I", "-c", program, "xlsx"]
    ended = subprocess.run(
        command, input=make_workbook({"List": [["E-mail"]]}), capture_output=True, check=True, env={}
    )
    assert ended.stderr == b"False"
    (answer,) = json.loads(ended.stdout)["sheets"]
    assert answer == {
        "name": "List",
        "rows": [["E-mail"]],
        "marks": [],
        "hidden_rows": [],
        "is_hidden": False,
        "is_cut": False,
    }


def test_the_child_is_given_no_environment(monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "secret")
    outcome = run_child([sys.executable, "-I", "-c", "import os; print(dict(os.environ))"], b"", 20)
    assert outcome.status == 0
    assert b"secret" not in outcome.output


def test_a_child_that_takes_too_long_is_killed():
    outcome = run_child(LOOP, b"x" * 1_000_000, 0.2)
    assert (outcome.status, outcome.output) == (-signal.SIGKILL, b"")


def test_a_child_that_ends_before_it_has_read_all_gives_its_status():
    outcome = run_child([sys.executable, "-I", "-c", "raise SystemExit(3)"], b"x" * 5_000_000, 20)
    assert (outcome.status, outcome.output) == (3, b"")


def test_what_a_child_has_used_of_the_processor_is_told():
    program = "import time\nwhile time.process_time() < 0.3: pass"
    assert run_child([sys.executable, "-I", "-c", program], b"", 20).cpu_seconds >= 0.3


def test_the_child_sets_its_limits_before_it_opens_anything():
    program = opening._PROGRAM.replace("main; main()", "limit_resources; limit_resources(); import resource; ") + (
        "print(*(resource.getrlimit(getattr(resource, 'RLIMIT_' + kind))[0] for kind in ('AS', 'CPU', 'CORE')))"
    )
    found = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.split() == [str(512 * 1024 * 1024), "3", "0"]


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (Outcome(-signal.SIGABRT, b"", 0.1), "sheet_too_large"),
        (Outcome(-signal.SIGSEGV, b"", 0.1), "sheet_too_large"),
        (Outcome(-signal.SIGXCPU, b"", 5.0), "sheet_too_large"),
        (Outcome(-signal.SIGKILL, b"", 3.9), "sheet_too_large"),
        (Outcome(0, b"x" * 11, 0.1), "sheet_too_large"),
        (Outcome(1, b"", 0.1), "file_damaged"),
        (Outcome(0, b'{"refused": "sheet_unreadable"}', 0.1), "sheet_unreadable"),
    ],
)
def test_a_child_that_fails_by_the_file_gives_a_refusal(monkeypatch, outcome, code):
    monkeypatch.setattr(opening, "run_child", lambda *_: outcome)
    monkeypatch.setattr(opening, "MAX_ANSWER", len(outcome.output) if code == "sheet_unreadable" else 10)
    assert refusal((SAMPLES / "openpyxl.xlsx").read_bytes()) == (code, "xlsx")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_child_that_was_killed_from_outside_is_no_fault_of_the_file(monkeypatch, number):
    monkeypatch.setattr(opening, "run_child", lambda *_: Outcome(-number, b"", 0.1))
    with pytest.raises(BusyError):
        read((SAMPLES / "openpyxl.xlsx").read_bytes())


def test_the_child_gives_a_code_for_what_it_cannot_read(monkeypatch):
    assert child.answer(b"PK", "xlsx") == {"refused": "sheet_unreadable"}
    monkeypatch.setattr(xlsx_reader, "Budget", lambda: Budget(text=10))
    assert child.answer(make_workbook({"List": [["E-mail"], ["a@b.pl"]]}), "xlsx") == {"refused": "sheet_too_large"}

    def locked(content: bytes, file_format: str) -> list[object]:
        raise grid.EncryptedError

    monkeypatch.setattr(child, "grids", locked)
    assert child.answer(b"", "xls") == {"refused": "sheet_encrypted"}


def test_more_sheets_or_marks_than_any_list_has_are_too_large(monkeypatch):
    many = {f"s{number}": [[number]] for number in range(51)}
    assert child.answer(make_workbook(many), "xlsx") == {"refused": "sheet_too_large"}
    del many["s50"]
    assert len(child.answer(make_workbook(many), "xlsx")["sheets"]) == 50
    two = make_workbook({"One": [["=1"]], "Two": [["=2"]]})
    monkeypatch.setattr(xlsx_reader, "Budget", lambda: Budget(marks=2))
    assert len(child.answer(two, "xlsx")["sheets"]) == 2
    monkeypatch.setattr(xlsx_reader, "Budget", lambda: Budget(marks=1))
    assert child.answer(two, "xlsx") == {"refused": "sheet_too_large"}, "all sheets share one"


def test_the_child_reads_standard_input(monkeypatch, capsys):
    class Input:
        buffer = io.BytesIO(make_workbook({"List": [["E-mail"]]}))

    monkeypatch.setattr(child, "limit_resources", lambda: None)
    monkeypatch.setattr(child.sys, "stdin", Input)
    monkeypatch.setattr(child.sys, "argv", ["-c", "xlsx"])
    child.main()
    assert json.loads(capsys.readouterr().out)["sheets"][0]["rows"] == [["E-mail"]]


def test_a_child_short_of_memory_says_that_the_file_is_too_large(monkeypatch, capsys):
    class Input:
        class buffer:
            @staticmethod
            def read() -> bytes:
                raise MemoryError

    monkeypatch.setattr(child, "limit_resources", lambda: None)
    monkeypatch.setattr(child.sys, "stdin", Input)
    child.main()
    assert json.loads(capsys.readouterr().out) == {"refused": "sheet_too_large"}


# --- Waiting for a place ---------------------------------------------------------------------------------------------
def test_nobody_waits_for_a_child_longer_than_their_patience(monkeypatch):
    monkeypatch.setattr(opening, "_PROGRAM", "while True: pass")
    with pytest.raises(BusyError):
        sheet.read(make_workbook({"List": [["E-mail"]]}), keep=10, patience=0.2)


def test_without_patience_a_file_is_read_as_long_as_it_takes():
    assert sheet.read(make_workbook({"List": [["E-mail"]]}), keep=10, client="jan", patience=None).sheets


def test_a_second_file_of_the_same_client_waits_and_others_go_on():
    places = Places(2)
    with places.place("jan", 0):
        with pytest.raises(BusyError), places.place("jan", 0.01):
            pass
        with places.place("ewa", 0), pytest.raises(BusyError), places.place("ola", 0.01):
            pass
        with places.place("ola", 0):
            pass
    with places.place("jan", 0):
        pass


def test_those_who_are_nobody_in_particular_take_as_many_places_as_there_are():
    places = Places(2)
    with places.place(None, 0), places.place(None, 0), pytest.raises(BusyError), places.place(None, 0.01):
        pass


def test_clients_take_turns_however_many_files_each_has():
    places = Places(1)
    served: list[str] = []

    def wait(client: str) -> None:
        with places.place(client, 20):
            served.append(client)

    with places.place("first", 0):
        threads = []
        for client in ("jan", "jan", "jan", "ewa", "jan", "ola"):
            threads.append(threading.Thread(target=wait, args=(client,)))
            threads[-1].start()
            with places.changed:
                assert places.changed.wait_for(lambda: len(places.waiting) == len(threads), 20)
    for thread in threads:
        thread.join()
    assert served == ["jan", "ewa", "ola", "jan", "jan", "jan"]


def test_a_place_is_given_back_when_the_child_cannot_be_started(monkeypatch):
    monkeypatch.setattr(opening, "_PLACES", Places(1))
    monkeypatch.setattr(opening, "run_child", lambda *_: Path("/missing").stat())
    for _ in range(2):
        with pytest.raises(FileNotFoundError):
            read(make_workbook({"List": [["E-mail"]]}))


def test_hand_written_sheets_are_what_they_seem():
    assert SHEET_PATH in xlsx_members(SHEET.format(rows=ROW))
    assert [list(record.cells) for record in read(xlsx(ROW)).sheets[0].records] == [["E-mail"]]


def test_the_advice_for_a_number_that_is_shown_otherwise_fits_its_column():
    quota, password = (
        row_messages.describe_mark(Mark(0, "number_format"), field) for field in (Field.QUOTA, Field.PASSWORD)
    )
    assert "2 GB" in quota[0]
    assert "2 GB" not in password[0]
    assert "Type the value itself" in password[0]
