"""Sharing: a message of a child referral shows its recipients older messages of those above.

Only a row with `shares` does so, in its classes at most. What is shared is decided here, once;
copies, disclosures and log entries all follow from the copies of the decision.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from uuid import UUID

from app.domain.cases.case import Case, Party, Reference
from app.domain.classes import DataClass
from app.domain.consents.consent import covered_classes
from app.domain.decisions.audience import Addressee
from app.domain.decisions.decision import Copy, Move
from app.domain.decisions.submission import Submission
from app.domain.flows import FLOWS
from app.domain.state_machine.step import Step
from app.domain.state_machine.table import Flow

NO_CLASSES: frozenset[DataClass] = frozenset()


def readable_classes(known: Reference, submission: Submission) -> frozenset[DataClass]:
    """The classes of an older message that the caller could open now: by part, seat and consent."""
    case, caller = submission.case, submission.caller
    reader = known.reader(caller.agency_id)
    through = case.referrals.get(reader.referral_id) if reader else None
    if reader is None or through is None:
        return NO_CLASSES
    party = through.party_of(caller.agency_id)
    if not party.active:
        return NO_CLASSES
    role = FLOWS[through.flow].parties[party.name]
    gone = case.referrals[known.referral_id].erased
    classes = known.classes & reader.classes & role.classes & caller.classes - gone
    agency = submission.directory.agency(caller.agency_id)
    if role.by_consent and known.from_agency != caller.agency_id and agency is not None:
        consents = case.effective_consents(through)
        classes &= covered_classes(consents, agency.id, agency.kind, submission.at.date())
    return frozenset(map(DataClass, classes))


def shared_classes(
    flow: Flow, step: Step, submission: Submission, recipient: Addressee
) -> frozenset[DataClass]:
    """The classes of all messages that a message shares which its row gives this recipient."""
    may = step.shares & recipient.by_row & flow.parties[recipient.party].classes
    shared = (
        readable_classes(submission.case.references[each], submission)
        for each in submission.message.shared_messages
    )
    return may.intersection(NO_CLASSES.union(*shared))


def share(
    case: Case, flow: Flow, step: Step, submission: Submission, move: Move
) -> tuple[Case, Mapping[UUID, tuple[Copy, ...]], Move]:
    """Give the recipients of a move the older messages that it shares.

    They are counted in the recipient's view of the child referral, after the message itself. An
    agency that has one already through a part that goes on gets further classes of it; one that
    read it through a part that ended reads it through the child from now on.

    Returns:
        The case with the views moved on, the copies by message, one for each recipient whether or
        not it had the message before, and the move likewise.
    """
    if not step.shares:
        return case, {}, move
    referral = move.referral
    shared: dict[UUID, tuple[Copy, ...]] = {}
    for message_id, copy in _copies_to_make(flow, step, submission, move):
        reader = case.references[message_id].reader(copy.agency_id)
        part = _part(case, reader.referral_id, copy.agency_id) if reader else None
        if reader is not None and part is not None and part.active:
            given = replace(copy, referral_id=reader.referral_id, party=reader.party)
        else:
            parties = tuple(_count_one_more(p, copy.agency_id) for p in referral.parties)
            referral = replace(referral, parties=parties)
            given = replace(copy, number=referral.party_of(copy.agency_id).view.number)
        shared[message_id] = (*shared.get(message_id, ()), given)
    return case.with_referral(referral), shared, replace(move, referral=referral)


def _copies_to_make(
    flow: Flow, step: Step, submission: Submission, move: Move
) -> Iterator[tuple[UUID, Copy]]:
    for message_id in submission.message.shared_messages:
        readable = readable_classes(submission.case.references[message_id], submission)
        for copy in move.copies:
            may = step.shares & copy.classes & flow.parties[copy.party].classes
            if copy.waits and readable & may:
                yield message_id, replace(copy, classes=readable & may, waits=False)


def _part(case: Case, referral_id: UUID, agency_id: str) -> Party | None:
    referral = case.referrals.get(referral_id)
    return referral.party_of(agency_id) if referral else None


def _count_one_more(party: Party, agency_id: str) -> Party:
    if party.agency_id != agency_id:
        return party
    return replace(party, view=replace(party.view, number=party.view.number + 1))
