"""The courier delivers notices to webhooks: claims due ones, sends them, and writes the outcomes.

No transaction is open while a receiver makes us wait. A notice is claimed with a lease that is
longer than an attempt can take. If a courier is killed, others claim its notices when the lease
ends.
"""

import asyncio
import logging
import random
import time
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit
from uuid import UUID

from app.adapters.database.shares import in_turns
from app.adapters.inbox.bell import Bell
from app.adapters.outage import is_outage
from app.adapters.webhooks.lanes import HostShares, Lane, LeasedNotice, Result
from app.adapters.webhooks.secrets import WebhookSecrets
from app.domain.calendar.clock import Clock, ClockIsOff
from app.domain.errors import raised_at
from app.domain.keys.ports import CannotOpen, KeyServiceAway, WrappedKey
from app.domain.webhooks.notices import (
    Attempt,
    Notice,
    asked_wait,
    challenge_due,
    next_due,
    proves,
    signed_headers,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from asyncpg import Record

    from app.adapters.database.pool import Pool

CLAIM = (
    "SELECT *, agency_of_webhook(webhook_id) AS agency_id"
    " FROM claim_notices($1, $2, $3, $4, $5, $6, $7)"
)
SETTLE = "SELECT settle_notices($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
RELEASE = "SELECT release_notices($1, $2)"
WINDOW = 16
"""Concurrent attempts at one healthy endpoint."""
MOST_AT_A_HOST = 64
"""Concurrent attempts at one host, shared by the agencies that have endpoints there, and by the
endpoints of each. An endpoint has at least one."""
AHEAD = 15
"""Windows of notices that are claimed ahead for one endpoint."""
MOST_CLAIMED = 500
MOST_HELD = 20_000
LEASE = timedelta(seconds=60)
LONGEST_QUEUED = 40.0
"""Seconds after which a claimed notice is not sent any more: the lease must outlast the attempt."""
GATHERING = 0.01
"""Seconds in which outcomes are collected for one transaction."""
PAUSE = 1.0
"""Seconds between two claims when the bell does not ring: a ring can be lost, and a retry that
becomes due rings no bell."""
FAILING = 3
"""Failures in a row after which an endpoint gets one attempt at a time."""

_log = logging.getLogger(__name__)


class Sender(Protocol):
    """Sends one notice."""

    async def post(self, url: str, headers: "Mapping[str, str]", body: bytes) -> Attempt:
        """Send it once, and return the outcome."""
        ...


class Courier:
    """Delivers due notices until it is told to stop. Any number of couriers may run at once."""

    def __init__(
        self,
        pool: "Pool",
        bell: Bell,
        sender: Sender,
        secrets: WebhookSecrets,
        clock: Clock,
        window: int = WINDOW,
        grace: float = 5.0,
    ) -> None:
        """Set it up.

        Args:
            window: concurrent attempts at one endpoint.
            grace: seconds that running attempts may take when it is told to stop.
        """
        self._pool = pool
        self._bell = bell
        self._sender = sender
        self._secrets = secrets
        self._clock = clock
        self._window = window
        self._grace = grace
        self._lanes: dict[UUID, Lane] = {}
        self._hosts = HostShares()
        self._results: list[Result] = []
        self._sending: set[asyncio.Task[None]] = set()
        self._outcomes_ready = asyncio.Event()
        self._room = asyncio.Event()
        self._closing = False

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until `stop` is set; then finish running attempts, and release other notices."""
        settling = asyncio.create_task(self._settle_all())
        stopping = asyncio.create_task(stop.wait())
        with self._bell.subscribe(None) as event:
            while not stop.is_set() and not settling.done():
                # Cleared before the claim, so that a ring during it ends the wait that follows.
                event.clear()
                self._room.clear()
                if not await self._claim_and_send():
                    await _first_of(PAUSE, stopping, event, self._room)
        stopping.cancel()
        await self._drain()
        self._closing = True
        self._outcomes_ready.set()
        await asyncio.wait([settling], timeout=self._grace)
        settling.cancel()
        await settling

    async def _claim_and_send(self) -> bool:
        """Claim as many notices as there is room for; whether the room was filled."""
        room = min(MOST_CLAIMED, MOST_HELD - sum(lane.held for lane in self._lanes.values()))
        if room <= 0:
            return False
        try:
            claimed = await self._claim(room)
        except Exception as error:
            if not is_outage(error):
                raise
            _log.warning("database or keys do not answer (%s)", type(error).__name__)
            return False
        for webhook_id in dict.fromkeys(leased.notice.webhook_id for leased in claimed):
            self._fill(self._lanes[webhook_id])
        return len(claimed) >= room

    async def _claim(self, room: int) -> list[LeasedNotice]:
        now, begin_before = self._clock(), time.monotonic() + LONGEST_QUEUED
        until = now + LEASE
        most = self._most_in_a_lane()
        rooms = {
            webhook_id: 0 if lane.failures >= FAILING else max(0, most - lane.held)
            for webhook_id, lane in self._lanes.items()
        }
        rows = await self._pool.fetch(
            CLAIM, now, until, now.date(), room, most, list(rooms), list(rooms.values())
        )
        try:
            claimed = [
                LeasedNotice(await self._notice(row, until), begin_before)
                async for row in in_turns(rows)
            ]
        except KeyServiceAway:
            await self._pool.execute(RELEASE, [row["id"] for row in rows], [until] * len(rows))
            raise
        for leased, row in zip(claimed, rows, strict=True):
            self._lane(leased.notice, row["agency_id"]).waiting.append(leased)
        return claimed

    def _lane(self, notice: Notice, agency: str) -> Lane:
        lane = self._lanes.get(notice.webhook_id)
        if lane is None:
            lane = Lane(urlsplit(notice.url).hostname or "", agency)
            self._lanes[notice.webhook_id] = lane
            self._hosts.add(lane)
        return lane

    def _width(self, lane: Lane) -> int:
        """Concurrent attempts of a lane. Lanes to one host share what is sent there at once."""
        return min(self._window, self._hosts.of(lane, MOST_AT_A_HOST))

    async def _notice(self, row: "Record", lease: datetime) -> Notice:
        return Notice(
            id=row["id"],
            webhook_id=row["webhook_id"],
            position=row["position"],
            payload=row["payload"].encode(),
            number=row["number"],
            tries=row["tries"],
            since=row["since"],
            lease=lease,
            url=row["url"],
            secrets=tuple(await self._open_secrets(row)),
        )

    async def _open_secrets(self, row: "Record") -> list[bytes]:
        """The secrets of a webhook; none if their master key is missing."""
        secrets = []
        for master, sealed in (("master", "secret"), ("old_master", "old_secret")):
            if row[sealed] is not None:
                with suppress(CannotOpen):
                    stored = WrappedKey(row[master], row[sealed])
                    secrets.append(await self._secrets.open(row["webhook_id"], stored))
        return secrets

    def _fill(self, lane: Lane) -> None:
        """Start as many attempts as the window of an endpoint has room for."""
        if lane.waiting and time.monotonic() > lane.waiting[0].begin_before:
            self._start(self._release([lane]))
        while lane.waiting and lane.under_way < self._width(lane):
            lane.under_way += 1
            self._start(self._send(lane, lane.waiting.popleft().notice))

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _send(self, lane: Lane, notice: Notice) -> None:
        try:
            at = self._clock()
        except ClockIsOff:
            at = notice.lease - LEASE  # when it was claimed: its place in the lane must come free
        try:
            attempt = await self._attempt(notice)
        except asyncio.CancelledError:
            attempt = Attempt("interrupted")
        lane.under_way -= 1
        lane.unsettled += 1
        delivered = attempt.outcome == "delivered"
        lane.failures = 0 if delivered else lane.failures + 1
        self._results.append(Result(notice, attempt, at))
        self._outcomes_ready.set()
        if lane.failures >= FAILING:
            await self._release([lane])
        else:
            self._fill(lane)

    async def _attempt(self, notice: Notice) -> Attempt:
        if not notice.secrets:
            _log.error("the secret of a webhook cannot be opened: its master key is not here")
            return Attempt("cannot_sign")
        # The real time, even if the service's clock is set: receivers compare it with theirs.
        seconds = int(time.time())
        headers = signed_headers(notice.secrets, str(notice.id), seconds, notice.payload)
        try:
            attempt = await self._sender.post(notice.url, headers, notice.payload)
        except Exception as error:
            # A receiver must not be able to end the courier. An error of ours is logged here.
            _log.error("an attempt ended by %s", raised_at(error))
            return Attempt("broken_off")
        if notice.is_challenge and attempt.outcome == "delivered":
            return _judge(notice, attempt)
        return attempt

    async def _release(self, lanes: Sequence[Lane]) -> None:
        """Release the notices whose attempts were not started, for others to claim."""
        notices = [leased.notice for lane in lanes for leased in lane.waiting]
        for lane in lanes:
            lane.waiting.clear()
        if notices:
            try:
                await self._pool.execute(
                    RELEASE, [n.id for n in notices], [n.lease for n in notices]
                )
            except Exception as error:
                if not is_outage(error):
                    raise

    async def _settle_all(self) -> None:
        while self._results or not self._closing:
            await self._outcomes_ready.wait()
            await asyncio.sleep(GATHERING)
            self._outcomes_ready.clear()
            if not await self._settle_now():
                await asyncio.sleep(PAUSE)
                self._outcomes_ready.set()

    async def _settle_now(self) -> bool:
        """Write the outcomes to the database; False if it does not answer."""
        results = self._results[:MOST_CLAIMED]
        if not results:
            return True
        try:
            recipients = await self._pool.fetchval(SETTLE, *_columns(results, self._clock()))
        except Exception as error:
            if not is_outage(error):
                raise
            _log.warning("outcomes wait to be written down (%s)", type(error).__name__)
            return False
        del self._results[: len(results)]
        if self._results:
            self._outcomes_ready.set()
        self._bell.ring(recipients)
        for result in results:
            self._forget_settled(result.notice.webhook_id)
        self._ask_for_more()
        return True

    def _ask_for_more(self) -> None:
        """Have notices claimed if a lane holds at most half of what it may: a claim of few costs as
        much as one of many."""
        most = self._most_in_a_lane()
        if not self._lanes or any(2 * lane.held <= most for lane in self._lanes.values()):
            self._room.set()

    def _most_in_a_lane(self) -> int:
        return self._window * (1 + AHEAD)

    def _forget_settled(self, webhook_id: UUID) -> None:
        lane = self._lanes[webhook_id]
        lane.unsettled -= 1
        if not lane.held:
            del self._lanes[webhook_id]
            self._hosts.remove(lane)

    async def _drain(self) -> None:
        await self._release(list(self._lanes.values()))
        if self._sending:
            _finished, late = await asyncio.wait(self._sending, timeout=self._grace)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)


def _judge(notice: Notice, attempt: Attempt) -> Attempt:
    """An attempt of a challenge: only a proof makes it a success."""
    if proves(attempt.answer, notice.payload, notice.secrets):
        return attempt
    return replace(attempt, outcome="unproven")


def _columns(results: Sequence[Result], now: datetime) -> tuple[object, ...]:
    """The arguments of SETTLE."""
    dues = [_due(result, now) for result in results]
    return (
        now,
        [r.notice.id for r in results],
        [r.notice.lease for r in results],
        [r.notice.webhook_id for r in results],
        [r.notice.number for r in results],
        [r.at for r in results],
        [r.attempt.outcome for r in results],
        [r.attempt.status for r in results],
        [r.attempt.took_ms for r in results],
        [r.attempt.answer for r in results],
        [due for due, _ in dues],
        [rest for _, rest in dues],
        [not r.notice.is_of_inbox for r in results],
    )


def _due(result: Result, now: datetime) -> tuple[datetime | None, datetime | None]:
    """When the notice is due again, and until when its endpoint asked not to be called."""
    notice, attempt = result.notice, result.attempt
    if attempt.outcome == "delivered" or notice.position == 0:
        return None, None
    pause = asked_wait(attempt.retry_after, datetime.now(UTC))
    chance = random.random()  # noqa: S311 - spreads load, guards nothing
    if notice.is_challenge:
        tries = notice.tries + 1
        return challenge_due(tries, notice.since, now, chance, attempt.outcome), None
    due = next_due(notice.tries + 1, notice.since, now, chance, pause)
    return due, now + pause if pause is not None else None


async def _first_of(seconds: float, stopping: asyncio.Task[bool], *events: asyncio.Event) -> None:
    """Wait until the task or one of the events is done, at most `seconds`."""
    waits = [asyncio.create_task(event.wait()) for event in events]
    await asyncio.wait([stopping, *waits], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()
