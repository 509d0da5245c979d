"""Import a file of mailboxes from the command line, by the same services as the web."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from accounts.digests import digest
from accounts.formats import grouped
from bulkimport import downloads
from bulkimport.management.commands._arguments import check_quota_text, find_login, read_content, reserve_results
from bulkimport.management.commands._json import as_json
from bulkimport.management.commands._outcome import Outcome, add_error, as_lines, failed_plan, list_accounts
from bulkimport.models import Import
from bulkimport.rows import Plan, Problem
from bulkimport.services.checking import check, check_unstored, note_plan
from bulkimport.services.creating import Claim, ClaimLost, claim_import, create, is_allowed
from bulkimport.services.reading import ImportNotOpen
from bulkimport.services.uploading import TooManyLists, file_too_large, too_many_lists, upload

INTERRUPTED: Final = 130  # the exit status that shells give to a process ended by Ctrl-C


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
        login = find_login(options["customer"])
        quota = check_quota_text(options["default_quota"])
        with reserve_results(options["results"]) as results:
            try:
                outcome = self.check_or_create(login, quota, options)
            except TooManyLists as refusal:
                problem = Problem("too_many_lists", too_many_lists(refusal.oldest))
                outcome = Outcome(failed_plan(problem), None, would_create=False)
            except KeyboardInterrupt:  # not raised here once the accounts exist
                self.stderr.write("\n" + _("Stopped. Nothing was created."))
                raise SystemExit(INTERRUPTED) from None
            if outcome.is_created:
                outcome = replace(outcome, accounts=list_accounts(outcome))
                results = results and self.write_results(outcome, results)
        self.report(outcome, options, results)
        if not outcome.would_create:
            raise SystemExit(1)

    def check_or_create(self, login: User | None, quota: str, options: dict[str, Any]) -> Outcome:
        """Check the file, and create its accounts unless the option --check is given. Raises TooManyLists."""
        content = read_content(options["file"])
        if content is None:
            return Outcome(failed_plan(file_too_large()), None, would_create=False)
        if options["check"]:
            plan = check_unstored(content=content, uploaded_by=login, default_quota=quota)
            return Outcome(plan, digest(content), is_allowed(plan, skip_errors=options["skip_errors"]))
        name = os.fsencode(Path(options["file"]).name).decode(errors="replace")
        record = upload(content=content, filename=name, uploaded_by=login, default_quota=quota)
        return self.import_all(record, digest(content), options)

    def make_output_safe(self, *, as_json: bool) -> None:
        """Replace letters that the terminal cannot print: an error would lose the only copy of the passwords."""
        if reconfigure := getattr(self.stdout, "reconfigure", None):
            reconfigure(encoding="utf-8" if as_json else None, errors="replace")

    def import_all(self, record: Import, sha256: str, options: dict[str, Any]) -> Outcome:
        """Create the accounts of an import if its plan allows it. sha256: of its file; it is printed, never stored."""
        plan = check(record, wait_seconds=None)
        note_plan(record, plan)
        if not is_allowed(plan, skip_errors=options["skip_errors"]):
            return Outcome(plan, sha256, would_create=False, import_record=record)
        try:
            claim = claim_import(record, plan, leave_out=plan.error_places)
            is_created = claim is not None and self.create(claim, record, options)
            record.refresh_from_db()
            if not is_created:
                return Outcome(_explain_change(check(record, wait_seconds=None)), sha256, False, record)
        except (ClaimLost, ImportNotOpen):
            message = _("Another process has taken this import over; nothing was created here.")
            return Outcome(add_error(plan, "taken_over", message), sha256, False, record)
        return Outcome(plan, sha256, would_create=True, import_record=record)

    def create(self, claim: Claim, record: Import, options: dict[str, Any]) -> bool:
        """Create what was claimed, showing the progress. Ctrl-C is ignored once the accounts are written."""
        progress = Progress(self, total=len(claim.drafts), is_quiet=options["verbosity"] == 0)
        try:
            return create(claim, on_progress=progress)
        except KeyboardInterrupt:
            record.refresh_from_db()
            if record.status != Import.Status.CREATED:
                raise
            return True

    def write_results(self, outcome: Outcome, path: Path) -> Path | None:
        """Write the results file and return its path; None if that failed, so that the passwords are printed."""
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
    """Print how many accounts are prepared: a bar on a terminal, else a line for every quarter."""

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


def _explain_change(plan: Plan) -> Plan:
    """Return the plan of an import whose creation was stopped by a change elsewhere, with at least one error."""
    if not plan.can_create:
        return plan
    message = _("Something changed while the accounts were being created, so nothing was created. Start again.")
    return add_error(plan, "changed_meanwhile", message)
