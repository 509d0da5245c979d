"""Which mailboxes are selected in a list, and what every form shares that does something to them."""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar

from django.contrib.auth.models import User
from django.http import Http404, HttpRequest
from django.utils.translation import gettext_lazy

from accounts import services
from accounts.access import usable_domains
from accounts.forms import VersionedForm, style_fields
from accounts.lists import parse_ids
from accounts.models import Forward, Mailbox, MailboxQuerySet, Submission
from accounts.notices import postmaster_warning
from accounts.panel.filters import MailboxFilterForm
from accounts.rules.forwards import forwards_leading_to

NAMED = 20  # of the mailboxes; a page says how many more there are


def selected_mailboxes(request: HttpRequest) -> MailboxQuerySet:
    """Return the selected mailboxes, which stand in the URL: those that were ticked, or all that match a filter.

    An invalid filter selects nothing. Raises Http404 when none of the ticked mailboxes is the login's; not for a POST,
    because the first of two clicks may have deleted them.
    """
    if "all" in request.GET:
        form = MailboxFilterForm(request.GET, user=request.user)
        matching = form.mailboxes()
        return matching.none() if form.errors else matching
    ids = parse_ids(request.GET.getlist("select"))
    chosen = Mailbox.objects.filter(pk__in=ids, domain__in=usable_domains(request.user))
    if ids and request.method != "POST" and not chosen.exists():
        raise Http404
    return chosen


class SelectedForm(VersionedForm):
    """Something to do to the selected mailboxes. Its version is that of all the mailboxes that it would change."""

    is_dangerous: ClassVar[bool] = False
    stops_mail: ClassVar[bool] = False  # to the mailboxes
    changed_message = gettext_lazy("The selection has changed meanwhile. Look at it as it is now and decide again.")

    def __init__(self, data: Any = None, *, user: User, chosen: MailboxQuerySet, back: str) -> None:
        """chosen: the selected mailboxes, of which some may need no change. back: the URL of their list."""
        self.user, self.chosen, self.back = user, chosen, back
        self.result = services.WriteResult()  # of `write`
        super().__init__(data)
        style_fields(self)

    def to_change(self) -> MailboxQuerySet:
        """Return those of the selected mailboxes that would be changed."""
        return self.chosen

    @property
    def present_version(self) -> str:
        return self._version

    @cached_property
    def _version(self) -> str:
        return services.selection_version(self.to_change())

    @cached_property
    def affected(self) -> dict[int, str]:
        """The mailboxes that would be changed, id to address, in the order of their addresses."""
        return dict(self.to_change().order_by("address").values_list("pk", "address"))

    def reread(self) -> None:
        del self.affected, self._version

    @property
    def count(self) -> int:
        return len(self.affected)

    @cached_property
    def named(self) -> list[Mailbox]:
        """The first of the mailboxes, to be listed so that the person can check the selection."""
        return list(Mailbox.objects.filter(pk__in=list(self.affected)[:NAMED]))

    @property
    def more(self) -> int:
        return self.count - len(self.named)

    @cached_property
    def broken(self) -> list[Forward]:
        """The login's forwards to these mailboxes from other addresses; nobody would get what they pass on."""
        if not self.stops_mail:
            return []
        forwards = Forward.objects.filter(domain__in=usable_domains(self.user), is_active=True)
        return forwards_leading_to(self.affected.values(), forwards)

    @property
    def postmaster_warning(self) -> str:
        """A sentence where the postmaster of the mail server would get no mail; else empty."""
        return postmaster_warning(self.affected.values()) if self.stops_mail else ""

    def warn(self, request: HttpRequest) -> None:
        """Add the warnings about what was changed."""

    @property
    def title(self) -> str:
        """What is to be done, and to how many: the heading of the page and the text of its button."""
        raise NotImplementedError

    @property
    def explanation(self) -> str:
        """What the change means for the mailboxes."""
        raise NotImplementedError

    @property
    def done(self) -> str:
        """The message after the change."""
        raise NotImplementedError

    def untouched(self) -> str:
        """Return a sentence on how many of the selected need no change; empty where none does."""
        return ""

    @property
    def too_many(self) -> str:
        """A sentence where more are selected than can be changed at once; else empty."""
        return ""

    def clean(self) -> None:
        self.check_version()

    def prepare(self) -> None:
        """Do the slow part, such as hashing, before the transaction locks the domains."""

    def write(self, submission: Submission) -> None:
        """Make the change, within a transaction. Raises as the services."""
        submission.message, submission.next_url = self.done, self.back
        self.result = self.change()

    def change(self) -> services.WriteResult:
        """Call the service that makes the change."""
        raise NotImplementedError
