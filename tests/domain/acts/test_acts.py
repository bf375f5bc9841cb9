"""Four eyes are two different seats, of the roles that the kind names, in time."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import product
from uuid import uuid4

import pytest

from app.auth.scopes import ROLES, Scope
from app.domain.acts.acts import KINDS, LIVES, Act, ActState, check_proposer, check_second_seat
from app.domain.errors import ActSettled, NotYourAct, SecondSeat
from tests.support.callers import START, caller_with, seat

PROPOSAL = Act(
    id=uuid4(),
    kind="hold.set",
    agency_id="center-13",
    target=str(uuid4()),
    detail={"reason": "litigation", "whole_case": False},
    proposed_at=START,
    proposed_by="center-13.records_officer",
    expires_at=START + LIVES,
)


def test_every_kind_has_roles_that_can_take_acts() -> None:
    takers = {role for role, scopes in ROLES.items() if Scope.ACT_TAKE in scopes}
    for kind in KINDS.values():
        assert kind.proposed_by
        assert kind.proposed_by | kind.approved_by <= takers


def test_every_kind_can_find_two_seats() -> None:
    for kind in KINDS.values():
        assert kind.approved_by - kind.proposed_by or kind.approved_by & kind.proposed_by


@pytest.mark.parametrize(("kind", "role"), [*product(KINDS, ROLES)])
def test_a_kind_is_proposed_and_approved_by_the_roles_that_it_names_alone(
    kind: str, role: str
) -> None:
    caller = seat("center-13", role)
    act = replace(PROPOSAL, kind=kind, proposed_by="center-13.another")
    checks: list[tuple[frozenset[str], Callable[[], None]]] = [
        (KINDS[kind].proposed_by, lambda: check_proposer(kind, caller)),
        (KINDS[kind].approved_by, lambda: check_second_seat(act, caller, START)),
    ]
    for roles, check in checks:
        if role in roles:
            check()
        else:
            with pytest.raises(NotYourAct):
                check()


@pytest.mark.parametrize("kind", KINDS)
def test_whoever_proposed_it_cannot_approve_it_by_another_client_either(kind: str) -> None:
    for role in KINDS[kind].approved_by:
        caller = seat("center-13", role)
        act = replace(PROPOSAL, kind=kind, proposed_by=caller.seat_id)
        with pytest.raises(SecondSeat):
            check_second_seat(act, caller_with(caller, client_id="another"), START)


@pytest.mark.parametrize("state", ActState)
@pytest.mark.parametrize("late", [False, True])
def test_only_what_waits_in_time_can_be_approved(state: ActState, late: bool) -> None:
    at = PROPOSAL.expires_at - timedelta(microseconds=0 if late else 1)
    act = replace(PROPOSAL, state=state)
    if state is ActState.PROPOSED and not late:
        check_second_seat(act, seat("center-13"), at)
    else:
        with pytest.raises(ActSettled):
            check_second_seat(act, seat("center-13"), at)
