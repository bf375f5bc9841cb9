"""Collects the content of an evidence bundle: the referrals and messages of a case, opened and
logged as disclosures, and the log entries about them with their proofs."""

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
from app.adapters.referrals.rows import ReferralJson
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
"""Entries, and proofs, of one query."""
MOST_READ = 50_000
"""Entries that are read. Those that prove a message are never left out."""
PATIENCE = 3.0
"""Seconds to wait for the sealer, which seals each second."""
PAUSE = 0.1
PROVING = frozenset({"acceptance", "sharing"})

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class OpenedCase:
    """A case as one party may read it."""

    referrals: Sequence[ReferralJson]
    messages: Sequence[Opened]


@dataclass(frozen=True, slots=True)
class ProvedEntry:
    """An entry, its place in the tree, and the path from it to the root in base64."""

    index: int
    entry: Row
    path: Sequence[str]


@dataclass(frozen=True, slots=True)
class LogProofs:
    """A checkpoint of the log, and the entries about the case that this party may read."""

    note: str
    checkpoint: Checkpoint
    entries: Sequence[ProvedEntry]
    left_out: int
    """The number of older entries that are not in `entries`. None of them proves a message."""
    unsealed: frozenset[str]
    """Ids of messages whose entries still wait to be sealed."""
    since: int | None
    """The size of the earlier checkpoint, if one was given. `consistency` proves that the log has
    only grown since."""
    consistency: Sequence[str] | None


class Evidence:
    """Collects the content of a bundle. It holds nothing that the routes would not show."""

    def __init__(
        self, pool: "Pool", reading: Reading, log: Log, clock: Clock, patience: float = PATIENCE
    ) -> None:
        self._pool = pool
        self._reading = reading
        self._log = log
        self._clock = clock
        self._patience = patience

    async def open_case(self, caller: Caller, case_id: UUID) -> OpenedCase:
        """Open every message of the case that this party may read, in the classes of its seat.

        Raises:
            NotFound: there is no such case, or this agency was never a party of it.
            BundleTooLarge: it has more messages, or more text, than a bundle holds.
            Busy: the case changed at every try.
        """
        text = await self._pool.fetchval(REFERRALS, caller.agency_id, case_id)
        rows: list[ReferralJson] = json.loads(text)
        if not rows:
            raise NotFound
        ids = [i for row in rows for i in await self._ids(caller.agency_id, UUID(row["id"]))]
        if len(ids) > MOST_MESSAGES:
            raise BundleTooLarge(MOST_MESSAGES, LARGEST)
        return OpenedCase(rows, await self._open(caller, ids))

    async def _ids(self, agency_id: str, referral_id: UUID) -> list[UUID]:
        ids: list[UUID] = []
        while True:
            # Messages are numbered without gaps.
            page = await self._reading.messages(agency_id, referral_id, len(ids), PAGE)
            ids += [UUID(row["id"]) for row in page]
            if len(page) < PAGE or len(ids) > MOST_MESSAGES:
                return ids

    async def _open(self, caller: Caller, ids: Sequence[UUID]) -> list[Opened]:
        messages: list[Opened] = []
        size = 0
        for start in range(0, len(ids), OPENED_AT_ONCE):
            part = ids[start : start + OPENED_AT_ONCE]
            batch = await self._reading.open(caller, part, as_evidence=True)
            if len(batch) != len(part):
                raise Busy
            messages += batch
            size += sum(len(json.dumps(each.body, ensure_ascii=False)) for each in batch)
            if size * 3 > LARGEST:  # a character takes three bytes, and there is more in a bundle
                raise BundleTooLarge(MOST_MESSAGES, LARGEST)
        return messages

    async def prove(
        self, caller: Caller, case_id: UUID, case: OpenedCase, since: int | None
    ) -> LogProofs:
        """The log entries about the case that this agency may read, with proofs.

        Waits up to `patience` for the sealer, so that the disclosures of this bundle are included.

        Args:
            since: the size of an earlier checkpoint, to prove that the log has only grown since.

        Raises:
            NotSealed: nothing was ever sealed.
            Invalid: the log is shorter than `since`.
            BundleTooLarge: there are more entries than are read.
        """
        agency_id = caller.agency_id
        ids = {str(each.envelope["id"]) for each in case.messages}
        entries = await self._await_sealed_entries(agency_id, case_id, ids)
        note = await self._log.checkpoint(agency_id)
        point = Checkpoint.parse(Note.parse(note).text)
        included = _newest_entries(entries)
        return LogProofs(
            note=note,
            checkpoint=point,
            entries=[each async for each in self._paths(agency_id, included, point.size)],
            left_out=len(entries) - len(included),
            unsealed=frozenset(ids - _proved_messages(entries)),
            since=since,
            consistency=await self._consistency(agency_id, since, point.size),
        )

    async def _await_sealed_entries(
        self, agency_id: str, case_id: UUID, ids: Set[str]
    ) -> list[tuple[int, Row]]:
        """The sealed entries, as soon as they prove these messages, or when `patience` has ended.

        They are complete when the newest entry of the case is sealed: that is one of the
        disclosures of this bundle.
        """
        for _ in range(round(self._patience / PAUSE)):
            complete = await self._pool.fetchval(IS_SEALED, agency_id, case_id)
            entries = await self._sealed_entries(agency_id, case_id, ids) if complete else []
            if complete and ids <= _proved_messages(entries):
                return entries
            await asyncio.sleep(PAUSE)
        return await self._sealed_entries(agency_id, case_id, ids)

    async def _sealed_entries(
        self, agency_id: str, case_id: UUID, ids: Set[str]
    ) -> list[tuple[int, Row]]:
        """The sealed entries, without those of messages that came after `ids` were listed."""
        rows = await self._pool.fetch(ENTRIES, agency_id, case_id, MOST_READ + 1)
        if len(rows) > MOST_READ:
            raise BundleTooLarge(MOST_MESSAGES, LARGEST)
        sealed = sorted((row["index"], row["entry"]) for row in rows if row["index"] is not None)
        entries = [(index, json.loads(entry)) for index, entry in sealed]
        return [(i, e) for i, e in entries if e["kind"] not in PROVING or e["message_id"] in ids]

    async def _paths(
        self, agency_id: str, entries: Sequence[tuple[int, Row]], size: int
    ) -> AsyncIterator[ProvedEntry]:
        for start in range(0, len(entries), PAGE):
            part = entries[start : start + PAGE]
            proofs = await self._log.proofs(agency_id, [index for index, _ in part], size)
            for index, entry in part:
                yield ProvedEntry(index, entry, list(_base64(proofs[index].path)))

    async def _consistency(
        self, agency_id: str, since: int | None, size: int
    ) -> Sequence[str] | None:
        if since is None:
            return None
        if since > size:
            raise Invalid.at("/query/since", "less_than_equal")
        return list(_base64(await self._log.consistency(agency_id, since, size)))

    async def log_export(self, caller: Caller, case_id: UUID, manifest: str, messages: int) -> None:
        """Log that a bundle was made: for whom, and the digest of its manifest."""
        at = self._clock()
        detail = {"what": "bundle", "digest": manifest, "messages": messages}
        entry = log_entry(at, "export", detail, caller, case_id=case_id)
        await self._pool.execute(WRITE_LOG, at, entries_json([entry]))


def _proved_messages(entries: Sequence[tuple[int, Row]]) -> set[str]:
    """The messages whose acceptance or sharing is among the entries."""
    return {entry["message_id"] for _, entry in entries if entry["kind"] in PROVING}


def _newest_entries(entries: Sequence[tuple[int, Row]]) -> list[tuple[int, Row]]:
    """The entries that prove a message, and the newest of the others."""
    others = [index for index, entry in entries if entry["kind"] not in PROVING]
    first = others[-MOST_ENTRIES] if len(others) > MOST_ENTRIES else 0
    return [(i, entry) for i, entry in entries if i >= first or entry["kind"] in PROVING]


def _base64(hashes: Sequence[bytes]) -> Iterator[str]:
    return (b64encode(each).decode() for each in hashes)
