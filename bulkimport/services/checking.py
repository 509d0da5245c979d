"""Check the rows of an import: from its file to a plan."""

from collections.abc import Collection
from dataclasses import replace

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import ngettext

from accounts.access import usable_domains
from accounts.formats import grouped
from accounts.validators import normalize_mailbox_address
from bulkimport.models import Import, ImportQuerySet
from bulkimport.readers.reading import read_file
from bulkimport.readers.sheet import WAIT_SECONDS
from bulkimport.rows import Field, Place, Plan, Problem, Row
from bulkimport.services.reading import read
from bulkimport.services.uploading import mark_file
from bulkimport.validation import validate


def check(import_record: Import, *, wait_seconds: float | None = WAIT_SECONDS) -> Plan:
    """Return the plan of an import as things stand now. Raises ImportNotOpen, and BusyError as `reading.read`."""
    file = read(import_record, wait_seconds=wait_seconds)
    plan = validate(file, domains=import_record.domains(), default_quota=import_record.default_quota)
    return _recognise_repeat(plan, find_repeated_import(import_record))


def check_unstored(*, content: bytes, uploaded_by: User | None, default_quota: str = "") -> Plan:
    """Return the plan that `upload` and `check` would give this file, without writing anything to the database."""
    file = read_file(content, max_rows=settings.MAX_ACCOUNTS_PER_FILE)
    plan = validate(file, domains=usable_domains(uploaded_by), default_quota=default_quota)
    return _recognise_repeat(plan, _find_same_file(uploaded_by, mark_file(content)).first())


def note_plan(import_record: Import, plan: Plan) -> None:
    """Store the format of the file and the counts of its plan, which the lists and the admin show."""
    dialect = plan.file.dialect
    Import.objects.filter(pk=import_record.pk, status=Import.Status.CHECKED).update(
        file_format=dialect.format or "",
        encoding=dialect.encoding or "",
        separator=dialect.separator or "",
        counts={**plan.counts, "file_errors": len(plan.file_errors), "is_repeat": bool(plan.repeat)},
    )


# --- The same file again ---------------------------------------------------------------------------------------------
def find_repeated_import(import_record: Import) -> Import | None:
    """Return the newest import of the same bytes by the same login that has created accounts, if there is one."""
    return _find_same_file(import_record.uploaded_by, import_record.file_mark).exclude(pk=import_record.pk).first()


def _find_same_file(uploaded_by: User | None, file_mark: str) -> ImportQuerySet:
    same = Import.objects.filter(uploaded_by=uploaded_by, file_mark=file_mark, status=Import.Status.CREATED)
    return same if file_mark else same.none()


def _recognise_repeat(plan: Plan, earlier: Import | None) -> Plan:
    """If the same file was imported before, replace its address_taken problems by one that says so."""
    taken = {problem.place for problem in plan.problems if problem.code == "address_taken"}
    if not earlier or not taken or plan.drafts:  # with drafts, part of the file can be created now
        return plan
    # If a row's address was corrected in the earlier import, the file still has the uncorrected one.
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
