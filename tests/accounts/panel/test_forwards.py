"""The pages of the forwards: whose they show, what they take, and what deleting one breaks."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Domain, Forward
from tests.factories import make_domain, make_forward, make_mailbox
from tests.pages import form_in, open_page, parse, text_in

pytestmark = pytest.mark.django_db


def rows(client: Client, **query: str) -> list[str]:
    return [forward.source for forward in client.get("/forwards/", query).context["page"]]


def test_a_customer_sees_and_finds_their_own_forwards(logged_in: Client) -> None:
    assert "No forwards yet" in open_page(logged_in, "/forwards/")
    make_mailbox("jan@przyklad.iq.pl")
    make_forward("jan@przyklad.iq.pl", "a@daleko.example", keep_copy=True)
    make_forward("biuro@xn--w-uga1v8h.pl", "jan@przyklad.iq.pl b@b.pl", keep_copy=True, is_active=False)
    make_forward("obcy@cudza.example", "jan@przyklad.iq.pl")
    assert rows(logged_in) == ["biuro@xn--w-uga1v8h.pl", "jan@przyklad.iq.pl"]
    assert rows(logged_in, q="DALEKO") == rows(logged_in, state="active") == ["jan@przyklad.iq.pl"]
    assert rows(logged_in, q="żółw.pl") == ["biuro@xn--w-uga1v8h.pl"]
    Domain.objects.filter(name="przyklad.iq.pl").update(is_active=False)
    assert rows(logged_in, state="active") == [], "a domain that is switched off is not active"
    assert rows(logged_in, q="zoltan") == []
    text = text_in(open_page(logged_in, "/forwards/"))
    assert "cudza" not in text
    assert text.count("no copy stays: the address has no mailbox") == text.count("a copy stays in the mailbox") == 1
    assert "Mailboxes 1 Forwards 2" in text


def test_a_page_has_fifty_rows_and_costs_the_same_whatever_there_is(logged_in: Client) -> None:
    make_forward("a0@przyklad.iq.pl")
    with CaptureQueriesContext(connection) as few:
        rows(logged_in)
    for number in range(1, 60):
        make_forward(f"a{number}@przyklad.iq.pl")
    with CaptureQueriesContext(connection) as many:
        assert len(rows(logged_in)) == 50
    assert len(many) == len(few)
    assert len(rows(logged_in, page="2")) == 10


def test_a_forward_is_added_with_several_destinations_and_no_mailbox(logged_in: Client) -> None:
    sent = {"source": "Biuro@żółw.pl", "destinations": "a@b.pl\r\nc@d.pl", "is_active": "on"}
    assert logged_in.post("/forwards/new/", sent)["Location"] == "/forwards/"
    forward = Forward.objects.get()
    assert (forward.source, forward.destinations) == ("biuro@xn--w-uga1v8h.pl", "a@b.pl c@d.pl")
    assert (forward.domain.name, forward.keep_copy, forward.is_active) == ("xn--w-uga1v8h.pl", False, True)


@pytest.mark.parametrize(
    ("source", "destinations", "message"),
    [
        ("x@cudza.example", "a@b.pl", "You cannot use the domain cudza.example"),
        ("x@niczyja.example", "a@b.pl", "You cannot use the domain niczyja.example"),
        ("jest@przyklad.iq.pl", "a@b.pl", "has a forward already"),
        ("x@przyklad.iq.pl", "a@b,pl", "has a comma in it"),
        ("x@przyklad.iq.pl", "jest@przyklad.iq.pl", "go round in a circle"),
        ("x@przyklad.iq.pl", "x@przyklad.iq.pl", "would forward to itself"),
    ],
)
def test_a_faulty_forward_is_refused_and_kept_on_the_page(
    logged_in: Client, source: str, destinations: str, message: str
) -> None:
    make_domain("cudza.example")
    make_forward("jest@przyklad.iq.pl", "x@przyklad.iq.pl")
    html = logged_in.post(
        "/forwards/new/", {"source": source, "destinations": destinations, "is_active": "on"}
    ).content.decode()
    assert message in html
    assert source in html
    assert destinations in html
    assert parse(html).find(aria_invalid="true")["aria-describedby"].endswith("_error")
    assert Forward.objects.count() == 1


def test_a_forward_is_changed_and_its_source_stays(logged_in: Client) -> None:
    forward = make_forward("biuro@xn--w-uga1v8h.pl", "a@b.pl")
    assert "biuro@żółw.pl" in text_in(open_page(logged_in, f"/forwards/{forward.pk}/"))
    sent = {"source": "inne@przyklad.iq.pl", "destinations": "c@żółw.pl", "keep_copy": "on", "shown_version": "1"}
    assert logged_in.post(f"/forwards/{forward.pk}/", sent).status_code == 302
    forward.refresh_from_db()
    assert (forward.source, forward.destinations) == ("biuro@xn--w-uga1v8h.pl", "c@xn--w-uga1v8h.pl")
    assert (forward.keep_copy, forward.is_active) == (True, False)


def test_deleting_names_the_forwards_that_lead_there_first(logged_in: Client) -> None:
    make_mailbox("jan@przyklad.iq.pl")
    of_mailbox = make_forward("jan@przyklad.iq.pl", "a@b.pl")
    alone = make_forward("dalej@przyklad.iq.pl", "a@b.pl")
    make_forward("kontakt@przyklad.iq.pl", "dalej@przyklad.iq.pl jan@przyklad.iq.pl")
    make_forward("podobny@przyklad.iq.pl", "nie-dalej@przyklad.iq.pl")
    make_forward("obcy@cudza.example", "dalej@przyklad.iq.pl")
    page = f"/forwards/{alone.pk}/delete/"
    html = open_page(logged_in, page)
    assert "1 forward leads there" in html
    assert "kontakt@przyklad.iq.pl" in text_in(html)
    assert "podobny" not in html
    assert "obcy" not in html
    assert "it has no mailbox" in html
    assert "will stay in its mailbox" in open_page(logged_in, f"/forwards/{of_mailbox.pk}/delete/")
    assert "leads there" not in open_page(logged_in, f"/forwards/{of_mailbox.pk}/delete/")
    assert Forward.objects.filter(pk=alone.pk).exists(), "looking deletes nothing"
    old = form_in(html, page).fields
    Forward.objects.filter(pk=alone.pk).update(version=2)
    assert "has been changed meanwhile" in logged_in.post(page, old, follow=True).content.decode()
    assert Forward.objects.filter(pk=alone.pk).exists()
    assert logged_in.post(page, {"shown_version": "2"})["Location"] == "/forwards/"
    assert not Forward.objects.filter(pk=alone.pk).exists()
    assert Forward.objects.count() == 4


def test_another_customers_forward_is_not_found(logged_in: Client) -> None:
    other = make_forward("obcy@cudza.example", "a@b.pl")
    for path in (f"/forwards/{other.pk}/", f"/forwards/{other.pk}/delete/", "/forwards/999999/"):
        assert logged_in.get(path).status_code == 404
        response = logged_in.post(path, {"destinations": "z@z.pl"}, follow=True)
        assert response.status_code == 404 or "This forward is not there any more." in response.content.decode()
    assert Forward.objects.get().destinations == "a@b.pl"
    assert Client().get("/forwards/")["Location"].startswith("/login/")


def test_a_forward_that_nobody_would_get_is_saved_with_a_warning(logged_in: Client) -> None:
    make_mailbox("off@przyklad.iq.pl", is_active=False)
    make_mailbox("off@obca.example", is_active=False)
    fields = {
        "source": "biuro@przyklad.iq.pl",
        "destinations": "off@przyklad.iq.pl brak@przyklad.iq.pl off@obca.example",
        "is_active": "on",
    }
    html = logged_in.post("/forwards/new/", fields, follow=True).content.decode()
    assert Forward.objects.count() == 1
    assert "“off@przyklad.iq.pl” is disabled" in html
    assert "“brak@przyklad.iq.pl” does not exist" in html
    assert "“off@obca.example”" not in html, "what others have is not told"
