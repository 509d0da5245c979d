"""The pages on which a person says how a list is to be read: which sheets of a workbook, which column is what."""

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
from bulkimport.access import own_import_or_404
from bulkimport.columns import BY_FIELD
from bulkimport.forms import changed_quota, corrections_in
from bulkimport.models import Import
from bulkimport.reading_forms import ReadingForm, with_ticked
from bulkimport.reading_page import DOMAINS_OFFERED, can_change, columns_part, is_unsure, knows_addresses
from bulkimport.rows import FileRows, Place, Plan, Reading, SheetSummary
from bulkimport.services.checking import PageOutdated, check, correct
from bulkimport.services.reading import BusyError, Correction, ImportNotOpen, choices_of, read
from bulkimport.wording import place_named

DROPPED_NAMED: Final = 5


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def import_reading(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Read the ticked sheets of a workbook and no others, or go on to the columns of one.

    What was typed into the rows of the page comes with it, so that nothing is lost.
    """
    import_record = own_import_or_404(request, pk)
    if request.method != "POST":
        return redirect(import_record)
    try:
        file = read(import_record)
        seen_version = _store_typed(request, import_record, file)
        if "columns" in request.POST:
            sheet = _sheet_of(file, request.POST["columns"])
            return redirect(_columns_url(import_record, sheet.number if sheet else 0))
        reading = with_ticked(choices_of(import_record).reading, file, request.POST)
        plan = _stored(request, import_record, reading, seen_version)
    except (BusyError, ImportNotOpen):  # its page says so
        return redirect(import_record)
    read_before = {sheet.number for sheet in file.sheets if sheet.is_read}
    for sheet in plan.file.sheets if plan else ():
        if sheet.is_read and sheet.number not in read_before and not knows_addresses(sheet):
            return redirect(_columns_url(import_record, sheet.number))
    return redirect(f"{import_record.get_absolute_url()}#summary")


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def import_columns(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Show the first lines of a sheet, and take what its columns are and how its lines are read."""
    import_record = own_import_or_404(request, pk)
    if import_record.status != Import.Status.CHECKED:
        return redirect(import_record)
    try:
        return (_take if request.method == "POST" else _show)(request, import_record)
    except BusyError:
        context = {"import": import_record, "again_url": request.get_full_path()}
        return render(request, "bulkimport/import_busy.html", context)
    except ImportNotOpen:
        return redirect(import_record)


def _show(request: HttpRequest, import_record: Import) -> HttpResponse:
    plan = check(import_record)
    if not can_change(import_record, plan.file):
        return redirect(import_record)
    part = columns_part(import_record, plan, _sheet_of(plan.file, request.GET.get("sheet")))
    context = {"import": import_record, "part": part}
    return render(request, "bulkimport/import_columns.html", context)


def _take(request: HttpRequest, import_record: Import) -> HttpResponse:
    """Store what was said, and lead to the check, or back to the page as it is then, perhaps of another sheet."""
    file = read(import_record)
    sheet = _sheet_of(file, request.GET.get("sheet"))
    form = ReadingForm(request.POST, file=file, sheet=sheet)
    is_checked = request.POST.get("action") == "check"
    if form.is_valid():
        domains = import_record.domains().order_by("name").values_list("name", flat=True)[:DOMAINS_OFFERED]
        confirms = is_checked and sheet is not None and is_unsure(file, sheet)
        before = choices_of(import_record).reading
        reading = form.reading(before, domains=list(domains), confirms=confirms)
        _stored(request, import_record, reading, request.POST.get("version", ""))
    if is_checked:
        return redirect(f"{import_record.get_absolute_url()}#summary")
    following = _sheet_of(file, request.POST.get("sheet")) if "sheet" in request.POST else sheet
    return redirect(_columns_url(import_record, following.number if following else 0))


def _store_typed(request: HttpRequest, import_record: Import, file: FileRows) -> str:
    """Store the cells and the quota that were typed on a page, and return the version that the page has seen then."""
    seen_version = request.POST.get("version", "")
    typed = corrections_in(request.POST, with_confirmed=seen_version == str(import_record.version))
    corrections = {place: cells for key, cells in typed.items() if (place := file.place(key))}
    quota = changed_quota(request.POST)
    if not corrections and quota is None:
        return seen_version
    try:
        correct(import_record, corrections=corrections, default_quota=quota, seen_version=seen_version)
    except PageOutdated:  # but stored
        return seen_version
    return str(import_record.version)


def _stored(request: HttpRequest, import_record: Import, reading: Reading, seen_version: str) -> Plan | None:
    """Store a way to read the file, and say which corrections were dropped with it; None where nothing was stored.

    Raises ImportNotOpen, and BusyError once it is stored and the file has to be opened anew for it.
    """
    try:
        plan, dropped = correct(import_record, reading=reading, seen_version=seen_version)
    except PageOutdated:
        messages.warning(request, _("The list was changed in another tab. Look at it as it is now."))
        return None
    if dropped:
        messages.warning(request, _about_dropped(dropped, plan.file))
    return plan


def _about_dropped(dropped: Sequence[Correction], file: FileRows) -> str:
    """Return a sentence that names corrections by their cells, without what was typed."""
    has_sheets = len(file.sheets) > 1
    places = [
        Place(correction.sheet if has_sheets else None, correction.line) for correction in dropped[:DROPPED_NAMED]
    ]
    cells = [
        f"{place_named(place)}, {BY_FIELD[correction.field].label}"
        for place, correction in zip(places, dropped, strict=False)
    ]
    named = "; ".join(cells)
    if others := len(dropped) - len(cells):
        more = ngettext("%(count)s other", "%(count)s others", others) % {"count": grouped(others)}
        named += _(" and ") + more
    message = ngettext(
        "This correction no longer fits and was dropped: %(cells)s.",
        "These corrections no longer fit and were dropped: %(cells)s.",
        len(dropped),
    )
    return message % {"cells": named}


def _sheet_of(file: FileRows, number: str | None) -> SheetSummary | None:
    """Return the sheet of a number, else the first that is read, else the first; None where there is none at all."""
    wanted = [sheet for sheet in file.sheets if str(sheet.number) == number]
    read_sheets = [sheet for sheet in file.sheets if sheet.is_read]
    return next(iter((*wanted, *read_sheets, *file.sheets)), None)


def _columns_url(import_record: Import, number: int) -> str:
    url = reverse("import_columns", args=[import_record.pk])
    return f"{url}?sheet={number}" if number else url
