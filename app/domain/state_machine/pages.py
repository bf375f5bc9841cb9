"""A flow as values made from its table: a matrix of its rows, and a state diagram."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from app.domain.cases.case import CLOSED, NEW, SYSTEM
from app.domain.messages.fact_sources import SET_BY
from app.domain.messages.facts import DEADLINES, FACTS
from app.domain.state_machine.common_rows import COMMON_EVENTS
from app.domain.state_machine.copies import RowCopy, copies
from app.domain.state_machine.examples import needed_first
from app.domain.state_machine.flow_guards import row_guards
from app.domain.state_machine.guard import Condition, Taken
from app.domain.state_machine.reachability import possible_steps
from app.domain.state_machine.step import BACK, OTHERS, SAME, Step
from app.domain.state_machine.table import Flow


def matrix(flow: Flow) -> list[dict[str, Any]]:
    """The table as plain values, its rows merged as `merged_rows` has them."""
    return [_row(flow, states, step) for states, step in merged_rows(flow)]


def merged_rows(flow: Flow) -> list[tuple[list[str], Step]]:
    """The rows that can happen; those that differ only in the state they start from are merged.

    Returns:
        The states that each starts from, and the last of the steps that are the same otherwise.
    """
    states: defaultdict[tuple[Any, ...], list[str]] = defaultdict(list)
    steps: dict[tuple[Any, ...], Step] = {}
    for step in possible_steps(flow):
        key = _key_without_state(flow, step)
        states[key].append(step.state)
        steps[key] = step
    return [(states[key], step) for key, step in steps.items()]


def _key_without_state(flow: Flow, step: Step) -> tuple[Any, ...]:
    names = tuple(guard.name for guard in row_guards(flow, step))
    rest = (
        step.lead,
        step.erases,
        step.added,
        step.reports and step.reports.event,
        step.shares,
        step.asks_consent,
        taken(step),
    )
    return (
        step.type,
        step.by,
        step.to,
        step.decides,
        step.copies,
        names,
        step.joins,
        step.ends,
        rest,
    )


def taken(step: Step) -> tuple[Taken, ...]:
    """The fields of a row's message of which its guards do not take all values, each once."""
    narrowed: dict[str, Taken] = {}
    for each in (one for guard in step.guards for one in guard.takes(step.state)):
        before = narrowed.get(each.pointer)
        if before and before.values and each.values:
            both = tuple(value for value in before.values if value in each.values)
            each = replace(each, values=both)
        narrowed[each.pointer] = each
    return tuple(narrowed.values())


def _marks(flow: Flow, step: Step) -> list[str]:
    """Everybody that a row tells, as tables write it: also who joins, or ends, by its message."""
    joining = (p for p in step.joins if p not in step.copies and OTHERS not in step.copies)
    ending = (f"{copy.party}:C0" for copy in copies(flow, step) if copy.leaves)
    return list(dict.fromkeys((*step.copies, *joining, *ending)))


def _reader(copy: RowCopy) -> dict[str, Any]:
    return {
        "party": copy.party,
        "classes": sorted(copy.classes),
        "if_named": copy.if_named,
        "if_informed": copy.if_informed,
        "joins": copy.joins,
        "leaves": copy.leaves,
        "may_send": copy.may_send,
    }


def _on_paper(flow: Flow, step: Step) -> str | None:
    """Who keys the row's message in if it came on paper; nobody what the service reports."""
    if SYSTEM in step.by:
        return None
    return "deciding" if step.type in flow.guarded_on_paper else "recipient"


def _row(flow: Flow, states: list[str], step: Step) -> dict[str, Any]:
    return {
        "from": states,
        "type": step.type,
        "title": {"ja": step.body.TITLE.ja, "en": step.body.TITLE.en},
        "by": list(step.by),
        "seat": "decider" if step.decides else "any",
        "on_paper": _on_paper(flow, step),
        "to": step.to,
        "copies": _marks(flow, step),
        "readers": [_reader(copy) for copy in copies(flow, step)],
        "joins": list(step.joins),
        "ends": list(step.ends),
        "guards": [
            {"name": g.name, "title": {"ja": g.title.ja, "en": g.title.en}}
            for g in row_guards(flow, step)
        ],
        "takes": [each.as_values() for each in taken(step)],
        "needs": needed_first(flow, step),
        "reports": step.reports.event if step.reports else None,
        "lead": step.lead,
        "erases": step.erases,
        "added": step.added,
        "shares": sorted(step.shares),
    }


def facts(flow: Flow) -> list[dict[str, Any]]:
    """The facts that messages of this flow set: class, whether it is a deadline, which messages."""
    set_by = {
        fact: [name for name in flow.bodies if name.partition(".")[2] in events]
        for fact, events in SET_BY.items()
    }
    return [
        {"name": f, "class": FACTS[f], "is_deadline": f in DEADLINES, "set_by": set_by[f]}
        for f in FACTS
        if set_by[f]
    ]


def needs_of(flow: Flow, guard: Condition) -> list[str]:
    """All that a refusal by a guard may name: pointers, and message types."""
    return [need if need[0] == "/" else f"{flow.name}.{need}" for need in guard.needs]


def mermaid(flow: Flow, language: str = "ja") -> str:
    """The flow's own moves as a Mermaid state diagram. The common rows are left out."""
    edges = _edges(flow)
    drawn = {end for edge in edges for end in edge}
    lines = ["stateDiagram-v2"]
    for state, title in flow.states.items():
        if state in drawn:
            lines.append(f'    state "{title.in_language(language)}" as {state}')
    lines += [f"    {start} --> {end}: {' / '.join(e)}" for (start, end), e in edges.items()]
    return "\n".join(lines)


def _edges(flow: Flow) -> Mapping[tuple[str, str], list[str]]:
    edges: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for step in possible_steps(flow):
        event = step.type.partition(".")[2]
        if event in COMMON_EVENTS or step.to in {SAME, step.state}:
            continue
        for to in _targets(flow, step):
            if event not in (edge := edges[_end(step.state), _end(to)]):
                edge.append(event)
    return edges


def _targets(flow: Flow, step: Step) -> Iterable[str]:
    """Where a step leads; a side state returns to each state from which it is entered."""
    if step.to != BACK:
        return (step.to,)
    return dict.fromkeys(s.state for s in flow.steps if s.to == step.state != s.state)


def _end(state: str) -> str:
    return "[*]" if state in {NEW, CLOSED} else state
