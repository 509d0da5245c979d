import pytest

from bulkimport.columns import COLUMNS
from bulkimport.readers import SEPARATORS
from bulkimport.rows import ENCODING_NAMES, Field
from tests.reading import cells, codes, is_sound, only_problem, read, row_codes

POLISH_HEADER = ";".join(column.names[0] for column in COLUMNS)


# --- Encodings -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1250", "iso-8859-2", "cp852"])
def test_an_encoding_is_told_by_a_polish_header(encoding):
    file = read(f"{POLISH_HEADER}\na@b.pl;Abc123\n".encode(encoding))
    assert file.dialect.encoding == encoding
    assert cells(file) == [("a@b.pl", "Abc123", "", "", "")]


@pytest.mark.parametrize("encoding", ["cp1250", "iso-8859-2", "cp852"])
def test_an_encoding_is_told_by_polish_letters_under_an_english_header(encoding):
    file = read("sep=,\nE-mail,Password\na@b.pl,zażółć gęślą jaźń 1\n".encode(encoding))
    assert file.dialect.encoding == encoding
    assert file.rows[0].cells[Field.PASSWORD] == "zażółć gęślą jaźń 1"


def test_big_endian_utf_16_is_read():
    file = read(b"\xfe\xff" + "E-mail\tHasło\na@b.pl\tx\n".encode("utf-16-be"))
    assert (file.dialect.encoding, file.dialect.separator) == ("utf-16", "\t")
    assert cells(file) == [("a@b.pl", "x")]


def test_broken_utf_16_is_not_a_table():
    assert codes(read(b"\xff\xfeE\x00-")) == ["not_a_table"]


def test_the_mark_does_not_stay_when_utf_8_is_chosen():
    file = read("E-mail\na@b.pl\n".encode("utf-8-sig"), encoding="utf-8")
    assert file.columns == (Field.EMAIL,)
    assert file.dialect.encoding == "utf-8"


def test_a_chosen_encoding_is_used():
    content = "E-mail;Hasło\na@b.pl;ąę1\n".encode("cp1250")
    file = read(content, encoding="iso-8859-2")
    assert file.dialect.encoding == "iso-8859-2"
    assert file.rows[0].cells[Field.PASSWORD] == "šę1"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_chosen_encoding_that_does_not_fit_is_named(encoding):
    problem = only_problem(read("E-mail;Hasło\na@b.pl;ąę12\n".encode("cp1250"), encoding=encoding))
    assert problem.code == "encoding_wrong"
    assert ENCODING_NAMES[encoding] in problem.message


def test_a_broken_letter_in_utf_8_is_found_rather_than_taken_for_another_encoding():
    content = f"{POLISH_HEADER}\na@b.pl;zażółć1\nc@d.pl;x\n".encode()
    broken = content.replace("ż".encode(), b"\xc5", 1)
    for file in (read(broken), read(b"\xef\xbb\xbf" + broken)):
        problem = only_problem(file)
        assert problem.code == "encoding_broken"
        assert "line 2 " in problem.message


def test_a_byte_that_one_code_page_lacks_leaves_the_others():
    assert read(b"E-mail;Has\xb3o\na@b.pl;\x81\xb1\n").dialect.encoding == "iso-8859-2"


@pytest.mark.parametrize(
    "content", [b"", b"\n\n", b" \t \r\n", b"\xef\xbb\xbf", b"\x1a", b"\n,,,\n,,\n", b"\xc2\xa0", b"sep=;\n"]
)
def test_a_file_of_blanks_is_empty(content):
    file = read(content)
    assert codes(file) == ["file_empty"]


@pytest.mark.parametrize(
    "content",
    [
        b"E-mail\na@b.pl\x00\x00\x00\x1a\n",
        b"\x07\x07",
        b"%PDF-1.7 text",
        b"{\\rtf1 text}",
        b"GIF89a",
        b"PK\x05\x06" + b"\0" * 18,
        b"\n<!DOCTYPE html><table><tr><td>E-mail",
        b"<html>",
        b'<?xml version="1.0"?><Workbook>',
        b"\xff\xfe\x00\x00E\x00\x00\x00",
    ],
)
def test_what_is_not_text_is_not_a_table(content):
    assert codes(read(content)) == ["not_a_table"]


@pytest.mark.parametrize("content", [b"<html><table>", b'<?xml version="1.0"?><Workbook>'])
def test_a_web_page_is_told_what_it_is(content):
    (problem,) = read(content).problems
    assert "web page or XML" in problem.message


@pytest.mark.parametrize("character", ["\0", "\x1a", "\x07", "\x7f"])
def test_a_stray_control_character_is_named_at_its_cell(character):
    file = read(f"E-mail{character};Hasło\njan@przyklad.pl;Zima{character}2024\newa@przyklad.pl;\n".encode())
    assert [(problem.code, problem.line, problem.field) for problem in file.rows[0].problems] == [
        ("cell_has_control", 2, Field.PASSWORD)
    ]
    assert file.rows[0].cells[Field.PASSWORD] == "Zima2024"
    assert file.rows[1].problems == ()


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("chosen", [None, "utf-16"])
def test_utf_16_is_known_without_its_mark(encoding, chosen):
    file = read("E-mail;Hasło\nzażółć@przyklad.pl;Gęślą2024\n".encode(encoding), encoding=chosen)
    assert file.dialect.encoding == "utf-16"
    assert file.rows[0].cells == {Field.EMAIL: "zażółć@przyklad.pl", Field.PASSWORD: "Gęślą2024"}


def test_the_end_mark_of_dos_is_passed_over():
    assert read(b"E-mail\na@b.pl\n\x1a").rows_read == 1


def test_a_vertical_tab_is_left_to_its_row():
    assert read("E-mail;Hasło\na@b.pl;x\x0by12345\n").rows[0].cells[Field.PASSWORD] == "x\x0by12345"


# --- Separators ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_header_tells_the_separator(separator):
    file = read(f'E-mail{separator} Hasło\na@b.pl{separator}"a,b;c|1"\n')
    assert file.dialect.separator == separator
    assert cells(file) == [("a@b.pl", "a,b;c|1")]


def test_rows_of_empty_cells_above_the_header_are_passed_over():
    for separator in SEPARATORS:
        file = read(';;;\n"";\nE-mail;"Hasło, tajne"\na@b.pl;x\n'.replace(";", separator))
        assert file.dialect.separator == separator
        assert [row.line for row in file.rows] == [4]


def test_unknown_names_tell_the_separator_by_their_rows():
    file = read("Login;Imię, nazwisko\na;b\nc;d\n")
    assert file.dialect.separator == ";"
    assert codes(file) == ["header_unknown"]


def test_without_header_the_rows_tell_the_separator():
    assert read("a@b.pl;x,y1;5\nc@d.pl;;\n\ne@f.pl;x\n").dialect.separator == ";"
    assert read("a@b.pl\tx,y1\n").dialect.separator == "\t"
    assert read("a@b.pl|x,y1\n").dialect.separator == "|"
    assert read("a@b.pl;x|y1\n").dialect.separator == ";"
    assert read("a@b.pl\nc@d.pl\n").dialect.separator == ","
    # A cell that is the name of a column says nothing in a line that is an account.
    assert read("a@b.pl;x,mail;5\nc@d.pl;y;\n").dialect.separator == ";"


def test_a_separator_line_is_obeyed_and_counted():
    for separator in SEPARATORS:
        for first in ("sep=;", '"sep=;"', "SEP=;;;", " sep=; "):
            file = read(f"{first}\r\nE-mail;Hasło\r\na@b.pl;x:1\r\n".replace(";", separator))
            assert [(row.line, tuple(row.cells.values())) for row in file.rows] == [(3, ("a@b.pl", "x:1"))]
            assert file.rows_read == 1


def test_a_chosen_separator_is_used():
    file = read("sep=;\nE-mail;Hasło,Pojemność\na@b.pl;1,2\n", separator=",")
    assert file.dialect.separator == ","
    assert codes(file) == ["email_column_missing", "column_unknown"]


# --- Lines and quotation marks ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_line_end_is_read(end):
    file = read(end.join(["E-mail;Hasło", "a@b.pl;x", "", "c@d.pl;y"]))
    assert [row.line for row in file.rows] == [2, 4]
    assert (file.rows_read, file.blank) == (3, 1)


def test_unusual_line_separators_are_part_of_a_value():
    assert read("E-mail;Hasło\na@b.pl;x\u2028y\x85z\n").rows[0].cells[Field.PASSWORD] == "x\u2028y\x85z"


def test_a_row_is_numbered_by_the_line_where_it_begins():
    file = read('E-mail;"Uwagi\r\nróżne"\r\na@b.pl;"x\r\ny\r\nz"\r\nc@d.pl;x\r\n')
    assert [row.line for row in file.rows] == [3, 6]


def test_a_line_break_inside_a_value_is_kept_as_a_line_feed():
    assert read('E-mail;Hasło\na@b.pl;"x\r\ny"\n').rows[0].cells[Field.PASSWORD] == "x\ny"


def test_quotation_marks_inside_a_value_are_read():
    file = read('"E-mail ","Hasło"\na@b.pl, "x""y,1"\nc@d.pl,x"y\n')
    assert cells(file) == [("a@b.pl", 'x"y,1'), ("c@d.pl", 'x"y')]


def test_text_after_a_closing_quotation_mark_is_an_error_of_its_row():
    file = read('E-mail;Hasło\na@b.pl;"x"y1\nc@d.pl;z\n')
    assert row_codes(file) == [(2, "quotes", None)]
    assert [row.cells[Field.EMAIL] for row in file.rows] == ["a@b.pl", "c@d.pl"]
    assert "x" not in file.rows[0].problems[0].message.replace("next", "")


def test_an_unclosed_quotation_mark_swallows_no_row():
    file = read('E-mail;Hasło\na@b.pl;"x;1\n' + "c@d.pl;y\n" * 30 + 'e@f.pl;"z\n')
    assert row_codes(file) == [(2, "quotes", None), (33, "quotes", None)]
    assert len(file.rows) == file.rows_read == 32


def test_an_unclosed_quotation_mark_ends_at_long_lines_too():
    file = read('E-mail;Uwagi\na@b.pl;"x\n' + f"c@d.pl;{'y' * 15_000}\n" * 3 + 'e@f.pl;"\n')
    assert row_codes(file) == [(2, "quotes", None), (6, "quotes", None)]
    assert len(file.rows) == 5


def test_a_quoted_value_beyond_what_the_csv_module_takes_is_too_long():
    file = read('E-mail;Hasło\na@b.pl;"' + "x" * 200_000 + '"\nc@d.pl;y\n')
    assert row_codes(file) == [(2, "cell_too_long", None)]
    assert len(file.rows) == 2
    assert is_sound(file)
