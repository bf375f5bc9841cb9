"""The schedule of attempts, and the signature as the specification's own example has it."""

from datetime import datetime, timedelta, timezone

import pytest

from app.domain.webhooks.notices import (
    LONGEST_ASKED,
    SHORTEST_ASKED,
    WAITS,
    asked_wait,
    next_due,
    secret_bytes,
    secret_text,
    signed_headers,
)

NOW = datetime(2026, 11, 23, 10, tzinfo=timezone(timedelta(hours=9)))


def test_the_signature_is_that_of_the_specification() -> None:
    secret = secret_bytes("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    headers = signed_headers(
        [secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
    )
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    assert secret_text(secret) == "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_there_are_ten_attempts_or_more_over_three_days_or_more_each_wait_longer() -> None:
    assert len(WAITS) + 1 >= 10
    assert sum(WAITS, timedelta()) >= timedelta(days=3)
    assert sorted(WAITS) == list(WAITS)


@pytest.mark.parametrize("tries", range(1, len(WAITS) + 1))
def test_chance_lengthens_a_wait_by_a_fifth_at_most(tries: int) -> None:
    early = next_due(tries, NOW, NOW, 0.0, None)
    late = next_due(tries, NOW, NOW, 1.0, None)
    assert early is not None
    assert late is not None
    assert early - NOW == WAITS[tries - 1]
    assert late - NOW == WAITS[tries - 1] * 1.2


def test_nothing_is_given_up_before_three_days() -> None:
    many = len(WAITS) + 5
    assert next_due(many, NOW, NOW + timedelta(days=2, hours=23), 0.0, None) is not None
    assert next_due(many, NOW, NOW + timedelta(days=3), 0.0, None) is None
    assert next_due(len(WAITS), NOW, NOW + timedelta(days=9), 0.0, None) is not None


@pytest.mark.parametrize(
    ("text", "wait"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("-1", None),
        ("٣", None),
        ("0", SHORTEST_ASKED),
        ("60", timedelta(minutes=1)),
        (" 60 ", timedelta(minutes=1)),
        ("99999999999999999999", LONGEST_ASKED),
        ("Mon, 23 Nov 2026 01:05:00 GMT", timedelta(minutes=5)),
        ("Mon, 23 Nov 2020 01:05:00 GMT", SHORTEST_ASKED),
        ("Mon, 23 Nov 2026 01:05:00", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_a_date(text: str | None, wait: timedelta | None) -> None:
    assert asked_wait(text, NOW) == wait
