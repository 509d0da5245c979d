"""The form of a mailbox with its forward."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts import services
from accounts.access import not_your_domain
from accounts.forms.versions import CellField, VersionedForm, style_fields
from accounts.models import Domain, DomainQuerySet, Forward, Mailbox
from accounts.rules.mailboxes import Account, changed_account_errors, new_account_errors
from accounts.validators import (
    clean_password,
    normalize_mailbox_address,
    parse_destinations,
    parse_keep_copy,
    parse_quota_mb,
    trimmed,
)


class AccountForm(VersionedForm):
    """A mailbox with its forward, new or existing. The fields are read as the cells of a list are, by the same rules.

    New: an empty password is generated, an empty quota is the domain's default. Existing: an empty password or quota
    stays as it is, an empty forward is deleted. When another field is faulty, the page comes back with the password
    that was typed, so a page with this form sends `Cache-Control: no-store`.
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
    changed_message = _("This account has been changed meanwhile, perhaps in another tab. Save again to replace that.")

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        _files: object = None,  # given by the admin
        *,
        instance: Mailbox | None = None,
        domains: DomainQuerySet | None = None,
        in_admin: bool = False,
        initial: Mapping[str, Any] | None = None,
    ) -> None:
        """domains: those that a new account may be in, None for all.

        in_admin: without generated passwords, which the admin could not show.
        """
        self.instance: Mailbox = instance or Mailbox()
        super().__init__(data, initial=dict(initial or {}))
        self.domains = Domain.objects.all() if domains is None else domains
        self.domain: Domain | None = instance.domain if instance else None
        self.in_admin = in_admin
        self.existing_forward = Forward.objects.filter(source=instance.address).first() if instance else None
        if instance:
            self._fill(instance)
        else:
            del self.fields["generates"], self.fields["is_active"]
            self.order_fields(["email", "password", "quota", "forward", "keep_copy"])
            self.fields["email"].help_text = _("The address, in one of your domains")
            self.fields["password"].help_text = _("Empty: we generate a strong one and show it to you.")
            self.fields["quota"].help_text = _("Empty: the default of the domain.")
        if in_admin:
            self._use_admin_widgets()

    def _fill(self, mailbox: Mailbox) -> None:
        """Show an existing mailbox and its forward."""
        self.fields["email"].disabled = True
        if not self.in_admin:
            del self.fields["email"]
        self.fields["password"].label = _("New password")
        self.fields["password"].help_text = _("Empty: the password stays as it is.")
        self.initial.update(email=mailbox.display_address, quota=str(mailbox.quota_mb), is_active=mailbox.is_active)
        if self.existing_forward:
            destinations = " ".join(self.existing_forward.display_destinations)
            self.initial.update(forward=destinations, keep_copy=self.existing_forward.keep_copy)

    def _use_admin_widgets(self) -> None:
        self.fields["password"].widget = forms.PasswordInput(attrs={"autocomplete": "new-password"})
        self.fields["keep_copy"].widget = forms.CheckboxInput()
        if "generates" in self.fields:
            del self.fields["generates"]
        else:
            self.fields["email"].help_text = ""
            self.fields["password"].help_text = _(
                "Nobody can look it up later. The panel generates passwords and shows them; here you write one."
            )

    def use_panel_widgets(self) -> None:
        """Give the fields the widgets and attributes of the panel's pages; a kept copy is a box to tick."""
        self.fields["keep_copy"].widget = forms.CheckboxInput()
        self.fields["keep_copy"].label = _("Keep a copy in the mailbox")
        self.fields["quota"].widget.attrs["inputmode"] = "numeric"
        style_fields(self)

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
        """Ask the rules about the fields that could be read: a person sees every problem at once."""
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
        """What is to be written. Its quota is None where the field is faulty, or empty and the mailbox exists."""
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
