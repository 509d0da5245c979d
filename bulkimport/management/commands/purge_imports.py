"""Delete expired secrets and sessions for good. To be run every hour."""

from __future__ import annotations

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.formats import grouped
from bulkimport.services.results import purge_expired


class Command(BaseCommand):
    help = "Deletes uploaded files and generated passwords whose time is up."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.description = _("Deletes uploaded files and generated passwords whose time is up.")

    def handle(self, **options: Any) -> None:
        count = purge_expired()
        call_command("clearsessions")
        if options["verbosity"] > 0:
            message = ngettext(
                "The file and passwords of %(count)s import were deleted.",
                "The files and passwords of %(count)s imports were deleted.",
                count,
            )
            self.stdout.write(message % {"count": grouped(count)})
