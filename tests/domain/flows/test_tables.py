"""The agreed tables, written down a second time by hand, against the tables in the code.

A row: event | from | to | by | copies | effects. In `by`, D is a decider's seat. `x:C0` is told C0
only, `parties` is everybody else, `named` whoever the consent names. `=` stays, `<` goes back.
"""

# ruff: noqa: E501 -- a row of a table is one line

from dataclasses import dataclass

import pytest

from app.domain.cases.case import CLOSED, NEW
from app.domain.classes import DataClass
from app.domain.flows import BODIES, FLOWS, flow_named
from app.domain.state_machine.step import NAMED, OTHERS, Step, parse_copy
from app.domain.state_machine.table import Flow

SPECIAL = """
notify_candidate | new | candidate_notified | institution D | probation_office | joins probation_office
start_selection | candidate_notified | under_selection | probation_office | institution
select_special | under_selection | selected_special | probation_office D | institution
select_general | under_selection | selected_general | probation_office D | institution
not_select | under_selection | closed | probation_office D | institution
request_cooperation | selected_special selected_general | requested | probation_office D | center institution:C0 | joins center
query | requested | query_pending | center | probation_office
answer_query | query_pending | requested | probation_office | center
accept | requested | accepted | center D | probation_office institution:C0 | lead center
return_request | requested query_pending | return_pending | center D | probation_office
confirm_return | return_pending | closed | probation_office D | center institution:C0
insist | return_pending | requested | probation_office D | center
withdraw_request | requested query_pending | closed | probation_office D | center institution:C0
interview | accepted assessing | assessing | center | probation_office:C0
draft_plan | assessing plan_drafted plan_agreed | plan_drafted | center |
agree_plan | plan_drafted | plan_agreed | center | probation_office institution:C0
start_seeking | plan_agreed | seeking_placement | center | probation_office:C0
agree_placement | seeking_placement | placement_agreed | center | probation_office institution:C0
lose_placement | placement_agreed release_ready | seeking_placement | center | probation_office institution:C0
prepare_release | placement_agreed | release_ready | center | probation_office institution
released | running | = | institution | parties
released | suspended_consent | = | institution | probation_office center:C0
settle | placement_agreed release_ready | settled | center | probation_office
transfer_institution | running | = | institution D | parties | joins institution, ends institution
transfer_institution | suspended_consent | = | institution D | probation_office center:C0 | joins institution, ends institution
transfer_office | running | = | probation_office D | parties | joins probation_office, ends probation_office, added
transfer_office | suspended_consent | = | probation_office D | institution center:C0 | joins probation_office, ends probation_office, added
regional_requested | assessing plan_drafted plan_agreed seeking_placement | regional_pending | sys | probation_office:C0 institution:C0 center:C0
regional_returned | regional_pending | assessing | sys | probation_office:C0 institution:C0 center:C0
regional_transferred | regional_pending | seeking_placement | sys | probation_office institution:C0 center:C0 | joins center, ends center, lead center

record_consent | before_center | = | institution center | named probation_office
record_consent | before_center | = | probation_office | named
record_consent | with_center | = | institution | named probation_office center:C0
record_consent | with_center | = | center | named probation_office
record_consent | with_center | = | probation_office | named center:C0
withdraw_consent | running | suspended_consent | probation_office | parties
withdraw_consent | running | suspended_consent | institution center D | parties
withdraw_consent | suspended_consent | = | probation_office | suspended
withdraw_consent | closed | = | probation_office | suspended | added
withdraw_consent | suspended_consent | = | institution center D | suspended
withdraw_consent | closed | = | institution center D | suspended | added
renew_consent | suspended_consent | < | probation_office D | named suspended
renew_consent | suspended_consent | = | institution center | named suspended
confirm_consent | running | = | probation_office D | parties | added
confirm_consent | suspended_consent | < | probation_office D | suspended | added
refuse_consent | running | = | probation_office D | parties | added
refuse_consent | suspended_consent | = | probation_office D | suspended | added
retract_withdrawal | running | = | probation_office D | parties | added
retract_withdrawal | suspended_consent | < | probation_office D | suspended | added
retract_withdrawal | closed | = | probation_office D | suspended | added
confirm_withdrawal | suspended_consent | closed | probation_office D | suspended
decline | running-death_reported | decline_pending | probation_office | parties
decline | running-death_reported | decline_pending | institution center D | parties
decline | suspended_consent | decline_pending | probation_office | suspended
decline | suspended_consent | decline_pending | institution center D | suspended
confirm_decline | decline_pending | closed | probation_office D | parties
retract_decline | decline_pending | < | any D | parties
change_custody | running | = | institution probation_office | parties
change_custody | suspended_consent | = | institution probation_office | suspended
die | running-death_reported | death_reported | probation_office | parties
die | running-death_reported | death_reported | institution center D | parties
die | suspended_consent | death_reported | probation_office | suspended
die | suspended_consent | death_reported | institution center D | suspended
confirm_death | death_reported | closed | probation_office D | parties | added
retract_death | death_reported | < | any D | parties | added
close | running | closed | probation_office D | parties
close | running-settled-death_reported | closed | center D | parties
close | settled | closed | center D | probation_office institution:C0
close | suspended_consent | closed | probation_office center D | suspended
reopen | closed | < | probation_office D | parties | added
consent_suspended | running | suspended_consent | sys | parties | added
consent_resumed | suspended_consent | < | sys | parties | added
consent_claimed | open | = | sys | probation_office:C0 | added
consent_recorded | open | = | sys | probation_office:C0 | added
exit_claimed | open closed | = | sys | parties | added
"""

SUSPECT = """
consult | new | consulted | prosecutor | probation_office | joins probation_office
consult | new | consulted | probation_office |
answer_consultation | consulted | = | probation_office | prosecutor
explain | consulted | explained | prosecutor | probation_office
explain | consulted | explained | probation_office | prosecutor
consent | explained | consented | prosecutor | probation_office
consent | explained | consented | probation_office | prosecutor:C0
refuse | explained | closed | prosecutor D | probation_office:C0 | erases
refuse | explained | closed | probation_office D | prosecutor:C0 | erases
ask_opinion | consented | opinion_pending | probation_office D | prosecutor | joins prosecutor
start_for_defendant | consented | adjusting | probation_office D | prosecutor:C0
no_objection | opinion_pending | adjusting | prosecutor D | probation_office
object | opinion_pending | objection_stop | prosecutor D | probation_office
change_opinion | objection_stop | adjusting | prosecutor D | probation_office
request_center | adjusting | center_requested | probation_office D | center | joins center
query | center_requested | query_pending | center | probation_office
answer_query | query_pending | center_requested | probation_office | center
accept | center_requested | center_accepted | center D | probation_office prosecutor:C0 | lead center
decline_capacity | center_requested query_pending | adjusting | center D | probation_office informed:C0 | ends center, lead -
report_contact_ban | center_accepted visiting | contact_ban_hold | probation_office | center
report_contact_ban | center_accepted visiting | contact_ban_hold | center | probation_office
lift_contact_ban | contact_ban_hold | < | probation_office | center
lift_contact_ban | contact_ban_hold | < | center | probation_office
visit | center_accepted visiting | visiting | center | probation_office:C0
draft_provisional | visiting provisional_plan | provisional_plan | center | probation_office
report_readiness | provisional_plan | disposition_wait | center | probation_office prosecutor:C0
release_disposition | held | released | prosecutor D | probation_office center
release_disposition | held | released | probation_office D | center prosecutor:C0
indict | held | defendant_stage | prosecutor D | probation_office center
indict | held | defendant_stage | probation_office D | center prosecutor:C0
bail | defendant_stage | released | probation_office D | center
bail | defendant_stage | released | center D | probation_office
verdict_release | defendant_stage | released | probation_office D | center
verdict_release | defendant_stage | released | center D | probation_office
verdict_imprisonment | defendant_stage | closed | probation_office D | center prosecutor:C0
apply_relief | released | relief_applied | probation_office | center
approve_relief | relief_applied | priority_support | probation_office D | center
reject_relief | relief_applied | community_support | probation_office D | center
extend_relief | priority_support | = | probation_office D | center
end_relief | priority_support | community_support | probation_office D | center
skip_relief | released | community_support | center D | probation_office:C0

record_consent | open | = | prosecutor center | named probation_office
record_consent | open | = | probation_office | named
withdraw_consent | running | suspended_consent | probation_office | parties
withdraw_consent | running | suspended_consent | prosecutor center D | parties
withdraw_consent | suspended_consent | = | probation_office | suspended
withdraw_consent | closed | = | probation_office | suspended | added
withdraw_consent | suspended_consent | = | prosecutor center D | suspended
withdraw_consent | closed | = | prosecutor center D | suspended | added
withdraw_consent | objection_stop | suspended_consent | probation_office | parties | added
withdraw_consent | objection_stop | suspended_consent | prosecutor center D | parties | added
record_consent | objection_stop | = | prosecutor center | named probation_office | added
record_consent | objection_stop | = | probation_office | named | added
change_custody | objection_stop | = | prosecutor probation_office | parties | added
confirm_consent | objection_stop | = | probation_office D | parties | added
refuse_consent | objection_stop | = | probation_office D | parties | added
retract_withdrawal | objection_stop | = | probation_office D | parties | added
decline | objection_stop | decline_pending | probation_office | parties | added
decline | objection_stop | decline_pending | prosecutor center D | parties | added
renew_consent | suspended_consent | < | probation_office D | named suspended
renew_consent | suspended_consent | = | prosecutor center | named suspended
confirm_consent | running | = | probation_office D | parties | added
confirm_consent | suspended_consent | < | probation_office D | suspended | added
refuse_consent | running | = | probation_office D | parties | added
refuse_consent | suspended_consent | = | probation_office D | suspended | added
retract_withdrawal | running | = | probation_office D | parties | added
retract_withdrawal | suspended_consent | < | probation_office D | suspended | added
retract_withdrawal | closed | = | probation_office D | suspended | added
confirm_withdrawal | suspended_consent | closed | probation_office D | suspended
decline | running-death_reported | decline_pending | probation_office | parties
decline | running-death_reported | decline_pending | prosecutor center D | parties
decline | suspended_consent | decline_pending | probation_office | suspended
decline | suspended_consent | decline_pending | prosecutor center D | suspended
confirm_decline | decline_pending | closed | probation_office D | parties
retract_decline | decline_pending | < | any D | parties
change_custody | running | = | prosecutor probation_office | parties
change_custody | suspended_consent | = | prosecutor probation_office | suspended
die | running-death_reported objection_stop | death_reported | probation_office | parties
die | running-death_reported objection_stop | death_reported | prosecutor center D | parties
die | suspended_consent | death_reported | probation_office | suspended
die | suspended_consent | death_reported | prosecutor center D | suspended
confirm_death | death_reported | closed | probation_office D | parties | added
retract_death | death_reported | < | any D | parties | added
close | running objection_stop | closed | probation_office D | parties
close | running-community_support-death_reported | closed | center D | parties
close | community_support | closed | center D | probation_office:C0 prosecutor:C0
close | suspended_consent | closed | probation_office center D | suspended
reopen | closed | < | probation_office D | parties | added
consent_suspended | running objection_stop | suspended_consent | sys | parties | added
consent_resumed | suspended_consent | < | sys | parties | added
exit_claimed | open closed objection_stop | = | sys | parties | added
"""

DEFENCE = """
inquire | new | inquired | counsel | center | joins center
query | inquired | query_pending | center | counsel
answer_query | query_pending | inquired | counsel | center
accept | inquired | accepted | center D | counsel | lead center
decline_request | inquired | closed | center D | counsel
visit | accepted visiting | visiting | center | counsel:C0
share_plan | visiting plan_shared | plan_shared | center | counsel
share_plan | visiting plan_shared | plan_shared | counsel | center
give_leave | accepted visiting plan_shared | = | counsel | center | added
ask_probation | accepted visiting plan_shared | = | center D | probation_office counsel | joins probation_office
report_outcome | accepted visiting plan_shared | community_support | counsel D | center

record_consent | open | = | counsel | named center
record_consent | open | = | center | named counsel
record_consent | open | = | probation_office | named center counsel
withdraw_consent | running | suspended_consent | center | parties
withdraw_consent | running | suspended_consent | counsel probation_office D | parties
withdraw_consent | suspended_consent | = | center | suspended
withdraw_consent | closed | = | center | suspended | added
withdraw_consent | suspended_consent | = | counsel probation_office D | suspended
withdraw_consent | closed | = | counsel probation_office D | suspended | added
renew_consent | suspended_consent | < | counsel D | named suspended
renew_consent | suspended_consent | = | center probation_office | named suspended
confirm_consent | running | = | counsel D | parties | added
confirm_consent | suspended_consent | < | counsel D | suspended | added
refuse_consent | running | = | counsel D | parties | added
refuse_consent | suspended_consent | = | counsel D | suspended | added
retract_withdrawal | running | = | counsel D | parties | added
retract_withdrawal | suspended_consent | < | counsel D | suspended | added
retract_withdrawal | closed | = | counsel D | suspended | added
confirm_withdrawal | suspended_consent | closed | center D | suspended
decline | running-death_reported | decline_pending | center | parties
decline | running-death_reported | decline_pending | counsel probation_office D | parties
decline | suspended_consent | decline_pending | center | suspended
decline | suspended_consent | decline_pending | counsel probation_office D | suspended
confirm_decline | decline_pending | closed | center D | parties
retract_decline | decline_pending | < | any D | parties
change_custody | running | = | counsel probation_office | parties
change_custody | suspended_consent | = | counsel probation_office | suspended
die | running-death_reported | death_reported | center | parties
die | running-death_reported | death_reported | counsel probation_office D | parties
die | suspended_consent | death_reported | center | suspended
die | suspended_consent | death_reported | counsel probation_office D | suspended
confirm_death | death_reported | closed | center D | parties | added
retract_death | death_reported | < | any D | parties | added
close | running-community_support | closed | center D | parties
close | community_support | closed | center D | counsel probation_office:C0
close | suspended_consent | closed | center D | suspended
reopen | closed | < | center D | parties | added
consent_suspended | running | suspended_consent | sys | parties | added
consent_resumed | suspended_consent | < | sys | parties | added
exit_claimed | open closed | = | sys | parties | added
"""

REGIONAL = """
request | new | requested | origin_center D | destination_center | joins destination_center, reports regional_requested
acknowledge | requested | acknowledged | destination_center | origin_center
query | acknowledged | clarifying | destination_center | origin_center
answer_query | clarifying | acknowledged | origin_center | destination_center
accept | acknowledged | accepted | destination_center D | origin_center
decline_request | requested acknowledged clarifying | closed | destination_center D | origin_center | reports regional_returned
assign_tasks | accepted joint_assessing | joint_assessing | origin_center | destination_center
assign_tasks | accepted joint_assessing | joint_assessing | destination_center | origin_center
interview | accepted joint_assessing | joint_assessing | origin_center | destination_center
interview | accepted joint_assessing | joint_assessing | destination_center | origin_center
start_seeking | joint_assessing | placement_seeking | destination_center | origin_center:C0
find_placement | placement_seeking | placement_found | destination_center | origin_center
lose_placement | placement_found | placement_seeking | destination_center | origin_center
offer_transfer | accepted joint_assessing placement_seeking placement_found | transfer_offered | origin_center D | destination_center
accept_transfer | transfer_offered | lead_transferred | destination_center D | origin_center | lead destination_center, reports regional_transferred
refuse_transfer | transfer_offered | < | destination_center D | origin_center
return_case | before | closed | destination_center D | origin_center | reports regional_returned
withdraw | before | closed | origin_center D | destination_center | reports regional_returned
complete | lead_transferred | closed | destination_center D | origin_center:C0
parent_closed | before lead_transferred suspended_consent decline_pending death_reported held_by_parent | closed | sys | parties | added

record_consent | open | = | origin_center | named
record_consent | before | = | destination_center | named origin_center
record_consent | lead_transferred | = | destination_center | named
record_consent | suspended_consent decline_pending death_reported | = | destination_center | named origin_center:C0
withdraw_consent | running | suspended_consent | lead | parties
withdraw_consent | running | suspended_consent | origin_center destination_center D | parties
withdraw_consent | suspended_consent | = | lead | suspended
withdraw_consent | closed | = | lead | suspended | added
withdraw_consent | suspended_consent | = | origin_center destination_center D | suspended
withdraw_consent | closed | = | origin_center destination_center D | suspended | added
renew_consent | suspended_consent | = | origin_center destination_center | named suspended
confirm_withdrawal | suspended_consent | closed | lead D | suspended | reports regional_returned
decline | running-death_reported | decline_pending | lead | parties
decline | running-death_reported | decline_pending | origin_center destination_center D | parties
decline | suspended_consent | decline_pending | lead | suspended
decline | suspended_consent | decline_pending | origin_center destination_center D | suspended
confirm_decline | decline_pending | closed | lead D | parties | reports regional_returned
retract_decline | decline_pending | < | any D | parties
change_custody | running | = | lead | parties | added
change_custody | suspended_consent | = | lead | suspended | added
die | running-death_reported | death_reported | lead | parties
die | running-death_reported | death_reported | origin_center destination_center D | parties
die | suspended_consent | death_reported | lead | suspended
die | suspended_consent | death_reported | origin_center destination_center D | suspended
confirm_death | death_reported | closed | lead D | parties | reports regional_returned, added
retract_death | death_reported | < | any D | parties | added
close | running | closed | lead D | parties | reports regional_returned
close | suspended_consent | closed | lead D | suspended | reports regional_returned
reopen | closed | < | lead D | parties | reports regional_requested, added
consent_suspended | running | suspended_consent | sys | parties | added
consent_resumed | suspended_consent | < | sys | parties | added
exit_claimed | open closed held_by_parent | = | sys | parties | added
withdraw_consent | held_by_parent | suspended_consent | lead | parties
withdraw_consent | held_by_parent | suspended_consent | origin_center destination_center D | parties
consent_suspended | held_by_parent | suspended_consent | sys | parties | added
parent_held | open | held_by_parent | sys | parties | added
parent_resumed | held_by_parent | < | sys | parties | added
consent_confirmed | running held_by_parent | = | sys | parties | added
consent_confirmed | suspended_consent | < | sys | parties | added
"""


@dataclass(frozen=True)
class Agreed:
    """What was agreed of a flow: its states, its parties with their classes, its table."""

    states: str
    stopped: str
    parties: dict[str, str]
    by_consent: frozenset[str]
    side: frozenset[str]
    groups: dict[str, str]
    table: str


VOUCHING = frozenset({"confirm_consent", "refuse_consent", "retract_withdrawal"})
SERVICE = frozenset(
    {
        "consent_suspended",
        "consent_resumed",
        "exit_claimed",
        "withdraw_consent",
        "confirm_death",
        "retract_death",
        "reopen",
    }
)
SIDES = frozenset({"suspended_consent", "decline_pending", "death_reported"})
AGREED = {
    "special_adjustment": Agreed(
        states="candidate_notified under_selection selected_special selected_general requested "
        "query_pending return_pending accepted assessing regional_pending plan_drafted plan_agreed "
        "seeking_placement placement_agreed release_ready settled decline_pending death_reported",
        stopped="",
        parties={
            "institution": "C0 C1 C2 C3 C4",
            "probation_office": "C0 C1 C2 C3 C4 C5 C6 C7",
            "center": "C0 C1 C2 C3 C4 C5 C6 C7",
        },
        by_consent=frozenset({"center"}),
        side=SIDES,
        groups={
            "before_center": "candidate_notified under_selection selected_special selected_general",
            "with_center": "requested query_pending return_pending accepted assessing "
            "regional_pending plan_drafted plan_agreed seeking_placement placement_agreed "
            "release_ready settled suspended_consent decline_pending death_reported",
        },
        table=SPECIAL,
    ),
    "suspect_support": Agreed(
        states="consulted explained consented opinion_pending adjusting center_requested "
        "query_pending center_accepted contact_ban_hold visiting provisional_plan disposition_wait "
        "released defendant_stage relief_applied priority_support community_support decline_pending death_reported",
        stopped="objection_stop",
        parties={
            "prosecutor": "C0 C1",
            "probation_office": "C0 C1 C2 C3 C4 C5 C6 C7",
            "center": "C0 C1 C2 C3 C4 C5 C6 C7",
        },
        by_consent=frozenset({"center"}),
        side=SIDES | {"contact_ban_hold"},
        groups={
            "held": "consented opinion_pending objection_stop adjusting center_requested "
            "query_pending center_accepted contact_ban_hold visiting provisional_plan "
            "disposition_wait"
        },
        table=SUSPECT,
    ),
    "defence_support": Agreed(
        states="inquired query_pending accepted visiting plan_shared community_support "
        "decline_pending death_reported",
        stopped="",
        parties={
            "counsel": "C0 C1 C2 C3 C5 C7 C8",
            "center": "C0 C1 C2 C3 C4 C5 C6 C7 C8",
            "probation_office": "C0 C1 C2",
        },
        by_consent=frozenset({"center", "probation_office"}),
        side=SIDES,
        groups={},
        table=DEFENCE,
    ),
    "regional_coordination": Agreed(
        states="requested acknowledged clarifying accepted joint_assessing placement_seeking "
        "placement_found transfer_offered lead_transferred decline_pending death_reported",
        stopped="held_by_parent",
        parties={
            "origin_center": "C0 C1 C2 C3 C4 C5 C6 C7",
            "destination_center": "C0 C1 C2 C3 C4 C5 C6 C7",
        },
        by_consent=frozenset({"origin_center", "destination_center"}),
        side=SIDES | {"transfer_offered", "held_by_parent"},
        groups={
            "before": "requested acknowledged clarifying accepted joint_assessing "
            "placement_seeking placement_found transfer_offered"
        },
        table=REGIONAL,
    ),
}

Told = frozenset[tuple[str, bool]]
Outcome = tuple[str, Told, frozenset[str]]
Key = tuple[str, str, str]


def written_out(flow: str) -> dict[Key, tuple[bool, Outcome]]:
    """The agreed table, one entry for each state, event and party."""
    agreed = AGREED[flow]
    found: dict[Key, tuple[bool, Outcome]] = {}
    for line in agreed.table.strip().splitlines():
        if not line.strip():
            continue
        event, states, to, by, copies, *effects = (cell.strip() for cell in line.split("|"))
        said = frozenset(e.strip() for e in effects[0].split(",")) if effects else frozenset()
        for party in senders(agreed, by):
            for state in starting(agreed, states):
                key = (state, event, party)
                assert key not in found, f"{key} is written twice"
                found[key] = (by.endswith(" D"), (to, told(agreed, copies, party), said))
    return found


def senders(agreed: Agreed, by: str) -> list[str]:
    named = by.removesuffix(" D").split()
    return list(agreed.parties) if named == ["any"] else named


def starting(agreed: Agreed, states: str) -> list[str]:
    running = agreed.states.split()
    found: list[str] = []
    for name in states.split():
        group, *but = name.split("-")
        if group == "running":
            found += [state for state in running if state not in but]
        elif group == "open":
            found += [*running, "suspended_consent"]
        else:
            found += agreed.groups.get(name, name).split()
    return found


def told(agreed: Agreed, copies: str, sender: str) -> Told:
    """Recipients with whether they are told C0 only; the sender is never one."""
    found: set[tuple[str, bool]] = set()
    for copy in copies.split():
        if copy == "parties":
            found |= {(party, False) for party in agreed.parties}
        elif copy == "suspended":
            found |= {(party, party in agreed.by_consent) for party in agreed.parties}
        else:
            party, narrowed, _ = copy.partition(":")
            found.add((party, bool(narrowed)))
    return frozenset((party, narrowed) for party, narrowed in found if party != sender)


def taken(flow: Flow, state: str, event: str, party: str) -> list[Step]:
    return [s for s in flow.takes(state, f"{flow.name}.{event}") if party in s.by]


def outcome(flow: Flow, step: Step, party: str) -> Outcome:
    found: set[tuple[str, bool]] = set()
    for copy in step.copies:
        name, narrowed = parse_copy(copy)
        names = flow.parties if name == OTHERS else (name,)
        found |= {(one, narrowed is not None) for one in names}
    return step.to, frozenset(f for f in found if f[0] != party), effects_of(step)


def effects_of(step: Step) -> frozenset[str]:
    said = [f"joins {p}" for p in step.joins] + [f"ends {p}" for p in step.ends]
    said += [f"reports {step.reports.event}"] if step.reports else []
    said += [f"lead {step.lead}"] if step.lead else []
    said += ["erases"] if step.erases else []
    return frozenset(said + (["added"] if step.added else []))


@pytest.mark.parametrize("name", list(AGREED))
def test_every_message_in_every_state_from_every_party_and_seat_leads_as_agreed_or_nowhere(
    name: str,
) -> None:
    flow, agreed = FLOWS[name], written_out(name)
    events = [body.partition(".")[2] for body in flow.bodies]
    parties = [*AGREED[name].parties, "sys", "lead"]
    states = [NEW, *AGREED[name].states.split(), *AGREED[name].stopped.split()]
    compared = 0
    for state in [*states, "suspended_consent", CLOSED]:
        for event in events:
            for party in parties:
                steps = taken(flow, state, event, party)
                key = (state, event, party)
                if key not in agreed:
                    assert not steps, f"{key} is in the table and was not agreed"
                    continue
                [step] = steps
                decides, expected = agreed[key]
                assert step.decides is decides, f"{key}: seat"
                assert outcome(flow, step, party) == expected, f"{key}"
                compared += 1
    assert compared == len(agreed), "a row was agreed for a message or state that is not there"


@pytest.mark.parametrize("name", list(AGREED))
def test_the_states_parties_and_classes_are_those_agreed(name: str) -> None:
    flow, agreed = FLOWS[name], AGREED[name]
    states = {*agreed.states.split(), *agreed.stopped.split(), "suspended_consent", CLOSED}
    assert set(flow.states) == states
    assert flow.side_states == agreed.side
    assert {n: " ".join(sorted(r.classes)) for n, r in flow.parties.items()} == agreed.parties
    assert {n for n, r in flow.parties.items() if r.by_consent} == agreed.by_consent


def test_there_are_four_flows_and_each_type_belongs_to_one() -> None:
    assert list(FLOWS) == [
        "special_adjustment",
        "suspect_support",
        "defence_support",
        "regional_coordination",
    ]
    assert all(BODIES[n] is FLOWS[n.partition(".")[0]].bodies[n] for n in BODIES)
    assert flow_named("special_adjustment") is FLOWS["special_adjustment"]
    assert flow_named("elsewhere") is None


def test_no_table_in_which_a_prosecutor_is_a_party_has_a_field_of_defence_privilege() -> None:
    with_prosecutor = [flow for flow in FLOWS.values() if "prosecutor" in flow.parties]
    assert with_prosecutor
    for flow in with_prosecutor:
        for body in flow.bodies.values():
            assert DataClass.C8 not in body.classes().values(), body.wire_type()


def test_a_consultation_has_no_field_that_could_say_who_it_is() -> None:
    body = BODIES["suspect_support.consult"]
    assert DataClass.C1 not in body.classes().values()
    assert not {"subject", "counsel", "name"} & set(body.model_fields)


def test_while_an_objection_stands_the_work_stops_and_what_the_person_says_is_recorded() -> None:
    flow = FLOWS["suspect_support"]
    possible = {
        step.type.partition(".")[2]
        for step in flow.steps
        if step.state == "objection_stop" and step.by != ("sys",)
    }
    outcome = {"change_opinion", "release_disposition", "indict", "die", "close"}
    said = {"record_consent", "withdraw_consent", "decline", "change_custody", *VOUCHING}
    assert possible == outcome | said


@pytest.mark.parametrize("name", list(AGREED))
def test_what_consent_names_is_told_of_only_by_recording_consent(name: str) -> None:
    for step in FLOWS[name].steps:
        if NAMED in step.copies:
            assert step.type.endswith(("record_consent", "renew_consent"))
            assert step.body.EXAMPLE["recipients"]


@pytest.mark.parametrize(
    ("flow", "events"),
    [
        (
            "special_adjustment",
            {"transfer_office", "consent_claimed", "consent_recorded", *VOUCHING},
        ),
        ("suspect_support", {"record_consent", "decline", "change_custody", *VOUCHING}),
        ("defence_support", {"give_leave", *VOUCHING}),
        (
            "regional_coordination",
            {
                "change_custody",
                "parent_closed",
                "parent_held",
                "parent_resumed",
                "consent_confirmed",
            },
        ),
    ],
)
def test_rows_that_complete_a_table_are_marked(flow: str, events: set[str]) -> None:
    added = {s.type.partition(".")[2] for s in FLOWS[flow].steps if s.added}
    assert added == events | SERVICE
