"""What the answers about consents look like, for the published contract."""

from pydantic import Field

from app.api.shapes import MESSAGE, REFERRAL, Day, Next, Shape, Uuid, like

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
