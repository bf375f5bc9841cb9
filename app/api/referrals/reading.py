"""Reading: referrals as their reader's party sees them, and messages as far as it may open them."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from app.adapters.referrals.reading import Opened, Reading
from app.api.referrals import views
from app.api.referrals.schemas import (
    EnvelopePage,
    MessageOut,
    MessagesOut,
    ReferralOut,
    ReferralPage,
)
from app.api.wire.caller import ReferralReader
from app.api.wire.dependencies import dependency
from app.api.wire.json_body import read_json
from app.api.wire.language import language_of
from app.api.wire.paging import Cursor, Limit, Since, moment_and_id_in, number_in, page
from app.api.wire.responses import id_in_path, json_answer, matches
from app.domain.access.caller import Caller
from app.domain.errors import NotFound

router = APIRouter(prefix="/v1", tags=["referrals"])

MOST_READ = 50
"""Messages opened by one call."""

Code = Annotated[str | None, Query(pattern=r"^[a-z0-9_]{1,64}$")]

UNCHANGED: dict[int | str, dict[str, Any]] = {304: {"description": "`If-None-Match` の版のまま"}}
IF_NONE_MATCH: dict[str, Any] = {
    "parameters": [
        {
            "name": "If-None-Match",
            "in": "header",
            "required": False,
            "description": "持っている版(ETag)。変わっていなければ 304 が返る",
            "schema": {"type": "string"},
            "example": 'W/"7"',
        }
    ]
}


class ReadIn(BaseModel):
    """開く通信文のID。"""

    model_config = ConfigDict(extra="forbid")

    ids: Annotated[list[UUID], Field(min_length=1, max_length=MOST_READ, title="通信文のID")]


@router.get(
    "/referrals",
    operation_id="list_referrals",
    summary="案件の一覧を読む",
    response_model=ReferralPage,
    response_description="案件の一覧",
)
async def list_referrals(
    request: Request,
    caller: ReferralReader,
    flow: Code = None,
    state: Code = None,
    updated_after: Annotated[Since | None, Query(description="これより後に変わったもの")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """この機関の案件を、最後に変わったものから順に返す。本文は含まず、提供の記録もしない。"""
    found = await dependency(request, Reading).referrals(
        caller.agency_id, flow, state, updated_after, moment_and_id_in(cursor), limit + 1
    )
    return json_answer(page(found, limit, views.listed, lambda r: (r["updated_at"], r["id"])))


@router.get(
    "/referrals/{referral_id}",
    operation_id="read_referral",
    summary="案件を読む",
    response_model=ReferralOut,
    response_description="案件。ETag は `version` と同じ",
    responses=UNCHANGED,
    openapi_extra=IF_NONE_MATCH,
)
async def read_referral(request: Request, referral_id: str, caller: ReferralReader) -> Response:
    """案件を、この機関が読める通信文から分かるとおりに返す。`actions` が今送れる通信文。"""
    wanted = id_in_path(referral_id)
    found = await dependency(request, Reading).referral(caller.agency_id, wanted, caller.classes)
    version = found.reader.view.version
    headers = {"ETag": version, "Vary": "Accept-Language, Authorization"}
    if matches(request, version):
        return Response(status_code=304, headers=headers)
    language = language_of(request)
    headers["Content-Language"] = language
    return json_answer(views.referral(found, language), headers=headers)


@router.get(
    "/referrals/{referral_id}/messages",
    operation_id="list_messages",
    summary="通信文の一覧を読む",
    response_model=EnvelopePage,
    response_description="通信文の一覧",
)
async def list_messages(
    request: Request,
    referral_id: str,
    caller: ReferralReader,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """この機関が読める通信文を、本文なしで番号の順に返す。提供の記録はしない。"""
    after = number_in(cursor)
    found = await dependency(request, Reading).messages(
        caller.agency_id, id_in_path(referral_id), after, limit + 1
    )
    return json_answer(page(found, limit, views.envelope, lambda r: (r["number"],)))


@router.get(
    "/referrals/{referral_id}/messages/{message_id}",
    operation_id="read_message",
    summary="通信文を開く",
    response_model=MessageOut,
    response_description="開いた通信文",
)
async def read_message(
    request: Request, referral_id: str, message_id: str, caller: ReferralReader
) -> Response:
    """通信文の本文を、この席が開ける区分まで開く。

    開くことは提供であり、記録が確定してから答える。開かなかった区分は `withheld` に示す。
    """
    return json_answer(views.message(await opened_one(request, caller, referral_id, message_id)))


@router.post(
    "/messages/read",
    operation_id="read_messages",
    summary="通信文をまとめて開く",
    response_model=MessagesOut,
    response_description="開いた通信文",
)
async def read_messages(request: Request, caller: ReferralReader) -> Response:
    """通信文を50通まで一度に開く。読めないもの、存在しないものは、黙って除く。"""
    wanted = (await read_json(request)).model(ReadIn)
    opened = await _opened(request, caller, list(dict.fromkeys(wanted.ids)), None)
    return json_answer({"items": [views.message(each) for each in opened]})


async def opened_one(request: Request, caller: Caller, referral_id: str, message_id: str) -> Opened:
    """The message at this place, opened on the record.

    Raises:
        NotFound: there is none, or not for this caller, or not in this referral.
    """
    within, wanted = id_in_path(referral_id), id_in_path(message_id)
    opened = await _opened(request, caller, [wanted], within)
    if not opened:
        raise NotFound
    return opened[0]


async def _opened(
    request: Request, caller: Caller, ids: Sequence[UUID], within: UUID | None
) -> Sequence[Opened]:
    return await dependency(request, Reading).open(caller, ids, within)
