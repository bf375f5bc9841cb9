"""Keeps child processes running until this process is asked to stop, then stops them all."""

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

from app.adapters.embedded_postgres.process import signal_at_parent_death

log = logging.getLogger("tsunagu")

CHECK_EVERY = 0.1
"""Seconds between two checks of the children."""
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
"""Seconds before a child that exited is started again; doubled each time."""
STEADY = 30.0
"""Seconds after which a child counts as stable, and its pause is reset."""


@dataclass
class Child:
    """A `tsunagu` command in a process of its own, started again whenever it exits."""

    name: str
    command: Sequence[str]
    environment: dict[str, str] = field(default_factory=dict)
    files: tuple[int, ...] = ()
    exits: int = 0
    """How often it has exited by itself since it was last stable."""
    _process: subprocess.Popen[bytes] | None = None
    _changed_at: float = 0.0
    _pause: float = 0.0

    def start(self) -> None:
        """Start it. It is killed when this process dies."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tsunagu", *self.command],
            env={**os.environ, **self.environment},
            pass_fds=self.files,
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C reaches only this process, which stops them in order
            preexec_fn=signal_at_parent_death(),
        )
        self._changed_at = time.monotonic()

    def check(self) -> None:
        """Start it again if it has exited and its pause is over."""
        now = time.monotonic()
        if self._process is None:
            if now >= self._changed_at + self._pause:
                self.start()
        elif self._process.poll() is not None:
            self._schedule_restart(now, self._process.returncode)
        elif now > self._changed_at + STEADY:
            self.exits, self._pause = 0, 0.0

    def _schedule_restart(self, now: float, code: int) -> None:
        self.exits += 1
        self._pause = min(max(2 * self._pause, FIRST_PAUSE), LONGEST_PAUSE)
        log.warning("%s ended (%d); starting it again in %.1f s", self.name, code, self._pause)
        self._process, self._changed_at = None, now

    def ask_to_stop(self) -> None:
        """Send SIGTERM; `wait` waits for the exit."""
        if self._process is not None:
            self._process.terminate()

    def wait(self, patience: float) -> None:
        """Wait until it has exited; after `patience` seconds kill it."""
        process, self._process = self._process, None
        if process is None:
            return
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def running(children: Sequence[Child], patience: float) -> Iterator[None]:
    """Start `children`, and at the end of the block stop them, all within `patience` seconds."""
    try:
        for child in children:
            child.start()
        yield
    finally:
        for child in children:
            child.ask_to_stop()
        deadline = time.monotonic() + patience
        for child in children:
            child.wait(max(0.0, deadline - time.monotonic()))


def supervise(children: Sequence[Child], also: Callable[[], object] = lambda: None) -> None:
    """Keep `children` running for ever, calling `also` at each check; ends by an exception."""
    while True:
        time.sleep(CHECK_EVERY)
        also()
        for child in children:
            child.check()


class StopRequested(BaseException):
    """This process was asked to stop, by Ctrl-C or a signal. Raised in the main thread."""


@contextmanager
def stop_on_signal() -> Iterator[None]:
    """End the block on Ctrl-C, SIGTERM or a closed terminal; its `finally` clauses are run.

    A second signal is ignored, so that it does not interrupt them.
    """
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def stop(_number: int, _frame: FrameType | None) -> None:
        for each in signals:
            signal.signal(each, signal.SIG_IGN)
        raise StopRequested

    handlers = [signal.signal(each, stop) for each in signals]
    try:
        yield
    except StopRequested:
        pass
    finally:
        for each, handler in zip(signals, handlers, strict=True):
            signal.signal(each, handler)
