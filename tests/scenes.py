"""Every page of the panel with something on it: for the test of their accessibility and the pictures of the tour."""

from __future__ import annotations

import io
from datetime import timedelta

import xlsxwriter
from django.contrib.auth.models import User
from django.utils import timezone

from accounts.handout.batches import read_batch
from accounts.handout.links import link_rows, make_links, open_link
from accounts.handout.models import Batch
from accounts.models import Forward, Mailbox, MailUsage
from bulkimport.models import Import
from bulkimport.services.results import forget_secrets, undo
from tests.factories import make_checked_import, make_created_import, make_domain, make_forward, make_mailbox, make_user
from tests.manifest import SAMPLES

MAIL_HOSTNAME = "poczta.przyklad.iq.pl"  # for the settings; pages with server names have nothing to show without it
OWNER = "ksiegowosc@przyklad.iq.pl"  # whose pages are shown
LAST_LOGIN = 1_795_400_000  # in seconds since 1970: in November 2026
HEADER = "E-mail;Hasło;Pojemność;Przekierowanie;Przekierowanie-pozostawianie kopii\n"
PEOPLE = (
    *("kowalska", "wisniewski", "wojcik", "kowalczyk", "kaminska", "lewandowski", "zielinska", "szymanski"),
    *("wozniak", "dabrowski", "kozlowska", "mazur", "krawczyk", "piotrowska", "grabowski"),
)
FAULTY = (
    "anna.nowak@przyklad,iq.pl;;;;\n"
    "recepcja@przyklad.iq.pl;zima;2000;jan@przyklad.iq.pl;Tak\n"
    "magazyn@biuro-przyklad.pl;;1,3 GB;biuro@biuro-przyklad.pl;może\n"
)
WARNED = "kadry@biuro-przyklad.pl;qwerty1;;;\ntargi@przyklad.iq.pl;;500;nikt@przyklad.iq.pl;\n"
UNEVEN = "".join(f"u{n}@przyklad.iq.pl;zima;;;;za dużo\n" for n in range(3))  # rows that are too long
OTHER_NAMES = (
    "Name;Adresse;Kennwort;Platz\nJan Nowak;jan.nowak@przyklad.iq.pl;Zima2024;500\nOla Mazur;ola@przyklad.iq.pl;;1000\n"
)


def _rows(domain: str, first: int, last: int) -> str:
    return "".join(f"{name}@{domain};;;;\n" for name in PEOPLE[first:last])


def make_customer() -> User:
    """Make a login with two domains that have limits, and mailboxes in them."""
    customer = make_user("biuro", first_name="Biuro", last_name="Przykład")
    make_domain("przyklad.iq.pl", [customer], default_quota_mb=1000, max_mailboxes=60, max_total_quota_mb=60_000)
    make_domain("biuro-przyklad.pl", [customer], default_quota_mb=2000, max_mailboxes=25, max_total_quota_mb=40_000)
    used = {"jan": 120, "kontakt": 911, "ksiegowosc": 640, "rekrutacja": 3, "biuro": None, "sklep": 480}
    for local_part, used_mb in used.items():
        mailbox = make_mailbox(f"{local_part}@przyklad.iq.pl", is_active=local_part != "sklep")
        if used_mb is not None:
            last_login = LAST_LOGIN - used_mb * 86_400 if used_mb else None
            MailUsage.objects.create(
                mailbox=mailbox, bytes_used=used_mb * 1_048_576, messages=used_mb * 7, last_login=last_login
            )
    make_mailbox("poczta@biuro-przyklad.pl", quota_mb=2000)
    make_forward("ksiegowosc@przyklad.iq.pl", "jan@przyklad.iq.pl", keep_copy=True)
    make_forward("rekrutacja@przyklad.iq.pl", ["jan@przyklad.iq.pl", "kontakt@przyklad.iq.pl"])
    return customer


def make_imports(customer: User) -> dict[str, str]:
    """Make an import in every state, and return the address of each by the name of its page."""
    good = HEADER + _rows("przyklad.iq.pl", 0, 10) + _rows("biuro-przyklad.pl", 10, 13)
    imports = {
        "unreadable": _import(customer, "logo.png", (SAMPLES / "picture.csv").read_bytes()),
        "expired": _import(customer, "lista-2025.csv", good, expires_at=timezone.now() - timedelta(hours=1)),
        "undone": _created(customer, "pomylka.csv", HEADER + _rows("biuro-przyklad.pl", 0, 2)),
        "saved": _created(customer, "oddzial.csv", HEADER + _rows("biuro-przyklad.pl", 2, 4)),
        "results": _created(customer, "pracownicy.csv", HEADER + WARNED + _rows("przyklad.iq.pl", 11, 15)),
        "repeat": _import(customer, "oddzial.csv", HEADER + _rows("biuro-przyklad.pl", 2, 4)),
        "interrupted": _import(customer, "przerwany.csv", good),
        "creating": _import(customer, "nowi.csv", good),
        "columns": _import(customer, "mitarbeiter.csv", OTHER_NAMES),
        "workbook": _import(customer, "klasy-7-8.xlsx", _classes()),
        "full": _import(customer, "za-duzo.csv", HEADER + "".join(f"k{n}@biuro-przyklad.pl;;;;\n" for n in range(30))),
        "checked": _import(customer, "nowi-2026.csv", good),
        "problems": _import(
            customer,
            "pracownicy-2026.csv",
            good + FAULTY + WARNED.replace("kadry", "kadry2").replace("targi", "targi2"),
        ),
    }
    undo(imports["undone"])
    forget_secrets(imports["saved"])
    running = {"status": Import.Status.CREATING, "progress_total": 13, "progress_done": 8}
    stopped = timezone.now() - timedelta(minutes=5)
    Import.objects.filter(pk=imports["creating"].pk).update(**running, progress_at=timezone.now() + timedelta(hours=1))
    Import.objects.filter(pk=imports["interrupted"].pk).update(**running, progress_at=stopped, uploaded_at=stopped)
    addresses = {name: import_record.get_absolute_url() for name, import_record in imports.items()}
    results = addresses["results"]
    batch = f"/mailboxes/new-passwords/{imports['results'].pk}/"
    parts = {"sheets": "sheets/", "cards": "sheets/?size=cards", "links": "links/"}
    return {**addresses, "undo": f"{results}undo/", **{name: f"{batch}{part}" for name, part in parts.items()}}


def make_handouts(results: str) -> list[str]:
    """Make links for an import, open the first of them, and return the addresses of the others, where to open them."""
    contents = read_batch(Batch.objects.get(pk=results.split("/")[2]))
    make_links(contents.batch, version="0", mailbox_ids=list(contents.passwords)[:-1])
    opened, *others = [row.key for row in link_rows(contents) if row.key]
    if not others or open_link(opened) is None:
        raise AssertionError("There are too few links, or one does not work.")
    return [f"/handout/#{key}" for key in others]


def mailbox_pages() -> dict[str, str]:
    """Return the addresses of the pages of mailboxes and forwards that a customer of `make_customer` has."""
    number_of = dict(Mailbox.objects.values_list("address", "pk"))
    owner, forward = number_of[OWNER], Forward.objects.get(source="rekrutacja@przyklad.iq.pl").pk
    chosen = [number_of[f"{name}@przyklad.iq.pl"] for name in ("jan", "kontakt", "sklep")]
    selected = "&".join(f"select={pk}" for pk in chosen)
    actions = ("disable", "enable", "quota", "passwords", "delete")
    return {
        "mailbox": f"/mailboxes/{owner}/",
        "disabled mailbox": f"/mailboxes/{chosen[-1]}/",
        **{action: f"/mailboxes/selected/{action}/?{selected}" for action in actions},
        "forward": f"/forwards/{forward}/",
        "forward_delete": f"/forwards/{forward}/delete/",
    }


def _classes() -> bytes:
    """Return the workbook of a school: a sheet for each class, a hidden one of teachers, and a timetable."""
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as workbook:
        for number, name in enumerate(("7a", "7b")):
            sheet = workbook.add_worksheet(name)
            sheet.write_row(0, 0, ["Imię i nazwisko", "E-mail"])
            for line, person in enumerate(PEOPLE[number * 4 : number * 4 + 4], start=1):
                sheet.write_row(line, 0, [person.capitalize(), f"{person}.{name}@przyklad.iq.pl"])
        sheet.write(5, 0, "Razem: 4")
        teachers = workbook.add_worksheet("Nauczyciele")
        teachers.write_column(0, 0, ["E-mail", "historia@przyklad.iq.pl", "chemia@przyklad.iq.pl"])
        teachers.hide()
        workbook.add_worksheet("Plan").write_column(0, 0, ["Poniedziałek", "Wtorek", "Środa"])
    return content.getvalue()


def _import(customer: User, filename: str, content: str | bytes, **fields: object) -> Import:
    content = content if isinstance(content, bytes) else content.encode("cp1250")
    import_record = make_checked_import(customer, content, filename=filename)
    Import.objects.filter(pk=import_record.pk).update(**fields)
    return import_record


def _created(customer: User, filename: str, content: str) -> Import:
    return make_created_import(customer, content.encode("cp1250"), filename=filename)
