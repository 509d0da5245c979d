"""What can be looked for in the list of one-time links."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.handout.models import Link, LinkQuerySet
from accounts.lists import FilterForm
from accounts.models import Mailbox
from accounts.validators import as_stored


class LinkFilterForm(FilterForm):
    """What to look for in the list of one-time links."""

    q = forms.CharField(required=False, label=_("Address"), widget=forms.SearchInput)
    states = [
        ("", _("Any")),
        ("waiting", _("Not opened yet")),
        ("opened", _("Opened")),
        ("ended", _("No longer valid")),
    ]

    def links(self) -> LinkQuerySet:
        """Return the links that are looked for of the login's mailboxes, the newest first."""
        mailboxes = self._apply(Mailbox.objects.all())
        links = Link.objects.filter(mailbox__in=mailboxes).select_related("mailbox").order_by("-pk")
        return links.in_state(self.cleaned_data.get("state", ""))

    def _matching(self, found: Any, text: str) -> Any:  # a forward shows in no row of this list
        return found.filter(address__contains=as_stored(text))

    def _in_state(self, found: Any, state: str) -> Any:  # noqa: ARG002 - it is the link's, not the mailbox's
        return found
