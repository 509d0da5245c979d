"""What the pages of an import of 500 rows cost: the server's time, their size, and the browser's longest task.

Run: make benchmark. The page of problems has one in each row, "every cell" one in each of its 2,500 cells. The server's
time is beside that of the same page with 5 rows. Where there is Chromium, it draws each page as in production; a task
that takes longer than 200 ms would be felt.
"""

import os
import sys
import tempfile
import time
from pathlib import Path
from threading import Thread
from wsgiref.simple_server import WSGIRequestHandler, make_server

ROUNDS = 5
ROWS = (5, 500)
HEADER = "E-mail;Hasło;Pojemność;Przekierowanie;Przekierowanie-pozostawianie kopii\n"
PAGES = {
    "problems": "k{0}@{domain};zima;;;\n",
    "every cell": "k {0}@obca.example;abc;{0} cm;nie ma,adresu{0};może\n",
    "results": "r{rows}x{0}@{domain};;;k{0}@gdzie.example;Tak\n",
}
LONGEST_TASK = """() => new Promise(resolve => {
  new PerformanceObserver(list => resolve(Math.max(...list.getEntries().map(task => task.duration))))
    .observe({type: "longtask", buffered: true});
  setTimeout(() => resolve(0), 1000);
})"""


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
    addresses = {(name, rows): upload(client, name, rows) for name in PAGES for rows in ROWS}
    tasks = longest_tasks(client, {name: addresses[name, ROWS[-1]] for name in PAGES})
    print(f"{ROWS[-1]} rows, {os.cpu_count()} cores, best of {ROUNDS}")
    for name in PAGES:
        (few, _size), (many, size) = (measure(client, addresses[name, rows]) for rows in ROWS)
        print(f"  {name:10} {many:6.3f} s, {many / few:3.0f} times {ROWS[0]} rows; {size / 1000:5.0f} kB", end="; ")
        print(f"longest task {tasks[name]:.0f} ms" if name in tasks else "no Chromium")


def upload(client, name: str, rows: int) -> str:  # type: ignore[no-untyped-def]
    """Send a list and return the address of its import, whose accounts are created where it has no problems."""
    from django.core.files.uploadedfile import SimpleUploadedFile

    lines = [PAGES[name].format(number, rows=rows, domain=client.bench_domain) for number in range(rows)]
    file = SimpleUploadedFile("lista.csv", (HEADER + "".join(lines)).encode("cp1250"))
    response = client.post("/imports/new/", {"file": file, "action": "create"})
    while b"<progress" in client.get(response["Location"]).content:
        time.sleep(0.1)
    return str(response["Location"])


def measure(client, address: str) -> tuple[float, int]:  # type: ignore[no-untyped-def]
    """Return the seconds that the server takes for a page, and its bytes."""
    seconds = []
    for _round in range(ROUNDS):
        start = time.perf_counter()
        response = client.get(address)
        seconds.append(time.perf_counter() - start)
    return min(seconds), len(response.content)


def longest_tasks(client, addresses: dict[str, str]) -> dict[str, float]:  # type: ignore[no-untyped-def]
    """Return the milliseconds of the longest task that drawing each page takes; nothing without Chromium."""
    from django.core.wsgi import get_wsgi_application

    from tests.run import find_chromium

    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return {}
    if not (chromium := find_chromium()):
        return {}
    server = make_server("127.0.0.1", 0, get_wsgi_application(), handler_class=QuietHandler)
    Thread(target=server.serve_forever, daemon=True).start()
    tasks = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        context = browser.new_context(base_url=f"http://127.0.0.1:{server.server_port}")
        session = client.cookies["sessionid"].value
        context.add_cookies([{"name": "sessionid", "value": session, "url": f"http://127.0.0.1:{server.server_port}"}])
        for name, address in addresses.items():
            page = context.new_page()
            page.goto(address)
            tasks[name] = page.evaluate(LONGEST_TASK)
            page.close()
        browser.close()
    server.shutdown()
    return tasks


class QuietHandler(WSGIRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        sys.path.insert(0, str(Path(__file__).parent.parent))
        os.environ["DJANGO_SETTINGS_MODULE"] = "mailpanel.settings"
        os.environ.setdefault("SECRET_KEY", "benchmark")
        os.environ.setdefault("DATABASE_URL", f"sqlite:///{folder}/benchmark.sqlite3")
        os.environ["HTTPS"] = "false"
        os.environ["ALLOWED_HOSTS"] = "127.0.0.1,testserver"
        main(folder)
