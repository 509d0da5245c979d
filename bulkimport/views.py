"""The list of imports, the upload, and the small steps of one import: progress, saved, undo, discard.

Every step is POST, redirect, GET. An import is shown only to the login that uploaded it.
"""

import uuid
from contextlib import suppress

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from accounts.access import require_user, usable_domains
from accounts.models import Mailbox
from accounts.notices import describe_left_mail, postmaster_warning, tell_mailserver
from accounts.submissions import AlreadySubmitted, find_submission, redirect_to_result, submit_once, submitter
from bulkimport import runner
from bulkimport.access import own_import_or_404
from bulkimport.columns import COLUMNS
from bulkimport.forms import UploadForm
from bulkimport.models import SEALED, Import
from bulkimport.services.checking import check, note_plan
from bulkimport.services.creating import claim_import
from bulkimport.services.reading import BusyError, ImportNotOpen
from bulkimport.services.results import forget_secrets, plan_undo, purge_expired
from bulkimport.services.results import undo as undo_import
from bulkimport.services.uploading import TooManyLists, discard, too_many_lists, upload

IMPORTS_PER_PAGE = 50
DOMAINS_NAMED = 3


class HtmxRequest(HttpRequest):
    """A request as HtmxMiddleware passes it on."""

    htmx: HtmxDetails


@require_safe
@never_cache
def import_list(request: HttpRequest) -> HttpResponse:
    """List the imports of the login, the newest first."""
    purge_expired()
    imports = Import.objects.seen_by(request.user).select_related("customer").defer(*SEALED)
    page = Paginator(imports, IMPORTS_PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "bulkimport/import_list.html", {"page": page})


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def import_new(request: HttpRequest) -> HttpResponse:
    """Upload a file: check it, or check it and create the accounts at once."""
    user = require_user(request)
    purge_expired()
    oldest: Import | None = None
    if request.method == "POST":
        if before := find_submission(request, submitter(request)):
            return redirect_to_result(request, before)
        length = int(request.META.get("CONTENT_LENGTH") or 0)
        form = UploadForm(request.POST, request.FILES, user=user, content_length=length)
        if form.is_valid():
            try:
                return redirect(_take_file(request, form, user))
            except AlreadySubmitted as again:
                return redirect_to_result(request, again.submission)
            except TooManyLists as refusal:
                oldest = refusal.oldest
    else:
        form = UploadForm(user=user)
    context = {
        "form": form,
        "too_many": oldest,
        "too_many_message": too_many_lists(oldest) if oldest else "",
        "columns": COLUMNS,
        "domains": usable_domains(user)[:DOMAINS_NAMED],
        "max_accounts": settings.MAX_ACCOUNTS_PER_FILE,
        "max_upload_mb": settings.MAX_UPLOAD_MB,
    }
    return render(request, "bulkimport/import_new.html", context)


def _take_file(request: HttpRequest, form: UploadForm, user: User) -> Import:
    """Store an uploaded file, and start the creation if that button was pressed and the list needs no decision.

    A file that cannot be opened now is checked when its page is shown. Raises AlreadySubmitted and TooManyLists.
    """
    file = form.cleaned_data["file"]
    with submit_once(request, submitter(request)) as made:
        import_record = upload(
            content=file.read(),
            filename=file.name,
            uploaded_by=user,
            customer=form.cleaned_data.get("customer"),
            default_quota=form.cleaned_data["default_quota_mb"],
        )
        made.next_url = import_record.get_absolute_url()
    with suppress(ImportNotOpen, BusyError):
        plan = check(import_record)
        note_plan(import_record, plan)
        is_creation = request.POST.get("action") == "create" and not plan.unread_sheets
        if is_creation and (claim := claim_import(import_record, plan)):
            runner.start(claim)
    return import_record


@require_safe
@never_cache
def import_progress(request: HtmxRequest, pk: uuid.UUID) -> HttpResponse:
    """Return the progress of a creation: HTML for htmx, else JSON with status, done and total."""
    import_record = own_import_or_404(request, pk)
    is_over = import_record.status != Import.Status.CREATING or import_record.is_interrupted
    if request.htmx:
        if is_over:
            return HttpResponseClientRedirect(import_record.get_absolute_url())
        return render(request, "bulkimport/_progress.html", {"import": import_record})
    status = "interrupted" if import_record.is_interrupted else import_record.status
    return JsonResponse({"status": status, "done": import_record.progress_done, "total": import_record.progress_total})


@require_http_methods(["GET", "HEAD", "POST"])
def import_saved(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Delete the passwords, which the person has saved."""
    import_record = own_import_or_404(request, pk)
    if request.method == "POST":
        forget_secrets(import_record)
    return redirect(import_record)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def import_undo(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Show what undoing the import would remove; undo it once that is confirmed."""
    import_record = own_import_or_404(request, pk)
    if import_record.status != Import.Status.CREATED:
        return redirect(import_record)
    if request.method == "POST":
        with suppress(ImportNotOpen):  # undone in another tab; its page says so
            tell_mailserver(request, undo_import(import_record))
        return redirect(import_record)
    undo = plan_undo(import_record)
    removed = [account.address for account in undo.removed]
    context = {
        "import": import_record,
        "undo": undo,
        "left_mail": describe_left_mail(Mailbox.objects.filter(address__in=removed)),
        "postmaster_warning": postmaster_warning(removed),
    }
    return render(request, "bulkimport/import_undo.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def import_discard(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Discard an import that has created nothing. Another login's import and a missing one give the same answer."""
    import_record = Import.objects.seen_by(request.user).filter(pk=pk).first()
    if import_record is None:  # discarded already, by another request
        return redirect("import_list")
    if request.method == "POST":
        try:
            discard(import_record)
        except ImportNotOpen:
            if import_record.status != Import.Status.UNDONE:
                too_late = _(
                    "It is too late to discard this file. Once the accounts are created, the import can be undone."
                )
                messages.warning(request, too_late)
        else:
            message = _("%(file)s has been discarded. Nothing was created.")
            messages.success(request, message % {"file": import_record.filename})
            return redirect("import_list")
    return redirect(import_record)
