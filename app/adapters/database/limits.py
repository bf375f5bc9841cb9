"""The limits that the database holds agencies to, and what it refuses because of one of a day."""

import json
from collections.abc import Mapping

import asyncpg

from app.domain.errors import TooManyToday

OVER_LIMIT = "TS429"
"""The SQLSTATE that the function `count_today` raises."""


def session_settings(limits: Mapping[str, int]) -> dict[str, str]:
    """The settings of a session that is held to these limits."""
    return {"app.limits": json.dumps(limits)} if limits else {}


def refusal_in(error: BaseException | None) -> TooManyToday | None:
    """The refusal that an error of the database stands for, if it is one of a day's limit."""
    if not isinstance(error, asyncpg.PostgresError) or error.sqlstate != OVER_LIMIT:
        return None
    fact = json.loads(str(error.detail))
    return TooManyToday(fact["most"], fact["seconds"], fact["kind"])
