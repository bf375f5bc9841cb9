"""The flows: a folder each. A new flow is a folder and a name in FLOWS."""

from collections.abc import Mapping

from app.domain.flows.defence_support import DEFENCE_SUPPORT
from app.domain.flows.regional_coordination import REGIONAL_COORDINATION
from app.domain.flows.special_adjustment import SPECIAL_ADJUSTMENT
from app.domain.flows.suspect_support import SUSPECT_SUPPORT
from app.domain.messages.body import Body
from app.domain.state_machine.checks import reads_past_consent
from app.domain.state_machine.table import Flow

FLOWS: Mapping[str, Flow] = {
    flow.name: flow
    for flow in (
        SPECIAL_ADJUSTMENT,
        SUSPECT_SUPPORT,
        DEFENCE_SUPPORT,
        REGIONAL_COORDINATION,
    )
}
"""Every flow, by name."""

if _PROBLEMS := list(reads_past_consent(FLOWS.values())):
    raise ValueError("; ".join(_PROBLEMS))

BODIES: Mapping[str, type[Body]] = {
    name: body for flow in FLOWS.values() for name, body in flow.bodies.items()
}
"""Every message type, by its name on the wire."""


def flow_named(name: str) -> Flow | None:
    """The flow of that name, if there is one."""
    return FLOWS.get(name)
