import pytest

from bulkimport.readers.workbook.format_codes import BUILTIN
from bulkimport.readers.workbook.number_formats import is_date, shown_otherwise, text_shown_otherwise


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("", 500),
        ("General", 1e20),
        ("@", 500),
        ("_(@_)", 500),
        ("0", 500),
        ("0", 0),
        ("0.00", 500),
        ("0.00", 0.5),
        (".00", 0.5),
        (".00", 12.5),
        ("#.##", 500),
        ("#,##0", 1200),
        ("#,##0", 1234567),
        ("#,##0.00", 1234.5),
        ("# ##0", 1200),
        ("# ##0", 5),
        ('#" "##0', 1200),
        ("[$-415]0", 500),
        ("[$-415]# ##0", 12000),
        ("0_ ", 500),
        ("?0", 5),
        ("* 0", 5),
        ("[Red]0", 500),
        ("[Red][<100]0;[Blue][>=100]0", 500),
        ("[>=1000]#,##0;0", 7),
        ("00000", 12345),
        ("0000", 12345),
        ('0" MB"', 500),
        ("0\\ \\m\\b", 500),
        ('"MB "0', 500),
        ('#,##0.0 "Mb"', 1500),
        ('General" MB"', 500),
        ("0;-0", -5),
        ("0", -5),
        ("0;0;0;@", 5),
        ('0;"minus"@', 5),
        ("# ?/?", 500),
        ("# ??/??", 500),
        ("0.00", 0.1 + 0.2 - 0.05),
        ("yyyy-mm-dd", 45000),
        ("[h]:mm:ss.00", 1.5),
        ("[$-F400]h:mm AM/PM", 0.5),
        ('0"', 5),
        ("[>1.2.3]0", 5),
        ("0.00", float("inf")),
        ('"x"0', float("nan")),
    ],
)
def test_a_number_that_is_shown_as_it_is_raises_no_doubt(code, value):
    assert shown_otherwise(code, value) is None


@pytest.mark.parametrize(
    ("code", "value", "shown"),
    [
        ('0" GB"', 3, "3 GB"),
        ("0\\ \\G\\B", 3, "3 GB"),
        ("0 G", 3, "3 G"),
        ("0k", 3, "3k"),
        ("0M", 2, "2M"),
        ('0.0"M"', 2, "2,0M"),
        ('"do "0', 5, "do 5"),
        ("0[$ zł-415]", 5, "5 zł"),
        ("[$€-2] 0", 5, "€ 5"),
        ("0%", 2.5, "250%"),
        ("0.0%", 0.005, "0,5%"),
        ('0"%"', 50, "50%"),
        ("0,", 500000, "500"),
        ("0.0,,", 1500000, "1,5"),
        ('0.0,,"M"', 1500000, "1,5M"),
        ("#,##0,", 1234567, "1 235"),
        ('0.0, "k"', 500, "0,5 k"),
        ("0.00E+00", 500, "5,00E+02"),
        ("0E+0", 0.05, "5E-2"),
        ("##0.0E+0", 500, ""),
        ("# ?/?", 2.5, ""),
        ("?/?", 2, ""),
        ('# ?/?" GB"', 2, "2 GB"),
        ("0", 499.6, "500"),
        ("0", 2.5, "3"),
        ("0", -0.4, "-0"),
        ("0.0", 0.25, "0,3"),
        ("00000", 123, "00123"),
        ("000-000-000", 123456789, ""),
        ("+48 000", 123, "+48 123"),
        ("+0", 5, "+5"),
        ("0;0", -5, "5"),
        ("0;(0)", -5, "(5)"),
        ('"Tak";"Tak";"Nie"', 1, "Tak"),
        ('"Tak";"Tak";"Nie"', 0, "Nie"),
        ('[=1]"Tak";[=0]"Nie";0', 1, "Tak"),
        ('[=1]"Tak";[=0]"Nie";0', 0, "Nie"),
        ('[<1000]0" MB";0.0," GB"', 2500, "2,5 GB"),
        ('[<2]0" GB"', 5, ""),
        (";;;", 500, ""),
        ("#", 0, ""),
        ('@" GB"', 3, "3 GB"),
        ('General" GB"', 2.5, "2,5 GB"),
        ("*x0", 5, "x5"),
        ("0\\", 5, "5\\"),
        ("0" * 2000, 5, ""),
    ],
)
def test_a_number_that_is_shown_as_something_else_gives_what_is_shown(code, value, shown):
    assert shown_otherwise(code, value) == shown


@pytest.mark.parametrize("known", [0, 1, 2, 3, 4, 12, 13, 37, 38, 39, 40, 41, 43, 49])
def test_the_formats_known_by_number_that_show_a_whole_number_itself(known):
    assert shown_otherwise(BUILTIN[known], 1500) is None


@pytest.mark.parametrize(
    ("known", "shown"),
    [(5, ""), (8, ""), (9, "150000%"), (10, "150000,00%"), (11, "1,50E+03"), (42, ""), (44, ""), (48, "")],
)
def test_the_formats_known_by_number_that_show_something_else(known, shown):
    assert shown_otherwise(BUILTIN[known], 1500) == shown


def test_the_accountants_formats_show_zero_and_less_in_their_own_way():
    assert shown_otherwise(BUILTIN[41], 0) == "-"
    assert shown_otherwise(BUILTIN[43], -5) == "(5,00)"


def test_the_largest_and_the_smallest_numbers_are_worked_out_in_full():
    assert shown_otherwise("0", 1e308) is None
    assert shown_otherwise("0", 5e-324) == "0"
    assert shown_otherwise("0%", 1e308) == "1" + "0" * 310 + "%"


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("[h]", 5),
        ("[mm]", 5),
        ("[s]", 5),
        ("A/P", 5),
        ("h;0", 5),
        ("yyyy-mm-dd;@", 5),
        ("[$-F800]dddd\\,\\ mmmm\\ dd", -5),
        *((BUILTIN[known], 5) for known in (14, 18, 22, 27, 45, 46, 47, 58)),
    ],
)
def test_dates_times_and_durations_are_told(code, value):
    assert is_date(code, value)


@pytest.mark.parametrize(
    ("code", "value"),
    [("", 5), ("General", 5), ("0 dni", 5), ('"dni"', 5), ("@ d", 5), ("h;0", -5), ("[Red]0", 5), ("d" * 2000, 5)],
)
def test_other_numbers_are_no_dates(code, value):
    assert not is_date(code, value)


@pytest.mark.parametrize(
    "code", ["", "General", "@", "0", "0;0", "_(@_)", "[Red]@", "0;0;0;@", "0;0;0;", ";;;", '0"@"']
)
def test_a_text_that_is_shown_as_it_is_or_not_at_all_raises_no_doubt(code):
    assert text_shown_otherwise(code, "jan") is None


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ('@"@b.pl"', "jan@b.pl"),
        ("@\\@", "jan@"),
        ('0;0;0;"secret"', "secret"),
        ('0;"x "@', "x jan"),
        ("0;0;0;General x", "jan x"),
        ("@" * 2000, ""),
    ],
)
def test_a_text_that_is_shown_with_something_added_gives_what_is_shown(code, shown):
    assert text_shown_otherwise(code, "jan") == shown
