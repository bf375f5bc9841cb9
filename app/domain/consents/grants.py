"""What consents give, or what withdrawals took: the classes, by recipient."""

from collections import defaultdict
from collections.abc import Mapping

from app.domain.classes import ROUTING, DataClass
from app.domain.consents.consent import Consent
from app.domain.directory.agencies import Directory

NO_CLASSES: frozenset[DataClass] = frozenset()


class Grants:
    """Classes by recipient: an agency, or a kind of agency. C0 needs no consent, and is left out.

    Its cost grows with the consents and their recipients, each of which is looked at once.
    """

    def __init__(self, directory: Directory) -> None:
        """Begin with nothing."""
        self.directory = directory
        self._classes: defaultdict[str, frozenset[DataClass]] = defaultdict(frozenset)

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self._classes)

    def add_standing(self, consent: Consent) -> None:
        """Add what a consent gives."""
        for recipient in consent.record.recipients:
            if {recipient, self.kind_of(recipient)}.isdisjoint(consent.withdrawn_items):
                self._add(recipient, consent.classes)

    def add_withdrawn(self, consent: Consent) -> None:
        """Add what withdrawals took of a consent."""
        record, items = consent.record, consent.withdrawn_items
        whole = consent.withdrawn_on is not None
        for recipient in record.recipients:
            lost = whole or not {recipient, self.kind_of(recipient)}.isdisjoint(items)
            self._add(recipient, record.classes if lost else record.classes & items)
        for item in items - record.classes:
            if self.kind_of(item) in record.recipients:
                self._add(item, record.classes)  # an agency, of a consent that names its kind

    def classes_for(self, recipient: str) -> frozenset[DataClass]:
        """The classes of an agency or a kind: those of its kind are an agency's too."""
        own = self._classes.get(recipient, NO_CLASSES)
        return own | self._classes.get(self.kind_of(recipient), NO_CLASSES)

    def by_kind_without(self, others: "Grants") -> Mapping[str, frozenset[DataClass]]:
        """By kind of recipient, the classes that the others do not give to the same recipient."""
        left: defaultdict[str, frozenset[DataClass]] = defaultdict(frozenset)
        for recipient, classes in self._classes.items():
            left[self.kind_of(recipient)] |= classes - others.classes_for(recipient)
        return left

    def kind_of(self, recipient: str) -> str:
        """The kind of a recipient, which may be named as a kind itself."""
        agency = self.directory.agency(recipient)
        return agency.kind if agency else recipient

    def _add(self, recipient: str, classes: frozenset[DataClass]) -> None:
        if given := classes - ROUTING:
            self._classes[recipient] |= given
