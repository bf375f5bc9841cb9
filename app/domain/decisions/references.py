"""Messages that a message points to: what it answers, what it shares, the consents it names."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from uuid import UUID

from app.domain.access.caller import Caller
from app.domain.cases.case import Case, Referral
from app.domain.cases.consents import may_know
from app.domain.classes import DataClass
from app.domain.decisions.decision import Copy, Move
from app.domain.directory.agencies import Agency
from app.domain.errors import Invalid
from app.domain.messages.message import Message
from app.domain.state_machine.table import Flow


def check_references(
    case: Case, referral: Referral, message: Message, caller: Caller, sender: Agency
) -> None:
    """Refuse a message that points to something its sender cannot read, or that does not exist.

    Raises:
        Invalid: with a pointer to each. Unreadable and nonexistent cannot be told apart.
    """
    wrong = [
        *_wrong_reply(case, message, caller),
        *_wrong_shares(case, referral, message, caller),
        *_wrong_consents(case, referral, message, sender),
    ]
    if wrong:
        raise Invalid({"pointer": pointer, "reason": reason} for pointer, reason in wrong)


def _wrong_reply(case: Case, message: Message, caller: Caller) -> Iterator[tuple[str, str]]:
    if message.in_reply_to is not None and not _readable(case, message.in_reply_to, caller):
        yield "/in_reply_to", "unknown_message"


def _wrong_shares(
    case: Case, referral: Referral, message: Message, caller: Caller
) -> Iterator[tuple[str, str]]:
    if message.shared_messages and referral.parent is None:
        yield "/shared_messages", "not_taken"
    above = {parent.id for parent in case.ancestors(referral)}
    for index, shared in enumerate(message.shared_messages):
        known = case.references.get(shared)
        if not _readable(case, shared, caller) or known is None or known.referral_id not in above:
            yield f"/shared_messages/{index}", "unknown_message"


def _wrong_consents(
    case: Case, referral: Referral, message: Message, sender: Agency
) -> Iterator[tuple[str, str]]:
    if not message.consent_ids:
        return
    own = message.body.consent_record()
    known = {c.record.id for c in case.binding_consents(referral) if may_know(case, c, sender)}
    bound = known | ({own.id} if own else set())
    for index, consent in enumerate(message.consent_ids):
        if consent not in bound:
            yield f"/consent_ids/{index}", "unknown_consent"


def shared_classes(case: Case, message: Message, caller: Caller) -> frozenset[DataClass]:
    """The classes that the shared messages hold and their sender may open."""
    classes: frozenset[DataClass] = frozenset()
    for shared in message.shared_messages:
        known = case.references.get(shared)
        reader = known.reader(caller.agency_id) if known else None
        if known and reader:
            classes |= known.classes & reader.classes
    return classes


def share(
    case: Case, flow: Flow, message: Message, move: Move, caller: Caller
) -> tuple[Case, Mapping[UUID, tuple[Copy, ...]], Move]:
    """Give the recipients of a move the older messages that it shares.

    They are counted in the recipient's view of the child referral, after the message itself.

    Returns:
        The case with the views moved on, the new copies by message, and the move likewise.
    """
    referral = move.referral
    shared: dict[UUID, tuple[Copy, ...]] = dict.fromkeys(message.shared_messages, ())
    for message_id, copy, classes in showings(case, flow, message, move, caller.agency_id):
        if case.references[message_id].reader(copy.agency_id):
            continue
        referral, number = _count_one_more(referral, copy.agency_id)
        shown = Copy(
            copy.agency_id, copy.party, referral.id, number, classes, rests_on=copy.rests_on
        )
        shared[message_id] = (*shared[message_id], shown)
    return case.with_referral(referral), shared, replace(move, referral=referral)


def showings(
    case: Case, flow: Flow, message: Message, move: Move, sharer: str
) -> Iterator[tuple[UUID, Copy, frozenset[DataClass]]]:
    """The older messages that a message shares: id, copy of the recipient, and classes.

    Recipients that have one already are included, since the sharer may not know that.
    """
    for message_id in message.shared_messages:
        known = case.references[message_id]
        own = known.reader(sharer)
        for copy in move.copies:
            if copy.waits and own is not None:
                classes = known.classes & own.classes & flow.parties[copy.party].classes
                yield message_id, copy, classes


def _count_one_more(referral: Referral, agency_id: str) -> tuple[Referral, int]:
    number = referral.party_of(agency_id).view.number + 1
    parties = tuple(
        replace(p, view=replace(p.view, number=number)) if p.agency_id == agency_id else p
        for p in referral.parties
    )
    return replace(referral, parties=parties), number


def _readable(case: Case, message_id: UUID, caller: Caller) -> bool:
    known = case.references.get(message_id)
    return known is not None and known.reader(caller.agency_id) is not None
