"""Examples of complete messages, for the published contract."""

from collections.abc import Collection
from typing import Any

from app.api.wire.documented import example_named
from app.api.wire.schemas import MESSAGE, REFERRAL
from app.domain.flows import BODIES, FLOWS
from app.domain.state_machine.table import Flow


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
        **(_opening(flow) if opens else {}),
        "occurred_on": "2026-11-20",
        "urgency": "normal",
        "body": dict(BODIES[message_type].EXAMPLE),
    }


def _opening(flow: Flow) -> dict[str, Any]:
    """The fields that only an opening message has."""
    to = {"to": dict(flow.example_to)} if flow.example_to else {}
    return {**to, "parent": REFERRAL} if flow.joins_parent else to
