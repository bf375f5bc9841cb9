"""Counts refused calls: one log entry for each client and minute, however many there were.

A call that was refused by a rule of a flow has an entry of its own. One that did not get so far (no
token, no JSON, nothing there, too many) is only counted, so that a stranger cannot fill the log.
"""

import asyncio
import contextlib
import logging
from collections import Counter
from typing import TYPE_CHECKING

from app.adapters.log.entry import WRITE_OWN_LOG, entries_json, log_entry
from app.adapters.outage import is_outage
from app.domain.access.caller import Caller
from app.domain.calendar.clock import Clock

if TYPE_CHECKING:
    from app.adapters.database.pool import Pool

PERIOD = 60.0
"""Seconds that one entry covers."""
COUNTED = frozenset(
    {
        "not_authenticated",
        "scope_missing",
        "malformed",
        "unsupported_media_type",
        "unsupported_encoding",
        "too_large",
        "invalid",
        "not_found",
        "method_not_allowed",
        "too_many",
        "too_many_today",
    }
)

_log = logging.getLogger(__name__)


class RefusedCalls:
    """Counts refused calls, and writes the counts to the log each minute and at the end."""

    def __init__(self, pool: "Pool", clock: Clock) -> None:
        self._pool = pool
        self._clock = clock
        self._counts: Counter[tuple[str | None, str | None, str]] = Counter()

    def count(self, caller: Caller | None, code: str) -> None:
        """Count a refusal. Without a caller the entry names nobody."""
        if code in COUNTED:
            client, agency = (caller.client_id, caller.agency_id) if caller else (None, None)
            self._counts[client, agency, code] += 1

    async def watch(self) -> None:
        """Write the counts to the log each minute, until cancelled."""
        while True:
            await asyncio.sleep(PERIOD)
            await self.flush()

    async def flush(self) -> None:
        """Write the counts to the log. If the database is away they are kept for the next time."""
        counts, self._counts = self._counts, Counter()
        at = self._clock()
        clients = {(client, agency) for client, agency, _ in counts}
        entries = {
            (client, agency): log_entry(
                at,
                "refused_calls",
                {code: n for (c, a, code), n in counts.items() if (c, a) == (client, agency)},
                None,
                [agency] if agency else [],
            ).acting(agency, client_id=client)
            for client, agency in sorted(clients, key=str)
        }
        try:
            for (client, agency), entry in entries.items():
                await self._pool.execute(WRITE_OWN_LOG, agency, at, entries_json([entry]))
                counts = _without(counts, client, agency)
        except Exception as error:
            self._counts.update(counts)
            if not is_outage(error):
                raise
            _log.warning("refused calls could not be written down yet")

    async def close(self) -> None:
        """Write the remaining counts."""
        with contextlib.suppress(Exception):
            await self.flush()


def _without(
    counts: Counter[tuple[str | None, str | None, str]], client: str | None, agency: str | None
) -> Counter[tuple[str | None, str | None, str]]:
    return Counter({key: n for key, n in counts.items() if key[:2] != (client, agency)})
