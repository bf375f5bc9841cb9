"""Custody and its end: changes, dispositions, the day of release and what must be ready for it."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from app.domain.calendar.detention import DetentionClock
from app.domain.classes import C0, C1, C3, C4, C5
from app.domain.messages.body import Body, LeastUrgency, Part
from app.domain.messages.facts import Fact
from app.domain.messages.fields import (
    AgencyId,
    Count,
    Day,
    Flag,
    Name,
    PastDay,
    Several,
    TimeOfDay,
    Words,
)
from app.domain.messages.order import not_before
from app.domain.messages.person import Address
from app.domain.vocabulary.code import Known, OpenCode
from app.domain.vocabulary.custody import ChecklistItem, CustodyChange, CustodyStage, ReleaseKind
from app.domain.vocabulary.envelope import Urgency
from app.domain.vocabulary.procedure import Disposition, ProcedureStage
from app.domain.vocabulary.residence import ResidenceKind

SAME_DAY = LeastUrgency(Urgency.SAME_DAY.value)
SAME_DAY_IF_SOON = LeastUrgency(Urgency.SAME_DAY.value, "release_on", 14)
FREEING = frozenset(
    {
        Disposition.SUSPENDED_PROSECUTION,
        Disposition.RELEASED_PENDING,
        Disposition.INSUFFICIENT_EVIDENCE,
        Disposition.NO_SUSPICION,
        Disposition.OTHER_NONPROSECUTION,
        Disposition.SUMMARY_FINE,
        Disposition.SUSPENDED_SENTENCE,
        Disposition.SUSPENDED_SENTENCE_PROBATION,
        Disposition.ACQUITTED,
    }
)
"""Dispositions after which a person is free."""
CLEARING = frozenset(
    {Disposition.NO_SUSPICION, Disposition.INSUFFICIENT_EVIDENCE, Disposition.ACQUITTED}
)
"""Dispositions after which what is known of the criminal matter is purged in time."""
NO_DETENTION: Mapping[str, Fact] = {
    "detention_day1": None,
    "detention_end10": None,
    "detention_end20": None,
    "extended_to": None,
}

_STAGE_OF_CUSTODY = {
    CustodyStage.ARRESTED: ProcedureStage.SUSPECT,
    CustodyStage.DETAINED_SUSPECT: ProcedureStage.SUSPECT,
    CustodyStage.DETAINED_DEFENDANT: ProcedureStage.DEFENDANT,
    CustodyStage.BAILED: ProcedureStage.DEFENDANT,
    CustodyStage.SERVING: ProcedureStage.CONVICTED,
    CustodyStage.WORKHOUSE: ProcedureStage.CONVICTED,
}
_STAGE_OF_DISPOSITION = {
    Disposition.INDICTED: ProcedureStage.DEFENDANT,
    Disposition.ACQUITTED: ProcedureStage.ACQUITTED,
    Disposition.RELEASED_PENDING: ProcedureStage.SUSPECT,
    Disposition.SUMMARY_FINE: ProcedureStage.CONVICTED,
    Disposition.SUSPENDED_SENTENCE: ProcedureStage.CONVICTED,
    Disposition.SUSPENDED_SENTENCE_PROBATION: ProcedureStage.CONVICTED,
    Disposition.PARTIAL_SUSPENSION: ProcedureStage.CONVICTED,
    Disposition.IMPRISONMENT: ProcedureStage.CONVICTED,
}
_DATED = frozenset({CustodyChange.RELEASE_DATE_SET, CustodyChange.RELEASE_DATE_MOVED})


def stage_of(custody: CustodyStage) -> ProcedureStage | None:
    """The person's stage in the procedure, by custody; None where custody does not determine it."""
    return _STAGE_OF_CUSTODY.get(custody)


def detention_facts(day1: date | None, extended_to: date | None) -> dict[str, Fact]:
    """The detention clock as facts, from the day of the request and the day of the extension."""
    facts: dict[str, Fact] = {}
    if day1 is not None:
        clock = DetentionClock(day1)
        facts["detention_day1"] = day1.isoformat()
        facts["detention_end10"] = clock.end10.isoformat()
        facts["detention_end20"] = clock.end20.isoformat()
    if extended_to is not None:
        facts["extended_to"] = extended_to.isoformat()
    return facts


class CustodyChanged(Body):
    """A change in custody (M-a3). Clocks are computed again from what it says."""

    LEAST_URGENCY = SAME_DAY_IF_SOON

    change: Annotated[CustodyChange, C4, Field(title="変更の種別")]
    effective_on: Annotated[Day, C4, Field(title="効力発生日")]
    reported_on: Annotated[PastDay, C0, Field(title="報告日")]
    old: Annotated[Name | None, C4, Field(title="変更前")] = None
    new: Annotated[Name | None, C4, Field(title="変更後")] = None
    release_on: Annotated[
        Day | None, C4, Field(title="新たな釈放予定日", description="Needed when the day changes.")
    ] = None
    release_kind: Annotated[ReleaseKind | None, C4, Field(title="釈放の種別")] = None
    custody_stage: Annotated[CustodyStage | None, C4, Field(title="身柄の段階")] = None
    detention_day1: Annotated[PastDay | None, C4, Field(title="勾留請求日")] = None
    extended_to: Annotated[Day | None, C4, Field(title="勾留延長の満了日")] = None

    _in_order = not_before("detention_day1", "extended_to")

    @model_validator(mode="after")
    def _new_day(self) -> "CustodyChanged":
        if self.change in _DATED and self.release_on is None:
            raise PydanticCustomError("release_day", "release_on is needed for this change")
        return self

    def facts(self) -> Mapping[str, Fact]:
        """What has changed."""
        facts = detention_facts(self.detention_day1, self.extended_to)
        if self.release_on is not None:
            facts["release_on"] = self.release_on.isoformat()
        if self.release_kind is not None:
            facts["release_kind"] = self.release_kind.value
        return {**facts, **_custody_facts(self.custody_stage)}


def _custody_facts(custody: CustodyStage | None) -> dict[str, Fact]:
    if custody is None:
        return {}
    stage = stage_of(custody)
    known: dict[str, Fact] = {"procedure_stage": stage.value} if stage else {}
    return {"custody_stage": custody.value, **known}


class Disposed(Body):
    """The notice of a disposition (M-b4)."""

    disposition: Annotated[Disposition, C4, Field(title="処分")]
    decided_on: Annotated[PastDay, C4, Field(title="処分の日")]
    release_on: Annotated[Day | None, C4, Field(title="釈放の日")] = None
    release_time_est: Annotated[TimeOfDay | None, C4, Field(title="釈放の見込み時刻")] = None
    next_hearing_on: Annotated[Day | None, C4, Field(title="次回公判期日")] = None

    _in_order = not_before("decided_on", "release_on", "next_hearing_on")

    def facts(self) -> Mapping[str, Fact]:
        """The disposition, the stage that it leads to, and the end of the detention clock."""
        stage = _STAGE_OF_DISPOSITION.get(self.disposition, ProcedureStage.NOT_PROSECUTED)
        facts: dict[str, Fact] = {
            **NO_DETENTION,
            "disposition": self.disposition.value,
            "procedure_stage": stage.value,
            "cleared": self.disposition in CLEARING,
        }
        if self.release_on is not None:
            facts["release_on"] = self.release_on.isoformat()
        return facts

    @property
    def frees(self) -> bool:
        """Whether the person is free after it."""
        return self.disposition in FREEING


class Freed(Disposed):
    """A disposition after which the person is free: it is told the same day."""

    LEAST_URGENCY = SAME_DAY

    def facts(self) -> Mapping[str, Fact]:
        """Also the day on which the person came out."""
        free = (self.release_on or self.decided_on).isoformat()
        return {
            **super().facts(),
            "released_on": free,
            "custody_stage": CustodyStage.RELEASED.value,
        }


class CameOut(Body):
    """The person has left the institution."""

    LEAST_URGENCY = SAME_DAY

    released_on: Annotated[PastDay, C4, Field(title="釈放日")]
    release_kind: Annotated[ReleaseKind, C4, Field(title="釈放の種別")]

    def facts(self) -> Mapping[str, Fact]:
        """The day and the kind."""
        return {
            "released_on": self.released_on.isoformat(),
            "release_kind": self.release_kind.value,
            "custody_stage": CustodyStage.RELEASED.value,
        }


class Escort(Part):
    """Who goes along."""

    agency_id: Annotated[AgencyId | None, Field(title="機関")] = None
    name: Annotated[Name, Field(title="氏名")]


class CheckedItem(Part):
    """One line of the checklist for the day of release."""

    code: Annotated[Annotated[OpenCode, Known(ChecklistItem)], Field(title="項目")]
    done: Annotated[Flag, Field(title="済")]


class FirstNight(Part):
    """Where the person sleeps on the day of release."""

    residence_kind: Annotated[
        Annotated[OpenCode, Known(ResidenceKind)], Field(title="居住先の種別")
    ]
    name: Annotated[Name | None, Field(title="名称")] = None
    address: Annotated[Address | None, Field(title="所在地")] = None


class Arrangement(Body):
    """What is arranged for the day of release (M-a6)."""

    release_on: Annotated[Day, C4, Field(title="釈放予定日")]
    time: Annotated[TimeOfDay | None, C4, Field(title="時刻")] = None
    gate_agency: Annotated[AgencyId | None, C0, Field(title="引渡しの場所(機関)")] = None
    escorts: Annotated[tuple[Escort, ...] | None, C1, Several, Field(title="同行者")] = None
    route: Annotated[Words | None, C1, Field(title="経路")] = None
    first_night_placement: Annotated[FirstNight | None, C1, Field(title="当日の宿泊先")] = None
    checklist: Annotated[
        tuple[CheckedItem, ...] | None, C5, Several, Field(title="準備状況の確認")
    ] = None
    medication_days_supply: Annotated[
        Count | None, C3, Field(title="手持ちの薬の日数", description="Days.")
    ] = None
    holiday_plan: Annotated[
        Words | None,
        C5,
        Field(title="閉庁日の対応", description="Needed when offices are closed on release_on."),
    ] = None

    def facts(self) -> Mapping[str, Fact]:
        """The day."""
        return {"release_on": self.release_on.isoformat()}
