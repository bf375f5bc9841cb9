"""Corrections: same type, sender and recipients as the first message, and no change of state."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from uuid import UUID

from app.domain.cases.case import CLOSED, LEAD, SYSTEM, Party, Reader, Reference, Referral
from app.domain.classes import DataClass
from app.domain.consents.consent import covered_classes
from app.domain.consents.coverage import NONE, DependentRecipient
from app.domain.decisions.audience import present_classes
from app.domain.decisions.decision import Copy, Decision, Move
from app.domain.decisions.envelope import check_envelope
from app.domain.decisions.submission import Submission
from app.domain.directory.agencies import Agency
from app.domain.errors import GuardFailed, IllegalMove, Invalid, NotYourStep
from app.domain.flows import FLOWS
from app.domain.state_machine.guard import Situation, failures
from app.domain.state_machine.step import Step, vouches
from app.domain.state_machine.table import Flow

Readers = Mapping[str, frozenset[DataClass]]


def correct(flow: Flow, submission: Submission, referral: Referral) -> Decision:
    """Let a message correct an earlier one of the same sender.

    It needs the seat that the first one needed, its guards hold, and consent is asked again. A fact
    that a later message has stated stays as that one says.

    Raises:
        Invalid: there is no such message for this caller, or it is of another type.
        IllegalMove: the referral is closed.
        NotYourStep: somebody else sent it, the sender is no longer a party, or no decider corrects.
        GuardFailed: what it says now would not have been taken then.
    """
    mine = _own_reader(submission, referral)
    sender = referral.party_of(submission.caller.agency_id)
    if referral.state == CLOSED:
        raise IllegalMove(sender.view.state, submission.actions(referral))
    leads = submission.case.lead == sender.agency_id
    steps = _steps_of(flow, submission.message.body.type, mine.party, leads=leads)
    if not sender.active or not steps:
        raise NotYourStep([mine.party], "any", [])
    if steps[0].decides and not submission.caller.decides:
        raise NotYourStep([mine.party], "decider", [])
    agency = submission.directory.agency(submission.caller.agency_id)
    if agency is None:
        raise NotYourStep([mine.party], "any", [])
    check_envelope(steps[0], submission, referral)
    _check_guards(steps[0], submission, referral, agency)
    given = _classes_given(flow, submission, referral)
    readers = {agency: now for agency, (now, _) in given.items()}
    lacking = {agency: without for agency, (_, without) in given.items()}
    restated = _corrected_message(submission).restated
    facts = {n: v for n, v in submission.message.body.facts().items() if n not in restated}
    known_to = {agency: classes | lacking[agency] for agency, classes in readers.items()}
    parties = tuple(
        _with_new_view(flow, referral, p, known_to, submission) for p in referral.parties
    )
    moved = replace(referral, facts={**referral.facts, **facts}, parties=parties)
    rests = dict(_rests_on(flow, submission, moved, readers))
    # As for any message, its sender is not told of the consents of a part above.
    above = {p.agency_id for p in moved.parties if flow.parties[p.name].from_above}
    told = (consents for agency, consents in rests.items() if agency not in above)
    rests[sender.agency_id] = NONE.union(*told)
    copies = tuple(
        Copy(
            p.agency_id,
            p.name,
            moved.id,
            p.view.number,
            readers[p.agency_id],
            p is not sent,
            rests.get(p.agency_id, NONE),
            lacking[p.agency_id],
        )
        for sent in [moved.party_of(sender.agency_id)]
        for p in moved.parties
        if p.agency_id in readers
    )
    stated = submission.message.body.facts()
    move = Move(submission.message.body, referral.state, moved, copies, stated)
    return Decision(submission.case.with_referral(moved), (move,), moved.party_of(sender.agency_id))


def _corrected_message(submission: Submission) -> Reference:
    """The message that is corrected, which the case has (see `_own_reader`)."""
    return submission.case.references[submission.message.corrects or submission.message.id]


def _own_reader(submission: Submission, referral: Referral) -> Reader:
    """The caller's entry among the readers of the message that it corrects, which it sent."""
    message = submission.message
    corrected = submission.case.references.get(message.corrects) if message.corrects else None
    mine = corrected.reader(submission.caller.agency_id) if corrected else None
    if corrected is None or mine is None or corrected.referral_id != referral.id:
        raise Invalid.at("/corrects", "unknown_message")
    if corrected.type != message.body.type:
        raise Invalid.at("/corrects", "other_type")
    if corrected.from_agency != submission.caller.agency_id:
        # Its envelope names who sent it, to every reader.
        sender = corrected.reader(corrected.from_agency) if corrected.from_agency else None
        raise NotYourStep([sender.party if sender else SYSTEM], "any", [])
    moves_consents = message.body.consents_withdrawn() is not None or vouches(type(message.body))
    if message.body.consent_record() or moves_consents:
        # A consent has an id of its own: it is withdrawn, and another one recorded.
        raise Invalid.at("/corrects", "not_correctable")
    return mine


def _steps_of(flow: Flow, message_type: str, party: str, *, leads: bool) -> tuple[Step, ...]:
    """The rows by which the party could send this; those of the lead last, unless it leads."""
    rows = (s for s in flow.steps if s.type == message_type and {party, LEAD} & set(s.by))
    return tuple(sorted(rows, key=lambda row: LEAD in row.by and not leads))


def _check_guards(step: Step, submission: Submission, referral: Referral, agency: Agency) -> None:
    situation = Situation(
        submission.case,
        referral,
        submission.message,
        agency,
        {},
        (),
        submission.at,
        submission.directory,
    )
    failed = failures((g for g in step.guards if not g.of_the_moment), situation)
    if failed:
        raise GuardFailed(failed)


def _classes_given(
    flow: Flow, submission: Submission, referral: Referral
) -> Mapping[str, tuple[frozenset[DataClass], frozenset[DataClass]]]:
    """By agency: the classes that it gets, and those that it lacks for want of consent.

    These are the readers of the first message that are still parties, and whoever has taken over
    the part of one that is none any more: it was told the same facts.
    """
    consents = submission.case.effective_consents(referral)
    given: dict[str, tuple[frozenset[DataClass], frozenset[DataClass]]] = {}
    for reader, party in _present_readers(flow, submission, referral):
        agency = submission.directory.agency(party.agency_id)
        if agency is None or party.agency_id in given:
            continue
        own = party.agency_id == submission.caller.agency_id
        asks = flow.parties[party.name].by_consent and not own
        may = covered_classes(consents, agency.id, agency.kind, submission.at.date())
        meant = reader.classes | reader.lacking
        now = meant & may if asks else reader.classes
        given[agency.id] = now, meant - now
    return given


def _present_readers(
    flow: Flow, submission: Submission, referral: Referral
) -> Iterator[tuple[Reader, Party]]:
    """The readers of the first message in this referral, each with the part that is its own or
    followed it; those with their own part first."""
    there = {p.agency_id: p for p in referral.parties}
    readers = [r for r in _corrected_message(submission).readers if r.referral_id == referral.id]
    mine = [(r, there[r.agency_id]) for r in readers if r.agency_id in there]
    yield from ((reader, party) for reader, party in mine if party.active)
    for reader, party in mine:
        successor = referral.active(party.name) if party.name in flow.handed_over else None
        if successor is not None and not party.active:
            yield reader, successor


def _rests_on(
    flow: Flow, submission: Submission, referral: Referral, readers: Readers
) -> Iterator[tuple[str, frozenset[UUID]]]:
    """The consents on which the correction rests, for each reader that depends on consent."""
    consents = submission.case.effective_consents(referral)
    present = present_classes(submission.message.body)
    for party in referral.parties:
        agency = submission.directory.agency(party.agency_id)
        reads = party.agency_id in readers and party.agency_id != submission.caller.agency_id
        if reads and agency is not None and flow.parties[party.name].by_consent:
            dependent = DependentRecipient(party.name, agency, readers[party.agency_id] & present)
            yield agency.id, dependent.rests_on(consents, NONE, submission.at.date())


def _with_new_view(
    flow: Flow, referral: Referral, party: Party, readers: Readers, submission: Submission
) -> Party:
    """The party with its new view, if it reads the correction. The state in it stays the same."""
    if party.agency_id not in readers:
        return party
    restated = _corrected_message(submission).restated
    # What an agency that held the same part was told is in the view of whoever holds it now.
    handed_over = party.name in flow.handed_over
    part = {p.agency_id for p in referral.parties if handed_over and p.name == party.name}
    told = {party.agency_id} | part
    # Whoever has no later message is told what this one says: anything else would tell of it.
    facts = {
        name: value
        for name, value in submission.message.body.facts().items()
        if told.isdisjoint(restated.get(name, ()))
    }
    view = party.view.after(
        referral,
        facts,
        readers[party.agency_id],
        submission.case.lead,
        FLOWS[referral.flow].parties[party.name].classes,
    )
    return replace(party, view=replace(view, state=party.view.state, parties=party.view.parties))
