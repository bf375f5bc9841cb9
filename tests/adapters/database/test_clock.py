"""The machine's clock is compared with the database's."""

import time

import pytest

from app.adapters.database.clock import DatabaseClock
from app.adapters.outage import is_outage
from app.domain.calendar.clock import ClockIsOff
from tests.support.callers import START
from tests.support.office import Office


def move(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Let the machine's clock show another time from now on."""
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + seconds)


@pytest.mark.parametrize("seconds", [20, -20, 2.5, -2.5])
async def test_a_clock_that_is_moved_gives_no_time_from_then_on(
    office: Office, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    database_clock = DatabaseClock(office.pool)
    await database_clock.compare()
    guarded = database_clock.guard(lambda: START)
    assert guarded() == START
    move(monkeypatch, seconds)
    with pytest.raises(ClockIsOff) as refused:
        guarded()
    assert is_outage(refused.value)
    assert database_clock.ahead() == pytest.approx(seconds, abs=0.5)


async def test_a_clock_may_be_off_by_less_than_two_seconds(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    move(monkeypatch, -1.5)
    database_clock = DatabaseClock(office.pool)
    await database_clock.compare()
    assert database_clock.guard(lambda: START)() == START


async def test_what_is_off_and_what_is_right_again_is_logged_once(
    office: Office, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    database_clock = DatabaseClock(office.pool)
    with monkeypatch.context() as patch:
        move(patch, 20)
        await database_clock.compare()
        await database_clock.compare()
    await database_clock.compare()
    said = [record.getMessage() for record in caplog.records if "clock" in record.name]
    assert [line.split(";")[0] for line in said] == [
        "The clock of this machine is 20.0 seconds ahead of the database's",
        "the clock of this machine agrees with the database's again",
    ]
