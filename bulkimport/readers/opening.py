"""Opening a spreadsheet in a child process: few at once, each customer in turn, and nobody waits for long."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bulkimport.readers.book import RefusedError

WAIT_SECONDS: Final = 4.0  # that a page may wait for a place and the child together
CHILD_SECONDS: Final = 15.0  # for a child that uses 4 seconds of the processor at most
# A child that had as much of the processor and was not done is no quicker at the next try.
PLENTY_CPU_SECONDS: Final = 3.0
MAX_ANSWER: Final = 64 * 1024 * 1024  # bytes; the child gives 16 million characters, some escaped
AT_ONCE: Final = 2  # a hostile file of a few kilobytes takes half a gigabyte until the child's limits end it

# The child takes modules of this project, but from the environment nothing, not even where they are.
_PROGRAM: Final = (
    f"import sys; sys.path.insert(0, {str(Path(__file__).parents[2])!r}); "
    "from bulkimport.readers.workbook.child import main; main()"
)
# Sent by people and by a system short of memory; all others are the file's doing.
_FROM_OUTSIDE: Final = (-signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP)


class BusyError(Exception):
    """The file could not be opened in the time given. It is not at fault; a later try may well succeed."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a child ended. status: its exit status, negative for the number of a signal. cpu_seconds: what it used."""

    status: int
    output: bytes
    cpu_seconds: float


class _Ticket:
    """Somebody's wait for a place."""

    def __init__(self, client: Hashable) -> None:
        self.client = client


class Places:
    """A bounded number of places, and one for each client. Clients take turns, however many tabs each of them has."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.changed = threading.Condition()
        self.waiting: list[_Ticket] = []
        self.taken: list[_Ticket] = []

    @contextmanager
    def place(self, client: Hashable, seconds: float | None) -> Iterator[None]:
        """Hold a place. client: None is nobody in particular. Raises BusyError when none was free in time."""
        ticket = _Ticket(client)
        with self.changed:
            self.waiting.append(ticket)
            try:
                if not self.changed.wait_for(lambda: self._is_next(ticket), seconds):
                    raise BusyError
                self.taken.append(ticket)
                # The others of this client stand behind everybody else now.
                self.waiting.sort(key=lambda other: client is not None and other.client == client)
            finally:
                self.waiting.remove(ticket)
                self.changed.notify_all()
        try:
            yield
        finally:
            with self.changed:
                self.taken.remove(ticket)
                self.changed.notify_all()

    def _is_next(self, ticket: _Ticket) -> bool:
        if len(self.taken) >= self.count:
            return False
        busy = {other.client for other in self.taken if other.client is not None}
        return next((other for other in self.waiting if other.client not in busy), None) is ticket


_PLACES: Final = Places(AT_ONCE)


def open_in_child(content: bytes, file_format: str, *, client: Hashable, patience: float | None) -> dict[str, Any]:
    """Return the child's answer about a file, as `bulkimport.readers.workbook.child` has it.

    patience: how many seconds may pass, None for as many as it takes. Raises BusyError, and RefusedError: file_damaged,
    sheet_too_large.
    """
    deadline = None if patience is None else time.monotonic() + patience
    with _PLACES.place(client, patience):
        seconds = CHILD_SECONDS if deadline is None else min(CHILD_SECONDS, deadline - time.monotonic())
        outcome = run_child([sys.executable, "-I", "-c", _PROGRAM, file_format], content, seconds)
    if len(outcome.output) > MAX_ANSWER:
        raise RefusedError("sheet_too_large", file_format=file_format)
    if outcome.status in _FROM_OUTSIDE and outcome.cpu_seconds < PLENTY_CPU_SECONDS:
        raise BusyError
    if outcome.status < 0:  # out of memory, or out of time on the processor
        raise RefusedError("sheet_too_large", file_format=file_format)
    if outcome.status:
        raise RefusedError("file_damaged", file_format=file_format)
    answer: dict[str, Any] = json.loads(outcome.output)
    return answer


def run_child(command: list[str], content: bytes, seconds: float) -> Outcome:
    """Give `content` to a process and return how it ended and what it wrote, bounded.

    The process is killed after `seconds` and has nothing of the server's environment, which holds secrets. The file
    goes through a pipe: it may hold passwords, so it never touches a disk.
    """
    # The command is the interpreter's own path and a program of this module, no text of a user.
    with subprocess.Popen(  # noqa: S603
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={}
    ) as process:
        assert process.stdin is not None and process.stdout is not None  # noqa: S101 - pipes, as asked for
        # Not process.kill(), which may also collect the exit status, and not process.wait(), which does not tell what
        # the child has used. No other process has its number until its status is collected below.
        timer = threading.Timer(max(seconds, 0.0), os.kill, (process.pid, signal.SIGKILL))
        timer.start()
        try:
            try:
                process.stdin.write(content)
                process.stdin.close()
            except BrokenPipeError:
                pass  # it ended before it had read all; its status says why
            output = process.stdout.read(MAX_ANSWER + 1)
        finally:
            timer.cancel()
            timer.join()
            os.kill(process.pid, signal.SIGKILL)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        return Outcome(process.returncode, output, used.ru_utime + used.ru_stime)
