"""The rows of a table that can happen: who can be a party, in which state, and which lead there is.

A table gives the common rows to every party in every state. In some of these a party cannot be
there yet, or what the service reports cannot come about: such rows are not published.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from app.domain.cases.case import CLOSED, LEAD, NEW, SYSTEM

if TYPE_CHECKING:  # A table is checked with this when it is made.
    from app.domain.state_machine.step import Step
    from app.domain.state_machine.table import Flow

DEEPEST = 2
"""States to return to that are followed. Deeper ones are entered and left by the same rows."""
FROM_ABOVE = frozenset(
    {"consent_resumed", "consent_confirmed", "parent_closed", "parent_held", "parent_resumed"}
)
"""Events of the service that reach a referral from the one above it alone."""
FROM_THE_CASE = frozenset({"consent_suspended", "consent_claimed", "consent_recorded"})
"""Events of the service that also reach a referral from one below it."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What of a referral decides which rows it takes."""

    state: str
    back: tuple[str, ...] = ()
    parties: frozenset[str] = frozenset()
    lead: str | None = None
    """The party whose agency leads the case."""
    has_child: bool = False
    """Whether another referral was opened under it."""

    def has(self, sender: str) -> bool:
        """Whether this sender of a row is there."""
        return sender in self.parties or (sender == LEAD and self.lead is not None)


class PossibleMove(NamedTuple):
    """A row that can be taken, by whom, and how the referral stands before and after it."""

    before: Standing
    step: "Step"
    by: str
    """As the row has it: a party, the lead or the service."""
    after: Standing


@cache
def possible_steps(flow: "Flow") -> tuple["Step", ...]:
    """The rows of the table that can happen, each with the senders that can be there."""
    possible = {(move.step.state, move.step.type, move.by) for move in moves(flow)}
    narrowed = (
        replace(s, by=tuple(by for by in s.by if (s.state, s.type, by) in possible))
        for s in flow.steps
    )
    return tuple(step for step in narrowed if step.by)


@cache
def moves(flow: "Flow") -> tuple[PossibleMove, ...]:
    """Every row of the table in every standing in which it can be taken, by each sender."""
    found: list[PossibleMove] = []
    seen = {Standing(NEW)}
    waiting = [Standing(NEW)]
    while waiting:
        for move in _moves_from(flow, waiting.pop()):
            found.append(move)
            if move.after not in seen and len(move.after.back) <= DEEPEST:
                seen.add(move.after)
                waiting.append(move.after)
    return tuple(found)


def _moves_from(flow: "Flow", at: Standing) -> Iterator[PossibleMove]:
    for step in flow.steps_from(at.state):
        for by in step.by:
            if _is_possible(flow, step, by, at):
                yield PossibleMove(at, step, by, _after(flow, step, by, at))
    if at.back and at.state != CLOSED:
        yield from _reports_from_below(flow, at)


def _is_possible(flow: "Flow", step: "Step", by: str, at: Standing) -> bool:
    if at.state == NEW:
        return True
    return _comes_about(flow, step, at) if by == SYSTEM else at.has(by)


def _comes_about(flow: "Flow", step: "Step", at: Standing) -> bool:
    """Whether something in the case can cause this event of the service."""
    event = step.type.partition(".")[2]
    if event in FROM_ABOVE:
        return flow.joins_parent
    if event in FROM_THE_CASE:
        return flow.joins_parent or at.has_child
    return True


def _after(flow: "Flow", step: "Step", by: str, at: Standing) -> Standing:
    state, back = flow.target(step, at.state, at.back)
    opening = at.state == NEW
    parties = (at.parties | ({by} if opening else set())) - set(step.ends) | set(step.joins)
    lead = step.lead or (by if opening and flow.joins_parent else at.lead)
    reported = by == SYSTEM and step.type.partition(".")[2] not in FROM_ABOVE | FROM_THE_CASE
    known = lead if lead in parties else None
    return Standing(state, back, parties, known, at.has_child or reported)


def _reports_from_below(flow: "Flow", at: Standing) -> Iterator[PossibleMove]:
    """What a child reports while a side state stands above the main one."""
    if not at.has_child:
        return
    main = replace(at, state=at.back[0], back=())
    for step in flow.steps_from(main.state):
        if SYSTEM in step.by and step.type.partition(".")[2] not in FROM_ABOVE | FROM_THE_CASE:
            moved = _after(flow, step, SYSTEM, main)
            after = replace(moved, state=at.state, back=(moved.state, *at.back[1:]))
            yield PossibleMove(at, step, SYSTEM, after)
