"""Whether the panel can work: its database answers, has all migrations, and can be written."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

from django.db import DatabaseError, OperationalError, connection, transaction
from django.db.migrations.executor import MigrationExecutor

SECONDS: Final = 0.8  # for an answer: a monitor waits for it
REMEMBERED_SECONDS: Final = 1.0  # so that many questions cost no more than one

_pool: Final = ThreadPoolExecutor(1, thread_name_prefix="health")
_lock: Final = threading.Lock()
_running: Future[str] | None = None
_answer: tuple[float, str] = (-REMEMBERED_SECONDS, "")


def find_fault() -> str:
    """Return why the panel cannot work, in English, empty where it can. Takes less than a second.

    The database is asked in a thread, since one that hangs would hold the request. While it does, nobody asks it again.
    """
    global _running
    with _lock:
        if time.monotonic() - _answer[0] < REMEMBERED_SECONDS:
            return _answer[1]
        if _running is None or _running.done():
            _running = _pool.submit(_ask)
        asked = _running
    try:
        return asked.result(SECONDS)
    except TimeoutError:
        return "The database does not answer."


def _ask() -> str:
    global _answer
    try:
        fault = _ask_database()
    except DatabaseError:
        fault = "The database cannot be used."
    finally:
        connection.close()  # that of this thread
    _answer = (time.monotonic(), fault)
    return fault


def _ask_database() -> str:
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        return "Migrations are missing."
    return "" if _can_be_written() else "The database cannot be written."


def _can_be_written() -> bool:
    """Tell whether a transaction can write. So it can where another one, such as an import's, holds a lock."""
    is_sqlite = connection.vendor == "sqlite"
    try:
        with connection.cursor() as cursor:
            if is_sqlite:
                cursor.execute("PRAGMA busy_timeout = 0")
            with transaction.atomic():
                if not is_sqlite:
                    cursor.execute("SET LOCAL lock_timeout = '100ms'")
                cursor.execute("DELETE FROM django_migrations WHERE 1 = 0")
                transaction.set_rollback(True)
    except OperationalError as error:
        return "lock" in str(error)
    except DatabaseError:
        return False
    return True
