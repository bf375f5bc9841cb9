"""From the step that was taken to all that it brings about in the case."""

from dataclasses import replace
from uuid import UUID

from app.domain.actions import actions
from app.domain.call import Call, Sender
from app.domain.case import Case, Referral
from app.domain.consent import Consent
from app.domain.consequences import follow_up, report
from app.domain.decision import Decision, Move
from app.domain.errors import IllegalMove, Invalid
from app.domain.flow import Flow, Step
from app.domain.references import share


def concluded(
    flow: Flow, step: Step, call: Call, case: Case, move: Move, sender: Sender
) -> Decision:
    """The decision: the step, its report to the parent, and what reaches other referrals.

    Raises:
        Invalid: a consent is recorded twice, or one is withdrawn that does not bind the referral.
        IllegalMove: the parent does not take what the step must report.
    """
    recorded, withdrawn = _recorded(call, move.referral), _withdrawn(call, move.referral)
    case = _with_consents(case, recorded, withdrawn, call)
    case, moves = _reported(flow, step, case, move, call)
    reached = withdrawn
    for caused in moves:
        case, more = follow_up(case, caused, reached, call.directory, call.at)
        moves, reached = (*moves, *more), frozenset()
    case, shared, move = share(case, flow, call.message, move, call.caller)
    final = case.referrals[move.referral.id]
    return Decision(
        case=case,
        moves=(move, *moves[1:]),
        sender=final.party_of(sender.agency.id),
        keyed_by=final.party_of(call.caller.agency_id) if sender.keyed_by else None,
        shared=shared,
        recorded=recorded,
        withdrawn=withdrawn,
        erases=step.erases,
    )


def _recorded(call: Call, referral: Referral) -> Consent | None:
    record = call.message.body.consent_record()
    if record is None:
        return None
    if any(c.record.id == record.id for c in call.case.consents):
        raise Invalid.at("/body/consent_id", "already_recorded")
    return Consent(record, referral.id)


def _withdrawn(call: Call, referral: Referral) -> frozenset[UUID]:
    """The consents that end with this message. None named means all that bind the referral."""
    asked = call.message.body.consents_withdrawn()
    if asked is None:
        return frozenset()
    binding = {c.record.id for c in call.case.with_referral(referral).binding(referral)}
    if not asked <= binding:
        raise Invalid.at("/body/consent_ids", "unknown_consent")
    return asked or frozenset(binding)


def _with_consents(
    case: Case, recorded: Consent | None, withdrawn: frozenset[UUID], call: Call
) -> Case:
    if recorded is None and not withdrawn:
        return case
    on = call.at.date()
    kept = tuple(c.withdrawn(on) if c.record.id in withdrawn else c for c in case.consents)
    return replace(case, consents=(*kept, recorded) if recorded else kept)


def _reported(
    flow: Flow, step: Step, case: Case, move: Move, call: Call
) -> tuple[Case, tuple[Move, ...]]:
    if step.reports is None:
        return case, (move,)
    reported = report(case, move.referral, step.reports, call.directory, call.at)
    if reported is not None:
        return reported[0], (move, reported[1])
    if step.reports.brings:
        standing = call.case.referrals[move.referral.id]
        party = standing.party_of(call.caller.agency_id)
        raise IllegalMove(party.view.state, actions(flow, party))
    return case, (move,)
