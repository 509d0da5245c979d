"""What can be done to many mailboxes at once: each a form that says what will happen, and does all of it or nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Count, Q, Sum
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.access import domains_of
from accounts.formats import grouped
from accounts.forms import CellField
from accounts.models import Domain, Forward, Mailbox, MailboxQuerySet
from accounts.panel_forms import TokenForm, dress
from accounts.passwords import generate_password, hash_password
from accounts.validators import as_stored, parse_quota_mb, to_unicode

BATCH = 5000  # values in one query, of which databases take a limited number
NAMED = 20


class BulkForm(forms.Form):
    """Something to do to mailboxes. What is sent has to name, by its stamp, those that the page has shown."""

    is_dangerous: ClassVar[bool] = False
    locks_out: ClassVar[bool] = False  # whoever is signed in
    stops_mail: ClassVar[bool] = False  # to the mailboxes
    was_sent_before = False  # and has done already what it would do now

    def __init__(self, data: Any = None, *, request: HttpRequest, chosen: MailboxQuerySet) -> None:
        """`chosen` are the mailboxes that were selected; some of them may be already as they would become."""
        super().__init__(data)
        self.request, self.chosen = request, chosen

    def narrow(self) -> MailboxQuerySet:
        """Return those of the chosen mailboxes that would be changed."""
        return self.chosen

    @cached_property
    def affected(self) -> dict[int, str]:
        """The mailboxes that would be changed, id to address, in the order of their addresses."""
        return dict(self.narrow().order_by("address").values_list("pk", "address"))

    @property
    def count(self) -> int:
        return len(self.affected)

    @property
    def stamp(self) -> str:
        return _digest(sorted(self.affected))

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
        own = Forward.objects.filter(domain__in=domains_of(self.request.user), is_active=True)
        return own.leading_to(self.affected.values())

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

    def prepare(self) -> None:
        """Do what takes long, before others have to wait for the domains."""

    def clean(self) -> None:
        if self.data.get("seen") != self.stamp:
            message = _("The selection has changed meanwhile. Look at it as it is now and decide again.")
            self.add_error(None, ValidationError(message, code="selection_changed"))

    def write(self) -> None:
        """Do it, in a transaction that holds the domains."""
        raise NotImplementedError

    def batches(self) -> Iterator[MailboxQuerySet]:
        """Yield the mailboxes in parts that fit into one query."""
        ids = list(self.affected)
        for start in range(0, len(ids), BATCH):
            yield Mailbox.objects.filter(pk__in=ids[start : start + BATCH])


def _digest(facts: Iterable[object]) -> str:
    return hashlib.sha256(repr(list(facts)).encode()).hexdigest()


class DisableForm(BulkForm):
    locks_out = stops_mail = True

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

    def write(self) -> None:
        for mailboxes in self.batches():
            mailboxes.update(is_active=False)


class EnableForm(BulkForm):
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

    def write(self) -> None:
        for mailboxes in self.batches():
            mailboxes.update(is_active=True)


class QuotaForm(BulkForm):
    quota = CellField(label=gettext_lazy("Quota of each of them (MB)"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        dress(self)
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
            for problem in self._problems(quota_mb):
                self.add_error("quota", problem)

    def _problems(self, quota_mb: int) -> Iterator[ValidationError]:
        """Yield why not all of the mailboxes may have this quota, one by one for each domain."""
        sums = {
            domain_id: (number, total, raised)
            for domain_id, number, total, raised in self.chosen.order_by()
            .values_list("domain")
            .annotate(Count("pk"), Sum("quota_mb"), raised=Count("pk", filter=Q(quota_mb__lt=quota_mb)))
        }
        rooms = Domain.objects.rooms(sums.keys())
        for domain in Domain.objects.filter(pk__in=sums):
            number, total, raised = sums[domain.pk]
            if not raised:  # the limits must not stop anybody from making mailboxes smaller
                continue
            try:
                domain.check_mailbox_quota(quota_mb)
            except ValidationError as error:
                yield error
            increase = max(0, number * quota_mb - total)
            limit = rooms[domain.pk].error_for(mailboxes=0, quota_mb=increase, whole_file=False)
            if increase and limit:
                message = _("This needs %(needed)s more in %(domain)s, which has %(left)s left. Write a smaller quota.")
                yield ValidationError(message, code=limit.code, params=limit.params)

    def write(self) -> None:
        for mailboxes in self.batches():
            mailboxes.update(quota_mb=self.cleaned_data["quota"])


class DeleteForm(BulkForm):
    """Asks for the number of the mailboxes, of one for its address, and names the forwards that lead to them."""

    typed = CellField(label=gettext_lazy("Write the number of mailboxes to delete"), required=False)
    is_dangerous = locks_out = stops_mail = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        dress(self)
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

    def write(self) -> None:
        for mailboxes in self.batches():
            Forward.objects.filter(source__in=mailboxes.values("address")).delete()
            mailboxes.delete()


class PasswordsForm(TokenForm, BulkForm):
    """New generated passwords, as many at once as an import may have."""

    locks_out = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user, self.passwords = self.request.user, list[tuple[Mailbox, str]]()

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
    def meant(self) -> str:
        return str(self.data.get("seen"))

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

    @property
    def stamp(self) -> str:
        """Names the passwords too: a page that is sent again much later must not take away what somebody has chosen."""
        return _digest(self.chosen.order_by("pk").values_list("pk", "password_hash"))

    def prepare(self) -> None:
        if self.too_many:
            return
        if self.data.get("seen") == self.stamp:
            for mailbox in Mailbox.objects.filter(pk__in=self.affected):
                password = generate_password()
                mailbox.password_hash = hash_password(password, generated=True)
                self.passwords.append((mailbox, password))
        del self.affected  # to be read again once nobody changes it any more

    def clean(self) -> None:
        self.was_sent_before = self.is_kept()
        if not self.was_sent_before:
            super().clean()
        if self.too_many:
            self.add_error(None, ValidationError(self.too_many, code="too_many"))

    def write(self) -> None:
        if self.passwords and not self.was_sent_before:
            changed = [mailbox for mailbox, _password in self.passwords]
            Mailbox.objects.bulk_update(changed, ["password_hash"], batch_size=100)
            self._keep(self.passwords)


ACTIONS: dict[str, type[BulkForm]] = {
    "disable": DisableForm,
    "enable": EnableForm,
    "quota": QuotaForm,
    "passwords": PasswordsForm,
    "delete": DeleteForm,
}
