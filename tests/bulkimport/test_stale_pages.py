"""A page of an import that is sent late, twice, or after another tab has changed the list."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import Mailbox
from accounts.passwords import verify_password
from bulkimport import detail_views
from bulkimport.models import Import
from bulkimport.rows import Field, Plan
from bulkimport.services import correcting
from tests.bulkimport.lists import FAULTY, GOOD, QUOTED, send_rows, shown_fields, upload
from tests.pages import open_page
from tests.reading import at, typed_into

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("create_in_place")]


def test_no_other_rows_are_left_out_than_the_page_has_named(logged_in: Client) -> None:
    url = upload(logged_in, FAULTY)
    fields = {**shown_fields(logged_in, url), "3-email": "ewa", "action": "create_good"}
    assert fields["left_out"] == ["4"]
    logged_in.post(url, fields)
    assert Mailbox.objects.count() == 0
    assert "2 rows need you" in open_page(logged_in, url)


def test_an_old_tab_takes_no_correction_back_and_creates_nothing_unseen(logged_in: Client) -> None:
    url = upload(logged_in, FAULTY)
    old_tab = shown_fields(logged_in, url)
    logged_in.post(url, {**old_tab, "4-email": "ola@przyklad.iq.pl", "4-password": "Dobre123", "action": "check"})
    logged_in.post(url, {**old_tab, "4-quota": "100", "4-keep_copy": "", "action": "create"})
    assert Mailbox.objects.count() == 0, "this tab has not seen what would be created"
    assert "3 accounts ready" in open_page(logged_in, url)
    logged_in.post(url, {**shown_fields(logged_in, url), "action": "create"})
    assert verify_password("Dobre123", Mailbox.objects.get(local_part="ola").password_hash)


def test_a_slow_second_press_spoils_nothing(logged_in: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    url = upload(logged_in)
    real_check = correcting.check

    def created_meanwhile(import_record: Import) -> Plan:
        plan = real_check(import_record)
        monkeypatch.setattr(correcting, "check", real_check)
        send_rows(logged_in, url, {"action": "create"})
        return plan

    monkeypatch.setattr(correcting, "check", created_meanwhile)
    send_rows(logged_in, url, {"action": "create"})
    assert "2 accounts created" in open_page(logged_in, url)
    assert "2 accounts created" in open_page(logged_in, "/imports/")
    assert "This file was imported on" in open_page(logged_in, upload(logged_in))


def test_a_list_corrected_in_another_tab_at_the_last_moment_is_not_created_as_it_was(
    logged_in: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = upload(logged_in)
    real_claim = detail_views.claim_import

    def corrected_first(import_record: Import, plan: Plan, **more: Any) -> object:
        correcting.correct(Import.objects.get(), corrections=at({2: {Field.EMAIL: "janek@przyklad.iq.pl"}}))
        return real_claim(import_record, plan, **more)

    monkeypatch.setattr(detail_views, "claim_import", corrected_first)
    send_rows(logged_in, url, {"action": "create"})
    assert Mailbox.objects.count() == 0
    html = open_page(logged_in, url)
    assert "Nothing was created. Look at the list" in html
    assert "janek" in html


def test_a_confirmation_from_an_old_tab_takes_nothing_back(logged_in: Client) -> None:
    url = upload(logged_in, QUOTED)
    old_tab = shown_fields(logged_in, url)
    send_rows(logged_in, url, {"3-password": "Nowe1234", "action": "check"})
    logged_in.post(url, {**old_tab, "3-right": "on", "action": "check"})
    assert typed_into(Import.objects.get())[3][Field.PASSWORD] == "Nowe1234"


def test_the_second_of_two_presses_complains_of_nothing(logged_in: Client) -> None:
    url = upload(logged_in)
    fields = {**shown_fields(logged_in, url), "action": "create"}
    logged_in.post(url, fields)
    logged_in.post(url, fields)
    html = open_page(logged_in, url)
    assert "2 accounts created" in html
    assert "Nothing was created" not in html


def test_what_another_tab_stores_meanwhile_is_not_created_unseen(
    logged_in: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = upload(logged_in, GOOD)
    fields = {**shown_fields(logged_in, url), "action": "create"}
    check_now = correcting.check

    def check_after_another_tab(import_record: Import) -> Plan:
        monkeypatch.setattr(correcting, "check", check_now)
        correcting.correct(Import.objects.get(), corrections=at({2: {Field.EMAIL: "janek@przyklad.iq.pl"}}))
        return check_now(import_record)

    monkeypatch.setattr(correcting, "check", check_after_another_tab)
    logged_in.post(url, fields)
    assert Mailbox.objects.count() == 0
    html = open_page(logged_in, url)
    assert "Nothing was created." in html
    assert "janek@" in html


def test_reading_again_from_an_old_tab_drops_no_correction(logged_in: Client) -> None:
    url = upload(logged_in, FAULTY)
    old_tab = shown_fields(logged_in, url)
    send_rows(logged_in, url, {"4-email": "ola@przyklad.iq.pl", "action": "check"})
    sent = {"version": old_tab["version"], "separator": ","}
    response = logged_in.post(url + "columns/", sent, follow=True)
    assert "The list was changed in another tab." in response.content.decode()
    assert typed_into(Import.objects.get()) == {4: {Field.EMAIL: "ola@przyklad.iq.pl"}}


def test_a_change_that_comes_after_the_creation_is_not_lost_in_silence(logged_in: Client) -> None:
    url = upload(logged_in)
    other_tab = shown_fields(logged_in, url)
    first = {**other_tab, "default_quota_mb": "500", "action": "create"}
    logged_in.post(url, first)
    twice = logged_in.post(url, first, follow=True)
    assert "was not used" not in twice.content.decode()
    untouched = logged_in.post(url, {**other_tab, "action": "check"}, follow=True)
    assert "was not used" not in untouched.content.decode()
    for action in ({"action": "check"}, {"action": "show_all"}, {}):
        late = {**other_tab, "2-email": "olga@przyklad.iq.pl", "default_quota_mb": str(len(repr(action)))}
        assert "What you changed was not used" in logged_in.post(url, {**late, **action}, follow=True).content.decode()


def test_corrections_of_a_file_that_another_tab_discards_meanwhile_are_no_error(
    logged_in: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = upload(logged_in, FAULTY)
    typed = {**shown_fields(logged_in, url), "4-email": "ola@przyklad.iq.pl", "action": "check"}

    def discarded_meanwhile(*arguments: Any, **options: Any) -> Plan:
        logged_in.post(url + "discard/")
        return correcting.correct(*arguments, **options)

    monkeypatch.setattr(detail_views, "correct", discarded_meanwhile)
    assert logged_in.post(url, typed).status_code == 404
    assert not Import.objects.exists()
