"""The child process that opens a workbook: the file comes on standard input, JSON goes to standard output.

A spreadsheet of a few kilobytes can make a library ask for half a terabyte and abort the process. Therefore it is
opened here, under limits, and not in the web server. The answer is `{"sheets": [...]}`, each with the fields of a Grid,
or `{"refused": code}`.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import json
import resource
import sys
from collections.abc import Iterator
from typing import Any

from bulkimport.readers.workbook.grid import (
    MAX_SHEETS,
    EncryptedError,
    Grid,
    TooLargeError,
    UnreadableError,
)

MEMORY = 512 * 1024 * 1024  # bytes of address space
_TOO_LARGE = b'{"refused": "sheet_too_large"}'
CPU_SECONDS = 3  # less than a page waits, so that a machine with little load always gives the same answer


def limit_resources() -> None:
    """Limit this process to what a list of accounts needs.

    When the processor time is used up, the system sends SIGXCPU. By that the parent distinguishes a file that is too
    large from a machine that is too busy.
    """
    for kind, soft, hard in (
        (resource.RLIMIT_AS, MEMORY, MEMORY),
        (resource.RLIMIT_CPU, CPU_SECONDS, CPU_SECONDS + 1),
        (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_FSIZE, 0, 0),
        (resource.RLIMIT_NOFILE, 32, 32),
    ):
        resource.setrlimit(kind, (soft, hard))


def answer(content: bytes, file_format: str) -> dict[str, Any]:
    """Return the answer about a file, see above. file_format: xlsx, xls or ods."""
    try:
        return {"sheets": [dataclasses.asdict(grid) for grid in bounded(grids(content, file_format))]}
    except EncryptedError:
        return {"refused": "sheet_encrypted"}
    except UnreadableError:
        return {"refused": "sheet_unreadable"}
    except (MemoryError, TooLargeError):
        return {"refused": "sheet_too_large"}


def grids(content: bytes, file_format: str) -> Iterator[Grid]:
    """Yield the worksheets in their order. Raises EncryptedError, TooLargeError and UnreadableError."""
    # Imported only now, when the limits are set, and only the module that is needed.
    module = importlib.import_module(f"bulkimport.readers.workbook.{file_format}")
    worksheets: Iterator[Grid] = module.grids(content)
    return worksheets


def bounded(sheets: Iterator[Grid]) -> Iterator[Grid]:
    """Yield the sheets. Raises TooLargeError after MAX_SHEETS of them."""
    for number, grid in enumerate(sheets):
        if number == MAX_SHEETS:
            raise TooLargeError
        yield grid


def main() -> None:
    """Answer about the file on standard input; its format is the first argument."""
    limit_resources()
    text = _TOO_LARGE
    # If the memory does not suffice for the answer, nothing of it has been written yet.
    with contextlib.suppress(MemoryError):
        text = json.dumps(answer(sys.stdin.buffer.read(), sys.argv[1])).encode()
    sys.stdout.buffer.write(text)


if __name__ == "__main__":
    main()
