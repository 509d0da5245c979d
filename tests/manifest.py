"""What each file in tests/samples must give, from its manifest, and the comparison with what the panel gave."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import idna

SAMPLES = Path(__file__).parent / "samples"
MANIFEST: dict[str, Any] = json.loads((SAMPLES / "manifest.json").read_text(encoding="utf-8"))
ENTRIES: list[dict[str, Any]] = MANIFEST["files"]
DOMAINS: list[str] = sorted({idna.encode(name, uts46=True).decode() for name in MANIFEST["domains"]})

# Where reasonable people could differ, the panel reads the file rather than refusing it: old Excel files, English
# names of columns, and files without a header.
READS = {"libreoffice.xls", "header-english.csv", "no-header.csv"}

Entry = Mapping[str, Any]


def sample_path(entry: Entry) -> Path:
    return SAMPLES / entry["file"]


def expectation(entry: Entry) -> dict[str, Any]:
    """Return the outcome that the panel has chosen among the good ones."""
    outcome: dict[str, Any] = entry["also_ok"][0] if entry["file"] in READS else entry["expect"]
    return outcome


def expected_rows(entry: Entry) -> list[dict[str, Any]]:
    """Return the rows that must become accounts; of a file with faulty rows, the good ones."""
    outcome = expectation(entry)
    rows: list[dict[str, Any]] = outcome.get("rows") or outcome.get("good_rows") or []
    return rows


def expected_errors(entry: Entry) -> set[tuple[int, str]]:
    """Return line and field of every error that must be named."""
    return {(error["line"], error["field"]) for error in expectation(entry).get("row_errors", ())}


def is_refused(entry: Entry) -> bool:
    """Tell whether nothing of the file can be created because of the file as a whole."""
    return "file_error" in expectation(entry)


def expected_passwords(entry: Entry) -> dict[str, str | None]:
    """Return by stored address the exact password that must result; None where a random one is made."""
    return {stored(row["email"]): row["password"] for row in expected_rows(entry)}


def stored(address: str) -> str:
    """Return an address as the panel must store it: lower case, the domain in ASCII."""
    local_part, _at, domain = address.lower().rpartition("@")
    return f"{local_part}@{idna.encode(domain, uts46=True).decode()}"


def assert_matches(entry: Entry, result: Mapping[str, Any], *, default_quota_mb: int) -> None:
    """Compare with a result in the shape of `import_mailboxes --json`, where `default_quota_mb` fills empty cells."""
    counts = result["counts"]
    assert counts["rows"] == counts["drafts"] + counts["errors"] + counts["blank"] + counts["left_out"]
    errors = [problem for problem in result["problems"] if problem["level"] == "error"]
    file_errors = [problem for problem in errors if problem["line"] is None]
    if is_refused(entry):
        assert file_errors
        assert all(problem["message"] for problem in file_errors)
        assert result["rows"] == []
        return
    assert file_errors == []
    named = {(problem["line"], problem["field"]) for problem in errors}
    assert expected_errors(entry) <= named
    assert {line for line, _field in named} == {line for line, _field in expected_errors(entry)}
    assert len(result["rows"]) == len(expected_rows(entry))
    for row, expected in zip(result["rows"], expected_rows(entry), strict=True):
        assert_row_matches(row, expected, default_quota_mb=default_quota_mb)
    if entry["file"] == "no-header.csv":
        assert "no_header" in {problem["code"] for problem in result["problems"]}


def assert_row_matches(row: Mapping[str, Any], expected: Mapping[str, Any], *, default_quota_mb: int) -> None:
    """Compare one row. Its e-mail must be in the stored form, which is one of the manifest's two."""
    idn = expected.get("idn", {})
    assert row["line"] in (expected["line"], expected.get("line_alt"))
    assert row["email"] == stored(expected["email"]) == idn.get("email", stored(expected["email"]))
    forward = [stored(expected["forward"])] if expected["forward"] else []
    assert [stored(address) for address in row["forward"]] == forward
    assert forward == [idn["forward"]] if "forward" in idn else True
    assert row["quota_mb"] == (default_quota_mb if expected["quota_mb"] is None else expected["quota_mb"])
    assert row["keep_copy"] in (expected["keep_copy"], expected.get("keep_copy_alt", expected["keep_copy"]))
    assert row["password"] == ("generated" if expected["password"] is None else "given")
