"""Whether two consents give the same: the same use, to some recipient, of some class.

One party can record some dozens of consents with fifty recipients each. They are compared all at
once, by what they name, and never pair by pair.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator

from app.domain.classes import ROUTING, DataClass
from app.domain.consents.consent import ConsentRecord, serves
from app.domain.directory.agencies import Directory

SERVING = None
"""Stands for every purpose that counts in a flow: consents for these are for one use."""


class Given:
    """What some consents give in a flow: for which use, to whom, of which classes.

    A name and another are those of one recipient if they are the same, or if one is an agency and
    the other its kind.
    """

    def __init__(self, flow: str, records: Iterable[ConsentRecord], directory: Directory) -> None:
        self._flow = flow
        self._directory = directory
        self._to_name: dict[tuple[str | None, str], set[DataClass]] = defaultdict(set)
        self._to_kind: dict[tuple[str | None, str], set[DataClass]] = defaultdict(set)
        for record in _distinct(records):
            for use, name, kind in self._places(record):
                self._to_name[use, name] |= record.classes
                if kind is not None:
                    self._to_kind[use, kind] |= record.classes

    def __bool__(self) -> bool:
        """Whether there is any consent among them."""
        return bool(self._to_name)

    def is_for_use_of(self, record: ConsentRecord) -> bool:
        """Whether one of them is for the same use as this one, and some recipient in common."""
        return any(self._classes_for(record))

    def overlaps(self, record: ConsentRecord) -> bool:
        """Whether one of them gives some recipient the same class for the same use as this one.

        C0 needs no consent, and is left out.
        """
        wanted = record.classes - ROUTING
        return any(not wanted.isdisjoint(classes) for classes in self._classes_for(record))

    def _classes_for(self, record: ConsentRecord) -> Iterator[Collection[DataClass]]:
        for use, name, kind in self._places(record):
            yield self._to_name.get((use, name), ())
            yield self._to_kind.get((use, name), ())
            if kind is not None:
                yield self._to_name.get((use, kind), ())

    def _places(self, record: ConsentRecord) -> Iterator[tuple[str | None, str, str | None]]:
        """Each use of a consent with each of its recipients, and that recipient's kind."""
        uses = (record.purpose, *((SERVING,) if serves(record.purpose, self._flow) else ()))
        for name in record.recipients:
            kind = _kind(name, self._directory)
            for use in uses:
                yield use, name, kind


class Items:
    """Items that a withdrawal names: classes, agencies, kinds of agency."""

    def __init__(self, items: Collection[str], directory: Directory) -> None:
        self._names = frozenset(items)
        self._kinds = {kind for item in items if (kind := _kind(item, directory))}
        self._directory = directory

    def concern(self, record: ConsentRecord) -> bool:
        """Whether one of them is one of the consent's."""
        named = {*record.classes, *record.recipients}
        if not named.isdisjoint(self._names) or not named.isdisjoint(self._kinds):
            return True
        return any(_kind(name, self._directory) in self._names for name in record.recipients)


def _distinct(records: Iterable[ConsentRecord]) -> Iterable[ConsentRecord]:
    return {(r.purpose, r.recipients, r.classes): r for r in records}.values()


def _kind(recipient: str, directory: Directory) -> str | None:
    agency = directory.agency(recipient)
    return agency.kind if agency else None
