"""What the pages with lists of mailboxes, forwards and links share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.access import usable_domains
from accounts.models import Domain, Forward, Mailbox

ROWS_PER_PAGE = 50


def parse_ids(sent: Iterable[str]) -> list[int]:
    """Return the ids in what a page has sent; what cannot be one is passed over."""
    return [int(text) for text in sent if text.isascii() and text.isdecimal() and len(text) < 19]


def tab_counts(request: HttpRequest) -> dict[str, int]:
    """Return how many mailboxes and forwards the login has in all, for the tabs above their lists."""
    domains = usable_domains(request.user)
    return {
        "mailboxes": Mailbox.objects.filter(domain__in=domains).count(),
        "forwards": Forward.objects.filter(domain__in=domains).count(),
    }


class FilterForm(forms.Form):
    """What to look for in a list of mailboxes or forwards. A value that cannot be is as good as none."""

    q = forms.CharField(required=False, label=_("Address or forward"), widget=forms.SearchInput)
    domain = forms.ModelChoiceField(
        Domain.objects.none(), required=False, label=_("Domain"), empty_label=_("All domains")
    )
    state = forms.ChoiceField(required=False, label=_("State"))
    states = [
        ("", _("Any")),
        ("active", _("Active")),
        ("disabled", _("Disabled")),
        ("domain_off", _("Domain switched off")),
    ]

    def __init__(self, data: Mapping[str, Any], *, user: User | AnonymousUser) -> None:
        super().__init__(data)
        self.user = user
        self.fields["domain"].queryset = usable_domains(user)  # type: ignore[attr-defined]  # of its kind of field
        self.fields["state"].choices = self.states  # type: ignore[attr-defined]  # likewise

    @property
    def sent(self) -> dict[str, str]:
        """What was looked for, as it was sent: for links back to the same list."""
        return {name: str(self.data[name]) for name in self.fields if self.data.get(name)}

    def _apply(self, found: Any) -> Any:
        self.full_clean()
        wanted = self.cleaned_data
        found = found.filter(domain__in=usable_domains(self.user))
        if wanted.get("q"):
            found = self._matching(found, wanted["q"])
        if wanted.get("domain"):
            found = found.filter(domain=wanted["domain"])
        return self._in_state(found, wanted["state"]) if wanted.get("state") else found

    def _matching(self, found: Any, text: str) -> Any:
        return found.matching(text)

    def _in_state(self, found: Any, state: str) -> Any:
        if state == "active":
            return found.filter(is_active=True, domain__is_active=True)
        if state == "domain_off":
            return found.filter(domain__is_active=False)
        return found.filter(is_active=False)
