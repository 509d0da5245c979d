"""One-time links: a password is shown once, to whoever has the link, and to nobody else; and every way it ends."""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from accounts.handout import links
from accounts.handout.batches import forget_passwords, read_batch
from accounts.handout.links import PasswordChanged, link_rows, make_links, open_link
from accounts.handout.models import Batch, Link
from accounts.models import Mailbox
from accounts.passwords import hash_password, verify_password
from accounts.sealing import SealBroken, unseal
from accounts.services import Outdated
from bulkimport.models import Import
from bulkimport.services.results import forget_secrets, undo
from tests.factories import generated_passwords, make_user
from tests.handout.passwords import PASSWORD, batch_page, change_password, make_batch, make_keys, shown_keys

pytestmark = pytest.mark.django_db

UNKNOWN = "0" * 32


# --- Making and opening


def test_a_link_shows_the_password_once(created: Import, batch: Batch) -> None:
    keys = make_keys(batch)
    assert set(keys) == {"jan@przyklad.iq.pl", "ewa@przyklad.iq.pl"}, "the third password is not known to the panel"
    passwords = generated_passwords(created)
    handed_out = open_link(keys["jan@przyklad.iq.pl"])
    assert handed_out is not None
    assert (handed_out.address, handed_out.password) == ("jan@przyklad.iq.pl", passwords["jan@przyklad.iq.pl"])
    assert handed_out.password not in repr(handed_out)
    assert open_link(keys["jan@przyklad.iq.pl"]) is None
    link = Link.objects.get(mailbox__local_part="jan")
    assert (link.sealed, link.is_waiting) == (None, False)
    assert link.opened_at
    assert link.state.startswith("opened on ")
    assert open_link(keys["ewa@przyklad.iq.pl"]), "the other one still works"


def test_what_is_kept_cannot_be_read_without_the_link(created: Import, batch: Batch, settings: Settings) -> None:
    key = make_keys(batch)["jan@przyklad.iq.pl"]
    link = Link.objects.get(mailbox__local_part="jan")
    assert link.sealed is not None
    assert key not in repr(list(Link.objects.values_list()))
    for wrong in ("", UNKNOWN, link.key_hash, settings.SECRET_KEY):
        with pytest.raises(SealBroken):
            unseal(link.sealed, link_key=wrong)
    assert unseal(link.sealed, link_key=key).decode() == generated_passwords(created)["jan@przyklad.iq.pl"]
    settings.SECRET_KEY = "of somebody who has only stolen the database"
    with pytest.raises(SealBroken):
        unseal(link.sealed, link_key=key)
    assert open_link(key) is None
    assert Link.objects.usable().filter(pk=link.pk).exists(), "a mistake with the keys uses nothing up"


def test_a_key_has_128_bits_and_the_database_its_hash(batch: Batch) -> None:
    keys = make_keys(batch)
    assert all(len(bytes.fromhex(key)) * 8 >= 128 for key in keys.values())
    assert len(set(keys.values())) == len(keys)
    hashes = {hashlib.sha256(key.encode()).hexdigest() for key in keys.values()}
    assert hashes == set(Link.objects.values_list("key_hash", flat=True))


def test_of_two_who_open_it_at_once_one_gets_the_password(batch: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    key = make_keys(batch)["jan@przyklad.iq.pl"]
    others = []

    def overtaken(password: str, password_hash: str) -> bool:
        monkeypatch.setattr(links, "verify_password", verify_password)
        others.append(open_link(key))
        return verify_password(password, password_hash)

    monkeypatch.setattr(links, "verify_password", overtaken)
    assert open_link(key) is None
    assert others[0] is not None
    assert others[0].address == "jan@przyklad.iq.pl"


def test_new_links_replace_those_of_the_same_mailboxes(batch: Batch) -> None:
    first, jan = make_keys(batch), Mailbox.objects.get(local_part="jan")
    both = make_keys(batch, {jan.pk})
    assert both["jan@przyklad.iq.pl"] != first["jan@przyklad.iq.pl"]
    assert both["ewa@przyklad.iq.pl"] == first["ewa@przyklad.iq.pl"]
    assert open_link(first["jan@przyklad.iq.pl"]) is None
    assert Link.objects.get(revoked_at__isnull=False).state.startswith("revoked on ")
    assert open_link(both["jan@przyklad.iq.pl"])
    assert open_link(first["ewa@przyklad.iq.pl"])


def test_links_are_shown_again_while_the_passwords_are_there(batch: Batch) -> None:
    keys = make_keys(batch)
    assert shown_keys(batch) == keys
    open_link(keys.pop("jan@przyklad.iq.pl"))
    assert shown_keys(batch) == keys, "what was opened is not shown again"
    forget_passwords(batch.pk)
    assert shown_keys(batch) == {}
    assert open_link(keys["ewa@przyklad.iq.pl"])


def test_a_link_that_was_opened_can_be_followed_by_another(batch: Batch) -> None:
    first, second = (make_keys(batch)["jan@przyklad.iq.pl"] for _time in range(2))
    open_link(second)
    third = make_keys(batch)["jan@przyklad.iq.pl"]
    assert len({first, second, third}) == 3
    assert open_link(third)


def test_whoever_has_not_seen_the_newest_link_makes_none(batch: Batch) -> None:
    make_links(batch, version="0")
    for seen in ("0", ""):
        with pytest.raises(Outdated):
            make_links(batch, version=seen)
    assert Link.objects.count() == 2


def test_the_key_of_a_link_from_before_links_were_numbered_is_shown_again(batch: Batch) -> None:
    """Keys were made from the mailbox alone; what is upgraded has number 0."""
    contents = read_batch(batch)
    jan, _password = contents.valid[0]
    key = hmac.new(contents.link_seed.encode(), str(jan.pk).encode(), hashlib.sha256).hexdigest()[:32]
    make_keys(batch, {jan.pk})
    Link.objects.update(number=0, key_hash=hashlib.sha256(key.encode()).hexdigest())
    assert shown_keys(batch) == {jan.address: key}


def test_of_a_link_that_another_batch_has_made_only_the_state_is_known(batch: Batch, customer: User) -> None:
    make_keys(batch)
    jan = Mailbox.objects.get(local_part="jan")
    other = make_batch([jan], customer)
    make_keys(other)
    assert set(shown_keys(other)) == {jan.address}
    assert set(shown_keys(batch)) == {"ewa@przyklad.iq.pl"}
    rows = {row.entry.address: row for row in link_rows(read_batch(batch))}
    link = rows[jan.address].link
    assert link is not None
    assert link.is_waiting


def test_a_batch_that_is_deleted_leaves_its_links(three: list[Mailbox], customer: User) -> None:
    batch = make_batch(three, customer)
    keys = make_keys(batch)
    forget_passwords(batch.pk)
    assert not Batch.objects.exists()
    assert all(open_link(key) for key in keys.values())


# --- What ends a link


def test_a_link_ends_when_its_time_is_up(batch: Batch, settings: Settings) -> None:
    key = make_keys(batch)["jan@przyklad.iq.pl"]
    lasts = Link.objects.earliest("pk").expires_at - timezone.now()
    assert timedelta(days=6, hours=23) < lasts <= timedelta(days=7)
    Link.objects.update(expires_at=timezone.now())
    assert open_link(key) is None
    assert Link.objects.filter(sealed__isnull=False).count() == 2
    call_command("purge_imports", verbosity=0)
    assert Link.objects.filter(sealed__isnull=False).count() == 0
    assert {link.state.partition(" on ")[0] for link in Link.objects.all()} == {"expired unopened"}


def test_a_purge_leaves_what_still_works(batch: Batch) -> None:
    key = make_keys(batch)["jan@przyklad.iq.pl"]
    Import.objects.update(expires_at=timezone.now())
    Batch.objects.update(expires_at=timezone.now())
    call_command("purge_imports", verbosity=0)
    assert not Batch.objects.filter(sealed__isnull=False).exists()
    assert open_link(key), "links outlive the results"


def test_a_password_changed_since_is_not_handed_out(batch: Batch) -> None:
    keys = make_keys(batch)
    Mailbox.objects.filter(local_part="jan").update(password_hash=hash_password("Inne1234"))
    with pytest.raises(PasswordChanged):
        open_link(keys["jan@przyklad.iq.pl"])
    link = Link.objects.get(mailbox__local_part="jan")
    assert (link.sealed, link.opened_at) == (None, None)
    assert link.revoked_at
    assert set(make_keys(batch)) == {"ewa@przyklad.iq.pl"}


def test_another_change_than_of_the_password_does_no_harm(batch: Batch) -> None:
    Mailbox.objects.filter(local_part="jan").update(quota_mb=7)
    assert open_link(make_keys(batch)["jan@przyklad.iq.pl"])


def test_undo_ends_all_links_of_an_import(created: Import, batch: Batch) -> None:
    keys = make_keys(batch)
    Mailbox.objects.filter(local_part="ewa").update(quota_mb=7)
    undo(created)
    assert Link.objects.get().mailbox.local_part == "ewa"
    assert [open_link(key) for key in keys.values()] == [None, None]


def test_links_go_with_their_mailbox_in_the_admin_too(batch: Batch) -> None:
    key = make_keys(batch)["jan@przyklad.iq.pl"]
    staff, jan = Client(), Mailbox.objects.get(local_part="jan")
    staff.force_login(make_user("boss", is_staff=True))
    page = reverse("admin:accounts_mailbox_delete", args=[jan.pk])
    assert staff.post(page, {"post": "yes"}).status_code == 302
    assert not Mailbox.objects.filter(pk=jan.pk).exists()
    assert Link.objects.filter(key_hash=hashlib.sha256(key.encode()).hexdigest()).count() == 0
    assert open_link(key) is None


def test_saved_passwords_leave_the_links_and_make_no_new_ones(created: Import, batch: Batch, logged_in: Client) -> None:
    assert "go on working" not in logged_in.get(created.get_absolute_url()).content.decode()
    key = make_keys(batch)["jan@przyklad.iq.pl"]
    assert "go on working" in logged_in.get(created.get_absolute_url()).content.decode()
    forget_secrets(created)
    assert make_keys(batch) == {}
    html = logged_in.get(f"{batch_page(batch)}links/").content.decode()
    assert "2 links are waiting to be opened" in html
    assert 'value="make' not in html
    assert open_link(key)


def test_the_setting_says_how_long_a_link_works(batch: Batch, settings: Settings) -> None:
    settings.HANDOUT_VALID = timedelta(days=1)
    make_keys(batch)
    assert Link.objects.latest("pk").expires_at <= timezone.now() + timedelta(days=1)


def test_the_default_is_seven_days() -> None:
    assert timedelta(days=7) == settings.HANDOUT_VALID


@pytest.mark.parametrize("end", [forget_secrets, undo])
def test_a_page_that_is_older_than_the_end_of_the_passwords_makes_no_links(
    created: Import, batch: Batch, end: Any
) -> None:
    Mailbox.objects.filter(local_part="jan").update(quota_mb=7)  # so that an undo leaves it
    end(created)
    assert make_links(batch, version="0") == 0
    assert not Link.objects.exists()


def test_a_password_that_is_changed_meanwhile_is_not_handed_out(three: list[Mailbox], customer: User) -> None:
    batch = make_batch(three, customer)
    change_password(three[0])
    assert make_links(batch, version="0") == 2
    assert set(shown_keys(batch)) == {"beata@przyklad.iq.pl", "celina@przyklad.iq.pl"}


def test_a_link_ends_with_its_password_even_if_the_same_one_is_set_again(
    logged_in: Client, three: list[Mailbox], customer: User
) -> None:
    (key,) = make_keys(make_batch(three[:1], customer)).values()
    change_password(three[0], password=PASSWORD)
    assert "shows nothing: the password has been changed since" in logged_in.get("/links/").content.decode()
    with pytest.raises(PasswordChanged):
        open_link(key)
    assert not Link.objects.usable().exists()


def test_an_undone_import_leaves_the_links_of_a_later_password(created: Import, batch: Batch, customer: User) -> None:
    old = make_keys(batch)["jan@przyklad.iq.pl"]
    jan = Mailbox.objects.get(local_part="jan")
    (key,) = make_keys(make_batch([jan], customer)).values()
    assert open_link(old) is None
    undo(created)
    assert Mailbox.objects.get() == jan, "it was changed since"
    assert open_link(key), "the undone import has nothing to do with its new password"
