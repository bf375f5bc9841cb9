"""What the answers about consents look like, for the published contract."""

from pydantic import Field

from app.api.wire.schemas import AT, CASE, MESSAGE, REFERRAL, Day, Moment, Next, Shape, Uuid, like

CONSENT = "01936b7e-2f00-7c3a-9d52-6b1f0c4e8a11"


class ConsentOut(Shape):
    """同意。この機関が知ってよい範囲で。"""

    id: Uuid
    referral_id: Uuid | None = Field(
        description="記録された案件。そこで当事者でない提供先には null"
    )
    purpose: str = Field(description="目的")
    recipients: list[str] = Field(description="提供先。機関のIDか、機関の種類")
    classes: list[str] = Field(description="提供してよいデータ区分")
    valid_from: Day
    valid_until: Day | None = Field(description="null なら撤回まで")
    withdrawn_on: Day | None = Field(description="全部が撤回された日")
    withdrawn_items: list[str] = Field(
        description="一部が撤回されたときの、撤回された区分・機関・機関の種類"
    )
    state: str = Field(
        description="今日の状態。effective 有効、not_yet 期間の前、expired 期間の後、"
        "withdrawn 撤回された、suspended 同意停止中の案件にしか及ばない"
    )
    recorded_in: Uuid | None = Field(description="記録した通信文。この機関が読めなければ null")
    withdrawn_in: Uuid | None = Field(description="撤回した通信文。この機関が読めなければ null")
    counts_in: list[Uuid] = Field(
        description="この同意で提供できる案件のうち、この機関が今当事者であるもの"
    )


class ConsentPage(Shape):
    """同意の一覧の1頁。"""

    model_config = like(
        {
            "items": [
                {
                    "id": CONSENT,
                    "referral_id": REFERRAL,
                    "purpose": "special_adjustment",
                    "recipients": ["settlement_center"],
                    "classes": ["C1", "C2", "C3", "C4"],
                    "valid_from": "2026-02-10",
                    "valid_until": None,
                    "withdrawn_on": None,
                    "withdrawn_items": [],
                    "state": "effective",
                    "recorded_in": MESSAGE,
                    "withdrawn_in": None,
                    "counts_in": [REFERRAL],
                }
            ],
            "next": None,
        }
    )

    items: list[ConsentOut]
    next: Next


_RETURN = {
    "id": "0193f2a1-0b1c-4d3e-9f00-6a5b4c3d2e1f",
    "case_id": CASE,
    "referral_id": REFERRAL,
    "agency_id": "center-13",
    "party": "center",
    "state": "answered",
    "requested_at": AT,
    "due_on": "2026-12-20",
    "answer": "destroyed",
    "on": "2026-11-24",
    "legal_basis": None,
    "answered_at": "2026-11-24T16:40:00.000+09:00",
    "answered_by": "center-13.decider",
    "consent_ids": [CONSENT],
    "classes": ["C1", "C2"],
    "message_ids": [MESSAGE],
    "messages": 1,
}


class ReturnOut(Shape):
    """返還・廃棄の求めと答え。"""

    model_config = like(_RETURN)

    id: Uuid
    case_id: Uuid
    referral_id: Uuid
    agency_id: str = Field(description="求められた機関")
    party: str
    state: str = Field(description="open まだ、overdue 期限を過ぎた、answered 答えた")
    requested_at: Moment
    due_on: Day = Field(description="答えの期限。撤回から30日")
    answer: str | None = Field(description="destroyed, returned, kept_by_law")
    on: Day | None = Field(description="廃棄・返還した日")
    legal_basis: str | None = Field(description="kept_by_law の根拠")
    answered_at: Moment | None
    answered_by: str | None = Field(description="答えた席")
    consent_ids: list[Uuid] | None = Field(
        description="撤回された同意。以下の四つは、求められた機関だけに示す"
    )
    classes: list[str] | None = Field(description="返還・廃棄するデータ区分")
    message_ids: list[Uuid] | None = Field(description="どの通信文か。200通まで")
    messages: int | None = Field(description="通信文の数")


class ReturnPage(Shape):
    """返還・廃棄の求めの1頁。"""

    model_config = like({"items": [_RETURN], "next": None})

    items: list[ReturnOut]
    next: Next
