import io
import itertools
import random
import zipfile
from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from odfdo import Document, Row, Table

from bulkimport.readers.workbook import ods as ods_module
from bulkimport.readers.workbook import table as table_module
from bulkimport.readers.workbook.grid import MAX_CELL, MAX_COLUMNS, MAX_ROWS, Grid, TooLargeError, UnreadableError
from bulkimport.readers.workbook.ods import grids
from tests.bulkimport.readers.spreadsheets import ODS_CONTENT, ods, ods_cell, ods_table, zipped
from tests.manifest import SAMPLES

UNREADABLE = "cell_unreadable"
MERGED = "cells_merged"
FORMAT = "number_format"


def only(content: bytes) -> Grid:
    (grid,) = grids(content)
    return grid


def table(*rows: str) -> Grid:
    """Return the one sheet whose rows are given as XML."""
    return only(ods(ods_table(*rows)))


def sheet(*parts: str) -> Grid:
    """Return the one sheet of which all inner XML is given."""
    return only(ods(f'<table:table table:name="List">{"".join(parts)}</table:table>'))


def row(attributes: str, *cells: str) -> str:
    return f"<table:table-row {attributes}>{''.join(cells)}</table:table-row>"


def cell(attributes: str, *paragraphs: str) -> str:
    return f"<table:table-cell {attributes}>{''.join(f'<text:p>{p}</text:p>' for p in paragraphs)}</table:table-cell>"


def one(attributes: str, *paragraphs: str) -> tuple[str, str, str]:
    """Return the text of a single cell, and the code and the shown text of its mark."""
    grid = table(cell(attributes, *paragraphs))
    text = grid.rows[0][0] if grid.rows else ""
    ((_, _, code, shown),) = grid.marks or [(0, 0, "", "")]
    return text, code, shown


def number(value: str, shown: str, kind: str = "float", more: str = "") -> tuple[str, str, str]:
    return one(f'office:value-type="{kind}" office:value="{value}" {more}', shown)


# --- Values ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("attributes", "paragraphs", "text"),
    [
        ('office:value-type="string"', ["haslo123"], "haslo123"),
        ('office:value-type="string"', [], ""),
        ('office:value-type="string"', [""], ""),
        ('office:value-type="string" office:string-value="haslo123"', [], "haslo123"),
        ('office:value-type="string" office:string-value="a b"', ["a<text:line-break/>b"], "a\nb"),
        ('office:value-type="string" office:string-value="a  b"', ["a b"], "a  b"),
        ('office:value-type="string" office:string-value="haslo123"', [""], "haslo123"),
        ('office:value-type="string" office:string-value=""', ["haslo123"], "haslo123"),
        ("", ["haslo123"], "haslo123"),
        ('table:style-name="ce1"', ["haslo123"], "haslo123"),
        ('office:value-type="void"', ["haslo123"], "haslo123"),
        ('office:value-type="float" office:value="500.0"', ["500.0"], "500"),
        ('office:value-type="float" office:value="1E+022"', [], "1" + "0" * 22),
        ('office:value-type="float" office:value="5"', [""], "5"),
        ('office:value-type="float" office:value="5"', ["###"], "5"),
        ('office:value-type="currency" office:value="7"', [], "7"),
        ('office:value-type="boolean" office:boolean-value="true"', ["PRAWDA"], "true"),
        ('office:value-type="boolean" office:boolean-value="false"', [], "false"),
        ('office:value-type="float" office:value="1" table:formula="of:=TRUE()"', ["PRAWDA"], "true"),
        ('office:value-type="float" office:value="0" table:formula="of:=FALSE()"', ["FALSE"], "false"),
        ('office:value-type="date" office:date-value="2024-05-06"', ["maj 2024"], "2024-05-06"),
        ('office:value-type="date" office:date-value="2024-05-06T07:08:09"', [], "2024-05-06 07:08:09"),
        ('office:value-type="time" office:time-value="PT01H02M03S"', ["1:02:03"], "01:02:03"),
        ('office:value-type="time" office:time-value="P1DT036H00M05.25S"', [], "60:00:05"),
    ],
)
def test_a_cell_is_read_by_its_type(attributes, paragraphs, text):
    assert one(attributes, *paragraphs) == (text, "", "")


@pytest.mark.parametrize(
    ("attributes", "paragraphs"),
    [
        ('office:value-type="float" office:value="5,5"', ["5,5"]),
        ('office:value-type="float" office:value="NaN"', ["NaN"]),
        ('office:value-type="float"', ["7"]),
        ('office:value-type="float"', []),
        ('office:value="5"', ["8"]),
        ('office:value-type="boolean"', ["true"]),
        ('office:value-type="date" office:date-value="May"', ["May"]),
        ('office:value-type="date"', ["2024-05-06"]),
        ('office:value-type="time" office:time-value="-PT1H"', ["-1:00:00"]),
        ('office:value-type="time" office:time-value="PT"', ["1:00"]),
        ('office:value-type="timedelta" office:time-value="PT36H00M00S"', ["PT36H00M00S"]),
    ],
)
def test_a_value_that_cannot_be_known_is_marked(attributes, paragraphs):
    assert one(attributes, *paragraphs) == ("", UNREADABLE, "")


def test_no_typed_value_can_pass_as_a_password_that_nobody_chose():
    typed = ['float" office:value="1e300', 'date" office:date-value="2024-05-06T07:08:09.5']
    typed += ['time" office:time-value="PT36H00M00S', 'boolean" office:boolean-value="true']
    for attributes in typed:
        text, code, _ = one(f'office:value-type="{attributes}"')
        assert text and not code
        assert not (any(c.isalpha() for c in text) and any(c.isdigit() for c in text))


@pytest.mark.parametrize(
    ("inner", "text"),
    [
        ("a<text:s/>b", "a b"),
        ('<text:s text:c="3"/>b', "   b"),
        ("a<text:tab/>b", "a\tb"),
        ("a<text:line-break/><text:line-break/>b", "a\n\nb"),
        ("a<text:span>b<text:span>c</text:span></text:span>d", "abcd"),
        ('<text:a xmlns:x="http://www.w3.org/1999/xlink" x:href="mailto:a@b.pl">a@b.pl</text:a>', "a@b.pl"),
        ("<![CDATA[a<b]]>&amp;&#8364;", "a<b&€"),
        ("a<!-- x -->b<?y z?>c", "abc"),
        # Neither LibreOffice nor gnumeric collapses blanks, and several libraries write them as they are.
        ("a  b", "a  b"),
        ("a\n  b", "a\n  b"),
        ("a<text:note><text:p>b</text:p></text:note>c<text:ruby-text>d</text:ruby-text>", "ac"),
    ],
)
def test_the_text_of_a_paragraph_is_read_as_it_stands(inner, text):
    assert one('office:value-type="string"', inner) == (text, "", "")


def test_paragraphs_are_lines():
    assert one('office:value-type="string"', "a", "", "b") == ("a\n\nb", "", "")


def test_comments_drawings_and_forms_are_no_text_of_a_cell():
    note = "<office:annotation><text:p>ask<text:s/>her</text:p><office:annotation/></office:annotation>"
    box = '<draw:frame xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0"><draw:text-box>'
    box += "<text:p>one<text:line-break/>two</text:p></draw:text-box></draw:frame>"
    grid = table(
        f"<table:table-cell>{note}</table:table-cell>",
        f'<table:table-cell office:value-type="string">{note}<text:p>te{box}xt</text:p>{box}</table:table-cell>',
        f"<office:forms>{ods_cell('x')}</office:forms><table:shapes>{box}</table:shapes>" + ods_cell("y"),
    )
    assert grid == Grid("List", [[], ["text"], ["y"]])


def test_a_very_long_text_is_cut_where_the_reader_sees_that_it_is_too_long():
    for inner in ("x" * 20_000, '<text:s text:c="99999999999999999999"/>'):
        text, _, _ = one('office:value-type="string"', "a" + inner)
        assert len(text) == MAX_CELL
    assert len(one(f'office:value-type="string" office:string-value="{"x" * 20_000}"')[0]) == MAX_CELL


# --- Formulas and errors ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("attributes", "paragraphs"),
    [
        ("", []),  # odfpy, ezodf, odswriter
        ('office:value-type="float"', []),
        ('office:value-type="float"', ["300"]),
        ('office:value-type="string"', []),
        ("", ["300"]),
        ('office:value-type="string" office:string-value="" calcext:value-type="error"', ["#DZIEL/0!"]),  # LibreOffice
        ('office:value-type="string" office:string-value=""', ["Błąd"]),  # LibreOffice before 4.1
        ('office:value-type="float" office:value="0"', ["Err:502"]),  # Apache OpenOffice
        ('office:value-type="float" office:value="0"', ["#DIV/0!"]),
        ('office:value-type="string" office:string-value="#N/A"', ["#N/A"]),  # gnumeric
        ('office:value-type="string" office:string-value="#NAME?"', ["#NAME?"]),
        ('office:value-type="string"', ["#ARG!"]),
    ],
)
def test_an_error_and_a_formula_without_a_value_are_marked(attributes, paragraphs):
    assert one(f'table:formula="of:=[.A2]" {attributes}', *paragraphs) == ("", UNREADABLE, "")


@pytest.mark.parametrize(
    ("attributes", "paragraphs", "text"),
    [
        ('office:value-type="string" office:string-value=""', [""], ""),
        ('office:value-type="string" office:string-value=""', [], ""),
        ('office:value-type="string"', [""], ""),
        ("", [""], ""),  # LibreOffice
        ('office:value-type="string" office:string-value="x1"', ["x1"], "x1"),
        ('office:value-type="string"', ["#1 of 3"], "#1 of 3"),
        ('office:value-type="float" office:value="300"', ["300"], "300"),
    ],
)
def test_a_result_of_a_formula_is_read_also_an_empty_one(attributes, paragraphs, text):
    grid = table(cell(f'table:formula="of:=[.A2]" {attributes}', *paragraphs))
    assert grid == Grid("List", [[text]] if text else [])


def test_a_text_that_looks_like_an_error_is_a_text_where_no_formula_made_it():
    assert one('office:value-type="string"', "#N/A") == ("#N/A", "", "")


# --- Number formats --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("1200", "1,200"),
        ("1200", "1.200"),
        ("1200", "1 200"),
        ("1200", "1\u202f200"),
        ("1200", "1\xa0200,00"),
        ("1234567.5", "1.234.567,5"),
        ("1234567.5", "1,234,567.50"),
        ("1234567", "12,34,567"),
        ("1234567", "1'234'567"),
        ("700", "700,0"),
        ("0.5", ",5"),
        ("-2.5", "−2.5"),
        ("-0.5", "-.50"),
        ("500", "500 MB"),
        ("500", "500mb"),
        ("1.2", "1,200"),
        ("0.100000000000000000001", "0.1"),
        ("1234567890123456", "1234567890123456"),
    ],
)
def test_a_number_is_the_same_however_it_is_written(value, shown):
    text, code, _ = number(value, shown)
    assert (float(text), code) == (float(value), "")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("2", "2 GB"),
        ("2", "2 MB/s"),
        ("5", "500%"),
        ("7", "7,00 zł"),
        ("2000", "2"),
        ("12", "1.2"),
        ("1200", "1.2"),
        ("1200", "1.20E+03"),
        ("0.5", "1/2"),
        ("2.5", "3"),
        ("123", "00123"),
        ("-5", "(5)"),
        ("5", "-5"),
        ("1", "Tak"),
        ("2", "TRUE"),
        ("45293", "2024-01-02"),
    ],
)
def test_a_number_that_is_shown_as_something_else_is_marked(value, shown):
    assert number(value, shown) == (value, FORMAT, shown)


def test_the_spelling_in_which_gnumeric_shows_small_numbers_is_the_number():
    assert number("100", "1E+02") == ("100", "", "")
    assert number("120", "1E+02") == ("120", FORMAT, "1E+02")
    assert number("100000", "1.00E+05") == ("100000", FORMAT, "1.00E+05")  # typed as 1e5


def test_percentages_and_currencies_are_shown_as_something_else():
    assert number("0.25", "25%", "percentage") == ("0.25", FORMAT, "25%")
    assert number("7", "7 zł", "currency") == ("7", FORMAT, "7 zł")
    assert number("7", "7,00", "currency") == ("7", "", "")


def test_what_only_binary_fractions_add_to_a_number_is_left_out():
    assert number("434.99999999999994", "435") == ("435", "", "")


def test_a_text_that_is_shown_as_another_one_is_marked():
    attributes = 'office:value-type="string" office:string-value="jan"'
    assert one(attributes, "jan@firma.pl") == ("jan", FORMAT, "jan@firma.pl")


# --- Rows and columns ------------------------------------------------------------------------------------------------
def test_repeated_rows_and_cells_are_read_where_they_stand():
    grid = table(
        ods_cell("a") + '<table:table-cell table:number-columns-repeated="2"/>' + ods_cell("b"),
        row('table:number-rows-repeated="2"', '<table:table-cell table:number-columns-repeated="1024"/>'),
        row(
            'table:number-rows-repeated="2"',
            ods_cell("c", 'office:value-type="string" table:number-columns-repeated="2"'),
            '<table:table-cell table:formula="of:=1" table:number-columns-repeated="2"/>',
        ),
        row('table:number-rows-repeated="1048570"', '<table:table-cell table:number-columns-repeated="16384"/>'),
    )
    marks = [(line, column, UNREADABLE, "") for line in (3, 4) for column in (2, 3)]
    assert grid == Grid("List", [["a", "", "", "b"], [], [], ["c", "c"], ["c", "c"]], marks)


def test_a_repeated_row_is_not_one_and_the_same():
    grid = table(
        ods_cell("top", 'office:value-type="string" table:number-rows-spanned="2"'),
        row('table:number-rows-repeated="2"', ods_cell("x"), ods_cell("y")),
    )
    assert grid == Grid("List", [["top"], ["", "y"], ["x", "y"]], [(1, 0, MERGED, "")])


@pytest.mark.parametrize("repeated", ["", "0", "x", "-1"])
def test_a_number_of_repetitions_that_is_none_counts_as_one(repeated):
    attributes = f'office:value-type="string" table:number-columns-repeated="{repeated}"'
    assert table(ods_cell("a", attributes) + ods_cell("b")).rows == [["a", "b"]]


def test_header_rows_and_groups_of_rows_and_columns_are_read_like_others():
    grid = sheet(
        "<table:table-column-group><table:table-column/></table:table-column-group><table:table-header-rows>",
        row("", ods_cell("a")),
        "</table:table-header-rows><table:table-rows><table:table-row-group>",
        row("", ods_cell("b")),
        "<table:table-row-group>",
        row("", ods_cell("c")),
        "</table:table-row-group></table:table-row-group></table:table-rows>",
    )
    assert grid == Grid("List", [["a"], ["b"], ["c"]])


def test_hidden_and_filtered_rows_are_read_and_numbered():
    grid = sheet(
        row("", ods_cell("a")),
        row('table:visibility="collapse"', ods_cell("b")),
        row('table:visibility="filter" table:number-rows-repeated="2"', ods_cell("c")),
        row('table:visibility="visible"', ods_cell("d")),
        '<table:table-row-group table:display="false"><table:table-row-group>',
        row("", ods_cell("e")),
        "</table:table-row-group></table:table-row-group>",
        row("", ods_cell("f")),
        row('table:visibility="collapse" table:number-rows-repeated="1048568"'),
    )
    assert grid == Grid("List", [["a"], ["b"], ["c"], ["c"], ["d"], ["e"], ["f"]], hidden_rows=[1, 2, 3, 5])


def test_rows_without_any_height_are_hidden_unless_it_fits_their_text():
    styles = "".join(
        f'<style:style style:name="{name}" style:family="table-row"><style:table-row-properties {properties}/>'
        "</style:style>"
        for name, properties in {
            "flat": 'style:row-height="0.000in"',
            "fitted": 'style:row-height="0cm" style:use-optimal-row-height="true"',
            "high": 'style:row-height="0.5cm"',
        }.items()
    )
    names = ("flat", "fitted", "high", "hidden")
    content = ods_table(*(row(f'table:style-name="{name}"', ods_cell(name)) for name in names))
    assert only(ods(styles + content)).hidden_rows == [0]


def test_text_beyond_a_hundred_columns_is_told_by_the_last_cell():
    gap = '<table:table-cell table:number-columns-repeated="{}"/>'
    grid = table(
        ods_cell("a") + gap.format(150) + ods_cell("far") + ods_cell("farther"),
        ods_cell("x", 'office:value-type="string" table:number-columns-repeated="16384"'),
        gap.format(120) + '<table:table-cell table:formula="of:=1" table:number-columns-repeated="9"/>',
        ods_cell("a") + gap.format(99) + ods_cell("far", 'table:number-columns-spanned="4"'),
    )
    far = ["a", *[""] * (MAX_COLUMNS - 1), "far"]
    assert grid == Grid("List", [far, ["x"] * (MAX_COLUMNS + 1), [], far], [(2, MAX_COLUMNS, UNREADABLE, "")])


def test_text_below_the_last_row_that_is_read_is_told():
    gap = '<table:table-row table:number-rows-repeated="{}"/>'
    assert not table(gap.format(MAX_ROWS - 1), ods_cell("a")).is_cut
    assert not table(ods_cell("a"), gap.format(1_048_575)).is_cut
    assert table(gap.format(MAX_ROWS), ods_cell("a")) == Grid("List", is_cut=True)
    grid = table(row('table:number-rows-repeated="1048576"', ods_cell("a")))
    assert (len(grid.rows), grid.is_cut) == (MAX_ROWS, True)
    assert table(gap.format(MAX_ROWS), '<table:table-cell table:formula="of:=1"/>').is_cut


@pytest.mark.parametrize(
    "cells",
    [
        cell('office:value-type="string" table:number-columns-repeated="100"', "x" * 9_000),
        cell('office:value-type="float" office:value="1" table:number-columns-repeated="50"', "y" * 9_000),
        cell('table:formula="of:=1" table:number-columns-repeated="100"'),
    ],
)
def test_a_few_bytes_that_stand_for_more_than_any_list_has_are_too_large(cells):
    with pytest.raises(TooLargeError):
        table(row('table:number-rows-repeated="1048576"', cells))


def test_all_sheets_together_have_one_bound(monkeypatch):
    monkeypatch.setattr(ods_module, "Budget", lambda: table_module.Budget(text=30))
    assert len(list(grids(ods(ods_table(ods_cell("123456")) * 3)))) == 3
    with pytest.raises(TooLargeError):
        list(grids(ods(ods_table(ods_cell("123456")) * 4)))


# --- Merged cells ----------------------------------------------------------------------------------------------------
def spanned(text: str, rows: int, columns: int) -> str:
    kind = f'office:value-type="string" table:number-rows-spanned="{rows}" table:number-columns-spanned="{columns}"'
    return ods_cell(text, kind) if text else f"<table:table-cell {kind}/>"


def test_cells_below_a_merged_one_are_marked_and_empty():
    covered = '<table:covered-table-cell table:number-columns-repeated="2"/>'
    grid = table(
        ods_cell("a") + spanned("p", 3, 2) + "<table:covered-table-cell/>" + ods_cell("z"),
        ods_cell("b") + ods_cell("hidden", 'office:value-type="string"', "covered-table-cell"),
        ods_cell("c") + covered + ods_cell("z"),
        ods_cell("d") + ods_cell("q"),
    )
    assert grid.rows == [["a", "p", "", "z"], ["b"], ["c", "", "", "z"], ["d", "q"]]
    places = [(0, 2), (1, 1), (1, 2), (2, 1), (2, 2)]
    assert grid.marks == [(*place, MERGED, "") for place in places]


def test_cells_below_an_empty_merged_one_are_marked_only_where_they_hide_something():
    hidden = ods_cell("hidden", 'office:value-type="string"', "covered-table-cell")
    formula = '<table:covered-table-cell table:formula="of:=1"/>'
    grid = table(spanned("", 2, 3) + hidden + "<table:covered-table-cell/>", hidden + formula + hidden, ods_cell("a"))
    places = [(0, 1), (1, 0), (1, 1), (1, 2)]
    assert grid == Grid("List", [[], [], ["a"]], [(*place, MERGED, "") for place in places])


def test_a_merged_cell_with_an_error_covers_too():
    error = '<table:table-cell table:formula="of:=1/0" table:number-columns-spanned="2"/>'
    grid = table(error + "<table:covered-table-cell/>" + ods_cell("a"))
    assert grid == Grid("List", [["", "", "a"]], [(0, 0, UNREADABLE, ""), (0, 1, MERGED, "")])


def test_a_covered_cell_that_nothing_covers_is_read():
    assert table(ods_cell("a", kind="covered-table-cell")) == Grid("List", [["a"]])


def test_merged_cells_mark_nothing_below_the_last_row_of_a_sheet():
    grid = table(spanned("a", 1_048_576, 16_384))
    assert grid.marks == [(0, column, MERGED, "") for column in range(1, MAX_COLUMNS)]


# --- Sheets ----------------------------------------------------------------------------------------------------------
def test_hidden_sheets_are_read_and_told():
    styles = zipped_styles('<style:style style:name="secret" style:family="table">{}</style:style>')
    tables = ods_table(ods_cell("a"), name="A", style="hidden") + ods_table(ods_cell("b"), name="B")
    tables += ods_table(ods_cell("c"), name="C", style="secret")
    found = list(grids(zipped({"styles.xml": styles, "content.xml": ODS_CONTENT.format(tables=tables)})))
    assert [(grid.name, grid.rows, grid.is_hidden) for grid in found] == [
        ("A", [["a"]], True),
        ("B", [["b"]], False),
        ("C", [["c"]], True),
    ]


def zipped_styles(style: str) -> str:
    properties = '<style:table-properties table:display="false"/>'
    other = f'<style:default-style style:family="table">{properties}</style:default-style>'
    return ODS_CONTENT.format(tables="").replace("<office:body>", f"{style.format(properties)}{other}<office:body>")


def test_a_damaged_part_of_styles_hides_no_sheet():
    members = {"styles.xml": "<x", "content.xml": ODS_CONTENT.format(tables=ods_table(ods_cell("a"), style="secret"))}
    assert only(zipped(members)) == Grid("List", [["a"]])


def test_sheets_without_a_name_are_called_by_their_place():
    nameless = ods_table(ods_cell("a")).replace('table:name="List"', "")
    found = grids(ods(nameless + ods_table(ods_cell("b")) + nameless))
    assert [grid.name for grid in found] == ["Sheet1", "List", "Sheet3"]


def test_only_the_sheets_of_the_document_are_sheets():
    changes = f"<table:tracked-changes><table:deletion>{ods_table(ods_cell('old'))}</table:deletion>"
    links = f"<table:dde-links><table:dde-link>{ods_table(ods_cell('linked'))}</table:dde-link></table:dde-links>"
    copy = ods_table(ods_cell("copied"), name="&apos;file:///home/jan/list.ods&apos;#$Sheet1", style="hidden")
    ranges = '<table:database-ranges><table:database-range table:name="x"/></table:database-ranges>'
    tables = f"{changes}</table:tracked-changes>{ods_table(ods_cell('a'))}{copy}{links}{ranges}"
    assert only(ods(tables)) == Grid("List", [["a"]])
    before = ODS_CONTENT.format(tables="").replace("<office:body>", ods_table(ods_cell("x")) + "<office:body>")
    assert list(grids(zipped({"content.xml": before}))) == []


def test_only_names_of_cells_in_other_files_are_passed_over():
    names = ("'file:///home/jan/a.ods'#$A", "1a '#$ x")
    content = "".join(ods_table(ods_cell("a"), name=name) for name in names)
    assert [grid.name for grid in grids(ods(content))] == [names[1]]


def test_what_stands_outside_of_sheets_and_cells_is_passed_over():
    stray = f"{row('', ods_cell('x'))}{ods_cell('x')}<text:p>x<text:tab/></text:p><table:scenario/>"
    style = '<style:style style:name="a" style:family="table"><style:table-properties table:display="true"/>'
    content = f"{style}</style:style>{stray}<table:table table:name='List'><text:p>x</text:p>{row('', ods_cell('a'))}"
    assert only(ods(f"{content}</table:table>{stray}")) == Grid("List", [["a"]])


def test_other_values_for_the_cells_of_a_sheet_are_a_hidden_sheet():
    scenario = ods_table(ods_cell("b")).replace("<table:table-row>", "<table:scenario/><table:table-row>")
    assert [grid.is_hidden for grid in grids(ods(ods_table(ods_cell("a")) + scenario))] == [False, True]


def test_a_table_in_a_cell_is_marked_and_has_no_rows_of_the_sheet():
    inner = ods_table(ods_cell("in"), ods_cell("in"), name="Inner")
    grid = table(f"<table:table-cell>{inner}</table:table-cell>" + ods_cell("a"), ods_cell("b"))
    assert grid == Grid("List", [["", "a"], ["b"]], [(0, 0, UNREADABLE, "")])


# --- Files -----------------------------------------------------------------------------------------------------------
def test_a_document_of_libreoffice_is_read():
    grid = only((SAMPLES / "libreoffice.ods").read_bytes())
    assert grid.name == "Skrzynki"
    assert grid.rows[2] == ["szefowa@firma.example", "kawa;i,mleko7", "5000"]
    assert (grid.marks, grid.hidden_rows, grid.is_hidden, grid.is_cut) == ([], [], False, False)


def test_neither_mimetype_nor_manifest_is_needed():
    assert only(ods(ods_table(ods_cell("a")), mimetype=None, manifest=None)) == Grid("List", [["a"]])


def test_the_name_of_the_part_may_be_written_otherwise():
    assert only(zipped({"/Content.XML": ODS_CONTENT.format(tables=ods_table(ods_cell("a")))})).rows == [["a"]]


def test_a_document_in_another_encoding_is_read():
    content = ODS_CONTENT.format(tables=ods_table(ods_cell("zażółć")))
    for encoding in ("utf-16", "iso-8859-2"):
        xml = content.replace('version="1.0"', f'version="1.0" encoding="{encoding}"').encode(encoding)
        assert only(zipped({"content.xml": xml})).rows == [["zażółć"]]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "no xml",
        ODS_CONTENT.format(tables="<table:table>"),
        ODS_CONTENT.format(tables="<other:table/>"),
        ODS_CONTENT.format(tables="&unknown;"),
        '<?xml version="1.0" encoding="nonsense"?><x/>',
        '<?xml version="1.0" encoding="utf-7"?><x/>',
        b"<x>\xff</x>",
        '<!DOCTYPE x [<!ENTITY a "aaaaaaaa">]><x>&a;</x>',
        '<!DOCTYPE x SYSTEM "file:///etc/passwd"><x>&a;</x>',
    ],
)
def test_xml_that_is_not_sound_is_unreadable(content):
    with pytest.raises(UnreadableError):
        list(grids(zipped({"content.xml": content})))


def test_an_archive_without_a_document_is_unreadable():
    for content in (b"PK", zipped({"styles.xml": "<x/>"})):
        with pytest.raises(UnreadableError):
            list(grids(content))


def test_a_document_type_without_entities_is_let_pass():
    xml = ODS_CONTENT.format(tables=ods_table(ods_cell("a&amp;b")))
    xml = xml.replace("?><", '?><!DOCTYPE office:document-content PUBLIC "-//OpenOffice.org//DTD" "office.dtd"><')
    assert only(zipped({"content.xml": xml})).rows == [["a&b"]]


def test_a_spoilt_document_is_unreadable():
    good = (SAMPLES / "libreoffice.ods").read_bytes()
    with zipfile.ZipFile(io.BytesIO(good)) as archive:
        start = archive.getinfo("content.xml").header_offset + 60
    with pytest.raises(UnreadableError):
        list(grids(good[:start] + b"\xff" * 40 + good[start + 40 :]))


# --- What is written reads back --------------------------------------------------------------------------------------
TEXTS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff", include_characters="\n\t"),
    max_size=12,
)
GRIDS = st.lists(st.lists(TEXTS | st.sampled_from(["", "", "x"]), max_size=6), max_size=6)


def trimmed(rows: list[list[str]]) -> list[list[str]]:
    """Return the rows without the empty cells and rows at their ends, as a Grid has them."""
    rows = [list(texts) for texts in rows]
    for texts in rows:
        while texts and not texts[-1]:
            texts.pop()
    while rows and not rows[-1]:
        rows.pop()
    return rows


def written_by_odfdo(rows: list[list[str]]) -> bytes:
    document = Document("ods")
    document.body.clear()
    sheet = Table("List")
    for values in rows:
        line = Row()
        line.set_values(values)
        sheet.append_row(line)
    document.body.append(sheet)
    content = io.BytesIO()
    document.save(content)
    return content.getvalue()


def test_values_written_by_odfdo_are_read():
    grid = only(written_by_odfdo([["E-mail", "Pojemność", "Hasło"], ["a@b.pl", 500, "x1"], ["c@d.pl", None, "y2"]]))
    assert grid == Grid("List", [["E-mail", "Pojemność", "Hasło"], ["a@b.pl", "500", "x1"], ["c@d.pl", "", "y2"]])


@given(GRIDS)
@settings(max_examples=60)
def test_texts_written_by_odfdo_read_back_equal(rows):
    assert only(written_by_odfdo(rows)) == Grid("List", trimmed(rows))


class Writer:
    """Writes a table as any writer might: other prefixes, white space, comments, and repeats or none."""

    def __init__(self, seed: int) -> None:
        self.choose = random.Random(seed)
        self.t, self.o, self.x = self.choose.choice(
            [("table", "office", "text"), ("t", "o", "x"), ("office", "a", "b")]
        )

    def gap(self) -> str:
        return self.choose.choice(["", "", "\n  ", "<!-- <x> -->", "\t<?pi?>"])

    def runs(self, things: list) -> list[tuple[object, int]]:
        if self.choose.random() < 0.5:
            return [(thing, 1) for thing in things]
        return [(thing, len(list(run))) for thing, run in itertools.groupby(things)]

    def document(self, rows: list[list[str]]) -> bytes:
        spaces = {self.t: "table", self.o: "office", self.x: "text"}
        names = "".join(
            f' xmlns:{p}="urn:oasis:names:tc:opendocument:xmlns:{space}:1.0"' for p, space in spaces.items()
        )
        inner = self.gap() + "".join(self.row(texts, count) + self.gap() for texts, count in self.runs(rows))
        inner = f'<{self.t}:table {self.t}:name="List">{inner}</{self.t}:table>'
        for element in ("spreadsheet", "body", "document-content"):
            more = names if element == "document-content" else ""
            inner = f"<{self.o}:{element}{more}>{self.gap()}{inner}{self.gap()}</{self.o}:{element}>"
        return zipped({"content.xml": inner})

    def row(self, texts: list[str], count: int) -> str:
        inner = self.gap() + "".join(self.cell(text, number) + self.gap() for text, number in self.runs(texts))
        return f'<{self.t}:table-row {self.t}:number-rows-repeated="{count}">{inner}</{self.t}:table-row>'

    def cell(self, text: str, count: int) -> str:
        paragraphs = text.split("\n") if text and self.choose.random() < 0.5 else [text] if text else []
        inner = self.gap().join(f"<{self.x}:p>{self.text(part)}</{self.x}:p>" for part in paragraphs)
        kind = self.choose.choice([f' {self.o}:value-type="string"', ""])
        repeated = f' {self.t}:number-columns-repeated="{count}"' if count > 1 else ""
        return f"<{self.t}:table-cell{kind}{repeated}>{self.gap()}{inner}{self.gap()}</{self.t}:table-cell>"

    def text(self, part: str) -> str:
        pieces = (self.piece(char, len(list(run))) for char, run in itertools.groupby(part))
        return "".join(f"<{self.x}:span>{p}</{self.x}:span>" if self.choose.random() < 0.2 else p for p in pieces)

    def piece(self, char: str, count: int) -> str:
        if self.choose.random() < 0.3 and char not in " \n\t":
            return f"<![CDATA[{char * count}]]>" if char != "]" else "&#93;" * count
        if char == " " and self.choose.random() < 0.7:
            return f'<{self.x}:s {self.x}:c="{count}"/>'
        element = {"\n": "line-break", "\t": "tab"}.get(char)
        return f"<{self.x}:{element}/>" * count if element else escape(char) * count


@given(GRIDS, st.integers(0, 2**32))
@settings(max_examples=200)
def test_texts_written_in_any_way_read_back_equal(rows, seed):
    assert only(Writer(seed).document(rows)) == Grid("List", trimmed(rows))


@given(st.binary(max_size=60), st.integers(0, 1_000))
@settings(max_examples=150)
def test_noise_in_a_document_gives_sheets_or_a_refusal(noise, place):
    xml = ODS_CONTENT.format(tables=ods_table(spanned("a", 2, 2), cell('office:value-type="float"', "5"))).encode()
    place = len(xml) - 1 - place % (len(xml) - 300)
    try:
        found = list(grids(zipped({"content.xml": xml[:place] + noise + xml[place + len(noise) :]})))
    except UnreadableError:
        return
    assert all(isinstance(grid, Grid) for grid in found)
