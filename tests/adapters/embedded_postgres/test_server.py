"""The embedded PostgreSQL: what it keeps, whom it lets in, and how it comes back."""

import asyncio
import os
import pwd
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg
import pytest

from app.adapters.database.logins import as_role, at_database
from app.adapters.embedded_postgres import postmaster
from app.adapters.embedded_postgres.cluster import EmbeddedPostgresError, binaries
from app.adapters.embedded_postgres.process import (
    Account,
    NoOwnAccount,
    ordinary_account,
    signal_at_parent_death,
)
from app.adapters.embedded_postgres.server import EmbeddedPostgres, running_urls

HOLD = """
import sys, time
from pathlib import Path
from app.adapters.embedded_postgres.server import EmbeddedPostgres
EmbeddedPostgres(Path(sys.argv[1])).start()
print("up", flush=True)
time.sleep(600)
"""

Ask = Callable[[str, str], object]


@pytest.fixture(scope="module")
def ask() -> Iterator[Ask]:
    """Sends one statement to the database at a URL and gives its first value."""

    async def value(url: str, statement: str) -> object:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    with ThreadPoolExecutor(1) as apart:
        yield lambda url, statement: apart.submit(asyncio.run, value(url, statement)).result()


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """The data folder of `postgres`."""
    with TemporaryDirectory() as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def postgres(home: Path) -> Iterator[EmbeddedPostgres]:
    """A server that several tests look at."""
    with EmbeddedPostgres(home) as embedded:
        yield embedded


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that has started the server in `tmp_path`."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        yield process
        process.kill()
    with EmbeddedPostgres(tmp_path):  # clears up after it
        pass


def test_each_role_logs_in_as_itself_and_owns_no_more_than_its_part(
    postgres: EmbeddedPostgres, ask: Ask
) -> None:
    urls = postgres.urls
    for url, role in (
        (urls.owner, "tsunagu_owner"),
        (urls.api, "tsunagu_api"),
        (urls.worker, "tsunagu_worker"),
    ):
        assert ask(url, "SELECT current_user") == role
        powers = "SELECT rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb FROM pg_roles"
        assert ask(url, f"{powers} WHERE rolname = current_user") is False
    assert ask(urls.owner, "SELECT has_schema_privilege('public', 'CREATE')") is True
    assert ask(urls.api, "SELECT has_schema_privilege('public', 'CREATE')") is False
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        ask(at_database(urls.api, "tsunagu"), "CREATE TABLE mine ()")


def test_nobody_enters_without_the_password(postgres: EmbeddedPostgres, ask: Ask) -> None:
    url = postgres.urls.api
    password = url.split(":")[2].split("@")[0]
    with pytest.raises(asyncpg.InvalidPasswordError):
        ask(url.replace(password, "guessed"), "SELECT 1")
    with pytest.raises(asyncpg.InvalidPasswordError):
        ask(postgres.admin_url.split(":")[0] + "://postgres@/postgres?" + url.split("?")[1], "")


def test_access_is_by_password_over_a_closed_socket_only(
    postgres: EmbeddedPostgres, home: Path, ask: Ask
) -> None:
    access = (home / "postgres" / "data" / "pg_hba.conf").read_text()
    methods = [line.split()[-1] for line in access.splitlines() if line[:1].isalpha()]
    assert set(methods) == {"scram-sha-256"}
    assert ask(postgres.admin_url, "SHOW listen_addresses") == ""
    sockets = ask(postgres.admin_url, "SHOW unix_socket_directories")
    assert Path(str(sockets)).stat().st_mode & 0o077 == 0
    assert (home / "postgres" / "passwords.json").stat().st_mode & 0o777 == 0o600


def test_what_was_written_is_there_at_the_second_start(tmp_path: Path, ask: Ask) -> None:
    with EmbeddedPostgres(tmp_path) as first:
        ask(first.urls.owner, "CREATE TABLE kept AS SELECT 7 AS seven")
    with EmbeddedPostgres(tmp_path) as second:
        assert ask(second.urls.owner, "SELECT seven FROM kept") == 7


def test_stopping_leaves_no_process_and_no_socket(tmp_path: Path, ask: Ask) -> None:
    with EmbeddedPostgres(tmp_path) as embedded:
        sockets = Path(str(ask(embedded.admin_url, "SHOW unix_socket_directories")))
    assert not postmaster.is_running(tmp_path / "postgres" / "data")
    assert not sockets.exists()
    assert running_urls(tmp_path) is None


def test_a_killed_server_is_revived_at_the_same_address(tmp_path: Path, ask: Ask) -> None:
    with EmbeddedPostgres(tmp_path) as embedded:
        urls = embedded.urls
        ask(urls.owner, "CREATE TABLE kept AS SELECT 7 AS seven")
        _kill_server(embedded)
        assert embedded.revive()
        assert ask(urls.owner, "SELECT seven FROM kept") == 7
        assert not embedded.revive()


def test_a_killed_server_comes_back_at_the_next_start(tmp_path: Path, ask: Ask) -> None:
    first = EmbeddedPostgres(tmp_path)
    ask(first.start().owner, "CREATE TABLE kept AS SELECT 7 AS seven")
    _kill_server(first)
    first.stop()
    with EmbeddedPostgres(tmp_path) as second:
        assert ask(second.urls.owner, "SELECT seven FROM kept") == 7


def test_a_killed_parent_takes_the_server_along_and_the_next_start_works(
    holder: subprocess.Popen[str], tmp_path: Path, ask: Ask
) -> None:
    urls = running_urls(tmp_path)
    assert urls is not None
    ask(urls.owner, "CREATE TABLE kept AS SELECT 7 AS seven")
    left = Path((tmp_path / "postgres/sockets").read_text())
    holder.kill()
    holder.wait()
    with EmbeddedPostgres(tmp_path) as embedded:
        assert ask(embedded.urls.owner, "SELECT seven FROM kept") == 7
    assert not left.exists()


def test_parent_and_server_killed_together_leave_nothing_in_the_way(
    holder: subprocess.Popen[str], tmp_path: Path, ask: Ask
) -> None:
    server = int((tmp_path / "postgres/data/postmaster.pid").read_text().split()[0])
    left = Path((tmp_path / "postgres/sockets").read_text())
    os.kill(server, signal.SIGKILL)
    holder.kill()
    holder.wait()
    with EmbeddedPostgres(tmp_path) as embedded:
        assert ask(embedded.urls.api, "SELECT 1") == 1
    assert not left.exists()


def test_a_server_that_outlived_its_parent_is_stopped_first(tmp_path: Path, ask: Ask) -> None:
    EmbeddedPostgres(tmp_path).__enter__().stop()
    data = tmp_path / "postgres" / "data"
    server = str(binaries() / "postgres")
    with subprocess.Popen(
        [server, "-D", str(data), "-c", "listen_addresses=", "-k", str(data)],
        stderr=subprocess.DEVNULL,
        preexec_fn=signal_at_parent_death(account=ordinary_account(binaries(), tmp_path)),
    ) as stray:
        while not postmaster.is_ready(data, stray.pid):
            assert stray.poll() is None
        with EmbeddedPostgres(tmp_path) as embedded:
            assert ask(embedded.urls.api, "SELECT 1") == 1
            assert stray.poll() == 0


def test_a_process_id_that_went_to_somebody_else_is_no_obstacle(tmp_path: Path, ask: Ask) -> None:
    with EmbeddedPostgres(tmp_path):
        file = tmp_path / "postgres/data/postmaster.pid"
        noted = file.read_text().splitlines()
    # The server's own user: PostgreSQL knows that another user's process is no server of its.
    account = ordinary_account(binaries(), tmp_path)
    with subprocess.Popen(
        ["/bin/sleep", "600"], preexec_fn=signal_at_parent_death(account=account)
    ) as somebody:
        file.write_text("\n".join([str(somebody.pid), *noted[1:]]) + "\n")
        try:
            with EmbeddedPostgres(tmp_path) as embedded:
                assert ask(embedded.urls.api, "SELECT 1") == 1
            assert somebody.poll() is None
        finally:
            somebody.kill()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts it as another user")
def test_for_root_the_files_belong_to_an_account_of_its_own_and_stay_with_it(
    tmp_path: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    by_name, own = pwd.getpwnam, pwd.getpwnam("daemon")
    accounts = {"tsunagu": own}
    monkeypatch.setattr(pwd, "getpwnam", lambda name: accounts.get(name) or by_name(name))
    data = tmp_path / "postgres" / "data"
    for _ in range(2):
        with EmbeddedPostgres(tmp_path) as embedded:
            assert ask(embedded.urls.api, "SELECT 1") == 1
        assert data.stat().st_uid == own.pw_uid
        accounts.clear()  # a cluster that is there keeps its owner
    assert caplog.messages == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts it as another user")
def test_for_root_an_account_is_made_and_none_of_others_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the machine's programs only `useradd` is stood in for: it must not change this machine."""
    by_name, made = pwd.getpwnam, tmp_path / "made"

    def known(name: str) -> pwd.struct_passwd:
        if name == "tsunagu" and not made.exists():
            raise KeyError(name)
        return by_name("daemon" if name == "tsunagu" else name)

    monkeypatch.setattr(pwd, "getpwnam", known)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoOwnAccount, match=r"useradd --system .* tsunagu"):
        ordinary_account(tmp_path)
    useradd = tmp_path / "useradd"
    useradd.write_text(f'#!/bin/sh\necho "$@" > {made}\n')
    useradd.chmod(0o700)
    account = ordinary_account(tmp_path)
    assert account is not None
    assert account.uid == by_name("daemon").pw_uid
    assert made.read_text().split()[-1] == "tsunagu"


def test_a_second_start_on_the_same_folder_is_refused_in_words(
    postgres: EmbeddedPostgres, home: Path, ask: Ask
) -> None:
    with pytest.raises(EmbeddedPostgresError, match="in use by another Tsunagu"):
        EmbeddedPostgres(home).start()
    assert ask(postgres.urls.api, "SELECT 1") == 1


def test_a_first_start_that_was_cut_off_is_done_again(tmp_path: Path, ask: Ask) -> None:
    half = tmp_path / "postgres.new" / "data"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    with EmbeddedPostgres(tmp_path) as embedded:
        assert ask(embedded.urls.api, "SELECT 1") == 1


def test_a_deep_folder_gets_its_socket_somewhere_short(tmp_path: Path, ask: Ask) -> None:
    with EmbeddedPostgres(tmp_path / ("deep" * 20) / ("deeper" * 20)) as embedded:
        assert ask(embedded.urls.api, "SELECT 1") == 1


def test_the_log_of_the_server_repeats_nothing_that_was_sent(
    postgres: EmbeddedPostgres, home: Path, ask: Ask
) -> None:
    ask(postgres.urls.owner, "CREATE TABLE name (name text PRIMARY KEY)")
    for _ in range(2):
        with suppress(asyncpg.UniqueViolationError):
            ask(postgres.urls.owner, "INSERT INTO name VALUES ('山田太郎')")
    text = (home / "postgres" / "server.log").read_text()
    assert "duplicate key" in text
    assert "山田太郎" not in text


def test_an_owner_without_further_logins_takes_on_a_role(
    postgres: EmbeddedPostgres, ask: Ask
) -> None:
    url = as_role(at_database(postgres.admin_url, "tsunagu"), "tsunagu_api")
    assert ask(url, "SELECT current_user") == "tsunagu_api"


@pytest.mark.parametrize(("mode", "reached"), [(0o700, False), (0o711, True), (0o755, True)])
def test_an_ordinary_user_reaches_what_is_open_to_it(mode: int, reached: bool) -> None:
    with TemporaryDirectory() as folder:
        Path(folder).chmod(mode)
        assert Account(uid=54321, gid=54321).reaches(Path(folder)) is reached


def _kill_server(postgres: EmbeddedPostgres) -> None:
    assert postgres.pid is not None
    os.kill(postgres.pid, signal.SIGKILL)
    while postgres.pid is not None:
        pass
