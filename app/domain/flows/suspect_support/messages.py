"""The messages of suspect support: consultation, consent, opinion, request, visit, plan."""

from collections.abc import Mapping
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from app.domain.classes import C0, C1, C2, C4, C5, C7
from app.domain.flows.suspect_support.codes import Feasibility, Readiness, Route
from app.domain.messages.body import Body, LeastUrgency, Part
from app.domain.messages.facts import Fact
from app.domain.messages.fields import (
    AgencyId,
    AtLeastOne,
    Day,
    Flag,
    Name,
    PastDay,
    Phone,
    Several,
    TimeOfDay,
    Words,
)
from app.domain.messages.order import not_before
from app.domain.messages.payloads import samples
from app.domain.messages.payloads.closing import Ended
from app.domain.messages.payloads.consent import RecordedConsent
from app.domain.messages.payloads.custody import detention_facts, stage_of
from app.domain.messages.payloads.dialogue import Answered, Asked, Noted
from app.domain.messages.payloads.eligibility import About, Disability, OffenceCode
from app.domain.messages.payloads.support import Interview, Named, Plan, Residence
from app.domain.messages.person import Address, Person
from app.domain.text import Text
from app.domain.vocabulary.closing import CloseReason
from app.domain.vocabulary.code import Known, OpenCode
from app.domain.vocabulary.custody import ContactBan, CustodyStage
from app.domain.vocabulary.dialogue import ReturnReason
from app.domain.vocabulary.disability import DisabilityHint
from app.domain.vocabulary.person import AgeBand, CommunicationSupport, Sex
from app.domain.vocabulary.relief import ExplainedItem, SupportStatus
from app.domain.vocabulary.support import Need


class Consult(Body):
    """Somebody in custody may need support. No field here can hold who it is."""

    type: Literal["suspect_support.consult"]
    route: Annotated[Route, C0, Field(title="経路")]
    age_band: Annotated[AgeBand | None, C2, Field(title="年齢層")] = None
    sex: Annotated[
        Sex | None, C2, Field(title="性別", description="Part of an anonymous profile here.")
    ] = None
    disability_hint: Annotated[
        tuple[DisabilityHint, ...] | None, C2, Several, Field(title="障害の可能性")
    ] = None
    has_residence: Annotated[Flag | None, C2, Field(title="住居の有無")] = None
    urgent_needs: Annotated[
        tuple[Annotated[OpenCode, Known(Need)], ...] | None, C2, Several, Field(title="急ぐニーズ")
    ] = None
    custody_stage: Annotated[CustodyStage, C4, Field(title="身柄の段階")]
    arrested_on: Annotated[PastDay | None, C4, Field(title="逮捕日")] = None
    detention_day1: Annotated[PastDay | None, C4, Field(title="勾留請求日")] = None
    extended_to: Annotated[Day | None, C4, Field(title="勾留延長の満了日")] = None
    detention_place: Annotated[Name | None, C4, Field(title="勾留場所")] = None
    case_district: Annotated[AgencyId | None, C0, Field(title="事件を担当する検察庁")] = None
    expected_disposition_hint: Annotated[
        Words | None,
        C4,
        Field(title="処分の見込み", description="Between prosecutor and probation office only."),
    ] = None

    LEAST_URGENCY = LeastUrgency("urgent")  # somebody is in custody
    TITLE = Text("協議・相談", "consult")
    SOURCE = "domain reference M-b1"
    EXAMPLE = {
        "type": "suspect_support.consult",
        "route": "prosecutor",
        "age_band": "70_79",
        "sex": "1",
        "disability_hint": ["dementia"],
        "has_residence": False,
        "urgent_needs": ["housing", "medical"],
        "custody_stage": "detained_suspect",
        "detention_day1": "2026-04-01",
        "detention_place": "見本警察署",
        "case_district": "prosecutor-13",
    }

    _detained_after_arrest = not_before("arrested_on", "detention_day1")
    _extended_after_request = not_before("detention_day1", "extended_to")

    def facts(self) -> Mapping[str, Fact]:
        """The route, the stage and the detention clock."""
        stage = stage_of(self.custody_stage)
        return {
            "route": self.route.value,
            "custody_stage": self.custody_stage.value,
            **({"procedure_stage": stage.value} if stage else {}),
            **detention_facts(self.detention_day1, self.extended_to),
        }


class AnswerConsultation(Body):
    """The probation office says whether support looks possible."""

    type: Literal["suspect_support.answer_consultation"]
    feasible: Annotated[Feasibility, C0, Field(title="実施の可否")]
    answered_on: Annotated[PastDay | None, C0, Field(title="回答日")] = None

    TITLE = Text("協議への回答", "answer the consultation")
    SOURCE = "domain reference 2.b, step b2"
    EXAMPLE = {
        "type": "suspect_support.answer_consultation",
        "feasible": "yes",
        "answered_on": "2026-04-02",
    }

    def facts(self) -> Mapping[str, Fact]:
        """Yes, no or unclear."""
        return {"feasible": self.feasible.value}


class Explain(Body):
    """The scheme was explained to the person, item by item."""

    type: Literal["suspect_support.explain"]
    explained_items: Annotated[
        tuple[ExplainedItem, ...], C0, AtLeastOne, Field(title="説明した事項")
    ]
    explained_on: Annotated[PastDay, C0, Field(title="説明日")]
    communication_aids: Annotated[
        tuple[Annotated[OpenCode, Known(CommunicationSupport)], ...] | None,
        C2,
        Several,
        Field(title="意思疎通の支援"),
    ] = None

    TITLE = Text("制度の説明", "explain the scheme")
    SOURCE = "domain reference 3.0.9"
    EXAMPLE = {
        "type": "suspect_support.explain",
        "explained_items": [item.value for item in ExplainedItem],
        "explained_on": "2026-04-02",
        "communication_aids": ["easy_japanese"],
    }


class GiveConsent(RecordedConsent):
    """The person consents; from now on the name may be told."""

    type: Literal["suspect_support.consent"]
    subject: Annotated[Person, C1, Field(title="本人")]

    TITLE = Text("本人の同意", "the person consents")
    SOURCE = "domain reference 4.3 and 2.b, step b3"
    EXAMPLE = {
        "type": "suspect_support.consent",
        "subject": samples.SUBJECT,
        **samples.CONSENT,
        "consent_id": samples.CONSENT_SUSPECT_ID,
        "purpose": "suspect_support",
        "recipients": ["probation_office", "settlement_center"],
        "explained_items": [item.value for item in ExplainedItem],
        "valid_from": "2026-04-02",
        "obtained_on": "2026-04-02",
    }


class Refuse(Ended):
    """The person does not want it. No reason is asked, and nothing of it stays readable."""

    REASON = CloseReason.DECLINED_BY_SUBJECT

    type: Literal["suspect_support.refuse"]

    TITLE = Text("本人が希望しない旨の通知", "the person does not wish it")
    SOURCE = "domain reference 3.b: no reason field"
    EXAMPLE = {"type": "suspect_support.refuse"}


class AskOpinion(Body):
    """The probation office hears the prosecutor (更生保護法83条の2第2項)."""

    type: Literal["suspect_support.ask_opinion"]
    subject: Annotated[
        Person | None,
        C1,
        Field(title="本人", description="For a prosecutor who joins only now."),
    ] = None
    response_due: Annotated[Day | None, C0, Field(title="回答期限")] = None

    TITLE = Text("検察官の意見聴取", "ask the prosecutor's opinion")
    SOURCE = "更生保護法83条の2第2項; domain reference 3.b"
    EXAMPLE = {
        "type": "suspect_support.ask_opinion",
        "subject": samples.SUBJECT,
        "response_due": "2026-04-06",
    }

    def facts(self) -> Mapping[str, Fact]:
        """By when an answer is wanted."""
        return {"response_due": self.response_due.isoformat()} if self.response_due else {}


class StartForDefendant(Noted):
    """The adjustment of a defendant begins."""

    type: Literal["suspect_support.start_for_defendant"]

    TITLE = Text("被告人に対する調整の開始", "start the adjustment for a defendant")
    SOURCE = "domain reference 3.b: 83条の2 covers suspects only"
    EXAMPLE = {"type": "suspect_support.start_for_defendant"}


class Opinion(Body):
    """A prosecutor's word on the adjustment."""

    stated_on: Annotated[PastDay, C0, Field(title="意見の日")]


class NoObjection(Opinion):
    """The prosecutor has no objection."""

    type: Literal["suspect_support.no_objection"]

    TITLE = Text("支障なしとの意見", "no objection")
    SOURCE = "更生保護法83条の2第2項"
    EXAMPLE = {"type": "suspect_support.no_objection", "stated_on": "2026-04-03"}

    def facts(self) -> Mapping[str, Fact]:
        """No objection; the opinion is no longer awaited."""
        return {"objection": False, "response_due": None}


class Object(Opinion):
    """The prosecutor says that it would hinder the investigation: nothing goes on."""

    type: Literal["suspect_support.object"]
    note: Annotated[Words | None, C4, Field(title="補足")] = None

    TITLE = Text("不相当との意見", "object")
    SOURCE = "更生保護法83条の2第3項"
    EXAMPLE = {"type": "suspect_support.object", "stated_on": "2026-04-03"}

    def facts(self) -> Mapping[str, Fact]:
        """An objection; the opinion is no longer awaited."""
        return {"objection": True, "response_due": None}


class ChangeOpinion(Opinion):
    """The prosecutor no longer objects."""

    type: Literal["suspect_support.change_opinion"]

    TITLE = Text("意見の変更", "change the opinion")
    SOURCE = "domain reference 3.b"
    EXAMPLE = {"type": "suspect_support.change_opinion", "stated_on": "2026-04-06"}

    def facts(self) -> Mapping[str, Fact]:
        """The objection is lifted."""
        return {"objection": False}


class Suitability(Part):
    """Whether joint support is suitable, and since when that is judged."""

    suitable: Annotated[Flag, Field(title="相当")]
    judged_on: Annotated[PastDay | None, Field(title="判断日")] = None


class Wish(Part):
    """Whether the person wishes it, and when that was said."""

    wishes: Annotated[Flag, Field(title="希望")]
    stated_on: Annotated[PastDay | None, Field(title="表明日")] = None


class DetentionPlace(Part):
    """Where the person is held: an agency of the directory, or a name."""

    name: Annotated[Name, Field(title="名称")]
    agency_id: Annotated[AgencyId | None, Field(title="機関")] = None


class Counsel(Part):
    """The person's counsel."""

    name: Annotated[Name, Field(title="氏名")]
    bar: Annotated[AgencyId | None, Field(title="弁護士会")] = None
    phone: Annotated[Phone | None, Field(title="電話番号")] = None


class RequestCenter(About):
    """The probation office asks the center to support a suspect."""

    type: Literal["suspect_support.request_center"]
    subject: Annotated[Person, C1, Field(title="本人")]
    elderly: Annotated[Flag, C2, Field(title="高齢(おおむね65歳以上)")]
    disability: Annotated[Disability, C2, Field(title="障害")]
    suitability_of_joint_support: Annotated[
        Suitability, C2, Field(title="保護観察所とセンターが共同して支援することの相当性")
    ]
    wish: Annotated[Wish, C2, Field(title="本人の希望")]
    consent_id: Annotated[UUID, C2, Field(title="同意記録の番号")]
    support_status: Annotated[SupportStatus, C2, Field(title="重点実施の区分")]
    detention_place: Annotated[
        DetentionPlace,
        C0,
        Field(title="勾留場所", description="The place only, no name of a person."),
    ]
    visit_rules: Annotated[
        Words, C0, Field(title="面会の条件", description="Times and limits of the place, no names.")
    ]
    contact_ban: Annotated[ContactBan, C4, Field(title="接見禁止")]
    detention_day1: Annotated[
        PastDay | None, C4, Field(title="勾留請求日", description="null for a defendant.")
    ]
    extended_to: Annotated[
        Day | None, C4, Field(title="勾留延長の満了日", description="null when not extended.")
    ]
    offence_category: Annotated[OffenceCode | None, C4, Field(title="罪名の大分類")] = None
    counsel: Annotated[Counsel | None, C1, Field(title="弁護人")] = None
    known_supports: Annotated[
        tuple[Name, ...] | None, C5, Several, Field(title="すでに関わる支援者")
    ] = None
    release_night_need: Annotated[Flag, C2, Field(title="釈放当日の宿泊先の必要")]

    LEAST_URGENCY = LeastUrgency("urgent")  # somebody is in custody
    TITLE = Text("被疑者等支援協力等依頼", "request the center's support")
    SOURCE = "domain reference M-b2; the name of the official form was not found"
    EXAMPLE = {
        "type": "suspect_support.request_center",
        "subject": samples.SUBJECT,
        "elderly": True,
        "disability": samples.DISABILITY,
        "suitability_of_joint_support": {"suitable": True, "judged_on": "2026-04-03"},
        "wish": {"wishes": True, "stated_on": "2026-04-02"},
        "consent_id": samples.CONSENT_SUSPECT_ID,
        "support_status": "priority_planned",
        "detention_place": {"name": "見本警察署留置施設"},
        "visit_rules": "平日の日中、1日1回15分まで。電子機器は持ち込めない。",
        "contact_ban": "none",
        "detention_day1": "2026-04-01",
        "extended_to": "2026-04-20",
        "offence_category": "theft",
        "counsel": {"name": "架空 弁護", "bar": "bar-13-tokyo", "phone": "(03)0000-0000"},
        "release_night_need": True,
    }

    def facts(self) -> Mapping[str, Fact]:
        """The detention clock and the contact ban."""
        clock = detention_facts(self.detention_day1, self.extended_to)
        return {**clock, "contact_ban": self.contact_ban.value}

    def consents_named(self) -> frozenset[UUID]:
        """The consent to the disclosure to the center."""
        return frozenset({self.consent_id})


class SuspectQuery(Asked):
    """The center asks for what is missing."""

    type: Literal["suspect_support.query"]

    TITLE = Text("照会", "ask back")
    SOURCE = "agreed tables"
    EXAMPLE = {
        "type": "suspect_support.query",
        "fields": ["health_summary"],
        "question": "服薬の有無を教えてください。",
    }


class SuspectAnswerQuery(Answered):
    """The probation office answers with the missing fields only."""

    type: Literal["suspect_support.answer_query"]

    TITLE = Text("照会への回答", "answer the query")
    SOURCE = "agreed tables"
    EXAMPLE = {
        "type": "suspect_support.answer_query",
        "fields": ["health_summary"],
        "health_summary": "服薬はない。",
    }


class SuspectAccept(Named):
    """The center accepts, names its worker and offers a first visit."""

    type: Literal["suspect_support.accept"]
    first_visit_on: Annotated[Day, C0, Field(title="初回面会の予定日")]
    first_visit_at: Annotated[TimeOfDay | None, C0, Field(title="初回面会の予定時刻")] = None

    TITLE = Text("受任", "accept")
    SOURCE = "domain reference 3.b"
    EXAMPLE = {
        "type": "suspect_support.accept",
        **samples.WORKER,
        "first_visit_on": "2026-04-07",
        "first_visit_at": "10:00",
    }

    def facts(self) -> Mapping[str, Fact]:
        """The request is answered."""
        return {"response_due": None}


class DeclineCapacity(Body):
    """The center cannot take it now."""

    type: Literal["suspect_support.decline_capacity"]
    declined_on: Annotated[PastDay | None, C0, Field(title="回答日")] = None
    reason: Annotated[Annotated[OpenCode, Known(ReturnReason)] | None, C0, Field(title="理由")] = (
        None
    )

    TITLE = Text("受任できない旨の回答", "decline for lack of capacity")
    SOURCE = "domain reference 3.b"
    EXAMPLE = {
        "type": "suspect_support.decline_capacity",
        "declined_on": "2026-04-06",
        "reason": "no_resource",
    }


class SuspectVisit(Interview):
    """The center has visited the person, often for a quarter of an hour, without any device."""

    type: Literal["suspect_support.visit"]

    TITLE = Text("面会の記録", "record a visit")
    SOURCE = "domain reference M-a4"
    EXAMPLE = {
        "type": "suspect_support.visit",
        **samples.INTERVIEW,
        "place": "見本警察署",
        "minutes": 15,
    }


class FirstNightPlan(Part):
    """Where the first night is spent, or that this is still open."""

    none_yet: Annotated[Flag, Field(title="未定")]
    residence_kind: Annotated[Residence | None, Field(title="居住先の種別")] = None
    address: Annotated[Address | None, Field(title="所在地")] = None


class DraftProvisional(Plan):
    """The center drafts a provisional plan: the first night first."""

    type: Literal["suspect_support.draft_provisional"]
    first_night: Annotated[FirstNightPlan, C7, Field(title="釈放当日の宿泊先")]

    TITLE = Text("暫定調整の計画", "draft the provisional plan")
    SOURCE = "domain reference M-a5 and 3.b"
    EXAMPLE = {
        "type": "suspect_support.draft_provisional",
        **samples.PLAN,
        "first_night": {
            "none_yet": False,
            "residence_kind": "self_reliance_home",
            "address": {"full_address": "東京都架空市見本町7丁目8番9号"},
        },
    }


class ReportReadiness(Body):
    """Is it arranged? The prosecutor is told this one word."""

    type: Literal["suspect_support.report_readiness"]
    readiness: Annotated[Readiness, C0, Field(title="調整の状況")]
    first_night_kind: Annotated[Residence | None, C7, Field(title="当日の宿泊先の種別")] = None
    missing: Annotated[
        tuple[Annotated[OpenCode, Known(Need)], ...] | None, C7, Several, Field(title="未了の事項")
    ] = None

    TITLE = Text("調整状況の報告", "report readiness")
    SOURCE = "domain reference M-b3"
    EXAMPLE = {
        "type": "suspect_support.report_readiness",
        "readiness": "ready",
        "first_night_kind": "self_reliance_home",
    }

    def facts(self) -> Mapping[str, Fact]:
        """The word."""
        return {"readiness": self.readiness.value}


CONSENT = {
    name: value for name, value in GiveConsent.EXAMPLE.items() if name not in {"type", "subject"}
}
RENEWED = {
    **CONSENT,
    "consent_id": samples.CONSENT_RENEWED_ID,
    "valid_from": "2026-06-08",
    "obtained_on": "2026-06-08",
}
