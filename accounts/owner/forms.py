"""The forms of the owner's pages. They add no rules: those are in `validators` and on the models."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.forms import CellField
from accounts.models import Domain, Forward, Mailbox
from accounts.panel_forms import FORWARD_CHANGED, show_again, stamp_of_forward
from accounts.validators import clean_password, normalize_password, parse_destinations

NEW_PASSWORD = {"class": "form-control", "autocomplete": "new-password"}


class OwnerLoginForm(forms.Form):
    """The address and password of a mailbox, as they were typed."""

    address = CellField(label=_("E-mail"))
    password = CellField(label=_("Password"), widget=forms.PasswordInput)


class OwnerPasswordForm(forms.Form):
    """A new password for a mailbox, and the old one once more. What was typed does not come back in the page."""

    password = CellField(
        label=_("The password that you have now"),
        widget=forms.PasswordInput(attrs={"class": "form-control", "autocomplete": "current-password"}),
        error_messages={"required": _("The password is missing. Write the one that you have now.")},
    )
    new_password = CellField(
        label=_("New password"),
        required=False,
        widget=forms.PasswordInput(attrs=NEW_PASSWORD),
    )
    repeated_password = CellField(
        label=_("The new password once more"),
        required=False,
        widget=forms.PasswordInput(attrs=NEW_PASSWORD),
    )

    def __init__(self, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data)
        shortest = settings.PASSWORD_MIN_LENGTH
        text = ngettext(
            "At least %(count)s character, with a letter and a digit.",
            "At least %(count)s characters, with a letter and a digit.",
            shortest,
        )
        self.fields["new_password"].help_text = text % {"count": shortest}

    def clean_new_password(self) -> str:
        return clean_password(self.cleaned_data["new_password"])

    def clean_repeated_password(self) -> None:
        new_password = self.cleaned_data.get("new_password")  # not there where something else is wrong with it
        if new_password is not None and normalize_password(self.cleaned_data["repeated_password"]) != new_password:
            message = _("This is not the same as the new password. Write the new password twice.")
            raise ValidationError(message, code="password_differs")


class OwnerForwardForm(forms.Form):
    """Where the messages to a mailbox are passed on to; with no address, the forward is deleted."""

    destinations = CellField(
        label=_("Forward to"),
        required=False,
        help_text=_("Several addresses are separated by spaces or commas."),
        widget=forms.Textarea(
            attrs={"class": "form-control", "rows": 3, "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
    keep_copy = forms.BooleanField(label=_("Keep a copy in this mailbox"), required=False)
    shown = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: Mapping[str, Any] | None = None, *, mailbox: Mailbox) -> None:
        self.mailbox = mailbox
        forward = forward_of(mailbox)
        shown = {"destinations": "\n".join(forward.display_destinations), "keep_copy": forward.keep_copy}
        super().__init__(data, initial={**(shown if forward.pk else {}), "shown": stamp_of_forward(forward)})

    def clean_destinations(self) -> str:
        return " ".join(parse_destinations(self.cleaned_data["destinations"]))

    @transaction.atomic
    def save(self) -> bool:
        """Write the forward, or delete it where no address is left. Returns False, with errors, when it may not be."""
        Domain.objects.lock([self.mailbox.domain.pk])
        Forward.objects.lock()
        forward = forward_of(self.mailbox)
        serving = Mailbox.objects.select_for_update().filter(pk=self.mailbox.pk, is_active=True)
        if not serving.filter(password_hash=self.mailbox.password_hash).exists() or not forward.is_active:
            self.add_error(
                None, _("Your mailbox or its forward has been changed meanwhile. Load the page again, then change it.")
            )
            return False
        now = stamp_of_forward(forward)
        forward.destinations = self.cleaned_data["destinations"]
        forward.keep_copy = bool(forward.destinations) and self.cleaned_data["keep_copy"]
        # The second of two presses finds what the first has written.
        if now not in (self.cleaned_data["shown"] or now, stamp_of_forward(forward)):
            show_again(self, shown=now)
            self.add_error(None, ValidationError(FORWARD_CHANGED, code="changed_meanwhile"))
            return False
        if not forward.destinations:
            if forward.pk:
                forward.delete()
            return True
        try:
            forward.full_clean()
        except ValidationError as error:
            self.add_error("destinations", [problem for problems in error.error_dict.values() for problem in problems])
            return False
        forward.save()
        return True


def forward_of(mailbox: Mailbox) -> Forward:
    """Return the forward of a mailbox, a new one where it has none."""
    forward = Forward.objects.filter(source=mailbox.address).first()
    return forward or Forward(domain=mailbox.domain, source=mailbox.address)
