"""The pages of an import as a browser asks for them: each outcome, and every page for the wrong user."""

import io
import json
import re
import uuid
from datetime import timedelta
from html import unescape
from typing import Any

import openpyxl
import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Domain, Mailbox
from accounts.passwords import verify_password
from bulkimport import views
from bulkimport.models import Import
from bulkimport.rows import Field, Place, Plan
from bulkimport.services import checking
from bulkimport.services.checking import check
from bulkimport.services.creating import claim
from bulkimport.services.reading import choices_of
from tests.factories import LOGIN_PASSWORD, generated_passwords, make_client, make_domain, make_mailbox, make_user
from tests.reading import at, typed_into

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("create_in_place")]

GOOD = "E-mail;Hasło;Pojemność;Przekierowanie;Przekierowanie-pozostawianie kopii\n" + (
    "jan@przyklad.iq.pl;Wiosna2024;500;ewa@przyklad.iq.pl;Tak\newa@przyklad.iq.pl;;;;\n"
)
TOKEN = "t" * 32
FAULTY = GOOD + "bad;zima;1,3 GB;;perhaps\n"
IMPORT_PAGES = [
    "import",
    "import_progress",
    "import_undo",
    "import_problems",
]


def send(client: Client, text: str | bytes = GOOD, **fields: object) -> str:
    """Upload a list, and return the address of its import."""
    content = text if isinstance(text, bytes) else text.encode()
    data = {"file": SimpleUploadedFile("lista.csv", content), "action": "check", **fields}
    response = client.post(reverse("import_new"), data)
    assert response.status_code == 302, response.content.decode()
    return response.headers["Location"]


def page(client: Client, url: str, **headers: str) -> str:
    response = client.get(url, headers=headers)
    assert response.status_code == 200
    return response.content.decode()


def as_shown(html: str) -> dict[str, str]:
    """Return the fields of the page's form as a browser would send them back."""
    values = {}
    for tag in re.findall(r"<input[^>]*>", html, re.DOTALL):
        name, value = re.search(r'name="([^"]+)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and 'type="checkbox"' not in tag:
            values[name[1]] = unescape(value[1]) if value else ""
    return values


def press(client: Client, url: str, fields: dict[str, str]) -> None:
    """Open the page of an import and send its form back with these fields changed."""
    client.post(url, {**as_shown(page(client, url)), **fields})


# --- Who may see what


def test_nobody_gets_in_without_signing_in(client: Client) -> None:
    for url in ["/", "/imports/", "/imports/new/", f"/imports/{uuid.uuid4()}/", "/imports/template.csv"]:
        response = client.get(url)
        assert response.status_code == 302
        assert response.headers["Location"].startswith("/login/")


def test_signing_in_and_out(client: Client, customer: User) -> None:
    response = client.post("/login/", {"username": "anna", "password": "wrong"})
    assert response.status_code == 200
    response = client.post("/login/", {"username": "anna", "password": LOGIN_PASSWORD}, follow=True)
    assert response.redirect_chain[-1][0] == "/"
    assert client.post("/logout/").status_code == 302
    assert client.get("/imports/").status_code == 302


def test_too_many_wrong_passwords_lock_the_login_for_a_while(client: Client, customer: User) -> None:
    for _attempt in range(settings.AXES_FAILURE_LIMIT):
        response = client.post("/login/", {"username": "anna", "password": "wrong"})
    assert response.status_code == 429
    assert client.post("/login/", {"username": "anna", "password": LOGIN_PASSWORD}).status_code == 429


def test_the_health_page_needs_no_login(client: Client) -> None:
    assert client.get("/healthz").content == b"ok"


@pytest.mark.parametrize("other_is_staff", [False, True])
def test_an_import_is_seen_only_by_the_login_that_uploaded_it(browser_of: Client, other_is_staff: bool) -> None:
    url = send(browser_of, FAULTY)
    pk = url.split("/")[2]
    other = make_client(make_user("eve", is_staff=other_is_staff))
    for name in IMPORT_PAGES:
        assert other.get(reverse(name, args=[pk])).status_code == 404
    for file_format in ("csv", "xlsx"):
        assert other.get(f"/imports/{pk}/results.{file_format}").status_code == 404
    for name in ("import", "import_reading", "import_saved", "import_undo"):
        assert other.post(reverse(name, args=[pk]), {"action": "create_good"}).status_code == 404
    assert "lista.csv" not in page(other, "/imports/")
    assert Mailbox.objects.count() == 0


def test_pages_with_secrets_are_not_kept_by_anybody(browser_of: Client) -> None:
    for url in (send(browser_of, FAULTY), send(browser_of, action="create"), "/imports/"):
        assert "no-store" in browser_of.get(url).headers["Cache-Control"]


# --- Upload


def test_check_first_creates_nothing(browser_of: Client) -> None:
    html = page(browser_of, send(browser_of))
    assert "2 accounts ready" in html
    assert Mailbox.objects.count() == 0


def test_create_at_once_lands_on_the_results(browser_of: Client) -> None:
    html = page(browser_of, send(browser_of, action="create"))
    import_record = Import.objects.get()
    (password,) = generated_passwords(import_record).values()
    assert "2 accounts created" in html
    assert password in html
    assert "Wiosna2024" not in html


def test_create_with_an_error_creates_nothing_and_shows_every_problem(browser_of: Client) -> None:
    html = page(browser_of, send(browser_of, FAULTY, action="create"))
    assert Mailbox.objects.count() == 0
    assert "2 accounts ready, 1 row needs you" in html
    for name in ("4-email", "4-password", "4-quota", "4-keep_copy"):
        assert f'name="{name}"' in html
    assert 'value="zima"' in html


def test_a_double_click_makes_one_import(browser_of: Client) -> None:
    first = send(browser_of, token=TOKEN, action="create")
    assert send(browser_of, token=TOKEN, action="create") == first
    assert Import.objects.count() == 1
    assert Mailbox.objects.count() == 2


def test_another_list_from_a_page_that_was_kept_open_is_another_import(browser_of: Client) -> None:
    first = send(browser_of, token=TOKEN)
    assert send(browser_of, GOOD.replace("500", "600"), token=TOKEN) != first
    assert Import.objects.count() == 2


def test_the_same_upload_sent_twice_counts_once(browser_of: Client, settings: Settings) -> None:
    settings.MAX_UNFINISHED_LISTS = 1
    assert send(browser_of, token=TOKEN) == send(browser_of, token=TOKEN)


@pytest.mark.parametrize("token", ["", "nonsense"])
def test_the_upload_works_without_the_hidden_token(browser_of: Client, token: str) -> None:
    response = browser_of.post("/imports/new/", {"file": SimpleUploadedFile("l.csv", GOOD.encode()), "token": token})
    assert response.status_code == 302


def test_no_file_is_said_kindly_and_what_was_typed_stays(browser_of: Client) -> None:
    response = browser_of.post("/imports/new/", {"default_quota_mb": "many", "action": "create"})
    html = response.content.decode()
    assert "Choose a file first." in html
    assert 'value="many"' in html
    assert "not a whole number of MB" in html


def test_a_file_over_the_limit_is_refused_in_one_sentence(browser_of: Client, settings: Settings) -> None:
    settings.MAX_UPLOAD_MB = 1
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
    for megabytes in (1.5, 3):  # the second is not even kept in memory
        file = SimpleUploadedFile("l.csv", b"x" * int(megabytes * 1024 * 1024))
        response = browser_of.post("/imports/new/", {"file": file})
        assert response.content.decode().count("larger than 1 MB") == 1
    assert Import.objects.count() == 0


def test_a_faulty_default_quota_does_not_lose_the_file(browser_of: Client) -> None:
    url = send(browser_of, default_quota_mb="1,3 GB", action="create")
    html = page(browser_of, url)
    assert Mailbox.objects.count() == 0
    assert 'value="1,3 GB"' in html
    press(browser_of, url, {"default_quota_mb": "2048", "action": "create"})
    assert Mailbox.objects.get(address="ewa@przyklad.iq.pl").quota_mb == 2048


def test_the_default_quota_is_used_where_the_file_gives_none(browser_of: Client) -> None:
    send(browser_of, default_quota_mb="250", action="create")
    assert set(Mailbox.objects.values_list("quota_mb", flat=True)) == {250, 500}


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n\x00\x00", b"PK\x03\x04broken", b"\x00" * 5000, b"just words"])
def test_what_is_not_a_list_gets_one_clear_sentence(browser_of: Client, content: bytes) -> None:
    html = page(browser_of, send(browser_of, content, action="create"))
    assert "We could not read a list of accounts" in html
    assert Mailbox.objects.count() == 0


def test_staff_uploads_on_behalf_of_a_customer(customer: User, domain: Domain) -> None:
    make_domain("other.example")
    client = make_client(make_user("root", is_staff=True))
    assert 'name="customer"' in page(client, "/imports/new/")
    html = page(client, send(client, GOOD + "x@other.example;;;;\n", customer=str(customer.pk)))
    assert "You cannot use the domain other.example." in html
    html = page(client, send(client, GOOD + "x@other.example;;;;\n"))
    assert "3 accounts ready" in html


def test_a_customer_cannot_act_for_anybody_else(browser_of: Client) -> None:
    boss = make_user("boss")
    make_domain("boss.example", [boss])
    html = page(browser_of, send(browser_of, "E-mail\nx@boss.example\n", customer=str(boss.pk)))
    assert "You cannot use the domain boss.example." in html
    assert Import.objects.get().customer is None


# --- Check and correct


def test_corrections_on_the_page_lead_to_the_accounts(browser_of: Client) -> None:
    url = send(browser_of, FAULTY)
    cells = {"4-email": "ola@przyklad.iq.pl", "4-password": "Tajne123", "4-quota": "", "4-keep_copy": "no"}
    response = browser_of.post(url, {**cells, "action": "check"})
    assert (response.status_code, response.headers["Location"]) == (302, f"{url}#summary")
    assert "3 accounts ready" in page(browser_of, url)
    assert Mailbox.objects.count() == 0
    press(browser_of, url, {"action": "create"})
    assert Mailbox.objects.get(address="ola@przyklad.iq.pl").quota_mb == 1000


def test_a_half_corrected_row_keeps_what_was_typed(browser_of: Client) -> None:
    url = send(browser_of, FAULTY)
    browser_of.post(url, {"4-email": "still wrong", "4-quota": "100", "4-password": "<b>&1", "action": "check"})
    html = page(browser_of, url)
    assert 'value="still wrong"' in html
    assert "&lt;b&gt;&amp;1" in html
    assert as_shown(html)["4-quota"] == "100"


def test_cells_that_nobody_offered_change_nothing_they_should_not(browser_of: Client) -> None:
    url = send(browser_of, FAULTY)
    browser_of.post(url, {"99-email": "x@przyklad.iq.pl", "4-nonsense": "x", "x-email": "y", "action": "check"})
    assert "2 accounts ready, 1 row needs you" in page(browser_of, url)


def test_the_good_rows_are_created_and_the_others_named_and_given_back(browser_of: Client) -> None:
    url = send(browser_of, FAULTY)
    assert "leave out row 4" in page(browser_of, url)
    press(browser_of, url, {"action": "create_good"})
    html = page(browser_of, url)
    assert "2 accounts created" in html
    assert "row 4" in html.lower()
    response = browser_of.get(url + "problems")
    text = response.content.decode("utf-8-sig")
    assert "zima" in text
    assert "jan@przyklad.iq.pl" not in text


def test_the_own_list_with_problems_can_be_corrected_and_sent_again(browser_of: Client) -> None:
    url = send(browser_of, FAULTY)
    response = browser_of.get(url + "problems")
    assert "attachment" in response.headers["Content-Disposition"]
    text = response.content.decode("utf-8-sig")
    assert "not a whole number of MB" in text
    text = text.replace("bad;zima;1,3 GB;;perhaps", "ola@przyklad.iq.pl;;2048;;")
    assert "3 accounts created" in page(browser_of, send(browser_of, text, action="create"))


@pytest.mark.parametrize(
    ("separator", "english", "polish"),
    [(";", "semicolon", "średnik"), (",", "comma", "przecinek"), ("|", "vertical bar", "kreska pionowa")],
)
def test_a_separator_has_its_name_in_what_was_read_and_in_the_choice(
    browser_of: Client, separator: str, english: str, polish: str
) -> None:
    url = send(browser_of, GOOD.replace(";", separator))
    for language, name in (("en", english), ("pl", polish)):
        assert f"CSV, UTF-8, {name}, " in page(browser_of, url, accept_language=language)
        columns = page(browser_of, url + "columns/", accept_language=language)
        assert re.search(rf'<option value="{re.escape(separator)}"[^>]*>\s*{name.capitalize()}\s*</option>', columns)


def test_a_cell_with_an_error_in_a_spreadsheet_has_one_message(browser_of: Client) -> None:
    workbook = openpyxl.Workbook()
    for cells in (["E-mail", "Quota"], ["#REF!", "#NAME?"]):
        workbook.active.append(cells)  # type: ignore[union-attr]
    content = io.BytesIO()
    workbook.save(content)
    html = page(browser_of, send(browser_of, content.getvalue()))
    for name in ("2-email", "2-quota"):
        message = re.search(rf'<div id="r{name}-msg">(.*?)</div>', html, re.DOTALL)
        assert message and message[1].count("<p") == 1
        assert "Type the value itself, as text." in message[1]


@pytest.mark.parametrize("file_format", ["csv", "xlsx", "ods"])
def test_a_template_left_as_it_is_gets_a_friendly_word(browser_of: Client, file_format: str) -> None:
    content = browser_of.get(f"/imports/template.{file_format}").content
    html = page(browser_of, send(browser_of, content, action="create"))
    assert "This is the example row of the template." in html
    assert Mailbox.objects.count() == 0


def test_500_rows_with_errors_are_all_on_the_page(browser_of: Client) -> None:
    html = page(browser_of, send(browser_of, "E-mail\n" + "".join(f"bad{n}\n" for n in range(500))))
    assert html.count("-email-msg") >= 500
    assert "500 rows need you" in html


def test_500_corrections_at_once_are_taken(browser_of: Client) -> None:
    url = send(browser_of, "E-mail;Password;Quota\n" + "".join(f"bad{n};x;y\n" for n in range(500)))
    cells = {f"{n + 2}-email": f"a{n}@przyklad.iq.pl" for n in range(500)}
    cells |= {f"{n + 2}-{field}": "" for n in range(500) for field in ("password", "quota")}
    browser_of.post(url, {**cells, "action": "check"})
    assert "500 accounts ready" in page(browser_of, url)


def test_good_rows_are_shown_in_part_until_all_are_asked_for(browser_of: Client) -> None:
    url = send(browser_of, "E-mail\n" + "".join(f"a{n}@przyklad.iq.pl\n" for n in range(150)))
    assert "a149<wbr>@" not in page(browser_of, url)
    response = browser_of.post(url, {"action": "show_all", "151-email": "typed"}, follow=True)
    assert "a148<wbr>@" in response.content.decode()
    assert 'value="typed"' in response.content.decode()


def test_tabs_over_the_rows_count_every_row_once(browser_of: Client) -> None:
    many = "".join(f"a{n}@przyklad.iq.pl;;;;\n" for n in range(150))
    html = page(browser_of, send(browser_of, FAULTY + "ola@przyklad.iq.pl;password1;;;\n" + many))
    tabs = dict(re.findall(r'<li><a href="#(\w+)">[A-Z][a-z ]+ ([0-9]+)</a></li>', html))
    assert tabs == {"rows": "154", "errors": "1", "warnings": "1", "good": "152"}
    assert all(html.count(f'id="{name}"') == 1 for name in tabs)
    assert 'class="tabs"' not in page(browser_of, send(browser_of, GOOD)), "there is only one group"


def test_what_was_tidied_is_shown_beside_what_was_written(browser_of: Client) -> None:
    rows = "Ola@Przyklad.iq.pl;;750,0;EWA@gdzie.example;PRAWDA\nadam@przyklad.iq.pl;;;Nikt@przyklad.iq.pl;Tak\n"
    text = " ".join(
        re.sub("<[^>]*>", " ", page(browser_of, send(browser_of, GOOD.splitlines()[0] + "\n" + rows))).split()
    )
    for tidied, written in {
        "ola @przyklad.iq.pl": "Ola @Przyklad.iq.pl",
        "750 MB": "750,0",
        "ewa @gdzie.example": "EWA @gdzie.example",
        "Yes": "PRAWDA",
    }.items():
        assert f"{tidied} written as: {written}" in text
    assert "read as: nikt @przyklad.iq.pl" in text, "of a cell that is an input, since it has a warning"
    assert text.count("written as:") == 4
    assert text.count("read as:") == 1


def test_rows_with_problems_come_first_and_their_messages_belong_to_their_cells(browser_of: Client) -> None:
    html = page(browser_of, send(browser_of, GOOD + "ola@przyklad.iq.pl;zima;;;\nadam@przyklad.iq.pl;;;;;za dużo\n"))
    assert html.index('id="r4"') < html.index('id="r5"') < html.index('id="r2"')

    def described(field: str) -> list[str]:
        (tag,) = re.findall(rf'<input[^>]*name="{field}"[^>]*>', html)
        return re.findall(r'aria-describedby="([^"]*)"', tag)

    assert described("4-password") == ["r4-password-msg"]
    assert described("5-email") == ["r5-msg"]
    assert described("5-right") == ["r5-msg"]
    for place in ("r4-password-msg", "r5-msg"):
        assert re.search(rf'id="{place}">\s*<p class="msg msg-error">', html)


def test_templates_stand_beside_the_upload(browser_of: Client) -> None:
    html = page(browser_of, "/imports/new/")
    assert re.findall(r'href="/imports/(template\.\w+)"', html) == ["template.xlsx", "template.ods", "template.csv"]


def test_what_is_wrong_with_an_upload_has_the_focus(browser_of: Client) -> None:
    html = browser_of.post("/imports/new/", {"default_quota_mb": "x"}).content.decode()
    assert re.findall(r'<input[^>]*\sid="(\w+)"[^>]*autofocus', html) == ["file"]


def test_the_page_for_a_new_file_says_where_it_is(browser_of: Client) -> None:
    html = page(browser_of, "/imports/new/")
    assert re.search(
        r'<ol class="crumbs">\s*<li><a href="/mailboxes/">Mailboxes</a></li>\s*'
        r'<li><a href="/mailboxes/new/">Add an account</a></li>\s*<li aria-current="page">Create accounts in bulk</li>',
        html,
    )


# --- Creating


def test_a_creation_under_way_shows_its_progress(browser_of: Client) -> None:
    url = send(browser_of)
    claim(Import.objects.get(), check(Import.objects.get()))
    Import.objects.update(progress_done=1)
    assert "<progress" in page(browser_of, url)
    progress = json.loads(page(browser_of, url + "progress"))
    assert progress == {"status": "creating", "done": 1, "total": 2}
    assert "<progress" in page(browser_of, url + "progress", hx_request="true")
    press(browser_of, url, {"action": "create"})
    assert Mailbox.objects.count() == 0, "somebody else has the claim"


def test_when_it_is_over_the_progress_leads_back_to_the_import(browser_of: Client) -> None:
    url = send(browser_of, action="create")
    assert json.loads(page(browser_of, url + "progress"))["status"] == "created"
    response = browser_of.get(url + "progress", headers={"hx-request": "true"})
    assert response.headers["HX-Redirect"] == url


def test_an_interrupted_creation_says_so_and_starts_again(browser_of: Client) -> None:
    url = send(browser_of, FAULTY)
    claim(Import.objects.get(), check(Import.objects.get()), leave_out=[Place(None, 4)])
    Import.objects.update(progress_at=timezone.now() - timedelta(minutes=5))
    assert json.loads(page(browser_of, url + "progress"))["status"] == "interrupted"
    html = page(browser_of, url)
    assert 'value="create_good"' in html
    press(browser_of, url, {"action": "create_good"})
    assert "2 accounts created" in page(browser_of, url)


def test_an_address_taken_in_the_meantime_comes_back_as_a_problem_of_its_row(browser_of: Client) -> None:
    url = send(browser_of)
    make_mailbox("ewa@przyklad.iq.pl")
    press(browser_of, url, {"action": "create"})
    html = page(browser_of, url)
    assert "“ewa@przyklad.iq.pl” exists already." in html
    assert Mailbox.objects.count() == 1


# --- Afterwards


def test_results_are_downloaded_and_then_forgotten(browser_of: Client) -> None:
    url = send(browser_of, action="create")
    (password,) = generated_passwords(Import.objects.get()).values()
    assert password in browser_of.get(url + "results.csv").content.decode("utf-8-sig")
    assert browser_of.get(url + "results.xlsx").content.startswith(b"PK")
    browser_of.post(url + "saved/")
    assert password not in page(browser_of, url)
    assert password not in browser_of.get(url + "results.csv").content.decode("utf-8-sig")


def test_there_are_no_results_before_there_are_accounts(browser_of: Client) -> None:
    url = send(browser_of, FAULTY)
    assert browser_of.get(url + "results.csv").status_code == 404
    assert browser_of.get(url + "undo/").headers["Location"] == url


def test_undo_asks_first_and_says_what_goes(browser_of: Client) -> None:
    url = send(browser_of, action="create")
    Mailbox.objects.filter(address="ewa@przyklad.iq.pl").update(is_active=False)
    html = page(browser_of, url + "undo/")
    assert "jan<wbr>@przyklad.iq.pl" in html
    assert "ewa<wbr>@przyklad.iq.pl" in html
    assert Mailbox.objects.count() == 2
    browser_of.post(url + "undo/")
    assert list(Mailbox.objects.values_list("address", flat=True)) == ["ewa@przyklad.iq.pl"]
    assert browser_of.post(url + "undo/").headers["Location"] == url
    page(browser_of, url)


def test_an_expired_import_says_so_everywhere(browser_of: Client) -> None:
    url = send(browser_of, FAULTY)
    Import.objects.update(expires_at=timezone.now())
    assert "lista.csv" in page(browser_of, url)
    assert browser_of.get(url + "problems").status_code == 404
    assert browser_of.post(url, {"action": "create_good"}).status_code == 302
    assert browser_of.post(url + "columns/", {"separator": ","}).status_code == 302
    page(browser_of, "/imports/new/")
    assert Import.objects.get().sealed_file is None
    assert Mailbox.objects.count() == 0


# --- A file that nobody creates


def stand(state: str) -> None:
    """Put the only import into a state that its status names, or that its time makes of it."""
    now = timezone.now()
    status, progress_at, expires_at = {
        "expired": ("checked", None, now),
        "purged": ("checked", None, now),
        "creating": ("creating", now, now + timedelta(hours=1)),
        "interrupted": ("creating", now - timedelta(minutes=5), now + timedelta(hours=1)),
        "expired when interrupted": ("creating", now - timedelta(days=2), now - timedelta(days=1)),
    }[state]
    Import.objects.update(status=status, progress_at=progress_at, expires_at=expires_at, uploaded_at=now)
    if state == "purged":
        Import.objects.update(sealed_file=None, sealed_choices=None)


def discard_form(url: str) -> str:
    return f'method="post" action="{url}discard/"'


@pytest.mark.parametrize("text", [GOOD, FAULTY, "Name;Adresse\nJan;jan@przyklad.iq.pl\n", b"\x89PNG\r\n\x1a\n\0\0"])
def test_a_file_that_nobody_wants_is_discarded(browser_of: Client, text: str | bytes) -> None:
    url = send(browser_of, text)
    html = page(browser_of, url)
    assert html.count(discard_form(url)) == 1
    assert ("your corrections will be erased" in html) == (text in (GOOD, FAULTY)), "asked where there may be any"
    response = browser_of.post(url + "discard/", follow=True)
    assert response.redirect_chain == [("/imports/", 302)]
    html = response.content.decode()
    assert "lista.csv has been discarded. Nothing was created." in html
    assert "No imports yet" in html
    assert "lista.csv" not in page(browser_of, "/")
    assert not Import.objects.exists()
    assert browser_of.get(url).status_code == 404


@pytest.mark.parametrize("state", ["expired", "purged", "interrupted", "expired when interrupted"])
def test_a_file_that_is_of_no_use_any_more_is_discarded(browser_of: Client, state: str) -> None:
    url = send(browser_of)
    stand(state)
    assert discard_form(url) in page(browser_of, url)
    browser_of.post(url + "discard/")
    assert not Import.objects.exists()


def test_a_repeated_file_is_discarded_and_the_import_before_it_stays(browser_of: Client) -> None:
    first, again = send(browser_of, action="create"), send(browser_of)
    assert discard_form(again) in page(browser_of, again)
    browser_of.post(again + "discard/")
    assert [each.get_absolute_url() for each in Import.objects.all()] == [first]
    assert Mailbox.objects.count() == 2


def test_once_a_creation_has_begun_it_is_too_late_to_discard(browser_of: Client) -> None:
    too_late = "It is too late to discard this file. Once the accounts are created, the import can be undone."
    url = send(browser_of)
    stand("creating")
    assert discard_form(url) not in page(browser_of, url)
    response = browser_of.post(url + "discard/", follow=True)
    assert response.redirect_chain == [(url, 302)]
    assert too_late in response.content.decode()
    stand("interrupted")
    press(browser_of, url, {"action": "create"})
    html = browser_of.post(url + "discard/", follow=True).content.decode()
    assert too_late in html
    assert "2 accounts created" in html
    browser_of.post(url + "undo/")
    html = browser_of.post(url + "discard/", follow=True).content.decode()
    assert too_late not in html, "it was undone already"
    assert "The import was undone" in html
    assert Import.objects.get().status == "undone"


def test_discarding_twice_complains_of_nothing(browser_of: Client) -> None:
    url = send(browser_of, FAULTY)
    browser_of.post(url + "discard/", follow=True)
    response = browser_of.post(url + "discard/", follow=True)
    assert response.redirect_chain == [("/imports/", 302)]
    assert 'role="status"' not in response.content.decode()


@pytest.mark.parametrize("other_is_staff", [False, True])
def test_discarding_tells_nothing_of_an_import_of_somebody_else(browser_of: Client, other_is_staff: bool) -> None:
    url = send(browser_of, FAULTY)
    other = make_client(make_user("eve", is_staff=other_is_staff))
    for address in (url, f"/imports/{uuid.uuid4()}/"):
        for answer in (other.get(address + "discard/"), other.post(address + "discard/")):
            assert (answer.status_code, answer.headers["Location"]) == (302, "/imports/")
    assert 'role="status"' not in page(other, "/imports/")
    assert "/login/" in Client().post(url + "discard/").headers["Location"]
    assert Import.objects.get().has_file


def test_corrections_of_a_file_that_another_tab_discards_meanwhile_are_no_error(
    browser_of: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = send(browser_of, FAULTY)
    typed = {**as_shown(page(browser_of, url)), "4-email": "ola@przyklad.iq.pl", "action": "check"}

    def discarded_meanwhile(*arguments: Any, **options: Any) -> Plan:
        browser_of.post(url + "discard/")
        return checking.correct(*arguments, **options)

    monkeypatch.setattr(views, "correct", discarded_meanwhile)
    assert browser_of.post(url, typed).status_code == 404
    assert not Import.objects.exists()


def test_the_list_of_imports_shows_each_state(browser_of: Client) -> None:
    send(browser_of, FAULTY)
    send(browser_of, action="create")
    html = page(browser_of, "/imports/")
    assert html.count("lista.csv") == 2
    send(browser_of, action="create")
    assert "This file was imported before. Nothing created now." in page(browser_of, "/imports/")


def test_the_same_file_again_is_told_in_one_sentence(browser_of: Client) -> None:
    send(browser_of, action="create")
    html = page(browser_of, send(browser_of, action="create"))
    assert "This file was imported on" in html
    assert "exists already" not in html


def test_pages_speak_the_language_of_the_browser_and_the_switch_changes_it(browser_of: Client) -> None:
    assert '<html lang="pl"' in page(browser_of, "/imports/new/", accept_language="pl")
    assert '<html lang="en"' in page(browser_of, "/imports/new/", accept_language="en")
    browser_of.post("/language/", {"language": "pl", "next": "/imports/new/"})
    assert '<html lang="pl"' in page(browser_of, "/imports/new/", accept_language="en")


# --- What a page sends back untouched, late or twice


SHIFTED = "E-mail,Hasło,Pojemność\njan@przyklad.iq.pl,,\newa@przyklad.iq.pl,Tajne1,77,,,Tak\n"
QUOTED = 'E-mail,Hasło\njan@przyklad.iq.pl,\newa@przyklad.iq.pl,"Tajne"12\n'
BROKEN = 'E-mail,Hasło\njan@przyklad.iq.pl,\n"ewa\n@przyklad.iq.pl",x\n'


@pytest.mark.parametrize("text", [SHIFTED, QUOTED, BROKEN])
@pytest.mark.parametrize("action", ["check", "create", "create_good"])
def test_a_page_sent_back_untouched_settles_nothing(browser_of: Client, text: str, action: str) -> None:
    url = send(browser_of, text)
    browser_of.post(url, {**as_shown(page(browser_of, url)), "action": action})
    assert not Mailbox.objects.filter(local_part="ewa").exists()
    assert Mailbox.objects.count() == (action == "create_good")
    if action == "create_good":
        assert Import.objects.get().left_out == [3]
    else:
        assert "1 account ready, 1 row needs you" in page(browser_of, url)


def test_a_guessed_row_can_be_confirmed_as_it_stands(browser_of: Client) -> None:
    url = send(browser_of, QUOTED)
    browser_of.post(url, {**as_shown(page(browser_of, url)), "3-right": "on", "action": "check"})
    assert "2 accounts ready" in page(browser_of, url)


def test_no_other_rows_are_left_out_than_the_page_has_named(browser_of: Client) -> None:
    url = send(browser_of, FAULTY)
    fields = {**as_shown(page(browser_of, url)), "3-email": "ewa", "action": "create_good"}
    assert fields["left_out"] == "4"
    browser_of.post(url, fields)
    assert Mailbox.objects.count() == 0
    assert "2 rows need you" in page(browser_of, url)


def test_an_old_tab_takes_no_correction_back_and_creates_nothing_unseen(browser_of: Client) -> None:
    url = send(browser_of, FAULTY)
    old_tab = as_shown(page(browser_of, url))
    browser_of.post(url, {**old_tab, "4-email": "ola@przyklad.iq.pl", "4-password": "Dobre123", "action": "check"})
    browser_of.post(url, {**old_tab, "4-quota": "100", "4-keep_copy": "", "action": "create"})
    assert Mailbox.objects.count() == 0, "this tab has not seen what would be created"
    assert "3 accounts ready" in page(browser_of, url)
    browser_of.post(url, {**as_shown(page(browser_of, url)), "action": "create"})
    assert verify_password("Dobre123", Mailbox.objects.get(local_part="ola").password_hash)


def test_an_interrupted_creation_whose_plan_has_become_faulty_can_be_corrected(browser_of: Client) -> None:
    url = send(browser_of)
    claim(Import.objects.get(), check(Import.objects.get()))
    Import.objects.update(progress_at=timezone.now() - timedelta(minutes=5))
    make_mailbox("ewa@przyklad.iq.pl")
    browser_of.post(url, {**as_shown(page(browser_of, url)), "action": "create"})
    html = page(browser_of, url)
    assert "“ewa@przyklad.iq.pl” exists already." in html
    assert 'name="3-email"' in html


def test_a_slow_second_press_spoils_nothing(browser_of: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    url = send(browser_of)
    real_check = checking.check

    def created_meanwhile(import_record: Import) -> Plan:
        plan = real_check(import_record)
        monkeypatch.setattr(checking, "check", real_check)
        press(browser_of, url, {"action": "create"})
        return plan

    monkeypatch.setattr(checking, "check", created_meanwhile)
    press(browser_of, url, {"action": "create"})
    assert "2 accounts created" in page(browser_of, url)
    assert "2 accounts created" in page(browser_of, "/imports/")
    assert "This file was imported on" in page(browser_of, send(browser_of))


def test_the_upload_sent_again_while_it_is_being_created_leads_to_its_progress(browser_of: Client) -> None:
    url = send(browser_of, token=TOKEN, action="check")
    claim(Import.objects.get(), check(Import.objects.get()))
    assert send(browser_of, token=TOKEN, action="check") == url
    assert "<progress" in page(browser_of, url)


def test_nothing_of_a_domain_is_shown_to_whoever_has_lost_it(browser_of: Client, domain: Domain) -> None:
    url = send(browser_of, action="create")
    (password,) = generated_passwords(Import.objects.get()).values()
    domain.administrators.clear()
    Mailbox.objects.update(quota_mb=7777)
    for text in (page(browser_of, url), browser_of.get(url + "results.csv").content.decode("utf-8-sig")):
        assert "7777" not in text.replace(",", "")
        assert password not in text
        assert "ewa@przyklad.iq.pl" in text.replace("<wbr>", "")


def test_who_is_no_longer_staff_acts_for_nobody(customer: User, domain: Domain) -> None:
    client, staff = Client(), make_user("root", is_staff=True)
    client.force_login(staff)
    url = send(client, customer=str(customer.pk))
    User.objects.filter(pk=staff.pk).update(is_staff=False)
    press(client, url, {"action": "create"})
    assert Mailbox.objects.count() == 0


def test_a_repeat_of_which_something_was_deleted_is_checked_row_by_row(browser_of: Client) -> None:
    send(browser_of, action="create")
    Mailbox.objects.filter(local_part="ewa").delete()
    html = page(browser_of, send(browser_of))
    assert "This file was imported on" not in html
    assert "1 account ready, 1 row needs you" in html


@pytest.mark.parametrize(
    "path", ["------------------------------------/results.csv", "x/", "00000000-0000-0000-0000-000000000000/"]
)
def test_an_address_that_is_no_import_is_not_found(browser_of: Client, path: str) -> None:
    assert browser_of.get(f"/imports/{path}").status_code == 404


def test_a_nul_in_what_was_typed_is_no_error(browser_of: Client) -> None:
    url = send(browser_of, FAULTY)
    browser_of.post(url, {"default_quota_mb": "5\x000", "4-email": "a\x00b", "action": "check"})
    assert "need" in page(browser_of, url)


@pytest.mark.parametrize("path", ["/healthz", "/imports/", "/imports/new/"])
def test_a_monitor_may_ask_for_the_head_only(browser_of: Client, path: str) -> None:
    assert browser_of.head(path).status_code == 200


def test_a_list_corrected_in_another_tab_at_the_last_moment_is_not_created_as_it_was(
    browser_of: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = send(browser_of)
    real_claim = views.claim

    def corrected_first(import_record: Import, plan: Plan, **more: Any) -> object:
        checking.correct(Import.objects.get(), corrections=at({2: {Field.EMAIL: "janek@przyklad.iq.pl"}}))
        return real_claim(import_record, plan, **more)

    monkeypatch.setattr(views, "claim", corrected_first)
    press(browser_of, url, {"action": "create"})
    assert Mailbox.objects.count() == 0
    html = page(browser_of, url)
    assert "Nothing was created. Look at the list" in html
    assert "janek" in html


def test_a_confirmation_from_an_old_tab_takes_nothing_back(browser_of: Client) -> None:
    url = send(browser_of, QUOTED)
    old_tab = as_shown(page(browser_of, url))
    press(browser_of, url, {"3-password": "Nowe1234", "action": "check"})
    browser_of.post(url, {**old_tab, "3-right": "on", "action": "check"})
    assert typed_into(Import.objects.get())[3][Field.PASSWORD] == "Nowe1234"


def test_an_interrupted_import_without_its_key_says_that_it_is_over(browser_of: Client, settings: Settings) -> None:
    url = send(browser_of)
    claim(Import.objects.get(), check(Import.objects.get()))
    Import.objects.update(
        progress_at=timezone.now() - timedelta(minutes=5), sealed_file=b"", sealed_book=b"of another key"
    )
    assert "no longer kept" in page(browser_of, url)


def test_undo_removes_nothing_where_the_domain_was_lost_and_keeps_the_passwords(
    browser_of: Client, domain: Domain, customer: User
) -> None:
    url = send(browser_of, action="create")
    domain.administrators.clear()
    browser_of.post(url + "undo/")
    assert "no longer in your domains" in page(browser_of, url)
    domain.administrators.add(customer)
    assert generated_passwords(Import.objects.get())
    press(browser_of, url + "undo/", {})
    assert Mailbox.objects.count() == 0


# --- Found by trying to break it


def test_the_second_of_two_presses_complains_of_nothing(browser_of: Client) -> None:
    url = send(browser_of)
    fields = {**as_shown(page(browser_of, url)), "action": "create"}
    browser_of.post(url, fields)
    browser_of.post(url, fields)
    html = page(browser_of, url)
    assert "2 accounts created" in html
    assert "Nothing was created" not in html


def test_a_text_without_a_column_is_shown_and_dropped_only_when_that_is_confirmed(browser_of: Client) -> None:
    url = send(browser_of, "E-mail;Hasło;Pojemność\njan@przyklad.iq.p;Wiosna2024;500;;szef@inna.pl\n")
    assert "szef<" in page(browser_of, url).replace("@inna.pl", "<")
    press(browser_of, url, {"2-email": "jan@przyklad.iq.pl", "action": "create"})
    assert Mailbox.objects.count() == 0
    assert "szef@inna.pl" in page(browser_of, url)
    press(browser_of, url, {"2-right": "on", "action": "create"})
    assert Mailbox.objects.count() == 1


def test_what_another_tab_stores_meanwhile_is_not_created_unseen(
    browser_of: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = send(browser_of, GOOD)
    fields = {**as_shown(page(browser_of, url)), "action": "create"}
    check_now = checking.check

    def check_after_another_tab(import_record: Import) -> Plan:
        monkeypatch.setattr(checking, "check", check_now)
        checking.correct(Import.objects.get(), corrections=at({2: {Field.EMAIL: "janek@przyklad.iq.pl"}}))
        return check_now(import_record)

    monkeypatch.setattr(checking, "check", check_after_another_tab)
    browser_of.post(url, fields)
    assert Mailbox.objects.count() == 0
    html = page(browser_of, url)
    assert "Nothing was created." in html
    assert "janek@" in html


def test_reading_again_from_an_old_tab_drops_no_correction(browser_of: Client) -> None:
    url = send(browser_of, FAULTY)
    old_tab = as_shown(page(browser_of, url))
    press(browser_of, url, {"4-email": "ola@przyklad.iq.pl", "action": "check"})
    sent = {"version": old_tab["version"], "separator": ","}
    response = browser_of.post(url + "columns/", sent, follow=True)
    assert "The list was changed in another tab." in response.content.decode()
    assert typed_into(Import.objects.get()) == {4: {Field.EMAIL: "ola@przyklad.iq.pl"}}


def test_two_choices_of_one_page_in_a_hurry_are_both_taken(browser_of: Client) -> None:
    url = send(browser_of, "E-mail;Quota\njan@przyklad.iq.pl;500\n")
    fields = {"version": as_shown(page(browser_of, url))["version"], "separator": ";"}
    browser_of.post(url + "columns/", fields)
    response = browser_of.post(url + "columns/", {**fields, "encoding": "cp1250"}, follow=True)
    assert "another tab" not in response.content.decode()
    assert choices_of(Import.objects.get()).reading.encoding == "cp1250"


def test_an_invisible_character_in_a_column_name_harms_nothing(browser_of: Client) -> None:
    url = send(browser_of, "E-mail;a\0b;Hasło\njan@przyklad.iq.pl;;Wiosna2024\n", action="create")
    assert "1 account created" in page(browser_of, url)
    assert "\0" not in repr(Import.objects.get().warnings)


def test_a_list_that_only_exceeds_a_limit_can_be_downloaded_to_shorten_it(browser_of: Client, domain: Domain) -> None:
    domain.max_mailboxes = 1
    domain.save()
    html = page(browser_of, send(browser_of))
    assert "Remove accounts or ask for more room." in html
    assert "Download the list with problems" in html


def test_the_same_file_is_recognised_although_an_address_was_corrected_then(browser_of: Client) -> None:
    text = "E-mail;Hasło\njan@przyklad.iq.pl;\newa@przyklad.iq.pll;\n"
    url = send(browser_of, text)
    press(browser_of, url, {"3-email": "ewa@przyklad.iq.pl", "action": "create"})
    assert Mailbox.objects.count() == 2
    assert "This file was imported on" in page(browser_of, send(browser_of, text))


def test_quotas_that_exceed_the_limit_together_are_lowered_on_the_page(browser_of: Client, domain: Domain) -> None:
    Domain.objects.update(max_total_quota_mb=3000)
    url = send(browser_of, "E-mail;Pojemność\na@przyklad.iq.pl;500\nb@przyklad.iq.pl;9000\n")
    html = browser_of.get(url).content.decode()
    assert "The file cannot be imported as it is" in html
    assert 'name="3-quota"' in html
    browser_of.post(url, {"action": "check", "2-quota": "500", "3-quota": "900"})
    assert "2 accounts ready" in browser_of.get(url).content.decode()


def test_a_default_quota_over_the_limit_is_one_error_at_its_field(browser_of: Client, domain: Domain) -> None:
    domain.max_mailbox_quota_mb = 2000
    domain.save()
    url = send(browser_of, "E-mail\n" + "".join(f"a{n}@przyklad.iq.pl\n" for n in range(30)), default_quota_mb="5000")
    html = page(browser_of, url)
    assert html.count("is more than a mailbox of przyklad.iq.pl may have") == 2  # in the summary and at the field
    press(browser_of, url, {"default_quota_mb": "2000", "action": "create"})
    assert Mailbox.objects.filter(quota_mb=2000).count() == 30


def test_results_tell_which_accounts_have_been_changed_since(browser_of: Client) -> None:
    url = send(browser_of, action="create")
    assert "changed since the import" not in page(browser_of, url)
    Mailbox.objects.filter(local_part="ewa").update(password_hash="x")
    assert page(browser_of, url).count("changed since the import") == 1


def test_undo_says_that_the_rows_left_out_go_too(browser_of: Client) -> None:
    url = send(browser_of, FAULTY)
    press(browser_of, url, {"action": "create_good"})
    assert "The rows that were left out are erased, too." in page(browser_of, url + "undo/")


def test_what_the_command_line_imported_as_staff_is_there_for_staff_alone(client: Client, customer: User) -> None:
    import_record = checking.upload(content=GOOD.encode(), filename="lista.csv", uploaded_by=None)
    client.force_login(customer)
    assert client.get(import_record.get_absolute_url()).status_code == 404
    client.force_login(make_user("boss", is_staff=True))
    assert client.get(import_record.get_absolute_url()).status_code == 200
    assert "lista.csv" in page(client, "/imports/")


@pytest.mark.parametrize("part", ["discard/", "reading/", "saved/"])
def test_an_address_that_only_takes_forms_leads_to_the_import(browser_of: Client, part: str) -> None:
    url = send(browser_of)
    assert browser_of.get(url + part).headers["Location"] == url


def test_a_change_that_comes_after_the_creation_is_not_lost_in_silence(browser_of: Client) -> None:
    url = send(browser_of)
    other_tab = as_shown(page(browser_of, url))
    first = {**other_tab, "default_quota_mb": "500", "action": "create"}
    browser_of.post(url, first)
    twice = browser_of.post(url, first, follow=True)
    assert "was not used" not in twice.content.decode()
    untouched = browser_of.post(url, {**other_tab, "action": "check"}, follow=True)
    assert "was not used" not in untouched.content.decode()
    for action in ({"action": "check"}, {"action": "show_all"}, {}):
        late = {**other_tab, "2-email": "olga@przyklad.iq.pl", "default_quota_mb": str(len(repr(action)))}
        assert "What you changed was not used" in browser_of.post(url, {**late, **action}, follow=True).content.decode()


def test_a_corrected_cell_can_be_corrected_once_more(browser_of: Client) -> None:
    url = send(browser_of, FAULTY)
    press(browser_of, url, {"4-email": "ola@firma.example", "4-password": "Dobre123", "action": "check"})
    press(browser_of, url, {"4-email": "olla@przyklad.iq.pl", "4-quota": "5", "4-keep_copy": "", "action": "check"})
    html = page(browser_of, url)
    assert "3 accounts ready" in html
    assert as_shown(html)["4-email"] == "olla@przyklad.iq.pl"
    assert "Dobre123" not in html
    assert "typed here" in html
    press(browser_of, url, {"4-email": "ola@przyklad.iq.pl", "action": "create"})
    assert Mailbox.objects.filter(local_part="ola").exists()


def test_a_very_long_cell_is_compared_without_being_sent_twice(browser_of: Client) -> None:
    url = send(browser_of, f"E-mail\n{'x' * 5000}\n")
    fields = as_shown(page(browser_of, url))
    assert len(fields["2-email-was"]) == 64
    browser_of.post(url, {**fields, "action": "check"})
    assert typed_into(Import.objects.get()) == {}
    browser_of.post(url, {**fields, "2-email": "jan@przyklad.iq.pl", "action": "create"})
    assert Mailbox.objects.count() == 1


def test_a_repeated_address_is_named_although_its_domain_cannot_be_used(browser_of: Client) -> None:
    html = page(browser_of, send(browser_of, "E-mail\njan@obca.example\njan@obca.example\n"))
    assert "is already in row 2" in html


def test_the_progress_of_somebody_signed_out_reloads_the_page(client: Client) -> None:
    response = client.get(f"/imports/{uuid.uuid4()}/progress", headers={"hx-request": "true"})
    assert response.headers["HX-Refresh"] == "true"
