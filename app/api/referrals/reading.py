"""Reading: referrals as their reader's party sees them, and messages as far as it may open them."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from app.adapters.referrals.reading import Opened, Reading
from app.api.referrals import views
from app.api.referrals.schemas import (
    SERVICE_EVENT,
    EnvelopePage,
    MessageOut,
    MessagesOut,
    ReferralOut,
    ReferralPage,
)
from app.api.wire.caller import ReferralReader, count_further_calls
from app.api.wire.dependencies import dependency
from app.api.wire.documented import both, documented
from app.api.wire.json_body import read_json
from app.api.wire.language import language_of
from app.api.wire.paging import (
    Cursor,
    Limit,
    Since,
    cursor_of,
    moment_and_id_in,
    number_in,
    page,
)
from app.api.wire.responses import id_in_path, json_answer, json_items, matches
from app.api.wire.schemas import MESSAGE_ID, REFERRAL, REFERRAL_ID
from app.domain.access.caller import Caller
from app.domain.errors import Invalid, NotFound
from app.domain.flows import FLOWS
from app.domain.text import Text
from app.domain.vocabulary.code import EachOnce

router = APIRouter(prefix="/v1", tags=["referrals"])

CHANGED_AFTER = "/query/changed_after"
MOST_READ = 50
"""Messages opened by one call."""

STATES = frozenset(state for flow in FLOWS.values() for state in flow.states)


def _check_flow(name: str) -> str:
    if name not in FLOWS:
        raise PydanticCustomError("unknown_flow", "a flow of GET /v1/flows", {"takes": list(FLOWS)})
    return name


def _check_state(name: str) -> str:
    if name not in STATES:
        raise PydanticCustomError(
            "unknown_state", "a state of one of the flows", {"takes": sorted(STATES)}
        )
    return name


FlowName = Annotated[str, Query(pattern=r"^[a-z0-9_]{1,64}$"), AfterValidator(_check_flow)]
StateName = Annotated[str, Query(pattern=r"^[a-z0-9_]{1,64}$"), AfterValidator(_check_state)]


class ReadIn(BaseModel):
    """開く通信文のID。

    The ids of the messages to open.
    """

    model_config = ConfigDict(extra="forbid")

    ids: Annotated[
        list[UUID],
        Field(
            min_length=1, max_length=MOST_READ, title=both("通信文のID", "The id of the message")
        ),
        EachOnce(),
    ]


@router.get(
    "/referrals",
    response_model=ReferralPage,
    **documented(
        "list_referrals",
        Text("案件の一覧を読む", "List referrals"),
        """Returns this agency's referrals, those that changed last first. It holds no bodies and
        is no disclosure.

        To follow changes, keep `changes` of the first page, and send it as `changed_after`: the
        answer has what changed since, in the order in which it was written, and the `changes` to
        send next. No change is missed; one may be shown again.""",
        Text("案件の一覧", "A page of referrals"),
        parameters={
            "flow": Text(
                "流れの名前(`GET /v1/flows` にある)", "The name of a flow (see `GET /v1/flows`)"
            ),
            "state": Text(
                "案件の状態(流れの表にある名前)",
                "A state of referrals, as the flow's table names it",
            ),
        },
    ),
)
async def list_referrals(
    request: Request,
    caller: ReferralReader,
    flow: FlowName | None = None,
    state: StateName | None = None,
    updated_after: Annotated[
        Since | None,
        Query(
            description=both(
                "これより後の時刻に変わったもの。変わったものを追うには `changed_after` を使う。"
                "先の時刻のものが後から書かれることがある",
                "Only those whose time of change is after this one. To follow changes use"
                " `changed_after`: one with an earlier time may be written later",
            )
        ),
    ] = None,
    changed_after: Annotated[
        str | None,
        Query(
            max_length=300,
            description=both(
                "前の答えの `changes`。その後に変わったものを、書かれた順に返す。"
                "`cursor`、`updated_after` とは一緒に使えない",
                "`changes` of an answer before: what changed since, in the order in which it was"
                " written. Not together with `cursor` or `updated_after`",
            ),
        ),
    ] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """この機関の案件を、最後に変わったものから順に返す。本文は含まず、提供の記録もしない。

    変わったものを追うには、最初の頁の `changes` を控え、`changed_after` として送る。その後に
    変わったものと、次に送る `changes` が、書かれた順に返る。漏れはなく、同じものがまた出ることは
    ある。
    """
    reading = dependency(request, Reading)
    if changed_after is not None:
        _refuse_together(cursor=cursor, updated_after=updated_after)
        after = number_in(changed_after, CHANGED_AFTER)
        changed = await reading.changed_referrals(caller.agency_id, flow, state, after, limit)
        if changed is None:
            raise Invalid.at(CHANGED_AFTER, "beyond_head")
        rows = changed["referrals"]
        answer = page(rows, limit, views.referral_in_list, lambda r: (r["updated_at"], r["id"]))
        return json_answer(answer | {"changes": cursor_of(changed["changes"])})
    listed = await reading.referrals(
        caller.agency_id, flow, state, updated_after, moment_and_id_in(cursor), limit + 1
    )
    rows = listed["referrals"]
    answer = page(rows, limit, views.referral_in_list, lambda r: (r["updated_at"], r["id"]))
    return json_answer(answer | {"changes": cursor_of(listed["changes"])})


def _refuse_together(**others: object) -> None:
    """Refuse parameters that `changed_after` does not go together with."""
    for name, value in others.items():
        if value is not None:
            raise Invalid.at(f"/query/{name}", "not_with_changed_after")


@router.get(
    "/referrals/{referral_id}",
    response_model=ReferralOut,
    **documented(
        "read_referral",
        Text("案件を読む", "Read a referral"),
        """Returns a referral as the messages that this agency can read tell of it. `actions` are
        the messages that it can send now: not those that would be refused whatever they said,
        as far as this agency was told why.""",
        Text(
            "案件。ETag は `version` と同じ。通信文のほかのことで `actions` が変わったときは、"
            "その後に印が付き、英語の答えでは末尾に `-en` が付く。`If-Match` はどれも受ける",
            "The referral. The ETag equals `version`, with a mark after it where something else"
            " than a message changed `actions`; in English it ends in `-en`. `If-Match` takes any",
        ),
        parameters={"referral_id": REFERRAL_ID},
        conditional=True,
    ),
)
async def read_referral(request: Request, referral_id: str, caller: ReferralReader) -> Response:
    """案件を、この機関が読める通信文から分かるとおりに返す。`actions` が今送れる通信文。

    何を書いても断られるものは、その理由がこの機関に知らされている限り、含まない。
    """
    wanted = id_in_path(referral_id)
    referral = await dependency(request, Reading).referral(caller.agency_id, wanted, caller.classes)
    language = language_of(request)
    tag = views.referral_tag(referral, language)
    headers = {"ETag": tag, "Vary": "Accept-Language, Authorization", "Content-Language": language}
    if matches(request, tag):
        return Response(status_code=304, headers=headers)
    return json_answer(views.referral(referral, language), headers=headers)


@router.get(
    "/referrals/{referral_id}/messages",
    response_model=EnvelopePage,
    **documented(
        "list_messages",
        Text("通信文の一覧を読む", "List the messages of a referral"),
        """Returns the messages that this agency can read, without their bodies, in the order of
        their numbers. It is no disclosure.""",
        Text("通信文の一覧", "A page of messages"),
        parameters={"referral_id": REFERRAL_ID},
    ),
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
    rows = await dependency(request, Reading).messages(
        caller.agency_id, id_in_path(referral_id), after, limit + 1
    )
    return json_answer(page(rows, limit, views.envelope, lambda r: (r["number"],)))


@router.get(
    "/referrals/{referral_id}/messages/{message_id}",
    response_model=MessageOut,
    **documented(
        "read_message",
        Text("通信文を開く", "Open a message"),
        """Opens the body of a message, as far as this seat may open its data classes.

        Opening is a disclosure, and the answer is sent only after its record was committed. The
        classes that were not opened are in `withheld`.""",
        Text("開いた通信文", "The message, opened"),
        may_answer=("busy",),
        parameters={"referral_id": REFERRAL_ID, "message_id": MESSAGE_ID},
        components={"ServiceEvent": SERVICE_EVENT},
        records=True,
    ),
)
async def read_message(
    request: Request, referral_id: str, message_id: str, caller: ReferralReader
) -> Response:
    """通信文の本文を、この席が開ける区分まで開く。

    開くことは提供であり、記録が確定してから答える。開かなかった区分は `withheld` に示す。
    """
    return json_answer(views.message(await open_one(request, caller, referral_id, message_id)))


@router.post(
    "/messages/read",
    response_model=MessagesOut,
    **documented(
        "read_messages",
        Text("通信文をまとめて開く", "Open several messages"),
        """Opens up to 50 messages at once. Those that cannot be read or do not exist are left out
        without a word. Each message counts as one call of the client.""",
        Text("開いた通信文", "The messages, opened"),
        takes=ReadIn,
        example={"ids": [REFERRAL]},
        may_answer=("busy",),
    ),
)
async def read_messages(request: Request, caller: ReferralReader) -> Response:
    """通信文を50通まで一度に開く。読めないもの、存在しないものは、黙って除く。

    一通を、接続システムの一回の呼出しと数える。
    """
    wanted = list(dict.fromkeys((await read_json(request)).model(ReadIn).ids))
    # Each opening is an entry of the log, which is never erased: a call may not add 50 for one.
    count_further_calls(request, len(wanted) - 1)
    messages = await _open(request, caller, wanted, None)
    return await json_items(map(views.message, messages))


async def open_one(request: Request, caller: Caller, referral_id: str, message_id: str) -> Opened:
    """Open a message of a referral and record the disclosure.

    Raises:
        NotFound: it does not exist, is not for this caller, or is not in this referral.
    """
    within, wanted = id_in_path(referral_id), id_in_path(message_id)
    messages = await _open(request, caller, [wanted], within)
    if not messages:
        raise NotFound
    return messages[0]


async def _open(
    request: Request, caller: Caller, ids: Sequence[UUID], within: UUID | None
) -> Sequence[Opened]:
    return await dependency(request, Reading).open(caller, ids, within)
