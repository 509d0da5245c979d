"""One-time links: a password is shown once, to whoever has the link, and to nobody else; and every way it ends."""

from __future__ import annotations

import csv
import hashlib
import io
import logging
import re
from datetime import timedelta
from threading import Thread
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation
from pytest_django import Settings

from accounts.models import Domain, Mailbox
from accounts.passwords import hash_password, verify_password
from accounts.sealing import SealBroken, unseal
from bulkimport.downloads import links as links_csv
from bulkimport.models import Handout, Import
from bulkimport.services import handing_out
from bulkimport.services.after import forget_secrets, generated_passwords, undo
from bulkimport.services.checking import upload
from bulkimport.services.handing_out import PasswordChanged, links_made, make_links, new_seed, open_link
from tests.factories import make_client, make_created_import, make_user

pytestmark = pytest.mark.django_db

FILE = "E-mail;Hasło\njan@przyklad.iq.pl;\newa@przyklad.iq.pl;\nola@przyklad.iq.pl;Wiosna2024\n"
UNKNOWN = "0" * 32


@pytest.fixture
def created(customer: User) -> Import:
    """An import of three accounts: two with a generated password, one with a password of the file's own."""
    return make_created_import(customer, FILE)


def keys_of(import_record: Import) -> dict[str, str]:
    """Make a link for each mailbox that can have one, and return the keys by address."""
    seed = new_seed()
    make_links(import_record, seed)
    return {link.address: link.key for link in links_made(import_record, seed)}


def opened(key: str, **headers: str) -> HttpResponse:
    """Press the button of a link, in a browser that has never been here."""
    return Client(headers=headers).post(reverse("handout_open"), {"link": key})  # type: ignore[return-value]


def links_page(import_record: Import) -> str:
    return reverse("import_links", args=[import_record.pk])


def press(client: Client, import_record: Import, action: str, **fields: Any) -> HttpResponse:
    """Press a button of the page of links, as it stands now."""
    html = client.get(links_page(import_record)).content.decode()
    seed = re.search(r'name="seed" value="(\w+)"', html)
    assert seed
    data = {"seed": seed[1], "action": action, **fields}
    return client.post(links_page(import_record), data, follow=True)  # type: ignore[return-value]


def shown_links(response: HttpResponse) -> dict[str, str]:
    found = re.findall(r'data-account="([^"]+)".*?data-password>([^<]+)<', response.content.decode(), re.DOTALL)
    return dict(found)


# --- Making and opening


def test_a_link_shows_the_password_once(created: Import) -> None:
    keys = keys_of(created)
    assert set(keys) == {"jan@przyklad.iq.pl", "ewa@przyklad.iq.pl"}, "the third password is not known to the panel"
    passwords = generated_passwords(created)
    handed_out = open_link(keys["jan@przyklad.iq.pl"])
    assert handed_out is not None
    assert (handed_out.address, handed_out.password) == ("jan@przyklad.iq.pl", passwords["jan@przyklad.iq.pl"])
    assert handed_out.password not in repr(handed_out)
    assert open_link(keys["jan@przyklad.iq.pl"]) is None
    link = Handout.objects.get(mailbox__local_part="jan")
    assert (link.sealed, link.is_waiting) == (None, False)
    assert link.opened_at
    assert link.state.startswith("opened on ")
    assert open_link(keys["ewa@przyklad.iq.pl"]), "the other one still works"


def test_what_is_kept_cannot_be_read_without_the_link(created: Import, settings: Settings) -> None:
    key = keys_of(created)["jan@przyklad.iq.pl"]
    link = Handout.objects.get(mailbox__local_part="jan")
    assert link.sealed is not None
    assert key not in repr(list(Handout.objects.values_list()))
    for wrong in ("", UNKNOWN, link.key_hash, settings.SECRET_KEY):
        with pytest.raises(SealBroken):
            unseal(link.sealed, link_key=wrong)
    assert unseal(link.sealed, link_key=key).decode() == generated_passwords(created)["jan@przyklad.iq.pl"]
    settings.SECRET_KEY = "of somebody who has only stolen the database"
    with pytest.raises(SealBroken):
        unseal(link.sealed, link_key=key)
    assert open_link(key) is None
    assert Handout.objects.usable().filter(pk=link.pk).exists(), "a mistake with the keys uses nothing up"


def test_a_key_has_128_bits_and_the_database_its_hash(created: Import) -> None:
    keys = keys_of(created)
    assert all(len(bytes.fromhex(key)) * 8 >= 128 for key in keys.values())
    assert len(set(keys.values())) == len(keys)
    hashes = {hashlib.sha256(key.encode()).hexdigest() for key in keys.values()}
    assert hashes == set(Handout.objects.values_list("key_hash", flat=True))


def test_of_two_who_open_it_at_once_one_gets_the_password(created: Import, monkeypatch: pytest.MonkeyPatch) -> None:
    key = keys_of(created)["jan@przyklad.iq.pl"]
    others = []

    def overtaken(password: str, password_hash: str) -> bool:
        monkeypatch.setattr(handing_out, "verify_password", verify_password)
        others.append(open_link(key))
        return verify_password(password, password_hash)

    monkeypatch.setattr(handing_out, "verify_password", overtaken)
    assert open_link(key) is None
    assert others[0] is not None
    assert others[0].address == "jan@przyklad.iq.pl"


def test_new_links_replace_those_of_the_same_mailboxes(created: Import) -> None:
    first, jan = keys_of(created), Mailbox.objects.get(local_part="jan")
    seed = new_seed()
    make_links(created, seed, {jan.pk})
    (new,) = links_made(created, seed)
    assert open_link(first["jan@przyklad.iq.pl"]) is None
    assert Handout.objects.get(revoked_at__isnull=False).state.startswith("revoked on ")
    assert open_link(new.key)
    assert open_link(first["ewa@przyklad.iq.pl"])


def test_the_same_form_sent_twice_gives_the_same_links(created: Import) -> None:
    seed = new_seed()
    make_links(created, seed)
    before = links_made(created, seed)
    make_links(created, seed)
    assert links_made(created, seed) == before
    assert Handout.objects.count() == 2
    assert open_link(before[0].key)
    make_links(created, seed)
    assert links_made(created, seed) == before[1:], "what was opened is not made again"


# --- What ends a link


def test_a_link_ends_when_its_time_is_up(created: Import, settings: Settings) -> None:
    key = keys_of(created)["jan@przyklad.iq.pl"]
    lasts = Handout.objects.earliest("pk").expires_at - timezone.now()
    assert timedelta(days=6, hours=23) < lasts <= timedelta(days=7)
    Handout.objects.update(expires_at=timezone.now())
    assert open_link(key) is None
    assert Handout.objects.filter(sealed__isnull=False).count() == 2
    call_command("purge_imports", verbosity=0)
    assert Handout.objects.filter(sealed__isnull=False).count() == 0
    assert {link.state.partition(" on ")[0] for link in Handout.objects.all()} == {"expired unopened"}


def test_a_purge_leaves_what_still_works(created: Import) -> None:
    key = keys_of(created)["jan@przyklad.iq.pl"]
    Import.objects.update(expires_at=timezone.now())
    call_command("purge_imports", verbosity=0)
    assert open_link(key), "links outlive the results"


def test_a_password_changed_since_is_not_handed_out(created: Import) -> None:
    keys = keys_of(created)
    Mailbox.objects.filter(local_part="jan").update(password_hash=hash_password("Inne1234"))
    with pytest.raises(PasswordChanged):
        open_link(keys["jan@przyklad.iq.pl"])
    link = Handout.objects.get(mailbox__local_part="jan")
    assert (link.sealed, link.opened_at) == (None, None)
    assert link.revoked_at
    assert set(keys_of(created)) == {"ewa@przyklad.iq.pl"}


def test_another_change_than_of_the_password_does_no_harm(created: Import) -> None:
    Mailbox.objects.filter(local_part="jan").update(quota_mb=7)
    assert open_link(keys_of(created)["jan@przyklad.iq.pl"])


def test_undo_ends_all_links_of_an_import(created: Import) -> None:
    keys = keys_of(created)
    Mailbox.objects.filter(local_part="ewa").update(quota_mb=7)
    undo(created)
    assert Handout.objects.get().mailbox.local_part == "ewa"
    assert [open_link(key) for key in keys.values()] == [None, None]


def test_links_go_with_their_mailbox_in_the_admin_too(created: Import) -> None:
    key = keys_of(created)["jan@przyklad.iq.pl"]
    staff, jan = Client(), Mailbox.objects.get(local_part="jan")
    staff.force_login(make_user("boss", is_staff=True))
    page = reverse("admin:accounts_mailbox_delete", args=[jan.pk])
    assert staff.post(page, {"post": "yes"}).status_code == 302
    assert not Mailbox.objects.filter(pk=jan.pk).exists()
    assert Handout.objects.filter(key_hash=hashlib.sha256(key.encode()).hexdigest()).count() == 0
    assert open_link(key) is None


def test_saved_passwords_leave_the_links_and_make_no_new_ones(created: Import, browser_of: Client) -> None:
    assert "go on working" not in browser_of.get(created.get_absolute_url()).content.decode()
    key = keys_of(created)["jan@przyklad.iq.pl"]
    assert "go on working" in browser_of.get(created.get_absolute_url()).content.decode()
    forget_secrets(created)
    created.refresh_from_db()
    assert keys_of(created) == {}
    html = browser_of.get(links_page(created)).content.decode()
    assert "2 links are waiting to be opened" in html
    assert 'value="make' not in html
    assert open_link(key)


# --- The page that a link opens


@pytest.mark.parametrize("method", ["get", "head"])
def test_looking_at_a_link_uses_nothing_up(created: Import, method: str) -> None:
    key = keys_of(created)["jan@przyklad.iq.pl"]
    for page in ("handout", "handout_open"):
        response = getattr(Client(), method)(reverse(page), follow=True)
        assert response.status_code == 200
        assert "no-store" in response.headers["Cache-Control"]
        assert response.headers["Referrer-Policy"] == "no-referrer"
    assert open_link(key)


def test_whoever_has_a_link_sees_the_password_with_the_settings(created: Import, settings: Settings) -> None:
    settings.MAIL_HOSTNAME = "mail.przyklad.iq.pl"
    key = keys_of(created)["jan@przyklad.iq.pl"]
    response = opened(f" <https://panel.example/handout/#{key}>.\n")
    html = response.content.decode()
    assert generated_passwords(created)["jan@przyklad.iq.pl"] in html
    assert "jan<wbr>@przyklad.iq.pl" in html
    assert "mail.przyklad.iq.pl" in html
    assert "<svg" in html
    assert "no-store" in response.headers["Cache-Control"]
    assert response.headers["Referrer-Policy"] == "no-referrer"


def test_it_works_without_cookies_and_without_an_origin(created: Import) -> None:
    client = Client(enforce_csrf_checks=True, headers={"origin": "null"})
    key = keys_of(created)["jan@przyklad.iq.pl"]
    assert client.post(reverse("handout_open"), {"link": key}).status_code == 200


def test_used_revoked_expired_and_unknown_links_look_the_same(created: Import, customer: User) -> None:
    pages = []
    for end in ("used", "revoked", "expired", "unknown"):
        key = keys_of(created)["jan@przyklad.iq.pl"]
        if end == "used":
            opened(key)
        if end == "revoked":
            created.handouts().revoke()
        if end == "expired":
            Handout.objects.update(expires_at=timezone.now())
        response = opened(UNKNOWN if end == "unknown" else key)
        pages.append((response.status_code, response.content))
    assert len(set(pages)) == 1
    assert pages[0][0] == 404
    html = pages[0][1].decode()
    assert "This link does not work any more" in html
    assert "jan" not in html
    assert "przyklad" not in html


def test_a_changed_password_is_told_without_the_mailbox(created: Import) -> None:
    key = keys_of(created)["jan@przyklad.iq.pl"]
    password = generated_passwords(created)["jan@przyklad.iq.pl"]
    Mailbox.objects.update(password_hash=hash_password("Inne1234"))
    html = opened(key).content.decode()
    assert "The password has been changed since" in html
    assert "jan" not in html
    assert password not in html


@pytest.mark.parametrize("text", ["", "x", "https://panel.example/handout/#", "#abc", "żółw", "a" * 31, "\x00" * 40])
def test_half_a_link_is_an_error_at_its_field_and_comes_back(text: str) -> None:
    response = opened(text)
    assert response.status_code == 200
    html = response.content.decode()
    assert "This is not a whole link." in html
    assert 'aria-describedby="id_link-hint id_link-msg"' in html
    assert f'value="{text.strip()}"' in html or "\x00" in text


@pytest.mark.parametrize("language", ["pl", "en"])
def test_the_pages_speak_the_language_of_the_browser(created: Import, language: str) -> None:
    key = keys_of(created)["jan@przyklad.iq.pl"]
    assert f'<html lang="{language}"' in opened(key, accept_language=language).content.decode()
    assert f'<html lang="{language}"' in opened(key, accept_language=language).content.decode()


def test_whoever_is_signed_in_here_has_nothing_to_do_with_a_link(created: Import, browser_of: Client) -> None:
    assert "anna" not in browser_of.get(reverse("handout")).content.decode()


def test_no_log_has_a_key_or_a_password(created: Import, caplog: pytest.LogCaptureFixture) -> None:
    key = keys_of(created)["jan@przyklad.iq.pl"]
    password = generated_passwords(created)["jan@przyklad.iq.pl"]
    with caplog.at_level(logging.DEBUG):
        opened(key)
        assert opened(key).status_code == 404
        Client(enforce_csrf_checks=True).post(reverse("import_links", args=[created.pk]), {"link": key})
    assert "Not Found: /handout/open/" in caplog.text
    requests = [record for record in caplog.records if record.name != "django.db.backends"]
    assert key not in repr([record.getMessage() for record in requests])
    assert password not in caplog.text


# --- The page of an import's links


def test_links_are_made_shown_once_and_downloaded(created: Import, browser_of: Client) -> None:
    response = press(browser_of, created, "make_all")
    links = shown_links(response)
    assert set(links) == {"jan@przyklad.iq.pl", "ewa@przyklad.iq.pl"}
    assert all(re.fullmatch(r"http://testserver/handout/#[0-9a-f]{32}", link) for link in links.values())
    assert "no-store" in response.headers["Cache-Control"]
    seed = re.search(r'name="seed" value="(\w+)"', response.content.decode())
    assert seed
    file = browser_of.post(links_page(created), {"seed": seed[1], "action": "csv"})
    rows = list(csv.reader(io.StringIO(file.content.decode("utf-8-sig"))))
    assert rows == [["E-mail", "Link"], *map(list, links.items())]
    assert "no-store" in file.headers["Cache-Control"]
    html = browser_of.get(links_page(created)).content.decode()
    assert "2 links are waiting to be opened" in html
    assert not any(link.partition("#")[2] in html for link in links.values())
    assert "Make 2 new links" in html
    assert open_link(links["jan@przyklad.iq.pl"].partition("#")[2])
    assert "opened on " in browser_of.get(links_page(created)).content.decode()


def test_a_download_makes_nothing(created: Import, browser_of: Client) -> None:
    response = press(browser_of, created, "csv")
    assert "There are no links to show." in response.content.decode()
    assert Handout.objects.count() == 0


def test_only_the_chosen_are_made_and_revoked(created: Import, browser_of: Client) -> None:
    jan, ewa = (Mailbox.objects.get(local_part=name) for name in ("jan", "ewa"))
    assert set(shown_links(press(browser_of, created, "make", mailbox=[jan.pk]))) == {"jan@przyklad.iq.pl"}
    press(browser_of, created, "make", mailbox=[ewa.pk, "x", "9" * 30])
    assert Handout.objects.usable().count() == 2
    assert "1 link was revoked." in press(browser_of, created, "revoke", mailbox=[jan.pk]).content.decode()
    assert Handout.objects.usable().get().mailbox == ewa
    assert "1 link was revoked." in press(browser_of, created, "revoke_all").content.decode()
    for action in ("make", "revoke", ""):
        assert "Choose at least one mailbox" in press(browser_of, created, action).content.decode()
    assert Handout.objects.usable().count() == 0


def test_a_made_up_seed_is_not_used(created: Import, browser_of: Client) -> None:
    browser_of.post(links_page(created), {"seed": "weak", "action": "make_all"})
    assert Handout.objects.count() == 2
    assert links_made(created, "weak") == []


def test_a_password_that_was_changed_since_is_in_no_result_any_more(created: Import, browser_of: Client) -> None:
    password = generated_passwords(created)["jan@przyklad.iq.pl"]
    pages = [created.get_absolute_url() + part for part in ("", "results.csv", "sheets/")]
    assert all(password in browser_of.get(address).content.decode() for address in pages)
    Mailbox.objects.filter(local_part="jan").update(password_hash=hash_password("Inne1234"))
    assert not any(password in browser_of.get(address).content.decode() for address in pages)
    html = browser_of.get(created.get_absolute_url()).content.decode()
    assert "has been changed since" in html
    assert html.count("data-password") == 1, "the other one is still there"


def test_the_page_tells_why_a_mailbox_gets_no_link(created: Import, browser_of: Client) -> None:
    keys_of(created)
    Mailbox.objects.filter(local_part="jan").update(password_hash=hash_password("Inne1234"))
    html = browser_of.get(links_page(created)).content.decode()
    assert "changed since the import" in html
    assert "shows nothing: the password has been changed since" in html
    assert "1 link is waiting to be opened" in html
    created.handouts().revoke()
    html = browser_of.get(links_page(created)).content.decode()
    assert "the one you gave" in html
    assert "Make 1 link" in html
    Mailbox.objects.filter(local_part="ewa").delete()
    html = browser_of.get(links_page(created)).content.decode()
    assert "There is no password to hand out" in html
    assert 'name="mailbox"' not in html


def test_another_login_finds_no_links_and_revokes_none(created: Import) -> None:
    keys_of(created)
    stranger = make_client(make_user("obcy", is_staff=True, is_superuser=False))
    for page in ("import_links", "import_sheets"):
        assert stranger.get(reverse(page, args=[created.pk])).status_code == 404
    assert stranger.post(links_page(created), {"action": "revoke_all"}).status_code == 404
    assert Handout.objects.usable().count() == 2
    assert Client().get(links_page(created)).headers["Location"].startswith("/login/")


def test_a_domain_that_was_taken_away_takes_its_links_along(
    created: Import, browser_of: Client, domain: Domain
) -> None:
    keys_of(created)
    domain.administrators.clear()
    assert "jan" not in browser_of.get(links_page(created)).content.decode()
    press(browser_of, created, "revoke_all")
    assert Handout.objects.usable().count() == 2
    assert shown_links(press(browser_of, created, "make_all")) == {}


def test_before_there_are_accounts_there_is_nothing_to_hand_out(browser_of: Client, customer: User) -> None:
    import_record = upload(content=FILE.encode(), filename="lista.csv", uploaded_by=customer)
    for page in ("import_links", "import_sheets"):
        response = browser_of.get(reverse(page, args=[import_record.pk]))
        assert response.headers["Location"] == import_record.get_absolute_url()


@pytest.mark.parametrize(("language", "separator"), [("en", ","), ("pl", ";")])
def test_no_cell_of_the_csv_is_taken_for_a_formula(created: Import, language: str, separator: str) -> None:
    rows = [("=cmd@przyklad.iq.pl", "https://panel.example/handout/#1"), ("+48@xn--w-uga1v8h.pl", "@x")]
    with translation.override(language):
        text = links_csv(rows, created).content.decode("utf-8-sig")
    cells = list(csv.reader(io.StringIO(text), delimiter=separator))
    assert cells[1][0] == "\N{NO-BREAK SPACE}=cmd@przyklad.iq.pl"
    assert cells[2][0] == "\N{NO-BREAK SPACE}+48@żółw.pl"
    assert not any(cell.startswith(("=", "+", "-")) for row in cells for cell in row)


def test_the_page_costs_the_same_whatever_there_is(created: Import, browser_of: Client) -> None:
    with CaptureQueriesContext(connection) as few:
        browser_of.get(links_page(created))
    for _time in range(3):
        keys_of(created)
    with CaptureQueriesContext(connection) as many:
        browser_of.get(links_page(created))
    assert len(many) == len(few)


def test_the_admin_tells_what_became_of_links_and_no_secret(created: Import) -> None:
    key = keys_of(created)["jan@przyklad.iq.pl"]
    open_link(key)
    staff = make_client(make_user("boss", is_staff=True))
    html = staff.get(reverse("admin:bulkimport_import_change", args=[created.pk])).content.decode()
    assert re.search(r"jan@przyklad.iq.pl: made on [^<]+, opened on ", html)
    assert re.search(r"ewa@przyklad.iq.pl: made on [^<]+, waiting, valid until ", html)
    for link in Handout.objects.all():
        assert link.key_hash not in html
    assert key not in html


def test_the_setting_says_how_long_a_link_works(created: Import, settings: Settings) -> None:
    settings.HANDOUT_VALID = timedelta(days=1)
    keys_of(created)
    assert Handout.objects.latest("pk").expires_at <= timezone.now() + timedelta(days=1)


def test_the_default_is_seven_days() -> None:
    assert timedelta(days=7) == settings.HANDOUT_VALID


@pytest.mark.parametrize("end", [forget_secrets, undo])
def test_a_page_that_is_older_than_the_end_of_the_passwords_makes_no_links(created: Import, end: Any) -> None:
    Mailbox.objects.filter(local_part="jan").update(quota_mb=7)  # so that an undo leaves it
    stale = Import.objects.get(pk=created.pk)
    end(created)
    seed = new_seed()
    make_links(stale, seed)
    assert links_made(stale, seed) == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", ["_write_links", "seal"])
def test_a_mailbox_that_is_deleted_meanwhile_costs_nobody_their_page(
    created: Import, browser_of: Client, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Another person deletes it as the links are about to be written: they wait for one another."""
    mailbox = Mailbox.objects.get(local_part="jan")
    real, deleting = getattr(handing_out, name), []

    def delete() -> None:
        try:
            with transaction.atomic():
                Domain.objects.lock([mailbox.domain_id])
                mailbox.delete()
        finally:
            connection.close()

    def meanwhile(*arguments: Any, **named: Any) -> Any:
        if not deleting:
            deleting.append(Thread(target=delete))
            deleting[0].start()
        return real(*arguments, **named)

    monkeypatch.setattr(handing_out, name, meanwhile)
    answer = browser_of.post(f"{created.get_absolute_url()}links/", {"action": "make_all", "seed": new_seed()})
    deleting[0].join()
    assert answer.status_code == 200
    assert [link.mailbox.local_part for link in Handout.objects.all()] == ["ewa"]
