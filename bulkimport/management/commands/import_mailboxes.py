"""Import a file of mailboxes from the command line: the same services as the web, for people and for scripts."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from accounts.formats import grouped
from accounts.validators import parse_quota_mb, trimmed
from bulkimport import downloads
from bulkimport.management.commands._outcome import Outcome, as_json, as_lines
from bulkimport.models import Import
from bulkimport.rows import Dialect, FileRows, Place, Plan, Problem
from bulkimport.services.after import accounts_of
from bulkimport.services.checking import (
    TooManyLists,
    check,
    check_unstored,
    file_too_large,
    note_plan,
    too_many_lists,
    upload,
)
from bulkimport.services.creating import Claim, ClaimLost, claim, create, is_allowed
from bulkimport.services.reading import ImportNotOpen

USAGE: Final = 2  # the exit status for what is wrong with the command rather than with the file
INTERRUPTED: Final = 130  # as shells report a process that Ctrl-C ended


class Command(BaseCommand):
    help = "Creates the mailboxes and forwards that a CSV, XLSX, ODS or XLS file lists."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.description = _(
            "Creates the mailboxes and forwards that a CSV, XLSX, ODS or XLS file lists: all of them or none."
        )
        parser.epilog = _("Exit status: 0 created (or would be), 1 problems in the file, 2 wrong use of the command.")
        parser.add_argument("file", metavar="FILE", help=_("The list of accounts."))
        parser.add_argument("--customer", metavar="LOGIN", help=_("Act as this login. Without it: as staff."))
        parser.add_argument("--default-quota", metavar="MB", default="", help=_("The quota where its cell is empty."))
        parser.add_argument("--check", action="store_true", help=_("Only check the file; write nothing."))
        parser.add_argument("--skip-errors", action="store_true", help=_("Leave out the rows with errors."))
        parser.add_argument("--json", action="store_true", help=_("Print the result as one JSON object."))
        parser.add_argument("--results", metavar="OUT.csv", help=_("Write the accounts and passwords to a new file."))

    def handle(self, **options: Any) -> None:
        self.make_output_safe(as_json=options["json"])
        login = _login(options["customer"])
        quota = _quota_text(options["default_quota"])
        with _reserved(options["results"]) as results:
            try:
                content = _content(options["file"])
                if content is None:
                    outcome = Outcome(_too_large(), None, would_create=False)
                elif options["check"]:
                    plan = check_unstored(content=content, uploaded_by=login, default_quota=quota)
                    would_create = is_allowed(plan, skip_errors=options["skip_errors"])
                    outcome = Outcome(plan, hashlib.sha256(content).hexdigest(), would_create)
                else:
                    name = os.fsencode(Path(options["file"]).name).decode(errors="replace")
                    record = upload(content=content, filename=name, uploaded_by=login, default_quota=quota)
                    outcome = self.import_all(record, options)
            except TooManyLists as refusal:
                outcome = Outcome(_too_many_lists(refusal), None, would_create=False)
            except KeyboardInterrupt:  # once the accounts exist it does not get here
                self.stderr.write("\n" + _("Stopped. Nothing was created."))
                raise SystemExit(INTERRUPTED) from None
            if outcome.is_created:
                outcome = replace(outcome, accounts=_accounts_of(outcome))
                results = results and self.write_results(outcome, results)
        self.report(outcome, options, results)
        if not outcome.would_create:
            raise SystemExit(1)

    def make_output_safe(self, *, as_json: bool) -> None:
        """Let no terminal's code page fail on a letter: what is printed may be the only copy of the passwords."""
        if reconfigure := getattr(self.stdout, "reconfigure", None):
            reconfigure(encoding="utf-8" if as_json else None, errors="replace")

    def import_all(self, record: Import, options: dict[str, Any]) -> Outcome:
        """Create the accounts of an import where its plan allows it, and return what became of it."""
        plan = check(record, wait_seconds=None)
        note_plan(record, plan)
        if not is_allowed(plan, skip_errors=options["skip_errors"]):
            return Outcome(plan, record.sha256, would_create=False, import_record=record)
        try:
            mine = claim(record, plan, leave_out=plan.error_places)
            done = mine is not None and self.create(mine, record, options)
            record.refresh_from_db()
            if not done:
                return Outcome(_changed_meanwhile(check(record, wait_seconds=None)), record.sha256, False, record)
        except (ClaimLost, ImportNotOpen):
            message = _("Another process has taken this import over; nothing was created here.")
            return Outcome(_with_error(plan, "taken_over", message), record.sha256, False, record)
        return Outcome(plan, record.sha256, would_create=True, import_record=record)

    def create(self, mine: Claim, record: Import, options: dict[str, Any]) -> bool:
        """Create what was claimed, showing the progress. Ctrl-C counts only while nothing has been written yet."""
        progress = Progress(self, total=len(mine.drafts), is_quiet=options["verbosity"] == 0)
        try:
            return create(mine, on_progress=progress)
        except KeyboardInterrupt:
            record.refresh_from_db()
            if record.status != Import.Status.CREATED:
                raise
            return True

    def write_results(self, outcome: Outcome, path: Path) -> Path | None:
        """Fill the results file and return it; None when that failed: then the passwords are to be printed."""
        if outcome.import_record is None:
            return None
        try:
            path.write_bytes(downloads.results(outcome.import_record, "csv").content)
        except OSError as error:
            path.unlink(missing_ok=True)
            message = _("The accounts exist, but “%(path)s” could not be written: %(reason)s.")
            self.stderr.write(message % {"path": path, "reason": error.strerror})
            return None
        return path

    def report(self, outcome: Outcome, options: dict[str, Any], results: Path | None) -> None:
        """Print the result, for a script or for a person."""
        if options["json"]:
            self.stdout.write(json.dumps(as_json(outcome), ensure_ascii=False))
            return
        for line in as_lines(outcome, filename=Path(options["file"]).name, results=results):
            self.stdout.write(line)


class Progress:
    """How many accounts are prepared: a bar where a terminal shows it, else a line for every quarter."""

    WIDTH: Final = 30

    def __init__(self, command: BaseCommand, *, total: int, is_quiet: bool) -> None:
        self.stderr = command.stderr
        self.total = total
        self.is_quiet = is_quiet
        self.quarters = 0

    def __call__(self, done: int) -> None:
        if self.is_quiet or not self.total:
            return
        text = _("%(done)s of %(total)s accounts prepared") % {"done": grouped(done), "total": grouped(self.total)}
        if self.stderr.isatty():
            bar = "#" * (done * self.WIDTH // self.total)
            ending = "\n" if done == self.total else ""
            self.stderr.write(f"\r[{bar:<{self.WIDTH}}] {text}", str, ending)
        elif (quarters := done * 4 // self.total) > self.quarters:
            self.quarters = quarters
            self.stderr.write(text, str)


def _usage(message: str, /, **params: object) -> CommandError:
    return CommandError(message % params, returncode=USAGE)


def _login(username: str | None) -> User | None:
    """Return the login to act as; None stands for staff."""
    if username is None:
        return None
    try:
        return User.objects.get(username=username)
    except User.DoesNotExist:
        raise _usage(_("There is no login “%(login)s”."), login=username) from None


def _quota_text(text: str) -> str:
    """Return the default quota as the services take it, after a look at its syntax."""
    if trimmed(text):
        try:
            parse_quota_mb(text)
        except ValidationError as error:
            raise _usage("--default-quota: %(message)s", message=" ".join(error.messages)) from None
    return text


def _content(path: str) -> bytes | None:
    """Return the bytes of the file, or None when there are more than an upload may have."""
    largest = settings.MAX_UPLOAD_MB * 1024 * 1024
    try:
        with Path(path).open("rb") as file:
            content = file.read(largest + 1)
    except FileNotFoundError:
        raise _usage(_("There is no file “%(path)s”."), path=path) from None
    except OSError as error:
        raise _usage(_("“%(path)s” cannot be read: %(reason)s."), path=path, reason=error.strerror) from None
    return content if len(content) <= largest else None


@contextmanager
def _reserved(results: str | None) -> Iterator[Path | None]:
    """Hold the place of the results file, for its owner's eyes only, and give it up again unless it gets filled."""
    if results is None:
        yield None
        return
    path = Path(results)
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        raise _usage(_("“%(path)s” exists already. Choose another name for the results."), path=results) from None
    except OSError as error:
        raise _usage(_("“%(path)s” cannot be written: %(reason)s."), path=results, reason=error.strerror) from None
    try:
        yield path
    finally:
        if path.exists() and not path.stat().st_size:
            path.unlink()


def _accounts_of(outcome: Outcome) -> tuple[tuple[Place, str, str | None], ...]:
    """Return place, address and generated password of what was created; None where the file gave the password."""
    if outcome.import_record is None:
        return ()
    return tuple(
        (Place(account.sheet or None, account.line), account.address, account.password)
        for account in accounts_of(outcome.import_record)
    )


def _too_large() -> Plan:
    """Return the plan of a file that is not read because of its size."""
    return Plan(FileRows(Dialect()), drafts=(), problems=(file_too_large(),))


def _too_many_lists(refusal: TooManyLists) -> Plan:
    """Return the plan of a file that is not stored, since its login has too many unfinished lists."""
    problem = Problem("too_many_lists", too_many_lists(refusal.oldest))
    return Plan(FileRows(Dialect()), drafts=(), problems=(problem,))


def _changed_meanwhile(plan: Plan) -> Plan:
    """Return the plan after a creation that somebody else's change stopped, with at least one error that says so."""
    if not plan.can_create:
        return plan
    message = _("Something changed while the accounts were being created, so nothing was created. Start again.")
    return _with_error(plan, "changed_meanwhile", message)


def _with_error(plan: Plan, code: str, message: str) -> Plan:
    return replace(plan, problems=(Problem(code, message), *plan.problems))
