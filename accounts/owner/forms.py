"""The forms of the owner's pages. Their rules are those of `accounts.validators` and `accounts.rules`."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts import services
from accounts.forms import FORWARD_CHANGED, CellField, VersionedForm
from accounts.models import Forward, Mailbox
from accounts.rules.forwards import Errors
from accounts.rules.mailboxes import Account, changed_account_errors
from accounts.validators import clean_password, normalize_password, parse_destinations

NEW_PASSWORD = {"class": "form-control", "autocomplete": "new-password"}


class OwnerLoginForm(forms.Form):
    """The address and password of a mailbox, as they were typed."""

    address = CellField(label=_("E-mail"))
    password = CellField(label=_("Password"), widget=forms.PasswordInput)


class OwnerPasswordForm(forms.Form):
    """A new password for a mailbox, with the present one. The page does not repeat what was typed."""

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
        new_password = self.cleaned_data.get("new_password")  # None where it has another fault
        if new_password is not None and normalize_password(self.cleaned_data["repeated_password"]) != new_password:
            message = _("This is not the same as the new password. Write the new password twice.")
            raise ValidationError(message, code="password_differs")


class OwnerForwardForm(VersionedForm):
    """The forward of a mailbox. Without an address, it is deleted."""

    destinations = CellField(
        label=_("Forward to"),
        required=False,
        help_text=_("Several addresses are separated by spaces or commas."),
        widget=forms.Textarea(
            attrs={"class": "form-control", "rows": 3, "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
    keep_copy = forms.BooleanField(label=_("Keep a copy in this mailbox"), required=False)
    changed_message = FORWARD_CHANGED

    def __init__(self, data: Mapping[str, Any] | None = None, *, mailbox: Mailbox, forward: Forward | None) -> None:
        self.instance = mailbox
        destinations = "\n".join(forward.display_destinations) if forward else ""
        initial = {"destinations": destinations, "keep_copy": bool(forward and forward.keep_copy)}
        super().__init__(data, initial=initial)

    def clean_destinations(self) -> tuple[str, ...]:
        return parse_destinations(self.cleaned_data["destinations"])

    def clean(self) -> None:
        self.check_version()
        mailbox, values = self.instance, self.cleaned_data
        if "destinations" in values:
            account = Account(mailbox.domain, mailbox.address, None, values["destinations"], values["keep_copy"])
            self.refuse(changed_account_errors(mailbox, account))

    def refuse(self, errors: Errors) -> None:
        """Put all errors on `destinations`: here, the rules can say nothing about other fields."""
        super().refuse({"destinations": [error for problems in errors.values() for error in problems]})

    def save(self) -> None:
        """Write the forward, or delete it where no address is left. Raises as `services.change_mailbox`."""
        forward = (self.cleaned_data["destinations"], self.cleaned_data["keep_copy"])
        services.change_mailbox(mailbox_id=self.instance.pk, version=self.sent_version, forward=forward)


def find_forward(mailbox: Mailbox) -> Forward | None:
    """Return the forward of a mailbox, None where it has none."""
    return Forward.objects.filter(source=mailbox.address).first()
