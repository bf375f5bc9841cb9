"""What else has to be said of an act than its target: codes, ids and numbers, never words."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from app.domain.vocabulary import Code


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
        bool, Field(title="同じ案件群の全てに及ぶ", description="false なら、この案件だけ")
    ] = False
