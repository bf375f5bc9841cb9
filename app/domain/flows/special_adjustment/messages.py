"""The messages of special adjustment: selection, request, plan, placement, release."""

from collections.abc import Mapping
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from app.domain.classes import C0, C1, C2, C3, C4, C6
from app.domain.messages.body import Body
from app.domain.messages.facts import Fact
from app.domain.messages.fields import (
    AgencyId,
    AtLeastOne,
    Day,
    PastDay,
    Reference,
    SeatId,
    SentenceDay,
    Several,
    Words,
)
from app.domain.messages.order import not_before
from app.domain.messages.payloads import samples
from app.domain.messages.payloads.closing import Ended, SystemEvent
from app.domain.messages.payloads.custody import Arrangement, CameOut
from app.domain.messages.payloads.dialogue import Answered, Asked, Noted, Reasoned
from app.domain.messages.payloads.eligibility import (
    About,
    Attachment,
    Certificate,
    DesiredArea,
    Disability,
    ExpectedRelease,
    OffenceCode,
    Prohibition,
    Selection,
)
from app.domain.messages.payloads.support import (
    Interview,
    Named,
    Placement,
    PlacementLost,
    Plan,
    Settled,
)
from app.domain.messages.person import Person
from app.domain.messages.requirements import CandidateRequirements, Requirements
from app.domain.state_machine.common_rows import (
    OURS,
    message_type,
)
from app.domain.text import Text
from app.domain.vocabulary.closing import CloseReason
from app.domain.vocabulary.consent import StatementMethod
from app.domain.vocabulary.custody import TreatmentCourse
from app.domain.vocabulary.procedure import SentenceKind
from app.domain.vocabulary.selection import AdjustItem, AdjustResult


class NotifyCandidate(About):
    """A candidate is notified to the probation office."""

    type: Literal["special_adjustment.notify_candidate"]
    subject: Annotated[Person, C1, Field(title="本人")]
    institution_id: Annotated[
        AgencyId | None,
        C0,
        Field(title="収容施設", description="Left out when the sender is the institution."),
    ] = None
    sentence_kind: Annotated[SentenceKind, C4, Field(title="刑の種類")]
    sentence_end_date: Annotated[SentenceDay, C4, Field(title="刑期終了日(満期日)")]
    parole_eligible_from: Annotated[
        SentenceDay | None,
        C4,
        Field(title="仮釈放が可能となる日", description="null where parole does not apply."),
    ]
    treatment_course: Annotated[TreatmentCourse | None, C4, Field(title="処遇課程")] = None
    requirements: Annotated[CandidateRequirements, C2, Field(title="六要件に関する事実")]
    disability: Annotated[Disability, C2, Field(title="障害")]
    wish_confirmed_on: Annotated[PastDay, C2, Field(title="希望を確認した日")]
    wish_confirmed_by: Annotated[SeatId | None, C2, Field(title="希望を確認した席")] = None

    TITLE = Text("特別調整候補者の通知", "notify a candidate")
    SOURCE = "domain reference M-a1; the requirements in the wording of the Osaka center's page"
    EXAMPLE = {
        "type": "special_adjustment.notify_candidate",
        "subject": samples.SUBJECT,
        "sentence_kind": "choeki",
        "sentence_end_date": "2027-03-15",
        "parole_eligible_from": "2026-07-15",
        "treatment_course": "DS",
        "requirements": samples.CANDIDATE_REQUIREMENTS,
        "disability": samples.DISABILITY,
        "certificates": samples.CERTIFICATES,
        "health_summary": "高血圧。歩行に支障はない。",
        "desired_area": samples.DESIRED_AREA,
        "expected_release": samples.EXPECTED_RELEASE,
        "registered_address": samples.REGISTERED_ADDRESS,
        "wish_confirmed_on": "2026-01-20",
    }

    def facts(self) -> Mapping[str, Fact]:
        """The day of release as far as it is known, and the wish."""
        wishes = self.requirements.req5_wishes_to_be_subject.met
        release: dict[str, Fact] = {"release_on": self.sentence_end_date.isoformat()}
        return {**release, **self.release_facts(), "wish": wishes, "custody_stage": "serving"}


class StartSelection(Named):
    """The probation office begins to look into it."""

    type: Literal["special_adjustment.start_selection"]

    TITLE = Text("調査・面接の開始", "start the selection")
    SOURCE = "domain reference 3.a"
    EXAMPLE = {
        "type": "special_adjustment.start_selection",
        "worker_seat": "probation-13.case_worker",
    }


class SelectSpecial(Selection):
    """The head of the probation office selects for special adjustment."""

    type: Literal["special_adjustment.select_special"]
    decided_on: Annotated[PastDay, C0, Field(title="選定日")]
    decision_no: Annotated[Reference | None, C0, Field(title="決定番号")] = None

    TITLE = Text("特別調整対象者の選定", "select for special adjustment")
    SOURCE = "平成21年4月 法務省保観第244号; domain reference 3.a"
    EXAMPLE = {
        "type": "special_adjustment.select_special",
        "requirements": samples.REQUIREMENTS,
        "decided_on": "2026-02-20",
        "decision_no": "保観第123号",
    }

    def facts(self) -> Mapping[str, Fact]:
        """The result, and which requirements are met."""
        return _selection_facts(AdjustResult.SPECIAL, self.requirements)


class SelectGeneral(Selection):
    """The head of the probation office selects for general adjustment."""

    type: Literal["special_adjustment.select_general"]
    decided_on: Annotated[PastDay, C0, Field(title="選定日")]
    decision_no: Annotated[Reference | None, C0, Field(title="決定番号")] = None

    TITLE = Text("一般調整対象者の選定", "select for general adjustment")
    SOURCE = "domain reference 3.a: 一般調整"
    EXAMPLE = {
        "type": "special_adjustment.select_general",
        "requirements": samples.REQUIREMENTS_GENERAL,
        "decided_on": "2026-02-20",
    }

    def facts(self) -> Mapping[str, Fact]:
        """The result, and which requirements are met."""
        return _selection_facts(AdjustResult.GENERAL, self.requirements)


class NotSelect(Ended):
    """The head of the probation office does not select."""

    REASON = CloseReason.NOT_SELECTED

    type: Literal["special_adjustment.not_select"]
    failed_requirements: Annotated[
        tuple[Annotated[int, Field(ge=1, le=6, strict=True)], ...],
        C2,
        AtLeastOne,
        Field(title="満たさない要件の番号", description="1 to 6."),
    ]
    requirements: Annotated[Requirements | None, C2, Field(title="六要件")] = None
    decided_on: Annotated[PastDay, C0, Field(title="決定日")]

    TITLE = Text("不選定", "do not select")
    SOURCE = "domain reference 3.a"
    EXAMPLE = {
        "type": "special_adjustment.not_select",
        "failed_requirements": [2, 4],
        "decided_on": "2026-02-20",
    }

    def facts(self) -> Mapping[str, Fact]:
        """The result `none`, and the reason for closing."""
        return {**super().facts(), "adjust_result": AdjustResult.NONE.value}


class RequestCooperation(About, Selection):
    """The center is asked to cooperate (特別調整協力等依頼書)."""

    type: Literal["special_adjustment.request_cooperation"]
    request_no: Annotated[Reference, C0, Field(title="依頼番号")]
    requested_on: Annotated[PastDay, C0, Field(title="依頼日")]
    response_due: Annotated[Day, C0, Field(title="回答期限")]
    adjust_result: Annotated[
        Literal[AdjustResult.SPECIAL, AdjustResult.GENERAL], C2, Field(title="調整の区分")
    ]
    subject: Annotated[Person, C1, Field(title="本人")]
    desired_area: Annotated[tuple[DesiredArea, ...], C1, Several, Field(title="希望する帰住地")]
    expected_release: Annotated[ExpectedRelease, C4, Field(title="釈放の見込み")]
    adjust_items: Annotated[
        tuple[AdjustItem, ...], C2, AtLeastOne, Field(title="調整すべき事項(省令112条)")
    ]
    offence_category: Annotated[
        OffenceCode,
        C4,
        Field(title="罪名の大分類", description="Coarse, never the words of a judgment."),
    ]
    prohibitions: Annotated[
        tuple[Prohibition, ...] | None,
        C6,
        Several,
        Field(title="遵守事項(接触禁止・居住制限)", description="null when there is none."),
    ]
    attachments: Annotated[tuple[Attachment, ...] | None, C2, Several, Field(title="添付書類")] = (
        None
    )

    _in_order = not_before("requested_on", "response_due")

    TITLE = Text("特別調整協力等依頼書", "request the center's cooperation")
    SOURCE = "domain reference M-a2; 特別調整協力等依頼書 by name only, its form was not at hand"
    EXAMPLE = {
        "type": "special_adjustment.request_cooperation",
        "request_no": "保観第130号",
        "requested_on": "2026-03-02",
        "response_due": "2026-03-16",
        "adjust_result": "special",
        "requirements": samples.REQUIREMENTS,
        "subject": samples.SUBJECT,
        "disability": samples.DISABILITY,
        "certificates": samples.CERTIFICATES,
        "health_summary": "高血圧。歩行に支障はない。",
        "desired_area": samples.DESIRED_AREA,
        "expected_release": samples.EXPECTED_RELEASE,
        "adjust_items": ["1", "6"],
        "offence_category": "theft",
        "registered_address": samples.REGISTERED_ADDRESS,
        "prohibitions": samples.PROHIBITIONS,
        "attachments": [{"kind": "personal_record_excerpt", "sha256": samples.SHA256, "pages": 4}],
    }

    def facts(self) -> Mapping[str, Fact]:
        """By when an answer is due, and the day of release."""
        return {"response_due": self.response_due.isoformat(), **self.release_facts()}

    def consents_named(self) -> frozenset[UUID]:
        """The consent of requirement 6."""
        return _consent_of_requirement_6(self.requirements)


class Query(Asked):
    """The center asks for what is missing."""

    type: Literal["special_adjustment.query"]

    TITLE = Text("照会", "ask back")
    SOURCE = "domain reference 3.a"
    EXAMPLE = {
        "type": "special_adjustment.query",
        "fields": ["health_summary", "certificates"],
        "question": "服薬の内容と、手帳の有効期限を教えてください。",
        "response_due": "2026-03-10",
    }


class AnswerQuery(Answered):
    """The probation office answers with the missing fields only."""

    type: Literal["special_adjustment.answer_query"]

    TITLE = Text("照会への回答", "answer the query")
    SOURCE = "domain reference 3.a"
    EXAMPLE = {
        "type": "special_adjustment.answer_query",
        "fields": ["health_summary", "certificates"],
        "health_summary": "降圧薬を1日1回服用している。",
        "certificates": samples.CERTIFICATES,
    }


class Accept(Named):
    """The center accepts and names its worker."""

    type: Literal["special_adjustment.accept"]
    accepted_on: Annotated[PastDay | None, C0, Field(title="受任日")] = None

    TITLE = Text("受任", "accept")
    SOURCE = "domain reference 3.a"
    EXAMPLE = {
        "type": "special_adjustment.accept",
        **samples.WORKER,
        "accepted_on": "2026-03-12",
    }

    def facts(self) -> Mapping[str, Fact]:
        """The request is answered."""
        return {"response_due": None}


class ReturnRequest(Reasoned):
    """The center wants to give the request back."""

    type: Literal["special_adjustment.return_request"]

    TITLE = Text("依頼の返戻の申出", "return the request")
    SOURCE = "domain reference 3.a"
    EXAMPLE = {
        "type": "special_adjustment.return_request",
        "reason": "requirement_unclear",
        "note": "要件③の根拠が依頼書から読み取れない。",
    }


class ConfirmReturn(Ended):
    """The probation office takes the request back."""

    REASON = CloseReason.WITHDRAWN_BY_REQUESTER

    type: Literal["special_adjustment.confirm_return"]
    confirmed_on: Annotated[PastDay, C0, Field(title="確認日")]

    TITLE = Text("返戻の確認", "confirm the return")
    SOURCE = "domain reference 3.a"
    EXAMPLE = {"type": "special_adjustment.confirm_return", "confirmed_on": "2026-03-18"}


class Insist(Noted):
    """The probation office asks the center to go on."""

    type: Literal["special_adjustment.insist"]

    TITLE = Text("再度の依頼", "insist on the request")
    SOURCE = "domain reference 3.a"
    EXAMPLE = {
        "type": "special_adjustment.insist",
        "note": "要件③の根拠は福祉専門官の面接記録による。",
    }


class WithdrawRequest(Ended):
    """The probation office withdraws its request."""

    REASON = CloseReason.WITHDRAWN_BY_REQUESTER

    type: Literal["special_adjustment.withdraw_request"]
    withdrawn_on: Annotated[PastDay, C0, Field(title="取下げの日")]

    TITLE = Text("依頼の取下げ", "withdraw the request")
    SOURCE = "domain reference 3.a and 3.0.8"
    EXAMPLE = {"type": "special_adjustment.withdraw_request", "withdrawn_on": "2026-03-18"}


class SpecialInterview(Interview):
    """The center has interviewed the person."""

    type: Literal["special_adjustment.interview"]

    TITLE = Text("面談の記録", "record an interview")
    SOURCE = "domain reference M-a4"
    EXAMPLE = {
        "type": "special_adjustment.interview",
        "place_agency": "prison-fuchu",
        **samples.INTERVIEW,
    }


class DraftPlan(Plan):
    """The center drafts the plan of welfare services."""

    type: Literal["special_adjustment.draft_plan"]

    TITLE = Text("福祉サービス等調整計画(案)", "draft the plan")
    SOURCE = "domain reference M-a5"
    EXAMPLE = {"type": "special_adjustment.draft_plan", **samples.PLAN}


class AgreePlan(Body):
    """The person agrees to the plan."""

    type: Literal["special_adjustment.agree_plan"]
    agreed_on: Annotated[PastDay, C0, Field(title="同意日")]
    method: Annotated[StatementMethod, C0, Field(title="同意の方法")]

    TITLE = Text("計画への本人の同意", "the person agrees to the plan")
    SOURCE = "domain reference 3.a"
    EXAMPLE = {
        "type": "special_adjustment.agree_plan",
        "agreed_on": "2026-05-12",
        "method": "written",
    }

    def facts(self) -> Mapping[str, Fact]:
        """The day."""
        return {"plan_agreed_on": self.agreed_on.isoformat()}


class StartSeeking(Noted):
    """The center begins to look for a placement."""

    type: Literal["special_adjustment.start_seeking"]

    TITLE = Text("受入先の調整の開始", "start seeking a placement")
    SOURCE = "domain reference 3.a"
    EXAMPLE = {"type": "special_adjustment.start_seeking"}


class AgreePlacement(Placement):
    """A placement is agreed."""

    type: Literal["special_adjustment.agree_placement"]

    TITLE = Text("帰住先の内定", "agree a placement")
    SOURCE = "domain reference 3.a and 3.g"
    EXAMPLE = {"type": "special_adjustment.agree_placement", **samples.PLACEMENT}


class LosePlacement(PlacementLost):
    """The agreed placement falls through."""

    type: Literal["special_adjustment.lose_placement"]

    TITLE = Text("帰住先の取消し", "lose the placement")
    SOURCE = "domain reference 3.a"
    EXAMPLE = {
        "type": "special_adjustment.lose_placement",
        "lost_on": "2026-06-08",
        "reason": "full",
    }


class PrepareRelease(Arrangement):
    """All is ready for the day of release."""

    type: Literal["special_adjustment.prepare_release"]

    TITLE = Text("出所時の調整", "prepare the release")
    SOURCE = "domain reference M-a6"
    EXAMPLE = {"type": "special_adjustment.prepare_release", **samples.ARRANGEMENT}


class ReleasedFromInstitution(CameOut):
    """The person has left the institution."""

    type: Literal["special_adjustment.released"]

    TITLE = Text("釈放の通知", "report the release")
    SOURCE = "domain reference 3.a"
    EXAMPLE = {
        "type": "special_adjustment.released",
        "released_on": "2026-06-15",
        "release_kind": "full_term",
    }


class Settle(Settled):
    """The person has come to where they live now."""

    type: Literal["special_adjustment.settle"]

    TITLE = Text("帰住の報告", "report the settlement")
    SOURCE = "domain reference 3.a, 3.0.4 and 3.0.6"
    EXAMPLE = {
        "type": "special_adjustment.settle",
        "settled_on": "2026-06-15",
        "residence_kind": "group_home_disability",
        "disability": samples.DISABILITY,
        "birth": {"date_of_birth": "1954-05-05", "dob_precision": "day"},
    }


class TransferInstitution(Body):
    """The person is moved to another institution, which becomes a party in place of the old one."""

    type: Literal["special_adjustment.transfer_institution"]
    transferred_on: Annotated[Day, C4, Field(title="移送日")]
    new_probation_office: Annotated[
        AgencyId | None,
        C0,
        Field(title="新たな保護観察所", description="If the new institution has another one."),
    ] = None
    subject: Annotated[Person | None, C1, Field(title="本人")] = None
    expected_release: Annotated[ExpectedRelease | None, C4, Field(title="釈放の見込み")] = None
    health_summary: Annotated[Words | None, C3, Field(title="健康状態の概要")] = None

    TITLE = Text("移送", "transfer to another institution")
    SOURCE = "domain reference 3.a"
    EXAMPLE = {
        "type": "special_adjustment.transfer_institution",
        "transferred_on": "2026-05-20",
        "subject": samples.SUBJECT,
    }

    def facts(self) -> Mapping[str, Fact]:
        """The day of release, if it is said again."""
        if self.expected_release is None:
            return {}
        return {"release_on": self.expected_release.date.isoformat()}


class TransferOffice(Body):
    """Another probation office takes over, and becomes a party in place of the old one."""

    type: Literal["special_adjustment.transfer_office"]
    transferred_on: Annotated[Day, C0, Field(title="引継日")]
    subject: Annotated[Person | None, C1, Field(title="本人")] = None
    requirements: Annotated[Requirements | None, C2, Field(title="六要件")] = None
    certificates: Annotated[tuple[Certificate, ...] | None, C2, Several, Field(title="手帳等")] = (
        None
    )

    TITLE = Text("保護観察所間の引継ぎ", "hand over to another probation office")
    SOURCE = OURS
    EXAMPLE = {
        "type": "special_adjustment.transfer_office",
        "transferred_on": "2026-05-21",
        "subject": samples.SUBJECT,
    }


RegionalRequested = message_type(
    "special_adjustment",
    "regional_requested",
    SystemEvent,
    Text("広域調整の依頼", "another center is asked"),
    {},
    "domain reference 3.a and 3.c",
)
RegionalReturned = message_type(
    "special_adjustment",
    "regional_returned",
    SystemEvent,
    Text("広域調整の返戻", "the other center gives it back"),
    {},
    "domain reference 3.a and 3.c",
)
RegionalTransferred = message_type(
    "special_adjustment",
    "regional_transferred",
    SystemEvent,
    Text("主担当の移管", "the other center takes the lead"),
    {},
    "domain reference 3.a and 3.c",
)


def _selection_facts(result: AdjustResult, requirements: Requirements) -> Mapping[str, Fact]:
    return {
        "adjust_result": result.value,
        "requirements_met": requirements.numbers_met(),
        "wish": requirements.req5_wishes_to_be_subject.met,
    }


def _consent_of_requirement_6(requirements: Requirements) -> frozenset[UUID]:
    consent = requirements.req6_consents_to_information_provision.consent_id
    return frozenset() if consent is None else frozenset({consent})
