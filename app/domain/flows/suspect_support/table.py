"""被疑者等支援の表: parties, states, and who may send which message in which state.

A row reads: in this state, this message, from this party, leads to that state.
"""

from collections.abc import Mapping

from app.domain.cases.case import CLOSED, NEW
from app.domain.classes import DataClass, upto
from app.domain.directory.kinds import CENTERS, PROBATION_OFFICES, PROSECUTORS
from app.domain.flows.suspect_support.custody_messages import (
    Bail,
    Indict,
    LiftContactBan,
    ReleaseDisposition,
    ReportContactBan,
    VerdictImprisonment,
    VerdictRelease,
)
from app.domain.flows.suspect_support.messages import (
    CONSENT,
    RENEWED,
    AnswerConsultation,
    AskOpinion,
    ChangeOpinion,
    Consult,
    DeclineCapacity,
    DraftProvisional,
    Explain,
    GiveConsent,
    NoObjection,
    Object,
    Refuse,
    ReportReadiness,
    RequestCenter,
    StartForDefendant,
    SuspectAccept,
    SuspectAnswerQuery,
    SuspectQuery,
    SuspectVisit,
)
from app.domain.flows.suspect_support.relief_messages import (
    ApplyRelief,
    ApproveRelief,
    EndRelief,
    ExtendRelief,
    RejectRelief,
    SkipRelief,
)
from app.domain.state_machine.common_rows import (
    END,
    NOBODY,
    SIDE_STATES,
    CommonRows,
)
from app.domain.state_machine.guards import (
    center_offers_service,
    closed_for_objection,
    defendants_only,
    explained_all_items,
    extension_conditions,
    frees,
    has_come,
    imprisons,
    indicts,
    no_objection_standing,
    plan_has_first_night,
    relief_period_within_six_months,
    suspects_only,
    written_application,
)
from app.domain.state_machine.step import BACK, INFORMED, SAME, PartyRole, rows
from app.domain.text import Text
from app.domain.vocabulary.closing import ENTRY, close_reasons

NAME = "suspect_support"
PROSECUTOR, PROBATION, CENTER = "prosecutor", "probation_office", "center"
PROSECUTOR_C0, PROBATION_C0 = "prosecutor:C0", "probation_office:C0"
PARTIES: Mapping[str, PartyRole] = {
    PROSECUTOR: PartyRole(
        Text("検察庁", "prosecutor"), PROSECUTORS, frozenset({DataClass.C0, DataClass.C1})
    ),
    PROBATION: PartyRole(Text("保護観察所", "probation office"), PROBATION_OFFICES, upto(7)),
    CENTER: PartyRole(
        Text("地域生活定着支援センター", "center"), CENTERS, upto(7), by_consent=True
    ),
}

CONSULTED = "consulted"
EXPLAINED = "explained"
CONSENTED = "consented"
OPINION_PENDING = "opinion_pending"
OBJECTION_STOP = "objection_stop"
ADJUSTING = "adjusting"
CENTER_REQUESTED = "center_requested"
QUERY_PENDING = "query_pending"
CENTER_ACCEPTED = "center_accepted"
CONTACT_BAN_HOLD = "contact_ban_hold"
VISITING = "visiting"
PROVISIONAL_PLAN = "provisional_plan"
DISPOSITION_WAIT = "disposition_wait"
RELEASED = "released"
DEFENDANT_STAGE = "defendant_stage"
RELIEF_APPLIED = "relief_applied"
PRIORITY_SUPPORT = "priority_support"
COMMUNITY_SUPPORT = "community_support"

STATES: Mapping[str, Text] = {
    CONSULTED: Text("協議・相談受付", "consulted"),
    EXPLAINED: Text("説明済", "explained"),
    CONSENTED: Text("本人同意", "consented"),
    OPINION_PENDING: Text("検察官意見聴取中", "prosecutor's opinion pending"),
    OBJECTION_STOP: Text("検察官不相当意見による停止", "stopped by an objection"),
    ADJUSTING: Text("調整中(保護観察所)", "adjusting"),
    CENTER_REQUESTED: Text("センター依頼済", "center requested"),
    QUERY_PENDING: Text("照会中", "query pending"),
    CENTER_ACCEPTED: Text("受任", "center accepted"),
    CONTACT_BAN_HOLD: Text("接見禁止のため保留", "held by a contact ban"),
    VISITING: Text("面会・アセスメント中", "visiting"),
    PROVISIONAL_PLAN: Text("暫定調整", "provisional plan"),
    DISPOSITION_WAIT: Text("処分待ち", "waiting for the disposition"),
    RELEASED: Text("釈放", "released"),
    DEFENDANT_STAGE: Text("被告人段階", "defendant stage"),
    RELIEF_APPLIED: Text("更生緊急保護申出済", "relief applied for"),
    PRIORITY_SUPPORT: Text("重点実施中", "priority support"),
    COMMUNITY_SUPPORT: Text("継続支援", "community support"),
    **SIDE_STATES,
    **END,
}
SIDE = frozenset({*SIDE_STATES, CONTACT_BAN_HOLD})
"""States that hold the state before them."""

OPEN = tuple(state for state in STATES if state != CLOSED)
HELD = (
    CONSENTED,
    OPINION_PENDING,
    OBJECTION_STOP,
    ADJUSTING,
    CENTER_REQUESTED,
    QUERY_PENDING,
    CENTER_ACCEPTED,
    CONTACT_BAN_HOLD,
    VISITING,
    PROVISIONAL_PLAN,
    DISPOSITION_WAIT,
)
"""States in which the person is detained and no disposition is known."""

COMMON = CommonRows(
    flow=NAME,
    opening="consult",
    parties=(PROSECUTOR, PROBATION, CENTER),
    open=OPEN,
    deciding=PROBATION,
    vouching=PROBATION,
    by_consent=frozenset({CENTER}),
    closers=(PROBATION, CENTER),
    custodians=(PROSECUTOR, PROBATION),
    close_reasons=close_reasons(ENTRY),
    settled_states=frozenset({COMMUNITY_SUPPORT}),
    consent=CONSENT,
    renewed=RENEWED,
    consent_recipients=lambda state, sender: (PROBATION,),  # noqa: ARG005 -- always the one who decides
    stopped={OBJECTION_STOP: (closed_for_objection,)},
    closes={(COMMUNITY_SUPPORT, CENTER): (PROBATION_C0, PROSECUTOR_C0)},
)
STATED = (has_come("stated_on"),)
EXPLAINING = (explained_all_items, has_come("explained_on"))

# fmt: off
# A row stays a row: state, message, party, where it leads.
TABLE = (
    *rows(NEW, Consult, PROSECUTOR, CONSULTED, joins=(PROBATION,), copies=(PROBATION,)),
    *rows(NEW, Consult, PROBATION, CONSULTED),
    *rows(CONSULTED, AnswerConsultation, PROBATION, SAME, copies=(PROSECUTOR,)),
    *rows(CONSULTED, Explain, PROSECUTOR, EXPLAINED, copies=(PROBATION,), guards=EXPLAINING),
    *rows(CONSULTED, Explain, PROBATION, EXPLAINED, copies=(PROSECUTOR,), guards=EXPLAINING),
    *rows(EXPLAINED, GiveConsent, (PROSECUTOR, PROBATION), CONSENTED,
          copies=(PROBATION, PROSECUTOR_C0), guards=(has_come("obtained_on"),)),
    *rows(EXPLAINED, Refuse, PROSECUTOR, CLOSED, decides=True,
          copies=(PROBATION_C0,), erases=True),
    *rows(EXPLAINED, Refuse, PROBATION, CLOSED, decides=True,
          copies=(PROSECUTOR_C0,), erases=True),
    *rows(CONSENTED, AskOpinion, PROBATION, OPINION_PENDING, decides=True,
          joins=(PROSECUTOR,), copies=(PROSECUTOR,), guards=(suspects_only,)),
    *rows(CONSENTED, StartForDefendant, PROBATION, ADJUSTING, decides=True,
          copies=(PROSECUTOR_C0,), guards=(defendants_only,)),
    *rows(OPINION_PENDING, NoObjection, PROSECUTOR, ADJUSTING, decides=True,
          copies=(PROBATION,), guards=STATED),
    *rows(OPINION_PENDING, Object, PROSECUTOR, OBJECTION_STOP, decides=True,
          copies=(PROBATION,), guards=STATED),
    *rows(OBJECTION_STOP, ChangeOpinion, PROSECUTOR, ADJUSTING, decides=True,
          copies=(PROBATION,), guards=STATED),
    *rows(ADJUSTING, RequestCenter, PROBATION, CENTER_REQUESTED, decides=True, joins=(CENTER,),
          copies=(CENTER,), guards=(no_objection_standing, center_offers_service)),
    *rows(CENTER_REQUESTED, SuspectQuery, CENTER, QUERY_PENDING, copies=(PROBATION,)),
    *rows(QUERY_PENDING, SuspectAnswerQuery, PROBATION, CENTER_REQUESTED,
          copies=(CENTER,), asks_consent=True),
    *rows(CENTER_REQUESTED, SuspectAccept, CENTER, CENTER_ACCEPTED, decides=True, lead=CENTER,
          copies=(PROBATION, PROSECUTOR_C0)),
    *rows((CENTER_REQUESTED, QUERY_PENDING), DeclineCapacity, CENTER, ADJUSTING, decides=True,
          ends=(CENTER,), lead=NOBODY, copies=(PROBATION, f"{INFORMED}:C0")),
    *rows((CENTER_ACCEPTED, VISITING), ReportContactBan, PROBATION, CONTACT_BAN_HOLD,
          copies=(CENTER,)),
    *rows((CENTER_ACCEPTED, VISITING), ReportContactBan, CENTER, CONTACT_BAN_HOLD,
          copies=(PROBATION,)),
    *rows(CONTACT_BAN_HOLD, LiftContactBan, PROBATION, BACK, copies=(CENTER,)),
    *rows(CONTACT_BAN_HOLD, LiftContactBan, CENTER, BACK, copies=(PROBATION,)),
    *rows((CENTER_ACCEPTED, VISITING), SuspectVisit, CENTER, VISITING,
          copies=(PROBATION_C0,), guards=(has_come("held_on"),)),
    *rows((VISITING, PROVISIONAL_PLAN), DraftProvisional, CENTER, PROVISIONAL_PLAN,
          copies=(PROBATION,), guards=(plan_has_first_night,)),
    *rows(PROVISIONAL_PLAN, ReportReadiness, CENTER, DISPOSITION_WAIT,
          copies=(PROBATION, PROSECUTOR_C0)),
    *rows(HELD, ReleaseDisposition, (PROSECUTOR, PROBATION), RELEASED, decides=True,
          copies=(PROBATION, CENTER, PROSECUTOR_C0), guards=(frees,)),
    *rows(HELD, Indict, (PROSECUTOR, PROBATION), DEFENDANT_STAGE, decides=True,
          copies=(PROBATION, CENTER, PROSECUTOR_C0), guards=(indicts,)),
    *rows(DEFENDANT_STAGE, Bail, PROBATION, RELEASED, decides=True, copies=(CENTER,)),
    *rows(DEFENDANT_STAGE, Bail, CENTER, RELEASED, decides=True, copies=(PROBATION,)),
    *rows(DEFENDANT_STAGE, VerdictRelease, PROBATION, RELEASED, decides=True,
          copies=(CENTER,), guards=(frees,)),
    *rows(DEFENDANT_STAGE, VerdictRelease, CENTER, RELEASED, decides=True,
          copies=(PROBATION,), guards=(frees,)),
    *rows(DEFENDANT_STAGE, VerdictImprisonment, PROBATION, CLOSED, decides=True,
          copies=(CENTER, PROSECUTOR_C0), guards=(imprisons,)),
    *rows(RELEASED, ApplyRelief, PROBATION, RELIEF_APPLIED,
          copies=(CENTER,), guards=(written_application, has_come("applied_on"))),
    *rows(RELIEF_APPLIED, ApproveRelief, PROBATION, PRIORITY_SUPPORT, decides=True,
          copies=(CENTER,), guards=(relief_period_within_six_months,)),
    *rows(RELIEF_APPLIED, RejectRelief, PROBATION, COMMUNITY_SUPPORT, decides=True,
          copies=(CENTER,)),
    *rows(PRIORITY_SUPPORT, ExtendRelief, PROBATION, SAME, decides=True,
          copies=(CENTER,), guards=(extension_conditions,)),
    *rows(PRIORITY_SUPPORT, EndRelief, PROBATION, COMMUNITY_SUPPORT, decides=True,
          copies=(CENTER,)),
    *rows(RELEASED, SkipRelief, CENTER, COMMUNITY_SUPPORT, decides=True,
          copies=(PROBATION_C0,)),
    *COMMON.table(),
)
# fmt: on
