"""Reading: referrals and messages as one agency may see them, and opening bodies on the record."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from app.adapters.keys.vault import Vault
from app.adapters.log.entry import log_entry
from app.adapters.referrals.case_rows import read_view
from app.adapters.referrals.rows import EnvelopeJson, MessageJson, ReferralJson
from app.domain.access.caller import Caller
from app.domain.calendar.clock import Clock
from app.domain.cases.case import Party
from app.domain.classes import DataClass
from app.domain.disclosures.rights import Rights, known_facts, openable
from app.domain.errors import Busy, NotFound
from app.domain.keys.ports import WrappedKey

if TYPE_CHECKING:
    from asyncpg import Record

    from app.adapters.database.pool import Pool

READ = "SELECT * FROM read_messages($1, $2, $3)"
DISCLOSE = "SELECT disclose($1)"
REFERRAL = "SELECT read_referral($1, $2, $3)"
REFERRALS = "SELECT list_referrals($1, $2, $3, $4, $5, $6, $7)"
MESSAGES = "SELECT list_messages($1, $2, $3, $4)"
TRIES = 3
EVERY_CLASS = frozenset(c.value for c in DataClass)


@dataclass(frozen=True, slots=True)
class StandingReferral:
    """A referral as its row and its reader's view give it."""

    id: UUID
    case_id: UUID
    reference: str
    flow: str
    parent: UUID | None
    children: tuple[UUID, ...]
    reader: Party


@dataclass(frozen=True, slots=True)
class Opened:
    """A message with what its reader may open of it."""

    envelope: MessageJson
    body: Mapping[str, Any]
    salts: Mapping[DataClass, str]
    withheld: Sequence[tuple[DataClass, str]]


@dataclass(frozen=True, slots=True)
class _Copy:
    """A message as it is stored, and which classes of it its reader may open."""

    meta: MessageJson
    referral_id: UUID
    classes: Sequence[DataClass]
    withheld: Sequence[tuple[DataClass, str]]
    keys: Mapping[str, WrappedKey]
    sealed: Mapping[str, bytes]


class Reading:
    """Reads what is an agency's own. Row security holds in every query."""

    def __init__(self, pool: "Pool", vault: Vault, clock: Clock) -> None:
        self._pool = pool
        self._vault = vault
        self._clock = clock

    async def referral(
        self, agency_id: str, referral_id: UUID, seat: frozenset[str] = EVERY_CLASS
    ) -> StandingReferral:
        """A referral as this agency sees it, with the facts that a seat of these classes may see.

        Raises:
            NotFound: there is none, or the agency was never a party.
        """
        text = await self._pool.fetchval(REFERRAL, agency_id, referral_id, self._clock().date())
        if text is None:
            raise NotFound
        row = json.loads(text)
        until = datetime.fromisoformat(row["until"]) if row["until"] else None
        since = datetime.fromisoformat(row["since"])
        view = read_view(row["view"])
        covered = frozenset(row["covered"]) if row["covered"] is not None else None
        facts = known_facts(view.facts, seat, covered, ended=until is not None)
        return StandingReferral(
            id=UUID(row["id"]),
            case_id=UUID(row["case_id"]),
            reference=row["reference"],
            flow=row["flow"],
            parent=UUID(row["parent"]) if row["parent"] else None,
            children=tuple(map(UUID, row["children"])),
            reader=Party(row["name"], agency_id, since, until, replace(view, facts=facts)),
        )

    async def referrals(
        self,
        agency_id: str,
        flow: str | None,
        state: str | None,
        updated_after: datetime | None,
        before: tuple[datetime, UUID] | None,
        limit: int,
    ) -> list[ReferralJson]:
        """Referrals of this agency, the last changed first; no bodies."""
        text = await self._pool.fetchval(
            REFERRALS, agency_id, flow, state, updated_after, *(before or (None, None)), limit
        )
        referrals: list[ReferralJson] = json.loads(text)
        return referrals

    async def messages(
        self, agency_id: str, referral_id: UUID, after: int, limit: int
    ) -> list[EnvelopeJson]:
        """Envelopes of the messages that this agency may read, in their order; no bodies.

        Raises:
            NotFound: there is no such referral for this agency.
        """
        text = await self._pool.fetchval(MESSAGES, agency_id, referral_id, after, limit)
        if text is None:
            raise NotFound
        envelopes: list[EnvelopeJson] = json.loads(text)
        return envelopes

    async def open(
        self, caller: Caller, ids: Sequence[UUID], within: UUID | None = None
    ) -> list[Opened]:
        """Open messages, as far as the caller may. It is on the record before it is answered.

        Args:
            within: open only those that are read through this referral, or were sent in it.

        Returns:
            The messages in the order of `ids`, without those that this agency may not read.

        Raises:
            Busy: their cases moved at every try.
            KeyServiceAway: their keys cannot be had.
        """
        for _ in range(TRIES):
            at = self._clock()
            rows = await self._pool.fetch(READ, caller.agency_id, ids, at.date())
            copies = [(json.loads(row["meta"]), row) for row in rows]
            if within is not None:
                copies = [(m, r) for m, r in copies if str(within) in {m["via"], m["referral_id"]}]
            metas = [meta for meta, _ in copies]
            opened = await self._decrypt([_rights(meta, row, caller) for meta, row in copies])
            if not opened or await self._record_disclosures(caller, metas, opened, at):
                return opened
        raise Busy

    async def _decrypt(self, copies: "Sequence[_Copy]") -> list[Opened]:
        """The messages. Their keys are asked for in one call."""
        wanted = {(c.referral_id, name): c.keys[name] for c in copies for name in c.classes}
        keys = await self._vault.unwrap([(*owner, stored) for owner, stored in wanted.items()])
        opened: dict[tuple[UUID, str], bytes] = dict(zip(wanted, keys, strict=True))
        return [self._unseal(c, opened) for c in copies]

    def _unseal(self, copy: "_Copy", keys: Mapping[tuple[UUID, str], bytes]) -> Opened:
        message_id = UUID(copy.meta["id"])
        body: dict[str, Any] = {}
        salts: dict[DataClass, str] = {}
        for name in copy.classes:
            key = keys[copy.referral_id, name]
            content = json.loads(self._vault.open(key, message_id, name, copy.sealed[name]))
            body |= content["fields"]
            salts[name] = content["salt"]
        return Opened(copy.meta, body, salts, copy.withheld)

    async def _record_disclosures(
        self,
        caller: Caller,
        metas: Sequence[MessageJson],
        opened: Iterable[Opened],
        at: datetime,
    ) -> bool:
        """Write down what is about to be told; False if a case has moved meanwhile.

        A message of which every class is withheld was asked for, and not opened.
        """
        opened = list(opened)
        entries = [
            log_entry(
                at,
                "disclosure",
                {"classes": sorted(message.salts)},
                caller,
                _agencies_to_name(caller, meta),
                case_id=meta["case_id"],
                referral_id=meta["referral_id"],
                message_id=meta["id"],
            ).row()
            for meta, message in zip(metas, opened, strict=True)
        ]
        written = await self._pool.fetchval(
            DISCLOSE,
            json.dumps(
                {
                    "at": at.isoformat(),
                    "agency_id": caller.agency_id,
                    "cases": {meta["case_id"]: meta["case_version"] for meta in metas},
                    "message_ids": [
                        meta["id"]
                        for meta, message in zip(metas, opened, strict=True)
                        if message.salts
                    ],
                    "log": entries,
                }
            ),
        )
        return bool(written)


def _rights(meta: MessageJson, row: "Record", caller: Caller) -> _Copy:
    reader = meta["reader"]
    covered = reader["covered"]
    rights = Rights(
        copied=frozenset(reader["classes"]),
        seat=caller.classes,
        covered=frozenset(covered) if covered is not None else None,
        ended=reader["ended"],
        recalled=reader["recalled"],
        lost=frozenset(reader["lost"] or ()),
    )
    keys = {
        c: WrappedKey(m, w)
        for c, m, w in zip(
            row["key_classes"] or (), row["masters"] or (), row["wrapped"] or (), strict=True
        )
    }
    # Row security hides segments and keys that are not the reader's; the envelope's digests
    # still tell which classes the message has.
    opened, withheld = openable(frozenset(meta["digests"]), keys, rights)
    sealed = dict(zip(row["classes"] or (), row["sealed"] or (), strict=True))
    return _Copy(meta, UUID(meta["referral_id"]), opened, withheld, keys, sealed)


def _agencies_to_name(caller: Caller, meta: MessageJson) -> set[str]:
    """Whom the entry of a reading names: the reader, and the sender who knows of the reader.

    A message that was shared with another referral is read there by agencies of which its sender
    may know nothing.
    """
    sender = meta["from"]["agency_id"] if meta["via"] == meta["referral_id"] else None
    return {caller.agency_id} if sender is None else {caller.agency_id, sender}
