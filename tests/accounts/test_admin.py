"""The admin of domains, mailboxes and forwards: who sees it, what it shows, and that it obeys the panel's rules."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.db import IntegrityError, connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts import admin as accounts_admin
from accounts.models import Domain, Forward, Mailbox, MailUsage
from accounts.passwords import verify_password
from tests.factories import make_client, make_domain, make_forward, make_mailbox, make_user
from tests.pages import form_in, open_page, parse, rows_in, text_in

pytestmark = pytest.mark.django_db

MODELS = ["domain", "mailbox", "forward"]


@pytest.fixture
def staff() -> Client:
    return make_client(make_user("staff", is_staff=True))


def page(model: str, action: str = "changelist", *args: Any, app: str = "accounts") -> str:
    return reverse(f"admin:{app}_{model}_{action}", args=args)


def make_one_of_each() -> dict[str, Any]:
    mailbox = make_mailbox("jan@xn--w-uga1v8h.pl", quota_mb=2500)
    forward = make_forward("info@xn--w-uga1v8h.pl", "jan@xn--w-uga1v8h.pl b@xn--dbo-iwa1zb.pl")
    return {"domain": mailbox.domain, "mailbox": mailbox, "forward": forward}


def every_page() -> list[str]:
    made = make_one_of_each()
    pages = [reverse("admin:index"), page("user", app="auth")]
    for model, record in made.items():
        pages += [page(model), page(model, "add")]
        pages += [page(model, action, record.pk) for action in ("change", "delete", "history")]
    return pages


def error_codes(response: Any) -> dict[str, list[str]]:
    """Return the codes by field of the admin's form that came back."""
    assert response.status_code == 200
    form = response.context["adminform"].form
    return {name: [str(error.code) for error in found.as_data()] for name, found in form.errors.items()}


# --- Who sees it ---------------------------------------------------------------------------------------------------


def test_only_staff_sees_the_admin(staff: Client) -> None:
    customer = make_client(make_user("anna"))
    for address in every_page():
        for client in (Client(), customer):
            response = client.get(address)
            assert response.status_code == 302
            assert response["Location"].startswith((reverse("admin:login"), reverse("login")))
        assert staff.get(address).status_code == 200, address


def test_no_page_shows_a_password_hash(staff: Client) -> None:
    pages = every_page()
    stored = Mailbox.objects.get().password_hash
    for address in pages:
        html = open_page(staff, address)
        assert stored not in html
        assert "ARGON2" not in html
        assert "$argon2" not in html
        assert "password_hash" not in html


@pytest.mark.parametrize("model", MODELS)
def test_staff_that_may_only_look_gets_pages_without_fields(model: str) -> None:
    record = make_one_of_each()[model]
    viewer = make_user("viewer", is_staff=True, is_superuser=False)
    viewer.user_permissions.set(Permission.objects.filter(codename=f"view_{model}"))
    client = make_client(viewer)
    assert client.get(page(model)).status_code == 200
    html = open_page(client, page(model, "change", record.pk))
    assert 'name="new_password"' not in html
    assert not {"name", "address", "source"} & {each.attributes.get("name") for each in parse(html).find_all("input")}
    assert client.get(page(model, "add")).status_code == 403
    assert client.post(page(model, "change", record.pk), {}).status_code == 403


def test_the_admin_speaks_the_language_of_the_browser(staff: Client) -> None:
    html = staff.get(reverse("admin:index"), headers={"accept-language": "pl"}).content.decode()
    assert '<html lang="pl"' in html
    assert "Wyloguj" in html
    assert "Mailpanel" in html


# --- Lists ---------------------------------------------------------------------------------------------------------


def row_texts(html: str) -> list[str]:
    """Return the text of every row of a list, cells separated by blanks."""
    return [" ".join(filter(None, cells)) for cells in rows_in(html)]


def test_the_domains_show_what_is_used_of_what_is_allowed(staff: Client) -> None:
    people = [make_user("anna"), make_user("ewa"), make_user("iga")]
    make_domain("a.pl", people, max_mailboxes=3000, max_total_quota_mb=80_000)
    make_mailbox("a@a.pl", quota_mb=1000)
    make_mailbox("b@a.pl", quota_mb=500)
    make_domain("xn--w-uga1v8h.pl")
    assert row_texts(open_page(staff, page("domain"))) == ["a.pl 2 of 3,000 1,500 of 80,000 MB 3", "żółw.pl 0 0 MB 0"]


def test_the_number_of_mailboxes_leads_to_them(staff: Client) -> None:
    domain = make_mailbox("a@a.pl").domain
    make_mailbox("b@b.pl")
    link = f"{page('mailbox')}?domain__id__exact={domain.pk}"
    assert f'href="{link}"' in open_page(staff, page("domain"))
    assert [text.split()[0] for text in row_texts(open_page(staff, link))] == ["a@a.pl"]


def test_the_mailboxes_show_their_address_quota_and_forward(staff: Client) -> None:
    make_mailbox("jan@xn--w-uga1v8h.pl", quota_mb=2500)
    make_forward("jan@xn--w-uga1v8h.pl", "a@x.pl b@xn--dbo-iwa1zb.pl")
    make_mailbox("ewa@xn--w-uga1v8h.pl", quota_mb=100)
    assert row_texts(open_page(staff, page("mailbox"))) == [
        "ewa@żółw.pl żółw.pl 100 unknown - -",
        "jan@żółw.pl żółw.pl 2,500 unknown - a@x.pl b@źdźbło.pl",
    ]


def test_the_forwards_show_both_ends_in_unicode(staff: Client) -> None:
    make_forward("jan@xn--w-uga1v8h.pl", "a@x.pl b@xn--dbo-iwa1zb.pl")
    assert row_texts(open_page(staff, page("forward"))) == ["jan@żółw.pl a@x.pl b@źdźbło.pl"]


@pytest.mark.parametrize("model", MODELS)
def test_a_list_needs_the_same_queries_for_3_and_for_30_rows(staff: Client, model: str) -> None:
    def fill(numbers: range) -> None:
        for number in numbers:
            make_mailbox(f"jan@d{number}.pl")
            make_forward(f"jan@d{number}.pl", "a@x.pl")

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            open_page(staff, page(model))
        return len(captured)

    fill(range(3))
    few = queries()
    fill(range(3, 30))
    assert queries() == few <= 12


def names_found(client: Client, model: str, term: str, **filters: Any) -> list[str]:
    return [text.split()[0] for text in row_texts(open_page(client, page(model), {"q": term, **filters}))]


@pytest.mark.parametrize("term", ["żółw.pl", "ŻÓŁW", "żół", "xn--w-uga1v8h", " żółw.pl "])
@pytest.mark.parametrize(
    ("model", "name"), [("domain", "żółw.pl"), ("mailbox", "jan@żółw.pl"), ("forward", "info@żółw.pl")]
)
def test_the_search_finds_unicode_names_also_by_a_part(staff: Client, model: str, name: str, term: str) -> None:
    make_one_of_each()
    make_mailbox("ewa@a.pl")
    make_forward("ewa@a.pl", "x@x.pl")
    assert names_found(staff, model, term) == [name]


@pytest.mark.parametrize(
    ("model", "term", "names"),
    [
        ("domain", "a.pl", ["a.pl"]),
        ("domain", "źdźbło", []),
        ("domain", "ż", ["żółw.pl"]),
        ("mailbox", "ewa@", ["ewa@a.pl"]),
        ("mailbox", "@a.pl", ["ewa@a.pl"]),
        ("mailbox", "jan@żółw", ["jan@żółw.pl"]),
        ("mailbox", "ewa@żółw.pl", []),
        ("mailbox", "…@…", []),
        ("forward", "x@x.pl", ["ewa@a.pl"]),
        ("forward", "b@źdźbło.pl", ["info@żółw.pl"]),
        ("forward", "źdźbło.pl", ["info@żółw.pl"]),
    ],
)
def test_the_search_finds_addresses_and_destinations(staff: Client, model: str, term: str, names: list[str]) -> None:
    make_one_of_each()
    make_mailbox("ewa@a.pl")
    make_forward("ewa@a.pl", "x@x.pl")
    assert names_found(staff, model, term) == names


def test_the_filters_narrow_the_lists(staff: Client) -> None:
    domain = make_mailbox("a@a.pl", is_active=False).domain
    make_mailbox("b@b.pl")
    make_forward("c@a.pl", "x@x.pl", keep_copy=True)
    make_forward("d@b.pl", "x@x.pl", is_active=False)
    assert names_found(staff, "mailbox", "", is_active__exact=0) == ["a@a.pl"]
    assert names_found(staff, "mailbox", "", domain__id__exact=domain.pk) == ["a@a.pl"]
    assert names_found(staff, "forward", "", keep_copy__exact=1) == ["c@a.pl"]
    assert names_found(staff, "forward", "", is_active__exact=1) == ["c@a.pl"]
    assert names_found(staff, "forward", "", domain__id__exact=domain.pk) == ["c@a.pl"]


def test_the_filter_never_lists_a_great_many_domains(staff: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts_admin, "MOST_DOMAINS_IN_FILTER", 2)
    first, second = make_domain("first.pl"), make_domain("second.pl")
    html = open_page(staff, page("mailbox"))
    assert f"?domain__id__exact={first.pk}" in html
    assert f"?domain__id__exact={second.pk}" in html
    make_domain("third.pl")
    html = open_page(staff, page("mailbox"))
    assert "domain__id__exact" not in html
    html = open_page(staff, page("mailbox"), {"domain__id__exact": second.pk})
    assert "second.pl" in html
    assert "first.pl" not in html
    assert staff.get(page("mailbox"), {"domain__id__exact": "x"}, follow=True).status_code == 200


# --- Domains -------------------------------------------------------------------------------------------------------


def domain_fields(name: str = "a.pl", **fields: Any) -> dict[str, Any]:
    return {"name": name, "is_active": "on", "default_quota_mb": "1000", **fields}


def test_a_domain_is_added_with_its_administrators(staff: Client) -> None:
    anna = make_user("anna")
    response = staff.post(page("domain", "add"), domain_fields("ŻÓŁW.pl", administrators=[anna.pk], max_mailboxes="30"))
    assert response.status_code == 302
    domain = Domain.objects.get()
    assert (domain.name, domain.max_mailboxes, list(domain.administrators.all())) == ("xn--w-uga1v8h.pl", 30, [anna])


@pytest.mark.parametrize(
    ("fields", "problems"),
    [
        (domain_fields("a b"), {"name": ["domain_invalid"]}),
        (domain_fields(""), {"name": ["required"]}),
        (domain_fields("TAKEN.pl"), {"name": ["unique"]}),
        (domain_fields(default_quota_mb="0"), {"default_quota_mb": ["min_value"]}),
        (domain_fields(max_mailbox_quota_mb="999"), {"default_quota_mb": ["default_over_largest"]}),
        (domain_fields(max_mailboxes="-1"), {"max_mailboxes": ["min_value"]}),
    ],
)
def test_a_faulty_domain_is_not_added(staff: Client, fields: dict[str, Any], problems: dict[str, list[str]]) -> None:
    make_domain("taken.pl")
    assert error_codes(staff.post(page("domain", "add"), fields)) == problems
    assert Domain.objects.count() == 1


def test_the_name_of_a_domain_stays_as_it_is(staff: Client) -> None:
    domain = make_domain("xn--w-uga1v8h.pl")
    assert 'value="żółw.pl"' in open_page(staff, page("domain", "change", domain.pk))
    fields = domain_fields("other.pl", default_quota_mb="7", shown_version="1")
    staff.post(page("domain", "change", domain.pk), fields)
    domain.refresh_from_db()
    assert (domain.name, domain.default_quota_mb) == ("xn--w-uga1v8h.pl", 7)
    again = staff.post(page("domain", "change", domain.pk), {**fields, "default_quota_mb": "8"})
    assert error_codes(again) == {"__all__": ["changed_meanwhile"]}
    domain.refresh_from_db()
    assert domain.default_quota_mb == 7


# --- Mailboxes -----------------------------------------------------------------------------------------------------


def test_a_mailbox_is_added_by_the_form_for_one_account(staff: Client) -> None:
    domain = make_domain("xn--w-uga1v8h.pl")
    fields = {"email": "Jan@ŻÓŁW.pl", "password": "abc123", "quota": "1 500", "forward": "a@x.pl", "keep_copy": "on"}
    response = staff.post(page("mailbox", "add"), fields)
    assert response.status_code == 302
    mailbox, forward = Mailbox.objects.get(), Forward.objects.get()
    assert (mailbox.address, mailbox.quota_mb, mailbox.domain) == ("jan@xn--w-uga1v8h.pl", 1500, domain)
    assert verify_password("abc123", mailbox.password_hash)
    assert (forward.source, forward.destinations, forward.keep_copy) == (mailbox.address, "a@x.pl", True)
    entry = LogEntry.objects.get()
    assert (entry.object_id, entry.is_addition()) == (str(mailbox.pk), True)


def test_a_mailbox_is_added_with_the_default_quota_and_without_a_forward(staff: Client) -> None:
    make_domain("a.pl", default_quota_mb=300)
    assert staff.post(page("mailbox", "add"), {"email": "jan@a.pl", "password": "abc123"}).status_code == 302
    assert Mailbox.objects.get().quota_mb == 300
    assert not Forward.objects.exists()


def test_a_mailbox_with_a_forward_that_nobody_would_get_is_added_with_a_warning(staff: Client) -> None:
    make_mailbox("off@a.pl", is_active=False)
    fields = {"email": "jan@a.pl", "password": "abc123", "forward": "off@a.pl brak@a.pl ktos@daleko.example"}
    html = staff.post(page("mailbox", "add"), fields, follow=True).content.decode()
    assert Forward.objects.count() == 1
    assert "“off@a.pl” is disabled" in html
    assert "“brak@a.pl” does not exist" in html
    assert "“ktos@daleko.example”" not in html


def test_a_mailbox_with_a_common_password_is_added_with_the_warnings_of_a_row(staff: Client) -> None:
    make_domain("a.pl")
    fields = {"email": "jan@a.pl", "password": "password1", "keep_copy": "on"}
    html = staff.post(page("mailbox", "add"), fields, follow=True).content.decode()
    assert "The password is very common" in html
    assert "Keeping a copy has no effect without a forward" in html


@pytest.mark.parametrize(
    ("fields", "problems"),
    [
        ({"password": ""}, {"password": ["password_missing"]}),
        ({"password": " \u200b"}, {"password": ["password_missing"]}),
        ({"password": "abc"}, {"password": ["password_too_short", "password_no_digit"]}),
        ({"email": ""}, {"email": ["email_missing"]}),
        ({"email": "jan+x@a.pl"}, {"email": ["email_unsafe_name"]}),
        ({"email": "ewa@a.pl"}, {"email": ["address_taken"]}),
        ({"email": "jan@nowhere.pl"}, {"email": ["domain_not_yours"]}),
        ({"quota": "1.000"}, {"quota": ["quota_ambiguous"]}),
        ({"quota": "2001"}, {"quota": ["quota_over_domain_limit"]}),
        ({"forward": "jan@a.pl"}, {"forward": ["forward_to_self"]}),
        ({"email": "jan@full.pl"}, {"__all__": ["domain_limit"]}),
    ],
)
def test_a_mailbox_is_added_by_the_rules(staff: Client, fields: dict[str, str], problems: dict[str, list[str]]) -> None:
    make_domain("a.pl", max_mailbox_quota_mb=2000)
    make_domain("full.pl", max_mailboxes=0)
    make_mailbox("ewa@a.pl")
    response = staff.post(page("mailbox", "add"), {"email": "jan@a.pl", "password": "Secret-12", **fields})
    assert error_codes(response) == problems
    assert "Secret-12" not in response.content.decode()
    assert Mailbox.objects.count() == 1


def change_mailbox(client: Client, mailbox: Mailbox, **fields: Any) -> Any:
    values = {"quota": mailbox.quota_mb, "is_active": "on", "password": "", "shown_version": mailbox.version, **fields}
    return client.post(page("mailbox", "change", mailbox.pk), values)


def test_a_mailbox_is_changed_and_keeps_its_password_and_what_is_no_field(staff: Client) -> None:
    mailbox = make_mailbox("jan@xn--w-uga1v8h.pl", password="abc123")
    assert 'value="jan@żółw.pl"' in open_page(staff, page("mailbox", "change", mailbox.pk))
    fields = {
        "quota": "7",
        "is_active": "",
        "address": "x@x.pl",
        "home": "x",
        "password_hash": "x",
        "local_part": "x",
    }
    assert change_mailbox(staff, mailbox, **fields).status_code == 302
    changed = Mailbox.objects.get()
    assert (changed.address, changed.local_part) == (mailbox.address, "jan")
    assert (changed.quota_mb, changed.is_active, changed.password_hash) == (7, False, mailbox.password_hash)
    assert changed.home == mailbox.home


def test_a_new_password_is_hashed_and_left_out_of_the_log(staff: Client) -> None:
    mailbox = make_mailbox(password="abc123")
    assert change_mailbox(staff, mailbox, password=" Secret-12 ").status_code == 302
    mailbox.refresh_from_db()
    assert verify_password("Secret-12", mailbox.password_hash)
    assert "Secret-12" not in LogEntry.objects.get().change_message


@pytest.mark.parametrize(
    ("fields", "problems"),
    [
        ({"password": "abc"}, {"password": ["password_too_short", "password_no_digit"]}),
        ({"quota": "0"}, {"quota": ["quota_too_small"]}),
        ({"shown_version": ""}, {"__all__": ["changed_meanwhile"]}),
        ({"quota": "2001"}, {"quota": ["quota_over_domain_limit"]}),
        ({"quota": "1501"}, {"__all__": ["domain_limit"]}),
    ],
)
def test_a_mailbox_is_changed_by_the_rules(
    staff: Client, fields: dict[str, str], problems: dict[str, list[str]]
) -> None:
    total = None if fields.get("quota") == "2001" else 1500
    mailbox = make_mailbox(domain=make_domain(max_mailbox_quota_mb=2000, max_total_quota_mb=total))
    assert error_codes(change_mailbox(staff, mailbox, **fields)) == problems
    assert Mailbox.objects.get().password_hash == mailbox.password_hash


def test_a_mailbox_goes_together_with_its_forward(staff: Client) -> None:
    mailbox, other = make_mailbox("jan@a.pl"), make_mailbox("ewa@a.pl")
    make_forward("jan@a.pl", "x@x.pl")
    make_forward("ewa@a.pl", "x@x.pl")
    address = page("mailbox", "delete", mailbox.pk)
    html = open_page(staff, address)
    assert "Forward: <a" in html
    assert "Forwards: 1" in html
    assert staff.post(address, {"post": "yes"}).status_code == 302
    assert list(Mailbox.objects.all()) == [other]
    assert [forward.source for forward in Forward.objects.all()] == ["ewa@a.pl"]


def test_chosen_mailboxes_go_together_with_their_forwards(staff: Client) -> None:
    mailboxes = [make_mailbox(f"a{number}@a.pl") for number in range(3)]
    for mailbox in mailboxes:
        make_forward(mailbox.address, "x@x.pl")
    chosen = {"action": "delete_selected", "_selected_action": [mailbox.pk for mailbox in mailboxes[:2]]}
    assert "Forwards: 2" in staff.post(page("mailbox"), chosen).content.decode()
    staff.post(page("mailbox"), {**chosen, "post": "yes"})
    assert list(Mailbox.objects.all()) == mailboxes[2:]
    assert [forward.source for forward in Forward.objects.all()] == ["a2@a.pl"]


def test_before_mailboxes_are_deleted_the_page_says_what_happens_to_their_messages(staff: Client) -> None:
    mailboxes = [make_mailbox(f"a{number}@a.pl") for number in range(2)]
    MailUsage.objects.create(mailbox=mailboxes[0], messages=1200)
    address = page("mailbox", "delete", mailboxes[0].pk)
    stays = "1,200 messages stay on the mail server until your hosting company removes them."
    assert stays in open_page(staff, address)
    chosen = {"action": "delete_selected", "_selected_action": [mailbox.pk for mailbox in mailboxes]}
    assert f"At least {stays}" in staff.post(page("mailbox"), chosen).content.decode()
    assert stays not in staff.post(address, {"post": "yes"}, follow=True).content.decode()


def test_who_may_not_delete_forwards_may_not_delete_a_mailbox_with_one() -> None:
    mailbox = make_mailbox("jan@a.pl")
    make_forward("jan@a.pl", "x@x.pl")
    user = make_user("helper", is_staff=True, is_superuser=False)
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_mailbox", "delete_mailbox"]))
    client = make_client(user)
    assert client.post(page("mailbox", "delete", mailbox.pk), {"post": "yes"}).status_code == 403
    assert Mailbox.objects.exists()
    Forward.objects.all().delete()
    assert client.post(page("mailbox", "delete", mailbox.pk), {"post": "yes"}).status_code == 302
    assert not Mailbox.objects.exists()


# --- Forwards ------------------------------------------------------------------------------------------------------


def test_a_forward_is_added_in_the_domain_of_its_source(staff: Client) -> None:
    domain = make_domain("xn--w-uga1v8h.pl")
    fields = {"source": "Info@ŻÓŁW.pl", "destinations": "a@x.pl\nb@źdźbło.pl", "is_active": "on"}
    assert staff.post(page("forward", "add"), fields).status_code == 302
    forward = Forward.objects.get()
    assert (forward.source, forward.domain) == ("info@xn--w-uga1v8h.pl", domain)
    assert (forward.destinations, forward.keep_copy, forward.is_active) == ("a@x.pl b@xn--dbo-iwa1zb.pl", False, True)


@pytest.mark.parametrize(
    ("fields", "problems"),
    [
        ({"source": ""}, {"source": ["required"]}),
        ({"source": "info"}, {"source": ["email_no_at"]}),
        ({"source": "info@nowhere.pl"}, {"source": ["domain_not_yours"]}),
        ({"source": "BACK@a.pl"}, {"source": ["unique"]}),
        ({"destinations": ""}, {"destinations": ["required"]}),
        ({"destinations": "\u200b"}, {"destinations": ["forward_missing"]}),
        ({"destinations": "a, b"}, {"destinations": ["forward_no_at", "forward_no_at"]}),
        ({"destinations": "info@a.pl"}, {"destinations": ["forward_to_self"]}),
        ({"destinations": "back@a.pl"}, {"destinations": ["forward_loop"]}),
    ],
)
def test_a_faulty_forward_is_not_added(staff: Client, fields: dict[str, str], problems: dict[str, list[str]]) -> None:
    make_forward("back@a.pl", "info@a.pl")
    values = {"source": "info@a.pl", "destinations": "x@x.pl", "is_active": "on", **fields}
    assert error_codes(staff.post(page("forward", "add"), values)) == problems
    assert Forward.objects.count() == 1


def test_a_forward_is_changed_and_moves_with_its_source(staff: Client) -> None:
    forward = make_forward("info@xn--w-uga1v8h.pl", "b@xn--dbo-iwa1zb.pl")
    other = make_domain("a.pl")
    html = open_page(staff, page("forward", "change", forward.pk))
    assert 'value="info@żółw.pl"' in html
    assert "b@źdźbło.pl</textarea>" in html
    fields = {"source": "new@a.pl", "destinations": "x@x.pl", "shown_version": "1"}
    staff.post(page("forward", "change", forward.pk), fields)
    forward.refresh_from_db()
    assert (forward.source, forward.domain, forward.destinations) == ("new@a.pl", other, "x@x.pl")
    assert forward.is_active is False


# --- Races ---------------------------------------------------------------------------------------------------------


def lose_a_race(*_args: Any, **_kwargs: Any) -> None:
    raise IntegrityError("duplicate key")


def test_losing_a_race_is_told_and_not_an_error_page(staff: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Domain, "save", lose_a_race)
    response = staff.post(page("domain", "add"), domain_fields(), follow=True)
    assert response.redirect_chain == [(page("domain", "add"), 302)]
    assert "Somebody else has just saved the same." in response.content.decode()
    assert not Domain.objects.exists()


def test_a_mailbox_that_somebody_else_made_meanwhile_is_told(staff: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    make_domain("a.pl")
    monkeypatch.setattr(accounts_admin.AccountForm, "save", lose_a_race)
    response = staff.post(page("mailbox", "add"), {"email": "jan@a.pl", "password": "abc123"}, follow=True)
    assert "Somebody else has just saved the same." in response.content.decode()


def test_the_list_of_mailboxes_shows_how_full_each_is(staff: Client) -> None:
    assert "unknown" not in open_page(staff, page("mailbox"))
    mailbox = make_mailbox(quota_mb=1000)
    assert "unknown" in open_page(staff, page("mailbox"))
    MailUsage.objects.create(mailbox=mailbox, bytes_used=500 * 1_048_576, messages=12)
    html = open_page(staff, page("mailbox"))
    assert parse(html).find("meter").attributes == {"max": "1000", "value": "500"}
    assert "500 of 1,000 MB, 12 messages" in text_in(html)


# --- What only staff sets ---------------------------------------------------------------------------------------------


def save(client: Client, url: str, **changed: str) -> HttpResponse:
    """Open a page of the admin, change fields of its form, and send it."""
    form = form_in(client.get(url).content.decode(), field="shown_version")
    return client.post(url, {**form.fields, **changed})


def test_the_sending_limits_of_a_mailbox_are_set_and_taken_back(staff: Client) -> None:
    mailbox = make_mailbox("jan@przyklad.iq.pl")
    address = page("mailbox", "change", mailbox.pk)
    for hour, day, stored in (("2 000", "0", (2000, 0)), ("", "", (None, None))):
        limits = {"max_recipients_per_hour": hour, "max_recipients_per_day": day}
        assert save(staff, address, **limits).status_code == 302
        mailbox.refresh_from_db()
        assert (mailbox.max_recipients_per_hour, mailbox.max_recipients_per_day) == stored
    for wrong in ("-1", "1.5", "many", "1000001", "٣"):
        response = save(staff, address, max_recipients_per_hour=wrong)
        assert "is not a number of recipients. Write one up to 1000000, such as 500." in response.content.decode()


def test_the_contact_of_a_domain_is_stored_in_ascii_and_may_close_no_circle(staff: Client) -> None:
    domain = make_domain("przyklad.iq.pl")
    address = page("domain", "change", domain.pk)
    assert save(staff, address, contact=" Szef@Żółw.pl ").status_code == 302
    domain.refresh_from_db()
    assert domain.contact == "szef@xn--w-uga1v8h.pl"
    for wrong, message in (
        ("szef", "has no @"),
        ("abuse@przyklad.iq.pl", "The contact gets what comes for “abuse@przyklad.iq.pl”, so it must be another"),
    ):
        assert message in save(staff, address, contact=wrong).content.decode()
    assert save(staff, address, contact="").status_code == 302


def test_a_forward_lets_its_recipients_send_and_goes_on_for_somebody_who_has_left(staff: Client) -> None:
    forward = make_forward()
    ticks = {"works_while_disabled": "on", "allows_sending": "on"}
    assert save(staff, page("forward", "change", forward.pk), **ticks).status_code == 302
    forward.refresh_from_db()
    assert (forward.works_while_disabled, forward.allows_sending) == (True, True)


# --- Ids that cannot be -----------------------------------------------------------------------------------------------
NO_IDS = ["9223372036854775808", "9" * 40, "-1", "x", "1e5", "en", ""]


@pytest.mark.parametrize("sent", NO_IDS)
@pytest.mark.parametrize("model", ["mailbox", "domain", "forward"])
def test_an_id_that_no_object_has_is_ignored_in_a_list(staff: Client, model: str, sent: str) -> None:
    make_forward(domain=make_mailbox("jan@przyklad.iq.pl").domain)
    response = staff.post(page(model), {"action": "delete_selected", "_selected_action": sent}, follow=True)
    assert response.status_code == 200
    assert (Mailbox.objects.count(), Forward.objects.count()) == (1, 1)


@pytest.mark.parametrize("sent", NO_IDS[:-1])
def test_an_administrator_who_is_not_there_is_an_error_of_the_field(staff: Client, sent: str) -> None:
    domain = make_domain()
    response = save(staff, page("domain", "change", domain.pk), administrators=sent)
    assert response.status_code == 200
    assert error_codes(response)
    assert not domain.administrators.exists()
