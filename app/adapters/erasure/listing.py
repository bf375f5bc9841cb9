"""Erasures and legal holds, as an agency may see them."""

import json
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from app.adapters.erasure.rows import ErasureJson, HoldBounds, HoldJson
from app.domain.erasure.objections import decides
from app.domain.errors import NotFound

if TYPE_CHECKING:
    from app.adapters.database.pool import Pool

ERASURES = "SELECT read_erasures($1, $2)"
HELD = "SELECT hold_bounds($1, $2)"
HOLDS = "SELECT list_holds($1, $2, $3, $4)"

Before = tuple[datetime, UUID]


class Erasures:
    """Reads erasures and legal holds."""

    def __init__(self, pool: "Pool") -> None:
        self._pool = pool

    async def of_referral(self, agency_id: str, referral_id: UUID) -> list[ErasureJson]:
        """What was erased of a referral, as far as this agency had copies of it.

        Raises:
            NotFound: there is no such referral for this agency.
        """
        text = await self._pool.fetchval(ERASURES, agency_id, referral_id)
        if text is None:
            raise NotFound
        erasures: list[ErasureJson] = json.loads(text)
        return erasures

    async def held(self, agency_id: str, referral_id: UUID) -> HoldBounds | None:
        """Since and until when holds keep a referral from being erased, whosever they are.

        None if none does, and to an agency that does not decide on its erasure.
        """
        text = await self._pool.fetchval(HELD, agency_id, referral_id)
        bounds: HoldBounds | None = json.loads(text) if text else None
        if bounds is None or bounds["until"] is None:
            return None
        told = decides(bounds["flow"], bounds["part"], leads=bool(bounds["leads"]))
        return bounds if told else None

    async def holds(self, agency_id: str, before: Before | None, limit: int) -> list[HoldJson]:
        """The legal holds of this agency, the newest first."""
        text = await self._pool.fetchval(HOLDS, agency_id, *(before or (None, None)), limit)
        holds: list[HoldJson] = json.loads(text)
        return holds
