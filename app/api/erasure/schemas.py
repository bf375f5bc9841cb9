"""Schemas of erasures and holds."""

from pydantic import Field

from app.api.wire.documented import both
from app.api.wire.schemas import ACT, AT, REFERRAL, Day, Moment, Next, Shape, Uuid, like


class ErasureOut(Shape):
    """消去した区分。

    A data class that was erased.
    """

    class_: str = Field(alias="class")
    erased_at: Moment
    because: str = Field(description="case_closed, never_accepted, cleared, refused, commanded")
    complete_on: Day = Field(
        description=both(
            "この日には、鍵を含む控えも残っていない",
            "From this day on, no backup that holds the key is left either",
        )
    )


class HeldOut(Shape):
    """消去が止められている期間。どの機関が止めているかは示さない。

    Since and until when the referral is held from erasure. It does not say by whom.
    """

    since: Moment
    until: Moment


class ErasuresOut(Shape):
    """案件から消去したもの。この機関が写しを持っていた区分だけ。

    What was erased of a referral, of the data classes of which this agency had a copy.
    """

    model_config = like(
        {
            "items": [
                {
                    "class": "C4",
                    "erased_at": AT,
                    "because": "cleared",
                    "complete_on": "2026-12-26",
                }
            ],
            "next": None,
            "held": None,
        }
    )

    items: list[ErasureOut]
    next: Next
    held: HeldOut | None = Field(
        description=both(
            "消去が止められていること。消去を決める機関にだけ示し、ほかの機関には null",
            "That it is held from erasure: told to the agency that decides on erasure, and null"
            " to others",
        )
    )


class HoldOut(Shape):
    """この機関が消去を止めている案件。

    A referral that this agency holds from erasure.
    """

    id: Uuid = Field(description=both("止めた行為のID", "The id of the act that set the hold"))
    referral_id: Uuid
    whole_case: bool = Field(
        description=both(
            "同じ事案の全ての案件に及ぶか", "Whether it covers all referrals of the case"
        )
    )
    reason: str
    set_at: Moment
    until: Moment = Field(
        description=both(
            "この時まで止める。30日前に受信箱へ hold.ending が届く",
            "Until when it holds; hold.ending arrives in the inbox 30 days before",
        )
    )


class HoldPage(Shape):
    """消去を止めている案件の1頁。新しい順。

    A page of holds, newest first.
    """

    model_config = like(
        {
            "items": [
                {
                    "id": ACT,
                    "referral_id": REFERRAL,
                    "whole_case": False,
                    "reason": "litigation",
                    "set_at": AT,
                    "until": AT,
                }
            ],
            "next": None,
        }
    )

    items: list[HoldOut]
    next: Next
