"""A case: referrals with a common root, their parties, and the view that each party has of them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from app.domain.cases.stops import NO_STOPS, Stops
from app.domain.classes import DataClass
from app.domain.consents.consent import Consent, serves
from app.domain.errors import NotFound
from app.domain.messages.facts import FACTS, Fact

NEW = "new"
CLOSED = "closed"
SYSTEM = "sys"
LEAD = "lead"
"""As the sender of a row: the party whose agency leads the case."""
SUSPENDED = "suspended_consent"
DECLINE_PENDING = "decline_pending"
DEATH_REPORTED = "death_reported"
HELD = "held_by_parent"
"""A child's side state while its parent waits for a decline or a death to be confirmed."""
HOLDS_CHILDREN = frozenset({DECLINE_PENDING, DEATH_REPORTED})
"""Side states of a referral in which its children are held."""


@dataclass(frozen=True, slots=True)
class VisibleParty:
    """A party as the other parties see it."""

    name: str
    agency_id: str
    since: datetime
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class View:
    """A referral as one party may see it: the sum of the messages that it may read.

    It changes only with a message that the party may read, so `number`, the count of these, is
    its version; messages between others leave no mark on it.
    """

    number: int = 0
    state: str = NEW
    facts: Mapping[str, Fact] = field(default_factory=dict)
    parties: tuple[VisibleParty, ...] = ()
    lead: str | None = None
    back: tuple[str, ...] = ()
    """The states to return to from a side state, as far as the party was told of them."""
    used_up: frozenset[str] = frozenset()
    """The states into which the party's agency has led as often as one agency may."""

    @property
    def version(self) -> str:
        """The entity tag of this view."""
        return f'W/"{self.number}"'

    def after(
        self,
        referral: "Referral",
        facts: Mapping[str, Fact],
        classes: frozenset[DataClass],
        lead: str | None,
        role: frozenset[DataClass],
        *,
        fresh: bool = False,
    ) -> "View":
        """The view after the party has received a message with these facts, in these classes.

        A fact that it states in another class is absent from then on, since what the party knew
        is outdated; if the party may have the class (`role`), only where it says something else.
        `fresh` forgets all facts of before: they have been erased.
        """
        shown = {name: fact for name, fact in facts.items() if FACTS[name] in classes}
        kept = {
            name: fact
            for name, fact in self.facts.items()
            if name not in facts or (FACTS[name] in role and facts[name] == fact)
        }
        known = shown if fresh else {**kept, **shown}
        parties = tuple(
            VisibleParty(p.name, p.agency_id, p.since, p.until) for p in referral.parties
        )
        return View(self.number + 1, referral.state, known, parties, lead, self.back, self.used_up)


@dataclass(frozen=True, slots=True)
class Party:
    """An agency as a party to a referral, and in which period."""

    name: str
    agency_id: str
    since: datetime
    until: datetime | None = None
    view: View = View()

    @property
    def active(self) -> bool:
        """Whether it is a party now."""
        return self.until is None


@dataclass(frozen=True, slots=True)
class Referral:
    """One request, from its opening to its end.

    `back` holds the states to which side states return, the main one first. In a closed referral
    it holds those to which reopening returns.
    """

    id: UUID
    flow: str
    state: str = NEW
    parent: UUID | None = None
    back: tuple[str, ...] = ()
    facts: Mapping[str, Fact] = field(default_factory=dict)
    parties: tuple[Party, ...] = ()
    erased: frozenset[str] = frozenset()
    """The classes that were erased. Messages that hold one of them are refused."""
    stops: Stops = NO_STOPS
    """Who led into its side states, and how often these ended again."""

    @property
    def main_state(self) -> str:
        """The state under any side state; one that is closed has no other."""
        return self.back[0] if self.back and self.state != CLOSED else self.state

    def is_in(self, *states: str) -> bool:
        """Whether it is in one of these states, be it under any other side state."""
        return not {self.state, *self.back}.isdisjoint(states)

    @property
    def suspended(self) -> bool:
        """Whether consent is suspended here, under any other side state, or was when it ended."""
        return self.is_in(SUSPENDED)

    @property
    def holds_children(self) -> bool:
        """Whether it waits for a decline or a death to be confirmed, under any side state."""
        return self.is_in(*HOLDS_CHILDREN)

    def party_of(self, agency_id: str) -> Party:
        """The party that an agency is, or was.

        Raises:
            NotFound: the agency was never a party.
        """
        for party in self.parties:
            if party.agency_id == agency_id:
                return party
        raise NotFound

    def active(self, name: str) -> Party | None:
        """The present party of that name."""
        return next((p for p in self.parties if p.name == name and p.active), None)

    def with_state(self, state: str, back: tuple[str, ...]) -> "Referral":
        """The same referral in another state."""
        return replace(self, state=state, back=back)


@dataclass(frozen=True, slots=True)
class Reader:
    """An agency that may read an older message, through which referral, in which classes."""

    agency_id: str
    party: str
    referral_id: UUID
    classes: frozenset[DataClass]
    lacking: frozenset[DataClass] = frozenset()
    """The classes that it would have with consent."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A message to which a new one points."""

    id: UUID
    referral_id: UUID
    type: str
    from_agency: str | None
    digest: str
    classes: frozenset[DataClass]
    """The classes of the segments that it has."""
    readers: tuple[Reader, ...]
    recalled: bool = False
    """Whether the caller knows that a copy of it was recalled: then it shares it with nobody."""
    restated: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Of a message of the sender's own: its facts that a later message has stated again, each with
    the agencies that have such a message."""

    def reader(self, agency_id: str) -> Reader | None:
        """The entry of this agency among the readers; None if it may not read the message."""
        return next((r for r in self.readers if r.agency_id == agency_id), None)


@dataclass(frozen=True, slots=True)
class Case:
    """The referrals that share a root, with their consents. `version` counts its changes."""

    id: UUID
    version: int = 0
    lead: str | None = None
    referrals: Mapping[UUID, Referral] = field(default_factory=dict)
    consents: tuple[Consent, ...] = ()
    references: Mapping[UUID, Reference] = field(default_factory=dict)

    def referral(self, referral_id: UUID) -> Referral:
        """One of its referrals.

        Raises:
            NotFound: it has no such referral.
        """
        try:
            return self.referrals[referral_id]
        except KeyError:
            raise NotFound from None

    def with_referral(self, referral: Referral) -> "Case":
        """The same case with this referral put in or replaced."""
        return replace(self, referrals={**self.referrals, referral.id: referral})

    def ancestors(self, referral: Referral) -> Iterator[Referral]:
        """The referral's parent, the parent's parent, up to the root."""
        above = referral.parent
        while above is not None and above in self.referrals:
            yield self.referrals[above]
            above = self.referrals[above].parent

    def descendants(self, referral_id: UUID) -> Iterator[Referral]:
        """Every referral below this one, at any depth."""
        for other in self.referrals.values():
            if any(above.id == referral_id for above in self.ancestors(other)):
                yield other

    def with_descendants(self, roots: Iterable[UUID]) -> frozenset[UUID]:
        """The ids of these referrals and of every referral below them."""
        ids = frozenset(roots)
        return ids.union(*({d.id for d in self.descendants(root)} for root in ids))

    def suspended(self, referral: Referral) -> bool:
        """Whether consent is suspended in the referral or in one above it."""
        return any(each.suspended for each in (referral, *self.ancestors(referral)))

    def effective_consents(self, referral: Referral) -> tuple[Consent, ...]:
        """The consents that allow a disclosure.

        A claim is none of them. While the referral or one above it is suspended there are none.
        """
        binding = () if self.suspended(referral) else self.binding_consents(referral)
        return tuple(
            c for c in binding if not c.claimed and serves(c.record.purpose, referral.flow)
        )

    def known_consents(self, referral: Referral) -> tuple[Consent, ...]:
        """Those of the binding consents that the agency knows of for which the case was loaded."""
        return tuple(c for c in self.binding_consents(referral) if c.known)

    def binding_consents(self, referral: Referral) -> tuple[Consent, ...]:
        """The consents that bind a referral: its own, and those of its ancestors."""
        scope = {referral.id, *(above.id for above in self.ancestors(referral))}
        return tuple(c for c in self.consents if c.referral_id in scope)
