"""A panel that commands run on in processes of their own."""

from __future__ import annotations

import os

import pytest

from tests.bulkimport.management.running import manage


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a panel with a database of its own, which has the domain przyklad.iq.pl."""
    database = tmp_path_factory.mktemp("panel") / "panel.sqlite3"
    more = {
        "DATABASE_URL": f"sqlite:///{database}",
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "SECRET_KEY": "tests",
        "LANGUAGE_CODE": "en",
        "PYTHONWARNINGS": "",
    }
    environment = {**os.environ, **more}
    prepare = (
        "from django.core.management import call_command; call_command('migrate', verbosity=0); "
        "from accounts.models import Domain; Domain.objects.create(name='przyklad.iq.pl')"
    )
    assert manage(environment, "shell", "--command", prepare).status == 0
    return environment
