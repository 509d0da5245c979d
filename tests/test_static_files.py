"""The static files can be collected as in production, and every one that a template names is there."""

from __future__ import annotations

import re
from pathlib import Path

from django.conf import settings as panel
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management import call_command


def test_every_static_file_of_a_template_is_collected(settings, tmp_path: Path) -> None:
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"},
    }
    call_command("collectstatic", interactive=False, verbosity=0)
    templates = "".join(path.read_text() for path in (panel.BASE_DIR / "templates").rglob("*.html"))
    names = set(re.findall(r"""{%\s*static\s+["']([^"']+)["']""", templates))
    assert names
    for name in names:
        assert (tmp_path / staticfiles_storage.stored_name(name)).exists(), name
