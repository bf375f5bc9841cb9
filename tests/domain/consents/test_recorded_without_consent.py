"""What happens is recorded whatever the person consented to; only its copies are cut down."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from app.domain.classes import ROUTING, DataClass
from app.domain.decisions.decision import Copy
from app.domain.errors import GuardFailed, IllegalMove, Invalid
from app.domain.flows import FLOWS
from app.domain.state_machine.step import Step
from app.domain.state_machine.table import Flow
from tests.domain.consents.test_own_access import CONSENTED
from tests.support.cases import ASSESSING, NOW, REQUESTED, SHORT, Play, regional, special
from tests.support.rows import send_example, sendings, standing

ASKING: Mapping[str, set[str]] = {
    "special_adjustment": {"request_cooperation", "answer_query"},
    "suspect_support": {"request_center", "answer_query"},
    "defence_support": {"ask_probation", "answer_query"},
    "regional_coordination": {"answer_query"},
}
"""All that is refused in an open referral for want of consent: by it a party joins that receives by
consent, or it is nothing but what it tells that party. Everything else happens without consent."""
REFUSED_BEFORE = {"confirm_consent", "refuse_consent", "retract_withdrawal", "accept_transfer"}
"""What names a consent, or reports to a parent, which are not there."""


def lacks_consent(flow: Flow, step: Step, sender: str) -> bool:
    """Whether the example of a row is refused for want of consent where nobody consented."""
    try:
        send_example(standing(flow, step), step, sender)
    except GuardFailed as refused:
        return "consent_covers" in {guard["name"] for guard in refused.facts["guards"]}
    return False


@pytest.mark.parametrize("name", FLOWS)
def test_only_what_tells_a_party_by_consent_something_is_refused_for_want_of_it(name: str) -> None:
    flow, asking, unreached = FLOWS[name], set[str](), set[str]()
    tried: defaultdict[str, int] = defaultdict(int)
    for step, sender in sendings(flow):
        event = step.type.partition(".")[2]
        tried[event] += 1
        try:
            if lacks_consent(flow, step, sender):
                asking.add(event)
        except (Invalid, IllegalMove):
            unreached.add(event)
    assert asking == ASKING[name]
    assert unreached <= REFUSED_BEFORE
    assert tried["change_custody"] > 8


def cut(play: Play, who: str) -> Copy:
    """The copy that a party got of the last message."""
    return next(c for c in play.decided.moves[0].copies if c.agency_id == SHORT[who])


def suspect_by_the_office() -> Play:
    """Support for a suspect that the office began itself: beside it there is the center alone."""
    play = Play("suspect_support", "probation consult")
    indicted: dict[str, Any] = {"change": "further_prosecution"}
    play.send("probation change_custody", **indicted, custody_stage="detained_defendant")
    play.run("probation explain\nprobation consent\nprobation start_for_defendant")
    play.run("probation request_center\ncenter accept\ncenter visit")
    return play


def suspect() -> Play:
    """Support for a suspect that the prosecutor began, with a center."""
    play = Play("suspect_support", "prosecutor consult")
    play.run(CONSENTED)
    return play


def released() -> Play:
    """A suspect who was released."""
    play = suspect()
    play.send("prosecutor release_disposition")
    return play


def in_relief() -> Play:
    """Relief that was applied for and approved."""
    play = released()
    play.run("probation apply_relief\nprobation approve_relief")
    return play


def indicted() -> Play:
    """A suspect who was indicted."""
    play = suspect()
    play.send("prosecutor indict")
    return play


def defence() -> Play:
    """A request of counsel, with a center alone."""
    play = Play("defence_support", "bar inquire")
    play.run("center accept\ncenter visit")
    return play


def below() -> Play:
    """A regional coordination, sent to as the main referral."""
    play, child = regional()
    play.main = child
    play.run("center27 acknowledge\ncenter27 accept")
    return play


def assessing() -> Play:
    """A special adjustment in which the center works."""
    return special(ASSESSING)


def returning() -> Play:
    """A special adjustment that the center wants to return."""
    play = special(REQUESTED)
    play.send("center return_request")
    return play


PLACES = {
    "special": assessing,
    "returning": returning,
    "suspect": suspect,
    "office": suspect_by_the_office,
    "released": released,
    "relief": in_relief,
    "indicted": indicted,
    "defence": defence,
    "regional": below,
}
HAPPENS = [
    ("special", "prison transfer_institution institution=prison27", "center"),
    ("special", "probation transfer_office probation_office=probation27", "center"),
    ("special", "prison released", "center"),
    ("returning", "probation insist", "center"),
    ("suspect", "probation report_contact_ban", "center"),
    ("office", "probation change_custody", "center"),
    ("office", "probation decline", "center"),
    ("office", "probation die", "center"),
    ("released", "probation apply_relief", "center"),
    ("relief", "probation extend_relief", "center"),
    ("relief", "probation end_relief", "center"),
    ("indicted", "probation bail", "center"),
    ("indicted", "probation verdict_release", "center"),
    ("defence", "bar report_outcome", "center"),
    ("defence", "bar change_custody", "center"),
    ("defence", "bar decline", "center"),
    ("defence", "bar share_plan", "center"),
    ("regional", "center change_custody", "center27"),
    ("regional", "center decline", "center27"),
    ("regional", "center interview", "center27"),
    ("regional", "center assign_tasks", "center27"),
    ("regional", "center offer_transfer", "center27"),
    ("regional", "center withdraw", "center27"),
]
EXPIRED = NOW.date() - timedelta(days=1)


def narrowed(play: Play, how: str) -> frozenset[DataClass]:
    """Leave the consents of a case with few classes, or none; the classes left."""
    left = frozenset({DataClass.C2}) if how == "narrow" else frozenset(DataClass)
    until: date | None = EXPIRED if how == "expired" else None
    records = (replace(c.record, classes=left, valid_until=until) for c in play.case.consents)
    consents = zip(play.case.consents, records, strict=True)
    play.case = replace(play.case, consents=tuple(replace(c, record=r) for c, r in consents))
    return ROUTING | left if how == "narrow" else ROUTING


@pytest.mark.parametrize(("place", "line", "reader"), HAPPENS)
@pytest.mark.parametrize("how", ["narrow", "expired"])
def test_what_happens_is_taken_where_consent_has_expired_or_is_narrower(
    place: str, line: str, reader: str, how: str
) -> None:
    play = PLACES[place]()
    covered = narrowed(play, how)
    play.send(line)
    copy = cut(play, reader)
    assert ROUTING <= copy.classes <= covered
    assert not copy.lacking & copy.classes


@pytest.mark.parametrize("over", ["die", "decline"])
def test_a_change_in_custody_is_taken_while_another_stop_lies_over_a_suspension(over: str) -> None:
    play = defence()
    play.send("center withdraw_consent")
    play.send(f"center {over}")
    play.send("bar change_custody")
    copy = cut(play, "center")
    assert copy.classes == ROUTING
    assert DataClass.C4 in copy.lacking


def test_whoever_joins_by_law_gets_all_and_whoever_is_there_by_consent_what_it_covers() -> None:
    play = special(ASSESSING)
    covered = narrowed(play, "narrow")
    play.send("prison transfer_institution institution=prison27")
    assert DataClass.C4 in cut(play, "prison27").classes
    assert cut(play, "center").classes <= covered
    assert DataClass.C4 in cut(play, "center").lacking


@pytest.mark.parametrize("how", ["narrow", "expired"])
def test_an_answer_is_refused_until_it_says_only_what_consent_covers(how: str) -> None:
    play = special(REQUESTED)
    play.send("center query")
    narrowed(play, how)
    with pytest.raises(GuardFailed) as refused:
        play.send("probation answer_query")
    assert [g["name"] for g in refused.value.facts["guards"]] == ["consent_covers"]
    answer = FLOWS["special_adjustment"].bodies["special_adjustment.answer_query"]
    nothing = dict.fromkeys(set(answer.EXAMPLE) - {"type"})
    required = {n for n, f in answer.model_fields.items() if f.is_required()}
    play.send("probation answer_query", **{n: v for n, v in nothing.items() if n not in required})
    assert play.state() == "requested"
