"""Uploading a list: what is taken, what is refused in one sentence, and for whom staff uploads."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from accounts.models import Mailbox
from bulkimport.models import Import
from bulkimport.services.checking import check
from bulkimport.services.creating import claim_import
from tests.bulkimport.lists import FAULTY, GOOD, send_rows, upload
from tests.factories import generated_passwords
from tests.pages import TOKEN, links_in, open_page, parse

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("create_in_place")]


def test_check_first_creates_nothing(logged_in: Client) -> None:
    html = open_page(logged_in, upload(logged_in))
    assert "2 accounts ready" in html
    assert Mailbox.objects.count() == 0


def test_create_at_once_lands_on_the_results(logged_in: Client) -> None:
    html = open_page(logged_in, upload(logged_in, action="create"))
    import_record = Import.objects.get()
    (password,) = generated_passwords(import_record).values()
    assert "2 accounts created" in html
    assert password in html
    assert "Wiosna2024" not in html


def test_create_with_an_error_creates_nothing_and_shows_every_problem(logged_in: Client) -> None:
    html = open_page(logged_in, upload(logged_in, FAULTY, action="create"))
    assert Mailbox.objects.count() == 0
    assert "2 accounts ready, 1 row needs you" in html
    for name in ("4-email", "4-password", "4-quota", "4-keep_copy"):
        assert f'name="{name}"' in html
    assert 'value="zima"' in html


def test_a_double_click_makes_one_import(logged_in: Client) -> None:
    first = upload(logged_in, token=TOKEN, action="create")
    assert upload(logged_in, token=TOKEN, action="create") == first
    assert Import.objects.count() == 1
    assert Mailbox.objects.count() == 2


def test_another_list_from_a_page_that_was_kept_open_is_another_import(logged_in: Client) -> None:
    first = upload(logged_in, token=TOKEN)
    assert upload(logged_in, GOOD.replace("500", "600"), token=TOKEN) != first
    assert Import.objects.count() == 2


def test_the_same_upload_sent_twice_counts_once(logged_in: Client, settings: Settings) -> None:
    settings.MAX_UNFINISHED_LISTS = 1
    assert upload(logged_in, token=TOKEN) == upload(logged_in, token=TOKEN)


@pytest.mark.parametrize("token", ["", "nonsense"])
def test_the_upload_works_without_the_hidden_token(logged_in: Client, token: str) -> None:
    response = logged_in.post("/imports/new/", {"file": SimpleUploadedFile("l.csv", GOOD.encode()), "token": token})
    assert response.status_code == 302


def test_no_file_is_said_kindly_and_what_was_typed_stays(logged_in: Client) -> None:
    response = logged_in.post("/imports/new/", {"default_quota_mb": "many", "action": "create"})
    html = response.content.decode()
    assert "Choose a file first." in html
    assert 'value="many"' in html
    assert "not a whole number of MB" in html


def test_a_file_over_the_limit_is_refused_in_one_sentence(logged_in: Client, settings: Settings) -> None:
    settings.MAX_UPLOAD_MB = 1
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
    for megabytes in (1.5, 3):  # the second is not even kept in memory
        file = SimpleUploadedFile("l.csv", b"x" * int(megabytes * 1024 * 1024))
        response = logged_in.post("/imports/new/", {"file": file})
        assert response.content.decode().count("larger than 1 MB") == 1
    assert Import.objects.count() == 0


def test_a_faulty_default_quota_does_not_lose_the_file(logged_in: Client) -> None:
    url = upload(logged_in, default_quota_mb="1,3 GB", action="create")
    html = open_page(logged_in, url)
    assert Mailbox.objects.count() == 0
    assert 'value="1,3 GB"' in html
    send_rows(logged_in, url, {"default_quota_mb": "2048", "action": "create"})
    assert Mailbox.objects.get(address="ewa@przyklad.iq.pl").quota_mb == 2048


def test_the_default_quota_is_used_where_the_file_gives_none(logged_in: Client) -> None:
    upload(logged_in, default_quota_mb="250", action="create")
    assert set(Mailbox.objects.values_list("quota_mb", flat=True)) == {250, 500}


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n\x00\x00", b"PK\x03\x04broken", b"\x00" * 5000, b"just words"])
def test_what_is_not_a_list_gets_one_clear_sentence(logged_in: Client, content: bytes) -> None:
    html = open_page(logged_in, upload(logged_in, content, action="create"))
    assert "We could not read a list of accounts" in html
    assert Mailbox.objects.count() == 0


@pytest.mark.parametrize("file_format", ["csv", "xlsx", "ods"])
def test_a_template_left_as_it_is_gets_a_friendly_word(logged_in: Client, file_format: str) -> None:
    content = logged_in.get(f"/imports/template.{file_format}").content
    html = open_page(logged_in, upload(logged_in, content, action="create"))
    assert "This is the example row of the template." in html
    assert Mailbox.objects.count() == 0


def test_templates_stand_beside_the_upload(logged_in: Client) -> None:
    addresses = [address for _text, address in links_in(open_page(logged_in, "/imports/new/")) if "template" in address]
    assert addresses == [f"/imports/template.{file_format}" for file_format in ("xlsx", "ods", "csv")]


def test_what_is_wrong_with_an_upload_has_the_focus(logged_in: Client) -> None:
    html = logged_in.post("/imports/new/", {"default_quota_mb": "x"}).content.decode()
    assert parse(html).find("input", autofocus="")["id"] == "file"


def test_the_page_for_a_new_file_says_where_it_is(logged_in: Client) -> None:
    crumbs = parse(open_page(logged_in, "/imports/new/")).find("ol", class_="crumbs")
    links = [(link.text, link["href"]) for link in crumbs.find_all("a")]
    assert links == [("Mailboxes", "/mailboxes/"), ("Add an account", "/mailboxes/new/")]
    assert crumbs.find("li", aria_current="page").text == "Create accounts in bulk"


def test_the_same_file_again_is_told_in_one_sentence(logged_in: Client) -> None:
    upload(logged_in, action="create")
    html = open_page(logged_in, upload(logged_in, action="create"))
    assert "This file was imported on" in html
    assert "exists already" not in html


def test_the_same_file_is_recognised_although_an_address_was_corrected_then(logged_in: Client) -> None:
    text = "E-mail;Hasło\njan@przyklad.iq.pl;\newa@przyklad.iq.pll;\n"
    url = upload(logged_in, text)
    send_rows(logged_in, url, {"3-email": "ewa@przyklad.iq.pl", "action": "create"})
    assert Mailbox.objects.count() == 2
    assert "This file was imported on" in open_page(logged_in, upload(logged_in, text))


def test_a_repeat_of_which_something_was_deleted_is_checked_row_by_row(logged_in: Client) -> None:
    upload(logged_in, action="create")
    Mailbox.objects.filter(local_part="ewa").delete()
    html = open_page(logged_in, upload(logged_in))
    assert "This file was imported on" not in html
    assert "1 account ready, 1 row needs you" in html


def test_the_upload_sent_again_while_it_is_being_created_leads_to_its_progress(logged_in: Client) -> None:
    url = upload(logged_in, token=TOKEN, action="check")
    claim_import(Import.objects.get(), check(Import.objects.get()))
    assert upload(logged_in, token=TOKEN, action="check") == url
    assert "<progress" in open_page(logged_in, url)


def test_an_invisible_character_in_a_column_name_harms_nothing(logged_in: Client) -> None:
    url = upload(logged_in, "E-mail;a\0b;Hasło\njan@przyklad.iq.pl;;Wiosna2024\n", action="create")
    assert "1 account created" in open_page(logged_in, url)
    assert "\0" not in repr(Import.objects.get().warnings)
