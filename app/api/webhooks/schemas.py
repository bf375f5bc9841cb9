"""What the routes of webhooks take and answer, and what a notice looks like."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from app.api.wire.schemas import AT, MESSAGE, REFERRAL, Moment, Next, Shape, Uuid, like
from app.domain.flows import FLOWS
from app.domain.vocabulary.envelope import Urgency
from app.domain.webhooks.endpoint import LONGEST

WEBHOOK = "01936b7e-7c00-7d0a-8b11-2f6e9a4d5c03"
NOTICE = "6f0c4e8a-01d5-4b1f-9a52-01936b7e2f00"
SECRET = "whsec_q83vEjRWeJCrze8SNFZ4kAq83vEjRWeJCrze8SNFZ4k="  # noqa: S105 - the example
URL = "https://center.example.jp/tsunagu"

Flow = Annotated[str, Field(json_schema_extra={"enum": sorted(FLOWS)})]


def _known_flows(flows: list[str] | None) -> None:
    if flows is not None and not set(flows) <= FLOWS.keys():
        raise PydanticCustomError("unknown_flow", "there is no such flow")


class _Filters(BaseModel):
    model_config = ConfigDict(extra="forbid")

    flows: Annotated[
        list[Flow] | None,
        Field(min_length=1, max_length=10, title="知らせる流れ", description="null なら全て"),
    ] = None
    urgencies: Annotated[
        list[Urgency] | None,
        Field(min_length=1, max_length=10, title="知らせる緊急度", description="null なら全て"),
    ] = None

    @model_validator(mode="after")
    def _flows_are_known(self) -> Self:
        _known_flows(self.flows)
        return self


class WebhookIn(_Filters):
    """到着通知の送り先。"""

    url: Annotated[
        str,
        Field(
            min_length=1,
            max_length=LONGEST,
            title="送り先のURL",
            description="https のみ。ポートは443か1024以上。公開のアドレスに限る。",
            examples=[URL],
        ),
    ]


class WebhookChange(_Filters):
    """変えるものだけを書く。"""

    url: Annotated[str | None, Field(min_length=1, max_length=LONGEST, title="送り先のURL")] = None
    state: Annotated[
        Literal["active", "paused"] | None,
        Field(title="paused で休止、active で再開", description="再開すると最初の未達から送る。"),
    ] = None

    def changes(self) -> dict[str, Any]:
        """The fields that were sent."""
        sent = self.model_dump(mode="json", include=self.model_fields_set)
        return {k: v for k, v in sent.items() if v is not None or k in {"flows", "urgencies"}}


class ReplayIn(BaseModel):
    """もう一度送るもの。`notice_id` か `since` のどちらか一つ。"""

    model_config = ConfigDict(extra="forbid")

    notice_id: Annotated[UUID | None, Field(title="通知のID(webhook-id)")] = None
    since: Annotated[
        datetime | None,
        Field(title="この時刻より後に届いたもの全て", examples=[AT]),
    ] = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.notice_id is None) == (self.since is None):
            raise PydanticCustomError("one_of_two", "either notice_id or since")
        if self.since is not None and self.since.tzinfo is None:
            raise PydanticCustomError("timezone_aware", "a moment needs its offset")
        if self.since is not None and not 1868 < self.since.year < 2200:
            raise PydanticCustomError("out_of_our_times", "a moment lies too far away")
        return self


_WEBHOOK: Mapping[str, Any] = {
    "id": WEBHOOK,
    "url": URL,
    "flows": None,
    "urgencies": ["urgent", "same_day"],
    "state": "active",
    "reason": None,
    "seat_id": "center-13.decider",
    "client_id": "center-13.system",
    "created_at": AT,
    "changed_at": AT,
    "failures": 0,
    "failing_since": None,
    "succeeded_at": AT,
    "old_secret_until": None,
    "pending": 0,
    "oldest_pending": None,
}


class WebhookOut(Shape):
    """到着通知の送り先と、その様子。秘密鍵は含まない。"""

    model_config = like(_WEBHOOK)

    id: Uuid
    url: str
    flows: list[str] | None
    urgencies: list[str] | None
    state: str = Field(description="active, paused(休止), disabled(410で停止)のいずれか")
    reason: str | None = Field(
        description="動いていない理由: asked(依頼), failing(5日続けて届かない), gone(410)"
    )
    seat_id: str = Field(description="最後に登録・変更した席。停止されると送られない")
    client_id: str = Field(description="最後に登録・変更したシステム")
    created_at: Moment
    changed_at: Moment
    failures: int = Field(description="続けて失敗した回数")
    failing_since: Moment | None
    succeeded_at: Moment | None = Field(description="最後に届いた時刻")
    old_secret_until: Moment | None = Field(description="前の秘密鍵でも署名する期限")
    pending: int = Field(description="まだ届いていない通知の件数")
    oldest_pending: Moment | None


class NewWebhookOut(WebhookOut):
    """登録した送り先と、その秘密鍵。秘密鍵が示されるのはこの一度だけ。"""

    model_config = like({**_WEBHOOK, "secret": SECRET})

    secret: str = Field(description="whsec_ で始まる秘密鍵")


class WebhookPage(Shape):
    """送り先の一覧。"""

    model_config = like({"items": [_WEBHOOK], "next": None})

    items: list[WebhookOut]
    next: Next


class WebhookSecretOut(Shape):
    """新しい秘密鍵。示されるのはこの一度だけ。"""

    model_config = like({"secret": SECRET, "old_secret_until": AT})

    secret: str
    old_secret_until: Moment = Field(description="この時刻までは、前の秘密鍵でも署名する")


class TestedOut(Shape):
    """試しに送る通知。結果は attempts にある。"""

    model_config = like({"notice_id": NOTICE})

    notice_id: Uuid


class ReplayedOut(Shape):
    """もう一度送る通知の件数。"""

    model_config = like({"queued": 3})

    queued: int


class AttemptOut(Shape):
    """送った、または送らなかった1回。"""

    notice_id: Uuid
    number: int = Field(description="この通知の何回目か")
    position: int | None = Field(description="受信箱の番号。試しの通知では null")
    referral_id: Uuid | None
    message_id: Uuid | None
    at: Moment
    outcome: str = Field(
        description="delivered 届いた / refused 2xx以外 / redirect 転送は辿らない / gone 410 / "
        "too_many 429 / timeout / unreachable / name_unknown / tls / "
        "address_refused 送れない宛先 / broken_off / interrupted / lost 結果不明 / cannot_sign。"
        "または送らなかった理由: "
        "party_ended, consent_withdrawn, recalled, client_disabled, seat_disabled, "
        "seat_unlinked, agency_disabled"
    )
    status: int | None = Field(description="相手の答えたHTTPの状態")
    took_ms: int | None = Field(description="かかったミリ秒")
    answer: str | None = Field(description="相手の答えの先頭1KiB。読めない部分は置き換える")
    notice_state: str = Field(description="pending, delivered, failed, cancelled のいずれか")
    next_at: Moment | None = Field(description="次に送る時刻")


class AttemptPage(Shape):
    """送った記録の1頁。新しい順。"""

    model_config = like(
        {
            "items": [
                {
                    "notice_id": NOTICE,
                    "number": 1,
                    "position": 42,
                    "referral_id": REFERRAL,
                    "message_id": MESSAGE,
                    "at": AT,
                    "outcome": "refused",
                    "status": 503,
                    "took_ms": 41,
                    "answer": "maintenance",
                    "notice_state": "pending",
                    "next_at": AT,
                }
            ],
            "next": None,
        }
    )

    items: list[AttemptOut]
    next: Next


_DATA: Mapping[str, Any] = {
    "agency_id": "center-13",
    "position": 42,
    "kind": "message",
    "referral_id": REFERRAL,
    "message_id": MESSAGE,
    "message_type": "special_adjustment.request_cooperation",
    "urgency": "normal",
}


class NoticeData(Shape):
    """受信箱に届いたもの。本文も人に関することも含まない。"""

    agency_id: str = Field(description="届いた機関")
    position: int = Field(description="受信箱の番号。GET /v1/inbox?after=<番号-1> で読む")
    kind: str = Field(description="受信箱の kind と同じ")
    referral_id: Uuid | None
    message_id: Uuid | None
    message_type: str = Field(description="受信箱の type と同じ")
    urgency: str


class NoticeOut(Shape):
    """到着通知 (Standard Webhooks 1.0)。2 KiB未満。"""

    model_config = like({"type": "inbox.message", "timestamp": AT, "data": _DATA})

    type: str = Field(description="`inbox.` に受信箱の kind を続けたもの。試しは webhook.test")
    timestamp: Moment = Field(description="届いた時刻。送り直しても変わらない")
    data: NoticeData
