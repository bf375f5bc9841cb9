"""Routes that send messages: the first opens a referral, the others follow in it."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from app.adapters.ids import time_ordered_id
from app.adapters.referrals.exchange import Exchange, Rehearsed
from app.api.referrals import envelopes, views
from app.api.referrals.schemas import AcceptedOut, RehearsedOut
from app.api.wire.caller import require_scope
from app.api.wire.dependencies import current_directory, current_time, dependency
from app.api.wire.documented import both, documented, example_named
from app.api.wire.json_body import read_message
from app.api.wire.message_examples import request_examples
from app.api.wire.responses import id_in_path, json_answer, versions
from app.api.wire.schemas import REFERRAL_ID, example_of
from app.auth.scopes import Scope
from app.domain.access.caller import Caller
from app.domain.errors import Invalid
from app.domain.messages.message import Message
from app.domain.text import Text

router = APIRouter(prefix="/v1", tags=["referrals"])

Writer = Annotated[Caller, require_scope(Scope.REFERRAL_WRITE)]
_DECISION_PROBLEMS = (
    "id_reused",
    "not_found",
    "illegal_move",
    "not_your_step",
    "part_ended",
    "guard_failed",
    "too_many_consents",
    "busy",
)
REPEATED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": both(
            "再送への最初の答え。`dry_run=true` なら、起きること(`would`)",
            "The first answer, when a message is sent again. With `dry_run=true`: what "
            "would happen (`would`)",
        ),
        "content": {
            "application/json": {
                "schema": {
                    "oneOf": [
                        {"$ref": "#/components/schemas/AcceptedOut"},
                        {"$ref": "#/components/schemas/RehearsedOut"},
                    ]
                },
            }
        },
    }
}
_REPEATED_EXAMPLES = {
    "examples": {
        "repeated": example_named(Text("再送", "Sent again"), example_of(AcceptedOut)),
        "dry_run": example_named(Text("予行", "Rehearsed"), example_of(RehearsedOut)),
    }
}
IF_MATCH: dict[str, Any] = {
    "parameters": [
        {
            "name": "If-Match",
            "in": "header",
            "required": False,
            "description": both(
                "送ってよい案件の版(`version`、ETag)。複数可",
                "The versions of the referral (`version`, ETag) for which the message may be "
                "sent; several are allowed",
            ),
            "schema": {"type": "string"},
            "example": 'W/"7"',
        }
    ]
}
DryRun = Annotated[
    bool,
    Query(
        description=both(
            "真なら、何が起きるかを答えるだけで、何も書かない。",
            "If true, only says what would happen and writes nothing.",
        )
    ),
]


@router.post(
    "/referrals",
    status_code=201,
    response_model=AcceptedOut,
    responses=REPEATED,
    **documented(
        "open_referral",
        Text("案件を開く", "Open a referral"),
        """Sends the first message of a flow, which opens a referral. The first half of `body.type`
        names the flow.

        Sending the same content with the same id again returns the first answer as it was
        (200).""",
        Text(
            "受け付けた。受領証はこの答えより前に確定している",
            "Accepted. The receipt was committed before this answer",
        ),
        takes=envelopes.OpeningIn,
        examples=request_examples(envelopes.OPENING_TYPES),
        may_answer=(*_DECISION_PROBLEMS, "ambiguous_route", "referral_full"),
        shows={200: _REPEATED_EXAMPLES},
        headers=("ETag", "Location"),
        models=(RehearsedOut,),
    ),
)
async def open_referral(request: Request, caller: Writer, dry_run: DryRun = False) -> Response:
    """流れの最初の通信文を送り、案件を開く。流れは `body.type` の前半で決まる。

    同じIDで同じ内容を送り直すと、最初の答えがそのまま返る(200)。
    """
    envelope = await read_message(request, envelopes.read_opening)
    referral_id = envelope.id or time_ordered_id(current_time(request))
    message = envelopes.message_of(envelope, referral_id, referral_id)
    return await _send(request, message, caller, frozenset(), dry_run)


@router.post(
    "/referrals/{referral_id}/messages",
    status_code=201,
    response_model=AcceptedOut,
    responses=REPEATED,
    **documented(
        "send_message",
        Text("通信文を送る", "Send a message"),
        """Sends the second or any later message of a referral. What can be sent now is in the
        referral's `actions`.

        With the version that was read in `If-Match`, the message is not sent if the referral
        has changed since (412).""",
        Text(
            "受け付けた。受領証はこの答えより前に確定している",
            "Accepted. The receipt was committed before this answer",
        ),
        takes=envelopes.MessageIn,
        examples=request_examples(envelopes.LATER_TYPES),
        may_answer=(
            *_DECISION_PROBLEMS,
            "ambiguous_route",
            "stale",
            "referral_full",
        ),
        parameters={"referral_id": REFERRAL_ID},
        shows={200: _REPEATED_EXAMPLES},
        headers=("ETag", "Location"),
        models=(RehearsedOut,),
        extra=IF_MATCH,
    ),
)
async def send_message(
    request: Request, referral_id: str, caller: Writer, dry_run: DryRun = False
) -> Response:
    """案件に二通目以降の通信文を送る。今送れるものは、案件の `actions` にある。

    `If-Match` に読んだときの版を書けば、その後に動いた案件には送られない(412)。
    """
    wanted = id_in_path(referral_id)
    envelope = await read_message(request, envelopes.read_later)
    message_id = _own_id(envelope, wanted) or time_ordered_id(current_time(request))
    message = envelopes.message_of(envelope, message_id, wanted)
    return await _send(request, message, caller, versions(request), dry_run)


def _own_id(envelope: envelopes.MessageIn, referral_id: UUID) -> UUID | None:
    if envelope.id == referral_id:
        raise Invalid.at("/id", "id_of_the_referral")
    return envelope.id


async def _send(
    request: Request, message: Message, caller: Caller, if_match: frozenset[str], dry_run: bool
) -> Response:
    exchange = dependency(request, Exchange)
    if dry_run:
        result = await exchange.rehearse(message, caller, if_match)
        if isinstance(result, Rehearsed):
            directory = current_directory(request)
            return json_answer(views.rehearsal(result, caller.agency_id, directory))
        acceptance = result
    else:
        acceptance = await exchange.accept(message, caller, if_match)
    answer = acceptance.answer
    headers = {
        "ETag": answer.version,
        "Location": f"/v1/referrals/{answer.referral_id}/messages/{answer.message_id}",
    }
    return json_answer(views.acceptance(answer), 200 if acceptance.repeated else 201, headers)
