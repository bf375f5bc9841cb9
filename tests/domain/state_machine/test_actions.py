"""What a party is told that it can send next: no message that would be refused whatever it says."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.access.caller import Caller
from app.domain.calendar.business_days import add_business_days
from app.domain.cases.case import CLOSED, Party, Referral
from app.domain.classes import DataClass
from app.domain.decisions.decide import decide
from app.domain.decisions.decision import Decision
from app.domain.decisions.submission import Submission
from app.domain.errors import GuardFailed, IllegalMove, Refusal
from app.domain.flows import BODIES, FLOWS
from app.domain.messages.message import Message
from app.domain.state_machine.actions import actions, actions_mark
from app.domain.state_machine.exits import EXITS
from app.domain.state_machine.guard import Guard
from app.domain.state_machine.known import KnownSituation, situation_known_to
from tests.support.cases import (
    AGENCIES,
    ASSESSING,
    DIRECTORY,
    NOW,
    SHORT,
    TODAY,
    Play,
    offered,
    regional,
    special,
)

EVERYTHING = frozenset(DataClass)


def suspect() -> Play:
    return Play("suspect_support", "prosecutor consult")


def defence() -> Play:
    return Play("defence_support", "bar inquire")


STARTS: dict[str, Callable[[], Play]] = {
    "candidate": special,
    "assessing": lambda: special(ASSESSING),
    "suspect": suspect,
    "defence": defence,
    "child": lambda: regional()[0],
}
ENDING = {event for event, answers in EXITS.items() if answers.undone_by or answers.final}
"""What most walks do without, so that they come far."""
SITUATION_ONLY = {
    guard.name: guard
    for flow in FLOWS.values()
    for step in flow.steps
    for guard in step.guards
    if not guard.looks_at_the_message
}


def events(moves: list[Any]) -> set[str]:
    return {move["type"].partition(".")[2] for move in moves}


def listed(play: Play, who: str, referral: UUID | None = None, on: date = TODAY) -> set[str]:
    """The events that an agency can send, by its own view."""
    standing = play.case.referrals[referral or play.main]
    return events(offered(play.case, standing, SHORT[who], on))


def erased(play: Play, *classes: str) -> Play:
    standing = replace(play.case.referrals[play.main], erased=frozenset(classes))
    play.case = play.case.with_referral(standing)
    return play


class Walker:
    """Plays random messages, most of them listed ones, on days that go on."""

    def __init__(self, play: Play, seed: int) -> None:
        self.case, self.random, self.at = play.case, Random(seed), NOW

    def attempt(self, referral: Referral, agency_id: str, name: str) -> Decision:
        """Send an example, with ids of consents that are there.

        Raises:
            Refusal: it is refused.
        """
        body, flow = dict(BODIES[name].EXAMPLE), FLOWS[referral.flow]
        there = [str(c.record.id) for c in self.case.consents] or [str(uuid4())]
        if BODIES[name].model_validate(body).consent_record() is not None:
            if body["consent_id"] in there:
                body["consent_id"] = str(uuid4())
            if self.random.random() < 0.5:
                body["recipients"] = [agency_id]
        elif "consent_id" in body:
            body["consent_id"] = self.random.choice(there)
        elif "consent_ids" in body:
            body["consent_ids"] = [self.random.choice(there)]
        joins = {party for step in flow.steps if step.type == name for party in step.joins}
        to = {p: a for p, a in {**flow.example_to, **flow.example_successors}.items() if p in joins}
        ids = tuple(UUID(i) for i in there[-1:]) if to and self.case.consents else ()
        message = Message(
            uuid4(),
            referral.id,
            BODIES[name].model_validate(body),
            self.at.date(),
            to=to,
            consent_ids=ids,
        )
        caller = Caller("c", agency_id, "s", "decider", frozenset(), EVERYTHING, decides=True)
        return decide(Submission(self.case, message, caller, DIRECTORY, self.at))

    def known(self, referral: Referral, party: Party) -> KnownSituation:
        agency, flow = AGENCIES[party.agency_id], FLOWS[referral.flow]
        kind = agency.kind if flow.parties[party.name].by_consent else None
        day = self.at.date()
        return situation_known_to(party, self.case, referral, EVERYTHING, day, kind)

    def active(self) -> Iterator[tuple[Referral, Party]]:
        for referral in self.case.referrals.values():
            yield from ((referral, party) for party in referral.parties if party.active)

    def step(self) -> None:
        """Send one message, if it is taken; then some days may go by, or something be erased."""
        referral, party = self.random.choice([*self.active()])
        flow = FLOWS[referral.flow]
        likely = [a["type"] for a in actions(flow, party, self.known(referral, party))]
        if self.random.random() < 0.8:
            likely = [n for n in likely if n.partition(".")[2] not in ENDING]
        names = likely if likely and self.random.random() < 0.9 else [*flow.bodies]
        try:
            name = self.random.choice(names)
            self.case = self.attempt(referral, party.agency_id, name).case
        except Refusal:
            pass  # another one may be taken
        self.at += timedelta(days=self.random.choice((0, 0, 0, 1, 9)))
        now = self.case.referrals[referral.id]
        if now.state == CLOSED and self.random.random() < 0.1:
            gone = self.random.choice((frozenset(DataClass), frozenset({DataClass.C4})))
            self.case = self.case.with_referral(replace(now, erased=gone))

    def check(self) -> None:
        for referral, party in self.active():
            flow, known = FLOWS[referral.flow], self.known(referral, party)
            here = {a["type"] for a in actions(flow, party, known)}
            leads = party.view.lead == party.agency_id
            rows = flow.moves(party.view.state, party.name, leads=leads)
            for name in {step.type for step in rows}:
                try:
                    self.attempt(referral, party.agency_id, name)
                except GuardFailed as refused:
                    failed = {guard["name"] for guard in refused.facts["guards"]}
                    wrong = {n for n in failed & SITUATION_ONLY.keys() if told(n)}
                    wrong -= {*self.hidden(referral)}
                    assert name not in here or not wrong, f"{name} {failed}"
                except Refusal:
                    pass
                else:
                    assert name in here, f"{name} is left out and taken"

    def hidden(self, referral: Referral) -> Iterator[str]:
        """The guards that look at what a party need not have been told of."""
        if DataClass.C0 not in referral.erased:
            yield "nothing_erased"
        if any(c.claimed and c.referral_id != referral.id for c in self.case.consents):
            yield "claim_waits"


def told(guard: str) -> bool:
    """Whether parties can know what such a guard looks at."""
    return SITUATION_ONLY[guard].possible is not None


@settings(deadline=None, max_examples=30)
@given(start=st.sampled_from([*STARTS]), seed=st.integers(0, 2**32))
def test_what_is_listed_is_refused_by_no_situation_and_what_is_left_out_is_refused(
    start: str, seed: int
) -> None:
    walker = Walker(STARTS[start](), seed)
    for turn in range(24):
        walker.step()
        if turn % 4 == 3:
            walker.check()


def test_reopen_is_listed_for_ten_business_days() -> None:
    play = special(ASSESSING)
    play.send("probation close")
    last = add_business_days(TODAY, 10)
    assert "reopen" in listed(play, "probation", on=last)
    assert "reopen" not in listed(play, "probation", on=last + timedelta(days=1))
    assert "withdraw_consent" in listed(play, "probation", on=last + timedelta(days=1))


def test_only_a_claim_that_waits_is_confirmed_or_refused() -> None:
    play = special(ASSESSING)
    answers = {"confirm_consent", "refuse_consent"}
    assert not answers & listed(play, "probation")
    own: dict[str, Any] = {"consent_id": str(uuid4()), "recipients": ["center-13"]}
    play.send("center record_consent", **own)
    assert answers <= listed(play, "probation")
    play.send("probation refuse_consent", consent_id=own["consent_id"])
    assert not answers & listed(play, "probation")
    for event in answers:
        with pytest.raises(GuardFailed) as refused:
            play.send(f"probation {event}", consent_id=own["consent_id"])
        assert [g["name"] for g in refused.value.facts["guards"]] == ["claim_waits"]
        assert refused.value.facts["guards"][0]["needs"] == ["special_adjustment.record_consent"]


def test_a_claim_below_is_listed_above_and_while_that_is_suspended_only_to_be_refused() -> None:
    play, child = regional()
    own: dict[str, Any] = {"consent_id": str(uuid4()), "recipients": ["center-27"]}
    play.send("center27 acknowledge", child)
    play.send("center27 record_consent", child, **own, purpose="regional")
    assert {"confirm_consent", "refuse_consent"} <= listed(play, "probation")
    play.send("probation withdraw_consent")
    play.send("center27 record_consent", child, consent_id=str(uuid4()), recipients=["center-27"])
    here = listed(play, "probation")
    assert "refuse_consent" in here
    assert "confirm_consent" not in here


def test_a_withdrawal_is_taken_back_only_where_one_was_recorded() -> None:
    play = special(ASSESSING)
    assert "retract_withdrawal" not in listed(play, "probation")
    with pytest.raises(GuardFailed) as refused:
        play.send("probation retract_withdrawal")
    assert [g["name"] for g in refused.value.facts["guards"]] == ["withdrawal_recorded"]
    play.send("center withdraw_consent")
    assert "retract_withdrawal" in listed(play, "probation")


def test_what_a_known_fact_rules_out_is_left_out() -> None:
    play = defence()
    play.run("center accept\ncenter visit")
    play.send("bar give_leave", leave=False)
    assert "ask_probation" not in listed(play, "center")
    play.send("bar give_leave")
    assert "ask_probation" in listed(play, "center")
    play = suspect()
    play.run("probation answer_consultation\nprosecutor explain\nprosecutor consent")
    assert "ask_opinion" in listed(play, "probation")
    assert "start_for_defendant" not in listed(play, "probation")


def test_where_everything_was_erased_nothing_is_listed() -> None:
    play = special(ASSESSING)
    play.send("probation close")
    assert listed(erased(play, *DataClass), "probation") == set()
    assert "withdraw_consent" in listed(erased(play, "C4"), "probation")


def test_what_a_party_was_not_told_of_is_not_left_out() -> None:
    """Which class but C0 an agency had is not loaded with a case, so a refusal lists `reopen`."""
    play = special(ASSESSING)
    play.send("probation close")
    assert "reopen" in listed(erased(play, "C8"), "probation")
    with pytest.raises(GuardFailed):
        play.send("probation reopen")


def test_a_refusal_lists_what_the_referral_does() -> None:
    play = special(ASSESSING)
    with pytest.raises(IllegalMove) as refused:
        play.send("probation start_selection")
    assert events(refused.value.facts["actions"]) == listed(play, "probation")
    assert "retract_withdrawal" not in events(refused.value.facts["actions"])


def test_the_mark_changes_when_a_day_or_an_erasure_changes_the_actions_and_not_before() -> None:
    play = special(ASSESSING)
    play.send("probation close")
    referral = play.case.referrals[play.main]
    flow, office = FLOWS[referral.flow], referral.party_of("probation-13")

    def mark(on: date, gone: frozenset[str] = frozenset()) -> str:
        known = situation_known_to(office, play.case, referral, EVERYTHING, on, None)
        return actions_mark(flow, office, replace(known, erased=gone))

    last = add_business_days(TODAY, 10)
    marks = [mark(TODAY), mark(last), mark(last + timedelta(days=1)), mark(last, EVERYTHING)]
    assert marks[:2] == ["", ""]
    assert len({*marks}) == 3
    assert marks[2] == mark(last + timedelta(days=40))


def silent(guard: Guard) -> Guard:
    return replace(guard, possible=None, unknown="")


@pytest.mark.parametrize("name", ["closed_lately", "claim_waits", "counsel_leave", "is_lead"])
def test_a_table_with_a_guard_that_refuses_any_message_and_does_not_say_so_is_not_built(
    name: str,
) -> None:
    flow = next(f for f in FLOWS.values() if any(g.name == name for s in f.steps for g in s.guards))
    steps = tuple(
        replace(s, guards=tuple(silent(g) if g.name == name else g for g in s.guards))
        for s in flow.steps
    )
    with pytest.raises(ValueError, match=f"{name} of .* refuses any message"):
        replace(flow, steps=steps)
