"""One sample: keep the service busy for some seconds, and see what it took."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from bench.cpu import Reading, wait_until_quiet
from bench.load import Load
from bench.place import Api, Place

Sample = dict[str, float]

# Statistics of a backend come at most once a second, at the beginning of a sample and at its end
# alike: over a sample the delay cancels out.
FSYNCS = "SELECT coalesce(sum(fsyncs), 0) FROM pg_stat_io WHERE object = 'wal'"
SEALING = "SELECT pid FROM pg_stat_activity WHERE application_name = 'tsunagu worker'"
LOOK = 0.05


class Refused(Exception):
    """The service did not take a request that it has to take."""


@dataclass(frozen=True)
class Terms:
    """How thoroughly to measure."""

    warm_up: float
    """Seconds."""
    seconds: float
    most_foreign: float
    """Processors that others may use when a sample begins."""
    patience: float
    """Seconds to wait for that; 0 begins at once, whoever is busy."""


@dataclass(frozen=True)
class Moment:
    """What has been used when a sample begins or ends."""

    cpu: Reading
    fsyncs: int


@dataclass(frozen=True)
class Sampler:
    """Takes samples in a place."""

    place: Place
    terms: Terms
    worker: int
    """The process id of the worker, which seals the log of what is measured."""
    settled: Callable[[], bool]
    """Whether the worker has nothing left to do of an earlier sample."""

    def load(self, api: Api, connections: int, requests: list[str]) -> Sample:
        """Keep `api` busy with `requests`, over and over.

        Raises:
            Refused: one of them was not taken.
        """
        self.quiet()
        load = Load(api.port, connections, self.terms.warm_up, self.terms.seconds, requests)
        moments: list[Moment] = []
        found = child("bench.load", asdict(load), lambda: moments.append(self.moment(api)))
        if found["refused"] or not found["count"]:
            raise Refused(f"{api.name}: {found['refused']} refused, {found['first_refusal']}")
        before, after = moments
        rate = found["count"] / found["seconds"]
        return {
            "per_second": rate,
            "p50_ms": found["p50"],
            "p99_ms": found["p99"],
            "client_us": found["client_cpu"] / found["count"] * 1e6,
            # CPU is read around the measured time: a little longer, with a little more answered.
            **between(before, after, lambda seconds: rate * seconds),
        }

    def quiet(self) -> None:
        """Wait until the worker has caught up and nobody else is busy."""
        if not self.terms.patience:
            return
        while not self.settled():
            time.sleep(LOOK)
        wait_until_quiet(self.terms.most_foreign, self.terms.patience)

    def moment(self, api: Api | None = None) -> Moment:
        """What has been used by now."""
        processes = {"postgres": [self.place.server], "worker": [self.worker]}
        processes["sealing"] = self.place.admin.column(SEALING)
        if api is not None:
            processes["server"] = [api.process.pid]
        return Moment(Reading.now(processes), int(self.place.admin.value(FSYNCS)))


def between(before: Moment, after: Moment, done: Callable[[float], float]) -> Sample:
    """What was used for each of the requests, of which `done(seconds)` were answered."""
    used, foreign = before.cpu.until(after.cpu)
    used["postgres"] -= used["sealing"]
    count = done(after.cpu.at - before.cpu.at)
    return {
        **{f"{name}_us": seconds / count * 1e6 for name, seconds in used.items()},
        "fsyncs": (after.fsyncs - before.fsyncs) / count,
        "foreign_cpu": foreign,
    }


def child(
    module: str, work: Mapping[str, Any], mark: Callable[[], None] = lambda: None
) -> dict[str, Any]:
    """What a module of ours found, run as a process; `mark` at each word that it says before."""
    process = subprocess.Popen(
        [sys.executable, "-m", module], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        json.dump(work, process.stdin)
        process.stdin.close()
        for line in process.stdout:
            if line.startswith("{"):
                return dict(json.loads(line))
            mark()
    raise Refused(f"{module} ended without a word")
