"""The pages of a batch: its passwords until they are saved, sheets to print, and its one-time links."""

from __future__ import annotations

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
from accounts.handout.forms import LinksForm
from accounts.handout.link_views import change_links, link_address, nothing_done, revoke
from accounts.handout.links import link_rows, mailbox_links, make_links
from accounts.handout.models import Batch, LinkQuerySet
from accounts.handout.paper import make_sheet
from accounts.validators import to_unicode

SHEETS_PER_PAGE = 100  # 500 QR codes would take seconds to draw


@with_batch
def batch_detail(request: HttpRequest, contents: Contents) -> HttpResponse:
    """Show generated passwords, with the ways to hand them over."""
    if contents.is_unreadable:
        return render(request, "handout/batch_unreadable.html")
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
    """Erase generated passwords, which the person has saved."""
    if request.method != "POST":
        return redirect(contents.batch)
    forget_passwords(contents.batch.pk)
    messages.success(request, _("The passwords have been erased from the panel."))
    return redirect("mailbox_list")


@with_batch
def batch_sheets(request: HttpRequest, contents: Contents) -> HttpResponse:
    """Show a sheet or a card for each mailbox; in a batch without a label, only for those with a valid password."""
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
    """List the mailboxes of a batch with the states of their links, show waiting links, make and revoke some."""
    links = mailbox_links(contents.batch)
    form = LinksForm(request.POST if request.method == "POST" else None, links=links, ticked="mailbox")
    if form.is_bound:

        def change() -> str:
            return _revoke(form, links) if form.is_revoking else _make(form, contents.batch)

        return change_links(request, form, change, nothing_chosen=_("Choose at least one mailbox in the list."))
    purge_expired()
    rows = link_rows(contents)
    context = {
        "contents": contents,
        "form": form,
        "rows": [(row, link_address(request, row.key) if row.key else "") for row in rows],
        "to_make": len(contents.valid),
        "waiting": sum(bool(row.link and row.link.is_waiting) for row in rows),
        "shown": sum(bool(row.key) for row in rows),
        "days": settings.HANDOUT_VALID.days,
    }
    return render(request, "handout/batch_links.html", context)


def _revoke(form: LinksForm, links: LinkQuerySet) -> str:
    return revoke(links if form.chosen is None else links.filter(mailbox__in=form.chosen), form)


def _make(form: LinksForm, batch: Batch) -> str:
    count = make_links(batch, mailbox_ids=form.chosen, version=form.sent_version)
    if not count:
        raise nothing_done(_("No link was made: those you chose have no password here any more."))
    text = ngettext("%(count)s link was made.", "%(count)s links were made.", count)
    return text % {"count": grouped(count)}
