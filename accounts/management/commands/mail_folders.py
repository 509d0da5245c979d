"""List the folders of mail that belong to no mailbox, or remove some of them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.mailserver.folders import FolderError, list_unowned_folders, remove_folders
from accounts.models import Mailbox


def read_homes() -> set[str]:
    """Return the folders of all mailboxes, also of the disabled ones."""
    return set(Mailbox.objects.values_list("home", flat=True).iterator())


class Command(BaseCommand):
    help = (
        "Lists the folders below MAIL_STORE that belong to no mailbox: size, day of the last use, name. Prints nothing "
        "where there are none. Run it on the mail server, as root: the panel's account cannot read the mail."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.epilog = _(
            "Exit status: 0 listed or removed, 1 not all of it could be listed or removed, 2 wrong use of the command."
        )
        parser.add_argument("--unused-days", metavar="N", type=int, default=0, help="only those not used for N days")
        parser.add_argument("--remove", metavar="NAME", nargs="+", default=[], help="remove these folders, as listed")

    def handle(self, *, unused_days: int, remove: list[str], **_options: Any) -> None:
        store = Path(settings.MAIL_STORE)
        try:
            if remove:
                for name in remove_folders(store, remove, read_homes):
                    self.stdout.write(_("%(name)s has been removed.") % {"name": name})
            else:
                self.list_folders(store, unused_days)
        except FolderError as error:
            raise CommandError(str(error)) from None
        except OperationalError as error:
            text = _("The database cannot be read (%(reason)s). docs/mailserver.md says how root gets to it.")
            raise CommandError(text % {"reason": str(error).strip()}) from None

    def list_folders(self, store: Path, unused_days: int) -> None:
        latest = timezone.now() - timedelta(days=unused_days)
        for folder in list_unowned_folders(store, read_homes):
            if folder.last_used <= latest:
                size, day = filesizeformat(folder.bytes), timezone.localdate(folder.last_used)
                self.stdout.write(f"{size:>12}  {day}  {folder.name}")
