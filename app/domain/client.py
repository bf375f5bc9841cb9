"""Clients (systems of an agency), the seats they may speak for, and who remembers them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class SeatRecord:
    """A seat that a client is linked to."""

    id: str
    role: str
    classes: frozenset[str]
    disabled: bool


@dataclass(frozen=True, slots=True)
class ClientRecord:
    """A client as it is stored; `seats` stand in the order in which they were linked."""

    id: str
    agency_id: str
    secret_hash: str | None = field(repr=False)
    public_jwk: Mapping[str, Any] | None
    disabled: bool
    agency_disabled: bool
    seats: tuple[SeatRecord, ...]


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


class Clients(Protocol):
    """Who knows the clients."""

    async def client(self, client_id: str) -> ClientRecord | None:
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


class LiveCheck(Protocol):
    """Whether client, seat and agency are still enabled, asked at every use of a token."""

    def __call__(self, client_id: str, seat_id: str, agency_id: str) -> bool:
        """False as soon as one of the three is known to be disabled."""
        ...
