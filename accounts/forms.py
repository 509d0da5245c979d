"""The forms over mailboxes, forwards and domains, for the panel and the admin.

They read what was typed by `accounts.validators`, ask `accounts.rules` so that a person sees every problem at once, and
hand over to `accounts.services`, which ask again under the lock. What edits something sends the version that its page
showed; where that is not the present one any more, the form comes back as it was typed, to be sent once more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts import services
from accounts.access import not_your_domain
from accounts.models import Domain, DomainQuerySet, Forward, Mailbox
from accounts.rules.forwards import Errors, forward_errors
from accounts.rules.mailboxes import Account, changed_account_errors, new_account_errors
from accounts.submissions import new_token
from accounts.validators import (
    clean_password,
    normalize_address,
    normalize_mailbox_address,
    parse_destinations,
    parse_keep_copy,
    parse_quota_mb,
    trimmed,
)

ACCOUNT_CHANGED = _("This account has been changed meanwhile, perhaps in another tab. Save again to replace that.")
FORWARD_CHANGED = _("This forward has been changed meanwhile, perhaps in another tab. Save again to replace that.")
DOMAIN_CHANGED = _("This domain has been changed meanwhile, perhaps in another tab. Save again to replace that.")


class CellField(forms.Field):
    """Text exactly as it was typed, like the cell of a file: the validators do the trimming."""

    widget = forms.TextInput

    def to_python(self, value: object) -> str:
        return "" if value is None else str(value)


class VersionedForm(forms.Form):
    """A form that carries a token and, where it edits something, the version of it that its page showed."""

    token = forms.CharField(required=False, widget=forms.HiddenInput)
    shown_version = forms.CharField(required=False, widget=forms.HiddenInput)
    instance: Any
    changed_message = ACCOUNT_CHANGED

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
        """Say that somebody has changed it meanwhile; sent once more, the form replaces that version."""
        data = self.data.copy()  # type: ignore[attr-defined]  # forms get dictionaries
        data["shown_version"] = self.present_version
        self.data = data
        self.add_error(None, ValidationError(self.changed_message, code="changed_meanwhile"))

    def reread(self) -> None:
        """Read what the form edits once more. Raises DoesNotExist."""
        self.instance.refresh_from_db()

    def refuse(self, errors: Errors) -> None:
        """Put what the rules say on the fields of the form."""
        for name, problems in errors.items():
            if problems:
                self.add_error(name if name in self.fields else None, list(problems))


class AccountForm(VersionedForm):
    """A mailbox with its forward, new or existing: the same texts as a row of a list, with the same rules and codes.

    New: an empty password is generated, an empty quota is the domain's default. Existing: an empty password or quota
    stays as it is, an empty forward is deleted. A password that was typed comes back in its field when another field is
    faulty, so a page with this form sends `Cache-Control: no-store`.
    """

    email = CellField(label=_("E-mail"), required=False)
    quota = CellField(label=_("Quota (MB)"), required=False)
    password = CellField(
        label=_("Password"),
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "data-secret": True}),
    )
    generates = forms.BooleanField(required=False, label=_("Generate a new password and show it to me"))
    forward = CellField(
        label=_("Forward to"), required=False, help_text=_("Several addresses are separated by spaces or commas.")
    )
    keep_copy = CellField(label=_("Keep a copy"), required=False)
    is_active = forms.BooleanField(
        required=False,
        label=pgettext_lazy("mailbox", "Switched on"),
        help_text=_("A disabled mailbox gets no mail, nobody can sign in to it, and its forward stops."),
    )

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        files: object = None,  # noqa: ARG002 - the admin hands it over
        *,
        instance: Mailbox | None = None,
        domains: DomainQuerySet | None = None,
        in_admin: bool = False,
        initial: Mapping[str, Any] | None = None,
    ) -> None:
        """domains: those that a new account may be in, None for all. in_admin: no generated password can be shown."""
        self.instance: Mailbox = instance or Mailbox()
        super().__init__(data, initial=dict(initial or {}))
        self.domains = Domain.objects.all() if domains is None else domains
        self.domain: Domain | None = instance.domain if instance else None
        self.in_admin = in_admin
        self.existing = Forward.objects.filter(source=instance.address).first() if instance else None
        if instance:
            self._show(instance)
        else:
            del self.fields["generates"], self.fields["is_active"]
            self.order_fields(["email", "password", "quota", "forward", "keep_copy"])
            self.fields["email"].help_text = _("The address, in one of your domains")
            self.fields["password"].help_text = _("Empty: we generate a strong one and show it to you.")
            self.fields["quota"].help_text = _("Empty: the default of the domain.")
        if in_admin:
            self._dress_for_admin()

    def _show(self, mailbox: Mailbox) -> None:
        self.fields["email"].disabled = True
        if not self.in_admin:
            del self.fields["email"]
        self.fields["password"].label = _("New password")
        self.fields["password"].help_text = _("Empty: the password stays as it is.")
        self.initial.update(email=mailbox.display_address, quota=str(mailbox.quota_mb), is_active=mailbox.is_active)
        if self.existing:
            destinations = " ".join(self.existing.display_destinations)
            self.initial.update(forward=destinations, keep_copy=self.existing.keep_copy)

    def _dress_for_admin(self) -> None:
        self.fields["password"].widget = forms.PasswordInput(attrs={"autocomplete": "new-password"})
        self.fields["keep_copy"].widget = forms.CheckboxInput()
        if "generates" in self.fields:
            del self.fields["generates"]
        else:
            self.fields["email"].help_text = ""
            self.fields["password"].help_text = _(
                "Nobody can look it up later. An import generates passwords and shows them; here you write one."
            )

    def clean_email(self) -> str:
        if self.instance.pk:
            return self.instance.address
        address = normalize_mailbox_address(self.cleaned_data["email"])
        domain_name = address.rpartition("@")[2]
        self.domain = self.domains.filter(name=domain_name).first()
        if self.domain is None:
            raise not_your_domain(domain_name)
        return address

    def clean_password(self) -> str | None:
        password: str = self.cleaned_data["password"]
        if trimmed(password):
            return clean_password(password)
        if self.in_admin and not self.instance.pk:
            raise ValidationError(_("The password is missing. Write one."), code="password_missing")
        return None

    def clean_quota(self) -> int | None:
        quota: str = self.cleaned_data["quota"]
        return parse_quota_mb(quota) if trimmed(quota) else None

    def clean_forward(self) -> tuple[str, ...]:
        return parse_destinations(self.cleaned_data["forward"])

    def clean_keep_copy(self) -> bool:
        return parse_keep_copy(self.cleaned_data["keep_copy"])

    def clean(self) -> None:
        """Ask the rules, as far as the fields could be read: a person sees every problem at once."""
        self.check_version()
        if self.cleaned_data.get("password") and self.cleaned_data.get("generates"):
            message = _("Write a password or have one generated, not both.")
            self.add_error("password", ValidationError(message, code="password_given_and_generated"))
        if self.instance.pk:
            self.refuse(changed_account_errors(self.instance, self.account))
        elif self.domain:
            for errors in new_account_errors([self.account]).values():
                self.refuse(errors)

    @property
    def account(self) -> Account:
        """What is to be written. It has no quota where that field is faulty, or empty and the mailbox exists."""
        if self.domain is None:
            raise ValueError("Only an account in a domain can be written.")
        values = self.cleaned_data
        quota_mb = values.get("quota")
        if quota_mb is None and "quota" in values and not self.instance.pk:
            quota_mb = self.domain.default_quota_mb
        return Account(
            domain=self.domain,
            address=self.instance.address or values["email"],
            quota_mb=quota_mb,
            destinations=values.get("forward", ()),
            keep_copy=values.get("keep_copy", False),
            is_active=values.get("is_active", True),
        )

    @property
    def wants_generated(self) -> bool:
        """Whether a password is to be generated for it."""
        values = self.cleaned_data
        return bool(values.get("generates") if self.instance.pk else not values["password"])

    def save(self, password_hash: str | None) -> services.WriteResult:
        """Write the account. password_hash: None where it stays as it is.

        Raises as `services.create_mailboxes` and `services.change_mailbox`.
        """
        account = self.account
        if self.instance.pk:
            return services.change_mailbox(
                mailbox_id=self.instance.pk,
                version=self.sent_version,
                quota_mb=account.quota_mb,
                is_active=account.is_active,
                forward=(account.destinations, account.keep_copy),
                password_hash=password_hash,
            )
        if password_hash is None:
            raise ValueError("A new mailbox needs a password.")
        new = services.NewMailbox(account, password_hash)
        return services.WriteResult(tuple(services.create_mailboxes(new=[new], domains=self.domains)))


class ForwardForm(VersionedForm):
    """A forward of any source in a hosted domain, which need not be a mailbox. Another source is another forward."""

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
    changed_message = FORWARD_CHANGED

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        files: object = None,  # noqa: ARG002 - the admin hands it over
        *,
        instance: Forward | None = None,
        domains: DomainQuerySet | None = None,
        in_admin: bool = False,
        initial: Mapping[str, Any] | None = None,
    ) -> None:
        """domains: those that the source may be in, None for all. in_admin: whether its source can be changed."""
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
        )


class DomainForm(forms.ModelForm, VersionedForm):  # type: ignore[type-arg]  # it takes no parameter at run time
    """A domain. Its name is fixed once it exists: the addresses of its mailboxes end with it."""

    changed_message = DOMAIN_CHANGED

    class Meta:
        model = Domain
        exclude = ()  # noqa: DJ006 - a domain holds no secrets
        error_messages = {"name": {"unique": _("This domain exists already. Change the existing one.")}}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and "name" in self.fields:
            self.fields["name"].disabled = True
            self.initial["name"] = self.instance.display_name

    def clean(self) -> None:
        super().clean()
        self.check_version()

    def _post_clean(self) -> None:
        """Ask the model once the fields themselves are sound: its `clean` needs every one of them."""
        if not self.errors:
            super()._post_clean()  # type: ignore[misc]  # not in the stubs


def style_fields(form: forms.BaseForm) -> None:
    """Give the fields of a form what the pages' style needs; a kept copy is a box to tick."""
    if isinstance(form, AccountForm):
        form.fields["keep_copy"].widget = forms.CheckboxInput()
        form.fields["keep_copy"].label = _("Keep a copy in the mailbox")
        form.fields["quota"].widget.attrs["inputmode"] = "numeric"
    for field in form.fields.values():
        field.label_suffix = ""
        if not isinstance(field.widget, forms.CheckboxInput | forms.HiddenInput):
            field.widget.attrs |= {
                "class": "form-control",
                "autocomplete": "off",
                "autocapitalize": "none",
                "spellcheck": "false",
            }
