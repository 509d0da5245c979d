"""The panel ends open sessions and reloads Postfix where it may, and says what is left to do where it may not."""

from __future__ import annotations

import shlex
import time
from pathlib import Path

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.mailserver import control
from accounts.mailserver.control import end_sessions, reload_postfix
from accounts.models import Mailbox
from tests.factories import make_client, make_mailbox, make_user

JAN = "jan@przyklad.iq.pl"


@pytest.fixture
def staff() -> Client:
    return make_client(make_user("boss", is_staff=True))


@pytest.fixture
def said(tmp_path: Path, settings: Settings) -> Path:
    """Stand-ins for both commands, which write down what they were asked; jan is signed in."""
    log = tmp_path / "log"
    script = tmp_path / "command"
    script.write_text(f'#!/bin/sh\necho "$@" >> {log}\n[ "$1" != who ] || printf "username proto\\n{JAN} imap\\n"\n')
    script.chmod(0o755)
    settings.DOVEADM = settings.POSTFIX = [str(script)]
    return log


def change(client: Client, mailbox: Mailbox, **fields: object) -> str:
    """Save a mailbox in the admin and return what its page says then."""
    version = Mailbox.objects.get(pk=mailbox.pk).version
    values = {"quota": mailbox.quota_mb, "is_active": "on", "password": "", "shown_version": version, **fields}
    url = reverse("admin:accounts_mailbox_change", args=[mailbox.pk])
    response = client.post(url, {name: value for name, value in values.items() if value is not None})
    assert response.status_code == 302
    return " ".join(str(message) for message in get_messages(response.wsgi_request))


def test_without_the_settings_the_text_says_what_to_run(settings: Settings) -> None:
    settings.DOVEADM = settings.POSTFIX = []
    assert end_sessions([]) == ""
    assert end_sessions([JAN]).endswith(f"doveadm kick {JAN}")
    assert end_sessions([f"a{n}@a.pl" for n in range(9)]).endswith("doveadm kick a4@a.pl; …")
    assert reload_postfix().endswith("postfix reload")


def test_only_those_that_are_signed_in_are_ended(said: Path) -> None:
    assert end_sessions(["ewa@przyklad.iq.pl", JAN]) == ""
    assert said.read_text().splitlines() == ["who -1", f"kick {JAN}"]
    assert reload_postfix() == ""
    assert said.read_text().splitlines()[-1] == "reload"


@pytest.mark.parametrize("command", ["/nowhere/at-all", "false", "sh -c 'echo not allowed >&2; exit 1'"])
def test_a_command_that_fails_says_so_and_what_to_run(settings: Settings, command: str) -> None:
    settings.DOVEADM = settings.POSTFIX = shlex.split(command)
    for text, wanted in ((end_sessions([JAN]), f"doveadm kick {JAN}"), (reload_postfix(), "postfix reload")):
        assert text.endswith(wanted)
        assert "could not be" in text
        assert ("not allowed" in text) == ("not allowed" in command)


def test_nobody_waits_longer_than_a_command_may_take(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "SECONDS", 0.2)
    settings.DOVEADM = ["sh", "-c", "exec sleep 30"]
    started = time.monotonic()
    assert end_sessions([JAN]).endswith(f"doveadm kick {JAN}")
    assert time.monotonic() - started < 20


@pytest.mark.django_db(transaction=True)
def test_the_admin_warns_of_forwards_to_a_mailbox_that_gets_no_mail(staff: Client, said: Path) -> None:
    mailbox = make_mailbox(JAN)
    make_mailbox("ewa@przyklad.iq.pl", is_active=False)
    url = reverse("admin:accounts_forward_add")
    fields = {"source": "biuro@przyklad.iq.pl", "destinations": f"{JAN} ewa@przyklad.iq.pl brak@przyklad.iq.pl x@y.pl"}
    response = staff.post(url, {**fields, "is_active": "on"})
    found = " ".join(str(message) for message in get_messages(response.wsgi_request))
    assert "“ewa@przyklad.iq.pl” is disabled" in found
    assert "“brak@przyklad.iq.pl” does not exist" in found
    assert "x@y.pl” does" not in found
    assert f"“{JAN}” is disabled" in change(staff, mailbox, is_active=None)


@pytest.mark.django_db(transaction=True)
def test_the_admin_ends_the_sessions_of_whom_it_locks_out(staff: Client, said: Path) -> None:
    mailbox = make_mailbox(JAN)
    change(staff, mailbox, quota=5)
    assert not said.exists()
    change(staff, mailbox, password="Nowe-haslo-1")
    change(staff, mailbox, is_active=None)
    url = reverse("admin:accounts_domain_change", args=[mailbox.domain.pk])
    fields = {"name": mailbox.domain.name, "default_quota_mb": 1000, "shown_version": 1}
    assert staff.post(url, fields).status_code == 302
    staff.post(reverse("admin:accounts_mailbox_delete", args=[mailbox.pk]), {"post": "yes"})
    lines = said.read_text().splitlines()
    assert lines == ["who -1", f"kick {JAN}"] * 3 + ["reload", "who -1", f"kick {JAN}"]


@pytest.mark.django_db(transaction=True)
def test_the_admin_says_what_is_left_to_do(staff: Client, settings: Settings) -> None:
    settings.DOVEADM = settings.POSTFIX = []
    mailbox = make_mailbox(JAN)
    assert f"doveadm kick {JAN}" in change(staff, mailbox, is_active=None)
    response = staff.post(reverse("admin:accounts_domain_add"), {"name": "nowa.example", "default_quota_mb": 1000})
    assert any("postfix reload" in str(message) for message in get_messages(response.wsgi_request))
    chosen = {"action": "delete_selected", "_selected_action": [mailbox.pk], "post": "yes"}
    response = staff.post(reverse("admin:accounts_mailbox_changelist"), chosen)
    assert any(f"doveadm kick {JAN}" in str(message) for message in get_messages(response.wsgi_request))
