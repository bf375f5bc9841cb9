"""The facts of a recalled message as its readers had them before it: what an older one says."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pydantic import ValidationError

from app.adapters.deliveries.recalls import FactsOfReader
from app.adapters.keys.vault import Vault
from app.adapters.referrals.facts import FactCiphers, KeyName
from app.domain.classes import DataClass
from app.domain.flows import BODIES
from app.domain.keys.ports import WrappedKey
from app.domain.messages.facts import DEADLINES, FACTS, Fact

if TYPE_CHECKING:
    from asyncpg import Record
    from asyncpg.pool import PoolConnectionProxy

    from app.adapters.database.pool import Connection

BEFORE = "SELECT * FROM facts_before($1, $2, $3)"
CLASSES = json.dumps(FACTS)


class FactsBefore:
    """Opens the messages that state the same facts, and seals what they say for their readers.

    What cannot be read any more, because a class was erased or the type has other fields now,
    states nothing.
    """

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    async def of(
        self,
        connection: "Connection | PoolConnectionProxy[Record]",
        agency_id: str,
        message_id: UUID,
    ) -> Sequence[FactsOfReader]:
        """The facts that a message has replaced, for each of its readers. The case is locked."""
        rows = await connection.fetch(BEFORE, agency_id, message_id, CLASSES)
        keys = await self._keys(rows)
        ciphers, found = FactCiphers(keys), dict[tuple[str, str], FactsOfReader]()
        stated = {row["message_id"]: self._stated_facts(row, keys) for row in rows}
        for row in rows:
            reader, name = row["reader"], row["fact"]
            part = (row["copied_to"], reader)
            mine = found.setdefault(part, FactsOfReader(*part))
            if row["untold"]:
                mine.untold.append(name)
            facts = stated[row["message_id"]]
            if name not in facts:
                continue
            value = facts[name]
            sealed = FACTS[name] is not DataClass.C0
            stored = ciphers.seal((row["referral_id"], reader), name, value) if sealed else value
            if sealed and stored is None:
                continue
            mine.stored[name] = stored
            if name in DEADLINES and isinstance(value, str):
                mine.days[name] = value
        return list(found.values())

    async def _keys(self, rows: "Iterable[Record]") -> dict[KeyName, bytes]:
        """The keys of the segments of these messages. Those of erased classes are not there."""
        stored = {
            (row["referral_id"], name): WrappedKey(master, wrapped)
            for row in rows
            for name, master, wrapped in zip(
                row["key_classes"] or (), row["masters"] or (), row["wrapped"] or (), strict=True
            )
        }
        keys = await self._vault.unwrap([(*owner, key) for owner, key in stored.items()])
        return dict(zip(stored, keys, strict=True))

    def _stated_facts(self, row: "Record", keys: Mapping[KeyName, bytes]) -> Mapping[str, Fact]:
        if row["message_id"] is None:
            return {}
        body: dict[str, Any] = {"type": row["type"]}
        for name, sealed in zip(row["classes"] or (), row["sealed"] or (), strict=True):
            if key := keys.get((row["referral_id"], name)):
                content = self._vault.open(key, row["message_id"], name, sealed)
                body |= json.loads(content)["fields"]
        try:
            return BODIES[row["type"]].model_validate(body).facts()
        except (KeyError, ValidationError):
            return {}
