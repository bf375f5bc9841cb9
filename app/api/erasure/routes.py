"""Routes of erasures and of holds, which prevent them."""

from typing import Annotated, Any

from fastapi import APIRouter, Request, Response

from app.adapters.erasure.listing import Erasures
from app.adapters.erasure.rows import HoldJson
from app.api.erasure.schemas import ErasuresOut, HoldPage
from app.api.erasure.views import erasure, hold_bounds
from app.api.wire.caller import require_scope
from app.api.wire.dependencies import dependency
from app.api.wire.documented import documented
from app.api.wire.paging import Cursor, Limit, moment_and_id_in, page
from app.api.wire.responses import id_in_path, json_answer
from app.api.wire.schemas import REFERRAL_ID
from app.api.wire.views import moment
from app.auth.scopes import Scope
from app.domain.access.caller import Caller
from app.domain.text import Text

router = APIRouter(prefix="/v1", tags=["erasure"])


@router.get(
    "/referrals/{referral_id}/erasures",
    response_model=ErasuresOut,
    **documented(
        "list_erasures",
        Text("案件から消去したものを読む", "List what was erased of a referral"),
        """Returns the data classes that were erased, when and why, and the day from which no
        backup holds them either.

        Only classes of which this agency had a copy are shown. The agency that decides on erasure
        also learns since and until when a hold prevents it, though not whose.""",
        Text("消去した区分", "The data classes that were erased"),
        parameters={"referral_id": REFERRAL_ID},
    ),
)
async def list_erasures(
    request: Request,
    referral_id: str,
    caller: Annotated[Caller, require_scope(Scope.REFERRAL_READ)],
) -> Response:
    """消去した区分と、時刻、理由、控えからも消える日を返す。

    この機関が写しを持っていた区分だけを示す。消去を決める機関には、消去が止められていることも示す。
    """
    erasures = dependency(request, Erasures)
    its_id = id_in_path(referral_id)
    rows = await erasures.of_referral(caller.agency_id, its_id)
    held = await erasures.held(caller.agency_id, its_id)
    return json_answer(
        {"items": [erasure(row) for row in rows], "next": None, "held": hold_bounds(held)}
    )


@router.get(
    "/holds",
    response_model=HoldPage,
    **documented(
        "list_holds",
        Text("消去を止めている案件の一覧を読む", "List the referrals that are held from erasure"),
        """Returns the referrals that this agency holds from erasure, newest first. Other agencies
        do not see them.""",
        Text("止めている案件の1頁", "A page of holds"),
    ),
)
async def list_holds(
    request: Request,
    caller: Annotated[Caller, require_scope(Scope.ACT_TAKE)],
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """この機関が消去を止めている案件を、新しいものから返す。ほかの機関には見えない。"""
    rows = await dependency(request, Erasures).holds(
        caller.agency_id, moment_and_id_in(cursor), limit + 1
    )
    return json_answer(page(rows, limit, _hold, lambda row: (row["set_at"], row["id"])))


def _hold(row: HoldJson) -> dict[str, Any]:
    return {**row, "set_at": moment(row["set_at"]), "until": moment(row["until"])}
