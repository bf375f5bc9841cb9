"""Routes of recalls and of misdirected disclosures (誤送付)."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from app.adapters.deliveries.recall_requests import RecallRequest, RecallRequests
from app.adapters.deliveries.recalls import Recall, Recalls
from app.api.deliveries.routes import Recipients
from app.api.deliveries.schemas import (
    MisdirectedOut,
    MisdirectedPage,
    RecallOut,
    RecallRequestOut,
    RecallRequestPage,
)
from app.api.wire.caller import ReferralReader, require_scope
from app.api.wire.dependencies import dependency
from app.api.wire.documented import both, documented
from app.api.wire.json_body import read_json
from app.api.wire.language import language_of, localise
from app.api.wire.paging import Cursor, Limit, moment_and_id_in, page
from app.api.wire.responses import id_in_path, json_answer
from app.api.wire.schemas import MESSAGE_ID, REFERRAL_ID
from app.api.wire.views import moment, moment_or_none
from app.auth.scopes import Scope
from app.domain.access.caller import Caller
from app.domain.classes import CLASS_TITLES, DataClass
from app.domain.deliveries.recall import (
    RecallAnswer,
    RecallReason,
    RefusalReason,
    ReportDays,
)
from app.domain.flows import BODIES
from app.domain.text import Text

router = APIRouter(prefix="/v1", tags=["deliveries"])

Officer = Annotated[Caller, require_scope(Scope.DISCLOSURE_READ)]

ITEMS_TO_ADD: Mapping[str, Text] = {
    "cause": Text("原因", "cause"),
    "secondary_damage": Text("二次被害又はそのおそれの有無", "secondary damage, or its danger"),
    "person_told": Text("本人への対応の状況", "what the person was told"),
    "publication": Text("公表の状況", "publication"),
    "prevention": Text("再発防止のための措置", "measures against its happening again"),
    "other": Text("その他参考となる事項", "anything else"),
}
"""Items of a report (個人情報保護法施行規則8条1項) that the service cannot know."""


class RecallIn(BaseModel):
    """取消し。

    A recall.
    """

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[
        RecallReason,
        Field(
            title=both("取消しの理由", "The reason for the recall"), examples=["wrong_recipient"]
        ),
    ]
    recipients: Recipients = None


class RecallAnswerIn(BaseModel):
    """返すよう求められた写しについての答え。

    The answer to a request to give a copy back.
    """

    model_config = ConfigDict(extra="forbid")

    answer: Annotated[RecallAnswer, Field(title=both("答え", "The answer"), examples=["accepted"])]
    reason: Annotated[
        RefusalReason | None,
        Field(
            title=both("応じない理由", "Why it is refused"),
            description=both(
                "answer が refused のときだけ、必ず書く。",
                "Needed if `answer` is refused, and only then.",
            ),
        ),
    ] = None


@router.post(
    "/referrals/{referral_id}/messages/{message_id}/recall",
    response_model=RecallOut,
    **documented(
        "recall_message",
        Text("送った通信文を取り消す", "Recall a message that was sent"),
        """Takes a message back from its recipients. Only a seat of the sender that may decide can
        do so.

        Before it was opened, the recipient keeps only the mark that it was recalled, and
        pending notices are cancelled. After it was opened or printed, it is recorded as a
        misdirected disclosure and both sides are told. Either way it can no longer be opened,
        but whoever had opened it keeps it in its evidence bundle.

        The sender has to be a party still, of a referral that is open. A copy that was opened
        or acknowledged can be recalled until the end of the next business day; afterwards its
        holder has to be asked (act `recall.request`), and stands in `to_request`.

        The state of the referral does not go back. Repeating the same recall changes nothing.""",
        Text("取り消した写し", "The copies that were recalled"),
        takes=RecallIn,
        example={"reason": "wrong_recipient", "recipients": ["center-13"]},
        may_answer=("already_recalled", "recall_impossible", "recall_by_request"),
        parameters={"referral_id": REFERRAL_ID, "message_id": MESSAGE_ID},
    ),
)
async def recall_message(
    request: Request,
    referral_id: str,
    message_id: str,
    caller: Annotated[Caller, require_scope(Scope.REFERRAL_DECIDE)],
) -> Response:
    """送った通信文を宛先から取り戻す。送り手の、決裁権のある席だけができる。

    開かれる前なら、宛先には取消しの印だけが残り、到着通知も取りやめる。開かれるか印刷された
    後なら、誤送付として記録し、双方に知らせる。どちらでも以後は開けない。ただし、開いた機関の証拠の
    束には残る。

    取り消せるのは、開いている案件の今の当事者だけ。開かれたか受領された写しを取り消せるのは、翌開庁日の
    終わりまで。その後は、持っている機関に求める(行為 `recall.request`)。その機関は `to_request` に
    並ぶ。

    案件の状態は戻らない。同じ取消しを繰り返しても変わらない。
    """
    body = (await read_json(request)).model(RecallIn)
    wanted = id_in_path(message_id)
    outcome = await dependency(request, Recalls).recall(
        caller, id_in_path(referral_id), wanted, body.reason, body.recipients
    )
    return json_answer(
        {
            "message_id": str(wanted),
            "recalled": [_copy(r) for r in outcome.recalls],
            "to_request": list(outcome.to_request),
        }
    )


@router.get(
    "/recall-requests",
    response_model=RecallRequestPage,
    **documented(
        "list_recall_requests",
        Text("開かれた写しを返す求めの一覧を読む", "List the requests to give opened copies back"),
        """Returns the requests that this agency has made or was sent, newest first.

        Two seats of the sender make one with the act `recall.request`.""",
        Text("求めの一覧", "A page of requests"),
    ),
)
async def list_recall_requests(
    request: Request, caller: ReferralReader, limit: Limit = 50, cursor: Cursor = None
) -> Response:
    """この機関がした求めと、この機関への求めを、新しいものから返す。

    求めるのは、送り手の二つの席の行為 `recall.request`。
    """
    rows = await dependency(request, RecallRequests).page(
        caller.agency_id, moment_and_id_in(cursor), limit + 1
    )
    return json_answer(
        page(rows, limit, _recall_request, lambda r: (r.requested_at.isoformat(), r.id))
    )


@router.post(
    "/recall-requests/{request_id}/answer",
    response_model=RecallRequestOut,
    **documented(
        "answer_recall_request",
        Text("開かれた写しを返す求めに答える", "Answer a request to give an opened copy back"),
        """A seat that may decide accepts or refuses. If it accepts, the copy is recalled at once,
        and recorded as a misdirected disclosure.

        The sender is told in its inbox. The same answer can be sent any number of times; another
        one is answered with 409. A request that nobody answers lapses at `expires_at`, and also if
        its sender could recall nothing any more; the answer then says `lapsed`, and nothing
        happens.""",
        Text("答えた求め", "The request with its answer"),
        takes=RecallAnswerIn,
        example={"answer": "refused", "reason": "acted_upon"},
        may_answer=("already_answered",),
        parameters={"request_id": Text("求めのID", "The id of the request")},
    ),
)
async def answer_recall_request(
    request: Request,
    request_id: str,
    caller: Annotated[Caller, require_scope(Scope.REFERRAL_DECIDE)],
) -> Response:
    """決裁権のある席が、応じるか応じないかを答える。応じれば直ちに取り消し、誤送付として記録する。

    送り手の受信箱に知らせる。同じ答えは何度送っても同じ。違う答えは 409。答えがなければ
    `expires_at` に失効する。送り手がもう取り消せないときも失効し、`lapsed` と答えて何も起きない。
    """
    body = (await read_json(request)).model(RecallAnswerIn)
    answered = await dependency(request, RecallRequests).answer(
        caller, id_in_path(request_id), body.answer, body.reason
    )
    return json_answer(_recall_request(answered))


@router.get(
    "/misdirected-disclosures",
    response_model=MisdirectedPage,
    **documented(
        "list_misdirected_disclosures",
        Text("誤送付の記録の一覧を読む", "List the records of misdirected disclosures"),
        """Returns the records of misdirected disclosures that this agency sent or received, newest
        first.""",
        Text("誤送付の記録の一覧", "A page of records"),
    ),
)
async def list_misdirected_disclosures(
    request: Request, caller: Officer, limit: Limit = 50, cursor: Cursor = None
) -> Response:
    """この機関が送った、またはこの機関に届いた誤送付の記録を、新しいものから返す。"""
    recalls = await dependency(request, Recalls).misdirected_disclosures(
        caller.agency_id, moment_and_id_in(cursor), limit + 1
    )
    answer = page(recalls, limit, _disclosure, lambda r: (r.recalled_at.isoformat(), r.id))
    return _in_language(request, answer)


@router.get(
    "/misdirected-disclosures/{disclosure_id}",
    response_model=MisdirectedOut,
    **documented(
        "read_misdirected_disclosure",
        Text("誤送付の記録を読む", "Read the record of a misdirected disclosure"),
        """Returns who opened which data classes and when, and by when the preliminary and the
        final report are due. Only the sender and the recipient can read it.

        Whether to report, and which of them reports, is for each agency to decide.""",
        Text("誤送付の記録", "The record"),
        parameters={
            "disclosure_id": Text(
                "誤送付の記録のID", "The id of the record of a misdirected disclosure"
            )
        },
    ),
)
async def read_misdirected_disclosure(
    request: Request, disclosure_id: str, caller: Officer
) -> Response:
    """誰がいつどの区分を開いたかと、速報・確報の期限を返す。送り手と宛先だけが読める。

    報告するかどうか、どちらが報告するかは、それぞれの機関が決める。
    """
    recall = await dependency(request, Recalls).misdirected_disclosure(
        caller.agency_id, id_in_path(disclosure_id)
    )
    return _in_language(request, _disclosure(recall))


def _in_language(request: Request, value: Any) -> Response:
    language = language_of(request)
    headers = {"Content-Language": language, "Vary": "Accept-Language, Authorization"}
    return json_answer(localise(value, language), headers=headers)


def _copy(recall: Recall) -> dict[str, Any]:
    return {
        "party": recall.recipient_party,
        "agency_id": recall.recipient_agency,
        "reason": recall.reason,
        "recalled_at": moment(recall.recalled_at),
        "recalled_by": recall.recalled_by,
        "misdirected_disclosure_id": str(recall.id) if recall.clocks else None,
    }


def _recall_request(row: RecallRequest) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "message_id": str(row.message_id),
        "referral_id": str(row.referral_id),
        "type": row.type,
        "sender_agency": row.sender_agency,
        "recipient_agency": row.recipient_agency,
        "recipient_party": row.recipient_party,
        "reason": row.reason,
        "requested_at": moment(row.requested_at),
        "expires_at": moment(row.expires_at),
        "state": row.state,
        "settled_at": moment_or_none(row.settled_at),
        "settled_by": row.settled_by,
        "refusal_reason": row.refusal_reason,
    }


def _disclosure(recall: Recall) -> dict[str, Any]:
    classes = sorted({c for opening in recall.openings for c in opening.classes})
    return {
        "id": str(recall.id),
        "message_id": str(recall.message_id),
        "referral_id": str(recall.referral_id),
        "type": recall.type,
        "title": BODIES[recall.type].TITLE,
        "sender_agency": recall.sender_agency,
        "recipient_agency": recall.recipient_agency,
        "recipient_party": recall.recipient_party,
        "reason": recall.reason,
        "sent_at": moment(recall.accepted_at),
        "known_at": moment(recall.recalled_at),
        "recalled_by": recall.recalled_by,
        "persons": 1,
        "third_parties": DataClass.C6 in classes,
        "classes": [{"class": c, "title": CLASS_TITLES[DataClass(c)]} for c in classes],
        "openings": [
            {
                "how": opening.how,
                "at": moment(opening.at),
                "seat_id": opening.seat_id,
                "classes": list(opening.classes),
                "count": opening.count,
                "last_at": moment(opening.last_at or opening.at),
            }
            for opening in recall.openings
        ],
        "clocks": _report_days(recall.clocks) if recall.clocks else None,
        "to_add": [{"item": item, "title": title} for item, title in ITEMS_TO_ADD.items()],
    }


def _report_days(days: ReportDays) -> dict[str, Any]:
    return {
        "preliminary": {
            "from": days.preliminary_from.isoformat(),
            "by": days.preliminary_by.isoformat(),
        },
        "final": {
            "by": days.final_by.isoformat(),
            "by_if_malicious": days.final_by_if_malicious.isoformat(),
        },
    }
