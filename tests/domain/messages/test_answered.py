"""A day by which an answer is due is over when there is one."""

import pytest

from app.domain.flows import BODIES
from app.domain.messages.facts import DEADLINES


@pytest.mark.parametrize(
    "answer",
    [
        "special_adjustment.accept",
        "suspect_support.accept",
        "suspect_support.no_objection",
        "suspect_support.object",
        "defence_support.accept",
        "regional_coordination.accept",
    ],
)
def test_an_answer_ends_the_day_by_which_it_was_due(answer: str) -> None:
    body = BODIES[answer]
    facts = body.model_validate(body.EXAMPLE).facts()
    assert "response_due" in DEADLINES
    assert facts["response_due"] is None
