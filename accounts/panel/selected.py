"""What can be done to the selected mailboxes: each a form that says what will happen, and does all of it or nothing."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts import services
from accounts.formats import grouped
from accounts.forms import CellField
from accounts.handout.batches import create_batch
from accounts.models import MailboxQuerySet, Submission
from accounts.notices import describe_left_mail, warn_of_disabled, warn_of_small_quota
from accounts.panel.selection import SelectedForm
from accounts.passwords import generate_password, hash_password
from accounts.rules.room import common_quota_errors
from accounts.validators import as_stored, parse_quota_mb, to_unicode


class DisableForm(SelectedForm):
    stops_mail = True

    def to_change(self) -> MailboxQuerySet:
        return self.chosen.filter(is_active=True)

    @property
    def title(self) -> str:
        text = ngettext("Disable %(count)s mailbox", "Disable %(count)s mailboxes", self.count)
        return text % {"count": grouped(self.count)}

    @property
    def explanation(self) -> str:
        return _("A disabled mailbox gets no mail, nobody can sign in to it, and its forward stops.")

    @property
    def done(self) -> str:
        text = ngettext("%(count)s mailbox is disabled now.", "%(count)s mailboxes are disabled now.", self.count)
        return text % {"count": grouped(self.count)}

    def untouched(self) -> str:
        number = self.chosen.filter(is_active=False).count()
        text = ngettext(
            "%(count)s of those selected is disabled already.",
            "%(count)s of those selected are disabled already.",
            number,
        )
        return text % {"count": grouped(number)} if number else ""

    def change(self) -> services.WriteResult:
        return services.set_state(mailboxes=self.to_change(), version=self.sent_version, is_active=False)

    def warn(self, request: HttpRequest) -> None:
        warn_of_disabled(request, self.result.signed_out)


class EnableForm(SelectedForm):
    def to_change(self) -> MailboxQuerySet:
        return self.chosen.filter(is_active=False)

    @property
    def title(self) -> str:
        text = ngettext("Enable %(count)s mailbox", "Enable %(count)s mailboxes", self.count)
        return text % {"count": grouped(self.count)}

    @property
    def explanation(self) -> str:
        return ngettext(
            "It gets mail again, and can be signed in to with the password that it had.",
            "They get mail again, and can be signed in to with the passwords that they had.",
            self.count,
        )

    @property
    def done(self) -> str:
        text = ngettext("%(count)s mailbox is enabled now.", "%(count)s mailboxes are enabled now.", self.count)
        return text % {"count": grouped(self.count)}

    def untouched(self) -> str:
        number = self.chosen.filter(is_active=True).count()
        text = ngettext(
            "%(count)s of those selected is enabled already.",
            "%(count)s of those selected are enabled already.",
            number,
        )
        return text % {"count": grouped(number)} if number else ""

    def change(self) -> services.WriteResult:
        return services.set_state(mailboxes=self.to_change(), version=self.sent_version, is_active=True)


class QuotaForm(SelectedForm):
    quota = CellField(label=gettext_lazy("Quota of each of them (MB)"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.count == 1:
            self.fields["quota"].label = _("Quota (MB)")

    @property
    def title(self) -> str:
        text = ngettext("Set the quota of %(count)s mailbox", "Set the quota of %(count)s mailboxes", self.count)
        return text % {"count": grouped(self.count)}

    @property
    def explanation(self) -> str:
        return ngettext(
            "Mail that is in it already stays, even if it is more than the new quota.",
            "Mail that is in them already stays, even where it is more than the new quota.",
            self.count,
        )

    @property
    def done(self) -> str:
        text = ngettext(
            "%(count)s mailbox has the new quota now.", "%(count)s mailboxes have the new quota now.", self.count
        )
        return text % {"count": grouped(self.count)}

    def clean_quota(self) -> int:
        return parse_quota_mb(self.cleaned_data["quota"])

    def clean(self) -> None:
        super().clean()
        if (quota_mb := self.cleaned_data.get("quota")) is not None:
            self.refuse({"quota": list(common_quota_errors(self.chosen, quota_mb))})

    def change(self) -> services.WriteResult:
        quota_mb = self.cleaned_data["quota"]
        return services.set_quota(mailboxes=self.to_change(), version=self.sent_version, quota_mb=quota_mb)

    def warn(self, request: HttpRequest) -> None:
        warn_of_small_quota(request, self.chosen)


class DeleteForm(SelectedForm):
    """To confirm, the person types the number of the mailboxes, or the address if it is only one."""

    typed = CellField(label=gettext_lazy("Write the number of mailboxes to delete"), required=False)
    is_dangerous = stops_mail = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.count == 1:
            self.fields["typed"].label = _("Write the address of the mailbox to delete")
        else:
            self.fields["typed"].widget.attrs["inputmode"] = "numeric"

    @property
    def title(self) -> str:
        text = ngettext("Delete %(count)s mailbox", "Delete %(count)s mailboxes", self.count)
        return text % {"count": grouped(self.count)}

    @property
    def explanation(self) -> str:
        return ngettext(
            "Its forward and password go with it. Nobody can sign in to it any more, and it gets no mail. This cannot "
            "be undone.",
            "Their forwards and passwords go with them. Nobody can sign in to them any more, and they get no mail. "
            "This cannot be undone.",
            self.count,
        )

    @property
    def done(self) -> str:
        text = ngettext("%(count)s mailbox has been deleted.", "%(count)s mailboxes have been deleted.", self.count)
        return text % {"count": grouped(self.count)}

    @property
    def left_mail(self) -> str:
        """What happens to the messages in the mailboxes."""
        return describe_left_mail(self.to_change())

    def clean_typed(self) -> str:
        typed: str = self.cleaned_data["typed"]
        if self.count == 1:
            [address] = self.affected.values()
            if as_stored(typed) != address:
                message = _("Write %(address)s here, if you want to delete it.")
                raise ValidationError(message, code="not_confirmed", params={"address": to_unicode(address)})
        elif "".join(typed.split()).replace(",", "") != str(self.count):
            message = _("Write %(count)s here, if you want to delete them.")
            raise ValidationError(message, code="not_confirmed", params={"count": grouped(self.count)})
        return typed

    def change(self) -> services.WriteResult:
        return services.delete_mailboxes(mailboxes=self.to_change(), version=self.sent_version)


class PasswordsForm(SelectedForm):
    """New generated passwords, for as many mailboxes at once as an import may have."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.passwords: dict[int, str] = {}  # by the id of the mailbox; made by `prepare`
        self.hashes: dict[int, str] = {}

    @property
    def title(self) -> str:
        text = ngettext("New password for %(count)s mailbox", "New passwords for %(count)s mailboxes", self.count)
        return text % {"count": grouped(self.count)}

    @property
    def explanation(self) -> str:
        return ngettext(
            "It gets a new random password, which you see next. The old one works no more.",
            "Each gets a new random password, which you see next. The old ones work no more.",
            self.count,
        )

    @property
    def too_many(self) -> str:
        if self.count <= settings.MAX_ACCOUNTS_PER_FILE:
            return ""
        text = ngettext(
            "Passwords can be made for %(count)s mailbox at once. Select fewer.",
            "Passwords can be made for %(count)s mailboxes at once. Select fewer.",
            settings.MAX_ACCOUNTS_PER_FILE,
        )
        return text % {"count": grouped(settings.MAX_ACCOUNTS_PER_FILE)}

    def clean(self) -> None:
        super().clean()
        if self.too_many:
            self.add_error(None, ValidationError(self.too_many, code="too_many"))

    def prepare(self) -> None:
        self.passwords = {pk: generate_password() for pk in self.affected}
        self.hashes = {pk: hash_password(password, generated=True) for pk, password in self.passwords.items()}

    def write(self, submission: Submission) -> None:
        """Set the passwords; the next page shows them."""
        self.result = services.set_passwords(
            mailboxes=self.to_change(), version=self.sent_version, password_hashes=self.hashes
        )
        passwords = [(mailbox, self.passwords[mailbox.pk]) for mailbox in self.result.mailboxes]
        batch = create_batch(passwords, made_by=self.user, is_of_new_mailboxes=False)
        submission.next_url = batch.get_absolute_url()


ACTIONS: dict[str, type[SelectedForm]] = {
    "disable": DisableForm,
    "enable": EnableForm,
    "quota": QuotaForm,
    "passwords": PasswordsForm,
    "delete": DeleteForm,
}
