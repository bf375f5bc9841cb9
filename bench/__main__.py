"""`make bench`: measure, print one table with the goals, and write it all down as JSON."""

import argparse
import json
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.delivery import deliveries
from bench.inboxes import buffers
from bench.log import logs
from bench.measures import measures
from bench.parts import in_process, row_security
from bench.place import place
from bench.report import Samples, goals, medians, ratios, table
from bench.sampling import Sample, Terms
from bench.stage import Stage, stage
from bench.trust import Cost, costs


@dataclass(frozen=True)
class Extent:
    """How much is measured."""

    terms: Terms
    rounds: int
    sizes: Sequence[int]
    referrals: int
    """Open ones, to which later messages go."""
    waits: int
    """Times that a single long poll is woken."""
    calls: int
    """Calls of each part that is timed alone."""
    leaves: Sequence[int]
    """Of the logs in which proofs are asked for."""


USUAL = Extent(
    Terms(1.0, 4.0, 0.15, 30.0), 3, (10_000, 1_000_000), 256, 100, 400, (10_000, 1_000_000)
)
FULL = Extent(
    Terms(1.0, 4.0, 0.15, 60.0),
    3,
    (10_000, 1_000_000, 10_000_000),
    256,
    200,
    400,
    (10_000, 1_000_000),
)
QUICK = Extent(Terms(0.1, 0.3, 99.0, 0.0), 1, (10_000, 20_000), 128, 4, 20, (1_000, 10_000))


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure. Exit code 1 only with --strict and a goal that was missed."""
    chosen = _parser().parse_args(arguments)
    extent = FULL if chosen.full else QUICK if chosen.quick else USUAL
    with place() as where:
        _say("Logs: sealing, and proofs in logs of each size.")
        grown = logs(where, extent.leaves, extent.calls, 50 * extent.calls)
        _say("Building the stage: databases, inboxes, processes.")
        built = stage(where, extent.terms, extent.sizes, extent.referrals)
        if built.direct is None:
            _say("*** NOT MEASURED: PostgreSQL alone. There is no pgbench here. ***")
        samples = _taken(built, extent)
        touched = {i.items: buffers(where, i.urls.api, list(i.polls[:50])) for i in built.inboxes}
        parts = in_process(where, built.pairs[0][0], extent.calls)
        parts |= row_security(built, built.inboxes[-1], extent.calls)
        trust = costs(where, max(10, extent.calls // 4))
        server = built.place.admin.value("SHOW server_version")
    delivered = deliveries(extent.rounds, 0.02 if chosen.quick else 1.0, peers=chosen.peers)
    found = list(goals(samples, touched))
    _print(samples, touched, parts, trust, [str(goal) for goal in found])
    print("\n".join(["", *delivered.lines(), "", *grown.lines()]))
    if chosen.json:
        about = {"machine": _machine(server), "extent": asdict(extent)}
        results = {"medians": medians(samples), "samples": samples, "buffers": touched}
        judged = [{**asdict(goal), "reached": goal.reached} for goal in found]
        whole = {**about, **results, "parts_us": parts, "goals": judged}
        whole["log"] = asdict(grown)
        whole["trust_us"] = [asdict(cost) for cost in trust]
        whole["deliveries"] = {**asdict(delivered), "goals": delivered.goals()}
        chosen.json.write_text(json.dumps(whole, indent=2, ensure_ascii=False) + "\n")
    reached = [*(goal.reached for goal in found), *delivered.goals().values()]
    return int(chosen.strict and not all(reached))


def _taken(built: Stage, extent: Extent) -> Samples:
    """Every sample once in each round: what a noisy minute spoils, it spoils for all alike."""
    samples: dict[str, list[Sample]] = {}
    for number in range(1, extent.rounds + 1):
        for name, measure in measures(built, extent.waits).items():
            _say(f"Round {number} of {extent.rounds}: {name}")
            samples.setdefault(name, []).append(measure())
    return samples


def _print(
    samples: Samples,
    touched: Mapping[int, float],
    parts: Mapping[str, float],
    trust: Sequence[Cost],
    met: Sequence[str],
) -> None:
    lines = [table(samples), ""]
    lines += [
        f"Pages touched by a poll of {n:,} items: {pages:.0f}" for n, pages in touched.items()
    ]
    lines += ["", "One core's µs for each part of a submit, and PostgreSQL's for reading:", ""]
    lines += [f"{microseconds:9,.1f}  {name}" for name, microseconds in parts.items()]
    lines += ["", "One core's µs with and without what trust needs, and its part:", ""]
    lines += [str(cost) for cost in trust]
    lines += ["", *ratios(samples), "", *met]
    print("\n".join(lines))


def _machine(server: str) -> dict[str, object]:
    return {
        "cores": os.cpu_count(),
        "system": platform.release(),
        "python": platform.python_version(),
        "postgresql": server,
    }


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    extent = parser.add_mutually_exclusive_group()
    extent.add_argument("--full", action="store_true", help="also an inbox of 10 million items")
    extent.add_argument("--quick", action="store_true", help="everything once, too short to judge")
    parser.add_argument("--peers", action="store_true", help="deliveries by other queues too")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all samples to FILE")
    parser.add_argument("--strict", action="store_true", help="exit 1 if a goal was missed")
    return parser


if __name__ == "__main__":
    sys.exit(main())
