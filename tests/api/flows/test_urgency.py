"""Which messages are carried with more urgency than was sent is published with their type."""

from datetime import date, timedelta

import pytest

from app.api.flows.json_schemas import message_schema
from app.api.wire.message_examples import answer_example, request_example
from app.domain.flows import BODIES, FLOWS
from app.domain.messages.body import Body

RAISED = {name for name, body in BODIES.items() if body.LEAST_URGENCY.urgency != "normal"}


@pytest.mark.parametrize("name", sorted(BODIES))
def test_a_type_raises_the_urgency_exactly_as_its_schema_says(name: str) -> None:
    assert "least_urgency" not in vars(BODIES[name]), "the rule has to be data, to be published"
    body, rule = BODIES[name].model_validate(BODIES[name].EXAMPLE), message_schema(name).get(
        "x-least-urgency", {"urgency": "normal"}
    )  # fmt: skip
    day = getattr(body, rule["field"]) if "field" in rule else None
    if "field" in rule and day is not None:
        for on, urgency in ((day - timedelta(rule["days"]), rule["urgency"]),
                            (day - timedelta(rule["days"] + 1), "normal")):  # fmt: skip
            assert body.least_urgency(on) == urgency
    elif "field" not in rule:
        assert body.least_urgency(date(2026, 11, 20)) == rule["urgency"]


def test_consultations_and_requests_about_suspects_are_urgent() -> None:
    assert {"suspect_support.consult", "suspect_support.request_center"} <= RAISED
    assert all(Body.least_urgency is BODIES[name].least_urgency for name in BODIES)


@pytest.mark.parametrize("name", sorted(RAISED & {s.type for f in FLOWS.values() for s in f.steps}))
def test_an_example_is_sent_and_answered_with_the_same_urgency(name: str) -> None:
    assert request_example(name)["urgency"] == answer_example(name)["urgency"]
    if message_schema(name)["x-least-urgency"].keys() == {"urgency"}:
        assert request_example(name)["urgency"] == BODIES[name].LEAST_URGENCY.urgency
