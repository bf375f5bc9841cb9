"""Clients (systems of an agency), the seats they may speak for, and who remembers them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from app.domain.access.caller import Caller


@dataclass(frozen=True, slots=True)
class LinkedSeat:
    """A seat that a client is linked to."""

    id: str
    role: str
    classes: frozenset[str]
    disabled: bool
    stops: int = 0
    """How often its tokens had been stopped when this was read."""


@dataclass(frozen=True, slots=True)
class RegisteredClient:
    """A client as it is stored; `seats` stand in the order in which they were linked."""

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
    """What the log keeps of a token that was given out: never the token itself."""

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
    """Who knows the clients."""

    async def client(self, client_id: str) -> RegisteredClient | None:
        """The client of that id, disabled or not; `None` if there is none."""
        ...

    async def log_token(self, issue: TokenIssue) -> None:
        """Write down that a token was given out, before it is given."""
        ...


class AssertionLedger(Protocol):
    """Who remembers the assertions that were used."""

    async def first_use(self, client_id: str, jti: str, expires_at: datetime, at: datetime) -> bool:
        """Whether this `jti` of this client is new; it is remembered until it expires."""
        ...


class GuessLedger(Protocol):
    """Who counts wrong secrets, for ids of clients that there are and that there are not."""

    async def locked_until(self, client_id: str, place: str, at: datetime) -> datetime | None:
        """Until when no secret for this id is looked at from that place; None: it is."""
        ...

    async def note_failure(self, client_id: str, place: str, at: datetime) -> None:
        """Take note of a wrong secret."""
        ...


class Revocations(Protocol):
    """Who ends a token before it expires."""

    async def revoke(self, revocation: Revocation) -> None:
        """End this token: in this process at once, in all others within seconds."""
        ...


class LiveCheck(Protocol):
    """Whether a token still counts, asked at every use of it."""

    def __call__(self, caller: Caller, jti: str, stops: int) -> bool:
        """False as soon as the token, or its client, seat or agency, is known to be stopped.

        `stops` is the count of stops that stands in the token.
        """
        ...
