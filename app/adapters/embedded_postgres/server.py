"""A PostgreSQL server in the data folder that starts and stops with this process."""

import fcntl
import os
import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlencode

from app.adapters.database.logins import ADMIN, API, OWNER, WORKER, Urls
from app.adapters.embedded_postgres import postmaster
from app.adapters.embedded_postgres.cluster import (
    DATABASE,
    EmbeddedPostgresError,
    binaries,
    grant_rights,
    make_cluster,
    read_passwords,
)
from app.adapters.embedded_postgres.process import (
    Account,
    closed_folder_mode,
    ordinary_account,
    signal_at_parent_death,
)

LONGEST_RECOVERY = 300.0
"""Seconds to wait for a start: replaying the log after a crash may take minutes."""
LONGEST_STOP = 30.0
"""Seconds to wait for a fast shutdown before it is made an immediate one."""
PAUSE = 0.01
LARGEST_LOG = 10 * 2**20

CONFIGURATION = {
    "listen_addresses": "",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "jit": "off",  # our queries are short: compiling them costs more than it saves
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "wal_recycle": "off",  # a recycled segment holds wrapped keys that were erased
    # A statement, a parameter or a DETAIL line can hold what somebody has sent.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}


class EmbeddedPostgres:
    """PostgreSQL in `<data_dir>/postgres`, used by one process tree at a time.

    Start it from a thread that lives as long as it should: it stops when that thread ends,
    so that a killed parent leaves no server behind.
    """

    def __init__(self, data_dir: Path, patience: float = 0.0) -> None:
        """`patience`: seconds to wait for another server on the same folder that is stopping."""
        self._data_dir = data_dir.resolve()
        self._patience = patience
        self._home = self._data_dir / "postgres"
        self._data = self._home / "data"
        self._lock: int | None = None
        self._account: Account | None = None
        self._sockets: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> Urls:
        """Start the server, also after a crash; makes the cluster if there is none.

        Raises:
            EmbeddedPostgresError: the folder is in use by another start, or PostgreSQL
                does not come up; the text says why.
        """
        self._data_dir.mkdir(parents=True, exist_ok=True, mode=closed_folder_mode())
        self._take_lock()
        try:
            self._account = ordinary_account(binaries(), self._data_dir)
            if not self._home.exists():
                make_cluster(self._home, self._account)
            self._clear_leftovers()
            grant_rights(self._home, self._account)
            self._sockets = self._make_socket_folder()
            self._launch()
        except BaseException:
            self.stop()
            raise
        return self.urls

    @property
    def urls(self) -> Urls:
        """The logins of the running server."""
        if self._sockets is None:
            raise EmbeddedPostgresError("The embedded PostgreSQL is not running.")
        return _urls(self._home, self._sockets)

    @property
    def admin_url(self) -> str:
        """The login of the administrator, which no part of the service uses."""
        if self._sockets is None:
            raise EmbeddedPostgresError("The embedded PostgreSQL is not running.")
        return _url(ADMIN, read_passwords(self._home).admin, self._sockets)

    @property
    def pid(self) -> int | None:
        """The process id of the server, None when it is not running."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def revive(self) -> bool:
        """Start the server again, at the same address, if it has died; whether it had died."""
        if self._sockets is None or self.pid is not None:
            return False
        self._clear_leftovers()
        self._launch()
        return True

    def stop(self) -> None:
        """A fast shutdown: sessions are ended, everything committed is on disk."""
        process, self._process = self._process, None
        if process is not None:
            for how in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
                process.send_signal(how)
                try:
                    process.wait(LONGEST_STOP)
                    break
                except subprocess.TimeoutExpired:
                    continue
        if self._sockets is not None:
            postmaster.remove_socket_folder(self._sockets)
            self._sockets = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _take_lock(self) -> None:
        # The open file holds the lock, so the lock ends with this process, however that ends.
        lock = os.open(self._data_dir / "postgres.lock", os.O_RDWR | os.O_CREAT, 0o600)
        deadline = time.monotonic() + self._patience
        while not _try_lock(lock):
            if time.monotonic() > deadline:
                os.close(lock)
                raise EmbeddedPostgresError(
                    f"The data folder {self._data_dir} is in use by another Tsunagu that is"
                    " running. Stop that one, or set TSUNAGU_DATA_DIR to another folder."
                )
            time.sleep(PAUSE)
        self._lock = lock

    def _clear_leftovers(self) -> None:
        """End processes that a killed run left behind. They are nobody else's: we hold the lock."""
        if not postmaster.end_all(self._data, LONGEST_STOP):
            raise EmbeddedPostgresError(f"An old server on {self._data} does not end.")
        postmaster.make_pid_file_stale(self._data)

    def _make_socket_folder(self) -> Path:
        postmaster.remove_socket_folder(_last_socket_folder(self._home))
        folder = postmaster.socket_folder(self._account)
        (self._home / "sockets").write_text(str(folder))
        return folder

    def _launch(self) -> None:
        options = {**CONFIGURATION, "unix_socket_directories": str(self._sockets)}
        log = self._home / "server.log"
        if log.exists() and log.stat().st_size > LARGEST_LOG:
            log.replace(log.with_suffix(".log.1"))
        with open(log, "ab") as output:
            self._process = subprocess.Popen(
                [
                    str(binaries() / "postgres"),
                    *("-D", str(self._data)),
                    *(
                        part
                        for name, value in options.items()
                        for part in ("-c", f"{name}={value}")
                    ),
                ],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd="/",
                env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
                start_new_session=True,  # Ctrl-C is for us: the server is to stop last
                preexec_fn=signal_at_parent_death(signal.SIGINT, self._account),
            )
        self._await_ready()

    def _await_ready(self) -> None:
        deadline = time.monotonic() + LONGEST_RECOVERY
        while time.monotonic() < deadline:
            pid = self.pid
            if pid is None:
                break
            if postmaster.is_ready(self._data, pid):
                return
            time.sleep(PAUSE)
        last = (self._home / "server.log").read_text(errors="replace").splitlines()[-3:]
        raise EmbeddedPostgresError("PostgreSQL did not start:\n" + "\n".join(last))


def running_urls(data_dir: Path) -> Urls | None:
    """The logins of the server that another process runs on `data_dir`; None when none does."""
    home = data_dir.resolve() / "postgres"
    sockets = _last_socket_folder(home)
    if sockets is None or not postmaster.is_running(home / "data"):
        return None
    return _urls(home, sockets)


def running_administrator(data_dir: Path) -> str | None:
    """The administrator's login of the server that runs on `data_dir`; None when none does."""
    home = data_dir.resolve() / "postgres"
    sockets = _last_socket_folder(home)
    if sockets is None or not postmaster.is_running(home / "data"):
        return None
    return _url(ADMIN, read_passwords(home).admin, sockets)


def _try_lock(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _last_socket_folder(home: Path) -> Path | None:
    """The folder of the socket that the running, or the last, server listens on."""
    file = home / "sockets"
    return Path(file.read_text()) if file.exists() else None


def _urls(home: Path, sockets: Path) -> Urls:
    passwords = read_passwords(home)
    return Urls(
        owner=_url(OWNER, passwords.owner, sockets),
        api=_url(API, passwords.api, sockets),
        worker=_url(WORKER, passwords.worker, sockets),
    )


def _url(role: str, password: str, sockets: Path) -> str:
    place = urlencode({"host": str(sockets), "port": 5432})
    return f"postgresql://{role}:{password}@/{DATABASE}?{place}"
