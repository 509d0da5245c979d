"""Add two customers and a staff login, so that the panel can be tried out. Only with DEBUG, since the passwords below
are public.
"""

from __future__ import annotations

from typing import Any, Final

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from accounts.models import Domain
from accounts.passwords import generate_password, hash_password
from accounts.rules.mailboxes import Account
from accounts.services import NewMailbox, create_mailboxes, save_domain, save_forward

LOGINS: Final = {"biuro": "demo-biuro-2026", "firma": "demo-firma-2026", "admin": "demo-admin-2026"}
ABOUT: Final = {
    "biuro": "customer, administers przyklad.iq.pl",
    "firma": "customer, administers firma.example",
    "admin": "staff, everything and /admin/",
}


class Command(BaseCommand):
    help = "Adds demonstration logins, domains and mailboxes once, and prints the logins. Only while DEBUG is on."

    def handle(self, **_options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError("Demonstration logins have well-known passwords. Set DEBUG=true to have them.")
        if not User.objects.filter(username__in=LOGINS).exists():
            add_demo_data()
        self.stdout.write("Demonstration logins:")
        for username, password in LOGINS.items():
            self.stdout.write(f"  {username:<6} {password:<16} {ABOUT[username]}")


@transaction.atomic
def add_demo_data() -> None:
    """Create the logins, and each domain with its mailboxes unless the domain exists already."""
    biuro, firma = (User.objects.create_user(name, password=LOGINS[name]) for name in ("biuro", "firma"))
    User.objects.create_superuser("admin", password=LOGINS["admin"])
    limits = {"default_quota_mb": 1000, "max_mailboxes": 600, "max_total_quota_mb": 600_000}
    # The addresses of the help page's examples (jan@, pawel@, kopia@, e-mail@) stay free, so that they can be imported.
    _add_domain("przyklad.iq.pl", biuro, ["kontakt", "ksiegowosc", "rekrutacja"], **limits)
    _add_domain("firma.example", firma, ["poczta"])


def _add_domain(name: str, administrator: User, local_parts: list[str], **limits: int) -> None:
    """Create a domain with these mailboxes, and a forward from faktury@ to the first; an existing one only gets the
    administrator.
    """
    domain = Domain.objects.filter(name=name).first()
    if domain:
        administrators = [*domain.administrators.all(), administrator]
        save_domain(domain=domain, version=str(domain.version), administrators=administrators)
        return
    domain = Domain(name=name, **limits)
    save_domain(domain=domain, version="", administrators=[administrator])
    new = [
        NewMailbox(
            Account(domain, f"{local_part}@{name}", domain.default_quota_mb),
            hash_password(generate_password(), generated=True),
        )
        for local_part in local_parts
    ]
    first, *_others = create_mailboxes(new=new, domains=Domain.objects.all())
    save_forward(
        forward_id=None,
        version="",
        domain=domain,
        source=f"faktury@{name}",
        destinations=[first.address],
        keep_copy=False,
        is_active=True,
    )
