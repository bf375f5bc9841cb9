"""What has to be there before the example of a message is accepted, in a state that takes it."""

from collections.abc import Iterator
from typing import Any

from app.domain.messages.body import Body
from app.domain.state_machine.table import Flow, Step

CONSENT_ID = "consent_id"


def needed_first(flow: Flow, step: Step) -> list[dict[str, Any]]:
    """What the example needs first: messages of other types, and consents with the ids it names."""
    return [*_messages(flow, step), *({"consent": each} for each in consents_named(step.body))]


def consents_named(body: type[Body]) -> list[str]:
    """JSON Pointers to the ids of consents in an example that does not record them itself."""
    example = body.model_validate(body.EXAMPLE)
    if example.consent_record() is not None:
        return []
    return list(_pointers(body.EXAMPLE, "/body"))


def recorded_consent(body: type[Body]) -> str | None:
    """The JSON Pointer to the id of the consent that a message records, if it records one."""
    example = body.model_validate(body.EXAMPLE)
    return f"/body/{CONSENT_ID}" if example.consent_record() is not None else None


def _messages(flow: Flow, step: Step) -> Iterator[dict[str, Any]]:
    for first in (one for guard in step.guards for one in guard.first):
        needed: dict[str, Any] = {"type": f"{flow.name}.{first.event}", "body": dict(first.body)}
        if first.fact is not None:
            needed |= {"fact": first.fact, "value": first.value}
        yield needed


def _pointers(value: Any, at: str) -> Iterator[str]:
    if isinstance(value, dict):
        for name, part in value.items():
            if name == CONSENT_ID and isinstance(part, str):
                yield f"{at}/{name}"
            else:
                yield from _pointers(part, f"{at}/{name}")
