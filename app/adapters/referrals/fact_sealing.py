"""Seals facts that are in clear: those of referrals from before facts were sealed."""

import json
from typing import TYPE_CHECKING, Any
from uuid import UUID

from app.adapters.keys.vault import Vault
from app.adapters.referrals.case_rows import read_keys
from app.adapters.referrals.facts import classes_to_seal, keys_to_open, open_facts, seal_facts

if TYPE_CHECKING:
    from app.adapters.database.pool import Connection, Pool

NEXT = "SELECT facts_to_seal($1)"
LEFT = "SELECT count(*) FROM referral WHERE NOT facts_sealed"
WRITE = "SELECT write_sealed_facts($1, $2, $3, $4)"
BATCH = 20


class FactSealing:
    """Seals the facts of one referral after the other, each in a transaction of its own.

    It can be interrupted at any time: what is left is marked in the database.
    """

    def __init__(self, database: "Pool | Connection", vault: Vault) -> None:
        self._database = database
        self._vault = vault

    async def seal(self) -> int:
        """Seal the facts of up to a batch of referrals, and say of how many.

        Raises:
            CannotOpen: a key was changed, or its master key is not here.
            KeyServiceAway: the key service does not answer.
        """
        rows = json.loads(await self._database.fetchval(NEXT, BATCH))
        return sum([await self._seal_referral(row) for row in rows])

    async def left(self) -> int:
        """Of how many referrals facts may still be in clear. Only the owner may ask."""
        count: int = await self._database.fetchval(LEFT)
        return count

    async def _seal_referral(self, row: dict[str, Any]) -> bool:
        """Seal the facts of one referral; false if its case has changed since it was read."""
        referral_id = UUID(row["id"])
        stored = read_keys({"referrals": [row]})
        names = [(r, c) for r, c in sorted(keys_to_open([row])) if c in stored[r]]
        keys = await self._vault.unwrap([(r, c, stored[r][c]) for r, c in names])
        opened = open_facts([row], dict(zip(names, keys, strict=True)))
        places = {"referrals": [row], "parties": row["parties"]}
        classes = classes_to_seal(places, {referral_id: frozenset(row["erased"])}, opened)
        rings = await self._vault.keyrings({referral_id: (), **classes}, stored, opened.keys)
        ring = rings[referral_id]
        seal_facts(places, {(referral_id, c): key for c, key in ring.keys.items()}, opened)
        new = list(ring.new_keys.items())
        written = await self._database.fetchval(
            WRITE,
            json.dumps(
                {name: row[name] for name in ("id", "case_id", "version", "facts", "parties")}
            ),
            [data_class for data_class, _ in new],
            [key.master for _, key in new],
            [key.wrapped for _, key in new],
        )
        return bool(written)
