"""What home, the lists and the page of an action on all cost the server with 100,000 mailboxes, beside 100.

Run: make benchmark. One customer has all the mailboxes, in two domains, each with the space that it uses; every fourth
forwards. What counts is the ratio to the same page with 100 mailboxes, since seconds belong to a machine.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = 3
MAILBOXES = (100, 100_000)
BATCH = 5_000
QUOTA_MB = 1000
MIB = 1_048_576
PASSWORD_HASH = "{ARGON2ID}$argon2id$v=19$m=1024,t=1,p=1$" + "x" * 66
PAGES = {
    "home": "/",
    "mailboxes": "/mailboxes/",
    "search that finds few": "/mailboxes/?q=konto7@",
    "state": "/mailboxes/?state=active",
    "most space used first": "/mailboxes/?sort=used",
    "last page": "/mailboxes/?page={last}",
    "last page, by space used": "/mailboxes/?sort=used&page={last}",
    "delete all, to confirm": "/mailboxes/selected/delete/?all=1",
    "forwards": "/forwards/",
    "search in forwards": "/forwards/?q=cel7@",
}


def main(folder: str) -> None:
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection

    from benchmarks.import_500 import signed_in_client

    settings.STATIC_ROOT = f"{folder}/static"  # the pages name their files as in production
    call_command("collectstatic", verbosity=0)
    call_command("migrate", verbosity=0)
    client = signed_in_client()
    domains = two_domains(client)
    seconds, filled = [], 0
    for number in MAILBOXES:
        fill(domains, range(filled, number))
        filled = number
        if connection.vendor == "postgresql":  # which does so by itself, a minute later
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE")
        seconds.append({name: measure(client, PAGES[name].format(last=number // 50)) for name in PAGES})
    few, many = seconds
    print(f"{filled:,} mailboxes, {filled // 4:,} forwards, {connection.vendor}, best of {ROUNDS}")
    for name in PAGES:
        print(f"  {name:24} {many[name]:6.3f} s, {many[name] / few[name]:5.1f} times {MAILBOXES[0]} mailboxes")


def two_domains(client) -> list[tuple[int, str]]:  # type: ignore[no-untyped-def]
    """Return the client's domain and a second one beside it, as ids with names."""
    from accounts.models import Domain

    first = Domain.objects.get(name=client.bench_domain)
    second = Domain.objects.create(name=f"drugi-{first.name}")
    second.administrators.set(first.administrators.all())
    return [(domain.pk, domain.name) for domain in (first, second)]


def fill(domains: list[tuple[int, str]], numbers: range) -> None:
    """Write mailboxes, a tenth of them disabled, with what they hold, a tenth almost full, and with their forwards."""
    from accounts.models import Forward, Mailbox, MailUsage

    mailboxes, usage, forwards = [], [], []
    for number in numbers:
        domain_id, domain = domains[number % 2]
        name, address = f"konto{number}", f"konto{number}@{domain}"
        mailbox = Mailbox(domain_id=domain_id, local_part=name, address=address, password_hash=PASSWORD_HASH)
        mailbox.quota_mb, mailbox.is_active = QUOTA_MB, number % 10 != 0
        mailboxes.append(mailbox)
        usage.append(MailUsage(mailbox_id=address, bytes_used=number * 7919 % QUOTA_MB * MIB, messages=number))
        if number % 4 == 3:
            forwards.append(Forward(domain_id=domain_id, source=address, destinations=f"cel{number}@gdzie.example"))
    Mailbox.objects.bulk_create(mailboxes, BATCH)
    MailUsage.objects.bulk_create(usage, BATCH)
    Forward.objects.bulk_create(forwards, BATCH)


def measure(client, address: str) -> float:  # type: ignore[no-untyped-def]
    """Return the seconds that the server takes for a page."""
    seconds = []
    for _round in range(ROUNDS):
        start = time.perf_counter()
        response = client.get(address)
        seconds.append(time.perf_counter() - start)
        if response.status_code != 200:
            sys.exit(f"{address} answers {response.status_code}.")
    return min(seconds)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        sys.path.insert(0, str(Path(__file__).parent.parent))
        os.environ["DJANGO_SETTINGS_MODULE"] = "mailpanel.settings"
        os.environ.setdefault("SECRET_KEY", "benchmark")
        os.environ.setdefault("DATABASE_URL", f"sqlite:///{folder}/benchmark.sqlite3")
        os.environ["HTTPS"] = "false"
        os.environ["ALLOWED_HOSTS"] = "testserver"
        main(folder)
