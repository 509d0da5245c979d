"""One-time links for new passwords, and the list of all links: what became of them, and how they are revoked."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Mailbox
from accounts.passwords import hash_password, verify_password
from bulkimport.models import Handout
from bulkimport.services import handing_out
from bulkimport.services.after import undo
from bulkimport.services.handing_out import PasswordChanged, links_made_for, make_links_for, new_seed, open_link
from tests.factories import make_client, make_created_import, make_domain, make_forward, make_mailbox, make_user

pytestmark = pytest.mark.django_db

TOKEN = "t" * 32
PASSWORD = "Wiosna2024x"


@pytest.fixture
def three(customer: User) -> list[Mailbox]:
    return [make_mailbox(f"{name}@przyklad.iq.pl") for name in ("adam", "beata", "celina")]


def shown(response: Any) -> dict[str, str]:
    """Return what a page shows by address: the passwords, or the links."""
    found = re.findall(r'data-account="([^"]+)".*?data-password>([^<]+)<', response.content.decode(), re.DOTALL)
    return dict(found)


def new_passwords(client: Client, mailboxes: list[Mailbox]) -> str:
    """Give these mailboxes new passwords, by the page for it, and return the address of the page that shows them."""
    page = "/mailboxes/selected/passwords/?" + "&".join(f"select={mailbox.pk}" for mailbox in mailboxes)
    (seen,) = re.findall(r'name="seen" value="(\w+)"', client.get(page).content.decode())
    return str(client.post(page, {"seen": seen, "token": TOKEN})["Location"])


def make(client: Client, mailboxes: list[Mailbox], **fields: Any) -> Any:
    """Give these mailboxes new passwords and press the button for links on the page that shows them."""
    return client.post(f"{new_passwords(client, mailboxes)}links/", fields, follow=True)


def key_of(link: str) -> str:
    return link.partition("#")[2]


def press(client: Client, query: str = "", **fields: Any) -> str:
    """Press a button of the list of links as it stands now, and return the page that comes."""
    (newest,) = re.findall(r'name="newest" value="(\w+)"', client.get(f"/links/{query}").content.decode())
    return client.post(f"/links/{query}", {"newest": newest, **fields}, follow=True).content.decode()


# --- Links for new passwords


def test_new_passwords_are_handed_out_by_links(browser_of: Client, three: list[Mailbox]) -> None:
    page = new_passwords(browser_of, three[:2])
    passwords = shown(browser_of.get(page))
    assert f'action="{page}links/"' in browser_of.get(page).content.decode()
    response = browser_of.post(f"{page}links/")
    links = shown(response)
    assert list(links) == ["adam@przyklad.iq.pl", "beata@przyklad.iq.pl"]
    assert all(re.fullmatch(r"http://testserver/handout/#[0-9a-f]{32}", link) for link in links.values())
    assert "no-store" in response.headers["Cache-Control"]
    assert f'href="{page}"' in response.content.decode(), "the way back"
    for address, link in links.items():
        html = Client().post("/handout/open/", {"link": link}).content.decode()
        assert passwords[address] in html
        assert verify_password(passwords[address], Mailbox.objects.get(address=address).password_hash)
    assert not Handout.objects.exclude(sealed=None).exists()


@pytest.mark.parametrize("way", ["new", "edit"])
def test_a_mailbox_added_or_changed_by_hand_gets_a_link_too(browser_of: Client, three: list[Mailbox], way: str) -> None:
    page, values = {
        "new": ("/mailboxes/new/", {"email": "nowa@przyklad.iq.pl"}),
        "edit": (f"/mailboxes/{three[0].pk}/", {"generates": "on", "quota": "500", "is_active": "on"}),
    }[way]
    kept = browser_of.post(page, {"token": TOKEN, **values})["Location"]
    (link,) = shown(browser_of.post(f"{kept}links/")).values()
    assert browser_of.post(page, {"token": TOKEN, **values})["Location"] == kept, "the same passwords and links"
    assert Handout.objects.waiting().count() == 1
    handed_out = open_link(key_of(link))
    assert handed_out is not None
    assert [handed_out.password] == list(shown(browser_of.get(kept)).values())


def test_the_same_page_gives_the_same_links_again(browser_of: Client, three: list[Mailbox]) -> None:
    page = new_passwords(browser_of, three)
    first, second = (shown(browser_of.post(f"{page}links/")) for _press in range(2))
    assert first == second
    assert Handout.objects.count() == 3
    open_link(key_of(first["adam@przyklad.iq.pl"]))
    third = browser_of.post(f"{page}links/")
    assert list(shown(third)) == ["beata@przyklad.iq.pl", "celina@przyklad.iq.pl"], "the opened one is not made again"
    assert "1 mailbox has no link here" in third.content.decode()
    press(browser_of, action="revoke_all")
    html = browser_of.post(f"{page}links/", follow=True).content.decode()
    assert "There are no links to show. To make new ones, generate new passwords." in html
    assert browser_of.get(f"{page}links/")["Location"] == page


def test_links_go_on_working_once_the_passwords_are_saved(browser_of: Client, three: list[Mailbox]) -> None:
    page = new_passwords(browser_of, three[:1])
    (link,) = shown(browser_of.post(f"{page}links/")).values()
    browser_of.post(f"{page}saved/")
    assert browser_of.post(f"{page}links/").status_code == 404
    assert open_link(key_of(link))


def test_the_links_are_downloaded_for_a_mail_merge(browser_of: Client, three: list[Mailbox]) -> None:
    page = new_passwords(browser_of, three)
    links = shown(browser_of.post(f"{page}links/"))
    file = browser_of.post(f"{page}links/", {"action": "csv"})
    rows = list(csv.reader(io.StringIO(file.content.decode("utf-8-sig"))))
    assert rows == [["E-mail", "Link"], *map(list, links.items())]
    assert "no-store" in file.headers["Cache-Control"]
    assert 'filename="links.csv"' in file.headers["Content-Disposition"]


def test_a_download_makes_nothing(browser_of: Client, three: list[Mailbox]) -> None:
    assert "There are no links to show." in make(browser_of, three, action="csv").content.decode()
    assert Handout.objects.count() == 0


def test_only_the_password_that_the_mailbox_has_is_handed_out(browser_of: Client, three: list[Mailbox]) -> None:
    page = new_passwords(browser_of, three)
    Mailbox.objects.filter(pk=three[0].pk).update(password_hash=hash_password("Wlasne1234", generated=True))
    three[1].delete()
    assert list(shown(browser_of.post(f"{page}links/"))) == ["celina@przyklad.iq.pl"]
    assert Handout.objects.count() == 1


def test_links_of_passwords_that_have_been_changed_are_not_handed_on(browser_of: Client, three: list[Mailbox]) -> None:
    page = new_passwords(browser_of, three)
    assert len(shown(browser_of.post(f"{page}links/"))) == 3
    Mailbox.objects.filter(pk=three[0].pk).update(password_hash=hash_password("Wlasne1234", generated=True))
    rest = ["beata@przyklad.iq.pl", "celina@przyklad.iq.pl"]
    assert list(shown(browser_of.post(f"{page}links/"))) == rest


def test_a_link_ends_with_its_password_even_if_the_same_one_is_set_again(
    browser_of: Client, three: list[Mailbox]
) -> None:
    page = new_passwords(browser_of, three[:1])
    (password,) = shown(browser_of.get(page)).values()
    (link,) = shown(browser_of.post(f"{page}links/")).values()
    Mailbox.objects.update(password_hash=hash_password(password, generated=True))
    assert "shows nothing: the password has been changed since" in browser_of.get("/links/").content.decode()
    with pytest.raises(PasswordChanged):
        open_link(key_of(link))
    assert not Handout.objects.usable().exists()


def test_a_password_that_is_changed_meanwhile_is_not_handed_out(three: list[Mailbox]) -> None:
    mailbox = make_mailbox("dorota@przyklad.iq.pl", password_hash=hash_password(PASSWORD, generated=True))
    Mailbox.objects.filter(pk=mailbox.pk).update(password_hash=hash_password("Wlasne1234", generated=True))
    seed = new_seed()
    make_links_for([(mailbox, PASSWORD)], seed)
    assert links_made_for([mailbox], seed) == []


def test_new_links_replace_those_of_an_import(browser_of: Client, customer: User) -> None:
    created = make_created_import(customer, "E-mail\nadam@przyklad.iq.pl\newa@przyklad.iq.pl\n")
    seed = new_seed()
    handing_out.make_links(created, seed)
    old = {link.address: link.key for link in handing_out.links_made(created, seed)}
    adam = Mailbox.objects.get(local_part="adam")
    (link,) = shown(make(browser_of, [adam])).values()
    assert open_link(old["adam@przyklad.iq.pl"]) is None
    undo(created)
    assert Mailbox.objects.get() == adam, "it was changed since"
    assert open_link(key_of(link)), "the undone import has nothing to do with its new password"


# --- The list of all links


@pytest.fixture
def made(browser_of: Client, three: list[Mailbox]) -> dict[str, str]:
    """Make links for three mailboxes, and return their keys by local part."""
    return {address.partition("@")[0]: key_of(link) for address, link in shown(make(browser_of, three)).items()}


def test_the_list_tells_what_became_of_each_link_and_no_secret(browser_of: Client, made: dict[str, str]) -> None:
    open_link(made["adam"])
    Mailbox.objects.filter(local_part="beata").update(password_hash=hash_password("Wlasne1234", generated=True))
    html = browser_of.get("/links/").content.decode()
    rows = re.findall(r"<tr role=\"row\">(.*?)</tr>", html, re.DOTALL)[1:]
    states = ["waiting, valid until ", "shows nothing: the password has been changed since", "opened on "]
    for row, name, state in zip(rows, ("celina", "beata", "adam"), states, strict=True):
        assert f"{name}<wbr>@przyklad.iq.pl" in row
        assert state in row
        assert ('type="checkbox"' in row) is (name == "celina")
    assert not any(key in html for key in made.values())
    assert not any(link.key_hash in html for link in Handout.objects.all())


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["celina", "beata", "adam"]),
        ("?state=waiting", ["celina"]),
        ("?state=opened", ["adam"]),
        ("?state=ended", ["beata"]),
        ("?q=BEA", ["beata"]),
        ("?q=nobody", []),
        ("?domain=999", ["celina", "beata", "adam"]),
        ("?state=perhaps", ["celina", "beata", "adam"]),
    ],
)
def test_links_are_looked_for(browser_of: Client, made: dict[str, str], query: str, found: list[str]) -> None:
    open_link(made["adam"])
    Handout.objects.filter(mailbox__local_part="beata").revoke()
    html = browser_of.get(f"/links/{query}").content.decode()
    assert re.findall(r">(\w+)<wbr>@przyklad.iq.pl<", html) == found
    assert ("No link matches" in html) is not found


def test_a_link_that_shows_nothing_any_more_is_not_waiting(browser_of: Client, made: dict[str, str]) -> None:
    Mailbox.objects.exclude(local_part="adam").update(password_hash=hash_password("Wlasne1234", generated=True))
    assert re.findall(r">(\w+)<wbr>@", browser_of.get("/links/?state=waiting").content.decode()) == ["adam"]
    assert re.findall(r">(\w+)<wbr>@", browser_of.get("/links/?state=ended").content.decode()) == ["celina", "beata"]
    assert "1 link was revoked." in press(browser_of, action="revoke_all")


def test_a_link_is_not_found_by_a_forward_that_no_row_shows(browser_of: Client, made: dict[str, str]) -> None:
    make_forward("beata@przyklad.iq.pl", "adam@przyklad.iq.pl", keep_copy=True)
    assert re.findall(r">(\w+)<wbr>@", browser_of.get("/links/?q=adam@").content.decode()) == ["adam"]


def test_all_are_not_revoked_when_the_filter_is_none_any_more(
    browser_of: Client, made: dict[str, str], customer: User
) -> None:
    other = make_domain("firma.example", [customer])
    newest = Handout.objects.latest("pk").pk
    other.administrators.clear()
    sent = {"newest": newest, "action": "revoke_all"}
    assert (
        "Look at it as it is now." in browser_of.post(f"/links/?domain={other.pk}", sent, follow=True).content.decode()
    )
    assert Handout.objects.waiting().count() == 3


def test_the_chosen_and_all_that_match_are_revoked(browser_of: Client, made: dict[str, str]) -> None:
    adam = Handout.objects.get(mailbox__local_part="adam")
    assert "1 link was revoked." in press(browser_of, action="revoke", link=[adam.pk, "x"])
    assert "No link was revoked" in press(browser_of, action="revoke", link=[adam.pk]), "the second of two presses"
    assert open_link(made["adam"]) is None
    assert "Choose at least one link" in press(browser_of, action="revoke")
    assert "1 link was revoked." in press(browser_of, "?q=beata", action="revoke_all")
    assert open_link(made["beata"]) is None
    assert open_link(made["celina"])
    assert 'value="revoke' not in browser_of.get("/links/").content.decode()


def test_what_is_made_after_the_page_was_shown_is_not_revoked_by_it(
    browser_of: Client, made: dict[str, str], three: list[Mailbox]
) -> None:
    (newest,) = re.findall(r'name="newest" value="(\w+)"', browser_of.get("/links/").content.decode())
    later = make_mailbox("dorota@przyklad.iq.pl", password_hash=hash_password(PASSWORD, generated=True))
    seed = new_seed()
    make_links_for([(later, PASSWORD)], seed)
    for sent in ("", "x"):
        browser_of.post("/links/", {"newest": sent, "action": "revoke_all"})
    assert Handout.objects.usable().count() == 4
    browser_of.post("/links/", {"newest": newest, "action": "revoke_all"})
    assert Handout.objects.usable().get().mailbox == later


def test_another_customer_sees_and_revokes_nothing(made: dict[str, str]) -> None:
    stranger = make_user("obcy")
    make_domain("cudza.example", [stranger])
    client = make_client(stranger)
    html = client.get("/links/").content.decode()
    assert "No links yet" in html
    assert "przyklad" not in html
    links = list(Handout.objects.values_list("pk", flat=True))
    for action in ("revoke", "revoke_all"):
        client.post("/links/", {"newest": max(links), "action": action, "link": links})
    assert Handout.objects.usable().count() == 3
    assert Client().get("/links/").headers["Location"].startswith("/login/")


def test_the_list_forgets_what_has_expired(browser_of: Client, made: dict[str, str]) -> None:
    Handout.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
    assert "expired unopened on" in browser_of.get("/links/").content.decode()
    assert Handout.objects.filter(sealed__isnull=False).count() == 0


def test_the_list_costs_the_same_whatever_there_is(browser_of: Client, made: dict[str, str]) -> None:
    with CaptureQueriesContext(connection) as few:
        browser_of.get("/links/")
    for _time in range(3):
        mailboxes = list(Mailbox.objects.all())
        Mailbox.objects.update(password_hash=hash_password(PASSWORD, generated=True))
        for mailbox in mailboxes:
            mailbox.refresh_from_db()
        make_links_for([(mailbox, PASSWORD) for mailbox in mailboxes], new_seed())
    with CaptureQueriesContext(connection) as many:
        browser_of.get("/links/")
    assert len(many) == len(few)
