"""The forms over mailboxes, forwards and domains. They add no rules: those are in `validators` and on the models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext_lazy as _

from accounts.access import not_your_domain
from accounts.models import Domain, DomainQuerySet, Forward, Mailbox, MailUsage
from accounts.passwords import generate_password, hash_password
from accounts.validators import (
    clean_password,
    normalize_address,
    normalize_mailbox_address,
    parse_destinations,
    parse_keep_copy,
    parse_quota_mb,
    trimmed,
)

# Where the form shows what a model says about its own fields.
FORM_FIELDS = {"address": "email", "source": "email", "quota_mb": "quota", "destinations": "forward"}


class CellField(forms.Field):
    """Text exactly as it was typed, like the cell of a file: the validators do the trimming."""

    widget = forms.TextInput

    def to_python(self, value: object) -> str:
        return "" if value is None else str(value)


class MailboxForm(forms.Form):
    """A new account: the same five texts as a row of the file, with the same rules and codes. It edits no account.

    An empty password is generated, an empty quota is the domain's default. A password that was typed comes back in its
    field when another field is faulty, so a page with this form sends `Cache-Control: no-store`.
    """

    email = CellField(label=_("E-mail"), required=False)
    password = CellField(
        label=_("Password"),
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "data-secret": True}),
    )
    quota = CellField(label=_("Quota (MB)"), required=False)
    forward = CellField(
        label=_("Forward to"), required=False, help_text=_("Several addresses are separated by spaces or commas.")
    )
    keep_copy = CellField(label=_("Keep a copy"), required=False)

    def __init__(self, data: Mapping[str, Any] | None = None, *, domains: DomainQuerySet, **kwargs: Any) -> None:
        """`domains` are those that the account may be in: `accounts.access.domains_of`."""
        super().__init__(data, **kwargs)
        self.domains = domains
        self.domain: Domain | None = None
        self.was_sent_before = False  # and has made the password that it would generate now

    def clean_email(self) -> str:
        address = normalize_mailbox_address(self.cleaned_data["email"])
        domain_name = address.rpartition("@")[2]
        self.domain = self.domains.filter(name=domain_name).first()
        if self.domain is None:
            raise not_your_domain(domain_name)
        return address

    def clean_password(self) -> str | None:
        password: str = self.cleaned_data["password"]
        return clean_password(password) if trimmed(password) else None

    def clean_quota(self) -> int | None:
        quota: str = self.cleaned_data["quota"]
        return parse_quota_mb(quota) if trimmed(quota) else None

    def clean_forward(self) -> tuple[str, ...]:
        return parse_destinations(self.cleaned_data["forward"])

    def clean_keep_copy(self) -> bool:
        return parse_keep_copy(self.cleaned_data["keep_copy"])

    def clean(self) -> None:
        """Ask the models, as far as the fields could be read: a person sees every problem at once."""
        if self.domain:
            if connection.in_atomic_block:
                self._lock(self.domain)
            self._check(*self._build(self.domain))

    def save(self) -> tuple[Mailbox, str | None] | None:
        """Write the account and its forward, and return it with its generated password (None for a chosen one).

        Returns None when somebody took the address or the room since the form was checked; the form then says so.
        """
        if self.errors or self.domain is None:
            raise ValueError("Only a form without errors can be saved.")
        chosen: str | None = self.cleaned_data["password"]
        generated = None if chosen else self.generate()
        # Hashing is slow on purpose. Outside a transaction nobody waits for the domain meanwhile.
        password = chosen or generated
        password_hash = self._hash(password, generated=not chosen) if password else None
        try:
            with transaction.atomic():
                self._lock(self.domain)
                mailbox, forward = self._build(self.domain)
                self._check(mailbox, forward)
                if self.errors:
                    return None
                if password_hash and not self.was_sent_before:
                    mailbox.password_hash = password_hash
                self._write(mailbox, forward)
                if generated and not self.was_sent_before:
                    self._keep([(mailbox, generated)])
        except IntegrityError:  # by a writer that does not lock the domain, such as a script
            self._check(*self._build(self.domain))
            if not self.errors:
                raise
            return None
        return mailbox, generated

    def _hash(self, password: str, *, generated: bool) -> str:
        return hash_password(password, generated=generated)

    def generate(self) -> str | None:
        """Return the password of an account for which none was written; None where it keeps the one that it has."""
        return generate_password()

    def _keep(self, passwords: list[tuple[Mailbox, str]]) -> None:
        """Keep the generated password, in the transaction that writes the account, where it is to be shown later."""

    def _write(self, mailbox: Mailbox, forward: Forward | None) -> None:
        MailUsage.objects.filter(pk__in=[mailbox.address]).delete()  # of a mailbox of this address before
        mailbox.save()
        if forward:
            forward.save()

    def _build(self, domain: Domain) -> tuple[Mailbox, Forward | None]:
        """Return what would be written. The mailbox has no quota where its field is faulty."""
        address, values = self.cleaned_data["email"], self.cleaned_data
        mailbox = Mailbox(domain=domain, address=address, local_part=address.partition("@")[0])
        if "quota" in values:
            mailbox.quota_mb = domain.default_quota_mb if values["quota"] is None else values["quota"]
        if not values.get("forward"):
            return mailbox, None
        keep_copy = values.get("keep_copy", False)
        destinations = " ".join(values["forward"])
        forward = Forward(domain=domain, source=address, destinations=destinations, keep_copy=keep_copy)
        forward.gets_mailbox = True
        return mailbox, forward

    def _lock(self, domain: Domain) -> None:
        """Hold what the models would, before the first of them is asked: it sees what nobody changes any more."""
        Domain.objects.lock([domain.pk])
        if self.cleaned_data.get("forward"):
            Forward.objects.lock()

    def _check(self, mailbox: Mailbox, forward: Forward | None) -> None:
        """Put what the models say on the fields of the form."""
        for record in filter(None, (mailbox, forward)):
            try:
                record.clean()
            except ValidationError as error:
                for name, problems in error.error_dict.items():
                    field = FORM_FIELDS.get(name)
                    self.add_error(field if field in self.fields else None, problems)


class MailboxAddForm(MailboxForm):
    """`MailboxForm` as the admin calls a form of a model. A password is required, since the admin shows none."""

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        files: object = None,  # noqa: ARG002 - the admin hands it over
        *,
        instance: Mailbox | None = None,
        initial: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(data, domains=Domain.objects.all(), initial=initial)
        self.instance = instance or Mailbox()
        self.fields["password"].widget = forms.PasswordInput(attrs={"autocomplete": "new-password"})
        self.fields["password"].help_text = _(
            "Nobody can look it up later. An import generates passwords and shows them; here you write one."
        )
        self.fields["quota"].help_text = _("Empty: the default of the domain.")
        self.fields["keep_copy"].widget = forms.CheckboxInput()

    def clean_password(self) -> str:
        password = super().clean_password()
        if password is None:
            raise ValidationError(_("The password is missing. Write one."), code="password_missing")
        return password


class RulesForm(forms.ModelForm):  # type: ignore[type-arg]  # it takes no parameter at run time
    """A form over a model whose `clean` needs every field: it is asked once the fields themselves are sound."""

    def _post_clean(self) -> None:
        if not self.errors:
            super()._post_clean()  # type: ignore[misc]  # not in the stubs

    def fix(self, name: str, shown: str) -> None:
        """Show a field that cannot be changed any more. In the form it stays, so that an error about it has a place."""
        if name in self.fields and self.instance.pk:
            self.fields[name].disabled = True
            self.initial[name] = shown


class DomainForm(RulesForm):
    """A domain. Its name is fixed once it exists: the addresses of its mailboxes end with it."""

    class Meta:
        model = Domain
        exclude = ()  # noqa: DJ006 - a domain holds no secrets
        error_messages = {"name": {"unique": _("This domain exists already. Change the existing one.")}}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fix("name", self.instance.display_name)


class MailboxChangeForm(RulesForm):
    """An existing mailbox. Its hash is neither shown nor editable; a new password takes its place."""

    new_password = CellField(
        label=_("New password"),
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("Empty: the password stays as it is."),
    )

    class Meta:
        model = Mailbox
        fields = ("address", "quota_mb", "is_active")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fix("address", self.instance.display_address)

    def clean_new_password(self) -> str | None:
        password: str = self.cleaned_data["new_password"]
        return clean_password(password) if trimmed(password) else None

    def save(self, commit: bool = True) -> Mailbox:
        if password := self.cleaned_data["new_password"]:
            self.instance.password_hash = hash_password(password)
        mailbox: Mailbox = super().save(commit)
        return mailbox


class ForwardForm(RulesForm):
    """A forward of any source in a hosted domain, which need not be a mailbox. The source says which domain it is."""

    class Meta:
        model = Forward
        fields = ("source", "destinations", "keep_copy", "is_active")
        error_messages = {"source": {"unique": _("This address has a forward already. Change that one.")}}

    def __init__(self, *args: Any, domains: DomainQuerySet | None = None, **kwargs: Any) -> None:
        """`domains` are those that the source may be in; without it, all."""
        super().__init__(*args, **kwargs)
        self.domains = Domain.objects.all() if domains is None else domains
        if self.instance.pk:
            self.initial["source"] = self.instance.display_source
            self.initial["destinations"] = " ".join(self.instance.display_destinations)

    def clean_source(self) -> str:
        source = normalize_address(self.cleaned_data["source"])
        domain_name = source.rpartition("@")[2]
        domain = self.domains.filter(name=domain_name).first()
        if domain is None:
            raise not_your_domain(domain_name)
        self.instance.domain = domain
        return source
