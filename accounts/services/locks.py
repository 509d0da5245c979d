"""The locks of the services: on domains, and on all forwards together.

Every transaction takes domains before forwards, and both before anything else, and domains in the order of their ids.
With one order for all, transactions wait for each other and never deadlock. SQLite needs no locks: its transactions are
IMMEDIATE, so only one of them writes at a time.
"""

from collections.abc import Iterable
from typing import Final

from django.db import connection

from accounts.models import Domain

FORWARDS_LOCK: Final = 7_045_001  # any number that nothing else locks in PostgreSQL


def lock_domains(domain_ids: Iterable[int]) -> None:
    """Lock these domains until the transaction ends: nobody else fills their room or deletes from them meanwhile."""
    list(Domain.objects.select_for_update().filter(pk__in=set(domain_ids)).order_by("pk").values_list("pk"))


def lock_forwards() -> None:
    """Let nobody else write forwards until the transaction ends.

    Two forwards that are written at the same time may form a circle that neither of the writers can see.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [FORWARDS_LOCK])
