"""Change how an import is read: corrected cells, another way to read its file, another default quota."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction

from accounts.sealing import seal_json
from accounts.services import Outdated
from bulkimport.models import Import
from bulkimport.rows import FileRows, Plan, Reading
from bulkimport.services.checking import check, note_plan
from bulkimport.services.reading import (
    BusyError,
    Choices,
    Correction,
    Corrections,
    ImportNotOpen,
    as_stored,
    find_legacy_sheet,
    fits,
    load_choices,
    read_uncorrected,
)
from bulkimport.services.uploading import make_storable


@dataclass(frozen=True, slots=True)
class Corrected:
    """What became of a change. All of it is stored.

    dropped: earlier corrections that do not fit the new reading. is_outdated: the page had an older version, so its
    person has not seen this plan and nothing may be created from it.
    """

    plan: Plan
    dropped: tuple[Correction, ...]
    is_outdated: bool


def correct(
    import_record: Import,
    *,
    corrections: Corrections | None = None,
    reading: Reading | None = None,
    default_quota: str | None = None,
    seen_version: str | None = None,
) -> Corrected:
    """Add corrected cells to those stored before, or store another reading or default quota. Returns the new plan.

    seen_version: the version that the page had; None without a page. After another reading, earlier corrections stay
    where the cell has the same text. Raises ImportNotOpen when the import was created or has expired, Outdated when an
    old page chooses a reading that might drop corrections it does not show (nothing is stored), and BusyError as
    `check`, once all is stored.
    """
    assumed = reading or load_choices(import_record).reading
    file = _try_to_read(import_record, assumed)  # before the lock, since it may take seconds
    with transaction.atomic():
        # Locked, so that changes sent by two tabs at once are merged.
        locked = Import.objects.open().select_for_update().filter(pk=import_record.pk).first()
        if locked is None:
            raise ImportNotOpen
        is_outdated = seen_version is not None and seen_version != str(locked.version)
        before = load_choices(locked)
        if is_outdated and reading is not None:
            if before.corrections:
                raise Outdated
            is_outdated = False  # two choices in quick succession come from the same page; nothing can get lost
        if before.reading != assumed and reading is None:  # another tab has chosen another reading since
            file = None
        dropped = _store(locked, before, corrections or {}, reading, default_quota, file)
    # Not read from the database again: changes that another tab stores from now on are on no page of this person.
    import_record.sealed_choices, import_record.default_quota = locked.sealed_choices, locked.default_quota
    import_record.version = locked.version
    plan = check(import_record)
    note_plan(import_record, plan)
    return Corrected(plan, dropped, is_outdated)


def _try_to_read(import_record: Import, reading: Reading) -> FileRows | None:
    try:
        return read_uncorrected(import_record, reading)
    except BusyError:
        return None


def _store(
    locked: Import,
    before: Choices,
    corrections: Corrections,
    reading: Reading | None,
    default_quota: str | None,
    file: FileRows | None,
) -> tuple[Correction, ...]:
    """Store changes in a locked import, with another version if anything differs. Returns the dropped corrections."""
    fitting, dropped = _split_by_fit(before.corrections, file) if reading else (before.corrections, ())
    choices = Choices(reading or before.reading, _merge(fitting, _with_originals(corrections, file)))
    quota = locked.default_quota if default_quota is None else make_storable(default_quota)[:50]
    if (choices, quota) != (before, locked.default_quota):
        locked.version += 1
        locked.sealed_choices = seal_json(as_stored(choices))
        locked.default_quota = quota
        locked.save(update_fields=["sealed_choices", "default_quota", "version"])
    return dropped


def _split_by_fit(
    corrections: Sequence[Correction], file: FileRows | None
) -> tuple[tuple[Correction, ...], tuple[Correction, ...]]:
    """Return the corrections that fit the rows of a file, and those that do not.

    If the file could not be read (None), all fit. So do those of a sheet that is not read: it may be ticked again.
    """
    if file is None:
        return tuple(corrections), ()
    legacy_sheet = find_legacy_sheet(file)
    rows = {(file.find_sheet_name(row.place), row.line): row for row in file.rows}
    read_sheets = {sheet.name for sheet in file.sheets if sheet.is_read}
    fitting: list[Correction] = []
    dropped: list[Correction] = []
    for correction in corrections:
        sheet = correction.sheet or legacy_sheet
        is_fitting = sheet not in read_sheets or fits(correction, rows.get((sheet, correction.line)))
        (fitting if is_fitting else dropped).append(correction)
    return tuple(fitting), tuple(dropped)


def _with_originals(corrections: Corrections, file: FileRows | None) -> list[Correction]:
    """Return typed cells with their sheets and with the text that the file has there."""
    rows = {(file.find_sheet_name(row.place), row.line): row for row in file.rows} if file else {}
    typed = []
    for place, cells in corrections.items():
        sheet = file.find_sheet_name(place) if file else place.sheet or ""
        row = rows.get((sheet, place.line))
        for field, text in cells.items():
            was = row.cells.get(field, "") if row else None
            typed.append(Correction(sheet, place.line, field, text, was))
    return typed


def _merge(before: Sequence[Correction], typed: Sequence[Correction]) -> tuple[Correction, ...]:
    """Return earlier and new corrections, the new ones winning, in at most as many rows as a file may have."""
    merged = {correction.cell: correction for correction in before}
    lines = {correction.cell[:2] for correction in before}
    for correction in typed:
        if correction.cell[:2] in lines or len(lines) < settings.MAX_ACCOUNTS_PER_FILE:
            lines.add(correction.cell[:2])
            merged[correction.cell] = correction
    return tuple(merged.values())
