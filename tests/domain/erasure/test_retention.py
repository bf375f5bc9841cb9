"""Retention: periods by the calendar, which clocks run, and what stands against an erasure."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import product
from uuid import uuid4

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.domain.calendar.period import Period
from app.domain.cases.case import CLOSED, Case, Referral
from app.domain.classes import DataClass
from app.domain.erasure.clock import Rule
from app.domain.erasure.objections import (
    BEFORE_THE_END,
    ErasureReason,
    HeldReferral,
    complete_on,
    objection_to_command,
    objection_to_rule,
)
from app.domain.erasure.retention import EVERY, Periods, classes_of, clocks, facts_of
from app.domain.flows import FLOWS
from app.domain.messages.facts import FACTS, Fact

TODAY = date(2026, 11, 23)
days = st.dates(date(1990, 1, 1), date(2150, 12, 31))
periods = st.builds(Period, st.integers(0, 1200), st.integers(0, 4000))


@pytest.mark.parametrize(
    ("period", "since", "over"),
    [
        ("P5Y", "2026-11-23", "2031-11-24"),
        ("P5Y", "2028-02-28", "2033-03-01"),  # first full day 29 February: no such day in 2033
        ("P5Y", "2028-02-29", "2033-03-01"),
        ("P4Y", "2028-02-28", "2032-02-29"),
        ("P1Y", "2027-12-31", "2029-01-01"),
        ("P1M", "2027-01-30", "2027-03-01"),
        ("P90D", "2026-11-23", "2027-02-22"),
        ("P0D", "2026-11-23", "2026-11-24"),
    ],
)
def test_a_period_is_over_on_the_day_that_the_civil_code_says(
    period: str, since: str, over: str
) -> None:
    assert Period.read(period).over_on(date.fromisoformat(since)) == date.fromisoformat(over)


@given(periods, days)
def test_no_period_is_over_before_its_length_has_passed(period: Period, since: date) -> None:
    over = period.over_on(since)
    assert over > since + timedelta(days=period.days)
    months = (over.year - since.year) * 12 + over.month - since.month
    assert period.days or months in {period.months, period.months + 1}


@given(periods, days, days)
def test_a_later_event_is_never_over_earlier(period: Period, one: date, other: date) -> None:
    first, last = sorted((one, other))
    assert period.over_on(first) <= period.over_on(last)


@given(periods, days.filter(lambda day: day.year > 2105))
@example(Period(months=363, days=3718), date(2133, 8, 1))
def test_what_an_index_is_asked_for_is_exactly_what_is_over(period: Period, today: date) -> None:
    last = period.last_over(today)
    assert period.over_on(last) <= today < period.over_on(last + timedelta(days=1))


@given(periods)
def test_a_period_is_read_as_it_is_written(period: Period) -> None:
    if period.months < 12_000 and period.days < 100_000:
        assert Period.read(str(period)) == period


@pytest.mark.parametrize("text", ["", "P", "5Y", "PT5H", "P5", "P1Y1Y", "-P1Y", "P1W", "P1.5Y"])
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="period"):
        Period.read(text)


@given(st.integers(946_684_800, 4_102_444_800), st.integers(0, 400))
def test_an_erasure_is_complete_when_the_last_backup_from_before_is_too_old(
    seconds: int, age: int
) -> None:
    erased_at = datetime.fromtimestamp(seconds, UTC)
    day = complete_on(erased_at, timedelta(days=age))
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=9)
    assert midnight >= erased_at + timedelta(days=age)


def test_no_one_has_accepted_in_these_states() -> None:
    assert {name: set(flow.states_before_acceptance) for name, flow in FLOWS.items()} == {
        "special_adjustment": {
            "candidate_notified", "under_selection", "selected_special", "selected_general",
            "requested", "query_pending", "return_pending",
        },
        "suspect_support": {
            "consulted", "explained", "consented", "opinion_pending", "objection_stop",
            "adjusting", "center_requested", "query_pending",
        },
        "defence_support": {"inquired", "query_pending"},
        "regional_coordination": {"requested", "acknowledged", "clarifying"},
    }  # fmt: skip


def referral(
    state: str = "assessing", flow: str = "special_adjustment", **rest: object
) -> Referral:
    return Referral(uuid4(), flow, state, **rest)  # type: ignore[arg-type]


def case(*referrals: Referral) -> Case:
    return Case(uuid4(), referrals={r.id: r for r in referrals})


def moved(before: Case, *changed: Referral) -> set[tuple[str, date | None]]:
    after = before
    for each in changed:
        after = after.with_referral(each)
    return {(c.rule.value, c.since) for c in clocks(before, after, TODAY)}


def test_a_case_is_kept_from_the_end_of_its_last_referral() -> None:
    parent, child = referral(), referral("lead_transferred", "regional_coordination")
    both = case(parent, child)
    half = both.with_referral(parent.with_state(CLOSED, ()))
    assert moved(both, half.referrals[parent.id]) == set()
    found = clocks(half, half.with_referral(child.with_state(CLOSED, ())), TODAY)
    assert {(c.referral_id, c.rule, c.since) for c in found} == {
        (r.id, Rule.CASE_CLOSED, TODAY) for r in (parent, child)
    }


def test_a_referral_that_joins_a_complete_case_stops_its_clock() -> None:
    done = case(referral(CLOSED))
    joining = referral("requested", "regional_coordination")
    assert moved(done, joining) == {("case_closed", None)}


def test_what_nobody_accepted_goes_earlier_and_by_itself() -> None:
    parent, child = referral(), referral("acknowledged", "regional_coordination")
    both = case(parent, child)
    assert moved(both, child.with_state(CLOSED, ())) == {("never_accepted", TODAY)}
    waiting = referral("suspended_consent", "regional_coordination", back=("acknowledged",))
    both = case(parent, waiting)
    assert moved(both, waiting.with_state(CLOSED, ())) == {("never_accepted", TODAY)}


@pytest.mark.parametrize("facts", [{"cleared": True}, {"close_reason": "acquitted_or_cleared"}])
def test_being_cleared_starts_a_clock_that_a_new_charge_stops(facts: dict[str, Fact]) -> None:
    before = referral("released", "suspect_support", facts={"cleared": False})
    after = replace(before, facts=facts)
    assert moved(case(before), after) == {("cleared", TODAY)}
    assert moved(case(after), before) == {("cleared", None)}
    assert moved(case(after), replace(after, state="community_support")) == set()


def test_what_is_erased_starts_no_clock() -> None:
    before = referral("explained", "suspect_support")
    refused = replace(before, state=CLOSED, erased=EVERY)
    assert moved(case(before), refused) == set()


def test_what_is_left_of_a_referral_that_lost_a_class_has_its_clock() -> None:
    before = referral("released", "suspect_support", erased=frozenset({DataClass.C4}))
    ended = replace(before, state=CLOSED)
    assert ("case_closed", TODAY) in moved(case(before), ended)


def test_a_purge_takes_the_facts_of_its_class_and_no_others() -> None:
    assert classes_of(Rule.CLEARED) == {DataClass.C4}
    gone = set(facts_of(classes_of(Rule.CLEARED)))
    assert gone == {name for name, c in FACTS.items() if c is DataClass.C4}
    assert "cleared" in gone
    assert "close_reason" not in gone


def test_the_record_of_consents_outlives_the_referral_by_its_own_period() -> None:
    periods = Periods()
    assert periods.of(Rule.LEDGER) == Period.read("P6Y")


STANDING = HeldReferral(
    id=uuid4(),
    case_id=uuid4(),
    flow="special_adjustment",
    state=CLOSED,
    lead="center-13",
    erased=frozenset(),
    holders=frozenset(),
    parties={
        "center-13": "center",
        "probation-13": "probation_office",
        "prison-fuchu": "institution",
    },
    others=(),
    clocks={rule.value: TODAY for rule in Rule},
    readers=(),
)


@pytest.mark.parametrize(
    ("rule", "held", "closed", "running"), [*product(Rule, *[[True, False]] * 3)]
)
def test_a_rule_erases_what_is_closed_runs_and_is_not_held(
    rule: Rule, held: bool, closed: bool, running: bool
) -> None:
    standing = replace(
        STANDING,
        holders=frozenset({"bar-13-tokyo"} if held else ()),
        state=CLOSED if closed else "assessing",
        clocks=STANDING.clocks if running else {},
    )
    needs_end = rule in {Rule.CASE_CLOSED, Rule.NEVER_ACCEPTED}
    expected = "gone" if not running or (needs_end and not closed) else "held" if held else None
    assert objection_to_rule(standing, rule, TODAY) == expected


@pytest.mark.parametrize(
    ("reason", "agency", "held_by", "closed", "whole", "alone"),
    [
        *product(
            ErasureReason,
            ["center-13", "probation-13", "prison-fuchu", None],
            [None, "prison-fuchu", "center-13"],
            *[[True, False]] * 3,
        )
    ],
)
def test_a_command_erases_for_whoever_decides_and_never_under_a_hold(
    reason: ErasureReason,
    agency: str | None,
    held_by: str | None,
    closed: bool,
    whole: bool,
    alone: bool,
) -> None:
    standing = replace(
        STANDING,
        holders=frozenset({held_by} if held_by else ()),
        state=CLOSED if closed else "assessing",
        others=() if alone else ("requested",),
    )
    classes = EVERY if whole else frozenset({DataClass.C4})
    against = objection_to_command(standing, agency, classes, reason)
    may = agency is None or standing.decides(agency)
    if agency is not None and reason is ErasureReason.COURT_ORDER:
        assert against == "only_operators"
        return
    open_at_all = closed or (whole and reason in BEFORE_THE_END)
    assert (against is None) == (may and not held_by and open_at_all and alone)
    if may and held_by and held_by != agency and open_at_all:
        # Whoever answers the person learns that there is a hold.
        assert against == "held_by_another"
    assert agency != "prison-fuchu" or against == "not_yours"
