"""An import whose passwords wait to be handed over, and mailboxes to give new ones."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from accounts.handout.models import Batch
from accounts.models import Mailbox
from bulkimport.models import Import
from tests.factories import make_created_import, make_mailbox

FILE = "E-mail;Hasło\njan@przyklad.iq.pl;\newa@przyklad.iq.pl;\nola@przyklad.iq.pl;Wiosna2024\n"


@pytest.fixture
def created(customer: User) -> Import:
    """An import of three accounts: two with a generated password, one with a password of the file's own."""
    return make_created_import(customer, FILE)


@pytest.fixture
def batch(created: Import) -> Batch:
    """The batch of that import."""
    return Batch.objects.get(pk=created.pk)


@pytest.fixture
def three(customer: User) -> list[Mailbox]:
    return [make_mailbox(f"{name}@przyklad.iq.pl") for name in ("adam", "beata", "celina")]
