"""Every check and test of the panel, in groups: what `make test` and CI run.

    python tests/run.py [lint] [sqlite] [postgres] [browser] [mailserver] [debian13]      no name: all of them

Needs the development requirements. On Debian and Ubuntu, as root or with sudo that asks for no password, it installs
the PostgreSQL server and Chromium where they are missing; as root also Postfix, Dovecot, PostSRSd and
policyd-rate-limit. A group that cannot run elsewhere is named at the end; with CI=true that is a failure. The group
debian13 needs a Debian 13 in a folder, which it makes from the packages of the distribution; where that cannot be done,
it is left out.
"""
# ruff: noqa: T201 - this program talks on its standard output

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
PYTHON: Final = sys.executable
MANAGE: Final = (PYTHON, "manage.py")
NEITHER: Final = "not browser and not mailserver"
MAILSERVER: Final = (
    *("postfix", "postfix-sqlite", "postfix-pgsql", "postsrsd", "policyd-rate-limit", "python3-psycopg2", "openssl"),
    *(f"dovecot-{part}" for part in ("core", "imapd", "pop3d", "lmtpd", "sqlite", "pgsql")),
)
LINT: Final = {
    "ruff check": (PYTHON, "-m", "ruff", "check", "."),
    "ruff format": (PYTHON, "-m", "ruff", "format", "--check", "."),
    "mypy": (PYTHON, "-m", "mypy"),
    "djlint lint": (PYTHON, "-m", "djlint", "--quiet", "--lint", "templates"),
    "djlint format": (PYTHON, "-m", "djlint", "--quiet", "--check", "templates"),
    "migrations": (*MANAGE, "makemigrations", "--check", "--dry-run"),
    "deployment": (*MANAGE, "check", "--deploy", "--fail-level", "ERROR"),
}
# Packages of Debian and Ubuntu. A service that a package brings is not started: policy-rc.d forbids it meanwhile.
INSTALL: Final = """
set -e
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    trap 'exit 1' HUP INT TERM
    printf '#!/bin/sh\\nexit 101\\n' > "$policy"
    chmod 755 "$policy"
fi
export DEBIAN_FRONTEND=noninteractive
# Postfix asks what it shall be. No configuration: the tests bring their own, and nothing is set up here to send mail.
case " $* " in
    *' postfix '*) echo 'postfix postfix/main_mailer_type select No configuration' | debconf-set-selections ;;
esac
apt-get -qq -o DPkg::Lock::Timeout=120 update
apt-get -qq -o DPkg::Lock::Timeout=120 -o Dpkg::Use-Pty=0 install -y --no-install-recommends "$@"
"""


class LeftOutError(Exception):
    """A group is left out on this machine, which is no failure; the text says why."""


class CannotRunError(Exception):
    """This machine lacks what a group needs; the text says what."""


@dataclass(frozen=True, slots=True)
class Result:
    """How a group ended."""

    group: str
    outcome: str  # passed, failed, could not run or left out
    seconds: float
    reason: str = ""


def main(names: list[str]) -> int:
    """Run the groups of these names, all where there is none, and return the exit status."""
    if unknown := set(names) - GROUPS.keys():
        print(f"There is no group {', '.join(sorted(unknown))}. Choose from: {', '.join(GROUPS)}.")
        return 2
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit("Stopped."))  # so that everything started here is stopped as well
    results = [run_group(name) for name in (names or GROUPS)]
    return report(results, strict=os.environ.get("CI") == "true")


def run_group(name: str) -> Result:
    """Run one group to its end, whatever becomes of it."""
    print(f"\n===== {name} =====", flush=True)
    start = time.monotonic()
    try:
        outcome, reason = ("passed" if GROUPS[name]() else "failed"), ""
    except CannotRunError as error:
        outcome, reason = "could not run", str(error)
    except LeftOutError as error:
        outcome, reason = "left out", str(error)
    except (OSError, LookupError, subprocess.SubprocessError) as error:
        outcome, reason = "failed", repr(error)
    return Result(name, outcome, time.monotonic() - start, reason)


def report(results: list[Result], *, strict: bool) -> int:
    """Print how the groups ended and return the exit status; strict: a group that could not run is a failure."""
    print("\n===== Result =====")
    for result in results:
        print(f"{result.group:<12}{result.outcome:<15}{result.seconds:>6.0f} s  {result.reason}".rstrip())
    bad = {"failed", "could not run"} if strict else {"failed"}
    return int(any(result.outcome in bad for result in results))


# --- The groups ------------------------------------------------------------------------------------------------------
def lint() -> bool:
    """Check style, types, templates, migrations and the settings of production; print the output of what fails."""
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(os.cpu_count()) as pool:
        environment = production_environment(Path(folder))
        passed = pool.map(lambda name: check(name, LINT[name], environment), LINT)
        return all(list(passed))


def sqlite() -> bool:
    """Run the tests on SQLite, with coverage."""
    with tempfile.TemporaryDirectory() as folder:
        return pytest("-m", NEITHER, "-n", "auto", "--cov", database_urls=[f"sqlite:///{folder}/panel.sqlite3"])


def postgres() -> bool:
    """Run the same tests on a PostgreSQL server that lives only for this run."""
    if not find_postgres():
        install("postgresql")
    with private_postgres() as database_url:
        return pytest("-m", NEITHER, "-n", "auto", database_urls=[database_url])


def browser() -> bool:
    """Run the tests that drive the pages in Chromium."""
    if not find_chromium():
        install("chromium")
    if not find_chromium():
        raise CannotRunError("There is no Chromium. Install it, or set CHROMIUM to its path.")
    with tempfile.TemporaryDirectory() as folder:
        return pytest("-m", "browser", "-n", "auto", database_urls=[f"sqlite:///{folder}/panel.sqlite3"])


def mailserver() -> bool:
    """Run the tests that sign in to a real Dovecot and send through a real Postfix, on SQLite and on PostgreSQL."""
    if os.geteuid() != 0:
        raise CannotRunError("Postfix and Dovecot start only as root.")
    if not has_mailserver():
        install(*MAILSERVER)
    if not find_postgres():
        install("postgresql")
    return mailserver_tests(Path("/"))


def debian13() -> bool:
    """Run the tests of the group mailserver with the programs of Debian 13."""
    if os.geteuid() != 0:
        raise CannotRunError("Postfix and Dovecot start only as root.")
    if not find_postgres():
        install("postgresql")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # PostgreSQL, which is of this machine, gets in as its own account
        root = Path(folder, "root")
        make_debian13(root)
        return mailserver_tests(root)


def mailserver_tests(root: Path) -> bool:
    """Run the tests of the mail server with the programs of the Debian in `root`, on both databases."""
    with shared_folder(root) as folder, private_postgres(root) as postgres_url:
        folder.chmod(0o755)
        # At once: they mostly wait for the servers.
        urls = [f"sqlite:///{folder}/panel.sqlite3", postgres_url]
        return pytest("-m", "mailserver", database_urls=urls, MAILSERVER_ROOT=str(root))


GROUPS: Final[dict[str, Callable[[], bool]]] = {
    "lint": lint,
    "sqlite": sqlite,
    "postgres": postgres,
    "browser": browser,
    "mailserver": mailserver,
    "debian13": debian13,
}


# --- What they are made of -------------------------------------------------------------------------------------------
def check(name: str, command: tuple[str, ...], environment: dict[str, str]) -> bool:
    """Run one check of the group lint and print how it ended."""
    done = subprocess.run(
        command, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    passed = done.returncode == 0
    print(f"{name:<14}passed" if passed else f"{name:<14}FAILED\n{done.stdout}", flush=True)
    return passed


def production_environment(folder: Path) -> dict[str, str]:
    """Return the environment of a panel in production with an empty database in `folder`."""
    database_url = f"sqlite:///{folder}/panel.sqlite3"
    return {**os.environ, "DEBUG": "false", "SECRET_KEY": os.urandom(32).hex(), "DATABASE_URL": database_url}


def pytest(*arguments: str, database_urls: Sequence[str], **variables: str) -> bool:
    """Run pytest on each database, on all of them at once, and tell whether everything passed.

    variables: of the environment.

    No test at all is a failure. The output of the first is seen as it comes, that of the others when they have ended.
    """
    with ExitStack() as stack:
        runs = []
        for database_url in database_urls:
            output = stack.enter_context(tempfile.TemporaryFile()) if runs else None
            environment = {**os.environ, "DATABASE_URL": database_url, **variables}
            command = (PYTHON, "-m", "pytest", *arguments)
            process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output)
            stack.callback(end, process)  # after Ctrl-C or a signal
            runs.append((process, output))
        results = [finished(process, output) for process, output in runs]
    return all(results)


def finished(process: subprocess.Popen[bytes], output: IO[bytes] | None) -> bool:
    """Wait for a pytest, print its output where that was kept back, and tell whether everything passed."""
    process.wait()
    if output:
        output.seek(0)
        sys.stdout.buffer.write(output.read())
        sys.stdout.flush()
    return process.returncode == 0


def end(process: subprocess.Popen[bytes]) -> None:
    """Let a pytest that still runs end with its browser and its processes; force it when it does not."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        process.send_signal(number)  # to one that has ended, nothing
        with suppress(subprocess.TimeoutExpired):
            process.wait(10)
            return


def install(*packages: str) -> None:
    """Install packages on Debian or Ubuntu. Raises CannotRunError where that cannot be done."""
    sudo = () if os.geteuid() == 0 else ("sudo", "-n")
    if not shutil.which("apt-get") or (sudo and not succeeds(*sudo, "true")):
        raise CannotRunError(f"Install {', '.join(packages)}; it is done for you only on Debian and Ubuntu, as root.")
    print(f"Installing {', '.join(packages)}.", flush=True)
    done = subprocess.run((*sudo, "sh", "-c", INSTALL, "sh", *packages), stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        raise CannotRunError(f"{', '.join(packages)} could not be installed; the output above says why.")


def make_debian13(root: Path) -> None:
    """Put Debian 13 with the programs of a mail server into a folder. Raises LeftOutError where that cannot be done."""
    try:
        if not shutil.which("mmdebstrap"):
            install("mmdebstrap")
    except CannotRunError as error:
        raise LeftOutError(str(error)) from None
    print("Making a Debian 13 from its packages.", flush=True)
    packages = f"--include={','.join(MAILSERVER)}"
    done = subprocess.run(
        ("mmdebstrap", "--quiet", "--variant=minbase", packages, "trixie", root),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise LeftOutError(f"A Debian 13 could not be made by mmdebstrap:\n{done.stdout}")


@contextmanager
def shared_folder(root: Path) -> Iterator[Path]:
    """Yield a temporary folder that has the same path on this machine and for the programs of the Debian in `root`."""
    folder = Path(tempfile.mkdtemp(prefix="mailpanel-", dir=root / "tmp"))
    path = Path("/tmp", folder.name)  # a socket's path must be short
    try:
        if path != folder:
            path.symlink_to(folder)
        yield path
    finally:
        shutil.rmtree(folder)
        if path != folder:
            path.unlink()


def succeeds(*command: str) -> bool:
    """Tell whether a program is there and ends well."""
    return bool(shutil.which(command[0])) and not subprocess.run(command, check=False, capture_output=True).returncode


def has_mailserver() -> bool:
    """Tell whether Postfix and Dovecot are here with all that the tests use, as Debian lays them out."""
    programs = ("postfix", "postsrsd", "policyd-rate-limit", "doveadm", "openssl")
    dovecot, postfix = Path("/usr/lib/dovecot"), Path("/usr/lib/postfix")
    parts = [dovecot / name for name in ("imap", "pop3", "lmtp")]
    parts += [dovecot / f"modules/auth/libdriver_{name}.so" for name in ("sqlite", "pgsql")]
    parts += [postfix / f"postfix-{name}.so" for name in ("sqlite", "pgsql")]
    parts += [Path("/usr/lib/python3/dist-packages/psycopg2")]
    return all(map(shutil.which, programs)) and all(part.exists() for part in parts)


def find_chromium() -> str | None:
    """Return the path of a Chromium, or None. CHROMIUM in the environment comes first."""
    names = [os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome"]
    return next((path for name in names if name and (path := shutil.which(name))), None)


def find_postgres() -> Path | None:
    """Return the folder of PostgreSQL's server programs, or None. Debian's newest, not on PATH, comes first."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if debian:
        return debian[-1].parent
    initdb = shutil.which("initdb")
    return Path(initdb).resolve().parent if initdb else None


@contextmanager
def private_postgres(root: Path = Path("/")) -> Iterator[str]:
    """Run a PostgreSQL server in a folder of its own, reachable only by a socket there; yield its DATABASE_URL.

    root: where the Debian is whose programs reach the socket by the same path.
    """
    programs = find_postgres()
    if programs is None:
        raise CannotRunError("There is no PostgreSQL server. Install it, with initdb on PATH.")
    with shared_folder(root) as folder:
        options: dict[str, Any] = {"cwd": folder, "stdin": subprocess.DEVNULL, "stderr": subprocess.STDOUT}
        if os.geteuid() == 0:  # the server refuses to run as root
            shutil.chown(folder, "postgres", "postgres")
            options |= {"user": "postgres", "group": "postgres", "extra_groups": ()}
        with (folder / "log").open("wb") as log:
            subprocess.run(initdb_command(programs, folder), check=False, stdout=log, **options)
            # In a session of its own: Ctrl-C is for this program, which then stops the server.
            server = subprocess.Popen(server_command(programs, folder), stdout=log, start_new_session=True, **options)
        try:
            wait_for_postgres(programs, folder, server)
            yield f"postgres://mailpanel@/{folder}/postgres"  # as django-environ reads the folder of a socket
        finally:
            server.send_signal(signal.SIGQUIT)  # at once: nobody needs its data any more
            server.wait()


def initdb_command(programs: Path, folder: Path) -> list[str]:
    options = ["-U", "mailpanel", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
    return [str(programs / "initdb"), "-D", str(folder / "data"), *options]


def server_command(programs: Path, folder: Path) -> list[str]:
    options = ["listen_addresses=", f"unix_socket_directories={folder}", "fsync=off", "max_connections=300"]
    return [str(programs / "postgres"), "-D", str(folder / "data"), *(f"--{option}" for option in options)]


def wait_for_postgres(programs: Path, folder: Path, server: subprocess.Popen[bytes]) -> None:
    """Return when the server answers. Raises CannotRunError, with its log, when it ends or takes over a minute."""
    deadline = time.monotonic() + 60
    while subprocess.run((programs / "pg_isready", "-q", "-h", folder), check=False).returncode:
        if server.poll() is not None or time.monotonic() > deadline:
            raise CannotRunError(f"PostgreSQL did not start:\n{(folder / 'log').read_text()}")
        time.sleep(0.1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
