"""Routes of requests to return or destroy information (返還・廃棄)."""

from datetime import date
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from app.adapters.consents.return_requests import ReturnRequests
from app.api.consents.schemas import ReturnOut, ReturnPage
from app.api.wire.caller import require_scope
from app.api.wire.dependencies import dependency
from app.api.wire.documented import both, documented
from app.api.wire.json_body import read_json
from app.api.wire.paging import Cursor, Limit, bad_cursor, day_and_id_in, page, parts_of
from app.api.wire.responses import id_in_path, json_answer
from app.api.wire.schemas import CASE_ID
from app.api.wire.views import moment, moment_or_none
from app.auth.scopes import Scope
from app.domain.access.caller import Caller
from app.domain.consents.return_requests import ReturnAnswer, ReturnRequest
from app.domain.messages.fields import Day
from app.domain.text import Text
from app.domain.vocabulary.law import LegalBasis

router = APIRouter(prefix="/v1", tags=["consents"])

Officer = Annotated[Caller, require_scope(Scope.DISCLOSURE_READ)]


class ReturnAnswerIn(BaseModel):
    """返還・廃棄の求めへの答え。

    The answer to a request to return or destroy information.
    """

    model_config = ConfigDict(extra="forbid")

    answer: Annotated[ReturnAnswer, Field(title=both("答え", "The answer"), examples=["destroyed"])]
    on: Annotated[
        Day,
        Field(
            title=both(
                "廃棄・返還した日。保存するなら決めた日",
                "The day on which it was destroyed or returned; if it is kept, on which that "
                "was decided",
            )
        ),
    ]
    legal_basis: Annotated[
        LegalBasis | None,
        Field(
            title=both(
                "保存の根拠。kept_by_law のときだけ(consent_only は不可)",
                "The law that requires keeping it; only with kept_by_law (not consent_only)",
            )
        ),
    ] = None


@router.get(
    "/return-requests",
    response_model=ReturnPage,
    **documented(
        "list_return_requests",
        Text(
            "この機関への返還・廃棄の求めを読む",
            "List the requests to this agency to return or destroy information",
        ),
        """Returns the requests to return or destroy what was received on a consent that was
        withdrawn, those not yet answered first.""",
        Text("返還・廃棄の求めの一覧", "A page of requests"),
    ),
)
async def list_return_requests(
    request: Request, caller: Officer, limit: Limit = 50, cursor: Cursor = None
) -> Response:
    """撤回された同意にもとづいて提供を受けたものの返還・廃棄の求めを、まだ答えていないものから返す。"""
    returns = dependency(request, ReturnRequests)
    rows = await returns.sent_to(caller.agency_id, _after(cursor), limit + 1)
    describe = partial(_describe, today=returns.today())
    return json_answer(
        page(rows, limit, describe, lambda r: (int(r.answered_at is not None), r.due_on, r.id))
    )


@router.get(
    "/cases/{case_id}/return-requests",
    response_model=ReturnPage,
    **documented(
        "list_case_return_requests",
        Text(
            "事案の返還・廃棄の求めと答えを読む",
            "List the requests of a case to return or destroy information, with their answers",
        ),
        """Returns whether the agencies that were asked have answered, in the order of the due
        dates.

        Only requests to this agency, to those to whom this agency disclosed, and to agencies
        that it knew as parties when it recorded the withdrawal are shown. Which messages and
        data classes a request is about is shown only to the agency that was asked.""",
        Text("返還・廃棄の求めの一覧", "A page of requests"),
        parameters={"case_id": CASE_ID},
    ),
)
async def list_case_return_requests(
    request: Request, case_id: str, caller: Officer, limit: Limit = 50, cursor: Cursor = None
) -> Response:
    """求められた機関が答えたかどうかを、期限の順に返す。

    見えるのは、この機関への求め、この機関が提供した相手への求め、この機関が撤回を記録したときに
    当事者として知っていた機関への求めだけ。どの通信文・区分についてかは、求められた機関だけに示す。
    """
    returns = dependency(request, ReturnRequests)
    rows = await returns.of_case(
        caller.agency_id, id_in_path(case_id), day_and_id_in(cursor), limit + 1
    )
    describe = partial(_describe, today=returns.today())
    return json_answer(page(rows, limit, describe, lambda r: (r.due_on, r.id)))


@router.post(
    "/return-requests/{request_id}/answer",
    response_model=ReturnOut,
    **documented(
        "answer_return_request",
        Text("返還・廃棄の求めに答える", "Answer a request to return or destroy information"),
        """Answers that the information was destroyed, was returned, or is kept because the law
        requires it. The agency that disclosed it is told in its inbox.

        The same answer can be sent any number of times; a different one is answered with 409.
        For a request to an agency that is not connected, the agency that disclosed the
        information records the answer that it got on paper or otherwise.""",
        Text("答えた求め", "The request with its answer"),
        takes=ReturnAnswerIn,
        example={"answer": "destroyed", "on": "2026-11-24"},
        may_answer=("already_answered",),
        parameters={
            "request_id": Text("返還・廃棄の求めのID", "The id of the request to return or destroy")
        },
    ),
)
async def answer_return_request(
    request: Request,
    request_id: str,
    caller: Annotated[Caller, require_scope(Scope.DISCLOSURE_ANSWER)],
) -> Response:
    """廃棄した、返還した、または法令により保存する、と答える。提供した機関の受信箱に知らせる。

    同じ答えは何度送っても同じ。違う答えは 409。参加していない機関への求めには、提供した機関が、
    紙などで聞いた答えを記録する。
    """
    body = (await read_json(request)).model(ReturnAnswerIn)
    answered = await dependency(request, ReturnRequests).answer(
        caller, id_in_path(request_id), body.answer, body.on, body.legal_basis
    )
    return json_answer(_describe(answered, dependency(request, ReturnRequests).today()))


def _after(cursor: str | None) -> tuple[bool, date, UUID] | None:
    if cursor is None:
        return None
    is_answered, day, last = parts_of(cursor, 3)
    if is_answered not in {"0", "1"}:
        raise bad_cursor()
    try:
        return is_answered == "1", date.fromisoformat(day), UUID(last)
    except ValueError:
        raise bad_cursor() from None


def _describe(row: ReturnRequest, today: date) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "case_id": str(row.case_id),
        "referral_id": str(row.referral_id),
        "agency_id": row.agency_id,
        "party": row.party,
        "state": row.state(today),
        "requested_at": moment(row.requested_at),
        "due_on": row.due_on.isoformat(),
        "answer": row.answer,
        "on": row.done_on.isoformat() if row.done_on else None,
        "legal_basis": row.legal_basis,
        "answered_at": moment_or_none(row.answered_at),
        "answered_by": row.answered_by,
        "consent_ids": _texts(row.consent_ids),
        "classes": None if row.classes is None else list(row.classes),
        "message_ids": _texts(row.message_ids),
        "messages": row.messages,
    }


def _texts(ids: tuple[UUID, ...] | None) -> list[str] | None:
    return None if ids is None else [str(each) for each in ids]
