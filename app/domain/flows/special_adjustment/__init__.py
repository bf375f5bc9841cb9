"""特別調整・一般調整: from the institution's notice to a home after release."""

from app.domain.flows.special_adjustment.table import (
    INSTITUTION,
    NAME,
    PARTIES,
    PROBATION,
    SIDE,
    STATES,
    TABLE,
)
from app.domain.state_machine.table import Flow
from app.domain.text import Text

SPECIAL_ADJUSTMENT = Flow(
    name=NAME,
    title=Text("特別調整・一般調整", "special and general adjustment"),
    parties=PARTIES,
    states=STATES,
    side_states=SIDE,
    steps=TABLE,
    deciding=PROBATION,
    vouching=PROBATION,
    example_to={PROBATION: "probation-13"},
    example_successors={INSTITUTION: "prison-osaka", PROBATION: "probation-27"},
)
