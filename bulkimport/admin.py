"""Imports in the admin: who uploaded what, and what became of it. Read-only, and without secrets."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext, gettext_lazy

from accounts.formats import grouped
from accounts.handout.models import Link
from accounts.validators import to_unicode
from bulkimport.descriptions import describe_places, summarise_welcome
from bulkimport.models import SEALED, Import

ACCOUNTS_SHOWN = 500


@admin.register(Import)
class ImportAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # it takes no parameter at run time
    """Read-only: imports are created and changed on their own pages, through services."""

    list_display = [
        "filename",
        "uploaded_by",
        "customer",
        "status_now",
        "rows",
        "with_errors",
        "accounts_created",
        "uploaded_at",
        "created_at",
    ]
    list_filter = ["status", "uploaded_at", "created_at"]
    list_select_related = ["uploaded_by", "customer"]
    search_fields = ["filename", "uploaded_by__username", "customer__username"]
    empty_value_display = "–"
    view_on_site = False  # only the login that uploaded it may see its page
    fields = [
        "filename",
        ("file_format", "encoding", "separator"),
        "uploaded_by",
        "customer",
        "default_quota",
        "status_now",
        ("rows", "with_errors", "accounts_created"),
        "rows_left_out",
        "welcome_messages",
        "uploaded_at",
        "created_at",
        "undone_at",
        "expires_at",
        "accounts_list",
        "links_list",
    ]

    readonly_fields = [
        "status_now",
        "rows",
        "with_errors",
        "accounts_created",
        "rows_left_out",
        "welcome_messages",
        "accounts_list",
        "links_list",
    ]

    def has_add_permission(self, *_args: Any, **_kwargs: Any) -> bool:
        return False

    def has_change_permission(self, *_args: Any, **_kwargs: Any) -> bool:
        return False

    def has_delete_permission(self, *_args: Any, **_kwargs: Any) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Import]:
        imports: QuerySet[Import] = super().get_queryset(request)
        return imports.defer(*SEALED)  # several megabytes each, which the admin does not show

    @admin.display(description=gettext_lazy("status"), ordering="status")
    def status_now(self, import_record: Import) -> str:
        return gettext("interrupted") if import_record.is_interrupted else import_record.get_status_display()

    @admin.display(description=gettext_lazy("rows read"))
    def rows(self, import_record: Import) -> str:
        return _count(import_record, "rows")

    @admin.display(description=gettext_lazy("rows with errors"))
    def with_errors(self, import_record: Import) -> str:
        return _count(import_record, "errors")

    @admin.display(description=gettext_lazy("accounts created"))
    def accounts_created(self, import_record: Import) -> str:
        return grouped(import_record.created_count)

    @admin.display(description=gettext_lazy("rows left out"))
    def rows_left_out(self, import_record: Import) -> str:
        return describe_places(import_record.left_out_places)

    @admin.display(description=gettext_lazy("welcome messages"))
    def welcome_messages(self, import_record: Import) -> str:
        """Show how many were delivered, and list those that were not."""
        welcome = summarise_welcome(import_record)
        if welcome is None:
            return ""
        lines = format_html_join("", "<li>{}: {}</li>", welcome.failures)
        return format_html("{}<ul>{}</ul>", welcome.sentence, lines)

    @admin.display(description=gettext_lazy("accounts"))
    def accounts_list(self, import_record: Import) -> str:
        """List the created accounts, with links to those mailboxes that still exist."""
        accounts = list(import_record.accounts.values_list("line", "address", "mailbox_id")[: ACCOUNTS_SHOWN + 1])
        lines = format_html_join(
            "",
            "<li>{}: {}</li>",
            (
                (gettext("row %(line)s") % {"line": line}, _address(address, mailbox_id))
                for line, address, mailbox_id in accounts[:ACCOUNTS_SHOWN]
            ),
        )
        if len(accounts) > ACCOUNTS_SHOWN:
            message = gettext("Only the first %(count)s are shown.")
            return format_html("<ul>{}</ul><p>{}</p>", lines, message % {"count": grouped(ACCOUNTS_SHOWN)})
        return format_html("<ul>{}</ul>", lines) if accounts else ""

    @admin.display(description=gettext_lazy("one-time links"))
    def links_list(self, import_record: Import) -> str:
        """List when links were made and what became of them. The links themselves are secret and not shown."""
        links = Link.objects.filter(mailbox__imported__import_record=import_record).select_related("mailbox")
        shown = list(links.order_by("-pk")[: ACCOUNTS_SHOWN + 1])
        made = gettext("made on %(when)s")
        lines = format_html_join(
            "",
            "<li>{}: {}, {}</li>",
            ((link.mailbox, made % {"when": link.made_moment}, link.state) for link in shown[:ACCOUNTS_SHOWN]),
        )
        if len(shown) > ACCOUNTS_SHOWN:
            message = gettext("Only the last %(count)s are shown.")
            return format_html("<ul>{}</ul><p>{}</p>", lines, message % {"count": grouped(ACCOUNTS_SHOWN)})
        return format_html("<ul>{}</ul>", lines) if shown else ""


def _count(import_record: Import, name: str) -> str:
    count = import_record.counts.get(name)
    return "" if count is None else grouped(count)


def _address(address: str, mailbox_id: int | None) -> str:
    if mailbox_id is None:
        return gettext("%(address)s (deleted since)") % {"address": to_unicode(address)}
    link = reverse("admin:accounts_mailbox_change", args=[mailbox_id])
    return format_html('<a href="{}">{}</a>', link, to_unicode(address))
