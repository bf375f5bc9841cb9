"""Whoever takes over a part knows what its predecessor knew, and nothing that is out of date."""

from dataclasses import replace
from typing import Any

import pytest

from app.domain.cases.case import Party
from app.domain.flows import FLOWS
from app.domain.messages.facts import DEADLINES, FACTS
from tests.support.cases import ASSESSING, REQUESTED, SHORT, Play, regional, special

OLD, MOVED = "2027-08-08", "2027-02-02"
OFFICE = ("probation", "probation transfer_office probation_office=probation27", "probation27")
PRISON = ("prison", "prison transfer_institution institution=prison27", "prison27")
BACK = {
    "probation27": "probation27 transfer_office probation_office=probation",
    "prison27": "prison27 transfer_institution institution=prison",
}


def move_release(play: Play, who: str, day: str) -> None:
    play.send(f"{who} change_custody", change="release_date_moved", release_on=day)


def part(play: Play, who: str) -> Party:
    return play.case.referrals[play.main].party_of(SHORT[who])


def days(play: Play, who: str) -> dict[str, str | None]:
    """The deadlines that the last message sets or lifts for an agency."""
    set_now = play.decided.moves[0].deadlines()
    return {kind: str(day) for (agency, kind), day in set_now.items() if agency == SHORT[who]}


def lead_handed_over() -> Play:
    """A special adjustment whose lead went to another center through a regional coordination."""
    play, child = regional()
    move_release(play, "probation", OLD)
    play.run("center27 acknowledge\ncenter27 accept", child)
    play.send("center offer_transfer", child)
    play.send("center27 accept_transfer", child)
    return play


@pytest.mark.parametrize("handover", [OFFICE, PRISON])
def test_a_successor_has_the_facts_and_deadlines_of_its_predecessor(
    handover: tuple[str, str, str],
) -> None:
    before, line, after = handover
    play = special(ASSESSING)
    move_release(play, "probation", OLD)
    known = part(play, before).view.facts
    assert known["release_on"] == OLD
    play.send(line)
    may = FLOWS["special_adjustment"].parties[part(play, after).name].classes
    assert part(play, after).view.facts == known
    assert {FACTS[name] for name in known} <= may
    assert days(play, after) == {k: str(v) for k, v in known.items() if k in DEADLINES}


def test_a_center_that_takes_the_lead_over_has_the_facts_of_the_former_one() -> None:
    play = lead_handed_over()
    assert play.case.lead == SHORT["center27"]
    assert part(play, "center27").view.facts == part(play, "center").view.facts
    assert part(play, "center27").view.facts["release_on"] == OLD
    moved = next(m for m in play.decided.moves if m.referral.id == play.main)
    assert str(moved.deadlines()[SHORT["center27"], "release_on"]) == OLD


@pytest.mark.parametrize("handover", [OFFICE, PRISON])
def test_whoever_takes_part_again_is_shown_what_holds_now(handover: tuple[str, str, str]) -> None:
    before, line, after = handover
    play = special(ASSESSING)
    move_release(play, "probation", OLD)
    play.send(line)
    move_release(play, after, MOVED)
    assert part(play, before).view.facts["release_on"] == OLD
    play.send(BACK[after])
    assert part(play, before).view.facts == part(play, after).view.facts
    assert part(play, before).view.facts["release_on"] == MOVED
    assert days(play, before)["release_on"] == MOVED


@pytest.mark.parametrize(
    ("lines", "handover"),
    [
        ("center query", PRISON),
        ("center return_request", PRISON),
        ("center accept\ncenter interview\ncenter draft_plan", OFFICE),
        ("center accept\ncenter interview\ncenter draft_plan\nprobation decline", PRISON),
    ],
)
def test_a_handover_tells_no_step_that_the_rows_hide(
    lines: str, handover: tuple[str, str, str]
) -> None:
    before, line, after = handover
    play = special(REQUESTED)
    play.run(lines)
    known = part(play, before).view
    assert play.state() != known.state or known.back != play.case.referrals[play.main].back
    play.send(line)
    assert (part(play, after).view.state, part(play, after).view.back) == (known.state, known.back)
    play.send(BACK[after])
    assert (part(play, before).view.state, part(play, before).view.back) == (
        known.state,
        known.back,
    )


def test_whoever_joins_again_without_a_predecessor_begins_anew() -> None:
    play = Play("suspect_support", "prosecutor consult")
    play.run("""
probation answer_consultation
prosecutor explain
prosecutor consent
probation ask_opinion
prosecutor no_objection
probation request_center""")
    first = part(play, "center").view.facts
    play.send("prosecutor change_custody", change="release_date_moved", release_on=OLD)
    play.send("center decline_capacity")
    center = part(play, "center")
    outdated = replace(center, view=replace(center.view, facts={**first, "release_on": MOVED}))
    referral = play.case.referrals[play.main]
    parties = tuple(outdated if p is center else p for p in referral.parties)
    play.case = play.case.with_referral(replace(referral, parties=parties))
    play.send("probation request_center")
    assert part(play, "center").view.facts == first


@pytest.mark.parametrize("handover", [OFFICE, PRISON])
def test_a_correction_reaches_whoever_holds_the_part_now(handover: tuple[str, str, str]) -> None:
    before, line, after = handover
    sender = "probation" if before == "prison" else "prison"
    play = special(ASSESSING)
    move_release(play, sender, OLD)
    told = next(i for i, m in play.messages.items() if m.type.endswith("change_custody"))
    play.send(line)
    correction: dict[str, Any] = {"change": "release_date_moved", "release_on": MOVED}
    play.send(f"{sender} change_custody", envelope={"corrects": told}, **correction)
    copies = {c.agency_id for c in play.decided.moves[0].copies}
    assert SHORT[after] in copies
    assert SHORT[before] not in copies
    assert part(play, after).view.facts["release_on"] == MOVED
    assert days(play, after)["release_on"] == MOVED


def test_a_correction_does_not_replace_what_the_predecessor_was_told_later() -> None:
    play = special(ASSESSING)
    move_release(play, "prison", OLD)
    told = next(i for i, m in play.messages.items() if m.type.endswith("change_custody"))
    move_release(play, "prison", MOVED)
    play.send(OFFICE[1])
    restated = {"release_on": frozenset(SHORT[w] for w in ("prison", "probation", "center"))}
    play.messages[told] = replace(play.messages[told], restated=restated)
    late: dict[str, Any] = {"change": "release_date_moved", "release_on": "2027-09-09"}
    play.send("prison change_custody", envelope={"corrects": told}, **late)
    assert part(play, "probation27").view.facts["release_on"] == MOVED


def test_a_table_does_not_end_a_party_that_is_handed_over_without_a_successor() -> None:
    flow = FLOWS["special_adjustment"]
    wrong = tuple(
        replace(step, ends=("center",)) if step.type.endswith("lose_placement") else step
        for step in flow.steps
    )
    with pytest.raises(ValueError, match="ends center, which confirms, vouches or is handed over"):
        replace(flow, steps=wrong)
