"""One sample: keep the service busy for some seconds, and measure what it used."""

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


class RequestRefused(Exception):
    """The service refused a request that it has to accept."""


class NothingAnswered(Exception):
    """The service refused nothing, but was too slow to answer a single request."""


@dataclass(frozen=True)
class Terms:
    """How thoroughly to measure."""

    warm_up: float
    """Seconds."""
    seconds: float
    most_foreign: float
    """Processors that other programs may use when a sample begins."""
    patience: float
    """Seconds to wait for that; with 0 a sample begins at once."""


@dataclass(frozen=True)
class Moment:
    """CPU time and fsyncs used when a sample begins or ends."""

    cpu: Reading
    fsyncs: int


@dataclass(frozen=True)
class Sampler:
    """Takes samples."""

    place: Place
    terms: Terms
    worker: int
    """The process id of the worker, which seals the log of what is measured."""
    is_settled: Callable[[], bool]
    """Whether the worker has nothing left to do of an earlier sample."""

    def load(self, api: Api, connections: int, requests: list[str]) -> Sample:
        """Keep `api` busy with `requests`, over and over.

        Raises:
            RequestRefused: one of them was not taken.
            NothingAnswered: none of them was answered in time.
        """
        self.quiet()
        load = Load(api.port, connections, self.terms.warm_up, self.terms.seconds, requests)
        moments: list[Moment] = []
        outcome = child("bench.load", asdict(load), lambda: moments.append(self.moment(api)))
        if outcome["refused"]:
            raise RequestRefused(
                f"{api.name}: {outcome['refused']} refused, {outcome['first_refusal']}"
            )
        if not outcome["count"]:
            raise NothingAnswered(f"{api.name}: no answer in {outcome['seconds']:.1f} seconds")
        before, after = moments
        rate = outcome["count"] / outcome["seconds"]
        return {
            "per_second": rate,
            "p50_ms": outcome["p50"],
            "p99_ms": outcome["p99"],
            "client_us": outcome["client_cpu"] / outcome["count"] * 1e6,
            # CPU is read around the measured time: a little longer, with a little more answered.
            **between(before, after, lambda seconds: rate * seconds),
        }

    def quiet(self) -> None:
        """Wait until the worker has caught up and nobody else is busy."""
        if not self.terms.patience:
            return
        while not self.is_settled():
            time.sleep(LOOK)
        wait_until_quiet(self.terms.most_foreign, self.terms.patience)

    def moment(self, api: Api | None = None) -> Moment:
        """CPU time and fsyncs used until now."""
        processes = {"postgres": [self.place.server], "worker": [self.worker]}
        processes["sealing"] = self.place.admin.column(SEALING)
        if api is not None:
            processes["server"] = [api.process.pid]
        return Moment(Reading.now(processes), int(self.place.admin.value(FSYNCS)))


def between(before: Moment, after: Moment, answered: Callable[[float], float]) -> Sample:
    """What was used per request, given `answered(seconds)`, the number of answered requests."""
    used, foreign = before.cpu.until(after.cpu)
    used["postgres"] -= used["sealing"]
    count = answered(after.cpu.at - before.cpu.at)
    return {
        **{f"{name}_us": seconds / count * 1e6 for name, seconds in used.items()},
        "fsyncs": (after.fsyncs - before.fsyncs) / count,
        "foreign_cpu": foreign,
    }


def child(
    module: str, work: Mapping[str, Any], mark: Callable[[], None] = lambda: None
) -> dict[str, Any]:
    """Run a module of ours as a process, and return the JSON that it prints last.

    `mark` is called for each line before it.
    """
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
    raise RequestRefused(f"{module} ended without a word")
