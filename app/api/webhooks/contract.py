"""The section `webhooks` of the contract: the notices to receivers, and their answers."""

from typing import Any

from app.api.webhooks.schemas import NOTICE, NoticeOut
from app.api.wire import schemas
from app.api.wire.documented import both, reference

_HEADERS = (
    (
        "webhook-id",
        both(
            "通知のID。送り直しても変わらない。二度届いたら二度目は捨てる。",
            "The id of the notice. It does not change when the notice is sent again. If it "
            "arrives twice, drop the second.",
        ),
        NOTICE,
    ),
    (
        "webhook-timestamp",
        both(
            "この回に送った実時刻。1970年からの秒数。5分ずれたら拒む。",
            "The actual time of this attempt, in seconds since 1970. Refuse it if it is off"
            " by five minutes.",
        ),
        "1795396500",
    ),
    (
        "webhook-signature",
        both(
            "`v1,` と HMAC-SHA256 (base64)。対象は `{id}.{timestamp}.{本文}`。鍵の切り替え中は"
            "空白で区切って二つ。一つ合えばよい。",
            "`v1,` and an HMAC-SHA256 (base64) of `{id}.{timestamp}.{body}`. While secrets "
            "change over there are two, separated by a space; it is enough if one matches.",
        ),
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    ),
)


def section() -> dict[str, Any]:
    """The section `webhooks` of the contract."""
    operation = {
        "operationId": "receive_notice",
        "summary": both("受信箱に届いたことを知らせる", "Tell that something arrived in the inbox"),
        "description": both(
            "登録した送り先へ送る (Standard Webhooks 1.0)。**本文も人に関することも"
            "含まない**。受け取ったら署名を確かめ、すぐに2xxを返し、受信箱を読む。少なくとも一度届き、"
            "健全な間は番号の順。2xx以外は3日余りの間に13回以上送り直す。10秒で諦め、"
            "転送は辿らない。`410` を返すと送り先を止める。"
            "`Retry-After` には5秒から12時間の間で従う。",
            "Sent to the webhooks that were added (Standard Webhooks 1.0). **It holds no "
            "body and nothing about a person**. Check its signature, answer 2xx at once, "
            "and read the inbox. It arrives at least once and, while all is well, in the "
            "order of positions. If the answer is not 2xx, it is sent again 13 times or "
            "more in somewhat over three days. We give up after 10 seconds and follow no "
            "redirects. Answering `410` stops the webhook. `Retry-After` is followed from 5"
            " seconds up to 12 hours.",
        ),
        "tags": ["webhooks"],
        "security": [],
        "parameters": [
            {
                "name": name,
                "in": "header",
                "required": True,
                "description": text,
                "schema": {"type": "string"},
                "example": example,
            }
            for name, text, example in _HEADERS
        ],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": reference("NoticeOut"),
                    "example": schemas.example_of(NoticeOut),
                }
            },
        },
        "responses": {
            "204": {
                "description": both(
                    "受け取った。2xxなら何でもよい。答えの本文は読み捨てる。",
                    "Received. Any 2xx will do. The body of the answer is not used.",
                )
            },
            "410": {
                "description": both(
                    "もう送らないでほしい。送り先は disabled になる。",
                    "Send no more. The webhook becomes disabled.",
                )
            },
            "429": {
                "description": both(
                    "多すぎる。`Retry-After` の後に送り直す。",
                    "Too many. It is sent again after `Retry-After`.",
                )
            },
        },
    }
    return {"inboxNotice": {"post": operation}}
