"""Imports run one way: each module of bulkimport knows only what stands below it. ruff guards the apps themselves."""

import ast
from pathlib import Path

import pytest
from django.conf import settings

# From the ground up; those of one line do not know each other. accounts stands below all of them.
LAYERS = [
    ["rows"],
    ["columns"],
    ["readers", "validation", "models"],
    ["services"],
    ["wording", "preview"],
    ["access", "tables", "checked_rows", "workbook_page"],
    ["reading_page"],
    ["runner", "capacity", "downloads", "checked_page"],
    ["forms", "reading_forms", "todos"],
    ["views", "reading_views", "download_views", "guide", "admin", "management"],
    ["urls", "templatetags"],
]
HEIGHT = {name: height for height, names in enumerate(LAYERS) for name in names}
ROOT: Path = settings.BASE_DIR / "bulkimport"
MODULES = sorted(path for path in ROOT.rglob("*.py") if "migrations" not in path.parts)


def find_room(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imported_rooms(path: Path) -> set[str]:
    """Return the rooms of bulkimport that a module imports from."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name.split(".")[1] for name in names if name.startswith("bulkimport.")}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_from_below(path: Path) -> None:
    room = find_room(path)
    if room in ("__init__", "apps"):
        assert imported_rooms(path) == set()
        return
    wrong = {name for name in imported_rooms(path) - {room} if HEIGHT[name] >= HEIGHT[room]}
    assert wrong == set()


HANDOUT = settings.BASE_DIR / "accounts" / "handout"
# What stands above it: the pages of mailboxes and forwards, which give mailboxes their new passwords.
ABOVE_HANDOUT = {"admin", "owner", "panel", "urls", "views"}


@pytest.mark.parametrize("path", sorted(HANDOUT.glob("*.py")), ids=lambda path: path.name)
def test_the_passwords_to_hand_over_know_nothing_of_the_pages_above_them(path: Path) -> None:
    lines = path.read_text().splitlines()
    modules = {line.split()[1].split(".")[1] for line in lines if line.startswith("from accounts.")}
    assert modules & ABOVE_HANDOUT == set()


TEMPLATES = settings.BASE_DIR / "templates" / "handout"


@pytest.mark.parametrize("path", [*sorted(HANDOUT.rglob("*.py")), *sorted(TEMPLATES.glob("*.html"))], ids=str)
def test_the_passwords_to_hand_over_know_nothing_of_imports(path: Path) -> None:
    """What leads to an import stands in templates of the project, which those of the app include."""
    text = path.read_text()
    assert "bulkimport" not in text
    assert "import_" not in text
