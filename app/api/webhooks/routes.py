"""Routes of webhooks, which are notified of new items in the inbox."""

from base64 import b64decode
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from app.adapters.webhooks.rows import AttemptJson, WebhookJson
from app.adapters.webhooks.webhooks import Webhooks
from app.api.webhooks.schemas import (
    URL,
    AttemptPage,
    NewWebhookOut,
    ReplayedOut,
    ReplayIn,
    TestedOut,
    WebhookChange,
    WebhookIn,
    WebhookOut,
    WebhookPage,
    WebhookSecretOut,
)
from app.api.wire.caller import require_scope
from app.api.wire.dependencies import dependency
from app.api.wire.documented import both, documented
from app.api.wire.json_body import read_json
from app.api.wire.paging import Cursor, LongLimit, bad_cursor, moment_in, page, parts_of
from app.api.wire.responses import id_in_path, json_answer
from app.api.wire.schemas import AT
from app.api.wire.views import moment, moment_or_none
from app.auth.scopes import Scope
from app.domain.access.caller import Caller
from app.domain.text import Text

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])

_WEBHOOK = {"webhook_id": Text("到着通知の送り先のID", "The id of the webhook")}

Manager = Annotated[Caller, require_scope(Scope.WEBHOOK_MANAGE)]

_MOMENTS = (
    "created_at", "changed_at", "failing_since", "succeeded_at", "old_secret_until",
    "oldest_pending",
)  # fmt: skip


@router.get(
    "",
    response_model=WebhookPage,
    **documented(
        "list_webhooks",
        Text("到着通知の送り先の一覧を読む", "List the webhooks"),
        "Returns all webhooks of this agency, in the order in which they were added.",
        Text("この機関の送り先", "This agency's webhooks"),
    ),
)
async def list_webhooks(request: Request, caller: Manager) -> Response:
    """この機関の送り先を、登録した順に全て返す。"""
    rows = await dependency(request, Webhooks).list_webhooks(caller.agency_id)
    return json_answer({"items": [_describe(row) for row in rows], "next": None})


@router.post(
    "",
    status_code=201,
    response_model=NewWebhookOut,
    **documented(
        "add_webhook",
        Text("到着通知の送り先を登録する", "Add a webhook"),
        """Adds an endpoint that is told of everything that arrives in the inbox from then on. It is
        `unconfirmed` until its receiver has answered the challenge that is sent at once.""",
        Text("登録した。秘密鍵はこの一度だけ示す", "Added. The secret is shown this once"),
        takes=WebhookIn,
        example={"url": URL, "urgencies": ["urgent", "same_day"]},
        may_answer=("too_many_webhooks",),
    ),
)
async def add_webhook(request: Request, caller: Manager) -> Response:
    """受信箱に届くたびに知らせる先を登録する。登録より後に届いたものから知らせる。

    すぐに送る問い(webhook.challenge)に受け手が正しく答えるまで、unconfirmed である。
    """
    body = (await read_json(request)).model(WebhookIn)
    urgencies = [u.value for u in body.urgencies] if body.urgencies else None
    row, secret = await dependency(request, Webhooks).add(caller, body.url, body.flows, urgencies)
    location = {"Location": f"/v1/webhooks/{row['id']}"}
    return json_answer({**_describe(row), "secret": secret}, 201, location)


@router.get(
    "/{webhook_id}",
    response_model=WebhookOut,
    **documented(
        "read_webhook",
        Text("到着通知の送り先を読む", "Read a webhook"),
        "Returns a webhook and whether its notices arrive.",
        Text("送り先とその様子", "The webhook and how it stands"),
        parameters=_WEBHOOK,
    ),
)
async def read_webhook(request: Request, caller: Manager, webhook_id: str) -> Response:
    """送り先と、届いているかどうかを返す。"""
    row = await dependency(request, Webhooks).read_webhook(caller.agency_id, id_in_path(webhook_id))
    return json_answer(_describe(row))


@router.patch(
    "/{webhook_id}",
    response_model=WebhookOut,
    **documented(
        "change_webhook",
        Text("到着通知の送り先を変える、休止する、再開する", "Change, pause or resume a webhook"),
        """Changes only the fields that are sent. At another URL it is `unconfirmed` until its
        receiver has answered a new challenge. What arrives while it is paused is kept; once it
        is resumed, notices are sent from the first that was not delivered.""",
        Text("変えた後の送り先", "The webhook after the change"),
        takes=WebhookChange,
        example={"state": "active"},
        parameters=_WEBHOOK,
    ),
)
async def change_webhook(request: Request, caller: Manager, webhook_id: str) -> Response:
    """書いた項目だけを変える。休止中に届いたものも残り、再開すると最初の未達から順に送る。

    URL を変えると、受け手が新しい問いに答えるまで unconfirmed になる。
    """
    wanted = id_in_path(webhook_id)
    body = (await read_json(request)).model(WebhookChange)
    return json_answer(
        _describe(await dependency(request, Webhooks).change(caller, wanted, body.changes()))
    )


@router.delete(
    "/{webhook_id}",
    status_code=204,
    **documented(
        "remove_webhook",
        Text("到着通知の送り先を消す", "Remove a webhook"),
        """Deletes the webhook and its secret, and cancels the notices that were not delivered yet.
        The inbox stays as it is.""",
        Text("消した", "Removed"),
        parameters=_WEBHOOK,
    ),
)
async def remove_webhook(request: Request, caller: Manager, webhook_id: str) -> Response:
    """送り先と秘密鍵を消す。まだ届いていない通知は取り消す。受信箱は変わらない。"""
    await dependency(request, Webhooks).remove(caller, id_in_path(webhook_id))
    return Response(status_code=204)


@router.post(
    "/{webhook_id}/test",
    status_code=202,
    response_model=TestedOut,
    **documented(
        "test_webhook",
        Text("試しに送る", "Send a test notice"),
        """Sends `webhook.test` once, also while the webhook is paused; while it is unconfirmed, the
        challenge again. The outcome is in its attempts. Five times a minute for a webhook, ten for
        an agency; then 429.""",
        Text("まもなく一度だけ送る", "It will be sent once, soon"),
        parameters=_WEBHOOK,
    ),
)
async def test_webhook(request: Request, caller: Manager, webhook_id: str) -> Response:
    """`webhook.test` を一度だけ送る。休止中でも送る。unconfirmed の間は、問いをもう一度送る。

    結果は attempts にある。送り先ごとに1分5回、機関ごとに1分10回まで。超えると429。
    """
    notice = await dependency(request, Webhooks).test(caller, id_in_path(webhook_id))
    return json_answer({"notice_id": str(notice)}, 202)


@router.post(
    "/{webhook_id}/secret",
    response_model=WebhookSecretOut,
    **documented(
        "rotate_webhook_secret",
        Text("秘密鍵を新しくする", "Make a new secret"),
        """Makes a new secret. For 24 hours notices are signed with both, in which time the
        receiver changes over.""",
        Text("新しい秘密鍵。この一度だけ示す", "The new secret, shown this once"),
        parameters=_WEBHOOK,
    ),
)
async def rotate_webhook_secret(request: Request, caller: Manager, webhook_id: str) -> Response:
    """新しい秘密鍵を作る。24時間は新旧両方で署名するので、その間に受け側を切り替える。"""
    secret, until = await dependency(request, Webhooks).rotate(caller, id_in_path(webhook_id))
    return json_answer({"secret": secret, "old_secret_until": moment(until)})


@router.get(
    "/{webhook_id}/attempts",
    response_model=AttemptPage,
    **documented(
        "list_webhook_attempts",
        Text("送った記録を読む", "List the attempts to deliver"),
        """Returns the outcome of each attempt, and the reason for each that was not made, newest
        first.""",
        Text("記録の1頁", "A page of attempts"),
        parameters=_WEBHOOK,
    ),
)
async def list_webhook_attempts(
    request: Request,
    caller: Manager,
    webhook_id: str,
    notice_id: Annotated[
        UUID | None, Query(description=both("この通知のものだけ", "Only those of this notice"))
    ] = None,
    limit: LongLimit = 50,
    cursor: Cursor = None,
) -> Response:
    """送った1回ごとの結果と、送らなかったときはその理由を、新しい順に返す。"""
    rows = await dependency(request, Webhooks).attempts(
        caller.agency_id, id_in_path(webhook_id), notice_id, _before(cursor), limit + 1
    )
    return json_answer(
        page(rows, limit, _attempt, lambda r: (r["at"], r["notice_id"], r["number"]))
    )


@router.post(
    "/{webhook_id}/replay",
    status_code=202,
    response_model=ReplayedOut,
    **documented(
        "replay_webhook",
        Text("もう一度送る", "Send again"),
        """Sends one notice, or all since a time, again with the same id and content, ten in a
        second. While an earlier replay of this webhook is under way: 429.""",
        Text("送る件数", "How many will be sent"),
        takes=ReplayIn,
        example={"since": AT},
        parameters=_WEBHOOK,
    ),
)
async def replay_webhook(request: Request, caller: Manager, webhook_id: str) -> Response:
    """通知を一つ、またはある時刻より後の全てを、同じIDと内容で、1秒に10件ずつもう一度送る。

    この送り先の前の送り直しが続いている間は429。
    """
    wanted = id_in_path(webhook_id)
    body = (await read_json(request)).model(ReplayIn)
    queued = await dependency(request, Webhooks).replay(caller, wanted, body.notice_id, body.since)
    return json_answer({"queued": queued}, 202)


def _describe(row: WebhookJson) -> dict[str, Any]:
    fields: dict[str, Any] = dict(row)
    moments = {name: moment_or_none(fields[name]) for name in _MOMENTS}
    return {**fields, **moments}


def _attempt(row: AttemptJson) -> dict[str, Any]:
    answer = row["answer"]
    return {
        "notice_id": row["notice_id"],
        "number": row["number"],
        "position": row["position"] if row["position"] > 0 else None,
        "referral_id": row["referral_id"],
        "message_id": row["message_id"],
        "at": moment(row["at"]),
        "outcome": row["outcome"],
        "status": row["status"],
        "took_ms": row["took_ms"],
        "answer": None if answer is None else b64decode(answer).decode(errors="replace"),
        "notice_state": row["state"],
        "next_at": moment(row["next_at"]) if row["next_at"] else None,
    }


def _before(cursor: str | None) -> tuple[datetime, UUID, int] | None:
    if cursor is None:
        return None
    at, notice_id, number = parts_of(cursor, 3)
    try:
        key = moment_in(at), UUID(notice_id), int(number)
    except ValueError:
        raise bad_cursor() from None
    if not 0 < key[2] < 2**31:
        raise bad_cursor()
    return key
