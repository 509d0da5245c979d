"""The command line: the contract with scripts, every exit status, and every sample file of the manifest."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from accounts.models import Domain, Forward, Mailbox
from accounts.passwords import verify_password
from bulkimport import downloads
from bulkimport.management.commands import import_mailboxes
from bulkimport.models import Import
from bulkimport.rows import Plan
from bulkimport.services import creating
from bulkimport.services.creating import ClaimLost
from tests.bulkimport.management.running import manage, run
from tests.factories import generated_passwords, make_domain, make_mailbox, make_user
from tests.manifest import (
    DOMAINS,
    ENTRIES,
    Entry,
    assert_matches,
    expected_errors,
    expected_passwords,
    is_refused,
    sample_path,
)

pytestmark = pytest.mark.django_db

GOOD = (
    "E-mail;Hasło;Pojemność;Przekierowanie;Przekierowanie-pozostawianie kopii\n"
    "jan@przyklad.iq.pl;Wiosna2024;500;Ewa@żółw.pl;Tak\n"
    ";;;;\n"
    "ewa@przyklad.iq.pl;;;;\n"
)
FAULTY = GOOD + "ola@przyklad.iq.pl;abc1;1,3 GB;;\n"


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def domain() -> Domain:
    return make_domain("przyklad.iq.pl", [make_user("anna")])


@pytest.fixture
def good(tmp_path: Path, domain: Domain) -> Path:
    return written(tmp_path, GOOD)


@pytest.fixture
def faulty(tmp_path: Path, domain: Domain) -> Path:
    return written(tmp_path, FAULTY)


def written(folder: Path, text: str, name: str = "lista.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode())
    return path


# --- What is created


def test_all_accounts_are_created_and_the_status_is_0(good: Path) -> None:
    assert run(good).status == 0
    jan, ewa = Mailbox.objects.get(local_part="jan"), Mailbox.objects.get(local_part="ewa")
    assert (jan.quota_mb, ewa.quota_mb) == (500, 1000)
    assert verify_password("Wiosna2024", jan.password_hash)
    assert Forward.objects.get().destinations == "ewa@xn--w-uga1v8h.pl"


def test_one_error_creates_nothing_and_the_status_is_1(faulty: Path) -> None:
    ran = run(faulty)
    assert ran.status == 1
    assert not Mailbox.objects.exists()
    assert Import.objects.get().status == Import.Status.CHECKED
    assert "Nothing was created." in ran.stdout


def test_rows_with_errors_can_be_left_out(faulty: Path) -> None:
    ran = run(faulty, "--skip-errors")
    assert ran.status == 0
    assert set(Mailbox.objects.values_list("local_part", flat=True)) == {"jan", "ewa"}
    assert "Left out: row 5." in ran.stdout
    assert Import.objects.get().left_out == [5]


def test_a_file_of_nothing_but_errors_stays_a_failure_when_errors_are_left_out(tmp_path: Path, domain: Domain) -> None:
    assert run(written(tmp_path, "E-mail\njan\n"), "--skip-errors").status == 1


def test_the_default_quota_fills_empty_cells(good: Path) -> None:
    assert run(good, "--default-quota", "250").status == 0
    assert dict(Mailbox.objects.values_list("local_part", "quota_mb")) == {"jan": 500, "ewa": 250}


def test_without_a_customer_every_domain_may_be_used_and_nobody_owns_the_import(good: Path) -> None:
    run(good)
    assert Import.objects.get().uploaded_by is None


def test_an_import_for_a_customer_belongs_to_that_login(good: Path) -> None:
    ran = run(good, "--customer", "anna")
    import_record = Import.objects.get()
    assert ran.status == 0
    assert import_record.uploaded_by == User.objects.get(username="anna")
    assert f"anna finds this import at /imports/{import_record.pk}/." in ran.stdout


def test_a_customer_cannot_use_the_domain_of_another(good: Path) -> None:
    make_user("obcy")
    assert run(good, "--customer", "obcy").status == 1
    assert not Mailbox.objects.exists()


def test_the_same_file_again_says_that_it_was_imported_before(good: Path) -> None:
    run(good)
    for more in ([], ["--check"]):
        ran = run(good, "--json", *more)
        assert ran.status == 1
        assert [problem["code"] for problem in ran.json["problems"]] == ["already_imported"]


def test_a_name_that_is_not_utf_8_is_no_obstacle(tmp_path: Path, domain: Domain) -> None:
    path = tmp_path / os.fsdecode(b"ksi\xb1\xbfka.csv")
    path.write_bytes(GOOD.encode())
    assert run(path).status == 0
    assert Import.objects.get().filename.endswith("ka.csv")


# --- Checking only


@pytest.mark.parametrize(("fixture", "status"), [("good", 0), ("faulty", 1)])
@pytest.mark.parametrize("more", [[], ["--customer", "anna"], ["--json"]])
def test_a_check_writes_nothing(request: pytest.FixtureRequest, fixture: str, status: int, more: list[str]) -> None:
    path = request.getfixturevalue(fixture)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        ran = run(path, "--check", *more)
    assert ran.status == status
    assert queries.captured_queries
    assert all(query["sql"].startswith("SELECT") for query in queries.captured_queries)


def test_a_check_that_leaves_errors_out_would_create(faulty: Path) -> None:
    ran = run(faulty, "--check", "--skip-errors")
    assert ran.status == 0
    assert "this was only a check. 2 accounts would be created." in ran.stdout


def test_a_check_says_what_the_import_would_say(faulty: Path) -> None:
    checked, imported = run(faulty, "--check", "--json").json, run(faulty, "--json").json
    assert checked.pop("import") is None
    assert imported.pop("import") == str(Import.objects.get().pk)
    assert checked == imported


# --- The JSON object


def test_the_json_of_a_created_import(good: Path) -> None:
    ran = run(good, "--json")
    import_record = Import.objects.get()
    generated = generated_passwords(import_record)["ewa@przyklad.iq.pl"]
    assert ran.json == {
        "import": str(import_record.pk),
        "status": "created",
        "file": {
            "format": "csv",
            "encoding": "utf-8",
            "separator": ";",
            "sha256": hashlib.sha256(Path(good).read_bytes()).hexdigest(),
            "sheets": [],
        },
        "counts": {"rows": 3, "blank": 1, "left_out": 0, "drafts": 2, "errors": 0, "warnings": 0, "created": 2},
        "rows": [
            {
                "sheet": None,
                "line": 2,
                "action": "create",
                "email": "jan@przyklad.iq.pl",
                "quota_mb": 500,
                "forward": ["ewa@xn--w-uga1v8h.pl"],
                "keep_copy": True,
                "password": "given",
            },
            {
                "sheet": None,
                "line": 4,
                "action": "create",
                "email": "ewa@przyklad.iq.pl",
                "quota_mb": 1000,
                "forward": [],
                "keep_copy": False,
                "password": "generated",
            },
        ],
        "problems": [],
        "accounts": [
            {"sheet": None, "line": 2, "email": "jan@przyklad.iq.pl", "password": None},
            {"sheet": None, "line": 4, "email": "ewa@przyklad.iq.pl", "password": generated},
        ],
        "welcome": None,
    }
    assert verify_password(generated, Mailbox.objects.get(local_part="ewa").password_hash)


def test_the_json_of_a_check_has_the_same_keys(faulty: Path) -> None:
    result = run(faulty, "--check", "--json").json
    assert list(result) == ["import", "status", "file", "counts", "rows", "problems", "accounts", "welcome"]
    assert (result["import"], result["status"], result["accounts"]) == (None, "checked", [])
    counts = {"rows": 4, "blank": 1, "left_out": 0, "drafts": 2, "errors": 1, "warnings": 0, "created": 0}
    assert result["counts"] == counts
    assert [(p["line"], p["field"], p["level"], p["code"]) for p in result["problems"]] == [
        (5, "password", "error", "password_too_short"),
        (5, "quota", "error", "quota_not_number"),
    ]


def test_problems_of_the_file_come_first_then_by_line_and_column(tmp_path: Path) -> None:
    make_domain("przyklad.iq.pl", max_mailboxes=1)
    text = "Hasło;E-mail;Uwagi\nx;zły;\n;jan@przyklad.iq.pl;\n;ewa@przyklad.iq.pl;\n1;;\n"
    problems = run(written(tmp_path, text), "--check", "--json").json["problems"]
    places = [(problem["line"], problem["field"]) for problem in problems]
    of_file = [place for place in places if place[0] is None]
    assert len(of_file) == 2  # the unknown column and the domain's limit
    assert list(dict.fromkeys(places)) == [(None, None), (2, "email"), (2, "password"), (5, "email"), (5, "password")]


def test_letters_are_written_as_they_are(tmp_path: Path, domain: Domain) -> None:
    assert "zażółć" in run(written(tmp_path, "E-mail\nzażółć\n"), "--json", "--check").stdout


# --- What a person reads


def test_a_person_reads_what_was_read_and_every_problem(faulty: Path) -> None:
    lines = run(faulty).stdout.splitlines()
    assert lines[0] == "lista.csv: CSV, UTF-8, semicolon, with a header"
    assert lines[1] == "4 read = 2 ready + 1 with errors + 0 left out + 1 blank"
    assert lines[2].startswith("row 5, password: ")
    assert lines[3].startswith("row 5, quota: “1,3 GB”")
    assert lines[4] == "Nothing was created."


def test_warnings_are_marked(tmp_path: Path, domain: Domain) -> None:
    ran = run(written(tmp_path, "jan@przyklad.iq.pl;qwerty123;;;Tak\n"))
    assert ran.status == 0
    assert "file (warning): The file has no header line" in ran.stdout
    assert "row 1, password (warning): The password is very common" in ran.stdout
    assert "row 1, keep copy (warning): Keeping a copy has no effect" in ran.stdout


def test_generated_passwords_are_printed_and_given_ones_are_not(good: Path) -> None:
    stdout = run(good).stdout
    generated = generated_passwords(Import.objects.get())["ewa@przyklad.iq.pl"]
    assert "2 accounts were created." in stdout
    assert re.search(rf"^ewa@przyklad\.iq\.pl +{generated}$", stdout, re.MULTILINE)
    assert re.search(r"^jan@przyklad\.iq\.pl +\(as in the file\)$", stdout, re.MULTILINE)
    assert "Wiosna2024" not in stdout


def test_the_help_names_the_exit_statuses(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        call_command("import_mailboxes", "--help")
    assert "Exit status: 0 created" in capsys.readouterr().out


# --- The results file


def test_results_go_to_a_file_for_its_owner_alone(good: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    ran = run(good, "--results", out)
    import_record = Import.objects.get()
    assert ran.status == 0
    assert out.read_bytes() == downloads.results(import_record, "csv").content
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    generated = generated_passwords(import_record)["ewa@przyklad.iq.pl"]
    assert generated in out.read_text(encoding="utf-8-sig")
    assert generated not in ran.stdout
    assert str(out) in ran.stdout


@pytest.mark.parametrize("more", [[], ["--check"]])
def test_no_results_file_is_left_when_nothing_was_created(faulty: Path, tmp_path: Path, more: list[str]) -> None:
    assert run(faulty, "--results", tmp_path / "out.csv", *more).status == 1
    assert not (tmp_path / "out.csv").exists()


def test_an_existing_file_is_never_overwritten(good: Path, tmp_path: Path) -> None:
    out = written(tmp_path, "mine", "out.csv")
    ran = run(good, "--results", out)
    assert (ran.status, ran.stdout, out.read_text()) == (2, "", "mine")
    assert not Import.objects.exists()


def test_a_results_path_that_cannot_be_written_stops_before_anything_is_created(good: Path, tmp_path: Path) -> None:
    ran = run(good, "--results", tmp_path / "missing" / "out.csv")
    assert ran.status == 2
    assert "cannot be written" in ran.stderr
    assert not Import.objects.exists()


def test_passwords_are_printed_after_all_when_the_disk_is_full(
    good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, content: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    ran = run(good, "--results", tmp_path / "out.csv")
    assert ran.status == 0
    assert "The accounts exist, but" in ran.stderr
    assert generated_passwords(Import.objects.get())["ewa@przyklad.iq.pl"] in ran.stdout
    assert not (tmp_path / "out.csv").exists()


# --- Wrong use


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--customer", "nobody"], "There is no login “nobody”."),
        (["--default-quota", "1,3 GB"], "--default-quota: “1,3 GB”"),
        (["--default-quota", "0"], "--default-quota:"),
    ],
)
def test_wrong_options_are_status_2_and_leave_stdout_empty(good: Path, arguments: list[str], message: str) -> None:
    ran = run(good, "--json", *arguments)
    assert (ran.status, ran.stdout) == (2, "")
    assert message in ran.stderr
    assert not Import.objects.exists()


def test_a_missing_file_is_status_2(tmp_path: Path) -> None:
    ran = run(tmp_path / "missing.csv")
    assert (ran.status, ran.stdout) == (2, "")
    assert "There is no file" in ran.stderr


def test_a_folder_is_status_2(tmp_path: Path) -> None:
    ran = run(tmp_path)
    assert ran.status == 2
    assert "cannot be read" in ran.stderr


# --- Files that are refused as a whole


@pytest.mark.parametrize("more", [[], ["--check"]])
def test_a_file_that_is_too_large_is_a_problem_of_the_file(
    tmp_path: Path, domain: Domain, settings: Settings, more: list[str]
) -> None:
    settings.MAX_UPLOAD_MB = 1
    ran = run(written(tmp_path, GOOD + "\n" * 1024 * 1024), "--json", *more)
    assert ran.status == 1
    assert [(p["line"], p["field"], p["code"]) for p in ran.json["problems"]] == [(None, None, "file_too_large")]
    assert ran.json["counts"] == dict.fromkeys(
        ["rows", "blank", "left_out", "drafts", "errors", "warnings", "created"], 0
    )
    assert ran.json["file"] == {"format": None, "encoding": None, "separator": None, "sha256": None, "sheets": []}
    assert not Import.objects.exists()


def test_a_file_as_large_as_allowed_is_read(tmp_path: Path, domain: Domain, settings: Settings) -> None:
    settings.MAX_UPLOAD_MB = 1
    path = written(tmp_path, GOOD.ljust(1024 * 1024 - len(GOOD.encode()) + len(GOOD), "\n"))
    assert path.stat().st_size == 1024 * 1024
    assert run(path, "--check").status == 0


def test_an_empty_file_is_a_problem_of_the_file(tmp_path: Path) -> None:
    ran = run(written(tmp_path, ""), "--json")
    assert ran.status == 1
    assert [problem["line"] for problem in ran.json["problems"]] == [None]


# --- What happens meanwhile


def test_an_address_taken_meanwhile_is_reported_at_its_row(good: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hash_all = creating._hash_all

    def hash_slowly(*arguments: Any) -> list[str]:
        make_mailbox("ewa@przyklad.iq.pl")
        return hash_all(*arguments)

    monkeypatch.setattr(creating, "_hash_all", hash_slowly)
    ran = run(good, "--json")
    assert ran.status == 1
    assert ran.json["status"] == "checked"
    assert [(p["line"], p["code"]) for p in ran.json["problems"]] == [(4, "address_taken")]
    assert not Mailbox.objects.filter(local_part="jan").exists()


def test_a_lost_race_without_a_trace_is_reported_too(good: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_mailboxes, "claim_import", lambda *_arguments, **_options: None)
    ran = run(good, "--json")
    assert ran.status == 1
    assert [problem["code"] for problem in ran.json["problems"]] == ["changed_meanwhile"]


def test_an_import_that_another_process_took_over_says_so(good: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def taken_over(*_arguments: object, **_options: object) -> bool:
        raise ClaimLost

    monkeypatch.setattr(import_mailboxes, "create", taken_over)
    ran = run(good, "--json")
    assert ran.status == 1
    assert [problem["code"] for problem in ran.json["problems"]] == ["taken_over"]
    assert (ran.json["status"], ran.json["accounts"]) == ("checked", [])
    assert "Another process has taken this import over" in run(good).stdout


def test_ctrl_c_creates_nothing(good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(_self: object, _done: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(import_mailboxes.Progress, "__call__", stop)
    ran = run(good, "--json", "--results", tmp_path / "out.csv")
    assert (ran.status, ran.stdout) == (130, "")
    assert ran.stderr.endswith("Stopped. Nothing was created.\n")
    assert not Mailbox.objects.exists()
    assert not (tmp_path / "out.csv").exists()
    assert Import.objects.get().is_interrupted


def test_ctrl_c_after_the_accounts_were_written_still_shows_the_passwords(
    good: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = import_mailboxes.create

    def create_then_stop(*arguments: Any, **options: Any) -> bool:
        create(*arguments, **options)
        raise KeyboardInterrupt

    monkeypatch.setattr(import_mailboxes, "create", create_then_stop)
    ran = run(good, "--json")
    assert ran.status == 0
    assert len(ran.json["accounts"]) == 2


# --- Progress


def test_progress_is_a_bar_on_a_terminal(good: Path) -> None:
    ran = run(good, stderr=Terminal())
    assert "\r[###############               ] 1 of 2 accounts prepared" in ran.stderr
    assert ran.stderr.endswith("\r[##############################] 2 of 2 accounts prepared\n")


def test_progress_is_a_few_lines_elsewhere(tmp_path: Path, domain: Domain) -> None:
    rows = "".join(f"jan{number}@przyklad.iq.pl\n" for number in range(40))
    ran = run(written(tmp_path, "E-mail\n" + rows))
    assert "\r" not in ran.stderr
    assert ran.stderr.splitlines() == [f"{done} of 40 accounts prepared" for done in (10, 20, 30, 40)]


@pytest.mark.parametrize("stderr", [StringIO(), Terminal()], ids=["file", "terminal"])
def test_progress_is_silent_when_asked(good: Path, stderr: StringIO) -> None:
    assert run(good, stderr=stderr, verbosity=0).stderr == ""


# --- The samples


@pytest.fixture
def sample_domains() -> None:
    for name in DOMAINS:
        make_domain(name)


@pytest.fixture
def plans(monkeypatch: pytest.MonkeyPatch) -> list[Plan]:
    """The plans that the command makes, for the exact passwords that its result does not tell."""
    kept: list[Plan] = []
    make = import_mailboxes.check_unstored

    def keep(**arguments: Any) -> Plan:
        kept.append(make(**arguments))
        return kept[-1]

    monkeypatch.setattr(import_mailboxes, "check_unstored", keep)
    return kept


@pytest.mark.usefixtures("sample_domains")
@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["file"])
def test_each_sample_is_read_as_its_manifest_says(entry: Entry, plans: list[Plan]) -> None:
    ran = run(sample_path(entry), "--check", "--json", "--default-quota", "321")
    assert ran.status == (1 if is_refused(entry) or expected_errors(entry) else 0)
    assert_matches(entry, ran.json, default_quota_mb=321)
    assert {draft.address: draft.password for draft in plans[0].drafts} == expected_passwords(entry)


@pytest.mark.usefixtures("sample_domains")
@pytest.mark.parametrize("entry", [e for e in ENTRIES if not is_refused(e)], ids=lambda entry: entry["file"])
def test_each_sample_creates_mailboxes_with_exactly_its_passwords(entry: Entry) -> None:
    ran = run(sample_path(entry), "--json", "--skip-errors")
    assert ran.status == 0
    random = {account["email"]: account["password"] for account in ran.json["accounts"]}
    hashes = dict(Mailbox.objects.values_list("address", "password_hash"))
    passwords = expected_passwords(entry)
    assert hashes.keys() == random.keys() == passwords.keys()
    for address, password in passwords.items():
        assert (random[address] is None) == (password is not None)
        assert verify_password(password or random[address], hashes[address])


@pytest.mark.usefixtures("sample_domains")
@pytest.mark.parametrize("entry", [e for e in ENTRIES if is_refused(e)], ids=lambda entry: entry["file"])
def test_nothing_of_a_refused_sample_is_created(entry: Entry) -> None:
    assert run(sample_path(entry), "--json", "--skip-errors").status == 1
    assert not Mailbox.objects.exists()


# --- As a process of its own


def test_a_process_has_the_three_exit_statuses_and_a_clean_stdout(environment: dict[str, str], tmp_path: Path) -> None:
    good, faulty = written(tmp_path, GOOD), written(tmp_path, FAULTY, "faulty.csv")
    problems = manage(environment, "import_mailboxes", faulty, "--json")
    assert (problems.status, problems.json["status"]) == (1, "checked")
    usage = manage(environment, "import_mailboxes", good, "--customer", "nobody", "--json")
    assert (usage.status, usage.stdout) == (2, "")
    assert "There is no login “nobody”." in usage.stderr
    assert "Traceback" not in usage.stderr
    assert manage(environment, "import_mailboxes").status == 2
    checked = manage(environment, "import_mailboxes", good, "--json", "--check")
    assert (checked.status, checked.json["import"], checked.stderr) == (0, None, "")
    created = manage(environment, "import_mailboxes", good, "--json")
    assert (created.status, created.json["counts"]["created"]) == (0, 2)
    assert "2 of 2 accounts prepared" in created.stderr


def test_no_code_page_of_a_terminal_loses_the_passwords(environment: dict[str, str], tmp_path: Path) -> None:
    path = written(tmp_path, "ola@przyklad.iq.pl,,,ola@przyklad.iq.pl\nkot@przyklad.iq.pl\n")
    odd = {**environment, "PYTHONIOENCODING": "ascii", "LANGUAGE_CODE": "pl"}
    ran = manage(odd, "import_mailboxes", path, "--skip-errors")
    assert ran.status == 0
    assert re.search(r"^kot@przyklad\.iq\.pl +\S{18,}$", ran.stdout, re.MULTILINE)
    path.write_text("ola@przyklad.iq.pl,,,żółw@x.pl\n", encoding="utf-8")
    assert "żółw" in manage(odd, "import_mailboxes", path, "--json").stdout
