"""The command that writes the mail server's configuration, and names what differs from what it would write."""

from __future__ import annotations

import runpy
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from pytest_django import Settings

from accounts.mailserver import files
from accounts.mailserver.files import DATABASE_FILES, DOVECOT_FILES, SERVER_FILES
from accounts.mailserver.sql_views import VIEWS
from accounts.management.commands import mailserver_config

PASSWORD = "tajne.haslo"


@pytest.fixture(autouse=True)
def _settings(settings: Settings) -> None:
    settings.MAIL_HOSTNAME, settings.MAIL_POSTMASTER = "mail.example.com", "admin@example.com"
    settings.MAILSERVER_PASSWORD = PASSWORD


def as_database(monkeypatch: pytest.MonkeyPatch, vendor: str, **values: Any) -> None:
    """Let the panel's database be this one, which is never opened."""
    defaults = {"NAME": "panel", "HOST": "", "PORT": "", "USER": "panel_role"}
    if vendor == "sqlite":
        defaults["NAME"] = "/srv/mailpanel/data/mailpanel.sqlite3"
    connection = connections["default"]
    monkeypatch.setattr(connection, "vendor", vendor)
    monkeypatch.setattr(connection, "settings_dict", {**connection.settings_dict, **defaults, **values})


def write(folder: Path, dovecot: str = "2.3") -> str:
    output = StringIO()
    call_command("mailserver_config", "--out", str(folder), "--dovecot", dovecot, stdout=output)
    return output.getvalue()


def check(folder: Path, dovecot: str = "2.3") -> str:
    """Return what the check says about a folder, or nothing where all is as it should be."""
    try:
        call_command("mailserver_config", "--out", str(folder), "--dovecot", dovecot, "--check", stdout=StringIO())
    except CommandError as error:
        assert error.returncode == 1
        return str(error)
    return ""


@pytest.mark.parametrize("vendor", ["sqlite", "postgresql"])
@pytest.mark.parametrize("dovecot", DOVECOT_FILES)
def test_everything_is_written_and_only_its_group_may_read_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, vendor: str, dovecot: str
) -> None:
    as_database(monkeypatch, vendor)
    folder = tmp_path / "config"
    output = write(folder, dovecot)
    paths = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}
    assert paths.keys() == {*SERVER_FILES, *DOVECOT_FILES[dovecot], *DATABASE_FILES[vendor]}
    for name, path in paths.items():
        text = path.read_text()
        assert path.stat().st_mode & 0o777 == 0o640
        assert "{{" not in text
        assert "{%" not in text
        assert name in output
    assert PASSWORD not in output
    assert check(folder, dovecot) == ""


def test_the_maps_of_sqlite_name_its_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    as_database(monkeypatch, "sqlite")
    write(tmp_path)
    assert (tmp_path / "postfix/aliases.cf").read_text() == (
        "dbpath = /srv/mailpanel/data/mailpanel.sqlite3\n"
        "query = SELECT destination FROM mail_aliases WHERE source = '%s'\n"
    )
    assert "extra_groups = postfix" in (tmp_path / "dovecot/dovecot.conf").read_text()
    assert "proxy:sqlite:" in (tmp_path / "postfix/main.cf").read_text()


def test_a_file_that_its_server_cannot_read_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    write(tmp_path)
    assert (tmp_path / "postfix").stat().st_mode & 0o777 == 0o755
    monkeypatch.setattr(mailserver_config, "find_group", lambda name: "mail" if name.endswith("srs.cf") else None)
    assert check(tmp_path).splitlines()[-1].endswith("srs.cf must belong to the group mail.")


def test_dovecot_listens_for_welcome_messages_only_where_the_panel_sends_them(
    settings: Settings, tmp_path: Path
) -> None:
    write(tmp_path)
    assert "inet_listener" not in (tmp_path / "dovecot/dovecot.conf").read_text()
    settings.WELCOME_LMTP = "127.0.0.1:2424"
    assert "inet_listener welcome" in check(tmp_path)
    write(tmp_path)
    text = (tmp_path / "dovecot/dovecot.conf").read_text()
    assert "  inet_listener welcome {\n    address = 127.0.0.1\n    port = 2424\n  }\n}\n" in text
    assert "dovecot-lmtp {" in text


def test_the_name_of_the_server_is_where_forwards_come_from(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path
) -> None:
    as_database(monkeypatch, "sqlite")
    settings.MAIL_HOSTNAME = "Mail.Example.com"
    output = write(tmp_path)
    assert (tmp_path / "postsrsd/postsrsd").read_text().splitlines()[1:] == ["SRS_DOMAIN=Mail.Example.com"]
    assert "WHEN '%d' = 'mail.example.com' OR" in (tmp_path / "postfix/srs.cf").read_text(), "as Postfix looks it up"
    assert f"echo '. {tmp_path}/postsrsd/postsrsd' > /etc/default/postsrsd\n" in output


@pytest.mark.parametrize(
    ("host", "port", "hosts", "connect"),
    [
        ("", "", "unix:/var/run/postgresql", "host=/var/run/postgresql port=5432"),
        ("/tmp/pg", "5432", "unix:/tmp/pg", "host=/tmp/pg port=5432"),
        ("db.example.com", 5433, "db.example.com:5433", "host=db.example.com port=5433"),
    ],
)
def test_the_maps_of_postgresql_name_its_server(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, host: str, port: str | int, hosts: str, connect: str
) -> None:
    as_database(monkeypatch, "postgresql", HOST=host, PORT=port)
    write(tmp_path)
    assert (tmp_path / "postfix/domains.cf").read_text() == (
        f"hosts = {hosts}\ndbname = panel\nuser = mailserver\npassword = {PASSWORD}\n"
        "query = SELECT 1 FROM mail_domains WHERE name = '%s'\n"
    )
    sql = (tmp_path / "dovecot/sql.conf").read_text()
    assert f"connect = {connect} dbname=panel user=mailserver password={PASSWORD}\n" in sql
    assert "proxy:pgsql:" in (tmp_path / "postfix/main.cf").read_text()


def test_without_a_password_none_is_written(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path
) -> None:
    as_database(monkeypatch, "postgresql", USER="")
    settings.MAILSERVER_PASSWORD = ""
    write(tmp_path)
    assert "password" not in (tmp_path / "postfix/domains.cf").read_text()
    assert " password=" not in (tmp_path / "dovecot/sql.conf").read_text()
    grants = (tmp_path / "postgresql-grants.sql").read_text()
    assert "PASSWORD" not in grants
    assert '""' not in grants


def test_the_role_is_granted_the_views(monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path) -> None:
    as_database(monkeypatch, "postgresql")
    settings.MAILSERVER_ROLE = "poczta"
    write(tmp_path)
    grants = [line for line in (tmp_path / "postgresql-grants.sql").read_text().splitlines() if "SELECT ON" in line]
    assert grants == [f'GRANT SELECT ON {", ".join(VIEWS)} TO "poczta";']


@pytest.mark.parametrize(
    ("hour", "day", "limits"),
    [(500, 5000, [(500, 3600), (5000, 86400)]), (0, 7, [(10**9, 3600), (7, 86400)])],
)
def test_the_sending_limits_of_all_hold_also_while_the_database_is_away(
    monkeypatch: pytest.MonkeyPatch,
    settings: Settings,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    hour: int,
    day: int,
    limits: list[tuple[int, int]],
) -> None:
    as_database(monkeypatch, "sqlite", NAME=str(tmp_path / "none.sqlite3"))
    settings.MAIL_RECIPIENTS_PER_HOUR, settings.MAIL_RECIPIENTS_PER_DAY = hour, day
    write(tmp_path)
    configuration = runpy.run_path(str(tmp_path / "policyd-rate-limit/policyd-rate-limit.conf"))
    assert configuration["limits"] == limits
    assert configuration["limits_by_id"].get("jan@przyklad.pl", limits) == limits
    assert "Using the common limits for jan@przyklad.pl" in capsys.readouterr().err
    assert not (tmp_path / "none.sqlite3").exists()


def test_the_check_names_each_difference_and_no_password(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path
) -> None:
    as_database(monkeypatch, "postgresql")
    write(tmp_path)
    settings.MAIL_HOSTNAME = "poczta.example.com"
    settings.MAILSERVER_PASSWORD = "inne-haslo"
    (tmp_path / "postfix/senders.cf").unlink()
    (tmp_path / "postfix/old.cf").write_text("x")
    (tmp_path / "postfix/aliases.cf").write_text(f"password   =\t{PASSWORD}\nquery = SELECT 2\n")
    said = check(tmp_path)
    assert f"{tmp_path}/postfix/senders.cf is missing." in said
    assert f"{tmp_path}/postfix/old.cf is not one of the files." in said
    assert f"{tmp_path}/postfix/main.cf is not what would be written now:\n--- written\n+++ now" in said
    assert "-myhostname = mail.example.com\n+myhostname = poczta.example.com" in said
    assert "-query = SELECT 2\n" in said
    assert f"{tmp_path}/postfix/domains.cf is not what would be written now:\nThe password is another one" in said
    assert "postfix/master.cf" not in said, "it is as it would be"
    assert PASSWORD not in said
    assert "inne-haslo" not in said


def test_the_check_of_an_empty_folder_writes_nothing(tmp_path: Path) -> None:
    assert check(tmp_path / "none").count(" is missing.") == len(SERVER_FILES) + len(DOVECOT_FILES["2.3"]) + 1
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_everybody_may_read_is_named_and_mended(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "dovecot/sql.conf").chmod(0o644)
    assert check(tmp_path) == f"{tmp_path}/dovecot/sql.conf must have the mode 0640."
    (tmp_path / "postfix/main.cf").write_text("x" * 100_000)
    write(tmp_path)
    assert check(tmp_path) == ""


@pytest.mark.parametrize(
    ("setting", "value", "error"),
    [
        ("MAIL_HOSTNAME", "", "Set MAIL_HOSTNAME"),
        ("MAIL_HOSTNAME", "x/y", "MAIL_HOSTNAME or MAIL_POSTMASTER"),
        ("MAIL_POSTMASTER", "", "MAIL_HOSTNAME or MAIL_POSTMASTER"),
        ("MAIL_STORE", "/var/my mail", "“/var/my mail” (mail_store) would be misread"),
        ("MAILSERVER_PASSWORD", "a'; DROP", "“***” (password) would be misread"),
    ],
)
def test_a_setting_that_cannot_be_written_is_named(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path, setting: str, value: str, error: str
) -> None:
    as_database(monkeypatch, "postgresql")
    setattr(settings, setting, value)
    with pytest.raises(CommandError) as raised:
        write(tmp_path)
    assert error in str(raised.value)
    assert list(tmp_path.iterdir()) == []


def test_a_socket_of_postgresql_at_another_port_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    as_database(monkeypatch, "postgresql", PORT="5433")
    with pytest.raises(CommandError, match="port 5432 only"):
        write(tmp_path)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CommandError, match="file"):
        write(tmp_path / "file" / "config")


# --- The version ------------------------------------------------------------------------------------------------------
def install_dovecot(monkeypatch: pytest.MonkeyPatch, folder: Path, version: str) -> None:
    """Put a program in front of all others that says that it is Dovecot of this version."""
    program = folder / "dovecot"
    program.write_text(f"#!/bin/sh\necho '{version} (7d8c0e5759)'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")


@pytest.mark.parametrize(("installed", "version"), [("2.3.19.1", "2.3"), ("2.4.1-4", "2.4"), ("2.4.12", "2.4")])
def test_the_version_is_that_of_the_installed_dovecot(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, installed: str, version: str
) -> None:
    install_dovecot(monkeypatch, tmp_path, installed)
    folder = tmp_path / "config"
    call_command("mailserver_config", "--out", str(folder), stdout=StringIO())
    assert f"configuration of Dovecot {version}:" in (folder / "dovecot/dovecot.conf").read_text()
    assert check(folder, version) == ""
    other = {"2.3": "2.4", "2.4": "2.3"}[version]
    assert "dovecot.conf is not what would be written now:" in check(folder, other), "an upgrade is named"


def test_a_version_without_files_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    install_dovecot(monkeypatch, tmp_path, "2.2.36.4")
    message = "Dovecot 2.2 is installed. The panel has files for these versions: 2.3, 2.4."
    with pytest.raises(CommandError, match=message):
        call_command("mailserver_config", "--out", str(tmp_path / "config"))


def test_where_there_is_no_dovecot_the_version_has_to_be_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(files.subprocess, "run", lambda *_args, **_named: (_ for _ in ()).throw(FileNotFoundError()))
    message = "Say which version the mail server has: --dovecot 2.3 / --dovecot 2.4."
    with pytest.raises(CommandError, match=message):
        call_command("mailserver_config", "--out", str(tmp_path / "config"))
    write(tmp_path / "config", "2.4")
