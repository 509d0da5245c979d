"""What can be looked for in the lists of mailboxes and forwards, and what other lists of them build on."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from django import forms
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import ValidationError
from django.db.models import F
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.access import domains_of
from accounts.models import Domain, Forward, ForwardQuerySet, Mailbox, MailboxQuerySet

IMPORTS_OFFERED = 50


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
        self.fields["domain"].queryset = domains_of(user)  # type: ignore[attr-defined]  # of its kind of field
        self.fields["state"].choices = self.states  # type: ignore[attr-defined]  # likewise

    @property
    def sent(self) -> dict[str, str]:
        """What was looked for, as it was sent: for links back to the same list."""
        return {name: str(self.data[name]) for name in self.fields if self.data.get(name)}

    def _apply(self, found: Any) -> Any:
        self.full_clean()
        wanted = self.cleaned_data
        found = found.filter(domain__in=domains_of(self.user))
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


class MailboxFilterForm(FilterForm):
    """What to look for in the list of mailboxes; where the login has imported any, also by import."""

    sort = forms.ChoiceField(
        required=False,
        label=_("Order"),
        choices=[("", _("By address")), ("used", _("Most space used first")), ("quota", _("Largest quota first"))],
    )
    orders = {"used": F("usage__bytes_used").desc(nulls_last=True), "quota": F("quota_mb").desc()}

    def __init__(self, data: Mapping[str, Any], *, user: User | AnonymousUser) -> None:
        super().__init__(data, user=user)
        if not isinstance(user, User):
            return
        imports = user.imports.filter(status="created").only("filename", "uploaded_at")
        newest = list(imports[:IMPORTS_OFFERED])
        if newest or data.get("import"):  # one that is gone meanwhile finds nothing, rather than everything
            field = forms.ModelChoiceField(imports, required=False, label=_("Import"))
            with suppress(ValidationError):
                chosen = field.clean(data.get("import"))
                newest += [chosen] if chosen and chosen not in newest else []
            field.choices = [("", _("Any")), *((each.pk, _label(each)) for each in newest)]
            self.fields["import"] = field
        self.order_fields(["q", "domain", "state", "import", "sort"])

    def mailboxes(self) -> MailboxQuerySet:
        """Return the mailboxes of the login that are looked for, in the order that was asked for."""
        found: MailboxQuerySet = self._apply(Mailbox.objects.all())
        order = self.orders.get(self.cleaned_data.get("sort", ""))
        found = found.order_by(*filter(None, [order]), "address")
        if wanted := self.cleaned_data.get("import"):
            found = found.filter(imported__import_record=wanted)
        return found


class ForwardFilterForm(FilterForm):
    """What to look for in the list of forwards."""

    states = [
        ("", pgettext_lazy("forward", "Any")),
        ("active", pgettext_lazy("forward", "Active")),
        ("disabled", pgettext_lazy("forward", "Disabled")),
        ("domain_off", _("Domain switched off")),
    ]

    def forwards(self) -> ForwardQuerySet:
        """Return the forwards of the login that are looked for."""
        found: ForwardQuerySet = self._apply(Forward.objects.all())
        return found


def _label(import_record: Any) -> str:
    return f"{date_format(localtime(import_record.uploaded_at), 'j E Y')}, {import_record.filename}"
