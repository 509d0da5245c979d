"""From a book to rows: which sheets are read, which lines are accounts, and every problem with its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Final

from bulkimport.columns import is_problems_column
from bulkimport.readers import messages
from bulkimport.readers.book import Book, Record, Sheet
from bulkimport.readers.cells import row_of
from bulkimport.readers.evidence import damage_of_sheet
from bulkimport.readers.found import found_sheet, letter_of
from bulkimport.readers.guessed import is_guessed
from bulkimport.readers.header import harmless_names, has_run_on, is_address, known_fields
from bulkimport.readers.layout import Layout, cells_of, lay_out
from bulkimport.readers.lines import Sorted, has_accounts_above, sorted_lines, with_split_rows
from bulkimport.readers.workbook.grid import MAX_ROWS
from bulkimport.rows import Dialect, Field, FileRows, FoundSheet, Level, Problem, Reading, Row, SheetChoice

_AS_DETECTED: Final = SheetChoice()


@dataclass(frozen=True, slots=True)
class _Looked:
    """A sheet with its layout, its lines sorted into accounts and others, and what kind of list it is.

    kind: "named" (a column is named for the addresses), "first" (no names, addresses in the first column), "content"
    (some column has addresses) or "other".
    """

    number: int
    sheet: Sheet
    choice: SheetChoice
    layout: Layout
    lines: Sorted
    kind: str

    @property
    def name(self) -> str:
        return self.sheet.name or ""

    @property
    def below(self) -> Sequence[Record]:
        """The records below the header."""
        return self.sheet.records[self.layout.first_row :]


def arrange(book: Book, reading: Reading, *, max_rows: int) -> FileRows:
    """Return the rows of a book of at most `max_rows` accounts; `reading` is what a person has said about it.

    A problem with the whole file has no line. With one of level error `rows` is empty; otherwise
    `rows_read == len(rows) + left_out + blank`. The cells of a row are the file's own text, one for each known column
    that its sheet has; a column that it lacks is absent.
    """
    dialect = Dialect(book.format, book.encoding, book.separator)
    if book.refusal:
        return FileRows(dialect, problems=(messages.refused(book.refusal),))
    looked = [_look(number, sheet, book, reading) for number, sheet in enumerate(book.sheets, start=1)]
    read = _sheets_to_read(looked)
    shown = {each.number: each.name if len(read) > 1 else None for each in read}
    problems = _named([(each.name, problem) for each in read for problem in _sheet_problems(each)], len(read) > 1)
    if (encoding := _guessed_encoding(book, reading, read)) is not None:
        problems.append(messages.encoding_guessed(encoding))
    unread = [each for each in looked if each.number not in shown]
    problems += [_not_read(each, len(read) > 1) for each in unread if each.choice.is_read is None]
    accounts = sum(len(each.lines.accounts) + each.sheet.more for each in read)
    blank = sum(each.lines.blank for each in read)
    left_out = sum(len(each.lines.above) + len(each.lines.left_out) for each in read)
    if not read:
        problems.append(messages.no_sheet())
    elif not accounts and not _has_error(problems):
        problems.append(messages.no_accounts())
    if accounts > max_rows:
        unsorted = sum(each.sheet.more for each in read if each.lines.left_out)
        problems.append(messages.too_many(accounts, max_rows, unsorted=unsorted, lines=accounts + left_out))
    return FileRows(
        dialect=dialect,
        columns=tuple(dict.fromkeys(field for each in read for field in each.layout.columns if field)),
        rows=() if _has_error(problems) else _rows_of(_with_damage(read), shown),
        rows_read=accounts + blank + left_out,
        blank=blank,
        left_out=left_out,
        problems=tuple(problems),
        sheets=tuple(_found(each, is_read=each not in unread) for each in looked),
    )


def _look(number: int, sheet: Sheet, book: Book, reading: Reading) -> _Looked:
    choice = reading.sheets.get(sheet.name or "", _AS_DETECTED)
    sheet = with_split_rows(sheet, book.separator)
    layout = lay_out(sheet.records, choice)
    return _Looked(number, sheet, choice, layout, sorted_lines(sheet, layout, choice.taken_back), _kind(sheet, layout))


def _kind(sheet: Sheet, layout: Layout) -> str:
    if layout.header is not None and Field.EMAIL in layout.columns:
        return "named"
    if layout.header is None and Field.EMAIL in layout.columns:
        cells = list(cells_of(layout.columns.index(Field.EMAIL), sheet.records))
        if sum(is_address(cell) for cell in cells) * 2 > len(cells):
            return "first"
    return "other" if layout.by_content is None else "content"


def _sheets_to_read(looked: Sequence[_Looked]) -> list[_Looked]:
    """Return the sheets that a person has ticked, else the visible ones that are lists.

    Without any list it is the first visible sheet with addresses, else the first visible one, whose problems then say
    what is missing.
    """
    ticked = [each for each in looked if each.choice.is_read]
    visible = [each for each in looked if each.choice.is_read is None and not each.sheet.is_hidden]
    lists = [each for each in visible if each.kind in ("named", "first")]
    if ticked or lists:
        return [each for each in looked if each in ticked or each in lists]
    return ([each for each in visible if each.kind == "content"] or visible)[:1]


def _rows_of(read: Sequence[_Looked], shown: Mapping[int, str | None]) -> tuple[Row, ...]:
    return tuple(chain.from_iterable(_rows(each, shown[each.number]) for each in read))


def _with_damage(read: Sequence[_Looked]) -> Sequence[_Looked]:
    """Return the sheets that are read with what any name or cell of them proves about the letters of all passwords."""
    if all(_passwords_of(each) is None for each in read):
        return read
    found = [each.layout.damage | damage_of_sheet(each.sheet, _passwords_of(each)) for each in read]
    damage = frozenset[str]().union(*found)
    return [replace(each, layout=replace(each.layout, damage=damage)) for each in read]


def _passwords_of(each: _Looked) -> int | None:
    columns = each.layout.columns
    return columns.index(Field.PASSWORD) if Field.PASSWORD in columns else None


def _guessed_encoding(book: Book, reading: Reading, read: Sequence[_Looked]) -> str | None:
    """Return the code page of a text whose passwords could as well be others in another one."""
    if not book.encoding or reading.encoding:
        return None
    cells = (cell for each in read for record in each.sheet.records for cell in record.cells)
    columns = [(index, each.lines.accounts) for each in read if (index := _passwords_of(each)) is not None]
    passwords = (cell for index, accounts in columns for cell in cells_of(index, accounts))
    return book.encoding if is_guessed(book.encoding, cells, passwords) else None


def _named(problems: Sequence[tuple[str, Problem]], several: bool) -> list[Problem]:
    """Return the problems of sheets, with their names where several were read.

    A warning that is the same of some is said once; an error is mended in each.
    """
    if not several:
        return [problem for _name, problem in problems]
    sheets: dict[tuple[Problem, str], list[str]] = {}
    for name, problem in problems:
        is_own = problem.level is Level.ERROR or problem.code == "rows_hidden"  # which has a number of its sheet
        sheets.setdefault((problem, name if is_own else ""), []).append(name)
    return [
        replace(
            problem, message=messages.of_sheets(names, problem.message), sheet=names[0] if len(names) == 1 else None
        )
        for (problem, _name), names in sheets.items()
    ]


def _not_read(each: _Looked, is_named: bool) -> Problem:
    found = _found(each, is_read=False)
    problem = messages.sheet_not_read(each.name, found.rows, is_hidden=each.sheet.is_hidden)
    return replace(problem, sheet=each.name if is_named else None)


def _found(each: _Looked, *, is_read: bool) -> FoundSheet:
    return found_sheet(each.number, each.sheet, each.layout, each.lines, each.choice, is_read=is_read, kind=each.kind)


def _sheet_problems(each: _Looked) -> list[Problem]:
    """Return the problems of a sheet as a whole."""
    layout, lines = each.layout, each.lines
    problems = []
    header = each.sheet.records[layout.header] if layout.header is not None else None
    if each.sheet.is_cut:
        problems.append(messages.sheet_too_long(each.name, MAX_ROWS))
    if header is not None and header.fault:
        return [*problems, Problem(header.fault, messages.row_fault(header))]
    if header is not None and known_fields(layout.names) and has_run_on(layout.names):
        return [*problems, messages.header_run_on(header.line)]
    problems += _column_problems(each)
    if header is not None and lines.above:
        has_accounts = each.choice.header_line is None and has_accounts_above(lines, layout)
        message = messages.accounts_above if has_accounts else messages.header_not_first
        problems.append(message(header.line, [record.line for record in lines.above]))
    if header is not None and lines.other_headers:
        problems.append(messages.other_header(lines.other_headers[0].line, header.line))
    if lines.left_out:
        problems.append(messages.rows_left_out([record.line for record in lines.left_out]))
    if hidden := sum(record.is_hidden for record in lines.accounts):
        problems.append(messages.rows_hidden(hidden))
    return problems


def _column_problems(each: _Looked) -> list[Problem]:
    """Return what is wrong with the columns of a sheet and their names."""
    layout, is_chosen = each.layout, each.choice.columns is not None
    if layout.is_too_wide:
        return [messages.too_many_columns()]
    problems = [messages.column_repeated(names, field) for names, field in layout.repeated]
    if layout.header is None and not is_chosen:
        problems.append(messages.no_header())
    elif Field.EMAIL not in layout.columns and not any(field is Field.EMAIL for _names, field in layout.repeated):
        if layout.header is not None and not any(layout.columns) and not is_chosen:
            names = [name for name in layout.names if name]
            return [messages.header_unknown(names, each.sheet.records[layout.header].line)]
        problems.append(messages.email_column_missing(was_chosen=is_chosen))
    problems += [messages.column_unclear(_shown_name(each, name), field) for name, field in layout.unclear]
    if not is_chosen:
        problems += _unknown_columns(each)
    if layout.index is not None:
        problems.append(messages.column_index(letter_of(layout.index)))
    return problems


def _unknown_columns(each: _Looked) -> list[Problem]:
    """Return the warning of the columns that are not used. It quotes no name that may be a password."""
    layout = each.layout
    said = {name for name, _field in layout.unclear}
    repeated = {field for _names, field in layout.repeated}
    unknown = [
        name
        for index, name in enumerate(layout.names)
        if name
        and not any(layout.columns[index : index + 1])
        and not (name in said or is_problems_column(name) or repeated & known_fields([name]))
    ]
    if not unknown:
        return []
    are_certain = sum(field is not None for field in layout.columns) > 1 and not _may_have_run_on(each)
    return [messages.column_unknown(unknown, are_certain=are_certain)]


def _shown_name(each: _Looked, name: str) -> str:
    """Return the name of a column, or its letter where it may have a password in it."""
    if harmless_names([name]) or not _may_have_run_on(each):
        return name
    return letter_of(each.layout.names.index(name))


def _may_have_run_on(each: _Looked) -> bool:
    """Tell whether the header has as many cells as if it had run into an account, or as if the list were one line."""
    width = max((len(record.cells) for record in each.below), default=0)
    return width != 1 and len(each.layout.names) >= width * 2 - 1


def _rows(each: _Looked, shown: str | None) -> list[Row]:
    return [row_of(record, each.layout, sheet=shown, domain=each.choice.domain) for record in each.lines.accounts]


def _has_error(problems: Sequence[Problem]) -> bool:
    return any(problem.level is Level.ERROR for problem in problems)
