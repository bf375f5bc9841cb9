"""Routes of erasures and of holds, which prevent them."""

from typing import Annotated, Any

from fastapi import APIRouter, Request, Response

from app.adapters.erasure.listing import Erasures
from app.adapters.erasure.requests import ErasureRequests
from app.adapters.erasure.rows import HoldJson
from app.api.erasure.schemas import ErasureAnswerIn, ErasureRequestOut, ErasuresOut, HoldPage
from app.api.erasure.views import erasure, erasure_request, hold_bounds
from app.api.wire.caller import require_scope
from app.api.wire.dependencies import dependency
from app.api.wire.documented import documented
from app.api.wire.json_body import read_json
from app.api.wire.paging import Cursor, Limit, moment_and_id_in, page
from app.api.wire.responses import id_in_path, json_answer
from app.api.wire.schemas import REFERRAL_ID
from app.api.wire.views import moment
from app.auth.scopes import Scope
from app.domain.access.caller import Caller
from app.domain.text import Text

Taker = Annotated[Caller, require_scope(Scope.ACT_TAKE)]
_REQUEST_ID = Text("求めのID", "The id of the request")

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
        also learns since and until when a hold prevents it, though not whose. `requests` are those
        to erase what others hold too: who asks, until when one may object, and what came of it.""",
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
    `requests` は、ほかの機関も持つものの消去の求め: どの機関が求め、いつまで異議を言え、どうなった
    か。
    """
    erasures = dependency(request, Erasures)
    its_id = id_in_path(referral_id)
    rows = await erasures.of_referral(caller.agency_id, its_id)
    held = await erasures.held(caller.agency_id, its_id)
    requests = await dependency(request, ErasureRequests).of_referral(caller.agency_id, its_id)
    return json_answer(
        {
            "items": [erasure(row) for row in rows],
            "next": None,
            "held": hold_bounds(held),
            "requests": [erasure_request(row) for row in requests],
        }
    )


@router.post(
    "/erasure-requests/{request_id}/answer",
    response_model=ErasureRequestOut,
    **documented(
        "answer_erasure_request",
        Text("消去の求めに答える", "Answer a request to erase"),
        """An agency with copies objects, and the request ends; or a seat that may decide agrees.

        Nothing is erased before `expires_at`, unless all have agreed. Until then whoever has agreed
        can still object. Without an answer in time a closed referral is erased; an open one, and
        what this agency alone holds, is not. The same answer can be sent any number of times.""",
        Text("答えた求め", "The request with the answer"),
        takes=ErasureAnswerIn,
        example={"answer": "objected"},
        may_answer=("already_answered", "not_your_act"),
        parameters={"request_id": _REQUEST_ID},
    ),
)
async def answer_erasure_request(request: Request, request_id: str, caller: Taker) -> Response:
    """写しを持つ機関が異議を言えば、求めは終わる。応じられるのは、決裁権のある席だけ。

    全ての機関が応じない限り、`expires_at` まで何も消えない。それまでは、応じた後でも異議を言える。
    期限までに答えがなければ、終結した案件は消える。開いている案件と、この機関だけが持つものは消えない。
    同じ答えは何度送っても同じ。
    """
    body = (await read_json(request)).model(ErasureAnswerIn)
    answered = await dependency(request, ErasureRequests).answer(
        caller, id_in_path(request_id), body.answer
    )
    return json_answer(erasure_request(answered))


@router.post(
    "/erasure-requests/{request_id}/withdraw",
    response_model=ErasureRequestOut,
    **documented(
        "withdraw_erasure_request",
        Text("消去の求めを取り下げる", "Withdraw a request to erase"),
        """The agency that requested it withdraws it before anything is erased. Those that were
        asked are told that it has ended.""",
        Text("取り下げた求め", "The withdrawn request"),
        may_answer=("already_answered",),
        parameters={"request_id": _REQUEST_ID},
    ),
)
async def withdraw_erasure_request(request: Request, request_id: str, caller: Taker) -> Response:
    """求めた機関が、消去の前に取り下げる。求められた機関には、終わったことを知らせる。"""
    withdrawn = await dependency(request, ErasureRequests).withdraw(caller, id_in_path(request_id))
    return json_answer(erasure_request(withdrawn))


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
    caller: Taker,
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
