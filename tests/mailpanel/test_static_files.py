"""The static files can be collected as in production, every one that a template names is there, and they are small."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

from django.conf import settings as panel
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management import call_command
from django_htmx.jinja import htmx_script

MOST_KB = 150  # of style and script in one page, compressed


def test_every_static_file_of_a_template_is_collected(settings, tmp_path: Path) -> None:
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"},
    }
    call_command("collectstatic", interactive=False, verbosity=0)
    names = named_in_templates()
    assert names
    for name in names:
        assert (tmp_path / staticfiles_storage.stored_name(name)).exists(), name


def test_style_and_script_of_a_page_are_small() -> None:
    """All that the pages have together is less than what one of them may have."""
    (htmx,) = re.findall(r'src="/static/([^"]+)"', htmx_script())
    files = [name for name in (*named_in_templates(), htmx) if name.endswith((".css", ".js"))]
    assert {"panel.css", "panel.js"} < {*files}
    sizes = {name: len(gzip.compress(Path(str(finders.find(name))).read_bytes())) for name in files}
    assert sum(sizes.values()) <= MOST_KB * 1000, sizes


def named_in_templates() -> set[str]:
    templates = "".join(path.read_text() for path in (panel.BASE_DIR / "templates").rglob("*.html"))
    return set(re.findall(r"""{%\s*static\s+["']([^"']+)["']""", templates))
