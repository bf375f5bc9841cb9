"""What a table has to fulfil. One that does not cannot be built."""

from collections import defaultdict
from collections.abc import Collection, Iterator
from enum import StrEnum
from typing import TYPE_CHECKING, get_args

from pydantic import BaseModel

from app.domain.cases.case import CLOSED, LEAD, NEW, SUSPENDED, SYSTEM
from app.domain.classes import ROUTING, DataClass
from app.domain.directory.agencies import KINDS
from app.domain.messages.body import Body
from app.domain.messages.fact_sources import SET_BY
from app.domain.messages.facts import FACTS
from app.domain.state_machine.effects import effects_of
from app.domain.state_machine.exits import EXITS, REOPENED, Effect, ExitAnswers
from app.domain.state_machine.reachability import moves
from app.domain.state_machine.step import (
    BACK,
    CUSTODY,
    INFORMED,
    NAMED,
    OTHERS,
    REFERRAL_POINTERS,
    SAME,
    Step,
    can_be_reopened,
    parse_copy,
    required_classes,
    vouches,
)
from app.domain.vocabulary.code import Known

if TYPE_CHECKING:  # A table is checked with this when it is made.
    from app.domain.state_machine.table import Flow


def problems(flow: "Flow") -> Iterator[str]:
    """The errors of a table, in words."""
    yield from _unknown_names(flow)
    yield from _dead_ends(flow)
    yield from _overlaps(flow)
    yield from _wrong_shares(flow)
    yield from _own_access(flow)
    yield from _parts_above(flow)
    yield from _unrecordable(flow)
    yield from _exits(flow)
    yield from _easy_returns(flow)
    yield from _final_ends(flow)
    yield from _lost_withdrawals(flow)
    yield from _telling_refusals(flow)
    yield from _unreported_ends(flow)
    yield from _vacant_tasks(flow)
    yield from _unresolved_needs(flow)
    yield from _unsaid_narrowing(flow)
    yield from _undeclared_situations(flow)
    for body in {step.body for step in flow.steps}:
        if not body.EXAMPLE:
            yield f"{body.__name__} has no example"
        else:
            yield from _unknown_facts(body)
        if "prosecutor" in flow.parties and DataClass.C8 in body.classes().values():
            yield f"{body.__name__} holds C8 where a prosecutor is a party"


def _unresolved_needs(flow: "Flow") -> Iterator[str]:
    """What refusals, and rows, name as missing is in a schema, a message type or a fact."""
    for step in flow.steps:
        named = [need for guard in step.guards for need in guard.needs]
        named += [each.pointer for guard in step.guards for each in guard.takes(step.state)]
        named += [first.event for guard in step.guards for first in guard.first]
        yield from (
            f"{step.type} needs {n}, which is nowhere"
            for n in named
            if not _is_there(flow, step, n)
        )
        replaced = set(step.joins) & set(step.ends) - flow.example_successors.keys()
        if replaced and SYSTEM not in step.by:
            yield f"the example of {step.type} names no successor of {sorted(replaced)}"


def _unsaid_narrowing(flow: "Flow") -> Iterator[str]:
    """Guards that may refuse some of a field's few values, and do not say which they take."""
    for step in flow.steps:
        for guard in step.guards:
            said = {each.pointer for each in guard.takes(step.state)}
            for need in guard.needs:
                path = need.removeprefix("/body/").split("/")
                if need.startswith("/body/") and need not in said and _has_few(step.body, path):
                    yield f"{guard.name} narrows {need} of {step.type}, and does not say to what"


def _undeclared_situations(flow: "Flow") -> Iterator[str]:
    """Guards that no message can satisfy, and that do not say from what a party knows that.

    What they would refuse would stand among the messages that a party can send.
    """
    for step in flow.steps:
        for guard in step.guards:
            declared = guard.possible is not None or bool(guard.unknown)
            if not declared and not guard.looks_at_the_message:
                yield f"{guard.name} of {step.type} refuses any message, and parties cannot tell"


def _is_there(flow: "Flow", step: Step, need: str) -> bool:
    first, _, rest = need.removeprefix("/").partition("/")
    if not need.startswith("/"):
        return f"{flow.name}.{need}" in flow.bodies
    if first == "body":
        return _has_field(step.body, rest.split("/"))
    if first == "to":
        return rest in step.joins
    return rest in FACTS if first == "facts" else need in REFERRAL_POINTERS


def _has_field(shape: type[BaseModel], path: list[str]) -> bool:
    field_info = shape.model_fields.get(path[0])
    if field_info is None or len(path) == 1:
        return field_info is not None
    parts = [field_info.annotation, *get_args(field_info.annotation)]
    inner = [part for part in parts if isinstance(part, type) and issubclass(part, BaseModel)]
    return any(_has_field(part, path[1:]) for part in inner)


def _has_few(shape: type[BaseModel], path: list[str]) -> bool:
    """Whether a field has few values, all known: yes or no, or codes, alone or in a list."""
    field_info = shape.model_fields.get(path[0])
    if field_info is None:
        return False
    parts = list(_parts_of(field_info.annotation))
    if len(path) > 1:
        inner = [part for part in parts if isinstance(part, type) and issubclass(part, BaseModel)]
        return any(_has_few(part, path[1:]) for part in inner)
    marks = [*field_info.metadata, *parts]
    few = [part for part in parts if isinstance(part, type) and issubclass(part, bool | StrEnum)]
    return bool(few) or any(isinstance(mark, Known | StrEnum) for mark in marks)


def _parts_of(annotation: object) -> Iterator[object]:
    """A type, the types in it, and what they are annotated with."""
    yield annotation
    for part in (*get_args(annotation), *getattr(annotation, "__metadata__", ())):
        yield from _parts_of(part)


def _unknown_facts(body: type[Body]) -> Iterator[str]:
    event = body.wire_type().partition(".")[2]
    for fact in body.model_validate(body.EXAMPLE).facts():
        if event not in SET_BY.get(fact, ()):
            yield f"{body.__name__} sets {fact}, and fact_sources does not say so"


def _unknown_names(flow: "Flow") -> Iterator[str]:
    known = {*flow.parties, SYSTEM, LEAD}
    examples = {*flow.example_to, *flow.example_successors}
    yield from (f"an example names {n}, no party" for n in sorted(examples - known))
    kinds = frozenset[str]().union(*(role.kinds for role in flow.parties.values()))
    yield from (f"no agency is of the kind {kind}" for kind in sorted(kinds - KINDS.keys()))
    for step in flow.steps:
        recipients = {parse_copy(copy)[0] for copy in step.copies} - {OTHERS, NAMED, INFORMED}
        named = {*step.by, *recipients, *step.joins, *step.ends}
        yield from (f"{step.type} names {n}, which is no party" for n in sorted(named - known))
        if step.to not in {SAME, BACK, *flow.states} or step.state not in {NEW, *flow.states}:
            yield f"{step.type} uses a state that is not declared"
        if not step.type.startswith(f"{flow.name}."):
            yield f"{step.type} is not of this flow"


def _dead_ends(flow: "Flow") -> Iterator[str]:
    reached = {NEW}
    size = 0
    while size != len(reached):
        size = len(reached)
        reached |= {s.to for s in flow.steps if s.state in reached and s.to not in {SAME, BACK}}
    yield from (f"{state} is never reached" for state in flow.states if state not in reached)
    leaving = {s.state for s in flow.steps if s.to not in {SAME, s.state}}
    yield from (f"{s} has no way out" for s in flow.states if s != CLOSED and s not in leaving)


def _overlaps(flow: "Flow") -> Iterator[str]:
    taken: set[tuple[str, str, str]] = set()
    for step in flow.steps:
        for by in step.by:
            if (key := (step.state, step.type, by)) in taken:
                yield f"two rows for {step.type} from {by} in {step.state}"
            taken.add(key)


def _wrong_shares(flow: "Flow") -> Iterator[str]:
    """Rows that share what cannot be shared: with nothing above, past a suspension, past C7."""
    for step in flow.steps:
        if not step.shares:
            continue
        if not flow.joins_parent:
            yield f"{step.type} shares messages of a parent that the flow does not have"
        if step.state == SUSPENDED or SYSTEM in step.by:
            yield f"{step.type} shares messages while suspended, or without a sender"
        if DataClass.C8 in step.shares:
            yield f"{step.type} shares what counsel alone may hold"


def _own_access(flow: "Flow") -> Iterator[str]:
    """Rows by which a party would give itself, or give back to itself, what needs consent."""
    dependent = {name for name, role in flow.parties.items() if role.by_consent}
    if (flow.vouching is None) is not flow.joins_parent:
        yield "needs a party that vouches for consents, or a parent that has one"
    if flow.vouching is not None and flow.vouching not in set(flow.parties) - dependent:
        yield f"{flow.vouching} cannot vouch for consents: it is no party, or depends on them"
    for step in flow.steps:
        senders = dependent if LEAD in step.by else dependent & set(step.by)
        stays = {SAME, CLOSED, SUSPENDED, *flow.side_states}
        if step.state == SUSPENDED and step.to not in stays:
            yield from _wrong_resumption(flow, step, senders)
        if vouches(step.body) and not (step.by == (flow.vouching,) and step.decides):
            yield f"{step.type} vouches for consents, and is not the vouching party's decider's"


def _parts_above(flow: "Flow") -> Iterator[str]:
    """Parties whose part comes from a referral above without their saying so, or the reverse."""
    opening = {name for step in flow.steps if step.state == NEW for name in step.by}
    expected = opening if flow.joins_parent else set[str]()
    for name in sorted({n for n, role in flow.parties.items() if role.from_above} ^ expected):
        yield f"{name} opens referrals under another, and has no part from above, or the reverse"


def reads_past_consent(flows: Collection["Flow"]) -> Iterator[str]:
    """Parties of a child that would read without consent what they need consent for above.

    Any agency of a kind that receives by consent in a flow can be a party of the referrals below.
    """
    for child in (flow for flow in flows if flow.joins_parent and flow.opening_report):
        event = child.opening_report.event if child.opening_report else ""
        for parent in flows:
            if not any(step.type == f"{parent.name}.{event}" for step in parent.steps):
                continue
            bound = [role.kinds for role in parent.parties.values() if role.by_consent]
            for name, role in child.parties.items():
                if not role.by_consent and role.kinds & frozenset[str]().union(*bound):
                    yield f"{name} of {child.name} receives by consent in {parent.name} alone"


def _wrong_resumption(flow: "Flow", step: Step, dependent: set[str]) -> Iterator[str]:
    if dependent:
        yield f"{step.type} lets {sorted(dependent)} end the suspension of its own access"
    if not {*step.by} <= {flow.vouching, SYSTEM}:
        yield f"{step.type} ends a suspension, and is not the vouching party's"


def _unrecordable(flow: "Flow") -> Iterator[str]:
    """Rows that want of consent makes impossible, where something else may have happened.

    What a court, a prison, the law or the person does happens whether or not others may read it.
    So a row asks for consent only if a party joins by it and nothing else happens, or if its
    message can be sent without anything that needs consent.
    """
    for step in flow.steps:
        asked = flow.asked_parties(step)
        if not asked:
            continue
        if step.asks_consent and required_classes(step.body) - ROUTING:
            yield f"{step.type} asks for consent, and cannot be sent without what needs it"
        replaced = set(step.ends) - asked
        if step.to in {CLOSED, BACK} or replaced or _tells_of_custody(step):
            yield f"{step.type} asks for consent to something that happens without it"


def _tells_of_custody(step: Step) -> bool:
    return step.type.partition(".")[2] in CUSTODY


def _exits(flow: "Flow") -> Iterator[str]:
    """Rows that take something away from others, and are too easy to send."""
    for step in flow.steps:
        effects = frozenset(effects_of(flow, step))
        if not effects:
            continue
        answers = EXITS.get(step.type.partition(".")[2])
        if answers is None:
            yield f"{step.type} {min(effects)}: who is hurt, and can it be undone?"
            continue
        if not step.decides:
            yield from _too_easy(flow, step, answers, effects)
        stops = step.to in flow.side_states - {step.state}
        undoing = answers.undone_above if flow.joins_parent else ()
        undoing = undoing or answers.undone_by
        if stops and not all(_leaves(flow, step.to, event) for event in undoing):
            yield f"{step.type} is not undone by {undoing} in {step.to}"


def _too_easy(
    flow: "Flow", step: Step, answers: ExitAnswers, effects: frozenset[Effect]
) -> Iterator[str]:
    """What makes a row of no decider too easy to send."""
    exits = effects & {Effect.STOPS, Effect.NARROWS}
    if step.to == CLOSED:
        yield f"{step.type} ends a referral, and needs no decider"
    if exits and not answers.undone_by:
        yield f"{step.type} cannot be undone and needs no decider"
    if exits and not answers.pauses and step.by != (flow.deciding,):
        yield f"{step.type} is an exit of another than the deciding party, without a decider"
    allowed = {Effect.DAYS: answers.corrected, Effect.TAKES: answers.ordinary, Effect.MOVES: False}
    for effect, easy in allowed.items():
        if effect in effects and not easy:
            yield f"{step.type} {effect}, and needs no decider"


def _easy_returns(flow: "Flow") -> Iterator[str]:
    """Rows that undo, from any seat, what a decider's seat was needed for."""
    entered: defaultdict[str, bool] = defaultdict(bool)
    for step in flow.steps:
        entered[step.to] |= step.decides
    for step in flow.steps:
        if SYSTEM not in step.by and step.to == BACK and entered[step.state] and not step.decides:
            yield f"{step.type} undoes what a decider did, and needs no decider"


def _final_ends(flow: "Flow") -> Iterator[str]:
    """Rows that end a referral for good without a reason, and rows that would reopen it wrongly."""
    for step in flow.steps:
        if step.state == CLOSED:
            yield from _wrong_reopening(flow, step)
        elif step.to == CLOSED:
            yield from _wrong_end(step)
    for event in REOPENED:
        if not flow.takes(CLOSED, f"{flow.name}.{event}"):
            yield f"{event} does not undo the end of a referral"


def _wrong_end(step: Step) -> Iterator[str]:
    answers = EXITS.get(step.type.partition(".")[2])
    undone = can_be_reopened(step)
    if not undone and not (answers and answers.final):
        yield f"{step.type} ends a referral, and nothing undoes it"
    if undone and (step.joins or step.ends or step.lead or step.erases):
        yield f"{step.type} ends a referral and more, which reopening does not undo"


def _wrong_reopening(flow: "Flow", step: Step) -> Iterator[str]:
    if step.to == SAME and (step.on_return != SAME or SYSTEM in step.by):
        return
    if step.to != BACK or not step.decides or step.by != (flow.deciding,):
        yield f"{step.type} leads out of an end, and is not the deciding party's decider's"
    if OTHERS not in step.copies:
        yield f"{step.type} leads out of an end, and does not tell everybody"
    if step.reports != flow.opening_report:
        yield f"{step.type} does not report to the parent what the opening reported"


def _lost_withdrawals(flow: "Flow") -> Iterator[str]:
    """States in which a party could not record that the person withdraws consent, the end too."""
    for state in flow.states:
        taken = [
            step
            for step in flow.steps_from(state)
            if step.body.consents_withdrawn is not Body.consents_withdrawn
        ]
        senders = {party for step in taken for party in step.by}
        missing = sorted(flow.parties.keys() - senders)
        yield from (f"{party} can record no withdrawal in {state}" for party in missing)
        if state == CLOSED and any((s.to, s.on_return) != (SAME, SUSPENDED) for s in taken):
            yield "a withdrawal in an end stays there, and reopening returns to the suspension"


def _leaves(flow: "Flow", state: str, event: str) -> bool:
    return any(s.to not in {SAME, state} for s in flow.takes(state, f"{flow.name}.{event}"))


def _telling_refusals(flow: "Flow") -> Iterator[str]:
    """Steps that a party is not told of and that change what it may send.

    Its next refusal would tell it of the step. So each party gets a copy, of C0 at least, of
    whatever changes its own rows: what it may send, from which seat, under which guards, to whom.
    """
    told: set[tuple[str, str]] = set()
    for here, step, by, there in moves(flow):
        told_of = {parse_copy(copy)[0] for copy in step.copies}
        if here.state == there.state or OTHERS in told_of:
            continue
        moved = {here.lead if by == LEAD else by, *step.joins, *step.ends}
        for party in here.parties & there.parties - told_of - moved:
            same = _rows_of(flow, here.state, party) == _rows_of(flow, there.state, party)
            if not same and (step.type, party) not in told:
                told.add((step.type, party))
                yield (
                    f"{step.type} leads from {here.state} to {there.state} and changes what"
                    f" {party} may send, which is not told of it"
                )


def _unreported_ends(flow: "Flow") -> Iterator[str]:
    """Rows that end a party, and do not tell a remaining one that may know of it.

    What this one rehearses and sends would no longer reach the party that ended, and its
    deliveries would say so: it would learn of the step without having been told.
    """
    for step in flow.steps:
        told = {parse_copy(copy)[0] for copy in step.copies}
        if not step.ends or told & {OTHERS, INFORMED}:
            continue
        sender = set(step.by) if len(step.by) == 1 else set()
        untold = flow.parties.keys() - told - sender - {*step.ends, *step.joins}
        yield from (
            f"{step.type} ends {sorted(step.ends)}, and does not tell {party} if it knows of that"
            for party in sorted(untold)
        )


def _vacant_tasks(flow: "Flow") -> Iterator[str]:
    """Rows by which a referral goes on with nobody to confirm exits, or to vouch for consents, or
    with nobody in a place that other rows hand over: whoever took it later would be no successor.
    """
    needed = {flow.deciding, flow.vouching, *flow.handed_over}
    for step in flow.steps:
        if step.to != CLOSED:
            yield from (
                f"{step.type} ends {party}, which confirms, vouches or is handed over, without a"
                " successor"
                for party in sorted(set(step.ends) - set(step.joins))
                if party in needed
            )


def _rows_of(flow: "Flow", state: str, party: str) -> frozenset[tuple[object, ...]]:
    """All that a party's sending in a state depends on. The lead's rows are anybody's."""
    return frozenset(
        (
            step.type,
            LEAD in step.by,
            step.to,
            step.decides,
            step.copies,
            tuple((guard.name, state in guard.by_state) for guard in step.guards),
            step.joins,
            step.ends,
            step.asks_consent,
            step.lead,
            step.reports.event if step.reports else None,
        )
        for step in flow.moves(state, party, leads=True)
    )
