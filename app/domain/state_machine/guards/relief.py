"""Guards of urgent aftercare (更生緊急保護): written form, period, conditions of an extension."""

from datetime import date, timedelta

from app.domain.state_machine.guard import Situation, Taken
from app.domain.state_machine.guards.base import guard
from app.domain.text import Text

BEGINS, ENDS = "/body/relief_from", "/body/relief_until"
BEGAN = "/facts/relief_from"
"""Where an extension finds the day on which the relief began."""
CONDITIONS = (
    "/body/written",
    "/body/condition_1_met",
    "/body/condition_2_met",
    "/body/condition_3_met",
)


@guard(
    "written_application",
    Text("書面による申出であること", "the application is in writing"),
    Text("更生緊急保護の申出は書面によります。", "relief is applied for in writing (省令118条)"),
    needs=("/body/written",),
    takes=lambda _: (Taken("/body/written", (True,)),),
)
def written_application(situation: Situation) -> list[str]:
    """An application for relief is on paper, signed by the person."""
    return [] if getattr(situation.message.body, "written", False) else ["/body/written"]


def months_after(day: date, months: int) -> date:
    """The last day of a period of months that begins on `day` (民法143条: the eve of its date)."""
    year, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + year, month + 1
    following = date(year + month // 12, month % 12 + 1, 1)
    last = (following - timedelta(days=1)).day
    if day.day > last:
        return date(year, month, last)
    return date(year, month, day.day) - timedelta(days=1)


def _check_period(situation: Situation, months: int) -> list[str]:
    start, end = _relief_period(situation)
    released = _released_on(situation)
    begins = BEGINS if hasattr(situation.message.body, "relief_from") else BEGAN
    if start is None or end is None or end < start:
        return [begins, ENDS]
    if released is not None and start < released:
        return [begins]
    return [ENDS] if end > months_after(released or start, months) else []


def _relief_period(situation: Situation) -> tuple[date | None, date | None]:
    body = situation.message.body
    start = getattr(body, "relief_from", None) or _day(situation, "relief_from")
    return start, getattr(body, "relief_until", None)


def _released_on(situation: Situation) -> date | None:
    return _day(situation, "released_on")


def _day(situation: Situation, fact: str) -> date | None:
    known = situation.referral.facts.get(fact)
    return date.fromisoformat(known) if isinstance(known, str) else None


@guard(
    "relief_period_within_six_months",
    Text("期間は釈放から6月以内であること", "the period ends within six months of release"),
    Text(
        "更生緊急保護の期間は、釈放の日から6月を超えない範囲で定めます。",
        "relief lasts six months from the day of release at most",
    ),
    needs=(BEGINS, ENDS),
)
def relief_period_within_six_months(situation: Situation) -> list[str]:
    """Relief begins with release and ends within six months (更生保護法85条4項)."""
    return _check_period(situation, months=6)


@guard(
    "extension_conditions",
    Text("省令121条の三つの要件を満たすこと", "the three conditions of the ordinance are met"),
    Text(
        "期間の延長には、新たな書面の申出と省令121条の三つの要件が必要です。",
        "an extension needs a new written application and the three conditions of 省令121条",
    ),
    needs=(BEGAN, ENDS, *CONDITIONS),
    takes=lambda _: tuple(Taken(pointer, (True,)) for pointer in CONDITIONS),
)
def extension_conditions(situation: Situation) -> list[str]:
    """A new application, three conditions, and two years in all at most (更生保護法85条4項)."""
    body = situation.message.body
    names = ((pointer, pointer.rpartition("/")[2]) for pointer in CONDITIONS)
    missing = [pointer for pointer, name in names if not getattr(body, name, False)]
    return missing or _check_period(situation, months=24)
