"""広域調整の表: parties, states, and who may send which message in which state.

A row reads: in this state, this message, from this party, leads to that state.
"""

from collections.abc import Mapping

from app.domain.cases.case import CLOSED, HELD, LEAD, NEW
from app.domain.classes import upto
from app.domain.directory.kinds import CENTERS
from app.domain.flows.regional_coordination.messages import (
    CONSENT,
    RENEWED,
    AcceptTransfer,
    Acknowledge,
    AssignTasks,
    Complete,
    FindPlacement,
    OfferTransfer,
    RefuseTransfer,
    RegionalAccept,
    RegionalAnswerQuery,
    RegionalDeclineRequest,
    RegionalInterview,
    RegionalLosePlacement,
    RegionalQuery,
    RegionalRequest,
    RegionalStartSeeking,
    ReturnCase,
    WithdrawRegional,
)
from app.domain.state_machine.common_rows import (
    CHILD_STATES,
    END,
    SIDE_STATES,
    CommonRows,
    parent_closed,
)
from app.domain.state_machine.guards import has_come, is_lead, one_agreed_placement
from app.domain.state_machine.step import BACK, PartyRole, Report, rows
from app.domain.text import Text
from app.domain.vocabulary.closing import REGIONAL, close_reasons

NAME = "regional_coordination"
ORIGIN, DESTINATION = "origin_center", "destination_center"
ORIGIN_C0 = "origin_center:C0"
PARTIES: Mapping[str, PartyRole] = {
    ORIGIN: PartyRole(
        Text("依頼センター", "origin center"), CENTERS, upto(7), by_consent=True, from_above=True
    ),
    DESTINATION: PartyRole(
        Text("受託センター", "destination center"), CENTERS, upto(7), by_consent=True
    ),
}

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
    **CHILD_STATES,
    **END,
}
SIDE = frozenset({*SIDE_STATES, *CHILD_STATES, TRANSFER_OFFERED})
"""States that hold the state before them."""

OPEN = tuple(state for state in STATES if state not in {HELD, CLOSED})
BEFORE_TRANSFER = OPEN[: OPEN.index(LEAD_TRANSFERRED)]


def _consent_recipients(state: str, sender: str) -> tuple[str, ...]:
    """The center that decides: the asking one until the lead has passed on."""
    if sender == ORIGIN or state == LEAD_TRANSFERRED:
        return ()
    return (ORIGIN,) if state in BEFORE_TRANSFER else (ORIGIN_C0,)


SHARED = upto(7)
"""The classes in which the asking center may show the other one messages of its own case."""
REQUESTED_REPORT = Report("regional_requested")
RETURNED_REPORT = Report("regional_returned")
TRANSFERRED_REPORT = Report("regional_transferred", brings={"center": DESTINATION})

COMMON = CommonRows(
    flow=NAME,
    opening="request",
    parties=(ORIGIN, DESTINATION),
    open=OPEN,
    deciding=LEAD,
    vouching=None,
    by_consent=frozenset({ORIGIN, DESTINATION}),
    closers=(LEAD,),
    custodians=(LEAD,),
    close_reasons=close_reasons(REGIONAL),
    consent=CONSENT,
    renewed=RENEWED,
    consent_recipients=_consent_recipients,
    reports=RETURNED_REPORT,
    requests=REQUESTED_REPORT,
    custody_added=True,
)

# fmt: off
# A row stays a row: state, message, party, where it leads.
TABLE = (
    *rows(NEW, RegionalRequest, ORIGIN, REQUESTED, decides=True, joins=(DESTINATION,),
          copies=(DESTINATION,), guards=(is_lead,), reports=REQUESTED_REPORT,
          shares=SHARED),
    *rows(REQUESTED, Acknowledge, DESTINATION, ACKNOWLEDGED, copies=(ORIGIN,)),
    *rows(ACKNOWLEDGED, RegionalQuery, DESTINATION, CLARIFYING, copies=(ORIGIN,)),
    *rows(CLARIFYING, RegionalAnswerQuery, ORIGIN, ACKNOWLEDGED,
          copies=(DESTINATION,), asks_consent=True),
    *rows(ACKNOWLEDGED, RegionalAccept, DESTINATION, ACCEPTED, decides=True, copies=(ORIGIN,)),
    *rows((REQUESTED, ACKNOWLEDGED, CLARIFYING), RegionalDeclineRequest, DESTINATION, CLOSED,
          decides=True, copies=(ORIGIN,), reports=RETURNED_REPORT),
    *rows((ACCEPTED, JOINT_ASSESSING), AssignTasks, ORIGIN, JOINT_ASSESSING,
          copies=(DESTINATION,)),
    *rows((ACCEPTED, JOINT_ASSESSING), AssignTasks, DESTINATION, JOINT_ASSESSING,
          copies=(ORIGIN,)),
    *rows((ACCEPTED, JOINT_ASSESSING), RegionalInterview, ORIGIN, JOINT_ASSESSING,
          copies=(DESTINATION,), guards=(has_come("held_on"),)),
    *rows((ACCEPTED, JOINT_ASSESSING), RegionalInterview, DESTINATION, JOINT_ASSESSING,
          copies=(ORIGIN,), guards=(has_come("held_on"),)),
    *rows(JOINT_ASSESSING, RegionalStartSeeking, DESTINATION, PLACEMENT_SEEKING,
          copies=(ORIGIN_C0,)),
    *rows(PLACEMENT_SEEKING, FindPlacement, DESTINATION, PLACEMENT_FOUND,
          copies=(ORIGIN,), guards=(one_agreed_placement,)),
    *rows(PLACEMENT_FOUND, RegionalLosePlacement, DESTINATION, PLACEMENT_SEEKING,
          copies=(ORIGIN,)),
    *rows((ACCEPTED, JOINT_ASSESSING, PLACEMENT_SEEKING, PLACEMENT_FOUND), OfferTransfer, ORIGIN,
          TRANSFER_OFFERED, decides=True, copies=(DESTINATION,), shares=SHARED),
    *rows(TRANSFER_OFFERED, AcceptTransfer, DESTINATION, LEAD_TRANSFERRED, decides=True,
          lead=DESTINATION, copies=(ORIGIN,), reports=TRANSFERRED_REPORT),
    *rows(TRANSFER_OFFERED, RefuseTransfer, DESTINATION, BACK, decides=True, copies=(ORIGIN,)),
    *rows(BEFORE_TRANSFER, ReturnCase, DESTINATION, CLOSED, decides=True, copies=(ORIGIN,),
          reports=RETURNED_REPORT),
    *rows(BEFORE_TRANSFER, WithdrawRegional, ORIGIN, CLOSED, decides=True, copies=(DESTINATION,),
          reports=RETURNED_REPORT),
    *rows(LEAD_TRANSFERRED, Complete, DESTINATION, CLOSED, decides=True, copies=(ORIGIN_C0,)),
    *parent_closed(NAME, (*OPEN, HELD)),
    *COMMON.table(),
)
# fmt: on
