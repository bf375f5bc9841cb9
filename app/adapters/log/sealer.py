"""Seals the log: entries become leaves of its Merkle tree, and a checkpoint of it is signed.

One sealer works at a time. While none does, entries wait.
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

    AnyConnection = Connection | PoolConnectionProxy[Record]

HOLD = "SELECT size, hashed, frontier, checkpointed FROM hold_log()"
PENDING = "SELECT seq, id, entry FROM pending_entries($1)"
UNGROWN = "SELECT hash FROM ungrown_leaves($1)"
APPEND = "SELECT append_leaves($1, $2, $3)"
GROW = "SELECT grow_log($1, $2, $3, $4, $5, $6, $7, $8)"
TIME = "SELECT checkpoint_time($1)"
BATCH = 1_000


class Signers(Protocol):
    """The keys that sign checkpoints of the log."""

    def signers(self, at: "datetime") -> Sequence[NoteSigner]:
        """The keys that sign at `at`."""
        ...


class Sealer:
    """Appends entries to the tree, and signs checkpoints. The tree never shrinks."""

    def __init__(self, pool: "Pool", signers: Signers, origin: str, clock: Clock) -> None:
        self._pool = pool
        self._signers = signers
        self._origin = origin
        self._clock = clock

    async def seal(self) -> int:
        """Seal up to a batch of entries, and say how many."""
        async with self._pool.acquire() as connection, connection.transaction():
            # This locks the tree until the transaction ends: one sealer at a time.
            tree = await connection.fetchrow(HOLD)
            if tree is None:
                raise LookupError("the log has no tree")
            behind = tree["hashed"] < tree["size"]
            leaves = await (_ungrown_leaves(connection) if behind else _number_entries(connection))
            if leaves or not tree["checkpointed"]:
                frontier = Frontier(tree["hashed"], list(tree["frontier"]))
                await self._grow(connection, frontier, leaves)
            return len(leaves)

    async def _grow(
        self, connection: "AnyConnection", frontier: Frontier, leaves: Sequence[bytes]
    ) -> None:
        nodes = [each for leaf in leaves for each in frontier.append(leaf)]
        # Of the keys, those sign that were in use then: never older ones than before.
        at, root = await connection.fetchval(TIME, self._clock()), frontier.root()
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


async def _number_entries(connection: "AnyConnection") -> list[bytes]:
    """Give the waiting entries their index in the tree, and return their hashes."""
    rows = await connection.fetch(PENDING, BATCH)
    hashes = [leaf_hash(row["entry"]) for row in rows]
    if rows:
        await connection.execute(
            APPEND, [row["seq"] for row in rows], [row["id"] for row in rows], hashes
        )
    return hashes


async def _ungrown_leaves(connection: "AnyConnection") -> list[bytes]:
    """The hashes of leaves that have an index but are not in the tree yet."""
    return [row["hash"] for row in await connection.fetch(UNGROWN, BATCH)]


def leaf_hash(entry: str) -> bytes:
    """The hash of a leaf: RFC 9162 §2.1.1 over the RFC 8785 form of the entry."""
    return merkle.leaf_hash(canonical(json.loads(entry)))
