"""The manifest of tests/samples2, and the comparison of what it promises with what the panel gave.

Its conventions stand in the manifest itself, under `conventions`. A file is as expected where one of its outcomes
(`expect`, or one of `also_ok`) fits whole.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.manifest import stored

SAMPLES = Path(__file__).parent / "samples2"
MANIFEST: dict[str, Any] = json.loads((SAMPLES / "manifest.json").read_text(encoding="utf-8"))
ENTRIES: list[dict[str, Any]] = MANIFEST["files"]
DOMAINS: list[str] = MANIFEST["domains"]
UNLIMITED: list[str] = MANIFEST["unlimited"]

Json = Mapping[str, Any]


def differences(entry: Json, result: Json, *, default_quota_mb: int) -> list[str]:
    """Return what differs between the outcome of a file that fits best and the result of `import_mailboxes --json`."""
    outcomes = [entry["expect"], *entry.get("also_ok", ())]
    found = [list(_Comparison(entry, outcome, result, default_quota_mb).differences()) for outcome in outcomes]
    return min(found, key=len)


def find_passwords(entry: Json) -> set[str]:
    """Return every password that the manifest knows to stand in a file."""
    text = json.dumps(entry)
    return {json.loads(f'"{found}"') for found in re.findall(r'"password(?:_alt)?": "((?:[^"\\]|\\.)*)"', text)}


class _Comparison:
    """One outcome of a file beside one result."""

    def __init__(self, entry: Json, outcome: Json, result: Json, default_quota_mb: int) -> None:
        self.entry, self.outcome, self.result = entry, outcome, result
        self.default_quota_mb = default_quota_mb
        self.errors = [problem for problem in result["problems"] if problem["level"] == "error"]
        self.warnings = [problem for problem in result["problems"] if problem["level"] == "warning"]

    def differences(self) -> Iterator[str]:
        counts = self.result["counts"]
        if counts["rows"] != counts["drafts"] + counts["errors"] + counts["blank"] + counts["left_out"]:
            yield f"the sum is wrong: {counts}"
        yield from self._shown()
        yield from self._warned(self.outcome.get("warnings", ()))
        if "file_error" in self.outcome:
            yield from self._refused()
            return
        if file_errors := [problem for problem in self.errors if problem["line"] is None]:
            yield f"errors of the file: {file_errors}"
        refused, read_instead = self._row_errors()
        yield from refused
        yield from self._rows(read_instead)
        if counts["left_out"] < self.outcome.get("left_out", 0):
            yield f"left out: {counts['left_out']}"

    def _refused(self) -> Iterator[str]:
        fitting = [
            problem
            for problem in self.errors
            if problem["line"] is None
            and problem["code"] in self.outcome.get("codes", [problem["code"]])
            and _says(problem, self.outcome)
        ]
        if not fitting or self.result["rows"]:
            yield f"no error of the file says so: {self.errors}"

    def _row_errors(self) -> tuple[list[str], list[Json]]:
        """Return what is missing of the errors, and the rows that may be read in the place of an error."""
        missing, read_instead = [], []
        for expected in self.outcome.get("row_errors", ()):
            if any(_fits(problem, expected) for problem in self.errors):
                continue
            row = expected.get("also_ok", {}).get("row")
            if row and any(self._is_row(found, row) for found in self.result["rows"]):
                read_instead.append(row)
                missing += self._warned(row.get("warnings", ()))
            else:
                missing.append(f"line {expected['line']} is not refused as expected: {expected}")
        return missing, read_instead

    def _rows(self, read_instead: Sequence[Json]) -> Iterator[str]:
        wanted = [*(self.outcome.get("rows") or self.outcome.get("good_rows") or ()), *read_instead]
        optional = [row for swallowed in self.outcome.get("swallowed", ()) for row in swallowed["rows"]]
        yield from (
            f"row is missing or differs: {row}"
            for row in wanted
            if not any(self._is_row(found, row) for found in self.result["rows"])
        )
        for found in self.result["rows"]:
            if not any(self._is_row(found, row) for row in [*wanted, *optional]):
                yield f"row is read that should not be: {found}"
        yield from self._swallowed()
        if self.outcome.get("open_errors"):
            return
        known = {row["line"] for row in [*wanted, *optional]} | {e["line"] for e in self.outcome.get("row_errors", ())}
        known |= {swallowed["first"] for swallowed in self.outcome.get("swallowed", ())}
        for problem in self.errors:
            if problem["line"] is not None and problem["line"] not in known:
                yield f"unexpected error: {problem}"

    def _swallowed(self) -> Iterator[str]:
        for swallowed in self.outcome.get("swallowed", ()):
            first, last = swallowed["first"], swallowed["last"]
            named = [
                problem
                for problem in self.errors
                if problem["code"] == "quotes"
                and problem["line"] == first
                and {str(first), str(last)} <= set(re.findall(r"\d+", problem["message"]))
            ]
            if not any(problem["code"] == "quotes" and problem["line"] == first for problem in self.errors):
                yield f"no error quotes in line {first}"
            seen = {row["line"] for row in self.result["rows"]} | {problem["line"] for problem in self.errors}
            if not named and any(row["line"] not in seen for row in swallowed["rows"]):
                yield f"lines {first} to {last} are not named"

    def _warned(self, expected: Sequence[Json]) -> Iterator[str]:
        for warning in expected:
            fitting = [
                problem
                for problem in self.warnings
                if problem["code"] in warning.get("codes", [problem["code"]]) and _says(problem, warning)
            ]
            lines = {problem["line"] for problem in fitting}
            lines |= {int(number) for problem in fitting for number in re.findall(r"\d+", problem["message"])}
            if not fitting or not set(warning.get("lines", ())) <= lines:
                yield f"no such warning: {warning} among {self.warnings}"

    def _shown(self) -> Iterator[str]:
        messages = [problem["message"] for problem in self.result["problems"]]
        for text in [*self.entry.get("must_not_show", ()), *find_passwords(self.entry)]:
            if any(text in message for message in messages):
                yield f"a message shows “{text}”"
        for pattern in self.entry.get("must_not_say", ()):
            if any(re.search(pattern, message, re.IGNORECASE) for message in messages):
                yield f"a message says “{pattern}”"

    def _is_row(self, found: Json, row: Json) -> bool:
        forward = [row["forward"]] if isinstance(row["forward"], str) else row["forward"] or []
        return (
            found["line"] in (row["line"], row.get("line_alt"))
            and found["email"] == stored(row["email"])
            and found["sheet"] in (None, row.get("sheet"))
            and [stored(address) for address in found["forward"]] == [stored(address) for address in forward]
            and found["quota_mb"] == (row["quota_mb"] or self.default_quota_mb)
            and found["keep_copy"] in (row["keep_copy"], row.get("keep_copy_alt"))
            and found["password"] == ("given" if row["password"] else "generated")
        )


def _says(problem: Json, expected: Json) -> bool:
    message = problem["message"]
    return all(re.search(p, message, re.IGNORECASE) for p in expected.get("says", ())) and not any(
        re.search(p, message, re.IGNORECASE) for p in expected.get("says_not", ())
    )


def _fits(problem: Json, expected: Json) -> bool:
    fields = expected.get("field")
    allowed = [problem["field"]] if fields is None else [fields] if isinstance(fields, str) else fields
    return (
        problem["line"] == expected["line"]
        and problem["field"] in allowed
        and problem["code"] in expected.get("codes", [problem["code"]])
        and _says(problem, expected)
    )
