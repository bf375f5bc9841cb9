"""What every message type promises: an example, one class for each field, limits, a schema."""

import json
from collections import Counter
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from app.domain.classes import DataClass
from app.domain.flows import BODIES, FLOWS
from app.domain.messages.body import Body
from app.domain.messages.facts import FACTS
from app.domain.messages.message import Message
from app.domain.messages.payloads import samples
from app.domain.messages.person import Person, RegisteredAddress

ALL = [pytest.param(body, id=name) for name, body in BODIES.items()]


def example(name: str, **changes: Any) -> dict[str, Any]:
    return {**BODIES[name].EXAMPLE, **changes}


def refused(name: str, **changes: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        BODIES[name].model_validate(example(name, **changes))
    return str(caught.value.errors()[0]["type"])


@pytest.mark.parametrize("body", ALL)
def test_the_example_is_accepted_and_comes_back_unchanged(body: type[Body]) -> None:
    sent = json.dumps(body.EXAMPLE, ensure_ascii=False)
    message = body.model_validate_json(sent)
    assert message == body.model_validate(body.EXAMPLE)
    again = json.loads(message.model_dump_json())
    assert body.model_validate(again) == message
    assert without_defaults(message) == json.loads(sent)


@pytest.mark.parametrize("body", ALL)
def test_a_list_of_codes_ids_or_texts_holds_nothing_twice(body: type[Body]) -> None:
    for name, value in body.EXAMPLE.items():
        if isinstance(value, list) and value and not isinstance(value[0], dict):
            with pytest.raises(ValidationError) as caught:
                body.model_validate({**body.EXAMPLE, name: [*value, value[0]]})
            (error,) = caught.value.errors()
            assert (error["type"], error["loc"]) == ("given_twice", (name, len(value)))


def without_defaults(message: Body) -> Any:
    return json.loads(message.model_dump_json(exclude_unset=True))


@pytest.mark.parametrize("body", ALL)
def test_every_field_has_one_data_class_and_says_so_in_the_schema(body: type[Body]) -> None:
    classes = body.classes()
    assert set(classes) == set(body.model_fields)
    shapes = body.model_json_schema()["properties"]
    for name, data_class in classes.items():
        if name != "type":
            assert shapes[name]["x-data-class"] == data_class.value
            assert body.model_fields[name].title, f"{name} has no Japanese title"


@pytest.mark.parametrize("body", ALL)
def test_titles_are_in_two_languages_and_the_source_is_named(body: type[Body]) -> None:
    assert body.TITLE.ja
    assert body.TITLE.en.isascii()
    assert body.SOURCE
    assert body.__doc__


@pytest.mark.parametrize("body", ALL)
def test_a_field_that_is_not_known_is_refused(body: type[Body]) -> None:
    with pytest.raises(ValidationError):
        body.model_validate({**body.EXAMPLE, "unheard_of": 1})


@pytest.mark.parametrize("body", ALL)
def test_what_may_be_left_out_may_be_null(body: type[Body]) -> None:
    shapes = body.model_json_schema()["properties"]
    for name, field in body.model_fields.items():
        if {"type": "null"} in shapes[name].get("anyOf", ()):
            try:
                body.model_validate({**body.EXAMPLE, name: None})
            except ValidationError as error:
                # A field may still be needed because of what another one says.
                assert {e["loc"] for e in error.errors()} == {()}, name  # noqa: PT017
            assert not field.is_required() or field.description, name


@pytest.mark.parametrize("body", ALL)
def test_facts_are_declared_and_hold_codes_dates_and_yes_or_no(body: type[Body]) -> None:
    message = body.model_validate(body.EXAMPLE)
    for name, fact in message.facts().items():
        assert name in FACTS
        values = fact if isinstance(fact, list) else [fact]
        for value in values:
            assert value is None or isinstance(value, bool | int) or value.isascii()


@pytest.mark.parametrize("body", ALL)
def test_texts_are_nowhere_longer_than_a_page(body: type[Body]) -> None:
    for where, shape in strings(body.model_json_schema()):
        bounded = {"maxLength", "pattern", "format", "enum", "const"} & set(shape)
        assert bounded, f"{where} has no limit"
        assert shape.get("maxLength", 0) <= 4000


@pytest.mark.parametrize("body", ALL)
def test_lists_are_nowhere_longer_than_fifty(body: type[Body]) -> None:
    for where, shape in nodes(body.model_json_schema()):
        if shape.get("type") == "array":
            assert shape.get("maxItems", 51) <= 50, f"{where} has no limit"


def strings(schema: Any) -> list[tuple[str, dict[str, Any]]]:
    return [(where, shape) for where, shape in nodes(schema) if shape.get("type") == "string"]


def nodes(schema: Any, where: str = "") -> list[tuple[str, dict[str, Any]]]:
    if isinstance(schema, list):
        return [found for n, one in enumerate(schema) for found in nodes(one, f"{where}/{n}")]
    if not isinstance(schema, dict):
        return []
    inner = [found for key, one in schema.items() for found in nodes(one, f"{where}/{key}")]
    return [(where, schema), *inner]


def test_no_two_types_have_classes_of_the_same_name() -> None:
    names = Counter(body.__name__ for body in BODIES.values())
    assert [name for name, count in names.items() if count > 1] == []


def test_a_body_from_the_service_itself_says_nothing_but_its_type_and_of_consents_what_is_c0() -> (
    None
):
    for flow in FLOWS.values():
        for step in flow.steps:
            tells = (
                "_claimed",
                "special_adjustment.consent_recorded",
                "special_adjustment.consent_suspended",
            )
            if step.by == ("sys",) and not step.type.endswith(tells):
                assert set(step.body.model_fields) == {"type"}
            if step.by == ("sys",):
                assert set(step.body.classes().values()) == {DataClass.C0}
                assert step.body.model_validate(step.body.EXAMPLE).facts() == {}


def test_a_refusal_has_no_field_for_a_reason() -> None:
    assert set(BODIES["suspect_support.refuse"].model_fields) == {"type"}


def test_readiness_is_the_one_word_for_those_who_open_only_routing() -> None:
    body = BODIES["suspect_support.report_readiness"]
    routing = [n for n, c in body.classes().items() if c is DataClass.C0]
    assert routing == ["type", "readiness"]


@pytest.mark.parametrize(
    ("day", "why"),
    [
        ("2026-02-30", "date_from_datetime_parsing"),
        ("1867-12-31", "date_range"),
        ("2201-01-01", "date_range"),
        ("2026-06-10T00:00:00", "date_form"),
        ("令和8年6月10日", "date_form"),
        ("２０２６-06-10", "date_form"),
        (1780000000, "date_form"),
        (True, "date_form"),
    ],
)
def test_a_day_is_written_as_a_day(day: Any, why: str) -> None:
    kind = refused("special_adjustment.die", died_on=day)
    assert kind == why or kind.startswith("date")


@pytest.mark.parametrize(
    "moment",
    [
        "2026-04-08T14:30:00",
        "2026-04-08",
        1780000000,
        True,
        "9999-12-31T23:59:59-12:00",
        "0001-01-01T00:00:00+14:00",
    ],
)
def test_an_instant_has_an_offset_and_lies_in_our_time(moment: Any) -> None:
    assert refused("special_adjustment.interview", captured_at=moment)


@pytest.mark.parametrize("flag", [1, 0, "true", "yes", None, []])
def test_yes_or_no_is_nothing_that_looks_like_it(flag: Any) -> None:
    assert refused("defence_support.give_leave", leave=flag)


def test_a_code_of_an_open_set_may_be_new_but_must_look_like_one() -> None:
    name = "special_adjustment.lose_placement"
    BODIES[name].model_validate(example(name, reason="earthquake_2027"))
    assert refused(name, reason="Kobe!") == "string_pattern_mismatch"
    assert refused(name, reason="x" * 65) == "string_pattern_mismatch"


def test_an_area_needs_its_check_digit() -> None:
    name = "special_adjustment.request_cooperation"
    assert refused(name, desired_area=[{"area": "130002"}]) == "area_code"
    assert refused(name, desired_area=[{"area": "990001"}]) == "area_code"


def test_a_new_release_day_must_be_given_when_it_moves() -> None:
    moved = example("special_adjustment.change_custody")
    del moved["release_on"]
    with pytest.raises(ValidationError):
        BODIES["special_adjustment.change_custody"].model_validate(moved)


def test_no_disability_needs_a_reason_and_a_disability_needs_none() -> None:
    none = {kind: {"present": False} for kind in ("physical", "intellectual", "mental")}
    name = "special_adjustment.settle"
    assert refused(name, disability=none) == "other_reason"
    found = {**samples.DISABILITY, "other_reason": "suspected"}
    assert refused(name, disability=found) == "other_reason"


def test_a_consent_does_not_end_before_it_begins() -> None:
    assert refused("special_adjustment.record_consent", valid_until="2026-02-09")


def test_a_worker_is_named_by_seat_or_by_name() -> None:
    accept = BODIES["special_adjustment.accept"]
    accept.model_validate({"type": accept.wire_type(), "worker_name": "架空 担当"})
    with pytest.raises(ValidationError):
        accept.model_validate({"type": accept.wire_type()})


def test_a_person_may_have_an_unknown_birth_date_and_no_address() -> None:
    person = {"family_name": "架空", "given_name": "花子", "dob_precision": "unknown"}
    assert Person.model_validate(person).date_of_birth is None
    with pytest.raises(ValidationError):
        Person.model_validate({**person, "dob_precision": "day"})
    deleted = RegisteredAddress.model_validate({"registration_state": "ex_officio_deleted"})
    assert deleted.address is None


@pytest.mark.parametrize("kana", ["つなぐ", "ﾂﾅｸﾞ", "TSUNAGU", ""])
def test_kana_are_full_width_katakana(kana: str) -> None:
    with pytest.raises(ValidationError):
        Person.model_validate({**samples.SUBJECT, "family_name_kana": kana})


@pytest.mark.parametrize(
    "kana",
    ["ツナグ", "シㇷ゚", "ㇰㇱㇿ", "ヷヸヹヺ", "セ゚ツ゚", "ジャン＝ポール", "ジャン゠ポール", "コヿ",
     "ゟ", "ハヽ　ミヾ", "ヴァン・ゴッホ", "ア゙", "ヵヶヮヰヱ"],
)  # fmt: skip
def test_a_reading_may_hold_all_katakana(kana: str) -> None:
    person = Person.model_validate({**samples.SUBJECT, "family_name_kana": kana})
    assert person.family_name_kana == kana


@pytest.mark.parametrize("field", ["family_name_kana", "given_name_kana"])
def test_a_half_width_reading_is_refused_for_that(field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Person.model_validate({**samples.SUBJECT, field: "ﾂﾅｸﾞ"})
    assert [e["type"] for e in refused.value.errors()] == ["half_width"]


def test_a_consultation_starts_the_detention_clock() -> None:
    name = "suspect_support.consult"
    facts = BODIES[name].model_validate(example(name)).facts()
    assert facts["detention_day1"] == "2026-04-01"
    assert facts["detention_end10"] == "2026-04-10"
    assert facts["detention_end20"] == "2026-04-20"
    assert facts["procedure_stage"] == "suspect"


def test_an_indictment_stops_the_detention_clock() -> None:
    name = "suspect_support.indict"
    facts = BODIES[name].model_validate(example(name)).facts()
    assert facts["detention_end20"] is None
    assert facts["procedure_stage"] == "defendant"


@pytest.mark.parametrize(
    ("disposition", "cleared"),
    [("no_suspicion", True), ("insufficient_evidence", True), ("suspended_prosecution", False)],
)
def test_who_is_cleared_has_the_criminal_matter_purged(disposition: str, cleared: bool) -> None:
    name = "suspect_support.release_disposition"
    body = BODIES[name].model_validate(example(name, disposition=disposition))
    assert body.facts()["cleared"] is cleared


def test_a_lost_placement_leaves_none_behind() -> None:
    name = "special_adjustment.lose_placement"
    facts = BODIES[name].model_validate(example(name)).facts()
    assert facts == {"placement_kind": None, "placement_from": None}


def test_a_release_is_told_the_same_day_and_a_near_one_too() -> None:
    today = date(2027, 2, 15)
    released = BODIES["special_adjustment.released"]
    assert released.model_validate(released.EXAMPLE).least_urgency(today) == "same_day"
    moved = BODIES["special_adjustment.change_custody"].model_validate(
        BODIES["special_adjustment.change_custody"].EXAMPLE
    )
    assert moved.least_urgency(today) == "same_day"
    assert moved.least_urgency(date(2027, 2, 11)) == "normal"


def test_a_message_is_as_urgent_as_it_was_sent_or_as_its_content_asks() -> None:
    today = date(2026, 6, 15)
    released = BODIES["special_adjustment.released"]
    dull = BODIES["special_adjustment.start_seeking"]
    cases = (
        (released, "normal", "same_day"),
        (released, "same_day", "same_day"),
        (dull, "normal", "normal"),
        (dull, "urgent", "urgent"),
    )
    for body, sent, told in cases:
        said = body.model_validate(body.EXAMPLE)
        message = Message(UUID(int=1), UUID(int=2), said, today, urgency=sent)
        assert message.urgency_on(today) == told


def test_withdrawing_without_naming_a_consent_withdraws_them_all() -> None:
    withdraw = BODIES["special_adjustment.withdraw_consent"]
    all_of_them = withdraw.model_validate(
        {"type": withdraw.wire_type(), "withdrawn_on": "2026-06-01"}
    )
    assert all_of_them.consents_withdrawn() == frozenset()
    one = withdraw.model_validate(example(withdraw.wire_type(), consent_ids=[samples.CONSENT_ID]))
    assert [str(c) for c in one.consents_withdrawn() or ()] == [samples.CONSENT_ID]


@pytest.mark.parametrize(
    ("name", "consent"),
    [
        ("special_adjustment.request_cooperation", samples.CONSENT_ID),
        ("suspect_support.request_center", samples.CONSENT_SUSPECT_ID),
        ("defence_support.ask_probation", samples.CONSENT_PROBATION_ID),
        ("regional_coordination.request", samples.CONSENT_REGIONAL_ID),
    ],
)
def test_a_request_names_the_consent_on_which_it_rests(name: str, consent: str) -> None:
    named = BODIES[name].model_validate(BODIES[name].EXAMPLE).consents_named()
    assert {str(c) for c in named} == {consent}


@pytest.mark.parametrize(
    "name",
    [
        "special_adjustment.record_consent",
        "special_adjustment.renew_consent",
        "suspect_support.consent",
        "defence_support.inquire",
    ],
)
def test_a_consent_is_kept_with_ids_recipients_classes_and_dates_only(name: str) -> None:
    record = BODIES[name].model_validate(BODIES[name].EXAMPLE).consent_record()
    assert record is not None
    assert str(record.id) == BODIES[name].EXAMPLE["consent_id"]
    assert list(record.recipients) == BODIES[name].EXAMPLE["recipients"]
    assert sorted(record.classes) == sorted(BODIES[name].EXAMPLE["item_classes"])
