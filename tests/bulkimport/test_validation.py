"""The row validator: every problem of every row at once, each with its line, field and code."""

from collections.abc import Mapping
from time import process_time

import pytest
from django.utils import translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from accounts.access import usable_domains
from accounts.models import Domain
from bulkimport.rows import Dialect, Field, FileRows, Level, Place, Plan, Problem, Row
from bulkimport.validation import validate
from tests.factories import make_domain, make_forward, make_mailbox, make_user

pytestmark = pytest.mark.django_db


def make_plan(*rows: Mapping[str, str], default_quota: str = "", first_line: int = 2) -> Plan:
    """Validate rows given as {field: text} with all domains of the database allowed."""
    built = tuple(
        Row(line=first_line + index, cells={Field(name): text for name, text in cells.items()})
        for index, cells in enumerate(rows)
    )
    file = FileRows(dialect=Dialect(format="csv"), rows=built, rows_read=len(built))
    return validate(file, domains=Domain.objects.all(), default_quota=default_quota)


def list_problems(plan: Plan) -> list[tuple[int | None, str | None, str]]:
    return [(problem.line, problem.field, problem.code) for problem in plan.problems]


@pytest.fixture
def domain() -> Domain:
    return make_domain("przyklad.iq.pl", default_quota_mb=700)


def test_a_full_row_becomes_a_draft(domain: Domain) -> None:
    make_mailbox("kopia@przyklad.iq.pl")
    row = {
        "email": " Jan@PRZYKLAD.iq.pl\u00a0",
        "password": " snad9hj934!! ",
        "quota": "500,0",
        "forward": "Kopia@przyklad.iq.pl",
        "keep_copy": "TAK",
    }
    plan = make_plan(row)
    assert list_problems(plan) == []
    (draft,) = plan.drafts
    assert (draft.address, draft.domain_id) == ("jan@przyklad.iq.pl", domain.pk)
    assert (draft.password, draft.quota_mb, draft.quota_is_default) == ("snad9hj934!!", 500, False)
    assert (draft.destinations, draft.keep_copy) == (("kopia@przyklad.iq.pl",), True)


def test_empty_cells_take_the_defaults(domain: Domain) -> None:
    (draft,) = make_plan({"email": "jan@przyklad.iq.pl"}).drafts
    assert (draft.password, draft.quota_mb, draft.quota_is_default, draft.destinations) == (None, 700, True, ())
    (draft,) = make_plan({"email": "jan@przyklad.iq.pl", "quota": " "}, default_quota="250").drafts
    assert (draft.quota_mb, draft.quota_is_default) == (250, True)


def test_a_faulty_default_quota_is_a_problem_of_the_file(domain: Domain) -> None:
    plan = make_plan({"email": "jan@przyklad.iq.pl"}, default_quota="much")
    assert list_problems(plan) == [(None, "quota", "quota_not_number")]
    assert not plan.can_create


def test_every_problem_of_every_row_is_reported_at_once(domain: Domain) -> None:
    plan = make_plan(
        {"email": "no-at", "password": "x", "quota": "much", "forward": "nobody", "keep_copy": "maybe"},
        {"email": "ok@przyklad.iq.pl"},
        {"email": "", "quota": "-5"},
    )
    assert list_problems(plan) == [
        (2, "email", "email_no_at"),
        (2, "password", "password_too_short"),
        (2, "password", "password_no_digit"),
        (2, "quota", "quota_not_number"),
        (2, "forward", "forward_no_at"),
        (2, "keep_copy", "keep_copy_unknown"),
        (4, "email", "email_missing"),
        (4, "quota", "quota_too_small"),
    ]
    assert [draft.line for draft in plan.drafts] == [3]
    assert plan.counts == {"rows": 3, "blank": 0, "left_out": 0, "drafts": 1, "errors": 2, "warnings": 0}
    assert plan.error_places == (Place(None, 2), Place(None, 4))
    assert not plan.can_create
    assert plan.can_create_good_rows


def test_a_taken_address_is_named_beside_the_other_problems_of_its_row(domain: Domain) -> None:
    make_mailbox("jan@przyklad.iq.pl")
    make_forward("biuro@przyklad.iq.pl", "jan@przyklad.iq.pl")
    plan = make_plan({"email": "JAN@przyklad.iq.pl", "password": "abc"}, {"email": "biuro@przyklad.iq.pl"})
    codes = {(line, code) for line, _field, code in list_problems(plan)}
    assert {(2, "address_taken"), (2, "password_too_short"), (3, "address_is_forward")} <= codes


def test_a_repeated_address_names_the_row_that_has_it_first(domain: Domain) -> None:
    plan = make_plan({"email": "ewa@przyklad.iq.pl"}, {"email": "adam@przyklad.iq.pl"}, {"email": "EWA@przyklad.iq.pl"})
    (problem,) = plan.problems
    assert (problem.line, problem.field, problem.code) == (4, Field.EMAIL, "address_repeated")
    assert "row 2" in problem.message
    assert [draft.line for draft in plan.drafts] == [2, 3]


def test_what_is_not_yours_sounds_the_same_whether_it_exists_or_not() -> None:
    customer = make_user("anna")
    make_domain("moja.example", [customer])
    make_mailbox("taken@other.example")
    rows = tuple(
        Row(n, {Field.EMAIL: address}) for n, address in enumerate(["taken@other.example", "x@nowhere.example"])
    )
    file = FileRows(dialect=Dialect(format="csv"), rows=rows, rows_read=2)
    first, second = validate(file, domains=usable_domains(customer)).problems
    assert first.code == second.code == "domain_not_yours"
    assert first.message.replace("other.example", "") == second.message.replace("nowhere.example", "")


def test_a_domain_in_another_alphabet_is_shown_in_ascii_too(domain: Domain) -> None:
    polish, foreign = make_plan({"email": "a@żółw.pl"}, {"email": "a@почта.рф"}).problems
    assert polish.message.startswith("You cannot use the domain żółw.pl.")
    assert foreign.message.startswith("You cannot use the domain почта.рф (xn--80a1acny.xn--p1ai).")


def test_a_quota_over_the_largest_of_the_domain_is_an_error_of_its_cell() -> None:
    make_domain("przyklad.iq.pl", max_mailbox_quota_mb=2000)
    plan = make_plan({"email": "jan@przyklad.iq.pl", "quota": "2001"}, {"email": "ewa@przyklad.iq.pl", "quota": "2000"})
    assert list_problems(plan) == [(2, "quota", "quota_over_domain_limit")]
    assert "2,000" in plan.problems[0].message


def test_the_whole_file_is_measured_against_the_domain_in_one_sentence() -> None:
    make_domain("przyklad.iq.pl", max_mailboxes=3, max_total_quota_mb=100_000)
    make_mailbox("jan@przyklad.iq.pl", quota_mb=20_000)
    plan = make_plan(*({"email": f"a{n}@przyklad.iq.pl", "quota": "30833"} for n in range(3)))
    (problem,) = plan.problems
    assert (problem.line, problem.field, problem.code) == (None, None, "domain_limit")
    assert problem.message.replace("\u00a0", " ").startswith(
        "This file needs 3 mailboxes and 92,499 MB; przyklad.iq.pl has 2 and 80,000 MB left."
    )
    assert not plan.can_create
    assert not plan.can_create_good_rows
    with translation.override("pl"):
        plan = make_plan(*({"email": f"a{n}@przyklad.iq.pl", "quota": "1"} for n in range(3)))
        assert "3 skrzynki" in plan.problems[0].message.replace("\u00a0", " ")


@pytest.mark.parametrize("column", [column for column in Field if column is not Field.DOMAIN])
@pytest.mark.parametrize(
    ("code", "text"),
    [("cell_unreadable", ""), ("cell_too_long", "x" * 10_000), ("number_format", "2"), ("encoding_broken", "HasĹ‚o12")],
)
def test_a_cell_that_could_not_be_read_has_one_error(column: Field, code: str, text: str) -> None:
    domain = make_domain("przyklad.iq.pl", default_quota_mb=1000, max_mailbox_quota_mb=2000)
    fault = Problem(code, "Type the value itself.", 2, column)
    row = Row(2, {Field.EMAIL: "jan@przyklad.iq.pl", column: text}, problems=(fault,))
    file = FileRows(dialect=Dialect(format="xlsx"), rows=(row,), rows_read=1)
    for typed in ("", "9000"):  # more than the domain allows, which is no fault of a cell
        plan = validate(file, domains=Domain.objects.filter(pk=domain.pk), default_quota=typed)
        assert [problem for problem in plan.problems if problem.line] == [fault]
        assert plan.drafts == ()


def test_merged_cells_are_a_warning_and_read_as_empty(domain: Domain) -> None:
    fault = Problem("cells_merged", "The cell is merged.", 2, Field.PASSWORD, Level.WARNING)
    row = Row(2, {Field.EMAIL: "jan@przyklad.iq.pl", Field.PASSWORD: ""}, problems=(fault,))
    plan = validate(FileRows(dialect=Dialect(format="xlsx"), rows=(row,), rows_read=1), domains=Domain.objects.all())
    assert plan.problems == (fault,)
    assert [draft.password for draft in plan.drafts] == [None]


SLIPPED = {
    Field.EMAIL: "jan@przyklad.iq.pl",
    Field.PASSWORD: "Gl",
    Field.QUOTA: "obus",
    Field.FORWARD: "Globus22",
    Field.KEEP_COPY: "250",
}


@pytest.mark.parametrize("code", ["quotes", "surplus_cell", "cell_too_long"])
def test_nothing_is_said_of_cells_that_may_have_slipped_into_other_columns(domain: Domain, code: str) -> None:
    fault = Problem(code, "Look at this line.", 3)
    rows = (
        Row(2, {Field.EMAIL: "ewa@przyklad.iq.pl"}),
        Row(3, SLIPPED, problems=(fault,), surplus="ukryte"),
        Row(4, {Field.EMAIL: "jan@przyklad.iq.pl"}),
        Row(5, {**SLIPPED, Field.EMAIL: "ewa@przyklad.iq.pl"}, problems=(Problem(code, "Look at this line.", 5),)),
    )
    file = FileRows(dialect=Dialect(format="csv"), rows=rows, rows_read=4)
    plan = validate(file, domains=Domain.objects.all())
    assert list_problems(plan) == [(3, None, code), (5, None, code)]
    assert plan.error_places == (Place(None, 3), Place(None, 5))
    assert [draft.line for draft in plan.drafts] == [2, 4]  # the address of a slipped row may be another column's
    told = " ".join(problem.message + problem.suggestion for problem in plan.problems)
    assert not [text for text in (*SLIPPED.values(), "ukryte") if text in told]


def test_a_slipped_row_needs_no_room() -> None:
    make_domain("przyklad.iq.pl", max_mailboxes=1)
    rows = (
        Row(2, {Field.EMAIL: "ewa@przyklad.iq.pl"}),
        Row(3, {Field.EMAIL: "jan@przyklad.iq.pl"}, problems=(Problem("surplus_cell", "Delete it.", 3),)),
    )
    file = FileRows(dialect=Dialect(format="csv"), rows=rows, rows_read=2)
    assert list_problems(validate(file, domains=Domain.objects.all())) == [(3, None, "surplus_cell")]


def test_a_repeated_address_names_the_sheet_of_the_other_row(domain: Domain) -> None:
    rows = (
        Row(3, {Field.EMAIL: "jan@przyklad.iq.pl"}, sheet="8a"),
        Row(3, {Field.EMAIL: "jan@przyklad.iq.pl"}, sheet="8b"),
        Row(4, {Field.EMAIL: "Jan@przyklad.iq.pl", Field.PASSWORD: "abc"}, sheet="8b"),
    )
    plan = validate(FileRows(dialect=Dialect(format="xlsx"), rows=rows, rows_read=3), domains=Domain.objects.all())
    assert [(problem.place, problem.code) for problem in plan.problems] == [
        (Place("8b", 3), "address_repeated"),
        (Place("8b", 4), "address_repeated"),
        (Place("8b", 4), "password_too_short"),
        (Place("8b", 4), "password_no_digit"),
    ]
    assert all("row 3 of the sheet “8a”" in problem.message for problem in plan.problems[:2])
    assert [draft.place for draft in plan.drafts] == [Place("8a", 3)]


def suggestions(plan: Plan) -> list[str]:
    return [problem.suggestion for problem in plan.problems]


def test_what_was_meant_by_a_cell_is_suggested(domain: Domain) -> None:
    plan = make_plan(
        {"email": "Jan <jan@przyklad.iq.pl>", "quota": "2147483648", "forward": "Ewa <ewa@x.pl>; a@x.pl"},
        {"email": "adam@przyklad.iq.pl", "password": "abc", "keep_copy": "może"},
    )
    assert suggestions(plan) == ["jan@przyklad.iq.pl", "2048", "ewa@x.pl a@x.pl", "", "", ""]


@pytest.mark.parametrize(
    ("email", "suggestion"),
    [
        ("Piotr.Dabrowski", "piotr.dabrowski@przyklad.iq.pl"),
        (" jan2 ", "jan2@przyklad.iq.pl"),
        ("jan.przyklad.iq.pl", ""),
        ("Jan Kowalski", ""),
        ("jan;haslo1", ""),
        ("łukasz", ""),
        ("-", ""),
    ],
)
def test_the_only_domain_is_added_to_a_name_without_one(domain: Domain, email: str, suggestion: str) -> None:
    plan = make_plan({"email": email})
    assert list_problems(plan) == [(2, "email", "email_no_at")]
    assert suggestions(plan) == [suggestion]


def test_what_stands_in_the_place_of_an_address_is_not_quoted_but_can_be_completed(domain: Domain) -> None:
    plan = make_plan(
        {"email": "Haslo222"}, {"email": "jan@przyklad.iq.pl:Haslo111"}, {"email": "jan@przyklad.iq.pl-Haslo1a"}
    )
    assert [problem.code for problem in plan.problems] == ["email_no_at", "email_with_more", "email_with_more"]
    assert suggestions(plan) == ["haslo222@przyklad.iq.pl", "", ""]
    assert "aslo" not in " ".join(problem.message for problem in plan.problems)


def test_a_forward_in_the_column_of_the_password_is_no_draft(domain: Domain) -> None:
    plan = make_plan({"email": "jan@przyklad.iq.pl", "password": "kopia7@gmail.com"})
    assert list_problems(plan) == [(2, "password", "password_is_address")]
    assert plan.drafts == ()


def test_of_two_domains_none_is_added_to_a_name(domain: Domain) -> None:
    make_domain("drugi.example")
    assert suggestions(make_plan({"email": "jan"})) == [""]


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("sp12.exmaple", "jan@sp12.example"),
        ("sp12.exampl", "jan@sp12.example"),
        ("sp12.eexample", "jan@sp12.example"),
        ("sp13.example", "jan@sp12.example"),
        ("psp12.example", "jan@sp12.example"),
        ("żołw.example", "jan@żółw.example"),
        ("sp21.exmaple", ""),
        ("gmail.com", ""),
        ("a.bc", ""),  # a.pl has two other letters
        ("b.pl", ""),  # too short to tell
        ("szkola3.example", ""),  # as near to szkola1 as to szkola2
    ],
)
def test_a_domain_that_is_one_slip_away_is_suggested(name: str, suggestion: str) -> None:
    for own in ("sp12.example", "a.pl", "xn--w-uga1v8h.example", "szkola1.example", "szkola2.example"):
        make_domain(own)
    plan = make_plan({"email": f"Jan@{name}"})
    assert list_problems(plan) == [(2, "email", "domain_not_yours")]
    assert suggestions(plan) == [suggestion]


def test_only_a_domain_of_ones_own_is_ever_suggested() -> None:
    customer = make_user("anna")
    make_domain("moja.example", [customer])
    make_domain("cudza.example")
    rows = tuple(
        Row(n, {Field.EMAIL: email})
        for n, email in enumerate(["a@cudz.example", "a@cudza.example", "jan", "a@moj.example"])
    )
    plan = validate(FileRows(dialect=Dialect(format="csv"), rows=rows, rows_read=4), domains=usable_domains(customer))
    assert suggestions(plan) == ["", "", "jan@moja.example", "a@moja.example"]


def test_suggestions_take_one_query_and_little_time_however_many_rows(
    domain: Domain, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    Domain.objects.bulk_create(Domain(name=f"szkola{n}.example") for n in range(199))
    rows = [{"email": f"a{n}@szkolla{n}.example"} for n in range(500)]
    for count in (2, 500):
        with django_assert_num_queries(2):
            make_plan(*rows[:count], {"email": "x"})
    start = process_time()
    assert suggestions(make_plan(*rows))[7] == "a7@szkola7.example"
    assert process_time() - start < 2
    make_domain("jeszcze-jedna.example")  # too many to be sure of the only one that is alike
    assert set(suggestions(make_plan(*rows))) == {""}


def test_a_limit_that_is_just_met_is_no_problem() -> None:
    make_domain("przyklad.iq.pl", max_mailboxes=2, max_total_quota_mb=200)
    assert make_plan(*({"email": f"a{n}@przyklad.iq.pl", "quota": "100"} for n in range(2))).can_create


def test_a_forward_to_oneself_is_an_error_with_or_without_a_copy(domain: Domain) -> None:
    plan = make_plan(
        {"email": "a@przyklad.iq.pl", "forward": "A@przyklad.iq.pl"},
        {"email": "b@przyklad.iq.pl", "forward": "b@przyklad.iq.pl", "keep_copy": "Tak"},
    )
    assert list_problems(plan) == [(2, "forward", "forward_to_self"), (3, "forward", "forward_to_self")]


def test_a_circle_without_a_copy_is_an_error_over_file_and_database_together(domain: Domain) -> None:
    make_forward("c@przyklad.iq.pl", "a@przyklad.iq.pl")
    plan = make_plan(
        {"email": "a@przyklad.iq.pl", "forward": "b@przyklad.iq.pl"},
        {"email": "b@przyklad.iq.pl", "forward": "c@przyklad.iq.pl ext@poczta.example"},
        {"email": "d@przyklad.iq.pl", "forward": "a@przyklad.iq.pl"},
    )
    assert [f for f in list_problems(plan) if f[2] == "forward_loop"] == [
        (2, "forward", "forward_loop"),
        (3, "forward", "forward_loop"),
    ]


def test_one_copy_on_the_way_makes_a_circle_harmless(domain: Domain) -> None:
    plan = make_plan(
        {"email": "a@przyklad.iq.pl", "forward": "b@przyklad.iq.pl", "keep_copy": "Tak"},
        {"email": "b@przyklad.iq.pl", "forward": "a@przyklad.iq.pl"},
    )
    assert list_problems(plan) == []


def test_warnings_do_not_stop_the_creation(domain: Domain) -> None:
    make_mailbox("off@przyklad.iq.pl", is_active=False)
    plan = make_plan(
        {"email": "a@przyklad.iq.pl", "forward": "missing@przyklad.iq.pl off@przyklad.iq.pl x@elsewhere.example"},
        {"email": "b@przyklad.iq.pl", "keep_copy": "tak"},
        {"email": "c@przyklad.iq.pl", "password": "password1"},
        {"email": "d@przyklad.iq.pl", "forward": "a@przyklad.iq.pl"},
    )
    assert list_problems(plan) == [
        (2, "forward", "forward_to_missing"),
        (2, "forward", "forward_to_disabled"),
        (3, "keep_copy", "keep_copy_without_forward"),
        (4, "password", "password_common"),
    ]
    assert {problem.level for problem in plan.problems} == {Level.WARNING}
    assert plan.can_create
    assert plan.counts["warnings"] == 3
    assert not plan.drafts[1].keep_copy
    assert all("password1" not in problem.message for problem in plan.problems)


def test_a_plus_address_is_that_of_its_mailbox(domain: Domain) -> None:
    make_mailbox("jest@przyklad.iq.pl")
    make_mailbox("off@przyklad.iq.pl", is_active=False)
    plan = make_plan(
        {"email": "a@przyklad.iq.pl", "forward": "jest+praca@przyklad.iq.pl b+x@przyklad.iq.pl"},
        {"email": "b@przyklad.iq.pl", "forward": "off+praca@przyklad.iq.pl brak+praca@przyklad.iq.pl"},
    )
    assert list_problems(plan) == [(3, "forward", "forward_to_disabled"), (3, "forward", "forward_to_missing")]


def test_a_forward_into_another_customers_domain_says_nothing_about_it() -> None:
    customer = make_user("anna")
    make_domain("moja.example", [customer])
    make_domain("other.example")
    rows = (Row(2, {Field.EMAIL: "a@moja.example", Field.FORWARD: "missing@other.example"}),)
    file = FileRows(dialect=Dialect(format="csv"), rows=rows, rows_read=1)
    assert validate(file, domains=usable_domains(customer)).problems == ()


def test_an_inactive_domain_is_a_warning() -> None:
    make_domain("przyklad.iq.pl", is_active=False)
    assert list_problems(make_plan({"email": "a@przyklad.iq.pl"})) == [(2, "email", "domain_inactive")]


def test_the_example_row_of_a_template_is_refused(domain: Domain) -> None:
    assert list_problems(make_plan({"email": "anna@twoja-domena.example"})) == [(2, "email", "example_row")]


def test_a_domain_with_polish_letters_is_stored_in_ascii_and_shown_as_written() -> None:
    make_domain("xn--w-uga1v8h.pl")
    plan = make_plan({"email": "info@żółw.pl"}, {"email": "info@xn--w-uga1v8h.pl"})
    assert plan.drafts[0].address == "info@xn--w-uga1v8h.pl"
    assert list_problems(plan) == [(3, "email", "address_repeated")]
    assert "info@żółw.pl" in plan.problems[0].message


def test_no_password_is_in_the_repr_of_anything(domain: Domain) -> None:
    plan = make_plan({"email": "a@przyklad.iq.pl", "password": "hunter22"}, {"email": "x", "password": "zima"})
    assert "hunter22" not in repr(plan)
    assert "zima" not in repr(plan)


def test_the_number_of_queries_does_not_depend_on_the_number_of_rows(
    domain: Domain, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    def rows(count: int) -> list[dict[str, str]]:
        return [{"email": f"a{n}@przyklad.iq.pl", "forward": f"a{n + 1}@przyklad.iq.pl"} for n in range(count)]

    for count in (1, 500):
        with django_assert_num_queries(8):
            make_plan(*rows(count))


def test_a_domain_whose_own_default_is_over_its_limit_is_told_at_the_row() -> None:
    make_domain("przyklad.iq.pl", default_quota_mb=1000, max_mailbox_quota_mb=500)
    assert list_problems(make_plan({"email": "a@przyklad.iq.pl"})) == [(2, "quota", "quota_over_domain_limit")]


def test_a_faulty_quota_needs_no_room() -> None:
    make_domain("przyklad.iq.pl", max_mailbox_quota_mb=5000, max_total_quota_mb=80_000)
    plan = make_plan({"email": "a@przyklad.iq.pl", "quota": "5000000"}, {"email": "b@przyklad.iq.pl"})
    assert list_problems(plan) == [(2, "quota", "quota_over_domain_limit")]


def test_a_limit_is_named_before_the_faulty_rows_are_mended() -> None:
    make_domain("przyklad.iq.pl", max_mailboxes=2, max_total_quota_mb=100_000)
    make_mailbox("jan@przyklad.iq.pl", quota_mb=1)
    rows = [
        {"email": "a@przyklad.iq.pl", "quota": "1"},
        {"email": "b@przyklad.iq.pl", "quota": "1", "password": "zima"},
        {"email": "a@przyklad.iq.pl", "quota": "1"},
        {"email": "jan@przyklad.iq.pl", "quota": "1"},
    ]
    plan = make_plan(*rows)
    (problem,) = (problem for problem in plan.problems if problem.line is None)
    assert (problem.code, problem.level) == ("domain_limit", Level.WARNING)
    assert problem.message.startswith(  # the repeated and the taken address are none
        "With the rows to be corrected, this file needs 2 mailboxes"
    )
    assert plan.can_create_good_rows
    assert "domain_limit" not in {problem.code for problem in make_plan(rows[0], *rows[2:]).problems}
    plan = make_plan(*rows, {"email": "c@przyklad.iq.pl"})
    assert [problem.level for problem in plan.file_errors] == [Level.ERROR]
    assert not plan.can_create_good_rows


CELLS = {
    "email": st.sampled_from(
        ["a@przyklad.iq.pl", "A@przyklad.iq.pl", "b@przyklad.iq.pl", "x@cudza.example", "bad", ""]
    ),
    "password": st.sampled_from(["", "Wiosna2024", "short", "password1"]) | st.text(max_size=8),
    "quota": st.sampled_from(["", "500", "500,0", "0", "2 GB"]) | st.text(max_size=4),
    "forward": st.sampled_from(["", "a@przyklad.iq.pl", "b@przyklad.iq.pl", "nobody"]) | st.text(max_size=8),
    "keep_copy": st.sampled_from(["", "Tak", "nie", "perhaps"]),
}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.fixed_dictionaries({}, optional=CELLS), max_size=8))
def test_every_row_is_a_draft_or_has_an_error_and_none_is_both(domain: Domain, rows: list[dict[str, str]]) -> None:
    plan = make_plan(*rows)
    drafted = {draft.place for draft in plan.drafts}
    assert drafted.isdisjoint(plan.error_places)
    assert drafted | set(plan.error_places) == {row.place for row in plan.file.rows}
    assert len({draft.address for draft in plan.drafts}) == len(plan.drafts)
    counts = plan.counts
    assert counts["rows"] == counts["drafts"] + counts["errors"] + counts["blank"]
    assert counts["errors"] == len(plan.error_places)
    assert all(problem.message for problem in plan.problems)
