"""The help has an entry for every problem that an import can give, and each problem leads to its own."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.test import Client

from accounts.validators import parse_destinations
from bulkimport.columns import COLUMNS
from bulkimport.guide import explained_codes
from bulkimport.models import Import
from tests.bulkimport.lists import upload
from tests.bulkimport.test_parity import BAD_VALUES
from tests.factories import make_domain, make_user
from tests.pages import links_in, open_page, parse

ROOT: Path = settings.BASE_DIR
HELPED = explained_codes()
SOURCES = [
    *(ROOT / "bulkimport" / "readers").rglob("*.py"),
    *(ROOT / "bulkimport" / "services").glob("*.py"),
    *(ROOT / "bulkimport" / name for name in ("validation.py", "forms.py", "runner.py", "views.py")),
    *(ROOT / "accounts" / "rules").glob("*.py"),
    *(ROOT / "accounts" / f"{name}.py" for name in ("validators", "address_faults", "quota_texts", "models", "access")),
]
CODE = re.compile("[a-z_]{4,}")
RENAMED = {"markup"}  # reported as not_a_table
# What takes a code, and the place of it among the arguments without a name.
CODE_AT = {
    "Problem": 0,
    "add": 0,
    "refuse": 0,
    "_refused": 0,
    "Record": 2,
    "RefusedError": 0,
    "ValidationError": 1,
}
# Only of a domain, and of a forward that is no part of an account; no import writes either.
NOT_IN_A_FILE = {
    "domain_invalid",
    "domain_is_server",
    "default_over_largest",
    "unique",
    "forward_missing",
    "domain_mixed_alphabet",
    "contact_is_role",
    "limit_not_number",
    "email_leading_hyphen",  # a mailbox has a narrower rule
}
# The codes of an address come for a forward as well, but for these: its cell is taken apart at the blanks.
NOT_IN_A_FORWARD = {"forward_missing", "forward_has_space", "forward_unsafe_name"}


def find_codes(path: Path) -> Iterator[str]:
    """Yield the codes that a module gives: where they are handed over, asked for, and in answers that say `refused`."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            places = [keyword.value for keyword in node.keywords if keyword.arg in ("code", "fault")]
            if name in CODE_AT:
                places += node.args[CODE_AT[name] : CODE_AT[name] + 1]
        elif isinstance(node, ast.Dict):
            places = [v for k, v in zip(node.keys, node.values, strict=True) if getattr(k, "value", "") == "refused"]
        elif isinstance(node, ast.Compare):
            places = node.comparators if getattr(node.left, "attr", "") == "code" else []
        elif isinstance(node, ast.Assign):
            places = [node.value] if [getattr(target, "id", "") for target in node.targets] == ["code"] else []
        else:
            continue
        for place in places:
            choices = [place.body, place.orelse] if isinstance(place, ast.IfExp) else [place]
            yield from (str(c.value) for c in choices if isinstance(c, ast.Constant) and CODE.fullmatch(str(c.value)))


def all_codes() -> set[str]:
    codes = {code for path in SOURCES for code in find_codes(path)} - RENAMED
    for template in (ROOT / "templates" / "bulkimport").glob("*.html"):
        codes |= set(re.findall(r'_help.html" with code="(\w+)"', template.read_text()))
    for_forwards = {code.replace("email_", "forward_") for code in codes if code.startswith("email_")}
    for_forwards.discard("forward_column_missing")
    return (codes | for_forwards - NOT_IN_A_FORWARD) - NOT_IN_A_FILE


@pytest.fixture
def logged_in(db: None) -> Client:
    client = Client()
    client.force_login(make_user())
    make_domain(administrators=User.objects.all())
    return client


def test_every_problem_has_an_entry_and_every_entry_a_problem() -> None:
    codes = all_codes()
    assert len(codes) > 50  # the search finds what it is to find
    assert codes - HELPED == set(), "write an entry in templates/bulkimport/help/"
    assert HELPED - codes == set(), "no import gives these any more"


def test_the_problems_that_other_tests_provoke_have_an_entry() -> None:
    assert {code for _values, code in BAD_VALUES} <= HELPED


def test_no_forward_gives_a_code_that_the_help_leaves_out() -> None:
    for text in ("a b", "a@b,c", "ż@b.pl", "a@@b.pl", "+a/b@b.pl", "x@your-domain.example", " "):
        try:
            parse_destinations(text)
        except ValidationError as error:
            assert {single.code for single in error.error_list} <= HELPED


@pytest.mark.parametrize("language", ["en", "pl"])
def test_the_help_is_for_everybody_in_both_languages(client: Client, language: str) -> None:
    response = client.get("/help/", headers={"accept-language": language})
    html = response.content.decode()
    page = parse(html)
    assert response.status_code == 200
    assert page.find("html")["lang"] == language
    ids = Counter(element["id"] for element in page.find_all(id=""))
    assert [name for name, count in ids.items() if count > 1] == []
    assert ids.keys() >= HELPED
    assert {address[1:] for _text, address in links_in(html) if address.startswith("#")} <= ids.keys()
    for column in COLUMNS:
        assert str(column.names[0]) in page.text


def test_the_columns_stand_in_the_help_as_on_the_page_of_an_upload(logged_in: Client) -> None:
    tables = [
        parse(open_page(logged_in, path)).find("table", aria_labelledby="columns")
        for path in ("/help/", "/imports/new/")
    ]
    assert tables[0] == tables[1]


FAULTY = "E-mail,Hasło,Pojemność,Przekierowanie,Kopia\nbad,zima,dużo,,\nmy@example.com,,,,,more\n"


def test_each_problem_of_a_file_leads_to_its_entry_in_a_new_tab(logged_in: Client) -> None:
    page = open_page(logged_in, upload(logged_in, FAULTY))
    links = [
        (link["href"].removeprefix("/help/#"), "tabindex" in link) for link in parse(page).find_all("a", class_="about")
    ]
    codes = {"email_no_at", "password_too_short", "password_no_digit", "quota_not_number", "surplus_cell"}
    in_cells = {code for code, skipped in links if skipped}
    above = {code for code, skipped in links if not skipped}
    assert codes <= in_cells
    assert codes | {"column_unknown"} <= above
    assert above <= HELPED
    assert page.count('href="/help/#problems"') == 1  # of the rows with errors; Tab reaches it


def test_rows_with_warnings_lead_to_the_help_too(logged_in: Client) -> None:
    page = open_page(logged_in, upload(logged_in, "E-mail,Hasło\njan@przyklad.iq.pl,password1\n"))
    assert 'href="/help/#password_common"' in page
    assert page.count('href="/help/#problems"') == 1


@pytest.mark.usefixtures("create_in_place")
def test_warnings_of_what_was_created_lead_to_the_help(logged_in: Client) -> None:
    upload(logged_in, "E-mail,Password,Phone\njan@przyklad.iq.pl,password1,1\n", action="create")
    created = Import.objects.get()
    page = logged_in.get(created.get_absolute_url()).content.decode()
    assert 'href="/help/#password_common"' in page
    assert 'href="/help/#column_unknown"' in page
    created.warnings = [{name: stored[name] for name in ("line", "field", "message")} for stored in created.warnings]
    created.save()
    page = logged_in.get(created.get_absolute_url()).content.decode()
    assert "2 warnings" in page
    assert 'class="about"' not in page, "an import from before codes were stored"


def test_an_error_of_the_whole_file_leads_to_its_entry(logged_in: Client) -> None:
    assert 'href="/help/#email_column_missing"' in open_page(
        logged_in, upload(logged_in, "Hasło,Pojemność\nabc123,500\n")
    )


def test_pages_without_problems_have_no_link_to_an_entry(logged_in: Client) -> None:
    assert 'class="about"' not in open_page(logged_in, upload(logged_in, "E-mail\njan@przyklad.iq.pl\n"))
    assert 'class="about"' not in logged_in.post("/imports/new/", {"action": "check"}).content.decode()


def test_every_page_leads_to_the_help(client: Client, logged_in: Client) -> None:
    for page in (Client().get("/login/"), logged_in.get("/mailboxes/")):
        assert page.content.decode().count('<a href="/help/"') == 1
    assert parse(open_page(logged_in, "/help/")).find("a", href="/help/", aria_current="page")
