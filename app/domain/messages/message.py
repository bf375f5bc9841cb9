"""A message as it comes in: a typed body in an envelope."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from app.domain.messages.body import Body

URGENCIES = ("normal", "urgent", "same_day")
"""In rising order."""


@dataclass(frozen=True, slots=True)
class PaperOrigin:
    """How a paper came that a connected party keys in."""

    received_on: date
    medium: str
    scan_sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One message before its decision. The sender chooses `id`, which is never used again."""

    id: UUID
    referral_id: UUID
    body: Body
    occurred_on: date
    to: Mapping[str, str] = field(default_factory=dict)
    legal_basis: str | None = None
    urgency: str = "normal"
    consent_ids: tuple[UUID, ...] = ()
    in_reply_to: UUID | None = None
    corrects: UUID | None = None
    parent: UUID | None = None
    shared_messages: tuple[UUID, ...] = ()
    paper_origin: PaperOrigin | None = None

    @property
    def opens(self) -> bool:
        """Whether it opens a referral: then its id is the referral's id."""
        return self.id == self.referral_id

    @property
    def flow(self) -> str:
        """The flow that its type belongs to."""
        return self.body.type.partition(".")[0]

    def urgency_on(self, day: date) -> str:
        """The urgency on that day: as sent, or higher if the content asks for it."""
        return max(self.urgency, self.body.least_urgency(day), key=URGENCIES.index)

    def rests_on(self) -> frozenset[UUID]:
        """The consents that the envelope and the body name."""
        return frozenset(self.consent_ids) | self.body.consents_named()
