"""`decide`: let a message move a case, or refuse it. Pure: same arguments, same decision."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from app.domain.cases.case import LEAD, NEW, SYSTEM, Party, Referral
from app.domain.cases.consents import has_hidden, with_hidden_apart
from app.domain.classes import ROUTING, DataClass
from app.domain.consents.coverage import DependentRecipient
from app.domain.decisions.audience import Audience, audience, limit_to_consent, present_classes
from app.domain.decisions.correction import correct
from app.domain.decisions.decision import Decision
from app.domain.decisions.envelope import check_envelope
from app.domain.decisions.reach import conclude
from app.domain.decisions.routing import joining_agencies
from app.domain.decisions.sharing import shared_classes
from app.domain.decisions.stopping import (
    check_keyer,
    check_return,
    ending_beneath,
    ends_suspension,
    is_deciding,
    is_for_deciding,
    stops_nothing,
    without_effect,
)
from app.domain.decisions.submission import Sender, Submission
from app.domain.decisions.transition import Actor, take
from app.domain.decisions.vouching import check_paper, is_claim
from app.domain.directory.agencies import Agency
from app.domain.erasure.retention import clocks
from app.domain.errors import (
    GuardFailed,
    IllegalMove,
    Invalid,
    NotFound,
    NotYourStep,
    PartEnded,
    ReferralFull,
    Refusal,
    Stale,
)
from app.domain.flows import FLOWS
from app.domain.state_machine.flow_guards import CLASS_NOT_ERASED
from app.domain.state_machine.guard import Situation, consent_covers, failures
from app.domain.state_machine.step import BACK, Step
from app.domain.state_machine.table import Flow

MOST_CHILDREN = 50
"""The most referrals with a parent that an agency opens in one case."""


def decide(submission: Submission, if_match: frozenset[str] = frozenset()) -> Decision:
    """Let a message move its case, or refuse it.

    Args:
        submission: the message, and its case with every message that the new one points to.
        if_match: entity tags, one of which the caller's view must have; empty asks nothing.

    Raises:
        NotFound: the caller's agency is no party to the referral, or to the parent.
        Stale: the caller's view has moved since `if_match`.
        PartEnded: it was one, and is none any more.
        IllegalMove: the state does not take the message from the caller's party.
        NotYourStep: it does, from another party or from a decider's seat.
        Invalid, AmbiguousRoute: it points to, or names, what cannot be.
        GuardFailed: one or more guards say no.
        ReferralFull: the caller's agency has opened too many referrals in the case.
    """
    record = submission.message.body.consent_record()
    if record is not None:
        submission = replace(submission, case=with_hidden_apart(submission.case, record.id))
    decision = _decide(submission, if_match)
    _not_erased(submission)
    running = clocks(submission.case, decision.case, submission.at.date())
    return replace(decision, clocks=running) if running else decision


def check_id_of_consent(submission: Submission) -> None:
    """Refuse a consent under the id of one that its recorder was not told of.

    Asked last, of a message that would be written: neither a rehearsal nor another refusal tells
    that there is one.

    Raises:
        Invalid: the case has such a consent.
    """
    record = submission.message.body.consent_record()
    if record is not None and has_hidden(submission.case, record.id):
        raise Invalid.at("/body/consent_id", "already_recorded")


def _decide(submission: Submission, if_match: frozenset[str]) -> Decision:
    flow = FLOWS[submission.message.flow]
    referral = _current_referral(flow, submission)
    if not submission.message.opens:
        view = referral.party_of(submission.caller.agency_id).view
        if if_match and if_match.isdisjoint({"*", view.version}):
            raise Stale(view.version)
    if submission.message.corrects is not None and not submission.message.opens:
        return correct(flow, submission, referral)
    step, sender = _step(flow, submission, referral)
    _parent_has_room(step, submission, sender)
    check_return(flow, step, submission, referral, sender)
    _parent_takes(step, submission)
    check_envelope(step, submission, referral)
    joining = joining_agencies(
        flow, step, referral, submission.message, sender.agency, submission.directory
    )
    recipients = audience(
        flow,
        step,
        referral,
        submission.message.body,
        joining,
        sender.agency.id,
        submission.directory,
    )
    if sender.keyed_by is not None:
        _check_keyer(sender.keyed_by, recipients, flow, submission, referral)
        check_paper(flow, step, submission, sender)
    recipients = _check_guards(flow, step, submission, referral, sender, joining, recipients)
    claimed = stops_nothing(flow, step, submission, referral, sender)
    if claimed or not ends_suspension(step, submission, referral):
        step = without_effect(step)
    step = ending_beneath(step, submission, referral)
    deciding = is_deciding(flow, submission, sender)
    move = take(
        submission.case.with_referral(referral),
        referral,
        step,
        submission.message.body,
        Actor(sender.name, sender.agency, submission.caller.agency_id, deciding),
        joining,
        recipients,
        submission.at,
    )
    return conclude(flow, step, submission, *move, sender, claimed=claimed)


def _not_erased(submission: Submission) -> None:
    """Refuse data of a class that was erased: it belongs in a new referral.

    Raises:
        GuardFailed: the message holds something of a class that was erased.
    """
    referral = submission.case.referrals.get(submission.message.referral_id)
    if referral is None or not referral.erased:
        return
    gone = sorted(present_classes(submission.message.body) & referral.erased)
    if gone:
        body = submission.message.body
        given = (name for name, c in body.classes().items() if c in gone)
        needs = [f"/body/{name}" for name in given if getattr(body, name) is not None]
        raise GuardFailed([CLASS_NOT_ERASED.refusal(needs)])


def _current_referral(flow: Flow, submission: Submission) -> Referral:
    """The referral before the step; for an opening message a new one."""
    message = submission.message
    if not message.opens:
        referral = submission.case.referral(message.referral_id)
        if not referral.party_of(submission.caller.agency_id).active:
            raise PartEnded
        if referral.flow != flow.name:
            party = referral.party_of(submission.caller.agency_id)
            raise IllegalMove(party.view.state, submission.actions(referral))
        return referral
    if flow.joins_parent != (message.parent is not None):
        raise Invalid.at("/parent", "required" if flow.joins_parent else "not_taken")
    if message.parent is not None and not _is_party(
        submission, submission.case.referral(message.parent)
    ):
        raise NotFound
    return Referral(message.referral_id, flow.name, parent=message.parent)


def _is_party(submission: Submission, referral: Referral) -> bool:
    return referral.party_of(submission.caller.agency_id).active


def _step(flow: Flow, submission: Submission, referral: Referral) -> tuple[Step, Sender]:
    """The row to take, and its sender.

    A type that no row of the flow lets the caller's party send is refused alike in every state.
    For the others the table makes sure that the state which the party knows takes the same ones.
    """
    paper = submission.message.paper_origin is not None
    if not paper and not _may_ever_send(flow, submission, referral):
        raise _not_yours(flow, submission, referral, "any")
    check_keyer(flow, submission, referral)
    taken = flow.takes(referral.state, submission.message.body.type)
    steps = tuple(step for step in taken if SYSTEM not in step.by)
    find_sender = _paper_sender if paper else _own_sender
    for step in steps:
        if sender := find_sender(flow, step, submission, referral):
            _check_seat(flow, step, submission, referral, sender)
            return step, sender
    if paper and any(
        agency.has_access or agency.disabled
        for step in steps
        for _, agency in _writers(flow, step, submission, referral)
    ):
        raise Invalid.at("/paper_origin", "sender_is_connected")
    raise _no_row(flow, steps, submission, referral)


def _check_seat(
    flow: Flow, step: Step, submission: Submission, referral: Referral, sender: Sender
) -> None:
    """Refuse a lesser seat than the step needs, and an end over a death that others confirm."""
    if step.decides and not submission.caller.decides:
        raise _not_yours(flow, submission, referral, "decider")
    states = {referral.state, *referral.back}
    if flow.is_barred(step, states, decides=is_for_deciding(flow, submission, sender)):
        raise _illegal(referral, submission)


def _no_row(
    flow: Flow, steps: tuple[Step, ...], submission: Submission, referral: Referral
) -> Refusal:
    """Why none of the rows that the state has for this type is the caller's to take."""
    named = submission.message.paper_origin is not None or not referral.parties
    if steps and (named or any(LEAD in step.by for step in steps)):
        return _not_yours(flow, submission, referral, "any")
    return _illegal(referral, submission)


def _may_ever_send(flow: Flow, submission: Submission, referral: Referral) -> bool:
    """Whether some row of the flow lets the caller's party send this type, in whatever state."""
    if not referral.parties:
        return True
    senders = {referral.party_of(submission.caller.agency_id).name, LEAD}
    return any(senders & set(step.by) for step in _rows(flow, submission))


def _rows(flow: Flow, submission: Submission) -> list[Step]:
    return [step for step in flow.steps if step.type == submission.message.body.type]


def _own_sender(
    flow: Flow, step: Step, submission: Submission, referral: Referral
) -> Sender | None:
    agency = submission.directory.agency(submission.caller.agency_id)
    if agency is None:
        return None
    if step.state == NEW:
        fits = (name for name in step.by if agency.kind in flow.parties[name].kinds)
        return next((Sender(name, agency) for name in fits), None)
    party = referral.party_of(agency.id)
    leads = LEAD in step.by and submission.case.lead == agency.id
    return Sender(party.name, agency) if party.active and (party.name in step.by or leads) else None


def _paper_sender(
    flow: Flow, step: Step, submission: Submission, referral: Referral
) -> Sender | None:
    """The agency without access that wrote the paper, if it was addressed to the caller."""
    keyer, opens = _keyer(flow, step, submission, referral), step.state == NEW
    writers = list(_writers(flow, step, submission, referral))
    if step.to == BACK:
        # What stopped the referral may be the deciding party's alone to undo.
        writers.sort(key=lambda writer: not is_for_deciding(flow, submission, Sender(*writer)))
    for name, agency in writers:
        if (
            not agency.has_access
            and not (opens and agency.disabled)
            and agency.kind in flow.parties[name].kinds
        ):
            return Sender(name, agency, keyer)
    return None


def _writers(
    flow: Flow, step: Step, submission: Submission, referral: Referral
) -> Iterator[tuple[str, Agency]]:
    """The agencies but the caller's own that could have written the paper of this row."""
    keyer = _keyer(flow, step, submission, referral)
    for sender in step.by if keyer is not None else ():
        name = _leading_party(referral, submission) if sender == LEAD else sender
        party = _known_party(referral, name, submission)
        agency_id = party.agency_id if party else submission.message.to.get(name, "")
        agency = submission.directory.agency(agency_id) if step.state == NEW or party else None
        if agency is not None and agency.id != submission.caller.agency_id:
            yield name, agency


def _leading_party(referral: Referral, submission: Submission) -> str:
    """The party whose agency leads the case; nobody's name if it is none of this referral."""
    led = (p.name for p in referral.parties if p.active and p.agency_id == submission.case.lead)
    return next(led, LEAD)


def _known_party(referral: Referral, name: str, submission: Submission) -> Party | None:
    """The present party of that name, if the caller's view has it."""
    party = referral.active(name)
    if party is None:
        return None
    view = referral.party_of(submission.caller.agency_id).view
    known = any(p.agency_id == party.agency_id and p.until is None for p in view.parties)
    return party if known else None


def _keyer(flow: Flow, step: Step, submission: Submission, referral: Referral) -> str | None:
    if step.state == NEW:
        agency = submission.directory.agency(submission.caller.agency_id)
        kinds = {name: flow.parties[name].kinds for name in step.joins}
        return next((n for n, k in kinds.items() if agency and agency.kind in k), None)
    party = referral.party_of(submission.caller.agency_id)
    return party.name if party.active else None


def _parent_has_room(step: Step, submission: Submission, sender: Sender) -> None:
    """Refuse an opening below a parent by an agency that opened many in this case, closed ones
    among them: every message of a case is decided on with all its referrals."""
    if step.state != NEW or submission.message.parent is None:
        return
    referrals = submission.case.referrals.values()
    if sum(_opened_below(each, sender.agency.id) for each in referrals) >= MOST_CHILDREN:
        raise ReferralFull(MOST_CHILDREN)


def _opened_below(referral: Referral, agency_id: str) -> bool:
    """Whether the agency is the party that opens such a referral, and it has a parent."""
    openers = FLOWS[referral.flow].openers
    return referral.parent is not None and any(
        party.agency_id == agency_id and party.name in openers for party in referral.parties
    )


def _parent_takes(step: Step, submission: Submission) -> None:
    """Refuse an opening whose parent does not take what it reports."""
    if step.state != NEW or step.reports is None or submission.message.parent is None:
        return
    parent = submission.case.referral(submission.message.parent)
    flow = FLOWS[parent.flow]
    if parent.back or flow.sys_event(parent.state, step.reports.event) is None:
        raise _illegal(parent, submission)


def _illegal(referral: Referral, submission: Submission) -> IllegalMove:
    if not referral.parties:
        return IllegalMove(NEW, [])
    view = referral.party_of(submission.caller.agency_id).view
    return IllegalMove(view.state, _possible(submission, referral))


def _possible(submission: Submission, referral: Referral) -> list[Mapping[str, Any]]:
    """What the caller's party may send instead of the message that is refused."""
    if not referral.parties:
        return []
    return submission.actions(referral, submission.message.body.type)


def _not_yours(flow: Flow, submission: Submission, referral: Referral, seat: str) -> NotYourStep:
    rows = [step for step in _rows(flow, submission) if SYSTEM not in step.by]
    owners = {name for step in rows for name in step.by}
    if all(step.decides for step in rows):
        seat = "decider"  # the rows are published, so this says nothing of the state
    return NotYourStep(owners, seat, _possible(submission, referral))


def _check_guards(
    flow: Flow,
    step: Step,
    submission: Submission,
    referral: Referral,
    sender: Sender,
    joining: Mapping[str, Agency],
    recipients: Audience,
) -> Audience:
    """The recipients within consent, if no guard refuses."""
    situation = Situation(
        submission.case,
        referral,
        submission.message,
        sender.agency,
        joining,
        (),
        submission.at,
        submission.directory,
        claimed=is_claim(flow, step, submission, sender),
    )
    recipients = limit_to_consent(flow, step, recipients, situation.consents, situation.today)
    present = present_classes(submission.message.body)
    shared = {t.party: shared_classes(flow, step, submission, t) for t in recipients}
    written = {t.party: t.classes & present for t in recipients}
    by_consent = frozenset(name for name, role in flow.parties.items() if role.by_consent)
    # Whoever joins by consent does so by one that the message names.
    named = bool(by_consent & joining.keys())
    asked = flow.asked_parties(step)
    # Where the row does not ask for consent, what is written is cut to it instead.
    wanted = {name: shared[name] | (written[name] if name in asked else ROUTING) for name in shared}
    guards = (*step.guards, consent_covers(asked | _shown_to(flow, submission), named=named))
    failed = failures(guards, replace(situation, receives=_receiving(recipients, wanted)))
    if failed:
        raise GuardFailed(failed)
    received = {name: shared[name] | written[name] for name in shared}
    situation = replace(situation, receives=_receiving(recipients, received))
    return _with_consents(recipients, situation, by_consent)


def _shown_to(flow: Flow, submission: Submission) -> frozenset[str]:
    """The parties for which consent is asked since the message shows them older ones."""
    return flow.dependent_parties if submission.message.shared_messages else frozenset()


def _receiving(
    recipients: Audience, classes: Mapping[str, frozenset[DataClass]]
) -> tuple[tuple[str, Agency, frozenset[DataClass]], ...]:
    """The recipients with these classes, as a situation has them."""
    return tuple((t.party, t.agency, classes[t.party]) for t in recipients)


def _with_consents(
    recipients: Audience, situation: Situation, by_consent: frozenset[str]
) -> Audience:
    """The same recipients, each with the consents on which its copy rests."""
    rests = {t.party: _resting_on(t, situation) for t in situation.dependent_recipients(by_consent)}
    return tuple(replace(t, rests_on=rests.get(t.party, t.rests_on)) for t in recipients)


def _resting_on(recipient: DependentRecipient, situation: Situation) -> frozenset[UUID]:
    """The consents on which it is told: those that the sender may know of, if they suffice."""
    known, today = situation.known_consents, situation.today
    enough = not recipient.lacking_classes(known, today)
    consents = known if enough else situation.consents
    return recipient.rests_on(consents, situation.message.rests_on(), today)


def _check_keyer(
    keyer: str,
    recipients: Audience,
    flow: Flow,
    submission: Submission,
    referral: Referral,
) -> None:
    """Refuse a caller to which the paper was not addressed."""
    agencies = {recipient.party: recipient.agency.id for recipient in recipients}
    if keyer not in agencies:
        raise _not_yours(flow, submission, referral, "any")
    if agencies[keyer] != submission.caller.agency_id:
        raise Invalid.at(f"/to/{keyer}", "not_the_caller")
