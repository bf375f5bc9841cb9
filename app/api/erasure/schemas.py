"""Schemas of erasures and holds."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from app.api.wire.documented import both
from app.api.wire.schemas import ACT, AT, REFERRAL, Day, Moment, Next, Shape, Uuid, like
from app.domain.erasure.requests import ErasureAnswer


class ErasureOut(Shape):
    """消去した区分。

    A data class that was erased.
    """

    class_: str = Field(alias="class")
    erased_at: Moment
    because: str = Field(description="case_closed, never_accepted, cleared, refused, commanded")
    complete_on: Day = Field(
        description=both(
            "この日には、鍵を含む控えも残っていない。"
            "refused では、この機関に見えない停止があれば遅れる",
            "From this day on, no backup that holds the key is left either. For refused it is later"
            " if another agency had a hold, which is not told here",
        )
    )
    overwritten_at: Moment | None = Field(
        description=both(
            "この時から、動いているデータベースのファイルと WAL に鍵の跡がない。まだなら null",
            "Since when the files and the WAL of the running database hold no trace of the key;"
            " null until then",
        )
    )


class HeldOut(Shape):
    """消去が止められている期間。どの機関が止めているかは示さない。

    Since and until when the referral is held from erasure. It does not say by whom.
    """

    since: Moment
    until: Moment


_REQUEST: Mapping[str, Any] = {
    "id": ACT,
    "referral_id": REFERRAL,
    "agency_id": "probation-13",
    "reason": "not_needed",
    "classes": ["C4"],
    "requested_at": AT,
    "expires_at": "2026-12-20T10:15:00.123+09:00",
    "state": "pending",
    "settled_at": None,
    "outcome": None,
    "asked": True,
    "answer": None,
}


class ErasureAnswerIn(BaseModel):
    """消去の求めへの答え。

    The answer to a request to erase.
    """

    model_config = ConfigDict(extra="forbid")

    answer: Annotated[
        ErasureAnswer,
        Field(
            title=both("答え", "The answer"),
            description=both(
                "agreed 応じる(決裁権のある席だけ)、objected 異議がある",
                "agreed: only a seat that may decide; objected",
            ),
            examples=["objected"],
        ),
    ]


class ErasureRequestOut(Shape):
    """写しを持つほかの機関への、消去の求め。

    A request to erase what other agencies hold copies of.
    """

    model_config = like(_REQUEST)

    id: Uuid = Field(
        description=both("求めた行為のID", "The id of the act by which it was requested")
    )
    referral_id: Uuid = Field(
        description=both(
            "案件。求められた機関には、それを通じて読んでいる案件",
            "The referral; for an agency that is asked, the one through which it reads",
        )
    )
    agency_id: str = Field(description=both("求めた機関", "The agency that requests it"))
    reason: str
    classes: list[str]
    requested_at: Moment
    expires_at: Moment = Field(
        description=both("異議を言える期限", "Until when the others may object")
    )
    state: str = Field(
        description=both(
            "pending 答えを待つ、erased 消去した、objected 異議があった、withdrawn 取り下げた、"
            "lapsed 要る答えがないまま期限が過ぎた、failed 消去できなかった。"
            "求められた機関には、pending、erased、自機関の objected のほかは ended",
            "pending; erased; objected; withdrawn; lapsed: an answer that was needed did not come "
            "in time; failed: it could not be erased. To an agency that was asked: pending, erased,"
            " objected if it was its own, and ended otherwise",
        )
    )
    settled_at: Moment | None
    outcome: str | None = Field(
        description=both(
            "failed のときだけ、求めた機関に: 行為 erase と同じ理由の符号",
            "Only if failed, to the agency that requested it: the reason, as of the act `erase`",
        )
    )
    asked: bool = Field(
        description=both("この機関が求められたか", "Whether this agency is one that was asked")
    )
    answer: str | None = Field(description=both("この機関の答え", "What this agency has answered"))


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
                    "overwritten_at": None,
                }
            ],
            "next": None,
            "held": None,
            "requests": [_REQUEST],
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
    requests: list[ErasureRequestOut] = Field(
        description=both(
            "この機関がした、またはこの機関への消去の求め。新しい順に20まで。"
            "答えを待つものは必ず入る",
            "Requests to erase that this agency has made or was sent: the last 20, newest first."
            " Those that wait for an answer are among them",
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
