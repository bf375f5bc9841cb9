"""The messages that a party can send next, as answers list them."""

from collections.abc import Mapping
from typing import Any

from app.domain.cases.case import LEAD, Party, View
from app.domain.state_machine.exits import EXITS
from app.domain.state_machine.step import Step
from app.domain.state_machine.table import Flow, is_unlimited, stopped_state


def actions(flow: Flow, party: Party, refused: str | None = None) -> list[Mapping[str, Any]]:
    """The messages that this party may send, by its own view, in the order of the table.

    Args:
        refused: a type that has just been refused. It is left out: the view may be out of date, and
            does not say who alone undoes what stopped the referral.
    """
    if not party.active:
        return []
    moves = _moves(flow, party.name, party.agency_id, party.view)
    return [move for move in moves if move["type"] != refused]


def _moves(flow: Flow, name: str, agency_id: str, view: View) -> list[Mapping[str, Any]]:
    possible: dict[str, Mapping[str, Any]] = {}
    leads = view.lead == agency_id
    decides = leads if flow.deciding == LEAD else name == flow.deciding
    for step in flow.moves(view.state, name, leads=leads):
        if flow.is_barred(step, {view.state, *view.back}, decides=decides):
            continue
        event = step.type.partition(".")[2]
        seat = _seat(flow, step, name, view, decides=decides)
        if seat is None:
            continue
        # The lead's own row comes before that of all parties, and is the one that is taken.
        possible.setdefault(
            step.type,
            {
                "type": step.type,
                "title": step.body.TITLE,
                "seat": seat,
                "schema": f"/v1/flows/{flow.name}/schemas/{event}",
            },
        )
    return list(possible.values())


def _seat(flow: Flow, step: Step, name: str, view: View, *, decides: bool) -> str | None:
    """The seat that a step needs; None if the party has stopped the referral too often for it."""
    seat = "decider" if step.decides else "any"
    state, event = stopped_state(flow, step), step.type.partition(".")[2]
    stays = step.to == state and state in {view.state, *view.back}
    if state not in view.used_up or stays:
        return seat
    if is_unlimited(flow, event, name, decides=decides):
        return "decider"
    return seat if EXITS[event].claimed else None
