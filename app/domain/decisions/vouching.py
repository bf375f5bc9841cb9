"""Nobody vouches for their own access: claims, and the messages that confirm or refuse them.

A consent that a party records for its own access is a claim, and so is one by which another than
the party that vouches would give what a withdrawal took. It opens nothing until the party that
vouches confirms it: a party of the same referral, or of the parent.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from uuid import UUID

from app.domain.cases.case import NEW, Case, Referral
from app.domain.cases.withdrawals import restored_consents
from app.domain.cases.withdrawn_grants import gives_what_was_withdrawn
from app.domain.consents.consent import Consent, ConsentRecord
from app.domain.decisions.submission import Sender, Submission
from app.domain.directory.agencies import Agency
from app.domain.errors import Invalid
from app.domain.flows import FLOWS
from app.domain.messages.body import Body
from app.domain.state_machine.step import BACK, Step, vouches
from app.domain.state_machine.table import Flow


def is_claim(flow: Flow, step: Step, submission: Submission, sender: Sender) -> bool:
    """Whether the consent that a message records is a claim.

    It is if it names whoever sent it, or keyed it in, and that party receives by consent here or
    in a referral below; and if another than the party that vouches records it while the referral or
    one above it is suspended, whatever other side state lies over that, or if it would give what a
    withdrawal took.
    Paper that opens a case is none: there is nothing in the case but what its keyer typed.
    """
    record = submission.message.body.consent_record()
    if record is None or (sender.keyed_by is not None and _opens_case(step, submission)):
        return False
    case = submission.case
    stopped = _suspended_referrals(submission)
    if not all(is_vouched(case, each, submission, sender) for each in stopped):
        return True
    if _gives_withdrawn(record, submission, sender):
        return True
    return any(
        {agency.id, agency.kind} & set(record.recipients) and _depends(flow, party, agency)
        for party, agency in _recorders(submission, sender)
    )


def _referral_of(submission: Submission) -> Referral | None:
    """The message's referral, or the one that it is opened under."""
    message = submission.message
    return submission.case.referrals.get(message.parent or message.referral_id)


def _suspended_referrals(submission: Submission) -> Iterator[Referral]:
    """Where consent is suspended: the message's referral, or the one it is opened under, and those
    above."""
    referral = _referral_of(submission)
    if referral is not None:
        above = submission.case.ancestors(referral)
        yield from (r for r in (referral, *above) if r.suspended)


def _gives_withdrawn(record: ConsentRecord, submission: Submission, sender: Sender) -> bool:
    """Whether a consent would give what a withdrawal took, unvouched.

    Consents are compared that the recorder may not know of: the withdrawal is the person's.
    """
    case, referral = submission.case, _referral_of(submission)
    if referral is None or is_vouched(case, referral, submission, sender):
        return False
    today = submission.at.date()
    return gives_what_was_withdrawn(case, referral, record, submission.directory, today)


def is_vouched(case: Case, referral: Referral, submission: Submission, sender: Sender) -> bool:
    """Whether what a message records for a referral needs nobody to confirm it.

    Its sender has the part that vouches, there or in the nearest referral above where one does.
    Who keys in that party's paper is a decider, and has a scan of it.
    """
    above = vouching_referral(case, referral)
    part = above.active(FLOWS[above.flow].vouching or "") if above is not None else None
    paper = submission.message.paper_origin
    seen = paper is None or (submission.caller.decides and paper.scan_sha256 is not None)
    return seen and part is not None and part.agency_id == sender.agency.id


def check_paper(flow: Flow, step: Step, submission: Submission, sender: Sender) -> None:
    """Refuse paper that gives its keyer access.

    A decider's step needs a scan, and so does an opening that makes the keyer a party by consent,
    and what only a decider keys in.

    Raises:
        Invalid: with a pointer to what is wrong.
    """
    paper = submission.message.paper_origin
    if paper is None or sender.keyed_by is None:
        return
    joins = step.state == NEW and flow.parties[sender.keyed_by].by_consent
    weighs = step.decides or step.type in flow.guarded_on_paper
    if (weighs or joins) and paper.scan_sha256 is None:
        raise Invalid.at("/paper_origin/scan_sha256", "required")
    keyer = submission.directory.agency(submission.caller.agency_id)
    if keyer is None or not _depends(flow, sender.keyed_by, keyer):
        return
    resumes = any(_suspended_referrals(submission)) and step.to == BACK
    joins_other = joins and not _opens_case(step, submission)
    if resumes or joins_other or vouches(step.body):
        raise Invalid.at("/paper_origin", "own_access")


def _opens_case(step: Step, submission: Submission) -> bool:
    """Whether a message opens a case of its own, and no referral below another."""
    return step.state == NEW and submission.message.parent is None


def vouched_consents(
    case: Case, referral: Referral, submission: Submission, sender: Sender
) -> Case:
    """The case after a message that confirms or refuses claims, or takes back a withdrawal.

    Nobody confirms what it recorded itself, in whichever part, nor what was recorded by whoever
    had its part before.

    Raises:
        Invalid: what it names is not there, or is not what it says.
    """
    claims = {c.record.id: c for c in case.consents if c.claimed and c.withdrawn_on is None}
    below = case.with_descendants({referral.id})
    claims = {i: c for i, c in claims.items() if c.referral_id in below}
    body = submission.message.body
    _check_claims(referral, body, claims)
    own = {p.agency_id for p in referral.parties if p.name == sender.name}
    own |= {sender.agency.id, submission.caller.agency_id}
    if any(claims[confirmed].recorded_by in own for confirmed in body.consents_confirmed()):
        raise Invalid.at("/body/consent_id", "own_claim")
    changed = dict(_changed_consents(case, referral, submission, claims))
    recorded = {c.record.id: c for c in case.consents}
    for restored in restored_consents(case, body.consents_restored(), submission.directory):
        changed[restored] = recorded[restored].restore()
    return replace(case, consents=tuple(changed.get(c.record.id, c) for c in case.consents))


def confirmed_below(case: Case, referral: Referral, body: Body) -> Iterator[Referral]:
    """The referrals below this one in which a claim was recorded that the message confirms."""
    confirmed = body.consents_confirmed()
    for consent in case.consents if confirmed else ():
        if consent.record.id in confirmed and consent.referral_id != referral.id:
            yield case.referrals[consent.referral_id]


def consent_report(consent: Consent) -> Mapping[str, object]:
    """What the party that vouches is told of a consent, or a claim, in a referral below."""
    record = consent.record
    return {
        "consent_id": record.id,
        "purpose": record.purpose,
        "recipients": record.recipients,
        "item_classes": tuple(sorted(record.classes)),
        "valid_from": record.valid_from,
        "valid_until": record.valid_until,
    }


def vouching_referral(case: Case, referral: Referral) -> Referral | None:
    """The nearest referral, from this one up, in which a party vouches for consents."""
    chain = (referral, *case.ancestors(referral))
    return next((r for r in chain if FLOWS[r.flow].vouching is not None), None)


def _recorders(submission: Submission, sender: Sender) -> Iterator[tuple[str, Agency]]:
    yield sender.name, sender.agency
    keyer = submission.directory.agency(submission.caller.agency_id)
    if sender.keyed_by is not None and keyer is not None:
        yield sender.keyed_by, keyer


def _depends(flow: Flow, party: str, agency: Agency) -> bool:
    """Whether a party receives by consent in this flow, or could in a referral below."""
    return flow.parties[party].by_consent or agency.kind in _dependent_kinds_below(flow.name)


@cache
def _dependent_kinds_below(flow_name: str) -> frozenset[str]:
    """The kinds of agency that receive by consent in the flows that can join this one."""
    taken = {step.type.partition(".")[2] for step in FLOWS[flow_name].steps}
    below = (
        flow
        for flow in FLOWS.values()
        if flow.joins_parent
        and any(s.state == NEW and s.reports and s.reports.event in taken for s in flow.steps)
    )
    roles = [role for flow in below for role in flow.parties.values() if role.by_consent]
    return frozenset[str]().union(*(role.kinds for role in roles))


def _check_claims(referral: Referral, body: Body, claims: Mapping[UUID, Consent]) -> None:
    for wanted in body.consents_confirmed() | body.consents_refused():
        claim = claims.get(wanted)
        if claim is None:
            raise Invalid.at("/body/consent_id", "unknown_claim")
        above = referral.suspended and claim.referral_id != referral.id
        if above and body.consents_confirmed():
            # It would resume this referral for a consent that does not bind it.
            raise Invalid.at("/body/consent_id", "suspended_above")


def _changed_consents(
    case: Case,
    referral: Referral,
    submission: Submission,
    claims: Mapping[UUID, Consent],
) -> Iterator[tuple[UUID, Consent]]:
    body, on, by = submission.message.body, submission.at.date(), submission.message.id
    for confirmed in body.consents_confirmed():
        yield confirmed, replace(claims[confirmed], claimed=False)
    for refused in body.consents_refused():
        yield refused, replace(claims[refused], withdrawn_on=on, withdrawn_by=by)
    known = {c.record.id: c for c in case.known_consents(referral)}
    for restored in body.consents_restored():
        if restored not in known:
            raise Invalid.at("/body/consent_ids", "unknown_consent")
        if not known[restored].withdrawn:
            raise Invalid.at("/body/consent_ids", "not_withdrawn")
