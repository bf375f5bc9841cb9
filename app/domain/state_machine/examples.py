"""What has to be there before the example of a message is accepted, in a state that takes it."""

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple, TypeAlias
from uuid import UUID

from app.domain.cases.case import SUSPENDED
from app.domain.messages.body import Body
from app.domain.state_machine.step import Step
from app.domain.state_machine.table import Flow

CONSENT_ID, CONSENT_IDS = "consent_id", "consent_ids"
ConsentIs: TypeAlias = Literal["valid", "withdrawn", "claimed"]
Place: TypeAlias = Literal["referral", "above", "below"]
"""Where a consent is recorded: in the referral of the message, or in one above or below it."""


class NamedConsent(NamedTuple):
    """A consent that an example names, and what it has to be."""

    pointer: str
    """JSON Pointer to its id in the message."""
    consent_is: ConsentIs


def needed_first(flow: Flow, step: Step) -> list[dict[str, Any]]:
    """What the example needs first: messages of other types, and consents with the ids it names."""
    return [*_messages(flow, step), *(_needed_consent(step, c) for c in consents_named(step.body))]


def consents_named(body: type[Body]) -> list[NamedConsent]:
    """The consents that an example names and does not record itself."""
    example = body.model_validate(body.EXAMPLE)
    if example.consent_record() is not None:
        return []
    return [NamedConsent(at, _state_of(example, i)) for at, i in _ids(body.EXAMPLE, "/body")]


def recorded_consent(body: type[Body]) -> str | None:
    """The JSON Pointer to the id of the consent that a message records, if it records one."""
    example = body.model_validate(body.EXAMPLE)
    return f"/body/{CONSENT_ID}" if example.consent_record() is not None else None


def _needed_consent(step: Step, named: NamedConsent) -> dict[str, Any]:
    return {
        "consent": named.pointer,
        "consent_is": named.consent_is,
        "recorded_in": _places(step, named.consent_is),
    }


def _places(step: Step, consent_is: ConsentIs) -> list[Place]:
    if consent_is != "claimed":
        return ["referral", "above"]
    # A claim from below says nothing of the consent that a suspended referral lacks.
    resumes = (
        step.state == SUSPENDED and step.body.consents_confirmed is not Body.consents_confirmed
    )
    return ["referral"] if resumes else ["referral", "below"]


def _state_of(example: Body, consent: UUID) -> ConsentIs:
    if consent in example.consents_restored():
        return "withdrawn"
    return (
        "claimed"
        if consent in example.consents_confirmed() | example.consents_refused()
        else "valid"
    )


def _messages(flow: Flow, step: Step) -> Iterator[dict[str, Any]]:
    for first in (one for guard in step.guards for one in guard.first):
        needed: dict[str, Any] = {"type": f"{flow.name}.{first.event}", "body": dict(first.body)}
        if first.fact is not None:
            needed |= {"fact": first.fact, "value": first.value}
        yield needed


def _ids(value: Any, at: str) -> Iterator[tuple[str, UUID]]:
    """The ids of consents in an example, each with its place."""
    if not isinstance(value, dict):
        return
    for name, part in value.items():
        if name == CONSENT_ID and isinstance(part, str):
            yield f"{at}/{name}", UUID(part)
        elif name == CONSENT_IDS:
            yield from ((f"{at}/{name}/{n}", UUID(each)) for n, each in enumerate(part))
        else:
            yield from _ids(part, f"{at}/{name}")
