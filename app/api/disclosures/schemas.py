"""What the answers about disclosures look like, for the published contract."""

from typing import Any

from pydantic import Field

from app.api.wire.schemas import AT, MESSAGE, REFERRAL, Moment, Next, Shape, Uuid, like

CONSENT = "01936b7e-1b40-7d02-8f3e-4c5a6b7d8e01"
_DISCLOSURE: dict[str, Any] = {
    "how": "opened",
    "at": AT,
    "agency_id": "center-13",
    "party": "center",
    "seat_id": "center-13.case_worker",
    "classes": ["C0", "C1", "C2"],
    "referral_id": REFERRAL,
    "message_id": MESSAGE,
    "type": "special_adjustment.request_cooperation",
    "from": {"party": "probation_office", "agency_id": "probation-13"},
    "shown_by": None,
    "legal_basis": "circular_244",
    "consent_ids": [CONSENT],
}


class DisclosureSender(Shape):
    """通信文の送り手。"""

    party: str
    agency_id: str | None = Field(description="サービス自身の通知では null")


class DisclosureOut(Shape):
    """ある機関に知られた(または取り消された)こと1件。"""

    how: str = Field(
        description="received 受信箱に届いた、to_print 紙で届けることになった、printed 印刷した、"
        "opened 開いた、recalled 取り消した、withdrawn 同意の撤回により開かれる前に戻った、"
        "のいずれか"
    )
    at: Moment
    agency_id: str = Field(description="知った機関")
    party: str | None = Field(description="送り手の知らない読み手では null")
    seat_id: str | None = Field(
        description="開いた席。印刷した席と取り消した席は、送り手にだけ示す"
    )
    classes: list[str] | None = Field(
        description="知られたデータ区分。null は、この機関には知らされていないことを示す"
    )
    referral_id: Uuid
    message_id: Uuid
    type: str
    from_: DisclosureSender = Field(alias="from")
    shown_by: Uuid | None = Field(description="後から見せられたものなら、それを見せた通信文")
    legal_basis: str | None = Field(description="届けた通信文の根拠。分からなければ null")
    consent_ids: list[Uuid] = Field(
        description="届けた通信文が拠った同意のうち、この機関が見てよいもの"
    )


class DisclosurePage(Shape):
    """提供の記録の1頁。絞り込んだときは、空でも次の頁があることがある。"""

    model_config = like({"items": [_DISCLOSURE], "next": None})

    items: list[DisclosureOut]
    next: Next
