"""The forms of the customer's own pages. They add no rules to those of `accounts.forms`."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar

from django import forms
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.crypto import get_random_string, salted_hmac
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.access import domains_of
from accounts.forms import ForwardForm, KeptForm, MailboxForm
from accounts.handout.batches import create_batch, read_batches
from accounts.handout.models import Batch
from accounts.models import Domain, Forward, Mailbox
from accounts.passwords import verify_password

TOKEN_LENGTH = 32
SENT_TWICE_WITHIN = timedelta(minutes=10)
FORWARD_CHANGED = _("This forward has been changed meanwhile, perhaps in another tab. Save again to replace that.")


class TokenForm(forms.Form):
    """A form that may generate passwords, and keeps them for its `user` until they are saved.

    By the hidden token the second of two presses, or a form sent again, is known as the one that made them.
    """

    user: User | AnonymousUser
    adds_mailbox: ClassVar[bool] = False
    token = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["token"] = get_random_string(TOKEN_LENGTH)

    @property
    def meant(self) -> str:
        """What the passwords are for: the same form may be sent for something else."""
        raise NotImplementedError

    @property
    def kept_id(self) -> uuid.UUID:
        """The id of what the form keeps. A page that sent no token gets another one each time."""
        sent = str(self.data.get("token", ""))
        token = sent if len(sent) == TOKEN_LENGTH else self.initial["token"]
        facts = repr((type(self).__name__, self.user.pk, token, self.meant))
        return uuid.UUID(bytes=salted_hmac("accounts.kept_id", facts, algorithm="sha256").digest()[:16], version=4)

    def is_kept(self) -> bool:
        """Tell whether the form has made passwords that are kept, and that nobody has changed since."""
        batches = Batch.objects.unsaved_by(self.user).filter(pk=self.kept_id)
        return any(
            contents.has_passwords and all(entry.password for entry in contents.entries if entry.mailbox)
            for contents in read_batches(batches)
        )

    def _keep(self, passwords: list[tuple[Mailbox, str]]) -> None:
        create_batch(
            passwords,
            pk=self.kept_id,
            made_by=self.user,  # type: ignore[arg-type]  # the middleware lets nobody in who is not signed in
            is_of_new_mailboxes=self.adds_mailbox,
        )


class NewMailboxForm(TokenForm, MailboxForm):
    """A new account on a page of its own."""

    adds_mailbox = True

    def __init__(self, data: Mapping[str, Any] | None = None, *, user: User | AnonymousUser) -> None:
        super().__init__(data, domains=domains_of(user))
        self.user, self.address = user, ""
        dress(self)
        self.fields["email"].help_text = _("The address, in one of your domains")
        self.fields["password"].help_text = _("Empty: we generate a strong one and show it to you.")
        self.fields["quota"].help_text = _("Empty: the default of the domain.")

    def clean_email(self) -> str:
        self.address = super().clean_email()
        return self.address

    @property
    def meant(self) -> str:
        return self.address

    def sent_before(self) -> Mailbox | None:
        """Return the mailbox if `save` made this very account a moment ago, for the second of two presses."""
        if not self.has_error("email", "address_taken") or "password" not in self.cleaned_data:
            return None
        recent = Mailbox.objects.filter(
            domain__in=self.domains, address=self.address, created_at__gte=timezone.now() - SENT_TWICE_WITHIN
        )
        chosen: str | None = self.cleaned_data["password"]
        quota = self.cleaned_data.get("quota") or (self.domain.default_quota_mb if self.domain else None)
        existing = Forward.objects.filter(source=self.address).first()
        if (existing.destinations if existing else "") != " ".join(self.cleaned_data.get("forward") or ()):
            return None
        for mailbox in recent:
            is_same = verify_password(chosen, mailbox.password_hash) if chosen else self.is_kept()
            if is_same and quota == mailbox.quota_mb:
                return mailbox
        return None


class MailboxEditForm(TokenForm, MailboxForm):
    """An existing account: the fields of a new one without its address, and whether it is switched on.

    An empty password or quota stays as it is; an empty forward is taken away. `save` raises Mailbox.DoesNotExist when
    somebody has deleted the account meanwhile.
    """

    generates = forms.BooleanField(required=False, label=_("Generate a new password and show it to me"))
    is_active = forms.BooleanField(
        required=False,
        label=pgettext_lazy("mailbox", "Switched on"),
        help_text=_("A disabled mailbox gets no mail, nobody can sign in to it, and its forward stops."),
    )
    shown = forms.CharField(required=False, widget=forms.HiddenInput)
    shown_password = forms.CharField(required=False, widget=forms.HiddenInput)
    field_order = ["quota", "password", "generates", "forward", "keep_copy", "is_active"]

    def __init__(self, data: Mapping[str, Any] | None = None, *, mailbox: Mailbox, user: User | AnonymousUser) -> None:
        super().__init__(data, domains=Domain.objects.none())
        self.mailbox, self.domain, self.user = mailbox, mailbox.domain, user
        self.existing = Forward.objects.filter(source=mailbox.address).first()
        del self.fields["email"]
        self.initial["shown"] = _stamp_of_account(mailbox, self.existing)
        self.initial["shown_password"] = _stamp(mailbox.password_hash)
        self.initial.update(quota=str(mailbox.quota_mb), is_active=mailbox.is_active)
        if self.existing:
            destinations = " ".join(self.existing.display_destinations)
            self.initial.update(forward=destinations, keep_copy=self.existing.keep_copy)
        dress(self)
        self.fields["password"].label = _("New password")
        self.fields["password"].help_text = _("Empty: the password stays as it is.")

    @property
    def locks_out(self) -> bool:
        """Whether somebody who is signed in to the mailbox may be so no more."""
        values = self.cleaned_data
        return bool(values["password"] or values["generates"] or (self.mailbox.is_active and not values["is_active"]))

    def clean(self) -> None:
        if self.cleaned_data.get("password") and self.cleaned_data["generates"]:
            message = _("Write a password or have one generated, not both.")
            self.add_error("password", ValidationError(message, code="password_given_and_generated"))
        super().clean()

    def _check(self, mailbox: Mailbox, forward: Forward | None) -> None:
        super()._check(mailbox, forward)
        existing = Forward.objects.filter(source=mailbox.address).first()
        current, values = Mailbox.objects.get(pk=mailbox.pk), self.cleaned_data
        now, sent = _stamp_of_account(current, existing), _stamp_of_account(mailbox, forward)
        chosen, password_now = values.get("password"), _stamp(current.password_hash)
        # The second of two presses finds what the first has written.
        is_other = now not in (values.get("shown") or now, sent)
        self.was_sent_before = values["generates"] and self.is_kept()
        if (chosen or values["generates"]) and password_now != (values.get("shown_password") or password_now):
            is_other |= not (verify_password(chosen, current.password_hash) if chosen else self.was_sent_before)
        if is_other:
            show_again(self, shown=now, shown_password=password_now)
            message = _("This account has been changed meanwhile, perhaps in another tab. Save again to replace that.")
            self.add_error(None, ValidationError(message, code="changed_meanwhile"))

    @property
    def meant(self) -> str:
        """Names the password that there was too: saved again after that has changed, the form makes another one."""
        return f"{self.mailbox.address} {self.data.get('shown_password', '')}"

    def generate(self) -> str | None:
        return super().generate() if self.cleaned_data["generates"] else None

    def _hash(self, password: str, *, generated: bool) -> str:
        """Return the stored hash where it is of this password: sent twice, the form changes nothing more."""
        stored = self.mailbox.password_hash
        return stored if verify_password(password, stored) else super()._hash(password, generated=generated)

    def _lock(self, domain: Domain) -> None:
        Domain.objects.lock([domain.pk])
        Forward.objects.lock()  # taking one away is writing, too

    def _build(self, domain: Domain) -> tuple[Mailbox, Forward | None]:  # noqa: ARG002 - it is the mailbox's own
        values = self.cleaned_data
        mailbox = Mailbox.objects.select_related("domain").get(pk=self.mailbox.pk)
        mailbox.is_active = values["is_active"]
        mailbox.quota_mb = values.get("quota") or mailbox.quota_mb
        if not values.get("forward"):
            return mailbox, None
        address = mailbox.address
        forward = Forward.objects.filter(source=address).first() or Forward(domain=mailbox.domain, source=address)
        forward.destinations = " ".join(values["forward"])
        forward.keep_copy = values.get("keep_copy", False)
        return mailbox, forward

    def _write(self, mailbox: Mailbox, forward: Forward | None) -> None:
        values = {name: getattr(mailbox, name) for name in ("quota_mb", "is_active", "password_hash")}
        if not Mailbox.objects.filter(pk=mailbox.pk).update(**values):  # saving would make it anew
            raise Mailbox.DoesNotExist
        if forward:
            forward.save()
        else:
            Forward.objects.filter(source=mailbox.address).delete()


class PanelForwardForm(KeptForm, ForwardForm):
    """A forward of a customer. Its source stays as it is: another source is another forward."""

    class Meta(ForwardForm.Meta):
        labels = {
            "source": _("Address to forward"),
            "destinations": _("Forward to"),
            "keep_copy": _("Keep a copy in the mailbox"),
            "is_active": pgettext_lazy("forward", "Switched on"),
        }
        help_texts = {
            "source": _("In one of your domains. It need not have a mailbox."),
            "destinations": _("One or more addresses, separated by spaces or commas."),
            "keep_copy": _("Only an address that has a mailbox can keep a copy."),
        }
        widgets = {
            "source": forms.TextInput,
            "destinations": forms.Textarea(attrs={"rows": 3}),
        }

    shown = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fix("source", self.instance.display_source)
        self.initial["shown"] = stamp_of_forward(self.instance)
        if self.instance.pk:
            self.fields["source"].help_text = ""
        dress(self)

    def _post_clean(self) -> None:
        super()._post_clean()
        now, sent = self.initial["shown"], stamp_of_forward(self.instance)
        if self.instance.pk and now not in (self.cleaned_data.get("shown") or now, sent):
            show_again(self, shown=now)
            self.add_error(None, ValidationError(FORWARD_CHANGED, code="changed_meanwhile"))

    def sent_before(self) -> bool:
        """Tell whether this very forward was added before, such as by the first of two presses."""
        values = {name: getattr(self.instance, name) for name in self._meta.fields or ()}
        is_taken = not self.instance.pk and self.has_error("source", "unique")
        return is_taken and Forward.objects.filter(domain__in=self.domains, **values).exists()


def _stamp_of_account(mailbox: Mailbox, forward: Forward | None) -> str:
    of_forward = [forward.destinations, forward.keep_copy] if forward else []
    return _stamp(mailbox.quota_mb, mailbox.is_active, *of_forward)


def stamp_of_forward(forward: Forward) -> str:
    """Return a digest of a forward as a page shows it."""
    return _stamp(forward.destinations, forward.keep_copy, forward.is_active)


def show_again(form: forms.BaseForm, **stamps: str) -> None:
    """Let a form come back with these stamps, so that saving it once more replaces what they stand for."""
    form.data = {name: form.data[name] for name in form.data} | stamps


def _stamp(*facts: object) -> str:
    """Return a digest of what a page shows, to tell whether somebody has changed it since."""
    return salted_hmac("account", repr(facts)).hexdigest()


def dress(form: forms.Form | ForwardForm) -> None:
    """Give the fields of a form what the pages' style needs; a kept copy is a box to tick."""
    if isinstance(form, MailboxForm):
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
