"""被疑者等支援: support for suspects and defendants, by the prosecutor or the probation office."""

from app.domain.flows.suspect_support.table import NAME, PARTIES, PROBATION, SIDE, STATES, TABLE
from app.domain.state_machine.table import Flow
from app.domain.text import Text

SUSPECT_SUPPORT = Flow(
    name=NAME,
    title=Text("被疑者等支援", "support for suspects and defendants"),
    parties=PARTIES,
    states=STATES,
    side_states=SIDE,
    steps=TABLE,
    deciding=PROBATION,
    vouching=PROBATION,
    example_to={PROBATION: "probation-13"},
)
