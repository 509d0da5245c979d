"""The customer's home: their domains with what they have and may have, the last imports, and what needs attention."""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.core.paginator import Paginator
from django.db.models import BigIntegerField, Case, Count, F, Q, QuerySet, Sum, When
from django.db.models.functions import Cast
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.access import domains_of
from accounts.formats import grouped, megabytes
from accounts.handout.batches import read_batches
from accounts.handout.models import Batch
from accounts.models import ALMOST_FULL_PERCENT, Domain, DomainQuerySet, Mailbox, MailboxQuerySet
from bulkimport.models import SEALED, Import, interrupted_before

DOMAINS_PER_PAGE = 50
LAST_IMPORTS = 5
NAMED = 5  # of a kind that needs attention; the rest is a link
MIB = 1_048_576
UNIT = "\N{NO-BREAK SPACE}MB"


@dataclass(frozen=True, slots=True)
class Share:
    """What is used of what is allowed, with its numbers in `text`. `percent` is None where there is no limit."""

    text: str
    percent: int | None
    is_almost_full: bool

    @classmethod
    def of(cls, used: int, allowed: int | None, text: str) -> "Share":
        if allowed is None:
            return cls(text, None, False)
        percent = min(100, 100 * used // allowed) if allowed else 100
        return cls(text, percent, bool(used) and percent >= ALMOST_FULL_PERCENT)


@dataclass(frozen=True, slots=True)
class DomainRow:
    """One domain in the table. `storage` is None where nothing is known."""

    domain: Domain
    mailboxes: Share
    quota: Share
    storage: Share | None


@dataclass(frozen=True, slots=True)
class Todo:
    """One thing that needs attention: a sentence, and the page where it is mended. `icon` is info, warning or error."""

    icon: str
    text: str
    url: str
    link: str
    count: int = 1  # of the things that it stands for


@require_safe
@never_cache
def home(request: HttpRequest) -> HttpResponse:
    """Show where a person stands. As many queries for one domain as for all of them."""
    user = request.user
    if not isinstance(user, User):  # the middleware lets nobody else in
        raise Http404
    domains = domains_of(user)
    mailboxes = Mailbox.objects.filter(domain__in=domains)
    page = Paginator(domains, DOMAINS_PER_PAGE).get_page(request.GET.get("page"))
    imports = Import.objects.seen_by(user).defer(*SEALED)
    todos = [
        *import_todos(imports),
        *password_todos(user),
        *domain_todos(domains, user),
        *mailbox_todos(mailboxes),
    ]
    context = {
        "page": page,
        "rows": rows_of(page.object_list),
        "mailbox_count": mailboxes.count(),
        "imports": imports.select_related("customer")[:LAST_IMPORTS],
        "todos": todos,
        "todo_count": sum(todo.count for todo in todos),
    }
    return render(request, "home.html", context)


def rows_of(domains: Any) -> list[DomainRow]:
    """Return the rows of the domains of a page. The sums are made for these only."""
    of_page = Domain.objects.filter(pk__in=[domain.pk for domain in domains])
    return [_row(domain) for domain in of_page.with_usage().annotate(bytes_used=Sum("mailboxes__usage__bytes_used"))]


def _row(domain: Any) -> DomainRow:
    storage = None
    if domain.bytes_used is not None:
        used_mb, given = -(-domain.bytes_used // MIB), domain.quota_sum_mb
        text = _("%(used)s of %(given)s given") % {"used": grouped(used_mb), "given": megabytes(given)}
        storage = Share.of(used_mb, given, text)
    return DomainRow(
        domain=domain,
        mailboxes=_mailboxes(domain),
        quota=_quota(domain),
        storage=storage,
    )


def _mailboxes(domain: Any) -> Share:
    return _share(domain.mailbox_count, domain.max_mailboxes)


def _quota(domain: Any) -> Share:
    return _share(domain.quota_sum_mb, domain.max_total_quota_mb, UNIT)


def _share(used: int, allowed: int | None, unit: str = "") -> Share:
    if allowed is None:
        return Share.of(used, None, _("%(used)s, no limit") % {"used": grouped(used) + unit})
    numbers = {"used": grouped(used), "allowed": grouped(allowed)}
    return Share.of(used, allowed, _("%(used)s of %(allowed)s") % numbers + unit)


def import_todos(imports: QuerySet[Import]) -> list[Todo]:
    """Return the imports that wait for their person: first those whose passwords are to be saved, then those that were
    interrupted, then the others, with rows to be corrected or accounts to be created.
    """
    has_passwords = Q(status=Import.Status.CREATED, batch__sealed__isnull=False, generated__gt=0)
    # Not where something is wrong with the file itself: most of that cannot be corrected on its page.
    has_errors = Q(status=Import.Status.CHECKED, sealed_file__isnull=False, counts__errors__gt=0)
    has_errors &= Q(counts__file_errors=0)
    is_ready = Q(status=Import.Status.CHECKED, sealed_file__isnull=False, counts__drafts__gt=0)
    is_ready &= Q(counts__errors=0, counts__file_errors=0)
    is_interrupted = Q(status=Import.Status.CREATING, sealed_file__isnull=False) & (
        Q(progress_at__lt=interrupted_before()) | Q(progress_at__isnull=True, uploaded_at__lt=interrupted_before())
    )
    generated = Count("accounts", filter=Q(accounts__is_generated=True, accounts__mailbox__isnull=False))
    waiting = imports.annotate(generated=generated).filter(
        has_passwords | has_errors | is_ready | is_interrupted, expires_at__gt=timezone.now()
    )
    urgency = Case(When(status=Import.Status.CREATED, then=0), When(status=Import.Status.CREATING, then=1), default=2)
    found = list(waiting.order_by(urgency, "-uploaded_at")[: NAMED + 1])
    todos = [_import_todo(import_record) for import_record in found[:NAMED]]
    if len(found) > NAMED:
        text, link = _("More imports wait for you."), _("Show the imports")
        todos.append(Todo("info", text, reverse("import_list"), link, waiting.count() - NAMED))
    return todos


def _import_todo(import_record: Any) -> Todo:
    url = import_record.get_absolute_url()
    until = date_format(timezone.localtime(import_record.expires_at), "j E Y, H:i")
    names = {"file": import_record.filename, "time": until}
    if import_record.status == Import.Status.CREATED:
        number = import_record.generated
        text = ngettext(
            "%(count)s password from %(file)s waits to be saved, until %(time)s.",
            "%(count)s passwords from %(file)s wait to be saved, until %(time)s.",
            number,
        )
        return Todo("info", text % {**names, "count": grouped(number)}, url, _("Open the results"))
    if import_record.status == Import.Status.CREATING:
        text = _("The import of %(file)s was interrupted. It can be started again until %(time)s.")
        return Todo("warning", text % names, url, _("Start it again"))
    if number := import_record.counts["drafts"] if not import_record.counts["errors"] else 0:
        text = ngettext(
            "%(count)s account of %(file)s is ready. You can create it until %(time)s.",
            "%(count)s accounts of %(file)s are ready. You can create them until %(time)s.",
            number,
        )
        return Todo("info", text % {**names, "count": grouped(number)}, url, _("Look at the list"))
    number = import_record.counts["errors"]
    text = ngettext(
        "%(count)s row of %(file)s has errors. Correct it until %(time)s.",
        "%(count)s rows of %(file)s have errors. Correct them until %(time)s.",
        number,
    )
    return Todo("error", text % {**names, "count": grouped(number)}, url, _("Correct the list"))


def password_todos(user: User) -> list[Todo]:
    """Return the new passwords that the login has still to save, as far as they hold."""
    unsaved = Batch.objects.unsaved_by(user).select_related("made_by", "customer")
    batches = list(unsaved[: NAMED + 1])  # reading all of them would take long
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
    """Return the domains that are switched off, and those that are almost at one of their limits."""
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
    concerned = marked.filter(is_off | few_mailboxes_left | little_quota_left)
    shown: list[Any] = list(concerned[: NAMED + 1])
    todos = [todo for domain in shown[:NAMED] for todo in _domain_todos(domain, is_staff=user.is_staff)]
    if len(shown) > NAMED:
        text, link = _("More domains are switched off or almost at a limit."), _("Show the domains")
        url = reverse("admin:accounts_domain_changelist") if user.is_staff else "#domains"
        todos.append(Todo("warning", text, url, link, concerned.count() - NAMED))
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
    mailboxes, quota = _mailboxes(domain), _quota(domain)
    if mailboxes.is_almost_full:
        text = _("%(domain)s has little or no room for more mailboxes: %(numbers)s.")
        todos.append(Todo("warning", text % {**name, "numbers": mailboxes.text}, url, link))
    if quota.is_almost_full:
        text = _("%(domain)s has little or no quota left to give: %(numbers)s.")
        todos.append(Todo("warning", text % {**name, "numbers": quota.text}, url, link))
    return todos


def mailbox_todos(mailboxes: MailboxQuerySet) -> list[Todo]:
    """Return the mailboxes in use that are almost full, the fullest by bytes first."""
    in_use = mailboxes.filter(is_active=True, domain__is_active=True).select_related("usage")
    # As `MailUsage.is_almost_full` says; in 64 bits, since PostgreSQL would multiply the column in its own 32.
    marked = in_use.alias(mark=Cast("quota_mb", BigIntegerField()) * (MIB * ALMOST_FULL_PERCENT))
    almost_full = marked.filter(mark__lte=F("usage__bytes_used") * 100)
    found = list(almost_full.order_by("-usage__bytes_used", "address")[: NAMED + 1])
    todos = []
    for mailbox in found[:NAMED]:
        numbers = _share(mailbox.usage.used_mb, mailbox.quota_mb, UNIT).text
        text = _("%(address)s is almost full: %(numbers)s.")
        names = {"address": mailbox.display_address, "numbers": numbers}
        url = f"{reverse('mailbox_list')}?q={mailbox.address}"
        todos.append(Todo("warning", text % names, url, _("Show the mailbox")))
    if len(found) > NAMED:
        url = f"{reverse('mailbox_list')}?sort=used"
        text, link = _("More mailboxes are almost full."), _("Show the fullest")
        todos.append(Todo("warning", text, url, link, almost_full.count() - NAMED))
    return todos
