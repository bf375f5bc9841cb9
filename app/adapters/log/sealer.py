"""Sealing the log: entries become leaves of its Merkle tree, whose state is then signed.

One sealer at a time; entries wait without harm while nobody seals.
"""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from app.domain.calendar.clock import Clock
from app.domain.log import merkle
from app.domain.log.merkle import Frontier
from app.domain.log.signed_note import Checkpoint, NoteSigner, sign_note
from app.domain.messages.digest import canonical

if TYPE_CHECKING:
    from datetime import datetime

    from asyncpg import Record
    from asyncpg.pool import PoolConnectionProxy

    from app.adapters.database.pool import Connection, Pool

    Held = Connection | PoolConnectionProxy[Record]

HOLD = "SELECT size, hashed, frontier, checkpointed FROM hold_log()"
PENDING = "SELECT seq, id, entry FROM pending_entries($1)"
UNGROWN = "SELECT hash FROM ungrown_leaves($1)"
APPEND = "SELECT append_leaves($1, $2, $3)"
GROW = "SELECT grow_log($1, $2, $3, $4, $5, $6, $7, $8)"
BATCH = 1_000


class Signers(Protocol):
    """Who signs the state of the log."""

    def signers(self, at: "datetime") -> Sequence[NoteSigner]:
        """The keys that sign at `at`."""
        ...


class Sealer:
    """Makes the log grow. Its tree never shrinks, and what it signed stays true for ever."""

    def __init__(self, pool: "Pool", signers: Signers, origin: str, clock: Clock) -> None:
        self._pool = pool
        self._signers = signers
        self._origin = origin
        self._clock = clock

    async def seal(self) -> int:
        """Seal up to a batch of entries, and say how many."""
        async with self._pool.acquire() as connection, connection.transaction():
            # This holds the tree until the transaction ends: one sealer at a time.
            tree = await connection.fetchrow(HOLD)
            if tree is None:
                raise LookupError("the log has no tree")
            behind = tree["hashed"] < tree["size"]
            leaves = await (_ungrown(connection) if behind else _numbered(connection))
            if leaves or not tree["checkpointed"]:
                frontier = Frontier(tree["hashed"], list(tree["frontier"]))
                await self._grow(connection, frontier, leaves)
            return len(leaves)

    async def _grow(self, connection: "Held", frontier: Frontier, leaves: Sequence[bytes]) -> None:
        nodes = [each for leaf in leaves for each in frontier.append(leaf)]
        at, root = self._clock(), frontier.root()
        state = Checkpoint(self._origin, frontier.size, root)
        await connection.execute(
            GROW,
            frontier.size,
            frontier.hashes,
            [node.level for node, _ in nodes],
            [node.number for node, _ in nodes],
            [digest for _, digest in nodes],
            root,
            str(sign_note(state.text, self._signers.signers(at))),
            at,
        )


async def _numbered(connection: "Held") -> list[bytes]:
    """The hashes of the entries that wait, which hereby have their places in the tree."""
    rows = await connection.fetch(PENDING, BATCH)
    hashes = [leaf_hash(row["entry"]) for row in rows]
    if rows:
        await connection.execute(
            APPEND, [row["seq"] for row in rows], [row["id"] for row in rows], hashes
        )
    return hashes


async def _ungrown(connection: "Held") -> list[bytes]:
    """The hashes of leaves that have their places, from before there was a tree over them."""
    return [row["hash"] for row in await connection.fetch(UNGROWN, BATCH)]


def leaf_hash(entry: str) -> bytes:
    """The hash of a leaf: RFC 9162 §2.1.1 over the RFC 8785 form of the entry."""
    return merkle.leaf_hash(canonical(json.loads(entry)))
