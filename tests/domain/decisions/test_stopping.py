"""Whoever stopped a referral: who undoes it, how often it can be done, what ends a suspension."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.cases.case import CLOSED, NEW
from app.domain.cases.stops import MOST_RETURNS
from app.domain.errors import GuardFailed, NotYourStep, Refusal
from app.domain.flows import FLOWS
from app.domain.messages.message import PaperOrigin
from tests.support.cases import ASSESSING, SHORT, Play, offered, regional, special

PAPER = PaperOrigin(date(2026, 11, 20), "fax", "5" * 64)
SUSPENDED = "suspended_consent"
UNDOING = {"decline": "retract_decline", "die": "retract_death", "withdraw_consent": None}


@dataclass
class Place:
    """A referral, the party that stops it, and whoever sets it going again."""

    play: Play
    referral: UUID
    who: str
    deciding: str
    resuming: str
    """Whoever sends `renew_consent` there."""


def suspect() -> Play:
    play = Play("suspect_support", "prosecutor consult")
    play.run("probation answer_consultation\nprosecutor explain\nprosecutor consent")
    play.run("probation ask_opinion\nprosecutor no_objection\nprobation request_center")
    play.run("center accept\ncenter visit")
    return play


def defence() -> Play:
    play = Play("defence_support", "bar inquire")
    play.run("center accept\ncenter visit\nbar record_consent")
    return play


def child() -> Place:
    play, referral = regional()
    return Place(play, referral, "center27", "center", "center")


def place(name: str) -> Place:
    if name == "child":
        return child()
    flow, who = name.split()
    play = {"special": lambda: special(ASSESSING), "suspect": suspect, "defence": defence}[flow]()
    if flow == "defence":
        return Place(play, play.main, who, "center", "bar")
    return Place(play, play.main, who, "probation", "probation")


PLACES = ("special center", "special prison", "suspect prosecutor", "suspect center", "child")


def resume(there: Place, event: str) -> str:
    """Set it going again after this exit."""
    undoing = UNDOING[event]
    if undoing is not None:
        return there.play.send(f"{there.deciding} {undoing}", there.referral)
    new: dict[str, Any] = {"consent_id": str(uuid4())}
    there.play.send(f"{there.resuming} renew_consent", there.referral, **new)
    if there.referral != there.play.main:
        there.play.send("probation confirm_consent", **new)
    return there.play.state(there.referral)


def set_going_again(there: Place, event: str, times: int = MOST_RETURNS) -> str:
    """Let the party send an exit, and the others set it going again, so often."""
    state = there.play.state(there.referral)
    for _ in range(times):
        assert there.play.send(f"{there.who} {event}", there.referral) != state
        assert resume(there, event) == state
    return state


@pytest.mark.parametrize("name", [*PLACES, "defence bar"])
@pytest.mark.parametrize("event", UNDOING)
def test_an_exit_sent_too_often_is_recorded_and_stops_nothing(name: str, event: str) -> None:
    there = place(name)
    if name == "defence bar" and event == "withdraw_consent":
        return  # Counsel vouches for consents there.
    state = set_going_again(there, event)
    consents = there.play.case.consents
    assert there.play.send(f"{there.who} {event}", there.referral) == state
    assert there.play.case.consents == consents
    assert not there.play.decided.withdrawn
    own, told = there.play.decided.moves
    assert own.body.type.endswith(f".{event}")
    assert told.body.type.endswith(".exit_claimed")
    assert told.body.model_dump()["message_id"] is not None
    parties = {p.agency_id for p in told.referral.parties if p.active}
    assert {copy.agency_id for copy in told.copies} == parties
    assert {copy.agency_id for copy in own.copies} == parties
    # Of another kind, and from another party, it stops as before.
    other = "die" if event == "decline" else "decline"
    assert there.play.send(f"{there.who} {other}", there.referral) != state
    assert resume(there, other) == state


@pytest.mark.parametrize("event", UNDOING)
@pytest.mark.parametrize("name", PLACES)
def test_the_deciding_party_stops_it_however_often_and_needs_a_decider_after_some_time(
    name: str, event: str
) -> None:
    there = place(name)
    there.who = there.deciding
    state = set_going_again(there, event, MOST_RETURNS)
    with pytest.raises(NotYourStep) as refused:
        there.play.send(f"{there.who}~ {event}", there.referral)
    assert refused.value.facts["seat"] == "decider"
    assert there.play.state(there.referral) == state
    set_going_again(there, event, 3)


def test_what_is_withdrawn_too_often_takes_nothing_while_another_has_suspended_it() -> None:
    play = special(ASSESSING)
    first = str(play.case.consents[0].record.id)
    play.send("probation record_consent", consent_id=str(uuid4()), recipients=["center-27"])
    for _ in range(MOST_RETURNS):
        play.send("center withdraw_consent", consent_ids=[first])
        play.send("probation retract_withdrawal", consent_ids=[first])
    play.send("probation withdraw_consent", consent_ids=[first])
    consents = play.case.consents
    assert play.send("center withdraw_consent") == SUSPENDED
    assert play.case.consents == consents
    assert play.decided.moves[1].body.type.endswith(".exit_claimed")


@pytest.mark.parametrize("stop", [None, "decline", "die"])
def test_what_fell_in_a_suspension_is_given_back_while_the_referral_goes_on(
    stop: str | None,
) -> None:
    play = special(ASSESSING)
    other: dict[str, Any] = {"consent_id": str(uuid4()), "recipients": ["center-27"]}
    play.send("probation record_consent", **other)
    first = str(play.case.consents[0].record.id)
    play.send("probation withdraw_consent", consent_ids=[first])
    play.send("center withdraw_consent", consent_ids=[other["consent_id"]])
    assert play.send("probation renew_consent", consent_id=str(uuid4())) == "assessing"
    state = play.send(f"center {stop}") if stop else "assessing"
    back: dict[str, Any] = {"consent_ids": [other["consent_id"]]}
    with pytest.raises(NotYourStep):
        play.send("center retract_withdrawal", **back)
    assert play.send("probation retract_withdrawal", **back) == state
    standing = {str(c.record.id): c.withdrawn_on for c in play.case.consents}
    assert standing[other["consent_id"]] is None
    assert standing[first] is not None


def test_counsel_withdraws_however_often_what_the_center_receives_by_consent() -> None:
    there = place("defence bar")
    set_going_again(there, "withdraw_consent", 4)
    there.play.send("bar withdraw_consent")
    assert not there.play.may_open("center")


def test_a_transfer_that_was_refused_twice_is_offered_no_more() -> None:
    play, referral = regional()
    play.run("center27 acknowledge\ncenter27 accept", referral)
    for _ in range(2):
        play.run("center offer_transfer\ncenter27 refuse_transfer", referral)
    with pytest.raises(GuardFailed) as refused:
        play.send("center offer_transfer", referral)
    assert [g["name"] for g in refused.value.facts["guards"]] == ["stopped_too_often"]
    assert play.state(referral) == "accepted"


def test_a_contact_ban_that_was_lifted_twice_is_reported_by_the_office() -> None:
    play = suspect()
    for _ in range(2):
        play.run("center report_contact_ban\nprobation lift_contact_ban")
    with pytest.raises(GuardFailed):
        play.send("center report_contact_ban")
    for _ in range(3):
        assert play.send("probation report_contact_ban") == "contact_ban_hold"
        play.send("center lift_contact_ban")


def offered_seats(play: Play, who: str, referral: UUID) -> dict[str, str]:
    """The events that `actions` offers to a party, with the seat of each."""
    standing = play.case.referrals[referral]
    moves = offered(play.case, standing, SHORT[who])
    return {move["type"].partition(".")[2]: move["seat"] for move in moves}


@pytest.mark.parametrize("name", PLACES)
@pytest.mark.parametrize("event", ["decline", "die"])
def test_actions_say_decider_once_the_deciding_party_was_set_going_again_twice(
    name: str, event: str
) -> None:
    there = place(name)
    for _ in range(2):
        assert offered_seats(there.play, there.deciding, there.referral)[event] == "any"
        there.play.send(f"{there.deciding}~ {event}", there.referral)
        there.play.send(f"{there.deciding} {UNDOING[event]}", there.referral)
    assert offered_seats(there.play, there.deciding, there.referral)[event] == "decider"
    with pytest.raises(NotYourStep) as refused:
        there.play.send(f"{there.deciding}~ {event}", there.referral)
    assert refused.value.facts["seat"] == "decider"


def test_actions_leave_out_what_an_agency_has_stopped_too_often_to_stop_again() -> None:
    play = suspect()
    for _ in range(2):
        assert "report_contact_ban" in offered_seats(play, "center", play.main)
        play.run("center report_contact_ban\nprobation lift_contact_ban")
    assert "report_contact_ban" not in offered_seats(play, "center", play.main)
    assert "report_contact_ban" in offered_seats(play, "probation", play.main)


@pytest.mark.parametrize("name", PLACES)
@pytest.mark.parametrize("event", ["decline", "die"])
@pytest.mark.parametrize("joins", [False, True])
def test_what_the_deciding_party_sent_is_undone_by_it_alone(
    name: str, event: str, *, joins: bool
) -> None:
    there = place(name)
    state = there.play.state(there.referral)
    if joins and event == "decline":
        there.play.send(f"{there.who} {event}", there.referral)
    there.play.send(f"{there.deciding}~ {event}", there.referral)
    with pytest.raises(NotYourStep) as refused:
        there.play.send(f"{there.who} {UNDOING[event]}", there.referral)
    deciding = FLOWS[there.play.case.referrals[there.referral].flow].deciding
    assert refused.value.facts["by"] == [deciding]
    offered = {action["type"].partition(".")[2] for action in refused.value.facts["actions"]}
    assert UNDOING[event] not in offered
    assert there.play.send(f"{there.deciding} {UNDOING[event]}", there.referral) == state


@pytest.mark.parametrize("event", ["confirm_death", "confirm_decline", "confirm_withdrawal"])
def test_whoever_may_not_send_what_only_deciders_send_is_told_of_their_seat(event: str) -> None:
    there = place("special prison")
    with pytest.raises(NotYourStep) as refused:
        there.play.send(f"{there.who} {event}", there.referral)
    assert (refused.value.facts["seat"], refused.value.facts["by"]) == (
        "decider",
        ["probation_office"],
    )


@pytest.mark.parametrize("name", PLACES)
def test_whoever_sent_an_exit_that_the_deciding_party_did_not_retracts_it(name: str) -> None:
    there = place(name)
    state = there.play.state(there.referral)
    there.play.send(f"{there.who} decline", there.referral)
    assert there.play.send(f"{there.who} retract_decline", there.referral) == state


def test_an_office_that_took_the_part_over_undoes_what_its_predecessor_did() -> None:
    play = special(ASSESSING)
    play.send("probation decline")
    play.send("probation transfer_office probation_office=probation27")
    with pytest.raises(NotYourStep):
        play.send("center retract_decline")
    assert play.send("probation27 retract_decline") == "assessing"


def test_an_origin_that_no_longer_leads_does_not_end_a_suspension_by_the_one_that_does() -> None:
    play, referral = regional()
    play.run("center27 acknowledge\ncenter27 accept\ncenter offer_transfer", referral)
    play.run("center27 accept_transfer\ncenter27 withdraw_consent", referral)
    new: dict[str, Any] = {"consent_id": str(uuid4())}
    assert play.send("center renew_consent", referral, **new) == SUSPENDED


def test_side_states_do_not_pile_up() -> None:
    play = special(ASSESSING)
    for _ in range(3):
        play.run("center withdraw_consent\nprison decline")
    play.send("center die")
    main = play.case.referrals[play.main]
    assert sorted((main.state, *main.back)) == sorted(
        ("assessing", SUSPENDED, "decline_pending", "death_reported")
    )
    play.run("probation retract_death\nprobation retract_decline")
    assert play.send("probation renew_consent", consent_id=str(uuid4())) == "assessing"


# What ends a suspension.

UNRELATED: dict[str, dict[str, Any]] = {
    "another purpose": {"purpose": "facility"},
    "another recipient": {"recipients": ["probation-27"]},
}


@pytest.mark.parametrize("what", UNRELATED)
@pytest.mark.parametrize("how", ["renewed", "confirmed"])
def test_a_consent_to_something_else_does_not_end_a_suspension(what: str, how: str) -> None:
    play = special(ASSESSING)
    play.send("probation withdraw_consent", withdrawn_items=["C4"])
    consent: dict[str, Any] = {"consent_id": str(uuid4()), **UNRELATED[what]}
    if how == "renewed":
        assert play.send("probation renew_consent", **consent) == SUSPENDED
    else:
        play.send("prison renew_consent", **consent)
        named = {"consent_id": consent["consent_id"]}
        assert play.send("probation confirm_consent", **named) == SUSPENDED
    assert not play.may_open("center")
    assert not play.case.consents[-1].claimed
    assert play.send("probation renew_consent", consent_id=str(uuid4())) == "assessing"
    assert play.may_open("center")


def test_a_withdrawal_of_something_else_that_is_retracted_does_not_end_a_suspension() -> None:
    play = special(ASSESSING)
    first = str(play.case.consents[0].record.id)
    other: dict[str, Any] = {"consent_id": str(uuid4()), "purpose": "facility"}
    play.send("probation record_consent", **other)
    play.send("probation withdraw_consent", consent_ids=[first, other["consent_id"]])
    named: dict[str, Any] = {"consent_ids": [other["consent_id"]]}
    assert play.send("probation retract_withdrawal", **named) == SUSPENDED
    assert play.send("probation retract_withdrawal", consent_ids=[first]) == "assessing"


OVER = "2026-11-22"
"""The day before the messages are sent."""


def run_out(play: Play, consent_id: str) -> None:
    """Let the period of a recorded consent be over."""
    consents = (
        replace(c, record=replace(c.record, valid_until=date.fromisoformat(OVER)))
        if str(c.record.id) == consent_id
        else c
        for c in play.case.consents
    )
    play.case = replace(play.case, consents=tuple(consents))


@pytest.mark.parametrize("how", ["renewed", "confirmed", "retracted"])
def test_what_has_run_out_ends_no_suspension(how: str) -> None:
    play = special(ASSESSING)
    first, new = str(play.case.consents[0].record.id), str(uuid4())
    play.send("probation withdraw_consent")
    if how == "retracted":
        run_out(play, first)
        assert play.send("probation retract_withdrawal", consent_ids=[first]) == SUSPENDED
    elif how == "renewed":
        over: dict[str, Any] = {"consent_id": new, "valid_until": OVER}
        assert play.send("probation renew_consent", **over) == SUSPENDED
    else:
        play.send("center renew_consent", consent_id=new)
        run_out(play, new)
        assert play.send("probation confirm_consent", consent_id=new) == SUSPENDED
    today: dict[str, Any] = {"consent_id": str(uuid4()), "valid_until": "2026-11-23"}
    assert play.send("probation renew_consent", **today) == "assessing"


def test_a_consent_that_has_run_out_replaces_none_that_was_withdrawn() -> None:
    play = special(ASSESSING)
    other: dict[str, Any] = {"consent_id": str(uuid4()), "recipients": ["prison-fuchu"]}
    first = str(play.case.consents[0].record.id)
    again = str(uuid4())
    play.send("probation record_consent", **other)
    play.send("probation record_consent", consent_id=again)
    run_out(play, again)
    play.send("probation withdraw_consent", consent_ids=[first, other["consent_id"]])
    assert play.send("probation renew_consent", consent_id=str(uuid4())) == "assessing"


def test_a_claim_that_has_run_out_leaves_a_child_suspended() -> None:
    play, referral = regional()
    named: dict[str, Any] = {"consent_id": str(uuid4()), "recipients": ["center-27"]}
    play.send("center record_consent", referral, **named)
    play.send("center27 withdraw_consent", referral, consent_ids=[named["consent_id"]])
    claim: dict[str, Any] = {**named, "consent_id": str(uuid4()), "valid_until": OVER}
    assert play.send("center27 renew_consent", referral, **claim) == SUSPENDED
    play.send("probation confirm_consent", consent_id=claim["consent_id"])
    assert play.state(referral) == SUSPENDED


def test_a_claim_to_something_else_in_a_child_leaves_it_suspended() -> None:
    play, referral = regional()
    named: dict[str, Any] = {"consent_id": str(uuid4()), "recipients": ["center-27"]}
    play.send("center record_consent", referral, **named)
    play.send("center27 withdraw_consent", referral, consent_ids=[named["consent_id"]])
    for purpose, state in (("health", SUSPENDED), ("regional", "requested")):
        claim: dict[str, Any] = {"consent_id": str(uuid4()), "recipients": ["center-27"]}
        claim["purpose"] = purpose
        assert play.send("center27 renew_consent", referral, **claim) == SUSPENDED
        play.send("probation confirm_consent", consent_id=claim["consent_id"])
        assert play.state(referral) == state


# Nobody holds a referral alone, whatever they send and however often it is set going again.

SETTING_GOING = (
    "retract_decline",
    "retract_death",
    "renew_consent",
    "lift_contact_ban",
    "refuse_transfer",
    "reopen",
)
HOW = st.sampled_from(["as itself", "as itself", "on paper", "as a correction"])
MESSAGE = st.tuples(st.integers(0, 9999), HOW, st.booleans())
STOPPING = ("decline", "die", "close", "withdraw_consent", "report_contact_ban", "offer_transfer")


def in_the_middle(name: str) -> Place:
    """A place, from which a child can be opened, or in which paper comes from an agency."""
    if name != "special on paper":
        return place(name)
    to = {"institution": "prison-paper"}
    play = Play("special_adjustment", "probation notify_candidate", to=to, paper_origin=PAPER)
    play.run(ASSESSING)
    return Place(play, play.main, "center", "probation", "probation")


def entered(before: tuple[str, ...], there: Place, referral: UUID) -> list[str]:
    """The side states that the last message led into, and the end."""
    now = there.play.case.referrals[referral]
    sides = {*FLOWS[now.flow].side_states, CLOSED}
    return [s for s in (now.state, *now.back) if s in sides and s not in before]


def standing(there: Place) -> dict[UUID, tuple[str, ...]]:
    return {r.id: (r.state, *r.back) for r in there.play.case.referrals.values()}


def send_own(there: Place, number: int, how: str, *, stopping: bool) -> None:
    """Send from the party one of its messages, to one of the referrals."""
    play, agency = there.play, SHORT[there.who]
    possible = [
        (referral.id, step.type.partition(".")[2])
        for referral in play.case.referrals.values()
        for step in FLOWS[referral.flow].steps
        if step.state != NEW and step.by != ("sys",)
        if not stopping or step.type.endswith(STOPPING)
    ]
    possible = list(dict.fromkeys(possible))
    referral, event = possible[number % len(possible)]
    envelope: dict[str, Any] = {}
    if how == "on paper":
        envelope = {"paper_origin": PAPER}
    if how == "as a correction":
        mine = [m.id for m in play.messages.values() if m.from_agency == agency]
        envelope = {"corrects": mine[-1] if mine else play.main}
    said: dict[str, Any] = {"close_reason": "entered_in_error"} if event == "close" else {}
    said |= (
        {"consent_id": str(uuid4())} if event.endswith("w_consent") and "re" in event[:2] else {}
    )
    play.send(f"{there.who} {event}", referral, envelope=envelope, **said)


def set_all_going(there: Place) -> None:
    """Let every other party send whatever sets a referral going again."""
    for _ in range(3):
        for referral in list(there.play.case.referrals.values()):
            for event in SETTING_GOING:
                for who in (w for w in SHORT if w != there.who):
                    try:
                        set_one_going(there, who, event, referral.id)
                    except (Refusal, KeyError):
                        continue


def set_one_going(there: Place, who: str, event: str, referral: UUID) -> None:
    """Let a party send this; what it renews in a child the parent's office confirms."""
    new: dict[str, Any] = {"consent_id": str(uuid4())} if event == "renew_consent" else {}
    there.play.send(f"{who} {event}", referral, **new)
    if new and referral != there.play.main:
        there.play.send("probation confirm_consent", **new)


@pytest.mark.parametrize("name", [*PLACES, "special on paper", "defence bar"])
@given(messages=st.lists(MESSAGE, min_size=4, max_size=16))
@settings(max_examples=25, deadline=None)
def test_no_party_alone_stops_a_referral_again_and_again(
    name: str, messages: list[tuple[int, str, bool]]
) -> None:
    there = in_the_middle(name)
    times: dict[tuple[UUID, str], int] = {}
    for number, how, stopping in messages:
        before = standing(there)
        try:
            send_own(there, number, how, stopping=stopping)
        except Refusal:
            continue
        for referral in there.play.case.referrals:
            for state in entered(before.get(referral, ()), there, referral):
                times[referral, state] = times.get((referral, state), 0) + 1
        set_all_going(there)
        if there.play.state(there.referral) == CLOSED:
            break
    own = {k: n for k, n in times.items() if not (name == "defence bar" and k[1] == SUSPENDED)}
    assert max(own.values(), default=0) <= MOST_RETURNS
