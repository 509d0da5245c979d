"""How many lookups a second the mail server's views answer at a million mailboxes, beside a bare SELECT by key.

Run: make benchmark. On the database of DATABASE_URL (which is filled: take an empty one) or a temporary SQLite file.
Both go through the bare driver, since Django's cursor takes longer than a lookup. What counts is the ratio, which has a
goal; lookups a second belong to a machine. The plan of every lookup is read too: a scan fails.
"""

import os
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

MAILBOXES, DOMAINS, FORWARDS = 1_000_000, 1_000, 200_000
LOOKUPS = 5_000
BATCH = 20_000
ROUNDS = 5
# The lookup, a bare SELECT by key, and the least rate of the one as a part of that of the other.
QUERIES = {
    "mail_domains": (
        "SELECT 1 FROM mail_domains WHERE name = %s",
        "SELECT 1 FROM accounts_domain WHERE name = %s",
        0.4,
    ),
    "mail_mailboxes": (
        "SELECT address, password_hash, quota_mb, home FROM mail_mailboxes WHERE address = %s",
        "SELECT address, password_hash, quota_mb, home FROM accounts_mailbox WHERE address = %s",
        0.4,
    ),
    "mail_aliases": (
        "SELECT destination FROM mail_aliases WHERE source = %s",
        "SELECT destinations FROM accounts_forward WHERE source = %s",
        0.2,
    ),
    "mail_senders": (
        "SELECT login FROM mail_senders WHERE sender = %s",
        "SELECT address FROM accounts_mailbox WHERE address = %s",
        0.1,
    ),
}


def main() -> None:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0)
    from accounts.models import Domain

    if Domain.objects.exists():
        sys.exit("The database of DATABASE_URL has domains already. Take an empty one.")
    start = time.perf_counter()
    fill()
    print(
        f"{MAILBOXES:,} mailboxes in {DOMAINS:,} domains, {FORWARDS:,} forwards, {connection.vendor}, "
        f"filled in {time.perf_counter() - start:.0f} s"
    )
    execute = bare_driver()
    is_bad = False
    for view, (lookup, bare, goal) in QUERIES.items():
        rates = [
            (lookups_a_second(execute, lookup, view), lookups_a_second(execute, bare, view)) for _ in range(ROUNDS)
        ]
        rate, bare_rate = (statistics.median(column) for column in zip(*rates, strict=True))
        ratio = statistics.median(one / other for one, other in rates)
        # The virtual table is the list of the destinations of one forward.
        scan = [
            line
            for line in plan_of(lookup)
            if "Seq Scan" in line or (line.startswith("SCAN") and "VIRTUAL TABLE" not in line)
        ]
        is_bad |= bool(scan) or ratio < goal
        print(
            f"  {view:<15} {rate:8,.0f} a second   bare SELECT {bare_rate:8,.0f}   ratio {ratio:.2f} (at least {goal})",
            *scan,
        )
    sys.exit(is_bad)


def bare_driver() -> Callable[[str, str], list[Any]]:
    """Return a function that runs a query with one key and returns its rows.

    A driver prepares a query that it sees again and again. Postfix does not, so its lookups take longer than these: by
    the time to parse and plan them, which is small beside what Postfix itself does for a message.
    """
    from django.db import connection

    if connection.vendor == "sqlite":
        file = sqlite3.connect(connection.settings_dict["NAME"])
        return lambda query, key: file.execute(query.replace("%s", "?"), [key]).fetchall()
    import psycopg

    cursor = psycopg.connect(**{**connection.get_connection_params(), "cursor_factory": psycopg.Cursor}).cursor()
    return lambda query, key: cursor.execute(query, [key]).fetchall()


def fill() -> None:
    """Write domains, mailboxes and forwards, a fifth of which keep a copy."""
    from django.contrib.auth.models import User
    from django.db import connection

    from accounts.models import Domain, Forward, Mailbox

    domains = Domain.objects.bulk_create(Domain(name=f"d{number}.example") for number in range(DOMAINS))
    ids = [domain.pk for domain in domains]
    users = User.objects.bulk_create(User(username=f"u{number}") for number in range(DOMAINS))
    administrators = Domain.administrators.through
    administrators.objects.bulk_create(
        administrators(domain=domain, user=user) for domain, user in zip(domains, users, strict=True)
    )
    for first in range(0, MAILBOXES, BATCH):
        Mailbox.objects.bulk_create(
            Mailbox(
                domain_id=ids[number % DOMAINS],
                local_part=f"u{number}",
                address=address(number),
                password_hash="{ARGON2ID}$argon2id$v=19$m=1024,t=1,p=1$" + "x" * 66,
                quota_mb=1000,
                home=f"d{number % DOMAINS}.example/u{number}~abcdefgh",
            )
            for number in range(first, first + BATCH)
        )
    for first in range(0, FORWARDS, BATCH):
        Forward.objects.bulk_create(
            Forward(
                domain_id=ids[number % DOMAINS],
                source=address(number),
                destinations=address(number + 1),
                keep_copy=number % 5 == 0,
                allows_sending=number % 50 == 0,
            )
            for number in range(first, first + BATCH)
        )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def address(number: int) -> str:
    return f"u{number}@d{number % DOMAINS}.example"


def lookups_a_second(execute: Callable[[str, str], list[Any]], query: str, view: str) -> float:
    """Return the rate of one client that asks for known keys in random order, one after the other."""
    chosen = random.Random(1)
    numbers = [chosen.randrange(FORWARDS) for _number in range(LOOKUPS)]
    keys = [f"d{number % DOMAINS}.example" if view == "mail_domains" else address(number) for number in numbers]
    for key in keys[:500]:
        execute(query, key)
    start = time.perf_counter()
    for key in keys:
        if not execute(query, key):
            sys.exit(f"{view} does not find {key}.")
    return LOOKUPS / (time.perf_counter() - start)


def plan_of(query: str) -> list[str]:
    from django.db import connection

    explain = "EXPLAIN" if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN"
    with connection.cursor() as cursor:
        cursor.execute(f"{explain} {query}", [address(7)])
        return [str(row[-1]).strip() for row in cursor.fetchall()]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        sys.path.insert(0, str(Path(__file__).parent.parent))
        os.environ["DJANGO_SETTINGS_MODULE"] = "mailpanel.settings"
        os.environ.setdefault("SECRET_KEY", "benchmark")
        os.environ.setdefault("DATABASE_URL", f"sqlite:///{folder}/benchmark.sqlite3")
        main()
