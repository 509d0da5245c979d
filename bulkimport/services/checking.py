"""Uploading a file, reading it, checking it, correcting it: all that happens before accounts are created."""

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_variables

from accounts.access import domains_of
from accounts.formats import grouped
from bulkimport.models import Import, ImportQuerySet
from bulkimport.readers import read_file
from bulkimport.rows import Dialect, Field, FileRows, Plan, Problem
from bulkimport.sealing import SealBroken, seal, seal_json, unseal, unseal_json
from bulkimport.validation import validate

Corrections = Mapping[int, Mapping[Field, str]]  # line -> column -> text in the place of the file's


class ImportNotOpen(Exception):
    """The import cannot be read or changed: it is being created, was created, its file has expired or lost its key."""


@sensitive_variables("content")
def upload(
    *,
    content: bytes,
    filename: str,
    uploaded_by: User | None,
    customer: User | None = None,
    default_quota: str = "",
    import_id: uuid.UUID | None = None,
) -> Import:
    """Store an uploaded file and check it. The same file sent again under the same id is the same import.

    `customer` says whose domains the import may use, where staff uploads for somebody. `default_quota` is kept as it
    was typed; what is wrong with it shows up in the plan.
    """
    digest = hashlib.sha256(content).hexdigest()
    sent_before = Import.objects.filter(pk=import_id).first() if import_id else None
    if sent_before:
        if _is_same_request(sent_before, uploaded_by=uploaded_by, customer=customer, digest=digest):
            if sent_before.status == Import.Status.CHECKED and sent_before.default_quota != default_quota:
                correct(sent_before, default_quota=default_quota)
            return sent_before
        import_id = None
    new = Import(
        pk=import_id or uuid.uuid4(),
        uploaded_by=uploaded_by,
        customer=customer,
        filename=filename[-255:],
        sha256=digest,
        default_quota=default_quota[:50],
        expires_at=timezone.now() + settings.SECRETS_KEPT,
        sealed_file=seal(content),
        sealed_choices=seal_json({}),
    )
    try:
        with transaction.atomic():
            new.save(force_insert=True)
    except IntegrityError:  # the other press of a double click was faster
        return upload(
            content=content,
            filename=filename,
            uploaded_by=uploaded_by,
            customer=customer,
            default_quota=default_quota,
            import_id=import_id,
        )
    note_plan(new, check(new))
    return new


def read(import_record: Import) -> FileRows:
    """Return the rows of an import with the corrections of the person in their places. Raises ImportNotOpen."""
    if not import_record.has_file or import_record.sealed_file is None:
        raise ImportNotOpen
    try:
        content = unseal(import_record.sealed_file)
    except SealBroken:
        raise ImportNotOpen from None
    file = read_file(
        content,
        chosen=dialect_of(import_record),
        max_rows=settings.MAX_ACCOUNTS_PER_FILE,
    )
    corrections = corrections_of(import_record)
    rows = tuple(
        # What the reader found wrong with a row is settled once a person has seen and rewritten its cells.
        replace(row, cells={**row.cells, **corrections[row.line]}, problems=()) if row.line in corrections else row
        for row in file.rows
    )
    return replace(file, rows=rows)


def check(import_record: Import) -> Plan:
    """Return the plan of an import as things stand now. Raises ImportNotOpen."""
    plan = validate(
        read(import_record), domains=domains_of(import_record.acts_for), default_quota=import_record.default_quota
    )
    before = Import.objects.filter(uploaded_by=import_record.uploaded_by, sha256=import_record.sha256)
    return _recognise_repeat(plan, before.exclude(pk=import_record.pk))


@sensitive_variables("content")
def check_unstored(*, content: bytes, uploaded_by: User | None, default_quota: str = "") -> Plan:
    """Return the plan that `upload` and `check` would give this file, without writing anything to the database."""
    file = read_file(content, chosen=Dialect(), max_rows=settings.MAX_ACCOUNTS_PER_FILE)
    plan = validate(file, domains=domains_of(uploaded_by), default_quota=default_quota)
    before = Import.objects.filter(uploaded_by=uploaded_by, sha256=hashlib.sha256(content).hexdigest())
    return _recognise_repeat(plan, before)


def dialect_of(import_record: Import) -> Dialect:
    """Return how the person has said that the file is to be read; None stands for "work it out"."""
    return Dialect(**_choices(import_record).get("dialect", {}))


def corrections_of(import_record: Import) -> Corrections:
    """Return what the person has written into the cells of the page."""
    stored: dict[str, dict[str, str]] = _choices(import_record).get("corrections", {})
    return {int(line): {Field(name): text for name, text in cells.items()} for line, cells in stored.items()}


@sensitive_variables("corrections", "merged")
def correct(
    import_record: Import,
    *,
    corrections: Corrections | None = None,
    dialect: Dialect | None = None,
    default_quota: str | None = None,
) -> Plan:
    """Store corrected cells, another way to read the file, or another default quota, and return the new plan.

    Corrections are added to those stored before. Another dialect makes other rows of the file, so it drops them.
    Raises ImportNotOpen when the import has been created or has expired.
    """
    if dialect is not None and dialect != dialect_of(import_record):
        choices: dict[str, object] = {"dialect": asdict(dialect)}
    else:
        merged = {line: dict(cells) for line, cells in corrections_of(import_record).items()}
        for line, cells in (corrections or {}).items():
            merged.setdefault(line, {}).update(cells)
        choices = {"dialect": asdict(dialect_of(import_record)), "corrections": merged}
    import_record.sealed_choices = seal_json(choices)
    import_record.expires_at = timezone.now() + settings.SECRETS_KEPT
    if default_quota is not None:
        import_record.default_quota = default_quota[:50]
    still_open = Import.objects.filter(
        pk=import_record.pk,
        status=Import.Status.CHECKED,
        sealed_file__isnull=False,
        expires_at__gt=timezone.now(),
    )
    changed = still_open.update(
        sealed_choices=import_record.sealed_choices,
        expires_at=import_record.expires_at,
        default_quota=import_record.default_quota,
    )
    if not changed:
        raise ImportNotOpen
    plan = check(import_record)
    note_plan(import_record, plan)
    return plan


def note_plan(import_record: Import, plan: Plan) -> None:
    """Store what lists and the admin show of a check: the kind of file and the counts."""
    dialect = plan.file.dialect
    import_record.file_format = dialect.format or ""
    import_record.encoding = dialect.encoding or ""
    import_record.separator = dialect.separator or ""
    import_record.counts = plan.counts
    import_record.save(update_fields=["file_format", "encoding", "separator", "counts"])


def _is_same_request(sent_before: Import, *, uploaded_by: User | None, customer: User | None, digest: str) -> bool:
    """Tell whether an upload repeats an earlier one, rather than being a new one from a page that was kept open."""
    same = (sent_before.uploaded_by, sent_before.customer, sent_before.sha256) == (uploaded_by, customer, digest)
    return same and sent_before.status != Import.Status.UNDONE and not sent_before.is_expired


def _choices(import_record: Import) -> dict[str, Any]:
    """Return what is sealed beside the file: `dialect`, and `corrections` by line."""
    if import_record.sealed_choices is None:
        return {}
    try:
        choices: dict[str, Any] = unseal_json(import_record.sealed_choices)
    except SealBroken:
        raise ImportNotOpen from None
    return choices


def _recognise_repeat(plan: Plan, same_file: ImportQuerySet) -> Plan:
    """Say once that this very file was imported before, in the place of every address being taken.

    `same_file`: the other imports of the same bytes by the same login.
    """
    earlier = same_file.filter(status=Import.Status.CREATED).first()
    taken = {problem.line for problem in plan.problems if problem.code == "address_taken"}
    if not earlier or not taken or not taken <= set(earlier.accounts.values_list("line", flat=True)):
        return plan
    count = earlier.counts["created"]
    message = ngettext(
        "This file was imported on %(when)s: %(count)s account was created. Nothing needs to be done.",
        "This file was imported on %(when)s: %(count)s accounts were created. Nothing needs to be done.",
        count,
    ) % {"when": date_format(timezone.localtime(earlier.created_at), "j E Y, H:i"), "count": grouped(count)}
    others = tuple(problem for problem in plan.problems if problem.code != "address_taken")
    return replace(plan, problems=(Problem(code="already_imported", message=message), *others))
