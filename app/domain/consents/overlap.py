"""Whether two consents give the same: the same use, to some recipient, of some class."""

from collections.abc import Iterable

from app.domain.classes import ROUTING
from app.domain.consents.consent import ConsentRecord, serves
from app.domain.directory.agencies import Directory


def overlaps(flow: str, one: ConsentRecord, other: ConsentRecord, directory: Directory) -> bool:
    """Whether two consents give some recipient the same class for the same use in a flow.

    C0 needs no consent, and is left out.
    """
    shared = (one.classes & other.classes) - ROUTING
    return bool(shared) and is_same_use(flow, one, other, directory)


def is_same_use(flow: str, one: ConsentRecord, other: ConsentRecord, directory: Directory) -> bool:
    """Whether two consents are for the same use in a flow, and for some recipient in common."""
    both_serve = all(serves(each.purpose, flow) for each in (one, other))
    if one.purpose != other.purpose and not both_serve:
        return False
    return any(
        _is_same_recipient(a, b, directory) for a in one.recipients for b in other.recipients
    )


def concerns(record: ConsentRecord, items: Iterable[str], directory: Directory) -> bool:
    """Whether some of these items (classes, agencies, kinds of agency) is one of the consent."""
    return any(
        item in record.classes
        or any(_is_same_recipient(item, r, directory) for r in record.recipients)
        for item in items
    )


def _is_same_recipient(one: str, other: str, directory: Directory) -> bool:
    """Whether two names are those of one agency or kind, or of an agency and of its kind."""
    return one == other or _kind(one, directory) == other or one == _kind(other, directory)


def _kind(recipient: str, directory: Directory) -> str | None:
    agency = directory.agency(recipient)
    return agency.kind if agency else None
