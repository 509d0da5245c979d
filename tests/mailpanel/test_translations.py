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
from django.test import Client
from django.utils import translation
from django.utils.translation.template import templatize

from accounts.rules.room import Room
from accounts.validators import clean_password
from tests.pages import open_page

CATALOGUE = settings.BASE_DIR / "locale" / "pl" / "LC_MESSAGES" / "django.po"
# The functions of gettext; those with a p take a context first.
FUNCTION = re.compile(r"_|(n?p?)n?gettext(_lazy|_noop)?")
STRING = r"""u?("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""

Message = tuple[str, str | None, str]  # file, context, message


def messages_of_code() -> Iterator[Message]:
    """Yield every message of the Python files. Unlike xgettext this looks into f-strings as well: avoid them there."""
    for path in python_files():
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            function = FUNCTION.fullmatch(getattr(node.func, "id", getattr(node.func, "attr", "")))
            texts = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
            if function and texts:
                has_context = "p" in (function[1] or "")
                yield path.name, texts[0] if has_context else None, texts[1] if has_context else texts[0]


def messages_of_templates() -> Iterator[Message]:
    """Yield every message of the templates."""
    for path in (settings.BASE_DIR / "templates").rglob("*.html"):
        code = templatize(path.read_text(), origin=str(path))
        for function, first, second in re.findall(rf"(\w*gettext|\b_)\(\s*{STRING}(?:,\s*{STRING})?", code):
            texts = [ast.literal_eval(text) for text in (first, second) if text]
            has_context = "p" in function
            yield path.name, texts[0] if has_context else None, texts[1] if has_context else texts[0]


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
    known = {(entry.msgctxt, entry.msgid) for entry in catalogue if not entry.obsolete}
    missing = {message for message in [*messages_of_code(), *messages_of_templates()] if message[1:] not in known}
    assert missing == set(), "run `make messages` and translate what is new"


def test_every_translation_has_the_placeholders_of_its_message(catalogue: polib.POFile) -> None:
    wrong = []
    for entry in catalogue:
        # A singular may do without its number; every form after it has what the English plural has.
        texts = [text for _form, text in sorted(entry.msgstr_plural.items())[1:]] or [entry.msgstr]
        expected = placeholders(entry.msgid_plural or entry.msgid)
        wrong += [text for text in texts if placeholders(text) != expected]
        wrong += [text for text in entry.msgstr_plural.values() if not placeholders(text) <= expected]
    assert wrong == []


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"%\(\w+\)s", text))


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


@pytest.mark.django_db
def test_pages_speak_the_language_of_the_browser_and_the_switch_changes_it(logged_in: Client) -> None:
    assert '<html lang="pl"' in open_page(logged_in, "/imports/new/", accept_language="pl")
    assert '<html lang="en"' in open_page(logged_in, "/imports/new/", accept_language="en")
    logged_in.post("/language/", {"language": "pl", "next": "/imports/new/"})
    assert '<html lang="pl"' in open_page(logged_in, "/imports/new/", accept_language="en")
