"""Guards: named conditions of a step, pure predicates over the situation in which it is taken."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeAlias

from app.domain.case import Case, Party, Referral
from app.domain.classes import ROUTING, DataClass
from app.domain.consent import Consent, serves
from app.domain.directory import Agency, Directory
from app.domain.message import Message
from app.domain.text import Text


@dataclass(frozen=True, slots=True)
class Situation:
    """All that a guard may look at: the moment before the step is taken."""

    case: Case
    referral: Referral
    """As it stands; for an opening message, the referral in the state `new` with no party."""
    message: Message
    sender: Agency
    joining: Mapping[str, Agency]
    receives: tuple[tuple[str, Agency, frozenset[DataClass]], ...]
    """Who would be told what: party, agency and classes, those that join included."""
    at: datetime
    directory: Directory

    @property
    def today(self) -> date:
        """The day of `at`, where the service is."""
        return self.at.date()

    @property
    def own(self) -> tuple[Consent, ...]:
        """The consent that the message itself records."""
        record = self.message.body.consent_record()
        counts = record is not None and serves(record.purpose, self.referral.flow)
        return (Consent(record, self.referral.id),) if record and counts else ()

    @property
    def consents(self) -> tuple[Consent, ...]:
        """The consents that bind this referral, with one that the message itself records."""
        return self.case.effective(self.referral) + self.own

    def party(self, name: str) -> Party | None:
        """The party of that name, if there is one now."""
        return self.referral.active(name)


@dataclass(frozen=True, slots=True)
class Objection:
    """Why a guard says no, and what would satisfy it. No value that was sent stands in it."""

    reason: Text
    needs: tuple[str, ...] = ()


Check: TypeAlias = Callable[[Situation], Objection | None]


@dataclass(frozen=True, slots=True)
class Guard:
    """A condition with a stable name."""

    name: str
    title: Text
    check: Check
    of_the_moment: bool = False
    """Looks at where the referral stands; a later correction of the message is not held to it."""


def failures(guards: Iterable[Guard], situation: Situation) -> list[Mapping[str, Any]]:
    """The guards that say no, as a refusal names them."""
    return [
        {
            "name": guard.name,
            "title": guard.title,
            "reason": objection.reason,
            "needs": list(objection.needs),
        }
        for guard in guards
        if (objection := guard.check(situation)) is not None
    ]


def consent_covers(by_consent: frozenset[str], *, named: bool) -> Guard:
    """The guard that each recipient who depends on consent is covered for all it would be told.

    Args:
        by_consent: the parties that may be told more than C0 only with the person's consent.
        named: count only consents that the message names.
    """

    def check(situation: Situation) -> Objection | None:
        return _uncovered(situation, by_consent, named)

    return Guard("consent_covers", CONSENT_COVERS, check)


def _uncovered(situation: Situation, by_consent: frozenset[str], named: bool) -> Objection | None:
    chosen = situation.consents
    if named:
        wanted = situation.message.rests_on()
        own = situation.message.body.consent_record()
        chosen = tuple(
            c for c in chosen if c.record.id in wanted or (own and c.record.id == own.id)
        )
    needs: set[str] = set()
    for party, agency, classes in situation.receives:
        if party not in by_consent:
            continue
        for data_class in classes - ROUTING - _covered(chosen, agency, situation.today):
            needs.add(f"{party}:{data_class}")
    return Objection(CONSENT_MISSING, tuple(sorted(needs))) if needs else None


def _covered(consents: tuple[Consent, ...], agency: Agency, on: date) -> frozenset[DataClass]:
    granted = (
        c.record.classes for c in consents if c.valid(on) and c.names(agency.id, agency.kind)
    )
    return frozenset().union(*granted)


CONSENT_COVERS = Text(
    "提供先と情報の種類を対象とする同意があること", "consent covers recipient and classes"
)
CONSENT_MISSING = Text(
    "提供先と情報の種類を対象とする有効な同意がありません。",
    "no valid consent covers this recipient and these classes of data",
)
