"""The log entry of an act of administration: ids and codes, no free text."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from app.adapters.log.entry import LogEntry, log_entry
from app.domain.access.caller import Caller

COMMAND_LINE = "command line"
"""Who acted, where nobody has a seat: whoever may use the owner's login."""


def administration_entry(
    at: datetime,
    act: str,
    agencies: Iterable[str],
    detail: Mapping[str, Any],
    caller: Caller | None = None,
    by: str = COMMAND_LINE,
) -> LogEntry:
    """The entry of `act`.

    Args:
        at: when.
        act: a code, `seat.disabled` for example.
        agencies: the agencies that it concerns, which may read the entry.
        detail: ids and codes only.
        caller: who acted; None where nobody has a seat.
        by: who acted in that case.
    """
    what = {"act": act, **({} if caller else {"by": by}), **detail}
    return log_entry(at, "administration", what, caller, agencies)
