"""How a list was read, as its pages show it: the sheets of a workbook, and which column of a sheet is what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.formats import grouped
from bulkimport.columns import CHOICES, Column
from bulkimport.models import Import
from bulkimport.preview import Preview, preview_of
from bulkimport.rows import (
    ENCODING_NAMES,
    SEPARATOR_NAMES,
    Field,
    FileRows,
    Level,
    Plan,
    Problem,
    Reading,
    SheetChoice,
    SheetSummary,
)
from bulkimport.services.reading import choices_of
from bulkimport.wording import sum_of_lines
from bulkimport.workbook_page import Workbook, workbook_of

DOMAINS_OFFERED: Final = 100
_ABOUT_COLUMNS: Final = ("header_unknown", "email_column_missing", "column_repeated", "column_unclear")
_NAME_SHOWN: Final = 40  # characters


@dataclass(frozen=True, slots=True)
class Select:
    """A drop-down. options: value, label and whether it is the one chosen."""

    name: str
    label: str
    options: tuple[tuple[str, str, bool], ...]


@dataclass(frozen=True, slots=True)
class ColumnsPart:
    """The form that says what the columns of a sheet are and how its lines are read.

    number: of the sheet; 0 where the file could not be taken apart, and only how it is written can be said.
    alike: the names of the other sheets for which what is said here of the columns holds too. columns_shown,
    header_shown: what the page shows, for it to send back, so that what was touched can be told.
    """

    number: int
    title: str
    sheet_name: str
    preview: Preview | None
    errors: tuple[Problem, ...]
    fields: tuple[Column, ...]
    selects: tuple[Select, ...]
    columns_shown: str
    header_shown: str
    check_label: str
    sum_of_lines: str
    alike: str


@dataclass(frozen=True, slots=True)
class ReadingPage:
    """What the page of a checked import shows of how its list was read.

    workbook: None where there is one sheet. columns: where they have to be said before anything else. can_change:
    whether there is a page on which that can be changed.
    """

    workbook: Workbook | None
    columns: ColumnsPart | None
    can_change: bool


def reading_page(import_record: Import, plan: Plan) -> ReadingPage:
    """Return what the page of a checked import shows of how its list was read."""
    asked = asked_sheet(plan.file)
    return ReadingPage(
        workbook=workbook_of(plan) if _has_ticks(plan.file) else None,
        columns=columns_part(import_record, plan, asked) if asked else None,
        can_change=can_change(import_record, plan.file),
    )


def _has_ticks(file: FileRows) -> bool:
    """Tell whether sheets can be chosen: there are several, or the only one is hidden and waits to be ticked."""
    return len(file.sheets) > 1 or (not is_text(file) and any(not sheet.is_read for sheet in file.sheets))


def can_change(import_record: Import, file: FileRows) -> bool:
    """Tell whether a file can be read in another way: it has lines, or its encoding does not fit."""
    if file.sheets or file.dialect.format == "csv":
        return True
    return choices_of(import_record).reading.encoding is not None


def is_text(file: FileRows) -> bool:
    return file.dialect.format in (None, "csv")


def asked_sheet(file: FileRows) -> SheetSummary | None:
    """Return the first sheet that is read and whose columns a person has to say; None where all are clear."""
    sheets = (sheet for sheet in file.sheets if sheet.is_read and any(line.kind == "row" for line in sheet.preview))
    return next((sheet for sheet in sheets if column_errors(file, sheet) or _has_guessed_addresses(sheet)), None)


def is_unsure(file: FileRows, sheet: SheetSummary) -> bool:
    """Tell whether what the columns of a sheet are shown as has not been told for certain."""
    return not knows_addresses(sheet) or bool(column_errors(file, sheet))


def knows_addresses(sheet: SheetSummary) -> bool:
    """Tell whether the column of addresses is known by its name or because a person has said so."""
    columns = [column for column in sheet.columns if column.field is Field.EMAIL]
    return any(column.by == "choice" or (column.by == "name" and sheet.has_addresses) for column in columns)


def column_errors(file: FileRows, sheet: SheetSummary) -> tuple[Problem, ...]:
    """Return what is wrong with the columns of a sheet that is read."""
    if not sheet.is_read:
        return ()
    is_alone = sum(other.is_read for other in file.sheets) == 1
    named = None if is_alone else sheet.name
    errors = (problem for problem in file.problems if problem.line is None and problem.level is Level.ERROR)
    return tuple(problem for problem in errors if problem.code in _ABOUT_COLUMNS and problem.sheet == named)


def columns_title(file: FileRows, sheet: SheetSummary | None) -> str:
    """Return the question, or the title, above the columns of a sheet."""
    for column in sheet.columns if sheet else ():
        if column.field is Field.EMAIL and column.by == "content":
            message = ngettext(
                "%(count)s address in column %(letter)s. Is the rest right?",
                "%(count)s addresses in column %(letter)s. Is the rest right?",
                column.filled,
            )
            return message % {"count": grouped(column.filled), "letter": column.letter}
    return _("Which column is which?") if sheet and is_unsure(file, sheet) else _("Columns of the list")


def columns_part(import_record: Import, plan: Plan, sheet: SheetSummary | None) -> ColumnsPart:
    """Return the form for a sheet of a file; None for the sheet of one that could not be taken apart."""
    reading = choices_of(import_record).reading
    choice = reading.sheets.get(sheet.name, SheetChoice()) if sheet else SheetChoice()
    file = plan.file
    errors = column_errors(file, sheet) if sheet else plan.file_errors
    selects = [_sheets(file, sheet)] if sheet and len(file.sheets) > 1 else []
    if sheet:
        selects += [_names(sheet), _domains(import_record, choice)]
    if is_text(file):
        selects += _written(reading)
    return ColumnsPart(
        number=sheet.number if sheet else 0,
        title=columns_title(file, sheet),
        sheet_name=sheet.name if sheet and len(file.sheets) > 1 else "",
        preview=preview_of(sheet, choice, errors) if sheet else None,
        errors=errors,
        fields=CHOICES,
        selects=tuple(selects),
        columns_shown=as_text(column.field for column in sheet.columns) if sheet else "",
        header_shown=str(sheet.header_line or "") if sheet else "",
        check_label=_check_label(plan, sheet),
        alike=", ".join(other.name for other in alike_sheets(file, sheet)) if sheet else "",
        sum_of_lines=sum_of_lines(plan.counts),
    )


def alike_sheets(file: FileRows, sheet: SheetSummary) -> tuple[SheetSummary, ...]:
    """Return the other sheets that are read, or not read, as this one is and have the same names of columns."""
    names = [column.name for column in sheet.columns]
    if not any(names):
        return ()
    return tuple(
        other
        for other in file.sheets
        if other.number != sheet.number
        and other.is_read == sheet.is_read
        and [column.name for column in other.columns] == names
    )


def as_text(columns: Iterable[Field | None]) -> str:
    """Return what columns are, as a form sends it."""
    return ",".join(column or "" for column in columns)


def _has_guessed_addresses(sheet: SheetSummary) -> bool:
    return any(column.field is Field.EMAIL and column.by not in ("name", "choice") for column in sheet.columns)


def _check_label(plan: Plan, sheet: SheetSummary | None) -> str:
    """Return the words of the button that leads to the check, with the rows there are, this sheet's included."""
    rows = plan.counts["rows"] - plan.counts["blank"] - plan.counts["left_out"]
    if sheet and not sheet.is_read and _has_guessed_addresses(sheet):  # it is read once that is confirmed
        rows += sheet.rows
    if not rows:
        return _("Check the list")
    return ngettext("Check %(count)s row", "Check %(count)s rows", rows) % {"count": grouped(rows)}


# --- The drop-downs below the lines ----------------------------------------------------------------------------------
def _sheets(file: FileRows, sheet: SheetSummary) -> Select:
    options = [(str(s.number), f"{s.name[:_NAME_SHOWN]} ({grouped(s.rows)})", s is sheet) for s in file.sheets]
    return Select("sheet", _("Sheet"), tuple(options))


def _names(sheet: SheetSummary) -> Select:
    has_names = bool(sheet.header_line)
    in_row = _("In row %(line)s") % {"line": sheet.header_line} if has_names else _("In the row chosen above")
    options = (("row", in_row, has_names), ("none", _("The list has none"), not has_names))
    return Select("names", _("Names of columns"), options)


def _domains(import_record: Import, choice: SheetChoice) -> Select:
    domains = import_record.domains().order_by("name")[:DOMAINS_OFFERED]
    options = [(domain.name, domain.display_name, domain.name == choice.domain) for domain in domains]
    if choice.domain and not any(is_chosen for _value, _label, is_chosen in options):
        options.append((choice.domain, choice.domain, True))
    return Select("domain", _("Domain, where it is missing"), (("", _("None"), not choice.domain), *options))


def _written(reading: Reading) -> tuple[Select, Select]:
    encodings = {code: name for code, name in ENCODING_NAMES.items() if code != "utf-8-sig"}  # the same to a person
    separators = {separator: capfirst(str(name)) for separator, name in SEPARATOR_NAMES.items()}
    return (
        Select("encoding", _("Encoding"), _or_detected(encodings, reading.encoding)),
        Select("separator", _("Separator"), _or_detected(separators, reading.separator)),
    )


def _or_detected(labels: Mapping[str, str], chosen: str | None) -> tuple[tuple[str, str, bool], ...]:
    offered = {"": _("Detect automatically"), **labels}
    return tuple((value, label, value == (chosen or "")) for value, label in offered.items())
