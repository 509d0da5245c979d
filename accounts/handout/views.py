"""The pages of a batch: its passwords until they are saved, sheets to print, and its one-time links."""

from __future__ import annotations

from collections.abc import Collection

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.formats import grouped
from accounts.handout.access import with_batch
from accounts.handout.batches import Contents, forget_passwords, purge_expired
from accounts.handout.link_views import link_address, say_revoked
from accounts.handout.links import LinksOutdated, check_is_newest, link_rows, mailbox_links, make_links, revoke_links
from accounts.handout.paper import make_sheet
from accounts.lists import parse_ids
from accounts.validators import to_unicode

SHEETS_PER_PAGE = 100  # a job that a printer takes; 500 QR codes would take seconds to draw


@with_batch
def batch_detail(request: HttpRequest, contents: Contents) -> HttpResponse:
    """Show generated passwords, with the ways to hand them over."""
    if not contents.has_passwords:
        return render(request, "handout/batch_gone.html", status=404)
    context = {
        "contents": contents,
        "rows": [(to_unicode(entry.address), entry.password, entry.state.text) for entry in contents.entries],
        "has_waiting_links": mailbox_links(contents.batch).waiting().exists(),
    }
    return render(request, "handout/batch_detail.html", context)


@with_batch
def batch_saved(request: HttpRequest, contents: Contents) -> HttpResponse:
    """Delete generated passwords: the person has saved them."""
    if request.method != "POST":
        return redirect(contents.batch)
    forget_passwords(contents.batch.pk)
    messages.success(request, _("The passwords have been erased from the panel."))
    return redirect("mailbox_list")


@with_batch
def batch_sheets(request: HttpRequest, contents: Contents) -> HttpResponse:
    """Show a sheet or a card for each mailbox; in a batch without a label, for those with a password to hand over."""
    entries = [entry for entry in contents.entries if entry.mailbox and (entry.password or contents.batch.label)]
    if not entries and not contents.batch.label:
        return redirect(contents.batch)
    page = Paginator(entries, SHEETS_PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "contents": contents,
        "page": page,
        "sheets": [make_sheet(entry.address, entry.password) for entry in page.object_list],
        "is_cards": request.GET.get("size") == "cards",
    }
    return render(request, "handout/batch_sheets.html", context)


@with_batch
def batch_links(request: HttpRequest, contents: Contents) -> HttpResponse:
    """List the mailboxes of a batch with what became of their links, show those that wait, make and revoke some."""
    if request.method == "POST":
        _change_links(request, contents)
        return redirect("new_passwords_links", contents.batch.pk)
    purge_expired()
    rows = link_rows(contents)
    context = {
        "contents": contents,
        "rows": [(row, link_address(request, row.key) if row.key else "") for row in rows],
        "to_make": len(contents.valid),
        "waiting": sum(bool(row.link and row.link.is_waiting) for row in rows),
        "shown": sum(bool(row.key) for row in rows),
        "newest": mailbox_links(contents.batch).newest_id(),
        "days": settings.HANDOUT_VALID.days,
    }
    return render(request, "handout/batch_links.html", context)


def _change_links(request: HttpRequest, contents: Contents) -> None:
    """Make or revoke the links that a form asks for, unless links have been made since its page was shown."""
    action = request.POST.get("action", "")
    chosen = None if action.endswith("_all") else set(parse_ids(request.POST.getlist("mailbox")))
    newest_seen = next(iter(parse_ids([request.POST.get("newest", "")])), None)
    if chosen == set():
        messages.warning(request, _("Choose at least one mailbox in the list."))
        return
    try:
        if action.startswith("revoke"):
            _revoke(request, contents, chosen, newest_seen)
        else:
            _make(request, contents, chosen, newest_seen)
    except LinksOutdated:
        messages.warning(request, _("The list was changed in another tab. Look at it as it is now."))


def _revoke(request: HttpRequest, contents: Contents, chosen: Collection[int] | None, newest_seen: int | None) -> None:
    check_is_newest(contents.batch, newest_seen)
    links = mailbox_links(contents.batch)
    say_revoked(request, revoke_links(links if chosen is None else links.filter(mailbox__in=chosen)))


def _make(request: HttpRequest, contents: Contents, chosen: Collection[int] | None, newest_seen: int | None) -> None:
    count = make_links(contents.batch, mailbox_ids=chosen, newest_seen=newest_seen)
    if not count:
        messages.warning(request, _("No link was made: those you chose have no password here any more."))
        return
    text = ngettext("%(count)s link was made.", "%(count)s links were made.", count)
    messages.success(request, text % {"count": grouped(count)})
