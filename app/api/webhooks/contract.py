"""The section `webhooks` of the contract: the notices to receivers, and their answers."""

from typing import Any

from app.api.webhooks.schemas import NOTICE, ChallengeOut, NoticeOut, ProofOut
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
    return {"inboxNotice": _notice(), "webhookChallenge": _challenge()}


def _challenge() -> dict[str, Any]:
    operation = {
        "operationId": "receive_challenge",
        "summary": both("通知を望むかを問う", "Ask whether notices are wanted"),
        "description": both(
            "登録したときと URL を変えたときに、通知と同じ署名を付けて送る。"
            "**秘密鍵で作った証しを返すまで、ほかには何も送らない**。"
            '署名を確かめ、`{"proof": …}` を2xxで返す。答えがないか正しくなければ、'
            "45分ほどの間に6回まで送る。`POST …/test` でもう一度送る。",
            "Sent when a webhook is added and when its URL changes, signed as notices are."
            " **Until a proof made with the secret is answered, nothing else is sent.** Check the"
            ' signature, and answer `{"proof": …}` with 2xx. Without a proof it is sent up to six'
            " times within some 45 minutes; `POST …/test` sends it again.",
        ),
        "tags": ["webhooks"],
        "security": [],
        "parameters": _parameters(),
        "requestBody": _body("ChallengeOut", ChallengeOut),
        "responses": {
            "200": {
                "description": both("通知を望む。", "Notices are wanted."),
                "content": _body("ProofOut", ProofOut)["content"],
            },
            "410": {
                "description": both("もう問わないでほしい。", "Do not ask again."),
            },
        },
    }
    return {"post": operation}


def _parameters() -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "header",
            "required": True,
            "description": text,
            "schema": {"type": "string"},
            "example": example,
        }
        for name, text, example in _HEADERS
    ]


def _body(name: str, model: type[schemas.Shape]) -> dict[str, Any]:
    return {
        "required": True,
        "content": {
            "application/json": {"schema": reference(name), "example": schemas.example_of(model)}
        },
    }


def _notice() -> dict[str, Any]:
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
        "parameters": _parameters(),
        "requestBody": _body("NoticeOut", NoticeOut),
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
    return {"post": operation}
