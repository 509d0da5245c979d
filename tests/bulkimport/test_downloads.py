"""What people take away: templates, results and lists of problems, all of which can be uploaded again."""

import csv
import io
from collections.abc import Collection
from typing import Any

import odfdo
import openpyxl
import pytest
from django.contrib.auth.models import User
from django.utils import translation
from python_calamine import CalamineWorkbook

from accounts.models import Domain, Forward, Mailbox
from bulkimport.columns import COLUMNS, find_field
from bulkimport.downloads import MAX_PROBLEM_TEXT, Download, as_response, problem_list, results, template
from bulkimport.models import Import
from bulkimport.readers.reading import read_file
from bulkimport.rows import ROW_FIELDS, Dialect, Field, FileRows, Place, Plan, Problem, Row
from bulkimport.services.checking import check
from bulkimport.services.correcting import correct
from bulkimport.services.results import forget_secrets
from bulkimport.validation import validate
from tests.factories import generated_passwords, make_checked_import, make_created_import, make_domain
from tests.reading import at, has_header

LANGUAGES = ("en", "pl")
BOM = b"\xef\xbb\xbf"
HEADER = "E-mail;Hasło;Pojemność;Przekierowanie;Przekierowanie-pozostawianie kopii\n"
# As they stand in files; a spreadsheet or a careless writer changes each of them.
ODD_PASSWORDS = (
    "=1+1abc",
    "+48601a",
    "-secret1",
    "@secret1",
    "0012345a",
    "a;b,c\t1",
    'cudzy"slow8',
    "_x0041_1",
    "http://a1",
    "<b>&amp;1",
    "dwie  spacje 1",
    "zażółć1",
    "日本語abc1",
    "1e5",
    "TRUE1",
    "'quoted1'",
)


def download_problems(import_record: Import, only: Collection[Place] | None = None) -> Download:
    return problem_list(import_record, check(import_record), only=only)


def read_again(download: Download) -> FileRows:
    return read_file(download.content, max_rows=500)


def list_cells(file: FileRows) -> list[dict[Field, str]]:
    return [dict(row.cells) for row in file.rows]


def csv_rows(download: Download, separator: str, encoding: str = "utf-8-sig") -> list[list[str]]:
    return list(csv.reader(io.StringIO(download.content.decode(encoding), newline=""), delimiter=separator))


def sheet_rows(download: Download) -> list[list[Any]]:
    return CalamineWorkbook.from_filelike(io.BytesIO(download.content)).get_sheet_by_index(0).to_python()


def xlsx_sheet(download: Download) -> Any:
    return openpyxl.load_workbook(io.BytesIO(download.content)).active


# --- Templates


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("file_format", ["xlsx", "ods", "csv"])
def test_a_template_has_every_column_in_the_language_of_the_moment(language: str, file_format: str) -> None:
    with translation.override(language):
        file = read_again(template(file_format))
        headers = [column.header for column in COLUMNS]
    assert file.columns == ROW_FIELDS
    assert [find_field(header) for header in headers] == list(ROW_FIELDS)
    assert headers[:2] == {"en": ["E-mail", "Password"], "pl": ["E-mail", "Hasło"]}[language]
    assert (len(file.rows), file.problems) == (1, ())
    assert has_header(file)


@pytest.mark.django_db
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("file_format", ["xlsx", "ods", "csv"])
def test_the_example_row_left_in_never_becomes_an_account(language: str, file_format: str) -> None:
    with translation.override(language):
        file = read_again(template(file_format))
    plan = validate(file, domains=Domain.objects.all())
    assert [problem.code for problem in plan.problems] == ["example_row", "forward_is_example"]
    assert [problem.field for problem in plan.problems] == [Field.EMAIL, Field.FORWARD]
    assert plan.drafts == ()


@pytest.mark.parametrize(("language", "domain_name"), [("en", "your-domain.example"), ("pl", "twoja-domena.example")])
def test_the_example_address_is_in_the_language_of_the_moment(language: str, domain_name: str) -> None:
    with translation.override(language):
        (row,) = read_again(template("csv")).rows
    assert row.cells[Field.EMAIL].endswith(f"@{domain_name}")
    assert row.cells[Field.PASSWORD] == ""
    assert row.cells[Field.KEEP_COPY] == {"en": "Yes", "pl": "Tak"}[language]


@pytest.mark.parametrize(("language", "separator"), [("en", ","), ("pl", ";")])
def test_a_csv_template_opens_in_columns_in_excel(language: str, separator: str) -> None:
    with translation.override(language):
        content = template("csv").content
    assert content.startswith(BOM)
    header, _example, rest = content.removeprefix(BOM).split(b"\r\n")
    assert header.count(separator.encode()) == 4
    assert rest == b""
    assert content.count(b"\n") == content.count(b"\r\n")


def test_an_xlsx_template_keeps_the_zeros_of_a_password_that_is_typed_in() -> None:
    sheet = xlsx_sheet(template("xlsx"))
    assert sheet.column_dimensions["B"].number_format == "@"
    assert sheet.column_dimensions["C"].number_format == "General"
    assert sheet["C2"].value == 500
    assert sheet.freeze_panes == "A2"
    assert sheet["A1"].font.bold and not sheet["A2"].font.bold
    assert sheet.column_dimensions["A"].width > 20


def test_an_ods_template_keeps_the_zeros_of_a_password_that_is_typed_in() -> None:
    table = odfdo.Document(io.BytesIO(template("ods").content)).body.get_table(0)
    assert [column.get_default_cell_style() for column in table.columns][1:3] == ["text-cell", "Default"]


@pytest.mark.parametrize(("language", "name"), [("en", "accounts-template"), ("pl", "szablon-kont")])
def test_a_template_has_a_plain_name_in_the_language_of_the_moment(language: str, name: str) -> None:
    with translation.override(language):
        assert [template(kind).filename for kind in ("xlsx", "ods")] == [f"{name}.xlsx", f"{name}.ods"]


# --- Results

LIST = HEADER + (
    "jan@przyklad.iq.pl;Wiosna2024;500;ewa@przyklad.iq.pl info@gęś.example;Tak\n"
    "ewa@przyklad.iq.pl;;700;adam@poczta.pl;\n"
    "adam@przyklad.iq.pl;;;;\n"
)


@pytest.mark.django_db
@pytest.mark.parametrize(("language", "yes", "no"), [("en", "Yes", "No"), ("pl", "Tak", "Nie")])
def test_results_have_the_generated_passwords_and_never_those_of_the_file(
    customer: User, domain: Domain, language: str, yes: str, no: str
) -> None:
    import_record = make_created_import(customer, LIST)
    generated = generated_passwords(import_record)
    with translation.override(language):
        headers = [column.header for column in COLUMNS]
        in_csv = csv_rows(results(import_record, "csv"), {"en": ",", "pl": ";"}[language])
        in_xlsx = sheet_rows(results(import_record, "xlsx"))
    assert in_csv == [
        headers,
        ["jan@przyklad.iq.pl", "", "500", "ewa@przyklad.iq.pl info@gęś.example", yes],
        ["ewa@przyklad.iq.pl", generated["ewa@przyklad.iq.pl"], "700", "adam@poczta.pl", no],
        ["adam@przyklad.iq.pl", generated["adam@przyklad.iq.pl"], "1000", "", ""],
    ]
    assert [[str(cell).removesuffix(".0") for cell in row] for row in in_xlsx] == in_csv


@pytest.mark.django_db
@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
def test_results_can_be_uploaded_again(customer: User, domain: Domain, file_format: str) -> None:
    import_record = make_created_import(customer, LIST)
    generated = generated_passwords(import_record)
    file = read_again(results(import_record, file_format))
    Mailbox.objects.all().delete()
    Import.objects.all().delete()
    Forward.objects.all().delete()
    plan = validate(file, domains=Domain.objects.all())
    assert plan.problems == ()
    assert [(d.address, d.password, d.quota_mb, d.destinations, d.keep_copy) for d in plan.drafts] == [
        ("jan@przyklad.iq.pl", None, 500, ("ewa@przyklad.iq.pl", "info@xn--g-1ia2r.example"), True),
        ("ewa@przyklad.iq.pl", generated["ewa@przyklad.iq.pl"], 700, ("adam@poczta.pl",), False),
        ("adam@przyklad.iq.pl", generated["adam@przyklad.iq.pl"], 1000, (), False),
    ]


@pytest.mark.django_db
def test_results_show_an_address_as_people_write_it(customer: User) -> None:
    make_domain("xn--g-1ia2r.example", [customer])
    import_record = make_created_import(customer, "E-mail\nbiuro@gęś.example\n")
    assert csv_rows(results(import_record, "csv"), ",")[1][0] == "biuro@gęś.example"


@pytest.mark.django_db
def test_results_have_no_passwords_once_they_are_saved(customer: User, domain: Domain) -> None:
    import_record = make_created_import(customer, LIST)
    forget_secrets(import_record)
    import_record.refresh_from_db()
    assert [row[1] for row in csv_rows(results(import_record, "csv"), ",")[1:]] == ["", "", ""]


@pytest.mark.django_db
def test_results_have_only_the_address_of_a_deleted_mailbox(customer: User, domain: Domain) -> None:
    import_record = make_created_import(customer, LIST)
    Mailbox.objects.get(address="ewa@przyklad.iq.pl").delete()
    assert csv_rows(results(import_record, "csv"), ",")[2] == ["ewa@przyklad.iq.pl", "", "", "", ""]


@pytest.mark.django_db
def test_a_forward_cannot_start_a_formula_in_a_spreadsheet(customer: User, domain: Domain) -> None:
    """An address elsewhere may begin with = or +; the importer reads it back without what protects it."""
    text = HEADER + "".join(f"konto{n}@przyklad.iq.pl;;;{sign}1@poczta.pl;\n" for n, sign in enumerate("=+"))
    import_record = make_created_import(customer, text)
    in_csv = results(import_record, "csv")
    assert not [cell for row in csv_rows(in_csv, ",") for cell in row if cell.startswith(("=", "+", "-", "@"))]
    sheet = xlsx_sheet(results(import_record, "xlsx"))
    assert [(sheet[f"D{line}"].value, sheet[f"D{line}"].data_type) for line in (2, 3)] == [
        ("=1@poczta.pl", "s"),
        ("+1@poczta.pl", "s"),
    ]
    Import.objects.all().delete()
    Mailbox.objects.all().delete()
    Forward.objects.all().delete()
    drafts = validate(read_again(in_csv), domains=Domain.objects.all()).drafts
    assert [draft.destinations for draft in drafts] == [("=1@poczta.pl",), ("+1@poczta.pl",)]


@pytest.mark.django_db
def test_an_xlsx_of_results_has_numbers_for_quotas_and_no_links(customer: User, domain: Domain) -> None:
    sheet = xlsx_sheet(results(make_created_import(customer, LIST), "xlsx"))
    assert [sheet[f"C{line}"].value for line in (2, 3, 4)] == [500, 700, 1000]
    assert not any(cell.hyperlink for row in sheet.iter_rows() for cell in row)


@pytest.mark.django_db
@pytest.mark.parametrize(("language", "name"), [("en", "lista-accounts.csv"), ("pl", "lista-konta.csv")])
def test_results_are_named_after_the_file(customer: User, domain: Domain, language: str, name: str) -> None:
    import_record = make_created_import(customer, LIST)
    with translation.override(language):
        assert results(import_record, "csv").filename == name


# --- Lists of problems


@pytest.mark.django_db
@pytest.mark.parametrize(("language", "label"), [("en", "Problems"), ("pl", "Problemy")])
def test_each_row_says_what_is_wrong_with_it(customer: User, domain: Domain, language: str, label: str) -> None:
    text = HEADER + "jan@przyklad.iq.pl;Wiosna2024;500;;\n\nzły;abc;x;;\n"
    with translation.override(language):
        import_record = make_checked_import(customer, text)
        messages = [problem.message for problem in check(import_record).problems]
        rows = csv_rows(download_problems(import_record), ";")
        headers = [column.header for column in COLUMNS]
    assert rows == [
        [*headers, label],
        ["jan@przyklad.iq.pl", "Wiosna2024", "500", "", "", ""],
        ["zły", "abc", "x", "", "", " ".join(messages)],
    ]
    assert len(messages) == 4


@pytest.mark.django_db
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_list_of_problems_reads_as_the_same_rows(customer: User, domain: Domain, language: str) -> None:
    lines = [f'user{n}@przyklad.iq.pl;"{p.replace(chr(34), chr(34) * 2)}";;;' for n, p in enumerate(ODD_PASSWORDS)]
    with translation.override(language):
        import_record = make_checked_import(customer, HEADER + "\n".join([*lines, 'zły;"  abc ";;;']))
        before = check(import_record).file
        after = read_again(download_problems(import_record))
    assert list_cells(after) == list_cells(before)
    assert [row.cells[Field.PASSWORD] for row in after.rows] == [*ODD_PASSWORDS, "  abc "]
    assert after.problems == ()


@pytest.mark.parametrize("file_format", ["csv", "ods", "xlsx"])
def test_what_looks_like_a_guard_comes_back_as_it_is(file_format: str) -> None:
    passwords = ['="haslo123"', "'=haslo123", "'@haslo123", '="a""b1"', ' ="haslo1" ', '=""', '="haslo"1"']
    rows = tuple(Row(line, {Field.EMAIL: "zły", Field.PASSWORD: text}) for line, text in enumerate(passwords, 2))
    file = FileRows(Dialect(format=file_format), (Field.EMAIL, Field.PASSWORD), rows, len(rows))
    again = read_again(problem_list(Import(filename="lista.csv"), Plan(file, (), ())))
    assert [row.cells[Field.PASSWORD] for row in again.rows] == passwords


def test_what_was_in_a_spreadsheet_stays_in_one() -> None:
    rows = tuple(Row(n, {Field.EMAIL: "zły", Field.PASSWORD: p}) for n, p in enumerate((*ODD_PASSWORDS, " a\nb "), 2))
    problems = (Problem("x", "= Not a formula.", 2),)
    for file_format, expected in (("xlsx", "xlsx"), ("xls", "xlsx"), ("ods", "ods")):
        file = FileRows(Dialect(format=file_format), (Field.EMAIL, Field.PASSWORD), rows, len(rows))
        download = problem_list(Import(filename=f"Lista.{file_format}"), Plan(file, (), problems))
        assert download.filename == f"Lista-problems.{expected}"
        after = read_again(download)
        assert list_cells(after) == list_cells(file)
        assert after.dialect.format == expected
        assert after.problems == ()
        assert sheet_rows(download)[1][2] == "= Not a formula."


def test_every_cell_of_an_xlsx_list_is_text() -> None:
    row = Row(2, {Field.EMAIL: "=A1", Field.PASSWORD: "=1+1", Field.QUOTA: "0500", Field.FORWARD: "http://poczta.pl"})
    file = FileRows(Dialect(format="xlsx"), tuple(Field)[:4], (row,), 1)
    sheet = xlsx_sheet(problem_list(Import(filename="lista.xlsx"), Plan(file, (), ())))
    assert [cell.value for cell in sheet[2]][:4] == ["=A1", "=1+1", "0500", "http://poczta.pl"]
    assert {(cell.data_type, cell.number_format) for cell in sheet[2][:4]} == {("s", "@")}
    assert not any(cell.hyperlink for cell in sheet[2])


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("encoding", "written"),
    [
        ("cp1250", "cp1250"),
        ("utf-8", "utf-8-sig"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        # The quotation marks of the messages are in neither.
        ("iso-8859-2", "utf-8-sig"),
        ("cp852", "utf-8-sig"),
    ],
)
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_csv_keeps_its_separator_and_its_encoding_where_that_can_be(
    customer: User, domain: Domain, encoding: str, written: str, separator: str
) -> None:
    text = (HEADER + "zażółć;gęślą1;;;\n").replace(";", separator).encode(encoding)
    import_record = make_checked_import(customer, text)
    assert check(import_record).file.dialect.encoding == encoding
    download = download_problems(import_record)
    after = read_again(download)
    assert (after.dialect.encoding, after.dialect.separator) == (written, separator)
    assert list_cells(after)[0][Field.PASSWORD] == "gęślą1"
    assert csv_rows(download, separator, written)[1][-1] == check(import_record).problems[0].message


@pytest.mark.django_db
def test_a_correction_that_the_code_page_lacks_is_not_replaced(customer: User, domain: Domain) -> None:
    import_record = make_checked_import(customer, (HEADER + "zły;gęślą1;;;\n").encode("cp1250"))
    correct(import_record, corrections=at({2: {Field.PASSWORD: "hasło日本1"}}))
    after = read_again(download_problems(import_record))
    assert after.dialect.encoding == "utf-8-sig"
    assert list_cells(after)[0][Field.PASSWORD] == "hasło日本1"


def test_a_code_page_that_would_be_read_as_another_is_not_used() -> None:
    """Somebody chose ISO-8859-2 by hand; nothing in the list would tell it from Windows-1250 the next time."""
    row = Row(2, {Field.EMAIL: "zly", Field.PASSWORD: "čeština1š"})
    file = FileRows(Dialect("csv", "iso-8859-2", ";"), (Field.EMAIL, Field.PASSWORD), (row,), 1)
    after = read_again(problem_list(Import(filename="lista.csv"), Plan(file, (), ())))
    assert after.dialect.encoding == "utf-8-sig"
    assert list_cells(after) == list_cells(file)


@pytest.mark.django_db
def test_the_order_of_the_columns_stays_and_unknown_ones_are_left_out(customer: User, domain: Domain) -> None:
    import_record = make_checked_import(customer, "password,Picture,mail\nabc,x.png,jan@przyklad.iq.pl\n")
    rows = csv_rows(download_problems(import_record), ",")
    assert rows[0] == ["Password", "E-mail", "Problems"]
    assert rows[1][:2] == ["abc", "jan@przyklad.iq.pl"]


@pytest.mark.django_db
def test_a_file_without_header_gets_one(customer: User, domain: Domain) -> None:
    import_record = make_checked_import(customer, "jan@przyklad.iq.pl;abc;;;\n")
    after = read_again(download_problems(import_record))
    assert has_header(after)
    assert after.columns == ROW_FIELDS
    assert list_cells(after) == list_cells(check(import_record).file)


@pytest.mark.django_db
def test_corrections_are_in_it_even_in_a_column_that_the_file_lacked(customer: User, domain: Domain) -> None:
    import_record = make_checked_import(customer, "E-mail;Hasło\njan@przyklad.iq.pl;abc\nzły;Wiosna2024\n")
    correct(import_record, corrections=at({2: {Field.PASSWORD: "Wiosna2024"}, 3: {Field.QUOTA: "500"}}))
    rows = csv_rows(download_problems(import_record), ";")
    assert rows[0] == ["E-mail", "Password", "Quota", "Problems"]
    assert rows[1] == ["jan@przyklad.iq.pl", "Wiosna2024", "", ""]
    assert rows[2][:3] == ["zły", "Wiosna2024", "500"]


@pytest.mark.django_db
def test_only_the_rows_left_out_of_a_creation(customer: User, domain: Domain) -> None:
    import_record = make_created_import(customer, HEADER + "jan@przyklad.iq.pl;;;;\nzły;;;;\n", skip_errors=True)
    rows = csv_rows(download_problems(import_record, only=import_record.left_out_places), ";")
    assert [row[0] for row in rows] == ["E-mail", "zły"]
    assert "“zły” has no @" in rows[1][-1]


@pytest.mark.django_db
def test_a_row_with_unmatched_quotation_marks_is_listed(customer: User, domain: Domain) -> None:
    import_record = make_checked_import(customer, HEADER + 'jan@przyklad.iq.pl;"abc1;;;\newa@przyklad.iq.pl;;;;\n')
    assert "quotes" in {problem.code for problem in check(import_record).problems}
    rows = csv_rows(download_problems(import_record), ";")
    assert [row[0] for row in rows[1:]] == ["jan@przyklad.iq.pl", "ewa@przyklad.iq.pl"]
    assert "quotation marks" in rows[1][-2]
    assert len(read_again(download_problems(import_record)).rows) == 2


@pytest.mark.django_db
@pytest.mark.parametrize(
    "row", ['ewa@przyklad.iq.pl;"Tajne"12;;;', "ewa@przyklad.iq.pl;Tajne1;77;;;reszta"], ids=["quotes", "surplus"]
)
def test_a_row_that_was_guessed_does_not_pass_when_the_list_comes_back_untouched(
    customer: User, domain: Domain, row: str
) -> None:
    import_record = make_checked_import(customer, f"{HEADER}jan@przyklad.iq.pl;;;;\n{row}\n")
    content = download_problems(import_record).content
    again = check(make_checked_import(customer, content))
    assert again.error_places == (Place(None, 3),)
    assert ("reszta" in content.decode("utf-8-sig")) == ("reszta" in row)


@pytest.mark.django_db
def test_a_list_that_comes_back_corrected_can_be_created(customer: User, domain: Domain) -> None:
    import_record = make_checked_import(customer, HEADER + "jan@przyklad.iq.pl;Wiosna2024;;;\nzły;Wiosna2024;;;\n")
    content = download_problems(import_record).content.replace("zły".encode(), b"ewa@przyklad.iq.pl")
    plan = check(make_checked_import(customer, content, "lista-problems.csv"))
    assert plan.can_create
    assert plan.problems == ()


@pytest.mark.parametrize("file_format", ["csv", "ods", "xlsx"])
def test_characters_that_only_xlsx_can_hold_make_it_an_xlsx(file_format: str) -> None:
    rows = (Row(2, {Field.EMAIL: "zły", Field.PASSWORD: "abc\x0b1\x0c"}),)
    file = FileRows(Dialect(format=file_format), (Field.EMAIL, Field.PASSWORD), rows, 1)
    download = problem_list(Import(filename="lista"), Plan(file, (), ()))
    assert download.filename == "lista-problems.xlsx"
    assert list_cells(read_again(download)) == list_cells(file)


def test_the_problems_of_a_row_are_one_line_of_bounded_length() -> None:
    rows = (Row(2, {Field.EMAIL: "a\nb"}), Row(3, {Field.EMAIL: "c"}))
    problems = (Problem("x", "“a\nb” is wrong.", 2), *(Problem("y", "“c” is wrong.", 3) for _ in range(1000)))
    file = FileRows(Dialect("csv", "utf-8", ";"), (Field.EMAIL,), rows, 2)
    written = csv_rows(problem_list(Import(filename="lista.csv"), Plan(file, (), problems)), ";")
    assert written[1] == ["a\nb", "“a b” is wrong."]
    assert len(written[2][1]) == MAX_PROBLEM_TEXT
    assert written[2][1].endswith("…")


def test_a_list_that_was_here_before_keeps_its_name() -> None:
    file = FileRows(Dialect("csv", "utf-8", ";"), (Field.EMAIL,))
    download = problem_list(Import(filename="Lista płac.2026-problems.csv"), Plan(file, (), ()))
    assert download.filename == "Lista płac.2026-problems.csv"
    with translation.override("pl"):
        download = problem_list(Import(filename="lista.txt"), Plan(file, (), ()))
    assert download.filename == "lista-problemy.csv"


# --- The response


def test_the_response_is_saved_by_the_browser_and_kept_by_nobody() -> None:
    response = as_response(Download("zażółć gęślą.csv", "text/csv", b"secret"))
    assert response.content == b"secret"
    assert response["Content-Type"] == "text/csv"
    assert response["Content-Disposition"].startswith("attachment; filename*=utf-8''za%C5%BC")
    assert response["Cache-Control"] == "no-store"


def test_a_download_never_shows_its_content_when_printed() -> None:
    assert "secret" not in repr(Download("lista.csv", "text/csv", b"secret"))
