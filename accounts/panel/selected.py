"""What can be done to many mailboxes at once: each a form that says what will happen, and does all of it or nothing."""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts import services
from accounts.access import usable_domains
from accounts.formats import grouped
from accounts.forms import CellField, VersionedForm, style_fields
from accounts.handout.batches import create_batch
from accounts.lists import parse_ids
from accounts.models import Forward, Mailbox, MailboxQuerySet, Submission
from accounts.panel.filters import MailboxFilterForm
from accounts.passwords import generate_password, hash_password
from accounts.rules.forwards import forwards_leading_to
from accounts.rules.room import common_quota_errors
from accounts.validators import as_stored, parse_quota_mb, to_unicode

NAMED = 20


def selected_mailboxes(request: HttpRequest) -> MailboxQuerySet:
    """Return the mailboxes that a list has sent along: those ticked, or all that match what was looked for.

    Raises Http404 when none of what was ticked is the login's, unless a form is sent: by its first press they may be
    gone. An invalid filter selects nothing here.
    """
    if "all" in request.GET:
        form = MailboxFilterForm(request.GET, user=request.user)
        matching = form.mailboxes()
        return matching.none() if form.errors else matching
    ids = parse_ids(request.GET.getlist("select"))
    chosen = Mailbox.objects.filter(pk__in=ids, domain__in=usable_domains(request.user))
    if ids and request.method != "POST" and not chosen.exists():
        raise Http404
    return chosen


class SelectedForm(VersionedForm):
    """Something to do to the selected mailboxes. Its version is that of all that it would change."""

    is_dangerous: ClassVar[bool] = False
    stops_mail: ClassVar[bool] = False  # to the mailboxes
    changed_message = gettext_lazy("The selection has changed meanwhile. Look at it as it is now and decide again.")

    def __init__(self, data: Any = None, *, user: User, chosen: MailboxQuerySet, back: str) -> None:
        """chosen: the selected mailboxes; some of them may be already as they would become. back: where the list is."""
        self.user, self.chosen, self.back = user, chosen, back
        self.written = services.WriteResult()  # once it is done
        super().__init__(data)
        style_fields(self)

    def narrow(self) -> MailboxQuerySet:
        """Return those of the chosen mailboxes that would be changed."""
        return self.chosen

    @property
    def present_version(self) -> str:
        return self._version

    @cached_property
    def _version(self) -> str:
        return services.selection_version(self.narrow())

    @cached_property
    def affected(self) -> dict[int, str]:
        """The mailboxes that would be changed, id to address, in the order of their addresses."""
        return dict(self.narrow().order_by("address").values_list("pk", "address"))

    def reread(self) -> None:
        del self.affected, self._version

    @property
    def count(self) -> int:
        return len(self.affected)

    @cached_property
    def named(self) -> list[Mailbox]:
        """The first of the mailboxes, for people to see whether they are the right ones."""
        return list(Mailbox.objects.filter(pk__in=list(self.affected)[:NAMED]))

    @property
    def more(self) -> int:
        return self.count - len(self.named)

    @cached_property
    def broken(self) -> list[Forward]:
        """The other forwards of the login that pass mail on to these mailboxes, and that nobody would get then."""
        if not self.stops_mail:
            return []
        own = Forward.objects.filter(domain__in=usable_domains(self.user), is_active=True)
        return forwards_leading_to(self.affected.values(), own)

    @property
    def title(self) -> str:
        """What is to be done, and to how many: the heading of the page and the words of its button."""
        raise NotImplementedError

    @property
    def explanation(self) -> str:
        """What that means for them."""
        raise NotImplementedError

    @property
    def done(self) -> str:
        """What to say afterwards."""
        raise NotImplementedError

    def untouched(self) -> str:
        """Say how many are already as they would become; empty where none is."""
        return ""

    @property
    def too_many(self) -> str:
        """Say so where there are more than this can be done to at once; else empty."""
        return ""

    def clean(self) -> None:
        self.check_version()

    def prepare(self) -> None:
        """Do what takes long, before others have to wait for the domains."""

    def write(self, made: Submission) -> None:
        """Do it, in a transaction. Raises as the services."""
        made.message, made.next_url = self.done, self.back
        self.written = self.change()

    def change(self) -> services.WriteResult:
        """Call the service."""
        raise NotImplementedError


class DisableForm(SelectedForm):
    stops_mail = True

    def narrow(self) -> MailboxQuerySet:
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
        return services.set_state(mailboxes=self.narrow(), version=self.sent_version, is_active=False)


class EnableForm(SelectedForm):
    def narrow(self) -> MailboxQuerySet:
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
        return services.set_state(mailboxes=self.narrow(), version=self.sent_version, is_active=True)


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
        return services.set_quota(mailboxes=self.narrow(), version=self.sent_version, quota_mb=quota_mb)


class DeleteForm(SelectedForm):
    """Asks for the number of the mailboxes, of one for its address, and names the forwards that lead to them."""

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
        return services.delete_mailboxes(mailboxes=self.narrow(), version=self.sent_version)


class PasswordsForm(SelectedForm):
    """New generated passwords, as many at once as an import may have."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.passwords: dict[int, str] = {}  # by the mailbox's id, as soon as they are made
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

    def write(self, made: Submission) -> None:
        """Set the passwords, and lead to the page that shows them."""
        self.written = services.set_passwords(
            mailboxes=self.narrow(), version=self.sent_version, password_hashes=self.hashes
        )
        passwords = [(mailbox, self.passwords[mailbox.pk]) for mailbox in self.written.mailboxes]
        batch = create_batch(passwords, made_by=self.user, is_of_new_mailboxes=False)
        made.next_url = batch.get_absolute_url()


ACTIONS: dict[str, type[SelectedForm]] = {
    "disable": DisableForm,
    "enable": EnableForm,
    "quota": QuotaForm,
    "passwords": PasswordsForm,
    "delete": DeleteForm,
}
