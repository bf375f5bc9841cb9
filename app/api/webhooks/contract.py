"""The contract's section `webhooks`: what we send to receivers, and what they answer."""

from typing import Any

from app.api.webhooks.schemas import NOTICE, NoticeOut
from app.api.wire import schemas
from app.api.wire.documented import reference

_HEADERS = (
    ("webhook-id", "通知のID。送り直しても変わらない。二度届いたら二度目は捨てる。", NOTICE),
    (
        "webhook-timestamp",
        "この回に送った実時刻。1970年からの秒数。5分ずれたら拒む。",
        "1795396500",
    ),
    (
        "webhook-signature",
        "`v1,` と HMAC-SHA256 (base64)。対象は `{id}.{timestamp}.{本文}`。鍵の切り替え中は"
        "空白で区切って二つ。一つ合えばよい。",
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    ),
)


def section() -> dict[str, Any]:
    """The webhooks of the contract."""
    operation = {
        "operationId": "receive_notice",
        "summary": "受信箱に届いたことを知らせる",
        "description": "登録した送り先へ送る (Standard Webhooks 1.0)。**本文も人に関することも"
        "含まない**。受け取ったら署名を確かめ、すぐに2xxを返し、受信箱を読む。少なくとも一度届き、"
        "健全な間は番号の順。2xx以外は3日余りの間に13回以上送り直す。10秒で諦め、"
        "転送は辿らない。`410` を返すと送り先を止める。`Retry-After` には5秒から12時間の間で従う。",
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
            "204": {"description": "受け取った。2xxなら何でもよい。答えの本文は読み捨てる。"},
            "410": {"description": "もう送らないでほしい。送り先は disabled になる。"},
            "429": {"description": "多すぎる。`Retry-After` の後に送り直す。"},
        },
    }
    return {"inboxNotice": {"post": operation}}
