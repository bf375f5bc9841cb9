"""Routing: which agency joins as a party: the one that `to` names, or the only candidate."""

from collections.abc import Mapping

from app.domain.cases.case import Referral
from app.domain.directory.agencies import Agency, Directory
from app.domain.errors import AmbiguousRoute, Invalid
from app.domain.messages.message import Message
from app.domain.state_machine.step import PartyRole, Step
from app.domain.state_machine.table import Flow

MOST_CANDIDATES = 50


def joining_agencies(
    flow: Flow,
    step: Step,
    referral: Referral,
    message: Message,
    sender: Agency,
    directory: Directory,
) -> Mapping[str, Agency]:
    """The agencies that become parties by this step, by party.

    Raises:
        Invalid: `to` names a party that neither joins nor sends, or an agency that cannot.
        AmbiguousRoute: nothing is named, and the jurisdiction does not give exactly one.
    """
    for party, agency_id in message.to.items():
        itself = party in step.by and agency_id == sender.id
        if (
            party not in step.joins
            and not itself
            and not (message.paper_origin and party in step.by)
        ):
            raise Invalid.at(f"/to/{party}", "does_not_join")
    agencies: dict[str, Agency] = {}
    for party in step.joins:
        if _is_already_there(referral, step, message, party):
            continue
        role = flow.parties[party]
        named = message.to.get(party)
        agencies[party] = (
            _named_agency(party, named, role, directory)
            if named
            else _only_candidate(flow, party, role, referral, sender, directory)
        )
        if agencies[party].id == sender.id:
            raise Invalid.at(f"/to/{party}", "already_a_party")
        _check_free(referral, party, agencies[party], step)
    return agencies


def _is_already_there(referral: Referral, step: Step, message: Message, party: str) -> bool:
    current = referral.active(party)
    same = current is not None and message.to.get(party) in {None, current.agency_id}
    return same and party not in step.ends


def _named_agency(party: str, agency_id: str, role: PartyRole, directory: Directory) -> Agency:
    agency = directory.agency(agency_id)
    if agency is None or agency.disabled:
        raise Invalid.at(f"/to/{party}", "unknown_agency")
    if agency.kind not in role.kinds:
        raise Invalid.at(f"/to/{party}", "wrong_kind_of_agency")
    return agency


def _only_candidate(
    flow: Flow,
    party: str,
    role: PartyRole,
    referral: Referral,
    sender: Agency,
    directory: Directory,
) -> Agency:
    taken = {p.agency_id for p in referral.parties if p.active} | {sender.id}
    near = directory.candidates(role.kinds, flow.name, sender)
    candidates = [agency for agency in near if agency.id not in taken]
    if len(candidates) != 1:
        listed = [{"agency_id": a.id, "name": a.name} for a in candidates[:MOST_CANDIDATES]]
        raise AmbiguousRoute(party, listed)
    return candidates[0]


def _check_free(referral: Referral, party: str, agency: Agency, step: Step) -> None:
    """Refuse a second part for one agency: rights of two parties must not add up."""
    for other in referral.parties:
        if other.active and other.agency_id == agency.id:
            raise Invalid.at(f"/to/{party}", "already_a_party")
        if other.active and other.name == party and party not in step.ends:
            raise Invalid.at(f"/to/{party}", "party_is_taken")
