"""Clients, used client assertions, and the record of issued tokens, in PostgreSQL."""

import hashlib
import json
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from app.domain.access.clients import LinkedSeat, RegisteredClient, TokenIssue

if TYPE_CHECKING:
    from asyncpg import Pool, Record

_CLIENT = "SELECT row_to_json(c)::text FROM client_for_token($1) c"
_USE = "SELECT use_assertion($1, $2, $3, $4)"
_LOG = "SELECT log_token($1::text::jsonb)"


class StoredClients:
    """The clients as they are in the database now: a disabled one gets no token."""

    def __init__(self, pool: "Pool[Record]") -> None:
        self._pool = pool

    async def client(self, client_id: str) -> RegisteredClient | None:
        """The client of that id, disabled or not; `None` if there is none."""
        row = await self._pool.fetchval(_CLIENT, client_id)
        return _client(json.loads(row)) if row else None

    async def first_use(self, client_id: str, jti: str, expires_at: datetime, at: datetime) -> bool:
        """Whether this `jti` of this client is new; it is remembered until it expires."""
        # JSON may hold a lone surrogate, which cannot be encoded as UTF-8.
        digest = hashlib.sha256(jti.encode(errors="surrogatepass")).digest()
        return bool(await self._pool.fetchval(_USE, client_id, digest, expires_at, at))

    async def log_token(self, issue: TokenIssue) -> None:
        """Record that a token is issued, before it is handed out."""
        entry = {
            **asdict(issue),
            "scopes": sorted(issue.scopes),
            "issued_at": issue.issued_at.isoformat(),
            "expires_at": issue.expires_at.isoformat(),
        }
        await self._pool.execute(_LOG, json.dumps(entry))


def _client(row: dict[str, Any]) -> RegisteredClient:
    return RegisteredClient(
        id=row["client_id"],
        agency_id=row["agency_id"],
        secret_hash=row["secret_hash"],
        public_jwk=row["public_jwk"],
        disabled=row["disabled"],
        agency_disabled=row["agency_disabled"],
        seats=tuple(_seat(seat) for seat in row["seats"] or ()),
        dpop_required=row["dpop_required"],
        stops=row["stops"],
    )


def _seat(row: dict[str, Any]) -> LinkedSeat:
    return LinkedSeat(
        row["id"], row["role"], frozenset(row["classes"]), row["disabled"], row["stops"]
    )
