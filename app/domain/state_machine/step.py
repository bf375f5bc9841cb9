"""One row of a table: in this state, this message, from this party, leads to that state."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from app.domain.cases.case import CLOSED, SYSTEM
from app.domain.classes import ROUTING, DataClass
from app.domain.messages.body import Body
from app.domain.messages.fact_sources import SET_BY
from app.domain.state_machine.exits import EXITS, REOPENED
from app.domain.state_machine.guard import Guard
from app.domain.text import Text

SAME = "="
"""The state stays."""
BACK = "<"
"""A side state, or the end, is over, and the state before it returns."""
OTHERS = "others"
"""In `copies`: every party but the sender."""
NAMED = "named"
"""In `copies`: the parties that the message's consent names as recipients."""
INFORMED = "informed"
"""In `copies`: the parties whose view has a party that the row ends. The others are not told that
there was one."""
CUSTODY = frozenset({"change_custody", "released"})
"""Events that tell where the person is."""
RELEASES = CUSTODY.union(SET_BY["release_on"], SET_BY["released_on"])
"""Events that tell where the person is, or when they are released."""
REFERRAL_POINTERS = frozenset({"/consent_ids", "/lead", "/parent", "/referral_id"})
"""What a guard may need of the message around the body, and of the referral, beside its facts."""


@dataclass(frozen=True, slots=True)
class PartyRole:
    """A party in a flow: which kinds of agency it may be, and which classes it may open."""

    title: Text
    kinds: frozenset[str]
    classes: frozenset[DataClass]
    by_consent: bool = False
    """Receives more than C0 only with the person's consent."""
    from_above: bool = False
    """Opens the referral as a party of the one above. The others here are not told of the consents
    that it has there, so what they send is not refused for want of them: it gets what they cover,
    and the rest with the next consent."""


@dataclass(frozen=True, slots=True)
class Report:
    """A `sys` event that a child's step causes on its parent, and the parties that join by it."""

    event: str
    brings: Mapping[str, str] = field(default_factory=dict)
    """Parent's party → child's party whose agency takes it."""


@dataclass(frozen=True, slots=True)
class Step:
    """One row of a table. `copies` are written `center`, `institution:C0`, `others`, `named`,
    `informed:C0`."""

    state: str
    body: type[Body]
    by: tuple[str, ...]
    to: str
    decides: bool = False
    """Needs a decider's seat."""
    copies: tuple[str, ...] = ()
    guards: tuple[Guard, ...] = ()
    joins: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()
    reports: Report | None = None
    lead: str | None = None
    """The party that leads the case from this step on; `-` for nobody."""
    erases: bool = False
    """The referral's keys are destroyed with this step."""
    added: bool = False
    """Not in the first agreed tables: added to complete them."""
    asks_consent: bool = False
    """It is nothing but what it tells the parties that depend on consent, and is refused where
    consent does not cover them. A row by which such a party joins always is. Of every other row
    they receive what consent covers: it is recorded whatever the person consented to."""
    shares: frozenset[DataClass] = frozenset()
    """The classes in which its message may show its recipients older messages of the referrals
    above, those that its sender can read. Without classes, `shared_messages` is not taken."""
    on_return: str = SAME
    """Of a row in the end of a referral, which stays: the side state to which reopening returns
    from then on, or `BACK` if it no longer returns to the suspension."""

    @property
    def type(self) -> str:
        """The message type on the wire."""
        return self.body.wire_type()


def rows(
    states: str | Iterable[str], body: type[Body], by: str | Iterable[str], to: str, **rest: object
) -> tuple[Step, ...]:
    """The same row from each of several states."""
    froms = (states,) if isinstance(states, str) else tuple(states)
    parties = (by,) if isinstance(by, str) else tuple(by)
    # `rest` are fields of Step; a wrong one fails when the table is built.
    return tuple(Step(state, body, parties, to, **rest) for state in froms)  # type: ignore[arg-type]


def can_be_reopened(step: Step) -> bool:
    """Whether a row ends a referral, and that can be undone."""
    answers = EXITS.get(step.type.partition(".")[2])
    undone = answers is not None and bool(set(answers.undone_by) & set(REOPENED))
    return step.to == CLOSED and (undone or SYSTEM in step.by)


def parse_copy(copy: str) -> tuple[str, frozenset[DataClass] | None]:
    """A copy as written in a table: the party, and the classes to which it is narrowed."""
    party, narrowed, _ = copy.partition(":")
    return party, ROUTING if narrowed else None


def required_classes(body: type[Body]) -> frozenset[DataClass]:
    """The classes of which every message of this type holds something."""
    classes = body.classes()
    return frozenset(c for name, c in classes.items() if body.model_fields[name].is_required())


def vouches(body: type[Body]) -> bool:
    """Whether messages of this type confirm, refuse or restore consents."""
    return (
        body.consents_confirmed is not Body.consents_confirmed
        or body.consents_refused is not Body.consents_refused
        or body.consents_restored is not Body.consents_restored
    )
