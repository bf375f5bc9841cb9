"""CPU time of our processes and of everything else on the machine."""

import os
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
LOOK = 0.3
"""Seconds over which the load of other processes is measured."""


def of_tree(pid: int) -> float:
    """CPU seconds of a process and its descendants, including those that have exited."""
    children = _children()
    seconds, pids = 0.0, [pid]
    while pids:
        each = pids.pop()
        pids.extend(children[each])
        if fields := _stat(each):
            seconds += sum(map(int, fields[11:15])) / TICKS
    return seconds


def of_machine() -> float:
    """CPU seconds of all processors, including time stolen by the host."""
    with open("/proc/stat") as file:
        user, nice, system, _idle, _wait, irq, soft, steal = map(int, file.readline().split()[1:9])
    return (user + nice + system + irq + soft + steal) / TICKS


@dataclass(frozen=True)
class Reading:
    """CPU time used until a given moment."""

    at: float
    machine: float
    ours: float
    by_name: dict[str, float]

    @classmethod
    def now(cls, processes: Mapping[str, Iterable[int]]) -> "Reading":
        """The reading at this moment; each of `processes` is counted with its descendants."""
        by_name = {name: sum(map(of_tree, pids)) for name, pids in processes.items()}
        return cls(time.monotonic(), of_machine(), of_tree(os.getpid()), by_name)

    def until(self, later: "Reading") -> tuple[dict[str, float], float]:
        """CPU seconds of each process until `later`, and how many processors others used."""
        used = {name: later.by_name[name] - self.by_name[name] for name in self.by_name}
        others = (later.machine - self.machine) - (later.ours - self.ours)
        return used, max(0.0, others / (later.at - self.at))


def wait_until_quiet(most_foreign: float, patience: float) -> float:
    """Wait until others use less than `most_foreign` processors, and return how many they use.

    After `patience` seconds it returns all the same: the load of others is part of each sample.
    """
    deadline = time.monotonic() + patience
    while True:
        before = Reading.now({})
        time.sleep(LOOK)
        _, foreign = before.until(Reading.now({}))
        if foreign <= most_foreign or time.monotonic() > deadline:
            return foreign


def _children() -> defaultdict[int, list[int]]:
    children: defaultdict[int, list[int]] = defaultdict(list)
    for entry in os.listdir("/proc"):
        if entry.isdigit() and (fields := _stat(int(entry))):
            children[int(fields[1])].append(int(entry))
    return children


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/<pid>/stat after the name: state, parent, …"""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text[text.rindex(")") + 2 :].split()
