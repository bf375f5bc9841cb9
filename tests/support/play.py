"""Plays a case up to a point, with the examples that the flows publish."""

from uuid import UUID

from app.domain.messages.message import Message
from app.domain.messages.payloads.samples import CONSENT_REGIONAL_ID
from tests.support.callers import seat
from tests.support.office import Office, saying

PRISON, PROBATION, CENTER, OTHER_CENTER = "prison-fuchu", "probation-13", "center-13", "center-27"

TO_ACCEPTED = (
    (PROBATION, "start_selection"),
    (PROBATION, "record_consent"),
    (PROBATION, "select_special"),
    (PROBATION, "request_cooperation"),
    (CENTER, "accept"),
)
TO_ASSESSING = (*TO_ACCEPTED, (CENTER, "interview"))


async def special(office: Office, steps: tuple[tuple[str, str], ...] = TO_ACCEPTED) -> UUID:
    """A special adjustment after these steps."""
    opening = saying("special_adjustment.notify_candidate")
    await office.exchange.accept(opening, seat(PRISON))
    for agency, event in steps:
        await office.exchange.accept(
            saying(f"special_adjustment.{event}", opening.id), seat(agency)
        )
    return opening.id


async def send(office: Office, agency: str, message: Message) -> str:
    """Send a message from an agency's decider; the state after it."""
    return (await office.exchange.accept(message, seat(agency))).answer.state


async def hand_over(office: Office, *events: tuple[str, str]) -> tuple[UUID, UUID]:
    """A special adjustment, and the regional coordination that serves it after these events."""
    parent = await special(office, TO_ASSESSING)
    consent = {"consent_id": CONSENT_REGIONAL_ID, "purpose": "regional"}
    recorded = saying("special_adjustment.record_consent", parent, consent)
    await office.exchange.accept(recorded, seat(PROBATION))
    child = saying(
        "regional_coordination.request", parent=parent, to={"destination_center": OTHER_CENTER}
    )
    await office.exchange.accept(child, seat(CENTER))
    for agency, event in events:
        message = saying(f"regional_coordination.{event}", child.id)
        await office.exchange.accept(message, seat(agency))
    return parent, child.id
