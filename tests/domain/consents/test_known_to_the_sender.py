"""A refusal for want of consent depends on consents that its sender was told of, and no others."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from app.domain.classes import DataClass
from app.domain.consents.consent import Consent
from app.domain.decisions.audience import foreseen_readers, present_classes
from app.domain.decisions.decide import decide
from app.domain.decisions.decision import Decision
from app.domain.decisions.submission import Submission
from app.domain.errors import GuardFailed
from app.domain.flows import FLOWS
from app.domain.state_machine.step import Step
from app.domain.state_machine.table import Flow
from tests.support.cases import REQUESTED, SHORT, Play, regional, special

Sending = Callable[[Play], Any]


def asked_special() -> Play:
    """A special adjustment in which the center has a question."""
    play = special(REQUESTED)
    play.send("center query")
    return play


def asked_suspect() -> Play:
    """Support of a suspect in which the center has a question."""
    play = Play("suspect_support", "prosecutor consult")
    play.run("prosecutor explain\nprosecutor consent\nprobation ask_opinion")
    play.run("prosecutor no_objection\nprobation request_center\ncenter query")
    return play


def asked_defence() -> Play:
    """A request of counsel about which the center has a question."""
    play = Play("defence_support", "bar inquire")
    play.send("center query")
    return play


def regional_after(lines: str) -> Play:
    """A regional coordination after these lines, in which one consent alone is for the other
    center."""
    play, child = regional()
    play.main = child
    first, *rest = play.case.consents
    own = replace(first, record=replace(first.record, recipients=(SHORT["center"],)))
    play.case = replace(play.case, consents=(own, *rest))
    play.run(lines)
    return play


def asked_regional() -> Play:
    """A regional coordination in which the other center has a question."""
    return regional_after("center27 acknowledge\ncenter27 query")


def taken_regional() -> Play:
    """A regional coordination that the other center has taken."""
    return regional_after("center27 acknowledge\ncenter27 accept")


def answer(who: str) -> Sending:
    """The answer of this party."""
    return lambda play: play.send(f"{who} answer_query")


def offer(play: Play) -> str:
    """An offer of the lead that shows what the center was asked for."""
    shown = [i for i, m in play.messages.items() if m.type.endswith(".request_cooperation")]
    return play.send("center offer_transfer", envelope={"shared_messages": tuple(shown)})


ASKING: dict[str, tuple[Callable[[], Play], Sending]] = {
    "special_adjustment.answer_query": (asked_special, answer("probation")),
    "suspect_support.answer_query": (asked_suspect, answer("probation")),
    "defence_support.answer_query": (asked_defence, answer("bar")),
    "regional_coordination.answer_query": (asked_regional, answer("center")),
    "regional_coordination.offer_transfer": (taken_regional, offer),
}
"""By type: how to come where it is sent, and its sending."""


def types_asking() -> Iterator[str]:
    """What is refused for want of a consent that it need not name."""
    for flow in FLOWS.values():
        yield from {step.type for step in flow.steps if _asks(flow, step)}


def _asks(flow: Flow, step: Step) -> bool:
    joins_by_consent = bool(flow.dependent_parties & set(step.joins))
    return (step.asks_consent or bool(step.shares)) and not joins_by_consent


def with_last(play: Play, *changed: Consent) -> None:
    """Put these in the place of the consent that lets the recipient in."""
    play.case = replace(play.case, consents=(*play.case.consents[:-1], *changed))


def hidden(consent: Consent) -> Consent:
    """The same under another id, and the sender was not told of it."""
    return replace(consent, record=replace(consent.record, id=uuid4()), known=False)


def answered(play: Play, sending: Sending) -> Any:
    """What the sending is answered: guards that refuse it, or the state."""
    try:
        return sending(play)
    except GuardFailed as refused:
        return refused.facts["guards"]


def test_every_type_that_asks_for_consent_is_tried() -> None:
    assert ASKING.keys() == set(types_asking())


@pytest.mark.parametrize("name", ASKING)
def test_a_consent_that_the_sender_was_not_told_of_is_answered_like_none(name: str) -> None:
    prepare, sending = ASKING[name]
    unknown, none = prepare(), prepare()
    with_last(unknown, hidden(unknown.case.consents[-1]))
    with_last(none)
    answers = [answered(play, sending) for play in (unknown, none)]
    assert answers[0] == answers[1]
    assert [guard["name"] for guard in answers[0]] == ["consent_covers"]
    assert isinstance(answered(prepare(), sending), str)


@pytest.mark.parametrize("name", ASKING)
def test_a_hidden_consent_to_more_does_not_change_which_classes_are_lacking(name: str) -> None:
    prepare, sending = ASKING[name]
    answers = []
    for with_hidden in (True, False):
        play = prepare()
        wide = play.case.consents[-1]
        narrow = replace(wide, record=replace(wide.record, classes=frozenset({DataClass.C1})))
        with_last(play, narrow, *([hidden(wide)] if with_hidden else []))
        answers.append(answered(play, sending))
    assert answers[0] == answers[1]
    assert [guard["name"] for guard in answers[0]] == ["consent_covers"]


def decided_and_foreseen(
    play: Play, sending: Sending, monkeypatch: pytest.MonkeyPatch
) -> tuple[Decision, dict[str, frozenset[DataClass]]]:
    """A decision, with the readers that its rehearsal tells, by agency."""
    submissions: list[Submission] = []

    def remembering(submission: Submission) -> Decision:
        submissions.append(submission)
        return decide(submission)

    monkeypatch.setattr("tests.support.cases.decide", remembering)
    sending(play)
    readers = foreseen_readers(submissions[-1], play.decided)
    return play.decided, {c.agency_id: c.classes for c in readers}


@pytest.mark.parametrize("name", ASKING)
def test_what_is_taken_reaches_its_recipients_as_the_rehearsal_says_and_rests_on_known_consents(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare, sending = ASKING[name]
    play = prepare()
    known = {c.record.id for c in play.case.consents}
    last = play.case.consents[-1]
    with_last(play, last, hidden(last))
    decided, foreseen = decided_and_foreseen(play, sending, monkeypatch)
    present = present_classes(decided.moves[0].body)
    for copy in decided.moves[0].copies:
        assert copy.classes & present == foreseen[copy.agency_id]
        assert copy.rests_on <= known
    assert any(copy.rests_on for copy in decided.moves[0].copies)
