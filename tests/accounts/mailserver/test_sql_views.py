"""What the mail server reads: the rows of its views, found by an index, and how migrations get around them."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, models
from django.db.migrations.state import ProjectState
from pytest_django import Settings

from accounts.mailserver.sql_views import VIEWS, create_mail_views, create_views, drop_mail_views, drop_views
from accounts.models import Domain, Forward, Mailbox
from accounts.passwords import SCHEME
from tests.factories import make_domain, make_forward, make_mailbox, make_user

on_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no roles")
LOOKUPS = [
    ("mail_domains", "name"),
    ("mail_mailboxes", "address"),
    ("mail_aliases", "source"),
    ("mail_senders", "sender"),
]


def rows(sql: str, *parameters: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())


def destination(source: str) -> str | None:
    found = rows("SELECT destination FROM mail_aliases WHERE source = %s", source)
    assert len(found) <= 1, "one row a source"
    return str(found[0][0]) if found else None


@pytest.mark.django_db
def test_a_mailbox_is_found_with_all_that_a_login_needs() -> None:
    mailbox = make_mailbox("jan@przyklad.iq.pl", quota_mb=250, home="przyklad.iq.pl/jan~a")
    select = "SELECT address, local_part, domain, password_hash, quota_mb, home FROM mail_mailboxes WHERE address = %s"
    assert rows(select, "jan@przyklad.iq.pl") == [
        ("jan@przyklad.iq.pl", "jan", "przyklad.iq.pl", mailbox.password_hash, 250, "przyklad.iq.pl/jan~a")
    ]
    assert mailbox.password_hash.startswith(SCHEME)


@pytest.mark.django_db
def test_what_is_disabled_is_hidden_and_an_inactive_domain_stays_listed() -> None:
    make_mailbox("off@przyklad.iq.pl", is_active=False)
    make_mailbox("jan@uspiona.example")
    make_forward("biuro@uspiona.example", "x@poczta.example")
    Domain.objects.filter(name="uspiona.example").update(is_active=False)
    assert rows("SELECT address FROM mail_mailboxes") == []
    assert rows("SELECT source FROM mail_aliases WHERE source LIKE %s", "%@uspiona.example") == []
    # Else mail of our own users to it would be sent out into the world.
    assert {name for (name,) in rows("SELECT name FROM mail_domains")} == {"przyklad.iq.pl", "uspiona.example"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("has_mailbox", "keep_copy", "expected"),
    [
        (True, False, "ewa@przyklad.iq.pl,x@poczta.example"),
        (True, True, "ewa@przyklad.iq.pl,x@poczta.example,jan@przyklad.iq.pl"),
        (False, False, "ewa@przyklad.iq.pl,x@poczta.example"),
        (False, True, "ewa@przyklad.iq.pl,x@poczta.example"),
    ],
)
def test_a_copy_stays_only_where_it_is_wanted_and_there_is_a_mailbox(
    has_mailbox: bool, keep_copy: bool, expected: str
) -> None:
    if has_mailbox:
        make_mailbox("jan@przyklad.iq.pl")
    make_forward("jan@przyklad.iq.pl", ["ewa@przyklad.iq.pl", "x@poczta.example"], keep_copy=keep_copy)
    assert destination("jan@przyklad.iq.pl") == expected


@pytest.mark.django_db
def test_a_disabled_forward_and_a_disabled_mailbox_pass_nothing_on() -> None:
    make_forward("a@przyklad.iq.pl", "x@poczta.example", is_active=False)
    make_mailbox("b@przyklad.iq.pl", is_active=False)
    make_forward("b@przyklad.iq.pl", "x@poczta.example", keep_copy=True)
    assert destination("a@przyklad.iq.pl") is None
    assert destination("b@przyklad.iq.pl") is None


@pytest.mark.django_db
@pytest.mark.parametrize("works_while_disabled", [False, True])
@pytest.mark.parametrize("is_active", [False, True], ids=["disabled mailbox", "active mailbox"])
@pytest.mark.parametrize("keep_copy", [False, True])
def test_a_forward_goes_on_while_its_mailbox_is_disabled_only_where_it_says_so(
    works_while_disabled: bool, is_active: bool, keep_copy: bool
) -> None:
    make_mailbox("jan@przyklad.iq.pl", is_active=is_active)
    ticks = {"keep_copy": keep_copy, "works_while_disabled": works_while_disabled}
    make_forward("jan@przyklad.iq.pl", "x@poczta.example", **ticks)
    if not is_active and not works_while_disabled:
        assert destination("jan@przyklad.iq.pl") is None
    elif is_active and keep_copy:
        assert destination("jan@przyklad.iq.pl") == "x@poczta.example,jan@przyklad.iq.pl"
    else:
        assert destination("jan@przyklad.iq.pl") == "x@poczta.example", "nothing stays in a disabled mailbox"


@pytest.mark.django_db
@pytest.mark.parametrize("local_part", ["postmaster", "abuse"])
def test_the_role_addresses_of_every_domain_arrive_at_its_contact_or_at_the_server(local_part: str) -> None:
    domain = make_domain("przyklad.iq.pl", contact="szef@poczta.example")
    make_domain("inny.example")
    make_domain("uspiona.example", is_active=False)
    role = f"{local_part}@przyklad.iq.pl"
    assert destination(role) == "szef@poczta.example"
    assert destination(f"{local_part}@inny.example") == "postmaster", "to which Postfix adds its own name"
    assert destination(f"{local_part}@uspiona.example") is None
    forward = make_forward(role, "jan@przyklad.iq.pl", domain=domain)
    assert destination(role) == "jan@przyklad.iq.pl", "an address that exists is left alone"
    forward.delete()
    make_mailbox(role, domain=domain)
    assert destination(role) is None
    Mailbox.objects.update(is_active=False)
    assert destination(role) == "szef@poczta.example", "a disabled mailbox gets no mail, so the contact does"
    make_forward(role, "jan@przyklad.iq.pl", domain=domain)
    assert destination(role) == "szef@poczta.example", "the forward of a disabled mailbox is stopped"


def logins(sender: str) -> set[object]:
    return {login for (login,) in rows("SELECT login FROM mail_senders WHERE sender = %s", sender)}


@pytest.mark.django_db
def test_who_gets_the_mail_of_an_address_may_send_as_it_where_the_forward_says_so() -> None:
    make_mailbox("jan@przyklad.iq.pl")
    make_mailbox("ewa@przyklad.iq.pl")
    make_mailbox("ola@przyklad.iq.pl")
    to = "jan@przyklad.iq.pl ewa+biuro@przyklad.iq.pl nikt@przyklad.iq.pl x@poczta.example"
    forward = make_forward("biuro@przyklad.iq.pl", to)
    assert logins("biuro@przyklad.iq.pl") == set()
    Forward.objects.update(allows_sending=True)
    assert logins("biuro@przyklad.iq.pl") == {"jan@przyklad.iq.pl", "ewa@przyklad.iq.pl"}
    assert logins("jan@przyklad.iq.pl") == {"jan@przyklad.iq.pl"}
    Mailbox.objects.filter(local_part="ewa").update(is_active=False)
    assert logins("biuro@przyklad.iq.pl") == {"jan@przyklad.iq.pl"}
    make_mailbox(forward.source)
    assert logins("biuro@przyklad.iq.pl") == {"jan@przyklad.iq.pl", "biuro@przyklad.iq.pl"}
    Mailbox.objects.filter(local_part="biuro").update(is_active=False)
    assert logins("biuro@przyklad.iq.pl") == set(), "a disabled mailbox stops its forward"
    Forward.objects.update(works_while_disabled=True)
    assert logins("biuro@przyklad.iq.pl") == {"jan@przyklad.iq.pl"}
    Forward.objects.update(is_active=False)
    assert logins("biuro@przyklad.iq.pl") == set()


@pytest.mark.django_db
def test_nobody_of_another_customer_may_send_as_an_address_that_forwards_to_them() -> None:
    anna, ola = make_user("anna"), make_user("ola")
    make_domain("przyklad.iq.pl", [anna])
    make_domain("drugi.example", [anna])
    make_domain("obcy.example", [ola])
    for address in ("jan@drugi.example", "jan@obcy.example"):
        make_mailbox(address)
    make_forward("biuro@przyklad.iq.pl", "jan@drugi.example jan@obcy.example", allows_sending=True)
    assert logins("biuro@przyklad.iq.pl") == {"jan@drugi.example"}
    Domain.objects.update(is_active=False)
    assert logins("biuro@przyklad.iq.pl") == set()


@pytest.mark.django_db
@pytest.mark.parametrize(("view", "column"), LOOKUPS)
def test_a_lookup_searches_an_index_and_scans_nothing(view: str, column: str) -> None:
    lookup = f"SELECT * FROM {view} WHERE {column} = 'x'"
    if connection.vendor == "postgresql":
        # A few rows are read faster without an index; so the planner is asked whether it could use one.
        with connection.cursor() as cursor:
            for method in ("seqscan", "hashjoin", "mergejoin"):
                cursor.execute(f"SET LOCAL enable_{method} = off")
        plan = [str(line) for (line,) in rows(f"EXPLAIN {lookup}")]
        wrong = [
            line
            for line, below in zip(plan, [*plan[1:], ""], strict=True)
            if "Seq Scan" in line or ("Scan using" in line and "Index Cond" not in below)
        ]
    else:
        plan = [str(row[-1]) for row in rows(f"EXPLAIN QUERY PLAN {lookup}")]
        # The virtual table is the list of the destinations of one forward.
        wrong = [line for line in plan if line.startswith("SCAN") and "VIRTUAL TABLE" not in line]
    assert plan
    assert wrong == [], "\n".join(plan)


@pytest.mark.django_db
def test_the_columns_of_the_contract_are_there() -> None:
    with connection.cursor() as cursor:
        columns = {
            view: [column.name for column in connection.introspection.get_table_description(cursor, view)]
            for view in VIEWS
        }
    assert columns == {
        "mail_domains": ["name"],
        "mail_mailboxes": [
            *("address", "local_part", "domain", "password_hash", "quota_mb", "home"),
            *("max_recipients_per_hour", "max_recipients_per_day"),
        ],
        "mail_aliases": ["source", "destination"],
        "mail_senders": ["sender", "login"],
    }


@pytest.mark.django_db(transaction=True)
def test_a_migration_alters_a_table_between_dropping_and_creating_the_views() -> None:
    """Without dropping them SQLite cannot rebuild the table, and PostgreSQL cannot change the type of a column."""
    old = Mailbox._meta.get_field("quota_mb")
    new = models.BigIntegerField()
    new.set_attributes_from_name("quota_mb")
    with pytest.raises(DatabaseError), connection.schema_editor() as editor:
        editor.alter_field(Mailbox, old, new)
    for before, after in ((old, new), (new, old)):
        with connection.schema_editor() as editor:
            drop_views(editor, VIEWS)
            editor.alter_field(Mailbox, before, after)
            create_views(editor, VIEWS)
    make_domain("przyklad.iq.pl")
    assert rows("SELECT name FROM mail_domains") == [("przyklad.iq.pl",)]


@pytest.mark.django_db(transaction=True)
def test_the_migration_can_be_undone_and_done_again() -> None:
    call_command("migrate", "accounts", "0001", verbosity=0, stdout=StringIO())
    with connection.cursor() as cursor:
        assert not set(VIEWS) & {table.name for table in connection.introspection.get_table_list(cursor)}
    call_command("migrate", verbosity=0, stdout=StringIO())
    assert rows("SELECT name FROM mail_domains") == []


@pytest.mark.django_db(transaction=True)
def test_dropping_and_creating_are_each_others_reverse() -> None:
    def views_there() -> bool:
        with connection.cursor() as cursor:
            return set(VIEWS) <= set(connection.introspection.table_names(cursor, include_views=True))

    state = ProjectState()
    assert views_there()
    with connection.schema_editor() as editor:
        drop_mail_views(VIEWS).database_forwards("accounts", editor, state, state)
    assert not views_there()
    with connection.schema_editor() as editor:
        drop_mail_views(VIEWS).database_backwards("accounts", editor, state, state)
    assert views_there()
    with connection.schema_editor() as editor:
        create_mail_views(VIEWS).database_backwards("accounts", editor, state, state)
    assert not views_there()
    with connection.schema_editor() as editor:
        create_mail_views(VIEWS).database_forwards("accounts", editor, state, state)
    assert views_there()


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_the_mail_servers_role_keeps_its_grant_and_reads_nothing_but_the_views(settings: Settings) -> None:
    settings.MAILSERVER_ROLE = "mailserver_of_a_test"
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE mailserver_of_a_test")
        try:
            with connection.schema_editor() as editor:
                drop_views(editor, VIEWS)
                create_views(editor, VIEWS)
            cursor.execute("SET ROLE mailserver_of_a_test")
            for view, column in LOOKUPS:
                cursor.execute(f"SELECT {column} FROM {view}")
            for table in ("accounts_mailbox", "auth_user", "bulkimport_import"):
                with pytest.raises(DatabaseError, match="permission denied"):
                    cursor.execute(f"SELECT * FROM {table}")
        finally:
            cursor.execute("RESET ROLE")
            cursor.execute("DROP OWNED BY mailserver_of_a_test")
            cursor.execute("DROP ROLE mailserver_of_a_test")
