"""Ask Dovecot how much mail every mailbox holds, and write it where the panel reads it."""

from __future__ import annotations

import subprocess
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from accounts.mailserver.control import measure_usage
from accounts.models import Mailbox, MailUsage

ROWS_PER_STATEMENT = 500


class Command(BaseCommand):
    help = "Corrects how much mail each mailbox is said to hold. Runs doveadm, so it needs root or the setting DOVEADM."

    def handle(self, *_arguments: Any, **_options: Any) -> None:
        try:
            measured = measure_usage()
        except (OSError, subprocess.SubprocessError) as error:
            message = _("Dovecot could not be asked (%(reason)s). Run this on the mail server, as root.")
            raise CommandError(message % {"reason": error}) from None
        present = set(Mailbox.objects.values_list("address", flat=True))
        MailUsage.objects.bulk_create(
            [
                MailUsage(mailbox_id=address, bytes_used=bytes_used, messages=messages)
                for address, (bytes_used, messages) in measured.items()
                if address in present
            ],
            batch_size=ROWS_PER_STATEMENT,
            update_conflicts=True,
            update_fields=["bytes_used", "messages"],
            unique_fields=["mailbox"],
        )
        self.stdout.write(_("Measured: %(count)s mailboxes.") % {"count": len(measured)})
