"""What a withdrawal takes with it in the referrals below, and what comes back when it is retracted.

Whoever withdraws, or retracts, in a referral may know nothing of the consents of its children. So
what is said of a consent holds for those below it that give the same.
"""

from collections.abc import Collection, Iterator
from uuid import UUID

from app.domain.cases.case import Case
from app.domain.consents.consent import Consent
from app.domain.consents.overlap import concerns, overlaps
from app.domain.directory.agencies import Directory


def withdrawn_below(
    case: Case, named: Collection[Consent], items: Collection[str], directory: Directory
) -> Iterator[Consent]:
    """The consents that fall with these: recorded below one of them, and giving some of the same.

    Args:
        named: what a withdrawal names.
        items: what it takes of each; empty for the whole.
    """
    for consent in case.consents:
        taken = not items or concerns(consent.record, items, directory)
        stands = consent.withdrawn_on is None
        above = (c for c in named if _is_below(case, consent, c))
        if stands and taken and any(_gives_same(case, consent, c, directory) for c in above):
            yield consent


def restored_consents(case: Case, named: frozenset[UUID], directory: Directory) -> frozenset[UUID]:
    """The consents whose last withdrawal is taken back if that of the named ones is.

    Those below that the same withdrawal took come back too, unless a consent above gives some of
    the same that it took and that is not named.
    """
    chosen = [c for c in case.consents if c.record.id in named]
    below = (c for c in case.consents if c.record.id not in named)
    return named | {c.record.id for c in below if _comes_back(case, c, chosen, directory)}


def _comes_back(
    case: Case, consent: Consent, chosen: Collection[Consent], directory: Directory
) -> bool:
    taken_above = [
        c
        for c in case.consents
        if c.withdrawn_by == consent.withdrawn_by is not None and _is_below(case, consent, c)
    ]
    named = [c for c in taken_above if c in chosen]
    staying = [c for c in taken_above if c not in chosen]
    if not named or any(_gives_same(case, consent, c, directory) for c in staying):
        return False
    return not staying or any(_gives_same(case, consent, c, directory) for c in named)


def _gives_same(case: Case, consent: Consent, above: Consent, directory: Directory) -> bool:
    flow = case.referrals[consent.referral_id].flow
    return overlaps(flow, consent.record, above.record, directory)


def _is_below(case: Case, consent: Consent, above: Consent) -> bool:
    """Whether a consent was recorded in a referral below that of another one."""
    ancestors = case.ancestors(case.referrals[consent.referral_id])
    return above.referral_id in {referral.id for referral in ancestors}
