"""Retention: how long data about a person is kept, and what is erased when that time is over.

The periods are proposals of ours, so each is a setting. A case is one file (事案), so what was
accepted is kept until all of its referrals have ended; what nobody accepted, and the criminal data
of whoever was cleared, goes by itself. A refusal by a detained person is erased in
the same transaction and needs no rule here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from app.domain.calendar.period import Period
from app.domain.cases.case import CLOSED, Case, Referral
from app.domain.classes import DataClass
from app.domain.erasure.clock import RetentionClock, Rule
from app.domain.flows import FLOWS
from app.domain.messages.facts import FACTS
from app.domain.text import Text
from app.domain.vocabulary.closing import CloseReason

EVERY = frozenset(DataClass)
FIVE_YEARS, ONE_YEAR, NINETY_DAYS = Period(months=60), Period(months=12), Period(days=90)

_JUDGED = frozenset({"cleared", "close_reason"})

REFUSED = "refused"
"""The person refused: erased at once."""
COMMANDED = "commanded"
"""Two seats decided it. The act says for which reason."""

TITLES: Mapping[str, Text] = {
    Rule.CASE_CLOSED: Text(Rule.CASE_CLOSED.ja, "kept long enough since it was closed"),
    Rule.NEVER_ACCEPTED: Text(Rule.NEVER_ACCEPTED.ja, "never accepted, kept long enough since"),
    Rule.CLEARED: Text(Rule.CLEARED.ja, "the person was cleared"),
    Rule.LEDGER: Text(Rule.LEDGER.ja, "the record of consents was kept long enough"),
    REFUSED: Text("本人が断った", "the person refused"),
    COMMANDED: Text("二つの席が決めた", "two seats decided it"),
}


@dataclass(frozen=True, slots=True)
class Periods:
    """The retention period of each rule."""

    case_closed: Period = FIVE_YEARS
    never_accepted: Period = ONE_YEAR
    cleared: Period = NINETY_DAYS
    ledger: Period = ONE_YEAR
    """Counted from the erasure by `case_closed`."""

    def of(self, rule: Rule) -> Period:
        """The time from a rule's day to its erasure."""
        period: Period = getattr(self, rule.value)
        return self.case_closed + period if rule is Rule.LEDGER else period


def classes_of(rule: Rule) -> frozenset[DataClass]:
    """The classes whose keys a rule destroys: none where only the record of consents is left."""
    if rule is Rule.LEDGER:
        return frozenset()
    return frozenset({DataClass.C4}) if rule is Rule.CLEARED else EVERY


def facts_of(classes: frozenset[DataClass]) -> list[str]:
    """The names of the facts in these classes."""
    return sorted(name for name, data_class in FACTS.items() if data_class in classes)


def clocks(before: Case, after: Case, day: date) -> tuple[RetentionClock, ...]:
    """The clocks that start or stop when a case moves from `before` to `after` on this day."""
    # The usual case: no referral has ended, and there is no verdict.
    if not any(r.state == CLOSED or _JUDGED & r.facts.keys() for r in after.referrals.values()):
        return ()
    changed: list[RetentionClock] = []
    for referral in after.referrals.values():
        old = before.referrals.get(referral.id)
        if referral is not old and not _is_gone(referral):
            changed += _clocks_of_referral(old, referral, day)
    return (*changed, *_clocks_of_case(before, after, day))


def _clocks_of_referral(
    old: Referral | None, referral: Referral, day: date
) -> Iterator[RetentionClock]:
    if _is_cleared(referral) != _is_cleared(old):
        yield RetentionClock(referral.id, Rule.CLEARED, day if _is_cleared(referral) else None)
    if old is not None and _ends(old, referral) and _never_accepted(old):
        yield RetentionClock(referral.id, Rule.NEVER_ACCEPTED, day)
    if old is not None and _ends(referral, old) and _never_accepted(referral):
        yield RetentionClock(referral.id, Rule.NEVER_ACCEPTED, None)


def _clocks_of_case(before: Case, after: Case, day: date) -> Iterator[RetentionClock]:
    """The clocks of a case start when its last referral ends, and stop when another one joins."""
    was, complete = _is_complete(before), _is_complete(after)
    if was == complete:
        return
    for referral in after.referrals.values():
        if not _is_gone(referral):
            yield RetentionClock(referral.id, Rule.CASE_CLOSED, day if complete else None)


def _is_gone(referral: Referral) -> bool:
    """Whether it was erased as a whole. Of one that lost a class only, the rest has its clocks."""
    return DataClass.C0 in referral.erased


def _is_complete(case: Case) -> bool:
    return bool(case.referrals) and all(r.state == CLOSED for r in case.referrals.values())


def _ends(old: Referral, referral: Referral) -> bool:
    return referral.state == CLOSED and old.state != CLOSED


def _is_cleared(referral: Referral | None) -> bool:
    if referral is None or DataClass.C4 in referral.erased:
        return False
    facts = referral.facts
    closed_so = facts.get("close_reason") == CloseReason.ACQUITTED_OR_CLEARED
    return facts.get("cleared") is True or closed_so


def _never_accepted(referral: Referral) -> bool:
    """Whether it ends in a state that comes before any acceptance, by its flow's table."""
    return referral.main_state in FLOWS[referral.flow].states_before_acceptance
