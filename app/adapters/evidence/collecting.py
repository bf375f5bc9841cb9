"""What a party may show of a case: its referrals and messages, opened on the record, and the log's
entries about them with their proofs."""

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from app.adapters.log.entry import WRITE_LOG, entries_json, log_entry
from app.adapters.log.reading import Log
from app.adapters.referrals.reading import Opened, Reading
from app.domain.access.caller import Caller
from app.domain.calendar.clock import Clock
from app.domain.errors import BundleTooLarge, Busy, Invalid, NotFound
from app.domain.evidence.bundle import LARGEST, MOST_ENTRIES, MOST_MESSAGES
from app.domain.log.signed_note import Checkpoint, Note

if TYPE_CHECKING:
    from app.adapters.database.pool import Pool

REFERRALS = "SELECT case_referrals($1, $2)"
ENTRIES = "SELECT index, entry FROM case_entries($1, $2, $3)"
IS_SEALED = "SELECT case_is_sealed($1, $2)"
OPENED_AT_ONCE = 50
PAGE = 500
"""Entries, and proofs, that are asked for at once."""
MOST_READ = 50_000
"""Entries that are looked at. Those that prove a message are never left out."""
PATIENCE = 3.0
"""Seconds to wait for the sealer, which seals each second."""
PAUSE = 0.1
PROVING = frozenset({"acceptance", "sharing"})

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class OpenedCase:
    """A case as one party may show it."""

    referrals: Sequence[Row]
    messages: Sequence[Opened]


@dataclass(frozen=True, slots=True)
class ProvedEntry:
    """An entry, its place in the tree, and the path from it to the root in base64."""

    index: int
    entry: Row
    path: Sequence[str]


@dataclass(frozen=True, slots=True)
class Proved:
    """The state of the log, and what it tells this party about the case."""

    note: str
    checkpoint: Checkpoint
    entries: Sequence[ProvedEntry]
    left_out: int
    """Older entries, of which none proves a message."""
    unsealed: frozenset[str]
    """Ids of messages whose entries still wait to be sealed."""
    since: int | None
    """The size of the earlier checkpoint, if one was named, and the proof that goes on from it."""
    consistency: Sequence[str] | None


class Evidence:
    """Collects what a bundle is made of. Nothing in it says more than the routes would."""

    def __init__(
        self, pool: "Pool", reading: Reading, log: Log, clock: Clock, patience: float = PATIENCE
    ) -> None:
        self._pool = pool
        self._reading = reading
        self._log = log
        self._clock = clock
        self._patience = patience

    async def opened(self, caller: Caller, case_id: UUID) -> OpenedCase:
        """Every message of the case that this party may read, opened as far as its seat may.

        Raises:
            NotFound: there is no such case, or this agency was never a party of it.
            BundleTooLarge: it has more messages, or more text, than a bundle holds.
            Busy: the case moved at every try.
        """
        rows = json.loads(await self._pool.fetchval(REFERRALS, caller.agency_id, case_id))
        if not rows:
            raise NotFound
        ids = [i for row in rows for i in await self._ids(caller.agency_id, UUID(row["id"]))]
        if len(ids) > MOST_MESSAGES:
            raise BundleTooLarge(MOST_MESSAGES, LARGEST)
        return OpenedCase(rows, await self._open(caller, ids))

    async def _ids(self, agency_id: str, referral_id: UUID) -> list[UUID]:
        found: list[UUID] = []
        while True:
            # Numbers have no gap.
            page = await self._reading.messages(agency_id, referral_id, len(found), PAGE)
            found += [UUID(row["id"]) for row in page]
            if len(page) < PAGE or len(found) > MOST_MESSAGES:
                return found

    async def _open(self, caller: Caller, ids: Sequence[UUID]) -> list[Opened]:
        opened: list[Opened] = []
        size = 0
        for start in range(0, len(ids), OPENED_AT_ONCE):
            wanted = ids[start : start + OPENED_AT_ONCE]
            found = await self._reading.open(caller, wanted)
            if len(found) != len(wanted):
                raise Busy
            opened += found
            size += sum(len(json.dumps(each.body, ensure_ascii=False)) for each in found)
            if size * 3 > LARGEST:  # a character takes three bytes, and there is more in a bundle
                raise BundleTooLarge(MOST_MESSAGES, LARGEST)
        return opened

    async def proved(
        self, caller: Caller, case_id: UUID, case: OpenedCase, since: int | None
    ) -> Proved:
        """What the log says of the case to this agency, with proofs.

        Waits a little for the sealer, so that the openings for this very bundle are in it too.

        Args:
            since: the size of an earlier checkpoint, from which the log is to be shown to go on.

        Raises:
            NotSealed: nothing was ever sealed.
            Invalid: the log is not as long as `since`.
            BundleTooLarge: the log has more to say than is read.
        """
        agency_id = caller.agency_id
        ids = {str(each.envelope["id"]) for each in case.messages}
        told = await self._told(agency_id, case_id, ids)
        note = await self._log.checkpoint(agency_id)
        point = Checkpoint.parse(Note.parse(note).text)
        kept = _kept(told)
        return Proved(
            note=note,
            checkpoint=point,
            entries=[each async for each in self._paths(agency_id, kept, point.size)],
            left_out=len(told) - len(kept),
            unsealed=frozenset(ids - _proved(told)),
            since=since,
            consistency=await self._grown(agency_id, since, point.size),
        )

    async def _told(self, agency_id: str, case_id: UUID, ids: Set[str]) -> list[tuple[int, Row]]:
        """The sealed entries, once they prove these messages or patience has ended.

        The sealer has come far enough when the newest entry of the case is sealed too: that is one
        of the openings for this bundle.
        """
        for _ in range(round(self._patience / PAUSE)):
            far_enough = await self._pool.fetchval(IS_SEALED, agency_id, case_id)
            told = await self._sealed(agency_id, case_id, ids) if far_enough else []
            if far_enough and ids <= _proved(told):
                return told
            await asyncio.sleep(PAUSE)
        return await self._sealed(agency_id, case_id, ids)

    async def _sealed(self, agency_id: str, case_id: UUID, ids: Set[str]) -> list[tuple[int, Row]]:
        """What the log tells, but of messages that came after those of the bundle were listed."""
        rows = await self._pool.fetch(ENTRIES, agency_id, case_id, MOST_READ + 1)
        if len(rows) > MOST_READ:
            raise BundleTooLarge(MOST_MESSAGES, LARGEST)
        sealed = sorted((row["index"], row["entry"]) for row in rows if row["index"] is not None)
        told = [(index, json.loads(entry)) for index, entry in sealed]
        return [(i, e) for i, e in told if e["kind"] not in PROVING or e["message_id"] in ids]

    async def _paths(
        self, agency_id: str, entries: Sequence[tuple[int, Row]], size: int
    ) -> AsyncIterator[ProvedEntry]:
        for start in range(0, len(entries), PAGE):
            part = entries[start : start + PAGE]
            proofs = await self._log.proofs(agency_id, [index for index, _ in part], size)
            for index, entry in part:
                yield ProvedEntry(index, entry, list(_written(proofs[index].path)))

    async def _grown(self, agency_id: str, since: int | None, size: int) -> Sequence[str] | None:
        if since is None:
            return None
        if since > size:
            raise Invalid.at("/query/since", "less_than_equal")
        return list(_written(await self._log.consistency(agency_id, since, size)))

    async def exported(self, caller: Caller, case_id: UUID, manifest: str, messages: int) -> None:
        """Write down that a bundle was made: whose it is, and the digest of its manifest."""
        at = self._clock()
        told = {"what": "bundle", "digest": manifest, "messages": messages}
        entry = log_entry(at, "export", told, caller, case_id=case_id)
        await self._pool.execute(WRITE_LOG, at, entries_json([entry]))


def _proved(told: Sequence[tuple[int, Row]]) -> set[str]:
    """The messages that are accepted, or shared, as the log tells."""
    return {entry["message_id"] for _, entry in told if entry["kind"] in PROVING}


def _kept(told: Sequence[tuple[int, Row]]) -> list[tuple[int, Row]]:
    """The entries that prove a message, and of the others the newest."""
    others = [index for index, entry in told if entry["kind"] not in PROVING]
    first = others[-MOST_ENTRIES] if len(others) > MOST_ENTRIES else 0
    return [(i, entry) for i, entry in told if i >= first or entry["kind"] in PROVING]


def _written(hashes: Sequence[bytes]) -> Iterator[str]:
    return (b64encode(each).decode() for each in hashes)
