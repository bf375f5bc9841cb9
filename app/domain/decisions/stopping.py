"""Who may set a referral going again, and what stops it no more.

Only the deciding party undoes what it did itself. What an agency stopped, and was set going again
as often as `MOST_RETURNS` says, it stops no more: an exit of the person is recorded then as a
claim, of which the service notifies every party, and the deciding party sends it if it is so. A
suspension ends by a consent that gives again something of what was withdrawn, and by no other.
Paper that takes something away is the deciding party's to key in: nobody compares it with what the
agency wrote in whose name it comes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date

from app.domain.cases.case import CLOSED, HOLDS_CHILDREN, LEAD, SUSPENDED, Case, Party, Referral
from app.domain.classes import ROUTING
from app.domain.consents.consent import Consent, ConsentRecord, serves
from app.domain.consents.overlap import Given
from app.domain.decisions.submission import Sender, Submission
from app.domain.directory.agencies import Directory
from app.domain.errors import GuardFailed, NotYourStep
from app.domain.flows import FLOWS
from app.domain.messages.body import Body
from app.domain.state_machine.exits import EXITS
from app.domain.state_machine.flow_guards import STOPPED_TOO_OFTEN
from app.domain.state_machine.step import BACK, SAME, Step
from app.domain.state_machine.table import Flow, is_unlimited, stopped_state


def is_deciding(flow: Flow, submission: Submission, sender: Sender) -> bool:
    """Whether the caller's party is the one that confirms withdrawals, declines and deaths."""
    if flow.deciding == LEAD:
        return submission.case.lead == submission.caller.agency_id
    return _acting(sender) == flow.deciding


def is_for_deciding(flow: Flow, submission: Submission, sender: Sender) -> bool:
    """Whether a message is the deciding party's, be it on paper.

    What that party wrote is keyed in by others only where it has no access itself.
    """
    wrote = submission.case.lead == sender.agency.id if flow.deciding == LEAD else None
    if wrote is None:
        wrote = sender.name == flow.deciding
    return wrote or is_deciding(flow, submission, sender)


def check_return(
    flow: Flow, step: Step, submission: Submission, referral: Referral, sender: Sender
) -> None:
    """Refuse another than the deciding party to undo what the deciding party did.

    Consents are left to the party that vouches.

    Raises:
        NotYourStep: it is the deciding party's step.
    """
    theirs = referral.state in HOLDS_CHILDREN and referral.stops.decided(referral.state)
    if step.to != BACK or not theirs:
        return
    if not is_for_deciding(flow, submission, sender):
        raise _left_to(flow.deciding, submission, referral)


def check_keyer(flow: Flow, submission: Submission, referral: Referral) -> None:
    """Refuse paper that takes something away from another than the deciding party's decider.

    Where the deciding party has no access itself, any decider keys it in. Which party decides is
    what the caller's view says.

    Raises:
        NotYourStep: it is the deciding party's to key in, or a decider's.
    """
    message, caller = submission.message, submission.caller
    guarded = message.paper_origin is not None and message.body.type in flow.guarded_on_paper
    if not guarded or not referral.parties:
        return
    mine = referral.party_of(caller.agency_id)
    deciding = _deciding_agency(flow, mine)
    directed = submission.directory.agency(deciding) if deciding else None
    able = directed is not None and directed.has_access
    if not caller.decides or (able and deciding != caller.agency_id):
        raise _left_to(flow.deciding if able else mine.name, submission, referral)


def _deciding_agency(flow: Flow, party: Party) -> str | None:
    """The agency of the deciding party, as far as a party was told of it."""
    if flow.deciding == LEAD:
        return party.view.lead
    there = (p for p in party.view.parties if p.name == flow.deciding and p.until is None)
    return next((p.agency_id for p in there), None)


def stops_nothing(
    flow: Flow, step: Step, submission: Submission, referral: Referral, sender: Sender
) -> bool:
    """Whether an exit is only recorded, since its sender has stopped the referral too often.

    Raises:
        NotYourStep: a case worker sends what a decider of the same party still may.
        GuardFailed: it is one that cannot be recorded without an effect.
    """
    caller, state = submission.caller, _counted_state(flow, step, referral)
    if state is None or state not in referral.stops.used_up(caller.agency_id):
        return False
    event, deciding = step.type.partition(".")[2], is_deciding(flow, submission, sender)
    if is_unlimited(flow, event, _acting(sender), decides=deciding):
        if caller.decides:
            return False
        raise _left_to(_acting(sender), submission, referral)
    if not EXITS[event].claimed:
        raise GuardFailed([STOPPED_TOO_OFTEN.refusal()])
    return True


def _counted_state(flow: Flow, step: Step, referral: Referral) -> str | None:
    """The state by which a step counts as an exit; None if it stops nothing that goes on."""
    state = stopped_state(flow, step)
    withdraws = step.body.consents_withdrawn is not Body.consents_withdrawn
    if state is None or withdraws:
        return state
    return None if referral.is_in(state) or _ends_alone(flow, step, referral) else state


def _ends_alone(flow: Flow, step: Step, referral: Referral) -> bool:
    """Whether a step ends a referral that no deciding party is left to end instead."""
    left = flow.deciding != LEAD and referral.active(flow.deciding) is None
    return step.to == CLOSED and left


def stops_nothing_above(referral: Referral, submission: Submission) -> bool:
    """Whether a withdrawal, sent in a referral below, does nothing in this one.

    It does what the caller's part in this referral lets a withdrawal do that is sent here.
    """
    caller = submission.caller
    if SUSPENDED not in referral.stops.used_up(caller.agency_id):
        return False
    agency = submission.directory.agency(caller.agency_id)
    if agency is None:
        return True
    flow, here = FLOWS[referral.flow], Sender(referral.party_of(agency.id).name, agency)
    deciding = is_deciding(flow, submission, here)
    unlimited = is_unlimited(flow, "withdraw_consent", here.name, decides=deciding)
    return not (unlimited and caller.decides)


def without_effect(step: Step) -> Step:
    """The row of a message that is recorded and changes nothing."""
    return replace(step, to=SAME, on_return=SAME)


def ends_suspension(step: Step, submission: Submission, referral: Referral) -> bool:
    """Whether the message of a row that ends a suspension gives what the withdrawal ended.

    What has run out gives nothing.
    """
    body, case = submission.message.body, submission.case
    lifts = referral.state == SUSPENDED and step.to == BACK
    if not lifts and not (referral.suspended and step.on_return == BACK):
        return True
    record = body.consent_record()
    named = body.consents_confirmed() | body.consents_restored()
    given = [c.record for c in case.consents if c.record.id in named]
    given += [record] if record is not None else []
    on = submission.at.date()
    return gives_again(
        case, referral, [r for r in given if not r.expired(on)], submission.directory, on
    )


def ending_beneath(step: Step, submission: Submission, referral: Referral) -> Step:
    """The row of a message that ends a suspension under another side state, if it does; or `step`.

    A claim that is confirmed, and a withdrawal that is taken back, end it there as they would on
    top: when the stop above goes, the referral goes on.
    """
    body = submission.message.body
    named = body.consents_confirmed() | body.consents_restored()
    beneath = referral.state not in {SUSPENDED, CLOSED} and referral.suspended
    ending = replace(step, state=SUSPENDED, to=BACK)
    if not named or not beneath or step.to != SAME:
        return step
    case, directory, on = submission.case, submission.directory, submission.at.date()
    given = [c.record for c in case.consents if c.record.id in named and not c.record.expired(on)]
    return ending if gives_again(case, referral, given, directory, on) else step


def gives_again(
    case: Case,
    referral: Referral,
    records: Iterable[ConsentRecord],
    directory: Directory,
    on: date,
) -> bool:
    """Whether one of these gives some recipient again, for the same use, what was withdrawn.

    Where no withdrawal is known, every consent does that counts in the referral's flow.
    """
    ended = [c.record for c in _ended_consents(case, referral, directory, on)]
    if not ended:
        return any(serves(record.purpose, referral.flow) for record in records)
    withdrawn = Given(referral.flow, ended, directory)
    return any(withdrawn.is_for_use_of(record) for record in records)


def lets_in(referral: Referral, consent: Consent, directory: Directory, on: date) -> bool:
    """Whether a consent counts in this flow, for a party that this referral lets in by consent.

    It may count from a later day: nobody could let the referral go on when that comes. A party that
    came from above was let in there.
    """
    if consent.claimed or consent.withdrawn_on is not None or consent.record.expired(on):
        return False
    flow = FLOWS[referral.flow]
    roles = flow.parties
    dependent = (
        p
        for p in referral.parties
        if p.active and roles[p.name].by_consent and not roles[p.name].from_above
    )
    agencies = [a for p in dependent if (a := directory.agency(p.agency_id)) is not None]
    named = any(consent.names(a.id, a.kind) for a in agencies)
    return bool(named and consent.classes - ROUTING) and serves(consent.record.purpose, flow.name)


def _ended_consents(
    case: Case, referral: Referral, directory: Directory, on: date
) -> Sequence[Consent]:
    """The withdrawn consents that bind a referral and that no other one has replaced.

    Those of them that count in its flow, if there are any.
    """
    binding = case.binding_consents(referral)
    gone = [c for c in binding if c.withdrawn]
    standing = (c for c in binding if not (c.withdrawn or c.claimed or c.record.expired(on)))
    replaced = Given(referral.flow, (c.record for c in standing), directory)
    left = [c for c in gone if not replaced.is_for_use_of(c.record)] or gone
    return [c for c in left if serves(c.record.purpose, referral.flow)] or left


def _acting(sender: Sender) -> str:
    """The party whose seat sends: whoever keyed it in, if it came on paper."""
    return sender.keyed_by or sender.name


def _left_to(party: str, submission: Submission, referral: Referral) -> NotYourStep:
    refused = submission.message.body.type
    return NotYourStep([party], "decider", submission.actions(referral, refused))
