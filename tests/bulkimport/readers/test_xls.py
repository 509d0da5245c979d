import random

import pytest

from bulkimport.readers.workbook import xls
from bulkimport.readers.workbook.child import answer
from bulkimport.readers.workbook.grid import (
    MAX_COLUMNS,
    MAX_ROWS,
    EncryptedError,
    Grid,
    TooLargeError,
    UnreadableError,
)
from tests.bulkimport.readers import biff
from tests.bulkimport.readers.biff import Page, label, merged, number, record
from tests.manifest import SAMPLES

WORKBOOKS = SAMPLES.parent / "workbooks"
UNREADABLE = "cell_unreadable"


def grids(content: bytes) -> list[Grid]:
    return list(xls.grids(content))


def grid(*records: bytes, **workbook) -> Grid:
    """Return the only sheet of a workbook with these records in it."""
    (only,) = grids(biff.xls(b"".join(records), **workbook))
    return only


def codes(sheet: Grid) -> dict[tuple[int, int], str]:
    return {(row, column): code for row, column, code, _ in sheet.marks}


# --- Files of real programs ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("program", ["libreoffice", "gnumeric"])
def test_what_calculating_programs_write_is_read_as_they_show_it(program):
    shown, hidden = grids((WORKBOOKS / f"{program}.xls").read_bytes())
    assert shown.rows == [
        ["Hasło"],
        ["Hasło1", "101", "", "0", "false"],
        ["razem", "", "2"],
        ["", "", "512"],
        ["ukryty", "2026-01-15", "2026-01-15 12:30:00", "07:05:00"],
    ]
    assert shown.marks == [
        (1, 5, UNREADABLE, ""),
        (2, 1, "cells_merged", ""),
        (2, 2, "number_format", "2 GB"),
        (3, 0, "cells_merged", ""),
        (3, 1, "cells_merged", ""),
    ]
    assert shown.hidden_rows == [4]
    assert (shown.name, shown.is_hidden, shown.is_cut) == ("Konta", False, False)
    assert (hidden.name, hidden.is_hidden, hidden.rows) == ("Ukryty", True, [["zażółć"]])


def test_no_formula_of_a_library_that_cannot_calculate_has_a_value():
    (sheet,) = grids((WORKBOOKS / "xlwt.xls").read_bytes())
    assert sheet.rows == [["Hasło"], [], ["", "500"]]
    assert set(codes(sheet)) == {(1, 0), (1, 1), (1, 2), (1, 3), (1, 4), (1, 5), (2, 0)}
    assert set(codes(sheet).values()) == {UNREADABLE}


def test_the_sample_is_read_whole():
    (sheet,) = grids((SAMPLES / "libreoffice.xls").read_bytes())
    assert sheet.rows[2] == ["szefowa@firma.example", "kawa;i,mleko7", "5000"]
    assert (len(sheet.rows), sheet.marks) == (6, [])


# --- Cells -----------------------------------------------------------------------------------------------------------
def test_values_are_the_text_that_a_person_would_type():
    sheet = grid(
        label(0, 0, "zażółć"),
        label(0, 1, "Wiosna é"),
        number(0, 2, 1024.0),
        number(0, 3, 1e-7),
        biff.boolean(0, 4, True),
        record(0x27E, b"\0\0\5\0\0\0" + (512 << 2 | 2).to_bytes(4, "little")),  # RK: a short number
        record(0xBD, b"\0\0\6\0" + b"\0\0\x06\0\0\0" * 2 + b"\7\0"),  # MULRK: two of them
    )
    assert sheet.rows == [["zażółć", "Wiosna é", "1024", "0.0000001", "true", "512", "1", "1"]]
    assert sheet.marks == []


def test_long_and_rich_texts_go_on_in_the_next_record():
    rich = b"\x04\0\x08\x01\0Wio7" + b"\0\0\1\0"  # four letters, one of them bold
    start = b"\xd0\x07\x01" + ("ż" * 1000).encode("utf-16-le")
    shared = record(0xFC, b"\x02\0\0\0\x02\0\0\0" + rich + start) + record(0x3C, b"\0" + b"o" * 1000)
    cells = [record(0xFD, bytes([0, 0, column, 0, 0, 0, column, 0, 0, 0])) for column in range(2)]
    assert grid(*cells, globals_=shared).rows == [["Wio7", "ż" * 1000 + "o" * 1000]]


def test_an_error_is_unreadable():
    sheet = grid(label(0, 0, "Hasło"), biff.error(1, 0), biff.error(1, 120))
    assert sheet.rows == [["Hasło"]]
    assert codes(sheet) == {(1, 0): UNREADABLE, (1, MAX_COLUMNS): UNREADABLE}


@pytest.mark.parametrize(
    ("value", "code", "shown"),
    [
        (46037.0, "yyyy-mm-dd", "2026-01-15"),
        (46037.5, "yyyy-mm-dd h:mm", "2026-01-15 12:00:00"),
        (0.25, "h:mm", "06:00:00"),
        (1.25, "[h]:mm", "30:00:00"),
        (2.0, "[h]", "48:00:00"),
        (2.0, "[mm]", "48:00:00"),
        (2.0, "[s]", "48:00:00"),
        (2.0, "h;0", "1900-01-02"),
        (0.5, "A/P", "12:00:00"),
    ],
)
def test_dates_have_no_letters(value, code, shown):
    sheet = grid(number(0, 0, value, 1), formats=(code,))
    assert (sheet.rows, sheet.marks) == ([[shown]], [])


def test_a_date_counts_from_1904_where_the_workbook_says_so():
    assert grid(number(0, 0, 1.0, 1), formats=("yyyy-mm-dd",), globals_=record(0x22, b"\1\0")).rows == [["1904-01-02"]]


@pytest.mark.parametrize("value", [-5.0, 1e9, float("nan")])
def test_a_number_that_is_no_date_is_unreadable(value):
    sheet = grid(number(0, 0, value, 1), formats=("yyyy-mm-dd",))
    assert (sheet.rows, codes(sheet)) == ([], {(0, 0): UNREADABLE})


def test_a_number_that_is_shown_as_another_is_marked():
    sheet = grid(number(0, 0, 2.0, 1), number(1, 0, 5.0, 2), number(2, 0, 500.0, 3), formats=('0" GB"', "0%", '0" MB"'))
    assert sheet.rows == [["2"], ["5"], ["500"]]
    assert sheet.marks == [(0, 0, "number_format", "2 GB"), (1, 0, "number_format", "500%")]


def test_a_text_that_is_shown_with_something_added_is_marked():
    texts = [label(row, 0, "haslo1", style) for row, style in enumerate((1, 2, 3, 4))]
    sheet = grid(*texts, formats=('@"2026"', '0;0;0;"secret"', "@", "0.00"))
    assert sheet.rows == [["haslo1"]] * 4
    assert sheet.marks == [(0, 0, "number_format", "haslo12026"), (1, 0, "number_format", "secret")]


# --- Formulas --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("records", "text"),
    [
        (biff.formula(0, 0, 0.0), "0"),
        (biff.formula(0, 0, 0.0, biff.ASK_ALWAYS), "0"),  # =NOW()-NOW() and the like
        (biff.formula(0, 0, 7.5, biff.ASK_AT_OPENING), "7.5"),
        (biff.formula(0, 0, 4.0), "4"),
        (biff.formula(0, 0, biff.EMPTY_TEXT), ""),
        (biff.formula(0, 0, b"\x01\0\0\0\0\0\xff\xff"), "false"),
        (biff.formula(0, 0, biff.TEXT_FOLLOWS) + biff.result("żółw1"), "żółw1"),
        # A formula that others share, and what is of no concern here, stand between the formula and its result.
        (biff.formula(0, 0, biff.TEXT_FOLLOWS) + record(0x4BC, bytes(12)) + biff.result("żółw1"), "żółw1"),
    ],
)
def test_a_formula_is_read_by_the_value_that_a_program_has_worked_out(records, text):
    sheet = grid(records, label(0, 1, "end"))
    assert (sheet.rows, sheet.marks) == ([[text, "end"]], [])


@pytest.mark.parametrize(
    ("records", "globals_"),
    [
        (biff.formula(0, 0, biff.EMPTY_TEXT), b""),  # xlwt
        (biff.formula(0, 0, biff.EMPTY_TEXT), record(0x1C1, b"\xc1\1" + bytes(6))),  # calculated by nobody
        (biff.formula(0, 0, 0.0, 2), b""),  # Apache POI
        (biff.formula(0, 0, 0.0, 3), biff.CALCULATED),  # PhpSpreadsheet
        (biff.formula(0, 0, 0.0, 1), b""),
        (biff.formula(0, 0, 4.0, 2, b"\0\0\xe0\xfc"), b""),  # jxl
        (biff.formula(0, 0, biff.TEXT_FOLLOWS), biff.CALCULATED),  # and none does
        (biff.formula(0, 0, b"\x02\0\x07\0\0\0\xff\xff"), biff.CALCULATED),  # #DIV/0!
    ],
)
def test_a_formula_without_a_value_is_unreadable(records, globals_):
    sheet = grid(records, label(0, 1, "end"), globals_=globals_)
    assert (sheet.rows, codes(sheet)) == ([["", "end"]], {(0, 0): UNREADABLE})


def test_an_empty_result_of_excel_97_is_empty():
    sheet = grid(biff.formula(0, 0, biff.EMPTY_TEXT, 0, b"\0\0\0\xfc"), label(0, 1, "end"), globals_=b"")
    assert (sheet.rows, sheet.marks) == ([["", "end"]], [])


# --- Rows and sheets -------------------------------------------------------------------------------------------------
def test_rows_keep_their_numbers_and_end_with_the_last_that_has_something():
    assert grid(label(2, 1, "a"), label(5, 0, "")).rows == [[], [], ["", "a"]]


def test_a_row_with_nothing_but_an_unreadable_cell_is_there():
    sheet = grid(label(0, 0, "a"), biff.error(2, 0))
    assert (sheet.rows, codes(sheet)) == ([["a"]], {(2, 0): UNREADABLE})


def test_cells_beyond_the_widest_list_are_one():
    sheet = grid(label(0, 0, "a"), label(0, 150, "x"), label(0, 151, "y"))
    assert sheet.rows == [["a", *[""] * (MAX_COLUMNS - 1), "x"]]


def test_a_sheet_that_goes_on_is_cut():
    sheet = grid(label(0, 0, "a"), label(MAX_ROWS, 0, "b"))
    assert (sheet.rows, sheet.is_cut) == ([["a"]], True)
    assert not grid(label(0, 0, "a"), label(MAX_ROWS, 0, "")).is_cut


def test_hidden_rows_are_told():
    flat, hidden = biff.row_height(0, 0), biff.row_height(1, 300, 0x120)
    usual, unset = biff.row_height(2, 300), biff.row_height(3, 0x8000)
    cells = [label(row, 0, "a") for row in range(5)]
    assert grid(flat, hidden, usual, unset, *cells).hidden_rows == [0, 1]
    assert grid(record(0x225, b"\2\0\0\0"), usual, *cells).hidden_rows == [0, 1, 3, 4]


def test_sheets_that_are_no_lists_are_skipped_and_hidden_ones_told():
    content = biff.xls(
        Page(label(0, 0, "a"), "Lista"),
        Page(label(0, 0, "b"), "Wykres", kind=biff.CHART),
        Page(label(0, 0, "c"), "Ukryta", state=1),
        Page(label(0, 0, "d"), "Makra", kind=biff.MACROS),
        Page(label(0, 0, "e"), "Głęboko", state=2),
    )
    assert [(sheet.name, sheet.rows, sheet.is_hidden) for sheet in grids(content)] == [
        ("Lista", [["a"]], False),
        ("Ukryta", [["c"]], True),
        ("Głęboko", [["e"]], True),
    ]


def test_cells_of_a_chart_in_a_sheet_are_none_of_the_sheet():
    chart = biff.bof(biff.BOF_KINDS[biff.CHART], excel5=False) + label(0, 0, "chart") + biff.EOF
    assert grid(label(0, 0, "a"), chart, label(1, 0, "b")).rows == [["a"], ["b"]]


def test_links_comments_and_names_are_not_looked_at():
    broken = [record(code, b"\xff") for code in (0x1B8, 0x1C, 0x5D, 0x1B6, 0xEC, 0x4BC, 0x221)]
    assert grid(*broken, label(0, 0, "a"), globals_=record(0x18, b"\xff") + record(0x92, b"\xff")).rows == [["a"]]


# --- Merged cells ----------------------------------------------------------------------------------------------------
def test_cells_covered_by_a_merged_one_are_marked_and_empty():
    sheet = grid(
        *(label(row, 0, "a") for row in range(4)),
        label(1, 1, "Haslo123"),
        label(2, 1, "rest"),
        merged((1, 9000, 1, 1), (0, 0, 2, 3)),
    )
    assert sheet.rows == [["a"], ["a", "Haslo123"], ["a"], ["a"]]
    assert codes(sheet) == {(2, 1): "cells_merged", (3, 1): "cells_merged"}


def test_an_unreadable_cell_is_not_less_so_where_it_covers_others():
    sheet = grid(biff.error(0, 0), label(1, 1, "a"), merged((0, 1, 0, 0)))
    assert codes(sheet) == {(0, 0): UNREADABLE, (1, 0): "cells_merged"}


def test_a_merged_cell_without_anything_in_it_covers_only_what_it_hides():
    sheet = grid(label(1, 0, "a"), label(2, 1, "b"), merged((0, 2, 0, 0), (7, 9, 0, 0)))
    assert (sheet.rows, codes(sheet)) == ([[], [], ["", "b"]], {(1, 0): "cells_merged"})


def test_merged_cells_without_end_are_too_large():
    everything = merged(*[(0, 0xFFFE, 0, 254)] * 1000)
    with pytest.raises(TooLargeError):
        grid(label(0, 0, "a"), label(500, 99, "b"), everything)
    assert grid(label(0, 0, "a"), label(500, 99, "b"), merged((5, 4, 0, 254))).marks == []


def test_marks_without_end_are_too_large():
    with pytest.raises(TooLargeError):
        grid(*(number(row, column, 1.0, 1) for row in range(1001) for column in range(100)), formats=("0%",))


# --- Excel 5 and 95 --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("globals_", "encoding"),
    [
        (record(0x42, b"\xe2\x04"), "cp1250"),
        (record(0x42, b"\x54\x03"), "cp852"),
        (b"", "cp1250"),
        (record(0x42, b"\xb0\x04"), "cp1250"),  # gnumeric says UTF-16
    ],
)
def test_letters_of_excel_5_are_those_of_its_code_page(globals_, encoding):
    content = biff.xls(
        Page(label(0, 0, "Hasło".encode(encoding)) + label(1, 0, "zażółć1".encode(encoding))),
        globals_=globals_,
        formats=('0" GB"',),
        excel5=True,
        stream="Book",
    )
    (sheet,) = grids(content)
    assert sheet.rows == [["Hasło"], ["zażółć1"]]


# --- What cannot be read ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize("excel5", [True, False])
def test_a_workbook_with_a_password_is_encrypted(excel5):
    with pytest.raises(EncryptedError):
        grid(label(0, 0, "a"), globals_=record(0x2F, b"\1\0\1\0\1\0" + bytes(48)), excel5=excel5)


def test_a_workbook_whose_sheets_are_only_protected_is_read():
    locked = record(0x12, b"\1\0") + record(0x13, b"\xab\xcd")
    assert grid(locked, label(0, 0, "a"), globals_=locked).rows == [["a"]]


@pytest.mark.parametrize("stream", ["WORKBOOK", "workbook", "Book", "BOOK"])
def test_the_stream_may_be_spelt_in_any_case(stream):
    assert grid(label(0, 0, "a"), stream=stream).rows == [["a"]]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        biff.xls(label(0, 0, "a"), stream="WordDocument"),
        biff.xls(Page(label(0, 0, "a")))[:-2048],
        biff.xls(b"\x04\x02\xff\xff"),  # a cell that ends beyond the file
        biff.xls(number(0, 0, 1.0, 99)),  # a style that is not there
        biff.container(record(0x9, b"\0\2\x10\0") + biff.EOF, "Workbook"),  # Excel 2
        biff.container(record(0xA), "Workbook"),
    ],
)
def test_what_is_no_workbook_is_unreadable(content):
    with pytest.raises(UnreadableError):
        grids(content)


def test_nothing_is_printed(capfd):
    content = (WORKBOOKS / "libreoffice.xls").read_bytes()
    assert answer(content + b"odd", "xls")["sheets"]  # of which the library warns
    assert capfd.readouterr() == ("", "")


def test_damaged_workbooks_are_answered_or_refused():
    chance = random.Random(9)
    for path in sorted(WORKBOOKS.glob("*.xls")):
        whole = path.read_bytes()
        for _ in range(100):
            content = bytearray(whole)
            for _ in range(chance.randint(1, 20)):
                content[chance.randrange(len(content))] = chance.randrange(256)
            found = answer(bytes(content[: chance.choice([len(content), chance.randrange(len(content))])]), "xls")
            assert "sheets" in found or found["refused"].startswith("sheet_")
