"""Lists of accounts, and what a customer does with them by the pages: uploading one and sending its rows."""

from __future__ import annotations

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from tests.pages import Fields, fill_in, form_in, open_page

GOOD = "E-mail;Hasło;Pojemność;Przekierowanie;Przekierowanie-pozostawianie kopii\n" + (
    "jan@przyklad.iq.pl;Wiosna2024;500;ewa@przyklad.iq.pl;Tak\newa@przyklad.iq.pl;;;;\n"
)
FAULTY = GOOD + "bad;zima;1,3 GB;;perhaps\n"
SHIFTED = "E-mail,Hasło,Pojemność\njan@przyklad.iq.pl,,\newa@przyklad.iq.pl,Tajne1,77,,,Tak\n"
QUOTED = 'E-mail,Hasło\njan@przyklad.iq.pl,\newa@przyklad.iq.pl,"Tajne"12\n'
BROKEN = 'E-mail,Hasło\njan@przyklad.iq.pl,\n"ewa\n@przyklad.iq.pl",x\n'


def upload(client: Client, text: str | bytes = GOOD, filename: str = "lista.csv", **fields: object) -> str:
    """Upload a list, and return the address of its import."""
    content = text if isinstance(text, bytes) else text.encode()
    data = {"file": SimpleUploadedFile(filename, content), "action": "check", **fields}
    response = client.post(reverse("import_new"), data)
    assert response.status_code == 302, response.content.decode()
    return response.headers["Location"]


def shown_fields(client: Client, url: str) -> Fields:
    """Return what the rows on the page of an import would send."""
    return form_in(open_page(client, url), url).fields


def send_rows(client: Client, url: str, changed: dict[str, str]) -> None:
    """Open the page of an import, change fields of its rows, and send them."""
    fill_in(client, url, changed, action=url)
