"""Every guard, both ways."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta, timezone
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.domain.cases.case import Case, Party, Referral
from app.domain.classes import DataClass
from app.domain.consents.consent import Consent, ConsentRecord
from app.domain.directory.agencies import Agency, Directory
from app.domain.flows import BODIES, FLOWS
from app.domain.messages.facts import Fact
from app.domain.messages.message import Message
from app.domain.messages.payloads import samples
from app.domain.state_machine import guards
from app.domain.state_machine.guard import Guard, Objection, Situation
from app.domain.vocabulary.relief import ExplainedItem

JAPAN = timezone(timedelta(hours=9))
NOW = datetime(2026, 6, 25, 10, 0, tzinfo=JAPAN)
TOKYO, OSAKA, OKINAWA = "130001", "270008", "470007"


def agency(agency_id: str, kind: str, area: str, services: Any = None) -> Agency:
    rows = frozenset({(None, area)})
    return Agency(agency_id, kind, agency_id, area[:2], areas=rows, services=services or {})


PROBATION = agency("probation-13", "probation_office", TOKYO)
PROSECUTOR = agency("prosecutor-13", "prosecutor_district", TOKYO)
CENTER = agency("center-13", "settlement_center", TOKYO)
OSAKA_CENTER = agency("center-27", "settlement_center", OSAKA)
NEW_CENTER = agency(
    "center-47", "settlement_center", OKINAWA, {"suspect_support": date(2026, 7, 1)}
)
DIRECTORY = Directory.of([PROBATION, PROSECUTOR, CENTER, OSAKA_CENTER, NEW_CENTER])
RECORDED = ConsentRecord(
    UUID(samples.CONSENT_ID),
    "special_adjustment",
    ("settlement_center",),
    frozenset(DataClass),
    date(2026, 2, 10),
)
MISSING = object()


def guard_of(message_type: str, name: str) -> Guard:
    """The guard of that name in the rows of a message."""
    steps = FLOWS[message_type.partition(".")[0]].steps
    (guard,) = {g for s in steps if s.type == message_type for g in s.guards if g.name == name}
    return guard


def situation(
    message_type: str,
    *,
    facts: Mapping[str, Fact] | None = None,
    state: str = "any",
    sender: Agency = PROBATION,
    joining: Mapping[str, Agency] | None = None,
    consents: tuple[ConsentRecord, ...] = (),
    withdrawn_on: date | None = None,
    known: bool = True,
    parties: tuple[str, ...] = (),
    lead: str | None = None,
    above: Referral | None = None,
    **changes: Any,
) -> Situation:
    """The moment before this message, the example with changes, is taken."""
    said = {**BODIES[message_type].EXAMPLE, **changes}
    said = {name: value for name, value in said.items() if value is not MISSING}
    body = BODIES[message_type].model_validate(said)
    flow = message_type.partition(".")[0]
    present = tuple(Party(name, f"{name}-x", NOW) for name in parties)
    referral = Referral(uuid4(), flow, state, above.id if above else None, (), facts or {}, present)
    kept = tuple(Consent(record, referral.id, withdrawn_on, known=known) for record in consents)
    referrals = {one.id: one for one in (referral, above) if one}
    case = Case(uuid4(), 0, lead, referrals, kept)
    message = Message(uuid4(), referral.id, body, NOW.date())
    return Situation(case, referral, message, sender, joining or {}, (), NOW, DIRECTORY)


def allows(guard: Guard, message_type: str, **how: Any) -> None:
    assert guard.check(situation(message_type, **how)) is None


def refuses(guard: Guard, message_type: str, needs: list[str], **how: Any) -> None:
    objection = guard.check(situation(message_type, **how))
    assert isinstance(objection, Objection)
    assert list(objection.needs) == needs
    assert objection.reason.ja
    assert objection.reason.en


def requirements(**met: bool) -> dict[str, Any]:
    """The example's requirements with other answers, by number: `_2=False`."""
    found = {}
    for name, requirement in samples.REQUIREMENTS.items():
        number = f"_{name[3]}"
        found[name] = {**requirement, "met": met.get(number, requirement["met"])}
    return found


def test_special_adjustment_needs_all_six_requirements() -> None:
    name = "special_adjustment.select_special"
    allows(guards.six_requirements_met, name)
    for number, field in enumerate(samples.REQUIREMENTS, 1):
        refuses(
            guards.six_requirements_met,
            name,
            [f"/body/requirements/{field}/met"],
            requirements=requirements(**{f"_{number}": False}),
        )


def test_general_adjustment_needs_a_residence_and_the_first_and_third_requirement() -> None:
    name, guard = "special_adjustment.select_general", guards.general_requirements
    allows(guard, name)
    refuses(
        guard,
        name,
        ["/body/requirements/req2_no_residence_after_release/met"],
        requirements=requirements(),
    )
    refuses(
        guard,
        name,
        ["/body/requirements/req1_elderly_or_disabled/met"],
        requirements=requirements(_1=False, _2=False),
    )
    refuses(
        guard,
        name,
        ["/body/requirements/req3_needs_welfare_services/met"],
        requirements=requirements(_2=False, _3=False),
    )


def test_nobody_is_selected_for_general_adjustment_against_their_will() -> None:
    name = "special_adjustment.select_general"
    allows(guards.wish, name)
    refuses(
        guards.wish,
        name,
        ["/body/requirements/req5_wishes_to_be_subject/met"],
        requirements=requirements(_5=False),
    )


def test_the_consent_of_requirement_6_is_recorded_and_valid_today() -> None:
    name, guard = "special_adjustment.select_special", guards.requirement6_consent_valid
    allows(guard, name, consents=(RECORDED,))
    missing = ["/body/requirements/req6_consents_to_information_provision/consent_id"]
    refuses(guard, name, missing)
    refuses(guard, name, missing, consents=(RECORDED,), withdrawn_on=date(2026, 6, 1))
    refuses(guard, name, missing, consents=(RECORDED,), known=False)
    ended = ConsentRecord(
        RECORDED.id, "x", ("x",), RECORDED.classes, RECORDED.valid_from, NOW.date()
    )
    allows(guard, name, consents=(ended,))
    over = ConsentRecord(
        RECORDED.id, "x", ("x",), RECORDED.classes, RECORDED.valid_from, date(2026, 6, 24)
    )
    refuses(guard, name, missing, consents=(over,))
    refuses(
        guard,
        name,
        ["/body/requirements/req6_consents_to_information_provision/met"],
        consents=(RECORDED,),
        requirements=requirements(_6=False),
    )


def test_a_consent_of_the_parent_counts_and_one_of_a_child_does_not() -> None:
    name, guard = "special_adjustment.select_special", guards.requirement6_consent_valid
    below = situation(name, above=Referral(uuid4(), "special_adjustment"))
    parent = next(below.case.ancestors(below.referral))
    for bound, allowed in ((parent.id, True), (uuid4(), False)):
        case = Case(uuid4(), 0, None, below.case.referrals, (Consent(RECORDED, bound),))
        told = Situation(case, below.referral, below.message, PROBATION, {}, (), NOW, DIRECTORY)
        assert (guard.check(told) is None) is allowed


def test_who_is_not_selected_is_told_which_requirements_failed() -> None:
    name, guard = "special_adjustment.not_select", guards.failed_requirements_named
    allows(guard, name, failed_requirements=[2, 4])
    both = requirements(_2=False, _4=False)
    allows(guard, name, failed_requirements=[4, 2], requirements=both)
    refuses(
        guard,
        name,
        ["/body/failed_requirements"],
        failed_requirements=[2],
        requirements=both,
    )
    refuses(
        guard,
        name,
        ["/body/failed_requirements"],
        failed_requirements=[1, 2, 4],
        requirements=both,
    )
    refuses(
        guard,
        name,
        ["/body/failed_requirements"],
        failed_requirements=[1],
        requirements=requirements(),
    )


def test_a_request_names_the_result_that_was_selected() -> None:
    name, guard = "special_adjustment.request_cooperation", guards.result_as_selected
    allows(guard, name, facts={"adjust_result": "special"})
    refuses(guard, name, ["/body/adjust_result"], facts={"adjust_result": "general"})
    refuses(guard, name, ["/body/adjust_result"])


def test_a_center_takes_what_is_in_its_area_or_wished_to_be() -> None:
    name, guard = "special_adjustment.request_cooperation", guards.center_takes_area
    allows(guard, name, joining={"center": CENTER})
    refuses(guard, name, ["/to/center"], joining={"center": OSAKA_CENTER})
    allows(guard, name, joining={"center": OSAKA_CENTER}, desired_area=[{"area": OSAKA}])
    allows(guard, name)


def test_a_center_that_begins_this_service_next_month_is_not_asked_today() -> None:
    name, guard = "suspect_support.request_center", guards.center_offers_service
    allows(guard, name, joining={"center": CENTER})
    refuses(guard, name, ["/to/center"], joining={"center": NEW_CENTER})
    started = agency("c", "settlement_center", TOKYO, {"suspect_support": NOW.date()})
    allows(guard, name, joining={"center": started})
    unrecorded = agency("c", "settlement_center", TOKYO, {"suspect_support": None})
    allows(guard, name, joining={"center": unrecorded})


def test_a_second_placement_waits_until_the_first_is_lost() -> None:
    name, guard = "special_adjustment.agree_placement", guards.one_agreed_placement
    allows(guard, name)
    refuses(
        guard, name, ["special_adjustment.lose_placement"], facts={"placement_from": "2027-03-15"}
    )
    lost = BODIES["special_adjustment.lose_placement"]
    allows(guard, name, facts=lost.model_validate(lost.EXAMPLE).facts())


@pytest.mark.parametrize("day", ["2027-01-01", "2026-12-29", "2027-03-22", "2027-03-13"])
def test_a_release_on_a_closed_day_needs_a_plan(day: str) -> None:
    name, guard = "special_adjustment.prepare_release", guards.holiday_plan_for_closed_day
    refuses(guard, name, ["/body/holiday_plan"], release_on=day)
    allows(guard, name, release_on=day, holiday_plan="当番の職員が同行し、翌開庁日に届け出る。")


def test_a_release_on_a_business_day_needs_no_plan() -> None:
    guard = guards.holiday_plan_for_closed_day
    allows(guard, "special_adjustment.prepare_release", release_on="2027-03-15")


def test_a_withdrawal_is_confirmed_only_after_one() -> None:
    name, guard = "special_adjustment.confirm_withdrawal", guards.consent_withdrawn
    allows(guard, name, state="suspended_consent")
    refuses(guard, name, ["special_adjustment.withdraw_consent"], state="assessing")


@pytest.mark.parametrize(
    ("flow", "reason", "allowed"),
    [
        ("special_adjustment", "family_took_over", True),
        ("special_adjustment", "prosecutor_objected", False),
        ("special_adjustment", "advice_only", False),
        ("suspect_support", "acquitted_or_cleared", True),
        ("suspect_support", "not_selected", False),
        ("defence_support", "advice_only", True),
        ("regional_coordination", "moved_to_other_center", True),
        ("regional_coordination", "imprisoned", False),
        ("regional_coordination", "entered_in_error", True),
    ],
)
def test_a_flow_ends_for_reasons_of_its_own(flow: str, reason: str, allowed: bool) -> None:
    guard = guard_of(f"{flow}.close", "close_reason_allowed")
    if allowed:
        allows(guard, f"{flow}.close", close_reason=reason)
    else:
        refuses(guard, f"{flow}.close", ["/body/close_reason"], close_reason=reason)


def test_that_somebody_settled_is_said_only_where_they_have() -> None:
    name = "special_adjustment.close"
    guard = guard_of(name, "close_reason_allowed")
    allows(guard, name, state="settled", close_reason="settled")
    refuses(guard, name, ["/body/close_reason"], state="assessing", close_reason="settled")


def test_a_stopped_referral_is_closed_for_the_objection() -> None:
    guard, name = guards.closed_for_objection, "suspect_support.close"
    allows(guard, name, close_reason="prosecutor_objected")
    refuses(guard, name, ["/body/close_reason"], close_reason="entered_in_error")


def test_on_the_prosecutors_route_five_items_are_explained() -> None:
    guard, name = guards.explained_all_items, "suspect_support.explain"
    both = ("prosecutor", "probation_office")
    allows(guard, name, parties=both)
    some = [item.value for item in ExplainedItem][1:]
    refuses(guard, name, ["/body/explained_items"], parties=both, explained_items=some)
    allows(guard, name, parties=("probation_office",), explained_items=some)


def test_the_opinion_is_asked_for_suspects_and_not_for_defendants() -> None:
    ask, start = "suspect_support.ask_opinion", "suspect_support.start_for_defendant"
    suspect, defendant = {"procedure_stage": "suspect"}, {"procedure_stage": "defendant"}
    allows(guards.suspects_only, ask, facts=suspect)
    refuses(guards.suspects_only, ask, ["/facts/procedure_stage"], facts=defendant)
    refuses(guards.suspects_only, ask, ["/facts/procedure_stage"])
    allows(guards.defendants_only, start, facts=defendant)
    refuses(guards.defendants_only, start, ["/facts/procedure_stage"], facts=suspect)


def test_no_center_is_asked_while_an_objection_stands() -> None:
    guard, name = guards.no_objection_standing, "suspect_support.request_center"
    allows(guard, name)
    allows(guard, name, facts={"objection": False})
    refuses(guard, name, ["suspect_support.change_opinion"], facts={"objection": True})


@pytest.mark.parametrize(
    ("disposition", "frees", "indicts", "imprisons"),
    [
        ("suspended_prosecution", True, False, False),
        ("released_pending", True, False, False),
        ("insufficient_evidence", True, False, False),
        ("no_suspicion", True, False, False),
        ("other_nonprosecution", True, False, False),
        ("summary_fine", True, False, False),
        ("indicted", False, True, False),
        ("suspended_sentence", True, False, False),
        ("suspended_sentence_probation", True, False, False),
        ("partial_suspension", False, False, True),
        ("imprisonment", False, False, True),
        ("acquitted", True, False, False),
        ("medical_observation_petition", False, False, False),
    ],
)
def test_a_disposition_frees_indicts_or_imprisons(
    disposition: str, frees: bool, indicts: bool, imprisons: bool
) -> None:
    cases = (
        (guards.frees, "release_disposition", frees),
        (guards.indicts, "indict", indicts),
        (guards.imprisons, "verdict_imprisonment", imprisons),
    )
    for guard, event, holds in cases:
        name = f"suspect_support.{event}"
        if holds:
            allows(guard, name, disposition=disposition)
        else:
            refuses(guard, name, ["/body/disposition"], disposition=disposition)


def test_a_provisional_plan_says_where_the_first_night_is_spent() -> None:
    guard, name = guards.plan_has_first_night, "suspect_support.draft_provisional"
    allows(guard, name)
    allows(guard, name, first_night={"none_yet": True})
    refuses(guard, name, ["/body/first_night/address"], first_night={"none_yet": False})


def test_relief_is_applied_for_in_writing() -> None:
    guard, name = guards.written_application, "suspect_support.apply_relief"
    allows(guard, name)
    refuses(guard, name, ["/body/written"], written=False)


def test_relief_lasts_six_months_from_release_at_most() -> None:
    guard, name = guards.relief_period_within_six_months, "suspect_support.approve_relief"
    free: dict[str, Fact] = {"released_on": "2026-04-17"}
    allows(guard, name, facts=free)
    refuses(guard, name, ["/body/relief_until"], facts=free, relief_until="2026-10-17")
    refuses(guard, name, ["/body/relief_from"], facts=free, relief_from="2026-04-16")
    backwards = {"relief_from": "2026-05-01", "relief_until": "2026-04-30"}
    refuses(guard, name, ["/body/relief_from", "/body/relief_until"], facts=free, **backwards)
    later = {"relief_from": "2026-05-01", "relief_until": "2026-10-31"}
    refuses(guard, name, ["/body/relief_until"], facts=free, **later)


def test_relief_is_extended_on_a_written_application_three_conditions_and_two_years_at_most() -> (
    None
):
    guard, name = guards.extension_conditions, "suspect_support.extend_relief"
    running: dict[str, Fact] = {"released_on": "2026-04-17", "relief_from": "2026-04-17"}
    allows(guard, name, facts=running)
    for condition in ("written", "condition_1_met", "condition_2_met", "condition_3_met"):
        refuses(guard, name, [f"/body/{condition}"], facts=running, **{condition: False})
    allows(guard, name, facts=running, relief_until="2028-04-16")
    refuses(guard, name, ["/body/relief_until"], facts=running, relief_until="2028-04-17")


def test_the_probation_office_is_asked_with_counsels_leave_only() -> None:
    guard, name = guards.counsel_leave, "defence_support.ask_probation"
    given = BODIES["defence_support.give_leave"]
    allows(guard, name, facts=given.model_validate(given.EXAMPLE).facts())
    taken_back = given.model_validate({**given.EXAMPLE, "leave": False}).facts()
    refuses(guard, name, ["defence_support.give_leave"], facts=taken_back)
    refuses(guard, name, ["defence_support.give_leave"])


def test_only_the_lead_center_asks_another() -> None:
    guard, name = guards.is_lead, "regional_coordination.request"
    allows(guard, name, sender=CENTER, lead=CENTER.id)
    refuses(guard, name, ["/lead"], sender=CENTER, lead=OSAKA_CENTER.id)
    refuses(guard, name, ["/lead"], sender=CENTER)


def test_what_is_reported_as_done_was_not_done_tomorrow() -> None:
    guard, name = guards.has_come("settled_on"), "special_adjustment.settle"
    assert guard.name == "settled_on_has_come"
    allows(guard, name, settled_on="2026-06-25")
    refuses(guard, name, ["/body/settled_on"], settled_on="2026-06-26")
    died = guards.has_come("died_on")
    allows(died, "special_adjustment.die", died_on=MISSING)


def test_a_guard_in_a_row_of_another_message_is_a_mistake_of_ours() -> None:
    with pytest.raises(TypeError):
        guards.frees.check(situation("special_adjustment.die"))


def test_guards_have_stable_names_and_titles_in_two_languages() -> None:
    found: dict[str, Guard] = {}
    for flow in FLOWS.values():
        for step in flow.steps:
            for guard in step.guards:
                assert found.setdefault(guard.name, guard).title == guard.title
                assert guard.title.ja
                assert guard.title.en


def test_every_guard_of_a_table_can_look_at_its_message() -> None:
    for flow in FLOWS.values():
        for step in flow.steps:
            for guard in step.guards:
                guard.check(situation(step.type, state=step.state))
