"""The route of deadlines."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request, Response

from app.adapters.referrals.deadlines import DeadlineList
from app.adapters.referrals.rows import DeadlineJson
from app.api.referrals.schemas import DeadlinePage
from app.api.wire.caller import require_scope
from app.api.wire.dependencies import dependency
from app.api.wire.documented import documented
from app.api.wire.paging import Cursor, Limit, bad_cursor, page, parts_of
from app.api.wire.responses import json_answer
from app.api.wire.views import moment_or_none
from app.auth.scopes import Scope
from app.domain.access.caller import Caller
from app.domain.messages.facts import DEADLINES
from app.domain.text import Text

router = APIRouter(prefix="/v1", tags=["inbox"])


@router.get(
    "/deadlines",
    response_model=DeadlinePage,
    **documented(
        "list_deadlines",
        Text("期日の一覧を読む", "List the days to keep"),
        """Returns the days that this agency has to keep (end of detention, release, answers due),
        nearest first.""",
        Text("期日の一覧", "A page of days to keep"),
    ),
)
async def list_deadlines(
    request: Request,
    caller: Annotated[Caller, require_scope(Scope.REFERRAL_READ)],
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """この機関が守るべき期日(勾留の満期、釈放日、回答期限など)を、近いものから返す。"""
    rows = await dependency(request, DeadlineList).page(
        caller.agency_id, _after(cursor), limit + 1, caller.classes
    )
    return json_answer(
        page(rows, limit, _deadline, lambda r: (r["due_on"], r["referral_id"], r["kind"]))
    )


def _deadline(row: DeadlineJson) -> dict[str, Any]:
    return {**row, "told_at": moment_or_none(row["told_at"])}


def _after(cursor: str | None) -> tuple[date, UUID, str] | None:
    if cursor is None:
        return None
    day, referral_id, kind = parts_of(cursor, 3)
    try:
        key = date.fromisoformat(day), UUID(referral_id), kind
    except ValueError:
        raise bad_cursor() from None
    if kind not in DEADLINES:
        raise bad_cursor()
    return key
