"""Keeps child processes running until we are told to stop, and then stops them all."""

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

from app.adapters.embedded_postgres.process import dying_with_parent

log = logging.getLogger("tsunagu")

LOOK = 0.1
"""Seconds between two looks at the children."""
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
"""Seconds before a child that ended is started again; doubled each time."""
STEADY = 30.0
"""Seconds after which a child counts as running well, and its pause is short again."""


@dataclass
class Child:
    """A `tsunagu` command in a process of its own, started again whenever it ends."""

    name: str
    command: Sequence[str]
    environment: dict[str, str] = field(default_factory=dict)
    files: tuple[int, ...] = ()
    ends: int = 0
    """How often it has ended by itself since it last ran well."""
    _process: subprocess.Popen[bytes] | None = None
    _changed_at: float = 0.0
    _pause: float = 0.0

    def start(self) -> None:
        """Start it. Killing us kills it too."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "app.cli", *self.command],
            env={**os.environ, **self.environment},
            pass_fds=self.files,
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for us: the order of stopping is ours
            preexec_fn=dying_with_parent(),
        )
        self._changed_at = time.monotonic()

    def look(self) -> None:
        """Start it again if it has ended and its pause is over."""
        now = time.monotonic()
        if self._process is None:
            if now >= self._changed_at + self._pause:
                self.start()
        elif self._process.poll() is not None:
            self._ended(now, self._process.returncode)
        elif now > self._changed_at + STEADY:
            self.ends, self._pause = 0, 0.0

    def _ended(self, now: float, code: int) -> None:
        self.ends += 1
        self._pause = min(max(2 * self._pause, FIRST_PAUSE), LONGEST_PAUSE)
        log.warning("%s ended (%d); starting it again in %.1f s", self.name, code, self._pause)
        self._process, self._changed_at = None, now

    def tell_to_stop(self) -> None:
        """Ask it to stop; `wait` sees to it."""
        if self._process is not None:
            self._process.terminate()

    def wait(self, patience: float) -> None:
        """Wait until it has ended; after `patience` seconds it is killed."""
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
    """Start `children`, and stop them at the end, all within `patience` seconds."""
    try:
        for child in children:
            child.start()
        yield
    finally:
        for child in children:
            child.tell_to_stop()
        deadline = time.monotonic() + patience
        for child in children:
            child.wait(max(0.0, deadline - time.monotonic()))


def supervise(children: Sequence[Child], beside: Callable[[], object] = lambda: None) -> None:
    """Keep `children` running for ever, calling `beside` at each look; ends by an exception."""
    while True:
        time.sleep(LOOK)
        beside()
        for child in children:
            child.look()


class Stopped(BaseException):
    """We were told to stop, by Ctrl-C or a signal; raised wherever the main thread is."""


@contextmanager
def until_told_to_stop() -> Iterator[None]:
    """Ctrl-C, SIGTERM and a closed terminal end the block, after its clearing up.

    A second signal does not disturb the clearing up.
    """
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def stop(_number: int, _frame: FrameType | None) -> None:
        for each in signals:
            signal.signal(each, signal.SIG_IGN)
        raise Stopped

    before = [signal.signal(each, stop) for each in signals]
    try:
        yield
    except Stopped:
        pass
    finally:
        for each, handler in zip(signals, before, strict=True):
            signal.signal(each, handler)
