"""How a list was read, as its pages show it: the sheets of a workbook, and what each column of a sheet holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.formats import grouped
from bulkimport.columns import CHOICES, Column
from bulkimport.descriptions import sum_of_lines
from bulkimport.models import Import
from bulkimport.preview import Preview, build_preview
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
from bulkimport.services.reading import load_choices
from bulkimport.workbook_page import Workbook, describe_workbook

DOMAINS_OFFERED: Final = 100
_ABOUT_COLUMNS: Final = ("header_unknown", "email_column_missing", "column_repeated", "column_unclear")
_NAME_SHOWN: Final = 40  # characters


@dataclass(frozen=True, slots=True)
class Select:
    """A drop-down. options: value, label and whether it is selected."""

    name: str
    label: str
    options: tuple[tuple[str, str, bool], ...]


@dataclass(frozen=True, slots=True)
class ColumnsPart:
    """The form for choosing what the columns of a sheet hold and how its lines are read.

    number: that of the sheet; 0 where the file could not be split into columns, so that only encoding and separator can
    be chosen. alike: the names of the other sheets that the choice of columns applies to. columns_shown, header_shown:
    what the page shows; it sends them back, so that only what the person changed is stored.
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

    workbook: None where there is only one sheet. columns: the form to show first, where the columns are not clear; else
    None. can_change: whether the page of columns can be opened.
    """

    workbook: Workbook | None
    columns: ColumnsPart | None
    can_change: bool


def reading_page(import_record: Import, plan: Plan) -> ReadingPage:
    """Return what the page of a checked import shows of how its list was read."""
    asked = find_unclear_sheet(plan.file)
    return ReadingPage(
        workbook=describe_workbook(plan) if _has_ticks(plan.file) else None,
        columns=build_columns_part(import_record, plan, asked) if asked else None,
        can_change=can_change(import_record, plan.file),
    )


def _has_ticks(file: FileRows) -> bool:
    """Tell whether sheets can be ticked: there are several, or the only one is hidden and not read."""
    return len(file.sheets) > 1 or (not is_text(file) and any(not sheet.is_read for sheet in file.sheets))


def can_change(import_record: Import, file: FileRows) -> bool:
    """Tell whether a file can be read in another way. If the chosen encoding does not fit, another can be chosen."""
    if file.sheets or file.dialect.format == "csv":
        return True
    return load_choices(import_record).reading.encoding is not None


def is_text(file: FileRows) -> bool:
    return file.dialect.format in (None, "csv")


def find_unclear_sheet(file: FileRows) -> SheetSummary | None:
    """Return the first sheet that is read and whose columns the person has to choose; None if there is none."""
    sheets = (sheet for sheet in file.sheets if sheet.is_read and any(line.kind == "row" for line in sheet.preview))
    return next((sheet for sheet in sheets if column_errors(file, sheet) or _has_guessed_addresses(sheet)), None)


def is_unsure(file: FileRows, sheet: SheetSummary) -> bool:
    """Tell whether the person has yet to confirm what the columns of a sheet hold."""
    return not knows_addresses(sheet) or bool(column_errors(file, sheet))


def knows_addresses(sheet: SheetSummary) -> bool:
    """Tell whether the column of addresses was recognised by its name or chosen by the person."""
    columns = [column for column in sheet.columns if column.field is Field.EMAIL]
    return any(column.by == "choice" or (column.by == "name" and sheet.has_addresses) for column in columns)


def column_errors(file: FileRows, sheet: SheetSummary) -> tuple[Problem, ...]:
    """Return the errors of the columns of a sheet; none if it is not read."""
    if not sheet.is_read:
        return ()
    is_alone = sum(other.is_read for other in file.sheets) == 1
    name = None if is_alone else sheet.name
    errors = (problem for problem in file.problems if problem.line is None and problem.level is Level.ERROR)
    return tuple(problem for problem in errors if problem.code in _ABOUT_COLUMNS and problem.sheet == name)


def columns_title(file: FileRows, sheet: SheetSummary | None) -> str:
    """Return the heading above the columns of a sheet: a question where they are not certain."""
    for column in sheet.columns if sheet else ():
        if column.field is Field.EMAIL and column.by == "content":
            message = ngettext(
                "%(count)s address in column %(letter)s. Is the rest right?",
                "%(count)s addresses in column %(letter)s. Is the rest right?",
                column.filled,
            )
            return message % {"count": grouped(column.filled), "letter": column.letter}
    return _("Which column is which?") if sheet and is_unsure(file, sheet) else _("Columns of the list")


def build_columns_part(import_record: Import, plan: Plan, sheet: SheetSummary | None) -> ColumnsPart:
    """Return the form for a sheet. sheet: None where the file could not be split into columns."""
    reading = load_choices(import_record).reading
    choice = reading.sheets.get(sheet.name, SheetChoice()) if sheet else SheetChoice()
    file = plan.file
    errors = column_errors(file, sheet) if sheet else plan.file_errors
    selects = [_sheets(file, sheet)] if sheet and len(file.sheets) > 1 else []
    if sheet:
        selects += [_names(sheet), _domains(import_record, choice)]
    if is_text(file):
        selects += _encoding_and_separator(reading)
    return ColumnsPart(
        number=sheet.number if sheet else 0,
        title=columns_title(file, sheet),
        sheet_name=sheet.name if sheet and len(file.sheets) > 1 else "",
        preview=build_preview(sheet, choice, errors) if sheet else None,
        errors=errors,
        fields=CHOICES,
        selects=tuple(selects),
        columns_shown=columns_as_text(column.field for column in sheet.columns) if sheet else "",
        header_shown=str(sheet.header_line or "") if sheet else "",
        check_label=_check_label(plan, sheet),
        alike=", ".join(other.name for other in alike_sheets(file, sheet)) if sheet else "",
        sum_of_lines=sum_of_lines(plan.counts),
    )


def alike_sheets(file: FileRows, sheet: SheetSummary) -> tuple[SheetSummary, ...]:
    """Return the other sheets with the same column names that are read if this one is read, and not if it is not."""
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


def columns_as_text(columns: Iterable[Field | None]) -> str:
    """Return the fields of columns as the form sends them."""
    return ",".join(column or "" for column in columns)


def _has_guessed_addresses(sheet: SheetSummary) -> bool:
    return any(column.field is Field.EMAIL and column.by not in ("name", "choice") for column in sheet.columns)


def _check_label(plan: Plan, sheet: SheetSummary | None) -> str:
    """Return the label of the button that leads to the check, with the number of rows, those of this sheet included."""
    rows = plan.counts["rows"] - plan.counts["blank"] - plan.counts["left_out"]
    if (
        sheet and not sheet.is_read and _has_guessed_addresses(sheet)
    ):  # the button confirms the columns, and then it is read
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


def _encoding_and_separator(reading: Reading) -> tuple[Select, Select]:
    encodings = {
        code: name for code, name in ENCODING_NAMES.items() if code != "utf-8-sig"
    }  # has the same name as utf-8
    separators = {separator: capfirst(str(name)) for separator, name in SEPARATOR_NAMES.items()}
    return (
        Select("encoding", _("Encoding"), _add_detected(encodings, reading.encoding)),
        Select("separator", _("Separator"), _add_detected(separators, reading.separator)),
    )


def _add_detected(labels: Mapping[str, str], chosen: str | None) -> tuple[tuple[str, str, bool], ...]:
    offered = {"": _("Detect automatically"), **labels}
    return tuple((value, label, value == (chosen or "")) for value, label in offered.items())
