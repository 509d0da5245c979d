"""What all forms of the panel share: a token, a version, text as it was typed, and the style of their fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict

from accounts.rules.forwards import Errors
from accounts.submissions import new_token

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class CellField(forms.Field):
    """Text exactly as it was typed, like the cell of a file: the validators do the trimming."""

    widget = forms.TextInput

    def to_python(self, value: object) -> str:
        return "" if value is None else str(value)


class VersionedForm(forms.Form):
    """A form that carries a token and, where it edits something, the version of it that its page showed.

    Where that version is no longer the present one, the form comes back as it was typed, with a message. Sent once
    more, it replaces what somebody else has written.
    """

    token = forms.CharField(required=False, widget=forms.HiddenInput)
    shown_version = forms.CharField(required=False, widget=forms.HiddenInput)
    instance: Any
    data: QueryDict | dict[str, Any]
    changed_message: StrOrPromise

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["token"] = new_token()
        self.initial["shown_version"] = self.present_version
        if self.present_version is None:
            del self.fields["shown_version"]

    @property
    def present_version(self) -> str | None:
        """The version of what the form edits, None where it makes something new."""
        return str(self.instance.version) if self.instance.pk else None

    @property
    def sent_version(self) -> str:
        return str(self.cleaned_data.get("shown_version", ""))

    def check_version(self) -> None:
        """Refuse a form whose page is older than what it edits."""
        if self.present_version is not None and self.sent_version != self.present_version:
            self.outdate()

    def outdate(self) -> None:
        """Add the error that somebody has changed it meanwhile, and put the present version into the form."""
        data = self.data.copy()
        data["shown_version"] = self.present_version or ""
        self.data = data
        self.add_error(None, ValidationError(self.changed_message, code="changed_meanwhile"))

    def reread(self) -> None:
        """Read what the form edits once more. Raises DoesNotExist."""
        self.instance.refresh_from_db()

    def refuse(self, errors: Errors) -> None:
        """Put the errors of the rules on the fields of the form."""
        for name, problems in errors.items():
            if problems:
                self.add_error(name if name in self.fields else None, list(problems))


def style_fields(form: forms.BaseForm) -> None:
    """Give the fields of a form the classes and attributes that the panel's pages need."""
    for field in form.fields.values():
        field.label_suffix = ""
        if not isinstance(field.widget, forms.CheckboxInput | forms.HiddenInput):
            field.widget.attrs |= {
                "class": "form-control",
                "autocomplete": "off",
                "autocapitalize": "none",
                "spellcheck": "false",
            }
