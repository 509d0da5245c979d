"""How a service ends: with a result, or with one of two exceptions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from accounts.models import Mailbox
from accounts.rules.forwards import Errors


class Outdated(Exception):
    """Somebody has changed the object since the page showed it. Nothing was written."""


class Refused(Exception):
    """The rules forbid it. `errors`: by address, then by the field that shows them. Nothing was written."""

    def __init__(self, errors: Mapping[str, Errors]) -> None:
        super().__init__("refused by the rules")
        self.errors = errors


@dataclass(frozen=True, slots=True)
class WriteResult:
    """What was written, and what the mail server has to be told once the transaction is committed.

    mailboxes: as they are now; none where they were deleted. signed_out: the addresses whose open sessions must end.
    needs_reload: whether Postfix may still remember that it refused the domain, or accepted it.
    """

    mailboxes: tuple[Mailbox, ...] = ()
    signed_out: Sequence[str] = ()
    needs_reload: bool = False
