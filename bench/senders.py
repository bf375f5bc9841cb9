"""The senders: institutions whose notice goes to exactly one office, all over the country."""

from itertools import zip_longest
from uuid import uuid4

from app.adapters.ids import time_ordered_id
from app.domain.cases.case import Case
from app.domain.decisions.decide import decide
from app.domain.decisions.decision import Decision
from app.domain.decisions.submission import Submission
from app.domain.errors import Refusal
from app.domain.flows import BODIES
from app.domain.messages.message import Message
from bench.place import START, Place, caller
from bench.wire import OPENING

KINDS = frozenset({"prison", "juvenile_prison", "detention_house"})


def notice() -> Message:
    """An opening message with the example of its type."""
    body = BODIES[OPENING]
    message_id = uuid4()
    example = body.model_validate(dict(body.EXAMPLE))
    return Message(message_id, message_id, example, occurred_on=START.date())


def submit_opening(place: Place, message: Message, agency_id: str) -> Submission:
    """An opening message, to be decided on."""
    at = place.clock()
    return Submission(Case(time_ordered_id(at)), message, caller(agency_id), place.directory, at)


def decide_opening(place: Place, message: Message, agency_id: str) -> Decision:
    """The decision on an opening message.

    Raises:
        Refusal: the message is refused.
    """
    return decide(submit_opening(place, message, agency_id))


def senders(place: Place, most: int) -> list[tuple[str, str]]:
    """Pairs of institution and recipient office; first as many different offices as possible."""
    by_office: dict[str, list[str]] = {}
    for agency in place.directory.agencies:
        if agency.kind in KINDS:
            try:
                decision = decide_opening(place, notice(), agency.id)
            except Refusal:
                continue
            office = next(c.agency_id for c in decision.moves[0].copies if c.waits)
            by_office.setdefault(office, []).append(agency.id)
    columns = zip_longest(
        *([(i, o) for i in institutions] for o, institutions in by_office.items())
    )
    return [pair for column in columns for pair in column if pair][:most]
