"""What was erased of a referral: when, why, and by when no backup holds its key."""

from typing import Annotated

from fastapi import APIRouter, Request, Response

from app.api.erasure.schemas import ErasuresOut
from app.api.erasure.views import erasure
from app.api.wire.caller import allowed
from app.api.wire.responses import id_in_path, json_answer
from app.api.wire.services import messaging
from app.auth.scopes import Scope
from app.domain.access.caller import Caller

router = APIRouter(prefix="/v1", tags=["acts"])


@router.get(
    "/referrals/{referral_id}/erasures",
    operation_id="list_erasures",
    summary="案件から消去したものを読む",
    response_model=ErasuresOut,
    response_description="消去した区分",
)
async def list_erasures(
    request: Request, referral_id: str, caller: Annotated[Caller, allowed(Scope.REFERRAL_READ)]
) -> Response:
    """消去した区分と、時刻、理由、控えからも消える日を返す。

    この機関が写しを持っていた区分だけを示す。
    """
    reading = messaging(request).reading
    found = await reading.erasures(caller.agency_id, id_in_path(referral_id))
    return json_answer({"items": [erasure(row) for row in found], "next": None})
