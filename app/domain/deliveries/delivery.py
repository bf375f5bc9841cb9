"""The delivery of one copy of a message, as far as its sender may know it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.domain.deliveries.terms import Terms

STATUSES = (
    "waiting",
    "notified",
    "opened",
    "acknowledged",
    "to_print",
    "printed",
    "recalled",
    "undeliverable",
)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One recipient's copy. `terms` is None where no acknowledgement is needed."""

    party: str
    agency_id: str
    to_print: bool
    terms: Terms | None
    notified_at: datetime | None = None
    opened_at: datetime | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    printed_at: datetime | None = None
    printed_by: str | None = None
    recalled_at: datetime | None = None
    recall_reason: str | None = None
    misdirected_disclosure_id: UUID | None = None
    undeliverable: str | None = None
    """Why it cannot arrive any more: `agency_disabled` or `party_ended`."""

    @property
    def status(self) -> str:
        """The status, one of STATUSES."""
        verdicts = (
            ("recalled", self.recalled_at),
            ("acknowledged", self.acknowledged_at),
            ("printed", self.printed_at),
            ("opened", self.opened_at),
            ("undeliverable", self.undeliverable),
            ("to_print", self.to_print),
            ("notified", self.notified_at),
        )
        return next((name for name, holds in verdicts if holds), "waiting")

    def lateness(self, at: datetime) -> str | None:
        """`overdue` or `failed` if the copy is late at `at`, or was when it was acknowledged.

        An acknowledgement that comes late stays late. Nothing is taken back because of it.
        """
        if self.terms is None:
            return None
        settled = self.acknowledged_at or self.printed_at or self.recalled_at or at
        if settled >= self.terms.failed_at:
            return "failed"
        return "overdue" if settled >= self.terms.overdue_at else None
