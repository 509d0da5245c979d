import csv
import io

import pytest
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkimport.columns import COLUMNS
from bulkimport.readers.book import MAX_COUNTED
from bulkimport.readers.cells import remove_guard
from bulkimport.readers.garbled import is_garbled
from bulkimport.readers.text import ENCODINGS, SEPARATORS
from bulkimport.rows import Dialect, Field, Level
from tests.manifest import ENTRIES, SAMPLES, expected_rows
from tests.reading import cells, codes, has_header, is_sound, only_problem, read, row_codes

ORDER = tuple(column.field for column in COLUMNS)
POLISH = [column.names[0] for column in COLUMNS]

# What the manifest says in words of a file as a whole, as codes. The other files give rows.
REFUSED = {
    "missing-email-column.csv": "email_column_missing",
    "rows-501.csv": "too_many_accounts",
    "empty.csv": "file_empty",
    "header-only.csv": "no_accounts",
    "picture.csv": "not_a_table",
    "truncated.xlsx": "file_damaged",
}


# --- Samples of real programs ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("entry", [e for e in ENTRIES if e["file"] not in REFUSED], ids=lambda entry: entry["file"])
def test_a_sample_gives_its_rows(entry):
    file = read((SAMPLES / entry["file"]).read_bytes())
    assert is_sound(file)
    assert all(problem.level is Level.WARNING for problem in file.problems)
    by_line = {row.line: row for row in file.rows}
    wanted = expected_rows(entry)
    if "rows" in entry["expect"] or "file_error" in entry["expect"]:
        assert sorted(by_line) == [row["line"] for row in wanted]
    else:
        faulty = {row["line"] for row in entry["expect"]["row_errors"]}
        assert set(by_line) == faulty | {row["line"] for row in wanted}
    for row in wanted:
        found = by_line[row["line"]].cells
        assert found[Field.EMAIL].lower() == row["email"].lower()
        assert found.get(Field.PASSWORD, "") == (row["password"] or "")
        assert found.get(Field.FORWARD, "").lower() == (row["forward"] or "").lower()
        assert (found.get(Field.KEEP_COPY, "").lower() in ("tak", "yes")) is row["keep_copy"]
        quota = found.get(Field.QUOTA, "")
        assert quota == ("" if row["quota_mb"] is None else str(row["quota_mb"])) or quota == f"{row['quota_mb']}.0"


@pytest.mark.parametrize("entry", [e for e in ENTRIES if "dialect" in e], ids=lambda entry: entry["file"])
def test_a_sample_shows_how_it_is_written(entry):
    wanted = entry["dialect"]
    file = read((SAMPLES / entry["file"]).read_bytes())
    dialect = file.dialect
    assert dialect.encoding == wanted.get("encoding")
    assert dialect.separator == wanted.get("sep")
    assert [sheet.name for sheet in file.sheets if sheet.is_read] == [wanted.get("sheet", "")]
    assert has_header(file) is wanted.get("header", True)
    suffix = entry["file"].rpartition(".")[2]
    assert dialect.format == ("csv" if suffix == "txt" else suffix)


@pytest.mark.parametrize("name", REFUSED)
def test_a_faulty_sample_is_refused_in_one_sentence(name):
    file = read((SAMPLES / name).read_bytes())
    assert codes(file) == [REFUSED[name]]
    assert is_sound(file)


def test_quotas_stay_as_they_are_written():
    file = read((SAMPLES / "pandas-float-quota.csv").read_bytes())
    assert [row.cells[Field.QUOTA] for row in file.rows] == ["500.0", "", "1500.0"]


# --- The header ------------------------------------------------------------------------------------------------------
def test_columns_come_in_any_order_and_number():
    file = read("Hasło;E-mail\nx1;a@b.pl\n")
    assert file.columns == (Field.PASSWORD, Field.EMAIL)
    assert file.rows[0].cells == {Field.PASSWORD: "x1", Field.EMAIL: "a@b.pl"}
    assert read("E-mail\na@b.pl\nc@d.pl\n").rows_read == 2


def test_a_file_without_header_is_read_in_the_order_of_the_columns_and_says_so():
    file = read("\n  \na@b.pl;x1;5\n")
    assert file.columns == ORDER
    assert not has_header(file)
    assert [(row.line, row.cells[Field.QUOTA]) for row in file.rows] == [(3, "5")]
    problem = only_problem(file)
    assert (problem.code, problem.level) == ("no_header", Level.WARNING)
    assert "E-mail, Password, Quota, Forward, Keep copy." in problem.message


def test_a_person_can_say_whether_there_is_a_header():
    assert read("E-mail;Hasło\na@b.pl;x1\n", header_line=0).rows_read == 2
    assert codes(read("a@b.pl;x1\nc@d.pl;x2\n", header_line=1)) == ["header_unknown"]


def test_an_unknown_header_is_refused_with_what_was_found():
    file = read("Login;Imię i nazwisko\njan;Jan\n")
    problem = only_problem(file)
    assert problem.code == "header_unknown"
    assert "“Login”, “Imię i nazwisko”" in problem.message
    assert (file.rows, file.rows_read) == ((), 1)


def test_a_first_line_that_may_be_an_account_is_not_repeated():
    problem = only_problem(read("jan.firma.pl;tajne123\nb.firma.pl;tajne456\n"))
    assert problem.code == "header_unknown"
    assert "tajne" not in problem.message
    assert "“" not in only_problem(read("jan1;tajne123\n")).message


def test_a_known_column_twice_is_refused():
    file = read("E-mail;Hasło;email;password\na@b.pl;1;2;3\n")
    assert [(p.code, p.field) for p in file.problems] == [
        ("column_repeated", Field.EMAIL),
        ("column_repeated", Field.PASSWORD),
    ]
    assert "“email”" in file.problems[0].message
    assert (file.rows, file.rows_read) == ((), 1)


def test_unknown_columns_are_named_and_not_used():
    file = read("E-mail;Uwagi;Dział\na@b.pl;x;y\n")
    problem = only_problem(file)
    assert (problem.code, problem.level) == ("column_unknown", Level.WARNING)
    assert "“Uwagi”, “Dział”" in problem.message
    assert [column.field for column in file.sheets[0].columns] == [Field.EMAIL, None, None]
    assert file.rows[0].cells == {Field.EMAIL: "a@b.pl"}
    assert file.rows[0].problems == ()


def test_many_and_long_unknown_columns_are_named_in_short():
    message = only_problem(
        read("E-mail;Hasło;" + "x" * 60 + "".join(f";k{n}" for n in range(20)) + "\na@b.pl\n")
    ).message
    assert "“" + "x" * 40 + "…”" in message
    assert "“k8”…" in message
    assert "k9" not in message


def test_an_account_taken_for_a_header_is_not_repeated():
    problem = only_problem(read("konto;TajneHaslo1;500\na@b.pl;;\n"))
    assert problem.code == "column_unknown"
    assert "TajneHaslo1" not in problem.message
    assert "“Telefon 2”" in only_problem(read("konto;hasło;Telefon 2\na@b.pl;;\n")).message


def test_the_column_of_problems_is_passed_over():
    file = read("E-mail;Problems\na@b.pl;Too short.\n;Left over.\n")
    assert (len(file.rows), file.blank, file.problems) == (1, 1, ())
    assert codes(read("E-mail;Problemy;Uwagi\na@b.pl\n")) == ["column_unknown"]


def test_text_in_a_column_without_a_name_is_an_error_of_its_row():
    file = read("E-mail;;Hasło;\na@b.pl;;x1;\nc@d.pl;z;x2\ne@f.pl;;x3;;;z\n")
    assert row_codes(file) == [(3, "surplus_cell", None), (4, "surplus_cell", None)]
    assert "Cell 6 " in file.rows[2].problems[0].message


def test_too_many_columns_are_refused():
    names = "".join(f";k{n}" for n in range(100))
    assert codes(read(f"E-mail{names}\na@b.pl\n")) == ["too_many_columns"]
    assert read("E-mail" + ";" * 500 + "\na@b.pl\n").problems == ()


def test_a_header_that_cannot_be_taken_apart_is_refused():
    file = read('E-mail;"Hasło"x;"Pojemność\na@b.pl;x1\n')
    assert codes(file) == ["quotes"]
    assert is_sound(file)


# --- Rows ------------------------------------------------------------------------------------------------------------
def test_blank_rows_are_counted_and_left_out():
    file = read("E-mail;Hasło;Uwagi\na@b.pl;x1\n;;\n \t;\u00a0;\u200b\n\n;;note\n\n")
    assert [row.line for row in file.rows] == [2, 6]
    assert (file.rows_read, file.blank) == (6, 4)


def test_missing_cells_are_empty_and_surplus_empty_ones_are_nothing():
    file = read("E-mail;Hasło;Pojemność\na@b.pl\nc@d.pl;x;1;;  ;\n")
    assert cells(file) == [("a@b.pl", "", ""), ("c@d.pl", "x", "1")]
    assert row_codes(file) == []


def test_surplus_text_without_header_is_an_error_of_its_row():
    assert row_codes(read("a@b.pl;x1;;;;\nc@d.pl;x1;;;;z\n")) == [(2, "surplus_cell", None)]


def test_a_very_long_cell_is_an_error_of_its_row():
    file = read("E-mail;Hasło\na@b.pl;" + "x" * 10_001 + "\nc@d.pl;" + "x" * 10_000 + "\n")
    assert row_codes(file) == [(2, "cell_too_long", Field.PASSWORD)]
    assert len(file.rows[0].cells[Field.PASSWORD]) == 10_000


def test_too_many_accounts_are_counted_and_refused_with_both_numbers():
    file = read("E-mail\n" + "a@b.pl\n\n" * 1_501, max_rows=1_000)
    assert codes(file) == ["too_many_accounts"]
    assert file.problems[0].message.startswith("The file has 1,501 accounts; at most 1,000 fit into one file.")
    assert (file.rows, file.rows_read, file.blank) == ((), 3_002, 1_501)


def test_as_many_accounts_as_allowed_are_read():
    assert len(read("E-mail\n" + "a@b.pl\n" * 500).rows) == 500


def test_a_header_with_blank_rows_alone_has_no_accounts():
    file = read("E-mail;Hasło\n;\n;\n")
    assert codes(file) == ["no_accounts"]
    assert (file.rows_read, file.blank) == (2, 2)


def test_messages_come_in_the_language_of_the_moment():
    with translation.override("pl"):
        polish = only_problem(read("a@b.pl\n" * 2_000, max_rows=2_000)).message
        assert all(str(column.label) in polish for column in COLUMNS)


def test_a_dialect_that_is_not_offered_is_a_mistake_of_the_program():
    with pytest.raises(ValueError, match="not offered"):
        read("E-mail\n", encoding="rot13")
    with pytest.raises(ValueError, match="not offered"):
        read("E-mail\n", separator=":")


def test_rows_do_not_show_their_cells_in_a_log():
    assert "tajne123" not in repr(read("E-mail;Hasło\na@b.pl;tajne123\n"))


# --- Whatever the bytes ----------------------------------------------------------------------------------------------
PIECES = [
    b"E-mail",
    "Hasło".encode(),
    "Hasło".encode("cp1250"),
    b"a@b.pl",
    b'"',
    b'""',
    b";",
    b",",
    b"\t",
    b"\n",
    b"\r",
]
PIECES += [b"\r\n", b" ", b"sep=;\n", b"\xef\xbb\xbf", b"\xff\xfe", b"\x1a", "\u00a0".encode(), b"x1", b"\x00", b"\xb9"]


@given(st.one_of(st.binary(max_size=300), st.lists(st.sampled_from(PIECES), max_size=40).map(b"".join)))
@settings(max_examples=300)
def test_any_bytes_give_rows_or_a_refusal(content):
    assert is_sound(read(content))


@given(st.data(), st.sampled_from(ENCODINGS), st.sampled_from(SEPARATORS), st.sampled_from([None, 0, 1, 2, 99]))
@settings(max_examples=100)
def test_any_bytes_in_any_chosen_dialect_give_rows_or_a_refusal(data, encoding, separator, header_line):
    content = b"".join(data.draw(st.lists(st.sampled_from(PIECES), max_size=30)))
    assert is_sound(read(content, encoding=encoding, separator=separator, header_line=header_line))


# A Polish header tells the 8-bit encodings apart; without one the text alone could be read in several ways. Values
# are as `trimmed` leaves them.
LETTERS = "abcXYZ019ąćęłńóśźżĄĆĘŁŃÓŚŹŻ @.!#%&'*+-/=?_;,\""
EIGHT_BIT = ("cp1250", "iso-8859-2", "cp852", "mac-latin2")


@st.composite
def written(draw):
    """Draw a list, and the file that the csv module makes of it in a dialect that we read."""
    encoding = draw(st.sampled_from(ENCODINGS))
    separator = draw(st.sampled_from(SEPARATORS))
    headers = ["pl"] if encoding in EIGHT_BIT else ["pl", "en", ""]
    header = draw(st.sampled_from(headers))
    told = draw(st.booleans())
    value = st.text(LETTERS, max_size=12).map(str.strip).filter(lambda text: not is_garbled(text))
    name = st.text("abcąż019", min_size=1, max_size=8).map("{}@example.pl".format)
    rows = draw(st.lists(st.tuples(name, value, value, value, value), min_size=1, max_size=12))
    names = {"pl": POLISH, "en": [column.names[1] for column in COLUMNS]}
    text = io.StringIO(newline="")
    end = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    quoting = draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]))
    writer = csv.writer(text, delimiter=separator, lineterminator=end, quoting=quoting)
    if told:
        text.write(f"sep={separator}{end}")
    if header:
        writer.writerow(names[header])
    writer.writerows(rows)
    whole = text.getvalue()
    content = (whole if draw(st.booleans()) else whole.removesuffix(end)).encode(encoding)
    return rows, content, Dialect("csv", encoding, separator), 1 + told + bool(header)


@given(written())
@settings(max_examples=200)
def test_a_list_reads_back_as_it_was_written(case):
    rows, content, dialect, first_line = case
    file = read(content)
    if content.isascii() or (dialect.encoding == "utf-8"):
        assert file.dialect.encoding == "utf-8"
    else:
        assert file.dialect == dialect
    assert cells(file) == [tuple(remove_guard(value) for value in row) for row in rows]
    assert [row.line for row in file.rows] == list(range(first_line, first_line + len(rows)))
    assert row_codes(file) == []


def test_a_higher_limit_than_is_counted_else_loses_no_row():
    file = read("E-mail\n" + "a@b.pl\n" * (MAX_COUNTED + 5), max_rows=MAX_COUNTED + 5)
    assert len(file.rows) == file.rows_read == MAX_COUNTED + 5
