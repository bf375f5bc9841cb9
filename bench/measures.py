"""The samples: a name for each, and the function that takes it."""

from collections.abc import Callable, Mapping
from functools import partial
from time import monotonic, sleep

from bench import wire
from bench.report import PLAIN
from bench.sampling import LOOK, Sample, child
from bench.stage import Inbox, Stage

Measure = Callable[[], Sample]
WAIT = 30
BUSY = 16
READERS = 4


def measures(stage: Stage, rounds_of_waiting: int) -> dict[str, Measure]:
    """Every sample by its name, in the order in which they are taken."""
    return {
        **_submits(stage),
        **_plain(stage),
        "submit 16, nothing sealed": partial(_submit_unsealed, stage),
        **_direct(stage),
        **{f"poll {_size(i.items)}": partial(_poll, stage, i) for i in stage.inboxes},
        "poll without database": partial(_poll_without_database, stage),
        "read 50 messages": partial(_read, stage),
        "wake 1": partial(_wake, stage, 1, rounds_of_waiting),
        "wake 50": partial(_wake, stage, 50, rounds_of_waiting),
    }


def _submits(stage: Stage) -> Mapping[str, Measure]:
    def submit(connections: int, *, real: bool, requests: Callable[[], list[str]]) -> Sample:
        api = stage.api if real else stage.without
        return stage.sampler.load(api, connections, requests())

    def one_office() -> list[str]:
        return [wire.opening(stage.place.token(stage.pairs[0][0]))]

    def later() -> list[str]:
        tokens = {sender: stage.place.token(sender) for sender, _ in stage.referrals}
        return [wire.later(tokens[sender], referral) for sender, referral in stage.referrals]

    opening = stage.openings
    return {
        "submit 16": partial(submit, BUSY, real=True, requests=opening),
        "submit 16 without database": partial(submit, BUSY, real=False, requests=opening),
        "submit 1": partial(submit, 1, real=True, requests=opening),
        "submit 1 without database": partial(submit, 1, real=False, requests=opening),
        "later message 16": partial(submit, BUSY, real=True, requests=later),
        "later message 16 without database": partial(submit, BUSY, real=False, requests=later),
        "submit 16 to one office": partial(submit, BUSY, real=True, requests=one_office),
    }


def _plain(stage: Stage) -> Mapping[str, Measure]:
    """The plain stack, in a closed loop like ours."""
    if stage.plain is None:
        return {}
    load = partial(stage.sampler.load, stage.plain, BUSY)
    return {PLAIN: lambda: load(stage.plain_openings())}


def _direct(stage: Stage) -> Mapping[str, Measure]:
    if stage.direct is None:
        return {}
    call = partial(stage.direct.sample, stage.sampler)
    return {
        "pgbench 16": partial(call, "accept", BUSY),
        "pgbench 1": partial(call, "accept", 1),
        "pgbench 16 without log": partial(call, "accept_without_log", BUSY),
        "pgbench 16 without inbox": partial(call, "accept_without_inbox", BUSY),
    }


def _submit_unsealed(stage: Stage) -> Sample:
    """Submits while the worker is stopped, and how fast it catches up afterwards."""
    stage.sampler.quiet()
    stage.halt_worker()
    try:
        sample = stage.sampler.load(stage.api, BUSY, stage.openings())
    finally:
        stage.go_on()
    waiting, began = stage.waiting(), monotonic()
    while stage.waiting():
        sleep(LOOK)
    return {**sample, "caught_up_per_second": waiting / (monotonic() - began)}


def _poll(stage: Stage, inbox: Inbox) -> Sample:
    return stage.sampler.load(inbox.api, BUSY, stage.polls(inbox))


def _poll_without_database(stage: Stage) -> Sample:
    return stage.sampler.load(stage.without, BUSY, stage.polls(stage.inboxes[0]))


def _read(stage: Stage) -> Sample:
    request = wire.read(stage.place.token(stage.pairs[0][1]), stage.messages)
    return stage.sampler.load(stage.api, READERS, [request])


def _wake(stage: Stage, waiting: int, rounds: int) -> Sample:
    sender, office = stage.pairs[0]
    stage.sampler.quiet()
    head = stage.place.admin.value("SELECT head FROM mailbox WHERE agency_id = $1", office)
    token = stage.place.token(office)
    work = {
        "port": stage.api.port,
        "waiting": waiting,
        "rounds": rounds if waiting == 1 else max(2, rounds // 4),
        "message": wire.opening(stage.place.token(sender)),
        "poll": wire.poll(token, "{after}", WAIT),
        "after": head,
    }
    before = stage.sampler.moment()
    outcome = child("bench.waiting", work)
    _, foreign = before.cpu.until(stage.sampler.moment().cpu)
    return {
        "p50_ms": outcome["since_sent_p50"],
        "p99_ms": outcome["since_sent_p99"],
        "after_answer_p50_ms": outcome["since_answer_p50"],
        "after_answer_p99_ms": outcome["since_answer_p99"],
        "slowest_ms": outcome["slowest"],
        "foreign_cpu": foreign,
    }


def _size(items: int) -> str:
    return f"of {items:,}"
