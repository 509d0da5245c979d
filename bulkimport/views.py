"""The pages of an import. Every step is POST, redirect, GET; every page belongs to the login that uploaded the file."""

import uuid
from collections.abc import Collection, Mapping
from contextlib import suppress

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import HttpResponseClientRedirect

from accounts.access import require_user, usable_domains
from accounts.handout.links import mailbox_links
from accounts.notices import tell_mailserver
from accounts.submissions import (
    AlreadySubmitted,
    find_submission,
    new_token,
    record_submission,
    redirect_to_result,
    submit_once,
    submitter,
)
from bulkimport import runner
from bulkimport.access import own_import_or_404
from bulkimport.capacity import capacity_for
from bulkimport.checked_page import checked_page
from bulkimport.columns import COLUMNS
from bulkimport.forms import UploadForm, changed_quota, corrections_in
from bulkimport.models import SEALED, Import
from bulkimport.reading_forms import has_changed_ticks, with_ticked
from bulkimport.reading_page import reading_page
from bulkimport.rows import Dialect, Field, FileRows, Place, Plan
from bulkimport.services.after import forget_secrets, plan_undo, purge_expired
from bulkimport.services.after import undo as undo_import
from bulkimport.services.checking import (
    PageOutdated,
    TooManyLists,
    check,
    correct,
    discard,
    note_plan,
    repeated_import,
    too_many_lists,
    upload,
)
from bulkimport.services.creating import claim
from bulkimport.services.reading import BusyError, ImportNotOpen, choices_of, read
from bulkimport.wording import named, results_of, warnings_of, welcome_of

IMPORTS_PER_PAGE = 50
DOMAINS_NAMED = 3
CREATING = ("create", "create_good")  # the actions of a check page that create accounts


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
    """Take a file: check it, or check it and create the accounts at once."""
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
    """Store an uploaded file, and create its accounts where that was asked for and nothing is left to be decided.

    One that cannot be opened now is checked by its page. Raises AlreadySubmitted and TooManyLists.
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
        if request.POST.get("action") == "create" and not plan.unread_sheets and (right := claim(import_record, plan)):
            runner.start(right)
    return import_record


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def import_detail(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Show an import as it stands; take corrections, and create what can be created."""
    import_record = own_import_or_404(request, pk)
    if request.method == "POST":
        return _take_corrections(request, import_record)
    if import_record.status == Import.Status.CREATED:
        return _show_results(request, import_record)
    if import_record.status == Import.Status.UNDONE:
        left = import_record.accounts.filter(mailbox__isnull=False)
        kept = left.filter(mailbox__domain__in=import_record.domains()).select_related("mailbox")
        context = {"import": import_record, "kept": kept, "is_gone": not left.exists()}
        return render(request, "bulkimport/import_undone.html", context)
    if import_record.status == Import.Status.CREATING and not import_record.is_interrupted:
        context = {"import": import_record, "left_out": _left_out(import_record)}
        return render(request, "bulkimport/import_creating.html", context)
    try:
        return (_show_interrupted if import_record.is_interrupted else _show_checked)(request, import_record)
    except BusyError:
        return render(request, "bulkimport/import_busy.html", {"import": import_record})
    except ImportNotOpen:
        return render(request, "bulkimport/import_expired.html", {"import": import_record})


@require_safe
@never_cache
def import_progress(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Tell how far a creation is: a part of the page for htmx, else JSON with status, done and total."""
    import_record = own_import_or_404(request, pk)
    is_over = import_record.status != Import.Status.CREATING or import_record.is_interrupted
    if request.htmx:  # type: ignore[attr-defined]
        if is_over:
            return HttpResponseClientRedirect(import_record.get_absolute_url())
        return render(request, "bulkimport/_progress.html", {"import": import_record})
    status = "interrupted" if import_record.is_interrupted else import_record.status
    return JsonResponse({"status": status, "done": import_record.progress_done, "total": import_record.progress_total})


@require_http_methods(["GET", "HEAD", "POST"])
def import_saved(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Delete the passwords: the person has saved them."""
    import_record = own_import_or_404(request, pk)
    if request.method == "POST":
        forget_secrets(import_record)
    return redirect(import_record)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def import_undo(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Say what undoing the import would remove; do it when it is confirmed."""
    import_record = own_import_or_404(request, pk)
    if import_record.status != Import.Status.CREATED:
        return redirect(import_record)
    if request.method == "POST":
        with suppress(ImportNotOpen):  # undone in another tab; its page says so
            tell_mailserver(request, undo_import(import_record))
        return redirect(import_record)
    return render(request, "bulkimport/import_undo.html", {"import": import_record, "undo": plan_undo(import_record)})


@require_http_methods(["GET", "HEAD", "POST"])
def import_discard(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Discard a file that nothing was created from. One of another login is answered as one that is not there."""
    import_record = Import.objects.seen_by(request.user).filter(pk=pk).first()
    if import_record is None:  # discarded by the first of two presses
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


def _take_corrections(request: HttpRequest, import_record: Import) -> HttpResponse:
    """Store what was corrected, and create the accounts where that was asked for and is possible."""
    if before := find_submission(request, submitter(request)):
        return redirect_to_result(request, before)
    action, seen_version = request.POST.get("action"), request.POST.get("version", "")
    is_current = seen_version == str(import_record.version)
    corrections, quota = corrections_in(request.POST, with_confirmed=is_current), changed_quota(request.POST)
    is_created = False
    with suppress(ImportNotOpen, PageOutdated, BusyError):  # the page of the import says what is the matter
        plan, may_create = _corrected_plan(request, import_record, corrections, quota)
        if may_create and action in CREATING:
            is_created = _create(request, import_record, plan, leave_out=_agreed_to_leave_out(request, plan))
    if before := find_submission(request, submitter(request)):  # by the other one of two presses at the same moment
        return redirect_to_result(request, before)
    import_record = own_import_or_404(request, import_record.pk)  # as it is now, or discarded in another tab
    is_waiting = import_record.status == Import.Status.CHECKED
    if is_waiting and not is_created and action in CREATING:
        messages.warning(request, _("Nothing was created. Look at the list as it is now and decide again."))
    elif is_waiting and corrections and not is_current:
        messages.warning(request, _("The list was changed in another tab. Look at it as it is now."))
    elif not is_waiting and not is_created and (corrections or quota is not None):
        messages.warning(request, _("What you changed was not used: the accounts had been created already."))
    if action == "show_all":  # a button of the form, so that what was typed is not lost
        return redirect(f"{import_record.get_absolute_url()}?rows=all#good")
    return _to_summary(import_record) if is_waiting and action == "check" else redirect(import_record)


def _corrected_plan(
    request: HttpRequest, import_record: Import, corrections: Mapping[str, Mapping[Field, str]], quota: str | None
) -> tuple[Plan, bool]:
    """Store what was typed and ticked, and return the plan then, and whether its page has shown all that is in it.

    Raises ImportNotOpen, BusyError, and PageOutdated once all is stored.
    """
    seen_version = request.POST.get("version", "")
    is_current = seen_version == str(import_record.version)
    if import_record.status != Import.Status.CHECKED:
        return check(import_record), is_current
    file = _read_or_unknown(import_record)
    reading = None
    if is_current and has_changed_ticks(request.POST):
        reading = with_ticked(choices_of(import_record).reading, file, request.POST)
    plan, _dropped = correct(
        import_record,
        corrections={place: cells for key, cells in corrections.items() if (place := file.place(key))},
        reading=reading,
        default_quota=quota,
        seen_version=seen_version,
    )
    return plan, is_current and reading is None  # nobody has seen the rows of sheets that were just ticked


def _agreed_to_leave_out(request: HttpRequest, plan: Plan) -> list[Place]:
    """Return the rows with errors that a person has agreed to leave out."""
    if request.POST.get("action") != "create_good":
        return []
    named_places = map(plan.file.place, request.POST.get("left_out", "").split(","))
    return [place for place in named_places if place]


def _read_or_unknown(import_record: Import) -> FileRows:
    """Return the rows of an import; none where they cannot be read now, so that what was typed is stored all the same.

    Raises ImportNotOpen.
    """
    try:
        return read(import_record)
    except BusyError:
        return FileRows(Dialect())


def _to_summary(import_record: Import) -> HttpResponse:
    """Lead to the outcome of a check. A browser moves its focus to what an address names, also without script."""
    return redirect(f"{import_record.get_absolute_url()}#summary")


def _create(request: HttpRequest, import_record: Import, plan: Plan, *, leave_out: Collection[Place]) -> bool:
    """Start to create what a plan has, for the form of a request, and tell whether that was possible."""
    with transaction.atomic():
        right = claim(import_record, plan, leave_out=leave_out)
        if right:
            record_submission(request, submitter(request), next_url=import_record.get_absolute_url())
    if right:
        runner.start(right)
    return right is not None


def _show_checked(request: HttpRequest, import_record: Import) -> HttpResponse:
    plan = check(import_record)
    if not import_record.counts:  # it could not be opened when it was uploaded
        note_plan(import_record, plan)
    shown = checked_page(plan, all_rows=request.GET.get("rows") == "all")
    context = {
        "import": import_record,
        "plan": plan,
        "shown": shown,
        "rows_form": "corrections" if shown.has_rows and not shown.repeat else "",
        "capacity": capacity_for(plan.drafts),
        "columns": COLUMNS,
        "earlier": repeated_import(import_record),
        "reading": reading_page(import_record, plan),
        "token": new_token(),
    }
    return render(request, "bulkimport/import_checked.html", context)


def _show_interrupted(request: HttpRequest, import_record: Import) -> HttpResponse:
    plan = check(import_record)  # or it cannot be started again
    context = {
        "import": import_record,
        "left_out": _left_out(import_record),
        "left_out_keys": ",".join(plan.file.key(place) for place in import_record.left_out_places),
    }
    return render(request, "bulkimport/import_interrupted.html", context)


def _show_results(request: HttpRequest, import_record: Import) -> HttpResponse:
    accounts, batch = results_of(import_record), import_record.batch
    context = {
        "import": import_record,
        "accounts": accounts,
        "generated": sum(bool(account["password"]) for account in accounts),  # those that can still be shown
        "all_given": not any(account["is_generated"] for account in accounts),
        "has_waiting_links": batch is not None and mailbox_links(batch).waiting().exists(),
        "left_out": _left_out(import_record),
        "warnings": warnings_of(import_record),
        "welcome": welcome_of(import_record),
    }
    return render(request, "bulkimport/import_results.html", context)


def _left_out(import_record: Import) -> str:
    return named(import_record.left_out_places)
