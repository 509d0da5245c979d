"""The translations are complete, and Polish gets its plurals right although Django's own catalogue has other ones."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import polib
import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.utils import translation
from django.utils.translation.template import templatize

from accounts.limits import Room
from accounts.validators import clean_password

CATALOGUE = settings.BASE_DIR / "locale" / "pl" / "LC_MESSAGES" / "django.po"
FUNCTIONS = {"_", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy"}


def messages_of_code() -> Iterator[tuple[str, str]]:
    """Yield every message of the Python files, as (file, message)."""
    for path in python_files():
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            for text in ast.walk(node.args[0]) if name in FUNCTIONS else ():
                if isinstance(text, ast.Constant) and isinstance(text.value, str):
                    yield path.name, text.value


def messages_of_templates() -> Iterator[tuple[str, str]]:
    """Yield every message of the templates, as (file, message)."""
    for path in (settings.BASE_DIR / "templates").rglob("*.html"):
        code = templatize(path.read_text(), origin=str(path))
        for found in re.finditer(r"""(?:gettext|_)\(\s*u?("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')""", code):
            yield path.name, ast.literal_eval(found[1])


def python_files() -> Iterator[Path]:
    for folder in ("accounts", "bulkimport", "mailpanel"):
        yield from (settings.BASE_DIR / folder).rglob("*.py")


@pytest.fixture
def catalogue() -> polib.POFile:
    return polib.pofile(str(CATALOGUE))


def test_every_message_is_translated(catalogue: polib.POFile) -> None:
    assert [entry.msgid for entry in catalogue if not entry.translated()] == []
    assert catalogue.metadata["Language"] == "pl"
    assert not catalogue.metadata_is_fuzzy


def test_every_message_of_the_code_is_in_the_catalogue(catalogue: polib.POFile) -> None:
    known = {entry.msgid for entry in catalogue if not entry.obsolete}
    missing = {message for message in [*messages_of_code(), *messages_of_templates()] if message[1] not in known}
    assert missing == set(), "run `make messages` and translate what is new"


def test_every_translation_has_the_placeholders_of_its_message(catalogue: polib.POFile) -> None:
    def placeholders(text: str) -> set[str]:
        return set(re.findall(r"%\(\w+\)s", text))

    wrong = [
        entry.msgid
        for entry in catalogue
        for text in ([entry.msgstr] if not entry.msgid_plural else entry.msgstr_plural.values())
        if placeholders(text) != placeholders(entry.msgid_plural or entry.msgid)
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("count", "expected"), [(1, "1 znak."), (2, "2 znaki."), (5, "5 znaków."), (22, "22 znaki."), (112, "112 znaków.")]
)
def test_polish_counts_characters(settings, count: int, expected: str) -> None:
    settings.PASSWORD_MIN_LENGTH = count
    with pytest.raises(ValidationError) as error:
        clean_password("")
    with translation.override("pl"):
        assert error.value.messages[0] == f"Hasło musi mieć co najmniej {expected}"


@pytest.mark.parametrize(
    ("count", "expected"), [(1, "1 skrzynka"), (2, "2 skrzynki"), (5, "5 skrzynek"), (22, "22 skrzynki")]
)
def test_polish_counts_mailboxes(count: int, expected: str) -> None:
    room = Room("przyklad.iq.pl", mailboxes=0, quota_mb=0, max_mailboxes=0, max_total_quota_mb=None)
    with translation.override("pl"):
        error = room.error_for(mailboxes=count, quota_mb=1, whole_file=True)
        assert error is not None
        assert f"Potrzeba: {expected}; zostało: 0." in error.messages[0]


def test_compiling_replaces_an_older_file_and_leaves_nothing_else(settings, tmp_path: Path) -> None:
    folder = tmp_path / "pl" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "django.po").write_bytes(CATALOGUE.read_bytes())
    (folder / "django.mo").write_bytes(b"old")
    settings.LOCALE_PATHS = [tmp_path]
    call_command("compile_translations")
    assert {path.name for path in folder.iterdir()} == {"django.po", "django.mo"}
    assert any(entry.msgstr == "domeny" for entry in polib.mofile(str(folder / "django.mo")))
