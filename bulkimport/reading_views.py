"""The pages for choosing how a list is read: which sheets of a workbook, and what each column holds."""

import uuid
from collections.abc import Sequence
from typing import Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.formats import grouped
from accounts.services import Outdated
from bulkimport.access import own_import_or_404
from bulkimport.columns import BY_FIELD
from bulkimport.descriptions import describe_place
from bulkimport.forms import SentCheckPage
from bulkimport.models import Import
from bulkimport.reading_forms import ReadingForm, apply_ticks
from bulkimport.reading_page import DOMAINS_OFFERED, build_columns_part, can_change, is_unsure, knows_addresses
from bulkimport.rows import FileRows, Place, Reading, SheetSummary
from bulkimport.services.checking import check
from bulkimport.services.correcting import correct
from bulkimport.services.reading import BusyError, Correction, ImportNotOpen, load_choices, read

DROPPED_NAMED: Final = 5  # in the message about dropped corrections


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def import_reading(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Read the ticked sheets of a workbook and no others, or go to the page of one sheet's columns.

    The form is part of the check page, so what was typed there is sent along and stored first.
    """
    import_record = own_import_or_404(request, pk)
    if request.method != "POST":
        return redirect(import_record)
    try:
        file = read(import_record)
        seen_version = _store_typed(request, import_record, file)
        if "columns" in request.POST:
            sheet = _find_sheet(file, request.POST["columns"])
            return redirect(_columns_url(import_record, sheet.number if sheet else 0))
        reading = apply_ticks(load_choices(import_record).reading, file, request.POST)
        reread = _store_reading(request, import_record, reading, seen_version)
    except (BusyError, ImportNotOpen):  # the page of the import says so
        return redirect(import_record)
    read_before = {sheet.number for sheet in file.sheets if sheet.is_read}
    for sheet in reread.sheets if reread else ():
        if sheet.is_read and sheet.number not in read_before and not knows_addresses(sheet):
            return redirect(_columns_url(import_record, sheet.number))
    return redirect(f"{import_record.get_absolute_url()}#summary")


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def import_columns(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Show the first lines of a sheet with drop-downs for its columns; store what was chosen."""
    import_record = own_import_or_404(request, pk)
    if import_record.status != Import.Status.CHECKED:
        return redirect(import_record)
    try:
        return (_take_columns if request.method == "POST" else _show_columns)(request, import_record)
    except BusyError:
        context = {"import": import_record, "again_url": request.get_full_path()}
        return render(request, "bulkimport/import_busy.html", context)
    except ImportNotOpen:
        return redirect(import_record)


def _show_columns(request: HttpRequest, import_record: Import) -> HttpResponse:
    plan = check(import_record)
    if not can_change(import_record, plan.file):
        return redirect(import_record)
    part = build_columns_part(import_record, plan, _find_sheet(plan.file, request.GET.get("sheet")))
    context = {"import": import_record, "part": part}
    return render(request, "bulkimport/import_columns.html", context)


def _take_columns(request: HttpRequest, import_record: Import) -> HttpResponse:
    """Store what was chosen, and redirect to the check page, or to the columns of this sheet or another one."""
    file = read(import_record)
    sheet = _find_sheet(file, request.GET.get("sheet"))
    form = ReadingForm(request.POST, file=file, sheet=sheet)
    is_checked = request.POST.get("action") == "check"
    if form.is_valid():
        domains = import_record.domains().order_by("name").values_list("name", flat=True)[:DOMAINS_OFFERED]
        confirms = is_checked and sheet is not None and is_unsure(file, sheet)
        before = load_choices(import_record).reading
        reading = form.reading(before, domains=list(domains), confirms=confirms)
        _store_reading(request, import_record, reading, request.POST.get("version", ""))
    if is_checked:
        return redirect(f"{import_record.get_absolute_url()}#summary")
    next_sheet = _find_sheet(file, request.POST.get("sheet")) if "sheet" in request.POST else sheet
    return redirect(_columns_url(import_record, next_sheet.number if next_sheet else 0))


def _store_typed(request: HttpRequest, import_record: Import, file: FileRows) -> str:
    """Store what was typed on the check page. Returns the version of the import that the person has then seen."""
    sent = SentCheckPage.from_post(request.POST, import_record)
    corrections = sent.corrections(file)
    if not corrections and sent.default_quota is None:
        return sent.version
    result = correct(
        import_record, corrections=corrections, default_quota=sent.default_quota, seen_version=sent.version
    )
    return sent.version if result.is_outdated else str(import_record.version)


def _store_reading(request: HttpRequest, import_record: Import, reading: Reading, seen_version: str) -> FileRows | None:
    """Store how to read the file, and name the dropped corrections in a message. Returns the rows, None if outdated.

    Raises ImportNotOpen, and BusyError once it is stored and the file cannot be opened now.
    """
    try:
        result = correct(import_record, reading=reading, seen_version=seen_version)
    except Outdated:
        messages.warning(request, _("The list was changed in another tab. Look at it as it is now."))
        return None
    if result.dropped:
        messages.warning(request, _describe_dropped(result.dropped, result.plan.file))
    return result.plan.file


def _describe_dropped(dropped: Sequence[Correction], file: FileRows) -> str:
    """Return a message that names the cells of dropped corrections, without their texts."""
    has_sheets = len(file.sheets) > 1
    cells = "; ".join(
        f"{describe_place(Place(correction.sheet if has_sheets else None, correction.line))}, "
        f"{BY_FIELD[correction.field].label}"
        for correction in dropped[:DROPPED_NAMED]
    )
    if (others := len(dropped) - DROPPED_NAMED) > 0:
        more = ngettext("%(count)s other", "%(count)s others", others) % {"count": grouped(others)}
        cells += _(" and ") + more
    message = ngettext(
        "This correction no longer fits and was dropped: %(cells)s.",
        "These corrections no longer fit and were dropped: %(cells)s.",
        len(dropped),
    )
    return message % {"cells": cells}


def _find_sheet(file: FileRows, number: str | None) -> SheetSummary | None:
    """Return the sheet with this number, else the first that is read, else the first; None if there are no sheets."""
    with_number = [sheet for sheet in file.sheets if str(sheet.number) == number]
    read_sheets = [sheet for sheet in file.sheets if sheet.is_read]
    return next(iter((*with_number, *read_sheets, *file.sheets)), None)


def _columns_url(import_record: Import, number: int) -> str:
    url = reverse("import_columns", args=[import_record.pk])
    return f"{url}?sheet={number}" if number else url
