"""The messages that a party can send next, as answers list them."""

from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any

from app.domain.cases.case import LEAD, Party, View
from app.domain.state_machine.exits import EXITS
from app.domain.state_machine.known import KnownSituation
from app.domain.state_machine.step import Step, required_classes
from app.domain.state_machine.table import Flow, is_unlimited, stopped_state


def actions(
    flow: Flow, party: Party, known: KnownSituation, refused: str | None = None
) -> list[Mapping[str, Any]]:
    """The messages that this party may send, by its own view, in the order of the table.

    What would be refused whatever it said is left out, as far as the party can know that.

    Args:
        known: what it knows of the situation.
        refused: a type that has just been refused. It is left out: the view may be out of date, and
            does not say who alone undoes what stopped the referral.
    """
    if not party.active:
        return []
    moves = _moves(flow, party.name, party.agency_id, party.view, known)
    return [move for move in moves if move["type"] != refused]


def actions_mark(flow: Flow, party: Party, known: KnownSituation) -> str:
    """A mark of the actions if something else than a message that the party received changed them.

    A day, an erasure, and what becomes of a consent in another referral do so without a new version
    of the party's view. Empty if they are those of the version.
    """
    closed_on = known.today if known.closed_on is not None else None
    before = replace(known, closed_on=closed_on, erased=frozenset(), consents=frozenset())
    now, then = ([a["type"] for a in actions(flow, party, k)] for k in (known, before))
    return "" if now == then else sha256(" ".join(now).encode()).hexdigest()[:8]


def _moves(
    flow: Flow, name: str, agency_id: str, view: View, known: KnownSituation
) -> list[Mapping[str, Any]]:
    possible: dict[str, Mapping[str, Any] | None] = {}
    leads = view.lead == agency_id
    decides = leads if flow.deciding == LEAD else name == flow.deciding
    for step in flow.moves(view.state, name, leads=leads):
        if flow.is_barred(step, {view.state, *view.back}, decides=decides):
            continue
        event = step.type.partition(".")[2]
        seat = _seat(flow, step, name, view, decides=decides)
        if seat is None:
            continue
        offered = {
            "type": step.type,
            "title": step.body.TITLE,
            "seat": seat,
            "schema": f"/v1/flows/{flow.name}/schemas/{event}",
        }
        # The lead's own row comes before that of all parties, and is the one that is taken.
        possible.setdefault(step.type, offered if _is_possible(step, known) else None)
    return [offered for offered in possible.values() if offered is not None]


def _is_possible(step: Step, known: KnownSituation) -> bool:
    """Whether some message of a row would be taken, as far as its sender can know."""
    erased = required_classes(step.body) & known.erased
    return not erased and all(g.possible is None or g.possible(known) for g in step.guards)


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
