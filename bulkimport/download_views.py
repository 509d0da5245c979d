"""What can be downloaded: the created accounts, the list with its problems, mailboxes, new passwords, templates."""

import uuid

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.new_password_views import of_new_passwords
from accounts.new_passwords import Kept
from accounts.panel.selected import selected_mailboxes
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
    """Download the person's own list with a column of problems; after a creation, only the rows left out."""
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


@of_new_passwords
def mailbox_passwords(request: HttpRequest, new: Kept, file_format: str) -> HttpResponseBase:  # noqa: ARG001
    """Download new passwords that have still to be saved."""
    passwords = {mailbox.pk: password for mailbox, password in new.holding}
    if not passwords:
        return redirect(new.record)
    return downloads.as_response(
        downloads.mailbox_list([mailbox for mailbox, _new in new.holding], file_format, passwords)
    )


@require_safe
def import_template(request: HttpRequest, file_format: str) -> HttpResponseBase:  # noqa: ARG001 - Django gives it
    """Download an empty list to fill in."""
    return downloads.as_response(downloads.template(file_format))
