"""Schemas of deliveries and recalls."""

from typing import Any

from pydantic import Field

from app.api.wire.documented import both
from app.api.wire.schemas import AT, MESSAGE, REFERRAL, Day, Moment, Next, Shape, Uuid, like

DISCLOSURE = "01936b7e-9c20-7b44-a1d0-5e2f8c7b3a05"
_SEAT = "center-13.case_worker"
_COPY: dict[str, Any] = {
    "party": "center",
    "agency_id": "center-13",
    "status": "acknowledged",
    "late": None,
    "overdue_at": "2026-11-27T00:00:00.000+09:00",
    "failed_at": "2026-12-02T00:00:00.000+09:00",
    "to_print": False,
    "notified_at": AT,
    "opened_at": AT,
    "acknowledged_at": AT,
    "acknowledged_by": _SEAT,
    "printed_at": None,
    "printed_by": None,
    "recalled_at": None,
    "recall_reason": None,
    "misdirected_disclosure_id": None,
    "undeliverable": None,
}
_MESSAGE: dict[str, Any] = {
    "message_id": MESSAGE,
    "type": "special_adjustment.request_cooperation",
    "urgency": "normal",
    "accepted_at": AT,
    "overdue_at": "2026-11-27T00:00:00.000+09:00",
    "failed_at": "2026-12-02T00:00:00.000+09:00",
}


class DeliveryOut(Shape):
    """宛先1か所への配達。時刻は、それが起きていなければ null。

    The delivery to one recipient. A time is null if that has not happened.
    """

    party: str
    agency_id: str
    status: str = Field(
        description=both(
            "waiting 待っている、notified 到着を通知した、opened 開かれた、"
            "acknowledged 受領された、to_print 印刷待ち、printed 印刷した、recalled 取り消した、"
            "undeliverable 届かない、のいずれか",
            "One of waiting, notified (a notice arrived), opened, acknowledged, to_print "
            "(to be printed), printed, recalled, undeliverable",
        )
    )
    late: str | None = Field(
        description=both(
            "overdue 期限を過ぎた、failed 期限の倍を過ぎた。受領・印刷した後は、その時点でのもの",
            "overdue: past its time; failed: past twice its time. After it was acknowledged"
            " or printed, as it was then",
        )
    )
    overdue_at: Moment | None = Field(
        description=both(
            "この宛先の受領の期限。同意によって戻された写しでは、戻った時から数える",
            "By when this recipient is to acknowledge it. For a copy that a consent gave back,"
            " counted from then",
        )
    )
    failed_at: Moment | None = Field(
        description=both(
            "この宛先について、これを過ぎると不達として知らせる",
            "After this time it is reported as not delivered to this recipient",
        )
    )
    to_print: bool = Field(
        description=both(
            "参加していない機関なので、印刷して届ける",
            "The agency is not connected, so it is printed and taken there",
        )
    )
    notified_at: Moment | None = Field(
        description=both(
            "相手のシステムが最初に到着通知を受けた時刻",
            "When the recipient's system first took a notice",
        )
    )
    opened_at: Moment | None
    acknowledged_at: Moment | None
    acknowledged_by: str | None = Field(
        description=both("受領した席", "The seat that acknowledged it")
    )
    printed_at: Moment | None
    printed_by: str | None = Field(description=both("印刷した席", "The seat that printed it"))
    recalled_at: Moment | None
    recall_reason: str | None
    misdirected_disclosure_id: Uuid | None = Field(
        description=both(
            "取り消す前に開かれるか印刷されていたときの、誤送付の記録",
            "If it was opened or printed before the recall: the record of the misdirected "
            "disclosure",
        )
    )
    undeliverable: str | None = Field(
        description=both(
            "agency_disabled 機関が停止・廃止された、party_ended 当事者でなくなった",
            "agency_disabled: the agency was disabled or abolished; party_ended: it is no "
            "longer a party",
        )
    )


class SentOut(Shape):
    """この機関が送った通信文と、その宛先ごとの配達。

    A message that this agency sent, with its delivery to each recipient.
    """

    message_id: Uuid
    number: int = Field(
        description=both(
            "この機関が読める中での番号", "Its number among those that this agency can read"
        )
    )
    type: str
    urgency: str
    accepted_at: Moment
    overdue_at: Moment | None = Field(
        description=both(
            "受領(紙なら印刷)の期限", "By when it is to be acknowledged, or on paper to be printed"
        )
    )
    failed_at: Moment | None = Field(
        description=both(
            "これを過ぎると不達として知らせる", "After this time it is reported as not delivered"
        )
    )
    recipients: list[DeliveryOut]


class DeliveryPage(Shape):
    """配達の1頁。

    A page of deliveries.
    """

    model_config = like({"items": [{**_MESSAGE, "number": 4, "recipients": [_COPY]}], "next": None})

    items: list[SentOut]
    next: Next


class PrintedCopy(Shape):
    """印刷した1部。

    One copy that was printed.
    """

    agency_id: str
    printed_at: Moment
    printed_by: str = Field(
        description=both("最初に印刷済みとした席", "The seat that first marked it as printed")
    )


class PrintedOut(Shape):
    """印刷済みの写し。二度しても、最初のまま。

    The copies that are printed. Doing it twice leaves the first as it is.
    """

    model_config = like(
        {
            "printed": [
                {
                    "agency_id": "prison-yokohama",
                    "printed_at": AT,
                    "printed_by": "probation-14.case_worker",
                }
            ]
        }
    )

    printed: list[PrintedCopy]


class ExplainedDelivery(DeliveryOut):
    """宛先1か所への配達と、その説明。

    The delivery to one recipient, explained.
    """

    where: str = Field(description=both("今どこにあるか", "Where it is now"))
    next: str = Field(description=both("次に何が起きるか", "What happens next"))
    todo: str = Field(description=both("何をすればよいか", "What to do"))


class ExplainedAttempt(Shape):
    """到着通知の1回の試み。

    One attempt to deliver a notice.
    """

    number: int
    at: Moment
    outcome: str = Field(
        description=both("結果。delivered なら届いた", "The outcome; delivered: it arrived")
    )
    status: int | None = Field(
        description=both("返ってきた HTTP の状態", "The HTTP status that came back")
    )
    took_ms: int | None


class ExplainedNotice(Shape):
    """この機関の送り先1か所への到着通知。

    A notice to one webhook of this agency.
    """

    id: Uuid = Field(description="webhook-id")
    webhook_id: Uuid
    state: str = Field(
        description=both(
            "pending, delivered, failed, cancelled のいずれか",
            "One of pending, delivered, failed, cancelled",
        )
    )
    reason: str | None
    next_at: Moment | None = Field(description=both("次に試みる時刻", "When it is tried next"))
    settled_at: Moment | None
    says: str = Field(description=both("どうなったかの説明", "What became of it, in words"))
    attempts: list[ExplainedAttempt]


class ExplainedOut(Shape):
    """通信文が今どうなっているかの説明。言葉は Accept-Language の言語で。

    How a message stands, explained in the language of Accept-Language.
    """

    model_config = like(
        {
            **_MESSAGE,
            "referral_id": REFERRAL,
            "title": "協力依頼",
            "you": "sender",
            "recipients": [
                {
                    **_COPY,
                    "where": f"2026-11-20 10:15 に {_SEAT} が受領しました。",
                    "next": "配達はこれで終わりです。",
                    "todo": "することはありません。",
                }
            ],
            "notices": [],
        }
    )

    message_id: Uuid
    referral_id: Uuid
    type: str
    title: str = Field(description=both("通信文の名前", "The name of the message"))
    urgency: str
    accepted_at: Moment
    overdue_at: Moment | None
    failed_at: Moment | None
    you: str = Field(
        description=both("sender なら送り手、recipient なら宛先", "sender or recipient")
    )
    recipients: list[ExplainedDelivery] = Field(
        description=both(
            "送り手には全ての宛先、宛先にはその機関だけ",
            "All recipients for the sender; for a recipient, its own agency alone",
        )
    )
    notices: list[ExplainedNotice] = Field(
        description=both(
            "この機関の送り先への到着通知だけ", "Notices to webhooks of this agency alone"
        )
    )


class RecalledCopy(Shape):
    """取り消した1部。

    One copy that was recalled.
    """

    party: str | None = Field(
        description=both(
            "宛先から見せられて読んでいた機関では null",
            "null for an agency that read it because a recipient had shown it",
        )
    )
    agency_id: str
    reason: str
    recalled_at: Moment
    recalled_by: str = Field(description=both("取り消した席", "The seat that recalled it"))
    misdirected_disclosure_id: Uuid | None = Field(
        description=both(
            "その前に開かれるか印刷されていたときの、誤送付の記録",
            "If it was opened or printed before: the record of the misdirected disclosure",
        )
    )


class RecallOut(Shape):
    """取消しの結果。同じ取消しを繰り返せば、同じ答えが返る。

    What came of a recall. Repeating the same recall returns the same answer.
    """

    model_config = like(
        {
            "message_id": MESSAGE,
            "recalled": [
                {
                    "party": "center",
                    "agency_id": "center-13",
                    "reason": "wrong_recipient",
                    "recalled_at": AT,
                    "recalled_by": "probation-13.decider",
                    "misdirected_disclosure_id": DISCLOSURE,
                }
            ],
            "to_request": [],
        }
    )

    message_id: Uuid
    recalled: list[RecalledCopy]
    to_request: list[str] = Field(
        description=both(
            "開かれたか受領されてから時がたち、求めなければ返らない写しを持つ機関",
            "Agencies that have opened or acknowledged their copy too long ago, and have to be"
            " asked",
        )
    )


_REQUEST: dict[str, Any] = {
    "id": DISCLOSURE,
    "message_id": MESSAGE,
    "referral_id": REFERRAL,
    "type": "special_adjustment.request_cooperation",
    "sender_agency": "probation-13",
    "recipient_agency": "center-13",
    "recipient_party": "center",
    "reason": "wrong_content",
    "requested_at": AT,
    "expires_at": "2026-12-08T00:00:00.000+09:00",
    "state": "refused",
    "settled_at": AT,
    "settled_by": "center-13.decider",
    "refusal_reason": "acted_upon",
}


class RecallRequestOut(Shape):
    """開かれた写しを返す求め。

    A request to give an opened copy back.
    """

    model_config = like(_REQUEST)

    id: Uuid
    message_id: Uuid
    referral_id: Uuid = Field(
        description=both("通信文を送った案件", "The referral in which the message was sent")
    )
    type: str
    sender_agency: str
    recipient_agency: str
    recipient_party: str | None = Field(
        description=both(
            "宛先から見せられて読んでいた機関では null",
            "null for an agency that read it because a recipient had shown it",
        )
    )
    reason: str
    requested_at: Moment
    expires_at: Moment = Field(
        description=both("答えがなければ失効する時刻", "When it lapses if nobody answers")
    )
    state: str = Field(
        description=both(
            "open 答えを待つ、accepted 応じた、refused 応じない、lapsed 失効した",
            "open: waits for an answer; accepted; refused; lapsed",
        )
    )
    settled_at: Moment | None
    settled_by: str | None = Field(description=both("答えた席", "The seat that answered"))
    refusal_reason: str | None = Field(
        description=both(
            "acted_upon 既に業務を行った、kept_by_law 法令により保存する、"
            "needed_as_evidence 証拠として要る、no_mistake 誤りではない",
            "acted_upon: it has been acted upon; kept_by_law: the law requires keeping it; "
            "needed_as_evidence; no_mistake: it was no mistake",
        )
    )


class RecallRequestPage(Shape):
    """求めの1頁。

    A page of requests.
    """

    model_config = like({"items": [_REQUEST], "next": None})

    items: list[RecallRequestOut]
    next: Next


class TitledClass(Shape):
    """データ区分とその名前。

    A data class and its name.
    """

    class_: str = Field(alias="class")
    title: str


class TitledItem(Shape):
    """報告に書く事項とその名前。

    An item of a report and its name.
    """

    item: str
    title: str


class OpeningOut(Shape):
    """一つの席が開いたか、印刷したこと。

    That one seat has opened or printed it, once or more often.
    """

    how: str = Field(description=both("opened 開かれた、printed 印刷された", "opened or printed"))
    at: Moment
    seat_id: str | None = Field(
        description=both("開いた席、印刷した席", "The seat that opened or printed it")
    )
    classes: list[str]
    count: int = Field(description=both("回数", "How often"))
    last_at: Moment = Field(
        description=both("最後の時刻。at は最初", "The last time; `at` is the first")
    )


class PreliminaryClock(Shape):
    """速報の目安。知った日を1日目として3日目から5日目。

    When the preliminary report is due: on the third to fifth day, the day on which it became
    known being the first.
    """

    from_: Day = Field(alias="from")
    by: Day


class FinalClock(Shape):
    """確報の期限。30日目(不正の目的のおそれがあれば60日目)。閉庁日なら次の開庁日。

    When the final report is due: on the 30th day (the 60th if a malicious purpose is feared); if
    offices are closed, on the next day on which they are open.
    """

    by: Day
    by_if_malicious: Day


class ClocksOut(Shape):
    """報告の期限。

    When reports are due.
    """

    preliminary: PreliminaryClock
    final: FinalClock


_DISCLOSURE: dict[str, Any] = {
    "id": DISCLOSURE,
    "message_id": MESSAGE,
    "referral_id": REFERRAL,
    "type": "special_adjustment.request_cooperation",
    "title": "協力依頼",
    "sender_agency": "probation-13",
    "recipient_agency": "center-13",
    "recipient_party": "center",
    "reason": "wrong_recipient",
    "sent_at": AT,
    "known_at": "2026-11-20T11:02:00.000+09:00",
    "recalled_by": "probation-13.decider",
    "persons": 1,
    "third_parties": False,
    "classes": [
        {"class": "C0", "title": "経路情報(氏名を含まない)"},
        {"class": "C1", "title": "本人の特定"},
    ],
    "openings": [
        {
            "how": "opened",
            "at": AT,
            "seat_id": _SEAT,
            "classes": ["C0", "C1"],
            "count": 2,
            "last_at": AT,
        }
    ],
    "clocks": {
        "preliminary": {"from": "2026-11-22", "by": "2026-11-24"},
        "final": {"by": "2026-12-21", "by_if_malicious": "2027-01-18"},
    },
    "to_add": [{"item": "cause", "title": "原因"}],
}


class MisdirectedOut(Shape):
    """誤送付の記録。取り消す前に開かれるか印刷されていた、1か所の宛先について。

    The record of a misdirected disclosure: for one recipient, with whom it was opened or printed
    before the recall.
    """

    model_config = like(_DISCLOSURE)

    id: Uuid
    message_id: Uuid
    referral_id: Uuid
    type: str
    title: str = Field(description=both("通信文の名前", "The name of the message"))
    sender_agency: str
    recipient_agency: str
    recipient_party: str | None = Field(
        description=both(
            "宛先から見せられて読んでいた機関では null",
            "null for an agency that read it because a recipient had shown it",
        )
    )
    reason: str
    sent_at: Moment
    known_at: Moment = Field(
        description=both(
            "取り消した時刻。期限はこの日を1日目として数える",
            "When it was recalled. Due dates count this day as the first",
        )
    )
    recalled_by: str
    persons: int = Field(
        description=both(
            "本人の数。案件は1人についてのもの",
            "The number of persons concerned. A referral is about one",
        )
    )
    third_parties: bool = Field(
        description=both(
            "第三者の情報(C6)も開かれた", "Information about third parties (C6) was opened as well"
        )
    )
    classes: list[TitledClass] = Field(
        description=both("開かれたデータ区分", "The data classes that were opened")
    )
    openings: list[OpeningOut] = Field(
        description=both(
            "記録から: 誰がいつどの区分を開いたか",
            "From the log: who opened which data classes and when",
        )
    )
    clocks: ClocksOut
    to_add: list[TitledItem] = Field(
        description=both(
            "報告に要る事項のうち、サービスが知らず、機関が書くもの",
            "What a report needs and the service does not know: the agency writes it",
        )
    )


class MisdirectedPage(Shape):
    """誤送付の記録の1頁。

    A page of records of misdirected disclosures.
    """

    model_config = like({"items": [_DISCLOSURE], "next": None})

    items: list[MisdirectedOut]
    next: Next
