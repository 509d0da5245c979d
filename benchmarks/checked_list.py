"""What it costs to show a checked list of 500 rows that came as XLSX, against the same list as CSV.

Run: make benchmark. A file is opened once, when it is uploaded; pages of its import take its rows from the database.
So a page of a workbook, which takes a process of its own to be opened, may cost at most 1.2 times that of a text.
"""

import io
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = 15
ROWS = 500
GOAL = 1.2
NAMES = ["E-mail", "Hasło", "Pojemność", "Przekierowanie", "Przekierowanie-pozostawianie kopii"]


def main(folder: str) -> None:
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    from benchmarks.import_500 import signed_in_client

    settings.STATIC_ROOT = f"{folder}/static"  # the pages name their files as in production
    call_command("collectstatic", verbosity=0)
    call_command("migrate", verbosity=0)
    client = signed_in_client()
    rows = [[f"k{number}@{client.bench_domain}", f"Haslo{number}x", 500, "", ""] for number in range(ROWS)]
    files = {"lista.csv": csv_of(rows), "lista.xlsx": xlsx_of(rows)}
    addresses = {name: upload(client, name, content) for name, content in files.items()}
    seconds: dict[str, list[float]] = {name: [] for name in files}
    for _round in range(ROUNDS):  # in turns, so that both meet the same load of the machine
        for name, address in addresses.items():
            start = time.perf_counter()
            assert client.get(address).status_code == 200
            seconds[name].append(time.perf_counter() - start)
    ratios = [xlsx / csv for csv, xlsx in zip(seconds["lista.csv"], seconds["lista.xlsx"], strict=True)]
    print(f"{ROWS} rows, {os.cpu_count()} cores, {ROUNDS} rounds")
    print(f"  page of the CSV   {min(seconds['lista.csv']):.3f} s")
    print(f"  page of the XLSX  {min(seconds['lista.xlsx']):.3f} s")
    print(f"  XLSX over CSV     {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}), goal {GOAL}")


def upload(client, name: str, content: bytes) -> str:  # type: ignore[no-untyped-def]
    """Send a file to be checked and return the address of its import."""
    from django.core.files.uploadedfile import SimpleUploadedFile

    response = client.post("/imports/new/", {"file": SimpleUploadedFile(name, content), "action": "check"})
    return str(response["Location"])


def csv_of(rows: list[list[str | int]]) -> bytes:
    lines = [";".join(NAMES), *(";".join(map(str, row)) for row in rows)]
    return "\r\n".join(lines).encode("cp1250")


def xlsx_of(rows: list[list[str | int]]) -> bytes:
    import xlsxwriter

    output = io.BytesIO()
    with xlsxwriter.Workbook(output, {"in_memory": True}) as workbook:
        sheet = workbook.add_worksheet()
        for line, row in enumerate([NAMES, *rows]):
            sheet.write_row(line, 0, row)
    return output.getvalue()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        sys.path.insert(0, str(Path(__file__).parent.parent))
        os.environ["DJANGO_SETTINGS_MODULE"] = "mailpanel.settings"
        os.environ.setdefault("SECRET_KEY", "benchmark")
        os.environ.setdefault("DATABASE_URL", f"sqlite:///{folder}/benchmark.sqlite3")
        os.environ["HTTPS"] = "false"
        os.environ["ALLOWED_HOSTS"] = "127.0.0.1,testserver"
        main(folder)
