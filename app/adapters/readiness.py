"""Whether the service can do its work: the database, its tables, and the keys that open them."""

import asyncio
import logging
from typing import TYPE_CHECKING

from alembic.config import Config
from alembic.script import ScriptDirectory

from app.adapters.keys import KeyFolder
from app.adapters.migrations import CONFIGURATION
from app.adapters.outage import is_outage
from app.adapters.seal import bound
from app.domain.keys import CannotOpen, KeyService, KeyServiceAway, WrappedKey

if TYPE_CHECKING:
    from app.adapters.database import Pool

REVISION = "SELECT schema_revision()"
SAMPLES = "SELECT referral_id, class, master, wrapped FROM sample_keys()"
PATIENCE = 2.0
"""Seconds after which a database that does not answer counts as away."""


_log = logging.getLogger(__name__)


class CannotStart(Exception):
    """The service must not start; the text says why and what to do."""


class Readiness:
    """Looks at what the service stands on."""

    def __init__(self, pool: "Pool", folder: KeyFolder, service: KeyService) -> None:
        self._pool = pool
        self._folder = folder
        self._service = service
        self._newest = ScriptDirectory.from_config(Config(CONFIGURATION)).get_current_head()

    async def amiss(self) -> list[str]:
        """The parts that do not work: `database`, `migrations`, `keys`."""
        return [*await self._database(), *await self._keys()]

    async def check_keys(self) -> None:
        """Make sure that what is sealed can be opened.

        Raises:
            CannotStart: a master key is missing, or is not the one of before.
        """
        try:
            for referral_id, data_class, master, wrapped in await self._pool.fetch(SAMPLES):
                stored = WrappedKey(master, wrapped)
                await self._service.unwrap([(bound(referral_id, data_class), stored)])
        except CannotOpen:
            raise CannotStart(
                f"The database holds sealed messages, and master key {master}, which opens"
                " them, is not in the key folder, or is another one. Restore the folder from"
                " its backup; nothing was changed."
            ) from None
        except KeyServiceAway:
            # It may come back, and until then every call that needs a key is told to wait.
            _log.warning("the key service does not answer; starting without having tried the keys")

    async def _database(self) -> list[str]:
        try:
            async with asyncio.timeout(PATIENCE):
                revision = await self._pool.fetchval(REVISION)
        except Exception as error:
            if not is_outage(error):
                raise
            return ["database"]
        return [] if revision == self._newest else ["migrations"]

    async def _keys(self) -> list[str]:
        try:
            async with asyncio.timeout(PATIENCE):
                there = self._folder.signing() and await self._service.masters()
        except (OSError, ValueError):  # TimeoutError and KeyServiceAway are of the first kind
            there = []
        return [] if there else ["keys"]
