"""`tsunagu erasures`: looking changes nothing, and running it erases what was listed."""

import asyncio
from uuid import UUID

import pytest
from typer.testing import CliRunner

from tests.support.callers import seat
from tests.support.command_line import cli
from tests.support.office import Office, office, saying
from tests.support.play import CENTER, TO_ASSESSING, special

__all__ = ["office"]


def tsunagu(*words: str) -> str:
    result = CliRunner().invoke(cli, words)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture
async def referral(office: Office, monkeypatch: pytest.MonkeyPatch) -> UUID:
    """A closed referral, five years and some days ago."""
    monkeypatch.setenv("TSUNAGU_DATABASE_URL", office.urls.owner)
    monkeypatch.setenv("TSUNAGU_CLOCK", "2031-12-01T09:00:00+09:00")
    referral_id = await special(office, TO_ASSESSING)
    close = saying("special_adjustment.close", referral_id, {"close_reason": "family_took_over"})
    await office.exchange.accept(close, seat(CENTER))
    return referral_id


async def test_what_is_due_is_listed_counted_erased_and_then_listed_as_recent(
    office: Office, referral: UUID
) -> None:
    listed = await asyncio.to_thread(tsunagu, "erasures", "due")
    assert f"2031-11-24  {referral}  case_closed  2026-11-23" in listed
    counted = await asyncio.to_thread(tsunagu, "erasures", "run", "--dry-run")
    assert "due: 1" in counted
    keys = "SELECT count(*) FROM referral_key WHERE referral_id = $1"
    assert await office.owner.fetchval(keys, referral) > 0
    assert "1 / 1" in await asyncio.to_thread(tsunagu, "erasures", "run")
    assert await office.owner.fetchval(keys, referral) == 0
    assert str(referral) in await asyncio.to_thread(tsunagu, "erasures", "recent")
    assert str(referral) not in await asyncio.to_thread(tsunagu, "erasures", "due")
