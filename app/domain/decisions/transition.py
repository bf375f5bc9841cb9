"""What a step does to the referrals of its case: states, parties, views, reports and stops."""

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from app.domain.cases.case import CLOSED, NEW, SUSPENDED, SYSTEM, Case, Party, Referral, View
from app.domain.cases.stops import Stops
from app.domain.classes import DataClass
from app.domain.consents.coverage import NONE
from app.domain.decisions.audience import Audience
from app.domain.decisions.decision import Copy, Move
from app.domain.directory.agencies import Agency
from app.domain.flows import FLOWS
from app.domain.messages.body import Body
from app.domain.messages.facts import FACTS, Fact
from app.domain.state_machine.step import BACK, Step, can_be_reopened
from app.domain.state_machine.table import Flow

NOBODY = "-"
EVERYTHING = frozenset(DataClass)


@dataclass(frozen=True, slots=True)
class Actor:
    """The one that takes a step: a party with its agency, or the service itself."""

    name: str
    agency: Agency | None = None
    caller: str = ""
    """The agency whose seat sends it, which keyed it in if it came on paper."""
    deciding: bool = False
    """Whether the caller's party is the deciding one."""

    @property
    def is_told(self) -> bool:
        """Whether its message waits in its inbox: others keyed it in while it was switched off."""
        return self.agency is not None and self.agency.connected and self.caller != self.agency.id


THE_SERVICE = Actor(SYSTEM)


def take(
    case: Case,
    referral: Referral,
    step: Step,
    body: Body,
    actor: Actor,
    joining: Mapping[str, Agency],
    recipients: Audience,
    at: datetime,
) -> tuple[Case, Move]:
    """Take a step in one referral.

    Returns:
        The case afterwards, and the move to write down.
    """
    flow = FLOWS[referral.flow]
    facts = body.facts()
    state, back = _target(flow, step, referral, by_system=actor is THE_SERVICE)
    known: Mapping[str, Fact] = {} if step.erases else {**referral.facts, **facts}
    parties = tuple(_parties(referral, step, actor, joining, at))
    erased = EVERYTHING if step.erases else referral.erased
    moved = replace(
        referral,
        state=state,
        back=back,
        facts=known,
        parties=parties,
        erased=erased,
        stops=_stops(flow, step, referral, (state, *back), actor, at),
    )
    lead = _lead(case, step, moved)
    readers = {recipient.agency.id: recipient.classes for recipient in recipients}
    # A view has the newest facts of all classes of the row, and shows those that consent covers
    # when it is read: a consent never brings back an older value.
    known_to = {recipient.agency.id: recipient.by_row for recipient in recipients}
    if actor.agency is not None:
        readers[actor.agency.id] = known_to[actor.agency.id] = EVERYTHING
    under = state == referral.state != CLOSED and back != referral.back
    arriving = frozenset(agency.id for agency in joining.values())
    new = {a.id for name, a in joining.items() if _predecessor(referral, step, name) is None}
    if step.state == NEW and actor.agency is not None:
        new.add(actor.agency.id)
    shown = tuple(
        replace(p, view=_view(flow, step, p, moved, facts, known_to[p.agency_id], lead, new, under))
        if p.agency_id in readers
        else p
        for p in moved.parties
    )
    moved = replace(moved, parties=shown)
    rests = {recipient.agency.id: recipient.rests_on for recipient in recipients}
    if actor.agency is not None:
        rests[actor.agency.id] = _rests_for_sender(flow, recipients)
    lacking = {agency: known_to[agency] - classes for agency, classes in readers.items()}
    copies = tuple(_copies(moved, readers, lacking, actor, rests))
    after = replace(case, lead=lead).with_referral(moved)
    return after, Move(body, referral.state, moved, copies, facts, arriving)


def _target(
    flow: Flow, step: Step, referral: Referral, *, by_system: bool
) -> tuple[str, tuple[str, ...]]:
    """Where the step leads.

    A report reaches the main state under any side state, and the row that ends a side state ends
    it under others too.
    """
    if step.to == BACK and step.state != referral.state:
        under = tuple(state for state in referral.back if state != step.state)
        return referral.state, under
    if by_system and referral.back and step.state == referral.back[0] != referral.state:
        main, _ = flow.target(step, referral.back[0], ())
        return referral.state, (main, *referral.back[1:])
    return flow.target(step, referral.state, referral.back)


def _stops(
    flow: Flow,
    step: Step,
    referral: Referral,
    after: tuple[str, ...],
    actor: Actor,
    at: datetime,
) -> Stops:
    """Who led into the side states in which the referral then is, or to its end.

    An end that cannot be undone forgets them.
    """
    stops, ends = referral.stops, after[0] == CLOSED != referral.state
    if ends and not can_be_reopened(step):
        return replace(stops, senders={}, closed_on=None)
    undone = {*flow.side_states, CLOSED}
    stops = stops.left(({referral.state, *referral.back} - {*after}) & undone)
    since = stops.closed_on if after[0] == CLOSED else None
    stops = replace(stops, closed_on=at.date() if ends else since)
    stops = replace(stops, suspended_here=stops.suspended_here and SUSPENDED in after)
    entered = step.on_return if step.state == CLOSED else step.to
    if actor is THE_SERVICE or entered not in undone:
        return stops
    return stops.entered(entered, actor.caller, deciding=actor.deciding)


def _view(
    flow: Flow,
    step: Step,
    party: Party,
    moved: Referral,
    facts: Mapping[str, Fact],
    classes: frozenset[DataClass],
    lead: str | None,
    new: Set[str],
    under: bool,
) -> View:
    """The party's view after the step: its state is where the step leads from the one it knew.

    A message that leaves the state, or returns to the one before, tells nothing of steps that
    this party was not told of. A successor knows what its predecessor did; whoever else joins is
    told the state as it is.
    """
    old = party.view
    role = flow.parties[party.name].classes
    view = old.after(moved, facts, classes, lead, role, fresh=step.erases)
    view = replace(view, used_up=moved.stops.used_up(party.agency_id))
    if under and step.to == BACK and old.state != step.state:
        left = tuple(name for name in old.back if name != step.state)
        return replace(view, state=old.state, back=left)
    returns_unseen = step.to == BACK and not old.back
    if party.agency_id in new or returns_unseen:
        return replace(view, back=moved.back)
    if under:
        # A report reached the main state, under a side state.
        main = tuple(flow.target(step, name, ())[0] for name in old.back[:1])
        return replace(view, state=old.state, back=(*main, *old.back[1:]))
    state, back = flow.target(step, old.state, old.back)
    return replace(view, state=state, back=back)


def _parties(
    referral: Referral, step: Step, actor: Actor, joining: Mapping[str, Agency], at: datetime
) -> Iterator[Party]:
    """The parties after the step. Whoever joins begins with what its predecessor sees, also if it
    had a part before: what it knew then may have changed since."""
    taken_over = {name: _view_of_part(referral, step, name) for name in joining}
    arriving = {agency.id: name for name, agency in joining.items()}
    if step.state == NEW and actor.agency is not None:
        arriving = {actor.agency.id: actor.name} | arriving
    for party in referral.parties:
        if party.agency_id in arriving:
            name = arriving.pop(party.agency_id)
            view = replace(taken_over.get(name, View()), number=party.view.number)
            yield replace(party, name=name, since=at, until=None, view=view)
        elif party.active and party.name in step.ends:
            yield replace(party, until=at)
        else:
            yield party
    for agency_id, name in arriving.items():
        yield Party(name, agency_id, at, view=taken_over.get(name, View()))


def _predecessor(referral: Referral, step: Step, name: str) -> Party | None:
    """The party whose place another takes by the step; None where the row hands no part over."""
    return referral.active(name) if name in step.ends else None


def _view_of_part(referral: Referral, step: Step, name: str) -> View:
    """The view with which an agency joins: its predecessor's state, and facts in the classes of
    the party."""
    predecessor = _predecessor(referral, step, name)
    if predecessor is None:
        return View()
    may, known = FLOWS[referral.flow].parties[name].classes, predecessor.view
    facts = {fact: value for fact, value in known.facts.items() if FACTS[fact] in may}
    return View(state=known.state, facts=facts, back=known.back)


def _lead(case: Case, step: Step, referral: Referral) -> str | None:
    if step.lead is None:
        return case.lead
    leader = referral.active(step.lead) if step.lead != NOBODY else None
    return leader.agency_id if leader else None


def _rests_for_sender(flow: Flow, recipients: Audience) -> frozenset[UUID]:
    """The consents of which a sender is told by what it sends: not those of a part above."""
    told = (r.rests_on for r in recipients if not flow.parties[r.party].from_above)
    return NONE.union(*told)


def _copies(
    referral: Referral,
    readers: Mapping[str, frozenset[DataClass]],
    lacking: Mapping[str, frozenset[DataClass]],
    actor: Actor,
    rests: Mapping[str, frozenset[UUID]],
) -> Iterator[Copy]:
    for party in referral.parties:
        if party.agency_id in readers:
            named = actor.agency is not None and party.agency_id == actor.agency.id
            yield Copy(
                party.agency_id,
                party.name,
                referral.id,
                party.view.number,
                readers[party.agency_id],
                not named or actor.is_told,
                rests.get(party.agency_id, NONE),
                lacking[party.agency_id],
                named,
            )
