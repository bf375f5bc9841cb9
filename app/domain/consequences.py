"""What a step does to the referrals of its case: states, parties, views, reports and stops."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from app.domain.audience import Audience, audience
from app.domain.body import Body
from app.domain.case import CLOSED, NEW, SUSPENDED, SYSTEM, Case, Party, Referral
from app.domain.classes import DataClass
from app.domain.coverage import NONE
from app.domain.decision import Copy, Move
from app.domain.directory import Agency, Directory
from app.domain.facts import Fact
from app.domain.flow import Flow, Report, Step
from app.domain.flows import FLOWS

NOBODY = "-"
EVERYTHING = frozenset(DataClass)


@dataclass(frozen=True, slots=True)
class Actor:
    """Whoever takes a step: a party with its agency, or the service itself."""

    name: str
    agency: Agency | None = None


THE_SERVICE = Actor(SYSTEM)


def take(
    case: Case,
    referral: Referral,
    step: Step,
    body: Body,
    actor: Actor,
    joining: Mapping[str, Agency],
    told: Audience,
    at: datetime,
) -> tuple[Case, Move]:
    """Take a step in one referral: the case afterwards, and the move to write down."""
    flow = FLOWS[referral.flow]
    facts = body.facts()
    state, back = _target(flow, step, referral, by_system=actor is THE_SERVICE)
    kept: Mapping[str, Fact] = {} if step.erases else {**referral.facts, **facts}
    parties = tuple(_parties(referral, step, actor, joining, at))
    erased = EVERYTHING if step.erases else referral.erased
    moved = replace(referral, state=state, back=back, facts=kept, parties=parties, erased=erased)
    lead = _lead(case, step, moved)
    readers = {recipient.agency.id: recipient.classes for recipient in told}
    if actor.agency is not None:
        readers[actor.agency.id] = EVERYTHING
    shown = tuple(
        replace(p, view=p.view.after(moved, facts, readers[p.agency_id], lead, fresh=step.erases))
        if p.agency_id in readers
        else p
        for p in moved.parties
    )
    moved = replace(moved, parties=shown)
    rests = {recipient.agency.id: recipient.rests_on for recipient in told if recipient.rests_on}
    copies = tuple(_copies(moved, readers, actor, rests))
    after = replace(case, lead=lead).with_referral(moved)
    return after, Move(body, referral.state, moved, copies, facts)


def report(
    case: Case, child: Referral, reported: Report, directory: Directory, at: datetime
) -> tuple[Case, Move] | None:
    """Let a child's step take its `sys` event on the parent; None if the parent refuses it."""
    parent = case.referrals[child.parent] if child.parent else None
    step = FLOWS[parent.flow].sys_event(parent.main_state, reported.event) if parent else None
    if parent is None or step is None:
        return None
    brought = {
        party: agency
        for party, childs in reported.brings.items()
        if (p := child.active(childs)) and (agency := directory.agency(p.agency_id))
    }
    return _by_system(case, parent, step, brought, directory, at)


def follow_up(
    case: Case, moved: Move, withdrawn: frozenset[UUID], directory: Directory, at: datetime
) -> tuple[Case, tuple[Move, ...]]:
    """Suspend, resume or close the other referrals of the case that a move reaches."""
    moves: list[Move] = []
    for other, event in _reached(case, moved, withdrawn):
        step = FLOWS[other.flow].sys_event(other.state, event)
        if step is not None:
            case, move = _by_system(case, case.referrals[other.id], step, {}, directory, at)
            moves.append(move)
    return case, tuple(moves)


def reached_by(case: Case, withdrawn: frozenset[UUID], referral_id: UUID) -> frozenset[UUID]:
    """The referrals in which something may have been told on these consents."""
    roots = {c.referral_id for c in case.consents if c.record.id in withdrawn}
    return case.under(roots | {referral_id})


def _reached(case: Case, moved: Move, withdrawn: frozenset[UUID]) -> Iterator[tuple[Referral, str]]:
    referral = moved.referral
    if withdrawn:
        reached = reached_by(case, withdrawn, referral.id) - {referral.id}
        yield from ((case.referrals[i], "consent_suspended") for i in reached)
        return
    if referral.state == CLOSED and moved.before != CLOSED:
        yield from ((other, "parent_closed") for other in case.descendants(referral.id))
    elif moved.before == SUSPENDED and referral.state != SUSPENDED:
        yield from ((other, "consent_resumed") for other in case.descendants(referral.id))


def _by_system(
    case: Case,
    referral: Referral,
    step: Step,
    joining: Mapping[str, Agency],
    directory: Directory,
    at: datetime,
) -> tuple[Case, Move]:
    body = step.body.model_validate({"type": step.type})
    flow = FLOWS[referral.flow]
    told = audience(flow, step, referral, body, joining, None, directory)
    return take(case, referral, step, body, THE_SERVICE, joining, told, at)


def _target(
    flow: Flow, step: Step, referral: Referral, *, by_system: bool
) -> tuple[str, tuple[str, ...]]:
    """Where the step leads. A report reaches the main state, under any side state."""
    if by_system and referral.back and step.state == referral.back[0] != referral.state:
        main, _ = flow.target(step, referral.back[0], ())
        return referral.state, (main, *referral.back[1:])
    return flow.target(step, referral.state, referral.back)


def _parties(
    referral: Referral, step: Step, actor: Actor, joining: Mapping[str, Agency], at: datetime
) -> Iterator[Party]:
    arriving = {agency.id: name for name, agency in joining.items()}
    if step.state == NEW and actor.agency is not None:
        arriving = {actor.agency.id: actor.name} | arriving
    for party in referral.parties:
        if party.agency_id in arriving:
            name = arriving.pop(party.agency_id)
            yield replace(party, name=name, since=at, until=None)
        elif party.active and party.name in step.ends:
            yield replace(party, until=at)
        else:
            yield party
    yield from (Party(name, agency_id, at) for agency_id, name in arriving.items())


def _lead(case: Case, step: Step, referral: Referral) -> str | None:
    if step.lead is None:
        return case.lead
    leader = referral.active(step.lead) if step.lead != NOBODY else None
    return leader.agency_id if leader else None


def _copies(
    referral: Referral,
    readers: Mapping[str, frozenset[DataClass]],
    actor: Actor,
    rests: Mapping[str, frozenset[UUID]],
) -> Iterator[Copy]:
    for party in referral.parties:
        if party.agency_id in readers:
            sent = actor.agency is not None and party.agency_id == actor.agency.id
            yield Copy(
                party.agency_id,
                party.name,
                referral.id,
                party.view.number,
                readers[party.agency_id],
                not sent,
                NONE.union(*rests.values()) if sent else rests.get(party.agency_id, NONE),
            )
