"""The form of a forward."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts import services
from accounts.access import not_your_domain
from accounts.forms.versions import CellField, VersionedForm
from accounts.models import Domain, DomainQuerySet, Forward
from accounts.rules.forwards import forward_errors
from accounts.validators import normalize_address, parse_destinations

FORWARD_CHANGED = _("This forward has been changed meanwhile, perhaps in another tab. Save again to replace that.")


class ForwardForm(VersionedForm):
    """A forward. Its source is in a hosted domain, and need not be a mailbox; only the admin can change it."""

    source = CellField(
        label=_("Address to forward"), help_text=_("In one of your domains. It need not have a mailbox.")
    )
    destinations = CellField(
        label=_("Forward to"),
        help_text=_("One or more addresses, separated by spaces or commas."),
        widget=forms.Textarea(attrs={"rows": 3, "cols": 60}),
    )
    keep_copy = forms.BooleanField(
        required=False,
        label=_("Keep a copy in the mailbox"),
        help_text=_("Only an address that has a mailbox can keep a copy."),
    )
    is_active = forms.BooleanField(required=False, initial=True, label=pgettext_lazy("forward", "Switched on"))
    works_while_disabled = forms.BooleanField(
        required=False,
        label=_("Pass messages on also while the mailbox is disabled"),
        help_text=_("For somebody who has left. No copy stays in a disabled mailbox."),
    )
    allows_sending = forms.BooleanField(
        required=False,
        label=_("Who gets the messages may send as this address"),
        help_text=_("The mailboxes among the addresses above that are in your own domains."),
    )
    changed_message = FORWARD_CHANGED

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        _files: object = None,  # given by the admin
        *,
        instance: Forward | None = None,
        domains: DomainQuerySet | None = None,
        in_admin: bool = False,
        initial: Mapping[str, Any] | None = None,
    ) -> None:
        """domains: those that the source may be in, None for all. in_admin: whether the source can be changed."""
        self.instance: Forward = instance or Forward()
        super().__init__(data, initial=dict(initial or {}))
        self.domains = Domain.objects.all() if domains is None else domains
        if instance:
            self.fields["source"].disabled = not in_admin
            self.fields["source"].help_text = ""
            self.initial.update(
                source=instance.display_source,
                destinations=" ".join(instance.display_destinations),
                keep_copy=instance.keep_copy,
                is_active=instance.is_active,
                works_while_disabled=instance.works_while_disabled,
                allows_sending=instance.allows_sending,
            )

    def clean_source(self) -> str:
        if self.fields["source"].disabled:
            return self.instance.source
        source = normalize_address(self.cleaned_data["source"])
        domain_name = source.rpartition("@")[2]
        domain = self.domains.filter(name=domain_name).first()
        if domain is None:
            raise not_your_domain(domain_name)
        self.instance.domain = domain
        return source

    def clean_destinations(self) -> tuple[str, ...]:
        destinations = parse_destinations(self.cleaned_data["destinations"])
        if not destinations:
            message = _("The forward has no address to pass messages on to. Write one.")
            raise ValidationError(message, code="forward_missing")
        return destinations

    def clean(self) -> None:
        self.check_version()
        values = self.cleaned_data
        if "source" in values and "destinations" in values:
            names = ("source", "destinations", "keep_copy", "is_active")
            self.refuse(forward_errors(**{name: values[name] for name in names}, forward_id=self.instance.pk))

    def save(self) -> Forward:
        """Write the forward and return it. Raises as `services.save_forward`."""
        values = self.cleaned_data
        return services.save_forward(
            forward_id=self.instance.pk,
            version=self.sent_version,
            domain=self.instance.domain,
            source=values["source"],
            destinations=values["destinations"],
            keep_copy=values["keep_copy"],
            is_active=values["is_active"],
            works_while_disabled=values["works_while_disabled"],
            allows_sending=values["allows_sending"],
        )
