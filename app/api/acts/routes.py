"""Acts that take two seats: propose, approve, refuse, withdraw."""

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from app.adapters.acts.acts import Acts, Proposal
from app.api.acts.schemas import ActIn, ActOut, ActPage
from app.api.wire.caller import require_scope
from app.api.wire.dependencies import current_time, dependency
from app.api.wire.documented import both, documented
from app.api.wire.json_body import read_json
from app.api.wire.language import language_of
from app.api.wire.paging import Cursor, Limit, moment_and_id_in, page
from app.api.wire.responses import id_in_path, json_answer
from app.api.wire.schemas import ACT, ACT_ID, REFERRAL
from app.api.wire.views import moment, moment_or_none
from app.auth.scopes import Scope
from app.domain.access.caller import Caller
from app.domain.acts.acts import KINDS, Act
from app.domain.text import Text

router = APIRouter(prefix="/v1", tags=["acts"])

_DECIDING = ("second_seat", "not_your_act", "act_settled")

Taker = Annotated[Caller, require_scope(Scope.ACT_TAKE)]


@router.post(
    "/acts",
    status_code=201,
    response_model=ActOut,
    responses={
        200: {
            "model": ActOut,
            "description": both("再送。今の様子を返す", "Sent again. Returns the act as it stands"),
        }
    },
    **documented(
        "propose_act",
        Text("二つの席が要る行為を提案する", "Propose an act that takes two seats"),
        """Proposes an act. Nothing happens until another seat approves it; the proposal expires
        after seven days.

        Sending the same content with the same id from the same seat does nothing twice: it
        returns the act as it stands. What cannot be done now is refused at once. That the act
        waits for approval is told in this agency's inbox (`act.proposed`).""",
        Text("提案した。別の席の承認を待つ", "Proposed. It waits for another seat's approval"),
        takes=ActIn,
        example={
            "id": ACT,
            "kind": "hold.set",
            "target": REFERRAL,
            "detail": {"reason": "litigation"},
        },
        may_answer=("not_your_act", "id_reused", "not_found", "act_impossible", "too_many_acts"),
    ),
)
async def propose_act(request: Request, caller: Taker) -> Response:
    """行為を提案する。別の席が承認するまで何も起きない。7日で期限が切れる。

    同じIDで同じ内容を同じ席から送れば、二重にならず、その行為の今の様子を返す。
    今できないことは提案の時に断る。承認を待つことは、この機関の受信箱に届く(`act.proposed`)。
    """
    body = (await read_json(request)).model(ActIn)
    proposal = Proposal(body.id, body.kind, body.named_target(), body.checked_detail())
    act, new = await dependency(request, Acts).propose(caller, proposal)
    headers = {"Location": f"/v1/acts/{act.id}"} if new else {}
    return _answer(request, act, 201 if new else 200, headers)


@router.get(
    "/acts",
    response_model=ActPage,
    **documented(
        "list_acts",
        Text("二つの席が要る行為の一覧を読む", "List the acts that take two seats"),
        "Returns this agency's acts, newest first.",
        Text("行為の1頁", "A page of acts"),
    ),
)
async def list_acts(
    request: Request,
    caller: Taker,
    waiting: Annotated[
        bool,
        Query(
            description=both(
                "真なら、二人目を待つものだけ", "If true, only those that wait for a second seat"
            )
        ),
    ] = False,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """この機関の行為を、新しいものから返す。"""
    acts = await dependency(request, Acts).list_acts(
        caller.agency_id, moment_and_id_in(cursor), limit + 1, waiting=waiting
    )
    answer = page(
        acts, limit, partial(_describe, request), lambda act: (act.proposed_at.isoformat(), act.id)
    )
    return json_answer(answer, headers=_language(request))


@router.get(
    "/acts/{act_id}",
    response_model=ActOut,
    **documented(
        "read_act",
        Text("二つの席が要る行為を読む", "Read an act that takes two seats"),
        "Returns an act of this agency.",
        Text("行為", "The act"),
        parameters={"act_id": ACT_ID},
    ),
)
async def read_act(request: Request, act_id: str, caller: Taker) -> Response:
    """この機関の行為を返す。"""
    act = await dependency(request, Acts).read_act(caller.agency_id, id_in_path(act_id))
    return _answer(request, act)


@router.post(
    "/acts/{act_id}/approve",
    response_model=ActOut,
    **documented(
        "approve_act",
        Text("行為を承認し、実行する", "Approve an act and carry it out"),
        """A seat other than the one that proposed the act approves it. It takes effect in the same
        transaction.

        If things have changed since the proposal and it cannot be carried out, it becomes
        `failed` and nothing happens. Repeating the call changes nothing.""",
        Text(
            "実行した。できなければ state は failed",
            "Carried out; if that was not possible, `state` is failed",
        ),
        parameters={"act_id": ACT_ID},
        may_answer=_DECIDING,
    ),
)
async def approve_act(request: Request, act_id: str, caller: Taker) -> Response:
    """提案した席とは別の席が承認する。効力は同じトランザクションで生じる。

    提案の後に事情が変わって実行できなければ `failed` となり、何も起きない。繰り返しても変わらない。
    """
    return _answer(request, await dependency(request, Acts).approve(caller, id_in_path(act_id)))


@router.post(
    "/acts/{act_id}/refuse",
    response_model=ActOut,
    **documented(
        "refuse_act",
        Text("行為を承認しない", "Refuse an act"),
        "A seat other than the one that proposed the act decides not to approve it.",
        Text("承認しなかった", "Refused"),
        parameters={"act_id": ACT_ID},
        may_answer=_DECIDING,
    ),
)
async def refuse_act(request: Request, act_id: str, caller: Taker) -> Response:
    """提案した席とは別の席が、承認しないと決める。"""
    return _answer(request, await dependency(request, Acts).refuse(caller, id_in_path(act_id)))


@router.post(
    "/acts/{act_id}/withdraw",
    response_model=ActOut,
    **documented(
        "withdraw_act",
        Text("提案を取り下げる", "Withdraw a proposal"),
        "The seat that proposed the act withdraws it before it is decided.",
        Text("取り下げた", "Withdrawn"),
        parameters={"act_id": ACT_ID},
        may_answer=("not_your_act", "act_settled"),
    ),
)
async def withdraw_act(request: Request, act_id: str, caller: Taker) -> Response:
    """提案した席が、決まる前に取り下げる。"""
    return _answer(request, await dependency(request, Acts).withdraw(caller, id_in_path(act_id)))


def _answer(
    request: Request, act: Act, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    return json_answer(_describe(request, act), status, {**_language(request), **(headers or {})})


def _language(request: Request) -> dict[str, str]:
    return {"Content-Language": language_of(request), "Vary": "Accept-Language, Authorization"}


def _describe(request: Request, act: Act) -> dict[str, Any]:
    return {
        "id": str(act.id),
        "kind": act.kind,
        "title": KINDS[act.kind].title.in_language(language_of(request)),
        "target": act.target,
        "detail": dict(act.detail),
        "state": act.state_at(current_time(request)).value,
        "proposed_at": moment(act.proposed_at),
        "proposed_by": act.proposed_by,
        "expires_at": moment(act.expires_at),
        "decided_at": moment_or_none(act.decided_at),
        "decided_by": act.decided_by,
        "outcome": dict(act.outcome),
    }
