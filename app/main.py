"""Puts the service together: settings in, FastAPI out."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass

from fastapi import FastAPI

from app.adapters.access.clients import StoredClients
from app.adapters.access.lockouts import SecretFailures
from app.adapters.access.refused_calls import RefusedCalls
from app.adapters.access.stopped_tokens import StoppedTokens
from app.adapters.acts.acts import Acts
from app.adapters.acts.work import Effect
from app.adapters.administration.acts import ADMINISTRATION
from app.adapters.administration.by_agency import AgencyAdministration
from app.adapters.consents.listing import Consents
from app.adapters.consents.return_requests import ReturnRequests
from app.adapters.deliveries.deliveries import Deliveries
from app.adapters.deliveries.recall_requests import RECALL, RecallRequests
from app.adapters.deliveries.recalls import Recalls
from app.adapters.directory.cache import DirectoryCache
from app.adapters.disclosures.listing import Disclosures
from app.adapters.erasure.acts import ERASURE
from app.adapters.erasure.listing import Erasures
from app.adapters.erasure.requests import ErasureRequests
from app.adapters.evidence.collecting import Evidence
from app.adapters.inbox.inboxes import Inboxes
from app.adapters.keys.vault import Vault
from app.adapters.log.reading import Log
from app.adapters.outage import CannotStart, outage_of
from app.adapters.referrals.deadlines import DeadlineList
from app.adapters.referrals.decision_rows import DecisionWriter
from app.adapters.referrals.exchange import Exchange
from app.adapters.referrals.facts_before import FactsBefore
from app.adapters.referrals.reading import Reading
from app.adapters.service.figures import Figures
from app.adapters.service.readiness import Readiness
from app.adapters.webhooks.lookup import SystemLookup
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
from app.api.wire.refused_work import RefusedWork
from app.auth.dpop import Proofs
from app.auth.receipts import ReceiptSigner
from app.auth.revocation import TokenRevocation
from app.auth.signing_keys import SigningKeys
from app.auth.token_endpoint import TokenEndpoint
from app.auth.tokens import TokenIssuer, TokenReader, TokenTerms
from app.domain.calendar.clock import Clock
from app.domain.cases.quota import Quota
from app.resources import Resources, open_resources
from app.settings import Settings

EFFECTS: Mapping[str, Effect] = {**ADMINISTRATION, **ERASURE, **RECALL}
"""The effect of each kind of act. A test compares it with the kinds."""


def create_app(settings: Settings, clock: Clock | None = None) -> FastAPI:
    """The service for these settings. Tests replace the clock by `clock`."""
    return application(_lifespan(settings, clock or settings.running_clock()), outage_of)


def _lifespan(
    settings: Settings, clock: Clock
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if settings.api_url is None:
            raise CannotStart("Set TSUNAGU_DATABASE_URL, or start with `tsunagu run`.")
        async with open_resources(
            settings,
            clock,
            settings.api_url,
            settings.api_pool_size,
            "tsunagu api",
            settings.pool_timeout,
            settings.limits,
        ) as resources:
            folder, keys = resources.key_folder, resources.key_service
            readiness = Readiness(settings.api_url, folder, keys, resources.database_clock)
            await readiness.check_keys(resources.pool)
            # After the check: a key folder that was not restored must not get new keys.
            folder.prepare(clock(), masters=settings.key_service is None)
            async with _caches(resources) as caches, aclosing(readiness):
                objects = _objects(resources, caches, readiness)
                dependencies.install(app, objects, NEEDS)
                _freeze_loaded_objects()
                yield
                dependencies.release(app)

    return lifespan


@dataclass(frozen=True, slots=True)
class _Caches:
    """What the process keeps in memory, and exchanges with the database every few seconds."""

    directory: DirectoryCache
    stopped_tokens: StoppedTokens
    refused_calls: RefusedCalls


@asynccontextmanager
async def _caches(resources: Resources) -> AsyncIterator[_Caches]:
    pool, clock = resources.pool, resources.clock
    directory, stopped_tokens = DirectoryCache(pool), StoppedTokens(pool, clock)
    refused_calls = RefusedCalls(pool, clock)
    async with AsyncExitStack() as closing:
        closing.push_async_callback(refused_calls.close)
        await directory.refresh()
        await stopped_tokens.refresh()
        for watch in (directory.watch, stopped_tokens.watch, refused_calls.watch):
            closing.push_async_callback(_cancel, asyncio.create_task(watch()))
        yield _Caches(directory, stopped_tokens, refused_calls)


def _objects(resources: Resources, caches: _Caches, readiness: Readiness) -> Iterator[object]:
    """Everything that the routes work with, one object of each type."""
    pool, clock = resources.pool, resources.clock
    signing_keys, vault = SigningKeys(resources.key_folder), Vault(resources.key_service)
    reading, log = Reading(pool, vault, clock), Log(pool)
    settings = resources.settings
    period = settings.erasure_objection_period
    acts = Acts(pool, clock, resources.bell, EFFECTS, settings.key_backup_age, period)
    yield from _common(resources, caches)
    yield from _access(resources, caches, signing_keys)
    yield from _referrals(resources, caches, signing_keys, vault)
    yield from _inbox(resources)
    yield from _deliveries(resources)
    yield from _webhooks(resources)
    yield from _consents(resources)
    yield Disclosures(pool, clock)
    yield Erasures(pool)
    yield ErasureRequests(pool, clock, resources.bell)
    yield acts
    yield AgencyAdministration(pool, clock, resources.bell, acts)
    yield log
    yield reading
    yield from _evidence(resources, reading, log)
    yield from _service(resources, readiness)


def _common(resources: Resources, caches: _Caches) -> Iterator[object]:
    settings = resources.settings
    yield ServiceClock(resources.clock)
    yield ServiceDirectory(caches.directory.current)
    yield caches.directory
    yield Issuer(settings.issuer_url)
    yield PublishedLogKeys(resources.checkpoint_keys().public_keys)
    yield LargestBody(settings.max_body)
    yield Shutdown()
    rate = Rate(
        settings.rate_limit,
        settings.stranger_rate_limit,
        settings.token_rate_limit,
        settings.stranger_byte_limit,
    )
    yield Rates(rate)
    yield RefusedWork(counts=settings.rate_limit > 0)


def _access(resources: Resources, caches: _Caches, keys: SigningKeys) -> Iterator[object]:
    settings, pool, clock = resources.settings, resources.pool, resources.clock
    issuer = settings.issuer_url
    terms = TokenTerms(issuer, settings.audience_url, settings.access_token_lifetime)
    audiences = frozenset({issuer, f"{issuer}/oauth/token"})
    clients, failures = StoredClients(pool), SecretFailures(pool, settings.lockout_terms)
    tokens = TokenReader(keys, terms, caches.stopped_tokens.is_active)
    token_endpoint = TokenEndpoint(
        clients, clients, TokenIssuer(keys, terms), audiences, clock, failures
    )
    yield keys
    yield clients
    yield tokens
    yield token_endpoint
    yield TokenRevocation(token_endpoint, tokens, caches.stopped_tokens, clock)
    yield Proofs(clients, issuer, clock)
    yield caches.stopped_tokens
    yield caches.refused_calls


def _referrals(
    resources: Resources, caches: _Caches, keys: SigningKeys, vault: Vault
) -> Iterator[object]:
    settings, pool, clock = resources.settings, resources.pool, resources.clock
    signer = ReceiptSigner(keys, clock)
    writer = DecisionWriter(
        vault, signer, settings.issuer_url, settings.seal_within, settings.key_backup_age
    )
    quota = Quota(settings.messages_per_referral, settings.messages_per_day)
    yield Exchange(pool, writer, caches.directory.current, clock, resources.bell, quota)
    yield DeadlineList(pool, clock)


def _inbox(resources: Resources) -> Iterator[object]:
    yield Inboxes(resources.pool, resources.bell, resources.clock)
    yield LongestWait(resources.settings.long_poll_limit.total_seconds())


def _deliveries(resources: Resources) -> Iterator[object]:
    yield Deliveries(resources.pool, resources.clock)
    replaced = FactsBefore(Vault(resources.key_service))
    yield Recalls(resources.pool, resources.clock, resources.bell, replaced)
    yield RecallRequests(resources.pool, resources.clock, resources.bell, replaced)


def _webhooks(resources: Resources) -> Iterator[object]:
    yield Webhooks(
        resources.pool,
        resources.bell,
        WebhookSecrets(resources.key_service),
        SystemLookup(),
        resources.clock,
        resources.settings.webhook_reach,
        by_proxy=resources.settings.webhook_proxy is not None,
    )


def _consents(resources: Resources) -> Iterator[object]:
    yield Consents(resources.pool, resources.clock)
    yield ReturnRequests(resources.pool, resources.clock)


def _evidence(resources: Resources, reading: Reading, log: Log) -> Iterator[object]:
    yield Evidence(resources.pool, reading, log, resources.clock)
    yield SealWithin(resources.settings.seal_within)


def _service(resources: Resources, readiness: Readiness) -> Iterator[object]:
    yield readiness
    settings = resources.settings
    yield Figures(resources.pool, resources.clock, settings.periods, settings.overwrite_within)
    yield MetricsToken(settings.metrics_secret)


def _freeze_loaded_objects() -> None:
    """Exclude loaded objects from garbage collection, and collect the rest less often.

    Measured: a full collection over message types and schemas stops every request for a tenth of a
    second, and frequent collections take a fifth of the time of a submit. Hardly any of it is
    garbage that only the collector can free.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])
