"""Loads what is needed to decide on messages, for several at a time."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson

from app.adapters.database.shares import about
from app.adapters.ids import time_ordered_id
from app.adapters.keys.vault import StoredKeys, Vault
from app.adapters.referrals.case_rows import Row, read_case, read_keys
from app.adapters.referrals.facts import NOTHING_OPENED, OpenedFacts, keys_to_open, open_facts
from app.domain.access.caller import Caller
from app.domain.calendar.clock import Clock
from app.domain.cases.case import Case
from app.domain.cases.quota import Quota, day_began
from app.domain.errors import NotFound
from app.domain.flows import FLOWS
from app.domain.messages.message import Message

if TYPE_CHECKING:
    from asyncpg import Record
    from asyncpg.pool import PoolConnectionProxy

    from app.adapters.database.pool import Connection, Pool

    Executor = Pool | Connection | PoolConnectionProxy[Record]

LOAD = "SELECT load_cases($1, $2)"
COUNT = "SELECT count_sent($1, $2, $3)"


@dataclass(frozen=True, slots=True)
class LoadedCase:
    """A case with its keys, and the version it must still have when it is written."""

    case: Case
    keys: StoredKeys
    expected: int | None
    latest_at: datetime | None
    """When the last message of the case was accepted; None for a new case."""
    in_mailboxes: tuple[datetime, ...]
    """The latest time in each mailbox of the sender, of the case's parties, and of the recipients
    that the message names."""
    opened: OpenedFacts = NOTHING_OPENED
    id_is_taken: bool = False
    """Whether another agency's message has the id of this one, which opens a case of its own."""


@dataclass(frozen=True, slots=True)
class Sending:
    """A message that an agency sends."""

    message: Message
    caller: Caller
    if_match: frozenset[str] = frozenset()

    @property
    def subject(self) -> UUID:
        """The referral that it moves, or the one below which it opens another."""
        return self.message.parent or self.message.referral_id

    def to_load(self) -> dict[str, Any]:
        """What `load_cases` takes."""
        message = self.message
        own = message.opens and message.parent is None
        pointed = [message.in_reply_to, message.corrects, *message.shared_messages]
        named = [self.caller.agency_id, *message.to.values()] if message.opens or message.to else []
        return {
            "agency_id": self.caller.agency_id,
            "id": str(message.id),
            "referral_id": None if own else str(self.subject),
            "pointed": [str(i) for i in pointed if i is not None],
            "named": named,
        }


class RepeatedMessage(Exception):
    """A message with this id was accepted before. `row` is what is stored of it."""

    def __init__(self, row: Mapping[str, Any]) -> None:
        super().__init__("repeated")
        self.row = row


@dataclass(frozen=True, slots=True)
class CaseLoader:
    """Loads cases with their facts opened."""

    vault: Vault
    clock: Clock
    quota: Quota

    async def load(
        self, executor: "Executor", sendings: Sequence[Sending], *, hold: bool = False
    ) -> "list[LoadedCase | NotFound | RepeatedMessage]":
        """What there is for each message; sealed facts are opened for all together."""
        asked = orjson.dumps([sending.to_load() for sending in sendings]).decode()
        texts = await executor.fetchval(LOAD, asked, hold)
        rows = [orjson.loads(text) if text else None for text in texts]
        keys: list[StoredKeys] = [
            read_keys(row) if row and "referrals" in row else {} for row in rows
        ]
        referrals = [row["referrals"] if row and "referrals" in row else [] for row in rows]
        opened = await self._open_facts(referrals, keys)
        return [self._loaded_case(*each) for each in zip(rows, keys, opened, strict=True)]

    def _loaded_case(
        self, row: Row | None, keys: StoredKeys, opened: OpenedFacts
    ) -> "LoadedCase | NotFound | RepeatedMessage":
        if row is None:
            return NotFound()
        if "repeat" in row:
            return RepeatedMessage(row["repeat"])
        named = tuple(map(datetime.fromisoformat, row.get("named", ())))
        if "referrals" not in row:
            new = Case(time_ordered_id(self.clock()))
            return LoadedCase(new, {}, None, None, named, id_is_taken=row["taken"])
        about(UUID(row["id"]))  # all that write to one case wait in one line
        in_mailboxes = map(datetime.fromisoformat, row["latest_in_mailboxes"])
        latest_at = datetime.fromisoformat(row["latest_at"])
        times = (*named, *in_mailboxes)
        return LoadedCase(read_case(row), keys, row["version"], latest_at, times, opened)

    def may_be_too_much(self, loaded: LoadedCase, sending: Sending) -> bool:
        """Whether so much was sent in the referral that the party's part has to be counted."""
        referral = loaded.case.referrals.get(sending.message.referral_id)
        if referral is None or not self.quota.least:
            return False
        number = referral.party_of(sending.caller.agency_id).view.number
        return number >= self.quota.least

    async def check_quota(self, executor: "Executor", loaded: LoadedCase, sending: Sending) -> None:
        """Count what the party has sent, unless it cannot be too much.

        Raises:
            ReferralFull, TooManyToday: as `Quota.check` says.
        """
        if not self.may_be_too_much(loaded, sending):
            return
        message, at = sending.message, self.clock()
        referral = loaded.case.referrals[message.referral_id]
        text = await executor.fetchval(COUNT, sending.caller.agency_id, referral.id, day_began(at))
        counted = json.loads(text)
        vital = message.body.type in FLOWS[referral.flow].vital_types
        self.quota.check(counted["sent"], counted["today"], at, vital=vital)

    async def _open_facts(
        self, cases: Sequence[list[dict[str, Any]]], stored: Sequence[StoredKeys]
    ) -> list[OpenedFacts]:
        """Open the sealed facts of each case's referrals in place. Those without a key are erased.

        All keys are unwrapped in one call.
        """
        names = [
            [(r, c) for r, c in sorted(keys_to_open(rows)) if c in keys[r]]
            for rows, keys in zip(cases, stored, strict=True)
        ]
        unwrapped = iter(
            await self.vault.unwrap(
                [
                    (r, c, keys[r][c])
                    for each, keys in zip(names, stored, strict=True)
                    for r, c in each
                ]
            )
        )
        return [
            open_facts(rows, {name: next(unwrapped) for name in each})
            for rows, each in zip(cases, names, strict=True)
        ]
