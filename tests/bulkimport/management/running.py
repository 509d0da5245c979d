"""Running the commands of the panel: in the process of the test, or in one of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from io import StringIO
from typing import Any

from django.conf import settings
from django.core.management import CommandError, call_command


@dataclass
class Run:
    """What a call of the command gave."""

    status: int
    stdout: str
    stderr: str

    @property
    def json(self) -> dict[str, Any]:
        result: dict[str, Any] = json.loads(self.stdout)
        return result


def run(*arguments: object, stderr: StringIO | None = None, **options: Any) -> Run:
    """Run the command import_mailboxes in this process."""
    out, err, status = StringIO(), stderr or StringIO(), 0
    try:
        call_command("import_mailboxes", *map(str, arguments), stdout=out, stderr=err, **options)
    except SystemExit as stopped:
        status = int(stopped.code or 0)
    except CommandError as error:
        status = error.returncode
        err.write(str(error))
    return Run(status, out.getvalue(), err.getvalue())


def manage(environment: dict[str, str], *arguments: object) -> Run:
    """Run a command of manage.py in a process of its own."""
    command = [sys.executable, "manage.py", *map(str, arguments)]
    done = subprocess.run(
        command, env=environment, cwd=settings.BASE_DIR, capture_output=True, encoding="utf-8", check=False
    )
    return Run(done.returncode, done.stdout, done.stderr)
