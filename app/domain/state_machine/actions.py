"""The messages that a party can send next, as answers list them."""

from collections.abc import Mapping
from typing import Any

from app.domain.cases.case import LEAD, Party, View
from app.domain.state_machine.table import Flow


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
        # The lead's own row comes before that of all parties, and is the one that is taken.
        possible.setdefault(
            step.type,
            {
                "type": step.type,
                "title": step.body.TITLE,
                "seat": "decider" if step.decides else "any",
                "schema": f"/v1/flows/{flow.name}/schemas/{event}",
            },
        )
    return list(possible.values())
