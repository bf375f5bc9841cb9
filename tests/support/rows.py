"""Referrals in the state of a row of a table, with every party: each row can be tried by itself."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

from app.domain.access.caller import Caller
from app.domain.cases.case import CLOSED, LEAD, NEW, SYSTEM, Case, Party, Referral, View
from app.domain.decisions.decide import decide
from app.domain.decisions.decision import Decision
from app.domain.decisions.submission import Submission
from app.domain.messages.message import Message
from app.domain.state_machine.step import Step
from app.domain.state_machine.table import Flow
from tests.support.cases import DIRECTORY, NOW, SHORT

SUCCESSORS = {"institution": "prison27", "probation_office": "probation27"}


def sendings(flow: Flow) -> Iterator[tuple[Step, str]]:
    """The rows by which a party sends something in a referral that is there, with each sender."""
    for step in flow.steps:
        if step.state != NEW and SYSTEM not in step.by:
            yield from ((step, sender) for sender in step.by)


def standing(flow: Flow, step: Step) -> Case:
    """A case with one referral in the step's state, in which nobody consented to anything."""
    back = (flow.steps[1].state,) if step.state in {*flow.side_states, CLOSED} else ()
    there = dict(_parties(flow, step))
    lead = next((i for name, i in there.items() if name in step.by), next(iter(there.values())))
    view = View(1, step.state, lead=lead, back=back)
    parties = tuple(Party(name, agency, NOW, view=view) for name, agency in there.items())
    referral = Referral(uuid4(), flow.name, step.state, back=back, parties=parties)
    return Case(uuid4(), lead=lead).with_referral(referral)


def send_example(case: Case, step: Step, sender: str) -> Decision:
    """Send the example of a row in a case of `standing`, from a party's decider."""
    (referral,) = case.referrals.values()
    there = {party.name: party.agency_id for party in referral.parties}
    agency = case.lead if sender == LEAD else there[sender]
    assert agency is not None
    to = {name: SHORT[SUCCESSORS[name]] for name in step.joins if name in step.ends}
    body = step.body.model_validate(step.body.EXAMPLE)
    message = Message(uuid4(), referral.id, body, NOW.date(), to=to)
    caller = Caller("c", agency, "s", "decider", frozenset(), frozenset(), decides=True)
    return decide(Submission(case, message, caller, DIRECTORY, NOW))


def with_referral(case: Case, **changes: Any) -> Case:
    """The same case with its referral changed."""
    (referral,) = case.referrals.values()
    return case.with_referral(replace(referral, **changes))


def _parties(flow: Flow, step: Step) -> Iterator[tuple[str, str]]:
    """An agency for each party but those that join by the step alone."""
    taken: set[str] = set()
    for name, role in flow.parties.items():
        agencies = ((i, DIRECTORY.agency(i)) for i in SHORT.values() if i not in taken)
        if name not in step.joins or name in step.ends:
            found = next(i for i, agency in agencies if agency and agency.kind in role.kinds)
            taken.add(found)
            yield name, found
