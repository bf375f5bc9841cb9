"""Reads referrals and messages as one agency may see them, and logs each opening of a body."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson

from app.adapters.database.shares import CallsAtOnce, in_turns
from app.adapters.keys.vault import Vault
from app.adapters.log.entry import LogEntry, log_entry
from app.adapters.referrals.case_rows import read_view
from app.adapters.referrals.facts import FactCiphers, sealed_classes
from app.adapters.referrals.rows import EnvelopeJson, MessageJson, ReferralPageJson
from app.domain.access.caller import Caller
from app.domain.calendar.clock import Clock
from app.domain.cases.case import Party
from app.domain.classes import DataClass
from app.domain.disclosures.rights import Rights, known_facts, openable
from app.domain.errors import Busy, NotFound
from app.domain.keys.ports import WrappedKey
from app.domain.state_machine.known import KnownSituation

if TYPE_CHECKING:
    from asyncpg import Record

    from app.adapters.database.pool import Pool

READ = "SELECT * FROM read_messages($1, $2, $3)"
DISCLOSE = "SELECT disclose($1)"
REFERRAL = "SELECT read_referral($1, $2, $3)"
REFERRALS = "SELECT referral_page($1, $2, $3, $4, $5, $6, $7)"
CHANGED = "SELECT changed_referrals($1, $2, $3, $4, $5)"
MESSAGES = "SELECT list_messages($1, $2, $3, $4)"
TRIES = 3
OPENINGS_AT_ONCE = 2
"""Calls of one client that open messages at a time. Each opens up to fifty, on the loop of all."""
OPENINGS_OF_AN_AGENCY = 3
"""Calls of all clients of an agency that do."""
WAIT_FOR_TURN = 5.0
"""Seconds that another one waits for its turn, before it is answered 503."""
EVERY_CLASS = frozenset(c.value for c in DataClass)


@dataclass(frozen=True, slots=True)
class VisibleReferral:
    """A referral as one agency may see it. `reader` is that agency, with its view."""

    id: UUID
    case_id: UUID
    reference: str
    flow: str
    parent: UUID | None
    children: tuple[UUID, ...]
    reader: Party
    known: KnownSituation
    """What the reader knows of its situation, on which the messages depend that it can send."""


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
    """Reads an agency's referrals and messages. Row security applies to every query."""

    def __init__(self, pool: "Pool", vault: Vault, clock: Clock) -> None:
        self._pool = pool
        self._vault = vault
        self._clock = clock
        self._turns = CallsAtOnce(OPENINGS_OF_AN_AGENCY, OPENINGS_AT_ONCE, WAIT_FOR_TURN)

    async def referral(
        self, agency_id: str, referral_id: UUID, seat: frozenset[str] = EVERY_CLASS
    ) -> VisibleReferral:
        """A referral as this agency sees it, with the facts that a seat of these classes may see.

        Raises:
            NotFound: there is none, or the agency was never a party.
        """
        today = self._clock().date()
        text = await self._pool.fetchval(REFERRAL, agency_id, referral_id, today)
        if text is None:
            raise NotFound
        row = json.loads(text)
        reader = _reader(row, agency_id, seat)
        facts = await self._open_facts(row, agency_id, reader.view.facts)
        reader = replace(reader, view=replace(reader.view, facts=facts))
        return VisibleReferral(
            id=UUID(row["id"]),
            case_id=UUID(row["case_id"]),
            reference=row["reference"],
            flow=row["flow"],
            parent=UUID(row["parent"]) if row["parent"] else None,
            children=tuple(map(UUID, row["children"])),
            reader=reader,
            known=_known_situation(row, reader, today),
        )

    async def _open_facts(
        self, row: Mapping[str, Any], agency_id: str, facts: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Facts of an agency's view, opened. Those of an erased class are absent."""
        referral_id = UUID(row["id"])
        wanted = sorted(sealed_classes(facts) & row["keys"].keys())
        wrapped = [WrappedKey(m, bytes.fromhex(w)) for m, w in map(row["keys"].get, wanted)]
        keys = await self._vault.unwrap(
            [(referral_id, c, key) for c, key in zip(wanted, wrapped, strict=True)]
        )
        ciphers = FactCiphers({(referral_id, c): k for c, k in zip(wanted, keys, strict=True)})
        return ciphers.open_all((referral_id, agency_id), facts)

    async def referrals(
        self,
        agency_id: str,
        flow: str | None,
        state: str | None,
        updated_after: datetime | None,
        before: tuple[datetime, UUID] | None,
        limit: int,
    ) -> ReferralPageJson:
        """Referrals of this agency, the last updated first; no bodies.

        `changes` is the agency's last change. What the page does not show yet changed after it.
        """
        text = await self._pool.fetchval(
            REFERRALS, agency_id, flow, state, updated_after, *(before or (None, None)), limit
        )
        page: ReferralPageJson = json.loads(text)
        return page

    async def changed_referrals(
        self, agency_id: str, flow: str | None, state: str | None, after: int, limit: int
    ) -> ReferralPageJson | None:
        """Referrals that changed after this change of the agency, in the order of commits.

        Returns:
            The referrals, and the change after which to ask next; None if the agency has not had
            the change `after`.
        """
        text = await self._pool.fetchval(CHANGED, agency_id, flow, state, after, limit)
        if text is None:
            return None
        page: ReferralPageJson = json.loads(text)
        return page

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
        self,
        caller: Caller,
        ids: Sequence[UUID],
        within: UUID | None = None,
        *,
        as_evidence: bool = False,
    ) -> list[Opened]:
        """Open messages, as far as the caller may. The openings are logged before this returns.

        Args:
            within: open only those that are read through this referral, or were sent in it.
            as_evidence: open also what this agency had opened before it was recalled.

        Returns:
            The messages in the order of `ids`, without those that this agency may not read.

        Raises:
            Busy: what may be opened of them changed at every try.
            KeyServiceAway: the key service does not answer.
            TimeoutError: this client, or its agency, opens too much at once.
        """
        async with self._turns.turn(caller.agency_id, caller.client_id):
            return await self._open(caller, ids, within, as_evidence)

    async def _open(
        self, caller: Caller, ids: Sequence[UUID], within: UUID | None, as_evidence: bool
    ) -> list[Opened]:
        for _ in range(TRIES):
            at = self._clock()
            messages = await self._decrypt(
                await self._read_copies(caller, ids, within, at, as_evidence)
            )
            if not messages or await self._record_disclosures(caller, messages, at):
                return messages
        raise Busy

    async def _read_copies(
        self,
        caller: Caller,
        ids: Sequence[UUID],
        within: UUID | None,
        at: datetime,
        as_evidence: bool,
    ) -> "list[_Copy]":
        rows = await self._pool.fetch(READ, caller.agency_id, ids, at.date())
        copies = [
            _copy(orjson.loads(row["meta"]), row, caller, as_evidence)
            async for row in in_turns(rows)
        ]
        if within is None:
            return copies
        return [c for c in copies if str(within) in {c.meta["via"], c.meta["referral_id"]}]

    async def _decrypt(self, copies: "Sequence[_Copy]") -> list[Opened]:
        """The messages with their bodies. All keys are unwrapped in one call."""
        wrapped = {(c.referral_id, name): c.keys[name] for c in copies for name in c.classes}
        keys = await self._vault.unwrap([(*owner, key) for owner, key in wrapped.items()])
        unwrapped: dict[tuple[UUID, str], bytes] = dict(zip(wrapped, keys, strict=True))
        return [self._decrypt_one(copy, unwrapped) async for copy in in_turns(copies)]

    def _decrypt_one(self, copy: "_Copy", keys: Mapping[tuple[UUID, str], bytes]) -> Opened:
        message_id = UUID(copy.meta["id"])
        body: dict[str, Any] = {}
        salts: dict[DataClass, str] = {}
        for name in copy.classes:
            key = keys[copy.referral_id, name]
            content = orjson.loads(self._vault.open(key, message_id, name, copy.sealed[name]))
            body |= content["fields"]
            salts[name] = content["salt"]
        return Opened(copy.meta, body, salts, copy.withheld)

    async def _record_disclosures(
        self, caller: Caller, messages: Sequence[Opened], at: datetime
    ) -> bool:
        """Log the openings of these messages; False if what may be opened of one has changed since
        it was read."""
        entries = [_disclosure_entry(caller, m, at).row() async for m in in_turns(messages)]
        rows = _disclosure_rows(caller, messages, at, entries)
        is_written = await self._pool.fetchval(DISCLOSE, orjson.dumps(rows).decode())
        return bool(is_written)


def _reader(row: Mapping[str, Any], agency_id: str, seat: frozenset[str]) -> Party:
    """The agency as a party, with the facts of its view that its seat may see."""
    until = datetime.fromisoformat(row["until"]) if row["until"] else None
    since = datetime.fromisoformat(row["since"])
    view = read_view(row["view"])
    covered = frozenset(row["covered"]) if row["covered"] is not None else None
    facts = known_facts(view.facts, seat, covered, ended=until is not None)
    return Party(row["name"], agency_id, since, until, replace(view, facts=facts))


def _known_situation(row: Mapping[str, Any], reader: Party, today: date) -> KnownSituation:
    """What the reader knows of the referral's situation, as `read_referral` returns it."""
    view, known = reader.view, row["known"] or {}
    closed_on = known.get("closed_on")
    return KnownSituation(
        state=view.state,
        back=view.back,
        facts=view.facts,
        today=today,
        closed_on=date.fromisoformat(closed_on) if closed_on else None,
        erased=frozenset(row["erased"]),
        consents=frozenset(known.get("consents", ())),
    )


def _copy(meta: MessageJson, row: "Record", caller: Caller, as_evidence: bool) -> _Copy:
    """The stored message of a row, with the classes that its reader may open."""
    keys = {
        c: WrappedKey(m, w)
        for c, m, w in zip(
            row["key_classes"] or (), row["masters"] or (), row["wrapped"] or (), strict=True
        )
    }
    # Row security hides segments and keys that are not the reader's. The digests in the
    # envelope still say which classes the message has.
    classes, withheld = openable(
        frozenset(meta["digests"]), keys, _rights(meta, caller, as_evidence)
    )
    sealed = dict(zip(row["classes"] or (), row["sealed"] or (), strict=True))
    return _Copy(meta, UUID(meta["referral_id"]), classes, withheld, keys, sealed)


def _rights(meta: MessageJson, caller: Caller, as_evidence: bool) -> Rights:
    """What the caller may open of a message, by its copy, its seat and consent."""
    reader = meta["reader"]
    covered = reader["covered"]
    return Rights(
        copied=frozenset(reader["classes"]),
        seat=caller.classes,
        covered=frozenset(covered) if covered is not None else None,
        ended=reader["ended"],
        recalled=reader["recalled"],
        kept=frozenset(reader["kept"]) if as_evidence else frozenset(),
        lost=frozenset(reader["lost"] or ()),
        lacking=frozenset(reader["lacking"]),
    )


def _disclosure_rows(
    caller: Caller, messages: Sequence[Opened], at: datetime, entries: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """The argument of the database function `disclose`, with the log entry of each message.

    A message of which every class is withheld is logged, but does not count as opened.
    """
    envelopes = [message.envelope for message in messages]
    return {
        "at": at.isoformat(),
        "agency_id": caller.agency_id,
        "on": at.date().isoformat(),
        "cases": {each["case_id"]: each["case_version"] for each in envelopes},
        "readers": {each["id"]: each["reader"] for each in envelopes},
        "message_ids": [message.envelope["id"] for message in messages if message.salts],
        "log": entries,
    }


def _disclosure_entry(caller: Caller, message: Opened, at: datetime) -> LogEntry:
    """The log entry of an opening. It names the reader, and the sender if it knows the reader."""
    envelope = message.envelope
    return log_entry(
        at,
        "disclosure",
        {"classes": sorted(message.salts)},
        caller,
        _agencies_to_name(caller, envelope),
        case_id=envelope["case_id"],
        referral_id=envelope["referral_id"],
        message_id=envelope["id"],
    )


def _agencies_to_name(caller: Caller, meta: MessageJson) -> set[str]:
    """The agencies that the log entry of an opening names.

    A message that was shared with another referral is read there by agencies that its sender may
    not know. Then the entry does not name the sender.
    """
    sender = meta["from"]["agency_id"] if meta["via"] == meta["referral_id"] else None
    return {caller.agency_id} if sender is None else {caller.agency_id, sender}
