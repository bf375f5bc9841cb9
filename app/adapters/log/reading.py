"""Reads the log: checkpoints, leaves and proofs for everybody, entries for agencies they name."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias
from uuid import UUID

from app.adapters.log.sealer import leaf_hash
from app.domain.errors import NotSealed
from app.domain.log.merkle import Node, consistency_parts, fold, inclusion_parts

if TYPE_CHECKING:
    from app.adapters.database.pool import Pool

CHECKPOINT = "SELECT newest_checkpoint($1)"
HASHES = "SELECT size, hashes FROM log_hashes($1, $2, $3)"
LEAVES = "SELECT size, hashes FROM log_leaves($1, $2, $3)"
OWN = "SELECT index, entry FROM own_entries($1, $2, $3)"
BY_ID = "SELECT id, index, entry FROM entries_of($1, $2)"

Path: TypeAlias = list[bytes]


@dataclass(frozen=True, slots=True)
class Inclusion:
    """The hash of a leaf, and the path from it to the root."""

    leaf: bytes
    path: Path


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry as it was hashed (JSON, times in UTC), and its index in the tree if it is sealed.

    `hash` is computed from the entry, not read: the leaf has to be the same.
    """

    index: int | None
    hash: bytes
    text: str


class Log:
    """Reads the log for one agency at a time. The route has checked the caller's scope."""

    def __init__(self, pool: "Pool") -> None:
        self._pool = pool

    async def checkpoint(self, agency_id: str) -> str:
        """The newest checkpoint: a signed note.

        Raises:
            NotSealed: nothing was ever sealed.
        """
        note: str | None = await self._pool.fetchval(CHECKPOINT, agency_id)
        if note is None:
            raise NotSealed(0)
        return note

    async def leaves(self, agency_id: str, start: int, end: int) -> Sequence[bytes]:
        """The hashes of the leaves from `start` up to, without, `end`.

        Raises:
            NotSealed: the newest checkpoint does not reach that far.
        """
        row = await self._pool.fetchrow(LEAVES, agency_id, start, end)
        if row is None or end > row["size"]:
            raise NotSealed(row["size"] if row else 0)
        hashes: list[bytes] = row["hashes"]
        return hashes

    async def proofs(
        self, agency_id: str, indexes: Iterable[int], size: int
    ) -> Mapping[int, Inclusion]:
        """The inclusion proofs of leaves in the tree of that size. One query for all of them.

        Raises:
            NotSealed: the newest checkpoint does not reach that far.
            ValueError: one of them is not in that tree.
        """
        parts = {index: [[Node(0, index)], *inclusion_parts(index, size)] for index in indexes}
        paths = await self._fold_paths(agency_id, size, parts)
        return {index: Inclusion(path[0], path[1:]) for index, path in paths.items()}

    async def consistency(self, agency_id: str, old: int, new: int) -> Path:
        """The proof that the tree of `new` leaves begins with that of `old`.

        Raises:
            NotSealed: the newest checkpoint does not reach that far.
            ValueError: the old tree is larger.
        """
        return (await self._fold_paths(agency_id, new, {0: consistency_parts(old, new)}))[0]

    async def entries(self, agency_id: str, after: int, limit: int) -> Sequence[Entry]:
        """The sealed entries that name this agency, after an index of the tree, in its order."""
        rows = await self._pool.fetch(OWN, agency_id, after, limit)
        return [_entry(row["index"], row["entry"]) for row in rows]

    async def entries_by_id(self, agency_id: str, ids: Sequence[UUID]) -> Mapping[UUID, Entry]:
        """Those of these entries that name this agency, sealed or not."""
        rows = await self._pool.fetch(BY_ID, agency_id, ids)
        return {row["id"]: _entry(row["index"], row["entry"]) for row in rows}

    async def _fold_paths(
        self, agency_id: str, size: int, parts: Mapping[int, Sequence[Sequence[Node]]]
    ) -> Mapping[int, Path]:
        nodes = sorted({node for path in parts.values() for part in path for node in part})
        row = await self._pool.fetchrow(
            HASHES, agency_id, [node.level for node in nodes], [node.number for node in nodes]
        )
        if row is None or size > row["size"]:
            raise NotSealed(row["size"] if row else 0)
        hashes = dict(zip(nodes, row["hashes"], strict=True))
        return {
            key: [fold([hashes[node] for node in part]) for part in path]
            for key, path in parts.items()
        }


def _entry(index: int | None, text: str) -> Entry:
    return Entry(index, leaf_hash(text), text)
