"""Uploading a file, reading, checking, correcting and discarding it: all that happens before accounts are created."""

import hashlib
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.access import domains_of
from accounts.formats import grouped
from accounts.sealing import SealBroken, seal, seal_json, unseal, unseal_json
from accounts.validators import normalize_mailbox_address
from bulkimport.models import Import, ImportQuerySet
from bulkimport.readers import read_file
from bulkimport.rows import Dialect, Field, FileRows, Plan, Problem, Row
from bulkimport.validation import validate

Corrections = Mapping[int, Mapping[Field, str]]  # line -> column -> text in the place of the file's


class PageOutdated(Exception):
    """The page was older than the import: its person has not seen what it is now. What was typed is stored."""


class ImportNotOpen(Exception):
    """The import cannot be read or changed: it is being created, was created, its file has expired or lost its key."""


def upload(
    *,
    content: bytes,
    filename: str,
    uploaded_by: User | None,
    customer: User | None = None,
    default_quota: str = "",
    import_id: uuid.UUID | None = None,
) -> Import:
    """Store an uploaded file. The same file sent again under the same id is the same import.

    `customer` says whose domains the import may use, where staff uploads for somebody. `default_quota` is kept as it
    was typed; what is wrong with it shows up in the plan.
    """
    new = Import(
        pk=import_id or uuid.uuid4(),
        uploaded_by=uploaded_by,
        customer=customer,
        filename=_storable(filename)[-255:],
        sha256=hashlib.sha256(content).hexdigest(),
        default_quota=_storable(default_quota)[:50],
        expires_at=timezone.now() + settings.SECRETS_KEPT,
        sealed_file=seal(content),
        sealed_choices=seal_json({}),
    )
    try:
        with transaction.atomic():
            new.save(force_insert=True)
    except IntegrityError:
        sent_before = Import.objects.filter(pk=new.pk).first()
        if sent_before is None:
            raise
        if not _is_repeated_by(sent_before, new):  # another file from a page that was kept open
            new.pk = uuid.uuid4()
            new.save(force_insert=True)
            return new
        if sent_before.default_quota != new.default_quota:
            with suppress(ImportNotOpen):  # it is being created already
                correct(sent_before, default_quota=default_quota)
        return sent_before
    return new


def read(import_record: Import) -> FileRows:
    """Return the rows of an import with the corrections of the person in their places. Raises ImportNotOpen."""
    if not import_record.has_file or import_record.sealed_file is None:
        raise ImportNotOpen
    try:
        content = unseal(import_record.sealed_file)
    except SealBroken:
        raise ImportNotOpen from None
    chosen = dialect_of(import_record)
    file = read_file(content, chosen=chosen, max_rows=settings.MAX_ACCOUNTS_PER_FILE)
    corrections = corrections_of(import_record)
    return replace(file, rows=tuple(_corrected(row, corrections.get(row.line, {})) for row in file.rows))


def _corrected(row: Row, cells: Mapping[Field, str]) -> Row:
    """Return a row with a person's cells in it.

    What the reader found wrong with a cell is settled once that cell has been rewritten, and what it found wrong with
    the whole row once any has: the person has then seen them all. A text that belongs to no column is dropped only
    with the row as a whole confirmed, which brings every cell.
    """
    if not cells:
        return row
    is_confirmed = cells.keys() >= set(Field)
    unsettled = tuple(
        problem
        for problem in row.problems
        if (problem.field and problem.field not in cells) or (problem.code == "surplus_cell" and not is_confirmed)
    )
    surplus = "" if is_confirmed else row.surplus
    together = {**row.cells, **cells}
    return replace(row, cells=together, problems=unsettled, surplus=surplus, corrected=frozenset(cells))


def check(import_record: Import) -> Plan:
    """Return the plan of an import as things stand now. Raises ImportNotOpen."""
    plan = validate(read(import_record), domains=import_record.domains(), default_quota=import_record.default_quota)
    return _recognise_repeat(plan, repeated_import(import_record))


def check_unstored(*, content: bytes, uploaded_by: User | None, default_quota: str = "") -> Plan:
    """Return the plan that `upload` and `check` would give this file, without writing anything to the database."""
    file = read_file(content, chosen=Dialect(), max_rows=settings.MAX_ACCOUNTS_PER_FILE)
    plan = validate(file, domains=domains_of(uploaded_by), default_quota=default_quota)
    return _recognise_repeat(plan, _same_file(uploaded_by, hashlib.sha256(content).hexdigest()).first())


def file_too_large() -> Problem:
    """Return what is wrong with a file that is not even read because of its size."""
    message = _("This file is larger than %(limit)s MB. Split it, or save only the list itself.")
    return Problem(code="file_too_large", message=message % {"limit": settings.MAX_UPLOAD_MB})


def dialect_of(import_record: Import) -> Dialect:
    """Return how the person has said that the file is to be read; None stands for "work it out"."""
    chosen = Dialect(**_choices(import_record).get("dialect", {}))
    if chosen.columns is None:
        return chosen
    return replace(chosen, columns=tuple(Field(name) if name else None for name in chosen.columns))  # a list in JSON


def corrections_of(import_record: Import) -> Corrections:
    """Return what the person has written into the cells of the page."""
    stored: dict[str, dict[str, str]] = _choices(import_record).get("corrections", {})
    return {int(line): {Field(name): text for name, text in cells.items()} for line, cells in stored.items()}


def correct(
    import_record: Import,
    *,
    corrections: Corrections | None = None,
    dialect: Dialect | None = None,
    default_quota: str | None = None,
    seen_version: str | None = None,
) -> Plan:
    """Store corrected cells, another way to read the file, or another default quota, and return the new plan.

    Corrections are added to those stored before. Another dialect makes other rows of the file, so it drops them.
    `seen_version` is that of the page, None where nobody has looked at one. Raises ImportNotOpen when the import has
    been created or has expired, and PageOutdated once all is stored; before it, where it would drop corrections.
    """
    now = timezone.now()
    with transaction.atomic():
        still_open = Import.objects.filter(status=Import.Status.CHECKED, sealed_file__isnull=False, expires_at__gt=now)
        # Held, so that what two tabs send at once is merged.
        locked = still_open.select_for_update().filter(pk=import_record.pk).first()
        if locked is None:
            raise ImportNotOpen
        is_outdated = seen_version is not None and seen_version != str(locked.version)
        if is_outdated and dialect is not None:
            if corrections_of(locked):  # it would drop them, and the page does not show them
                raise PageOutdated
            is_outdated = False  # of two choices made in a hurry, the second comes from the same page
        before = (_choices(locked), locked.default_quota)
        choices = _merged(locked, corrections or {}, dialect)
        if default_quota is not None:
            locked.default_quota = _storable(default_quota)[:50]
        if (choices, locked.default_quota) != before:
            locked.version += 1
            locked.sealed_choices = seal_json(choices)
        locked.expires_at = now + settings.SECRETS_KEPT
        locked.save(update_fields=["sealed_choices", "default_quota", "version", "expires_at"])
    # Not read again: what another tab stores from now on is in no page that this person has seen.
    import_record.sealed_choices, import_record.default_quota = locked.sealed_choices, locked.default_quota
    import_record.version, import_record.expires_at = locked.version, locked.expires_at
    plan = check(import_record)
    note_plan(import_record, plan)
    if is_outdated:
        raise PageOutdated
    return plan


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


def _merged(import_record: Import, corrections: Corrections, dialect: Dialect | None) -> dict[str, Any]:
    """Return the choices of an import with these added. No more lines are kept than a file may have."""
    if dialect is not None and dialect != dialect_of(import_record):
        return {"dialect": asdict(dialect)}
    merged = {str(line): dict(cells) for line, cells in corrections_of(import_record).items()}
    for line, cells in corrections.items():
        if str(line) in merged or len(merged) < settings.MAX_ACCOUNTS_PER_FILE:
            merged.setdefault(str(line), {}).update(cells)
    choices = {**_choices(import_record)}
    if merged:
        choices["corrections"] = merged
    return choices


def _is_repeated_by(sent_before: Import, new: Import) -> bool:
    """Tell whether an upload repeats an earlier one of the same id, rather than being a new one."""
    names = ("uploaded_by", "customer", "sha256")
    same = all(getattr(sent_before, name) == getattr(new, name) for name in names)
    return same and sent_before.status != Import.Status.UNDONE and not sent_before.is_expired


def _storable(text: str) -> str:
    """Return a text that every database takes: PostgreSQL has no NUL, and no encoding has half a surrogate pair."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def _choices(import_record: Import) -> dict[str, Any]:
    """Return what is sealed beside the file: `dialect`, and `corrections` by line."""
    if import_record.sealed_choices is None:
        return {}
    try:
        choices: dict[str, Any] = unseal_json(import_record.sealed_choices)
    except SealBroken:
        raise ImportNotOpen from None
    return choices


def repeated_import(import_record: Import) -> Import | None:
    """Return the import of the same bytes by the same login that has created accounts, the newest if there are more."""
    return _same_file(import_record.uploaded_by, import_record.sha256).exclude(pk=import_record.pk).first()


def _same_file(uploaded_by: User | None, sha256: str) -> ImportQuerySet:
    return Import.objects.filter(uploaded_by=uploaded_by, sha256=sha256, status=Import.Status.CREATED)


def _recognise_repeat(plan: Plan, earlier: Import | None) -> Plan:
    """Say once that this very file was imported before, in the place of every address being taken."""
    taken = {problem.line for problem in plan.problems if problem.code == "address_taken"}
    if not earlier or not taken or plan.drafts:  # what is new in the file can be created
        return plan
    # Where a person corrected an address then, the row has another one now.
    in_file = {row.line: _address_in(row) for row in plan.file.rows}
    created = earlier.accounts.values_list("line", "address")
    if taken != {line for line, address in created if in_file.get(line) == address}:
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


def _address_in(row: Row) -> str:
    try:
        return normalize_mailbox_address(row.cells.get(Field.EMAIL, ""))
    except ValidationError:
        return ""
