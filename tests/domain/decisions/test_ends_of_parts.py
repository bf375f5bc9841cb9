"""Parties that end, and what remains for the others: what they are told, and who decides."""

from copy import copy

import pytest

from app.domain.classes import ROUTING
from tests.support.cases import Play

REQUESTED = """
probation answer_consultation
prosecutor explain
prosecutor consent
probation ask_opinion
prosecutor no_objection
probation request_center
"""
RELEASED = f"""{REQUESTED.rstrip()}
center accept
center visit
prosecutor release_disposition
"""
EXITS = ("withdraw_consent", "decline", "die")
Readers = set[tuple[str, frozenset[str]]]


def suspect(lines: str) -> Play:
    play = Play("suspect_support", "prosecutor consult")
    play.run(lines)
    return play


def readers(play: Play, line: str) -> Readers:
    """Whom a message reaches, and in which classes; nothing is sent in this play."""
    rehearsed = copy(play)
    rehearsed.messages, rehearsed.typed_by = dict(play.messages), dict(play.typed_by)
    rehearsed.send(line)
    return {(c.agency_id, frozenset(c.classes)) for c in rehearsed.decided.moves[0].copies}


def told(play: Play) -> dict[str, frozenset[str]]:
    """The classes that the last message gives each agency."""
    return {c.agency_id: frozenset(c.classes) for c in play.decided.moves[0].copies}


def known_center(play: Play) -> list[bool]:
    """Of each center that the prosecutor's view has: whether it is a party still."""
    view = play.case.referrals[play.main].party_of("prosecutor-13").view
    return [party.until is None for party in view.parties if party.name == "center"]


@pytest.mark.parametrize("event", [*EXITS, "change_custody"])
def test_going_on_without_relief_changes_no_rehearsal_of_the_prosecutor(event: str) -> None:
    play = suspect(RELEASED)
    before = readers(play, f"prosecutor {event}")
    play.send("center skip_relief")
    assert told(play).keys() == {"center-13", "probation-13"}
    assert readers(play, f"prosecutor {event}") == before


@pytest.mark.parametrize("sender", ["prosecutor", "center"])
def test_the_office_lets_a_case_without_relief_go_on_after_a_withdrawal(sender: str) -> None:
    play = suspect(RELEASED + "center skip_relief")
    opened = play.may_open("center")
    assert play.send(f"{sender} withdraw_consent") == "suspended_consent"
    retracted = copy(play)
    assert retracted.send("probation retract_withdrawal") == "community_support"
    assert retracted.may_open("center") == opened
    assert play.send("probation renew_consent") == "community_support"
    assert play.may_open("center")


@pytest.mark.parametrize("event", ["decline", "die"])
def test_the_office_ends_a_case_without_relief_that_others_want_to_end(event: str) -> None:
    play = suspect(RELEASED + "center skip_relief")
    play.send(f"prosecutor {event}")
    confirm = {"decline": "confirm_decline", "die": "confirm_death"}[event]
    assert play.send(f"probation {confirm}") == "closed"


def test_a_center_without_capacity_is_told_to_a_prosecutor_that_knows_of_it() -> None:
    play = suspect(REQUESTED)
    play.send("probation change_custody")
    assert known_center(play) == [True]
    play.send("center decline_capacity")
    assert told(play)["prosecutor-13"] == ROUTING
    assert known_center(play) == [False]


def test_a_center_without_capacity_is_not_told_to_a_prosecutor_that_knows_of_none() -> None:
    play = suspect(REQUESTED)
    assert known_center(play) == []
    foreseen = readers(play, "prosecutor change_custody")
    before = {(agency, classes) for agency, classes in foreseen if agency != "center-13"}
    play.send("center decline_capacity")
    assert "prosecutor-13" not in told(play)
    assert readers(play, "prosecutor change_custody") == before
