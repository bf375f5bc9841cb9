"""Audits the log with the owner's login: computes its tree again from the entries, and compares."""

import json
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from app.adapters.log.signatures import verifies
from app.domain.log.merkle import Frontier, Node, leaf_hash
from app.domain.log.signed_note import Checkpoint, NotANote, Note, NotTrusted, VerifierKey
from app.domain.messages.digest import canonical

if TYPE_CHECKING:
    from asyncpg import Record
    from asyncpg.pool import PoolConnectionProxy

    from app.adapters.database.pool import Connection

LEAVES = """
    SELECT l.index, l.entry_id, l.hash,
        (SELECT leaf_form(e)::text FROM log_entry e WHERE e.id = l.entry_id) AS entry
    FROM log_leaf l ORDER BY l.index
"""
CHECKPOINTS = "SELECT size, root, note FROM log_checkpoint ORDER BY size"
NODES = """
    SELECT (SELECT o.hash FROM log_node o WHERE o.level = n.level AND o.number = n.number) AS hash
    FROM unnest($1::smallint[], $2::bigint[]) WITH ORDINALITY AS n (level, number, nth)
    ORDER BY n.nth
"""
READERS = """
    SELECT r.index, array_agg(r.agency_id) AS agencies FROM log_reader r
    WHERE r.entry_id = ANY ($1) GROUP BY r.index
"""
REST = """
    SELECT size, hashed, frontier, (SELECT count(*) FROM log_node) AS nodes,
        (SELECT e.id FROM log_entry e
         WHERE NOT EXISTS (SELECT FROM log_leaf l WHERE l.entry_id = e.id)
            AND NOT EXISTS (SELECT FROM log_pending p WHERE p.entry_id = e.id) LIMIT 1) AS lost
    FROM log_tree
"""
HASHED = "SELECT hashed FROM log_tree"
CHUNK = 5_000

Progress: TypeAlias = Callable[[int], None]
"""Called with the number of leaves that were checked so far."""


class LogMismatch(Exception):
    """The log differs from what was signed. `index` is the first leaf that differs."""

    def __init__(self, index: int, why: str) -> None:
        super().__init__(f"leaf {index}: {why}")
        self.index = index


@dataclass(frozen=True, slots=True)
class AuditResult:
    """How much was checked. Everything was as it was signed."""

    leaves: int
    checkpoints: int


@dataclass(slots=True)
class Audit:
    """Checks the whole log, in one snapshot of the database.

    Args:
        connection: the owner's, since row security would hide most of the log.
        publics: the public keys (Ed25519) that may have signed.
    """

    connection: "Connection | PoolConnectionProxy[Record]"
    publics: Sequence[bytes]
    _frontier: Frontier = field(default_factory=Frontier)
    _signed: int = 0
    _checkpoints: int = 0
    _hashed: int = 0

    async def run(self, progress: Progress) -> AuditResult:
        """Check everything.

        Raises:
            LogMismatch: something differs from what was signed.
        """
        async with self.connection.transaction(isolation="repeatable_read", readonly=True):
            await self.connection.execute("SET LOCAL timezone = 'UTC'")
            self._hashed = await self.connection.fetchval(HASHED)
            signed = _Checkpoints(self.connection.cursor(CHECKPOINTS, prefetch=CHUNK).__aiter__())
            await signed.advance()
            await self._check_next(signed)
            async for chunk in _chunks(self.connection):
                nodes: list[tuple[Node, bytes]] = []
                for row in chunk:
                    nodes += self._append_leaf(row)
                    await self._check_next(signed)
                await self._check_nodes_and_readers(chunk, nodes)
                progress(self._frontier.size)
            if signed.next is not None:
                covered = signed.next["size"]
                raise LogMismatch(self._frontier.size, f"a checkpoint covers {covered} leaves")
            await self._check_totals()
        return AuditResult(self._frontier.size, self._checkpoints)

    def _append_leaf(self, row: "Record") -> list[tuple[Node, bytes]]:
        index = self._frontier.size
        if row["index"] != index:
            raise LogMismatch(index, "it is missing")
        if row["entry"] is None:
            raise LogMismatch(index, f"its entry {row['entry_id']} is missing")
        if (digest := leaf_hash(canonical(json.loads(row["entry"])))) != row["hash"]:
            raise LogMismatch(index, f"its hash is not that of its entry {row['entry_id']}")
        return self._frontier.append(digest)

    async def _check_next(self, signed: "_Checkpoints") -> None:
        """Compare the next checkpoint with the tree, if both have the same size."""
        if signed.next is None or signed.next["size"] != self._frontier.size:
            return
        self._compare(signed.next)
        await signed.advance()

    def _compare(self, row: "Record") -> None:
        size, root = row["size"], self._frontier.root()
        why = f"no longer what the checkpoint of {size} leaves says"
        try:
            note = Note.parse(row["note"])
            state = Checkpoint.parse(note.text)
            note.check([VerifierKey(state.origin, each) for each in self.publics], verifies)
        except (NotANote, NotTrusted) as error:
            raise LogMismatch(self._signed, f"the checkpoint of {size} leaves: {error}") from None
        if (state.size, state.root, row["root"]) != (size, root, root):
            raise LogMismatch(self._signed, why)
        self._signed = size
        self._checkpoints += 1

    async def _check_nodes_and_readers(
        self, chunk: Sequence["Record"], nodes: list[tuple[Node, bytes]]
    ) -> None:
        """Compare the stored nodes and readers with those that follow from the entries."""
        nodes = [(n, h) for n, h in nodes if (n.number + 1) << n.level <= self._hashed]
        stored = await self.connection.fetch(
            NODES, [node.level for node, _ in nodes], [node.number for node, _ in nodes]
        )
        for (node, digest), row in zip(nodes, stored, strict=True):
            if row["hash"] != digest:
                raise LogMismatch(node.number << node.level, f"the node {tuple(node)} is another")
        readers = await self.connection.fetch(READERS, [row["entry_id"] for row in chunk])
        agencies = {row["index"]: set(row["agencies"]) for row in readers}
        for row in chunk[: max(self._hashed - chunk[0]["index"], 0)] if chunk else ():
            if agencies.get(row["index"], set()) != set(json.loads(row["entry"])["agencies"]):
                raise LogMismatch(row["index"], "its readers are not those whom it names")

    async def _check_totals(self) -> None:
        (row,) = await self.connection.fetch(REST)
        size = self._frontier.size
        if row["lost"] is not None:
            raise LogMismatch(
                size, f"the entry {row['lost']} is neither in the tree nor waits for it"
            )
        if row["size"] != size:
            raise LogMismatch(min(size, row["size"]), f"the tree counts {row['size']} leaves")
        # Leaves that are not in the tree yet are covered at the sealer's next run.
        if row["hashed"] == size and _differs(row, self._frontier):
            raise LogMismatch(
                self._signed, "the tree's frontier or the number of its nodes is another"
            )


@dataclass(slots=True)
class _Checkpoints:
    """The checkpoints, one after the other."""

    rows: "AsyncIterator[Record]"
    next: "Record | None" = None

    async def advance(self) -> None:
        self.next = await anext(self.rows, None)


def _differs(row: "Record", frontier: Frontier) -> bool:
    # Each node joins two neighbours: all leaves but one for each subtree that is still apart.
    nodes = frontier.size - len(frontier.hashes)
    return bool(row["nodes"] != nodes or list(row["frontier"]) != frontier.hashes)


async def _chunks(
    connection: "Connection | PoolConnectionProxy[Record]",
) -> AsyncIterator[Sequence["Record"]]:
    chunk = []
    async for row in connection.cursor(LEAVES, prefetch=CHUNK):
        chunk.append(row)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    yield chunk


def publics(keys: Iterable[VerifierKey]) -> list[bytes]:
    """The public keys without their origin: an old checkpoint may have an older origin."""
    return [key.public for key in keys]
