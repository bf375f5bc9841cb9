"""弁護人・弁護士会からの依頼の表: parties, states, and who may send which message in which state.

A row reads: in this state, this message, from this party, leads to that state.
"""

from collections.abc import Mapping

from app.domain.cases.case import CLOSED, NEW
from app.domain.classes import DataClass, upto
from app.domain.directory.kinds import CENTERS, COUNSEL, PROBATION_OFFICES
from app.domain.flows.defence_support.messages import (
    CONSENT,
    RENEWED,
    AskProbation,
    DefenceAccept,
    DefenceAnswerQuery,
    DefenceDeclineRequest,
    DefenceQuery,
    DefenceVisit,
    GiveLeave,
    Inquire,
    ReportOutcome,
    SharePlan,
)
from app.domain.state_machine.common_rows import (
    END,
    SIDE_STATES,
    CommonRows,
)
from app.domain.state_machine.guards import counsel_leave, has_come
from app.domain.state_machine.step import SAME, PartyRole, rows
from app.domain.text import Text
from app.domain.vocabulary.closing import ADVICE, ENTRY, close_reasons

NAME = "defence_support"
COUNSEL_PARTY, CENTER, PROBATION = "counsel", "center", "probation_office"
COUNSEL_C0, PROBATION_C0 = "counsel:C0", "probation_office:C0"
PARTIES: Mapping[str, PartyRole] = {
    COUNSEL_PARTY: PartyRole(
        Text("弁護人・弁護士会", "counsel"),
        COUNSEL,
        upto(3) | {DataClass.C5, DataClass.C7, DataClass.C8},
    ),
    CENTER: PartyRole(
        Text("地域生活定着支援センター", "center"), CENTERS, upto(8), by_consent=True
    ),
    PROBATION: PartyRole(
        Text("保護観察所", "probation office"), PROBATION_OFFICES, upto(2), by_consent=True
    ),
}

INQUIRED = "inquired"
QUERY_PENDING = "query_pending"
ACCEPTED = "accepted"
VISITING = "visiting"
PLAN_SHARED = "plan_shared"
COMMUNITY_SUPPORT = "community_support"

STATES: Mapping[str, Text] = {
    INQUIRED: Text("依頼受付", "inquired"),
    QUERY_PENDING: Text("照会中", "query pending"),
    ACCEPTED: Text("受任", "accepted"),
    VISITING: Text("面会・アセスメント中", "visiting"),
    PLAN_SHARED: Text("計画共有済", "plan shared"),
    COMMUNITY_SUPPORT: Text("継続支援", "community support"),
    **SIDE_STATES,
    **END,
}
SIDE = frozenset(SIDE_STATES)
"""States that hold the state before them."""

OPEN = tuple(state for state in STATES if state != CLOSED)
WORKING = (ACCEPTED, VISITING, PLAN_SHARED)


def _consent_recipients(state: str, sender: str) -> tuple[str, ...]:  # noqa: ARG001 -- in every state
    """The center, which decides; and counsel, who vouches for what the others record."""
    return (CENTER,) if sender == COUNSEL_PARTY else (CENTER, COUNSEL_PARTY)


COMMON = CommonRows(
    flow=NAME,
    opening="inquire",
    parties=(COUNSEL_PARTY, CENTER, PROBATION),
    open=OPEN,
    deciding=CENTER,
    vouching=COUNSEL_PARTY,
    by_consent=frozenset({CENTER, PROBATION}),
    closers=(CENTER,),
    custodians=(COUNSEL_PARTY, PROBATION),
    # Counsel's route is entry support that a center handles as advice (domain reference 2.b).
    close_reasons=close_reasons(ENTRY, ADVICE),
    settled_states=frozenset({COMMUNITY_SUPPORT}),
    consent=CONSENT,
    renewed=RENEWED,
    consent_recipients=_consent_recipients,
    closes={(COMMUNITY_SUPPORT, CENTER): (COUNSEL_PARTY, PROBATION_C0)},
)

# fmt: off
# A row stays a row: state, message, party, where it leads.
TABLE = (
    *rows(NEW, Inquire, COUNSEL_PARTY, INQUIRED, joins=(CENTER,), copies=(CENTER,),
          guards=(has_come("obtained_on"),)),
    *rows(INQUIRED, DefenceQuery, CENTER, QUERY_PENDING, copies=(COUNSEL_PARTY,)),
    *rows(QUERY_PENDING, DefenceAnswerQuery, COUNSEL_PARTY, INQUIRED,
          copies=(CENTER,), asks_consent=True),
    *rows(INQUIRED, DefenceAccept, CENTER, ACCEPTED, decides=True, lead=CENTER,
          copies=(COUNSEL_PARTY,)),
    *rows(INQUIRED, DefenceDeclineRequest, CENTER, CLOSED, decides=True, copies=(COUNSEL_PARTY,)),
    *rows((ACCEPTED, VISITING), DefenceVisit, CENTER, VISITING,
          copies=(COUNSEL_C0,), guards=(has_come("held_on"),)),
    *rows((VISITING, PLAN_SHARED), SharePlan, COUNSEL_PARTY, PLAN_SHARED, copies=(CENTER,)),
    *rows((VISITING, PLAN_SHARED), SharePlan, CENTER, PLAN_SHARED, copies=(COUNSEL_PARTY,)),
    *rows(WORKING, GiveLeave, COUNSEL_PARTY, SAME, copies=(CENTER,), added=True,
          guards=(has_come("given_on"),)),
    *rows(WORKING, AskProbation, CENTER, SAME, decides=True, joins=(PROBATION,),
          copies=(PROBATION, COUNSEL_PARTY), guards=(counsel_leave,)),
    *rows(WORKING, ReportOutcome, COUNSEL_PARTY, COMMUNITY_SUPPORT, decides=True,
          copies=(CENTER,)),
    *COMMON.table(),
)
# fmt: on
