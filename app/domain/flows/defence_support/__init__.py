"""弁護人・弁護士会からの依頼: counsel asks a center; a case of its own, never a prosecutor's."""

from app.domain.flows.defence_support.table import (
    CENTER,
    COUNSEL_PARTY,
    NAME,
    PARTIES,
    SIDE,
    STATES,
    TABLE,
)
from app.domain.state_machine.table import Flow
from app.domain.text import Text

DEFENCE_SUPPORT = Flow(
    name=NAME,
    title=Text("弁護人・弁護士会からの依頼", "requests from counsel and bar associations"),
    parties=PARTIES,
    states=STATES,
    side_states=SIDE,
    steps=TABLE,
    deciding=CENTER,
    vouching=COUNSEL_PARTY,
    example_to={CENTER: "center-13"},
)
