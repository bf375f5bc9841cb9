"""An accepted message: the decision on it, with the ids that its messages get."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.domain.access.caller import Caller
from app.domain.cases.case import Case
from app.domain.decisions.decision import Copy, Decision, Move
from app.domain.directory.agencies import Directory
from app.domain.messages.message import Message


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What every subject makes its own rows from."""

    message: Message
    caller: Caller
    directory: Directory
    at: datetime
    decision: Decision
    ids: tuple[UUID, ...]
    """Of the message that each move of the decision is; the first is the sender's."""
    before: Case
    """The case as it was before."""

    @property
    def urgency(self) -> str:
        """How urgent the message is on the day of its acceptance."""
        return self.message.urgency_on(self.at.date())

    def messages(self) -> Iterator[tuple[Move, UUID]]:
        """Each move, with the id of its message."""
        return zip(self.decision.moves, self.ids, strict=True)

    def shared_copies(self) -> Iterator[tuple[UUID, Copy]]:
        """Each copy of an older message that the message shares, with the id of that message."""
        for message_id, copies in self.decision.shared.items():
            yield from ((message_id, copy) for copy in copies)

    def changed_views(self) -> Iterator[tuple[str, UUID]]:
        """Each agency whose view of a referral the decision changes, with that referral."""
        for referral in self.decision.case.referrals.values():
            known = self.before.referrals.get(referral.id)
            numbers = {p.agency_id: p.view.number for p in known.parties} if known else {}
            for party in referral.parties:
                if party.view.number != numbers.get(party.agency_id, 0):
                    yield party.agency_id, referral.id

    def is_own(self, move: Move) -> bool:
        """Whether a move is what the sender sent, and not what `sys` adds."""
        return move is self.decision.moves[0]
