"""Imports run one way: bulkimport imports accounts, which works without it, and a module imports only from below.

ruff guards the imports between the apps as well, and what the readers may know.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings

from bulkimport.urls import urlpatterns

# From the ground up: the modules and packages of each app. Those of one line do not import each other.
LAYERS = {
    "accounts": [
        ["__init__", "apps", "alphabets", "digests", "formats", "password_hashes", "passwords", "refusals", "sealing"],
        ["address_texts", "quota_texts"],
        ["address_faults"],
        ["validators"],
        ["models", "client_settings", "mailserver"],
        ["autodiscover", "health"],
        ["access", "meant_domains", "rules", "shares"],
        ["lists", "services"],
        ["notices", "submissions"],
        ["forms"],
        ["handout"],
        ["admin", "owner", "panel", "todos", "views"],
        ["management", "templatetags", "urls"],
    ],
    "bulkimport": [
        ["__init__", "apps", "rows"],
        ["columns"],
        ["readers", "validation", "models"],
        ["services"],
        ["preview_secrets"],
        ["descriptions", "preview"],
        ["access", "tables", "checked_rows", "workbook_page"],
        ["reading_page"],
        ["runner", "gauges", "downloads", "checked_page"],
        ["forms", "reading_forms", "todos"],
        ["views", "detail_views", "reading_views", "download_views", "guide", "admin", "management"],
        ["templatetags", "urls"],
    ],
}
HEIGHTS = {
    app: {name: height for height, names in enumerate(layers) for name in names} for app, layers in LAYERS.items()
}
ROOT: Path = settings.BASE_DIR
MODULES = [path for app in LAYERS for path in sorted((ROOT / app).rglob("*.py")) if "migrations" not in path.parts]


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imported_names(tree: ast.AST) -> Iterator[str]:
    """Yield the full names that a module imports, but for those that it needs for its types alone."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        yield from imported_names(node)


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_a_module_imports_only_from_below(path: Path) -> None:
    app, part = path.relative_to(ROOT).parts[:2]
    heights, part = HEIGHTS[app], part.removesuffix(".py")
    names = [name.split(".") for name in imported_names(ast.parse(path.read_text()))]
    imported = {name[1] for name in names if name[0] == app} - {part}
    assert part in heights, "Give the module its place in LAYERS."
    assert {other for other in imported if heights[other] >= heights[part]} == set()


# Values sealed before the move of this module can only be opened with a key made from its old name.
KEY_LABEL = "mailpanel.bulkimport.sealing"
WORD_OF_IMPORTS = re.compile(r"bulkimport|\bimport(s|ed)?\b|\bimport_\w", re.IGNORECASE)
RELATIONS = {
    field.related_query_name()
    for model in apps.get_app_config("bulkimport").get_models()
    for field in model._meta.concrete_fields
    if field.remote_field
} - {"+", "accounts"}  # no way back; from an import to its accounts
URL_NAMES = {pattern.name for pattern in urlpatterns if pattern.name}


def strings(tree: ast.AST) -> Iterator[str]:
    """Yield the strings in a module, without its docstrings."""
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes) and id(node) not in docstrings:
            yield node.value if isinstance(node.value, str) else node.value.decode("latin-1")


def identifiers(tree: ast.AST) -> Iterator[str]:
    """Yield the names in a module: of variables, attributes and keywords."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.keyword) and node.arg:
            yield node.arg


@pytest.mark.parametrize("path", sorted((ROOT / "accounts").rglob("*.py")), ids=relative)
def test_the_code_of_accounts_names_nothing_of_imports(path: Path) -> None:
    tree = ast.parse(path.read_text())
    texts = set(strings(tree)) - {KEY_LABEL}
    assert texts & URL_NAMES == set()
    for text in texts | set(identifiers(tree)):
        assert not WORD_OF_IMPORTS.search(text)
        assert set(text.split("__")) & RELATIONS == set()


def test_of_the_files_of_accounts_only_a_key_and_the_linter_name_bulkimport() -> None:
    paths = [path for path in (ROOT / "accounts").rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert {relative(path) for path in paths if b"bulkimport" in path.read_bytes()} == {
        "accounts/ruff.toml",
        "accounts/sealing.py",
    }


@pytest.mark.parametrize(
    "path",
    sorted(path for app in ("accounts", "handout") for path in (ROOT / "templates" / app).iterdir()),
    ids=relative,
)
def test_the_templates_of_accounts_name_nothing_of_imports(path: Path) -> None:
    """Links to imports, and sentences about them, stand at the top of templates/, in files that these include."""
    text = path.read_text()
    assert not WORD_OF_IMPORTS.search(text)
    assert not RELATIONS & set(re.findall(r"\w+", text))
    assert not URL_NAMES & set(re.findall(r"""url ["'](\w+)""", text))
