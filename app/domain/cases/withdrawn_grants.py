"""Whether a consent gives again what a withdrawal took."""

from collections.abc import Iterator
from datetime import date

from app.domain.cases.case import Case, Referral
from app.domain.consents.consent import ConsentRecord, serves
from app.domain.consents.grants import NO_CLASSES, Grants
from app.domain.directory.agencies import Directory


def gives_what_was_withdrawn(
    case: Case, referral: Referral, record: ConsentRecord, directory: Directory, on: date
) -> bool:
    """Whether a consent recorded in a referral would give what a withdrawal took.

    That is a class, to a recipient from which a withdrawal took it, or to another one of the same
    kind: what the person takes back from one center is not given to the next without being asked.
    What a consent that counts on that day gives again is not taken any more.
    """
    return any(
        _gives_withdrawn_in(case, each, record, directory, on)
        for each in _with_own_withdrawals(case, referral)
        if serves(record.purpose, each.flow)
    )


def _with_own_withdrawals(case: Case, referral: Referral) -> Iterator[Referral]:
    """The referral, and those below it in which a consent of their own was withdrawn."""
    below = case.with_descendants({referral.id}) - {referral.id}
    withdrawn = {c.referral_id for c in case.consents if c.withdrawn}
    yield referral
    yield from (case.referrals[each] for each in withdrawn & below)


def _gives_withdrawn_in(
    case: Case, referral: Referral, record: ConsentRecord, directory: Directory, on: date
) -> bool:
    """The same, of the consents that bind one referral."""
    bound, flow = case.binding_consents(referral), referral.flow
    binding = [c for c in bound if serves(c.record.purpose, flow)]
    taken = Grants(directory)
    for consent in (c for c in binding if c.withdrawn):
        taken.add_withdrawn(consent)
    if not taken:
        return False
    given = Grants(directory)
    for consent in (c for c in binding if c.valid(on)):
        given.add_standing(consent)
    left = taken.by_kind_without(given)
    return any(
        left.get(taken.kind_of(each), NO_CLASSES) & record.classes - given.classes_for(each)
        for each in record.recipients
    )
