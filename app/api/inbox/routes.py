"""Routes of the inbox: reading it, and acknowledging its items (受領)."""

import asyncio
from dataclasses import dataclass
from typing import Annotated, Any, Self

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from app.adapters.inbox.inboxes import Inboxes
from app.adapters.inbox.rows import PlaceJson
from app.api.inbox.schemas import AcknowledgedOut, InboxOut, InboxStatusOut
from app.api.wire.caller import require_scope, require_valid_token
from app.api.wire.dependencies import Shutdown, dependency
from app.api.wire.documented import both, documented
from app.api.wire.json_body import read_json
from app.api.wire.paging import LAST, LongLimit
from app.api.wire.rates import network_of
from app.api.wire.responses import json_answer
from app.api.wire.views import moment
from app.auth.scopes import Scope
from app.domain.access.caller import Caller
from app.domain.errors import Invalid
from app.domain.text import Text
from app.domain.vocabulary.code import EachOnce

router = APIRouter(prefix="/v1", tags=["inbox"])

MOST_POSITIONS = 1_000

Reader = Annotated[Caller, require_scope(Scope.INBOX_READ)]
Position = Annotated[int, Field(ge=1, le=LAST)]


@dataclass(frozen=True, slots=True)
class LongestWait:
    """The longest that a call may wait for new items."""

    seconds: float


class AcknowledgementIn(BaseModel):
    """受領するもの。`positions` か `through` のどちらか一つ。

    What is acknowledged: either `positions` or `through`.
    """

    model_config = ConfigDict(extra="forbid")

    positions: Annotated[
        list[Position] | None,
        Field(
            min_length=1,
            max_length=MOST_POSITIONS,
            title=both("受領する番号", "The positions to acknowledge"),
        ),
        EachOnce(),
    ] = None
    through: Annotated[
        Position | None, Field(title=both("この番号までの全て", "All up to this position"))
    ] = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.positions is None) == (self.through is None):
            raise PydanticCustomError("one_of_two", "either positions or through")
        return self


@router.get(
    "/inbox",
    response_model=InboxOut,
    **documented(
        "read_inbox",
        Text("受信箱を読む", "Read the inbox"),
        """Returns what arrived after `after`, in the order in which it was committed. It holds no
        bodies and is no disclosure.

        If there is nothing, it waits for up to `wait` seconds and answers as soon as something
        arrives.""",
        Text("受信箱の1頁", "A page of the inbox"),
    ),
)
async def read_inbox(
    request: Request,
    caller: Reader,
    after: Annotated[
        int,
        Query(
            ge=0,
            le=LAST,
            description=both("この番号より後を返す", "Return what comes after this position"),
        ),
    ] = 0,
    limit: LongLimit = 50,
    wait: Annotated[
        float,
        Query(
            ge=0,
            description=both(
                "何もなければ待つ秒数。30まで", "Seconds to wait if there is nothing; up to 30"
            ),
        ),
    ] = 0,
    unacknowledged: Annotated[
        bool,
        Query(
            description=both(
                "真なら、受領していないものだけ", "If true, only what is not acknowledged"
            )
        ),
    ] = False,
) -> Response:
    """`after` より後に届いたものを、確定した順に返す。本文は含まず、提供の記録もしない。

    何もなければ `wait` 秒まで待ち、届けばすぐに返す。
    """
    if not wait <= dependency(request, LongestWait).seconds:  # `not <=` refuses NaN too
        raise Invalid.at("/query/wait", "less_than_equal")
    reading = dependency(request, Inboxes).read(
        caller.agency_id,
        after,
        limit,
        wait,
        unacknowledged=unacknowledged,
        client=caller.client_id,
        address=network_of(request),
    )
    page = await (_read_until_shutdown(request, reading) if wait else reading)
    if wait:
        require_valid_token(request)
    if page is None:
        page = await dependency(request, Inboxes).read(
            caller.agency_id, after, limit, 0, unacknowledged=unacknowledged
        )
    return Response(page.encode(), media_type="application/json")


@router.post(
    "/inbox/acknowledgements",
    response_model=AcknowledgedOut,
    **documented(
        "acknowledge",
        Text("受領する", "Acknowledge what arrived"),
        """Records, for this token's seat, that the agency has received what arrived. Doing it
        twice changes nothing.""",
        Text("受領したもの", "What was acknowledged"),
        takes=AcknowledgementIn,
        example={"through": 42},
        may_answer=("invalid",),
    ),
)
async def acknowledge(
    request: Request, caller: Annotated[Caller, require_scope(Scope.INBOX_ACKNOWLEDGE)]
) -> Response:
    """届いたものの受領を、このトークンの席として記録する。二度しても変わらない。"""
    body = (await read_json(request)).model(AcknowledgementIn)
    result = await dependency(request, Inboxes).acknowledge(
        caller, body.positions or [], body.through
    )
    items = [{**i, "acknowledged_at": moment(i["acknowledged_at"])} for i in result["acknowledged"]]
    return json_answer({"acknowledged": items, "more": result["more"]})


@router.get(
    "/inbox/status",
    response_model=InboxStatusOut,
    **documented(
        "read_inbox_status",
        Text("受信箱の様子を読む", "Read how the inbox stands"),
        """Returns the last position, the counts, and the oldest item that is not opened and the
        oldest that is not acknowledged.""",
        Text("受信箱の様子", "How the inbox stands"),
    ),
)
async def read_inbox_status(request: Request, caller: Reader) -> Response:
    """最後の番号、件数、最も古い未開封と未受領を返す。"""
    status = await dependency(request, Inboxes).status(caller.agency_id)
    oldest = {
        "oldest_waiting": _describe_item(status["oldest_waiting"]),
        "oldest_unacknowledged": _describe_item(status["oldest_unacknowledged"]),
    }
    return json_answer({**status, **oldest})


async def _read_until_shutdown(request: Request, reading: Any) -> str | None:
    """The result of `reading`; None if the process shuts down or the client disconnects first."""
    task = asyncio.ensure_future(reading)
    others = [
        asyncio.ensure_future(dependency(request, Shutdown).wait()),
        asyncio.ensure_future(_wait_for_disconnect(request)),
    ]
    try:
        await asyncio.wait([task, *others], return_when=asyncio.FIRST_COMPLETED)
        return task.result() if task.done() else None
    finally:
        for each in (task, *others):
            each.cancel()


async def _wait_for_disconnect(request: Request) -> None:
    """Wait until the client disconnects."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _describe_item(item: PlaceJson | None) -> dict[str, Any] | None:
    return {**item, "accepted_at": moment(item["accepted_at"])} if item else None
