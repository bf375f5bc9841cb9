"""広域調整: one center asks another, and hands the lead over to it."""

from collections.abc import Mapping
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from app.domain.cases.case import CLOSED, NEW
from app.domain.classes import C0, C1, C2, C4, C7, upto
from app.domain.directory.kinds import CENTERS
from app.domain.flows.regional_coordination.codes import (
    RegionalDeclineReason,
    RegionalTask,
    TaskHolder,
    Tie,
)
from app.domain.messages.body import Body, Part
from app.domain.messages.facts import Fact
from app.domain.messages.fields import AtLeastOne, Day, Passage, Reference, Several, Words
from app.domain.messages.payloads import samples
from app.domain.messages.payloads.closing import Ended
from app.domain.messages.payloads.dialogue import Answered, Asked, Noted, Reasoned
from app.domain.messages.payloads.eligibility import About, DesiredArea, ExpectedRelease
from app.domain.messages.payloads.support import Interview, Named, Placement, PlacementLost
from app.domain.messages.person import Person
from app.domain.messages.requirements import Requirements
from app.domain.state_machine.common_rows import (
    DECLINE_PENDING,
    END,
    SIDE_STATES,
    SUSPENDED_CONSENT,
    CommonRows,
    parent_closed,
)
from app.domain.state_machine.guards import happened, is_lead, one_agreed_placement
from app.domain.state_machine.table import BACK, LEAD, Flow, PartyRole, Report, rows
from app.domain.text import Text
from app.domain.vocabulary.closing import CloseReason
from app.domain.vocabulary.code import Known, OpenCode
from app.domain.vocabulary.dialogue import ReturnReason

NAME = "regional_coordination"
ORIGIN, DESTINATION = "origin_center", "destination_center"
ORIGIN_C0 = "origin_center:C0"

REQUESTED = "requested"
ACKNOWLEDGED = "acknowledged"
CLARIFYING = "clarifying"
ACCEPTED = "accepted"
JOINT_ASSESSING = "joint_assessing"
PLACEMENT_SEEKING = "placement_seeking"
PLACEMENT_FOUND = "placement_found"
TRANSFER_OFFERED = "transfer_offered"
LEAD_TRANSFERRED = "lead_transferred"

STATES: Mapping[str, Text] = {
    REQUESTED: Text("協力依頼済", "requested"),
    ACKNOWLEDGED: Text("受領", "acknowledged"),
    CLARIFYING: Text("照会中", "clarifying"),
    ACCEPTED: Text("受託", "accepted"),
    JOINT_ASSESSING: Text("面談・分担中", "joint assessing"),
    PLACEMENT_SEEKING: Text("受入先調整中", "placement seeking"),
    PLACEMENT_FOUND: Text("受入先あり", "placement found"),
    TRANSFER_OFFERED: Text("主担当移管の申出中", "transfer offered"),
    LEAD_TRANSFERRED: Text("主担当移管", "lead transferred"),
    **SIDE_STATES,
    **END,
}
OPEN = tuple(state for state in STATES if state != CLOSED)
BEFORE_TRANSFER = OPEN[: OPEN.index(LEAD_TRANSFERRED)]

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
        """The consent to telling the other center."""
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
    completed_on: Annotated[Day, C0, Field(title="完了日")]

    TITLE = Text("広域調整の完了", "complete the coordination")
    SOURCE = "agreed tables"
    EXAMPLE = {"type": "regional_coordination.complete", "completed_on": "2026-06-20"}


CONSENT = {
    **samples.CONSENT,
    "consent_id": samples.CONSENT_REGIONAL_ID,
    "purpose": "regional",
    "valid_from": "2026-04-22",
    "obtained_on": "2026-04-22",
}
RENEWED = {
    **CONSENT,
    "consent_id": samples.CONSENT_RENEWED_ID,
    "valid_from": "2026-06-08",
    "obtained_on": "2026-06-08",
}


def _told_of_consent(state: str, sender: str) -> tuple[str, ...]:
    """The center that decides: the asking one until the lead has passed on."""
    if sender == ORIGIN or state == LEAD_TRANSFERRED:
        return ()
    return (ORIGIN,) if state in BEFORE_TRANSFER else (ORIGIN_C0,)


REQUESTED_REPORT = Report("regional_requested")
RETURNED_REPORT = Report("regional_returned")
TRANSFERRED_REPORT = Report("regional_transferred", brings={"center": DESTINATION})

COMMON = CommonRows(
    flow=NAME,
    parties=(ORIGIN, DESTINATION),
    open=OPEN,
    deciding=LEAD,
    by_consent=frozenset({DESTINATION}),
    closers=(LEAD,),
    custodians=(ORIGIN,),
    consent=CONSENT,
    renewed=RENEWED,
    told_of_consent=_told_of_consent,
    reports=RETURNED_REPORT,
    custody_added=True,
)

# fmt: off
# A row stays a row: state, message, party, where it leads.
TABLE = (
    *rows(NEW, RegionalRequest, ORIGIN, REQUESTED, decides=True, joins=(DESTINATION,),
          copies=(DESTINATION,), guards=(is_lead,), reports=REQUESTED_REPORT),
    *rows(REQUESTED, Acknowledge, DESTINATION, ACKNOWLEDGED, copies=(ORIGIN,)),
    *rows(ACKNOWLEDGED, RegionalQuery, DESTINATION, CLARIFYING, copies=(ORIGIN,)),
    *rows(CLARIFYING, RegionalAnswerQuery, ORIGIN, ACKNOWLEDGED, copies=(DESTINATION,)),
    *rows(ACKNOWLEDGED, RegionalAccept, DESTINATION, ACCEPTED, decides=True, copies=(ORIGIN,)),
    *rows((REQUESTED, ACKNOWLEDGED, CLARIFYING), RegionalDeclineRequest, DESTINATION, CLOSED,
          decides=True, copies=(ORIGIN,), reports=RETURNED_REPORT),
    *rows((ACCEPTED, JOINT_ASSESSING), AssignTasks, ORIGIN, JOINT_ASSESSING,
          copies=(DESTINATION,)),
    *rows((ACCEPTED, JOINT_ASSESSING), AssignTasks, DESTINATION, JOINT_ASSESSING,
          copies=(ORIGIN,)),
    *rows((ACCEPTED, JOINT_ASSESSING), RegionalInterview, ORIGIN, JOINT_ASSESSING,
          copies=(DESTINATION,), guards=(happened("held_on"),)),
    *rows((ACCEPTED, JOINT_ASSESSING), RegionalInterview, DESTINATION, JOINT_ASSESSING,
          copies=(ORIGIN,), guards=(happened("held_on"),)),
    *rows(JOINT_ASSESSING, RegionalStartSeeking, DESTINATION, PLACEMENT_SEEKING,
          copies=(ORIGIN_C0,)),
    *rows(PLACEMENT_SEEKING, FindPlacement, DESTINATION, PLACEMENT_FOUND,
          copies=(ORIGIN,), guards=(one_agreed_placement,)),
    *rows(PLACEMENT_FOUND, RegionalLosePlacement, DESTINATION, PLACEMENT_SEEKING,
          copies=(ORIGIN,)),
    *rows((ACCEPTED, JOINT_ASSESSING, PLACEMENT_SEEKING, PLACEMENT_FOUND), OfferTransfer, ORIGIN,
          TRANSFER_OFFERED, decides=True, copies=(DESTINATION,)),
    *rows(TRANSFER_OFFERED, AcceptTransfer, DESTINATION, LEAD_TRANSFERRED, decides=True,
          lead=DESTINATION, copies=(ORIGIN,), reports=TRANSFERRED_REPORT),
    *rows(TRANSFER_OFFERED, RefuseTransfer, DESTINATION, BACK, decides=True, copies=(ORIGIN,)),
    *rows(BEFORE_TRANSFER, ReturnCase, DESTINATION, CLOSED, decides=True, copies=(ORIGIN,),
          reports=RETURNED_REPORT),
    *rows(BEFORE_TRANSFER, WithdrawRegional, ORIGIN, CLOSED, decides=True, copies=(DESTINATION,),
          reports=RETURNED_REPORT),
    *rows(LEAD_TRANSFERRED, Complete, DESTINATION, CLOSED, decides=True, copies=(ORIGIN_C0,)),
    *parent_closed(NAME, (*BEFORE_TRANSFER, SUSPENDED_CONSENT, DECLINE_PENDING)),
    *COMMON.table(),
)
# fmt: on

REGIONAL_COORDINATION = Flow(
    name=NAME,
    title=Text("広域調整", "regional coordination"),
    parties={
        ORIGIN: PartyRole(Text("依頼センター", "origin center"), CENTERS, upto(7)),
        DESTINATION: PartyRole(
            Text("受託センター", "destination center"), CENTERS, upto(7), by_consent=True
        ),
    },
    states=STATES,
    side_states=frozenset({SUSPENDED_CONSENT, DECLINE_PENDING, TRANSFER_OFFERED}),
    steps=TABLE,
    deciding=LEAD,
    joins_parent=True,
)
