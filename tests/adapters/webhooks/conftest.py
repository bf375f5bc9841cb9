"""An exchange with webhooks, couriers to be started and stopped, and a clock that is moved."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from app.adapters.inbox.bell import Bell
from app.adapters.keys.folder import KeyFolder
from app.adapters.keys.in_process import FolderKeys
from app.adapters.webhooks.courier import Courier
from app.adapters.webhooks.lookup import SystemLookup
from app.adapters.webhooks.safe_http import HttpSender, Outside
from app.adapters.webhooks.secrets import WebhookSecrets
from app.adapters.webhooks.webhooks import Webhooks
from app.domain.access.caller import Caller
from app.domain.webhooks.addresses import Reach
from tests.support.callers import seat
from tests.support.office import Clock, Office, saying
from tests.support.receiver import Receiver

AGENCY = "probation-13"
SENDER = "prison-fuchu"
LOOPBACK = Outside(Reach(loopback=True))


@dataclass
class Hook:
    """A webhook with its secret."""

    id: UUID
    secret: str
    caller: Caller


@dataclass
class Delivery:
    """What the tests of delivery work with."""

    office: Office
    webhooks: Webhooks
    secrets: WebhookSecrets
    bell: Bell
    worker: asyncpg.Pool
    hooks: list[Hook] = field(default_factory=list)

    @property
    def clock(self) -> Clock:
        return self.office.clock

    async def hook(self, url: str, agency: str = AGENCY, **filters: Any) -> Hook:
        """Register an endpoint, and take it for one that has proven itself."""
        hook = await self.unproven_hook(url, agency, **filters)
        await self.office.owner.execute("DELETE FROM notice WHERE webhook_id = $1", hook.id)
        await self.office.owner.execute(
            "UPDATE webhook SET challenge = NULL WHERE id = $1", hook.id
        )
        return hook

    async def unproven_hook(self, url: str, agency: str = AGENCY, **filters: Any) -> Hook:
        """Register an endpoint."""
        await self.office.owner.execute("DELETE FROM webhook_call")
        caller = await self.caller(agency)
        row, secret = await self.webhooks.add(
            caller, url, filters.get("flows"), filters.get("urgencies")
        )
        self.hooks.append(Hook(UUID(row["id"]), secret, caller))
        return self.hooks[-1]

    async def caller(self, agency: str) -> Caller:
        """A decider of an agency, with rows in the database."""
        caller = replace(seat(agency), client_id=f"{agency}.hooks")
        for statement in (
            "INSERT INTO seat VALUES ($1 || '.decider', $1, 'x', 'decider', '{C0}', now())",
            "INSERT INTO client VALUES ($1 || '.hooks', $1, 'x', 'x', NULL, now())",
            "INSERT INTO client_seat VALUES ($1 || '.hooks', $1 || '.decider', 1)",
        ):
            await self.office.owner.execute(f"{statement} ON CONFLICT DO NOTHING", agency)
        return caller

    async def send(self, many: int = 1, **envelope: Any) -> list[UUID]:
        """Messages to AGENCY, one after the other; their ids."""
        ids = []
        for _ in range(many):
            message = saying(
                "special_adjustment.notify_candidate", to={"probation_office": AGENCY}, **envelope
            )
            await self.office.exchange.accept(message, seat(SENDER))
            ids.append(message.id)
        self.bell.ring([AGENCY])
        return ids

    async def move(self, **distance: float) -> None:
        """Let time pass once nothing is held, and let the couriers look: no lease ends by it."""
        await self.until(self._nothing_is_held)
        self.jump(**distance)

    def jump(self, **distance: float) -> None:
        """Let time pass, whatever leases end by it."""
        self.clock.now += timedelta(**distance)
        self.bell.ring([AGENCY])

    async def attempt_after(self, hook: Hook, **distance: float) -> None:
        """Let time pass, and wait for an attempt at an endpoint that is failing."""
        await self.until(self._nothing_is_held)
        before = len(await self.outcomes(hook))
        await self.move(**distance)
        await self.until_attempts(hook, before + 1)

    async def _nothing_is_held(self) -> bool:
        held = "SELECT EXISTS (SELECT FROM notice WHERE state = 'pending' AND leased_until > $1)"
        return not await self.office.owner.fetchval(held, self.clock())

    async def states(self, hook: Hook) -> list[str]:
        """Of the notices, by position."""
        rows = await self.office.owner.fetch(
            "SELECT state FROM notice WHERE webhook_id = $1 ORDER BY position, created_at", hook.id
        )
        return [row["state"] for row in rows]

    async def outcomes(self, hook: Hook) -> list[str]:
        """Of the attempts, in their order."""
        rows = await self.office.owner.fetch(
            "SELECT outcome FROM attempt WHERE webhook_id = $1 ORDER BY at, number", hook.id
        )
        return [row["outcome"] for row in rows]

    async def until(self, check: Callable[[], Awaitable[bool]], seconds: float = 10.0) -> None:
        """Wait until it is so."""
        async with asyncio.timeout(seconds):
            while not await check():  # noqa: ASYNC110 - nobody is told of it
                await asyncio.sleep(0.01)

    async def until_attempts(self, hook: Hook, many: int) -> list[str]:
        """The outcomes, as soon as that many are written down."""

        async def there() -> bool:
            return len(await self.outcomes(hook)) >= many

        await self.until(there)
        return await self.outcomes(hook)

    @asynccontextmanager
    async def courier(self, sender: Any = None, **options: Any) -> AsyncIterator[Courier]:
        """A courier at work."""
        timeout = options.pop("timeout", 10.0)
        async with AsyncExitStack() as stack:
            if sender is None:
                outgoing = HttpSender(SystemLookup(), LOOPBACK, timeout=timeout)
                sender = await stack.enter_async_context(outgoing)
            courier = Courier(self.worker, self.bell, sender, self.secrets, self.clock, **options)
            stop = asyncio.Event()
            running = asyncio.create_task(courier.run(stop))
            try:
                yield courier
            finally:
                stop.set()
                self.bell.ring([AGENCY])
                await running


@pytest.fixture(scope="module")
async def parts(
    office: Office, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Delivery]:
    """The parts, put together once for the tests of a file."""
    folder = KeyFolder(tmp_path_factory.mktemp("keys"))
    folder.prepare(office.clock())
    secrets = WebhookSecrets(FolderKeys(folder, office.clock))
    bell = Bell(office.pool, office.urls.api)
    await bell.start()
    webhooks = Webhooks(office.pool, bell, secrets, SystemLookup(), office.clock, LOOPBACK.reach)
    async with asyncpg.create_pool(office.urls.worker, min_size=1, max_size=6) as worker:
        yield Delivery(office, webhooks, secrets, bell, worker)
        await bell.stop()


@pytest.fixture
async def delivery(parts: Delivery) -> AsyncIterator[Delivery]:
    """The parts, without webhooks of an earlier test."""
    yield parts
    for hook in parts.hooks:
        with suppress(Exception):
            await parts.webhooks.remove(hook.caller, hook.id)
    parts.hooks.clear()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A receiver that takes everything, unless told otherwise."""
    async with Receiver() as made:
        yield made
