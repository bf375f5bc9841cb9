"""特別調整・一般調整の表: parties, states, and who may send which message in which state.

A row reads: in this state, this message, from this party, leads to that state.
"""

from collections.abc import Mapping

from app.domain.cases.case import CLOSED, NEW, SYSTEM
from app.domain.classes import upto
from app.domain.directory.kinds import CENTERS, INSTITUTIONS, PROBATION_OFFICES
from app.domain.flows.special_adjustment.messages import (
    Accept,
    AgreePlacement,
    AgreePlan,
    AnswerQuery,
    ConfirmReturn,
    DraftPlan,
    Insist,
    LosePlacement,
    NotifyCandidate,
    NotSelect,
    PrepareRelease,
    Query,
    RegionalRequested,
    RegionalReturned,
    RegionalTransferred,
    ReleasedFromInstitution,
    RequestCooperation,
    ReturnRequest,
    SelectGeneral,
    SelectSpecial,
    Settle,
    SpecialInterview,
    StartSeeking,
    StartSelection,
    TransferInstitution,
    TransferOffice,
    WithdrawRequest,
)
from app.domain.messages.payloads import samples
from app.domain.state_machine.common_rows import (
    END,
    RENEWED,
    SIDE_STATES,
    CommonRows,
)
from app.domain.state_machine.guards import (
    center_takes_area,
    failed_requirements_named,
    general_requirements,
    has_come,
    holiday_plan_for_closed_day,
    one_agreed_placement,
    requirement6_consent_valid,
    result_as_selected,
    six_requirements_met,
    wish,
)
from app.domain.state_machine.step import SAME, PartyRole, Step, rows
from app.domain.text import Text
from app.domain.vocabulary.closing import EXIT, close_reasons

NAME = "special_adjustment"
INSTITUTION, PROBATION, CENTER = "institution", "probation_office", "center"
INSTITUTION_C0, PROBATION_C0, CENTER_C0 = "institution:C0", "probation_office:C0", "center:C0"
PARTIES: Mapping[str, PartyRole] = {
    INSTITUTION: PartyRole(Text("矯正施設", "institution"), INSTITUTIONS, upto(4)),
    PROBATION: PartyRole(Text("保護観察所", "probation office"), PROBATION_OFFICES, upto(7)),
    CENTER: PartyRole(
        Text("地域生活定着支援センター", "center"), CENTERS, upto(7), by_consent=True
    ),
}

CANDIDATE_NOTIFIED = "candidate_notified"
UNDER_SELECTION = "under_selection"
SELECTED_SPECIAL = "selected_special"
SELECTED_GENERAL = "selected_general"
REQUESTED = "requested"
QUERY_PENDING = "query_pending"
RETURN_PENDING = "return_pending"
ACCEPTED = "accepted"
ASSESSING = "assessing"
REGIONAL_PENDING = "regional_pending"
PLAN_DRAFTED = "plan_drafted"
PLAN_AGREED = "plan_agreed"
SEEKING = "seeking_placement"
PLACEMENT_AGREED = "placement_agreed"
RELEASE_READY = "release_ready"
SETTLED = "settled"

STATES: Mapping[str, Text] = {
    CANDIDATE_NOTIFIED: Text("候補者通知済", "candidate notified"),
    UNDER_SELECTION: Text("調査・面接中", "under selection"),
    SELECTED_SPECIAL: Text("選定(特別調整)", "selected for special adjustment"),
    SELECTED_GENERAL: Text("選定(一般調整)", "selected for general adjustment"),
    REQUESTED: Text("協力等依頼済", "cooperation requested"),
    QUERY_PENDING: Text("照会中", "query pending"),
    RETURN_PENDING: Text("返戻の確認中", "return to be confirmed"),
    ACCEPTED: Text("受任", "accepted"),
    ASSESSING: Text("面談・アセスメント中", "assessing"),
    REGIONAL_PENDING: Text("広域調整依頼中", "another center asked"),
    PLAN_DRAFTED: Text("計画案作成済", "plan drafted"),
    PLAN_AGREED: Text("計画に本人同意済", "plan agreed"),
    SEEKING: Text("受入先調整中", "seeking a placement"),
    PLACEMENT_AGREED: Text("帰住先内定", "placement agreed"),
    RELEASE_READY: Text("出所準備完了", "release ready"),
    SETTLED: Text("帰住", "settled"),
    **SIDE_STATES,
    **END,
}
SIDE = frozenset(SIDE_STATES)
"""States that hold the state before them."""

OPEN = tuple(state for state in STATES if state != CLOSED)
BEFORE_CENTER = (CANDIDATE_NOTIFIED, UNDER_SELECTION, SELECTED_SPECIAL, SELECTED_GENERAL)
"""The states in which no center was asked yet."""


def _consent_recipients(state: str, sender: str) -> tuple[str, ...]:  # noqa: ARG001 -- whoever sends
    """The office, which decides; and the center that leads, which may need it to ask another."""
    return (PROBATION,) if state in BEFORE_CENTER else (PROBATION, CENTER_C0)


COMMON = CommonRows(
    flow=NAME,
    opening="notify_candidate",
    parties=(INSTITUTION, PROBATION, CENTER),
    open=OPEN,
    deciding=PROBATION,
    vouching=PROBATION,
    by_consent=frozenset({CENTER}),
    closers=(PROBATION, CENTER),
    custodians=(INSTITUTION, PROBATION),
    close_reasons=close_reasons(EXIT),
    settled_states=frozenset({SETTLED}),
    consent=samples.CONSENT,
    renewed=RENEWED,
    consent_recipients=_consent_recipients,
    closes={(SETTLED, CENTER): (PROBATION, INSTITUTION_C0)},
    takes_children=True,
)

# fmt: off
# A row stays a row: state, message, party, where it leads.
TABLE = (
    *rows(NEW, NotifyCandidate, INSTITUTION, CANDIDATE_NOTIFIED, decides=True,
          joins=(PROBATION,), copies=(PROBATION,), guards=(has_come("wish_confirmed_on"),)),
    *rows(CANDIDATE_NOTIFIED, StartSelection, PROBATION, UNDER_SELECTION, copies=(INSTITUTION,)),
    *rows(UNDER_SELECTION, SelectSpecial, PROBATION, SELECTED_SPECIAL, decides=True,
          copies=(INSTITUTION,), guards=(six_requirements_met, requirement6_consent_valid)),
    *rows(UNDER_SELECTION, SelectGeneral, PROBATION, SELECTED_GENERAL, decides=True,
          copies=(INSTITUTION,), guards=(general_requirements, wish)),
    *rows(UNDER_SELECTION, NotSelect, PROBATION, CLOSED, decides=True,
          copies=(INSTITUTION,), guards=(failed_requirements_named,)),
    *rows((SELECTED_SPECIAL, SELECTED_GENERAL), RequestCooperation, PROBATION, REQUESTED,
          decides=True, joins=(CENTER,), copies=(CENTER, INSTITUTION_C0),
          guards=(result_as_selected, requirement6_consent_valid, center_takes_area)),
    *rows(REQUESTED, Query, CENTER, QUERY_PENDING, copies=(PROBATION,)),
    *rows(QUERY_PENDING, AnswerQuery, PROBATION, REQUESTED,
          copies=(CENTER,), asks_consent=True),
    *rows(REQUESTED, Accept, CENTER, ACCEPTED, decides=True, lead=CENTER,
          copies=(PROBATION, INSTITUTION_C0)),
    *rows((REQUESTED, QUERY_PENDING), ReturnRequest, CENTER, RETURN_PENDING, decides=True,
          copies=(PROBATION,)),
    *rows(RETURN_PENDING, ConfirmReturn, PROBATION, CLOSED, decides=True,
          copies=(CENTER, INSTITUTION_C0)),
    *rows(RETURN_PENDING, Insist, PROBATION, REQUESTED, decides=True, copies=(CENTER,)),
    *rows((REQUESTED, QUERY_PENDING), WithdrawRequest, PROBATION, CLOSED, decides=True,
          copies=(CENTER, INSTITUTION_C0)),
    *rows((ACCEPTED, ASSESSING), SpecialInterview, CENTER, ASSESSING,
          copies=(PROBATION_C0,), guards=(has_come("held_on"),)),
    *rows((ASSESSING, PLAN_DRAFTED, PLAN_AGREED), DraftPlan, CENTER, PLAN_DRAFTED),
    *rows(PLAN_DRAFTED, AgreePlan, CENTER, PLAN_AGREED,
          copies=(PROBATION, INSTITUTION_C0), guards=(has_come("agreed_on"),)),
    *rows(PLAN_AGREED, StartSeeking, CENTER, SEEKING, copies=(PROBATION_C0,)),
    *rows(SEEKING, AgreePlacement, CENTER, PLACEMENT_AGREED,
          copies=(PROBATION, INSTITUTION_C0), guards=(one_agreed_placement,)),
    *rows((PLACEMENT_AGREED, RELEASE_READY), LosePlacement, CENTER, SEEKING,
          copies=(PROBATION, INSTITUTION_C0)),
    *rows(PLACEMENT_AGREED, PrepareRelease, CENTER, RELEASE_READY,
          copies=(PROBATION, INSTITUTION), guards=(holiday_plan_for_closed_day,)),
    *(Step(state, ReleasedFromInstitution, (INSTITUTION,), SAME, copies=COMMON.recipients(state),
           guards=(has_come("released_on"),)) for state in OPEN),
    *rows((PLACEMENT_AGREED, RELEASE_READY), Settle, CENTER, SETTLED,
          copies=(PROBATION,), guards=(has_come("settled_on"),)),
    *(Step(state, TransferInstitution, (INSTITUTION,), SAME, decides=True,
           copies=COMMON.recipients(state), joins=(INSTITUTION,), ends=(INSTITUTION,))
      for state in OPEN),
    *(Step(state, TransferOffice, (PROBATION,), SAME, decides=True, copies=COMMON.recipients(state),
           joins=(PROBATION,), ends=(PROBATION,), added=True) for state in OPEN),
    *rows((ASSESSING, PLAN_DRAFTED, PLAN_AGREED, SEEKING), RegionalRequested, SYSTEM,
          REGIONAL_PENDING, copies=(PROBATION_C0, INSTITUTION_C0, CENTER_C0)),
    *rows(REGIONAL_PENDING, RegionalReturned, SYSTEM, ASSESSING,
          copies=(PROBATION_C0, INSTITUTION_C0, CENTER_C0)),
    *rows(REGIONAL_PENDING, RegionalTransferred, SYSTEM, SEEKING, lead=CENTER,
          joins=(CENTER,), ends=(CENTER,), copies=(PROBATION, INSTITUTION_C0, CENTER_C0)),
    *COMMON.table(),
)
# fmt: on
