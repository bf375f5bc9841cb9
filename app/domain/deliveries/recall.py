"""Recall of a message. One that nobody has opened leaves only a mark; one that somebody has opened
or printed is a misdirected disclosure.

The clocks are those of 個人情報保護法26条・68条 and of the commission's guidelines (通則編
3-5-3): 速報 within about three to five days, 確報 within 30, or 60 where somebody acted in bad
faith. The day on which it became known is the first, closed days count, and a 確報 whose last day
is closed may come on the next open one. What was taken back before anybody read it is no leak.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from app.domain.calendar.business_days import next_business_day
from app.domain.calendar.clock import JAPAN
from app.domain.errors import AlreadyRecalled, Invalid
from app.domain.vocabulary.code import Code


class RecallReason(Code):
    """Why a message is taken back."""

    WRONG_RECIPIENT = "wrong_recipient", "宛先の誤り"
    WRONG_PERSON = "wrong_person", "別人の情報"
    WRONG_CONTENT = "wrong_content", "内容の誤り"
    TOO_MUCH = "too_much", "不要な情報を含む"
    NO_CONSENT = "no_consent", "同意がない"


@dataclass(frozen=True, slots=True)
class ReadCopy:
    """A copy that somebody has read: it was opened, or printed."""

    how: str
    at: datetime
    seat_id: str | None
    classes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReportDays:
    """The days by which a misdirected disclosure has to be reported."""

    preliminary_from: date
    preliminary_by: date
    final_by: date
    final_by_if_malicious: date


@dataclass(frozen=True, slots=True)
class HeldCopy:
    """A copy of the message, read while its case is locked."""

    agency_id: str
    party: str
    referral_id: UUID
    """The referral through which it is read."""
    named: bool
    """Whether the message was sent to this agency. To the others a recipient has shown it later."""
    to_print: bool
    openings: tuple[ReadCopy, ...]
    recalled_for: str | None = None
    """The reason of an earlier recall."""

    @property
    def disclosed(self) -> bool:
        """Whether somebody has read it."""
        return bool(self.openings)


def copies_to_recall(
    copies: Sequence[HeldCopy], reason: RecallReason, recipients: Collection[str] | None
) -> tuple[HeldCopy, ...]:
    """The copies to recall: all, or those of some recipients. Empty if they are recalled already.

    Raises:
        Invalid: `recipients` names an agency that is no recipient, or the message has none.
        AlreadyRecalled: all of them were recalled, for another reason.
    """
    named = {copy.agency_id for copy in copies if copy.named}
    if not named:
        raise Invalid.at("/recipients", "no_recipients")
    if recipients is not None:
        wrong = [n for n, agency_id in enumerate(recipients) if agency_id not in named]
        if wrong:
            raise Invalid({"pointer": f"/recipients/{n}", "reason": "no_recipient"} for n in wrong)
    chosen = [c for c in copies if recipients is None or c.agency_id in recipients]
    left = tuple(c for c in chosen if c.recalled_for is None)
    if not left and any(c.recalled_for != reason for c in chosen):
        raise AlreadyRecalled
    return left


def report_days(known_at: datetime) -> ReportDays:
    """The days by which to report a disclosure that became known at that moment."""
    known = known_at.astimezone(JAPAN).date()
    return ReportDays(
        preliminary_from=_day(known, 3),
        preliminary_by=_day(known, 5),
        final_by=next_business_day(_day(known, 30)),
        final_by_if_malicious=next_business_day(_day(known, 60)),
    )


def _day(first: date, nth: int) -> date:
    """The `nth` day, the first one counted."""
    return first + timedelta(days=nth - 1)
