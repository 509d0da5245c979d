"""Short words for reading a file or a page in a test and looking at what came out."""

from bulkimport.readers import read_file
from bulkimport.rows import Dialect, Field, FileRows, Level, Problem


def read(text: str | bytes, *, max_rows: int = 500, **chosen: object) -> FileRows:
    content = text.encode() if isinstance(text, str) else text
    return read_file(content, chosen=Dialect(**chosen), max_rows=max_rows)  # type: ignore[arg-type]


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
    assert [row.line for row in file.rows] == sorted({row.line for row in file.rows})
    return file.rows_read == len(file.rows) + file.blank and bool(file.rows)
