"""Support work: interviews, plans, placements, the worker in charge, and the settlement."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from app.domain.classes import C0, C1, C2, C3, C5, C7
from app.domain.messages.body import Body, Part
from app.domain.messages.facts import Fact
from app.domain.messages.fields import (
    AgencyId,
    AreaCode,
    AtLeastOne,
    Count,
    Day,
    Moment,
    Name,
    Passage,
    PastDay,
    SeatId,
    Several,
    Words,
)
from app.domain.messages.order import not_before
from app.domain.messages.payloads.eligibility import Disability
from app.domain.messages.person import Address, Birth
from app.domain.messages.settlement import Settlement
from app.domain.vocabulary.code import Known, OpenCode
from app.domain.vocabulary.disability import CertificateKind
from app.domain.vocabulary.person import CommunicationSupport
from app.domain.vocabulary.residence import PlacementLossReason, ResidenceKind
from app.domain.vocabulary.support import InterviewMode, MunicipalityDuty, Need, TaskState

Residence = Annotated[OpenCode, Known(ResidenceKind)]


class Named(Body):
    """A message that names the worker in charge: by seat, or by name where no seat is known.

    A seat is routing (C0); a worker's name is part of the support record (C7).
    """

    worker_seat: Annotated[SeatId | None, C0, Field(title="担当者の席")] = None
    worker_name: Annotated[Name | None, C7, Field(title="担当者の氏名")] = None

    @model_validator(mode="after")
    def _somebody(self) -> "Named":
        if self.worker_seat is None and self.worker_name is None:
            raise PydanticCustomError("worker", "worker_seat or worker_name is needed")
        return self


class Participant(Part):
    """Who was there: a seat, or a role in words."""

    seat: Annotated[SeatId | None, Field(title="席")] = None
    role: Annotated[Name | None, Field(title="立場")] = None


class Interview(Body):
    """The record of an interview (M-a4). It may be written on paper first and typed later."""

    held_on: Annotated[PastDay, C0, Field(title="面談日")]
    place_agency: Annotated[AgencyId | None, C0, Field(title="面談場所(機関)")] = None
    place: Annotated[Name | None, C7, Field(title="面談場所")] = None
    minutes: Annotated[Count | None, C7, Field(title="時間", description="Minutes.")] = None
    participants: Annotated[tuple[Participant, ...] | None, C7, Several, Field(title="同席者")] = (
        None
    )
    mode: Annotated[InterviewMode | None, C7, Field(title="方法")] = None
    captured_at: Annotated[Moment | None, C7, Field(title="聴取した時刻")] = None
    entered_at: Annotated[Moment | None, C7, Field(title="入力した時刻")] = None
    wishes: Annotated[Passage | None, C7, Field(title="本人の希望")] = None
    strengths: Annotated[Passage | None, C7, Field(title="強み")] = None
    needs: Annotated[
        tuple[Annotated[OpenCode, Known(Need)], ...] | None, C7, Several, Field(title="ニーズ")
    ] = None
    communication_support: Annotated[
        tuple[Annotated[OpenCode, Known(CommunicationSupport)], ...] | None,
        C7,
        Several,
        Field(title="意思疎通の支援"),
    ] = None
    health_note: Annotated[Passage | None, C3, Field(title="健康に関する聴取事項")] = None
    next_on: Annotated[Day | None, C0, Field(title="次回予定日")] = None

    _in_order = not_before("held_on", "next_on")
    _entered_later = not_before("captured_at", "entered_at")


class PlanItem(Part):
    """One thing to be done: what, by whom, until when."""

    domain: Annotated[Annotated[OpenCode, Known(Need)], Field(title="領域")]
    action: Annotated[Words, Field(title="内容")]
    agency_id: Annotated[AgencyId | None, Field(title="担当機関")] = None
    due_on: Annotated[Day | None, Field(title="期限")] = None
    state: Annotated[TaskState, Field(title="状態")] = TaskState.PLANNED


class MunicipalityInCharge(Part):
    """Which municipality said that it is in charge, and when. It is recorded, not computed."""

    lg_code: Annotated[AreaCode, Field(title="市区町村(全国地方公共団体コード)")]
    basis: Annotated[MunicipalityDuty, Field(title="根拠")]
    decided_on: Annotated[PastDay | None, Field(title="回答日")] = None
    answered_by: Annotated[Name | None, Field(title="回答者")] = None


class Plan(Body):
    """The plan of welfare services (福祉サービス等調整計画, M-a5)."""

    version: Annotated[Count, C0, Field(title="版")]
    goals: Annotated[tuple[Words, ...], C7, AtLeastOne, Field(title="目標")]
    items: Annotated[tuple[PlanItem, ...] | None, C7, Several, Field(title="支援の内容")] = None
    municipality_in_charge: Annotated[
        tuple[MunicipalityInCharge, ...] | None, C5, Several, Field(title="実施機関となる市区町村")
    ] = None
    resident_registration_action: Annotated[Words | None, C5, Field(title="住民登録の手続")] = None
    certificates_to_apply: Annotated[
        tuple[CertificateKind, ...] | None, C5, Several, Field(title="申請する手帳等")
    ] = None
    insurance: Annotated[Words | None, C5, Field(title="医療保険")] = None
    income: Annotated[Words | None, C5, Field(title="所得")] = None
    placement_candidates: Annotated[
        tuple[Name, ...] | None, C7, Several, Field(title="受入先の候補")
    ] = None
    health_note: Annotated[Passage | None, C3, Field(title="医療上の留意点")] = None
    risk_and_care_notes: Annotated[Passage | None, C7, Field(title="支援上の留意点")] = None
    subject_agreed_on: Annotated[PastDay | None, C7, Field(title="本人の同意日")] = None


class Placement(Body):
    """A residence that is agreed: its kind, where it is, and from when (居住先)."""

    residence_kind: Annotated[Residence, C7, Field(title="居住先の種別")]
    place: Annotated[Name, C7, Field(title="居住先の名称")]
    available_from: Annotated[Day, C7, Field(title="入居できる日")]
    address: Annotated[Address | None, C7, Field(title="所在地")] = None
    facility_contact: Annotated[Words | None, C7, Field(title="受入先の連絡先")] = None

    def facts(self) -> Mapping[str, Fact]:
        """The kind and the first day."""
        return {
            "placement_kind": self.residence_kind,
            "placement_from": self.available_from.isoformat(),
        }


class PlacementLost(Body):
    """A residence fell through."""

    lost_on: Annotated[PastDay, C0, Field(title="取消日")]
    reason: Annotated[Annotated[OpenCode, Known(PlacementLossReason)], C7, Field(title="理由")]
    note: Annotated[Words | None, C7, Field(title="補足")] = None

    def facts(self) -> Mapping[str, Fact]:
        """The placement is lost."""
        return {"placement_kind": None, "placement_from": None}


class Settled(Body):
    """The person lives where they were to live; it counts in the yearly statistics."""

    settled_on: Annotated[PastDay, C0, Field(title="帰住日")]
    residence_kind: Annotated[Residence, C7, Field(title="居住先の種別")]
    disability: Annotated[Disability, C2, Field(title="障害")]
    birth: Annotated[Birth, C1, Field(title="生年月日とその精度")]

    @field_validator("birth", mode="after")
    @classmethod
    def _born_before(cls, birth: Birth, info: ValidationInfo) -> Birth:
        settled: date | None = info.data.get("settled_on")
        if settled and birth.date_of_birth and birth.date_of_birth > settled:
            raise PydanticCustomError("born_later", "the birth is after the settlement")
        return birth

    def facts(self) -> Mapping[str, Fact]:
        """The day."""
        return {"settled_on": self.settled_on.isoformat()}

    def settlement(self) -> Settlement | None:
        """The cell: column from the three findings, row from the age on the settlement day.

        The table is kept in clear and for ever, so it holds known codes only.
        """
        is_known = self.residence_kind in ResidenceKind.titles()
        return Settlement(
            on=self.settled_on,
            category=self.disability.category.value,
            age_bracket=self.birth.bracket(self.settled_on).value,
            residence_kind=self.residence_kind if is_known else ResidenceKind.OTHER.value,
        )
