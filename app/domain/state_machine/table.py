"""A flow: a table of rows, with its parties and states. It is checked when it is made."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from app.domain.cases.case import CLOSED, DEATH_REPORTED, HELD, LEAD, NEW, SUSPENDED, SYSTEM
from app.domain.messages.body import Body
from app.domain.state_machine.checks import problems
from app.domain.state_machine.effects import stops, takes_from_others
from app.domain.state_machine.exits import DECIDING, EXITS, VOUCHING
from app.domain.state_machine.step import (
    BACK,
    CUSTODY,
    RELEASES,
    SAME,
    PartyRole,
    Report,
    Step,
    can_be_reopened,
    vouches,
)
from app.domain.text import Text


@dataclass(frozen=True, eq=False)
class Flow:
    """A table with its parties and states. It is checked when it is made."""

    name: str
    title: Text
    parties: Mapping[str, PartyRole]
    states: Mapping[str, Text]
    side_states: frozenset[str]
    """States that hold the state before them, to which `BACK` returns."""
    steps: tuple[Step, ...]
    deciding: str
    """The party that confirms a withdrawal or a decline; `lead` for whoever leads the case."""
    vouching: str | None = None
    """The party that confirms a consent which another recorded for its own access. None in a flow
    that joins a parent: there the parent's party confirms it, in the parent."""
    joins_parent: bool = False
    """Opened with a parent, in the parent's case."""
    example_to: Mapping[str, str] = field(default_factory=dict)
    """In the examples of opening messages: which agency joins as which party."""
    example_successors: Mapping[str, str] = field(default_factory=dict)
    """In the examples of messages by which an agency takes a party's place: which agency."""

    def __post_init__(self) -> None:
        wrong = list(problems(self))
        if wrong:
            raise ValueError(f"{self.name}: " + "; ".join(wrong))

    @cached_property
    def bodies(self) -> Mapping[str, type[Body]]:
        """Every message type of the flow, in the order of the table."""
        return {step.type: step.body for step in self.steps}

    @cached_property
    def openings(self) -> frozenset[str]:
        """The types that open a referral."""
        return frozenset(step.type for step in self.steps if step.state == NEW)

    @cached_property
    def openers(self) -> frozenset[str]:
        """The parties that open a referral."""
        return frozenset(name for step in self.steps if step.state == NEW for name in step.by)

    @cached_property
    def handed_over(self) -> frozenset[str]:
        """The parties whose place another agency can take by a row."""
        return frozenset(name for step in self.steps for name in {*step.joins} & {*step.ends})

    @cached_property
    def _index(self) -> Mapping[tuple[str, str], tuple[Step, ...]]:
        index: defaultdict[tuple[str, str], list[Step]] = defaultdict(list)
        for step in self.steps:
            index[step.state, step.type].append(step)
        return {key: tuple(steps) for key, steps in index.items()}

    @cached_property
    def _by_state(self) -> Mapping[str, tuple[Step, ...]]:
        index: defaultdict[str, list[Step]] = defaultdict(list)
        for step in self.steps:
            index[step.state].append(step)
        return {key: tuple(steps) for key, steps in index.items()}

    @cached_property
    def states_before_acceptance(self) -> frozenset[str]:
        """The states in which nobody can have accepted the referral yet."""
        accepting = {step.to for step in self.steps if step.type == f"{self.name}.accept"}
        return frozenset(self.states) - self._reachable_from(accepting)

    @cached_property
    def vital_types(self) -> frozenset[str]:
        """The types of which somebody has to be told in any case.

        By one of their rows something ends, stops or goes on, or they vouch for consents, or tell
        of custody.
        """
        undoing = {event for answers in EXITS.values() for event in answers.undone_by}
        return frozenset(
            step.type
            for step in self.steps
            if stops(self, step)
            or step.to == BACK
            or vouches(step.body)
            or step.type.partition(".")[2] in {*undoing, *CUSTODY}
        )

    @cached_property
    def guarded_on_paper(self) -> frozenset[str]:
        """The types that, on paper, only a decider of the deciding party keys in.

        By one of their rows something ends, stops, moves, narrows, or is taken from others for
        good, or they tell of custody. It is asked by type, so that a refusal tells no state.
        """
        return frozenset(
            step.type
            for step in self.steps
            if step.state != NEW
            and (step.type.partition(".")[2] in RELEASES or takes_from_others(self, step))
        )

    @cached_property
    def sent_from(self) -> Mapping[str, frozenset[tuple[str, str]]]:
        """By state: the types that can be sent there or later, each with a party that may."""
        later = {state: self._reachable_from({state}) for state in self.states}
        return {
            state: frozenset(
                (s.type, party) for s in self.steps if s.state in reached for party in s.by
            )
            for state, reached in later.items()
        }

    @cached_property
    def opening_report(self) -> Report | None:
        """What the opening of a referral reports to its parent, which waits from then on."""
        return next((s.reports for s in self.steps if s.state == NEW and s.reports), None)

    @cached_property
    def closing_report(self) -> Report | None:
        """What an end of a referral reports to its parent, which then no longer waits."""
        return next((s.reports for s in self.steps if s.to == CLOSED and s.reports), None)

    @cached_property
    def awaited_states(self) -> frozenset[str]:
        """The states in which the parent waits: the opening is all that was reported to it."""
        opened = {s.to for s in self.steps if s.state == NEW}
        return frozenset(self._reachable_from(opened, silently=True)) - {CLOSED}

    def _reachable_from(self, states: set[str], *, silently: bool = False) -> set[str]:
        """These states, and all that can be reached from them, `silently` without a report."""
        steps = [s for s in self.steps if not (silently and s.reports)]
        reached, size = set(states), 0
        while size != len(reached):
            size = len(reached)
            reached |= {s.to for s in steps if s.state in reached}
        return reached

    def takes(self, state: str, message_type: str) -> tuple[Step, ...]:
        """The rows for this message in this state, one for each party that may send it."""
        return self._index.get((state, message_type), ())

    def steps_from(self, state: str) -> tuple[Step, ...]:
        """All rows of a state, in the order of the table."""
        return self._by_state.get(state, ())

    def moves(self, state: str, party: str, leads: bool) -> tuple[Step, ...]:
        """The steps that a party may take in a state, in the order of the table."""
        mine = {party, LEAD} if leads else {party}
        return tuple(s for s in self.steps_from(state) if not mine.isdisjoint(s.by))

    def is_barred(self, step: Step, states: Iterable[str], *, decides: bool) -> bool:
        """Whether a step would end a referral over a death that waits to be confirmed.

        Whatever other side state lies over the death, that is left to the deciding party.

        Args:
            states: the state, and those to return to.
            decides: whether it is the deciding party's step.
        """
        return step.to == CLOSED and DEATH_REPORTED in states and not decides

    def asked_parties(self, step: Step) -> frozenset[str]:
        """The parties for which consent has to cover a step's message, or it is refused."""
        names = self.parties if step.asks_consent else step.joins
        return frozenset(names) & self.dependent_parties

    @cached_property
    def dependent_parties(self) -> frozenset[str]:
        """The parties by consent, but those of whose consents the senders are not told."""
        roles = self.parties.items()
        return frozenset(n for n, role in roles if role.by_consent and not role.from_above)

    def sys_event(self, state: str, event: str) -> Step | None:
        """The row for an event of the service itself, if the state takes it."""
        steps = self.takes(state, f"{self.name}.{event}")
        return next((s for s in steps if SYSTEM in s.by), None)

    def target(self, step: Step, state: str, back: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
        """Where a step leads from `state`, and the states to return to from there.

        Returns:
            The new state, and the stack of states to return to, the main one first.
        """
        if step.on_return != SAME and state == CLOSED:
            left = tuple(name for name in back if name != SUSPENDED)
            return state, left if step.on_return == BACK else (*left, step.on_return)
        if step.to == SAME or step.to == state:
            return state, back
        if step.to == BACK:
            # What the referral above held has been let go since, or it could not be reopened.
            left = back if state != CLOSED else tuple(name for name in back if name != HELD)
            return (left[-1], left[:-1]) if left else (state, ())
        if step.to in self.side_states:
            # It holds a state before it once; under another side state it stays where it is.
            return (state, back) if step.to in back else (step.to, (*back, state))
        if step.to == CLOSED and can_be_reopened(step):
            return CLOSED, (*back, state)
        # A referral that ends while consent is suspended stays without it.
        suspended = step.to == CLOSED and SUSPENDED in {state, *back}
        return step.to, (SUSPENDED,) if suspended else ()


def stopped_state(flow: Flow, step: Step) -> str | None:
    """The state by which a row counts as an exit of its sender; None if it stops nothing.

    A withdrawal takes consents in a suspension, too.
    """
    if step.body.consents_withdrawn is not Body.consents_withdrawn:
        return SUSPENDED
    stops = can_be_reopened(step) if step.to == CLOSED else step.to in flow.side_states
    return step.to if stops and step.state != NEW else None


def is_unlimited(flow: Flow, event: str, party: str, *, decides: bool) -> bool:
    """Whether a party's deciders send an exit however often.

    Args:
        event: the exit, as `EXITS` has it.
        decides: whether it is the deciding party.
    """
    answers = EXITS.get(event)
    roles = answers.unlimited if answers else frozenset[str]()
    return (VOUCHING in roles and party == flow.vouching) or (DECIDING in roles and decides)
