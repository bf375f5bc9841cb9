"""Examples of complete messages, and of the answers to them, for the published contract."""

from collections.abc import Collection
from datetime import date
from typing import Any

from app.api.wire.documented import example_named
from app.api.wire.schemas import AT, DIGEST, MESSAGE, RECEIPT, REFERRAL
from app.domain.cases.case import NEW, SYSTEM
from app.domain.flows import BODIES, FLOWS
from app.domain.state_machine.step import BACK, SAME, Step
from app.domain.state_machine.table import Flow

OCCURRED_ON = date(2026, 11, 20)
ACCEPTED: dict[str, Any] = {
    "referral_id": REFERRAL,
    "message_id": REFERRAL,
    "state": "candidate_notified",
    "accepted_at": AT,
    "digest": DIGEST,
    "receipt": RECEIPT,
    "version": 'W/"1"',
    "urgency": "normal",
}
"""The answer to a message that opened a referral."""


def request_examples(types: Collection[str]) -> dict[str, Any]:
    """A message of each of these types, by type, as OpenAPI has examples."""
    return {
        name: example_named(body.TITLE, request_example(name))
        for name, body in BODIES.items()
        if name in types
    }


def request_example(message_type: str) -> dict[str, Any]:
    """A complete message of this type, as it can be sent."""
    flow = FLOWS[message_type.partition(".")[0]]
    opens = message_type in flow.openings
    return {
        "id": REFERRAL if opens else MESSAGE,
        **(_opening(flow) if opens else _successors(flow, message_type)),
        "occurred_on": OCCURRED_ON.isoformat(),
        "urgency": _urgency(message_type),
        "body": dict(BODIES[message_type].EXAMPLE),
    }


def answer_example(message_type: str) -> dict[str, Any]:
    """The answer to the message of `request_example`, sent in the first state that takes it."""
    flow = FLOWS[message_type.partition(".")[0]]
    step = next(s for s in flow.steps if s.type == message_type and s.by != (SYSTEM,))
    urgency = _urgency(message_type)
    answer = {**ACCEPTED, "state": _state_after(flow, step), "urgency": urgency}
    if message_type in flow.openings:
        return answer
    return {**answer, "message_id": MESSAGE, "version": 'W/"8"'}


def _urgency(message_type: str) -> str:
    """As the service carries the example of this type, if it is sent on the day of the example."""
    kind = BODIES[message_type]
    return kind.model_validate(kind.EXAMPLE).least_urgency(OCCURRED_ON)


def _state_after(flow: Flow, step: Step) -> str:
    if step.to == SAME:
        return step.state
    if step.to == BACK:
        return next(s.state for s in flow.steps if s.to == step.state and s.state != NEW)
    return step.to


def _successors(flow: Flow, message_type: str) -> dict[str, Any]:
    """The agencies that take the place of others by this message."""
    steps = [step for step in flow.steps if step.type == message_type and SYSTEM not in step.by]
    replaced = {party for step in steps for party in step.joins if party in step.ends}
    return {"to": {p: flow.example_successors[p] for p in sorted(replaced)}} if replaced else {}


def _opening(flow: Flow) -> dict[str, Any]:
    """The fields that only an opening message has."""
    to = {"to": dict(flow.example_to)} if flow.example_to else {}
    return {**to, "parent": REFERRAL} if flow.joins_parent else to
