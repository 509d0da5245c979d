import csv
import io
from itertools import zip_longest

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bulkimport.columns import COLUMNS
from bulkimport.readers import text
from bulkimport.readers.book import MAX_COLUMNS, MAX_COUNTED, Book, RefusedError, is_blank
from bulkimport.readers.header import is_address
from bulkimport.readers.text import ENCODINGS, SEPARATORS, split_line

POLISH_HEADER = ";".join(column.names[0] for column in COLUMNS)
EIGHT_BIT = ["cp1250", "iso-8859-2", "cp852", "mac-latin2"]


def read(content: str | bytes, *, encoding: str | None = None, separator: str | None = None, keep: int = 1000) -> Book:
    content = content.encode() if isinstance(content, str) else content
    return text.read(content, encoding=encoding, separator=separator, keep=keep)


def rows(book: Book) -> list[list[str]]:
    return [list(record.cells) for record in book.sheets[0].records]


def numbered(book: Book) -> list[tuple[int, list[str]]]:
    return [(record.line, list(record.cells)) for record in book.sheets[0].records]


def faults(book: Book) -> list[tuple[int, int]]:
    """Return the first and last line of each record whose quotation marks are wrong."""
    return [(record.line, record.last) for record in book.sheets[0].records if record.fault == "quotes"]


def refusal(content: bytes, **chosen: str) -> tuple[str, str]:
    with pytest.raises(RefusedError) as refused:
        read(content, **chosen)
    found = refused.value.book.refusal
    return found.code, found.detail


# --- Encodings -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", *EIGHT_BIT])
def test_an_encoding_is_told_by_a_polish_header(encoding):
    book = read(f"{POLISH_HEADER}\na@b.pl;Abc123\n".encode(encoding))
    assert (book.format, book.encoding) == ("csv", encoding)
    assert rows(book)[1] == ["a@b.pl", "Abc123"]


@pytest.mark.parametrize("encoding", EIGHT_BIT)
def test_an_encoding_is_told_by_a_polish_header_below_titles(encoding):
    book = read(f"Lista kont\n\n„Szkoła” – 2026\n{POLISH_HEADER}\na@b.pl;Abc123\n".encode(encoding, "replace"))
    assert book.encoding == encoding


@pytest.mark.parametrize("encoding", EIGHT_BIT)
def test_an_encoding_is_told_by_polish_letters_under_an_english_header(encoding):
    book = read("sep=,\nE-mail,Password\na@b.pl,zażółć gęślą jaźń 1\n".encode(encoding))
    assert book.encoding == encoding
    assert rows(book)[1] == ["a@b.pl", "zażółć gęślą jaźń 1"]


WORDS = st.sampled_from(["zażółć", "gęślą", "jaźń", "Łódź", "mrówka", "wąż", "źdźbło", "Łąka", "ósmy", "dąb", "Łoś"])


@given(st.sampled_from(EIGHT_BIT), st.lists(WORDS, min_size=1, max_size=6))
@settings(max_examples=150)
def test_no_code_page_takes_files_from_another_under_a_polish_header(encoding, words):
    lines = [f"a{number}@b.pl;{word}{number}" for number, word in enumerate(words)]
    book = read("\n".join(["E-mail;Hasło", *lines]).encode(encoding))
    assert rows(book)[1:] == [line.split(";") for line in lines]


@given(st.sampled_from(EIGHT_BIT), st.lists(WORDS, max_size=6))
@settings(max_examples=150)
def test_no_code_page_takes_files_from_another_under_an_english_header(encoding, words):
    lines = [f"a{number}@b.pl;{word}{number}" for number, word in enumerate(["zażółć", "gęślą", "jaźń", *words])]
    book = read("\n".join(["E-mail;Password", *lines]).encode(encoding))
    assert rows(book)[1:] == [line.split(";") for line in lines]


def test_of_equal_readings_the_likelier_code_page_wins():
    # This byte is a Polish letter in three code pages: ć, and ś in the one of old Macs.
    book = read(b"E-mail;Password\na@b.pl;\xe6ma12\n")
    assert (book.encoding, rows(book)[1][1]) == ("cp1250", "ćma12")
    # A capital inside a word is no likely reading: ó of a Mac, rather than Ś of DOS or a dash of Windows.
    book = read(b"E-mail;Password\na@b.pl;mr\x97wka1\n")
    assert (book.encoding, rows(book)[1][1]) == ("mac-latin2", "mrówka1")
    # A dash on its own is one.
    assert read(b"E-mail;Password\na@b.pl;abc \x97 1\n").encoding == "cp1250"


def test_plain_letters_are_utf_8():
    assert read("E-mail;Password\na@b.pl;abc123\n").encoding == "utf-8"


def test_big_endian_utf_16_is_read():
    book = read(b"\xfe\xff" + "E-mail\tHasło\na@b.pl\tx\n".encode("utf-16-be"))
    assert (book.encoding, book.separator) == ("utf-16", "\t")
    assert rows(book) == [["E-mail", "Hasło"], ["a@b.pl", "x"]]


def test_broken_utf_16_is_not_a_table():
    assert refusal(b"\xff\xfeE\x00-") == ("not_a_table", "")


def test_the_mark_does_not_stay_when_utf_8_is_chosen():
    book = read("E-mail\na@b.pl\n".encode("utf-8-sig"), encoding="utf-8")
    assert rows(book)[0] == ["E-mail"]
    assert book.encoding == "utf-8"


def test_a_chosen_encoding_is_used():
    content = "E-mail;Hasło\na@b.pl;ąę1\n".encode("cp1250")
    book = read(content, encoding="iso-8859-2")
    assert book.encoding == "iso-8859-2"
    assert rows(book)[1] == ["a@b.pl", "šę1"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_chosen_encoding_that_does_not_fit_is_named(encoding):
    content = "E-mail;Hasło\na@b.pl;ąę12\n".encode("cp1250")
    assert refusal(content, encoding=encoding) == ("encoding_wrong", encoding)


def test_a_broken_letter_in_utf_8_is_found_rather_than_taken_for_another_encoding():
    content = f"{POLISH_HEADER}\r\na@b.pl;zażółć1\r\nc@d.pl;x\r\n".encode()
    broken = content.replace("ż".encode(), b"\xc5", 1)
    assert refusal(broken) == refusal(b"\xef\xbb\xbf" + broken) == ("encoding_broken", "2")
    english = "E-mail;Password\na@b.pl;zażółć1\nc@d.pl;ą\xff1\n".encode().replace(b"\xc3\xbf", b"\xb9")
    assert refusal(english) == ("encoding_broken", "3")


def test_a_byte_that_one_code_page_lacks_leaves_the_others():
    assert read(b"E-mail;Has\xb3o\na@b.pl;\x81\xb1\n").encoding == "iso-8859-2"


@pytest.mark.parametrize(
    "content",
    [b"", b"\n\n", b" \t \r\n", b"\xef\xbb\xbf", b"\x1a", b"\n,,,\n,,\n", b"\xc2\xa0", b"sep=;\n", b"sep=;", b'"\n"\n'],
)
def test_a_file_of_blanks_is_empty(content):
    assert refusal(content) == ("file_empty", "")


@pytest.mark.parametrize(
    "content",
    [
        b"E-mail\na@b.pl\x00\x00\x00\x1a\n",
        b"\x07\x07",
        b"%PDF-1.7 text",
        b"{\\rtf1 text}",
        b"GIF89a",
        b"PK\x05\x06" + b"\0" * 18,
        b"\xff\xfe\x00\x00E\x00\x00\x00",
        b'TABLE\r\n0,1\r\n"EXCEL"\r\nVECTORS\r\n0,2\r\n""\r\n',
        b'ID;PWXL;N;E\r\nP;PGeneral\r\nC;Y1;X1;K"E-mail"\r\n',
        b"ID;PCALCOOO32\nB;Y2;X2\n",
    ],
)
def test_what_is_not_text_is_not_a_table(content):
    assert refusal(content) == ("not_a_table", "")


def test_a_list_may_begin_with_a_column_named_id():
    for header in ("ID;Password;E-mail", "ID;PASSWORD;EMAIL", "ID;P;N;E-mail"):
        assert rows(read(f"{header}\nA;B;a@b.pl\n"))[0] == header.split(";")


@pytest.mark.parametrize(
    "content",
    [b"<html><table>", b'<?xml version="1.0"?><Workbook>', b"\n<!DOCTYPE html><table><tr><td>E-mail"],
)
def test_a_web_page_is_told_what_it_is(content):
    assert refusal(content) == ("markup", "")


@pytest.mark.parametrize("character", ["\0", "\x1a", "\x07", "\x7f", "\x0b"])
def test_a_stray_control_character_is_left_to_its_row(character):
    book = read(f"E-mail;Hasło\njan@przyklad.pl;Zima{character}2024\newa@przyklad.pl;\n")
    assert rows(book)[1] == ["jan@przyklad.pl", f"Zima{character}2024"]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("chosen", [None, "utf-16"])
def test_utf_16_is_known_without_its_mark(encoding, chosen):
    book = read("E-mail;Hasło\nzażółć@przyklad.pl;Gęślą2024\n".encode(encoding), encoding=chosen)
    assert book.encoding == "utf-16"
    assert rows(book)[1] == ["zażółć@przyklad.pl", "Gęślą2024"]


def test_the_end_mark_of_dos_is_passed_over():
    assert rows(read(b"E-mail\na@b.pl\n\x1a")) == [["E-mail"], ["a@b.pl"]]


# --- Separators ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("separator", SEPARATORS)
def test_the_header_tells_the_separator(separator):
    book = read(f'E-mail{separator} Hasło\na@b.pl{separator}"a,b;c|1"\n')
    assert book.separator == separator
    assert rows(book) == [["E-mail", "Hasło"], ["a@b.pl", "a,b;c|1"]]


@pytest.mark.parametrize("separator", SEPARATORS)
@pytest.mark.parametrize("names", ["Has?o;Pojemno??", "HasĹ‚o;PojemnoĹ›Ä‡", "Has³o;Pojemno\x9cæ", "Haso;Pojemno"])
def test_a_garbled_header_tells_the_separator(separator, names):
    header = f"E-mail (a, b; c|d\te);{names}".replace(";", separator)
    assert read(f"{header}\na@b.pl{separator}x,1;y{separator}5\n").separator == separator


@pytest.mark.parametrize("separator", SEPARATORS)
def test_a_header_below_titles_tells_the_separator(separator):
    titles = "Konta, hasła, pojemność; lista | 2026\n\nSzkoła, ul. Polna 1, Kraków\n"
    book = read(f"{titles}E-mail;Hasło\na@b.pl;x,y1\n".replace(";", separator))
    assert book.separator == separator
    assert numbered(book)[-2:] == [
        (4, ["E-mail", "Hasło"]),
        (5, ["a@b.pl", "x,y1" if separator != "," else "x", "y1"][: 2 + (separator == ",")]),
    ]


def test_rows_of_empty_cells_above_the_header_are_blank():
    for separator in SEPARATORS:
        book = read(';;;\n"";\nE-mail;"Hasło, tajne"\na@b.pl;x\n'.replace(";", separator))
        assert book.separator == separator
        assert [line for line, _cells in numbered(book)] == [3, 4]
        assert book.sheets[0].blank == 2


def test_unknown_names_tell_the_separator_by_their_rows():
    assert read("Identyfikator;Imię, nazwisko\na;b\nc;d\n").separator == ";"


def test_without_header_the_rows_tell_the_separator():
    assert read("a@b.pl;x,y1;5\nc@d.pl;;\n\ne@f.pl;x\n").separator == ";"
    assert read("a@b.pl\tx,y1\n").separator == "\t"
    assert read("a@b.pl|x,y1\n").separator == "|"
    assert read("a@b.pl;x|y1\n").separator == ";"
    assert read("a@b.pl\nc@d.pl\n").separator == ","
    # A cell that is the name of a column says nothing in a line that is an account.
    assert read("a@b.pl;x,mail;5\nc@d.pl;y;\n").separator == ";"


def test_a_separator_line_is_obeyed_and_counted():
    for separator in SEPARATORS:
        for first in ("sep=;", '"sep=;"', "SEP=;;;", " sep=; "):
            book = read(f"{first}\r\nE-mail;Hasło\r\na@b.pl;x:1\r\n".replace(";", separator))
            assert numbered(book) == [(2, ["E-mail", "Hasło"]), (3, ["a@b.pl", "x:1"])]
            assert book.sheets[0].blank == 0


def test_a_chosen_separator_is_used():
    book = read("sep=;\nE-mail;Hasło,Pojemność\na@b.pl;1,2\n", separator=",")
    assert book.separator == ","
    assert rows(book)[0] == ["E-mail;Hasło", "Pojemność"]


@pytest.mark.parametrize("mark", ['"', ""])
def test_whole_lines_in_one_cell_stay_as_they_are(mark):
    lines = ["E-mail,Hasło,Pojemność", "w1@b.pl,Globus11,150", "w2@b.pl,Globus22,250"]
    book = read("".join(f"{mark}{line}{mark};\n" for line in lines))
    assert book.separator == ";"
    assert rows(book) == [[line, ""] for line in lines]


def test_a_value_of_a_whole_line_in_one_cell_may_have_the_separator_around_it():
    book = read("E-mail,Hasło,Pojemność;;\na@b.pl,x;y1,500;;\nc@d.pl,z1,500;;\n")
    assert book.separator == ";"
    assert rows(book)[1:] == [["a@b.pl,x", "y1,500", "", ""], ["c@d.pl,z1,500", "", ""]]
    assert read("E-mail,Hasło,Uwagi\na@b.pl,x1,p;\nc@d.pl,y1,q;\n").separator == ","


def test_whole_lines_in_one_cell_leave_the_separator_inside_to_be_tried():
    # Whichever is returned, it is not the one that stands in the cells.
    assert read('"E-mail,Hasło"\n"a@b.pl,x1"\n').separator != ","
    assert read('"E-mail;Hasło"\n"a@b.pl;x1"\n').separator != ";"


# --- Lines -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_line_end_is_read(end):
    book = read(end.join(["E-mail;Hasło", "a@b.pl;x", "", "c@d.pl;y"]))
    assert [line for line, _cells in numbered(book)] == [1, 2, 4]
    assert book.sheets[0].blank == 1


def test_blank_lines_are_counted_but_for_what_follows_the_last_line_end():
    book = read('\n\nE-mail;Hasło\n\n\na@b.pl;x\n;\n  \n\u200b;\n";"\n"\n";\n\n')
    assert [line for line, _cells in numbered(book)] == [3, 6, 10]
    assert book.sheets[0].blank == 2 + 2 + 3 + 1 + 1


def test_unusual_line_separators_are_part_of_a_value():
    assert rows(read("E-mail;Hasło\na@b.pl;x\u2028y\x85z\n"))[1][1] == "x\u2028y\x85z"


def test_a_row_is_numbered_by_the_line_where_it_begins():
    book = read('E-mail;"Uwagi\r\nróżne"\r\na@b.pl;"x\r\ny\r\nz"\r\nc@d.pl;x\r\n')
    assert numbered(book) == [(1, ["E-mail", "Uwagi\nróżne"]), (3, ["a@b.pl", "x\ny\nz"]), (6, ["c@d.pl", "x"])]


def test_records_beyond_those_kept_are_counted():
    sheet = read("E-mail\n" + "a@b.pl\n\n" * 30, keep=10).sheets[0]
    assert (len(sheet.records), sheet.more, sheet.blank, sheet.is_cut) == (10, 21, 30, False)


def test_the_counting_ends_where_a_file_is_too_long():
    sheet = read("E-mail\n" + "a@b.pl\n" * (MAX_COUNTED + 500), keep=10).sheets[0]
    assert len(sheet.records) + sheet.more == MAX_COUNTED + 2
    sheet = read("E-mail\n" + "a@b.pl\n" * (MAX_COUNTED + 500), keep=MAX_COUNTED + 600).sheets[0]
    assert (len(sheet.records), sheet.more) == (MAX_COUNTED + 501, 0)


def test_of_too_many_cells_the_first_text_is_kept():
    book = read("E-mail\na@b.pl" + "," * 5000 + "\nc@d.pl" + "," * 5000 + "x,,y\n")
    assert rows(book)[1:] == [["a@b.pl", *[""] * (MAX_COLUMNS - 1)], ["c@d.pl", *[""] * (MAX_COLUMNS - 1), "x"]]


# --- Quotation marks that match --------------------------------------------------------------------------------------
def test_quotation_marks_inside_a_value_are_read():
    book = read('"E-mail ","Hasło"\na@b.pl, "x""y,1"\nc@d.pl,x"y\n')
    assert rows(book) == [["E-mail ", "Hasło"], ["a@b.pl", 'x"y,1'], ["c@d.pl", 'x"y']]


@pytest.mark.parametrize("separator", [",", ";", "|"])
@pytest.mark.parametrize("blank", [" ", "  ", "\t", "\u00a0", " \t "])
def test_blanks_around_quotation_marks_are_no_text(separator, blank):
    line = f'"a@b.pl"{blank}{separator}{blank}"x;,|1"{blank}\n'
    book = read(f"E-mail{separator}Hasło\n{line}")
    assert rows(book)[1] == ["a@b.pl", "x;,|1"]
    assert faults(book) == []


@pytest.mark.parametrize("separator", SEPARATORS)
@pytest.mark.parametrize("marks", ["\ufeff", "\ufeff\ufeff"])
def test_byte_order_marks_before_quotation_marks_are_no_text(separator, marks):
    """A file that was put together of several has one where each begins."""
    part = f'{marks}"E-mail","Hasło"\n"a@b.pl","x,1"\n'.replace(",", separator)
    book = read(part * 2)
    assert rows(book) == [["E-mail", "Hasło"], ["a@b.pl", f"x{separator}1"]] * 2
    assert faults(book) == []


def test_a_remark_of_several_lines_is_one_cell():
    remark = "poniedziałek\nśroda, 12-16\nkontakt: dyrekcja@inny.example"
    for separator in SEPARATORS:
        book = read(f'E-mail;Hasło;Uwagi\na@b.pl;x1;"{remark}"\nc@d.pl;y1;\n'.replace(";", separator))
        assert numbered(book)[1:] == [(2, ["a@b.pl", "x1", remark]), (5, ["c@d.pl", "y1", ""])]


@pytest.mark.parametrize("lines", [2, 15, 99])
def test_a_long_remark_is_one_cell(lines):
    remark = "\n".join(f"uwaga {number}; i tak dalej" for number in range(lines))
    book = read(f'E-mail;Hasło;Uwagi;Dział\na@b.pl;x1;"{remark}";A\nc@d.pl;y1;;B\n')
    assert faults(book) == []
    assert numbered(book)[1:] == [(2, ["a@b.pl", "x1", remark, "A"]), (2 + lines, ["c@d.pl", "y1", "", "B"])]


@pytest.mark.parametrize("forwards", ["x@i.pl\ny@i.pl", "x@i.pl,\ny@i.pl", "x@i.pl, z@i.pl\ny@i.pl, w@i.pl\nv@i.pl"])
@pytest.mark.parametrize("separator", SEPARATORS)
def test_addresses_to_forward_to_are_one_cell(forwards, separator):
    header = "E-mail;Hasło;Przekierowanie;Uwagi".replace(";", separator)
    book = read(f'{header}\na@b.pl;;"{forwards}";Tak\nc@d.pl;;;\n'.replace(";", separator))
    assert rows(book)[1] == ["a@b.pl", "", forwards.replace(";", separator), "Tak"]
    assert faults(book) == []


def test_a_row_may_lack_cells_after_a_quoted_one():
    book = read('E-mail;Hasło;Uwagi\na@b.pl\nc@d.pl;"x;1"\n"e@f.pl";"y1"\n')
    assert rows(book)[1:] == [["a@b.pl"], ["c@d.pl", "x;1"], ["e@f.pl", "y1"]]
    assert faults(book) == []
    assert faults(read('E-mail,Hasło,Przekierowanie,Uwagi\na@b.pl,,"x@i.pl, y@i.pl"\nc@d.pl,,,\n')) == []


def test_the_guards_of_exporters_stay_for_now():
    assert rows(read('E-mail;Hasło\n"a@b.pl";="haslo1"\n'))[1] == ["a@b.pl", '="haslo1"']


def test_one_line_can_be_taken_apart_on_its_own():
    assert split_line('w2@b.pl,"Glo,""bus" , 250', ",") == ["w2@b.pl", 'Glo,"bus', "250"]
    assert split_line("w2@b.pl\nGlobus", ",") == ["w2@b.pl Globus"]
    assert split_line('w2@b.pl,"Globus', ",") is None
    assert split_line('w2@b.pl,"Glo"bus', ",") is None


# --- Quotation marks that do not match -------------------------------------------------------------------------------
def test_text_after_a_closing_quotation_mark_is_a_fault_of_its_line():
    book = read('E-mail;Hasło\na@b.pl;"x"y1\nc@d.pl;z\n')
    assert faults(book) == [(2, 2)]
    assert [cells[0] for cells in rows(book)] == ["E-mail", "a@b.pl", "c@d.pl"]


@pytest.mark.parametrize("count", [1, 30, 150])
def test_an_unclosed_quotation_mark_swallows_no_row(count):
    book = read('E-mail;Hasło\na@b.pl;"x;1\n' + "c@d.pl;y\n" * count)
    assert faults(book) == [(2, 2)]
    assert rows(book)[2:] == [["c@d.pl", "y"]] * count


def test_a_mark_that_closes_too_far_below_was_never_meant_to():
    for line in ("c@d.pl;y\n" * 120, f"c@d.pl;{'y' * 15_000}\n" * 3, "y\n" * 120):
        book = read('E-mail;Uwagi\na@b.pl;"x\n' + line + 'e@f.pl";z\n')
        assert faults(book) == [(2, 2)]
        assert rows(book)[-1] == ['e@f.pl"', "z"]


def test_a_quoted_line_without_end_is_too_long():
    book = read('E-mail;Hasło\na@b.pl;"' + "x" * 200_000 + '"\nc@d.pl;y\n')
    assert [record.fault for record in book.sheets[0].records] == ["", "cell_too_long", ""]


def test_many_cells_of_several_lines_in_one_row_were_never_meant():
    book = read("E-mail;Hasło\n" + 'x";"\n' * 12)
    assert faults(book)[0] == (2, 2)
    assert len(rows(book)) == 13


SWALLOWED = [
    # The first cell, a later one, the last one; in a used column and in others.
    ("Imię,E-mail,Hasło", '"Jan,jan@b.pl,h1\nOla",ola@b.pl,h2'),
    ("Imię,E-mail,Hasło", 'Jan,"jan@b.pl,h1\nOla,ola@b.pl",h2'),
    ("Imię,E-mail,Hasło", 'Jan,jan@b.pl,"h1\nOla,ola@b.pl,h2"'),
    ("Imię,E-mail,Hasło", 'Jan,jan@b.pl,"h1\nOla",ola@b.pl,h2'),
    ("Imię,E-mail,Hasło", '"Jan,jan@b.pl,h1\nOla,ola@b.pl,h2"'),
    ("Imię;E-mail;Hasło", '"Jan;jan@b.pl;h1\nEwa;ewa@b.pl;h3\nOla";ola@b.pl;h2'),
    ("E-mail;Hasło;Uwagi", 'jan@b.pl;h1;"\newa@b.pl;h3;\nola@b.pl;h2;"'),
    ("E-mail;Hasło;Uwagi", 'jan@b.pl;h1;"\nola@b.pl";h2;'),
    # Of few columns.
    ("E-mail", '"jan@b.pl\nola@b.pl"'),
    ("E-mail", '"jan@b.pl\n\newa\nola@b.pl"'),
    ("E-mail;Hasło", 'jan@b.pl;"h1\nola@b.pl;h2"'),
    ("E-mail;Hasło", 'jan@b.pl;"h1\nola@b.pl";h2'),
    ("E-mail;Hasło", '"jan@b.pl;h1\nola@b.pl";h2'),
    ("Hasło;E-mail", '"h1;jan@b.pl\nh2";ola@b.pl'),
    ("Hasło;E-mail", 'h1;"jan@b.pl\nh2;ola@b.pl"'),
    # Without an @, and with rows that lack theirs.
    ("email|domain|password", 'jan|"b.pl|h1\nola|b.pl"|h2'),
    ("E-mail;Hasło;Pojemność", 'jan@b.pl;"h1;5\newa.b.pl;h3;6\nola";h2;7'),
    ("E-mail;Hasło;Pojemność;Uwagi", 'jan@b.pl;"h1;5;\nola@b.pl;h2"'),
    ("E-mail;Hasło;Przekierowanie;Pojemność", 'jan@b.pl;h1;;"\nola@b.pl;;f@x.pl";'),
    # With quoted cells, and cells of several lines, among them.
    ("Hasło;Uwagi;E-mail", 'h1;"p\n\nq"";jan@b.pl\nh2;""x;y\nz";ola@b.pl'),
    ("E-mail;Hasło;Uwagi", '"jan@b.pl;h1;\newa@b.pl;"";\nola@b.pl";h2;"a\nb"'),
    # Without names of columns.
    ("zofia@b.pl;h0;5", 'jan@b.pl;"h1;5\nola@b.pl;h2";6'),
]


@pytest.mark.parametrize(("header", "swallowing"), SWALLOWED)
def test_a_cell_that_looks_like_rows_is_a_fault_that_names_both_lines(header, swallowing):
    separator = next((separator for separator in SEPARATORS if separator in header), ",")
    after = separator.join("zoe@b.pl" if "mail" in name else "zoe1" for name in header.split(separator))
    book = read(f"{header}\n{swallowing}\n{after}\n", separator=separator)
    assert faults(book)[0] == (2, 2 + swallowing.count("\n"))
    names = [name for name in ("jan", "ewa", "ola", "zoe") if name in swallowing or name == "zoe"]
    lines = ["".join(record.cells) for record in book.sheets[0].records[1:]]
    assert all(any(name in line for line in lines) for name in names)
    assert rows(book)[-1] == after.split(separator)


def test_the_names_of_the_columns_are_not_swallowed():
    for content in (
        '"Imię,E-mail,Hasło\nJan",jan@b.pl,h1\nOla,ola@b.pl,h2\n',
        'Imię,E-mail,"Hasło\nJan",jan@b.pl,h1\n',
        'Imię,"E-mail,Hasło\nJan,jan@b.pl",h1\n',
    ):
        book = read(content, separator=",")
        assert faults(book)[0] == (1, 2)
        assert rows(book)[0] == ["Imię", "E-mail", "Hasło"]


def test_a_remark_in_the_only_name_of_a_column_is_no_row():
    book = read('"E-mail\n(np. jan@firma.pl)"\na@b.pl\n')
    assert numbered(book) == [(1, ["E-mail\n(np. jan@firma.pl)"]), (3, ["a@b.pl"])]
    assert faults(read('"E-mail\njan@firma.pl"\na@b.pl\n'))[0] == (1, 2)


def test_the_line_where_a_swallowing_cell_closes_is_read_if_its_own_marks_match():
    book = read('E-mail;Hasło\n"jan@b.pl;h1\nola@b.pl;h2\newa@b.pl;";3"\n')
    assert faults(book) == [(2, 4)]
    assert rows(book)[2:] == [["ola@b.pl", "h2"], ["ewa@b.pl", ";3"]]


def test_cells_merged_by_two_marks_in_one_line_are_a_fault():
    assert faults(read('E-mail;Hasło;Pojemność\na@b.pl;"x1;500"\nc@d.pl;y1;5\n')) == [(2, 2)]
    assert faults(read('E-mail;Hasło;Uwagi\na@b.pl;"x"1";y\n')) == [(2, 2)]
    assert faults(read('E-mail;Hasło;Uwagi\na@b.pl;"x;1";TV 32"\n')) == [(2, 2)]


def test_a_whole_row_in_one_cell_is_not_taken_for_merged_cells():
    book = read('E-mail;Hasło\na@b.pl;x1\n"c@d.pl;y1"\n')
    assert faults(book) == []
    assert split_line(rows(book)[2][0], ";") == ["c@d.pl", "y1"]


def test_prose_with_commas_is_no_row_and_its_like_without_blanks_is():
    assert faults(read('E-mail,Hasło,Uwagi\na@b.pl,x1,"dyżur\npok. 12, piętro 2, budynek A\nwejście"\n')) == []
    assert faults(read('E-mail,Hasło,Uwagi\na@b.pl,x1,"dyżur\n12,2,A\nwejście"\n')) == [(2, 4), (3, 3), (4, 4)]


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("E-mail;Uwagi;Hasło", 'a@b.pl;"ab"\ncd";h1'),
        ("E-mail;Uwagi;Hasło", 'a@b.pl;"ab"\n\ncd";h1'),
        ("E-mail;Uwagi;Hasło", 'a@b.pl;"ab"\nx y\ncd";h1'),
        ("E-mail;Uwagi;Hasło;Nr", 'a@b.pl;"ab\n"\ncd";h1;5'),
        ("E-mail;Uwagi;Hasło;Nr", 'a@b.pl;"ab\n"\n"cd";h1;5'),
        ("E-mail;Uwagi;Hasło", 'a@b.pl;"x";y\nz";h1'),
        ("E-mail;Hasło;Przekierowanie", 'a@b.pl;h1;"x@wp.pl"\ny@wp.pl"'),
        ("E-mail;Przekierowanie;Hasło", 'a@b.pl;"x@wp.pl"\ny@wp.pl";h1'),
        ("E-mail;Uwagi;Pojemność;Hasło", 'a@b.pl;"x;y"\nz";"5";"h1"'),
    ],
)
@pytest.mark.parametrize("separator", SEPARATORS)
def test_a_cell_that_closes_before_its_last_line_is_a_fault_of_all_its_lines(header, row, separator):
    width = header.count(";")
    after = "c@d.pl" + ";" * width + "\n" + 'e@f.pl;"g\nh"' + ";" * (width - 1)
    book = read(f"{header}\n{row}\n{after}\n".replace(";", separator), separator=separator)
    last = 2 + row.count("\n")
    assert faults(book)[0] == (2, last)
    lines = [record.line for record in book.sheets[0].records if record.fault]
    assert lines == [line for line, text in enumerate(row.split("\n"), start=2) if text]
    assert [line for line, _cells in numbered(book)][-2:] == [last + 1, last + 2]
    assert rows(book)[-1][1] == "g\nh"


def test_the_rest_of_a_faulty_row_is_faulty_and_the_next_row_is_not():
    for start in ('""ab', '"ab"x', '"a"b;c', '"a\nb"x'):
        book = read(f'Imię;E-mail;Uwagi;Hasło\nOla;a@b.pl;{start}\nmid\ncd";h1\nEwa;c@d.pl;;h2\nJan;;"x";h3\n')
        lines = {record.line: record.fault for record in book.sheets[0].records}
        last = 6 + start.count("\n")
        assert {fault for line, fault in lines.items() if 2 <= line < last - 1} == {"quotes"}
        assert [fault for line, fault in lines.items() if line >= last - 1] == ["", ""]


def test_the_names_of_the_columns_below_a_faulty_title_are_read():
    book = read('"Szkoła" nr 5\nE-mail;Hasło;Uwagi\na@b.pl;x1;\n')
    assert faults(book) == [(1, 1)]
    assert rows(book)[1:] == [["E-mail", "Hasło", "Uwagi"], ["a@b.pl", "x1", ""]]


def test_a_list_of_local_parts_goes_on_below_a_fault():
    book = read('email;domain;password\njan;b.pl;"x"1\nola;b.pl;"y2"\newa;b.pl;z3\n')
    assert faults(book) == [(2, 2)]
    assert rows(book)[2:] == [["ola", "b.pl", "y2"], ["ewa", "b.pl", "z3"]]


@pytest.mark.parametrize("separator", SEPARATORS)
def test_a_remark_of_prose_with_as_many_parts_as_the_list_has_cells_is_no_row(separator):
    for remark in ("5 od B\n5; wtorek środa B; do B; x\nJan B biurko", "B; do; x\ny; z; w", "a; b;\nc; d; e; f\ng;"):
        for before, after in (("", ";300;h1"), (";300", ";h1"), (";300;h1", "")):
            header = f"E-mail{';x' * before.count(';')};Uwagi{';x' * after.count(';')}"
            content = f'{header}\na@b.pl{before};"{remark}"{after}\nc@d.pl;;;\n'.replace(";", separator)
            book = read(content, separator=separator)
            assert faults(book) == []
            assert [cells[0] for cells in rows(book)] == ["E-mail", "a@b.pl", "c@d.pl"]


def test_a_line_of_a_remark_with_an_address_where_addresses_stand_is_a_row():
    assert faults(read('E-mail,Hasło,Uwagi\na@b.pl,x1,"dyżur\nc@d.pl, y1, z\nkoniec"\n'))[0] == (2, 4)


# Lists as programs write them, and stray marks anywhere.
LAYOUTS = [
    ("E-mail",),
    ("E-mail", "Hasło"),
    ("Hasło", "E-mail"),
    ("Imię", "E-mail", "Hasło"),
    ("E-mail", "Hasło", "Uwagi"),
    ("Uwagi", "E-mail", "Hasło"),
    ("E-mail", "Hasło", "Pojemność", "Przekierowanie", "Uwagi"),
]
PROSE = ["5 od B\n5, wtorek, do B\nJan", "pok. 1, tel; 2\npiętro, a, b, c, d\nx", "p\n\nq, r", "a, b\nc; d,\ne, f"]
VALUES = {
    "Imię": ["", "Ola", "Jan Maria"],
    "Hasło": ["", "haslo1", "ha;s2", "a,b3", "abc 4", 'Re"gal5'],
    "Pojemność": ["", "500"],
    "Przekierowanie": ["", "f@x.pl", "f@x.pl, g@x.pl", "f@x.pl\ng@x.pl"],
    "Uwagi": ["", "pok. 3", "środa, 12-16", "pon\nwt\nśr", "a; b\nc", "kontakt: x@inny.example", *PROSE],
}


@st.composite
def good_lists(draw):
    """Draw the names of columns, the separator, the lines where rows begin, rows, and the text that is written."""
    names = draw(st.sampled_from(LAYOUTS))
    separator = draw(st.sampled_from(SEPARATORS))
    quoting = draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]))
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, quoting=quoting, lineterminator="\n")
    writer.writerow(names)
    written = {}
    for number in range(draw(st.integers(2, 7))):
        row = [f"jan{number}@a.pl" if name == "E-mail" else draw(st.sampled_from(VALUES[name])) for name in names]
        written[out.getvalue().count("\n") + 1] = row
        writer.writerow(row)
    return names, separator, written, out.getvalue()


@given(good_lists())
@settings(max_examples=300)
def test_a_good_list_is_read_without_a_fault(case):
    _names, separator, written, content = case
    book = read(content, separator=separator)
    assert numbered(book)[1:] == list(written.items())
    assert faults(book) == []


def with_marks(case):
    """Draw the places of a list where quotation marks are put in."""
    return st.tuples(st.just(case), st.lists(st.integers(0, len(case[-1])), min_size=1, max_size=4))


DIVIDED = 'E-mail,Hasło,Uwagi\njan0@a.pl,ha;s2,"p\n\nq, r"\n'
TORN = '"Hasło","E-mail"\n"","jan0@a.pl"\n"","jan1@a.pl"\n'
DIVIDED_ROWS = {2: ["jan0@a.pl", "ha;s2", "p\n\nq, r"]}


@given(good_lists().flatmap(with_marks))
@example(
    (
        (("E-mail", "Hasło", "Uwagi"), ",", DIVIDED_ROWS, DIVIDED),
        [DIVIDED.index("\n\n"), DIVIDED.index("q,")],
    )
)
@example(
    (
        (("Hasło", "E-mail"), ",", {2: ["", "jan0@a.pl"], 3: ["", "jan1@a.pl"]}, TORN),
        [30, 35, 37, 37],  # "jan0@a.pl"" and "",""j""an1@a.pl": a cell of two lines
    )
)
@settings(max_examples=1000)
def test_stray_quotation_marks_lose_no_row(case_and_places):
    """Each row is read as it was, or is a fault, or has no address any more, which is an error; or the mark is in it.

    Where it is in it and nothing is said, no cell differs in more than its marks, and none is missing. Two marks may
    divide a cell of several lines: the first lines stay, and each of the others is a row of its own without an address.
    """
    (names, separator, written, content), places = case_and_places
    stray = content
    for place in sorted(places, reverse=True):
        stray = f'{stray[:place]}"{stray[place:]}'
    book = read(stray, separator=separator)
    faulty = {line for record in book.sheets[0].records if record.fault for line in range(record.line, record.last + 1)}
    if 1 in faulty:
        return  # without names nothing can be created at all
    found = dict(numbered(book))
    for line, row in written.items():
        height = sum(cell.count("\n") for cell in row) + 1
        if found.get(line) == row or faulty.intersection(range(line, line + height)):
            continue
        cells = found[line]
        email = names.index("E-mail")
        has_surplus = not is_blank(cells[len(row) :])
        if split_line(cells[0], separator) == row and is_blank(cells[1:]):
            continue
        if has_surplus or email >= len(cells) or cells[email] != row[email]:
            continue
        others = [found[other] for other in range(line + 1, line + height) if other in found]
        is_divided = bool(others) and not any(email < len(other) and is_address(other[email]) for other in others)
        for name, cell, original in zip_longest(names, cells[: len(row)], row, fillvalue=""):
            left, right = cell.replace('"', "").strip(), original.replace('"', "").strip()
            assert left == right or (is_divided and name != "Hasło" and right.startswith(left))
            assert cell == original or any(
                content[:place].count("\n") + 1 in range(line, line + height) for place in places
            )


@given(st.text('ab@.;,|\t\n" ', max_size=60), st.sampled_from(SEPARATORS))
@settings(max_examples=300)
def test_whatever_the_marks_the_lines_come_in_order_and_none_is_passed_over(content, separator):
    try:
        book = read("E-mail\n" + content, separator=separator)
    except RefusedError:
        return
    records = book.sheets[0].records
    lines = [record.line for record in records]
    assert lines == sorted(set(lines))
    heights = sum(1 + sum(cell.count("\n") for cell in record.cells) for record in records)
    assert heights + book.sheets[0].blank <= content.count("\n") + 2


@given(st.binary(max_size=200), st.sampled_from([None, *ENCODINGS]), st.sampled_from([None, *SEPARATORS]))
@settings(max_examples=300)
def test_any_bytes_give_a_book_or_a_refusal(content, encoding, separator):
    try:
        book = read(content, encoding=encoding, separator=separator)
    except RefusedError as refused:
        assert refused.book.refusal
    else:
        assert book.sheets[0].records
