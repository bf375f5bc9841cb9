"""What the routes of the inbox answer."""

from pydantic import Field

from app.api.wire.schemas import AT, REFERRAL, Moment, Shape, Uuid, like


class ItemFrom(Shape):
    """送り手。"""

    party: str
    agency_id: str | None


class ItemOut(Shape):
    """受信箱の1件。本文は含まない。"""

    position: int = Field(description="機関ごとに1から。欠番はなく、確定した順")
    kind: str = Field(
        description="message 通信文、message.recalled 取消し、disclosure.misdirected 誤送付、"
        "consent.return_or_destroy 返還・廃棄の求め、consent.return_answered その答え、"
        "consent.return_overdue その期限切れ、delivery.overdue 受領の期限切れ、"
        "delivery.failed 不達、deadline 期日、"
        "webhook.paused 到着通知の送り先の停止、"
        "security.lockout 自機関のシステムの秘密を誰かが続けて誤った、"
        "act.proposed 二人目の承認を待つ行為、act.expired 期限の切れた行為、"
        "erasure 消去した案件、"
        "administration.disabled 席か接続システムの停止"
    )
    referral_id: Uuid | None
    message_id: Uuid | None
    type: str
    from_: ItemFrom | None = Field(alias="from")
    urgency: str
    accepted_at: Moment
    to_print: bool
    state: str = Field(description="waiting, opened, acknowledged, recalled のいずれか")


class InboxOut(Shape):
    """受信箱の1頁。"""

    model_config = like(
        {
            "items": [
                {
                    "position": 42,
                    "kind": "message",
                    "referral_id": REFERRAL,
                    "message_id": REFERRAL,
                    "type": "special_adjustment.notify_candidate",
                    "from": {"party": "institution", "agency_id": "prison-fuchu"},
                    "urgency": "normal",
                    "accepted_at": AT,
                    "to_print": False,
                    "state": "waiting",
                }
            ],
            "next": 42,
            "head": 42,
        }
    )

    items: list[ItemOut]
    next: int = Field(description="次に `after` に書く番号")
    head: int = Field(description="届いているうちの最後の番号")


class AcknowledgedItem(Shape):
    """受領した1件。"""

    position: int
    acknowledged_at: Moment
    acknowledged_by: str = Field(description="受領した席")


class AcknowledgedOut(Shape):
    """受領の結果。二度受領しても、最初の受領のまま。"""

    model_config = like(
        {
            "acknowledged": [
                {
                    "position": 42,
                    "acknowledged_at": AT,
                    "acknowledged_by": "probation-13.case_worker",
                }
            ],
            "more": False,
        }
    )

    acknowledged: list[AcknowledgedItem]
    more: bool = Field(description="一度では済まず、同じ `through` でもう一度呼ぶ必要がある")


class Counts(Shape):
    """件数。"""

    waiting: int
    unacknowledged: int
    acknowledged: int


class Placed(Shape):
    """受信箱のある1件の位置。"""

    position: int
    accepted_at: Moment


class InboxStatusOut(Shape):
    """受信箱の様子。"""

    model_config = like(
        {
            "head": 42,
            "counts": {"waiting": 1, "unacknowledged": 3, "acknowledged": 39},
            "oldest_waiting": {"position": 42, "accepted_at": AT},
            "oldest_unacknowledged": {"position": 40, "accepted_at": AT},
        }
    )

    head: int
    counts: Counts
    oldest_waiting: Placed | None
    oldest_unacknowledged: Placed | None
