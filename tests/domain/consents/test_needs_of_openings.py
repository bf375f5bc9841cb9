"""What a refusal for want of consent names as missing can be sent."""

from typing import Any
from uuid import uuid4

import pytest

from app.domain.errors import GuardFailed
from app.domain.flows import FLOWS
from app.domain.state_machine.table import Flow
from tests.support.cases import ASSESSING, special

JOINING = [flow for flow in FLOWS.values() if flow.joins_parent]


def needs_of(refused: pytest.ExceptionInfo[GuardFailed]) -> list[str]:
    (failed,) = [g for g in refused.value.facts["guards"] if g["name"] == "consent_covers"]
    needs: list[str] = failed["needs"]
    return needs


@pytest.mark.parametrize("flow", JOINING, ids=lambda flow: flow.name)
@pytest.mark.parametrize("recipients", [["center-13"], ["center-13", "probation-13"]])
def test_an_opening_in_a_case_names_the_message_of_its_parent(
    flow: Flow, recipients: list[str]
) -> None:
    play = special(ASSESSING)
    consent = uuid4()
    said: dict[str, Any] = {
        "consent_id": str(consent),
        "purpose": "regional",
        "recipients": recipients,
    }
    play.send("center record_consent", **said)
    with pytest.raises(GuardFailed) as refused:
        play.open(
            flow.name,
            "center request",
            parent=play.main,
            to={"destination_center": "center-27"},
            consent_ids=(consent,),
        )
    assert needs_of(refused) == ["special_adjustment.record_consent", "/consent_ids"]
