"""Rehearsals: who would read a message, as far as its sender may know before it is sent."""

from dataclasses import replace

from app.domain.cases.consents import may_know
from app.domain.classes import DataClass
from app.domain.consents.consent import covered_classes
from app.domain.decisions.audience import present_classes
from app.domain.decisions.decision import Copy, Decision
from app.domain.decisions.submission import Submission
from app.domain.flows import FLOWS


def foreseen_readers(submission: Submission, decision: Decision) -> tuple[Copy, ...]:
    """The copies that a message would make, in the classes that would be opened.

    An agency that joined without the sender being told is left out, and a consent that the sender
    may not know of opens nothing here: a rehearsal tells nothing that others did.
    """
    move, caller = decision.moves[0], submission.caller
    standing = submission.case.referrals.get(move.referral.id)
    before = standing.parties if standing else ()
    there = {p.agency_id for p in before if p.active}
    known = {caller.agency_id} | {p.agency_id for p in move.referral.parties} - there
    if standing is not None:
        view = standing.party_of(caller.agency_id).view
        known |= {p.agency_id for p in view.parties}
    present = present_classes(move.body)
    return tuple(
        replace(copy, classes=_openable(submission, decision, copy) & present)
        for copy in move.copies
        if copy.agency_id in known
    )


def _openable(submission: Submission, decision: Decision, copy: Copy) -> frozenset[DataClass]:
    """The classes of a copy that its party may open, by consents that the caller may know of."""
    role = FLOWS[decision.moves[0].referral.flow].parties[copy.party]
    reader = submission.directory.agency(copy.agency_id)
    caller = submission.directory.agency(submission.caller.agency_id)
    classes = copy.classes & role.classes
    if not copy.waits or not role.by_consent or reader is None or caller is None:
        return classes
    case = decision.case
    known = [
        c for c in case.effective_consents(decision.moves[0].referral) if may_know(case, c, caller)
    ]
    may = covered_classes(known, reader.id, reader.kind, submission.at.date())
    return classes & may
