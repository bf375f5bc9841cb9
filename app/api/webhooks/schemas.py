"""Schemas of webhooks and of notices."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from app.api.wire.documented import both
from app.api.wire.schemas import AT, MESSAGE, REFERRAL, Moment, Next, Shape, Uuid, like
from app.domain.flows import FLOWS
from app.domain.vocabulary.code import EachOnce
from app.domain.vocabulary.envelope import Urgency
from app.domain.webhooks.endpoint import LONGEST

WEBHOOK = "01936b7e-7c00-7d0a-8b11-2f6e9a4d5c03"
NOTICE = "6f0c4e8a-01d5-4b1f-9a52-01936b7e2f00"
SECRET = "whsec_q83vEjRWeJCrze8SNFZ4kAq83vEjRWeJCrze8SNFZ4k="  # noqa: S105 - the example
CHALLENGE = "4b7f2a86c01d4e6f9a3358d2e1c7b0953d1f8a64e2b54c0793a6f0d8157c9e2b"
PROOF = "BnI0D/9M4LteYkLFO7Jrd7XSLTTOrsi0vxVtis7iHhE="
URL = "https://center.example.jp/tsunagu"


def _known_flow(flow: str) -> str:
    if flow not in FLOWS:
        raise PydanticCustomError("unknown_flow", "there is no such flow", {"takes": list(FLOWS)})
    return flow


Flow = Annotated[str, Field(json_schema_extra={"enum": sorted(FLOWS)}), AfterValidator(_known_flow)]


class _Filters(BaseModel):
    model_config = ConfigDict(extra="forbid")

    flows: Annotated[
        list[Flow] | None,
        Field(
            min_length=1,
            max_length=10,
            title=both("知らせる流れ", "The flows of which to tell"),
            description=both("null なら全て", "null: all"),
        ),
        EachOnce(),
    ] = None
    urgencies: Annotated[
        list[Urgency] | None,
        Field(
            min_length=1,
            max_length=10,
            title=both("知らせる緊急度", "The urgencies of which to tell"),
            description=both("null なら全て", "null: all"),
        ),
        EachOnce(),
    ] = None


class WebhookIn(_Filters):
    """到着通知の送り先。

    A webhook.
    """

    url: Annotated[
        str,
        Field(
            min_length=1,
            max_length=LONGEST,
            title=both("送り先のURL", "The URL to which notices are sent"),
            description=both(
                "https のみ。ポートは443か1024以上。公開のアドレスと、運用者が挙げた網に限る。",
                "https only, port 443 or from 1024 on, public addresses and the networks that the"
                " operator lists.",
            ),
            examples=[URL],
        ),
    ]


class WebhookChange(_Filters):
    """変えるものだけを書く。

    Only what is to change.
    """

    url: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=LONGEST,
            title=both("送り先のURL", "The URL to which notices are sent"),
        ),
    ] = None
    state: Annotated[
        Literal["active", "paused"] | None,
        Field(
            title=both("paused で休止、active で再開", "paused to pause, active to resume"),
            description=both(
                "再開すると最初の未達から送る。",
                "Once resumed, notices are sent from the first that was not delivered.",
            ),
        ),
    ] = None

    def changes(self) -> dict[str, Any]:
        """The fields that were sent."""
        fields = self.model_dump(mode="json", include=self.model_fields_set)
        return {k: v for k, v in fields.items() if v is not None or k in {"flows", "urgencies"}}


class ReplayIn(BaseModel):
    """もう一度送るもの。`notice_id` か `since` のどちらか一つ。

    What to send again: either `notice_id` or `since`.
    """

    model_config = ConfigDict(extra="forbid")

    notice_id: Annotated[
        UUID | None, Field(title=both("通知のID(webhook-id)", "The id of the notice (webhook-id)"))
    ] = None
    since: Annotated[
        datetime | None,
        Field(
            title=both("この時刻より後に届いたもの全て", "All that arrived after this time"),
            examples=[AT],
        ),
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
    """到着通知の送り先と、その様子。秘密鍵は含まない。

    A webhook and how it stands, without its secret.
    """

    model_config = like(_WEBHOOK)

    id: Uuid
    url: str
    flows: list[str] | None
    urgencies: list[str] | None
    state: str = Field(
        description=both(
            "active, paused(休止), disabled(410で停止), "
            "unconfirmed(受け手がまだ問いに答えていない)のいずれか",
            "One of active, paused, disabled (stopped by a 410), unconfirmed (its receiver has not"
            " answered the challenge yet)",
        )
    )
    reason: str | None = Field(
        description=both(
            "動いていない理由: asked(依頼), failing(5日続けて届かない), gone(410), "
            "no_proof(問いへの正しい答えがないまま、送り終えた)",
            "Why it is not active: asked (on request), failing (nothing arrived for five "
            "days), gone (410), no_proof (the challenge was sent for the last time, without a"
            " proof)",
        )
    )
    seat_id: str = Field(
        description=both(
            "最後に登録・変更した席。停止されると送られない",
            "The seat that added or changed it last. If that is disabled, nothing is sent",
        )
    )
    client_id: str = Field(
        description=both("最後に登録・変更したシステム", "The client that added or changed it last")
    )
    created_at: Moment
    changed_at: Moment
    failures: int = Field(description=both("続けて失敗した回数", "Failures in a row"))
    failing_since: Moment | None
    succeeded_at: Moment | None = Field(
        description=both("最後に届いた時刻", "When a notice last arrived")
    )
    old_secret_until: Moment | None = Field(
        description=both(
            "前の秘密鍵でも署名する期限",
            "Until when notices are signed with the old secret as well",
        )
    )
    pending: int = Field(
        description=both("まだ届いていない通知の件数", "How many notices have not arrived yet")
    )
    oldest_pending: Moment | None


class NewWebhookOut(WebhookOut):
    """登録した送り先と、その秘密鍵。秘密鍵が示されるのはこの一度だけ。

    The webhook that was added, with its secret, which is shown this once.
    """

    model_config = like({**_WEBHOOK, "secret": SECRET})

    secret: str = Field(
        description=both("whsec_ で始まる秘密鍵", "The secret, which begins with whsec_")
    )


class WebhookPage(Shape):
    """送り先の一覧。

    The webhooks.
    """

    model_config = like({"items": [_WEBHOOK], "next": None})

    items: list[WebhookOut]
    next: Next


class WebhookSecretOut(Shape):
    """新しい秘密鍵。示されるのはこの一度だけ。

    The new secret, shown this once.
    """

    model_config = like({"secret": SECRET, "old_secret_until": AT})

    secret: str
    old_secret_until: Moment = Field(
        description=both(
            "この時刻までは、前の秘密鍵でも署名する",
            "Until this time notices are signed with the old secret as well",
        )
    )


class TestedOut(Shape):
    """試しに送る通知。結果は attempts にある。

    The test notice that will be sent. Its outcome is in the attempts.
    """

    model_config = like({"notice_id": NOTICE})

    notice_id: Uuid


class ReplayedOut(Shape):
    """もう一度送る通知の件数。

    How many notices are sent again.
    """

    model_config = like({"queued": 3})

    queued: int


class AttemptOut(Shape):
    """送った、または送らなかった1回。

    One attempt that was made, or was not made.
    """

    notice_id: Uuid
    number: int = Field(
        description=both("この通知の何回目か", "Which attempt of this notice it is")
    )
    position: int | None = Field(
        description=both(
            "受信箱の番号。試しの通知と問いでは null",
            "The position in the inbox; null for a test notice and a challenge",
        )
    )
    referral_id: Uuid | None
    message_id: Uuid | None
    at: Moment
    outcome: str = Field(
        description=both(
            "delivered 届いた / refused 2xx以外 / redirect 転送は辿らない / gone 410 / "
            "too_many 429 / timeout / unreachable / name_unknown / tls / "
            "address_refused 送れない宛先 / proxy 外へのプロキシが拒んだ、いない / "
            "broken_off / interrupted / lost 結果不明 / "
            "cannot_sign / unproven 問いへの答えが正しくない。または送らなかった理由: "
            "party_ended, consent_withdrawn, recalled, client_disabled, seat_disabled, "
            "seat_unlinked, agency_disabled",
            "delivered / refused: not 2xx / redirect: not followed / gone: 410 / too_many: "
            "429 / timeout / unreachable / name_unknown / tls / address_refused: an address"
            " to which nothing is sent / proxy: the outbound proxy refused or was away / broken_off"
            " / interrupted / lost: outcome unknown /"
            " cannot_sign / unproven: not the proof that a challenge asks for. Or why nothing was"
            " sent: party_ended, consent_withdrawn, "
            "recalled, client_disabled, seat_disabled, seat_unlinked, agency_disabled",
        )
    )
    status: int | None = Field(
        description=both("相手の答えたHTTPの状態", "The HTTP status that the receiver answered")
    )
    took_ms: int | None = Field(description=both("かかったミリ秒", "Milliseconds that it took"))
    answer: str | None = Field(
        description=both(
            "相手の答えの先頭1KiB。読めない部分は置き換える",
            "The first 1 KiB of the receiver's answer; what cannot be read is replaced",
        )
    )
    notice_state: str = Field(
        description=both(
            "pending, delivered, failed, cancelled のいずれか",
            "One of pending, delivered, failed, cancelled",
        )
    )
    next_at: Moment | None = Field(description=both("次に送る時刻", "When it is sent next"))


class AttemptPage(Shape):
    """送った記録の1頁。新しい順。

    A page of attempts, newest first.
    """

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


_QUESTION: Mapping[str, Any] = {"webhook_id": WEBHOOK, "challenge": CHALLENGE}

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
    """受信箱に届いたもの。本文も人に関することも含まない。

    What arrived in the inbox. It holds no body and nothing about a person.
    """

    agency_id: str = Field(description=both("届いた機関", "The agency in whose inbox it arrived"))
    position: int = Field(
        description=both(
            "受信箱の番号。GET /v1/inbox?after=<番号-1> で読む",
            "The position in the inbox. Read it by GET /v1/inbox?after=<position - 1>",
        )
    )
    kind: str = Field(description=both("受信箱の kind と同じ", "The same as kind in the inbox"))
    referral_id: Uuid | None
    message_id: Uuid | None
    message_type: str = Field(
        description=both("受信箱の type と同じ", "The same as type in the inbox")
    )
    urgency: str


class ChallengeData(Shape):
    """問い。

    What the receiver has to answer to.
    """

    model_config = like(_QUESTION)

    webhook_id: Uuid
    challenge: str = Field(
        description=both("この文字列に証しを返す", "The text for which a proof is to be answered")
    )


class ChallengeOut(Shape):
    """通知を望むかどうかの問い。署名は通知と同じ。

    The question whether the receiver wants notices. It is signed as notices are.
    """

    model_config = like({"type": "webhook.challenge", "timestamp": AT, "data": _QUESTION})

    type: str = Field(description=both("webhook.challenge", "webhook.challenge"))
    timestamp: Moment
    data: ChallengeData


class ProofOut(Shape):
    """問いへの答え。

    The answer to a challenge.
    """

    model_config = like({"proof": PROOF})

    proof: str = Field(
        description=both(
            "`webhook.challenge.` に問いの文字列を続けたものの HMAC-SHA256 (base64)。"
            "鍵は通知の署名と同じ",
            "The HMAC-SHA256 (base64) of `webhook.challenge.` followed by the challenge. Its key is"
            " that of the signatures of notices",
        )
    )


class NoticeOut(Shape):
    """到着通知 (Standard Webhooks 1.0)。2 KiB未満。

    A notice (Standard Webhooks 1.0), of less than 2 KiB.
    """

    model_config = like({"type": "inbox.message", "timestamp": AT, "data": _DATA})

    type: str = Field(
        description=both(
            "`inbox.` に受信箱の kind を続けたもの。試しは webhook.test",
            "`inbox.` followed by kind in the inbox; webhook.test for a test",
        )
    )
    timestamp: Moment = Field(
        description=both(
            "届いた時刻。送り直しても変わらない",
            "When it arrived. It does not change when the notice is sent again",
        )
    )
    data: NoticeData
