"""The messages between two centers."""

from collections.abc import Mapping
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from app.domain.classes import C0, C1, C2, C4, C7
from app.domain.flows.regional_coordination.codes import (
    RegionalDeclineReason,
    RegionalTask,
    TaskHolder,
    Tie,
)
from app.domain.messages.body import Body, Part
from app.domain.messages.facts import Fact
from app.domain.messages.fields import AtLeastOne, Day, Passage, PastDay, Reference, Several, Words
from app.domain.messages.payloads import samples
from app.domain.messages.payloads.closing import Ended
from app.domain.messages.payloads.dialogue import Answered, Asked, Noted, Reasoned
from app.domain.messages.payloads.eligibility import About, DesiredArea, ExpectedRelease
from app.domain.messages.payloads.support import Interview, Named, Placement, PlacementLost
from app.domain.messages.person import Person
from app.domain.messages.requirements import Requirements
from app.domain.text import Text
from app.domain.vocabulary.closing import CloseReason
from app.domain.vocabulary.code import Known, OpenCode
from app.domain.vocabulary.dialogue import ReturnReason

Task = Annotated[OpenCode, Known(RegionalTask)]


class RegionalRequest(About):
    """The lead center asks the center of the wished prefecture (支援業務協力依頼書)."""

    type: Literal["regional_coordination.request"]
    request_no: Annotated[Reference, C0, Field(title="依頼番号")]
    origin_flow: Annotated[
        OpenCode, C0, Field(title="元の依頼の種類", examples=["special_adjustment"])
    ]
    consent_id: Annotated[UUID, C0, Field(title="同意記録の番号")]
    response_due: Annotated[Day, C0, Field(title="回答期限")]
    tasks_asked: Annotated[tuple[Task, ...], C0, AtLeastOne, Field(title="依頼する業務")]
    subject: Annotated[Person, C1, Field(title="本人")]
    desired_area: Annotated[tuple[DesiredArea, ...], C1, AtLeastOne, Field(title="希望する帰住地")]
    tie: Annotated[Tie, C1, Field(title="希望地とのつながり")]
    requirements: Annotated[
        Requirements | None,
        C2,
        Field(title="六要件", description="A snapshot, where the parent is special adjustment."),
    ] = None
    expected_release: Annotated[ExpectedRelease, C4, Field(title="釈放の見込み")]
    assessment_summary: Annotated[Passage, C7, Field(title="アセスメントの要約")]
    plan_draft: Annotated[Passage | None, C7, Field(title="計画案")] = None

    TITLE = Text("支援業務協力依頼書", "request another center's support")
    SOURCE = "domain reference M-c1; 支援業務協力依頼書 by name only, its form was not at hand"
    EXAMPLE = {
        "type": "regional_coordination.request",
        "request_no": "定着第21号",
        "origin_flow": "special_adjustment",
        "consent_id": samples.CONSENT_REGIONAL_ID,
        "response_due": "2026-05-08",
        "tasks_asked": ["placement", "escort", "followup"],
        "subject": samples.SUBJECT,
        "disability": samples.DISABILITY,
        "certificates": samples.CERTIFICATES,
        "desired_area": [{"area": "270008", "rank": 1}],
        "tie": "past_residence",
        "requirements": samples.REQUIREMENTS,
        "expected_release": samples.EXPECTED_RELEASE,
        "assessment_summary": "軽い作業と見守りのある住まいを希望している。",
    }

    def facts(self) -> Mapping[str, Fact]:
        """By when an answer is due, and the day of release."""
        return {"response_due": self.response_due.isoformat(), **self.release_facts()}

    def consents_named(self) -> frozenset[UUID]:
        """The consent to the disclosure to the other center."""
        return frozenset({self.consent_id})


class Acknowledge(Noted):
    """The other center has the request in hand."""

    type: Literal["regional_coordination.acknowledge"]

    TITLE = Text("受領", "acknowledge")
    SOURCE = "domain reference 3.c"
    EXAMPLE = {"type": "regional_coordination.acknowledge"}


class RegionalQuery(Asked):
    """The other center asks for what is missing."""

    type: Literal["regional_coordination.query"]

    TITLE = Text("照会", "ask back")
    SOURCE = "domain reference 3.c"
    EXAMPLE = {
        "type": "regional_coordination.query",
        "fields": ["health_summary"],
        "question": "通院の頻度を教えてください。",
    }


class RegionalAnswerQuery(Answered):
    """The asking center answers with the missing fields only."""

    type: Literal["regional_coordination.answer_query"]

    TITLE = Text("照会への回答", "answer the query")
    SOURCE = "domain reference 3.c"
    EXAMPLE = {
        "type": "regional_coordination.answer_query",
        "fields": ["health_summary"],
        "health_summary": "月1回の通院が必要である。",
    }


class RegionalAccept(Named):
    """The other center takes the request."""

    type: Literal["regional_coordination.accept"]
    conditions: Annotated[tuple[Words, ...] | None, C7, Several, Field(title="条件")] = None
    first_action_on: Annotated[Day | None, C0, Field(title="最初に着手する日")] = None

    TITLE = Text("受託", "accept")
    SOURCE = "domain reference M-c2"
    EXAMPLE = {
        "type": "regional_coordination.accept",
        "worker_seat": "center-27.case_worker",
        "first_action_on": "2026-05-11",
    }

    def facts(self) -> Mapping[str, Fact]:
        """The request is answered."""
        return {"response_due": None}


class RegionalDeclineRequest(Ended):
    """The other center does not take it, for a coded reason."""

    REASON = CloseReason.NOT_ACCEPTED

    type: Literal["regional_coordination.decline_request"]
    reason: Annotated[RegionalDeclineReason, C0, Field(title="理由")]
    note: Annotated[Words | None, C7, Field(title="補足")] = None

    TITLE = Text("不受託", "decline the request")
    SOURCE = "domain reference 3.c"
    EXAMPLE = {"type": "regional_coordination.decline_request", "reason": "no_residence_tie"}


class TaskShare(Part):
    """One task and the center that does it."""

    task: Annotated[Task, Field(title="業務")]
    by: Annotated[TaskHolder, Field(title="担当センター")]


class AssignTasks(Body):
    """Who visits, who seeks a placement, who escorts, who follows up."""

    type: Literal["regional_coordination.assign_tasks"]
    tasks: Annotated[tuple[TaskShare, ...], C0, AtLeastOne, Field(title="業務の分担")]

    TITLE = Text("業務の分担", "assign the tasks")
    SOURCE = "domain reference 3.c"
    EXAMPLE = {
        "type": "regional_coordination.assign_tasks",
        "tasks": [
            {"task": "prison_visit", "by": "origin_center"},
            {"task": "placement", "by": "destination_center"},
            {"task": "escort", "by": "destination_center"},
        ],
    }


class RegionalInterview(Interview):
    """One of the two centers has interviewed the person."""

    type: Literal["regional_coordination.interview"]

    TITLE = Text("面談の記録", "record an interview")
    SOURCE = "domain reference M-a4"
    EXAMPLE = {
        "type": "regional_coordination.interview",
        "place_agency": "prison-fuchu",
        **samples.INTERVIEW,
        "held_on": "2026-05-20",
        "captured_at": "2026-05-20T14:30:00+09:00",
        "entered_at": "2026-05-21T09:10:00+09:00",
        "next_on": "2026-06-03",
    }


class RegionalStartSeeking(Noted):
    """The other center begins to look for a placement."""

    type: Literal["regional_coordination.start_seeking"]

    TITLE = Text("受入先の調整の開始", "start seeking a placement")
    SOURCE = "domain reference 3.c"
    EXAMPLE = {"type": "regional_coordination.start_seeking"}


class FindPlacement(Placement):
    """The other center has found a placement."""

    type: Literal["regional_coordination.find_placement"]

    TITLE = Text("受入先の確保", "find a placement")
    SOURCE = "domain reference 3.c and 3.g"
    EXAMPLE = {
        "type": "regional_coordination.find_placement",
        **samples.PLACEMENT,
        "address": {"full_address": "大阪府架空市見本町4丁目5番6号"},
    }


class RegionalLosePlacement(PlacementLost):
    """The placement that was found falls through."""

    type: Literal["regional_coordination.lose_placement"]

    TITLE = Text("受入先の取消し", "lose the placement")
    SOURCE = "domain reference 3.c"
    EXAMPLE = {
        "type": "regional_coordination.lose_placement",
        "lost_on": "2026-06-08",
        "reason": "full",
    }


class OfferTransfer(Body):
    """The asking center offers the lead, with what is still to be done."""

    type: Literal["regional_coordination.offer_transfer"]
    effective_on: Annotated[Day | None, C0, Field(title="移管予定日")] = None
    open_tasks: Annotated[tuple[Words, ...], C7, Several, Field(title="残る業務")]

    TITLE = Text("主担当移管の申出", "offer the lead")
    SOURCE = "domain reference 3.c"
    EXAMPLE = {
        "type": "regional_coordination.offer_transfer",
        "effective_on": "2026-06-15",
        "open_tasks": ["出所当日の同行", "転入届の同行"],
    }


class AcceptTransfer(Named):
    """The other center takes the lead: from this moment it is the only one."""

    type: Literal["regional_coordination.accept_transfer"]

    TITLE = Text("主担当移管の受諾", "accept the lead")
    SOURCE = "domain reference 3.c"
    EXAMPLE = {
        "type": "regional_coordination.accept_transfer",
        "worker_seat": "center-27.case_worker",
    }


class RefuseTransfer(Reasoned):
    """The other center does not take the lead now."""

    type: Literal["regional_coordination.refuse_transfer"]

    TITLE = Text("主担当移管の辞退", "refuse the lead")
    SOURCE = "agreed tables"
    EXAMPLE = {
        "type": "regional_coordination.refuse_transfer",
        "reason": "missing_information",
        "note": "残る手続の期限を知らせてほしい。",
    }


class ReturnCase(Ended):
    """The other center gives the case back."""

    REASON = CloseReason.NOT_ACCEPTED

    type: Literal["regional_coordination.return_case"]
    reason: Annotated[Annotated[OpenCode, Known(ReturnReason)], C0, Field(title="理由")]
    note: Annotated[Words | None, C7, Field(title="補足")] = None

    TITLE = Text("返戻", "return the case")
    SOURCE = "domain reference 3.c"
    EXAMPLE = {"type": "regional_coordination.return_case", "reason": "not_found"}


class WithdrawRegional(Ended):
    """The asking center withdraws its request."""

    REASON = CloseReason.WITHDRAWN_BY_REQUESTER

    type: Literal["regional_coordination.withdraw"]
    reason: Annotated[Annotated[OpenCode, Known(ReturnReason)], C0, Field(title="理由")]
    note: Annotated[Words | None, C7, Field(title="補足")] = None

    TITLE = Text("依頼の取下げ", "withdraw the request")
    SOURCE = "domain reference 3.c"
    EXAMPLE = {"type": "regional_coordination.withdraw", "reason": "wish_changed"}


class Complete(Ended):
    """The regional coordination is over; the other center goes on in the parent."""

    REASON = CloseReason.SETTLED

    type: Literal["regional_coordination.complete"]
    completed_on: Annotated[PastDay, C0, Field(title="完了日")]

    TITLE = Text("広域調整の完了", "complete the coordination")
    SOURCE = "agreed tables"
    EXAMPLE = {"type": "regional_coordination.complete", "completed_on": "2026-06-20"}


CONSENT = {
    **samples.CONSENT,
    "consent_id": samples.CONSENT_IN_CHILD_ID,
    "purpose": "regional",
    "recipients": ["center-27"],
    "valid_from": "2026-04-22",
    "obtained_on": "2026-04-22",
}
RENEWED = {
    **CONSENT,
    "consent_id": samples.CONSENT_RENEWED_ID,
    "valid_from": "2026-06-08",
    "obtained_on": "2026-06-08",
}
