"""Clients as a token needs them, with their linked seats, and the ports that store them.

`administration.seats` has the same clients and seats as they are administered.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from app.domain.access.caller import Caller


@dataclass(frozen=True, slots=True)
class LinkedSeat:
    """A seat of a client, as it is linked: what a token for it may hold."""

    id: str
    role: str
    classes: frozenset[str]
    disabled: bool
    stops: int = 0
    """How often its tokens had been stopped when this was read."""


@dataclass(frozen=True, slots=True)
class RegisteredClient:
    """A client as it is registered, with its seats in the order in which they were linked."""

    id: str
    agency_id: str
    secret_hash: str | None = field(repr=False)
    public_jwk: Mapping[str, Any] | None
    disabled: bool
    agency_disabled: bool
    seats: tuple[LinkedSeat, ...]
    dpop_required: bool = False
    """Whether it gets only tokens that are bound to a key (RFC 9449)."""
    stops: int = 0
    """How often its tokens, and those of its agency, had been stopped when this was read."""

    def stops_at(self, seat_id: str) -> int:
        """How often the tokens of this client, this seat and its agency had been stopped."""
        return self.stops + sum(seat.stops for seat in self.seats if seat.id == seat_id)


@dataclass(frozen=True, slots=True)
class TokenIssue:
    """The log's record of an issued token, without the token itself."""

    jti: str
    client_id: str
    agency_id: str
    seat_id: str
    role: str
    scopes: frozenset[str]
    method: str
    issued_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Revocation:
    """A token that its client gives back."""

    jti: str
    client_id: str
    agency_id: str
    seat_id: str
    expires_at: datetime
    at: datetime


class Clients(Protocol):
    """The registered clients."""

    async def client(self, client_id: str) -> RegisteredClient | None:
        """The client of that id, disabled or not; `None` if there is none."""
        ...

    async def log_token(self, issue: TokenIssue) -> None:
        """Record that a token is issued, before it is handed out."""
        ...


class AssertionLedger(Protocol):
    """The assertions that were used."""

    async def first_use(self, client_id: str, jti: str, expires_at: datetime, at: datetime) -> bool:
        """Whether this `jti` of this client is new; it is remembered until it expires."""
        ...


class GuessLedger(Protocol):
    """The count of wrong secrets by client id, whether the client exists or not."""

    async def locked_until(self, client_id: str, place: str, at: datetime) -> datetime | None:
        """Until when secrets for this id are refused from that place; None if they are not."""
        ...

    async def note_failure(self, client_id: str, place: str, at: datetime) -> None:
        """Record a wrong secret."""
        ...

    async def note_success(self, client_id: str, place: str, at: datetime) -> None:
        """Record that the secret of this client was right at that place."""
        ...

    async def is_proven(self, client_id: str, place: str, at: datetime) -> bool:
        """Whether the secret of this client was right at that place lately."""
        ...


class Revocations(Protocol):
    """Ends tokens before they expire."""

    async def revoke(self, revocation: Revocation) -> None:
        """Revoke this token: in this process at once, in all others within seconds."""
        ...


class LiveCheck(Protocol):
    """Whether a token still counts, asked at every use of it."""

    def __call__(self, caller: Caller, jti: str, stops: int) -> bool:
        """False as soon as the token, or its client, seat or agency, is known to be stopped.

        `stops` is the count of stops that stands in the token.
        """
        ...
