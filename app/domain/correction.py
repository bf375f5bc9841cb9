"""A correction: the type and sender of what it corrects, to the same recipients, moving nothing."""

from dataclasses import replace

from app.domain.caller import Caller
from app.domain.case import Case, Party, Reader, Referral
from app.domain.classes import DataClass
from app.domain.decision import Copy, Decision, Move
from app.domain.errors import Invalid, NotYourStep
from app.domain.message import Message


def correct(case: Case, referral: Referral, message: Message, caller: Caller) -> Decision:
    """Let a message correct an earlier one of the same sender.

    Raises:
        Invalid: there is no such message for this caller, or it is of another type.
        NotYourStep: somebody else sent it, or the sender is no longer a party.
    """
    corrected = case.references.get(message.corrects) if message.corrects else None
    mine = corrected.reader(caller.agency_id) if corrected else None
    if corrected is None or mine is None or corrected.referral_id != referral.id:
        raise Invalid.at("/corrects", "unknown_message")
    if corrected.type != message.body.type:
        raise Invalid.at("/corrects", "other_type")
    sender = referral.party_of(caller.agency_id)
    if corrected.from_agency != caller.agency_id or not sender.active:
        raise NotYourStep([mine.party], "any", [])
    if message.body.consent_record() or message.body.consents_withdrawn() is not None:
        # A consent is a fact of its own with an id of its own: withdraw it and record another.
        raise Invalid.at("/corrects", "not_correctable")
    readers = {r.agency_id: r for r in corrected.readers if r.referral_id == referral.id}
    facts = message.body.facts()
    parties = tuple(_told(referral, p, readers, message, case.lead) for p in referral.parties)
    moved = replace(referral, facts={**referral.facts, **facts}, parties=parties)
    copies = tuple(
        Copy(
            p.agency_id,
            p.name,
            moved.id,
            p.view.number,
            readers[p.agency_id].classes,
            waits=p.agency_id != caller.agency_id,
        )
        for p in moved.parties
        if p.active and p.agency_id in readers
    )
    move = Move(message.body, referral.state, moved, copies, facts)
    return Decision(case.with_referral(moved), (move,), moved.party_of(caller.agency_id))


def _told(
    referral: Referral,
    party: Party,
    readers: dict[str, Reader],
    message: Message,
    lead: str | None,
) -> Party:
    """The party with its view moved on, if it reads the correction. Its state stays what it saw."""
    reader = readers.get(party.agency_id)
    if reader is None or not party.active:
        return party
    classes: frozenset[DataClass] = reader.classes
    view = party.view.after(referral, message.body.facts(), classes, lead)
    return replace(party, view=replace(view, state=party.view.state, parties=party.view.parties))
