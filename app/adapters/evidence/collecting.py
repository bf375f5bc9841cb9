"""Collects the content of an evidence bundle: the referrals and messages of a case, opened and
logged as disclosures, and the log entries about them with their proofs."""

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from app.adapters.log.entry import WRITE_OWN_LOG, entries_json, log_entry
from app.adapters.log.reading import Log
from app.adapters.referrals.reading import Opened, Reading
from app.adapters.referrals.rows import ReferralJson
from app.domain.access.caller import Caller
from app.domain.calendar.clock import Clock
from app.domain.errors import BundleTooLarge, Busy, Invalid, NotFound
from app.domain.evidence.bundle import LARGEST, MOST_ENTRIES, MOST_MESSAGES
from app.domain.evidence.parts import BundlePart, MessageSize, fits, parts
from app.domain.log.signed_note import Checkpoint, Note

if TYPE_CHECKING:
    from app.adapters.database.pool import Pool

REFERRALS = "SELECT case_referrals($1, $2)"
CONTENTS = "SELECT case_contents($1, $2)"
ENTRIES = (
    "SELECT index, entry, proves, times, left_out FROM case_entries($1, $2, $3, $4) ORDER BY index"
)
IS_SEALED = "SELECT case_is_sealed($1, $2)"
OPENED_AT_ONCE = 50
PAGE = 500
"""Proofs of one query."""
PATIENCE = 3.0
"""Seconds to wait for the sealer, which seals each second."""
PAUSE = 0.1

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class OpenedCase:
    """A case, or a part of it, as one party may read it."""

    referrals: Sequence[ReferralJson]
    messages: Sequence[Opened]
    parts: Sequence[BundlePart]
    """What it holds of each referral; nothing of those that are not named."""
    counts: Mapping[UUID, int]
    """How many messages of each referral this party may read."""


@dataclass(frozen=True, slots=True)
class ProvedEntry:
    """An entry, its place in the tree, and the path from it to the root in base64."""

    index: int
    entry: Row
    path: Sequence[str]
    times: int | None = None
    """Of the first and the last opening of a message by a seat: how often it opened it."""


@dataclass(frozen=True, slots=True)
class LogProofs:
    """A checkpoint of the log, and the entries about the case that this party may read."""

    note: str
    checkpoint: Checkpoint
    entries: Sequence[ProvedEntry]
    left_out: int
    """At least how many entries are not in `entries`. None of them proves a message."""
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

    async def open_case(
        self,
        caller: Caller,
        case_id: UUID,
        referral_id: UUID | None = None,
        first: int | None = None,
        last: int | None = None,
    ) -> OpenedCase:
        """Open the messages of the case that this party may read, in the classes of its seat.

        Args:
            referral_id: only those that are read in this referral.
            first, last: only those with a number from the first to the last.

        Raises:
            NotFound: there is no such case, or this agency was never a party of it.
            Invalid: a referral or a range of which it may read nothing.
            BundleTooLarge: one bundle cannot hold them; the refusal names parts that can be had.
            Busy: the case changed at every try.
        """
        text = await self._pool.fetchval(REFERRALS, caller.agency_id, case_id)
        rows: list[ReferralJson] = json.loads(text)
        if not rows:
            raise NotFound
        contents = await self._contents(caller.agency_id, case_id)
        counts = {UUID(row["id"]): 0 for row in rows}
        for message in contents:
            counts[message.referral_id] += 1
        chosen = _chosen(contents, counts, referral_id, first, last)
        if not fits(chosen):
            raise BundleTooLarge(MOST_MESSAGES, LARGEST, map(_part_names, parts(chosen)))
        opened = await self._open(caller, [message.id for message in chosen])
        return OpenedCase(rows, opened, _held(chosen), counts)

    async def _contents(self, agency_id: str, case_id: UUID) -> list[MessageSize]:
        rows = json.loads(await self._pool.fetchval(CONTENTS, agency_id, case_id))
        return [MessageSize(UUID(r), number, UUID(m), size) for r, number, m, size in rows]

    async def _open(self, caller: Caller, ids: Sequence[UUID]) -> list[Opened]:
        messages: list[Opened] = []
        for start in range(0, len(ids), OPENED_AT_ONCE):
            part = ids[start : start + OPENED_AT_ONCE]
            batch = await self._reading.open(caller, part, as_evidence=True)
            if len(batch) != len(part):
                raise Busy
            messages += batch
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
        """
        agency_id = caller.agency_id
        ids = {str(each.envelope["id"]) for each in case.messages}
        entries = await self._await_sealed_entries(agency_id, case_id, ids)
        note = await self._log.checkpoint(agency_id)
        point = Checkpoint.parse(Note.parse(note).text)
        return LogProofs(
            note=note,
            checkpoint=point,
            entries=[each async for each in self._paths(agency_id, entries.sealed, point.size)],
            left_out=entries.left_out,
            unsealed=frozenset(ids - entries.proved),
            since=since,
            consistency=await self._consistency(agency_id, since, point.size),
        )

    async def _await_sealed_entries(
        self, agency_id: str, case_id: UUID, ids: Set[str]
    ) -> "_Entries":
        """The sealed entries, as soon as they prove these messages, or when `patience` has ended.

        They are complete when the newest entry of the case is sealed: that is one of the
        disclosures of this bundle.
        """
        for _ in range(round(self._patience / PAUSE)):
            if await self._pool.fetchval(IS_SEALED, agency_id, case_id):
                entries = await self._entries(agency_id, case_id, ids)
                if ids <= entries.proved:
                    return entries
            await asyncio.sleep(PAUSE)
        return await self._entries(agency_id, case_id, ids)

    async def _entries(self, agency_id: str, case_id: UUID, ids: Set[str]) -> "_Entries":
        wanted = [UUID(each) for each in ids]
        rows = await self._pool.fetch(ENTRIES, agency_id, case_id, wanted, MOST_ENTRIES)
        sealed = [row for row in rows if row["index"] is not None]
        return _Entries(
            [(row["index"], json.loads(row["entry"]), row["times"]) for row in sealed],
            frozenset(json.loads(r["entry"])["message_id"] for r in sealed if r["proves"]),
            rows[0]["left_out"] if rows else 0,
        )

    async def _paths(
        self, agency_id: str, entries: Sequence[tuple[int, Row, int | None]], size: int
    ) -> AsyncIterator[ProvedEntry]:
        for start in range(0, len(entries), PAGE):
            part = entries[start : start + PAGE]
            proofs = await self._log.proofs(agency_id, [index for index, _, _ in part], size)
            for index, entry, times in part:
                yield ProvedEntry(index, entry, list(_base64(proofs[index].path)), times)

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
        await self._pool.execute(WRITE_OWN_LOG, caller.agency_id, at, entries_json([entry]))


@dataclass(frozen=True, slots=True)
class _Entries:
    """The entries of a bundle by index, each with how often its seat opened the message."""

    sealed: Sequence[tuple[int, Row, int | None]]
    proved: frozenset[str]
    """Ids of the messages that they prove."""
    left_out: int


def _chosen(
    contents: Sequence[MessageSize],
    counts: Mapping[UUID, int],
    referral_id: UUID | None,
    first: int | None,
    last: int | None,
) -> list[MessageSize]:
    """The messages that were asked for.

    Raises:
        Invalid: a range without a referral, or nothing that this agency may read.
    """
    if referral_id is None:
        if first is not None or last is not None:
            raise Invalid.at("/query/referral", "required")
        return list(contents)
    if referral_id not in counts:
        raise Invalid.at("/query/referral", "unknown_referral")
    least, most = first or 1, counts[referral_id] if last is None else last
    if not least <= most <= counts[referral_id]:
        raise Invalid.at("/query/through" if last is not None else "/query/from", "out_of_range")
    return [m for m in contents if m.referral_id == referral_id and least <= m.number <= most]


def _held(messages: Sequence[MessageSize]) -> list[BundlePart]:
    """What these messages are of each referral."""
    numbers: dict[UUID, list[int]] = {}
    for message in messages:
        numbers.setdefault(message.referral_id, []).append(message.number)
    return [BundlePart(referral, held[0], held[-1]) for referral, held in numbers.items()]


def _part_names(part: BundlePart) -> Mapping[str, Any]:
    """A part as a refusal names it, by the parameters that ask for it."""
    return {"referral": str(part.referral_id), "from": part.first, "through": part.last}


def _base64(hashes: Sequence[bytes]) -> Iterator[str]:
    return (b64encode(each).decode() for each in hashes)
