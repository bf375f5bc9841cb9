"""Whom a request to erase asks, what ends it, and what may be erased in the end."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from uuid import uuid4

import pytest

from app.domain.cases.case import CLOSED
from app.domain.classes import DataClass
from app.domain.erasure.objections import (
    CopyHolder,
    EarlierRequest,
    ErasureReason,
    HeldReferral,
    objection_to_command,
)
from app.domain.erasure.requests import (
    PAUSE,
    ErasureAnswer,
    RequestState,
    check_answer,
    copies_at_stake,
    erasable,
    objection_to_request,
    verdict,
)
from app.domain.erasure.retention import EVERY
from app.domain.errors import AlreadyAnswered, NotYourAct

CENTER, COUNSEL, PROBATION = "center-13", "bar-13-tokyo", "probation-13"
NOW = datetime(2026, 11, 28, tzinfo=UTC)
ALL = frozenset(c.value for c in DataClass)
AGREED, OBJECTED = ErasureAnswer.AGREED, ErasureAnswer.OBJECTED
MISTAKE, NOT_NEEDED = ErasureReason.MISTAKEN_ENTRY, ErasureReason.NOT_NEEDED
ONLY_C8 = frozenset({DataClass.C8})


def holder(agency: str, classes: frozenset[str] = ALL, **more: bool) -> CopyHolder:
    """An agency with copies in these classes, on which it relies unless said otherwise."""
    relies = classes if more.get("relies", True) else frozenset()
    return CopyHolder(agency, classes, more.get("connected", True), relies)


def referral(*readers: CopyHolder, state: str = CLOSED) -> HeldReferral:
    """A referral that counsel has opened, and that the center leads and decides on."""
    return HeldReferral(
        id=uuid4(),
        case_id=uuid4(),
        flow="defence_support",
        state=state,
        lead=CENTER,
        erased=frozenset(),
        holders=frozenset(),
        parties={CENTER: "center", COUNSEL: "counsel", PROBATION: "probation_office"},
        others=(),
        clocks={},
        readers=readers,
    )


@pytest.mark.parametrize(
    ("reason", "is_open", "relies", "connected"), [*product(ErasureReason, *[[True, False]] * 3)]
)
def test_others_are_asked_but_for_a_mistake_on_which_nobody_relies(
    reason: ErasureReason, is_open: bool, relies: bool, connected: bool
) -> None:
    other = holder(COUNSEL, relies=relies, connected=connected)
    held = referral(holder(CENTER), other, state="accepted" if is_open else CLOSED)
    asked = copies_at_stake(held, CENTER, EVERY, reason)
    spared = is_open and reason is MISTAKE and not relies
    assert (asked == (other,)) == (not spared and (connected or is_open))
    assert copies_at_stake(referral(holder(CENTER)), CENTER, EVERY, reason) == ()


def test_only_who_holds_copies_in_the_classes_is_asked() -> None:
    held = referral(holder(CENTER), holder(PROBATION, frozenset({"C0", "C1"})))
    assert copies_at_stake(held, CENTER, frozenset({DataClass.C7}), NOT_NEEDED) == ()
    assert copies_at_stake(held, CENTER, frozenset({DataClass.C1}), NOT_NEEDED) != ()
    gone = replace(held, erased=frozenset({"C1"}))
    assert copies_at_stake(gone, CENTER, frozenset({DataClass.C1}), NOT_NEEDED) == ()


@pytest.mark.parametrize("state", RequestState)
def test_requests_do_not_follow_each_other_closely(state: RequestState) -> None:
    ended = None if state is RequestState.PENDING else NOW
    held = replace(referral(), requests=(EarlierRequest(state, ended),))
    paused = {RequestState.OBJECTED, RequestState.LAPSED, RequestState.WITHDRAWN}
    for after, recent in ((PAUSE - timedelta(seconds=1), True), (PAUSE, False)):
        expected = "too_soon" if state in paused and recent else None
        if state is RequestState.PENDING:
            expected = "already_requested"
        assert objection_to_request(held, (), NOW + after) == expected


def test_nobody_agrees_for_an_agency_that_is_not_connected() -> None:
    absent = holder(COUNSEL, connected=False)
    assert objection_to_request(referral(state="accepted"), (absent,), NOW) == "not_closed"
    assert objection_to_request(referral(), (holder(COUNSEL),), NOW) is None


@pytest.mark.parametrize(
    ("answer", "other", "is_open", "over"),
    [*product([None, AGREED], [None, AGREED], *[[True, False]] * 2)],
)
def test_silence_agrees_for_what_is_closed_and_never_for_what_is_open(
    answer: ErasureAnswer | None, other: ErasureAnswer | None, is_open: bool, over: bool
) -> None:
    held = referral(
        holder(CENTER), holder(COUNSEL), holder(PROBATION), state="accepted" if is_open else CLOSED
    )
    answers = {COUNSEL: answer, PROBATION: other}
    expected = RequestState.PENDING
    if answer and other:
        expected = RequestState.ERASED
    elif over:
        expected = RequestState.LAPSED if is_open else RequestState.ERASED
    assert verdict(held, CENTER, EVERY, MISTAKE, answers, over=over) == (expected, None)


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({"holders": frozenset({COUNSEL})}, "held_by_another"),
        ({"holders": frozenset({CENTER})}, "held"),
        ({"state": "accepted"}, "not_closed"),
        ({"others": ("requested",)}, "not_now"),
        ({"parties": {}}, "not_yours"),
        ({"erased": EVERY}, "erased"),
        ({"readers": (holder(CENTER), holder(COUNSEL), holder(PROBATION))}, "not_now"),
    ],
)
def test_what_holds_when_the_time_is_over_decides(changes: dict[str, object], outcome: str) -> None:
    held = referral(holder(CENTER), holder(COUNSEL))
    answers = {COUNSEL: AGREED}
    assert verdict(held, CENTER, EVERY, NOT_NEEDED, answers, over=True)[0] is RequestState.ERASED
    changed = replace(held, **changes)  # type: ignore[arg-type]
    assert verdict(changed, CENTER, EVERY, NOT_NEEDED, answers, over=True) == (
        RequestState.FAILED,
        outcome,
    )


@pytest.mark.parametrize("answer", [None, AGREED])
def test_only_counsel_decides_on_what_it_alone_has_said(answer: ErasureAnswer | None) -> None:
    held = referral(holder(CENTER, ALL - {"C8"}), holder(COUNSEL))
    erased = erasable(held, CENTER, EVERY, {COUNSEL: answer})
    assert erased == (EVERY if answer else EVERY - ONLY_C8)
    state, _ = verdict(held, CENTER, ONLY_C8, NOT_NEEDED, {COUNSEL: answer}, over=True)
    assert state is (RequestState.ERASED if answer else RequestState.LAPSED)
    assert objection_to_command(held, COUNSEL, ONLY_C8, NOT_NEEDED) is None
    assert copies_at_stake(held, COUNSEL, ONLY_C8, NOT_NEEDED) == ()
    for shared in (EVERY, ONLY_C8 | {DataClass.C1}):
        assert objection_to_command(held, COUNSEL, shared, NOT_NEEDED) == "not_yours"
    both = referral(holder(CENTER), holder(COUNSEL))
    assert objection_to_command(both, COUNSEL, ONLY_C8, NOT_NEEDED) == "not_yours"
    assert erasable(both, CENTER, EVERY, {COUNSEL: None}) == EVERY


@pytest.mark.parametrize("there", [True, False])
def test_whether_others_hold_a_class_of_theirs_is_not_told(there: bool) -> None:
    hidden = ALL if there else ALL - {"C8"}
    held = replace(referral(holder(CENTER, ALL - {"C8"}), holder(COUNSEL, hidden)), lead=PROBATION)
    assert objection_to_command(held, PROBATION, ONLY_C8, NOT_NEEDED) == "not_yours"


@pytest.mark.parametrize("state", RequestState)
@pytest.mark.parametrize("given", [None, AGREED, OBJECTED])
@pytest.mark.parametrize("role", ["decider", "records_officer"])
def test_an_objection_stands_and_an_agreement_takes_a_decider(
    state: RequestState, given: ErasureAnswer | None, role: str
) -> None:
    for answer in ErasureAnswer:
        too_late = state is not RequestState.PENDING or given is OBJECTED
        refused = NotYourAct if answer is AGREED and role != "decider" else AlreadyAnswered
        if refused is NotYourAct or too_late:
            with pytest.raises(refused):
                check_answer(role, state, given, answer)
        else:
            check_answer(role, state, given, answer)


@pytest.mark.parametrize("over", [True, False])
@pytest.mark.parametrize(
    "event", ["accept", "close", "withdraw_consent", "retract_withdrawal", "exit_claimed"]
)
def test_nobody_has_agreed_to_erase_what_is_sent_in_an_open_referral_after_the_question(
    event: str, over: bool
) -> None:
    held = referral(holder(CENTER), holder(COUNSEL), state="accepted")
    asking = (held, CENTER, EVERY, MISTAKE)
    for answer in (None, AGREED):
        assert verdict(
            *asking, {COUNSEL: answer}, over=over, sent_since=[f"defence_support.{event}"]
        ) == (RequestState.FAILED, "not_now")


@pytest.mark.parametrize("answer", [None, AGREED])
@pytest.mark.parametrize(
    ("since", "expected"),
    [
        ((), RequestState.ERASED),
        (("withdraw_consent", "retract_withdrawal", "exit_claimed"), RequestState.ERASED),
        (("reopen", "change_custody", "close"), RequestState.FAILED),
        (("withdraw_consent", "close"), RequestState.FAILED),
    ],
)
def test_nobody_is_silent_about_what_was_sent_after_the_question(
    answer: ErasureAnswer | None, since: tuple[str, ...], expected: RequestState
) -> None:
    held, sent = referral(holder(CENTER), holder(COUNSEL)), [f"defence_support.{e}" for e in since]
    answers = {COUNSEL: answer}
    state, _ = verdict(held, CENTER, EVERY, NOT_NEEDED, answers, over=True, sent_since=sent)
    assert state is expected
