"""Random walks through the flows: whatever agencies do, in whatever order, the promises hold."""

import random
from collections.abc import Mapping
from typing import Any, TypeAlias
from uuid import UUID, uuid4

import pytest

from app.domain.cases.case import CLOSED, NEW
from app.domain.errors import Refusal
from app.domain.flows import FLOWS
from app.domain.messages.body import Body
from app.domain.messages.message import Message
from app.domain.state_machine.step import SAME, Step
from app.domain.state_machine.table import Flow
from tests.support.callers import seat
from tests.support.office import (
    Office,
    no_case_has_a_lead_that_is_no_party,
    saying,
    views_say_no_more_than_the_messages,
)

STEPS = 40
FAR = 40
"""Message types, of about a hundred, that the walks send: their seeds are fixed."""
Sending: TypeAlias = tuple[str, Message]
OPENERS: Mapping[str, tuple[str, str, dict[str, Any]]] = {
    "special_adjustment": ("prison-fuchu", "notify_candidate", {}),
    "suspect_support": ("prosecutor-13", "consult", {}),
    "defence_support": ("bar-13-tokyo", "inquire", {"to": {"center": "center-13"}}),
}
WATCHERS = (
    "prison-fuchu",
    "prosecutor-13",
    "probation-13",
    "center-13",
    "bar-13-tokyo",
    "center-27",
)
STRANGER = "center-47"


async def what_it_sees(office: Office, agency: str, referral: UUID) -> Mapping[str, Any]:
    """All that an agency can find out without opening a body."""
    on = office.clock().date()
    async with office.pool.acquire() as connection:
        call = connection.fetchval
        return {
            "referral": await call("SELECT read_referral($1, $2, $3)", agency, referral, on),
            "messages": await call("SELECT list_messages($1, $2, 0, 1000)", agency, referral),
            "list": await call(
                "SELECT list_referrals($1, NULL, NULL, NULL, NULL, NULL, 100)", agency
            ),
            "inbox": await call("SELECT read_inbox($1, 0, 1000, false)", agency),
            "status": await call("SELECT inbox_status($1)", agency),
            "deadlines": await call(
                "SELECT list_deadlines($1, NULL, NULL, NULL, 1000, $2, '{C0,C4}')", agency, on
            ),
        }


def consents(opening: Message) -> set[str]:
    """The consent that an opening message records, if it does."""
    record = opening.body.consent_record()
    return {str(record.id)} if record else set()


def fresh(body: type[Body], known: set[str]) -> dict[str, str]:
    """A consent's id as in the examples the first time, and one of its own later."""
    if not {"consent_id", "recipients"} <= body.model_fields.keys():
        return {}
    wanted = str(body.EXAMPLE["consent_id"])
    return {"consent_id": wanted if wanted not in known else str(uuid4())}


def anything(chance: random.Random, flow: Flow, referral: UUID, known: set[str]) -> Sending:
    """Some message from some agency, whatever the state."""
    body = chance.choice([b for b in flow.bodies.values() if len(b.model_fields) > 1])
    agency = chance.choice([*WATCHERS, STRANGER])
    return agency, saying(body.wire_type(), referral, fresh(body, known))


async def likely(
    office: Office, chance: random.Random, flow: Flow, referral: UUID, known: set[str]
) -> Sending | None:
    """A message that some party may send now; forward more often than aside or to the end."""
    rows = await office.owner.fetch(
        "SELECT agency_id, name FROM party WHERE referral_id = $1 AND until IS NULL", referral
    )
    state = await office.owner.fetchval("SELECT state FROM referral WHERE id = $1", referral)
    choices = [(r["agency_id"], s) for r in rows for s in flow.moves(state, r["name"], leads=True)]
    if not choices:
        return None
    weights = [weight(flow, step) for _, step in choices]
    agency, step = chance.choices(choices, weights)[0]
    return agency, saying(step.type, referral, fresh(step.body, known))


def weight(flow: Flow, step: Step) -> int:
    """How often a step is tried: ending it all is rare, and so is leaving the main road."""
    if step.to == CLOSED or step.body.wire_type().endswith((".die", ".refuse")):
        return 1
    return 4 if step.to in {*flow.side_states, SAME} else 40


@pytest.mark.parametrize("flow_name", OPENERS)
@pytest.mark.parametrize("seed", range(4))
async def test_whoever_may_not_read_a_message_sees_the_same_before_and_after_it(
    office: Office, flow_name: str, seed: int
) -> None:
    chance = random.Random(f"{flow_name} {seed}")
    flow = FLOWS[flow_name]
    opener, event, envelope = OPENERS[flow_name]
    opening = saying(f"{flow_name}.{event}", **envelope)
    await office.exchange.accept(opening, seat(opener))
    states = {NEW}
    known = consents(opening)
    before = {a: await what_it_sees(office, a, opening.id) for a in (*WATCHERS, STRANGER)}
    for _ in range(STEPS):
        sending = await likely(office, chance, flow, opening.id, known)
        if sending is None:
            break
        wild = chance.random() < 0.15
        agency, message = anything(chance, flow, opening.id, known) if wild else sending
        refused = False
        try:
            accepted = await office.exchange.accept(message, seat(agency))
            states.add(accepted.answer.state)
            if record := message.body.consent_record():
                known.add(str(record.id))
        except Refusal:
            refused = True
        readers = {
            row["agency_id"]
            for row in await office.owner.fetch(
                "SELECT y.agency_id FROM copy y WHERE y.message_id = $1", message.id
            )
        }
        assert bool(readers) is not refused
        after = {a: await what_it_sees(office, a, opening.id) for a in (*WATCHERS, STRANGER)}
        for watcher in {*WATCHERS, STRANGER} - readers:
            assert after[watcher] == before[watcher], watcher
        assert (agency in readers) or refused
        before = after
    assert states > {NEW}


async def test_the_walks_went_far(office: Office) -> None:
    """The promises above are worth as much as the ground that the walks covered."""
    rows = await office.owner.fetch("SELECT DISTINCT type FROM message")
    assert len(rows) >= FAR


async def test_a_view_says_no_more_than_the_messages_behind_it(office: Office) -> None:
    assert await office.owner.fetchval("SELECT count(*) FROM party") > 0
    await views_say_no_more_than_the_messages(office)


async def test_every_open_referral_has_at_most_one_lead_and_it_is_a_party(office: Office) -> None:
    await no_case_has_a_lead_that_is_no_party(office)
