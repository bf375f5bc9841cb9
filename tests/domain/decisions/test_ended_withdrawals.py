"""Consent is withdrawn for what has ended, or stands still, as for what goes on."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from app.domain.cases.case import CLOSED, SUSPENDED, Referral
from app.domain.cases.stops import MOST_RETURNS
from app.domain.classes import ROUTING
from app.domain.errors import GuardFailed, IllegalMove, NotYourStep
from app.domain.flows import FLOWS
from app.domain.state_machine.table import Flow
from tests.domain.decisions.test_reopening import ENDS, FINAL, ended_play
from tests.support import cases
from tests.support.cases import NOW, SHORT, Play, special

NAMES = {agency: name for name, agency in SHORT.items()}
LEFT = [*ENDS, *(how for how in FINAL if how != "refused")]
SUSPENDS_ALREADY = "no consent"


def standing(play: Play) -> Referral:
    return play.case.referrals[play.main]


def there(play: Play) -> list[str]:
    return [NAMES[p.agency_id] for p in standing(play).parties if p.active]


def may_withdraw(play: Play) -> list[str]:
    """Every party, with the seat from which it may withdraw."""
    flow = FLOWS[standing(play).flow]
    deciding = standing(play).active(flow.deciding)
    lead = play.case.lead if flow.deciding == "lead" else None
    agency = deciding.agency_id if deciding else lead
    return [f"{who}~" if SHORT[who] == agency else who for who in there(play)]


@pytest.mark.parametrize("how", LEFT)
def test_every_party_records_in_an_ended_referral_that_the_person_withdraws(how: str) -> None:
    for who in may_withdraw(ended_play(how)[0]):
        play, _, _ = ended_play(how)
        ended = standing(play)
        assert play.send(f"{who} withdraw_consent") == CLOSED
        now = standing(play)
        assert now.suspended
        assert now.stops.closed_on == ended.stops.closed_on
        assert not play.decided.clocks
        assert all(c.withdrawn for c in play.case.consents if c.referral_id == play.main)
        dependent = [p for p, role in FLOWS[now.flow].parties.items() if role.by_consent]
        for copy in play.decided.moves[0].copies:
            told = copy.party in dependent and copy.waits
            assert not told or copy.classes <= ROUTING
        for party in (p for p in now.parties if p.active):
            assert party.view.state == CLOSED
            if party.name in dependent:
                assert not play.may_open(NAMES[party.agency_id])


@pytest.mark.parametrize("how", LEFT)
def test_another_party_than_the_deciding_one_needs_a_deciders_seat(how: str) -> None:
    play, _, _ = ended_play(how)
    for who in (w for w in may_withdraw(play) if not w.endswith("~")):
        with pytest.raises(NotYourStep) as refusal:
            play.send(f"{who}~ withdraw_consent")
        assert refusal.value.facts["seat"] == "decider"


@pytest.mark.parametrize("how", ENDS)
def test_what_is_reopened_after_a_withdrawal_is_suspended_for_everybody(how: str) -> None:
    play, before, decides = ended_play(how)
    play.send(f"{may_withdraw(play)[0]} withdraw_consent")
    assert play.send(f"{decides} reopen") == SUSPENDED
    for party in (p for p in standing(play).parties if p.active):
        assert party.view.state == SUSPENDED
    assert standing(play).back[0] == (before.back or (before.state,))[0]


def vouching(play: Play) -> str | None:
    name = FLOWS[standing(play).flow].vouching
    party = standing(play).active(name) if name else None
    return NAMES[party.agency_id] if party else None


@pytest.mark.parametrize("how", [h for h in ENDS if h != SUSPENDS_ALREADY])
def test_a_withdrawal_recorded_in_error_is_retracted_in_the_end_too(how: str) -> None:
    play, before, decides = ended_play(how)
    voucher, known = vouching(play), play.case.consents
    mine = [str(c.record.id) for c in known if c.referral_id == play.main]
    if voucher is None or not mine:
        return
    ended, consents = standing(play), play.case.consents
    opened = {who: play.may_open(who) for who in there(play)}
    play.send(f"{may_withdraw(play)[0]} withdraw_consent")
    with pytest.raises(NotYourStep):
        play.send(f"{voucher}~ retract_withdrawal", consent_ids=mine)
    assert play.send(f"{voucher} retract_withdrawal", consent_ids=mine) == CLOSED
    assert (standing(play).back, play.case.consents) == (ended.back, consents)
    assert {who: play.may_open(who) for who in there(play)} == opened
    assert standing(play).stops.closed_on == ended.stops.closed_on
    assert play.send(f"{decides} reopen") == before.state
    for party in (p for p in before.parties if p.active):
        view = standing(play).party_of(party.agency_id).view
        assert (view.state, view.back) == (party.view.state, party.view.back)


def test_an_end_is_not_put_off_by_a_withdrawal_long_after_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    play, _, decides = ended_play("office closes")
    monkeypatch.setattr(cases, "NOW", NOW + timedelta(days=400))
    play.send("center withdraw_consent")
    with pytest.raises(GuardFailed) as refusal:
        play.send(f"{decides} reopen")
    assert [guard["name"] for guard in refusal.value.facts["guards"]] == ["closed_lately"]
    assert not play.may_open("center")


@pytest.mark.parametrize("how", ["refused", "office closes"])
def test_nothing_is_withdrawn_where_everything_was_erased(how: str) -> None:
    play, _, _ = ended_play(how)
    if how != "refused":
        erased = frozenset(f"C{n}" for n in range(9))
        play.case = play.case.with_referral(replace(standing(play), erased=erased))
    with pytest.raises(GuardFailed) as refusal:
        play.send("probation withdraw_consent")
    assert [guard["name"] for guard in refusal.value.facts["guards"]] == ["something_left"]


def test_what_lost_a_class_only_is_withdrawn() -> None:
    play, _, _ = ended_play("office closes")
    play.case = play.case.with_referral(replace(standing(play), erased=frozenset({"C4"})))
    play.send("probation withdraw_consent")
    assert not play.may_open("center")


def test_who_has_withdrawn_too_often_records_it_in_the_end_without_effect() -> None:
    play = special(cases.ASSESSING)
    for _ in range(MOST_RETURNS):
        play.send("center withdraw_consent")
        new: dict[str, Any] = {"consent_id": str(uuid4())}
        play.send("probation renew_consent", **new)
    play.send("probation close")
    before = play.may_open("center")
    assert play.send("center withdraw_consent") == CLOSED
    assert play.may_open("center") == before
    assert not standing(play).suspended
    assert play.decided.moves[1].body.type == "special_adjustment.exit_claimed"
    play.send("probation withdraw_consent")
    assert not play.may_open("center")


def test_a_withdrawal_in_an_end_is_counted_when_it_is_set_going_again() -> None:
    play = special(cases.ASSESSING)
    for _ in range(MOST_RETURNS):
        play.run("probation close\ncenter withdraw_consent\nprobation reopen")
        new: dict[str, Any] = {"consent_id": str(uuid4())}
        assert play.send("probation renew_consent", **new) == "assessing"
    play.run("probation close\ncenter withdraw_consent")
    assert not standing(play).suspended


def test_a_child_that_has_ended_takes_a_withdrawal_of_its_own() -> None:
    play, _, _ = ended_play("regional")
    child = play.main
    assert play.send("center27 withdraw_consent", child) == CLOSED
    assert standing(play).suspended
    parent = play.case.referrals[child].parent
    assert parent is not None
    assert not play.case.referrals[parent].suspended


def objected() -> Play:
    play = Play("suspect_support", "prosecutor consult")
    play.run("probation answer_consultation\nprosecutor explain\nprosecutor consent")
    play.run("probation ask_opinion\nprosecutor object")
    assert play.state() == "objection_stop"
    return play


@pytest.mark.parametrize("who", ["probation~", "prosecutor"])
@pytest.mark.parametrize(
    ("event", "state", "undone"),
    [
        ("withdraw_consent", SUSPENDED, "probation retract_withdrawal"),
        ("decline", "decline_pending", "probation retract_decline"),
        ("change_custody", "objection_stop", None),
    ],
)
def test_while_an_objection_stands_what_the_person_says_is_recorded(
    who: str, event: str, state: str, undone: str | None
) -> None:
    play = objected()
    assert play.send(f"{who} {event}") == state
    if undone == "probation retract_withdrawal":
        mine = [str(c.record.id) for c in play.case.consents]
        assert play.send(undone, consent_ids=mine) == "objection_stop"
    elif undone is not None:
        assert play.send(undone) == "objection_stop"


def without(flow: Flow, state: str, party: str) -> Any:
    """The rows of a flow, where a party records no withdrawal in a state."""
    for step in flow.steps:
        if step.state == state and step.type.endswith(".withdraw_consent"):
            by = tuple(name for name in step.by if name != party)
            yield from [replace(step, by=by)] if by else []
        else:
            yield step


@pytest.mark.parametrize("name", FLOWS)
def test_a_table_in_which_a_withdrawal_could_be_recorded_nowhere_is_not_built(name: str) -> None:
    flow = FLOWS[name]
    for state in flow.states:
        for party in flow.parties:
            with pytest.raises(ValueError, match=f"{party} can record no withdrawal in {state}"):
                replace(flow, steps=tuple(without(flow, state, party)))


def test_a_table_whose_withdrawal_in_an_end_leads_elsewhere_is_not_built() -> None:
    flow = FLOWS["special_adjustment"]
    wrong = tuple(replace(s, on_return="=") if s.state == CLOSED else s for s in flow.steps)
    with pytest.raises(ValueError, match="reopening returns to the suspension"):
        replace(flow, steps=wrong)


def test_nothing_else_is_sent_in_an_end() -> None:
    play, _, _ = ended_play("office closes")
    for event in ("record_consent", "renew_consent", "decline", "die", "change_custody"):
        with pytest.raises(IllegalMove):
            play.send(f"probation {event}")
