"""What is written about the panel is true: its settings and its requirements."""

from __future__ import annotations

import re

import pytest
from django.conf import settings

from accounts import passwords

ROOT = settings.BASE_DIR
VARIABLES = sorted(set(re.findall(r'env\.\w+\("(\w+)"', (ROOT / "mailpanel" / "settings.py").read_text())))


@pytest.mark.parametrize("name", VARIABLES)
def test_every_variable_is_explained(name: str) -> None:
    assert re.search(rf"^#{name}=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    assert f"`{name}`" in (ROOT / "README.md").read_text()


def test_no_other_variable_is_offered() -> None:
    assert sorted(re.findall(r"^#([A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)) == VARIABLES


def test_the_arithmetic_of_generated_passwords() -> None:
    assert f"{passwords.ENTROPY_BITS:.2f}" in (ROOT / "docs" / "passwords.md").read_text()
    assert passwords.ENTROPY_BITS > 80


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_passlib_comes_from_libpass_alone(name: str) -> None:
    """passlib and libpass write the same files, so the one that is installed last would win."""
    packages = set(re.findall(r"^([a-z0-9-]+)(?:\[.+\])?==", (ROOT / name).read_text(), re.MULTILINE))
    assert "libpass" in packages
    assert "passlib" not in packages
