"""`python -m bench.delivery`: deliveries per second, compared with other queues, and latency."""

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from app.adapters.database.migrations import migrate
from app.adapters.embedded_postgres.server import EmbeddedPostgres

WINDOW = 32
"""Deliveries in flight, for all queues."""
SLOW = 0.03
"""Seconds after which the slow receiver answers."""
PEERS = ("procrastinate", "pgqueuer")
AT_ONCE = {"ours": 12_000, "pgqueuer": 4_000, "procrastinate": 800}
"""Notices in a sample, enough for some seconds each."""
LATER = {"ours": 9_000, "pgqueuer": 3_000, "procrastinate": 800}
IDLE = 150


@contextmanager
def receiver(*options: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run a receiver, and give its URL and process."""
    command = [sys.executable, "-m", "bench.knocked", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        try:
            yield f"http://127.0.0.1:{port}/", process
        finally:
            process.terminate()


def run(role: str, many: int, owner: str, url: str) -> list[float]:
    """Run a dispatcher, and give the numbers that it prints."""
    module = "bench.peers" if role in PEERS else "bench.couriers"
    process = subprocess.run(
        [sys.executable, "-m", module, role, str(many), str(WINDOW)],
        env={**os.environ, "OWNER": owner, "RECEIVER": url},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return [float(line) for line in process.stdout.split()]


def rates(owner: str, roles: Sequence[str], rounds: int, scale: float) -> dict[str, list[float]]:
    """Deliveries per second. Each dispatcher runs once in each round, so that noise affects all."""
    samples: dict[str, list[float]] = {}
    for _ in range(rounds):
        for delay, sizes in ((0.0, AT_ONCE), (SLOW, LATER)):
            for role in roles:
                with receiver("--delay", str(delay)) as (url, _process):
                    (rate,) = run(role, max(100, int(sizes[role] * scale)), owner, url)
                samples.setdefault(f"{role} {delay * 1000:.0f} ms", []).append(rate)
                _say(f"{role}, receiver at {delay * 1000:.0f} ms: {rate:,.0f}/s")
    return samples


def waits(owner: str, many: int) -> list[float]:
    """Milliseconds from the commit to the request at the receiver, when idle."""
    with receiver("--stamps") as (url, process):
        *committed, _ = run("idle", many, owner, url)
        assert process.stdout is not None
        arrived = [float(process.stdout.readline()) for _ in committed]
    return [(b - a) * 1000 for a, b in zip(committed, arrived, strict=True)]


@dataclass(frozen=True)
class Deliveries:
    """The measured deliveries."""

    samples: dict[str, list[float]]
    """Deliveries per second."""
    idle_ms: list[float]

    def figures(self) -> dict[str, float]:
        """The figures that the goals are about."""
        middle = {name: statistics.median(values) for name, values in self.samples.items()}
        figures = {f"{name}, per second": value for name, value in middle.items()}
        figures["of k/30 ms"] = middle["ours 30 ms"] / (WINDOW / SLOW)
        peers = [middle[f"{peer} 0 ms"] for peer in PEERS if f"{peer} 0 ms" in middle]
        if peers:
            figures["times the better peer"] = middle["ours 0 ms"] / max(peers)
        figures["idle p50 ms"] = statistics.median(self.idle_ms)
        figures["idle p99 ms"] = statistics.quantiles(self.idle_ms, n=100)[98]
        return figures

    def goals(self) -> dict[str, bool]:
        """Each goal in words, and whether it was reached."""
        figures = self.figures()
        judged = {
            "in flight: >= 0.90 of k/30 ms": figures["of k/30 ms"] >= 0.90,
            "idle: p99 from commit to POST <= 150 ms": figures["idle p99 ms"] <= 150,
        }
        if "times the better peer" in figures:
            judged[">= the better of the peers"] = figures["times the better peer"] >= 1
        return judged

    def lines(self, *, judged: bool) -> list[str]:
        """The lines of the report.

        Args:
            judged: whether the sample was long enough for the goals to mean anything.
        """
        table = [f"{value:12,.2f}  {name}" for name, value in self.figures().items()]
        if not judged:
            return ["Deliveries of webhooks (too few to judge by):", "", *table]
        goals = [
            f"{'reached' if met else 'MISSED ':8} {name}" for name, met in self.goals().items()
        ]
        return ["Deliveries of webhooks:", "", *table, "", *goals]


def deliveries(rounds: int, scale: float, *, peers: bool) -> Deliveries:
    """Measure on a PostgreSQL of its own.

    Args:
        scale: the part of the usual number of notices.
        peers: whether procrastinate and pgqueuer do the same job beside us.
    """
    missing = [peer for peer in PEERS if find_spec(peer) is None] if peers else []
    if missing:
        _say(f"*** NOT MEASURED: {', '.join(missing)}. Install requirements/peers.txt. ***")
    roles = ["ours", *(p for p in PEERS if peers and p not in missing)]
    with TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder)) as server:
        owner = server.urls.owner
        migrate(owner)
        samples = rates(owner, roles, rounds, scale)
        return Deliveries(samples, waits(owner, max(10, int(IDLE * scale))))


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.delivery")
    parser.add_argument("--peers", action="store_true", help="procrastinate and pgqueuer too")
    parser.add_argument("--quick", action="store_true", help="only whether it runs")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    result = deliveries(
        1 if options.quick else options.rounds, 0.02 if options.quick else 1.0, peers=options.peers
    )
    print("\n".join(result.lines(judged=not options.quick)))
    if options.json:
        whole = {"figures": result.figures(), **asdict(result)}
        options.json.write_text(json.dumps(whole, indent=2) + "\n")
    return 0


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
