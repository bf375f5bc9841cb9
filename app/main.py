"""Puts the service together: settings in, FastAPI out."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import FastAPI

from app.adapters.access.clients import StoredClients
from app.adapters.access.lockouts import Guesses
from app.adapters.access.refused_calls import RefusedCalls
from app.adapters.access.stopped_tokens import SwitchedOff
from app.adapters.acts.acts import Acts
from app.adapters.acts.work import Effect
from app.adapters.administration.acts import ADMINISTRATION
from app.adapters.administration.by_agency import OwnDesk
from app.adapters.consents.listing import Consents
from app.adapters.consents.return_requests import Returns
from app.adapters.database.pool import open_pool
from app.adapters.deliveries.deliveries import Deliveries
from app.adapters.deliveries.recalls import Recalls
from app.adapters.directory.cache import DirectoryCache
from app.adapters.disclosures.listing import Disclosures
from app.adapters.erasure.acts import ERASURE
from app.adapters.erasure.listing import Erasures
from app.adapters.evidence.collecting import Evidence
from app.adapters.inbox.bell import Bell
from app.adapters.inbox.inboxes import Mailboxes
from app.adapters.keys.checkpoint_keys import log_keys
from app.adapters.keys.choice import key_service
from app.adapters.keys.folder import KeyFolder
from app.adapters.keys.vault import Vault
from app.adapters.log.reading import Log
from app.adapters.outage import CannotStart, is_outage
from app.adapters.referrals.deadlines import DeadlineList
from app.adapters.referrals.decision_rows import Recorder
from app.adapters.referrals.exchange import Exchange
from app.adapters.referrals.reading import Reading
from app.adapters.service.figures import Figures
from app.adapters.service.readiness import Readiness
from app.adapters.webhooks.safe_http import SystemLookup
from app.adapters.webhooks.secrets import WebhookSecrets
from app.adapters.webhooks.webhooks import Webhooks
from app.api.application import NEEDS, application
from app.api.evidence.files import SealWithin
from app.api.inbox.routes import LongestWait
from app.api.service.metrics import MetricsToken
from app.api.wire import dependencies
from app.api.wire.dependencies import (
    Issuer,
    PublishedLogKeys,
    ServiceClock,
    ServiceDirectory,
    Shutdown,
)
from app.api.wire.json_body import LargestBody
from app.api.wire.rates import Rate, Rates
from app.auth.dpop import Proofs
from app.auth.receipts import ReceiptSigner
from app.auth.revocation import ReturnDesk
from app.auth.signing_keys import SigningKeys
from app.auth.token_endpoint import TokenDesk
from app.auth.tokens import TokenIssuer, TokenReader, TokenTerms
from app.domain.calendar.clock import Clock
from app.settings import Settings

if TYPE_CHECKING:
    from app.adapters.database.pool import Pool

EFFECTS: Mapping[str, Effect] = {**ADMINISTRATION, **ERASURE}
"""What each kind of act does. A test holds it to the kinds that there are."""


def create_app(settings: Settings, clock: Clock | None = None) -> FastAPI:
    """The service as `settings` want it; `clock` in place of theirs, for tests."""
    return application(_lifespan(settings, clock or settings.running_clock()), is_outage)


def _lifespan(
    settings: Settings, clock: Clock
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        url = settings.api_url
        if url is None:
            raise CannotStart("Set TSUNAGU_DATABASE_URL, or start with `tsunagu run`.")
        async with AsyncExitStack() as closing:
            pool = await open_pool(
                url, settings.api_pool_size, "tsunagu api", settings.pool_timeout
            )
            closing.push_async_callback(pool.close)
            refused = RefusedCalls(pool, clock)
            closing.push_async_callback(refused.close)
            folder = KeyFolder(settings.data_dir / "keys")
            service = key_service(settings.key_service, folder, clock)
            closing.push_async_callback(service.aclose)
            readiness = Readiness(pool, folder, service)
            await readiness.check_keys()
            folder.prepare(clock(), masters=settings.key_service is None)
            checkpoint_keys = log_keys(folder, clock(), settings.log_origin, settings.log_name)
            bell = Bell(pool, url)
            await bell.start()
            closing.push_async_callback(bell.stop)
            directory, off = DirectoryCache(pool), SwitchedOff(pool, clock)
            await directory.refresh()
            await off.refresh()
            for watch in (directory.watch, off.watch, refused.watch):
                closing.push_async_callback(_ended, asyncio.create_task(watch()))
            keys = SigningKeys(folder)
            vault = Vault(service)
            recorder = Recorder(
                vault,
                ReceiptSigner(keys, clock),
                settings.issuer_url,
                settings.seal_within,
                settings.backup_age,
            )
            reading, log = Reading(pool, vault, clock), Log(pool)
            acts = Acts(pool, clock, bell, EFFECTS, settings.backup_age)
            shutdown = Shutdown()
            objects = (
                *_access(settings, clock, pool, keys, off),
                directory,
                off,
                ServiceClock(clock),
                ServiceDirectory(directory.current),
                Issuer(settings.issuer_url),
                PublishedLogKeys(checkpoint_keys.published),
                LargestBody(settings.max_body),
                LongestWait(settings.long_poll_limit.total_seconds()),
                SealWithin(settings.seal_within),
                MetricsToken(settings.metrics_secret),
                shutdown,
                readiness,
                refused,
                reading,
                log,
                Exchange(pool, recorder, directory.current, clock, bell),
                Mailboxes(pool, bell, clock),
                Deliveries(pool, clock),
                Recalls(pool, clock, bell),
                acts,
                OwnDesk(pool, clock, bell, acts),
                Erasures(pool),
                DeadlineList(pool, clock),
                Disclosures(pool, clock),
                Consents(pool, clock),
                Returns(pool, clock),
                Webhooks(
                    pool,
                    bell,
                    WebhookSecrets(service),
                    SystemLookup(),
                    clock,
                    loopback=settings.webhook_loopback,
                ),
                Figures(pool, clock, settings.periods),
                Evidence(pool, reading, log, clock),
            )
            dependencies.install(app, objects, NEEDS)
            _set_aside_what_stays()
            yield
            shutdown.begin()

    return lifespan


def _access(
    settings: Settings, clock: Clock, pool: "Pool", keys: SigningKeys, off: SwitchedOff
) -> Iterator[object]:
    """What lets a caller in."""
    issuer = settings.issuer_url
    terms = TokenTerms(issuer, settings.audience_url, settings.access_token_lifetime)
    stored = StoredClients(pool)
    audiences = frozenset({issuer, f"{issuer}/oauth/token", f"{issuer}/oauth/revoke"})
    tokens = TokenReader(keys, terms, off.is_active)
    guesses = Guesses(pool, settings.lockout_terms)
    desk = TokenDesk(stored, stored, TokenIssuer(keys, terms), audiences, clock, guesses)
    yield from (keys, stored, tokens, desk)
    yield ReturnDesk(desk, tokens, off, clock)
    yield Proofs(stored, issuer, clock)
    yield Rates(Rate(settings.rate_limit, settings.stranger_rate_limit, settings.token_rate_limit))


def _set_aside_what_stays() -> None:
    """Let the garbage collector pass over what has been loaded, and look at the rest less often.

    Measured: going through message types and schemas halts every request for a tenth of a second,
    and looking at what a few requests have at hand takes a fifth of a submit. Hardly any of it is
    garbage that only the collector can free.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])
