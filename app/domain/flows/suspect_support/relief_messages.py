"""The messages of suspect support about urgent aftercare (更生緊急保護)."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from app.domain.classes import C4, C5
from app.domain.messages.body import Body
from app.domain.messages.facts import Fact
from app.domain.messages.fields import Day, Flag, PastDay, Several, Words
from app.domain.messages.order import not_before
from app.domain.messages.payloads.dialogue import Noted
from app.domain.text import Text
from app.domain.vocabulary.code import Known, OpenCode
from app.domain.vocabulary.relief import ReliefCategory
from app.domain.vocabulary.support import Need


class ApplyRelief(Body):
    """The person applies for urgent aftercare, in writing."""

    type: Literal["suspect_support.apply_relief"]
    applied_on: Annotated[PastDay, C4, Field(title="申出日")]
    written: Annotated[Flag, C4, Field(title="書面による申出")]
    category: Annotated[
        Annotated[OpenCode, Known(ReliefCategory)] | None, C4, Field(title="85条1項の区分")
    ] = None
    opinion_heard_on: Annotated[
        PastDay | None, C4, Field(title="検察官の意見を聴いた日(86条3項)")
    ] = None
    requested: Annotated[
        tuple[Annotated[OpenCode, Known(Need)], ...] | None, C5, Several, Field(title="求める保護")
    ] = None

    TITLE = Text("更生緊急保護の申出", "apply for relief")
    SOURCE = "更生保護法85条・86条; 平成20年法務省令28号118条"
    EXAMPLE = {
        "type": "suspect_support.apply_relief",
        "applied_on": "2026-04-17",
        "written": True,
        "category": "6",
        "opinion_heard_on": "2026-04-17",
        "requested": ["housing", "income"],
    }


class ApproveRelief(Body):
    """The probation office grants priority support for a period."""

    type: Literal["suspect_support.approve_relief"]
    decided_on: Annotated[PastDay, C4, Field(title="決定日")]
    relief_from: Annotated[Day, C4, Field(title="期間の初日")]
    relief_until: Annotated[Day, C4, Field(title="期間の末日")]

    TITLE = Text("重点実施の決定", "approve the relief")
    SOURCE = "更生保護法85条4項"
    EXAMPLE = {
        "type": "suspect_support.approve_relief",
        "decided_on": "2026-04-17",
        "relief_from": "2026-04-17",
        "relief_until": "2026-10-16",
    }

    def facts(self) -> Mapping[str, Fact]:
        """The period."""
        return {
            "relief_from": self.relief_from.isoformat(),
            "relief_until": self.relief_until.isoformat(),
        }


class RejectRelief(Body):
    """The probation office does not grant it."""

    type: Literal["suspect_support.reject_relief"]
    decided_on: Annotated[PastDay, C4, Field(title="決定日")]
    note: Annotated[Words | None, C4, Field(title="理由")] = None

    TITLE = Text("更生緊急保護を行わない決定", "reject the relief")
    SOURCE = "domain reference 3.b"
    EXAMPLE = {"type": "suspect_support.reject_relief", "decided_on": "2026-04-20"}


class ExtendRelief(Body):
    """The period is extended, on a new application and three conditions."""

    type: Literal["suspect_support.extend_relief"]
    applied_on: Annotated[PastDay, C4, Field(title="新たな申出の日")]
    written: Annotated[Flag, C4, Field(title="書面による申出")]
    condition_1_met: Annotated[Flag, C4, Field(title="省令121条の第一の要件")]
    condition_2_met: Annotated[Flag, C4, Field(title="省令121条の第二の要件")]
    condition_3_met: Annotated[Flag, C4, Field(title="省令121条の第三の要件")]
    decided_on: Annotated[PastDay, C4, Field(title="決定日")]
    relief_until: Annotated[Day, C4, Field(title="期間の末日")]

    _in_order = not_before("applied_on", "decided_on")

    TITLE = Text("更生緊急保護の期間の延長", "extend the relief")
    SOURCE = "平成20年法務省令28号121条; 更生保護法85条4項"
    EXAMPLE = {
        "type": "suspect_support.extend_relief",
        "applied_on": "2026-09-28",
        "written": True,
        "condition_1_met": True,
        "condition_2_met": True,
        "condition_3_met": True,
        "decided_on": "2026-10-05",
        "relief_until": "2027-04-16",
    }

    def facts(self) -> Mapping[str, Fact]:
        """The new last day of the period."""
        return {"relief_until": self.relief_until.isoformat()}


class EndRelief(Body):
    """Priority support ends; support in the community goes on."""

    type: Literal["suspect_support.end_relief"]
    ended_on: Annotated[Day, C4, Field(title="終了日")]

    TITLE = Text("重点実施の終了", "end the relief")
    SOURCE = "domain reference 3.b"
    EXAMPLE = {"type": "suspect_support.end_relief", "ended_on": "2026-10-16"}

    def facts(self) -> Mapping[str, Fact]:
        """The last day of the period."""
        return {"relief_until": self.ended_on.isoformat()}


class SkipRelief(Noted):
    """The person did not apply: from here on it rests on consent alone."""

    type: Literal["suspect_support.skip_relief"]

    TITLE = Text("申出によらない継続支援", "go on without relief")
    SOURCE = "domain reference 3.b"
    EXAMPLE = {"type": "suspect_support.skip_relief"}
