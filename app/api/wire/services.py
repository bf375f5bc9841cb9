"""What the routes work with, put together by main and typed in one place."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta

from fastapi import FastAPI, Request

from app.adapters.access.refused_calls import RefusedCalls
from app.adapters.acts.acts import Acts
from app.adapters.administration.by_agency import OwnDesk
from app.adapters.consents.listing import Consents
from app.adapters.consents.return_requests import Returns
from app.adapters.deliveries.deliveries import Deliveries
from app.adapters.deliveries.recalls import Recalls
from app.adapters.disclosures.listing import Disclosures
from app.adapters.evidence.collecting import Evidence
from app.adapters.inbox.inboxes import Mailboxes
from app.adapters.log.reading import Log
from app.adapters.referrals.exchange import Exchange
from app.adapters.referrals.reading import Reading
from app.adapters.service.figures import Figures
from app.adapters.webhooks.webhooks import Webhooks
from app.api.wire.rates import Rate, Rates
from app.auth.dpop import Proofs
from app.auth.revocation import ReturnDesk
from app.auth.signing_keys import SigningKeys
from app.auth.token_endpoint import TokenDesk
from app.auth.tokens import TokenReader
from app.domain.access.clients import Clients
from app.domain.calendar.clock import Clock
from app.domain.directory.agencies import Directory
from app.domain.log.signed_note import VerifierKey


@dataclass(frozen=True, slots=True)
class Services:
    """Who calls, and who is there. `directory` gives the directory as it is at that moment."""

    issuer: str
    clock: Clock
    keys: SigningKeys
    tokens: TokenReader
    desk: TokenDesk
    returns: ReturnDesk
    proofs: Proofs
    clients: Clients
    directory: Callable[[], Directory]
    rates: Rates = field(default_factory=lambda: Rates(Rate()))


@dataclass(frozen=True, slots=True)
class Messaging:
    """What carries messages, and how much of it one call may ask for."""

    exchange: Exchange
    reading: Reading
    mailboxes: Mailboxes
    deliveries: Deliveries
    recalls: Recalls
    acts: Acts
    own_desk: OwnDesk
    disclosures: Disclosures
    consents: Consents
    returns: Returns
    webhooks: Webhooks
    figures: Figures
    log: Log
    evidence: Evidence
    seal_within: timedelta
    """By when after its acceptance a message's entry is to be in the log."""
    log_keys: Callable[[], tuple[VerifierKey, ...]]
    """The keys that sign the log's checkpoints, also those that did."""
    largest_body: int
    """Bytes."""
    longest_wait: float
    """Seconds."""
    amiss: Callable[[], Awaitable[list[str]]]
    """The parts that do not work, by name."""
    refused: RefusedCalls
    """Counts the calls that never reached the rules."""
    metrics_token: str | None = field(default=None, repr=False)
    """What `/metrics` asks for, if anything."""
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the process is told to stop: whoever waits is let go."""


def services(request: Request) -> Services:
    """Who calls and who is there, behind the application that answers `request`."""
    found: Services = request.app.state.services
    return found


def messaging(request: Request) -> Messaging:
    """What carries messages, behind the application that answers `request`."""
    found: Messaging = request.app.state.messaging
    return found


def release(app: FastAPI) -> None:
    """Let go whoever waits for an inbox of `app`: it is about to stop."""
    found: Messaging | None = getattr(app.state, "messaging", None)
    if found is not None:
        found.closing.set()
