"""The forms of the pages with one-time links: the filter of their list, and what to do to them."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from accounts.forms import VersionedForm
from accounts.handout.models import Link, LinkQuerySet
from accounts.lists import FilterForm, parse_ids
from accounts.models import Mailbox
from accounts.validators import as_stored


class LinkFilterForm(FilterForm):
    """The filter of the list of one-time links."""

    q = forms.CharField(required=False, label=_("Address"), widget=forms.SearchInput)
    states = [
        ("", _("Any")),
        ("waiting", _("Not opened yet")),
        ("opened", _("Opened")),
        ("ended", _("No longer valid")),
    ]

    def links(self) -> LinkQuerySet:
        """Return the links to mailboxes of the login that match the filter, the newest first."""
        mailboxes = self._apply(Mailbox.objects.all())
        links = Link.objects.filter(mailbox__in=mailboxes).select_related("mailbox").order_by("-pk")
        return links.in_state(self.cleaned_data.get("state", ""))

    def _matching(self, queryset: Any, text: str) -> Any:
        """Look at addresses only: this list shows no forwards."""
        return queryset.filter(address__contains=as_stored(text))

    def _in_state(self, queryset: Any, _state: str) -> Any:
        """Leave the mailboxes: the states of this list are those of links."""
        return queryset


class LinksForm(VersionedForm):
    """Makes or revokes one-time links: for everything that a page has shown, or for what was ticked there."""

    data: QueryDict

    action = forms.ChoiceField(choices=[(each, each) for each in ("make_all", "make", "revoke_all", "revoke")])
    changed_message = _("The list was changed in another tab. Look at it as it is now.")

    def __init__(self, data: QueryDict | None = None, *, links: LinkQuerySet, ticked: str) -> None:
        """ticked: the name of the boxes to tick in the page."""
        self.links, self.ticked = links, ticked
        super().__init__(data)

    @property
    def present_version(self) -> str:
        return self._version

    @cached_property
    def _version(self) -> str:
        return self.links.version()

    def reread(self) -> None:
        del self._version

    @property
    def is_revoking(self) -> bool:
        return str(self.cleaned_data["action"]).startswith("revoke")

    @property
    def chosen(self) -> list[int] | None:
        """The ids that were ticked; None stands for all."""
        return None if self.cleaned_data["action"].endswith("_all") else parse_ids(self.data.getlist(self.ticked))
