"""`tsunagu run` as a tree of real processes: how it comes up, how it ends, what it survives."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import pytest

PATIENCE = 60.0
"""Seconds to wait for something that must happen; the machine may be busy."""


class Running:
    """A `tsunagu run` on a data folder and a free port. The constructor waits until it runs."""

    def __init__(self, data_dir: Path, *options: str, port: int = 0) -> None:
        self.data_dir = data_dir
        environment = {k: v for k, v in os.environ.items() if not k.startswith("TSUNAGU_")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "run", *options],
            env=environment
            | {"TSUNAGU_DATA_DIR": str(data_dir), "TSUNAGU_PORT": str(port)}
            | {"TSUNAGU_SHUTDOWN_GRACE": "PT1S"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.output = ""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.output += line
            if line.startswith("Ctrl-C"):
                break

    @property
    def port(self) -> int:
        match = re.search(r"listens on http://127\.0\.0\.1:(\d+)", self.output)
        assert match is not None
        return int(match[1])

    def child(self, command: str) -> int:
        """The process id of the child that runs `tsunagu <command>`."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return next(
            int(pid)
            for pid in children.read_text().split()
            if command in Path(f"/proc/{pid}/cmdline").read_text().split("\0")
        )

    @property
    def postgres(self) -> int:
        return int((self.data_dir / "postgres/data/postmaster.pid").read_text().split()[0])

    @property
    def everything(self) -> list[int]:
        return [self.child("serve"), self.child("worker"), self.postgres]

    def answers(self) -> bool:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Send `how`, and give the exit code."""
        self.process.send_signal(how)
        _out, self.errors = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Starts `tsunagu run`, on the same folder each time; ends what is still running."""
    started: list[Running] = []

    def run(*options: str, port: int = 0) -> Running:
        started.append(Running(tmp_path / "data", *options, port=port))
        return started[-1]

    yield run
    for each in started:
        if each.process.poll() is None:
            each.end()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One that stays up for several tests."""
    running = Running(tmp_path_factory.mktemp("run") / "data")
    yield running
    running.end()


def test_it_says_where_it_listens_and_where_the_docs_are(running: Running) -> None:
    assert f"http://127.0.0.1:{running.port}/docs" in running.output
    assert running.answers()


def test_the_demo_clients_are_one_of_each_kind_in_two_prefectures(running: Running) -> None:
    path = running.data_dir / "demo-clients.json"
    clients = json.loads(path.read_text())
    kinds = sorted(client["kind"] for client in clients)
    assert kinds == sorted(2 * [*{*kinds}])
    assert {client["agency_id"] for client in clients} >= {"center-13", "center-27"}
    assert {"settlement_center", "probation_office", "prison", "prefecture"} <= {*kinds}
    assert path.stat().st_mode & 0o777 == 0o600
    for client in clients:
        assert client["client_id"] in running.output
        assert client["secret"] not in running.output
        assert all({"id", "role"} == set(seat) for seat in client["seats"])


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")
def test_the_curl_line_works_as_it_is(running: Running) -> None:
    line = next(line for line in running.output.splitlines() if line.strip().startswith("curl"))
    answer = subprocess.run(["/bin/sh", "-c", line], capture_output=True, text=True, check=True)
    assert json.loads(answer.stdout)["client_id"] == "center-13.system"


@pytest.mark.parametrize("part", ["serve", "worker", "postgres"])
def test_a_killed_part_is_started_again(running: Running, part: str) -> None:
    def pid() -> int:
        return running.postgres if part == "postgres" else running.child(part)

    old_pid = pid()
    os.kill(old_pid, signal.SIGKILL)
    _await(lambda: _is_gone(old_pid) and _or_none(pid) not in (None, old_pid))
    _await(running.answers)


def test_a_taken_port_is_refused_in_words(running: Running, start: Callable[..., Running]) -> None:
    second = start(port=running.port)
    assert second.end() == 1
    assert f"Cannot listen on 127.0.0.1 port {running.port}" in second.errors
    assert "Traceback" not in second.errors


def test_a_taken_folder_is_refused_in_words(running: Running) -> None:
    second = Running(running.data_dir)
    assert second.end() == 1
    assert "in use by another Tsunagu" in second.errors
    assert "Traceback" not in second.errors


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_being_told_to_stop_ends_everything(
    start: Callable[..., Running], how: signal.Signals
) -> None:
    running = start()
    everything = running.everything
    assert running.end(how) == 0
    assert [pid for pid in everything if not _is_gone(pid)] == []
    assert "Traceback" not in running.errors


def test_killing_it_leaves_no_part_behind_and_the_next_start_has_everything(
    start: Callable[..., Running],
) -> None:
    first = start()
    everything, clients = first.everything, (first.data_dir / "demo-clients.json").read_text()
    first.end(signal.SIGKILL)
    _await(lambda: all(map(_is_gone, everything)))
    second = start()
    assert second.answers()
    assert (second.data_dir / "demo-clients.json").read_text() == clients


def test_it_can_be_bound_to_the_process_that_started_it(tmp_path: Path) -> None:
    script = f"{sys.executable} -m app.cli run --until-parent-ends & echo $!; wait"
    environment = os.environ | {"TSUNAGU_DATA_DIR": str(tmp_path), "TSUNAGU_PORT": "0"}
    with subprocess.Popen(
        ["/bin/sh", "-c", script], env=environment, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        for line in parent.stdout:
            if line.startswith("Ctrl-C"):
                break
        parent.kill()
    _await(lambda: _is_gone(pid))


def _is_gone(pid: int) -> bool:
    """Whether it has ended; one that nobody has asked about yet (a zombie) has."""
    try:
        return ") Z " in Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True


def _or_none(pid: Callable[[], int]) -> int | None:
    try:
        return pid()
    except (StopIteration, OSError, IndexError):
        return None


def _await(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)
