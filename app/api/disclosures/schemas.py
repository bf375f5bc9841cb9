"""Schemas of disclosures."""

from typing import Any

from pydantic import Field

from app.api.wire.documented import both
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
    """通信文の送り手。

    The sender of a message.
    """

    party: str
    agency_id: str | None = Field(
        description=both("サービス自身の通知では null", "null for a notice of the service itself")
    )


class DisclosureOut(Shape):
    """ある機関に知られた(または取り消された)こと1件。

    One thing that an agency came to know, or that was taken back from it.
    """

    how: str = Field(
        description=both(
            "received 受信箱に届いた、to_print 紙で届けることになった、printed 印刷した、"
            "opened 開いた、recalled 取り消した、withdrawn 同意の撤回により開かれる前に戻った、"
            "のいずれか",
            "One of received (in the inbox), to_print (to be taken there on paper), "
            "printed, opened, recalled, withdrawn (taken back before it was opened, because"
            " consent was withdrawn)",
        )
    )
    at: Moment
    agency_id: str = Field(description=both("知った機関", "The agency that came to know it"))
    party: str | None = Field(
        description=both(
            "送り手の知らない読み手では null", "null for a reader that the sender does not know of"
        )
    )
    seat_id: str | None = Field(
        description=both(
            "開いた席。印刷した席と取り消した席は、送り手にだけ示す",
            "The seat that opened it. Seats that printed or recalled are shown to the sender alone",
        )
    )
    classes: list[str] | None = Field(
        description=both(
            "知られたデータ区分。null は、この機関には知らされていないことを示す",
            "The data classes that became known. null: this agency may not know which",
        )
    )
    referral_id: Uuid
    message_id: Uuid
    type: str
    from_: DisclosureSender = Field(alias="from")
    shown_by: Uuid | None = Field(
        description=both(
            "後から見せられたものなら、それを見せた通信文",
            "If it was shown later: the message that showed it",
        )
    )
    legal_basis: str | None = Field(
        description=both(
            "届けた通信文の根拠。分からなければ null",
            "The legal basis of the message that carried it; null if it is not known",
        )
    )
    consent_ids: list[Uuid] = Field(
        description=both(
            "届けた通信文が拠った同意のうち、この機関が見てよいもの",
            "Of the consents that the message rested on, those that this agency may see",
        )
    )


class DisclosurePage(Shape):
    """提供の記録の1頁。絞り込んだときは、空でも次の頁があることがある。

    A page of the record of disclosures. With a filter, a page may be empty and still have a next
    one.
    """

    model_config = like({"items": [_DISCLOSURE], "next": None})

    items: list[DisclosureOut]
    next: Next
