"""What a decision is made of: the case, the message, who calls, when, and whose step it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.domain.access.caller import Caller
from app.domain.calendar.clock import JAPAN
from app.domain.cases.case import Case, Referral
from app.domain.directory.agencies import Agency, Directory
from app.domain.flows import FLOWS
from app.domain.messages.message import Message
from app.domain.state_machine.actions import actions
from app.domain.state_machine.known import situation_known_to


@dataclass(frozen=True, slots=True)
class Submission:
    """Everything that a decision looks at."""

    case: Case
    message: Message
    caller: Caller
    directory: Directory
    at: datetime
    """In Japan's time: rules ask for its day."""

    def __post_init__(self) -> None:
        if self.at.utcoffset() != JAPAN.utcoffset(None):
            raise ValueError("the time of a message is given in Japan's time")

    def actions(self, referral: Referral, refused: str | None = None) -> list[Mapping[str, Any]]:
        """What the caller can send in a referral, by its own view, as refusals list it.

        Args:
            refused: a type that is left out.
        """
        flow, party = FLOWS[referral.flow], referral.party_of(self.caller.agency_id)
        agency = self.directory.agency(party.agency_id)
        kind = agency.kind if agency is not None else ""
        known = situation_known_to(
            party,
            self.case,
            referral,
            self.caller.classes,
            self.at.date(),
            kind if flow.parties[party.name].by_consent else None,
        )
        return actions(flow, party, known, refused)


@dataclass(frozen=True, slots=True)
class Sender:
    """Whose step it is, and the party that keyed it in if it came on paper."""

    name: str
    agency: Agency
    keyed_by: str | None = None
