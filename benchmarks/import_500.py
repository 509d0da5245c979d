"""How long 500 accounts take from the POST to the results page, beside the bare hashing of as many passwords.

Run: make benchmark. Both are measured in one run, in turn, on the database of DATABASE_URL or a temporary SQLite file;
what counts is the ratio of the medians, since seconds belong to a machine. The goal: at most 3.
"""

import gc
import os
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROUNDS = 7
ACCOUNTS = 500
GOAL = 3.0


def main(folder: str) -> None:
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from django.test.utils import setup_test_environment

    settings.STATIC_ROOT = f"{folder}/static"  # the pages name their files as in production
    call_command("collectstatic", verbosity=0)
    call_command("migrate", verbosity=0)
    setup_test_environment()
    client = signed_in_client()
    bare, whole = [], []
    for number in range(ROUNDS + 1):
        gc.collect()  # or some rounds, and not others, would pay for the garbage of those before
        seconds = hash_bare()
        total = import_file(client, number)
        if number:  # the first round loads modules, templates and the argon2 library
            bare.append(seconds)
            whole.append(total)
    vendor = settings.DATABASES["default"]["ENGINE"].rpartition(".")[2]
    ratio = statistics.median(whole) / statistics.median(bare)
    print(f"{ACCOUNTS} accounts with generated passwords, {os.cpu_count()} cores, {vendor}, median of {ROUNDS} rounds")
    print(f"  bare hashing              {statistics.median(bare):6.3f} s   ({min(bare):.3f} to {max(bare):.3f})")
    print(f"  from POST to results page {statistics.median(whole):6.3f} s   ({min(whole):.3f} to {max(whole):.3f})")
    print(f"  ratio                     {ratio:6.2f}     (goal: at most {GOAL:.0f})")
    sys.exit(ratio > GOAL)


def signed_in_client():  # type: ignore[no-untyped-def]
    """Return a client of a customer with a domain of their own, both new."""
    from django.contrib.auth.models import User
    from django.test import Client

    from accounts.models import Domain

    name = f"bench{time.time_ns()}"
    customer = User.objects.create_user(name)
    Domain.objects.create(name=f"{name}.example").administrators.add(customer)
    client = Client()
    client.force_login(customer, backend="django.contrib.auth.backends.ModelBackend")
    client.bench_domain = f"{name}.example"  # type: ignore[attr-defined]
    return client


def hash_bare() -> float:
    """Return the seconds that hashing alone takes, on all cores."""
    from accounts.passwords import generate_password, hash_password, warm_up

    passwords = [generate_password() for _number in range(ACCOUNTS)]
    warm_up()
    start = time.perf_counter()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(lambda password: hash_password(password, generated=True), passwords))
    return time.perf_counter() - start


def import_file(client, number: int) -> float:  # type: ignore[no-untyped-def]
    """Return the seconds from sending a file to having its results page."""
    from django.core.files.uploadedfile import SimpleUploadedFile

    header = "E-mail;Hasło;Pojemność;Przekierowanie;Przekierowanie-pozostawianie kopii\n"
    rows = "".join(f"konto{number}.{account}@{client.bench_domain};;;;\n" for account in range(ACCOUNTS))
    file = SimpleUploadedFile("lista.csv", (header + rows).encode("cp1250"))
    start = time.perf_counter()
    response = client.post("/imports/new/", {"file": file, "action": "create"}, follow=True)
    while b"<progress" in response.content:  # a slow machine: the page shows its progress first
        response = client.get(response.request["PATH_INFO"])
    seconds = time.perf_counter() - start
    if f"{ACCOUNTS} accounts created".encode() not in response.content:
        sys.exit("The import did not come to its results page.")
    return seconds


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        sys.path.insert(0, str(Path(__file__).parent.parent))
        os.environ["DJANGO_SETTINGS_MODULE"] = "mailpanel.settings"
        os.environ.setdefault("SECRET_KEY", "benchmark")
        os.environ.setdefault("DATABASE_URL", f"sqlite:///{folder}/benchmark.sqlite3")
        os.environ["HTTPS"] = "false"
        main(folder)
