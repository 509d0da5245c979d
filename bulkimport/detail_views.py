"""The page of one import at its address: as it stands now, and what the check page sends.

Every step is POST, redirect, GET.
"""

import uuid
from contextlib import suppress

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.handout.batches import read_batch
from accounts.handout.links import mailbox_links
from accounts.services import Outdated
from accounts.submissions import find_submission, new_token, record_submission, redirect_to_result, submitter
from bulkimport import runner
from bulkimport.access import own_import_or_404
from bulkimport.checked_page import checked_page
from bulkimport.columns import COLUMNS
from bulkimport.descriptions import describe_places, list_results, list_warnings, summarise_welcome
from bulkimport.forms import SentCheckPage
from bulkimport.gauges import measure_domains
from bulkimport.models import Import
from bulkimport.reading_forms import apply_ticks, has_changed_ticks
from bulkimport.reading_page import reading_page
from bulkimport.rows import Dialect, FileRows, Place, Plan
from bulkimport.services.checking import check, find_repeated_import, note_plan
from bulkimport.services.correcting import correct
from bulkimport.services.creating import claim_import
from bulkimport.services.reading import BusyError, ImportNotOpen, load_choices, read

CREATING = ("create", "create_good")  # the buttons of the check page that create accounts


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def import_detail(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Show an import by its status; take what its check page sends."""
    import_record = own_import_or_404(request, pk)
    if request.method == "POST":
        return _take_check_page(request, import_record)
    if import_record.status == Import.Status.CREATED:
        return _show_results(request, import_record)
    if import_record.status == Import.Status.UNDONE:
        return _show_undone(request, import_record)
    if import_record.status == Import.Status.CREATING and not import_record.is_interrupted:
        context = {"import": import_record, "left_out": describe_places(import_record.left_out_places)}
        return render(request, "bulkimport/import_creating.html", context)
    try:
        return (_show_interrupted if import_record.is_interrupted else _show_checked)(request, import_record)
    except BusyError:
        return render(request, "bulkimport/import_busy.html", {"import": import_record})
    except ImportNotOpen:
        return render(request, "bulkimport/import_expired.html", {"import": import_record})


# --- What the check page sends ---------------------------------------------------------------------------------------
def _take_check_page(request: HttpRequest, import_record: Import) -> HttpResponse:
    """Store what was typed, and start the creation if its button was pressed and the person has seen the whole plan."""
    if before := find_submission(request, submitter(request)):
        return redirect_to_result(request, before)
    sent = SentCheckPage.from_post(request.POST, import_record)
    action = request.POST.get("action", "")
    is_started = False
    with suppress(ImportNotOpen, Outdated, BusyError):  # the warning below and the import's page say what is wrong
        is_started = _store_and_start(request, import_record, sent, action)
    if before := find_submission(request, submitter(request)):  # by a second press of the button at the same moment
        return redirect_to_result(request, before)
    import_record = own_import_or_404(request, import_record.pk)  # as it is now; 404 if discarded in another tab
    if not is_started and (warning := _explain_refusal(import_record, sent, action)):
        messages.warning(request, warning)
    url = import_record.get_absolute_url()
    if action == "show_all":  # a button of the form, so that what was typed is not lost
        return redirect(f"{url}?rows=all#good")
    # The anchor moves the focus to the summary, even without scripts.
    is_summary = action == "check" and import_record.status == Import.Status.CHECKED
    return redirect(f"{url}#summary" if is_summary else url)


def _explain_refusal(import_record: Import, sent: SentCheckPage, action: str) -> str:
    """Return why the page did not do what was wanted, for an import whose creation was not started; else empty."""
    if import_record.status != Import.Status.CHECKED:
        is_lost = sent.cells or sent.default_quota is not None
        return _("What you changed was not used: the accounts had been created already.") if is_lost else ""
    if action in CREATING:
        return _("Nothing was created. Look at the list as it is now and decide again.")
    is_outdated = sent.cells and not sent.is_current
    return _("The list was changed in another tab. Look at it as it is now.") if is_outdated else ""


def _store_and_start(request: HttpRequest, import_record: Import, sent: SentCheckPage, action: str) -> bool:
    """Store what was typed and ticked, and start the creation if possible. Returns whether it was started.

    Raises ImportNotOpen, BusyError and Outdated.
    """
    if import_record.status == Import.Status.CHECKED:
        plan, has_seen_plan = _store(request, import_record, sent)
    else:
        plan, has_seen_plan = check(import_record), sent.is_current
    if action not in CREATING or not has_seen_plan:
        return False
    keys = request.POST.get("left_out", "").split(",") if action == "create_good" else []
    leave_out = [place for key in keys if (place := plan.file.place(key))]
    return _start(request, import_record, plan, leave_out)


def _store(request: HttpRequest, import_record: Import, sent: SentCheckPage) -> tuple[Plan, bool]:
    """Store what was typed and ticked. Returns the new plan, and whether the page showed all of its rows."""
    try:
        file = read(import_record)
    except BusyError:
        file = FileRows(Dialect())  # what was typed is stored even if the file cannot be read now
    reading = None
    if sent.is_current and has_changed_ticks(request.POST):
        reading = apply_ticks(load_choices(import_record).reading, file, request.POST)
    result = correct(
        import_record,
        corrections=sent.corrections(file),
        reading=reading,
        default_quota=sent.default_quota,
        seen_version=sent.version,
    )
    # Nobody has seen the rows of newly ticked sheets.
    return result.plan, sent.is_current and not result.is_outdated and reading is None


def _start(request: HttpRequest, import_record: Import, plan: Plan, leave_out: list[Place]) -> bool:
    """Claim the creation together with the token of the form, and start it. Returns whether it was claimed."""
    with transaction.atomic():
        claim = claim_import(import_record, plan, leave_out=leave_out)
        if claim:
            record_submission(request, submitter(request), next_url=import_record.get_absolute_url())
    if claim:
        runner.start(claim)
    return claim is not None


# --- What the page shows ---------------------------------------------------------------------------------------------
def _show_undone(request: HttpRequest, import_record: Import) -> HttpResponse:
    remaining = import_record.accounts.filter(mailbox__isnull=False)
    shown = remaining.filter(mailbox__domain__in=import_record.domains()).select_related("mailbox")
    context = {"import": import_record, "remaining": shown, "is_gone": not remaining.exists()}
    return render(request, "bulkimport/import_undone.html", context)


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
        "gauges": measure_domains(plan.drafts),
        "columns": COLUMNS,
        "earlier": find_repeated_import(import_record),
        "reading": reading_page(import_record, plan),
        "token": new_token(),
    }
    return render(request, "bulkimport/import_checked.html", context)


def _show_interrupted(request: HttpRequest, import_record: Import) -> HttpResponse:
    plan = check(import_record)  # raises ImportNotOpen if it cannot be started again
    context = {
        "import": import_record,
        "left_out": describe_places(import_record.left_out_places),
        "left_out_keys": ",".join(plan.file.key(place) for place in import_record.left_out_places),
    }
    return render(request, "bulkimport/import_interrupted.html", context)


def _show_results(request: HttpRequest, import_record: Import) -> HttpResponse:
    accounts, batch = list_results(import_record), import_record.batch
    context = {
        "import": import_record,
        "accounts": accounts,
        "generated": sum(bool(account["password"]) for account in accounts),  # those that can still be shown
        "all_given": not any(account["is_generated"] for account in accounts),
        "is_unreadable": batch is not None and read_batch(batch).is_unreadable,
        "has_waiting_links": batch is not None and mailbox_links(batch).waiting().exists(),
        "left_out": describe_places(import_record.left_out_places),
        # With the lines that are no accounts, which an import of an earlier version has not counted.
        "all_left_out": len(import_record.left_out) + import_record.counts.get("left_out", 0),
        "warnings": list_warnings(import_record),
        "welcome": summarise_welcome(import_record),
    }
    return render(request, "bulkimport/import_results.html", context)
