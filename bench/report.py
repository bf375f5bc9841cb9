"""The table, the goals, and what stands in the JSON file."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from bench.sampling import Sample

Samples = Mapping[str, Sequence[Sample]]

PLAIN = "submit 16, plain stack"
"""The sample of the stack in `bench/plain/`, which is taken with --peers only."""

COLUMNS = {
    "per_second": ("per second", ",.0f"),
    "p50_ms": ("p50 ms", ".2f"),
    "p99_ms": ("p99 ms", ".1f"),
    "server_us": ("API µs", ",.0f"),
    "postgres_us": ("PostgreSQL µs", ",.0f"),
    "sealing_us": ("sealer's µs", ",.0f"),
    "client_us": ("load µs", ",.0f"),
    "fsyncs": ("fsyncs", ".2f"),
    "foreign_cpu": ("others' cores", ".2f"),
}


@dataclass(frozen=True)
class Goal:
    """A goal: a bound and the measured value."""

    name: str
    value: float
    bound: float
    at_most: bool

    @property
    def reached(self) -> bool:
        """Whether the value keeps the bound."""
        return self.value <= self.bound if self.at_most else self.value >= self.bound

    def __str__(self) -> str:
        """One line of the report."""
        sign = "<=" if self.at_most else ">="
        word = "reached" if self.reached else "NOT REACHED"
        return f"{word:11}  {self.name}: {self.value:.2f} (goal {sign} {self.bound:g})"


def medians(samples: Samples) -> dict[str, Sample]:
    """The median of each figure of each sample."""
    return {
        name: {key: median(each[key] for each in rounds) for key in rounds[0]}
        for name, rounds in samples.items()
    }


def table(samples: Samples) -> str:
    """The medians as a Markdown table."""
    lines = ["| | " + " | ".join(title for title, _ in COLUMNS.values()) + " |"]
    lines.append("|---" * (len(COLUMNS) + 1) + "|")
    for name, sample in medians(samples).items():
        cells = (
            format(sample[key], form) if key in sample else "" for key, (_, form) in COLUMNS.items()
        )
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def goals(samples: Samples, buffers: Mapping[int, float]) -> Iterator[Goal]:
    """The goals, computed from ratios within each round."""
    rate, cpu = "per_second", "server_us"
    yield Goal(
        "submits against the same route without database",
        ratio(samples, "submit 16", "submit 16 without database", rate),
        0.42,
        at_most=False,
    )
    yield Goal(
        "the API's CPU for a submit against that without database",
        ratio(samples, "submit 16", "submit 16 without database", cpu),
        2.2,
        at_most=True,
    )
    yield Goal(
        "later messages against the same route without database",
        ratio(samples, "later message 16", "later message 16 without database", rate),
        0.36,
        at_most=False,
    )
    yield Goal("fsyncs for a submit", _median(samples, "submit 16", "fsyncs"), 0.2, at_most=True)
    if PLAIN in samples:
        yield Goal(
            "submits against a plain SQLModel stack doing the same",
            ratio(samples, "submit 16", PLAIN, rate),
            8,
            at_most=False,
        )
    polls = [name for name in samples if name.startswith("poll of ")]
    yield Goal(
        f"polls ({polls[-1]}) against the same route without database",
        ratio(samples, polls[-1], "poll without database", rate),
        0.60,
        at_most=False,
    )
    smallest, *larger = sorted(buffers)
    for size in larger:
        yield Goal(
            f"pages touched by a poll of {size:,} against {smallest:,}",
            buffers[size] / buffers[smallest],
            1.5,
            at_most=True,
        )
    for name in ("wake 1", "wake 50"):
        yield Goal(
            f"{name}: p99 ms since the message was sent",
            _median(samples, name, "p99_ms"),
            100.0,
            True,
        )


def ratios(samples: Samples) -> Iterator[str]:
    """Further ratios for the report, without goals."""
    pairs = [
        ("submit 16", "pgbench 16", "per_second"),
        ("submit 16", "pgbench 16", "postgres_us"),
        ("submit 1", "pgbench 1", "per_second"),
        (PLAIN, "submit 16", "server_us"),
        (PLAIN, "submit 16", "postgres_us"),
        ("later message 16", "later message 16 without database", "per_second"),
        ("pgbench 16 without log", "pgbench 16", "postgres_us"),
        ("pgbench 16 without inbox", "pgbench 16", "postgres_us"),
        ("submit 16 to one office", "submit 16", "per_second"),
        ("submit 16", "submit 16, nothing sealed", "per_second"),
        ("submit 16", "submit 16, nothing sealed", "postgres_us"),
    ]
    for above, below, key in pairs:
        if above in samples and below in samples:
            value = ratio(samples, above, below, key)
            yield f"{above} / {below}, {COLUMNS[key][0]}: {value:.2f}"
    pairs_of = zip(samples["submit 16, nothing sealed"], samples["submit 16"], strict=True)
    faster = median(a["caught_up_per_second"] / b["per_second"] for a, b in pairs_of)
    yield f"entries sealed from a backlog / submits, per second: {faster:.1f}"


def ratio(samples: Samples, above: str, below: str, key: str) -> float:
    """The median of a ratio that was taken within each round."""
    pairs = zip(samples[above], samples[below], strict=True)
    return median(a[key] / b[key] for a, b in pairs)


def _median(samples: Samples, name: str, key: str) -> float:
    return median(each[key] for each in samples[name])
