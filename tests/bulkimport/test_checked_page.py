"""The page of a checked list: what it shows of each row, and what comes of correcting it there."""

import pytest
from django.test import Client

from accounts.models import Domain, Mailbox
from bulkimport.models import Import
from tests.bulkimport.lists import BROKEN, FAULTY, GOOD, QUOTED, SHIFTED, send_rows, shown_fields, upload
from tests.bulkimport.readers.spreadsheets import make_workbook
from tests.pages import form_in, open_page, parse, text_in
from tests.reading import typed_into

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("create_in_place")]


def test_corrections_on_the_page_lead_to_the_accounts(logged_in: Client) -> None:
    url = upload(logged_in, FAULTY)
    cells = {"4-email": "ola@przyklad.iq.pl", "4-password": "Tajne123", "4-quota": "", "4-keep_copy": "no"}
    response = logged_in.post(url, {**cells, "action": "check"})
    assert (response.status_code, response.headers["Location"]) == (302, f"{url}#summary")
    assert "3 accounts ready" in open_page(logged_in, url)
    assert Mailbox.objects.count() == 0
    send_rows(logged_in, url, {"action": "create"})
    assert Mailbox.objects.get(address="ola@przyklad.iq.pl").quota_mb == 1000


def test_a_half_corrected_row_keeps_what_was_typed(logged_in: Client) -> None:
    url = upload(logged_in, FAULTY)
    logged_in.post(url, {"4-email": "still wrong", "4-quota": "100", "4-password": "<b>&1", "action": "check"})
    html = open_page(logged_in, url)
    assert "&lt;b&gt;&amp;1" in html
    fields = form_in(html, url).fields
    assert [fields[f"4-{name}"] for name in ("email", "quota", "password")] == [["still wrong"], ["100"], ["<b>&1"]]


def test_cells_that_nobody_offered_change_nothing_they_should_not(logged_in: Client) -> None:
    url = upload(logged_in, FAULTY)
    logged_in.post(url, {"99-email": "x@przyklad.iq.pl", "4-nonsense": "x", "x-email": "y", "action": "check"})
    assert "2 accounts ready, 1 row needs you" in open_page(logged_in, url)


def test_the_good_rows_are_created_and_the_others_named_and_given_back(logged_in: Client) -> None:
    url = upload(logged_in, FAULTY)
    assert "leave out row 4" in open_page(logged_in, url)
    send_rows(logged_in, url, {"action": "create_good"})
    html = open_page(logged_in, url)
    assert "2 accounts created" in html
    assert "row 4" in html.lower()
    response = logged_in.get(url + "problems")
    text = response.content.decode("utf-8-sig")
    assert "zima" in text
    assert "jan@przyklad.iq.pl" not in text


def test_the_own_list_with_problems_can_be_corrected_and_sent_again(logged_in: Client) -> None:
    url = upload(logged_in, FAULTY)
    response = logged_in.get(url + "problems")
    assert "attachment" in response.headers["Content-Disposition"]
    text = response.content.decode("utf-8-sig")
    assert "not a whole number of MB" in text
    text = text.replace("bad;zima;1,3 GB;;perhaps", "ola@przyklad.iq.pl;;2048;;")
    assert "3 accounts created" in open_page(logged_in, upload(logged_in, text, action="create"))


@pytest.mark.parametrize(
    ("separator", "english", "polish"),
    [(";", "semicolon", "średnik"), (",", "comma", "przecinek"), ("|", "vertical bar", "kreska pionowa")],
)
def test_a_separator_has_its_name_in_what_was_read_and_in_the_choice(
    logged_in: Client, separator: str, english: str, polish: str
) -> None:
    url = upload(logged_in, GOOD.replace(";", separator))
    for language, name in (("en", english), ("pl", polish)):
        assert f"CSV, UTF-8, {name}, " in open_page(logged_in, url, accept_language=language)
        columns = parse(open_page(logged_in, url + "columns/", accept_language=language))
        assert columns.find("option", value=separator).text == name.capitalize()


def test_a_cell_with_an_error_in_a_spreadsheet_has_one_message(logged_in: Client) -> None:
    content = make_workbook({"List": [["E-mail", "Quota"], ["#REF!", "#NAME?"]]})
    page = parse(open_page(logged_in, upload(logged_in, content)))
    for name in ("2-email", "2-quota"):
        message = page.find(id=f"r{name}-msg").find("p")
        assert "Type the value itself, as text." in message.text


def test_500_rows_with_errors_are_all_on_the_page(logged_in: Client) -> None:
    html = open_page(logged_in, upload(logged_in, "E-mail\n" + "".join(f"bad{n}\n" for n in range(500))))
    assert html.count("-email-msg") >= 500
    assert "500 rows need you" in html


def test_500_corrections_at_once_are_taken(logged_in: Client) -> None:
    url = upload(logged_in, "E-mail;Password;Quota\n" + "".join(f"bad{n};x;y\n" for n in range(500)))
    cells = {f"{n + 2}-email": f"a{n}@przyklad.iq.pl" for n in range(500)}
    cells |= {f"{n + 2}-{field}": "" for n in range(500) for field in ("password", "quota")}
    logged_in.post(url, {**cells, "action": "check"})
    assert "500 accounts ready" in open_page(logged_in, url)


def test_good_rows_are_shown_in_part_until_all_are_asked_for(logged_in: Client) -> None:
    url = upload(logged_in, "E-mail\n" + "".join(f"a{n}@przyklad.iq.pl\n" for n in range(150)))
    assert "a149@" not in text_in(open_page(logged_in, url))
    response = logged_in.post(url, {"action": "show_all", "151-email": "typed"}, follow=True)
    assert "a148@" in text_in(response.content.decode())
    assert 'value="typed"' in response.content.decode()


def test_tabs_over_the_rows_count_every_row_once(logged_in: Client) -> None:
    many = "".join(f"a{n}@przyklad.iq.pl;;;;\n" for n in range(150))
    page = parse(open_page(logged_in, upload(logged_in, FAULTY + "ola@przyklad.iq.pl;password1;;;\n" + many)))
    tabs = {link["href"]: link.text.split()[-1] for link in page.find(class_="tabs").find_all("a")}
    assert tabs == {"#rows": "154", "#errors": "1", "#warnings": "1", "#good": "152"}
    assert all(page.find(id=address.removeprefix("#")) for address in tabs)
    assert 'class="tabs"' not in open_page(logged_in, upload(logged_in, GOOD)), "there is only one group"


def test_what_was_tidied_is_shown_beside_what_was_written(logged_in: Client) -> None:
    rows = "Ola@Przyklad.iq.pl;;750,0;EWA@gdzie.example;PRAWDA\nadam@przyklad.iq.pl;;;Nikt@przyklad.iq.pl;Tak\n"
    text = text_in(open_page(logged_in, upload(logged_in, GOOD.splitlines()[0] + "\n" + rows)))
    for tidied, written in {
        "ola@przyklad.iq.pl": "Ola@Przyklad.iq.pl",
        "750 MB": "750,0",
        "ewa@gdzie.example": "EWA@gdzie.example",
        "Yes": "PRAWDA",
    }.items():
        assert f"{tidied} written as: {written}" in text
    assert "read as: nikt@przyklad.iq.pl" in text, "of a cell that is an input, since it has a warning"
    assert text.count("written as:") == 4
    assert text.count("read as:") == 1


def test_rows_with_problems_come_first_and_their_messages_belong_to_their_cells(logged_in: Client) -> None:
    html = open_page(
        logged_in, upload(logged_in, GOOD + "ola@przyklad.iq.pl;zima;;;\nadam@przyklad.iq.pl;;;;;za dużo\n")
    )
    assert html.index('id="r4"') < html.index('id="r5"') < html.index('id="r2"')
    page = parse(html)
    for field, place in (("4-password", "r4-password-msg"), ("5-email", "r5-msg"), ("5-right", "r5-msg")):
        assert page.find("input", name=field)["aria-describedby"] == place
        assert page.find(id=place).find_all("p", class_="msg-error")


def test_a_nul_in_what_was_typed_is_no_error(logged_in: Client) -> None:
    url = upload(logged_in, FAULTY)
    logged_in.post(url, {"default_quota_mb": "5\x000", "4-email": "a\x00b", "action": "check"})
    assert "need" in open_page(logged_in, url)


def test_a_list_that_only_exceeds_a_limit_can_be_downloaded_to_shorten_it(logged_in: Client, domain: Domain) -> None:
    domain.max_mailboxes = 1
    domain.save()
    html = open_page(logged_in, upload(logged_in))
    assert "Remove accounts or ask for more room." in html
    assert "Download the list with problems" in html


def test_quotas_that_exceed_the_limit_together_are_lowered_on_the_page(logged_in: Client, domain: Domain) -> None:
    Domain.objects.update(max_total_quota_mb=3000)
    url = upload(logged_in, "E-mail;Pojemność\na@przyklad.iq.pl;500\nb@przyklad.iq.pl;9000\n")
    html = logged_in.get(url).content.decode()
    assert "The file cannot be imported as it is" in html
    assert 'name="3-quota"' in html
    logged_in.post(url, {"action": "check", "2-quota": "500", "3-quota": "900"})
    assert "2 accounts ready" in logged_in.get(url).content.decode()


def test_a_default_quota_over_the_limit_is_one_error_at_its_field(logged_in: Client, domain: Domain) -> None:
    domain.max_mailbox_quota_mb = 2000
    domain.save()
    url = upload(logged_in, "E-mail\n" + "".join(f"a{n}@przyklad.iq.pl\n" for n in range(30)), default_quota_mb="5000")
    html = open_page(logged_in, url)
    assert html.count("is more than a mailbox of przyklad.iq.pl may have") == 2  # in the summary and at the field
    send_rows(logged_in, url, {"default_quota_mb": "2000", "action": "create"})
    assert Mailbox.objects.filter(quota_mb=2000).count() == 30


def test_a_corrected_cell_can_be_corrected_once_more(logged_in: Client) -> None:
    url = upload(logged_in, FAULTY)
    send_rows(logged_in, url, {"4-email": "ola@firma.example", "4-password": "Dobre123", "action": "check"})
    send_rows(logged_in, url, {"4-email": "olla@przyklad.iq.pl", "4-quota": "5", "4-keep_copy": "", "action": "check"})
    html = open_page(logged_in, url)
    assert "3 accounts ready" in html
    assert form_in(html, url).fields["4-email"] == ["olla@przyklad.iq.pl"]
    assert "Dobre123" not in html
    assert "typed here" in html
    send_rows(logged_in, url, {"4-email": "ola@przyklad.iq.pl", "action": "create"})
    assert Mailbox.objects.filter(local_part="ola").exists()


def test_a_very_long_cell_is_compared_without_being_sent_twice(logged_in: Client) -> None:
    url = upload(logged_in, f"E-mail\n{'x' * 5000}\n")
    fields = shown_fields(logged_in, url)
    assert len(fields["2-email-was"][0]) == 64
    logged_in.post(url, {**fields, "action": "check"})
    assert typed_into(Import.objects.get()) == {}
    logged_in.post(url, {**fields, "2-email": "jan@przyklad.iq.pl", "action": "create"})
    assert Mailbox.objects.count() == 1


def test_a_repeated_address_is_named_although_its_domain_cannot_be_used(logged_in: Client) -> None:
    html = open_page(logged_in, upload(logged_in, "E-mail\njan@obca.example\njan@obca.example\n"))
    assert "is already in row 2" in html


@pytest.mark.parametrize("text", [SHIFTED, QUOTED, BROKEN])
@pytest.mark.parametrize("action", ["check", "create", "create_good"])
def test_a_page_sent_back_untouched_settles_nothing(logged_in: Client, text: str, action: str) -> None:
    url = upload(logged_in, text)
    logged_in.post(url, {**shown_fields(logged_in, url), "action": action})
    assert not Mailbox.objects.filter(local_part="ewa").exists()
    assert Mailbox.objects.count() == (action == "create_good")
    if action == "create_good":
        assert Import.objects.get().left_out == [3]
    else:
        assert "1 account ready, 1 row needs you" in open_page(logged_in, url)


def test_a_guessed_row_can_be_confirmed_as_it_stands(logged_in: Client) -> None:
    url = upload(logged_in, QUOTED)
    logged_in.post(url, {**shown_fields(logged_in, url), "3-right": "on", "action": "check"})
    assert "2 accounts ready" in open_page(logged_in, url)


def test_a_text_without_a_column_is_shown_and_dropped_only_when_that_is_confirmed(logged_in: Client) -> None:
    url = upload(logged_in, "E-mail;Hasło;Pojemność\njan@przyklad.iq.p;Wiosna2024;500;;szef@inna.pl\n")
    assert "szef<" in open_page(logged_in, url).replace("@inna.pl", "<")
    send_rows(logged_in, url, {"2-email": "jan@przyklad.iq.pl", "action": "create"})
    assert Mailbox.objects.count() == 0
    assert "szef@inna.pl" in open_page(logged_in, url)
    send_rows(logged_in, url, {"2-right": "on", "action": "create"})
    assert Mailbox.objects.count() == 1
