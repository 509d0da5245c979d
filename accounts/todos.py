"""What needs the attention of a customer in their domains and mailboxes, for the home page."""

from dataclasses import dataclass
from typing import Any, Final

from django.contrib.auth.models import User
from django.db.models import BigIntegerField, F, Q
from django.db.models.functions import Cast
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.handout.batches import read_batches
from accounts.handout.models import Batch
from accounts.models import ALMOST_FULL_PERCENT, DomainQuerySet, MailboxQuerySet
from accounts.shares import MIB, UNIT, mailboxes_used, quota_given, share

NAMED: Final = 5  # of one kind; a link leads to the others


@dataclass(frozen=True, slots=True)
class Todo:
    """One thing that needs attention: a sentence, and a link to the page for it. `icon` is info, warning or error."""

    icon: str
    text: str
    url: str
    link: str
    count: int = 1  # of the things that it is about


def password_todos(user: User) -> list[Todo]:
    """Return the batches of new passwords that the login has not saved yet, and that are still valid."""
    unsaved = Batch.objects.unsaved_by(user).select_related("made_by", "customer")
    batches = list(unsaved[: NAMED + 1])  # unsealing all of them would take long
    todos = []
    for contents in read_batches(batches[:NAMED]):
        if not contents.valid:
            continue
        until = date_format(timezone.localtime(contents.batch.expires_at), "j E Y, H:i")
        text = ngettext(
            "%(what)s. The password waits to be saved, until %(time)s.",
            "%(what)s. The passwords wait to be saved, until %(time)s.",
            len(contents.valid),
        )
        names = {"what": contents.title, "time": until}
        todos.append(Todo("info", text % names, contents.batch.get_absolute_url(), _("Show the passwords")))
    if len(batches) > NAMED:
        text, url = _("More new passwords wait to be saved."), batches[NAMED].get_absolute_url()
        todos.append(Todo("info", text, url, _("Show the next ones"), unsaved.count() - NAMED))
    return todos


def domain_todos(domains: DomainQuerySet, user: User) -> list[Todo]:
    """Return the domains that are switched off or almost at one of their limits."""
    is_off = Q(is_active=False)
    has_limit = Q(max_mailboxes__isnull=False) | Q(max_total_quota_mb__isnull=False)
    marked = (
        domains.filter(is_off | has_limit)
        .with_usage()
        .alias(
            mailboxes_mark=Cast("max_mailboxes", BigIntegerField()) * ALMOST_FULL_PERCENT,
            quota_mark=Cast("max_total_quota_mb", BigIntegerField()) * ALMOST_FULL_PERCENT,
        )
    )
    few_mailboxes_left = Q(mailbox_count__gt=0, mailboxes_mark__lte=F("mailbox_count") * 100)
    little_quota_left = Q(quota_sum_mb__gt=0, quota_mark__lte=F("quota_sum_mb") * 100)
    with_todo = marked.filter(is_off | few_mailboxes_left | little_quota_left)
    shown: list[Any] = list(with_todo[: NAMED + 1])
    todos = [todo for domain in shown[:NAMED] for todo in _domain_todos(domain, is_staff=user.is_staff)]
    if len(shown) > NAMED:
        text, link = _("More domains are switched off or almost at a limit."), _("Show the domains")
        url = reverse("admin:accounts_domain_changelist") if user.is_staff else "#domains"
        todos.append(Todo("warning", text, url, link, with_todo.count() - NAMED))
    return todos


def _domain_todos(domain: Any, *, is_staff: bool) -> list[Todo]:
    if is_staff:
        url, link = reverse("admin:accounts_domain_change", args=[domain.pk]), _("Change the domain")
    else:
        url, link = f"{reverse('mailbox_list')}?domain={domain.pk}", _("Show its mailboxes")
    name = {"domain": domain.display_name}
    todos = []
    if not domain.is_active:
        text = _("%(domain)s is switched off: mail to it is refused. Your hosting company can switch it on.")
        if is_staff:
            text = _("%(domain)s is switched off: mail to it is refused.")
        todos.append(Todo("warning", text % name, url, link))
    mailboxes, quota = mailboxes_used(domain), quota_given(domain)
    if mailboxes.is_almost_full:
        text = _("%(domain)s has little or no room for more mailboxes: %(numbers)s.")
        todos.append(Todo("warning", text % {**name, "numbers": mailboxes.text}, url, link))
    if quota.is_almost_full:
        text = _("%(domain)s has little or no quota left to give: %(numbers)s.")
        todos.append(Todo("warning", text % {**name, "numbers": quota.text}, url, link))
    return todos


def mailbox_todos(mailboxes: MailboxQuerySet) -> list[Todo]:
    """Return the active mailboxes that are almost full, those with the most bytes first."""
    in_use = mailboxes.filter(is_active=True, domain__is_active=True).select_related("usage")
    # The same rule as `MailUsage.is_almost_full`. In 64 bits: PostgreSQL would multiply this column in 32.
    marked = in_use.alias(mark=Cast("quota_mb", BigIntegerField()) * (MIB * ALMOST_FULL_PERCENT))
    almost_full = marked.filter(mark__lte=F("usage__bytes_used") * 100)
    fullest = list(almost_full.order_by("-usage__bytes_used", "address")[: NAMED + 1])
    todos = []
    for mailbox in fullest[:NAMED]:
        numbers = share(mailbox.usage.used_mb, mailbox.quota_mb, UNIT).text
        text = _("%(address)s is almost full: %(numbers)s.")
        names = {"address": mailbox.display_address, "numbers": numbers}
        url = f"{reverse('mailbox_list')}?q={mailbox.address}"
        todos.append(Todo("warning", text % names, url, _("Show the mailbox")))
    if len(fullest) > NAMED:
        url = f"{reverse('mailbox_list')}?sort=used"
        text, link = _("More mailboxes are almost full."), _("Show the fullest")
        todos.append(Todo("warning", text, url, link, almost_full.count() - NAMED))
    return todos
