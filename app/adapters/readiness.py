"""Whether the service can do its work: the database, its tables, and the keys that open them."""

import asyncio
from typing import TYPE_CHECKING
from uuid import UUID

from alembic.config import Config
from alembic.script import ScriptDirectory

from app.adapters.keys import KeyFolder
from app.adapters.migrations import CONFIGURATION
from app.adapters.outage import is_outage
from app.adapters.seal import CannotOpen, Vault, WrappedKey

if TYPE_CHECKING:
    from app.adapters.database import Pool

REVISION = "SELECT schema_revision()"
SAMPLES = "SELECT referral_id, class, master, wrapped FROM sample_keys()"
PATIENCE = 2.0
"""Seconds after which a database that does not answer counts as away."""


class CannotStart(Exception):
    """The service must not start; the text says why and what to do."""


class Readiness:
    """Looks at what the service stands on."""

    def __init__(self, pool: "Pool", folder: KeyFolder) -> None:
        self._pool = pool
        self._folder = folder
        self._newest = ScriptDirectory.from_config(Config(CONFIGURATION)).get_current_head()

    async def amiss(self) -> list[str]:
        """The parts that do not work: `database`, `migrations`, `keys`."""
        return [*await self._database(), *self._keys()]

    async def check_keys(self) -> None:
        """Make sure that what is sealed can be opened.

        Raises:
            CannotStart: a master key is missing, or is not the one of before.
        """
        masters = self._folder.masters()
        vault = Vault(masters) if masters else None
        for referral_id, data_class, master, wrapped in await self._pool.fetch(SAMPLES):
            stored = WrappedKey(master, wrapped)
            if vault is None or not _opens(vault, referral_id, data_class, stored):
                raise CannotStart(
                    f"The database holds sealed messages, and master-{master}.key, which opens"
                    " them, is not in the key folder, or is another one. Restore the folder from"
                    " its backup; nothing was changed."
                )

    async def _database(self) -> list[str]:
        try:
            async with asyncio.timeout(PATIENCE):
                revision = await self._pool.fetchval(REVISION)
        except Exception as error:
            if not is_outage(error):
                raise
            return ["database"]
        return [] if revision == self._newest else ["migrations"]

    def _keys(self) -> list[str]:
        try:
            there = self._folder.masters() and self._folder.signing()
        except (OSError, ValueError):
            there = ()
        return [] if there else ["keys"]


def _opens(vault: Vault, referral_id: UUID, data_class: str, stored: WrappedKey) -> bool:
    try:
        vault.unwrap(referral_id, data_class, stored)
    except CannotOpen:
        return False
    return True
