"""What the answers look like, for the published contract; the routes write the JSON themselves."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

REFERRAL = "01936b7e-2f00-7c3a-9d52-6b1f0c4e8a01"
MESSAGE = "01936b7e-5a10-7f21-8c44-0d7f3a6b9e02"
CASE = "01936b7e-2f00-7a11-b3c5-92d4e1f07a00"
AT = "2026-11-20T10:15:00.123+09:00"
DIGEST = "sha256:6b58b6732d63a743f645997b9c5e3fde0295251339f144e5e3da6894f23432f5"
SALT = "q83vEjRWeJCrze8SNFZ4kA"
RECEIPT = (
    "eyJhbGciOiJFUzI1NiIsInR5cCI6InRzdW5hZ3UtcmVjZWlwdCtqd3QifQ"
    ".eyJtZXNzYWdlX2lkIjoiMDE5MzZiN2UifQ.c2lnbmF0dXJl"
)

Uuid = Annotated[str, Field(json_schema_extra={"format": "uuid"})]
Moment = Annotated[
    str, Field(description="RFC 3339、ミリ秒、+09:00", json_schema_extra={"format": "date-time"})
]
Day = Annotated[str, Field(json_schema_extra={"format": "date"})]
Next = Annotated[str | None, Field(description="次の頁のカーソル。null なら終わり")]


class Shape(BaseModel):
    """An answer."""

    model_config = ConfigDict(populate_by_name=True)


def like(example: Mapping[str, Any]) -> ConfigDict:
    """The configuration of an answer that has this example."""
    return ConfigDict(populate_by_name=True, json_schema_extra={"examples": [dict(example)]})


def example_of(shape: type[Shape]) -> Any:
    """The example of an answer."""
    extra: Any = shape.model_config.get("json_schema_extra")
    return extra["examples"][0] if extra else None


class AcceptedOut(Shape):
    """受け付けた通信文。再送には同じ内容がそのまま返る。"""

    model_config = like(
        {
            "referral_id": REFERRAL,
            "message_id": REFERRAL,
            "state": "candidate_notified",
            "accepted_at": AT,
            "digest": DIGEST,
            "receipt": RECEIPT,
            "version": 'W/"1"',
        }
    )

    referral_id: Uuid
    message_id: Uuid
    state: str = Field(description="この機関から見た、受付後の状態")
    accepted_at: Moment
    digest: str = Field(description="通信文のダイジェスト(RFC 8785 の正規形の SHA-256)")
    receipt: str = Field(
        description="受領証(ES256 の JWS)。/.well-known/jwks.json の鍵で確かめる。"
        "`log_entry` は記録のID、`sealed_by` はそれが封じられる期限"
    )
    version: str = Field(description="案件の版。If-Match に使う")


class WouldRead(Shape):
    """届く相手。"""

    party: str
    agency_id: str
    classes: list[str] = Field(description="開けるデータ区分")
    to_print: bool = Field(description="参加していない機関なので、印刷して届ける")


class WouldMove(Shape):
    """動く案件。"""

    referral_id: Uuid
    type: str
    state: str


class Would(Shape):
    """送ったとしたら起きること。"""

    referral_id: Uuid
    state: str
    lead: str | None
    readers: list[WouldRead]
    moves: list[WouldMove] = Field(description="最初の行がこの通信文。続く行は連動する案件")


class RehearsedOut(Shape):
    """予行の結果。何も書かれていない。"""

    model_config = like(
        {
            "would": {
                "referral_id": REFERRAL,
                "state": "candidate_notified",
                "lead": None,
                "readers": [
                    {
                        "party": "probation_office",
                        "agency_id": "probation-13",
                        "classes": ["C0", "C1", "C2", "C3", "C4"],
                        "to_print": False,
                    }
                ],
                "moves": [
                    {
                        "referral_id": REFERRAL,
                        "type": "special_adjustment.notify_candidate",
                        "state": "candidate_notified",
                    }
                ],
            }
        }
    )

    would: Would


class PartyOut(Shape):
    """当事者。"""

    agency_id: str
    since: Moment
    until: Moment | None = Field(description="当事者でなくなった時刻")


class ActionOut(Shape):
    """今送れる通信文。"""

    type: str
    title: str = Field(description="Accept-Language の言語で")
    seat: str = Field(description="decider は決裁権のある席、any はどの席でも")
    schema_: str = Field(alias="schema", description="本文の JSON Schema の場所")


class YouOut(Shape):
    """この機関の立場。"""

    party: str
    since: Moment
    until: Moment | None


class ReferralOut(Shape):
    """案件。この機関が読める通信文から分かることだけを含む。"""

    model_config = like(
        {
            "id": REFERRAL,
            "case_id": CASE,
            "reference": "IL7I-SELU-6MJU-G6YQ",
            "flow": "special_adjustment",
            "state": "candidate_notified",
            "parties": {
                "institution": {"agency_id": "prison-fuchu", "since": AT, "until": None},
                "probation_office": {"agency_id": "probation-13", "since": AT, "until": None},
            },
            "lead": None,
            "parent": None,
            "children": [],
            "facts": {"release_on": "2027-03-15", "wish": True},
            "actions": [
                {
                    "type": "special_adjustment.start_selection",
                    "title": "調査・面接の開始",
                    "seat": "any",
                    "schema": "/v1/flows/special_adjustment/schemas/start_selection",
                }
            ],
            "version": 'W/"1"',
            "you": {"party": "probation_office", "since": AT, "until": None},
        }
    )

    id: Uuid
    case_id: Uuid
    reference: str = Field(description="口頭や紙で使う整理番号。個人の情報を含まない")
    flow: str
    state: str
    parties: dict[str, PartyOut]
    lead: str | None = Field(description="主担当の機関")
    parent: Uuid | None
    children: list[Uuid]
    facts: dict[str, Any] = Field(description="規則が覚えている事実(コード・日付・真偽)")
    actions: list[ActionOut]
    version: str = Field(description="ETag と同じ")
    you: YouOut


class ListedYou(Shape):
    """この機関の立場。"""

    party: str
    until: Moment | None


class ListedReferral(Shape):
    """一覧の中の案件。"""

    id: Uuid
    case_id: Uuid
    reference: str
    flow: str
    state: str
    lead: str | None
    version: str
    updated_at: Moment
    you: ListedYou


class ReferralPage(Shape):
    """案件の一覧の1頁。"""

    model_config = like(
        {
            "items": [
                {
                    "id": REFERRAL,
                    "case_id": CASE,
                    "reference": "IL7I-SELU-6MJU-G6YQ",
                    "flow": "special_adjustment",
                    "state": "candidate_notified",
                    "lead": None,
                    "version": 'W/"1"',
                    "updated_at": AT,
                    "you": {"party": "probation_office", "until": None},
                }
            ],
            "next": None,
        }
    )

    items: list[ListedReferral]
    next: Next


class FromOut(Shape):
    """送り手。seat_id は、紙で届いたものとサービス自身の通知では null。"""

    party: str
    agency_id: str | None
    seat_id: str | None


class ToOut(Shape):
    """受け手。"""

    party: str
    agency_id: str


class KeyedBy(Shape):
    """入力した席。"""

    agency_id: str
    seat_id: str


class PaperOut(Shape):
    """紙などで届いたときの、その届き方。"""

    received_on: Day
    medium: str
    scan_sha256: str | None
    keyed_by: KeyedBy


class EnvelopeOut(Shape):
    """本文を開かない通信文。"""

    id: Uuid
    referral_id: Uuid
    number: int = Field(description="この機関が読める中での番号。1から")
    type: str
    from_: FromOut = Field(alias="from")
    to: list[ToOut]
    occurred_on: Day
    created_at: Moment
    legal_basis: str | None
    urgency: str
    in_reply_to: Uuid | None
    corrects: Uuid | None
    corrected_by: Uuid | None
    consent_ids: list[Uuid] = Field(description="送り手が挙げた同意")
    rests_on: list[Uuid] = Field(
        description="この機関への提供の根拠となった同意。法令による提供では空。"
        "送り手には、全ての宛先についてのもの"
    )
    paper_origin: PaperOut | None
    digests: dict[str, str] = Field(description="区分ごとのダイジェスト")
    digest: str
    receipt: str | None = Field(description="送り手にだけ")


class WithheldOut(Shape):
    """開かなかった区分と、そのわけ。"""

    class_: str = Field(alias="class")
    reason: str = Field(
        description="recalled, not_your_class, party_ended, not_your_seat, consent_withdrawn,"
        " no_consent, erased"
    )
    erased_at: Moment | None = Field(None, description="erased のときだけ: 消去した時刻")
    because: str | None = Field(
        None,
        description="erased のときだけ: case_closed, never_accepted, cleared, refused, commanded",
    )


_ENVELOPE: dict[str, Any] = {
    "id": MESSAGE,
    "referral_id": REFERRAL,
    "number": 2,
    "type": "special_adjustment.start_selection",
    "from": {
        "party": "probation_office",
        "agency_id": "probation-13",
        "seat_id": "probation-13.case_worker",
    },
    "to": [{"party": "institution", "agency_id": "prison-fuchu"}],
    "occurred_on": "2026-11-20",
    "created_at": AT,
    "legal_basis": "circular_244",
    "urgency": "normal",
    "in_reply_to": None,
    "corrects": None,
    "corrected_by": None,
    "consent_ids": [],
    "rests_on": [],
    "paper_origin": None,
    "digests": {"C0": DIGEST},
    "digest": DIGEST,
    "receipt": None,
}
_OPENED: dict[str, Any] = {
    **_ENVELOPE,
    "body": {"type": "special_adjustment.start_selection"},
    "withheld": [{"class": "C7", "reason": "not_your_seat"}],
    "salts": {"C0": SALT},
}


class MessageOut(EnvelopeOut):
    """開いた通信文。`body` には、この席が開ける区分の項目だけがある。"""

    model_config = like(_OPENED)

    body: dict[str, Any] = Field(description="`type` と、開けた区分の項目")
    withheld: list[WithheldOut]
    salts: dict[str, str] = Field(description="開けた区分のダイジェストを検算するための塩")


class EnvelopePage(Shape):
    """通信文の一覧の1頁。"""

    model_config = like({"items": [_ENVELOPE], "next": None})

    items: list[EnvelopeOut]
    next: Next


class MessagesOut(Shape):
    """開いた通信文。読めないものは含まない。"""

    model_config = like({"items": [_OPENED]})

    items: list[MessageOut]


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


class DeadlineOut(Shape):
    """期日。"""

    referral_id: Uuid
    kind: str
    due_on: Day
    told_at: Moment | None = Field(description="受信箱で知らせた時刻")


class DeadlinePage(Shape):
    """期日の一覧の1頁。"""

    model_config = like(
        {
            "items": [
                {
                    "referral_id": REFERRAL,
                    "kind": "release_on",
                    "due_on": "2027-03-15",
                    "told_at": None,
                }
            ],
            "next": None,
        }
    )

    items: list[DeadlineOut]
    next: Next


class HealthOut(Shape):
    """応じていること。"""

    model_config = like({"status": "ok"})

    status: str


class ReadinessOut(Shape):
    """仕事ができる状態か。"""

    model_config = like({"status": "ok", "amiss": [], "behind": []})

    status: str
    amiss: list[str] = Field(description="働いていない部分: database, migrations, keys")
    behind: list[str] = Field(
        description="遅れているもの: deliveries(到着通知), log(記録の封), erasures(期限の来た消去)"
    )
