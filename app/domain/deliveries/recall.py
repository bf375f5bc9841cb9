"""Recall of a message. One that nobody has opened leaves only a mark; one that somebody has opened
or printed is a misdirected disclosure.

The clocks are those of 個人情報保護法26条・68条 and of the commission's guidelines (通則編
3-5-3): 速報 within about three to five days, 確報 within 30, or 60 where somebody acted in bad
faith. The day on which it became known is the first, closed days count, and a 確報 whose last day
is closed may come on the next open one. What was taken back before anybody read it is no leak.

A recall is for mistakes, and others act upon what they have opened or acknowledged. Such a copy is
recalled at once only until the end of the next business day; afterwards its holder is asked.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from app.domain.calendar.business_days import next_business_day
from app.domain.calendar.clock import JAPAN
from app.domain.deliveries.terms import end_of_business_day
from app.domain.errors import AlreadyRecalled, Invalid, RecallByRequest, RecallImpossible
from app.domain.vocabulary.code import Code


class RecallReason(Code):
    """Why a message is taken back."""

    WRONG_RECIPIENT = "wrong_recipient", "宛先の誤り"
    WRONG_PERSON = "wrong_person", "別人の情報"
    WRONG_CONTENT = "wrong_content", "内容の誤り"
    TOO_MUCH = "too_much", "不要な情報を含む"
    NO_CONSENT = "no_consent", "同意がない"


CLOSED: Final = "closed"
"""The state of a referral that has ended, in every flow."""
AT_ONCE_DAYS = 1
"""Business days after the day of acceptance in which an opened copy can be recalled at once."""
REQUEST_DAYS = 10
"""Business days after which a request that nobody has answered lapses."""


class RecallAnswer(Code):
    """What the holder of an opened copy answers to a request to give it back."""

    ACCEPTED = "accepted", "応じる"
    REFUSED = "refused", "応じない"


class RefusalReason(Code):
    """Why the holder keeps an opened copy."""

    ACTED_UPON = "acted_upon", "既にこれに基づいて業務を行った"
    KEPT_BY_LAW = "kept_by_law", "法令により保存する"
    NEEDED_AS_EVIDENCE = "needed_as_evidence", "証拠として要る"
    NO_MISTAKE = "no_mistake", "誤りではない"


@dataclass(frozen=True, slots=True)
class ReadCopy:
    """How one seat has read a copy: opened or printed it, once or more often."""

    how: str
    at: datetime
    """When it did so for the first time."""
    seat_id: str | None
    classes: tuple[str, ...]
    count: int = 1
    last_at: datetime | None = None
    """When it did so for the last time; None if that was the first."""


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
    acknowledged: bool = False
    recalled_for: str | None = None
    """The reason of an earlier recall."""

    @property
    def disclosed(self) -> bool:
        """Whether somebody has read it."""
        return bool(self.openings)

    @property
    def opened_classes(self) -> frozenset[str]:
        """The classes that its agency has opened, and keeps in its evidence bundles."""
        return frozenset(c for o in self.openings if o.how == "opened" for c in o.classes)

    @property
    def relied_upon(self) -> bool:
        """Whether its agency has opened or acknowledged it here. Paper cannot be emptied."""
        return self.acknowledged or bool(self.opened_classes)


@dataclass(frozen=True, slots=True)
class SentMessage:
    """A message, read while its case is locked, with the part of its sender."""

    accepted_at: datetime
    ended: bool
    """Whether the sender's part in the referral has ended."""
    state: str
    """The state of the referral, as the sender has seen it."""
    copies: tuple[HeldCopy, ...]
    consent_stands: bool = False
    """Whether what it did to consents stands: it recorded or confirmed one that is not withdrawn,
    or it withdrew or refused one, or took a withdrawal back. An opening that recorded one aside,
    whose referral would be left without its content, and nobody would act on the consent."""


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


def check_sender(message: SentMessage) -> None:
    """Refuse a sender that can recall nothing any more.

    Raises:
        RecallImpossible: its part has ended, the referral is closed, or others act on what it did
            to consents: that is undone first, or nobody could show why they count or do not.
    """
    if message.ended:
        raise RecallImpossible("party_ended")
    if message.state == CLOSED:
        raise RecallImpossible("closed")
    if message.consent_stands:
        raise RecallImpossible("consent_stands")


def recallable_at_once(
    message: SentMessage, copies: Sequence[HeldCopy], at: datetime
) -> tuple[HeldCopy, ...]:
    """Those of these copies that the sender alone can recall at that moment.

    Raises:
        RecallImpossible: as `check_sender` says.
        RecallByRequest: their holders have opened or acknowledged all of them too long ago.
    """
    check_sender(message)
    late = at >= end_of_business_day(message.accepted_at, AT_ONCE_DAYS)
    now = tuple(copy for copy in copies if not (late and copy.relied_upon))
    if copies and not now:
        raise RecallByRequest(copy.agency_id for copy in copies)
    return now


def copies_to_request(
    message: SentMessage, reason: RecallReason, recipients: Collection[str] | None, at: datetime
) -> tuple[HeldCopy, ...]:
    """The copies that their holders can be asked to give back at that moment.

    Raises:
        RecallImpossible: as `check_sender` says; `at_once` if none of them has to be asked.
        Invalid, AlreadyRecalled: as `copies_to_recall` says.
    """
    copies = copies_to_recall(message.copies, reason, recipients)
    check_sender(message)
    late = at >= end_of_business_day(message.accepted_at, AT_ONCE_DAYS)
    asked = tuple(copy for copy in copies if late and copy.relied_upon)
    if not asked:
        raise RecallImpossible("at_once")
    return asked


def check_answer(answer: RecallAnswer, reason: RefusalReason | None) -> None:
    """Refuse a refusal without a reason, and a reason without a refusal.

    Raises:
        Invalid: the reason is missing, or there is one.
    """
    if (answer is RecallAnswer.REFUSED) != (reason is not None):
        raise Invalid.at("/reason", "required" if reason is None else "not_taken")


def request_expires(requested_at: datetime) -> datetime:
    """When a request of that moment lapses."""
    return end_of_business_day(requested_at, REQUEST_DAYS)


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
