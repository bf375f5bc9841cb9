"""The effects of a step on the rest of the case: consents, reports, other referrals."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from app.domain.cases.case import CLOSED, HELD, HOLDS_CHILDREN, SUSPENDED, Case, Referral
from app.domain.cases.withdrawals import restored_consents, withdrawn_below
from app.domain.consents.consent import Consent
from app.domain.decisions.audience import audience
from app.domain.decisions.decision import Decision, Move
from app.domain.decisions.sharing import share
from app.domain.decisions.stopping import lets_in, stops_nothing_above, without_effect
from app.domain.decisions.submission import Sender, Submission
from app.domain.decisions.transition import THE_SERVICE, take
from app.domain.decisions.vouching import (
    confirmed_below,
    consent_report,
    is_claim,
    is_vouched,
    vouched_consents,
    vouching_referral,
)
from app.domain.directory.agencies import Agency, Directory
from app.domain.errors import GuardFailed, IllegalMove, Invalid, TooManyConsents
from app.domain.flows import FLOWS
from app.domain.messages.body import Body
from app.domain.state_machine.flow_guards import PARENT_TAKES_IT_AGAIN
from app.domain.state_machine.step import BACK, Report, Step
from app.domain.state_machine.table import Flow

MOST_CONSENTS = 50
"""Consents that one agency may record in a case, withdrawn and refused ones among them: whatever is
sent there is decided upon all of them."""
SIDE_STATE_OF: Mapping[str, str] = {"consent_suspended": SUSPENDED, "parent_held": HELD}
"""The side state to which an event leads. A referral that is in it is not told again."""


def conclude(
    flow: Flow,
    step: Step,
    submission: Submission,
    case: Case,
    move: Move,
    sender: Sender,
    *,
    claimed: bool = False,
) -> Decision:
    """Complete the decision: add the report to the parent, and the effects on other referrals.

    Args:
        claimed: the message is an exit that is recorded and stops nothing.

    Raises:
        Invalid: a consent is recorded twice, or one is withdrawn that does not bind the referral.
        IllegalMove: the parent does not take what the step must report.
    """
    body = submission.message.body
    recorded = _recorded_consent(flow, step, submission, move.referral, sender)
    named = _withdrawn_consents(submission, move.referral)
    withdrawn = named if not claimed else frozenset[UUID]()
    case = _change_consents(case, recorded, withdrawn, submission)
    standing = submission.case.referrals.get(move.referral.id, move.referral)
    case = vouched_consents(case, standing, submission, sender)
    case, moves = _report_to_parent(flow, step, case, move, submission)
    reached = withdrawn
    for caused in moves:
        case, more = follow_up(case, caused, reached, submission)
        moves, reached = (*moves, *more), frozenset()
    case, more = _wait_no_longer(case, move, submission)
    moves = (*moves, *more)
    case, more = _suspend_reopened(case, move, submission)
    moves = (*moves, *more)
    case, more = _tell_of_consents(case, move.referral, body, recorded, submission)
    moves = (*moves, *more)
    if recorded is None or is_vouched(case, move.referral, submission, sender):
        case, more = _resume_below(case, move.referral, submission)
        moves = (*moves, *more)
    unmoved = [move.referral] if claimed else _unmoved_above(submission, move.referral)
    for each in unmoved:
        case, told = _tell_of_exit(case, each, submission)
        moves = (*moves, *told)
    case, move = _suspended_here(case, move, submission)
    case, shared, move = share(case, flow, step, submission, move)
    final = case.referrals[move.referral.id]
    return Decision(
        case=case,
        moves=(move, *moves[1:]),
        sender=final.party_of(sender.agency.id),
        keyed_by=final.party_of(submission.caller.agency_id) if sender.keyed_by else None,
        shared=shared,
        recorded=recorded,
        withdrawn=withdrawn,
        confirmed=body.consents_confirmed(),
        refused=body.consents_refused(),
        restored=restored_consents(submission.case, body.consents_restored(), submission.directory),
        erases=step.erases,
    )


def _tell_of_consents(
    case: Case,
    referral: Referral,
    body: Body,
    recorded: Consent | None,
    submission: Submission,
) -> tuple[Case, tuple[Move, ...]]:
    """Tell the parent of what is recorded in a child, and a child that its claim was confirmed.

    In the parent only the party that vouches learns of it: it answers for the person's consents.
    """
    moves: list[Move] = []
    events: list[tuple[Referral, str, Mapping[str, object]]] = [
        (r, "consent_confirmed", {}) for r in confirmed_below(case, referral, body)
    ]
    above = vouching_referral(case, referral)
    if recorded is not None and above and above.id != referral.id:
        reported = "consent_claimed" if recorded.claimed else "consent_recorded"
        events.append((above, reported, consent_report(recorded)))
    for told, event, said in events:
        other = case.referrals[told.id]
        step = FLOWS[other.flow].sys_event(other.state, event)
        if step is not None and event == "consent_confirmed":
            step = _resuming(case, other, step, submission)
        if step is not None:
            case, move = _take_as_service(
                case, other, step, {}, submission.directory, submission.at, said
            )
            moves.append(move)
    return case, tuple(moves)


def _resuming(case: Case, referral: Referral, step: Step, submission: Submission) -> Step:
    """The row by which a child takes a confirmation, which may leave it suspended."""
    if not _lets_in_now(case, referral, submission):
        return without_effect(step)
    return replace(step, state=SUSPENDED, to=BACK) if referral.suspended else step


def _lets_in_now(case: Case, referral: Referral, submission: Submission) -> bool:
    """Whether a message gives, confirms or restores a consent that lets somebody into a child.

    Any other would let in there whoever the consents name that still stand. One that has run out
    lets in nobody, and one that is restored above undoes no withdrawal in the child itself.
    """
    body = submission.message.body
    record = body.consent_record()
    given = body.consents_confirmed() | frozenset({record.id} if record is not None else ())
    if not referral.stops.suspended_here:
        given |= body.consents_restored()
    return any(
        lets_in(referral, each, submission.directory, submission.at.date())
        for each in case.binding_consents(referral)
        if each.record.id in given
    )


def _resume_below(
    case: Case, referral: Referral, submission: Submission
) -> tuple[Case, tuple[Move, ...]]:
    """Let the suspended referrals below go on into which a consent lets somebody now.

    The one that they wait for may come when the referral above goes on already.
    """
    moves: list[Move] = []
    if case.suspended(case.referrals[referral.id]):
        return case, ()
    for child in [*case.descendants(referral.id)]:
        step = _row_of_event(child, "consent_resumed") if child.suspended else None
        if step is not None and _lets_in_now(case, child, submission):
            case, move = _take_as_service(
                case, child, step, {}, submission.directory, submission.at
            )
            moves.append(move)
    return case, tuple(moves)


def _suspend_reopened(
    case: Case, move: Move, submission: Submission
) -> tuple[Case, tuple[Move, ...]]:
    """Suspend a child that is reopened, if consent was withdrawn and lets nobody in there now."""
    child = case.referrals[move.referral.id]
    taken = any(c.withdrawn for c in case.binding_consents(child))
    if move.before != CLOSED or child.state == CLOSED or child.parent is None or child.suspended:
        return case, ()
    step = FLOWS[child.flow].sys_event(child.state, "consent_suspended")
    if step is None or not taken or _somebody_let_in(case, child, submission):
        return case, ()
    case, told = _take_as_service(case, child, step, {}, submission.directory, submission.at)
    return case, (told,)


def _somebody_let_in(case: Case, referral: Referral, submission: Submission) -> bool:
    """Whether a consent that stands lets in somebody who receives by consent there."""
    today, directory = submission.at.date(), submission.directory
    binding = case.binding_consents(referral)
    return any(lets_in(referral, each, directory, today) for each in binding)


def _tell_of_exit(
    case: Case, referral: Referral, submission: Submission
) -> tuple[Case, tuple[Move, ...]]:
    """Tell every party that an exit was recorded and has stopped nothing.

    Of a message below they learn no more: they need not know of the referral in which it was sent.
    """
    standing = case.referrals[referral.id]
    step = FLOWS[standing.flow].sys_event(standing.state, "exit_claimed")
    if step is None:
        return case, ()
    own = referral.id == submission.message.referral_id
    said = {"message_id": submission.message.id} if own else {}
    case, move = _take_as_service(
        case, standing, step, {}, submission.directory, submission.at, said
    )
    return case, (move,)


def _recorded_consent(
    flow: Flow, step: Step, submission: Submission, referral: Referral, sender: Sender
) -> Consent | None:
    record = submission.message.body.consent_record()
    if record is None:
        return None
    if any(c.record.id == record.id for c in submission.case.consents):
        raise Invalid.at("/body/consent_id", "already_recorded")
    recorder = submission.caller.agency_id
    if sum(c.recorded_by == recorder for c in submission.case.consents) >= MOST_CONSENTS:
        raise TooManyConsents(MOST_CONSENTS)
    claimed = is_claim(flow, step, submission, sender)
    return Consent(record, referral.id, recorded_by=recorder, claimed=claimed)


def _withdrawn_consents(submission: Submission, referral: Referral) -> frozenset[UUID]:
    """The consents that this message withdraws.

    If it names none: all of this referral, and of those below it, which nobody here may know of.
    If it names some: these, and those recorded below them for the same thing, but none of a
    referral above that the caller has stopped too often.
    """
    asked = submission.message.body.consents_withdrawn()
    if asked is None:
        return frozenset()
    case = submission.case.with_referral(referral)
    binding = {c.record.id: c for c in case.binding_consents(referral)}
    known = {i for i, c in binding.items() if c.known}
    if not asked <= known:
        raise Invalid.at("/body/consent_ids", "unknown_consent")
    if not all(_may_name(case, binding[i], referral, submission) for i in asked):
        raise Invalid.at("/body/consent_ids", "recorded_above")
    below = case.with_descendants({referral.id})
    own = [c for c in case.consents if c.referral_id in below and c.withdrawn_on is None]
    unmoved = {each.id for each in _unmoved_above(submission, referral)}
    named = [binding[i] for i in asked if binding[i].referral_id not in unmoved]
    chosen = named if asked else own
    # Compared with others, the answer would tell whom they name, and which classes.
    compared = [binding[i] for i in asked] if asked else own
    _check_items(submission, [c for c in compared if c.known and c.record.id in binding])
    items = submission.message.body.items_withdrawn()
    fallen = withdrawn_below(case, named, items, submission.directory)
    return frozenset(c.record.id for c in (*chosen, *fallen))


def _unmoved_above(submission: Submission, referral: Referral) -> list[Referral]:
    """The referrals above whose consents the message withdraws by name, and which stay as they
    are: the caller has stopped them too often."""
    case, asked = submission.case, submission.message.body.consents_withdrawn() or ()
    named = {c.referral_id for c in case.consents if c.record.id in asked}
    above = (each for each in case.ancestors(referral) if each.id in named)
    return [each for each in above if stops_nothing_above(each, submission)]


def _may_name(case: Case, consent: Consent, referral: Referral, submission: Submission) -> bool:
    """Whether the caller may withdraw a consent by name.

    One of the referral itself, or of one above in which the caller has a part now: it suspends
    that referral. Whoever keys in paper needs the part itself.
    """
    recorded_in = case.referrals[consent.referral_id]
    there = {party.agency_id for party in recorded_in.parties if party.active}
    return recorded_in.id == referral.id or submission.caller.agency_id in there


def _check_items(submission: Submission, consents: Sequence[Consent]) -> None:
    """Refuse to withdraw an item that none of the consents has, as far as the sender knows them."""
    given = {item for c in consents for item in (*c.record.classes, *c.record.recipients)}
    for item in submission.message.body.items_withdrawn():
        agency = submission.directory.agency(item)
        if item not in given and (agency is None or agency.kind not in given):
            raise Invalid.at("/body/withdrawn_items", "not_in_consent")


def _change_consents(
    case: Case, recorded: Consent | None, withdrawn: frozenset[UUID], submission: Submission
) -> Case:
    if recorded is None and not withdrawn:
        return case
    on = submission.at.date()
    items = submission.message.body.items_withdrawn()
    consents = tuple(
        c.withdraw(on, items, submission.message.id) if c.record.id in withdrawn else c
        for c in case.consents
    )
    return replace(case, consents=(*consents, recorded) if recorded else consents)


def _report_to_parent(
    flow: Flow, step: Step, case: Case, move: Move, submission: Submission
) -> tuple[Case, tuple[Move, ...]]:
    reopened = move.before == CLOSED
    if step.reports is None or (reopened and move.referral.main_state not in flow.awaited_states):
        return case, (move,)
    reported = report(case, move.referral, step.reports, submission.directory, submission.at)
    if reported is not None:
        return reported[0], (move, reported[1])
    if reopened:
        raise GuardFailed([PARENT_TAKES_IT_AGAIN.refusal()])
    if step.reports.brings:
        standing = submission.case.referrals[move.referral.id]
        party = standing.party_of(submission.caller.agency_id)
        raise IllegalMove(party.view.state, submission.actions(standing))
    return case, (move,)


def _wait_no_longer(
    case: Case, move: Move, submission: Submission
) -> tuple[Case, tuple[Move, ...]]:
    """Let a referral that was reopened wait no longer for what was closed with it.

    That is reopened by its own deciding party, and then the parent waits again.
    """
    standing = case.referrals[move.referral.id]
    children = [r for r in case.referrals.values() if r.parent == standing.id]
    for child in children if move.before == CLOSED != standing.state else ():
        ended = FLOWS[child.flow].closing_report
        if child.state == CLOSED and ended is not None:
            reported = report(case, child, ended, submission.directory, submission.at)
            if reported is not None:
                return reported[0], (reported[1],)
    return case, ()


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
    return _take_as_service(case, parent, step, brought, directory, at)


def follow_up(
    case: Case, moved: Move, withdrawn: frozenset[UUID], submission: Submission
) -> tuple[Case, tuple[Move, ...]]:
    """Suspend, resume or close the other referrals of the case that a move reaches."""
    directory, at = submission.directory, submission.at
    above = {referral.id for referral in case.ancestors(moved.referral)}
    moves: list[Move] = []
    before = submission.case.referrals.get(moved.referral.id)
    stopped = before is not None and before.suspended
    for other, event in _events_for_others(case, moved, withdrawn, stopped=stopped):
        standing = case.referrals[other.id]
        step = _row_of_event(standing, event)
        stays = event == "consent_resumed" and _stays_suspended(case, standing, submission)
        if step is not None and not stays:
            by_caller = bool(withdrawn) and other.id in above
            said = _who_withdrew(standing, submission) if by_caller else {}
            case, move = _take_as_service(case, standing, step, {}, directory, at, said)
            if by_caller:
                case, move = _stopped_by_caller(case, move, submission)
            moves.append(move)
    return case, tuple(moves)


def _stays_suspended(case: Case, referral: Referral, submission: Submission) -> bool:
    """Whether a referral stays suspended though the one above goes on.

    It does if no consent that stands lets somebody in there; and if consent was withdrawn in it,
    too, unless whoever vouches gives a consent now that does.
    """
    if referral.stops.suspended_here:
        return not _lets_in_now(case, referral, submission)
    return not _somebody_let_in(case, referral, submission)


def _suspended_here(case: Case, move: Move, submission: Submission) -> tuple[Case, Move]:
    """Note that a withdrawal has suspended its own referral, and none above by what it names."""
    asked = submission.message.body.consents_withdrawn()
    referral = case.referrals[move.referral.id]
    if asked is None or not referral.suspended:
        return case, move
    named = {c.referral_id for c in case.consents if c.record.id in asked}
    if any(above.suspended and above.id in named for above in case.ancestors(referral)):
        return case, move
    stops = replace(referral.stops, suspended_here=True)
    moved = replace(move, referral=replace(move.referral, stops=stops))
    return case.with_referral(replace(referral, stops=stops)), moved


def _stopped_by_caller(case: Case, move: Move, submission: Submission) -> tuple[Case, Move]:
    """Count for the caller that it stopped this referral, by a withdrawal in one below it."""
    stops = move.referral.stops.entered(SUSPENDED, submission.caller.agency_id, deciding=False)
    counted = replace(move.referral, stops=stops)
    return case.with_referral(counted), replace(move, referral=counted)


def _who_withdrew(referral: Referral, submission: Submission) -> Mapping[str, object]:
    """Who suspends a referral from one below it, if every party of it knows that it is one too."""
    agency_id = submission.caller.agency_id
    views = (party.view for party in referral.parties if party.active)
    known = all(
        any(p.agency_id == agency_id and p.until is None for p in view.parties) for view in views
    )
    return {"withdrawn_by": agency_id} if known else {}


def affected_referrals(
    case: Case, withdrawn: frozenset[UUID], referral_id: UUID
) -> frozenset[UUID]:
    """The referrals in which a disclosure may rest on these consents."""
    roots = {c.referral_id for c in case.consents if c.record.id in withdrawn}
    return case.with_descendants(roots | {referral_id})


def _events_for_others(
    case: Case, moved: Move, withdrawn: frozenset[UUID], *, stopped: bool
) -> Iterator[tuple[Referral, str]]:
    referral = moved.referral
    if withdrawn:
        reached = affected_referrals(case, withdrawn, referral.id) - {referral.id}
        others = (case.referrals[i] for i in reached)
        yield from ((other, "consent_suspended") for other in others if not other.suspended)
        return
    event = _event_below(moved, stopped=stopped)
    if event is None:
        return
    for other in case.descendants(referral.id):
        side = SIDE_STATE_OF.get(event)
        if side is None or not other.is_in(side):
            yield other, event


def _event_below(moved: Move, *, stopped: bool) -> str | None:
    """What a move of a referral does to those below it. `stopped`: consent was suspended in it."""
    referral, before = moved.referral, moved.before
    effects = {
        "parent_closed": referral.state == CLOSED != before,
        "consent_resumed": stopped and not referral.suspended,
        "consent_suspended": referral.state == SUSPENDED and referral.back[-1:] == (before,),
        "parent_held": referral.state in HOLDS_CHILDREN,
        "parent_resumed": before in HOLDS_CHILDREN and not referral.holds_children,
    }
    return next((event for event, follows in effects.items() if follows), None)


def _row_of_event(referral: Referral, event: str) -> Step | None:
    """The row by which a referral takes an event; one that ends a side state, under others too."""
    flow = FLOWS[referral.flow]
    own = flow.sys_event(referral.state, event)
    if own is not None or referral.state == CLOSED:
        return own
    rows = (flow.sys_event(state, event) for state in reversed(referral.back))
    return next((row for row in rows if row is not None and row.to == BACK), None)


def _take_as_service(
    case: Case,
    referral: Referral,
    step: Step,
    joining: Mapping[str, Agency],
    directory: Directory,
    at: datetime,
    said: Mapping[str, object] | None = None,
) -> tuple[Case, Move]:
    body = step.body.model_validate({"type": step.type, **(said or {})})
    flow = FLOWS[referral.flow]
    recipients = audience(flow, step, referral, body, joining, None, directory)
    return take(case, referral, step, body, THE_SERVICE, joining, recipients, at)
