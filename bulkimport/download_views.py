"""The downloads: created accounts, a list with its problems, mailboxes, passwords, links, templates."""

import uuid

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.handout.access import with_batch
from accounts.handout.batches import Contents
from accounts.handout.link_views import link_address
from accounts.handout.links import link_rows
from accounts.panel.selection import selected_mailboxes
from bulkimport import downloads
from bulkimport.access import own_import_or_404
from bulkimport.models import Import
from bulkimport.services.checking import check
from bulkimport.services.reading import BusyError, ImportNotOpen


@require_safe
@never_cache
def import_results(request: HttpRequest, pk: uuid.UUID, file_format: str) -> HttpResponseBase:
    """Download the created accounts with the passwords that can still be shown."""
    import_record = own_import_or_404(request, pk)
    if import_record.status != Import.Status.CREATED:
        raise Http404
    return downloads.as_response(downloads.results(import_record, file_format))


@require_safe
@never_cache
def import_problems(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    """Download the uploaded list with a column of problems; after a creation, only the rows left out."""
    import_record = own_import_or_404(request, pk)
    try:
        plan = check(import_record)
    except ImportNotOpen:
        raise Http404 from None
    except BusyError:
        return redirect(import_record)
    only = import_record.left_out_places if import_record.status == Import.Status.CREATED else None
    return downloads.as_response(downloads.problem_list(import_record, plan, only=only))


@require_safe
@never_cache
def mailbox_export(request: HttpRequest, file_format: str) -> HttpResponseBase:
    """Download the selected mailboxes, without passwords, as a list that can be imported."""
    chosen = selected_mailboxes(request)
    if not chosen.exists():
        messages.warning(request, _("Nothing is selected. Tick mailboxes in the list first."))
        return redirect("mailbox_list")
    return downloads.as_response(downloads.mailbox_list(chosen, file_format))


@with_batch
def passwords_download(_request: HttpRequest, contents: Contents, file_format: str) -> HttpResponseBase:
    """Download the passwords of a batch that are still valid."""
    if not contents.valid:
        return redirect(contents.batch)
    mailboxes = [mailbox for mailbox, _password in contents.valid]
    return downloads.as_response(downloads.mailbox_list(mailboxes, file_format, contents.passwords))


@with_batch
def links_download(request: HttpRequest, contents: Contents) -> HttpResponseBase:
    """Download the waiting links of a batch that can be shown."""
    links = [(row.entry.address, link_address(request, row.key)) for row in link_rows(contents) if row.key]
    if not links:
        messages.warning(request, _("There are no links to show. Look at the list as it is now."))
        return redirect("new_passwords_links", contents.batch.pk)
    return downloads.as_response(downloads.links(links, contents.batch.label))


@require_safe
def import_template(_request: HttpRequest, file_format: str) -> HttpResponseBase:
    """Download an empty list to fill in."""
    return downloads.as_response(downloads.template(file_format))
