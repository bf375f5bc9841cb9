"""Whether the service can do its work: the database, its tables, and the keys that open them."""

import asyncio
import logging
from typing import TYPE_CHECKING

from alembic.config import Config
from alembic.script import ScriptDirectory

from app.adapters.database.migrations import CONFIGURATION
from app.adapters.keys.folder import KeyFolder
from app.adapters.keys.vault import binding
from app.adapters.outage import CannotStart, is_outage
from app.domain.keys.ports import CannotOpen, KeyService, KeyServiceAway, WrappedKey

if TYPE_CHECKING:
    from app.adapters.database.pool import Pool

USED = "SELECT masters_in_use()"
REVISION = "SELECT schema_revision()"
SAMPLES = "SELECT referral_id, class, master, wrapped FROM sample_keys()"
PATIENCE = 2.0
"""Seconds after which a database that does not answer counts as away."""

_log = logging.getLogger(__name__)


class Readiness:
    """Checks the database and the keys, on which the service depends."""

    def __init__(self, pool: "Pool", folder: KeyFolder, service: KeyService) -> None:
        self._pool = pool
        self._folder = folder
        self._service = service
        self._newest = ScriptDirectory.from_config(Config(CONFIGURATION)).get_current_head()

    async def failing_parts(self) -> list[str]:
        """The parts that do not work: `database`, `migrations`, `keys`."""
        database = await self._database()
        return [*database, *await self._keys(with_database=not database)]

    async def check_keys(self) -> None:
        """Check that sealed messages can be opened.

        Raises:
            CannotStart: a master key is missing, or has been replaced by another.
        """
        try:
            for referral_id, data_class, master, wrapped in await self._pool.fetch(SAMPLES):
                stored = WrappedKey(master, wrapped)
                await self._service.unwrap([(binding(referral_id, data_class), stored)])
        except CannotOpen:
            raise CannotStart(
                f"The database holds sealed messages, and master key {master}, which opens"
                " them, is not in the key folder, or is another one. Restore the folder from"
                " its backup; nothing was changed."
            ) from None
        except KeyServiceAway:
            # It may come back. Until then every call that needs a key is answered 503.
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

    async def _keys(self, *, with_database: bool) -> list[str]:
        """`keys` if one is missing. With the database: also one that wraps something there."""
        try:
            async with asyncio.timeout(PATIENCE):
                used = await self._pool.fetchval(USED) if with_database else []
                versions = [master.version for master in await self._service.masters()]
                usable = bool(self._folder.signing() and versions and set(used) <= set(versions))
        except (OSError, ValueError):  # TimeoutError and KeyServiceAway are of the first kind
            usable = False
        return [] if usable else ["keys"]
