import datetime
import io

import openpyxl
import pytest
import xlsxwriter
from openpyxl.styles import Alignment
from openpyxl.worksheet.formula import ArrayFormula

from bulkimport.readers.workbook import grid, xlsx, xlsx_package
from bulkimport.readers.workbook.grid import Grid, TooLargeError, UnreadableError
from tests.bulkimport.readers.spreadsheets import (
    CONTENT_TYPES,
    RELATION,
    SHEET,
    SHEET_PATH,
    WORKBOOK,
    save,
    xlsx_cell,
    xlsx_members,
    zipped,
)
from tests.bulkimport.readers.spreadsheets import xlsx as written

STRICT = {
    "http://schemas.openxmlformats.org/spreadsheetml/2006/main": "http://purl.oclc.org/ooxml/spreadsheetml/main",
    "http://schemas.openxmlformats.org/officeDocument/2006": "http://purl.oclc.org/ooxml/officeDocument",
}
ROW = f'<row r="1">{xlsx_cell("A1", "E-mail")}</row>'
LINKS = "xl/_rels/workbook.xml.rels"
LOST = "cell_unreadable"


def only_grid(content: bytes) -> Grid:
    (found,) = xlsx.grids(content)
    return found


def rows_grid(rows: str, after: str = "") -> Grid:
    """Return the grid of a sheet with these rows, and XML behind them."""
    return only_grid(zipped(xlsx_members(SHEET.format(rows=rows).replace("</worksheet>", f"{after}</worksheet>"))))


def moved(members: dict[str, str | bytes], folder: str) -> dict[str, str | bytes]:
    """Return the parts with those of the workbook in another folder."""
    parts = {name.replace("xl/", folder): data for name, data in members.items()}
    parts["[Content_Types].xml"] = CONTENT_TYPES.replace("/xl/", f"/{folder}")
    parts["_rels/.rels"] = RELATION.format(kind="officeDocument", target=f"{folder}workbook.xml")
    return parts


# --- Values ----------------------------------------------------------------------------------------------------------
def test_values_are_the_text_that_a_person_would_type():
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        page = book.add_worksheet("List")
        values = [500.0, 0.5, 1e-7, True, "00123", "zażółć\xa0", "a_x0041_"]
        for number, value in enumerate(values):
            page.write(number, 0, value)
        date = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        page.write_datetime(len(values), 0, datetime.datetime(2024, 5, 6, 7, 8, 9), date)
        page.write_formula(len(values) + 1, 0, '="a"&"b"', None, "ab")
    texts = [row[0] for row in only_grid(content.getvalue()).rows]
    assert texts[:5] == ["500", "0.5", "0.0000001", "true", "00123"]
    assert texts[5:] == ["zażółć\xa0", "a_x0041_", "2024-05-06 07:08:09", "ab"]


def test_the_dates_of_a_workbook_of_1904_are_right():
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True, "date_1904": True}) as book:
        page = book.add_worksheet()
        page.write_datetime(0, 0, datetime.datetime(2024, 5, 6), book.add_format({"num_format": "yyyy-mm-dd"}))
    assert only_grid(content.getvalue()).rows == [["2024-05-06"]]


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
    assert grid.as_text(value) == text


def test_no_typed_value_can_pass_as_a_password_that_nobody_chose():
    typed = [True, 1e300, 1.5e-9, datetime.datetime(2024, 1, 2, 3, 4, 5), datetime.timedelta(days=40), 12.5]
    for value in typed:
        text = grid.as_text(value)
        assert not (any(c.isalpha() for c in text) and any(c.isdigit() for c in text))


def test_one_text_stands_for_all_surplus_ones():
    rows = "<row><c><v>1</v></c><c r='EA1'/><c r='EB1'><v>2</v></c><c r='EC1'><v>3</v></c></row>"
    assert rows_grid(rows).rows == [["1", *[""] * 99, "2"]]


# --- Cells that cannot be known --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "cell",
    [
        '<c r="A1" t="e"><v>#N/A</v></c>',
        "<c r='A1' t='e'><f>1/0</f><v>#DIV/0!</v></c>",
        '<c r="A1" s="0" t="e"><v>#SPILL!</v></c>',
        '<c r="A1" t="e"/>',
        '<c r="A1"><f>1+1</f></c>',
        '<c r="A1"><f>1+1</f><v></v></c>',
        '<c r="A1"><f>1+1</f><v> </v></c>',
        '<c r="A1"><f/><v/></c>',
        '<c r="A1" t="n"><v/><f>1+1</f></c>',
        '<c r="A1" t="b"><f>TRUE()</f><v/></c>',
        '<c r="A1" t="str"><f>"x"</f></c>',
        '<c r="A1" t="s"><f>"x"</f></c>',
        '<c r="A1" t="inlineStr"><v>haslo1</v></c>',
        '<c r="A1" t="str"><is><t>haslo1</t></is></c>',
        '<c r="A1"><is><t>haslo1</t></is></c>',
        '<c r="A1"><v>5,5</v></c>',
        '<c r="A1"><v>1e400</v></c>',
        '<c r="A1" t="b"><v>TRUE4</v></c>',
        '<c r="A1" t="d"><v>soon</v></c>',
        '<c r="A1" t="z"><v>5</v></c>',
        '<c r="A1" t="str"><v>_xD83D_</v></c>',
        '<c r="A1" t="s"><v>0</v></c>',
    ],
)
def test_what_cannot_be_known_is_marked_never_empty(cell):
    found = rows_grid(f'<row r="1">{cell}{xlsx_cell("B1", "x")}</row>')
    assert found.rows == [["", "x"]]
    assert found.marks == [(0, 0, LOST, "")]


@pytest.mark.parametrize(
    "cell",
    [
        '<c r="A1"/>',
        '<c r="A1"><v/></c>',
        '<c r="A1" t="str"><f>""</f><v></v></c>',
        '<c r="A1" t="str"><f>""</f><v/></c>',
        '<c r="A1" t="inlineStr"><is><t/></is></c>',
        '<c r="A1" t="inlineStr"><is><t></t></is></c>',
    ],
)
def test_what_is_empty_in_the_file_is_empty_without_a_word(cell):
    found = rows_grid(f'<row r="1">{cell}{xlsx_cell("B1", "x")}</row>')
    assert (found.rows, found.marks) == ([["", "x"]], [])


def test_an_empty_shared_text_is_empty_and_a_formula_with_a_value_is_read():
    members = xlsx_members(
        SHEET.format(rows='<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1"><f>1+1</f><v>2</v></c></row>')
    )
    members["xl/sharedStrings.xml"] = (
        '<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t></t></si></sst>'
    )
    found = only_grid(zipped(members))
    assert (found.rows, found.marks) == ([["", "2"]], [])


@pytest.mark.parametrize("prefix", ["x", "s.1"])
@pytest.mark.parametrize("namespace", STRICT)
def test_a_formula_is_one_under_any_prefix_and_in_strict_files_too(prefix, namespace):
    main = next(iter(STRICT))
    plain = "<worksheet><sheetData><row><c><f>1</f></c><c t='e'><v>#SPILL!</v></c></row></sheetData></worksheet>"
    prefixed = plain.replace("</", "&").replace("<", f"<{prefix}:").replace("&", f"</{prefix}:")
    sheet = prefixed.replace(f"<{prefix}:worksheet", f'<{prefix}:worksheet xmlns:{prefix}="{main}"')
    members = xlsx_members(sheet)
    if namespace != main:
        for old, new in STRICT.items():
            members = {name: str(data).replace(old, new) for name, data in members.items()}
    assert only_grid(zipped(members)).marks == [(0, 0, LOST, ""), (0, 1, LOST, "")]


@pytest.mark.parametrize(
    "rows",
    [
        f'<row r="2">{xlsx_cell("A2", "jan@a.pl")}</row><row r="2">{xlsx_cell("A2", "ola@a.pl")}</row>',
        f'<row r="2">{xlsx_cell("A2", "jan@a.pl")}</row><row r="1">{xlsx_cell("A1", "E-mail")}</row>',
        f'<row r="2">{xlsx_cell("B2", "haslo1")}{xlsx_cell("B2", "haslo2")}</row>',
        f'<row r="2">{xlsx_cell("A2", "a@b.pl")}{xlsx_cell("B3", "haslo2")}</row>',
        f'<row r="2">{xlsx_cell("A2", "a@b.pl")}<row r="3"/></row>',
        f'<row r="2">{xlsx_cell("A2", "a@b.pl")}</row>{xlsx_cell("B2", "haslo2")}',
        '<row r="1"><c r="A1"><c r="B1"/></c></row>',
        '<row r="1"><c r="A1"><v>5</v><v>0</v></c></row>',
        '<row r="1"><c r="A1"><v>5<t>0</t></v></c></row>',
        '<row r="1"><c r="A1" t="inlineStr"><is><t>5<b>0</b></t></is></c></row>',
        '<q:row xmlns:q="urn:q" r="1"><c r="A1"><v>5</v></c></q:row>',
    ],
)
def test_rows_and_cells_of_which_one_would_be_lost_are_refused(rows):
    with pytest.raises(UnreadableError):
        rows_grid(rows)


def test_a_zero_that_xlsxwriter_puts_in_the_place_of_a_result_is_marked():
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["E-mail", 0])
        sheet.write_formula(1, 0, '="jan"&"@a.pl"')
        sheet.write_formula(1, 1, "=5-5", value=0)
        sheet.write_formula(1, 2, "=5+5", value=10)
    found = only_grid(content.getvalue())
    assert found.rows == [["E-mail", "0"], ["", "", "10"]]
    assert found.marks == [(1, 0, LOST, ""), (1, 1, LOST, "")]


def test_formulas_that_openpyxl_writes_are_marked():
    book = openpyxl.Workbook()
    book.active.append(["E-mail", '="a"&"b"', 5, "=SUM(C1)"])
    book.active["A2"] = ArrayFormula("A2:A3", "=C1:C2")
    found = only_grid(save(book))
    assert found.rows == [["E-mail", "", "5"]]
    assert found.marks == [(0, 1, LOST, ""), (0, 3, LOST, ""), (1, 0, LOST, "")]


def test_rows_and_cells_that_do_not_say_where_they_are_follow_on():
    found = rows_grid(
        "<row><c><v>1</v></c><c t='e'/></row><row r='4'><c r='b4' t='e'/><c t='e'/></row><row><c t='e'/></row>"
    )
    assert found.rows == [["1"]]
    assert [mark[:2] for mark in found.marks] == [(0, 1), (3, 1), (3, 2), (4, 0)]


def test_a_cell_beyond_the_last_column_or_row_is_told_not_lost():
    found = rows_grid(ROW + '<row r="2"><c r="CW2" t="e"/><c r="EZ2" t="e"/></row><row r="20001"><c t="e"/></row>')
    assert found.marks == [(1, 100, LOST, "")]
    assert found.is_cut
    assert rows_grid(ROW + f'<row r="20001">{xlsx_cell("A20001", "a@b.pl")}</row>').is_cut
    assert not rows_grid(ROW + '<row r="20001"><c r="A20001" s="0"/></row>').is_cut


@pytest.mark.parametrize("row", ["<row><c r='1'/></row>", "<row r='x'/>", "<row r='0'/>", "<row><c r='A'/></row>"])
def test_a_place_that_cannot_be_makes_the_sheet_unreadable(row):
    with pytest.raises(UnreadableError):
        rows_grid(ROW + row)


@pytest.mark.parametrize("area", ["", "1:2", "A0:B1", "A1:B", "A1:Bx"])
def test_a_merged_cell_that_cannot_be_makes_the_sheet_unreadable(area):
    with pytest.raises(UnreadableError):
        rows_grid(ROW, f'<mergeCells><mergeCell ref="{area}"/></mergeCells>')


@pytest.mark.parametrize("part", [SHEET_PATH, "xl/workbook.xml", LINKS, "xl/styles.xml"])
def test_xml_that_is_not_well_formed_makes_the_workbook_unreadable(part):
    with pytest.raises(UnreadableError):
        list(xlsx.grids(zipped({**xlsx_members(SHEET.format(rows=ROW)), part: "<x>"})))


# --- Texts and numbers however they are spelt ------------------------------------------------------------------------
STRINGS = "<sst>" + "".join(f"<si><t>haslo{number}</t></si>" for number in range(12)) + "</sst>"


def shared_grid(cell: str, strings: str | bytes = STRINGS) -> Grid:
    members = xlsx_members(SHEET.format(rows=f'<row r="1">{cell}</row>'))
    return only_grid(zipped({**members, "xl/sharedStrings.xml": strings}))


@pytest.mark.parametrize(
    "index", ["10", " 10 ", "\n10\n", "1<!-- -->0", "1<![CDATA[0]]>", "1<?x y?>0", "&#49;0", "010"]
)
def test_a_shared_text_is_the_one_that_the_whole_number_names(index):
    assert shared_grid(f'<c r="A1" t="s"><v>{index}</v></c>').rows == [["haslo10"]]


@pytest.mark.parametrize("index", ["12", "10.0", "+10", "-1", "1e1", "1 0", "x", "99999999999", "١"])
def test_a_number_that_names_no_shared_text_is_marked(index):
    assert shared_grid(f'<c r="A1" t="s"><v>{index}</v></c>').marks == [(0, 0, LOST, "")]


@pytest.mark.parametrize(
    "value",
    ["500", " 500 ", "\n500\n", "5<!-- -->00", "50<![CDATA[0]]>", "5<?x y?>00", "&#53;00", "5e2", "+500.0", "0500"],
)
def test_a_number_is_read_whole(value):
    assert rows_grid(f'<row r="1"><c r="A1"><v>{value}</v></c></row>').rows == [["500"]]


@pytest.mark.parametrize(
    ("string", "text"),
    [
        ("<si><t>has_x0142_o_x0031_</t></si>", "hasło1"),
        ("<si><r><t>has_x01</t></r><r><t>42_o1</t></r></si>", "hasło1"),
        ("<si><t>has_x005F_x0142_o1</t></si>", "has_x0142_o1"),
        ("<si><t>_x142_ _xD83D__xDE00_</t></si>", "_x142_ 😀"),
        ("<si><t>has</t><rPh sb='0' eb='1'><t>ZZ</t></rPh><phoneticPr/></si>", "has"),
        ("<si><t>has<!-- -->lo<![CDATA[<1]]></t></si>", "haslo<1"),
        ("<x:si xmlns:x='urn:x'><x:t>haslo</x:t></x:si>", "haslo"),
    ],
)
def test_a_text_is_what_excel_shows(string, text):
    assert shared_grid('<c r="A1" t="s"><v>0</v></c>', f"<sst>{string}</sst>").rows == [[text]]


def test_a_text_with_something_in_it_that_is_no_text_is_refused():
    with pytest.raises(UnreadableError):
        shared_grid("", "<sst><si><t>has<b>lo</b></t></si></sst>")


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ('<c r="A1" t="inlineStr"><is><t>has_x0142_o1</t></is></c>', "hasło1"),
        ('<c r="A1" t="inlineStr"><is><t>has</t><rPh sb="0" eb="1"><t>ZZ</t></rPh><r><t>lo</t></r></is></c>', "haslo"),
        ('<c r="A1" t="str"><v>has_x0142_o1</v></c>', "hasło1"),
        ('<c r="A1" t="str"><v>has<![CDATA[<o]]>1</v><f>"x"</f></c>', "has<o1"),
        ('<c r="A1" t="b"><v> 1 </v></c>', "true"),
        ('<c r="A1" t="d"><v>2024-01-02</v></c>', "2024-01-02"),
        ('<c r="A1" t="d"><v>2024-01-02T03:04:05Z</v></c>', "2024-01-02 03:04:05"),
    ],
)
def test_a_cell_is_read_by_its_kind(cell, text):
    assert rows_grid(f'<row r="1">{cell}</row>').rows == [[text]]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-2", "windows-1250"])
def test_sheets_and_texts_in_other_encodings_are_read(encoding):
    sheet = SHEET.format(rows=f'<row r="1"><c r="A1" t="s"><v>0</v></c>{xlsx_cell("B1", "zażółć")}</row>')
    declared = f'<?xml version="1.0" encoding="{encoding}"?>'
    members = xlsx_members("")
    members[SHEET_PATH] = sheet.replace('<?xml version="1.0"?>', declared).encode(encoding)
    members["xl/sharedStrings.xml"] = f"{declared}<sst><si><t>hasło</t></si></sst>".encode(encoding)
    assert only_grid(zipped(members)).rows == [["hasło", "zażółć"]]


def test_the_rows_of_a_second_block_of_data_are_read():
    rows = ROW + f'</sheetData><sheetData><row r="2">{xlsx_cell("A2", "a@b.pl")}</row>'
    assert rows_grid(rows).rows == [["E-mail"], ["a@b.pl"]]


def test_cells_in_another_order_and_rows_that_only_their_cells_number_are_read():
    rows = f'<row r="1">{xlsx_cell("B1", "b")}{xlsx_cell("A1", "a")}</row><row>{xlsx_cell("A3", "c")}</row>'
    assert rows_grid(rows).rows == [["a", "b"], [], ["c"]]


@pytest.mark.parametrize(
    "cell",
    [
        '<c r="A2" x="a>b" t="e"><v>#SPILL!</v></c>',
        '<c r="A2" t="e"><f><![CDATA["</c>"]]></f><v>#N/A</v></c>',
        '<!-- <c t="e"> --><c r="A2" t="e"><v>#N/A</v></c>',
    ],
)
def test_an_error_spoils_no_other_cell(cell):
    rows = ROW + f'<row r="2">{cell}</row><row r="3">{xlsx_cell("A3", "a@b.pl")}</row>'
    found = rows_grid(rows)
    assert (found.rows, found.marks) == ([["E-mail"], [], ["a@b.pl"]], [(1, 0, LOST, "")])


# --- Merged cells and hidden rows ------------------------------------------------------------------------------------
def test_cells_that_a_merged_one_covers_are_marked_and_have_no_text():
    book = openpyxl.Workbook()
    for row in (["E-mail", "Hasło", "Uwagi"], ["a@b.pl", "haslo1"], ["c@d.pl"], ["e@f.pl"]):
        book.active.append(row)
    for area in ("B2:B4", "C2:C4", "D1:E1"):  # two of them show nothing
        book.active.merge_cells(area)
    found = only_grid(save(book))
    assert found.rows == [["E-mail", "Hasło", "Uwagi"], ["a@b.pl", "haslo1"], ["c@d.pl"], ["e@f.pl"]]
    assert found.marks == [(2, 1, "cells_merged", ""), (3, 1, "cells_merged", "")]


def test_what_a_merged_cell_covers_is_not_read():
    rows = (
        f'<row>{xlsx_cell("A1", "x")}{xlsx_cell("B1", "y")}<c t="e"/><c r="D1" t="e"/></row><row><c><v>1</v></c></row>'
    )
    found = rows_grid(rows, '<mergeCells><mergeCell ref="A1:C1"/><mergeCell ref="D1:D2"/></mergeCells>')
    assert found.rows == [["x"], ["1"]]
    merged = "cells_merged"
    assert sorted(found.marks) == [(0, 1, merged, ""), (0, 2, merged, ""), (0, 3, LOST, ""), (1, 3, merged, "")]


def test_merged_cells_end_with_the_last_row_that_has_a_text():
    rows = f'<row r="1">{xlsx_cell("CV1", "x")}</row><row r="3">{xlsx_cell("A3", "y")}</row>'
    found = rows_grid(rows, '<mergeCells><mergeCell ref="CV1:XFD1048576"/></mergeCells>')
    assert [mark[:3] for mark in found.marks] == [(1, 99, "cells_merged"), (2, 99, "cells_merged")]
    assert not rows_grid(ROW, '<mergeCells><mergeCell ref="A1"/></mergeCells>').marks


def test_a_text_below_an_empty_merged_cell_is_marked_and_not_read():
    rows = f'<row r="1">{xlsx_cell("A1", "x")}</row><row r="2">{xlsx_cell("A2", "y")}{xlsx_cell("B2", "z")}</row>'
    found = rows_grid(rows, '<mergeCells><mergeCell ref="B1:B2"/></mergeCells>')
    assert (found.rows, found.marks) == ([["x"], ["y"]], [(1, 1, "cells_merged", "")])


def test_merged_cells_without_end_are_too_large():
    with pytest.raises(TooLargeError):
        rows_grid(
            ROW + f'<row r="1100">{xlsx_cell("A1100", "x")}</row>',
            '<mergeCells><mergeCell ref="A1:CV1048576"/></mergeCells>',
        )


def test_hidden_and_filtered_rows_are_named():
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        page = book.add_worksheet()
        for row in range(6):
            page.write(row, 0, row)
        page.set_row(1, None, None, {"hidden": True})
        page.set_row(2, 0)
        page.autofilter("A1:A6")
        page.filter_column("A", "x > 3")
        page.set_row(3, None, None, {"hidden": True})
        page.set_row(4, 30)
    assert only_grid(content.getvalue()).hidden_rows == [1, 2, 3]


def test_a_row_of_no_height_is_hidden_and_one_below_the_last_is_no_concern():
    cell = "<c><v>1</v></c>"
    rows = f'<row r="2" ht="0.0" customHeight="1">{cell}</row><row r="3" ht="10">{cell}</row>'
    rows += f'<row hidden="true">{cell}</row><row r="30000" hidden="1">{cell}</row>'
    assert rows_grid(ROW + rows).hidden_rows == [1, 3]


# --- Number formats --------------------------------------------------------------------------------------------------
def test_a_number_that_is_shown_as_another_is_marked_with_what_is_shown():
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        page = book.add_worksheet()
        formats = ['0" GB"', "0%", "# ##0", "0.0", '0" MB"', "yyyy-mm-dd", '0" GB"', "@", '0" GB"']
        for number, (code, value) in enumerate(zip(formats, [3, 5, 1200, 700, 9, 9, "text", 4, True], strict=True)):
            page.write(0, number, value, book.add_format({"num_format": code}))
        page.write_formula(1, 0, "=1+1", book.add_format({"num_format": 9}), 2)
        page.write(1, 110, 5, book.add_format({"num_format": 9}))
    found = only_grid(content.getvalue())
    assert found.rows[0][:5] == ["3", "5", "1200", "700", "9"]
    assert found.marks == [
        (0, 0, "number_format", "3 GB"),
        (0, 1, "number_format", "500%"),
        (1, 0, "number_format", "200%"),
        (1, 100, "number_format", "500%"),
    ]


def test_a_number_below_the_last_row_is_not_marked():
    styles = '<styleSheet><cellXfs><xf numFmtId="9"/></cellXfs></styleSheet>'
    sheet = SHEET.format(rows='<row r="20000"><c s="0"><v>5</v></c></row><row><c s="0"><v>5</v></c></row>')
    found = only_grid(zipped({**xlsx_members(sheet), "xl/styles.xml": styles}))
    assert [mark[0] for mark in found.marks] == [19_999]


def test_dates_times_and_durations_are_told_by_their_format():
    codes = ["[h]", "h;0", "[mm]", "A/P", "yyyy-mm-dd"]
    formats = "".join(f'<numFmt numFmtId="{170 + number}" formatCode="{code}"/>' for number, code in enumerate(codes))
    styles = "".join(f'<xf numFmtId="{number}"/>' for number in (*range(170, 170 + len(codes)), 14, 46, 14))
    cells = "".join(f'<c s="{number}"><v>{value}</v></c>' for number, value in enumerate((2, 2, 2, 0.5, 2, 2, 2, -2)))
    members = xlsx_members(SHEET.format(rows=f"<row>{cells}</row>"))
    members["xl/styles.xml"] = f"<styleSheet><numFmts>{formats}</numFmts><cellXfs>{styles}</cellXfs></styleSheet>"
    found = only_grid(zipped(members))
    day, two_days = "1900-01-02", "48:00:00"
    assert found.rows == [[two_days, day, two_days, "12:00:00", day, day, two_days]]
    assert found.marks == [(0, 7, LOST, "")]


def test_a_text_that_is_shown_with_something_added_is_marked():
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        page = book.add_worksheet()
        for column, code in enumerate(['@"@b.pl"', '0;0;0;"secret"', "@", ";;;", "0.00"]):
            page.write(0, column, "jan", book.add_format({"num_format": code}))
    found = only_grid(content.getvalue())
    assert found.rows == [["jan"] * 5]
    assert found.marks == [(0, 0, "number_format", "jan@b.pl"), (0, 1, "number_format", "secret")]


def test_the_look_of_a_text_is_no_number_format():
    book = openpyxl.Workbook()
    book.active["A1"] = 5
    book.active["A1"].alignment = Alignment(wrap_text=True)
    assert only_grid(save(book)).marks == []


# --- Parts -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "rename",
    [
        lambda name: name.replace("/", "\\"),
        lambda name: name.upper(),
        lambda name: name.replace("worksheets", "WorkSheets"),
        lambda name: f"/{name}",
    ],
)
def test_parts_whose_names_are_spelt_in_other_ways_are_looked_into_too(rename):
    members = xlsx_members(SHEET.format(rows='<row r="1"><c r="A1"><f>1+1</f></c></row>'))
    assert only_grid(zipped({rename(name): data for name, data in members.items()})).marks == [(0, 0, LOST, "")]


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/xl/worksheets/sheet1.xml", SHEET_PATH),
        ("./worksheets/sheet1.xml", SHEET_PATH),
        ("worksheets\\sheet1.xml", SHEET_PATH),
        ("xl/worksheets/sheet1.xml", SHEET_PATH),
        ("../pages/one.xml", "pages/one.xml"),
        ("pages/page%20one.xml", "xl/pages/page one.xml"),
    ],
)
def test_a_sheet_is_found_wherever_the_workbook_says(target, path):
    members = xlsx_members(SHEET.format(rows=ROW))
    members[path] = members.pop(SHEET_PATH)
    members[LINKS] = RELATION.format(kind="worksheet", target=target)
    assert only_grid(zipped(members)).rows == [["E-mail"]]


@pytest.mark.parametrize("folder", ["", "book/"])
def test_a_workbook_is_found_by_its_relationship_or_by_its_type(folder):
    members = moved(xlsx_members(SHEET.format(rows=ROW)), folder)
    assert only_grid(zipped(members)).rows == [["E-mail"]]
    del members["_rels/.rels"]
    assert only_grid(zipped(members)).rows == [["E-mail"]]


def test_a_workbook_without_any_relationship_or_type_is_found_by_its_usual_name():
    members = xlsx_members(SHEET.format(rows=ROW))
    del members["_rels/.rels"], members["[Content_Types].xml"]
    assert only_grid(zipped(members)).rows == [["E-mail"]]


@pytest.mark.parametrize("missing", [SHEET_PATH, "xl/workbook.xml", LINKS])
def test_a_workbook_that_lacks_a_part_is_unreadable(missing):
    members = xlsx_members(SHEET.format(rows=ROW))
    del members[missing]
    with pytest.raises(UnreadableError):
        list(xlsx.grids(zipped(members)))


def test_sheets_are_told_apart_by_their_place_though_their_names_repeat():
    members = xlsx_members(SHEET.format(rows=ROW))
    members["xl/worksheets/sheet2.xml"] = SHEET.format(rows='<row><c t="e"/></row>')
    members["xl/workbook.xml"] = (
        WORKBOOK.replace(
            'name="List" sheetId="1" r:id="rId1"/>',
            'name="A &amp; B" sheetId="1" r:id="rId2"/><sheet name="Graph" sheetId="2" r:id="rId3"/>'
            '<sheet name="A &amp; B" sheetId="3" state="veryHidden" r:id="rId1"/>',
        )
        .replace("r:id", "rel:id")
        .replace("xmlns:r=", "xmlns:rel=")
    )
    links = RELATION.format(kind="worksheet", target="worksheets/sheet1.xml")
    more = links.replace("rId1", "rId2").replace("sheet1", "sheet2") + links.replace("rId1", "rId3").replace(
        "/worksheet", "/chartsheet"
    )
    elements = [part.partition("</")[0] for part in (links + more).split("<Relationship ")[1:]]
    opening = links.partition("<Relationship ")[0]
    members[LINKS] = opening + "".join(f"<Relationship {element}" for element in elements) + "</Relationships>"
    found = list(xlsx.grids(zipped(members)))
    assert [(sheet.name, sheet.is_hidden, sheet.rows, len(sheet.marks)) for sheet in found] == [
        ("A & B", False, [], 1),
        ("A & B", True, [["E-mail"]], 0),
    ]


@pytest.mark.parametrize("kind", ["dialogsheet", "xlMacrosheet", "worksheets"])
def test_a_sheet_of_whatever_kind_is_read(kind):
    members = xlsx_members(SHEET.format(rows=ROW))
    members[LINKS] = RELATION.format(kind=kind, target="worksheets/sheet1.xml")
    assert only_grid(zipped(members)).rows == [["E-mail"]]


def test_the_cells_of_a_macro_sheet_are_in_another_namespace_than_its_root():
    sheet = SHEET.format(rows=ROW).replace("<worksheet ", '<m:macrosheet xmlns:m="urn:m" ')
    assert only_grid(zipped(xlsx_members(sheet.replace("</worksheet>", "</m:macrosheet>")))).rows == [["E-mail"]]


def test_texts_that_look_like_errors_stay_as_they_are():
    rows = '<row r="1"><c r="A1" t="e"/><c r="B1" t="str"><v>#SPILL!</v></c></row>'
    assert rows_grid(rows).rows == [["", "#SPILL!"]]
    assert xlsx_package.part_name("\\XL\\a") == "xl/a"
    assert only_grid(written(rows)).marks == [(0, 0, LOST, "")]
