"""Sealing the log: each entry becomes a leaf with the next number; one sealer at a time."""

import hashlib
import json
from typing import TYPE_CHECKING

from app.domain.digest import canonical

if TYPE_CHECKING:
    from app.adapters.database import Pool

PENDING = "SELECT id, entry FROM pending_entries($1)"
APPEND = "SELECT append_leaves($1, $2)"
BATCH = 1_000


class Sealer:
    """Numbers the entries of the log. Entries wait without harm while nobody does."""

    def __init__(self, pool: "Pool") -> None:
        self._pool = pool

    async def seal(self) -> int:
        """Seal up to a batch of entries, and say how many."""
        async with self._pool.acquire() as connection, connection.transaction():
            # The first statement holds the tree until the transaction ends: one sealer at a time.
            rows = await connection.fetch(PENDING, BATCH)
            if rows:
                hashes = [leaf_hash(row["entry"]) for row in rows]
                await connection.fetchval(APPEND, [row["id"] for row in rows], hashes)
            return len(rows)


def leaf_hash(entry: str) -> bytes:
    """The hash of a leaf: RFC 9162 §2.1.1 over the RFC 8785 form of the entry."""
    return hashlib.sha256(b"\x00" + canonical(json.loads(entry))).digest()
