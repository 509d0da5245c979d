"""The page of a batch's links: made, shown, downloaded and revoked, of an import and of new passwords alike."""

from __future__ import annotations

import csv
import io
import re
from threading import Thread
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from accounts.handout import links
from accounts.handout.links import mailbox_links, open_link, revoke_links
from accounts.handout.models import Batch, Link
from accounts.models import Domain, Mailbox
from accounts.passwords import hash_password, verify_password
from accounts.services import lock_domains
from bulkimport.downloads import links as links_csv
from bulkimport.models import Import
from bulkimport.services.results import forget_secrets
from tests.factories import generated_passwords, make_client, make_user
from tests.handout.passwords import (
    batch_page,
    change_password,
    link_key,
    make_all_links,
    make_keys,
    press,
    set_passwords,
    shown,
)
from tests.pages import form_in, secrets_in

pytestmark = pytest.mark.django_db


def test_links_are_made_shown_and_downloaded(batch: Batch, logged_in: Client) -> None:
    page = f"{batch_page(batch)}links/"
    assert "Make 2 links" in logged_in.get(page).content.decode()
    response = press(logged_in, page, "make_all")
    assert response.redirect_chain == [(page, 302)], "loading the page again makes nothing"
    links = secrets_in(response.content.decode())
    assert list(links) == ["jan@przyklad.iq.pl", "ewa@przyklad.iq.pl"]
    assert all(re.fullmatch(r"http://testserver/handout/#[0-9a-f]{32}", link) for link in links.values())
    assert "no-store" in response.headers["Cache-Control"]
    html = logged_in.get(page).content.decode()
    assert "2 links are waiting to be opened" in html
    assert "Make 2 new links" in html
    assert f'href="{batch_page(batch)}links.csv"' in html
    assert f'href="/imports/{batch.pk}/"' in html, "the way back"
    assert shown(logged_in, page) == links
    file = logged_in.get(f"{batch_page(batch)}links.csv")
    rows = list(csv.reader(io.StringIO(file.content.decode("utf-8-sig"))))
    assert rows == [["E-mail", "Link"], *map(list, links.items())]
    assert "no-store" in file.headers["Cache-Control"]
    assert 'filename="lista-links.csv"' in file.headers["Content-Disposition"]
    assert open_link(link_key(links["jan@przyklad.iq.pl"]))
    assert "opened on " in logged_in.get(page).content.decode()
    assert list(shown(logged_in, page)) == ["ewa@przyklad.iq.pl"]


def test_links_are_not_shown_once_the_passwords_are_erased(batch: Batch, created: Import, logged_in: Client) -> None:
    keys = make_keys(batch)
    forget_secrets(created)
    page = f"{batch_page(batch)}links/"
    html = logged_in.get(page).content.decode()
    assert "They cannot be shown again, and there is no password left to make new ones with." in html
    assert "links.csv" not in html
    assert not any(key in html for key in keys.values())
    assert "There are no links to show." in logged_in.get(f"{page[:-1]}.csv", follow=True).content.decode()
    assert "2 links were revoked." in press(logged_in, page, "revoke_all").content.decode()


def test_the_second_of_two_presses_and_an_older_page_change_nothing(batch: Batch, logged_in: Client) -> None:
    page = f"{batch_page(batch)}links/"
    first = {**form_in(logged_in.get(page).content.decode(), field="token").fields, "action": "make_all"}
    for _press in range(2):
        assert "2 links were made." in logged_in.post(page, first, follow=True).content.decode()
    links = shown(logged_in, page)
    assert Link.objects.count() == 2
    jan = Mailbox.objects.get(local_part="jan")
    sent = ({"action": "make_all"}, {"action": "make", "mailbox": [jan.pk]}, {"action": "revoke_all"})
    for version in ({"shown_version": "0"}, {"shown_version": "x"}, {}):
        for fields in sent:
            html = logged_in.post(page, {**fields, **version}, follow=True).content.decode()
            assert "The list was changed in another tab. Look at it as it is now." in html
    assert shown(logged_in, page) == links
    assert Link.objects.count() == 2


def test_a_download_makes_nothing(batch: Batch, logged_in: Client) -> None:
    response = logged_in.get(f"{batch_page(batch)}links.csv", follow=True)
    assert "There are no links to show." in response.content.decode()
    assert Link.objects.count() == 0


# --- Of new passwords


def test_new_passwords_are_handed_out_by_links(logged_in: Client, three: list[Mailbox]) -> None:
    page = set_passwords(logged_in, three[:2])
    passwords = shown(logged_in, page)
    assert f'href="{page}links/"' in logged_in.get(page).content.decode()
    assert "go on working" not in logged_in.get(page).content.decode()
    links = make_all_links(logged_in, page)
    assert list(links) == ["adam@przyklad.iq.pl", "beata@przyklad.iq.pl"]
    html = logged_in.get(f"{page}links/").content.decode()
    assert f'href="{page}"' in html, "the way back"
    assert "go on working" in logged_in.get(page).content.decode()
    for address, link in links.items():
        html = Client().post("/handout/open/", {"link": link}).content.decode()
        assert passwords[address] in html
        assert verify_password(passwords[address], Mailbox.objects.get(address=address).password_hash)
    assert not Link.objects.exclude(sealed=None).exists()


@pytest.mark.parametrize("way", ["new", "edit"])
def test_a_mailbox_added_or_changed_by_hand_gets_a_link_too(logged_in: Client, three: list[Mailbox], way: str) -> None:
    page, values = {
        "new": ("/mailboxes/new/", {"email": "nowa@przyklad.iq.pl"}),
        "edit": (f"/mailboxes/{three[0].pk}/", {"generates": "on"}),
    }[way]
    sent = {**form_in(logged_in.get(page).content.decode(), field="token").fields, **values}
    passwords = logged_in.post(page, sent)["Location"]
    (link,) = make_all_links(logged_in, passwords).values()
    assert logged_in.post(page, sent)["Location"] == passwords, "the same passwords and links"
    assert Link.objects.waiting().count() == 1
    handed_out = open_link(link_key(link))
    assert handed_out is not None
    assert [handed_out.password] == list(shown(logged_in, passwords).values())


def test_links_go_on_working_once_the_passwords_are_saved(logged_in: Client, three: list[Mailbox]) -> None:
    page = set_passwords(logged_in, three[:1])
    (link,) = make_all_links(logged_in, page).values()
    logged_in.post(f"{page}saved/")
    assert logged_in.post(f"{page}links/").status_code == 404
    assert open_link(link_key(link))


def test_the_links_are_downloaded_for_a_mail_merge(logged_in: Client, three: list[Mailbox]) -> None:
    page = set_passwords(logged_in, three)
    links = make_all_links(logged_in, page)
    file = logged_in.get(f"{page}links.csv")
    rows = list(csv.reader(io.StringIO(file.content.decode("utf-8-sig"))))
    assert rows == [["E-mail", "Link"], *map(list, links.items())]
    assert 'filename="links.csv"' in file.headers["Content-Disposition"]


def test_only_the_password_that_the_mailbox_has_is_handed_out(logged_in: Client, three: list[Mailbox]) -> None:
    page = set_passwords(logged_in, three)
    change_password(three[0])
    three[1].delete()
    assert list(make_all_links(logged_in, page)) == ["celina@przyklad.iq.pl"]
    assert Link.objects.count() == 1


def test_links_of_passwords_that_have_been_changed_are_not_handed_on(logged_in: Client, three: list[Mailbox]) -> None:
    page = set_passwords(logged_in, three)
    assert len(make_all_links(logged_in, page)) == 3
    change_password(three[0])
    assert list(shown(logged_in, f"{page}links/")) == ["beata@przyklad.iq.pl", "celina@przyklad.iq.pl"]


# --- Of imports


def test_only_the_chosen_are_made_and_revoked(batch: Batch, logged_in: Client) -> None:
    page = f"{batch_page(batch)}links/"
    jan, ewa = (Mailbox.objects.get(local_part=name) for name in ("jan", "ewa"))
    made = press(logged_in, page, "make", mailbox=[jan.pk])
    assert "1 link was made." in made.content.decode()
    assert set(secrets_in(made.content.decode())) == {"jan@przyklad.iq.pl"}
    press(logged_in, page, "make", mailbox=[ewa.pk, "x", "9" * 30])
    assert Link.objects.usable().count() == 2
    assert "1 link was revoked." in press(logged_in, page, "revoke", mailbox=[jan.pk]).content.decode()
    assert Link.objects.usable().get().mailbox == ewa
    assert "1 link was revoked." in press(logged_in, page, "revoke_all").content.decode()
    for action in ("make", "revoke"):
        assert "Choose at least one mailbox" in press(logged_in, page, action).content.decode()
    assert Link.objects.usable().count() == 0
    ola = Mailbox.objects.get(local_part="ola")
    assert "No link was made" in press(logged_in, page, "make", mailbox=[ola.pk]).content.decode()


def test_a_password_that_was_changed_since_is_in_no_result_any_more(created: Import, logged_in: Client) -> None:
    password = generated_passwords(created)["jan@przyklad.iq.pl"]
    results, batch = created.get_absolute_url(), batch_page(created)
    pages = [results, f"{results}results.csv", batch, f"{batch}sheets/", f"{batch}passwords.csv"]
    assert all(password in logged_in.get(address).content.decode() for address in pages)
    Mailbox.objects.filter(local_part="jan").update(password_hash=hash_password("Inne1234"))
    assert not any(password in logged_in.get(address).content.decode() for address in pages)
    html = logged_in.get(created.get_absolute_url()).content.decode()
    assert "has been changed since" in html
    assert html.count("data-password") == 1, "the other one is still there"


def test_the_page_tells_why_a_mailbox_gets_no_link(batch: Batch, logged_in: Client) -> None:
    page = f"{batch_page(batch)}links/"
    make_keys(batch)
    Mailbox.objects.filter(local_part="jan").update(password_hash=hash_password("Inne1234"))
    html = logged_in.get(page).content.decode()
    assert ">changed since<" in html
    assert "shows nothing: the password has been changed since" in html
    assert "1 link is waiting to be opened" in html
    revoke_links(mailbox_links(batch))
    html = logged_in.get(page).content.decode()
    assert "the one you gave" in html
    assert "Make 1 link" in html
    Mailbox.objects.filter(local_part="ewa").delete()
    html = logged_in.get(page).content.decode()
    assert "There is no password to hand out" in html
    assert 'name="mailbox"' not in html


def test_another_login_finds_no_links_and_revokes_none(batch: Batch) -> None:
    make_keys(batch)
    stranger = make_client(make_user("obcy", is_staff=True, is_superuser=False))
    for part in ("links/", "links.csv", "sheets/", "passwords.csv", ""):
        assert stranger.get(batch_page(batch) + part).status_code == 404
    sent = {"action": "revoke_all", "shown_version": Link.objects.latest("pk").pk}
    assert stranger.post(f"{batch_page(batch)}links/", sent).status_code == 404
    assert Link.objects.usable().count() == 2
    assert Client().get(f"{batch_page(batch)}links/").headers["Location"].startswith("/login/")


def test_a_domain_that_was_taken_away_takes_its_links_along(batch: Batch, logged_in: Client, domain: Domain) -> None:
    make_keys(batch)
    domain.administrators.clear()
    page = f"{batch_page(batch)}links/"
    assert "jan" not in logged_in.get(page).content.decode()
    press(logged_in, page, "revoke_all")
    assert Link.objects.usable().count() == 2
    assert secrets_in(press(logged_in, page, "make_all").content.decode()) == {}


@pytest.mark.parametrize(("language", "separator"), [("en", ","), ("pl", ";")])
def test_no_cell_of_the_csv_is_taken_for_a_formula(language: str, separator: str) -> None:
    rows = [("=cmd@przyklad.iq.pl", "https://panel.example/handout/#1"), ("+48@xn--w-uga1v8h.pl", "@x")]
    with translation.override(language):
        text = links_csv(rows, "lista.csv").content.decode("utf-8-sig")
    cells = list(csv.reader(io.StringIO(text), delimiter=separator))
    assert cells[1][0] == "\N{NO-BREAK SPACE}=cmd@przyklad.iq.pl"
    assert cells[2][0] == "\N{NO-BREAK SPACE}+48@żółw.pl"
    assert not any(cell.startswith(("=", "+", "-")) for row in cells for cell in row)


def test_the_page_costs_the_same_whatever_there_is(batch: Batch, logged_in: Client) -> None:
    page = f"{batch_page(batch)}links/"
    make_keys(batch)
    with CaptureQueriesContext(connection) as few:
        logged_in.get(page)
    for _time in range(3):
        make_keys(batch)
    with CaptureQueriesContext(connection) as many:
        logged_in.get(page)
    assert len(many) == len(few)


def test_the_admin_tells_what_became_of_links_and_no_secret(created: Import, batch: Batch) -> None:
    key = make_keys(batch)["jan@przyklad.iq.pl"]
    open_link(key)
    staff = make_client(make_user("boss", is_staff=True))
    html = staff.get(reverse("admin:bulkimport_import_change", args=[created.pk])).content.decode()
    assert re.search(r"jan@przyklad.iq.pl: made on [^<]+, opened on ", html)
    assert re.search(r"ewa@przyklad.iq.pl: made on [^<]+, waiting, valid until ", html)
    for link in Link.objects.all():
        assert link.key_hash not in html
    assert key not in html


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", ["_write_links", "seal"])
def test_a_mailbox_that_is_deleted_meanwhile_costs_nobody_their_page(
    batch: Batch, logged_in: Client, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Another person deletes it as the links are about to be written: they wait for one another."""
    mailbox = Mailbox.objects.get(local_part="jan")
    real, deleting = getattr(links, name), []

    def delete() -> None:
        try:
            with transaction.atomic():
                lock_domains([mailbox.domain_id])
                mailbox.delete()
        finally:
            connection.close()

    def meanwhile(*arguments: Any, **named: Any) -> Any:
        if not deleting:
            deleting.append(Thread(target=delete))
            deleting[0].start()
        return real(*arguments, **named)

    monkeypatch.setattr(links, name, meanwhile)
    answer = logged_in.post(f"{batch_page(batch)}links/", {"action": "make_all", "shown_version": "0"}, follow=True)
    deleting[0].join()
    assert answer.status_code == 200
    assert [link.mailbox.local_part for link in Link.objects.all()] == ["ewa"]
