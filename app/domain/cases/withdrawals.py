"""What a withdrawal takes with it in the referrals below, and what comes back when it is retracted.

Whoever withdraws, or retracts, in a referral may know nothing of the consents of its children. So
what is said of a consent holds for those below it that give the same.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from uuid import UUID

from app.domain.cases.case import Case
from app.domain.consents.consent import Consent
from app.domain.consents.overlap import Given, Items
from app.domain.directory.agencies import Directory


def withdrawn_below(
    case: Case, named: Collection[Consent], items: Collection[str], directory: Directory
) -> Iterator[Consent]:
    """The consents that fall with these: recorded below one of them, and giving some of the same.

    Args:
        named: what a withdrawal names.
        items: what it takes of each; empty for the whole.
    """
    chosen = Items(items, directory)
    for referral_id, consents in _by_referral(case.consents).items():
        given = _given_above(case, referral_id, named, directory)
        for consent in consents if given else ():
            taken = not items or chosen.concern(consent.record)
            if consent.withdrawn_on is None and taken and given.overlaps(consent.record):
                yield consent


def restored_consents(case: Case, named: frozenset[UUID], directory: Directory) -> frozenset[UUID]:
    """The consents whose last withdrawal is taken back if that of the named ones is.

    Those below that the same withdrawal took come back too, unless a consent above gives some of
    the same that it took and that is not named.
    """
    if not named:
        return named
    by_withdrawal: dict[UUID, list[Consent]] = defaultdict(list)
    for consent in case.consents:
        if consent.withdrawn_by is not None:
            by_withdrawal[consent.withdrawn_by].append(consent)
    returning = (_coming_back(case, fell, named, directory) for fell in by_withdrawal.values())
    return named.union(*returning)


def _coming_back(
    case: Case, fell: Collection[Consent], named: frozenset[UUID], directory: Directory
) -> Iterator[UUID]:
    """Those of the consents which one withdrawal took that come back with the named ones."""
    chosen = [c for c in fell if c.record.id in named]
    others = [c for c in fell if c.record.id not in named]
    for referral_id, consents in _by_referral(others).items() if chosen else ():
        returned = _given_above(case, referral_id, chosen, directory)
        staying = _given_above(case, referral_id, others, directory)
        for consent in consents if returned else ():
            if not staying or (
                returned.overlaps(consent.record) and not staying.overlaps(consent.record)
            ):
                yield consent.record.id


def _by_referral(consents: Iterable[Consent]) -> Mapping[UUID, list[Consent]]:
    grouped: dict[UUID, list[Consent]] = defaultdict(list)
    for consent in consents:
        grouped[consent.referral_id].append(consent)
    return grouped


def _given_above(
    case: Case, referral_id: UUID, consents: Iterable[Consent], directory: Directory
) -> Given:
    """What those of these consents give in a referral that were recorded above it."""
    referral = case.referrals[referral_id]
    above = {each.id for each in case.ancestors(referral)}
    records = (c.record for c in consents if c.referral_id in above)
    return Given(referral.flow, records, directory)
