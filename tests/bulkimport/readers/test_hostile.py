"""Files made to harm: each must end in one clear problem, or in rows with theirs, and in seconds."""

import io
import zipfile
from itertools import pairwise

import pytest

from bulkimport.columns import COLUMNS
from bulkimport.readers import sheet
from bulkimport.readers.book import MAX_COUNTED, RefusedError
from tests.bulkimport.readers.spreadsheets import (
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
from tests.reading import codes, is_sound, read, row_codes

MB = 1_000_000
HEADER = "E-mail;Hasło\n".encode()


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        (b"\x00" * 5 * MB, ["not_a_table"]),
        (b'"' * 5 * MB, ["file_empty"]),
        (b";" * 5 * MB, ["file_empty"]),
        (b"\n" * 5 * MB, ["file_empty"]),
        (b" " * 5 * MB, ["file_empty"]),
        (" \u200b".encode() * MB, ["file_empty"]),
        (HEADER + b"\n" * MB, ["no_accounts"]),
        (HEADER + b";\n" * 200_000, ["no_accounts"]),
        (HEADER + b"a\n" * 200_000, ["too_many_accounts"]),
        (b"@\n" * 200_000, ["no_header", "too_many_accounts"]),
        (bytes(range(0xA0, 0x100)) * 50_000, ["header_unknown"]),
        (b"E-mail;" + b"x;" * 10_000, ["too_many_columns"]),
        (b"E-mail;" + b"x" * 5 * MB, ["column_unknown", "no_accounts"]),
        (b"x" * 5 * MB, ["header_unknown"]),
    ],
    ids=lambda value: ",".join(value) if isinstance(value, list) else repr(value[:12]),
)
def test_text_without_end_is_refused(content, wanted):
    file = read(content)
    assert codes(file) == wanted
    assert is_sound(file)


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        (HEADER + b'"' * 5 * MB, [(2, "cell_too_long", None)]),
        (HEADER + b"a@b.pl" + b";" * 5 * MB + b"x", [(2, "surplus_cell", None)]),
        (HEADER + b"a@b.pl;" + " \u200b".encode() * MB, [(2, "cell_too_long", "password")]),
    ],
    ids=["quotes", "separators", "invisible"],
)
def test_a_row_without_end_is_an_error_of_that_row(content, wanted):
    file = read(content)
    assert file.problems == ()
    assert row_codes(file) == wanted


def test_open_quotation_marks_on_every_line_take_no_longer_than_the_file():
    # From each line to the end of the file the marks never close: read to the end each time, this would take hours.
    file = read(HEADER + b'x","\n' * 100_000)
    assert codes(file) == ["too_many_accounts"]
    assert "more than 20,000 accounts" in file.problems[0].message
    assert file.rows_read == MAX_COUNTED + 1


@pytest.mark.parametrize("line", ['a@b.pl;"x"\n\n', '"x";y\nz\n', '"x"\nz"y\n', 'a@b.pl;"x"y\nz\n', '"\n"x"\n'])
def test_looking_for_the_rest_of_a_row_takes_no_longer_than_the_file(line):
    assert is_sound(read(HEADER + b"a@b.pl;\n" * 3 + line.encode() * 100_000))
    assert is_sound(read(HEADER + line.encode() + b"z\n" * 100_000 + b'"'))


@pytest.mark.parametrize(
    "start",
    ["MIME-Version: 1.0\r\nX-Document-Type: Workbook\r\nContent-Type: multipart/related", "From: <Saved by Blink>\r\n"],
)
def test_a_web_page_in_one_file_is_refused_as_one(start):
    page = f"{start}\r\n\r\n------=_NextPart\r\n<table><tr><td>jan@klub.example</td></tr></table>\r\n"
    (problem,) = read(page).problems
    assert (problem.code, "web page" in problem.message) == ("not_a_table", True)


def test_a_picture_named_table_is_refused():
    assert codes(read(b"\x89PNG\r\n\x1a\n" + b"IHDR" * 100)) == ["not_a_table"]
    assert codes(read(b"\xff\xd8\xff\xe0" + b"JFIF" * 100)) == ["not_a_table"]


# --- Spreadsheets ----------------------------------------------------------------------------------------------------
def refused(content: bytes) -> tuple[str, str | None]:
    """Return the code by which a spreadsheet is refused, and its format as far as it was told."""
    with pytest.raises(RefusedError) as refusal:
        sheet.read(content, keep=100)
    book = refusal.value.book
    return book.refusal.code, book.format


def test_two_cells_at_the_corners_of_a_sheet_are_one_row_and_a_sheet_that_is_cut():
    first = f'<row r="1">{xlsx_cell("A1", "E-mail")}</row>'
    content = xlsx(first + f'<row r="1048576">{xlsx_cell("XFD1048576", "x")}</row>')
    (found,) = sheet.read(content, keep=100).sheets
    assert (len(found.records), found.is_cut) == (1, True)


@pytest.mark.parametrize("column", ["NTP", "XFD"])
def test_thousands_of_columns_become_one_surplus_cell(column):
    book = sheet.read(xlsx(f'<row r="1">{xlsx_cell("A1", "E-mail")}{xlsx_cell(f"{column}1", "x")}</row>'), keep=100)
    assert list(book.sheets[0].records[0].cells) == ["E-mail", *[""] * 99, "x"]


def test_a_cell_of_a_gigabyte_and_a_half_is_refused():
    members = xlsx_members("")
    del members[SHEET_PATH]
    content = io.BytesIO(zipped(members))
    with (
        zipfile.ZipFile(content, "a", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open(SHEET_PATH, "w") as part,
    ):
        part.write(b'<worksheet><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>')
        for _ in range(1_500):
            part.write(b"x" * MB)
    assert len(content.getvalue()) < 10 * MB
    assert refused(content.getvalue()) == ("sheet_too_large", None)


def test_an_archive_of_thousands_of_members_is_refused():
    assert refused(zipped({f"xl/{number}": "" for number in range(2_001)})) == ("sheet_too_large", None)


def test_an_archive_that_lies_about_its_sizes_is_refused():
    content = xlsx(f'<row r="1">{xlsx_cell("A1", "E-mail" * 10_000)}</row>')
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        size = archive.getinfo(SHEET_PATH).file_size.to_bytes(4, "little")
    assert refused(content.replace(size, b"\x10\0\0\0")) == ("file_damaged", None)


def test_millions_of_cells_in_a_row_become_one_surplus_cell():
    book = sheet.read(xlsx("<row>" + "<c><v>1</v></c>" * MB + "</row>"), keep=100)
    assert len(book.sheets[0].records[0].cells) == 101


def test_cells_that_cannot_be_read_in_millions_are_refused_or_few():
    assert len(sheet.read(xlsx("<row>" + "<c t='e'/>" * MB + "</row>"), keep=9).sheets[0].records[0].marks) == 101
    rows = f"<row>{'<c><f>1</f></c>' * 90}</row>" * 2_000
    assert refused(xlsx(rows)) == ("sheet_too_large", "xlsx")


def test_merged_cells_one_over_the_other_are_refused():
    areas = '<mergeCell ref="A1:XFD1048576"/>' * 10_000
    rows = f"<row>{xlsx_cell('A1', 'x')}</row></sheetData><mergeCells>{areas}</mergeCells><sheetData>"
    assert refused(xlsx(rows)) == ("sheet_too_large", "xlsx")


def test_error_cells_without_end_are_refused_and_not_looked_for_without_end():
    assert refused(xlsx("<row>" + '<c t="e">' * 500_000)) == ("sheet_unreadable", "xlsx")


def test_a_number_format_without_end_is_no_more_than_a_doubt():
    styles = f'<styleSheet><numFmts><numFmt numFmtId="170" formatCode="{"#" * MB}"/></numFmts>'
    styles += '<cellXfs><xf numFmtId="170"/></cellXfs></styleSheet>'
    members = xlsx_members(SHEET.format(rows="<row>" + '<c s="0"><v>5</v></c>' * 50 + "</row>"))
    (found,) = sheet.read(zipped({**members, "xl/styles.xml": styles}), keep=9).sheets
    assert found.records[0].marks[0] == (0, "number_format", "")


def test_rows_repeated_a_million_times_are_cut():
    row = f'<table:table-row table:number-rows-repeated="1048000">{ods_cell("x") * 300}</table:table-row>'
    (found,) = sheet.read(ods(ods_table(ods_cell("E-mail"), row)), keep=100).sheets
    assert found.is_cut
    assert (len(found.records), found.more) == (100, 19_900)


def test_an_entity_bomb_is_harmless():
    names = "abcdefgh"
    entities = '<!ENTITY a "xxxxxxxxxx">' + "".join(
        f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in pairwise(names)
    )
    bomb = (
        f"<!DOCTYPE x [{entities}]>"
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1">'
        f'{xlsx_cell("A1", "E-mail")}<c r="B1" t="str"><f>1</f><v>&h;</v></c></row></sheetData></worksheet>'
    )
    assert refused(zipped(xlsx_members(bomb))) == ("sheet_unreadable", "xlsx")


def test_every_column_name_stays_known_to_the_reader():
    for column in COLUMNS:
        assert all(codes(read(f"E-mail;{name}\na@b.pl\n")) in ([], ["column_repeated"]) for name in column.names)


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_a_way_to_compress_that_no_spreadsheet_uses_is_not_even_tried(method):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        archive.writestr("[Content_Types].xml", "<x/>")
        archive.writestr("xl/workbook.xml", "x" * 1000)
    content = bytearray(buffer.getvalue())
    assert refused(bytes(content)) == ("sheet_unreadable", None)
    content[60:80] = bytes(20)
    assert refused(bytes(content))[0] in ("sheet_unreadable", "file_damaged")
