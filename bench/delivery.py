"""`python -m bench.delivery`: deliveries a second beside the peers, and how soon one leaves."""

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from app.adapters.embedded import EmbeddedPostgres
from app.adapters.migrations import migrate

WINDOW = 32
"""Deliveries in flight, for everybody."""
SLOW = 0.03
"""Seconds that the slow receiver takes."""
PEERS = ("procrastinate", "pgqueuer")
AT_ONCE = {"ours": 12_000, "pgqueuer": 4_000, "procrastinate": 800}
"""Notices of a sample: some seconds for each."""
LATER = {"ours": 3_000, "pgqueuer": 3_000, "procrastinate": 800}
IDLE = 150
GOALS = {"ratio": 2.0, "of_limit": 0.90, "idle_p99_ms": 150.0}


@contextmanager
def receiver(*options: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A receiver, and its URL."""
    command = [sys.executable, "-m", "bench.knocked", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        try:
            yield f"http://127.0.0.1:{port}/", process
        finally:
            process.terminate()


def run(role: str, many: int, owner: str, url: str) -> list[float]:
    """What a dispatcher prints."""
    module = "bench.peers" if role in PEERS else "bench.couriers"
    done = subprocess.run(
        [sys.executable, "-m", module, role, str(many), str(WINDOW)],
        env={**os.environ, "OWNER": owner, "RECEIVER": url},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return [float(line) for line in done.stdout.split()]


def rates(owner: str, roles: Sequence[str], rounds: int, scale: float) -> dict[str, list[float]]:
    """Deliveries a second, each once in each round: a noisy minute is noisy for all."""
    found: dict[str, list[float]] = {}
    for _ in range(rounds):
        for delay, sizes in ((0.0, AT_ONCE), (SLOW, LATER)):
            for role in roles:
                with receiver("--delay", str(delay)) as (url, _process):
                    (rate,) = run(role, max(100, int(sizes[role] * scale)), owner, url)
                found.setdefault(f"{role} {delay * 1000:.0f} ms", []).append(rate)
                _say(f"{role}, receiver at {delay * 1000:.0f} ms: {rate:,.0f}/s")
    return found


def waits(owner: str, many: int) -> list[float]:
    """Milliseconds from the end of a commit to the request at the receiver, when idle."""
    with receiver("--stamps") as (url, process):
        *committed, _ = run("idle", many, owner, url)
        assert process.stdout is not None
        arrived = [float(process.stdout.readline()) for _ in committed]
    return [(b - a) * 1000 for a, b in zip(committed, arrived, strict=True)]


def judged(found: dict[str, list[float]], idle: Sequence[float]) -> dict[str, float]:
    """The figures that the goals speak of."""
    middle = {name: statistics.median(values) for name, values in found.items()}
    figures = {f"{name} per second": value for name, value in middle.items()}
    figures["of k/30 ms"] = middle["ours 30 ms"] / (WINDOW / SLOW)
    peers = [
        value for name, value in middle.items() if name.endswith(" 0 ms") and "ours" not in name
    ]
    if peers:
        figures["times the better peer at 0 ms"] = middle["ours 0 ms"] / max(peers)
    figures["idle p50 ms"] = statistics.median(idle)
    figures["idle p99 ms"] = statistics.quantiles(idle, n=100)[98]
    return figures


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="make bench-delivery")
    parser.add_argument("--peers", action="store_true", help="procrastinate and pgqueuer too")
    parser.add_argument("--quick", action="store_true", help="only whether it runs")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args(arguments)
    missing = [peer for peer in PEERS if find_spec(peer) is None] if given.peers else []
    if missing:
        _say(f"*** NOT MEASURED: {', '.join(missing)}. Install requirements/peers.txt. ***")
    roles = ["ours", *(p for p in PEERS if given.peers and p not in missing)]
    with TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder)) as server:
        owner = server.urls.owner
        migrate(owner)
        found = rates(
            owner, roles, 1 if given.quick else given.rounds, 0.02 if given.quick else 1.0
        )
        idle = waits(owner, 10 if given.quick else IDLE)
    figures = judged(found, idle)
    for name, value in figures.items():
        print(f"{name:<40} {value:>12,.2f}")
    for name, goal in (
        ("times the better peer at 0 ms", GOALS["ratio"]),
        ("of k/30 ms", GOALS["of_limit"]),
    ):
        if name in figures:
            print(f"goal: {name} >= {goal}: {'reached' if figures[name] >= goal else 'MISSED'}")
    reached = figures["idle p99 ms"] <= GOALS["idle_p99_ms"]
    print(f"goal: idle p99 <= {GOALS['idle_p99_ms']} ms: {'reached' if reached else 'MISSED'}")
    if given.json:
        whole = {"figures": figures, "samples": found, "idle_ms": idle}
        given.json.write_text(json.dumps(whole, indent=2) + "\n")
    return 0


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
