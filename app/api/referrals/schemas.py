"""Schemas of referrals and messages."""

from typing import Annotated, Any

from pydantic import Field

from app.api.referrals.envelopes import SENT_TYPES
from app.api.wire.documented import both, one_of, reference
from app.api.wire.message_examples import ACCEPTED
from app.api.wire.schemas import (
    AT,
    CASE,
    DIGEST,
    MESSAGE,
    REFERRAL,
    SALT,
    Day,
    Moment,
    Next,
    Shape,
    Uuid,
    like,
)
from app.domain.flows import BODIES
from app.domain.text import Text


class AcceptedOut(Shape):
    """受け付けた通信文。再送には同じ内容がそのまま返る。

    A message that was accepted. Sending it again returns the same.
    """

    model_config = like(ACCEPTED)

    referral_id: Uuid
    message_id: Uuid
    state: str = Field(
        description=both(
            "この機関から見た、受付後の状態", "The state after acceptance, as this agency sees it"
        )
    )
    accepted_at: Moment
    digest: str = Field(
        description=both(
            "通信文のダイジェスト(RFC 8785 の正規形の SHA-256)",
            "The digest of the message (SHA-256 of its RFC 8785 canonical form)",
        )
    )
    receipt: str = Field(
        description=both(
            "受領証(ES256 の JWS)。/.well-known/jwks.json の鍵で確かめる。"
            "`log_entry` は記録のID、`sealed_by` はそれが封じられる期限",
            "The receipt (a JWS with ES256), verified by the keys of "
            "/.well-known/jwks.json. `log_entry` is the id of its log entry, `sealed_by` "
            "the time by which that is sealed",
        )
    )
    version: str = Field(
        description=both("案件の版。If-Match に使う", "The version of the referral, for If-Match")
    )
    urgency: str = Field(
        description=both(
            "この緊急度で運ばれる。種別により、送られたものより高いことがある",
            "The urgency with which it is carried: for some types it is higher than what was sent",
        )
    )


class WouldRead(Shape):
    """届く相手。

    A recipient.
    """

    party: str
    agency_id: str
    classes: list[str] = Field(
        description=both("開けるデータ区分", "The data classes that it can open")
    )
    to_print: bool = Field(
        description=both(
            "参加していない機関なので、印刷して届ける",
            "The agency is not connected, so it is printed and taken there",
        )
    )


class WouldMove(Shape):
    """動く案件。

    A referral that moves.
    """

    referral_id: Uuid
    type: str
    state: str


class Would(Shape):
    """送ったとしたら起きること。

    What would happen if it were sent.
    """

    referral_id: Uuid
    state: str
    urgency: str = Field(
        description=both(
            "この緊急度で運ばれる。種別により、送られたものより高いことがある",
            "The urgency with which it is carried: for some types it is higher than what was sent",
        )
    )
    lead: str | None
    readers: list[WouldRead]
    moves: list[WouldMove] = Field(
        description=both(
            "最初の行がこの通信文。続く行は連動する案件",
            "The first row is this message; the others are referrals that move with it",
        )
    )


class RehearsedOut(Shape):
    """予行の結果。何も書かれていない。

    The outcome of a rehearsal. Nothing was written.
    """

    model_config = like(
        {
            "would": {
                "referral_id": REFERRAL,
                "state": "candidate_notified",
                "urgency": "normal",
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
    """当事者。

    A party.
    """

    agency_id: str
    since: Moment
    until: Moment | None = Field(
        description=both("当事者でなくなった時刻", "When it ceased to be a party")
    )


class ActionOut(Shape):
    """今送れる通信文。

    A message that can be sent now.
    """

    type: str
    title: str = Field(
        description=both("Accept-Language の言語で", "In the language of Accept-Language")
    )
    seat: str = Field(
        description=both(
            "decider は決裁権のある席、any はどの席でも",
            "decider: a seat that may decide; any: any seat",
        )
    )
    schema_: str = Field(
        alias="schema",
        description=both("本文の JSON Schema の場所", "Where the JSON Schema of the body is"),
    )


class YouOut(Shape):
    """この機関の立場。

    The part that this agency has.
    """

    party: str
    since: Moment
    until: Moment | None


class ReferralOut(Shape):
    """案件。この機関が読める通信文から分かることだけを含む。

    A referral, with only what the messages that this agency can read tell of it.
    """

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
    reference: str = Field(
        description=both(
            "口頭や紙で使う整理番号。個人の情報を含まない",
            "A reference for use on the telephone or on paper. It holds nothing about a person",
        )
    )
    flow: str
    state: str
    parties: dict[str, PartyOut]
    lead: str | None = Field(description=both("主担当の機関", "The agency that has the lead"))
    parent: Uuid | None
    children: list[Uuid]
    facts: dict[str, Any] = Field(
        description=both(
            "規則が覚えている事実(コード・日付・真偽)",
            "Facts that the rules remember (codes, dates, true or false)",
        )
    )
    actions: list[ActionOut]
    version: str = Field(
        description=both(
            "版。If-Match に使う。日本語の答えの ETag と同じ",
            "The version, for If-Match; the same as the ETag of the answer in Japanese",
        )
    )
    you: YouOut


class ListedYou(Shape):
    """この機関の立場。

    The part that this agency has.
    """

    party: str
    until: Moment | None


class ListedReferral(Shape):
    """一覧の中の案件。

    A referral in a list.
    """

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
    """案件の一覧の1頁。

    A page of referrals.
    """

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
            "changes": "WyI0MSJd",
        }
    )

    items: list[ListedReferral]
    next: Next
    changes: Annotated[
        str,
        Field(
            description=both(
                "ここまでの変更を示すしるし。"
                "`changed_after` として送ると、その後に変わったものが返る",
                "How far this answer knows changes: send it as `changed_after` for what changed"
                " since",
            )
        ),
    ]


class FromOut(Shape):
    """送り手。seat_id は、紙で届いたものとサービス自身の通知では null。

    The sender. seat_id is null for what came on paper and for notices of the service itself.
    """

    party: str
    agency_id: str | None
    seat_id: str | None


class ToOut(Shape):
    """受け手。

    A recipient.
    """

    party: str
    agency_id: str


class KeyedBy(Shape):
    """入力した席。

    The seat that entered it.
    """

    agency_id: str
    seat_id: str


class PaperOut(Shape):
    """紙などで届いたときの、その届き方。

    How it came, if it came on paper or otherwise outside of the service.
    """

    received_on: Day
    medium: str
    scan_sha256: str | None
    keyed_by: KeyedBy


class EnvelopeOut(Shape):
    """本文を開かない通信文。

    A message whose body is not opened.
    """

    id: Uuid
    referral_id: Uuid
    number: int = Field(
        description=both(
            "この機関が読める中での番号。1から",
            "Its number among those that this agency can read, from 1",
        )
    )
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
    consent_ids: list[Uuid] = Field(
        description=both("送り手が挙げた同意", "The consents that the sender named")
    )
    rests_on: list[Uuid] = Field(
        description=both(
            "この機関への提供の根拠となった同意。法令による提供では空。"
            "送り手には、全ての宛先についてのもの",
            "The consents on which the disclosure to this agency rests; empty where the law"
            " allows it. For the sender: those for all recipients",
        )
    )
    paper_origin: PaperOut | None
    digests: dict[str, str] = Field(
        description=both("区分ごとのダイジェスト", "A digest for each data class")
    )
    digest: str
    receipt: str | None = Field(description=both("送り手にだけ", "For the sender alone"))


class WithheldOut(Shape):
    """開かなかった区分と、そのわけ。

    A data class that was not opened, and why.
    """

    class_: str = Field(alias="class")
    reason: str = Field(
        description="recalled, not_your_class, party_ended, not_your_seat, consent_withdrawn,"
        " no_consent, erased"
    )
    erased_at: Moment | None = Field(
        None,
        description=both("erased のときだけ: 消去した時刻", "Only for erased: when it was erased"),
    )
    because: str | None = Field(
        None,
        description=both(
            "erased のときだけ: case_closed, never_accepted, cleared, refused, commanded",
            "Only for erased: case_closed, never_accepted, cleared, refused, commanded",
        ),
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


SERVICE_EVENT = one_of(
    (name for name in BODIES if name not in SENT_TYPES),
    Text("サービス自身の通知", "A notice of the service itself"),
)
"""The body of a message that the service itself sends: no agency may withhold its fields."""


def _opened_or_event(schema: dict[str, Any]) -> None:
    """A body as far as it was opened has any of its fields; the service's own has all."""
    opened = {"type": "object", "required": ["type"], "properties": {"type": {"type": "string"}}}
    del schema["type"], schema["additionalProperties"]
    schema["anyOf"] = [opened, reference("ServiceEvent")]


class MessageOut(EnvelopeOut):
    """開いた通信文。`body` には、この席が開ける区分の項目だけがある。

    A message that was opened. `body` has only the fields of data classes that this seat may open.
    """

    model_config = like(_OPENED)

    body: dict[str, Any] = Field(
        description=both(
            "`type` と、開けた区分の項目",
            "`type`, and the fields of the data classes that were opened",
        ),
        json_schema_extra=_opened_or_event,
    )
    withheld: list[WithheldOut]
    salts: dict[str, str] = Field(
        description=both(
            "開けた区分のダイジェストを検算するための塩",
            "Salts to check the digests of the data classes that were opened",
        )
    )


class EnvelopePage(Shape):
    """通信文の一覧の1頁。

    A page of messages.
    """

    model_config = like({"items": [_ENVELOPE], "next": None})

    items: list[EnvelopeOut]
    next: Next


class MessagesOut(Shape):
    """開いた通信文。読めないものは含まない。

    Messages that were opened, without those that cannot be read.
    """

    model_config = like({"items": [_OPENED]})

    items: list[MessageOut]


class DeadlineOut(Shape):
    """期日。

    A day to keep.
    """

    referral_id: Uuid
    kind: str
    due_on: Day
    told_at: Moment | None = Field(
        description=both("受信箱で知らせた時刻", "When the inbox told of it")
    )


class DeadlinePage(Shape):
    """期日の一覧の1頁。

    A page of days to keep.
    """

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
