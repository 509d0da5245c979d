"""The object that the command prints for scripts. Its keys are a contract and stay."""

from __future__ import annotations

from bulkimport.management.commands._outcome import Outcome
from bulkimport.rows import Draft, FileRows, Problem


def as_json(outcome: Outcome) -> dict[str, object]:
    """Return the object for scripts. It always has all keys; `accounts` is empty when none was created."""
    plan, record = outcome.plan, outcome.import_record
    return {
        "import": str(record.pk) if record else None,
        "status": "created" if outcome.is_created else "checked",
        "file": _file_json(plan.file, outcome.sha256),
        "counts": {**plan.counts, "created": len(outcome.accounts)},
        "rows": [_row_json(draft) for draft in plan.drafts],
        "problems": [_problem_json(problem) for problem in outcome.problems],
        "accounts": [
            {"sheet": place.sheet, "line": place.line, "email": address, "password": password}
            for place, address, password in outcome.accounts
        ],
        "welcome": _welcome_json(outcome),
    }


def _file_json(file: FileRows, sha256: str | None) -> dict[str, object]:
    return {
        "format": file.dialect.format,
        "encoding": file.dialect.encoding,
        "separator": file.dialect.separator,
        "sha256": sha256,
        "sheets": [{"name": s.name, "rows": s.rows, "read": s.is_read} for s in file.sheets if s.name],
    }


def _row_json(draft: Draft) -> dict[str, object]:
    return {
        "sheet": draft.sheet,
        "line": draft.line,
        "action": "create",
        "email": draft.address,
        "quota_mb": draft.quota_mb,
        "forward": list(draft.destinations),
        "keep_copy": draft.keep_copy,
        "password": "generated" if draft.password is None else "given",
    }


def _problem_json(problem: Problem) -> dict[str, object]:
    return {
        "sheet": problem.sheet,
        "line": problem.line,
        "field": problem.field,
        "level": problem.level,
        "code": problem.code,
        "message": problem.message,
        "suggestion": problem.suggestion or None,
    }


def _welcome_json(outcome: Outcome) -> dict[str, object] | None:
    """Return how many welcome messages were delivered and which were not; None where none were to be sent."""
    record = outcome.import_record
    if not outcome.is_created or record is None or record.welcome_unsent is None:
        return None
    return {
        "delivered": record.created_count - len(record.welcome_unsent),
        "failed": [{"email": unsent["address"], "reason": unsent["reason"]} for unsent in record.welcome_unsent],
    }
