"""What staff sees of domains, mailboxes and forwards. The rules are the panel's own; no page shows a password hash."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import ObjectDoesNotExist
from django.db import IntegrityError, transaction
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts import services
from accounts.formats import grouped
from accounts.forms import AccountForm, DomainForm, ForwardForm
from accounts.models import Domain, DomainQuerySet, Forward, Mailbox
from accounts.notices import tell_mailserver, warn_of_account, warn_of_disabled, warn_of_unreachable
from accounts.passwords import hash_password
from accounts.validators import as_stored, to_unicode, trimmed

admin.site.site_header = admin.site.site_title = "Mailpanel"

# A filter with more domains than this is no help: the search finds them, `@example.pl` too.
MOST_DOMAINS_IN_FILTER = 30
DOMAIN_FIELDS = [
    "name",
    "is_active",
    "administrators",
    "default_quota_mb",
    "max_mailboxes",
    "max_mailbox_quota_mb",
    "max_total_quota_mb",
]


class MailAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # it takes no parameter at run time
    """An admin page whose search finds `żółw.pl`, which is stored as `xn--...`, also by a part of it."""

    domain_path = "domain"  # the way from the model to its domain

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if search_term.isascii():
            return super().get_search_results(request, queryset, search_term)
        local_part, at, part = trimmed(search_term).lower().rpartition("@")
        names = Domain.objects.filter(name__contains="xn--").values_list("pk", "name")
        found = Q(**{f"{self.domain_path}__in": [pk for pk, name in names if part in to_unicode(name)]})
        if at:
            found &= Q(**{f"{self.search_fields[0]}__contains": local_part + at})
        for field in self.search_fields:
            found |= Q(**{f"{field}__contains": as_stored(search_term)})
        return queryset.filter(found), False

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show and save one object. Losing a race to somebody else is something to read, not an error page."""
        try:
            return super().changeform_view(request, *args, **kwargs)
        except (services.Outdated, services.Refused, IntegrityError, ObjectDoesNotExist):
            messages.error(request, gettext("Somebody else has just saved the same. Look at it, then try again."))
            return HttpResponseRedirect(request.get_full_path())

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Nothing is left to save: the services write an object with all that belongs to it."""


def used_of(used: int, allowed: int | None, unit: str = "") -> str:
    """Write what is used of what is allowed, such as `3 of 30` or `1,500 of 80,000 MB`; a limit of None is no limit."""
    if allowed is None:
        return grouped(used) + unit
    return gettext("%(used)s of %(allowed)s") % {"used": grouped(used), "allowed": grouped(allowed)} + unit


@admin.register(Domain)
class DomainAdmin(MailAdmin):
    form = DomainForm
    list_display = ["display_name", "is_active", "mailboxes_used", "quota_given", "administrators_count"]
    list_filter = ["is_active", "created_at"]
    search_fields = ["name"]
    domain_path = "pk"
    filter_horizontal = ["administrators"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Domain]:
        domains = cast(DomainQuerySet, super().get_queryset(request))
        # A count of its own: joined to the mailboxes, every administrator would count each of them again.
        administrators = Domain.objects.filter(pk=OuterRef("pk")).order_by().annotate(number=Count("administrators"))
        return domains.with_usage().annotate(administrator_count=Subquery(administrators.values("number")))

    def get_fields(self, request: HttpRequest, obj: Domain | None = None) -> Any:
        return [*DOMAIN_FIELDS, "shown_version"] if obj and self.has_change_permission(request, obj) else DOMAIN_FIELDS

    def save_model(self, request: HttpRequest, obj: Domain, form: Any, change: bool) -> None:  # noqa: ARG002
        written = services.save_domain(
            domain=obj, version=form.sent_version, administrators=form.cleaned_data["administrators"]
        )
        transaction.on_commit(lambda: tell_mailserver(request, written))

    def delete_model(self, request: HttpRequest, obj: Domain) -> None:  # noqa: ARG002
        services.delete_domains(domains=[obj])

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Domain]) -> None:  # noqa: ARG002
        services.delete_domains(domains=list(queryset))

    @admin.display(description=_("name"), ordering="name")
    def display_name(self, domain: Domain) -> str:
        return domain.display_name

    @admin.display(description=_("mailboxes"), ordering="mailbox_count")
    def mailboxes_used(self, domain: Any) -> str:
        address = f"{reverse('admin:accounts_mailbox_changelist')}?domain__id__exact={domain.pk}"
        return format_html('<a href="{}">{}</a>', address, used_of(domain.mailbox_count, domain.max_mailboxes))

    @admin.display(description=_("sum of quotas"), ordering="quota_sum_mb")
    def quota_given(self, domain: Any) -> str:
        return used_of(domain.quota_sum_mb, domain.max_total_quota_mb, "\N{NO-BREAK SPACE}MB")

    @admin.display(description=_("administrators"), ordering="administrator_count")
    def administrators_count(self, domain: Any) -> str:
        return grouped(domain.administrator_count)


class DomainFilter(admin.RelatedFieldListFilter):
    """The domains to choose from while they are few; else only the chosen one, which the list of domains leads to."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> list[Any]:  # noqa: ARG002
        domains = list(Domain.objects.all()[: MOST_DOMAINS_IN_FILTER + 1])
        if len(domains) > MOST_DOMAINS_IN_FILTER:
            domains = list(
                Domain.objects.filter(pk__in=[pk for pk in self.lookup_val or [] if pk.isdecimal() and len(pk) < 19])
            )
        return [(domain.pk, domain.display_name) for domain in domains]

    def has_output(self) -> bool:
        return bool(self.lookup_choices)


@admin.register(Mailbox)
class MailboxAdmin(MailAdmin):
    list_display = ["display_address", "domain", "quota", "used", "is_active", "forwards_to"]
    list_filter = ["is_active", ("domain", DomainFilter)]
    list_select_related = ["domain", "usage"]
    search_fields = ["address"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Mailbox]:
        forwards = Forward.objects.filter(source=OuterRef("address"), is_active=True)
        mailboxes: QuerySet[Mailbox] = super().get_queryset(request)
        return mailboxes.annotate(forward_destinations=Subquery(forwards.values("destinations")))

    @admin.display(description=_("address"), ordering="address")
    def display_address(self, mailbox: Mailbox) -> str:
        return mailbox.display_address

    @admin.display(description=_("quota (MB)"), ordering="quota_mb")
    def quota(self, mailbox: Mailbox) -> str:
        return grouped(mailbox.quota_mb)

    @admin.display(description=_("space used"), ordering="usage__bytes_used")
    def used(self, mailbox: Mailbox) -> str:
        usage = mailbox.usage_if_known
        if usage is None:
            return gettext("unknown")
        text = used_of(usage.used_mb, mailbox.quota_mb, "\N{NO-BREAK SPACE}MB")
        if usage.messages is not None:
            messages_text = ngettext("%(count)s message", "%(count)s messages", usage.messages)
            text = f"{text}, {messages_text % {'count': grouped(usage.messages)}}"
        return format_html('<meter max="{}" value="{}"></meter> {}', mailbox.quota_mb, usage.used_mb, text)

    @admin.display(description=_("forward"), ordering="forward_destinations")
    def forwards_to(self, mailbox: Any) -> str:
        return " ".join(to_unicode(address) for address in (mailbox.forward_destinations or "").split())

    def get_fields(self, request: HttpRequest, obj: Mailbox | None = None) -> Any:
        if obj is None:
            return ["email", "password", "quota", "forward", "keep_copy"]
        if self.has_change_permission(request, obj):
            return ["email", "quota", "password", "forward", "keep_copy", "is_active", "shown_version"]
        return ["address", "quota_mb", "is_active"]

    def get_form(self, request: HttpRequest, obj: Mailbox | None = None, change: bool = False, **kwargs: Any) -> Any:
        if obj and not self.has_change_permission(request, obj):
            return super().get_form(request, obj, change, **kwargs)
        return partial(AccountForm, in_admin=True)

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:  # noqa: ARG002
        password = form.cleaned_data["password"]
        written = form.save(hash_password(password) if password else None)
        transaction.on_commit(lambda: tell_mailserver(request, written))
        return written.mailboxes[0]

    def save_model(self, request: HttpRequest, obj: Mailbox, form: Any, change: bool) -> None:  # noqa: ARG002
        """Say of a mailbox what may not be meant: `save_form` has written it."""
        if not obj.is_active:
            warn_of_disabled(request, [obj.address])
        warn_of_account(request, form.account, form.cleaned_data["password"])

    def get_deleted_objects(
        self, objs: QuerySet[Any] | Sequence[Any], request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[Any]]:
        """Name the forwards that go with these mailboxes; whoever may not delete forwards may not delete these."""
        names, counts, refused, protected = super().get_deleted_objects(objs, request)
        forwards = forwards_of(objs)
        if forwards.exists():
            more = super().get_deleted_objects(forwards, request)
            return [*names, *more[0]], {**counts, **more[1]}, refused | more[2], [*protected, *more[3]]
        return names, counts, refused, protected

    def delete_model(self, request: HttpRequest, obj: Mailbox) -> None:
        self.delete_queryset(request, Mailbox.objects.filter(pk=obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Mailbox]) -> None:
        # By their ids: the list may have been narrowed by what it joins.
        chosen = Mailbox.objects.filter(pk__in=queryset.values("pk"))
        written = services.delete_mailboxes(mailboxes=chosen, version=None)
        transaction.on_commit(lambda: tell_mailserver(request, written))


def forwards_of(mailboxes: Iterable[Mailbox]) -> QuerySet[Forward]:
    """Return the forwards that would go on passing mail on under the addresses of deleted mailboxes."""
    return Forward.objects.filter(source__in=[mailbox.address for mailbox in mailboxes])


@admin.register(Forward)
class ForwardAdmin(MailAdmin):
    list_display = ["display_source", "display_to", "keep_copy", "is_active"]
    list_filter = ["keep_copy", "is_active", ("domain", DomainFilter)]
    search_fields = ["source", "destinations"]

    def get_fields(self, request: HttpRequest, obj: Forward | None = None) -> Any:
        fields = ["source", "destinations", "keep_copy", "is_active"]
        return [*fields, "shown_version"] if obj and self.has_change_permission(request, obj) else fields

    def get_form(self, request: HttpRequest, obj: Forward | None = None, change: bool = False, **kwargs: Any) -> Any:
        if obj and not self.has_change_permission(request, obj):
            return super().get_form(request, obj, change, **kwargs)
        return partial(ForwardForm, in_admin=True)

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:  # noqa: ARG002
        return form.save()

    def save_model(self, request: HttpRequest, obj: Forward, form: Any, change: bool) -> None:  # noqa: ARG002
        """Say of a forward what may not be meant: `save_form` has written it."""
        if obj.is_active:
            warn_of_unreachable(request, obj.destinations.split())

    def delete_model(self, request: HttpRequest, obj: Forward) -> None:  # noqa: ARG002
        services.delete_forwards(forwards=[obj])

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Forward]) -> None:  # noqa: ARG002
        services.delete_forwards(forwards=list(queryset))

    @admin.display(description=_("source"), ordering="source")
    def display_source(self, forward: Forward) -> str:
        return forward.display_source

    @admin.display(description=_("destinations"), ordering="destinations")
    def display_to(self, forward: Forward) -> str:
        return " ".join(forward.display_destinations)
