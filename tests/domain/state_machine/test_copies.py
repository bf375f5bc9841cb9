"""Who is told by a row of a table, compared with who is told when a message of it is sent."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from app.domain.cases.case import LEAD, SYSTEM, Party, Referral, View, VisibleParty
from app.domain.classes import DataClass
from app.domain.decisions.audience import audience
from app.domain.directory.agencies import Agency, Directory
from app.domain.flows import FLOWS
from app.domain.messages.body import Body
from app.domain.state_machine.copies import classes_of, copies
from app.domain.state_machine.step import Step
from app.domain.state_machine.table import Flow

AT = datetime(2026, 11, 20, tzinfo=UTC)
Told = set[tuple[str, str, frozenset[DataClass]]]
"""Party, agency, classes."""


@pytest.mark.parametrize("name", FLOWS)
def test_everybody_whom_a_message_reaches_is_among_the_copies_of_its_row(name: str) -> None:
    flow = FLOWS[name]
    for step in flow.steps:
        senders = flow.parties if LEAD in step.by else step.by
        body = step.body.model_validate(step.body.EXAMPLE)
        for sender in senders:
            where = (step.state, step.type, sender)
            assert expected(flow, step, body, sender) == reached(flow, step, body, sender), where


def reached(flow: Flow, step: Step, body: Body, sender: str) -> Told:
    """Whom a message reaches in a referral with an agency as every party, known to all."""
    present = [an_agency(flow, party, "now") for party in flow.parties]
    joining = {party: an_agency(flow, party, "new") for party in step.joins}
    view = View(parties=tuple(VisibleParty(a.name, a.id, AT) for a in present))
    referral = Referral(
        id=UUID(int=1),
        flow=flow.name,
        state=step.state,
        parties=tuple(Party(a.name, a.id, AT, view=view) for a in present),
    )
    directory = Directory.of([*present, *joining.values()])
    own = None if sender == SYSTEM else f"{sender}-now"
    told = audience(flow, step, referral, body, joining, own, directory)
    return {(each.party, each.agency.id, each.classes & classes_of(type(body))) for each in told}


def expected(flow: Flow, step: Step, body: Body, sender: str) -> Told:
    """The same, from what the row says of its copies."""
    told: Told = set()
    record = body.consent_record()
    for copy in copies(flow, step):
        agency = an_agency(flow, copy.party, "new" if copy.party in step.joins else "now")
        if copy.leaves:
            agency = an_agency(flow, copy.party, "now")
        named = record is not None and agency.kind in record.recipients
        if (copy.if_named and not named) or (copy.may_send and agency.id == f"{sender}-now"):
            continue
        if copy.if_named:
            told = {each for each in told if each[0] != copy.party}
        told.add((copy.party, agency.id, copy.classes))
    return told


def an_agency(flow: Flow, party: str, which: str) -> Agency:
    return Agency(f"{party}-{which}", min(flow.parties[party].kinds), party, "13")
