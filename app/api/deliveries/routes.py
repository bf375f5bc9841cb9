"""Routes of deliveries: how a message stands with each recipient, and an explanation of it."""

from datetime import datetime
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from app.adapters.deliveries.deliveries import Deliveries, Explained, Tracked
from app.adapters.deliveries.rows import NoticeJson
from app.api.deliveries.schemas import DeliveryPage, ExplainedOut, PrintedOut
from app.api.wire.caller import ReferralReader, require_scope
from app.api.wire.dependencies import current_time, dependency
from app.api.wire.documented import both, documented
from app.api.wire.json_body import read_json
from app.api.wire.language import Language, language_of, localise
from app.api.wire.paging import Cursor, Limit, number_in, page
from app.api.wire.responses import id_in_path, json_answer
from app.api.wire.schemas import MESSAGE_ID, REFERRAL_ID
from app.api.wire.views import moment, moment_or_none
from app.auth.scopes import Scope
from app.domain.access.caller import Caller
from app.domain.deliveries.delivery import Delivery
from app.domain.deliveries.explanation import explain, explain_notice
from app.domain.flows import BODIES
from app.domain.messages.fields import AgencyId
from app.domain.text import Text
from app.domain.vocabulary.code import EachOnce

router = APIRouter(prefix="/v1", tags=["deliveries"])

Recipients = Annotated[
    list[AgencyId] | None,
    Field(
        min_length=1,
        max_length=20,
        title=both("宛先の機関", "The agencies of the recipients"),
        description=both("省くか null なら全て。", "All, if left out or null."),
        examples=[["center-13"]],
    ),
    EachOnce(),
]


class PrintedIn(BaseModel):
    """印刷した写し。

    The copies that were printed.
    """

    model_config = ConfigDict(extra="forbid")

    recipients: Recipients = None


@router.get(
    "/referrals/{referral_id}/deliveries",
    response_model=DeliveryPage,
    **documented(
        "list_deliveries",
        Text("送った通信文の配達を読む", "List the deliveries of messages that were sent"),
        """Returns, in the order of sending, how the messages that this agency sent stand with each
        recipient.

        What other agencies sent is not included. Reading it is no disclosure.""",
        Text("配達の一覧", "A page of deliveries"),
        parameters={"referral_id": REFERRAL_ID},
    ),
)
async def list_deliveries(
    request: Request,
    referral_id: str,
    caller: ReferralReader,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """この機関が送った通信文が、宛先ごとに今どうなっているかを、送った順に返す。

    他の機関が送ったものは含まない。読んでも提供にはならない。
    """
    messages = await dependency(request, Deliveries).sent_messages(
        caller.agency_id, id_in_path(referral_id), number_in(cursor), limit + 1
    )
    at = current_time(request)
    return json_answer(
        page(messages, limit, partial(_deliveries, at=at), lambda each: (each.number,))
    )


@router.post(
    "/referrals/{referral_id}/messages/{message_id}/printed",
    response_model=PrintedOut,
    **documented(
        "mark_printed",
        Text("印刷済みとする", "Mark a message as printed"),
        """Records, for this seat of the sender, that the copies for agencies that are not
        connected were printed. Without a body: all of them.

        Opening the printable sheet (`…/sheet`) alone does not mark it as printed. Doing it
        twice changes nothing.""",
        Text("印刷済みの写し", "The copies that are printed"),
        takes=PrintedIn,
        may_be_empty=True,
        example={},
        may_answer=("not_to_print", "already_recalled"),
        parameters={"referral_id": REFERRAL_ID, "message_id": MESSAGE_ID},
    ),
)
async def mark_printed(
    request: Request,
    referral_id: str,
    message_id: str,
    caller: Annotated[Caller, require_scope(Scope.REFERRAL_WRITE)],
) -> Response:
    """参加していない機関あての写しを印刷したことを、送り手のこの席として記録する。本文がなければ全て。

    書面(`…/sheet`)を開いただけでは印刷したことにならない。二度しても変わらない。
    """
    body = (await read_json(request, may_be_empty=True)).model(PrintedIn)
    rows = await dependency(request, Deliveries).mark_printed(
        caller, id_in_path(referral_id), id_in_path(message_id), body.recipients
    )
    copies = [
        {
            "agency_id": each.agency_id,
            "printed_at": moment(each.printed_at),
            "printed_by": each.printed_by,
        }
        for each in rows
    ]
    return json_answer({"printed": copies})


@router.get(
    "/referrals/{referral_id}/messages/{message_id}/explain",
    response_model=ExplainedOut,
    **documented(
        "explain_message",
        Text("通信文が今どうなっているかを説明する", "Explain how a message stands"),
        """Says where the message is, what became of the notices, what happens next and what to do.

        The sender is told about all recipients, a recipient about its own agency alone.
        Attempts to deliver notices are shown only for the webhooks of the agency that asks.
        Reading it is no disclosure.""",
        Text("説明", "The explanation"),
        parameters={"referral_id": REFERRAL_ID, "message_id": MESSAGE_ID},
    ),
)
async def explain_message(
    request: Request, referral_id: str, message_id: str, caller: ReferralReader
) -> Response:
    """どこにあるか、到着通知がどうなったか、次に何が起きるか、何をすればよいかを答える。

    送り手には全ての宛先について、宛先にはその機関についてだけ答える。到着通知の試みは、
    尋ねた機関自身の送り先についてだけ示す。読んでも提供にはならない。
    """
    explanation = await dependency(request, Deliveries).explain(
        caller.agency_id, id_in_path(referral_id), id_in_path(message_id)
    )
    language = language_of(request)
    headers = {"Content-Language": language, "Vary": "Accept-Language, Authorization"}
    return json_answer(_explanation(explanation, current_time(request), language), headers=headers)


def _explanation(explained: Explained, at: datetime, language: Language) -> dict[str, Any]:
    tracked = explained.tracked
    values = {
        **_head(tracked),
        "referral_id": str(tracked.referral_id),
        "title": BODIES[tracked.type].TITLE,
        "you": "sender" if explained.is_sender else "recipient",
        "recipients": [
            _explain_delivery(d, at, to_sender=explained.is_sender) for d in tracked.deliveries
        ],
        "notices": [_notice(notice) for notice in explained.notices],
    }
    answer: dict[str, Any] = localise(values, language)
    return answer


def _explain_delivery(delivery: Delivery, at: datetime, *, to_sender: bool) -> dict[str, Any]:
    words = explain(delivery, at, to_sender=to_sender)
    return {
        **_copy(delivery, at),
        "where": words.where,
        "next": words.following,
        "todo": words.todo,
    }


def _notice(row: NoticeJson) -> dict[str, Any]:
    next_at = datetime.fromisoformat(row["next_at"]) if row["next_at"] else None
    return {
        "id": row["id"],
        "webhook_id": row["webhook_id"],
        "state": row["state"],
        "reason": row["reason"],
        "next_at": moment_or_none(next_at),
        "settled_at": moment_or_none(row["settled_at"]),
        "says": explain_notice(
            row["state"], row["reason"], row["webhook_state"], row["webhook_id"], next_at
        ),
        "attempts": [{**each, "at": moment(each["at"])} for each in row["attempts"]],
    }


def _head(tracked: Tracked) -> dict[str, Any]:
    return {
        "message_id": str(tracked.message_id),
        "type": tracked.type,
        "urgency": tracked.urgency,
        "accepted_at": moment(tracked.accepted_at),
        "overdue_at": moment(tracked.terms.overdue_at) if tracked.terms else None,
        "failed_at": moment(tracked.terms.failed_at) if tracked.terms else None,
    }


def _deliveries(tracked: Tracked, at: datetime) -> dict[str, Any]:
    return {
        **_head(tracked),
        "number": tracked.number,
        "recipients": [_copy(each, at) for each in tracked.deliveries],
    }


def _copy(delivery: Delivery, at: datetime) -> dict[str, Any]:
    disclosure = delivery.misdirected_disclosure_id
    return {
        "party": delivery.party,
        "agency_id": delivery.agency_id,
        "status": delivery.status,
        "late": delivery.lateness(at),
        "overdue_at": moment(delivery.terms.overdue_at) if delivery.terms else None,
        "failed_at": moment(delivery.terms.failed_at) if delivery.terms else None,
        "to_print": delivery.to_print,
        "notified_at": moment_or_none(delivery.notified_at),
        "opened_at": moment_or_none(delivery.opened_at),
        "acknowledged_at": moment_or_none(delivery.acknowledged_at),
        "acknowledged_by": delivery.acknowledged_by,
        "printed_at": moment_or_none(delivery.printed_at),
        "printed_by": delivery.printed_by,
        "recalled_at": moment_or_none(delivery.recalled_at),
        "recall_reason": delivery.recall_reason,
        "misdirected_disclosure_id": str(disclosure) if disclosure else None,
        "undeliverable": delivery.undeliverable,
    }
