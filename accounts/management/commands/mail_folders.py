"""List the folders of mail that belong to no mailbox, or remove some of them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.mailserver.folders import FolderError, list_unowned_folders, remove_folder
from accounts.models import Mailbox


def read_homes() -> set[str]:
    """Return the folders of all mailboxes, also of the disabled ones."""
    return set(Mailbox.objects.values_list("home", flat=True))


class Command(BaseCommand):
    help = (
        "Lists the folders below MAIL_STORE that belong to no mailbox, with their size and the day of their last use. "
        "Prints nothing where there are none. Needs root, on the mail server."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--unused-days", metavar="N", type=int, default=0, help="only those not used for N days")
        parser.add_argument("--remove", metavar="NAME", nargs="+", default=[], help="remove these folders, as listed")

    def handle(self, *, unused_days: int, remove: list[str], **_options: Any) -> None:
        store = Path(settings.MAIL_STORE)
        try:
            for name in remove:
                remove_folder(store, name, read_homes)
                self.stdout.write(_("%(name)s has been removed.") % {"name": name})
            folders = [] if remove else list_unowned_folders(store, read_homes)
        except FolderError as error:
            raise CommandError(str(error)) from None
        latest = timezone.now() - timedelta(days=unused_days)
        for folder in folders:
            if folder.last_used <= latest:
                size, day = filesizeformat(folder.bytes), timezone.localdate(folder.last_used)
                self.stdout.write(f"{size:>12}  {day}  {folder.name}")
