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
from bench.growth import QUICK as FEW_REFERRALS
from bench.growth import USUAL as MANY_REFERRALS
from bench.growth import growth
from bench.hostile import hostile
from bench.hostile import lines as hostile_lines
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
    """Number of open referrals, to which later messages are sent."""
    waits: int
    """How often a single long poll is woken."""
    calls: int
    """Calls of each part that is timed alone."""
    leaves: Sequence[int]
    """Sizes of the logs in which proofs are requested."""
    grown: Sequence[int] = ()
    """Numbers of referrals at which each function of the database is called; none: not measured."""


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
    MANY_REFERRALS,
)
QUICK = Extent(
    Terms(0.1, 0.3, 99.0, 0.0), 1, (10_000, 20_000), 128, 4, 20, (1_000, 10_000), FEW_REFERRALS
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print. The exit code is 1 only with --strict and a missed goal."""
    options = _parser().parse_args(arguments)
    extent = FULL if options.full else QUICK if options.quick else USUAL
    with place() as where:
        _say("Logs: sealing, and proofs in logs of each size.")
        log_figures = logs(where, extent.leaves, extent.calls, 50 * extent.calls)
        grown = growth(where, extent.grown, 5 if options.quick else 20) if extent.grown else None
        _say("Building the stage: databases, inboxes, processes.")
        setup = stage(where, extent.terms, extent.sizes, extent.referrals, peers=options.peers)
        if setup.direct is None:
            _say("*** NOT MEASURED: PostgreSQL alone. There is no pgbench here. ***")
        samples = _take_samples(setup, extent)
        _say("Hostile and stuck callers.")
        felt = hostile(setup)
        touched = {i.items: buffers(where, i.urls.api, list(i.polls[:50])) for i in setup.inboxes}
        parts = in_process(where, setup.pairs[0][0], extent.calls)
        parts |= row_security(setup, setup.inboxes[-1], extent.calls)
        trust = costs(where, max(10, extent.calls // 4))
        server = setup.place.admin.value("SHOW server_version")
    delivery_figures = deliveries(
        extent.rounds, 0.02 if options.quick else 1.0, peers=options.peers
    )
    judged_goals = list(goals(samples, touched))
    _print(samples, touched, parts, trust, [str(goal) for goal in judged_goals])
    print("\n".join(["", *hostile_lines(felt)]))
    print(
        "\n".join(["", *delivery_figures.lines(judged=not options.quick), "", *log_figures.lines()])
    )
    if grown:
        print("\n".join(["", *grown.lines()]))
    if options.json:
        about = {"machine": _machine(server), "extent": asdict(extent)}
        results = {"medians": medians(samples), "samples": samples, "buffers": touched}
        goal_records = [{**asdict(goal), "reached": goal.reached} for goal in judged_goals]
        whole = {**about, **results, "parts_us": parts, "goals": goal_records}
        whole["log"] = asdict(log_figures)
        whole["growth"] = asdict(grown) if grown else None
        whole["hostile"] = {name: asdict(each) for name, each in felt.items()}
        whole["trust_us"] = [asdict(cost) for cost in trust]
        whole["deliveries"] = {**asdict(delivery_figures), "goals": delivery_figures.goals()}
        options.json.write_text(json.dumps(whole, indent=2, ensure_ascii=False) + "\n")
    reached = [*(goal.reached for goal in judged_goals), *delivery_figures.goals().values()]
    reached += [each.reached for each in felt.values()]
    reached += [not grown.grown()] if grown else []
    return int(options.strict and not all(reached))


def _take_samples(setup: Stage, extent: Extent) -> Samples:
    """Take every sample once in each round, so that a noisy minute affects all of them alike."""
    samples: dict[str, list[Sample]] = {}
    for number in range(1, extent.rounds + 1):
        for name, measure in measures(setup, extent.waits).items():
            _say(f"Round {number} of {extent.rounds}: {name}")
            samples.setdefault(name, []).append(measure())
    return samples


def _print(
    samples: Samples,
    touched: Mapping[int, float],
    parts: Mapping[str, float],
    trust: Sequence[Cost],
    goal_lines: Sequence[str],
) -> None:
    lines = [table(samples), ""]
    lines += [
        f"Pages touched by a poll of {n:,} items: {pages:.0f}" for n, pages in touched.items()
    ]
    lines += ["", "One core's µs for each part of a submit, and PostgreSQL's for reading:", ""]
    lines += [f"{microseconds:9,.1f}  {name}" for name, microseconds in parts.items()]
    lines += ["", "One core's µs with and without what trust needs, and its part:", ""]
    lines += [str(cost) for cost in trust]
    lines += ["", *ratios(samples), "", *goal_lines]
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
    extent.add_argument(
        "--full",
        action="store_true",
        help="also 10 million inbox items, and functions at a million referrals",
    )
    extent.add_argument("--quick", action="store_true", help="everything once, too short to judge")
    parser.add_argument("--peers", action="store_true", help="a plain stack and other queues too")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all samples to FILE")
    parser.add_argument("--strict", action="store_true", help="exit 1 if a goal was missed")
    return parser


if __name__ == "__main__":
    sys.exit(main())
