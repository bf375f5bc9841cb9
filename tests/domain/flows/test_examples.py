"""Every published example is accepted in the right state: whole cases, played with nothing else."""

from uuid import uuid4

import pytest

from app.domain.cases.case import CLOSED, NEW
from app.domain.errors import GuardFailed, IllegalMove, Invalid
from app.domain.flows import BODIES, FLOWS
from app.domain.state_machine.table import Flow
from tests.support.cases import (
    ASSESSING,
    DIRECTORY,
    PLAYED,
    REQUESTED,
    SHORT,
    Play,
    regional,
    special,
)

CONSENTED = """
    probation answer_consultation
    prosecutor explain
    prosecutor consent
"""
VISITING = f"""{CONSENTED.rstrip()}
    probation ask_opinion
    prosecutor object
    prosecutor change_opinion
    probation request_center
    center query
    probation answer_query
    center accept
    center report_contact_ban
    center lift_contact_ban
    center visit
"""


def test_a_special_adjustment_from_the_notice_to_the_settlement() -> None:
    play = special(ASSESSING)
    assert play.case.lead == "center-13"
    assert play.run("center draft_plan\ncenter agree_plan\ncenter start_seeking") == (
        "seeking_placement"
    )
    play.run("center agree_placement\ncenter lose_placement\ncenter agree_placement")
    assert play.send("center prepare_release") == "release_ready"
    play.run(
        "prison change_custody\nprison transfer_institution institution=prison27\n"
        "probation transfer_office probation_office=probation27"
    )
    assert play.send("prison27 released") == "release_ready"
    assert play.send("center settle") == "settled"
    assert play.send("center close", close_reason="settled") == CLOSED


def test_selections_and_requests_that_end_early() -> None:
    assert special("probation start_selection\nprobation not_select").state() == CLOSED
    assert special(REQUESTED).send("probation withdraw_request") == CLOSED
    returned = special(REQUESTED)
    assert returned.run("center return_request\nprobation insist") == "requested"
    assert returned.run("center return_request\nprobation confirm_return") == CLOSED
    general = special("probation start_selection\nprobation record_consent")
    assert general.send("probation select_general") == "selected_general"
    with pytest.raises(GuardFailed):
        general.send("probation request_cooperation")
    assert general.send("probation close") == CLOSED
    assert special().run("prison die\nprobation confirm_death") == CLOSED
    assert general.send("probation reopen") == "selected_general"


def test_consent_withdrawn_and_given_again_and_a_decline() -> None:
    play = special(ASSESSING)
    assert play.send("center withdraw_consent") == "suspended_consent"
    with pytest.raises(IllegalMove):
        play.send("center draft_plan")
    assert play.send("probation renew_consent") == "assessing"
    assert play.run("center decline\ncenter retract_decline") == "assessing"
    assert play.run("center decline\nprobation confirm_decline") == CLOSED
    ended = special(ASSESSING)
    assert ended.run("center withdraw_consent\nprobation confirm_withdrawal") == CLOSED
    back = special(ASSESSING)
    assert back.run("center withdraw_consent\nprobation retract_withdrawal") == "assessing"
    claimed = "center withdraw_consent\ncenter renew_consent\n"
    assert special(ASSESSING).run(f"{claimed}probation confirm_consent") == "assessing"
    assert special(ASSESSING).run(f"{claimed}probation refuse_consent") == "suspended_consent"


def test_a_case_is_handed_over_to_another_center() -> None:
    play, child = regional()
    play.run(
        """center27 acknowledge
        center27 query
        center answer_query
        center27 accept
        center assign_tasks
        center27 interview
        center27 start_seeking
        center27 find_placement
        center27 lose_placement
        center27 find_placement
        center change_custody
        center offer_transfer
        center27 refuse_transfer
        center offer_transfer""",
        child,
    )
    assert play.case.lead == "center-13"
    assert play.send("center27 accept_transfer", child) == "lead_transferred"
    assert play.case.lead == "center-27"
    assert play.state() == "seeking_placement"
    active = {p.name: p.agency_id for p in play.case.referrals[play.main].parties if p.active}
    assert active["center"] == "center-27"
    assert play.send("center27 complete", child) == CLOSED
    assert play.send("center27 reopen", child) == "lead_transferred"
    assert play.send("center27 complete", child) == CLOSED
    assert play.send("center27 agree_placement") == "placement_agreed"


@pytest.mark.parametrize(
    "ending",
    [
        "center27 decline_request",
        "center27 return_case",
        "center withdraw",
        "center die\ncenter retract_death\ncenter die\ncenter confirm_death",
        "center close",
    ],
)
def test_a_regional_coordination_that_ends_early_gives_the_case_back(ending: str) -> None:
    play, child = regional()
    assert play.run(ending, child) == CLOSED
    assert play.state() == "assessing"


def test_a_withdrawal_above_stops_the_child_until_consent_is_given_again_above() -> None:
    play, child = regional()
    assert play.send("probation withdraw_consent") == "suspended_consent"
    assert play.state(child) == "suspended_consent"
    claim = str(uuid4())
    assert play.send("center renew_consent", child, consent_id=claim) == "suspended_consent"
    assert play.send("probation renew_consent") == "regional_pending"
    assert play.state(child) == "requested"
    play.run("center27 decline\ncenter retract_decline\ncenter27 decline", child)
    assert play.send("center confirm_decline", child) == CLOSED


def test_a_child_ends_with_its_parent() -> None:
    play, child = regional()
    assert play.send("probation close") == CLOSED
    assert play.state(child) == CLOSED


def test_in_a_child_consent_is_recorded_withdrawn_and_the_withdrawal_confirmed() -> None:
    recorded_above = str(uuid4())
    play, child = regional(recorded_above)
    play.send("center record_consent", child)
    own = BODIES["regional_coordination.record_consent"].EXAMPLE["consent_id"]
    play.send("center withdraw_consent", child, consent_ids=[own])
    assert play.state() == "regional_pending"
    assert play.send("center renew_consent", child) == "suspended_consent"
    play.send("probation confirm_consent")
    assert play.state(child) == "requested"
    play.send("center withdraw_consent", child)
    assert play.send("center confirm_withdrawal", child) == CLOSED


def test_a_suspect_on_the_prosecutors_route_to_priority_support() -> None:
    play = Play("suspect_support", "prosecutor consult")
    play.run(VISITING)
    assert play.run("center draft_provisional\ncenter report_readiness") == "disposition_wait"
    assert play.send("prosecutor release_disposition") == "released"
    assert play.run("probation apply_relief\nprobation approve_relief") == "priority_support"
    play.send("probation extend_relief")
    assert play.send("probation end_relief") == "community_support"
    assert play.send("center close", close_reason="settled") == CLOSED


def test_a_suspect_who_is_indicted() -> None:
    play = Play("suspect_support", "prosecutor consult")
    assert play.run(f"{VISITING.rstrip()}\nprosecutor indict") == "defendant_stage"
    assert play.run("center bail\ncenter skip_relief") == "community_support"
    parties = play.case.referrals[play.main].parties
    assert next(p for p in parties if p.name == "probation_office").active
    released = Play("suspect_support", "prosecutor consult")
    released.run(f"{VISITING.rstrip()}\nprosecutor indict\nprobation verdict_release")
    assert released.run("probation apply_relief\nprobation reject_relief") == "community_support"
    imprisoned = Play("suspect_support", "prosecutor consult")
    imprisoned.run(f"{VISITING.rstrip()}\nprobation indict")
    assert imprisoned.send("probation verdict_imprisonment") == CLOSED


def test_a_person_refuses_a_prosecutor_does_not_object_and_a_center_is_full() -> None:
    refusing = Play("suspect_support", "prosecutor consult")
    assert refusing.run("prosecutor explain\nprosecutor refuse") == CLOSED
    play = Play("suspect_support", "prosecutor consult")
    play.run(f"{CONSENTED.rstrip()}\nprobation ask_opinion\nprosecutor no_objection")
    assert play.run("probation request_center\ncenter decline_capacity") == "adjusting"
    assert play.send("probation request_center") == "center_requested"


def test_a_defendant_on_the_probation_route() -> None:
    play = Play("suspect_support", "probation consult")
    play.send(
        "probation change_custody", change="further_prosecution", custody_stage="detained_defendant"
    )
    play.run("probation explain\nprobation consent")
    assert play.send("probation start_for_defendant") == "adjusting"


def test_an_objection_that_stands_ends_it() -> None:
    play = Play("suspect_support", "prosecutor consult")
    play.run(f"{CONSENTED.rstrip()}\nprobation ask_opinion\nprosecutor object")
    with pytest.raises(GuardFailed):
        play.send("probation close")
    assert play.send("probation close", close_reason="prosecutor_objected") == CLOSED
    assert play.send("probation reopen") == "objection_stop"


def test_a_lawyers_inquiry() -> None:
    play = Play("defence_support", "bar inquire")
    play.run("center query\nbar answer_query\ncenter accept\ncenter visit\ncenter share_plan")
    with pytest.raises(GuardFailed):
        play.send("center ask_probation")
    play.run("bar give_leave\nbar record_consent\ncenter ask_probation\nbar change_custody")
    assert play.run("bar report_outcome") == "community_support"
    assert play.send("center close", close_reason="settled") == CLOSED
    assert play.send("center reopen") == "community_support"
    declined = Play("defence_support", "bar inquire")
    assert declined.send("center decline_request") == CLOSED


@pytest.mark.parametrize(
    ("flow", "opening", "deciding"),
    [
        ("suspect_support", "prosecutor consult", "probation"),
        ("defence_support", "bar inquire", "center"),
    ],
)
def test_the_common_rows_of_the_other_flows(flow: str, opening: str, deciding: str) -> None:
    play = Play(flow, opening)
    first = play.state()
    for line in ("record_consent", "change_custody"):
        play.send(f"{opening.split()[0]} {line}")
    assert play.run(f"{deciding} decline\n{deciding} retract_decline") == first
    assert play.send(f"{deciding} withdraw_consent") == "suspended_consent"
    voucher = {"center": "bar"}.get(deciding, deciding)
    assert play.send(f"{voucher} renew_consent") == first
    play.send(f"{deciding} withdraw_consent")
    assert play.send(f"{deciding} confirm_withdrawal") == CLOSED
    claimed = Play(flow, opening)
    claimed.send(f"{opening.split()[0]} record_consent")
    claimed.run(f"{deciding} withdraw_consent\n{voucher} retract_withdrawal")
    assert claimed.state() == first
    for ending in (
        "die\n{0} retract_death\n{0} die\n{0} confirm_death",
        "close",
        "decline\n{0} confirm_decline",
    ):
        lines = f"{deciding} {ending.format(deciding)}"
        assert Play(flow, opening).run(lines) == CLOSED


CLAIMED = "center withdraw_consent\ncenter renew_consent\n"


@pytest.mark.parametrize(
    ("flow", "opening", "accepted", "vouching"),
    [
        ("suspect_support", "prosecutor consult", VISITING, "probation"),
        ("defence_support", "bar inquire", "center accept", "bar"),
    ],
)
def test_claims_in_the_other_flows(flow: str, opening: str, accepted: str, vouching: str) -> None:
    play = Play(flow, opening)
    state = play.run(accepted)
    assert play.run(f"{CLAIMED}{vouching} confirm_consent") == state
    other = Play(flow, opening)
    other.run(accepted)
    assert other.run(f"{CLAIMED}{vouching} refuse_consent") == "suspended_consent"


def test_what_waits_above_holds_the_child_and_what_is_claimed_below_is_confirmed_above() -> None:
    play, child = regional()
    for stopping, going_on in (("decline", "retract_decline"), ("die", "retract_death")):
        play.send(f"center {stopping}")
        assert play.state(child) == "held_by_parent"
        with pytest.raises(IllegalMove):
            play.send("center27 acknowledge", child)
        assert play.send(f"center {going_on}") == "regional_pending"
        assert play.state(child) == "requested"
    play.send("center27 withdraw_consent", child)
    assert play.send("center27 renew_consent", child) == "suspended_consent"
    assert play.send("probation confirm_consent") == "regional_pending"
    assert play.state(child) == "requested"


@pytest.mark.parametrize(
    ("flow", "opening", "deciding"),
    [
        ("special_adjustment", "prison notify_candidate", "probation"),
        ("suspect_support", "prosecutor consult", "probation"),
        ("defence_support", "bar inquire", "center"),
        ("regional_coordination", "", "center"),
    ],
)
def test_an_exit_that_stops_nothing_any_more(flow: str, opening: str, deciding: str) -> None:
    play, referral = regional() if not opening else (Play(flow, opening), None)
    who = opening.partition(" ")[0] or "center27"
    for _ in range(2):
        play.run(f"{who} decline\n{deciding} retract_decline", referral)
    state = play.state(referral)
    assert play.send(f"{who} decline", referral) == state


def test_every_example_is_accepted_in_the_right_state() -> None:
    PLAYED.clear()
    for story in (
        test_a_special_adjustment_from_the_notice_to_the_settlement,
        test_selections_and_requests_that_end_early,
        test_consent_withdrawn_and_given_again_and_a_decline,
        test_a_case_is_handed_over_to_another_center,
        test_a_withdrawal_above_stops_the_child_until_consent_is_given_again_above,
        test_a_child_ends_with_its_parent,
        test_in_a_child_consent_is_recorded_withdrawn_and_the_withdrawal_confirmed,
        test_a_suspect_on_the_prosecutors_route_to_priority_support,
        test_a_suspect_who_is_indicted,
        test_a_person_refuses_a_prosecutor_does_not_object_and_a_center_is_full,
        test_a_defendant_on_the_probation_route,
        test_an_objection_that_stands_ends_it,
        test_a_lawyers_inquiry,
        test_what_waits_above_holds_the_child_and_what_is_claimed_below_is_confirmed_above,
    ):
        story()
    deaths = "die\ncenter retract_death\ncenter die\ncenter confirm_death"
    for ending in ("decline_request", "return_case", deaths, "close"):
        who = "center" if ending == "close" else "center27"
        test_a_regional_coordination_that_ends_early_gives_the_case_back(f"{who} {ending}")
    test_a_regional_coordination_that_ends_early_gives_the_case_back("center withdraw")
    test_the_common_rows_of_the_other_flows("suspect_support", "prosecutor consult", "probation")
    test_the_common_rows_of_the_other_flows("defence_support", "bar inquire", "center")
    test_claims_in_the_other_flows("suspect_support", "prosecutor consult", VISITING, "probation")
    test_claims_in_the_other_flows("defence_support", "bar inquire", "center accept", "bar")
    test_an_exit_that_stops_nothing_any_more(
        "special_adjustment", "prison notify_candidate", "probation"
    )
    test_an_exit_that_stops_nothing_any_more("suspect_support", "prosecutor consult", "probation")
    test_an_exit_that_stops_nothing_any_more("defence_support", "bar inquire", "center")
    test_an_exit_that_stops_nothing_any_more("regional_coordination", "", "center")
    # Nothing stands above these three, and nothing but a withdrawal from below reaches them.
    rare = {
        f"{flow}.{event}"
        for flow in ("special_adjustment", "suspect_support", "defence_support")
        for event in ("consent_suspended", "consent_resumed")
    }
    assert set(BODIES) - PLAYED - rare == set()


def senders(flow: Flow) -> list[tuple[str, str]]:
    """Each opening of a flow with each agency of the examples that may send it."""
    names = {agency: short for short, agency in SHORT.items()}
    return [
        (step.type.partition(".")[2], names[agency.id])
        for step in flow.steps
        if step.state == NEW
        for party in step.by
        for agency in DIRECTORY.agencies
        if agency.kind in flow.parties[party].kinds and agency.has_access
        if flow.example_to.get(party, agency.id) == agency.id and agency.id in names
    ]


@pytest.mark.parametrize(
    ("flow", "event", "sender"),
    [(f, *each) for f in FLOWS.values() if not f.joins_parent for each in senders(f)],
)
def test_the_example_of_an_opening_is_taken_from_each_sender_that_may_send_it(
    flow: Flow, event: str, sender: str
) -> None:
    play = Play(flow.name, f"{sender} {event}", to=dict(flow.example_to))
    assert play.case.referrals[play.main].party_of(SHORT[sender]).active


def test_nobody_is_named_in_the_senders_place_but_the_sender() -> None:
    with pytest.raises(Invalid):
        Play("suspect_support", "probation consult", to={"probation_office": "probation-27"})
