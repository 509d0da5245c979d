"""The problems of a sheet as a whole: its header, its columns, and the lines that were left out."""

from __future__ import annotations

from bulkimport.columns import is_problems_column
from bulkimport.readers import column_messages, messages, row_messages
from bulkimport.readers.examined_sheet import ExaminedSheet
from bulkimport.readers.header import harmless_names, has_run_on, known_fields
from bulkimport.readers.lines import has_accounts_above
from bulkimport.readers.summary import column_letter
from bulkimport.readers.workbook.grid import MAX_ROWS
from bulkimport.rows import Field, Problem


def find_sheet_problems(sheet: ExaminedSheet) -> list[Problem]:
    """Return the problems of a sheet as a whole. Where its header cannot be trusted, no others are looked for."""
    layout, lines, header = sheet.layout, sheet.lines, sheet.header
    problems = []
    if sheet.sheet.is_cut:
        problems.append(messages.sheet_too_long(sheet.name, MAX_ROWS))
    if header is not None and header.fault:
        return [*problems, Problem(header.fault, row_messages.row_fault(header))]
    if header is not None and known_fields(layout.names) and has_run_on(layout.names):
        return [*problems, column_messages.header_run_on(header.line)]
    problems += _find_column_problems(sheet)
    if header is not None and lines.above:
        has_accounts = sheet.choice.header_line is None and has_accounts_above(lines, layout)
        message = column_messages.accounts_above if has_accounts else column_messages.header_not_first
        problems.append(message(header.line, [record.line for record in lines.above]))
    if header is not None and lines.other_headers:
        problems.append(column_messages.other_header(lines.other_headers[0].line, header.line))
    if lines.left_out:
        problems.append(column_messages.rows_left_out([record.line for record in lines.left_out]))
    if hidden := sum(record.is_hidden for record in lines.accounts):
        problems.append(messages.rows_hidden(hidden))
    return problems


def _find_column_problems(sheet: ExaminedSheet) -> list[Problem]:
    """Return what is wrong with the columns of a sheet and their names."""
    layout, header, is_chosen = sheet.layout, sheet.header, sheet.choice.columns is not None
    if layout.is_too_wide:
        return [column_messages.too_many_columns()]
    problems = [column_messages.column_repeated(names, field) for names, field in layout.repeated]
    if header is None and not is_chosen:
        problems.append(column_messages.no_header())
    elif Field.EMAIL not in layout.columns and not any(field is Field.EMAIL for _names, field in layout.repeated):
        if header is not None and not any(layout.columns) and not is_chosen:
            return [column_messages.header_unknown([name for name in layout.names if name], header.line)]
        problems.append(column_messages.email_column_missing(was_chosen=is_chosen))
    problems += [column_messages.column_unclear(_name_to_show(sheet, name), field) for name, field in layout.unclear]
    if not is_chosen:
        problems += _find_unknown_columns(sheet)
    if layout.counting_column is not None:
        problems.append(column_messages.column_index(column_letter(layout.counting_column)))
    return problems


def _find_unknown_columns(sheet: ExaminedSheet) -> list[Problem]:
    """Return the warning about the columns that are not used. It quotes no name that may be a password."""
    layout = sheet.layout
    unclear = {name for name, _field in layout.unclear}  # each of them has a problem of its own
    repeated = {field for _names, field in layout.repeated}
    unknown = [
        name
        for index, name in enumerate(layout.names)
        if name
        and not any(layout.columns[index : index + 1])
        and not (name in unclear or is_problems_column(name) or repeated & known_fields([name]))
    ]
    if not unknown:
        return []
    are_certain = sum(field is not None for field in layout.columns) > 1 and not _may_have_run_on(sheet)
    return [column_messages.column_unknown(unknown, are_certain=are_certain)]


def _name_to_show(sheet: ExaminedSheet, name: str) -> str:
    """Return the name of a column, or its letter where the name may have a password in it."""
    if harmless_names([name]) or not _may_have_run_on(sheet):
        return name
    return column_letter(sheet.layout.names.index(name))


def _may_have_run_on(sheet: ExaminedSheet) -> bool:
    """Tell whether the line below may have been joined to the header: it has about twice as many cells as a row."""
    width = max((len(record.cells) for record in sheet.records_below), default=0)
    return width != 1 and len(sheet.layout.names) >= width * 2 - 1
