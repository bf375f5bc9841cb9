"""A retention clock: the rule that runs for a referral, and since when."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from app.domain.vocabulary.code import Code


class Rule(Code):
    """Why something is erased."""

    CASE_CLOSED = "case_closed", "終結から保存期間が過ぎた"
    NEVER_ACCEPTED = "never_accepted", "受任されずに終わってから保存期間が過ぎた"
    CLEARED = "cleared", "無罪・嫌疑なしの通知から期間が過ぎた"
    LEDGER = "ledger", "同意の記録の保存期間が過ぎた"


@dataclass(frozen=True, slots=True)
class RetentionClock:
    """A rule that runs for a referral. It counts from the day `since`; None stops the clock."""

    referral_id: UUID
    rule: Rule
    since: date | None
