"""Tables that do not fulfil what a table has to cannot be built."""

from dataclasses import replace

import pytest

from app.domain.flows import FLOWS
from app.domain.state_machine.checks import reads_past_consent
from app.domain.state_machine.step import Step, parse_copy
from app.domain.state_machine.table import Flow


def without_copy(flow: Flow, event: str, party: str) -> tuple[Step, ...]:
    """The rows of a flow, where no row of this event tells this party."""
    return tuple(
        replace(s, copies=tuple(c for c in s.copies if parse_copy(c)[0] != party))
        if s.type == f"{flow.name}.{event}"
        else s
        for s in flow.steps
    )


@pytest.mark.parametrize(
    ("name", "event", "party"),
    [
        ("suspect_support", "consent", "prosecutor"),
        ("suspect_support", "indict", "prosecutor"),
        ("special_adjustment", "close", "institution"),
        ("regional_coordination", "accept", "origin_center"),
    ],
)
def test_a_table_whose_refusals_would_tell_of_a_hidden_step_is_not_built(
    name: str, event: str, party: str
) -> None:
    flow = FLOWS[name]
    told = f"{name}.{event} leads from .* changes what {party} may send"
    with pytest.raises(ValueError, match=told):
        replace(flow, steps=without_copy(flow, event, party))


@pytest.mark.parametrize("name", FLOWS)
def test_a_table_with_a_kind_that_no_agency_is_of_is_not_built(name: str) -> None:
    flow = FLOWS[name]
    party, role = next(iter(flow.parties.items()))
    unknown = replace(role, kinds=role.kinds | {"court"})
    with pytest.raises(ValueError, match="no agency is of the kind court"):
        replace(flow, parties={**flow.parties, party: unknown})


def test_a_hidden_step_may_not_change_a_guard_either() -> None:
    """The reasons for closing depend on the state, so whoever closes is told of the settlement."""
    flow = FLOWS["special_adjustment"]
    with pytest.raises(ValueError, match=r"settle leads from .* changes what probation_office"):
        replace(flow, steps=without_copy(flow, "settle", "probation_office"))


def test_who_depends_on_consent_above_cannot_be_a_party_below_that_does_not() -> None:
    assert list(reads_past_consent(FLOWS.values())) == []
    child = FLOWS["regional_coordination"]
    for party, role in child.parties.items():
        free = replace(child, parties={**child.parties, party: replace(role, by_consent=False)})
        (problem,) = reads_past_consent([*FLOWS.values(), free])
        assert problem.startswith(f"{party} of regional_coordination")


@pytest.mark.parametrize(
    ("name", "party"),
    [
        ("regional_coordination", "origin_center"),
        ("regional_coordination", "destination_center"),
        ("special_adjustment", "center"),
    ],
)
def test_only_whoever_opens_a_child_has_a_part_from_above(name: str, party: str) -> None:
    flow = FLOWS[name]
    role = replace(flow.parties[party], from_above=not flow.parties[party].from_above)
    with pytest.raises(ValueError, match=f"{party} opens referrals under another"):
        replace(flow, parties={**flow.parties, party: role})
