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
from accounts.rules.mailboxes import Account, changed_account_errors, new_account_errors, renamed_account_errors
from accounts.validators import (
    as_stored,
    clean_password,
    normalize_mailbox_address,
    parse_destinations,
    parse_keep_copy,
    parse_quota_mb,
    parse_recipient_limit,
    trimmed,
)


class AccountForm(VersionedForm):
    """A mailbox with its forward, new or existing. The fields are read as the cells of a list are, by the same rules.

    New: an empty password is generated, an empty quota is the domain's default. Existing: an empty password or quota
    stays as it is, an empty forward is deleted. When another field is faulty, the page comes back with the password
    that was typed, so a page with this form sends `Cache-Control: no-store`.
    """

    email = CellField(label=_("E-mail"), required=False)
    keeps_old_address = forms.BooleanField(
        required=False,
        initial=True,
        label=_("After a change of the address: pass on what comes to the old one"),
    )
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
    works_while_disabled = forms.BooleanField(
        required=False,
        label=_("Pass messages on also while the mailbox is disabled"),
        help_text=_("For somebody who has left. No copy stays in a disabled mailbox."),
    )
    max_recipients_per_hour = CellField(label=_("Most recipients in an hour"), required=False)
    max_recipients_per_day = CellField(
        label=_("Most recipients in a day"),
        required=False,
        help_text=_("Of what its owner sends. Empty: as the mail server says. 0: no limit."),
    )
    is_active = forms.BooleanField(
        required=False,
        label=pgettext_lazy("mailbox", "Switched on"),
        help_text=_(
            "A disabled mailbox gets no mail, and nobody can sign in to it. Its forward stops, unless it is to go on."
        ),
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
            for name in ("keeps_old_address", "generates", "works_while_disabled", "is_active"):
                del self.fields[name]
            self.order_fields(["email", "password", "quota", "forward", "keep_copy"])
            self.fields["email"].help_text = _("The address, in one of your domains")
            self.fields["password"].help_text = _("Empty: we generate a strong one and show it to you.")
            self.fields["quota"].help_text = _("Empty: the default of the domain.")
        if in_admin:
            self._use_admin_widgets()
        if not (instance and in_admin):  # customers do not raise their own limits
            del self.fields["max_recipients_per_hour"], self.fields["max_recipients_per_day"]

    def _fill(self, mailbox: Mailbox) -> None:
        """Show an existing mailbox and its forward."""
        self.fields["email"].help_text = _(
            "Another name before the @ renames the mailbox: its mail, password and quota stay, and its owner signs in "
            "with the new address."
        )
        self.fields["password"].label = _("New password")
        self.fields["password"].help_text = _("Empty: the password stays as it is.")
        self.initial.update(email=mailbox.display_address, quota=str(mailbox.quota_mb), is_active=mailbox.is_active)
        if self.existing_forward:
            destinations = " ".join(self.existing_forward.display_destinations)
            self.initial.update(
                forward=destinations,
                keep_copy=self.existing_forward.keep_copy,
                works_while_disabled=self.existing_forward.works_while_disabled,
            )
        for name in ("max_recipients_per_hour", "max_recipients_per_day"):
            limit = getattr(mailbox, name)
            self.initial[name] = "" if limit is None else str(limit)

    def _use_admin_widgets(self) -> None:
        self.fields["password"].widget = forms.PasswordInput(attrs={"autocomplete": "new-password"})
        self.fields["keep_copy"].widget = forms.CheckboxInput()
        if "generates" in self.fields:
            del self.fields["generates"]
        else:
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
        typed: str = self.cleaned_data["email"]
        if self.instance.pk and (not trimmed(typed) or as_stored(typed) == self.instance.address):
            return self.instance.address
        address = normalize_mailbox_address(typed)
        if self.instance.pk:
            if address.rpartition("@")[2] != self.instance.domain.name:
                message = _("A mailbox stays in its domain. Write an address that ends with @%(domain)s.")
                params = {"domain": self.instance.domain.display_name}
                raise ValidationError(message, code="other_domain", params=params)
            return address
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

    def clean_max_recipients_per_hour(self) -> int | None:
        return parse_recipient_limit(self.cleaned_data["max_recipients_per_hour"])

    def clean_max_recipients_per_day(self) -> int | None:
        return parse_recipient_limit(self.cleaned_data["max_recipients_per_day"])

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
            if self.is_renamed:
                self.refuse(
                    renamed_account_errors(
                        old=self.instance.address,
                        new=self.cleaned_data["email"],
                        keeps_old_address=self.cleaned_data["keeps_old_address"],
                    )
                )
        elif self.domain:
            for errors in new_account_errors([self.account]).values():
                self.refuse(errors)

    @property
    def is_renamed(self) -> bool:
        """Whether the address of an existing mailbox is to be changed."""
        return bool(self.instance.pk) and self.cleaned_data.get("email", self.instance.address) != self.instance.address

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
            address=values.get("email") or self.instance.address,
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
            return self._save_existing(account, password_hash)
        if password_hash is None:
            raise ValueError("A new mailbox needs a password.")
        new = services.NewMailbox(account, password_hash)
        return services.WriteResult(tuple(services.create_mailboxes(new=[new], domains=self.domains)))

    def _save_existing(self, account: Account, password_hash: str | None) -> services.WriteResult:
        values = self.cleaned_data
        version, renamed = self.sent_version, services.WriteResult()
        if self.is_renamed:
            renamed = services.rename_mailbox(
                mailbox_id=self.instance.pk,
                version=version,
                local_part=account.address.partition("@")[0],
                keeps_old_address=values["keeps_old_address"],
            )
            version = str(renamed.mailboxes[0].version)
        limits = (values.get("max_recipients_per_hour"), values.get("max_recipients_per_day"))
        result = services.change_mailbox(
            mailbox_id=self.instance.pk,
            version=version,
            quota_mb=account.quota_mb,
            is_active=account.is_active,
            forward=(account.destinations, account.keep_copy),
            works_while_disabled=values["works_while_disabled"],
            password_hash=password_hash,
            sending_limits=limits if self.in_admin else None,
        )
        return services.WriteResult(result.mailboxes, [*renamed.signed_out, *result.signed_out])
