"""All guards that may refuse a message: those of its row, and rules that hold for many rows.

What refuses a message stands in its row as it is published, or in the list of its flow.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from app.domain.cases.case import CLOSED, SYSTEM
from app.domain.state_machine.exits import EXITS
from app.domain.state_machine.guard import Condition, RowRule, consent_covers
from app.domain.state_machine.step import Step
from app.domain.state_machine.table import Flow, stopped_state
from app.domain.text import Text

CLASS_NOT_ERASED = RowRule(
    "class_not_erased",
    Text("消去した区分の情報を含まないこと", "nothing of a class that was erased"),
    Text(
        "この案件では、その区分の情報は消去されました。新しい事件は新しい案件として送ってください。",
        "This referral's data of that class was erased. What is new belongs in a new referral.",
    ),
    needs=("/body",),
)
STOPPED_TOO_OFTEN = RowRule(
    "stopped_too_often",
    Text("同じ理由で何度も止めていないこと", "not stopped too often in the same way"),
    Text(
        "この機関が止めたものが二度再開されたため、この機関からは、もう同じようには止められません。",
        "What this agency stopped was set going again twice; it cannot be stopped by this agency"
        " in this way any more.",
    ),
)
PARENT_TAKES_IT_AGAIN = RowRule(
    "parent_takes_it_again",
    Text("親の依頼が受け入れること", "the referral above takes it again"),
    Text(
        "親の依頼は先へ進んでいます。新しい依頼として送ってください。",
        "the referral above has moved on; send a new request",
    ),
    needs=("/parent",),
)
EVERYWHERE = (CLASS_NOT_ERASED,)
"""Rules for every row but openings and what the service reports; no row lists them."""


def row_guards(flow: Flow, step: Step) -> tuple[Condition, ...]:
    """What may refuse the message of a row, but for the rules that hold everywhere."""
    return (*step.guards, *_rules(flow, step))


def flow_guards(flow: Flow) -> Mapping[str, Condition]:
    """What may refuse a message of a flow, by name. `needs` are those of all rows together."""
    guards: dict[str, Condition] = {}
    for step in flow.steps:
        for guard in (*row_guards(flow, step), *EVERYWHERE):
            known = guards.setdefault(guard.name, guard)
            needs = tuple(dict.fromkeys((*known.needs, *guard.needs)))
            guards[guard.name] = replace(known, needs=needs)
    return guards


def _rules(flow: Flow, step: Step) -> Iterator[Condition]:
    if SYSTEM in step.by:
        return
    asked = flow.asked_parties(step)
    if asked or step.shares:
        yield consent_covers(asked, named=bool(asked & set(step.joins)))
    state = stopped_state(flow, step)
    answers = EXITS.get(step.type.partition(".")[2])
    if state not in {None, step.state} and answers is not None and not answers.claimed:
        yield STOPPED_TOO_OFTEN
    if step.state == CLOSED and step.reports is not None:
        yield PARENT_TAKES_IT_AGAIN
