"""What waits in a referral holds whatever was opened under it."""

import pytest

from app.domain.cases.case import HELD, SUSPENDED, SYSTEM
from app.domain.flows import FLOWS
from tests.support.cases import regional

PARENT = FLOWS["special_adjustment"]
PENDING = "regional_pending"
WRITERS = {"institution": "prison", "probation_office": "probation", "center": "center"}


@pytest.mark.parametrize("side_state", sorted(PARENT.side_states))
def test_each_side_state_of_a_parent_holds_its_children(side_state: str) -> None:
    entering = {
        (WRITERS[by], step.type.partition(".")[2])
        for step in PARENT.steps_from(PENDING)
        for by in step.by
        if step.to == side_state and by != SYSTEM
    }
    assert entering
    for writer, event in sorted(entering):
        play, child = regional()
        assert play.send(f"{writer} {event}") == side_state
        assert play.state(child) in {HELD, SUSPENDED}
