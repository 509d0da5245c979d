"""How many lookups a second the mail server's views answer at a million mailboxes, beside a bare SELECT by key.

Run: make benchmark. On the database of DATABASE_URL (which is filled: take an empty one) or a temporary SQLite file.
The plan of every lookup is read too: a scan fails. What counts is the ratio; lookups a second belong to a machine.
"""

import os
import random
import sys
import tempfile
import time
from pathlib import Path

MAILBOXES, DOMAINS, FORWARDS = 1_000_000, 1_000, 200_000
LOOKUPS = 5_000
BATCH = 20_000
QUERIES = {
    "mail_domains": ("SELECT 1 FROM mail_domains WHERE name = %s", "SELECT 1 FROM accounts_domain WHERE name = %s"),
    "mail_mailboxes": (
        "SELECT address, password_hash, quota_mb FROM mail_mailboxes WHERE address = %s",
        "SELECT address, password_hash, quota_mb FROM accounts_mailbox WHERE address = %s",
    ),
    "mail_aliases": (
        "SELECT destination FROM mail_aliases WHERE source = %s",
        "SELECT destinations FROM accounts_forward WHERE source = %s",
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
    scans = False
    for view, (lookup, bare) in QUERIES.items():
        rate, bare_rate = lookups_a_second(lookup, view), lookups_a_second(bare, view)
        plan = plan_of(lookup)
        scan = [line for line in plan if "Seq Scan" in line or (line.startswith("SCAN") and "CONSTANT" not in line)]
        scans |= bool(scan)
        print(
            f"  {view:<15} {rate:8,.0f} a second   bare SELECT {bare_rate:8,.0f}   ratio {bare_rate / rate:.2f}", *scan
        )
    sys.exit(scans)


def fill() -> None:
    """Write domains, mailboxes and forwards, a fifth of which keep a copy."""
    from django.db import connection

    from accounts.models import Domain, Forward, Mailbox

    Domain.objects.bulk_create(Domain(name=f"d{number}.example") for number in range(DOMAINS))
    ids = list(Domain.objects.order_by("pk").values_list("pk", flat=True))
    for first in range(0, MAILBOXES, BATCH):
        Mailbox.objects.bulk_create(
            Mailbox(
                domain_id=ids[number % DOMAINS],
                local_part=f"u{number}",
                address=address(number),
                password_hash="{ARGON2ID}$argon2id$v=19$m=1024,t=1,p=1$" + "x" * 66,
                quota_mb=1000,
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
            )
            for number in range(first, first + BATCH)
        )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def address(number: int) -> str:
    return f"u{number}@d{number % DOMAINS}.example"


def lookups_a_second(query: str, view: str) -> float:
    """Return the rate of one client that asks for known keys in random order, one after the other."""
    from django.db import connection

    chosen = random.Random(1)
    numbers = [chosen.randrange(FORWARDS) for _number in range(LOOKUPS)]
    keys = [f"d{number % DOMAINS}.example" if view == "mail_domains" else address(number) for number in numbers]
    with connection.cursor() as cursor:
        for key in keys[:500]:
            cursor.execute(query, [key])
            cursor.fetchall()
        start = time.perf_counter()
        for key in keys:
            cursor.execute(query, [key])
            if not cursor.fetchall():
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
