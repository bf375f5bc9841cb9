"""What others feel while somebody is hostile, or stuck: p99 against the quiet one of the same run.

Run as a module it is the hostile caller, a process of its own: reads from standard input what to
do, writes `begin` once it is at work, and goes on until it is killed.
"""

import asyncio
import http.client
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import asdict, dataclass
from itertools import cycle
from uuid import uuid4

import uvloop

from bench import wire
from bench.load import FRESH
from bench.sampling import Sample
from bench.stage import Stage

ADDRESS = "127.0.0.2"
"""Where the hostile call from; the others are at 127.0.0.1."""
OTHERS = 4
"""Connections of the others."""
HALF_OPEN = 1_100
AT_ONCE = 16
LIMIT = 3.0
"""How many times the quiet p99 the others' may be."""
PAUSE = 0.2
HOLD = 'SELECT FROM "case" WHERE id = (SELECT case_id FROM referral WHERE id = $1) FOR UPDATE'


@dataclass(frozen=True)
class Attack:
    """What a hostile process does: requests over and over, or connections with half of one."""

    port: int
    connections: int
    requests: list[str]
    whole: bool = True
    keeps: bool = True
    """Whether a connection is used again."""


@dataclass(frozen=True)
class Felt:
    """What the others felt, by what they did."""

    p99_ms: Mapping[str, float]
    ratio: Mapping[str, float]
    readiness_checks: int
    not_ready: int

    @property
    def reached(self) -> bool:
        """Whether the others were served well enough, and readiness did not lie."""
        return max(self.ratio.values()) <= LIMIT and not self.not_ready


def hostile(stage: Stage) -> dict[str, Felt]:
    """Measure each scenario, and before and after them, when nobody is hostile."""
    measured = {
        name: _measure(stage, scenario)
        for name, scenario in {
            "quiet, before": nullcontext,
            **_scenarios(stage),
            "quiet, after": nullcontext,
        }.items()
    }
    before, after = measured["quiet, before"][0], measured["quiet, after"][0]
    quiet = {what: (before[what] + after[what]) / 2 for what in before}
    return {
        name: Felt(
            p99,
            {what: p99[what] / quiet[what] for what in p99},
            len(answers),
            sum(status != 200 for status in answers),
        )
        for name, (p99, answers) in measured.items()
    }


def _measure(
    stage: Stage, scenario: Callable[[], AbstractContextManager[object]]
) -> tuple[Mapping[str, float], Sequence[int]]:
    """The others' p99, and what readiness answered meanwhile."""
    with scenario(), _readiness(stage.api.port) as answers:
        p99 = {what: measure()["p99_ms"] for what, measure in _others(stage).items()}
    return p99, answers


def lines(felt: Mapping[str, Felt]) -> list[str]:
    """The report."""
    report = [
        f"Others' p99 while somebody is hostile or stuck (goal <= {LIMIT:g} times quiet):",
        "",
    ]
    for name, each in felt.items():
        word = "reached" if each.reached else "NOT REACHED"
        figures = ", ".join(
            f"{what} {each.p99_ms[what]:.1f} ms ({each.ratio[what]:.2f} x)" for what in each.p99_ms
        )
        ready = f"ready {each.readiness_checks - each.not_ready} of {each.readiness_checks}"
        report.append(f"{word:11}  {name}: {figures}; {ready}")
    return report


def _others(stage: Stage) -> dict[str, Callable[[], Sample]]:
    """What the others do, each over a few connections."""
    pairs = stage.pairs[1:]  # the first pair's sender is the hostile one
    openings = [wire.opening(stage.place.token(sender)) for sender, _ in pairs]
    polls = [wire.poll(stage.place.token(office), 0) for _, office in pairs]
    return {
        "submit": lambda: stage.sampler.load(stage.api, OTHERS, openings),
        "poll": lambda: stage.sampler.load(stage.api, OTHERS, polls),
    }


def _scenarios(stage: Stage) -> dict[str, Callable[[], AbstractContextManager[object]]]:
    port, place = stage.api.port, stage.place
    sender, referral = stage.referrals[0]
    contract = "GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
    half = "GET /v1/inbox HTTP/1.1\r\nHost: localhost\r\n"
    later = wire.later(place.token(sender), referral)
    token = place.token(stage.pairs[0][0])
    refused, refused_late = wire.refused(token), wire.refused_late(token)
    costly = wire.read(place.token(stage.pairs[0][1]), stage.messages)

    @contextmanager
    def held() -> Iterator[None]:
        login = place.login(place.urls.owner)
        login.execute("BEGIN")
        login.execute(HOLD, referral)
        try:
            with _at_work(Attack(port, AT_ONCE, [later])):
                yield
        finally:
            login.execute("ROLLBACK")

    return {
        "one case is held": held,
        f"{HALF_OPEN:,} half-open connections": lambda: _at_work(
            Attack(port, HALF_OPEN, [half], whole=False)
        ),
        f"{HALF_OPEN:,} half-sent bodies": lambda: _at_work(
            Attack(port, HALF_OPEN, [wire.half_a_body()], whole=False)
        ),
        "strangers fetch the contract": lambda: _at_work(Attack(port, AT_ONCE, [contract])),
        "strangers open a connection for each call": lambda: _at_work(
            Attack(port, AT_ONCE, [contract], keeps=False)
        ),
        "one client reads 50 messages at a time": lambda: _at_work(Attack(port, AT_ONCE, [costly])),
        "one client sends 9,900 unknown names": lambda: _at_work(Attack(port, AT_ONCE, [refused])),
        "one client sends 1,800 wrong values": lambda: _at_work(
            Attack(port, AT_ONCE, [refused_late])
        ),
    }


@contextmanager
def _at_work(attack: Attack) -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.hostile"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        json.dump(asdict(attack), process.stdin)
        process.stdin.close()
        process.stdout.readline()
        try:
            yield
        finally:
            process.kill()


@contextmanager
def _readiness(port: int) -> Iterator[list[int]]:
    """The statuses of `/readyz`, asked for all the time during the block."""
    statuses: list[int] = []
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            try:
                connection.request("GET", "/readyz")
                statuses.append(connection.getresponse().status)
            except OSError:
                statuses.append(0)
            finally:
                connection.close()
            stop.wait(PAUSE)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield statuses
    finally:
        stop.set()
        thread.join()


async def attack_for_ever(attack: Attack) -> None:
    """Be hostile until killed; `begin` is written when all connections were opened."""
    requests = cycle(attack.requests)
    opened = asyncio.Semaphore(0)

    async def call() -> None:
        while True:
            with suppress(OSError, asyncio.IncompleteReadError):
                await _once(attack, requests, opened)
            opened.release()
            if attack.keeps:
                await asyncio.sleep(PAUSE)

    tasks = [asyncio.create_task(call()) for _ in range(attack.connections)]
    for _ in tasks:
        await opened.acquire()
    print("begin", flush=True)
    await asyncio.gather(*tasks)


async def _once(attack: Attack, requests: Iterator[str], opened: asyncio.Semaphore) -> None:
    """Use one connection until it is closed."""
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", attack.port, local_addr=(ADDRESS, 0)
    )
    try:
        while True:
            writer.write(next(requests).replace(FRESH, str(uuid4())).encode())
            opened.release()
            if not attack.whole:
                await reader.read()
                return
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = head.partition(b"content-length:")[2].partition(b"\r\n")[0]
            await reader.readexactly(int(length))
            if not attack.keeps:
                return
    finally:
        writer.close()


if __name__ == "__main__":
    uvloop.run(attack_for_ever(Attack(**json.load(sys.stdin))))
