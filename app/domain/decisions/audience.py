"""The recipients of a message, and the classes that each receives."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import TypeAlias
from uuid import UUID

from app.domain.cases.case import LEAD, SUSPENDED, SYSTEM, Referral
from app.domain.classes import ROUTING, DataClass
from app.domain.consents.consent import Consent, covered_classes
from app.domain.decisions.decision import Copy, Decision
from app.domain.decisions.submission import Submission
from app.domain.directory.agencies import Agency, Directory
from app.domain.flows import FLOWS
from app.domain.messages.body import Body
from app.domain.state_machine.step import INFORMED, NAMED, OTHERS, Step, parse_copy
from app.domain.state_machine.table import Flow


@dataclass(frozen=True, slots=True)
class Addressee:
    """One recipient of a message: its party, its agency, and the classes that it may open."""

    party: str
    agency: Agency
    classes: frozenset[DataClass]
    by_row: frozenset[DataClass]
    """The classes that the row gives it, be there consent or not."""
    rests_on: frozenset[UUID] = frozenset()
    """The consents on which this rests; none where the law is the basis."""


Audience: TypeAlias = tuple[Addressee, ...]


def audience(
    flow: Flow,
    step: Step,
    referral: Referral,
    body: Body,
    joining: Mapping[str, Agency],
    sender: str | None,
    directory: Directory,
) -> Audience:
    """The recipients of a step, the sending agency left out.

    Agencies that join by a step receive its message. A party that ends by it receives at least
    C0, also where another agency takes its place.
    """
    present = {p.name: p.agency_id for p in referral.parties if p.active}
    there = {name: a for name, i in present.items() if (a := directory.agency(i))}
    agencies = {name: a for name, a in {**there, **joining}.items() if name in flow.parties}
    classes = _granted_classes(flow, (*_copies(step, referral), *joining), agencies, body)
    by_consent = _granted_classes(
        flow, _copies_with_consent(flow, step, referral, sender), agencies, body
    )
    recipients = [
        Addressee(name, agencies[name], granted, granted | by_consent.get(name, granted))
        if flow.parties[name].by_consent
        else Addressee(name, agencies[name], granted, granted)
        for name, granted in classes.items()
        if agencies[name].id != sender
    ]
    reached = {recipient.agency.id for recipient in recipients}
    reached.add(sender or "")
    ending = ((name, there[name]) for name in step.ends if name in there)
    return (
        *recipients,
        *(Addressee(name, a, ROUTING, ROUTING) for name, a in ending if a.id not in reached),
    )


def _granted_classes(
    flow: Flow, copies: Iterable[str], agencies: Mapping[str, Agency], body: Body
) -> dict[str, frozenset[DataClass]]:
    """The classes that these copies give, by party."""
    classes: dict[str, frozenset[DataClass]] = {}
    for copy in copies:
        party, narrowed = parse_copy(copy)
        for name in _parties_meant(party, agencies, body):
            if name in agencies:
                may = flow.parties[name].classes
                classes[name] = classes.get(name, frozenset()) | (may & (narrowed or may))
    return classes


def _copies_with_consent(
    flow: Flow, step: Step, referral: Referral, sender: str | None
) -> Iterator[str]:
    """The copies of the same message if consent were not suspended.

    While it is, the rows give C0 alone to parties that depend on consent.
    """
    if step.state != SUSPENDED:
        return
    name = next((p.name for p in referral.parties if p.agency_id == sender), SYSTEM)
    senders = {name, *({LEAD} & set(step.by))}
    for row in flow.takes(referral.main_state, step.type):
        if senders & set(row.by):
            yield from row.copies


def limit_to_consent(
    flow: Flow,
    step: Step,
    recipients: Audience,
    consents: tuple[Consent, ...],
    on: date,
) -> Audience:
    """The same recipients, where those that depend on consent get only what it covers.

    A notice of release is taken whether or not the consent for the center still holds, and so is
    a transfer to another prison. Parties for which the step asks for consent are left as they are;
    it is refused later if consent does not cover them. What is cut off stays in `by_row`.
    """
    asked = flow.asked_parties(step)
    return tuple(
        replace(t, classes=t.classes & covered_classes(consents, t.agency.id, t.agency.kind, on))
        if flow.parties[t.party].by_consent and t.party not in asked
        else t
        for t in recipients
    )


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
    """The classes of a copy that its party may open, by consents that the caller may know of.

    Whoever sent it opens all that it wrote. A party that ends by the message, and
    anybody where it destroys the keys, opens nothing of it.
    """
    moved = decision.moves[0].referral
    if not moved.party_of(copy.agency_id).active:
        return frozenset()
    classes = copy.classes - moved.erased
    reader = submission.directory.agency(copy.agency_id)
    if not copy.waits or not FLOWS[moved.flow].parties[copy.party].by_consent or reader is None:
        return classes
    known = [c for c in decision.case.effective_consents(moved) if c.known]
    return classes & covered_classes(known, reader.id, reader.kind, submission.at.date())


def present_classes(body: Body) -> frozenset[DataClass]:
    """The classes in which a body has a value."""
    given = {c for name, c in body.classes().items() if getattr(body, name) is not None}
    return ROUTING | given


def _parties_meant(party: str, agencies: Mapping[str, Agency], body: Body) -> Iterator[str]:
    if party == OTHERS:
        yield from agencies
    elif party == NAMED:
        record = body.consent_record()
        recipients = record.recipients if record else ()
        yield from (n for n, a in agencies.items() if {a.id, a.kind} & set(recipients))
    else:
        yield party


def _copies(step: Step, referral: Referral) -> Iterator[str]:
    """The copies of a step, where `informed` is the parties that it stands for."""
    for copy in step.copies:
        party, mark, narrowed = copy.partition(":")
        if party == INFORMED:
            yield from (f"{name}{mark}{narrowed}" for name in _informed_parties(step, referral))
        else:
            yield copy


def _informed_parties(step: Step, referral: Referral) -> Iterator[str]:
    """The remaining parties whose view has a party that the step ends."""
    ending = {p.agency_id for p in referral.parties if p.active and p.name in step.ends}
    for party in referral.parties:
        known = {p.agency_id for p in party.view.parties if p.until is None}
        if party.active and party.agency_id not in ending and known & ending:
            yield party.name
