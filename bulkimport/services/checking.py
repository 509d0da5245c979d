"""Uploading a file, checking, correcting and discarding it: all that happens before accounts are created."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import replace

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.access import usable_domains
from accounts.formats import grouped
from accounts.sealing import seal, seal_json
from accounts.validators import normalize_mailbox_address
from bulkimport.models import Import, ImportQuerySet
from bulkimport.readers.reading import read_file
from bulkimport.readers.sheet import WAIT_SECONDS
from bulkimport.rows import Field, FileRows, Place, Plan, Problem, Reading, Row
from bulkimport.services.reading import (
    BusyError,
    Choices,
    Correction,
    Corrections,
    ImportNotOpen,
    as_in_file,
    as_stored,
    choices_of,
    first_sheet,
    fits,
    read,
)
from bulkimport.validation import validate


class PageOutdated(Exception):
    """The page was older than the import: its person has not seen what it is now. What was typed is stored."""


class TooManyLists(Exception):
    """The login has as many unfinished lists as one may have. `oldest` is the one to finish or to discard first."""

    def __init__(self, oldest: Import) -> None:
        super().__init__(str(oldest.pk))
        self.oldest = oldest


def upload(
    *,
    content: bytes,
    filename: str,
    uploaded_by: User | None,
    customer: User | None = None,
    default_quota: str = "",
) -> Import:
    """Store an uploaded file.

    `customer` says whose domains the import may use, where staff uploads for somebody. `default_quota` is kept as it
    was typed; what is wrong with it shows up in the plan. Raises TooManyLists.
    """
    new = Import(
        uploaded_by=uploaded_by,
        customer=customer,
        filename=_storable(filename)[-255:],
        file_size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        default_quota=_storable(default_quota)[:50],
        expires_at=timezone.now() + settings.SECRETS_KEPT,
        sealed_file=seal(content),
        sealed_choices=seal_json(as_stored(Choices())),
    )
    return _stored(new)


@transaction.atomic
def _stored(new: Import) -> Import:
    """Store a new import where its login may have one more unfinished list."""
    if new.uploaded_by:
        # Held, so that uploads at the same time are counted one after the other.
        User.objects.select_for_update().get(pk=new.uploaded_by.pk)
        unfinished = Import.objects.unfinished().filter(uploaded_by=new.uploaded_by)
        sizes = list(unfinished.values_list("file_size", flat=True))
        is_too_large = sum(sizes) + new.file_size > settings.MAX_UNFINISHED_MB * 1024 * 1024
        is_full = len(sizes) >= settings.MAX_UNFINISHED_LISTS or is_too_large
        # One that is being created comes last: it cannot be discarded, and ends by itself.
        if is_full and (oldest := unfinished.order_by("status", "uploaded_at").first()):
            raise TooManyLists(oldest)
    new.save(force_insert=True)
    return new


def check(import_record: Import, *, wait_seconds: float | None = WAIT_SECONDS) -> Plan:
    """Return the plan of an import as things stand now. Raises ImportNotOpen, and BusyError as `reading.read`."""
    file = read(import_record, wait_seconds=wait_seconds)
    plan = validate(file, domains=import_record.domains(), default_quota=import_record.default_quota)
    return _recognise_repeat(plan, repeated_import(import_record))


def check_unstored(*, content: bytes, uploaded_by: User | None, default_quota: str = "") -> Plan:
    """Return the plan that `upload` and `check` would give this file, without writing anything to the database."""
    file = read_file(content, max_rows=settings.MAX_ACCOUNTS_PER_FILE)
    plan = validate(file, domains=usable_domains(uploaded_by), default_quota=default_quota)
    return _recognise_repeat(plan, _same_file(uploaded_by, hashlib.sha256(content).hexdigest()).first())


def file_too_large() -> Problem:
    """Return what is wrong with a file that is not even read because of its size."""
    message = _("This file is larger than %(limit)s MB. Split it, or save only the list itself.")
    return Problem(code="file_too_large", message=message % {"limit": settings.MAX_UPLOAD_MB})


def too_many_lists(oldest: Import) -> str:
    """Return the sentence for a login that has too many unfinished lists, with the oldest one."""
    message = _(
        "You have too many unfinished lists: at most %(lists)s, and %(size)s MB together. Create the accounts of one, "
        "or discard one; the oldest is %(file)s of %(when)s."
    )
    limits = {"lists": grouped(settings.MAX_UNFINISHED_LISTS), "size": grouped(settings.MAX_UNFINISHED_MB)}
    return message % {"file": oldest.filename, "when": _moment(oldest), **limits}


def correct(
    import_record: Import,
    *,
    corrections: Corrections | None = None,
    reading: Reading | None = None,
    default_quota: str | None = None,
    seen_version: str | None = None,
) -> tuple[Plan, tuple[Correction, ...]]:
    """Store corrected cells, another way to read the file, or another default quota.

    Returns the new plan, and the corrections that no longer fit: where the file is read in another way, they stay at
    cells with the same text. Corrections are added to those stored before. `seen_version` is that of the page, None
    where nobody has looked at one. Raises ImportNotOpen when the import has been created or has expired, PageOutdated
    once all is stored, before it where it is the reading that was chosen on an old page, and BusyError as `check`.
    """
    assumed = reading or choices_of(import_record).reading
    # Before anything is locked, since it may take a while.
    file = _as_in_file_or_none(import_record, assumed)
    with transaction.atomic():
        # Held, so that what two tabs send at once is merged.
        locked = Import.objects.open().select_for_update().filter(pk=import_record.pk).first()
        if locked is None:
            raise ImportNotOpen
        is_outdated = seen_version is not None and seen_version != str(locked.version)
        before = choices_of(locked)
        if is_outdated and reading is not None:
            if before.corrections:  # it might drop some, and the page does not show them
                raise PageOutdated
            is_outdated = False  # of two choices made in a hurry, the second comes from the same page
        if reading is None and before.reading != assumed:  # chosen in another tab meanwhile
            file = None
        fitting, dropped = _sorted_by_fit(before.corrections, file) if reading else (before.corrections, ())
        typed = _with_originals(corrections or {}, file)
        choices = Choices(reading or before.reading, _merged(fitting, typed))
        quota = locked.default_quota if default_quota is None else _storable(default_quota)[:50]
        if (choices, quota) != (before, locked.default_quota):
            locked.version += 1
            locked.sealed_choices = seal_json(as_stored(choices))
            locked.default_quota = quota
            locked.save(update_fields=["sealed_choices", "default_quota", "version"])
    # Not read again: what another tab stores from now on is in no page that this person has seen.
    import_record.sealed_choices, import_record.default_quota = locked.sealed_choices, locked.default_quota
    import_record.version = locked.version
    plan = check(import_record)
    note_plan(import_record, plan)
    if is_outdated:
        raise PageOutdated
    return plan, dropped


def _as_in_file_or_none(import_record: Import, reading: Reading) -> FileRows | None:
    try:
        return as_in_file(import_record, reading)
    except BusyError:
        return None


def _sorted_by_fit(
    corrections: Sequence[Correction], file: FileRows | None
) -> tuple[tuple[Correction, ...], tuple[Correction, ...]]:
    """Return the corrections that fit the rows of a file, and those that do not.

    All fit a file that is not known, and a sheet that is not read: they wait for it to be ticked again.
    """
    if file is None:
        return tuple(corrections), ()
    first = first_sheet(file)
    rows = {(file.sheet_of(row.place), row.line): row for row in file.rows}
    read_sheets = {sheet.name for sheet in file.sheets if sheet.is_read}
    fit = [
        (correction.sheet or first) not in read_sheets
        or fits(correction, rows.get((correction.sheet or first, correction.line)))
        for correction in corrections
    ]
    return (
        tuple(correction for correction, is_fit in zip(corrections, fit, strict=True) if is_fit),
        tuple(correction for correction, is_fit in zip(corrections, fit, strict=True) if not is_fit),
    )


def _with_originals(corrections: Corrections, file: FileRows | None) -> list[Correction]:
    """Return typed cells with their sheets and with what the file has in their places."""
    rows = {(file.sheet_of(row.place), row.line): row for row in file.rows} if file else {}
    typed = []
    for place, cells in corrections.items():
        sheet = file.sheet_of(place) if file else place.sheet or ""
        row = rows.get((sheet, place.line))
        for field, text in cells.items():
            was = row.cells.get(field, "") if row else None
            typed.append(Correction(sheet, place.line, field, text, was))
    return typed


def _merged(before: Sequence[Correction], typed: Sequence[Correction]) -> tuple[Correction, ...]:
    """Return what was typed before and now, of no more rows than a file may have."""
    merged = {correction.cell: correction for correction in before}
    lines = {correction.cell[:2] for correction in before}
    for correction in typed:
        if correction.cell[:2] in lines or len(lines) < settings.MAX_ACCOUNTS_PER_FILE:
            lines.add(correction.cell[:2])
            merged[correction.cell] = correction
    return tuple(merged.values())


@transaction.atomic
def discard(import_record: Import) -> None:
    """Delete an import that nothing was created from, with its file. Raises ImportNotOpen once a creation has begun.

    One that was interrupted can go: should its thread still live, it finds its claim lost and writes nothing.
    """
    # Held, so that no creation begins between the question and the answer.
    locked = Import.objects.select_for_update().filter(pk=import_record.pk).first()
    if locked is None:  # by the first of two presses
        return
    if locked.status != Import.Status.CHECKED and not locked.is_interrupted:
        raise ImportNotOpen
    locked.delete()


def note_plan(import_record: Import, plan: Plan) -> None:
    """Store what lists and the admin show of a check: the kind of file and the counts."""
    dialect = plan.file.dialect
    Import.objects.filter(pk=import_record.pk, status=Import.Status.CHECKED).update(
        file_format=dialect.format or "",
        encoding=dialect.encoding or "",
        separator=dialect.separator or "",
        counts={**plan.counts, "file_errors": len(plan.file_errors), "is_repeat": bool(plan.repeat)},
    )


def _storable(text: str) -> str:
    """Return a text that every database takes: PostgreSQL has no NUL, and no encoding has half a surrogate pair."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


# --- The same file again ---------------------------------------------------------------------------------------------
def repeated_import(import_record: Import) -> Import | None:
    """Return the import of the same bytes by the same login that has created accounts, the newest if there are more."""
    return _same_file(import_record.uploaded_by, import_record.sha256).exclude(pk=import_record.pk).first()


def _same_file(uploaded_by: User | None, sha256: str) -> ImportQuerySet:
    return Import.objects.filter(uploaded_by=uploaded_by, sha256=sha256, status=Import.Status.CREATED)


def _recognise_repeat(plan: Plan, earlier: Import | None) -> Plan:
    """Say once that this very file was imported before, in the place of every address being taken."""
    taken = {problem.place for problem in plan.problems if problem.code == "address_taken"}
    if not earlier or not taken or plan.drafts:  # what is new in the file can be created
        return plan
    # Where a person corrected an address then, the row has another one now.
    in_file = {row.place: _address_in(row) for row in plan.file.rows}
    created = {(Place(sheet or None, line), address) for sheet, line, address in _created_places(earlier)}
    if taken != {place for place, address in created if in_file.get(place) == address}:
        return plan
    message = ngettext(
        "This file was imported on %(when)s: %(count)s account was created.",
        "This file was imported on %(when)s: %(count)s accounts were created.",
        earlier.created_count,
    )
    if earlier.left_out:
        message += " " + ngettext(
            "%(left_out)s row was left out; upload it in a file of its own.",
            "%(left_out)s rows were left out; upload them in a file of their own.",
            len(earlier.left_out),
        )
    message %= {
        "when": date_format(timezone.localtime(earlier.created_at), "j E Y, H:i"),
        "count": grouped(earlier.created_count),
        "left_out": grouped(len(earlier.left_out)),
    }
    others = tuple(problem for problem in plan.problems if problem.code != "address_taken")
    return replace(plan, problems=(Problem(code="already_imported", message=message), *others))


def _created_places(earlier: Import) -> Collection[tuple[str, int, str]]:
    return list(earlier.accounts.values_list("sheet", "line", "address"))


def _address_in(row: Row) -> str:
    try:
        return normalize_mailbox_address(row.cells.get(Field.EMAIL, ""))
    except ValidationError:
        return ""


def _moment(import_record: Import) -> str:
    return date_format(timezone.localtime(import_record.uploaded_at), "j E Y, H:i")
