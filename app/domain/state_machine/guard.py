"""Guards: named conditions of a step. Each is a pure predicate over a situation."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, TypeAlias

from app.domain.cases.case import Case, Party, Referral
from app.domain.cases.consents import verdicts
from app.domain.classes import DataClass
from app.domain.consents.consent import Consent, serves
from app.domain.consents.coverage import DependentRecipient
from app.domain.directory.agencies import Agency, Directory
from app.domain.messages.message import Message
from app.domain.state_machine.known import KnownSituation
from app.domain.text import Text


@dataclass(frozen=True, slots=True)
class Situation:
    """All that a guard may look at, before the step is taken."""

    case: Case
    referral: Referral
    """As it is before the step. For an opening message: in the state `new`, without parties."""
    message: Message
    sender: Agency
    joining: Mapping[str, Agency]
    receives: tuple[tuple[str, Agency, frozenset[DataClass]], ...]
    """The recipients, with those that join: party, agency and classes."""
    at: datetime
    directory: Directory
    claimed: bool = False
    """The consent that the message records is its recorder's claim, and opens nothing."""

    @property
    def today(self) -> date:
        """The day of `at`, in the service's time zone."""
        return self.at.date()

    @property
    def own(self) -> tuple[Consent, ...]:
        """The consent that the message itself records."""
        record = self.message.body.consent_record()
        serving = record is not None and serves(record.purpose, self.referral.flow)
        counts = serving and not self.claimed
        return (Consent(record, self.referral.id),) if record and counts else ()

    @property
    def consents(self) -> tuple[Consent, ...]:
        """The effective consents of this referral, with the one that the message itself records."""
        return self.case.effective_consents(self.referral) + self.own

    @property
    def known_consents(self) -> tuple[Consent, ...]:
        """Those of the effective consents that the sender may know of, with its own."""
        effective = self.case.effective_consents(self.referral)
        return tuple(c for c in effective if c.known) + self.own

    def dependent_recipients(self, by_consent: frozenset[str]) -> tuple[DependentRecipient, ...]:
        """The recipients among these parties that receive only by consent."""
        return tuple(DependentRecipient(*each) for each in self.receives if each[0] in by_consent)

    def party(self, name: str) -> Party | None:
        """The party of that name, if there is one now."""
        return self.referral.active(name)


@dataclass(frozen=True, slots=True)
class Objection:
    """Why a guard refuses, and what would satisfy it. It repeats no value that was sent."""

    reason: Text
    needs: tuple[str, ...] = ()
    more: Mapping[str, Any] = field(default_factory=dict)
    """Further members of the answer, of a guard that has them."""


OF_THE_MESSAGE = ("/body", "/to", "/consent_ids")
"""How pointers into the message begin. Others lead into the referral."""
Check: TypeAlias = Callable[[Situation], Objection | None]


@dataclass(frozen=True, slots=True)
class Taken:
    """What a guard leaves of a field's values: one of `values`, all of `all_of`, or a fact's."""

    pointer: str
    """JSON Pointer into the message as it is sent."""
    values: tuple[str | bool, ...] = ()
    all_of: tuple[str, ...] = ()
    """For a list: each of these stands in it."""
    fact: str | None = None
    """The value is that of this fact of the referral."""

    def as_values(self) -> Mapping[str, Any]:
        """As it is published and as refusals list it."""
        rest = {"values": list(self.values), "all_of": list(self.all_of), "fact": self.fact}
        return {"pointer": self.pointer, **{name: value for name, value in rest.items() if value}}


@dataclass(frozen=True, slots=True)
class First:
    """A message that has to be accepted in the referral before the example of another one is."""

    event: str
    body: Mapping[str, Any] = field(default_factory=dict)
    """The members in which its body differs from the example of that type."""
    fact: str | None = None
    """It is needed only where this fact is not `value`."""
    value: str | bool | None = None


Possible: TypeAlias = Callable[[KnownSituation], bool]
"""Whether a guard lets some message pass, as far as its sender knows the situation."""
Taking: TypeAlias = Callable[[str], tuple[Taken, ...]]
"""By state: the fields of which not all values are taken."""


def takes_anything(state: str) -> tuple[Taken, ...]:  # noqa: ARG001 -- in every state
    """A guard that leaves fields as their schema has them."""
    return ()


@dataclass(frozen=True, slots=True)
class Guard:
    """A condition with a stable name."""

    name: str
    title: Text
    check: Check
    of_the_moment: bool = False
    """It looks at the state of the referral, so it is not checked again for a correction."""
    by_state: frozenset[str] = frozenset()
    """States in which it answers otherwise than in the rest."""
    needs: tuple[str, ...] = ()
    """All that a refusal may name: JSON Pointers into the message (`/body/…`, `/to/…`,
    `/consent_ids`) or into the referral as it is read (`/facts/…`, `/lead`), and events of the
    flow, which are written as message types."""
    takes: Taking = takes_anything
    """The values to which it narrows fields, by the state of the referral."""
    first: tuple[First, ...] = ()
    """What the example of a message needs before it."""
    possible: Possible | None = None
    """Of a guard that looks at the situation and at nothing that the message says: whether it would
    let a message pass. What it would not is left out of what a party can send."""
    unknown: str = ""
    """Of such a guard without `possible`: why its parties cannot know what it looks at."""

    @property
    def looks_at_the_message(self) -> bool:
        """Whether something in the message can satisfy it: then its refusals name that."""
        return any(need.startswith(OF_THE_MESSAGE) for need in self.needs)


@dataclass(frozen=True, slots=True)
class RowRule:
    """A condition of many rows, checked where what it looks at is known."""

    name: str
    title: Text
    reason: Text
    needs: tuple[str, ...] = ()
    """All that a refusal may name, as `Guard.needs` has it; `/body` stands for any field of it."""

    def refusal(self, needs: Iterable[str] | None = None) -> Mapping[str, Any]:
        """The rule as the problem on the wire lists it, with `needs` in place of its own."""
        named = list(self.needs if needs is None else needs)
        return {"name": self.name, "title": self.title, "reason": self.reason, "needs": named}


Condition: TypeAlias = Guard | RowRule
"""Whatever may refuse a message by name."""


def failures(guards: Iterable[Guard], situation: Situation) -> list[Mapping[str, Any]]:
    """The guards that refuse, as the problem on the wire lists them."""
    return [
        {
            "name": guard.name,
            "title": guard.title,
            "reason": objection.reason,
            "needs": list(objection.needs),
            **objection.more,
        }
        for guard in guards
        if (objection := guard.check(situation)) is not None
    ]


def consent_covers(by_consent: frozenset[str], *, named: bool) -> Guard:
    """A guard that consent covers each of these recipients, in all classes that it receives.

    Only consents count that the sender may know of.

    Args:
        by_consent: the parties for which the step asks for consent; the others receive what
            consent covers.
        named: count only consents that the message names.
    """

    def check(situation: Situation) -> Objection | None:
        return _consent_objection(situation, by_consent, named)

    needs = ("record_consent", *(["/consent_ids"] if named else []))
    return Guard("consent_covers", CONSENT_COVERS, check, needs=needs)


def _consent_objection(
    situation: Situation, by_consent: frozenset[str], named: bool
) -> Objection | None:
    # One that the sender may not know of counts like one that does not exist: whether it is refused
    # would tell whom that consent names, and to which classes.
    chosen = situation.known_consents
    own = {c.record.id for c in situation.own}
    ids = situation.message.rests_on()
    if named:
        chosen = tuple(c for c in chosen if c.record.id in ids | own)
    dependents = situation.dependent_recipients(by_consent)
    lacking = [(t, t.lacking_classes(chosen, situation.today)) for t in dependents]
    failed = [(t, classes) for t, classes in lacking if classes]
    if not failed:
        return None
    needs = [_recording_type(situation), *(["/consent_ids"] if named else [])]
    because = _why_not_covered(situation, named=named)
    missing = [
        {
            "party": t.party,
            "agency_id": t.agency.id,
            "classes": sorted(classes),
            "because": because,
        }
        for t, classes in failed
    ]
    judged = verdicts(
        situation.case,
        situation.referral,
        ids | own,
        [replace(t, classes=classes) for t, classes in failed],
        situation.own,
        situation.today,
    )
    return Objection(CONSENT_MISSING, tuple(needs), {"missing": missing, "consents": judged})


def _recording_type(situation: Situation) -> str:
    """The type of message that records a consent: for an opening in a case, in its parent, since
    the referral itself is not there yet."""
    message = situation.message
    above = situation.case.referrals[message.parent] if message.opens and message.parent else None
    return f"{(above or situation.referral).flow}.record_consent"


def _why_not_covered(situation: Situation, *, named: bool) -> str:
    """Why no consent covers it, as far as the sender may know: one of BECAUSE."""
    if named and not situation.message.rests_on() and not situation.own:
        return "none_named"
    known = situation.case.known_consents(situation.referral)
    return "not_covered" if known or situation.own else "none_recorded"


CONSENT_COVERS = Text(
    "提供先と情報の種類を対象とする同意があること", "consent covers recipient and classes"
)
CONSENT_MISSING = Text(
    "提供先と情報の種類を対象とする有効な同意がありません。",
    "no valid consent covers this recipient and these classes of data",
)
