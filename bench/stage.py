"""Sets up the databases, inboxes and processes that the samples need."""

import os
import signal
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import cycle, islice
from random import Random
from uuid import UUID, uuid4

from app.adapters.database.logins import Urls, at_database
from bench import inboxes, wire
from bench.direct import Direct, direct
from bench.load import FRESH
from bench.place import Api, Login, Place
from bench.plain_stack import openings as plain_openings
from bench.plain_stack import plain_stack
from bench.sampling import Sampler, Terms
from bench.senders import senders

SENDERS = 64
DIRECT = 16
"""Senders in pgbench, where each client prepares a statement for each of them."""
POLLS = 2_000
RECENT = 1_000
"""A poll starts among the last items, where the previous one ended."""
PAGE = 50
UNSETTLED = "SELECT EXISTS (SELECT FROM log_pending)"
# What `accept` costs without one of its parts.
PARTS = {
    "accept_without_log": "PERFORM write_log_of_each(",
    "accept_without_inbox": "PERFORM deliver(",
}


@dataclass(frozen=True)
class Inbox:
    """A database whose inboxes hold that many items together."""

    items: int
    api: Api
    polls: Sequence[tuple[str, int]]
    urls: Urls


@dataclass(frozen=True)
class Stage:
    """Everything that is measured."""

    place: Place
    sampler: Sampler
    api: Api
    without: Api
    """The same API without its database."""
    plain: Api | None
    """The plain stack that does the same, if it is measured."""
    inboxes: Sequence[Inbox]
    direct: Direct | None
    pairs: Sequence[tuple[str, str]]
    """Sender and recipient office."""
    referrals: Sequence[tuple[str, UUID]]
    messages: Sequence[UUID]
    """A page of messages from the first sender."""

    owner: Login
    worker: int
    """The process id of the worker."""

    def waiting(self) -> int:
        """Entries of the log that are not sealed yet."""
        return int(self.owner.value("SELECT count(*) FROM log_pending"))

    def halt_worker(self) -> None:
        """Stop the worker with SIGSTOP. A transaction that it has begun stays open."""
        os.kill(self.worker, signal.SIGSTOP)

    def go_on(self) -> None:
        """Let the worker go on."""
        os.kill(self.worker, signal.SIGCONT)

    def openings(self) -> list[str]:
        """Requests that open referrals, one from each sender."""
        return [wire.opening(self.place.token(sender)) for sender, _ in self.pairs]

    def plain_openings(self) -> list[str]:
        """The same requests for the plain stack."""
        return plain_openings(self.place, self.pairs)

    def polls(self, inbox: Inbox) -> list[str]:
        """Polls of many agencies near the ends of their inboxes."""
        tokens = {agency: self.place.token(agency) for agency, _ in inbox.polls}
        return [wire.poll(tokens[agency], after) for agency, after in inbox.polls]


def stage(
    place: Place, terms: Terms, sizes: Sequence[int], referrals: int, *, peers: bool
) -> Stage:
    """Set everything up.

    Args:
        referrals: open ones; with many, two connections seldom write to the same one.
        peers: whether the plain stack is measured, too.
    """
    copies = {size: place.another_database(f"inbox_{size}") for size in sizes}
    filled = {size: _fill(place, copies[size], size) for size in sizes}
    worker = place.start_process(
        ("app.cli", "worker"), {"TSUNAGU_WORKER_DATABASE_URL": place.urls.worker}
    )
    owner = place.login(place.urls.owner)
    api = place.api("the service", place.urls)
    without = place.api("without database", place.urls, ("bench.without_database",))
    measured_inboxes = [
        Inbox(size, place.api(f"inbox of {size}", copies[size]), filled[size], copies[size])
        for size in sizes
    ]
    apis = (api, without, *(inbox.api for inbox in measured_inboxes))
    for each in apis:
        each.wait()
    with ThreadPoolExecutor() as at_once:
        list(at_once.map(Api.have_contract_made, apis))
    pairs = senders(place, SENDERS)
    _make_twins(place, PARTS)
    return Stage(
        place=place,
        sampler=Sampler(place, terms, worker.pid, lambda: not owner.value(UNSETTLED)),
        api=api,
        without=without,
        plain=plain_stack(place, pairs) if peers else None,
        inboxes=measured_inboxes,
        direct=direct(place, [sender for sender, _ in pairs[:DIRECT]], ["accept", *PARTS]),
        pairs=pairs,
        referrals=[
            (sender, _open_referral(place, api, sender))
            for sender, _ in islice(cycle(pairs), referrals)
        ],
        messages=[_open_referral(place, api, pairs[0][0]) for _ in range(PAGE)],
        owner=owner,
        worker=worker.pid,
    )


def _fill(place: Place, urls: Urls, size: int) -> list[tuple[str, int]]:
    database = urls.owner.partition("?")[0].rpartition("/")[2]
    each = inboxes.fill(place, at_database(place.embedded.admin_url, database), size)
    chance = Random(size)  # noqa: S311 - the same polls each time
    owners = inboxes.agencies(place)
    lowest = max(0, each - PAGE - RECENT)
    return [
        (chance.choice(owners), chance.randint(lowest, max(0, each - PAGE))) for _ in range(POLLS)
    ]


def _open_referral(place: Place, api: Api, sender: str) -> UUID:
    referral_id = uuid4()
    wire.answer(api.port, wire.opening(place.token(sender)).replace(FRESH, str(referral_id)))
    return referral_id


def _make_twins(place: Place, parts: Mapping[str, str]) -> None:
    """Make copies of `accept` in which one statement is left out."""
    with_owner = place.login(place.urls.owner)
    text: str = with_owner.value(
        "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE proname = 'accept'"
    )
    for name, statement in parts.items():
        if statement not in text:
            raise RuntimeError(f"accept does no longer say {statement}")
        before, _, rest = text.partition(statement)
        _, _, after = rest.partition(";")
        twin = f"{before}NULL;{after}".replace("public.accept(", f"public.{name}(")
        with_owner.execute(twin)
        with_owner.execute(f"GRANT EXECUTE ON FUNCTION {name} TO tsunagu_api")
