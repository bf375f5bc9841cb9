"""The messages of a request from counsel."""

from collections.abc import Mapping
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from app.domain.classes import C0, C1, C2, C7, C8
from app.domain.flows.defence_support.codes import (
    Appointment,
    DefenceRequest,
    PlanKind,
    ProbationQuestion,
)
from app.domain.messages.body import Body, Part
from app.domain.messages.facts import Fact
from app.domain.messages.fields import (
    AgencyId,
    AtLeastOne,
    Day,
    Flag,
    Name,
    Passage,
    PastDay,
    Phone,
    Reference,
    Several,
)
from app.domain.messages.payloads import samples
from app.domain.messages.payloads.closing import Ended
from app.domain.messages.payloads.consent import RecordedConsent
from app.domain.messages.payloads.custody import Disposed
from app.domain.messages.payloads.dialogue import Answered, Asked
from app.domain.messages.payloads.eligibility import About, Attachment
from app.domain.messages.payloads.support import Interview, Named, Plan
from app.domain.messages.person import Person
from app.domain.state_machine.common_rows import (
    OURS,
)
from app.domain.text import Text
from app.domain.vocabulary.closing import CloseReason
from app.domain.vocabulary.code import Known, OpenCode
from app.domain.vocabulary.dialogue import ReturnReason
from app.domain.vocabulary.support import Need


class DefenceCounsel(Part):
    """Who asks: counsel of the person, with bar and appointment."""

    name: Annotated[Name, Field(title="氏名")]
    bar: Annotated[AgencyId | None, Field(title="弁護士会")] = None
    bar_no: Annotated[Reference | None, Field(title="登録番号")] = None
    appointed: Annotated[Appointment | None, Field(title="選任の別")] = None
    phone: Annotated[Phone | None, Field(title="電話番号")] = None


class Inquire(About, RecordedConsent):
    """Counsel asks a center, with the client's consent."""

    type: Literal["defence_support.inquire"]
    counsel: Annotated[DefenceCounsel, C1, Field(title="弁護人")]
    what_is_asked: Annotated[
        tuple[Annotated[OpenCode, Known(DefenceRequest)], ...],
        C0,
        AtLeastOne,
        Field(title="依頼の内容"),
    ]
    deadline: Annotated[Day | None, C0, Field(title="期限")] = None
    share_with_probation: Annotated[
        Flag,
        C0,
        Field(
            title="保護観察所への照会の了解",
            description="Counsel's leave to ask that office; there is none for prosecutors.",
        ),
    ] = False
    defence_note: Annotated[
        Passage | None, C8, Field(title="弁護人限りの情報", description="Never leaves this flow.")
    ] = None

    TITLE = Text("弁護人からの依頼", "inquire on behalf of a client")
    SOURCE = "domain reference M-b5"
    EXAMPLE = {
        "type": "defence_support.inquire",
        **samples.CONSENT,
        "consent_id": samples.CONSENT_CLIENT_ID,
        "purpose": "defence",
        "item_classes": ["C1", "C2", "C3", "C4", "C5", "C6", "C7", "C8"],
        "valid_from": "2026-04-02",
        "obtained_on": "2026-04-02",
        "supporter": {"kind": "counsel", "name": "架空 弁護"},
        "subject": samples.SUBJECT,
        "disability": samples.DISABILITY,
        "offence_category": "theft",
        "counsel": {
            "name": "架空 弁護",
            "bar": "bar-13-tokyo",
            "appointed": "court",
            "phone": "(03)0000-0000",
        },
        "what_is_asked": ["plan_support", "visit_with_counsel"],
        "deadline": "2026-05-29",
        "share_with_probation": False,
        "defence_note": "公判では更生支援計画書を提出する方針である。",
    }

    def facts(self) -> Mapping[str, Fact]:
        """Counsel's leave, and the day by which an answer is wanted."""
        due = {"response_due": self.deadline.isoformat()} if self.deadline else {}
        return {**due, **self.release_facts(), "probation_leave": self.share_with_probation}


class DefenceQuery(Asked):
    """The center asks for what is missing."""

    type: Literal["defence_support.query"]

    TITLE = Text("照会", "ask back")
    SOURCE = "agreed tables"
    EXAMPLE = {
        "type": "defence_support.query",
        "fields": ["certificates"],
        "question": "療育手帳の写しはありますか。",
    }


class DefenceAnswerQuery(Answered):
    """Counsel answers with the missing fields only."""

    type: Literal["defence_support.answer_query"]
    defence_note: Annotated[Passage | None, C8, Field(title="弁護人限りの情報")] = None

    TITLE = Text("照会への回答", "answer the query")
    SOURCE = "agreed tables"
    EXAMPLE = {
        "type": "defence_support.answer_query",
        "fields": ["certificates"],
        "certificates": samples.CERTIFICATES,
    }


class DefenceAccept(Named):
    """The center accepts and names its worker."""

    type: Literal["defence_support.accept"]
    first_visit_on: Annotated[Day | None, C0, Field(title="初回面会の予定日")] = None

    TITLE = Text("受任", "accept")
    SOURCE = "agreed tables"
    EXAMPLE = {
        "type": "defence_support.accept",
        **samples.WORKER,
        "first_visit_on": "2026-04-10",
    }

    def facts(self) -> Mapping[str, Fact]:
        """The request is answered."""
        return {"response_due": None}


class DefenceDeclineRequest(Ended):
    """The center does not take it."""

    REASON = CloseReason.NOT_ACCEPTED

    type: Literal["defence_support.decline_request"]
    reason: Annotated[Annotated[OpenCode, Known(ReturnReason)], C0, Field(title="理由")]

    TITLE = Text("受任しない旨の回答", "decline the request")
    SOURCE = "agreed tables"
    EXAMPLE = {"type": "defence_support.decline_request", "reason": "out_of_area"}


class DefenceVisit(Interview):
    """The center has visited the person, with or without counsel."""

    type: Literal["defence_support.visit"]
    with_counsel: Annotated[Flag, C0, Field(title="弁護人の同席")]

    TITLE = Text("面会の記録", "record a visit")
    SOURCE = "domain reference M-a4"
    EXAMPLE = {
        "type": "defence_support.visit",
        **samples.INTERVIEW,
        "held_on": "2026-04-10",
        "next_on": "2026-04-24",
        "with_counsel": True,
    }


class SharePlan(Plan):
    """A plan is shared: counsel's, or the center's."""

    type: Literal["defence_support.share_plan"]
    plan_kind: Annotated[PlanKind, C0, Field(title="計画の種別")]
    attachment: Annotated[Attachment | None, C7, Field(title="計画書")] = None
    defence_note: Annotated[Passage | None, C8, Field(title="弁護人限りの情報")] = None

    TITLE = Text("計画の共有", "share a plan")
    SOURCE = "domain reference M-a5 and 2.b: 更生支援計画書, 福祉サービス等調整計画"
    EXAMPLE = {
        "type": "defence_support.share_plan",
        **samples.PLAN,
        "plan_kind": "rehabilitation_support",
        "attachment": {"kind": "plan", "sha256": samples.SHA256, "pages": 6},
    }


class GiveLeave(Body):
    """Counsel gives leave to ask the probation office, or takes it back."""

    type: Literal["defence_support.give_leave"]
    leave: Annotated[Flag, C0, Field(title="保護観察所への照会の了解")]
    given_on: Annotated[PastDay, C0, Field(title="了解の日")]

    TITLE = Text("保護観察所への照会の了解", "give leave to ask the probation office")
    SOURCE = OURS
    EXAMPLE = {"type": "defence_support.give_leave", "leave": True, "given_on": "2026-04-15"}

    def facts(self) -> Mapping[str, Fact]:
        """Whether counsel gives leave."""
        return {"probation_leave": self.leave}


class AskProbation(Body):
    """The center asks the probation office whether it would give priority support."""

    type: Literal["defence_support.ask_probation"]
    questions: Annotated[
        tuple[Annotated[OpenCode, Known(ProbationQuestion)], ...],
        C0,
        AtLeastOne,
        Field(title="照会する事項"),
    ]
    consent_id: Annotated[
        UUID, C0, Field(title="同意記録の番号", description="It names the probation office.")
    ]
    subject: Annotated[Person | None, C1, Field(title="本人")] = None
    elderly: Annotated[Flag | None, C2, Field(title="高齢(おおむね65歳以上)")] = None
    needs: Annotated[
        tuple[Annotated[OpenCode, Known(Need)], ...] | None, C2, Several, Field(title="必要な支援")
    ] = None
    response_due: Annotated[Day | None, C0, Field(title="回答期限")] = None

    TITLE = Text("保護観察所への照会", "ask the probation office")
    SOURCE = "domain reference 2.b, defence-counsel route"
    EXAMPLE = {
        "type": "defence_support.ask_probation",
        "questions": ["priority_target"],
        "consent_id": samples.CONSENT_PROBATION_ID,
        "subject": samples.SUBJECT,
        "elderly": True,
    }

    def consents_named(self) -> frozenset[UUID]:
        """The consent to the disclosure to the probation office."""
        return frozenset({self.consent_id})


class ReportOutcome(Disposed):
    """Counsel tells how the proceedings ended."""

    type: Literal["defence_support.report_outcome"]

    TITLE = Text("処分・判決の連絡", "report the outcome")
    SOURCE = "domain reference M-b4, without C8"
    EXAMPLE = {
        "type": "defence_support.report_outcome",
        "disposition": "suspended_sentence",
        "decided_on": "2026-06-02",
        "release_on": "2026-06-02",
    }


CONSENT = {
    **samples.CONSENT,
    "consent_id": samples.CONSENT_PROBATION_ID,
    "purpose": "defence",
    "recipients": ["probation_office", "settlement_center"],
    "item_classes": ["C1", "C2", "C3", "C4", "C5", "C6", "C7"],
    "valid_from": "2026-04-15",
    "obtained_on": "2026-04-15",
}
RENEWED = {
    **CONSENT,
    "consent_id": samples.CONSENT_RENEWED_ID,
    "valid_from": "2026-06-08",
    "obtained_on": "2026-06-08",
}
