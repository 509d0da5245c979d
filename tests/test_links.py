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
from django.http import HttpResponse
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
from tests.reading import hidden

pytestmark = pytest.mark.django_db

LINKS = "/mailboxes/new-passwords/links/"
TOKEN = "t" * 32
PASSWORD = "Wiosna2024x"


@pytest.fixture
def three(customer: User) -> list[Mailbox]:
    return [make_mailbox(f"{name}@przyklad.iq.pl") for name in ("adam", "beata", "celina")]


def shown(response: HttpResponse) -> dict[str, str]:
    """Return what a page shows by address: the passwords, or the links."""
    found = re.findall(r'data-account="([^"]+)".*?data-password>([^<]+)<', response.content.decode(), re.DOTALL)
    return dict(found)


def new_passwords(client: Client, mailboxes: list[Mailbox]) -> HttpResponse:
    """Give these mailboxes new passwords, by the page for it."""
    page = "/mailboxes/selected/passwords/?" + "&".join(f"select={mailbox.pk}" for mailbox in mailboxes)
    (seen,) = re.findall(r'name="seen" value="(\w+)"', client.get(page).content.decode())
    return client.post(page, {"seen": seen, "token": TOKEN})  # type: ignore[return-value]


def make(client: Client, mailboxes: list[Mailbox], **fields: Any) -> HttpResponse:
    """Give these mailboxes new passwords and press the button for links on the page that shows them."""
    sent = hidden(new_passwords(client, mailboxes).content.decode())
    return client.post(LINKS, {**sent, **fields}, follow=True)  # type: ignore[return-value]


def key_of(link: str) -> str:
    return link.partition("#")[2]


def press(client: Client, query: str = "", **fields: Any) -> str:
    """Press a button of the list of links as it stands now, and return the page that comes."""
    (newest,) = re.findall(r'name="newest" value="(\w+)"', client.get(f"/links/{query}").content.decode())
    return client.post(f"/links/{query}", {"newest": newest, **fields}, follow=True).content.decode()


# --- Links for new passwords


def test_new_passwords_are_handed_out_by_links(browser_of: Client, three: list[Mailbox]) -> None:
    page = new_passwords(browser_of, three[:2])
    passwords = shown(page)
    assert f'formaction="{LINKS}"' in page.content.decode()
    response = browser_of.post(LINKS, hidden(page.content.decode()))
    links = shown(response)  # type: ignore[arg-type]
    assert list(links) == ["adam@przyklad.iq.pl", "beata@przyklad.iq.pl"]
    assert all(re.fullmatch(r"http://testserver/handout/#[0-9a-f]{32}", link) for link in links.values())
    assert "no-store" in response.headers["Cache-Control"]
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
    first = browser_of.post(page, {"token": TOKEN, **values}).content.decode()
    (link,) = shown(browser_of.post(LINKS, hidden(first))).values()  # type: ignore[arg-type]
    again = browser_of.post(page, {"token": TOKEN, **values}).content.decode()
    assert hidden(first) == hidden(again), "a refresh leads to the same link"
    assert Handout.objects.waiting().count() == 1
    handed_out = open_link(key_of(link))
    assert handed_out is not None
    assert [handed_out.password] == hidden(first)["password"]


def test_the_same_page_sent_twice_gives_the_same_links(browser_of: Client, three: list[Mailbox]) -> None:
    sent = hidden(new_passwords(browser_of, three).content.decode())
    first, second = (shown(browser_of.post(LINKS, sent)) for _press in range(2))  # type: ignore[arg-type]
    assert first == second
    assert Handout.objects.count() == 3
    open_link(key_of(first["adam@przyklad.iq.pl"]))
    third = shown(browser_of.post(LINKS, sent))  # type: ignore[arg-type]
    assert list(third) == ["beata@przyklad.iq.pl", "celina@przyklad.iq.pl"], "what was opened is not made again"
    press(browser_of, action="revoke_all")
    page = browser_of.post(LINKS, sent, follow=True).content.decode()
    assert "There are no links to show. To make new ones, generate new passwords." in page


def test_the_links_are_downloaded_for_a_mail_merge(browser_of: Client, three: list[Mailbox]) -> None:
    response = make(browser_of, three)
    file = browser_of.post(LINKS, {**hidden(response.content.decode()), "action": "csv"})
    rows = list(csv.reader(io.StringIO(file.content.decode("utf-8-sig"))))
    assert rows == [["E-mail", "Link"], *map(list, shown(response).items())]
    assert "no-store" in file.headers["Cache-Control"]
    assert 'filename="links.csv"' in file.headers["Content-Disposition"]


def test_a_download_makes_nothing(browser_of: Client, three: list[Mailbox]) -> None:
    assert "There are no links to show." in make(browser_of, three, action="csv").content.decode()
    assert Handout.objects.count() == 0


def test_only_the_password_that_the_mailbox_has_is_handed_out(browser_of: Client, three: list[Mailbox]) -> None:
    sent = hidden(new_passwords(browser_of, three).content.decode())
    Mailbox.objects.filter(pk=three[0].pk).update(password_hash=hash_password("Wlasne1234", generated=True))
    three[1].delete()
    response = browser_of.post(LINKS, sent)
    assert "The new passwords of 2 mailboxes do not hold any more" in response.content.decode()
    assert not Handout.objects.exists(), "first the page of the passwords says so"
    rest = hidden(response.content.decode())
    assert list(shown(browser_of.post(LINKS, rest))) == ["celina@przyklad.iq.pl"]  # type: ignore[arg-type]
    assert Handout.objects.count() == 1


def test_links_of_passwords_that_have_been_changed_are_not_handed_on(browser_of: Client, three: list[Mailbox]) -> None:
    page = make(browser_of, three).content.decode()
    changed = {"password_hash": hash_password("Wlasne1234", generated=True)}
    seed = hidden(page)["seed"][0]
    assert len(links_made_for(three, seed)) == 3
    Mailbox.objects.filter(pk=three[0].pk).update(**changed)
    assert [link.address for link in links_made_for(three, seed)] == ["beata@przyklad.iq.pl", "celina@przyklad.iq.pl"]


def test_a_link_ends_with_its_password_even_if_the_same_one_is_set_again(
    browser_of: Client, three: list[Mailbox]
) -> None:
    page = new_passwords(browser_of, three[:1])
    (password,), (link,) = shown(page).values(), shown(browser_of.post(LINKS, hidden(page.content.decode()))).values()
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


def test_nobody_makes_links_for_the_mailboxes_of_others(browser_of: Client, three: list[Mailbox]) -> None:
    stranger = make_user("obcy")
    make_domain("cudza.example", [stranger])
    of_other = hidden(new_passwords(make_client(stranger), [make_mailbox("obcy@cudza.example")]).content.decode())
    page = browser_of.post(LINKS, of_other, follow=True).content.decode()
    assert "The new password of 1 mailbox does not hold any more" in page, "the words for one that is not there"
    assert "cudza" not in page
    assert not Handout.objects.exists()
    own = hidden(new_passwords(browser_of, three[:1]).content.decode())
    assert 'name="kept"' in Client().post(LINKS, own).content.decode(), "the form is sent again after signing in"
    assert browser_of.get(LINKS).headers["Location"] == "/mailboxes/"
    assert not Handout.objects.exists()


def test_no_page_tells_whether_a_guess_is_the_password_of_a_mailbox(browser_of: Client, three: list[Mailbox]) -> None:
    """An owner's own password is not for those who administer the domain, and here nothing would slow a search down."""
    sent = hidden(new_passwords(browser_of, three[:1]).content.decode())
    Mailbox.objects.update(password_hash=hash_password(PASSWORD, generated=True))
    for proof in (sent["proof"], [""], []):
        guess = {**sent, "password": [PASSWORD], "proof": proof}
        for url in (LINKS, "/mailboxes/new-passwords/", "/mailboxes/new-passwords/sheets/"):
            assert browser_of.post(url, guess).headers["Location"] == "/mailboxes/"


def test_a_made_up_seed_is_not_used(browser_of: Client, three: list[Mailbox]) -> None:
    make(browser_of, three, seed="weak")
    assert Handout.objects.count() == 3
    assert links_made_for(three, "weak") == []


def test_the_way_back_shows_the_passwords_that_still_hold(browser_of: Client, three: list[Mailbox]) -> None:
    page = new_passwords(browser_of, three)
    passwords, sent = shown(page), hidden(page.content.decode())
    for url in (LINKS, "/mailboxes/new-passwords/sheets/"):
        html = browser_of.post(url, sent).content.decode()
        assert 'formaction="/mailboxes/new-passwords/"' in html
        assert hidden(html) == sent
    again = browser_of.post("/mailboxes/new-passwords/", sent)
    assert shown(again) == passwords  # type: ignore[arg-type]
    assert hidden(again.content.decode()) == sent
    Mailbox.objects.filter(pk=three[0].pk).update(password_hash=hash_password("Wlasne1234", generated=True))
    again = browser_of.post("/mailboxes/new-passwords/", sent)
    assert list(shown(again)) == ["beata@przyklad.iq.pl", "celina@przyklad.iq.pl"]  # type: ignore[arg-type]
    assert "The new password of 1 mailbox does not hold any more" in again.content.decode()
    for url in ("/mailboxes/new-passwords/sheets/", "/mailboxes/new-passwords.csv"):
        instead = browser_of.post(url, sent)
        assert shown(instead) == shown(again), "neither paper nor a file gets a password that does not work"  # type: ignore[arg-type]
    sheets = browser_of.post("/mailboxes/new-passwords/sheets/", hidden(again.content.decode())).content.decode()
    assert sheets.count('class="sheet"') == 2
    Mailbox.objects.update(password_hash=hash_password("Wlasne1234", generated=True))
    gone = browser_of.post("/mailboxes/new-passwords/", sent, follow=True)
    assert "The new passwords of 3 mailboxes do not hold any more" in gone.content.decode()
    assert gone.redirect_chain == [("/mailboxes/", 302)]


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
