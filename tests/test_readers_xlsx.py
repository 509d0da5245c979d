import datetime
import io

import openpyxl
import pytest
import xlsxwriter
from openpyxl.styles import Alignment
from openpyxl.worksheet.formula import ArrayFormula

from bulkimport.readers.workbook import grid, xlsx, xlsx_package
from bulkimport.readers.workbook.grid import Grid, TooLargeError, UnreadableError
from tests.spreadsheets import (
    CONTENT_TYPES,
    RELATION,
    SHEET,
    SHEET_PATH,
    WORKBOOK,
    xlsx_cell,
    xlsx_members,
    zipped,
)
from tests.spreadsheets import xlsx as written

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


def saved(book: openpyxl.Workbook) -> bytes:
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


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


def test_texts_are_trimmed_and_one_stands_for_all_surplus_ones():
    assert grid.row_texts(["", None]) == []
    assert grid.row_texts(["a", *[""] * 120, "z", "y", None]) == ["a", *[""] * 99, "z"]


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
        '<c r="A1" t="str"><v>haslo1</v><f>"x"</f></c>',
        '<c r="A1" t="inlineStr"><v>haslo1</v></c>',
        '<c r="A1"><v><![CDATA[5]]></v></c>',
    ],
)
def test_what_the_file_shows_and_the_library_does_not_give_is_marked_never_empty(cell):
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
        '<row r="1"><c r="A1"><v>30&#48;</v></c></row>',
        f'<row r="2">{xlsx_cell("A2", "jan@a.pl")}</row><row r="2">{xlsx_cell("A2", "ola@a.pl")}</row>',
        f'<row r="2">{xlsx_cell("A2", "jan@a.pl")}</row><row r="1">{xlsx_cell("A1", "E-mail")}</row>',
    ],
)
def test_rows_and_numbers_that_the_library_would_lose_are_refused(rows):
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
    found = only_grid(saved(book))
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


# --- Merged cells and hidden rows ------------------------------------------------------------------------------------
def test_cells_that_a_merged_one_covers_are_marked_and_have_no_text():
    book = openpyxl.Workbook()
    for row in (["E-mail", "Hasło", "Uwagi"], ["a@b.pl", "haslo1"], ["c@d.pl"], ["e@f.pl"]):
        book.active.append(row)
    for area in ("B2:B4", "C2:C4", "D1:E1"):  # two of them show nothing
        book.active.merge_cells(area)
    found = only_grid(saved(book))
    assert found.rows == [["E-mail", "Hasło", "Uwagi"], ["a@b.pl", "haslo1"], ["c@d.pl"], ["e@f.pl"]]
    assert found.marks == [(2, 1, "cells_merged", ""), (3, 1, "cells_merged", "")]


def test_what_a_merged_cell_covers_is_not_read():
    rows = f'<row>{xlsx_cell("A1", "x")}{xlsx_cell("B1", "y")}<c t="e"/><c r="D1" t="e"/></row>'
    found = rows_grid(rows, '<mergeCells><mergeCell ref="A1:C1"/><mergeCell ref="D1:D2"/></mergeCells>')
    assert found.rows == [["x"]]
    merged = "cells_merged"
    assert sorted(found.marks) == [(0, 1, merged, ""), (0, 2, merged, ""), (0, 3, LOST, ""), (1, 3, merged, "")]


def test_merged_cells_end_where_the_reading_ends():
    cell = xlsx_cell("CV19999", "x")
    found = rows_grid(f'<row r="19999">{cell}</row>', '<mergeCells><mergeCell ref="CV19999:XFD1048576"/></mergeCells>')
    assert found.marks == [(19_999, 99, "cells_merged", "")]
    assert not rows_grid(ROW, '<mergeCells><mergeCell ref="A1"/></mergeCells>').marks


def test_merged_cells_without_end_are_too_large():
    with pytest.raises(TooLargeError):
        rows_grid(ROW, '<mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>')


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
    rows = '<row r="2" ht="0.0" customHeight="1"/><row r="3" ht="10"/><row hidden="true"/><row r="30000" hidden="1"/>'
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
    ]


def test_a_number_below_the_last_row_is_not_marked():
    styles = '<styleSheet><cellXfs><xf numFmtId="9"/></cellXfs></styleSheet>'
    sheet = SHEET.format(rows='<row r="20000"><c s="0"><v>5</v></c></row><row><c s="0"><v>5</v></c></row>')
    found = only_grid(zipped({**xlsx_members(sheet), "xl/styles.xml": styles}))
    assert [mark[0] for mark in found.marks] == [19_999]


def test_the_look_of_a_text_is_no_number_format():
    book = openpyxl.Workbook()
    book.active["A1"] = 5
    book.active["A1"].alignment = Alignment(wrap_text=True)
    assert only_grid(saved(book)).marks == []


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


def test_texts_that_look_like_errors_stay_as_they_are():
    rows = '<row r="1"><c r="A1" t="e"/><c r="B1" t="str"><v>#SPILL!</v></c></row>'
    assert rows_grid(rows).rows == [["", "#SPILL!"]]
    assert xlsx_package.part_name("\\XL\\a") == "xl/a"
    assert only_grid(written(rows)).marks == [(0, 0, LOST, "")]
