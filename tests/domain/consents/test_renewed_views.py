"""A view shows the newest facts that its party may have, and never an older value."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.domain.cases.case import SUSPENDED
from app.domain.classes import DataClass
from app.domain.decisions.decision import Copy
from app.domain.disclosures.rights import known_facts
from app.domain.errors import NotYourStep
from app.domain.flows import FLOWS
from app.domain.messages.facts import FACTS, Fact
from app.domain.state_machine.step import NAMED, parse_copy
from tests.support.cases import ASSESSING, SHORT, Play, regional, special

MOVED = {"change": "release_date_moved", "release_on": "2027-02-02"}
OLD = {**MOVED, "release_on": "2027-08-08"}


def shown(play: Play, who: str, referral: UUID) -> Mapping[str, Fact]:
    """The facts that a party which depends on consent sees now."""
    view = play.case.referrals[referral].party_of(SHORT[who]).view
    return known_facts(view.facts, frozenset(DataClass), play.may_open(who, referral), ended=False)


def newest(play: Play, who: str, referral: UUID) -> Mapping[str, Fact]:
    """The newest of the facts that it was ever told of, in the classes that it may have now."""
    standing = play.case.referrals[referral]
    told, may = standing.party_of(SHORT[who]).view.facts, play.may_open(who, referral) | {"C0"}
    return {n: fact for n, fact in standing.facts.items() if n in told and FACTS[n] in may}


def own_copy(play: Play, who: str) -> Copy:
    """The copy of the last message that a party got."""
    return next(c for c in play.decided.moves[0].copies if c.agency_id == SHORT[who])


@pytest.mark.parametrize("place", ["itself", "child"])
@pytest.mark.parametrize("classes", [None, ["C4"], ["C1"]])
@pytest.mark.parametrize("over", [None, "decline", "die"])
def test_after_consent_is_given_again_views_show_the_newest_facts_that_it_covers(
    place: str, classes: list[str] | None, over: str | None
) -> None:
    if place == "child":
        play, referral = regional()
        sender, reader = "center", "center27"
    else:
        play = special(ASSESSING)
        referral, sender, reader = play.main, "prison", "center"
    play.send(f"{sender} change_custody", referral, **OLD)
    play.send("probation withdraw_consent")
    if over and place == "itself":
        play.send(f"probation {over}")
    play.send(f"{sender} change_custody", referral, **MOVED)
    assert "release_on" not in shown(play, reader, referral)
    assert own_copy(play, reader).classes == {"C0"}
    assert own_copy(play, reader).lacking >= {"C4"}
    if over and place == "itself":
        play.send(f"probation retract_{'death' if over == 'die' else over}")
    body: dict[str, Any] = {
        "consent_id": str(uuid4()),
        "recipients": list(dict.fromkeys([SHORT["center"], SHORT[reader]])),
    }
    body["purpose"] = "regional"
    if classes:
        body["item_classes"] = classes
    play.send("probation renew_consent", **body)
    assert play.state(referral) != SUSPENDED
    assert shown(play, reader, referral) == newest(play, reader, referral)
    assert ("release_on" in shown(play, reader, referral)) == (classes != ["C1"])


@pytest.mark.parametrize("flow", FLOWS)
def test_what_a_suspension_cuts_off_can_be_completed(flow: str) -> None:
    """Every type that a suspension narrows has a row outside of it, unless it has C0 alone."""
    table = FLOWS[flow]
    narrowed = [
        (step, party)
        for step in table.steps
        for party, classes in map(parse_copy, step.copies)
        if step.state == SUSPENDED and classes and table.parties[party].by_consent
    ]
    assert narrowed
    alone: set[str] = set()
    for step, party in narrowed:
        may = table.parties[party].classes & frozenset(step.body.classes().values())
        elsewhere = [s for s in table.steps if s.type == step.type and s.state != SUSPENDED]
        if may > {"C0"} and not elsewhere:
            assert NAMED in step.copies, step.type
            alone.add(step.type.partition(".")[2])
    assert alone <= {"renew_consent"}


@pytest.mark.parametrize("who", ["prosecutor", "probation"])
def test_a_fact_stated_anew_in_a_class_that_a_party_does_not_have_is_absent(who: str) -> None:
    play = Play("suspect_support", "prosecutor consult")
    play.send("prosecutor change_custody", play.main, **OLD)
    play.send(f"{who} change_custody", play.main, **MOVED)
    facts = play.case.referrals[play.main].party_of(SHORT["prosecutor"]).view.facts
    days = play.decided.moves[0].deadlines()
    if who == "prosecutor":
        assert facts["release_on"] == MOVED["release_on"]
        return
    assert "release_on" not in facts
    assert days[SHORT["prosecutor"], "release_on"] is None
    assert days[SHORT["probation"], "release_on"] == date(2027, 2, 2)
    play.send("prosecutor change_custody", play.main, **OLD)
    facts = play.case.referrals[play.main].party_of(SHORT["prosecutor"]).view.facts
    assert facts["release_on"] == OLD["release_on"]


@pytest.mark.parametrize("day", ["2027-03-15", "2027-03-16"])
def test_a_fact_that_a_copy_does_not_show_stays_where_the_party_may_have_it_and_it_is_the_same(
    day: str,
) -> None:
    play = special("probation start_selection\nprobation record_consent\nprobation select_special")
    known = play.case.referrals[play.main].party_of(SHORT["prison"]).view.facts["release_on"]
    release = {"kind": "full_term", "date": day, "confidence": "estimated"}
    play.send("probation request_cooperation", expected_release=release)
    facts = play.case.referrals[play.main].party_of(SHORT["prison"]).view.facts
    assert facts.get("release_on") == (known if day == known else None)


def test_whoever_leads_says_the_day_of_release_in_a_child() -> None:
    play, child = regional()
    with pytest.raises(NotYourStep):
        play.send("center27 change_custody", child, **OLD)
    play.send("center change_custody", child, **OLD)
    lines = "center27 acknowledge\ncenter27 accept\ncenter offer_transfer\ncenter27 accept_transfer"
    play.run(lines, child)
    with pytest.raises(NotYourStep):
        play.send("center change_custody", child, **OLD)
    play.send("center27 change_custody", child, **MOVED)
    for who in ("center", "center27"):
        view = play.case.referrals[child].party_of(SHORT[who]).view
        assert view.facts["release_on"] == MOVED["release_on"]
