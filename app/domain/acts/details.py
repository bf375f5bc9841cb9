"""What else has to be said of an act than its target: codes, ids and numbers, never words."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.domain.classes import DataClass
from app.domain.deliveries.recall import RecallReason
from app.domain.erasure.objections import ErasureReason
from app.domain.messages.fields import AgencyId
from app.domain.vocabulary.code import Code, EachOnce


class ActDetail(BaseModel):
    """A detail takes no unknown field, since whatever it takes is stored and shown."""

    model_config = ConfigDict(extra="forbid")


class HoldReason(Code):
    """Why something must not be erased."""

    LITIGATION = "litigation", "訴訟・国家賠償"
    INVESTIGATION = "investigation", "捜査・公判"
    REQUEST_FOR_DISCLOSURE = "request_for_disclosure", "本人の開示請求"
    INCIDENT = "incident", "漏えい等の調査"
    AUDIT = "audit", "監査・検査"


class HoldDetail(ActDetail):
    """消去を止める理由と範囲。"""

    reason: Annotated[HoldReason, Field(title="理由", examples=["litigation"])]
    whole_case: Annotated[
        bool, Field(title="同じ事案の全てに及ぶ", description="false なら、この案件だけ")
    ] = False
    until: Annotated[
        date | None,
        Field(
            title="いつまで止めるか", description="この日まで。一年より後にはできず、なければ一年"
        ),
    ] = None


class EraseDetail(ActDetail):
    """消去する区分と理由。"""

    reason: Annotated[ErasureReason, Field(title="理由", examples=["subject_request"])]
    classes: Annotated[
        list[Literal["C1", "C2", "C3", "C4", "C5", "C6", "C7", "C8"]] | None,
        Field(
            min_length=1,
            max_length=8,
            title="消去する区分",
            description="null なら全て。C0 は全てを消すときだけ消える。",
        ),
        EachOnce(),
    ] = None

    def classes_to_erase(self) -> frozenset[DataClass]:
        """The classes to erase."""
        return frozenset(map(DataClass, self.classes)) if self.classes else frozenset(DataClass)


class OrderDetail(EraseDetail):
    """裁判所の命令による消去。"""

    reason: Annotated[Literal[ErasureReason.COURT_ORDER], Field(title="理由")] = (
        ErasureReason.COURT_ORDER
    )


class RecallDetail(ActDetail):
    """開かれた写しを返すよう求める理由と宛先。"""

    referral_id: Annotated[UUID, Field(title="案件のID", description="通信文を送った案件")]
    reason: Annotated[RecallReason, Field(title="取消しの理由", examples=["wrong_recipient"])]
    recipients: Annotated[
        list[AgencyId] | None,
        Field(min_length=1, max_length=20, title="宛先の機関", description="null なら全て。"),
        EachOnce(),
    ] = None
