"""Short words for reading a file or a page in a test and looking at what came out."""

from bulkimport.models import Import
from bulkimport.readers.reading import read_file
from bulkimport.rows import Field, FileRows, Level, Place, Problem, Reading, SheetChoice
from bulkimport.services.reading import load_choices


def read(
    text: str | bytes,
    *,
    max_rows: int = 500,
    encoding: str | None = None,
    separator: str | None = None,
    sheet: str = "",
    **choice: object,
) -> FileRows:
    """Read a file. `choice` is what a person has said about its sheet."""
    content = text.encode() if isinstance(text, str) else text
    sheets = {sheet: SheetChoice(**choice)} if choice else {}  # type: ignore[arg-type]
    return read_file(content, reading=Reading(encoding, separator, sheets), max_rows=max_rows)


def has_header(file: FileRows) -> bool:
    """Tell whether the one sheet that was read has a line with the names of its columns."""
    (sheet,) = (sheet for sheet in file.sheets if sheet.is_read)
    return bool(sheet.header_line)


def typed_into(import_record: Import) -> dict[int, dict[Field, str]]:
    """Return by line what a person has typed into the cells of a list of one sheet."""
    typed: dict[int, dict[Field, str]] = {}
    for correction in load_choices(import_record).corrections:
        typed.setdefault(correction.line, {})[correction.field] = correction.text
    return typed


def at(typed: dict[int, dict[Field, str]]) -> dict[Place, dict[Field, str]]:
    """Return what is typed by line as what is typed into the rows of a list of one sheet."""
    return {Place(None, line): cells for line, cells in typed.items()}


def codes(file: FileRows) -> list[str]:
    return [problem.code for problem in file.problems]


def only_problem(file: FileRows) -> Problem:
    (problem,) = file.problems
    return problem


def cells(file: FileRows) -> list[tuple[str, ...]]:
    return [tuple(row.cells.values()) for row in file.rows]


def row_codes(file: FileRows) -> list[tuple[int, str, Field | None]]:
    return [(problem.line, problem.code, problem.field) for row in file.rows for problem in row.problems]


def is_sound(file: FileRows) -> bool:
    """Tell whether a file gave its rows, all of them, or was refused in so many words."""
    errors = [problem for problem in file.problems if problem.level is Level.ERROR]
    assert all(problem.message.endswith(".") and problem.line is None for problem in file.problems)
    if errors:
        return file.rows == ()
    assert all(row.line > 0 for row in file.rows)
    for sheet in {row.sheet for row in file.rows}:
        lines = [row.line for row in file.rows if row.sheet == sheet]
        assert lines == sorted(set(lines))
    return file.rows_read == len(file.rows) + file.left_out + file.blank and bool(file.rows)
