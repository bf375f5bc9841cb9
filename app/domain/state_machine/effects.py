"""What a row of a table takes away from others, by what the rows around it lead to."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from app.domain.cases.case import CLOSED, LEAD, NEW, SYSTEM
from app.domain.messages.body import Body
from app.domain.messages.fact_sources import SET_BY
from app.domain.messages.facts import DEADLINES
from app.domain.state_machine.exits import EXITS, Effect
from app.domain.state_machine.step import BACK, SAME, Step

if TYPE_CHECKING:  # A table asks this of its own rows.
    from app.domain.state_machine.table import Flow


def effects_of(flow: "Flow", step: Step) -> Iterator[Effect]:
    """What a row takes away from others. An opening takes nothing: there was nothing before."""
    if SYSTEM in step.by or step.state == NEW:
        return
    effects = {
        Effect.STOPS: stops(flow, step),
        Effect.MOVES: bool(step.joins or step.ends or step.lead or step.erases),
        Effect.DAYS: any(step.type.partition(".")[2] in SET_BY[day] for day in DEADLINES),
        Effect.TAKES: _takes_steps(flow, step),
        Effect.NARROWS: step.body.consents_withdrawn is not Body.consents_withdrawn,
    }
    yield from (effect for effect, has in effects.items() if has)


def takes_from_others(flow: "Flow", step: Step) -> bool:
    """Whether a row takes more from others than ordinary work does, or than a correction mends."""
    effects = set(effects_of(flow, step))
    answers = EXITS.get(step.type.partition(".")[2])
    mended = {
        *([Effect.DAYS] if answers and answers.corrected else []),
        *([Effect.TAKES] if answers and answers.ordinary else []),
    }
    return bool(effects - mended)


def _takes_steps(flow: "Flow", step: Step) -> bool:
    """Whether another party could send something before it that it can never send afterwards."""
    if step.to in {SAME, BACK, CLOSED, step.state, *flow.side_states}:
        return False
    return any(
        row.type != step.type and (row.type, party) not in flow.sent_from[step.to]
        for row in flow.steps
        if row.state == step.state
        for party in set(row.by) - {SYSTEM, LEAD, *step.by}
    )


def stops(flow: "Flow", step: Step) -> bool:
    """Whether by this row somebody ends or stops a referral, or ends another party's part."""
    ends = {CLOSED, *flow.side_states} - {step.state}
    return SYSTEM not in step.by and (step.to in ends or bool(set(step.ends) - set(step.by)))
