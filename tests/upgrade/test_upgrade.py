"""An installation of before is carried over: its data comes through the migrations and does what it did.

`installation.json` is an installation with the migrations of `BEFORE`. A script wrote it once, by the code of then: it
signed in as four logins and went through the pages and `manage.py import_mailboxes` as people do, with its clock set
from two months before `now` up to `now`. Expired secrets were erased last forty minutes before `now`. For the imports
that are interrupted it let the thread do nothing, and it wrote the rows of `mail_usage`, as Dovecot does. In `tables`,
dates are ISO texts, and sealed columns are Fernet tokens, which are base64 text already. The other keys say what has to
be found: in the clear what `secret_key` has sealed, and what the mail server read from its views.

The upgrade runs in a database of its own, forwards only, as it does where the panel is installed. All dates are moved
by the time since `now`. Each test has that database as the upgrade has left it.
"""

from __future__ import annotations

import csv
import json
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.core.management.color import no_style
from django.core.management.sql import emit_post_migrate_signal
from django.db import connection, models, transaction
from django.db.migrations.executor import MigrationExecutor
from django.test import Client, override_settings
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from accounts.models import ROLE_LOCAL_PARTS
from tests.pages import fill_in, form_in, text_in

pytestmark = pytest.mark.django_db

BEFORE: Final = [("accounts", "0004_new_passwords"), ("bulkimport", "0006_book")]
OWN_APPS: Final = ("accounts", "bulkimport", "mailpanel")  # and the apps inside them
DUMP: Final[dict[str, Any]] = json.loads((Path(__file__).parent / "installation.json").read_text(encoding="utf-8"))
IMPORTS: Final[dict[str, dict[str, Any]]] = DUMP["imports"]
LINKS: Final[list[dict[str, str]]] = DUMP["links"]
CREATED: Final = [name for name, facts in IMPORTS.items() if facts["status"] == "created"]
# Of these tables every column of before has to be there, with what it held. New columns may stand beside them.
LASTING: Final = (
    *("auth_user", "accounts_domain", "accounts_domain_administrators", "accounts_mailbox", "accounts_forward"),
    "mail_usage",
)
GENERATED: Final = re.compile(r"\b(?:[a-hjkmnp-z2-9]{6}-){2}[a-hjkmnp-z2-9]{6}\b")
KEY: Final = re.compile(r"#([0-9a-f]{32})\b")

Row = dict[str, Any]  # by column its value
Tables = dict[str, list[Row]]


# --- The upgrade ------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module", autouse=True)
def before(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Tables]:
    """Put the installation, upgraded, in the place of the other tests' database; what it had in its tables before."""
    with (
        django_db_blocker.unblock(),
        override_settings(SECRET_KEY=DUMP["secret_key"]),
        empty_database(tmp_path_factory.mktemp("upgrade")),
    ):
        old_apps = migrate_to_before()
        written = load(old_apps)
        call_command("migrate", verbosity=0)
        ContentType.objects.clear_cache()
        connection.close()
        with django_db_blocker.block():
            yield written


@contextmanager
def empty_database(folder: Path) -> Iterator[None]:
    """Let everything use a new database until the block ends: a file in the folder, or one beside PostgreSQL's."""
    names, is_sqlite = connection.settings_dict, connection.vendor == "sqlite"
    usual = names["NAME"]
    new = str(folder / "upgrade.sqlite3") if is_sqlite else f"{usual}_upgrade"
    connection.close()
    if not is_sqlite:
        run_outside(f"DROP DATABASE IF EXISTS {connection.ops.quote_name(new)}")
        run_outside(f"CREATE DATABASE {connection.ops.quote_name(new)}")
    names["NAME"] = new
    ContentType.objects.clear_cache()
    try:
        yield
    finally:
        connection.close()
        names["NAME"] = usual
        ContentType.objects.clear_cache()
        if not is_sqlite:
            run_outside(f"DROP DATABASE {connection.ops.quote_name(new)}")


def run_outside(statement: str) -> None:
    """Run a statement of PostgreSQL about databases, which must be in none of them."""
    with connection._nodb_cursor() as cursor:
        cursor.execute(statement)


def migrate_to_before() -> Any:
    """Migrate an empty database to `BEFORE`, with all of Django's own migrations; return the models of then."""
    executor = MigrationExecutor(connection)
    own = {config.label for config in apps.get_app_configs() if config.name.startswith(OWN_APPS)}
    others = [leaf for leaf in executor.loader.graph.leaf_nodes() if leaf[0] not in own]
    old_apps = executor.migrate([*others, *BEFORE]).apps
    emit_post_migrate_signal(verbosity=0, interactive=False, db="default", apps=old_apps)  # permissions, as they were
    return old_apps


def load(old_apps: Any) -> Tables:
    """Write the rows of the dump into their tables, and return them with values as Python has them."""
    delta = timezone.now() - datetime.fromisoformat(DUMP["now"])
    model_of = {model._meta.db_table: model for model in old_apps.get_models(include_auto_created=True)}
    own = {table for table in model_of if table.startswith(("accounts_", "bulkimport_", "mail_"))}
    assert DUMP["tables"].keys() == own | {"auth_user"}
    written: Tables = {}
    with transaction.atomic(), connection.cursor() as cursor:
        for table, rows in DUMP["tables"].items():
            fields = model_of[table]._meta.concrete_fields
            names = [each.column for each in fields]
            assert all(row.keys() == set(names) for row in rows), f"the dump has all columns of {table} and no others"
            values = [{each.column: read_value(each, row[each.column], delta) for each in fields} for row in rows]
            cursor.executemany(
                f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join(['%s'] * len(names))})",
                [[each.get_db_prep_save(row[each.column], connection) for each in fields] for row in values],
            )
            written[table] = values
        for statement in connection.ops.sequence_reset_sql(no_style(), [model_of[table] for table in DUMP["tables"]]):
            cursor.execute(statement)
    return written


def read_value(column: Any, stored: Any, delta: timedelta) -> Any:
    """Return the value of a column as Python has it, from what the dump has."""
    if stored is None:
        return None
    if isinstance(column, models.DateTimeField):
        return datetime.fromisoformat(stored) + delta
    return stored.encode() if isinstance(column, models.BinaryField) else stored


# --- What the tests ask -----------------------------------------------------------------------------------------------
def selected(table: str, columns: list[str]) -> list[Row]:
    """Return these columns of a table, with dates as Python has them."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(map(connection.ops.quote_name, columns))} FROM {table}")
        found = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
    return [{name: aware(value) for name, value in row.items()} for row in found]


def aware(value: Any) -> Any:
    """Return a value; a date of SQLite, which stores it without its time zone, with it."""
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) and value.tzinfo is None else value


def addresses() -> set[str]:
    """Return the addresses of all mailboxes."""
    return {row["address"] for row in selected("accounts_mailbox", ["address"])}


def visitor() -> Client:
    return Client(headers={"accept-language": "en"})


def sign_in(login: str) -> Client:
    """Sign in to the panel by its page, and return the browser."""
    client = visitor()
    response = client.post("/login/", {"username": login, "password": DUMP["login_password"]})
    assert response.status_code == 302
    return client


def open_any_page(client: Client, url: str, status: int = 200) -> str:
    """Return a page, also where its address leads to another one."""
    response = client.get(url, follow=True)
    assert response.status_code == status
    return response.content.decode()


def passwords_in(text: str) -> list[str]:
    """Return all that looks like a generated password."""
    return sorted(GENERATED.findall(text))


def list_in(content: bytes) -> dict[str, str]:
    """Return from a downloaded CSV by stored address what it has as password."""
    text = content.decode("utf-8-sig")
    _header, *rows = csv.reader(text.splitlines(), delimiter=";" if ";" in text.partition("\n")[0] else ",")
    return {as_stored(row[0]): row[1] for row in rows}


def as_stored(address: str) -> str:
    """Return an address as it is stored: with its domain in ASCII."""
    local_part, _at, domain = address.rpartition("@")
    return f"{local_part}@{domain.encode('idna').decode()}"


def as_shown(address: str) -> str:
    """Return an address as people write it: with its domain in Unicode."""
    local_part, _at, domain = address.rpartition("@")
    return f"{local_part}@{domain.encode().decode('idna')}"


def press(client: Client, url: str, *, action: str | None = None, at: str = "") -> str:
    """Press a button on a page and return the page that comes. `at`: how the address ends that its form is sent to."""
    form = form_in(open_any_page(client, url), at or url)
    if action:
        assert ("action", action) in form.buttons
    fields = {**form.fields, "action": action} if action else form.fields
    response = client.post(form.action if at else url, fields, follow=True)
    assert response.status_code == 200
    return response.content.decode()


def open_link(key: str) -> tuple[int, str]:
    """Open a one-time link as whoever was sent it does, and return the status and the text of the page."""
    client = visitor()
    form = form_in(open_any_page(client, "/handout/"), "open")
    response = client.post(form.action, {**form.fields, "link": f"https://panel.example/handout/#{key}"}, follow=True)
    return response.status_code, text_in(response.content.decode())


def read_progress(client: Client, url: str) -> str:
    """Return the status of an import as scripts ask for it."""
    status: str = client.get(f"{url}progress").json()["status"]
    return status


# --- What the mail server serves --------------------------------------------------------------------------------------
@pytest.mark.parametrize("table", LASTING)
def test_every_row_of_a_lasting_table_is_as_it_was(before: Tables, table: str) -> None:
    rows = before[table]
    found = selected(table, list(rows[0]))
    key = "address" if table == "mail_usage" else "id"
    assert sorted(found, key=lambda row: row[key]) == sorted(rows, key=lambda row: row[key])


@pytest.mark.parametrize(
    ("view", "columns"),
    [
        ("mail_domains", ["name"]),
        ("mail_mailboxes", ["address", "local_part", "domain", "password_hash", "quota_mb"]),
        ("mail_aliases", ["source", "destination"]),
    ],
)
def test_the_mail_server_reads_what_it_read(view: str, columns: list[str]) -> None:
    found = [[row[column] for column in columns] for row in selected(view, columns)]
    # Beside what was there: the addresses that every domain has.
    roles = [row for row in found if view == "mail_aliases" and row[0].partition("@")[0] in ROLE_LOCAL_PARTS]
    assert sorted(row for row in found if row not in roles) == sorted(DUMP["views"][view])


def test_every_mailbox_has_the_folder_that_it_had() -> None:
    rows = selected("mail_mailboxes", ["domain", "local_part", "home"])
    assert rows
    assert all(row["home"] == f"{row['domain']}/{row['local_part']}" for row in rows)


def test_owners_sign_in_with_the_passwords_that_they_had() -> None:
    served = {row["address"] for row in selected("mail_mailboxes", ["address"])}
    assert served < DUMP["mailbox_passwords"].keys(), "some are disabled, or in a domain that is"
    for address, password in DUMP["mailbox_passwords"].items():
        response = visitor().post("/mailbox/login/", {"address": address, "password": password})
        assert (response.status_code == 302) == (address in served), address


# --- Signing in, and what is seen then --------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("login", "domains"),
    [
        ("anna", {"przyklad.iq.pl", "żółw.pl"}),
        ("piotr", {"żółw.pl", "stary-sklep.pl"}),
        ("szef", {"przyklad.iq.pl", "żółw.pl", "stary-sklep.pl"}),
    ],
)
def test_a_login_signs_in_and_sees_its_domains(login: str, domains: set[str]) -> None:
    words = text_in(open_any_page(sign_in(login), "/"))
    assert {name for name in ("przyklad.iq.pl", "żółw.pl", "stary-sklep.pl") if f" {name} " in words} == domains


@pytest.mark.parametrize("login", ["anna", "piotr", "obsluga", "szef"])
def test_a_login_sees_its_own_imports_and_no_others(login: str) -> None:
    client = sign_in(login)
    words = text_in(open_any_page(client, "/imports/"))
    files = {facts["file"] for facts in IMPORTS.values() if f" {facts['file']} " in words}
    assert files == {facts["file"] for facts in IMPORTS.values() if facts["login"] == login}
    for facts in IMPORTS.values():
        open_any_page(client, facts["url"], 200 if facts["login"] == login else 404)


def test_mailboxes_show_what_they_hold_and_forwards_where_they_lead() -> None:
    client = sign_in("anna")
    words = text_in(open_any_page(client, "/mailboxes/?q=jan@"))
    assert "613 " in words, "MB, rounded up"
    assert "1,200" in words
    words = text_in(open_any_page(client, "/forwards/"))
    assert "archiwum@daleko.example" in words
    assert "urlopy@przyklad.iq.pl" in words


# --- Imports ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", IMPORTS)
def test_an_import_is_in_the_state_in_which_it_was(name: str) -> None:
    facts = IMPORTS[name]
    client = sign_in(facts["login"])
    assert read_progress(client, facts["url"]) == facts["status"]
    assert facts["file"] in text_in(open_any_page(client, facts["url"]))


@pytest.mark.parametrize("name", CREATED)
def test_results_show_the_passwords_that_wait_and_no_others(name: str) -> None:
    facts = IMPORTS[name]
    client = sign_in(facts["login"])
    words = text_in(open_any_page(client, facts["url"]))
    assert passwords_in(words) == sorted(facts["passwords"].values())
    assert [address for address in facts["accounts"] if as_shown(address) not in words] == []
    results = list_in(client.get(f"{facts['url']}results.csv").content)
    assert list(results) == facts["accounts"], "in the order of the list"
    assert {address: password for address, password in results.items() if password} == facts["passwords"]


def test_every_account_is_known_with_the_row_and_the_sheet_it_came_from(before: Tables) -> None:
    columns = ["import_record_id", "sheet", "line", "address", "mailbox_id", "is_generated"]
    table = "bulkimport_importedaccount"
    found = [[str(uuid.UUID(str(row.pop(columns[0])))), *row.values()] for row in selected(table, columns)]
    assert sorted(found, key=str) == sorted(([row[name] for name in columns] for row in before[table]), key=str)


def test_what_was_made_on_behalf_of_a_customer_says_so() -> None:
    facts = IMPORTS["for_customer"]
    words = text_in(open_any_page(sign_in("obsluga"), facts["url"]))
    assert "Customer anna" in words
    assert len(facts["passwords"]) == 1


def test_rows_that_were_left_out_are_named_and_can_be_had_back() -> None:
    client = sign_in("piotr")
    url = IMPORTS["left_out"]["url"]
    assert "2 rows were left out Rows 3 and 4" in text_in(open_any_page(client, url))
    content = client.get(f"{url}problems", follow=True).content.decode()
    assert "bledny adres" in content
    assert "puchacz@żółw.pl" in content
    assert "sowa@żółw.pl" not in content
    words = text_in(open_any_page(client, IMPORTS["sheets"]["url"]))
    assert "1 row was left out 7b: row 3" in words
    assert "7b, row 4, Password: The password is very common" in words, "a warning with its sheet"


def test_what_became_of_welcome_messages_is_still_said() -> None:
    words = text_in(open_any_page(sign_in("anna"), IMPORTS["welcome"]["url"]))
    assert "Welcome messages delivered: 1 of 2" in words
    assert "pelikan@przyklad.iq.pl: 550 5.1.1 nobody here" in words


def test_a_list_with_corrections_is_created_as_it_was_corrected(create_in_place: None) -> None:
    """The person had said what its columns are, and corrected an address, a password and the default quota."""
    client = sign_in("anna")
    url = IMPORTS["checked"]["url"]
    html = open_any_page(client, url)
    assert "3 accounts ready" in text_in(html)
    assert 'value="770"' in html
    press(client, url, action="create")
    assert read_progress(client, url) == "created"
    quotas = {row["address"]: row["quota_mb"] for row in selected("accounts_mailbox", ["address", "quota_mb"])}
    assert quotas["jan.nowak@przyklad.iq.pl"] == 500
    assert quotas["ola.mazur@przyklad.iq.pl"] == 770
    assert quotas["iga.lis@przyklad.iq.pl"] == 600
    corrected = {"address": "ola.mazur@przyklad.iq.pl", "password": "Wisla2024"}
    assert visitor().post("/mailbox/login/", corrected).status_code == 302


def test_a_workbook_is_read_with_the_sheets_that_were_ticked_and_its_corrections(create_in_place: None) -> None:
    """A hidden sheet was ticked and a cell of the first one corrected; another one waits for that."""
    client = sign_in("piotr")
    url = IMPORTS["checked_workbook"]["url"]
    words = text_in(open_any_page(client, url))
    assert "3 accounts ready, 1 row needs you" in words
    assert "2 of 3 sheets" in words
    press(client, url, action="create_good")
    assert read_progress(client, url) == "created"
    local_parts = ("filip.8a", "gosia.8a", "historia")
    assert {as_stored(f"{local_part}@żółw.pl") for local_part in local_parts} <= addresses()


@pytest.mark.parametrize("name", ["expired", "expired_erased"])
def test_a_list_whose_time_was_up_shows_nothing_and_creates_nothing(name: str, create_in_place: None) -> None:
    client = sign_in("anna")
    words = text_in(open_any_page(client, IMPORTS[name]["url"]))
    assert "no longer kept" in words
    assert "@" not in words
    client.post(IMPORTS[name]["url"], {"action": "create", "version": "0"})
    assert read_progress(client, IMPORTS[name]["url"]) == "checked"
    assert addresses() == DUMP["mailbox_passwords"].keys()


@pytest.mark.parametrize(
    ("name", "action", "created"),
    [
        ("interrupted", "create", ["foka@przyklad.iq.pl", "mors@przyklad.iq.pl"]),
        ("interrupted_left_out", "create_good", ["zaba@żółw.pl"]),
    ],
)
def test_an_interrupted_creation_can_be_started_again(
    create_in_place: None, name: str, action: str, created: list[str]
) -> None:
    facts = IMPORTS[name]
    client = sign_in(facts["login"])
    html = press(client, facts["url"], action=action)
    assert read_progress(client, facts["url"]) == "created"
    assert addresses() - DUMP["mailbox_passwords"].keys() == set(map(as_stored, created))
    assert len(passwords_in(text_in(html))) == 1


def test_what_was_undone_stays_undone() -> None:
    """One of its accounts had been changed, so it stayed."""
    words = text_in(open_any_page(sign_in("anna"), IMPORTS["undone"]["url"]))
    assert "The import was undone" in words
    assert "kret@żółw.pl" in words
    assert "borsuk@" not in words
    assert as_stored("kret@żółw.pl") in addresses()
    assert as_stored("borsuk@żółw.pl") not in addresses()


def test_an_import_can_still_be_undone_apart_from_what_was_changed_since() -> None:
    client = sign_in("anna")
    url = IMPORTS["created"]["url"]
    open_any_page(client, f"{url}undo/")
    client.post(f"{url}undo/")
    assert read_progress(client, url) == "undone"
    gone = set(IMPORTS["created"]["accounts"]) - {"kozica@przyklad.iq.pl", "jelen@przyklad.iq.pl"}
    assert addresses() == DUMP["mailbox_passwords"].keys() - gone
    waiting = [link["key"] for link in LINKS if link.get("of") == "created"]
    assert len(waiting) == 2
    assert all(not passwords_in(open_link(key)[1]) for key in waiting), "also that of an account that stays"


def test_once_the_passwords_of_an_import_are_saved_they_are_gone() -> None:
    client = sign_in("anna")
    url = IMPORTS["created"]["url"]
    press(client, url, at="saved/")
    assert passwords_in(open_any_page(client, url)) == []
    assert not any(list_in(client.get(f"{url}results.csv").content).values())


# --- New passwords ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["new_mailbox", "several", "changed_since"])
def test_the_page_of_new_passwords_shows_those_that_hold(name: str) -> None:
    facts = DUMP["new_passwords"][name]
    words = text_in(open_any_page(sign_in(facts["user"]), facts["url"]))
    assert passwords_in(words) == sorted(facts["passwords"].values())
    assert all(as_shown(address) in words for address in facts["passwords"])
    said = {
        "new_mailbox": "nowa@przyklad.iq.pl has been created",
        "several": "3 mailboxes have new passwords",
        "changed_since": "piotr@żółw.pl has a new password",
    }
    assert said[name] in words


def test_new_passwords_whose_time_was_up_are_gone() -> None:
    facts = DUMP["new_passwords"]["expired"]
    assert passwords_in(open_any_page(sign_in(facts["user"]), facts["url"], 404)) == []


@pytest.mark.parametrize("name", ["new_mailbox", "several", "changed_since"])
def test_new_passwords_of_another_login_stay_theirs(name: str) -> None:
    facts = DUMP["new_passwords"][name]
    for login in {"anna", "piotr", "obsluga", "szef"} - {facts["user"]}:
        open_any_page(sign_in(login), facts["url"], 404)


def test_new_passwords_are_gone_once_they_are_saved_and_their_links_still_work() -> None:
    facts = DUMP["new_passwords"]["several"]
    client = sign_in(facts["user"])
    press(client, facts["url"], at="saved/")
    open_any_page(client, facts["url"], 404)
    (link, *_others) = (link for link in LINKS if link.get("of") == "several")
    assert passwords_in(open_link(link["key"])[1]) == [link["password"]]


# --- One-time links ---------------------------------------------------------------------------------------------------
def test_a_link_that_waits_shows_its_password_once() -> None:
    waiting = [link for link in LINKS if link["state"] == "waiting"]
    assert {link["of"] for link in waiting} == {"created", "several"}
    for link in waiting:
        status, words = open_link(link["key"])
        assert status == 200
        assert passwords_in(words) == [link["password"]]
        assert as_shown(link["address"]) in words
        status, words = open_link(link["key"])
        assert status == 404
        assert passwords_in(words) == []


@pytest.mark.parametrize("state", ["opened", "revoked", "expired", "expired and erased", "changed since"])
def test_a_link_that_does_not_wait_shows_nothing(state: str) -> None:
    keys = [link["key"] for link in LINKS if link["state"] == state]
    assert keys
    for key in keys:
        status, words = open_link(key)
        assert status == (200 if state == "changed since" else 404)
        assert passwords_in(words) == []


@pytest.mark.parametrize(
    ("login", "address", "words"),
    [
        ("anna", "kuna@przyklad.iq.pl", "revoked on"),
        ("anna", "daniel@przyklad.iq.pl", "opened on"),
        ("anna", "sarna@przyklad.iq.pl", "waiting, valid until"),
        ("anna", "wilk@przyklad.iq.pl", "expired unopened on"),
        ("anna", "kozica@przyklad.iq.pl", "shows nothing: the password has been changed since"),
        ("piotr", "bobr@żółw.pl", "expired unopened on"),
    ],
)
def test_what_became_of_a_link_is_said_in_words(login: str, address: str, words: str) -> None:
    assert words in text_in(open_any_page(sign_in(login), f"/links/?q={address}"))


@pytest.mark.parametrize("state", ["waiting", "opened"])
def test_links_are_listed_with_what_became_of_them(state: str) -> None:
    words = text_in(open_any_page(sign_in("anna"), f"/links/?state={state}"))
    listed = {link["address"] for link in LINKS if as_shown(link["address"]) in words}
    assert listed == {link["address"] for link in LINKS if link["state"] == state}


def test_new_passwords_still_lead_to_the_links_that_were_made_of_them() -> None:
    """Others in their place would make those worthless that have been sent out."""
    facts = DUMP["new_passwords"]["several"]
    html = open_any_page(sign_in(facts["user"]), f"{facts['url']}links/")
    assert set(KEY.findall(html)) == {link["key"] for link in LINKS if link.get("of") == "several"}


# --- Afterwards -------------------------------------------------------------------------------------------------------
def test_what_is_added_after_the_upgrade_gets_ids_of_its_own() -> None:
    administrators = [row["id"] for row in selected("auth_user", ["id", "username"]) if row["username"] == "anna"]
    fields = {"name": "nowa.example", "is_active": "on", "default_quota_mb": "1000", "administrators": administrators}
    assert sign_in("szef").post("/admin/accounts/domain/add/", fields).status_code == 302
    mailbox = {"email": "pierwsza@nowa.example", "forward": "jan@przyklad.iq.pl", "token": uuid.uuid4().hex}
    client = sign_in("anna")
    response = client.post("/mailboxes/new/", mailbox, follow=True)
    (password,) = passwords_in(text_in(response.content.decode()))
    response = fill_in(client, f"{response.redirect_chain[-1][0]}links/", {"action": "make_all"}, follow=True)
    (key,) = KEY.findall(response.content.decode())
    assert passwords_in(open_link(key)[1]) == [password]
    assert "pierwsza@nowa.example" in addresses()


def test_a_list_uploaded_after_the_upgrade_is_created(create_in_place: None) -> None:
    client = sign_in("anna")
    file = SimpleUploadedFile("po-zmianie.csv", b"E-mail\nswieza@przyklad.iq.pl\n")
    response = client.post("/imports/new/", {"file": file, "action": "create"}, follow=True)
    assert len(passwords_in(text_in(response.content.decode()))) == 1
    assert "swieza@przyklad.iq.pl" in addresses()
