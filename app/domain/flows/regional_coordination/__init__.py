"""広域調整: one center asks another, and hands the lead over to it."""

from app.domain.cases.case import LEAD
from app.domain.flows.regional_coordination.table import (
    DESTINATION,
    NAME,
    PARTIES,
    SIDE,
    STATES,
    TABLE,
)
from app.domain.state_machine.table import Flow
from app.domain.text import Text

REGIONAL_COORDINATION = Flow(
    name=NAME,
    title=Text("広域調整", "regional coordination"),
    parties=PARTIES,
    states=STATES,
    side_states=SIDE,
    steps=TABLE,
    deciding=LEAD,
    joins_parent=True,
    example_to={DESTINATION: "center-27"},
)
