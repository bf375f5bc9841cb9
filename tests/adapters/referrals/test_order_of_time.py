"""No message is accepted earlier than what its case and its mailboxes hold."""

import json
from base64 import urlsafe_b64decode
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest

from app.adapters.inbox.bell import Bell
from app.adapters.outage import Outage, outage_of
from app.adapters.referrals.exchange import Exchange
from app.api.wire.views import moment
from app.domain.calendar.clock import JAPAN
from app.domain.classes import DataClass
from app.domain.deliveries.recall import RecallReason
from app.domain.messages.digest import message_digest
from tests.support.callers import START, seat
from tests.support.office import Clock, Office, saying
from tests.support.play import PRISON, PROBATION, special

LATER = START + timedelta(seconds=20)


@pytest.fixture
def behind(office: Office) -> Exchange:
    """The exchange of a process whose clock is 20 seconds behind the office's."""
    clock = Clock()
    bell = Bell(office.pool, office.urls.api)
    return Exchange(office.pool, office.writer, lambda: office.directory, clock, bell)


@pytest.fixture(autouse=True)
def ahead(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(office.clock, "now", LATER)


def claims(receipt: str) -> dict[str, Any]:
    part = receipt.split(".")[1]
    read: dict[str, Any] = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return read


async def times_in(office: Office, agency_id: str) -> list[datetime]:
    rows = await office.owner.fetch(
        "SELECT accepted_at FROM inbox_item WHERE agency_id = $1 ORDER BY position", agency_id
    )
    return [row["accepted_at"] for row in rows]


async def test_an_answer_is_not_earlier_than_its_question(office: Office, behind: Exchange) -> None:
    referral = await special(office, ())
    start = saying("special_adjustment.start_selection", referral)
    answer = (await behind.accept(start, seat(PROBATION))).answer
    assert answer.accepted_at == LATER
    signed = claims(answer.receipt)
    assert signed["iat"] == int(LATER.timestamp())
    assert datetime.fromisoformat(signed["accepted_at"]) == LATER
    at = await office.owner.fetchval("SELECT at FROM log_entry WHERE message_id = $1", start.id)
    assert at == LATER


async def test_a_message_in_a_new_case_is_not_earlier_than_the_mailbox_it_goes_to(
    office: Office, behind: Exchange
) -> None:
    await special(office, ())
    opening = saying("special_adjustment.notify_candidate", to={"probation_office": PROBATION})
    answer = (await behind.accept(opening, seat("prison-osaka"))).answer
    assert answer.accepted_at == LATER
    times = await times_in(office, PROBATION)
    assert times == sorted(times)


async def test_a_message_is_not_earlier_than_what_its_sender_was_told(
    office: Office, behind: Exchange
) -> None:
    referral = await special(office, ())
    start = saying("special_adjustment.start_selection", referral)
    await office.exchange.accept(start, seat(PROBATION))  # the prison is told
    opening = saying("special_adjustment.notify_candidate", to={"probation_office": "probation-27"})
    assert (await behind.accept(opening, seat(PRISON))).answer.accepted_at == LATER


async def test_what_the_service_puts_into_a_mailbox_is_not_earlier_either(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    referral = await special(office, ())
    start = saying("special_adjustment.start_selection", referral)
    await office.exchange.accept(start, seat(PROBATION))
    monkeypatch.setattr(office.clock, "now", START)
    await office.recalls.recall(
        seat(PROBATION), referral, start.id, RecallReason.WRONG_CONTENT, None
    )
    times = await times_in(office, PRISON)
    assert times[-1] == LATER


async def test_a_mailbox_with_a_time_far_ahead_does_not_carry_it_into_other_cases(
    office: Office, behind: Exchange
) -> None:
    await office.owner.execute(
        "UPDATE mailbox SET latest_at = '2040-01-01' WHERE agency_id = 'probation-14'"
    )
    opening = saying("special_adjustment.notify_candidate", to={"probation_office": "probation-14"})
    accepted = await behind.accept(opening, seat("prison-osaka"))
    assert accepted.answer.accepted_at < LATER + timedelta(minutes=2)


async def test_the_database_takes_nothing_that_is_earlier_than_the_case(office: Office) -> None:
    referral = await special(office, ())
    case = await office.row(
        'SELECT c.* FROM "case" c JOIN referral r ON r.case_id = c.id WHERE r.id = $1', referral
    )
    row = {"nth": 1, "id": str(case["id"]), "expected": case["version"], "lead": None}
    write = "SELECT write_cases($1, true)"
    for at, not_written in ((LATER - timedelta(milliseconds=1), [1]), (LATER, [])):
        rows = {"cases": [{**row, "at": at.isoformat()}]}
        assert await office.owner.fetchval(write, json.dumps(rows)) == not_written


async def test_just_after_midnight_the_day_is_japans_whatever_held_the_latest_time(
    office: Office, behind: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database gives times in UTC: their day is yesterday's until nine in the morning."""
    night = LATER.replace(hour=2) + timedelta(days=1)
    monkeypatch.setattr(office.clock, "now", night)
    referral = await special(office, ())
    start = saying("special_adjustment.start_selection", referral, occurred_on=night.date())
    answer = (await behind.accept(start, seat(PROBATION))).answer
    assert answer.accepted_at == night
    assert claims(answer.receipt)["accepted_at"] == "2026-11-24T02:00:20.000+09:00"
    dated = "SELECT occurred_on FROM message WHERE id = $1"
    assert await office.owner.fetchval(dated, start.id) == night.date()


async def test_what_was_digested_is_what_readers_are_shown(
    office: Office, behind: Exchange
) -> None:
    referral = await special(office, ())
    start = saying("special_adjustment.start_selection", referral)
    await behind.accept(start, seat(PROBATION))
    (opened,) = await office.reading.open(seat(PROBATION), [start.id])
    shown = opened.envelope
    envelope = {
        **{name: shown[name] for name in ("id", "referral_id", "type", "legal_basis")},
        "from": {name: shown["from"][name] for name in ("agency_id", "seat_id")},
        "occurred_on": shown["occurred_on"],
        "accepted_at": moment(shown["created_at"]),
    }
    digests = {DataClass(name): digest for name, digest in shown["digests"].items()}
    assert message_digest(envelope, digests) == shown["digest"]


async def test_a_case_that_holds_a_time_to_come_is_away_until_then(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(office.clock, "now", datetime.now(JAPAN))
    referral = await special(office, ())
    await office.owner.execute("UPDATE service_clock SET checked = true")
    await office.owner.execute("""UPDATE "case" SET latest_at = now() + interval '10 minutes'""")
    start = saying("special_adjustment.start_selection", referral)
    with pytest.raises(asyncpg.PostgresError, match="another time") as refused:
        await office.exchange.accept(start, seat(PROBATION))
    assert outage_of(refused.value) is Outage.AWAY
    assert not await office.owner.fetchval("SELECT count(*) FROM message WHERE id = $1", start.id)
    await office.owner.execute('UPDATE "case" SET latest_at = now()')
    await office.exchange.accept(start, seat(PROBATION))
