"""Compile the translations: each django.po to the django.mo that Django reads.

Uses polib: Django's compilemessages needs the gettext programs.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import polib
from django.conf import settings
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Compiles the translations in the locale folders. Safe to run at any time."
    requires_system_checks: list[str] = []

    def handle(self, **options: Any) -> None:
        for folder in settings.LOCALE_PATHS:
            for source in sorted(Path(folder).glob("*/LC_MESSAGES/django.po")):
                target = compile_file(source)
                if options["verbosity"] > 1:
                    self.stdout.write(f"Compiled {target}")


def compile_file(source: Path) -> Path:
    """Compile one .po file to the .mo beside it and return its path. Fuzzy and untranslated entries stay out."""
    content: bytes = polib.pofile(str(source), encoding="utf-8").to_binary()
    target = source.with_suffix(".mo")
    # Written under another name, then renamed: a process must never read a half-written file.
    unfinished = source.with_name(f"unfinished-{os.getpid()}.mo")
    unfinished.write_bytes(content)
    unfinished.replace(target)
    return target
