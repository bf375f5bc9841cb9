"""The recipients of a row of a table and the classes each may open, before any case is known."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from app.domain.cases.case import LEAD
from app.domain.classes import ROUTING, DataClass
from app.domain.messages.body import Body
from app.domain.state_machine.step import INFORMED, NAMED, OTHERS, Step, parse_copy
from app.domain.state_machine.table import Flow

_Granted: TypeAlias = defaultdict[str, frozenset[DataClass]]
"""Classes by party."""


@dataclass(frozen=True, slots=True)
class RowCopy:
    """A party that receives the message of a row, and the classes of it that it may open."""

    party: str
    classes: frozenset[DataClass]
    if_named: bool = False
    """Only where the message's consent names the party."""
    if_informed: bool = False
    """Only where the party was told of one that the message ends."""
    joins: bool = False
    """It goes to the agency that becomes this party by the message."""
    leaves: bool = False
    """It goes to the agency that ceases to be this party by the message."""
    may_send: bool = False
    """The party may be the sender instead, and then receives nothing."""


def copies(flow: Flow, step: Step) -> Iterator[RowCopy]:
    """Everybody that a step tells, as `decisions.audience` would if every party were there."""
    always, if_named = _granted(flow, step)
    for party in flow.parties:
        more = if_named[party] - always[party]
        if always[party]:
            joins = party in step.joins
            may_send = not joins and _may_send(step, party)
            yield RowCopy(party, always[party], joins=joins, may_send=may_send)
        if more:
            whole = always[party] | more
            yield RowCopy(party, whole, if_named=True, may_send=_may_send(step, party))
        if not always[party] and _may_be_informed(step, party):
            yield RowCopy(party, ROUTING, if_informed=True)
        is_replaced = party in step.joins or not always[party]
        if party in step.ends and is_replaced and step.by != (party,):
            yield RowCopy(party, ROUTING, leaves=True)


def classes_of(body: type[Body]) -> frozenset[DataClass]:
    """The classes that a message of this type can have; `type` itself is C0."""
    return frozenset(body.classes().values())


def _granted(flow: Flow, step: Step) -> tuple[_Granted, _Granted]:
    """The classes by party: those it gets in any case, and those it gets where it is named."""
    always: _Granted = defaultdict(frozenset)
    if_named: _Granted = defaultdict(frozenset)
    for copy in (*step.copies, *step.joins):
        meant, narrowed = parse_copy(copy)
        if meant == INFORMED:
            continue
        for party in flow.parties if meant in {OTHERS, NAMED} else (meant,):
            if step.by == (party,) and party not in step.joins:
                continue
            classes = flow.parties[party].classes & classes_of(step.body)
            granted = if_named if meant == NAMED else always
            granted[party] |= classes & (narrowed or classes)
    return always, if_named


def _may_be_informed(step: Step, party: str) -> bool:
    informs = any(parse_copy(copy)[0] == INFORMED for copy in step.copies)
    return informs and party not in step.ends and step.by != (party,)


def _may_send(step: Step, party: str) -> bool:
    return LEAD in step.by or (party in step.by and len(step.by) > 1)
