"""Return or destruction of data that rested on a consent that was withdrawn (返還・廃棄).

Source: domain reference 4.3 (a withdrawal asks every recipient of earlier disclosures to destroy
or return) and 4.5 (30 days, proof kept). Disclosures from before the withdrawal stay lawful, and
stay in the record of disclosures.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from app.domain.errors import Invalid
from app.domain.vocabulary.code import Code
from app.domain.vocabulary.law import LegalBasis

TERM = timedelta(days=30)
"""From the withdrawal to the day by which an answer is due."""


class ReturnAnswer(Code):
    """What became of it."""

    DESTROYED = "destroyed", "廃棄した"
    RETURNED = "returned", "返還した"
    KEPT_BY_LAW = "kept_by_law", "法令により保存する"


@dataclass(frozen=True, slots=True)
class ReturnRequest:
    """A request to one agency, as one agency may see it."""

    id: UUID
    case_id: UUID
    referral_id: UUID
    agency_id: str
    party: str
    requested_at: datetime
    due_on: date
    answered_at: datetime | None = None
    answered_by: str | None = None
    answer: str | None = None
    done_on: date | None = None
    legal_basis: str | None = None
    consent_ids: tuple[UUID, ...] | None = None
    """This field and the next three are filled in for the agency that is asked, and nobody else."""
    classes: tuple[str, ...] | None = None
    message_ids: tuple[UUID, ...] | None = None
    messages: int | None = None

    def state(self, on: date) -> str:
        """`answered`, `overdue` or `open`."""
        if self.answered_at is not None:
            return "answered"
        return "overdue" if self.due_on < on else "open"


def check_answer(
    answer: ReturnAnswer, on: date, legal_basis: LegalBasis | None, today: date
) -> None:
    """Refuse an answer that is not possible.

    Raises:
        Invalid: it lies in the future, or it names a law where none is needed, or none where
            something is kept; a consent that was withdrawn is no law.
    """
    if on > today:
        raise Invalid.at("/on", "not_yet")
    kept_by_law = answer is ReturnAnswer.KEPT_BY_LAW
    if kept_by_law and legal_basis in {None, LegalBasis.CONSENT_ONLY}:
        raise Invalid.at("/legal_basis", "required")
    if not kept_by_law and legal_basis is not None:
        raise Invalid.at("/legal_basis", "not_taken")
