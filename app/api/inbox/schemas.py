"""Schemas of the inbox."""

from pydantic import Field

from app.api.wire.documented import both
from app.api.wire.schemas import AT, REFERRAL, Day, Moment, Shape, Uuid, like


class ItemFrom(Shape):
    """送り手。

    The sender.
    """

    party: str
    agency_id: str | None


class ItemPaper(Shape):
    """紙などで届き、受け取った機関が入力したときの、その届き方。

    How a message came that was keyed in from paper by an agency that received it.
    """

    received_on: Day
    medium: str


class ItemOut(Shape):
    """受信箱の1件。本文は含まない。

    One item of the inbox, without a body.
    """

    position: int = Field(
        description=both(
            "機関ごとに1から。欠番はなく、確定した順",
            "From 1 for each agency, without gaps, in the order in which they were committed",
        )
    )
    kind: str = Field(
        description=both(
            "message 通信文、message.recalled 取消し、disclosure.misdirected 誤送付、"
            "recall.requested 開かれた写しを返す求め、recall.answered その答え、"
            "recall.lapsed その失効、"
            "consent.return_or_destroy 返還・廃棄の求め、consent.return_answered その答え、"
            "consent.return_overdue その期限切れ、"
            "consent.copies_returned 同意によって再び読めるようになった写し、"
            "consent.changed 通信文では知らされない同意の変化、"
            "delivery.overdue 受領の期限切れ、"
            "delivery.failed 不達、deadline 期日、"
            "webhook.paused 到着通知の送り先の停止、"
            "security.lockout 自機関のシステムの秘密を誰かが続けて誤った、"
            "act.proposed 二人目の承認を待つ行為、act.expired 期限の切れた行為、"
            "hold.ending 30日以内に終わる消去の停止、"
            "erasure 消去した案件、erasure.requested 写しを持つ案件の消去の求め、"
            "erasure.ended 消去せずに終わった求め、"
            "administration.disabled 席か接続システムの停止",
            "message; message.recalled; disclosure.misdirected: a misdirected disclosure; "
            "recall.requested: a request to give an opened copy back; recall.answered: the answer "
            "to one; recall.lapsed: one that nobody answered; "
            "consent.return_or_destroy: a request to return or destroy information; "
            "consent.return_answered: the answer to one; consent.return_overdue: one whose "
            "time has passed; consent.copies_returned: copies that can be read again by a"
            " consent; consent.changed: a consent that this agency can see has changed by a "
            "message that does not reach it; delivery.overdue: not acknowledged in time; "
            "delivery.failed: not delivered; deadline: a day to keep; "
            "webhook.paused: a webhook was stopped; security.lockout: somebody got the secret "
            "of one of this agency's clients "
            "wrong again and again; act.proposed: an act that waits for a second seat; "
            "act.expired: an act whose time has passed; hold.ending: a hold of this agency "
            "ends within 30 days; erasure: a referral of which "
            "something was erased; erasure.requested: another agency asks to erase what this one "
            "holds too; erasure.ended: such a request that ended without; "
            "administration.disabled: a seat or client was disabled",
        )
    )
    referral_id: Uuid | None
    message_id: Uuid | None
    type: str
    from_: ItemFrom | None = Field(alias="from")
    urgency: str
    accepted_at: Moment
    to_print: bool
    paper_origin: ItemPaper | None = Field(
        description=both(
            "紙などで届いたものの入力なら、その届き方。ほかは null",
            "How it came, if it was keyed in from paper; null otherwise",
        )
    )
    state: str = Field(
        description=both(
            "waiting, opened, acknowledged, recalled のいずれか",
            "One of waiting, opened, acknowledged, recalled",
        )
    )


class InboxOut(Shape):
    """受信箱の1頁。

    A page of the inbox.
    """

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
                    "paper_origin": None,
                    "state": "waiting",
                }
            ],
            "next": 42,
            "head": 42,
        }
    )

    items: list[ItemOut]
    next: int = Field(
        description=both("次に `after` に書く番号", "The position to send as `after` next")
    )
    head: int = Field(
        description=both("届いているうちの最後の番号", "The last position of what has arrived")
    )


class AcknowledgedItem(Shape):
    """受領した1件。

    One item that was acknowledged.
    """

    position: int
    acknowledged_at: Moment
    acknowledged_by: str = Field(description=both("受領した席", "The seat that acknowledged it"))


class AcknowledgedOut(Shape):
    """受領の結果。二度受領しても、最初の受領のまま。

    What was acknowledged. Acknowledging twice leaves the first as it is.
    """

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
    more: bool = Field(
        description=both(
            "一度では済まず、同じ `through` でもう一度呼ぶ必要がある",
            "There was more than one call can do: call again with the same `through`",
        )
    )


class Counts(Shape):
    """件数。

    Counts.
    """

    waiting: int
    unacknowledged: int
    acknowledged: int


class Placed(Shape):
    """受信箱のある1件の位置。

    Where an item stands in the inbox.
    """

    position: int
    accepted_at: Moment


class InboxStatusOut(Shape):
    """受信箱の様子。

    How the inbox stands.
    """

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
