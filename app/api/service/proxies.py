"""Whether calls come through a proxy that the operator did not name."""

import logging
import time
from collections.abc import Callable

PAUSE = 60.0
"""Seconds between two lines of the log."""
LATELY = 600.0
"""Seconds for which readiness tells of it."""

log = logging.getLogger("tsunagu.api")


class UnnamedProxies:
    """Notes that a header named a caller and was not believed. Addresses are not kept.

    Behind such a proxy all callers share one address, and with it limits and lock-outs. A caller
    without a proxy can send the header as well: it is told, and nothing else follows from it.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen = self._logged = float("-inf")

    def note(self) -> None:
        """Such a header came. It is told in the log once in `PAUSE`."""
        self._seen = self._clock()
        if self._seen >= self._logged + PAUSE:
            self._logged = self._seen
            log.warning(
                "X-Forwarded-For or Forwarded came from an address that TSUNAGU_TRUSTED_PROXIES"
                " does not name, or only Forwarded, which is not read. All callers behind one proxy"
                " share its limits and lock-outs."
            )

    def seen_lately(self) -> bool:
        """Whether one came within `LATELY`."""
        return self._clock() < self._seen + LATELY
