"""Days that are known in part, and days that cannot come before others."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from app.domain.flows import BODIES
from app.domain.messages.payloads import samples
from app.domain.messages.person import Birth, Person
from app.domain.vocabulary.person import AgeBracket, DatePrecision

LATER = "days_out_of_order"
SETTLE, CONSENT = "special_adjustment.settle", "special_adjustment.record_consent"
REQUEST = "special_adjustment.request_cooperation"
DETENTION = {"detention_day1": "2026-04-02", "extended_to": "2026-04-01"}


def errors(message_type: str, **changed: Any) -> list[tuple[str, str]]:
    """Place and reason of what is wrong with an example in which something is changed."""
    example: Mapping[str, Any] = BODIES[message_type].EXAMPLE
    try:
        BODIES[message_type].model_validate({**example, **changed})
    except ValidationError as error:
        return [("/".join(map(str, e["loc"])), e["type"]) for e in error.errors()]
    return []


@pytest.mark.parametrize(
    ("day", "precision"),
    [
        ("1954-05-05", "year"),
        ("1954-01-02", "year"),
        ("1954-05-01", "year"),
        ("1954-05-05", "month"),
    ],
)
def test_a_part_of_a_birth_date_that_is_not_known_stands_as_01(day: str, precision: str) -> None:
    birth = {"date_of_birth": day, "dob_precision": precision}
    assert errors(SETTLE, birth=birth) == [("birth/dob_precision", "birth_not_first")]
    with pytest.raises(ValidationError):
        Person.model_validate({**samples.SUBJECT, **birth})
    first = day[:5] + ("01-01" if precision == "year" else day[5:8] + "01")
    assert errors(SETTLE, birth={**birth, "date_of_birth": first}) == []


@pytest.mark.parametrize(
    ("day", "precision", "bracket"),
    [
        ("1961-12-31", "year", AgeBracket.UNKNOWN),
        ("1961-06-30", "month", AgeBracket.UNKNOWN),
        ("1960-12-31", "year", AgeBracket.GE65),
        ("1962-12-31", "year", AgeBracket.LT65),
    ],
)
def test_a_day_that_was_kept_before_counts_from_the_first_it_can_be(
    day: str, precision: str, bracket: AgeBracket
) -> None:
    kept = Birth.model_construct(
        date_of_birth=date.fromisoformat(day), dob_precision=DatePrecision[precision.upper()]
    )
    assert kept.bracket(date(2026, 6, 15)) is bracket


@pytest.mark.parametrize(
    ("message_type", "changed", "place", "reason"),
    [
        ("suspect_support.consult", {"extended_to": "2026-03-31"}, "extended_to", LATER),
        ("suspect_support.consult", {"arrested_on": "2026-04-02"}, "detention_day1", LATER),
        ("suspect_support.extend_relief", {"decided_on": "2026-09-27"}, "decided_on", LATER),
        (REQUEST, {"response_due": "1999-01-01"}, "response_due", LATER),
        ("suspect_support.change_custody", DETENTION, "extended_to", LATER),
        (SETTLE, {"birth": {"date_of_birth": "2199-01-01"}}, "birth", "born_later"),
        (CONSENT, {"valid_until": "1999-01-01"}, "", "consent_period"),
    ],
)  # fmt: skip
def test_a_day_before_one_that_it_follows_is_refused(
    message_type: str, changed: dict[str, Any], place: str, reason: str
) -> None:
    assert errors(message_type, **changed) == [(place, reason)]


@pytest.mark.parametrize(
    ("release", "reason"),
    [
        ({"confidence": "range"}, "release_range"),
        ({"confidence": "fixed", "latest": "2027-03-20"}, "release_range"),
        ({"confidence": "range", "latest": "1999-03-20"}, "days_out_of_order"),
    ],
)
def test_a_range_of_release_days_has_a_last_day_and_nothing_else_has(
    release: dict[str, str], reason: str
) -> None:
    example = BODIES[REQUEST].EXAMPLE["expected_release"]
    ((_, found),) = errors(REQUEST, expected_release={**example, **release})
    assert found == reason
