"""Opening a spreadsheet in a child process: few at once, each customer in turn, and with a time limit."""

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

WAIT_SECONDS: Final = 4.0  # how long a page waits, for a place and for the child together
CHILD_SECONDS: Final = 15.0  # how long a child may run; of processor time it gets 4 seconds at most
# A child that was killed after so much processor time would not finish at the next try either.
PLENTY_CPU_SECONDS: Final = 3.0
MAX_ANSWER: Final = 64 * 1024 * 1024  # bytes; the child writes at most 16 million characters, some escaped
AT_ONCE: Final = 2  # children; a hostile file of a few kilobytes may take the half gigabyte that each is allowed

# The child imports modules of this project, but has no environment variables, so the path is given here.
_PROGRAM: Final = (
    f"import sys; sys.path.insert(0, {str(Path(__file__).parents[2])!r}); "
    "from bulkimport.readers.workbook.child import main; main()"
)
# Signals from outside, sent by people or by a system that is short of memory. All others are caused by the file.
_FROM_OUTSIDE: Final = (-signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP)


class BusyError(Exception):
    """The file could not be opened in time. The file is not the cause; a later try may succeed."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a child ended.

    status: its exit status; the negative number of the signal that ended it, if one did. output: what it wrote.
    cpu_seconds: the processor time that it used.
    """

    status: int
    output: bytes
    cpu_seconds: float


class _Ticket:
    """One request for a place."""

    def __init__(self, client: Hashable) -> None:
        self.client = client


class Places:
    """A limited number of places, one at most for each client. Clients take turns, however many requests each has."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.changed = threading.Condition()
        self.waiting: list[_Ticket] = []
        self.taken: list[_Ticket] = []

    @contextmanager
    def place(self, client: Hashable, seconds: float | None) -> Iterator[None]:
        """Hold a place. client: None for nobody in particular. seconds: how long to wait, None for no limit.

        Raises BusyError if no place was free in time.
        """
        ticket = _Ticket(client)
        with self.changed:
            self.waiting.append(ticket)
            try:
                if not self.changed.wait_for(lambda: self._is_next(ticket), seconds):
                    raise BusyError
                self.taken.append(ticket)
                # The client's other requests go behind those of everybody else.
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
    """Return the child's answer about a file, see `bulkimport.readers.workbook.child`.

    client: who waits, as in `Places.place`. patience: how many seconds it may take, None for no limit.
    Raises BusyError, and RefusedError: file_damaged, sheet_too_large.
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
    """Give `content` to a process and return how it ended and what it wrote, up to MAX_ANSWER + 1 bytes.

    The process is killed after `seconds`. It gets none of the server's environment variables, which hold secrets. The
    file goes through a pipe and never to a disk, since it may hold passwords.
    """
    # The command is the interpreter's path and a program of this module; nothing in it comes from a user.
    with subprocess.Popen(  # noqa: S603
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={}
    ) as process:
        assert process.stdin is not None and process.stdout is not None  # noqa: S101 - pipes, as asked for
        # Not process.kill(), which may collect the exit status, and not process.wait(), which does not return the used
        # processor time. No other process can get this number until the status is collected below.
        timer = threading.Timer(max(seconds, 0.0), os.kill, (process.pid, signal.SIGKILL))
        timer.start()
        try:
            try:
                process.stdin.write(content)
                process.stdin.close()
            except BrokenPipeError:
                pass  # the process ended before it had read everything; its status says why
            output = process.stdout.read(MAX_ANSWER + 1)
        finally:
            timer.cancel()
            timer.join()
            os.kill(process.pid, signal.SIGKILL)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        return Outcome(process.returncode, output, used.ru_utime + used.ru_stime)
