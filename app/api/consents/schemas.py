"""Schemas of consents and return requests."""

from pydantic import Field

from app.api.wire.documented import both
from app.api.wire.schemas import AT, CASE, MESSAGE, REFERRAL, Day, Moment, Next, Shape, Uuid, like

CONSENT = "01936b7e-2f00-7c3a-9d52-6b1f0c4e8a11"


class ConsentOut(Shape):
    """同意。この機関が知ってよい範囲で。

    A consent, as far as this agency may know of it.
    """

    id: Uuid
    referral_id: Uuid | None = Field(
        description=both(
            "記録された案件。そこで当事者でない提供先には null",
            "The referral in which it was recorded; null for a recipient that is no party there",
        )
    )
    purpose: str = Field(description=both("目的", "The purpose"))
    recipients: list[str] = Field(
        description=both(
            "提供先。機関のIDか、機関の種類",
            "To whom information may be disclosed: ids of agencies, or kinds of agency",
        )
    )
    classes: list[str] = Field(
        description=both("提供してよいデータ区分", "The data classes that may be disclosed")
    )
    valid_from: Day
    valid_until: Day | None = Field(
        description=both("null なら撤回まで", "null: until it is withdrawn")
    )
    withdrawn_on: Day | None = Field(
        description=both("全部が撤回された日", "The day on which all of it was withdrawn")
    )
    withdrawn_items: list[str] = Field(
        description=both(
            "一部が撤回されたときの、撤回された区分・機関・機関の種類",
            "If a part was withdrawn: the data classes, agencies and kinds of agency for "
            "which it was",
        )
    )
    state: str = Field(
        description=both(
            "今日の状態。effective 有効、not_yet 期間の前、expired 期間の後、"
            "withdrawn 撤回された、claimed 記録した機関自身への提供か、撤回されたものを戻す同意で、"
            "確認されていない、"
            "suspended 同意停止中の案件にしか及ばない",
            "How it stands today. effective; not_yet: before its period; expired: after its"
            " period; withdrawn; claimed: recorded by a party for its own access, or giving what"
            " a withdrawal took, and not yet confirmed; suspended: it covers only referrals that"
            " are suspended for want of consent",
        )
    )
    recorded_in: Uuid | None = Field(
        description=both(
            "記録した通信文。この機関が読めなければ null",
            "The message that recorded it; null if this agency cannot read that",
        )
    )
    withdrawn_in: Uuid | None = Field(
        description=both(
            "撤回した通信文。この機関が読めなければ null",
            "The message that withdrew it; null if this agency cannot read that",
        )
    )
    recorded_by: str | None = Field(
        description=both(
            "記録した機関。記録された案件の当事者でない提供先には null",
            "The agency that recorded it; null for a recipient that is no party where it was"
            " recorded",
        )
    )
    confirmed_in: Uuid | None = Field(
        description=both(
            "記録した機関自身への提供の同意を確認した通信文。この機関が読めなければ null",
            "The message that confirmed what its recorder had claimed for its own access; null"
            " if there is none, or if this agency cannot read it",
        )
    )
    counts_in: list[Uuid] = Field(
        description=both(
            "この同意で提供できる案件のうち、この機関が今当事者であるもの",
            "Of the referrals in which this consent allows disclosure, those to which this "
            "agency is a party now",
        )
    )


class ConsentPage(Shape):
    """同意の一覧の1頁。

    A page of consents.
    """

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
                    "recorded_by": "probation-13",
                    "confirmed_in": None,
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
    """返還・廃棄の求めと答え。

    A request to return or destroy information, with its answer.
    """

    model_config = like(_RETURN)

    id: Uuid
    case_id: Uuid
    referral_id: Uuid
    agency_id: str = Field(description=both("求められた機関", "The agency that is asked"))
    party: str
    state: str = Field(
        description=both(
            "open まだ、overdue 期限を過ぎた、answered 答えた",
            "open, overdue (its time has passed) or answered",
        )
    )
    requested_at: Moment
    due_on: Day = Field(
        description=both(
            "答えの期限。撤回から30日", "By when to answer: 30 days from the withdrawal"
        )
    )
    answer: str | None = Field(description="destroyed, returned, kept_by_law")
    on: Day | None = Field(
        description=both("廃棄・返還した日", "The day on which it was destroyed or returned")
    )
    legal_basis: str | None = Field(
        description=both("kept_by_law の根拠", "The law on which kept_by_law rests")
    )
    answered_at: Moment | None
    answered_by: str | None = Field(description=both("答えた席", "The seat that answered"))
    consent_ids: list[Uuid] | None = Field(
        description=both(
            "撤回された同意。以下の四つは、求められた機関だけに示す",
            "The consents that were withdrawn. This and the next three are shown to the "
            "agency that is asked alone",
        )
    )
    classes: list[str] | None = Field(
        description=both("返還・廃棄するデータ区分", "The data classes to return or destroy")
    )
    message_ids: list[Uuid] | None = Field(
        description=both("どの通信文か。200通まで", "Which messages; up to 200")
    )
    messages: int | None = Field(description=both("通信文の数", "The number of messages"))


class ReturnPage(Shape):
    """返還・廃棄の求めの1頁。

    A page of requests to return or destroy information.
    """

    model_config = like({"items": [_RETURN], "next": None})

    items: list[ReturnOut]
    next: Next
