"""The classes of a message that a reader may open: by its copy, by its seat, and by consent."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.domain.classes import ROUTING, DataClass
from app.domain.messages.facts import FACTS, Fact


@dataclass(frozen=True, slots=True)
class Rights:
    """What decides on a reader's rights to one message."""

    copied: frozenset[str]
    """The classes in which it was given to the reader's party."""
    seat: frozenset[str]
    """The classes that the reader's seat may open."""
    covered: frozenset[str] | None
    """The classes for which consent holds now; None where the law, not consent, is the basis."""
    ended: bool
    """Whether the reader's agency is no longer a party."""
    recalled: bool = False
    """Whether the sender has taken the copy back."""
    kept: frozenset[str] = frozenset()
    """The classes that the reader keeps nevertheless, for its evidence."""
    lost: frozenset[str] = frozenset()
    """The classes for which the person has withdrawn consent."""
    lacking: frozenset[str] = frozenset()
    """The classes in which it was not given, for want of consent alone."""


def openable(
    present: Iterable[str], keys: Iterable[str], rights: Rights
) -> tuple[list[DataClass], list[tuple[DataClass, str]]]:
    """The classes of a message that a reader may open, and why not the others.

    Args:
        present: the classes that the message has.
        keys: the classes whose keys are there.

    Returns:
        The classes to open, and the others each with `recalled`, `not_your_class`,
        `party_ended`, `not_your_seat`, `consent_withdrawn`, `no_consent` or `erased`.
    """
    there = frozenset(keys)
    opened: list[DataClass] = []
    withheld: list[tuple[DataClass, str]] = []
    for data_class in sorted(map(DataClass, present)):
        reason = _reason(data_class, rights, there)
        if reason is None:
            opened.append(data_class)
        else:
            withheld.append((data_class, reason))
    return opened, withheld


def known_facts(
    facts: Mapping[str, Fact], seat: frozenset[str], covered: frozenset[str] | None, *, ended: bool
) -> Mapping[str, Fact]:
    """The facts of a view that a seat may see now. Like bodies, they need consent.

    Args:
        seat: the classes that the seat may open.
        covered: the classes for which consent holds now; None where the law is the basis.
        ended: whether the party has ended; then it sees none.
    """
    if ended:
        return {}
    may = seat if covered is None else seat & (covered | ROUTING)
    return {name: fact for name, fact in facts.items() if FACTS[name] in may}


def _reason(data_class: DataClass, rights: Rights, keys: frozenset[str]) -> str | None:
    verdicts = (
        ("recalled", rights.recalled and data_class not in rights.kept),
        ("not_your_class", data_class not in rights.copied | rights.lacking),
        ("party_ended", rights.ended),
        ("not_your_seat", data_class not in rights.seat),
        ("no_consent", data_class in rights.lacking),
        ("consent_withdrawn", _needs_consent(data_class, rights) and data_class in rights.lost),
        ("no_consent", _needs_consent(data_class, rights)),
        ("erased", data_class not in keys),
    )
    return next((reason for reason, holds in verdicts if holds), None)


def _needs_consent(data_class: DataClass, rights: Rights) -> bool:
    return (
        rights.covered is not None
        and data_class not in ROUTING
        and data_class not in rights.covered
    )
