"""From a book to rows: which sheets are read, which lines are accounts, and every problem with its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bulkimport.readers import messages
from bulkimport.readers.ambiguous_encoding import is_ambiguous
from bulkimport.readers.book import Book
from bulkimport.readers.cells import make_row
from bulkimport.readers.column_contents import filled_cells
from bulkimport.readers.evidence import find_damage_in_sheet
from bulkimport.readers.examined_sheet import ExaminedSheet, choose_sheets, examine_sheet
from bulkimport.readers.sheet_problems import find_sheet_problems
from bulkimport.readers.summary import summarize_sheet
from bulkimport.rows import Dialect, FileRows, Level, Problem, Reading, Row, SheetSummary


def arrange(book: Book, reading: Reading, *, max_rows: int) -> FileRows:
    """Return the rows of a book. reading: what the user has set for the file. max_rows: how many accounts it may have.

    A problem with the whole file has no line. With one of level error `rows` is empty; otherwise
    `rows_read == len(rows) + left_out + blank`. The cells of a row are the file's own text, one for each known column
    that its sheet has; a column that the sheet lacks is absent.
    """
    dialect = Dialect(book.format, book.encoding, book.separator)
    if book.refusal:
        return FileRows(dialect, problems=(messages.refused(book.refusal),))
    sheets = [examine_sheet(number, sheet, book, reading) for number, sheet in enumerate(book.sheets, start=1)]
    read = choose_sheets(sheets)
    read_numbers = {sheet.number for sheet in read}
    accounts = sum(len(sheet.lines.accounts) + sheet.sheet.more for sheet in read)
    blank = sum(sheet.lines.blank for sheet in read)
    left_out = sum(len(sheet.lines.above) + len(sheet.lines.left_out) for sheet in read)
    problems = _find_problems(sheets, read, book, reading)
    if not read:
        problems.append(messages.no_sheet())
    elif not accounts and not _has_error(problems):
        problems.append(messages.no_accounts())
    if accounts > max_rows:
        unsorted = sum(sheet.sheet.more for sheet in read if sheet.lines.left_out)
        problems.append(messages.too_many(accounts, max_rows, unsorted=unsorted, lines=accounts + left_out))
    return FileRows(
        dialect=dialect,
        columns=tuple(dict.fromkeys(field for sheet in read for field in sheet.layout.columns if field)),
        rows=() if _has_error(problems) else _make_rows(_with_shared_damage(read)),
        rows_read=accounts + blank + left_out,
        blank=blank,
        left_out=left_out,
        problems=tuple(problems),
        sheets=tuple(_summarize(sheet, is_read=sheet.number in read_numbers) for sheet in sheets),
    )


def _find_problems(
    sheets: Sequence[ExaminedSheet], read: Sequence[ExaminedSheet], book: Book, reading: Reading
) -> list[Problem]:
    """Return the problems of the sheets that are read, then the warnings of the file and of sheets that are not."""
    in_sheets = [(sheet.name, problem) for sheet in read for problem in find_sheet_problems(sheet)]
    problems = _merge_problems(in_sheets, has_names=len(read) > 1)
    if (encoding := _find_ambiguous_encoding(book, reading, read)) is not None:
        problems.append(messages.encoding_guessed(encoding))
    unread = [sheet for sheet in sheets if sheet not in read and sheet.choice.is_read is None]
    return problems + [_warn_not_read(sheet, has_name=len(read) > 1) for sheet in unread]


def _merge_problems(problems: Sequence[tuple[str, Problem]], *, has_names: bool) -> list[Problem]:
    """Return the problems of sheets, each of which comes with the name of its sheet.

    has_names: whether the messages name the sheets. Then the same warning about several sheets is given once, with all
    their names. Errors stay apart, since each has to be corrected in its own sheet.
    """
    if not has_names:
        return [problem for _name, problem in problems]
    names_by_problem: dict[tuple[Problem, str], list[str]] = {}
    for name, problem in problems:
        # The number of hidden rows belongs to one sheet.
        is_separate = problem.level is Level.ERROR or problem.code == "rows_hidden"
        names_by_problem.setdefault((problem, name if is_separate else ""), []).append(name)
    return [
        replace(
            problem, message=messages.name_sheets(names, problem.message), sheet=names[0] if len(names) == 1 else None
        )
        for (problem, _name), names in names_by_problem.items()
    ]


def _warn_not_read(sheet: ExaminedSheet, *, has_name: bool) -> Problem:
    rows = _summarize(sheet, is_read=False).rows
    problem = messages.sheet_not_read(sheet.name, rows, is_hidden=sheet.sheet.is_hidden)
    return replace(problem, sheet=sheet.name if has_name else None)


def _summarize(sheet: ExaminedSheet, *, is_read: bool) -> SheetSummary:
    return summarize_sheet(
        sheet.number, sheet.sheet, sheet.layout, sheet.lines, sheet.choice, is_read=is_read, kind=sheet.kind
    )


def _find_ambiguous_encoding(book: Book, reading: Reading, read: Sequence[ExaminedSheet]) -> str | None:
    """Return the detected code page if the passwords could as well be others in another one, else None."""
    if not book.encoding or reading.encoding:
        return None
    cells = (cell for sheet in read for record in sheet.sheet.records for cell in record.cells)
    columns = [(index, sheet.lines.accounts) for sheet in read if (index := sheet.password_column) is not None]
    passwords = (cell for index, accounts in columns for cell in filled_cells(index, accounts))
    return book.encoding if is_ambiguous(book.encoding, cells, passwords) else None


def _with_shared_damage(read: Sequence[ExaminedSheet]) -> Sequence[ExaminedSheet]:
    """Return the sheets, each with all the damage that the names and cells of any of them prove.

    The letters of one file went the same way in all its sheets, so a damaged word in one makes the passwords of the
    others suspect too.
    """
    if all(sheet.password_column is None for sheet in read):
        return read
    damages = [sheet.layout.damage | find_damage_in_sheet(sheet.sheet, sheet.password_column) for sheet in read]
    damage = frozenset[str]().union(*damages)
    return [replace(sheet, layout=replace(sheet.layout, damage=damage)) for sheet in read]


def _make_rows(read: Sequence[ExaminedSheet]) -> tuple[Row, ...]:
    """Return the rows of all sheets; a row names its sheet only where more than one is read."""
    return tuple(
        make_row(record, sheet.layout, sheet=sheet.name if len(read) > 1 else None, domain=sheet.choice.domain)
        for sheet in read
        for record in sheet.lines.accounts
    )


def _has_error(problems: Sequence[Problem]) -> bool:
    return any(problem.level is Level.ERROR for problem in problems)
