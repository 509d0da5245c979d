"""The filters of the lists of mailboxes and forwards."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from django import forms
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import ValidationError
from django.db.models import F
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.handout.models import Batch
from accounts.lists import FilterForm
from accounts.models import Forward, ForwardQuerySet, Mailbox, MailboxQuerySet

BATCHES_OFFERED = 50
YEAR_SECONDS: Final = 365 * 24 * 60 * 60


class MailboxFilterForm(FilterForm):
    """The filter of the list of mailboxes; also by imported file, where the login has imported any."""

    sort = forms.ChoiceField(
        required=False,
        label=_("Order"),
        choices=[
            ("", _("By address")),
            ("used", _("Most space used first")),
            ("quota", _("Largest quota first")),
            ("login", _("Longest without a sign-in first")),
        ],
    )
    orders = {
        "used": F("usage__bytes_used").desc(nulls_last=True),
        "quota": F("quota_mb").desc(),
        "login": F("usage__last_login").asc(nulls_last=True),
    }
    states = [
        *FilterForm.states,
        ("unused", _("Last sign-in over a year ago")),
        ("login_unknown", _("No sign-in known")),
    ]

    def __init__(self, data: Mapping[str, Any], *, user: User | AnonymousUser) -> None:
        super().__init__(data, user=user)
        batches = Batch.objects.filter(made_by=user.pk).exclude(label="").defer("sealed")
        newest = list(batches[:BATCHES_OFFERED]) if user.pk else []
        if newest or data.get("batch"):  # a batch that is gone must find nothing, not everything
            field = forms.ModelChoiceField(batches, required=False, label=_("File"))
            with suppress(ValidationError):
                chosen = field.clean(data.get("batch"))
                newest += [chosen] if chosen and chosen not in newest else []
            field.choices = [("", _("Any")), *((each.pk, _describe(each)) for each in newest)]
            self.fields["batch"] = field
        self.order_fields(["q", "domain", "state", "batch", "sort"])

    def _in_state(self, queryset: Any, state: str) -> Any:
        if state == "unused":
            return queryset.filter(usage__last_login__lt=int(time.time()) - YEAR_SECONDS)
        if state == "login_unknown":
            return queryset.filter(usage__last_login=None)
        return super()._in_state(queryset, state)

    def mailboxes(self) -> MailboxQuerySet:
        """Return the mailboxes of the login that match the filter, in the order that was asked for."""
        mailboxes: MailboxQuerySet = self._apply(Mailbox.objects.all())
        order = self.orders.get(self.cleaned_data.get("sort", ""))
        mailboxes = mailboxes.order_by(*filter(None, [order]), "address")
        if batch := self.cleaned_data.get("batch"):
            mailboxes = mailboxes.filter(batches=batch)
        return mailboxes


class ForwardFilterForm(FilterForm):
    """The filter of the list of forwards."""

    states = [
        ("", pgettext_lazy("forward", "Any")),
        ("active", pgettext_lazy("forward", "Active")),
        ("disabled", pgettext_lazy("forward", "Disabled")),
        ("domain_off", _("Domain switched off")),
    ]

    def forwards(self) -> ForwardQuerySet:
        """Return the forwards of the login that match the filter."""
        forwards: ForwardQuerySet = self._apply(Forward.objects.all())
        return forwards


def _describe(batch: Batch) -> str:
    return f"{date_format(localtime(batch.made_at), 'j E Y')}, {batch.label}"
