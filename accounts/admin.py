"""What staff sees of domains, mailboxes and forwards. The rules are the panel's own; no page shows a password hash."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
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
from accounts.lists import parse_ids
from accounts.models import Domain, DomainQuerySet, Forward, Mailbox
from accounts.notices import (
    describe_left_mail,
    postmaster_warning,
    tell_mailserver,
    warn_of_account,
    warn_of_disabled,
    warn_of_small_quota,
    warn_of_unreachable,
)
from accounts.passwords import hash_password
from accounts.validators import as_stored, to_unicode, trimmed

admin.site.site_header = admin.site.site_title = "Mailpanel"

# With more domains than this, the filter by domain offers none: the search finds them, also by `@example.pl`.
MOST_DOMAINS_IN_FILTER = 30


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
        condition = Q(**{f"{self.domain_path}__in": [pk for pk, name in names if part in to_unicode(name)]})
        if at:
            condition &= Q(**{f"{self.search_fields[0]}__contains": local_part + at})
        for field in self.search_fields:
            condition |= Q(**{f"{field}__contains": as_stored(search_term)})
        return queryset.filter(condition), False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Show the list, or do something to the ticked objects. Ids that no object has are ignored."""
        if request.method == "POST":
            sent = request.POST.copy()
            ids = parse_ids(sent.getlist(ACTION_CHECKBOX_NAME))
            sent.setlist(ACTION_CHECKBOX_NAME, [str(pk) for pk in ids])
            request.POST = cast(Any, sent)
        return super().changelist_view(request, extra_context)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show and save one object. Who loses a race to somebody else gets a message, not an error page."""
        try:
            return super().changeform_view(request, *args, **kwargs)
        except (services.Outdated, services.Refused, IntegrityError, ObjectDoesNotExist):
            messages.error(request, gettext("Somebody else has just saved the same. Look at it, then try again."))
            return HttpResponseRedirect(request.get_full_path())

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:  # noqa: ARG002 - Django passes it by name
        """Write the object here, not in `save_model`, because Django goes on with what this returns."""
        return self.write(request, form)

    def write(self, request: HttpRequest, form: Any) -> Any:
        """Write what was typed into a valid form by the services, and return the object."""
        raise NotImplementedError

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Do nothing: `save_form` has written the object."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Do nothing: the services write an object with all that belongs to it."""

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self.delete_queryset(request, self.model.objects.filter(pk=obj.pk))


def describe_usage(used: int, allowed: int | None, unit: str = "") -> str:
    """Return a text such as `3 of 30` or `1,500 of 80,000 MB`; only what is used where `allowed` is None, no limit."""
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
        # Counted in a subquery: in a join with the mailboxes, each administrator would be counted once per mailbox.
        administrators = Domain.objects.filter(pk=OuterRef("pk")).order_by().annotate(number=Count("administrators"))
        return domains.with_usage().annotate(administrator_count=Subquery(administrators.values("number")))

    def get_fields(self, request: HttpRequest, obj: Domain | None = None) -> Any:
        fields = DomainForm.Meta.fields
        return [*fields, "shown_version"] if obj and self.has_change_permission(request, obj) else fields

    def write(self, request: HttpRequest, form: Any) -> Domain:
        domain: Domain = form.save(commit=False)
        result = services.save_domain(
            domain=domain, version=form.sent_version, administrators=form.cleaned_data["administrators"]
        )
        transaction.on_commit(lambda: tell_mailserver(request, result))
        return domain

    def delete_queryset(self, _request: HttpRequest, queryset: QuerySet[Domain]) -> None:
        services.delete_domains(domains=list(queryset))

    @admin.display(description=_("name"), ordering="name")
    def display_name(self, domain: Domain) -> str:
        return domain.display_name

    @admin.display(description=_("mailboxes"), ordering="mailbox_count")
    def mailboxes_used(self, domain: Any) -> str:
        address = f"{reverse('admin:accounts_mailbox_changelist')}?domain__id__exact={domain.pk}"
        return format_html('<a href="{}">{}</a>', address, describe_usage(domain.mailbox_count, domain.max_mailboxes))

    @admin.display(description=_("sum of quotas"), ordering="quota_sum_mb")
    def quota_given(self, domain: Any) -> str:
        return describe_usage(domain.quota_sum_mb, domain.max_total_quota_mb, "\N{NO-BREAK SPACE}MB")

    @admin.display(description=_("administrators"), ordering="administrator_count")
    def administrators_count(self, domain: Any) -> str:
        return grouped(domain.administrator_count)


class DomainFilter(admin.RelatedFieldListFilter):
    """Offers all domains while they are few; else only the chosen one, as a link in the list of domains chooses it."""

    def field_choices(self, _field: Any, _request: HttpRequest, _model_admin: Any) -> list[Any]:
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
    list_display = ["display_address", "domain", "quota", "used", "last_login", "is_active", "forwards_to"]
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
        text = describe_usage(usage.used_mb, mailbox.quota_mb, "\N{NO-BREAK SPACE}MB")
        if usage.messages is not None:
            messages_text = ngettext("%(count)s message", "%(count)s messages", usage.messages)
            text = f"{text}, {messages_text % {'count': grouped(usage.messages)}}"
        return format_html('<meter max="{}" value="{}"></meter> {}', mailbox.quota_mb, usage.used_mb, text)

    @admin.display(description=_("last sign-in"), ordering="usage__last_login")
    def last_login(self, mailbox: Mailbox) -> datetime | None:
        return mailbox.last_login_at

    @admin.display(description=_("forward"), ordering="forward_destinations")
    def forwards_to(self, mailbox: Any) -> str:
        return " ".join(to_unicode(address) for address in (mailbox.forward_destinations or "").split())

    def get_fields(self, request: HttpRequest, obj: Mailbox | None = None) -> Any:
        if obj is None:
            return ["email", "password", "quota", "forward", "keep_copy"]
        if self.has_change_permission(request, obj):
            return [
                *("email", "keeps_old_address", "quota", "password", "forward", "keep_copy", "works_while_disabled"),
                *("is_active", "max_recipients_per_hour", "max_recipients_per_day", "shown_version"),
            ]
        return ["address", "quota_mb", "is_active"]

    def get_form(self, request: HttpRequest, obj: Mailbox | None = None, change: bool = False, **kwargs: Any) -> Any:
        if obj and not self.has_change_permission(request, obj):
            return super().get_form(request, obj, change, **kwargs)
        return partial(AccountForm, in_admin=True)

    def write(self, request: HttpRequest, form: Any) -> Mailbox:
        password = form.cleaned_data["password"]
        result: services.WriteResult = form.save(hash_password(password) if password else None)
        transaction.on_commit(lambda: tell_mailserver(request, result))
        (mailbox,) = result.mailboxes
        if not mailbox.is_active:
            warn_of_disabled(request, [mailbox.address])
        warn_of_account(request, form.account, password)
        warn_of_small_quota(request, Mailbox.objects.filter(pk=mailbox.pk))
        return mailbox

    def get_deleted_objects(
        self, objs: QuerySet[Any] | Sequence[Any], request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[Any]]:
        """Add the forwards, which are deleted with these mailboxes, so that the right to delete them is checked too."""
        names, counts, refused, protected = super().get_deleted_objects(objs, request)
        addresses = [mailbox.address for mailbox in objs]
        if "post" not in request.POST:  # the page that asks first; its list is of what is deleted, which mail is not
            messages.warning(request, describe_left_mail(Mailbox.objects.filter(address__in=addresses)))
            if warning := postmaster_warning(addresses):
                messages.warning(request, warning)
        forwards = Forward.objects.filter(source__in=addresses)
        if forwards.exists():
            more = super().get_deleted_objects(forwards, request)
            return [*names, *more[0]], {**counts, **more[1]}, refused | more[2], [*protected, *more[3]]
        return names, counts, refused, protected

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Mailbox]) -> None:
        # By id: the queryset of the list may have joins and annotations, which the service does not expect.
        chosen = Mailbox.objects.filter(pk__in=queryset.values("pk"))
        result = services.delete_mailboxes(mailboxes=chosen, version=None)
        transaction.on_commit(lambda: tell_mailserver(request, result))


@admin.register(Forward)
class ForwardAdmin(MailAdmin):
    list_display = ["display_source", "display_to", "keep_copy", "is_active"]
    list_filter = ["keep_copy", "is_active", ("domain", DomainFilter)]
    search_fields = ["source", "destinations"]

    def get_fields(self, request: HttpRequest, obj: Forward | None = None) -> Any:
        fields = ["source", "destinations", "keep_copy", "is_active", "works_while_disabled", "allows_sending"]
        return [*fields, "shown_version"] if obj and self.has_change_permission(request, obj) else fields

    def get_form(self, request: HttpRequest, obj: Forward | None = None, change: bool = False, **kwargs: Any) -> Any:
        if obj and not self.has_change_permission(request, obj):
            return super().get_form(request, obj, change, **kwargs)
        return partial(ForwardForm, in_admin=True)

    def write(self, request: HttpRequest, form: Any) -> Forward:
        forward: Forward = form.save()
        if forward.is_active:
            warn_of_unreachable(request, forward.destinations.split())
        return forward

    def delete_queryset(self, _request: HttpRequest, queryset: QuerySet[Forward]) -> None:
        services.delete_forwards(forwards=list(queryset))

    @admin.display(description=_("source"), ordering="source")
    def display_source(self, forward: Forward) -> str:
        return forward.display_source

    @admin.display(description=_("destinations"), ordering="destinations")
    def display_to(self, forward: Forward) -> str:
        return " ".join(forward.display_destinations)
