"""The process id file, the processes and the socket folder of a PostgreSQL server."""

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from app.adapters.embedded_postgres.process import Account

LONGEST_SOCKET_FOLDER = 107 - len("/.s.PGSQL.5432")
"""Bytes. A socket's path holds 107 of them on Linux."""
SOCKET_FOLDER_PREFIX = "tsunagu-"
PAUSE = 0.01


def is_ready(data: Path, pid: int) -> bool:
    """Whether the server with this process id takes connections, as its pid file says.

    The file may still be that of an earlier server.
    """
    lines = _pid_file_lines(data)
    return len(lines) > 7 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"


def is_running(data: Path) -> bool:
    """Whether any process of a server works on `data`."""
    return any(True for _ in _processes_on(data))


def end_all(data: Path, patience: float) -> bool:
    """End every server process on `data`, and say whether none is left.

    Args:
        data: the data folder; whoever calls must hold its lock.
        patience: seconds to wait, first for a fast shutdown, then for a kill.
    """
    return any(_end(data, how, patience) for how in (signal.SIGINT, signal.SIGKILL))


def make_pid_file_stale(data: Path) -> None:
    """Make PostgreSQL treat the process id file as stale.

    After a crash the id in it may belong to an unrelated process, and PostgreSQL would never
    start again. It ignores the id of its own parent, so that one is written here. The file
    itself has to stay: from its line about shared memory PostgreSQL knows that sessions of the
    old server are still running.
    """
    lines = _pid_file_lines(data)
    if lines:
        (data / "postmaster.pid").write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")


def socket_folder(account: Account | None) -> Path:
    """A fresh folder with a short path, closed to other users."""
    runtime = os.environ.get("XDG_RUNTIME_DIR") if account is None else None
    for base in filter(None, (runtime, tempfile.gettempdir())):
        if _suits(Path(base), account):
            break
    else:
        base = "/tmp"  # noqa: S108 - a fresh folder of an unguessable name is made inside
    folder = Path(tempfile.mkdtemp(prefix=SOCKET_FOLDER_PREFIX, dir=base))
    if account is not None:
        os.chown(folder, account.uid, account.gid)
    return folder


def remove_socket_folder(folder: Path | None) -> None:
    """Remove a folder that `socket_folder` made; any other is left alone."""
    if folder is not None and folder.name.startswith(SOCKET_FOLDER_PREFIX):
        shutil.rmtree(folder, ignore_errors=True)


def _suits(base: Path, account: Account | None) -> bool:
    inside = base / (SOCKET_FOLDER_PREFIX + "12345678")
    short = len(os.fsencode(inside)) <= LONGEST_SOCKET_FOLDER
    reachable = account is None or account.reaches(base)
    return short and reachable and os.access(base, os.W_OK | os.X_OK)


def _pid_file_lines(data: Path) -> list[str]:
    try:
        return (data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return []


def _processes_on(data: Path) -> Iterator[int]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and _works_on(entry, data):
            yield int(entry.name)


def _works_on(process: Path, data: Path) -> bool:
    """Every process of a server has the data folder as its working folder.

    Where that may not be read (root without ptrace, in containers) the server is known by
    its command line, and its children end with it.
    """
    try:
        words = (process / "cmdline").read_bytes().split(b"\0")
        if b"-D" in words and os.fsencode(data) in words:
            return True
        return (process / "cwd").readlink() == data
    except OSError:  # gone meanwhile, or not ours to look at
        return False


def _end(data: Path, how: signal.Signals, patience: float) -> bool:
    deadline = time.monotonic() + patience
    for pid in _processes_on(data):
        _send(pid, how)
    while is_running(data):
        if time.monotonic() > deadline:
            return False
        time.sleep(PAUSE)
    return True


def _send(pid: int, how: signal.Signals) -> None:
    try:
        os.kill(pid, how)
    except ProcessLookupError:
        return
