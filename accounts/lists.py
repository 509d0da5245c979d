"""What the pages with lists of mailboxes, forwards and links share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.access import usable_domains
from accounts.models import Forward, Mailbox

ROWS_PER_PAGE = 50


def parse_ids(sent: Iterable[str]) -> list[int]:
    """Return the ids that a page has sent. Invalid ones are ignored."""
    return [int(text) for text in sent if text.isascii() and text.isdecimal() and len(text) < 19]


def tab_counts(request: HttpRequest) -> dict[str, int]:
    """Return how many mailboxes and forwards the login has in all, for the tabs above their lists."""
    domains = usable_domains(request.user)
    return {
        "mailboxes": Mailbox.objects.filter(domain__in=domains).count(),
        "forwards": Forward.objects.filter(domain__in=domains).count(),
    }


class FilterForm(forms.Form):
    """The filter of a list of mailboxes or forwards. Invalid values are ignored."""

    q = forms.CharField(required=False, label=_("Address or forward"), widget=forms.SearchInput)
    states = [
        ("", _("Any")),
        ("active", _("Active")),
        ("disabled", _("Disabled")),
        ("domain_off", _("Domain switched off")),
    ]

    def __init__(self, data: Mapping[str, Any], *, user: User | AnonymousUser) -> None:
        super().__init__(data)
        self.domains = usable_domains(user)
        self.fields["domain"] = forms.ModelChoiceField(
            self.domains, required=False, label=_("Domain"), empty_label=_("All domains")
        )
        self.fields["state"] = forms.ChoiceField(required=False, label=_("State"), choices=self.states)

    @property
    def sent(self) -> dict[str, str]:
        """The filter as it was sent: for links back to the same list."""
        return {name: str(self.data[name]) for name in self.fields if self.data.get(name)}

    def _apply(self, queryset: Any) -> Any:
        """Return what matches the filter, of the login's domains."""
        self.full_clean()
        values = self.cleaned_data
        queryset = queryset.filter(domain__in=self.domains)
        if values.get("q"):
            queryset = self._matching(queryset, values["q"])
        if values.get("domain"):
            queryset = queryset.filter(domain=values["domain"])
        return self._in_state(queryset, values["state"]) if values.get("state") else queryset

    def _matching(self, queryset: Any, text: str) -> Any:
        return queryset.matching(text)

    def _in_state(self, queryset: Any, state: str) -> Any:
        if state == "active":
            return queryset.filter(is_active=True, domain__is_active=True)
        if state == "domain_off":
            return queryset.filter(domain__is_active=False)
        return queryset.filter(is_active=False)
