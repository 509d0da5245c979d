"""The form of a domain."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.forms.versions import VersionedForm
from accounts.lists import parse_ids
from accounts.models import Domain
from accounts.rules.forwards import contact_error
from accounts.validators import normalize_address, trimmed


class LoginsField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]  # it takes no parameter at run time
    """Logins to choose from. A number that no database takes is refused as one of a login that is not there."""

    def clean(self, value: Any) -> Any:
        chosen = list(value or [])
        if len(parse_ids(map(str, chosen))) != len(chosen):
            raise ValidationError(_("One of these logins does not exist. Choose again."), code="invalid_choice")
        return super().clean(value)


class DomainForm(forms.ModelForm, VersionedForm):  # type: ignore[type-arg]  # it takes no parameter at run time
    """A domain. Its name is fixed once it exists: the addresses of its mailboxes end with it."""

    changed_message = _("This domain has been changed meanwhile, perhaps in another tab. Save again to replace that.")

    class Meta:
        model = Domain
        fields = [
            "name",
            "is_active",
            "administrators",
            "default_quota_mb",
            "max_mailboxes",
            "max_mailbox_quota_mb",
            "max_total_quota_mb",
            "contact",
        ]
        field_classes = {"administrators": LoginsField}
        error_messages = {"name": {"unique": _("This domain exists already. Change the existing one.")}}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and "name" in self.fields:
            self.fields["name"].disabled = True
            self.initial["name"] = self.instance.display_name

    def clean_contact(self) -> str:
        contact: str = self.cleaned_data["contact"]
        return normalize_address(contact) if trimmed(contact) else ""

    def clean(self) -> None:
        super().clean()
        self.check_version()

    def _post_clean(self) -> None:
        """Call the model's `clean` only where every field is valid: it needs all of them."""
        if not self.errors:
            super()._post_clean()  # type: ignore[misc]  # not in the stubs
        if not self.errors and (error := contact_error(self.instance.name, self.instance.contact)):
            self.add_error("contact", error)
